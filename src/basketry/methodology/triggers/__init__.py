"""Trigger rules: events between two scheduled dates that cause a rebalance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats, added
from basketry.core.rule import Registry, Rule

__all__ = ["TRIGGERS", "Holding", "Moment", "Standing", "TriggerRule"]


@dataclass(frozen=True, eq=False)
class Standing:
    """What the rules say of the members, and of everybody else, on the market as known at an instant.

    Attributes:
        eligible: Whether each member still passes the rules of the universe, shape (n,).
        newcomers: How many assets that are no members would be selected.
    """

    eligible: Bools
    newcomers: int


@dataclass(frozen=True, eq=False)
class Moment:
    """A basket at one instant, with what a trigger may ask.

    Attributes:
        weights: Weights now, shape (n,).
        given: Weights as given at the last change, shape (n,).
        changed_at: The last change of the basket.
        times, levels: Levels since then, as far back as the longest `memory` of the triggers; the last is now.
        standing: Asks the rules about the market as known now.
    """

    weights: Floats
    given: Floats
    changed_at: np.datetime64
    times: NDArray[np.datetime64]
    levels: Floats
    standing: Callable[[], Standing]


@dataclass(frozen=True, eq=False)
class Holding:
    """A basket held over some rows, as a batch looks at it.

    Attributes:
        units: Shape (n,).
        prices: Prices used, shape (k, n).
        given, changed_at: As of Moment.
        times, levels: Levels remembered from before the rows, then those at the rows, shape (m + k,).
        standing: Asks the rules about the market as known at a row.
    """

    units: Floats
    prices: Floats
    given: Floats
    changed_at: np.datetime64
    times: NDArray[np.datetime64]
    levels: Floats
    standing: Callable[[int], Standing]

    @cached_property
    def weights(self) -> Floats:
        """Weights at each row, shape (k, n)."""
        values = self.prices * self.units
        return values / added(values, axis=1)[:, None]

    def moment(self, row: int) -> Moment:
        """Return what a trigger sees at one row."""
        stop = len(self.times) - len(self.prices) + row + 1
        return Moment(
            self.weights[row],
            self.given,
            self.changed_at,
            self.times[:stop],
            self.levels[:stop],
            lambda: self.standing(row),
        )


class TriggerRule(Rule):
    """Base of the rules under `rebalance: {triggers: [...]}`.

    Attributes:
        reviews: Whether members are chosen anew when it fires, also where `review:` gives them dates of their own; else
            only weights are then.
    """

    reviews: ClassVar[bool] = False

    @property
    def memory(self) -> timedelta:
        """How far back the rule looks at levels."""
        return timedelta(0)

    def fires(self, moment: Moment) -> bool:
        """Return whether the trigger fires at an instant."""
        raise NotImplementedError

    def first_row(self, holding: Holding) -> int | None:
        """Return the first row at which the trigger fires, None where it never does: `fires`, row by row.

        A rule may do better than asking at each row; a contract test holds that it gives the same.
        """
        return next((row for row in range(len(holding.prices)) if self.fires(holding.moment(row))), None)


TRIGGERS: Registry[TriggerRule] = Registry("trigger", "triggers", __name__)
