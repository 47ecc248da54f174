"""What a calculated index holds at each of its instants: weights drifting with prices, and its yearly trades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import DAY, YEAR_DAYS, format_instant, to_datetime
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.market.events import EventKind
from basketry.methodology.path import Segment

_NO_TRADE = ("base", *(kind.value for kind in EventKind if kind.converts or kind.distributes))


@dataclass(frozen=True, eq=False)
class Trades:
    """Changes of weight that an index made over a span.

    Attributes:
        assets: Ids in ascending order, length N.
        changes: Weight after less weight before, one row a change of the basket, shape (R, N).
        years: Length of the span in years of 365 days.
        instants: When each change took effect, shape (R,); None where it is not known.
    """

    assets: tuple[str, ...]
    changes: Floats
    years: float
    instants: NDArray[np.datetime64] | None = None

    @property
    def turnover(self) -> float:
        """One-way turnover a year, half the sum of absolute changes, a fraction."""
        return float(0.5 * np.abs(self.changes).sum() / self.years)


def segment_at(result: IndexResult, instant: np.datetime64) -> tuple[Segment, int]:
    """Return the basket in force at an instant and the row of its prices; at a change, the new basket.

    Raises:
        DataError: The instant lies before the base or after the last level.
    """
    times = result.times
    if not times[0] <= instant <= times[-1]:
        raise DataError(
            f"{format_instant(instant)} lies outside the index, which runs from {format_instant(times[0])} "
            f"to {format_instant(times[-1])}"
        )
    row = int(np.searchsorted(times, instant, side="right")) - 1
    segment = [found for found in result.segments if found.start <= row][-1]
    return segment, row - segment.start


def basket_at(result: IndexResult, instant: np.datetime64) -> tuple[NDArray[np.int64], Floats]:
    """Return the columns held at an instant and their weights, drifted with prices since they were set."""
    segment, row = segment_at(result, instant)
    return segment.columns, segment.weights[row]


def cash_column(result: IndexResult) -> int | None:
    """Return the column of the cash member, None where the rules have none."""
    return result.panel.position(CASH) if result.methodology.holds_cash else None


def trades_of(result: IndexResult, since: np.datetime64 | None = None, until: np.datetime64 | None = None) -> Trades:
    """Return the changes of weight of an index after an instant (the base unless given) up to another (the last level).

    The purchase of the first basket is not among them, nor what a holder is given without a trade: the new units of a
    conversion, a fork or an airdrop; nor is what a cash member takes and gives, which the others pay for.

    Raises:
        DataError: The span is shorter than a day.
    """
    start = result.times[0] if since is None else max(since, result.times[0])
    end = result.times[-1] if until is None else until
    years = float((end - start) / DAY / YEAR_DAYS)
    if years * YEAR_DAYS < 1:
        raise DataError(
            f"from {format_instant(start)} to {format_instant(end)} is less than a day; trades a year need more"
        )
    inside = (pl.col("effective_at") > to_datetime(start)) & (pl.col("effective_at") <= to_datetime(end))
    made = result.rebalances.filter(~pl.col("trigger").is_in(_NO_TRADE) & inside)
    if result.methodology.holds_cash:
        made = made.filter(pl.col("asset") != CASH)
    assets = tuple(sorted(made["asset"].unique().to_list()))
    change = (pl.col("weight_after") - pl.col("weight_before")).alias("change")
    groups = made.select("effective_at", "trigger", "asset", change).partition_by(
        "effective_at", "trigger", maintain_order=True
    )
    instants = np.array([group["effective_at"][0].replace(tzinfo=None) for group in groups], dtype="datetime64[us]")
    changes = np.zeros((len(groups), len(assets)))
    for row, group in enumerate(groups):
        changes[row, np.searchsorted(assets, group["asset"].to_list())] = group["change"].to_numpy()
    return Trades(assets, changes, years, instants)
