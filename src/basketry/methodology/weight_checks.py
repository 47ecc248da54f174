"""What no market can satisfy in the section `weight:`, told when a rulebook is read."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.methodology.cap_weights import TOLERANCE
from basketry.methodology.capping import CappingRule
from basketry.methodology.capping.cap import Cap
from basketry.methodology.capping.concentration import Concentration
from basketry.methodology.capping.floor import Floor
from basketry.methodology.capping.group_cap import GroupCap
from basketry.methodology.capping.limits import Limits, OwnLimits
from basketry.methodology.select import Selection
from basketry.methodology.universe import UniverseRule
from basketry.methodology.universe.include_sectors import IncludeSectors
from basketry.methodology.universe.include_tags import IncludeTags
from basketry.methodology.weight import Weight
from basketry.methodology.weighting.fixed import Fixed

R = TypeVar("R", bound=CappingRule)


@dataclass(frozen=True)
class _Limits:
    """The limits of a section by kind, with the number of members that the rules want.

    Attributes:
        most, least: Greatest and least number of members wanted, None where the market decides.
        whole: What their weights sum to: 1, or what is not cash.
    """

    cap: Cap | None
    floor: Floor | None
    group: GroupCap | None
    concentration: Concentration | None
    fixed: dict[str, float]
    own: dict[str, OwnLimits]
    most: int | None
    least: int | None
    whole: float

    def highest(self, count: int) -> list[float]:
        """Return the greatest weights of so many members without stated ones, in descending order."""
        cap = self.cap.limit if self.cap else 1.0
        common = [cap] * count
        if count and self.cap and self.cap.largest:
            common[0] = self.cap.largest
        return heapq.nlargest(count, [*common, *(cap if own.max is None else own.max for own in self.own.values())])

    @property
    def lowers(self) -> list[float]:
        """The least weights of the assets that have limits of their own."""
        common = self.floor.limit if self.floor else 0.0
        return [common if own.min is None else own.min for own in self.own.values()]

    @property
    def in_words(self) -> str:
        """What the weights sum to, with the reason where that is not 1."""
        return "1" if self.whole == 1 else f"{self.whole:.10g}, all but cash"

    @property
    def named(self) -> str:
        """The path of the limits by asset: of stated weights, where there are any."""
        return "weight.fixed" if self.fixed else "weight.limits"


def check_weights(weight: Weight, select: Selection, universe: Sequence[UniverseRule]) -> None:
    """Raise where the limits contradict each other, or cannot be kept by as many members as are wanted.

    Stated assets are taken to be among the members; of the assets with limits of their own those that fit best.

    Raises:
        MethodologyError: Limits that do not go together; the message starts with the path.
        CapInfeasibleError: Limits that no weights keep; with the arithmetic.
    """
    fixed, own = weight.fixed, _of(weight, Limits)
    most, least = _wanted(select)
    limits = _Limits(
        _of(weight, Cap),
        _of(weight, Floor),
        _of(weight, GroupCap),
        _of(weight, Concentration),
        {} if fixed is None else fixed.assets,
        {} if own is None else own.assets,
        most,
        least,
        weight.invested,
    )
    if limits.fixed and isinstance(weight.rule, Fixed):
        raise MethodologyError(
            "weight.fixed: `by: fixed` states weights already; state them under `weights`, or name another rule for "
            "the rest, as in {by: market_cap, fixed: {bitcoin: 0.4}}"
        )
    if limits.group and limits.concentration:
        raise MethodologyError("weight.concentration: cannot be combined with group_cap; leave one of them out")
    _check_pairs(limits)
    _check_sides(limits)
    _check_floors(limits)
    _check_caps(limits)
    _check_concentration(limits)
    if limits.group:
        _check_groups(limits, limits.group, universe)


def _of(weight: Weight, kind: type[R]) -> R | None:
    return next((rule for rule in weight.caps if isinstance(rule, kind)), None)


def _wanted(select: Selection) -> tuple[int | None, int | None]:
    """Return the greatest and the least number of members that the rules want, None where the market decides."""
    number = select.method.most()
    if number is None or select.method.sticky:
        return select.most(), select.min_count
    number = max(number, select.min_count or number)
    stages = [count for stage in select.first if (count := stage.method.most()) is not None]
    number = min(number, select.max_count or number, *stages)
    return number, number


def _check_pairs(limits: _Limits) -> None:
    """Refuse an asset named twice and a least weight above the greatest."""
    twice = sorted(set(limits.fixed) & set(limits.own))
    if twice:
        raise MethodologyError(f"weight.limits.{twice[0]}: its weight is stated under `fixed`; leave one of them out")
    cap, floor = limits.cap.limit if limits.cap else 1.0, limits.floor.limit if limits.floor else 0.0
    if floor > cap:
        raise CapInfeasibleError(f"weight.floor: {floor:g} is above the cap {cap:g}: lower the floor or raise the cap")
    for asset, own in limits.own.items():
        if own.max is None and own.min is not None and own.min > cap:
            raise CapInfeasibleError(
                f"weight.limits.{asset}: min {own.min:g} is above the cap {cap:g}: lower it, or give the asset a max "
                "too"
            )
        if own.min is None and own.max is not None and own.max < floor:
            raise CapInfeasibleError(
                f"weight.limits.{asset}: max {own.max:g} is below the floor {floor:g}: raise it, or give the asset a "
                "min too"
            )


def _check_sides(limits: _Limits) -> None:
    """Refuse floors and limits by asset that do not go with a concentration limit."""
    if limits.concentration is None:
        return
    single, over, total = limits.concentration.single, limits.concentration.over, limits.concentration.total
    floor = limits.floor.limit if limits.floor else 0.0
    cap = (limits.cap.largest or limits.cap.limit) if limits.cap else 1.0
    if floor > over:
        raise CapInfeasibleError(
            f"weight.floor: {floor:g} is above concentration.over {over:g}, so every asset would count as large: lower "
            "it"
        )
    for asset, own in limits.own.items():
        least, most = floor if own.min is None else own.min, cap if own.max is None else own.max
        if least <= over < most:
            raise MethodologyError(
                f"weight.limits.{asset}: {own.words()} does not say whether it counts as large: beside concentration "
                f"give a min above {over:g} or a max of at most {over:g}"
            )
    stated = {f"fixed.{asset}": share for asset, share in limits.fixed.items()}
    stated |= {f"limits.{asset}": own.min for asset, own in limits.own.items() if own.min}
    for path, share in stated.items():
        if share > single:
            raise CapInfeasibleError(f"weight.{path}: {share:g} is above concentration.single {single:g}: lower it")
    large = math.fsum(share for share in limits.fixed.values() if share > over)
    if large > total + TOLERANCE:
        raise CapInfeasibleError(
            f"weight.fixed: the stated weights above {over:g} sum to {large:.6g} > concentration.total {total:g}: "
            "state less"
        )


def _check_floors(limits: _Limits) -> None:
    """Refuse least weights that sum to more than 1."""
    stated = math.fsum(limits.fixed.values())
    lowers, members = limits.lowers, limits.least
    together = math.fsum([stated, *lowers])
    count = len(limits.fixed) + len(lowers)
    if together > limits.whole + TOLERANCE and (limits.most is None or limits.most >= count):
        raise CapInfeasibleError(
            f"{limits.named}: the least weights of the {count} assets named sum to {together:.6g} > "
            f"{limits.in_words}: lower one"
        )
    if members is None or members < len(limits.fixed):
        return
    others = members - len(limits.fixed)
    floor = limits.floor.limit if limits.floor else 0.0
    least = math.fsum([stated, *heapq.nsmallest(others, [*lowers, *[floor] * others])])
    if least > limits.whole + TOLERANCE:
        beside = f" beside {stated:.6g} that are stated" if stated else ""
        advice = "the floor" if lowers else f"the floor to at most {(limits.whole - stated) / others:.6g}"
        raise CapInfeasibleError(
            f"weight.floor: {others} members with a floor of {floor:g}{beside} weigh at least {least:.6g} > "
            f"{limits.in_words}: lower {advice}, or select fewer members"
        )


def _check_caps(limits: _Limits) -> None:
    """Refuse greatest weights that sum to less than 1."""
    if limits.most is None:
        return
    stated = heapq.nlargest(limits.most, limits.fixed.values())
    others = limits.most - len(stated)
    room = math.fsum([*stated, *limits.highest(others)])
    if room >= limits.whole - TOLERANCE:
        return
    if not others:
        raise CapInfeasibleError(
            f"weight.fixed: {limits.most} members are wanted and {len(limits.fixed)} are stated, which leaves nobody "
            f"for the other {limits.whole - room:.6g}: select more members, or state weights that sum to "
            f"{limits.in_words}"
        )
    if limits.fixed or limits.own:
        raise CapInfeasibleError(
            f"weight.cap: {limits.most} members, those with limits of their own among them, hold at most {room:.6g} "
            f"< {limits.in_words}: raise the cap, or select more members"
        )
    cap, largest = (limits.cap.limit, limits.cap.largest) if limits.cap else (1.0, None)
    raise CapInfeasibleError(
        f"weight.cap: {others} members x {cap:g}{f', the largest {largest:g},' if largest else ''} = {room:g} "
        f"< {limits.in_words}: raise the cap to at least {limits.whole / others:.6g}, or select more members"
    )


def _check_concentration(limits: _Limits) -> None:
    """Refuse a concentration limit that so many members cannot keep."""
    rule = limits.concentration
    if rule is None or limits.most is None:
        return
    stated = heapq.nlargest(limits.most, limits.fixed.values())
    small = math.fsum(share for share in stated if share <= rule.over)
    large = math.fsum(share for share in stated if share > rule.over)
    high = np.minimum(limits.highest(limits.most - len(stated)), rule.single)
    # For each number of large ones: what they hold, and what the others do.
    tops = np.minimum(large + np.cumsum([0.0, *high]), rule.total)
    rest = np.cumsum([0.0, *np.minimum(high, rule.over)[::-1]])[::-1]
    room = small + float((tops + rest).max())
    if room < limits.whole - TOLERANCE:
        raise CapInfeasibleError(
            f"weight.concentration: {limits.most} members hold at most {room:.6g} < {limits.in_words} under "
            f"{rule.single:g}/{rule.over:g}/{rule.total:g}: raise a limit, or select more members"
        )


def _check_groups(limits: _Limits, rule: GroupCap, universe: Sequence[UniverseRule]) -> None:
    """Refuse caps of groups that sum to less than 1 where the universe holds no other group."""
    for entry in universe:
        if rule.by == "sector" and isinstance(entry, IncludeSectors):
            caps = [rule.limits.get(sector, rule.limit) for sector in dict.fromkeys(entry.sectors)]
        elif rule.by == "tag" and isinstance(entry, IncludeTags) and set(entry.tags) <= set(rule.limits):
            caps = list(rule.limits.values())
        else:
            continue
        room = math.fsum(cap for cap in caps if cap is not None)
        if None not in caps and room < limits.whole - TOLERANCE:
            raise CapInfeasibleError(
                f"weight.group_cap: the universe holds no other {rule.by}, and the caps of its {len(caps)} sum to "
                f"{room:.6g} < {limits.in_words}: raise a cap or include another {rule.by}"
            )
