"""Schedules, the optimal path, and what an order costs when it is carried out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from basketry.core.errors import DataError
from basketry.tracking.execution.almgren_chriss import AlmgrenChriss
from basketry.tracking.execution.execute import execute
from basketry.tracking.execution.paths import Moving, Snapshots, Still
from basketry.tracking.execution.schedules import Schedule, at_once, optimal, twap, vwap
from basketry.tracking.venues.constant_product import ConstantProduct
from basketry.tracking.venues.order_book import OrderBook
from basketry.tracking.venues.proportional import ProportionalImpact
from basketry.tracking.venues.square_root import SquareRootImpact
from basketry.tracking.venues.terms import Terms

MODEL = AlmgrenChriss(
    1e6, 5.0, 5, volatility=0.95, temporary=2.5e-6, permanent=2.5e-7, fixed=0.0625, risk_aversion=1e-6
)


def test_no_other_path_is_better_than_the_optimal_one() -> None:
    def objective(free: np.ndarray) -> float:
        slices = np.append(free, 1 - free.sum()) * MODEL.size
        return (MODEL.cost_of(slices) + MODEL.risk_aversion * MODEL.variance_of(slices)) / 1e6

    found = minimize(objective, np.full(4, 0.2), tol=1e-14)
    assert MODEL.slices[:4] / MODEL.size == pytest.approx(found.x, abs=1e-5)
    assert (MODEL.cost + MODEL.risk_aversion * MODEL.variance) / 1e6 == pytest.approx(found.fun, rel=1e-9)


def test_cost_and_variance_are_those_of_simulated_sales() -> None:
    generator = np.random.default_rng(3)
    shocks = generator.normal(0, MODEL.volatility, (200_000, 5)) * np.sqrt(MODEL.interval)
    slices = MODEL.slices
    price = np.full(len(shocks), 50.0)
    got = np.zeros(len(shocks))
    for k in range(5):
        got += slices[k] * (price - MODEL.fixed - MODEL.temporary * slices[k] / MODEL.interval)
        price += shocks[:, k] - MODEL.permanent * slices[k]
    shortfall = 50 * MODEL.size - got
    assert shortfall.mean() == pytest.approx(MODEL.cost, rel=0.005)
    assert shortfall.var() == pytest.approx(MODEL.variance, rel=0.01)


@given(risk_aversion=st.floats(0, 1e-3), intervals=st.integers(1, 50))
def test_the_holdings_fall_to_nothing(risk_aversion: float, intervals: int) -> None:
    model = replace(MODEL, risk_aversion=risk_aversion, intervals=intervals)
    assert model.holdings[0] == pytest.approx(model.size, rel=1e-14)
    assert model.holdings[-1] == pytest.approx(0, abs=1e-9)
    assert (model.slices >= -1e-9).all()
    assert model.slices.sum() == pytest.approx(model.size)
    assert (np.diff(model.slices) <= 1e-6).all()


def test_the_frontier_trades_cost_for_variance() -> None:
    points = MODEL.frontier(np.geomspace(1e-9, 1e-3, 20))
    assert all(later.cost > earlier.cost for earlier, later in itertools.pairwise(points))
    assert all(later.variance < earlier.variance for earlier, later in itertools.pairwise(points))


def test_an_impossible_model_is_refused() -> None:
    with pytest.raises(DataError, match="take shorter intervals"):
        replace(MODEL, intervals=1, permanent=2e-6)
    with pytest.raises(DataError, match="must be positive"):
        replace(MODEL, size=0.0)
    with pytest.raises(DataError, match="must be from 0"):
        replace(MODEL, risk_aversion=-1.0)


@given(size=st.floats(0.5, 1e4), slices=st.integers(1, 30), lot=st.sampled_from([0.001, 0.1, 0.25, 1.0]))
def test_lots_lose_less_than_one_lot(size: float, slices: int, lot: float) -> None:
    schedule = twap("buy", size, start=0, end=1000, slices=slices)
    rounded = schedule.rounded(lot)
    assert rounded.size / lot == pytest.approx(np.round(rounded.size / lot), abs=1e-6)
    assert -1e-6 * size <= schedule.total - rounded.total < lot * (1 + 1e-6)
    ahead = np.cumsum(rounded.size) - np.cumsum(schedule.size)
    assert (ahead <= 1e-6 * size).all()
    assert (ahead > -lot * (1 + 1e-6) - 1e-9).all()


def test_schedules_that_are_none() -> None:
    with pytest.raises(DataError, match="ascending"):
        Schedule("buy", np.array([1, 1]), np.array([1.0, 1.0]))
    with pytest.raises(DataError, match="from 0"):
        Schedule("buy", np.array([1, 2]), np.array([1.0, -1.0]))
    with pytest.raises(DataError, match="longer span"):
        twap("buy", 1.0, start=0, end=2, slices=3)
    with pytest.raises(DataError, match="profile of volume"):
        vwap("buy", 1.0, start=0, end=2, volume=np.zeros(2))
    with pytest.raises(DataError, match="lot must be positive"):
        at_once("buy", 1.0).rounded(0.0)


def test_the_parts_of_the_shortfall_add_up() -> None:
    generator = np.random.default_rng(5)
    time = np.arange(0, 1000, 10)
    mid = 100 * np.exp(np.cumsum(generator.normal(0, 1e-3, time.size)))
    terms = Terms(taker_fee=0.001, gas_units=100.0, gas_price=0.001)
    path = Moving(lambda price: SquareRootImpact(price, 1e4, 0.02, half_spread=5e-4, terms=terms), time, mid)
    for side in ("buy", "sell"):
        done = execute(twap(side, 50.0, start=0, end=900, slices=9), path, latency=35)
        parts = done.timing + done.latency + done.impact + done.fee + done.gas
        assert done.shortfall == pytest.approx(parts, rel=1e-12)
        assert done.arrival == mid[0]
        assert done.gas == pytest.approx(0.9)
        assert [fill.time for fill in done.fills] == [35 + 100 * k for k in range(9)]
        sign = 1 if side == "buy" else -1
        drift = sum(50 / 9 * (mid[10 * k + 3] - mid[10 * k]) for k in range(9))
        assert done.latency == pytest.approx(sign * drift)
        assert done.size == pytest.approx(50)
        assert done.cash == pytest.approx(done.price * 50 + sign * (done.fee + done.gas))


def test_a_pool_alone_gives_slices_what_it_gives_at_once() -> None:
    path = Still(ConstantProduct(100.0, 10_000.0))
    whole = execute(at_once("sell", 20.0), path)
    sliced = execute(optimal("sell", replace(MODEL, size=20.0, temporary=1.0), start=0, unit=1_000), path)
    assert sliced.cash == pytest.approx(whole.cash, rel=1e-12)
    assert sliced.timing > 0


def test_a_book_is_back_with_the_next_snapshot() -> None:
    def book(shift: float) -> OrderBook:
        return OrderBook(
            np.array([99.0 + shift]), np.array([1.0]), np.array([101.0, 103.0]) + shift, np.array([1.0, 9.0])
        )

    path = Snapshots([0, 100], [book(0.0), book(0.0)])
    prices = [fill.quote.price for fill in execute(twap("buy", 3.0, start=0, end=150, slices=3), path).fills]
    assert prices == [101.0, 103.0, 101.0]
    with pytest.raises(DataError, match="no snapshot is known at -5"):
        path.at(-5)


def test_a_slice_that_cannot_be_traded_is_named() -> None:
    path = Still(ProportionalImpact(100.0, 0.001, 5.0))
    with pytest.raises(DataError, match=r"slice 3 of 3, at 66 µs: .* an order for 2 base units is larger"):
        execute(twap("buy", 6.0, start=0, end=100, slices=3), path)
    with pytest.raises(DataError, match="nothing to trade"):
        execute(at_once("buy", 0.5).rounded(1.0), path)
    with pytest.raises(DataError, match="latency must be from 0"):
        execute(at_once("buy", 0.5), path, latency=-1)
    with pytest.raises(DataError, match="no price is known at 5"):
        execute(at_once("buy", 1.0, time=5), Moving(_flat, np.array([9]), np.array([1.0])))


def _flat(mid: float) -> ProportionalImpact:
    return ProportionalImpact(mid, 0.001)
