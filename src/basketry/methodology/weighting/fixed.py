"""Weights that the rulebook states."""

from decimal import Decimal
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Floats, normalise
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@WEIGHTING.register("fixed")
class Fixed(WeightingRule):
    """Weight assets by stated numbers.

    Attributes:
        assets: Weight by asset, written `weights`; they are scaled to sum to 1.
        renormalise: Where a stated asset is not selected, share its weight among the others; else refuse.

    >>> Fixed(weights={"bitcoin": 0.6, "ethereum": 0.4}).words()
    'Fixed weights: bitcoin 60%, ethereum 40%.'
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    formula = "w_i = f_i / Σ_j f_j"
    source = "Fixed-weight baskets, such as the 60/40 of a balanced fund"

    assets: dict[str, Annotated[float, Field(gt=0)]] = Field(
        alias="weights", min_length=1, examples=[{"bitcoin": 0.6, "ethereum": 0.4}]
    )
    renormalise: bool = False

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the stated weights of the selected assets."""
        names = [view.assets[column] for column in selected.tolist()]
        unstated = [name for name in names if name not in self.assets]
        absent = sorted(set(self.assets) - set(names))
        if unstated:
            raise MethodologyError(
                f"no weight is stated for {', '.join(unstated)}; state one, or select only these, as in "
                f"`- include_assets: [{', '.join(self.assets)}]`"
            )
        if absent and not self.renormalise:
            raise MethodologyError(f"{_unselected(absent, view)}; with renormalise: true the others share it")
        return normalise(np.array([self.assets[name] for name in names]))

    @property
    def reads(self) -> Reads:
        """What is named."""
        return Reads(assets=tuple(self.assets))

    @property
    def whole(self) -> bool:
        """Whether the weights sum to 1 or to 100, up to the rounding of their last digits, at most of whole percents.

        >>> [Fixed(weights={"a": a, "b": b}).whole for a, b in ((0.333, 0.666), (60, 40), (60, 30), (1, 1))]
        [True, True, False, False]
        """
        return self.sums_to(1.0)

    def sums_to(self, part: float) -> bool:
        """Whether the weights sum to a part of 1 or of 100, up to the rounding of their last digits.

        >>> Fixed(weights={"a": 0.6, "b": 0.2}).sums_to(0.8)
        True
        """
        exact = [Decimal(repr(weight)).normalize() for weight in self.assets.values()]
        last = min(int(weight.as_tuple().exponent) for weight in exact)
        # Each is off by half a unit of its last digit at most.
        half = Decimal(len(exact)) / 2
        return any(
            abs(sum(exact) - Decimal(repr(part)) * 10**power) <= half * Decimal(10) ** min(last, power - 2)
            for power in (0, 2)
        )

    def doubt(self) -> str | None:
        """Return that the weights are scaled, where they sum to neither 1 nor 100."""
        return self.doubt_of(1.0)

    def doubt_of(self, invested: float) -> str | None:
        """Return that the weights are scaled, where they sum to neither 1 nor 100, nor to what is beside cash."""
        if self.whole or self.sums_to(invested):
            return None
        beside = "" if invested == 1 else f", or to the {invested:.10g} beside cash,"
        return (
            f"weights sum to {sum(self.assets.values()):g}, so they are scaled: {self._shares(invested)}; write "
            f"weights that sum to 1 or to 100{beside} where others are meant"
        )

    def _shares(self, invested: float = 1.0) -> str:
        total = sum(self.assets.values()) / invested
        return ", ".join(f"{name} {weight / total * 100:.4g}%" for name, weight in self.assets.items())

    def words(self) -> str:
        """Return the rule as a sentence."""
        return self.words_of(1.0)

    def words_of(self, invested: float) -> str:
        """Return the rule as a sentence, in which weights are shares of an index of which so much is not cash.

        >>> Fixed(weights={"bitcoin": 0.6, "ethereum": 0.4}).words_of(0.8)
        'Fixed weights: bitcoin 48%, ethereum 32% of the index, scaled from weights that sum to 1.'
        """
        scaled = "" if self.sums_to(invested) else f", scaled from weights that sum to {sum(self.assets.values()):g}"
        scaled = scaled if invested == 1 else f" of the index{scaled}"
        rest = "; the weight of an asset that is not selected is shared by the others" if self.renormalise else ""
        return f"Fixed weights: {self._shares(invested)}{scaled}{rest}."


def _unselected(absent: list[str], view: Panel) -> str:
    """Return in words who has a weight and is not selected, with the nearest id where the data do not know it.

    >>> _unselected(["btc", "ethereun"], Panel(np.empty(0, "datetime64[us]"), ("btc", "ethereum"), {}))
    "btc, ethereun (did you mean 'ethereum'?) have a stated weight but are not selected"
    """
    told = ", ".join(name if name in view.assets else f"{name}{nearest_hint(name, view.assets)}" for name in absent)
    have, are = ("has", "is") if len(absent) == 1 else ("have", "are")
    return f"{told} {have} a stated weight but {are} not selected"
