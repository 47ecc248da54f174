"""Verify what a record says beside tables: publications, restatements and releases, each against its rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from basketry.core.time import to_instant
from basketry.index.effective import check_effective
from basketry.index.proforma import announcements
from basketry.index.result import IndexResult
from basketry.jobs.contradictions import by_events, told_late
from basketry.jobs.recompute import Recomputation
from basketry.jobs.verify_check import Check
from basketry.jobs.verify_epochs import epochs_of
from basketry.jobs.verify_gate import gate_check
from basketry.jobs.verify_restatements import restatements_check
from basketry.ledger.bodies import PublishedBody, moment
from basketry.ledger.folder import PublishedFolder, result_tables, timed_bodies
from basketry.ledger.record import Entry
from basketry.ledger.told import TIMED

SECOND = np.timedelta64(1, "s")


def record_checks(
    published: PublishedFolder, again: Recomputation, result: IndexResult, other: Sequence[int]
) -> Iterator[Check]:
    """Give the checks of publications, restatements and releases.

    Args:
        published: The folder, whose record says the same as its tables.
        again: The index on its markets.
        result: What was computed again.
        other: Numbers of the publications of other data, see `basketry.jobs.read_data.other_data`.
    """
    yield _publications(published, result, other)
    epochs = epochs_of(published, again, result)
    if published.told.restatements:
        yield restatements_check(published, again, epochs, other)
    yield from _events_let_through(published, again, result)
    if published.manifest["format"] != 1:
        yield _announcements(published, result)
    if published.record[-1].at is not None:
        yield gate_check(published, again, epochs, other)


def _publications(published: PublishedFolder, result: IndexResult, other: Sequence[int]) -> Check:
    """Check of each publication what it knew, that its lines say so, and the digest of what it read."""
    name = "publications"
    waiting: list[Entry] = []
    last_restated = max((entry.seq for entry, _ in published.told.restatements), default=-1)
    bodies = {entry.seq: body for entry, body in published.told.publications}
    for entry in published.record:
        if entry.kind in TIMED or entry.kind == "methodology":
            waiting.append(entry)
        if entry.seq not in bodies:
            continue
        body = bodies[entry.seq]
        strange = next((line for line in waiting if line.body.get("known_by") != body.known_by), None)
        if strange is not None and body.software is not None:
            return Check(
                name, False, f"entry {strange.seq} was made from other data than its publication, entry {entry.seq}"
            )
        if entry.seq in other and entry.seq > last_restated:
            return Check(
                name, False, f"the data of entry {entry.seq}, through {body.through}, are not those of its digest"
            )
        if _foreseen(entry, body, result):
            return Check(name, False, f"entry {entry.seq} knows of {body.known_by}, after it was written, {entry.at}")
        waiting = []
    if not bodies:
        odd = [line for line in waiting if line.body.get("known_by", published.known_by) != published.known_by]
        if odd:
            return Check(name, False, f"entry {odd[0].seq} was made from other data than manifest.json says")
    wrong = _parts(published, result)
    if wrong is not None:
        return Check(name, False, wrong)
    lost = f"; the data of {len(other)} before a restatement were replaced without a time of knowledge" if other else ""
    count = sum(body.software is not None for body in bodies.values())
    return Check(
        name, True, f"{count - len(other)} of {len(bodies)} publications are from the data of their digest{lost}"
    )


def _foreseen(entry: Entry, body: PublishedBody, result: IndexResult) -> bool:
    """Return whether a publication knew what came after it; a simulated market may go on after its time."""
    if entry.at is None or body.known_by is None or result.panel.simulated:
        return False
    return bool(moment(body.known_by) >= moment(entry.at) + SECOND)


def _events_let_through(published: PublishedFolder, again: Recomputation, result: IndexResult) -> Iterator[Check]:
    """Tell of events that moved published figures, were known to a later publication, and are in no correction.

    An earlier rule let them count from when they were known; the next publication asks for a correction.
    """
    told = published.told
    known_by = told.publications[-1][1].known_by if told.publications else None
    if known_by is None or (again.known_by is not None and to_instant(again.known_by) < moment(known_by)):
        return
    known = replace(again, known_by=known_by)
    if by_events(published, known, result):
        words = "; ".join(told_late(published, known))
        yield Check("events told late", True, f"a return is that of an error, and no entry says so: {words}")


def _parts(published: PublishedFolder, result: IndexResult) -> str | None:
    """Return what is wrong with the lines of days that were published in parts; None for nothing."""
    restated = {line.seq for lines in published.told.superseded.values() for line in lines}
    for line in published.told.parts:
        if line.seq in restated:
            continue
        day = pl.col("time").dt.date().cast(pl.String) == line.time[:10]
        tables = {**result_tables(result), "levels": result.published_levels.filter(day)}
        expected = [
            body
            for kind, body in timed_bodies(tables, result.return_columns, to_instant(line.time))
            if kind == line.kind
        ]
        if line.body not in expected:
            return f"entry {line.seq} ({line.kind}) says {line.body}, recomputed {expected[-1] if expected else None}"
    return None


def _announcements(published: PublishedFolder, result: IndexResult) -> Check:
    """Check that what was announced is what the rules gave then, and that what took effect is what was announced."""
    name = "announcements"
    lines = [("announced", change.body()) for change in announcements(result)]
    told = replace(published.told, lines=[line for line in published.told.lines if line.kind == "announced"])
    for line in told.unfounded(lines):
        return Check(name, False, f"entry {line.seq} announces {line.body}, which the rules did not give then")
    for _, body in told.missing(lines):
        found = f"the change of {body['effective_at']} was announced at {body['time']}, and no line says so"
        return Check(name, False, found)
    made = 0
    for line in told.lines:
        differences = check_effective(line.body, result)
        made += differences is not None
        odd = next((item for item in differences or () if not item.reason), None)
        if odd is not None:
            words = f"{odd.figure} of {odd.asset} announced {odd.announced}, effective {odd.effective}"
            return Check(name, False, f"entry {line.seq}, the change of {line.body['effective_at']}: {words}")
    words = f"{len(told.lines)} announcements, of which {made} took effect as announced or otherwise for a reason"
    return Check(name, True, words)
