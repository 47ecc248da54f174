"""The x/y/z rule of diversified funds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule


@CAPPING.register("concentration")
class Concentration(CappingRule):
    """No weight above x, and those above y sum to z at most.

    Attributes:
        single: x, cap of each weight, a fraction.
        over: y, a weight above this counts as large.
        total: z, cap of the sum of the large weights.

    >>> Concentration(single=0.1, over=0.05, total=0.4).words()
    'No weight is above 10%, and those above 5% sum to at most 40%.'
    """

    formula = "w_i ≤ x, Σ_{w_i > y} w_i ≤ z"
    source = "Directive 2009/65/EC (UCITS), article 52: 5/10/40; MSCI 10/40 Indices Methodology; US RIC 25/5/50"

    single: float = Field(gt=0, le=1)
    over: float = Field(gt=0, le=1)
    total: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Concentration":
        if not self.over <= self.single or not self.over <= self.total:
            raise ValueError(f"over {self.over:g} must not be above single {self.single:g} or total {self.total:g}")
        return self

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the three numbers."""
        del view, selected
        return {"concentration": (self.single, self.over, self.total)}

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"No weight is above {self.single * 100:g}%, and those above {self.over * 100:g}% sum to at most "
            f"{self.total * 100:g}%."
        )
