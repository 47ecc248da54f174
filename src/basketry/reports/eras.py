"""The rules that made and judged levels of the past, where a version has changed them since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basketry.core.time import format_instant
from basketry.methodology.methodology import BY_INSTANT, Methodology
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
    """Return what was in force when, for each section of the rules of an instant that versions change."""
    return [row for section in BY_INSTANT for row in _rows(methodology, section)]


def _rows(methodology: Methodology, section: str) -> Iterator[EraRow]:
    found = methodology.eras(section)
    if len(found) == 1:
        return
    ends = [*(format_instant(later.valid_from) for later in found[1:]), "further notice"]
    for era, end in zip(found, ends, strict=True):
        start = "the base" if era.number == 1 else format_instant(era.valid_from)
        others = [other.rules for other in found]
        yield EraRow(section, start, end, tuple(_words(section, era.rules, others)))


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
