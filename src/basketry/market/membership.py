"""Who is in another index, as it became known: what rules of an index of an index look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.frozen import changed
from basketry.core.numbers import Bools
from basketry.core.time import format_instant

if TYPE_CHECKING:
    from basketry.market.panel import Panel


@dataclass(frozen=True, eq=False)
class Membership:
    """The members of an index along its history, each time with when they were known and from when on they are in.

    Attributes:
        symbol: The index.
        known: Instants at which each was known, in the order in which they were found, shape (k,).
        effective: Instants from which each counts, shape (k,).
        members: Who is in, shape (k, N).
    """

    symbol: str
    known: NDArray[np.datetime64]
    effective: NDArray[np.datetime64]
    members: Bools

    def at(self, known: np.datetime64, effective: np.datetime64) -> Bools:
        """Return who is in at an effective instant, as known at an earlier one, shape (N,).

        The latest to take effect counts; of several at one instant, the one found last.

        Raises:
            DataError: Nobody was in yet.

        >>> day = lambda number: np.datetime64("2020-01-01", "us") + np.timedelta64(number, "D")
        >>> who = np.array([[True, False], [False, True]])
        >>> found = Membership("X", np.array([day(0), day(5)]), np.array([day(0), day(9)]), who)
        >>> found.at(day(6), day(8)).tolist(), found.at(day(6), day(9)).tolist(), found.at(day(4), day(9)).tolist()
        ([True, False], [False, True], [True, False])
        """
        places = np.flatnonzero((self.known <= known) & (self.effective <= effective))
        if not len(places):
            raise DataError(
                f"the index {self.symbol} has no members yet that were known on {format_instant(known)} for "
                f"{format_instant(effective)}; base it earlier, determine it earlier, or start later (--start)"
            )
        latest = self.effective[places]
        found: Bools = self.members[places[np.flatnonzero(latest == latest.max())[-1]]]
        return found


def with_membership(panel: Panel, membership: Membership) -> Panel:
    """Return a panel on which it is known who is in another index."""
    return changed(panel, memberships={**panel.memberships, membership.symbol: membership})


def for_change(panel: Panel, determined: np.datetime64, effective: np.datetime64) -> Panel:
    """Return a panel as rules see it that are asked for a change determined and taking effect at two instants."""
    return changed(panel, change=(determined, effective)) if panel.memberships else panel


def seen_as(panel: Panel, other: Panel) -> Panel:
    """Return a panel with the indices and the change of another, as where it was remembered for one that had others."""
    if not (panel.memberships or other.memberships):
        return panel
    return changed(panel, memberships=other.memberships, change=other.change)


def members_of(panel: Panel, symbol: str) -> Bools:
    """Return who is in another index when the change takes effect, as known at its determination, shape (N,).

    Raises:
        DataError: The panel does not know the index, or nobody was in yet.
    """
    if symbol not in panel.memberships:
        raise DataError(
            f"it is not known who is in the index {symbol}: this market was made without it; calculate with "
            "calculate_index or index_history, which calculate parents first"
        )
    return panel.memberships[symbol].at(*(panel.change or (panel.now, panel.now)))
