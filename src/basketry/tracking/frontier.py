"""Tracking error against yearly cost over policies and parameters, and which one to use."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.tracking.costs import TradingCosts
from basketry.tracking.figures import figures_of
from basketry.tracking.policies import POLICIES, Policy
from basketry.tracking.run import market_of, plan_of, simulated, terms_of
from basketry.tracking.target import Target

RISK_PRICE = 10.0
"""Variance of a year's difference is charged half of this: 1% of tracking error costs 5 bp a year, 2% cost 20 bp."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """What each policy gave.

    Attributes:
        policies: The policies in the order of the table's column `number`.
        table: One row a policy, by tracking error: number, policy (name), label, tracking_error, cost, turnover,
            tracking_difference, max_deviation, trades, charge (cost plus the charge for tracking error), efficient,
            recommended.
        budget: Largest tracking error a year that was allowed, or None.
        reason: Why the recommended one is, in words.
    """

    policies: tuple[Policy, ...]
    table: pl.DataFrame
    budget: float | None
    reason: str

    @property
    def recommended(self) -> Policy:
        """The policy to use."""
        return self.policies[self.table.filter("recommended")["number"].item()]

    @property
    def efficient(self) -> pl.DataFrame:
        """The rows that no other beats in both tracking error and cost."""
        return self.table.filter("efficient")

    def saving(self, against: str = "calendar") -> float:
        """Return how much less the recommended policy costs a year than another family at equal tracking error.

        The family's cost is interpolated between its efficient points, in logarithms of both.

        Returns:
            A fraction of the family's cost; NaN where its tracking errors do not reach around the recommended one.
        """
        best = self.table.filter("recommended").row(0, named=True)
        family = self.table.filter(
            (pl.col("policy") == against) & (pl.col("tracking_error") > 0) & (pl.col("cost") > 0)
        )
        error, cost = family["tracking_error"].to_numpy(), family["cost"].to_numpy()
        kept = efficient_points(error, cost)
        return _saving(best["tracking_error"], best["cost"], error[kept], cost[kept])


def default_policies() -> tuple[Policy, ...]:
    """Return a grid over the families that trade: calendar, with the index, bands, error budgets, optima, auctions."""
    grid: list[tuple[str, object]] = [("with_index", None)]
    grid += [("calendar", f"{days}d") for days in (1, 2, 3, 5, 7, 14, 30, 60, 90)]
    widths = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8)
    grid += [("bands", {"relative": width}) for width in widths]
    grid += [("bands", {"relative": width, "to": "target"}) for width in widths]
    grid += [("bands", {"absolute": width}) for width in (0.0025, 0.005, 0.01, 0.02)]
    grid += [("tracking_error_budget", budget) for budget in (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)]
    grid += [("cost_aware", aversion) for aversion in (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 3000.0)]
    grid += [("auction", {"every": every, "chunk": 0.01}) for every in ("7d", "30d")]
    return tuple(POLICIES.build(name, value) for name, value in grid)


def frontier(
    target: Target,
    costs: TradingCosts,
    policies: Sequence[Policy] | None = None,
    *,
    value: float,
    flows: ArrayLike | None = None,
    fee: float = 0.0,
    cash_buffer: float = 0.0,
    budget: float | None = None,
    threads: int = 2,
) -> Frontier:
    """Return tracking error and yearly cost of each policy, and the one to use.

    The rule: among the efficient policies, with a budget the cheapest whose tracking error is within it; without one
    the smallest charge, which is cost plus 5 times the variance of a year's difference from the index (what an
    investor with a risk aversion of 10 would pay to be rid of it).

    Args:
        target: The index.
        costs: What trading costs.
        policies: What to compare; a grid over the families that trade unless given.
        value: Value at the first row, quote currency.
        flows: Money created or redeemed at each row, shape (T,).
        fee: Management fee, fraction a year.
        cash_buffer: Cash aimed at, fraction.
        budget: Largest tracking error a year, fraction.
        threads: Simulations at a time.

    Raises:
        DataError: There is no policy, or none stays within the budget.
    """
    chosen = tuple(default_policies() if policies is None else policies)
    if not chosen:
        raise DataError("a frontier needs at least one policy, for example POLICIES.build('bands', 0.2)")
    market = market_of(target, costs)

    def measure(policy: Policy) -> tuple[float, ...]:
        terms = terms_of(target, policy, costs, value, flows, fee, cash_buffer, True)
        log, _, _ = simulated(target, market, plan_of(policy, target), terms, record=False)
        found = figures_of(target, log, draws=0)
        return tuple(getattr(found, name) for name in MEASURES)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        measured = np.array(list(pool.map(measure, chosen)))
    error, cost = measured[:, 0], measured[:, 1]
    kept = efficient_points(error, cost)
    charge = cost + RISK_PRICE / 2 * error**2
    best = _recommend(error, cost, charge, kept, budget)
    table = pl.DataFrame(
        {
            "number": np.arange(len(chosen)),
            "policy": [policy.name for policy in chosen],
            "label": [policy.label() for policy in chosen],
            **dict(zip(MEASURES, measured.T, strict=True)),
            "charge": charge,
            "efficient": kept,
            "recommended": np.arange(len(chosen)) == best,
        }
    ).sort("tracking_error", "cost", "number")
    return Frontier(chosen, table, budget, _reason(table, budget))


MEASURES = ("tracking_error", "cost", "turnover", "tracking_difference", "max_deviation", "trades")


def efficient_points(error: Floats, cost: Floats) -> Bools:
    """Return which points no other beats: none has less of one and not more of the other, shape (n,).

    >>> efficient_points(np.array([1.0, 2.0, 3.0]), np.array([5.0, 6.0, 1.0])).tolist()
    [True, False, True]
    """
    order = np.lexsort((cost, error))
    kept = np.zeros(len(error), dtype=bool)
    least = np.inf
    for place in order.tolist():
        if cost[place] < least:
            kept[place] = True
            least = cost[place]
    return kept


def _recommend(error: Floats, cost: Floats, charge: Floats, kept: Bools, budget: float | None) -> int:
    allowed: NDArray[np.int64] = np.flatnonzero(kept)
    if budget is None:
        return int(allowed[np.argmin(charge[allowed])])
    allowed = allowed[error[allowed] <= budget]
    if not len(allowed):
        raise DataError(
            f"no policy keeps the tracking error within {budget * 100:g}% a year; the closest has "
            f"{error.min() * 100:.3g}%; allow more, or add closer policies such as calendar: 1d"
        )
    return int(allowed[np.argmin(cost[allowed])])


def _saving(error: float, cost: float, errors: Floats, costs: Floats) -> float:
    order = np.argsort(errors)
    if len(order) < 2 or not errors[order[0]] <= error <= errors[order[-1]]:
        return float("nan")
    usual = np.exp(np.interp(np.log(error), np.log(errors[order]), np.log(costs[order])))
    return float(1 - cost / usual)


def _reason(table: pl.DataFrame, budget: float | None) -> str:
    best = table.filter("recommended").row(0, named=True)
    words = (
        f"Use {best['label']}: a tracking error of {best['tracking_error'] * 100:.2f}% for {best['cost'] * 1e4:.1f} bp "
        "a year"
    )
    if budget is None:
        words += f", the smallest sum of cost and {RISK_PRICE / 2:g} times variance ({best['charge'] * 1e4:.1f} bp)."
    else:
        words += f", the cheapest within the budget of {budget * 100:g}%."
    line = table.filter("efficient").to_dicts()
    place = next(number for number, row in enumerate(line) if row["recommended"])
    if place > 0:
        closer = line[place - 1]
        words += (
            f" The next closer, {closer['label']}, has {closer['tracking_error'] * 100:.2f}% for "
            f"{(closer['cost'] - best['cost']) * 1e4:.1f} bp more."
        )
    if place + 1 < len(line):
        looser = line[place + 1]
        words += (
            f" The next cheaper, {looser['label']}, saves {(best['cost'] - looser['cost']) * 1e4:.1f} bp and has "
            f"{looser['tracking_error'] * 100:.2f}%."
        )
    family = table.filter((pl.col("policy") == "calendar") & (pl.col("tracking_error") > 0) & (pl.col("cost") > 0))
    error, cost = family["tracking_error"].to_numpy(), family["cost"].to_numpy()
    kept = efficient_points(error, cost)
    saved = _saving(best["tracking_error"], best["cost"], error[kept], cost[kept])
    if not np.isnan(saved):
        less = "less" if saved >= 0 else "more"
        words += f" At the same tracking error it costs {abs(saved) * 100:.0f}% {less} than the calendar."
    return words
