"""The commands `basketry track ...`: follow an index, and know what it costs and how far it strays."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.core.errors import DataError

if TYPE_CHECKING:
    import polars as pl

    from basketry.jobs.track import Followed
    from basketry.tracking.run import TrackingResult

track_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Follow an index: policies, costs, samples, orders, vaults; how close, at what cost, and which to use.",
)

IndexArgument = Annotated[Path, typer.Argument(help="Folder of an index.", show_default=False)]
LakeOption = Annotated[
    str, typer.Option("--lake", "--data", help="The lake: a folder, or an fsspec address.", show_default=False)
]
PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", help="A rule as YAML, 'bands: {relative: 0.1}', or a .yaml file with all terms."),
]
VenuesOption = Annotated[Path | None, typer.Option("--venues", help="A YAML file: half_spread, fee, gas, ...")]
ValueOption = Annotated[float | None, typer.Option("--value", help="Value at the start; 1,000,000 unless given.")]
FeeOption = Annotated[float | None, typer.Option("--fee", help="Management fee, fraction a year.")]
CashOption = Annotated[float | None, typer.Option("--cash", help="Cash aimed at, fraction.")]
StartOption = Annotated[str | None, typer.Option("--start", help="First day; the index's first unless given.")]
EndOption = Annotated[str | None, typer.Option("--end", help="Last day.")]
TableOption = Annotated[str, typer.Option("--table", help="The lake's observations: daily or intraday.")]
ColumnOption = Annotated[
    str | None, typer.Option("--column", help="The series of levels to follow; price_return unless given.")
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder to write.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@track_app.command(epilog="Example:  basketry track policies")
def policies(json: JsonOption = False) -> None:
    """List the rebalancing policies and the samplers."""
    from basketry.tracking.policies import POLICIES
    from basketry.tracking.sampling import SAMPLERS

    said: dict[str, dict[str, str]] = {}
    for registry in (POLICIES, SAMPLERS):
        for name, rule in registry.rules.items():
            said[name] = {"kind": registry.kind, "summary": _summary(rule), "keys": ", ".join(rule.keys())}
    if json:
        print_json(said)
        return
    grid = table("rule", "kind", "what it does", "parameters")
    for name, entry in said.items():
        grid.add_row(name, entry["kind"], entry["summary"], entry["keys"])
    say(grid)


@track_app.command(epilog="Example:  basketry track run LC20 --lake LAKE --policy 'bands: {relative: 0.1}' --out TRACK")
def run(
    index: IndexArgument,
    lake: LakeOption,
    policy: PolicyOption = None,
    venues: VenuesOption = None,
    value: ValueOption = None,
    fee: FeeOption = None,
    cash: CashOption = None,
    start: StartOption = None,
    end: EndOption = None,
    column: ColumnOption = None,
    name: TableOption = "daily",
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Simulate a portfolio that follows an index under a policy and the costs of the venues."""
    from basketry.jobs.save_track import TrackRun

    with status(f"Recomputing {index}") as update:
        source = _source(index, lake, name, column, update, policy, venues, value, fee, cash, start, end)
        update(f"Following {source.index.methodology.symbol}")
        result = source.run()
        run = TrackRun(source, result)
        tables = run.tables
        if out is not None:
            update(f"Writing {out}")
            run.save(out)
    if json:
        print_json(
            {
                "simulated_market": source.index.panel.simulated,
                "terms": source.terms.document(),
                "folder": None if out is None else str(out),
                "figures": tables["figures"].to_dicts(),
                "attribution": tables["attribution"].to_dicts(),
            }
        )
        return
    _print_run(source, result, tables)
    if out is not None:
        say(f"  report: {out / 'report.html'}")
    _say_simulated(source)


def _print_run(source: Followed, result: TrackingResult, tables: dict[str, pl.DataFrame]) -> None:
    from basketry.reports.tracking import CAUSES, WORDS

    say(f"{source.index.methodology.symbol} followed by {result.policy.label()}", style="bold")
    say(f"  {result.policy.words()}")
    say(f"  {source.terms.venues.words()}")
    grid = table("figure", "value", "95% interval", "")
    for row in tables["figures"].iter_rows(named=True):
        label, convention = WORDS[row["figure"]]
        form = ",.0f" if row["figure"] == "trades" else ".2%"
        interval = "" if row["low"] is None or row["low"] != row["low"] else f"{row['low']:.2%} to {row['high']:.2%}"
        value = format(row["value"], form) if math.isfinite(row["value"]) else ""
        grid.add_row(label, value, interval, convention)
    say(grid)
    parts = table("part of the difference", "bp a year", "")
    for row in tables["attribution"].iter_rows(named=True):
        parts.add_row(row["part"].replace("_", " "), f"{row['yearly'] * 1e4:,.2f}", CAUSES[row["part"]])
    say(parts)


