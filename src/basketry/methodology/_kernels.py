"""Compiled inner loops of float bands and of risk-based weights.

Each adds in a fixed order and uses no library that splits work over threads, so results do not depend on the
machine.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats


@kernel()
def last_bands(history: Floats, edges: Floats, lowest: Floats, highest: Floats) -> NDArray[np.int64]:
    """Return each column's band at the last row, shape (n,); -1 where no share is known.

    Args:
        history: Free-float shares, shape (T, n); NaN where unknown.
        edges: Upper edges of the bands, ascending, shape (m,); band 0 lies below edges[0], band k in
            (edges[k - 1], edges[k]], where the lower edge of band 1 belongs to it.
        lowest: A band is kept down to this share, shape (m,).
        highest: And up to this one, shape (m,).
    """
    rows, columns = history.shape
    bands = np.full(columns, -1)
    for column in range(columns):
        band = -1
        for row in range(rows):
            share = history[row, column]
            if np.isnan(share):
                continue
            if band >= 0 and lowest[band] <= share <= highest[band]:
                continue
            band = 0
            if share >= edges[0]:
                band = 1
                while share > edges[band]:
                    band += 1
        bands[column] = band
    return bands


@kernel()
def covariance(returns: Floats) -> Floats:
    """Return the sample covariance (n - 1) of the columns, shape (n, n)."""
    rows, columns = returns.shape
    centred = np.empty((columns, rows))
    for column in range(columns):
        total = 0.0
        for row in range(rows):
            total += returns[row, column]
        for row in range(rows):
            centred[column, row] = returns[row, column] - total / rows
    result = np.empty((columns, columns))
    for first in range(columns):
        for second in range(first + 1):
            total = 0.0
            for row in range(rows):
                total += centred[first, row] * centred[second, row]
            result[first, second] = total / (rows - 1)
            result[second, first] = result[first, second]
    return result


@kernel()
def equal_contributions(correlation: Floats, tolerance: float, sweeps: int) -> Any:
    """Return x > 0 with x_i (C x)_i = 1 for all i, and the largest error, by cyclical coordinate descent.

    Each step solves x_i² + x_i Σ_{j≠i} C_ij x_j = 1 for its positive root.
    """
    count = len(correlation)
    x = np.full(count, 1.0 / np.sqrt(count))
    error = np.inf
    for _ in range(sweeps):
        error = 0.0
        for place in range(count):
            others = 0.0
            for other in range(count):
                if other != place:
                    others += correlation[place, other] * x[other]
            error = max(error, abs(x[place] * (others + correlation[place, place] * x[place]) - 1.0))
            root = np.sqrt(others * others + 4.0 * correlation[place, place])
            # The two forms are equal; each avoids the subtraction of nearly equal numbers.
            x[place] = 2.0 / (others + root) if others > 0 else (root - others) / (2.0 * correlation[place, place])
        if error < tolerance:
            break
    return x, error


@kernel()
def cholesky(matrix: Floats) -> Any:
    """Return L with L L' = matrix, and whether every pivot is above 1e-12 of its diagonal element."""
    count = len(matrix)
    lower = np.zeros((count, count))
    for column in range(count):
        for row in range(column, count):
            total = matrix[row, column]
            for inner in range(column):
                total -= lower[row, inner] * lower[column, inner]
            if row == column:
                if not total > 1e-12 * matrix[column, column]:
                    return lower, False
                lower[column, column] = np.sqrt(total)
            else:
                lower[row, column] = total / lower[column, column]
    return lower, True


@kernel()
def forward_solve(lower: Floats, right: Floats) -> Floats:
    """Return y with L y = right."""
    count = len(lower)
    y = np.empty(count)
    for row in range(count):
        total = right[row]
        for inner in range(row):
            total -= lower[row, inner] * y[inner]
        y[row] = total / lower[row, row]
    return y


@kernel()
def backward_solve(lower: Floats, right: Floats) -> Floats:
    """Return y with L' y = right."""
    count = len(lower)
    y = np.empty(count)
    for row in range(count - 1, -1, -1):
        total = right[row]
        for inner in range(row + 1, count):
            total -= lower[inner, row] * y[inner]
        y[row] = total / lower[row, row]
    return y


@kernel()
def held_at_least_variance(matrix: Floats) -> Any:
    """Return y ≥ 0 with Σy ≥ 1 and equality where y > 0, and whether it was found, by sets of assets held.

    Each round holds the asset at which Σy - 1 is least too, and solves Σy = 1 over those held; where one comes out
    not positive, y goes towards that solution until the first of those held is at zero, which is let go.

    Args:
        matrix: Symmetric, positive definite, shape (n, n).
    """
    count = len(matrix)
    y = np.zeros(count)
    held = np.zeros(count, dtype=np.bool_)
    refused = np.zeros(count, dtype=np.bool_)
    for _ in range(20 * count + 20):
        most, newest = 0.0, -1
        for place in range(count):
            if held[place] or refused[place]:
                continue
            reached, size = 0.0, 1.0
            for other in range(count):
                term = matrix[place, other] * y[other]
                reached += term
                size += abs(term)
            # What rounding alone may make of an asset that is just not held.
            if 1.0 - reached > most and 1.0 - reached > 1e-14 * size:
                most, newest = 1.0 - reached, place
        if newest < 0:
            return y, True
        held[newest] = True
        while True:
            places = np.flatnonzero(held)
            part = np.empty((len(places), len(places)))
            for row in range(len(places)):
                for column in range(len(places)):
                    part[row, column] = matrix[places[row], places[column]]
            factor, definite = cholesky(part)
            if not definite:
                return y, False
            solved = backward_solve(factor, forward_solve(factor, np.ones(len(places))))
            step, last = 1.0, -1
            for row in range(len(places)):
                if solved[row] <= 0.0:
                    part_way = y[places[row]] / (y[places[row]] - solved[row]) if y[places[row]] > 0.0 else 0.0
                    if last < 0 or part_way < step:
                        step, last = part_way, places[row]
            if last < 0:
                for row in range(len(places)):
                    y[places[row]] = solved[row]
                refused[:] = False
                break
            for row in range(len(places)):
                y[places[row]] += step * (solved[row] - y[places[row]])
            y[last] = 0.0
            held[last] = False
            if last == newest:
                # By rounding alone it seemed worth holding.
                refused[newest] = True
    return y, False
