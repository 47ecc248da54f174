"""A time-weighted pool price that is read through a gate: long enough, fully observed, deep enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.errors import DataError
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.reference.pools.cumulative_prices import CumulativePrices, average_price
from basketry.reference.pools.ticks import (
    TIME_MODULUS,
    TickObservation,
    harmonic_mean_liquidity,
    mean_tick,
    observe,
    tick_price,
)

PRICE_DIGITS = 34
"""Significant digits of a price."""


@dataclass(frozen=True)
class PoolTwap:
    """One reading.

    Attributes:
        price: Token 1 for one whole token 0, 34 significant digits.
        raw: As the contract has it: UQ112x112 for an arithmetic mean, the mean tick for a geometric one.
        mean: Which mean over time.
        start: First second of the window, modulo 2^32.
        end: Last second of the window, modulo 2^32.
        depth: The liquidity that passed the gate: of now for an arithmetic mean, over the window for a geometric one.
    """

    price: Decimal
    raw: int
    mean: Literal["arithmetic", "geometric"]
    start: int
    end: int
    depth: int

    @property
    def seconds(self) -> int:
        """Length of the window."""
        return (self.end - self.start) % TIME_MODULUS


class PoolReader(BaseModel):
    """Reads the price of a pool, or refuses; it never falls back to the price of the moment.

    In April 2022 a lender read an average that covered one block only, right after an update, on a thin pool, and lost
    15 million dollars.

    Attributes:
        window: Length of the window; an arithmetic reading uses the shortest stored one that is no shorter.
        longest: Longest window of an arithmetic reading, whose start depends on what was stored.
        least_depth: Least liquidity, raw units: √(reserve 0 x reserve 1) of now, which no trade changes but for fees
            (who adds liquidity does), or the harmonic mean over the window of the liquidity in range. The default
            refuses a pool that has none.
        decimals0: Decimals of token 0.
        decimals1: Decimals of token 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    window: Duration = parse_duration("30m")
    longest: Duration = parse_duration("1h")
    least_depth: int = Field(1, ge=1)
    decimals0: int = Field(18, ge=0, le=77)
    decimals1: int = Field(18, ge=0, le=77)

    @model_validator(mode="after")
    def _whole_seconds(self) -> PoolReader:
        if not 0 < self.seconds < TIME_MODULUS or self.window.microseconds:
            raise ValueError(f"a window of {format_duration(self.window)} is not a positive whole number of seconds")
        if self.longest < self.window:
            raise ValueError(
                f"the longest window {format_duration(self.longest)} is shorter than {format_duration(self.window)}"
            )
        return self

    @property
    def seconds(self) -> int:
        """Length of the window in seconds."""
        return int(self.window.total_seconds())

    def arithmetic(self, stored: Sequence[CumulativePrices], pair: CumulativePrices, time: int) -> PoolTwap:
        """Return the mean price of token 0 from the youngest stored state that is old enough to now.

        Args:
            stored: Earlier states of the pair, as read from the contract, in any order, none later than `time`.
            pair: The state of the pair at its last update.
            time: Now, seconds since 1970.

        Raises:
            DataError: No stored state is from `window` to `longest` old, the pool is too thin, or `time` is before its
                last update.
        """
        depth = math.isqrt(pair.reserve0 * pair.reserve1)
        if depth < self.least_depth:
            raise DataError(f"the pool's liquidity {depth} is less than {self.least_depth}; not read")
        _check_order(pair.time, time)
        end = pair.at(time)
        ages = [((end.time - state.time) % TIME_MODULUS, place) for place, state in enumerate(stored)]
        longest = int(self.longest.total_seconds())
        usable = [entry for entry in ages if self.seconds <= entry[0] <= longest]
        if not usable:
            oldest = max((age for age, _ in ages), default=0)
            raise DataError(
                f"no stored observation is from {self.seconds} to {longest} s old (the oldest of {len(ages)} is "
                f"{oldest} s); store one at least every {longest - self.seconds} s and wait; the price of the moment "
                "is no substitute"
            )
        start = stored[min(usable)[1]]
        raw = average_price(start, end)
        exact = Context(prec=PRICE_DIGITS).divide(Decimal(raw), Decimal(1 << 112))
        return PoolTwap(self._scaled(exact), raw, "arithmetic", start.time, end.time, depth)

    def geometric(self, stored: Sequence[TickObservation], tick: int, liquidity: int, time: int) -> PoolTwap:
        """Return the price of token 0 at the mean tick of the window that ends now.

        Args:
            stored: The pool's observations in order.
            tick: The tick since the last of them.
            liquidity: The liquidity in range since then.
            time: Now, seconds since 1970.

        Raises:
            DataError: The observations do not reach back far enough, the pool was too thin, or `time` is before the
                last of them.
        """
        if not stored:
            raise DataError("the pool has no observation")
        last = stored[-1]
        _check_order(last.time, time)
        now = [] if last.time == time % TIME_MODULUS else [last.then(time, tick, liquidity)]
        observations = [*stored, *now]
        start, end = observe(observations, time - self.seconds), observations[-1]
        depth = harmonic_mean_liquidity(start, end)
        if depth < self.least_depth:
            raise DataError(f"mean liquidity in range {depth} is less than {self.least_depth}; not read")
        raw = mean_tick(start, end)
        return PoolTwap(self._scaled(tick_price(raw, PRICE_DIGITS)), raw, "geometric", start.time, end.time, depth)

    def _scaled(self, raw: Decimal) -> Decimal:
        return raw.scaleb(self.decimals0 - self.decimals1, Context(prec=PRICE_DIGITS))


def _check_order(last: int, time: int) -> None:
    # Times wrap around, so one that is before the last update looks like one of more than a hundred years after it.
    if (time - last) % TIME_MODULUS >= TIME_MODULUS // 2:
        raise DataError(f"second {time} is before the pool's last update at {last}; take the time of the block read")
