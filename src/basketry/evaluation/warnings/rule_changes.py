"""Warns of changes of the rules that nobody has explained."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from basketry.core.time import DAY, format_instant, to_instant
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("rule_changes")
class RuleChanges(Check):
    """Changes of methodology without a reason or an approver, or breaks in the baskets that no stated change explains.

    A break is a number of constituents, or a largest weight, that stays away from its median before by more than a
    share of it in the three baskets from then on.

    Attributes:
        note_length: Shortest note that counts as a reason, characters.
        jump: Share of the median before by which a break differs.
        window_days: How far from a break the stated change may lie.
    """

    action = "Ask for the change log with reason, approver and date; read the history before and after as two indices."

    note_length: int = Field(15, ge=1)
    jump: float = Field(0.3, gt=0)
    window_days: float = Field(45.0, ge=0)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether every change of the rules is explained."""
        if subject.methodology is not None:
            return self._versions(subject)
        if len(subject.baskets) < 6:
            return self.not_examined(
                "The rules are not known, and there are too few baskets to see a change in them.",
                "Provide the constituents at six or more rebalances, and the provider's change log.",
            )
        counts = np.array([len(weights) for _, weights in subject.baskets], dtype=np.float64)
        largest = np.array([max(weights.values()) for _, weights in subject.baskets])
        found = {}
        for name, values in (("number of constituents", counts), ("largest weight", largest)):
            for place in self._breaks(values):
                before, after = np.median(values[:place]), values[place]
                found[place] = f"{name} from a median of {before:.3g} to {after:.3g}"
        explained = [to_instant(day) for day in subject.rule_changes]
        evidence = []
        for place, what in sorted(found.items()):
            instant = subject.baskets[place][0]
            if not any(abs((instant - day) / DAY) <= self.window_days for day in explained):
                evidence.append(f"{format_instant(instant)}: {what}")
        figures = {"breaks": float(len(found)), "unexplained": float(len(evidence))}
        if evidence:
            return self.warning(
                f"{len(evidence)} break(s) in the baskets that no stated change explains.", evidence, figures
            )
        return self.clear("No unexplained break in the baskets.", (), figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "A change of the rules lacks a reason or an approver, or the baskets change in kind without one."

    def _versions(self, subject: Subject) -> Outcome:
        versions = () if subject.methodology is None else subject.methodology.versions[1:]
        evidence = []
        for version in versions:
            lacks = [
                *(["an approver"] if not version.approver else []),
                *(["a reason"] if len(version.note.strip()) < self.note_length else []),
            ]
            if lacks:
                keys = ", ".join(version.changes)
                evidence.append(
                    f"version {version.number} from {format_instant(version.valid_from)} ({keys}) lacks "
                    + " and ".join(lacks)
                )
        figures = {"changes": float(len(versions)), "unexplained": float(len(evidence))}
        if evidence:
            return self.warning(
                f"{len(evidence)} of {len(versions)} changes of the rules are not explained.", evidence, figures
            )
        return self.clear(f"{len(versions)} change(s) of the rules, each with reason and approver.", (), figures)

    def _breaks(self, values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
        places, start = [], 0
        for place in range(3, len(values) - 2):
            if place - start < 3:
                continue
            before = float(np.median(values[start:place]))
            away = np.abs(values[place : place + 3] - before) > self.jump * before
            if away.all():
                places.append(place)
                start = place
        return places
