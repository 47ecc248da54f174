"""Dated futures: the price from the basis, and the calendar by which a position moves to the next contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import DAY, YEAR_DAYS
from basketry.tracking.synthetic.basket import Times


def future_price(spot: Floats, basis: Floats, days: Floats) -> Floats:
    """Return spot × (1 + basis × days / 365): the price of a contract that expires in `days`.

    Args:
        spot: Quote currency per unit.
        basis: Simple annual basis, a fraction; positive in contango.
        days: Days to expiry; at 0 the contract is worth the spot price.

    >>> float(future_price(np.float64(30_000.0), np.float64(0.0808), np.float64(35.0)))
    30232.43...
    """
    return spot * (1 + basis * days / YEAR_DAYS)


def annual_basis(spot: float, future: float, days: float) -> float:
    """Return (future / spot - 1) × 365 / days, the simple annual basis.

    >>> round(annual_basis(60_000.0, 60_600.0, 30.0), 6)
    0.121667
    """
    if days <= 0:
        raise DataError(f"a contract with {days:g} days to expiry has no annual basis; give one that is not expired")
    return (future / spot - 1) * YEAR_DAYS / days


@dataclass(frozen=True, eq=False)
class RollCalendar:
    """Which contract is held when.

    Attributes:
        expiries: datetime64[us], UTC, ascending.
        days_before: The position moves to the next contract at the first row that is within so many days of expiry.
    """

    expiries: Times
    days_before: float = 5.0

    @staticmethod
    def last_fridays(
        first: np.datetime64, last: np.datetime64, every: int = 3, days_before: float = 5.0
    ) -> RollCalendar:
        """Return the last Fridays of each month (`every` 1) or quarter (3) at 08:00 UTC, as many as a period needs.

        Source: contract specifications of Binance, Deribit and OKX for dated futures.

        >>> start, stop = np.datetime64("2024-01-01"), np.datetime64("2024-06-01")
        >>> RollCalendar.last_fridays(start, stop).expiries.astype("datetime64[D]").astype(str).tolist()
        ['2024-03-29', '2024-06-28']
        """
        months = np.arange(first.astype("datetime64[M]"), last.astype("datetime64[M]") + 2 * every + 1)
        months = months[(months.astype(np.int64) % 12 + 1) % every == 0]
        ends = (months + 1).astype("datetime64[D]") - 1
        # 1970-01-01 was a Thursday: day number 1 is a Friday.
        fridays = ends - (ends.astype(np.int64) - 1) % 7
        expiries = fridays.astype("datetime64[us]") + np.timedelta64(8, "h")
        beyond = int(np.searchsorted(expiries, last + _days(days_before), side="right"))
        return RollCalendar(expiries[(expiries > first) & (np.arange(len(expiries)) <= beyond)], days_before)

    def contracts(self, times: Times) -> NDArray[np.int64]:
        """Return the number of the contract held after each row.

        Raises:
            DataError: No contract is left at some row.
        """
        held = np.searchsorted(self.expiries, times + _days(self.days_before), side="right")
        if held.max(initial=0) >= len(self.expiries):
            row = int(np.argmax(held >= len(self.expiries)))
            raise DataError(f"no contract to hold at {times[row]}; give expiries that reach beyond the last row")
        return held.astype(np.int64)


@dataclass(frozen=True, eq=False)
class HeldFutures:
    """Prices of the contracts held.

    Attributes:
        arriving: Price at row t of the contract held before any roll there, shape (T, n).
        leaving: Price at row t of the contract held after it, shape (T, n); differs where a roll takes place.
        rolls: Rows at which positions move to the next contract, shape (T,).
    """

    arriving: Floats
    leaving: Floats
    rolls: Bools


def held_futures(times: Times, prices: Floats, basis: Floats | float, calendar: RollCalendar) -> HeldFutures:
    """Return the prices of the contract held at each row, by the basis that rules at the row.

    Args:
        times: Shape (T,).
        prices: Spot prices, shape (T, n).
        basis: Simple annual basis, one figure, or of shape (T,) or (T, n).
        calendar: Expiries and the time of the roll.
    """
    rates = np.asarray(basis, dtype=np.float64)
    rates = np.broadcast_to(rates[:, None] if rates.ndim == 1 else rates, prices.shape)
    held = calendar.contracts(times)
    before = np.concatenate([held[:1], held[:-1]])

    def at(contract: NDArray[np.int64]) -> Floats:
        # A coarse row may come after the expiry: the contract has then settled at about this row's spot price.
        days = np.maximum((calendar.expiries[contract] - times) / DAY, 0.0)
        return future_price(prices, rates, days[:, None])

    return HeldFutures(at(before), at(held), held != before)


def _days(days: float) -> np.timedelta64:
    return np.timedelta64(round(days * 86_400_000_000), "us")
