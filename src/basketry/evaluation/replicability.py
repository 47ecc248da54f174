"""Whether an index can be held: venues, value traded, days to trade, costs by size, capacity, and a verdict."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, exact_sum
from basketry.core.time import YEAR_DAYS, to_instant
from basketry.evaluation.baskets import Trades, basket_at, cash_column, trades_of
from basketry.evaluation.liquidity import USUAL_COSTS, CostModel, Liquidity, days_to_trade, market_liquidity
from basketry.index.calculate import Instant
from basketry.index.result import IndexResult
from basketry.market.cash import CASH
from basketry.market.panel import Panel

SIZES = (1e6, 1e7, 1e8, 1e9)
"""Sizes of a portfolio at which costs are stated, quote currency."""


@dataclass(frozen=True)
class Criteria:
    """What a constituent must have for an index to be called replicable.

    Attributes:
        venues_min: Major venues on which it trades.
        value_traded_min: Quote currency a day, the median of 30 days.
    """

    venues_min: int = 3
    value_traded_min: float = 10e6

    def words(self) -> str:
        """Return the criteria as a sentence.

        >>> Criteria().words()
        'At least 3 major venues and 10,000,000 a day traded (median of 30 days), each constituent.'
        """
        return (
            f"At least {self.venues_min} major venues and {self.value_traded_min:,.0f} a day traded "
            "(median of 30 days), each constituent."
        )


@dataclass(frozen=True, eq=False)
class Replicability:
    """Whether an index can be held, and at what cost.

    Attributes:
        liquidity: What it rests on.
        constituents: One row each, by weight: asset, weight, venues, value_traded, depth, volatility, verdict (pass,
            fail, unknown), reason, and days_<size> to trade its part at the share of volume stated.
        costs: One row a size: size, replicate and rebalance_year (fractions of the size), largest_days and its
            asset, unpriced_weight (weight of assets whose value traded is unknown, whose cost is therefore infinite).
        capacity: Size at which the yearly cost of rebalancing reaches the bound, quote currency; 0 where
            proportional costs alone pass it, infinite where nothing is traded.
        bound: Of the yearly cost, a fraction.
        turnover: One-way, a year, a fraction.
        verdict: pass, fail, or unknown where no constituent fails but some could not be judged.
        failing_weight, unknown_weight: Weight of the constituents that fail or could not be judged.
        conventions: The rules in words, for each figure.
    """

    liquidity: Liquidity
    constituents: pl.DataFrame
    costs: pl.DataFrame
    capacity: float
    bound: float
    turnover: float
    verdict: str
    failing_weight: float
    unknown_weight: float
    conventions: Mapping[str, str] = field(default_factory=dict)


def replicability(
    liquidity: Liquidity,
    trades: Trades,
    *,
    sizes: Collection[float] = SIZES,
    participation: float = 0.1,
    model: CostModel = USUAL_COSTS,
    criteria: Criteria = Criteria(),
    bound: float = 0.01,
    rates: Floats | None = None,
) -> Replicability:
    """Return whether a basket can be held, at some sizes.

    Args:
        liquidity: Of the constituents.
        trades: Changes of weight of the index over its span, which cost every year.
        sizes: Of portfolios, quote currency.
        participation: Share of the value traded in a day that one may be.
        model: Costs.
        criteria: Of the verdict.
        bound: Yearly cost of rebalancing that capacity is measured by, a fraction.
        rates: Volatility of a day over the root of the value traded, of each asset in `trades` at each change, shape
            (R, N), not finite where nothing is known; that of `liquidity` unless given. Where nothing is known the
            median of the others is taken, and the conventions say so.

    Raises:
        DataError: A size, the participation or the bound is not positive.
    """
    wanted = sorted({float(size) for size in sizes})
    if not wanted or wanted[0] <= 0 or not 0 < participation <= 1 or bound <= 0:
        raise DataError("sizes and bound must be above 0, and the participation from above 0 to 1")
    verdicts, reasons = _judge(liquidity, criteria)
    proportional, impact, substituted = _yearly(trades, _rates(trades, liquidity) if rates is None else rates, model)
    rows = []
    for size in wanted:
        days = days_to_trade(liquidity, size, participation)
        slowest = int(np.argmax(np.where(np.isnan(days), -1.0, days)))
        amounts = liquidity.weights * size
        known = liquidity.value_traded > 0
        cost = model.of(amounts, liquidity.value_traded, liquidity.known_volatility)
        rows.append(
            {
                "size": size,
                "replicate": exact_sum(cost) / size if np.isfinite(cost).all() else math.inf,
                "rebalance_year": proportional + impact * math.sqrt(size),
                "largest_days": float(days[slowest]),
                "slowest": liquidity.assets[slowest],
                "unpriced_weight": exact_sum(liquidity.weights[~known]),
            }
        )
    table = pl.DataFrame(
        {
            "asset": liquidity.assets,
            "weight": liquidity.weights,
            "venues": liquidity.venues,
            "value_traded": liquidity.value_traded,
            "depth": liquidity.depth,
            "volatility": liquidity.volatility,
            **{f"days_{size:.0f}": days_to_trade(liquidity, size, participation) for size in wanted},
            "verdict": verdicts,
            "reason": reasons,
        }
    )
    failing = exact_sum(liquidity.weights[np.array(verdicts) == "fail"])
    unknown = exact_sum(liquidity.weights[np.array(verdicts) == "unknown"])
    return Replicability(
        liquidity=liquidity,
        constituents=table.fill_nan(None),
        costs=pl.DataFrame(rows),
        capacity=capacity(proportional, impact, bound),
        bound=bound,
        turnover=trades.turnover,
        verdict="fail" if failing else "unknown" if unknown else "pass",
        failing_weight=failing,
        unknown_weight=unknown,
        conventions=_conventions(participation, model, criteria, bound, substituted),
    )


def capacity(proportional: float, impact: float, bound: float) -> float:
    """Return the size S at which proportional + impact · √S reaches a bound; see `replicability`.

    >>> capacity(0.002, 1e-6, 0.01)
    64000000.0
    """
    if proportional >= bound:
        return 0.0
    return math.inf if impact == 0 else round(((bound - proportional) / impact) ** 2, 6)


def index_replicability(
    result: IndexResult,
    *,
    venues: Mapping[str, float] | None = None,
    depth: Mapping[str, float] | None = None,
    instant: Instant | None = None,
    trades_window: timedelta = timedelta(days=365),
    sizes: Collection[float] = SIZES,
    participation: float = 0.1,
    model: CostModel = USUAL_COSTS,
    criteria: Criteria = Criteria(),
    bound: float = 0.01,
) -> Replicability:
    """Return whether a calculated index can be held at an instant, from what its panel knew by then.

    The value traded is the median of 30 days, the volatility the standard deviation of daily log returns over the
    same days, about zero. The trades of the last `trades_window` (the whole history where it is shorter) cost what the
    liquidity at their own time makes them cost.

    Raises:
        DataError: The panel has no volumes, or the instant is outside the index.
    """
    moment = result.times[-1] if instant is None else to_instant(instant)
    columns, weights = basket_at(result, moment)
    view = result.panel.as_of(moment)
    value_traded, volatility = market_liquidity(view)
    names = view.assets
    if (cash := cash_column(result)) is not None:
        # Money is had without a market.
        value_traded, volatility = value_traded.copy(), volatility.copy()
        value_traded[cash], volatility[cash] = math.inf, 0.0
        venues = None if venues is None else {**venues, CASH: math.inf}
    liquidity = Liquidity.of(
        {names[column]: float(weight) for column, weight in zip(columns, weights, strict=True)},
        dict(zip(names, value_traded.tolist(), strict=True)),
        dict(zip(names, volatility.tolist(), strict=True)),
        venues,
        depth,
    )
    since = moment - np.timedelta64(trades_window)
    trades = trades_of(result, since if since > result.times[0] else None, moment)
    return replicability(
        liquidity,
        trades,
        sizes=sizes,
        participation=participation,
        model=model,
        criteria=criteria,
        bound=bound,
        rates=_rates_then(result.panel, trades),
    )


def _judge(liquidity: Liquidity, criteria: Criteria) -> tuple[list[str], list[str]]:
    """Return verdict and reason of each constituent; one criterion failed is enough to fail."""
    verdicts, reasons = [], []
    for count, traded in zip(liquidity.venues, liquidity.value_traded, strict=True):
        fails = []
        if count < criteria.venues_min:
            fails.append(f"{count:.0f} major venues, {criteria.venues_min} wanted")
        if traded < criteria.value_traded_min:
            fails.append(f"{traded:,.0f} a day traded, {criteria.value_traded_min:,.0f} wanted")
        lacks = [name for name, value in (("venues", count), ("value traded", traded)) if math.isnan(value)]
        verdicts.append("fail" if fails else "unknown" if lacks else "pass")
        reasons.append("; ".join([*fails, *(f"{name} not known" for name in lacks)]))
    return verdicts, reasons


def _yearly(trades: Trades, rates: Floats, model: CostModel) -> tuple[float, float, int]:
    """Return the yearly cost of trades as a + b √size, and how many trades were taken as of median liquidity."""
    amounts = np.abs(trades.changes)
    made = amounts > 0
    proportional = model.linear * exact_sum(amounts.ravel()) / trades.years
    known = made & np.isfinite(np.broadcast_to(rates, amounts.shape))
    lacking = int((made & ~known).sum())
    if not known.any():
        return proportional, math.inf if lacking else 0.0, lacking
    filled = np.where(known, rates, np.median(np.broadcast_to(rates, amounts.shape)[known]))
    impact = model.coefficient * exact_sum((amounts**1.5 * filled).ravel()) / trades.years
    return proportional, impact, lacking


def _rates(trades: Trades, liquidity: Liquidity) -> Floats:
    """Return σ / √V of each asset traded by the liquidity given, shape (N,)."""
    rate = dict(zip(liquidity.assets, _rate(liquidity.value_traded, liquidity.known_volatility), strict=True))
    return np.array([rate.get(asset, np.nan) for asset in trades.assets], dtype=np.float64)


def _rates_then(panel: Panel, trades: Trades) -> Floats:
    """Return σ / √V of each asset traded as they were at each change, shape (R, N)."""
    columns = [panel.position(asset) for asset in trades.assets]
    instants = () if trades.instants is None else trades.instants
    rates = np.full(trades.changes.shape, np.nan)
    for row, instant in enumerate(instants):
        value_traded, volatility = market_liquidity(panel.as_of(instant))
        rates[row] = _rate(value_traded[columns], volatility[columns])
    return rates


def _rate(value_traded: Floats, volatility: Floats) -> Floats:
    """Return σ / √V, NaN where nothing is known to trade."""
    return volatility / np.sqrt(np.where(value_traded > 0, value_traded, np.nan))


def _conventions(
    participation: float, model: CostModel, criteria: Criteria, bound: float, substituted: int
) -> dict[str, str]:
    costs = (
        f"amount × ({model.half_spread:.2%} half spread + {model.fee:.2%} fee) + amount × {model.coefficient:g} × "
        "daily volatility × √(amount / value traded a day), the square-root law"
    )
    found = {
        "verdict": criteria.words(),
        "days": f"size × weight over {participation:.0%} of the value traded a day",
        "replicate": f"buying the whole basket once; {costs}",
        "rebalance_year": f"changes of weight, both sides, over the years ({YEAR_DAYS:.0f} days) of the span; {costs}",
        "capacity": f"size at which the yearly cost of rebalancing reaches {bound:.2%}",
    }
    if substituted:
        found["substituted"] = (
            f"{substituted} trades were of assets without a known value traded: the median of the others"
        )
    return found
