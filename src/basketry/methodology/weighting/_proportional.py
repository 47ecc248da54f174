"""Weights in proportion to one figure."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel


def in_proportion(view: Panel, selected: NDArray[np.int64], figures: Floats, name: str, power: float = 1.0) -> Floats:
    """Return a power of the selected assets' figures scaled to sum to 1, shape (n,).

    Raises:
        MethodologyError: A selected asset's figure is unknown, negative or infinite, or all are zero.
    """
    from basketry.methodology._exact import range_and_total

    chosen = figures[selected]
    least, most, total = range_and_total(chosen)
    if not (least >= 0 and most < np.inf):
        place = int(np.flatnonzero(~((chosen >= 0) & (chosen < np.inf)))[0])
        asset, figure = view.assets[int(selected[place])], chosen[place]
        what = "not known" if np.isnan(figure) else f"{figure:g}"
        raise MethodologyError(
            f"{name} of {asset!r} is {what}, so it cannot be weighted; require it in the universe, as in "
            f"`- required: [{name}]`"
        )
    if most == 0:
        raise MethodologyError(f"{name} is zero for every selected asset, so nothing can be weighted")
    if power != 1:
        # Scaling first keeps a power of a large figure finite.
        return normalise(_raised(chosen / most, power))
    return chosen / total if most < 1e290 else normalise(chosen / most)


def _raised(figures: Floats, power: float) -> Floats:
    if power == 0.5:
        return np.sqrt(figures)
    # Imported where it is used: Numba takes half a second to load.
    from basketry.core import elementary

    return elementary.power(figures, power)
