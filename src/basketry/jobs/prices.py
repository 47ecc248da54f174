"""Reference prices from a lake: make them, keep them in a folder, explain one, compare rates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basketry.core.errors import DataError, MethodologyError
from basketry.core.time import to_instant
from basketry.lake.lake import Instant, Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.tape import Ints
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml
from basketry.methodology.schedule.fixing import fixings as local_fixings
from basketry.methodology.schedule.fixing import local_day, parse_clock
from basketry.reference.compare import Comparison, compare_rates
from basketry.reference.explain import FixingExplanation, explain_fixing
from basketry.reference.fixing import Fixer, Fixings, FixingState
from basketry.reference.price_rules import PriceRules

Progress = Callable[[str], None]
_DAY = timedelta(days=1)


@dataclass(frozen=True, eq=False)
class ReferencePrices:
    """Reference prices of some assets over some instants, with all their evidence.

    Attributes:
        rules: How they were made.
        fixings: Tables fixings, sources, events and conversions, in the order of time and asset.
        simulated: Whether the trades are those of the simulated market.
        knowledge: Corrections of trades known later were not used; the last fixing unless given.
    """

    rules: PriceRules
    fixings: Fixings
    simulated: bool
    knowledge: np.datetime64 | None = None

    @property
    def known_by(self) -> np.datetime64:
        """The instant up to which corrections of trades were known."""
        if self.knowledge is not None:
            return self.knowledge
        last = self.fixings.table["time"].max()
        if not isinstance(last, datetime):
            raise DataError("there are no fixings")
        return to_instant(last)

    def save(self, folder: Path, **restatement: Any) -> Path:
        """Write the folder of these prices; see `basketry.jobs.save_prices.save_prices`."""
        from basketry.jobs.save_prices import save_prices

        save_prices(self, folder, **restatement)
        return folder


def load_rules(file: Path | None, rate: str | None = None, min_venues: int | None = None) -> PriceRules:
    """Return the price rules of a file: a methodology with the key `prices`, or a file of those keys alone.

    Args:
        file: YAML; the default rules unless given.
        rate: The name of another rate, with its default parameters.
        min_venues: Another least number of venues.

    Raises:
        MethodologyError: The file cannot be read, or a key or value is wrong.
    """
    document: dict[str, Any] = {}
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise MethodologyError(f"{file}: cannot be read: {error}") from error
        try:
            whole = parse_yaml(text)
        except MethodologyError as error:
            raise MethodologyError(f"{file}: {error}") from error
        if not isinstance(whole, dict):
            raise MethodologyError(f"{file}: expected keys such as `rate: capped_median`")
        if "basketry" in whole and whole.get("prices") is None:
            raise MethodologyError(f"{file}: this methodology makes no reference prices; it has no key `prices`")
        document = whole
        if whole.get("prices") is not None:
            document = whole["prices"]
            if not isinstance(document, dict):
                raise MethodologyError(f"{file}: prices: expected keys such as `rate: capped_median`")
            if whole.get("versions") and len(Methodology.load(file).eras("prices")) > 1:
                raise MethodologyError(
                    f"{file}: prices: versions of this methodology change the rules, and one set is asked for here; "
                    "write the keys of the one that you mean into a file of its own"
                )
        document = dict(document)
    if rate is not None:
        document["rate"] = rate
    if min_venues is not None:
        document["min_venues"] = min_venues
    try:
        return PriceRules.parse(document)
    except MethodologyError as error:
        raise type(error)(f"{file}: {error}" if file is not None else str(error)) from error


def fixing_instants(start: Instant, end: Instant, every: timedelta, at: str | None = None, zone: str = "UTC") -> Ints:
    """Return the instants of fixings in (start, end], microseconds.

    Args:
        start: First instant, exclusive; a bare date is 00:00 UTC.
        end: Last instant, inclusive.
        every: Spacing, in step with 1970-01-01 00:00 UTC.
        at: For daily fixings the local time of day, HH:MM.
        zone: Its time zone.

    Raises:
        DataError: There is none, or `at` is given with another spacing than a day.

    >>> len(fixing_instants("2024-03-01", "2024-03-02", timedelta(hours=1)))
    24
    >>> fixing_instants("2024-07-01", "2024-07-02", timedelta(days=1), "16:00", "Europe/London").view("datetime64[us]")
    array(['2024-07-01T15:00:00.000000'], dtype='datetime64[us]')
    """
    first, last = to_instant(start), to_instant(end)
    if at is not None:
        if every != _DAY:
            raise DataError("a time of day goes with one fixing a day: give --every 1d with --at")
        opening = local_day(first, zone)
        days = [opening + timedelta(days=n) for n in range(-1, (local_day(last, zone) - opening).days + 2)]
        times = np.unique(local_fixings(days, parse_clock(at), zone))
        found = times[(times > first) & (times <= last)].astype(np.int64)
    else:
        step = round(every.total_seconds() * 1e6)
        if step < 1:
            raise DataError(f"fixings every {every} are not possible; give a length such as 1h, 5m or 1s")
        low, high = int(first.astype(np.int64)), int(last.astype(np.int64))
        found = np.arange(low // step * step + step, high + 1, step, dtype=np.int64)
    if not len(found):
        raise DataError(f"there is no fixing after {first} up to {last}")
    return found


def reference_prices(
    lake: Lake,
    assets: Sequence[str],
    instants: Ints,
    rules: PriceRules,
    *,
    known_by: Instant | None = None,
    progress: Progress | None = None,
) -> ReferencePrices:
    """Return the reference prices of some assets at some instants, from the trades of a lake.

    Args:
        lake: Where the trades are.
        assets: Ids; every asset that has a market unless given any.
        instants: Microseconds, ascending.
        rules: How.
        known_by: Use only corrections known by then.
        progress: Told what is being done.

    Raises:
        DataError: The lake holds no trades, or no market of an asset.
    """
    tapes = LakeTapes(lake, None if known_by is None else to_instant(known_by))
    chosen = list(dict.fromkeys(assets)) or tapes.assets
    for asset in chosen:
        tapes.require(asset)
    parts = [fixings_of(tapes, asset, instants, rules, progress) for asset in chosen]
    if known_by is None:
        # A correction may become known long after the last fixing.
        last, corrected = instants[-1:].view("datetime64[us]"), lake.ticks.latest_correction()
        knowledge = max([*last, *([] if corrected is None else [corrected])])
    else:
        knowledge = to_instant(known_by)
    return ReferencePrices(rules, in_order(parts), lake.simulated, knowledge)


def fixings_of(
    tapes: LakeTapes,
    asset: str,
    instants: Ints,
    rules: PriceRules,
    progress: Progress | None = None,
    state: FixingState | None = None,
) -> Fixings:
    """Return the fixings of one asset; memory is bounded by the windows read together, not by the lake.

    A state that is given is brought up to the last of the instants, so that other rules go on from there.
    """
    fixer = Fixer(tapes, asset, rules, state)
    parts, done = [], 0
    for batch in tapes.batches(asset, instants, round(rules.rate.window.total_seconds() * 1e6)):
        if progress is not None:
            progress(f"{asset}: {done:,} of {len(instants):,} fixings")
        parts.append(fixer.fix(batch))
        done += len(batch)
    return Fixings.together(parts)


def in_order(parts: Sequence[Fixings]) -> Fixings:
    """Return the fixings of several assets in the order of time and asset."""
    fixings = Fixings.together(list(parts))
    return Fixings(
        fixings.table.sort("time", "asset"),
        fixings.sources.sort("time", "asset", "venue", "pair"),
        fixings.events.sort("time", "asset", maintain_order=True),
        fixings.conversions.unique(maintain_order=True).sort("time", "quote"),
    )


def explain_price(lake: Lake, asset: str, instant: Instant, rules: PriceRules) -> FixingExplanation:
    """Return how one fixing came about, computed again from the lake."""
    tapes = LakeTapes(lake)
    tapes.require(asset)
    return explain_fixing(tapes, asset, int(to_instant(instant).astype(np.int64)), rules)


def compare_prices(
    lake: Lake,
    asset: str,
    instants: Ints,
    rules: PriceRules,
    rates: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Return the prices of several rates over the same trades and instants."""
    tapes = LakeTapes(lake)
    tapes.require(asset)
    return compare_rates(tapes, asset, instants, rules, rates, progress)


def traded_span(lake: Lake, assets: Sequence[str]) -> tuple[datetime, datetime]:
    """Return the first and the last minute, rounded outwards, in which some assets were traded; all unless named."""
    tapes = LakeTapes(lake)
    for asset in assets:
        tapes.require(asset)
    span = tapes.span(assets or tapes.assets)
    if span is None:
        raise DataError(f"{lake.address}: holds no trades")
    first, last = (moment.replace(second=0, microsecond=0) for moment in span)
    return first, last + timedelta(minutes=1)


__all__ = [
    "ReferencePrices",
    "compare_prices",
    "explain_price",
    "fixing_instants",
    "load_rules",
    "reference_prices",
    "traded_span",
]
