"""Tests beside other venues and the book: spread, depth, correlation, deviation, uptime."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from scipy import stats

from basketry.core.frames import DEPTH, INSTANT, QUOTES, TRADES
from basketry.reference.vetting.correlation import correlation, interval_volumes
from basketry.reference.vetting.depth_volume import depth_volume
from basketry.reference.vetting.deviation import deviation
from basketry.reference.vetting.inside_spread import inside, inside_spread
from basketry.reference.vetting.trades import Peers
from basketry.reference.vetting.uptime import uptime

if TYPE_CHECKING:
    from tests.reference.vetting.conftest import Maker

SECOND = 1_000_000
MINUTE = 60 * SECOND


def quotes(times: list[int], bid: float = 99.0, ask: float = 101.0) -> pl.DataFrame:
    return QUOTES.conform(
        pl.DataFrame({"time": pl.Series(times).cast(INSTANT), "bid": [bid] * len(times), "ask": [ask] * len(times)})
    )


def book(size: int, levels: int = 10) -> pl.DataFrame:
    """One snapshot with levels 10 bp apart from 10 bp off 100 on, each of a size."""
    rows = [
        {"time": 0, "sequence": 1, "kind": "snapshot", "side": side, "price": 100 * (1 + sign * 0.001 * step)}
        for side, sign in (("bid", -1), ("ask", 1))
        for step in range(1, levels + 1)
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("time").cast(INSTANT), size=pl.lit(size))
    return DEPTH.conform(frame)


def test_inside_is_strictly_between_a_fresh_uncrossed_quote_before_the_trade(maker: Maker) -> None:
    held = maker.trades(
        maker.frame([1] * 6, time=[5, 10, 20, 30, 40, 10_000_000], price=[100, 100, 99, 101, 100.5, 100])
    )
    usable, within = inside(held, quotes([5]), SECOND)
    assert usable.tolist() == [False, True, True, True, True, False]  # the quote of the same instant is not before it
    assert within.tolist() == [False, True, False, False, True, False]
    assert not inside(held, quotes([1], bid=101.0, ask=99.0), SECOND)[0].any()
    assert not inside(held, QUOTES.empty(), SECOND)[0].any()


def test_inside_spread_estimates_the_washed_share(maker: Maker) -> None:
    """Elsewhere a fifth of the volume is inside; half of the washer's is invented, all of it inside."""
    rng = np.random.default_rng(1)

    def frame(share: float) -> pl.DataFrame:
        return maker.frame([10**8] * 2_000, price=np.where(rng.random(2_000) < share, 100.0, 99.0))

    peers = maker.peers([frame(0.2), frame(0.2), frame(0.2), frame(0.6)])
    held = {trades.market: quotes([-1, *range(0, 2_000 * SECOND, 10 * SECOND)]) for trades in peers.markets}
    found = inside_spread(peers, held, maker.rules)
    assert found[3].statistic == pytest.approx(0.5, abs=0.05)
    assert [finding.suspicion == 0 for finding in found] == [True, True, True, False]
    assert found[3].p_value == pytest.approx(0, abs=1e-20)
    assert "no quotes" in inside_spread(peers, {}, maker.rules)[0].sentence


def test_depth_volume_is_the_multiple_of_the_others(maker: Maker) -> None:
    frames = [maker.frame([10**8] * count) for count in (1_000, 1_000, 1_000, 8_000)]
    peers = maker.peers(frames)
    books = {held.market: book(10**9) for held in peers.markets}
    found = depth_volume(peers, books, maker.rules)
    assert [finding.statistic for finding in found] == pytest.approx([1, 1, 1, 8])
    assert found[3].suspicion == pytest.approx(np.log(8 / 3) / np.log(10 / 3))
    assert depth_volume(peers, {}, maker.rules)[0].sentence == "cannot be told: no snapshots of the book"


def test_a_book_of_few_levels_does_not_hinder_the_others(maker: Maker) -> None:
    """The first book is cut at 20 bp: compared there, alone."""
    peers = maker.peers([maker.frame([10**8] * 1_000)] * 4)
    books = {held.market: book(10**9, levels=2 if held.market.venue == "alpha" else 10) for held in peers.markets}
    found = depth_volume(peers, books, maker.rules)
    assert found[0].sentence.startswith("volume for the depth within 0.20%")
    assert found[0].statistic == pytest.approx(1)
    assert found[1].sentence.startswith("volume for the depth within 1.00%")


