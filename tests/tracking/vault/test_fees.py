"""Fees by dilution: the fraction promised, whatever the frequency of accrual; high-water mark."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.vault.fees import WAD, YEAR_US, inflation_shares, performance_shares, stream
from basketry.tracking.vault.nav import net_asset_value
from basketry.tracking.vault.vault import accrue, crystallise

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakePrices, MakeVault

rates = st.decimals(Decimal("0.0001"), Decimal("0.2"), places=4).map(Fraction)


@given(st.integers(1, 10**30), rates)
def test_after_a_year_the_manager_owns_the_fraction(supply: int, rate: Fraction) -> None:
    shares, _ = stream(supply, 0, rate, YEAR_US)
    assert shares == pytest.approx(int(supply * rate / (1 - rate)), abs=1)
    assert Fraction(shares, supply + shares) <= rate < Fraction(shares + 2, supply + shares + 2)


@given(st.integers(1, 10**30), rates, st.lists(st.integers(1, 30 * 86_400_000_000), min_size=1, max_size=12))
def test_how_often_fees_accrue_changes_nothing(supply: int, rate: Fraction, steps: list[int]) -> None:
    once, _ = stream(supply, 0, rate, sum(steps))
    total, rest = 0, 0
    for step in steps:
        shares, rest = stream(supply + total, rest, rate, step)
        total += shares
    assert once - total in (0, 1)


def test_simple_accrual_as_published_does_depend_on_the_frequency() -> None:
    yearly = 2 * 10**16
    once = inflation_shares(100 * WAD, yearly)
    half = inflation_shares(100 * WAD, yearly // 2)
    assert half + inflation_shares(100 * WAD + half, yearly // 2) < once


def test_a_fee_of_all_is_no_fraction() -> None:
    with pytest.raises(DataError, match="no fraction below 1"):
        inflation_shares(100, WAD)


@given(st.integers(1, 10**30), st.integers(1, 10**27), st.integers(0, 10**36), rates)
def test_a_performance_fee_takes_its_part_of_the_gain_and_the_mark_never_falls(
    value: int, supply: int, mark: int, rate: Fraction
) -> None:
    shares, after = performance_shares(value, supply, mark, rate)
    gain = max(value - Fraction(mark * supply, 10**36), Fraction(0))
    assert Fraction(shares * value, supply + shares) <= rate * gain
    assert after >= mark
    assert performance_shares(value, supply + shares, after, rate) == (0, after)


def test_a_vault_charges_both_and_the_holders_pay_nothing_else(make_vault: MakeVault, make_prices: MakePrices) -> None:
    vault = make_vault(management_fee=Decimal("0.02"), performance_fee=Decimal("0.2"))
    crystallise(vault, net_asset_value(vault, make_prices(), 0), 0)
    before = vault.positions()
    taken = accrue(vault, YEAR_US)
    assert Fraction(taken, vault.supply) == pytest.approx(0.02, abs=1e-15)
    assert vault.shares_of("manager") == taken
    dear = make_prices(YEAR_US, bitcoin="60000")
    value = net_asset_value(vault, dear, YEAR_US)
    per_share = Fraction(value.bid, value.shares)
    crystallise(vault, value, YEAR_US)
    after = net_asset_value(vault, dear, YEAR_US)
    start = Fraction(100_000 * 10**6, 1000 * WAD)
    assert Fraction(after.bid, after.shares) == pytest.approx(per_share - (per_share - start) / 5, rel=1e-12)
    assert crystallise(vault, after, YEAR_US) == 0
    assert vault.positions() == before


def test_a_performance_fee_needs_a_live_value_of_these_shares(make_vault: MakeVault, make_prices: MakePrices) -> None:
    vault = make_vault(management_fee=Decimal("0.02"), performance_fee=Decimal("0.2"))
    old = net_asset_value(vault, make_prices(), 0)
    with pytest.raises(DataError, match="accrue fees, then value"):
        crystallise(vault, old, YEAR_US)
    with pytest.raises(DataError, match="performance fee refused: the net asset value is stale"):
        crystallise(vault, net_asset_value(vault, make_prices(), YEAR_US), YEAR_US)
