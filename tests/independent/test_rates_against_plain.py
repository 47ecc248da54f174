"""Every rate from trades equals its plain second implementation on random small tapes.

Rates that give one of the traded prices agree to the last digit; those that average agree to 1e-12, relative.
"""

import importlib.util
import sys
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_duration
from basketry.market.tape import Columns, Ints, Market, Tape
from basketry.reference.rate import RATES

MINUTE = 60_000_000
HOUR = 60 * MINUTE
START = 1_700_000_040_000_000
SEEDS = range(24)
Row = tuple[int, int, float, int]
"""Number of the market, time, price, size."""


def load() -> ModuleType:
    path = Path(__file__).with_name("plain_rates.py")
    spec = importlib.util.spec_from_file_location("plain_rates", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["plain_rates"] = module
    spec.loader.exec_module(module)
    return module


plain = load()


def some_markets(generator: np.random.Generator) -> list[Market]:
    """One to seven venues; now and then one has two markets, and two venues one owner."""
    venues = int(generator.integers(1, 8))
    found = [Market(f"venue-{n}", "btc-usd", "btc", "usd", f"owner-{n}") for n in range(venues)]
    if generator.random() < 0.5:
        found.append(Market("venue-0", "btc-usdt", "btc", "usdt", "owner-0"))
    if venues > 2 and generator.random() < 0.5:
        found[1] = Market("venue-1", "btc-usd", "btc", "usd", found[2].group)
    return sorted(found)


def some_trades(generator: np.random.Generator, markets: Sequence[Market]) -> list[Row]:
    """Up to two hours of trades with gaps, on few prices, sizes and instants so that there are ties."""
    crowded = generator.random() < 0.3
    count = int(generator.integers(200, 600) if crowded else generator.integers(1, 60))
    step = int(generator.choice([1, 1_000, 30_000_000]))
    tick = float(generator.choice([0.01, 0.5, 7.0]))
    wide = float(generator.choice([0.0005, 0.01, 0.3]))
    quiet = generator.random(24) < generator.choice([0.0, 0.3, 0.7])
    rows: list[Row] = []
    for _ in range(count):
        time = int(generator.integers(0, 2 * HOUR)) // step * step
        if quiet[time // (5 * MINUTE)]:
            continue
        market = int(generator.integers(len(markets)))
        skew = 1 + 0.0003 * market
        price = max(round(20_011.3 * skew * float(np.exp(generator.normal(0, wide))) / tick) * tick, tick)
        size = int(generator.choice([1, 2, 3, 10**8, 5 * 10**8, int(generator.integers(1, 10**10))]))
        rows.append((market, START + time, price, size))
    return rows


def tape_of(markets: Sequence[Market], rows: list[Row]) -> Tape:
    pieces: dict[Market, list[Columns]] = {}
    for number, market in enumerate(markets):
        own = sorted((row for row in rows if row[0] == number), key=lambda row: row[1])
        columns = list(zip(*own, strict=True)) or [(), (), (), ()]
        pieces[market] = [
            (np.array(columns[1], np.int64), np.array(columns[2], np.float64), np.array(columns[3], np.int64))
        ]
    return Tape.from_pieces("btc", pieces)


def some_instants(generator: np.random.Generator, rows: list[Row]) -> Ints:
    """Round instants, the instant of a trade and one microsecond after it, and one without trades before it."""
    found = [START - HOUR, START + HOUR, START + 2 * HOUR, START + 2 * HOUR + 17 * MINUTE + 1]
    if rows:
        traded = rows[int(generator.integers(len(rows)))][1]
        found += [traded, traded + 1, traded + HOUR]
    return np.array(sorted(found), np.int64)


def compare(name: str, seed: int, exact: bool, **parameters: Any) -> int:
    """Compare a rate with its plain form on the tape of a seed; return how many prices there were."""
    generator = np.random.default_rng(seed)
    markets = some_markets(generator)
    rows = some_trades(generator, markets)
    instants = some_instants(generator, rows)
    included: Bools = generator.random((len(markets), len(instants))) < 0.85
    window = parameters.pop("window", None)
    written = {key: float(value) if _is_decimal(value) else value for key, value in parameters.items()}
    written = {WORDS.get(key, key): value for key, value in written.items()}
    if window is not None:
        written["window"] = format_duration(timedelta(microseconds=window))
    rule = RATES.build(name, written)
    tape = tape_of(markets, rows)
    prices: Floats = rule.estimate(tape, instants, included).price
    groups = {market.venue: market.group for market in markets}
    found = 0
    for place, instant in enumerate(instants.tolist()):
        trades = [
            plain.Trade(time, markets[number].venue, Fraction(price), size)
            for number, time, price, size in rows
            if included[number, place]
        ]
        expected = plain.rate(name, trades, instant, window=window, groups=groups, **parameters)
        where = f"{name} {parameters} seed {seed} at {instant}"
        if expected is None:
            assert np.isnan(prices[place]), where
        else:
            found += 1
            assert prices[place] == (expected if exact else pytest.approx(expected, rel=1e-12, abs=0)), where
    return found


WORDS = {"power": "liquidity_power"}


def _is_decimal(value: Any) -> bool:
    return isinstance(value, str) and value[0].isdigit()


def test_every_registered_rate_has_a_plain_form() -> None:
    assert sorted(plain.RATES) == sorted(RATES.rules)


@pytest.mark.parametrize("name", sorted(RATES.rules))
def test_a_rate_is_its_plain_form(name: str) -> None:
    assert sum(compare(name, seed, name in plain.EXACT) for seed in SEEDS) > len(SEEDS)


@pytest.mark.parametrize("of", ["median", "vwap", "last"])
@pytest.mark.parametrize(
    "name",
    [
        "band_mean",
        "clamped_mean",
        "close",
        "deviation_filter",
        "quality_mix",
        "three_vote_median",
        "trimmed_mean",
        "venue_median",
        "weighted_venue_median",
    ],
)
def test_each_price_of_a_venue(name: str, of: str) -> None:
    exact = name in plain.EXACT and of != "vwap"
    found = [compare(name, 100 + seed, exact, of=of, window=7 * MINUTE) for seed in SEEDS]
    assert sum(found) > len(SEEDS)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("capped_median", {"parts": 1, "trim": 0, "window": HOUR}),
        ("capped_median", {"parts": 7, "survive": 1, "trim": 1, "window": 11 * MINUTE}),
        ("capped_median", {"parts": 5, "survive": 0, "trim": 9, "agree": "0.001"}),
        ("capped_median", {"parts": 3, "survive": 3, "agree": "0.9"}),
        ("partitioned_median", {"parts": 1}),
        ("partitioned_median", {"parts": 7, "window": 10 * MINUTE}),
        ("hampel", {"parts": 5, "neighbours": 1, "deviations": "1", "window": 20 * MINUTE}),
        ("hampel", {"parts": 9, "neighbours": 20, "deviations": "0.5"}),
        ("trimmed_mean", {"trim": 3}),
        ("band_mean", {"band": "0.0003", "by": "equal"}),
        ("clamped_mean", {"band": "0.0002", "by": "volume", "window": HOUR}),
        ("deviation_filter", {"deviations": "0.8", "floor": "0", "by": "equal"}),
        ("three_vote_median", {"uncertainty": "0.02"}),
        ("quality_mix", {"quality": "1"}),
        ("quality_mix", {"quality": "0", "power": "1", "tolerance": "0.3"}),
        ("coin_metrics_real_time", {"inactive": "2"}),
        ("coin_metrics_real_time", {"inactive": "0.5", "window": 90_000_000}),
        ("last", {"window": MINUTE}),
        ("twap", {"window": 90_000_000}),
        ("vwap", {"window": 24 * HOUR}),
    ],
)
def test_parameters(name: str, parameters: dict[str, Any]) -> None:
    found = sum(compare(name, 200 + seed, name in plain.EXACT, **parameters) for seed in SEEDS)
    assert found > 0


