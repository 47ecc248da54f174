"""Logarithm, exponential and power made of + - * / alone, so that their bits are the same on any processor.

The functions of NumPy and of the system's library differ by a last digit from one instruction set to another. These
carry about 100 bits, as unevaluated sums of two doubles (Dekker 1971), and round once: the result is the double nearest
to the true value but for one case in a million. Numba does not fuse or reorder what is written here.

A compiled loop of another module must not call these: Numba keeps it compiled, and does not see that they changed.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

_LN2 = Fraction("0.6931471805599453094172321214581765680755001343602552541206800094933936219696947")


def _parts(exact: Fraction) -> tuple[float, float]:
    """Return the double nearest to a number, and the one nearest to what that leaves."""
    return float(exact), float(exact - Fraction(float(exact)))


_STEPS = 64


def _root(j: int) -> Decimal:
    """Return 2^(j/64), whatever the precision of the caller's decimals."""
    with localcontext(Context(prec=50)):
        return (Decimal(2).ln() * j / _STEPS).exp()


# So few bits that its product with an exponent is exact; the rest of ln 2 has 53 more.
_LN2_HIGH = float(Fraction(int(_LN2 * 2**40), 2**40))
_LN2_LOW = float(_LN2 - Fraction(_LN2_HIGH))
_PER_LN2 = float(1 / _LN2)
_ROOT_HALF = math.sqrt(0.5)
# atanh(s) / s by powers of s²; the first in two parts, the others where a double is enough.
_ATANH_FIRST = tuple(_parts(Fraction(1, 2 * k + 1)) for k in range(4, 0, -1))
_ATANH_LAST = tuple(float(Fraction(1, 2 * k + 1)) for k in range(17, 4, -1))
# exp(r) by powers of r.
_EXP_FIRST = tuple(_parts(Fraction(1, math.factorial(k))) for k in range(6, -1, -1))
_EXP_LAST = tuple(float(Fraction(1, math.factorial(k))) for k in range(20, 6, -1))
# 2^(j/64) in two parts, and ln 2 / 64 with so few bits that its product with a whole number is exact.
_STEP_HIGH = float(Fraction(int(_LN2 / _STEPS * 2**38), 2**38))
_STEP_LOW = float(_LN2 / _STEPS - Fraction(_STEP_HIGH))
_PER_STEP = float(_STEPS / _LN2)
_ROOTS = np.array([_parts(Fraction(_root(j))) for j in range(_STEPS)])
_DOUBT = math.ldexp(1.0, -64)
"""More than the error of the short way."""
_FEW = 20_000
"""Values up to which their logarithms take less time than to load what is compiled."""
_LARGEST, _LEAST = 710.0, -746.0
"""Beyond these an exponential is infinite or zero."""


@kernel()
def _sum(a: float, b: float) -> tuple[float, float]:
    """Return a + b and its rounding error (Knuth 1969)."""
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


@kernel()
def _product(a: float, b: float) -> tuple[float, float]:
    """Return a * b and its rounding error (Dekker 1971)."""
    high = a * b
    cut = 134217729.0 * a
    a_high = cut - (cut - a)
    a_low = a - a_high
    cut = 134217729.0 * b
    b_high = cut - (cut - b)
    b_low = b - b_high
    return high, ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low


@kernel()
def _times_plus(a: float, al: float, b: float, bl: float, c: float, cl: float) -> tuple[float, float]:
    """Return a * b + c of numbers in two parts."""
    high, low = _product(a, b)
    low += a * bl + al * b
    total, rest = _sum(high, c)
    rest += low + cl
    high = total + rest
    return high, rest - (high - total)


@kernel()
def _log_parts(x: float) -> tuple[float, float]:
    """Return the logarithm of a positive finite number in two parts: e ln 2 + 2 atanh((m - 1) / (m + 1))."""
    m, e = math.frexp(x)
    if m < _ROOT_HALF:
        m, e = 2.0 * m, e - 1
    return _log_of_fraction(m, e)


@kernel()
def _log_of_fraction(m: float, e: int) -> tuple[float, float]:
    """Return the logarithm of m times the power e of 2, with m between the roots of 1/2 and 2, in two parts."""
    over = m - 1.0
    under, under_low = _sum(m, 1.0)
    s = over / under
    back, back_low = _product(s, under)
    s_low = (((over - back) - back_low) - s * under_low) / under
    z, z_low = _times_plus(s, s_low, s, s_low, 0.0, 0.0)
    tail = 0.0
    for coefficient in _ATANH_LAST:
        tail = tail * z + coefficient
    high, low = tail, 0.0
    for first, rest in _ATANH_FIRST:
        high, low = _times_plus(high, low, z, z_low, first, rest)
    high, low = _times_plus(high, low, z, z_low, 1.0, 0.0)
    return _times_plus(high, low, 2.0 * s, 2.0 * s_low, e * _LN2_HIGH, e * _LN2_LOW)


