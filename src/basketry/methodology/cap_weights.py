"""Caps, floors, group caps and concentration limits on weights, all satisfied at once."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.core.numbers import Bools, Floats, exact_sum

TOLERANCE = 1e-12
"""Limits hold, and weights sum to 1, within this."""

_ROUNDING = 1e-14
_Group = tuple[str, Bools, float]


def cap_weights(
    weights: ArrayLike,
    cap: float | None = None,
    *,
    largest: float | None = None,
    groups: Sequence[Hashable] | None = None,
    group_cap: float | Mapping[Hashable, float] | None = None,
    floor: float | None = None,
    concentration: tuple[float, float, float] | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    total: float = 1.0,
) -> Floats:
    """Return weights that keep every limit and are otherwise in proportion to those given, shape (n,).

    What a cap takes from one asset goes to the others in proportion to their weights, until no cap is broken;
    one pass of redistribution can leave another cap broken. The fixed point is w_i = min(max(λ r_i, floor),
    cap_i) with the one λ at which the weights sum to 1, which is solved for directly. Of all weights that
    keep the limits it is the nearest to r in relative entropy, Σ w_i ln(w_i / r_i), and that is what decides
    where more limits come in: a group above its cap has a λ of its own; for a concentration limit, the best
    choice of the assets above y.

    The result keeps the order of the weights and gives equal weights the same, except across groups and limits of
    their own, and does not depend on the order in which assets are listed, to the last bit.

    Args:
        weights: Weights before capping, not negative, shape (n,); scaled to sum to 1.
        cap: No weight above this.
        largest: The one largest asset may weigh up to this instead (CoinDesk 20: 30% and 20%). Where two or
            more share the first place, no asset is the one largest, and `cap` holds for all.
        groups: A label for each asset, such as its sector; None belongs to no group.
        group_cap: No group above this, or above its own cap where a mapping is given.
        floor: No weight below this.
        concentration: (x, y, z): none above x, and those above y sum to z at most (UCITS 5/10/40: 0.10, 0.05,
            0.40). Beside it a limit of an asset's own says whether the asset is above y: `lower` above y, or
            `upper` not above it.
        lower: Each asset's own floor in place of `floor`, NaN where it has none, shape (n,).
        upper: Each asset's own cap in place of `cap` and `largest`, NaN where it has none, shape (n,). An asset with
            the same number in both weighs exactly that.
        total: What the weights sum to, less than 1 beside a cash member; limits are fractions of the whole.

    Raises:
        CapInfeasibleError: No weights keep the limits; the message gives the arithmetic.
        MethodologyError: A weight or a limit is not a number in its range, or limits do not go together.

    Source: S&P Dow Jones Indices, Index Mathematics Methodology, capped indices; MSCI 10/40 Indices
    Methodology (2013) for the limits. Relative entropy: Kullback and Leibler (1951).

    >>> cap_weights([40, 24, 20, 10, 6], cap=0.25).tolist()
    [0.25, 0.25, 0.25, 0.15625, 0.09375]
    >>> cap_weights([50, 30, 20], lower=[0.4, np.nan, np.nan], upper=[0.4, np.nan, np.nan]).round(12).tolist()
    [0.4, 0.36, 0.24]
    >>> cap_weights([60, 30, 10], cap=0.4, total=0.8).round(12).tolist()
    [0.4, 0.3, 0.1]
    >>> cap_weights([1, 1, 1, 1], cap=0.2)
    Traceback (most recent call last):
    ...
    basketry.core.errors.CapInfeasibleError: 4 assets x 0.2 = 0.8 < 1: raise the cap to at least 0.25
    or select at least 5 assets
    """
    raw = _checked(weights)
    if total != 1.0:
        raw = raw * total
    _check_limits(cap, largest, floor, concentration)
    low, high = bounds_of_each(raw, cap=cap, largest=largest, floor=floor, lower=lower, upper=upper)
    if (groups is None) != (group_cap is None):
        raise MethodologyError("groups and group_cap go together: a label for each asset, and the cap of a group")
    if groups is not None and concentration is not None:
        raise MethodologyError("group caps and a concentration limit cannot be combined")
    apart = _apart(len(raw), lower, upper)
    return within_bounds(
        raw, low, high, groups=groups, group_cap=group_cap, concentration=concentration, apart=apart, total=total
    )


def within_bounds(
    raw: Floats,
    lower: Floats,
    upper: Floats,
    *,
    groups: Sequence[Hashable] | None = None,
    group_cap: float | Mapping[Hashable, float] | None = None,
    concentration: tuple[float, float, float] | None = None,
    apart: Bools,
    total: float = 1.0,
) -> Floats:
    """Return what `cap_weights` does, of weights that sum to `total` and the bounds of each, shape (n,).

    Args:
        raw: Weights before capping, shape (n,).
        lower, upper: As `bounds_of_each` gives them, shape (n,).
        groups, group_cap, concentration: As in `cap_weights`, not both groups and a concentration limit.
        apart: Whose bounds are the asset's own, shape (n,); beside a concentration limit those say whether it is large.
        total: As in `cap_weights`.

    Raises:
        CapInfeasibleError: No weights keep the limits.
    """
    if groups is not None and group_cap is not None:
        return _grouped(raw, lower, upper, _members(groups, group_cap, len(raw)), total)
    if concentration is not None:
        return _concentrated(raw, lower, upper, concentration, total, apart=apart)
    return _bounded(raw, lower, upper, total)


def bounds_of_each(
    weights: Floats,
    *,
    cap: float | None = None,
    largest: float | None = None,
    floor: float | None = None,
    lower: ArrayLike | None = None,
    upper: ArrayLike | None = None,
) -> tuple[Floats, Floats]:
    """Return the least and the greatest weight of each asset under `cap_weights`, without groups and concentration.

    Raises:
        CapInfeasibleError: The least is above the greatest.
    """
    count = len(weights)
    high = np.full(count, 1.0 if cap is None else cap)
    if largest is not None:
        first = weights == weights.max()
        if np.count_nonzero(first) == 1:
            high[first] = largest
    low = np.full(count, floor) if floor else np.zeros(count)
    if lower is None and upper is None:
        return low, high
    for name, limits, own in (("lower", low, lower), ("upper", high, upper)):
        stated = _own(name, own, count)
        np.copyto(limits, stated, where=~np.isnan(stated))
    wrong = np.flatnonzero(low > high)
    if len(wrong):
        place = int(wrong[0])
        raise CapInfeasibleError(f"number {place} is to weigh at least {low[place]:g} and at most {high[place]:g}")
    return low, high


def _own(name: str, limits: ArrayLike | None, count: int) -> Floats:
    """Return an own limit of each asset, NaN where there is none, shape (count,)."""
    if limits is None:
        return np.full(count, np.nan)
    own = np.asarray(limits, dtype=np.float64)
    if own.shape != (count,):
        raise MethodologyError(f"{name}: expected a list of {count} limits, NaN for an asset without one")
    wrong = np.flatnonzero((own < 0) | (own > 1) | ((own == 0) & (name == "upper")))
    if len(wrong):
        raise MethodologyError(f"{name}: number {wrong[0]} is {own[wrong[0]]:g}, not a fraction between 0 and 1")
    return own


def _apart(count: int, lower: ArrayLike | None, upper: ArrayLike | None) -> Bools:
    """Return which assets have a limit of their own, shape (count,)."""
    return ~(np.isnan(_own("lower", lower, count)) & np.isnan(_own("upper", upper, count)))


def _checked(weights: ArrayLike) -> Floats:
    from basketry.methodology._exact import range_and_total

    raw = np.asarray(weights, dtype=np.float64, order="C")
    if raw.ndim != 1 or not len(raw):
        raise MethodologyError("weights: expected a list of at least one number")
    least, most, total = range_and_total(raw)
    if not (least >= 0 and most < np.inf):
        place = int(np.flatnonzero(~((raw >= 0) & (raw < np.inf)))[0])
        raise MethodologyError(f"weights: number {place} is {raw[place]}; weights are finite and not negative")
    if most == 0:
        raise MethodologyError("weights: they sum to 0, so nothing can be weighted")
    if most > 1e300:
        raw = raw / most
        total = exact_sum(raw)
    return raw if abs(total - 1) <= _ROUNDING else raw / total


def _check_limits(
    cap: float | None,
    largest: float | None,
    floor: float | None,
    concentration: tuple[float, float, float] | None,
) -> None:
    for name, value in (("cap", cap), ("largest", largest)):
        if value is not None and not 0 < value <= 1:
            raise MethodologyError(f"{name}: {value!r} is not a fraction between 0 and 1, such as 0.25")
    if floor is not None and not 0 <= floor < 1:
        raise MethodologyError(f"floor: {floor!r} is not a fraction between 0 and 1, such as 0.01")
    if largest is not None and cap is None:
        raise MethodologyError("largest: goes with a cap for the others")
    if cap is not None and largest is not None and largest < cap:
        raise MethodologyError(f"largest: {largest:g} is below the cap {cap:g} of the others")
    if cap is not None and floor is not None and floor > cap:
        raise CapInfeasibleError(f"the floor {floor:g} is above the cap {cap:g}")
    if concentration is not None:
        single, over, total = concentration
        if not (0 < over <= single <= 1 and over <= total <= 1):
            raise MethodologyError(
                f"concentration: ({single}, {over}, {total}) must be plain fractions with over <= single "
                "and over <= total"
            )
        if floor is not None and floor > over:
            raise CapInfeasibleError(f"the floor {floor:g} is above {over:g}, so every asset would count as large")


def _bounded(raw: Floats, lower: Floats, upper: Floats, total: float) -> Floats:
    """Return clip(λ raw, lower, upper) with the λ at which it sums to `total`.

    An asset without weight gets its floor.

    As 1/λ grows from 0, an asset leaves its cap at raw/upper and reaches its floor at raw/lower. Between two
    such points the same assets are free, and the sum is a constant plus a slope times λ, so that the points'
    own sums find the interval, and one division finds λ.
    """
    from basketry.methodology._exact import filled

    if not np.count_nonzero(lower):
        result, found = filled(raw, upper, total, _ROUNDING)
        if found:
            return result
    else:
        share = exact_sum(raw)
        scaled = raw if abs(share - total) <= _ROUNDING or share == 0 else raw * (total / share)
        if share > 0 and (scaled <= upper).all() and (scaled >= lower).all():
            return scaled
    ceiling = np.where(raw > 0, upper, lower)
    _check_room(raw, lower, upper, total, exact_sum(ceiling))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        opens, shuts = raw / upper, raw / lower
    free = raw > 0
    floored = free & (lower > 0)
    points = np.concatenate([opens[free], shuts[floored]])
    slopes = np.concatenate([raw[free], -raw[floored]])
    steps = np.concatenate([-upper[free], lower[floored]])
    # Every key takes part, so that the order of the assets decides nothing.
    order = np.lexsort((steps, slopes, points))
    points = points[order]
    sums = exact_sum(ceiling) + np.cumsum(steps[order]) + np.cumsum(slopes[order]) / points
    place = int(np.searchsorted(-sums, -total, side="right")) - 1
    if place < 0:
        return ceiling
    free &= (opens <= points[place]) & ~(shuts <= points[place])
    result = np.where(opens > points[place], upper, lower)
    if free.any():
        left = total - exact_sum(result[~free])
        part = raw[free] / exact_sum(raw[free]) * left
        result[free] = np.minimum(np.maximum(part, lower[free]), upper[free])
    return result


def _check_room(raw: Floats, lower: Floats, upper: Floats, total: float, room: float) -> None:
    """Raise CapInfeasibleError, with the arithmetic, where floors need too much or caps hold too little."""
    count = len(raw)
    least = exact_sum(lower)
    if least > total + TOLERANCE:
        # Where floors differ there is no one floor to lower.
        one = np.ptp(lower) == 0
        advice = f"lower {f'the floor to at most {_down(total / count)}' if one else 'a floor'} or select fewer assets"
        raise CapInfeasibleError(f"{count} assets with floors that sum to {least:.6g} > {total:.6g}: {advice}")
    if room >= total - TOLERANCE:
        return
    zeros = np.count_nonzero(raw == 0)
    note = f" ({zeros} of {count} have no weight)" if zeros else ""
    holding = count - zeros
    if not holding or np.ptp(upper[raw > 0]) > 0 or lower[raw == 0].any():
        raise CapInfeasibleError(
            f"the limits of {holding} assets{note} sum to {room:.6g} < {total:.6g}: raise a cap or select more assets"
        )
    cap = float(upper[raw > 0][0])
    more = math.ceil(total / cap - TOLERANCE)
    raise CapInfeasibleError(
        f"{holding} assets{note} x {cap:g} = {room:.6g} < {total:.6g}: raise the cap to at least "
        f"{_up(total / holding)} or select at least {more} assets"
    )


def _up(fraction: float) -> str:
    return f"{math.ceil(fraction * 1e6 - 1e-6) / 1e6:g}"


def _down(fraction: float) -> str:
    return f"{math.floor(fraction * 1e6 + 1e-6) / 1e6:g}"


def _members(groups: Sequence[Hashable], group_cap: float | Mapping[Hashable, float], count: int) -> list[_Group]:
    if len(groups) != count:
        raise MethodologyError(f"groups: {len(groups)} labels for {count} weights")
    found: list[_Group] = []
    for label in sorted({label for label in groups if label is not None}, key=str):
        limit = group_cap.get(label) if isinstance(group_cap, Mapping) else group_cap
        if limit is None:
            continue
        if not 0 < limit <= 1:
            raise MethodologyError(f"group cap of {label}: {limit!r} is not a fraction between 0 and 1, such as 0.4")
        found.append((str(label), np.array([own == label for own in groups]), limit))
    return found


def _grouped(raw: Floats, lower: Floats, upper: Floats, groups: list[_Group], total: float) -> Floats:
    """Hold each group that exceeds its cap at the cap, share the rest among the others, and repeat.

    Holding a group raises λ for the others and never lowers it, so a group once held stays held, and the
    order in which groups are found does not matter.
    """
    _check_groups(raw, lower, upper, groups, total)
    result = np.zeros(len(raw))
    open_groups, rest = list(groups), np.ones(len(raw), dtype=bool)
    held: list[float] = []
    while rest.any():
        result[rest] = _bounded(raw[rest], lower[rest], upper[rest], math.fsum([total, *held]))
        over = [group for group in open_groups if exact_sum(result[group[1]]) > group[2] + _ROUNDING]
        if not over:
            break
        for group in over:
            _, mask, limit = group
            result[mask] = _bounded(raw[mask], lower[mask], upper[mask], limit)
            rest &= ~mask
            held.append(-limit)
            open_groups.remove(group)
    return result


def _check_groups(raw: Floats, lower: Floats, upper: Floats, groups: list[_Group], total: float) -> None:
    ceiling = np.where(raw > 0, upper, lower)
    loose = np.ones(len(raw), dtype=bool)
    places: list[float] = []
    for label, mask, limit in groups:
        loose &= ~mask
        least = exact_sum(lower[mask])
        if least > limit + TOLERANCE:
            raise CapInfeasibleError(
                f"the floors of {np.count_nonzero(mask)} assets in group {label} sum to {least:.6g} > its cap "
                f"{limit:g}: lower the floor, raise the group's cap or select fewer of its assets"
            )
        places.append(min(limit, exact_sum(ceiling[mask])))
    others = exact_sum(ceiling[loose])
    if math.fsum([*places, others]) >= total - TOLERANCE:
        return
    terms = [f"{label} {place:.6g}" for (label, _, _), place in zip(groups, places, strict=True)]
    terms += [f"other assets {others:.6g}"] if loose.any() else []
    raise CapInfeasibleError(
        f"the groups hold {' + '.join(terms)} = {math.fsum([*places, others]):.6g} < {total:.6g}: raise a cap "
        "or select assets of more groups"
    )


def _concentrated(
    raw: Floats, lower: Floats, upper: Floats, limit: tuple[float, float, float], whole: float, *, apart: Bools
) -> Floats:
    """Try each number of assets that may weigh more than y, and keep the result nearest to the weights given.

    With k large assets, those weigh from y to x and form a group capped at z; the others weigh y at most.
    Every set of weights that keeps the rule and the order of the assets is of that form for some k. Of the assets that
    are set apart by a limit of their own, that limit says whether they are large; they do not count in k.
    """
    single, over, total = limit
    upper = np.minimum(upper, single)
    always = apart & (lower > over)
    unclear = np.flatnonzero(apart & ~always & (upper > over))
    if len(unclear):
        raise MethodologyError(
            f"the limits of number {unclear[0]} lie on both sides of {over:g}, so they do not say whether it counts as "
            f"large: beside a concentration limit give a least weight above {over:g}, or a greatest not above it"
        )
    if (lower > upper).any():
        raise CapInfeasibleError(f"number {np.flatnonzero(lower > upper)[0]} is to weigh more than {single:g}")
    plain = _bounded(raw, lower, upper, whole)
    if exact_sum(plain[plain > over + _ROUNDING]) <= total + _ROUNDING:
        return plain
    best: Floats | None = None
    least = math.inf
    for threshold in [np.inf, *np.unique(raw[(raw > 0) & ~apart])[::-1].tolist()]:
        large = always | ((raw >= threshold) & ~apart)
        if np.count_nonzero(large) * over > total + TOLERANCE:
            break
        low = np.where(large, np.maximum(lower, over), lower)
        high = np.where(large, upper, np.minimum(upper, over))
        if (low > high).any():
            continue
        try:
            found = _grouped(raw, low, high, [("large", large, total)] if large.any() else [], whole)
        except CapInfeasibleError:
            continue
        distance = _relative_entropy(found, raw)
        if distance < least:
            best, least = found, distance
    if best is None:
        if apart.any():
            raise CapInfeasibleError(
                f"{np.count_nonzero(raw > 0)} assets, {np.count_nonzero(apart)} of them with limits of their own, "
                f"cannot keep {single:g}/{over:g}/{total:g}: select more assets or raise a limit"
            )
        raise CapInfeasibleError(_too_few(raw, single, over, total, whole))
    return best


def _relative_entropy(weights: Floats, raw: Floats) -> float:
    # Imported where it is used: Numba takes half a second to load.
    from basketry.core.elementary import log

    counted = (weights > 0) & (raw > 0)
    return exact_sum(weights[counted] * log(weights[counted] / raw[counted]))


def _too_few(raw: Floats, single: float, over: float, total: float, whole: float) -> str:
    holding = np.count_nonzero(raw > 0)
    needed = min(
        large + math.ceil((whole - min(total, large * single)) / over - TOLERANCE)
        for large in range(math.floor(total / over + TOLERANCE) + 1)
    )
    return (
        f"{holding} assets cannot keep {single:g}/{over:g}/{total:g}: {total:g} for those above {over:g} "
        f"and {over:g} for each other asset sum to less than {whole:g}; select at least {needed} assets or raise a "
        "limit"
    )
