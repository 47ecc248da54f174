"""Warns where a history was written afterwards without saying so."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from basketry.core.time import DAY, format_instant
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("backfill")
class Backfill(Check):
    """Levels from before the index was published are not told apart, or did better than what came after.

    Attributes:
        significance: One-sided probability of Welch's test (mean return before above that after) below which is warned.
        least: Fewest returns on each side for the test.
    """

    formula = "t = (m₁ − m₂) / √(s₁² / n₁ + s₂² / n₂)"
    source = (
        "Welch (1947); Vanguard, Joined at the Hip: ETF and Index Development (2012), on indices before and after "
        "their launch"
    )
    action = (
        "Judge the index by its live history alone; ask for the date of first publication and a record that proves it."
    )

    significance: float = Field(0.05, gt=0, lt=0.5)
    least: int = Field(60, ge=10)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether a part of the history was written afterwards, and whether that was said."""
        if subject.live_from is None:
            if subject.backfill_disclosed is None:
                return self.warning(
                    "From when the levels are live is not stated: all of them may have been calculated afterwards.",
                    [f"levels from {format_instant(subject.times[0])} to {format_instant(subject.times[-1])}"],
                    {"backfilled_share": math.nan},
                )
            disclosed = "says so" if subject.backfill_disclosed else "does not say so"
            state = self.clear if subject.backfill_disclosed else self.warning
            return state(f"No level is live; the provider {disclosed}.", (), {"backfilled_share": 1.0})
        before = subject.times < subject.live_from
        share = float(before.mean())
        figures = {"backfilled_share": share}
        if not before.any():
            return self.clear(f"Every level is live, since {format_instant(subject.live_from)}.", (), figures)
        evidence = [
            f"live since {format_instant(subject.live_from)}; {before.sum()} of {len(before)} levels ({share:.0%}, "
            f"{float((subject.live_from - subject.times[0]) / DAY):.0f} days) are from before"
        ]
        chance = self._better_before(subject, evidence, figures)
        if not subject.backfill_disclosed:
            return self.warning(
                "Part of the history was calculated afterwards, and the provider does not say so.", evidence, figures
            )
        if chance < self.significance:
            return self.warning(
                "The history from before publication is better than the live one beyond chance.", evidence, figures
            )
        return self.clear("The part of the history that was calculated afterwards is told apart.", evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            "Levels from before first publication are not told apart, or returned more than those after beyond chance."
        )

    def _better_before(self, subject: Subject, evidence: list[str], figures: dict[str, float]) -> float:
        """Return the chance that returns before were as much higher as seen; adds evidence and figures."""
        from scipy.stats import ttest_ind

        if subject.live_from is None:
            return 1.0
        returns, ends = subject.returns, subject.times[1:]
        known = ~np.isnan(returns)
        live = ends >= subject.live_from
        first, second = returns[known & ~live], returns[known & live]
        if min(len(first), len(second)) < self.least or first.std() == 0 or second.std() == 0:
            return 1.0
        test = ttest_ind(first, second, equal_var=False, alternative="greater")
        figures |= {"t": float(test.statistic), "p": float(test.pvalue)}
        evidence.append(
            f"mean return of a step {first.mean():.3%} before and {second.mean():.3%} after, "
            f"Welch t = {test.statistic:.2f}, chance {test.pvalue:.2g}"
        )
        return float(test.pvalue)
