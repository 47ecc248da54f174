"""The commands `basketry data ...`: bring data in, look at them, check them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.core.errors import DataError

if TYPE_CHECKING:
    from basketry.lake.import_report import ImportReport
    from basketry.lake.tick_import import TickImport

data_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Bring market data into a lake, look at them and check them."
)

LakeOption = Annotated[
    str, typer.Option("--lake", help="The lake: a folder, or an fsspec address.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@data_app.command(
    "import",
    epilog="Example:  basketry data import btc.csv --lake LAKE --columns time=date,price=close --stamp end\n\n"
    "Example:  basketry data import BTCUSDT-aggTrades-2025-01-*.zip --lake LAKE --preset binance-aggtrades\n\n"
    "Example:  basketry data import events.csv --lake LAKE --table events --stamp start",
)
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV, CSV.gz, zip or Parquet files.", show_default=False)],
    lake: LakeOption,
    into: Annotated[str | None, typer.Option("--table", help="The table to fill; daily unless given.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", help="table=file pairs, as in time=date,price=close.")
    ] = None,
    stamp: Annotated[
        str | None, typer.Option("--stamp", help="A bare date names the start or the end of its day.")
    ] = None,
    preset: Annotated[str | None, typer.Option("--preset", help="A maker's format; see data presets.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Whose tickers these are, among the aliases.")] = None,
    max_bad: Annotated[
        float | None,
        typer.Option(
            "--max-bad",
            help="Refuse above this share of bad rows: 0.05, of ticks 0.01; not for events, of which none may be bad.",
        ),
    ] = None,
    venue: Annotated[str | None, typer.Option("--venue", help="Ticks: the venue, where the file says none.")] = None,
    pair: Annotated[str | None, typer.Option("--pair", help="Ticks: the pair, base-quote, as in btc-usdt.")] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help="Ticks: read only this symbol.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="Ticks: spot, perpetual or pool.")] = "spot",
    group: Annotated[str | None, typer.Option("--group", help="Ticks: who stands behind a new venue.")] = None,
    size_decimals: Annotated[int, typer.Option("--size-decimals", help="Ticks: decimals of sizes.")] = 8,
    contract_value: Annotated[
        str | None, typer.Option("--contract-value", help="Ticks: what a contract is worth, in base units.")
    ] = None,
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Ticks: contracts are worth an amount of quote currency.")
    ] = False,
    late: Annotated[
        bool, typer.Option("--late", help="Nobody had these rows before: those new to the lake are known from now on.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Read files into a table of the lake. All is written, or nothing."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from basketry.core.frames import TICK_TABLES
    from basketry.lake.dumps import dump_formats, get_format
    from basketry.lake.importing import import_files
    from basketry.lake.lake import Lake
    from basketry.lake.presets import get_preset
    from basketry.lake.tick_import import MarketTerms, import_ticks

    ticks = preset if preset in dump_formats() else None
    if ticks is None and preset is None and into in TICK_TABLES:
        ticks = "basketry" if into == "trades" else f"basketry-{into}"
    if ticks is not None:
        form = get_format(ticks)
        if late:
            raise DataError("--late: ticks say themselves when they were known; leave it out")
        if into not in (None, form.table):
            raise DataError(f"--table: files of {form.name} hold {form.table}, not {into}")
        terms = MarketTerms(venue, pair, symbol, kind, group, size_decimals, _decimal(contract_value), inverse)
        with status(f"Reading {len(files)} file(s)") as update:
            done = import_ticks(
                Lake(lake),
                files,
                form.name,
                terms=terms,
                columns=_mapping(columns),
                now=datetime.now(UTC),
                max_bad=0.01 if max_bad is None else max_bad,
                progress=update,
            )
        if json:
            print_json({"rows": done.rows, "kept": done.kept, **asdict(done)})
            return
        _print_ticks(done, lake)
        return
    if stamp not in (None, "start", "end"):
        raise DataError(f"--stamp: {stamp!r} is neither start nor end")
    with status(f"Reading {len(files)} file(s)"):
        report = import_files(
            Lake(lake),
            files,
            into or "daily",
            columns=_mapping(columns),
            stamp=stamp,  # type: ignore[arg-type]
            preset=get_preset(preset) if preset else None,
            source=source,
            now=datetime.now(UTC),
            max_bad=max_bad,
            late=late,
        )
    if json:
        print_json(asdict(report))
        return
    _print_report(report, lake)


def _decimal(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise DataError(f"--contract-value: {text!r} is not a number") from None


def _print_ticks(done: TickImport, lake: str) -> None:
    say(f"{lake}: {done.kept:,} of {done.rows:,} rows of {len(done.files)} file(s) in {done.table}")
    for market, count in done.markets.items():
        say(f"  {market}: {count:,} rows")
    say(f"  {done.days} days, {len(done.parts)} new parts")
    for report in done.files:
        for reason, count in report.problems.items():
            say(f"  {count:,} rows of {report.file} set aside: {reason}", style="yellow")
            for example in report.examples[reason]:
                say(f"      {example}")
        for said in (report.left_out, report.notes):
            for reason, count in said.items():
                say(f"  {report.file}: {count:,} {reason}")


def _mapping(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = {}
    for pair in text.split(","):
        name, equals, column = pair.partition("=")
        if not equals or not name.strip() or not column.strip():
            raise DataError(f"--columns: {pair!r} is not a pair such as price=close")
        pairs[name.strip()] = column.strip()
    return pairs


def _print_report(report: ImportReport, lake: str) -> None:
    say(f"{lake}: {report.kept:,} of {report.rows:,} rows written to {report.table}")
    since = "the times that they say" if report.known_from is None else f"{report.known_from:%Y-%m-%dT%H:%M:%S.%fZ}"
    if report.corrected:
        one = report.corrected == 1
        what = "1 row corrects an earlier one" if one else f"{report.corrected:,} rows correct earlier ones"
        say(f"  {what}; known from {since}")
    if report.late:
        what = "1 row is" if report.late == 1 else f"{report.late:,} rows are"
        say(f"  {what} new to the lake and came late; known from {since}")
    if report.moved:
        what = "1 row was" if report.moved == 1 else f"{report.moved:,} rows were"
        say(f"  {what} held as known earlier; known from {since}")
    if report.unchanged:
        say(f"  {report.unchanged:,} {'row was' if report.unchanged == 1 else 'rows were'} there already")
    if report.new_assets:
        shown = ", ".join(report.new_assets[:5]) + (", ..." if len(report.new_assets) > 5 else "")
        say(f"  {len(report.new_assets)} new assets: {shown}")
    for reason, count in report.problems.items():
        say(f"  {count:,} rows set aside: {reason}", style="yellow")
        for example in report.examples[reason]:
            say(f"      {example}")
    for warning in report.warnings:
        say(f"  Warning: {warning}", style="yellow")


@data_app.command("presets", epilog="Example:  basketry data presets")
def presets_() -> None:
    """List the makers' formats that import knows."""
    from basketry.lake.dumps import dump_formats
    from basketry.lake.presets import presets

    grid = table("preset", "table", "what it reads")
    for preset in presets().values():
        grid.add_row(preset.name, "", preset.summary)
    for form in dump_formats().values():
        grid.add_row(form.name, form.table, form.summary)
    say(grid)


