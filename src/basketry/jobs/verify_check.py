"""What verification finds, and the publications of a record with what each of them covers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from basketry.core.version import VERSION
from basketry.ledger.bodies import PublishedBody
from basketry.ledger.record import Entry
from basketry.ledger.told import Told


@dataclass(frozen=True)
class Check:
    """One thing that was verified: whether it holds, and in words what was found."""

    name: str
    passed: bool
    found: str


@dataclass(frozen=True)
class Part:
    """A publication with what it covers: instants in (after, body.through].

    Attributes:
        entry, body: The publication.
        after: The last instant before it; None where it begins at the base.
        epoch: The number of restatements before it.
    """

    entry: Entry
    body: PublishedBody
    after: str | None
    epoch: int


def parts_of(told: Told) -> list[Part]:
    """Return the publications of a record, in its order."""
    restated = [(entry.seq, body) for entry, body in told.restatements]
    found: list[Part] = []
    epoch, after = 0, None
    for entry, body in told.publications:
        while epoch < len(restated) and restated[epoch][0] < entry.seq:
            after = restated[epoch][1].after
            epoch += 1
        found.append(Part(entry, body, after, epoch))
        after = body.through
    return found


def irreproducible(parts: Collection[Part], other: Collection[int]) -> list[Part]:
    """Return the publications that cannot be made again: of data that are gone, or by another version.

    Args:
        parts: Publications.
        other: Numbers of those of other data, see `basketry.jobs.read_data.other_data`.
    """
    return [part for part in parts if part.entry.seq in other or part.body.software not in (None, VERSION)]


def other_versions(told: Told) -> list[str]:
    """Return the versions of the program that made publications, but for this one."""
    made = {body.software for _, body in told.publications}
    return sorted(version for version in made if version not in (None, VERSION))
