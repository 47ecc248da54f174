"""Where the rules in force of two rulebooks differ, parameter by parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from basketry.core.restatement import RestateLevels
from basketry.core.rule import Registry, Rule
from basketry.methodology.capping import CAPPING
from basketry.methodology.cash import Cash
from basketry.methodology.in_force import figure_in_force, in_force, parsed, review_in_force, schedule_in_force
from basketry.methodology.returns import RETURNS, ReturnRule
from basketry.methodology.schedule import CalculationCalendar
from basketry.methodology.sections import Base, EventPolicy, Guard, Missing, Publish
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.turnover_limit import TurnoverLimit
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.weighting import WEIGHTING

NULL = "null"
"""A value that is stated to be null, which switches a part of the guard off, for one."""

_ALWAYS: Mapping[str, type[BaseModel]] = {
    "missing": Missing,
    "guard": Guard,
    "events": EventPolicy,
    "publish": Publish,
    "restate": RestateLevels,
    "calculate": CalculationCalendar,
}
"""Sections that are in force in every rulebook, with their defaults where they are not written."""
_UNWRITTEN: Mapping[str, Any] = {**{key: {} for key in _ALWAYS}, "returns": ["price"], "currency": "USD"}

_ABSENT: Any = type("_Absent", (), {"__repr__": lambda _: "absent"})()
_Path = tuple[str | int, ...]
_Differences = Iterator[tuple[_Path, Any, Any]]
_Compare = Callable[[_Path, Any, Any], _Differences]


@dataclass(frozen=True)
class _Side:
    """A part of one document.

    Attributes:
        stated: What is written.
        full: What is in force with the defaults, as far as it is known.
    """

    stated: Any = _ABSENT
    full: Any = _ABSENT

    def part(self, key: Any) -> _Side:
        """Return the part of a key."""
        return _Side(_part(self.stated, key), _part(self.full, key))

    def shown(self) -> Any:
        """Return the value as a difference tells it."""
        value = self.full if self.stated is _ABSENT else self.stated
        if self.stated is None:
            return NULL
        return None if value is _ABSENT or value in (None, [], {}) else value


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield every parameter in force that differs between two documents: its path, and both values.

    A parameter that a section or rule does not state has its default, so one that is stated to be the default is no
    difference. None is a parameter of a section or rule that is absent, or one that is none by default; `NULL` one that
    is stated to be null. Rules of a list go by their names, whatever their order; one without parameters is true. A
    bare value is the parameter that it is short for.

    >>> list(differences({"weight": {"cash": 0.2}}, {"weight": {"cash": {"weight": 0.2, "rate": 0.04}}}))
    [('weight.cash.rate', None, 0.04)]
    >>> list(differences({"returns": ["price", {"total": {}}]}, {"returns": ["total", "price"]}))
    []
    >>> list(differences({}, {"guard": {"price_jump": None, "level_jump": 2}}))
    [('guard.price_jump', 20.0, 'null')]
    """
    for path, left, right in _document((), before, after):
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
        yield "".join(parts).removeprefix("."), left, right


def _document(path: _Path, a: Any, b: Any, *, whole: bool = True) -> _Differences:
    """Yield the differences of two documents, or of the changes of two versions, which are not whole."""
    # What is absent altogether has no defaults.
    unwritten = _UNWRITTEN if whole and isinstance(a, Mapping) and isinstance(b, Mapping) else {}
    for key in _keys(a, b):
        # A section of null is one that is not written.
        left, right = (_ABSENT if (part := _part(side, key)) is None else part for side in (a, b))
        left, right = (unwritten.get(key, _ABSENT) if part is _ABSENT else part for part in (left, right))
        if key == "review":
            reviews = (_side(left, _review(a)), _side(right, _review(b)))
            yield from _walk((*path, key), *reviews)
        else:
            yield from _SECTIONS.get(key, _stated)((*path, key), left, right)


def _stated(path: _Path, a: Any, b: Any) -> _Differences:
    yield from _walk(path, _Side(a), _Side(b))


