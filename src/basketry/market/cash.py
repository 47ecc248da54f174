"""The cash member of an index: an id without data, so that no rule ranks, caps or screens it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from basketry.core.errors import DataError
from basketry.core.frozen import changed
from basketry.market.comparable import Actions
from basketry.market.widened import widened

if TYPE_CHECKING:
    from basketry.market.panel import Panel

CASH = "cash"
"""Id of the cash member: units of the currency of the index."""


def with_cash(panel: Panel) -> Panel:
    """Return a panel that knows the id `cash`, of which it holds no figure.

    Raises:
        DataError: The data hold prices of an asset of that id.

    >>> from basketry.market.panel import Panel
    >>> days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[us]")
    >>> market = Panel(days, ("bitcoin", "ether"), {"price": np.array([[10.0, 2.0], [11.0, 2.0]])})
    >>> with_cash(market).assets, with_cash(market).field("price")[0].tolist()
    (('bitcoin', 'cash', 'ether'), [10.0, nan, 2.0])
    """
    place = int(np.searchsorted(np.array(panel.assets, dtype=object), CASH)) if panel.assets else 0
    if CASH in panel.assets:
        if not np.isnan(panel.field("price")[:, place]).all():
            raise DataError(
                f"the data hold prices of an asset {CASH!r}, which is the id of the cash member (weight.cash); import "
                "that asset under another id"
            )
        kept: Panel = panel.remember(CASH, lambda: _unconcerned(replace(panel, memberships={}, _memory={})))
        return changed(kept, memberships=panel.memberships, change=panel.change) if panel.memberships else kept
    memberships = {
        symbol: replace(entry, members=np.insert(entry.members, place, False, axis=1))
        for symbol, entry in panel.memberships.items()
    }
    assets = (*panel.assets[:place], CASH, *panel.assets[place:])
    found: Panel = panel.remember(CASH, lambda: _unconcerned(widened(panel, assets)))
    return changed(found, memberships=memberships, change=panel.change) if memberships else found


def _unconcerned(panel: Panel) -> Panel:
    """Return a new panel on which events that name the id are of an asset without data."""
    columns = {asset: column for column, asset in enumerate(panel.assets) if asset != CASH}
    panel._memory["actions"] = Actions(panel.corporate, columns, len(panel.assets))
    return panel
