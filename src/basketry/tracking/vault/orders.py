"""Cash orders: given before a cut-off, executed together at the next live net asset value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from basketry.core.errors import DataError, nearest_hint
from basketry.tracking.vault.ledger import ESCROW, HELD, HOLDER, ISSUED, ORDERS, SHARES, Posting
from basketry.tracking.vault.nav import NetAssetValue
from basketry.tracking.vault.rounding import mul_div, scale
from basketry.tracking.vault.vault import (
    MANAGER,
    Vault,
    accrue,
    give,
    issue,
    record,
    require_holder,
    require_positive,
    take,
)

ORDER = "order:"
OrderSide = Literal["create", "redeem"]
Outcome = Literal["executed", "returned", "waits"]


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of one order at one valuation.

    Attributes:
        order: Its number.
        holder: Who gave it.
        side: create or redeem.
        outcome: executed; returned (less than its minimum); waits (not enough cash in the vault).
        cash: Smallest quote units that the holder paid or received; 0 unless executed.
        shares: Share units that the holder got or gave up; 0 unless executed.
        fee_shares: Share units that the manager got.
        reason: Why it was not executed.
    """

    order: int
    holder: str
    side: OrderSide
    outcome: Outcome
    cash: int = 0
    shares: int = 0
    fee_shares: int = 0
    reason: str = ""


def submit(vault: Vault, at: int, *, holder: str, side: OrderSide, amount: int, minimum: int = 0) -> int:
    """Take an order and what it is paid with; return its number.

    Args:
        vault: The vault.
        at: Microseconds UTC.
        holder: Who gives it.
        side: create (pay cash, get shares) or redeem (the reverse).
        amount: Smallest units of what the holder gives: cash, or shares.
        minimum: Smallest units of what she wants at least; else the order is returned.

    Raises:
        DataError: The amount is not positive, or the holder has fewer shares.
    """
    require_holder(holder)
    require_positive(amount, f"{side} order")
    if side not in ("create", "redeem"):
        raise DataError(f"side {side!r}{nearest_hint(side, ['create', 'redeem'])} is neither create nor redeem")
    accrue(vault, at)
    number = int(vault.ledger.notes.get("next_order", "0"))
    if side == "create":
        lines = [Posting(HELD, vault.terms.quote, amount), Posting(ORDERS, vault.terms.quote, -amount)]
    else:
        lines = [Posting(HOLDER + holder, SHARES, -amount), Posting(ESCROW, SHARES, amount)]
    order = {"holder": holder, "side": side, "amount": amount, "minimum": minimum}
    order["from"] = vault.terms.executable_from(at)
    vault.post(at, f"order to {side}", lines, {f"{ORDER}{number}": record(order), "next_order": str(number + 1)})
    return number


def cancel(vault: Vault, at: int, *, order: int) -> None:
    """Give back what an order was paid with.

    Raises:
        DataError: There is no such open order, or its cut-off has passed.
    """
    found = vault.records(ORDER).get(f"{ORDER}{order}")
    if found is None:
        raise DataError(f"there is no open order {order}")
    if at >= int(found["from"]):
        raise DataError(f"order {order} can no longer be cancelled: its cut-off has passed")
    accrue(vault, at)
    vault.post(at, "order cancelled", _give_back(vault, found), {f"{ORDER}{order}": ""})


def execute(vault: Vault, value: NetAssetValue, at: int) -> list[Execution]:
    """Execute every order whose cut-off has passed, all at the same net asset value.

    With N shares, spread s and fee f, cash C gives C N / (ask (1 + s)) shares, and S shares give (1 - s) bid S (1 - f)
    / N cash, both rounded down. The fee of a creation is the fraction f of its shares; the manager gets fees as
    shares. Creations come first; redemptions are paid in the order in which they were given, as far as there is cash,
    and the others wait.

    Raises:
        DataError: The net asset value is stale, not of this instant, or of another number of shares.
    """
    value.require_live("cash orders")
    accrue(vault, at)
    if value.at != at or value.shares != vault.supply:
        raise DataError(
            f"the net asset value is of {value.shares} shares at {value.at}, and there are {vault.supply} at {at}; "
            "accrue fees, then value, then execute"
        )
    due = {
        int(name.removeprefix(ORDER)): order for name, order in vault.records(ORDER).items() if int(order["from"]) <= at
    }
    done = [_create(vault, value, number, order) for number, order in due.items() if order["side"] == "create"]
    return done + [_redeem(vault, value, number, order) for number, order in due.items() if order["side"] == "redeem"]