def _model(model: type[BaseModel]) -> _Compare:
    return lambda path, a, b: _walk(path, *(_side(part, in_force(model, part)) for part in (a, b)))


def _review(document: Any) -> Any:
    return review_in_force(_part(document, "review"), _without(_part(document, "rebalance"), "triggers"))


def _rebalance(path: _Path, a: Any, b: Any) -> _Differences:
    own = (_without(part, "triggers") for part in (a, b))
    yield from _walk(path, *(_side(part, schedule_in_force(part)) for part in own))
    yield from _rules(TRIGGERS)((*path, "triggers"), *(_listed(_part(part, "triggers")) for part in (a, b)))


def _prices(path: _Path, a: Any, b: Any) -> _Differences:
    # Only who makes reference prices loads what makes them.
    from basketry.reference.price_rules import PriceRules
    from basketry.reference.rate import RATES
    from basketry.reference.rates.capped_median import CappedMedian

    own = [_side(part, in_force(PriceRules, part)) for part in (a, b)]
    yield from _walk(path, *(_Side(_without(part.stated, "rate"), _without(part.full, "rate")) for part in own))
    place = (*path, "rate")
    rates = [_ABSENT if part is _ABSENT else part.get("rate", CappedMedian.name) for part in (a, b)]
    if any(isinstance(rate, Mapping) for rate in rates):
        yield from _rules(RATES)(place, *map(_listed, rates))
    else:
        yield from _stated(place, *rates)


def _weight(path: _Path, a: Any, b: Any) -> _Differences:
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        a, b = ({"by": part} if isinstance(part, str) else part for part in (a, b))
    elif a != b:
        yield from _stated(path, a, b)
    left, right = (_side(part, _weighting(part)) for part in (a, b))
    for key in _keys(a, b):
        place = (*path, key)
        beside: dict[str, type[Rule]] = {"cash": Cash, "turnover": TurnoverLimit}
        kind = beside.get(key) or CAPPING.find(key)
        if kind is None or any(_part(side.full, key) is not _ABSENT for side in (left, right)):
            yield from _walk(place, left.part(key), right.part(key))
        else:
            yield from _rule(place, kind, _part(a, key), _part(b, key))


def _weighting(value: Any) -> Mapping[str, Any] | None:
    """Return the parameters of the weighting rule, and of what beside it is no rule."""
    rule = WEIGHTING.find(str(_part(value, "by")))
    if rule is None:
        return None
    values = in_force(rule, {key: value[key] for key in rule.keys() if key in value})  # noqa: SIM118
    return {"by": rule.name, "shortage": value.get("shortage", "equal"), **(values or {})}


def _select(path: _Path, a: Any, b: Any) -> _Differences:
    for key in _keys(a, b):
        place, left, right = (*path, key), _part(a, key), _part(b, key)
        if key == "by":
            yield from _ranked_by(place, *(_by(side) for side in (a, b)))
        elif key == "first" and isinstance(left, list) is isinstance(right, list) is False:
            yield from _stage(place, left, right)
        elif key == "first":
            yield from _in_place(_stage)(place, _listed(left), _listed(right))
        elif key == "order":
            yield from _walk(place, *(_Side(part, "descending" if part is _ABSENT else part) for part in (left, right)))
        elif (rule := SELECTION.find(key)) is not None:
            yield from _rule(place, rule, left, right)
        else:
            # A buffer or number of null is none.
            yield from _stated(place, *(_ABSENT if part is None else part for part in (left, right)))


def _by(select: Any) -> Any:
    """Return what is ranked by; all who are taken are ranked by price where data have no capitalisation."""
    unranked = _part(select, "all") is not _ABSENT and _part(select, "max_count") is _ABSENT is _part(select, "first")
    return _part(select, "by", _ABSENT if unranked else "market_cap")


def _stage(path: _Path, a: Any, b: Any) -> _Differences:
    for key in _keys(a, b):
        left, right = _part(a, key), _part(b, key)
        if key == "by":
            yield from _ranked_by((*path, key), left, right)
        else:
            yield from _rule((*path, key), SELECTION.find(key), left, right)


