"""Volatility target: properties stated for risk control, and an independent calculation day by day."""

import math

import numpy as np
import pytest

from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS


def path_of(levels: list[float]) -> IndexPath:
    times = (np.datetime64("2022-01-01", "us") + np.arange(len(levels)) * np.timedelta64(1, "D")).astype(
        "datetime64[us]"
    )
    price = np.array(levels)[:, None]
    view = Panel(times, ("a",), {"price": price.copy()})
    segment = Segment(0, len(levels) - 1, np.array([0]), np.array([1.0]), price, 1.0)
    return IndexPath(times, price[:, 0], (segment,), PanelKnown(view, times))


def zigzag(volatility: float, days: int, start: float = 1000.0) -> list[float]:
    """Levels whose daily log returns are + and - the same: realised volatility is exact."""
    step = volatility / math.sqrt(365)
    return [start * math.exp(step * (day % 2)) for day in range(days)]


def test_exposure_is_half_when_volatility_is_twice_the_target() -> None:
    levels = zigzag(0.80, 60)
    result = RETURNS.build("volatility_target", {"target": 0.4, "tolerance": 0}).level(path_of(levels))
    index_return = np.diff(levels) / levels[:-1]
    assert np.diff(result)[20:] / result[20:-1] == pytest.approx(0.5 * index_return[20:], rel=1e-9)


def test_exposure_is_one_until_there_is_history() -> None:
    levels = zigzag(0.80, 60)
    result = RETURNS.build("volatility_target", {"target": 0.4, "warm_up": "10d", "lag": "1d"}).level(path_of(levels))
    # The exposure set at day 11 is the first that sees ten days of levels, a day old.
    assert result[:12].tolist() == pytest.approx(levels[:12], rel=1e-14)
    assert result[12] != pytest.approx(levels[12], rel=1e-6)


def test_exposure_is_capped() -> None:
    levels = zigzag(0.10, 60)
    for cap in (1.0, 1.5):
        rule = RETURNS.build("volatility_target", {"target": 0.4, "max_leverage": cap, "tolerance": 0})
        moves = np.diff(rule.level(path_of(levels)))[20:] / rule.level(path_of(levels))[20:-1]
        assert moves == pytest.approx(cap * (np.diff(levels) / levels[:-1])[20:], rel=1e-9)


def test_cash_earns_the_rate() -> None:
    levels = zigzag(0.80, 60)
    rule = {"target": 0.4, "tolerance": 0, "day_count": "act/360"}
    plain = RETURNS.build("volatility_target", rule).level(path_of(levels))
    paid = RETURNS.build("volatility_target", {**rule, "rate": 0.036}).level(path_of(levels))
    difference = (np.diff(paid) / paid[:-1] - np.diff(plain) / plain[:-1])[20:]
    assert difference == pytest.approx(np.full(len(difference), 0.5 * 0.0001), rel=1e-9)


def test_a_crash_cuts_exposure_a_day_later_and_not_before() -> None:
    levels = zigzag(0.40, 40)
    crashed = [*levels, levels[-1] * 0.6, levels[-1] * 0.5, levels[-1] * 0.25]
    result = RETURNS.build("volatility_target", {"target": 0.4, "lag": "1d"}).level(path_of(crashed))
    # The day of the crash and the one after it are held at the old exposure, the next at less.
    fell = np.diff(result) / result[:-1]
    assert fell[39] == pytest.approx(-0.4, rel=0.02)
    assert fell[40] == pytest.approx(0.5 / 0.6 - 1, rel=0.02)
    assert fell[41] > 0.5 * -0.5


@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("measure", [{}, {"window": "20d"}])
def test_against_a_plain_calculation_day_by_day(tolerance: float, measure: dict[str, str]) -> None:
    """S&P: 40% target, changed when off by more than 10%; written out without the program's code."""
    rng = np.random.default_rng(11)
    volatility = 0.02 + 0.05 * np.abs(np.sin(np.arange(300) / 25))
    index = (1000 * np.exp(np.cumsum(np.concatenate([[0.0], rng.normal(0, 1, 299) * volatility[1:]])))).tolist()
    rule = {"target": 0.4, "max_leverage": 1.5, "rate": 0.03, "tolerance": tolerance, **measure}
    result = RETURNS.build("volatility_target", rule).level(path_of(index))

    def realised(day: int) -> float:
        squares = [math.log(index[d] / index[d - 1]) ** 2 * 365 for d in range(1, day + 1)]
        if measure:
            return math.sqrt(sum(squares[-20:]) / len(squares[-20:]))
        figures = []
        for half_life in (11, 23):
            weights = [0.5 ** ((day - d) / half_life) for d in range(1, day + 1)]
            total = sum(w * s for w, s in zip(weights, squares, strict=True))
            figures.append(math.sqrt(total / sum(weights)))
        return max(figures)

    value, risky, cash, changes = 1000.0, 1000.0, 0.0, 0
    expected = [value]
    for day in range(1, 300):
        risky *= index[day] / index[day - 1]
        cash *= 1 + 0.03 / 360
        value = risky + cash
        expected.append(value)
        wanted = min(1.5, 0.4 / realised(day - 1)) if day - 1 >= 10 else 1.0
        if abs(wanted / (risky / value) - 1) > tolerance + 1e-12:
            risky, cash, changes = wanted * value, (1 - wanted) * value, changes + 1
    assert changes > 5
    assert result == pytest.approx(expected, rel=1e-10)
