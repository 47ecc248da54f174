"""Cost of moving a pool's average: the formulas against a pool that is traded against, block by block."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.reference.pools.cost import Mean, cheapest_attack, cost_to_move, spot_factor


class Pool:
    """A constant-product pool of dollars and a token worth one dollar, that keeps its fees beside."""

    def __init__(self, depth: float, fee: float) -> None:
        self.dollars = self.tokens = depth
        self.fee = fee

    def push(self, factor: float) -> tuple[float, float, float]:
        """Trade until the price has changed by a factor; return what went in, what came out and the fee, in dollars."""
        product = self.dollars * self.tokens
        dollars = math.sqrt(product * self.dollars / self.tokens * factor)
        tokens = product / dollars
        paid, got = dollars - self.dollars, self.tokens - tokens
        if paid < 0:
            paid, got = -got, -paid
        self.dollars, self.tokens = dollars, tokens
        return paid / (1 - self.fee), got, paid / (1 - self.fee) * self.fee


@settings(max_examples=100)
@given(
    move=st.floats(-0.02, 0.3), held=st.integers(1, 5), fee=st.floats(0, 0.01),
    mean=st.sampled_from(["arithmetic", "geometric"]), corrected=st.booleans(),
)  # fmt: skip
def test_a_pool_traded_against_costs_what_the_formula_says(
    move: float, held: int, fee: float, mean: Mean, corrected: bool
) -> None:
    blocks, depth = 30, 5e6
    attack = cost_to_move(
        move, depth=depth, window_blocks=blocks, held_blocks=held, mean=mean, fee=fee, corrected=corrected
    )
    prices, spent, fees, most = [1.0] * (blocks - held), 0.0, 0.0, 0.0
    pool = Pool(depth, fee)
    for block in range(held):
        if corrected or block == 0:
            paid, got, toll = pool.push(attack.spot_factor)
            spent, fees, most = spent + paid - got, fees + toll, max(most, paid)
        prices.append(pool.dollars / pool.tokens)
        if corrected:
            pool.push(1 / attack.spot_factor)
    if not corrected:
        paid, got, toll = pool.push(1 / attack.spot_factor)
        spent, fees = spent + paid - got, fees + toll
    reached = sum(prices) / blocks if mean == "arithmetic" else math.exp(sum(map(math.log, prices)) / blocks)
    assert reached == pytest.approx(1 + move, rel=1e-9)
    assert attack.capital == pytest.approx(most, rel=1e-6, abs=1e-2)
    assert attack.fees == pytest.approx(fees, rel=1e-6, abs=1e-2)
    assert attack.cost == pytest.approx(spent, rel=1e-6, abs=1e-2)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_the_cheapest_attack_is_the_least_of_all(mean: Mean) -> None:
    for move in (0.01, 0.3, 1.0, -0.1):
        attack = cheapest_attack(move, depth=1e6, window_blocks=60, mean=mean, fee=0.003)
        costs = []
        for held in range(1, 61):
            with contextlib.suppress(MethodologyError):
                one = cost_to_move(move, depth=1e6, window_blocks=60, held_blocks=held, mean=mean, fee=0.003)
                costs.append(one.cost)
        assert attack.cost == min(costs)


def test_a_small_move_is_cheapest_in_every_block_and_a_large_one_in_one() -> None:
    """The loss of a block grows with the square of a small push, and with the root of a large one."""
    small = cheapest_attack(0.05, depth=10e6, window_blocks=150)
    assert small.held_blocks == 150
    assert small.loss < 0.9e6 < 12.5e6 < cost_to_move(0.05, depth=10e6, window_blocks=150).loss
    assert cheapest_attack(2.0, depth=10e6, window_blocks=150).held_blocks == 1
    assert cheapest_attack(2.0, depth=10e6, window_blocks=150, mean="geometric").held_blocks == 150


def test_owning_the_next_block_leaves_only_fees() -> None:
    attack = cost_to_move(0.05, depth=10e6, window_blocks=150, corrected=False)
    assert attack.cost == 0
    with_fee = cost_to_move(0.05, depth=10e6, window_blocks=150, fee=0.0005, corrected=False)
    assert with_fee.cost < 0.001 * cost_to_move(0.05, depth=10e6, window_blocks=150).cost * 2


@settings(max_examples=60)
@given(move=st.floats(0.001, 0.5), factor=st.floats(1.05, 100))
def test_a_range_concentrates_and_ends(move: float, factor: float) -> None:
    """Virtual reserves by the liquidity of a position: L = x √p √b / (√b - √p), Uniswap v3 Core, 2021."""
    plain, ranged = (
        cost_to_move(move, depth=1e6, window_blocks=20, range_factor=range_factor) for range_factor in (None, factor)
    )
    liquidity = 1e6 * math.sqrt(factor) / (math.sqrt(factor) - 1)
    inside = liquidity * (math.sqrt(min(plain.spot_factor, factor)) - 1)
    assert ranged.capital == pytest.approx(inside, rel=1e-9)
    assert ranged.loss <= liquidity / 1e6 * plain.loss * (1 + 1e-9)
    # All tokens of the range bought: what went in is the depth times the root of the range.
    assert ranged.capital <= 1e6 * math.sqrt(factor) * (1 + 1e-9)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(MethodologyError, match=r"more than -0\.02 is out of reach"):
        spot_factor(-0.02, 50)
    assert spot_factor(-0.02, 50, mean="geometric") == pytest.approx(0.98**50)
    with pytest.raises(MethodologyError, match="51 manipulated blocks"):
        spot_factor(0.1, 50, 51)
    with pytest.raises(MethodologyError, match="no positive price"):
        spot_factor(-1, 50)
    with pytest.raises(MethodologyError, match="would have to move by e"):
        spot_factor(0.5, 7200, mean="geometric")
    for wrong in ({"depth": 0.0}, {"fee": 1.0}, {"range_factor": 1.0}):
        with pytest.raises(MethodologyError):
            cost_to_move(0.1, **{"depth": 1.0, "window_blocks": 5, **wrong})  # type: ignore[arg-type]
