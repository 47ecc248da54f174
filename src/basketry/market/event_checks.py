"""What a row of the table of events must say to be one; asked wherever such rows enter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.event_kind import REMOVALS, EventKind
from basketry.core.frames import EVENTS

RATIO_MAX = 1e12
"""New units for one old unit, or old for one new; beyond it a ratio is an error of the input, as a price is."""

_TEXTS = tuple(name for name, column in EVENTS.columns.items() if column.nullable and column.dtype == pl.String())


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row is refused.

    Attributes:
        column: Where.
        reason: What is wrong, the same words for all rows that it is wrong with.
        remedy: What to do.
    """

    column: str
    reason: str
    remedy: str


_KINDS = {kind.value: kind for kind in EventKind}
_TWICE = Fault(
    "known_at",
    "another row tells of the same event as known at the same instant",
    "keep one of them, or give the one that corrects the other a later known_at",
)


def fault_of(row: Mapping[str, Any]) -> Fault | None:
    """Return the first fault of a row of the table of events; None where it has none.

    >>> fault_of({"kind": "hardfork", "asset": "btc"})
    Fault(column='kind', reason='the kind is unknown', remedy="write 'hard_fork'")
    >>> fault_of({"kind": "redenomination", "asset": "dot", "ratio": 100.0})
    """
    spelt = row["kind"]
    kind = _KINDS.get(spelt)
    if kind is None:
        return Fault("kind", "the kind is unknown", _kind_remedy(spelt))
    if not row["asset"].strip():
        return Fault("asset", "the asset is empty", "give its id")
    return _new_asset_fault(kind, row) or _ratio_fault(kind, row.get("ratio")) or _terms_fault(kind, row)


def _kind_remedy(spelt: str) -> str:
    plain = "_".join(spelt.lower().replace("-", " ").replace("_", " ").split())
    joined = {kind.value.replace("_", ""): kind.value for kind in EventKind}
    found = joined.get(plain.replace("_", ""))
    if found is not None:
        return f"write {found!r}"
    return f"the kinds are {', '.join(EventKind)}{nearest_hint(plain, joined.values())}"


def _new_asset_fault(kind: EventKind, row: Mapping[str, Any]) -> Fault | None:
    new_asset = (row.get("new_asset") or "").strip()
    needs_one = kind.distributes or kind in (EventKind.MIGRATION, EventKind.MERGER)
    if needs_one and not new_asset:
        remedy = "give the id of the new asset, even where the data do not hold it"
        return Fault("new_asset", f"{kind} without a new asset", remedy)
    if not new_asset:
        return None
    if new_asset == row["asset"]:
        remedy = "where the asset keeps its id, the kind is redenomination" if kind.converts else "give its own id"
        return Fault("new_asset", "the new asset is the asset itself", remedy)
    if not needs_one and kind is not EventKind.NAME_CHANGE:
        remedy = "leave new_asset empty; where the asset goes on under another id, the kind is migration"
        return Fault("new_asset", f"{kind} with a new asset", remedy)
    return None


def _ratio_fault(kind: EventKind, ratio: float | None) -> Fault | None:
    if kind in (EventKind.NAME_CHANGE, EventKind.DELISTING, EventKind.HALT):
        if ratio in (None, 1):
            return None
        remedy = "leave ratio empty"
        if kind is EventKind.NAME_CHANGE:
            remedy += "; where units are exchanged at a ratio, the kind is migration or redenomination"
        return Fault("ratio", f"{kind} with a ratio", remedy)
    if ratio is None:
        return Fault("ratio", f"{kind} without a ratio", "give the new units for one old unit, as in 100 or 0.01")
    if not (math.isfinite(ratio) and 1 / RATIO_MAX <= ratio <= RATIO_MAX):
        reason = f"the ratio is not a number between {1 / RATIO_MAX:g} and {RATIO_MAX:g}"
        return Fault("ratio", reason, "give the new units for one old unit, as in 100 or 0.01")
    return None


