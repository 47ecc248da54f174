"""How likely isolated margin is liquidated: the recorded moves drawn again in blocks, with the same margin rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.margin import Collateral, MarginModel, settled


@dataclass(frozen=True)
class LiquidationRisk:
    """The share of drawn paths with at least one liquidation.

    Attributes:
        probability: Fraction of paths.
        standard_error: Of the probability, from the number of paths alone: √(p (1 - p) / paths).
        paths: Number of drawn paths.
        horizon: Rows of each.
    """

    probability: float
    standard_error: float
    paths: int
    horizon: int


def drawn_blocks(rows: int, horizon: int, paths: int, block: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return which of the recorded rows each step of each path repeats, shape (horizon, paths): stationary bootstrap.

    Blocks start anywhere, have a geometric length of mean `block`, and go round from the last row to the first.

    Source: Politis and Romano, The Stationary Bootstrap, Journal of the American Statistical Association 89, 1994.

    >>> drawn_blocks(100, 4, 2, 1e9, np.random.default_rng(1)).T.tolist()
    [[47, 48, 49, 50], [51, 52, 53, 54]]
    """
    if rows < 1 or horizon < 1 or paths < 1 or not block >= 1:
        raise DataError(
            f"cannot draw {paths} paths of {horizon} from {rows} rows in blocks of {block:g}; all are 1 or more"
        )
    starts = rng.integers(0, rows, (horizon, paths))
    fresh = rng.random((horizon, paths)) < 1 / block
    fresh[0] = True
    drawn = np.empty((horizon, paths), dtype=np.int64)
    for step in range(horizon):
        drawn[step] = np.where(fresh[step], starts[step], (drawn[step - 1] + 1) % rows if step else starts[step])
    return drawn


def liquidation_risk(
    target: Basket,
    margin: MarginModel,
    collateral: Collateral,
    rng: np.random.Generator,
    *,
    horizon: int = 365,
    paths: int = 2000,
    block: float = 20.0,
    lows: Floats | None = None,
    capital: float = 1.0,
) -> LiquidationRisk:
    """Return the probability that a fund holding the whole index through perpetuals is liquidated at least once.

    Moves of all assets are drawn together, so what falls together stays together. The fund starts with the weights
    after the last row, holds those units, and sets its margins once a row; a position is liquidated where the low of
    a step reaches its liquidation price. Funding is left out: it is small beside the moves. With `collateral.call` 1,
    more leverage never lowers the probability for the same seed; with less, a position that was called earlier can be
    safer later.

    Args:
        target: Prices whose moves are drawn, and the last weights.
        margin: What the venue asks for.
        collateral: How the fund posts it.
        rng: Generator; the same seed draws the same paths.
        horizon: Rows of a path.
        paths: Number of paths.
        block: Mean length of a block, rows.
        lows: Lowest price since the row before, shape (T, n), at most the row's price.
        capital: Value of the fund, quote currency, where requirements rise with the notional.

    Raises:
        DataError: Nothing to draw, or lows of another shape.
    """
    prices = target.prices
    if lows is not None and (lows.shape != prices.shape or bool((lows > prices).any())):
        raise DataError(f"lows must have shape {prices.shape} and be at most the price of their row")
    moves = prices[1:] / prices[:-1]
    falls = moves if lows is None else lows[1:] / prices[:-1]
    weights = target.units[-1] * prices[-1] / target.levels[-1]
    held = np.flatnonzero(weights > 0)
    drawn = drawn_blocks(len(moves), horizon, paths, block, rng)
    dead = _liquidated(moves[:, held], falls[:, held], capital * weights[held], drawn, margin, collateral)
    probability = float(dead.mean())
    return LiquidationRisk(probability, float(np.sqrt(probability * (1 - probability) / paths)), paths, horizon)


def _liquidated(
    moves: Floats, falls: Floats, start: Floats, drawn: NDArray[np.int64], model: MarginModel, collateral: Collateral
) -> Bools:
    # Prices count from 1 at the start, so that sizes are notionals.
    size = np.broadcast_to(start, (drawn.shape[1], len(start)))
    mark = np.ones(size.shape)
    dead = np.zeros(len(size), dtype=bool)
    margin = settled(np.zeros(size.shape), collateral.posted(size, np.zeros(size.shape), model), size.sum(axis=-1))
    reserve = size.sum(axis=-1) - margin.sum(axis=-1)
    for rows in drawn:
        reached = mark * falls[rows] <= model.liquidation_price(size, mark, margin)
        dead |= reached.any(axis=-1)
        after = mark * moves[rows]
        margin = margin + size * (after - mark)
        mark = after
        total = reserve + margin.sum(axis=-1)
        margin = settled(margin, collateral.posted(size * mark, margin, model), reserve)
        reserve = total - margin.sum(axis=-1)
    return dead
