"""Return rules that use a rate: excess return, other currencies, financed leverage."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.core.frames import RATES
from basketry.market.panel import Panel
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS

RISE = ("USD", datetime(2022, 1, 2), 0.072)
EUR = {"currency": "EUR", "rate": "EURUSD"}
CHANGING = [("USD", datetime(2021, 12, 1), 0.036), ("USD", datetime(2022, 1, 2), 0.072)]


def path_of(levels: Sequence[float], rates: Sequence[tuple[str, datetime, float]] = ()) -> IndexPath:
    """Daily levels from 2022-01-01, with rates as (name, time, value)."""
    times = (np.datetime64("2022-01-01", "us") + np.arange(len(levels)) * np.timedelta64(1, "D")).astype(
        "datetime64[us]"
    )
    price = np.array(levels, dtype=np.float64)[:, None]
    table = RATES.empty()
    if rates:
        table = RATES.conform(pl.DataFrame(list(rates), schema=["rate", "time", "value"], orient="row"))
    panel = Panel(times, ("a",), {"price": price.copy()}, rate_table=table)
    segment = Segment(0, len(levels) - 1, np.array([0]), np.array([1.0]), price, 1.0)
    return IndexPath(times, price[:, 0], (segment,), PanelKnown(panel, times))


def test_the_rate_known_at_the_start_of_a_step_counts() -> None:
    path = path_of([1000.0, 1010.0, 1010.0], [("USD", datetime(2021, 12, 1), 0.036), RISE])
    levels = RETURNS.build("excess", "USD").level(path)
    assert levels == pytest.approx([1000.0, 1000 * (1.01 - 0.0001), 1000 * (1.01 - 0.0001) * (1 - 0.0002)], rel=1e-14)


def test_a_rate_that_is_not_known_yet_is_an_error_with_its_date() -> None:
    with pytest.raises(DataError, match=r"rate USD is not known at 2022-01-01; import it"):
        RETURNS.build("excess", "USD").level(path_of([1000.0, 1010.0], [RISE]))


def test_a_rate_that_the_data_do_not_hold_is_an_error_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"no rate 'UDS'.*did you mean 'USD'"):
        RETURNS.build("excess", "UDS").level(path_of([1000.0, 1010.0], [RISE]))


def test_a_dearer_euro_lowers_the_level_in_euro() -> None:
    path = path_of([1000.0, 1200.0], [("EURUSD", datetime(2022, 1, 1), 1.0), ("EURUSD", datetime(2022, 1, 2), 1.25)])
    assert RETURNS.build("currency", EUR).level(path).tolist() == [1000.0, 960.0]


def test_a_rate_of_zero_is_refused() -> None:
    path = path_of([1000.0, 1200.0], [("EURUSD", datetime(2022, 1, 1), 0.0)])
    with pytest.raises(DataError, match="EURUSD is not above zero"):
        RETURNS.build("currency", EUR).level(path)


def test_the_rate_must_be_named() -> None:
    with pytest.raises(MethodologyError, match=r"currency\.rate: this parameter is required"):
        RETURNS.build("currency", {"currency": "EUR"})


def test_the_rate_known_at_the_start_of_a_step_is_paid() -> None:
    path = path_of([1000.0, 1000.0, 1000.0], CHANGING)
    levels = RETURNS.build("leverage", {"factor": 2, "financing": "USD"}).level(path)
    assert levels == pytest.approx([1000.0, 999.9, 999.9 * 0.9998], rel=1e-14)


def test_costs_add_up_from_reset_to_reset() -> None:
    path = path_of([1000.0, 1000.0, 1000.0, 1000.0], CHANGING)
    levels = RETURNS.build("leverage", {"factor": 2, "financing": "USD", "reset": "2d"}).level(path)
    assert levels == pytest.approx([1000.0, 999.9, 999.7, 999.7 * 0.9998], rel=1e-14)


def test_a_weekly_reset_against_a_daily_one() -> None:
    """Two rises by 10%: 1.2 squared when set anew in between, 1 + 2 x 21% when not."""
    path = path_of([1000.0, 1100.0, 1210.0])
    assert RETURNS.build("leverage", 2).level(path)[-1] == pytest.approx(1440.0, rel=1e-14)
    assert RETURNS.build("leverage", {"factor": 2, "reset": "7d"}).level(path)[-1] == pytest.approx(1420.0, rel=1e-14)


def test_levels_beyond_all_numbers_are_refused_with_their_date() -> None:
    path = path_of([1.0, 1e308, 1e308], [("X", datetime(2022, 1, 1), 0.0)])
    with pytest.raises(DataError, match="leverage_10x is inf at 2022-01-02"):
        RETURNS.build("leverage", 10).level(path)
