"""How concentrated an index is: its largest weights, Herfindahl, effective number, shares of risk, market coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats, exact_sum, normalise
from basketry.core.time import YEAR_DAYS, to_instant
from basketry.evaluation.baskets import basket_at, cash_column
from basketry.index.calculate import Instant
from basketry.index.guard import examine
from basketry.index.result import IndexResult
from basketry.index.supply import accepted_supplies
from basketry.market.panel import Panel
from basketry.methodology.metrics import log_returns
from basketry.methodology.rulebook import Rulebook

TOP_COUNTS = (1, 3, 5, 10)
RISK_WINDOW = timedelta(days=180)
CONVENTIONS = {
    "top": "sum of the largest weights, a fraction; all of them where there are fewer",
    "herfindahl": "Σ w² of weights that sum to 1, from 1/n to 1 (times 10,000 in points)",
    "effective_number": "1 / Σ w²: as many equal weights would be as concentrated",
    "risk_shares": "w_i (Σw)_i / w'Σw, covariance of daily log returns; they sum to 1, a hedge is negative",
    "coverage": "capitalisation of the members over that of all assets counted, a fraction",
}


@dataclass(frozen=True, eq=False)
class Concentration:
    """How concentrated some weights are.

    Attributes:
        assets: Largest weight first, ties by id.
        weights: Shape (n,), in that order; they sum to 1.
        top: Sum of the largest weights by count.
        herfindahl: Sum of squared weights.
        effective_number: One over that.
        risk_shares: Share of the variance of each asset, shape (n,); None where no covariance was given.
        effective_risks: One over the sum of squared shares of risk; NaN without a covariance.
        volatility: Of the weights held fixed, annualised over 365 days, from the covariance; NaN without one.
        coverage: Share of the market's capitalisation that the members make up; NaN where not given.
    """

    assets: tuple[str, ...]
    weights: Floats
    top: Mapping[int, float]
    herfindahl: float
    effective_number: float
    risk_shares: Floats | None = None
    effective_risks: float = float("nan")
    volatility: float = float("nan")
    coverage: float = float("nan")


def concentration(
    assets: Sequence[str], weights: ArrayLike, covariance: ArrayLike | None = None, coverage: float = float("nan")
) -> Concentration:
    """Return how concentrated weights are; any positive scale of the weights gives the same.

    Args:
        assets: Ids, length n.
        weights: Not negative, shape (n,).
        covariance: Of daily returns, shape (n, n).
        coverage: Share of the market, see `market_coverage`.

    Raises:
        DataError: Weights are negative, unknown or all zero, or shapes do not go together.

    >>> found = concentration(["btc", "eth", "xrp"], [0.5, 0.3, 0.2])
    >>> found.top[1], round(found.herfindahl, 12), round(found.effective_number, 4)
    (0.5, 0.38, 2.6316)
    """
    parts = _parts(weights)
    if len(assets) != len(parts) or len(set(assets)) != len(assets):
        raise DataError(f"{len(assets)} ids for {len(parts)} weights; give one distinct id for each weight")
    order = sorted(range(len(parts)), key=lambda place: (-parts[place], assets[place]))
    ordered = parts[order]
    square = herfindahl(ordered)
    shares, spread = None, float("nan")
    if covariance is not None:
        matrix = np.asarray(covariance, dtype=np.float64)[np.ix_(order, order)]
        shares = risk_shares(ordered, matrix)
        spread = float(np.sqrt(ordered @ matrix @ ordered * YEAR_DAYS))
    return Concentration(
        assets=tuple(assets[place] for place in order),
        weights=ordered,
        top={count: top_weight(ordered, count) for count in TOP_COUNTS},
        herfindahl=square,
        effective_number=1 / square,
        risk_shares=shares,
        effective_risks=float("nan") if shares is None else float(1 / np.square(shares).sum()),
        volatility=spread,
        coverage=coverage,
    )


def top_weight(weights: ArrayLike, count: int) -> float:
    """Return the sum of the largest `count` weights as a share of all.

    >>> top_weight([0.5, 0.3, 0.2], 2)
    0.8
    """
    return exact_sum(np.sort(_parts(weights))[::-1][:count])


def herfindahl(weights: ArrayLike) -> float:
    """Return Σ w² of weights scaled to sum to 1 (Hirschman 1945; Herfindahl 1950); times 10,000 in points.

    >>> round(herfindahl([30, 30, 20, 20]) * 10_000)
    2600
    """
    return exact_sum(np.square(_parts(weights)))


def effective_number(weights: ArrayLike) -> float:
    """Return 1 / Σ w², the number of equal weights that are as concentrated.

    >>> effective_number([1.0, 1.0, 1.0, 1.0])
    4.0
    """
    return 1 / herfindahl(weights)


def risk_shares(weights: ArrayLike, covariance: ArrayLike) -> Floats:
    """Return the share of each asset in the variance, w_i (Σw)_i / w'Σw, shape (n,); they sum to 1.

    The Euler decomposition of volatility (Litterman 1996, Hot Spots and Hedges); an asset that hedges the others
    has a negative share.

    Raises:
        DataError: The covariance is not an (n, n) matrix of numbers, or leaves no variance.

    >>> risk_shares([0.5, 0.5], [[0.04, 0.0], [0.0, 0.01]]).round(12).tolist()
    [0.8, 0.2]
    """
    parts = _parts(weights)
    matrix = np.asarray(covariance, dtype=np.float64)
    if matrix.shape != (len(parts), len(parts)) or not np.isfinite(matrix).all():
        raise DataError(f"covariance: expected numbers of shape {(len(parts),) * 2}, was of shape {matrix.shape}")
    contributions = parts * (matrix @ parts)
    variance = exact_sum(contributions)
    if not variance > 0:
        raise DataError("covariance: the weights have no variance, so it has no shares; use a longer window")
    return contributions / variance


def market_coverage(market_caps: ArrayLike, members: Bools, counted: Bools | None = None) -> float:
    """Return the capitalisation of the members over that of all assets counted, a fraction.

    Args:
        market_caps: Of all assets, NaN where unknown, which counts as nothing, shape (N,).
        members: Who is in the index, shape (N,).
        counted: Which assets make up the market (stablecoins are often left out); all unless given. Members
            always count.

    >>> market_coverage([60.0, 30.0, 10.0, np.nan], np.array([True, True, False, False]))
    0.9
    """
    caps = np.nan_to_num(np.asarray(market_caps, dtype=np.float64))
    market = members if counted is None else counted | members
    whole = exact_sum(caps if counted is None else caps[market])
    return exact_sum(caps[members]) / whole if whole > 0 else float("nan")


def index_concentration(
    result: IndexResult,
    instant: Instant | None = None,
    *,
    window: timedelta = RISK_WINDOW,
    leave_out_tags: Sequence[str] = (),
) -> Concentration:
    """Return the concentration of an index at an instant, from its drifted weights and the panel as of then.

    The covariance is of daily log returns over `window`, of the rows in which every member has one; where fewer
    than 20 are left there are no shares of risk. Coverage counts every asset with a capitalisation not older than
    three days, but those that carry one of `leave_out_tags` and those that the rules' guard refuses: a capitalisation
    without any market behind it is not of the market.

    Raises:
        DataError: The instant is outside the index.
    """
    moment = result.times[-1] if instant is None else to_instant(instant)
    columns, weights = basket_at(result, moment)
    view = result.panel.as_of(moment)
    returns = log_returns(view, window)[:, columns]
    returns[:, columns == cash_column(result)] = 0.0
    complete = returns[~np.isnan(returns).any(axis=1)]
    covariance = np.cov(complete, rowvar=False).reshape(len(columns), -1) if len(complete) >= 20 else None
    if covariance is not None and not weights @ covariance @ weights > 0:
        covariance = None
    share = float("nan")
    if "market_cap" in view.fields:
        share = _coverage(view, result.methodology.at(moment).rules, columns, leave_out_tags)
    return concentration([view.assets[column] for column in columns], weights, covariance, share)


def _coverage(view: Panel, rules: Rulebook, columns: NDArray[np.int64], leave_out_tags: Sequence[str]) -> float:
    # One absurd capitalisation would be most of the market, so all pass the guard that candidates pass.
    caps = view.latest("market_cap").copy()
    accepted = accepted_supplies(rules.overrides, view)
    verdict = examine(view, rules.guard, np.arange(len(caps)), accepted, rules.missing.carry_forward)
    for column, (value, _) in verdict.frozen.items():
        caps[column] = value
    members = np.isin(np.arange(len(caps)), columns)
    counted = ~np.isin(np.arange(len(caps)), list(verdict.refused))
    if leave_out_tags:
        counted &= ~view.tagged(*leave_out_tags)
    return market_coverage(caps, members, counted)


def _parts(weights: ArrayLike) -> Floats:
    values = np.asarray(weights, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not (np.isfinite(values) & (values >= 0)).all() or not values.any():
        raise DataError("weights: expected one or more numbers that are not negative and not all zero")
    total = exact_sum(values)
    return values if total == 1.0 else normalise(values)
