"""Books: balanced, never negative, replayed from the journal, and tampering found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from basketry.core.errors import DataError, RecordError
from basketry.tracking.vault.ledger import Entry, Ledger, Posting


def deposit(amount: int, asset: str = "btc") -> list[Posting]:
    return [Posting("held", asset, amount), Posting("claims", asset, -amount)]


@pytest.fixture
def books() -> Ledger:
    ledger = Ledger()
    for at, amount in enumerate((5, 7, 11)):
        ledger.post(at, "deposit", deposit(amount), {"seen": str(amount)})
    return ledger


def test_an_entry_that_does_not_balance_is_refused_and_changes_nothing(books: Ledger) -> None:
    head = books.head
    with pytest.raises(DataError, match="debits and credits of btc differ by 1"):
        books.post(9, "wrong", [Posting("held", "btc", 3), Posting("claims", "btc", -2)])
    with pytest.raises(DataError, match="debits and credits of btc differ by 2"):
        books.post(9, "wrong", [Posting("held", "btc", 2), Posting("claims", "eth", -2)])
    assert (books.head, books.balance("held", "btc"), len(books.journal)) == (head, 23, 3)


def test_a_negative_balance_is_refused_on_either_side(books: Ledger) -> None:
    with pytest.raises(DataError, match="held has 23 btc and 24 are to leave; a balance cannot be negative"):
        books.post(9, "theft", deposit(-24))
    with pytest.raises(DataError, match="orders has 0 btc and 1 are to leave"):
        books.post(9, "theft", [Posting("orders", "btc", 1), Posting("claims", "btc", -1)])
    books.post(9, "all", deposit(-23))
    assert books.assets == []


def test_time_and_accounts_are_checked(books: Ledger) -> None:
    with pytest.raises(DataError, match="in order of time"):
        books.post(1, "late", deposit(1))
    with pytest.raises(DataError, match="there is no account 'hold'"):
        books.post(9, "wrong", [Posting("hold", "btc", 1), Posting("claims", "btc", -1)])


def test_replay_gives_the_same_state(books: Ledger) -> None:
    again = Ledger.replay(books.journal, books.head)
    assert (again.balances, again.notes, again.head) == (books.balances, books.notes, books.head)
    assert again.notes == {"seen": "11"}


def changed(entries: list[Entry], place: int) -> list[Entry]:
    return [*entries[:place], replace(entries[place], postings=tuple(deposit(6))), *entries[place + 1 :]]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda entries: changed(entries, 0),
        lambda entries: changed(entries, 1),
        lambda entries: entries[1:],
        lambda entries: [entries[0], entries[2]],
        lambda entries: [entries[1], entries[0], entries[2]],
        lambda entries: [entries[0], entries[0], *entries[1:]],
        lambda entries: [replace(entries[0], at=-1), *entries[1:]],
        lambda entries: [replace(entries[0], notes=()), *entries[1:]],
    ],
)
def test_a_tampered_journal_is_found(books: Ledger, tamper: object) -> None:
    assert callable(tamper)
    with pytest.raises(RecordError, match="does not continue the one before it"):
        Ledger.replay(tamper(books.journal))


def test_a_changed_or_missing_end_is_found_with_the_published_digest(books: Ledger) -> None:
    for journal in (changed(books.journal, 2), books.journal[:2]):
        Ledger.replay(journal)
        with pytest.raises(RecordError, match="its last entry was changed, or entries are missing"):
            Ledger.replay(journal, books.head)


def test_a_forged_entry_that_does_not_balance_is_found_even_with_a_good_chain(books: Ledger) -> None:
    forged = Entry(3, 9, "theft", (Posting("held", "btc", -1),), (), books.head)
    with pytest.raises(RecordError, match="journal entry 3: theft: debits and credits of btc differ"):
        Ledger.replay([*books.journal, forged])


def test_books_changed_from_outside_are_found(books: Ledger) -> None:
    books.check()
    books.balances["held", "btc"] += 1
    with pytest.raises(RecordError, match="btc: what is owned and what is owed differ by 1"):
        books.check()
