"""The commands `basketry price verify`, `attack` and `venues`: what a price is worth, and whether it was made so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.cli.price import (
    JsonOption,
    LakeOption,
    MinVenuesOption,
    RateOption,
    RulesOption,
    figure,
    fixing_times,
    open_lake,
    price_app,
    say_simulated,
)
from basketry.core.errors import DataError

__all__ = ["price_app"]

if TYPE_CHECKING:
    from basketry.lake.lake import Lake
    from basketry.market.tape import Ints
    from basketry.reference.attack.cost import ManipulationCost
    from basketry.reference.price_rules import PriceRules
    from basketry.reference.vetting.vet import Vetting


@price_app.command(epilog="Example:  basketry price attack btc --lake LAKE --move 50 --move 100")
def attack(
    lake: LakeOption,
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to attack; all unless named.")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", help="Instant of the fixing, or the last of --scenarios; the last full hour unless given."
        ),
    ] = None,
    rules: RulesOption = None,
    rate: RateOption = None,
    min_venues: MinVenuesOption = None,
    move: Annotated[list[float] | None, typer.Option("--move", help="Basis points to move it by (repeatable).")] = None,
    fee: Annotated[float, typer.Option("--fee", help="Fee on each side of a trade, basis points.")] = 5.0,
    refill: Annotated[str, typer.Option("--refill", help="How long a swept book takes to come back.")] = "30s",
    index: Annotated[
        Path | None,
        typer.Option("--index", help="Move this index instead: a folder of `index run`; its rules and last instant."),
    ] = None,
    scenarios: Annotated[
        bool, typer.Option("--scenarios", help="Instead: how far corrupt venues move every rate, over the last day.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Say what it costs to move a fixing or an index, by trading and by corrupt venues."""
    from dataclasses import asdict

    from basketry.core.time import parse_duration, to_instant
    from basketry.jobs.attack import INDEX_MOVE, folder_manipulation, price_attacks
    from basketry.jobs.prices import load_rules
    from basketry.reference.attack.cost import MOVES, Attacker

    if not 0 <= fee < 1e4:
        raise DataError(f"--fee: {fee:g} basis points is not a fee; give 0 or more, below 10000")
    pause = parse_duration(refill)
    if not pause:
        raise DataError("--refill: a book takes some time to come back; give a length such as 30s")
    held = open_lake(lake)
    attacker = Attacker(fee=fee / 1e4, refill=pause)
    if index is not None:
        if assets or at or rules or rate or min_venues or scenarios:
            raise DataError("--index: the assets, instant and rules are those of the folder; give only --move with it")
        if move is not None and len(move) > 1:
            raise DataError("--index: give one --move")
        with status(f"Attacks on {index}") as update:
            found = folder_manipulation(
                held, index, move_bp=move[0] if move else INDEX_MOVE, attacker=attacker, progress=update
            )
        if json:
            print_json({"simulated_market": held.simulated, **asdict(found)})
            return
        say(f"{index}: to move it by {found.move.move_bp:g} basis points: {found.words()}")
        say(f"  {found.survives} corrupt groups of venues are survived by every constituent")
        if found.unattacked:
            say(f"  not attacked, as too few venues trade them at that instant: {', '.join(found.unattacked)}")
        say(f"  assumed: {found.assumptions}")
        say_simulated(held.simulated)
        return
    chosen = load_rules(rules, rate, min_venues)
    if scenarios or at is None:
        instants = fixing_times(held, assets or [], None, at, "1h", None, "UTC")
        instant = int(instants[-1])
    else:
        instant = int(to_instant(at).astype("int64"))
    if scenarios:
        _print_displacements(held, assets or [], instants[-24:], chosen, json)
        return
    with status(f"Reading {lake}") as update:
        costs = price_attacks(
            held,
            assets or [],
            instant,
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
    say_simulated(held.simulated)


def _print_cost(cost: ManipulationCost) -> None:
    import numpy as np

    from basketry.core.time import to_datetime

    when = to_datetime(np.datetime64(cost.time, "us"))
    say(
        f"{cost.asset} at {when:%Y-%m-%d %H:%M:%S} UTC: {cost.price:,.8g} {cost.currency} from {cost.venues} venues",
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
        grid.add_row(f"{move.move_bp:g}", figure(move.cost, ",.0f"), share, move.words())
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
            grid.add_row(rate, *(figure(value, ",.1f") for value in rows["worst_bp"]))
        say(grid)
    say_simulated(lake.simulated)


@price_app.command(epilog="Example:  basketry price venues btc --lake LAKE --start 2025-10-10 --end 2025-10-11")
def venues(
    lake: LakeOption,
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to look at; all unless named.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="First instant; a day before the end.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Instant after the last; the end of the trades.")] = None,
    trusted: Annotated[
        list[str] | None, typer.Option("--trusted", help="A venue that the others are measured by (repeatable).")
    ] = None,
    tests: Annotated[bool, typer.Option("--tests", help="Show what every test found.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Vet day by day and keep the metric vetted_volume in the lake.")
    ] = False,
    currency: Annotated[str, typer.Option("--currency", help="With --write: what volumes are valued in.")] = "usd",
    json: JsonOption = False,
) -> None:
    """Vet the venues by their own trades, quotes and books: scores, suspicion of wash trading, volume that is left."""
    from basketry.jobs.vetting import vet_venues, write_vetted_volumes
    from basketry.reference.vetting.rules import VettingRules

    held = open_lake(lake)
    rules = VettingRules(trusted=tuple(trusted or ()))
    with status(f"Reading {lake}") as update:
        if write:
            count = write_vetted_volumes(held, assets or [], start, end, rules, currency=currency, progress=update)
        else:
            found = vet_venues(held, assets or [], start, end, rules, update)
    if write:
        if json:
            print_json({"simulated_market": held.simulated, "metric": "vetted_volume", "rows": count})
            return
        say(f"{lake}: {count:,} figures of vetted_volume written to metrics")
        say_simulated(held.simulated)
        return
    if json:
        tables = {"scores": found.scores.to_dicts(), "findings": found.findings.to_dicts()}
        print_json({"simulated_market": held.simulated, **tables})
        return
    _print_vetting(found, tests)
    say_simulated(held.simulated)


