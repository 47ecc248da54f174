"""The digest of a panel: what it holds up to its last instant, as one SHA-256."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from basketry.core.digest import digest_array, digest_bytes, digest_strings
from basketry.core.time import to_datetime
from basketry.market.left_out import left_out

if TYPE_CHECKING:
    from basketry.market.panel import Panel

_DECISION = ("removal", "approver", "reason")
"""Columns of the table of events that tables of the old form lack."""


def digest_panel(panel: Panel) -> str:
    """Return the SHA-256 of a panel; see `Panel.digest`."""
    held = {name: (~np.isnan(panel.fields[name])).any(axis=0) for name in sorted(panel.fields)}
    priced = np.logical_or.reduce(list(held.values()), axis=0)
    kept = [name for name, has in zip(panel.assets, priced, strict=True) if has]
    parts = [digest_array(panel.times.astype(np.int64)), digest_strings(kept)]
    for name, has in held.items():
        if has.any():
            values = panel.fields[name]
            parts += [name, digest_array(values if priced.all() else values[:, priced])]
    known = panel.events.sort("time", "kind", "asset", "new_asset", "known_at", nulls_last=True)
    # Columns without any value do not count either, so that a table without decisions has the digest it had.
    blank = [name for name in _DECISION if known[name].null_count() == known.height]
    parts += [known.drop("note", *blank).write_csv(), panel.facts.digest(kept, panel.now)]
    if not panel.rate_table.is_empty():
        seen = pl.coalesce("known_at", "time") <= to_datetime(panel.now)
        parts.append(panel.rate_table.filter(seen).sort("time", "rate", "known_at").write_csv())
    if panel.revisions is not None and panel.known_by is not None:
        revised = panel.revisions.digest(panel.assets, len(panel.times), panel.known_by)
        parts += [] if revised is None else [revised]
    return digest_bytes(*(part.encode() for part in parts))


def digest_known(panel: Panel, digest: str) -> str:
    """Return the SHA-256 of all that an index says of a panel up to its last instant.

    Beside what `digest_panel` covers, which is given, these are what was left out of the data, and the notes of events.
    """
    notes = panel.events.sort(pl.all(), nulls_last=True).write_csv()
    rejected = left_out(panel).sort("time", "asset", "field", "value").write_csv()
    return digest_bytes(*(part.encode() for part in (digest, rejected, notes)))


def digest_rows(panel: Panel, after: np.datetime64 | None, through: np.datetime64, known_by: np.datetime64) -> str:
    """Return the SHA-256 of the figures observed in (after, through], and of the corporate events known by an instant.

    Args:
        panel: The market.
        after: The instant before the first; the beginning of the data where None.
        through: The last one.
        known_by: The instant up to which events were known.
    """
    start = 0 if after is None else int(panel.times.searchsorted(after, side="right"))
    stop = int(panel.times.searchsorted(through, side="right"))
    rows = {name: panel.part(name, start, stop) for name in sorted(panel.fields)}
    seen = np.zeros(len(panel.assets), dtype=bool)
    for values in rows.values():
        seen |= ~np.isnan(values).all(axis=0)
    parts = [digest_array(panel.times[start:stop].astype(np.int64))]
    parts.append(digest_strings(name for name, has in zip(panel.assets, seen, strict=True) if has))
    for name, values in rows.items():
        if not np.isnan(values).all():
            parts += [name, digest_array(values[:, seen])]
    parts.append(_events(panel, known_by))
    return digest_bytes(*(part.encode() for part in parts))


def digest_events(panel: Panel, known_by: np.datetime64) -> str:
    """Return the SHA-256 of the corporate events known by an instant, which may be later than the last row."""
    return digest_bytes(_events(panel, known_by).encode())


def _events(panel: Panel, known_by: np.datetime64) -> str:
    events = panel.event_table.filter(pl.coalesce("known_at", "time") <= to_datetime(known_by))
    return events.drop("note").sort("time", "kind", "asset", "new_asset", "known_at", nulls_last=True).write_csv()
