"""A vault through time: flows, prices and events in; levels, orders and postings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from operator import itemgetter
from typing import Any, get_args

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from basketry.core.errors import BasketryError, DataError, nearest_hint
from basketry.core.frames import EVENTS
from basketry.core.rule import Duration
from basketry.market.event_checks import judge_events, last_known
from basketry.tracking.vault.events import apply_event
from basketry.tracking.vault.fees import YEAR_US
from basketry.tracking.vault.in_kind import create_in_kind, redeem_in_kind
from basketry.tracking.vault.investing import Dealer
from basketry.tracking.vault.ledger import HELD, SHARES, STAKED, UNBONDING
from basketry.tracking.vault.nav import NetAssetValue, PriceStatus, ReferencePrice, net_asset_value
from basketry.tracking.vault.orders import ORDER, cash_to_raise, execute, submit
from basketry.tracking.vault.rounding import scale
from basketry.tracking.vault.staking import collect, reward, slash, stake, unstake
from basketry.tracking.vault.tables import (
    VAULT_FLOWS,
    VAULT_LEVELS,
    VAULT_ORDERS,
    VAULT_PRICES,
    VAULT_SLASHES,
    VAULT_TARGETS,
    postings_table,
)
from basketry.tracking.vault.vault import MANAGER, Vault, accrue, crystallise

PASSED_THROUGH = ("redenomination", "migration", "hard_fork", "airdrop")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TOLERANCE = Fraction(1, 10**6)
# Rewards and prices change what is due until the units are free; asking for too little would wait once more.
UNSTAKE_MARGIN = Fraction(102, 100)


class Operation(BaseModel):
    """How the manager runs a vault between orders.

    Attributes:
        cash_buffer: Fraction of net asset value that stays in cash.
        trading_cost: Fraction of the value of each trade.
        crystallise: Time between two charges of the performance fee.
        staked: Fraction of each asset to keep staked.
        staking_yield: Rewards, fraction a year, simple, ACT/365.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cash_buffer: Decimal = Field(Decimal("0.01"), ge=0, lt=1)
    trading_cost: Decimal = Field(Decimal("0.001"), ge=0, lt=1)
    crystallise: Duration | None = None
    staked: Mapping[str, Decimal] = Field(default_factory=dict)
    staking_yield: Mapping[str, Decimal] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class VaultRun:
    """A simulated vault.

    Attributes:
        vault: The vault at the end, with its journal.
        levels: One row a valuation (VAULT_LEVELS).
        orders: What became of each order (VAULT_ORDERS).
        postings: The journal (VAULT_POSTINGS).
    """

    vault: Vault
    levels: pl.DataFrame
    orders: pl.DataFrame
    postings: pl.DataFrame


@dataclass(slots=True)
class _State:
    vault: Vault
    operation: Operation
    levels: list[tuple[object, ...]] = field(default_factory=list)
    orders: list[tuple[object, ...]] = field(default_factory=list)
    weights: dict[str, Fraction] = field(default_factory=dict)
    rebalance_due: bool = False
    rewarded_at: int = 0
    crystallised_at: int | None = None
    fees_before: int = 0
    drag: float = 0.0
    cash_weight: float = 0.0
    before: dict[str, tuple[float, float]] = field(default_factory=dict)


def simulate(
    vault: Vault,
    prices: pl.DataFrame,
    flows: pl.DataFrame | None = None,
    *,
    operation: Operation | None = None,
    targets: pl.DataFrame | None = None,
    events: pl.DataFrame | None = None,
    slashes: pl.DataFrame | None = None,
) -> VaultRun:
    """Run a vault over every valuation; the vault's journal grows.

    Each distinct time of the prices is a valuation. Before it come, in order of time, the flows, events and slashes
    up to it. At it: units that left the staking queue are freed and rewards booked; if the net asset value is live,
    assets are sold for the redemptions due (and unstaked, if free ones do not suffice), cash orders are executed, cash
    above the buffer is invested, by the targets or else in proportion to what is held, and new targets are traded to;
    the performance fee is charged when its time has come. At a stale value nothing is dealt for cash.

    An order that the vault refuses gets a row with the reason; the run goes on and the books stay balanced.

    Args:
        vault: As opened.
        prices: VAULT_PRICES; published fixings with these columns will do.
        flows: VAULT_FLOWS.
        operation: How it is run.
        targets: VAULT_TARGETS; none keeps the proportions of the basket.
        events: EVENTS; splits (redenominations), migrations, forks and airdrops are passed through.
        slashes: VAULT_SLASHES.

    Raises:
        DataError: The prices are empty or begin before the vault, or a row of events is no event.
        SchemaError: A table does not have its columns.
    """
    table = VAULT_PRICES.conform(prices.select([name for name in VAULT_PRICES.columns if name in prices.columns]))
    if table.is_empty():
        raise DataError("simulate: there are no prices; give at least one valuation")
    state = _State(vault, operation or Operation(), rewarded_at=vault.ledger.journal[-1].at)
    state.fees_before = vault.shares_of(MANAGER)
    actions = _actions(flows, targets, events, slashes)
    place = 0
    for time, rows in groupby(table.sort("time").iter_rows(), key=itemgetter(0)):
        at = _us(time)
        if at < vault.ledger.journal[-1].at:
            raise DataError(f"simulate: the valuation at {time} is before the vault's last entry; cut the prices")
        while place < len(actions) and actions[place][0] <= at:
            actions[place][2](state, actions[place][3])
            place += 1
        _value(state, at, _quotes(rows, at))
    return VaultRun(
        vault,
        _table(VAULT_LEVELS.dtypes, state.levels),
        _table(VAULT_ORDERS.dtypes, state.orders),
        postings_table(vault.ledger),
    )