def test_correlation_is_that_of_log_changes(maker: Maker) -> None:
    rng = np.random.default_rng(2)
    common = np.exp(rng.normal(0, 1, 300))
    volumes = [(10**8 * common * np.exp(rng.normal(0, 0.5, 300))).astype(np.int64) for _ in range(3)]
    alone = (10**8 * np.exp(rng.normal(0, 1, 300))).astype(np.int64)
    time = np.arange(300) * 5 * MINUTE
    peers = maker.peers([maker.frame(volume, time=time) for volume in (*volumes, alone)])
    found = correlation(peers, maker.rules)
    others = volumes[1] + volumes[2] + alone
    expected = np.corrcoef(np.diff(np.log(volumes[0])), np.diff(np.log(others)))[0, 1]
    assert found[0].statistic == pytest.approx(expected, rel=1e-9)
    assert [finding.suspicion for finding in found[:3]] == [0, 0, 0]
    assert found[3].suspicion is not None
    assert found[3].suspicion > 0.5
    assert interval_volumes(peers, 5 * MINUTE).shape == (4, 300)


def test_variance_and_p_values_of_the_correlation_allow_for_overlapping_changes(maker: Maker) -> None:
    """Independent volumes, 500 times: the variance of z is 1.5 / (n - 3), and few p-values are small."""
    time = np.arange(101) * 5 * MINUTE
    scores, values = [], []
    for seed in range(500):
        rng = np.random.default_rng(seed)
        frames = [maker.frame((10**8 * np.exp(rng.normal(0, 0.5, 101))).astype(np.int64), time=time) for _ in range(4)]
        found = correlation(maker.peers(frames), maker.rules)[0]
        scores.append(np.arctanh(found.statistic or 0.0))
        values.append(found.p_value or 0.0)
    assert np.var(scores) == pytest.approx(1.5 / 97, rel=4 * np.sqrt(2 / 500))
    assert sum(value < 0.05 for value in values) <= stats.binom.ppf(0.999, 500, 0.05)


def test_constant_volume_does_not_correlate(maker: Maker) -> None:
    time = np.arange(100) * 5 * MINUTE
    found = correlation(maker.peers([maker.frame([10**8] * 100, time=time)] * 3), maker.rules)
    assert [finding.sentence for finding in found] == ["cannot be told: the volume does not change"] * 3


def test_deviation_is_from_the_median_of_three_groups(maker: Maker) -> None:
    time = np.arange(100) * MINUTE
    frames = [maker.frame([10**8] * 100, time=time, price=price) for price in (100.0, 100.1, 102.0)]
    found = deviation(maker.peers(frames), maker.rules)
    assert [finding.statistic for finding in found] == pytest.approx(
        [abs(price / 100.1 - 1) * 1e4 for price in (100.0, 100.1, 102.0)]
    )
    assert [finding.suspicion for finding in found] == [0, 0, pytest.approx((found[2].statistic or 0) / 175 - 1 / 7)]
    markets = [maker.market(name, group="one" if name != "gamma" else "") for name in ("alpha", "beta", "gamma")]
    owned = Peers(tuple(maker.trades(frame, market) for frame, market in zip(frames, markets, strict=True)))
    assert all(finding.suspicion is None for finding in deviation(owned, maker.rules))


def test_uptime_is_the_share_of_live_minutes(maker: Maker) -> None:
    busy = np.arange(100 * 10) * (MINUTE // 10)
    out = busy[(busy < 30 * MINUTE) | (busy >= 50 * MINUTE)]
    peers = maker.peers([maker.frame([10**8] * len(time), time=time) for time in (busy, busy, out)])
    found = uptime(peers, {}, maker.rules)
    assert [finding.statistic for finding in found] == [1.0, 1.0, 0.8]
    assert found[2].suspicion == pytest.approx((0.2 - 0.05) / 0.45)
    beating = {peers.markets[2].market: quotes([minute * MINUTE for minute in range(100)])}
    assert uptime(peers, beating, maker.rules)[2].statistic == 1.0


def test_a_quiet_venue_is_no_outage(maker: Maker) -> None:
    busy = np.arange(100 * 10) * (MINUTE // 10)
    peers = maker.peers([maker.frame([10**8] * len(time), time=time) for time in (busy, busy, busy[::20])])
    assert "do not tell an outage" in uptime(peers, {}, maker.rules)[2].sentence
    assert "no other venue" in uptime(maker.peers([maker.frame([1] * 10)]), {}, maker.rules)[0].sentence
    assert uptime(maker.peers([TRADES.empty()]), {}, maker.rules)[0].suspicion is None
