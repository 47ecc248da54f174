"""Take back an amendment, an override or an end that was announced and has not taken effect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from basketry.core.errors import RecordError
from basketry.core.time import format_instant
from basketry.jobs.acts import Act, acted_on, reason_of, require_same, write_act
from basketry.jobs.market import Market
from basketry.jobs.recompute import Recomputation
from basketry.ledger.amendments import before, taken_from
from basketry.ledger.bodies import AmendedBody, TakenBody, WithdrawnBody, moment
from basketry.ledger.folder import PublishedFolder
from basketry.ledger.lock import writing
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True)
class Withdrawal:
    """What was taken back.

    Attributes:
        folder: The folder.
        entry: The number of the line that announced it.
        kind: amended or ended.
        effective: When it would have taken effect; of an end, its last level.
    """

    folder: Path
    entry: int
    kind: str
    effective: np.datetime64

    def words(self) -> str:
        """Return in a sentence what was taken back."""
        what = "the change of rules from" if self.kind == "amended" else "the end on"
        return f"took back {what} {format_instant(self.effective)} (entry {self.entry} of the record)"


def withdraw_act(folder: Path, market: Market, *, act: Act) -> Withdrawal:
    """Take back the last act of a published index that stands, and return which it was.

    No level may be published at or after the day on which an amendment takes effect, nor at the end. The line that
    announced it stays in the record; another one takes it back and holds the rules that leave the rulebook.

    Args:
        folder: Folder of a published index.
        market: A panel, a lake or the path of a lake.
        act: Who, why and when.

    Raises:
        RecordError: The folder contradicts its record or is a draft; nothing is pending; or a change was announced that
            would become another.
    """
    with writing(folder, "index withdraw"):
        published = acted_on(folder)
        found, rules, taken = _last(published)
        stretches = published.stretches
        again = Recomputation.of(published, market, act.table)
        result = again.under(rules).result(stretches)
        if taken is not None:
            require_same(published, again.result(stretches), result)
        body = WithdrawnBody(entry=found.entry, taken=taken, reason=reason_of(act), approver=act.approver)
        write_act(published, result, ("withdrawn", body.model_dump()), act)
        return found


def _last(published: PublishedFolder) -> tuple[Withdrawal, Methodology, TakenBody | None]:
    """Return the last act that stands and has not taken effect, the rulebook without it, and what leaves that."""
    told, rules = published.told, published.methodology
    seq, amended = _last_amendment(published)
    if told.ended is not None and told.ended_by is not None and told.ended_by > seq:
        return Withdrawal(published.path, told.ended_by, "ended", moment(told.ended.last)), rules, None
    if amended is None:
        raise RecordError(
            f"{published.path}: nothing is announced that has not taken effect; levels are published through "
            f"{told.through}"
        )
    earlier = Methodology.load(before(rules.document, amended.before))
    found = Withdrawal(published.path, seq, "amended", moment(amended.effective))
    return found, earlier, taken_from(rules.document, amended.before)


def _last_amendment(published: PublishedFolder) -> tuple[int, AmendedBody | None]:
    """Return number and content of the last amendment that stands, where it has not taken effect."""
    told = published.told
    if not told.amendments or moment(told.amendments[-1][1].effective) <= moment(str(told.through)):
        return -1, None
    entry, body = told.amendments[-1]
    return entry.seq, body
