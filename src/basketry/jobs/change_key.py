"""Change the key of a published index: one line that the old key signs, and a head of the new one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from basketry.core.errors import RecordError
from basketry.jobs.sealing import Sealer
from basketry.jobs.standing import require_whole
from basketry.ledger.atomic import write_folder
from basketry.ledger.folder import read_folder, resealed
from basketry.ledger.head import sign_head
from basketry.ledger.key_chain import KIND, key_body, keys_of
from basketry.ledger.keys import PrivateKey
from basketry.ledger.lock import writing
from basketry.ledger.record import chain


def change_key(
    folder: Path,
    old: PrivateKey,
    new: PrivateKey,
    *,
    approver: str,
    reason: str,
    now: datetime | None = None,
) -> str:
    """Sign a published index with another key from now on, and return its public half.

    Args:
        folder: Folder of a signed index.
        old: The key in force. new: The next one.
        approver: Who answers for the change. reason: Why.
        now: The instant of the entry; that of the machine's clock unless given.

    Raises:
        RecordError: The folder is not signed, or with another key; it contradicts its record.
    """
    at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with writing(folder, "index key"):
        published = read_folder(folder)
        require_whole(published)
        sealer = Sealer.of(published, approver, at, old)
        if not keys_of(published.record, sealer.symbol):
            raise RecordError(f"{folder}: is not signed; sign it with: basketry index publish {folder} --key FILE")
        body = key_body(published.record, sealer.symbol, new, old, approver=approver, reason=reason)
        record = chain([(KIND, body)], after=published.record, at=at)
        write_folder(folder, resealed(published, record, sign_head(record, sealer.symbol, at, new).to_text()))
    return new.public
