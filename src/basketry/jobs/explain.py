"""Explain a published index at a date."""

from pathlib import Path

from basketry.index.calculate import Instant
from basketry.index.explain import Explanation, explain_index
from basketry.jobs.verify import recalculate
from basketry.ledger.folder import read_folder
from basketry.market.panel import Panel


def explain_folder(folder: Path, panel: Panel, instant: Instant) -> Explanation:
    """Return why the composition of a published folder at an instant is what it is.

    The index is computed again from the folder's rulebook and the data.
    """
    return explain_index(recalculate(read_folder(folder), panel), instant)
