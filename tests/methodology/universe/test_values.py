"""Rules with a window, an age, a percentile, names or tags against values worked by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE

MakePanel = Callable[..., Panel]
nan = float("nan")


def kept(panel: Panel, name: str, value: Any) -> list[str]:
    passed = UNIVERSE.build(name, value).keep(panel, np.zeros(len(panel.assets), dtype=bool))
    return [asset for asset, one in zip(panel.assets, passed, strict=True) if one]


def measured(panel: Panel, rule_name: str, /, **parameters: Any) -> list[float]:
    figures = UNIVERSE.build(rule_name, parameters).measured(panel)
    assert figures is not None
    return [float(figure) for figure in figures]


def test_an_asset_exactly_min_days_old_stays(daily: MakePanel) -> None:
    # First prices 4, 3 and 2 days before the last row; d has none.
    price = [
        [1.0, nan, nan, nan],
        [1.0, 1.0, nan, nan],
        [1.0, 1.0, 1.0, nan],
        [nan, 1.0, 1.0, nan],
        [1.0, 1.0, 1.0, nan],
    ]
    panel = daily(price=price)
    assert kept(panel, "history", 3) == ["a", "b"]
    assert kept(panel, "history", {"min_days": 2.5}) == ["a", "b"]
    assert kept(panel, "history", 4) == ["a"]
    assert kept(panel, "history", 0) == ["a", "b", "c"]
    with pytest.raises(MethodologyError, match=r"^history: must be at least 0, was -1"):
        UNIVERSE.build("history", -1)


def test_value_traded_is_the_median_unless_the_mean_is_asked(daily: MakePanel) -> None:
    # A day of wash trading of 100 moves the mean of three days to 34.7 and leaves the median at 2; the window is
    # (now - 3d, now], so the first row does not count.
    panel = daily(volume=[[1000.0, 2.0], [2.0, 3.0], [100.0, nan], [2.0, 4.0]])
    assert measured(panel, "value_traded", min=1, window="3d") == [2.0, 3.5]
    assert measured(panel, "value_traded", min=1, window="3d", statistic="mean") == pytest.approx([104 / 3, 3.5])
    assert kept(panel, "value_traded", {"min": 3, "window": "3d"}) == ["b"]
    assert kept(panel, "value_traded", {"min": 3.6, "window": "3d", "statistic": "mean"}) == ["a"]


def test_the_windows_of_30_days_are_the_default(daily: MakePanel) -> None:
    # 31 rows, of which the first lies outside a window of 30 days: 15 of 1 and 15 of 5 have the median 3.
    volume = [[1000.0], *[[1.0]] * 15, *[[5.0]] * 15]
    panel = daily(volume=volume, market_cap=[[100.0]])
    assert measured(panel, "value_traded", min=1) == [3.0]
    assert measured(panel, "value_traded_percentile") == [3.0]
    assert measured(panel, "turnover", min=1) == pytest.approx([365 * 0.03])


def test_turnover_is_the_statistic_of_each_days_ratio(daily: MakePanel) -> None:
    # Ratios of a: 0.1, 0.5 and 0.3, median 0.3 and mean 0.3; of b: 0.1, 0.2 and 0.9, median 0.2 and mean 0.4.
    panel = daily(
        volume=[[1.0, 1.0], [10.0, 4.0], [9.0, 9.0]],
        market_cap=[[10.0, 10.0], [20.0, 20.0], [30.0, 10.0]],
    )
    assert measured(panel, "turnover", min=1) == pytest.approx([365 * 0.3, 365 * 0.2])
    assert measured(panel, "turnover", min=1, annualised=False) == pytest.approx([0.3, 0.2])
    assert measured(panel, "turnover", min=1, annualised=False, statistic="mean") == pytest.approx([0.3, 0.4])
    assert measured(panel, "turnover", min=1, annualised=False, window="1d") == pytest.approx([0.3, 0.9])
    assert UNIVERSE.build("turnover", {"min": 2, "annualised": False}).words() == (
        "The median daily turnover over 30 days is at least 2."
    )


def test_the_percentile_is_among_assets_with_a_price_and_the_edge_stays(daily: MakePanel) -> None:
    # e trades most and has no price, f has a price and no volume: of a to d the 25th percentile lies at
    # 1 + 0.75 x (2 - 1) = 1.75, the median at 2.5; the third of three equal quarters is d = 3 itself.
    price = [[1.0, 1.0, 1.0, 1.0, nan, 1.0]]
    panel = daily(volume=[[1.0, 2.0, 3.0, 4.0, 100.0, nan]], price=price)
    assert kept(panel, "value_traded_percentile", None) == ["b", "c", "d"]
    assert kept(panel, "value_traded_percentile", {"min": 0.5}) == ["c", "d"]
    assert kept(panel, "value_traded_percentile", {"min": 2 / 3}) == ["c", "d"]
    assert kept(panel, "value_traded_percentile", {"min": 0}) == ["a", "b", "c", "d"]
    assert kept(panel, "value_traded_percentile", {"min": 1}) == ["d"]


def test_the_percentile_goes_by_the_mean_of_the_window(daily: MakePanel) -> None:
    panel = daily(volume=[[900.0, 1.0], [1.0, 5.0], [1.0, 5.0], [10.0, 5.0]])
    assert measured(panel, "value_traded_percentile", window="3d") == [4.0, 5.0]
    assert kept(panel, "value_traded_percentile", {"min": 1, "window": "3d"}) == ["b"]
    assert kept(panel, "value_traded_percentile", {"min": 1, "window": "4d"}) == ["a"]


def test_where_nothing_trades_nothing_passes(daily: MakePanel) -> None:
    assert kept(daily(volume=[[nan, nan]]), "value_traded_percentile", None) == []
    assert kept(daily(volume=[[1.0, 1.0]], price=[[nan, nan]]), "value_traded_percentile", None) == []


def test_a_metric_is_the_latest_or_a_statistic_of_a_window(daily: MakePanel) -> None:
    panel = daily(tvl=[[50.0, 1.0], [1.0, 2.0], [9.0, 9.0], [2.0, nan]])
    assert measured(panel, "metric", name="tvl", min=1) == [2.0, 9.0]
    assert measured(panel, "metric", name="tvl", min=1, window="3d") == [2.0, 5.5]
    assert measured(panel, "metric", name="tvl", min=1, window="3d", statistic="mean") == [4.0, 5.5]
    rule: Any = UNIVERSE.build("metric", {"name": "tvl", "min": 1, "window": "3d"})
    assert rule.words() == "The metric tvl (median over 3 days) is at least 1."
    with pytest.raises(MethodologyError, match="at least 1 character"):
        UNIVERSE.build("metric", {"name": "", "min": 1})
    rule = UNIVERSE.build("metric", {"name": "t", "min": 1})
    assert rule.metric == "t"


def test_required_figures_must_all_be_known(daily: MakePanel) -> None:
    panel = daily(tvl=[[1.0, nan, 1.0]], users=[[1.0, 1.0, nan]])
    assert kept(panel, "required", ["tvl", "users"]) == ["a"]
    assert kept(panel, "required", ["tvl"]) == ["a", "c"]
    with pytest.raises(DataError, match="did you mean 'users'"):
        kept(panel, "required", ["user"])


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("include_assets", ["a", "c", "zzz"], ["a", "c"]),
        ("exclude_assets", ["a", "c", "zzz"], ["b", "d"]),
        ("include_tags", ["stablecoin"], ["a"]),
        ("include_tags", ["stablecoin", "meme"], ["a", "b"]),
        ("exclude_tags", ["stablecoin"], ["b", "c", "d"]),
        ("exclude_tags", ["stablecoin", "meme"], ["c", "d"]),
    ],
)
def test_names_and_tags(name: str, value: list[str], expected: list[str], daily: MakePanel) -> None:
    panel = daily(price=[[1.0] * 4], tags={"a": "stablecoin", "b": "meme"})
    assert kept(panel, name, value) == expected


@pytest.mark.parametrize(("name", "expected"), [("include_sectors", ["a"]), ("exclude_sectors", ["b", "c"])])
def test_an_asset_without_a_sector_is_in_none(name: str, expected: list[str]) -> None:
    sectors = pl.DataFrame({"asset": ["a", "b"], "scheme": "sector", "value": ["defi", "gaming"]})
    price = pl.DataFrame({"time": [datetime(2021, 2, 1)], "a": [1.0], "b": [1.0], "c": [1.0]})
    assert kept(Panel.from_frames(price=price, classifications=sectors), name, ["defi"]) == expected


@pytest.mark.parametrize(
    "name", [f"{verb}_{what}" for verb in ("include", "exclude") for what in ("assets", "tags", "sectors")]
)
def test_a_list_of_one_is_enough_and_of_none_is_refused(name: str) -> None:
    assert UNIVERSE.build(name, ["x"]).entry() == ["x"]
    with pytest.raises(MethodologyError, match="at least 1"):
        UNIVERSE.build(name, [])


def test_rules_are_asked_with_members_and_windows_of_any_step(daily: MakePanel) -> None:
    # Half-days: a window of a day holds two rows.
    panel = daily(step=timedelta(hours=12), volume=[[8.0], [2.0], [4.0]])
    assert measured(panel, "value_traded", min=1, window="1d", statistic="mean") == [3.0]
