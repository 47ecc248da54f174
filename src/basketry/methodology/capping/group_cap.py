"""A cap on the weight of each sector or tag."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule

Share = Annotated[float, Field(gt=0, le=1)]


@CAPPING.register("group_cap")
class GroupCap(CappingRule):
    """No group of assets above a limit; an asset of no group is free.

    `group_cap: 0.4` and `group_cap: {sector: 0.4}` are short for `group_cap: {by: sector, limit: 0.4}`.

    Attributes:
        by: sector: each asset's sector. tag: the first of the tags in `limits` that it carries.
        limit: Cap of every sector.
        limits: Cap of each named sector or tag; a sector not named is under `limit`, or free where that is
            not given.

    >>> GroupCap(limit=0.4).words()
    'No sector is above 40%.'
    >>> GroupCap.model_validate({"sector": 0.4}) == GroupCap(by="sector", limit=0.4)
    True
    """

    shorthand = "limit"
    formula = "Σ_{i in g} w_i ≤ c_g; w_i = min(λ μ_g r_i, c_i), Σ w_i = 1, μ_g = 1 below the cap"
    source = "S&P Dow Jones Indices, Index Mathematics, capping by group"

    by: Literal["sector", "tag"] = "sector"
    limit: Share | None = None
    limits: dict[str, Share] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and list(value) == ["sector"]:
            return {"limit": value["sector"]}
        return value

    @model_validator(mode="after")
    def _stated(self) -> "GroupCap":
        if self.limit is None and not self.limits:
            raise ValueError("needs a cap: limit: 0.4 for every sector, or limits: {defi: 0.3} by name")
        if self.by == "tag" and (self.limit is not None or not self.limits):
            raise ValueError("by tag needs limits by tag and no common limit, as an asset may carry many tags")
        return self

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the group of each asset and the caps."""
        labels = self._labels(view, selected)
        caps = {label: self.limit for label in labels if label is not None and self.limit is not None}
        return {"groups": labels, "group_cap": {**caps, **self.limits}}

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(facts={self.by: tuple(self.limits)})

    def words(self) -> str:
        """Return the rule as a sentence."""
        parts = [f"{self.by} {name} is at most {share * 100:g}%" for name, share in self.limits.items()]
        if self.limit is not None:
            parts.append(f"no {'other ' if parts else ''}{self.by} is above {self.limit * 100:g}%")
        text = "; ".join(parts) + "."
        return text[0].upper() + text[1:]

    def _labels(self, view: Panel, selected: NDArray[np.int64]) -> list[str | None]:
        if self.by == "sector":
            sectors = view.sectors()
            return [sectors[column] for column in selected.tolist()]
        carried = {tag: view.tagged(tag) for tag in self.limits}
        return [next((tag for tag, mask in carried.items() if mask[column]), None) for column in selected.tolist()]
