"""A limit on turnover when weights are set: meetings worked by hand, what is held, and laws of the arithmetic.

Prices are 10 at the base, day 0, a Wednesday; changes are on Mondays, days 5 and 12. In most meetings a, b and c begin
at a third each and a trebles on day 3: held are then 60%, 20% and 20%, and equal weights take a turnover of 26.67%.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.index.meetings import GAP, at, rules

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.result import IndexResult
from basketry.index.state import Decision, IndexState
from basketry.jobs.save import save_index
from basketry.jobs.verify import verify
from basketry.market.panel import Panel
from basketry.methodology.cap_weights import cap_weights
from basketry.methodology.schema import methodology_schema
from basketry.methodology.turnover_limit import HeldBack, hold_back, one_way
from basketry.reports.change_log import changes
from basketry.reports.methodology_document import methodology_document

DAYS = 14
Prices = dict[str, list[float]]

TREBLED: Prices = {"a": [10.0] * 3 + [30.0] * 11, "b": [10.0] * DAYS, "c": [10.0] * DAYS}


def jump(to: float, start: float = 10.0, day: int = 3) -> list[float]:
    return [start] * day + [to] * (DAYS - day)


def panel(prices: Prices, events: list[dict[str, Any]] | None = None) -> Panel:
    times = [at(n).replace(tzinfo=None) for n in range(DAYS)]
    frame = pl.DataFrame({"time": times, **prices}, schema_overrides=dict.fromkeys(prices, pl.Float64), strict=False)
    kinds: dict[str, Any] = {"ratio": pl.Float64, "new_asset": pl.String, "removal": pl.String}
    told = None if events is None else pl.DataFrame(events, schema_overrides=kinds)
    return Panel.from_frames(price=frame, events=told)


def index(
    prices: Prices, limit: float | None, events: list[dict[str, Any]] | None = None, **sections: Any
) -> IndexResult:
    weight = {"by": "equal", **sections.pop("weight", {})} | ({} if limit is None else {"turnover": limit})
    rebalance = {"every": "week", "determine": "0d", **sections.pop("rebalance", {})}
    return calculate_index(rules(weight=weight, rebalance=rebalance, **sections), panel(prices, events))


def weights(result: IndexResult, day: int = 5) -> dict[str, float]:
    return {asset: weight for asset, weight in result.weights(at(day).date().isoformat()).items() if weight > 0}


def told(result: IndexResult) -> list[tuple[int, str]]:
    """Return the days on which the limit bound, with what was done."""
    rows = result.events.filter(pl.col("kind") == "turnover_limit")
    return [((row["time"] - at(0)).days, row["treatment"]) for row in rows.iter_rows(named=True)]


BACK, NOT = "weights held back", "limit cannot be kept"
THIRD = 1 / 3


@dataclass(frozen=True)
class Meeting:
    """One meeting: prices, limit, sections of the rulebook, and the weights of day 5 with what is told of it."""

    prices: Prices
    limit: float
    weights: dict[str, float]
    told: str | None
    sections: dict[str, Any] = field(default_factory=dict)


ENTERS: Prices = {"a": jump(50), "b": jump(30), "c": jump(20), "d": jump(25, 5.0)}
TOP: dict[str, Any] = {"select": {"by": "price", "top": 3}}

MEETINGS = {
    # Held 0.6, 0.2, 0.2; b and c are to buy 0.1 of the 0.2667: 0.375 of the way.
    "nobody enters": Meeting(TREBLED, 0.1, {"a": 0.5, "b": 0.25, "c": 0.25}, BACK),
    "not binding": Meeting(TREBLED, 0.3, {"a": THIRD, "b": THIRD, "c": THIRD}, None),
    # Held 0.6 and 0.4, wanted 0.5 each: 0.1.
    "exactly at the limit": Meeting({"a": jump(15), "b": [10.0] * DAYS}, 0.1, {"a": 0.5, "b": 0.5}, None),
    # Held a 0.5, b 0.3, c 0.2; d enters at 1/3 and c leaves. s: a and b share 2/3 as 5:3, 0.41667 and 0.25. b passes
    # what is held at a = (0.3 - 0.25) / 0.08333 = 0.6 and is bought from there: 0.35 = 1/3 + 0.08333 a - 0.05 at 0.8.
    "enters and leaves": Meeting(
        ENTERS, 0.35, {"a": 0.35, "b": 0.25 + 0.8 / 12, "d": THIRD}, BACK, TOP
    ),
    # Entries alone need 1/3: as far as needs no more, a = 0.6.
    "entries alone above it": Meeting(ENTERS, 0.2, {"a": 11 / 30, "b": 0.3, "d": THIRD}, NOT, TOP),
    # Held 0.6, 0.2, 0.2; c is excluded and leaves with 0.2. s: 0.75 and 0.25, wanted 0.5 each. a is sold once it is
    # below 0.6, at a = 0.6; full 0.3. 0.25 = 0.2 + 0.6 - 0.75 + 0.25 a at 0.8: a 0.55.
    "departure": Meeting(
        TREBLED, 0.25, {"a": 0.55, "b": 0.45}, BACK, {"overrides": [
            {"asset": "c", "action": "exclude", "valid_from": "2020-01-04", "reason": "Hacked.", "approver": "X",
             "date": "2020-01-03"}
        ]},
    ),
    # The same with 0.1: c alone needs 0.2, up to a = 0.6.
    "departures alone above it": Meeting(
        TREBLED, 0.1, {"a": 0.6, "b": 0.4}, NOT, {"overrides": [
            {"asset": "c", "action": "exclude", "valid_from": "2020-01-04", "reason": "Hacked.", "approver": "X",
             "date": "2020-01-03"}
        ]},
    ),
    # s: a capped at 0.45, the others 0.275. Sold are 0.6 - 0.45 + (0.45 - 1/3) a = 0.2 at 3/7: a 0.4.
    "cap": Meeting(TREBLED, 0.2, {"a": 0.4, "b": 0.3, "c": 0.3}, BACK, {"weight": {"cap": 0.45}}),
    "cap alone above it": Meeting(
        TREBLED, 0.1, {"a": 0.45, "b": 0.275, "c": 0.275}, NOT, {"weight": {"cap": 0.45}}
    ),
    # s: b and c raised to 0.25, a 0.5; 0.15 are bought where b is 0.275.
    "floor": Meeting(TREBLED, 0.15, {"a": 0.45, "b": 0.275, "c": 0.275}, BACK, {"weight": {"floor": 0.25}}),
    "limits": Meeting(
        TREBLED, 0.2, {"a": 0.4, "b": 0.3, "c": 0.3}, BACK, {"weight": {"limits": {"a": {"max": 0.45}}}}
    ),
    # Base 0.5, 0.25, 0.25; worth 50, 75, 25 of 150 on day 3. a gets its 0.5, which buys 0.16667; b and c share the
    # other half as 3:1, 0.375 and 0.125. c is bought above 0.16667: 0.2 = 0.16667 + 0.125 + 0.125 a - 0.16667 at 0.6.
    "fixed": Meeting(
        {"a": [10.0] * DAYS, "b": jump(30), "c": [10.0] * DAYS}, 0.2, {"a": 0.5, "b": 0.3, "c": 0.2}, BACK,
        {"weight": {"fixed": {"a": 0.5}}},
    ),
    # Two cannot keep a cap of 0.3, whatever is held: equal weights stand.
    "caps cannot be kept": Meeting(
        {"a": jump(30), "b": [10.0] * DAYS}, 0.1, {"a": 0.5, "b": 0.5}, NOT, {"weight": {"cap": 0.3}}
    ),
    # All have stated weights, which sum to 0.65: scaled to 1, whatever is held.
    "stated weights of all": Meeting(
        {"a": jump(30), "b": [10.0] * DAYS}, 0.1, {"a": 0.4 / 0.65, "b": 0.25 / 0.65}, NOT,
        {"weight": {"fixed": {"a": 0.4, "b": 0.25}}},
    ),
    # c has had no price since day 1 and none fresh enough on day 5; it is kept, and leaves with the 0.2 that it had.
    "missing price": Meeting(
        {**TREBLED, "c": [10.0] * 2 + [GAP] * 12}, 0.25, {"a": 0.55, "b": 0.45}, BACK,
        {"missing": {"carry_forward": "2d", "then": "keep"}},
    ),
    # The same held as cash from day 4 on: 0.2 that leave.
    "held as cash": Meeting(
        {**TREBLED, "c": [10.0] * 2 + [GAP] * 12}, 0.25, {"a": 0.55, "b": 0.45}, BACK,
        {"missing": {"carry_forward": "2d", "then": "to_cash"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEETINGS)
def test_meetings(name: str) -> None:
    meeting = MEETINGS[name]
    result = index(meeting.prices, meeting.limit, **meeting.sections)
    assert weights(result) == pytest.approx(meeting.weights, abs=1e-14)
    assert [words for day, words in told(result) if day == 5] == ([] if meeting.told is None else [meeting.told])
    # The base is as without the limit, and where it does not bind all is, to the last bit.
    free = index(meeting.prices, None, **meeting.sections)
    assert weights(result, 0) == weights(free, 0)
    if meeting.told is None:
        assert weights(result) == weights(free)
        assert result.levels.equals(free.levels)
        assert result.events.equals(free.events)


def test_what_is_told_has_the_numbers() -> None:
    (words,) = index(TREBLED, 0.1).events.filter(pl.col("time") == at(5))["evidence"]
    assert words == "one-way turnover 26.67% in full, limit 10%: weights moved 37.5% of the way, turnover 10%"
    (words,) = index(ENTERS, 0.2, **TOP).events.filter(pl.col("time") == at(5))["evidence"]
    assert words == (
        "one-way turnover 36.67% in full, limit 20%: weights moved 60% of the way, turnover 33.33%; the limit cannot "
        "be kept: entries 33.33%"
    )
    short = index({"a": jump(30), "b": [10.0] * DAYS}, 0.1, weight={"cap": 0.3})
    (words,) = short.events.filter(pl.col("time") == at(5), pl.col("kind") == "turnover_limit")["evidence"]
    # Held 0.75 and 0.25.
    assert words == (
        "one-way turnover 25% in full, limit 10%: made in full, turnover 25%; the limit cannot be kept: too few assets "
        "for the limits of weights, which are set at once"
    )
    # b may have 0.55 at least, and is held at 0.55 of 3 x 0.45 + 0.55: 0.2895.
    (words,) = index({"a": jump(30), "b": [10.0] * DAYS}, 0.1, weight={"limits": {"b": {"min": 0.55}}}).events.filter(
        pl.col("time") == at(5)
    )["evidence"]
    assert words.endswith("the limit cannot be kept: what departures and limits of weights leave to the others 26.05%")


def test_the_next_change_counts_from_what_is_held_then() -> None:
    # 0.5, 0.25, 0.25 since day 5, no price has moved: full 0.16667, again 0.1, 0.6 of the way.
    result = index(TREBLED, 0.1)
    assert weights(result, 12) == pytest.approx({"a": 0.4, "b": 0.3, "c": 0.3}, abs=1e-14)
    assert told(result) == [(5, BACK), (12, BACK)]


@pytest.mark.parametrize(("fix", "expected"), [("weights", [0.5, 0.25, 0.25]), ("units", [2 / 3, 1 / 6, 1 / 6])])
def test_the_weights_are_those_of_the_determination(fix: str, expected: list[float]) -> None:
    """Determined on day 4 at 30, 10, 10; a doubles until the change, by which units move from 0.5 to 1 of 1.5."""
    prices = {**TREBLED, "a": [10.0] * 3 + [30.0] * 2 + [60.0] * 9}
    result = index(prices, 0.1, rebalance={"determine": "1d", "fix": fix})
    assert list(weights(result).values()) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("fix", ["weights", "units"])
def test_units_capping_factors_and_weights_go_together(fix: str) -> None:
    """By capitalisation the units are supply times capping factor: held 0.6, 0.2, 0.2 and wanted 0.3, 0.1, 0.6."""
    times = [at(n).replace(tzinfo=None) for n in range(DAYS)]
    supplies = {"a": [100.0] * 3 + [10.0] * 11, "b": [100.0] * 3 + [10.0] * 11, "c": [100.0] * 3 + [60.0] * 11}
    caps = {name: np.multiply(TREBLED[name], supply) for name, supply in supplies.items()}
    market = Panel.from_frames(
        price=pl.DataFrame({"time": times, **TREBLED}), market_cap=pl.DataFrame({"time": times, **caps})
    )
    book = rules(
        weight={"by": "market_cap", "turnover": 0.2}, rebalance={"every": "week", "determine": "0d", "fix": fix}
    )
    result = calculate_index(book, market)
    # Half of the way: 0.45, 0.15, 0.4; over what is wanted 1.5, 1.5, 0.667.
    rows = result.compositions.filter(pl.col("effective_at") == at(5)).sort("asset")
    assert rows["weight"].to_list() == pytest.approx([0.45, 0.15, 0.4], abs=1e-14)
    assert rows["capping_factor"].to_list() == pytest.approx([1, 1, 4 / 9], abs=1e-14)
    units = np.array([10.0, 10.0, 60.0]) * rows["capping_factor"].to_numpy()
    assert (rows["units"] / rows["units"][0]).to_list() == pytest.approx((units / units[0]).tolist(), abs=1e-14)


def decided(result: IndexResult, day: int) -> Decision:
    return next(
        entry for entry in result.decisions if entry.effective_at == np.datetime64(at(day).replace(tzinfo=None))
    )


def held(result: IndexResult, day: int) -> dict[str, float]:
    found = decided(result, day).held
    assert found is not None
    names = [result.panel.assets[column] for column in found.columns.tolist()]
    return dict(zip(names, found.weights.tolist(), strict=True))


def test_of_a_transition_under_way_its_end_is_held() -> None:
    """The change of day 12 is determined on day 5, at the first of two steps: the mixture is 0.467, the end a third."""
    result = index(TREBLED, 0.05, rebalance={"determine": "7d", "transition": {"steps": 2, "every": "1d"}})
    assert weights(result)["a"] == pytest.approx((0.6 + THIRD) / 2, abs=1e-14)
    assert held(result, 12) == pytest.approx({"a": THIRD, "b": THIRD, "c": THIRD}, abs=1e-14)
    assert told(result) == []


@pytest.mark.parametrize(("fix", "expected"), [("weights", THIRD), ("units", 0.6)])
def test_an_earlier_change_that_is_pending_stands_for_what_is_held(fix: str, expected: float) -> None:
    """On day 4 the change of day 5 is pending since the base, at equal weights; its units are worth 0.6, 0.2, 0.2."""
    result = index(TREBLED, 0.05, rebalance={"determine": "8d", "fix": fix})
    assert held(result, 12)["a"] == pytest.approx(expected, abs=1e-14)
    assert told(result)[:1] == ([] if fix == "weights" else [(4, BACK)])


def test_a_pending_change_by_supply_of_an_earlier_version_counts_within_its_caps() -> None:
    times = [at(n).replace(tzinfo=None) for n in range(DAYS)]
    caps = {name: np.multiply(price, 100.0) for name, price in TREBLED.items()}
    market = Panel.from_frames(
        price=pl.DataFrame({"time": times, **TREBLED}), market_cap=pl.DataFrame({"time": times, **caps})
    )
    later = {"weight": {"by": "equal", "turnover": 0.05}, "rebalance": {"every": "week", "determine": "8d"}}
    book = rules(
        weight={"by": "market_cap", "cap": 0.4}, rebalance={"every": "week", "determine": "8d", "fix": "supply"},
        versions=[{"valid_from": "2020-01-04", "note": "Limited.", "changes": later}],
    )  # fmt: skip
    # Supplies at the prices of day 4 weigh 0.6, 0.2, 0.2, and capped 0.4, 0.3, 0.3.
    assert held(calculate_index(book, market), 12) == pytest.approx({"a": 0.4, "b": 0.3, "c": 0.3}, abs=1e-14)


def event(kind: str, day: float, **says: Any) -> dict[str, Any]:
    return {"time": at(0) + timedelta(days=day), "kind": kind, "asset": "c", **says}


@pytest.mark.parametrize("kind", ["redenomination", "migration"])
def test_an_event_between_changes_moves_no_weight(kind: str) -> None:
    later = [GAP] * 4 + [1.0] * 10
    if kind == "redenomination":
        prices, new = {**TREBLED, "c": [10.0] * 4 + [1.0] * 10}, None
    else:
        prices, new = {**TREBLED, "c": [10.0] * 4 + [GAP] * 10, "new": later}, "new"
    result = index(prices, 0.1, [event(kind, 4, ratio=10.0, new_asset=new)])
    assert weights(result) == pytest.approx({"a": 0.5, "b": 0.25, new or "c": 0.25}, abs=1e-14)


def test_an_event_since_the_last_data_is_carried_through_afterwards() -> None:
    """Determined at noon of day 4, when c has become new since the last prices: held and weighted as c, then new."""
    prices = {**TREBLED, "c": [10.0] * 5 + [GAP] * 9, "new": [GAP] * 5 + [1.0] * 9}
    migrates = [event("migration", 4.25, ratio=10.0, new_asset="new")]
    result = index(prices, 0.1, migrates, rebalance={"determine": "12h"})
    assert held(result, 5) == pytest.approx({"a": 0.6, "b": 0.2, "c": 0.2}, abs=1e-14)
    assert weights(result) == pytest.approx({"a": 0.5, "b": 0.25, "new": 0.25}, abs=1e-14)


@pytest.mark.parametrize("kind", ["redenomination", "migration", "nothing"])
def test_prices_and_events_since_the_last_instant_count(kind: str) -> None:
    """Calculated on Thursday and Friday, days 1 and 2, and determined on Sunday: a has trebled, and c was converted."""
    new = "new" if kind == "migration" else None
    prices, events = TREBLED, None
    if kind != "nothing":
        events = [event(kind, 3, ratio=10.0, new_asset=new)]
        prices = {**TREBLED, "c": [10.0] * 3 + ([GAP] if new else [1.0]) * 11}
        prices |= {"new": [GAP] * 3 + [1.0] * 11} if new else {}
    result = index(
        prices, 0.1, events, rebalance={"determine": "1d"}, base={"date": "2020-01-02", "level": 100},
        calculate={"every": "day", "calendar": "XNYS"},
    )  # fmt: skip
    assert [str(time)[:10] for time in result.times[:3]] == ["2020-01-02", "2020-01-03", "2020-01-06"]
    assert held(result, 5) == pytest.approx({"a": 0.6, "b": 0.2, new or "c": 0.2}, abs=1e-14)
    assert weights(result) == pytest.approx({"a": 0.5, "b": 0.25, new or "c": 0.25}, abs=1e-14)


def test_an_event_since_the_last_instant_reaches_what_is_pending() -> None:
    """On Sunday, day 4, units of the change of Monday are pending since the base; c has become new on Saturday."""
    prices = {**TREBLED, "c": [10.0] * 3 + [GAP] * 11, "new": [GAP] * 3 + [1.0] * 11}
    migrates = [event("migration", 3, ratio=10.0, new_asset="new")]
    result = index(
        prices, 0.1, migrates, rebalance={"determine": "8d", "fix": "units"},
        base={"date": "2020-01-02", "level": 100}, calculate={"every": "day", "calendar": "XNYS"},
    )  # fmt: skip
    assert held(result, 12) == pytest.approx({"a": 0.6, "b": 0.2, "new": 0.2}, abs=1e-14)


def test_a_pending_asset_without_a_price_counts_at_that_of_the_earlier_determination() -> None:
    """On day 4 units of the base, a third each at 10, are worth 30, 10 and, c without a price for three days, 10."""
    prices = {**TREBLED, "c": [10.0, 40.0] + [GAP] * 12}
    missing = {"carry_forward": "1d", "then": "keep"}
    result = index(prices, 0.05, rebalance={"determine": "8d", "fix": "units"}, missing=missing)
    assert held(result, 12) == pytest.approx({"a": 0.6, "b": 0.2, "c": 0.2}, abs=1e-14)


def test_who_departs_before_the_change_leaves_its_weight_to_the_others_whatever_the_limit() -> None:
    """Determined on day 3 at a half and two quarters; c leaves on day 4."""
    prices = {**TREBLED, "c": [10.0] * 5 + [GAP] * 9}
    result = index(prices, 0.1, [event("delisting", 4)], rebalance={"determine": "2d"})
    assert decided(result, 5).weights.tolist() == pytest.approx([2 / 3, THIRD], abs=1e-14)
    assert weights(result) == pytest.approx({"a": 2 / 3, "b": THIRD}, abs=1e-14)
    assert told(result)[0] == (3, BACK)


def test_who_is_included_by_decision_enters_in_full() -> None:
    """d takes a quarter; of 0.6, 0.2 and 0.2 the others begin at 0.45, 0.15, 0.15; b and c are back at 0.2 half way."""
    told_to = {"asset": "d", "action": "include", "valid_from": "2020-01-04", "reason": "Large.", "approver": "X"}
    sections: dict[str, Any] = {
        "universe": [{"exclude_assets": ["d"]}],
        "overrides": [{**told_to, "date": "2020-01-03"}],
    }
    result = index({**TREBLED, "d": [10.0] * DAYS}, 0.1, **sections)
    assert weights(result) == pytest.approx({"a": 0.35, "b": 0.2, "c": 0.2, "d": 0.25}, abs=1e-14)
    assert told(result)[0] == (5, NOT)


@pytest.mark.parametrize(("known", "expected"), [(7.25, THIRD), (6.75, 0.5)])
def test_what_is_held_before_the_base_goes_through_events_as_they_were_known(known: float, expected: float) -> None:
    """The base of day 9 was determined on day 4 with 1/30 of each; each c became ten on day 5, twenty as told later.

    On day 7, when the change of day 12 is determined, they are 1/30 at 10, 1/30 at 10 and 10/30 or 20/30 at 1.
    """
    split = event("redenomination", 5, ratio=10.0)
    told = [{**split, "known_at": at(5)}, {**split, "ratio": 20.0, "known_at": at(0) + timedelta(days=known)}]
    prices = {"a": [10.0] * DAYS, "b": [10.0] * DAYS, "c": jump(1, day=5)}
    base = {"date": "2020-01-10", "level": 100}
    result = index(prices, 0.05, told, rebalance={"determine": "5d", "fix": "units"}, base=base)
    assert held(result, 12)["c"] == pytest.approx(expected, abs=1e-14)


def test_what_was_delisted_into_cash_leaves() -> None:
    prices = {**TREBLED, "c": [10.0] * 5 + [GAP] * 9}
    result = index(prices, 0.25, [event("delisting", 4, removal="to_cash")])
    assert held(result, 5) == pytest.approx({"a": 0.6, "b": 0.2}, abs=1e-14)
    assert weights(result) == pytest.approx({"a": 0.55, "b": 0.45}, abs=1e-14)


def test_a_trigger_obeys_it() -> None:
    """a is above its third by more than 0.2 on day 3: held 0.6, moved to 0.5, and fires no more."""
    schedule = {"every": "year", "triggers": [{"drift": 0.2}]}
    result = index(TREBLED, 0.1, rebalance=schedule)
    assert weights(result, 3) == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.25}, abs=1e-14)
    assert told(result) == [(3, BACK)]


def test_members_of_a_review_count_from_what_is_held() -> None:
    """Members are chosen on day 2, at prices of 10 and 5: a, b and c. What they weigh is limited on day 5."""
    result = index(ENTERS, 0.05, rebalance={"determine": "0d"}, review={"every": "week", "determine": "3d"}, **TOP)
    assert [entry.held for entry in result.reviews] == [None] * len(result.reviews)
    # Held 0.5, 0.3, 0.2, wanted a third each: 0.16667 in full, 0.3 of the way.
    assert weights(result) == pytest.approx({"a": 0.45, "b": 0.31, "c": 0.24}, abs=1e-14)


def test_a_version_may_change_it() -> None:
    versions = [
        {"valid_from": "2020-01-08", "note": "Limited.", "changes": {"weight": {"by": "equal", "turnover": 0.1}}}
    ]
    prices = {**TREBLED, "a": [10.0] * 8 + [30.0] * 6}
    result = index(prices, None, versions=versions)
    assert weights(result, 5)["a"] == pytest.approx(THIRD)
    assert weights(result, 12) == pytest.approx({"a": 0.5, "b": 0.25, "c": 0.25}, abs=1e-14)


def test_goes_on_from_bytes_and_keeps_those_of_an_index_without() -> None:
    result = index(TREBLED, 0.1, rebalance={"determine": "2d"})
    history = History(result.methodology, IndexMarket.of(result.panel, result.times))
    steps = list(history.walk(history.start()))
    assert any(entry.held is not None for step in steps for entry in step.state.pending)
    for step in steps:
        kept = step.state.to_bytes()
        state = IndexState.from_bytes(kept, result.methodology, result.panel.assets)
        assert state.to_bytes() == kept
        last = [later.state for later in history.walk(state)][-1:] or [state]
        assert last[0].to_bytes() == result.state.to_bytes()
    free = index(TREBLED, None, rebalance={"determine": "2d"})
    history = History(free.methodology, IndexMarket.of(free.panel, free.times))
    assert all(b'"held"' not in step.state.to_bytes() for step in history.walk(history.start()))


@pytest.mark.parametrize("name", MEETINGS)
def test_explain_makes_the_numbers_of_the_composition(name: str) -> None:
    meeting = MEETINGS[name]
    result = index(meeting.prices, meeting.limit, **meeting.sections)
    for day in (5, 12):
        found = explain_index(result, at(day).date().isoformat())
        assert {e.asset: e.weight_determined for e in found.assets if e.held} == pytest.approx(
            {e.asset: e.weight for e in found.assets if e.held}, abs=1e-15
        )
        bound = day in [when for when, _ in told(result)]
        words = [any("turnover limit" in step for step in e.steps) for e in found.assets if e.held]
        assert words == [bound] * len(words)


def test_explain_says_it_in_words() -> None:
    entry = explain_index(index(TREBLED, 0.1), "2020-01-06").of("a")
    assert entry is not None
    assert entry.steps[-1] == (
        "weight: held 60.00%, target 33.33%, moved 37.5% of the way: 50.00%; turnover limit 10% (full move 26.67%)"
    )
    found = explain_index(index(ENTERS, 0.35, **TOP), "2020-01-06")
    steps = {entry.asset: entry.steps[-1] for entry in found.assets}
    limit = "turnover limit 35% (full move 36.67%)"
    assert steps["a"] == (
        "weight: held 50.00%, 41.67% after entries, departures and limits, target 33.33%, moved 80% of the way: "
        f"35.00%; {limit}"
    )
    assert steps["d"] == f"weight: enters at its target 33.33%; {limit}"
    fixed = MEETINGS["fixed"]
    stated = explain_index(index(fixed.prices, fixed.limit, **fixed.sections), "2020-01-06").of("a")
    assert stated is not None
    assert stated.steps[-1] == "weight: held 33.33%, set to 50.00%; turnover limit 20% (full move 25%)"
    # Departures and entries alone need 33.33%, see capping.md.
    short = explain_index(index(ENTERS, 0.2, **TOP), "2020-01-06").of("d")
    assert short is not None
    assert short.steps[-1] == (
        "weight: enters at its target 33.33%; turnover limit 20% cannot be kept, turnover 33.33% (full move 36.67%)"
    )


def test_a_published_folder_is_verified(tmp_path: Path) -> None:
    result = index(TREBLED, 0.1, rebalance={"determine": "1d"})
    assert told(result)
    assert verify(save_index(result, tmp_path / "TWO"), result.panel).passed


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"turnover": 0}, r"weight\.turnover: must be above 0"),
        ({"turnover": 1}, r"weight\.turnover: must be below 1"),
        ({"turnover": {"most": 0.1}}, r"weight\.turnover\.most: unknown parameter"),
        ({"turnovr": 0.1}, r"weight: unknown key 'turnovr' \(did you mean 'turnover'\?\)"),
    ],
)
def test_what_is_no_limit_is_refused(weight: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rules(weight={"by": "equal", **weight})


def test_supplies_that_are_weighed_at_the_change_are_refused() -> None:
    with pytest.raises(MethodologyError, match=r"weight\.turnover: does not go with rebalance\.fix: supply"):
        rules(weight={"by": "market_cap", "turnover": 0.1}, rebalance={"every": "month", "fix": "supply"})
    whole = rules(weight={"by": "equal", "turnover": {"max": 0.1}})
    assert whole.first.weight.turnover == rules(weight={"by": "equal", "turnover": 0.1}).first.weight.turnover


def test_document_words_schema_and_diff_follow() -> None:
    plain, limited = rules(), rules(weight={"by": "equal", "turnover": 0.1})
    words = "One-way turnover is at most 10%"
    assert words in limited.first.weight.words()
    assert words in methodology_document(limited)
    assert "MSCI Minimum Volatility" in methodology_document(limited)
    assert "One-way turnover" not in methodology_document(plain)
    changed = {change.path: change.after for change in changes(plain.document, limited.document)}
    assert changed == {"weight.turnover": "0.1"}
    choices = methodology_schema()["properties"]["weight"]["anyOf"][1:]
    assert all("turnover" in choice["properties"] for choice in choices)


# Laws of the arithmetic.

LIMITS: tuple[dict[str, Any], ...] = (
    {},
    {"cap": 0.3},
    {"cap": 0.25, "largest": 0.4},
    {"floor": 0.05},
    {"cap": 0.3, "floor": 0.04},
    {"groups": ["x", "x", "x", "y", "y", None, None, None], "group_cap": {"x": 0.4, "y": 0.3}},
    {"concentration": (0.3, 0.15, 0.6)},
    {"lower": [0.3, *[np.nan] * 7], "upper": [0.3, 0.2, *[np.nan] * 6]},
)
shares = st.floats(0.01, 1)


@st.composite
def cases(draw: st.DrawFn) -> tuple[float, np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], Any]:
    """Draw a limit, weights before and after capping of eight assets, what is held of them, and the limits."""
    raw = np.array(draw(st.lists(shares, min_size=8, max_size=8)))
    kept = np.array(draw(st.lists(st.booleans(), min_size=8, max_size=8)))
    own = np.array(draw(st.lists(shares, min_size=8, max_size=8))) * kept
    cash = draw(st.sampled_from([0.0, 0.0, 0.2]))
    limits = draw(st.sampled_from(LIMITS))
    return (
        draw(st.floats(0.01, 0.6)),
        raw / raw.sum(),
        cap_weights(raw, **limits),
        own / (own.sum() + cash) if own.any() else own,
        limits,
    )


@settings(max_examples=300, deadline=None)
@given(cases())
def test_laws(case: Any) -> None:
    limit, raw, target, held, limits = case
    found = hold_back(limit, raw, target, held, limits)
    full = one_way(target, held)
    away = 1 - held.sum()
    assert full == pytest.approx(0.5 * (np.abs(target - held).sum() + away), abs=1e-12)
    if found is None:
        assert full <= limit + 1e-12
        return
    assert full > limit
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert (found.weights >= 0).all()
    assert found.turnover == pytest.approx(one_way(found.weights, held), abs=1e-15)
    assert (found.weights[held == 0] == target[held == 0]).all()
    # What keeps its limits is not changed by capping.
    names = ("cap", "floor", "groups", "group_cap", "lower", "upper")
    plain = {name: limits[name] for name in names if name in limits and "largest" not in limits}
    assert cap_weights(found.weights, **plain) == pytest.approx(found.weights, abs=1e-11)
    if "largest" in limits:
        assert (np.delete(found.weights, int(raw.argmax())) <= 0.25 + 1e-12).all()
    if "concentration" in limits:
        assert found.weights.max() <= 0.3 + 1e-12
        assert found.weights[found.weights > 0.15 + 1e-12].sum() <= 0.6 + 1e-12
    else:
        assert found.turnover <= max(limit, found.least) + 1e-12
        # The largest step that keeps it.
        if found.share < 1:
            further = found.start + min(found.share + 1e-6, 1) * (target - found.start)
            assert one_way(further, held) > max(limit, found.least)
    if "lower" in limits:
        assert found.weights[0] == target[0]


@settings(max_examples=150, deadline=None)
@given(cases(), st.permutations(range(8)))
def test_the_order_of_assets_changes_nothing(case: Any, order: list[int]) -> None:
    limit, raw, target, held, limits = case
    for name in ("groups", "lower", "upper"):
        if name in limits:
            limits = {**limits, name: [limits[name][place] for place in order]}
    one = hold_back(limit, raw, target, held, case[4])
    other = hold_back(limit, raw[order], target[order], held[order], limits)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert other.weights.tolist() == one.weights[order].tolist()


@settings(max_examples=150, deadline=None)
@given(cases(), st.floats(0.01, 0.6))
def test_a_larger_limit_gives_no_smaller_step(case: Any, other: float) -> None:
    low, high = sorted((case[0], other))
    steps = [1.0 if found is None else found.share for found in (hold_back(x, *case[1:]) for x in (low, high))]
    assert steps[0] <= steps[1] + 1e-9


def held_back(*arguments: Any) -> HeldBack:
    found = hold_back(*arguments)
    assert found is not None
    return found


def test_a_concentration_limit_holds_on_the_way() -> None:
    """At most 0.5 above 0.2. a and b are large in what is held, c and d in the targets; between, all four are.

    Held 0.25, 0.25, 0.16, 0.16, 0.18 with 0.5 above 0.2; wanted 0.16, 0.16, 0.25, 0.25, 0.18. At a share x a and b have
    0.25 - 0.09 x and are large below x = 5/9; c and d are large above x = 4/9. From there to 5/9 all four are: 0.82.
    """
    held_now = np.array([0.25, 0.25, 0.16, 0.16, 0.18])
    target = held_now[[2, 3, 0, 1, 4]]
    limits = {"concentration": (0.3, 0.2, 0.5)}
    # Turnover is 0.18 x. 0.09 is half of the way, where it does not hold: back to 4/9. 0.06 is a third, where it does;
    # 0.12 is two thirds, where it does again.
    for limit, share in ((0.09, 4 / 9), (0.06, 1 / 3), (0.12, 2 / 3)):
        assert held_back(limit, target, target, held_now, limits).share == pytest.approx(share, abs=1e-9)


def test_a_concentration_limit_stops_where_the_large_reach_it() -> None:
    """a falls from 0.25 to 0.19 and b rises from 0.19 to 0.45; above 0.2 at most 0.5.

    At a share x both are large from 1/26 to 5/6, with 0.44 + 0.2 x: to 0.3 it holds. Turnover is 0.26 x.
    """
    held_now = np.array([0.25, 0.19, 0.19, 0.19, 0.18])
    target = np.array([0.19, 0.45, 0.12, 0.12, 0.12])
    limits = {"concentration": (0.5, 0.2, 0.5)}
    for limit, share in ((0.13, 0.3), (0.052, 0.2), (0.234, 0.9)):
        assert held_back(limit, target, target, held_now, limits).share == pytest.approx(share, abs=1e-9)


def test_entries_that_leave_no_room_are_taken_with_the_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any, **__: Any) -> Any:
        raise CapInfeasibleError("no room")

    monkeypatch.setattr("basketry.methodology.turnover_limit.within_bounds", nobody)
    target = np.array([0.5, 0.5])
    found = held_back(0.1, target, target, np.array([0.8, 0.2]), {"cap": 0.6})
    assert found.weights.tolist() == target.tolist()
    assert not found.kept
