"""The root of the command line, and the one place where errors become words."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from basketry.cli.administration import index_app
from basketry.cli.console import complain, drop_output, machine_words, print_json, say
from basketry.cli.data import data_app
from basketry.cli.evaluate import evaluate
from basketry.cli.keys import keys_app
from basketry.cli.price_trust import price_app
from basketry.cli.proforma import proforma
from basketry.cli.track import track_app
from basketry.core.errors import BasketryError
from basketry.core.version import VERSION

app = typer.Typer(
    name="basketry",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Crypto index tracking: from a methodology file and market data to an index that anybody can check.",
    epilog="Start with:  basketry demo   or   basketry index new my-index.yaml",
)
app.add_typer(data_app, name="data")
app.add_typer(index_app, name="index")
app.add_typer(keys_app, name="keys")
app.add_typer(price_app, name="price")
app.add_typer(track_app, name="track")


index_app.command(epilog="Example:  basketry index proforma LC20 --lake LAKE --csv next.csv")(proforma)
app.command(epilog="Example:  basketry evaluate LC20 --lake LAKE --against EW10 --out report.html")(evaluate)


def _version(value: bool) -> None:
    if value:
        say(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    del version


@app.command(epilog="Example:  basketry demo --out demo")
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", help="Seed of the simulated market.")] = 7,
) -> None:
    """Compute indices end to end on a simulated market that needs no download."""
    from basketry.cli.console import status
    from basketry.jobs.demo import run_demo

    with status("Simulating a market") as update:
        report = run_demo(out, seed=seed, progress=update)
    say("The market is SIMULATED: no figure below says anything about a real asset.", style="bold")
    for line in report:
        say(line)


def main() -> None:
    """Run the command line; an error of the user, the data or the machine is told in words and exits 2.

    With `--json`, one of the user or the data is told as JSON too: `{"error": "..."}`.
    """
    # Before NumPy and Pydantic are loaded: threads for products of large matrices, of which no command has any, take as
    # long to start as NumPy to load, and plug-ins of Pydantic are searched for among all installed packages. Who sets
    # these variables decides.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What is imported stays, and is not looked at for cycles each few hundred objects.
    gc.set_threshold(50_000, 20, 20)
    try:
        try:
            app()
        finally:
            # Here, where an error can still be told.
            sys.stdout.flush()
    except BasketryError as error:
        complain(str(error))
        if "--json" in sys.argv[1:]:
            print_json({"error": str(error)})
        sys.exit(2)
    except BrokenPipeError:
        # Who read the output has enough of it.
        drop_output()
        sys.exit(1)
    except (OSError, MemoryError, RecursionError, OverflowError) as error:
        drop_output()
        complain(machine_words(error))
        sys.exit(2)
    except KeyboardInterrupt:
        complain("stopped")
        sys.exit(130)
