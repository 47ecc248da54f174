"""A vault: its terms and its books; opening, transfers, trades and the fees that accrue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from basketry.core.digest import canonical_json
from basketry.core.errors import DataError, RecordError
from basketry.tracking.vault.fees import MARK_SCALE, performance_shares, stream
from basketry.tracking.vault.ledger import (
    CLAIMS,
    HELD,
    HOLDER,
    ISSUED,
    ORDERS,
    SHARES,
    STAKED,
    UNBONDING,
    Entry,
    Ledger,
    Posting,
)
from basketry.tracking.vault.nav import NetAssetValue
from basketry.tracking.vault.rounding import mul_div
from basketry.tracking.vault.terms import VaultTerms

MANAGER, DEAD = "manager", "dead"
PLACES = (HELD, STAKED, UNBONDING)


@dataclass(frozen=True, slots=True)
class Vault:
    """A fund with shares. All that it is stands in its journal; operations append to it.

    Each operation accrues the management fee up to its time first, in an entry of its own; that entry stands even
    where the operation is then refused. Everything else is posted whole or not at all.

    Attributes:
        terms: What the vault promises.
        ledger: Its books.

    >>> from basketry.tracking.vault.terms import VaultTerms
    >>> terms = VaultTerms(quote="usd-coin", decimals={"usd-coin": 6, "bitcoin": 8}, share_decimals=6)
    >>> vault = open_vault(terms, 0, founder="anna", shares=10**6, basket={"bitcoin": 5 * 10**8, "usd-coin": 10**6})
    >>> vault.supply, vault.shares_of("anna"), vault.shares_of("dead"), vault.position("held", "bitcoin")
    (1000000, 999000, 1000, 500000000)
    """

    terms: VaultTerms
    ledger: Ledger

    @property
    def supply(self) -> int:
        """All shares issued, in smallest units: those of holders, of open orders, and dead ones."""
        return -self.ledger.balance(ISSUED, SHARES)

    @property
    def assets(self) -> list[str]:
        """Assets that belong to the shareholders, sorted."""
        return [asset for asset in self.ledger.assets if self.ledger.balance(CLAIMS, asset)]

    @property
    def accrued_at(self) -> int:
        """Instant up to which the management fee is accrued, microseconds."""
        return int(self.ledger.notes["accrued_at"])

    @property
    def high_water_mark_e36(self) -> int:
        """Highest value of a share unit after a performance fee, times 10^36; 0 before the first crystallisation."""
        return int(self.ledger.notes.get("high_water_mark", "0"))

    def shares_of(self, holder: str) -> int:
        """Return a holder's shares."""
        return self.ledger.balance(HOLDER + holder, SHARES)

    def position(self, place: str, asset: str) -> int:
        """Return what the shareholders have of an asset held, staked or unbonding: without the cash of open orders."""
        balance = self.ledger.balance(place, asset)
        return balance + self.ledger.balance(ORDERS, asset) if place == HELD else balance

    def positions(self) -> dict[tuple[str, str], int]:
        """Return every position of the shareholders that is not empty."""
        every = {(place, asset): self.position(place, asset) for asset in self.assets for place in PLACES}
        return {place: amount for place, amount in every.items() if amount}

    def entitlement(self, holder: str, asset: str) -> int:
        """Return a holder's part of an asset, rounded down; what is rounded off belongs to nobody in particular."""
        claims = -self.ledger.balance(CLAIMS, asset)
        return mul_div(claims, self.shares_of(holder), self.supply, round_up=False)

    def records(self, prefix: str) -> dict[str, dict[str, str]]:
        """Return the notes that hold a record (orders, unbonding tickets), in the order in which they were made."""
        found = {name: json.loads(text) for name, text in self.ledger.notes.items() if name.startswith(prefix)}
        return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix(prefix))))

    def post(
        self, at: int, kind: str, postings: Iterable[Posting] = (), notes: Mapping[str, str] | None = None
    ) -> Entry:
        """Post a balanced movement and see that what is owned equals what is owed."""
        entry = self.ledger.post(at, kind, postings, notes)
        self.ledger.check()
        return entry

    @classmethod
    def replay(cls, terms: VaultTerms, journal: Iterable[Entry], head: str | None = None) -> Vault:
        """Return the vault that a journal makes.

        Raises:
            RecordError: The journal was tampered with, or is of a vault with other terms.
        """
        ledger = Ledger.replay(journal, head)
        if ledger.notes.get("terms") != terms.digest:
            raise RecordError("the journal is of a vault with other terms; use the terms that it was opened with")
        ledger.check()
        return cls(terms, ledger)