@data_app.command("list", epilog="Example:  basketry data list --lake LAKE")
def list_(lake: LakeOption, json: JsonOption = False) -> None:
    """Show what a lake holds."""
    from dataclasses import asdict

    from basketry.jobs.data import list_tables
    from basketry.lake.lake import Lake

    held = Lake(lake)
    summaries = list_tables(held)
    if json:
        print_json({"lake": lake, "simulated_market": held.simulated, "tables": [asdict(entry) for entry in summaries]})
        return
    if not summaries:
        raise DataError(f"{lake}: holds nothing; import data with: basketry data import FILE --lake {lake}")
    grid = table("table", "rows", "assets", "first", "last", "parts", "MB")
    for entry in summaries:
        grid.add_row(
            entry.table,
            f"{entry.rows:,}",
            "-" if entry.assets is None else f"{entry.assets:,}",
            *("-" if when is None else f"{when:%Y-%m-%d %H:%M}" for when in (entry.first, entry.last)),
            str(entry.parts),
            f"{entry.bytes / 1e6:.1f}",
        )
    say(grid)
    if held.simulated:
        say("The market is SIMULATED.", style="bold")


@data_app.command("check", epilog="Example:  basketry data check --lake LAKE --quarantine")
def check(
    lake: LakeOption,
    name: Annotated[str, typer.Option("--table", help="daily, intraday or events.")] = "daily",
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Set aside what is wrong beyond doubt.")] = False,
    examples: Annotated[int, typer.Option("--examples", help="Examples to show for each check.")] = 3,
    max_market_cap: Annotated[float, typer.Option("--max-market-cap", help="Larger ones are impossible.")] = 1e13,
    jump: Annotated[float, typer.Option("--jump", help="A price this many times the one before.")] = 10.0,
    json: JsonOption = False,
) -> None:
    """Look for gaps, jumps, stale runs, impossible values, supply jumps, ticker collisions, events that do not fit."""
    from basketry.jobs.data import check_lake
    from basketry.lake.lake import Lake
    from basketry.market.quality import Thresholds

    limits = Thresholds(max_market_cap=max_market_cap, jump=jump)
    with status(f"Checking {lake}"):
        held = Lake(lake)
        findings, aside = check_lake(held, name, limits, quarantine=quarantine)
    if json:
        print_json(
            {
                "lake": lake,
                "simulated_market": held.simulated,
                "quarantined": aside,
                "checks": [
                    {
                        "check": finding.check,
                        "meaning": finding.meaning,
                        "count": finding.rows.height,
                        "assets": finding.rows["asset"].n_unique(),
                        "examples": finding.rows.head(examples).to_dicts(),
                    }
                    for finding in findings
                ],
            }
        )
        return
    for finding in findings:
        say(
            f"{finding.check}: {finding.rows.height:,} in {finding.rows['asset'].n_unique()} assets ({finding.meaning})"
        )
        for row in finding.rows.head(examples).iter_rows(named=True):
            when = "" if row["time"] is None else f"{row['time']:%Y-%m-%d}  "
            say(f"    {when}{row['asset']}: {row['reason']}")
    if quarantine:
        say(f"{aside:,} values set aside in the table quarantine; panels leave them out", style="bold")
    if held.simulated:
        say("The market is SIMULATED.", style="bold")


