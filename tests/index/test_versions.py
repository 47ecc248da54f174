"""Each section that a version may change, before, at and after its date, on one or two assets, worked by hand."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.result import IndexResult
from basketry.index.state import IndexState
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1, tzinfo=UTC)
PRICES = (10.0, 11.0, 9.9, 10.89, 11.979)
"""+10%, -10%, +10%, +10%: levels 100, 110, 99, 108.9 and 119.79."""

RULES: dict[str, Any] = {
    "basketry": 1,
    "name": "Versions",
    "symbol": "VRS",
    "base": {"date": "2020-01-01", "level": 100},
    "select": {"by": "price", "top": 1},
    "weight": "equal",
    "rebalance": {"every": "year", "determine": "0d"},
}


def day_of(number: float) -> datetime:
    return START + timedelta(days=number)


def market(prices: Any = PRICES, days: Any = None, **more: Any) -> Panel:
    """One asset a, or several by name, on the days given: each from the first unless given."""
    table = prices if isinstance(prices, dict) else {"a": prices}
    count = len(next(iter(table.values())))
    times = [day_of(number) for number in (days or range(count))]
    rates: dict[str, Any] = {"R": 0.36, "EURUSD": (1.0, 1.25, 1.25, 1.5, 1.5), "FIX": (2.0, 2.0, 2.5, 2.5, 2.0)}
    rows = [
        {"time": time, "rate": name, "value": value if isinstance(value, float) else value[min(place, 4)]}
        for name, value in rates.items()
        for place, time in enumerate(times)
    ]
    yields = pl.DataFrame({"time": [times[0]] * len(table), "asset": list(table), "staking_yield": 0.365})
    return Panel.from_frames(
        price=pl.DataFrame({"time": times, **table}), rates=pl.DataFrame(rows), yields=yields, **more
    )


def version(day: int, **changes: Any) -> dict[str, Any]:
    return {"from": day_of(day).date().isoformat(), "note": "another rule", "changes": changes}


def run(panel: Panel, *versions: dict[str, Any], start: Any = None, **sections: Any) -> IndexResult:
    return calculate_index(Methodology.load({**RULES, **sections, "versions": list(versions)}), panel, start)


def s(rule: str, **parameters: Any) -> dict[str, Any]:
    return {rule: {**parameters, "name": "s"}}


TOTAL = {"lag": "0d"}
WEEKLY = {"factor": 2, "reset": "7d"}
MEASURED = {"target": 0.4, "window": "1d", "lag": "0d", "warm_up": "0d", "tolerance": 0, "max_leverage": 2}
FALL, RISE = -math.log(0.9) * math.sqrt(365), math.log(1.1) * math.sqrt(365)

SERIES: dict[str, tuple[dict[str, Any], dict[str, Any], list[float]]] = {
    # A step of a day takes 0.2 points of 365 days, 73/360 of 360.
    "day count of points": (
        s("decrement", points=73),
        s("decrement", points=73, day_count="act/360"),
        [100.0, 109.8, 109.8 * 0.9 - 73 / 360, (109.8 * 0.9 - 73 / 360) * 1.1 - 73 / 360],
    ),
    "points": (
        s("decrement", points=73),
        s("decrement", points=365),
        [100.0, 109.8, 109.8 * 0.9 - 1.0, (109.8 * 0.9 - 1.0) * 1.1 - 1.0],
    ),
    "share": (
        s("decrement", percent=0.365),
        s("decrement", percent=0.73),
        [100.0, 110 * 0.999, 99 * 0.999 * 0.998, 108.9 * 0.999 * 0.998**2],
    ),
    "points after a share": (
        s("decrement", percent=0.365),
        s("decrement", points=73),
        [100.0, 109.89, 109.89 * 0.9 - 0.2, (109.89 * 0.9 - 0.2) * 1.1 - 0.2],
    ),
    "a share after points": (
        s("decrement", points=73),
        s("decrement", percent=0.365),
        [100.0, 109.8, 109.8 * 0.9 * 0.999, 109.8 * 0.99 * 0.999**2],
    ),
    "interest": (
        s("excess", rate="R"),
        s("excess", rate=0.72),
        [100.0, 100 * 1.099, 109.9 * 0.898, 109.9 * 0.898 * 1.098],
    ),
    # 100 at 1.00 are 110 at 1.25; from then on the other rate moves it: 2.0 to 2.5, and 2.5 again.
    "another exchange rate": (
        s("currency", currency="EUR", rate="EURUSD"),
        s("currency", currency="EUR", rate="FIX"),
        [100.0, 88.0, 88 * 0.9 * 2.0 / 2.5, 88 * 0.99 * 2.0 / 2.5],
    ),
    # 120 on the second day, where the position is set anew: -30%, then 3% of 120 less.
    "another factor resets": (
        s("leverage", **WEEKLY),
        s("leverage", factor=3, reset="7d"),
        [100.0, 120.0, 120 * 0.7, 120 * 0.97],
    ),
    # A week's position of 100: costs of 0.1%, then 0.2% a day.
    "cost of financing": (
        s("leverage", financing=0.36, **WEEKLY),
        s("leverage", financing=0.72, **WEEKLY),
        [100.0, 119.9, 100 * (1 - 0.02 - 0.003), 100 * (1 + 0.178 - 0.005)],
    ),
    # Reset at the end of each step from the third day on: of 98, then 10% twice.
    "a shorter reset": (
        s("leverage", **WEEKLY),
        s("leverage", factor=2, reset="1d"),
        [100.0, 120.0, 98.0, 98 * 1.2],
    ),
    # A day earns 0.1% of the units held since the base, then half of that.
    "utilisation": (
        s("total", **TOTAL),
        s("total", utilisation=0.5, **TOTAL),
        [100.0, 110 * 1.001, 99 * 1.0015, 108.9 * 1.002],
    ),
    "no utilisation": (
        s("total", **TOTAL),
        s("total", utilisation=0, **TOTAL),
        [100.0, 110 * 1.001, 99 * 1.001, 108.9 * 1.001],
    ),
    "utilisation after none": (
        s("total", utilisation=0, **TOTAL),
        s("total", utilisation=0.5, **TOTAL),
        [100.0, 110.0, 99 * 1.0005, 108.9 * 1.001],
    ),
    # What the first day earned waits until the third, and is credited as it was earned.
    "utilisation of what waits": (
        s("total", pause_before_rebalance="1d", **TOTAL),
        s("total", pause_before_rebalance="1d", utilisation=0.5, **TOTAL),
        [100.0, 110.0, 99 * 1.001, 108.9 * 1.0015],
    ),
    "a shorter pause": (
        s("total", pause_before_rebalance="1d", **TOTAL),
        s("total", **TOTAL),
        [100.0, 110.0, 99 * 1.002, 108.9 * 1.003],
    ),
    # Two days are credited on the second day; then nothing until three days have passed.
    "a longer pause": (
        s("total", **TOTAL),
        s("total", pause_before_rebalance="2d", **TOTAL),
        [100.0, 110 * 1.001, 99 * 1.001, 108.9 * 1.001, 119.79 * 1.002],
    ),
    "by quantity after by rate": (
        s("total", method="rate", **TOTAL),
        s("total", **TOTAL),
        [100.0, 110.1, 110.1 * 0.9 * 1.001, 110.1 * 0.99 * 1.002],
    ),
    "by rate after by quantity": (
        s("total", **TOTAL),
        s("total", method="rate", **TOTAL),
        [100.0, 110 * 1.001, 110 * 1.001 * 0.901, 110 * 1.001 * 0.901 * 1.101],
    ),
    # A level asks for target over volatility from its instant on: the first for 0.4, the third for 0.8.
    "target": (
        s("volatility_target", **MEASURED),
        s("volatility_target", **MEASURED | {"target": 0.8}),
        [100.0, 110.0, 110 * (1 - 0.1 * 0.4 / RISE), 110 * (1 - 0.04 / RISE) * (1 + 0.1 * 0.8 / FALL)],
    ),
    # The second day's fall counts for itself, the third day's level for both days of the window.
    "a longer window": (
        s("volatility_target", **MEASURED),
        s("volatility_target", **MEASURED | {"window": "2d"}),
        [
            100.0,
            110.0,
            110 * (1 - 0.04 / RISE),
            110 * (1 - 0.04 / RISE) * (1 + 0.04 / math.sqrt((FALL**2 + RISE**2) / 2)),
        ],
    ),
    # What the base asked for, 1, still counts on the third day, up to the new bound.
    "a lower bound of what the base asked for": (
        s("volatility_target", **MEASURED | {"lag": "2d"}),
        s("volatility_target", **MEASURED | {"lag": "2d", "max_leverage": 0.1}),
        [100.0, 110.0, 99.0, 99 * (1 + 0.1 * 0.1)],
    ),
    # Asked for 0.4/RISE (0.22), which the bound of 0.1 holds down; at the same instant the level asks for 0.1 too.
    "a lower bound": (
        s("volatility_target", **MEASURED | {"lag": "1d"}),
        s("volatility_target", **MEASURED | {"lag": "1d", "max_leverage": 0.1}),
        [100.0, 110.0, 99.0, 99 * (1 + 0.1 * 0.1)],
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_the_rule_in_force_at_an_instant_makes_the_step_that_ends_there(name: str) -> None:
    first, later, expected = SERIES[name]
    levels = run(market(), version(2, returns=[later]), returns=[first]).level("s")
    assert levels[: len(expected)] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SERIES)
def test_a_version_from_the_base_on_is_the_rule_from_the_base_on(name: str) -> None:
    first, later, _ = SERIES[name]
    alone = run(market(), returns=[later]).level("s").tolist()
    for day in (-5, 0):
        assert run(market(), version(day, returns=[later]), returns=[first]).level("s").tolist() == alone


@pytest.mark.parametrize("name", SERIES)
def test_a_version_after_the_last_instant_changes_nothing(name: str) -> None:
    first, later, _ = SERIES[name]
    alone = run(market(), returns=[first])
    assert run(market(), version(5, returns=[later]), returns=[first]).levels.equals(alone.levels)


@pytest.mark.parametrize("name", SERIES)
def test_a_state_goes_over_the_date_in_bytes(name: str) -> None:
    first, later, _ = SERIES[name]
    panel = market()
    whole = run(panel, version(2, returns=[later]), returns=[first])
    rules = whole.methodology
    history = History(rules, IndexMarket.of(panel, whole.times), 1)
    for step in list(history.walk(history.start())):
        state = IndexState.from_bytes(step.state.to_bytes(), rules, panel.assets)
        again = [later.state for later in History(rules, history.market).walk(state)]
        assert (again[-1] if again else state).to_bytes() == whole.state.to_bytes()


def test_a_window_goes_over_into_half_lives_with_the_levels_that_it_holds() -> None:
    """At the third day the window of two days holds two steps, which half-lives of a day weight 1/4 and 1/2."""
    first = s("volatility_target", **MEASURED | {"window": "2d"})
    halves = {key: value for key, value in MEASURED.items() if key != "window"} | {
        "half_life_short": "1d",
        "half_life_long": "1d",
    }
    levels = run(market(), version(3, returns=[s("volatility_target", **halves)]), returns=[first]).level("s")
    one, two = RISE**2, FALL**2
    held = 110 * (1 - 0.04 / RISE)
    third = held * (1 + 0.1 * 0.4 / math.sqrt((one + two) / 2))
    # The weights of the three steps up to the third day are 1/8, 1/4 and 1/2.
    volatility = math.sqrt((one / 8 + two / 4 + one / 2) / (7 / 8))
    assert levels == pytest.approx([100.0, 110.0, held, third, third * (1 + 0.1 * 0.4 / volatility)], rel=1e-12)


def test_half_lives_go_on_from_the_weights_that_stand() -> None:
    """Half-lives of a day, then so long that later levels count for next to nothing: the volatility stays."""
    halves = {key: value for key, value in MEASURED.items() if key != "window"}
    short = s("volatility_target", half_life_short="1d", half_life_long="1d", **halves)
    long = s("volatility_target", half_life_short="1d", half_life_long="1000000d", **halves)
    levels = run(market(), version(2, returns=[long]), returns=[short]).level("s")
    # The larger figure counts: that of a day would be 1/3 of the rise and 2/3 of the fall, which is the larger step.
    asked = max(RISE, math.sqrt((RISE**2 / 4 + FALL**2 / 2) / (3 / 4)))
    assert levels[3] / levels[2] - 1 == pytest.approx(0.1 * 0.4 / asked, rel=1e-6)


POINTS, MORE = s("decrement", points=73), s("decrement", points=365)
ONE, TEN = 0.2, 1.0


@pytest.mark.parametrize(
    ("changed", "taken"),
    [(1, [ONE, ONE, ONE, ONE]), (2, [ONE, TEN, TEN, TEN]), (3, [ONE, ONE, TEN, TEN]), (4, [ONE, ONE, ONE, TEN])],
)
def test_a_rebalance_is_neither_before_nor_after_a_date(changed: int, taken: list[float]) -> None:
    """The basket changes each second day; what is taken from a flat index depends on the date alone."""
    taken = [TEN] * 4 if changed == 1 else taken
    panel = market([10.0] * 5)
    levels = run(
        panel, version(changed, returns=[MORE]), returns=[POINTS], rebalance={"every": "2d", "determine": "0d"}
    ).level("s")
    assert levels == pytest.approx([100 - sum(taken[:day]) for day in range(5)], rel=1e-12)


# Units earned: a day gives 0.1%, or 0.05% from the date on; the basket is struck on the third day, and compounds.
@pytest.mark.parametrize(
    ("changed", "factors"),
    [
        (1, [1.0005, 1.001, 1.001 * 1.0005, 1.001 * 1.001]),
        (2, [1.001, 1.0015, 1.0015 * 1.0005, 1.0015 * 1.001]),
        (3, [1.001, 1.002, 1.002 * 1.0005, 1.002 * 1.001]),
        (4, [1.001, 1.002, 1.002 * 1.001, 1.002 * 1.0015]),
    ],
)
def test_income_compounds_where_the_basket_is_struck_before_on_and_after_the_date(
    changed: int, factors: list[float]
) -> None:
    half = s("total", utilisation=0.5, **TOTAL)
    result = run(
        market([10.0] * 5),
        version(changed, returns=[half]),
        returns=[s("total", **TOTAL)],
        rebalance={"every": "2d", "determine": "0d"},
    )
    assert result.level("s") == pytest.approx([100.0, *(100 * factor for factor in factors)], rel=1e-13)


def test_a_change_determined_before_the_date_is_the_old_rules_and_the_series_the_new() -> None:
    """b doubles each day from 1. The change of the third day, determined the day before, still takes the dearest, a;
    that of the fifth day takes the cheapest. What is taken each day goes by the date."""
    panel = market({"a": [10.0] * 7, "b": [1.0, 2.0, 4.0, 8.0, 8.0, 16.0, 32.0]})
    cheapest = {"by": "price", "order": "ascending", "top": 1}
    result = run(
        panel,
        version(2, select=cheapest, returns=[MORE]),
        returns=[POINTS],
        rebalance={"every": "2d", "determine": "1d"},
    )
    assert result.compositions["asset"].to_list() == ["a", "a", "b", "a"]
    assert result.rebalances["version"].unique(maintain_order=True).to_list() == [1, 2]
    # a is flat; b doubles from the fifth to the sixth day, and once more.
    assert result.level() == pytest.approx([100.0] * 5 + [200.0, 400.0], rel=1e-12)
    expected = [100.0, 99.8, 98.8, 97.8, 96.8, 192.6, 384.2]
    assert result.level("s") == pytest.approx(expected, rel=1e-12)


def test_the_step_over_a_weekend_is_by_the_rule_at_its_end_whatever_versions_lie_in_it() -> None:
    """Levels on Thursday the 2nd, Friday and Monday the 6th: three days of a point, none at the rule of Saturday."""
    middle = s("decrement", points=3650)
    result = run(
        market([10.0] * 6),
        version(3, returns=[middle]),
        version(4, returns=[MORE]),
        returns=[POINTS],
        calculate={"every": "day", "calendar": "XNYS"},
    )
    assert [time.day for time in result.times.tolist()] == [2, 3, 6]
    assert result.level("s") == pytest.approx([100.0, 99.8, 96.8], rel=1e-12)


def test_a_version_that_takes_a_rule_back_goes_on_from_the_one_between() -> None:
    """Half of the third day's income is earned, whether prices are read in one block or not."""
    half, whole = s("total", utilisation=0.5, **TOTAL), s("total", **TOTAL)
    panel = market([10.0] * 5)
    result = run(panel, version(2, returns=[half]), version(3, returns=[whole]), returns=[whole])
    assert result.level("s") == pytest.approx([100.0, 100.1, 100.15, 100.25, 100.35], rel=1e-13)


