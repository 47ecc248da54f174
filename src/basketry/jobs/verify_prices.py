"""Verify a folder of reference prices: every run made again from the trades as they were known, and what it led to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import polars as pl

from basketry.core.digest import canonical_json
from basketry.core.errors import BasketryError, RecordError
from basketry.core.version import VERSION
from basketry.jobs.price_history import PriceHistory, Restating, go_on
from basketry.jobs.prices import Progress, ReferencePrices, in_order, reference_prices
from basketry.jobs.save_prices import price_contradiction
from basketry.jobs.verify import Verification, same_table
from basketry.jobs.verify_check import Check
from basketry.jobs.verify_pages import NOT_COMPARED, page_difference
from basketry.lake.lake import Lake
from basketry.ledger.bodies import moment
from basketry.ledger.folder import TIME_FORMAT
from basketry.ledger.manifest import fault_of_files, read_file, read_manifest
from basketry.ledger.price_folder import (
    FORM,
    PAGE,
    TABLES,
    PriceFolder,
    price_tables,
    read_price_folder,
)
from basketry.ledger.price_told import Key, Step, instants_of
from basketry.reports.prices import price_page


def verify_prices(folder: Path, lake: Lake, *, progress: Progress | None = None) -> Verification:
    """Make every run of a folder of reference prices again from a lake, and compare all that the folder says.

    Each run is made from the trades as they were known then, which its line says; what it adds, corrects and keeps
    must be what the rule makes of that. A corrected price may be one that the trades do not give any more, where they
    were replaced without a time of knowledge; a price that stands may not.

    Args:
        folder: The folder.
        lake: The trades.
        progress: Told what is being done.

    Checks in order: the files against the manifest's digests; the record's hash chain, and that record, rules, tables
    and manifest say the same; the runs; each table cell by cell, exactly; the page.
    """
    return Verification(str(folder), tuple(_checks(folder, lake, progress)))


def _checks(path: Path, lake: Lake, progress: Progress | None) -> Iterator[Check]:
    try:
        manifest = read_manifest(path, FORM)
        fault = fault_of_files(path, FORM, manifest)
        count = len(manifest["files"]) if fault is None else 0
        yield Check("files", fault is None, fault or f"{count} files have the SHA-256 that manifest.json names")
        held = read_price_folder(path, compared=False)
        fault = price_contradiction(held)
    except RecordError as error:
        yield Check("readable", False, str(error))
        return
    yield Check("record chain", True, f"{len(held.record)} entries, each linked to the one before")
    yield Check("record", fault is None, fault or "rules, tables and manifest say what the record says")
    if held.simulated != lake.simulated:
        yield Check("market", False, "the lake and the prices are not both of the simulated market, or both not")
    try:
        replay = _Replay(held, lake, progress)
        yield replay.check()
        fresh = replay.history.fixings
        keys = {name: [key for key in schema.key if key in schema.columns] for name, schema in TABLES.items()}
        for name, table in price_tables(held.fixings).items():
            yield same_table(name, keys[name], table, price_tables(fresh)[name])
        page = read_file(path, PAGE).decode("utf-8", errors="replace")
        made = price_page(held.rules, fresh, held.simulated)
        wrong = page_difference(page, made, pictures=held.manifest.get("matplotlib") == matplotlib.__version__)
        found = "the page is the one that the prices give"
        yield Check(
            "page",
            wrong is None,
            wrong or (found if page == made else f"its text is the one that the prices give; {NOT_COMPARED}"),
        )
    except BasketryError as error:
        yield Check("recomputed", False, str(error))


@dataclass
class _Replay:
    """The runs of a folder made again, one after the other."""

    held: PriceFolder
    lake: Lake
    progress: Progress | None
    history: PriceHistory = field(default_factory=PriceHistory)
    lost: int = 0

    def check(self) -> Check:
        """Return whether the lines of all runs are what the runs give now."""
        told = self.held.told
        if told.old.entries:
            wrong = self._old()
            if wrong is not None:
                return Check("runs", False, wrong)
        for number, step in enumerate(told.steps):
            wrong = self._step(number, step)
            if wrong is not None:
                return Check("runs", False, f"{wrong}{self._other_version(step)}")
        words = f"{len(told.steps)} runs give the lines of the record"
        more = f"; {self.lost} prices that were taken back cannot be computed again: trades were replaced"
        return Check("runs", True, words + (more if self.lost else ""))

    def _other_version(self, step: Step) -> str:
        made = None if step.run is None else step.run.software
        return "" if made == VERSION else f". It was made by basketry {made}, and this is {VERSION}"

    def _step(self, number: int, step: Step) -> str | None:
        """Go on with one run, and return the first line that is not what it gives."""
        run, said = step.run, step.restatement
        at = step.entries[-1].at
        if run is None or at is None:
            return "a run does not say what it was"
        if any(entry.at != at for entry in step.entries):
            return f"the lines of the run of entry {step.entries[-1].seq} were not written at one instant"
        try:
            instants = instants_of(run.instants, self.held.fixings.table.height)
            if not run.assets:
                raise RecordError("a run of no assets")
            fresh = reference_prices(
                self.lake, run.assets, instants, self.held.rules, known_by=moment(run.known_by),
                progress=self.progress,
            )  # fmt: skip
            fresh = self._with_lost(fresh, number, step)
            restating = None if said is None else Restating(said.reason, said.approver)
            made = go_on(
                self.history, fresh, now=datetime.fromisoformat(at), software=run.software, restating=restating
            )
        except BasketryError as error:
            return f"the run of entry {step.entries[-1].seq}: {error}"
        self.history = made.history
        for entry, (kind, body) in zip(step.entries, made.lines, strict=False):
            if entry.kind != kind or canonical_json(entry.body) != canonical_json(body):
                return f"entry {entry.seq} ({entry.kind}) {_difference(entry.body, body)}"
        if len(step.entries) != len(made.lines):
            return (
                f"the run of entry {step.entries[-1].seq} has {len(step.entries)} lines, recomputed {len(made.lines)}"
            )
        return None

    def _with_lost(self, prices: ReferencePrices, number: int, step: Step) -> ReferencePrices:
        """Return a run with the prices that a later restatement took back as the record says them."""
        table = prices.fixings.table
        keys = table.select(pl.col("time").dt.strftime(TIME_FORMAT), "asset").rows()
        before = {
            (time, asset): price
            for time, asset, price in self.history.fixings.table.select(
                pl.col("time").dt.strftime(TIME_FORMAT), "asset", "price"
            ).iter_rows()
        }
        gone = self._taken_back(number)
        changed = {(item.time, item.asset) for item in (step.restatement.changes if step.restatement else ())}
        columns = {name: table[name].to_list() for name in ("price", "status", "confidence", "venues")}
        for row, key in enumerate(keys):
            if key in step.said:
                values = list(step.said[key])
            elif key in before and key not in changed:
                values = [before[key], *(columns[name][row] for name in ("status", "confidence", "venues"))]
            else:
                continue
            if key in gone and values[0] == gone[key] and values[0] != columns["price"][row]:
                for name, value in zip(columns, values, strict=True):
                    columns[name][row] = value
                self.lost += 1
        try:
            series = [pl.Series(name, values, dtype=table.schema[name]) for name, values in columns.items()]
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise RecordError(f"what was taken back is no fixing: {error}") from error
        return replace(prices, fixings=replace(prices.fixings, table=table.with_columns(series)))

    def _taken_back(self, number: int) -> dict[Key, float | None]:
        """Return what the next restatement after a run takes back of each fixing."""
        found: dict[Key, float | None] = {}
        for step in reversed(self.held.told.steps[number + 1 :]):
            if step.restatement is not None:
                found |= {(item.time, item.asset): item.published for item in step.restatement.changes if item.restated}
        return found

    def _old(self) -> str | None:
        """Take what format 1 said as the first run: made again from all that was known to the next run."""
        told = self.held.told
        until = told.steps[0].run.known_by if told.steps and told.steps[0].run else None
        by_asset: dict[str, list[np.datetime64]] = {}
        for time, asset in told.old.said:
            by_asset.setdefault(asset, []).append(moment(time))
        parts = [
            reference_prices(
                self.lake, [asset], np.array(sorted(times), "datetime64[us]").astype(np.int64), self.held.rules,
                known_by=until, progress=self.progress,
            ).fixings
            for asset, times in sorted(by_asset.items())
        ]  # fmt: skip
        fixings = in_order(parts)
        stamped = fixings.table.select(pl.col("time").dt.strftime(TIME_FORMAT), "asset", "price")
        for time, asset, now in stamped.iter_rows():
            was = told.old.said[time, asset][0]
            if was != now:
                return (
                    f"{asset} at {time}: published {was}, recomputed {now}; an earlier version made it, "
                    "which did not say what was known then"
                )
        self.history = PriceHistory(fixings, dict(told.old_settled))
        return None


def _difference(said: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    """Return the first field that a line says otherwise than it was made anew."""
    name = next(name for name in {**made, **said} if canonical_json(said.get(name)) != canonical_json(made.get(name)))
    was, now = said.get(name), made.get(name)
    if isinstance(was, dict) and isinstance(now, dict):
        inner = next(key for key in {**now, **was} if canonical_json(was.get(key)) != canonical_json(now.get(key)))
        name, was, now = f"{name}.{inner}", was.get(inner), now.get(inner)
    when = f" at {said['time']}" if "time" in said else ""
    return f"says {name}{when}: {was}, recomputed {now}"
