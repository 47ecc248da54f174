"""Whole-number division in which the caller names who loses the remainder."""

from __future__ import annotations

from fractions import Fraction

from basketry.core.errors import DataError


def mul_div(x: int, y: int, denominator: int, *, round_up: bool) -> int:
    """Return x y / denominator as a whole number.

    Raises:
        DataError: A factor is negative, or the denominator is not positive.

    >>> mul_div(10, 10, 3, round_up=False), mul_div(10, 10, 3, round_up=True)
    (33, 34)
    """
    if x < 0 or y < 0 or denominator <= 0:
        raise DataError(
            f"{x} x {y} / {denominator} is no share of anything: factors must be at least 0 and the divisor positive"
        )
    quotient, remainder = divmod(x * y, denominator)
    return quotient + (round_up and remainder > 0)


def scale(amount: int, factor: Fraction, *, round_up: bool) -> int:
    """Return amount x factor as a whole number.

    >>> scale(1000, Fraction(1, 3), round_up=False), scale(1000, Fraction(1, 3), round_up=True)
    (333, 334)
    """
    return mul_div(amount, factor.numerator, factor.denominator, round_up=round_up)
