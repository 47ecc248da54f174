"""What it costs to move an index by moving the prices of its constituents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError

_STEPS = 400


@dataclass(frozen=True, slots=True)
class IndexMove:
    """The cheapest combination found.

    Attributes:
        move_bp: How far the index was to be moved.
        cost: What it costs; None where no combination does it.
        assets: How far each attacked asset is moved, basis points.
    """

    move_bp: float
    cost: float | None
    assets: dict[str, float]


def index_move(
    weights: Mapping[str, float], costs: Mapping[str, Sequence[tuple[float, float | None]]], move_bp: float
) -> IndexMove:
    """Return the cheapest way to move an index through its constituents.

    An asset of weight w that moves by x moves the index by w x, so that sum of w(i) x(i) must reach the move; each
    asset is moved by one of the distances whose cost is known. Solved by dynamic programming over the move in 400
    steps; what an asset gives is rounded down to whole steps, so that the cost is not understated by the rounding.

    Args:
        weights: Weight of each constituent, a fraction; negative ones are moved the other way.
        costs: For each attackable constituent the distances (basis points, positive) and their costs; None: not
            possible.
        move_bp: How far the index is to be moved, basis points.

    Raises:
        DataError: The move is not positive.

    >>> costs = {"btc": [(100.0, 900.0)], "eth": [(100.0, 300.0), (200.0, 1000.0)]}
    >>> index_move({"btc": 0.5, "eth": 0.5}, costs, 100.0)
    IndexMove(move_bp=100.0, cost=1000.0, assets={'eth': 200.0})
    >>> index_move({"btc": 0.7, "eth": 0.3}, costs, 100.0)
    IndexMove(move_bp=100.0, cost=1200.0, assets={'btc': 100.0, 'eth': 100.0})
    >>> index_move({"btc": 0.1, "eth": 0.1}, costs, 100.0).cost is None
    True
    """
    if move_bp <= 0:
        raise DataError(f"the move of an index must be positive, was {move_bp} basis points")
    best = np.full(_STEPS + 1, np.inf)
    best[0] = 0.0
    taken: list[tuple[str, list[tuple[float, float, int]], np.ndarray]] = []
    for asset in sorted(set(weights) & set(costs)):
        options = [
            (distance, cost, min(_STEPS, int(abs(weights[asset]) * distance / move_bp * _STEPS + 1e-9)))
            for distance, cost in costs[asset]
            if cost is not None
        ]
        choice = np.full(_STEPS + 1, -1)
        following = best.copy()
        for number, (_, cost, steps) in enumerate(options):
            for reached in range(_STEPS + 1):
                to = min(_STEPS, reached + steps)
                if best[reached] + cost < following[to]:
                    following[to], choice[to] = best[reached] + cost, number * (_STEPS + 1) + reached
        best = following
        taken.append((asset, options, choice))
    if not np.isfinite(best[_STEPS]):
        return IndexMove(move_bp, None, {})
    at, assets = _STEPS, {}
    for asset, options, choice in reversed(taken):
        if choice[at] >= 0:
            number, at = divmod(int(choice[at]), _STEPS + 1)
            assets[asset] = options[number][0]
    return IndexMove(move_bp, float(best[_STEPS]), dict(sorted(assets.items())))
