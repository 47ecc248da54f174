"""The vetting as a whole: simulated venues, bad input, properties, vetted volume and a day of real venues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from basketry.core.errors import DataError
from basketry.core.frames import METRICS, QUOTES, TRADES
from basketry.market.tape import Market
from basketry.market.venues.faults.fault import inject
from basketry.market.venues.faults.wash_trading import WashTrading
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.simulate import simulate_venues
from basketry.reference.vetting.liquidity import vetted_volumes
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.vet import DAYS, FINDINGS, SCORES, Vetting, vet

if TYPE_CHECKING:
    from tests.reference.vetting.conftest import Maker

SEEDS = (1, 2, 3)
WASHER = "sim-elder"


def judge(feed: SimulatedVenues, *, quotes: bool = True) -> Vetting:
    return vet(
        feed.frames["trades"], quotes=feed.frames["quotes"] if quotes else {}, depth=feed.frames.get("depth", {})
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("quotes", [True, False])
def test_wash_trading_is_found_and_its_share_estimated(seed: int, quotes: bool) -> None:
    honest = simulate_venues(seed, quotes=["usd"])
    feed = simulate_venues(seed, quotes=["usd"], scenario="wash-trading")
    scores = judge(feed, quotes=quotes).scores
    assert scores.filter(pl.col("verdict") == "rejected").select("venue", "asset").rows() == [(WASHER, "sim-aurum")]
    row = scores.row(by_predicate=(pl.col("venue") == WASHER) & (pl.col("asset") == "sim-aurum"), named=True)
    market = next(market for market in feed.frames["trades"] if market.venue == WASHER and market.base == "sim-aurum")
    true = int(honest.frames["trades"][market]["size"].sum()) / int(feed.frames["trades"][market]["size"].sum())
    assert row["washed_share"] == pytest.approx(1 - true, abs=0.06)
    assert row["vetted_volume"] == pytest.approx(row["volume"] * (1 - row["washed_share"]))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "scenario",
    [None, "cloud-region-outage", "correlated-group", "minute-crash", "stale-feed", "settlement-window-budget"],
)
def test_venues_without_invented_volume_are_not_rejected(seed: int, scenario: str | None) -> None:
    found = judge(simulate_venues(seed, scenario=scenario)).scores
    assert found.filter(pl.col("verdict") == "rejected").is_empty()
    if scenario is None:
        assert found["verdict"].unique().to_list() == ["accepted"]


def test_depth_is_evidence() -> None:
    feed = simulate_venues(1, quotes=["usd"], hours=2, levels=10, scenario="wash-trading")
    odd = judge(feed).findings.filter((pl.col("test") == "depth_volume") & (pl.col("suspicion") > 0))
    assert odd["venue"].to_list() == [WASHER]


@pytest.fixture(scope="module")
def feed() -> SimulatedVenues:
    return simulate_venues(5, quotes=["usd"], hours=1)


def test_order_of_rows_and_of_markets_does_not_matter(feed: SimulatedVenues) -> None:
    """Trades of one microsecond stay in the order of the frame and are made distinct here."""
    frames = {market: frame.unique("time", keep="first") for market, frame in feed.frames["trades"].items()}
    expected = vet(frames, quotes=feed.frames["quotes"])
    mixed = {market: frames[market].sample(fraction=1.0, shuffle=True, seed=3) for market in reversed(list(frames))}
    turned = {market: frame.reverse().sort("time") for market, frame in feed.frames["quotes"].items()}
    found = vet(mixed, quotes=turned)
    for name in ("findings", "scores", "days"):
        assert_frame_equal(getattr(found, name), getattr(expected, name))


def test_units_do_not_matter(feed: SimulatedVenues) -> None:
    """Ten times the decimals: the same coins in other numbers."""
    finer = {market: frame.with_columns(pl.col("size") * 10) for market, frame in feed.frames["trades"].items()}
    expected, found = vet(feed.frames["trades"]), vet(finer, size_decimals=9)
    assert_frame_equal(found.scores, expected.scores)
    assert_frame_equal(found.findings, expected.findings)


def test_frames_are_in_their_schemas_and_complete(feed: SimulatedVenues) -> None:
    found = judge(feed)
    markets = len(feed.frames["trades"])
    FINDINGS.conform(found.findings)
    SCORES.conform(found.scores)
    DAYS.conform(found.days)
    assert (found.findings.height, found.scores.height) == (11 * markets, markets)
    assert found.days["volume"].sum() == pytest.approx(found.scores["volume"].sum())
    assert not found.findings.select(FINDINGS.key).is_duplicated().any()


def test_empty_input(maker: Maker) -> None:
    nothing = vet({})
    assert nothing.scores.is_empty()
    assert vetted_volumes(nothing).is_empty()
    empty = vet({maker.market(name): TRADES.empty() for name in ("alpha", "beta", "gamma")})
    assert empty.scores["verdict"].unique().to_list() == ["watched"]
    assert empty.scores["score"].null_count() == 3
    assert vetted_volumes(empty).is_empty()


def test_one_venue_alone_is_judged_by_its_own_trades(maker: Maker) -> None:
    sizes = np.random.default_rng(1).integers(5 * 10**7, 15 * 10**7, 3_000)
    odd = maker.frame(
        np.concatenate([sizes, np.repeat([10**5, 10**9], 20)]),
        side=["buy", "sell"] * 1_520,
        time=np.arange(3_040) * 2_000_000,
    )
    found = vet({maker.market(): odd})
    row = found.scores.row(0, named=True)
    assert row["verdict"] == "rejected"
    told = set(found.findings.filter(pl.col("suspicion").is_not_null())["test"])
    assert told == {"benford", "clustering", "tail", "alternation", "matching"}
    # No estimate explains the rejection: none of the volume counts.
    assert (row["washed_share"], row["vetted_volume"]) == (None, 0)
    assert "none of its volume counts" in row["reasons"]


def test_trades_without_sides_give_no_verdict_on_one_venue(maker: Maker) -> None:
    found = vet({maker.market(): maker.frame(maker.honest_sizes(1, 2_000))})
    assert found.scores.select("score", "verdict").row(0) == (None, "watched")


def test_spot_and_perpetual_of_one_pair_stay_apart(maker: Maker) -> None:
    frame = maker.frame(maker.honest_sizes(1, 500))
    found = vet({maker.market(): frame, maker.market(kind="perpetual"): frame})
    assert found.scores["kind"].to_list() == ["perpetual", "spot"]
    volume = found.scores["vetted_volume"][0]
    assert vetted_volumes(found)["value"].to_list() == [pytest.approx(volume * 100)]
    assert vetted_volumes(found, kind="perpetual")["value"].to_list() == [pytest.approx(volume * 100)]


def test_what_does_not_fit_together_is_refused(maker: Maker) -> None:
    frame = maker.frame([10**8])
    with pytest.raises(DataError, match="quotes of beta:coin-usd have no trades"):
        vet({maker.market(): frame}, quotes={maker.market("beta"): QUOTES.empty()})
    with pytest.raises(DataError, match=r"trusted: no market is on 'alhpa'.*alpha"):
        vet({maker.market(): frame}, rules=VettingRules(trusted=("alhpa",)))
    with pytest.raises(DataError, match="kind 'perpetuals' is not known"):
        vetted_volumes(vet({maker.market(): frame}), kind="perpetuals")
    with pytest.raises(DataError, match="no spot market is quoted in 'eur'"):
        vetted_volumes(vet({maker.market(): frame}), "eur")


def test_vetted_volumes_by_hand(maker: Maker) -> None:
    """Two days; only dollars price, and every market's vetted units count."""
    day = 86_400_000_000
    usd = maker.frame([2 * 10**8, 10**8, 4 * 10**8], time=[0, 1, day], price=[10.0, 40.0, 30.0])
    usdt = maker.frame([10**8], time=[5], price=[999.0])
    found = vet({maker.market("alpha"): usd, maker.market("beta", quote="usdt"): usdt})
    frame = vetted_volumes(found)
    assert_frame_equal(frame, METRICS.conform(frame))
    assert frame["value"].to_list() == pytest.approx([(3 + 1) * 60 / 3, 4 * 30])
    assert [moment.date() for moment in frame["time"]] == [date(1970, 1, 2), date(1970, 1, 3)]
    assert frame["known_at"].dt.date().to_list() == [date(1970, 1, 3)] * 2
    assert frame["metric"].unique().to_list() == ["vetted_volume"]


