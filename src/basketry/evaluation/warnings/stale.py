"""Warns where levels or prices stand still, or trail what happened."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("stale")
class Stale(Check):
    """Stale prices: returns of exactly zero, or returns that follow the one before.

    A traded price hardly ever repeats to its last digit; a smoothed or carried one makes returns correlated with the
    one before. The autocorrelation a is tested with an error that allows for changing volatility.

    Attributes:
        zero_share: Share of zero returns of the level that is warned of.
        run: Zero returns in a row that are warned of.
        autocorrelation: Smallest a that matters.
        significance: One-sided probability of a below which is warned, when it matters.
        asset_zero_share: Share of zero returns of a constituent's price in 180 days that is warned of; more than
            of the level, as prices of small units are given to few digits.
        asset_run: Zero returns of a constituent in a row that are warned of.
        not_live: Share of levels that are not live that is warned of.
        least: Fewest returns that can be judged.
    """

    formula = "a = Σ r_t r_(t−1) / Σ r², z = Σ r_t r_(t−1) / √Σ r_t² r_(t−1)²"
    source = (
        "Lo and MacKinlay (1988), Stock Market Prices Do Not Follow Random Walks (robust error); Lesmond, Ogden and "
        "Trzcinka (1999), A New Estimate of Transaction Costs (zero returns); Getmansky, Lo and Makarov (2004)"
    )
    action = (
        "Risk is understated and the level cannot be traded: measure risk on longer steps, and ask for the age of "
        "prices."
    )

    zero_share: float = Field(0.01, gt=0, lt=1)
    run: int = Field(3, ge=2)
    autocorrelation: float = Field(0.1, gt=0, lt=1)
    significance: float = Field(0.001, gt=0, lt=0.5)
    asset_zero_share: float = Field(0.1, gt=0, lt=1)
    asset_run: int = Field(5, ge=2)
    not_live: float = Field(0.02, gt=0, lt=1)
    least: int = Field(60, ge=10)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether levels or the prices of constituents are stale."""
        returns = subject.returns[~np.isnan(subject.returns)]
        if len(returns) < self.least:
            return self.not_examined(f"{len(returns)} returns, {self.least} are needed.", "Provide a longer history.")
        correlation, score, chance = lag_one(returns)
        share, longest = zero_returns(returns)
        figures = {
            "autocorrelation": correlation,
            "z": score,
            "p": chance,
            "zero_share": share,
            "longest_run": float(longest),
        }
        found = []
        if share > self.zero_share or longest >= self.run:
            found.append(f"{share:.1%} of the returns of the level are zero, at most {longest} in a row")
        if correlation > self.autocorrelation and chance < self.significance:
            found.append(f"returns follow the one before: a = {correlation:.2f}, z = {score:.1f}, chance {chance:.2g}")
        if subject.statuses is not None:
            figures["not_live"] = sum(status != "live" for status in subject.statuses) / len(subject.statuses)
            if figures["not_live"] > self.not_live:
                found.append(f"{figures['not_live']:.1%} of the levels were made of prices that are not fresh")
        constituents = self._constituents(subject)
        figures["stale_constituents"] = float(len(constituents))
        found += constituents
        if found:
            return self.warning("Levels or prices are stale.", found, figures)
        evidence = [
            f"autocorrelation {correlation:+.3f}, z = {score:.1f}",
            f"{share:.2%} of the returns are zero, at most {longest} in a row",
        ]
        return self.clear("No sign of stale prices.", evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"More than {self.zero_share:.0%} of the returns are zero, {self.run} in a row are, or they follow the one "
            f"before with a over {self.autocorrelation:g}."
        )

    def _constituents(self, subject: Subject) -> list[str]:
        view = subject.view()
        if view is None or not len(view.times):
            return []
        prices = view.window("price", timedelta(days=180))
        found = []
        for asset, weight in sorted(subject.last_basket().items()):
            if asset not in view.assets:
                continue
            own = prices[:, view.position(asset)]
            own = own[~np.isnan(own)]
            share, longest = zero_returns(np.diff(own))
            if len(own) > 20 and (share > self.asset_zero_share or longest >= self.asset_run):
                found.append(
                    f"{asset} (weight {weight:.1%}): {share:.1%} of its prices repeat, at most {longest} in a row"
                )
        return found


def lag_one(returns: Floats) -> tuple[float, float, float]:
    """Return the first autocorrelation, its z with an error robust to changing volatility, and P(Z > z).

    >>> rng = np.random.default_rng(0)
    >>> smooth = np.convolve(rng.normal(size=500), [0.5, 0.5])
    >>> correlation, score, chance = lag_one(smooth)
    >>> round(correlation, 1), score > 5, chance < 1e-6
    (0.5, True, True)
    """
    from scipy.stats import norm

    centred = returns - returns.mean()
    product = centred[1:] * centred[:-1]
    total, error = float((centred**2).sum()), math.sqrt(float((product**2).sum()))
    if total == 0 or error == 0:
        return 0.0, 0.0, 0.5
    score = float(product.sum()) / error
    return float(product.sum()) / total, score, float(norm.sf(score))


def zero_returns(returns: Floats) -> tuple[float, int]:
    """Return the share of returns that are exactly zero, and the longest run of them.

    >>> zero_returns(np.array([0.0, 0.1, 0.0, 0.0]))
    (0.75, 2)
    """
    if not len(returns):
        return 0.0, 0
    still = np.concatenate([[False], returns == 0, [False]])
    edges = np.flatnonzero(np.diff(still.astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(np.mean(returns == 0)), int(runs.max(initial=0))
