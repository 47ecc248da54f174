"""Staked assets: rewards, the queue, slashing, and a staked form below par."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.vault.in_kind import create_in_kind, redeem_in_kind
from basketry.tracking.vault.nav import net_asset_value
from basketry.tracking.vault.orders import execute, submit
from basketry.tracking.vault.staking import collect, reward, slash, stake, unstake
from basketry.tracking.vault.terms import Staking
from basketry.tracking.vault.vault import Vault

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakePrices, MakeVault

WHOLE = 10**18

DAY = 86_400_000_000
CUT_OFF = 16 * 3_600_000_000


def ether(vault: Vault) -> tuple[int, int, int]:
    held, staked, leaving = (vault.position(place, "ether") for place in ("held", "staked", "unbonding"))
    return held, staked, leaving


def test_rewards_raise_the_value_and_units_come_back_after_the_delay(vault: Vault, make_prices: MakePrices) -> None:
    stake(vault, 0, asset="ether", amount=20 * WHOLE)
    reward(vault, 1, asset="ether", amount=WHOLE)
    assert net_asset_value(vault, make_prices(1), 1).bid == 101_000 * 10**6
    assert unstake(vault, DAY, asset="ether", amount=4 * WHOLE) == 6 * DAY
    unstake(vault, 2 * DAY, asset="ether", amount=WHOLE)
    assert ether(vault) == (10 * WHOLE, 16 * WHOLE, 5 * WHOLE)
    assert collect(vault, 6 * DAY - 1) == {}
    assert collect(vault, 6 * DAY) == {"ether": 4 * WHOLE}
    assert ether(vault) == (14 * WHOLE, 16 * WHOLE, WHOLE)
    assert collect(vault, 30 * DAY) == {"ether": WHOLE}
    assert vault.records("ticket:") == {}


def test_a_penalty_hits_what_is_staked_and_what_is_leaving_alike(vault: Vault) -> None:
    stake(vault, 0, asset="ether", amount=20 * WHOLE)
    unstake(vault, 0, asset="ether", amount=5 * WHOLE)
    slash(vault, 1, asset="ether", amount=2 * WHOLE)
    assert ether(vault) == (10 * WHOLE, 15 * WHOLE - 15 * WHOLE // 10, 5 * WHOLE - 5 * WHOLE // 10)
    with pytest.raises(DataError, match="a balance cannot be negative"):
        slash(vault, 2, asset="ether", amount=19 * WHOLE)
    slash(vault, 3, asset="ether", amount=18 * WHOLE)
    assert ether(vault) == (10 * WHOLE, 0, 0)
    assert collect(vault, 9 * DAY) == {}


@given(st.integers(1, 20), st.integers(1, 10), st.integers(1, 10**4))
def test_slashing_odd_amounts_keeps_tickets_and_books_equal(make_vault: MakeVault, a: int, b: int, lost: int) -> None:
    vault = make_vault()
    stake(vault, 0, asset="ether", amount=10**4 + a + b)
    for amount in (a, b):
        unstake(vault, 0, asset="ether", amount=amount)
    staked = vault.position("staked", "ether")
    slash(vault, 1, asset="ether", amount=lost)
    assert vault.position("staked", "ether") <= staked
    tickets = sum(int(ticket["amount"]) for ticket in vault.records("ticket:").values())
    assert tickets == vault.position("unbonding", "ether")


def test_only_what_the_terms_allow_and_what_is_there(vault: Vault) -> None:
    with pytest.raises(DataError, match="the terms do not let 'bitcoin' be staked; stakeable: ether"):
        stake(vault, 0, asset="bitcoin", amount=1)
    with pytest.raises(DataError, match="a balance cannot be negative"):
        stake(vault, 0, asset="ether", amount=31 * WHOLE)
    with pytest.raises(DataError, match="a balance cannot be negative"):
        unstake(vault, 0, asset="ether", amount=1)


def test_in_kind_hands_over_the_staked_form_and_part_of_each_ticket(vault: Vault) -> None:
    stake(vault, 0, asset="ether", amount=20 * WHOLE)
    unstake(vault, 0, asset="ether", amount=10 * WHOLE)
    paid = create_in_kind(vault, 1, holder="bert", shares=1000 * WHOLE).paid
    assert (paid[("held", "ether")], paid[("staked", "ether")]) == (20 * WHOLE, 10 * WHOLE)
    received = redeem_in_kind(vault, 2, holder="bert", shares=1000 * WHOLE).received
    assert {place: amount for (place, asset), amount in received.items() if asset == "ether"} == {
        "held": 15 * WHOLE, "staked": 10 * WHOLE, "unbonding": 5 * WHOLE
    }  # fmt: skip
    assert collect(vault, 9 * DAY) == {"ether": 5 * WHOLE}


@pytest.mark.parametrize(
    ("valuation", "ask", "bid"),
    [("redemption", 100_000, 100_000), ("market", 98_400, 98_400), ("prudent", 100_000, 98_400)],
)
def test_both_values_are_recorded_and_the_terms_say_which_counts(
    make_vault: MakeVault, make_prices: MakePrices, valuation: str, ask: int, bid: int
) -> None:
    vault = make_vault(staking={"ether": Staking(priced_as="staked-ether", valuation=valuation)})
    stake(vault, 0, asset="ether", amount=20 * WHOLE)
    value = net_asset_value(vault, make_prices(staked_ether="920"), 0)
    assert (value.ask, value.bid) == (ask * 10**6, bid * 10**6)
    assert (value.redemption, value.market) == (100_000 * 10**6, 98_400 * 10**6)


@given(st.integers(500, 1200))
def test_a_gap_of_the_staked_form_leaves_no_free_profit(
    make_vault: MakeVault, make_prices: MakePrices, token: int
) -> None:
    vault = make_vault()
    stake(vault, 0, asset="ether", amount=29 * WHOLE)
    worth = {"staked": token, "held": 1000, "unbonding": 0}
    submit(vault, 1, holder="bert", side="create", amount=1000 * 10**6)
    prices = make_prices(CUT_OFF, staked_ether=str(token))
    (create,) = execute(vault, net_asset_value(vault, prices, CUT_OFF), CUT_OFF)
    # In for cash, out in kind, sold at the market.
    out = redeem_in_kind(vault, CUT_OFF, holder="bert", shares=create.shares).received
    proceeds = (
        sum(Fraction(amount, WHOLE) * worth[place] for (place, asset), amount in out.items() if asset == "ether")
        + Fraction(out[("held", "bitcoin")], 10**8) * 30_000
        + Fraction(out[("held", "usd-coin")], 10**6)
    )
    assert proceeds <= 1000
    # In kind, out for cash.
    shares = 5 * WHOLE
    paid = create_in_kind(vault, CUT_OFF, holder="bert", shares=shares).paid
    cost = (
        sum(Fraction(amount, WHOLE) * worth[place] for (place, asset), amount in paid.items() if asset == "ether")
        + Fraction(paid[("held", "bitcoin")], 10**8) * 30_000
        + Fraction(paid[("held", "usd-coin")], 10**6)
    )
    submit(vault, CUT_OFF, holder="bert", side="redeem", amount=shares)
    day = CUT_OFF + DAY
    (redeem,) = execute(vault, net_asset_value(vault, make_prices(day, staked_ether=str(token)), day), day)
    assert Fraction(redeem.cash, 10**6) <= cost
