"""What a target must be, and its pro-forma returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.sampling import ProForma


def test_pro_forma_returns_leave_out_what_is_unknown() -> None:
    returns = np.array([[0.10, 0.20, np.nan], [0.01, -0.02, 0.30]])
    found = ProForma(returns, np.array([0.5, 0.3, 0.2])).pro_forma()
    assert found.tolist() == pytest.approx([(0.05 + 0.06) / 0.8, 0.005 - 0.006 + 0.06])


def test_a_row_without_any_return_is_told() -> None:
    with pytest.raises(DataError, match="row 1 has no return of any asset of the index; begin the window after it"):
        ProForma(np.array([[0.1, 0.2], [np.nan, np.nan]]), np.array([0.5, 0.5])).pro_forma()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"returns": np.zeros(3)}, "shape \\(T, N\\)"),
        ({"returns": np.zeros((0, 2))}, "shape \\(T, N\\)"),
        ({"weights": np.array([1.0])}, "one for each of 2 columns"),
        ({"weights": np.array([0.5, 0.6])}, "a sum of 1, was 1.1"),
        ({"weights": np.array([1.5, -0.5])}, "none negative"),
        ({"weights": np.array([1.0, np.nan])}, "none negative"),
        ({"returns": np.array([[0.1, np.inf]])}, "row 0, column 1 is inf"),
        ({"returns": np.array([[0.1, -1.5]])}, "give NaN where unknown"),
        ({"index_returns": np.zeros(3)}, "a finite return for each of 1 rows"),
        ({"index_returns": np.array([np.nan])}, "a finite return"),
        ({"sectors": ["a"]}, "for each of 2 assets, was 1"),
    ],
)
def test_what_is_no_target_is_refused(change: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"returns": np.array([[0.1, 0.2]]), "weights": np.array([0.5, 0.5])}
    with pytest.raises(DataError, match=message):
        ProForma(**{**plain, **change})
