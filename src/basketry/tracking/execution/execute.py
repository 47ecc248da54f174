"""Carry out a schedule on venues, and say what it cost against the price at the start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import exact_sum
from basketry.tracking.execution.paths import VenuePath
from basketry.tracking.execution.schedules import Schedule
from basketry.tracking.venues.venue import Quote, Side


class Fill(NamedTuple):
    """One slice as it was traded.

    Attributes:
        time: When it traded, microseconds: the decision and the latency.
        quote: What it got.
        decided: Mid price when it was decided. mid: Mid price when it traded, before it.
    """

    time: int
    quote: Quote
    decided: float
    mid: float


@dataclass(frozen=True, slots=True)
class Execution:
    """An order carried out.

    The shortfall is what it cost against trading all at the mid price of the first decision, quote currency; positive
    is a loss. It is the sum of its parts: timing (the mid moved between decisions, by itself or by earlier slices),
    latency (it moved between decision and trade), impact (spread and price impact), fee and gas.

    Source: Perold, The Implementation Shortfall: Paper versus Reality, 1988.

    Attributes:
        side: What the trader does.
        arrival: Mid price at the first decision.
        fills: Slices in order.
        path: The venues after the order.
    """

    side: Side
    arrival: float
    fills: tuple[Fill, ...]
    path: VenuePath

    @property
    def size(self) -> float:
        """Base units traded."""
        return self._sum([fill.quote.size for fill in self.fills])

    @property
    def cash(self) -> float:
        """What a buyer paid in all, or a seller received net."""
        return self._sum([fill.quote.cash for fill in self.fills])

    @property
    def price(self) -> float:
        """Mean price without fees, quote currency per base unit."""
        return self._sum([fill.quote.notional for fill in self.fills]) / self.size

    @property
    def shortfall(self) -> float:
        """The whole cost, quote currency."""
        return self._sum([fill.quote.shortfall(self.arrival) for fill in self.fills])

    @property
    def timing(self) -> float:
        """Part of the shortfall: the mid moved until the decisions."""
        return self._signed([fill.quote.size * (fill.decided - self.arrival) for fill in self.fills])

    @property
    def latency(self) -> float:
        """Part of the shortfall: the mid moved between decisions and trades."""
        return self._signed([fill.quote.size * (fill.mid - fill.decided) for fill in self.fills])

    @property
    def impact(self) -> float:
        """Part of the shortfall: prices worse than the mid at the trade."""
        return self._signed([fill.quote.size * (fill.quote.price - fill.mid) for fill in self.fills])

    @property
    def fee(self) -> float:
        """Part of the shortfall: fees."""
        return self._sum([fill.quote.fee for fill in self.fills])

    @property
    def gas(self) -> float:
        """Part of the shortfall: gas."""
        return self._sum([fill.quote.gas for fill in self.fills])

    def _signed(self, values: list[float]) -> float:
        return self._sum(values) if self.side == "buy" else -self._sum(values)

    @staticmethod
    def _sum(values: list[float]) -> float:
        return exact_sum(np.array(values))


def execute(schedule: Schedule, path: VenuePath, *, latency: int = 0) -> Execution:
    """Return a schedule carried out slice by slice.

    Args:
        schedule: Slices in time.
        path: The venue at each instant; slices of nothing are left out.
        latency: Microseconds from a decision to its trade. The order fills at the venue as it is then.

    Raises:
        DataError: A slice cannot be traded; the message names it. Nothing is filled in part.

    >>> from basketry.tracking.execution.paths import Still
    >>> from basketry.tracking.execution.schedules import twap
    >>> from basketry.tracking.venues.constant_product import ConstantProduct
    >>> done = execute(twap("buy", 2.0, start=0, end=10, slices=2), Still(ConstantProduct(10.0, 1000.0)))
    >>> round(done.cash, 9), round(done.shortfall, 9)
    (250.0, 50.0)
    """
    if latency < 0:
        raise DataError(f"execution: latency must be from 0 µs, was {latency}")
    fills = []
    arrival = path.at(int(schedule.time[0])).mid
    wanted = [(int(time), float(size)) for time, size in zip(schedule.time, schedule.size, strict=True) if size]
    for number, (time, size) in enumerate(wanted, start=1):
        decided = path.at(time).mid
        venue = path.at(time + latency)
        mid = venue.mid
        try:
            quote, after = venue.fill(schedule.side, size)
        except DataError as error:
            raise DataError(f"slice {number} of {len(wanted)}, at {time} µs: {error}") from error
        path = path.filled(time + latency, after)
        fills.append(Fill(time + latency, quote, decided, mid))
    if not fills:
        raise DataError("execution: the schedule holds nothing to trade")
    return Execution(schedule.side, arrival, tuple(fills), path)