def test_silence_over_the_date_is_a_step_like_others() -> None:
    panel = market([10.0, 10.0, None, None, 10.0])
    result = run(panel, version(2, returns=[MORE]), returns=[POINTS])
    assert result.levels["status"].to_list() == ["live", "live", "carried", "carried", "live"]
    assert result.level("s") == pytest.approx([100.0, 99.8, 98.8, 97.8, 96.8], rel=1e-12)


def test_a_base_after_the_date_knows_the_later_rule_alone() -> None:
    result = run(market([10.0] * 5), version(2, returns=[MORE]), returns=[POINTS], start="2020-01-03")
    assert result.level("s") == pytest.approx([100.0, 99.0, 98.0], rel=1e-12)


@pytest.mark.parametrize("day", [1, 2, 3])
@pytest.mark.parametrize("kind", ["redenomination", "migration"])
def test_income_goes_through_an_event_and_a_date(day: int, kind: str) -> None:
    """a becomes a hundred of itself, or of b, before, at and after the date: nothing compounds, and half is earned."""
    flat = [10.0 if place < day else 0.1 for place in range(5)]
    new = "a" if kind == "redenomination" else "b"
    prices: dict[str, Any] = {"a": flat}
    if new == "b":
        prices = {
            "a": [price if place < day else None for place, price in enumerate(flat)],
            "b": [None if place < day else price for place, price in enumerate(flat)],
        }
    row = {"time": day_of(day), "kind": kind, "asset": "a", "ratio": 100.0} | ({"new_asset": "b"} if new == "b" else {})
    result = run(
        market(prices, events=pl.DataFrame([row])),
        version(2, returns=[s("total", utilisation=0.5, **TOTAL)]),
        returns=[s("total", **TOTAL)],
    )
    assert result.level() == pytest.approx([100.0] * 5, rel=1e-12)
    assert result.level("s") == pytest.approx([100.0, 100.1, 100.15, 100.2, 100.25], rel=1e-12)


