"""Rebalancing policies: a rule says when a portfolio trades, towards what, and how it meets flows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basketry.core.numbers import Bools
from basketry.core.rule import Registry, Rule
from basketry.tracking.target import Target

__all__ = ["AIMS", "FLOWS", "POLICIES", "TRIGGERS", "Plan", "Policy"]

TRIGGERS = {"always": 0, "band": 1, "error": 2}
"""What lets a portfolio trade at a due row: anything, a weight outside its band, too much expected tracking error."""

AIMS = {"none": 0, "target": 1, "edge": 2, "inside": 3, "optimum": 4}
"""Where it trades to: nowhere, the target, the edge of the band, part of the way to the target, the cheapest point."""

FLOWS = {"pro_rata": 0, "towards": 1, "in_kind": 2}
"""How it meets flows: in proportion to holdings, by what is furthest from the target, with assets instead of cash."""


class Plan(NamedTuple):
    """What a policy does, as the compiled simulation reads it.

    A row is acted on when it is due and the trigger fires. Tolerances are half widths of bands, fractions of the
    portfolio (`absolute`) or of the target weight (`relative`); the narrower one holds.
    """

    due: Bools
    trigger: int = 0
    aim: int = 1
    flow: int = 0
    absolute: float = np.inf
    relative: float = np.inf
    budget: float = np.inf
    restore: float = 1.0
    aversion: float = 1.0
    horizon: int = 1
    window: int = 90
    shrinkage: float = 0.1
    chunk: float = np.inf
    cool_off: int = 1


class Policy(Rule):
    """Base of the rules that say how a portfolio follows its target."""

    def plan(self, target: Target) -> Plan:
        """Return what to do at each row of the target; only times and past rows may decide."""
        raise NotImplementedError

    def label(self) -> str:
        """Return the rule's name with its parameters, for tables."""
        values = ", ".join(f"{key} {value}" for key, value in self.parameters().items())
        return f"{self.name} ({values})" if values else self.name


POLICIES: Registry[Policy] = Registry("rebalancing policy", "policies", __name__)
