"""Publish an index: seal a draft, extend what was published, restate it by the rule; never overwrite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import RecordError
from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.index.calculate import Instant, calculate_index
from basketry.index.result import IndexResult
from basketry.jobs.attack import IndexManipulation
from basketry.jobs.save import write_index
from basketry.ledger.folder import (
    TIME_FORMAT,
    PublishedFolder,
    compositions_of_record,
    draft_record,
    read_folder,
    record_bodies,
    stamped,
)
from basketry.ledger.record import Entry, chain
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True)
class Correction:
    """A published level that the data now contradict."""

    time: str
    column: str
    published: float
    corrected: float

    @property
    def relative_error(self) -> float:
        """Corrected over published, less one."""
        return self.corrected / self.published - 1 if self.published else float(self.corrected != 0)


@dataclass(frozen=True)
class Publication:
    """What a call of `publish` did."""

    folder: Path
    through: str
    levels_added: int
    corrections: tuple[Correction, ...]
    immaterial: tuple[Correction, ...]


def publish_index(
    folder: Path,
    panel: Panel,
    *,
    approver: str,
    end: Instant | None = None,
    restate: bool = False,
    reason: str | None = None,
    now: datetime | None = None,
    accept_jump: bool = False,
    manipulation: Callable[[IndexResult], IndexManipulation | None] | None = None,
) -> Publication:
    """Publish the index of a folder through an instant and return what was done.

    A draft is sealed as it stands. Of a published folder, later levels are appended. Where the data now give
    other levels than were published, nothing is changed unless `restate` is asked for: then the levels whose
    error exceeds the methodology's materiality threshold, within its window, are corrected by entries appended
    to the record, with reason, size and rule; smaller or later ones stay as published, which the record says.

    Args:
        folder: Folder of an index.
        panel: The market.
        approver: Who answers for the publication; kept in the record.
        end: Publish through this instant; the end of the data unless given.
        restate: Append corrections.
        reason: Why the levels are corrected; required with `restate`.
        now: The instant of the correction, against which the restatement window counts.
        accept_jump: Publish although a level moves by more than the guard's factor in one step.
        manipulation: What it costs to move an index, for the factsheet.

    Raises:
        RecordError: The draft is not what the data give; published levels differ and `restate` was not asked for;
            the guard's jump; a restatement without a reason.
    """
    published = read_folder(folder)
    result = _recalculated(published, panel, end)
    _refuse_jump(published.methodology, result, accept_jump)
    corrections = _corrections(published, result)
    recomposed = _recomposed(published, result)
    differs = bool(corrections or recomposed)
    seal = partial(_seal, folder, approver=approver, published=published, manipulation=manipulation)
    what = f"{_first(corrections)}" if corrections else f"the composition of {', '.join(sorted(recomposed)[:1])}"
    if published.published_through is None:
        if differs:
            raise RecordError(
                f"{folder}: is not what the data give now: {what}; run the index again before publishing it"
            )
        record = draft_record(result)
        return seal(result, record)
    if differs and not restate:
        raise RecordError(
            f"{folder}: {len(corrections)} published levels and {len(recomposed)} compositions differ from what the "
            f"data give now: {what}; correct them with --restate --reason TEXT, or restore the data"
        )
    if not differs:
        return seal(result, _extended(published, result))
    if reason is None:
        raise RecordError("a restatement needs a reason: --reason TEXT")
    material, immaterial = _by_materiality(published.methodology, corrections, now)
    entries = [("restatement", _restatement(published.methodology, item, reason, approver)) for item in material]
    entries += [("kept", _kept(item)) for item in immaterial]
    entries += [
        ("composition_restated", {"effective_at": when, "compositions": bodies, "reason": reason, "approver": approver})
        for when, bodies in sorted(recomposed.items())
    ]
    record = chain(stamped(entries, result.panel.known_by), after=_extended(published, result))
    return seal(with_kept(result, immaterial), record, material=material, immaterial=immaterial)


def _recalculated(published: PublishedFolder, panel: Panel, end: Instant | None) -> IndexResult:
    span = published.manifest["parameters"]
    last = end
    if end is None and published.published_through is None:
        last = span["end"]
    if last is not None and to_instant(last) < to_instant(span["end"]):
        raise RecordError(
            f"{published.path}: holds levels through {span['end']}, later than {last}; nothing is unpublished"
        )
    return calculate_index(published.methodology, panel, span["start"], last)


def _refuse_jump(methodology: Methodology, result: IndexResult, accept: bool) -> None:
    level, times = result.level(), result.times
    if accept or len(level) < 2:
        return
    starts = np.searchsorted(times[1:], [version.valid_from for version in methodology.versions])
    factors = [version.rules.guard.level_jump or np.inf for version in methodology.versions]
    factor = np.repeat(factors, np.diff(starts, append=len(times) - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.maximum(level[1:] / level[:-1], level[:-1] / level[1:])
    jumps = np.flatnonzero(step > factor)
    if len(jumps):
        row = int(jumps[0]) + 1
        raise RecordError(
            f"{methodology.symbol}: the level moves from {level[row - 1]:,.4f} to {level[row]:,.4f} at "
            f"{format_instant(times[row])}, more than {factor[row - 1]:g} times; not published. If it is right, "
            "publish with --accept-jump"
        )


def _corrections(published: PublishedFolder, result: IndexResult) -> list[Correction]:
    told, fresh = published.levels, result.published_levels.head(published.levels.height)
    if fresh.height < told.height or not told["time"].equals(fresh["time"]):
        raise RecordError(f"{published.path}: the instants of its levels are no longer those the data give")
    found: list[tuple[int, Correction]] = []
    for column in result.return_columns:
        old, new = told[column].to_numpy(), fresh[column].to_numpy()
        found += [
            (row, Correction(_time(told, row), column, float(old[row]), float(new[row])))
            for row in np.flatnonzero(old != new).tolist()
        ]
    return [item for _, item in sorted(found, key=lambda entry: (entry[0], entry[1].column))]


def _recomposed(published: PublishedFolder, result: IndexResult) -> dict[str, list[dict[str, Any]]]:
    """Return the compositions that the data give now, by effective instant, where the record says otherwise."""
    through = published.published_through or published.manifest["parameters"]["end"]
    told = compositions_of_record(published)
    fresh: dict[str, list[dict[str, Any]]] = {}
    for kind, body in record_bodies(result):
        if kind == "composition":
            fresh.setdefault(body["effective_at"], []).append(body)
    instants = {when for when in {*told, *fresh} if to_instant(when) <= to_instant(through)}
    return {when: fresh.get(when, []) for when in instants if told.get(when) != fresh.get(when)}


def _time(levels: Any, row: int) -> str:
    text: str = levels["time"].dt.strftime(TIME_FORMAT)[row]
    return text


def _first(corrections: list[Correction]) -> str:
    item = corrections[0]
    return (
        f"the first {item.column} at {item.time}: {item.published!r} -> {item.corrected!r} ({item.relative_error:+.4%})"
    )


def _by_materiality(
    methodology: Methodology, corrections: list[Correction], now: datetime | None
) -> tuple[tuple[Correction, ...], tuple[Correction, ...]]:
    material: list[Correction] = []
    immaterial: list[Correction] = []
    for item in corrections:
        age = None if now is None else now - to_datetime(to_instant(item.time))
        rule = methodology.at(item.time).rules.restate
        (material if rule.applies(item.relative_error, age) else immaterial).append(item)
    return tuple(material), tuple(immaterial)


def _restatement(methodology: Methodology, item: Correction, reason: str, approver: str) -> dict[str, Any]:
    return {
        "time": item.time,
        "column": item.column,
        "published": item.published,
        "corrected": item.corrected,
        "relative_error": item.relative_error,
        "reason": reason,
        "approver": approver,
        "rule": methodology.at(item.time).rules.restate.words(),
    }


def _extended(published: PublishedFolder, result: IndexResult) -> list[Entry]:
    """Return the record with what is later than its last publication appended."""
    through = published.published_through or ""
    later = [
        (kind, body)
        for kind, body in record_bodies(result)
        if kind != "methodology" and (body.get("time") or body.get("effective_at") or body["last"]["time"]) > through
    ]
    return chain(stamped(later, result.panel.known_by), after=published.record)


def _kept(item: Correction) -> dict[str, Any]:
    return {"time": item.time, "column": item.column, "published": item.published, "recomputed": item.corrected}


def with_kept(result: IndexResult, kept: Iterable[Correction]) -> IndexResult:
    """Return a result whose levels are as published where an error was too small or too late to correct."""
    levels = result.levels
    stamps = levels["time"].dt.strftime(TIME_FORMAT)
    for item in kept:
        here = stamps == item.time
        levels = levels.with_columns(
            pl.when(here).then(pl.lit(item.published)).otherwise(pl.col(item.column)).alias(item.column)
        )
    return replace(result, levels=levels)


def _seal(
    folder: Path,
    result: IndexResult,
    record: list[Entry],
    *,
    approver: str,
    published: PublishedFolder,
    manipulation: Callable[[IndexResult], IndexManipulation | None] | None,
    material: tuple[Correction, ...] = (),
    immaterial: tuple[Correction, ...] = (),
) -> Publication:
    through = _time(result.levels, -1)
    seal = {"through": through, "approver": approver, "inputs": result.panel.digest()}
    sealed = chain(stamped([("published", seal)], result.panel.known_by), after=record)
    write_index(result, folder, sealed, manipulation and manipulation(result))
    added = result.levels.height - (0 if published.published_through is None else published.levels.height)
    return Publication(folder, through, added, material, immaterial)
