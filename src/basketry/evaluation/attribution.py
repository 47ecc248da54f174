"""Why one index returned more than another: membership, weights, timing, capping and prices, adding up exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.index.result import IndexResult
from basketry.methodology.path import Segment

EFFECTS = ("membership", "weights", "timing", "capping", "prices", "other")
MEANINGS = {
    "membership": "assets that only one of the two holds, at weights before caps",
    "weights": "other weights of common assets when they were last set, before caps",
    "timing": "drift of the weights since each basket was last set, on its own date",
    "capping": "what caps took from some assets and gave to others",
    "prices": "another price of the same asset over the same days, or its loss at a price of zero in one of the two",
    "other": "what the baskets do not explain, as income or leverage of a return rule",
}


@dataclass(frozen=True, eq=False)
class Attribution:
    """A difference in return, first less second, explained.

    Attributes:
        assets: Length N.
        effects: Part of the difference by effect (order of EFFECTS) and asset, shape (6, N + 1); the last column
            belongs to no asset.
        first, second: Return over the whole span, fractions.
        times: First and last instant.
    """

    assets: tuple[str, ...]
    effects: Floats
    first: float
    second: float
    times: tuple[np.datetime64, np.datetime64]

    @property
    def difference(self) -> float:
        """First return less second; the effects sum to it."""
        return self.first - self.second

    def by_effect(self) -> dict[str, float]:
        """Return the sum over assets of each effect."""
        return {name: exact_sum(self.effects[place]) for place, name in enumerate(EFFECTS)}

    def by_asset(self) -> pl.DataFrame:
        """Return asset, each effect and their sum, the largest sum first; what belongs to none is named '*'."""
        names = [*self.assets, "*"]
        table = pl.DataFrame({"asset": names, **dict(zip(EFFECTS, self.effects, strict=True))})
        table = table.with_columns(total=pl.sum_horizontal(*EFFECTS))
        return table.filter(pl.any_horizontal(pl.col(*EFFECTS) != 0)).sort(pl.col("total").abs(), descending=True)

    def by_segment(self, segments: Mapping[str, str]) -> pl.DataFrame:
        """Return the effects by segment (a sector, a size band); assets in none count as '*'."""
        names = pl.Series("segment", [segments.get(asset, "*") for asset in self.assets] + ["*"])
        table = pl.DataFrame(dict(zip(EFFECTS, self.effects, strict=True))).insert_column(0, names)
        found = table.group_by("segment").agg(pl.col(*EFFECTS).sum()).sort("segment")
        return found.with_columns(total=pl.sum_horizontal(*EFFECTS))


@dataclass(frozen=True, eq=False)
class BasketPath:
    """What an index held over steps between instants.

    Attributes:
        times: Shape (T,).
        levels: Positive, shape (T,).
        assets: Length N.
        weights: At the start of each step, shape (T - 1, N); rows sum to 1.
        set_weights: The same as they were when last set, before drift, shape (T - 1, N).
        uncapped, set_uncapped: The same without caps, shape (T - 1, N).
        returns: Simple return of each asset over each step; 0 where it is not held, shape (T - 1, N).
    """

    times: NDArray[np.datetime64]
    levels: Floats
    assets: tuple[str, ...]
    weights: Floats
    set_weights: Floats
    uncapped: Floats
    set_uncapped: Floats
    returns: Floats


def basket_path(result: IndexResult, column: str = "price_return") -> BasketPath:
    """Return what a calculated index held over each step; the weights before caps come from its capping factors."""
    # A panel holds thousands of assets of which an index ever holds a few.
    columns = np.unique(np.concatenate([segment.columns for segment in result.segments]))
    assets = tuple(result.panel.assets[column] for column in columns)
    shape = (len(result.times) - 1, len(assets))
    held, set_held, free, set_free, returns = (np.zeros(shape) for _ in range(5))
    factors = _factors(result)
    for segment in result.segments:
        rows = np.s_[segment.start : segment.end]
        if segment.start == segment.end:
            continue
        weights, places = segment.weights, np.searchsorted(columns, segment.columns)
        known = factors.get(segment.start, {})
        factor = np.array([known.get(assets[place], 1.0) for place in places])
        before = weights / factor
        before /= before.sum(axis=1, keepdims=True)
        held[rows, places] = weights[:-1]
        set_held[rows, places] = weights[0]
        free[rows, places] = before[:-1]
        set_free[rows, places] = before[0]
        returns[rows, places] = _step_returns(segment)
    return BasketPath(result.times, result.level(column), assets, held, set_held, free, set_free, returns)


def explain_difference(
    first: IndexResult | BasketPath, second: IndexResult | BasketPath, column: str = "price_return"
) -> Attribution:
    """Return why the first index returned more or less than the second over the same instants.

    On one step, with r_i the return of an asset (the second's where it holds it), R the second's return, w drifted
    weights, u those without caps and u⁰ those when last set:

        membership  Σ (u_1 − u_2)(r − R)   over assets that only one holds
        weights     Σ (u⁰_1 − u⁰_2)(r − R) over common assets
        timing      Σ [(u_1 − u⁰_1) − (u_2 − u⁰_2)](r − R) over common assets
        capping     Σ [(w_1 − u_1) − (w_2 − u_2)](r − R)   over all
        prices      Σ w_1 (r_1 − r)        over common assets
        other       what is left of the difference of the levels

    (after Brinson and Fachler 1985; r − R makes only a bet that beats the index count). Steps are linked by
    Cariño's coefficients k_t / k (1999, Combining Attribution Effects Over Time), so the parts add up exactly over
    time as well. Timing and weights offset where drift is what the rule wants, as with capitalisation weights: then
    read their sum.

    Raises:
        DataError: The instants differ, a level is not positive, or there are fewer than two.
    """
    one, two = (entry if isinstance(entry, BasketPath) else basket_path(entry, column) for entry in (first, second))
    if not np.array_equal(one.times, two.times) or len(one.times) < 2:
        raise DataError("the two indices must have the same instants, two or more; calculate both on one calendar")
    assets = tuple(sorted({*one.assets, *two.assets}))
    a, b = _placed(one, assets), _placed(two, assets)
    return_a, return_b = _level_returns(one.levels), _level_returns(two.levels)
    in_a, in_b = a.weights > 0, b.weights > 0
    both = in_a & in_b
    common = np.where(in_b, b.returns, a.returns)
    excess = np.where(in_a | in_b, common - return_b[:, None], 0.0)
    free = a.uncapped - b.uncapped
    at_set = a.set_uncapped - b.set_uncapped
    parts = np.zeros((len(EFFECTS), len(return_a), len(assets) + 1))
    parts[0, :, :-1] = np.where(both, 0.0, free * excess)
    parts[1, :, :-1] = np.where(both, at_set * excess, 0.0)
    parts[2, :, :-1] = np.where(both, (free - at_set) * excess, 0.0)
    parts[3, :, :-1] = (a.weights - b.weights - free) * excess
    parts[4, :, :-1] = np.where(both, a.weights * (a.returns - common), 0.0)
    parts[5, :, -1] = return_a - return_b - parts.sum(axis=(0, 2))
    whole_a, whole_b = (float(path.levels[-1] / path.levels[0] - 1) for path in (one, two))
    scale = linking(return_a, return_b) / linking(np.array([whole_a]), np.array([whole_b]))[0]
    effects = np.einsum("t,etn->en", scale, parts)
    # Rounding of many products is a few units in the last place; it belongs to no effect.
    effects[5, -1] += (whole_a - whole_b) - exact_sum(effects.ravel())
    return Attribution(assets, effects, whole_a, whole_b, (one.times[0], one.times[-1]))


def linking(first: Floats, second: Floats) -> Floats:
    """Return Cariño's coefficients (ln(1 + a) − ln(1 + b)) / (a − b), 1 / (1 + b) where the two are equal.

    Times the difference in return of a step they give the difference in log return, which adds up over time.

    >>> linking(np.array([0.0, 0.1]), np.array([0.0, 0.0])).round(6).tolist()
    [1.0, 0.953102]
    """
    relative = (first - second) / (1 + second)
    safe = np.where(relative == 0, 1.0, relative)
    return np.where(relative == 0, 1.0, np.log1p(safe) / safe) / (1 + second)


@dataclass(frozen=True, eq=False)
class Brinson:
    """A difference in return over one span by segment: arrays of shape (S,)."""

    allocation: Floats
    selection: Floats
    interaction: Floats

    @property
    def total(self) -> float:
        """Sum of all parts, the difference in return."""
        return exact_sum(np.concatenate([self.allocation, self.selection, self.interaction]))


def brinson(
    weights: ArrayLike, benchmark_weights: ArrayLike, returns: ArrayLike, benchmark_returns: ArrayLike
) -> Brinson:
    """Return the difference to a benchmark by segment: allocation, selection and interaction.

    allocation (w − v)(b − B), selection v (r − b), interaction (w − v)(r − b), with B = Σ v b (Brinson and Fachler
    1985; Brinson, Hood and Beebower 1986).

    Raises:
        DataError: Shapes differ, or weights do not sum to 1.

    >>> found = brinson([0.6, 0.4], [0.5, 0.5], [0.1, 0.0], [0.08, 0.02])
    >>> found.allocation.round(4).tolist(), found.selection.round(4).tolist(), round(found.total, 4)
    ([0.003, 0.003], [0.01, -0.01], 0.01)
    """
    w, v, r, b = (
        np.asarray(part, dtype=np.float64) for part in (weights, benchmark_weights, returns, benchmark_returns)
    )
    if not w.shape == v.shape == r.shape == b.shape or w.ndim != 1:
        raise DataError("weights and returns of both sides must be of one length, an entry for each segment")
    for name, part in (("weights", w), ("benchmark_weights", v)):
        if abs(exact_sum(part) - 1) > 1e-9:
            raise DataError(f"{name}: must sum to 1, was {exact_sum(part):g}")
    return Brinson((w - v) * (b - exact_sum(v * b)), v * (r - b), (w - v) * (r - b))


def _factors(result: IndexResult) -> dict[int, dict[str, float]]:
    """Return the capping factors by asset, by the row at which a composition takes effect."""
    stamps = result.compositions["effective_at"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
    rows = np.searchsorted(result.times, stamps)
    found: dict[int, dict[str, float]] = {}
    for row, asset, factor in zip(
        rows.tolist(), result.compositions["asset"], result.compositions["capping_factor"], strict=True
    ):
        found.setdefault(row, {})[asset] = factor if factor > 0 else 1.0
    return found


def _step_returns(segment: Segment) -> Floats:
    prices = segment.prices
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = prices[1:] / prices[:-1] - 1
    return np.where(prices[:-1] > 0, returns, 0.0)


def _placed(path: BasketPath, assets: Sequence[str]) -> BasketPath:
    """Return the path with its columns among more assets."""
    columns = np.searchsorted(assets, path.assets)
    placed = {}
    for name in ("weights", "set_weights", "uncapped", "set_uncapped", "returns"):
        values = np.zeros((len(path.times) - 1, len(assets)))
        values[:, columns] = getattr(path, name)
        placed[name] = values
    return BasketPath(path.times, path.levels, tuple(assets), **placed)


def _level_returns(levels: Floats) -> Floats:
    if not (np.isfinite(levels) & (levels > 0)).all():
        raise DataError("levels must be positive numbers; a difference in return is not defined from zero")
    return levels[1:] / levels[:-1] - 1
