"""Where the data contradict what was published, and what of it a stranger could still verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl

from basketry.core.errors import RecordError
from basketry.core.version import VERSION
from basketry.index.late import RESTATEMENT
from basketry.index.result import IndexResult
from basketry.jobs.read_data import way_back
from basketry.jobs.recompute import Recomputation
from basketry.jobs.restate import Differences, Judgment, differences, kept_through
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, result_lines, stamp
from basketry.ledger.told import Stretch
from basketry.market.events import EventRow

NOTHING = Differences((), ())


def as_told(result: IndexResult, published: PublishedFolder) -> IndexResult:
    """Return a result with the levels, compositions and events of a folder in place of its own."""
    tables = published.tables
    return replace(result, levels=tables["levels"], compositions=tables["compositions"], events=tables["events"])


def contradictions(published: PublishedFolder, again: Recomputation, result: IndexResult) -> Differences:
    """Return where the data now give other figures than were published, and no correction has dealt with it yet.

    Args:
        published: The folder.
        again: The index on its markets.
        result: The index with its last stretch read from all that is known now.
    """
    told = published.told
    through = moment(str(told.through))
    lines = result_lines(result, through)
    wrong = told.unfounded(lines)
    settled = settled_by(published)
    if wrong:
        standing = as_told(result, published)
        gone = lost(published, result)
        if not gone.bearable(again.rules):
            return gone
        found = differences(standing, result, settled, through)
        events = [line.time for line in wrong if line.kind in ("event", "announced")]
        if found or events:
            learned = _learned(published, again, result)
            return Differences(
                (*learned.levels, *found.levels),
                (*learned.compositions, *found.compositions),
                (*learned.other, *found.other, *events),
            )
    return _learned(published, again, result) or by_events(published, again, result)


def told_late(published: PublishedFolder, again: Recomputation) -> list[str]:
    """Return in words the events told late that no correction before has counted, those of who was ever held first."""
    rows, held = _unsettled(published, again), set(published.tables["compositions"]["asset"])
    concerned = [row for row in rows if row[2] in held or row[3] in held]
    return [
        f"{kind} of {asset} at {stamp(time)}, told late, at {stamp(known)}"
        for time, kind, asset, _, known in sorted(concerned or rows)
    ]


def _unsettled(published: PublishedFolder, again: Recomputation) -> frozenset[EventRow]:
    """Return the rows of events told late that became known after the last correction."""
    now = again.panel().known_by
    last = published.told.restatements[-1][1] if published.told.restatements else None
    return again.late(None if now is None else stamp(now)) - again.late(None if last is None else last.known_by)


def by_events(published: PublishedFolder, again: Recomputation, result: IndexResult) -> Differences:
    """Return where figures, or the basket that goes on, would be others were events told late known at their time."""
    if not _unsettled(published, again):
        return NOTHING
    whole = [stretch for stretch in published.stretches if stretch.through is not None]
    standing, settled = as_told(result, published), settled_by(published)
    fresh = again.result([*whole[:-1], again.anew(whole[-1])])
    # What is merely told at another instant moves no figure.
    through = str(published.told.through)
    found = replace(differences(standing, fresh, settled, moment(through)), other=())
    beyond = [*whole, again.anew(Stretch(through, through, None, None))]
    if not found and _times_gone_on(again, beyond) > _times_gone_on(again, whole):
        found = Differences((), (), (through,))
    if settled is None:
        return found
    last = published.told.restatements[-1][1].known_by
    now, then = (
        replace(kept_through(again, whole, standing, known_by, settled), other=()) for known_by in (None, last)
    )
    if now == then:
        return found
    return Differences((*now.levels, *found.levels), (*now.compositions, *found.compositions), found.other)


def _times_gone_on(again: Recomputation, stretches: Sequence[Stretch]) -> int:
    """Return how often an index over some stretches goes on with another basket, or at other prices, than before."""
    return again.result(stretches).events.filter(kind=RESTATEMENT, asset="*").height


def lost(published: PublishedFolder, result: IndexResult) -> Differences:
    """Return where figures that the last correction left as they were are not those of a recomputation."""
    settled = settled_by(published)
    if settled is None:
        return NOTHING
    found = differences(as_told(result, published), unbiased(result, published.stretches), None, settled)
    # The basket that goes on at that instant is of what is known by who goes on.
    stays = tuple(item for item in found.compositions if moment(item[0]) < settled)
    return replace(found, compositions=stays)


def unbiased(result: IndexResult, stretches: Sequence[Stretch]) -> IndexResult:
    """Return a result as it would be if no stretch went on from another level than the ones before it give.

    Errors of levels that nobody can compute again are so counted from the beginning, however many corrections let
    some stand: what one of them bears, the next does not bear once more.
    """
    bias, level, times = 1.0, result.level().copy(), result.times
    given = result.published_levels["price_return"].to_numpy()
    for stretch in stretches:
        if stretch.after is None or stretch.level is None:
            continue
        row = int(np.searchsorted(times, moment(stretch.after)))
        if row < len(times) and given[row] != stretch.level:
            step = given[row] / stretch.level
            level[row + 1 :] *= step
            bias *= step
    return (
        result if bias == 1.0 else replace(result, levels=result.levels.with_columns(pl.Series("price_return", level)))
    )


def settled_by(published: PublishedFolder) -> np.datetime64 | None:
    """Return the last instant that the last correction left as it was; None where there is none."""
    restatements = published.told.restatements
    after = restatements[-1][1].after if restatements else None
    return None if after is None else moment(after)


def _learned(published: PublishedFolder, again: Recomputation, result: IndexResult) -> Differences:
    """Return what stands since the last correction and is wrong in another way than was known then."""
    settled = settled_by(published)
    if settled is None:
        return NOTHING
    _, last = published.told.restatements[-1]
    if again.panel(last.known_by).until(settled).digest() == again.panel().until(settled).digest():
        return NOTHING
    whole = [stretch for stretch in published.stretches if stretch.through is not None]
    standing = as_told(result, published)
    found, then = (kept_through(again, whole, standing, known_by, settled) for known_by in (None, last.known_by))
    return NOTHING if found == then else found


def require_verifiable(
    published: PublishedFolder, again: Recomputation, standing: IndexResult, judgment: Judgment
) -> None:
    """Raise RecordError where figures are to stand that nobody could find right.

    What stands although it is wrong by more than the threshold must be what the data gave as they were known. Rows that
    were replaced without a time of knowledge give it no more.
    """
    if judgment.after is None or cause_of(published, again) == "software":
        return
    fresh = unbiased(again.result(published.stretches), published.stretches)
    gone = differences(standing, fresh, None, judgment.after)
    if not gone.bearable(again.rules):
        raise RecordError(
            f"{published.path}: {gone.words()}, too late to correct them by the rule, and the data as they were "
            f"known then are gone: {way_back(published)}"
        )


def cause_of(published: PublishedFolder, again: Recomputation) -> Literal["data", "software"]:
    """Return `software` where another version of the program gives other figures from the same data, else `data`."""
    made = {stretch.software for stretch in published.stretches if stretch.software is not None}
    last = published.stretches[-1]
    through = moment(str(published.told.through))
    same = again.panel(last.known_by).until(through).digest() == published.manifest["inputs"]["digest"]
    same = same and not _unsettled(published, again)
    return "software" if made - {VERSION} and same else "data"
