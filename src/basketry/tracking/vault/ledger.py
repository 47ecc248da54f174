"""Double-entry books in whole units: balanced postings, a chained journal, and its replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.errors import DataError, RecordError

SHARES = "shares"
"""The unit of the share register, beside the ids of assets."""

HELD, STAKED, UNBONDING, ESCROW = "held", "staked", "unbonding", "escrow"
CLAIMS, ISSUED, ORDERS = "claims", "issued", "orders"
HOLDER = "holder:"
DEBIT_ACCOUNTS = frozenset({HELD, STAKED, UNBONDING, ESCROW})
CREDIT_ACCOUNTS = frozenset({CLAIMS, ISSUED, ORDERS})
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of an entry.

    Attributes:
        account: What is owned (held, staked, unbonding; escrow and holder:NAME of shares) or owed (claims of the
            shareholders, orders not yet executed; issued shares).
        asset: Asset id, or "shares".
        amount: Smallest units; positive is a debit (more owned, less owed), negative a credit.
    """

    account: str
    asset: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One balanced movement, or a note of what the books must remember.

    Attributes:
        number: Place in the journal, from 0.
        at: Microseconds UTC.
        kind: What happened, a word.
        postings: Their amounts sum to zero for each asset.
        notes: Names and texts that hold from now on; an empty text deletes.
        previous: Digest of the entry before; zeros for the first.
    """

    number: int
    at: int
    kind: str
    postings: tuple[Posting, ...]
    notes: tuple[tuple[str, str], ...]
    previous: str

    @property
    def digest(self) -> str:
        """SHA-256 of the entry and thereby of all before it."""
        lines = [[line.account, line.asset, str(line.amount)] for line in self.postings]
        body = [self.number, str(self.at), self.kind, lines, [list(note) for note in self.notes], self.previous]
        return digest_bytes(canonical_json(body).encode())


class Ledger:
    """Balances by account and asset, notes by name, and the journal that made both.

    An entry is either posted whole or refused whole.

    >>> books = Ledger()
    >>> entry = books.post(0, "deposit", [Posting("held", "btc", 5), Posting("claims", "btc", -5)])
    >>> books.balance("held", "btc"), books.balance("claims", "btc")
    (5, -5)
    >>> books.post(1, "theft", [Posting("held", "btc", -6), Posting("claims", "btc", 6)])
    Traceback (most recent call last):
    ...
    basketry.core.errors.DataError: theft: held has 5 btc and 6 are to leave; a balance cannot be negative
    """

    def __init__(self) -> None:
        self.journal: list[Entry] = []
        self.balances: Counter[tuple[str, str]] = Counter()
        self.notes: dict[str, str] = {}
        self.head = GENESIS

    def balance(self, account: str, asset: str) -> int:
        """Return the balance, positive where debits exceed credits; 0 for an account without postings."""
        return self.balances[account, asset]

    def accounts(self, asset: str) -> dict[str, int]:
        """Return every account of an asset that is not empty."""
        return {account: amount for (account, held), amount in self.balances.items() if held == asset and amount}

    @property
    def assets(self) -> list[str]:
        """Every asset with a balance, sorted, without the shares."""
        return sorted({asset for (_, asset), amount in self.balances.items() if amount and asset != SHARES})

    def post(
        self, at: int, kind: str, postings: Iterable[Posting] = (), notes: Mapping[str, str] | None = None
    ) -> Entry:
        """Append an entry; lines of zero are left out.

        Raises:
            DataError: It is not balanced, takes more than an account has, names no known account, or is earlier than
                the last entry.
        """
        lines = tuple(line for line in postings if line.amount)
        entry = Entry(len(self.journal), at, kind, lines, tuple((notes or {}).items()), self.head)
        self._take(entry)
        return entry

    def _take(self, entry: Entry) -> None:
        if self.journal and entry.at < self.journal[-1].at:
            raise DataError(
                f"{entry.kind}: its time {entry.at} is before {self.journal[-1].at}, the time of the entry before; "
                "post in order of time"
            )
        sums: Counter[str] = Counter()
        moved: Counter[tuple[str, str]] = Counter()
        for line in entry.postings:
            sums[line.asset] += line.amount
            moved[line.account, line.asset] += line.amount
        for asset, total in sums.items():
            if total:
                raise DataError(f"{entry.kind}: debits and credits of {asset} differ by {total}; every entry balances")
        for (account, asset), change in moved.items():
            _refuse_negative(entry.kind, account, asset, self.balances[account, asset], change)
        self.balances.update(moved)
        for name, text in entry.notes:
            if text:
                self.notes[name] = text
            else:
                self.notes.pop(name, None)
        self.journal.append(entry)
        self.head = entry.digest

    def check(self) -> None:
        """Compare what is owned with what is owed, for each asset to the unit, and holders with issued shares.

        Raises:
            RecordError: They differ, or a balance is negative: the books were changed from outside.
        """
        sums: Counter[str] = Counter()
        for (account, asset), amount in self.balances.items():
            sums[asset] += amount
            if amount and (amount > 0) != is_debit(account):
                raise RecordError(f"{account} of {asset} is {amount}, on the wrong side; replay the journal")
        for asset, total in sums.items():
            if total:
                raise RecordError(f"{asset}: what is owned and what is owed differ by {total}; replay the journal")

    @classmethod
    def replay(cls, journal: Iterable[Entry], head: str | None = None) -> Ledger:
        """Return the books that a journal makes.

        Args:
            journal: Entries in order.
            head: Digest of the last entry, as published elsewhere; without it a journal that was rewritten from some
                entry to the end passes.

        Raises:
            RecordError: An entry was changed, removed, inserted or moved, does not balance, or the end is not `head`.
        """
        books = cls()
        for place, entry in enumerate(journal):
            if entry.number != place or entry.previous != books.head:
                raise RecordError(
                    f"journal entry {place} ({entry.kind}) does not continue the one before it: an entry at or before "
                    "this place was changed, removed or inserted; get the journal from its source again"
                )
            try:
                books._take(entry)
            except DataError as error:
                raise RecordError(f"journal entry {place}: {error}") from error
        if head is not None and books.head != head:
            raise RecordError(
                f"the journal ends in {books.head[:12]}, not in {head[:12]}: its last entry was changed, or entries "
                "are missing at the end; get the journal from its source again"
            )
        return books


def is_debit(account: str) -> bool:
    """Return whether an account normally has a debit balance; raises DataError for an unknown account.

    >>> is_debit("held"), is_debit("holder:anna"), is_debit("claims")
    (True, True, False)
    """
    if account in DEBIT_ACCOUNTS or (account.startswith(HOLDER) and len(account) > len(HOLDER)):
        return True
    if account in CREDIT_ACCOUNTS:
        return False
    known = ", ".join(sorted({*DEBIT_ACCOUNTS, *CREDIT_ACCOUNTS}))
    raise DataError(f"there is no account {account!r}; accounts: {known} and holder:NAME")


def _refuse_negative(kind: str, account: str, asset: str, balance: int, change: int) -> None:
    sign = 1 if is_debit(account) else -1
    if sign * (balance + change) < 0:
        raise DataError(
            f"{kind}: {account} has {sign * balance} {asset} and {-sign * change} are to leave; "
            "a balance cannot be negative"
        )
