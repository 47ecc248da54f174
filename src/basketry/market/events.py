"""Corporate events as values: what happened to which asset, from when on, and since when it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.event_kind import EventKind

__all__ = ["FOREVER", "CorporateEvent", "EventKind", "EventRow", "events_of"]

EventRow = tuple[np.datetime64, str, str, str, np.datetime64]
"""What tells a row of the table of events from all others: its key, and when it was known."""

FOREVER = np.datetime64("9999-12-31", "us")
"""The end of a halt that has none yet."""


@dataclass(frozen=True, slots=True)
class CorporateEvent:
    """One row of the table of events (EVENTS schema).

    Attributes:
        time: Instant from which the event holds.
        known_at: When it was known.
        kind: What happened.
        asset: The asset concerned; the old one of a migration or merger.
        new_asset: The new asset of a migration, merger, fork or airdrop; None for none.
        ratio: New units for one old unit.
        until: End of a halt, exclusive; the end of time where it has none.
        removal: How a member leaves, in the words of `events: delisting` or replace_by_next; None for the
            index's own policy.
        approver, reason: Of a decision about the event; '' for none.
        note: Reason and source.
    """

    time: np.datetime64
    known_at: np.datetime64
    kind: EventKind
    asset: str
    new_asset: str | None = None
    ratio: float = 1.0
    until: np.datetime64 = FOREVER
    removal: str | None = None
    approver: str = ""
    reason: str = ""
    note: str = ""

    @property
    def seen(self) -> np.datetime64:
        """The first instant at which the event is both in force and known."""
        return max(self.time, self.known_at)

    @property
    def key(self) -> tuple[np.datetime64, str, str, str]:
        """What a later row that corrects this one shares with it."""
        return (self.time, self.kind.value, self.asset, self.new_asset or "")

    @property
    def row(self) -> EventRow:
        """What tells this row from all others."""
        return (*self.key, self.known_at)


def events_of(table: pl.DataFrame) -> tuple[CorporateEvent, ...]:
    """Return the events of a table in the EVENTS schema, in the order of (seen, time, kind, asset, new_asset).

    Of several rows with one key, each is an event of its own: one known later corrects the one before.

    >>> events_of(pl.DataFrame())
    ()
    """
    if table.is_empty():
        return ()
    found = []
    for row in table.iter_rows(named=True):
        time = np.datetime64(row["time"].replace(tzinfo=None), "us")
        known = row["known_at"]
        new_asset = row["new_asset"]
        found.append(
            CorporateEvent(
                time=time,
                known_at=time if known is None else np.datetime64(known.replace(tzinfo=None), "us"),
                kind=EventKind(row["kind"]),
                asset=row["asset"],
                new_asset=new_asset or None,
                ratio=1.0 if row["ratio"] is None else float(row["ratio"]),
                until=FOREVER if row["until"] is None else np.datetime64(row["until"].replace(tzinfo=None), "us"),
                removal=row.get("removal") or None,
                approver=row.get("approver") or "",
                reason=row.get("reason") or "",
                note=row["note"] or "",
            )
        )
    return tuple(sorted(found, key=lambda event: (event.seen, *event.key, event.known_at)))
