"""Paths to one currency: pairs quoted in stablecoins, other currencies or coins, brought there at their own price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.market.tape import Ints, Market, Tape
from basketry.reference.rate import Sources
from basketry.reference.rates.capped_median import CappedMedian
from basketry.reference.tables import CONVERSIONS


class TapeSource(Protocol):
    """Where tapes come from: a lake, a simulated market, a journal."""

    def markets(self) -> Sequence[Market]:
        """Return every market that there is."""
        ...

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return the trades of an asset with start <= time < end (microseconds).

        Every market of the asset is in the tape, also one without trades in the interval.
        """
        ...


class Conversion(BaseModel):
    """How prices in other currencies are brought to the currency of the rate.

    Every `every` the price of the quote currency is made from its own trades of the `window` before: the capped
    median over its venues. A trade is converted at the last price made at or before its instant, so that no later
    trade is used. A quote without a price for `max_age` has none, and its pairs are left out. Nothing is assumed to
    be worth one.

    Attributes:
        every: Spacing of the conversion rates.
        window: Trades that make one conversion rate.
        max_age: How long a conversion rate holds.
        venues: Least number of venues that make one; a quote with fewer has no rate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    every: Duration = Field(parse_duration("5s"), gt=timedelta(0))
    window: Duration = Field(parse_duration("30s"), gt=timedelta(0))
    max_age: Duration = Field(parse_duration("1h"), gt=timedelta(0))
    venues: int = Field(1, ge=1)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"pairs in other currencies are converted at the quote's own price, the capped median of its venues over "
            f"{format_duration(self.window)}, made every {format_duration(self.every)} and at most "
            f"{format_duration(self.max_age)} old"
        )


@dataclass(frozen=True, slots=True, eq=False)
class QuoteRate:
    """The price of a quote currency over time.

    Attributes:
        quote: The currency converted from.
        path: The pairs and venues that it is made from, in words.
        times: Instants at which rates were made, microseconds, ascending, shape (R,).
        rate: Units of the target currency for one of the quote, shape (R,); NaN where none could be made.
        venues: Venues that made each, shape (R,).
        max_age: Microseconds that a rate holds.
    """

    quote: str
    path: str
    times: Ints
    rate: Floats
    venues: Ints
    max_age: int

    def at(self, instants: Ints) -> Floats:
        """Return the rate in force at each instant; NaN where the last one is too old or there is none."""
        return self._last(instants)[0]

    def table(self, instants: Ints) -> pl.DataFrame:
        """Return the rates in force at some instants with their ages (CONVERSIONS)."""
        rate, venues, age = self._last(instants)
        return pl.DataFrame(
            {
                "time": pl.Series(instants).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
                "quote": self.quote,
                "path": self.path,
                "rate": rate,
                "venues": venues.astype(np.uint32),
                "age_seconds": age / 1e6,
            },
            schema=CONVERSIONS.dtypes,
        )

    def _last(self, instants: Ints) -> tuple[Floats, Ints, Floats]:
        """Return the rate in force at each instant, its venues and its age in microseconds; NaN and 0 where none is."""
        place = np.searchsorted(self.times, instants, side="right")
        rate = np.concatenate([[np.nan], self.rate])[place]
        venues = np.concatenate([[0], self.venues])[place].astype(np.int64)
        made = np.concatenate([[np.nan], self.times.astype(np.float64)])[place]
        age = instants - made
        fresh = age <= self.max_age
        return np.where(fresh, rate, np.nan), np.where(fresh, venues, 0), np.where(fresh, age, np.nan)


class Converter:
    """Brings tapes to one currency; quote rates are made once and kept while they cover what is asked.

    Args:
        source: Where the tapes of quote currencies come from.
        currency: The target, for example usd.
        rule: How.
    """

    def __init__(self, source: TapeSource, currency: str, rule: Conversion) -> None:
        self.source = source
        self.currency = currency
        self.rule = rule
        self._rates: dict[str, tuple[int, int, QuoteRate]] = {}

    def convert(self, tape: Tape, start: int, end: int) -> tuple[Tape, list[QuoteRate]]:
        """Return a tape in the target currency, and the rates used, for trades in [start, end)."""
        return self._convert(tape, start, end, frozenset({tape.asset}))

    def _convert(self, tape: Tape, start: int, end: int, under: frozenset[str]) -> tuple[Tape, list[QuoteRate]]:
        used: dict[str, QuoteRate] = {}
        if all(market.quote == self.currency for market in tape.markets):
            return replace(tape, currency=self.currency), []
        price = tape.price.copy()
        for place, market in enumerate(tape.markets):
            if market.quote == self.currency:
                continue
            if market.quote in under:
                price[tape.market_slice(place)] = np.nan
                continue
            rate = used.get(market.quote) or self._rate(market.quote, start, end, under)
            used[market.quote] = rate
            part = tape.market_slice(place)
            price[part] *= rate.at(tape.time[part])
        return tape.priced(price, self.currency), list(used.values())

    def _rate(self, quote: str, start: int, end: int, under: frozenset[str]) -> QuoteRate:
        held = self._rates.get(quote)
        if held is not None and held[0] <= start and held[1] >= end:
            return held[2]
        every, window, max_age = (
            round(length.total_seconds() * 1e6) for length in (self.rule.every, self.rule.window, self.rule.max_age)
        )
        first = start - max_age - window
        tape = self.source.tape(quote, first, end)
        direct = [market for market in tape.markets if market.quote == self.currency]
        # A direct pair goes before a chain of pairs.
        tape = tape.only(direct or [m for m in tape.markets if m.quote not in under | {quote}])
        converted, chain = self._convert(tape, first, end, under | {quote})
        times = _instants(converted, first + window, end, every, window)
        rule = CappedMedian(window=self.rule.window, parts=1, trim=0)
        venues = self._venue_counts(converted, times, rule)
        made = rule.estimate(converted, times).price if converted.markets else _nan(times)
        known = np.isfinite(made) & (venues >= self.rule.venues)
        rate = QuoteRate(
            quote, _path(converted, self.currency, chain), times[known], made[known], venues[known], max_age
        )
        self._rates[quote] = (start, end, rate)
        return rate

    @staticmethod
    def _venue_counts(tape: Tape, times: Ints, rule: CappedMedian) -> Ints:
        bounds = rule.bounds(tape, times)
        trades = bounds[:, :, -1] > bounds[:, :, 0]
        sources = Sources.of(tape)
        counts = np.zeros(len(times), np.int64)
        for place in range(len(sources.venues)):
            counts += trades[sources.of_market == place].any(axis=0)
        return counts


def _instants(tape: Tape, start: int, end: int, every: int, window: int) -> Ints:
    """Return the instants on the grid from start to end at which a rate could be made: with a trade in the window."""
    if (end - start) // every <= 4 * len(tape):
        return np.arange(-(-start // every) * every, end + 1, every, dtype=np.int64)
    steps = np.unique(tape.time // every)[:, None] + np.arange(1, window // every + 2)
    times = np.unique(steps) * every
    return times[(times >= start) & (times <= end)]


def _path(tape: Tape, currency: str, chain: Sequence[QuoteRate]) -> str:
    if not tape.markets:
        return f"{tape.asset}: no market leads to {currency}"
    pairs = sorted({market.pair for market in tape.markets})
    said = [f"{pair} on {', '.join(m.venue for m in tape.markets if m.pair == pair)}" for pair in pairs]
    return " | ".join([*said, *(f"with {rate.path}" for rate in chain)])


def _nan(like: Ints) -> Floats:
    return np.full(len(like), np.nan)
