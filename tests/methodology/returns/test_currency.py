"""Levels in another currency."""

from collections.abc import Callable
from datetime import datetime

import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS

EUR = {"currency": "EUR", "rate": "EURUSD"}


def test_a_dearer_euro_lowers_the_level_in_euro(path_of: Callable[..., IndexPath]) -> None:
    path = path_of(
        [1000.0, 1200.0], [("EURUSD", datetime(2022, 1, 1), 1.0), ("EURUSD", datetime(2022, 1, 2), 1.25)]
    )
    assert RETURNS.build("currency", EUR).level(path).tolist() == [1000.0, 960.0]


def test_a_rate_of_zero_is_refused(path_of: Callable[..., IndexPath]) -> None:
    path = path_of([1000.0, 1200.0], [("EURUSD", datetime(2022, 1, 1), 0.0)])
    with pytest.raises(DataError, match="EURUSD is not above zero"):
        RETURNS.build("currency", EUR).level(path)


def test_the_rate_must_be_named() -> None:
    with pytest.raises(MethodologyError, match=r"currency\.rate: this parameter is required"):
        RETURNS.build("currency", {"currency": "EUR"})
