"""Weights in proportion to one figure."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel


def in_proportion(view: Panel, selected: NDArray[np.int64], figures: Floats, name: str) -> Floats:
    """Return selected figures scaled to sum to 1, shape (n,).

    Raises:
        MethodologyError: A selected asset's figure is unknown or negative, or all are zero.
    """
    chosen = figures[selected]
    wrong = np.flatnonzero(~(chosen >= 0))
    if len(wrong):
        asset = view.assets[int(selected[wrong[0]])]
        raise MethodologyError(
            f"{name} of {asset!r} is {chosen[wrong[0]]!r}, so it cannot be weighted; require it in the universe, "
            f"as in `- required: [{name.replace(' ', '_')}]`"
        )
    if not chosen.any():
        raise MethodologyError(f"{name} is zero for every selected asset, so nothing can be weighted")
    return normalise(chosen)
