"""Why each asset is in or out at a date, and how its weight came about, rule by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import exact_sum, normalise
from basketry.core.time import format_duration, format_instant, to_datetime, to_instant
from basketry.index.calculate import Instant
from basketry.index.determine import Determination, determine
from basketry.index.halts import halts_of
from basketry.index.outlook import outlook
from basketry.index.proforma import ProForma, market_of, pro_forma
from basketry.index.records import Scope
from basketry.index.result import IndexResult
from basketry.index.settle import CARRIED_THROUGH, DOUBTFUL
from basketry.index.since import since_then
from basketry.index.state import Decision
from basketry.market.cash import CASH
from basketry.market.events import CorporateEvent, EventKind
from basketry.market.membership import for_change
from basketry.market.panel import Panel
from basketry.methodology.bound_words import bound_words
from basketry.methodology.ranking import MeanRank


@dataclass(frozen=True)
class AssetReason:
    """What the rules said of one asset."""

    asset: str
    held: bool
    rank: int | None
    metric: float | None
    steps: tuple[str, ...]
    weight_before_caps: float | None
    weight_determined: float | None
    weight: float | None
    units: float | None


@dataclass(frozen=True)
class Explanation:
    """The determination behind the composition in force at an instant.

    Attributes:
        instant: The instant asked for.
        effective_at, determined_at: Of the composition in force.
        reviewed_at: When its members were determined, where that was on a date of its own; else None.
        trigger: What caused it.
        version: Version of the rules.
        level: Price-return level at the instant, with its status and reason.
        assets: Members first by weight, then the others by rank.
        events: Events and fallbacks from the determination to the instant.
        ascending: Whether the smallest figure ranks first, as the mean of ranks does.
        proforma: Of the next composition, in place of the one in force, what it is; None otherwise.
    """

    instant: np.datetime64
    effective_at: np.datetime64
    determined_at: np.datetime64
    reviewed_at: np.datetime64 | None
    trigger: str
    version: int
    level: float
    status: str
    reason: str
    assets: tuple[AssetReason, ...]
    events: pl.DataFrame
    ascending: bool = False
    proforma: ProForma | None = None

    def nearest(self, top: int) -> list[AssetReason]:
        """Return the members, then so many of the others, those whose figure is nearest to being in first."""
        held = [entry for entry in self.assets if entry.held]
        sign = 1.0 if self.ascending else -1.0

        def order(entry: AssetReason) -> tuple[bool, float, int, str]:
            unknown = entry.metric is None
            return unknown, sign * (entry.metric or 0.0), entry.rank or 1_000_000, entry.asset

        return held + sorted((entry for entry in self.assets if not entry.held), key=order)[:top]

    def of(self, asset: str) -> AssetReason | None:
        """Return what was said of one asset, None where the data did not hold it then."""
        return next((entry for entry in self.assets if entry.asset == asset), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values for JSON."""
        return {
            "instant": format_instant(self.instant),
            "effective_at": format_instant(self.effective_at),
            "determined_at": format_instant(self.determined_at),
            "reviewed_at": None if self.reviewed_at is None else format_instant(self.reviewed_at),
            "trigger": self.trigger,
            "version": self.version,
            "level": self.level,
            "status": self.status,
            "reason": self.reason,
            **({} if self.proforma is None else {"next": self.proforma.stage.value, "words": self.proforma.words()}),
            "assets": [
                {name: getattr(entry, name) for name in AssetReason.__dataclass_fields__} for entry in self.assets
            ],
            "events": [{**row, "time": row["time"].isoformat()} for row in self.events.iter_rows(named=True)],
        }


def explain_index(result: IndexResult, instant: Instant) -> Explanation:
    """Return why the composition in force at an instant is what it is.

    The determination is made again from the data as they stood then.

    Raises:
        DataError: The instant lies before the base or after the last level.
    """
    moment = to_instant(instant)
    times = result.times
    if moment < times[0] or moment > times[-1]:
        raise DataError(
            f"{format_instant(moment)} lies outside the index, which runs from {format_instant(times[0])} "
            f"to {format_instant(times[-1])}"
        )
    decision = next(d for d in reversed(result.decisions) if _struck_at(result, d) <= moment)
    table = result.compositions.filter(pl.col("effective_at") <= to_datetime(moment))
    table = table.filter(pl.col("effective_at") == pl.col("effective_at").max())
    now = {row["asset"]: row for row in table.iter_rows(named=True)}
    return _explained(result, decision, _review_of(result, decision), moment, now)


