"""What a record says, read from its first line to its last: restatements take back, later lines say anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from basketry.core.digest import canonical_json
from basketry.core.errors import RecordError
from basketry.index.spans import RESTATEMENT
from basketry.ledger.bodies import (
    AmendedBody,
    EndedBody,
    PublishedBody,
    ReleasedBody,
    RestatementBody,
    WithdrawnBody,
    body_of,
    moment,
)
from basketry.ledger.record import Entry

TIMED = ("event", "announced", "composition", "level", "levels")
"""Kinds of lines that say something of the index at an instant, in the order in which they are told of one."""


@dataclass(frozen=True)
class Said:
    """A line that says something of the index at an instant, with its number."""

    seq: int
    kind: str
    body: Mapping[str, Any]

    @property
    def time(self) -> str:
        """The instant that it speaks of."""
        return instant_of(self.kind, self.body)

    @cached_property
    def key(self) -> tuple[str, str]:
        """What it says, as a text to compare."""
        return self.kind, canonical_json(self.body)


@dataclass(frozen=True)
class Stretch:
    """Instants that were published from the data as they were known at one instant.

    Attributes:
        after: The last instant before it; None where it begins at the base.
        through: Its last instant; None while nothing of it is published.
        known_by: The instant of knowledge.
        software: The version of basketry that made its last part.
        level: The price return published at `after`.
        told_by: What was known at the correction with which it begins: events told late by then count from their time.
    """

    after: str | None
    through: str | None
    known_by: str | None
    software: str | None
    level: float | None = None
    told_by: str | None = None


@dataclass
class Told:
    """What a record says.

    Attributes:
        lines: What stands, in the order in which it was said.
        superseded: By the number of a restatement, what it took back.
        stretches: In the order of time; the last one is open.
        before: By the number of a restatement, the stretches before it.
        publications, restatements: Entries with their bodies.
        amendments: Changes of rules that stand, in order.
        acts: All that changed the rulebook, in order: amendments, and what took them back.
        ended: The end of the index, where one was announced and stands. ended_by: The number of its line.
        releases: What the gate held back and somebody released.
        parts: Lines of days that were published in parts, but for the last of each day.
    """

    lines: list[Said] = field(default_factory=list)
    superseded: dict[int, list[Said]] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    before: dict[int, list[Stretch]] = field(default_factory=dict)
    publications: list[tuple[Entry, PublishedBody]] = field(default_factory=list)
    restatements: list[tuple[Entry, RestatementBody]] = field(default_factory=list)
    amendments: list[tuple[Entry, AmendedBody]] = field(default_factory=list)
    acts: list[tuple[Entry, AmendedBody | WithdrawnBody]] = field(default_factory=list)
    ended: EndedBody | None = None
    ended_by: int | None = None
    releases: list[ReleasedBody] = field(default_factory=list)
    parts: list[Said] = field(default_factory=list)

    @property
    def through(self) -> str | None:
        """The last instant that was published; None for a draft."""
        return self.publications[-1][1].through if self.publications else None

    def then(self, entries: Sequence[Entry], where: str = "record.jsonl") -> Told:
        """Return what a record says that goes on with some entries.

        Raises:
            RecordError: An entry is of no known kind, or not of the form of its kind, or contradicts those before it: a
                publication that goes back, a restatement of what was not published; the message names it.
        """
        found = Told(**{name: copy(value) for name, value in self.__dict__.items()})
        for entry in entries:
            place = f"{where}, entry {entry.seq} ({entry.kind})"
            try:
                _read(found, entry, place)
            except (KeyError, TypeError, AttributeError) as error:
                raise RecordError(f"{place}: not of the form of its kind: {error!r}") from error
        return found

    def missing(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
        """Return what a result says and the record does not, in its order."""
        return self.compared(lines)[1]

    def unfounded(self, lines: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Said]:
        """Return what stands in the record and a result does not say."""
        return self.compared(lines)[0]

    def compared(
        self, lines: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> tuple[list[Said], list[tuple[str, Mapping[str, Any]]]]:
        """Return what stands in the record and a result does not say, and what it says and the record does not."""
        said, given = [line.key for line in self.lines], [(kind, canonical_json(body)) for kind, body in lines]
        return _beyond(self.lines, said, given), _beyond(lines, given, said)


_Line = TypeVar("_Line")


def _beyond(lines: Sequence[_Line], keys: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> list[_Line]:
    """Return the lines whose keys are not among some others, each of which accounts for one."""
    left = Counter(others)
    found = []
    for line, key in zip(lines, keys, strict=True):
        if left[key]:
            left[key] -= 1
        else:
            found.append(line)
    return found


def instant_of(kind: str, body: Mapping[str, Any]) -> str:
    """Return the instant that a line of one of the kinds `TIMED` speaks of."""
    if kind == "composition":
        return str(body["effective_at"])
    return str(body["last"]["time"] if kind == "levels" else body["time"])


def told(record: Sequence[Entry], where: str = "record.jsonl") -> Told:
    """Return what a record says; see `Told.then`."""
    return Told().then(record, where)


def _read(found: Told, entry: Entry, place: str) -> None:
    if entry.kind in TIMED:
        _say(found, Said(entry.seq, entry.kind, without_knowledge(entry.body)))
    elif entry.kind == "published":
        _publish(found, entry, body_of(PublishedBody, entry, place), place)
    elif entry.kind == "restatement":
        _restate(found, entry, body_of(RestatementBody, entry, place), place)
    elif entry.kind == "released":
        found.releases.append(body_of(ReleasedBody, entry, place))
    elif entry.kind == "amended":
        _amend(found, entry, body_of(AmendedBody, entry, place), place)
    elif entry.kind == "withdrawn":
        _withdraw(found, entry, body_of(WithdrawnBody, entry, place), place)
    elif entry.kind == "ended":
        _end(found, entry, body_of(EndedBody, entry, place), place)
    elif entry.kind == "key":
        pass  # Who may sign is judged with the signatures.
    elif entry.kind == "methodology":
        if entry.seq:
            raise RecordError(f"{place}: the rules stand in the first line")
    else:
        raise RecordError(f"{place}: there are no entries of this kind; was it made by a later version of basketry?")


def without_knowledge(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line says of the index, without the instant up to which the data were known."""
    return {name: value for name, value in body.items() if name != "known_by"}


