"""Capping rules: each states limits on the weights; `cap_weights` satisfies all of them at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel
from basketry.methodology.cap_weights import TOLERANCE, cap_weights

__all__ = ["CAPPING", "CappingRule", "apply_caps", "limits_of"]


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


def apply_caps(
    rules: Sequence[CappingRule], view: Panel, selected: NDArray[np.int64], weights: Floats, total: float = 1.0
) -> Floats:
    """Return the weights that keep the limits of all rules at once, shape (n,).

    Without rules these are the weights themselves. They sum to `total`, which is less than 1 beside a cash member.

    Raises:
        CapInfeasibleError: No weights keep them; the message names the rules and gives the arithmetic.
        MethodologyError: The limits do not go together.
    """
    if not rules:
        return weights if total == 1.0 else weights * total
    limits = limits_of(rules, view, selected)
    _refuse_groups_that_are_stated_above_their_cap(limits, [view.assets[column] for column in selected.tolist()])
    try:
        return cap_weights(weights, **limits, total=total)
    except MethodologyError as error:
        raise type(error)(f"{', '.join(rule.name for rule in rules)}: {error}") from error


def limits_of(rules: Sequence[CappingRule], view: Panel, selected: NDArray[np.int64]) -> dict[str, Any]:
    """Return the keywords of `cap_weights` that state the limits of all rules."""
    limits: dict[str, Any] = {}
    for rule in rules:
        for name, value in rule.bounds(view, selected).items():
            # Two rules may each state limits of some assets.
            both = name in ("lower", "upper") and name in limits
            limits[name] = np.where(np.isnan(value), limits[name], value) if both else value
    return limits


def _refuse_groups_that_are_stated_above_their_cap(limits: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise MethodologyError where stated weights alone exceed a group cap: no selection of more assets helps."""
    if "lower" not in limits or "groups" not in limits:
        return
    for label, cap in sorted(limits["group_cap"].items()):
        stated = {
            name: low
            for name, low, high, own in zip(names, limits["lower"], limits["upper"], limits["groups"], strict=True)
            if own == label and low == high
        }
        total = math.fsum(stated.values())
        if total > cap + TOLERANCE:
            raise MethodologyError(
                f"group_cap: the stated weights of {', '.join(f'{name} {share:g}' for name, share in stated.items())} "
                f"sum to {total:.6g} > {cap:g}, the cap of {label}: state less or raise that cap"
            )