Row = dict[str, Any]
Action = tuple[int, int, Callable[[_State, Row], None], Row]


def _actions(
    flows: pl.DataFrame | None,
    targets: pl.DataFrame | None,
    events: pl.DataFrame | None,
    slashes: pl.DataFrame | None,
) -> list[Action]:
    """Return everything that happens between valuations; at one instant events come first, orders last."""
    actions: list[Action] = []
    if events is not None:
        # A chain does what it does once: of rows that correct each other, the one known last tells what that was.
        known = last_known(judge_events(EVENTS.conform(events))).filter(pl.col("kind").is_in(PASSED_THROUGH))
        seen = known.with_columns(time=pl.max_horizontal("time", pl.coalesce("known_at", "time")))
        actions += _each(0, _event, seen)
    if slashes is not None:
        actions += _each(1, _slash, VAULT_SLASHES.conform(slashes))
    if targets is not None:
        weights = VAULT_TARGETS.conform(targets)
        actions += _each(2, _aim, weights.group_by("time", maintain_order=True).agg("asset", "weight"))
    if flows is not None:
        actions += _each(3, _flow, VAULT_FLOWS.conform(flows))
    return sorted(actions, key=lambda action: action[:2])


def _each(priority: int, handle: Callable[[_State, Row], None], frame: pl.DataFrame) -> list[Action]:
    return [(_us(row["time"]), priority, handle, row) for row in frame.iter_rows(named=True)]


def _event(state: _State, row: Row) -> None:
    held = {asset for _, asset in state.vault.positions()}
    if row["asset"] in held:
        apply_event(
            state.vault, _us(row["time"]), kind=row["kind"], asset=row["asset"],
            ratio=_decimal(row["ratio"]), new_asset=row["new_asset"],
        )  # fmt: skip


def _slash(state: _State, row: Row) -> None:
    asset, vault = str(row["asset"]), state.vault
    amount = vault.position(STAKED, asset) + vault.position(UNBONDING, asset)
    lost = scale(amount, Fraction(_decimal(row["fraction"])), round_up=True)
    if lost:
        slash(vault, _us(row["time"]), asset=asset, amount=lost)


def _aim(state: _State, row: Row) -> None:
    weights = dict(zip(row["asset"], map(Fraction, row["weight"]), strict=True))
    if min(weights.values()) < 0 or abs(sum(weights.values()) - 1) > TOLERANCE:
        raise DataError(
            f"target weights at {row['time']} must be at least 0 and sum to 1, they sum to "
            f"{float(sum(weights.values())):g}; normalise them"
        )
    state.weights, state.rebalance_due = weights, True


def _flow(state: _State, row: Row) -> None:
    vault, at, holder, side, form = state.vault, _us(row["time"]), str(row["holder"]), row["side"], row["form"]
    unit = vault.terms.unit(vault.terms.quote if (side, form) == ("create", "cash") else SHARES)
    amount = scale(unit, Fraction(_decimal(row["amount"])), round_up=False)
    try:
        if form == "cash":
            submit(vault, at, holder=holder, side=side, amount=amount)
            return
        deal = {"create": create_in_kind, "redeem": redeem_in_kind}.get(str(side))
        if form != "in_kind" or deal is None:
            raise DataError(f"flow of {holder}: {side} {form} is none; side is create or redeem, form cash or in_kind")
        receipt = deal(vault, at, holder=holder, shares=amount)
        outcome = ("executed", "0", str(receipt.shares), str(receipt.fee_shares), "")
    except BasketryError as error:
        outcome = ("refused", "0", "0", "0", str(error))
    state.orders.append((at, None, holder, side, form, *outcome))


