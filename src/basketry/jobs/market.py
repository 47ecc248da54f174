"""The panel that a methodology works on: the lake's table, or reference prices where the methodology makes them.

Either as the lake knows it, or as it was known at an instant.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike

import numpy as np

from basketry.core.errors import DataError
from basketry.core.time import to_instant
from basketry.lake.lake import Instant, Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

Progress = Callable[[str], None]
Market = Lake | Panel | str | PathLike[str]


def panel_of(market: Market, methodology: Methodology, table: str = "daily", known_by: Instant | None = None) -> Panel:
    """Return the panel for a methodology on a market, as it was known at an instant where one is given.

    Args:
        market: A panel, a lake or the path of a lake.
        methodology: The rulebook.
        table: The lake's table of observations: daily or intraday.
        known_by: The instant; everything is known unless given.

    Raises:
        DataError: The market is neither, or the data cannot be read.
    """
    if isinstance(market, Panel):
        return market if known_by is None else market.as_of(known_by)
    if isinstance(market, str | PathLike):
        market = Lake(market)
    if not isinstance(market, Lake):
        raise DataError(f"expected a lake, the path of one, or a Panel, not {type(market).__name__}")
    return market_panel(market, methodology, table, known_by=known_by)


def market_panel(
    lake: Lake,
    methodology: Methodology,
    table: str = "daily",
    progress: Progress | None = None,
    known_by: Instant | None = None,
) -> Panel:
    """Return the panel for a methodology.

    Without the key `prices` it is the panel of the lake's table. With it the rows are the calculation instants, each
    price is the reference price made from the lake's trades by the rules in force at its instant, and an asset that no
    venue trades has none; volumes and supplies are what the table knew by each instant.

    Args:
        lake: Where the data are.
        methodology: The rulebook.
        table: Observations: daily or intraday.
        progress: Told what is being done.
        known_by: Use only what was known by then; everything unless given.

    Raises:
        DataError: The lake holds no observations, or reference prices are asked for and it holds no trades.
    """
    panel = lake.panel(table, known_by=known_by)
    if methodology.first.prices is None:
        return panel
    # Only who makes reference prices loads what makes them.
    from basketry.jobs.reference_panel import reference_panel

    moment: np.datetime64 | None = None if known_by is None else to_instant(known_by)
    return reference_panel(lake, methodology, panel, progress, moment)
