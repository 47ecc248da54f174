"""Rates that take one price from each venue and combine them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools, Floats, added
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.rate import Contributions, Estimates, Sources, TradeRate, all_included, shares

_OF = {"median": "volume-weighted medians", "vwap": "volume-weighted averages", "last": "last prices"}


class VenueRate(TradeRate):
    """A rate that combines one price of each venue over the window.

    Attributes:
        of: The price of a venue: the volume-weighted median or average of its trades in the window, or its last one.
    """

    of: Literal["median", "vwap", "last"] = Field("median", description="the price of a venue")

    @property
    def venue_words(self) -> str:
        """The prices of the venues in words."""
        return f"the venues' {_OF[self.of]} of {format_duration(self.window)}"

    @abstractmethod
    def weights(self, price: Floats, volume: Floats) -> Floats:
        """Return the weight of each venue, a fraction, from prices (NaN: none) and volumes, all of shape (T, S)."""

    @abstractmethod
    def combine(self, price: Floats, weight: Floats) -> Floats:
        """Return the rate from prices and weights of shape (T, S), shape (T,)."""

    def estimate(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Estimates:
        """Return the prices of the windows; see TradeRate.estimate."""
        price, volume = self.venue_prices(tape, instants, included)
        if not price.shape[1]:
            return Estimates(np.full(len(instants), np.nan), np.full((len(instants), 1), np.nan))
        rate = self.combine(price, self.weights(price, volume))
        return Estimates(rate, rate[:, None])

    def contributions(self, tape: Tape, instants: Ints, included: Bools | None = None) -> Contributions:
        """Return what each venue gave: its price and its weight."""
        price, volume = self.venue_prices(tape, instants, included)
        weight = self.weights(price, volume) if price.shape[1] else price
        survives = self.survives(price, Sources.of(tape)) if price.shape[1] else np.zeros(len(instants), np.int64)
        return Contributions(price[:, None], weight[:, None], volume[:, None], survives)

    def survives(self, price: Floats, sources: Sources) -> Ints:
        """Return how many corrupt groups cannot move the rate beyond the honest prices, shape (T,); none by default."""
        del sources
        return np.zeros(len(price), np.int64)

    def venue_prices(self, tape: Tape, instants: Ints, included: Bools | None) -> tuple[Floats, Floats]:
        """Return the price and the volume (base units) of each venue in each window, shapes (T, S)."""
        from basketry.reference.kernels import source_last, source_medians, source_sums

        sources = Sources.of(tape)
        bounds = self.bounds(tape, instants)
        where = (bounds, all_included(tape, instants, included), sources.of_market, len(sources.venues))
        if self.of == "median":
            medians, size = source_medians(tape.price, tape.size, *where)
            return medians[:, 0], tape.base_units(size[:, 0])
        value, size = source_sums(tape.price, tape.size, *where)
        if self.of == "last":
            price, _ = source_last(tape.time, tape.price, tape.size, *where)
            return price, tape.base_units(size[:, 0])
        price = np.divide(value, size, out=np.full(value.shape, np.nan), where=size > 0)[:, 0]
        return price, tape.base_units(size[:, 0])


def volume_shares(price: Floats, volume: Floats) -> Floats:
    """Return shares of the volume of the venues that have a price, shape (T, S)."""
    return shares(np.where(np.isfinite(price), volume, 0.0))


def equal_shares(price: Floats) -> Floats:
    """Return equal shares for the venues that have a price, shape (T, S)."""
    return shares(np.isfinite(price).astype(np.float64))


def weighted_mean(price: Floats, weight: Floats) -> Floats:
    """Return the weighted mean over venues, shape (T,); NaN where no weight is left."""
    total = added(weight, axis=-1)
    value = added(np.where(np.isfinite(price), price, 0.0) * weight, axis=-1)
    return np.divide(value, total, out=np.full(total.shape, np.nan), where=total > 0)


def minority_groups(price: Floats, sources: Sources, largest_share: float = 0.5) -> Ints:
    """Return the largest k such that any k groups are fewer than `largest_share` of the venues with a price."""
    known = np.isfinite(price)
    of_group = np.zeros((len(price), int(sources.group.max(initial=-1)) + 1))
    for place, group in enumerate(sources.group):
        of_group[:, group] += known[:, place]
    largest_first = np.cumsum(-np.sort(-of_group, axis=1), axis=1)
    return np.count_nonzero(largest_first < largest_share * np.count_nonzero(known, axis=1, keepdims=True), axis=1)
