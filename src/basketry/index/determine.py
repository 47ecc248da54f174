"""A determination: rulebook and market as of an instant in, members and weights out, with the evidence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_instant, to_instant
from basketry.index.guard import examine, without
from basketry.index.records import Scope
from basketry.index.state import Held
from basketry.index.supply import accepted_supplies
from basketry.market.cash import CASH
from basketry.market.membership import seen_as
from basketry.market.panel import Panel
from basketry.methodology._exact import exact_total
from basketry.methodology.choice import Choice, Contest
from basketry.methodology.methodology import Version
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.turnover_limit import HeldBack

_DECIDED = {"include": "included", "exclude": "excluded", "accept_supply": "supply accepted"}

_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Determination:
    """Members and weights as determined at one instant, with how each rule judged each asset.

    Attributes:
        version: The rules used.
        view: The market as the rules saw it, cut at the instant, absurd figures corrected.
        scope: What was determined. Of members alone the weights are equal and mean nothing; for weights alone the
            rules of universe and selection were not asked, and `eligible` are the members that can be weighted.
        members: Assets that were in the index, shape (N,); for weights alone, who a review chose or who is held.
        candidates: Assets with a price that is fresh enough, not ended by an event nor about to take the place of
            another, shape (N,).
        kept: What each universe rule said, one (N,) mask a rule.
        eligible: Candidates that pass all rules, overrides and the guard, shape (N,).
        choice: Ranks and reasons of the selection.
        columns: Selected columns, ascending, shape (n,).
        raw: Weights before capping, shape (n,); they sum to what is not cash.
        weights: Weights after capping, as far as the turnover limit lets them move, shape (n,), with the same sum.
        shares: Units before capping where the weighting counts in units, else None.
        prices: At the instant, shape (n,).
        seen: Microseconds at which those were observed, shape (n,).
        refused: Reason by column of what the guard refused.
        frozen: Reason by column of what the guard corrected.
        overridden: Reason by column of what a committee decided.
        unweighted: Reason by column of members whose weight cannot be told, of weights alone.
        shortage: Why the caps could not be kept and weights are equal (beside stated ones); None where they are kept.
        held_back: How the turnover limit made the weights; None where it held back nothing.
    """

    version: Version
    scope: Scope
    view: Panel
    members: Bools
    candidates: Bools
    kept: tuple[Bools, ...]
    eligible: Bools
    choice: Choice
    columns: NDArray[np.int64]
    raw: Floats
    weights: Floats
    shares: Floats | None
    prices: Floats
    seen: NDArray[np.int64]
    refused: dict[int, str]
    frozen: dict[int, str]
    overridden: dict[int, str]
    unweighted: dict[int, str]
    shortage: str | None = None
    held_back: HeldBack | None = None

    @property
    def at(self) -> np.datetime64:
        """The instant of the last observation that was used."""
        return self.view.now

    @property
    def reserve(self) -> NDArray[np.int64]:
        """Columns of those who may be in, best rank first: who replaces a member is the first that is not held."""
        return self.choice.reserve

    def nobody(self) -> str:
        """Return in words how the rules left nobody."""
        counts = [f"{np.count_nonzero(self.candidates)} assets have a fresh price"]
        passed = self.candidates
        if self.scope is Scope.WEIGHTS:
            passed = passed & self.members
            counts.append(f"{np.count_nonzero(passed)} of {np.count_nonzero(self.members)} members are among them")
        for rule, mask in zip(self.version.rules.universe, self.kept, strict=False):
            passed = passed & mask
            counts.append(f"{np.count_nonzero(passed)} left after {rule.name}")
        out = [column for column, words in self.overridden.items() if words.startswith(_DECIDED["exclude"])]
        taken = [column for column in out if passed[column]]
        if taken:
            counts.append(f"overrides exclude {self._some(taken, self.overridden)}")
        refused = [column for column in self.refused if passed[column] and column not in out]
        if refused:
            counts.append(f"the guard refuses {self._some(refused, self.refused)}")
        if left := self.choice.left():
            counts += left
        elif (unranked := np.count_nonzero(self.eligible)) and not len(self.choice.ranked):
            counts.append(f"{self.version.rules.select.by.words()} is unknown for the {unranked} that are left")
        elif len(self.choice.ranked):
            counts.append(f"select wants none of the {len(self.choice.ranked)} that are ranked")
        remedy = "loosen the rule that leaves none"
        if refused:
            remedy = "loosen the guard (guard), or include them by an override"
        day = format_instant(self.at)
        return f"no asset is selected at {day}: {', '.join(counts)}; {remedy}, or start later (--start)"

    def _some(self, columns: list[int], reasons: Mapping[int, str]) -> str:
        """Return how many, and the first of them by name with the reason of each."""
        shown = sorted(columns)[:_SHOWN]
        named = "; ".join(f"{self.view.assets[column]}: {reasons[column]}" for column in shown)
        return f"{len(columns)} ({named}{'; and others' if len(columns) > len(shown) else ''})"


@dataclass(frozen=True, eq=False)
class _Admitted:
    """What rules alone say at an instant, before overrides and the guard.

    Attributes:
        candidates, kept, eligible: As in Determination.
        contest: The eligible in their order.
    """

    candidates: Bools
    kept: tuple[Bools, ...]
    eligible: Bools
    contest: Contest


def determine(
    version: Version, view: Panel, members: Bools, scope: Scope = Scope.WHOLE, held: Held | None = None
) -> Determination:
    """Return the members and weights that the rules give at the last instant of a panel.

    The guard examines what would be selected and what is held; where it corrects or refuses, the rules are
    applied again, until nothing changes.

    Args:
        version: The rules.
        view: The market, cut at the instant.
        members: Who is held, shape (N,); for weights alone, who is to be weighted.
        scope: What is asked for.
        held: The weights that turnover is counted from; None for no limit on it.

    Raises:
        MethodologyError: The rules cannot be satisfied at this instant; the message names it.
    """
    rules = version.rules
    price = view.latest("price", rules.missing.carry_forward)
    overridden, include, exclude = _overrides(version, view)
    accepted = accepted_supplies(rules.overrides, view)
    refused: dict[int, str] = {}
    frozen: dict[int, str] = {}
    for _ in range(len(view.assets) + 1):
        admitted = _members_alone(rules, view, members) if scope is Scope.WEIGHTS else _admitted(rules, view, members)
        eligible, contest = admitted.eligible, admitted.contest
        if refused or include is not None or exclude is not None:
            eligible = without(eligible, refused)
            if include is not None:
                eligible = eligible | (include & admitted.candidates)
            if exclude is not None:
                eligible = eligible & ~exclude
            contest = (
                Contest.unranked(eligible) if scope is Scope.WEIGHTS else rules.select.ranked(view, eligible, members)
            )
        if scope is Scope.WEIGHTS:
            choice = Choice.of_all(view, contest, members)
        else:
            choice = rules.select.choose_from(view, contest, members)
        suspects = (choice.decisive | (members & admitted.candidates)).nonzero()[0]
        verdict = examine(view, rules.guard, suspects, accepted, rules.missing.carry_forward)
        if not verdict:
            break
        new = {c: r for c, r in verdict.refused.items() if c not in refused and (include is None or not include[c])}
        corrected = {c: r for c, (_, r) in verdict.frozen.items() if c not in frozen}
        if not new and not corrected:
            break
        refused |= new
        if corrected:
            frozen |= corrected
            view = _corrected(view, price, {c: verdict.frozen[c][0] for c in corrected})
    columns = choice.chosen.nonzero()[0]
    unweighted: dict[int, str] = {}
    if scope is Scope.WEIGHTS:
        unweighted = _unweighted(rules, view, columns)
        columns = columns[~np.isin(columns, list(unweighted))]
    if scope is Scope.MEMBERS:
        raw = np.full(len(columns), 1 / max(len(columns), 1))
        weights, shares, shortage = raw, None, None
    else:
        raw, weights, shares, shortage = _weigh(version, view, columns)
    held_back = None
    if held is not None and len(columns) and scope is not Scope.MEMBERS:
        cash = 0.0 if rules.weight.cash is None else held.of(view.position(CASH))
        held_back = rules.weight.held_back(
            view, columns, raw, weights, held.over(columns), cash, capped=shortage is None
        )
    prices = price[columns]
    shares = None if shares is None else _counted(shares, raw, prices)
    return Determination(
        version=version,
        scope=scope,
        view=view,
        members=members,
        candidates=admitted.candidates,
        kept=admitted.kept,
        eligible=eligible,
        choice=choice,
        columns=columns,
        raw=raw,
        weights=weights if held_back is None else held_back.weights,
        shares=shares,
        prices=prices,
        seen=_seen(view, columns, rules.missing.carry_forward),
        refused=refused,
        frozen=frozen,
        overridden=overridden,
        unweighted=unweighted,
        shortage=shortage,
        held_back=held_back,
    )


def _unweighted(rules: Rulebook, view: Panel, columns: NDArray[np.int64]) -> dict[int, str]:
    """Return who cannot be weighted, with the reason; nobody where that holds of all.

    A member was chosen at an earlier date, and its figures may be unknown since.
    """
    rule = rules.weight.rule

    def fault(some: NDArray[np.int64]) -> str | None:
        try:
            rule.weights(view, some)
        except (MethodologyError, DataError) as error:
            return str(error)
        return None

    if not len(columns) or fault(columns) is None:
        return {}
    faults = {column: fault(np.array([column])) for column in columns.tolist()}
    found = {column: words for column, words in faults.items() if words is not None}
    return found if len(found) < len(columns) else {}


def _seen(view: Panel, columns: NDArray[np.int64], max_age: timedelta) -> NDArray[np.int64]:
    """Return the microseconds at which the latest price of some assets was observed, shape (n,)."""
    if not np.isnan(view.field("price")[-1].take(columns)).any():
        return np.full(len(columns), int(view.now.astype(np.int64)))
    start = int(view.times.searchsorted(view.now - np.timedelta64(max_age)))
    known = ~np.isnan(view.comparable("price", start, None, columns))[::-1]
    rows = len(view.times) - 1 - known.argmax(axis=0)
    return np.where(known.any(axis=0), view.times[rows].astype(np.int64), 0)


def _weigh(
    version: Version, view: Panel, columns: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats | None, str | None]:
    """Return weights before and after capping, units before capping, and the arithmetic of caps that do not fit."""
    if not len(columns):
        empty = np.empty(0)
        return empty, empty, None, None
    rules = version.rules.weight
    try:
        raw = rules.rule.weights(view, columns)
        weights, shortage = rules.capped(view, columns, raw)
        raw = raw if rules.cash is None else raw * rules.invested
        return raw, weights, rules.rule.shares(view, columns), shortage
    except (MethodologyError, DataError) as error:
        raise type(error)(f"determination of {format_instant(view.now)}: {error}") from error


def _counted(shares: Floats, raw: Floats, prices: Floats) -> Floats:
    """Return units before capping, also of assets whose price is carried for longer than a figure stands.

    Units times prices are in proportion to the weights before capping, which gives the units that are missing.
    """
    if math.isfinite(exact_total(shares)):
        return shares
    known = np.flatnonzero(np.isfinite(shares) & (raw > 0))
    total = shares[known[0]] * prices[known[0]] / raw[known[0]] if len(known) else 1.0
    return np.where(np.isfinite(shares), shares, total * raw / prices)


def _admitted(rules: Rulebook, view: Panel, members: Bools) -> _Admitted:
    """Return what the rules say, asked once for all who ask the same of a panel where they heed no members."""
    key = rules.candidacy
    if key is None:
        return _admit(rules, view, members)
    found: _Admitted = view.remember(("admitted", key), lambda: _admit(rules, view, members))
    return found


def _admit(rules: Rulebook, view: Panel, members: Bools) -> _Admitted:
    candidates = _candidates(view, view.latest("price", rules.missing.carry_forward))
    kept = tuple(np.array(rule.keep(view, members)) for rule in rules.universe_at(view.now))
    eligible = candidates
    for mask in kept:
        eligible = eligible & mask
    found = _Admitted(candidates, kept, eligible, rules.select.ranked(view, eligible, members))
    for shared in (found.candidates, *found.kept, found.eligible, found.contest.ranking.columns):
        shared.flags.writeable = False
    return found


def _members_alone(rules: Rulebook, view: Panel, members: Bools) -> _Admitted:
    """Return who of the members can be weighted: all that have a fresh price."""
    candidates = _candidates(view, view.latest("price", rules.missing.carry_forward))
    eligible = candidates & members
    return _Admitted(candidates, (), eligible, Contest.unranked(eligible))


def _corrected(view: Panel, price: Floats, caps: Mapping[int, float]) -> Panel:
    """Return the panel with some capitalisations, and the supplies that give them, in place of those reported."""

    def correct() -> Panel:
        cap, supply = view.latest("market_cap").copy(), view.latest("supply").copy()
        for column, value in caps.items():
            cap[column], supply[column] = value, value / price[column]
        return view.corrected(market_cap=cap, supply=supply)

    found: Panel = view.remember(("corrected", tuple(caps.items())), correct)
    return seen_as(found, view)


def _candidates(view: Panel, price: Floats) -> Bools:
    """Return which assets have a price and count for themselves, shape (N,).

    An asset that an event has ended does not, nor the successor of one whose conversion is known and still to come.
    """
    candidates = ~np.isnan(price)
    done = view.actions.at(view.now)
    if done is not None:
        candidates &= ~done.ended
    return view.actions.without_successors(candidates, view.now)


def _overrides(version: Version, view: Panel) -> tuple[dict[int, str], Bools | None, Bools | None]:
    """Return the committee's decisions in force: reasons by column, who is in, and who is out (None for nobody)."""
    masks: dict[str, Bools] = {}
    reasons: dict[int, str] = {}
    for override in version.rules.overrides:
        in_force = to_instant(override.valid_from) <= view.now and (
            override.until is None or view.now < to_instant(override.until)
        )
        if not in_force or override.asset not in view.assets:
            continue
        column = view.position(override.asset)
        if override.action != "accept_supply":
            masks.setdefault(override.action, np.zeros(len(view.assets), dtype=bool))[column] = True
        decided = f"by decision of {override.approver} on {override.date}: {override.reason}"
        reasons[column] = f"{_DECIDED[override.action]} {decided}"
    return reasons, masks.get("include"), masks.get("exclude")
