"""The commands of an administrator's year: `basketry index amend`, `override`, `end`, `withdraw` and `key`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basketry.cli.console import print_json, say, status, table, unicode_text, warn
from basketry.cli.index import FolderArgument, JsonOption, LakeOption, TableOption, index_app
from basketry.cli.keys import PasswordFileOption, open_key
from basketry.cli.publication import ApproverOption, KeyOption, NowOption

if TYPE_CHECKING:
    from basketry.jobs.acts import Act
    from basketry.jobs.amend import Amendment
    from basketry.lake.lake import Lake

__all__ = ["index_app"]

ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; kept in the record.", show_default=False, callback=unicode_text)
]
EffectiveOption = Annotated[
    str, typer.Option("--effective", help="The first day, after the last published level.", show_default=False)
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Show what would change, and write nothing.")]


@index_app.command(
    epilog="Example:  basketry index amend LC20 new-rules.yaml --lake LAKE --effective 2024-07-01 "
    "--reason 'Cap of 20%, consultation of May' --approver 'Index committee'"
)
def amend(
    folder: FolderArgument,
    rules: Annotated[Path, typer.Argument(help="The rulebook as it shall be.", show_default=False)],
    lake: LakeOption,
    effective: EffectiveOption,
    reason: ReasonOption,
    approver: ApproverOption,
    dry_run: DryRunOption = False,
    key: KeyOption = None,
    password_file: PasswordFileOption = None,
    now: NowOption = None,
    table_name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Give a published index other rules from a day on, after running them in the shadow of the old ones."""
    from basketry.jobs.amend import amend_index
    from basketry.lake.lake import Lake

    market = Lake(lake)
    act = _act(market, approver, reason, key, password_file, now, table_name)
    with status(f"Recomputing {folder}"):
        done = amend_index(folder, market, rules, effective=effective, act=act, dry_run=dry_run)
    _show(done, json=json)


