"""The cash member: a stated weight of the index that is held in its currency, `cash:` in the section `weight:`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Reads, Rule
from basketry.core.time import DAY, format_instant
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import Known
from basketry.methodology.returns._rates import RateSource, doubt_of, rate_at, rate_in_words, reads_of


class Cash(Rule):
    """A share of the index is cash: units of its currency, of price 1.

    It is no asset of the data: no rule ranks, caps or screens it, the guard does not look at it, and events and missing
    prices do not concern it. At each determination of weights it is given its weight, whoever else is selected, and the
    others share the rest; their caps, floors and stated weights remain fractions of the whole index. Until the next
    strike it drifts as other weights do.

    Without a rate it earns nothing. With one its price grows from 1, when it comes in, by simple interest from each
    instant of calculation to the next, at the rate known at the former; so interest is in every series.

    Attributes:
        weight: Its weight, a fraction of the index.
        rate: Name of a rate of the data, or a fixed fraction a year; null for none.
        day_count: act/360 or act/365.

    >>> Cash(weight=0.2, rate="USD_OVERNIGHT").words()
    'Cash: 20% of the index is held in its currency and earns the rate USD_OVERNIGHT (act/360) in every series; the
    others share the rest.'
    """

    name: ClassVar[str] = "cash"
    shorthand: ClassVar[str] = "weight"
    source: ClassVar[str] = (
        "A cash component that accrues simple interest from one calculation to the next, as in S&P Dow Jones Indices, "
        "Index Mathematics Methodology, risk control indices; here its weight is stated"
    )

    weight: float = Field(strict=True, gt=0, lt=1, examples=[0.2])
    rate: RateSource | None = Field(None, examples=["USD_OVERNIGHT"])
    day_count: DayCount = "act/360"

    @model_validator(mode="after")
    def _count_of_a_rate(self) -> Cash:
        if self.rate is None and "day_count" in self.model_fields_set:
            raise MethodologyError("cash.day_count: goes with a rate; leave it out, or name a rate")
        return self

    def equation(self) -> str:
        """Return the formula, with the interest where there is any."""
        weights = "w_cash = c, w_i = (1 - c) v_i with Σ v_i = 1"
        price = "P_cash = 1" if self.rate is None else f"P_t = P_(t-1) (1 + r_(t-1) d/{self.day_count[-3:]})"
        return f"{weights}; {price}"

    @property
    def reads(self) -> Reads:
        """The rate."""
        return reads_of(self.rate)

    def doubt(self) -> str | None:
        """Return that a stated rate is above 100% a year, or that the key has no value."""
        if self.rate is None and "rate" in self.model_fields_set:
            return "has no value, so cash earns nothing; name a rate, or leave the key out"
        return doubt_of(self.rate)

    def words(self) -> str:
        """Return the rule as a sentence."""
        rate = "nothing" if self.rate is None else f"{rate_in_words(self.rate)} ({self.day_count}) in every series"
        share = f"{self.weight * 100:.10g}% of the index is held in its currency"
        return f"Cash: {share} and earns {rate}; the others share the rest."

    def prices(self, before: float, known: Known, times: NDArray[np.datetime64]) -> Floats:
        """Return the price of a unit at instants in a row, shape (k,).

        Args:
            before: Its price at the first of `times`.
            known: Rates known at `times`.
            times: The instant before them, and they, shape (k + 1,).

        Raises:
            DataError: The rate is not known at some instant, or leaves no price above zero.
        """
        if self.rate is None:
            return np.full(len(times) - 1, before)
        days = np.diff(times) / DAY
        factors = 1 + rate_at(known, times, self.rate)[:-1] * year_fraction(days, self.day_count)
        # One after the other, so that the bytes do not depend on how many instants are read at once.
        prices = np.multiply.accumulate(np.concatenate([[before], factors]))[1:]
        wrong = np.flatnonzero(~((prices > 0) & (prices < np.inf)))
        if len(wrong):
            row = int(wrong[0])
            raise DataError(
                f"cash: {rate_in_words(self.rate)} makes the price of a unit {prices[row]:g} at "
                f"{format_instant(times[row + 1])}; rates are fractions a year, as 0.05 for 5%"
            )
        return np.asarray(prices)