def test_washed_volume_is_left_out_of_the_metric() -> None:
    honest = simulate_venues(4, quotes=["usd"])
    washed = simulate_venues(4, quotes=["usd"], scenario="wash-trading")
    values = []
    for feed in (honest, washed):
        frame = vetted_volumes(judge(feed)).filter(pl.col("asset") == "sim-aurum")
        values.append(frame["value"].sum())
    assert values[1] == pytest.approx(values[0], rel=0.05)


def real_frames(shared: Path) -> Mapping[Market, pl.DataFrame]:
    """Every trade of eight assets on 10 October 2025; contracts of 10 dollars become base units."""
    rows = pl.read_parquet(shared / "data" / "trades_20251010.parquet")
    frames = {}
    for (asset, venue, symbol), group in rows.group_by("asset", "exchange", "symbol"):
        kind = "perpetual" if venue == "binance-delivery" else "spot"
        quote = "usdt" if str(symbol).endswith("USDT") else "usd"
        units = pl.col("amount") * (10 / pl.col("price") if kind == "perpetual" else 1.0)
        chosen = group.select("trade_id", "side", "price", time="ts", size=(units * 1e8).round().cast(pl.Int64)).filter(
            pl.col("size") > 0
        )
        name = str(asset).lower()
        frames[Market(str(venue), f"{name}-{quote}", name, quote, kind=kind)] = TRADES.conform(chosen)
    return frames


def test_volume_invented_on_a_real_venue_is_found(shared: Path) -> None:
    """Four fifths of Gemini's trades in AVAX are invented, beside Coinbase's as they were."""
    held = {market: frame for market, frame in real_frames(shared).items() if market.base == "avax"}
    start, end = datetime(2025, 10, 10, tzinfo=UTC), datetime(2025, 10, 11, tzinfo=UTC)
    fault = WashTrading(venue="gemini", start=start, end=end, multiple=5.0)
    washed = inject(SimulatedVenues.recorded("avax", {"trades": held}), [fault])
    rejected = vet(washed.frames["trades"]).scores.filter(pl.col("verdict") == "rejected")
    assert rejected.select("venue", "vetted_volume").rows() == [("gemini", 0.0)]


def test_real_venues_are_not_rejected(shared: Path) -> None:
    """Coinbase, Gemini and Binance on the day of a crash, from which the limits of Benford's law were taken."""
    found = vet(real_frames(shared)).scores
    assert found.height == 22
    assert found.filter(pl.col("verdict") != "accepted").is_empty()
    assert found["washed_share"].max() == 0
    assert found.filter(pl.col("venue") == "coinbase")["score"].min() == 100
