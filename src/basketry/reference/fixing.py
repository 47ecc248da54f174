"""Fixings: rules, tapes and instants in; prices with their status and evidence out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from basketry.core.numbers import Floats, added, round_published
from basketry.core.time import format_duration
from basketry.market.tape import Ints, Market, Tape
from basketry.reference.health import COUNTS, DEVIATES, NO_RATE, NO_TRADES, REASONS, Screened, screen
from basketry.reference.paths import Converter, QuoteRate, TapeSource
from basketry.reference.price_rules import PriceRules
from basketry.reference.quantiles import half_interquartile
from basketry.reference.rate import Contributions, Sources, TradeRate
from basketry.reference.tables import CONVERSIONS, FIXING_EVENTS, FIXING_SOURCES, FIXINGS


@dataclass(frozen=True, slots=True, eq=False)
class Fixings:
    """Reference prices of one asset, with the evidence.

    Attributes:
        table: One row a fixing (FIXINGS).
        sources: One row a fixing and market (FIXING_SOURCES).
        events: Exclusions and steps of the waterfall (FIXING_EVENTS).
        conversions: Rates of other quote currencies at each fixing (CONVERSIONS).
    """

    table: pl.DataFrame
    sources: pl.DataFrame
    events: pl.DataFrame
    conversions: pl.DataFrame

    @staticmethod
    def together(parts: list[Fixings]) -> Fixings:
        """Return fixings one after another."""
        return Fixings(
            pl.concat([FIXINGS.empty(), *(part.table for part in parts)]),
            pl.concat([FIXING_SOURCES.empty(), *(part.sources for part in parts)]),
            pl.concat([FIXING_EVENTS.empty(), *(part.events for part in parts)]),
            pl.concat([CONVERSIONS.empty(), *(part.conversions for part in parts)]).sort("time", "quote"),
        )


@dataclass(slots=True)
class FixingState:
    """What one fixing hands to the next.

    Attributes:
        out: Venues that are out for deviation.
        left_out: Why each market was left out when it last traded, by code; see `health.REASONS`.
        price: The last price that was not carried.
        time: Its instant, microseconds.
    """

    out: frozenset[str] = frozenset()
    left_out: dict[Market, int] = field(default_factory=dict)
    price: float = float("nan")
    time: int = 0


@dataclass(slots=True, eq=False)
class FixingWindow:
    """Windows of one rate: the tape in one currency, which markets count, the prices, what each venue gave."""

    tape: Tape
    rate: TradeRate
    instants: Ints
    screened: Screened
    price: Floats
    given: Contributions
    quotes: list[QuoteRate] = field(default_factory=list)

    @property
    def venues(self) -> Ints:
        """Venues that count in each window, shape (T,)."""
        sources = Sources.of(self.tape)
        counts = np.zeros(len(self.instants), np.int64)
        for place in range(len(sources.venues)):
            counts += self.screened.included[sources.of_market == place].any(axis=0)
        return counts

    @property
    def confidence(self) -> Floats:
        """Half the interquartile distance over venues, mean over the parts with two venues or more, shape (T,)."""
        if not self.given.price.shape[2]:
            return np.full(len(self.instants), np.nan)
        spread = half_interquartile(self.given.price, self.given.weight)
        known = np.isfinite(spread)
        count = np.count_nonzero(known, axis=1)
        total = added(np.where(known, spread, 0.0), axis=1)
        return np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)

    def totals(self) -> tuple[Ints, Ints]:
        """Trades and size of each market in each window, shapes (M, T)."""
        from basketry.reference.kernels import source_sums

        bounds = self.tape.bounds(self.rate.edges(self.instants)[:, [0, -1]])
        markets = len(self.tape.markets)
        every = np.ones((markets, len(self.instants)), np.bool_)
        _, size = source_sums(self.tape.price, self.tape.size, bounds, every, np.arange(markets), markets)
        return bounds[:, :, 1] - bounds[:, :, 0], size[:, 0].T


class Fixer:
    """Makes the fixings of one asset, batch after batch of ascending instants.

    Args:
        source: Where tapes come from.
        asset: The asset to price.
        rules: How.
        state: What an earlier batch handed on.
    """

    def __init__(self, source: TapeSource, asset: str, rules: PriceRules, state: FixingState | None = None) -> None:
        self.source = source
        self.asset = asset
        self.rules = rules
        self.state = state or FixingState()

    def fix(self, instants: Ints) -> Fixings:
        """Return the fixings at ascending instants (microseconds), all from one read of the tapes."""
        if not len(instants):
            return Fixings.together([])
        window = self.window(self.rules.rate, instants, self.state.out)
        events = _exclusions(window, self.asset, self.state.left_out)
        self.state.out = window.screened.out
        rows = _rows(window, self.rules, self.asset)
        enough = np.isfinite(window.price) & (window.venues >= self.rules.min_venues)
        for place in range(len(instants)):
            if enough[place]:
                self.state.price, self.state.time = rows["price"][place], int(instants[place])
            else:
                self._fall_back(rows, place, instants, events)
        sources = _source_rows(window, self.asset)
        conversions = [quote.table(instants) for quote in window.quotes]
        return Fixings(
            FIXINGS.conform(_null(pl.DataFrame(rows, schema=FIXINGS.dtypes))),
            sources,
            FIXING_EVENTS.conform(pl.DataFrame(events, schema=FIXING_EVENTS.dtypes, orient="row")),
            _null(pl.concat([CONVERSIONS.empty(), *conversions])),
        )

    def window(self, rate: TradeRate, instants: Ints, out: frozenset[str]) -> FixingWindow:
        """Return the windows of a rate that end at ascending instants: trades, health, prices, contributions."""
        edges = rate.edges(instants)
        first, last = int(edges.min()), int(edges.max())
        raw = self.source.tape(self.asset, first, last)
        allowed = [(market, self.rules.market(market)) for market in raw.markets]
        tape = raw.only([market for market, kept in allowed if kept is not None])
        tape = replace(tape, markets=tuple(kept for _, kept in allowed if kept is not None))
        converter = Converter(self.source, self.rules.currency, self.rules.conversion)
        converted, quotes = converter.convert(tape, first, last)
        screened = screen(converted, rate, instants, self.rules.health, out)
        # Trades whose quote currency has no price fall away in the conversion; say so, not that there were none.
        whole = tape.bounds(edges[:, [0, -1]])
        lost = (screened.code == NO_TRADES) & (whole[:, :, 1] > whole[:, :, 0])
        screened.code[lost] = NO_RATE
        tape = converted
        price = rate.estimate(tape, instants, screened.included).price
        given = rate.contributions(tape, instants, screened.included)
        return FixingWindow(tape, rate, instants, screened, price, given, quotes)

    def _fall_back(self, rows: dict[str, Any], place: int, instants: Ints, events: list[tuple[Any, ...]]) -> None:
        """Take the steps of the waterfall for one fixing until one gives a price."""
        instant = int(instants[place])
        when = _moment(instant)
        found = int(rows["venues"][place])
        reason = f"{found} of at least {self.rules.min_venues} venues" if found < self.rules.min_venues else "no price"
        events.append((when, self.asset, "too few venues", f"{reason} in {_length(self.rules.rate.window)}"))
        for length in self.rules.fallback.wider:
            rate = self.rules.rate.model_copy(update={"window": length})
            wider = self.window(rate, instants[place : place + 1], self.state.out)
            venues = int(wider.venues[0])
            if np.isfinite(wider.price[0]) and venues >= self.rules.min_venues:
                for name, values in _rows(wider, self.rules, self.asset).items():
                    rows[name][place] = values[0]
                rows["status"][place], rows["reason"][place] = "stale", f"{reason}; window of {_length(length)}"
                events.append((when, self.asset, "wider window", f"{_length(length)}: {venues} venues"))
                self.state.price, self.state.time = rows["price"][place], instant
                return
            events.append((when, self.asset, "wider window", f"{_length(length)}: {venues} venues are too few as well"))
        age = timedelta(microseconds=instant - self.state.time)
        previous = self.rules.fallback.previous
        if previous is not None and np.isfinite(self.state.price) and age <= previous:
            rows["price"][place] = self.state.price
            rows["confidence"][place] = float("nan")
            rows["status"][place], rows["reason"][place] = "carried", f"{reason}; price of {_length(age)} ago"
            events.append((when, self.asset, "previous price", f"{self.state.price} of {_length(age)} ago"))
            return
        rows["price"][place] = rows["confidence"][place] = float("nan")
        rows["status"][place], rows["reason"][place] = "suspended", reason
        old = f"the last one is {_length(age)} old" if np.isfinite(self.state.price) else "there is no earlier one"
        events.append((when, self.asset, "halt", f"no price: {old}"))


def fix(source: TapeSource, asset: str, instants: Ints, rules: PriceRules, *, batch: int = 96) -> Fixings:
    """Return the fixings of an asset at ascending instants (microseconds), read in batches.

    Args:
        source: Where tapes come from.
        asset: The asset to price.
        instants: Shape (T,).
        rules: How.
        batch: Fixings made from one read of the tapes; bounds the memory.
    """
    fixer = Fixer(source, asset, rules)
    return Fixings.together([fixer.fix(instants[first : first + batch]) for first in range(0, len(instants), batch)])


def _rows(window: FixingWindow, rules: PriceRules, asset: str) -> dict[str, Any]:
    trades, size = window.totals()
    counted = window.screened.included
    count = len(window.instants)
    lag = round(window.rate.lag.total_seconds() * 1e6)
    return {
        "time": _moments(window.instants),
        "asset": [asset] * count,
        "price": round_published(window.price, rules.decimals).tolist(),
        "confidence": window.confidence.tolist(),
        "venues": window.venues.tolist(),
        "survives": window.given.survives.tolist(),
        "trades": (trades * counted).sum(axis=0).tolist(),
        "volume": window.tape.base_units((size * counted).sum(axis=0)).tolist(),
        "window_seconds": [window.rate.window.total_seconds()] * count,
        "status": ["live"] * count,
        "reason": [""] * count,
        "known_at": _moments(window.instants + lag),
    }


def _source_rows(window: FixingWindow, asset: str) -> pl.DataFrame:
    trades, size = window.totals()
    sources = Sources.of(window.tape)
    with np.errstate(invalid="ignore"):
        known = np.isfinite(window.given.price)
        count = np.count_nonzero(known, axis=1)
        price = np.divide(
            added(np.where(known, window.given.price, 0.0), axis=1),
            count,
            out=np.full(count.shape, np.nan),
            where=count > 0,
        )
        parts = np.maximum(np.count_nonzero(added(window.given.weight, axis=2) > 0, axis=1), 1)
        weight = added(window.given.weight, axis=1) / parts[:, None]
    times = _moments(window.instants)
    columns: list[pl.DataFrame] = []
    for place, market in enumerate(window.tape.markets):
        venue = sources.of_market[place]
        columns.append(
            pl.DataFrame(
                {
                    "time": times,
                    "asset": asset,
                    "venue": market.venue,
                    "pair": market.pair,
                    "group": market.group,
                    "trades": trades[place],
                    "volume": window.tape.base_units(size[place]),
                    "venue_price": price[:, venue],
                    "venue_weight": np.where(window.screened.included[place], weight[:, venue], 0.0),
                    "deviation": window.screened.deviation[:, venue],
                    "reason": [REASONS[code] for code in window.screened.code[place]],
                },
                schema=FIXING_SOURCES.dtypes,
            )
        )
    rows = pl.concat([FIXING_SOURCES.empty(), *columns])
    return FIXING_SOURCES.conform(_null(rows).sort("time", "venue", "pair"))


def _exclusions(window: FixingWindow, asset: str, left_out: dict[Market, int]) -> list[tuple[Any, ...]]:
    """Return when markets were left out for cause and when they came back; brings `left_out` up to date."""
    events: list[tuple[Any, ...]] = []
    sources = Sources.of(window.tape)
    for place, market in enumerate(window.tape.markets):
        before = left_out.get(market, COUNTS)
        for t, code in enumerate(window.screened.code[place].tolist()):
            if code in (NO_TRADES, before):
                continue
            if code == COUNTS:
                events.append((_moment(window.instants[t]), asset, "returns", str(market)))
            else:
                far = window.screened.deviation[t, sources.of_market[place]]
                said = f"{market}: {REASONS[code]}" + (f" by {far:.4%}" if code == DEVIATES else "")
                events.append((_moment(window.instants[t]), asset, "left out", said))
            before = code
        left_out[market] = before
    return sorted(events)


def _null(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _moments(instants: Ints) -> list[Any]:
    return [_moment(instant) for instant in instants.tolist()]


def _moment(instant: int) -> Any:
    from basketry.core.time import to_datetime

    return to_datetime(np.datetime64(int(instant), "us"))


def _length(length: timedelta) -> str:
    return format_duration(timedelta(seconds=round(length.total_seconds(), 3)))


class MemoryTapes:
    """Tapes held in memory, by asset.

    >>> MemoryTapes({}).markets()
    []
    """

    def __init__(self, tapes: Mapping[str, Tape]) -> None:
        self._tapes = dict(tapes)

    def markets(self) -> list[Any]:
        """Return every market."""
        return [market for tape in self._tapes.values() for market in tape.markets]

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return the trades of an asset with start <= time < end; without any where the asset is not known."""
        held = self._tapes.get(asset)
        return held.cut(start, end) if held is not None else Tape.from_frames(asset, {})
