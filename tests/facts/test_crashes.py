"""Two real crashes: the liquidations of 10 October 2025 trade by trade, and the depeg of USDC in March 2023."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Tape
from basketry.reference.attack.displacement import displacements
from basketry.reference.attack.scenarios import ATTACKS, attack
from basketry.reference.fixing import Fixer, MemoryTapes
from basketry.reference.health import DEVIATES, STUCK
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES

MINUTE = 60_000_000
HOUR = 60 * MINUTE


def at(stamp: str) -> int:
    return int(np.datetime64(stamp, "us").astype(np.int64))


def prices(source: MemoryTapes, asset: str, rate: str, instants: Ints, window: str, rules: PriceRules) -> Floats:
    """Return the prices of a rate over windows of a length, NaN where too few venues count."""
    made = Fixer(source, asset, rules).window(RATES.build(rate, {"window": window}), instants, frozenset())
    return np.where(made.venues >= rules.min_venues, made.price, np.nan)


def last_price(tape: Tape, venue: str, instant: int) -> float:
    place = next(n for n, market in enumerate(tape.markets) if market.venue == venue)
    part = tape.market_slice(place)
    return float(tape.price[part][np.searchsorted(tape.time[part], instant) - 1])


def test_the_single_print_of_gemini_is_not_followed(october: Callable[..., Tape]) -> None:
    # At 21:29:04 Gemini sold AAVE down to 178.34 in two prints while Coinbase traded at 201.98.
    tape = october("aave")
    instant = np.array([at("2025-10-10T21:29:05")])
    second = (tape.time >= instant[0] - 1_000_000) & (tape.time < instant[0])
    gemini = tape.market_slice(next(n for n, market in enumerate(tape.markets) if market.venue == "gemini"))
    here = np.flatnonzero(second[gemini]) + gemini.start
    assert tape.price[here].tolist() == [180.9262, 178.3416]
    assert last_price(tape, "coinbase", int(instant[0])) == 201.98
    quiet = tape.price.copy()
    quiet[here] = 201.98
    with_print, without = (MemoryTapes({"aave": held}) for held in (tape, replace(tape, price=quiet)))
    rules = PriceRules(min_venues=1)
    moved = {}
    for rate in ("capped_median", "last"):
        for window in ("5m", "1h"):
            pair = [prices(source, "aave", rate, instant, window, rules)[0] for source in (with_print, without)]
            moved[rate, window] = abs(pair[0] / pair[1] - 1) * 1e4
    assert moved["capped_median", "5m"] < 1
    assert moved["capped_median", "1h"] < 1
    assert moved["last", "1h"] > 1_000


def test_pooled_rates_follow_the_perpetual_to_a_third_and_the_default_does_not(october: Callable[..., Tape]) -> None:
    # The coin-margined perpetual of DOT fell to 0.696 at 21:20:46 while the spot venues never printed below 2.86.
    tape = october("dot")
    source, rules = MemoryTapes({"dot": tape}), PriceRules(min_venues=2)
    instants = at("2025-10-10T21:05") + np.arange(1, 41) * MINUTE
    spot = prices(MemoryTapes({"dot": october("dot", spot=True)}), "dot", "venue_median", instants, "5m", rules)
    ours = prices(source, "dot", "capped_median", instants, "5m", rules)
    pooled = prices(source, "dot", "partitioned_median", instants, "5m", rules)
    average = prices(source, "dot", "vwap", instants, "5m", rules)
    assert np.nanmin(pooled) == pytest.approx(1.041, abs=0.001)
    assert np.nanmin(average) == pytest.approx(1.252, abs=0.001)
    assert np.nanmin(spot) > 2.86
    assert np.nanmin(ours) == pytest.approx(3.072, abs=0.001)
    # Where the venues are a third apart it gives no price rather than a wrong one: seven of forty minutes.
    assert np.isnan(ours).sum() == 7
    assert np.nanmax(np.abs(ours / spot - 1)) < 0.09


def test_a_venue_that_stands_still_while_the_others_fall_is_found(october: Callable[..., Tape]) -> None:
    # Recorded trades in which one venue repeats its last price from 21:10 on, as one that stopped matching would.
    tape = october("bch")
    stopped = next(place for place, market in enumerate(tape.markets) if market.venue == "coinbase")
    part = tape.market_slice(stopped)
    price = tape.price.copy()
    since = part.start + int(np.searchsorted(tape.time[part], at("2025-10-10T21:10")))
    price[since : part.stop] = price[since - 1]
    source = MemoryTapes({"bch": replace(tape, price=price)})
    window = Fixer(source, "bch", PriceRules()).window(
        RATES.build("capped_median", {"window": "30m"}), np.array([at("2025-10-10T21:40")]), frozenset()
    )
    assert window.screened.code[stopped, 0] in (STUCK, DEVIATES)
    assert (np.delete(window.screened.code[:, 0], stopped) == 0).all()


def test_dollars_of_usdc_are_never_taken_for_dollars(march: Callable[..., MemoryTapes]) -> None:
    # On 10 March 2023 USDC fell below a dollar from 21:00 on and closed the hour to 23:00 at 0.9933.
    source = march()
    instants = at("2023-03-10T20:00") + np.arange(4) * HOUR
    rules = PriceRules(min_venues=2)
    whole = prices(source, "btc", "capped_median", instants, "1h", rules)
    markets = [market for market in source.tape("btc", 0, 1).markets if market.quote == "usd"]
    dollars = MemoryTapes({"btc": source.tape("btc", int(instants[0]) - HOUR, int(instants[-1])).only(markets)})
    alone = prices(dollars, "btc", "capped_median", instants, "1h", rules)
    assert np.abs(whole / alone - 1).max() < 0.0008
    # The prints in USDC, taken as dollars, are off by the depeg.
    pairs = source.tape("btc", int(instants[-1]) - HOUR, int(instants[-1]))
    unconverted = last_price(pairs.only([m for m in pairs.markets if m.quote == "usdc"]), "kraken", int(instants[-1]))
    usdc = source.tape("usdc", int(instants[-1]) - HOUR, int(instants[-1]))
    rate = last_price(usdc.only([m for m in usdc.markets if m.quote == "usd"]), "kraken", int(instants[-1]))
    assert rate < 0.995
    assert unconverted * rate == pytest.approx(whole[-1], rel=0.004)


@pytest.mark.parametrize(
    ("day", "one", "two", "three"),
    [("2023-03-02", 5.0, 10.0, 9e4), ("2023-03-13", 12.0, 40.0, 9e4)],
)
def test_corrupt_venues_among_recorded_markets(
    march: Callable[..., MemoryTapes], day: str, one: float, two: float, three: float
) -> None:
    # Minute bars of five markets of BTC, each taken as a venue; the largest lie, at any of the factors.
    source = march(apart=True)
    instants = at(day) + np.arange(1, 25) * HOUR
    wanted = [attack(name) for name in ("largest venue, any price", "two venues, near the price")]
    found = displacements(
        source, "btc", instants, PriceRules(), ["capped_median", "partitioned_median"], [*wanted, ATTACKS[-1]]
    )
    worst = dict(found.filter(rate="capped_median").select("attack", "worst_bp").rows())
    pooled = dict(found.filter(rate="partitioned_median").select("attack", "worst_bp").rows())
    assert worst["largest venue, any price"] < one
    assert worst["two venues, near the price"] < two
    assert worst["three venues, ten times"] > three
    assert pooled["largest venue, any price"] > 450


def test_nothing_is_known_before_it_is_traded(october: Callable[..., Tape]) -> None:
    # A fixing in the crash is the same whether or not the day went on.
    tape = october("avax")
    instant = at("2025-10-10T21:30")
    whole = Fixer(MemoryTapes({"avax": tape}), "avax", PriceRules()).fix(np.array([instant]))
    past = Fixer(MemoryTapes({"avax": tape.cut(0, instant)}), "avax", PriceRules()).fix(np.array([instant]))
    assert whole.table.equals(past.table)
    assert whole.sources.select(pl.exclude("time")).equals(past.sources.select(pl.exclude("time")))
    assert timedelta(hours=1) == PriceRules().rate.window
