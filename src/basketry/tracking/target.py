"""What is to be followed: the index's level and weights at each instant, with the prices at which it can be traded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import DAY, format_instant, to_instant
from basketry.index.result import IndexResult
from basketry.market.panel import Times

WEIGHT_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Target:
    """An index as a portfolio that follows it sees it, T instants and N assets.

    Attributes:
        times: datetime64[us], UTC, strictly increasing, shape (T,).
        assets: Names, length N.
        prices: Price of one unit, quote currency, shape (T, N). Holding an asset from one row to the next earns the
            ratio of its prices. NaN where there is none: the asset is worth its last price and cannot be traded.
        weights: Weights of the index from each row on, after any rebalance there; rows sum to 1, shape (T, N).
        level: Index level, positive, shape (T,).
        aims: Weights that the portfolio aims at, shape (T, N); those of the index unless it samples.
        yields: What a holder earns in kind, fraction a year, over the step that begins at each row, shape (T, N);
            None where nothing is earned.
        past: Prices at the rows before the first, for covariances, shape (K, N).

    >>> import numpy as np
    >>> times = np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]")
    >>> prices = np.array([[1.0, 10.0], [1.2, 10.0], [1.2, 11.0]])
    >>> target = Target.from_arrays(times, ["a", "b"], prices, np.full((3, 2), 0.5))
    >>> target.level.round(4).tolist()
    [1.0, 1.1, 1.155]
    >>> target.changes.tolist()
    [False, True, True]
    """

    times: Times
    assets: tuple[str, ...]
    prices: Floats
    weights: Floats
    level: Floats
    aims: Floats
    yields: Floats | None = None
    past: Floats = field(default_factory=lambda: np.empty((0, 0)))

    def __post_init__(self) -> None:
        if not len(self.past):
            object.__setattr__(self, "past", np.empty((0, len(self.assets))))
        _check(self)

    @staticmethod
    def from_arrays(
        times: ArrayLike,
        assets: Sequence[str],
        prices: ArrayLike,
        weights: ArrayLike,
        level: ArrayLike | None = None,
        *,
        yields: ArrayLike | None = None,
        past: ArrayLike | None = None,
    ) -> Target:
        """Return a target made of plain arrays; without a level, the one that the weights earn, from 1.

        Raises:
            DataError: Shapes differ, times do not increase, weights are negative or do not sum to 1, a price is not
                positive, or an asset has weight before it has a price.
        """
        price = np.asarray(prices, dtype=np.float64)
        weight = np.asarray(weights, dtype=np.float64)
        if price.ndim != 2 or weight.shape != price.shape:
            raise DataError(f"prices {price.shape} and weights {weight.shape} must have one shape (instants, assets)")
        history = np.empty((0, price.shape[1])) if past is None else np.asarray(past, dtype=np.float64)
        levels = np.ones(len(price)) if level is None else np.asarray(level, dtype=np.float64)
        earned = None if yields is None else np.asarray(yields, dtype=np.float64)
        stamps = np.asarray(times).astype("datetime64[us]")
        target = Target(stamps, tuple(assets), price, weight, levels, weight, earned, history)
        if level is not None:
            return target
        marks = target.marks
        growth = np.sum(weight[:-1] * (marks[1:] / marks[:-1] - 1), axis=1, where=weight[:-1] > 0)
        return replace(target, level=np.cumprod(np.concatenate([[1.0], 1 + growth])))

    @staticmethod
    def from_index(
        index: IndexResult,
        *,
        column: str = "price_return",
        yields: bool = False,
        past: timedelta = timedelta(days=365),
        start: str | date | datetime | np.datetime64 | None = None,
        end: str | date | datetime | np.datetime64 | None = None,
    ) -> Target:
        """Return the target that a calculated index is.

        Prices follow a holder through redenominations: they are those of the units held at the start. Where a member
        has no price observed at an instant it cannot be traded there.

        Args:
            index: The calculated index, unlevered.
            column: The series of levels to follow.
            yields: Whether the portfolio earns the staking yields of the panel.
            past: How much history before the first instant is kept for covariances.
            start: First instant, the index's first unless given.
            end: Last instant, inclusive.

        Raises:
            DataError: The index has no basket, or fewer than two instants lie between start and end.
        """
        from basketry.tracking.index_target import target_of_index

        target = target_of_index(index, column, yields=yields, past=past)
        return target if start is None and end is None else target.between(start, end, past=past)

    @property
    def tradable(self) -> Bools:
        """Where an asset has a price, so that it can be traded, shape (T, N)."""
        return ~np.isnan(self.prices)

    @property
    def marks(self) -> Floats:
        """Prices at which holdings are valued: the last one known, shape (T, N); NaN before the first."""
        return _carried(np.concatenate([self.past[-1:], self.prices]))[len(self.past[-1:]) :]

    @property
    def days(self) -> Floats:
        """Days from the row before to each row, shape (T,); 0 for the first."""
        return np.asarray(np.diff(self.times, prepend=self.times[:1]) / DAY, dtype=np.float64)

    @property
    def years(self) -> float:
        """Length from the first to the last instant in years of 365 days."""
        return float((self.times[-1] - self.times[0]) / DAY) / 365

    @property
    def changes(self) -> Bools:
        """Rows at which the index trades: where its weights are not those that prices made, shape (T,)."""
        marks = np.nan_to_num(self.marks, nan=1.0)
        drifted = self.weights[:-1] * marks[1:] / marks[:-1]
        drifted /= drifted.sum(axis=1, keepdims=True)
        moved = np.abs(self.weights[1:] - drifted).max(axis=1) > WEIGHT_TOLERANCE
        return np.concatenate([[False], moved])

    def sampled(self, aims: ArrayLike) -> Target:
        """Return the target followed by a portfolio that aims at other weights, shape (N,) or (T, N), rows sum to 1."""
        return replace(self, aims=np.broadcast_to(np.asarray(aims, dtype=np.float64), self.weights.shape).copy())

    def first_rows(self, rows: int) -> Target:
        """Return the target cut to its first rows, for tests against looking ahead."""
        return self._rows(0, rows, self.past)

    def between(
        self,
        start: str | date | datetime | np.datetime64 | None = None,
        end: str | date | datetime | np.datetime64 | None = None,
        *,
        past: timedelta = timedelta(days=365),
    ) -> Target:
        """Return the target from start to end, both inclusive, with the history before as its past."""
        first = 0 if start is None else int(np.searchsorted(self.times, to_instant(start)))
        last = len(self.times) if end is None else int(np.searchsorted(self.times, to_instant(end), side="right"))
        if last - first < 2:
            raise DataError(
                f"fewer than two instants lie between {start} and {end}; the target runs from "
                f"{format_instant(self.times[0])} to {format_instant(self.times[-1])}"
            )
        begun = self.times[first] - np.timedelta64(past)
        kept = int(np.searchsorted(self.times, begun))
        history = self.marks[kept:first] if begun >= self.times[0] else np.concatenate([self.past, self.marks[:first]])
        return self._rows(first, last, history)

    def _rows(self, first: int, last: int, past: Floats) -> Target:
        rows = slice(first, last)
        yields = None if self.yields is None else self.yields[rows]
        return replace(
            self,
            times=self.times[rows],
            prices=self.prices[rows],
            weights=self.weights[rows],
            level=self.level[rows],
            aims=self.aims[rows],
            yields=yields,
            past=past,
        )

    def __repr__(self) -> str:
        return (
            f"Target({len(self.times)} x {len(self.assets)}, {format_instant(self.times[0])}.."
            f"{format_instant(self.times[-1])}, {int(self.changes.sum())} rebalances)"
        )


def _carried(prices: Floats) -> Floats:
    """Return prices with gaps filled by the last one known."""
    known = ~np.isnan(prices)
    rows = np.maximum.accumulate(np.where(known, np.arange(len(prices))[:, None], 0), axis=0)
    filled: Floats = np.take_along_axis(prices, rows, axis=0)
    return filled


def _check(target: Target) -> None:
    shape = (len(target.times), len(target.assets))
    if shape[0] < 2 or not shape[1]:
        raise DataError(f"a target needs at least two instants and one asset, was {shape[0]} x {shape[1]}")
    if not bool((target.times[1:] > target.times[:-1]).all()):
        raise DataError("Target.times must be strictly increasing")
    tables: Mapping[str, Floats | None] = {
        "prices": target.prices,
        "weights": target.weights,
        "aims": target.aims,
        "yields": target.yields,
    }
    for name, table in tables.items():
        if table is not None and table.shape != shape:
            raise DataError(f"Target.{name} has shape {table.shape}, expected {shape} (instants, assets)")
    if target.past.ndim != 2 or target.past.shape[1] != shape[1]:
        raise DataError(f"Target.past has shape {target.past.shape}, expected (rows, {shape[1]})")
    _refuse(
        target,
        ~np.isnan(target.prices) & ~((target.prices > 0) & (target.prices < np.inf)),
        "has the price",
        target.prices,
    )
    for name, table in (("weights", target.weights), ("aims", target.aims)):
        _refuse(target, ~(table >= 0), f"has in {name}", table)
        wrong = np.flatnonzero(np.abs(table.sum(axis=1) - 1) > 1e-6)
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f"Target.{name} sum to {table[row].sum():.8g} at {format_instant(target.times[row])}, not to 1; "
                "divide each row by its sum"
            )
        _refuse(target, (table > 0) & np.isnan(target.marks), f"has in {name} before its first price", table)
    if target.level.shape != shape[:1] or not (np.isfinite(target.level) & (target.level > 0)).all():
        raise DataError(f"Target.level must be {shape[0]} positive numbers")


def _refuse(target: Target, wrong: Bools, what: str, values: Floats) -> None:
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        raise DataError(
            f"{target.assets[column]!r} {what} {values[row, column]:g} at {format_instant(target.times[row])}; prices "
            "must be positive or NaN, weights not negative, and what has weight must have had a price"
        )
