"""Kernels that are interpreted while they have little to do give the bits of the compiled ones."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import basketry
from basketry.core import elementary
from basketry.core.compiled import PLAIN_CALLS, Kernel, kernel
from basketry.index import kernels
from basketry.methodology import _exact
from basketry.methodology.returns import _income, _kernels

ODD = [0.0, -0.0, np.nan, np.inf, 5e-324, 1e-308, 1e308, 0.1, 1 / 3]


def numbers(draw: np.random.Generator, *shape: int, odd: float = 0.1) -> Any:
    """Return figures of many sizes, some of them odd."""
    values = np.exp(draw.normal(0, 3, shape))
    return np.where(draw.random(shape) < odd, draw.choice(ODD, shape), values)


def arguments(name: str, seed: int) -> tuple[Any, ...]:
    """Return arguments of a kernel, as its callers give them."""
    draw = np.random.default_rng(seed)
    rows, columns = int(draw.integers(1, 5)), int(draw.integers(1, 6))
    jump = float(draw.choice([2.0, 20.0, np.inf]))
    prices, units = numbers(draw, rows, columns), numbers(draw, columns)
    stamps = np.cumsum(draw.integers(1, 10**12, rows + 1))
    if name == "basket_values":
        return prices, units
    if name == "is_clean":
        return prices, jump
    if name == "clean_values":
        return numbers(draw, columns, odd=0), numbers(draw, rows, columns, odd=0), units, 3.7, jump, int(stamps[-1])
    if name == "carry_forward":
        at = draw.integers(0, 10**12, (rows, columns)) if draw.random() < 0.5 else np.zeros((0, 0), dtype=np.int64)
        flags = draw.random((2, columns)) < 0.2
        seen = draw.integers(0, 10**12, columns)
        return numbers(draw, rows + 1, columns), stamps[1:], seen, at, flags[0], flags[1], jump
    if name == "grown_income":
        pause = int(draw.integers(0, 10**11))
        return (stamps, pause, numbers(draw, rows + 1, columns), stamps[1:].copy(), numbers(draw, rows, columns),
                int(stamps[0] - 10**11), numbers(draw, columns))  # fmt: skip
    if name == "step_income":
        return stamps[:rows], numbers(draw, rows, columns), units, prices
    if name == "leveraged_levels":
        resets = draw.random(rows) < 0.3
        level, anchor, start, paid = numbers(draw, 4).tolist()
        return (numbers(draw, rows), numbers(draw, rows), resets, float(draw.choice([-2.0, 3.0])), 0.5, level, anchor,
                start, paid)  # fmt: skip
    if name in ("exact_total", "range_and_total"):
        return (numbers(draw, columns, odd=0.3 if draw.random() < 0.5 else 0),)
    if name == "worth":
        return units, numbers(draw, columns, odd=0)
    if name == "struck_units":
        raw, determined, struck = numbers(draw, 3, columns, odd=0)
        raw = np.where(draw.random(columns) < 0.2, 0.0, raw)
        raw[0] = 1.0
        shares = numbers(draw, columns, odd=0) if draw.random() < 0.5 else np.zeros(0)
        return raw * draw.random(columns), raw, shares, determined, struck, 1000.0, bool(draw.random() < 0.5)
    if name == "filled":
        raw = numbers(draw, columns, odd=0)
        return raw / raw.sum(), np.full(columns, float(draw.choice([0.3, 0.5, 1.0]))), 1.0, 1e-14
    if name == "as_held":
        held, wanted = (np.flatnonzero(draw.random(9) < 0.5) for _ in range(2))
        used = numbers(draw, len(held))
        return (held, used, draw.integers(0, 99, len(held)), draw.random(len(held)) < 0.3, wanted,
                numbers(draw, len(wanted)), draw.integers(0, 99, len(wanted)))  # fmt: skip
    if name == "side_by_side":
        old, new = (np.flatnonzero(draw.random(9) < 0.5) for _ in range(2))
        return old, numbers(draw, len(old)), new, numbers(draw, len(new))
    if name in ("log_of", "exp_of"):
        return (float(draw.choice([*ODD, *(draw.normal(0, 300, 9)), 709.5, 709.9, 710.5, -745.2, 1e300])),)
    raise KeyError(name)


PLAIN = {
    name: found
    for module in (kernels, _income, _kernels, _exact, elementary)
    for name, found in vars(module).items()
    if isinstance(found, Kernel) and found.plain_size
}


def bits(value: Any) -> Any:
    """Return what can be compared bit for bit; every unknown figure is the same one."""
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    if isinstance(value, np.ndarray):
        same = np.where(np.isnan(value), np.nan, value) if value.dtype.kind == "f" else value
        return str(value.dtype), value.shape, np.ascontiguousarray(same).tobytes()
    return type(value), bits(np.array(value)) if isinstance(value, float) else value


@pytest.mark.parametrize("name", sorted(PLAIN))
@given(seed=st.integers(0, 2**32 - 1))
def test_interpreted_and_compiled_have_the_same_bits(name: str, seed: int) -> None:
    found = PLAIN[name]
    fresh = Kernel(found.plain, {}, 1_000)
    ours, theirs = arguments(name, seed), arguments(name, seed)
    assert bits((fresh(*ours), ours)) == bits((found.compiled(*theirs), theirs))


def test_every_kernel_that_may_be_interpreted_is_compared() -> None:
    for module in pkgutil.walk_packages(basketry.__path__, "basketry."):
        if "kernels" in module.name or "._" in module.name:
            importlib.import_module(module.name)
    marked = {
        name
        for module in list(sys.modules.values())
        if module.__name__.startswith("basketry.")
        for name, found in vars(module).items()
        if isinstance(found, Kernel) and found.plain_size
    }
    assert marked == set(PLAIN)


def test_what_is_large_or_called_often_is_compiled() -> None:
    calls = []

    @kernel(plain=8)
    def first(values: Any) -> float:
        calls.append(len(values))
        return float(values[0])

    first.__dict__["compiled"] = lambda _: -1.0
    few, many = np.zeros(8), np.zeros(9)
    assert [first(few) for _ in range(PLAIN_CALLS)] == [0.0] * PLAIN_CALLS
    assert first(few) == -1.0
    assert len(calls) == PLAIN_CALLS

    @kernel(plain=8)
    def second(values: Any) -> float:
        return float(values[0])

    second.__dict__["compiled"] = lambda _: -1.0
    assert second(many) == -1.0


def test_numba_is_not_loaded_before_it_is_needed() -> None:
    program = "import basketry.index.calculate, sys; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@given(seed=st.integers(0, 2**32 - 1))
def test_logarithms_of_few_have_the_bits_of_those_of_many(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values = np.concatenate([np.exp(draw.normal(0, 100, 50)), draw.random(50), [*ODD, -1.0, -np.inf, 0.5**0.5]])
    many = values.copy()
    elementary._log_all.compiled(many)
    assert bits(elementary.log(values)) == bits(many)
    assert [elementary.log_of(value) for value in values[:20].tolist()] == many[:20].tolist()
