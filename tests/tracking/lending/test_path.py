"""A levered holder along a path."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.lending.loan import LendingTerms, Loan
from basketry.tracking.lending.loop import leverage_after, looped
from basketry.tracking.lending.path import follow_loan, loan_risk
from basketry.tracking.lending.rates import PoolRate, RecordedRate, TwoSlopeRate

TERMS = LendingTerms(0.75, 0.8, 0.05)
DAY = np.timedelta64(1, "D")


def days(count: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.datetime64("2022-01-01", "us") + np.arange(count) * DAY


@settings(max_examples=60)
@given(
    seed=st.integers(0, 9999),
    loops=st.integers(0, 8),
    rate=st.floats(0.0, 0.5),
    delay=st.integers(0, 4),
    volatility=st.floats(0.0, 0.2),
)
def test_value_is_conserved_along_every_path(seed: int, loops: int, rate: float, delay: int, volatility: float) -> None:
    rng = np.random.default_rng(seed)
    prices = np.exp(np.cumsum(rng.normal(0, volatility, 100)))
    loan = looped(1000.0, float(prices[0]), 0.75, loops, TERMS)
    path = follow_loan(days(100), prices, loan, TERMS, RecordedRate(np.full(100, rate)), delay=delay)
    assert path.lost == pytest.approx(0.0, abs=1e-8 * (1 + np.abs(path.collateral * prices).max()))
    owed = loan.debt + path.interest.sum() - path.repaid.sum() - path.written_off.sum()
    assert path.debt[-1] == pytest.approx(owed, abs=1e-8 * (1 + loan.debt))
    assert (path.gained >= 0).all()
    assert (path.collateral >= 0).all()


def test_interest_compounds_at_the_rate_of_the_row_before() -> None:
    rates = np.full(366, 0.05)
    rates[-1] = 9.0
    path = follow_loan(days(366), np.ones(366), Loan(100.0, 50.0), TERMS, RecordedRate(rates))
    assert path.debt[-1] == pytest.approx(50 * 1.05, rel=1e-12)
    assert path.interest.sum() == pytest.approx(2.5, rel=1e-9)


def test_a_pool_charges_the_rate_of_its_utilisation() -> None:
    pool = PoolRate(TwoSlopeRate(0.9, 0.0, 0.04, 0.6), 1000.0, 400.0)
    path = follow_loan(days(2), np.ones(2), Loan(100.0, 50.0), TERMS, pool)
    assert path.debt[1] == pytest.approx(50 * 1.02 ** (1 / 365), rel=1e-12)


def test_a_late_oracle_delays_the_liquidation_and_costs_the_pool() -> None:
    prices = np.concatenate([[1.0, 1.0], np.full(8, 0.7)])
    still = RecordedRate(np.zeros(10))
    loan = Loan(100.0, 75.0)
    prompt = follow_loan(days(10), prices, loan, TERMS, still)
    late = follow_loan(days(10), prices, loan, TERMS, still, delay=3)
    assert np.flatnonzero(prompt.repaid)[0] == 2
    assert np.flatnonzero(late.repaid)[0] == 5
    assert prompt.written_off.sum() > 0


def test_nothing_later_changes_what_was() -> None:
    rng = np.random.default_rng(2)
    prices = np.exp(np.cumsum(rng.normal(0, 0.08, 200)))
    rates = RecordedRate(rng.uniform(0, 0.2, 200))
    loan = looped(100.0, float(prices[0]), 0.75, 3, TERMS)
    whole = follow_loan(days(200), prices, loan, TERMS, rates, delay=2)
    assert whole.liquidations > 0
    for rows in (20, 120):
        part = follow_loan(days(rows), prices[:rows], loan, TERMS, rates, delay=2)
        assert (part.debt == whole.debt[:rows]).all()
        assert (part.collateral == whole.collateral[:rows]).all()


def test_more_leverage_never_lowers_the_risk() -> None:
    moves = np.exp(np.random.default_rng(1).normal(0, 0.04, 500))
    risks = [
        loan_risk(moves, leverage, TERMS, np.random.default_rng(7), rate=0.05, horizon=90, paths=500).probability
        for leverage in (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 3.9)
    ]
    assert risks == sorted(risks)
    assert risks[0] == 0.0
    assert risks[-1] > 0.8


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="one positive price"):
        follow_loan(days(3), np.array([1.0, 0.0, 1.0]), Loan(1.0, 0.5), TERMS, RecordedRate(np.zeros(3)))
    with pytest.raises(DataError, match="1 or more"):
        loan_risk(np.ones(3), 0.5, TERMS, np.random.default_rng(0))


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.13])
def test_ether_levered_through_2022(shared: Path, rate: float) -> None:
    """Three loops at 60% (2.18 times) were liquidated from January on; one at 20% (1.2 times) never: at any rate."""
    bars = pl.read_parquet(shared / "data" / "coinbase_daily_ohlcv_2020_2025.parquet")
    closes = bars.filter((pl.col("date").dt.year() == 2022) & (pl.col("symbol") == "ETH/USD")).sort("date")
    prices = closes["close"].to_numpy()
    times = np.asarray(closes["date"].to_numpy() + DAY, dtype="datetime64[us]")
    terms, rates = LendingTerms(0.8, 0.825, 0.05), RecordedRate(np.full(len(times), rate))
    bold = follow_loan(times, prices, looped(1000.0, prices[0], 0.6, 3, terms), terms, rates)
    calm = follow_loan(times, prices, looped(1000.0, prices[0], 0.2, 1, terms), terms, rates)
    assert leverage_after(0.6, 3) == pytest.approx(2.176)
    assert calm.liquidations == 0
    assert bold.liquidations >= 2
    assert str(times[np.flatnonzero(bold.repaid)[0]])[:10] == "2022-01-23"
    assert bold.lost == pytest.approx(0.0, abs=1e-8)


def test_the_interest_of_a_year_of_recorded_rates(shared: Path) -> None:
    """The record repeats one block of 365 days four times, so it is one year of unknown date and used as that alone."""
    table = pl.read_parquet(shared / "data" / "aave_borrow_rates_daily.parquet")
    usdc = table.filter((pl.col("asset") == "USDC") & (pl.col("rate_type") == "borrow")).sort("date")
    rates = usdc["rate"].to_numpy()
    assert (rates[365:] == rates[:-365]).all()
    path = follow_loan(days(366), np.ones(366), Loan(100.0, 50.0), TERMS, RecordedRate(rates[:366]))
    assert path.debt[-1] == pytest.approx(50 * np.exp(np.log1p(rates[:365]).sum() / 365), rel=1e-12)
    assert path.interest.sum() / 50 == pytest.approx(rates[:365].mean(), abs=3e-4)
