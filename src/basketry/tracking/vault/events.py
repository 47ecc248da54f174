"""Corporate events passed through to the shareholders: split, redenomination, migration, fork, airdrop."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

from basketry.core.errors import DataError
from basketry.tracking.vault.ledger import Posting
from basketry.tracking.vault.rounding import scale
from basketry.tracking.vault.staking import TICKET
from basketry.tracking.vault.vault import Vault, accrue, give, record, take

EventKind = Literal["redenomination", "migration", "hard_fork", "airdrop"]


def apply_event(
    vault: Vault, at: int, *, kind: EventKind, asset: str, ratio: Decimal, new_asset: str | None = None
) -> None:
    """Book what an event does to every position; amounts are rounded down, as issuers do.

    | kind | what the vault has after |
    |-|-|
    | redenomination (split) | ratio units of the asset for each old one; staked and leaving units too |
    | migration | ratio units of `new_asset` for each old one; the old asset is gone |
    | hard_fork, airdrop | ratio units of `new_asset` for each unit, beside the old ones; free units |

    Args:
        vault: The vault.
        at: Microseconds UTC.
        kind: One of the above.
        asset: The asset concerned.
        ratio: New whole units for one old whole unit.
        new_asset: Of a migration, fork or airdrop.

    Raises:
        DataError: The event concerns the quote asset, a staked asset is migrated, or a new asset is missing.
        MethodologyError: The new asset has no decimals in the terms.
    """
    if asset == vault.terms.quote and kind in ("redenomination", "migration"):
        raise DataError(f"{kind} of {asset}, the quote asset: close the vault and open one in the new unit")
    if ratio <= 0:
        raise DataError(f"{kind} of {asset}: the ratio must be positive, was {ratio}")
    accrue(vault, at)
    if kind == "redenomination":
        _redenominate(vault, at, asset, Fraction(ratio))
        return
    if new_asset is None or new_asset == asset:
        raise DataError(f"{kind} of {asset}: name the new asset")
    factor = Fraction(ratio) * vault.terms.unit(new_asset) / vault.terms.unit(asset)
    mine = {place: amount for (place, held), amount in vault.positions().items() if held == asset}
    if kind == "migration" and set(mine) - {"held"}:
        raise DataError(f"migration of {asset}: some of it is staked or leaving; unstake and collect it first")
    lines = take("held", new_asset, scale(sum(mine.values()), factor, round_up=False))
    if kind == "migration":
        lines += give("held", asset, mine.get("held", 0))
    vault.post(at, kind, lines)


def _redenominate(vault: Vault, at: int, asset: str, ratio: Fraction) -> None:
    lines: list[Posting] = []
    notes: dict[str, str] = {}
    queued = 0
    for name, ticket in vault.records(TICKET).items():
        if ticket["asset"] == asset:
            amount = scale(int(ticket["amount"]), ratio, round_up=False)
            queued += amount
            notes[name] = record({**ticket, "amount": amount}) if amount else ""
    for (place, held), before in vault.positions().items():
        if held == asset:
            after = queued if place == "unbonding" else scale(before, ratio, round_up=False)
            lines += take(place, asset, after - before)
    vault.post(at, "redenomination", lines, notes)
