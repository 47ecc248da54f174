"""Ticks of a concentrated-liquidity pool: sums of tick times seconds, their mean, and the price of a tick."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal

from basketry.core.errors import DataError

MIN_TICK = -887_272
MAX_TICK = 887_272
TIME_MODULUS = 2**32
_HALF_TICK_SUMS = 2**55
_LIQUIDITY_SUMS = 2**160
_MAX_LIQUIDITY = 2**128 - 1


@dataclass(frozen=True)
class TickObservation:
    """One stored observation of a Uniswap v3 pool.

    Attributes:
        time: Seconds since 1970 modulo 2^32.
        tick_cumulative: Sum of tick x seconds since the pool began, 56 bits with sign.
        seconds_per_liquidity: Sum of seconds x 2^128 / liquidity, modulo 2^160.
    """

    time: int
    tick_cumulative: int
    seconds_per_liquidity: int = 0

    def then(self, time: int, tick: int, liquidity: int = 0) -> TickObservation:
        """Return the observation at a later time, the tick and the liquidity in range having held since this one.

        Raises:
            DataError: The tick is outside the pool's range.

        >>> TickObservation(2**32 - 5, 100).then(2**32 + 5, -20)
        TickObservation(time=5, tick_cumulative=-100, seconds_per_liquidity=...)
        """
        if not MIN_TICK <= tick <= MAX_TICK:
            raise DataError(f"tick {tick} is not from {MIN_TICK} to {MAX_TICK}")
        elapsed = (time - self.time) % TIME_MODULUS
        per_liquidity = (elapsed << 128) // max(liquidity, 1)
        return TickObservation(
            time % TIME_MODULUS,
            _signed(self.tick_cumulative + tick * elapsed),
            (self.seconds_per_liquidity + per_liquidity) % _LIQUIDITY_SUMS,
        )


def observe(observations: Sequence[TickObservation], time: int) -> TickObservation:
    """Return the observation at a time within the stored ones, interpolated as the contract does.

    Between two observations the tick did not change, so the interpolation is exact. For a time after the last one,
    append `observations[-1].then(time, tick, liquidity)` first.

    Args:
        observations: In the order in which they were stored, within 2^32 s.
        time: Seconds since 1970.

    Raises:
        DataError: There is no observation as old, or none as young.

    >>> stored = [TickObservation(100, 0), TickObservation(110, 50), TickObservation(130, 250)]
    >>> observe(stored, 120).tick_cumulative
    150
    """
    if not observations:
        raise DataError("the pool has no observation")
    origin = observations[0].time
    ages = [(entry.time - origin) % TIME_MODULUS for entry in observations]
    if any(late <= early for early, late in itertools.pairwise(ages)):
        raise DataError("observations are out of order or stand twice; give them as the pool stored them")
    wanted = (time - origin) % TIME_MODULUS
    if wanted > ages[-1]:
        raise DataError(
            f"no observation covers second {time}: the stored ones reach from {origin} to {observations[-1].time}; "
            "raise the pool's observation cardinality, or read a shorter window"
        )
    place = bisect_right(ages, wanted) - 1
    before = observations[place]
    if ages[place] == wanted:
        return before
    after = observations[place + 1]
    span, part = ages[place + 1] - ages[place], wanted - ages[place]
    ticks = _signed(after.tick_cumulative - before.tick_cumulative)
    seconds = (after.seconds_per_liquidity - before.seconds_per_liquidity) % _LIQUIDITY_SUMS
    return TickObservation(
        time % TIME_MODULUS,
        _signed(before.tick_cumulative + _toward_zero(ticks, span) * part),
        (before.seconds_per_liquidity + seconds * part // span) % _LIQUIDITY_SUMS,
    )


def mean_tick(start: TickObservation, end: TickObservation) -> int:
    """Return the time-weighted mean tick, rounded towards negative infinity as in OracleLibrary.consult.

    Its price is the geometric mean of the prices.

    Raises:
        DataError: No time has passed.

    >>> mean_tick(TickObservation(0, -10), TickObservation(4, -12))
    -1
    """
    return _signed(end.tick_cumulative - start.tick_cumulative) // _elapsed(start, end)


def harmonic_mean_liquidity(start: TickObservation, end: TickObservation) -> int:
    """Return the harmonic mean over time of the liquidity in range, as in OracleLibrary.consult.

    Raises:
        DataError: No time has passed, or the sums have not moved.
    """
    seconds = (end.seconds_per_liquidity - start.seconds_per_liquidity) % _LIQUIDITY_SUMS
    if not seconds:
        raise DataError("the observations carry no liquidity")
    return min(_elapsed(start, end) * (_LIQUIDITY_SUMS - 1) // (seconds << 32), _MAX_LIQUIDITY)


def tick_price(tick: int, digits: int = 34) -> Decimal:
    """Return 1.0001^tick, raw units of token 1 for one raw unit of token 0, correct to `digits` significant digits.

    Raises:
        DataError: The tick is outside the pool's range.

    >>> print(tick_price(1), tick_price(-1, digits=10))
    1.0001 0.9999000100
    """
    if not MIN_TICK <= tick <= MAX_TICK:
        raise DataError(f"tick {tick} is not from {MIN_TICK} to {MAX_TICK}")
    # The power errs by less than one unit of its last place, ten places beyond what is asked.
    power = Context(prec=digits + 10).power(Decimal("1.0001"), tick)
    return Context(prec=digits).plus(power)


def _elapsed(start: TickObservation, end: TickObservation) -> int:
    elapsed = (end.time - start.time) % TIME_MODULUS
    if not elapsed:
        raise DataError("the two observations are of one second; there is no mean")
    return elapsed


def _toward_zero(value: int, divisor: int) -> int:
    return value // divisor if value >= 0 else -(-value // divisor)


def _signed(value: int) -> int:
    return (value + _HALF_TICK_SUMS) % (2 * _HALF_TICK_SUMS) - _HALF_TICK_SUMS
