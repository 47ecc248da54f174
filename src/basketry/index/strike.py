"""Striking a basket: from determined weights and effective prices to units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats, exact_sum, normalise
from basketry.index.determine import Determination
from basketry.index.divisor import units_for_weights
from basketry.index.holdings import Holdings
from basketry.index.tables import Ledger
from basketry.market.panel import Panel
from basketry.methodology.sections import Missing


def strike(
    decision: Determination,
    panel: Panel,
    row: int,
    time: np.datetime64,
    holdings: Holdings | None,
    value: float,
    ledger: Ledger,
) -> Holdings:
    """Return the basket that gives the determined weights at the effective prices; its divisor is to be set.

    A selected asset without a fresh price is left out with an entry in the ledger, and its weight goes to the others.

    Args:
        decision: Members, weights and the prices they were determined at.
        panel: The market.
        row: Row of the panel at or before the effective instant.
        time: The effective instant.
        holdings: The basket before, None at the base.
        value: Value of the basket where the weighting does not count in units.
        ledger: Where a missing price is recorded.
    """
    missing = decision.version.rules.missing
    columns = decision.columns
    prices, seen = _prices_at(panel, row, time, columns, missing, holdings)
    weights, raw, shares = decision.weights, decision.raw, decision.shares
    present = ~np.isnan(prices)
    if not present.all():
        for column in columns[~present]:
            ledger.event(
                time,
                panel.assets[column],
                "missing_price",
                "left out of the rebalance",
                "no price fresh enough at the effective instant; its weight goes to the others",
            )
        columns, prices, seen = columns[present], prices[present], seen[present]
        if not len(columns):
            empty = np.empty(0)
            return Holdings(columns, empty, empty, empty, seen, np.empty(0, dtype=bool), 1.0)
        weights, raw = normalise(weights[present]), raw[present]
        shares = None if shares is None else shares[present]
    factors = np.divide(weights, raw, out=np.ones_like(raw), where=raw > 0)
    factors = factors / factors.max()
    determined = decision.view.latest("price", missing.carry_forward)[columns]
    fixed_units = decision.version.rules.schedule.fix == "units"
    if shares is not None:
        counted = shares * factors
        units = counted if fixed_units else units_for_weights(weights, prices, exact_sum(determined * counted))
    else:
        units = units_for_weights(weights, determined if fixed_units else prices, value)
    return Holdings(columns, units, factors, prices, seen, np.zeros(len(columns), dtype=bool), 1.0)


def _prices_at(
    panel: Panel,
    row: int,
    time: np.datetime64,
    columns: NDArray[np.int64],
    missing: Missing,
    holdings: Holdings | None,
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the price of each column at an instant, carried as far as allowed, and when it was observed."""
    price = panel.field("price")
    prices = price[row, columns]
    seen = np.full(len(columns), panel.times[row].astype(np.int64))
    oldest = time - np.timedelta64(missing.carry_forward)
    for place in np.flatnonzero(np.isnan(prices)):
        back = row
        while back >= 0 and panel.times[back] >= oldest:
            if not np.isnan(price[back, columns[place]]):
                prices[place], seen[place] = price[back, columns[place]], panel.times[back].astype(np.int64)
                break
            back -= 1
    if holdings is not None:
        # A held asset keeps the price the index already uses, so that an implausible print is not struck.
        places = np.minimum(np.searchsorted(holdings.columns, columns), len(holdings.columns) - 1)
        held = holdings.columns[places] == columns
        prices = np.where(held, holdings.prices[places], prices)
        seen = np.where(held, holdings.seen[places], seen)
    return prices, seen
