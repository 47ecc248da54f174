"""Striking a basket: from determined weights and effective prices to units."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, added, exact_sum, normalise
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.kernels import as_held
from basketry.index.records import Evidence
from basketry.index.state import NO_LEVELS, Decision, IndexState
from basketry.market.cash import CASH
from basketry.methodology._exact import struck_units, worth
from basketry.methodology.weight import Weight


class CashShare(NamedTuple):
    """What is to be cash: its column, its weight in the index, and the price of a unit."""

    column: int
    weight: float
    price: float = 1.0


def cash_share(state: IndexState, weight: Weight) -> CashShare | None:
    """Return what a strike makes cash, at the price at which the basket holds it; None for no cash member."""
    if weight.cash is None:
        return None
    column = state.column(CASH)
    if column is None:
        raise DataError(f"the state knows no id {CASH!r}, which is that of the cash member; make it with `History`")
    place = None if state.basket is None else state.basket.place(column)
    price = 1.0 if state.basket is None or place is None else float(state.basket.prices[place])
    return CashShare(column, weight.cash.weight, price)


def strike(
    decision: Decision,
    prices: Floats,
    seen: NDArray[np.int64],
    basket: Basket | None,
    value: float,
    fix: str,
    time: np.datetime64,
    names: tuple[str, ...],
    cash: CashShare | None = None,
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
        cash: The cash member of the new basket, None for none. Where units are fixed, so is its amount: the weights are
            those at the prices of the determination.
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
        if not added(weights) > 0:
            return None, evidence
        weights = normalise(weights)
    elif not added(weights) > 0:
        return None, evidence
    if shares is not None and not added(shares * prices) > 0:
        # Nobody has units before capping, as where the only ones with a price have a supply of 0: by weight then.
        shares = None
    before = NO_LEVELS if shares is None else shares
    # With supply, weights were made of the prices of the strike.
    of = prices if fix == "supply" else determined
    value = value if cash is None else value * (1.0 - cash.weight)
    factors, units, total, given = struck_units(weights, raw, before, of, prices, value, fix != "weights")
    if not math.isfinite(total):
        raise DataError(f"strike of {format_instant(time)}: prices and units must be finite and positive numbers")
    nobody = np.zeros(len(columns), dtype=bool)
    twice = np.array([counted, counted])
    basket = Basket(columns, units, factors, prices, seen, twice, given, nobody, nobody, 1.0)
    basket = basket.remembering(_worth=(total, given), plain=True)
    if cash is not None:
        counts = raw > 0
        scale = float((weights[counts] / raw[counts]).max() * exact_sum(raw)) if counts.any() else 1.0
        basket = _with_cash(basket, cash, exact_sum((of if fix == "units" else prices) * units), scale, time)
    return basket, evidence


def _with_cash(basket: Basket, cash: CashShare, invested: float, scale: float, time: np.datetime64) -> Basket:
    """Return a basket with a cash member beside what is worth so much.

    Args:
        basket: All but cash.
        cash: Its weight is that of the whole.
        invested: What the others are worth, where it has that weight.
        scale: The largest weight after capping over that before it, by which capping factors were divided.
        time: The instant.
    """
    stamp = int(time.astype(np.int64))
    place = int(np.searchsorted(basket.columns, cash.column))
    amount = cash.weight / (1.0 - cash.weight) * invested
    columns = np.insert(basket.columns, place, cash.column)
    units, prices = np.insert(basket.units, place, amount / cash.price), np.insert(basket.prices, place, cash.price)
    total, given = worth(units, prices)
    if not math.isfinite(total):
        raise DataError(f"strike of {format_instant(time)}: prices and units must be finite and positive numbers")
    found = Basket(
        columns, units, np.insert(basket.factors, place, 1.0 / scale), prices, np.insert(basket.seen, place, stamp),
        np.insert(basket.counted, place, stamp, axis=1), given, columns == cash.column,
        np.zeros(len(columns), dtype=bool), 1.0,
    )  # fmt: skip
    return found.remembering(_worth=(total, given), plain=False)


def merged(old: Basket, new: Basket, cash: int | None = None) -> Basket:
    """Return the assets of two baskets, with the new one's prices and factors where it has them, and its plan.

    The plan holds the old units and the new ones scaled to the old basket's value; units are to be set. What is held as
    cash or awaited takes no part: the first step sells it; the cash member, of a column of its own, does.
    """
    follows = ~(old.cash | old.awaited) | (old.columns == cash)
    columns = np.union1d(old.columns[follows], new.columns)
    size = len(columns)
    plan = np.zeros((2, size))
    found = Basket(
        columns, np.zeros(size), np.ones(size), np.zeros(size), np.zeros(size, dtype=np.int64),
        np.zeros((2, size), dtype=np.int64), np.zeros(size), columns == cash, np.zeros(size, dtype=bool), old.divisor,
        plan,
    )  # fmt: skip
    for row, (basket, kept) in enumerate(((old, follows), (new, np.ones(len(new.columns), dtype=bool)))):
        places = np.searchsorted(columns, basket.columns[kept])
        for name in ("factors", "prices", "seen"):
            getattr(found, name)[places] = getattr(basket, name)[kept]
        found.counted[row:, places] = basket.counted[1, kept]
        plan[row, places] = (basket.units if row == 0 else basket.units * (old.value / new.value))[kept]
    return found
