"""The limit on turnover of the plain implementation: what is held, and how far weights may move from it.

Written from docs/concepts/capping.md. How far is found by halving, the least turnover by narrowing in on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.independent.plain_determine import Determined, cannot_be_kept, invested, limits_of, within
from tests.independent.plain_market import Day

if TYPE_CHECKING:
    from tests.independent.plain_index import PlainIndex

Weights = dict[str, float]


def limited(index: PlainIndex, found: Determined, day: Day, effective: Day) -> Weights:
    """Return the determined weights as far as the limit lets them move."""
    held = held_weights(index, day, effective)
    if index.rules["turnover"] is None or not held or not found.weights:
        return found.weights
    return held_back(found.raw, found.weights, held, index.rules)


def held_weights(plain: PlainIndex, day: Day, effective: Day) -> Weights:
    """Return the weights held when a change comes, nothing at the base; what they lack of 1 is cash."""
    index, rules = plain.index, plain.rules
    before = [change for change in index.pending if change.effective < effective and change.weights]
    if before:
        change = plain.carried(max(before, key=lambda entry: entry.effective), day)
        share = 1 - invested(rules)
        if rules["fix"] == "weights":
            part = (1 - share) / math.fsum(change.weights.values())
            return {asset: weight * part for asset, weight in change.weights.items()} | money(share)
        view, worth = plain.market.view(day), {}
        for asset, weight in change.weights.items():
            price = view.observed(asset, rules["carry"])
            worth[asset] = weight if price is None else change.basket.units(asset) * price
        # Its amount is fixed as their units are.
        return shares(worth | money(share / (1 - share) * math.fsum(change.weights.values())), 0.0)
    basket = index.basket
    if index.target is not None and index.target.value(index.last) > 0:
        basket = index.target
    worth = {asset: basket.worth(asset, index.last) for asset in basket.lots} | money(basket.money)
    return shares(worth, math.fsum(basket.cash.values())) if worth else {}


def money(worth: float) -> Weights:
    """Return the cash member, where there is one."""
    return {"cash": worth} if worth else {}


def shares(worth: Weights, cash: float) -> Weights:
    total = math.fsum([*worth.values(), cash])
    return {asset: value / total for asset, value in worth.items() if value > 0}


def turnover(weights: Weights, held: Weights) -> float:
    """Return half of all that is bought and sold, cash included."""
    moved = [abs(weights.get(asset, 0.0) - held.get(asset, 0.0)) for asset in {*weights, *held}]
    return math.fsum([*moved, 1 - math.fsum(held.values())]) / 2


def held_back(raw: Weights, target: Weights, held: Weights, rules: Mapping[str, Any]) -> Weights:
    """Return the weights on the way from what is held to the target at which turnover is as large as it may be."""
    low, high = limits_of(raw, rules)
    member = money(1 - invested(rules))
    found = moved(target | member, held, low | member, high | member, cannot_be_kept(raw, rules), rules)
    return {asset: weight for asset, weight in found.items() if asset not in member}


def moved(
    target: Weights, held: Weights, low: Weights, high: Weights, unkept: bool, rules: Mapping[str, Any]
) -> Weights:
    """Return weights, the cash member's among them, on the way to the target."""
    if turnover(target, held) <= rules["turnover"] + 1e-12 or unkept:
        return target
    outright = {a: weight for a, weight in target.items() if a not in held or low[a] == high[a]}
    others = {a: held[a] for a in target if a not in outright}
    if not others:
        return target
    part = (1 - math.fsum(outright.values())) / math.fsum(others.values())
    first = {**outright, **{a: weight * part for a, weight in others.items()}}
    start = within(first, {**low, **outright}, {**high, **outright}, 1.0) | outright

    def at(share: float) -> Weights:
        return {a: start[a] + share * (target[a] - start[a]) for a in target}

    def needed(share: float) -> float:
        return turnover(at(share), held)

    lowest = _lowest(needed)
    most = max(rules["turnover"], needed(lowest)) + 1e-14
    below, above = lowest, 1.0
    if needed(above) <= most:
        return target
    for _ in range(100):
        middle = (below + above) / 2
        below, above = (middle, above) if needed(middle) <= most else (below, middle)
    # Turnover bends where a weight passes what is held; so near to it, rounding alone lies between.
    bends = [(held.get(a, 0.0) - start[a]) / (target[a] - start[a]) for a in target if target[a] != start[a]]
    near = (share for share in bends if 0 <= share <= 1 and abs(share - below) < 1e-6)
    return at(next((share for share in near if abs(needed(share) - needed(below)) < 3e-14), below))


def _lowest(needed: Callable[[float], float]) -> float:
    """Return where a convex function of a share is least."""
    below, above = 0.0, 1.0
    for _ in range(200):
        third = (above - below) / 3
        if needed(below + third) <= needed(above - third):
            above -= third
        else:
            below += third
    return min((0.0, below, above, 1.0), key=needed)
