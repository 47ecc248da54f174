"""Verify what a record says beside tables: publications, restatements and releases, each against its rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from basketry.core.errors import RecordError
from basketry.core.time import to_instant
from basketry.core.version import VERSION
from basketry.index.effective import check_effective
from basketry.index.proforma import announcements
from basketry.index.result import IndexResult
from basketry.jobs.gate import jumps
from basketry.jobs.recompute import Recomputation
from basketry.jobs.restate import judge
from basketry.ledger.folder import TIME_FORMAT, PublishedFolder, result_lines, result_tables, stamp, timed_bodies
from basketry.ledger.record import Entry
from basketry.ledger.told import TIMED, PublishedBody, RestatementBody, Said, moment, told
from basketry.market.panel_digest import digest_rows

SECOND = np.timedelta64(1, "s")


@dataclass(frozen=True)
class Check:
    """One thing that was verified: whether it holds, and in words what was found."""

    name: str
    passed: bool
    found: str


def record_checks(
    published: PublishedFolder, again: Recomputation, result: IndexResult, other: Sequence[int]
) -> Iterator[Check]:
    """Give the checks of publications, restatements and releases.

    Args:
        published: The folder, whose record says the same as its tables.
        again: The index on its markets.
        result: What was computed again.
        other: Numbers of the publications of other data, see `other_data`.
    """
    yield _publications(published, result, other)
    if published.told.restatements:
        yield _restatements(published, again, other)
    if published.manifest["format"] != 1:
        yield _announcements(published, result)
    if published.record[-1].at is not None:
        yield _releases(published, result)


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


def other_data(published: PublishedFolder, again: Recomputation) -> list[int]:
    """Return the numbers of the publications that are of other data than the market now gives as known then.

    Reference prices are made anew for each instant of knowledge, which takes its time: the last of each stretch.
    """
    known = {stretch.known_by for stretch in published.stretches}
    restated = {entry.seq: body.after for entry, body in published.told.restatements}
    bodies = {entry.seq: body for entry, body in published.told.publications}
    found = []
    after: str | None = None
    for seq in sorted({*restated, *bodies}):
        if seq in restated:
            after = restated[seq]
            continue
        body = bodies[seq]
        compared = body.software is not None and (again.rules.first.prices is None or body.known_by in known)
        if compared and digest_rows_of(again, body, after) != body.inputs:
            found.append(seq)
        after = body.through
    return found


def digest_rows_of(again: Recomputation, body: PublishedBody, after: str | None) -> str:
    """Return the digest of what a publication read: the rows after the one before it, as they were known."""
    panel = again.panel(body.known_by)
    known_by = panel.now if body.known_by is None else to_instant(body.known_by)
    return digest_rows(panel, None if after is None else to_instant(after), to_instant(body.through), known_by)


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


def _restatements(published: PublishedFolder, again: Recomputation, other: Sequence[int]) -> Check:
    """Check of each restatement that the rule makes of the figures before it what it says."""
    lost = 0
    for entry, body in published.told.restatements:
        before = told(published.record[: entry.seq])
        stretches = [stretch for stretch in before.stretches if stretch.through is not None]
        fresh = again.result(stretches)
        try:
            standing = _as_said(fresh, before.lines)
        except (KeyError, ValueError, TypeError, pl.exceptions.PolarsError) as error:
            raise RecordError(f"what entry {entry.seq} (restatement) restates is no index: {error}") from error
        if entry.at is None:
            return Check("restatements", False, f"entry {entry.seq} does not say when it was written")
        now = datetime.fromisoformat(entry.at)
        last = before.restatements[-1][1] if before.restatements else None
        judgment = judge(again, stretches, standing, body.known_by, now, last)
        expected = RestatementBody(
            after=judgment.after_text,
            through=stamp(standing.times[-1]),
            level=judgment.level,
            known_by=body.known_by,
            cause=body.cause,
            reason=body.reason,
            approver=body.approver,
            rule=again.rules.at(standing.times[-1]).rules.restate.words(),
            restated=judgment.restated.errors(),
            kept=judgment.kept.errors(),
        )
        if expected != body:
            name = next(key for key in type(body).model_fields if getattr(body, key) != getattr(expected, key))
            found = f"entry {entry.seq} says {name}: {getattr(body, name)}, recomputed {getattr(expected, name)}"
            return Check("restatements", False, found)
        wrong = _cause(published, entry.seq) if body.cause == "software" else None
        if wrong is None and not any(seq < entry.seq for seq in other) and not other_versions(published, entry.seq):
            taken = published.told.superseded[entry.seq]
            never = next(iter(replace(published.told, lines=taken).unfounded(result_lines(fresh))), None)
            if never is not None:
                wrong = f"entry {never.seq} ({never.kind} of {never.time}), which it takes back, was never so"
        if wrong is not None:
            return Check("restatements", False, f"entry {entry.seq}: {wrong}")
        lost += not standing.published_levels.equals(fresh.published_levels)
    words = f"{len(published.told.restatements)} restatements are what the rule makes of the data"
    more = f"; what {lost} of them took back cannot be computed again: rows were replaced" if lost else ""
    return Check("restatements", True, words + more)


def other_versions(published: PublishedFolder, until: int | None = None) -> list[str]:
    """Return the versions of the program that made publications, but for this one; of those before an entry."""
    made = {body.software for entry, body in published.told.publications if until is None or entry.seq < until}
    return sorted(version for version in made if version not in (None, VERSION))


def _cause(published: PublishedFolder, seq: int) -> str | None:
    """Return why the program is not the cause of a restatement: the same one made what it restates."""
    before = {body.software for entry, body in published.told.publications if entry.seq < seq}
    after = next((body.software for entry, body in published.told.publications if entry.seq > seq), None)
    same = None not in before and before == {after}
    return f"the cause is said to be the program, and basketry {after} made what it restates" if same else None


def _as_said(result: IndexResult, lines: Sequence[Said]) -> IndexResult:
    """Return a result with the levels, compositions and events that lines say; of days with many levels, its own."""
    levels = result.published_levels
    told_levels = [dict(line.body) for line in lines if line.kind == "level"]
    if told_levels:
        said = pl.DataFrame(told_levels, infer_schema_length=None).with_columns(
            pl.col("time").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC"),
            pl.col("status").cast(levels.schema["status"]),
            pl.col("version").cast(levels.schema["version"]),
        )
        said = said.cast({name: levels.schema[name] for name in said.columns if name in levels.columns})
        levels = levels.update(said, on="time", how="full").sort("time")
    rows = [
        {"effective_at": line.body["effective_at"], "asset": asset, "units": units, "weight": weight, "price": price,
         "divisor": line.body["divisor"], "version": line.body["version"]}
        for line in lines if line.kind == "composition"
        for asset, units, weight, price in line.body["holdings"]
    ]  # fmt: skip
    compositions = pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("effective_at").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC")
    )
    told_events = [dict(line.body) for line in lines if line.kind == "event"]
    events = result.events.clear()
    if told_events:
        events = pl.DataFrame(told_events).with_columns(
            pl.col("time").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC")
        )
    return replace(result, levels=levels, compositions=compositions, events=events.select(result.events.columns))


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


def _releases(published: PublishedFolder, result: IndexResult) -> Check:
    """Check that every step which the gate holds back was released, and that what was released is one."""
    found = Counter((stamp(jump.time), jump.words) for jump in jumps(result))
    released: Counter[tuple[str, str]] = Counter()
    begin: np.datetime64 | None = None
    restated = {entry.seq: body.after for entry, body in published.told.restatements}
    releases = iter(published.told.releases)
    for entry in published.record:
        if entry.kind == "published":
            begin = moment(str(entry.body["through"]))
        elif entry.seq in restated:
            # What is said anew is released anew.
            after = restated[entry.seq]
            begin = None if after is None else moment(after)
            released = Counter({key: n for key, n in released.items() if begin is not None and moment(key[0]) <= begin})
        elif entry.kind == "released":
            body = next(releases)
            if begin is not None and moment(body.time) <= begin:
                return Check("gate", False, f"entry {entry.seq} releases a step of {body.time}, published before it")
            released[body.time, body.found] += 1
    for time, words in sorted(found - released):
        return Check("gate", False, f"at {time} {words}, and nobody released it")
    for time, words in sorted(released - found):
        return Check("gate", False, f"the record releases what did not happen: at {time} {words}")
    return Check(
        "gate",
        True,
        f"{len(found)} steps beyond the bounds of the guard, each released"
        if found
        else "no step beyond the bounds of the guard",
    )