@index_app.command(
    epilog="Example:  basketry index override LC20 --lake LAKE --asset xrp --action exclude --effective 2021-01-10 "
    "--reason 'Suit of the regulator' --approver 'Index committee'"
)
def override(
    folder: FolderArgument,
    lake: LakeOption,
    asset: Annotated[str, typer.Option("--asset", help="The asset.", show_default=False, callback=unicode_text)],
    action: Annotated[str, typer.Option("--action", help="include, exclude or accept_supply.", show_default=False)],
    effective: EffectiveOption,
    reason: ReasonOption,
    approver: ApproverOption,
    until: Annotated[str | None, typer.Option("--until", help="Day on which it ends, exclusive.")] = None,
    dry_run: DryRunOption = False,
    key: KeyOption = None,
    password_file: PasswordFileOption = None,
    now: NowOption = None,
    table_name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Record a committee's decision about one asset, which counts in determinations from a day on."""
    from basketry.jobs.amend import override_index
    from basketry.lake.lake import Lake

    market = Lake(lake)
    act = _act(market, approver, reason, key, password_file, now, table_name)
    with status(f"Recomputing {folder}"):
        done = override_index(
            folder, market, asset=asset, action=action, effective=effective, until=until, act=act, dry_run=dry_run
        )
    _show(done, json=json)


@index_app.command(
    epilog="Example:  basketry index end LC20 --lake LAKE --last 2024-12-31 --reason 'Too few users' "
    "--approver 'Index committee'"
)
def end(
    folder: FolderArgument,
    lake: LakeOption,
    last: Annotated[str, typer.Option("--last", help="Day of the last level.", show_default=False)],
    reason: ReasonOption,
    approver: ApproverOption,
    key: KeyOption = None,
    password_file: PasswordFileOption = None,
    now: NowOption = None,
    table_name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Announce the end of a published index: a last level, and nothing after it."""
    from basketry.core.time import format_instant
    from basketry.jobs.amend import end_index
    from basketry.lake.lake import Lake

    market = Lake(lake)
    act = _act(market, approver, reason, key, password_file, now, table_name)
    with status(f"Recomputing {folder}"):
        instant = end_index(folder, market, last=last, act=act)
    if json:
        print_json({"folder": str(folder), "last": format_instant(instant)})
        return
    say(f"{folder}: ends on {format_instant(instant)}, its last level; publish it through that day")


@index_app.command(
    epilog="Example:  basketry index withdraw LC20 --lake LAKE --reason 'Another cap was meant' "
    "--approver 'Index committee'"
)
def withdraw(
    folder: FolderArgument,
    lake: LakeOption,
    reason: ReasonOption,
    approver: ApproverOption,
    key: KeyOption = None,
    password_file: PasswordFileOption = None,
    now: NowOption = None,
    table_name: TableOption = "daily",
    json: JsonOption = False,
) -> None:
    """Take back the last amendment, override or end that was announced and has not taken effect."""
    from basketry.core.time import format_instant
    from basketry.jobs.withdraw import withdraw_act
    from basketry.lake.lake import Lake

    market = Lake(lake)
    act = _act(market, approver, reason, key, password_file, now, table_name)
    with status(f"Recomputing {folder}"):
        done = withdraw_act(folder, market, act=act)
    if json:
        plain = {"entry": done.entry, "kind": done.kind, "effective": format_instant(done.effective)}
        print_json({"folder": str(folder), **plain})
        return
    say(f"{folder}: {done.words()}")


@index_app.command(
    epilog="Example:  basketry index key LC20 --new next.key --key committee.key --reason 'Yearly change' "
    "--approver 'Index committee'"
)
def key(
    folder: FolderArgument,
    new: Annotated[Path, typer.Option("--new", help="File of the key from now on.", show_default=False)],
    old: Annotated[Path, typer.Option("--key", help="File of the key in force.", show_default=False)],
    reason: ReasonOption,
    approver: ApproverOption,
    password_file: PasswordFileOption = None,
    new_password_file: Annotated[
        Path | None, typer.Option("--new-password-file", help="Password of the new key; asked for unless given.")
    ] = None,
    now: NowOption = None,
    json: JsonOption = False,
) -> None:
    """Change the key of a published index: an entry that the old key signs."""
    from basketry.core.time import to_datetime, to_instant
    from basketry.jobs.change_key import change_key

    public = change_key(
        folder,
        open_key(old, password_file),
        open_key(new, new_password_file),
        approver=approver,
        reason=reason,
        now=None if now is None else to_datetime(to_instant(now)),
    )
    if json:
        print_json({"folder": str(folder), "public_key": public})
        return
    say(f"{folder}: signed with {public} from now on; tell it to those who verify")


def _act(
    market: Lake, approver: str, reason: str, key: Path | None, password_file: Path | None, now: str | None, table: str
) -> Act:
    from basketry.core.time import to_datetime, to_instant
    from basketry.jobs.acts import Act
    from basketry.jobs.attack import index_manipulation

    return Act(
        approver=approver,
        reason=reason,
        now=None if now is None else to_datetime(to_instant(now)),
        key=None if key is None else open_key(key, password_file),
        manipulation=lambda result: index_manipulation(market, result),
        table=table,
    )


def _show(done: Amendment, *, json: bool) -> None:
    from dataclasses import asdict

    from basketry.core.digest import finite
    from basketry.core.time import format_instant

    if json:
        plain = {**asdict(done), "folder": str(done.folder), "effective": format_instant(done.effective)}
        print_json(finite(plain))
        return
    grid = table("rule", "so far", "from then on")
    for change in done.changes:
        grid.add_row(change.path, *("-" if x is None else str(x) for x in (change.before, change.after)))
    say(grid)
    for words in done.warnings:
        warn(words)
    if done.beside:
        days = ", ".join(done.beside)
        say(f"Announced and not in force yet: the rules of {days}. They are in neither of the two compared below.")
    found = done.shadow
    if found is not None and found.problem:
        say(
            f"The new rules in the shadow of the old since {found.since}: not computed, {found.problem}", style="yellow"
        )
    elif found is not None:
        say(
            f"Had they held since {found.since}: {found.returns[1]:+.4%} to {found.through}, and not "
            f"{found.returns[0]:+.4%}; levels apart by at most {found.largest:+.4%}"
        )
        say(
            f"  in: {', '.join(found.added) or 'nobody'}; out: {', '.join(found.removed) or 'nobody'}; "
            f"{found.turnover:.4%} of the index other (one way, weights as last set)"
        )
    say(
        f"{done.folder}: amended from {format_instant(done.effective)} on"
        if done.recorded
        else f"{done.folder}: nothing written (--dry-run)"
    )
