"""Weighting rules: a rule is a function from a panel and the selected assets to their weights before capping."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel

__all__ = ["WEIGHTING", "WeightingRule"]


class WeightingRule(Rule):
    """Base of the rules named by `weight: {by: ...}`."""

    def weights(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return the weights of the selected assets before capping, shape (n,), not negative, summing to 1.

        Args:
            view: The panel as of the determination.
            selected: Columns of the selected assets in ascending order, shape (n,).

        Raises:
            MethodologyError: The data give no weights, saying which asset lacks what.
        """
        raise NotImplementedError

    def shares(self, view: Panel, selected: NDArray[np.int64]) -> Floats | None:
        """Return the units that each asset counts with before capping (supply times float), shape (n,).

        A rule whose weights are exactly price times these units returns them, so that the published units are
        index shares and the divisor is in currency for one index point. Others return None.
        """
        del view, selected
        return None

    def words_of(self, invested: float) -> str:
        """Return the rule as a sentence, in which weights are shares of an index of which so much is not cash."""
        del invested
        return self.words()

    def doubt_of(self, invested: float) -> str | None:
        """Return the doubt of the parameters, where so much of the index is not cash."""
        del invested
        return self.doubt()

    @property
    def counts_units(self) -> bool:
        """Whether `shares` returns units."""
        return False


WEIGHTING: Registry[WeightingRule] = Registry("weighting rule", "weighting", __name__)
