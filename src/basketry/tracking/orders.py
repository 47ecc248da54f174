"""Today's orders: from what is held to what the index weighs, with lots, smallest trades and expected costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import Column, Schema
from basketry.core.numbers import Floats
from basketry.market.cash import CASH

ORDERS = Schema(
    "orders",
    "Orders of a portfolio that follows an index.",
    {
        "asset": Column(pl.String()),
        "side": Column(pl.String(), "buy | sell"),
        "quantity": Column(pl.Float64(), "units, a whole number of lots"),
        "price": Column(pl.Float64(), "quote currency per unit"),
        "amount": Column(pl.Float64(), "quote currency, without costs"),
        "cost": Column(pl.Float64(), "expected: spread, fees, impact and gas, quote currency"),
        "weight_before": Column(pl.Float64(), "fraction of the portfolio"),
        "weight_after": Column(pl.Float64(), "fraction of the portfolio before costs"),
        "weight_index": Column(pl.Float64(), "fraction"),
    },
    key=("asset",),
)


def orders(
    quantities: Mapping[str, float],
    weights: Mapping[str, float],
    prices: Mapping[str, float],
    *,
    linear: Mapping[str, float] | float = 0.0,
    impact: Mapping[str, float] | float = 0.0,
    lots: Mapping[str, float] | float = 0.0,
    largest: Mapping[str, float] | float = np.inf,
    gas: float = 0.0,
    minimum: float = 0.0,
    band: float = 0.0,
    to: Literal["target", "edge"] = "target",
    cash_buffer: float = 0.0,
) -> pl.DataFrame:
    """Return the orders that bring a portfolio to an index (ORDERS), sales first, then by amount.

    With a band nothing is traded while every weight is within it: |w_held - w_index| ≤ band × w_index. When one is
    outside, everything is traded to its target, or with `edge` only what is outside, to its edge; the rest of the
    money is taken from, or given to, the others in proportion to their room. What has left the index is sold.
    Purchases shrink in proportion until the money for them and for all costs is there; quantities are rounded to lots
    towards zero, those above the largest possible are cut to it, and orders below the minimum are left out.

    Args:
        quantities: Units held by asset; `cash` in quote currency.
        weights: Of the index, summing to 1; `cash` for that of a cash member, which is kept as money.
        prices: Quote currency per unit, of everything held or in the index.
        linear: Half spread and fee, fraction of the amount.
        impact: Cost of an order of amount z is linear z + impact z^(3/2); per square root of quote currency.
        lots: Units that quantities are multiples of; 0 for none.
        largest: Largest order, quote currency; 0 for what cannot be traded.
        gas: Cost of an order beside, quote currency.
        minimum: Smallest order, quote currency.
        band: Half width of the bands, relative to the weight.
        to: Where it is traded to when a weight is outside its band.
        cash_buffer: Cash aimed at, fraction of the portfolio.

    Raises:
        DataError: A price is missing or not positive, a quantity, lot, band or cash buffer is out of range, weights do
            not sum to 1, or the portfolio is worth nothing.

    >>> held = {"btc": 1.0, "eth": 10.0, "cash": 0.0}
    >>> frame = orders(held, {"btc": 0.5, "eth": 0.5}, {"btc": 60_000.0, "eth": 2_000.0}, linear=0.001)
    >>> frame.select("asset", "side", pl.col("quantity").round(6)).rows()
    [('btc', 'sell', 0.333333), ('eth', 'buy', 9.98002)]
    """
    names = sorted((set(quantities) | set(weights)) - {CASH})
    _check(names, quantities, weights, prices)
    if not 0 <= band < np.inf or not 0 <= cash_buffer < 1:
        raise DataError(f"band must be at least 0 and cash_buffer below 1, were {band:g} and {cash_buffer:g}")
    price = np.array([prices[name] for name in names])
    units = np.array([quantities.get(name, 0.0) for name in names])
    cash = float(quantities.get(CASH, 0.0))
    with np.errstate(over="ignore"):
        value = float(units @ price) + cash
    if not value < np.inf:
        raise DataError("the portfolio is worth more than can be calculated with; check the quantities")
    if not value > 0:
        raise DataError("the portfolio is worth nothing; give quantities, or cash to buy with")
    held = units * price / value
    index = np.array([weights.get(name, 0.0) for name in names])
    aim = _aims(held, index * (1 - cash_buffer), band, to)
    kept = cash_buffer + (1 - cash_buffer) * weights.get(CASH, 0.0)
    c, k, lot = (_by_name(given, names) for given in (linear, impact, lots))
    sound = (lot >= 0) & (lot < np.inf)
    if not sound.all():
        raise DataError(f"{names[int(sound.argmin())]!r}: a lot must be 0 or more, was {lot[sound.argmin()]:g}")
    most = _by_name(largest, names, np.inf)
    amount = np.clip((aim - held) * value, -most, most)
    sold = _to_lots(np.minimum(amount, 0.0), price, lot, minimum)
    money = cash - kept * value - sold.sum() - _cost(sold, c, k, gas).sum()
    wanted = np.maximum(amount, 0.0)
    bought = _to_lots(wanted * _share(wanted, money, c, k, gas), price, lot, minimum)
    traded = sold + bought
    frame = pl.DataFrame(
        {
            "asset": names,
            "side": np.where(traded > 0, "buy", "sell"),
            "quantity": np.abs(traded) / price,
            "price": price,
            "amount": np.abs(traded),
            "cost": _cost(traded, c, k, gas),
            "weight_before": held,
            "weight_after": held + traded / value,
            "weight_index": index,
        }
    ).filter(pl.Series(traded != 0))
    return ORDERS.conform(frame.sort("side", "amount", "asset", descending=[True, True, False]))


def _check(
    names: list[str], quantities: Mapping[str, float], weights: Mapping[str, float], prices: Mapping[str, float]
) -> None:
    for name in names:
        if not 0 < prices.get(name, np.nan) < np.inf:
            raise DataError(f"{name!r} has no price{nearest_hint(name, prices)}; sell it elsewhere or leave it out")
    for name, quantity in quantities.items():
        if not 0 <= quantity < np.inf:
            raise DataError(f"{name!r}: a quantity must not be negative, was {quantity}")
    if abs(sum(weights.values()) - 1) > 1e-6 or min(weights.values(), default=0) < 0:
        raise DataError(f"weights must not be negative and sum to 1, the sum is {sum(weights.values()):.6f}")


def _aims(held: Floats, index: Floats, band: float, to: str) -> Floats:
    """Return the weights to trade to."""
    width = band * index
    outside = np.abs(held - index) > width + 1e-12
    if band > 0 and not outside.any():
        return held
    if band <= 0 or to == "target":
        return index
    aim = np.clip(held, index - width, index + width)
    missing = float(index.sum() - aim.sum())
    room = (index + width - aim) if missing > 0 else (aim - (index - width))
    total = float(room.sum())
    return aim + room * missing / total if total > 0 else index


def _share(wanted: Floats, money: float, linear: Floats, impact: Floats, gas: float) -> float:
    """Return the share of the purchases that the money pays for with their costs, by bisection."""
    if money <= 0 or not wanted.any():
        return 0.0
    low, high = 0.0, 1.0
    if wanted.sum() + _cost(wanted, linear, impact, gas).sum() <= money:
        return 1.0
    for _ in range(80):
        middle = (low + high) / 2
        spent = middle * wanted
        if spent.sum() + _cost(spent, linear, impact, gas).sum() <= money:
            low = middle
        else:
            high = middle
    return low


def _to_lots(amount: Floats, price: Floats, lot: Floats, minimum: float) -> Floats:
    """Return amounts in whole lots, rounded towards zero, without those below the minimum."""
    units = np.abs(amount) / price
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(lot > 0, np.floor(units / lot + 1e-9) * lot, units)
    kept = whole * price
    return np.sign(amount) * np.where(kept >= max(minimum, 1e-9), kept, 0.0)


def _cost(amount: Floats, linear: Floats, impact: Floats, gas: float) -> Floats:
    size = np.abs(amount)
    return linear * size + impact * size**1.5 + gas * (size > 0)


def _by_name(given: Mapping[str, float] | float, names: list[str], otherwise: float = 0.0) -> Floats:
    if isinstance(given, Mapping):
        return np.array([float(given.get(name, otherwise)) for name in names])
    return np.full(len(names), float(given))