def _ranked_by(path: _Path, a: Any, b: Any) -> _Differences:
    if any(isinstance(part, Mapping) and "metric" in part for part in (a, b)):
        a, b = ({"metric": part} if isinstance(part, str) else part for part in (a, b))
    yield from _walk(path, *(_side(part, figure_in_force(part)) for part in (a, b)))


def _in_place(compare: _Compare) -> _Compare:
    """Return what compares the entries of two lists place by place."""

    def each(path: _Path, a: Any, b: Any) -> _Differences:
        left, right = (dict(enumerate([] if part is _ABSENT else part)) for part in (a, b))
        for place in _keys(left, right):
            yield from compare((*path, place), _part(left, place), _part(right, place))

    return each


def _version(path: _Path, a: Any, b: Any) -> _Differences:
    for key in _keys(a, b):
        left, right = _part(a, key), _part(b, key)
        if key == "changes":
            yield from _document((*path, key), left, right, whole=False)
        else:
            yield from _stated((*path, key), left, right)


def _parent(path: _Path, a: Any, b: Any) -> _Differences:
    # Where it is not a rulebook but the path of one, it has no keys.
    yield from (_stated if isinstance(a, str) or isinstance(b, str) else _document)(path, a, b)


def _rule(path: _Path, kind: type[Rule] | None, a: Any, b: Any) -> _Differences:
    """Yield the differences of two rules of a kind, of what stands after their name."""
    if _ABSENT in (a, b) or kind is None:
        # One without parameters is true.
        yield from _stated(path, *(True if part in (None, {}) else part for part in (a, b)))
        return
    left, right = (_side({} if part is None else part, in_force(kind, part)) for part in (a, b))
    if _is_bare(kind, left.stated) and _is_bare(kind, right.stated):
        left, right = (replace(side, full=_part(side.full, kind.shorthand)) for side in (left, right))
    else:
        left, right = (
            replace(side, stated={kind.shorthand: side.stated}) if _is_bare(kind, side.stated) else side
            for side in (left, right)
        )
    yield from _walk(path, left, right)


def _is_bare(kind: type[Rule], value: Any) -> bool:
    """Return whether a value is the parameter that it is short for; a mapping by asset may be, too."""
    spelled = isinstance(value, Mapping) and (not value or not set(kind.keys()).isdisjoint(value))
    return kind.shorthand != "" and not spelled


@dataclass(frozen=True, eq=False)
class _Entry:
    """An entry of a list of rules.

    Attributes:
        place: Its place in the list.
        first: Whether it is the first of its name.
        name: Its name, '' where it has none.
        value: What stands after the name.
        rule: The rule, None where it is none by itself.
    """

    place: int
    first: bool
    name: str
    value: Any
    rule: BaseModel | None = None

    @property
    def label(self) -> _Path:
        """Its path in the list; one that stands twice is told apart by its place."""
        return (self.name,) if self.name and self.first else (self.place, *filter(None, [self.name]))

    def equals(self, other: _Entry) -> bool:
        """Return whether the other says the same."""
        return self.value == other.value if self.rule is None else self.rule == other.rule

    def continues(self, other: _Entry) -> bool:
        """Return whether both make the same series."""
        one, two = self.rule, other.rule
        return isinstance(one, ReturnRule) and isinstance(two, ReturnRule) and one.column() == two.column()

    def stands_as(self, other: _Entry) -> bool:
        """Return whether both have the same path."""
        return self.label == other.label

    def named_as(self, other: _Entry) -> bool:
        """Return whether both have a name, which is the same."""
        return self.name == other.name != ""


def _entries(kinds: Mapping[str, type[Rule]], entries: Any) -> list[_Entry]:
    found: list[_Entry] = []
    for place, entry in enumerate(entries):
        named = {entry: None} if isinstance(entry, str) else entry
        name = str(next(iter(named))) if isinstance(named, Mapping) and len(named) == 1 else ""
        value = named[name] if name else entry
        first = all(name != other.name for other in found)
        found.append(_Entry(place, first, name, value, parsed(kinds[name], value) if name in kinds else None))
    return found


