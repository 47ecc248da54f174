"""Events of which each is sound and that cannot all have happened: two successors, a life after one, a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from basketry.core.event_kind import EventKind
from basketry.market.event_checks import Fault

Row = Mapping[str, Any]

_TWICE = Fault(
    "new_asset",
    "an asset becomes another twice",
    "leave the one that is right; a correction has the same time, kind and assets and a later known_at",
)
_AFTER = Fault(
    "time",
    "an asset has an event after it became another",
    "leave the one that is right; what the new asset does stands under its id",
)
_CIRCLE = Fault(
    "new_asset",
    "assets become each other in a circle",
    "leave what is right; an asset that comes back has an id of its own",
)


@dataclass(frozen=True, slots=True)
class Clash:
    """Events that cannot all have happened.

    Attributes:
        rows: As they were given, the last one the event that the others rule out.
        fault: Why, and what to do.
    """

    rows: tuple[Row, ...]
    fault: Fault


def clashes(rows: Iterable[Row]) -> list[Clash]:
    """Return what cannot all have happened, of sound rows of the table of events in their canonical form.

    Rows with one time, kind and assets tell one event, however often they correct it. At the instant of its conversion
    an asset is still there. A delisting contradicts nothing, before or after: the asset goes on elsewhere.

    >>> rows = [{"time": 1, "kind": "merger", "asset": "a", "new_asset": "b"}]
    >>> clashes([*rows, {"time": 2, "kind": "merger", "asset": "b", "new_asset": "c"}])
    []
    >>> clashes([*rows, {"time": 2, "kind": "migration", "asset": "b", "new_asset": "a"}])[0].fault.reason
    'assets become each other in a circle'
    """
    events: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        events.setdefault(event_key(row), row)
    found = []
    became: dict[str, Row] = {}
    for row in sorted(events.values(), key=lambda row: row["time"]):
        kind, asset, new_asset = EventKind(row["kind"]), row["asset"], row.get("new_asset")
        moves = kind.converts and new_asset is not None
        if not (moves or kind.distributes or kind is EventKind.REDENOMINATION):
            continue
        end = became.get(asset)
        onward = _onward(new_asset, became) if moves else []
        if moves and asset in became:
            found.append(Clash((became[asset], row), _TWICE))
        elif end is not None and end["time"] < row["time"]:
            found.append(Clash((end, row), _AFTER))
        elif onward and onward[-1]["new_asset"] == asset:
            found.append(Clash((*onward, row), _CIRCLE))
        elif moves:
            became[asset] = row
    return found


def event_key(row: Row) -> tuple[Any, ...]:
    """Return what a row shares with those that correct it."""
    return row["time"], row["kind"], row["asset"], row.get("new_asset")


def named(row: Row) -> str:
    """Return an event for a message, as in "merger of 'a' to 'b' at 2024-01-26 00:00"."""
    to = f" to {row['new_asset']!r}" if EventKind(row["kind"]).converts and row.get("new_asset") else ""
    return f"{row['kind']} of {row['asset']!r}{to} at {row['time']:%Y-%m-%d %H:%M}"


def _onward(asset: str | None, became: Mapping[str, Row]) -> list[Row]:
    """Return the conversions, one after the other, by which an asset went on."""
    chain: list[Row] = []
    while asset is not None and asset in became:
        chain.append(became[asset])
        asset = chain[-1]["new_asset"]
    return chain
