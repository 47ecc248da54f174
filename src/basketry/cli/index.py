"""The commands `basketry index ...`: words in, words or JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table

if TYPE_CHECKING:
    from basketry.index.explain import Explanation
    from basketry.jobs.calculate import Index
    from basketry.jobs.check import Problem
    from basketry.jobs.diff import Comparison
    from basketry.market.panel import Panel
    from basketry.methodology.methodology import Methodology

index_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Write a methodology, compute the index, explain, compare, publish and verify it.",
)

LakeOption = Annotated[
    str, typer.Option("--lake", help="The lake: a folder, or an fsspec address.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
TableOption = Annotated[str, typer.Option("--table", help="Observations to use: daily or intraday.")]
AsOfOption = Annotated[
    str | None,
    typer.Option("--as-of", help="Use only what was known at this instant; a folder says when it was made."),
]
FolderArgument = Annotated[Path, typer.Argument(help="Folder of an index, as made by `index run`.", show_default=False)]


@index_app.command(
    epilog="Example:  basketry index new my-index.yaml --example equal-weight-10",
)
def new(
    file: Annotated[Path, typer.Argument(help="The methodology file to write.", show_default=False)],
    example: Annotated[str, typer.Option("--example", help="The example to start from.")] = "large-cap-20",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    list_examples: Annotated[bool, typer.Option("--list", help="List the examples instead.")] = False,
) -> None:
    """Write a methodology file to start from."""
    from basketry.jobs.new import examples, new_methodology, replicas

    if list_examples:
        say("\n".join([*examples(), *replicas()]))
        return
    path = new_methodology(file, example, force=force)
    say(f"{path}: written from the example {example}. Next:  basketry index check {path}")


@index_app.command(
    epilog="Example:  basketry index check my-index.yaml --lake LAKE --start 2019-01-01\n\n"
    "Exits 2 when a run with the same options would be refused, 0 otherwise, also with warnings.",
)
def check(
    methodology: Annotated[Path, typer.Argument(help="A methodology file.", show_default=False)],
    lake: Annotated[str | None, typer.Option("--lake", help="Also find all that a run on it would refuse.")] = None,
    schema: Annotated[Path | None, typer.Option("--schema", help="Write the JSON Schema for editors here.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="With --lake: set the base level on this day.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="With --lake: last instant.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="With --lake: only what was known then.")] = None,
    table: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Check a methodology file and say it in words; with a lake, find all that does not fit the data.

    Figures, assets, tags, sectors and rates are looked up with the nearest names, the base and some of the later
    determinations are tried, and overrides and versions that have no effect are named, each with its line.
    """
    from dataclasses import asdict

    from basketry.core.time import format_instant
    from basketry.jobs.check import check as check_methodology
    from basketry.jobs.check import first_rebalances
    from basketry.methodology.methodology import Methodology
    from basketry.methodology.schema import methodology_schema

    if schema is not None:
        from json import dumps

        schema.write_text(dumps(methodology_schema(), indent=2) + "\n", encoding="utf-8")
    rules = Methodology.load(methodology)
    panel = _panel(lake, table, rules, known_by=as_of) if lake else None
    found = check_methodology(methodology, panel, start, end)
    wrong = [problem for problem in found if problem.severity == "error"]
    dates = first_rebalances(rules, panel, start)
    if json:
        print_json(
            {
                "valid": not wrong,
                "symbol": rules.symbol,
                "name": rules.name,
                "digest": rules.digest,
                "versions": len(rules.versions),
                "returns": [rule.column() for rule in rules.latest.returns],
                "first_rebalances": [format_instant(date) for date in dates],
                "problems": [asdict(problem) for problem in found],
            }
        )
    else:
        verdict = f"cannot be computed on {lake}: {len(wrong)} error(s)" if wrong else "is valid"
        say(f"{rules.symbol}: {rules.name} {verdict} ({len(rules.versions)} version(s), digest {rules.digest[:12]})")
        _say_rules(rules)
        say(f"  first rebalances: {', '.join(format_instant(date) for date in dates)}")
        _say_problems(found)
    if wrong:
        raise typer.Exit(2)


def _say_problems(found: Sequence[Problem]) -> None:
    for problem in found:
        say(f"  {problem.severity}: {problem}", style="red" if problem.severity == "error" else "yellow")


