"""Margin, funding, rolls, loans and loops against what exchanges and protocols publish."""

from datetime import timedelta

import numpy as np
import pytest

from basketry.tracking.lending.loan import LendingTerms, Loan, liquidate
from basketry.tracking.lending.loop import leverage_after, leverage_limit, looped
from basketry.tracking.lending.rates import TwoSlopeRate
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.funding import ConstantFunding
from basketry.tracking.synthetic.futures import RollCalendar, annual_basis, held_futures
from basketry.tracking.synthetic.margin import Brackets, Collateral, bankruptcy_price
from basketry.tracking.synthetic.mix import Mix, Terms
from basketry.tracking.synthetic.replicate import replicate

BINANCE = Brackets((0.0, 50_000.0, 250_000.0), (0.008, 0.01, 0.02), (0.004, 0.005, 0.01))


def price(model: Brackets, size: float, entry: float, margin: float) -> float:
    return float(model.liquidation_price(np.array([size]), np.array([entry]), np.array([margin]))[0])


def test_binance_maintenance_amounts() -> None:
    """Binance, liquidation price of USDT-margined futures: 250,000 x (1% - 0.5%) + 50 = 1,300; at 264,000 1%."""
    assert BINANCE.amounts == (0.0, 50.0, 1300.0)
    assert float(BINANCE.maintenance(np.array([264_000.0]))[0]) == pytest.approx(264_000 * 0.01 - 1300)


def test_binance_liquidation_price() -> None:
    """Its formula (WB + cum - side q EP) / (q MMR - side q): 1 BTC at 10,000 with 1,000: 9,036.144578...; checked by
    the equity there, 0.4% of the price."""
    model = Brackets((0.0,), (0.008,), (0.004,))
    assert price(model, 1.0, 10_000.0, 1000.0) == pytest.approx(9036.144578313253, abs=1e-9)
    # With the amount of a higher bracket: 50 BTC at 10,000 with 60,000.
    assert price(BINANCE, 50.0, 10_000.0, 60_000.0) == pytest.approx((60_000 + 1300 - 500_000) / (0.5 - 50), rel=1e-12)
    assert price(BINANCE, -50.0, 10_000.0, 60_000.0) == pytest.approx((60_000 + 1300 + 500_000) / (0.5 + 50), rel=1e-12)


def test_phemex_liquidation_price() -> None:
    """Phemex help: 500 at 0.4 with 5x: (200 - 40.096 - 0) / (0.9994 - 0.01) / 500 = 0.3232...; the taker fee of 0.06%
    is part of the maintenance."""
    model = Brackets((0.0,), (0.2,), (0.01 + 0.0006,))
    found = price(model, 500.0, 0.4, 40.096)
    assert int(found * 10_000) == 3232
    assert found == pytest.approx((200 - 40.096) / (0.9994 - 0.01) / 500, rel=1e-12)


def test_bitmex_bankruptcy_and_liquidation_prices() -> None:
    """BitMEX margin examples: 20 ETH at 1,000 with 10,000 USDT: bankrupt at 500; the maintenance is 200, so 510."""
    assert bankruptcy_price(20.0, 1000.0, 10_000.0) == 500.0
    assert bankruptcy_price(20.0, 1000.0, 10_000.0 - 200.0) == 510.0


def test_bankruptcy_price_after_funding() -> None:
    """GTE: (N - (m - f)) / q for a long, (N + (m - f)) / q for a short."""
    assert bankruptcy_price(1.0, 10_000.0, 1000.0 - 50.0) == 9050.0
    assert bankruptcy_price(-1.0, 10_000.0, 1000.0 - 50.0) == 10_950.0


def test_bitmex_funding_payment() -> None:
    """BitMEX perpetual guide: a rate of (1% - 0.25%) / 3 on 15,000 contracts at 750 is 0.05 XBT, paid by the long."""
    rate = (0.01 - 0.0025) / 3
    times = np.array(["2016-05-13T04:00", "2016-05-13T12:00"], dtype="datetime64[us]")
    flat = Basket.of_weights(times, ("xbt",), np.full((2, 1), 750.0), np.array([1.0]), np.zeros(2, dtype=bool))
    terms = Terms(funding=ConstantFunding(rate, timedelta(hours=12)), collateral=Collateral(1.0), band=1.0)
    path = replicate(flat, Mix(perpetual=1.0), terms, capital=15_000 / 750)
    assert path.costs["funding"] == pytest.approx(0.05, rel=1e-12)


