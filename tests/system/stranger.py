"""A stranger with nothing but folder, lake, key and heads: verifies all, and computes each day again in one run."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.system.administrator import PROGRAM, TABLES, Snapshot, quickly, run, sha256, written
from tests.system.year import INDICES, Year

from basketry.core.time import to_instant
from basketry.index.effective import check_effective
from basketry.index.result import IndexResult
from basketry.index.spans import Span, calculate_spans
from basketry.jobs.recompute import recomputed
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.ledger.head import read_head
from basketry.ledger.told import Told, told
from basketry.market.events import EventRow
from basketry.market.widened import widened
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml


@dataclass
class Stranger:
    """Who was handed copies.

    Attributes:
        home: Where the copies are. key: The public key, told by another way.
        compared: How many days were computed again, by how.
    """

    home: Path
    key: str
    compared: dict[str, int]

    @staticmethod
    def of(year: Year, home: Path) -> Stranger:
        """Hand out the folders, the lake and the heads of a year."""
        home.mkdir()
        for name in ("lake", "heads", *INDICES):
            shutil.copytree(year.office.home / name, home / name)
        return Stranger(home, year.key, {})

    @property
    def lake(self) -> Path:
        """The lake."""
        return self.home / "lake"

    def verifies(self, index: str) -> float:
        """Verify a folder under the key and every head that was kept; return the seconds of the oldest."""
        heads = sorted((self.home / "heads").glob(f"{index}-*.json"))
        record = read_folder(self.home / index).record
        for head in heads:
            kept = read_head(head)
            assert record[kept.entries - 1].hash == kept.hash, head
        begin = time.perf_counter()
        done = subprocess.run(
            [*PROGRAM, "index", "verify", str(self.home / index), "--lake", str(self.lake), "--key", self.key,
             "--head", str(heads[0])],
            capture_output=True, text=True, check=False, cwd=self.home,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return time.perf_counter() - begin

    def computes(self, index: str, day: Snapshot) -> None:
        """Compute a day in one run, and compare it with what the folder held that day: to the byte where it can be."""
        folder = read_folder(self.home / index)
        said = told(folder.record[: day.entries])
        forward = any(_stands(body.kept) for _, body in said.restatements)
        late = self._told_late(said)
        once = self._at_once(index, day)
        if not forward and not late:
            assert {name: sha256(once / name) for name in TABLES} == day.tables, (index, day.at)
        else:
            found = self._by_stretches(index, day)
            assert found.published_levels.equals(day.levels), (index, day.at)
            assert found.compositions.equals(day.compositions), (index, day.at)
            # In one run an event told late counts from when it is known.
            since = max(str(said.stretches[-1].after), *(f"{row[-1]}Z"[:19] + "Z" for row in late), "")
            self._same_returns(pl.read_parquet(once / "levels.parquet"), day, since)
        kind = "by its stretches" if forward or late else "byte for byte"
        self.compared[kind] = self.compared.get(kind, 0) + 1

    def _at_once(self, index: str, day: Snapshot) -> Path:
        rules, out = self.home / f"{index}.yaml", self.home / f"{index}-at-once"
        rules.write_text(day.rules)
        with quickly():
            run("index", "run", rules, "--lake", self.lake, "--as-of", written(day.at), "--end", day.end, "--out", out)
        return out

    def _told_late(self, said: Told, by: str | None = None) -> frozenset[EventRow]:
        """Return the events known by a correction and not by the first publication that went through their time."""
        last = by or next((stretch.told_by for stretch in reversed(said.stretches)), None)
        found = []
        for event in Lake(self.lake).panel().corporate if last else ():
            first = next((body for _, body in said.publications if to_instant(body.through) >= event.time), None)
            if first is not None and to_instant(str(first.known_by)) < event.known_at <= to_instant(str(last)):
                found.append(event.row)
        return frozenset(found)

    def _by_stretches(self, index: str, day: Snapshot) -> IndexResult:
        """Return the index by the stretches of its record, each on the lake as it was known then."""
        lake, rules = Lake(self.lake), Methodology.load(parse_yaml(day.rules))
        said = told(read_folder(self.home / index).record[: day.entries])
        stretches = said.stretches
        late = [self._told_late(said, stretch.told_by) if stretch.told_by else frozenset() for stretch in stretches]
        panels = [lake.panel(known_by=stretch.known_by) for stretch in stretches]
        assets = sorted(set().union(*(panel.assets for panel in panels)))
        return calculate_spans(
            rules,
            [
                Span(widened(panel, assets), stretch.through, stretch.level, rows)
                for panel, stretch, rows in zip(panels, stretches, late, strict=True)
            ],
        )

    def _same_returns(self, once: pl.DataFrame, day: Snapshot, after: str) -> None:
        """Compare the returns since the last correction, but over changes of composition since."""
        both = once.join(day.levels, on="time", suffix="_told").filter(
            pl.col("time") >= pl.lit(after).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
        )
        change = pl.col("price_return") / pl.col("price_return").shift(1)
        told_change = pl.col("price_return_told") / pl.col("price_return_told").shift(1)
        rows = both.select(change.alias("a"), told_change.alias("b")).drop_nulls()
        assert rows["a"].to_list() == pytest.approx(rows["b"].to_list(), rel=3e-6), day.at


def _stands(kept: Any) -> bool:
    return bool(kept.levels or kept.compositions)


def took_effect(year: Year, index: str) -> int:
    """Compare what was given out with what took effect; return how many did as announced, or with a reason."""
    folder = year.office.folder(index)
    published = read_folder(folder)
    result = recomputed(published, Lake(year.office.lake))
    lines = {line.body["effective_at"]: line.body for line in published.told.lines if line.kind == "announced"}
    made = 0
    for given in year.office.proformas.get(index, []):
        body = lines[_stamp(given["effective_at"])]
        holdings = {entry["asset"] for entry in given["holdings"] if entry["asset"] not in given["deletions"]}
        assert holdings == {asset for asset, *_ in body["holdings"]}
        differences = check_effective(body, result)
        if differences is None:
            continue
        assert all(difference.reason for difference in differences)
        made += 1
    return made


def _stamp(text: str) -> str:
    return text if "T" in text else f"{text}T00:00:00Z"


def judged(year: Year, home: Path, every: int) -> dict[str, Any]:
    """Verify a year as a stranger, and return its figures."""
    stranger = Stranger.of(year, home)
    verified = {index: stranger.verifies(index) for index in INDICES}
    for index in INDICES:
        held = {snapshot.end: snapshot for snapshot in year.office.days[index]}
        for snapshot in list(held.values())[::-every][::-1]:
            stranger.computes(index, snapshot)
    seconds = sorted(year.office.seconds)
    return {
        "days": (year.last - min(snapshot.at.date() for snapshot in year.office.days["CCI30"])).days + 1,
        "counts": dict(sorted(year.office.counts.items())),
        "as announced": {index: took_effect(year, index) for index in INDICES},
        "compared": stranger.compared,
        "verify_seconds": verified,
        "publish_seconds": {"median": seconds[len(seconds) // 2], "largest": seconds[-1], "all": sum(seconds)},
        "record_entries": {index: len(read_folder(home / index).record) for index in INDICES},
    }
