"""Following an index with spot, perpetuals and futures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.funding import ConstantFunding
from basketry.tracking.synthetic.futures import HeldFutures, RollCalendar, held_futures
from basketry.tracking.synthetic.margin import Brackets, Collateral
from basketry.tracking.synthetic.mix import Mix, Terms, TradingCost
from basketry.tracking.synthetic.replicate import replicate
from basketry.tracking.synthetic.result import Replication, compare

Drawn = tuple[Basket, Floats]
MIXES = [Mix(spot=1.0), Mix(perpetual=1.0), Mix(future=1.0), Mix(0.5, 0.3, 0.2)]


def futures_of(target: Basket, basis: float) -> HeldFutures:
    calendar = RollCalendar.last_fridays(target.times[0], target.times[-1], every=1)
    return held_futures(target.times, target.prices, basis, calendar)


def costly(target: Basket, leverage: float = 4.0) -> Terms:
    return Terms(
        funding=ConstantFunding(0.0002),
        futures=futures_of(target, 0.12),
        margin=Brackets(fee=0.01),
        collateral=Collateral(leverage),
        spot_cost=TradingCost(0.001, 0.0005),
        perpetual_cost=TradingCost(0.0005, 0.0002),
        future_cost=TradingCost(0.0002, 0.0003),
        cash_rate=0.05,
    )


def gap(path: Replication) -> float:
    booked = path.exposure - sum(path.costs.values())
    return float(abs(path.value[-1] - path.index[-1] - booked) / path.value[0])


@pytest.mark.parametrize("mix", MIXES, ids=str)
def test_without_funding_and_costs_the_fund_is_the_index(basket: Drawn, mix: Mix) -> None:
    target, _ = basket
    path = replicate(target, mix, Terms(futures=futures_of(target, 0.0), collateral=Collateral(2.0)), capital=1e6)
    assert path.liquidations == 0
    assert np.abs(path.value / path.index - 1).max() < 1e-12
    assert abs(path.tracking_difference) < 1e-12
    assert path.tracking_error < 1e-12


@pytest.mark.parametrize("mix", MIXES, ids=str)
@pytest.mark.parametrize("leverage", [2.0, 12.0, 40.0])
def test_the_books_add_up(basket: Drawn, mix: Mix, leverage: float) -> None:
    target, lows = basket
    path = replicate(target, mix, costly(target, leverage), 1e6, lows)
    assert gap(path) < 1e-12
    assert (path.liquidations > 0) == (leverage > 2 and mix.spot < 1)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    leverage=st.floats(1.0, 30.0),
    call=st.floats(0.3, 1.0),
    shares=st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3),
    rate=st.floats(-0.002, 0.002),
)
def test_the_books_add_up_whatever_happens(
    seed: int, leverage: float, call: float, shares: list[float], rate: float
) -> None:
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.normal(0, 0.1, (60, 2)), axis=0))
    times = np.datetime64("2023-01-01", "us") + np.arange(60) * np.timedelta64(1, "D")
    target = Basket.of_weights(times, ("a", "b"), prices, rng.dirichlet([1, 1], 60), rng.random(60) < 0.1)
    spot, perpetual, _ = np.array(shares) / sum(shares)
    terms = Terms(
        funding=ConstantFunding(rate),
        futures=futures_of(target, 0.3),
        margin=Brackets((0.0, 0.3), (0.01, 0.03), (0.005, 0.02), 0.01),
        collateral=Collateral(leverage, call),
        perpetual_cost=TradingCost(0.0005, 0.001),
        cash_rate=0.04,
    )
    path = replicate(target, Mix(spot, perpetual, 1 - spot - perpetual), terms, lows=prices * 0.97)
    assert gap(path) < 1e-11
    assert (path.posted >= -1e-12).all()


def test_nothing_later_changes_what_was(basket: Drawn) -> None:
    target, lows = basket
    whole = replicate(target, Mix(0.3, 0.4, 0.3), costly(target, 12.0), 1e6, lows)
    for rows in (31, 90, 150):
        part = Basket(
            target.times[:rows], target.assets, target.prices[:rows], target.units[:rows], target.levels[:rows]
        )
        terms = costly(target, 12.0)
        held = terms.futures
        assert held is not None
        cut = replace(terms, futures=HeldFutures(held.arriving[:rows], held.leaving[:rows], held.rolls[:rows]))
        early = replicate(part, Mix(0.3, 0.4, 0.3), cut, 1e6, lows[:rows])
        assert (early.value == whole.value[:rows]).all()
        assert (early.booked == whole.booked[:rows]).all()
        assert (early.posted == whole.posted[:rows]).all()


def test_funding_is_the_rate_on_the_notional_at_the_payment(make_basket: Callable[..., Drawn]) -> None:
    target, _ = make_basket(rows=5, count=1)
    terms = Terms(funding=ConstantFunding(0.001, timedelta(days=1)), collateral=Collateral(1.0), band=1.0)
    path = replicate(target, Mix(perpetual=1.0), terms)
    assert path.booked[1:, 0] == pytest.approx(0.001 * target.levels[1:], rel=1e-12)


def test_a_flat_market_in_contango_costs_the_basis() -> None:
    times = np.datetime64("2024-01-01", "us") + np.arange(366) * np.timedelta64(1, "D")
    flat = Basket.of_weights(times, ("btc",), np.full((366, 1), 50.0), np.array([1.0]), np.zeros(366, dtype=bool))
    path = replicate(flat, Mix(future=1.0), Terms(futures=futures_of(flat, 0.10), band=1.0))
    # Each contract is bought at spot (1 + 10% d / 365), so a share of exposure is d less; without reset it is linear.
    assert path.costs["roll"] == pytest.approx(0.10, rel=1e-9)
    assert sum(cost for name, cost in path.costs.items() if name != "roll") == 0.0


def test_the_reserve_earns_interest() -> None:
    times = np.datetime64("2024-01-01", "us") + np.arange(366) * np.timedelta64(1, "D")
    flat = Basket.of_weights(times, ("btc",), np.full((366, 1), 50.0), np.array([1.0]), np.zeros(366, dtype=bool))
    path = replicate(flat, Mix(perpetual=1.0), Terms(cash_rate=0.04, collateral=Collateral(4.0), band=1.0))
    assert path.value[-1] == pytest.approx(0.25 + 0.75 * (1 + 0.04 / 365) ** 365, rel=1e-12)


def test_a_fall_through_the_liquidation_price_costs_the_margin_and_what_follows() -> None:
    times = np.datetime64("2024-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
    prices = np.array([[100.0], [100.0], [100.0]])
    target = Basket.of_weights(times, ("btc",), prices, np.array([1.0]), np.zeros(3, dtype=bool))
    lows = np.array([[100.0], [85.0], [100.0]])
    terms = Terms(margin=Brackets((0.0,), (0.02,), (0.01,), fee=0.005), collateral=Collateral(10.0))
    path = replicate(target, Mix(perpetual=1.0), terms, 1000.0, lows)
    price = 90 / 0.99
    left = 100.0 + 10 * (price - 100) - 0.005 * 10 * price
    assert path.liquidations == 1
    # The price came back, the position was gone: all of the margin that is not left is lost.
    assert path.costs["liquidation"] == pytest.approx(100.0 - left, rel=1e-12)
    assert path.value[1] == pytest.approx(900.0 + left, rel=1e-12)


def test_spot_is_never_bought_on_credit(basket: Drawn) -> None:
    target, _ = basket
    path = replicate(target, Mix(spot=1.0), costly(target), 1e6)
    assert path.value == pytest.approx(path.units * path.index, rel=5e-3)
    assert path.value[0] == pytest.approx(1e6 / 1.0015, rel=1e-9)


def test_one_table_compares_mixes(basket: Drawn) -> None:
    target, lows = basket
    table = compare({str(mix): replicate(target, mix, costly(target, 2.0), 1e6, lows) for mix in MIXES})
    assert table["name"].to_list() == [str(mix) for mix in MIXES]
    spot = table.row(0, named=True)
    assert spot["funding"] == spot["collateral_max"] == spot["margin_calls"] == 0
    assert table["collateral_mean"][1] == pytest.approx(0.5, abs=0.01)
    assert table["funding"][1] == pytest.approx(0.0002 * 3 * 365, rel=0.02)
    assert (table["shortfall"] > 0).all()


def test_what_cannot_be_followed_is_refused(basket: Drawn) -> None:
    target, lows = basket
    with pytest.raises(DataError, match="held_futures"):
        replicate(target, Mix(future=1.0), Terms())
    with pytest.raises(DataError, match="lows must have shape"):
        replicate(target, Mix(spot=1.0), Terms(), lows=lows + 1e6)
    with pytest.raises(DataError, match="give a positive amount"):
        replicate(target, Mix(spot=1.0), Terms(), capital=0.0)
    with pytest.raises(DataError, match="sum to 1"):
        Mix(0.5, 0.6)
    with pytest.raises(DataError, match="plain fractions"):
        TradingCost(5.0)
