"""The commands `basketry price ...`: reference prices from the trades of many venues."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.core.errors import DataError

if TYPE_CHECKING:
    from basketry.jobs.prices import ReferencePrices
    from basketry.lake.lake import Lake
    from basketry.market.tape import Ints
    from basketry.reference.attack.cost import ManipulationCost
    from basketry.reference.explain import FixingExplanation
    from basketry.reference.price_rules import PriceRules

price_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Make reference prices from the trades of many venues, explain them, and measure what moves them.",
)

LakeOption = Annotated[
    str, typer.Option("--lake", help="The lake: a folder, or an fsspec address.", show_default=False)
]
AssetArgument = Annotated[str, typer.Argument(help="The asset to price, by its id.", show_default=False)]
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="A YAML file of price rules, or a methodology with the key prices.")
]
RateOption = Annotated[str | None, typer.Option("--rate", help="Another rate; see `price rates`.")]
MinVenuesOption = Annotated[int | None, typer.Option("--min-venues", help="Least number of venues for a live price.")]
StartOption = Annotated[str | None, typer.Option("--start", help="After this instant; a bare date is 00:00 UTC.")]
EndOption = Annotated[str | None, typer.Option("--end", help="Up to this instant.")]
EveryOption = Annotated[str, typer.Option("--every", help="Spacing of the fixings: 1d, 1h, 5m, 10s.")]
AtOption = Annotated[str | None, typer.Option("--at", help="Local time of a daily fixing, HH:MM; with --every 1d.")]
ZoneOption = Annotated[str, typer.Option("--zone", help="Time zone of --at.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@price_app.command(epilog="Example:  basketry price rates")
def rates(json: JsonOption = False) -> None:
    """List the rates that a rule file can name, and what corrupt venues can do to each."""
    from basketry.reference.rate import RATES

    known = {name: rule() for name, rule in RATES.rules.items()}
    if json:
        print_json(
            {
                name: {
                    "words": rule.words(),
                    "formula": rule.formula,
                    "source": rule.source,
                    "influence": rule.influence,
                }
                for name, rule in known.items()
            }
        )
        return
    grid = table("rate", "what it is", "under attack")
    for name, rule in known.items():
        grid.add_row(name, rule.words(), rule.influence)
    say(grid)


@price_app.command(epilog="Example:  basketry price run btc eth --lake LAKE --every 1h --out PRICES")
def run(
    lake: LakeOption,
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to price; all unless named.")] = None,
    start: StartOption = None,
    end: EndOption = None,
    every: EveryOption = "1h",
    at: AtOption = None,
    zone: ZoneOption = "UTC",
    rules: RulesOption = None,
    rate: RateOption = None,
    min_venues: MinVenuesOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write, extend or restate.")] = None,
    known_by: Annotated[str | None, typer.Option("--known-by", help="Use only corrections known by then.")] = None,
    restate: Annotated[bool, typer.Option("--restate", help="Correct prices in --out that trades contradict.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why they are corrected.")] = "",
    json: JsonOption = False,
) -> None:
    """Make fixings; with --out keep them in a folder with all their evidence and a record."""
    from datetime import UTC, datetime

    from basketry.jobs.prices import load_rules, reference_prices
    from basketry.jobs.save_prices import save_prices

    chosen = load_rules(rules, rate, min_venues)
    with status(f"Reading {lake}") as update:
        held = _lake(lake)
        instants = _instants(held, assets or [], start, end, every, at, zone)
        prices = reference_prices(held, assets or [], instants, chosen, known_by=known_by, progress=update)
        done = None
        if out is not None:
            update(f"Writing {out}")
            done = save_prices(prices, out, restate=restate, reason=reason, now=datetime.now(UTC))
    if json:
        print_json(
            {
                "simulated_market": prices.simulated,
                "rules": prices.rules.document(),
                "folder": None if out is None else str(out),
                "fixings": prices.fixings.table.to_dicts(),
                "events": prices.fixings.events.to_dicts(),
            }
        )
        return
    _print_prices(prices)
    if done is not None:
        say(f"  {out}: {done.added:,} fixings added; page: {done.folder / 'prices.html'}")
        for change in done.changes:
            verb = "restated" if change.restated else "kept"
            say(f"  {verb} {change.asset} at {change.time:%Y-%m-%d %H:%M}: {change.published} -> {change.recomputed}")


SHOWN = 12


def _print_prices(prices: ReferencePrices) -> None:
    rows = prices.fixings.table
    for sentence in prices.rules.words():
        say(sentence)
    grid = table("time (UTC)", "asset", "price", "± bp", "venues", "survives", "trades", "status")
    for row in rows.tail(SHOWN).iter_rows(named=True):
        spread = None if not row["price"] or row["confidence"] is None else row["confidence"] / row["price"] * 1e4
        grid.add_row(
            f"{row['time']:%Y-%m-%d %H:%M:%S}",
            row["asset"],
            _figure(row["price"], ",.8g"),
            _figure(spread, ".2f"),
            str(row["venues"]),
            str(row["survives"]),
            f"{row['trades']:,}",
            row["status"] + (f": {row['reason']}" if row["reason"] else ""),
        )
    say(grid)
    if rows.height > SHOWN:
        say(f"  the last {SHOWN} of {rows.height:,} fixings")
    counts = {str(name): count for name, count in rows["status"].value_counts().sort("status").iter_rows()}
    say("  by status: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    _say_simulated(prices.simulated)


@price_app.command(epilog="Example:  basketry price explain btc 2025-10-10T22:00 --lake LAKE")
def explain(
    asset: AssetArgument,
    instant: Annotated[str, typer.Argument(help="Instant of the fixing.", show_default=False)],
    lake: LakeOption,
    rules: RulesOption = None,
    rate: RateOption = None,
    min_venues: MinVenuesOption = None,
    parts: Annotated[bool, typer.Option("--parts", help="Show every part of the window.")] = False,
    json: JsonOption = False,
) -> None:
    """Show each venue's contribution to one fixing, and what was left out and why."""
    from basketry.jobs.prices import explain_price, load_rules

    with status("Recomputing the fixing"):
        held = _lake(lake)
        explanation = explain_price(held, asset, instant, load_rules(rules, rate, min_venues))
    if json:
        print_json({"simulated_market": held.simulated, **explanation.to_dict()})
        return
    _print_explanation(explanation, parts)
    _say_simulated(held.simulated)


