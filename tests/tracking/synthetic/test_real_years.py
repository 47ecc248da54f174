"""Half bitcoin, half ether through perpetuals in 2022, 2023 and 2024, with the funding that Binance published."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.funding import RecordedFunding
from basketry.tracking.synthetic.liquidation_risk import liquidation_risk
from basketry.tracking.synthetic.margin import Brackets, Collateral
from basketry.tracking.synthetic.mix import Mix, Terms, TradingCost
from basketry.tracking.synthetic.replicate import replicate

Year = Callable[[int], tuple[Basket, Floats]]


@pytest.fixture
def funding(shared: Path) -> RecordedFunding:
    table = pl.read_parquet(shared / "data" / "funding_rates_btc_eth.parquet")
    return RecordedFunding(
        table.filter(pl.col("venue") == "binance").select(time="ts", asset="asset", rate="funding_rate")
    )


def terms(funding: RecordedFunding, leverage: float) -> Terms:
    return Terms(
        funding=funding,
        collateral=Collateral(leverage),
        spot_cost=TradingCost(0.0010, 0.0002),
        perpetual_cost=TradingCost(0.0005, 0.0001),
    )


@pytest.mark.parametrize(
    ("year", "index", "spot", "perpetual"),
    [(2022, 0.3493, 0.00192, 0.02796), (2023, 2.2239, 0.00152, 0.07686), (2024, 1.8141, 0.00168, 0.11542)],
)
def test_what_a_year_through_perpetuals_cost_against_spot(
    bitcoin_and_ether: Year, funding: RecordedFunding, year: int, index: float, spot: float, perpetual: float
) -> None:
    target, lows = bitcoin_and_ether(year)
    held = replicate(target, Mix(spot=1.0), terms(funding, 3.0), 1e6, lows)
    synthetic = replicate(target, Mix(perpetual=1.0), terms(funding, 3.0), 1e6, lows)
    assert target.levels[-1] == pytest.approx(index, abs=1e-4)
    assert held.shortfall == pytest.approx(spot, abs=1e-5)
    assert synthetic.shortfall == pytest.approx(perpetual, abs=1e-5)
    assert synthetic.liquidations == 0
    # Apart from the simulation: half the sum of each asset's rates is nearly what was paid on the value of the day.
    rates = funding.table.filter(pl.col("time").dt.year() == year)
    plain = float(rates["rate"].sum()) / 2
    growth = 1 - np.exp(-plain)
    assert synthetic.shortfall - held.shortfall == pytest.approx(growth, abs=0.01)


def test_ten_times_leverage_on_margin_was_liquidated_in_each_year(
    bitcoin_and_ether: Year, funding: RecordedFunding
) -> None:
    counts = {}
    for year in (2022, 2023, 2024):
        target, lows = bitcoin_and_ether(year)
        counts[year] = replicate(target, Mix(perpetual=1.0), terms(funding, 10.0), 1e6, lows).liquidations
    assert counts == {2022: 35, 2023: 3, 2024: 12}


def test_the_risk_drawn_from_2022(bitcoin_and_ether: Year) -> None:
    target, lows = bitcoin_and_ether(2022)
    risk = {
        leverage: liquidation_risk(
            target, Brackets(), Collateral(leverage), np.random.default_rng(0), lows=lows, paths=500
        ).probability
        for leverage in (3.0, 4.0, 5.0, 10.0)
    }
    assert risk[3.0] == risk[4.0] == 0.0
    assert 0.5 < risk[5.0] < 0.8
    assert risk[10.0] == 1.0
