"""Exchanges: the closed form of every change, and a choice that none improves."""

from __future__ import annotations

import numpy as np

from basketry.core.numbers import Floats
from basketry.tracking.sampling.elimination_kernels import bounded, eliminate
from basketry.tracking.sampling.exchange_kernels import _changes, exchange


def program(seed: int, count: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(0, 0.1, (60, 1)) + rng.normal(0, 0.1, (60, count))
    quadratic = rows.T @ rows
    return quadratic, quadratic @ np.full(count, 1 / count)


def value(quadratic: Floats, linear: Floats, members: list[int], *, bounds: bool = True) -> float:
    """The least objective on the members, by the kernel or, without bounds, by NumPy."""
    inner, right = quadratic[np.ix_(members, members)], linear[members]
    if bounds:
        zeros = np.zeros(len(linear))
        w = bounded(quadratic, linear, np.array(members), 1.0, zeros, 0.0, np.full(len(members), 1 / len(members)))
    else:
        ones = np.ones((len(members), 1))
        system = np.block([[inner, ones], [ones.T, np.zeros((1, 1))]])
        w = np.linalg.solve(system, np.append(right, 1.0))[:-1]
    return float(0.5 * w @ inner @ w - right @ w)


def test_changes_are_those_of_solving_each_exchange() -> None:
    quadratic, linear = program(1, 9)
    members, outside = [0, 2, 5, 7], [1, 3, 4, 6, 8]
    weights = bounded(quadratic, linear, np.array(members), 1.0, np.zeros(9), 0.0, np.full(4, 0.25))
    assert weights.min() > 0
    changes = _changes(quadratic, linear, np.array(members), np.array(outside), weights, np.zeros(9), 0.0)
    before = value(quadratic, linear, members)
    compared = 0
    for row, leaves in enumerate(members):
        for column, joins in enumerate(outside):
            swapped = [joins if member == leaves else member for member in members]
            after = value(quadratic, linear, swapped, bounds=False)
            left = value(quadratic, linear, [m for m in members if m != leaves], bounds=False)
            # A newcomer that would be sold short is left at nothing.
            expected = after if changes[row, column] < left - before - 1e-15 else left
            np.testing.assert_allclose(changes[row, column], expected - before, rtol=1e-7, atol=1e-12)
            compared += expected == after
    assert compared > 10


def test_no_single_exchange_improves_what_is_found() -> None:
    for seed in range(5):
        quadratic, linear = program(seed, 20)
        everyone, zeros = np.ones(20, dtype=np.bool_), np.zeros(20)
        left = eliminate(quadratic, linear, everyone, 1.0, zeros, 0.0, 5, np.full(20, 0.05))
        found = exchange(quadratic, linear, everyone, 1.0, zeros, 0.0, left)
        assert found.sum() == 5
        members = np.flatnonzero(found).tolist()
        best = value(quadratic, linear, members)
        assert best <= value(quadratic, linear, np.flatnonzero(left).tolist()) + 1e-15
        for leaves in members:
            for joins in np.flatnonzero(~found).tolist():
                swapped = [joins if member == leaves else member for member in members]
                assert value(quadratic, linear, swapped) >= best - 1e-6 * abs(best)