@price_app.command(epilog="Example:  basketry price volumes --lake LAKE")
def volumes(
    lake: LakeOption,
    assets: Annotated[list[str] | None, typer.Argument(help="Assets to look at; all unless named.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="First day; that of the first trade.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Days that end by then; by the last trade.")] = None,
    json: JsonOption = False,
) -> None:
    """Keep the value traded a day on each venue against each currency in the lake, for the universe rule `venues`."""
    from basketry.jobs.venue_volumes import write_venue_volumes

    held = open_lake(lake)
    with status(f"Reading {lake}") as update:
        count = write_venue_volumes(held, assets or [], start, end, progress=update)
    if json:
        print_json({"simulated_market": held.simulated, "metric": "volume@VENUE/QUOTE", "rows": count})
        return
    say(f"{lake}: {count:,} figures of volume@VENUE/QUOTE written to metrics")
    say_simulated(held.simulated)


@price_app.command(epilog="Example:  basketry price verify PRICES --lake LAKE")
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of `price run --out`.", show_default=False)],
    lake: LakeOption,
    json: JsonOption = False,
) -> None:
    """Make the prices of a folder again from the trades as they were known, and compare every number and line."""
    from basketry.jobs.verify_prices import verify_prices

    with status(f"Reading {lake}") as update:
        found = verify_prices(folder, open_lake(lake), progress=update)
    if json:
        print_json(found.to_dict())
    else:
        for check in found.checks:
            say(f"{'ok ' if check.passed else 'NOT'}  {check.name}: {check.found}")
        say(f"{folder}: {'verified' if found.passed else 'does NOT verify'}")
    if not found.passed:
        raise typer.Exit(1)


def _print_vetting(found: Vetting, tests: bool) -> None:
    grid = table("asset", "venue", "pair", "trades", "score", "verdict", "volume", "vetted", "why")
    for row in found.scores.iter_rows(named=True):
        share = "-" if not row["volume"] else f"{row['vetted_volume'] / row['volume']:.0%}"
        grid.add_row(
            row["asset"],
            row["venue"],
            row["pair"],
            f"{row['trades']:,}",
            figure(row["score"], ".0f"),
            row["verdict"],
            f"{row['volume']:,.2f}",
            share,
            row["reasons"],
        )
    say(grid)
    if tests:
        details = table("market", "test", "statistic", "p adjusted", "suspicion", "")
        for row in found.findings.iter_rows(named=True):
            figures = [figure(row[name], ".3g") for name in ("statistic", "p_adjusted", "suspicion")]
            details.add_row(f"{row['venue']}:{row['pair']}", row["test"], *figures, row["sentence"])
        say(details)
