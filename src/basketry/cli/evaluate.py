"""The command `basketry evaluate`: what an index is worth to the person who has to choose one."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.core.errors import DataError

if TYPE_CHECKING:
    from basketry.evaluation.evaluate import Evaluation


def evaluate(
    index: Annotated[
        Path, typer.Argument(help="Folder of an index, or a .csv or .parquet file of levels.", show_default=False)
    ],
    lake: Annotated[str | None, typer.Option("--lake", help="The lake, for folders of our own indices.")] = None,
    against: Annotated[
        list[Path] | None, typer.Option("--against", help="Another folder or file to compare with (repeatable).")
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="Of a file: time=date,level=close; those names unless given.")
    ] = None,
    constituents: Annotated[
        Path | None, typer.Option("--constituents", help="Of a file of levels: effective_at, asset, weight.")
    ] = None,
    questionnaire: Annotated[
        Path | None, typer.Option("--questionnaire", help="Answers on how it is made, of an index that is not ours.")
    ] = None,
    size: Annotated[
        float | None, typer.Option("--size", help="A portfolio size to judge, besides 1 to 1,000 million.")
    ] = None,
    what_if: Annotated[bool, typer.Option("--what-if", help="Calculate it under other rules too.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 0,
    name: Annotated[str, typer.Option("--table", help="The lake's observations: daily or intraday.")] = "daily",
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Use only what the lake knew then; a folder says it itself.")
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="Draw fixed pictures: a page of less than 1 MB.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write a report: .html, .pdf or .json.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Evaluate an index, ours or anybody's: warnings, figures, replicability, comparison."""
    from basketry.evaluation.evaluate import evaluate as examined
    from basketry.jobs.evaluate import FORMATS, EvaluationReport, open_index, with_questionnaire
    from basketry.lake.lake import Lake

    if out is not None and out.suffix not in FORMATS:
        raise DataError(f"--out: {out} is none of {', '.join(FORMATS)}")
    if size is not None and not 0 < size < math.inf:
        raise DataError(f"--size: must be a positive amount, was {size:g}")
    if as_of is not None and lake is None:
        raise DataError("--as-of: says what a lake knew; name it with --lake")
    mapping = _columns(columns)
    held = None if lake is None else Lake(lake)
    with status(f"Reading {index}") as update:
        first = open_index(index, held, name=name, columns=mapping, constituents=constituents, as_of=as_of)
        others = []
        for path in against or []:
            update(f"Reading {path}")
            others.append(open_index(path, held, name=name, columns=mapping, as_of=as_of))
        found = examined(first, others, size=size, what_if=what_if, seed=seed, progress=update)
        if questionnaire is not None:
            found = with_questionnaire(found, questionnaire)
        report = EvaluationReport(found, tuple(others))
        if out is not None:
            update(f"Writing {out}")
            report.save(out, interactive=not static)
    if json:
        print_json(report.document())
        return
    _print(found)
    if out is not None:
        say(f"  {out}")
    if first.simulated:
        say("The market is SIMULATED.", style="bold")


def _columns(text: str | None) -> dict[str, str]:
    mapping = {}
    for pair in [] if text is None else text.split(","):
        key, equals, column = pair.partition("=")
        if not equals or not column.strip():
            raise DataError(f"--columns: {pair!r} is not a pair such as level=close")
        mapping[key.strip()] = column.strip()
    return mapping


def _print(found: Evaluation) -> None:
    from basketry.reports.evaluation import shown

    levels = found.index.levels
    say(
        f"{found.index.name}: {len(levels.times):,} daily levels, {levels.times[0]} to {levels.times[-1]}", style="bold"
    )
    for outcome in found.outcomes:
        if outcome.state == "warning":
            say(f"  warning: {outcome.statement} {outcome.action}", style="yellow")
    unseen = [outcome.check.replace("_", " ") for outcome in found.outcomes if outcome.state == "not_examined"]
    clear = sum(outcome.state == "clear" for outcome in found.outcomes)
    say(f"  {clear} checks clear; not examined: {', '.join(unseen) or 'none'}")
    bounds = {row["metric"]: row for row in found.bounds.iter_rows(named=True)}
    grid = table("figure", "value", "95% interval", "convention")
    for row in found.metrics.iter_rows(named=True):
        bound = bounds.get(row["metric"])
        interval = "" if bound is None else f"{shown(bound['low'], row['unit'])} to {shown(bound['high'], row['unit'])}"
        grid.add_row(row["title"], shown(row["value"], row["unit"]), interval, row["convention"])
    say(grid)
    if found.replicability is not None:
        held = found.replicability
        room = f"{held.capacity:,.0f} {found.index.currency} at {held.bound:.0%} a year"
        say(f"  replicable: {held.verdict}; capacity {room}")
    if found.comparison is not None:
        names = found.comparison.aligned.names
        beside = table("figure", *names)
        for row in found.comparison.figures.iter_rows(named=True):
            unit = "ratio" if row["figure"] == "sharpe" else "fraction"
            beside.add_row(row["figure"].replace("_", " "), *(shown(row[key], unit) for key in names))
        say(beside)
