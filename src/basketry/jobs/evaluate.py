"""Evaluate an index of ours or a file of anybody's levels; keep the report as HTML, PDF or JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.digest import finite
from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.evaluation.evaluate import Evaluated, Evaluation
from basketry.evaluation.iosco import RecordFacts
from basketry.evaluation.levels import Levels
from basketry.evaluation.liquidity import major_venues
from basketry.evaluation.questions import Questionnaire
from basketry.evaluation.review import review_questionnaire
from basketry.evaluation.subject import Subject
from basketry.index.result import IndexResult
from basketry.jobs.recompute import recomputed
from basketry.lake.lake import Instant, Lake
from basketry.ledger.atomic import write_file
from basketry.ledger.folder import PublishedFolder, read_folder
from basketry.market.panel import Times

FORMATS = (".html", ".pdf", ".json")


def open_index(
    path: Path,
    lake: Lake | None,
    *,
    name: str = "daily",
    columns: Mapping[str, str] | None = None,
    constituents: Path | None = None,
    as_of: Instant | None = None,
) -> Evaluated:
    """Return an index to look at: the folder of one of ours, a CSV or Parquet file of levels, or an asset of the lake.

    Args:
        path: Folder, file, or id of an asset, whose prices are the levels.
        lake: Needed for a folder.
        name: The lake's table of observations.
        columns: Of a file, which columns are time and level; those names unless given. `name` and `value` of a filter
            are not needed: leave other series out of the file.
        constituents: For a file, its baskets: CSV or Parquet with effective_at, asset and weight.
        as_of: Use only what the lake knew then; for a folder never more than was known when it was made.

    Raises:
        DataError: A file lacks its columns, levels are not daily or not positive, or a folder comes without a lake.
    """
    if path.is_dir():
        if lake is None:
            raise DataError(f"{path}: the folder of an index is recalculated; name its lake with --lake")
        return _ours(path, lake, name, as_of)
    if lake is not None and not path.suffix:
        return _asset(str(path), lake, name, as_of)
    return _outside(path, columns or {}, constituents)


def with_questionnaire(found: Evaluation, file: Path) -> Evaluation:
    """Return an evaluation with the review that a filled questionnaire gives.

    Raises:
        DataError: The file cannot be read.
        MethodologyError: An answer is unknown, or a yes comes without evidence.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read: {error}") from error
    return replace(found, review=review_questionnaire(Questionnaire.parse(text, str(file)), found.index.record))


@dataclass(frozen=True, eq=False)
class EvaluationReport:
    """An evaluation that can show and save itself; a notebook displays it.

    Attributes:
        found: The evaluation.
        against: What it was compared with.
    """

    found: Evaluation
    against: tuple[Evaluated, ...] = ()

    def html(self, *, interactive: bool = False) -> str:
        """Return the page; see `basketry.reports.evaluation.evaluation_page`."""
        from basketry.reports.evaluation import evaluation_page

        return evaluation_page(self.found, self.against, interactive=interactive)

    def document(self) -> dict[str, Any]:
        """Return the evaluation as plain values."""
        found, held = self.found, self.found.replicability
        review = found.review
        scores = [] if review is None else [{**asdict(score), "grade": score.grade} for score in review.scores]
        return {
            "index": found.index.name,
            "source": found.index.source,
            "simulated_market": found.index.simulated,
            "checks": [asdict(outcome) for outcome in found.outcomes],
            "metrics": found.metrics.to_dicts(),
            "intervals": found.bounds.to_dicts(),
            "periods": found.periods.to_dicts(),
            "months": found.months.to_dicts(),
            "drawdowns": found.drawdowns.to_dicts(),
            "regimes": found.regimes.to_dicts(),
            "crises": found.crises.to_dicts(),
            "review": None if review is None else {"scores": scores, "iosco": review.iosco.to_dicts()},
            "replicability": None
            if held is None
            else {
                "verdict": held.verdict,
                "capacity": held.capacity,
                "costs": held.costs.to_dicts(),
                "constituents": held.constituents.to_dicts(),
                "conventions": dict(held.conventions),
            },
            "comparison": None if found.comparison is None else found.comparison.figures.to_dicts(),
            "differences": found.differences,
            "choices": [asdict(choice) for choice in found.choices],
            "sensitivity": None if found.sensitivity is None else found.sensitivity.table.to_dicts(),
        }

    def save(self, file: Path, *, interactive: bool = True) -> Path:
        """Write the report as .html, .pdf or .json and return its path.

        Raises:
            DataError: The file is none of these.
            MissingExtraError: What draws it is not installed.
        """
        if file.suffix not in FORMATS:
            raise DataError(f"{file}: a report is one of {', '.join(FORMATS)}")
        if file.suffix == ".pdf":
            from basketry.reports.evaluation_pdf import evaluation_pdf

            content = evaluation_pdf(self.found, self.against)
        elif file.suffix == ".json":
            content = (json.dumps(finite(self.document()), indent=2, default=str) + "\n").encode()
        else:
            content = self.html(interactive=interactive).encode()
        write_file(file, content)
        return file

    def _repr_html_(self) -> str:
        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:900px;border:0"></iframe>'


