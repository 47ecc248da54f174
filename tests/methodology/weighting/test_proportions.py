"""Weights in proportion to a figure: powers, supplies, scales, scores and the defaults of windows."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING
from basketry.methodology.weighting._proportional import in_proportion
from basketry.methodology.weighting.momentum import momentum_allocation

MakePanel = Callable[..., Panel]
nan = float("nan")


def weights(panel: Panel, rule_name: str, /, selected: list[int], **parameters: Any) -> list[float]:
    return [float(one) for one in WEIGHTING.build(rule_name, parameters).weights(panel, np.array(selected))]


@pytest.fixture
def sized(daily: MakePanel) -> Panel:
    """Capitalisations of 900, 100, 400 and an unknown one."""
    return daily(price=[[9.0, 5.0, 2.0, 1.0]], market_cap=[[900.0, 100.0, 400.0, nan]])


def test_capitalisation_and_its_powers_among_the_selected(sized: Panel) -> None:
    assert weights(sized, "market_cap", [0, 1]) == [0.9, 0.1]
    assert weights(sized, "market_cap", [1, 2]) == [0.2, 0.8]
    assert weights(sized, "market_cap", [0, 1, 2], power=0.5) == pytest.approx([3 / 6, 1 / 6, 2 / 6], abs=1e-15)
    assert weights(sized, "market_cap", [1, 2], power=2) == pytest.approx([1 / 17, 16 / 17], abs=1e-15)
    assert weights(sized, "sqrt_market_cap", [0, 1, 2]) == pytest.approx([3 / 6, 1 / 6, 2 / 6], abs=1e-15)
    assert weights(sized, "equal", [0, 1, 2, 3]) == [0.25] * 4
    for power in (0, 2.1):
        with pytest.raises(MethodologyError, match="power"):
            WEIGHTING.build("market_cap", {"power": power})


def test_the_units_of_capitalisation_are_the_supply(sized: Panel) -> None:
    def units(name: str, parameters: dict[str, Any], panel: Panel = sized) -> Any:
        found = WEIGHTING.build(name, parameters).shares(panel, np.array([0, 2]))
        return None if found is None else found.tolist()

    assert units("market_cap", {}) == [100.0, 200.0]
    assert units("market_cap", {"power": 0.5}) is None
    assert units("sqrt_market_cap", {}) is None
    assert units("equal", {}) is None
    assert units("free_float_market_cap", {}) == [100.0, 200.0]


def test_the_units_of_free_float_are_supply_times_factor(daily: MakePanel) -> None:
    floats = [[0.25, nan, 0.705], [nan, nan, 0.705]]
    panel = daily(price=[[2.0, 2.0, 4.0]], market_cap=[[20.0, 20.0, 20.0]], free_float=floats)
    by_band: Any = WEIGHTING.build("free_float_market_cap", {})
    assert by_band.shares(panel, np.array([0, 1, 2])).tolist() == pytest.approx([3.0, 10.0, 4.0])
    assert by_band.shares(panel, np.array([2])).tolist() == pytest.approx([4.0])
    exact: Any = WEIGHTING.build("free_float_market_cap", {"bands": False, "whole_points": ["c"]})
    assert exact.shares(panel, np.array([0, 2])).tolist() == pytest.approx([2.5, 5.0 * 0.71])
    assert weights(panel, "free_float_market_cap", [0, 2]) == pytest.approx([0.3 / 1.1, 0.8 / 1.1])
    assert panel.latest("market_cap").tolist() == [20.0, 20.0, 20.0]


def test_a_float_within_two_points_keeps_its_band_by_default(daily: MakePanel) -> None:
    panel = daily(free_float=[[0.3], [0.32]], market_cap=[[100.0]])
    beyond = daily(free_float=[[0.3], [0.321]], market_cap=[[100.0]])
    rule: Any = WEIGHTING.build("free_float_market_cap", {})
    assert rule.shares(panel, np.array([0])).tolist() == pytest.approx([30.0])
    assert rule.shares(beyond, np.array([0])).tolist() == pytest.approx([40.0])


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e280, 1e300])
def test_figures_of_any_size_give_the_same_weights(daily: MakePanel, scale: float) -> None:
    panel = daily(price=[[1.0] * 3])
    figures = np.array([1.0, 4.0, 5.0]) * scale
    assert in_proportion(panel, np.arange(3), figures, "x") == pytest.approx([0.1, 0.4, 0.5], rel=1e-14)
    expected = np.array([1.0, 16.0, 25.0]) / 42
    assert in_proportion(panel, np.arange(3), figures, "x", 2.0) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ([1.0, 2.0, np.inf], "x of 'c' is inf, so it cannot be weighted"),
        ([1.0, -1.0, nan], "x of 'b' is -1,"),
        ([1.0, nan, -1.0], "x of 'b' is not known,"),
        ([0.0, 0.0, 0.0], "x is zero for every selected asset"),
    ],
)
def test_the_first_figure_that_cannot_be_weighted_is_named(
    daily: MakePanel, figures: list[float], message: str
) -> None:
    with pytest.raises(MethodologyError, match=message):
        in_proportion(daily(price=[[1.0] * 3]), np.arange(3), np.array(figures), "x")


def test_an_asset_that_is_not_selected_may_be_unknown(daily: MakePanel) -> None:
    panel = daily(price=[[1.0] * 3])
    assert in_proportion(panel, np.array([0, 2]), np.array([1.0, nan, 3.0]), "x").tolist() == [0.25, 0.75]
    assert in_proportion(panel, np.array([0, 2]), np.array([0.0, nan, 3.0]), "x").tolist() == [0.0, 1.0]


def test_factor_scores_of_two_figures_by_hand(daily: MakePanel) -> None:
    # z of tvl are -1 and 1, of users 1 and -1: 0.5 x z - 0.25 x z' is -0.75 and 0.75; scores 1/1.75 and 1.75.
    panel = daily(tvl=[[1.0, 3.0]], users=[[8.0, 2.0]])
    found = weights(panel, "factor_scores", [0, 1], factors={"tvl": 0.5, "users": -0.25})
    assert found == pytest.approx([1 / (1 + 1.75**2), 1.75**2 / (1 + 1.75**2)])


def test_scores_are_among_the_selected_alone(daily: MakePanel) -> None:
    panel = daily(tvl=[[1.0, 3.0, 1000.0]], price=[[1.0, 1.0, 1.0], [1.5, 2.0, 99.0]])
    assert weights(panel, "factor_scores", [0, 1], factors={"tvl": 1}) == pytest.approx([0.2, 0.8])
    assert weights(panel, "momentum", [0, 1], window="1d") == pytest.approx([0.2, 0.8])


def test_exactly_the_least_share_of_votes_counts(daily: MakePanel) -> None:
    panel = daily(votes=[[50.0, 25.0, 25.0]], stake=[[1.0, 1.0, 2.0]])
    assert weights(panel, "votes", [0, 1, 2], min_share=0.25) == [0.5, 0.25, 0.25]
    assert weights(panel, "votes", [0, 1, 2], min_share=0.26) == [1.0, 0.0, 0.0]
    assert weights(panel, "votes", [0, 1, 2], metric="stake") == [0.25, 0.25, 0.5]


def decaying(values: list[float], half_life: float) -> float:
    ages = np.arange(len(values))[::-1]
    return float(np.average(values, weights=0.5 ** (ages / half_life)))


def test_the_window_of_90_days_and_the_half_life_of_15_are_the_default(daily: MakePanel) -> None:
    # 91 rows: the first lies outside the window.
    caps: Floats = np.random.default_rng(5).uniform(1, 9, (91, 2))
    caps[0] = 1e9
    smooth = np.array([decaying(caps[1:, column].tolist(), 15.0) for column in range(2)])
    panel = daily(market_cap=caps.tolist())
    assert weights(panel, "smoothed_market_cap", [0, 1]) == pytest.approx(smooth / smooth.sum())
    roots = np.sqrt(smooth)
    assert weights(panel, "smoothed_market_cap", [0, 1], power=0.5) == pytest.approx(roots / roots.sum())


def test_half_a_day_counts_as_half_a_day(daily: MakePanel) -> None:
    panel = daily(step=timedelta(hours=12), market_cap=[[4.0, 1.0], [1.0, 1.0]])
    mean = (4 * 0.5**0.5 + 1) / (0.5**0.5 + 1)
    found = weights(panel, "smoothed_market_cap", [0, 1], half_life="1d")
    assert found == pytest.approx([mean / (mean + 1), 1 / (mean + 1)])


def test_the_default_windows_of_returns_volatility_and_value_traded(daily: MakePanel) -> None:
    steps = np.full((91, 2), 0.001)
    steps[:, 1] = np.resize([0.01, -0.03], 91)
    price = np.exp(np.vstack([np.zeros(2), np.cumsum(steps, axis=0)]))
    price[0] = [1e6, 1e-6]  # 91 days ago: outside
    price[1:, 0] *= np.resize([1.0, 1.02], 91)
    panel = daily(price=price.tolist())
    returns = np.diff(np.log(price[1:]), axis=0)
    spread = returns.std(axis=0, ddof=1)
    assert weights(panel, "inverse_volatility", [0, 1]) == pytest.approx((1 / spread) / (1 / spread).sum())
    past = price[-1] / price[1] - 1
    assert weights(panel, "momentum", [0, 1]) == pytest.approx([0.8, 0.2] if past[0] > past[1] else [0.2, 0.8])
    traded = daily(volume=[[1e9, 1.0], *[[2.0, 6.0]] * 30])
    assert weights(traded, "value_traded", [0, 1], statistic="mean") == [0.25, 0.75]


def test_the_defaults_of_the_covariance() -> None:
    risk: Any = WEIGHTING.build("equal_risk_contribution", None)
    least: Any = WEIGHTING.build("minimum_variance", None)
    assert (risk.window, risk.shrinkage) == (timedelta(days=90), 0.0)
    assert (least.window, least.shrinkage) == (timedelta(days=90), 0.2)


def test_the_hurdle_itself_is_no_momentum_and_the_share_stops_at_one() -> None:
    found, cash = momentum_allocation([0.08, nan, -1.0])
    assert (found.tolist(), cash) == ([0.0, 0.0, 0.0], 1.0)
    found, cash = momentum_allocation([0.0801, 0.0])
    assert (found.tolist(), cash) == ([0.28, 0.0], 0.72)
    found, cash = momentum_allocation([0.3, 0.1, 0.0], hurdle=0.05, first=0.4, step=0.9)
    assert (found.tolist(), cash) == ([0.5, 0.5, 0.0], 0.0)
    found, cash = momentum_allocation([0.3, 0.1, 0.0], hurdle=0.05, first=0.4, step=0.2)
    assert found.tolist() == pytest.approx([0.3, 0.3, 0.0])
    assert cash == pytest.approx(0.4)
