"""Pools in whole units: no unit is made or lost, and the pool never loses by rounding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.venues.concentrated import ConcentratedPool, Position
from basketry.tracking.venues.concentrated_venue import ConcentratedVenue
from basketry.tracking.venues.constant_product import ConstantProduct, amount_in, amount_out
from basketry.tracking.venues.liquidity_math import amounts_of
from basketry.tracking.venues.stable_swap import StableSwapPool, invariant
from basketry.tracking.venues.terms import Terms
from basketry.tracking.venues.tick_math import Q96, sqrt_price_at_tick, tick_at_sqrt_price

ONE = 10**18
POSITIONS = [Position(-6000, 6000, 10**20), Position(-600, 1200, 3 * 10**20), Position(1200, 2400, 5 * 10**19)]
some = settings(max_examples=60)


def held(pool: ConcentratedPool, *, round_up: bool) -> tuple[int, int]:
    """Tokens in all positions at the pool's price."""
    each = [
        amounts_of(
            pool.sqrt_price,
            sqrt_price_at_tick(lower),
            sqrt_price_at_tick(upper),
            liquidity,
            round_up=round_up,
        )
        for lower, upper, liquidity in POSITIONS
    ]
    return sum(zero for zero, _ in each), sum(one for _, one in each)


@some
@given(amount=st.integers(1, 10**19), down=st.booleans(), exact_out=st.booleans(), fee=st.sampled_from([0, 500, 10000]))
def test_tokens_of_a_concentrated_pool_are_conserved(amount: int, down: bool, exact_out: bool, fee: int) -> None:
    pool = ConcentratedPool.of(Q96, POSITIONS, fee=fee)
    swap, after = pool.swap(-amount if exact_out else amount, zero_for_one=down)
    came, went = (held(pool, round_up=False), held(after, round_up=False))
    moved = (swap.amount_in - swap.fee, -swap.amount_out) if down else (-swap.amount_out, swap.amount_in - swap.fee)
    # Each step and each position rounds by less than two units, in favour of the pool.
    rounding = 2 * (2 * len(POSITIONS) + swap.crossed + 8)
    for place in range(2):
        kept = moved[place] - (went[place] - came[place])
        assert -len(POSITIONS) <= kept <= rounding
    assert swap.remaining == 0
    exact = tick_at_sqrt_price(after.sqrt_price)
    # A price that came down to a tick exactly stands below it.
    on_tick = down and after.sqrt_price == sqrt_price_at_tick(exact)
    assert after.tick == exact - on_tick
    assert after.liquidity == sum(liquid for low, high, liquid in POSITIONS if low <= after.tick < high)


@some
@given(amount=st.integers(1000, 10**19), down=st.booleans(), fee=st.sampled_from([0, 500, 3000]))
def test_a_round_trip_in_units_never_gains(amount: int, down: bool, fee: int) -> None:
    pool = ConcentratedPool.of(Q96, POSITIONS, fee=fee)
    there, after = pool.swap(amount, zero_for_one=down)
    assume(there.amount_out)
    back, _ = after.swap(there.amount_out, zero_for_one=not down)
    assert back.amount_out <= amount


