"""Figures of a state that no index has: they are refused where its bytes are read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import added, exact_sum
from basketry.index.basket import Basket
from basketry.index.records import Scope
from basketry.index.state import Decision, IndexState
from basketry.market.cash import CASH
from basketry.methodology.methodology import Methodology

TOLERANCE = 1e-9
"""By how much a sum of weights, or a share of units, may be above its bound through rounding."""


def check_figures(state: IndexState, rules: Methodology) -> None:
    """Raise DataError for the first figure that no index of these rules has.

    Columns lie within the ids, and arrays have their lengths: that has been checked.
    """
    if state.basket is not None:
        _check_basket(state.basket, state)
    if rules.holds_cash:
        _check_cash(state, rules)
    for name, waiting in (("pending", state.pending), ("reviewed", state.reviewed)):
        for decision in waiting:
            _check_decision(decision, state.assets, rules, name)
    for part in (*state.parts, *(part for decision in (*state.pending, *state.reviewed) for part in decision.parts)):
        if max(part.shares) > 1 + TOLERANCE:
            raise DataError(f"state: parts: {max(part.shares):g} of the units of {state.assets[part.column]}, above 1")


def _check_basket(basket: Basket, state: IndexState) -> None:
    without = (basket.prices == 0) & ~basket.awaited
    if without.any():
        asset = state.assets[int(basket.columns[without][0])]
        raise DataError(f"state: basket.prices: {asset} has the price 0, and no first price of it is awaited")
    with np.errstate(over="ignore"):
        worth = float(added(basket.units * basket.prices))
    if not 0 < worth < np.inf:
        raise DataError(f"state: basket.units: what is held is worth {worth:g}")
    given = exact_sum(basket.given)
    # Nobody has a weight given where all who had one departed in a transition.
    if given != 0 and abs(given - 1) > TOLERANCE:
        raise DataError(f"state: basket.given: weights given sum to {given:.10g}, not to 1")
    if (basket.plan is None) != (state.steps is None):
        raise DataError("state: steps: a transition has both its steps and basket.plan; one is lacking")
    if state.level == 0 or (state.past_levels == 0).any():
        raise DataError("state: level, past_levels: the levels of an index that holds something are positive")


def _check_cash(state: IndexState, rules: Methodology) -> None:
    """Refuse a cash member that is not held as cash, or that stands where only assets do."""
    column, basket = state.column(CASH), state.basket
    place = None if basket is None or column is None else basket.place(column)
    if basket is not None and place is not None and (not basket.cash[place] or basket.awaited[place]):
        raise DataError(f"state: basket.cash: {CASH} is the cash member, which is held as cash and not awaited")
    if basket is not None and place is None and rules.versions[state.version - 1].rules.weight.cash is not None:
        raise DataError(f"state: basket.columns: the rules of the basket have a cash member, and {CASH} is not held")
    for name, columns in _of_assets(state):
        if column is not None and column in columns:
            raise DataError(f"state: {name}: {CASH} is the cash member, which no rule selects and no event concerns")


def _of_assets(state: IndexState) -> Iterator[tuple[str, list[int | None]]]:
    """Give the columns that can be of assets alone, with the name of their field."""
    yield "reserve", [*state.reserve.tolist()]
    yield "parts", [part.column for part in state.parts]
    for due in state.due:
        yield "due", [due.column, due.new_column, *(entry.column for entry in due.candidates)]
    for field, waiting in (("pending", state.pending), ("reviewed", state.reviewed)):
        for decision in waiting:
            for name in ("members", "columns", "reserve"):
                yield f"{field}.{name}", [*getattr(decision, name).tolist()]
            yield f"{field}.parts", [part.column for part in decision.parts]


def _check_decision(decision: Decision, assets: tuple[str, ...], rules: Methodology, name: str) -> None:
    if decision.held is not None:
        held = exact_sum(decision.held.weights)
        if rules.versions[decision.version - 1].rules.weight.turnover is None:
            raise DataError(f"state: {name}.held: a limit on turnover counts from it, and the rules have none")
        if held > 1 + TOLERANCE:
            raise DataError(f"state: {name}.held: weights held sum to {held:.10g}, above 1")
    if not len(decision.columns):
        return
    if (decision.prices == 0).any():
        asset = assets[int(decision.columns[decision.prices == 0][0])]
        raise DataError(f"state: {name}.prices: {asset} has the price 0")
    if decision.shares is not None and ((decision.shares > 0) & (decision.raw == 0)).any():
        raise DataError(f"state: {name}.raw: an asset has units before capping and no weight")
    # The weights of members alone mean nothing, and before capping one that departed may be lacking.
    weights, raw = exact_sum(decision.weights), exact_sum(decision.raw)
    if decision.scope is not Scope.MEMBERS and abs(weights - 1) > TOLERANCE:
        raise DataError(f"state: {name}.weights: weights sum to {weights:.10g}, not to 1")
    if decision.scope is not Scope.MEMBERS and raw > 1 + TOLERANCE:
        raise DataError(f"state: {name}.raw: weights before capping sum to {raw:.10g}, above 1")
