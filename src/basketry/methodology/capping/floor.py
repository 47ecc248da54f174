"""A floor under each weight."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule


@CAPPING.register("floor")
class Floor(CappingRule):
    """No weight below a limit.

    >>> Floor(limit=0.01).words()
    'No weight is below 1%.'
    """

    shorthand = "limit"
    formula = "w_i = max(λ r_i, f), Σ w_i = 1"
    source = "Bloomberg Galaxy Crypto Index methodology (2021): 35% cap, 1% floor"

    limit: float = Field(gt=0, lt=1, examples=[0.01])

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the floor."""
        del view, selected
        return {"floor": self.limit}

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"No weight is below {self.limit * 100:g}%."
