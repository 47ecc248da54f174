"""Trigger rules: events between two scheduled dates that cause a rebalance."""

from collections.abc import Callable

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel
from basketry.methodology.path import Segment

__all__ = ["TRIGGERS", "Holding", "TriggerRule"]


class Holding:
    """A basket held over some rows, with what a trigger may ask at each of them.

    Attributes:
        segment: The basket and its prices.
        panel: The market, uncut; a trigger that looks at it does so through `view(row)`.
        levels: Index levels at the rows of the segment, shape (end - start + 1,).
    """

    def __init__(
        self,
        segment: Segment,
        levels: Floats,
        view: Callable[[int], Panel],
        eligible: Callable[[int], Bools],
        selected: Callable[[int], Bools],
    ) -> None:
        self.segment = segment
        self.levels = levels
        self.view = view
        self.eligible = eligible
        self.selected = selected


class TriggerRule(Rule):
    """Base of the rules under `rebalance: {triggers: [...]}`."""

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row, counted from the start of the segment and at least 1, at which the trigger fires.

        The answer for a row may use nothing later than the row. None where it never fires.
        """
        raise NotImplementedError


TRIGGERS: Registry[TriggerRule] = Registry("trigger", "triggers", __name__)
