"""How far a sample strays: the loss over past rows, and the quadratic programs that lead to its minimum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.shrinkage import shrinkage as shrinkage_of

Fit = Literal["pro_forma", "realised"]
Loss = Literal["squared", "downside", "huber"]
Shrinkage = Literal["none", "ledoit_wolf"]

# Keeps moments of fewer rows than assets invertible; relative to the mean variance.
RIDGE = 1e-9


@dataclass(frozen=True)
class Objective:
    """f(w) = scale · mean_t φ(y_t - x_t w) + Σ a_i (w_i - b_i)², with b the weights of the index.

    Attributes:
        returns: x, without gaps, shape (T, N).
        followed: y, what is followed, shape (T,).
        anchor: a, shape (N,).
        weights: b, shape (N,).
        scale: 1 less the shrinkage.
        loss: φ: the square; the square where the sample falls short, else 0; or Huber's, a square up to a threshold
            and a line beyond.
        threshold: Huber's threshold, a return of one row.
    """

    returns: Floats
    followed: Floats
    anchor: Floats
    weights: Floats
    scale: float = 1.0
    loss: Loss = "squared"
    threshold: float = 0.01

    @cached_property
    def _squares(self) -> tuple[Floats, Floats]:
        return self._form(*self.moments)

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Return the means of x xᵀ and of y x, shapes (N, N) and (N,)."""
        return moments_of(self.returns, self.followed)

    def _form(self, square: Floats, cross: Floats) -> tuple[Floats, Floats]:
        quadratic: Floats = 2 * self.scale * square
        linear: Floats = 2 * (self.scale * cross + self.anchor * self.weights)
        quadratic[np.diag_indices_from(quadratic)] += 2 * self.anchor
        return quadratic, linear

    def quadratic_form(self, at: Floats | None = None) -> tuple[Floats, Floats]:
        """Return Q and c of the program ½ wᵀ Q w - cᵀ w, shapes (N, N) and (N,).

        Of the square it is the objective itself, less a constant; of the other losses a quadratic that lies above the
        objective and touches it at the weights `at`.
        """
        if at is None or self.loss == "squared":
            return self._squares
        short = self.followed - self.returns @ at
        if self.loss == "downside":
            return self._form(self.moments[0], (self.followed - np.minimum(short, 0.0)) @ self.returns / len(short))
        root = np.sqrt(self.threshold / np.maximum(np.abs(short), self.threshold))
        return self._form(*moments_of(self.returns * root[:, None], self.followed * root))

    def value(self, weights: Floats) -> float:
        """Return f(w)."""
        short = self.followed - self.returns @ weights
        if self.loss == "downside":
            short = np.maximum(short, 0.0)
        losses = short**2
        if self.loss == "huber":
            size, edge = np.abs(short), self.threshold
            losses = np.where(size <= edge, losses, edge * (2 * size - edge))
        return float(self.scale * losses.mean() + (self.anchor * (weights - self.weights) ** 2).sum())


def objective(target: ProForma, fit: Fit, loss: Loss, threshold: float, shrinkage: Shrinkage) -> Objective:
    """Return the objective of following a target.

    An unknown return counts as the return of the index in its row, and the variance that this lacks is made up for in
    the anchor: the share of unknown rows times the median variance about the index of the assets without gaps. So
    an asset listed late does not look like a perfect tracker, and its own weight in the index still counts.

    Raises:
        DataError: A fit to the realised index without its returns, or a row without any return.
    """
    if fit == "realised" and target.index_returns is None:
        raise DataError("fit: realised needs index_returns, the past returns of the index; or fit: pro_forma")
    pro_forma = target.pro_forma()
    known = ~np.isnan(target.returns)
    returns: Floats = np.ascontiguousarray(np.where(known, target.returns, pro_forma[:, None]))
    missing = 1 - known.mean(axis=0)
    ridge = RIDGE * (float((returns**2).mean()) or 1.0)
    anchor = np.full(len(target.weights), ridge)
    if missing.any():
        rows = np.maximum(known.sum(axis=0), 1)
        own = ((returns - pro_forma[:, None]) ** 2).sum(axis=0) / rows
        anchor += missing * float(np.median(own[missing == 0] if (missing == 0).any() else own))
    followed = pro_forma if fit == "pro_forma" or target.index_returns is None else target.index_returns
    goal = Objective(returns, followed, anchor, target.weights, 1.0, loss, threshold)
    if shrinkage == "none":
        return goal
    share, level = shrinkage_of(returns, goal.moments[0])
    shrunk = replace(goal, anchor=(1 - share) * anchor + max(share * level, share * ridge), scale=1 - share)
    # The same rows: their moments are not worked out again.
    shrunk.__dict__["moments"] = goal.moments
    return shrunk


def moments_of(returns: Floats, followed: Floats) -> tuple[Floats, Floats]:
    """Return the means of x xᵀ and of y x over the rows, shapes (N, N) and (N,)."""
    from basketry.tracking.sampling.kernels import moments

    square, cross = moments(np.ascontiguousarray(returns), followed)
    return square, cross