def _value(state: _State, at: int, prices: Mapping[str, ReferencePrice]) -> None:
    vault, terms = state.vault, state.vault.terms
    _staking_income(state, at)
    accrue(vault, at)
    value = net_asset_value(vault, prices, at)
    if value.live:
        dealer = Dealer(vault, at, prices, state.operation.trading_cost)
        needed = cash_to_raise(vault, value, at)
        missing = dealer.raise_cash(needed) if needed else 0
        # What the sales cost is borne by all shares alike, those that leave included.
        value = net_asset_value(vault, prices, at)
        for done in execute(vault, value, at):
            figures = (str(done.cash), str(done.shares), str(done.fee_shares))
            state.orders.append((at, done.order, done.holder, done.side, "cash", done.outcome, *figures, done.reason))
        if missing:
            _unstake(state, dealer, missing)
        else:
            _invest(state, dealer, net_asset_value(vault, prices, at))
        period = state.operation.crystallise
        length = int(period.total_seconds() * 1_000_000) if period else 0
        if period and (state.crystallised_at is None or at - state.crystallised_at >= length):
            crystallise(vault, net_asset_value(vault, prices, at), at)
            state.crystallised_at = at
        value = net_asset_value(vault, prices, at)
    fees = vault.shares_of(MANAGER)
    cash = vault.position(HELD, terms.quote)
    weight = cash / value.bid if value.bid else 0.0
    _drag(state, prices, weight)
    whole = terms.unit(terms.quote) / terms.unit(SHARES)
    figures_ = [float(Fraction(x, value.shares)) / whole for x in _four(value)]
    waiting = len(vault.records(ORDER))
    status = "live" if value.live else "stale"
    row = (str(value.bid), str(value.shares), str(fees - state.fees_before), weight, state.drag, waiting, status)
    state.levels.append((at, *figures_, *row, "; ".join(value.reasons)))
    state.fees_before = fees


def _four(value: NetAssetValue) -> tuple[int, int, int, int]:
    return value.bid, value.ask, value.redemption, value.market


def _staking_income(state: _State, at: int) -> None:
    vault = state.vault
    collect(vault, at)
    for asset, rate in state.operation.staking_yield.items():
        staked = vault.position(STAKED, asset)
        amount = scale(staked, Fraction(rate) * (at - state.rewarded_at) / YEAR_US, round_up=False)
        if amount:
            reward(vault, at, asset=asset, amount=amount)
    state.rewarded_at = at


def _unstake(state: _State, dealer: Dealer, missing: int) -> None:
    """Ask for as many staked units back as would pay for the redemptions that wait, in proportion."""
    vault = state.vault
    queued = sum(dealer.value(asset, vault.position(UNBONDING, asset)) for asset in state.operation.staked)
    staked = {asset: vault.position(STAKED, asset) for asset in state.operation.staked}
    total = sum(dealer.value(asset, amount) for asset, amount in staked.items())
    if missing > queued and total:
        part = min(UNSTAKE_MARGIN * (missing - queued) / total / (1 - Fraction(dealer.cost)), Fraction(1))
        for asset, amount in staked.items():
            if units := scale(amount, part, round_up=True):
                unstake(vault, dealer.at, asset=asset, amount=units)


def _invest(state: _State, dealer: Dealer, value: NetAssetValue) -> None:
    vault, operation = state.vault, state.operation
    kept = scale(value.bid, Fraction(operation.cash_buffer), round_up=True)
    if state.rebalance_due:
        dealer.rebalance(state.weights, kept)
        state.rebalance_due = False
    elif dealer.cash > kept and not vault.records(ORDER):
        dealer.invest(dealer.cash - kept, state.weights or {a: Fraction(v) for a, v in dealer.free().items()})
    for asset, fraction in operation.staked.items():
        held, staked = vault.position(HELD, asset), vault.position(STAKED, asset)
        more = scale(held + staked, Fraction(fraction), round_up=False) - staked
        if more > 0:
            stake(vault, dealer.at, asset=asset, amount=more)


def _drag(state: _State, prices: Mapping[str, ReferencePrice], cash_weight: float) -> None:
    """Add the return that the cash of the last valuation did not make, by the assets that were held beside it."""
    vault, quote = state.vault, state.vault.terms.quote
    now = {asset: float(prices[asset].price) for asset in vault.assets if asset != quote and asset in prices}
    kept = [asset for asset in state.before if asset in now]
    invested = sum(state.before[asset][1] for asset in kept)
    if invested:
        gains = (state.before[asset][1] * (now[asset] / state.before[asset][0] - 1) for asset in kept)
        state.drag += state.cash_weight * sum(gains) / invested
    state.cash_weight = cash_weight
    state.before = {}
    for asset, price in now.items():
        units = sum(vault.position(place, asset) for place in (HELD, STAKED, UNBONDING)) / vault.terms.unit(asset)
        state.before[asset] = (price, units * price)


def _quotes(rows: Iterable[tuple[Any, ...]], at: int) -> dict[str, ReferencePrice]:
    quotes = {}
    for _, asset, price, status in rows:
        if status is not None and status not in get_args(PriceStatus):
            known = get_args(PriceStatus)
            raise DataError(f"price of {asset}: status {status!r}{nearest_hint(status, known)} is none of {known}")
        if price is not None:
            quotes[asset] = ReferencePrice(_decimal(price), at, status or "live")
    return quotes


def _table(dtypes: Mapping[str, pl.DataType], rows: list[tuple[object, ...]]) -> pl.DataFrame:
    columns = {name: (pl.Int64() if name == "time" else dtype) for name, dtype in dtypes.items()}
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame.with_columns(pl.from_epoch("time", time_unit="us").dt.replace_time_zone("UTC"))


def _us(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


def _decimal(value: object) -> Decimal:
    """Return the shortest decimal that reads back as the same double."""
    return Decimal(repr(float(str(value))))
