"""An index token in a pool: other people's flow moves its price, traders who can create and redeem move it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.peg.primary import PrimaryMarket, RatePrimary
from basketry.tracking.peg.tables import PEG_PATH, PEG_TRADERS
from basketry.tracking.peg.traders import Trader, purchase_cost, sale_proceeds, shares_for
from basketry.tracking.venues.constant_product import ConstantProduct, impermanent_loss


@dataclass(frozen=True, slots=True)
class Totals:
    """Where shares and cash went over a run; `PegRun.unaccounted` adds them up.

    Attributes:
        flow_shares: Shares that the flow got from the pool, net.
        flow_cash: Quote currency that the flow got from the pool, net.
        primary_shares: Shares created, less those redeemed.
        primary_cash: Quote currency paid for creations, less that paid out.
        gas: Quote currency spent on gas by traders.
        profit: Of all traders after gas, quote currency.
    """

    flow_shares: float = 0.0
    flow_cash: float = 0.0
    primary_shares: float = 0.0
    primary_cash: float = 0.0
    gas: float = 0.0
    profit: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class PegRun:
    """A simulated secondary market.

    Attributes:
        path: One row a step (PEG_PATH).
        traders: One row a trader (PEG_TRADERS).
        start: The pool before.
        end: The pool after.
        totals: Where shares and cash went.
    """

    path: pl.DataFrame
    traders: pl.DataFrame
    start: ConstantProduct
    end: ConstantProduct
    totals: Totals

    def within(self, limit: float) -> float:
        """Return the fraction of steps at which the premium, after arbitrage, is within ±limit."""
        return float(np.mean(np.abs(self.path["premium"].to_numpy()) <= limit))

    def quantile(self, share: float) -> float:
        """Return the absolute premium that the given fraction of steps does not exceed."""
        return float(np.quantile(self.path["premium"].abs().to_numpy(), share, method="inverted_cdf"))

    @property
    def provider_return(self) -> float:
        """What the providers have over holding: (1 + impermanent loss)(1 + fee growth) - 1, a fraction."""
        last = self.path.row(-1, named=True)
        return float(last["provider_value"] / last["held_value"] - 1)

    @property
    def unaccounted(self) -> tuple[float, float]:
        """Shares and cash that came from nowhere or went nowhere; zero but for the rounding of floats."""
        pool_shares = self.end.base_reserve - self.start.base_reserve
        pool_cash = self.end.quote_reserve - self.start.quote_reserve
        totals = self.totals
        return (
            pool_shares + totals.flow_shares - totals.primary_shares,
            pool_cash + totals.flow_cash + totals.primary_cash + totals.gas + totals.profit,
        )


@dataclass(slots=True)
class _Desk:
    trader: Trader
    cash: float
    pending: deque[tuple[int, float]] = field(default_factory=deque)
    rounds: int = 0
    reverted: int = 0
    volume: float = 0.0
    gas: float = 0.0


def simulate_peg(
    pool: ConstantProduct,
    nav: Floats,
    flow: Floats,
    traders: Sequence[Trader] = (),
    primary: PrimaryMarket | None = None,
) -> PegRun:
    """Run a pool over net asset values and other people's flow.

    At each step: the flow trades; rounds decided `latency` steps ago are carried out or reverted; each trader in
    order, who has none under way, decides on one (with latency 0 it is carried out at once). A round is creation and
    sale, or purchase and redemption, in one; no trader keeps shares. The pool's own gas is paid in every round beside
    the trader's; the flow's gas is not counted.

    Args:
        pool: Shares of the index token as base, quote currency as quote.
        nav: Net asset value of a share at each step, shape (n,), positive.
        flow: What others do at each step, shape (n,), quote currency: positive buys shares for that much cash, with
            the fee; negative sells shares worth that much at net asset value.
        traders: Arbitrageurs and keepers.
        primary: Where they create and redeem; at net asset value without cost if none.

    Raises:
        DataError: Shapes differ, a value is not finite, or net asset value is not positive.

    A premium of 10% meets one arbitrageur with enough capital:

    >>> from basketry.tracking.peg.traders import Arbitrageur
    >>> run = simulate_peg(ConstantProduct(1000.0, 110_000.0), np.array([100.0]), np.array([0.0]), [Arbitrageur(1e6)])
    >>> run.path["premium_before"].round(6).item(), abs(run.path["premium"].round(6).item())
    (0.1, 0.0)
    >>> run.traders["profit"].round(2).item()
    238.23
    """
    nav, flow = np.asarray(nav, dtype=np.float64), np.asarray(flow, dtype=np.float64)
    if nav.shape != flow.shape or nav.ndim != 1 or not len(nav):
        raise DataError(f"nav and flow must be one figure a step each, were of shapes {nav.shape} and {flow.shape}")
    if not (np.isfinite(nav).all() and np.isfinite(flow).all() and (nav > 0).all()):
        raise DataError("net asset values must be positive and flows finite; fill or cut the steps without")
    market = primary or RatePrimary()
    desks = [_Desk(trader, trader.capital) for trader in traders]
    start, sums, rows = pool, dict.fromkeys(("shares", "cash", "made", "paid"), 0.0), []
    product = pool.base_reserve * pool.quote_reserve
    for step, (value, amount) in enumerate(zip(nav.tolist(), flow.tolist(), strict=True)):
        pool = _trade_flow(pool, value, amount, sums)
        before, made = pool.mid / value - 1, sums["made"]
        for desk in desks:
            pool = _turn(desk, step, pool, value, market, sums)
        base, quote, price = pool.base_reserve, pool.quote_reserve, pool.mid
        held = start.base_reserve * price + start.quote_reserve
        fees = (base * quote / product) ** 0.5 - 1
        loss = impermanent_loss(price / start.mid)
        premium = price / value - 1
        rows.append(
            (step, value, price, premium, before, base, quote, sums["made"] - made, 2 * quote, held, loss, fees)
        )
    profit = sum(desk.cash - desk.trader.capital for desk in desks)
    totals = Totals(sums["shares"], sums["cash"], sums["made"], sums["paid"], sum(desk.gas for desk in desks), profit)
    path = pl.DataFrame(rows, schema=PEG_PATH.dtypes, orient="row")
    return PegRun(path, _traders_table(desks), start, pool, totals)


def _trade_flow(pool: ConstantProduct, nav: float, amount: float, sums: dict[str, float]) -> ConstantProduct:
    if not amount:
        return pool
    side, shares = ("buy", shares_for(pool, amount)) if amount > 0 else ("sell", -amount / nav)
    after = pool.fill("buy" if side == "buy" else "sell", shares)[1]
    sums["shares"] += pool.base_reserve - after.base_reserve
    sums["cash"] += pool.quote_reserve - after.quote_reserve
    return after


def _turn(
    desk: _Desk, step: int, pool: ConstantProduct, nav: float, primary: PrimaryMarket, sums: dict[str, float]
) -> ConstantProduct:
    trader = desk.trader
    if desk.pending and desk.pending[0][0] <= step:
        pool = _carry_out(desk, desk.pending.popleft()[1], step, pool, nav, primary, sums)
    left = desk.cash - trader.gas - pool.terms.gas
    if desk.pending or left <= 0:
        return pool
    shares = trader.decide(pool, nav, primary, left)
    if not shares:
        return pool
    if trader.latency:
        desk.pending.append((step + trader.latency, shares))
        return pool
    return _carry_out(desk, shares, step, pool, nav, primary, sums)


def _carry_out(
    desk: _Desk,
    shares: float,
    step: int,
    pool: ConstantProduct,
    nav: float,
    primary: PrimaryMarket,
    sums: dict[str, float],
) -> ConstantProduct:
    gas = desk.trader.gas + pool.terms.gas
    desk.gas += gas
    desk.cash -= gas
    size = abs(shares)
    if shares < 0:
        size = min(size, shares_for(pool, desk.cash))
        gain = size * primary.redemption_value(nav) - purchase_cost(pool, size)
    else:
        size = min(size, max(desk.cash, 0.0) / primary.creation_cost(nav))
        gain = sale_proceeds(pool, size) - size * primary.creation_cost(nav)
    away = (shares > 0) != (pool.mid > nav)
    if size <= 0 or away or not desk.trader.still_wanted(pool, nav, gain):
        desk.reverted += 1
        return pool
    if shares > 0:
        paid = primary.create(step, size, nav)
        after = pool.fill("sell", size)[1]
    else:
        after = pool.fill("buy", size)[1]
        paid = -primary.redeem(step, size, nav)
    desk.cash += pool.quote_reserve - after.quote_reserve - paid
    desk.rounds += 1
    desk.volume += size * nav
    sums["made"] += after.base_reserve - pool.base_reserve
    sums["paid"] += paid
    return after


def _traders_table(desks: Sequence[_Desk]) -> pl.DataFrame:
    rows = [
        (desk.trader.name, desk.rounds, desk.reverted, desk.volume, desk.gas, desk.cash - desk.trader.capital)
        for desk in desks
    ]
    return pl.DataFrame(rows, schema=PEG_TRADERS.dtypes, orient="row")
