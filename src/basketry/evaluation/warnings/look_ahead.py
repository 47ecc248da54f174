"""Warns where the index seems to know returns before they happen."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("look_ahead")
class LookAhead(Check):
    """Changes of weight go with later returns beyond chance.

    At each rebalance the change of weight of every asset that is in or leaves the basket is ranked against its return
    from then to the next rebalance (Spearman's correlation, the information coefficient); the mean of the coefficients
    over their standard error has Student's t law with one degree of freedom less than rebalances when weights know
    nothing of what comes. A rule without foresight can pass the bound by luck in `significance` of all cases; a rule
    that trades on momentum in a trending market more often.

    Attributes:
        significance: One-sided probability below which is warned.
        least_rebalances: Fewest rebalances that can be judged.
        least_assets: Fewest assets that change at a rebalance for it to count.
    """

    formula = "t = mean(IC) / (sd(IC) / √n), IC = Spearman(Δw, r to the next rebalance)"
    source = "Grinold and Kahn (2000), Active Portfolio Management, chapter 6 (information coefficient)"
    action = (
        "Calculate it again from data cut at each determination date; do not believe the history until that agrees."
    )

    significance: float = Field(0.001, gt=0, lt=0.5)
    least_rebalances: int = Field(12, ge=3)
    least_assets: int = Field(5, ge=3)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether changes of weight foretell returns."""
        if subject.panel is None or not subject.baskets:
            return self.not_examined(
                "Constituents or their prices are not known.",
                "Provide constituents at each rebalance and their prices.",
            )
        from scipy.stats import t as student

        coefficients = information_coefficients(subject, self.least_assets)
        if len(coefficients) < self.least_rebalances:
            return self.not_examined(
                f"{len(coefficients)} rebalances can be judged, {self.least_rebalances} are needed.",
                "Provide a longer history of constituents.",
            )
        spread = float(coefficients.std(ddof=1))
        mean = float(coefficients.mean())
        score = (
            mean / (spread / math.sqrt(len(coefficients)))
            if spread > 0
            else math.copysign(math.inf, mean)
            if mean
            else 0.0
        )
        chance = float(student.sf(score, len(coefficients) - 1))
        figures = {"mean_ic": mean, "t": score, "p": chance, "rebalances": float(len(coefficients))}
        evidence = [
            f"mean rank correlation {mean:+.3f} over {len(coefficients)} rebalances",
            f"t = {score:.2f}, chance {chance:.2g}",
            f"{np.mean(coefficients > 0):.0%} of the rebalances bought what rose more",
        ]
        if chance < self.significance:
            return self.warning(
                "Changes of weight foretell returns beyond chance: look-ahead is suspected.", evidence, figures
            )
        return self.clear("Changes of weight do not foretell returns.", evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Changes of weight go with the returns that follow, with a chance below {self.significance:g}."


def information_coefficients(subject: Subject, least_assets: int) -> Floats:
    """Return Spearman's correlation of changes of weight with the return to the next basket, one a rebalance.

    The change is from the basket before, drifted with prices. Rebalances with fewer assets, or without differences,
    are left out.
    """
    from scipy.stats import rankdata

    panel, baskets = subject.panel, subject.baskets
    if panel is None or len(baskets) < 3:
        return np.empty(0)
    price = panel.comparable("price")
    rows = np.searchsorted(panel.times, np.array([instant for instant, _ in baskets]), side="right") - 1
    ends = [*rows[1:].tolist(), int(np.searchsorted(panel.times, subject.times[-1], side="right")) - 1]
    found = []
    for place in range(1, len(baskets)):
        before, after = baskets[place - 1][1], baskets[place][1]
        assets = sorted(asset for asset in {*before, *after} if asset in panel.assets)
        columns = [panel.position(asset) for asset in assets]
        if rows[place - 1] < 0 or ends[place] <= rows[place]:
            continue
        was, now, later = (price[row, columns] for row in (rows[place - 1], rows[place], ends[place]))
        with np.errstate(invalid="ignore", divide="ignore"):
            growth, reward = now / was, later / now - 1
        drifted = np.array([before.get(asset, 0.0) for asset in assets]) * np.where(np.isfinite(growth), growth, 1.0)
        drifted = drifted / drifted.sum() if drifted.sum() > 0 else drifted
        change = np.array([after.get(asset, 0.0) for asset in assets]) - drifted
        known = np.isfinite(reward)
        if known.sum() < least_assets or np.ptp(change[known]) < 1e-9 or np.ptp(reward[known]) == 0:
            continue
        # Changes that differ by rounding alone are ties.
        found.append(float(np.corrcoef(rankdata(change[known].round(12)), rankdata(reward[known]))[0, 1]))
    return np.array(found)
