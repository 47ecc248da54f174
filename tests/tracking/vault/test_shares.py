"""Conversions of tokenised vaults: rounding in favour of the vault, round trips, and donations."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from basketry.tracking.vault.shares import SharePool, donation_attack

amounts = st.integers(1, 10**24)
pools = st.builds(
    SharePool,
    assets=st.integers(1, 10**24),
    shares=st.integers(1, 10**24),
    virtual_shares=st.sampled_from([0, 1, 10**3, 10**6]),
    virtual_assets=st.sampled_from([0, 1]),
)


def dearer(after: SharePool, before: SharePool) -> bool:
    """Whether a share is worth at least as much as before, virtual ones included."""
    return (after.assets + after.virtual_assets) * (before.shares + before.virtual_shares) >= (
        before.assets + before.virtual_assets
    ) * (after.shares + after.virtual_shares)


@given(pools, amounts)
def test_no_round_trip_pays_and_no_operation_makes_a_share_cheaper(pool: SharePool, amount: int) -> None:
    shares, deposited = pool.deposit(amount)
    assert deposited.redeem(shares)[0] <= amount
    assert deposited.withdraw(amount)[0] >= shares
    cost, minted = pool.mint(amount)
    assert minted.redeem(amount)[0] <= cost
    assert minted.withdraw(cost)[0] >= amount
    for after in (deposited, minted):
        assert dearer(after, pool)
    out, redeemed = minted.redeem(amount)
    assert dearer(redeemed, minted)
    assert pool.to_shares(amount, round_up=True) - pool.to_shares(amount, round_up=False) in (0, 1)
    assert out == minted.to_assets(amount, round_up=False)


@given(st.integers(1, 10**6), st.integers(0, 10**18), st.integers(1, 10**18), st.sampled_from([1, 10**3, 10**6]))
def test_with_virtual_shares_a_donation_never_pays(deposit: int, donation: int, victim: int, virtual: int) -> None:
    pool = SharePool(virtual_shares=virtual, virtual_assets=1)
    attack = donation_attack(pool, deposit=deposit, donation=donation, victim=victim)
    assert attack.attacker_profit <= 0
    assert attack.victim_loss <= victim


@given(st.integers(1, 10**6), st.integers(0, 10**18), st.integers(1, 10**18))
def test_with_dead_shares_a_donation_never_pays(deposit: int, donation: int, victim: int) -> None:
    attack = donation_attack(SharePool(1000, 1000), deposit=deposit, donation=donation, victim=victim)
    assert attack.attacker_profit <= 0


@given(st.integers(1, 10**18))
def test_without_a_defence_the_attack_takes_everything(victim: int) -> None:
    assert donation_attack(SharePool(), deposit=1, donation=victim, victim=victim).attacker_profit == victim
