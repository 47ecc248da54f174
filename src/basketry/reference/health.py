"""Which markets count in which window: those that trade, move, and agree with the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration
from basketry.market.tape import Ints, Tape
from basketry.reference.quantiles import median
from basketry.reference.rate import Sources, TradeRate

REASONS = ("counts", "no trades", "silent", "stuck", "deviates", "no rate")
"""Why a market is left out of a window, by code."""
COUNTS, NO_TRADES, SILENT, STUCK, DEVIATES, NO_RATE = range(len(REASONS))
_MIN_RUN = 3
_PIECES = 12


class Health(BaseModel):
    """When a market is left out of a window.

    Attributes:
        deviation: A venue is left out when its distance from the other venues is above this fraction; null never leaves
            one out for that. Where more than half of the venues would be out, nobody knows who is right: none is.
        deviation_of: How far a venue is. parts: its volume-weighted median and the median of the venues are compared
            in each twelfth of the window in which it trades, and the median of these distances counts, so that venues
            are compared at the same time. window: medians of the whole window, which differ in a fast market only
            because venues trade at different times in it.
        return_below: It returns at the first window in which it deviates less than this share of `deviation`.
        silent: A market whose last trade is older than this at the end of the window is left out, as long as others
            trade; null for never.
        stuck: A market that has printed one and the same price for this long is left out if another market has left
            that price by more than `stuck_move` meanwhile; null for never.
        stuck_move: See `stuck`; a fraction.

    Deviation of the window with re-entry at half is the rule of the CME CF reference rates (CF Benchmarks, 2020).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    deviation: float | None = Field(0.05, gt=0, lt=1)
    deviation_of: Literal["parts", "window"] = "parts"
    return_below: float = Field(0.5, gt=0, le=1)
    silent: Duration | None = None
    stuck: Duration | None = parse_duration("10m")
    stuck_move: float = Field(0.005, gt=0, lt=1)

    def words(self) -> str:
        """Return the rules as a sentence."""
        said = []
        if self.deviation is not None:
            said.append(
                f"a venue further than {self.deviation:.4g} from the median of the venues "
                f"({'in the median twelfth' if self.deviation_of == 'parts' else 'by medians'} of the window) is left "
                f"out, until it is within {self.deviation * self.return_below:.4g}"
            )
        if self.silent is not None:
            said.append(f"a market without a trade for {format_duration(self.silent)} is left out")
        if self.stuck is not None:
            said.append(
                f"a market that repeats one price for {format_duration(self.stuck)} while another leaves it by "
                f"{self.stuck_move:.4g} is left out"
            )
        return "; ".join(said) or "no market is left out"


@dataclass(frozen=True, slots=True, eq=False)
class Screened:
    """Which markets count.

    Attributes:
        code: Shape (M, T): place in REASONS, 0 where the market counts.
        deviation: Relative distance of each venue from the median of the venues, shape (T, S); 0 where the prices of
            all trades of the window are so close together that no venue can deviate; NaN where it has none.
        out: Venues that are out for deviation at the last window, for the next call.
    """

    code: NDArray[np.int8]
    deviation: Floats
    out: frozenset[str]

    @property
    def included(self) -> Bools:
        """Whether each market counts in each window, shape (M, T)."""
        return self.code == COUNTS


def screen(tape: Tape, rate: TradeRate, instants: Ints, health: Health, out: frozenset[str] = frozenset()) -> Screened:
    """Return which markets of a tape count in the windows of a rate that end at `instants`.

    Args:
        tape: Trades in one currency.
        rate: Its windows are judged.
        instants: Shape (T,), ascending.
        health: The rules.
        out: Venues that were out for deviation before the first window.
    """
    edges = rate.edges(instants)
    whole = edges[:, [0, -1]]
    bounds = tape.bounds(whole)
    code = np.where(bounds[:, :, 1] > bounds[:, :, 0], COUNTS, NO_TRADES).astype(np.int8)
    if health.silent is not None:
        _leave_silent(tape, code, bounds, whole[:, 1], health.silent)
    if health.stuck is not None:
        _leave_stuck(tape, code, bounds, whole[:, 1], health.stuck, health.stuck_move)
    sources = Sources.of(tape)
    deviation = np.full((len(instants), len(sources.venues)), np.nan)
    if health.deviation is None or not sources.venues:
        return Screened(code, deviation, frozenset())
    pieces = _PIECES if health.deviation_of == "parts" else 1
    deviation = _deviations(tape, whole, code == COUNTS, sources, health.deviation * health.return_below, pieces)
    now_out = _leave_deviating(code, deviation, sources, health, out)
    return Screened(code, deviation, now_out)


