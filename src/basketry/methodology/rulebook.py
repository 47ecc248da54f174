"""One version of the rules, parsed: what a determination and a calculation work with."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.restatement import Restate
from basketry.core.time import local_instant
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
    restate: Restate
    prices: PriceRules | None
    overrides: tuple[Override, ...]
    base: Base
    description: str | None
    administrator: str | None

    @cached_property
    def candidacy(self) -> tuple[Hashable, ...] | None:
        """What decides who is ranked and where, as a key; None where a rule looks at who is a member."""
        if any(rule.heeds_members for rule in self.universe):
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
            MethodologyError: A section is wrong; the message starts with its path.
        """
        rebalance = _mapping(document, "rebalance")
        triggers = rebalance.pop("triggers", [])
        rules = Rulebook(
            universe=tuple(
                _built(UNIVERSE, entry, f"universe[{place}]") for place, entry in enumerate(_list(document, "universe"))
            ),
            select=_at("select", lambda: Selection.parse(document["select"])),
            weight=_at("weight", lambda: Weight.parse(document["weight"])),
            schedule=_section(Schedule, rebalance, "rebalance"),
            review=None if document.get("review") is None else _section(Review, document["review"], "review"),
            triggers=tuple(
                _built(TRIGGERS, entry, f"rebalance.triggers[{place}]")
                for place, entry in enumerate(triggers if isinstance(triggers, list) else [triggers])
            ),
            calculate=_section(CalculationCalendar, _mapping(document, "calculate"), "calculate"),
            missing=_section(Missing, _mapping(document, "missing"), "missing"),
            guard=_section(Guard, _mapping(document, "guard"), "guard"),
            events=_section(EventPolicy, _mapping(document, "events"), "events"),
            returns=_returns(document.get("returns", ["price"])),
            publish=_section(Publish, _mapping(document, "publish"), "publish"),
            restate=_section(Restate, _mapping(document, "restate"), "restate"),
            prices=PriceRules.parse(document["prices"]) if document.get("prices") is not None else None,
            overrides=tuple(
                _section(Override, entry, f"overrides[{place}]")
                for place, entry in enumerate(_list(document, "overrides"))
            ),
            base=_section(Base, _mapping(document, "base"), "base"),
            description=_words(document, "description"),
            administrator=_words(document, "administrator"),
        )
        check_weights(rules.weight, rules.select, rules.universe)
        if rules.schedule.fix == "supply" and not rules.weight.rule.counts_units:
            raise MethodologyError(
                f"rebalance.fix: supply goes with a weighting by capitalisation (market_cap with power 1, "
                f"free_float_market_cap); {rules.weight.rule.name} as written counts no units; write fix: weights or "
                "fix: units"
            )
        if rules.schedule.fix == "supply" and rules.weight.turnover is not None:
            raise MethodologyError(
                "weight.turnover: does not go with rebalance.fix: supply, by which weights are made at the change and "
                "not at the determination; write fix: weights or fix: units, or leave turnover out"
            )
        if rules.reviews is not None:
            base = local_instant(rules.base.date, rules.schedule.at, rules.schedule.zone)
            reviews = rules.reviews
            _at("review", lambda: check_reviews(reviews, rules.schedule, base))
        return rules


def check_keys(document: Mapping[str, Any]) -> None:
    """Raise MethodologyError for an unknown or missing top-level key."""
    for key in document:
        if key not in REQUIRED + OPTIONAL:
            raise MethodologyError(
                f"{key}: unknown key{nearest_hint(key, REQUIRED + OPTIONAL)}; keys: {', '.join(REQUIRED + OPTIONAL)}"
            )
    missing = [key for key in REQUIRED if document.get(key) is None]
    if missing:
        raise MethodologyError(f"the rulebook needs {', '.join(missing)}")


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, Mapping):
        raise MethodologyError(f"{key}: expected keys in braces, as in {key}: {{...}}, was {value!r}")
    return dict(value)


def _words(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise MethodologyError(f"{key}: expected a text, was {value!r}")
    return value


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key) or []
    if not isinstance(value, list):
        raise MethodologyError(f"{key}: expected a list, each entry on a line that starts with '-'")
    return value


def _built(registry: Any, entry: Any, place: str) -> Any:
    if isinstance(entry, str):
        entry = {entry: None}
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise MethodologyError(f"{place}: expected one rule, as in `- market_cap: {{min: 1_000_000}}`, was {entry!r}")
    ((name, value),) = entry.items()
    return _at(place, lambda: registry.build(str(name), value))


def _returns(value: Any) -> tuple[ReturnRule, ...]:
    if not isinstance(value, list) or not value:
        raise MethodologyError("returns: expected a list such as [price, total]")
    rules = tuple(_built(RETURNS, entry, f"returns[{place}]") for place, entry in enumerate(value))
    columns = [rule.column() for rule in rules]
    for column in columns:
        if columns.count(column) > 1:
            raise MethodologyError(f"returns: two entries give the column {column!r}; set `name` on one of them")
    if "price_return" not in columns:
        rules = (RETURNS.build("price", None), *rules)
    return rules


__all__ = ["DEFINING", "OPTIONAL", "REQUIRED", "VERSIONED", "Rulebook", "Section", "check_keys"]
