"""Staked assets: staking, rewards, the queue to leave, and slashing."""

from __future__ import annotations

from basketry.core.errors import DataError, nearest_hint
from basketry.tracking.vault.ledger import HELD, STAKED, UNBONDING, Posting
from basketry.tracking.vault.rounding import mul_div
from basketry.tracking.vault.terms import Staking
from basketry.tracking.vault.vault import Vault, accrue, give, record, require_positive, take

TICKET = "ticket:"


def stake(vault: Vault, at: int, *, asset: str, amount: int) -> None:
    """Stake units that are free.

    Raises:
        DataError: The terms do not allow it, or fewer are free.
    """
    _rule(vault, asset)
    require_positive(amount, f"{asset} to stake")
    accrue(vault, at)
    vault.post(at, "stake", [Posting(HELD, asset, -amount), Posting(STAKED, asset, amount)])


def reward(vault: Vault, at: int, *, asset: str, amount: int) -> None:
    """Book a staking reward: it is staked itself (as a rebasing token), and raises what each share is worth.

    Raises:
        DataError: The terms do not allow staking, or the amount is not positive.
    """
    _rule(vault, asset)
    require_positive(amount, f"{asset} of reward")
    accrue(vault, at)
    vault.post(at, "staking reward", take(STAKED, asset, amount))


def unstake(vault: Vault, at: int, *, asset: str, amount: int) -> int:
    """Ask for staked units back; return the instant at which they are free.

    Raises:
        DataError: Fewer are staked.
    """
    rule = _rule(vault, asset)
    require_positive(amount, f"{asset} to unstake")
    accrue(vault, at)
    ready = at + int(rule.unbonding.total_seconds() * 1_000_000)
    number = int(vault.ledger.notes.get("next_ticket", "0"))
    vault.post(
        at,
        "unstake",
        [Posting(STAKED, asset, -amount), Posting(UNBONDING, asset, amount)],
        {
            f"{TICKET}{number}": record({"asset": asset, "amount": amount, "ready_at": ready}),
            "next_ticket": str(number + 1),
        },
    )
    return ready


def collect(vault: Vault, at: int) -> dict[str, int]:
    """Free every unit whose time in the queue is over; return the units by asset."""
    accrue(vault, at)
    freed: dict[str, int] = {}
    notes: dict[str, str] = {}
    for name, ticket in vault.records(TICKET).items():
        if int(ticket["ready_at"]) <= at:
            freed[ticket["asset"]] = freed.get(ticket["asset"], 0) + int(ticket["amount"])
            notes[name] = ""
    if notes:
        lines = [
            line
            for asset, amount in freed.items()
            for line in (Posting(UNBONDING, asset, -amount), Posting(HELD, asset, amount))
        ]
        vault.post(at, "unbonded", lines, notes)
    return freed


def slash(vault: Vault, at: int, *, asset: str, amount: int) -> None:
    """Book a penalty: staked units and those in the queue lose the same fraction, the latter rounded up.

    Raises:
        DataError: More is slashed than is staked and in the queue.
    """
    _rule(vault, asset)
    require_positive(amount, f"{asset} to slash")
    accrue(vault, at)
    staked, queued = vault.position(STAKED, asset), vault.position(UNBONDING, asset)
    if amount > staked + queued:
        raise DataError(
            f"slash: {staked + queued} {asset} are staked or leaving and {amount} are to be slashed; "
            "a balance cannot be negative"
        )
    notes: dict[str, str] = {}
    lost = 0
    for name, ticket in vault.records(TICKET).items():
        if ticket["asset"] == asset:
            before = int(ticket["amount"])
            cut = min(mul_div(before, amount, staked + queued, round_up=True), amount - lost)
            lost += cut
            notes[name] = record({**ticket, "amount": before - cut}) if before > cut else ""
    vault.post(at, "slash", [*give(STAKED, asset, amount - lost), *give(UNBONDING, asset, lost)], notes)


def shrink_tickets(vault: Vault, burnt: int) -> tuple[dict[str, int], dict[str, str]]:
    """Return the units by asset that leave the queue with redeemed shares, and the notes of the smaller tickets."""
    out: dict[str, int] = {}
    notes: dict[str, str] = {}
    for name, ticket in vault.records(TICKET).items():
        amount = int(ticket["amount"])
        part = mul_div(amount, burnt, vault.supply, round_up=False)
        if part:
            out[ticket["asset"]] = out.get(ticket["asset"], 0) + part
            notes[name] = record({**ticket, "amount": amount - part})
    return out, notes


def _rule(vault: Vault, asset: str) -> Staking:
    if asset not in vault.terms.staking:
        known = vault.terms.staking
        raise DataError(
            f"the terms do not let {asset!r} be staked{nearest_hint(asset, known)}; "
            f"stakeable: {', '.join(known) or 'none'}"
        )
    return vault.terms.staking[asset]