def _say(found: Told, line: Said) -> None:
    line.time  # noqa: B018 - raises where there is none
    last = found.lines[-1] if found.lines else None
    day = line.time[:10]
    if line.kind == "levels" and last is not None and last.kind in ("level", "levels") and last.time[:10] == day:
        # A day that was published in parts: each line says all of it up to its own last instant.
        found.parts.append(found.lines.pop())
    if _goes_on(line) and found.restatements:
        _take_back_going_on(found, line.time)
    found.lines.append(line)


def _take_back_going_on(found: Told, time: str) -> None:
    """Take back how an earlier correction went on at an instant: the last one does so otherwise, or not at all."""
    last = found.restatements[-1][0].seq
    for line in [item for item in found.lines if item.time == time and item.seq < last and _goes_on(item)]:
        found.lines.remove(line)
        found.superseded[last].append(line)


def _goes_on(line: Said) -> bool:
    """Return whether a line tells that an index goes on from what was published."""
    return line.kind == "event" and line.body.get("kind") == RESTATEMENT


def _publish(found: Told, entry: Entry, body: PublishedBody, place: str) -> None:
    if found.restatements:
        corrected, correction = found.restatements[-1]
        baskets = [line for line in found.lines if line.kind == "composition" and line.seq > corrected.seq]
        if correction.after is not None and not any(line.time == correction.after for line in baskets):
            _take_back_going_on(found, correction.after)
    # From the end: an index that is published daily has as many publications as lines.
    last_level = next((line for line in reversed(found.lines) if line.kind in ("level", "levels")), None)
    if last_level is None or last_level.time != body.through:
        raise RecordError(f"{place}: says that levels are published through {body.through}, which is not the last one")
    before = found.stretches[-1].through if found.stretches else None
    if before is not None and moment(body.through) <= moment(before):
        raise RecordError(f"{place}: goes back to {body.through}")
    if found.ended is not None and moment(body.through) > moment(found.ended.last):
        raise RecordError(f"{place}: goes on to {body.through}, after the end of the index, {found.ended.last}")
    known = [stretch.known_by for stretch in found.stretches]
    if body.known_by is not None and any(moment(at) > moment(body.known_by) for at in known if at is not None):
        raise RecordError(f"{place}: knows less than the publication before it")
    last = found.stretches[-1] if found.stretches else Stretch(None, None, None, None)
    found.stretches[-1:] = [replace(last, through=body.through, known_by=body.known_by, software=body.software)]
    found.publications.append((entry, body))


