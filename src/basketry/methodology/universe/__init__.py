"""Universe rules: which assets may be considered. A rule is a function from a panel to a yes or no an asset."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel

__all__ = ["UNIVERSE", "UniverseRule", "figure_in_words"]


class UniverseRule(Rule):
    """Base of the rules under `universe:`; an asset must pass all of them."""

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets pass, shape (N,).

        Args:
            view: The panel as of the determination; it holds nothing later.
            members: Which assets are in the index now; a rule may be kinder to them.
        """
        del members
        return self.passes(view)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass, shape (N,): what a rule defines that judges members like all others."""
        raise NotImplementedError

    @property
    def heeds_members(self) -> bool:
        """Whether the rule looks at who is a member: whether it defines `keep` and not `passes`."""
        return type(self).keep is not UniverseRule.keep

    def measured(self, view: Panel) -> Floats | None:
        """Return the figure of each asset that the rule compares, shape (N,), or None where it compares none."""
        del view
        return None

    def told(self, view: Panel, members: Bools) -> list[str] | None:
        """Return the figure of each asset in words, length N, as `explain` shows it; None where it compares none."""
        del members
        figures = self.measured(view)
        return None if figures is None else [figure_in_words(figure) for figure in figures.tolist()]

    def since_review(self, now: np.datetime64, review: Callable[[], np.datetime64]) -> UniverseRule:
        """Return the rule as it is asked at an instant, its window reaching back to a review where it says so.

        Args:
            now: The instant of the last row that the rule sees.
            review: Gives the previous scheduled determination.
        """
        del now, review
        return self


def figure_in_words(figure: float) -> str:
    """Return a figure with six digits.

    >>> figure_in_words(1234567.0), figure_in_words(float("nan"))
    ('1.23457e+06', 'unknown')
    """
    return "unknown" if np.isnan(figure) else f"{figure:,.6g}"


UNIVERSE: Registry[UniverseRule] = Registry("universe rule", "universe", __name__)
