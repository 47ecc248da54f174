"""The sanity guard: what an absurd price, supply or capitalisation does to a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.index.kernels import spread_exceeds
from basketry.index.supply import Accepted, unbelieved
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.sections import Guard


@dataclass(frozen=True)
class Verdict:
    """What the guard did to some candidates.

    Attributes:
        refused: Reason by column for candidates that may not be selected.
        frozen: (corrected capitalisation, reason) by column for candidates whose supply is not believed.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    frozen: Mapping[int, tuple[float, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.refused or self.frozen)


@dataclass
class _Examined:
    """What was found so far at one instant.

    Attributes:
        asked: Who was examined, shape (N,).
        found: In whom something was found, shape (N,).
        refused, frozen: As in Verdict.
    """

    asked: Bools
    found: Bools
    refused: dict[int, str] = field(default_factory=dict)
    frozen: dict[int, tuple[float, str]] = field(default_factory=dict)


def examine(
    view: Panel,
    guard: Guard,
    columns: NDArray[np.int64],
    accepted: Accepted | None = None,
    carry: timedelta = timedelta(days=3),
) -> Verdict:
    """Return what the guard finds in some candidates at the last instant of a panel.

    It looks at what was observed and not at corrections; each candidate is judged by itself.

    Args:
        view: The panel as of the determination.
        guard: Factors and windows.
        columns: Candidates to examine, shape (n,).
        accepted: By column, the instants from which the next supply reported was accepted by decision.
        carry: Greatest age of a price of a candidate.
    """
    view = view.observed
    size = len(view.assets)
    # Each is examined once for all who ask the same: a review, its second pass, the next methodology.
    key = ("examined", guard.key, carry, tuple(sorted((accepted or {}).items())))
    done: _Examined = view.remember(key, lambda: _Examined(np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)))
    new = columns[~done.asked[columns]]
    if len(new):
        done.refused |= _refused(view, guard, new, accepted or {}, carry, done.frozen)
        done.asked[new] = True
        done.found[[*done.refused, *done.frozen]] = True
    flagged = columns[done.found[columns]].tolist()
    if not flagged:
        return _CLEAN
    return Verdict(
        {column: done.refused[column] for column in flagged if column in done.refused},
        {column: done.frozen[column] for column in flagged if column in done.frozen},
    )


_CLEAN = Verdict()


def _refused(
    view: Panel,
    guard: Guard,
    columns: NDArray[np.int64],
    accepted: Accepted,
    carry: timedelta,
    frozen: dict[int, tuple[float, str]],
) -> dict[int, str]:
    """Return reasons by column, and enter in `frozen` whose supply is not believed."""
    refused: dict[int, str] = {}
    price = view.latest("price", carry)
    if guard.price_jump is not None:
        for column, median in _far_above_median(view, "price", guard.price_window, guard.price_jump, columns, price):
            refused[column] = (
                f"price {price[column]:.6g} is more than {guard.price_jump:g} times its median {median:.6g} "
                f"of {guard.price_window.days} days"
            )
    if "market_cap" not in view.fields:
        return refused
    cap = view.latest("market_cap")[columns]
    if guard.supply_change is not None and "supply" in view.fields:
        frozen |= _frozen_supplies(view, guard, columns[~np.isnan(cap)], price, accepted)
    if guard.min_turnover is not None and "volume" in view.fields:
        volume = view.statistic("volume", "median", guard.supply_window)[columns]
        believed = np.array([frozen[c][0] if c in frozen else cap[n] for n, c in enumerate(columns.tolist())])
        share = volume / believed
        for place in np.flatnonzero(share < guard.min_turnover):
            refused[int(columns[place])] = (
                f"median daily volume is {share[place]:.2g} of its capitalisation {believed[place]:.3g}, "
                f"below {guard.min_turnover:g}"
            )
    return refused


def _frozen_supplies(
    view: Panel, guard: Guard, columns: NDArray[np.int64], price: Floats, accepted: Accepted
) -> dict[int, tuple[float, str]]:
    return {
        column: (
            float(price[column] * believed),
            f"supply {reported:.6g} is {reported / believed:.3g} times the {believed:.6g} believed before it jumped; "
            "that counts until a second source, a recorded event or an override accept_supply confirms another",
        )
        for column, (believed, reported) in unbelieved(view, guard, columns, accepted).items()
    }


def _far_above_median(
    view: Panel, name: str, length: timedelta, factor: float, columns: NDArray[np.int64], now: Floats
) -> list[tuple[int, float]]:
    columns = columns[_unsteady(view, name, length, factor)[columns]]
    if not len(columns):
        return []
    median = window_statistic(view.window(name, length)[:, columns], "median")
    return [
        (int(columns[place]), float(median[place]))
        for place in range(len(columns))
        if now[columns[place]] > factor * median[place]
    ]


def _unsteady(view: Panel, name: str, length: timedelta, factor: float) -> Bools:
    """Return which assets moved by a factor at all within a window, shape (N,); no other is far from its median."""
    key = ("unsteady", name, length, factor)
    mask: Bools = view.remember(key, lambda: spread_exceeds(view.window(name, length), factor))
    return mask


def without(mask: Bools, columns: Mapping[int, str]) -> Bools:
    """Return a mask with some columns switched off."""
    if not columns:
        return mask
    kept = mask.copy()
    kept[list(columns)] = False
    return kept
