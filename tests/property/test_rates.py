"""Properties of the default rate under attack, and of the pooled median: what hostile venues cannot do."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from basketry.core.time import format_duration
from basketry.market.tape import Columns, Ints, Market, Tape
from basketry.reference.rate import RATES

MINUTE = 60_000_000
PART = 5 * MINUTE
PARTS = 12
END = 1_700_000_040_000_000
quick = settings(max_examples=120, derandomize=True)

Trade = tuple[int, float, int]
seeds = st.integers(0, 10**6)
any_price = st.one_of(st.floats(1e-9, 1e15), st.floats(19_000, 21_000))
any_size = st.integers(1, 2**44)


def tape(trades: dict[str, list[Trade]], groups: dict[str, str] | None = None) -> Tape:
    pieces: dict[Market, list[Columns]] = {}
    for venue, held in trades.items():
        ordered = sorted(held)
        times, prices, sizes = zip(*ordered, strict=True) if ordered else ((), (), ())
        market = Market(venue, "btc-usd", "btc", "usd", (groups or {}).get(venue, ""))
        pieces[market] = [(np.array(times, np.int64), np.array(prices, np.float64), np.array(sizes, np.int64))]
    return Tape.from_pieces("btc", pieces)


def in_part(generator: np.random.Generator, part: int) -> int:
    return END - (PARTS - part) * PART + int(generator.integers(PART))


def honest_trades(generator: np.random.Generator, venues: int, presence: float = 1.0) -> dict[str, list[Trade]]:
    """Trades about one price, of venues whose volumes differ by orders of magnitude; parts may be missing."""
    found: dict[str, list[Trade]] = {}
    for number in range(venues):
        scale = 10.0 ** generator.uniform(0, 6)
        found[f"honest-{number}"] = [
            (
                in_part(generator, part),
                20_000 * float(np.exp(generator.normal(0, 0.004))),
                1 + int(generator.random() * scale),
            )
            for part in range(PARTS)
            if generator.random() < presence
            for _ in range(int(generator.integers(1, 4)))
        ]
    return found


def hostile_trades(data: st.DataObject, generator: np.random.Generator, venues: int) -> dict[str, list[Trade]]:
    """Trades at any price and of any size, in any of the parts."""
    found: dict[str, list[Trade]] = {}
    for number in range(venues):
        where = data.draw(st.one_of(st.just(set(range(PARTS))), st.sets(st.integers(0, PARTS - 1))))
        found[f"corrupt-{number}"] = [
            (in_part(generator, part), data.draw(any_price), data.draw(any_size)) for part in sorted(where)
        ]
    return found


def venue_medians(trades: dict[str, list[Trade]]) -> list[list[float]]:
    """The volume-weighted medians of the venues in each part."""
    found: list[list[float]] = []
    for part in range(PARTS):
        start = END - (PARTS - part) * PART
        medians = []
        for held in trades.values():
            own = sorted((price, size) for time, price, size in held if start <= time < start + PART)
            total, held_size = sum(size for _, size in own), 0
            for price, size in own:
                held_size += size
                if 2 * held_size >= total:
                    medians.append(price)
                    break
        found.append(medians)
    return found


def trimmed(values: list[float]) -> float:
    return float(np.mean(sorted(values)[2:-2]))


@quick
@given(data=st.data(), seed=seeds, survive=st.integers(1, 3), more=st.integers(0, 3), group=st.booleans())
def test_k_corrupt_groups_of_venues_stay_within_the_honest_medians(
    data: st.DataObject, seed: int, survive: int, more: int, group: bool
) -> None:
    generator = np.random.default_rng(seed)
    corrupt = data.draw(st.integers(1, survive))
    honest = honest_trades(generator, 2 * survive + 1 - corrupt + more)
    hostile = hostile_trades(data, generator, corrupt)
    groups = {}
    if group:  # one corrupt owner with three venues is still one group
        hostile |= {f"twin-{n}": hostile_trades(data, generator, 1)["corrupt-0"] for n in range(2)}
        groups = dict.fromkeys(["corrupt-0", "twin-0", "twin-1"], "owner")
    rule = RATES.build("capped_median", {"survive": survive})
    found = rule.estimate(tape(honest | hostile, groups), np.array([END]))
    medians = venue_medians(honest)
    for part, own in zip(found.parts[0], medians, strict=True):
        assert min(own) <= part <= max(own)
    low, high = trimmed([min(own) for own in medians]), trimmed([max(own) for own in medians])
    assert low * (1 - 1e-14) <= found.price[0] <= high * (1 + 1e-14)


@quick
@given(data=st.data(), seed=seeds, venues=st.integers(1, 7), presence=st.sampled_from([0.4, 0.7, 0.95]))
def test_as_many_corrupt_groups_as_the_price_says_it_survives_stay_within_the_honest_medians(
    data: st.DataObject, seed: int, venues: int, presence: float
) -> None:
    generator = np.random.default_rng(seed)
    corrupt = data.draw(st.integers(1, 2))
    honest = honest_trades(generator, venues, presence)
    held = tape(honest | hostile_trades(data, generator, corrupt))
    rule = RATES.build("capped_median", None)
    price = rule.estimate(held, np.array([END])).price[0]
    survives = rule.contributions(held, np.array([END])).survives[0]
    if survives >= corrupt and np.isfinite(price):
        event("bounded")
        everything = [median for part in venue_medians(honest) for median in part]
        assert min(everything) <= price <= max(everything)


def test_one_corrupt_group_too_many_does_move_the_price() -> None:
    # The bound is no accident of the prices: k + 1 of 2k + 1 venues have the median.
    generator = np.random.default_rng(1)
    held = honest_trades(generator, 2)
    times = [END - part * PART - 1 for part in range(PARTS)]
    held |= {f"corrupt-{n}": [(time, 9e9, 10**10) for time in times] for n in range(3)}
    assert RATES.build("capped_median", None).estimate(tape(held), np.array([END])).price[0] == 9e9


@quick
@given(seed=seeds, factor=st.floats(1.0, 1e6), venue=st.integers(0, 4), part=st.integers(0, PARTS - 1))
def test_a_higher_print_never_lowers_the_default_price(seed: int, factor: float, venue: int, part: int) -> None:
    generator = np.random.default_rng(seed)
    trades = honest_trades(generator, 5)
    raised = {**trades, f"honest-{venue}": list(trades[f"honest-{venue}"])}
    place = part % len(raised[f"honest-{venue}"])
    time, price, size = raised[f"honest-{venue}"][place]
    raised[f"honest-{venue}"][place] = (time, price * factor, size)
    rule = RATES.build("capped_median", None)
    before, after = (rule.estimate(tape(held), np.array([END])).price[0] for held in (trades, raised))
    assert after >= before


@quick
@given(seed=seeds, size=st.integers(1, 2**50), venue=st.integers(0, 4))
def test_no_volume_buys_more_than_the_cap(seed: int, size: int, venue: int) -> None:
    trades = honest_trades(np.random.default_rng(seed), 5)
    trades[f"honest-{venue}"].append((END - 1, 20_000.0, size))
    weight = RATES.build("capped_median", None).contributions(tape(trades), np.array([END])).weight[0]
    assert (weight <= 0.24 + 1e-15).all()
    assert weight.sum(axis=1) == pytest.approx(np.ones(PARTS), abs=1e-15)


pooled = st.lists(
    st.tuples(
        st.integers(END - 70 * MINUTE, END + MINUTE).map(lambda time: time // 1_000_000 * 1_000_000),
        st.integers(1, 400).map(lambda ticks: 20_000 + ticks / 4),
        st.integers(1, 10**9),
    ),
    min_size=1,
    max_size=80,
)


@quick
@given(trades=pooled, seed=seeds, parts=st.integers(1, 12))
def test_a_partitioned_median_is_that_of_the_trades_however_they_arrive_and_wherever(
    trades: list[Trade], seed: int, parts: int
) -> None:
    generator = np.random.default_rng(seed)
    rule = RATES.build("partitioned_median", {"parts": parts})
    instants = np.array([END - PART, END])
    first = rule.estimate(arrived({"one": trades}), instants).price
    mixed = [trades[place] for place in generator.permutation(len(trades))]
    assert np.array_equal(rule.estimate(arrived({"one": mixed}), instants).price, first, equal_nan=True)
    # Pooled: which venue printed a trade does not matter either, nor one trade in two pieces.
    spread: dict[str, list[Trade]] = {f"venue-{n}": [] for n in range(4)}
    for time, price, size in mixed:
        here = int(generator.integers(1, size)) if size > 1 else 1
        spread[f"venue-{generator.integers(4)}"].append((time, price, here))
        if size > here:
            spread[f"venue-{generator.integers(4)}"].append((time, price, size - here))
    assert np.array_equal(rule.estimate(arrived(spread), instants).price, first, equal_nan=True)


def arrived(trades: dict[str, list[Trade]]) -> Tape:
    """A tape of trades whose instants of one microsecond lie in the order of arrival."""
    return tape({venue: sorted(held, key=lambda trade: trade[0]) for venue, held in trades.items()})


@quick
@given(trades=pooled, times=st.integers(1, 5), parts=st.integers(1, 12))
def test_a_partitioned_median_is_a_mean_of_traded_prices(trades: list[Trade], times: int, parts: int) -> None:
    rule = RATES.build("partitioned_median", {"parts": parts})
    found = rule.estimate(arrived({"one": trades}), np.array([END]))
    own: Ints = rule.edges(np.array([END]))[0]
    for part, (low, high) in zip(found.parts[0], pairwise(own.tolist()), strict=True):
        prices = [price for time, price, _ in trades if low <= time < high]
        assert part in prices if prices else np.isnan(part)
    heavier = arrived({"one": [(time, price, size * times) for time, price, size in trades]})
    assert np.array_equal(rule.estimate(heavier, np.array([END])).parts, found.parts, equal_nan=True)


windows = st.sampled_from(["1m", "90s", "1h", "36h", "7d"])


@pytest.mark.parametrize("name", sorted(RATES.rules))
@settings(max_examples=10, derandomize=True)
@given(window=windows)
def test_every_rate_says_itself_with_its_window(name: str, window: str) -> None:
    parameters: dict[str, Any] = {} if name == "coin_metrics_hourly" else {"window": window}
    rate = RATES.build(name, parameters)
    words = rate.words()
    assert words[0].islower()
    assert "{" not in words
    assert "  " not in words
    # The forms of Coin Metrics name no window in their sentences.
    assert format_duration(rate.window) in words or name.startswith("coin_metrics")