def open_vault(terms: VaultTerms, at: int, *, founder: str, shares: int, basket: Mapping[str, int]) -> Vault:
    """Return a new vault with its first basket, which the founder delivers.

    Args:
        terms: What the vault promises.
        at: Microseconds UTC.
        founder: Gets the shares without the dead ones.
        shares: First shares, dead ones included, smallest units.
        basket: Smallest units by asset.

    Raises:
        DataError: The basket is empty, or there are no more shares than dead ones.
        MethodologyError: An asset has no decimals in the terms.
    """
    require_holder(founder)
    if not basket or min(basket.values()) <= 0:
        raise DataError("the first basket needs a positive amount of each asset; leave out assets without one")
    if shares <= terms.dead_shares:
        raise DataError(f"{shares} first shares do not exceed the {terms.dead_shares} dead shares of the terms")
    postings = [
        Posting(HOLDER + founder, SHARES, shares - terms.dead_shares),
        Posting(HOLDER + DEAD, SHARES, terms.dead_shares),
        Posting(ISSUED, SHARES, -shares),
    ]
    for asset, amount in sorted(basket.items()):
        terms.unit(asset)
        postings += [Posting(HELD, asset, amount), Posting(CLAIMS, asset, -amount)]
    vault = Vault(terms, Ledger())
    vault.post(at, "open", postings, {"terms": terms.digest, "accrued_at": str(at), "fee_remainder": "0"})
    return vault


def accrue(vault: Vault, at: int) -> int:
    """Accrue the management fee up to an instant; return the new shares of the manager. See `fees.stream`."""
    if at <= vault.accrued_at:
        return 0
    rest = int(vault.ledger.notes["fee_remainder"])
    shares, rest = stream(vault.supply, rest, vault.terms.rate("management_fee"), at - vault.accrued_at)
    if vault.terms.management_fee:
        notes = {"accrued_at": str(at), "fee_remainder": str(rest)}
        vault.post(at, "management fee", issue(MANAGER, shares), notes)
    return shares


def crystallise(vault: Vault, value: NetAssetValue, at: int) -> int:
    """Charge the performance fee on the gain over the high-water mark; return the new shares of the manager.

    The value for leaving (bid) counts. The first call sets the mark and charges nothing.

    Raises:
        DataError: The net asset value is stale or was made for another number of shares.
    """
    value.require_live("performance fee")
    accrue(vault, at)
    if value.shares != vault.supply:
        raise DataError(
            f"the net asset value is of {value.shares} shares and there are {vault.supply}; accrue fees, then value"
        )
    if not vault.high_water_mark_e36:
        first = mul_div(value.bid, MARK_SCALE, vault.supply, round_up=True)
        vault.post(at, "high-water mark", notes={"high_water_mark": str(first)})
        return 0
    rate = vault.terms.rate("performance_fee")
    shares, mark = performance_shares(value.bid, vault.supply, vault.high_water_mark_e36, rate)
    if mark != vault.high_water_mark_e36:
        vault.post(at, "performance fee", issue(MANAGER, shares), {"high_water_mark": str(mark)})
    return shares


def transfer(vault: Vault, at: int, *, giver: str, taker: str, shares: int) -> None:
    """Move shares from one holder to another.

    Raises:
        DataError: The giver has fewer, or the amount is not positive.
    """
    require_holder(giver, taker)
    require_positive(shares, "shares to transfer")
    accrue(vault, at)
    vault.post(at, "transfer", [Posting(HOLDER + giver, SHARES, -shares), Posting(HOLDER + taker, SHARES, shares)])


def trade(vault: Vault, at: int, *, sell: str, sold: int, buy: str, bought: int) -> None:
    """Book a trade that was executed on a venue: units out, units in, fees already taken off.

    Raises:
        DataError: The vault does not hold what it sells, without the cash of open orders.
        MethodologyError: The bought asset has no decimals in the terms.
    """
    require_positive(sold, f"{sell} to sell")
    if bought < 0 or sell == buy:
        raise DataError(f"a trade of {sell} for {bought} {buy} is none; give two assets and what came in")
    vault.terms.unit(buy)
    accrue(vault, at)
    free = vault.position(HELD, sell)
    if sold > free:
        raise DataError(f"trade: {free} {sell} are free and {sold} are to be sold; a balance cannot be negative")
    vault.post(at, "trade", [*give(HELD, sell, sold), *take(HELD, buy, bought)])


def take(place: str, asset: str, amount: int) -> list[Posting]:
    """Return the postings by which the shareholders gain an amount."""
    return [Posting(place, asset, amount), Posting(CLAIMS, asset, -amount)]


def give(place: str, asset: str, amount: int) -> list[Posting]:
    """Return the postings by which the shareholders give up an amount."""
    return [Posting(place, asset, -amount), Posting(CLAIMS, asset, amount)]


def issue(holder: str, shares: int) -> list[Posting]:
    """Return the postings by which a holder gets new shares; negative shares are taken back."""
    return [Posting(HOLDER + holder, SHARES, shares), Posting(ISSUED, SHARES, -shares)]


def record(value: Mapping[str, object]) -> str:
    """Return a record as the text of a note, every value a text."""
    return canonical_json({name: str(item) for name, item in value.items()})


def require_positive(amount: int, what: str) -> None:
    """Raise DataError unless an amount is positive."""
    if amount <= 0:
        raise DataError(f"{what}: expected a positive amount in smallest units, was {amount}")


def require_holder(*holders: str) -> None:
    """Raise DataError if a name is empty or that of the dead shares."""
    for holder in holders:
        if not holder or holder == DEAD:
            raise DataError(f"{holder!r} cannot hold shares: dead shares belong to nobody; give another name")
