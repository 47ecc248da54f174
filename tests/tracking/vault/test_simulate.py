"""A simulated vault: levels against plain arithmetic, flows, events, stale prices, and books that can be replayed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import EVENTS
from basketry.tracking.vault.ledger import Ledger
from basketry.tracking.vault.simulate import Operation, simulate
from basketry.tracking.vault.tables import VAULT_LEVELS, VAULT_ORDERS, VAULT_POSTINGS
from basketry.tracking.vault.vault import Vault

if TYPE_CHECKING:
    from tests.tracking.vault.conftest import MakeVault

WHOLE = 10**18

START = datetime(1970, 1, 1, tzinfo=UTC)
STILL = Operation(cash_buffer=Decimal("0.5"))


def prices(days: int, **paths: list[float]) -> pl.DataFrame:
    """Prices at 16:00 of each day; bitcoin 30,000 and ether 1,000 unless said."""
    flat = {"bitcoin": [30_000.0] * days, "ether": [1000.0] * days, "staked-ether": [1000.0] * days}
    flat |= {name.replace("_", "-"): path for name, path in paths.items()}
    rows = [
        {"time": START + timedelta(days=day, hours=16), "asset": asset, "price": path[day], "status": "live"}
        for day in range(days)
        for asset, path in flat.items()
    ]
    return pl.DataFrame(rows)


def flow(hours: float, holder: str, side: str, form: str, amount: float) -> dict[str, object]:
    return {"time": START + timedelta(hours=hours), "holder": holder, "side": side, "form": form, "amount": amount}


def test_a_vault_left_alone_is_its_basket(vault: Vault) -> None:
    path = [30_000.0, 31_000.0, 29_000.0]
    run = simulate(vault, prices(3, bitcoin=path), operation=STILL)
    assert run.levels["nav_per_share"].to_list() == [(2 * price + 40_000) / 1000 for price in path]
    assert run.levels["cash_weight"][1] == pytest.approx(10 / 102)
    invested = [90_000, 92_000, 88_000]
    returns = [invested[1] / invested[0] - 1, invested[2] / invested[1] - 1]
    drag = 0.1 * returns[0] + 10 / 102 * returns[1]
    assert run.levels["cash_drag"][-1] == pytest.approx(drag)
    assert run.levels.schema == VAULT_LEVELS.dtypes


def test_cash_comes_in_is_invested_and_goes_out(make_vault: MakeVault) -> None:
    vault = make_vault(spread=Decimal("0.002"))
    flows = pl.DataFrame([flow(20, "bert", "create", "cash", 50_000.0), flow(60, "bert", "redeem", "cash", 400.0)])
    operation = Operation(cash_buffer=Decimal("0.05"), trading_cost=Decimal("0.001"))
    run = simulate(vault, prices(5), flows, operation=operation)
    done = run.orders.filter(pl.col("outcome") == "executed")
    assert done["side"].to_list() == ["create", "redeem"]
    assert done["time"].to_list() == [START + timedelta(hours=40), START + timedelta(hours=64)]
    bought = int(done["shares"][0]) / WHOLE
    assert bought == pytest.approx(50_000 / 1.002 / run.levels["ask_per_share"][0], rel=1e-3)
    assert run.levels["cash_weight"][1] == pytest.approx(0.05, abs=1e-4)
    assert int(done["cash"][1]) / 1e6 == pytest.approx(400 * 0.998 * run.levels["nav_per_share"][1], rel=1e-3)
    # Spread paid by those who came and went covers the cost of the trades that they caused.
    assert run.levels["nav_per_share"][-1] > run.levels["nav_per_share"][0]


def test_a_stale_price_stops_dealing_and_a_missing_one_too(vault: Vault) -> None:
    table = prices(3).with_columns(
        status=pl.when((pl.col("asset") == "ether") & (pl.col("time").dt.day() == 2))
        .then(pl.lit("carried"))
        .otherwise("status")
    )
    flows = pl.DataFrame([flow(20, "bert", "create", "cash", 1000.0)])
    run = simulate(vault, table, flows, operation=STILL)
    assert run.levels["status"].to_list() == ["live", "stale", "live"]
    assert run.levels["reason"][1] == "ether is carried"
    assert run.levels["waiting"].to_list() == [0, 1, 0]
    assert run.orders["time"].to_list() == [START + timedelta(days=2, hours=16)]


def test_refused_orders_have_a_reason_and_the_run_goes_on(vault: Vault) -> None:
    flows = pl.DataFrame(
        [
            flow(1, "bert", "redeem", "in_kind", 1.0),
            flow(2, "bert", "redeem", "cash", 1.0),
            flow(3, "bert", "crete", "in_kind", 1.0),
            flow(4, "bert", "create", "in_kind", 10.0),
        ]
    )
    run = simulate(vault, prices(1), flows, operation=STILL)
    assert run.orders["outcome"].to_list() == ["refused", "refused", "refused", "executed"]
    assert "a balance cannot be negative" in run.orders["reason"][0]
    assert "side is create or redeem" in run.orders["reason"][2]
    assert run.orders.schema == VAULT_ORDERS.dtypes


def test_staking_unstaking_for_a_redemption_and_slashing(make_vault: MakeVault) -> None:
    vault = make_vault()
    operation = Operation(
        cash_buffer=Decimal("0.2"),
        trading_cost=Decimal(0),
        staked={"ether": Decimal(1)},
        staking_yield={"ether": Decimal("0.0365")},
    )
    slashes = pl.DataFrame([{"time": START + timedelta(hours=30), "asset": "ether", "fraction": 0.1}])
    flows = pl.DataFrame([flow(60, "anna", "redeem", "cash", 900.0)])
    run = simulate(vault, prices(12), flows, operation=operation, slashes=slashes)
    level = run.levels["nav_per_share"]
    assert level[1] == pytest.approx((60_000 + 10_000 + 27_000 * 1.0001) / 1000, abs=1e-6)
    outcomes = run.orders.group_by("outcome", maintain_order=True).len()
    assert outcomes.rows() == [("waits", 5), ("executed", 1)]
    assert run.orders["time"][-1] == START + timedelta(days=7, hours=16)
    assert level[-1] == pytest.approx(level[6], rel=2e-3)


def test_events_pass_through(make_vault: MakeVault) -> None:
    events = EVENTS.conform(
        pl.DataFrame(
            [
                {"time": START + timedelta(hours=30), "kind": "redenomination", "asset": "ether", "ratio": 10.0},
                {"time": START + timedelta(hours=31), "kind": "airdrop", "asset": "bitcoin", "ratio": 1.0,
                 "new_asset": "doge"},
                {"time": START + timedelta(hours=31), "kind": "airdrop", "asset": "not-held", "ratio": 1.0,
                 "new_asset": "doge"},
            ]
        )
    )  # fmt: skip
    table = prices(3, ether=[1000.0, 100.0, 100.0], staked_ether=[1000.0, 100.0, 100.0], doge=[500.0] * 3)
    run = simulate(make_vault(), table, operation=STILL, events=events)
    assert run.levels["nav_per_share"].to_list() == [100.0, 101.0, 101.0]
    wrong = events[:1].with_columns(ratio=pl.lit(7.0), known_at=pl.col("time") - timedelta(hours=20))
    corrected = simulate(make_vault(), table, operation=STILL, events=pl.concat([wrong, events]))
    assert corrected.levels.equals(run.levels)
    with pytest.raises(DataError, match=r"row 1 \(airdrop of 'bitcoin'.*without a ratio"):
        simulate(make_vault(), table, events=events[1:2].with_columns(ratio=pl.lit(None, dtype=pl.Float64)))


def test_targets_are_traded_to(vault: Vault) -> None:
    targets = pl.DataFrame(
        [
            {"time": START + timedelta(hours=30), "asset": asset, "weight": weight}
            for asset, weight in (("bitcoin", 0.25), ("ether", 0.25), ("doge", 0.5))
        ]
    )
    operation = Operation(cash_buffer=Decimal(0), trading_cost=Decimal("0.001"))
    run = simulate(vault, prices(2, doge=[0.1] * 2), operation=operation, targets=targets)
    units = {asset: run.vault.position("held", asset) for asset in run.vault.assets}
    worth = np.array([units["bitcoin"] / 1e8 * 30_000, units["ether"] / 1e18 * 1000, units["doge"] / 1e8 * 0.1])
    np.testing.assert_allclose(worth / worth.sum(), [0.25, 0.25, 0.5], atol=1e-3)
    bad = targets.with_columns(weight=pl.lit(0.5))
    with pytest.raises(DataError, match=r"must be at least 0 and sum to 1, they sum to 1\.5"):
        simulate(run.vault, prices(4).filter(pl.col("time").dt.day() > 2), targets=bad)


def test_fees_are_in_the_levels_and_the_journal_replays(make_vault: MakeVault) -> None:
    vault = make_vault(management_fee=Decimal("0.02"), performance_fee=Decimal("0.1"))
    rising = [30_000.0 + 100 * day for day in range(30)]
    run = simulate(vault, prices(30, bitcoin=rising), operation=Operation(crystallise=timedelta(days=10)))
    assert sum(map(int, run.levels["fee_shares"])) == vault.shares_of("manager")
    assert run.postings.schema == VAULT_POSTINGS.dtypes
    assert {"management fee", "performance fee"} <= set(run.postings["kind"])
    again = Vault.replay(vault.terms, vault.ledger.journal, run.postings["digest"][-1])
    assert again.ledger.balances == vault.ledger.balances
    sums = Ledger.replay(vault.ledger.journal).balances
    table = run.postings.with_columns(pl.col("amount").cast(pl.Decimal(38, 0)))
    for account, asset, amount in table.group_by("account", "asset").agg(pl.col("amount").sum()).iter_rows():
        assert sums[account, asset] == int(amount)


def test_wrong_prices(vault: Vault) -> None:
    with pytest.raises(DataError, match="there are no prices"):
        simulate(vault, prices(1).head(0))
    with pytest.raises(DataError, match=r"status 'liv' \(did you mean 'live'\?\)"):
        simulate(vault, prices(1).with_columns(status=pl.lit("liv")))
    early = prices(1).with_columns(time=pl.lit(START - timedelta(days=1)))
    with pytest.raises(DataError, match="is before the vault's last entry"):
        simulate(vault, early)
