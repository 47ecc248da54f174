"""Today's orders for a portfolio file that follows an index."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.time import format_instant
from basketry.jobs.track import Followed
from basketry.market.cash import CASH
from basketry.tracking.orders import orders


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

    Prices, volumes and volatilities are those of the lake at that instant. A member without a price or volume is
    valued at its last price and not traded; no order is above the share of a day's volume that the terms allow.

    Raises:
        DataError: Something held has no price in the lake.
    """
    target, costs, panel = source.target, source.costs, source.index.panel
    row = len(target.times) - 1
    weights = {name: float(w) for name, w in zip(target.assets, target.weights[row], strict=True) if w > 0}
    last = int(np.searchsorted(panel.times, target.times[row], side="right")) - 1
    latest = dict(zip(panel.assets, panel.field("price")[last].tolist(), strict=True))
    prices = {name: price for name, price in {**latest, **_basket_prices(source)}.items() if price == price}
    unknown = sorted(set(quantities) - set(prices) - {CASH})
    if unknown:
        hint = nearest_hint(unknown[0], [*prices, CASH])
        raise DataError(
            f"{unknown[0]!r} has no price in the lake at {format_instant(target.times[row])}{hint}; leave it out or "
            "import one"
        )
    shape = target.prices.shape
    linear, impact = (
        dict(zip(target.assets, costs.table(name, shape)[row].tolist(), strict=True)) for name in ("linear", "impact")
    )
    # As in the simulation: at most the stated share of a day's volume, and nothing of what has no price or no volume.
    most = np.where(target.tradable[row], costs.table("largest", shape)[row], 0.0)
    largest = dict(zip(target.assets, most.tolist(), strict=True))
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
        largest=largest,
        gas=costs.gas,
        minimum=costs.minimum,
        band=band,
        to=to,
        cash_buffer=source.terms.cash_buffer,
    )


def cash_of_orders(source: Followed, quantities: Mapping[str, float], found: pl.DataFrame) -> dict[str, float]:
    """Return the money before and after orders, costs paid, and the weight of cash in the index.

    Args:
        source: The index.
        quantities: Units held by asset before the orders, with the row `cash`.
        found: The orders.
    """
    before = quantities.get(CASH, 0.0)
    sign = pl.when(pl.col("side") == "sell").then(1.0).otherwise(-1.0)
    gained = float(found.select((sign * pl.col("amount") - pl.col("cost")).sum()).item())
    target = source.target
    weight = float(target.weights[-1][target.assets.index(CASH)]) if CASH in target.assets else 0.0
    return {"before": before, "after": before + gained, "weight_index": weight}


def _basket_prices(source: Followed) -> dict[str, float]:
    """Return the index's own prices of its members at the last instant, in the units of that instant.

    Those of the target are of the units held at its start, which a redenomination has replaced since.
    """
    index = source.index
    row = int(np.searchsorted(index.times, source.target.times[-1]))
    segment = next(part for part in reversed(index.segments) if part.start <= row)
    names = [index.panel.assets[column] for column in segment.columns.tolist()]
    return dict(zip(names, segment.prices[row - segment.start].tolist(), strict=True))
