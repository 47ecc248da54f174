"""The commands `basketry price ...`: reference prices from the trades of many venues."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basketry.cli.console import print_json, say, status, table, unicode_text
from basketry.core.errors import DataError

if TYPE_CHECKING:
    from basketry.jobs.prices import ReferencePrices
    from basketry.lake.lake import Lake
    from basketry.market.tape import Ints
    from basketry.reference.explain import FixingExplanation

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
    reason: Annotated[str, typer.Option("--reason", help="Why they are corrected.", callback=unicode_text)] = "",
    approver: Annotated[
        str, typer.Option("--approver", help="Who answers for a correction.", callback=unicode_text)
    ] = "",
    json: JsonOption = False,
) -> None:
    """Make fixings; with --out keep them in a folder with all their evidence and a record."""
    from basketry.jobs.prices import load_rules, reference_prices
    from basketry.jobs.save_prices import save_prices

    chosen = load_rules(rules, rate, min_venues)
    with status(f"Reading {lake}") as update:
        held = open_lake(lake)
        instants = fixing_times(held, assets or [], start, end, every, at, zone)
        prices = reference_prices(held, assets or [], instants, chosen, known_by=known_by, progress=update)
        done = None
        if out is not None:
            update(f"Writing {out}")
            done = save_prices(prices, out, restate=restate, reason=reason, approver=approver)
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
        for verb, found in (("restated", done.corrections), ("kept", done.kept)):
            for item in found:
                say(f"  {verb} {item.column} at {item.time}: {item.published} -> {item.corrected}")


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
            figure(row["price"], ",.8g"),
            figure(spread, ".2f"),
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
    say_simulated(prices.simulated)


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
        held = open_lake(lake)
        explanation = explain_price(held, asset, instant, load_rules(rules, rate, min_venues))
    if json:
        print_json({"simulated_market": held.simulated, **explanation.to_dict()})
        return
    _print_explanation(explanation, parts)
    say_simulated(held.simulated)


def _print_explanation(explanation: FixingExplanation, parts: bool) -> None:
    row = explanation.fixing
    price = figure(row["price"], ",.8g")
    say(f"{row['asset']} at {row['time']:%Y-%m-%d %H:%M:%S} UTC: {price}, {row['status']}", style="bold")
    if row["reason"]:
        say(f"  {row['reason']}")
    say(f"  ± {figure(row['confidence'], ',.6g')} from {row['venues']} venues")
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
            figure(source["venue_price"], ",.8g"),
            f"{source['venue_weight']:.2%}",
            figure(source["deviation"], ".3%"),
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
            figure(row["part_price"], ",.8g") if first else "",
            row["venue"],
            figure(row["price"], ",.8g"),
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
    from basketry.ledger.atomic import write_file

    with status(f"Reading {lake}") as update:
        held = open_lake(lake)
        instants = fixing_times(held, [asset], start, end, every, at, zone)
        comparison = compare_prices(held, asset, instants, load_rules(rules), rate or (), update)
    if plot is not None:
        from basketry.reports.prices import plot_comparison

        _write_plot(plot_comparison(comparison), plot)
    if csv is not None:
        write_file(csv, comparison.table().write_csv().encode())
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
        figures = [figure(row[name], ",.2f") for name in ("median_bp", "largest_bp")]
        grid.add_row(row["rate"], f"{row['prices']:,}", *figures, when, figure(row["step_bp"], ",.2f"))
    say(grid)
    say("  step: standard deviation of the change from one instant to the next")
    say_simulated(held.simulated)


def _write_plot(figure: Any, file: Path) -> None:
    from basketry.ledger.atomic import write_file

    if file.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise DataError(f"{file}: a plot is a .png, .svg or .pdf file")
    picture = BytesIO()
    figure.savefig(picture, format=file.suffix[1:].lower(), dpi=130)
    write_file(file, picture.getvalue())
    say(f"  {file}: written")


def fixing_times(
    lake: Lake, assets: list[str], start: str | None, end: str | None, every: str, at: str | None, zone: str
) -> Ints:
    """Return the instants of the fixings; without bounds, all that the trades allow."""
    from basketry.core.time import parse_duration
    from basketry.jobs.prices import fixing_instants, traded_span

    if start is None or end is None:
        first, last = traded_span(lake, assets)
        start, end = start or first.isoformat(), end or last.isoformat()
    return fixing_instants(start, end, parse_duration(every), at, zone)


def open_lake(address: str) -> Lake:
    """Return the lake at an address."""
    from basketry.lake.lake import Lake

    return Lake(address)


def figure(value: float | None, form: str) -> str:
    """Return a figure for people; a dash where there is none."""
    return "-" if value is None or value != value else format(value, form)


def say_simulated(simulated: bool) -> None:
    """Say that a market is simulated, where it is."""
    if simulated:
        say("The market is SIMULATED.", style="bold")
