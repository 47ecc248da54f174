"""Warns where nobody can know when the index changes."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from basketry.core.time import DAY
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("schedule")
class ScheduleCheck(Check):
    """No clear schedule of rebalances: none stated, and the dates seen are irregular.

    Attributes:
        tolerance: How far an interval between changes may be from their median, a fraction of it.
        share: Share of intervals that must be within it.
    """

    action = (
        "Ask the provider for a calendar with fixing, announcement and effective dates; do not trade ahead of guesses."
    )

    tolerance: float = Field(0.25, gt=0, lt=1)
    share: float = Field(0.8, gt=0, le=1)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether changes follow a schedule."""
        odd = [f"{day}: {reason}" for day, reason in subject.off_schedule]
        if subject.methodology is not None:
            figures = {"off_schedule": float(len(odd))}
            return self.clear(f"The rulebook states the schedule: {subject.schedule}", odd[:5], figures)
        instants = np.array([instant for instant, _ in subject.baskets])
        regular = float("nan")
        evidence = []
        if len(instants) >= 4:
            steps = np.diff(instants) / DAY
            usual = float(np.median(steps))
            regular = float(np.mean(np.abs(steps - usual) <= self.tolerance * usual))
            evidence.append(
                f"{len(steps)} intervals between changes, median {usual:.0f} days, from {steps.min():.0f} to "
                f"{steps.max():.0f}; {regular:.0%} within {self.tolerance:.0%} of the median"
            )
        figures = {} if np.isnan(regular) else {"regular": regular}
        if subject.schedule and not regular < self.share:
            return self.clear(f"A schedule is stated: {subject.schedule}", evidence, figures)
        if subject.schedule:
            statement = f"A schedule is stated ({subject.schedule}), but the changes seen do not follow a rhythm."
        elif regular >= self.share:
            return self.warning("No schedule is stated, although the changes seen are regular.", evidence, figures)
        else:
            statement = "No schedule is stated" + (", and the changes seen are irregular." if evidence else ".")
        return self.warning(statement, evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"No schedule is stated, or fewer than {self.share:.0%} of the intervals between changes are within "
            f"{self.tolerance:.0%} of their median."
        )