def _say_rules(rules: Methodology) -> None:
    from basketry.reports.change_log import change_log

    for parent in rules.parents:
        say(f"  parent     {parent.symbol}: {parent.name}, digest {parent.digest[:12]}")
    book = rules.latest
    for rule in book.universe:
        say(f"  universe   {rule.words()}")
    say(f"  select     {book.select.words()}")
    say(f"  weight     {book.weight.words()}")
    say(f"  rebalance  {book.calendar_in_words()}")
    for trigger in book.triggers:
        say(f"  trigger    {trigger.words()}")
    for entry in book.returns:
        say(f"  return     {entry.words()}")
    for version in change_log(rules)[1:]:
        what = "; ".join(f"{change.path}: {change.before} -> {change.after}" for change in version.changes)
        say(f"  version {version.number}  from {version.valid_from}: {what or 'nothing changes'}")


@index_app.command(
    epilog="Example:  basketry index run large-cap-20.yaml --lake LAKE --out LC20 --start 2015-01-01",
)
def run(
    methodology: Annotated[Path, typer.Argument(help="A methodology file.", show_default=False)],
    lake: LakeOption,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write; the symbol unless given.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="Set the base level on this day.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last instant; a bare date is 00:00 UTC.")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Use only what was known at this instant.")] = None,
    table: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Compute an index and write its folder: tables, documents, manifest and record."""
    from dataclasses import asdict

    from basketry.jobs.attack import index_manipulation
    from basketry.jobs.calculate import calculate
    from basketry.jobs.check import warnings_of
    from basketry.jobs.save import manifest
    from basketry.lake.lake import Lake
    from basketry.methodology.methodology import Methodology

    rules = Methodology.load(methodology)
    target = out or Path(rules.symbol)
    with status(f"Reading {lake}") as update:
        panel = _panel(lake, table, rules, update, as_of)
        update(f"Computing {rules.symbol}")
        result = calculate(rules, panel, start, end)
        cost = index_manipulation(Lake(lake), result, progress=update)
        update(f"Writing {target}")
        result.save(target, cost)
    found = warnings_of(methodology, result)
    if json:
        print_json({"folder": str(target), **manifest(result), "problems": [asdict(problem) for problem in found]})
        return
    _print_summary(result, target)
    _say_problems(found)


def _print_summary(result: Index, target: Path) -> None:
    from basketry.core.time import format_instant
    from basketry.reports.figures import count_of_members

    rows, rules = result.levels, result.methodology
    say(f"{rules.symbol}: {rules.name}{' (simulated market)' if result.panel.simulated else ''}", style="bold")
    span = " to ".join(format_instant(time) for time in result.times[[0, -1]])
    say(f"  {span}: {rows.height:,} levels, {result.compositions['effective_at'].n_unique()} compositions")
    first_decimals, last_decimals = result.decimals(0), result.decimals(-1)
    for column in result.return_columns:
        level = result.published_levels[column]
        say(f"  {column:<20} {level[0]:,.{first_decimals}f} -> {level[-1]:,.{last_decimals}f}")
    counts = {str(name): count for name, count in rows["status"].value_counts().sort("status").iter_rows()}
    say("  levels by status:    " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    top = list(result.weights().items())
    shown = ", ".join(f"{name} {weight:.1%}" for name, weight in top[:5])
    number, _, beside = count_of_members(result, result.weights()).partition(" ")
    say(f"  {number} members{beside and ' '}{beside}:  {shown}{', ...' if len(top) > 5 else ''}")
    if result.events.height:
        say(f"  {result.events.height} events and fallbacks in events.parquet")
    say(f"  factsheet: {target / 'factsheet.html'}")


@index_app.command(epilog="Example:  basketry index explain LC20 2018-01-15 --lake LAKE --asset xrp")
def explain(
    folder: FolderArgument,
    date: Annotated[str, typer.Argument(help="Date or instant.", show_default=False)],
    lake: LakeOption,
    asset: Annotated[list[str] | None, typer.Option("--asset", help="Only these assets (may be repeated).")] = None,
    top: Annotated[int, typer.Option("--top", help="Show this many assets that are out.")] = 10,
    as_of: AsOfOption = None,
    table: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Say why each asset is in or out at a date, and how its weight came about."""
    from basketry.jobs.explain import explain_folder
    from basketry.lake.lake import Lake

    with status("Recomputing the determination"):
        market = Lake(lake)
        explanation = explain_folder(folder, market, date, table=table, as_of=as_of)
    if json:
        content = {"simulated_market": market.simulated, **explanation.to_dict()}
        if asset:
            content["assets"] = [entry for entry in content["assets"] if entry["asset"] in asset]
        print_json(content)
        return
    _print_explanation(explanation, asset or [], top, simulated=market.simulated)


