"""Striking a basket: from determined weights and effective prices to units."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, normalise
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.kernels import as_held
from basketry.index.records import Evidence
from basketry.index.state import NO_LEVELS, Decision
from basketry.methodology._exact import struck_units


def strike(
    decision: Decision,
    prices: Floats,
    seen: NDArray[np.int64],
    basket: Basket | None,
    value: float,
    fix: str,
    time: np.datetime64,
    names: tuple[str, ...],
) -> tuple[Basket | None, list[Evidence]]:
    """Return the basket that gives the determined weights at the effective prices, and evidence of who was left out.

    A selected asset without a fresh price is left out, and its weight goes to the others; None where nobody has one.
    The divisor of the basket is to be set.

    Args:
        decision: Members, weights and the prices they were determined at.
        prices: Observed price of each, shape (n,); NaN where none is fresh enough.
        seen: Microseconds at which those were observed, shape (n,).
        basket: The basket before, None at the base; a member that stays is struck at the price that the index uses.
        value: Value of the basket where the weighting does not count in units.
        fix: weights, units or supply: see `rebalance: {fix: ...}`.
        time: The effective instant.
        names: Ids.
    """
    columns = decision.columns
    if basket is not None:
        # So an implausible print is not struck. Cash and what is awaited have no price of their own.
        prices, seen = as_held(
            basket.columns, basket.prices, basket.seen, basket.cash | basket.awaited, columns, prices, seen
        )
    weights, raw, shares, determined = decision.weights, decision.raw, decision.shares, decision.prices
    counted = decision.seen if fix == "units" else seen
    present = prices > 0
    evidence = []
    if np.count_nonzero(present) < len(present):
        evidence = [
            Evidence(
                time,
                names[column],
                "missing_price",
                "left out of the rebalance",
                "no price fresh enough at the effective instant; its weight goes to the others",
            )
            for column in columns[~present].tolist()
        ]
        if not present.any():
            return None, evidence
        columns, prices, seen, determined = columns[present], prices[present], seen[present], determined[present]
        weights, raw, counted = weights[present], raw[present], counted[present]
        shares = None if shares is None else shares[present]
        if not weights.sum() > 0:
            return None, evidence
        weights = normalise(weights)
    elif not weights.sum() > 0:
        return None, evidence
    if shares is not None and not (shares * prices).sum() > 0:
        # Nobody has units before capping, as where the only ones with a price have a supply of 0: by weight then.
        shares = None
    before = NO_LEVELS if shares is None else shares
    # With supply, weights were made of the prices of the strike.
    of = prices if fix == "supply" else determined
    factors, units, total, given = struck_units(weights, raw, before, of, prices, value, fix != "weights")
    if not math.isfinite(total):
        raise DataError(f"strike of {format_instant(time)}: prices and units must be finite and positive numbers")
    nobody = np.zeros(len(columns), dtype=bool)
    twice = np.array([counted, counted])
    basket = Basket(columns, units, factors, prices, seen, twice, given, nobody, nobody, 1.0)
    return basket.remembering(_worth=(total, given), plain=True), evidence


def merged(old: Basket, new: Basket) -> Basket:
    """Return the assets of two baskets, with the new one's prices and factors where it has them, and its plan.

    The plan holds the old units and the new ones scaled to the old basket's value; units are to be set. Cash and what
    is awaited take no part: the first step sells them.
    """
    follows = ~(old.cash | old.awaited)
    columns = np.union1d(old.columns[follows], new.columns)
    size = len(columns)
    plan = np.zeros((2, size))
    found = Basket(
        columns, np.zeros(size), np.ones(size), np.zeros(size), np.zeros(size, dtype=np.int64),
        np.zeros((2, size), dtype=np.int64), np.zeros(size), np.zeros(size, dtype=bool), np.zeros(size, dtype=bool),
        old.divisor, plan,
    )  # fmt: skip
    for row, (basket, kept) in enumerate(((old, follows), (new, np.ones(len(new.columns), dtype=bool)))):
        places = np.searchsorted(columns, basket.columns[kept])
        for name in ("factors", "prices", "seen"):
            getattr(found, name)[places] = getattr(basket, name)[kept]
        found.counted[row:, places] = basket.counted[1, kept]
        plan[row, places] = (basket.units if row == 0 else basket.units * (old.value / new.value))[kept]
    return found
