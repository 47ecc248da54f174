"""Rows of files for the table of events, judged alone and beside what the lake holds, each fault with its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from basketry.core.errors import nearest_hint
from basketry.lake.lake import Lake
from basketry.market.event_chains import Clash, clashes, event_key, named
from basketry.market.event_checks import Fault, canonical_events, fault_of, sound_events
from basketry.market.event_quality import AROUND, unknown_assets, wrong_ratios


@dataclass(frozen=True, slots=True)
class Held:
    """What a lake holds that events are judged by.

    Attributes:
        ids: Assets of observations and of the table of assets.
        priced: Assets of observations.
        events: The sound rows of its table of events.
        where: Where the parts of that table lie.
    """

    ids: frozenset[str]
    priced: frozenset[str]
    events: tuple[Mapping[str, Any], ...]
    where: str

    @staticmethod
    def of(lake: Lake) -> Held:
        """Return what a lake holds."""
        seen = [lake.read(name)["asset"].unique() for name in ("daily", "intraday")]
        ids = frozenset(pl.concat([*seen, lake.read("assets")["asset"]]).to_list())
        events = tuple(sound_events(canonical_events(lake.read("events"))).to_dicts())
        return Held(ids, frozenset(pl.concat(seen).to_list()), events, f"{lake.address}/events")

    @property
    def observed(self) -> bool:
        """Whether the lake holds observations; where it holds none yet, any asset is taken."""
        return bool(self.priced)

    def fault(self, asset: str) -> Fault | None:
        """Return the fault of an event that concerns an asset, None where the asset is known."""
        if asset in self.ids or not self.observed:
            return None
        remedy = f"give an id of the observations or the table of assets{nearest_hint(asset, self.ids)}"
        return Fault("asset", "the lake knows no such asset", remedy)


def event_faults(rows: Iterable[Mapping[str, Any]], held: Held) -> Iterator[Fault | None]:
    """Return for each row with time, kind and asset its first fault, None where it has none."""
    for row in rows:
        yield fault_of(row) or held.fault(row["asset"])


def clash_faults(rows: Sequence[Mapping[str, Any]], held: Held) -> Iterator[Fault | None]:
    """Return for each sound row with file and line why it cannot have happened beside others; None where it can.

    Which of several is wrong nobody knows: each row that has a part in a clash has the fault.
    """
    found: dict[tuple[Any, ...], Clash] = {}
    for clash in clashes([*held.events, *rows]):
        for row in clash.rows:
            found.setdefault(event_key(row), clash)
    for row in rows:
        here = found.get(event_key(row))
        if here is None:
            yield None
            continue
        others = (other for other in here.rows if event_key(other) != event_key(row))
        beside = " and ".join(f"{named(other)} ({_place(other, held)})" for other in others)
        yield replace(here.fault, remedy=f"beside the {beside}; {here.fault.remedy}")


def _place(row: Mapping[str, Any], held: Held) -> str:
    return f"{row['file']} line {row['line']}" if "line" in row else f"in a part of {held.where}"


def doubts(lake: Lake, rows: pl.DataFrame) -> list[str]:
    """Return in words what of some events the prices of the lake do not bear out, as `data check` tells it.

    Those are ratios that they contradict, and new assets without a price.

    Args:
        lake: Holds the events, and may hold prices.
        rows: The events in question (EVENTS schema).
    """
    told = sound_events(canonical_events(lake.read("events")))
    told = told.join(
        rows, on=["time", "kind", "asset", "new_asset"], how="semi", nulls_equal=True, maintain_order="left"
    )
    if told.is_empty():
        return []
    first, last = told["time"].to_list()[0], told["time"].to_list()[-1]
    tables = [lake.read(name, start=first - AROUND, end=last + AROUND) for name in ("daily", "intraday")]
    prices = pl.concat(tables, how="diagonal_relaxed").unique(["time", "asset"], keep="last", maintain_order=True)
    held = Held.of(lake)
    found = wrong_ratios(told, prices.drop_nulls("price")).rows
    if held.observed:
        found = pl.concat([found, unknown_assets(told, set(held.priced), set(held.ids)).rows])
    return [f"{row['time']:%Y-%m-%d} {row['asset']}: {row['reason']}" for row in found.iter_rows(named=True)]
