"""Warns where the history is too short for a backtest to say much."""

from __future__ import annotations

import math

from pydantic import Field

from basketry.core.time import DAY, YEAR_DAYS
from basketry.evaluation.regimes import RegimeRule, regimes
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("short_history")
class ShortHistory(Check):
    """The history is too short to backtest.

    The standard error of a Sharpe ratio of 1 a year over T years is about √((1 + 1/2) / T) (Lo 2002, The Statistics of
    Sharpe Ratios, independent returns): over three years 0.7, so even 1 cannot be told from 0.

    Attributes:
        min_days: Fewer days are warned of.
    """

    source = "Lo (2002), The Statistics of Sharpe Ratios, Financial Analysts Journal 58"
    action = "Treat every return and risk figure as an anecdote: read the intervals, and prefer a longer proxy."

    min_days: int = Field(1095, ge=1)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether the history is long enough and saw both rises and falls."""
        days = float((subject.times[-1] - subject.times[0]) / DAY)
        error = math.sqrt(1.5 / (days / YEAR_DAYS))
        evidence = [f"standard error of a yearly Sharpe ratio of 1: {error:.2f}"]
        missing = []
        if (subject.levels > 0).all():
            seen = set(regimes(subject.levels, subject.times))
            missing = [name for name in ("bull", "bear") if name not in seen]
            evidence.append(f"markets seen: {', '.join(sorted(seen - {'unknown'})) or 'none'}; {RegimeRule().words()}")
        figures = {"days": days, "sharpe_error": error}
        if days < self.min_days:
            return self.warning(f"{days:.0f} days of history, {self.min_days} wanted.", evidence, figures)
        if missing:
            return self.warning(f"The history saw no {' and no '.join(missing)} market.", evidence, figures)
        return self.clear(f"{days:.0f} days of history with rises and falls.", evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Fewer than {self.min_days} days of history, or no bull or no bear market in it."
