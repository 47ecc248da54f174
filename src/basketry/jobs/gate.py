"""The gate before publication: steps that are more likely an error of the data than a move of the market."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from basketry.core.errors import RecordError
from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.index.result import IndexResult
from basketry.ledger.folder import stamp
from basketry.market.panel import Panel
from basketry.methodology.sections import Guard


@dataclass(frozen=True)
class Release:
    """Somebody answers for levels that the gate holds back.

    Attributes:
        reason: Why they are right. approver: Who says so.
    """

    reason: str
    approver: str


@dataclass(frozen=True)
class Jump:
    """A step that passes a bound of the guard.

    Attributes:
        time: The instant at which it ends. words: What moved, and by how much.
    """

    time: np.datetime64
    words: str


def jumps(result: IndexResult, since: np.datetime64 | None = None) -> tuple[Jump, ...]:
    """Return the steps that end after an instant and pass a bound of the guard, in the order of time.

    A step passes one where the level, as published, moves by more than `guard.level_jump`, or the observed prices of a
    share `guard.member_share` of the members by more than `guard.member_jump` the same way; both up or down.

    Args:
        result: The index.
        since: Steps that end later are looked at; all unless given.
    """
    found = [*level_steps(result, since), *member_steps(result, result.panel, since)]
    return tuple(sorted(found, key=lambda jump: (jump.time, jump.words)))


def _guards(result: IndexResult) -> list[Guard]:
    """Return the guard in force at each instant of the levels."""
    versions = result.methodology.versions
    places = np.searchsorted(np.array([version.valid_from for version in versions]), result.times, side="right") - 1
    return [versions[place].rules.guard for place in places.tolist()]


def _bounds(bounds: Iterable[float | None]) -> Floats:
    return np.array([np.inf if bound is None else bound for bound in bounds])


def level_steps(
    result: IndexResult, since: np.datetime64 | None = None, through: np.datetime64 | None = None
) -> list[Jump]:
    """Return the steps of the published levels that pass their bound and end in (since, through]; see `jumps`."""
    level = result.published_levels["price_return"].to_numpy()
    bounds = _bounds(guard.level_jump for guard in _guards(result))[1:]
    before, after = level[:-1], level[1:]
    rows = np.flatnonzero((after > bounds * before) | (before > bounds * after))
    found = [
        Jump(
            result.times[row + 1],
            f"the level moves from {before[row]:,.4f} to {after[row]:,.4f}, more than {bounds[row]:g} times",
        )
        for row in rows.tolist()
    ]
    return _within(found, since, through)


def member_steps(
    result: IndexResult, panel: Panel, since: np.datetime64 | None = None, through: np.datetime64 | None = None
) -> list[Jump]:
    """Return the steps of the prices of members that pass their bound and end in (since, through]; see `jumps`.

    Args:
        result: The index, for its members.
        panel: The market whose prices count.
        since, through: The instants between which steps end; all unless given.
    """
    times, guards = result.times, _guards(result)
    factors, shares = _bounds(guard.member_jump for guard in guards), _bounds(guard.member_share for guard in guards)
    stamps = panel.times
    start = 0 if since is None else max(int(np.searchsorted(stamps, since, side="right")) - 1, 0)
    stop = len(stamps) if through is None else int(np.searchsorted(stamps, through, side="right"))
    if stop - start < 2:
        return []
    # In units of the last instant: a redenomination is no move.
    price = panel.comparable("price", start, stop)
    places_of = {asset: place for place, asset in enumerate(panel.assets)}
    column_of = np.array([places_of.get(asset, -1) for asset in result.panel.assets])
    found = []
    for segment in result.segments:
        columns = column_of[segment.columns if segment.frozen is None else segment.columns[~segment.frozen]]
        columns = columns[columns >= 0]
        first = max(int(np.searchsorted(stamps, times[segment.start], side="right")) - 1, start)
        last = min(int(np.searchsorted(stamps, times[segment.end], side="right")), stop)
        if not len(columns) or last - first < 2:
            continue
        prices = price[first - start : last - start, columns]
        known = (~np.isnan(prices[1:]) & ~np.isnan(prices[:-1])).sum(axis=1)
        places = np.minimum(np.searchsorted(times, stamps[first + 1 : last]), len(times) - 1)
        factor = factors[places][:, None]
        for way, moved in (("up", prices[1:] > factor * prices[:-1]), ("down", prices[:-1] > factor * prices[1:])):
            count = moved.sum(axis=1)
            for row in np.flatnonzero((count > 0) & (count >= shares[places] * known)).tolist():
                words = f"the prices of {count[row]} of {known[row]} members move {way} by more than"
                words += f" {factor[row, 0]:g} times"
                found.append(Jump(times[places[row]], words))
    return _within(found, since, through)


def _within(found: Iterable[Jump], since: np.datetime64 | None, through: np.datetime64 | None) -> list[Jump]:
    return [
        jump for jump in found if (since is None or jump.time > since) and (through is None or jump.time <= through)
    ]


def require_plausible(
    result: IndexResult, since: np.datetime64 | None, release: Release | None
) -> list[tuple[str, dict[str, Any]]]:
    """Return the entries that release steps which pass a bound, none where there are none.

    Raises:
        RecordError: There are some, and nobody releases them.
    """
    found = jumps(result, since)
    if not found:
        return []
    first = found[0]
    if release is None or not release.reason.strip():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RecordError(
            f"{result.methodology.symbol}: at {format_instant(first.time)} {first.words}{more}; not published. If it "
            "is right, publish with --release REASON"
        )
    return [("released", {"time": stamp(jump.time), "found": jump.words, **release.__dict__}) for jump in found]
