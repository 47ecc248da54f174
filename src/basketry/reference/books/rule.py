"""Parameters of the rate from order books."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from basketry.core.rule import Duration, Rule
from basketry.core.time import format_duration, parse_duration


class BookRate(Rule):
    """The exponentially weighted price of the merged books over the depth that they offer at a tight spread.

    The books that count are merged; one level counts for at most `size_cap`. askPV(v) and bidPV(v) are the prices of
    the last unit when v is bought or sold; midPV is their mean and midSV(v) = askPV / midPV - 1. The utilised depth is
    the largest v on the grid s, 2 s, ... with midSV(v) ≤ D, at least s; the rate is the mean of midPV up to there with
    weights λ exp(-λ v). Levels of a book stand for its orders.

    The parameters are versioned with the methodology. No claim of identity with any administrator's index is made:
    its parameters are not all published.

    Attributes:
        spacing: Grid s, in base units.
        decay: Weight decay λ, per base unit.
        spread: Largest mid spread D, a fraction.
        size_cap: Largest size of a level, in base units, or dynamic: the mean of the levels within 5% of the best (at
            least 50 a side), 1% trimmed at either end, plus five standard deviations winsorised there.
        steps: Most grid points.
        stale: A book without a message for longer does not count.
        deviation: A book whose mid is further from the median of the mids is out.
        return_below: It returns below this share of `deviation`.
        min_venues: Least number of venues; below it the last rate is carried.
        carry: How long it is carried; then there is none.
    """

    name: ClassVar[str] = "order_book"
    formula: ClassVar[str] = "P = Σ_{v=s,2s..v_T} midPV(v) λ e^{-λv} / Σ λ e^{-λv},  v_T = max(s, max{v: midSV(v) ≤ D})"
    source: ClassVar[str] = (
        "CME CF Bitcoin Real Time Index methodology, version 2, 2018; order size cap of December 2019"
    )

    spacing: float = Field(1.0, gt=0)
    decay: float = Field(0.1, ge=0)
    spread: float = Field(0.005, gt=0, lt=1)
    size_cap: float | Literal["dynamic"] = "dynamic"
    steps: int = Field(1000, ge=1, le=100_000)
    stale: Duration = Field(parse_duration("30s"), gt=timedelta(0))
    deviation: float = Field(0.05, gt=0, lt=1)
    return_below: float = Field(0.5, gt=0, le=1)
    min_venues: int = Field(2, ge=1)
    carry: Duration = parse_duration("1m")

    def words(self) -> str:
        """Return the rule as a sentence."""
        cap = "a dynamic cap" if self.size_cap == "dynamic" else f"{self.size_cap:g}"
        return (
            f"the mean price against volume of the merged books, in steps of {self.spacing:g} up to a mid spread of "
            f"{self.spread:.4g}, weights falling by e^-{self.decay:g} a unit; a level counts for at most {cap}; books "
            f"older than {format_duration(self.stale)} or further than {self.deviation:.4g} from the median are out"
        )
