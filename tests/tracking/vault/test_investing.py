"""Trades at reference prices: proceeds, proportions, and what they cost the vault."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from basketry.tracking.vault.investing import Dealer
from basketry.tracking.vault.nav import net_asset_value
from basketry.tracking.vault.staking import stake
from basketry.tracking.vault.vault import Vault

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakePrices

WHOLE = 10**18


@pytest.fixture
def dealer(vault: Vault, make_prices: MakePrices) -> Dealer:
    """A dealer at a cost of 1%."""
    return Dealer(vault, 0, make_prices(), Decimal("0.01"))


def test_a_sale_brings_its_value_less_the_cost_and_a_purchase_as_many_units_less(dealer: Dealer) -> None:
    dealer.sell("bitcoin", 30_000 * 10**6)
    assert dealer.vault.position("held", "bitcoin") == 10**8
    assert dealer.cash == 10_000 * 10**6 + 29_700 * 10**6
    dealer.buy("ether", 1000 * 10**6)
    assert dealer.vault.position("held", "ether") == 30 * WHOLE + 99 * WHOLE // 100


def test_cash_is_raised_from_everything_alike_and_costs_its_part(dealer: Dealer, make_prices: MakePrices) -> None:
    before = net_asset_value(dealer.vault, make_prices(), 0).bid
    assert dealer.raise_cash(55_000 * 10**6) == 0
    assert 0 <= dealer.cash - 55_000 * 10**6 < 1000
    after = net_asset_value(dealer.vault, make_prices(), 0).bid
    assert before - after == pytest.approx(45_000 * 10**6 / 99, rel=1e-6)
    units = [dealer.vault.position("held", asset) for asset in ("bitcoin", "ether")]
    assert units[0] * 30 * 10**10 == pytest.approx(2 * units[1], rel=1e-6)


def test_what_is_staked_cannot_be_sold_and_what_is_missing_is_said(dealer: Dealer) -> None:
    stake(dealer.vault, 0, asset="ether", amount=20 * WHOLE)
    missing = dealer.raise_cash(90_000 * 10**6)
    assert missing == 90_000 * 10**6 - 10_000 * 10**6 - 70_000 * 10**4 * 99
    assert set(dealer.free()) == set()


def test_a_purchase_of_everything_in_proportion_leaves_no_cash_but_rounding(dealer: Dealer) -> None:
    dealer.invest(dealer.cash, {"bitcoin": Fraction(1), "ether": Fraction(3)})
    assert dealer.cash <= 1
    assert dealer.vault.position("held", "ether") == 30 * WHOLE + 7_425 * WHOLE // 1000
