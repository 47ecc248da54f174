"""Weights that the rulebook states."""

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, normalise
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("fixed")
class Fixed(WeightingRule):
    """Weight assets by stated numbers.

    Attributes:
        stated: Weight (written `weights`) by asset; they are scaled to sum to 1.
        renormalise: Where a stated asset is not selected, share its weight among the others; else refuse.

    >>> Fixed(weights={"bitcoin": 0.6, "ethereum": 0.4}).words()
    'Fixed weights: bitcoin 60%, ethereum 40%.'
    """

    source = "Fixed-weight baskets"

    stated: dict[str, float] = Field(alias="weights", min_length=1)
    renormalise: bool = False

    @model_validator(mode="after")
    def _positive(self) -> "Fixed":
        if any(not weight > 0 for weight in self.stated.values()):
            raise MethodologyError("weights must be positive")
        return self

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the stated weights of the selected assets."""
        names = [view.assets[column] for column in selected.tolist()]
        unstated = [name for name in names if name not in self.stated]
        absent = sorted(set(self.stated) - set(names))
        if unstated:
            raise MethodologyError(f"no weight is stated for {', '.join(unstated)}; select with include_assets")
        if absent and not self.renormalise:
            raise MethodologyError(f"{', '.join(absent)} is not selected; allow it with renormalise: true")
        return normalise(np.array([self.stated[name] for name in names]))

    def words(self) -> str:
        """Return the rule as a sentence."""
        total = sum(self.stated.values())
        shares = ", ".join(f"{name} {weight / total * 100:.4g}%" for name, weight in self.stated.items())
        return f"Fixed weights: {shares}."
