"""Warnings about an index: each check says what it found, with evidence, or that all is clear, or what it lacked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from basketry.core.rule import Registry, Rule
from basketry.evaluation.subject import Subject

__all__ = ["WARNINGS", "Check", "Outcome", "State", "examine"]

State = Literal["warning", "not_examined", "clear"]
STATES: tuple[State, ...] = ("warning", "not_examined", "clear")


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes:
        check: Name of the check.
        state: warning, clear, or not_examined where the data do not allow the check: that is not a clean bill.
        statement: One sentence.
        evidence: Figures and names behind it, a sentence each.
        action: What to do about a warning, or what to provide for the check to be made.
        figures: Test statistics and shares by name.
    """

    check: str
    state: State
    statement: str
    evidence: tuple[str, ...] = ()
    action: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


class Check(Rule):
    """Base of the checks; their thresholds are parameters.

    Attributes:
        action: What to do about a warning.
    """

    action: ClassVar[str] = ""

    def examine(self, subject: Subject) -> Outcome:
        """Return what the check finds."""
        raise NotImplementedError

    def warning(
        self, statement: str, evidence: Iterable[str] = (), figures: Mapping[str, float] | None = None
    ) -> Outcome:
        """Return a warning of this check."""
        return Outcome(self.name, "warning", statement, tuple(evidence), self.action, figures or {})

    def clear(
        self, statement: str, evidence: Iterable[str] = (), figures: Mapping[str, float] | None = None
    ) -> Outcome:
        """Return that the check found nothing."""
        return Outcome(self.name, "clear", statement, tuple(evidence), "", figures or {})

    def not_examined(self, lacking: str, provide: str) -> Outcome:
        """Return that the check could not be made, and what would allow it."""
        return Outcome(self.name, "not_examined", lacking, (), provide)


WARNINGS: Registry[Check] = Registry("warning check", "warnings", __name__)


def examine(subject: Subject, checks: Iterable[Check] | None = None) -> list[Outcome]:
    """Return what each check finds, warnings first, then what could not be examined, then what is clear.

    Args:
        subject: The index and what is known of it.
        checks: Checks with their thresholds; all with their defaults unless given.
    """
    chosen = [WARNINGS.build(name, None) for name in WARNINGS.rules] if checks is None else list(checks)
    found = [check.examine(subject) for check in chosen]
    return sorted(found, key=lambda outcome: STATES.index(outcome.state))
