"""Publish an index: seal a draft, extend what was published, restate it by the rule; never overwrite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basketry.core.errors import RecordError
from basketry.core.time import to_instant
from basketry.core.version import VERSION
from basketry.index.calculate import Instant
from basketry.index.result import IndexResult
from basketry.jobs.contradictions import as_told, cause_of, contradictions, require_verifiable, told_late
from basketry.jobs.gate import Release, require_plausible
from basketry.jobs.kept import Left, keep, left_by_last
from basketry.jobs.market import Market
from basketry.jobs.read_data import require_data_as_read
from basketry.jobs.recompute import Recomputation
from basketry.jobs.restate import Correction, Judgment, judge
from basketry.jobs.save import write_index
from basketry.jobs.sealing import Sealer
from basketry.jobs.standing import as_published, require_whole
from basketry.ledger.atomic import clear_unfinished
from basketry.ledger.bodies import PublishedBody, RestatementBody, moment
from basketry.ledger.folder import (
    PublishedFolder,
    known,
    known_by,
    read_folder,
    record_bodies,
    result_lines,
    stamp,
)
from basketry.ledger.keys import PrivateKey
from basketry.ledger.lock import writing
from basketry.ledger.record import Entry, chain, dump_record
from basketry.ledger.told import Stretch, Told
from basketry.market.panel_digest import digest_rows

if TYPE_CHECKING:
    from basketry.jobs.attack import IndexManipulation

Line = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Publication:
    """What a call of `publish` did."""

    folder: Path
    through: str
    levels_added: int
    corrections: tuple[Correction, ...]
    kept: tuple[Correction, ...]


def publish_index(
    folder: Path,
    market: Market,
    *,
    approver: str,
    end: Instant | None = None,
    restate: bool = False,
    reason: str | None = None,
    now: datetime | None = None,
    release: str | None = None,
    manipulation: Callable[[IndexResult], IndexManipulation | None] | None = None,
    table: str = "daily",
    key: PrivateKey | None = None,
    cache: Path | None = None,
) -> Publication:
    """Publish the index of a folder through an instant and return what was done.

    A draft is sealed as it stands. Of a published folder, later levels are appended. Where the data now give
    other figures than were published, nothing is changed unless `restate` is asked for: then they are corrected, or
    stand, by the methodology's rule (`basketry.jobs.restate.judge`), and an entry of the record says which, with
    reason, sizes and rule.

    Args:
        folder: Folder of an index.
        market: A panel, a lake or the path of a lake.
        approver: Who answers for the publication; kept in the record.
        end: Publish through this instant; the end of the data unless given.
        restate: Correct by the rule.
        reason: Why; required with `restate`.
        now: The instant of the publication, against which windows count, and after which nothing is known; that of
            the machine's clock unless given, and then all that the market holds is known.
        release: Why levels that pass the guard's bounds on steps are right; without it they are not published.
        manipulation: What it costs to move an index, for the factsheet.
        table: The lake's table of observations.
        key: Signs the head of the record; required once a folder is signed.
        cache: Where to keep what the next publication goes on from; see `basketry.jobs.kept`. What is published does
            not depend on it.

    Raises:
        RecordError: Somebody else writes the folder; it contradicts its record; the draft is not what the data give;
            published figures differ and `restate` was not asked for, or differ in a way that nobody could verify; the
            data are not those that a publication read, although no figure differs; the guard's bounds; a restatement
            without a reason.
    """
    with writing(folder, "index publish") as real:
        clear_unfinished(real)
        moment_of = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        at = moment_of.strftime("%Y-%m-%dT%H:%M:%SZ")
        # Who replays an earlier instant knows no more than was known then.
        known_by = None if now is None else moment_of
        released = None if release is None else Release(release, approver)
        left = None if cache is None or restate else left_by_last(cache, folder)
        if left is not None and _is_plain(left, approver, at, key, end):
            again = Recomputation(left.rules, market, left.start, table, known_by)
            seal = Sealer(folder, left.symbol, approver, at, left.key, key)
            done = _Work(folder, again, seal, moment_of, released, manipulation, cache).go_on_from(left, end)
            if done is not None:
                return done
        published = read_folder(folder)
        require_whole(published)
        seal = Sealer.of(published, approver, at, key)
        again = Recomputation.of(published, market, table, known_by)
        work = _Work(folder, again, seal, moment_of, released, manipulation, cache)
        span_end = published.manifest["parameters"]["end"]
        if end is not None and to_instant(end) < to_instant(span_end):
            raise RecordError(f"{folder}: holds levels through {span_end}, later than {end}; nothing is unpublished")
        if now is not None and np.datetime64(moment_of.replace(tzinfo=None), "us") < to_instant(span_end):
            raise RecordError(
                f"{folder}: holds levels through {span_end}, later than {seal.at}, the instant of this entry"
            )
        ended = published.told.ended
        if ended is not None and end is not None and to_instant(end) > moment(ended.last):
            raise RecordError(f"{folder}: the index ended on {ended.last}; nothing is published after it")
        if ended is not None:
            end = ended.last
        if published.published_through is None:
            return work.seal_draft(published, span_end if end is None else end)
        return work.go_on(published, end, restate=restate, reason=reason)


def _is_plain(left: Left, approver: str, at: str, key: PrivateKey | None, end: Instant | None) -> bool:
    """Return whether nothing has to be told but what is new; what is wrong is told by who reads all of the folder."""
    if not approver.strip() or (left.last.at or "") > at or left.key != (None if key is None else key.public):
        return False
    earliest = min(moment(at), moment(at) if end is None else to_instant(end))
    return bool(earliest >= moment(str(left.said.through)))


@dataclass
class _Work:
    """One publication under way."""

    path: Path
    again: Recomputation
    seal: Sealer
    now: datetime
    release: Release | None
    manipulation: Callable[[IndexResult], IndexManipulation | None] | None
    cache: Path | None

    def seal_draft(self, published: PublishedFolder, end: Instant) -> Publication:
        """Publish a draft, which must be what the data give."""
        result = self.again.extended([Stretch(None, None, None, None)], end)
        last = moment(published.stretches[-1].through or "")
        wrong = published.told.unfounded(result_lines(result, last))
        if wrong:
            raise RecordError(
                f"{self.path}: is not what the data give now: {wrong[0].kind} of {wrong[0].time}; run the index again "
                "before publishing it"
            )
        return self._seal(result, (), Told(), "", record_bodies(result), result.levels.height)

    def go_on_from(self, left: Left, end: Instant | None) -> Publication | None:
        """Extend what the last publication left by what is new; None where everything must be calculated."""
        found = left.gone_on(self.again, end)
        if found is None:
            return None
        if found.fresh is None:
            return Publication(self.path, str(left.said.through), 0, (), ())
        added = found.whole.levels.height - left.index.levels.height
        lines = result_lines(found.fresh)
        return self._seal(found.whole, [left.last], left.said, left.record, lines, added)

    def go_on(
        self, published: PublishedFolder, end: Instant | None, *, restate: bool, reason: str | None
    ) -> Publication:
        """Extend what was published, after a correction where one is due and asked for."""
        record, said = published.record, published.told
        result = self.again.extended(published.stretches, end)
        found = contradictions(published, self.again, result)
        judgment = None
        if found:
            if not restate:
                late = "".join(f"; {words}" for words in told_late(published, self.again))
                raise RecordError(
                    f"{self.path}: {found.words()}{late}; correct it with --restate --reason TEXT, or restore the data"
                )
            if reason is None or not reason.strip():
                raise RecordError("a restatement needs a reason: --reason TEXT")
            judgment, entry = self._judged(published, result, reason.strip())
            record = chain([("restatement", entry.model_dump())], after=record, at=self.seal.at)
            said = said.then(record[-1:])
            result = self.again.extended(said.stretches, end)
        else:
            require_data_as_read(published, self.again)
        result = as_published(result, published, said)
        lines = said.missing(result_lines(result))
        if judgment is None and not lines:
            self._keep(result, said)
            return Publication(self.path, str(said.through), 0, (), ())
        added = result.levels.height - published.levels.height
        return self._seal(result, record, said, dump_record(record), lines, added, judgment)

    def _judged(self, published: PublishedFolder, result: IndexResult, reason: str) -> tuple[Judgment, RestatementBody]:
        """Return what the rule makes of the figures that differ, and the entry that says so."""
        standing = as_told(result, published)
        last = published.told.restatements[-1][1] if published.told.restatements else None
        judgment = judge(self.again, published.stretches, standing, None, self.now, last)
        require_verifiable(published, self.again, standing, judgment)
        through = stamp(standing.times[-1])
        rule = self.again.rules.at(through).rules.restate
        return judgment, RestatementBody(
            after=judgment.after_text,
            through=through,
            level=judgment.level,
            known_by=known_by(result),
            cause=cause_of(published, self.again),
            reason=reason,
            approver=self.seal.approver,
            rule=rule.words(),
            restated=judgment.restated.errors(),
            kept=judgment.kept.errors(),
        )

    def _seal(
        self,
        result: IndexResult,
        record: Sequence[Entry],
        said: Told,
        text: str,
        lines: Sequence[Line],
        added: int,
        judgment: Judgment | None = None,
    ) -> Publication:
        """Write the folder with some lines and a publication appended to its record.

        Args:
            result: What is published.
            record: The record, or the end of it.
            said: What it says.
            text: All of it, as it stands in its file.
            lines: What is appended.
            added: Number of levels among that.
            judgment: What was corrected.
        """
        through, known_at = stamp(result.times[-1]), known_by(result)
        after = None if not said.stretches else said.stretches[-1].through or said.stretches[-1].after
        # What a correction says anew is released anew.
        released = require_plausible(result, None if after is None else moment(after), self.release)
        if not result.panel.simulated and to_instant(known_at) >= moment(self.seal.at) + np.timedelta64(1, "s"):
            raise RecordError(
                f"{self.path}: the data are known by {known_at}, after {self.seal.at}, the instant of this "
                "entry; wait, or take out what nobody knows yet"
            )
        seal = PublishedBody(
            through=through,
            approver=self.seal.approver,
            inputs=digest_rows(
                self.again.panel(), None if after is None else moment(after), moment(through), moment(known_by(result))
            ),
            known_by=known_at,
            software=VERSION,
        )
        told = known(lines, result)
        # The first line of a record is that of its rules.
        first = 0 if record else 1
        told[first:first] = released
        sealed, head = self.seal.sealed(record, told, ("published", seal.model_dump()))
        fresh = sealed[len(record) :]
        said = said.then(fresh)
        # Asked only of an index that makes its own prices.
        asked = self.manipulation if result.methodology.first.prices is not None else None
        facts = asked and asked(result)
        write_index(result, self.path, text + dump_record(fresh), said, facts, head)
        self._keep(result, said)
        restated, kept = ((), ()) if judgment is None else (judgment.restated.levels, judgment.kept.levels)
        return Publication(self.path, through, added, restated, kept)

    def _keep(self, result: IndexResult, said: Told) -> None:
        """Keep what the next publication goes on from."""
        if self.cache is not None:
            key = None if self.seal.key is None else self.seal.key.public
            keep(self.cache, self.path, result, said, self.seal.symbol, key)
