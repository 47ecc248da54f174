"""The best bid and ask of one simulated market over time, and the size of every price level of its book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from basketry.core.numbers import Floats
from basketry.market.simulation.randomness import stream
from basketry.market.tape import SIZE_DECIMALS, Ints, Market
from basketry.market.venues.grid import Grid
from basketry.market.venues.specs import PairSpec, VenueSpec
from basketry.market.venues.truth import Truth, reverting

BASIS_SECONDS = 600.0
"""Mean time in which a venue's basis falls to 1/e of itself."""
NOISE_SECONDS = 4.0
AT_TOUCH = 0.8
"""Share of the trades at the best price; the others lie evenly between it and the mid."""
TOUCH_SQUARE = AT_TOUCH + (1.0 - AT_TOUCH) / 3.0
"""Mean square of a trade's distance from the mid in half-spreads."""
JITTER = 0.05
"""A book changes within this share of a step after the step begins."""
LEVEL_SPACING = 1e-4
"""Distance between price levels behind the best, fraction of the price."""
SIZE_DEVIATION = 0.6
"""Standard deviation of the logarithm of a level's size."""


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The best prices of a market, T steps.

    Attributes:
        market: The market.
        grid: Its ticks.
        lot: Its size step in units of 10^-8.
        times: Microseconds since 1970 at which the book changes, ascending, shape (T,).
        bid: Ticks, shape (T,).
        ask: Ticks, above bid, shape (T,).
        gap: Ticks between the levels behind the best.
        level: Mean size of a level, units of 10^-8, shape (T,).
        base: USD for one base unit, shape (T,).
        key: Number from which the sizes of levels follow.
    """

    market: Market
    grid: Grid
    lot: int
    times: Ints
    bid: Ints
    ask: Ints
    gap: int
    level: Floats
    base: Floats
    key: int

    def sizes(self, ticks: Ints, epoch: Ints, mean: Floats) -> Ints:
        """Return the size of price levels, the same for the same ticks and epoch: a hash turned lognormal."""
        mixed = mix(mix(ticks.astype(np.uint64) ^ np.uint64(self.key)) + epoch.astype(np.uint64))
        uniform = ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        draws = np.exp(ndtri(uniform) * SIZE_DEVIATION - SIZE_DEVIATION**2 / 2.0)
        return whole_lots(draws * mean, self.lot)

    def touch(self) -> tuple[Ints, Ints]:
        """Return the sizes at best bid and ask, shape (T,) each; they change with the price and every second step."""
        epoch = np.arange(len(self.times)) // 2
        return self.sizes(self.bid, epoch, self.level), self.sizes(self.ask, epoch, self.level)


def simulate_top(seed: int, market: Market, venue: VenueSpec, pair: PairSpec, share: float, truth: Truth) -> Top:
    """Return the best prices of one market.

        mid = true price x exp(basis + noise),   bid, ask = mid x (1 -+ half-spread), on the grid

    The noise is as large as makes a trade's price deviate by `pair.noise` from the mid without noise, given that
    most trades take the best price.

    Args:
        seed: Seed of the market.
        market: The market.
        venue: The venue's figures.
        pair: What is different in the pair.
        share: Share of the venue's volume of the base in this pair; its depth is shared alike.
        truth: True prices.
    """
    steps, names = len(truth.activity), (market.venue, market.pair)
    seconds = truth.step / 1e6
    half = venue.half_spread * pair.spread
    deviation = np.sqrt(max(pair.noise**2 - half**2 * TOUCH_SQUARE, 0.0))
    basis = reverting(stream(seed, "basis", *names), steps, venue.basis * pair.basis, BASIS_SECONDS / seconds)
    noise = reverting(stream(seed, "noise", *names), steps, deviation, NOISE_SECONDS / seconds)
    center = truth.cross(market.base, market.quote) * np.exp(basis + noise)
    grid = Grid.at_most(venue.tick * pair.tick * float(center[0]))
    bid = np.maximum(grid.ticks(center * (1.0 - half)), 1)
    ask = np.maximum(grid.ticks(center * (1.0 + half)), bid + 1)
    jitter = (stream(seed, "book times", *names).random(steps) * JITTER * truth.step).astype(np.int64)
    jitter[0] = 0
    gap = max(1, round(LEVEL_SPACING * float(center[0]) / grid.width))
    base = truth.mids[market.base]
    usd = venue.depth * pair.depth * share * (gap * grid.width / float(center[0])) / 0.01
    key = int(stream(seed, "level sizes", *names).integers(0, 2**63))
    lot = max(1, round(Grid.at_most(venue.lot / float(base[0])).width * 10.0**SIZE_DECIMALS))
    level = usd / base * 10.0**SIZE_DECIMALS
    return Top(market, grid, lot, truth.times + jitter, bid, ask, gap, level, base, key)


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return well-mixed 64-bit numbers, one for each number.

    Source: the finaliser of SplitMix64, Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
    """
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def whole_lots(sizes: Floats, lot: int) -> Ints:
    """Return sizes in units of 10^-8 as whole lots, at least one."""
    return np.maximum(np.rint(sizes / lot), 1.0).astype(np.int64) * lot
