"""Explain a published index at a date, or its next composition."""

from pathlib import Path

from basketry.index.calculate import Instant
from basketry.index.explain import Explanation, explain_index, explain_next
from basketry.jobs.market import Market
from basketry.jobs.proforma import require_coming
from basketry.jobs.recompute import recomputed
from basketry.ledger.folder import read_folder

NEXT = "next"
"""In the place of an instant: the next composition."""


def explain_folder(
    folder: Path, market: Market, instant: Instant, *, table: str = "daily", as_of: Instant | None = None
) -> Explanation:
    """Return why the composition of a published folder at an instant, or the next one, is what it is.

    The index is computed again from the folder's rulebook and the data.

    Raises:
        DataError: No change comes, as the calendar of the schedule or the index ends.
    """
    published = read_folder(folder)
    result = recomputed(published, market, table, as_of)
    if not isinstance(instant, str) or instant != NEXT:
        return explain_index(result, instant)
    require_coming(published, result)
    return explain_next(result)
