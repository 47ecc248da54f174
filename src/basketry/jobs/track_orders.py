"""Today's orders for a portfolio file that follows an index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.jobs.track import Followed
from basketry.tracking.orders import CASH, orders


def read_portfolio(file: Path) -> tuple[dict[str, float], dict[str, float]]:
    """Return the quantities and lots of a CSV file with the columns asset, quantity and, if known, lot.

    The row `cash` holds money in the index's currency.

    Raises:
        DataError: The file cannot be read, a column is missing, or a figure is not a number.
    """
    try:
        table = pl.read_csv(file, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error
    for column in ("asset", "quantity"):
        if column not in table.columns:
            raise DataError(f"{file}: has no column {column!r}; it needs asset and quantity, and may have lot")
    quantities: dict[str, float] = {}
    lots: dict[str, float] = {}
    for line, row in enumerate(table.iter_rows(named=True), 2):
        name = (row["asset"] or "").strip()
        try:
            quantities[name] = quantities.get(name, 0.0) + float(row["quantity"])
            if row.get("lot"):
                lots[name] = float(row["lot"])
        except (TypeError, ValueError):
            raise DataError(f"{file} line {line}: quantity and lot must be numbers, was {row}") from None
        if not name:
            raise DataError(f"{file} line {line}: names no asset")
    return quantities, lots


def index_orders(
    source: Followed,
    quantities: Mapping[str, float],
    lots: Mapping[str, float],
    *,
    band: float = 0.0,
    to: Literal["target", "edge"] = "target",
) -> pl.DataFrame:
    """Return the orders that bring a portfolio to the index at its last instant; see `basketry.tracking.orders`.

    Prices, volumes and volatilities are those of the lake at that instant.

    Raises:
        DataError: Something held has no price in the lake.
    """
    target, costs, panel = source.target, source.costs, source.index.panel
    row = len(target.times) - 1
    weights = {name: float(w) for name, w in zip(target.assets, target.weights[row], strict=True) if w > 0}
    last = int(np.searchsorted(panel.times, target.times[row], side="right")) - 1
    latest = dict(zip(panel.assets, panel.field("price")[last].tolist(), strict=True))
    members = dict(zip(target.assets, target.prices[row].tolist(), strict=True))
    prices = {name: price for name, price in {**latest, **members}.items() if price == price}
    unknown = sorted(set(quantities) - set(prices) - {CASH})
    if unknown:
        raise DataError(f"{unknown[0]!r} has no price in the lake at {target.times[row]}; leave it out or import one")
    shape = target.prices.shape
    linear, impact = (
        dict(zip(target.assets, costs.table(name, shape)[row].tolist(), strict=True)) for name in ("linear", "impact")
    )
    # What has left the index costs what its members cost at most.
    for table in (linear, impact):
        dearest = max(table.values(), default=0.0)
        table.update({name: dearest for name in quantities if name not in table})
    return orders(
        quantities,
        weights,
        prices,
        linear=linear,
        impact=impact,
        lots=lots,
        minimum=source.terms.venues.minimum,
        band=band,
        to=to,
        cash_buffer=source.terms.cash_buffer,
    )
