"""Rebalance when a weight leaves its band."""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.tracking.policies import AIMS, POLICIES, TRIGGERS, Plan, Policy
from basketry.tracking.policies._due import every_row
from basketry.tracking.target import Target


@POLICIES.register("bands")
class Bands(Policy):
    """Trade when a weight is outside a band about its target: back to the target, or only to the edge.

    With costs in proportion to what is traded it is best to trade only to the edge. What leaves the index has a band
    of width zero and is sold at once. Trading to the edge, what must be bought or sold to balance is taken from the
    assets furthest from their targets, as a share of their bands.

    Attributes:
        relative: Half width as a fraction of the target weight.
        absolute: Half width as a fraction of the portfolio; of both the narrower holds.
        to: 'edge' of the band for what is outside, or the 'target' for everything.

    >>> Bands(relative=0.2).words()
    'Whenever a weight is more than 20% of its target away from it, it is traded back to that distance.'
    """

    shorthand = "relative"
    formula = "x_i = clip(y_i, w_i - b_i, w_i + b_i) with Σx = 1, b_i = min(a, r·w_i)"
    source = (
        "Davis and Norman (1990), Portfolio selection with transaction costs; Leland (1999), Optimal portfolio "
        "management with transactions costs and capital gains taxes; Donohue and Yip (2003), Optimal portfolio "
        "rebalancing with transaction costs"
    )

    relative: float | None = Field(None, gt=0)
    absolute: float | None = Field(None, gt=0)
    to: Literal["edge", "target"] = "edge"

    @model_validator(mode="after")
    def _some_width(self) -> "Bands":
        if self.relative is None and self.absolute is None:
            raise MethodologyError("bands: state a width, as in bands: {relative: 0.2} or bands: {absolute: 0.01}")
        return self

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row."""
        return Plan(
            every_row(target),
            TRIGGERS["band"],
            AIMS[self.to],
            absolute=np.inf if self.absolute is None else self.absolute,
            relative=np.inf if self.relative is None else self.relative,
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        widths = [] if self.relative is None else [f"{self.relative * 100:g}% of its target"]
        widths += [] if self.absolute is None else [f"{self.absolute * 100:g}% of the portfolio"]
        then = "it is traded back to that distance" if self.to == "edge" else "everything is traded to its target"
        return f"Whenever a weight is more than {' or '.join(widths)} away from it, {then}."
