"""What borrowing costs: the two-slope rate of utilisation, and rates from data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from basketry.core.errors import DataError
from basketry.core.numbers import Floats


class BorrowRate(Protocol):
    """Anything that tells the rate of a loan over the next step."""

    def rate(self, row: int, debt: float) -> float:
        """Return the rate that holds after a row while `debt` (quote currency) is owed, a fraction a year."""
        ...


@dataclass(frozen=True)
class TwoSlopeRate:
    """The rate of a pool as a function of the share of it that is lent out.

    Up to the optimal utilisation: base + slope_low U / U*; above: base + slope_low + slope_high (U - U*) / (1 - U*).

    Attributes:
        optimal: Optimal utilisation U*, above 0 and below 1.
        base: Rate at no utilisation, a fraction a year.
        slope_low: Rise up to the optimum.
        slope_high: Rise from the optimum to full utilisation.

    Source: Aave, Interest Rate Strategy (v1 to v3), 2020 to 2024.

    >>> usdc = TwoSlopeRate(0.9, 0.0, 0.04, 0.6)
    >>> usdc.at(0.45), usdc.at(0.9), round(usdc.at(0.95), 12), usdc.at(1.0)
    (0.02, 0.04, 0.34, 0.64)
    """

    optimal: float
    base: float
    slope_low: float
    slope_high: float

    def __post_init__(self) -> None:
        if not 0 < self.optimal < 1 or min(self.base, self.slope_low, self.slope_high) < 0:
            raise DataError(
                f"rate curve {self}: the optimum must lie between 0 and 1, and base and slopes must not be negative"
            )

    def at(self, utilisation: float) -> float:
        """Return the borrow rate at a utilisation from 0 to 1, a fraction a year."""
        if not 0 <= utilisation <= 1:
            raise DataError(f"utilisation {utilisation:g} is not from 0 to 1; nobody can borrow more than is there")
        if utilisation <= self.optimal:
            return self.base + self.slope_low * utilisation / self.optimal
        excess = (utilisation - self.optimal) / (1 - self.optimal)
        return self.base + self.slope_low + self.slope_high * excess

    def supply(self, utilisation: float, reserve_factor: float) -> float:
        """Return what lenders earn: borrow rate × utilisation × (1 - reserve factor), a fraction a year.

        >>> round(TwoSlopeRate(0.8, 0.0, 0.04, 0.75).supply(0.8, 0.1), 6)
        0.0288
        """
        return self.at(utilisation) * utilisation * (1 - reserve_factor)


@dataclass(frozen=True)
class PoolRate:
    """The rate of a pool in which others borrow too; the loan itself raises it.

    Attributes:
        curve: Rate by utilisation.
        supplied: What lenders supplied, quote currency.
        borrowed: What others borrowed, quote currency.
    """

    curve: TwoSlopeRate
    supplied: float
    borrowed: float

    def rate(self, row: int, debt: float) -> float:  # noqa: ARG002 - the pool stays as it is
        """Return the rate at the utilisation with the loan.

        Raises:
            DataError: The pool does not hold so much.
        """
        if self.borrowed + debt > self.supplied:
            raise DataError(f"the pool can lend {self.supplied - self.borrowed:g} more, not {debt:g}; borrow less")
        return self.curve.at((self.borrowed + debt) / self.supplied)


@dataclass(frozen=True, eq=False)
class RecordedRate:
    """Rates as recorded, whatever the debt.

    Attributes:
        rates: Rate that holds after each row, fractions a year, shape (T,).
    """

    rates: Floats

    def rate(self, row: int, debt: float) -> float:  # noqa: ARG002 - a recorded rate does not depend on one loan
        """Return the recorded rate of a row."""
        return float(self.rates[row])
