"""What a rulebook alone shows that may not be meant: parameters, empty keys, keys that never have an effect."""

from __future__ import annotations

from collections.abc import Iterator

from basketry.jobs.check_overrides import reversed_dates
from basketry.market.cash import CASH
from basketry.methodology.rulebook import Rulebook

Place = tuple[str | int, ...]


def doubts(rules: Rulebook, section: str) -> Iterator[tuple[Place, str, str | None]]:
    """Give what a section gives that may not be meant: where in it, in words, and the name of the key or none.

    Args:
        rules: The rules.
        section: The key of the section.
    """
    weight = rules.weight
    if section == "weight":
        found = weight.rule.doubt_of(weight.invested)
        if found is not None:
            yield (), found, "weights"
        cash = None if weight.cash is None else weight.cash.doubt()
        if cash is not None:
            yield ("cash",), cash, "rate"
    if section == "returns":
        for series in rules.returns:
            words = series.doubt()
            if words is not None:
                yield (), words, series.name
    if section == "select":
        for key, words in rules.select.doubts():
            yield (key,), words, None
    if section == "universe" and weight.cash is not None:
        for place, rule in enumerate(rules.universe):
            if CASH in rule.reads.assets:
                yield (place,), f"{CASH} is the cash member, which no rule of the universe looks at; leave it out", None
    if section == "overrides":
        for place, override in enumerate(rules.overrides):
            words = reversed_dates(override)
            if words is not None:
                yield (place,), words, None
