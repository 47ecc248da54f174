"""Limits of named assets in place of the common ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.rule import Reads
from basketry.core.wrong_values import number_to_write, shown
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule


class OwnLimits(BaseModel):
    """The least and the greatest weight of one asset.

    Attributes:
        min: Its floor, a fraction; the common one where it is not given.
        max: Its cap, a fraction; the common one where it is not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    min: float | None = Field(None, ge=0, le=1)
    max: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _both_or_one(cls, value: Any) -> Any:
        if not isinstance(value, Mapping | OwnLimits):
            number = number_to_write(str(value)) or "0.3"
            raise ValueError(f"expected its own min, max or both: write {{max: {number}}}")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> "OwnLimits":
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both, as in {min: 0.1, max: 0.3}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self

    def words(self) -> str:
        """Return the limits in words.

        >>> OwnLimits(min=0.1, max=0.3).words()
        'at least 10% and at most 30%'
        """
        least = [] if self.min is None else [f"at least {self.min * 100:.10g}%"]
        most = [] if self.max is None else [f"at most {self.max * 100:.10g}%"]
        return " and ".join(least + most)


@CAPPING.register("limits")
class Limits(CappingRule):
    """Named assets have a floor and a cap of their own.

    An asset's own `max` goes before `cap`, also above it, and its own `min` before `floor`. Group caps and a
    concentration limit hold all the same. An asset that is not selected is not added.

    Attributes:
        assets: The limits by asset.

    >>> Limits(assets={"bitcoin": {"min": 0.1, "max": 0.3}, "solana": {"max": 0.05}}).words()
    'Limits by asset: bitcoin weighs at least 10% and at most 30%, solana at most 5%, whatever limit the others have.'
    """

    shorthand = "assets"
    formula = "w_i = min(max(λ r_i, a_i), b_i), Σ w_i = 1"
    source = "Upper and lower bounds by asset, as in Jagannathan and Ma (2003), Risk Reduction in Large Portfolios"

    assets: dict[str, OwnLimits] = Field(
        min_length=1, examples=[{"bitcoin": {"min": 0.1, "max": 0.3}, "solana": {"max": 0.05}}]
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        stated = value["assets"] if isinstance(value, Mapping) and list(value) == ["assets"] else value
        if not isinstance(stated, Mapping):
            raise ValueError(f"expected limits by asset, as in {{bitcoin: {{max: 0.3}}}}, was {shown(stated)}")
        return {"assets": stated}

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(assets=tuple(self.assets))

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the least and the greatest weight of each asset, NaN where it has no limit of its own."""
        own = [self.assets.get(view.assets[column]) for column in selected.tolist()]
        return {
            "lower": np.array([np.nan if one is None or one.min is None else one.min for one in own]),
            "upper": np.array([np.nan if one is None or one.max is None else one.max for one in own]),
        }

    def words(self) -> str:
        """Return the rule as a sentence."""
        (first, limits), *more = self.assets.items()
        parts = [f"{first} weighs {limits.words()}", *(f"{asset} {own.words()}" for asset, own in more)]
        return f"Limits by asset: {', '.join(parts)}, whatever limit the others have."
