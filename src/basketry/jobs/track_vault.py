"""A vault that follows an index, with flows: exact books from an index folder and a lake."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.jobs.track import Followed
from basketry.tracking.vault.simulate import Operation, VaultRun, simulate
from basketry.tracking.vault.tables import VAULT_FLOWS
from basketry.tracking.vault.terms import VaultTerms
from basketry.tracking.vault.vault import Vault, open_vault

DECIMALS = 12
QUOTE_DECIMALS = 6
SHARE_DECIMALS = 18


@dataclass(frozen=True)
class VaultPlan:
    """What a vault promises and how it is run, beside what the index says.

    Attributes:
        quote: Asset that cash orders are paid in.
        value: Value at the start, whole quote units; a share is worth one then.
        create_fee: Fraction of the new shares. redeem_fee: Of the redeemed shares.
        spread: Fraction by which cash orders are worse than net asset value.
        management_fee: Fraction a year, by dilution. performance_fee: Of gains over the high-water mark.
        cash_buffer: Fraction in cash.
        trading_cost: Fraction of each trade.
    """

    quote: str = "usd"
    value: float = 1_000_000.0
    create_fee: Decimal = Decimal(0)
    redeem_fee: Decimal = Decimal(0)
    spread: Decimal = Decimal("0.001")
    management_fee: Decimal = Decimal("0.0095")
    performance_fee: Decimal = Decimal(0)
    cash_buffer: Decimal = Decimal("0.01")
    trading_cost: Decimal = Decimal("0.0015")


def read_flows(file: Path) -> pl.DataFrame:
    """Return the flows of a CSV file: time, holder, side (create, redeem), form (cash, in_kind), amount.

    Raises:
        DataError: The file cannot be read or a row cannot be understood.
    """
    try:
        table = pl.read_csv(file, try_parse_dates=True)
        stamps = table["time"].cast(pl.Datetime("us"))
        flows = VAULT_FLOWS.conform(table.with_columns(time=stamps.dt.replace_time_zone("UTC")), str(file))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            f"{file}: cannot be read as flows (time, holder, side, form, amount): {str(error).splitlines()[0]}"
        ) from error
    wrong = flows.filter(~(pl.col("amount") > 0))
    if wrong.height:
        first = wrong.row(0, named=True)
        raise DataError(
            f"{file}: amounts must be positive, was {first['amount']} of {first['holder']}; side says which way"
        )
    return flows


def index_vault(source: Followed, plan: VaultPlan, flows: pl.DataFrame | None = None) -> VaultRun:
    """Return a vault that opens with the basket of an index and follows its compositions, exactly booked.

    Valuations are at the index's instants, at the prices that the index used. At a rebalance the vault trades to the
    new weights.

    Args:
        source: The index.
        plan: Terms and operation.
        flows: Orders of holders (VAULT_FLOWS).

    Raises:
        DataError: The plan leaves nothing to buy the basket with.
        MethodologyError: A term is out of range.
    """
    target = source.target
    times = pl.Series(target.times).dt.replace_time_zone("UTC")
    marks = target.marks
    prices = pl.concat(
        pl.DataFrame(
            {
                "time": times,
                "asset": asset,
                "price": marks[:, place],
                "status": np.where(np.isnan(target.prices[:, place]), "carried", "live").tolist(),
            }
        ).filter(pl.col("price").is_finite())
        for place, asset in enumerate(target.assets)
    )
    weights = target.weights
    changed = np.concatenate([[False], (np.diff(weights > 0, axis=0) != 0).any(axis=1)]) | _rebalanced(source)
    targets = pl.concat(
        pl.DataFrame({"time": times[int(row)], "asset": list(target.assets), "weight": weights[row]}).filter(
            pl.col("weight") > 0
        )
        for row in np.flatnonzero(changed | (np.arange(len(weights)) == 0))
    )
    vault = _opened(source, plan)
    operation = Operation(cash_buffer=plan.cash_buffer, trading_cost=plan.trading_cost)
    held = prices.join(_ever_held(targets, prices), on=["time", "asset"], how="semi")
    return simulate(vault, held, flows, operation=operation, targets=targets)


def _rebalanced(source: Followed) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return at which instants of the target a composition takes effect."""
    effective = source.index.compositions["effective_at"].unique().dt.replace_time_zone(None).to_numpy()
    return np.isin(source.target.times, effective.astype("datetime64[us]"))


def _ever_held(targets: pl.DataFrame, prices: pl.DataFrame) -> pl.DataFrame:
    """Return the times and assets of prices from an asset's first target on; before it nobody needs its price."""
    first = targets.group_by("asset").agg(first=pl.col("time").min())
    return prices.join(first, on="asset").filter(pl.col("time") >= pl.col("first")).select("time", "asset")


def _opened(source: Followed, plan: VaultPlan) -> Vault:
    target = source.target
    terms = VaultTerms(
        quote=plan.quote,
        decimals={plan.quote: QUOTE_DECIMALS, **dict.fromkeys(target.assets, DECIMALS)},
        share_decimals=SHARE_DECIMALS,
        create_fee=plan.create_fee,
        redeem_fee=plan.redeem_fee,
        spread=plan.spread,
        management_fee=plan.management_fee,
        performance_fee=plan.performance_fee,
    )
    invested = plan.value * (1 - float(plan.cash_buffer))
    basket = {
        asset: int(invested * weight / price * 10**DECIMALS)
        for asset, weight, price in zip(target.assets, target.weights[0], target.marks[0], strict=True)
        if weight > 0
    }
    cash = int(plan.value * float(plan.cash_buffer) * 10**QUOTE_DECIMALS)
    if cash:
        basket[plan.quote] = cash
    if not basket or min(basket.values()) <= 0:
        raise DataError(f"{plan.value:g} {plan.quote} do not buy a unit of every member; give the vault more")
    at = int(target.times[0].astype(np.int64))
    return open_vault(terms, at, founder="founder", shares=int(plan.value * 10**SHARE_DECIMALS), basket=basket)
