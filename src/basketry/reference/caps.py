"""Weights of venues, capped so that k corrupt groups of venues hold less than half of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.market.tape import Ints

CAP_SHARE = 0.96
"""k groups at their cap hold 48% of the weight: the cap is 24% for k = 2 and 48% for k = 1."""


@kernel()
def capped_weights(volume: Any, group: Any, survive: int) -> tuple[Floats, int]:
    """Return the capped weights of S venues, and how many corrupt groups they survive.

    Weights are shares of volume; the sum of each group is capped at 0.96 / (2 k), the excess goes to the other
    groups in proportion, and so on until no group is above. k is `survive`, or fewer where fewer than 2 k + 1 groups
    trade. With k = 0 no group has more than half, or all where it is alone.

    Args:
        volume: Shape (S,); 0 where the venue has no price.
        group: Number of the group of each venue, shape (S,).
        survive: Corrupt groups to survive.
    """
    venues = len(volume)
    groups = 0
    for s in range(venues):
        groups = max(groups, group[s] + 1)
    held = np.zeros(groups)
    for s in range(venues):
        held[group[s]] += volume[s]
    live, whole = 0, 0.0
    for g in range(groups):
        live += held[g] > 0
        whole += held[g]
    if live == 0:
        return np.zeros(venues), 0
    corrupt = min(survive, (live - 1) // 2)
    cap = CAP_SHARE / (2 * corrupt) if corrupt else (0.5 if live > 1 else 1.0)
    weight = held / whole
    fixed = np.zeros(groups, np.bool_)
    for _ in range(groups):
        loose, room = 0.0, 1.0
        for g in range(groups):
            if weight[g] > cap:
                fixed[g] = True
            if fixed[g]:
                room -= cap
            else:
                loose += held[g]
        over = False
        for g in range(groups):
            weight[g] = cap if fixed[g] else (room * held[g] / loose if loose > 0 else 0.0)
            over = over or weight[g] > cap
        if not over:
            break
    result = np.zeros(venues)
    for s in range(venues):
        if volume[s] > 0:
            result[s] = weight[group[s]] * volume[s] / held[group[s]]
    return result, corrupt


_ROUNDING = 1 + 1e-12
_ENOUGH_GROUPS = 3
"""With so many groups the median itself bounds what one of them can do."""


@kernel()
def _groups_of(price: Any, group: Any) -> int:
    """Return how many groups have a price."""
    seen = np.zeros(len(group), np.bool_)
    for s in range(len(price)):
        if np.isfinite(price[s]):
            seen[group[s]] = True
    return seen.sum()


@kernel()
def _corroborated(price: Any, part: int, venue: int, group: Any, agree: float) -> bool:
    """Return whether another group stands by a venue's price of a part, or there is no other group in the window.

    What another group says is its price in the part, else its latest before, else its first after. So a venue that
    alone goes astray while most are silent finds no witness, and two that fall together find each other.

    Args:
        price: Shape (K, S); NaN where a venue has none.
        part: The part.
        venue: The venue.
        group: Shape (S,).
        agree: Distance within which two prices agree, relative to the lower.
    """
    own = price[part, venue]
    alone = True
    for s in range(price.shape[1]):
        if group[s] == group[venue]:
            continue
        nearest = np.nan
        for k in range(part, -1, -1):
            if np.isfinite(price[k, s]):
                nearest = price[k, s]
                break
        if not np.isfinite(nearest):
            for k in range(part + 1, price.shape[0]):
                if np.isfinite(price[k, s]):
                    nearest = price[k, s]
                    break
        if np.isfinite(nearest):
            alone = False
            if abs(own - nearest) <= agree * min(own, nearest) * _ROUNDING:
                return True
    return alone


@kernel()
def capped_parts(price: Any, volume: Any, group: Any, survive: int, agree: float) -> tuple[Floats, Ints]:
    """Return capped weights (T, K, S) of the venues with a price in each part, and what each part survives (T, K).

    Args:
        price: Shape (T, K, S); NaN where a venue has none.
        volume: Volume of each venue in the whole window, shape (T, S).
        group: Shape (S,).
        survive: Corrupt groups to survive.
        agree: In a part with one or two groups a venue weighs nothing unless a price of another group, in the part,
            else its latest before, else its first after, is within this fraction; see `_corroborated`.
    """
    windows, parts, venues = price.shape
    weight = np.zeros(price.shape)
    survives = np.zeros((windows, parts), np.int64)
    own = np.zeros(venues)
    for t in range(windows):
        for k in range(parts):
            few = _groups_of(price[t, k], group) < _ENOUGH_GROUPS
            for s in range(venues):
                counts = np.isfinite(price[t, k, s]) and (not few or _corroborated(price[t], k, s, group, agree))
                own[s] = volume[t, s] if counts else 0.0
            weight[t, k], survives[t, k] = capped_weights(own, group, survive)
    return weight, survives
