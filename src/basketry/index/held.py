"""The weights held when a change comes, which a limit on turnover counts from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, added, exact_sum, normalise
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.carry import carry_decision
from basketry.index.market import IndexMarket
from basketry.index.reweigh import reweighed
from basketry.index.settle import becomes, departs
from basketry.index.state import Decision, Held, IndexState
from basketry.methodology.methodology import Methodology


def held_weights(
    state: IndexState,
    market: IndexMarket,
    rules: Methodology,
    now: np.datetime64,
    effective_at: np.datetime64,
    carry: timedelta,
) -> Held | None:
    """Return the weights held when a change comes, as they stand at its determination; None where nothing is held.

    These are the weights of the basket at the prices of the determination, and of a transition under way, of what it
    ends at. Where an earlier change is pending, its weights stand for what is held: by `fix: weights` those determined,
    by `fix: units` those that the units have at the determination.

    Args:
        state: At the determination.
        market: Prices and events.
        rules: The rulebook, of whose versions each determined its own changes.
        now: Instant of the last data that the determination sees; what is seen later is carried through afterwards.
        effective_at: Of the change.
        carry: Greatest age of a price.

    Raises:
        DataError: What is held is worth nothing, or more than a number holds.
    """
    before = [entry for entry in state.pending if entry.effective_at < effective_at and len(entry.columns)]
    weights = np.zeros(len(market.panel.assets))
    if before:
        decision = before[-1]
        since = max(state.instant, decision.determined_at)
        for due in market.seen_between(since, now, decision.reserve, carry, state.instant):
            decision = carry_decision(decision, due)
        shares, grown = _pending(decision, state, market, rules, now)
        cash = rules.versions[decision.version - 1].rules.weight.cash
        money = 0.0 if cash is None else cash.weight / (1.0 - cash.weight)
        weights[decision.columns] = shares if cash is None else shares * (grown / (grown + money))
        if market.cash is not None:
            weights[market.cash] = money / (grown + money)
    elif state.basket is None:
        return None
    else:
        worth, left = _worth(state, state.basket, market, now, carry)
        whole = exact_sum(np.append(worth, left))
        if not 0 < whole < np.inf:
            raise DataError(f"determination of {format_instant(now)}: what is held is worth {whole:g}")
        weights = worth / whole
    columns = weights.nonzero()[0]
    return Held(columns, weights[columns])


def _worth(
    state: IndexState, basket: Basket, market: IndexMarket, now: np.datetime64, carry: timedelta
) -> tuple[Floats, float]:
    """Return what is held of each asset is worth at an instant, shape (N,), and what is held as cash.

    Where data have come since the last instant of the index, their prices count, and what events have converted is held
    as what it became.
    """
    held = basket.units
    if basket.plan is not None and added(basket.plan[1] * basket.prices) > 0:
        held = basket.plan[1]
    # The cash member is an asset here as any other; what a departed member left is not.
    left = basket.cash & (basket.columns != market.cash)
    cash = exact_sum((held * basket.prices)[left])
    units, prices = np.zeros((2, len(market.panel.assets)))
    units[basket.columns[~left]], prices[basket.columns[~left]] = held[~left], basket.prices[~left]
    if state.instant < now:
        for due in market.seen_between(state.instant, now, state.reserve, carry, state.instant):
            if due.event.kind.converts and not departs(due):
                old, new, ratio = due.column, becomes(due), due.event.ratio
                amount, price = units[old] * ratio, prices[old] / ratio
                units[old] = 0.0
                prices[new] = price if units[new] == 0 else prices[new]
                units[new] += amount
        for column in units.nonzero()[0].tolist():
            price, seen = market.observed(column, now, carry)
            prices[column] = price if seen > state.instant.astype(np.int64) else prices[column]
    return units * prices, cash


def _pending(
    decision: Decision, state: IndexState, market: IndexMarket, rules: Methodology, now: np.datetime64
) -> tuple[Floats, float]:
    """Return the shares that the assets of a pending change would have if it were made now, and how they have grown.

    The shares are of what is not cash, shape (n,); the growth is that since the amount of cash was fixed.
    """
    book = rules.versions[decision.version - 1].rules
    if book.schedule.fix == "weights":
        return decision.weights, 1.0
    observed = [market.observed(column, now, book.missing.carry_forward) for column in decision.columns.tolist()]
    prices, seen = np.array([price for price, _ in observed]), np.array([when for _, when in observed], dtype=np.int64)
    if book.schedule.fix == "supply":
        view = market.panel.as_of(max(decision.determined_at, market.panel.times[0]))
        found, _ = reweighed(decision, book, view, state.basket, prices, seen, now)
        return decision.weights if found is None else found[1], 1.0
    grown = np.where(np.isnan(prices), 1.0, prices / decision.prices)
    worth = decision.weights * grown
    return normalise(worth), exact_sum(worth)
