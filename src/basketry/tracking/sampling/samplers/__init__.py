"""Samplers: rules that follow an index of N assets with at most k of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.refit import Holdings, check_holdings

__all__ = ["SAMPLERS", "Sample", "Sampler"]


@dataclass(frozen=True)
class Sample:
    """A portfolio of few assets.

    Attributes:
        weights: Weight of every asset of the index, most of them 0, shape (N,).
        value: The objective at the weights, mean squared return of a row (of the loss asked for) with what shrinkage
            and unknown returns add; NaN of a sampler that fits nothing.
        turnover: Traded fraction of the value, one way; 1 from cash.
        bound: What the objective of no such portfolio can be below; NaN where nothing is proved.
    """

    weights: Floats
    value: float
    turnover: float
    bound: float = float("nan")

    @property
    def held(self) -> NDArray[np.int64]:
        """Return the columns of the assets that are held, ascending."""
        return np.flatnonzero(self.weights)

    @property
    def gap(self) -> float:
        """Return how far the proved bound is below the objective, as a fraction of it; NaN where nothing is proved."""
        return (self.value - self.bound) / self.value if self.value > 0 else self.value - self.bound


class Sampler(Rule):
    """Base of the rules that choose and weigh few assets of an index.

    Attributes:
        assets: The most assets that may be held.
        min_weight: Lower bound of a weight that is held.
        max_weight: Upper bound of a weight.
    """

    shorthand = "assets"

    assets: int = Field(ge=1)
    min_weight: float = Field(0.0, ge=0, lt=1)
    max_weight: float = Field(1.0, gt=0, le=1)

    def sample(self, target: ProForma, previous: Floats | None = None) -> Sample:
        """Return a portfolio that follows the target.

        Args:
            target: The index and the past of its assets.
            previous: Weights held until now, shape (N,), with sum 1 or less; what is missing was held in other
                assets. None from cash.

        Raises:
            MethodologyError: More assets than the index has, or bounds that no weights keep.
            DataError: The target lacks what the sampler needs.
        """
        raise NotImplementedError

    def holdings(self, target: ProForma, previous: Floats | None, candidates: int) -> Holdings:
        """Return the limits of the portfolio, checked against each other and the candidates."""
        count = len(target.weights)
        if previous is not None:
            previous = np.asarray(previous, dtype=np.float64)
            if previous.shape != (count,) or not (previous >= 0).all() or previous.sum() > 1 + 1e-9:
                raise DataError(f"previous: expected {count} weights, none negative, with a sum of 1 or less")
        holdings = Holdings(self.assets, self.min_weight, self.max_weight, previous)
        try:
            return check_holdings(holdings, candidates, count)
        except MethodologyError as error:
            raise type(error)(f"{self.name}: {error}") from error

    def limits_in_words(self) -> str:
        """Return the bounds as the end of a sentence."""
        words = f", at least {self.min_weight * 100:g}% each" if self.min_weight else ""
        return words + (f", at most {self.max_weight * 100:g}% each" if self.max_weight < 1 else "")


SAMPLERS: Registry[Sampler] = Registry("sampler", "samplers", __name__)
