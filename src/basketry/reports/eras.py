"""The rules that made and judged levels of the past, where a version has changed them since."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from basketry.core.time import format_instant
from basketry.methodology.methodology import BY_INSTANT, Methodology, Version
from basketry.methodology.rulebook import Rulebook
from basketry.reports import policies


@dataclass(frozen=True)
class EraRow:
    """A section of the rules from one instant to another, in words.

    Attributes:
        section: Its key.
        valid_from, until: The first instant, and the first at which it holds no more.
        words: What it says, a sentence each.
    """

    section: str
    valid_from: str
    until: str
    words: tuple[str, ...]


def eras(methodology: Methodology) -> list[EraRow]:
    """Return what was in force when, for each section by which levels are computed and which versions change.

    Rules of determinations are first, then those of the basket that they made, then those of an instant.
    """
    rows: list[EraRow] = []
    for section, words in _OF_BASKETS.items():
        told = [tuple(words(version.rules)) for version in methodology.versions]
        starts = [place for place, now in enumerate(told) if place == 0 or now != told[place - 1]]
        rows += _rows(section, [methodology.versions[place] for place in starts], [told[place] for place in starts])
    for section in BY_INSTANT:
        found = methodology.eras(section)
        others = [era.rules for era in found]
        rows += _rows(section, found, [tuple(_words(section, era.rules, others)) for era in found])
    return rows


def _rows(section: str, found: Sequence[Version], told: Sequence[tuple[str, ...]]) -> Iterator[EraRow]:
    if len(found) == 1:
        return
    ends = [*(format_instant(later.valid_from) for later in found[1:]), "further notice"]
    for era, end, words in zip(found, ends, told, strict=True):
        yield EraRow(section, "the base" if era.number == 1 else format_instant(era.valid_from), end, words)


def _universe(rules: Rulebook) -> list[str]:
    return [rule.words() for rule in rules.universe] or ["Every candidate is eligible."]


def _weight(rules: Rulebook) -> list[str]:
    words = [rules.weight.words()]
    return [*words, policies.shortage(rules)] if rules.weight.caps and rules.weight.shortage == "refuse" else words


def _rebalance(rules: Rulebook) -> list[str]:
    return [rules.schedule.words(), *(trigger.words() for trigger in rules.triggers)]


def _review(rules: Rulebook) -> list[str]:
    review = rules.review
    return ["Members are determined at every rebalance." if review is None else review.words(rules.schedule)]


def _overrides(rules: Rulebook) -> list[str]:
    return [
        f"{entry.asset}: {entry.action} from {entry.valid_from} until {entry.until or 'further notice'} "
        f"({entry.reason}; {entry.approver}, {entry.date})."
        for entry in rules.overrides
    ] or ["No decision of the committee."]


def _missing(rules: Rulebook) -> list[str]:
    live = policies.live_age(rules)
    return [*policies.prices_missing(rules), f"A level is live while the oldest price used is younger than {live}."]


def _guard(rules: Rulebook) -> list[str]:
    return policies.guards(rules) or ["No guard is in force."]


def _events(rules: Rulebook) -> list[str]:
    return [f"{kind}: {treatment}" for kind, treatment in policies.corporate_events(rules)]


_OF_BASKETS: Mapping[str, Callable[[Rulebook], list[str]]] = {
    "universe": _universe,
    "select": lambda rules: [rules.select.words()],
    "weight": _weight,
    "rebalance": _rebalance,
    "review": _review,
    "overrides": _overrides,
    "missing": _missing,
    "guard": _guard,
    "events": _events,
}
"""Sections in force for determinations from an instant on, and for the baskets that they make, in words."""


def _words(section: str, rules: Rulebook, others: list[Rulebook]) -> list[str]:
    if section == "returns":
        # Only the series whose rule differs in some era.
        changed = [any(other.returns[place] != rule for other in others) for place, rule in enumerate(rules.returns)]
        return [f"{rule.column()}: {rule.words()}" for rule, told in zip(rules.returns, changed, strict=True) if told]
    if section == "prices":
        return [] if rules.prices is None else rules.prices.words()
    if section == "calculate":
        return [rules.calculate.words()]
    return policies.restatement(rules)[:1] if section == "restate" else [policies.publication(rules)]