def _print_explanation(explanation: FixingExplanation, parts: bool) -> None:
    row = explanation.fixing
    price = _figure(row["price"], ",.8g")
    say(f"{row['asset']} at {row['time']:%Y-%m-%d %H:%M:%S} UTC: {price}, {row['status']}", style="bold")
    if row["reason"]:
        say(f"  {row['reason']}")
    say(f"  ± {_figure(row['confidence'], ',.6g')} from {row['venues']} venues")
    say(f"  {row['survives']} corrupt groups of venues cannot move it beyond the honest prices")
    for sentence in explanation.rules:
        say(f"  {sentence}")
    grid = table("venue", "pair", "group", "trades", "volume", "price", "weight", "deviation", "")
    for source in explanation.sources.iter_rows(named=True):
        grid.add_row(
            source["venue"],
            source["pair"],
            source["group"],
            f"{source['trades']:,}",
            f"{source['volume']:,.4f}",
            _figure(source["venue_price"], ",.8g"),
            f"{source['venue_weight']:.2%}",
            _figure(source["deviation"], ".3%"),
            source["reason"],
        )
    say(grid)
    if parts:
        _print_parts(explanation)
    for conversion in explanation.conversions.iter_rows(named=True):
        known = (
            f"{conversion['rate']:.6f}, {conversion['age_seconds']:.0f} s old"
            if conversion["rate"] is not None
            else "no rate: its pairs are left out"
        )
        say(f"  1 {conversion['quote']} = {known} ({conversion['path']})")
    for event in explanation.events.iter_rows(named=True):
        say(f"  {event['step']}: {event['evidence']}")


def _print_parts(explanation: FixingExplanation) -> None:
    grid = table("part", "from", "price", "venue", "its price", "weight", "volume")
    last = None
    for row in explanation.parts.iter_rows(named=True):
        first = row["part"] != last
        last = row["part"]
        grid.add_row(
            str(row["part"]) if first else "",
            f"{row['start']:%H:%M:%S}" if first else "",
            _figure(row["part_price"], ",.8g") if first else "",
            row["venue"],
            _figure(row["price"], ",.8g"),
            f"{row['weight']:.2%}",
            f"{row['volume']:,.4f}",
        )
    say(grid)