def explain_next(result: IndexResult) -> Explanation:
    """Return why the next composition of an index will be what it is: as determined, or else as projected.

    The instant is the last one; weights and units are those of the pro-forma, see `next_composition`.

    Raises:
        DataError: The calendar of the schedule ends, so that no change comes.
        MethodologyError: The rules cannot be satisfied by the data of now.
    """
    found = outlook(result)
    if found is None:
        raise DataError("no change comes: the calendar of the schedule does not reach further")
    proforma = pro_forma(found.decision, found.state, result, market_of(result), found.stage, found.dates)
    now = {
        entry.asset: {"weight": entry.weight, "units": entry.units}
        for entry in proforma.holdings
        if entry.change != "delete"
    }
    review = _review_of(result, found.decision, (*found.reviews, *result.state.pending))
    return _explained(result, found.decision, review, result.times[-1], now, proforma)


def _explained(
    result: IndexResult,
    decision: Decision,
    review: Decision | None,
    moment: np.datetime64,
    now: dict[str, dict[str, Any]],
    proforma: ProForma | None = None,
) -> Explanation:
    """Return the explanation of a decision.

    Args:
        result: The index.
        decision: Of the change.
        review: What chose its members, where it did not itself.
        moment: The instant of the figures.
        now: Weight and units of each member by id, of the composition that is explained.
        proforma: Where that is the next one.
    """
    stamp = to_datetime(moment)
    found = _again(result, decision)
    reviewed = None if review is None else _again(result, review)
    choice = (found if reviewed is None else reviewed).choice
    level = result.levels.filter(pl.col("time") <= stamp).row(-1, named=True)
    return Explanation(
        instant=moment,
        effective_at=_struck_at(result, decision) if proforma is None else decision.effective_at,
        determined_at=decision.determined_at,
        reviewed_at=None if review is None or review.scope is not Scope.MEMBERS else review.determined_at,
        trigger=decision.words if proforma is None else f"{decision.words}, {proforma.mark}",
        version=decision.version,
        level=level["price_return"],
        status=level["status"],
        reason=level["reason"],
        assets=_reasons(
            result,
            found,
            None if review is None or reviewed is None else (review, reviewed),
            decision,
            moment,
            now,
            struck=proforma is None,
        ),
        events=result.events.filter(
            # What is told of a determination is told of the last instant that it used.
            pl.col("time").is_between(to_datetime((decision if review is None else review).used_to), stamp)
        ),
        ascending=isinstance(choice.by, MeanRank) or not choice.descending,
        proforma=proforma,
    )


def _again(result: IndexResult, decision: Decision) -> Determination:
    """Return a determination made once more."""
    members = np.zeros(len(result.panel.assets), dtype=bool)
    members[decision.members] = True
    view = for_change(result.panel.as_of(decision.determined_at), decision.determined_at, decision.effective_at)
    return determine(result.methodology.versions[decision.version - 1], view, members, decision.scope, decision.held)


def _review_of(result: IndexResult, decision: Decision, coming: tuple[Decision, ...] = ()) -> Decision | None:
    """Return what chose the members of a change of which only weights were determined; None for any other.

    Args:
        result: The index.
        decision: Of the change.
        coming: Further decisions, which were not made, or of changes that were not.
    """
    if decision.scope is not Scope.WEIGHTS:
        return None
    chose = [entry for entry in (*result.decisions, *coming) if entry.scope is Scope.WHOLE]
    found = [entry for entry in (*result.reviews, *coming) if entry.scope is Scope.MEMBERS and len(entry.columns)]
    before = [entry for entry in (*chose, *found) if entry.effective_at <= decision.effective_at]
    return max(before, key=lambda entry: entry.effective_at)


def _struck_at(result: IndexResult, decision: Decision) -> np.datetime64:
    """Return the calculation instant at which a change was made."""
    return result.times[int(np.searchsorted(result.times, decision.effective_at))]


