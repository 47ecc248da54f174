"""What every rate from trades must keep, whichever it is; a new rate is tested on the day it is registered."""

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError, UnknownRuleError
from basketry.core.frames import TRADES
from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Market, Tape
from basketry.reference.fixing import Fixings, MemoryTapes, fix
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES, TradeRate

MINUTE = 60_000_000
HOUR = 60 * MINUTE
START = 1_700_000_040_000_000
NOON = START + 2 * HOUR
"""The instant of most prices; trades lie in the two hours before and the two minutes after."""
INSTANTS = np.array([START + HOUR, START + HOUR + 17 * MINUTE, NOON])
EVERY = pytest.mark.parametrize("name", sorted(RATES.rules))


quick = settings(max_examples=12, derandomize=True)
seeds = st.integers(0, 10_000)

Rows = dict[str, list[tuple[int, float, int]]]
"""Time, price and size of the trades of each venue."""

ONE_PART: dict[str, dict[str, Any]] = {"capped_median": {"parts": 1, "trim": 0}}
"""What a rate that asks for many parts needs to make a price from one trade."""


def rows(seed: int, venues: int = 4, count: int = 40) -> Rows:
    generator = np.random.default_rng(seed)
    found: Rows = {}
    for number in range(venues):
        times = START + generator.integers(0, 2 * HOUR + 2 * MINUTE, count)
        prices = np.round(20_000 * np.exp(generator.normal(0, 0.004, count)), 2)
        sizes = generator.integers(1, 10**9, count)
        found[f"venue-{number}"] = list(zip(times.tolist(), prices.tolist(), sizes.tolist(), strict=True))
    return found


def frame(trades: list[tuple[int, float, int]]) -> pl.DataFrame:
    times, prices, sizes = zip(*trades, strict=True) if trades else ((), (), ())
    return TRADES.conform(
        pl.DataFrame(
            {
                "time": pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us")),
                "price": pl.Series(prices, dtype=pl.Float64),
                "size": pl.Series(sizes, dtype=pl.Int64),
            }
        )
    )


def tape(trades: Rows) -> Tape:
    return Tape.from_frames("btc", {Market(v, "btc-usd", "btc", "usd"): frame(held) for v, held in trades.items()})


def prices(name: str, trades: Rows, instants: Ints = INSTANTS, **parameters: Any) -> Floats:
    found = RATES.build(name, parameters).estimate(tape(trades), instants).price
    assert found.shape == instants.shape
    return found


def published(name: str, trades: Rows, **parameters: Any) -> Fixings:
    rules = PriceRules.parse({"rate": {name: parameters}, "min_venues": 1, "fallback": {"previous": None}})
    return fix(MemoryTapes({"btc": tape(trades)}), "btc", INSTANTS, rules)


def used(rate: TradeRate, trades: Rows, instant: int) -> list[float]:
    """The prices of the trades of the window that ends at an instant."""
    edges = rate.edges(np.array([instant]))[0]
    return [price for held in trades.values() for time, price, _ in held if edges[0] <= time < edges[-1]]


def mapped(trades: Rows, *, scale: float = 1.0, size: int = 1, shift: int = 0) -> Rows:
    return {v: [(time + shift, scale * price, size * q) for time, price, q in held] for v, held in trades.items()}


# Names, parameters and words.


@EVERY
def test_an_unknown_parameter_is_refused_with_the_nearest_one(name: str) -> None:
    with pytest.raises(MethodologyError, match=rf"{name}\.windw: unknown parameter.*window.*parameters of {name}: "):
        RATES.build(name, {"windw": "1h"})


@EVERY
def test_a_misspelt_rate_is_refused_with_the_nearest_one(name: str) -> None:
    with pytest.raises(UnknownRuleError, match=rf"{name}s.*{name}"):
        RATES.build(f"{name}s", None)


@EVERY
@pytest.mark.parametrize("window", ["-1h", "soon", "", 5, None])
def test_a_window_that_is_no_length_of_time_is_refused(name: str, window: Any) -> None:
    with pytest.raises(MethodologyError, match=f"{name}"):
        RATES.build(name, {"window": window})


@EVERY
def test_a_window_of_no_length_is_refused(name: str) -> None:
    with pytest.raises(MethodologyError, match="window"):
        RATES.build(name, {"window": "0s"})


@EVERY
def test_the_window_that_is_given_is_the_one_that_is_used(name: str) -> None:
    try:
        rate = RATES.build(name, {"window": "2h"})
    except MethodologyError:
        return  # a rate of one length may refuse any other
    assert rate.edges(INSTANTS)[:, 0].tolist() == (INSTANTS - 2 * HOUR).tolist()