@price_app.command(
    epilog="Example:  basketry price compare btc --lake LAKE --every 1m --start 2025-10-10T21:00 --plot rates.png"
)
def compare(
    asset: AssetArgument,
    lake: LakeOption,
    start: StartOption = None,
    end: EndOption = None,
    every: EveryOption = "1h",
    at: AtOption = None,
    zone: ZoneOption = "UTC",
    rules: RulesOption = None,
    rate: Annotated[list[str] | None, typer.Option("--rate", help="Only these rates (may be repeated).")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw them: a .png, .svg or .pdf file.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write all prices as CSV.")] = None,
    json: JsonOption = False,
) -> None:
    """Compute several rates over the same trades and say how far they are apart."""
    from basketry.jobs.prices import compare_prices, load_rules

    with status(f"Reading {lake}") as update:
        held = _lake(lake)
        instants = _instants(held, [asset], start, end, every, at, zone)
        comparison = compare_prices(held, asset, instants, load_rules(rules), rate or (), update)
    if plot is not None:
        from basketry.reports.prices import plot_comparison

        _write_plot(plot_comparison(comparison), plot)
    if csv is not None:
        comparison.table().write_csv(csv)
    summary = comparison.summary()
    if json:
        print_json(
            {
                "simulated_market": held.simulated,
                "asset": asset,
                "benchmark": comparison.benchmark,
                "summary": summary.to_dicts(),
                "prices": comparison.table().to_dicts(),
            }
        )
        return
    say(f"{asset} in {comparison.currency}: {len(instants):,} instants, distances from {comparison.benchmark}")
    grid = table("rate", "prices", "median bp", "largest bp", "at (UTC)", "step bp")
    for row in summary.iter_rows(named=True):
        when = "" if row["largest_at"] is None else f"{row['largest_at']:%Y-%m-%d %H:%M:%S}"
        figures = [_figure(row[name], ",.2f") for name in ("median_bp", "largest_bp")]
        grid.add_row(row["rate"], f"{row['prices']:,}", *figures, when, _figure(row["step_bp"], ",.2f"))
    say(grid)
    say("  step: standard deviation of the change from one instant to the next")
    _say_simulated(held.simulated)


@price_app.command(epilog="Example:  basketry price attack btc --lake LAKE --move 50 --move 100")
def attack(
    lake: LakeOption,
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to attack; all unless named.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Instant of the fixing; the last full hour unless given.")
    ] = None,
    rules: RulesOption = None,
    rate: RateOption = None,
    min_venues: MinVenuesOption = None,
    move: Annotated[list[float] | None, typer.Option("--move", help="Basis points to move it by (repeatable).")] = None,
    fee: Annotated[float, typer.Option("--fee", help="Fee on each side of a trade, basis points.")] = 5.0,
    refill: Annotated[str, typer.Option("--refill", help="How long a swept book takes to come back.")] = "30s",
    index: Annotated[
        Path | None, typer.Option("--index", help="Move this index instead: a folder of `index run`.")
    ] = None,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="Instead: how far corrupt venues move every rate, over the last day.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say what it costs to move a fixing or an index, by trading and by corrupt venues."""
    from dataclasses import asdict

    from basketry.core.time import parse_duration
    from basketry.jobs.attack import folder_manipulation, price_attacks
    from basketry.jobs.prices import load_rules
    from basketry.reference.attack.cost import MOVES, Attacker

    held = _lake(lake)
    attacker = Attacker(fee=fee / 1e4, refill=parse_duration(refill))
    if index is not None:
        with status(f"Attacks on {index}") as update:
            found = folder_manipulation(held, index, attacker=attacker, progress=update)
        if json:
            print_json({"simulated_market": held.simulated, **asdict(found)})
            return
        say(f"{index}: to move it by {found.move.move_bp:g} basis points: {found.words()}")
        say(f"  {found.survives} corrupt groups of venues are survived by every constituent")
        say(f"  assumed: {found.assumptions}")
        _say_simulated(held.simulated)
        return
    chosen = load_rules(rules, rate, min_venues)
    instants = _instants(held, assets or [], None, at, "1h", None, "UTC")
    if scenarios:
        _print_displacements(held, assets or [], instants[-24:], chosen, json)
        return
    with status(f"Reading {lake}") as update:
        costs = price_attacks(
            held,
            assets or [],
            int(instants[-1]),
            chosen,
            attacker=attacker,
            moves=move or MOVES,
            progress=update,
        )
    if json:
        print_json(
            {"simulated_market": held.simulated, "attacker": attacker.words(), "costs": [asdict(c) for c in costs]}
        )
        return
    for cost in costs:
        _print_cost(cost)
    say(f"Assumed: {attacker.words()}.")
    say("Each figure is of the cheapest attack found; a cheaper one may exist.")
    _say_simulated(held.simulated)


def _print_cost(cost: ManipulationCost) -> None:
    import numpy as np

    from basketry.core.time import to_datetime

    when = to_datetime(np.datetime64(cost.time, "us"))
    say(
        f"{cost.asset} at {when:%Y-%m-%d %H:%M} UTC: {cost.price:,.8g} {cost.currency} from {cost.venues} venues",
        style="bold",
    )
    say(f"  {cost.traded:,.0f} {cost.currency} traded in the window; {cost.basis}")
    say(f"  {cost.survives} corrupt groups of venues cannot move it beyond the honest prices")
    if cost.corrupt is None:
        say(f"  no number of corrupt venues was found to move it by {cost.moves[-1].move_bp:g} basis points")
    else:
        say(f"  {cost.corrupt} corrupt venues were found to move it by {cost.moves[-1].move_bp:g} basis points")
    grid = table("basis points", f"cost, {cost.currency}", "of the value traded", "the cheapest attack found")
    for move in cost.moves:
        share = "-" if move.cost is None or not cost.traded else f"{move.cost / cost.traded:.2%}"
        grid.add_row(f"{move.move_bp:g}", _figure(move.cost, ",.0f"), share, move.words())
    say(grid)


def _print_displacements(lake: Lake, assets: list[str], instants: Ints, rules: PriceRules, json: bool) -> None:
    """Print for each rate the displacement under each attack."""
    import polars as pl

    from basketry.jobs.attack import price_displacements
    from basketry.lake.tapes import LakeTapes

    tables = {}
    with status("Attacking") as update:
        for asset in assets or LakeTapes(lake).assets:
            tables[asset] = price_displacements(lake, asset, instants, rules, update)
    if json:
        print_json({"simulated_market": lake.simulated, **{asset: found.to_dicts() for asset, found in tables.items()}})
        return
    for asset, found in tables.items():
        say(f"{asset}: the worst displacement over {len(instants)} fixings, basis points", style="bold")
        attacks = found["attack"].unique(maintain_order=True).to_list()
        grid = table("rate", *attacks)
        for rate in found["rate"].unique(maintain_order=True):
            rows = found.filter(pl.col("rate") == rate)
            grid.add_row(rate, *(_figure(value, ",.1f") for value in rows["worst_bp"]))
        say(grid)
    _say_simulated(lake.simulated)


def _write_plot(figure: Any, file: Path) -> None:
    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise DataError(f"{file}: a plot is a .png, .svg or .pdf file")
    figure.savefig(file, dpi=130)
    say(f"  {file}: written")


def _instants(
    lake: Lake, assets: list[str], start: str | None, end: str | None, every: str, at: str | None, zone: str
) -> Ints:
    """Return the instants of the fixings; without bounds, all that the trades allow."""
    from basketry.core.time import parse_duration
    from basketry.jobs.prices import fixing_instants, traded_span

    if start is None or end is None:
        first, last = traded_span(lake, assets)
        start, end = start or first.isoformat(), end or last.isoformat()
    return fixing_instants(start, end, parse_duration(every), at, zone)


def _lake(address: str) -> Lake:
    from basketry.lake.lake import Lake

    return Lake(address)


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None or value != value else format(value, form)


def _say_simulated(simulated: bool) -> None:
    if simulated:
        say("The market is SIMULATED.", style="bold")
