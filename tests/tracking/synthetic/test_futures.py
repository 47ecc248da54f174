"""Dated futures."""

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.synthetic.futures import RollCalendar, annual_basis, future_price, held_futures

DAY = np.timedelta64(1, "D")
TIMES = np.datetime64("2024-01-01", "us") + np.arange(120) * DAY


def test_the_annual_basis_is_the_inverse_of_the_price() -> None:
    price = future_price(np.array([100.0, 200.0]), np.array([0.1, -0.05]), np.array([30.0, 90.0]))
    assert annual_basis(100.0, price[0], 30.0) == pytest.approx(0.1, rel=1e-12)
    assert annual_basis(200.0, price[1], 90.0) == pytest.approx(-0.05, rel=1e-12)
    with pytest.raises(DataError, match="not expired"):
        annual_basis(100.0, 101.0, 0.0)


def test_a_contract_is_left_before_it_expires_and_never_later() -> None:
    calendar = RollCalendar.last_fridays(TIMES[0], TIMES[-1], every=1, days_before=3.0)
    held = calendar.contracts(TIMES)
    assert (calendar.expiries[held] - TIMES > 3 * DAY).all()
    assert (np.diff(held) >= 0).all()
    previous = held[held > 0] - 1
    assert (calendar.expiries[previous] - TIMES[held > 0] <= 3 * DAY).all()
    assert all(str(day.astype("datetime64[D]").astype(object).strftime("%a")) == "Fri" for day in calendar.expiries)


def test_at_a_roll_the_price_steps_by_the_basis_of_the_added_time() -> None:
    calendar = RollCalendar.last_fridays(TIMES[0], TIMES[-1], every=3)
    held = held_futures(TIMES, np.full((120, 1), 100.0), 0.0365, calendar)
    row = int(np.flatnonzero(held.rolls)[0])
    added = (calendar.expiries[1] - calendar.expiries[0]) / DAY
    assert held.leaving[row, 0] - held.arriving[row, 0] == pytest.approx(100 * 0.0001 * added, rel=1e-9)
    other = ~held.rolls
    assert (held.leaving[other] == held.arriving[other]).all()


def test_a_calendar_that_ends_too_early_is_refused() -> None:
    with pytest.raises(DataError, match="beyond the last row"):
        RollCalendar(np.array(["2024-02-01"], dtype="datetime64[us]")).contracts(TIMES)