def _reasons(
    result: IndexResult,
    decision: Determination,
    review: tuple[Decision, Determination] | None,
    of: Decision,
    moment: np.datetime64,
    now: dict[str, dict[str, Any]],
    *,
    struck: bool,
) -> tuple[AssetReason, ...]:
    place = {int(column): number for number, column in enumerate(decision.columns)}
    known = ~np.isnan(decision.view.field("price")).all(axis=0)
    # What came by an event may have had no data at the determination.
    known |= np.isin(np.array(decision.view.assets), [*now, *((CASH,) if result.methodology.holds_cash else ())])
    chosen = decision if review is None else review[1]
    since = since_then(result, of.determined_at if review is None else review[0].determined_at, moment, held=struck)
    rules = chosen.version.rules.universe_at(chosen.view.now)
    told = [rule.told(chosen.view, chosen.members) for rule in rules]
    held = _held(decision)
    if struck and decision.version.rules.schedule.fix == "supply":
        held = _again_at_strike(result, decision, of, held)
    entries = []
    for column in np.flatnonzero(known).tolist():
        asset = decision.view.assets[column]
        if asset == CASH and result.methodology.holds_cash:
            entries.append(_cash_reason(of.version, result, now.get(asset)))
            continue
        number = place.get(column)
        later = since.get(asset, ())
        steps = _steps(result, chosen, column, told)
        if (asset in now) != bool(chosen.choice.chosen[column]):
            # What was decided then is not what stands now.
            steps = [f"was {step}" if step.startswith(("in:", "out:")) else step for step in steps]
        if review is not None:
            steps = _by_review(steps, review[0], decision, column, number is not None)
        rank = int(chosen.choice.ranks[column])
        metric = float(chosen.choice.metric[column])
        entries.append(
            AssetReason(
                asset=asset,
                held=asset in now,
                rank=rank or None,
                metric=None if np.isnan(metric) else metric,
                steps=(*steps, *held.get(column, ()), *later),
                weight_before_caps=None if number is None else float(decision.raw[number]),
                weight_determined=None if number is None else float(decision.weights[number]),
                weight=now[asset]["weight"] if asset in now else None,
                units=now[asset]["units"] if asset in now else None,
            )
        )
    entries.sort(key=lambda e: (not e.held, -(e.weight or 0.0), e.rank or 1_000_000, e.asset))
    return tuple(entries)


def _cash_reason(version: int, result: IndexResult, row: dict[str, Any] | None) -> AssetReason:
    """Return what is said of the cash member, whose row in the composition in force is given, None for none."""
    cash = result.methodology.versions[version - 1].rules.weight.cash
    if row is None:
        why = "the rules in force have no cash member" if cash is None else "it was not held"
        return AssetReason(CASH, False, None, None, (f"out: {why}",), None, None, None, None)
    stated = None if cash is None else cash.weight
    told = "the rules have no cash member, and its last units leave" if cash is None else cash.words()
    steps = (f"in: {told[0].lower()}{told[1:].rstrip('.')}", "no rule ranks, caps or screens it")
    return AssetReason(CASH, True, None, None, steps, stated, stated, row["weight"], row["units"])


def _by_review(steps: list[str], review: Decision, decision: Determination, column: int, weighted: bool) -> list[str]:
    """Return the steps of a review with what the determination of weights made of them."""
    day = format_instant(review.determined_at)
    steps = [*steps[:-1], f"{steps[-1]} (members determined {day})"] if steps else []
    found = (decision.overridden, decision.frozen, decision.refused, decision.unweighted)
    told = [reasons[column] for reasons in found if column in reasons]
    if weighted:
        return [*steps, *told, f"weighted on {format_instant(decision.at)}"]
    if decision.members[column]:
        told = told or ["no price fresh enough, or ended"]
        return [*steps, f"out: a member without a weight on {format_instant(decision.at)}", *told]
    return steps


def _no_candidate(result: IndexResult, view: Panel, column: int, carry: timedelta) -> str:
    """Return why an asset did not stand for selection: ended, about to succeed another, or without a price."""
    asset, now = view.assets[column], view.now
    known = {event.key: event for event in view.corporate if event.known_at <= now}
    for event in sorted(known.values(), key=lambda event: event.seen):
        name = f"{event.kind.value} of {event.asset} on {format_instant(event.time)}"
        into = "" if event.new_asset is None else f" into {event.new_asset}"
        if (
            event.asset == asset
            and event.kind.departs
            and event.seen <= now
            and (into or event.kind in (EventKind.DELISTING,))
        ):
            return f"out: ended by the {name}{into}{_settled(result, event)}"
        if event.new_asset == asset and event.kind.continues and now < event.time:
            return f"out: not before it takes over by the {name}"
    halted = [halt.words() for halt in halts_of(view) if halt.column == column and halt.event.seen <= now < halt.end]
    seen = np.flatnonzero(~np.isnan(view.field("price")[:, column]))
    last = f"the last was on {format_instant(view.times[seen[-1]])}" if len(seen) else "it has had none yet"
    told = "; ".join([last, *halted])
    return f"out: no price fresh enough at the determination (at most {format_duration(carry)} old): {told}"


