"""The command `basketry index proforma`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table
from basketry.cli.index import AsOfOption, FolderArgument, JsonOption, LakeOption, TableOption

if TYPE_CHECKING:
    from basketry.index.proforma import ProForma


def proforma(
    folder: FolderArgument,
    lake: LakeOption,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the next composition as CSV.")] = None,
    as_of: AsOfOption = None,
    table_name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Give the next composition: as announced, as determined, or as a projection that says so."""
    from basketry.jobs.proforma import next_of_folder
    from basketry.lake.lake import Lake

    market = Lake(lake)
    with status(f"Recomputing {folder}"):
        found = next_of_folder(folder, market, table=table_name, as_of=as_of)
    if csv is not None:
        from basketry.ledger.atomic import write_file

        write_file(csv, found.table().write_csv().encode())
    if json:
        print_json({"simulated_market": market.simulated, **found.to_dict()})
        return
    if market.simulated:
        say("The market is SIMULATED.", style="bold")
    if found.ends is not None:
        from basketry.core.time import format_instant

        say(f"{found.symbol} ends on {format_instant(found.ends)}, its last level.", style="bold")
    for entry in (found.next, *found.further):
        _print(found.symbol, entry)


def _print(symbol: str, found: ProForma) -> None:
    from basketry.core.time import format_instant

    say(
        f"{symbol}: composition effective {format_instant(found.effective_at)} ({found.trigger}, rules version "
        f"{found.version}), {found.stage.value.upper()}",
        style="bold",
    )
    say(f"  {found.words()}")
    if found.kept:
        say(f"  The composition is kept: {found.kept}")
        return
    say(f"  added: {', '.join(found.additions) or 'none'}; deleted: {', '.join(found.deletions) or 'none'}")
    if found.turnover is not None:
        made = f", in {found.steps} steps" if found.steps > 1 else ""
        told = "" if found.divisor is None else f"; divisor, indicative {found.divisor:,.6g}"
        say(f"  one-way turnover {found.turnover:.4%}{made}{told}; units {found.units.value}")
    grid = table("asset", "change", "now", "determined", "at prices now", "units", "price")
    if found.turnover is None:
        grid = table("asset", "change", "now")
    for entry in found.ranked():
        cells = [entry.asset, entry.change, f"{entry.held:.4%}"]
        if found.turnover is not None:
            cells += ["-" if x is None else f"{x:.4%}" for x in (entry.determined, entry.weight)]
            cells += ["-" if x is None else f"{x:,.6g}" for x in (entry.units, entry.price)]
        grid.add_row(*cells)
    say(grid)
    data = format_instant(found.instant)
    say(f"  Prices, weights now and the level, {found.level:,.4f}, are of {data}.")
