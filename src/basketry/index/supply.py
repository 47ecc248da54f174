"""Which supply is believed: a jump is not, until something beside the figure itself confirms it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.core.time import to_instant
from basketry.index.supply_kernels import first_jumps, follow, widen
from basketry.market.panel import Panel
from basketry.methodology.sections import Guard, Override

AGREEMENT = 1.1
"""Two sources agree on a supply when neither is more than this factor above the other."""

YOUNG = timedelta(days=7)
"""In the first days of a series every figure is believed: there is none before it to judge it by."""

EVENT_REACH = timedelta(days=7)
"""A recorded corporate event confirms what is reported this long after it took effect."""

_NEVER = np.iinfo(np.int64).max
_Limits = tuple[float, float, float, int, int]
Accepted = Mapping[int, tuple[np.datetime64, ...]]


@dataclass
class _Path:
    """What was believed of one asset at the rows followed so far."""

    believed: Floats
    state: Floats = field(default_factory=lambda: np.array([np.nan, np.nan, 0.0, 0.0, 0.0]))
    done: int = 0


def unbelieved(
    view: Panel, guard: Guard, columns: NDArray[np.int64], accepted: Accepted
) -> dict[int, tuple[float, float]]:
    """Return (supply believed, supply reported) by column where the last supply reported is not believed.

    The supply is followed through the history of the view in units of its last instant, so that the answer depends on
    nothing but the view and the decisions.

    Args:
        view: The panel as of the determination, with the field `supply`.
        guard: Its limits; `supply_change` is set.
        columns: Assets asked for, shape (n,).
        accepted: By column, the instants from which the next figure reported was accepted by decision.
    """
    columns = _suspects(view, guard, columns)
    if not len(columns):
        return {}
    supplies = view.comparable("supply", columns=columns)
    seconds = view.comparable("second_supply", columns=columns) if "second_supply" in view.fields else None
    prices = view.comparable("price", columns=columns)
    found = {}
    for place, column in enumerate(columns.tolist()):
        reported = np.ascontiguousarray(supplies[:, place])
        second = np.full(len(reported), np.nan) if seconds is None else np.ascontiguousarray(seconds[:, place])
        price = np.ascontiguousarray(prices[:, place])
        path = _followed(view, guard, column, reported, second, price, accepted.get(column, ()))
        known = np.flatnonzero(reported > 0)
        if not len(known):
            continue
        last, believed = float(reported[known[-1]]), float(path[known[-1]])
        if last != believed:
            found[column] = (believed, last)
    return found


def accepted_supplies(overrides: Sequence[Override], view: Panel) -> dict[int, tuple[np.datetime64, ...]]:
    """Return the instants from which the next supply reported was accepted by decision, by column."""
    accepted: dict[int, tuple[np.datetime64, ...]] = {}
    for override in overrides:
        since = to_instant(override.valid_from)
        if override.action == "accept_supply" and since <= view.now and override.asset in view.assets:
            column = view.position(override.asset)
            accepted[column] = tuple(sorted((*accepted.get(column, ()), since)))
    return accepted


def _limits(guard: Guard) -> _Limits:
    microseconds = timedelta(microseconds=1)
    return (
        guard.supply_step or np.inf,
        guard.supply_change or np.inf,
        AGREEMENT,
        guard.supply_window // microseconds,
        YOUNG // microseconds,
    )


def _suspects(view: Panel, guard: Guard, columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of some assets whose supplies ever moved by more than is believed at once."""
    limits = _limits(guard)
    moved = columns[_moved(view, min(limits[0], limits[1]))[columns]]
    jumped = moved[_jumped(view, limits, moved)] if len(moved) else moved
    done = view.actions.at(view.now)
    if done is not None and done.origins:
        # What was reported of the asset before is another's.
        continued = columns[np.isin(columns, list(done.origins))]
        return np.union1d(jumped, continued)
    return jumped


def _moved(view: Panel, factor: float) -> Bools:
    """Return which supplies were ever a factor apart, shape (N,): no other can have jumped by more."""
    supply = view.field("supply")
    held = view.shared.get("supply range")
    if held is None:
        size = len(view.assets)
        held = view.shared["supply range"] = [0, np.full(size, np.inf), np.zeros(size)]
    done, low, high = held
    if done > len(supply):
        # A later cut has looked further; that only adds suspects.
        return high > factor * low
    widen(supply[done : view.finished], low, high)
    held[0] = view.finished
    if view.finished < len(supply):
        low, high = low.copy(), high.copy()
        widen(supply[view.finished :], low, high)
    return high > factor * low


def _jumped(view: Panel, limits: _Limits, columns: NDArray[np.int64]) -> Bools:
    """Return whose supply ever moved by more than is believed at once, shape (n,)."""
    supply = view.field("supply")
    stamps = view.times.astype(np.int64)
    key = ("supply jumps", limits)
    # Each row of an asset is looked at once for all cuts of the panel; one that can still change is looked at anew.
    held = view.shared.get(key)
    if held is None:
        numbers = np.zeros((6, len(view.assets)), dtype=np.int64)
        numbers[0] = _NEVER
        figures = np.full((5, len(view.assets)), np.nan)
        figures[3], figures[4] = np.inf, 0.0
        held = view.shared[key] = (numbers, figures)
    first_jumps(supply[: view.finished], stamps, columns, limits, held)
    if view.finished < len(supply):
        held = (held[0].copy(), held[1].copy())
        first_jumps(supply, stamps, columns, limits, held)
    return np.asarray(held[0][0, columns] < len(supply))


def _followed(
    view: Panel,
    guard: Guard,
    column: int,
    reported: Floats,
    second: Floats,
    price: Floats,
    accepted: tuple[np.datetime64, ...],
) -> Floats:
    """Return the supply of one asset that is believed at each row, shape (T,)."""
    done = view.actions.at(view.now)
    origins = () if done is None else done.origins.get(column, ())
    events = () if done is None else done.touched.get(column, ())
    limits = _limits(guard)
    key = ("supply path", column, origins, events, accepted, limits)
    path = view.shared.get(key)
    if path is None:
        path = view.shared[key] = _Path(np.empty(0))
    if len(path.believed) < len(reported):
        path.believed = np.concatenate([path.believed, np.empty(len(reported) - len(path.believed))])
    confirmed = _confirmed(view, reported, events, accepted)
    stamps = view.times.astype(np.int64)
    if path.done < view.finished:
        follow(reported, second, price, confirmed, stamps, limits, path.state, path.believed, path.done, view.finished)
        path.done = view.finished
    believed = path.believed[: len(reported)]
    if path.done < len(reported):
        believed = believed.copy()
        state = path.state.copy()
        follow(reported, second, price, confirmed, stamps, limits, state, believed, path.done, len(reported))
    return believed


def _confirmed(view: Panel, reported: Floats, events: tuple[Any, ...], accepted: tuple[np.datetime64, ...]) -> Bools:
    mask = np.zeros(len(reported), dtype=bool)
    for time in events:
        mask[(view.times >= time) & (view.times < time + np.timedelta64(EVENT_REACH))] = True
    for since in accepted:
        rows = np.flatnonzero((view.times >= since) & (reported > 0))
        mask[rows[:1]] = True
    return mask