def evaluated(result: IndexResult, source: str = "calculated", record: RecordFacts | None = None) -> Evaluated:
    """Return a calculated index as it is looked at: its leveraged series where it has one, else its price return."""
    rules = result.methodology
    column = result.headline_column
    levels = _daily(result.times, result.level(column), rules.symbol, rules.currency)
    subject = replace(Subject.of_index(result), levels=result.level(column))
    said = source if column == "price_return" else f"{source}, series {column}"
    simulated = result.panel.simulated
    return Evaluated(rules.name, rules.currency, levels, subject, result, simulated, said, record, column)


def _ours(path: Path, lake: Lake, name: str, as_of: Instant | None) -> Evaluated:
    published: PublishedFolder = read_folder(path)
    result = recomputed(published, lake, name, as_of)
    found = evaluated(result, f"{path.name}, recalculated", _record(published, result))
    markets = lake.read("markets")
    if markets.is_empty():
        return found
    # Whose trades are in the lake is a major venue for whoever filled it.
    venues = major_venues(markets, set(markets["venue"]), result.times[-1])
    return replace(found, subject=replace(found.subject, venues={asset: float(n) for asset, n in venues.items()}))


def _asset(asset: str, lake: Lake, name: str, as_of: Instant | None) -> Evaluated:
    panel = lake.panel(name, known_by=as_of)
    if asset not in panel.assets:
        hint = nearest_hint(asset, panel.assets)
        raise DataError(f"{asset}: there is no such folder or file, and the lake has no such asset{hint}")
    price = panel.comparable("price", columns=np.array([panel.position(asset)]))[:, 0]
    known = np.isfinite(price) & (price > 0)
    levels = _daily(panel.times[known], price[known], asset, "USD")
    subject = Subject.of_series(asset, levels.times, levels.level)
    return Evaluated(asset, "USD", levels, subject, None, panel.simulated, f"prices of {asset} in the lake")


def _outside(path: Path, columns: Mapping[str, str], constituents: Path | None) -> Evaluated:
    unknown = sorted(set(columns) - {"time", "level"})
    if unknown:
        hint = nearest_hint(unknown[0], ("time", "level"))
        raise DataError(f"--columns: {unknown[0]!r} is neither time nor level{hint}")
    picked = {"time": columns.get("time", "time"), "level": columns.get("level", "level")}
    rows = _read(path, picked.values()).drop_nulls()
    if not (rows[picked["time"]].dtype.is_temporal() or rows[picked["time"]].dtype == pl.String):
        raise DataError(
            f"{path}: {picked['time']!r} must hold dates such as 2020-01-31, was {rows[picked['time']].dtype}"
        )
    series = Levels.from_frame(rows, **picked, name=path.stem)
    baskets = None
    if constituents is not None:
        held = _read(constituents, ("effective_at", "asset", "weight"))
        try:
            stamps = held["effective_at"].cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
            baskets = held.with_columns(pl.col("weight").cast(pl.Float64), effective_at=stamps)
        except pl.exceptions.PolarsError as error:
            raise DataError(
                f"{constituents}: effective_at must be dates such as 2020-01-31 and weight numbers: "
                f"{str(error).splitlines()[0]}"
            ) from error
    subject = replace(Subject.of_series(path.stem, series.times, series.level), compositions=baskets)
    known = "levels only" if baskets is None else "levels and constituents"
    return Evaluated(path.stem, series.currency, series, subject, None, simulated=False, source=f"{path.name}, {known}")


def _read(path: Path, columns: Iterable[str]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from error
    for column in columns:
        if column not in frame.columns:
            raise DataError(
                f"{path}: has no column {column!r}{nearest_hint(column, frame.columns)}; map it with --columns"
            )
    return frame.select(columns)


def _daily(times: Times, level: Floats, name: str, currency: str) -> Levels:
    """Return the last level of each UTC day."""
    days = (times - np.timedelta64(1, "us")).astype("datetime64[D]")
    last = np.append(days[1:] != days[:-1], True)
    return Levels((days[last] + np.timedelta64(1, "D")).astype("datetime64[us]"), level[last], name, currency)


def _record(published: PublishedFolder, result: IndexResult) -> RecordFacts:
    """Return what a folder's record shows: reading the folder has checked the chain."""
    fresh = result.published_levels.select(["time", *result.return_columns])
    same = published.levels.select(["time", *result.return_columns]).equals(fresh)
    restated = sum(entry.kind == "restatement" for entry in published.record)
    return RecordFacts(len(published.record), chain_intact=True, recomputed=same, restatements=restated)