def _settled(result: IndexResult, event: CorporateEvent) -> str:
    """Return what became of the holding by an event that ended an asset, '' where it was not held."""
    rows = result.events.filter(
        (pl.col("asset") == event.asset)
        & (pl.col("kind") == event.kind.value)
        & (pl.col("time") >= to_datetime(event.time))
        & ~pl.col("treatment").is_in([DOUBTFUL, CARRIED_THROUGH])
    )
    return f": {rows['treatment'][0]}" if rows.height else ""


def _held(decision: Determination) -> dict[int, list[str]]:
    """Return by column how limits made a weight of a determination: those of weights, then that of turnover."""
    section, places, back = decision.version.rules.weight, range(len(decision.columns)), decision.held_back
    if decision.shortage is not None:
        found = {place: [f"weight: the caps cannot be kept, {section.treatment}"] for place in places}
    else:
        target = decision.weights if back is None else back.target
        bound = bound_words(section, decision.view, decision.columns, decision.raw, target)
        found = {place: [f"weight: {words}"] for place, words in bound.items()}
    if back is not None:
        found = {place: [*found.get(place, ()), f"weight: {back.words_of(place)}"] for place in places}
    return {int(decision.columns[place]): steps for place, steps in found.items()}


def _again_at_strike(
    result: IndexResult, decision: Determination, struck: Decision, held: dict[int, list[str]]
) -> dict[int, list[str]]:
    """Return what limits made of weights that are made again from the supplies at effective prices, beside the first.

    Weights before capping are those of the composition over its capping factors. In a transition no composition but the
    last has them, and only the first limits are told.
    """
    schedule, section = decision.version.rules.schedule, decision.version.rules.weight
    found = {column: [f"at the determination, {step}" for step in steps] for column, steps in held.items()}
    if schedule.transition is not None and schedule.transition.steps > 1:
        return found
    at = to_datetime(_struck_at(result, struck))
    rows = result.compositions.filter((pl.col("effective_at") == at) & (pl.col("weight") > 0))
    if result.methodology.holds_cash:
        rows = rows.filter(pl.col("asset") != CASH)
    # Who was determined may have become another since: the composition has them as they are.
    rows = rows.sort("asset")
    columns = np.array([decision.view.position(asset) for asset in rows["asset"]], dtype=np.int64)
    weights, factors = rows["weight"].to_numpy(), rows["capping_factor"].to_numpy()
    short = result.events.filter((pl.col("time") == at) & (pl.col("kind") == "cap_shortage"))
    if short.height:
        words = dict.fromkeys(range(len(columns)), f"the caps cannot be kept, {section.treatment}")
    else:
        # What has no weight but by a floor has no factor of its own.
        without = np.isin(columns, decision.columns[decision.raw == 0])
        raw = normalise(np.where(without, 0.0, weights / factors)) * exact_sum(weights)
        words = bound_words(section, decision.view, columns, raw, weights)
    for place, told in words.items():
        column = int(columns[place])
        found[column] = [*found.get(column, ()), f"weight at the effective prices: {told}"]
    return found


def _steps(result: IndexResult, decision: Determination, column: int, measured: list[list[str] | None]) -> list[str]:
    steps = []
    if not decision.candidates[column]:
        carry = decision.version.rules.missing.carry_forward
        return [_no_candidate(result, decision.view, column, carry)]
    for rule, mask, figures in zip(decision.version.rules.universe, decision.kept, measured, strict=True):
        verdict = "passes" if mask[column] else "fails"
        figure = "" if figures is None else f" ({figures[column]})"
        steps.append(f"{verdict} {rule.name}{figure}")
    told = (decision.overridden, decision.frozen, decision.refused)
    steps += [reasons[column] for reasons in told if column in reasons]
    if decision.eligible[column]:
        reason = decision.choice.reasons(column)
        if reason:
            steps.append(reason)
    return steps
