"""Cumulative prices of a constant-product pool, as the Uniswap v2 pair keeps them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from basketry.core.errors import DataError

RESERVE_BITS = 112
TIME_MODULUS = 2**32
CUMULATIVE_MODULUS = 2**256
AVERAGE_MODULUS = 2**224


@dataclass(frozen=True)
class CumulativePrices:
    """State of a pair: reserves, the time of its last update, and price times seconds summed up to then.

    Whole numbers as in the contract: prices are UQ112x112, that is in units of 2^-112 of raw token per raw token,
    rounded down; times are seconds modulo 2^32, sums modulo 2^256. Both wrap around by design; differences stay right
    as long as less than 2^32 s lie between.

    Attributes:
        reserve0: Reserve of token 0, raw units, below 2^112.
        reserve1: Reserve of token 1.
        time: Seconds since 1970 modulo 2^32.
        price0: Sum of (price of token 0 in token 1) x seconds.
        price1: Sum of (price of token 1 in token 0) x seconds.

    >>> pair = CumulativePrices(1000, 2000, time=100).update(110, 1500, 2000)
    >>> pair.price0 / 2**112, pair.price1 / 2**112
    (20.0, 5.0)
    """

    reserve0: int
    reserve1: int
    time: int
    price0: int = 0
    price1: int = 0

    def __post_init__(self) -> None:
        """Refuse what the contract's types cannot hold."""
        for name, value, modulus in (
            ("reserve0", self.reserve0, 2**RESERVE_BITS),
            ("reserve1", self.reserve1, 2**RESERVE_BITS),
            ("time", self.time, TIME_MODULUS),
            ("price0", self.price0, CUMULATIVE_MODULUS),
            ("price1", self.price1, CUMULATIVE_MODULUS),
        ):
            if not 0 <= value < modulus:
                raise DataError(f"{name} {value} is not from 0 to 2^{modulus.bit_length() - 1} - 1")

    def at(self, time: int) -> CumulativePrices:
        """Return the sums as they stand at a time, seconds since 1970, if no trade happens until then.

        With an empty reserve there is no price and the sums stand still, as in the contract.
        """
        now = time % TIME_MODULUS
        elapsed = (now - self.time) % TIME_MODULUS
        if not elapsed or not self.reserve0 or not self.reserve1:
            return replace(self, time=now)
        return replace(
            self,
            time=now,
            price0=(self.price0 + (self.reserve1 << RESERVE_BITS) // self.reserve0 * elapsed) % CUMULATIVE_MODULUS,
            price1=(self.price1 + (self.reserve0 << RESERVE_BITS) // self.reserve1 * elapsed) % CUMULATIVE_MODULUS,
        )

    def update(self, time: int, reserve0: int, reserve1: int) -> CumulativePrices:
        """Return the state after a trade or a change of liquidity; the old reserves count up to its time.

        Only the first change of a block moves the sums: a price that holds within one block weighs nothing.
        """
        return replace(self.at(time), reserve0=reserve0, reserve1=reserve1)


def average_price(start: CumulativePrices, end: CumulativePrices, token: int = 0) -> int:
    """Return the arithmetic mean price between two states, UQ112x112 in 224 bits, as in Uniswap's oracle examples.

    Args:
        start: The earlier state.
        end: The later state.
        token: 0 for token 0 in units of token 1, 1 for the inverse. The two are no inverses of each other: a mean of
            reciprocals is not the reciprocal of the mean.

    Raises:
        DataError: No time has passed.

    >>> start = CumulativePrices(1000, 2000, time=2**32 - 5, price0=2**256 - 1)
    >>> average_price(start, start.at(2**32 + 5)) / 2**112
    2.0
    """
    elapsed = (end.time - start.time) % TIME_MODULUS
    if not elapsed:
        raise DataError("the two observations are of one second; there is no mean")
    before, after = (start.price1, end.price1) if token else (start.price0, end.price0)
    return (after - before) % CUMULATIVE_MODULUS // elapsed % AVERAGE_MODULUS


def from_q112(price: int) -> Fraction:
    """Return a UQ112x112 price as an exact fraction.

    >>> from_q112(3 << 111)
    Fraction(3, 2)
    """
    return Fraction(price, 1 << RESERVE_BITS)
