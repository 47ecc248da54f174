"""What becomes of published figures that the data now contradict: corrected by the rule, or kept, as a value."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from basketry.core.errors import RecordError
from basketry.core.time import to_datetime, to_instant
from basketry.index.result import IndexResult
from basketry.index.spans import RESTATEMENT, calculate_spans, cut
from basketry.jobs.recompute import Recomputation
from basketry.ledger.bodies import Error, Errors, RestatementBody
from basketry.ledger.folder import TIME_FORMAT, stamp
from basketry.ledger.told import Stretch
from basketry.market.panel import Times
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True)
class Correction:
    """A published figure that the data now contradict.

    Attributes:
        time: Its instant, as records write it.
        column: The series of levels, or the asset whose price it is.
        published, corrected: NaN where there is none.
    """

    time: str
    column: str
    published: float
    corrected: float

    @property
    def relative_error(self) -> float:
        """Corrected over published, less one; infinite where one of them is missing."""
        if not (math.isfinite(self.published) and math.isfinite(self.corrected)):
            return math.inf
        return self.corrected / self.published - 1 if self.published else float(self.corrected != 0)

    def error(self) -> Error:
        """Return it as records write it."""
        figures = (self.published, self.corrected, self.relative_error)
        published, corrected, error = (figure if math.isfinite(figure) else None for figure in figures)
        return Error(time=self.time, column=self.column, published=published, corrected=corrected, relative_error=error)


def first_and_largest(corrections: Sequence[Correction]) -> tuple[Error | None, Error | None]:
    """Return the first and the largest of some errors; None where there is none."""
    if not corrections:
        return None, None
    largest = max(corrections, key=lambda item: abs(item.relative_error))
    return corrections[0].error(), largest.error()


@dataclass(frozen=True)
class Differences:
    """Where what was published is not what the data give now.

    Attributes:
        levels: Levels, in the order of time.
        compositions: Effective instants of compositions that differ, ascending, each with half the sum of the
            absolute differences of weights.
        other: Instants of levels of which only the status or the version differs, and of other events.
    """

    levels: tuple[Correction, ...]
    compositions: tuple[tuple[str, float], ...]
    other: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.levels or self.compositions or self.other)

    @property
    def first(self) -> np.datetime64:
        """The first instant at which something differs."""
        times = [item.time for item in self.levels] + [when for when, _ in self.compositions] + list(self.other)
        return min(map(to_instant, times))

    def through(self, instant: np.datetime64 | None) -> Differences:
        """Return those up to an instant, inclusive; none where there is no instant."""
        return self._where(lambda time: instant is not None and bool(to_instant(time) <= instant))

    def without(self, others: Differences) -> Differences:
        """Return those that are not among others, as large as they are here."""
        return Differences(
            tuple(item for item in self.levels if item not in others.levels),
            tuple(item for item in self.compositions if item not in others.compositions),
            tuple(time for time in self.other if time not in others.other),
        )

    def from_row(self, times: Times, row: int) -> Differences:
        """Return those at one of some instants or later; none for a row after the last."""
        return self._where(lambda time: row < len(times) and bool(to_instant(time) >= times[row]))

    def _where(self, holds: Callable[[str], bool]) -> Differences:
        return Differences(
            tuple(item for item in self.levels if holds(item.time)),
            tuple(item for item in self.compositions if holds(item[0])),
            tuple(time for time in self.other if holds(time)),
        )

    def words(self) -> str:
        """Return how many there are, and the first."""
        counts = f"{len(self.levels)} published levels and {len(self.compositions)} compositions"
        counts += " differ from what the data give now"
        if self.levels:
            item = self.levels[0]
            return (
                f"{counts}, the first {item.column} at {item.time}: {item.published!r} -> {item.corrected!r} "
                f"({item.relative_error:+.4%})"
            )
        if self.compositions:
            return f"{counts}, the first that of {self.compositions[0][0]}"
        return f"what was published of {self.other[0]} beside its level differs from what the data give now"

    def within(self, rules: Methodology) -> bool:
        """Return whether no error is above the threshold of the rule in force at its instant."""
        sizes = [(item.time, abs(item.relative_error)) for item in self.levels] + list(self.compositions)
        return not any(rules.at(time).rules.restate.is_material(size) for time, size in sizes)

    def bearable(self, rules: Methodology) -> bool:
        """Return whether figures that cannot be computed again may stand: levels, off by the threshold or less."""
        return self.within(rules) and not self.compositions and not self.other

    def errors(self) -> Errors:
        """Return how many there are, with the first and the largest error of a level.

        Raises:
            RecordError: A level was published and there is none now, or the other way round.
        """
        gone = next((item for item in self.levels if not np.isfinite([item.published, item.corrected]).all()), None)
        if gone is not None:
            raise RecordError(f"{gone.column} at {gone.time}: published {gone.published}, now {gone.corrected}")
        first, largest = first_and_largest(self.levels)
        return Errors(
            levels=len({item.time for item in self.levels}),
            compositions=len(self.compositions),
            first=first,
            largest=largest,
        )


@dataclass(frozen=True)
class Judgment:
    """What the rule makes of differences.

    Attributes:
        after: The last instant whose figures stand; None where none does.
        level: The price return published then.
        restated: What is corrected.
        kept: What stands although it differs, and was not recorded as so before.
    """

    after: np.datetime64 | None
    level: float | None
    restated: Differences
    kept: Differences

    @property
    def after_text(self) -> str | None:
        """That instant as records write it."""
        return None if self.after is None else stamp(self.after)


def differences(
    told: IndexResult, fresh: IndexResult, after: np.datetime64 | None, through: np.datetime64
) -> Differences:
    """Return where two results differ within (after, through]; all through it where `after` is None."""
    mine, other = (_levels(result, after, through) for result in (told, fresh))
    both = mine.join(other, on="time", how="full", suffix="_now", coalesce=True, maintain_order="left_right").sort(
        "time"
    )
    stamps = both["time"].dt.strftime(TIME_FORMAT)
    levels: list[tuple[int, Correction]] = []
    for column in told.return_columns:
        was, now = (both[name].fill_null(float("nan")).to_numpy() for name in (column, f"{column}_now"))
        levels += [
            (row, Correction(stamps[row], column, float(was[row]), float(now[row])))
            for row in np.flatnonzero(was != now).tolist()
        ]
    levels.sort(key=lambda entry: (entry[0], entry[1].column))
    marks = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in ("status", "version"))
    odd = both.with_columns(stamp=stamps).filter(marks)["stamp"].to_list()
    odd = sorted({*odd, *_events(told, fresh, after, through)}, key=to_instant)
    return Differences(tuple(item for _, item in levels), _compositions(told, fresh, after, through), tuple(odd))


def _events(told: IndexResult, fresh: IndexResult, after: np.datetime64 | None, through: np.datetime64) -> list[str]:
    """Return the instants at which other events are told, but for those that go on from what was published."""
    mine, other = (
        Counter(_within(result.events.filter(pl.col("kind") != RESTATEMENT), "time", after, through).rows())
        for result in (told, fresh)
    )
    times = [row[0] for row in [*(mine - other), *(other - mine)]]
    return [stamp(np.datetime64(time.replace(tzinfo=None), "us")) for time in times]


def _levels(result: IndexResult, after: np.datetime64 | None, through: np.datetime64) -> pl.DataFrame:
    table = result.published_levels.select("time", *result.return_columns, "status", "version")
    return _within(table, "time", after, through)


def _within(table: pl.DataFrame, column: str, after: np.datetime64 | None, through: np.datetime64) -> pl.DataFrame:
    table = table.filter(pl.col(column) <= to_datetime(through))
    return table if after is None else table.filter(pl.col(column) > to_datetime(after))


def _compositions(
    told: IndexResult, fresh: IndexResult, after: np.datetime64 | None, through: np.datetime64
) -> tuple[tuple[str, float], ...]:
    columns = ["effective_at", "asset", "units", "weight", "divisor"]
    mine, other = (
        _within(result.compositions, "effective_at", after, through).select(columns) for result in (told, fresh)
    )
    both = mine.join(other, on=["effective_at", "asset"], how="full", suffix="_now", coalesce=True)
    unlike = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in columns[2:])
    off = (pl.col("weight").fill_null(0.0) - pl.col("weight_now").fill_null(0.0)).abs()
    found = both.group_by("effective_at").agg(unlike.any().alias("differs"), (off.sum() / 2).alias("off"))
    # Where only one of them goes on from what was published, nothing was struck: what differs is the divisor.
    goes_on = [result.events.filter(kind=RESTATEMENT)["time"].to_list() for result in (told, fresh)]
    marked = set().union(*goes_on) - (set(mine["effective_at"]) & set(other["effective_at"]))
    rows = found.filter("differs", ~pl.col("effective_at").is_in(list(marked))).sort("effective_at")
    return tuple(rows.select(pl.col("effective_at").dt.strftime(TIME_FORMAT), "off").iter_rows())


def judge(
    again: Recomputation,
    stretches: Sequence[Stretch],
    told: IndexResult,
    known_by: str | None,
    now: datetime,
    last: RestatementBody | None = None,
) -> Judgment:
    """Return what the restatement rule makes of published figures, with the data as known at an instant.

    The rule in force at the instant of a level judges it. Levels young enough to be corrected are those from some
    instant on. Of them all from the first that differs are computed again, by an index that goes on from the last level
    before it; where one of these, or the weights of a composition, is off by more than the threshold, they are
    corrected. Else they stand.

    Args:
        again: The index on its markets.
        stretches: What was published, as the record tells it.
        told: The figures that were published.
        known_by: What is known now.
        now: The instant of the correction, against which windows count.
        last: The restatement before, which recorded what it kept and is not told again.
    """
    whole = [stretch for stretch in stretches if stretch.through is not None]
    through = told.times[-1]
    found = _read_anew(again, whole, told, known_by)
    young = found.from_row(told.times, _young(told, now))
    if young:
        first = int(np.searchsorted(told.times, young.first))
        after = None if first == 0 else told.times[first - 1]
        tail = differences(told, _from(again, whole, told, after, known_by), after, through)
        if not tail.within(again.rules):
            kept = found.through(after)
            return Judgment(after, _published(told, after), tail, kept.without(_recorded(again, whole, told, last)))
    kept = found.without(_recorded(again, whole, told, last))
    return Judgment(through, _published(told, through), Differences((), ()), kept)


def _recorded(
    again: Recomputation, whole: Sequence[Stretch], told: IndexResult, last: RestatementBody | None
) -> Differences:
    """Return what differed, and stood, at the last restatement: as it was known then, up to where that began anew."""
    if last is None or last.after is None:
        return Differences((), ())
    return kept_through(again, whole, told, last.known_by, to_instant(last.after))


def _young(told: IndexResult, now: datetime) -> int:
    """Return the first row from which on every level is young enough to be corrected."""
    row = len(told.times)
    while row > 0:
        instant = told.times[row - 1]
        if not told.methodology.at(instant).rules.restate.in_time(now - to_datetime(instant)):
            break
        row -= 1
    return row


def _from(
    again: Recomputation, whole: Sequence[Stretch], told: IndexResult, after: np.datetime64 | None, known_by: str | None
) -> IndexResult:
    """Return the index that goes on after an instant with what is known now, through the last published one."""
    last = again.anew(Stretch(None, stamp(told.times[-1]), None, None, _published(told, after)), known_by)
    spans = again.spans([*whole, last])
    before = [] if after is None else cut(spans[:-1], after)
    return calculate_spans(again.rules, [*before, spans[-1]], again.start)


def kept_through(
    again: Recomputation, whole: Sequence[Stretch], told: IndexResult, known_by: str | None, through: np.datetime64
) -> Differences:
    """Return what differs through an instant, each stretch read anew from where it began."""
    before = [stretch for stretch in whole if to_instant(str(stretch.through)) <= through]
    return _read_anew(again, before, told, known_by).through(through)


def _read_anew(again: Recomputation, whole: Sequence[Stretch], told: IndexResult, known_by: str | None) -> Differences:
    """Return what differs from what was published, each stretch read from where it began with what is known now."""
    parts = []
    for number, stretch in enumerate(whole):
        begin = None if stretch.after is None else to_instant(stretch.after)
        spans = again.spans([*whole[:number], again.anew(stretch, known_by)])
        fresh = calculate_spans(again.rules, spans, again.start)
        parts.append(differences(told, fresh, begin, to_instant(str(stretch.through))))
    return Differences(
        tuple(item for part in parts for item in part.levels),
        tuple(item for part in parts for item in part.compositions),
        tuple(item for part in parts for item in part.other),
    )


def _published(told: IndexResult, instant: np.datetime64 | None) -> float | None:
    if instant is None:
        return None
    row = int(np.searchsorted(told.times, instant))
    return float(told.published_levels["price_return"][row])
