"""The next composition of an index for pages: only what is announced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from basketry.index.proforma import ProForma
from basketry.index.records import Scope

SHOWN = 100


def next_compositions(announced: Sequence[ProForma]) -> list[dict[str, Any]]:
    """Return what a page shows of announced changes, each with its rows, the largest weight first.

    Args:
        announced: As `announced_changes` gives them.
    """
    return [_section(entry) for entry in announced]


def _section(found: ProForma) -> dict[str, Any]:
    rows = [
        {
            "asset": entry.asset,
            "change": entry.change,
            "held": entry.held,
            "next": entry.determined,
            "now": entry.weight,
            "units": entry.units,
            "difference": None if entry.weight is None else entry.weight - entry.held,
        }
        for entry in found.ranked()
    ]
    return {
        "found": found,
        "stage": found.stage.value,
        "members_only": found.scope is Scope.MEMBERS,
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
    }
