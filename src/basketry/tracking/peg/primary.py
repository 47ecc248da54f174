"""Where traders of the index token create and redeem: at net asset value and rates, or from a vault's books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from basketry.core.numbers import Floats
from basketry.tracking.vault.in_kind import create_in_kind, redeem_in_kind
from basketry.tracking.vault.ledger import SHARES
from basketry.tracking.vault.vault import Vault, transfer


class PrimaryMarket(Protocol):
    """Creates and redeems whole shares at a step of a simulation."""

    def creation_cost(self, nav: float) -> float:
        """Return what one share costs to create, quote currency, as far as known beforehand."""
        ...

    def redemption_value(self, nav: float) -> float:
        """Return what one share brings when redeemed, quote currency, as far as known beforehand."""
        ...

    def create(self, step: int, shares: float, nav: float) -> float:
        """Create shares; return what they cost, quote currency."""
        ...

    def redeem(self, step: int, shares: float, nav: float) -> float:
        """Redeem shares; return what they bring, quote currency."""
        ...


@dataclass(frozen=True, slots=True)
class RatePrimary:
    """Creation and redemption at net asset value and a proportional cost.

    Attributes:
        create_cost: Fraction: fee, spread and cost of buying the basket.
        redeem_cost: Likewise for selling it.

    >>> RatePrimary(0.002, 0.001).create(0, 10.0, 100.0)
    1002.0
    """

    create_cost: float = 0.0
    redeem_cost: float = 0.0

    def creation_cost(self, nav: float) -> float:
        """See PrimaryMarket."""
        return nav * (1 + self.create_cost)

    def redemption_value(self, nav: float) -> float:
        """See PrimaryMarket."""
        return nav * (1 - self.redeem_cost)

    def create(self, step: int, shares: float, nav: float) -> float:  # noqa: ARG002 - rates do not depend on time
        """See PrimaryMarket."""
        return shares * self.creation_cost(nav)

    def redeem(self, step: int, shares: float, nav: float) -> float:  # noqa: ARG002 - rates do not depend on time
        """See PrimaryMarket."""
        return shares * self.redemption_value(nav)


@dataclass(frozen=True, slots=True)
class VaultPrimary:
    """Creation and redemption in kind in a vault: every round is posted in its books.

    The trader buys and sells the basket at the prices of the step and a proportional cost.

    Attributes:
        vault: The vault.
        times: Microseconds UTC of each step, shape (n_steps,).
        assets: Assets of the prices.
        prices: Quote currency per whole unit, shape (n_steps, n_assets).
        basket_cost: Fraction of the basket's value to buy or sell it.
        holder: Under whose name the vault's books have the shares that are in the pool.
        trader: Who creates and redeems in the books.
    """

    vault: Vault
    times: Sequence[int]
    assets: Sequence[str]
    prices: Floats
    basket_cost: float = 0.0
    holder: str = "pool"
    trader: str = "arbitrageur"

    def nav(self, step: int) -> float:
        """Return the value of one whole share at a step, from the vault's positions."""
        return self._value(step, self.vault.positions()) / (self.vault.supply / self.vault.terms.unit(SHARES))

    def creation_cost(self, nav: float) -> float:
        """See PrimaryMarket; shares that go to the manager are paid for too."""
        return nav * (1 + self.basket_cost) / float(1 - self.vault.terms.rate("create_fee"))

    def redemption_value(self, nav: float) -> float:
        """See PrimaryMarket."""
        return nav * (1 - self.basket_cost) * float(1 - self.vault.terms.rate("redeem_fee"))

    def create(self, step: int, shares: float, nav: float) -> float:  # noqa: ARG002 - the books say the price
        """See PrimaryMarket."""
        gross = -(-self._units(shares) // (1 - self.vault.terms.rate("create_fee")))
        receipt = create_in_kind(self.vault, self.times[step], holder=self.trader, shares=int(gross))
        transfer(self.vault, self.times[step], giver=self.trader, taker=self.holder, shares=receipt.shares)
        return self._value(step, receipt.paid) * (1 + self.basket_cost)

    def redeem(self, step: int, shares: float, nav: float) -> float:  # noqa: ARG002 - the books say the price
        """See PrimaryMarket.

        Raises:
            DataError: The books have fewer shares under the pool's name.
        """
        at, units = self.times[step], self._units(shares)
        transfer(self.vault, at, giver=self.holder, taker=self.trader, shares=units)
        receipt = redeem_in_kind(self.vault, at, holder=self.trader, shares=units)
        return self._value(step, receipt.received) * (1 - self.basket_cost)

    def _units(self, shares: float) -> int:
        return int(shares * self.vault.terms.unit(SHARES))

    def _value(self, step: int, amounts: Mapping[tuple[str, str], int]) -> float:
        terms = self.vault.terms
        prices = dict(zip(self.assets, self.prices[step].tolist(), strict=True)) | {terms.quote: 1.0}
        return float(sum(amount / terms.unit(asset) * prices[asset] for (_, asset), amount in amounts.items()))
