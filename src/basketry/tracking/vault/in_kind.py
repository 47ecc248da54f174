"""Creation and redemption in kind: units of every asset for shares, without any price."""

from __future__ import annotations

from basketry.core.errors import DataError
from basketry.tracking.vault.ledger import HELD, STAKED, UNBONDING, Posting
from basketry.tracking.vault.rounding import mul_div, scale
from basketry.tracking.vault.staking import shrink_tickets
from basketry.tracking.vault.terms import Receipt
from basketry.tracking.vault.vault import MANAGER, Vault, accrue, give, issue, require_holder, require_positive, take


def create_in_kind(vault: Vault, at: int, *, holder: str, shares: int) -> Receipt:
    """Issue shares for their part of every position, each rounded up.

    The holder pays for `shares` and gets them less the fee, which the manager gets. For staked units she pays in
    staked form; for units that are being unstaked in free ones. Neither staleness of prices nor cut-offs matter.

    Raises:
        DataError: The number is not positive, or nothing is left after the fee.
    """
    require_holder(holder)
    require_positive(shares, "shares to create")
    accrue(vault, at)
    fee = scale(shares, vault.terms.rate("create_fee"), round_up=True)
    if fee >= shares:
        raise DataError(f"a creation of {shares} share units leaves nothing after the fee; create more")
    paid: dict[tuple[str, str], int] = {}
    for (place, asset), amount in vault.positions().items():
        into = (STAKED if place == STAKED else HELD, asset)
        paid[into] = paid.get(into, 0) + mul_div(amount, shares, vault.supply, round_up=True)
    postings = [*issue(holder, shares - fee), *issue(MANAGER, fee)]
    for (place, asset), amount in paid.items():
        postings += take(place, asset, amount)
    vault.post(at, "create in kind", postings)
    return Receipt(paid=paid, shares=shares - fee, fee_shares=fee)


def redeem_in_kind(vault: Vault, at: int, *, holder: str, shares: int) -> Receipt:
    """Take shares back for their part of every position, each rounded down.

    The fee is taken in shares, which the manager gets; the rest is redeemed. Staked units are handed over in staked
    form, units that are being unstaked as part of each ticket.

    Raises:
        DataError: The holder has fewer shares, the number is not positive, or nothing is left after the fee.
    """
    require_holder(holder)
    require_positive(shares, "shares to redeem")
    accrue(vault, at)
    if shares > vault.shares_of(holder):
        raise DataError(
            f"redeem in kind: {holder} has {vault.shares_of(holder)} share units and {shares} are to be redeemed; "
            "a balance cannot be negative"
        )
    fee = scale(shares, vault.terms.rate("redeem_fee"), round_up=True)
    if fee >= shares:
        raise DataError(f"a redemption of {shares} share units leaves nothing after the fee; redeem more")
    burnt = shares - fee
    tickets, notes = shrink_tickets(vault, burnt)
    received = {
        (place, asset): tickets.get(asset, 0)
        if place == UNBONDING
        else mul_div(amount, burnt, vault.supply, round_up=False)
        for (place, asset), amount in vault.positions().items()
    }
    postings: list[Posting] = [*issue(holder, -shares), *issue(MANAGER, fee)]
    for (place, asset), amount in received.items():
        postings += give(place, asset, amount)
    vault.post(at, "redeem in kind", postings, notes)
    return Receipt(received=received, shares=-shares, fee_shares=fee)
