"""Corporate events passed through: what each share stands for after them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.tracking.vault.events import apply_event
from basketry.tracking.vault.nav import net_asset_value
from basketry.tracking.vault.staking import collect, stake, unstake
from basketry.tracking.vault.vault import Vault

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakePrices

WHOLE = 10**18


def test_a_split_changes_units_and_not_the_value(vault: Vault, make_prices: MakePrices) -> None:
    stake(vault, 0, asset="ether", amount=10 * WHOLE)
    unstake(vault, 0, asset="ether", amount=3 * WHOLE + 1)
    before = net_asset_value(vault, make_prices(), 0).bid
    apply_event(vault, 1, kind="redenomination", asset="ether", ratio=Decimal("2.5"))
    assert vault.position("held", "ether") == 50 * WHOLE
    assert vault.position("unbonding", "ether") == (3 * WHOLE + 1) * 5 // 2
    after = net_asset_value(vault, make_prices(1, ether="400", staked_ether="400"), 1).bid
    assert before - after in range(4)
    assert collect(vault, 10**12) == {"ether": (3 * WHOLE + 1) * 5 // 2}


def test_a_reverse_split_rounds_down(vault: Vault) -> None:
    apply_event(vault, 1, kind="redenomination", asset="bitcoin", ratio=Decimal("0.000000003"))
    assert vault.position("held", "bitcoin") == 0
    assert "bitcoin" not in vault.assets


def test_a_fork_gives_new_units_beside_the_old_ones_staked_ones_included(vault: Vault, make_prices: MakePrices) -> None:
    stake(vault, 0, asset="ether", amount=10 * WHOLE)
    apply_event(vault, 1, kind="hard_fork", asset="ether", new_asset="ether-pow", ratio=Decimal(1))
    assert vault.position("held", "ether-pow") == 30 * WHOLE
    assert net_asset_value(vault, make_prices(1), 1).bid == 100_300 * 10**6


def test_an_airdrop_and_a_migration_scale_between_decimals(vault: Vault) -> None:
    apply_event(vault, 1, kind="airdrop", asset="ether", new_asset="doge", ratio=Decimal("1.5"))
    assert vault.position("held", "doge") == 45 * 10**8
    apply_event(vault, 2, kind="migration", asset="ether", new_asset="new-coin", ratio=Decimal("0.1"))
    assert vault.position("held", "new-coin") == 3 * 10**6
    assert vault.position("held", "ether") == 0


def test_events_that_cannot_be_booked(vault: Vault) -> None:
    stake(vault, 0, asset="ether", amount=1)
    with pytest.raises(DataError, match="unstake and collect it first"):
        apply_event(vault, 1, kind="migration", asset="ether", new_asset="doge", ratio=Decimal(1))
    with pytest.raises(DataError, match="the quote asset"):
        apply_event(vault, 1, kind="redenomination", asset="usd-coin", ratio=Decimal(1))
    with pytest.raises(DataError, match="name the new asset"):
        apply_event(vault, 1, kind="airdrop", asset="ether", ratio=Decimal(1))
    with pytest.raises(MethodologyError, match=r"'dog' has no decimals .*\(did you mean 'doge'\?\)"):
        apply_event(vault, 1, kind="airdrop", asset="ether", new_asset="dog", ratio=Decimal(1))
    with pytest.raises(DataError, match="the ratio must be positive"):
        apply_event(vault, 1, kind="airdrop", asset="ether", new_asset="doge", ratio=Decimal(0))
