"""When triggers fire, by hand: at one instant, and over the rows of a batch."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.triggers import TRIGGERS, Holding, Moment, Standing

T = np.datetime64("2021-03-10", "us")


def moment(
    weights: list[float], given: list[float], *, eligible: list[bool] | None = None, newcomers: int = 0
) -> Moment:
    standing = Standing(np.array([True] * len(weights) if eligible is None else eligible), newcomers)
    return Moment(np.array(weights), np.array(given), T, np.array([T]), np.array([100.0]), lambda: standing)


def fires(name: str, value: Any, at: Moment) -> bool:
    return TRIGGERS.build(name, value).fires(at)


def test_a_drift_fires_beyond_its_band_in_points() -> None:
    # Binary fractions, so that the edge is exact.
    assert not fires("drift", 0.125, moment([0.625, 0.375], [0.5, 0.5]))
    assert fires("drift", 0.125, moment([0.626, 0.374], [0.5, 0.5]))
    assert fires("drift", 0.125, moment([0.374, 0.626], [0.5, 0.5]))
    # A weight that was not given counts from nothing.
    assert fires("drift", 0.125, moment([0.43, 0.43, 0.14], [0.5, 0.5, 0.0]))


def test_a_relative_band_is_a_share_of_the_weight_given() -> None:
    relative = {"band": 0.25, "relative": True}
    assert not fires("drift", relative, moment([0.625, 0.375], [0.5, 0.5]))
    assert fires("drift", relative, moment([0.63, 0.37], [0.5, 0.5]))
    assert fires("drift", relative, moment([0.92, 0.08], [0.875, 0.125]))
    assert not fires("drift", relative, moment([0.9, 0.1], [1.0, 0.0]))


def test_a_batch_gives_the_first_row_at_which_a_weight_is_out() -> None:
    # Values of (2, 2), (3, 2) and (6, 2): weights of a half, 0.6 and 0.75.
    prices = np.array([[2.0, 1.0], [3.0, 1.0], [6.0, 1.0]])
    times = T + np.arange(5) * np.timedelta64(1, "D")
    asked: list[int] = []

    def standing(row: int) -> Standing:
        asked.append(row)
        return Standing(np.array([True, row < 1]), int(row == 2))

    holding = Holding(np.array([1.0, 2.0]), prices, np.array([0.5, 0.5]), T, times, np.arange(5.0), standing)
    assert holding.weights.tolist() == [[0.5, 0.5], [0.6, 0.4], [0.75, 0.25]]
    for band, row in ((0.05, 1), (0.2, 2), (0.3, None)):
        assert TRIGGERS.build("drift", band).first_row(holding) == row
    # Of one of three only: 0.1 more of the first than of its half, and less of the others by half of that each.
    three = replace(
        holding, units=np.array([2.0, 1.0, 1.0]), prices=np.array([[1.0] * 3, [1.5, 1.0, 1.0]]),
        given=np.array([0.5, 0.25, 0.25]),
    )  # fmt: skip
    assert TRIGGERS.build("drift", 0.07).first_row(three) == 1
    assert TRIGGERS.build("eligibility_lost", None).first_row(holding) == 1
    assert asked == [0, 1]
    assert TRIGGERS.build("asset_qualifies", None).first_row(holding) == 2
    # Two levels were remembered from before the rows.
    seen = holding.moment(1)
    assert (seen.times.tolist(), seen.levels.tolist()) == (times[:4].tolist(), [0.0, 1.0, 2.0, 3.0])
    assert seen.weights.tolist() == [0.6, 0.4]


@pytest.mark.parametrize(("eligible", "newcomers"), [([True, True], 0), ([True, False], 0), ([True, True], 1)])
def test_who_lost_or_gained_the_right_to_be_in(eligible: list[bool], newcomers: int) -> None:
    at = moment([0.5, 0.5], [0.5, 0.5], eligible=eligible, newcomers=newcomers)
    assert fires("eligibility_lost", None, at) is not all(eligible)
    assert fires("asset_qualifies", None, at) is (newcomers > 0)


@pytest.mark.parametrize(("name", "value"), [("drift", 0), ("volatility", {"above": 0})])
def test_a_bound_is_above_zero(name: str, value: Any) -> None:
    with pytest.raises(MethodologyError, match="above 0"):
        TRIGGERS.build(name, value)
