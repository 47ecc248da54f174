"""A small vault: bitcoin, ether that can be staked, and cash; worth 100,000, a thousand shares, most of them anna's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from basketry.tracking.vault.nav import ReferencePrice
from basketry.tracking.vault.terms import Staking, VaultTerms
from basketry.tracking.vault.vault import Vault, open_vault

WHOLE = 10**18
BASKET = {"bitcoin": 2 * 10**8, "ether": 30 * 10**18, "usd-coin": 10_000 * 10**6}
DECIMALS = {"usd-coin": 6, "bitcoin": 8, "ether": 18, "ether-pow": 18, "doge": 8, "new-coin": 6}
PRICES = {"bitcoin": "30000", "ether": "1000", "staked-ether": "1000", "ether-pow": "10", "doge": "0.1"}

MakeVault = Callable[..., Vault]
MakePrices = Callable[..., dict[str, ReferencePrice]]


@pytest.fixture(scope="session")
def make_vault() -> MakeVault:
    """A new vault; arguments replace terms."""

    def make(**changes: Any) -> Vault:
        values: dict[str, Any] = {
            "quote": "usd-coin",
            "decimals": DECIMALS,
            "staking": {"ether": Staking(priced_as="staked-ether", unbonding=timedelta(days=5))},
            "dead_shares": 10**6,
        }
        terms = VaultTerms(**{**values, **changes})
        return open_vault(terms, 0, founder="anna", shares=1000 * WHOLE, basket=BASKET)

    return make


@pytest.fixture(scope="session")
def make_prices() -> MakePrices:
    """Live reference prices of an instant; arguments replace prices, with _ for -."""

    def make(at: int = 0, **changes: str) -> dict[str, ReferencePrice]:
        figures = PRICES | {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: ReferencePrice(Decimal(value), at) for name, value in figures.items()}

    return make


@pytest.fixture
def vault(make_vault: MakeVault) -> Vault:
    """The vault without fees."""
    return make_vault()
