"""Lines appended to the record of a folder, and its head signed: what publications and acts have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from basketry.core.errors import RecordError
from basketry.ledger.folder import PublishedFolder
from basketry.ledger.head import FILE, Head, read_head, sign_head
from basketry.ledger.key_chain import KIND, key_body, key_in_force, keys_of
from basketry.ledger.keys import PrivateKey
from basketry.ledger.record import Entry, chain
from basketry.ledger.trust import trust

Line = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sealer:
    """Who appends lines to the record of a folder, when, and with which key.

    Attributes:
        published: The folder.
        approver: Who answers for the lines.
        at: The instant at which they are written.
        key: The key in force, or the first one; None for a folder that is not signed.

    Raises:
        RecordError: The folder is signed, and this is not its key, or its head does not cover its record; or its last
            line was written later.
    """

    published: PublishedFolder
    approver: str
    at: str
    key: PrivateKey | None = None

    def __post_init__(self) -> None:
        path, record = self.published.path, self.published.record
        if not self.approver.strip():
            raise RecordError("somebody must answer for what is published: --approver NAME")
        last = record[-1].at
        if last is not None and last > self.at:
            raise RecordError(f"{path}: its last line was written at {last}, after {self.at}, the instant of this one")
        due = key_in_force(keys_of(record, self.symbol), len(record))
        if due is None:
            return
        if self.key is None or self.key.public != due:
            raise RecordError(f"{path}: is signed with {due}; give that key: --key FILE")
        head = read_head(path / FILE) if (path / FILE).exists() else None
        wrong = next((finding for finding in trust(record, self.symbol, head) if not finding.passed), None)
        if wrong is not None:
            raise RecordError(f"{path}: {wrong.found}; nothing is signed on top of it. Restore the folder from a copy")

    @property
    def symbol(self) -> str:
        """The symbol with which the record begins, by which its keys and heads know the index whatever it becomes."""
        return symbol_of(self.published)

    def sealed(self, record: Sequence[Entry], lines: Sequence[Line], *last: Line) -> tuple[list[Entry], Head | None]:
        """Return a record with lines appended, before the last of which a first key is named, and its signed head."""
        whole = chain(lines, after=record, at=self.at)
        if self.key is not None and not keys_of(whole, self.symbol):
            body = key_body(whole, self.symbol, self.key, approver=self.approver)
            whole = chain([(KIND, body)], after=whole, at=self.at)
        whole = chain(last, after=whole, at=self.at)
        return whole, None if self.key is None else sign_head(whole, self.symbol, self.at, self.key)


def symbol_of(published: PublishedFolder) -> str:
    """Return the symbol with which the record of a folder begins."""
    return str(published.record[0].body["symbol"])
