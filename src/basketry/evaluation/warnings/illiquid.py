"""Warns of constituents that hardly trade."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome
from basketry.market.cash import CASH


@WARNINGS.register("illiquid")
class Illiquid(Check):
    """Constituents whose value traded a day is small.

    Attributes:
        value_traded_min: Quote currency a day, the median of 30 days.
    """

    action = "See the days to trade and the capacity; leave such constituents out of a product, or hold it small."

    value_traded_min: float = Field(10e6, gt=0)

    def examine(self, subject: Subject) -> Outcome:
        """Return which constituents of the last basket trade too little."""
        weights, view = subject.last_basket(), subject.view()
        if not weights or view is None or "volume" not in view.fields or not len(view.times):
            return self.not_examined(
                "Constituents or their volumes are not known.", "Provide constituents and their daily volumes."
            )
        median = view.statistic("volume", "median", timedelta(days=30))
        if subject.methodology is not None and subject.methodology.holds_cash:
            weights = {asset: weight for asset, weight in weights.items() if asset != CASH}
        traded = {asset: float(median[view.position(asset)]) for asset in weights if asset in view.assets}
        low = {asset: value for asset, value in traded.items() if value < self.value_traded_min}
        unknown = [asset for asset in weights if not traded.get(asset, float("nan")) >= 0]
        share = sum(weights[asset] for asset in low)
        evidence = [
            f"{asset}: {low[asset]:,.0f} a day, weight {weights[asset]:.2%}"
            for asset in sorted(low, key=low.__getitem__)
        ]
        if unknown:
            evidence.append(f"volume not known: {', '.join(sorted(unknown))}")
        figures = {"illiquid": float(len(low)), "weight": share, "unknown": float(len(unknown))}
        if low or unknown:
            statement = (
                f"{len(low)} of {len(weights)} constituents ({share:.1%} of the weight) trade under "
                f"{self.value_traded_min:,.0f} a day" + (f", {len(unknown)} have no known volume." if unknown else ".")
            )
            return self.warning(statement, evidence, figures)
        return self.clear(f"Every constituent trades {self.value_traded_min:,.0f} a day or more.", (), figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"A constituent's median value traded in 30 days is under {self.value_traded_min:,.0f} a day."
