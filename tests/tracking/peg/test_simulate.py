"""Secondary market: premium within the band, value conserved, capital, gas and delay, a keeper, a real vault."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.peg.band import no_arbitrage_band
from basketry.tracking.peg.primary import RatePrimary, VaultPrimary
from basketry.tracking.peg.search import find_liquidity
from basketry.tracking.peg.simulate import PegRun, simulate_peg
from basketry.tracking.peg.tables import PEG_PATH, PEG_TRADERS
from basketry.tracking.peg.traders import Arbitrageur, Keeper, Trader
from basketry.tracking.vault.terms import VaultTerms
from basketry.tracking.vault.vault import Vault, open_vault, transfer
from basketry.tracking.venues.constant_product import ConstantProduct
from basketry.tracking.venues.terms import Terms

COSTS = RatePrimary(0.002, 0.002)


def paths(steps: int, *, volatility: float = 0.004, flow: float = 20_000.0, seed: int = 7) -> tuple[Floats, Floats]:
    """Net asset values from 100, and flow of both signs."""
    generator = np.random.default_rng(seed)
    nav = 100 * np.exp(np.cumsum(generator.normal(0, volatility, steps)))
    return nav, generator.normal(0, flow, steps)


def pool(depth: float, fee: float = 0.003) -> ConstantProduct:
    return ConstantProduct(depth / 100, depth, Terms(taker_fee=fee))


def run(depth: float, *traders: Trader, steps: int = 500, volatility: float = 0.004, flow: float = 2e4) -> PegRun:
    return simulate_peg(pool(depth), *paths(steps, volatility=volatility, flow=flow), traders, COSTS)


def test_with_enough_capital_and_no_delay_the_premium_stays_in_the_band() -> None:
    done = run(1e6, Arbitrageur(1e9), volatility=0.02, flow=1e5)
    band = no_arbitrage_band(create_cost=0.002, redeem_cost=0.002, pool_fee=0.003)
    premium = done.path["premium"].to_numpy()
    before = done.path["premium_before"].to_numpy()
    assert np.abs(before).max() > 0.1
    assert premium.min() >= band.low - 1e-12
    assert premium.max() <= band.high + 1e-12
    inside = (before > band.low) & (before < band.high)
    np.testing.assert_array_equal(premium[inside], before[inside])
    assert done.path.schema == PEG_PATH.dtypes
    assert done.traders.schema == PEG_TRADERS.dtypes


@settings(max_examples=40)
@given(
    st.integers(0, 10**6), st.floats(1e4, 1e7), st.floats(0, 1e6), st.floats(0, 100), st.integers(0, 3),
    st.floats(0.005, 0.05),
)  # fmt: skip
def test_value_is_conserved(
    seed: int, depth: float, capital: float, gas: float, latency: int, threshold: float
) -> None:
    traders: list[Trader] = [
        Arbitrageur(capital, gas, latency),
        Keeper(capital, threshold, threshold / 2, gas, latency),
        Arbitrageur(capital, 0.0, 0, name="second"),
    ]
    nav, flow = paths(60, volatility=0.02, flow=depth / 20, seed=seed)
    done = simulate_peg(pool(depth), nav, flow, traders, COSTS)
    shares, cash = done.unaccounted
    assert shares == pytest.approx(0, abs=1e-9 * depth / 100)
    assert cash == pytest.approx(0, abs=1e-8 * depth)
    assert done.totals.profit == pytest.approx(done.traders["profit"].sum())
    assert (done.traders["profit"].to_numpy() >= -capital - 1e-6).all()
    last = done.path.row(-1, named=True)
    assert (1 + last["impermanent_loss"]) * (1 + last["fee_growth"]) - 1 == pytest.approx(done.provider_return)


def test_without_delay_an_arbitrageur_never_loses_and_never_reverts() -> None:
    done = run(1e6, Arbitrageur(1e5, gas=5.0), volatility=0.02)
    (row,) = done.traders.rows(named=True)
    assert row["rounds"] > 50
    assert row["profit"] > 0
    assert row["reverted"] == 0
    assert row["gas"] == 5.0 * row["rounds"]


def test_gas_small_capital_and_delay_each_widen_the_premium() -> None:
    best = run(1e6, Arbitrageur(1e9)).quantile(0.95)
    assert run(1e6, Arbitrageur(1e9, gas=100.0)).quantile(0.95) > best
    assert run(1e6, Arbitrageur(2e3)).quantile(0.95) > best
    slow = run(1e6, Arbitrageur(1e9, gas=5.0, latency=3))
    assert slow.quantile(0.95) > best
    assert slow.traders["reverted"][0] > 0
    assert run(1e6).quantile(0.95) > 0.05


def test_a_keeper_acts_beyond_its_threshold_only_and_restores() -> None:
    keeper = Keeper(1e7, threshold=0.02, restore=0.005, gas=1.0)
    done = run(1e6, keeper, flow=1e4)
    before, after = done.path["premium_before"].to_numpy(), done.path["premium"].to_numpy()
    acted = np.abs(before) > 0.02
    assert 10 < acted.sum() < 400
    np.testing.assert_array_equal(after[~acted], before[~acted])
    np.testing.assert_allclose(np.abs(after[acted]), 0.005, atol=1e-9)
    assert done.traders["rounds"][0] == acted.sum()


def test_a_keeper_without_money_left_stops() -> None:
    keeper = Keeper(50.0, threshold=0.004, restore=0.0, gas=10.0)
    done = run(1e6, keeper, flow=5e4)
    assert done.traders["profit"][0] >= -50.0
    assert done.quantile(0.95) > 0.02


def test_a_premium_that_does_not_pay_for_the_gas_is_left_alone() -> None:
    band = no_arbitrage_band(create_cost=0.002, redeem_cost=0.002, pool_fee=0.003, gas=25.0, depth=1e6)
    for premium, rounds in ((band.high - 1e-4, 0), (band.high + 1e-4, 1), (band.low + 1e-4, 0), (band.low - 1e-4, 1)):
        root = (1 + premium) ** 0.5
        start = ConstantProduct(1e4 / root, 1e6 * root, Terms(taker_fee=0.003))
        done = simulate_peg(start, np.array([100.0]), np.zeros(1), [Arbitrageur(1e9, gas=25.0)], COSTS)
        assert done.traders["rounds"].to_list() == [rounds]
        assert done.traders["profit"][0] >= 0


def test_capital_bounds_a_round_at_execution_too() -> None:
    start = ConstantProduct(1e4, 1.1e6)
    keeper = Keeper(1000.0, threshold=0.01, latency=1)
    done = simulate_peg(start, np.array([100.0, 105.0]), np.zeros(2), [keeper], COSTS)
    assert done.traders["volume"][0] == pytest.approx(1000 / 1.002)


def test_a_price_that_comes_back_leaves_the_providers_their_fees() -> None:
    nav = np.array([100.0, 120.0, 140.0, 120.0, 100.0])
    done = simulate_peg(pool(1e6), nav, np.zeros(5), [Arbitrageur(1e9)])
    lost = done.path["impermanent_loss"].to_numpy()
    assert lost.min() < -0.012
    assert lost[-1] > -1e-5
    assert done.provider_return > 0
    assert done.path["fee_growth"].is_sorted()


def test_liquidity_search_finds_the_first_depth_that_keeps_the_promise() -> None:
    def at(depth: float) -> PegRun:
        return run(depth, Arbitrageur(5e4, gas=20.0, latency=1), steps=300)

    found = find_liquidity(at, limit=0.012, share=0.9, low=2e4, high=1e8)
    assert found.share == found.run.within(0.012) >= 0.9
    below = max(depth for depth, _ in found.tried if depth < found.depth)
    assert dict(found.tried)[below] < 0.9
    assert found.depth / below <= 1.05
    with pytest.raises(DataError, match=r"no depth from 10000 to 20000 keeps the premium .* the best"):
        find_liquidity(at, limit=0.001, share=0.99, low=1e4, high=2e4)
    with pytest.raises(DataError, match="is no search"):
        find_liquidity(at, limit=0.01, low=2.0, high=1.0)


def vault() -> Vault:
    terms = VaultTerms(
        quote="cash", decimals={"cash": 6, "bitcoin": 8}, create_fee=Decimal("0.001"), redeem_fee=Decimal("0.001")
    )
    opened = open_vault(
        terms, 0, founder="anna", shares=10**22, basket={"bitcoin": 25 * 10**8, "cash": 250_000 * 10**6}
    )
    transfer(opened, 0, giver="anna", taker="pool", shares=5 * 10**21)
    return opened


def test_arbitrage_against_a_vault_posts_every_round_in_its_books() -> None:
    steps = 50
    generator = np.random.default_rng(3)
    bitcoin = 30_000 * np.exp(np.cumsum(generator.normal(0, 0.02, (steps, 1)), axis=0))
    market = VaultPrimary(vault(), range(1, steps + 1), ["bitcoin"], bitcoin, basket_cost=0.0005)
    assert market.nav(0) == pytest.approx((25 * bitcoin[0, 0] + 250_000) / 10_000)
    nav = (25 * bitcoin[:, 0] + 250_000) / 10_000
    done = simulate_peg(pool(5e5), nav, generator.normal(0, 2e4, steps), [Arbitrageur(1e9)], market)
    books = market.vault
    rounds = {entry.kind for entry in books.ledger.journal}
    assert {"create in kind", "redeem in kind"} <= rounds
    start = 5 * 10**21
    assert books.shares_of("pool") - start == pytest.approx(done.totals.primary_shares * 10**18, rel=1e-9)
    assert books.shares_of("arbitrageur") < 1000
    assert nav[-1] <= market.nav(steps - 1) <= nav[-1] * (1 + 1e-7)
    assert done.traders["profit"][0] > 0
    rates = RatePrimary(1.0005 / 0.999 - 1, 1 - 0.9995 * 0.999)
    again = simulate_peg(pool(5e5), nav, done_flow(steps), [Arbitrageur(1e9)], rates)
    np.testing.assert_allclose(again.path["price"].to_numpy(), done.path["price"].to_numpy(), rtol=1e-9)


def done_flow(steps: int) -> Floats:
    """The flow of the vault's run, drawn again."""
    generator = np.random.default_rng(3)
    generator.normal(0, 0.02, (steps, 1))
    return generator.normal(0, 2e4, steps)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(DataError, match=r"of shapes \(2,\) and \(3,\)"):
        simulate_peg(pool(1e6), np.ones(2), np.ones(3))
    with pytest.raises(DataError, match="must be positive and flows finite"):
        simulate_peg(pool(1e6), np.array([1.0, 0.0]), np.zeros(2))
    with pytest.raises(DataError, match=r"keeper: restore 0\.02 must be at least 0 and below the threshold"):
        Keeper(1.0, threshold=0.01, restore=0.02)
    with pytest.raises(DataError, match=r"arbitrageur: capital -1, gas 0 and latency 0 must be at least 0"):
        Arbitrageur(-1.0)


def test_the_path_adds_up() -> None:
    done = run(1e6, Arbitrageur(1e9), steps=50)
    table = done.path.with_columns(check=pl.col("quote_reserve") / pl.col("base_reserve") / pl.col("nav") - 1)
    np.testing.assert_allclose(table["check"].to_numpy(), table["premium"].to_numpy(), atol=1e-12)
    assert table["created"].sum() == pytest.approx(done.totals.primary_shares)
