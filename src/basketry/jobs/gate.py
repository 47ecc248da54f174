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

    A step passes one where the level moves by more than `guard.level_jump`, or the observed prices of a share
    `guard.member_share` of the members by more than `guard.member_jump` the same way; both up or down.

    Args:
        result: The index.
        since: Steps that end later are looked at; all unless given.
    """
    found = [*_level_jumps(result), *_member_jumps(result, since)]
    found = [jump for jump in found if since is None or jump.time > since]
    return tuple(sorted(found, key=lambda jump: (jump.time, jump.words)))


def _guards(result: IndexResult) -> list[Guard]:
    """Return the guard in force at each instant of the levels."""
    versions = result.methodology.versions
    places = np.searchsorted(np.array([version.valid_from for version in versions]), result.times, side="right") - 1
    return [versions[place].rules.guard for place in places.tolist()]


def _bounds(bounds: Iterable[float | None]) -> Floats:
    return np.array([np.inf if bound is None else bound for bound in bounds])


def _level_jumps(result: IndexResult) -> list[Jump]:
    level = result.level()
    bounds = _bounds(guard.level_jump for guard in _guards(result))[1:]
    before, after = level[:-1], level[1:]
    rows = np.flatnonzero((after > bounds * before) | (before > bounds * after))
    return [
        Jump(
            result.times[row + 1],
            f"the level moves from {before[row]:,.4f} to {after[row]:,.4f}, more than {bounds[row]:g} times",
        )
        for row in rows.tolist()
    ]


def _member_jumps(result: IndexResult, since: np.datetime64 | None) -> list[Jump]:
    times, guards = result.times, _guards(result)
    factors, shares = _bounds(guard.member_jump for guard in guards), _bounds(guard.member_share for guard in guards)
    stamps = result.panel.times
    start = 0 if since is None else max(int(np.searchsorted(stamps, since, side="right")) - 1, 0)
    # In units of the last instant: a redenomination is no move.
    price = result.panel.comparable("price", start)
    found = []
    for segment in result.segments:
        columns = segment.columns if segment.frozen is None else segment.columns[~segment.frozen]
        first = max(int(np.searchsorted(stamps, times[segment.start], side="right")) - 1, start)
        last = int(np.searchsorted(stamps, times[segment.end], side="right"))
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
    return found


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
