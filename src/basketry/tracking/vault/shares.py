"""Shares for assets and assets for shares, as tokenised vaults convert them, and the donation attack on it."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.tracking.vault.rounding import mul_div


@dataclass(frozen=True, slots=True)
class SharePool:
    """A vault of one asset: what it holds and how many shares there are.

    With virtual shares V and virtual assets v, each conversion is at the rate (shares + V) / (assets + v). All four
    operations round in favour of the vault, so that a round trip never pays.

    | operation | given | result | rounds |
    |-|-|-|-|
    | deposit | assets in | shares out | down |
    | mint | shares out | assets in | up |
    | withdraw | assets out | shares in | up |
    | redeem | shares in | assets out | down |

    Attributes:
        assets: Smallest units held.
        shares: Smallest units issued, dead ones included.
        virtual_shares: V; 10^offset in OpenZeppelin's form, 0 for none.
        virtual_assets: v; 1 in OpenZeppelin's form, 0 for none.

    Source: ERC-4626, Tokenized Vaults, 2021, "Security Considerations" (rounding); OpenZeppelin Contracts 4.9,
    ERC4626, 2023 (virtual shares and assets).

    >>> pool = SharePool(assets=9000, shares=6000, virtual_shares=1, virtual_assets=1)
    >>> pool.deposit(2000)
    (1333, SharePool(assets=11000, shares=7333, virtual_shares=1, virtual_assets=1))
    """

    assets: int = 0
    shares: int = 0
    virtual_shares: int = 0
    virtual_assets: int = 0

    def to_shares(self, assets: int, *, round_up: bool) -> int:
        """Return the shares that assets are worth; one for one in an empty vault without virtual shares."""
        if not self.assets + self.virtual_assets:
            return assets
        shares, held = self.shares + self.virtual_shares, self.assets + self.virtual_assets
        return mul_div(assets, shares, held, round_up=round_up)

    def to_assets(self, shares: int, *, round_up: bool) -> int:
        """Return the assets that shares are worth; one for one in an empty vault without virtual shares."""
        if not self.shares + self.virtual_shares:
            return shares
        issued, held = self.shares + self.virtual_shares, self.assets + self.virtual_assets
        return mul_div(shares, held, issued, round_up=round_up)

    def deposit(self, assets: int) -> tuple[int, SharePool]:
        """Return the shares for a deposit, and the vault after it."""
        shares = self.to_shares(assets, round_up=False)
        return shares, self._after(assets, shares)

    def mint(self, shares: int) -> tuple[int, SharePool]:
        """Return the assets that new shares cost, and the vault after it."""
        assets = self.to_assets(shares, round_up=True)
        return assets, self._after(assets, shares)

    def withdraw(self, assets: int) -> tuple[int, SharePool]:
        """Return the shares that a withdrawal takes, and the vault after it."""
        shares = self.to_shares(assets, round_up=True)
        return shares, self._after(-assets, -shares)

    def redeem(self, shares: int) -> tuple[int, SharePool]:
        """Return the assets for shares, and the vault after it."""
        assets = self.to_assets(shares, round_up=False)
        return assets, self._after(-assets, -shares)

    def donate(self, assets: int) -> SharePool:
        """Return the vault after assets came in for nothing: yield, or an attack."""
        return self._after(assets, 0)

    def _after(self, assets: int, shares: int) -> SharePool:
        return SharePool(self.assets + assets, self.shares + shares, self.virtual_shares, self.virtual_assets)


@dataclass(frozen=True, slots=True)
class DonationAttack:
    """What a donation before somebody else's deposit does.

    Attributes:
        attacker_profit: What the attacker takes out less what she put in, smallest units.
        victim_loss: Deposit less what it can be redeemed for, smallest units.
    """

    attacker_profit: int
    victim_loss: int


def donation_attack(pool: SharePool, *, deposit: int, donation: int, victim: int) -> DonationAttack:
    """Return the result of the attack: deposit, donate, let the victim deposit, redeem.

    Without a defence a vault of one share worth D + 1 gives a deposit of D no share at all. With V virtual shares (or
    dead ones: shares that nobody can redeem) the donation is shared with them; the attacker must give up at least V
    times what the victim loses.

    Args:
        pool: The vault before.
        deposit: What the attacker puts in for shares.
        donation: What the attacker puts in for nothing.
        victim: What the victim deposits then.

    Source: OpenZeppelin, ERC4626 guide, "Inflation attack", 2023.

    >>> donation_attack(SharePool(), deposit=1, donation=10**6, victim=10**6)
    DonationAttack(attacker_profit=1000000, victim_loss=1000000)
    >>> donation_attack(SharePool(virtual_shares=1, virtual_assets=1), deposit=1, donation=10**6, victim=10**6)
    DonationAttack(attacker_profit=-333334, victim_loss=333333)
    """
    own, pool = pool.deposit(deposit)
    other, pool = pool.donate(donation).deposit(victim)
    taken, pool = pool.redeem(own)
    left, _ = pool.redeem(other)
    return DonationAttack(taken - deposit - donation, victim - left)
