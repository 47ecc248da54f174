"""The calculation: continuity, policies for missing prices and events, statuses, versions, triggers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import CapInfeasibleError, DataError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
NAN = float("nan")


def market(prices: dict[str, list[float]], **more: Any) -> Panel:
    """Return a daily panel from 2020-01-01 of prices by asset; capitalisations are the prices."""
    days = len(next(iter(prices.values())))
    wide = pl.DataFrame({"time": [START + timedelta(days=n) for n in range(days)], **prices})
    events = more.pop("events", None)
    tables = {"market_cap": more.pop("market_cap", wide), **more}
    return Panel.from_frames(price=wide, events=events, **tables)


def rules(**sections: Any) -> Methodology:
    """Return equal weights of all assets, rebalanced each year, with some sections replaced."""
    document: dict[str, Any] = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "all": {}},
        "weight": {"by": "equal"},
        "rebalance": {"every": "year", "determine": "0d"},
        "guard": {"price_jump": None, "supply_change": None, "min_turnover": None},
    }
    return Methodology.load({**document, **sections})


def event(kind: str, day: int, asset: str, **more: Any) -> pl.DataFrame:
    """Return one corporate event on a day counted from the start."""
    row = {"time": START.replace(tzinfo=UTC) + timedelta(days=day), "kind": kind, "asset": asset, **more}
    return pl.DataFrame([row], schema_overrides={"time": pl.Datetime("us", "UTC"), "until": pl.Datetime("us", "UTC")})


def statuses(result: IndexResult) -> list[str]:
    return [str(status) for status in result.levels["status"]]


def test_level_is_basket_over_divisor_and_chains_at_rebalances() -> None:
    panel = market({"a": [10.0, 20.0, 20.0, 40.0], "b": [10.0, 10.0, 10.0, 10.0]})
    result = calculate_index(rules(rebalance={"every": "2d", "determine": "0d"}), panel)
    # Half in each doubles to 150; reset to equal at day 2; a doubles again: +50%.
    assert result.level().tolist() == [100.0, 150.0, 150.0, 225.0]
    assert statuses(result) == ["live"] * 4
    assert result.compositions["effective_at"].n_unique() == 2
    turnover = result.rebalances.filter(pl.col("trigger") == "schedule")["turnover"][0]
    assert turnover == pytest.approx(2 / 3 - 1 / 2)


def test_a_determination_sees_nothing_after_it() -> None:
    prices = {"a": [1.0] * 30 + [100.0] * 10, "b": [2.0] * 40}
    methodology = rules(select={"by": "price", "top": 1}, rebalance={"every": "month", "determine": "1d"})
    result = calculate_index(methodology, market(prices))
    # On 31 January a overtook b, but the determination of 1 February closed on 31 January 00:00.
    assert list(result.weights("2020-02-01")) == ["a"]
    early = calculate_index(
        rules(select={"by": "price", "top": 1}, rebalance={"every": "month", "determine": "2d"}), market(prices)
    )
    assert list(early.weights("2020-02-01")) == ["b"]


@pytest.mark.parametrize(
    ("policy", "levels", "last_status"),
    [
        ("remove_at_last_price", [100.0, 100.0, 100.0, 100.0, 100.0, 200.0], "live"),
        ("remove_at_zero", [100.0, 100.0, 100.0, 100.0, 50.0, 100.0], "live"),
        ("to_cash", [100.0, 100.0, 100.0, 100.0, 100.0, 150.0], "live"),
        ("keep", [100.0, 100.0, 100.0, 100.0, 100.0, 150.0], "stale"),
        ("suspend", [100.0, 100.0, 100.0, 100.0, 100.0, 100.0], "suspended"),
    ],
)
def test_a_member_without_a_price(policy: str, levels: list[float], last_status: str) -> None:
    panel = market({"a": [10.0] * 5 + [20.0], "gone": [10.0, 10.0, NAN, NAN, NAN, NAN]})
    result = calculate_index(rules(missing={"carry_forward": "2d", "then": policy}), panel)
    assert result.level().tolist() == pytest.approx(levels, rel=1e-15)
    assert statuses(result)[:4] == ["live", "live", "carried", "carried"]
    assert statuses(result)[-1] == last_status
    assert result.levels["age_days"][3] == 2.0
    assert "gone" in result.levels["reason"][3]
    assert result.levels["sources"].to_list()[:4] == [2, 2, 1, 1]
    if policy.startswith(("remove", "to_cash")):
        found = result.events.filter(pl.col("kind") == "missing_price")
        assert found["treatment"].to_list() == [policy]


def test_an_outage_of_the_source_removes_nobody() -> None:
    panel = market({"a": [10.0, NAN, NAN, NAN, NAN, 12.0], "b": [10.0, NAN, NAN, NAN, NAN, 8.0]})
    result = calculate_index(rules(missing={"carry_forward": "2d"}), panel)
    assert statuses(result) == ["live", "carried", "carried", "suspended", "suspended", "live"]
    assert result.level().tolist() == [100.0] * 6
    assert result.compositions.height == 2


def test_redenomination_and_migration_keep_the_level() -> None:
    events = pl.concat(
        [
            event("redenomination", 2, "a", ratio=0.001).select("time", "kind", "asset", "ratio"),
            event("migration", 3, "old", new_asset="new", ratio=2.0).select(
                "time", "kind", "asset", "ratio", "new_asset"
            ),
        ],
        how="diagonal",
    )
    panel = market(
        {
            "a": [1.0, 1.0, 1000.0, 1100.0, 1100.0],
            "old": [10.0, 10.0, 10.0, NAN, NAN],
            "new": [NAN, NAN, NAN, 6.0, 6.0],
        },
        events=events,
    )
    result = calculate_index(rules(), panel)
    # a gained 10% and the new asset is worth 12 for each old one of 10.
    assert result.level().tolist() == pytest.approx([100.0, 100.0, 100.0, 115.0, 115.0], rel=1e-14)
    assert set(result.weights()) == {"a", "new"}
    assert result.events["kind"].to_list() == ["redenomination", "migration"]
    assert statuses(result) == ["live"] * 5


@pytest.mark.parametrize(
    ("policy", "level"), [("remove_at_last_price", 150.0), ("remove_at_zero", 75.0), ("to_cash", 125.0)]
)
def test_a_delisting_follows_the_policy(policy: str, level: float) -> None:
    panel = market(
        {"a": [10.0, 10.0, 10.0, 15.0], "gone": [10.0, 10.0, 10.0, 1.0]}, events=event("delisting", 2, "gone")
    )
    result = calculate_index(rules(events={"delisting": policy}), panel)
    assert result.level()[-1] == pytest.approx(level, rel=1e-14)


@pytest.mark.parametrize(("policy", "level"), [("ignore", 90.0), ("credit", 100.0)])
def test_a_fork_is_ignored_or_credited(policy: str, level: float) -> None:
    panel = market(
        {"a": [10.0, 10.0, 8.0, 8.0], "b": [10.0] * 4, "fork": [NAN, NAN, 2.0, 2.0]},
        events=event("hard_fork", 2, "a", new_asset="fork", ratio=1.0),
    )
    result = calculate_index(rules(events={"hard_fork": policy}), panel)
    assert result.level()[-1] == pytest.approx(level, rel=1e-14)


def test_prices_during_a_halt_do_not_count() -> None:
    halt = event("halt", 1, "a", until=START.replace(tzinfo=UTC) + timedelta(days=3))
    panel = market({"a": [10.0, 99.0, 99.0, 20.0], "b": [10.0] * 4}, events=halt)
    result = calculate_index(rules(), panel)
    assert result.level().tolist() == [100.0, 100.0, 100.0, 150.0]
    assert statuses(result) == ["live", "carried", "carried", "live"]


def test_an_implausible_print_is_carried_over_and_told() -> None:
    panel = market({"a": [10.0, 10.0e6, 11.0, 11.0], "b": [10.0] * 4})
    result = calculate_index(rules(guard={"price_jump": 20}), panel)
    assert result.level().tolist() == pytest.approx([100.0, 100.0, 105.0, 105.0], rel=1e-14)
    assert statuses(result)[1] == "carried"
    assert "implausible price for a" in result.levels["reason"][1]


def test_one_absurd_supply_does_not_take_the_index() -> None:
    days = 40
    prices = {"a": [10.0] * days, "b": [20.0] * days, "bad": [1.0] * days}
    caps = {"a": [1e9] * days, "b": [2e9] * days, "bad": [1e6] * (days - 2) + [2e15] * 2}
    wide = pl.DataFrame({"time": [START + timedelta(days=n) for n in range(days)], **caps})
    methodology = rules(
        select={"by": "market_cap", "top": 2},
        weight={"by": "market_cap"},
        rebalance={"every": "39d", "determine": "0d"},
        guard={},
    )
    result = calculate_index(methodology, market(prices, market_cap=wide))
    assert set(result.weights()) == {"a", "b"}
    frozen = result.events.filter(pl.col("treatment") == "supply frozen")
    assert frozen["asset"].to_list() == ["bad"]
    assert "believed before it jumped" in frozen["evidence"][0]


def test_an_empty_universe_keeps_the_composition() -> None:
    prices = {"a": [10.0] * 31 + [1.0] * 9, "b": [20.0] * 31 + [1.0] * 9}
    methodology = rules(universe=[{"price": {"min": 5}}], rebalance={"every": "month", "determine": "0d"})
    result = calculate_index(methodology, market(prices))
    assert result.compositions["effective_at"].n_unique() == 1
    found = result.events.filter(pl.col("kind") == "empty_universe")
    assert "0 left after price" in found["evidence"][0]


def test_nobody_at_the_base_says_which_rule_left_none() -> None:
    with pytest.raises(MethodologyError, match=r"no asset is selected at 2020-01-01: 1 assets .* 0 left after price"):
        calculate_index(rules(universe=[{"price": {"min": 50}}]), market({"a": [1.0, 1.0]}))


def test_too_few_for_the_caps_gives_equal_weights_with_evidence_or_refuses() -> None:
    panel = market({"a": [10.0, 10.0], "b": [30.0, 30.0]})
    capped = {"by": "market_cap", "cap": 0.25}
    result = calculate_index(rules(select={"by": "market_cap", "top": 20}, weight=capped), panel)
    assert result.weights() == {"a": 0.5, "b": 0.5}
    assert "2 assets" in result.events.filter(pl.col("kind") == "cap_shortage")["evidence"][0]
    refusing = rules(select={"by": "market_cap", "top": 20}, weight={**capped, "shortage": "refuse"})
    with pytest.raises(CapInfeasibleError, match="determination of 2020-01-01"):
        calculate_index(refusing, panel)


def test_units_fixed_at_the_determination_let_weights_drift() -> None:
    panel = market({"a": [10.0] * 30 + [10.0, 20.0], "b": [10.0] * 32})
    fixed = rules(rebalance={"every": "month", "determine": "1d", "fix": "units"})
    drifted = calculate_index(fixed, panel).weights("2020-02-01")
    assert drifted == pytest.approx({"a": 2 / 3, "b": 1 / 3})
    applied = calculate_index(rules(rebalance={"every": "month", "determine": "1d"}), panel).weights("2020-02-01")
    assert applied == pytest.approx({"a": 0.5, "b": 0.5})


def test_published_units_of_a_capitalisation_index_are_supplies() -> None:
    panel = market(
        {"a": [10.0, 11.0], "b": [20.0, 20.0]},
        market_cap=pl.DataFrame(
            {"time": [START, START + timedelta(days=1)], "a": [1000.0, 1100.0], "b": [400.0, 400.0]}
        ),
    )
    result = calculate_index(rules(select={"by": "market_cap", "top": 2}, weight={"by": "market_cap"}), panel)
    assert result.compositions["units"].to_list() == pytest.approx([100.0, 20.0])
    assert result.compositions["divisor"].to_list() == pytest.approx([14.0, 14.0])


def test_a_transition_moves_in_equal_steps_and_no_value() -> None:
    prices = {"a": [10.0] * 36, "b": [20.0] * 36, "c": [5.0] * 36}
    methodology = rules(
        universe=[{"exclude_assets": ["c"]}],
        versions=[{"from": "2020-02-01", "note": "c in, b out", "changes": {"universe": [{"exclude_assets": ["b"]}]}}],
        rebalance={"every": "month", "determine": "0d", "transition": {"steps": 4, "every": "1d"}},
    )
    result = calculate_index(methodology, market(prices))
    assert result.level().tolist() == pytest.approx([100.0] * 36, rel=1e-14)
    shares = [result.weights(f"2020-02-0{day}").get("c", 0.0) for day in range(1, 5)]
    assert shares == pytest.approx([0.125, 0.25, 0.375, 0.5])
    assert "b" not in result.weights("2020-02-04")


def in_two_steps(prices: dict[str, list[float]], **sections: Any) -> list[tuple[dict[str, float], float]]:
    """Return units by asset and the divisor of each composition, where c takes the place of b from 1 February on."""
    book = rules(
        universe=[{"exclude_assets": ["c"]}],
        versions=[{"from": "2020-02-01", "note": "c in, b out", "changes": {"universe": [{"exclude_assets": ["b"]}]}}],
        rebalance={"every": "month", "determine": "0d", "transition": {"steps": 2, "every": "1d"}},
    )
    found = calculate_index(book, market(prices, **sections))
    assert found.level()[31] == pytest.approx(100, rel=1e-14)
    held = found.compositions.partition_by("effective_at", maintain_order=True)
    return [(dict(rows.select("asset", "units").iter_rows()), rows["divisor"][0]) for rows in held]


def test_units_of_a_step_are_worth_what_the_old_ones_would_be_and_the_divisor_takes_up_the_difference() -> None:
    # The table of docs/concepts/schedule.md: on day 32 b doubles and c halves.
    found = in_two_steps({"a": [10.0] * 34, "b": [20.0] * 32 + [40.0] * 2, "c": [5.0] * 32 + [2.5] * 2})
    expected = [({"a": 5, "b": 2.5}, 1), ({"a": 5, "b": 1.25, "c": 5}, 1), ({"a": 10, "c": 20}, 4 / 3)]
    for (units, divisor), (wanted, by) in zip(found, expected, strict=True):
        assert units == pytest.approx(wanted, rel=1e-14)
        assert divisor == pytest.approx(by, rel=1e-14)


def test_cash_that_the_first_step_sells_lowers_the_divisor() -> None:
    # b is cash of 50 since day 5. The old units are 5 a, worth 50. With half of the target, 5 a and 10 c, half of them
    # are 5 a and 5 c, worth 75: two thirds of that. A divisor of 1 x 50 / 100 keeps the level of 100.
    delisted = event("delisting", 5, "b", removal="to_cash")
    found = in_two_steps({"a": [10.0] * 34, "b": [20.0] * 34, "c": [5.0] * 34}, events=delisted)
    assert [units for units, _ in found[-2:]] == [
        pytest.approx({"a": 10 / 3, "c": 10 / 3}, rel=1e-14),
        pytest.approx({"a": 2.5, "c": 5}, rel=1e-14),
    ]
    assert [divisor for _, divisor in found[-2:]] == pytest.approx([0.5, 0.5], rel=1e-14)


def test_versions_hold_from_their_dates_and_name_the_levels_they_made() -> None:
    methodology = rules(
        rebalance={"every": "month", "determine": "0d"},
        versions=[{"from": "2020-02-01", "note": "Only one", "changes": {"select": {"by": "price", "top": 1}}}],
    )
    result = calculate_index(methodology, market({"a": [10.0] * 40, "b": [20.0] * 40}))
    assert list(result.weights("2020-01-31")) == ["a", "b"]
    assert list(result.weights("2020-02-01")) == ["b"]
    assert result.levels["version"].to_list() == [1] * 31 + [2] * 9


def test_a_drift_causes_an_extra_rebalance_a_lag_after_it() -> None:
    panel = market({"a": [10.0, 10.0, 30.0, 30.0, 30.0], "b": [10.0] * 5})
    schedule = {"every": "year", "determine": "1d", "announce": "0d", "triggers": [{"drift": 0.1}]}
    result = calculate_index(rules(rebalance=schedule), panel)
    extra = result.rebalances.filter(pl.col("trigger") == "drift")
    assert extra["determined_at"].unique().to_list() == [datetime(2020, 1, 3, tzinfo=UTC)]
    assert extra["effective_at"].unique().to_list() == [datetime(2020, 1, 4, tzinfo=UTC)]
    assert result.weights() == pytest.approx({"a": 0.5, "b": 0.5})


def test_lost_eligibility_and_a_newcomer_cause_rebalances() -> None:
    prices = {"a": [10.0, 10.0, 1.0, 1.0, 1.0, 1.0], "b": [10.0] * 6, "c": [NAN, NAN, NAN, NAN, 50.0, 50.0]}
    schedule = {"every": "year", "determine": "0d", "triggers": ["eligibility_lost", "asset_qualifies"]}
    result = calculate_index(rules(universe=[{"price": {"min": 5}}], rebalance=schedule), market(prices))
    assert list(result.weights("2020-01-03")) == ["b"]
    assert set(result.weights("2020-01-05")) == {"b", "c"}


def test_a_member_held_as_cash_has_no_eligibility_to_lose() -> None:
    # b has no price from 3 January on and is held as cash from the 4th; its price is carried for a day.
    prices = {"a": [10.0] * 8, "b": [10.0, 10.0, *[NAN] * 6]}
    schedule = {"every": "year", "determine": "0d", "triggers": ["eligibility_lost"]}
    missing = {"carry_forward": "1d", "then": "to_cash"}
    result = calculate_index(rules(rebalance=schedule, missing=missing), market(prices))
    assert result.events["treatment"].to_list() == ["to_cash"]
    assert result.rebalances["trigger"].unique().to_list() == ["base"]
    assert result.level().tolist() == [100.0] * 8


def test_overrides_are_applied_between_their_dates_with_evidence() -> None:
    override = {
        "asset": "b",
        "action": "exclude",
        "from": "2020-02-01",
        "reason": "no custodian",
        "approver": "Committee",
        "date": "2020-01-20",
    }
    methodology = rules(overrides=[override], rebalance={"every": "month", "determine": "0d"})
    result = calculate_index(methodology, market({"a": [1.0] * 40, "b": [1.0] * 40}))
    assert set(result.weights("2020-01-31")) == {"a", "b"}
    assert set(result.weights("2020-02-01")) == {"a"}
    assert "Committee" in result.events.filter(pl.col("kind") == "override")["evidence"][0]


def test_levels_are_calculated_on_the_calendar_asked_for() -> None:
    panel = market({"a": [float(n) for n in range(1, 15)]})
    result = calculate_index(rules(calculate={"every": "day", "calendar": "XNYS"}, base={"date": "2020-01-02"}), panel)
    weekdays = {time.weekday() for time in result.levels["time"]}
    assert weekdays <= {0, 1, 2, 3, 4}
    assert result.levels.height == 9


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("2019-01-01", None, "the data begin"),
        ("2021-01-01", None, "the data end"),
        (None, "2019-12-01", "the data begin at 2020-01-01, after the end asked for, 2019-12-01"),
    ],
)
def test_spans_outside_the_data_are_refused(start: str | None, end: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        calculate_index(rules(), market({"a": [1.0, 1.0, 1.0]}), start=start, end=end)


def test_an_asset_that_vanishes_at_the_rebalance_is_left_out() -> None:
    panel = market({"a": [10.0] * 40, "gone": [10.0] * 30 + [NAN] * 10})
    methodology = rules(
        rebalance={"every": "month", "determine": "2d"}, missing={"carry_forward": "1d", "then": "keep"}
    )
    result = calculate_index(methodology, panel)
    assert set(result.weights("2020-02-01")) >= {"a"}
    assert np.isfinite(result.level()).all()
