"""Net asset value from reference prices, with its status and both values of what is staked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from basketry.core.errors import DataError
from basketry.tracking.vault.ledger import CLAIMS, HELD
from basketry.tracking.vault.rounding import mul_div

if TYPE_CHECKING:
    from basketry.tracking.vault.terms import VaultTerms
    from basketry.tracking.vault.vault import Vault

PriceStatus = Literal["live", "stale", "carried", "suspended"]
"""Status of a reference price, as in the table of fixings."""


@dataclass(frozen=True, slots=True)
class ReferencePrice:
    """A reference price as it was published.

    Attributes:
        price: Quote asset per whole unit; an exact decimal.
        at: Microseconds UTC.
        status: live | stale | carried | suspended.

    >>> ReferencePrice(Decimal("-1"), 0)
    Traceback (most recent call last):
    ...
    basketry.core.errors.DataError: a reference price is a positive number, was -1
    """

    price: Decimal
    at: int
    status: PriceStatus = "live"

    def __post_init__(self) -> None:
        if not self.price.is_finite() or self.price <= 0:
            raise DataError(f"a reference price is a positive number, was {self.price}")


@dataclass(frozen=True, slots=True)
class NetAssetValue:
    """What all shares are worth, in smallest quote units.

    Attributes:
        at: Microseconds UTC.
        ask: For those who come: each position at the dearer of its values, rounded up.
        bid: For those who leave: each position at the cheaper of its values, rounded down.
        redemption: Staked units at the price of what they can be redeemed for; rounded down.
        market: Staked units at the price of the staked form; rounded down.
        shares: Shares issued.
        reasons: Why it is stale; empty when it is live.
    """

    at: int
    ask: int
    bid: int
    redemption: int
    market: int
    shares: int
    reasons: tuple[str, ...] = ()

    @property
    def live(self) -> bool:
        """Whether cash orders may be executed at it."""
        return not self.reasons

    def require_live(self, what: str) -> None:
        """Raise DataError if it is stale.

        Raises:
            DataError: With every reason.
        """
        if self.reasons:
            raise DataError(
                f"{what} refused: the net asset value is stale ({'; '.join(self.reasons)}); "
                "wait for live prices, or order in kind"
            )

    def per_share(self, terms: VaultTerms) -> float:
        """Return the bid value of one whole share in whole quote units, for analysis."""
        return float(Fraction(self.bid * 10**terms.share_decimals, self.shares * terms.unit(terms.quote)))


def worth(amount: int, price: Decimal, terms: VaultTerms, asset: str, *, round_up: bool) -> int:
    """Return the value of an amount in smallest quote units.

    >>> from basketry.tracking.vault.terms import VaultTerms
    >>> terms = VaultTerms(quote="usd-coin", decimals={"usd-coin": 6, "bitcoin": 8})
    >>> worth(1, Decimal("30000.5"), terms, "bitcoin", round_up=False)
    300
    """
    above, below = price.as_integer_ratio()
    return mul_div(amount * above, terms.unit(terms.quote), below * terms.unit(asset), round_up=round_up)


def net_asset_value(vault: Vault, prices: Mapping[str, ReferencePrice], at: int) -> NetAssetValue:
    """Return the value of what belongs to the shareholders.

    The quote asset counts 1. It is stale if a price that counts is missing, not live, older than the terms allow, or
    from after `at`. A missing price counts 0 in all figures, which are then not for dealing.

    Args:
        vault: The vault.
        prices: By asset, and by the token of a staked form.
        at: Microseconds UTC.
    """
    terms = vault.terms
    reasons: list[str] = []
    limit = int(terms.max_price_age.total_seconds() * 1_000_000)

    def price_of(name: str) -> Decimal:
        found = prices.get(name)
        if found is None:
            reasons.append(f"{name} has no price")
            return Decimal(0)
        if found.status != "live":
            reasons.append(f"{name} is {found.status}")
        if not 0 <= at - found.at <= limit:
            reasons.append(f"{name} is from {(at - found.at) / 1e6:,.0f} s before")
        return found.price

    ask = bid = redemption = market = 0
    for asset in vault.assets:
        own = Decimal(1) if asset == terms.quote else price_of(asset)
        held = vault.position(HELD, asset)
        locked = -vault.ledger.balance(CLAIMS, asset) - held
        par = worth(held + locked, own, terms, asset, round_up=False)
        rule = terms.staking.get(asset)
        if not locked or rule is None or not rule.priced_as:
            ask += worth(held + locked, own, terms, asset, round_up=True)
            bid, redemption, market = bid + par, redemption + par, market + par
            continue
        token = price_of(rule.priced_as)
        liquid = worth(held, own, terms, asset, round_up=False)
        traded = liquid + worth(locked, token, terms, asset, round_up=False)
        high, low = {"prudent": (max(own, token), min(own, token)), "redemption": (own, own)}.get(
            rule.valuation, (token, token)
        )
        ask += worth(held, own, terms, asset, round_up=True) + worth(locked, high, terms, asset, round_up=True)
        bid += liquid + worth(locked, low, terms, asset, round_up=False)
        redemption, market = redemption + par, market + traded
    return NetAssetValue(at, ask, bid, redemption, market, vault.supply, tuple(reasons))
