"""Where funding rates come from: a protocol, recorded rates, and a constant rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats
from basketry.tracking.synthetic.basket import Times


@dataclass(frozen=True, eq=False)
class FundingRates:
    """Funding that falls due in each step, as fractions of notional; positive is paid by the long side.

    Attributes:
        within: Sum of the rates due after row t - 1 and before row t, charged at the price of row t - 1, which is the
            last one known then; shape (T, n).
        due: Sum of the rates due exactly at row t, charged at its price on the position held before any trade there;
            shape (T, n).
    """

    within: Floats
    due: Floats


class FundingSource(Protocol):
    """Anything that tells the funding due between instants."""

    def rates(self, times: Times, assets: tuple[str, ...]) -> FundingRates:
        """Return what falls due in each step of `times`; row 0 is zero. Raises DataError where a rate is unknown."""
        ...


@dataclass(frozen=True)
class ConstantFunding:
    """The same rate at every interval, counted from 1970 in UTC.

    Attributes:
        rate: Fraction of notional an interval; positive is paid by the long side.
        interval: Time between payments.

    >>> day = np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[us]")
    >>> due = ConstantFunding(0.0001).rates(day, ("btc",))
    >>> due.within[1].tolist(), due.due[1].tolist()
    ([0.0002], [0.0001])
    """

    rate: float = 0.0
    interval: timedelta = timedelta(hours=8)

    def rates(self, times: Times, assets: tuple[str, ...]) -> FundingRates:
        """Return the constant rate times the payments of each step."""
        length = self.interval // timedelta(microseconds=1)
        stamps = times.astype("datetime64[us]").astype(np.int64)
        passed, exact = stamps // length, (stamps % length == 0).astype(np.float64)
        within = np.diff(passed, prepend=passed[0]) - exact
        within[0] = exact[0] = 0.0
        wide = np.ones(len(assets))
        return FundingRates(self.rate * np.outer(within, wide), self.rate * np.outer(exact, wide))


@dataclass(frozen=True, eq=False)
class RecordedFunding:
    """Rates as a venue published them.

    Attributes:
        table: Columns time (Datetime, UTC), asset, rate (fraction an interval; positive is paid by the long side).
        interval: Time between payments; recorded times are rounded to the nearest one, since venues stamp them some
            milliseconds late.
        carry: Longest time for which the last rate stands in for intervals that were not recorded. Longer gaps are
            refused: rates of one hour say nothing about a week.
    """

    table: pl.DataFrame
    interval: timedelta = timedelta(hours=8)
    carry: timedelta = timedelta(0)

    def rates(self, times: Times, assets: tuple[str, ...]) -> FundingRates:
        """Return the recorded rates of each step.

        Raises:
            DataError: No rates for an asset, or an interval is missing for longer than rates are carried.
        """
        length = self.interval // timedelta(microseconds=1)
        stamps = times.astype("datetime64[us]").astype(np.int64)
        # Payments due after the first row up to the last one.
        calendar = np.arange(stamps[0] // length + 1, stamps[-1] // length + 1) * length
        step = np.searchsorted(stamps, calendar)
        exact = stamps[step] == calendar
        within, due = np.zeros((2, len(times), len(assets)))
        for column, asset in enumerate(assets):
            rates = self._on(calendar, asset, length)
            np.add.at(within[:, column], step[~exact], rates[~exact])
            np.add.at(due[:, column], step[exact], rates[exact])
        return FundingRates(within, due)

    def _on(self, calendar: np.ndarray[tuple[int], np.dtype[np.int64]], asset: str, length: int) -> Floats:
        known = self.table.filter(pl.col("asset") == asset).sort("time")
        if known.is_empty():
            names = self.table["asset"].unique().to_list()
            raise DataError(f"no funding rates for {asset!r}{nearest_hint(asset, names)}; known: {sorted(names)}")
        stamps = known["time"].dt.epoch("us").to_numpy()
        slots = (stamps + length // 2) // length * length
        rates = known["rate"].cast(pl.Float64).to_numpy()
        place = np.searchsorted(slots, calendar, side="right") - 1
        age = calendar - slots[np.maximum(place, 0)]
        missing = (place < 0) | (age > self.carry // timedelta(microseconds=1))
        if missing.any():
            first = np.datetime64(int(calendar[missing][0]), "us")
            raise DataError(
                f"funding of {asset!r}: no rate at {first} and {int(missing.sum()) - 1} more intervals; "
                f"give them, shorten the period, or carry rates for longer than {self.carry}"
            )
        return rates[place]
