"""The policies of a rulebook in sentences: missing prices, sanity of inputs, corporate events, restatement."""

from __future__ import annotations

from datetime import timedelta

from basketry.core.time import format_duration
from basketry.methodology.rulebook import Rulebook

TREATMENTS = {
    "remove_at_last_price": "it leaves at its last price: its value is spread over the other members and the level "
    "does not move",
    "remove_at_zero": "it leaves at a value of zero: the level falls by its weight",
    "to_cash": "its last value is held as cash until the next rebalance: the level does not move",
    "keep": "its last price is kept, and the level is marked stale",
    "suspend": "the level is held and marked suspended until a price returns",
}
CREDITS = {
    "ignore": "is not credited; the basket stays as it is",
    "credit": "is added to the basket from its first price until the next rebalance",
}


def missing_prices(rules: Rulebook) -> list[str]:
    """Return the policy on members without a price, which is also the rule of extraordinary removal, and on cash."""
    return [*prices_missing(rules), *_of_cash(rules)]


def prices_missing(rules: Rulebook) -> list[str]:
    """Return what is done about a member without a price, as the section `missing` says."""
    length = _length(rules.missing.carry_forward)
    return [
        f"A member without a price at a calculation instant counts with its last price, carried for {length} at most; "
        "the level is marked carried.",
        f"After {length}, {TREATMENTS[rules.missing.then]}.",
        "At an instant at which no member has a price, whatever other assets have, nobody is removed: the level is "
        f"carried, and suspended once the oldest price is older than {length}. When prices return, members still "
        "without one are treated as above. Nor is anybody removed where every price is too old.",
        f"A candidate whose last price is older than {length} at the determination cannot be selected.",
    ]


def live_age(rules: Rulebook) -> str:
    """Return how old the oldest price of a live level may be, in words."""
    return "one step of the data" if rules.missing.live is None else format_duration(rules.missing.live)


def _of_cash(rules: Rulebook) -> list[str]:
    if rules.weight.cash is None:
        return []
    return [
        "The cash member is no observed price: it is never missing, keeps no level live, and takes its part of what "
        "is spread over the other members. Corporate events do not concern it."
    ]


def guards(rules: Rulebook) -> list[str]:
    """Return what keeps one absurd input from taking the index, a sentence each."""
    guard, found = rules.guard, []
    if guard.supply_change is not None:
        step = "" if guard.supply_step is None else f" {guard.supply_step:g} times the one before or"
        found.append(
            f"Supply: a candidate's implied supply that is more than{step} {guard.supply_change:g} times the one "
            f"{_length(guard.supply_window)} before, or as much below, is not believed. The one before the jump counts "
            "and grows with what is reported, until a second source, a recorded corporate event or a decision of the "
            "committee confirms the new one."
        )
    if guard.price_jump is not None:
        found.append(
            f"Price: a price more than {guard.price_jump:g} times the last good price of a member counts as missing, "
            f"and a candidate priced that far above its median over {_length(guard.price_window)} is not eligible. "
            "Falls are believed: a collapse is real more often than not."
        )
    if guard.min_turnover is not None:
        found.append(
            f"Turnover: a candidate whose median daily volume over {_length(guard.supply_window)} is below "
            f"{_plain(guard.min_turnover * 100)}% of its capitalisation is not eligible: no market stands "
            "behind the figure."
        )
    if guard.level_jump is not None:
        found.append(
            f"Level: a level that moves by more than a factor of {guard.level_jump:g} in one step is not published "
            "until somebody releases it."
        )
    if guard.member_jump is not None:
        found.append(
            f"Members: nor are levels of a step in which the prices of {_plain(guard.member_share * 100)}% of the "
            f"members move by more than a factor of {guard.member_jump:g} the same way."
        )
    return found


def corporate_events(rules: Rulebook) -> list[tuple[str, str]]:
    """Return each kind of corporate event with its treatment."""
    events = rules.events
    return [
        ("Redenomination", "Units are multiplied by the ratio; value and level stay as they were."),
        ("Migration", "The old asset is replaced by the new one at the ratio; value and level stay as they were."),
        ("Hard fork", f"The new asset {CREDITS[events.hard_fork]}."),
        ("Airdrop", f"The new asset {CREDITS[events.airdrop]}."),
        ("Delisting", f"When a member is delisted, {TREATMENTS[events.delisting]}."),
        ("Halt", "Prices observed during a halt count as missing."),
    ]


def restatement(rules: Rulebook) -> list[str]:
    """Return when and how a published level is corrected."""
    rule = rules.restate
    when = "at any time" if rule.window is None else f"within {_length(rule.window)} of its instant"
    if rule.policy == "forward":
        first = "A published level stands. An error that is found later is recorded with its size."
    else:
        first = (
            f"Published levels are corrected when the relative error of one of them exceeds "
            f"{_plain(rule.threshold * 100)}% and it is found {when}: then all levels from the first wrong one within "
            "that time. Other errors stay as published and are recorded with their size."
        )
    return [
        first,
        "After what stands the index goes on from the published level, at the prices known by then: the divisor takes "
        "up the error, so that the returns that follow are those of the basket. A wrong member stays until the next "
        "rebalance.",
        "Nothing is overwritten: the record keeps the published value, and behind it the correction, its size, its "
        "reason and its approver.",
    ]


def publication(rules: Rulebook) -> str:
    """Return how levels are rounded."""
    return (
        f"Levels are published with {rules.publish.decimals} decimals, rounded once, half to even. The calculation "
        "goes on from the level before rounding."
    )


def shortage(rules: Rulebook) -> str:
    """Return what happens on a date when too few assets are eligible for the caps."""
    if rules.weight.shortage == "equal":
        return (
            "On a date when too few assets are eligible for the caps, "
            f"{rules.weight.shortage_words()}, and the shortage is recorded."
        )
    return "A date when too few assets are eligible for the caps is refused: no composition is made."


def _length(length: timedelta) -> str:
    """Return a length in words.

    >>> _length(timedelta(days=3)), _length(timedelta(hours=1)), _length(timedelta(hours=36))
    ('3 days', '1 hour', '36 hours')
    """
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds / size:g} {unit}{'s' if seconds != size else ''}"
    return f"{seconds:g} seconds"


def _plain(value: float) -> str:
    """Return a number without exponent or trailing zeros.

    >>> _plain(1e-4), _plain(0.1), _plain(50.0)
    ('0.0001', '0.1', '50')
    """
    return f"{value:.12f}".rstrip("0").rstrip(".")
