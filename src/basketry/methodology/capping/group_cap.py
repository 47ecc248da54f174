"""A cap on the weight of each sector or tag."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule

Share = Annotated[float, Field(gt=0, le=1)]


@CAPPING.register("group_cap")
class GroupCap(CappingRule):
    """No group of assets above a limit; an asset of no group is free.

    Attributes:
        by: sector: each asset's sector. tag: the first of the tags in `limits` that it carries.
        limit: Cap of every sector.
        named: Cap (written `limits`) of each named sector or tag; others are free, or under `limit` where given.

    >>> GroupCap(limit=0.4).words()
    'No sector is above 40%.'
    """

    shorthand = "limit"
    formula = "Σ_{i in group} w_i ≤ c_group"
    source = "S&P Dow Jones Indices, Index Mathematics, group capping"

    by: Literal["sector", "tag"] = "sector"
    limit: Share | None = None
    named: dict[str, Share] = Field(default_factory=dict, alias="limits")

    @model_validator(mode="after")
    def _stated(self) -> "GroupCap":
        if self.limit is None and not self.named:
            raise MethodologyError("needs limit or limits")
        if self.by == "tag" and not self.named:
            raise MethodologyError("by tag needs limits by tag")
        return self

    def limits(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the group of each asset and the caps."""
        labels = self._labels(view, selected)
        return {"groups": labels, "group_cap": self._caps(labels)}

    def words(self) -> str:
        """Return the rule as a sentence."""
        parts = [f"no {self.by} is above {self.limit * 100:g}%"] if self.limit is not None else []
        parts += [f"{self.by} {name} is at most {share * 100:g}%" for name, share in self.named.items()]
        text = "; ".join(parts) + "."
        return text[0].upper() + text[1:]

    def _caps(self, labels: list[str | None]) -> Mapping[str, float]:
        caps = {label: self.limit for label in labels if label is not None and self.limit is not None}
        return {**caps, **self.named}

    def _labels(self, view: Panel, selected: NDArray[np.int64]) -> list[str | None]:
        if self.by == "sector":
            sectors = view.sectors()
            return [sectors[column] for column in selected.tolist()]
        carried = {tag: view.tagged(tag) for tag in self.named}
        return [next((tag for tag, mask in carried.items() if mask[column]), None) for column in selected.tolist()]
