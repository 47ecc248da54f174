"""Excess return."""

from collections.abc import Callable
from datetime import datetime

import pytest

from basketry.core.errors import DataError
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS

RISE = ("USD", datetime(2022, 1, 2), 0.072)


def test_the_rate_known_at_the_start_of_a_step_counts(path_of: Callable[..., IndexPath]) -> None:
    path = path_of([1000.0, 1010.0, 1010.0], [("USD", datetime(2021, 12, 1), 0.036), RISE])
    levels = RETURNS.build("excess", "USD").level(path)
    assert levels == pytest.approx(
        [1000.0, 1000 * (1.01 - 0.0001), 1000 * (1.01 - 0.0001) * (1 - 0.0002)], rel=1e-14
    )


def test_a_rate_that_is_not_known_yet_is_an_error_with_its_date(path_of: Callable[..., IndexPath]) -> None:
    with pytest.raises(DataError, match=r"rate USD is not known at 2022-01-01; import it"):
        RETURNS.build("excess", "USD").level(path_of([1000.0, 1010.0], [RISE]))


def test_a_rate_that_the_data_do_not_hold_is_an_error_with_the_nearest(
    path_of: Callable[..., IndexPath],
) -> None:
    with pytest.raises(DataError, match=r"no rate 'UDS'.*did you mean 'USD'"):
        RETURNS.build("excess", "UDS").level(path_of([1000.0, 1010.0], [RISE]))
