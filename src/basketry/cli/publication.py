"""The commands `basketry index publish` and `verify`: what an administrator does, and what anybody can check."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, unicode_text
from basketry.cli.index import AsOfOption, FolderArgument, JsonOption, LakeOption, TableOption, index_app
from basketry.cli.keys import PasswordFileOption, open_key

__all__ = ["index_app"]

if TYPE_CHECKING:
    from basketry.index.result import IndexResult
    from basketry.jobs.attack import IndexManipulation
    from basketry.jobs.publish import Publication
    from basketry.jobs.verify import Verification
    from basketry.lake.lake import Lake

ApproverOption = Annotated[
    str,
    typer.Option(
        "--approver", help="Who answers for it; kept in the record.", show_default=False, callback=unicode_text
    ),
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help="Sign with the key in this file; see `basketry keys new`.")
]
NowOption = Annotated[
    str | None, typer.Option("--now", help="The instant of the entry, for replays; that of the clock unless given.")
]


@index_app.command(epilog="Example:  basketry index verify LC20 --lake LAKE")
def verify(
    folder: FolderArgument,
    lake: LakeOption,
    key: Annotated[str | None, typer.Option("--key", help="The public key that must have signed it.")] = None,
    head: Annotated[Path | None, typer.Option("--head", help="A head.json that was kept elsewhere.")] = None,
    as_of: AsOfOption = None,
    table: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Recompute everything, check the record, name the first number that differs. Exits 1 when one does."""
    from basketry.jobs.verify import verify as verify_folder
    from basketry.lake.lake import Lake

    market = Lake(lake)
    with status(f"Recomputing {folder}"):
        verification = verify_folder(folder, market, table=table, as_of=as_of, key=key, head=head)
    if json:
        print_json({"simulated_market": market.simulated, **verification.to_dict()})
    else:
        _print_verification(verification)
        _say_simulated(market.simulated)
    raise typer.Exit(0 if verification.passed else 1)


def _print_verification(verification: Verification) -> None:
    for item in verification.checks:
        mark = "ok    " if item.passed else "FAILED"
        say(f"  {mark} {item.name}: {item.found}", style=None if item.passed else "red")
    if verification.passed:
        say(f"{verification.folder}: verified", style="green")
    else:
        say(f"{verification.folder}: NOT verified; {verification.first_failure}", style="bold red")


@index_app.command(
    epilog="Example:  basketry index publish LC20 --lake LAKE --approver 'Index committee' "
    "--restate --reason 'late supply'",
)
def publish(
    folder: FolderArgument,
    lake: LakeOption,
    approver: ApproverOption,
    end: Annotated[str | None, typer.Option("--end", help="Publish through this instant.")] = None,
    restate: Annotated[bool, typer.Option("--restate", help="Correct what the data contradict, by the rule.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it is corrected.", callback=unicode_text)] = None,
    release: Annotated[
        str | None,
        typer.Option(
            "--release",
            help="Publish steps that the guard holds back, and why they are right.",
            callback=unicode_text,
        ),
    ] = None,
    key: KeyOption = None,
    password_file: PasswordFileOption = None,
    now: NowOption = None,
    table: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Seal a draft, extend a published index, or correct it by the restatement rule; never overwrite."""
    from dataclasses import asdict

    from basketry.core.time import to_datetime, to_instant
    from basketry.disk.cache import user_cache
    from basketry.jobs.publish import publish_index
    from basketry.lake.lake import Lake

    market = Lake(lake)
    signer = None if key is None else open_key(key, password_file)
    with status(f"Recomputing {folder}"):
        done = publish_index(
            folder,
            market,
            approver=approver,
            end=end,
            restate=restate,
            reason=reason,
            now=None if now is None else to_datetime(to_instant(now)),
            release=release,
            manipulation=partial(_manipulation, market),
            table=table,
            key=signer,
            cache=user_cache(),
        )
    if json:
        print_json({"simulated_market": market.simulated, **asdict(done), "folder": str(done.folder)})
        return
    _print_publication(done)
    _say_simulated(market.simulated)


def _manipulation(market: Lake, result: IndexResult) -> IndexManipulation | None:
    # Loaded only for an index that makes its own prices.
    from basketry.jobs.attack import index_manipulation

    return index_manipulation(market, result)


def _print_publication(done: Publication) -> None:
    added = f"{done.levels_added:,} levels added" if done.levels_added else "nothing new"
    say(f"{done.folder}: published through {done.through}, {added}")
    for item in done.corrections:
        say(
            f"  restated {item.column} at {item.time}: "
            f"{item.published} -> {item.corrected} ({item.relative_error:+.4%})"
        )
    if done.kept:
        say(f"  {len(done.kept)} differences stay as published, by the rule; the index goes on from what was published")


def _say_simulated(simulated: bool) -> None:
    if simulated:
        say("The market is SIMULATED.", style="bold")
