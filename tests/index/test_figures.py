"""Small histories whose levels follow on paper: late prices, ages, changes that are pending, decisions about events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1, tzinfo=UTC)
GAP = float("nan")


def at(day: int, **more: float) -> datetime:
    return START + timedelta(days=day, **more)


def rules(**sections: Any) -> Methodology:
    document: dict[str, Any] = {
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "all": {}}, "weight": {"by": "equal"},
        "rebalance": {"every": "year", "determine": "0d"},
        "guard": {"price_jump": None, "supply_change": None, "supply_step": None, "min_turnover": None},
    }  # fmt: skip
    return Methodology.load({**document, **sections})


def daily(prices: dict[str, list[float]], *events: dict[str, Any]) -> Panel:
    days = len(next(iter(prices.values())))
    wide = pl.DataFrame({"time": [at(day) for day in range(days)], **prices})
    table = pl.DataFrame(list(events), schema_overrides={"time": pl.Datetime("us", "UTC")}) if events else None
    return Panel.from_frames(price=wide, events=table)


def test_a_delisting_on_a_day_without_a_price_leaves_the_level() -> None:
    # 5 units at 10 and 2.5 at 1 are 52.5.
    panel = daily(
        {"a": [10.0] * 5, "b": [20.0, 1.0, GAP, GAP, GAP]}, {"time": at(2), "kind": "delisting", "asset": "b"}
    )
    result = calculate_index(rules(), panel)
    assert result.level().tolist() == pytest.approx([100.0, 52.5, 52.5, 52.5, 52.5], rel=1e-15)
    change = result.rebalances.filter((pl.col("effective_at") == at(2)) & (pl.col("asset") == "b"))
    # It left with 2.5 of 52.5, and as much of a was bought.
    assert change["turnover"].to_list() == pytest.approx([2.5 / 52.5])
    (told,) = result.events["evidence"].to_list()
    assert told == "delisting of b, last price 1."


def test_a_trigger_in_the_last_rows_gives_the_levels_and_a_change_that_is_pending() -> None:
    schedule = {"every": "year", "determine": "2d", "announce": "0d", "triggers": [{"drift": 0.1}]}
    prices = {"a": [10.0, 10.0, 30.0, 30.0], "b": [10.0] * 4}
    result = calculate_index(rules(rebalance=schedule), daily(prices))
    assert result.level().tolist() == [100.0, 100.0, 200.0, 200.0]
    assert result.state is not None
    (change,) = result.state.pending
    day = np.timedelta64(1, "D")
    first = np.datetime64("2020-01-01", "us")
    assert (change.words, change.determined_at, change.effective_at) == ("drift", first + 2 * day, first + 4 * day)
    assert change.weights.tolist() == [0.5, 0.5]
    longer = {name: [*values, values[-1]] for name, values in prices.items()}
    done = calculate_index(rules(rebalance=schedule), daily(longer))
    assert done.state is not None
    assert done.state.pending == ()
    assert done.weights() == {"a": 0.5, "b": 0.5}


def test_each_asset_has_its_own_minute_of_the_day() -> None:
    # b is observed a minute before a, and both count at 16:00.
    rows = [(at(0, hours=16), "a", 40000.0), (at(0, hours=16), "b", 2000.0)]
    for day in range(1, 8):
        rows += [(at(day, hours=16), "a", 40000.0), (at(day, hours=15, minutes=59), "b", 2000.0 + 100 * day)]
    frame = pl.DataFrame(rows, schema=["time", "asset", "price"], orient="row")
    clock = {"every": "day", "at": "16:00"}
    methodology = rules(
        base={"date": "2020-01-01", "level": 1000},
        calculate=clock,
        rebalance={"every": "year", "determine": "0d", "at": "16:00"},
        missing={"carry_forward": "3d"},
    )
    result = calculate_index(methodology, Panel.from_frames(frame))
    assert result.level().tolist() == pytest.approx([1000.0 + 25 * day for day in range(8)], rel=1e-14)
    assert result.levels["status"].unique().to_list() == ["live"]
    assert result.levels["age_days"].to_list() == [0.0] + [1 / 1440] * 7
    assert result.events.is_empty()


@pytest.mark.parametrize(("live", "status"), [(None, "live"), ("1h", "carried"), ("20h", "carried"), ("22h", "live")])
@pytest.mark.parametrize(("base", "hours"), [("2020-07-01", 20), ("2020-01-08", 21)])
def test_a_level_in_the_afternoon_of_new_york_is_made_of_prices_of_midnight(
    live: str | None, status: str, base: str, hours: int
) -> None:
    # 16:00 in New York is 20:00 UTC in summer and 21:00 in winter.
    panel = daily({"a": [10.0] * 200, "b": [20.0] * 200})
    missing = {"carry_forward": "3d"} if live is None else {"carry_forward": "3d", "live": live}
    clock = {"at": "16:00", "zone": "America/New_York"}
    methodology = rules(
        base={"date": base, "level": 100},
        calculate={"every": "day", **clock},
        rebalance={"every": "year", "determine": "0d", **clock},
        missing=missing,
    )
    result = calculate_index(methodology, panel)
    assert result.levels["age_days"][1:4].to_list() == pytest.approx([hours / 24] * 3, rel=1e-12)
    assert set(result.levels["status"][1:4]) == {status}


@pytest.mark.parametrize(("day", "lag"), [(31, "1d"), (29, "5d")])
def test_a_migration_between_determination_and_change_is_not_undone(day: int, lag: str) -> None:
    prices = {
        "btc": [40000.0] * 45,
        "eth": [2000.0] * 45,
        "lend": [1.0] * day + [GAP] * (45 - day),
        "aave": [GAP] * day + [100.0] * (44 - day) + [200.0],
    }
    event = {
        "time": at(day), "kind": "migration", "asset": "lend", "new_asset": "aave", "ratio": 0.01, "known_at": at(9),
    }  # fmt: skip
    result = calculate_index(rules(rebalance={"every": "month", "determine": lag}), daily(prices, event))
    assert result.weights("2020-02-01") == pytest.approx({"btc": 1 / 3, "eth": 1 / 3, "aave": 1 / 3}, rel=1e-12)
    later = result.compositions.filter(pl.col("effective_at") >= at(day))
    assert "lend" not in later["asset"].to_list()
    # A third of the index doubles on the last day.
    assert result.level()[-2:].tolist() == pytest.approx([100.0, 400 / 3], rel=1e-12)


@pytest.mark.parametrize("then", ["remove_at_last_price", "remove_at_zero", "to_cash", "suspend"])
def test_what_was_credited_waits_for_its_first_price_however_long(then: str) -> None:
    # 5 a at 8 and 5 b at 10 are 90, until 5 units of the fork at 2 make it 100 on day 6.
    prices = {"a": [10.0, 10.0, *[8.0] * 6], "b": [10.0] * 8, "fork": [*[GAP] * 6, 2.0, 4.0]}
    event = {"time": at(2), "kind": "hard_fork", "asset": "a", "new_asset": "fork", "ratio": 1.0}
    methodology = rules(missing={"carry_forward": "1d", "then": then}, events={"hard_fork": "credit"})
    result = calculate_index(methodology, daily(prices, event))
    assert result.level().tolist() == pytest.approx([100.0, 100.0, 90.0, 90.0, 90.0, 90.0, 100.0, 110.0], rel=1e-14)
    assert set(result.levels["status"]) == {"live"}
    assert result.levels["age_days"].max() == 0.0
    (told,) = result.events.select("treatment", "evidence").rows()
    assert told == ("credited until the next rebalance", "1 units of fork for each a, counted from its first price.")


def test_the_next_in_rank_takes_the_place_and_the_decision_is_told() -> None:
    # The two dearest are held; b leaves at 24, of 50 + 60, for 60 / 15 = 4 of c, which is dearer than d.
    prices = {
        "a": [30.0] * 4, "b": [20.0, 24.0, 24.0, GAP], "c": [15.0, 15.0, 15.0, 30.0], "d": [12.0, 12.0, 12.0, 99.0],
    }  # fmt: skip
    event = {
        "time": at(2), "kind": "delisting", "asset": "b", "removal": "replace_by_next", "approver": "Index committee",
        "reason": "Trading ends at all venues.",
    }  # fmt: skip
    result = calculate_index(rules(select={"by": "price", "top": 2}), daily(prices, event))
    assert result.level().tolist() == pytest.approx([100.0, 110.0, 110.0, 170.0], rel=1e-14)
    (told,) = result.events.select("asset", "kind", "treatment", "evidence").rows()
    assert told[:3] == ("b", "delisting", "replaced by c")
    assert told[3] == (
        "delisting of b, last price 24; approved by Index committee; reason: Trading ends at all venues."
    )
    assert set(result.weights("2020-01-03")) == {"a", "c"}


@pytest.mark.parametrize(("ratio", "remedy"), [(0.01, "use 100"), (100.0, None)])
def test_an_inverted_ratio_is_told_as_one_that_contradicts_the_prices(ratio: float, remedy: str | None) -> None:
    prices = {"btc": [40000.0] * 4, "dot": [500.0, 500.0, 5.0, 5.0]}
    event = {"time": at(2), "kind": "redenomination", "asset": "dot", "ratio": ratio}
    result = calculate_index(rules(), daily(prices, event))
    doubts = result.events.filter(pl.col("treatment") == "ratio contradicts prices")
    if remedy is None:
        assert doubts.is_empty()
        assert result.level().tolist() == pytest.approx([100.0] * 4, rel=1e-14)
    else:
        # It is applied as it stands: 0.1 of a unit at 500 becomes 0.001 at 5.
        assert result.level().tolist() == pytest.approx([100.0, 100.0, 50.005, 50.005], rel=1e-14)
        assert doubts["asset"].to_list() == ["dot"]
        assert remedy in doubts["evidence"][0]


@pytest.mark.parametrize("day", [28, 29, 30, 31, 32])
@pytest.mark.parametrize("known", [5, None])
def test_a_merger_into_a_member_around_a_change_leaves_that_member_alone(day: int, known: int | None) -> None:
    # b doubles to 20 on day 10, and gives 2 a of 10; all of 150 doubles with a on day 35. Determined on day 28.
    prices = {"a": [10.0] * 35 + [20.0], "b": [10.0] * 10 + [20.0] * (day - 10) + [GAP] * (36 - day)}
    event = {
        "time": at(day), "kind": "merger", "asset": "b", "new_asset": "a", "ratio": 2.0,
        "known_at": at(day if known is None else known),
    }  # fmt: skip
    result = calculate_index(rules(rebalance={"every": "month", "determine": "3d"}), daily(prices, event))
    assert result.level()[[9, 10, 27, 31, 34, 35]].tolist() == pytest.approx([100, 150, 150, 150, 150, 300], rel=1e-12)
    assert result.weights() == {"a": 1.0}


@pytest.mark.parametrize("struck", [False, True])
def test_a_redenomination_learned_late_is_told_as_it_was_treated(struck: bool) -> None:
    # 1 to 10 on day 2, known on day 4; a monthly rebalance in between, or a base before.
    prices = {"a": [10.0] * 8, "b": [50.0, 50.0, *[5.0] * 6]}
    event = {"time": at(2), "known_at": at(4), "kind": "redenomination", "asset": "b", "ratio": 10.0}
    every = {"every": "3d", "determine": "0d"} if struck else {"every": "year", "determine": "0d"}
    result = calculate_index(rules(rebalance=every), daily(prices, event))
    told = result.events.filter(pl.col("kind") == "redenomination")
    assert told["treatment"].to_list() == [
        "none, as the units were struck in new units"
        if struck
        else "units times ratio at a price of new units, level as before the event"
    ]
    if struck:
        assert "learned when the price was 5 in new units" in told["evidence"].item()


def test_a_correction_finds_the_units_that_went_over_into_another_asset_since() -> None:
    # 0.5 of b at 100 are 50 at 1, and then 50 of bx at 1; the redenomination was 1 to 50, as is known on day 7.
    prices = {"a": [10.0] * 10, "b": [100.0] * 3 + [1.0] * 2 + [GAP] * 5, "bx": [GAP] * 5 + [1.0] * 5}
    told = {"time": at(3), "known_at": at(3), "kind": "redenomination", "asset": "b", "new_asset": None, "ratio": 100.0}
    moved = {**told, "time": at(5), "known_at": at(5), "kind": "migration", "new_asset": "bx", "ratio": 1.0}
    panel = daily(prices, told, moved, {**told, "ratio": 50.0, "known_at": at(7)})
    levels = calculate_index(rules(select={"by": "price", "top": 2}), panel)
    assert levels.level().tolist() == pytest.approx([100.0] * 7 + [75.0] * 3, rel=1e-15)
