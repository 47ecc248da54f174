"""Following a target: a policy, costs and flows simulated through time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.tracking.costs import TradingCosts
from basketry.tracking.figures import Figures, figures_of
from basketry.tracking.policies import FLOWS, Plan, Policy
from basketry.tracking.state import Market, Terms
from basketry.tracking.target import Target

if TYPE_CHECKING:
    from basketry.tracking.attribution import Attribution


@dataclass(frozen=True, eq=False)
class TrackingResult:
    """A portfolio that followed a target, instant by instant, in quote currency.

    Attributes:
        target: What was followed.
        policy: By which rule.
        costs: At what costs.
        fee: Management fee, fraction a year.
        flows: Money created (positive) or redeemed at each row, shape (T,).
        log: The columns of `levels` as the simulation wrote them, shape (T, 12).
        holdings: Value of each asset after trading, shape (T, N).
        trades: Amount bought (positive) or sold, shape (T, N).
    """

    target: Target
    policy: Policy
    costs: TradingCosts
    fee: float
    flows: Floats = field(repr=False)
    log: Floats = field(repr=False)
    holdings: Floats = field(repr=False)
    trades: Floats = field(repr=False)

    @property
    def level(self) -> Floats:
        """Net asset value of a share after trading, 1 before the first trade, shape (T,)."""
        return self.log[:, 0]

    @property
    def index(self) -> Floats:
        """Index level divided by its first, shape (T,)."""
        return self.target.level / self.target.level[0]

    @cached_property
    def weights(self) -> Floats:
        """Weights held after trading, shape (T, N); what is missing from 1 is cash."""
        return self.holdings / self.log[:, 1:2]

    @cached_property
    def levels(self) -> pl.DataFrame:
        """One row an instant.

        time, level, index, difference (level less index), value, cash, flow, cost_linear, cost_impact, gas, bought,
        sold, trades, fee, income: since the row before, quote currency.
        """
        names = ("level", "value", "cash", "cost_linear", "cost_impact", "gas", "bought", "sold")
        columns = {name: self.log[:, place] for place, name in enumerate(names)}
        return pl.DataFrame(
            {
                "time": pl.Series(self.target.times).dt.replace_time_zone("UTC"),
                "level": columns.pop("level"),
                "index": self.index,
                "difference": self.level - self.index,
                **columns,
                "flow": self.flows,
                "trades": self.log[:, 8].astype(np.int64),
                "fee": self.log[:, 9],
                "income": self.log[:, 10],
            }
        )

    @cached_property
    def orders(self) -> pl.DataFrame:
        """One row a trade: time, asset, amount (positive bought, quote currency), price, units, cost."""
        rows, columns = np.nonzero(self.trades)
        amount = self.trades[rows, columns]
        price = self.target.prices[rows, columns]
        return pl.DataFrame(
            {
                "time": pl.Series(self.target.times[rows]).dt.replace_time_zone("UTC"),
                "asset": np.array(self.target.assets)[columns].tolist(),
                "amount": amount,
                "price": price,
                "units": amount / price,
                "cost": self.costs.of(self.trades)[rows, columns],
            },
            schema_overrides={"asset": pl.String},
        )

    def figures(self, *, seed: int = 0, draws: int = 1000) -> Figures:
        """Return tracking error, difference, turnover and cost a year, with their 95% intervals."""
        return figures_of(self.target, self.log, seed=seed, draws=draws)

    def attribution(self) -> Attribution:
        """Return the tracking difference and error split into parts that add up to the whole."""
        from basketry.tracking.attribution import attribute

        return attribute(self)

    def __repr__(self) -> str:
        found = self.figures(draws=0)
        return (
            f"TrackingResult({self.policy.label()!r}, {format_instant(self.target.times[0])}.."
            f"{format_instant(self.target.times[-1])}, tracking error {found.tracking_error * 100:.2f}%, cost "
            f"{found.cost * 1e4:.1f} bp a year)"
        )


def follow(
    target: Target,
    policy: Policy,
    costs: TradingCosts,
    *,
    value: float,
    flows: ArrayLike | None = None,
    fee: float = 0.0,
    cash_buffer: float = 0.0,
    invested: bool = True,
) -> TrackingResult:
    """Return how a portfolio follows a target under a policy and costs.

    At each row: holdings are marked, yields accrue in kind and the fee is taken from everything in proportion; the
    flow is settled at net asset value; the policy decides from what is known at the row; it trades at the row's
    prices. Costs are paid from what is bought. An asset without a price keeps its last one and is not traded; the
    others share the rest of the target. An order above the largest possible one is cut to it and continues at the
    next decision; what could not be bought stays in cash.

    Args:
        target: The index.
        policy: The rule, for example `POLICIES.build("bands", {"relative": 0.2})`.
        costs: What trading costs.
        value: Value at the first row, quote currency.
        flows: Money created (positive) or redeemed (negative) at each row, quote currency, shape (T,).
        fee: Management fee, fraction a year, accrued by days over 365.
        cash_buffer: Cash aimed at, fraction of the portfolio.
        invested: Start in the target's weights at no cost; else in cash, buying them at the first row.

    Raises:
        DataError: A figure is out of range, shapes differ, or a redemption cannot be paid because what is held cannot
            be sold.

    >>> import numpy as np
    >>> from basketry.tracking.policies import POLICIES
    >>> times = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[D]")
    >>> prices = np.array([[1.0, 1.0], [1.1, 1.0], [1.0, 1.2], [1.2, 1.1]])
    >>> target = Target.from_arrays(times, ["a", "b"], prices, np.full((4, 2), 0.5))
    >>> daily = POLICIES.build("calendar", "1d")
    >>> bool(np.abs(follow(target, daily, TradingCosts(), value=1e6).levels["difference"]).max() < 1e-12)
    True
    >>> costly = follow(target, daily, TradingCosts(linear=0.001), value=1e6)
    >>> round(costly.orders["cost"].sum(), 2)
    358.98
    """
    market = market_of(target, costs)
    terms = terms_of(target, policy, costs, value, flows, fee, cash_buffer, invested)
    log, holdings, trades = simulated(target, market, plan_of(policy, target), terms, record=True)
    return TrackingResult(target, policy, costs, fee, terms.flows, log, holdings, trades)


def market_of(target: Target, costs: TradingCosts) -> Market:
    """Return the arrays that the simulation reads; one serves every policy."""
    shape = target.prices.shape
    marks = target.marks
    history = np.concatenate([target.past, marks])
    index = np.concatenate([np.full(len(target.past), np.nan), target.level])
    with np.errstate(invalid="ignore"):
        returns = (
            np.diff(history, axis=0, prepend=np.full((1, shape[1]), np.nan)) / history[[0, *range(len(history) - 1)]]
        )
        whole = np.diff(index, prepend=np.nan) / np.concatenate([[np.nan], index[:-1]])
    unknown = np.isnan(returns)
    # Before the index begins the mean of the assets known stands in for it.
    count = (~unknown).sum(axis=1)
    mean = np.where(unknown, 0.0, returns).sum(axis=1) / np.maximum(count, 1)
    stand_in = np.where(np.isnan(whole), mean, whole)
    return Market(
        marks=_writable(np.nan_to_num(marks, nan=1.0)),
        tradable=np.array(target.tradable, dtype=np.bool_, order="C"),
        aims=_writable(target.aims),
        yields=np.zeros(shape) if target.yields is None else _writable(target.yields),
        linear=costs.table("linear", shape),
        impact=costs.table("impact", shape),
        largest=costs.table("largest", shape),
        returns=_writable(np.where(unknown, stand_in[:, None], returns)),
        unknown=_writable(unknown),
        days=_writable(target.days),
        lots=_writable(np.broadcast_to(np.asarray(costs.lot, dtype=np.float64), shape[1:])),
    )


def _writable(values: ArrayLike) -> Floats:
    """Return a contiguous copy: the compiler takes read-only arrays as another type and would compile again."""
    return np.array(values, dtype=np.float64, order="C")


def terms_of(
    target: Target,
    policy: Policy,
    costs: TradingCosts,
    value: float,
    flows: ArrayLike | None,
    fee: float,
    cash_buffer: float,
    invested: bool,
) -> Terms:
    """Return the terms of a portfolio, checked; see `follow`."""
    rows = len(target.times)
    money = np.zeros(rows) if flows is None else _writable(flows)
    if money.shape != (rows,) or not np.isfinite(money).all():
        raise DataError(
            f"flows must be {rows} numbers, one for each instant of the target, were of shape {money.shape}"
        )
    if not 0 < value < np.inf:
        raise DataError(f"value must be a positive amount, was {value:g}")
    if not 0 <= fee < 1:
        raise DataError(f"fee must be a fraction a year of at least 0 and below 1, was {fee:g}; write 0.01 for 1%")
    if not 0 <= cash_buffer < 1:
        raise DataError(f"cash_buffer must be a fraction of at least 0 and below 1, was {cash_buffer:g}")
    if not invested and policy.plan(target).flow == FLOWS["in_kind"]:
        raise DataError(f"{policy.name} never trades, so it cannot begin in cash; leave invested as it is")
    return Terms(money, float(value), float(fee), float(cash_buffer), float(costs.gas), float(costs.minimum), invested)


def plan_of(policy: Policy, target: Target) -> Plan:
    """Return a policy's plan in the types that the compiled simulation takes."""
    plan = policy.plan(target)
    return Plan(
        due=np.array(plan.due, dtype=np.bool_, order="C"),
        trigger=int(plan.trigger),
        aim=int(plan.aim),
        flow=int(plan.flow),
        absolute=float(plan.absolute),
        relative=float(plan.relative),
        budget=float(plan.budget),
        restore=float(plan.restore),
        aversion=float(plan.aversion),
        horizon=int(plan.horizon),
        window=int(plan.window),
        shrinkage=float(plan.shrinkage),
        chunk=float(plan.chunk),
        cool_off=int(plan.cool_off),
    )


def simulated(
    target: Target, market: Market, plan: Plan, terms: Terms, *, record: bool
) -> tuple[Floats, Floats, Floats]:
    """Run the compiled simulation, or say at which row it cannot go on."""
    from basketry.tracking.kernels import simulate

    log, holdings, trades, failed = simulate(market, plan, terms, record)
    if failed >= 0:
        raise DataError(
            f"the redemption of {-terms.flows[failed]:,.2f} at {format_instant(target.times[failed])} cannot be paid: "
            "it is more than what is held, or what is held cannot be sold then (no price, or more than the market "
            "takes); make it smaller, spread it, or redeem in kind"
        )
    return log, holdings, trades