@track_app.command(epilog="Example:  basketry track verify TRACK --index LC20 --lake LAKE")
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of `track run --out`.", show_default=False)],
    index: Annotated[Path, typer.Option("--index", help="Folder of the index that was followed.", show_default=False)],
    lake: LakeOption,
    name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Recompute a tracking result and compare every number."""
    from basketry.jobs.save_track import verify_track
    from basketry.lake.lake import Lake

    with status(f"Recomputing {folder}"):
        found = verify_track(folder, index, Lake(lake), table=name)
    if json:
        print_json(found.to_dict())
    else:
        for check in found.checks:
            say(f"{'ok ' if check.passed else 'NOT'}  {check.name}: {check.found}")
        say(f"{folder}: {'verified' if found.passed else 'does NOT verify'}")
    if not found.passed:
        raise typer.Exit(1)


@track_app.command(epilog="Example:  basketry track frontier LC20 --lake LAKE --value 10000000 --out FRONTIER")
def frontier(
    index: IndexArgument,
    lake: LakeOption,
    venues: VenuesOption = None,
    value: ValueOption = None,
    fee: FeeOption = None,
    cash: CashOption = None,
    budget: Annotated[float | None, typer.Option("--budget", help="Largest tracking error a year, fraction.")] = None,
    start: StartOption = None,
    end: EndOption = None,
    column: ColumnOption = None,
    name: TableOption = "daily",
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Compare policies by tracking error and cost, and say which one to use."""
    from basketry.core.version import VERSION
    from basketry.jobs.save_track import term_words
    from basketry.ledger.folder import parquet_bytes
    from basketry.ledger.manifest import replace_folder
    from basketry.ledger.track_folder import FRONTIER
    from basketry.reports.tracking import frontier_page

    with status(f"Recomputing {index}") as update:
        source = _source(index, lake, name, column, update, None, venues, value, fee, cash, start, end)
        update("Simulating policies")
        found = source.frontier(budget=budget)
        if out is not None:
            page = frontier_page(
                found,
                name=source.index.methodology.name,
                simulated=source.index.panel.simulated,
                terms=term_words(source.terms),
            )
            files = {"frontier.parquet": parquet_bytes(found.table), "frontier.html": page.encode()}
            replace_folder(out, FRONTIER, files, {"basketry": VERSION, "terms": source.terms.document()})
    if json:
        print_json(
            {
                "simulated_market": source.index.panel.simulated,
                "reason": found.reason,
                "policies": found.table.to_dicts(),
            }
        )
        return
    grid = table("policy", "tracking error", "cost bp a year", "turnover", "trades a year", "")
    for row in found.efficient.iter_rows(named=True):
        figures = (f"{row['tracking_error']:.2%}", f"{row['cost'] * 1e4:.1f}", f"{row['turnover']:.0%}")
        grid.add_row(row["label"], *figures, f"{row['trades']:,.0f}", "use this" if row["recommended"] else "")
    say(grid)
    say(f"{found.table.height} policies tried, {found.efficient.height} efficient.")
    say(found.reason)
    if out is not None:
        say(f"  {out / 'frontier.html'}")
    _say_simulated(source)


