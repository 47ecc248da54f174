"""How a history of reference prices goes on with a run: what is added, what is corrected or stands, and its lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError, RecordError
from basketry.core.time import format_instant
from basketry.jobs.prices import ReferencePrices
from basketry.jobs.restate import Correction, first_and_largest
from basketry.ledger.bodies import moment
from basketry.ledger.folder import TIME_FORMAT
from basketry.ledger.price_folder import fixing_bodies
from basketry.ledger.price_told import Key, PriceChange, PriceErrors, PriceRestatementBody, RunBody, runs_of
from basketry.reference.fixing import Fixings

KEY = ("time", "asset")
Line = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Restating:
    """That prices that differ are to be corrected by the rule: why, and who answers for it.

    Raises:
        RecordError: There is no reason, or nobody answers for it.
    """

    reason: str
    approver: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise RecordError("a restatement needs a reason: --reason TEXT")
        if not self.approver.strip():
            raise RecordError("somebody must answer for a restatement: --approver NAME")


@dataclass(frozen=True, eq=False)
class PriceHistory:
    """Prices that stand, with their evidence, and what was found wrong of them and stands all the same.

    Attributes:
        fixings: The tables.
        settled: By fixing, the price that was recomputed when the published one was kept; None: there was none.
        known_by: The latest instant of knowledge; None before the first run.
    """

    fixings: Fixings = field(default_factory=lambda: Fixings.together([]))
    settled: Mapping[Key, float | None] = field(default_factory=dict)
    known_by: str | None = None


@dataclass(frozen=True, eq=False)
class PriceStep:
    """How a history went on: what it is then, the lines of the record, fixings added, prices corrected and kept."""

    history: PriceHistory
    lines: Sequence[Line]
    added: int
    restated: tuple[Correction, ...]
    kept: tuple[Correction, ...]


def go_on(
    history: PriceHistory, prices: ReferencePrices, *, now: datetime, software: str, restating: Restating | None = None
) -> PriceStep:
    """Return how a history goes on with a run.

    Fixings that are not in it are added. A price that differs is corrected or kept by the rule, where that is asked
    for; one that was kept before, and is recomputed as it was then, stands.

    Args:
        history: What stands.
        prices: The run.
        now: Against which the rule's window counts.
        software: The version that makes it.
        restating: Correct what differs.

    Raises:
        RecordError: Prices differ and `restating` was not given, or the run knows less than what it would correct.
    """
    known_by = format_instant(prices.known_by)
    found = _contradictions(history, prices.fixings.table)
    if found and restating is None:
        first = found[0]
        raise RecordError(
            f"{len(found)} prices differ from what the trades give now, the first {first.column} at {first.time}: "
            f"{_figure(first.published)} -> {_figure(first.corrected)}; nothing was written. Correct them with "
            "--restate --reason TEXT --approver NAME, or restore the trades"
        )
    if found and history.known_by is not None and moment(known_by) < moment(history.known_by):
        raise RecordError(f"a restatement of what was known by {history.known_by} cannot know less: {known_by}")
    rule = prices.rules.restate
    restated = tuple(
        item for item in found if rule.applies(item.relative_error, now - datetime.fromisoformat(item.time))
    )
    kept = tuple(item for item in found if item not in restated)
    corrected = _keys(restated, history.fixings.table)
    added = prices.fixings.table.join(history.fixings.table, on=KEY, how="anti", maintain_order="left")
    whole = _merged(history.fixings, prices.fixings, corrected)
    said = whole.table.join(pl.concat([added.select(KEY), corrected]), on=KEY, how="semi", maintain_order="left")
    lines: list[Line] = []
    if found and restating is not None:
        lines.append(("restatement", _restatement(prices, restating, found, restated, kept, known_by).model_dump()))
    lines += [(kind, {**body, "known_by": known_by}) for kind, body in fixing_bodies(said)]
    if lines:
        lines.append(("published", _run(prices, known_by, software).model_dump()))
    gone = {(item.time, item.column) for item in restated}
    settled = {key: value for key, value in history.settled.items() if key not in gone}
    settled |= {(item.time, item.column): item.error().corrected for item in kept}
    latest = known_by if history.known_by is None else max(known_by, history.known_by, key=moment)
    return PriceStep(PriceHistory(whole, settled, latest), lines, added.height, restated, kept)


def _contradictions(history: PriceHistory, fresh: pl.DataFrame) -> list[Correction]:
    """Return the prices that differ and were not kept before as they are now."""
    both = history.fixings.table.join(fresh, on=KEY, suffix="_now").filter(
        ~pl.col("price").eq_missing(pl.col("price_now"))
    )
    rows = both.sort(*KEY).with_columns(pl.col("time").dt.strftime(TIME_FORMAT))
    found = []
    for time, asset, was, now in rows.select(*KEY, "price", "price_now").iter_rows():
        if (time, asset) in history.settled and history.settled[time, asset] == now:
            continue
        found.append(Correction(time, asset, math.nan if was is None else was, math.nan if now is None else now))
    return found


def _keys(restated: Sequence[Correction], table: pl.DataFrame) -> pl.DataFrame:
    texts = pl.DataFrame(
        {"time": [item.time for item in restated], "asset": [item.column for item in restated]},
        schema={"time": pl.String, "asset": pl.String},
    )
    stamp = pl.col("time").str.to_datetime(TIME_FORMAT, time_unit="us", time_zone="UTC")
    return texts.with_columns(stamp).cast({"time": table.schema["time"]})


def _merged(old: Fixings, new: Fixings, corrected: pl.DataFrame) -> Fixings:
    """Return the old rows, those corrected in their new form, and the new ones that were not held."""
    kept = old.table.join(corrected, on=KEY, how="anti")
    fresh = new.table.join(kept, on=KEY, how="anti").select(*KEY)

    def pick(earlier: pl.DataFrame, later: pl.DataFrame, order: list[str]) -> pl.DataFrame:
        by = [name for name in KEY if name in earlier.columns]
        mine = earlier.join(corrected, on=KEY, how="anti", maintain_order="left") if "asset" in by else earlier
        theirs = later.join(fresh.select(by).unique(), on=by, how="semi", maintain_order="left")
        return pl.concat([mine, theirs]).unique(maintain_order=True).sort(order, maintain_order=True)

    return Fixings(
        pick(old.table, new.table, ["time", "asset"]),
        pick(old.sources, new.sources, ["time", "asset", "venue", "pair"]),
        pick(old.events, new.events, ["time", "asset"]),
        pick(old.conversions, new.conversions, ["time", "quote"]),
    )


def _run(prices: ReferencePrices, known_by: str, software: str) -> RunBody:
    table = prices.fixings.table
    assets = table["asset"].unique().sort().to_list()
    times = table["time"].unique().sort()
    if table.height != len(assets) * len(times):
        raise DataError("reference prices of a run are of each asset at each instant; keep others in another folder")
    stamps = times.dt.strftime(TIME_FORMAT).to_list()
    runs = runs_of(times.to_physical().to_numpy().astype(np.int64), stamps)
    return RunBody(assets=assets, instants=runs, known_by=known_by, software=software)


def _restatement(
    prices: ReferencePrices,
    restating: Restating,
    found: Sequence[Correction],
    restated: Sequence[Correction],
    kept: Sequence[Correction],
    known_by: str,
) -> PriceRestatementBody:
    return PriceRestatementBody(
        known_by=known_by,
        reason=restating.reason.strip(),
        approver=restating.approver.strip(),
        rule=prices.rules.restate.words(),
        restated=_errors(restated),
        kept=_errors(kept),
        changes=[_change(item, restated=item in restated) for item in found],
    )


def _change(item: Correction, *, restated: bool) -> PriceChange:
    error = item.error()
    return PriceChange(
        time=error.time,
        asset=error.column,
        published=error.published,
        recomputed=error.corrected,
        restated=restated,
    )


def _errors(corrections: Sequence[Correction]) -> PriceErrors:
    first, largest = first_and_largest(corrections)
    return PriceErrors(prices=len(corrections), first=first, largest=largest)


def _figure(value: float) -> str:
    return repr(value) if math.isfinite(value) else "none"
