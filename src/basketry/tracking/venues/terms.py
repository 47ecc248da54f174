"""What a venue asks of every trade whatever its price: fees, gas, lots and minimum sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basketry.core.errors import DataError

_LOT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Terms:
    """Fees, gas, lots and minimum sizes of a venue.

    Attributes:
        taker_fee: Fraction of the value, for those who take what is offered.
        maker_fee: Fraction of the value, for those whose resting order is taken; negative for a rebate.
        gas_units: Units of computation that one trade uses.
        gas_price: Quote currency per unit of computation.
        lot: Sizes are whole multiples of this many base units; 0 for any size.
        minimum_size: Least size, base units.
        minimum_notional: Least value, quote currency.

    Raises:
        DataError: A figure is out of range.
    """

    taker_fee: float = 0.0
    maker_fee: float = 0.0
    gas_units: float = 0.0
    gas_price: float = 0.0
    lot: float = 0.0
    minimum_size: float = 0.0
    minimum_notional: float = 0.0

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        if not 0 <= self.taker_fee < 1 or not -1 < self.maker_fee < 1:
            raise DataError(f"fees {self.taker_fee:g} (taker) and {self.maker_fee:g} (maker) must be fractions below 1")
        for name in ("gas_units", "gas_price", "lot", "minimum_size", "minimum_notional"):
            if not 0 <= getattr(self, name) < math.inf:
                raise DataError(f"{name} must be a number from 0, was {getattr(self, name)}")

    @property
    def gas(self) -> float:
        """Cost of one transaction, quote currency.

        >>> Terms(gas_units=150_000, gas_price=5e-5).gas
        7.5
        """
        return self.gas_units * self.gas_price

    def rounded(self, size: float) -> float:
        """Return the largest whole number of lots within a size.

        >>> Terms(lot=0.25).rounded(1.6), Terms().rounded(1.6), Terms(lot=0.1).rounded(0.3)
        (1.5, 1.6, 0.3)
        """
        if not self.lot:
            return size
        lots = math.floor(size / self.lot * (1 + _LOT_TOLERANCE))
        return min(lots * self.lot, size)

    def check_size(self, where: str, size: float) -> None:
        """Refuse a size that is no size, below the minimum, or no whole number of lots.

        Raises:
            DataError: The venue does not trade the size; the message says what it does.
        """
        if not 0 < size < math.inf:
            raise DataError(f"{where}: a size must be a positive number of base units, was {size}")
        if size < self.minimum_size * (1 - _LOT_TOLERANCE):
            raise DataError(
                f"{where}: size {size:g} is below the minimum of {self.minimum_size:g} base units; "
                "trade more at once, or wait until more is due"
            )
        if self.lot:
            lots = size / self.lot
            if abs(lots - round(lots)) > _LOT_TOLERANCE * max(lots, 1):
                raise DataError(
                    f"{where}: size {size!r} is no whole number of lots of {self.lot:g} base units; "
                    f"round it, for example to {self.rounded(size):g}"
                )

    def check_notional(self, where: str, notional: float) -> None:
        """Refuse a value below the minimum.

        Raises:
            DataError: The value is below the minimum.
        """
        if notional < self.minimum_notional * (1 - _LOT_TOLERANCE):
            raise DataError(
                f"{where}: the trade is worth {notional:g}, below the minimum of {self.minimum_notional:g} "
                "in quote currency; trade more at once, or wait until more is due"
            )


FREE = Terms()
"""No fee, no gas, any size."""