@track_app.command(epilog="Example:  basketry track sample LC20 --lake LAKE --assets 10")
def sample(
    index: IndexArgument,
    lake: LakeOption,
    assets: Annotated[int, typer.Option("--assets", "-k", help="The most assets to hold.")] = 20,
    method: Annotated[str, typer.Option("--method", help="A sampler; see `track policies`.")] = "elimination",
    window: Annotated[int, typer.Option("--window", help="Days of the past that a choice is made on.")] = 365,
    refit: Annotated[int, typer.Option("--refit", help="Days between two choices of the test.")] = 30,
    start: StartOption = None,
    end: EndOption = None,
    column: ColumnOption = None,
    name: TableOption = "daily",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the weights as CSV.")] = None,
    json: JsonOption = False,
) -> None:
    """Choose few assets that follow an index of many, and test such choices out of sample."""
    from basketry.jobs.track_sample import sample_index
    from basketry.ledger.atomic import write_file

    with status(f"Recomputing {index}") as update:
        source = _source(index, lake, name, column, update, None, None, None, None, None, start, end)
        update("Choosing")
        found = sample_index(source, method, assets, window=window, refit_every=refit)
    rows = found.table()
    if csv is not None:
        write_file(csv, rows.write_csv().encode())
    if json:
        tested = None
        if found.walk is not None:
            tested = {"tracking_error": found.walk.error, "turnover": found.walk.mean_turnover}
        print_json(
            {"simulated_market": source.index.panel.simulated, "weights": rows.to_dicts(), "out_of_sample": tested}
        )
        return
    grid = table("asset", "weight", "in the index")
    for row in rows.iter_rows(named=True):
        grid.add_row(row["asset"], f"{row['weight']:.2%}", f"{row['weight_index']:.2%}")
    say(grid)
    say(f"{rows.height} of {len(found.assets)} assets. {found.words}")
    if found.walk is None:
        say(f"  not tested out of sample: the history is shorter than {window} + {refit} days")
    else:
        say(
            f"  out of sample, refitted every {refit} days: tracking error {found.walk.error:.2%} a year, "
            f"{found.walk.mean_turnover:.1%} one-way turnover a refit"
        )
    _say_simulated(source)


@track_app.command(epilog="Example:  basketry track orders holdings.csv --index LC20 --lake LAKE --csv orders.csv")
def orders(
    portfolio: Annotated[Path, typer.Argument(help="CSV: asset, quantity, lot; the row cash.", show_default=False)],
    index: Annotated[Path, typer.Option("--index", help="Folder of the index.", show_default=False)],
    lake: LakeOption,
    venues: VenuesOption = None,
    band: Annotated[float, typer.Option("--band", help="Trade only outside this share of a weight.")] = 0.0,
    to: Annotated[str, typer.Option("--to", help="Where to trade to then: target or edge.")] = "target",
    cash: CashOption = None,
    at: Annotated[str | None, typer.Option("--at", help="Day; the last of the lake unless given.")] = None,
    column: ColumnOption = None,
    name: TableOption = "daily",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the orders as CSV.")] = None,
    json: JsonOption = False,
) -> None:
    """Give today's orders that bring a portfolio to an index, with lots and expected costs."""
    from basketry.core.time import format_instant
    from basketry.jobs.track_orders import cash_of_orders, index_orders, read_portfolio
    from basketry.ledger.atomic import write_file

    if to not in ("target", "edge"):
        raise DataError(f"--to: {to!r} is neither target nor edge")
    aim: Literal["target", "edge"] = "edge" if to == "edge" else "target"
    quantities, lots = read_portfolio(portfolio)
    with status(f"Recomputing {index}") as update:
        source = _source(index, lake, name, column, update, None, venues, None, None, cash, None, at)
        found = index_orders(source, quantities, lots, band=band, to=aim)
    funds = cash_of_orders(source, quantities, found)
    at_last = source.target.times[-1]
    if csv is not None:
        write_file(csv, found.write_csv().encode())
    if json:
        print_json(
            {
                "simulated_market": source.index.panel.simulated,
                "at": format_instant(at_last),
                "orders": found.to_dicts(),
                "cash": funds,
            }
        )
        return
    grid = table("asset", "side", "quantity", "price", "amount", "expected cost", "weight", "after", "index")
    for row in found.iter_rows(named=True):
        weights = (f"{row[key]:.2%}" for key in ("weight_before", "weight_after", "weight_index"))
        money = (f"{row['price']:,.6g}", f"{row['amount']:,.2f}", f"{row['cost']:,.2f}")
        grid.add_row(row["asset"], row["side"], f"{row['quantity']:,.8g}", *money, *weights)
    say(grid)
    say(f"At prices of {format_instant(at_last)}:")
    say(f"{found.height} orders, {found['amount'].sum():,.2f} traded, {found['cost'].sum():,.2f} expected costs")
    held = f"; the index holds {funds['weight_index']:.2%} in cash" if funds["weight_index"] else ""
    say(f"cash {funds['before']:,.2f} before, {funds['after']:,.2f} after{held}")
    _say_simulated(source)


