"""Isolated margin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.synthetic.margin import Brackets, Collateral, bankruptcy_price, settled

TIERS = Brackets((0.0, 50_000.0, 250_000.0, 1e6), (0.008, 0.01, 0.02, 0.05), (0.004, 0.005, 0.01, 0.025))
Rates = tuple[float, ...]
amounts = st.floats(1e-3, 1e3)


@given(size=amounts, mark=st.floats(10.0, 1e5), share=st.floats(0.03, 0.99), long=st.booleans())
def test_margin_equals_maintenance_at_the_liquidation_price(size: float, mark: float, share: float, long: bool) -> None:
    sizes = np.array([size if long else -size])
    margin = np.array([share * size * mark])
    price = TIERS.liquidation_price(sizes, np.array([mark]), margin)
    left = margin + sizes * (price - mark)
    assert left == pytest.approx(TIERS.maintenance(np.abs(sizes) * price), rel=1e-9, abs=1e-9 * size * mark)
    assert (price < mark) == long


@given(notional=st.floats(1.0, 5e6))
def test_maintenance_is_continuous_and_at_most_the_initial_margin(notional: float) -> None:
    near = TIERS.maintenance(np.array([notional, notional * (1 + 1e-9)]))
    assert near[1] - near[0] <= 0.03 * notional * 1e-9 + 1e-6
    assert near[0] <= TIERS.initial(np.array([notional]))[0]


def test_a_long_that_is_wholly_paid_cannot_be_liquidated() -> None:
    assert TIERS.liquidation_price(np.array([2.0]), np.array([100.0]), np.array([200.0])).tolist() == [0.0]


def test_a_position_without_size_has_no_price() -> None:
    with pytest.raises(DataError, match="no liquidation price"):
        TIERS.liquidation_price(np.array([0.0]), np.array([100.0]), np.array([1.0]))
    with pytest.raises(DataError, match="no bankruptcy price"):
        bankruptcy_price(0.0, 100.0, 1.0)


@pytest.mark.parametrize(
    ("brackets", "message"),
    [
        (((1.0,), (0.1,), (0.05,)), "first floor 0"),
        (((0.0, 0.0), (0.1, 0.1), (0.05, 0.06)), "must ascend"),
        (((0.0,), (0.01,), (0.05,)), "from 0 to its initial rate"),
    ],
)
def test_impossible_brackets_are_refused(brackets: tuple[Rates, Rates, Rates], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Brackets(*brackets)


@given(
    margin=st.lists(st.floats(0, 100), min_size=3, max_size=3),
    wanted=st.lists(st.floats(0, 100), min_size=3, max_size=3),
    reserve=st.floats(0, 100),
)
def test_settling_moves_money_and_makes_none(margin: list[float], wanted: list[float], reserve: float) -> None:
    before, goal = np.array(margin), np.array(wanted)
    after = settled(before, goal, reserve)
    left = reserve + before.sum() - after.sum()
    assert left >= -1e-9
    assert (after <= goal + 1e-9).all()
    assert left == pytest.approx(0.0, abs=1e-9) or after == pytest.approx(goal, abs=1e-9)


def test_margin_within_the_call_level_is_left_alone() -> None:
    policy, model = Collateral(4.0, call=0.5), Brackets()
    notional, margin = np.full(4, 100.0), np.array([12.0, 13.0, 49.0, 51.0])
    assert policy.posted(notional, margin, model).tolist() == [25.0, 13.0, 49.0, 25.0]
    assert policy.called(notional, margin, model).tolist() == [True, False, False, False]


def test_leverage_below_one_is_refused() -> None:
    with pytest.raises(DataError, match="more margin than notional"):
        Collateral(0.5)
    with pytest.raises(DataError, match="not above 0"):
        Collateral(2.0, call=0.0)
