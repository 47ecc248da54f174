"""Bounds that a figure must lie in, now or over a window, with an easier lower one for members."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.market.statistics import last_of_days
from basketry.methodology.metrics import metric
from basketry.methodology.universe import UniverseRule, figure_in_words
from basketry.methodology.universe._window import DAY, Statistic, Window, back_to, check_window, window_in_words


class Bounded(UniverseRule):
    """Base of the rules that compare one figure with bounds.

    Attributes:
        min: Least figure; none unless given.
        max: Largest figure; none unless given.
        keep_min: Least figure for a member, where it differs (S&P: 10 million to enter, 8 million to stay).
        window: The time before the determination that counts, such as 30d, or `review` for all since the previous
            scheduled determination. With it goes `statistic` or `days`.
        statistic: minimum, maximum, median or mean of the figures in the window; unknown ones do not count.
        days: The bounds hold on at least this share of the days of the window, 1 for every day. A day without a figure
            is one on which they do not hold, so is one before the first figure. Of several in a day the last counts.
    """

    figure: ClassVar[str] = ""
    """The field of the panel that is compared."""

    min: float | None = Field(None, ge=0)
    max: float | None = Field(None, ge=0)
    keep_min: float | None = Field(None, ge=0)
    window: Window | None = None
    statistic: Statistic | None = None
    days: float | None = Field(None, gt=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Bounded:
        if self.min is None and self.max is None:
            raise MethodologyError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise MethodologyError(f"min {self.min:g} is above max {self.max:g}")
        if self.keep_min is not None and (self.min is None or self.keep_min > self.min):
            above = "without one" if self.min is None else f"{self.keep_min:g} is above {self.min:g}"
            raise MethodologyError(f"keep_min must not be above min: {above}")
        check_window(self.name, self.window, self.days, self.statistic, "statistic" in self.model_fields_set)
        return self

    @property
    def heeds_members(self) -> bool:
        """Whether members have a bound of their own."""
        return self.keep_min is not None or type(self).keep is not Bounded.keep

    def since_review(self, now: np.datetime64, review: Callable[[], np.datetime64]) -> UniverseRule:
        """Return the rule with its window in time."""
        if self.window != "review":
            return self
        return self.model_copy(update={"window": back_to(now, review(), whole=self.days is not None)})

    # What a rule compares. One whose figure is more than a field defines these three.

    @property
    def reads(self) -> Reads:
        """The figure compared; over a window a field of the data."""
        name = (self.compared(),)
        return Reads(figures=name) if self.window is None else Reads(fields=name)

    def compared(self) -> str:
        """Return the name of the field or metric."""
        if not self.figure:
            raise MethodologyError(f"{self.name}: measures nothing")
        return self.figure

    def latest(self, view: Panel) -> Floats:
        """Return the figure at the determination, shape (N,)."""
        return metric(view, self.compared())

    def rows(self, view: Panel, length: timedelta) -> Floats:
        """Return the figure at each row of a window in units of the last, shape (k, N)."""
        return view.window(self.compared(), length)

    def summary(self, view: Panel, length: timedelta, statistic: str) -> Floats:
        """Return a statistic of the rows of a window, shape (N,)."""
        return view.statistic(self.compared(), statistic, length)

    # What is made of it.

    def measured(self, view: Panel) -> Floats:
        """Return the latest figure, its statistic, or the share of days on which the bounds hold for newcomers."""
        if self.window is None:
            return self.latest(view)
        if self.days is not None:
            return self._days_held(view, self.min) / self._day_count
        return self.summary(view, self._length, str(self.statistic))

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets' figures lie within the bounds; an unknown figure does not."""
        if self.days is not None:
            return self._held(view, members) >= self._days_needed
        figures = self.measured(view)
        with np.errstate(invalid="ignore"):
            passed = ~np.isnan(figures)
            if self.min is not None:
                least = self.min if self.keep_min is None else np.where(members, self.keep_min, self.min)
                passed &= figures >= least
            if self.max is not None:
                passed &= figures <= self.max
        return passed

    @property
    def _length(self) -> timedelta:
        if not isinstance(self.window, timedelta):
            raise MethodologyError(f"{self.name}.window: {self.window} is known at a determination only")
        return self.window

    @property
    def _day_count(self) -> int:
        """The days of the window; those that the data do not reach count too."""
        return self._length // DAY

    @property
    def _days_needed(self) -> int:
        # By the digits as written: 0.7 of 10 days are 7, where 0.7 * 10 is more than that.
        return math.ceil(Fraction(repr(self.days)) * self._day_count)

    def _held(self, view: Panel, members: Bools) -> NDArray[np.int64]:
        """Return on how many days of the window the bounds hold, those of a member for members, shape (N,)."""
        held = self._days_held(view, self.min)
        return held if self.keep_min is None else np.where(members, self._days_held(view, self.keep_min), held)

    def _days_held(self, view: Panel, least: float | None) -> NDArray[np.int64]:
        def count() -> NDArray[np.int64]:
            values = self.rows(view, self._length)
            days = last_of_days(values, view.times[len(view.times) - len(values) :])
            with np.errstate(invalid="ignore"):
                within = ~np.isnan(days) if least is None else days >= least
                if self.max is not None:
                    within &= days <= self.max
            return np.count_nonzero(within, axis=0)

        # Counts and not the days themselves: those of hundreds of determinations would fill the memory.
        found: NDArray[np.int64] = view.remember(("days held", type(self), self.model_dump_json(), least), count)
        return found

    # In words.

    def equation(self) -> str:
        """Return the formula: of the latest figure, of a statistic over the window, or of the days that hold it."""
        low, high = ("min ≤ " if self.min is not None else ""), (" ≤ max" if self.max is not None else "")
        if self.days is not None:
            return f"|{{days of the window: {low}x_d{high}}}| ≥ days · |window|"
        if self.window is not None:
            return f"{low}{self.statistic}(x over window){high}"
        return self.formula

    def sentence(self, figure: str) -> str:
        """Return the rule as a sentence about its figure."""
        if self.window is None:
            return f"The {figure} is {self.bounds_in_words()}."
        over = window_in_words(self.window)
        if self.days is None:
            since = f"over {over}" if isinstance(self.window, timedelta) else over
            return f"The {self.statistic} {figure} {since} is {self.bounds_in_words()}."
        return f"The {figure} is {self.bounds_in_words()} {self.days_in_words()}."

    def days_in_words(self) -> str:
        """Return on how many days the bounds hold, as the end of a sentence."""
        if self.window is None or self.days is None:
            return ""
        over = window_in_words(self.window)
        if self.days == 1:
            return f"on every day of {over}" if isinstance(self.window, timedelta) else f"on every day {over}"
        days = over if isinstance(self.window, timedelta) else f"the days {over}"
        return f"on at least {self.days * 100:.10g}% of {days}"

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

    def told(self, view: Panel, members: Bools) -> list[str]:
        """Return the figure of each asset in words: the latest, the statistic, or on how many days the bounds hold."""
        if self.days is not None:
            ends = [self._bounds_of(bool(member)) for member in members]
            needed, count = self._days_needed, self._day_count
            held = self._held(view, members).tolist()
            return [f"on {n} of {count} days {end}; {needed} needed" for n, end in zip(held, ends, strict=True)]
        figures = [figure_in_words(figure) for figure in self.measured(view).tolist()]
        if self.window is None:
            return figures
        return [f"{self.statistic} {figure} over {window_in_words(self.window)}" for figure in figures]

    def _bounds_of(self, member: bool) -> str:
        kinder = member and self.keep_min is not None
        own = self.model_copy(update={"min": self.keep_min, "keep_min": None} if kinder else {"keep_min": None})
        return own.bounds_in_words() + (" as a member" if kinder else "")
