"""Weighted median over venues with capped weights, trimmed over the parts of a window: the default rate."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats, added
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.quantiles import weighted_median
from basketry.reference.rate import RATES, Contributions, Estimates, Sources, TradeRate, all_included


@RATES.register("capped_median")
class CappedMedian(TradeRate):
    """Three medians in a row: of a venue's trades, of the venues, and nearly one of the parts of the window.

    In each part the price of a venue is the volume-weighted median of its trades. The price of the part is the
    weighted median over the venues, the middle of two where exactly half of the weight lies on either side. A venue
    weighs by its volume in the window; the weight of each group of venues that can fail together is capped at
    0.96 / (2 k), so that k corrupt groups hold less than half. The rate is the mean over the parts without the `trim`
    lowest and highest, if at least half of the parts have a price.

    Volume is what a venue reports of itself; with the cap no volume buys more than the cap. What k corrupt groups can
    do is to move the price of a part within the prices of the honest venues; they cannot move it beyond.

    Attributes:
        parts: Number of equal parts.
        survive: Corrupt groups k to survive; fewer where fewer than 2 k + 1 groups trade.
        trim: Parts left out at either end of the ordered parts; fewer where parts have no price.
        agree: Where one or two groups trade in a part, a venue counts only with a witness: a price of another group,
            in the part, else its latest before, else its first after in the window, no further than this fraction of
            the lower price. A venue that is the
            only one of its window needs none.
    """

    formula: ClassVar[str] = "P = mean of m_(trim+1) ... m_(K-trim),  m_j = weighted median_v(median_v,j),  w ≤ 0.96/2k"
    source: ClassVar[str] = (
        "weighted median with bounded influence: Hampel, Ronchetti, Rousseeuw and Stahel, Robust Statistics, 1986; "
        "parts as in the CME CF reference rates; caps of basketry"
    )
    influence: ClassVar[str] = "k corrupt groups stay within the prices of the honest venues; k + 1 are not survived"

    parts: int = Field(12, ge=1, le=3600, description="number of equal parts")
    survive: int = Field(2, ge=0, le=20, description="corrupt groups of venues to survive")
    trim: int = Field(2, ge=0, description="parts left out at either end")
    agree: float = Field(0.05, gt=0, lt=1, description="distance within which two prices agree, fraction")

    @property
    def part_count(self) -> int:
        """Number of parts of the window."""
        return self.parts

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"in each of {self.parts} parts of {format_duration(self.window)} the median over venues of their "
            f"volume-weighted medians, each group of venues capped so that {self.survive} corrupt ones, or as many as "
            f"can be, hold less than half; then the mean of the parts without the {self.trim} lowest and highest"
        )

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        price, weight, _, _ = self._weigh(tape, instants, included)
        parts = weighted_median(price, weight) if price.shape[-1] else np.full(price.shape[:2], np.nan)
        return Estimates(trimmed_mean(parts, self.trim), parts)

    def contributions(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Contributions:
        """Return what each venue gave: its volume-weighted median and its capped weight in each part."""
        price, weight, size, survives = self._weigh(tape, instants, included)
        known = np.asarray(np.isfinite(price).any(axis=2))
        # Parts that survive less are trimmed away as long as there are no more of them than `trim`.
        ordered = np.sort(np.where(known, survives, np.iinfo(np.int64).max), axis=1)
        trim = _trimmed(np.count_nonzero(known, axis=1), self.trim)
        least = np.take_along_axis(ordered, trim[:, None], axis=1)[:, 0]
        return Contributions(price, weight, tape.base_units(size), np.where(known.any(axis=1), least, 0))

    def _weigh(self, tape: Tape, instants: Ints, included: Bools | None) -> tuple[Floats, Floats, Ints, Ints]:
        from basketry.reference.caps import capped_parts
        from basketry.reference.kernels import source_medians

        sources = Sources.of(tape)
        price, size = source_medians(
            tape.price,
            tape.size,
            self.bounds(tape, instants),
            all_included(tape, instants, included),
            sources.of_market,
            len(sources.venues),
        )
        volume = size.sum(axis=1).astype(np.float64)
        weight, survives = capped_parts(price, volume, sources.group, self.survive, self.agree)
        return price, weight, size, survives


def trimmed_mean(parts: Floats, trim: int) -> Floats:
    """Return the mean of the known parts without the `trim` lowest and highest, shape (T,).

    NaN where fewer than half of the parts are known. Of n known parts at most (n - 1) // 2 are left out at an end.

    >>> trimmed_mean(np.array([[5.0, 1.0, 2.0, 3.0, 900.0]]), 1)
    array([3.33333333])
    """
    ordered = np.sort(parts, axis=1)  # NaN go last
    count = np.count_nonzero(np.isfinite(parts), axis=1)
    trim_of = _trimmed(count, trim)
    place = np.arange(parts.shape[1])
    kept = (place >= trim_of[:, None]) & (place < (count - trim_of)[:, None])
    total = added(np.where(kept, ordered, 0.0), axis=1)
    enough = (2 * count >= parts.shape[1]) & (count > 0)
    return np.divide(total, np.count_nonzero(kept, axis=1), out=np.full(len(parts), np.nan), where=enough)


def _trimmed(count: Ints, trim: int) -> Ints:
    return np.minimum(trim, np.maximum((count - 1) // 2, 0))
