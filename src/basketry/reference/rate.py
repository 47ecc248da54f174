"""What every reference rate made from trades is: a rule that turns tapes and instants into prices."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from basketry.core.numbers import Bools, Floats, added
from basketry.core.rule import Duration, Registry, Rule
from basketry.core.time import parse_duration
from basketry.market.tape import Ints, Tape

MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """Who stands behind the markets of a tape: S venues in ascending order, in groups that can fail together.

    Attributes:
        venues: Ids of the venues, length S.
        of_market: Number of the venue of each market, shape (M,).
        group: Number of the group of each venue, shape (S,).
    """

    venues: tuple[str, ...]
    of_market: Ints
    group: Ints

    @staticmethod
    def of(tape: Tape) -> Sources:
        """Return the venues of a tape."""
        venues = sorted({market.venue for market in tape.markets})
        groups = {market.venue: market.group for market in tape.markets}
        names = sorted(set(groups.values()))
        return Sources(
            tuple(venues),
            np.array([venues.index(market.venue) for market in tape.markets], np.int64),
            np.array([names.index(groups[venue]) for venue in venues], np.int64),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """Prices of T windows.

    Attributes:
        price: Shape (T,); NaN where the rate has none.
        parts: Prices of the K parts of each window, shape (T, K); NaN where a part has none.
    """

    price: Floats
    parts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """What each venue gave to each part, for the evidence.

    Attributes:
        price: Its own price in the part, shape (T, K, S); NaN where it has none.
        weight: Its weight in the part, shape (T, K, S), a fraction.
        volume: Its volume in the part in base units, shape (T, K, S).
        survives: Corrupt groups of venues that cannot move the price of a window beyond the honest ones, shape (T,).
    """

    price: Floats
    weight: Floats
    volume: Floats
    survives: Ints


class TradeRate(Rule):
    """A rate from the trades of a window [t - window, t).

    Attributes:
        window: Length of the window.
        influence: What k corrupt venues can do to the rate, in words, for documents and comparisons.
    """

    influence: ClassVar[str] = ""

    window: Duration = Field(parse_duration("1h"), description="length of the window", gt=timedelta(0))

    @property
    def part_count(self) -> int:
        """Number of parts of the window."""
        return 1

    @property
    def lag(self) -> timedelta:
        """How long after its instant a price is known."""
        return timedelta(0)

    def edges(self, instants: Ints) -> Ints:
        """Return the edges of the parts of each window, shape (T, K + 1), in microseconds."""
        length = _whole(self.window)
        return instants[:, None] - length + np.arange(self.part_count + 1) * length // self.part_count

    def bounds(self, tape: Tape, instants: Ints) -> Ints:
        """Return where the parts of each window lie in the tape, shape (M, T, K + 1)."""
        return tape.bounds(self.edges(instants))

    @abstractmethod
    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows that end at `instants` (microseconds).

        Args:
            tape: Trades in one currency.
            instants: Shape (T,).
            included: Which markets count in which window, shape (M, T); all unless given.
        """

    def contributions(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Contributions:
        """Return what each venue gave: its volume-weighted median and its share of the volume of each part."""
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
        return Contributions(price, shares(size), tape.base_units(size), np.zeros(len(instants), np.int64))


RATES: Registry[TradeRate] = Registry("rate", "rates", "basketry.reference.rates")


def all_included(tape: Tape, instants: Ints, included: Bools | None) -> Bools:
    """Return `included`, or that all markets count."""
    return np.ones((len(tape.markets), len(instants)), np.bool_) if included is None else included


def shares(values: NDArray[np.float64] | Ints) -> Floats:
    """Return values along the last axis as shares of their sum; zeros where all are zero."""
    total = added(values, axis=-1)[..., None]
    return np.divide(values, total, out=np.zeros(values.shape), where=total > 0)


def mean_of_parts(parts: Floats) -> Floats:
    """Return the equally weighted mean of the parts that have a price, shape (T,); NaN where none has."""
    known = np.isfinite(parts)
    count = np.count_nonzero(known, axis=1)
    total = added(np.where(known, parts, 0.0), axis=1)
    return np.divide(total, count, out=np.full(len(parts), np.nan), where=count > 0)


def _whole(length: timedelta) -> int:
    return round(length.total_seconds() * MICROSECONDS)
