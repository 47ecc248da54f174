"""Bounds over a window: a statistic of the figures, or the share of days on which they hold."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.time import to_instant
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE

MakePanel = Callable[..., Panel]
nan = float("nan")

FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "market_cap": ("market_cap", {}),
    "price": ("price", {}),
    "price_sources": ("sources", {}),
    "listings": ("listings", {}),
    "metric": ("tvl", {"name": "tvl"}),
    "value_traded": ("volume", {}),
    "venues": ("volume@v/usd", {"any_of": ["v"], "quotes": ["usd"]}),
}


def members(panel: Panel, *columns: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.isin(np.arange(len(panel.assets)), columns)


def kept(panel: Panel, rule_name: str, /, held: tuple[int, ...] = (), **parameters: Any) -> list[str]:
    passed = UNIVERSE.build(rule_name, parameters).keep(panel, members(panel, *held))
    return [asset for asset, one in zip(panel.assets, passed, strict=True) if one]


def told(panel: Panel, rule_name: str, /, held: tuple[int, ...] = (), **parameters: Any) -> list[str]:
    found = UNIVERSE.build(rule_name, parameters).told(panel, members(panel, *held))
    assert found is not None
    return found


# Over three days: a always above 2; b once below; c without a figure on one day; d first seen on the last; the row
# before lies outside the window.
ROWS = [[0.0, 0.0, 0.0, nan], [2.0, 2.0, 2.0, nan], [3.0, 1.0, nan, nan], [4.0, 6.0, 5.0, 9.0]]


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {"venues"}))
@pytest.mark.parametrize(
    ("statistic", "figures"),
    [
        ("minimum", [2.0, 1.0, 2.0, 9.0]),
        ("maximum", [4.0, 6.0, 5.0, 9.0]),
        ("median", [3.0, 2.0, 3.5, 9.0]),
        ("mean", [3.0, 3.0, 3.5, 9.0]),
    ],
)
def test_a_statistic_is_of_the_known_figures_in_the_window(
    name: str, statistic: str, figures: list[float], daily: MakePanel
) -> None:
    field, own = FIELDS[name]
    panel = daily(**{field: ROWS})
    over: dict[str, Any] = {"window": "3d", "statistic": statistic, **own}
    measured = UNIVERSE.build(name, {"min": 1, **over}).measured(panel)
    assert measured is not None
    assert measured.tolist() == figures
    assert kept(panel, name, min=3.0, **over) == [a for a, x in zip("abcd", figures, strict=True) if x >= 3]
    assert kept(panel, name, max=3.0, **over) == [a for a, x in zip("abcd", figures, strict=True) if x <= 3]


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - {"venues"}))
def test_bounds_hold_on_a_share_of_the_days_and_a_day_without_a_figure_is_none(name: str, daily: MakePanel) -> None:
    # Days on which the figure is 2 or more: a 3, b 2, c 2, d 1 of 3.
    field, own = FIELDS[name]
    panel = daily(**{field: ROWS})
    over: dict[str, Any] = {"min": 2.0, "window": "3d", **own}
    assert kept(panel, name, days=1, **over) == ["a"]
    assert kept(panel, name, days=0.67, **over) == ["a"]  # 2.01 of 3 days are 3 whole ones
    assert kept(panel, name, days=0.66, **over) == ["a", "b", "c"]  # 1.98 are 2
    assert kept(panel, name, days=0.34, **over) == ["a", "b", "c"]
    assert kept(panel, name, days=0.33, **over) == ["a", "b", "c", "d"]
    assert kept(panel, name, days=1 / 3, **over) == ["a", "b", "c", "d"]
    # At most 5 besides: of b only the first day is left, of d none.
    assert kept(panel, name, days=0.33, max=5.0, **over) == ["a", "b", "c"]
    measured = UNIVERSE.build(name, {"days": 1, **over}).measured(panel)
    assert measured is not None
    assert measured.tolist() == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3])


def test_a_share_is_of_the_digits_as_written(daily: MakePanel) -> None:
    # 0.7 x 10 is 7.000000000000001 in binary fractions; seven days of ten are enough. 0.07 of 100 likewise.
    panel = daily(price=[[1.0]] * 3 + [[5.0]] * 7)
    assert 0.07 * 100 > 7
    assert kept(panel, "price", min=5, window="10d", days=0.7) == ["a"]
    assert kept(panel, "price", min=5, window="10d", days=0.71) == []
    assert kept(panel, "price", min=5, window="100d", days=0.07) == ["a"]


def test_days_that_the_data_do_not_reach_count(daily: MakePanel) -> None:
    """Three rows, all above: 3 of 30 days; a statistic asks only for what is known."""
    panel = daily(price=[[5.0], [5.0], [5.0]])
    assert kept(panel, "price", min=1, window="30d", days=0.1) == ["a"]
    assert kept(panel, "price", min=1, window="30d", days=0.11) == []
    assert kept(panel, "price", min=1, window="30d", statistic="minimum") == ["a"]
    assert kept(daily(price=[[5.0]]), "price", min=1, window="1d", days=1) == ["a"]
    assert kept(panel, "price", min=1, window="99999d", days=0.00002) == ["a"]  # 1.99998 days


def test_turnover_is_compared_day_by_day(daily: MakePanel) -> None:
    # Ratios 0.1, 0.5 and 0.2; b has no volume on the second day, and c no capitalisation on the first.
    panel = daily(
        volume=[[1.0, 1.0, 1.0], [10.0, nan, 10.0], [4.0, 4.0, 4.0]],
        market_cap=[[10.0, 10.0, nan], [20.0, 20.0, 20.0], [20.0, 20.0, 20.0]],
    )
    over: dict[str, Any] = {"window": "3d", "annualised": False}
    assert kept(panel, "turnover", min=0.2, days=0.6, **over) == ["a", "c"]
    assert kept(panel, "turnover", min=0.1, days=1, **over) == ["a"]
    assert kept(panel, "turnover", min=0.2, statistic="minimum", **over) == ["c"]
    assert kept(panel, "turnover", min=0.1 * 365, days=1, window="3d") == ["a"]


@pytest.mark.parametrize("over", [{"statistic": "minimum"}, {"days": 1}])
def test_members_have_their_own_bound_on_every_day(over: dict[str, Any], daily: MakePanel) -> None:
    # a and b fell to 8 and c to 7: members stay down to 8.
    panel = daily(market_cap=[[8.0, 10.0, 7.0, 10.0], [10.0, 8.0, 10.0, 10.0]])
    bounds: dict[str, Any] = {"min": 10, "keep_min": 8, "window": "2d", **over}
    assert kept(panel, "market_cap", **bounds) == ["d"]
    assert kept(panel, "market_cap", held=(0, 2), **bounds) == ["a", "d"]
    assert kept(panel, "market_cap", held=(0, 1, 2, 3), **bounds) == ["a", "b", "d"]


def test_of_finer_rows_the_last_of_each_day_counts(daily: MakePanel) -> None:
    """Rows of six hours to midnight: days end with the determination, and the last known figure of each counts.

    Day one is 1, 1, 1, 5 and day two 5, 1, 1, and 5 or unknown; the row before them is the end of an earlier day.
    """
    quarter = timedelta(hours=6)
    known, unknown = ([[9.0], *[[x] for x in (1.0, 1.0, 1.0, 5.0, 5.0, 1.0, 1.0)], [x]] for x in (5.0, nan))
    every: dict[str, Any] = {"min": 5, "window": "2d", "days": 1}
    assert kept(daily(step=quarter, price=known), "price", **every) == ["a"]
    # With the last unknown, that before it counts.
    assert kept(daily(step=quarter, price=unknown), "price", **every) == []
    assert kept(daily(step=quarter, price=unknown), "price", **{**every, "days": 0.5}) == ["a"]
    # A statistic is of all rows: the least of them is 1.
    assert kept(daily(step=quarter, price=known), "price", min=5, window="2d", statistic="minimum") == []
    # Six hours earlier the days end at 18:00: of either day the last row is 1.
    assert kept(daily(step=quarter, price=known).first_rows(8), "price", **{**every, "days": 0.5}) == []


def test_a_split_in_the_window_changes_nothing() -> None:
    """0.05 before a redenomination of 100 old for 1 new is 5 of today; counts of sources stay as they are."""
    days = [datetime(2021, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    prices = pl.DataFrame({"time": days, "asset": "a", "price": [0.05, 0.05, 5.0, 5.0], "sources": [4, 4, 3, 3]})
    split = pl.DataFrame([{"time": days[2], "kind": "redenomination", "asset": "a", "ratio": 0.01}])
    panel, raw = Panel.from_frames(prices, events=split), Panel.from_frames(prices)
    for over in ({"statistic": "minimum"}, {"days": 1}):
        assert kept(panel, "price", min=5, max=5, window="4d", **over) == ["a"]
        assert kept(raw, "price", min=5, window="4d", **over) == []
        assert kept(panel, "price_sources", min=3, max=4, window="4d", **over) == ["a"]
    # Before the split, and before it was known, a price of 0.05 is what it is.
    assert kept(panel.as_of("2021-01-02"), "price", max=0.05, window="2d", days=1) == ["a"]


def test_a_successor_has_the_days_of_the_asset_that_it_continues() -> None:
    """Two old units became one new one: 4 of the old are 8 of the new."""
    days = [datetime(2021, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    prices = pl.DataFrame(
        {"time": [*days[:2], *days[2:]], "asset": ["old", "old", "new", "new"], "price": [4.0, 4.0, 8.0, 8.0]}
    )
    move = {"time": days[2], "kind": "migration", "asset": "old", "new_asset": "new", "ratio": 0.5}
    every: dict[str, Any] = {"min": 8, "max": 8, "window": "4d", "days": 1}
    assert kept(Panel.from_frames(prices, events=pl.DataFrame([move])), "price", **every) == ["new"]
    assert kept(Panel.from_frames(prices), "price", **every) == []


def test_a_window_holds_what_was_known_at_the_determination() -> None:
    """The price of the 2nd was 1 until the 4th, when it was corrected to 5."""
    days = [datetime(2021, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    rows = {"time": [*days, days[1]], "asset": "a", "price": [5.0, 1.0, 5.0, 5.0, 5.0], "known_at": [*days, days[3]]}
    panel = Panel.from_frames(pl.DataFrame(rows))
    every: dict[str, Any] = {"min": 5, "window": "3d", "days": 1}
    assert kept(panel.as_of("2021-01-03"), "price", **every) == []
    assert kept(panel.as_of("2021-01-04"), "price", **every) == ["a"]
    assert kept(panel.as_of("2021-01-04"), "price", min=5, window="3d", statistic="minimum") == ["a"]
    assert kept(panel.as_of("2021-01-03"), "price", **every) == []


def test_a_metric_counts_on_each_day_as_it_was_known_on_it() -> None:
    """The figure of the 1st is known on the 3rd, and holds until the next: 2 of 4 days."""
    days = [datetime(2021, 1, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    prices = pl.DataFrame({"time": days, "asset": "a", "price": 1.0})
    tvl = pl.DataFrame({"time": days[:1], "asset": "a", "metric": "tvl", "value": 7.0, "known_at": days[2:3]})
    panel = Panel.from_frames(prices, metrics=tvl)
    assert kept(panel, "metric", name="tvl", min=7, window="4d", days=0.5) == ["a"]
    assert kept(panel, "metric", name="tvl", min=7, window="4d", days=0.75) == []
    assert kept(panel, "metric", name="tvl", min=7, window="4d", statistic="minimum") == ["a"]


def test_a_window_of_review_is_as_long_as_it_is_told(daily: MakePanel) -> None:
    # The review was after the second row: of four rows the last two count, on 1.5 days, which begin two.
    panel = daily(price=[[1.0], [1.0], [5.0], [5.0]])
    rule = UNIVERSE.build("price", {"min": 5, "window": "review", "days": 1})
    assert rule.since_review(panel.now, lambda: to_instant("2021-01-30T12:00")).keep(panel, members(panel)).all()
    assert not rule.since_review(panel.now, lambda: to_instant("2021-01-29")).keep(panel, members(panel)).any()
    with pytest.raises(MethodologyError, match=r"price\.window: review is known at a determination only"):
        rule.keep(panel, members(panel))
    whole = UNIVERSE.build("price", {"min": 5})
    assert whole.since_review(panel.now, lambda: pytest.fail("was asked")) is whole


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("price", {"window": "0d", "days": 1}, r"^price\.window: must be longer than 0"),
        ("value_traded", {"window": "0s"}, r"^value_traded\.window: must be longer than 0"),
        ("price", {"window": "30d"}, r"^price\.window: needs a statistic, such as statistic: median, or days: 1"),
        ("price", {"days": 1}, r"^price\.days: needs a window, such as window: 30d"),
        ("price", {"statistic": "median"}, r"^price\.statistic: needs a window"),
        ("price", {"window": "30d", "days": 1, "statistic": "median"}, r"^price\.days: excludes statistic"),
        ("value_traded", {"days": 1, "statistic": "median"}, r"^value_traded\.days: excludes statistic"),
        ("price", {"window": "36h", "days": 1}, r"^price\.window: with days it must be a whole number of days"),
        ("price", {"window": "30d", "days": 0}, r"^price\.days: must be above 0"),
        ("price", {"window": "30d", "days": 95}, r"^price\.days: must be at most 1, was 95"),
        ("price", {"window": "30d", "statistic": "sum"}, r"^price\.statistic: "),
        ("price", {"window": "month", "days": 1}, r"^price\.window: duration 'month' .* 30d, .* 2w, or review$"),
        ("price", {"window": "9999999d", "days": 1}, r"'9999999d' is longer than a million days"),
        ("price", {"keep_min": 2}, r"keep_min must not be above min: 2 is above 1"),
        ("price", {"window": 30, "days": 1}, "30d"),
    ],
)
def test_what_means_nothing_is_refused_with_its_place(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        UNIVERSE.build(name, {"min": 1, **parameters})


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("price", {"min": 0.01, "window": "30d", "statistic": "minimum"},
         "The minimum price over 30 days is at least 0.01."),
        ("price", {"min": 1, "window": "1d", "days": 1}, "The price is at least 1 on every day of 1 day."),
        ("listings", {"min": 3, "window": "90d", "days": 0.955},
         "The number of venues that list the asset is at least 3 on at least 95.5% of 90 days."),
        ("price_sources", {"min": 2, "keep_min": 1, "window": "review", "days": 1},
         "The number of price sources is at least 2 (1 for a member) on every day since the previous review."),
        ("market_cap", {"max": 5, "window": "review", "days": 0.5},
         "The market capitalisation is at most 5 on at least 50% of the days since the previous review."),
        ("market_cap", {"max": 5, "window": "review", "statistic": "mean"},
         "The mean market capitalisation since the previous review is at most 5."),
        ("value_traded", {"min": 5, "window": "12h"}, "The median value traded a day over 12 hours is at least 5."),
        ("value_traded", {"min": 5, "days": 0.9}, "The value traded a day is at least 5 on at least 90% of 30 days."),
        ("turnover", {"min": 0.1, "days": 1},
         "The annual traded value ratio is at least 0.1 on every day of 30 days."),
        ("metric", {"name": "tvl", "min": 5, "window": "3d", "days": 1},
         "The metric tvl is at least 5 on every day of 3 days."),
        ("metric", {"name": "tvl", "min": 5, "window": "review"},
         "The metric tvl (median since the previous review) is at least 5."),
    ],
)  # fmt: skip
def test_rules_over_windows_in_words(name: str, parameters: dict[str, Any], words: str) -> None:
    rule = UNIVERSE.build(name, parameters)
    assert rule.words() == words
    assert UNIVERSE.build(name, rule.entry()) == rule


def test_what_was_compared_is_told(daily: MakePanel) -> None:
    panel = daily(price=ROWS)
    assert told(panel, "price", min=2) == ["4", "6", "5", "9"]
    assert told(panel, "price", min=2, window="3d", statistic="minimum") == [
        f"minimum {x} over 3 days" for x in (2, 1, 2, 9)
    ]
    held = told(panel, "price", held=(1,), min=2, keep_min=1, max=5, window="3d", days=0.95)
    assert held == [
        "on 3 of 3 days at least 2 and at most 5; 3 needed",
        "on 2 of 3 days at least 1 and at most 5 as a member; 3 needed",
        "on 2 of 3 days at least 2 and at most 5; 3 needed",
        "on 0 of 3 days at least 2 and at most 5; 3 needed",
    ]
    assert UNIVERSE.build("exclude_assets", ["a"]).told(panel, members(panel)) is None
    assert told(daily(price=[[nan]]), "price", min=2, window="3d", statistic="mean") == ["mean unknown over 3 days"]


figures = st.lists(st.lists(st.sampled_from([1.0, 2.0, 3.0, nan]), min_size=2, max_size=2), min_size=1, max_size=8)


@given(rows=figures, length=st.integers(1, 9), days=st.integers(1, 100))
def test_more_days_or_a_higher_bound_keep_no_more(rows: list[list[float]], length: int, days: int) -> None:
    times = to_instant("2021-01-01") + np.arange(len(rows)) * np.timedelta64(1, "D")
    panel = Panel(times, ("a", "b"), {"price": np.array(rows)})
    over: dict[str, Any] = {"window": f"{length}d", "days": days / 100}
    easy, hard = ({*kept(panel, "price", min=least, **over)} for least in (1, 2))
    assert hard <= easy
    assert {*kept(panel, "price", min=1, **{**over, "days": 1})} <= easy
    # On every day, with every day known, is the same as the minimum.
    full = len(rows) >= length and not np.isnan(panel.window("price", timedelta(days=length))).any()
    if full:
        minimum = kept(panel, "price", min=2, window=f"{length}d", statistic="minimum")
        assert kept(panel, "price", min=2, **{**over, "days": 1}) == minimum