@EVERY
def test_every_rate_says_itself(name: str) -> None:
    rate = RATES.build(name, None)
    for text in (rate.words(), rate.formula, rate.source, rate.influence):
        assert len(text) > 10
        assert text == text.strip()
    assert rate.name == name
    assert not rate.words().endswith(".")  # it stands inside a sentence


@EVERY
def test_a_rate_comes_back_from_what_it_writes(name: str) -> None:
    rate = RATES.build(name, {"window": "90m"} if name != "coin_metrics_hourly" else None)
    assert RATES.build(name, rate.entry()) == rate
    assert PriceRules.parse(PriceRules(rate=rate).document()).rate == rate


# Too little to go by.


@EVERY
@pytest.mark.parametrize("trades", [{}, {"a": [], "b": []}, {"a": [(START - 30 * HOUR, 5.0, 1)]}])
def test_without_trades_there_is_no_price_but_a_reason(name: str, trades: Rows) -> None:
    assert np.isnan(prices(name, trades)).all()
    found = published(name, trades)
    assert found.table["price"].null_count() == len(INSTANTS)
    assert found.table["status"].to_list() == ["suspended"] * len(INSTANTS)
    assert all(reason for reason in found.table["reason"])
    assert {"too few venues", "halt"} <= set(found.events["step"].to_list())
    for table in (found.table, found.sources, found.conversions):
        for column in table.select(pl.col(pl.Float64)):
            assert not column.is_nan().any()


@EVERY
@settings(max_examples=40, derandomize=True)
@given(price=st.floats(1e-6, 1e9), size=st.integers(1, 2**50), back=st.integers(1, 3 * MINUTE))
def test_one_trade_gives_its_price(name: str, price: float, size: int, back: int) -> None:
    trades = {"a": [(NOON - back, price, size)]}
    assert prices(name, trades, INSTANTS[-1:], **ONE_PART.get(name, {})) == pytest.approx(price, rel=1e-15)


def test_the_default_rate_needs_half_of_its_parts_and_says_so() -> None:
    one = {"a": [(NOON - MINUTE, 5.0, 1)]}
    assert published("capped_median", one).table["reason"][-1] == "no price"
    half = {"a": [(NOON - 5 * MINUTE * part - 1, 5.0, 1) for part in range(6)]}
    assert published("capped_median", half).table["price"][-1] == 5.0


@EVERY
def test_a_window_takes_its_first_microsecond_and_leaves_its_end(name: str) -> None:
    rate = RATES.build(name, ONE_PART.get(name))
    first, *_, end = rate.edges(INSTANTS[-1:])[0].tolist()
    for time, counts in ((first - 1, False), (first, True), (end - 1, True), (end, False)):
        price = prices(name, {"a": [(time, 7.0, 3)]}, INSTANTS[-1:], **ONE_PART.get(name, {}))[0]
        assert price == pytest.approx(7.0, rel=1e-15) if counts else np.isnan(price)


# What must not matter.


@EVERY
@quick
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(name: str, seed: int) -> None:
    trades = rows(seed)
    generator = np.random.default_rng(seed)
    mixed = {v: [held[place] for place in generator.permutation(len(held))] for v, held in reversed(trades.items())}
    assert np.array_equal(prices(name, trades), prices(name, mixed), equal_nan=True)


@EVERY
@quick
@given(seed=seeds)
def test_the_names_of_the_venues_do_not_matter(name: str, seed: int) -> None:
    trades = rows(seed)
    renamed = {f"other-{9 - number}": held for number, held in enumerate(trades.values())}
    assert prices(name, renamed) == pytest.approx(prices(name, trades), rel=1e-12, nan_ok=True)


@EVERY
@quick
@given(seed=seeds, power=st.integers(-30, 30), scale=st.floats(1e-4, 1e4))
def test_prices_scale(name: str, seed: int, power: int, scale: float) -> None:
    # A power of two changes no digit, so the price follows exactly; any other factor to rounding.
    trades = rows(seed)
    plain = prices(name, trades)
    assert np.array_equal(prices(name, mapped(trades, scale=2.0**power)), plain * 2.0**power, equal_nan=True)
    assert prices(name, mapped(trades, scale=scale)) == pytest.approx(plain * scale, rel=1e-11, nan_ok=True)


@EVERY
@quick
@given(seed=seeds, factor=st.integers(2, 1_000), hours=st.integers(1, 10_000))
def test_the_unit_of_size_and_the_date_do_not_matter(name: str, seed: int, factor: int, hours: int) -> None:
    trades = rows(seed)
    plain = prices(name, trades)
    assert prices(name, mapped(trades, size=factor)) == pytest.approx(plain, rel=1e-12, nan_ok=True)
    later = prices(name, mapped(trades, shift=hours * HOUR), INSTANTS + hours * HOUR)
    assert np.array_equal(later, plain, equal_nan=True)


