"""Chaining from reset to reset."""

import numpy as np
import pytest

from basketry.methodology.returns._chain import anchors, chained, ratio, rows_held


def test_levels_grow_from_the_last_reset() -> None:
    ratios, resets = np.array([1.1, 1.2, 2.0, 0.5]), np.array([0, 2, 3])
    assert chained(100.0, ratios, resets) == pytest.approx([100.0, 110.0, 120.0, 240.0, 120.0])


def test_a_ratio_of_zero_or_less_ends_the_series_at_its_own_row() -> None:
    assert chained(100.0, np.array([1.1, -0.1, 2.0]), np.array([0])).tolist() == [
        100.0,
        110.00000000000001,
        0.0,
        0.0,
    ]
    assert chained(100.0, np.array([0.0, 2.0]), np.array([0, 1])).tolist() == [100.0, 0.0, 0.0]


def test_a_reset_at_the_last_row_holds_nothing_yet() -> None:
    assert anchors(np.array([0, 2]), 3).tolist() == [0, 0]
    assert rows_held(np.array([0, 2]), 3).tolist() == [2, 0]
    assert chained(100.0, np.array([1.1, 1.2]), np.array([0, 2])) == pytest.approx([100.0, 110.0, 120.0])


def test_nothing_over_nothing_is_no_change() -> None:
    assert ratio(np.array([0.0, 0.0, 2.0]), np.array([0.0, 4.0, 4.0])).tolist() == [1.0, 0.0, 0.5]
