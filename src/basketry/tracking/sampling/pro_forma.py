"""The index that a sample follows: the past returns of its assets and its composition of today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats


@dataclass(frozen=True)
class ProForma:
    """An index of N assets, as known today.

    Attributes:
        returns: Past simple returns of the assets as fractions, oldest first, shape (T, N); NaN where unknown, such
            as before an asset was listed.
        weights: The index's weights today, shape (N,), none negative, with sum 1.
        index_returns: Past returns of the index itself, whose composition may have been another, shape (T,); only a
            fit to the realised index needs them.
        sectors: Each asset's sector, or None, shape (N,); only a stratified sample needs them.

    Raises:
        DataError: Shapes differ, a return is infinite or below -1, or the weights are not weights.

    >>> ProForma(np.array([[0.01, 0.02], [0.0, -0.01]]), np.array([0.6, 0.4])).pro_forma().round(4).tolist()
    [0.014, -0.004]
    """

    returns: Floats
    weights: Floats
    index_returns: Floats | None = None
    sectors: Sequence[str | None] | None = None

    def __post_init__(self) -> None:
        returns, weights = np.asarray(self.returns, dtype=np.float64), np.asarray(self.weights, dtype=np.float64)
        object.__setattr__(self, "returns", returns)
        object.__setattr__(self, "weights", weights)
        if returns.ndim != 2 or min(returns.shape) == 0:
            raise DataError(f"returns: expected rows and columns, shape (T, N), was {returns.shape}")
        rows, columns = returns.shape
        if weights.shape != (columns,):
            raise DataError(f"weights: expected one for each of {columns} columns of returns, was {weights.shape}")
        if np.isnan(weights).any() or (weights < 0).any() or abs(weights.sum() - 1) > 1e-9:
            raise DataError(f"weights: expected none negative and a sum of 1, was {weights.sum():.12g}")
        wrong = np.argwhere(np.isinf(returns) | (returns < -1))
        if len(wrong):
            row, column = wrong[0]
            raise DataError(f"returns: row {row}, column {column} is {returns[row, column]}; give NaN where unknown")
        if self.index_returns is not None:
            index_returns = np.asarray(self.index_returns, dtype=np.float64)
            object.__setattr__(self, "index_returns", index_returns)
            if index_returns.shape != (rows,) or not np.isfinite(index_returns).all():
                raise DataError(f"index_returns: expected a finite return for each of {rows} rows of returns")
        if self.sectors is not None and len(self.sectors) != columns:
            raise DataError(f"sectors: expected one (or None) for each of {columns} assets, was {len(self.sectors)}")

    def pro_forma(self) -> Floats:
        """Return the past returns that today's composition would have had, shape (T,).

        y_t = Σ w_i x_ti over the assets with a return in row t, divided by their weight.

        Raises:
            DataError: No asset of the index has a return in a row.
        """
        known = ~np.isnan(self.returns)
        covered = known @ self.weights
        if (covered <= 0).any():
            row = int(np.flatnonzero(covered <= 0)[0])
            raise DataError(f"returns: row {row} has no return of any asset of the index; begin the window after it")
        filled: Floats = np.where(known, self.returns, 0.0) @ self.weights / covered
        return filled
