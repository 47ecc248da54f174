"""How much two baskets have in common: overlap, active share, and how they changed together over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.evaluation.baskets import basket_at
from basketry.index.result import IndexResult

Weights = Mapping[str, float]
Times = NDArray[np.datetime64]


@dataclass(frozen=True)
class Overlap:
    """What two baskets share.

    Attributes:
        overlap: Sum of the smaller weight of each asset, a fraction.
        active_share: One less that.
        common: Assets in both. only_first, only_second: Assets in one.
        weight_common_first, weight_common_second: Weight of the common assets in each.
    """

    overlap: float
    active_share: float
    common: tuple[str, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    weight_common_first: float
    weight_common_second: float


def overlap(first: Weights, second: Weights) -> Overlap:
    """Return what two baskets share; each must sum to 1.

    Active share = ½ Σ |w_i − v_i| = 1 − Σ min(w_i, v_i) (Cremers and Petajisto 2009, How Active Is Your Fund
    Manager?, Review of Financial Studies 22).

    Raises:
        DataError: Weights are negative or do not sum to 1.

    >>> found = overlap({"btc": 0.6, "eth": 0.4}, {"btc": 0.5, "xrp": 0.5})
    >>> found.overlap, found.active_share, found.only_second
    (0.5, 0.5, ('xrp',))
    """
    for name, weights in (("first", first), ("second", second)):
        if not weights or min(weights.values()) < 0 or abs(exact_sum(_values(weights)) - 1) > 1e-6:
            raise DataError(f"the {name} basket: weights must not be negative and must sum to 1")
    common = tuple(sorted(set(first) & set(second)))
    shared = exact_sum(np.array([min(first[asset], second[asset]) for asset in common]))
    return Overlap(
        overlap=shared,
        active_share=active_share(first, second),
        common=common,
        only_first=tuple(sorted(set(first) - set(second))),
        only_second=tuple(sorted(set(second) - set(first))),
        weight_common_first=exact_sum(np.array([first[asset] for asset in common])),
        weight_common_second=exact_sum(np.array([second[asset] for asset in common])),
    )


def active_share(first: Weights, second: Weights) -> float:
    """Return ½ Σ |w_i − v_i|, from 0 (the same basket) to 1 (nothing in common).

    >>> active_share({"btc": 1.0}, {"btc": 0.75, "eth": 0.25})
    0.25
    """
    assets = sorted(set(first) | set(second))
    gaps = np.array([abs(first.get(asset, 0.0) - second.get(asset, 0.0)) for asset in assets])
    return exact_sum(gaps) / 2


def overlap_path(first: IndexResult, second: IndexResult) -> tuple[Times, Floats]:
    """Return the common instants of two indices and their active share at each, weights drifted with prices.

    Raises:
        DataError: There is no instant in common.
    """
    times, rows, others = np.intersect1d(first.times, second.times, assume_unique=True, return_indices=True)
    if not len(times):
        raise DataError("the two indices have no instant in common; calculate them on the same calendar")
    assets = sorted({*first.panel.assets, *second.panel.assets})
    gap = _weight_table(first, assets)[rows] - _weight_table(second, assets)[others]
    return times, np.abs(gap).sum(axis=1) / 2


def _weight_table(result: IndexResult, assets: list[str]) -> Floats:
    """Return the weights at every instant, the new basket's at a change, shape (T, N)."""
    table = np.zeros((len(result.times), len(assets)))
    places = np.searchsorted(assets, result.panel.assets)
    for segment in result.segments:
        table[segment.start : segment.end + 1] = 0.0
        table[segment.start : segment.end + 1, places[segment.columns]] = segment.weights
    return table


def weights_at(result: IndexResult, instant: np.datetime64) -> dict[str, float]:
    """Return the drifted weights of an index at an instant, by asset."""
    columns, weights = basket_at(result, instant)
    return dict(zip((result.panel.assets[column] for column in columns), weights.tolist(), strict=True))


def _values(weights: Weights) -> Floats:
    return np.array(list(weights.values()), dtype=np.float64)
