"""The parameters in force of a part of a rulebook: those that it states, and the defaults of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from basketry.core.errors import BasketryError
from basketry.core.rule import Rule, built
from basketry.core.time import format_duration
from basketry.methodology.ranking import WINDOW, Figure
from basketry.methodology.returns import ReturnRule
from basketry.methodology.schedule import Review, Schedule
from basketry.methodology.schedule.recurrence import months_of

Values = Mapping[str, Any]


def parsed(model: type[BaseModel], value: Any) -> BaseModel | None:
    """Return a section or rule of what a document says of it, None where that is not valid by itself."""
    try:
        return built(model, value) if issubclass(model, Rule) else model.model_validate(value)
    except (BasketryError, ValidationError):
        return None


def in_force(model: type[BaseModel], value: Any) -> Values | None:
    """Return the parameters of a section or rule by name, as plain values; None where it is not valid by itself.

    >>> from basketry.methodology.sections import Publish
    >>> in_force(Publish, {}), in_force(Publish, {"decimals": 2}), in_force(Publish, {"decimal": 2})
    ({'decimals': 4}, {'decimals': 2}, None)
    """
    part = parsed(model, value)
    if part is None:
        return None
    values: dict[str, Any] = part.model_dump(mode="json", by_alias=True)
    # A series without a name of its own has that of its rule.
    return {**values, "name": part.column()} if isinstance(part, ReturnRule) and "name" in values else values


def schedule_in_force(value: Any) -> Values | None:
    """Return the parameters of `rebalance` with the months in which it acts.

    >>> schedule_in_force({"every": "quarter"})["months"]
    [1, 4, 7, 10]
    """
    values = in_force(Schedule, value)
    return None if values is None else _with_months(values)


def review_in_force(value: Any, rebalance: Any) -> Values | None:
    """Return the parameters of `review`; one that it does not state is that of `rebalance`.

    >>> review_in_force({"every": "quarter", "determine": "10d"}, {"announce": "1d"})
    {'every': 'quarter', 'on': 'first_day', 'months': [1, 4, 7, 10], 'determine': '10d', 'announce': '1d'}
    """
    review, schedule = parsed(Review, value), parsed(Schedule, rebalance)
    if not isinstance(review, Review) or not isinstance(schedule, Schedule):
        return None
    values = _with_months(review.schedule(schedule).model_dump(mode="json"))
    return {name: values[name] for name in Review.model_fields}


def _with_months(values: Values) -> Values:
    if values["months"] or values["every"] not in ("month", "quarter", "year"):
        return values
    return {**values, "months": list(months_of(values["every"], values["on"]))}


def figure_in_force(value: Any) -> Values | None:
    """Return the parameters of a figure to rank by, with the statistic and the length of a window.

    >>> figure_in_force({"metric": "volume", "window": "30d"})
    {'metric': 'volume', 'window': '30d', 'statistic': 'median', 'half_life': None}
    """
    values = in_force(Figure, {"metric": value} if isinstance(value, str) else value)
    if values is None:
        return None
    if values["half_life"]:
        return {**values, "window": values["window"] or format_duration(WINDOW)}
    return {**values, "statistic": values["statistic"] or "median"} if values["window"] else values
