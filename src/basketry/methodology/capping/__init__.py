"""Capping rules: each states limits on the weights; `cap_weights` satisfies all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel
from basketry.methodology.cap_weights import cap_weights

__all__ = ["CAPPING", "CappingRule", "apply_caps"]


class CappingRule(Rule):
    """Base of the rules beside `by` under `weight:`, such as `cap: 0.25`."""

    def bounds(self, view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
        """Return the keywords of `cap_weights` that state the rule's limits.

        Args:
            view: The panel as of the determination.
            selected: Columns of the selected assets, ascending, shape (n,).
        """
        raise NotImplementedError


CAPPING: Registry[CappingRule] = Registry("capping rule", "capping", __name__)


def apply_caps(rules: Sequence[CappingRule], view: Panel, selected: NDArray[np.int64], weights: Floats) -> Floats:
    """Return the weights that keep the limits of all rules at once, shape (n,).

    Without rules these are the weights themselves.

    Raises:
        CapInfeasibleError: No weights keep them; the message names the rules and gives the arithmetic.
        MethodologyError: The limits do not go together.
    """
    if not rules:
        return weights
    limits: dict[str, Any] = {}
    for rule in rules:
        limits |= rule.bounds(view, selected)
    try:
        return cap_weights(weights, **limits)
    except MethodologyError as error:
        raise type(error)(f"{', '.join(rule.name for rule in rules)}: {error}") from error