@data_app.command(epilog="Example:  basketry data compact LAKE")
def compact(
    lake: Annotated[str, typer.Argument(help="The lake: a folder, or an fsspec address.", show_default=False)],
    json: JsonOption = False,
) -> None:
    """Make one part of the many parts of each table; the rows stay the same, and reading takes less time."""
    from dataclasses import asdict

    from basketry.jobs.data import compact_lake
    from basketry.lake.lake import Lake

    with status(f"Compacting {lake}") as update:
        done = compact_lake(Lake(lake), progress=update)
    if json:
        print_json({"lake": lake, "tables": [asdict(entry) for entry in done]})
        return
    for entry in done:
        say(
            f"{entry.table}: {entry.rows:,} rows, {entry.parts:,} parts made one, "
            f"{entry.bytes_before / 1e6:.1f} MB now {entry.bytes_after / 1e6:.1f} MB"
        )
    if not done:
        say(f"{lake}: every table is one part already")


@data_app.command(
    epilog="Example:  basketry data pull btc eth --lake LAKE --provider coinmetrics",
)
def pull(
    assets: Annotated[list[str], typer.Argument(help="The provider's names of assets.", show_default=False)],
    lake: LakeOption,
    provider: Annotated[str, typer.Option("--provider", help="coinmetrics or coingecko.")] = "coinmetrics",
    base_url: Annotated[str | None, typer.Option("--base-url", help="Another address of the service.")] = None,
    attempts: Annotated[int, typer.Option("--attempts", help="Tries of a request.")] = 5,
    again: Annotated[bool, typer.Option("--again", help="Fetch what was fetched today as well.")] = False,
) -> None:
    """Fetch public daily data over HTTP; a pull that was broken off goes on where it was."""
    from datetime import UTC, datetime

    from rich.console import Console
    from rich.progress import Progress

    from basketry.core.errors import nearest_hint
    from basketry.lake.lake import Lake
    from basketry.lake.pull import BASE_URLS, pull_daily

    if provider not in BASE_URLS:
        raise DataError(f"unknown provider {provider!r}{nearest_hint(provider, BASE_URLS)}; use {', '.join(BASE_URLS)}")
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Fetching", total=len(assets))
        done = pull_daily(
            Lake(lake),
            provider,  # type: ignore[arg-type]
            assets,
            base_url=base_url,
            attempts=attempts,
            again=again,
            today=datetime.now(UTC),
            progress=lambda asset, rows: bar.update(task, advance=1, description=f"{asset}: {rows} rows"),
        )
    for asset, rows in done.rows.items():
        say(f"{asset}: {rows:,} days")
    if done.skipped:
        say(f"fetched earlier today: {', '.join(done.skipped)}")


@data_app.command(epilog="Example:  basketry data simulate --lake LAKE --venues --asset sim-aurum --hours 48")
def simulate(
    lake: LakeOption,
    seed: Annotated[int, typer.Option("--seed", help="Seed.")] = 7,
    venues: Annotated[bool, typer.Option("--venues", help="Add trades and quotes of simulated venues.")] = False,
    asset: Annotated[list[str] | None, typer.Option("--asset", help="What they trade (may be repeated).")] = None,
    start: Annotated[str, typer.Option("--start", help="First instant of the venues.")] = "2024-12-01",
    hours: Annotated[float, typer.Option("--hours", help="Hours of trading.")] = 24.0,
    levels: Annotated[int, typer.Option("--levels", help="Prices on each side of their books; 0 for none.")] = 0,
    scenario: Annotated[str | None, typer.Option("--scenario", help="An incident to play; `list` lists them.")] = None,
) -> None:
    """Fill an empty lake with the simulated market, which needs no download; or add venues that trade."""
    from basketry.jobs.data import simulate_lake, simulate_lake_venues
    from basketry.lake.lake import Lake
    from basketry.market.venues.scenarios import scenarios

    if scenario == "list":
        grid = table("scenario", "what happens")
        for name, entry in scenarios().items():
            grid.add_row(name, entry.happens)
        say(grid)
        return
    held = Lake(lake)
    if venues:
        with status("Simulating venues") as update:
            rows = simulate_lake_venues(
                held,
                seed,
                asset or ["sim-aurum"],
                start=start,
                hours=hours,
                levels=levels,
                scenario=scenario,
                progress=update,
            )
    else:
        if held.tables():
            raise DataError(f"{lake}: holds something already; choose an empty --lake, or add --venues")
        with status("Simulating a market"):
            rows = simulate_lake(held, seed)
    say(f"{lake}: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
    say("The market is SIMULATED: no figure says anything about a real asset.", style="bold")