def test_series_keep_the_order_of_the_first_version() -> None:
    series = [s("decrement", points=73), {"excess": {"rate": 0.0}}]
    other = [{"excess": {"rate": 0.36}}, s("decrement", points=0)]
    result = run(market([10.0] * 3), version(2, returns=other), returns=series)
    assert result.return_columns == ["price_return", "s", "excess_return"]
    assert result.level("s") == pytest.approx([100.0, 99.8, 99.8], rel=1e-12)
    assert result.level("excess_return") == pytest.approx([100.0, 100.0, 99.9], rel=1e-12)


@pytest.mark.parametrize(
    ("first", "later", "hours"),
    [
        ({}, {"every": "day", "at": "12:00"}, [0, 12, 24, 36, 60, 84]),
        ({"every": "day", "at": "12:00"}, {}, [12, 36, 48, 60, 72, 84, 96]),
        # 16:00 in New York is 21:00 UTC; the prices of 12:00 and before count, and the 4th and 5th are a weekend.
        (
            {"every": "day"},
            {"every": "day", "at": "16:00", "zone": "America/New_York", "calendar": "XNYS"},
            [0, 24, 69],
        ),
    ],
)
def test_each_calendar_gives_the_instants_from_its_date_on(
    first: dict[str, Any], later: dict[str, Any], hours: list[int]
) -> None:
    """Rows each 12 hours, at which a price is the number of the row; the rule changes on the third day."""
    panel = market([float(place + 1) for place in range(9)], days=[place / 2 for place in range(9)])
    result = run(panel, version(2, calculate=later), calculate=first)
    instants = [np.datetime64(day_of(hour / 24).replace(tzinfo=None), "us") for hour in hours]
    assert result.times.tolist() == [instant.item() for instant in instants]
    rows = [hour // 12 for hour in hours]
    assert result.level() == pytest.approx([100 * (row + 1) / (rows[0] + 1) for row in rows], rel=1e-12)


def test_a_calendar_and_a_series_that_change_together() -> None:
    """From hours to days: the first step of the new calendar is a day and a half long, at the new rate."""
    panel = market([10.0] * 9, days=[place / 2 for place in range(9)])
    result = run(panel, version(2, calculate={"every": "day", "at": "12:00"}, returns=[MORE]), returns=[POINTS])
    # 0.1 for each half day up to 36 hours; then a point for the day to 60 hours, and the day to 84.
    assert result.level("s") == pytest.approx([100.0, 99.9, 99.8, 99.7, 98.7, 97.7], rel=1e-12)


def test_levels_are_rounded_to_the_decimals_of_their_instant() -> None:
    panel = market([3.0, 1.0, 2.0])
    result = run(panel, version(1, publish={"decimals": 2}), version(2, publish={"decimals": 0}))
    assert result.published_levels["price_return"].to_list() == [100.0, 33.33, 67.0]
    assert [result.decimals(row) for row in range(3)] == [4, 2, 0]
    assert result.level() == pytest.approx([100.0, 100 / 3, 200 / 3], rel=1e-15)


REFUSED = [
    ({"returns": [s("decrement", points=1)]}, {"returns": ["price"]}, r"returns: the series 's' is missing"),
    (
        {"returns": [{"decrement": {"points": 50}}]},
        {"returns": [{"decrement": {"points": 60}}]},
        r"returns: the series 'decrement_50pt' is missing; .*'decrement_60pt' goes on with it, write name: "
        "decrement_50pt there",
    ),
    ({"returns": ["price"]}, {"returns": ["price", "total"]}, r"returns\[1\]: .*'total_return' would begin"),
    ({"returns": ["price"]}, {"returns": ["total"]}, r"returns\[0\]: .*'total_return' would begin"),
    (
        {"returns": [s("decrement", points=1)]},
        {"returns": ["price", s("excess", rate=0.1)]},
        r"returns\[1\]: the series 's' is made by 'decrement', .*not the rule to 'excess'",
    ),
    (
        {"returns": [s("currency", currency="EUR", rate="EURUSD")]},
        {"returns": [s("currency", currency="GBP", rate="GBPUSD")]},
        r"returns\[0\].currency.currency: the series is in EUR",
    ),
    (
        {"returns": [s("volatility_target", target=0.4)]},
        {"returns": [s("volatility_target", target=0.4, window="30d")]},
        r"returns\[0\].volatility_target.window: the half-lives before it remember no levels",
    ),
    ({}, {"prices": {"rate": "vwap"}}, "prices: a version may change the rules of reference prices, not begin or end"),
    ({"prices": {"rate": "vwap"}}, {"prices": None}, "prices: a version may change the rules of reference prices"),
    (
        {"prices": {"rate": "vwap"}},
        {"prices": {"rate": "vwap", "currency": "eur"}},
        r"prices.currency: a version may not change the currency of prices from 'usd'",
    ),
    ({}, {"symbol": "NEW"}, "symbol: a version may not change it: its folder and record"),
    ({}, {"name": "New"}, "name: a version may not change it: its folder and record"),
    ({}, {"currency": "EUR"}, "currency: a version may not change it: levels before and after"),
    ({}, {"base": {"date": "2020-01-01"}}, "base: a version may not change it: all levels are counted"),
    ({}, {"versions": []}, "versions: a version may not change it"),
    ({}, {"basketry": 2}, "basketry: a version may not change it"),
    ({}, {"administrator": 5}, "administrator: expected a text, was 5"),
    ({}, {"restate": {"threshold": 2}}, "restate.threshold: "),
    ({}, {"calculate": {"every": "hour"}}, "calculate.every: "),
    ({}, {"publish": {"decimals": -1}}, "publish.decimals: "),
]


@pytest.mark.parametrize(("first", "later", "message"), REFUSED)
def test_what_a_version_may_not_do(first: dict[str, Any], later: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=r"^versions\[0\].changes." + message):
        Methodology.load({**RULES, **first, "versions": [version(2, **later)]})


def test_an_index_and_its_parent_change_prices_alike() -> None:
    def priced(*versions: dict[str, Any], **sections: Any) -> dict[str, Any]:
        return {**RULES, "prices": {"rate": "vwap"}, "versions": list(versions), **sections}

    fewer = version(2, prices={"rate": "vwap", "min_venues": 1})
    child = {"symbol": "CHILD", "universe": [{"in_index": "VRS"}]}
    assert Methodology.load(priced(fewer, parents=[priced(fewer)], **child)).parents[0].symbol == "VRS"
    for versions, parents in (((fewer,), ()), ((), (fewer,)), ((fewer,), (version(3, **fewer["changes"]),))):
        with pytest.raises(MethodologyError, match=r"^parents\[0\].versions: VRS changes `prices` by other versions"):
            Methodology.load(priced(*versions, parents=[priced(*parents)], **child))


def test_words_are_those_of_the_newest_version() -> None:
    rules = Methodology.load(
        {**RULES, "administrator": "One", "versions": [version(2, administrator="Two", description="Of two.")]}
    )
    assert [book.rules.administrator for book in rules.versions] == ["One", "Two"]
    assert [book.rules.description for book in rules.versions] == [None, "Of two."]


def test_a_state_does_not_go_on_under_a_version_that_began_before_it() -> None:
    """The levels up to the state would be others."""
    panel = market()
    kept = run(panel, returns=[POINTS]).state.to_bytes()
    later = Methodology.load({**RULES, "returns": [POINTS], "versions": [version(9, returns=[MORE])]})
    assert IndexState.from_bytes(kept, later, panel.assets).to_bytes() == kept
    early = Methodology.load({**RULES, "returns": [POINTS], "versions": [version(4, returns=[MORE])]})
    with pytest.raises(
        DataError, match=r"state: version 2 of the rules begins at 2020-01-05, and the state of 2020-01-05"
    ):
        IndexState.from_bytes(kept, early, panel.assets)
