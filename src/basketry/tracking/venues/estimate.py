"""Parameters of the models of impact, estimated from trades, quotes, volumes and returns."""

from __future__ import annotations

import math

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.attack.liquidity import TradeLiquidity
from basketry.tracking.venues.proportional import ProportionalImpact
from basketry.tracking.venues.square_root import SquareRootImpact
from basketry.tracking.venues.terms import FREE, Terms


def impact_from_trades(
    volume: float,
    volatility: float,
    price: float,
    *,
    coefficient: float = 1.0,
    half_spread: float = 0.0,
    participation: float = 1.0,
    terms: Terms = FREE,
) -> SquareRootImpact:
    """Return the square-root model of an interval from its volume and volatility.

    Args:
        volume: Base units traded in the interval, for example a day's volume in quote currency divided by the price.
        volatility: Of the return over the interval; a yearly one times √(days / 365).
        price: Quote currency per base unit.
        coefficient: Y; see `fitted_coefficient`.
        half_spread: Fraction; see `roll_half_spread`.
        participation: Most that may be traded on balance, as a share of the volume.
        terms: Fees, gas, lots and minimum sizes.

    Raises:
        DataError: Nothing was traded, or a figure is out of range.

    >>> round(impact_from_trades(10_000.0, 0.03, 100.0).quote("buy", 100.0).impact, 9)
    0.002
    """
    return SquareRootImpact(
        price,
        volume,
        volatility,
        coefficient=coefficient,
        half_spread=half_spread,
        participation=participation,
        terms=terms,
    )


def impact_from_ticks(time: Ints, price: Floats, size: Floats, *, terms: Terms = FREE) -> SquareRootImpact:
    """Return the square-root model of the span of some trades, with Y = 1 and the spread of Roll.

    Args:
        time: Microseconds, ascending. price: Quote currency per base unit. size: Base units.
        terms: Fees, gas, lots and minimum sizes.

    Raises:
        DataError: There are no trades.
    """
    if not len(price):
        raise DataError("impact: there are no trades to estimate from")
    law = TradeLiquidity.of(time, price, size, 1.0)
    half_spread = roll_half_spread(price)
    volatility = math.sqrt(law.variance)
    return SquareRootImpact(float(price[-1]), law.volume, volatility, half_spread=half_spread, terms=terms)


def spread_from_quotes(bid: Floats, ask: Floats, *, limit: float = math.inf, terms: Terms = FREE) -> ProportionalImpact:
    """Return the proportional model from best bids and asks: the median half spread at the last mid.

    Args:
        bid: Best bids, quote currency. ask: Best asks of the same instants.
        limit: Most base units that can be traded.
        terms: Fees, gas, lots and minimum sizes.

    Raises:
        DataError: There is no quote, or one crosses.

    >>> round(spread_from_quotes(np.array([99.0, 99.9]), np.array([101.0, 100.1])).half_spread, 6)
    0.0055
    """
    mid = (bid + ask) / 2
    if not mid.size or not (ask >= bid).all() or not (bid > 0).all():
        raise DataError("impact: every quote needs a positive bid that does not cross its ask; leave the others out")
    half_spread = float(np.median((ask - bid) / 2 / mid))
    return ProportionalImpact(float(mid[-1]), half_spread, limit, terms)


def roll_half_spread(price: Floats) -> float:
    """Return half the effective spread from the bounce of trade prices: √(-cov(r_t, r_t-1)), 0 where it is positive.

    Args:
        price: Of trades in order.

    Source: Roll, A Simple Implicit Measure of the Effective Bid-Ask Spread in an Efficient Market, 1984, with
    logarithmic returns.

    >>> price = 100 + 0.1 * np.random.default_rng(1).choice([-1, 1], 10_000)
    >>> round(roll_half_spread(price), 4)
    0.001
    """
    returns = np.diff(np.log(price))
    if returns.size < 3:
        return 0.0
    covariance = float(np.cov(returns[1:], returns[:-1], ddof=1)[0, 1])
    return math.sqrt(max(-covariance, 0.0))


def fitted_coefficient(returns: Floats, balance: Floats, volume: Floats, volatility: float) -> float:
    """Return Y of the square-root law by least squares through the origin: r = Y σ sign(q) √(|q| / V).

    Args:
        returns: Of the intervals, fractions.
        balance: q, base units bought less sold by takers in each interval.
        volume: V, base units traded in each interval.
        volatility: σ of one interval.

    Returns:
        Y; 0 where returns do not go with the balance.

    Raises:
        DataError: No interval has volume and a balance, or the volatility is not positive.

    >>> fitted_coefficient(np.array([0.01, -0.01]), np.array([25.0, -25.0]), np.array([100.0, 100.0]), 0.02)
    1.0
    """
    traded = volume > 0
    law = volatility * np.sign(balance[traded]) * np.sqrt(np.abs(balance[traded]) / volume[traded])
    square = float(law @ law)
    if not square:
        raise DataError("impact: no interval has volume, a balance of takers and volatility; give more trades")
    return max(float(law @ returns[traded]) / square, 0.0)
