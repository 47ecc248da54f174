"""Axes by hand: where a value lies, and which values and instants are labelled."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.reports.axes import (
    Scale,
    linear_range,
    linear_ticks,
    log_marks,
    log_range,
    log_ticks,
    percentage,
    time_ticks,
)


def labels(first: str, last: str, count: int = 9) -> list[str]:
    return [tick.label for tick in time_ticks(np.datetime64(first, "us"), np.datetime64(last, "us"), count)]


def test_a_log_scale_has_equal_steps_for_equal_factors() -> None:
    scale = Scale(1.0, 10_000.0, 200.0, 0.0, log=True)
    assert scale.of(np.array([1.0, 10.0, 100.0, 10_000.0])).tolist() == pytest.approx([200, 150, 100, 0])
    assert np.isnan(scale.of(np.array([np.nan, 2.0]))).tolist() == [True, False]


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0.0, 1.0, 6, "0 0.2 0.4 0.6 0.8 1.0"),
        (-3.0, 7.0, 6, "−2 0 2 4 6"),
        (987.0, 1013.0, 7, "990 995 1,000 1,005 1,010"),
        (99.9997, 100.0003, 7, "99.9997 99.9998 99.9999 100.0000 100.0001 100.0002 100.0003"),
        (0.0, 2.1e12, 5, "0 5×10¹¹ 10¹² 1.5×10¹² 2×10¹²"),
        (1e-6, 3.3e-6, 4, "10⁻⁶ 2×10⁻⁶ 3×10⁻⁶"),
    ],
)
def test_linear_ticks_are_steps_of_1_2_or_5(low: float, high: float, count: int, expected: str) -> None:
    assert " ".join(tick.label for tick in linear_ticks(low, high, count)) == expected


def test_ticks_of_shares_are_percentages() -> None:
    assert [tick.label for tick in linear_ticks(-0.9, 0.0, 5, percentage)] == ["−80%", "−60%", "−40%", "−20%", "0%"]
    assert [tick.label for tick in linear_ticks(0.0, 0.0104, 4, percentage)] == ["0.0%", "0.5%", "1.0%"]


@settings(max_examples=200, deadline=None)
@given(st.floats(-1e15, 1e15, allow_subnormal=False), st.floats(1e-12, 1e15), st.integers(3, 9))
def test_ticks_lie_within_and_none_is_said_twice(low: float, span: float, count: int) -> None:
    low, high = linear_range(low, low + span)
    ticks = linear_ticks(low, high, count)
    assert 1 <= len(ticks) <= count
    assert len({tick.label for tick in ticks}) == len(ticks)
    values = [tick.value for tick in ticks]
    assert all(one < other for one, other in itertools.pairwise(values))
    assert low - 1e-6 * (high - low) <= values[0]
    assert values[-1] <= high + 1e-6 * (high - low)


@settings(max_examples=200, deadline=None)
@given(st.floats(-14, 12), st.floats(1.0, 26))
def test_ticks_of_a_log_axis_are_few_and_within(start: float, decades: float) -> None:
    low, high = log_range(10**start, 10 ** (start + decades))
    ticks = log_ticks(low, high)
    assert 1 <= len(ticks) <= 9
    assert len({tick.label for tick in ticks}) == len(ticks)
    assert all(low <= tick.value <= high for tick in ticks)
    assert all(low <= value <= high for value in log_marks(low, high))


def test_ranges_reach_a_little_beyond_the_values() -> None:
    low, high = log_range(10.0, 100_000.0)
    assert (math.log10(low), math.log10(high)) == pytest.approx((0.84, 5.16))
    assert linear_range(-1.0, 1.0) == (-1.08, 1.08)
    assert linear_range(1.0, 101.0) == (0.0, 105.0)
    assert linear_range(1e12, 1e12 + 1) == pytest.approx((0.95e12, 1.05e12))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2015-02-10", "2024-12-31", "2016 2017 2018 2019 2020 2021 2022 2023 2024"),
        ("2009-01-03", "2026-01-01", "2010 2012 2014 2016 2018 2020 2022 2024 2026"),
        ("2020-01-15", "2021-08-01", "2020-04 2020-07 2020-10 2021-01 2021-04 2021-07"),
        ("2020-01-01", "2020-03-01", "2020-01-06 2020-01-13 2020-01-20 2020-01-27 2020-02-03 2020-02-10 "
                                     "2020-02-17 2020-02-24"),
        ("2020-02-27", "2020-03-02", "2020-02-27 12:00 2020-02-28 12:00 2020-02-29 12:00 2020-03-01 12:00 2020-03-02"),
        ("2020-01-01", "2020-01-01T23:59", "2020-01-01 03:00 06:00 09:00 12:00 15:00 18:00 21:00"),
        ("2020-01-01T22:10", "2020-01-02T01:50", "2020-01-01 22:30 23:00 23:30 2020-01-02 00:30 01:00 01:30"),
        ("2020-01-01T00:00:01", "2020-01-01T00:00:03", "2020-01-01 00:00:01 00:00:02 00:00:03"),
        ("2020-01-01T16:00", "2020-01-01T16:00", "2020-01-01 16:00"),
        ("2020-01-01T00:00:00.2", "2020-01-01T00:00:00.4", "2020-01-01 00:00:00"),
    ],
)  # fmt: skip
def test_ticks_of_time(first: str, last: str, expected: str) -> None:
    assert " ".join(labels(first, last)) == expected


@settings(max_examples=200, deadline=None)
@given(st.integers(-(10**15), 8 * 10**15), st.integers(0, 10**16), st.integers(3, 12))
def test_ticks_of_time_are_few_and_within(first: int, span: int, count: int) -> None:
    ticks = time_ticks(np.datetime64(first, "us"), np.datetime64(first + span, "us"), count)
    assert 1 <= len(ticks) <= count
    assert all(first <= tick.value <= first + span for tick in ticks)
    assert all(one.value < other.value for one, other in itertools.pairwise(ticks))
