"""Checks of the table of events: rows that are none, unknown assets, impossible chains, ratios that do not fit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import polars as pl

from basketry.core.errors import nearest_hint
from basketry.core.event_kind import EventKind
from basketry.core.frames import INSTANT
from basketry.market.event_chains import clashes, named
from basketry.market.event_checks import canonical_events, last_known, refused_events, sound_events, told
from basketry.market.event_ratio import RATIO_TOLERANCE, ratio_contradiction
from basketry.market.quality import Finding

AROUND = timedelta(days=30)
"""Prices further from an event say nothing about its ratio: markets move that much."""

_ROWS = pl.Schema(
    {"time": INSTANT, "asset": pl.String(), "field": pl.String(), "value": pl.Float64(), "reason": pl.String()}
)


def check_events(events: pl.DataFrame, prices: pl.DataFrame, known: Iterable[str]) -> list[Finding]:
    """Return what each check of the table of events finds, empty findings included.

    Args:
        events: EVENTS, in the order of its key; of rows about one event the one known last counts.
        prices: Observations (DAILY schema).
        known: Ids that the lake knows beside those of `prices`.
    """
    rows = canonical_events(events)
    faults = refused_events(rows)
    refused = [
        _row(rows.row(place, named=True), fault.column, told(rows.row(place, named=True), fault))
        for place, fault in faults
    ]
    sound = sound_events(rows)
    priced = prices.drop_nulls("price")
    held = set(priced["asset"].unique())
    return [
        Finding("refused events", "rows that are no events; panels refuse them", _table(refused), quarantined=True),
        unknown_assets(sound, held, {*held, *known}),
        _impossible_chains(sound),
        wrong_ratios(sound, priced),
    ]


def unknown_assets(events: pl.DataFrame, priced: set[str], known: set[str]) -> Finding:
    """Return events of assets that are not known, and those with a new asset without prices.

    Args:
        events: EVENTS, sound.
        priced: Assets with observations.
        known: Those, and others that a table names.

    >>> from basketry.core.frames import EVENTS
    >>> unknown_assets(EVENTS.empty(), {"a"}, {"a"}).rows.height
    0
    """
    found = []
    for row in events.iter_rows(named=True):
        kind, new_asset = EventKind(row["kind"]), row["new_asset"]
        if row["asset"] not in known:
            hint = nearest_hint(row["asset"], known)
            found.append(_row(row, "asset", f"{kind} of an asset that is not known{hint}; it changes nothing"))
        elif new_asset is not None and new_asset not in priced:
            preposition, becomes = "of", "what is credited has no price"
            if kind.converts:
                goes_on = f"{row['asset']!r} goes on under the id that it has"
                preposition = "to"
                becomes = goes_on if kind is EventKind.NAME_CHANGE else "it counts as a delisting"
            hint = nearest_hint(new_asset, priced)
            words = f"{kind} {preposition} {new_asset!r}, of which there is no price{hint}; {becomes}"
            found.append(_row(row, "new_asset", words))
    return Finding(
        "unknown assets of events", "an asset that the lake does not know, or a new one without prices", _table(found)
    )


def _impossible_chains(events: pl.DataFrame) -> Finding:
    found = []
    for clash in clashes(events.iter_rows(named=True)):
        *others, row = clash.rows
        beside = " and ".join(named(other) for other in others)
        words = f"{named(row)} beside the {beside}: {clash.fault.reason}; {clash.fault.remedy}"
        found.append((row["time"], row["asset"], clash.fault.column, None, words))
    return Finding("impossible chains of events", "events that cannot all have happened", _table(found))


def wrong_ratios(events: pl.DataFrame, priced: pl.DataFrame) -> Finding:
    """Return the ratios that the prices around an event contradict.

    Args:
        events: EVENTS, sound and in the order of its key; of rows about one event the one known last counts.
        priced: Observations (DAILY schema) with a price, one a time and asset.

    >>> from basketry.core.frames import DAILY, EVENTS
    >>> wrong_ratios(EVENTS.empty(), DAILY.empty()).rows.height
    0
    """
    found = []
    by_asset = priced.select("time", "asset", "price").sort("time").partition_by("asset", as_dict=True)
    for row in last_known(events).iter_rows(named=True):
        if not EventKind(row["kind"]).converts:
            continue
        new_asset = row["new_asset"] or row["asset"]
        old, new = by_asset.get((row["asset"],)), by_asset.get((new_asset,))
        if old is None or new is None:
            continue
        before = old.filter(pl.col("time").is_between(row["time"] - AROUND, row["time"], closed="left"))["price"].tail(
            1
        )
        after = new.filter(pl.col("time").is_between(row["time"], row["time"] + AROUND))["price"].head(1)
        if before.is_empty() or after.is_empty():
            continue
        ratio = 1.0 if row["ratio"] is None else row["ratio"]
        words = ratio_contradiction(ratio, before.item(), after.item())
        if words is not None:
            to = f" to {new_asset!r}" if new_asset != row["asset"] else ""
            fits = before.item() / after.item()
            found.append(_row(row, "ratio", f"{row['kind']}{to}: {words} (a ratio near {fits:.3g} fits the prices)"))
    meaning = f"a ratio more than {RATIO_TOLERANCE:g} times off the prices before and after"
    return Finding("ratios of events", meaning, _table(found))


def _row(event: dict[str, Any], column: str, reason: str) -> tuple[Any, ...]:
    value = event[column] if column == "ratio" else None
    return event["time"], event["asset"], column, value, reason


def _table(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_ROWS, orient="row")
