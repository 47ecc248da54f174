"""Logarithm, exponential and power against the decimal arithmetic of the standard library, to the last digit."""

import math
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

import numpy as np
import pytest

from basketry.core.elementary import exp, exp_of, log, log_of, power, power_of
from basketry.core.numbers import Floats

COUNT = 500
inf, nan = math.inf, math.nan


def numbers(seed: int) -> Iterator[float]:
    """Positive numbers of all sizes, every other one near 1, where logarithms are small."""
    source = np.random.default_rng(seed)
    for turn in range(COUNT):
        if turn % 2:
            yield 1.0 + source.uniform(-0.3, 0.3) * 10.0 ** -int(source.integers(0, 12))
        else:
            yield math.ldexp(source.uniform(0.5, 1.0), int(source.integers(-1060, 1024)))


def nearest(of: Callable[[], Decimal]) -> float:
    with localcontext(prec=60):
        return float(of())


def check_logs(seed: int) -> None:
    for x in numbers(seed):
        assert log_of(x) == nearest(Decimal(x).ln), x


def check_exps(seed: int) -> None:
    source = np.random.default_rng(seed)
    for turn in range(COUNT):
        x = source.uniform(-700, 709) if turn % 2 else source.uniform(-1, 1) * 10.0 ** -int(source.integers(0, 12))
        assert exp_of(x) == nearest(Decimal(x).exp), x


def check_powers(seed: int) -> None:
    source = np.random.default_rng(seed)
    for _ in range(COUNT // 2):
        x, y = math.ldexp(source.uniform(0.5, 1.0), int(source.integers(-60, 60))), source.uniform(-9, 9)
        with localcontext(prec=60):
            assert power_of(x, y) == float((Decimal(x).ln() * Decimal(y)).exp()), (x, y)


@pytest.mark.parametrize("check", [check_logs, check_exps, check_powers])
def test_the_result_is_the_nearest_double(check: Callable[[int], None]) -> None:
    check(1)


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_logs, check_exps, check_powers])
def test_the_result_is_the_nearest_double_of_many(check: Callable[[int], None]) -> None:
    for seed in range(2, 60):
        check(seed)


@pytest.mark.parametrize(
    ("x", "expected"),
    [(1.0, 0.0), (0.0, -inf), (-0.0, -inf), (-1.0, nan), (nan, nan), (inf, inf), (5e-324, -744.4400719213812)],
)
def test_logarithms_at_the_edges(x: float, expected: float) -> None:
    np.testing.assert_equal(log_of(x), expected)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (0.0, 1.0), (710.0, inf), (inf, inf), (-inf, 0.0), (-746.5, 0.0), (nan, nan), (-744.4400719213812, 5e-324),
        (709.782712893384, 1.7976931348622732e308), (1e308, inf), (-1e308, 0.0),
    ],
)  # fmt: skip
def test_exponentials_at_the_edges(x: float, expected: float) -> None:
    np.testing.assert_equal(exp_of(x), expected)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, 1.0), (nan, 0.0, 1.0), (1.0, 1e300, 1.0), (0.0, 0.5, 0.0), (0.0, -1.0, inf), (inf, 0.5, inf),
        (inf, -1.0, 0.0), (-2.0, 0.5, nan), (nan, 0.5, nan), (0.5, 1074.0, 5e-324), (0.5, 1e308, 0.0),
        (2.0, 1e308, inf), (2.0, 10.0, 1024.0), (9.0, 0.5, 3.0), (10.0, -2.0, 0.01), (7.3, 1.0, 7.3),
        (1.1, 3.0, 1.3310000000000004),
    ],
)  # fmt: skip
def test_powers_at_the_edges(x: float, y: float, expected: float) -> None:
    np.testing.assert_equal(power_of(x, y), expected)


@pytest.mark.parametrize("shape", [(0,), (6,), (2, 3), (3, 2)])
def test_arrays_of_any_layout_give_what_their_values_give(shape: tuple[int, ...]) -> None:
    values: Floats = np.linspace(0.1, 3.0, math.prod(shape)).reshape(shape)
    for laid in (values, np.asfortranarray(values), np.repeat(values, 2, axis=0)[::2]):
        assert log(laid).tolist() == np.vectorize(log_of, otypes=[float])(values).tolist()
        assert exp(laid).tolist() == np.vectorize(exp_of, otypes=[float])(values).tolist()
        assert power(laid, 0.3).tolist() == np.vectorize(power_of, otypes=[float])(values, 0.3).tolist()
        assert power(0.3, laid).tolist() == np.vectorize(power_of, otypes=[float])(0.3, values).tolist()
