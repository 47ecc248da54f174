"""Verify what was released: of each publication the steps beyond the guard, as the data and the levels were then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from basketry.jobs.gate import Jump, level_steps, member_steps
from basketry.jobs.recompute import Recomputation
from basketry.jobs.verify_check import Check, Part, irreproducible, parts_of
from basketry.jobs.verify_epochs import Epoch
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, stamp
from basketry.ledger.record import Entry
from basketry.market.panel import Panel

NAME = "gate"


def gate_check(
    published: PublishedFolder, again: Recomputation, epochs: Sequence[Epoch], other: Collection[int]
) -> Check:
    """Check that every step which the gate held back was released, and that what was released was one.

    What moved is asked of each publication as it was asked when it was made: of the data as they were known, and of the
    levels as they were told. Where the data of a publication that was corrected since are gone, its levels alone tell.
    """
    parts = {part.entry.seq: part for part in parts_of(published.told)}
    last = len(epochs) - 1
    lost = [part for part in irreproducible(parts.values(), other) if part.epoch < last]
    steps = half = 0
    for seq, released in _released(published.record):
        if seq not in parts:
            return Check(NAME, False, f"entry {released[0].seq} releases a step before entry {seq} corrects it")
        part = parts[seq]
        gone = any(item.epoch == part.epoch and item.entry.seq <= seq for item in lost)
        epoch = epochs[part.epoch]
        if gone and any(line.kind == "levels" for line in epoch.told.lines):
            half += 1  # Of days with many levels the record tells the last one alone.
            continue
        found = Counter((stamp(step.time), step.words) for step in _steps(part, again, epoch, members=not gone))
        named = [(str(entry.body["time"]), str(entry.body["found"])) for entry in released]
        told = Counter(step for step in named if not gone or step[1].startswith("the level"))
        for time, words in sorted(found - told):
            return Check(NAME, False, f"at {time} {words}, and nobody released it")
        for time, words in sorted(told - found):
            return Check(NAME, False, f"the record releases what did not happen: at {time} {words}")
        steps += len(released)
        half += gone
    words = (
        f"{steps} steps beyond the bounds of the guard, each released"
        if steps
        else ("no step beyond the bounds of the guard")
    )
    if half:
        words += f"; of {half} publications that were corrected the data are gone, and with them what members moved"
    return Check(NAME, True, words)


def _released(record: Sequence[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Give the number of each publication with the releases that were told for it; of a correction, those before it."""
    waiting: list[Entry] = []
    for entry in record:
        if entry.kind == "released":
            waiting.append(entry)
        elif entry.kind == "published" or (entry.kind == "restatement" and waiting):
            yield entry.seq, waiting
            waiting = []


def _steps(part: Part, again: Recomputation, epoch: Epoch, *, members: bool) -> list[Jump]:
    """Return the steps that a publication holds: of levels as told and, where `members`, of prices as known then."""
    after = None if part.after is None else moment(part.after)
    through = moment(part.body.through)
    found = level_steps(epoch.standing, after, through)
    if members:
        found = [*found, *member_steps(epoch.fresh, _panel_known_by(part, again, epoch), after, through)]
    return found


def _panel_known_by(part: Part, again: Recomputation, epoch: Epoch) -> Panel:
    """Return the market that a publication read; of reference prices, which take their time, that of its stretch."""
    if again.rules.first.prices is None:
        return again.panel(part.body.known_by)
    through = moment(part.body.through)
    stretch = next(item for item in epoch.stretches if item.through and moment(item.through) >= through)
    return again.panel(stretch.known_by)
