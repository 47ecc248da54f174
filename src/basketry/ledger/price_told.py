"""What the record of reference prices says: runs and what they knew, fixings, corrections, and prices that stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from basketry.core.errors import RecordError
from basketry.core.time import to_datetime
from basketry.ledger.bodies import Body, Error, body_of, moment
from basketry.ledger.record import Entry
from basketry.market.tape import Ints

Key = tuple[str, str]
"""Instant and asset of a fixing."""
_LAST = int(np.datetime64("9999-12-31", "us").astype(np.int64))


class Run(Body):
    """Instants in equal steps: the first, how many, and microseconds from one to the next; a single one has step 0."""

    first: str
    count: int
    step: int


class RunBody(Body):
    """A run of `price run`, whose lines stand before it.

    Attributes:
        assets: What was priced, at each of the instants.
        instants: All of the run, also those that the folder held already.
        known_by: Corrections of trades known later were not used.
        software: The version of basketry that made it.
    """

    assets: list[str]
    instants: list[Run]
    known_by: str
    software: str


class PriceErrors(Body):
    """Errors in published prices: how many, the first and the largest."""

    prices: int
    first: Error | None
    largest: Error | None


class PriceChange(Body):
    """A price that differed, and whether it was corrected; null where there is none."""

    time: str
    asset: str
    published: float | None
    recomputed: float | None
    restated: bool


class PriceRestatementBody(Body):
    """A correction of prices, or the admission that some stand although they were wrong.

    Attributes:
        known_by: Corrections of trades known by then led to it.
        reason, approver: Why, and who answers for it.
        rule: By which each was judged, in words.
        restated, kept: The errors that are corrected, and those that stand.
        changes: Each of them.
    """

    known_by: str
    reason: str
    approver: str
    rule: str
    restated: PriceErrors
    kept: PriceErrors
    changes: list[PriceChange]


class _OldChange(Body):
    """A line of format 1: one price that was corrected (`restatement`) or stands (`kept`)."""

    time: str
    asset: str
    published: float | None
    recomputed: float | None
    relative_error: float | None
    reason: str
    rule: str


class _FixingsBody(Body):
    time: str
    prices: dict[str, list[float | int | str | None]]
    known_by: str | None = None


@dataclass
class Step:
    """A run, with the correction that it began with and the numbers of its lines.

    Attributes:
        entries: All its lines, in order.
        run: What it says of itself.
        restatement: Of earlier prices; None where there was none.
        said: What it says of each fixing.
    """

    entries: list[Entry] = field(default_factory=list)
    run: RunBody | None = None
    restatement: PriceRestatementBody | None = None
    said: dict[Key, Sequence[Any]] = field(default_factory=dict)


@dataclass
class PriceTold:
    """What a record of prices says.

    Attributes:
        head: Of the rules.
        old: What format 1 said in the end of each fixing, before runs were told: no instant, no knowledge.
        old_settled: What it kept, as `settled`.
        steps: Runs, in order.
        standing: By fixing, (price, status, confidence, venues) as last said; the price alone where format 1 corrected.
        settled: By fixing, the price that was recomputed (None: there was none) when the published one was kept.
    """

    head: Mapping[str, Any]
    old: Step = field(default_factory=Step)
    old_settled: dict[Key, float | None] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    standing: dict[Key, Sequence[Any]] = field(default_factory=dict)
    settled: dict[Key, float | None] = field(default_factory=dict)

    @property
    def known_by(self) -> str | None:
        """The latest instant up to which any run knew corrections; None before the first."""
        known = [step.run.known_by for step in self.steps if step.run is not None]
        return max(known, key=moment) if known else None


def told_prices(record: Sequence[Entry], where: str = "record.jsonl") -> PriceTold:
    """Return what a record of prices says.

    Raises:
        RecordError: An entry is of no known kind, or not of the form of its kind, or out of place; the message names
            it.
    """
    if record[0].kind != "rules":
        raise RecordError(f"{where}: does not begin with the rules")
    found = PriceTold(record[0].body)
    step = Step()
    for entry in record[1:]:
        place = f"{where}, entry {entry.seq} ({entry.kind})"
        if entry.at is None and (found.steps or step.run is not None):
            raise RecordError(f"{place}: does not say when it was written")
        if entry.at is None:
            _say_old(found, entry, place)
            continue
        step.entries.append(entry)
        if entry.kind == "restatement":
            if len(step.entries) > 1:
                raise RecordError(f"{place}: stands after lines of its run")
            step.restatement = body_of(PriceRestatementBody, entry, place)
            found.settled |= {
                (item.time, item.asset): item.recomputed for item in step.restatement.changes if not item.restated
            }
        elif entry.kind == "fixings":
            said = _fixings(entry, place)
            step.said |= said
            found.standing |= said
            for key in said:
                found.settled.pop(key, None)
        elif entry.kind == "published":
            step.run = body_of(RunBody, entry, place)
            moment(step.run.known_by)
            found.steps.append(step)
            step = Step()
        else:
            raise _unknown(place)
    if step.entries:
        raise RecordError(f"{where}, entry {step.entries[0].seq}: it and what follows belong to no run")
    return found


def _say_old(found: PriceTold, entry: Entry, place: str) -> None:
    found.old.entries.append(entry)
    if entry.kind == "fixings":
        found.old.said |= _fixings(entry, place)
    elif entry.kind in ("restatement", "kept"):
        body = body_of(_OldChange, entry, place)
        key = (body.time, body.asset)
        if key not in found.old.said:
            raise RecordError(f"{place}: of a price that was not published")
        found.old_settled.pop(key, None)
        if entry.kind == "kept":
            found.old_settled[key] = body.recomputed
        else:
            found.old.said[key] = [body.recomputed]
    else:
        raise _unknown(place)
    found.standing, found.settled = dict(found.old.said), dict(found.old_settled)


def _unknown(place: str) -> RecordError:
    return RecordError(f"{place}: there are no entries of this kind; was it made by a later version of basketry?")


def _fixings(entry: Entry, place: str) -> dict[Key, Sequence[Any]]:
    body = body_of(_FixingsBody, entry, place)
    moment(body.time)
    for asset, values in body.prices.items():
        if len(values) != 4:
            raise RecordError(f"{place}: {asset} has {len(values)} values, not price, status, confidence and venues")
    return {(body.time, asset): values for asset, values in body.prices.items()}


def runs_of(times: Ints, stamp: Sequence[str]) -> list[Run]:
    """Return ascending instants (microseconds, and as texts) in equal steps.

    >>> [(run.first, run.count, run.step) for run in runs_of(np.array([0, 5, 10, 11]), ["a", "b", "c", "d"])]
    [('a', 3, 5), ('d', 1, 0)]
    """
    runs, place = [], 0
    while place < len(times):
        end = place + 1
        step = int(times[end] - times[place]) if end < len(times) else 0
        while end < len(times) and int(times[end] - times[end - 1]) == step:
            end += 1
        runs.append(Run(first=stamp[place], count=end - place, step=step if end - place > 1 else 0))
        place = end
    return runs


def instants_of(runs: Sequence[Run], most: int) -> Ints:
    """Return the instants of runs, microseconds.

    Args:
        runs: As a record says them.
        most: How many there may be.

    Raises:
        RecordError: There are none, or more, or they do not ascend within the years 1 to 9999.
    """
    found: list[int] = []
    for run in runs:
        first = int(moment(run.first).astype(np.int64))
        if not (1 <= run.count <= most - len(found)) or run.step < (run.count > 1):
            raise RecordError(f"a run from {run.first} in {run.count} steps is not one of the instants of the folder")
        if first + run.count * run.step > _LAST or (found and first <= found[-1]):
            raise RecordError(f"a run from {run.first} does not follow the one before it")
        found += range(first, first + run.count * run.step, run.step) if run.count > 1 else [first]
    if not found:
        raise RecordError("a run has no instants")
    to_datetime(np.datetime64(found[-1], "us"))
    return np.array(found, np.int64)
