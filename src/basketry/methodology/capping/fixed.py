"""Stated weights of some assets; the weighting rule shares the rest."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.cap_weights import TOLERANCE
from basketry.methodology.capping import CAPPING, CappingRule

Share = Annotated[float, Field(gt=0, le=1)]


@CAPPING.register("fixed")
class FixedWeights(CappingRule):
    """Some assets weigh what is stated; the others share the rest by the weighting rule.

    A stated weight is not bound by `cap` and `floor`. A stated asset that is not selected is not added.

    Attributes:
        assets: Weight by asset, a fraction of the index.

    >>> FixedWeights(assets={"bitcoin": 0.4}).words()
    'Stated weights: bitcoin weighs 40%, whatever cap and floor the others have; the others share the rest, or
    everything where it is not selected.'
    """

    shorthand = "assets"
    formula = "w_i = f_i for i in F, w_i = λ r_i for the others, Σ w_i = 1"
    source = (
        "MVIS CryptoCompare Optimum Global Cryptoasset Index (MarketVector): bitcoin 40%, ether 25%, others by size"
    )

    assets: dict[str, Share] = Field(min_length=1, examples=[{"bitcoin": 0.4, "ethereum": 0.25}])

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) and list(value) == ["assets"] else {"assets": value}

    @model_validator(mode="after")
    def _whole(self) -> "FixedWeights":
        if self.total > 1 + TOLERANCE:
            raise ValueError(f"the stated weights sum to {self.total:.6g} > 1: state less")
        return self

    @property
    def total(self) -> float:
        """The sum of the stated weights."""
        return math.fsum(self.assets.values())

    def stated(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the stated weight of each selected asset, NaN where none is stated, shape (n,)."""
        return np.array([self.assets.get(view.assets[column], np.nan) for column in selected.tolist()])

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(assets=tuple(self.assets))

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the stated weights as the least and the greatest."""
        weights = self.stated(view, selected)
        return {"lower": weights, "upper": weights}

    def check(self, view: Panel, selected: NDArray[np.int64], whole: float = 1.0) -> None:
        """Raise where the stated weights of those selected leave too much, or nothing, to the others.

        Args:
            view: The panel as of the determination.
            selected: Columns of the selected assets, ascending, shape (n,).
            whole: What all weights sum to, less than 1 beside a cash member.

        Raises:
            CapInfeasibleError: Nobody is selected who could have what is not stated.
            MethodologyError: Nothing is left for somebody who is selected.
        """
        weights = self.stated(view, selected)
        others = np.flatnonzero(np.isnan(weights))
        total = math.fsum(weights[~np.isnan(weights)].tolist())
        if not len(others) and total < whole - TOLERANCE:
            raise CapInfeasibleError(
                f"fixed: all {len(weights)} selected assets have stated weights, which sum to {total:.6g} < {whole:g}: "
                f"select more assets, or state weights that sum to {whole:g}"
            )
        if len(others) and total > whole - TOLERANCE:
            raise MethodologyError(
                f"fixed: the stated weights sum to {total:.6g}, so nothing is left for "
                f"{', '.join(view.assets[column] for column in selected[others[:5]].tolist())}: state less, or select "
                f"only these, as in `- include_assets: [{', '.join(self.assets)}]`"
            )

    def words(self) -> str:
        """Return the rule as a sentence."""
        (first, share), *more = self.assets.items()
        parts = [f"{first} weighs {share * 100:.10g}%", *(f"{asset} {weight * 100:.10g}%" for asset, weight in more)]
        absent = (
            "and the weight of one of these that is not selected" if more else "or everything where it is not selected"
        )
        rest = f"whatever cap and floor the others have; the others share the rest, {absent}"
        return f"Stated weights: {', '.join(parts)}, {rest}."
