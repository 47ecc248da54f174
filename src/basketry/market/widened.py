"""A panel that knows more ids than it has figures of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from basketry.core.numbers import Floats

if TYPE_CHECKING:
    from basketry.market.panel import Panel


def widened(panel: Panel, assets: Sequence[str]) -> Panel:
    """Return a panel with a column for each of some ids; of those that it did not hold nothing is known.

    Args:
        panel: The panel.
        assets: Ids in ascending order, those of the panel among them.

    >>> from basketry.market.panel import Panel
    >>> day = np.array(["2020-01-01"], dtype="datetime64[us]")
    >>> widened(Panel(day, ("b",), {"price": np.array([[2.0]])}), ("a", "b")).field("price").tolist()
    [[nan, 2.0]]
    """
    if tuple(assets) == panel.assets:
        return panel
    places = np.searchsorted(np.array(assets, dtype=object), np.array(panel.assets, dtype=object))
    revisions = panel.revisions

    def spread(values: Floats) -> Floats:
        found = np.full((len(values), len(assets)), np.nan)
        found[:, places] = values
        return found

    return replace(
        panel,
        assets=tuple(assets),
        fields={name: spread(values) for name, values in panel.fields.items()},
        revisions=None if revisions is None else replace(revisions, columns=places[revisions.columns]),
        memberships={},
        _memory={},
    )
