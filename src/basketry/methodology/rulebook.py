"""One version of the rules, parsed: what a determination and a calculation work with."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.restatement import RestateLevels
from basketry.core.time import local_instant
from basketry.core.wrong_values import shown
from basketry.methodology.reading import Attempt, every
from basketry.methodology.reading import at as _at
from basketry.methodology.reading import section as _section
from basketry.methodology.returns import RETURNS, ReturnRule
from basketry.methodology.schedule import CalculationCalendar, Review, Schedule, check_reviews
from basketry.methodology.sections import Base, EventPolicy, Guard, Missing, Override, Publish, Section
from basketry.methodology.select import Selection
from basketry.methodology.triggers import TRIGGERS, TriggerRule
from basketry.methodology.universe import UNIVERSE, UniverseRule
from basketry.methodology.weight import Weight
from basketry.methodology.weight_checks import check_weights

if TYPE_CHECKING:
    from basketry.reference.price_rules import PriceRules

REQUIRED = ("basketry", "name", "symbol", "base", "select", "weight", "rebalance")
OPTIONAL = (
    "description",
    "administrator",
    "currency",
    "parents",
    "universe",
    "review",
    "prices",
    "calculate",
    "missing",
    "guard",
    "events",
    "returns",
    "publish",
    "restate",
    "overrides",
    "versions",
)
VERSIONED = (
    "description",
    "administrator",
    "universe",
    "select",
    "weight",
    "rebalance",
    "review",
    "prices",
    "calculate",
    "missing",
    "guard",
    "events",
    "returns",
    "publish",
    "restate",
    "overrides",
)
"""Sections that a version may change."""

DEFINING = {
    "basketry": "the format is that of the whole file",
    "name": "its folder and record know the index by its name and symbol",
    "symbol": "its folder and record know the index by its name and symbol",
    "base": "all levels are counted from the base; with another base it is another index",
    "currency": "levels before and after would be in different units; add a `currency` to `returns`",
    "parents": "with other parents it is another index",
    "versions": "a version stands beside the others, not in one of them",
}
"""The other sections, which define the index and hold for all its history, with the reason."""


@dataclass(frozen=True)
class Rulebook:
    """The rules in force from an instant on, all sections parsed and valid."""

    universe: tuple[UniverseRule, ...]
    select: Selection
    weight: Weight
    schedule: Schedule
    review: Review | None
    triggers: tuple[TriggerRule, ...]
    calculate: CalculationCalendar
    missing: Missing
    guard: Guard
    events: EventPolicy
    returns: tuple[ReturnRule, ...]
    publish: Publish
    restate: RestateLevels
    prices: PriceRules | None
    overrides: tuple[Override, ...]
    base: Base
    description: str | None
    administrator: str | None

    @cached_property
    def candidacy(self) -> tuple[Hashable, ...] | None:
        """What decides who is ranked and where, as a key; None where a rule looks at who is a member."""
        if self.select.stages_heed_members or any(rule.heeds_members for rule in self.universe):
            return None
        # The class itself: one that was written anew under its old name is another rule.
        rules: list[Hashable] = [(type(rule), rule.model_dump_json()) for rule in self.universe]
        if any(getattr(rule, "window", None) == "review" for rule in self.universe):
            rules += [(self.reviews or self.schedule).model_dump_json(), self.base.key]
        return (self.missing.carry_forward, self.select.ranking, *rules)

    @cached_property
    def reviews(self) -> Schedule | None:
        """When members are chosen, where they have a calendar of their own; None where at every rebalance."""
        review = self.review
        return None if review is None else _at("review", lambda: review.schedule(self.schedule))

    def calendar_in_words(self) -> str:
        """Return when the index is rebalanced, and when its members are reviewed."""
        words = self.schedule.words()
        return words if self.review is None else f"{words} {self.review.words(self.schedule)}"

    def universe_at(self, now: np.datetime64) -> tuple[UniverseRule, ...]:
        """Return the rules of the universe as they are asked of a panel that ends at an instant.

        A window of `review` reaches back to the previous scheduled determination of members, as these rules have it.
        """
        reviews = self.reviews or self.schedule
        base = local_instant(self.base.date, self.schedule.at, self.schedule.zone)
        return tuple(rule.since_review(now, lambda: reviews.determined_before(now, base)) for rule in self.universe)

    @staticmethod
    def parse(document: Mapping[str, Any]) -> Rulebook:
        """Return the rulebook of a plain mapping whose keys were checked.

        Raises:
            MethodologyError: A section is wrong; the message starts with its path. Where several are, it tells all.
        """
        attempt = Attempt()
        for key, parse in _sections(document).items():
            attempt.read(key, parse)
        attempt.check(("weight", "select", "universe"), check_weights)
        attempt.check(("schedule", "weight"), _check_fix)
        attempt.check(("review", "schedule", "base"), _check_reviews)
        return Rulebook(**attempt.values())


def check_keys(document: Mapping[str, Any]) -> None:
    """Raise MethodologyError for unknown and missing top-level keys."""
    faults, meant = [], ""
    for key in document:
        if key not in REQUIRED + OPTIONAL:
            hint = nearest_hint(key, REQUIRED + OPTIONAL)
            meant += hint
            faults.append(MethodologyError(f"{key}: unknown key{hint}; keys: {', '.join(REQUIRED + OPTIONAL)}"))
    # A key that is misspelt is not told again as one that is missing.
    missing = [key for key in REQUIRED if key not in document and f"{key!r}" not in meant]
    empty = [key for key in REQUIRED if key in document and document[key] is None]
    faults += [MethodologyError(f"{key}: has no value, and the rulebook needs one") for key in empty]
    if missing:
        faults.append(MethodologyError(f"the rulebook needs {', '.join(missing)}"))
    if faults:
        raise MethodologyError.together(faults)


def _sections(document: Mapping[str, Any]) -> dict[str, Callable[[], Any]]:
    """Return what reads each field of a rulebook."""

    def plain(model: type[Any], key: str) -> Callable[[], Any]:
        return lambda: _section(model, _mapping(document, key), key)

    return {
        "universe": lambda: _rules(UNIVERSE, _list(document, "universe"), "universe"),
        "select": lambda: _at("select", lambda: Selection.parse(document.get("select"))),
        "weight": lambda: _at("weight", lambda: Weight.parse(document.get("weight"))),
        "schedule": lambda: _section(
            Schedule, {key: value for key, value in _mapping(document, "rebalance").items() if key != "triggers"},
            "rebalance",
        ),
        "review": lambda: (
            None if document.get("review") is None else _section(Review, document["review"], "review")
        ),
        "triggers": lambda: _triggers(document),
        "calculate": plain(CalculationCalendar, "calculate"),
        "missing": plain(Missing, "missing"),
        "guard": plain(Guard, "guard"),
        "events": plain(EventPolicy, "events"),
        "returns": lambda: _returns(document.get("returns", ["price"])),
        "publish": plain(Publish, "publish"),
        "restate": plain(RestateLevels, "restate"),
        "prices": lambda: None if document.get("prices") is None else _prices(document["prices"]),
        "overrides": lambda: _overrides(document),
        "base": plain(Base, "base"),
        "description": lambda: _words(document, "description"),
        "administrator": lambda: _words(document, "administrator"),
    }  # fmt: skip


def _check_fix(schedule: Schedule, weight: Weight) -> None:
    if schedule.fix == "supply" and not weight.rule.counts_units:
        raise MethodologyError(
            f"rebalance.fix: supply goes with a weighting by capitalisation (market_cap with power 1, "
            f"free_float_market_cap); {weight.rule.name} as written counts no units; write fix: weights or "
            "fix: units"
        )
    if schedule.fix == "supply" and weight.turnover is not None:
        raise MethodologyError(
            "weight.turnover: does not go with rebalance.fix: supply, by which weights are made at the change and "
            "not at the determination; write fix: weights or fix: units, or leave turnover out"
        )


def _check_reviews(review: Review | None, schedule: Schedule, base: Base) -> None:
    if review is not None:
        first = local_instant(base.date, schedule.at, schedule.zone)
        reviews = _at("review", lambda: review.schedule(schedule))
        _at("review", lambda: check_reviews(reviews, schedule, first))


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, Mapping):
        raise MethodologyError(f"{key}: expected keys in braces, as in {key}: {{...}}, was {shown(value)}")
    return dict(value)


def _words(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise MethodologyError(f"{key}: expected a text, was {shown(value)}")
    return value


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key) or []
    if not isinstance(value, list):
        raise MethodologyError(f"{key}: expected a list, each entry on a line that starts with '-'")
    return value


def _prices(value: Any) -> PriceRules:
    # Only who makes reference prices loads what makes them.
    from basketry.reference.price_rules import PriceRules

    return PriceRules.parse(value)


def _built(registry: Any, entry: Any, place: str) -> Any:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise MethodologyError(
            f"{place}: expected one rule, as in `- market_cap: {{min: 1_000_000}}`, was {shown(entry)}"
        )
    ((name, value),) = entry.items()
    return _at(place, lambda: registry.build(str(name), value))


def _rules(registry: Any, entries: list[Any], place: str) -> tuple[Any, ...]:
    return every(partial(_built, registry, entry, f"{place}[{number}]") for number, entry in enumerate(entries))


def _triggers(document: Mapping[str, Any]) -> tuple[TriggerRule, ...]:
    section = document.get("rebalance")
    # A section that is no mapping is told as the schedule.
    entries = section.get("triggers", []) if isinstance(section, Mapping) else []
    return _rules(TRIGGERS, entries if isinstance(entries, list) else [entries], "rebalance.triggers")


def _overrides(document: Mapping[str, Any]) -> tuple[Override, ...]:
    entries = enumerate(_list(document, "overrides"))
    return every(partial(_section, Override, entry, f"overrides[{place}]") for place, entry in entries)


def _returns(value: Any) -> tuple[ReturnRule, ...]:
    if not isinstance(value, list) or not value:
        raise MethodologyError("returns: expected a list such as [price, total]")
    rules = _rules(RETURNS, value, "returns")
    columns = [rule.column() for rule in rules]
    for column in columns:
        if columns.count(column) > 1:
            raise MethodologyError(f"returns: two entries give the column {column!r}; set `name` on one of them")
    if "price_return" not in columns:
        rules = (RETURNS.build("price", None), *rules)
    return rules


__all__ = ["DEFINING", "OPTIONAL", "REQUIRED", "VERSIONED", "Rulebook", "Section", "check_keys"]
