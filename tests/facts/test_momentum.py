"""The CMBI 10 momentum allocation (Coin Metrics): 28% for one asset above the hurdle, 8% for each further."""

import numpy as np
import pytest

from basketry.methodology.weighting.momentum import momentum_allocation


def test_four_winners_of_ten() -> None:
    returns = np.array([0.10, 0.09, 0.12, 0.30, 0.01, -0.2, 0.0, 0.02, 0.05, 0.07])
    weights, cash = momentum_allocation(returns)
    assert weights.sum() == pytest.approx(0.52)
    assert weights[weights > 0] == pytest.approx([0.13] * 4)
    assert cash == pytest.approx(0.48)


@pytest.mark.parametrize(("winners", "share"), [(0, 0.0), (1, 0.28), (10, 1.0)])
def test_ends_of_the_scale(winners: int, share: float) -> None:
    weights, cash = momentum_allocation([0.2] * winners + [0.0] * (10 - winners))
    assert weights.sum() == pytest.approx(share)
    assert cash == pytest.approx(1 - share)


def test_the_hurdle_itself_and_an_unknown_return_do_not_pass() -> None:
    weights, cash = momentum_allocation([0.08, np.nan])
    assert weights.tolist() == [0, 0]
    assert cash == 1
