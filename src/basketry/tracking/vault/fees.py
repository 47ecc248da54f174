"""Fees by dilution: how many shares the manager gets, exactly."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction

from basketry.core.errors import DataError
from basketry.tracking.vault.rounding import mul_div, scale

YEAR_US = 365 * 86_400_000_000
REMAINDER_SCALE = 10**30
WAD = 10**18
MARK_SCALE = 10**36
_DIGITS = 90


def inflation_shares(supply: int, fee_e18: int) -> int:
    """Return the new shares that make a fraction of all shares the manager's: m = f N / (1 - f), rounded down.

    m / (N + m) = f: the manager owns the fraction, everybody else (1 - f) of what they had.

    Args:
        supply: Shares N before, smallest units.
        fee_e18: Fraction f times 10^18.

    Source: Set Protocol v2, StreamingFeeModule, 2020 (there f is the yearly rate times the time since the last
    accrual, so that more frequent accrual takes more; `stream` does not have that property).

    Two per cent of a hundred whole shares:

    >>> inflation_shares(100 * WAD, 2 * 10**16)
    2040816326530612244
    """
    if not 0 <= fee_e18 < WAD:
        raise DataError(f"a fee of {fee_e18} / 10^18 is no fraction below 1")
    return mul_div(fee_e18, supply, WAD - fee_e18, round_up=False)


def stream(supply: int, remainder: int, yearly: Fraction, elapsed_us: int) -> tuple[int, int]:
    """Return the shares of a continuous management fee since the last accrual, and the remainder to hand on.

        N(t) = N(0) (1 - f)^(-t / 365 days),    new shares = floor(N(t) + remainder) - N(0)

    After one year the manager owns exactly the fraction f of all shares. Growth factors multiply, and the fraction of
    a share that is rounded off is kept and grows too: as long as nobody creates or redeems, accruing k times gives
    the same shares as accruing once, unless the exact figure lies within k 10^-30 (of one smallest unit) above a
    whole number; then it is one unit less.

    Args:
        supply: Shares N, smallest units.
        remainder: Fraction of a unit left from before, times 10^30.
        yearly: f, the fraction of all shares a year.
        elapsed_us: Microseconds since the last accrual.

    Source: Set Protocol v2, StreamingFeeModule, 2020 (dilution); here compounded continuously.

    >>> year = stream(100 * WAD, 0, Fraction(2, 100), YEAR_US)
    >>> year[0], inflation_shares(100 * WAD, 2 * 10**16)
    (2040816326530612244, 2040816326530612244)
    >>> half, rest = stream(100 * WAD, 0, Fraction(2, 100), YEAR_US // 2)
    >>> half + stream(100 * WAD + half, rest, Fraction(2, 100), YEAR_US // 2)[0]
    2040816326530612244
    """
    if elapsed_us < 0:
        raise DataError(f"a fee for {elapsed_us} microseconds cannot accrue; post in order of time")
    if not yearly or not elapsed_us:
        return 0, remainder
    with localcontext(prec=_DIGITS):
        # exp and ln are correctly rounded on every platform; a power need not be.
        left = Decimal(yearly.denominator - yearly.numerator) / Decimal(yearly.denominator)
        growth = (-left.ln() * elapsed_us / YEAR_US).exp()
        exact = (Decimal(supply) * REMAINDER_SCALE + remainder) * growth
        grown = int(exact.to_integral_value(rounding=ROUND_FLOOR))
    shares, rest = divmod(grown, REMAINDER_SCALE)
    return shares - supply, rest


def performance_shares(value: int, supply: int, mark_e36: int, share_of_gain: Fraction) -> tuple[int, int]:
    """Return the shares of a performance fee, and the new high-water mark.

        gain = value - mark N / 10^36,    F = floor(p gain),    new shares m = floor(F N / (value - F))

    so that m / (N + m) of the value is F. The new mark is value / (N + m), rounded up. Without a gain there is no fee
    and the mark stays. The mark is one for all shares: who joins below it has a free ride up to it.

    Args:
        value: Net asset value, smallest quote units.
        supply: Shares N, smallest units.
        mark_e36: Highest value of one smallest share unit after a fee, smallest quote units times 10^36.
        share_of_gain: p.

    Source: standard form without equalisation; Volta90, Performance fee example, 2025 (figures).

    A million whole shares at 1.05 over a mark of 1, 20% of the gain: 1.04 is left.

    >>> shares, mark = performance_shares(1_050_000_000_000, 10**24, 10**24, Fraction(1, 5))
    >>> shares, round(mark / 10**24, 9)
    (9615384615384615384615, 1.04)
    """
    bar = mul_div(mark_e36, supply, MARK_SCALE, round_up=True)
    if value <= bar or not supply:
        return 0, mark_e36
    fee = scale(value - bar, share_of_gain, round_up=False)
    shares = mul_div(fee, supply, value - fee, round_up=False)
    return shares, mul_div(value, MARK_SCALE, supply + shares, round_up=True)
