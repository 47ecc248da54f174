"""Creation and redemption in kind: exact parts, rounding in favour of the vault, refusals."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.vault.in_kind import create_in_kind, redeem_in_kind
from basketry.tracking.vault.staking import stake, unstake
from basketry.tracking.vault.vault import Vault, trade, transfer

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakeVault

WHOLE = 10**18


def test_shares_cost_their_part_of_each_position(vault: Vault) -> None:
    receipt = create_in_kind(vault, 1, holder="bert", shares=100 * WHOLE)
    assert receipt.paid == {
        ("held", "bitcoin"): 2 * 10**7, ("held", "ether"): 3 * 10**18, ("held", "usd-coin"): 10**9
    }  # fmt: skip
    assert vault.shares_of("bert") == receipt.shares == 100 * WHOLE
    assert vault.entitlement("bert", "bitcoin") == 2 * 10**7


def test_fees_go_to_the_manager_in_shares(make_vault: MakeVault) -> None:
    vault = make_vault(create_fee=Decimal("0.001"), redeem_fee=Decimal("0.002"))
    receipt = create_in_kind(vault, 1, holder="bert", shares=100 * WHOLE)
    assert (receipt.shares, receipt.fee_shares) == (100 * WHOLE - WHOLE // 10, WHOLE // 10)
    back = redeem_in_kind(vault, 2, holder="bert", shares=10 * WHOLE)
    assert back.fee_shares == WHOLE // 50
    assert back.received[("held", "bitcoin")] == 2 * 10**6 * 998 // 1000
    assert vault.shares_of("manager") == WHOLE // 10 + WHOLE // 50


@given(st.integers(1, 10**22), st.integers(1, 10**9))
def test_creating_and_redeeming_at_once_never_pays(make_vault: MakeVault, shares: int, odd: int) -> None:
    vault = make_vault()
    trade(vault, 0, sell="bitcoin", sold=odd % 10**8 + 1, buy="usd-coin", bought=odd)
    stake(vault, 0, asset="ether", amount=17 * 10**18 + odd)
    unstake(vault, 0, asset="ether", amount=5 * 10**18 + odd)
    paid = create_in_kind(vault, 1, holder="bert", shares=shares).paid
    received = redeem_in_kind(vault, 1, holder="bert", shares=shares).received
    assert received[("held", "ether")] + received[("unbonding", "ether")] <= paid[("held", "ether")]
    for place in (("held", "bitcoin"), ("held", "usd-coin"), ("staked", "ether")):
        assert received[place] <= paid[place]


@pytest.mark.parametrize("shares", [0, -1])
def test_no_shares_is_no_order(vault: Vault, shares: int) -> None:
    for deal in (create_in_kind, redeem_in_kind):
        with pytest.raises(DataError, match="expected a positive amount"):
            deal(vault, 1, holder="anna", shares=shares)


def test_more_than_one_has_cannot_be_redeemed_or_given_or_sold(vault: Vault) -> None:
    state = (dict(vault.ledger.balances), vault.ledger.head)
    with pytest.raises(DataError, match="a balance cannot be negative"):
        redeem_in_kind(vault, 1, holder="bert", shares=1)
    with pytest.raises(DataError, match="a balance cannot be negative"):
        transfer(vault, 1, giver="bert", taker="anna", shares=1)
    with pytest.raises(DataError, match="200000000 bitcoin are free and 200000001 are to be sold"):
        trade(vault, 1, sell="bitcoin", sold=2 * 10**8 + 1, buy="usd-coin", bought=1)
    assert (dict(vault.ledger.balances), vault.ledger.head) == state


def test_dead_shares_stay(vault: Vault) -> None:
    with pytest.raises(DataError, match="dead shares belong to nobody"):
        redeem_in_kind(vault, 1, holder="dead", shares=1)
    redeem_in_kind(vault, 1, holder="anna", shares=vault.shares_of("anna"))
    assert vault.supply == 10**6
    assert set(vault.positions()) == {("held", "bitcoin"), ("held", "ether"), ("held", "usd-coin")}


def test_an_order_that_its_fee_eats_is_refused(make_vault: MakeVault) -> None:
    vault = make_vault(create_fee=Decimal("0.001"), redeem_fee=Decimal("0.001"))
    for deal in (create_in_kind, redeem_in_kind):
        with pytest.raises(DataError, match="leaves nothing after the fee"):
            deal(vault, 1, holder="anna", shares=1)
