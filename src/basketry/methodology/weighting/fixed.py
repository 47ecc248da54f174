"""Weights that the rulebook states."""

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

    def words(self) -> str:
        """Return the rule as a sentence."""
        total = sum(self.assets.values())
        shares = ", ".join(f"{name} {weight / total * 100:.4g}%" for name, weight in self.assets.items())
        rest = "; the weight of an asset that is not selected is shared by the others" if self.renormalise else ""
        return f"Fixed weights: {shares}{rest}."


def _unselected(absent: list[str], view: Panel) -> str:
    """Return in words who has a weight and is not selected, with the nearest id where the data do not know it.

    >>> _unselected(["btc", "ethereun"], Panel(np.empty(0, "datetime64[us]"), ("btc", "ethereum"), {}))
    "btc, ethereun (did you mean 'ethereum'?) have a stated weight but are not selected"
    """
    told = ", ".join(name if name in view.assets else f"{name}{nearest_hint(name, view.assets)}" for name in absent)
    have, are = ("has", "is") if len(absent) == 1 else ("have", "are")
    return f"{told} {have} a stated weight but {are} not selected"
