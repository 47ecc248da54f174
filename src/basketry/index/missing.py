"""Members without a price: when they leave, what is written down, and the status of the levels until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.index.basket import Basket
from basketry.index.records import Evidence, Status
from basketry.methodology.sections import Missing

SILENT = "no member has a price at this instant"
SHOWN = 3
"""So many assets are named in the reason of a level, the others counted."""


@dataclass(frozen=True, eq=False)
class Marks:
    """Status, age and sources of levels in a row, shape (k,) each, and the reasons as (row, reason)."""

    status: NDArray[np.uint8]
    ages: NDArray[np.int64]
    sources: NDArray[np.uint32]
    reasons: tuple[tuple[int, str], ...]


def microseconds(length: timedelta) -> int:
    """Return a length of time as whole microseconds."""
    return length // timedelta(microseconds=1)


def live_below(missing: Missing, step: int) -> int:
    """Return the age in microseconds below which a price is live: as the rules say, or one step of the data."""
    return step if missing.live is None else microseconds(missing.live)


def first_removal(ages: NDArray[np.int64], news: NDArray[np.int64], cash: Bools, missing: Missing) -> int | None:
    """Return the first row at which a member is to leave for lack of a price; None where none is.

    Nobody leaves in silence, when no member has a price, nor where all are too old.

    Args:
        ages: Age of each price in microseconds, shape (k, n).
        news: Number of members with a new price, shape (k,).
        cash: Members held as cash, shape (n,).
        missing: The policy.
    """
    if missing.then in ("keep", "suspend"):
        return None
    too_old = ages > microseconds(missing.carry_forward)
    due = too_old.any(axis=1) & ~(too_old | cash).all(axis=1) & (news > 0)
    return int(due.argmax()) if due.any() else None


def removal_evidence(
    basket: Basket,
    gone: Bools,
    time: np.datetime64,
    names: tuple[str, ...],
    ages: NDArray[np.int64],
    implausible: Bools,
    missing: Missing,
    halted: Mapping[int, str],
) -> list[Evidence]:
    """Return what is written down of members that leave for lack of a price: last prices and weights.

    Args:
        basket: At the last prices.
        gone: Who leaves, shape (n,).
        time: When.
        names: Ids.
        ages: Age of each price in microseconds, shape (n,).
        implausible: Whose price at the instant was observed and not believed, shape (n,).
        missing: The policy.
        halted: In words by place who is halted at the instant.
    """
    weights = basket.weights
    return [
        Evidence(
            time,
            names[basket.columns[place]],
            "missing_price",
            missing.then,
            f"{'no price that is believed' if implausible[place] else 'no price'} for {ages[place] / 86_400e6:.1f} days"
            f"{', a redenomination perhaps' if implausible[place] else ''}"
            f"{f', {halted[place]}' if place in halted else ''}; last price {basket.prices[place]:.6g} "
            f"at weight {weights[place]:.4%}",
        )
        for place in np.flatnonzero(gone).tolist()
    ]


def marks_of(
    names: list[str],
    ages: NDArray[np.int64],
    implausible: Bools,
    news: NDArray[np.int64],
    counted: Bools,
    missing: Missing,
    live: int,
    halted: Mapping[tuple[int, int], str],
    lost: Mapping[int, str],
) -> Marks:
    """Return the status of levels that were made from prices of some age; carried where no member has a price.

    Args:
        names: Members, length n.
        ages: Age of each price in microseconds, shape (k, n).
        implausible: Prices that were observed and not believed, shape (k, n).
        news: Number of members with a new price, shape (k,).
        counted: Members with a price that is no cash and not awaited, shape (k, n).
        missing: The policy.
        live: Age in microseconds below which a price is live.
        halted: In words by (row, place) which members are halted.
        lost: In words by place who leaves at zero in the last row, which is told even where that is live.
    """
    limit = microseconds(missing.carry_forward)
    young = (ages < max(live, 1)) & counted
    oldest = ages.max(axis=1) if ages.shape[1] else np.zeros(len(ages), dtype=np.int64)
    status = np.zeros(len(ages), dtype=np.uint8)
    reasons = []
    # Where only cash is held, and what waits for its first price, nothing keeps a level live.
    for row in np.flatnonzero((oldest >= max(live, 1)) | ~counted.any(axis=1)).tolist():
        too_old = ages[row] > limit
        lacking = np.flatnonzero(counted[row] & ~young[row]).tolist()
        stopped = {place: halted[row, place] for place in lacking if (row, place) in halted}
        if row == len(ages) - 1:
            lacking = [place for place in lacking if place not in lost]
        if news[row] == 0:
            mark = Status.SUSPENDED if oldest[row] > limit else Status.CARRIED
            told = [SILENT, *(_lacking(names, sorted(stopped), implausible[row], stopped))]
        else:
            mark = Status.CARRIED
            if oldest[row] > limit and (missing.then == "suspend" or too_old[counted[row]].all()):
                mark = Status.SUSPENDED
            elif oldest[row] > limit and missing.then == "keep":
                mark = Status.STALE
            told = _lacking(names, lacking, implausible[row], stopped)
        status[row] = mark
        reasons.append((row, "; ".join(told)))
    if lost:
        last = len(ages) - 1
        told = [words for row, words in reasons if row == last and words]
        reasons = [entry for entry in reasons if entry[0] != last]
        reasons.append((last, "; ".join([*lost.values(), *told])))
    return Marks(status, oldest, np.count_nonzero(young, axis=1).astype(np.uint32), tuple(reasons))


def fresh_marks(rows: int, members: int) -> Marks:
    """Return the status of levels each of whose members has a price at the instant."""
    return Marks(
        np.zeros(rows, dtype=np.uint8),
        np.zeros(rows, dtype=np.int64),
        np.full(rows, members, dtype=np.uint32),
        (),
    )


def held_levels(levels: Floats, status: NDArray[np.uint8], before: float) -> Floats:
    """Return levels in which a suspended one is the one before it; `before` is the level before the first."""
    suspended = np.flatnonzero(status == Status.SUSPENDED)
    if not len(suspended):
        return levels
    held = levels.copy()
    for row in suspended.tolist():
        held[row] = held[row - 1] if row else before
    return held


def _lacking(names: list[str], lacking: list[int], implausible: Bools, halted: Mapping[int, str]) -> list[str]:
    """Return in words whose last price is carried: those halted one by one, the others together."""
    told = [halted[place] for place in lacking if place in halted]
    if len(told) > SHOWN:
        told = [*told[:SHOWN], f"{len(told) - SHOWN} more halted"]
    others = [place for place in lacking if place not in halted]
    if others:
        shown = ", ".join(names[place] for place in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        why = "implausible price" if implausible[others].any() else "no price"
        told.append(f"{why} for {shown}{more} ({len(others)} of {len(names)})")
    return [*told, "last price carried"] if told else []
