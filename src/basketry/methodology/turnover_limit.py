"""A limit on the turnover of a determination: how far weights may move from what is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from basketry.core.errors import CapInfeasibleError
from basketry.core.numbers import Bools, Floats, exact_sum
from basketry.core.rule import Rule
from basketry.methodology.cap_weights import TOLERANCE, bounds_of_each, within_bounds

_ROUNDING = 1e-14
"""A turnover this near to another is the same."""


class TurnoverLimit(Rule):
    """Weights move only so far from what is held that the one-way turnover stays within a limit.

    Whoever enters or leaves does so in full, and stated weights are kept; the limit holds back the reweighting of the
    others. It never breaks a limit of weights.

    Attributes:
        max: Greatest one-way turnover of a determination, a fraction of the index.

    >>> TurnoverLimit(max=0.1).words()
    'One-way turnover is at most 10%: members enter and leave in full, and the weights of those that stay move from
    what is held only so far towards their targets. Limits of weights go before it, and the base has none.'
    """

    name: ClassVar[str] = "turnover"
    shorthand: ClassVar[str] = "max"
    formula: ClassVar[str] = "w = s + a (t - s), the largest a in [0, 1] with ½ Σ |w_i - h_i| ≤ T"
    source: ClassVar[str] = (
        "MSCI Minimum Volatility Indexes Methodology: one-way turnover limited at each index review, and relaxed where "
        "nothing else keeps the constraints. There it is a constraint of an optimisation; here it holds back weights "
        "that any rule gives, all in the same proportion"
    )

    max: float = Field(strict=True, gt=0, lt=1, examples=[0.1])

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"One-way turnover is at most {self.max * 100:.10g}%: members enter and leave in full, and the weights of "
            "those that stay move from what is held only so far towards their targets. Limits of weights go before it, "
            "and the base has none."
        )


@dataclass(frozen=True, eq=False)
class HeldBack:
    """Weights that a turnover limit kept from their targets.

    Attributes:
        limit: The greatest turnover.
        held: Weights held of those selected, shape (n,); what is held beside them leaves.
        start: Entries, departures and stated weights made, the others as held and within the limits of weights,
            shape (n,).
        target: Weights without the limit, shape (n,).
        weights: Between the two, shape (n,).
        share: How far between them, from 0 to 1.
        full, least, turnover: One-way turnover to the target, the least on the way there, and that of the weights.
        bought: What the weight of a cash member is above that held.
        capped: Whether the targets keep the limits of weights.
    """

    limit: float
    held: Floats
    start: Floats
    target: Floats
    weights: Floats
    share: float
    full: float
    least: float
    turnover: float
    bought: float
    capped: bool

    @property
    def kept(self) -> bool:
        """Whether the limit is kept."""
        return self.turnover <= self.limit + TOLERANCE

    def words(self) -> str:
        """Return the arithmetic in a sentence."""
        moved = "made in full" if self.share == 1 else f"weights moved {_percent(self.share)} of the way"
        told = (
            f"one-way turnover {_percent(self.full)} in full, limit {_percent(self.limit)}: {moved}, "
            f"turnover {_percent(self.turnover)}"
        )
        return told if self.kept else f"{told}; the limit cannot be kept: {self._why()}"

    def _why(self) -> str:
        """Return what is bought at least."""
        if not self.capped:
            return "too few assets for the limits of weights, which are set at once"
        entries = exact_sum(self.target[self.held == 0])
        parts = {
            "entries": entries,
            "cash": self.bought,
            "what departures and limits of weights leave to the others": self.turnover - entries - self.bought,
        }
        return ", ".join(f"{name} {_percent(part)}" for name, part in parts.items() if part > TOLERANCE)

    def words_of(self, place: int) -> str:
        """Return what became of one weight."""
        held, start, target = self.held[place], self.start[place], self.target[place]
        kept = "" if self.kept else f" cannot be kept, turnover {_percent(self.turnover)}"
        limit = f"turnover limit {_percent(self.limit)}{kept} (full move {_percent(self.full)})"
        if held == 0:
            return f"enters at its target {target:.2%}; {limit}"
        if start == target:
            return f"held {held:.2%}, set to {target:.2%}; {limit}"
        beside = "" if abs(start - held) < 5e-5 else f", {start:.2%} after entries, departures and limits"
        return (
            f"held {held:.2%}{beside}, target {target:.2%}, moved {_percent(self.share)} of the way: "
            f"{self.weights[place]:.2%}; {limit}"
        )


def one_way(weights: Floats, held: Floats, bought: float = 0.0) -> float:
    """Return the one-way turnover: what is bought, which is ½ Σ |w_i - h_i| over the assets of both sides.

    Args:
        weights: Weights that sum to 1 with that of a cash member, shape (n,).
        held: Weights held of the same assets, shape (n,); what is held beside them is sold.
        bought: What the weight of a cash member is above that held.

    >>> one_way(np.array([0.5, 0.5]), np.array([0.4, 0.0]))
    0.6
    """
    return exact_sum(np.maximum(weights - held, 0.0)) + bought


def hold_back(
    limit: float,
    raw: Floats,
    target: Floats,
    held: Floats,
    limits: Mapping[str, Any] | None,
    *,
    whole: float = 1.0,
    bought: float = 0.0,
) -> HeldBack | None:
    """Return the weights as a turnover limit holds them back, None where the targets keep it.

        w = s + a (t - s),   ½ Σ |w_i - h_i| ≤ T

    t are the targets, h what is held. s has the target of whoever enters and of stated weights; the others share the
    rest in proportion to what is held, and are brought within the limits of weights as weights before capping are. So
    everything on the way from s to t keeps limits that are convex. Turnover along it is convex and piecewise linear: a
    is found exactly from the points where a weight passes what is held. Where the least turnover on the way is above T,
    a is the largest at which it is the least. A concentration limit is not convex: a is then the largest, not above
    that, at which it holds, found from the points where a weight passes `over`.

    Args:
        limit: T, the greatest one-way turnover.
        raw: Weights before capping, shape (n,).
        target: t, shape (n,).
        held: h of those selected, 0 for who enters, shape (n,); what is held beside them and cash leaves.
        limits: The keywords of `cap_weights` that the targets keep; None where no weights keep them, and only the
            targets will do.
        whole: What the targets sum to, less than 1 beside a cash member.
        bought: What the weight of a cash member is above that held: turnover that nothing holds back.

    Source: one-way turnover constraint as in the MSCI Minimum Volatility Indexes Methodology.

    >>> found = hold_back(0.1, np.full(2, 0.5), np.full(2, 0.5), np.array([0.7, 0.3]), {})
    >>> found.weights.round(12).tolist(), round(found.share, 12)
    ([0.6, 0.4], 0.5)
    """
    full = one_way(target, held, bought)
    if full <= limit + TOLERANCE:
        return None
    start = target if limits is None else _start(raw, target, held, limits, whole)
    move = target - start
    points, turnovers = _path(start, move, target, held, bought)
    least = float(turnovers.min())
    share = _largest(points, turnovers, max(limit, least))
    if limits is not None and "concentration" in limits:
        share = _within_concentration(start, move, share, *limits["concentration"][1:])
    weights = target if share == 1 else start + share * move
    turnover = one_way(weights, held, bought)
    return HeldBack(
        limit, held, start, target, weights, share, full, least, turnover, bought, capped=limits is not None
    )


def _start(raw: Floats, target: Floats, held: Floats, limits: Mapping[str, Any], whole: float) -> Floats:
    """Return the weights held after entries, departures and stated weights, within the limits, shape (n,)."""
    names = ("cap", "largest", "floor", "lower", "upper")
    lower, upper = bounds_of_each(raw, **{name: limits[name] for name in names if name in limits})
    outright = held == 0
    if outright.all():
        return target
    start = target.copy()
    rest = max(whole - exact_sum(target[outright]), 0.0)
    start[~outright] = held[~outright] * (rest / exact_sum(held[~outright]))
    if not limits:
        return start
    lower[outright] = upper[outright] = target[outright]
    together = {name: limits[name] for name in ("groups", "group_cap", "concentration") if name in limits}
    own = [np.asarray(limits[name]) for name in ("lower", "upper") if name in limits]
    apart = outright | np.array([~np.isnan(values) for values in own]).any(axis=0) if own else outright
    try:
        return within_bounds(start, lower, upper, apart=apart, total=whole, **together)
    except CapInfeasibleError:
        # Entries leave the others no room but at their targets.
        return target


def _path(start: Floats, move: Floats, target: Floats, held: Floats, bought: float) -> tuple[Floats, Floats]:
    """Return the points from 0 to 1 at which turnover changes its slope, and the turnover there, shape (k,) each."""
    passing = (move != 0) & ((held - start) * (target - held) > 0)
    points = np.unique(np.concatenate([[0.0], (held - start)[passing] / move[passing], [1.0]]))
    turnovers = [one_way(start + point * move, held, bought) for point in points[:-1].tolist()]
    return points, np.array([*turnovers, one_way(target, held, bought)])


def _largest(points: Floats, values: Floats, bound: float) -> float:
    """Return the largest point at which a convex function, linear between some points, is not above a bound."""
    place = int(np.flatnonzero(values <= bound + _ROUNDING)[-1])
    if place == len(points) - 1:
        return 1.0
    here, there = float(values[place]), float(values[place + 1])
    part = max(bound - here, 0.0) / (there - here)
    return float(points[place] + part * (points[place + 1] - points[place]))


def _within_concentration(start: Floats, move: Floats, most: float, over: float, total: float) -> float:
    """Return the largest share up to `most` at which the weights above `over` sum to at most `total`."""

    def large(share: float) -> Bools:
        return start + share * move > over + _ROUNDING

    def sum_of(mask: Bools, share: float) -> float:
        return exact_sum((start + share * move)[mask])

    passing = move != 0
    crossings = (over - start[passing]) / move[passing]
    points = np.unique([0.0, *crossings[(crossings > 0) & (crossings < most)].tolist(), most]).tolist()
    for low, high in zip(points[-2::-1], points[:0:-1], strict=True):
        if sum_of(large(high), high) <= total + _ROUNDING:
            return float(high)
        # Between two points the same assets are large, and their sum is a line.
        between = large((low + high) / 2)
        before, after = sum_of(between, low), sum_of(between, high)
        if before <= total < after:
            return float(low + (total - before) / (after - before) * (high - low))
    return 0.0


def _percent(share: float) -> str:
    return f"{share * 100:.4g}%"
