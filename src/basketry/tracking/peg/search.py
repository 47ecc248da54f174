"""How much liquidity keeps the premium within a limit, by simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from basketry.core.errors import DataError
from basketry.tracking.peg.simulate import PegRun


@dataclass(frozen=True, slots=True)
class Liquidity:
    """What a search found.

    Attributes:
        depth: Least depth that keeps the promise, quote currency on one side of the pool.
        share: Fraction of steps within the limit there.
        run: The run there.
        tried: Every depth that was tried, and the fraction of steps within the limit, in order of depth.
    """

    depth: float
    share: float
    run: PegRun
    tried: tuple[tuple[float, float], ...]


def find_liquidity(
    run: Callable[[float], PegRun],
    *,
    limit: float,
    share: float = 0.95,
    low: float,
    high: float,
    precision: float = 0.05,
) -> Liquidity:
    """Return the least depth at which the premium stays within ±limit for a fraction of the steps.

    Depths are doubled from `low` up to `high` until one keeps the promise, then the step between the last that does
    not and the first that does is halved (in logarithms) down to `precision`. More depth is not always better: a deep
    pool is moved less by flow but needs more capital to follow net asset value. So the first depth that suffices is
    returned; look at `tried` before putting in more.

    Args:
        run: Simulates a pool of a depth; with the same flow and values each time.
        limit: Fraction of net asset value; 0.005 for 50 basis points.
        share: Fraction of steps.
        low: Smallest depth, quote currency on one side.
        high: Largest depth.
        precision: Of the depth, fraction.

    Raises:
        DataError: The arguments make no range, or no depth in it keeps the promise; the message has the best.
    """
    if not 0 < low <= high or not 0 < share <= 1 or limit <= 0 or precision <= 0:
        raise DataError(
            f"liquidity from {low:g} to {high:g} for {share:g} of the steps within {limit:g} to {precision:g} is no "
            "search; give 0 < low <= high, a share in (0, 1], and a positive limit and precision"
        )
    tried: dict[float, PegRun] = {}
    failed, depth = None, low
    while True:
        tried[depth] = run(depth)
        if tried[depth].within(limit) >= share:
            break
        failed = depth
        if depth >= high:
            best, within = max(_shares(tried, limit), key=lambda pair: pair[1])
            raise DataError(
                f"no depth from {low:g} to {high:g} keeps the premium within {limit:g} for {share:.0%} of the steps; "
                f"the best, {best:g}, does for {within:.1%}. Lower the costs of creation, the pool's fee or the delay, "
                "add capital, or widen the limit"
            )
        depth = min(2 * depth, high)
    while failed is not None and depth / failed > 1 + precision:
        middle = math.sqrt(failed * depth)
        tried[middle] = run(middle)
        if tried[middle].within(limit) >= share:
            depth = middle
        else:
            failed = middle
    return Liquidity(depth, tried[depth].within(limit), tried[depth], _shares(tried, limit))


def _shares(tried: dict[float, PegRun], limit: float) -> tuple[tuple[float, float], ...]:
    return tuple((depth, tried[depth].within(limit)) for depth in sorted(tried))
