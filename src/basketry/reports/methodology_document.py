"""The methodology document: the rulebook in words, tables and formulas, generated from the rulebook itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from basketry.core.time import format_duration, format_instant
from basketry.methodology.methodology import Methodology, Version
from basketry.methodology.rule import Rule
from basketry.methodology.rulebook import Rulebook
from basketry.reports.pages import render

TREATMENTS = {
    "remove_at_last_price": "it is removed at its last price, shared by the other members; the level does not move",
    "remove_at_zero": "it is removed at a value of zero; the level falls by its weight",
    "to_cash": "its last value is held as cash until the next rebalance; the level does not move",
    "keep": "the last price is kept and the level is marked stale",
    "suspend": "the level is held and marked suspended until a price returns",
}


def methodology_document(
    methodology: Methodology, *, after: np.datetime64 | None = None, simulated: bool = False
) -> str:
    """Return the rulebook as an HTML page that needs no network.

    Args:
        methodology: The rulebook.
        after: The next dates are those after this instant; after the base unless given.
        simulated: Say that the index is computed on a simulated market.
    """
    rules = methodology.latest
    moment = methodology.base_instant if after is None else after
    dates = rules.schedule.next_dates(moment, 4, methodology.base_instant)
    return render(
        "methodology.html",
        methodology=methodology,
        rules=rules,
        simulated=simulated,
        base=format_instant(methodology.base_instant),
        universe=[_rule(rule) for rule in rules.universe],
        selection=_rule(rules.select.method),
        weighting=[_rule(rules.weight.rule), *(_rule(cap) for cap in rules.weight.caps)],
        triggers=[_rule(trigger) for trigger in rules.triggers],
        returns=[{**_rule(entry), "column": entry.column()} for entry in methodology.first.returns],
        dates=[
            [format_instant(x) for x in (date.determined_at, date.announced_at, date.effective_at)] for date in dates
        ],
        after=format_instant(moment),
        missing=f"The last price of a member is carried for {format_duration(rules.missing.carry_forward)}; after that "
        f"{TREATMENTS[rules.missing.then]}.",
        delisting=TREATMENTS[rules.events.delisting],
        guard=_guard(rules),
        restate=_restatement(rules),
        versions=[_version(methodology, version) for version in methodology.versions],
    )


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "words": rule.words(),
        "formula": rule.formula,
        "source": rule.source,
        "parameters": ", ".join(f"{key} = {value}" for key, value in rule.parameters().items()),
    }


def _guard(rules: Rulebook) -> list[str]:
    guard = rules.guard
    days = format_duration(guard.supply_window)
    found = []
    if guard.supply_change is not None:
        found.append(
            f"A candidate whose implied supply is more than {guard.supply_change:g} times its median of {days}, or "
            "less than one over it, counts with the median supply."
        )
    if guard.price_jump is not None:
        found.append(
            f"A price more than {guard.price_jump:g} times a member's last good one counts as missing; a "
            f"candidate priced that far above its median of {format_duration(guard.price_window)} is not eligible."
        )
    if guard.min_turnover is not None:
        found.append(
            f"A candidate whose median daily volume over {days} is below {guard.min_turnover:g} of its capitalisation "
            "is not eligible."
        )
    if guard.level_jump is not None:
        found.append(
            f"A level that moves by more than {guard.level_jump:g} times in one step is not published without approval."
        )
    return found


def _restatement(rules: Rulebook) -> str:
    window = (
        "at any time"
        if rules.restate.window is None
        else f"within {format_duration(rules.restate.window)} of its instant"
    )
    return (
        f"A published level is corrected when its relative error exceeds {rules.restate.threshold:.4%}, {window}. "
        "The published value stays in the record, with the correction, its size, reason and approver behind it."
    )


def _version(methodology: Methodology, version: Version) -> dict[str, Any]:
    before: dict[str, Any] = dict(methodology.document)
    for earlier in methodology.versions[1 : version.number - 1]:
        before |= earlier.changes
    return {
        "number": version.number,
        "from": "the base" if version.number == 1 else format_instant(version.valid_from),
        "note": version.note,
        "approver": version.approver or "-",
        "changes": [(key, str(before.get(key, "-")), str(value)) for key, value in version.changes.items()],
    }
