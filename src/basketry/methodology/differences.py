"""Where two rulebooks differ, parameter by parameter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from basketry.core.rule import Rule
from basketry.methodology.capping import CAPPING
from basketry.methodology.cash import Cash
from basketry.methodology.returns import RETURNS
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.turnover_limit import TurnoverLimit
from basketry.methodology.universe import UNIVERSE

NULL = "null"
"""A value that is stated to be null, which switches a part of the guard off, for one."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield every parameter that differs between two documents: its path, and both values.

    None is a parameter that a document does not state, `NULL` one that it states to be null. Rules of a list go by
    their names, whatever their order; one without parameters is true. A bare value is the parameter that it is short
    for.

    >>> list(differences({"weight": {"cash": 0.2}}, {"weight": {"cash": {"weight": 0.2, "rate": 0.04}}}))
    [('weight.cash.rate', None, 0.04)]
    >>> list(differences({"returns": ["price", {"total": {}}]}, {"returns": ["total", "price"]}))
    []
    >>> list(differences({}, {"guard": {"price_jump": None}}))
    [('guard.price_jump', None, 'null')]
    """
    left, right = dict(_leaves(before, "")), dict(_leaves(after, ""))
    left, right = _spelled_as(right, left), _spelled_as(left, right)
    for path in [*left, *(path for path in right if path not in left)]:
        if left.get(path) != right.get(path):
            yield path, left.get(path), right.get(path)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and (value or not path):
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and (_section(path) == path or any(isinstance(entry, Mapping) for entry in value)):
        seen: list[str] = []
        for place, entry in enumerate(value):
            named = {entry: True} if isinstance(entry, str) else entry
            rule = str(next(iter(named))) if isinstance(named, Mapping) and len(named) == 1 else ""
            if rule and named[rule] in (None, {}):
                named = {rule: True}
            # One that stands twice is told apart by its place.
            yield from _leaves(named, path if rule and rule not in seen else f"{path}[{place}]")
            seen.append(rule)
    elif value != []:
        yield path, NULL if value is None else value


def _section(path: str) -> str:
    """Return the path of the section in which a path lies, which in a version or a parent is not the first part.

    >>> _section("weight.cash"), _section("versions[0].changes.weight.cash"), _section("rebalance.triggers")
    ('weight', 'versions[0].changes.weight', 'rebalance.triggers')
    """
    parts = path.split(".")
    for place, part in enumerate(parts):
        if (part, parts[place + 1 : place + 2]) == ("rebalance", ["triggers"]):
            return ".".join(parts[: place + 2])
        if part in _LISTS or part in ("select", "weight"):
            return ".".join(parts[: place + 1])
    return ""


_LISTS = ("universe", "returns")


def _spelled_as(other: Mapping[str, Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Return leaves by path, bare values under the name of the parameter where the other document spells it out."""
    found = {}
    for path, value in leaves.items():
        section = _section(path).rpartition(".")[2]
        spelled = f"{path}.{_shorthands().get((section, path.rpartition('.')[2]))}"
        found[spelled if path not in other and spelled in other else path] = value
    return found


@cache
def _shorthands() -> dict[tuple[str, str], str]:
    """Return the parameter that a bare value stands for, by section and name of a rule."""
    sections: dict[str, Iterable[type[Rule]]] = {
        "universe": UNIVERSE.rules.values(),
        "select": SELECTION.rules.values(),
        "weight": (*CAPPING.rules.values(), Cash, TurnoverLimit),
        "triggers": TRIGGERS.rules.values(),
        "returns": RETURNS.rules.values(),
    }
    found = {(section, rule.name): rule.shorthand for section, rules in sections.items() for rule in rules}
    return {**found, ("weight", "weight"): "by", ("select", "by"): "metric"}
