"""Trades at reference prices: raising cash for redemptions, investing cash, trading to weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from basketry.tracking.vault.ledger import HELD
from basketry.tracking.vault.nav import ReferencePrice, worth
from basketry.tracking.vault.rounding import mul_div, scale
from basketry.tracking.vault.vault import Vault, trade


@dataclass(frozen=True, slots=True)
class Dealer:
    """Trades of a vault at one instant, at reference prices and a proportional cost.

    Attributes:
        vault: The vault.
        at: Microseconds UTC.
        prices: Reference prices by asset.
        cost: Fraction of the traded value.
    """

    vault: Vault
    at: int
    prices: Mapping[str, ReferencePrice]
    cost: Decimal

    @property
    def cash(self) -> int:
        """Free cash of the shareholders, smallest quote units."""
        return self.vault.position(HELD, self.vault.terms.quote)

    def value(self, asset: str, amount: int, *, round_up: bool = False) -> int:
        """Return the value of an amount in smallest quote units."""
        if asset == self.vault.terms.quote:
            return amount
        return worth(amount, self.prices[asset].price, self.vault.terms, asset, round_up=round_up)

    def free(self) -> dict[str, int]:
        """Return the value of each asset that can be sold now."""
        quote = self.vault.terms.quote
        held = {asset: self.vault.position(HELD, asset) for asset in self.vault.assets if asset != quote}
        return {asset: self.value(asset, amount) for asset, amount in held.items() if amount}

    def sell(self, asset: str, value: int) -> None:
        """Sell units of about a value, all of them at most; the proceeds are rounded down."""
        held = self.vault.position(HELD, asset)
        whole = self.value(asset, held)
        units = held if value >= whole else min(held, mul_div(held, value, whole, round_up=True))
        if units:
            proceeds = scale(self.value(asset, units), 1 - Fraction(self.cost), round_up=False)
            trade(self.vault, self.at, sell=asset, sold=units, buy=self.vault.terms.quote, bought=proceeds)

    def buy(self, asset: str, cash: int) -> None:
        """Spend cash on an asset; the units are rounded down."""
        terms = self.vault.terms
        price = Fraction(self.prices[asset].price) * terms.unit(terms.quote) / terms.unit(asset)
        units = scale(cash, (1 - Fraction(self.cost)) / price, round_up=False)
        if units:
            trade(self.vault, self.at, sell=terms.quote, sold=cash, buy=asset, bought=units)

    def raise_cash(self, wanted: int) -> int:
        """Sell every free asset in proportion until there is as much cash; return what is still missing."""
        missing = wanted - self.cash
        values = self.free()
        total = sum(values.values())
        if missing > 0 and total:
            gross = scale(missing, 1 / (1 - Fraction(self.cost)), round_up=True) + len(values)
            for asset, value in values.items():
                self.sell(asset, mul_div(value, gross, total, round_up=True))
        return max(wanted - self.cash, 0)

    def invest(self, cash: int, weights: Mapping[str, Fraction]) -> None:
        """Spend cash in proportion to weights."""
        total = sum(weights.values())
        for asset, weight in weights.items():
            part = min(scale(cash, weight / total, round_up=False), self.cash) if total else 0
            if part > 0:
                self.buy(asset, part)

    def rebalance(self, weights: Mapping[str, Fraction], cash_kept: int) -> None:
        """Trade free units to weights of what is invested: sales first, then purchases with the cash."""
        own = {asset: self.value(asset, amount) for asset, amount in self._units().items()}
        total = sum(own.values()) + max(self.cash - cash_kept, 0)
        wanted = {asset: scale(total, weight, round_up=False) for asset, weight in weights.items()}
        for asset, value in own.items():
            if value > wanted.get(asset, 0):
                self.sell(asset, value - wanted.get(asset, 0))
        short = {asset: Fraction(max(value - own.get(asset, 0), 0)) for asset, value in wanted.items()}
        self.invest(max(self.cash - cash_kept, 0), short)

    def _units(self) -> dict[str, int]:
        units: dict[str, int] = {}
        for (_, asset), amount in self.vault.positions().items():
            if asset != self.vault.terms.quote:
                units[asset] = units.get(asset, 0) + amount
        return units
