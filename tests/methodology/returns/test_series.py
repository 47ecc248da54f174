"""Names of series, and parameters that are refused."""

from typing import Any

import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.returns import RETURNS


@pytest.mark.parametrize(
    ("rule", "parameters", "column"),
    [
        ("price", None, "price_return"),
        ("total", None, "total_return"),
        ("excess", 0.05, "excess_return"),
        ("leverage", 2, "leverage_2x"),
        ("leverage", -1, "inverse_1x"),
        ("leverage", 1.5, "leverage_1p5x"),
        (
            "leverage",
            {"factor": 2, "financing": 0.05, "name": "leverage_2x_financed"},
            "leverage_2x_financed",
        ),
        ("decrement", 0.07, "decrement_7pct"),
        ("decrement", 0.045, "decrement_4p5pct"),
        ("decrement", {"points": 50}, "decrement_50pt"),
        ("volatility_target", 0.4, "volatility_target_40pct"),
        ("currency", {"currency": "EUR", "rate": "EURUSD"}, "price_return_eur"),
    ],
)
def test_the_column_says_what_the_series_is(rule: str, parameters: Any, column: str) -> None:
    assert RETURNS.build(rule, parameters).column() == column


@pytest.mark.parametrize("name", ["time", "status", "Two", "2x", "a b", "../up", ""])
def test_a_name_that_is_taken_or_no_name_is_refused(name: str) -> None:
    with pytest.raises(MethodologyError):
        RETURNS.build("leverage", {"factor": 2, "name": name})


def test_a_given_name_survives_being_written_down() -> None:
    rule = RETURNS.build("leverage", {"factor": 2, "name": "twice"})
    assert rule.entry() == {"factor": 2.0, "name": "twice"}
    assert RETURNS.build("leverage", rule.entry()) == rule


@pytest.mark.parametrize(
    ("rule", "parameters", "message"),
    [
        ("leverage", {"factor": 0}, "must not be 0"),
        ("leverage", {"factor": 2, "reset": "0d"}, "longer than 0"),
        ("leverage", {"factor": 2, "intraday_reset": 0.5}, "comes too late"),
        ("leverage", {"factor": 2, "financing": True}, "leverage.financing"),
        ("leverage", {"factor": 2, "day_count": "act/366"}, "leverage.day_count"),
        ("decrement", {}, "either points or percent"),
        ("decrement", {"points": 5, "percent": 0.05}, "either points or percent"),
        ("decrement", {"percent": 5}, "decrement.percent"),
        ("total", {"utilisation": 80}, "total.utilisation"),
        ("total", {"method": "rate", "pause_before_rebalance": "1d"}, "quantity only"),
        ("volatility_target", {"target": 40}, "volatility_target.target"),
        ("volatility_target", {"target": 0.4, "window": "30d", "half_life_long": "40d"}, "not both"),
        ("volatility_target", {"target": 0.4, "window": "12h"}, "at least 1d"),
        ("volatility_target", {"target": 0.4, "half_life_short": "30d"}, "must not be longer"),
    ],
)
def test_impossible_parameters_are_refused(rule: str, parameters: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        RETURNS.build(rule, parameters)
