"""Whether the data still give, as known then, what each publication was made from; else no folder verifies."""

from __future__ import annotations

from basketry.core.errors import RecordError
from basketry.core.time import to_instant
from basketry.jobs.recompute import Recomputation
from basketry.jobs.verify_check import parts_of
from basketry.ledger.bodies import PublishedBody
from basketry.ledger.folder import PublishedFolder
from basketry.market.panel_digest import digest_rows


def other_data(published: PublishedFolder, again: Recomputation) -> list[int]:
    """Return the numbers of the publications that are of other data than the market now gives as known then.

    Reference prices are made anew for each instant of knowledge, which takes its time: the last of each stretch.
    """
    known = {stretch.known_by for stretch in published.stretches}
    found = []
    for part in parts_of(published.told):
        body = part.body
        compared = body.software is not None and (again.rules.first.prices is None or body.known_by in known)
        if compared and digest_rows_of(again, body, part.after) != body.inputs:
            found.append(part.entry.seq)
    return found


def digest_rows_of(again: Recomputation, body: PublishedBody, after: str | None) -> str:
    """Return the digest of what a publication read: the rows after the one before it, as they were known."""
    panel = again.panel(body.known_by)
    known_by = panel.now if body.known_by is None else to_instant(body.known_by)
    return digest_rows(panel, None if after is None else to_instant(after), to_instant(body.through), known_by)


def require_data_as_read(published: PublishedFolder, again: Recomputation) -> None:
    """Raise RecordError where a publication since the last correction was made from other rows than the data now give.

    `verify` asks the same. What moves a figure is told by `contradictions`; this is what moves none, such as a row of
    an asset that is no member, with a time of knowledge before a publication that did not know it.
    """
    corrected = max((entry.seq for entry, _ in published.told.restatements), default=-1)
    gone = next((seq for seq in other_data(published, again) if seq > corrected), None)
    if gone is None:
        return
    body = next(body for entry, body in published.told.publications if entry.seq == gone)
    raise RecordError(
        f"{published.path}: no published figure differs, but the data of entry {gone}, through {body.through}, are not "
        f"those that it was made from: {way_back(published)}"
    )


def way_back(published: PublishedFolder) -> str:
    """Return what happened to data that are not those of a publication, and what to do, in words."""
    return (
        f"rows were added or replaced, or values set aside, as if that had been known by {published.known_by}. Rows "
        "that came late: import the same rows again with basketry data import --late, and where they state a known_at, "
        "with one after that instant. Rows that were replaced: import the earlier ones with a known_at equal to their "
        "time, and then the corrected ones without"
    )
