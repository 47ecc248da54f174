"""Keep a portfolio that followed an index in a folder, and verify such a folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import matplotlib
import polars as pl
from polars.testing import assert_frame_equal

from basketry.core.digest import canonical_json
from basketry.core.errors import BasketryError, RecordError
from basketry.core.time import format_instant
from basketry.core.version import VERSION
from basketry.jobs.track import Followed, TrackTerms, followed
from basketry.jobs.verify import Verification
from basketry.jobs.verify_check import Check
from basketry.jobs.verify_pages import NOT_COMPARED, page_difference
from basketry.lake.lake import Lake
from basketry.ledger.manifest import replace_folder
from basketry.ledger.track_folder import FORM, PAGE, TABLES, TrackFolder, read_track_folder, track_files
from basketry.reports.tracking import tracking_page
from basketry.tracking.run import TrackingResult

SEED = 0


@dataclass(frozen=True, eq=False)
class TrackRun:
    """What `track run` made: the index, the portfolio, and the tables of its folder."""

    source: Followed
    result: TrackingResult

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """The tables by name."""
        return {
            "levels": self.result.levels,
            "orders": self.result.orders,
            "attribution": self.result.attribution().table,
            "figures": self.result.figures(seed=SEED).table(),
        }

    def facts(self) -> dict[str, Any]:
        """Return what the manifest says of the result."""
        index, target = self.source.index, self.result.target
        figures = self.tables["figures"].select("figure", "value").iter_rows()
        return {
            "basketry": VERSION,
            "simulated_market": index.panel.simulated,
            "index": {
                "symbol": index.methodology.symbol,
                "methodology": index.methodology.digest,
                "inputs": index.panel.digest(),
            },
            "from": format_instant(target.times[0]),
            "to": format_instant(target.times[-1]),
            "figures": {name: value for name, value in figures if value == value},
        }

    def page(self) -> str:
        """Return the page of the result."""
        index = self.source.index
        return tracking_page(
            self.result,
            name=index.methodology.name,
            simulated=index.panel.simulated,
            terms=term_words(self.source.terms),
            figures=self.tables["figures"],
        )

    def save(self, folder: Path) -> Path:
        """Write the folder and return its path.

        Raises:
            RecordError: The folder holds something else, or a result that was altered.
        """
        files = track_files(self.tables, self.source.terms.document(), self.page())
        replace_folder(folder, FORM, files, {**self.facts(), "matplotlib": matplotlib.__version__})
        return folder


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
        fresh = TrackRun(source, source.run())
        checks += [_facts_check(held, fresh), *(_table_check(held, fresh, name) for name in TABLES)]
        checks.append(_page_check(held, fresh))
    except BasketryError as error:
        checks.append(Check("recomputed", False, str(error)))
    return Verification(str(folder), tuple(checks))


def _facts_check(held: TrackFolder, fresh: TrackRun) -> Check:
    """Check what the manifest says beside its files."""
    beside = ("files", "format", "kind", "basketry", "matplotlib")
    said = {name: value for name, value in held.manifest.items() if name not in beside}
    due = {name: value for name, value in fresh.facts().items() if name not in beside}
    for name in {**due, **said}:
        if canonical_json(said.get(name)) != canonical_json(due.get(name)):
            return Check("manifest", False, f"{name}: says {said.get(name)}, recomputed {due.get(name)}")
    return Check("manifest", True, f"index, data and figures are those of {held.manifest['index']['symbol']}")


def _table_check(held: TrackFolder, fresh: TrackRun, name: str) -> Check:
    try:
        assert_frame_equal(held.tables[name], fresh.tables[name], check_exact=True)
    except AssertionError as error:
        return Check(name, False, f"{name}.parquet differs: {str(error).splitlines()[0]}")
    return Check(name, True, f"{fresh.tables[name].height:,} rows equal")


def _page_check(held: TrackFolder, fresh: TrackRun) -> Check:
    page = fresh.page()
    wrong = page_difference(held.page, page, pictures=held.manifest.get("matplotlib") == matplotlib.__version__)
    found = "the page is the one that the result gives"
    return Check(
        PAGE,
        wrong is None,
        wrong or (found if held.page == page else f"its text is the one that the result gives; {NOT_COMPARED}"),
    )