def _rules(registry: Registry[Any]) -> _Compare:
    """Return what compares two lists of rules by their names, whatever their order."""

    def compare(path: _Path, a: Any, b: Any) -> _Differences:
        left, right = (_entries(registry.rules, [] if part is _ABSENT else part) for part in (a, b))
        pairs: dict[_Entry, _Entry] = {}
        # Of several rules of a name those are compared that belong together, and what is left in its order.
        for alike in (_Entry.equals, _Entry.continues, _Entry.stands_as, _Entry.named_as):
            for one in left:
                rest = (other for other in right if other not in pairs.values() and one.name == other.name)
                other = None if one in pairs else next((other for other in rest if alike(one, other)), None)
                if other is not None:
                    pairs[one] = other
        for one in left:
            matched = pairs[one].value if one in pairs else _ABSENT
            yield from _rule((*path, *one.label), registry.rules.get(one.name), one.value, matched)
        for other in right:
            if other not in pairs.values():
                yield from _rule((*path, *other.label), registry.rules.get(other.name), _ABSENT, other.value)

    return compare


def _labelled(path: _Path, a: Any, b: Any) -> _Differences:
    """Yield the differences of two lists of mappings that are no rules, by names and places."""
    left, right = (
        {entry.label: entry.value for entry in _entries({}, part if isinstance(part, list) else ())} for part in (a, b)
    )
    for label in _keys(left, right):
        yield from _rule((*path, *label), None, _part(left, label), _part(right, label))


def _returns(path: _Path, a: Any, b: Any) -> _Differences:
    """Yield the differences of two lists of series, of which the price return need not be written."""
    lists = []
    for part in (a, b):
        written = isinstance(part, list) and any(
            isinstance(entry.rule, ReturnRule) and entry.rule.column() == "price_return"
            for entry in _entries(RETURNS.rules, part)
        )
        lists.append(part if written or part is _ABSENT else [*part, "price"])
    yield from _rules(RETURNS)(path, *lists)


def _walk(path: _Path, a: _Side, b: _Side) -> _Differences:
    """Yield where two parts differ, of what either states."""
    if _ABSENT not in (a.full, b.full) and a.full == b.full:
        return
    if isinstance(a.stated, Mapping) or isinstance(b.stated, Mapping):
        for side, values in ((a, lambda value: (value, None)), (b, lambda value: (None, value))):
            if not isinstance(side.stated, Mapping) and side.stated not in (_ABSENT, None, []):
                yield (path, *values(side.stated))
        for key in _keys(a.stated, b.stated):
            yield from _walk((*path, key), a.part(key), b.part(key))
    elif any(isinstance(entry, Mapping) for side in (a, b) if isinstance(side.stated, list) for entry in side.stated):
        yield from _labelled(path, a.stated, b.stated)
    elif a.shown() != b.shown():
        yield path, a.shown(), b.shown()


def _keys(a: Any, b: Any) -> list[Any]:
    """Return the keys of two mappings, those of the first before; of what is no mapping there are none."""
    return list(dict.fromkeys(key for part in (a, b) if isinstance(part, Mapping) for key in part))


def _part(value: Any, key: Any, unwritten: Any = _ABSENT) -> Any:
    return value.get(key, unwritten) if isinstance(value, Mapping) else unwritten


def _without(value: Any, key: str) -> Any:
    return {name: entry for name, entry in value.items() if name != key} if isinstance(value, Mapping) else value


def _listed(value: Any) -> Any:
    return value if value is _ABSENT or isinstance(value, list) else [value]


def _side(stated: Any, full: Any) -> _Side:
    """Return a side whose values in force are None where they are not known."""
    return _Side(stated, _ABSENT if full is None or stated is _ABSENT else full)


_SECTIONS: Mapping[str, _Compare] = {
    **{key: _model(model) for key, model in _ALWAYS.items()},
    "base": _model(Base),
    "universe": _rules(UNIVERSE),
    "select": _select,
    "weight": _weight,
    "rebalance": _rebalance,
    "prices": _prices,
    "returns": _returns,
    "versions": _in_place(_version),
    "parents": _in_place(_parent),
}