def test_cme_roll_by_a_calendar_spread() -> None:
    """CME course, 4 January 2018: the spread January-March bought at +130, January assigned 14,975, so March at 15,105.
    January expires on the 26th, a last Friday."""
    days = np.array(["2018-01-04", "2018-01-26T08:00"], dtype="datetime64[us]")
    monthly = RollCalendar.last_fridays(days[0], days[-1], every=1, days_before=0.0)
    assert str(monthly.expiries[0])[:10] == "2018-01-26"
    march = np.datetime64("2018-03-30T08:00", "us")
    calendar = RollCalendar(np.array([monthly.expiries[0], march]), days_before=0.0)
    basis = annual_basis(14_975.0, 15_105.0, float((march - days[1]) / np.timedelta64(1, "D")))
    held = held_futures(days, np.array([[15_000.0], [14_975.0]]), basis, calendar)
    assert held.rolls.tolist() == [False, True]
    assert held.arriving[1, 0] == 14_975.0
    assert held.leaving[1, 0] - held.arriving[1, 0] == pytest.approx(130.0, abs=1e-9)


def test_aave_health_factor() -> None:
    """Aave help: 10,000 of ETH at a threshold of 80% against 6,000 of GHO: 1.333."""
    assert round(Loan(10_000.0, 6_000.0).health(1.0, LendingTerms(0.75, 0.8)), 3) == 1.333


@pytest.mark.parametrize(("bonus", "claimed"), [(0.05, 0.125), (0.15, 0.375)])
def test_aave_liquidation_bonus(bonus: float, claimed: float) -> None:
    """Liquidation examples in units of ETH: a debt of 5 is half repaid, 2.5, for collateral of 2.5 and the bonus on it:
    0.125 at 5% on ETH, 0.375 at 15% on YFI or UNI."""
    terms = LendingTerms(0.75, 0.8, bonus, close_factor=0.5, full_below=0.0)
    done = liquidate(Loan(6.1, 5.0), 1.0, terms)
    assert done.repaid == 2.5
    assert done.seized == pytest.approx(2.5 + claimed, abs=1e-12)


@pytest.mark.parametrize(
    ("curve", "reserve_factor", "borrow_ray", "supply_ray"),
    [
        # WETH: optimum 90%, greatest rate 82.8% = 2.8% + 80%; USDC: optimum 90%, greatest rate 66% = 6% + 60%.
        (TwoSlopeRate(0.9, 0.0, 0.028, 0.80), 0.15, 24628547459747799697565306, 16572231883301539106557202),
        (TwoSlopeRate(0.9, 0.0, 0.060, 0.60), 0.10, 197190728690765990989517754, 163782401203542851046436882),
    ],
    ids=["weth below the optimum", "usdc above it"],
)
def test_aave_rates_on_chain(curve: TwoSlopeRate, reserve_factor: float, borrow_ray: int, supply_ray: int) -> None:
    """Rates of Aave v3 on Ethereum in the protocol's own report of its upgrade to 3.1 (BGD Labs, 2024), in units of
    1e-27: the two rates give the utilisation, and the curve at that utilisation gives the borrow rate again."""
    utilisation = supply_ray / borrow_ray / (1 - reserve_factor)
    assert (utilisation < 0.9) == (curve.slope_low == 0.028)
    assert curve.at(utilisation) == pytest.approx(borrow_ray / 1e27, rel=1e-14)
    assert curve.supply(utilisation, reserve_factor) == pytest.approx(supply_ray / 1e27, rel=1e-14)


def test_derive_rate_curve() -> None:
    """Derive, interest rate model: 4.8% at 80% utilisation, 104.8% at 100%, 0 at 0."""
    curve = TwoSlopeRate(0.80, 0.0, 0.048, 1.0)
    assert [curve.at(used) for used in (0.0, 0.8, 1.0)] == pytest.approx([0.0, 0.048, 1.048], abs=1e-15)


def test_index_zoo_leverage_limit() -> None:
    """Index Zoo: at 80% one loan yields 1.8 times; recursive borrowing reaches 1 / (1 - 80%) = 5 times."""
    assert leverage_after(0.8, 1) == pytest.approx(1.8, abs=1e-12)
    assert leverage_limit(0.8) == pytest.approx(5.0, abs=1e-12)


def test_reaper_farm_loop_table() -> None:
    """Reaper Farm: 100 FTM at 70% and six loops are 305.882 FTM, 205.882 of them borrowed, 3.05882 times."""
    loan = looped(100.0, 1.0, 0.7, 6, LendingTerms(0.7, 0.75))
    assert round(loan.collateral, 3) == 305.882
    assert round(loan.debt, 3) == 205.882
    assert round(leverage_after(0.7, 6), 5) == 3.05882


def test_futures_price_of_the_simple_carry_formula() -> None:
    """Published form: futures price = spot x [1 + rate x days / 365]."""
    assert annual_basis(100.0, 100.0 * (1 + 0.05 * 73 / 365), 73.0) == pytest.approx(0.05, rel=1e-12)
