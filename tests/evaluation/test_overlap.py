"""Overlap and active share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.evaluation.overlap import active_share, overlap, overlap_path, weights_at
from basketry.index.result import IndexResult


def basket(seed: int, count: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    parts = rng.uniform(0.01, 1, count)
    names = rng.choice(list("abcdefghij"), count, replace=False)
    return dict(zip(names.tolist(), (parts / parts.sum()).tolist(), strict=True))


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(1, 10), st.integers(1, 10))
def test_active_share_is_a_distance(one: int, two: int, count: int, other: int) -> None:
    first, second, third = basket(one, count), basket(two, other), basket(one + two, 4)
    found = overlap(first, second)
    assert found.overlap + found.active_share == pytest.approx(1, abs=1e-12)
    assert found.active_share == pytest.approx(active_share(second, first), abs=1e-15)
    assert active_share(first, first) == 0
    assert found.active_share <= active_share(first, third) + active_share(third, second) + 1e-12
    assert set(found.common) | set(found.only_first) == set(first)


def test_the_path_is_that_of_each_instant(five: IndexResult, four: IndexResult) -> None:
    times, shares = overlap_path(five, four)
    assert len(times) == len(five.times)
    for row in (0, 1, 20, 21, 200, len(times) - 1):
        assert shares[row] == pytest.approx(
            active_share(weights_at(five, times[row]), weights_at(four, times[row])), abs=1e-12
        )


def test_baskets_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(DataError, match="second basket"):
        overlap({"a": 1.0}, {"a": 0.5})
