"""Bounds that a figure must lie in, with an easier lower one for members."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Bools
from basketry.market.panel import Panel
from basketry.methodology.universe import UniverseRule


class Bounded(UniverseRule):
    """Base of the rules that compare one figure with bounds.

    Attributes:
        min: Least figure; none unless given.
        max: Largest figure; none unless given.
        keep_min: Least figure for a member, where it differs (S&P: 10 million to enter, 8 million to stay).
    """

    min: float | None = Field(None, ge=0)
    max: float | None = Field(None, ge=0)
    keep_min: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Bounded:
        if self.min is None and self.max is None:
            raise MethodologyError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise MethodologyError(f"min {self.min:g} is above max {self.max:g}")
        if self.keep_min is not None and (self.min is None or self.keep_min > self.min):
            raise MethodologyError("keep_min must not be above min")
        return self

    @property
    def heeds_members(self) -> bool:
        """Whether members have a bound of their own."""
        return self.keep_min is not None or type(self).keep is not Bounded.keep

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets' figures lie within the bounds; an unknown figure does not."""
        figures = self.measured(view)
        if figures is None:
            raise MethodologyError(f"{self.name}: measures nothing")
        with np.errstate(invalid="ignore"):
            passed = ~np.isnan(figures)
            if self.min is not None:
                least = self.min if self.keep_min is None else np.where(members, self.keep_min, self.min)
                passed &= figures >= least
            if self.max is not None:
                passed &= figures <= self.max
        return passed

    def bounds_in_words(self, unit: str = "") -> str:
        """Return the bounds as the end of a sentence."""
        tail = f" {unit}" if unit else ""
        parts = []
        if self.min is not None:
            stay = f" ({self.keep_min:,.10g}{tail} for a member)" if self.keep_min is not None else ""
            parts.append(f"at least {self.min:,.10g}{tail}{stay}")
        if self.max is not None:
            parts.append(f"at most {self.max:,.10g}{tail}")
        return " and ".join(parts)
