"""Lines appended to the record of a folder, and its head signed: what publications and acts have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from basketry.core.errors import RecordError
from basketry.ledger.folder import PublishedFolder
from basketry.ledger.head import FILE, Head, read_head, signed_head
from basketry.ledger.key_chain import KIND, key_body, key_in_force, keys_of
from basketry.ledger.keys import PrivateKey
from basketry.ledger.record import Entry, chain
from basketry.ledger.trust import trust

Line = tuple[str, Mapping[str, Any]]
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_AHEAD = timedelta(minutes=10)
"""How far an entry may lie beyond the machine's clock, for those that differ a little."""


@dataclass(frozen=True)
class Sealer:
    """Who appends lines to the record of a folder, when, and with which key.

    An instant beyond the machine's clock raises RecordError: it would keep everybody from appending until then.

    Attributes:
        path: The folder.
        symbol: The symbol with which the record begins, by which its keys and heads know the index whatever it becomes.
        approver: Who answers for the lines.
        at: The instant at which they are written.
        due: The public key in force; None where none is named yet.
        key: The key in force, or the first one; None for a folder that is not signed.
    """

    path: Path
    symbol: str
    approver: str
    at: str
    due: str | None
    key: PrivateKey | None = None

    def __post_init__(self) -> None:
        clock = datetime.now(UTC)
        if self.at > (clock + _AHEAD).strftime(_FORM):
            raise RecordError(
                f"{self.path}: the instant of the entry, {self.at}, is after {clock.strftime(_FORM)}, that of this "
                "machine's clock; nothing could be appended until then. Give an earlier --now, or set the clock right"
            )

    @staticmethod
    def of(published: PublishedFolder, approver: str, at: str, key: PrivateKey | None = None) -> Sealer:
        """Return who appends to a folder.

        Raises:
            RecordError: The folder is signed, and this is not its key, or its head does not cover its record; or its
                last line was written later; or nobody answers for it.
        """
        path, record = published.path, published.record
        if not approver.strip():
            raise RecordError("somebody must answer for what is published: --approver NAME")
        last = record[-1].at
        if last is not None and last > at:
            raise RecordError(f"{path}: its last line was written at {last}, after {at}, the instant of this one")
        symbol = symbol_of(published)
        due = key_in_force(keys_of(record, symbol), len(record))
        if due is not None:
            if key is None or key.public != due:
                raise RecordError(f"{path}: is signed with {due}; give that key: --key FILE")
            head = read_head(path / FILE) if (path / FILE).exists() else None
            wrong = next((finding for finding in trust(record, symbol, head) if not finding.passed), None)
            if wrong is not None:
                raise RecordError(
                    f"{path}: {wrong.found}; nothing is signed on top of it. Restore the folder from a copy"
                )
        return Sealer(path, symbol, approver, at, due, key)

    def sealed(self, record: Sequence[Entry], lines: Sequence[Line], *last: Line) -> tuple[list[Entry], Head | None]:
        """Return a record with lines appended, before the last of which a first key is named, and its signed head.

        The end of a record will do, unless a first key is to be named.
        """
        whole = chain(lines, after=record, at=self.at)
        if self.key is not None and self.due is None:
            body = key_body(whole, self.symbol, self.key, approver=self.approver)
            whole = chain([(KIND, body)], after=whole, at=self.at)
        whole = chain(last, after=whole, at=self.at)
        return whole, None if self.key is None else signed_head(whole[-1], self.symbol, self.at, self.key)


def symbol_of(published: PublishedFolder) -> str:
    """Return the symbol with which the record of a folder begins."""
    return str(published.record[0].body["symbol"])