@track_app.command(epilog="Example:  basketry track vault LC20 --lake LAKE --flows flows.csv --out VAULT")
def vault(
    index: IndexArgument,
    lake: LakeOption,
    flows: Annotated[
        Path | None, typer.Option("--flows", help="CSV: time, holder, side, form (cash, in_kind), amount.")
    ] = None,
    value: Annotated[float, typer.Option("--value", help="Value at the start.")] = 1_000_000.0,
    fee: Annotated[str, typer.Option("--fee", help="Management fee, fraction a year.")] = "0.0095",
    performance_fee: Annotated[str, typer.Option("--performance-fee", help="Of gains over the high-water mark.")] = "0",
    spread: Annotated[str, typer.Option("--spread", help="Of cash orders, fraction.")] = "0.001",
    cash: Annotated[str, typer.Option("--cash", help="Cash buffer, fraction.")] = "0.01",
    start: StartOption = None,
    end: EndOption = None,
    column: ColumnOption = None,
    name: TableOption = "daily",
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Simulate a vault with shares that follows an index, every movement a posting in exact books."""
    from basketry.core.version import VERSION
    from basketry.jobs.track_vault import VaultPlan, index_vault, read_flows
    from basketry.ledger.folder import parquet_bytes
    from basketry.ledger.manifest import replace_folder
    from basketry.ledger.track_folder import VAULT

    if not 0 < value < math.inf:
        raise DataError(f"--value: must be a positive amount, was {value:g}")
    plan = VaultPlan(
        value=value,
        management_fee=_fraction("--fee", fee),
        performance_fee=_fraction("--performance-fee", performance_fee),
        spread=_fraction("--spread", spread),
        cash_buffer=_fraction("--cash", cash),
    )
    orders = None if flows is None else read_flows(flows)
    with status(f"Recomputing {index}") as update:
        source = _source(index, lake, name, column, update, None, None, None, None, None, start, end)
        update("Running the vault")
        done = index_vault(source, plan, orders)
        tables = {"levels": done.levels, "orders": done.orders, "postings": done.postings}
        if out is not None:
            files = {f"{key}.parquet": parquet_bytes(frame) for key, frame in tables.items()}
            terms = {"value": value, "fee": fee, "spread": spread}
            replace_folder(out, VAULT, files, {"basketry": VERSION, "terms": terms})
    last = done.levels.row(-1, named=True)
    left_out = 0 if orders is None else orders.height - done.orders.height
    followed = float(source.target.level[-1] / source.target.level[0])
    if json:
        print_json(
            {
                "simulated_market": source.index.panel.simulated,
                "index": followed,
                "last": last,
                "valuations": done.levels.height,
                "orders": done.orders.to_dicts(),
                "left_out": left_out,
                "entries": len(done.vault.ledger.journal),
            }
        )
        return
    say(f"{source.index.methodology.symbol} in a vault, {done.levels.height:,} valuations", style="bold")
    say(f"  net asset value a share {last['nav_per_share']:,.6f}, index {followed:,.6f}, both from 1")
    say(f"  {int(last['shares']) / 10**18:,.6f} shares, {last['cash_weight']:.2%} in the cash buffer, {last['status']}")
    if last["reason"]:
        say(f"  {last['reason']}")
    outcomes = done.orders["outcome"].value_counts().sort("outcome").rows() if done.orders.height else []
    say(f"  orders: {', '.join(f'{count} {outcome}' for outcome, count in outcomes) or 'none'}")
    if left_out:
        say(f"  {left_out} flows are before the first or after the last valuation, and were left out")
    say(f"  {len(done.vault.ledger.journal):,} entries in the books, balanced to the unit")
    if out is not None:
        say(f"  {out}: levels, orders and postings as Parquet")
    _say_simulated(source)


def _source(
    index: Path,
    lake: str,
    name: str,
    column: str | None,
    update: Any,
    policy: str | None,
    venues: Path | None,
    value: float | None,
    fee: float | None,
    cash: float | None,
    start: str | None,
    end: str | None,
) -> Followed:
    from basketry.jobs.track import followed, load_terms
    from basketry.lake.lake import Lake

    terms = load_terms(policy, venues, value=value, fee=fee, cash_buffer=cash, column=column, start=start, end=end)
    return followed(index, Lake(lake), terms, table=name, progress=update)


def _fraction(option: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise DataError(f"{option}: {text!r} is not a number") from None
    if not (value.is_finite() and 0 <= value < 1):
        raise DataError(f"{option}: a fraction is at least 0 and below 1, was {text}; write 0.01 for 1%")
    return value


def _summary(rule: Any) -> str:
    return (rule.__doc__ or "").strip().splitlines()[0]


def _say_simulated(source: Followed) -> None:
    if source.index.panel.simulated:
        say("The market is SIMULATED.", style="bold")
