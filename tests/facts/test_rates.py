"""Published worked examples of reference rates; each test names its source and quotes its figures."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from basketry.core.restatement import Restate
from basketry.market.tape import Columns, Market, Tape
from basketry.reference.rate import RATES
from basketry.reference.rates.coin_metrics_hourly import CoinMetricsHourly
from basketry.reference.time_kernels import dispersion

SECOND = 1_000_000
MINUTE = 60 * SECOND
END = 1_700_000_040_000_000
UNIT = 10**8

Trades = Mapping[str, Sequence[tuple[float, float, float]]]
"""Seconds before the instant, price and size of the trades of each venue."""


def tape(trades: Trades) -> Tape:
    pieces: dict[Market, list[Columns]] = {}
    for venue, held in trades.items():
        ordered = sorted((END - round(before * SECOND), price, round(size * UNIT)) for before, price, size in held)
        times, prices, sizes = zip(*ordered, strict=True)
        market = Market(venue, "btc-usd", "btc", "usd")
        pieces[market] = [(np.array(times, np.int64), np.array(prices, np.float64), np.array(sizes, np.int64))]
    return Tape.from_pieces("btc", pieces)


def price(name: str, trades: Trades, **parameters: Any) -> float:
    return float(RATES.build(name, parameters).estimate(tape(trades), np.array([END])).price[0])


def weights(name: str, trades: Trades, **parameters: Any) -> list[float]:
    found = RATES.build(name, parameters).contributions(tape(trades), np.array([END])).weight
    return [float(weight) for weight in found[0, 0]]


def each_once(*prices: float, sizes: list[float] | None = None) -> Trades:
    """One trade a venue, ten seconds before the instant."""
    held = sizes or [1.0] * len(prices)
    return {f"venue-{n}": [(10, p, size)] for n, (p, size) in enumerate(zip(prices, held, strict=True))}


# Means held to the median.


def test_ftx_clamped_mean() -> None:
    """FTX, index calculation, 2020: 100, 100.1, 100.2, 100.3 and 115 at 0.3% of the median give 100.22."""
    found = price("clamped_mean", each_once(100, 100.1, 100.2, 100.3, 115), band=0.003)
    assert found == pytest.approx(100.22012, abs=1e-9)
    assert round(found, 2) == 100.22


def test_deribit_capped_prices() -> None:
    """Deribit, Index Prices (support article): 100, 101 and 120 are capped to 100.495, 101 and 101.505.

    The weights of the example are 25%, 50% and 25%; the index is then their weighted mean.
    """
    example = each_once(100, 101, 120, sizes=[25, 50, 25])
    capped = 0.25 * 100.495 + 0.5 * 101 + 0.25 * 101.505
    assert price("clamped_mean", example, by="volume") == pytest.approx(capped, rel=1e-14)
    # With all the weight on one venue its own capped price shows.
    for heavy, own in enumerate((100.495, 101, 101.505)):
        sizes = [10_000_000.0 if n == heavy else 1e-8 for n in range(3)]
        assert price("clamped_mean", each_once(100, 101, 120, sizes=sizes), by="volume") == pytest.approx(own, abs=1e-9)


def test_deribit_leaves_out_the_highest_and_the_lowest() -> None:
    """Deribit BTC Index (docs until 2019): of six exchanges two are taken out, four count a quarter each."""
    example = each_once(100, 101, 102, 103, 104, 250)
    assert price("trimmed_mean", example, of="last") == pytest.approx((101 + 102 + 103 + 104) / 4, rel=1e-15)
    assert weights("trimmed_mean", example, of="last") == [0, 0.25, 0.25, 0.25, 0.25, 0]


def test_bitmex_removes_a_constituent() -> None:
    """BitMEX, New Protections for BitMEX Indices, 2017, example 1: three exchanges at 100, tolerance 25%.

    C changes to 50: it is removed, the index remains at 100, A and B are equally weighted.
    """
    example = each_once(100, 100, 50)
    assert price("band_mean", example, by="equal") == 100
    assert weights("band_mean", example, by="equal") == [0.5, 0.5, 0]


@pytest.mark.parametrize(
    ("prices", "active"),
    [
        ((100, 100, 100), "ABC"),
        ((150, 100, 100), "BC"),
        ((131, 131, 129), "ABC"),
        ((140, 138, 139), "ABC"),
    ],
)
def test_bitmex_active_constituents(prices: tuple[float, ...], active: str) -> None:
    """BitMEX, Index Constituent Reintroduction, 14 August: rows of the example with three constituents.

    The rows in between, in which A waits fifteen minutes within 2%, are a matter of state and not of the rate.
    """
    found = weights("band_mean", each_once(*prices), by="equal")
    assert "".join(name for name, weight in zip("ABC", found, strict=True) if weight) == active


# Medians and filters.


def test_leys_and_others_median_absolute_deviation() -> None:
    """Leys, Ley, Klein, Bernard and Licata, Detecting outliers, 2013: 1, 3, 3, 6, 8, 10, 10 and 1000.

    Median 7, median absolute deviation 3.5 x 1.4826 = 5.1891; at three of them what is above 22.57 is out, the 1000.
    """
    values = (1, 3, 3, 6, 8, 10, 10, 1000)
    kept = weights("deviation_filter", each_once(*values), floor=0, by="equal")
    assert [weight > 0 for weight in kept] == [True] * 7 + [False]
    assert price("deviation_filter", each_once(*values), floor=0, by="equal") == pytest.approx(41 / 7, rel=1e-15)
    # The threshold itself, from both sides: in place of 1000 either leaves the median and the deviations' median.
    for last, counts in ((22.56, True), (22.58, False)):
        assert (weights("deviation_filter", each_once(*values[:7], last), floor=0, by="equal")[7] > 0) is counts


def test_weighted_median_takes_the_lower_of_two() -> None:
    """Weighted median, Wikipedia: 1, 2, 3, 4 at 0.49, 0.01, 0.25, 0.25 have the lower weighted median 2, the upper 3.

    With weights of 0.25 each as well, the lower one is 2 and the upper one is 3.
    """
    for sizes in ([0.49, 0.01, 0.25, 0.25], [0.25] * 4):
        example = each_once(1, 2, 3, 4, sizes=sizes)
        assert price("weighted_venue_median", example) == 2
        assert price("partitioned_median", example, parts=1) == 2
    assert price("venue_median", each_once(1, 2, 3, 4)) == 2.5


def test_weighted_median_of_unequal_weights() -> None:
    """Mathematics Stack Exchange 3968904: 1 to 5 at 0.1, 0.1, 0.1, 0.1 and 0.6 have the weighted median 5."""
    example = each_once(1, 2, 3, 4, 5, sizes=[0.1, 0.1, 0.1, 0.1, 0.6])
    assert price("weighted_venue_median", example) == 5
    assert price("partitioned_median", example, parts=1) == 5


def test_cme_cf_reference_rate() -> None:
    """CME CF Bitcoin Reference Rate methodology: 60 minutes, 12 parts, volume-weighted medians, their equal mean.

    The methodology prints no trades; these are calculated by its steps. In part k the joint list of two exchanges
    holds 100 + k, size 2, and 90 + k and 110 + k, size 1 each: the median is 100 + k, the mean 105.5. One exchange
    that prints a thousand at less than half of a part's volume changes nothing.
    """
    joint: dict[str, list[tuple[float, float, float]]] = {"bitstamp": [], "kraken": []}
    for part in range(12):
        before = 3600 - 300 * part
        joint["bitstamp"] += [(before, 100 + part, 2), (before - 299, 90 + part, 1)]
        joint["kraken"] += [(before - 1, 110 + part, 1)]
    assert price("partitioned_median", joint) == 105.5
    joint["gdax"] = [(3600 - 300 * part, 1000, 0.5) for part in range(12)]
    assert price("partitioned_median", joint) == 105.5


def test_vinter_median_of_the_last_minute() -> None:
    """Vinter, index methodology, 2021: the last price of each exchange of 60 seconds, and their median."""
    example: Trades = {
        "a": [(59, 90.0, 5), (3, 101.0, 1)],
        "b": [(61, 70.0, 9), (60, 100.0, 1)],  # at 61 seconds it is too old, at 60 it still counts
        "c": [(1, 104.0, 1e-8)],
        "d": [(61, 500.0, 9)],
    }
    assert price("venue_median", example, of="last", window="60s") == 101


def test_pyth_price_of_three_quotes() -> None:
    """Pyth, documented aggregate: 10000, 15000 and 20000, each ± 1000, have the price 15000.

    Here the width is a fraction, 1000 of 15000; whole numbers and the confidence are under test with the oracles.
    """
    assert price("three_vote_median", each_once(10_000, 15_000, 20_000), uncertainty=1 / 15) == 15_000


# Coin Metrics.


def test_coin_metrics_hourly_weights() -> None:
    """Coin Metrics, hourly reference rates: 61 weights of slope 0.000526, the last two 0.05; weight 58 is 0.030508.

    As published they sum to 0.999986; with the slope 0.9 / 1711, of which 0.000526 is the rounded figure, to one.
    """
    found = CoinMetricsHourly.minute_weights()
    assert len(found) == 61
    assert found[58] == pytest.approx(0.030508, abs=5e-7)
    assert found[59:].tolist() == [0.05, 0.05]
    published = [0.000526 * k for k in range(59)] + [0.05, 0.05]
    assert sum(published) == pytest.approx(0.999986, abs=1e-12)
    assert round(0.9 / 1711, 6) == 0.000526
    assert found[1] == pytest.approx(0.9 / 1711, rel=1e-15)
    assert found.sum() == pytest.approx(1, abs=1e-15)


def test_coin_metrics_hourly_weights_on_trades() -> None:
    """The same weights as seen in a price: a minute that stands one above the others adds its weight."""
    for k, weight in ((0, 0.0), (1, 0.9 / 1711), (58, 0.030508), (59, 0.05), (60, 0.05)):
        minutes = {"a": [(60 * (60 - j) - 30, 2.0 if j == k else 1.0, 1) for j in range(61)]}
        assert price("coin_metrics_hourly", minutes) - 1 == pytest.approx(weight, abs=5e-7)


def test_coin_metrics_mean_trade_interval() -> None:
    """Coin Metrics, real-time reference rates: intervals of 10, 25 and 38 seconds.

    Their mean is 24.33 seconds; the document says 23.3, which is a slip of the arithmetic.
    """
    example = tape({"a": [(200, 1.0, 1), (190, 1.0, 1), (165, 1.0, 1), (127, 1.0, 1)]})
    bounds = example.bounds(np.array([[END - 60 * MINUTE, END]]))
    counted = np.ones((1, 1), np.bool_)
    source = np.zeros(1, np.int64)
    starts = np.array([END - 60 * MINUTE])
    *_, interval = dispersion(example.time, example.price, example.size, bounds, counted, source, 1, starts, 60)
    assert interval[0] / SECOND == pytest.approx((10 + 25 + 38) / 3, rel=1e-15)
    assert interval[0] / SECOND == pytest.approx(24.333333333333332, rel=1e-15)


@pytest.mark.parametrize(("silent", "counts"), [(23.3 * 4, True), (24.33 * 4, True), (24.34 * 4, False)])
def test_coin_metrics_inactive_venue(silent: float, counts: bool) -> None:
    """The same intervals decide who is inactive: here after four of them, so after 97.3 seconds and not 93.2."""
    since = silent - 73
    example = {
        "quiet": [(silent, 50.0, 100)],
        "busy": [(silent - 10, 10.0, 1), (silent - 35, 11.0, 1), (since, 10.0, 1)],
    }
    found = weights("coin_metrics_real_time", example, inactive=4)
    assert (found[1] > 0) is counts
    assert price("coin_metrics_real_time", example, inactive=4) == (50.0 if counts else 10.0)


# What follows a price.


@pytest.mark.parametrize(
    ("correct", "restated"), [(1235.79, False), (1235.80, True), (1233.33, False), (1233.32, True)]
)
def test_cf_benchmarks_restatement(correct: float, restated: bool) -> None:
    """CF Benchmarks, material error of 0.10%: a published 1234.56 is restated above 1235.79 or below 1233.33."""
    assert Restate().applies(correct / 1234.56 - 1, timedelta(hours=3)) is restated
