"""The limits and weights of the vetting, each with its reason."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.rule import Duration
from basketry.core.time import parse_duration


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Limits(_Rules):
    """From where an effect is odd, and from where it is as odd as can be.

    Attributes:
        start: Suspicion is 0 up to here.
        full: Suspicion is 1 from here on.
    """

    start: float
    full: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.start < self.full:
            raise ValueError(f"start {self.start:g} must be below full {self.full:g}")
        return self


class Weights(_Rules):
    """How much of a market's credit each test can take by itself.

    0.6 leaves a market whose only fault is that one family of tests at 40 of 100, watched: one oddity may have an
    honest cause. Two families at full leave 16, rejected.

    Attributes:
        benford: First digits.
        clustering: 0.3: programs that split orders need no round sizes; see docs/concepts/venue-vetting.md for a day
            of regulated venues on which they were no more frequent than their neighbours.
        roundness: Volume in round sizes against other venues.
        tail: 0.2: on the leaked books of Mt. Gox tail exponents pointed the wrong way (Aloosh and Li, Direct
            evidence of Bitcoin wash trading, Management Science, 2024).
        alternation: Buys and sells in turn.
        matching: Equal sizes on opposite sides.
        inside_spread: Volume between bid and ask.
        depth_volume: Volume against the book.
        correlation: 0.3: honest niche venues, too, have hours of their own.
        deviation: 0.4: a price of its own makes a venue poor, not false.
        uptime: 0.3: likewise.
    """

    benford: float = Field(0.6, ge=0, le=1)
    clustering: float = Field(0.3, ge=0, le=1)
    roundness: float = Field(0.6, ge=0, le=1)
    tail: float = Field(0.2, ge=0, le=1)
    alternation: float = Field(0.6, ge=0, le=1)
    matching: float = Field(0.6, ge=0, le=1)
    inside_spread: float = Field(0.6, ge=0, le=1)
    depth_volume: float = Field(0.6, ge=0, le=1)
    correlation: float = Field(0.3, ge=0, le=1)
    deviation: float = Field(0.4, ge=0, le=1)
    uptime: float = Field(0.3, ge=0, le=1)


class VettingRules(_Rules):
    """Everything that the vetting decides by.

    Attributes:
        false_discovery_rate: Share of false ones among the findings that are called significant, after Benjamini and
            Hochberg (1995) over all markets and tests of one vetting. What is not significant is no suspicion.
        trusted: Venues whose figures are the benchmark of the comparisons, as the regulated exchanges of Cong et al.;
            empty: the median of the other venues, which holds while most of them are honest. Two trusted ones are
            each other's benchmark.
        min_trades: Fewer trades tell nothing by their sizes or sides.
        min_intervals: Fewer intervals tell nothing about correlation, deviation or uptime.
        min_others: Fewer groups of other venues are no benchmark, unless one is trusted.
        interval: Length of the intervals whose volumes are correlated.
        within: Two trades further apart in time are no match.
        quote_age: A trade is not held against an older quote.
        depth_within: Distance from the mid up to which the book counts, fraction.
        benford: Mean absolute deviation of the nine shares; 0.015 is where Nigrini (Benford's Law, 2012) sees no
            conformity. Authentic trades of regulated venues reach 0.065 on a day, so suspicion starts later.
        clustering: How far the most frequent neighbour is above the round size, relative to the neighbour.
        roundness: Washed share that the lack of round sizes implies; honest venues differ by up to 0.4.
        tail: Distance of the exponent from the range 1 to 3.
        alternation: Runs above their expectation, relative to it; strict alternation is 1.
        matching: Share of volume matched with the opposite side beyond that matched with the same side.
        inside_spread: Washed share that the volume inside the spread implies.
        depth_volume: Volume for a unit of depth, as a multiple of the benchmark.
        correlation: Fisher's z below the benchmark.
        deviation: Basis points.
        uptime: Share of the minutes that are missing.
        weights: See Weights.
        accept: Least score of an accepted market.
        reject: A market with a lower score is rejected; between the two it is watched.
    """

    false_discovery_rate: float = Field(0.01, gt=0, lt=1)
    trusted: tuple[str, ...] = ()
    min_trades: int = Field(200, ge=50)
    min_intervals: int = Field(20, ge=5)
    min_others: int = Field(2, ge=1)
    interval: Duration = parse_duration("5m")
    within: Duration = parse_duration("1s")
    quote_age: Duration = parse_duration("1m")
    depth_within: float = Field(0.01, gt=0, lt=1)
    benford: Limits = Limits(start=0.04, full=0.09)
    clustering: Limits = Limits(start=0.1, full=0.5)
    roundness: Limits = Limits(start=0.4, full=0.8)
    tail: Limits = Limits(start=0.25, full=1.5)
    alternation: Limits = Limits(start=0.1, full=0.5)
    matching: Limits = Limits(start=0.05, full=0.3)
    inside_spread: Limits = Limits(start=0.15, full=0.5)
    depth_volume: Limits = Limits(start=3.0, full=10.0)
    correlation: Limits = Limits(start=0.2, full=0.8)
    deviation: Limits = Limits(start=25.0, full=200.0)
    uptime: Limits = Limits(start=0.05, full=0.5)
    weights: Weights = Weights()
    accept: float = Field(70.0, ge=0, le=100)
    reject: float = Field(30.0, ge=0, le=100)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.reject < self.accept:
            raise ValueError(f"reject {self.reject:g} must be below accept {self.accept:g}")
        return self