def _leave_silent(tape: Tape, code: NDArray[np.int8], bounds: Ints, ends: Ints, silent: timedelta) -> None:
    trades = code == COUNTS
    last = np.where(trades, tape.time[np.maximum(bounds[:, :, 1] - 1, 0)], 0)
    quiet = trades & (ends - last > round(silent.total_seconds() * 1e6))
    # A market is silent only beside others that are not.
    code[quiet & (trades & ~quiet).any(axis=0)] = SILENT


def _leave_stuck(tape: Tape, code: NDArray[np.int8], bounds: Ints, ends: Ints, stuck: timedelta, move: float) -> None:
    length = round(stuck.total_seconds() * 1e6)
    for market, window in np.argwhere(code == COUNTS):
        first, last = bounds[market, window]
        price = tape.price[last - 1]
        if tape.time[first] > ends[window] - length or last - first < _MIN_RUN:
            continue
        since = first + np.searchsorted(tape.time[first:last], ends[window] - length)
        if not (tape.price[max(since - 1, first) : last] == price).all():
            continue
        others = [
            tape.price[int(bounds[m, window, 0]) : int(bounds[m, window, 1])][
                tape.time[int(bounds[m, window, 0]) : int(bounds[m, window, 1])] >= ends[window] - length
            ]
            for m in range(len(tape.markets))
            if tape.markets[m].venue != tape.markets[market].venue and code[m, window] == COUNTS
        ]
        moved = [abs(float(np.median(prices)) / price - 1) for prices in others if len(prices)]
        if moved and np.median(moved) > move:
            code[market, window] = STUCK


def _deviations(tape: Tape, whole: Ints, included: Bools, sources: Sources, tolerance: float, pieces: int) -> Floats:
    """Return how far each venue is from the median of the venues, shape (T, S).

    Where all prices of a window lie within `tolerance` of one another, so do all medians: they need not be computed.
    """
    from basketry.reference.kernels import extremes, source_medians

    bounds = tape.bounds(whole)
    low, high = extremes(tape.price, bounds)
    least = np.min(np.where(included & np.isfinite(low), low, np.inf), axis=0)
    most = np.max(np.where(included & np.isfinite(high), high, -np.inf), axis=0)
    wide = np.flatnonzero(most > least * (1 + tolerance))
    venues = len(sources.venues)
    deviation = np.full((bounds.shape[1], venues), np.nan)
    for place in range(venues):
        deviation[included[sources.of_market == place].any(axis=0), place] = 0.0
    if len(wide):
        edges = whole[wide, :1] + np.arange(pieces + 1) * (whole[wide, 1:] - whole[wide, :1]) // pieces
        medians, _ = source_medians(
            tape.price,
            tape.size,
            tape.bounds(edges),
            np.ascontiguousarray(included[:, wide]),
            sources.of_market,
            venues,
        )
        distance = np.abs(medians / median(medians)[:, :, None] - 1)
        deviation[wide] = median(distance.swapaxes(1, 2))
    return deviation


def _leave_deviating(
    code: NDArray[np.int8], deviation: Floats, sources: Sources, health: Health, out: frozenset[str]
) -> frozenset[str]:
    limit = health.deviation or np.inf
    is_out = np.array([venue in out for venue in sources.venues], np.bool_)
    for window in range(len(deviation)):
        far = deviation[window]
        with np.errstate(invalid="ignore"):
            is_out = np.where(np.isnan(far), is_out, np.where(is_out, far >= limit * health.return_below, far > limit))
        if 2 * np.count_nonzero(is_out & np.isfinite(far)) > np.count_nonzero(np.isfinite(far)):
            is_out = np.zeros(len(far), np.bool_)
        of_market = is_out[sources.of_market]
        code[of_market & (code[:, window] == COUNTS), window] = DEVIATES
    return frozenset(venue for venue, gone in zip(sources.venues, is_out, strict=True) if gone)