@some
@given(amount=st.integers(1, 10**19), parts=st.integers(2, 5))
def test_slices_bring_no_more_than_one_swap(amount: int, parts: int) -> None:
    assume(amount >= parts)
    pool = ConcentratedPool.of(Q96, POSITIONS, fee=0)
    whole = pool.swap(amount, zero_for_one=True)[0].amount_out
    got, state = 0, pool
    for part in [amount // parts] * (parts - 1) + [amount - amount // parts * (parts - 1)]:
        swap, state = state.swap(part, zero_for_one=True)
        got += swap.amount_out
    assert got <= whole


def test_full_range_is_a_constant_product() -> None:
    # Liquidity over all prices has reserves L / √p and L √p.
    pool = ConcentratedPool.of(10 * Q96, [Position(-887220, 887220, 10**22)])
    venue = ConcentratedVenue(pool, quote_decimals=18)
    plain = ConstantProduct(1000.0, 100_000.0, Terms(taker_fee=0.003))
    for side in ("buy", "sell"):
        exact, smooth = venue.quote(side, 50.0), plain.quote(side, 50.0)
        assert exact.cash == pytest.approx(smooth.cash, rel=1e-12)
        assert exact.fee == pytest.approx(smooth.fee, rel=1e-9)
        assert venue.depth(side, 110.0 if side == "buy" else 90.0) == pytest.approx(
            plain.depth(side, 110.0 if side == "buy" else 90.0), rel=1e-9
        )


def test_a_concentrated_pool_runs_dry() -> None:
    venue = ConcentratedVenue(ConcentratedPool.of(Q96, [Position(-60, 60, ONE)]), quote_decimals=18)
    with pytest.raises(DataError, match="would drain the liquidity of all ticks, which takes"):
        venue.quote("buy", 1.0)
    with pytest.raises(DataError, match=r"below the smallest unit, 10\^-18"):
        venue.quote("buy", 1e-19)
    with pytest.raises(DataError, match="multiples of 60 in order"):
        ConcentratedPool.of(Q96, [Position(60, -60, ONE)])
    with pytest.raises(DataError, match="is no swap"):
        venue.pool.swap(1, zero_for_one=True, sqrt_limit=2 * Q96)


@some
@given(
    first=st.integers(10**20, 10**25),
    second=st.integers(10**8, 10**13),
    amplification=st.integers(10, 5000),
    amount=st.integers(10**12, 10**24),
)
def test_units_of_a_stable_swap_pool_are_conserved(first: int, second: int, amplification: int, amount: int) -> None:
    pool = StableSwapPool((first, second), (ONE, 10**30), amplification)
    assume(first / (second * 10**12) < 100 and second * 10**12 / first < 100 and amount < 3 * first)
    try:
        done, after = pool.exchange(0, 1, amount)
    except DataError:
        return
    assert after.balances[0] == first + amount
    assert after.balances[1] + done.amount_out + done.admin_fee == second
    before = invariant(pool.scaled, amplification)
    gross = list(after.balances)
    gross[1] += done.admin_fee
    assert invariant(replace(pool, balances=tuple(gross)).scaled, amplification) >= before
    back, _ = after.exchange(1, 0, done.amount_out)
    assert back.amount_out < amount


@some
@given(wanted=st.integers(10**6, 9 * 10**11), fee=st.sampled_from([0, 4_000_000, 100_000_000]))
def test_the_least_amount_is_the_least(wanted: int, fee: int) -> None:
    pool = StableSwapPool((10**24, 10**12), (ONE, 10**30), 200, fee=fee)
    least = pool.amount_for(0, 1, wanted)
    assert pool.exchange(0, 1, least)[0].amount_out >= wanted
    assert pool.exchange(0, 1, least - 1)[0].amount_out < wanted


def test_a_stable_swap_pool_is_not_drained() -> None:
    pool = StableSwapPool((10**24, 10**12), (ONE, 10**30), 200)
    with pytest.raises(DataError, match="would drain the pool"):
        pool.amount_for(0, 1, 10**12)
    with pytest.raises(DataError, match="too few to bring a unit"):
        pool.exchange(0, 1, 1)
    with pytest.raises(DataError, match="must be positive"):
        pool.exchange(0, 1, 0)


@some
@given(came=st.integers(1, 10**24), left=st.integers(10**6, 10**26), right=st.integers(10**6, 10**26))
def test_the_product_of_whole_reserves_does_not_fall(came: int, left: int, right: int) -> None:
    out = amount_out(came, left, right)
    assert (left + came) * (right - out) >= left * right
    if out:
        assert amount_in(out, left, right) <= came + 1
    with pytest.raises(DataError, match="would drain"):
        amount_in(right, left, right)
