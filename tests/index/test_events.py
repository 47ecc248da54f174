"""Corporate events on whole indices, worked by hand: each number follows from docs/concepts/calculation.md."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

Prices = Mapping[str, Sequence[float | None]]


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2021, 1, 1, hour, tzinfo=UTC) + timedelta(days=number - 1)


def event(kind: str, time: datetime, asset: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "time": time, "asset": asset, **more}


def calculated(
    prices: Prices, *events: dict[str, Any], yields: pl.DataFrame | None = None, **sections: Any
) -> IndexResult:
    """Return an index of equal weights, of level 100 at its base on day 2, on prices from day 1 on.

    The base is determined on day 1. The next change is far off unless the sections say.
    """
    count = len(next(iter(prices.values())))
    table = pl.DataFrame(
        {"time": [day(n + 1) for n in range(count)], **prices}, schema_overrides=dict.fromkeys(prices, pl.Float64)
    )
    panel = Panel.from_frames(price=table, events=pl.DataFrame(list(events)) if events else None, yields=yields)
    usual: dict[str, Any] = {
        "basketry": 1, "name": "Events", "symbol": "EV", "base": {"date": "2021-01-02", "level": 100},
        "select": {"by": "price", "all": {}}, "weight": {"by": "equal"},
        "rebalance": {"every": "year", "determine": "1d"}, "missing": {"carry_forward": "2d"},
        "guard": {"supply_change": None, "price_jump": None, "min_turnover": None},
    }  # fmt: skip
    return calculate_index(Methodology.load({**usual, **sections}), panel)


def levels(result: IndexResult) -> object:
    """Return what equals the levels of an index to 1e-12."""
    return pytest.approx(result.level().tolist(), rel=1e-12)


def test_the_correction_of_a_merger_changes_the_units_that_came_by_it() -> None:
    # 5 of a and 5 of b at 10; on day 4 2 b for each a, 15 b; from day 6 on 1 b for each a, 10 b.
    prices: Prices = {"a": [10.0] * 3 + [None] * 4, "b": [10.0] * 7}
    merger = event("merger", day(4), "a", new_asset="b", ratio=2.0, known_at=day(4))
    later = {**merger, "ratio": 1.0, "known_at": day(6)}
    assert levels(calculated(prices, merger, later)) == [100.0, 100.0, 150.0, 150.0, 100.0, 100.0]


def test_a_corrected_ratio_divides_a_price_that_was_not_observed_since() -> None:
    # 1:10 on day 4, corrected on day 5 to 1:100; the first price in new units comes on day 6: 12 / 100.
    prices: Prices = {"a": [10.0] * 3 + [None, None, 0.12], "b": [10.0] * 6}
    split = event("redenomination", day(4), "a", ratio=10.0, known_at=day(4))
    later = {**split, "ratio": 100.0, "known_at": day(5)}
    assert levels(calculated(prices, split, later)) == [100.0, 100.0, 100.0, 100.0, 110.0]


def test_events_do_not_concern_what_is_held_as_cash() -> None:
    # a leaves as cash of 50 on day 4; what happens to a later takes nothing from it.
    prices: Prices = {"a": [10.0] * 3 + [None] * 4, "b": [10.0] * 6 + [12.0]}
    rows = [
        event("delisting", day(4), "a", removal="to_cash", ratio=None),
        event("redenomination", day(5), "a", removal=None, ratio=10.0),
        event("delisting", day(6), "a", removal="remove_at_zero", ratio=None),
    ]
    assert levels(calculated(prices, *rows)) == [100.0] * 5 + [110.0]


def test_units_that_would_become_an_asset_held_as_cash_become_cash() -> None:
    # 100 / 3 each. c leaves as cash on day 4; a becomes c on day 5, when c trades at 40 again: cash of 200 / 3.
    prices: Prices = {"a": [10.0] * 4 + [None] * 2, "b": [10.0] * 5 + [13.0], "c": [10.0] * 4 + [40.0, 80.0]}
    rows = [
        event("delisting", day(4), "c", removal="to_cash", ratio=None, new_asset=None),
        event("merger", day(5), "a", removal=None, ratio=3.0, new_asset="c"),
    ]
    assert levels(calculated(prices, *rows)) == [100.0] * 4 + [110.0]


def test_where_nobody_replaces_a_member_the_policy_of_the_index_holds() -> None:
    # Both assets are held, so nobody replaces a, which is removed at zero: the level of day 4 falls to that of b.
    prices: Prices = {"a": [10.0] * 5, "b": [10.0] * 5}
    gone = event("delisting", day(4), "a", removal="replace_by_next")
    assert levels(calculated(prices, gone, events={"delisting": "remove_at_zero"})) == [100.0, 100.0, 50.0, 50.0]


def test_an_event_comes_before_the_age_of_a_price() -> None:
    # The price of a is 3 days old on day 5, the day of its delisting: b replaces it, and nothing is lost.
    prices: Prices = {"a": [20.0] * 2 + [None] * 4, "b": [10.0] * 6, "c": [15.0] * 5 + [30.0]}
    gone = event("delisting", day(5), "a", removal="replace_by_next")
    result = calculated(
        prices,
        gone,
        select={"by": "price", "top": 2},
        missing={"carry_forward": "2d", "then": "remove_at_zero"},
    )
    assert levels(result) == [100.0] * 4 + [150.0]
    assert sorted(result.weights(str(day(5).date()))) == ["b", "c"]


def test_a_replacement_is_the_best_of_the_last_determination_though_a_change_will_select_it() -> None:
    # On day 5, for day 9, c (30) and b (20) are determined; a, delisted on day 6, is replaced by c at once.
    prices: Prices = {"a": [40.0] * 3 + [5.0] * 4, "b": [20.0] * 7, "c": [10.0] * 3 + [30.0] * 3 + [60.0]}
    gone = event("delisting", day(6), "a", removal="replace_by_next")
    result = calculated(
        prices,
        gone,
        select={"by": "price", "top": 2},
        rebalance={"every": "7d", "determine": "4d"},
        base={"date": "2021-01-02", "level": 100},
    )
    # 50 / 40 of a and 50 / 20 of b; from day 4 on a is worth 6.25, which buys 6.25 / 30 of c, doubled on day 7.
    assert levels(result) == [100.0, 100.0, 56.25, 56.25, 56.25, 62.5]


def test_what_was_determined_before_the_base_for_later_goes_through_events_too() -> None:
    # Base day 3 by the determination of day 1; the change of day 4 by that of day 2, before a is delisted.
    prices: Prices = {"a": [10.0] * 4 + [20.0], "b": [10.0] * 4 + [15.0]}
    gone = event("delisting", day(2, 12), "a", removal="remove_at_last_price")
    result = calculated(
        prices,
        gone,
        base={"date": "2021-01-03", "level": 100},
        rebalance={"every": "week", "determine": "2d"},
    )
    assert levels(result) == [100.0, 100.0, 150.0]


def test_a_change_that_was_due_before_the_data_begin_is_determined_at_the_base() -> None:
    # The data begin with the base on Saturday day 2; the change of Monday day 4 was due on Thursday. It is determined
    # at the base, when a is dearest, and not by what is seen later.
    prices: Prices = {"a": [None, 20.0, 10.0, 10.0, 20.0], "b": [None, 10.0, 20.0, 20.0, 20.0]}
    result = calculated(prices, select={"by": "price", "top": 1}, rebalance={"every": "week", "determine": "5d"})
    assert levels(result) == [100.0, 50.0, 50.0, 100.0]


def test_the_row_of_a_halt_that_is_known_later_corrects_it() -> None:
    # Until day 7, known on day 3; on day 5 it is known to end that day.
    prices: Prices = {"a": [10.0, 10.0, 30.0, 30.0, 30.0, 30.0], "b": [10.0] * 6}
    halt = event("halt", day(3), "a", until=day(7), known_at=day(3))
    sooner = {**halt, "until": day(5), "known_at": day(5)}
    assert levels(calculated(prices, halt, missing={"carry_forward": "5d"})) == [100.0] * 5
    assert levels(calculated(prices, halt, sooner, missing={"carry_forward": "5d"})) == [100.0] * 3 + [200.0] * 2


def test_the_income_of_a_suspended_index_is_a_share_of_the_value_of_its_basket() -> None:
    # b has no price after day 2; the level is held from day 4 on (older than a day). a doubles on day 3 and earns
    # 36.5 % a year: on day 4 a thousandth of 100 in 150, on day 5 a thousandth of 200 in 250.
    prices: Prices = {"a": [10.0, 10.0, 20.0, 40.0, 40.0], "b": [10.0, 10.0, None, None, None]}
    earned = pl.DataFrame({"time": [day(1)], "asset": ["a"], "staking_yield": [0.365]})
    result = calculated(
        prices,
        yields=earned,
        missing={"carry_forward": "1d", "then": "suspend"},
        returns=["price", {"total": {"method": "rate"}}],
    )
    assert levels(result) == [100.0, 150.0, 150.0, 150.0]
    total = 100 * (1.5 + 0.5e-3) * (1 + 1e-3 * 100 / 150) * (1 + 1e-3 * 200 / 250)
    assert result.levels["total_return"][-1] == pytest.approx(total, rel=1e-12)


def test_a_price_carried_for_longer_than_a_figure_stands_counts_in_the_units_of_a_capitalisation() -> None:
    # a has no price after day 1, when 2 units were outstanding; by day 6 its price has been carried for 5 days.
    times = [day(n) for n in range(1, 9)]
    price = pl.DataFrame({"time": times, "a": [10.0] + [None] * 5 + [10.0] * 2, "b": [10.0] * 7 + [20.0]})
    cap = pl.DataFrame({"time": times, "a": [20.0] * 8, "b": [20.0] * 8})
    rules = Methodology.load(
        {
            "basketry": 1, "name": "Carried", "symbol": "C", "base": {"date": "2021-01-07", "level": 100},
            "select": {"by": "market_cap", "all": {}}, "weight": {"by": "market_cap"},
            "rebalance": {"every": "year", "determine": "1d"}, "missing": {"carry_forward": "5d"},
            "guard": {"supply_change": None, "price_jump": None, "min_turnover": None},
        }
    )  # fmt: skip
    assert levels(calculate_index(rules, Panel.from_frames(price=price, market_cap=cap))) == [100.0, 150.0]
