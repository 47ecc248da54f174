"""Vaults as published: ERC-4626 in OpenZeppelin's tests, Set Protocol's fees and rebalances, stETH, pools."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from basketry.tracking.peg.primary import RatePrimary
from basketry.tracking.peg.traders import Arbitrageur, sale_proceeds
from basketry.tracking.vault.fees import WAD, YEAR_US, inflation_shares, performance_shares, stream
from basketry.tracking.vault.nav import ReferencePrice, net_asset_value
from basketry.tracking.vault.orders import execute, submit
from basketry.tracking.vault.shares import SharePool, donation_attack
from basketry.tracking.vault.staking import stake
from basketry.tracking.vault.terms import Staking, Valuation, VaultTerms
from basketry.tracking.vault.vault import Vault, open_vault, trade
from basketry.tracking.venues.constant_product import ConstantProduct, impermanent_loss


def test_erc4626_steps_of_openzeppelin() -> None:
    """OpenZeppelin Contracts 4.9, test/token/ERC20/extensions/ERC4626.test.js, 'multiple mint, deposit, ...'.

    After solmate's test; one virtual share and one virtual asset.
    """
    pool = SharePool(virtual_shares=1, virtual_assets=1)

    def worth(shares: int) -> int:
        return pool.to_assets(shares, round_up=False)

    cost, pool = pool.mint(2000)
    assert cost == 2000
    shares, pool = pool.deposit(4000)
    assert (shares, pool.shares, pool.assets) == (4000, 6000, 6000)
    pool = pool.donate(3000)
    assert (worth(2000), worth(4000)) == (2999, 5999)
    shares, pool = pool.deposit(2000)
    assert (shares, worth(3333), worth(4000), pool.shares, pool.assets) == (1333, 4999, 6000, 7333, 11_000)
    cost, pool = pool.mint(2000)
    assert (cost, worth(3333), worth(6000), pool.shares, pool.assets) == (3000, 4999, 9000, 9333, 14_000)
    pool = pool.donate(3000)
    assert (worth(3333), worth(6000), pool.assets) == (6070, 10_928, 17_000)
    assets, pool = pool.redeem(1333)
    assert (assets, worth(2000), worth(6000), pool.shares, pool.assets) == (2427, 3643, 10_929, 8000, 14_573)
    shares, pool = pool.withdraw(2929)
    assert (shares, worth(2000), worth(4392), pool.shares, pool.assets) == (1608, 3643, 8000, 6392, 11_644)
    shares, pool = pool.withdraw(3643)
    assert (shares, worth(4392), pool.shares, pool.assets) == (2000, 8000, 4392, 8001)
    assets, pool = pool.redeem(4392)
    assert (assets, pool.shares, pool.assets) == (8000, 0, 1)


def test_erc4626_rounding_of_the_standard() -> None:
    """ERC-4626, Security Considerations: what is given is rounded down, what is asked for up."""
    pool = SharePool(assets=10, shares=3)
    assert (pool.deposit(5)[0], pool.redeem(2)[0]) == (1, 6)
    assert (pool.mint(2)[0], pool.withdraw(5)[0]) == (7, 2)


@pytest.mark.parametrize(("offset", "redeemable"), [(0, "0."), (6, "0.999999"), (18, "0.999999999999999999")])
def test_a_deposit_after_a_donation_of_one_token(offset: int, redeemable: str) -> None:
    """OpenZeppelin, ERC4626.test.js, 'inflation attack': table of offset and redeemable assets, to offset digits."""
    pool = SharePool(virtual_shares=10**offset, virtual_assets=1).donate(WAD)
    shares, pool = pool.deposit(WAD)
    text = f"{Decimal(pool.redeem(shares)[0]).scaleb(-18):.18f}"
    assert text[: 2 + offset] == redeemable


def test_the_donation_attack_of_the_guide() -> None:
    """OpenZeppelin, ERC4626 guide, 2023: rates of 2, loss = donation / (1 + deposit), the attack's price by offset."""
    assert SharePool(assets=100, shares=200).to_assets(2, round_up=False) == 1
    assert SharePool(assets=200, shares=100).to_assets(1, round_up=False) == 2
    bare = donation_attack(SharePool(), deposit=1, donation=100_000, victim=99_999)
    assert (bare.victim_loss, bare.attacker_profit) == (99_999, 99_999)
    for offset in (0, 3, 6):
        pool = SharePool(virtual_shares=10**offset, virtual_assets=1)
        _, after = pool.deposit(1)
        least = 10**offset * 1000 * 2
        wiped = after.donate(least)
        assert wiped.deposit(1000)[0] == 0 < after.donate(least // 2).deposit(1000)[0]
        attack = donation_attack(pool, deposit=1, donation=least, victim=1000)
        loss = least // 2
        assert attack.victim_loss == 1000
        assert -attack.attacker_profit >= loss - attack.victim_loss
        assert loss == 10**offset * 1000


def test_the_streaming_fee_of_set_protocol() -> None:
    """StreamingFeeModule: feeQuantity = fee × supply / (10^18 - fee); 2% a year on 100 tokens."""
    assert inflation_shares(100 * WAD, 2 * 10**16) == 2_040_816_326_530_612_244
    minted, _ = stream(100 * WAD, 0, Fraction(2, 100), YEAR_US)
    assert minted == 2_040_816_326_530_612_244


def test_position_multipliers_of_dpi_are_those_of_its_fee(shared: Path) -> None:
    """DPI charges 0.95% a year; accrual multiplies every unit by 1 - 0.0095 t, so that the multiplier tells the time.

    Index rebalance utils of Set Protocol, DPI of February, March and April 2021; MVI of May 2021 had not accrued.
    """
    with (shared / "data" / "setprotocol_rebalance_params.csv").open(encoding="utf-8") as file:
        rows = {(row["index"], row["rebalance"]): row for row in csv.DictReader(file)}
    years = {
        month: (1 - int(rows["DPI", month]["position_multiplier"]) / WAD) / 0.0095 for month in ("1", "march", "april")
    }
    days = {month: 365.25 * figure for month, figure in years.items()}
    # From 14 September 2020, when DPI began, to the end of January, February and March.
    assert [round(days[month]) for month in ("1", "march", "april")] == [134, 169, 199]
    assert days["april"] - days["march"] == pytest.approx(30, abs=1)
    assert int(rows["MVI", "may"]["position_multiplier"]) == WAD
    kept = 1 - years["april"] * 0.0095
    minted = inflation_shares(WAD, round((1 - kept) * WAD))
    assert WAD / (WAD + minted) == pytest.approx(kept, rel=1e-15)


@pytest.mark.parametrize(
    ("index", "rebalance", "supply"),
    [
        ("DPI", "1", 269_571_347_240_108_026_962_327),
        ("DPI", "march", 282_332_381_021_247_144_593_626),
        ("DPI", "april", 318_564_173_063_822_888_353_616),
        ("MVI", "may", 67_377_873_718_924_006_496_563),
    ],
)
def test_rebalances_of_set_protocol_trade_the_change_of_units_times_the_supply(
    shared: Path, index: str, rebalance: str, supply: int
) -> None:
    """Index rebalance utils: notional = (new unit - current unit) × supply, to the unit of every token."""
    with (shared / "data" / "setprotocol_rebalances.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["index"], row["rebalance"]) == (index, rebalance)]
    assert len(rows) >= 11
    traded = defaultdict(int)
    for row in rows:
        change = int(row["new_unit"]) - int(row["current_unit"])
        towards_zero = abs(change) * supply // WAD
        traded[row["asset"]] = towards_zero if change > 0 else -towards_zero
        assert traded[row["asset"]] == int(row["notional_in_token"])
    with (shared / "data" / "setprotocol_rebalance_params.csv").open(encoding="utf-8") as file:
        params = next(row for row in csv.DictReader(file) if (row["index"], row["rebalance"]) == (index, rebalance))
    units = json.loads(params["old_component_units"]) + json.loads(params["new_component_units"])
    assert set(units) <= {row["new_unit"] for row in rows}


def test_a_rebalance_of_dpi_booked_in_a_vault_leaves_the_published_units(shared: Path) -> None:
    """DPI of February 2021: the published trades bring the published units a share, less one unit of rounding."""
    with (shared / "data" / "setprotocol_rebalances.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["index"], row["rebalance"]) == ("DPI", "1")]
    supply = 269_571_347_240_108_026_962_327
    units = {row["asset"]: int(row["current_unit"]) for row in rows}
    terms = VaultTerms(quote="weth", decimals={"weth": 18} | dict.fromkeys(units, 18), dead_shares=1)
    basket = {asset: -(-unit * supply // WAD) for asset, unit in units.items() if unit} | {"weth": WAD}
    vault = open_vault(terms, 0, founder="holders", shares=supply, basket=basket)
    for row in rows:
        amount = int(row["notional_in_token"])
        # Books do not judge prices: one unit of weth for every trade.
        if amount < 0:
            trade(vault, 1, sell=row["asset"], sold=-amount, buy="weth", bought=1)
        else:
            trade(vault, 1, sell="weth", sold=1, buy=row["asset"], bought=amount)
    for row in rows:
        assert vault.position("held", row["asset"]) * WAD // supply - int(row["new_unit"]) in (-1, 0)


def test_performance_fee_with_a_high_water_mark() -> None:
    """Volta90, Performance fee example, 2025: 20% of the gain over the mark, three epochs."""
    supply, mark = 10**24, 10**36
    for gross, net, new_mark in (("1.05", "1.04", "1.04"), ("1.02", "1.02", "1.04"), ("1.065", "1.06", "1.06")):
        value = int(Decimal(gross) * supply)
        shares, mark = performance_shares(value, supply, mark, Fraction(1, 5))
        assert value / (supply + shares) == pytest.approx(float(net), rel=1e-12)
        assert mark / 10**36 == pytest.approx(float(new_mark), rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "loss"), [(1.25, 0.6), (1.5, 2.0), (1.75, 3.8), (2.0, 5.7), (3.0, 13.4), (4.0, 20.0), (5.0, 25.5)]
)
def test_impermanent_loss_table(ratio: float, loss: float) -> None:
    """Pintail, Uniswap: A Good Deal for Liquidity Providers?, 2019: per cent lost to holding, either way."""
    assert round(-100 * impermanent_loss(ratio), 1) == loss
    assert round(-100 * impermanent_loss(1 / ratio), 1) == loss


def of_staked_ether(valuation: Valuation) -> Vault:
    """A fund of 1,000 staked ether and 100 ether in cash, 1,100 shares."""
    terms = VaultTerms(
        quote="ether",
        decimals={"ether": 18, "staked": 18},
        staking={"staked": Staking(priced_as="steth", unbonding=timedelta(days=300), valuation=valuation)},
        dead_shares=1,
    )
    vault = open_vault(terms, 0, founder="anna", shares=1100 * WAD, basket={"staked": 1000 * WAD, "ether": 100 * WAD})
    stake(vault, 0, asset="staked", amount=1000 * WAD)
    return vault


@pytest.mark.parametrize(
    ("valuation", "paid", "left"),
    # At par the one who leaves takes 6/1.1 per cent too much, and those who stay pay for it.
    [("redemption", "100", "0.94"), ("prudent", "94.545454545454545454", "0.945454545454545454")],
)
def test_the_discount_of_steth_in_june_2022(valuation: Valuation, paid: str, left: str) -> None:
    """CoinDesk and ForkLog, June 2022: 491,000 stETH against 111,300 ETH in the pool, 6% below par, no way to unstake.

    One eleventh of the shares leaves for cash. A fund that counts 1 stETH as 1 ETH pays at par.
    """
    vault = of_staked_ether(valuation)
    at = 16 * 3_600_000_000
    prices = {"staked": ReferencePrice(Decimal(1), at), "steth": ReferencePrice(Decimal("0.94"), at)}
    value = net_asset_value(vault, prices, at)
    assert (value.redemption, value.market) == (1100 * WAD, 1040 * WAD)
    submit(vault, 1, holder="anna", side="redeem", amount=100 * WAD)
    (done,) = execute(vault, value, at)
    assert done.cash == int(Decimal(paid) * WAD)
    market = net_asset_value(vault, prices, at).market
    assert Decimal(market * WAD // vault.supply).scaleb(-18) == pytest.approx(Decimal(left), abs=Decimal("1e-17"))


def test_arbitrage_of_a_pool_brings_its_price_to_the_market() -> None:
    """Angeris et al., An analysis of Uniswap markets, 2019: the optimal trade leaves (1 - fee) price = market."""
    pool = ConstantProduct(1000.0, 110_000.0)
    size = Arbitrageur(1e9).decide(pool, 100.0, RatePrimary(), 1e9)
    after = pool.fill("sell", size)[1]
    assert after.mid == pytest.approx(100.0, rel=1e-12)
    # Without a fee the profit is (√Y - √(p X))².
    assert sale_proceeds(pool, size) - 100 * size == pytest.approx((110_000**0.5 - 100_000**0.5) ** 2)
