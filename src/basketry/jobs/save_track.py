"""Keep a portfolio that followed an index in a folder, and verify such a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from basketry.core.errors import BasketryError, RecordError
from basketry.core.time import format_instant
from basketry.core.version import VERSION
from basketry.jobs.track import Followed, TrackTerms, followed
from basketry.jobs.verify import Verification
from basketry.jobs.verify_record import Check
from basketry.lake.lake import Lake
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.lock import writing
from basketry.ledger.track_folder import TABLES, read_track_folder, track_files
from basketry.reports.tracking import tracking_page
from basketry.tracking.run import TrackingResult

SEED = 0


@dataclass(frozen=True, eq=False)
class TrackRun:
    """What `track run` made: the index, the portfolio, and the tables of its folder."""

    source: Followed
    result: TrackingResult

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the tables by name."""
        return {
            "levels": self.result.levels,
            "orders": self.result.orders,
            "attribution": self.result.attribution().table,
            "figures": self.result.figures(seed=SEED).table(),
        }

    def save(self, folder: Path) -> Path:
        """Write the folder and return its path.

        Raises:
            RecordError: The folder holds something else.
        """
        index, target = self.source.index, self.result.target
        tables = self.tables()
        manifest = {
            "basketry": VERSION,
            "simulated_market": index.panel.simulated,
            "index": {
                "symbol": index.methodology.symbol,
                "methodology": index.methodology.digest,
                "inputs": index.panel.digest(),
            },
            "from": format_instant(target.times[0]),
            "to": format_instant(target.times[-1]),
            "figures": {
                name: value for name, value in tables["figures"].select("figure", "value").iter_rows() if value == value
            },
        }
        page = tracking_page(
            self.result,
            name=index.methodology.name,
            simulated=index.panel.simulated,
            terms=term_words(self.source.terms),
            figures=tables["figures"],
        )
        with writing(folder):
            recover(folder)
            if (folder / "manifest.json").is_file():
                read_track_folder(folder)
            write_folder(folder, track_files(tables, self.source.terms.document(), page, manifest))
        return folder


def manifest_of(kind: str, terms: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the manifest of a folder that holds tables alone: what it is, and on which terms."""
    content = {"basketry": VERSION, "format": 1, "kind": kind, "terms": dict(terms)}
    return {"manifest.json": (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()}


def term_words(terms: TrackTerms) -> list[str]:
    """Return the terms as sentences."""
    said = [f"Value at the start: {terms.value:,.0f}.", f"Costs: {terms.venues.words()}."]
    if terms.fee:
        said.append(f"Management fee: {terms.fee:.2%} a year, accrued daily.")
    if terms.cash_buffer:
        said.append(f"Cash aimed at: {terms.cash_buffer:.2%}.")
    said.append("Decisions use what was known at the time; trades are at the prices of the same row.")
    return said


def verify_track(folder: Path, index: Path, lake: Lake, *, table: str = "daily") -> Verification:
    """Recompute a tracking result from its terms, the index and the lake, and compare every number.

    Args:
        folder: Of the result.
        index: Folder of the index that was followed.
        lake: The data.
        table: Its table of observations.
    """
    checks: list[Check] = []
    try:
        held = read_track_folder(folder)
    except RecordError as error:
        return Verification(str(folder), (Check("files", False, str(error)),))
    checks.append(Check("files", True, f"{len(held.manifest['files'])} files as the manifest says"))
    try:
        source = followed(index, lake, TrackTerms.parse(held.terms, "track.yaml"), table=table)
        fresh = TrackRun(source, source.run()).tables()
    except BasketryError as error:
        return Verification(str(folder), (*checks, Check("recomputed", False, str(error))))
    made = {"methodology": source.index.methodology.digest, "inputs": source.index.panel.digest()}
    for name, digest in made.items():
        same = held.manifest["index"][name] == digest
        found = "the same" if same else f"{digest[:12]} now, {held.manifest['index'][name][:12]} in the manifest"
        checks.append(Check(name, same, found))
    for name in TABLES:
        try:
            assert_frame_equal(held.tables[name], fresh[name], check_exact=True)
            checks.append(Check(name, True, f"{fresh[name].height:,} rows equal"))
        except AssertionError as error:
            checks.append(Check(name, False, f"{name}.parquet differs: {str(error).splitlines()[0]}"))
    return Verification(str(folder), tuple(checks))
