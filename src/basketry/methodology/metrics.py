"""Named figures of assets at the last instant of a panel, by which rules rank, bound and weight."""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, nearest_hint
from basketry.core.numbers import Floats, added
from basketry.core.time import YEAR_DAYS
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic

_PERIOD = re.compile(r"^(return|volatility)_(\d{1,4})d$", re.ASCII)
VENUE_VOLUME = "volume@"
"""How the names of the metrics of single venues begin: volume@coinbase/usd."""

_MADE_OF = {
    "value_traded": ("volume",),
    "turnover": ("volume", "market_cap"),
    "free_float_market_cap": ("price", "supply"),
}
DERIVED = (*_MADE_OF, "return_90d", "volatility_90d")


def venue_volume(venue: str, quote: str) -> str:
    """Return the name of the metric that holds the value traded on a venue against a currency in a UTC day.

    >>> venue_volume("coinbase", "USD")
    'volume@coinbase/usd'
    """
    return f"{VENUE_VOLUME}{venue}/{quote}".lower()


def metric(view: Panel, name: str) -> Floats:
    """Return a figure of each asset at the last instant, shape (N,); NaN where it is unknown.

    A field or metric of the data by its name: the latest value, at most three days old. Derived figures:
    value_traded (median daily volume of 30 days), turnover (that over capitalisation, a day),
    free_float_market_cap (price times supply times free float; a missing float counts as 1),
    return_<n>d (price over the price n days before, less one), volatility_<n>d (standard deviation of daily log
    returns over n days, annualised by the square root of 365).

    Raises:
        DataError: The name is neither; the message gives the nearest.
    """
    if name in view.fields:
        return view.latest(name)
    period = _PERIOD.match(name)
    if period is not None:
        length = timedelta(days=int(period[2]))
        return past_return(view, length) if period[1] == "return" else volatility(view, length)
    if name == "value_traded":
        return view.statistic("volume", "median", timedelta(days=30))
    if name == "turnover":
        with np.errstate(divide="ignore", invalid="ignore"):
            return view.statistic("volume", "median", timedelta(days=30)) / view.latest("market_cap")
    if name == "free_float_market_cap":
        share = view.latest("free_float") if "free_float" in view.fields else np.ones(len(view.assets))
        return view.latest("price") * view.latest("supply") * np.where(np.isnan(share), 1.0, share)
    known = [*view.fields, *DERIVED]
    raise DataError(f"the data hold no figure {name!r}{nearest_hint(name, known)}; known: {', '.join(sorted(known))}")


def made_of(name: str, fields: Container[str] = ()) -> tuple[str, ...]:
    """Return the fields without which a figure cannot be made: those of a derived one, else the name itself.

    Args:
        name: A field or metric of the data, or a derived figure.
        fields: The fields that the data hold; one of these is what it is.

    >>> made_of("volatility_90d"), made_of("turnover"), made_of("turnover", ["turnover"]), made_of("tvl")
    (('price',), ('volume', 'market_cap'), ('turnover',), ('tvl',))
    """
    if name in fields:
        return (name,)
    return ("price",) if _PERIOD.match(name) else _MADE_OF.get(name, (name,))


def past_return(view: Panel, length: timedelta, skip: timedelta = timedelta(0)) -> Floats:
    """Return price at (now - skip) over price at (now - length), less one, shape (N,); NaN where either is unknown."""
    later = view.latest_at("price", view.now - np.timedelta64(skip)) if skip else view.latest("price")
    return later / view.latest_at("price", view.now - np.timedelta64(length)) - 1


def smoothed(view: Panel, name: str, half_life: timedelta, length: timedelta) -> Floats:
    """Return the exponentially weighted mean of a field over (now - length, now], shape (N,); NaN where it is unknown.

    An observation of the age s counts 2^(-s/h); rows where the field is unknown are left out.
    """
    from basketry.core.elementary import power

    values = view.window(name, length)
    ages = (view.now - view.times[len(view.times) - len(values) :]) / np.timedelta64(half_life)
    unknown = np.isnan(values)
    decay = np.where(unknown, 0.0, power(0.5, ages.astype(np.float64))[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        return added(np.where(unknown, 0.0, values) * decay) / added(decay)


def log_returns(view: Panel, length: timedelta, columns: NDArray[np.int64] | None = None) -> Floats:
    """Return log returns of the rows in (now - length, now], shape (k, N); NaN where a price is unknown.

    Args:
        view: The market as known.
        length: Of the window.
        columns: Assets that are asked for; None for all.
    """
    from basketry.core.elementary import log

    prices = view.comparable("price", max(view.window_start(length) - 1, 0))
    return np.diff(log(prices if columns is None else prices[:, columns]), axis=0)


def volatility(view: Panel, length: timedelta) -> Floats:
    """Return annualised volatility of log returns over a window, shape (N,); NaN with fewer than two returns.

    The standard deviation (n - 1) of log returns between consecutive rows, times the square root of the rows a
    year, 365 for daily data.
    """
    returns = log_returns(view, length)
    if len(returns) < 2:
        return np.full(len(view.assets), np.nan)
    count = window_statistic(returns, "count")
    mean = window_statistic(returns, "mean")
    squares = window_statistic(np.square(returns - mean), "sum")
    step = float(np.median(np.diff(view.times[-len(returns) - 1 :])) / np.timedelta64(1, "D"))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(squares / (count - 1)) * np.sqrt(YEAR_DAYS / step)
    return np.where(count >= 2, spread, np.nan)