@kernel()
def _exp_parts(high: float, low: float) -> float:
    """Return the exponential of a number in two parts: 2^k exp(r), r at most half of ln 2."""
    if not high < _LARGEST:
        return high if np.isnan(high) else np.inf
    if high < _LEAST:
        return 0.0
    k = math.floor(high * _PER_LN2 + 0.5)
    r, r_low = _sum(high, -k * _LN2_HIGH)
    r_low += low - k * _LN2_LOW
    r, r_low = _sum(r, r_low)
    tail = 0.0
    for coefficient in _EXP_LAST:
        tail = tail * r + coefficient
    found, rest = tail, 0.0
    for first, second in _EXP_FIRST:
        found, rest = _times_plus(found, rest, r, r_low, first, second)
    # Interpreted, `ldexp` raises where the result is infinite, and a product does not.
    return math.ldexp(found, k - 1) * 2.0 if k > 0 else math.ldexp(found, k)


@kernel()
def _short_exp(x: float) -> float:
    """Return the exponential of |x| ≤ 700 in a tenth of the time, NaN where its rounding is in doubt.

    exp(x) = 2^(k/64) exp(r), r at most half of ln 2 / 64 (Tang 1989).
    """
    k = math.floor(x * _PER_STEP + 0.5)
    over = x - k * _STEP_HIGH
    r = over - k * _STEP_LOW
    series = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0))
    more = r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * series))) + ((over - r) - k * _STEP_LOW)
    root, root_low = _ROOTS[k & (_STEPS - 1)]
    grown, grown_low = _product(root, r)
    high = root + grown
    low = (grown - (high - root)) + (grown_low + (root_low + root_low * r + root * more))
    found = high + (low + _DOUBT)
    if found != high + (low - _DOUBT):
        return np.nan
    return math.ldexp(found, k >> 6)


@kernel(plain=1)
def log_of(x: float) -> float:
    """Return the natural logarithm; -infinity of 0, NaN below.

    >>> log_of(1.0), log_of(2.0), log_of(0.0)
    (0.0, 0.6931471805599453, -inf)
    """
    if x > 0.0 and x < np.inf:
        return _log_parts(x)[0]
    if x == 0.0:
        return -np.inf
    return np.nan if x < 0.0 else x


@kernel(plain=1)
def exp_of(x: float) -> float:
    """Return e to the power of x.

    >>> exp_of(0.0), exp_of(1.0), exp_of(-1000.0)
    (1.0, 2.718281828459045, 0.0)
    """
    if abs(x) <= 700.0:
        found = _short_exp(x)
        if not np.isnan(found):
            return found
    return _exp_parts(x, 0.0)


@kernel()
def power_of(x: float, y: float) -> float:
    """Return a number that is not negative to a finite power; 1 for the power 0, and NaN for a negative number.

    >>> power_of(0.5, 3.0), power_of(2.0, 0.5), power_of(0.0, 0.3)
    (0.125, 1.4142135623730951, 0.0)
    """
    if y == 0.0 or x == 1.0:
        return 1.0
    if x == 0.0 or x == np.inf:
        return x if y > 0.0 else 1.0 / x if x > 0.0 else np.inf
    if not x > 0.0:
        return np.nan
    high, low = _log_parts(x)
    size = high * y
    if not _LEAST <= size <= _LARGEST:
        return _exp_parts(size, 0.0)
    size, rest = _product(high, y)
    return _exp_parts(size, rest + low * y)


@kernel()
def _log_all(values: Floats) -> None:
    for place in range(len(values)):
        values[place] = log_of(values[place])


@kernel()
def _exp_all(values: Floats) -> None:
    for place in range(len(values)):
        values[place] = exp_of(values[place])


@kernel()
def _power_all(values: Floats, powers: Floats) -> None:
    for place in range(len(values)):
        values[place] = power_of(values[place], powers[place])


def _copy(values: Floats) -> Floats:
    """Return a copy in rows that may be written to: the compiled loops know of no other."""
    return np.array(values, dtype=np.float64, order="C")


def log(values: Floats) -> Floats:
    """Return the natural logarithm of each value, in their shape; -infinity of 0, NaN below.

    >>> log(np.array([[1.0, 2.0], [np.nan, 0.0]])).tolist()
    [[0.0, 0.6931471805599453], [nan, -inf]]
    """
    found = _copy(values)
    if found.size <= _FEW:
        return _log_of_few(found)
    _log_all(found.reshape(-1))
    return found


def _log_of_few(values: Floats) -> Floats:
    """Return what `log` does by the same operations, each on all values at once: nothing has to be loaded."""
    finite = (values > 0.0) & (values < np.inf)
    fractions, powers = np.frexp(np.where(finite, values, 1.0))
    small = fractions < _ROOT_HALF
    parts: Any = _log_of_fraction.interpreted
    logs = parts(np.where(small, 2.0 * fractions, fractions), np.where(small, powers - 1, powers))[0]
    with np.errstate(invalid="ignore"):
        return np.where(finite, logs, np.where(values == 0.0, -np.inf, np.where(values < 0.0, np.nan, values)))


def exp(values: Floats) -> Floats:
    """Return e to the power of each value, in their shape.

    >>> exp(np.array([0.0, 1.0])).tolist()
    [1.0, 2.718281828459045]
    """
    found = _copy(values)
    _exp_all(found.reshape(-1))
    return found


def power(values: Floats | float, powers: Floats | float) -> Floats:
    """Return values that are not negative to finite powers, one each or one for all, in their common shape.

    >>> power(0.5, np.array([0.0, 1.0, 2.0])).tolist()
    [1.0, 0.5, 0.25]
    """
    bases, exponents = np.broadcast_arrays(values, powers)
    found = _copy(bases)
    _power_all(found.reshape(-1), _copy(exponents).reshape(-1))
    return found