def test_a_median_of_the_pool_is_exact_on_long_windows() -> None:
    # Many trades of one window: the kernel brackets and narrows instead of sorting.
    generator = np.random.default_rng(5)
    markets = [Market(f"venue-{n}", "btc-usd", "btc", "usd") for n in range(3)]
    for spread in (0.0, 1.0, 40.0, 1e6):
        rows = [
            (
                int(generator.integers(3)),
                START + int(generator.integers(HOUR)),
                float(np.round(2e6 + generator.standard_cauchy() * spread).clip(1, 4e6)),
                int(generator.integers(1, 50)) ** int(generator.integers(1, 5)),
            )
            for _ in range(4_000)
        ]
        trades = [plain.Trade(time, markets[number].venue, Fraction(price), size) for number, time, price, size in rows]
        for name in ("partitioned_median", "weighted_venue_median"):
            parameters = {"parts": 1} if name == "partitioned_median" else {}
            found = RATES.build(name, parameters).estimate(tape_of(markets, rows), np.array([START + HOUR])).price[0]
            assert found == plain.rate(name, trades, START + HOUR, **parameters)


def of_venues(name: str, trades: dict[str, list[tuple[int, float, int]]], **parameters: Any) -> tuple[float, Any]:
    """Return a rate and its plain form an hour after the start, from trades by venue."""
    markets = [Market(venue, "btc-usd", "btc", "usd") for venue in sorted(trades)]
    rows = [(number, *trade) for number, market in enumerate(markets) for trade in trades[market.venue]]
    held = [plain.Trade(time, markets[number].venue, Fraction(price), size) for number, time, price, size in rows]
    found = RATES.build(name, parameters).estimate(tape_of(markets, rows), np.array([START + HOUR])).price[0]
    return float(found), plain.rate(name, held, START + HOUR, **parameters)


def test_a_venue_on_the_mean_price_has_no_variance_and_so_no_share_of_its_inverse() -> None:
    busy = [(START + minute * MINUTE, price, 10**8) for minute, price in enumerate([8.0, 1, 1, 1, 1, 1, 1])]
    found, expected = of_venues("coin_metrics_real_time", {"busy": busy, "tiny": [(START + 10 * MINUTE, 2.0, 1)]})
    assert expected == 1.0
    assert found == expected


def test_prices_at_the_very_distance_of_agreement_agree() -> None:
    each = [START + part * 5 * MINUTE for part in range(12)]
    trades = {"low": [(time, 100.0, 10**8) for time in each], "high": [(time, 105.0, 10**8) for time in each]}
    found, expected = of_venues("capped_median", trades)
    assert expected is not None
    assert found == expected
