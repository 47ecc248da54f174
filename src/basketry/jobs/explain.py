"""Explain a published index at a date."""

from pathlib import Path

from basketry.index.calculate import Instant
from basketry.index.explain import Explanation, explain_index
from basketry.jobs.market import Market
from basketry.jobs.recompute import recomputed
from basketry.ledger.folder import read_folder


def explain_folder(
    folder: Path, market: Market, instant: Instant, *, table: str = "daily", as_of: Instant | None = None
) -> Explanation:
    """Return why the composition of a published folder at an instant is what it is.

    The index is computed again from the folder's rulebook and the data.
    """
    return explain_index(recomputed(read_folder(folder), market, table, as_of), instant)