def _print_explanation(explanation: Explanation, assets: list[str], top: int, *, simulated: bool) -> None:
    from basketry.core.errors import DataError, nearest_hint
    from basketry.core.time import format_instant

    say(
        f"Level {explanation.level:,.4f} at {format_instant(explanation.instant)}: {explanation.status}"
        + (f" ({explanation.reason})" if explanation.reason else ""),
        style="bold",
    )
    say(
        f"Composition effective {format_instant(explanation.effective_at)}, determined with data to "
        f"{format_instant(explanation.determined_at)} ({explanation.trigger}, rules version {explanation.version})"
        + (
            ""
            if explanation.reviewed_at is None
            else f", members with data to {format_instant(explanation.reviewed_at)}"
        )
        + (" - simulated market" if simulated else "")
    )
    if assets:
        for name in assets:
            entry = explanation.of(name)
            if entry is None:
                known = [item.asset for item in explanation.assets]
                raise DataError(f"the data held no asset {name!r} then{nearest_hint(name, known)}")
    shown = [e for e in explanation.assets if e.asset in assets] if assets else explanation.nearest(top)
    grid = table("asset", "", "rank", "figure", "before caps", "determined", "effective", "why")
    for entry in shown:
        grid.add_row(
            entry.asset,
            "in" if entry.held else "out",
            str(entry.rank or "-"),
            "-" if entry.metric is None else f"{entry.metric:,.4g}",
            *(
                "-" if x is None else f"{x:.4%}"
                for x in (entry.weight_before_caps, entry.weight_determined, entry.weight)
            ),
            "; ".join(entry.steps),
        )
    say(grid)
    for row in explanation.events.iter_rows(named=True):
        if assets and row["asset"] not in (*assets, "*"):
            continue
        say(f"  {row['time']:%Y-%m-%d %H:%M}  {row['asset']}  {row['kind']}: {row['treatment']}. {row['evidence']}")


@index_app.command(epilog="Example:  basketry index diff LC20 LC20-capped")
def diff(
    a: Annotated[Path, typer.Argument(help="A methodology file or a folder of an index.", show_default=False)],
    b: Annotated[Path, typer.Argument(help="Another of the same kind.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Compare two methodologies, or two results. Exits 1 when they differ."""
    from basketry.jobs.diff import compare

    comparison = compare(a, b)
    if json:
        print_json(comparison.to_dict())
    else:
        _print_comparison(comparison)
    differs = bool(comparison.rules) or any(entry.first_difference for entry in comparison.levels)
    raise typer.Exit(1 if differs else 0)


def _print_comparison(comparison: Comparison) -> None:
    say(f"a: {comparison.a}\nb: {comparison.b}")
    if comparison.rules:
        grid = table("rule", "a", "b")
        for change in comparison.rules:
            grid.add_row(change.path, *("-" if x is None else str(x) for x in (change.before, change.after)))
        say(grid)
    else:
        say("The rules are the same.")
    for entry in comparison.levels:
        correlation = "-" if entry.correlation is None else f"{entry.correlation:.6f}"
        error = "-" if entry.tracking_error is None else f"{entry.tracking_error:.3%}"
        say(
            f"{entry.column}: {entry.instants:,} common instants, largest relative difference "
            f"{entry.largest_relative_difference:.3e} at {entry.at}, correlation {correlation}, tracking error {error}"
            + (f", first difference {entry.first_difference}" if entry.first_difference else ", equal")
        )
    for label, names in (("a", comparison.only_a), ("b", comparison.only_b)):
        if names:
            say(f"ever held only in {label}: {', '.join(names)}")


def _panel(
    lake: str,
    table: str,
    rules: Methodology,
    progress: Callable[[str], None] | None = None,
    known_by: str | None = None,
) -> Panel:
    from basketry.jobs.market import market_panel
    from basketry.lake.lake import Lake

    return market_panel(Lake(lake), rules, table, progress, known_by)
