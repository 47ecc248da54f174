"""Cash orders: cut-offs, stale values, spread and fees, waiting for cash, and no free round trip."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.tracking.vault.in_kind import create_in_kind
from basketry.tracking.vault.nav import ReferencePrice, net_asset_value
from basketry.tracking.vault.orders import cancel, cash_to_raise, execute, submit
from basketry.tracking.vault.staking import stake
from basketry.tracking.vault.vault import Vault, trade

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakePrices, MakeVault

WHOLE = 10**18

HOUR = 3_600_000_000
CUT_OFF = 16 * HOUR


def test_a_creation_for_cash_gets_its_part_of_the_value(vault: Vault, make_prices: MakePrices) -> None:
    number = submit(vault, 1, holder="bert", side="create", amount=10_000 * 10**6)
    assert vault.position("held", "usd-coin") == 10_000 * 10**6
    (done,) = execute(vault, net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF), CUT_OFF)
    assert (done.order, done.outcome, done.cash, done.shares) == (number, "executed", 10_000 * 10**6, 100 * WHOLE)
    assert vault.position("held", "usd-coin") == 20_000 * 10**6


def test_spread_and_fees(make_vault: MakeVault, make_prices: MakePrices) -> None:
    vault = make_vault(spread=Decimal("0.01"), create_fee=Decimal("0.02"), redeem_fee=Decimal("0.05"))
    submit(vault, 1, holder="bert", side="create", amount=10_100 * 10**6)
    submit(vault, 2, holder="anna", side="redeem", amount=50 * WHOLE)
    create, redeem = execute(vault, net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF), CUT_OFF)
    assert (create.shares, create.fee_shares) == (98 * WHOLE, 2 * WHOLE)
    assert (redeem.cash, redeem.fee_shares) == (4_702_500_000, 25 * WHOLE // 10)
    value = net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF)
    # The spread stays: 100 of the creation, 47.5 of the redemption.
    assert value.bid - 100 * 10**6 * value.shares // WHOLE == 147_500_000


@pytest.mark.parametrize(
    ("given_at", "expected"),
    [(0, CUT_OFF), (CUT_OFF - 1, CUT_OFF), (CUT_OFF, CUT_OFF + 24 * HOUR), (20 * HOUR, CUT_OFF + 24 * HOUR)],
)
def test_an_order_is_executed_after_the_first_cut_off_after_it(vault: Vault, given_at: int, expected: int) -> None:
    assert vault.terms.executable_from(given_at) == expected


def test_a_late_order_waits_and_can_be_cancelled_before_its_cut_off(
    make_vault: MakeVault, make_prices: MakePrices
) -> None:
    vault = make_vault(cut_off=time(12, 30))
    late = submit(vault, 13 * HOUR, holder="bert", side="create", amount=10**6)
    assert execute(vault, net_asset_value(vault, make_prices(14 * HOUR), 14 * HOUR), 14 * HOUR) == []
    before = vault.positions()
    cancel(vault, 15 * HOUR, order=late)
    assert vault.positions() == before
    assert vault.ledger.balance("orders", "usd-coin") == 0
    with pytest.raises(DataError, match="there is no open order 0"):
        cancel(vault, 16 * HOUR, order=late)
    firm = submit(vault, 17 * HOUR, holder="anna", side="redeem", amount=10**6)
    with pytest.raises(DataError, match="its cut-off has passed"):
        cancel(vault, 37 * HOUR, order=firm)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bitcoin": None}, "bitcoin has no price"),
        ({"bitcoin": ReferencePrice(Decimal(30000), CUT_OFF, "carried")}, "bitcoin is carried"),
        ({"bitcoin": ReferencePrice(Decimal(30000), CUT_OFF - 2 * HOUR)}, "bitcoin is from 7,200 s before"),
        ({"bitcoin": ReferencePrice(Decimal(30000), CUT_OFF + 1)}, "bitcoin is from"),
        ({"staked-ether": None}, "staked-ether has no price"),
    ],
)
def test_a_stale_value_refuses_cash_orders_but_not_those_in_kind(
    vault: Vault, make_prices: MakePrices, change: dict[str, ReferencePrice | None], reason: str
) -> None:
    stake(vault, 0, asset="ether", amount=WHOLE)
    submit(vault, 1, holder="bert", side="create", amount=10**6)
    prices = {name: price for name, price in {**make_prices(CUT_OFF), **change}.items() if price is not None}
    value = net_asset_value(vault, prices, CUT_OFF)
    with pytest.raises(DataError, match=f"cash orders refused: the net asset value is stale .*{reason}"):
        execute(vault, value, CUT_OFF)
    create_in_kind(vault, CUT_OFF, holder="bert", shares=WHOLE)
    (done,) = execute(vault, net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF), CUT_OFF)
    assert done.outcome == "executed"


def test_redemptions_wait_for_cash_in_the_order_in_which_they_were_given(vault: Vault, make_prices: MakePrices) -> None:
    for shares in (90, 20, 5):
        submit(vault, 1, holder="anna", side="redeem", amount=shares * WHOLE)
    value = net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF)
    assert cash_to_raise(vault, value, CUT_OFF) == 11_500 * 10**6
    done = execute(vault, value, CUT_OFF)
    assert [order.outcome for order in done] == ["executed", "waits", "executed"]
    assert done[1].reason == "2000000000 usd-coin are due and 1000000000 are free; sell 1000000000 worth of assets"
    trade(vault, CUT_OFF, sell="bitcoin", sold=5 * 10**6, buy="usd-coin", bought=1_500 * 10**6)
    (last,) = execute(vault, net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF), CUT_OFF)
    assert (last.outcome, last.cash) == ("executed", 2_000 * 10**6)


def test_an_order_below_its_minimum_is_returned(vault: Vault, make_prices: MakePrices) -> None:
    submit(vault, 1, holder="bert", side="create", amount=10**6, minimum=WHOLE)
    submit(vault, 1, holder="anna", side="redeem", amount=WHOLE, minimum=101 * 10**6)
    held = vault.shares_of("anna")
    done = execute(vault, net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF), CUT_OFF)
    assert [order.outcome for order in done] == ["returned", "returned"]
    assert vault.shares_of("anna") == held + WHOLE
    assert vault.ledger.balance("orders", "usd-coin") == 0


def test_a_value_of_another_instant_or_another_number_of_shares_is_refused(
    vault: Vault, make_prices: MakePrices
) -> None:
    value = net_asset_value(vault, make_prices(CUT_OFF), CUT_OFF)
    create_in_kind(vault, 1, holder="bert", shares=WHOLE)
    with pytest.raises(DataError, match="accrue fees, then value, then execute"):
        execute(vault, value, CUT_OFF)


def test_wrong_orders(vault: Vault) -> None:
    with pytest.raises(DataError, match=r"side 'creat' \(did you mean 'create'\?\)"):
        submit(vault, 1, holder="bert", side="creat", amount=1)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="a balance cannot be negative"):
        submit(vault, 1, holder="bert", side="redeem", amount=1)
    with pytest.raises(DataError, match="expected a positive amount"):
        submit(vault, 1, holder="bert", side="create", amount=0)


@given(
    st.integers(1, 10**13), st.integers(0, 200), st.integers(0, 200), st.integers(900, 1100), st.integers(1, 3 * 10**7)
)
def test_a_round_trip_for_cash_never_pays(
    make_vault: MakeVault, make_prices: MakePrices, cash: int, spread: int, fee: int, token: int, sold: int
) -> None:
    rates = {"spread": Decimal(spread) / 10_000, "create_fee": Decimal(fee) / 10_000}
    vault = make_vault(**rates)
    stake(vault, 0, asset="ether", amount=20 * WHOLE)
    trade(vault, 0, sell="bitcoin", sold=sold, buy="usd-coin", bought=sold * 300)
    prices = make_prices(CUT_OFF, staked_ether=str(token))
    value = net_asset_value(vault, prices, CUT_OFF)
    submit(vault, 1, holder="bert", side="create", amount=cash)
    (create,) = execute(vault, value, CUT_OFF)
    before = Fraction(value.bid, value.shares)
    if create.outcome == "executed":
        day = CUT_OFF + 24 * HOUR
        after = net_asset_value(vault, make_prices(day, staked_ether=str(token)), day)
        assert Fraction(after.bid + 4, after.shares) >= before
        submit(vault, CUT_OFF, holder="bert", side="redeem", amount=create.shares)
        (redeem,) = execute(vault, after, day)
        assert redeem.cash <= cash
