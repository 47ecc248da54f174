"""The weights held when a change comes, which a limit on turnover counts from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from basketry.core.numbers import Floats, normalise
from basketry.index.basket import Basket
from basketry.index.carry import carry_decision
from basketry.index.market import IndexMarket
from basketry.index.reweigh import reweighed
from basketry.index.state import Decision, Held, IndexState
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import RebalanceDate


def held_weights(
    state: IndexState, market: IndexMarket, rules: Methodology, dates: RebalanceDate, carry: timedelta
) -> Held | None:
    """Return the weights held when a change comes, as they stand at its determination; None where nothing is held.

    These are the weights of the basket at the last prices that the index used; of a transition under way, those of what
    it ends at. An asset that an event seen since then converts is held as what it became. Where an earlier change is
    pending, its weights stand for what is held: by `fix: weights` those determined, by `fix: units` those that the
    units have at the determination.

    Args:
        state: At the determination.
        market: Prices and events.
        rules: The rulebook, of whose versions each determined its own changes.
        dates: Of the change.
        carry: Greatest age of a price.
    """
    before = [entry for entry in state.pending if entry.effective_at < dates.effective_at and len(entry.columns)]
    weights = np.zeros(len(market.panel.assets))
    if before:
        decision = before[-1]
        since = max(state.instant, decision.determined_at)
        for due in market.seen_between(since, dates.determined_at, decision.reserve, carry):
            decision = carry_decision(decision, due)
        weights[decision.columns] = _pending(decision, state, market, rules, dates.determined_at)
    elif state.basket is None:
        return None
    else:
        follows = ~state.basket.cash
        weights[state.basket.columns[follows]] = _of(state.basket)[follows]
        for entry in market.events:
            event = entry.event
            if state.instant < event.seen <= dates.determined_at and event.kind.converts:
                old, new = market.column(event.asset), market.column(event.new_asset)
                if old is not None and new is not None and old != new:
                    weights[new] += weights[old]
                    weights[old] = 0.0
    columns = weights.nonzero()[0]
    return Held(columns, weights[columns])


def _of(basket: Basket) -> Floats:
    """Return the weights of a basket, of a transition under way at its end, shape (n,)."""
    if basket.plan is None or not (basket.plan[1] * basket.prices).sum() > 0:
        return basket.weights
    return normalise(basket.plan[1] * basket.prices)


def _pending(
    decision: Decision, state: IndexState, market: IndexMarket, rules: Methodology, now: np.datetime64
) -> Floats:
    """Return the weights that a pending change would have if it were made now, shape (n,)."""
    book = rules.versions[decision.version - 1].rules
    if book.schedule.fix == "weights":
        return decision.weights
    observed = [market.observed(column, now, book.missing.carry_forward) for column in decision.columns.tolist()]
    prices, seen = np.array([price for price, _ in observed]), np.array([when for _, when in observed], dtype=np.int64)
    if book.schedule.fix == "supply":
        view = market.panel.as_of(max(decision.determined_at, market.panel.times[0]))
        found, _ = reweighed(decision, book, view, state.basket, prices, seen, now)
        return decision.weights if found is None else found[1]
    grown = np.where(np.isnan(prices), 1.0, prices / decision.prices)
    return normalise(decision.weights * grown)
