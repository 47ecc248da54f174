"""Calculate an index from a lake or a panel; the result can save and draw itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketry.index.calculate import Instant, calculate_index
from basketry.index.result import IndexResult
from basketry.jobs.market import Market, panel_of
from basketry.methodology.methodology import Methodology

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from basketry.jobs.attack import IndexManipulation
    from basketry.jobs.evaluate import EvaluationReport


class Index(IndexResult):
    """An index over a history, with its tables; see IndexResult for the columns."""

    def save(self, folder: str | PathLike[str], manipulation: IndexManipulation | None = None) -> Path:
        """Write the folder of the index: tables, rulebook, documents, manifest and record. Return its path.

        An earlier draft in the folder is replaced in one step; what was published there is kept: see
        `basketry.jobs.save`. For an index made from reference prices, `basketry.jobs.attack.index_manipulation` says
        what it costs to move it, which the factsheet then prints.
        """
        from basketry.jobs.save import save_index

        return save_index(self, Path(folder), manipulation)

    def plot(self) -> Figure:
        """Return a picture of levels, drawdown and weights."""
        from basketry.reports.plots import plot_index

        return plot_index(self)

    def evaluate(self, against: Sequence[Index] = (), *, size: float | None = None) -> EvaluationReport:
        """Return the evaluation of the index, which a notebook displays; see `basketry.evaluation.evaluate`."""
        from basketry.evaluation.evaluate import evaluate
        from basketry.jobs.evaluate import EvaluationReport, evaluated

        others = tuple(evaluated(other) for other in against)
        return EvaluationReport(evaluate(evaluated(self), others, size=size), others)


def calculate(
    methodology: str | PathLike[str] | Mapping[str, Any] | Methodology,
    market: Market,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    table: str = "daily",
    as_of: Instant | None = None,
) -> Index:
    """Return the index that a methodology gives on a market.

    Args:
        methodology: A methodology, its file, or a mapping of its keys.
        market: A panel, a lake or the path of a lake.
        start: First day, where the base level is set; the methodology's base date unless given.
        end: Last instant, inclusive; the end of the data unless given.
        table: The lake's table of observations: daily or intraday.
        as_of: Use only what was known by then, corrections and late figures left out; everything unless given.

    Raises:
        MethodologyError: The rulebook is wrong, or cannot be satisfied at some date.
        DataError: The data cannot be read, or do not reach the base date.

    >>> from datetime import datetime, timedelta
    >>> import polars as pl
    >>> days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(60)]
    >>> from basketry.market.panel import Panel
    >>> market = Panel.from_frames(
    ...     price=pl.DataFrame({"time": days, "a": [10.0 + n for n in range(60)], "b": [20.0] * 60})
    ... )
    >>> rules = {
    ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
    ...     "select": {"by": "price", "top": 2}, "weight": {"by": "equal"},
    ...     "rebalance": {"every": "month", "determine": "0d"},
    ... }
    >>> calculate(rules, market).level()[[0, 1, 31]].tolist()
    [100.0, 105.0, 255.0]
    """
    rules = Methodology.load(methodology)
    result = calculate_index(rules, panel_of(market, rules, table, as_of), start, end)
    return Index(**{field.name: getattr(result, field.name) for field in fields(IndexResult)})
