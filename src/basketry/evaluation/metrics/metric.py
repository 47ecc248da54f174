"""A metric: a figure of level series with its formula, source and convention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from basketry.core.numbers import Floats
from basketry.evaluation.metrics.sample import Sample

Unit = Literal["fraction", "fraction a year", "ratio", "days", "number"]


@dataclass(frozen=True)
class Metric:
    """One figure of each series of a sample.

    Attributes:
        name: In tables and files.
        title: In words, beside the figure.
        unit: Fractions are plain: 0.25 is 25%.
        formula: In the letters of docs/concepts/metrics.md.
        convention: What the figure assumes, printed beside it; {tail}, {target} and other terms are filled in.
        source: Author and year of the definition.
        function: From a sample to one figure a series, shape (N,); NaN where the figure is not defined.
        compares: Whether it needs a series to compare with.
        headline: Whether reports give it a confidence interval.
    """

    name: str
    title: str
    unit: Unit
    formula: str
    convention: str
    source: str
    function: Callable[[Sample], Floats]
    compares: bool = False
    headline: bool = False

    def __call__(self, sample: Sample) -> Floats:
        """Return the figure of each series, shape (N,)."""
        return self.function(sample)

    def convention_of(self, sample: Sample) -> str:
        """Return the convention with the terms of a sample filled in."""
        terms = sample.terms
        return self.convention.format(
            tail=f"{terms.tail:.4g}", decay=f"{terms.decay:.4g}", warm_up=terms.warm_up, target=f"{terms.target:.4g}",
            risk_free=f"{terms.risk_free:.4g}", exceedance=f"{terms.exceedance:.4g}", per_year=f"{sample.per_year:.6g}",
        )  # fmt: skip
