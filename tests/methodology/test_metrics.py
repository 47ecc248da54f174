"""Named figures of assets at an instant, by hand."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.market.panel import Panel
from basketry.methodology.metrics import log_returns, metric, past_return, volatility

MakePanel = Callable[..., Panel]
nan = float("nan")


def figures(panel: Panel, name: str) -> list[float]:
    return [float(figure) for figure in metric(panel, name)]


def test_a_field_goes_by_its_latest_value_of_three_days(daily: MakePanel) -> None:
    panel = daily(tvl=[[7.0, 1.0, 1.0], [nan, 6.0, 2.0], [nan, nan, nan], [nan, nan, 3.0], [nan, nan, 4.0]])
    assert figures(panel, "tvl") == pytest.approx([nan, 6.0, 4.0], nan_ok=True)


def test_value_traded_is_the_median_of_30_days_and_turnover_its_ratio(daily: MakePanel) -> None:
    panel = daily(volume=[[1000.0], *[[1.0]] * 15, *[[5.0]] * 15], market_cap=[[12.0]])
    assert figures(panel, "value_traded") == [3.0]
    assert figures(panel, "turnover") == [0.25]


def test_free_float_capitalisation_counts_a_missing_float_as_one(daily: MakePanel) -> None:
    fields = {"price": [[2.0, 3.0]], "supply": [[10.0, 20.0]]}
    assert figures(daily(free_float=[[0.5, nan]], **fields), "free_float_market_cap") == [10.0, 60.0]
    assert figures(daily(**fields), "free_float_market_cap") == [20.0, 60.0]


def test_a_return_is_over_the_price_so_many_days_before(daily: MakePanel) -> None:
    panel = daily(price=[[1.0, nan], [2.0, 4.0], [8.0, 5.0], [10.0, 3.0]])
    assert figures(panel, "return_2d") == [4.0, -0.25]
    assert figures(panel, "return_1d") == [0.25, -0.4]
    assert figures(panel, "return_3d") == pytest.approx([9.0, nan], nan_ok=True)
    assert np.isnan(figures(panel, "return_4d")).all()
    skipped = past_return(panel, timedelta(days=2), timedelta(days=1))
    assert skipped.tolist() == [3.0, 0.25]


def test_a_return_before_the_data_is_unknown(daily: MakePanel) -> None:
    panel = daily(price=[[1.0], [2.0]])
    assert np.isnan(past_return(panel, timedelta(days=9))).all()
    assert np.isnan(past_return(panel, timedelta(days=9), timedelta(days=5))).all()


def test_log_returns_are_those_of_the_rows_in_the_window(daily: MakePanel) -> None:
    panel = daily(price=[[1.0], [2.0], [6.0], [24.0]])
    assert log_returns(panel, timedelta(days=2))[:, 0] == pytest.approx(np.log([3.0, 4.0]))
    assert log_returns(panel, timedelta(days=30))[:, 0] == pytest.approx(np.log([2.0, 3.0, 4.0]))


def test_volatility_is_the_sample_deviation_times_the_root_of_the_rows_a_year(daily: MakePanel) -> None:
    moves = np.array([[0.1, 0.2], [-0.2, nan], [0.7, 0.1]])
    price = np.exp(np.vstack([np.zeros(2), np.nancumsum(moves, axis=0)]))
    price[2, 1] = nan  # then neither of the two returns about it is known
    by_day = daily(price=price.tolist())
    expected = np.std([0.1, -0.2, 0.7], ddof=1)
    assert figures(by_day, "volatility_3d") == pytest.approx([expected * 365**0.5, nan], nan_ok=True)
    assert figures(by_day, "volatility_2d")[0] == pytest.approx(np.std([-0.2, 0.7], ddof=1) * 365**0.5)
    by_half_day = daily(step=timedelta(hours=12), price=price.tolist())
    assert figures(by_half_day, "volatility_90d")[0] == pytest.approx(expected * 730**0.5)
    assert np.isnan(volatility(by_day, timedelta(days=1))).all()


def test_two_returns_are_enough_for_a_volatility(daily: MakePanel) -> None:
    panel = daily(price=[[1.0, 1.0], [2.0, 2.0], [2.0, nan], [4.0, 4.0], [4.0, 8.0]])
    found = figures(panel, "volatility_30d")
    assert found[0] == pytest.approx(np.std(np.log([2.0, 1.0, 2.0, 1.0]), ddof=1) * 365**0.5)
    assert found[1] == pytest.approx(0.0, abs=1e-12)


def test_a_name_that_means_nothing_is_refused_with_the_nearest(daily: MakePanel) -> None:
    panel = daily(price=[[1.0]], tvl=[[1.0]])
    with pytest.raises(
        DataError, match=r"no figure 'tvll' \(did you mean 'tvl'\?\); known: .*return_90d.*volatility_90d"
    ):
        metric(panel, "tvll")
    for name in ("return_d", "return_12345d", "xreturn_3d", "return_3dx"):
        with pytest.raises(DataError, match="the data hold no figure"):
            metric(panel, name)