def cash_to_raise(vault: Vault, value: NetAssetValue, at: int) -> int:
    """Return the cash that the redemptions due take beyond what the creations due bring, smallest quote units."""
    balance = 0
    for order in vault.records(ORDER).values():
        if int(order["from"]) <= at:
            amount = int(order["amount"])
            balance += _payout(vault, value, amount)[0] if order["side"] == "redeem" else -amount
    return max(balance, 0)


def _create(vault: Vault, value: NetAssetValue, number: int, order: dict[str, str]) -> Execution:
    cash, holder, quote = int(order["amount"]), order["holder"], vault.terms.quote
    spread = 1 + vault.terms.rate("spread")
    shares = cash * value.shares * spread.denominator // (value.ask * spread.numerator) if value.ask else 0
    fee = scale(shares, vault.terms.rate("create_fee"), round_up=True)
    if shares - fee <= 0 or shares - fee < int(order["minimum"]):
        return _returned(vault, value.at, number, order, f"{max(shares - fee, 0)} share units are below its minimum")
    lines = [Posting(HELD, quote, -cash), Posting(ORDERS, quote, cash), *take(HELD, quote, cash)]
    lines += [*issue(holder, shares - fee), *issue(MANAGER, fee)]
    vault.post(value.at, "create for cash", lines, {f"{ORDER}{number}": ""})
    return Execution(number, holder, "create", "executed", cash, shares - fee, fee)


def _redeem(vault: Vault, value: NetAssetValue, number: int, order: dict[str, str]) -> Execution:
    shares, holder, quote = int(order["amount"]), order["holder"], vault.terms.quote
    cash, fee = _payout(vault, value, shares)
    if cash <= 0 or cash < int(order["minimum"]):
        return _returned(vault, value.at, number, order, f"{cash} cash units are below its minimum")
    free = vault.position(HELD, quote)
    if cash > free:
        reason = f"{cash} {quote} are due and {free} are free; sell {cash - free} worth of assets"
        return Execution(number, holder, "redeem", "waits", reason=reason)
    lines = [Posting(ESCROW, SHARES, -shares), Posting(HOLDER + MANAGER, SHARES, fee)]
    lines += [Posting(ISSUED, SHARES, shares - fee), *give(HELD, quote, cash)]
    vault.post(value.at, "redeem for cash", lines, {f"{ORDER}{number}": ""})
    return Execution(number, holder, "redeem", "executed", cash, -shares, fee)


def _payout(vault: Vault, value: NetAssetValue, shares: int) -> tuple[int, int]:
    fee = scale(shares, vault.terms.rate("redeem_fee"), round_up=True)
    left = 1 - vault.terms.rate("spread")
    return mul_div((shares - fee) * left.numerator, value.bid, value.shares * left.denominator, round_up=False), fee


def _returned(vault: Vault, at: int, number: int, order: dict[str, str], reason: str) -> Execution:
    vault.post(at, "order returned", _give_back(vault, order), {f"{ORDER}{number}": ""})
    side: OrderSide = "create" if order["side"] == "create" else "redeem"
    return Execution(number, order["holder"], side, "returned", reason=reason)


def _give_back(vault: Vault, order: dict[str, str]) -> list[Posting]:
    amount, quote = int(order["amount"]), vault.terms.quote
    if order["side"] == "create":
        return [Posting(HELD, quote, -amount), Posting(ORDERS, quote, amount)]
    return [Posting(ESCROW, SHARES, -amount), Posting(HOLDER + order["holder"], SHARES, amount)]
