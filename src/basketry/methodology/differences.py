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


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield every parameter that differs between two documents: its path, and both values, None for absent.

    Rules of a list go by their names, whatever their order. A bare value is the same as the parameter that it is short
    for.

    >>> list(differences({"weight": {"cash": 0.2}}, {"weight": {"cash": {"weight": 0.2, "rate": 0.04}}}))
    [('weight.cash.rate', None, 0.04)]
    >>> [path for path, *_ in differences({"universe": [{"history": {"min_days": 30}}]}, {"universe": []})]
    ['universe.history.min_days']
    """
    left, right = dict(_leaves(before, "")), dict(_leaves(after, ""))
    left, right = _spelled_as(right, left), _spelled_as(left, right)
    for path in [*left, *(path for path in right if path not in left)]:
        if left.get(path) != right.get(path):
            yield path, left.get(path), right.get(path)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, entry in value.items():
            yield from _leaves(entry, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
        seen: list[str] = []
        for place, entry in enumerate(value):
            rule = str(next(iter(entry))) if isinstance(entry, Mapping) and len(entry) == 1 else ""
            # One that stands twice is told apart by its place.
            yield from _leaves(entry, path if rule and rule not in seen else f"{path}[{place}]")
            seen.append(rule)
    elif value != []:
        yield path, value


def _spelled_as(other: Mapping[str, Any], leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Return leaves by path, bare values under the name of the parameter where the other document spells it out."""
    found = {}
    for path, value in leaves.items():
        parts = path.split(".")
        spelled = f"{path}.{_shorthands().get((parts[0], parts[-1]))}"
        found[spelled if path not in other and spelled in other else path] = value
    return found


@cache
def _shorthands() -> dict[tuple[str, str], str]:
    """Return the parameter that a bare value stands for, by section and name of a rule."""
    sections: dict[str, Iterable[type[Rule]]] = {
        "universe": UNIVERSE.rules.values(),
        "select": SELECTION.rules.values(),
        "weight": (*CAPPING.rules.values(), Cash, TurnoverLimit),
        "rebalance": TRIGGERS.rules.values(),
        "returns": RETURNS.rules.values(),
    }
    return {(section, rule.name): rule.shorthand for section, rules in sections.items() for rule in rules}