@EVERY
@quick
@given(seed=seeds)
def test_a_price_does_not_depend_on_what_else_is_asked_or_lies_outside(name: str, seed: int) -> None:
    trades = rows(seed)
    together = prices(name, trades)
    rate = RATES.build(name, None)
    for place, instant in enumerate(INSTANTS.tolist()):
        edges = rate.edges(INSTANTS[place : place + 1])[0]
        wild = [(int(edges[0]) - 1, 1.0, 10**12), (int(edges[-1]), 1e9, 10**12)]
        outside = {venue: [*held, *wild] for venue, held in trades.items()}
        assert np.array_equal(prices(name, outside, np.array([instant])), together[place : place + 1], equal_nan=True)


@EVERY
@quick
@given(seed=seeds)
def test_a_market_that_does_not_count_is_as_if_it_were_not_there(name: str, seed: int) -> None:
    trades = rows(seed)
    included = np.ones((len(trades), len(INSTANTS)), np.bool_)
    included[1] = False
    masked = RATES.build(name, None).estimate(tape(trades), INSTANTS, included).price
    without = prices(name, {venue: held for venue, held in trades.items() if venue != "venue-1"})
    assert masked == pytest.approx(without, rel=1e-15, nan_ok=True)


@EVERY
@quick
@given(seed=seeds)
def test_a_venue_that_repeats_the_only_other_changes_nothing(name: str, seed: int) -> None:
    alone = rows(seed, venues=1)
    twice = {**alone, "copy": alone["venue-0"]}
    assert prices(name, twice) == pytest.approx(prices(name, alone), rel=1e-12, nan_ok=True)


@EVERY
@quick
@given(seed=seeds)
def test_two_markets_of_one_venue_are_one_source(name: str, seed: int) -> None:
    trades = rows(seed)
    split = {Market(v, "btc-usd", "btc", "usd"): frame(held[::2]) for v, held in trades.items()}
    split |= {Market(v, "btc-usdt", "btc", "usdt"): frame(held[1::2]) for v, held in trades.items()}
    found = RATES.build(name, None).estimate(Tape.from_frames("btc", split), INSTANTS).price
    assert found == pytest.approx(prices(name, trades), rel=1e-12, nan_ok=True)


# Where the price lies.


@EVERY
@quick
@given(seed=seeds, venues=st.integers(1, 6), count=st.integers(1, 40))
def test_the_price_lies_within_the_prices_of_the_window(name: str, seed: int, venues: int, count: int) -> None:
    trades = rows(seed, venues, count)
    rate = RATES.build(name, None)
    for price, instant in zip(prices(name, trades), INSTANTS.tolist(), strict=True):
        seen = used(rate, trades, instant)
        if np.isnan(price):
            assert not seen or name in {"band_mean", "capped_median"}
        else:
            assert min(seen) * (1 - 1e-15) <= price <= max(seen) * (1 + 1e-15)


@EVERY
@quick
@given(seed=seeds, price=st.floats(1e-6, 1e9))
def test_one_price_everywhere_is_the_price(name: str, seed: int, price: float) -> None:
    same = {venue: [(time, price, size) for time, _, size in held] for venue, held in rows(seed, count=120).items()}
    assert prices(name, same) == pytest.approx([price] * len(INSTANTS), rel=1e-14)


# The evidence.


@EVERY
@quick
@given(seed=seeds, venues=st.integers(1, 6))
def test_the_evidence_has_shares_of_one_and_none_without_a_price(name: str, seed: int, venues: int) -> None:
    rate = RATES.build(name, None)
    held = tape(rows(seed, venues, 15))
    given = rate.contributions(held, INSTANTS)
    shape = (len(INSTANTS), rate.part_count, venues)
    assert given.price.shape == given.weight.shape == given.volume.shape == shape
    assert given.survives.shape == (len(INSTANTS),)
    assert (given.weight >= 0).all()
    total = given.weight.sum(axis=2)
    assert ((np.abs(total - 1) < 1e-12) | (total == 0)).all()
    assert (given.weight[np.isnan(given.price)] == 0).all()
    assert ((given.survives >= 0) & (2 * given.survives < max(venues, 1))).all()


@EVERY
def test_what_is_published_is_the_rate_to_eight_digits_known_after_its_lag(name: str) -> None:
    trades = rows(11)
    found = published(name, trades)
    assert found.table["price"].to_numpy() == pytest.approx(prices(name, trades), rel=0, abs=5.1e-9)
    assert found.table["status"].to_list() == ["live"] * len(INSTANTS)
    lag = (found.table["known_at"] - found.table["time"]).to_list()
    last_used = RATES.build(name, None).edges(INSTANTS)[:, -1]
    assert lag == [timedelta(microseconds=int(end - t)) for end, t in zip(last_used, INSTANTS, strict=True)]
