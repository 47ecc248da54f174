"""A cap on each weight, and another for the largest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule


@CAPPING.register("cap")
class Cap(CappingRule):
    """No weight above a limit; the largest asset may have a limit of its own.

    Attributes:
        limit: Cap of each weight, a fraction.
        largest: Cap of the largest asset, where it differs.

    >>> Cap(limit=0.2, largest=0.3).words()
    'No weight is above 20%; the one largest asset may weigh up to 30%.'
    """

    shorthand = "limit"
    formula = "w_i = min(λ r_i, c_i), Σ w_i = 1"
    source = "S&P Dow Jones Indices, Index Mathematics, capped indices; CoinDesk 20 (30% and 20%)"

    limit: float = Field(gt=0, le=1, examples=[0.25])
    largest: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> "Cap":
        if self.largest is not None and self.largest < self.limit:
            raise ValueError(f"largest {self.largest:g} is below the limit {self.limit:g} of the others")
        return self

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the caps."""
        del view, selected
        return {"cap": self.limit, "largest": self.largest}

    def words(self) -> str:
        """Return the rule as a sentence."""
        words = f"No weight is above {self.limit * 100:g}%"
        return words + (f"; the one largest asset may weigh up to {self.largest * 100:g}%." if self.largest else ".")
