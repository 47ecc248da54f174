"""Pool averages: the contracts' whole numbers with their wrap-around, against exact sums; and the gate in front."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from basketry.core.errors import DataError
from basketry.reference.pools.cumulative_prices import CumulativePrices, average_price, from_q112
from basketry.reference.pools.ticks import (
    MAX_TICK,
    MIN_TICK,
    TickObservation,
    harmonic_mean_liquidity,
    mean_tick,
    observe,
    tick_price,
)
from basketry.reference.pools.twap import PoolReader

RESERVES = st.integers(1, 2**112 - 1)
STEPS = st.lists(st.tuples(st.integers(1, 10**6), RESERVES, RESERVES), min_size=1, max_size=6)
TICKS = st.integers(MIN_TICK, MAX_TICK)
TICK_STEPS = st.lists(st.tuples(st.integers(1, 10**6), TICKS), min_size=1, max_size=6)


@settings(max_examples=150)
@given(
    start=st.integers(0, 2**32 - 1), sums=st.tuples(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1)),
    first=st.tuples(RESERVES, RESERVES), steps=STEPS,
)  # fmt: skip
def test_the_mean_does_not_see_the_wrap_around(
    start: int, sums: tuple[int, int], first: tuple[int, int], steps: list[tuple[int, int, int]]
) -> None:
    """Against the plain sum of floored prices times seconds, in unbounded whole numbers."""
    pair = begin = CumulativePrices(*first, start, *sums)
    time, total0, total1 = start, 0, 0
    for seconds, reserve0, reserve1 in steps:
        total0 += (pair.reserve1 * 2**112 // pair.reserve0) * seconds
        total1 += (pair.reserve0 * 2**112 // pair.reserve1) * seconds
        time += seconds
        pair = pair.update(time, reserve0, reserve1)
    assert pair.time == time % 2**32
    assert average_price(begin, pair) == total0 // (time - start)
    assert average_price(begin, pair, token=1) == total1 // (time - start)


def test_the_sums_wrap_as_in_the_contract() -> None:
    pair = CumulativePrices(1, 1, 2**32 - 1, 2**256 - 1, 2**256 - 1).at(2**32)
    assert (pair.time, pair.price0) == (0, 2**112 - 1)
    assert from_q112(average_price(CumulativePrices(1, 1, 2**32 - 1, 2**256 - 1, 2**256 - 1), pair)) == 1


def test_a_price_within_one_block_weighs_nothing() -> None:
    calm = CumulativePrices(1000, 1000, 0)
    attacked = calm.update(12, 1, 10**6).update(12, 1000, 1000)
    assert average_price(calm, attacked.at(24)) == average_price(calm, calm.at(24)) == 1 << 112


def test_the_means_of_both_directions_are_no_inverses() -> None:
    start = CumulativePrices(1, 1, 0)
    end = start.update(10, 1, 4).at(20)
    assert from_q112(average_price(start, end)) == Fraction(5, 2)
    assert from_q112(average_price(start, end, token=1)) == Fraction(5, 8)


def test_an_empty_pair_has_no_price() -> None:
    assert CumulativePrices(0, 5, 0).at(100) == CumulativePrices(0, 5, 100)


@pytest.mark.parametrize("field", ["reserve0", "reserve1", "time", "price0", "price1"])
@pytest.mark.parametrize("side", [-1, 1])
def test_what_the_contract_cannot_hold_is_refused(field: str, side: int) -> None:
    limits = {"reserve0": 2**112, "reserve1": 2**112, "time": 2**32, "price0": 2**256, "price1": 2**256}
    good = {"reserve0": 1, "reserve1": 1, "time": 0, "price0": 0, "price1": 0}
    CumulativePrices(**{**good, field: limits[field] - 1})
    with pytest.raises(DataError, match=field):
        CumulativePrices(**{**good, field: limits[field] if side > 0 else -1})


@settings(max_examples=150)
@given(start=st.integers(0, 2**32 - 1), begin=st.integers(-(2**55), 2**55 - 1), steps=TICK_STEPS)
def test_the_mean_tick_is_the_floor_of_the_exact_mean(start: int, begin: int, steps: list[tuple[int, int]]) -> None:
    first = last = TickObservation(start, begin)
    time, total = start, 0
    for seconds, tick in steps:
        time += seconds
        total += seconds * tick
        last = last.then(time, tick)
    assert -(2**55) <= last.tick_cumulative < 2**55
    assert mean_tick(first, last) == total // (time - start)


@settings(max_examples=150)
@given(start=st.integers(0, 2**32 - 1), steps=TICK_STEPS, data=st.data())
def test_between_observations_is_as_if_one_had_been_stored(
    start: int, steps: list[tuple[int, int]], data: st.DataObject
) -> None:
    stored, time = [TickObservation(start, 0)], start
    for seconds, tick in steps:
        time += seconds
        stored.append(stored[-1].then(time, tick, 1))
    place = data.draw(st.integers(0, len(steps) - 1))
    part = data.draw(st.integers(0, steps[place][0]))
    at = start + sum(seconds for seconds, _ in steps[:place]) + part
    assert observe(stored, at) == stored[place].then(at, steps[place][1], 1)


def test_observations_that_are_missing_or_out_of_order_are_refused() -> None:
    stored = [TickObservation(100, 0), TickObservation(110, 5)]
    for time in (99, 111):
        with pytest.raises(DataError, match="no observation covers second"):
            observe(stored, time)
    with pytest.raises(DataError, match="out of order"):
        observe([*stored, stored[0]], 105)
    with pytest.raises(DataError, match="no observation"):
        observe([], 1)
    with pytest.raises(DataError, match="one second"):
        mean_tick(stored[0], stored[0])
    with pytest.raises(DataError, match="carry no liquidity"):
        harmonic_mean_liquidity(*stored)


def test_liquidity_counts_by_its_harmonic_mean() -> None:
    start = TickObservation(0, 0)
    end = start.then(10, 0, 10**12).then(20, 0, 3 * 10**12)
    assert harmonic_mean_liquidity(start, end) == pytest.approx(1.5e12, rel=1e-9)


@pytest.mark.parametrize("tick", [MIN_TICK, -200_001, -1, 0, 1, 85_176, 500_000, MAX_TICK])
def test_the_price_of_a_tick_is_right_to_its_last_digit(tick: int) -> None:
    """Against exp(tick ln 1.0001) with 80 digits, and where that is quick against the exact fraction."""
    wide = Context(prec=80)
    exact = Fraction(wide.exp(wide.multiply(Decimal(tick), wide.ln(Decimal("1.0001")))))
    if abs(tick) < 100_000:
        assert abs(exact / Fraction(10_001, 10_000) ** tick - 1) < Fraction(1, 10**70)
    for digits in (9, 34):
        price = tick_price(tick, digits)
        assert abs(Fraction(price) / exact - 1) <= Fraction(5, 10**digits)
        assert len(price.as_tuple().digits) <= digits


def test_ticks_beyond_the_range_are_refused() -> None:
    for tick in (MIN_TICK - 1, MAX_TICK + 1):
        with pytest.raises(DataError, match="is not from"):
            tick_price(tick)
        with pytest.raises(DataError, match="is not from"):
            TickObservation(0, 0).then(1, tick)


READER = PoolReader.model_validate({"window": "10m", "longest": "20m", "decimals1": 6, "least_depth": 10**6})
PAIR = CumulativePrices(10**18, 2000 * 10**6, 0)


@pytest.mark.parametrize("offset", range(0, 1201, 60))
def test_no_reading_covers_less_than_the_window(offset: int) -> None:
    """At every offset after an update: the whole window or a refusal, never the price of the moment."""
    pushed = PAIR.update(10_000, 10**16, 200_000 * 10**6)
    stored = [PAIR.at(9_000), pushed]
    now = 10_000 + offset
    if offset < 600 and now - 9_000 > 1200:
        with pytest.raises(DataError, match="no stored observation is from 600 to 1200 s old"):
            READER.arithmetic(stored, pushed, now)
        return
    reading = READER.arithmetic(stored, pushed, now)
    assert 600 <= reading.seconds <= 1200
    honest = 0 if offset >= 600 else 1000
    mean = Decimal(2000 * honest + 20_000_000 * (reading.seconds - honest)) / reading.seconds
    assert abs(reading.price / mean - 1) < Decimal("1e-15")


def test_a_thin_pool_is_not_read() -> None:
    thin = CumulativePrices(10**3, 10**3, 0)
    with pytest.raises(DataError, match="liquidity 1000 is less than 1000000"):
        READER.arithmetic([thin], thin, 900)
    with pytest.raises(DataError, match="mean liquidity in range 999 "):
        READER.geometric([TickObservation(0, 0)], 0, 1000, 900)


def test_a_push_of_the_price_does_not_deepen_a_pool() -> None:
    pushed = CumulativePrices(2 * 10**4, 5 * 10**7, 0)
    assert READER.arithmetic([pushed], pushed, 900).depth == 10**6


def test_a_geometric_reading_needs_the_whole_window() -> None:
    stored = [TickObservation(1000, 0)]
    for offset in (1, 12, 599):
        with pytest.raises(DataError, match="raise the pool's observation cardinality"):
            READER.geometric(stored, 7, 10**9, 1000 + offset)
    reading = READER.geometric(stored, 7, 10**9, 1600)
    assert (reading.raw, reading.seconds, reading.mean) == (7, 600, "geometric")
    assert reading.price == tick_price(7).scaleb(12, Context(prec=34))
    assert reading.depth == pytest.approx(10**9, rel=1e-6)
    again = READER.geometric([*stored, stored[0].then(1600, 7, 10**9)], 99, 1, 1600)
    assert again == reading
    with pytest.raises(DataError, match="no observation"):
        READER.geometric([], 0, 1, 1)


def test_one_block_at_three_and_a_half_times_moves_fifty_by_less_than_three_per_cent() -> None:
    """Tick 12,528 is a factor of 3.5; it stands for one block of fifty."""
    before = TickObservation(0, 0, 0).then(588, 0, 10**9)
    reading = PoolReader.model_validate({"window": "10m"}).geometric(
        [TickObservation(0, 0), before], 12_528, 10**9, 600
    )
    assert 1.02 < reading.price < 1.03


def test_a_window_that_cannot_be_is_refused() -> None:
    for fields in ({"window": "0s"}, {"window": "0.5s"}, {"window": "2h", "longest": "1h"}):
        with pytest.raises(ValidationError):
            PoolReader.model_validate(fields)


def test_a_clock_behind_the_pool_gets_no_price() -> None:
    """Modulo 2^32 a second before the last update looks like one of 136 years after it."""
    for time in (1_999, 2**32 + 1_999):
        with pytest.raises(DataError, match="is before the pool's last update at 2000"):
            READER.geometric([TickObservation(2_000, 0)], 7, 10**9, time)
        with pytest.raises(DataError, match="is before the pool's last update at 2000"):
            READER.arithmetic([PAIR.at(1_000)], PAIR.at(2_000), time)
    assert READER.arithmetic([PAIR.at(2**32 - 1_000)], PAIR.at(2**32 - 900), 2**32 + 10).seconds == 1_010


def test_a_pool_without_liquidity_is_not_read() -> None:
    for liquidity in (0, 1):
        with pytest.raises(DataError, match="mean liquidity in range 0 is less than 1"):
            PoolReader().geometric([TickObservation(0, 0)], 0, liquidity, 3_600)
