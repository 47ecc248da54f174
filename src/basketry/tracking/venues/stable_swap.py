"""A pool for assets of nearly one price, in whole units exactly as Curve swaps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from basketry.core.errors import DataError

PRECISION = 10**18
FEE_PARTS = 10**10
_ROUNDS = 255


def invariant(balances: Sequence[int], amplification: int, precision: int = 1) -> int:
    """Return D: A n^n Σx + D = A D n^n + D^(n+1) / (n^n Πx), by Newton's method in whole numbers.

    Args:
        balances: Of every coin, scaled to one unit.
        amplification: A n^(n-1) times `precision`, the number that the contract calls A.
        precision: 100 in later contracts, 1 in the first.

    Source: Egorov, StableSwap, 2019; `get_D` of the Curve contracts.

    Raises:
        DataError: A balance is not positive, or the iteration does not end.

    >>> invariant([10**24, 10**24], 100)
    2000000000000000000000000
    """
    if any(balance <= 0 for balance in balances):
        raise DataError(f"stable-swap pool: balances {list(balances)} must be positive; a drained pool cannot trade")
    count, total = len(balances), sum(balances)
    leverage = amplification * count
    value = total
    for _ in range(_ROUNDS):
        product = value
        for balance in balances:
            product = product * value // (balance * count)
        before = value
        value = (leverage * total // precision + product * count) * value
        value //= (leverage - precision) * before // precision + (count + 1) * product
        if abs(value - before) <= 1:
            return value
    raise DataError("stable-swap pool: the invariant does not converge; the balances are too far apart")


def balance_at(
    coin: int, other: int, other_balance: int, balances: Sequence[int], amplification: int, precision: int = 1
) -> int:
    """Return the balance of a coin at which D stays, once another coin's balance is `other_balance`.

    Source: `get_y` of the Curve contracts.

    Raises:
        DataError: As `invariant`.

    >>> balance_at(1, 0, 10**24 + 10**20, [10**24, 10**24], 100)
    999900000099009803931178
    """
    held = list(balances)
    held[other] = other_balance
    return balance_on_curve(coin, held, invariant(balances, amplification, precision), amplification, precision)


def balance_on_curve(coin: int, held: Sequence[int], total: int, amplification: int, precision: int = 1) -> int:
    """Return the balance of a coin that makes the invariant `total`, whatever `held` says of that coin.

    Raises:
        DataError: The iteration does not end.
    """
    count, leverage = len(held), amplification * len(held)
    product, others = total, 0
    for place, balance in enumerate(held):
        if place != coin:
            others += balance
            product = product * total // (balance * count)
    product = product * total * precision // (leverage * count)
    linear = others + total * precision // leverage
    value = total
    for _ in range(_ROUNDS):
        before = value
        value = (value * value + product) // (2 * value + linear - total)
        if abs(value - before) <= 1:
            return value
    raise DataError("stable-swap pool: a balance does not converge; the amount is too large for the pool")


class Exchange(NamedTuple):
    """What an exchange moves, in raw units.

    Attributes:
        amount_in: What comes in. amount_out: What goes out. fee: What was kept of the coin that goes out.
        admin_fee: Part of the fee that leaves the pool.
    """

    amount_in: int
    amount_out: int
    fee: int
    admin_fee: int


@dataclass(frozen=True, slots=True)
class StableSwapPool:
    """The state of a Curve pool of plain coins.

    Attributes:
        balances: Raw units of every coin.
        rates: Scale of every coin's balance to 18 decimals times 10^18: 10^(36 - decimals), times the rate of a coin
            that bears yield.
        amplification: The contract's A. precision: Its factor, 100 in later contracts.
        fee: Parts of 10^10 of what goes out. admin_fee: Parts of 10^10 of the fee.

    Raises:
        DataError: A figure is out of range.
    """

    balances: tuple[int, ...]
    rates: tuple[int, ...]
    amplification: int
    precision: int = 1
    fee: int = 4_000_000
    admin_fee: int = 5_000_000_000

    def __post_init__(self) -> None:
        """Refuse figures out of range."""
        if len(self.balances) < 2 or len(self.rates) != len(self.balances) or min(self.balances) <= 0:
            raise DataError(
                f"stable-swap pool: {len(self.balances)} balances and {len(self.rates)} rates: give two coins or more, "
                "each with a positive balance and a rate; a drained pool cannot trade"
            )
        if self.amplification < 1 or not 0 <= self.fee < FEE_PARTS or not 0 <= self.admin_fee <= FEE_PARTS:
            raise DataError(
                f"stable-swap pool: amplification {self.amplification}, fee {self.fee} or administrator's fee "
                f"{self.admin_fee} is out of range"
            )

    @property
    def scaled(self) -> tuple[int, ...]:
        """Balances of 18 decimals."""
        return tuple(balance * rate // PRECISION for balance, rate in zip(self.balances, self.rates, strict=True))

    def exchange(self, coin_in: int, coin_out: int, amount: int) -> tuple[Exchange, Self]:
        """Return what some units of one coin bring of another, and the pool after it.

        Source: `exchange` of the Curve contracts.

        Raises:
            DataError: The amount is not positive, or too small to bring a unit.

        >>> pool = StableSwapPool((10**24, 10**12), (10**18, 10**30), 100)
        >>> pool.exchange(0, 1, 10**21)[0]
        Exchange(amount_in=1000000000000000000000, amount_out=999590103, fee=399996, admin_fee=199998)
        """
        if amount <= 0:
            raise DataError(f"stable-swap pool: an amount must be positive, was {amount}")
        scaled = self.scaled
        after_in = scaled[coin_in] + amount * self.rates[coin_in] // PRECISION
        after_out = balance_at(coin_out, coin_in, after_in, scaled, self.amplification, self.precision)
        # One unit less, in favour of the pool, for the rounding of Newton's method.
        gross = scaled[coin_out] - after_out - 1
        fee = gross * self.fee // FEE_PARTS
        rate = self.rates[coin_out]
        out = (gross - fee) * PRECISION // rate
        if out <= 0:
            raise DataError(f"stable-swap pool: {amount} units are too few to bring a unit; trade more")
        admin = fee * self.admin_fee // FEE_PARTS * PRECISION // rate
        moved = list(self.balances)
        moved[coin_in] += amount
        moved[coin_out] -= out + admin
        return Exchange(amount, out, fee * PRECISION // rate, admin), replace(self, balances=tuple(moved))

    def amount_for(self, coin_in: int, coin_out: int, wanted: int) -> int:
        """Return the least units of a coin that bring at least `wanted` units of another.

        Raises:
            DataError: The pool does not hold as much.
        """
        gross = -(-wanted * self.rates[coin_out] // PRECISION * FEE_PARTS // (FEE_PARTS - self.fee)) + 2
        scaled = self.scaled
        if gross >= scaled[coin_out]:
            raise DataError(
                f"stable-swap pool: taking {wanted} units would drain the pool, which holds "
                f"{self.balances[coin_out]}; trade less, or route the order over more venues"
            )
        left = scaled[coin_out] - gross
        needed = balance_at(coin_in, coin_out, left, scaled, self.amplification, self.precision) - scaled[coin_in]
        low, high = 0, max(needed * PRECISION // self.rates[coin_in], 1)
        while self._out(coin_in, coin_out, high) < wanted:
            low, high = high, high + max(high // 10**6, 1)
        step = max(high // 10**6, 1)
        while low < high - step and self._out(coin_in, coin_out, high - step) >= wanted:
            high, step = high - step, step * 2
        low = max(low, high - step)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._out(coin_in, coin_out, middle) >= wanted else (middle, high)
        return high

    def _out(self, coin_in: int, coin_out: int, amount: int) -> int:
        try:
            return self.exchange(coin_in, coin_out, amount)[0].amount_out
        except DataError:
            return 0