def _amend(found: Told, entry: Entry, body: AmendedBody, place: str) -> None:
    if found.ended is not None and moment(body.effective) > moment(found.ended.last):
        raise RecordError(
            f"{place}: takes effect at {body.effective}, after the end of the index, {found.ended.last}, so that its "
            "rules change no more"
        )
    found.amendments.append((entry, body))
    found.acts.append((entry, body))


def _withdraw(found: Told, entry: Entry, body: WithdrawnBody, place: str) -> None:
    """Take back the last amendment that stands, or the end, where it has not taken effect."""
    through = found.through
    if found.ended is not None and body.entry == found.ended_by:
        if through is None or moment(found.ended.last) <= moment(through):
            raise RecordError(f"{place}: takes back the end of {found.ended.last}, which was reached")
        if body.taken is not None:
            raise RecordError(f"{place}: takes rules back with an end, which has none")
        found.ended, found.ended_by = None, None
        return
    if not found.amendments or found.amendments[-1][0].seq != body.entry:
        raise RecordError(
            f"{place}: takes back entry {body.entry}, which is not the last amendment, or end, that stands"
        )
    amended = found.amendments[-1][1]
    if through is None or moment(amended.effective) <= moment(through):
        raise RecordError(
            f"{place}: takes back entry {body.entry}, which took effect at {amended.effective}; levels were published "
            f"through {through}"
        )
    if body.taken is None:
        raise RecordError(f"{place}: does not say which rules it takes back")
    found.amendments.pop()
    found.acts.append((entry, body))


def _end(found: Told, entry: Entry, body: EndedBody, place: str) -> None:
    if found.ended is not None:
        raise RecordError(f"{place}: the index has an end already, {found.ended.last}")
    if found.through is None or moment(body.last) < moment(found.through):
        raise RecordError(f"{place}: ends at {body.last}, before the last level published, of {found.through}")
    found.ended, found.ended_by = body, entry.seq


def _restate(found: Told, entry: Entry, body: RestatementBody, place: str) -> None:
    if body.through != found.through:
        raise RecordError(f"{place}: restates levels through {body.through}, and {found.through} were published")
    if body.after is not None and moment(body.after) > moment(body.through):
        raise RecordError(f"{place}: goes on after {body.after}, which was not published")
    if (body.level is None) != (body.after is None) or (body.level is not None and body.level <= 0):
        raise RecordError(f"{place}: goes on from the level {body.level} after {body.after}")
    found.restatements.append((entry, body))
    found.before[entry.seq] = list(found.stretches)
    after = None if body.after is None else moment(body.after)

    def stands(line: Said) -> bool:
        # A basket that goes on at other prices is said anew at the last instant that stands.
        if after is None or moment(line.time) > after:
            return False
        return line.kind != "composition" or bool(moment(line.time) < after)

    found.superseded[entry.seq] = [line for line in found.lines if not stands(line)]
    found.lines = [line for line in found.lines if stands(line)]
    kept: list[Stretch] = []
    for stretch in found.stretches:
        if after is None or stretch.through is None or (stretch.after is not None and moment(stretch.after) >= after):
            break
        kept.append(replace(stretch, through=body.after) if moment(stretch.through) > after else stretch)
    found.stretches = [*kept, Stretch(body.after, None, body.known_by, None, body.level, body.known_by)]