def _terms_fault(kind: EventKind, row: Mapping[str, Any]) -> Fault | None:
    until, removal = row.get("until"), row.get("removal")
    if until is not None and kind is not EventKind.HALT:
        return Fault("until", f"{kind} with an end", "leave until empty; only a halt has an end")
    if until is not None and until <= row["time"]:
        remedy = "give the first instant after the halt, or leave until empty"
        return Fault("until", "the halt ends before it begins, or then", remedy)
    if not removal:
        return None
    if removal not in REMOVALS:
        remedy = f"the words are {', '.join(REMOVALS)}{nearest_hint(removal.lower(), REMOVALS)}"
        return Fault("removal", "the removal is unknown", remedy)
    if not kind.departs:
        departing = ", ".join(own for own in EventKind if own.departs)
        return Fault("removal", f"{kind} with a removal", f"leave removal empty; a member leaves by {departing}")
    return None


def canonical_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with one spelling of each meaning: empty texts are null, and so is a knowledge time equal to `time`.

    Rows that mean the same have the same key then, whatever part of a lake they lie in.
    """
    texts = [pl.col(name).str.strip_chars().replace("", None) for name in _TEXTS if name in rows.columns]
    rows = rows.with_columns(texts)
    if "known_at" not in rows.columns:
        return rows
    later = pl.col("known_at") != pl.col("time")
    return rows.with_columns(pl.when(later).then("known_at").alias("known_at"))


def judge_events(table: pl.DataFrame, remedy: str = "") -> pl.DataFrame:
    """Return a table in the EVENTS schema in its canonical form.

    Args:
        table: In the EVENTS schema.
        remedy: What else may be done about a row that is none, for the message.

    Raises:
        DataError: A row is no event, or two rows say different things of one event as known at one instant.
    """
    rows = canonical_events(table)
    faults = refused_events(rows)
    if faults:
        place, fault = faults[0]
        row = rows.row(place, named=True)
        named = f"row {place + 1} ({row['kind']} of {row['asset']!r} at {row['time']:%Y-%m-%d %H:%M})"
        more = f"; {len(faults) - 1} more rows are wrong" if len(faults) > 1 else ""
        raise DataError(f"events: {named}: {told(row, fault)}{more}{remedy and f'; {remedy}'}")
    return rows


def refused_events(rows: pl.DataFrame) -> list[tuple[int, Fault]]:
    """Return the place and the fault of each row that is no event, of a table in its canonical form."""
    twice = rows.select(EVENTS.key).is_duplicated().to_list()
    found = ((place, fault_of(row) or (_TWICE if twice[place] else None)) for place, row in enumerate(rows.to_dicts()))
    return [(place, fault) for place, fault in found if fault is not None]


def sound_events(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that are events, of a table in its canonical form."""
    refused = [place for place, _ in refused_events(rows)]
    return rows.with_row_index("place").filter(~pl.col("place").is_in(refused)).drop("place")


def last_known(events: pl.DataFrame) -> pl.DataFrame:
    """Return one row an event: what was known of it last, known when the event was first known."""
    rows = events.with_columns(pl.coalesce("known_at", "time")).sort("known_at", maintain_order=True)
    first = pl.col("known_at").first().over("time", "kind", "asset", "new_asset")
    return rows.with_columns(first).unique(["time", "kind", "asset", "new_asset"], keep="last", maintain_order=True)


def without_refused(events: pl.DataFrame, aside: pl.DataFrame) -> pl.DataFrame:
    """Return events without the rows that are none and that were set aside.

    Args:
        events: EVENTS.
        aside: QUARANTINE; a row of it that names an event which is sound by now sets nothing aside.
    """
    marked = aside.filter(pl.col("table") == EVENTS.name).select("time", "asset")
    if marked.is_empty():
        return events
    refused = [place for place, _ in refused_events(canonical_events(events))]
    hidden = events.with_row_index("place").filter(pl.col("place").is_in(refused))
    hidden = hidden.join(marked, on=["time", "asset"], how="semi")
    return events.with_row_index("place").join(hidden, on="place", how="anti", maintain_order="left").drop("place")


def told(row: Mapping[str, Any], fault: Fault) -> str:
    """Return a fault with the value and the remedy."""
    return f"{fault.reason} ({fault.column} {value_in_words(row.get(fault.column))}); {fault.remedy}"


def value_in_words(value: Any) -> str:
    """Return a value of a row for a message."""
    return "empty" if value is None or value == "" else str(value) if hasattr(value, "isoformat") else repr(value)
