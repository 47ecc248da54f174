"""Rows of files for the table of events: both assets identified, each fault with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from basketry.core.errors import nearest_hint
from basketry.lake.lake import Lake
from basketry.market.event_checks import Fault, fault_of


@dataclass(frozen=True, slots=True)
class KnownAssets:
    """Assets that an event may concern.

    Attributes:
        ids: Those of observations and of the table of assets.
        observed: Whether the lake holds observations; where it holds none yet, any asset is taken.
    """

    ids: frozenset[str]
    observed: bool

    @staticmethod
    def of(lake: Lake) -> KnownAssets:
        """Return the assets of a lake."""
        seen = [lake.read(name)["asset"].unique() for name in ("daily", "intraday")]
        ids = frozenset(pl.concat([*seen, lake.read("assets")["asset"]]).to_list())
        return KnownAssets(ids, observed=any(len(assets) for assets in seen))

    def fault(self, asset: str) -> Fault | None:
        """Return the fault of an event that concerns an asset, None where the asset is known."""
        if asset in self.ids or not self.observed:
            return None
        remedy = f"give an id of the observations or the table of assets{nearest_hint(asset, self.ids)}"
        return Fault("asset", "the lake knows no such asset", remedy)


def event_faults(rows: Iterable[Mapping[str, Any]], known: KnownAssets) -> Iterator[Fault | None]:
    """Return for each row with time, kind and asset its first fault, None where it has none."""
    for row in rows:
        yield fault_of(row) or known.fault(row["asset"])
