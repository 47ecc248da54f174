"""Models of impact, auctions and dealers, and their parameters from data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.tracking.venues.dutch_auction import DutchAuction
from basketry.tracking.venues.estimate import (
    fitted_coefficient,
    impact_from_ticks,
    impact_from_trades,
    roll_half_spread,
    spread_from_quotes,
)
from basketry.tracking.venues.proportional import ProportionalImpact
from basketry.tracking.venues.request_for_quote import Dealer, RequestForQuote
from basketry.tracking.venues.square_root import SquareRootImpact


def test_square_root_law_costs_the_power_of_three_halves() -> None:
    venue = SquareRootImpact(50.0, 1e6, 0.04, coefficient=0.8)
    for size in (10.0, 1_000.0, 100_000.0):
        cost = venue.quote("buy", size).shortfall(50.0)
        assert cost == pytest.approx(50 * 2 / 3 * 0.8 * 0.04 * size**1.5 / 1e3, rel=1e-9)
        assert venue.quote("sell", size).shortfall(50.0) == pytest.approx(cost, rel=1e-9)


def test_slicing_within_the_interval_gains_nothing_and_the_way_back_returns_the_impact() -> None:
    venue = SquareRootImpact(50.0, 1e6, 0.04)
    whole = venue.quote("buy", 1_000.0).notional
    first, after = venue.fill("buy", 400.0)
    second, after = after.fill("buy", 600.0)
    assert first.notional + second.notional == pytest.approx(whole, rel=1e-12)
    assert after.mid == pytest.approx(50 * (1 + 0.04 * math.sqrt(1e-3)))
    back, rest = after.fill("sell", 1_000.0)
    assert back.notional == pytest.approx(whole, rel=1e-12)
    assert rest.mid == 50
    across, _ = venue.fill("buy", 300.0)[1].fill("sell", 500.0)
    assert across.notional == pytest.approx(
        venue.quote("buy", 300.0).notional + venue.quote("sell", 200.0).notional, rel=1e-12
    )


def test_roll_finds_the_spread_of_a_bouncing_price() -> None:
    generator = np.random.default_rng(7)
    fair = 100 * np.exp(np.cumsum(generator.normal(0, 2e-4, 200_000)))
    price = fair * (1 + 5e-4 * generator.choice([-1, 1], fair.size))
    assert roll_half_spread(price) == pytest.approx(5e-4, rel=0.03)
    assert roll_half_spread(np.linspace(100, 110, 50)) == pytest.approx(0.0, abs=1e-12)
    assert roll_half_spread(np.array([1.0, 2.0])) == 0


def test_the_coefficient_of_a_square_root_market_is_found() -> None:
    generator = np.random.default_rng(8)
    volume = generator.uniform(50, 150, 5_000)
    balance = volume * generator.uniform(-0.8, 0.8, volume.size)
    returns = 0.7 * 0.01 * np.sign(balance) * np.sqrt(np.abs(balance) / volume)
    returns += generator.normal(0, 0.01, volume.size)
    assert fitted_coefficient(returns, balance, volume, 0.01) == pytest.approx(0.7, abs=0.05)
    assert fitted_coefficient(-returns, balance, volume, 0.01) == 0
    with pytest.raises(DataError, match="no interval has volume"):
        fitted_coefficient(returns, balance * 0, volume, 0.01)


def test_estimates_from_little() -> None:
    with pytest.raises(DataError, match="no trades"):
        impact_from_ticks(np.array([], dtype=np.int64), np.array([]), np.array([]))
    with pytest.raises(DataError, match="positive bid"):
        spread_from_quotes(np.array([101.0]), np.array([100.0]))
    model = spread_from_quotes(np.array([99.0]), np.array([101.0]), limit=3.0)
    assert (model.mid, model.half_spread, model.limit) == (100.0, 0.01, 3.0)
    assert impact_from_trades(10.0, 0.02, 5.0, half_spread=0.001).half_spread == 0.001


def test_real_trades_give_a_plausible_model(shared: Path) -> None:
    trades = (
        pl.scan_parquet(shared / "data" / "trades_20251010.parquet")
        .filter((pl.col("asset") == "LINK") & (pl.col("exchange") == "gemini"))
        .sort("ts")
        .collect()
    )
    time = trades["ts"].dt.timestamp("us").to_numpy()
    model = impact_from_ticks(time, trades["price"].to_numpy(), trades["amount"].to_numpy())
    assert model.volume == pytest.approx(float(trades["amount"].sum()))
    assert 0 < model.half_spread < 0.01
    assert 0.001 < model.volatility < 0.5
    hundredth = model.quote("sell", model.volume / 100)
    assert hundredth.impact < 0.1 * model.volatility


def test_an_auction_is_taken_at_the_first_step_that_gains() -> None:
    auction = DutchAuction(100.0, premium=0.01, decay=1e-4, step=12_000_000, margin=0.001, taker_gas=2.0)
    size = 10.0
    price, waited = 101.0, 0
    while price > 100 * 0.999 - 2.0 / size:
        waited += 12_000_000
        price = 101 * math.exp(-1e-4 * waited / 1e6)
    taken = auction.taken("sell", size, np.array([0]), np.array([100.0]))
    assert taken.waited == waited
    assert auction.quote("sell", size).price == pytest.approx(price)
    # Smaller steps lose less to the taker, and gas weighs less on a larger order.
    fine = DutchAuction(100.0, premium=0.01, decay=1e-4, step=1_000_000, margin=0.001, taker_gas=2.0)
    assert fine.quote("sell", size).price >= auction.quote("sell", size).price
    assert fine.quote("buy", size).price <= auction.quote("buy", size).price
    assert fine.quote("sell", 10 * size).price > fine.quote("sell", size).price


def test_an_auction_follows_the_fair_price_and_may_fail() -> None:
    auction = DutchAuction(100.0, premium=0.02, discount=0.02, decay=1e-4)
    rising = auction.taken("sell", 1.0, np.array([0, 24_000_000]), np.array([100.0, 103.0]))
    assert rising.waited == 24_000_000
    assert rising.price == pytest.approx(102 * math.exp(-0.0024))
    with pytest.raises(DataError, match="nobody takes 1 base units before the last price 98"):
        auction.taken("sell", 1.0, np.array([0, 1]), np.array([100.0, 90.0]))


def test_dealers_are_asked_from_the_cheapest() -> None:
    request = RequestForQuote(100.0, (Dealer(0.003, 5.0), Dealer(0.001, 1.0), Dealer(0.002, 1.0)))
    quote, after = request.fill("sell", 3.0)
    assert quote.notional == pytest.approx(99.9 + 99.8 + 99.7)
    assert [dealer.size for dealer in after.dealers] == [0.0, 0.0, 4.0]
    with pytest.raises(DataError, match="larger than what there is, 4"):
        after.quote("buy", 4.5)
    with pytest.raises(DataError, match="dealer 0 has half spread -1"):
        RequestForQuote(100.0, (Dealer(-1.0, 1.0),))


def test_the_limit_of_a_proportional_venue_is_used_up() -> None:
    _, after = ProportionalImpact(100.0, 0.001, 3.0).fill("buy", 2.0)
    assert after.limit == 1
    with pytest.raises(DataError, match="larger than the 1 that can be traded"):
        after.quote("sell", 2.0)
