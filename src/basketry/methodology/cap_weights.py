"""Caps, floors, group caps and concentration limits on weights, all satisfied at once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.core.numbers import Bools, Floats, exact_sum

TOLERANCE = 1e-12


def cap_weights(
    weights: ArrayLike,
    cap: float | None = None,
    *,
    largest: float | None = None,
    floor: float | None = None,
    groups: Sequence[Hashable] | None = None,
    group_cap: float | Mapping[Hashable, float] | None = None,
    concentration: tuple[float, float, float] | None = None,
) -> Floats:
    """Return weights that keep every limit and are otherwise in proportion to those given, shape (n,).

    What a cap takes from one asset goes to the others in proportion to their weights, repeated until no cap
    is broken. The fixed point is w_i = min(max(λ r_i, floor), cap_i) with the one λ at which the weights sum to 1; it
    is solved for directly. One pass of redistribution, as often seen, can leave another cap broken.

    Args:
        weights: Weights before capping, not negative, shape (n,); scaled to sum to 1.
        cap: No weight above this.
        largest: The largest asset may weigh up to this instead (CoinDesk 20: 30% and 20%); ties go to the first.
        floor: No weight below this.
        groups: A label for each asset, such as its sector; None belongs to no group.
        group_cap: No group above this, or above its own cap where a mapping is given.
        concentration: (x, y, z): none above x, and those above y sum to z at most (UCITS 10/5/40: 0.10, 0.05, 0.40).

    Raises:
        CapInfeasibleError: No weights keep the limits; the message gives the arithmetic.
        MethodologyError: A weight or a limit is not a number in its range.

    Source: S&P Dow Jones Indices, Index Mathematics Methodology, capped indices; MSCI 10/40 Indices Methodology.

    >>> cap_weights([40, 24, 20, 10, 6], cap=0.25).tolist()
    [0.25, 0.25, 0.25, 0.15625, 0.09375]
    >>> cap_weights([1, 1, 1, 1], cap=0.2)
    Traceback (most recent call last):
    ...
    basketry.core.errors.CapInfeasibleError: 4 assets x 0.2 = 0.8 < 1: raise the cap to at least 0.25, or select more assets
    """
    raw = _checked(weights)
    _check_limits(cap, largest, floor, concentration)
    upper = np.full(len(raw), 1.0 if cap is None else cap)
    if largest is not None:
        if cap is None:
            raise MethodologyError("largest: goes with a cap for the others")
        upper[int(raw.argmax())] = largest
    lower = np.full(len(raw), floor or 0.0)
    if (lower > upper).any():
        raise CapInfeasibleError(f"floor {floor:g} is above the cap {cap:g}")
    if groups is not None and group_cap is not None:
        if concentration is not None:
            raise MethodologyError("group caps and a concentration limit cannot be combined")
        return _grouped(raw, lower, upper, _members(groups, group_cap, len(raw)))
    if concentration is not None:
        return _concentrated(raw, lower, upper, *concentration)
    return _bounded(raw, lower, upper, 1.0)


def _checked(weights: ArrayLike) -> Floats:
    raw = np.asarray(weights, dtype=np.float64)
    if raw.ndim != 1 or not len(raw):
        raise MethodologyError("weights: expected a list of at least one number")
    wrong = np.flatnonzero(~np.isfinite(raw) | (raw < 0))
    if len(wrong):
        raise MethodologyError(f"weights: number {wrong[0]} is {raw[wrong[0]]!r}; weights are finite and not negative")
    total = exact_sum(raw)
    if not total > 0:
        raise MethodologyError("weights: they sum to 0, so nothing can be weighted")
    return raw / total


def _check_limits(
    cap: float | None, largest: float | None, floor: float | None, concentration: tuple[float, float, float] | None
) -> None:
    for name, value in (("cap", cap), ("largest", largest)):
        if value is not None and not 0 < value <= 1:
            raise MethodologyError(f"{name}: {value!r} is not a fraction between 0 and 1, such as 0.25")
    if floor is not None and not 0 <= floor < 1:
        raise MethodologyError(f"floor: {floor!r} is not a fraction between 0 and 1, such as 0.01")
    if cap is not None and largest is not None and largest < cap:
        raise MethodologyError(f"largest: {largest:g} is below the cap {cap:g} of the others")
    if concentration is not None:
        single, over, total = concentration
        if not 0 < over <= single <= 1 or not over <= total <= 1:
            raise MethodologyError(f"concentration: {concentration} must keep 0 < over <= single <= 1 and over <= total")


def _bounded(raw: Floats, lower: Floats, upper: Floats, total: float) -> Floats:
    """Return clip(λ raw, lower, upper) with the λ at which it sums to `total`."""
    if exact_sum(lower) > total + TOLERANCE:
        raise CapInfeasibleError(
            f"{len(raw)} assets with a floor of {lower.max():g} need {exact_sum(lower):.6g} > {total:.6g}: "
            f"lower the floor to at most {total / len(raw):.6g}, or select fewer assets"
        )
    movable = np.where(raw > 0, upper, lower)
    room = exact_sum(movable)
    if room < total - TOLERANCE:
        _infeasible(raw, lower, upper, total, room)
    if room <= total:
        return movable
    scaled = raw * (total / exact_sum(raw))
    if (scaled <= upper).all() and (scaled >= lower).all():
        return scaled
    free = raw > 0
    points = np.unique(np.concatenate([lower[free] / raw[free], upper[free] / raw[free]]))
    low, high = 0, len(points) - 1
    while low < high:
        middle = (low + high) // 2
        if exact_sum(np.clip(points[middle] * raw, lower, upper)) >= total:
            high = middle
        else:
            low = middle + 1
    # Between the two breakpoints the same assets move freely, so one division gives λ.
    before = points[low - 1] if low else 0.0
    inside = free & (lower <= before * raw + 0.0) & (upper > before * raw)
    held = np.clip(before * raw, lower, upper)
    factor = (total - exact_sum(held[~inside])) / exact_sum(raw[inside]) if inside.any() else points[low]
    return np.where(inside, np.clip(factor * raw, lower, upper), held)


def _infeasible(raw: Floats, lower: Floats, upper: Floats, total: float, room: float) -> None:
    zeros = int((raw == 0).sum())
    note = f" ({zeros} have no weight)" if zeros else ""
    if np.ptp(upper) == 0:
        raise CapInfeasibleError(
            f"{len(raw)} assets{note} x {upper[0]:g} = {room:.6g} < {total:.6g}: raise the cap to at least "
            f"{total / max(len(raw) - zeros, 1):.6g}, or select more assets"
        )
    del lower
    raise CapInfeasibleError(
        f"the caps of {len(raw)} assets{note} sum to {room:.6g} < {total:.6g}: raise a cap, or select more assets"
    )


def _members(
    groups: Sequence[Hashable], group_cap: float | Mapping[Hashable, float], count: int
) -> list[tuple[Hashable, Bools, float]]:
    if len(groups) != count:
        raise MethodologyError(f"groups: {len(groups)} labels for {count} weights")
    labels = sorted({label for label in groups if label is not None}, key=str)
    found = []
    for label in labels:
        limit = group_cap.get(label) if isinstance(group_cap, Mapping) else group_cap
        if limit is None:
            continue
        if not 0 < limit <= 1:
            raise MethodologyError(f"group cap of {label!r}: {limit!r} is not a fraction between 0 and 1")
        found.append((label, np.array([own == label for own in groups]), limit))
    return found


def _grouped(raw: Floats, lower: Floats, upper: Floats, groups: list[tuple[Hashable, Bools, float]]) -> Floats:
    """Fix each group that exceeds its cap at the cap, share the rest among the others, and repeat."""
    result = np.zeros(len(raw))
    fixed = np.zeros(len(raw), dtype=bool)
    remaining, total = list(groups), 1.0
    while True:
        rest = ~fixed
        if not rest.any() or exact_sum(np.where(raw[rest] > 0, upper[rest], lower[rest])) < total - TOLERANCE:
            used = ", ".join(f"{label} {limit:g}" for label, _, limit in groups)
            raise CapInfeasibleError(
                f"the group caps ({used}) and the other assets' caps leave {total:.6g} of the index without a place: "
                "raise a group cap, or select assets of other groups"
            )
        result[rest] = _bounded(raw[rest], lower[rest], upper[rest], total)
        over = [entry for entry in remaining if exact_sum(result[entry[1]]) > entry[2] + TOLERANCE]
        if not over:
            return result
        for entry in over:
            _, mask, limit = entry
            result[mask] = _bounded(raw[mask], lower[mask], upper[mask], limit)
            fixed |= mask
            total -= limit
            remaining.remove(entry)


def _concentrated(raw: Floats, lower: Floats, upper: Floats, single: float, over: float, total: float) -> Floats:
    """Let the k largest weigh between y and x and at most z together, all others y at most; k as large as possible."""
    upper = np.minimum(upper, single)
    result = _bounded(raw, lower, upper, 1.0) if exact_sum(upper) >= 1 - TOLERANCE else None
    if result is None:
        _infeasible(raw, lower, upper, 1.0, exact_sum(upper))
        raise CapInfeasibleError("the caps leave no room")
    heavy = result > over + TOLERANCE
    if exact_sum(result[heavy]) <= total + TOLERANCE:
        return result
    order = np.argsort(-raw, kind="stable")
    for count in range(min(int(heavy.sum()), int(total / over + TOLERANCE)), -1, -1):
        large = np.zeros(len(raw), dtype=bool)
        large[order[:count]] = True
        ceiling = np.where(large, upper, np.minimum(upper, over))
        base = np.where(large, np.maximum(lower, over), lower)
        room = min(total, exact_sum(ceiling[large])) + exact_sum(np.where(raw > 0, ceiling, lower)[~large])
        if room < 1 - TOLERANCE or (base > ceiling).any():
            continue
        spread = _bounded(raw, base, ceiling, 1.0) if exact_sum(ceiling) >= 1 - TOLERANCE else ceiling
        if exact_sum(spread[large]) > total:
            spread[large] = _bounded(raw[large], base[large], ceiling[large], total)
            spread[~large] = _bounded(raw[~large], base[~large], ceiling[~large], 1 - total)
        return spread
    raise CapInfeasibleError(
        f"{len(raw)} assets cannot keep {single:g}/{over:g}/{total:g}: {total:g} for those above {over:g} and {over:g} for "
        f"each other make less than 1; at least {int(np.ceil((1 - total) / over)) + int(np.ceil(total / single))} assets are needed"
    )
