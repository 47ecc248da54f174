"""Which limit each weight is at, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats, exact_sum
from basketry.market.panel import Panel
from basketry.methodology.cap_weights import TOLERANCE, bounds_of_each
from basketry.methodology.capping import limits_of
from basketry.methodology.weight import Weight


def bound_words(
    weight: Weight, view: Panel, selected: NDArray[np.int64], raw: Floats, weights: Floats
) -> dict[int, str]:
    """Return in words what held each weight, by its place; a weight that no limit holds is not in it.

    Args:
        weight: The section, whose limits the weights keep.
        view: The panel as of the determination.
        selected: Columns of the selected assets, ascending, shape (n,).
        raw: Weights before capping, shape (n,).
        weights: And after, shape (n,).
    """
    limits = limits_of(weight.caps, view, selected)
    lower, upper = bounds_of_each(
        raw, **{name: limits[name] for name in ("cap", "largest", "floor", "lower", "upper") if name in limits}
    )
    nobody = np.full(len(raw), np.nan)
    fixed = nobody if weight.fixed is None else weight.fixed.stated(view, selected)
    own = [~np.isnan(limits.get(name, nobody)) for name in ("lower", "upper")]
    together = _together(limits, weights)
    moved = np.abs(weights - raw) > TOLERANCE
    found: dict[int, str] = {}
    for place in np.flatnonzero(moved | ~np.isnan(fixed)).tolist():
        words = together[place]
        if not np.isnan(fixed[place]):
            words = f"stated {_percent(fixed[place])}"
        elif weights[place] >= upper[place] - TOLERANCE:
            words = f"capped at {'its own ' if own[1][place] else ''}{_percent(upper[place])}"
        elif weights[place] <= lower[place] + TOLERANCE and lower[place] > 0:
            verb = "raised to" if raw[place] < lower[place] else "held at"
            words = f"{verb} {'its own floor' if own[0][place] else 'the floor'} {_percent(lower[place])}"
        if words:
            found[place] = f"{_percent(raw[place])} before caps, {words}"
    return found


def _together(limits: dict[str, Any], weights: Floats) -> list[str]:
    """Return what holds each weight together with others, '' where nothing does."""
    words = [""] * len(weights)

    def told(mask: Bools, text: str) -> None:
        for place in np.flatnonzero(mask).tolist():
            words[place] = text

    for label, cap in sorted(limits.get("group_cap", {}).items()):
        mask = np.array([own == label for own in limits["groups"]], dtype=bool)
        if exact_sum(weights[mask]) >= cap - TOLERANCE:
            told(mask, f"with its group {label} held at {_percent(cap)}")
    if "concentration" in limits:
        single, over, total = limits["concentration"]
        large = weights > over + TOLERANCE
        if exact_sum(weights[large]) >= total - TOLERANCE:
            told(large, f"with all above {_percent(over)} held at {_percent(total)}")
        told(np.abs(weights - over) <= TOLERANCE, f"held at {_percent(over)}, above which it would count as large")
        told(weights >= single - TOLERANCE, f"capped at {_percent(single)}")
    return words


def _percent(share: float) -> str:
    return f"{share * 100:.4g}%"
