"""From a methodology and a panel to an index: the grid, the changes, the walk, the returns, the tables."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError, MethodologyError
from basketry.core.time import DAY, format_instant, to_instant
from basketry.index.account import Account
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.parents import members_of
from basketry.index.result import IndexResult
from basketry.market.events import EventRow
from basketry.market.membership import Membership, with_membership
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

Instant = str | date | datetime | np.datetime64


def calculate_index(
    methodology: Methodology, panel: Panel, start: Instant | None = None, end: Instant | None = None
) -> IndexResult:
    """Return the index that a methodology gives on a market.

    The level moves with the basket's value, I_t = sum(q_i P_it) / D; each change of the basket is struck at the
    prices of its effective instant with a divisor that leaves the level where it was.

    Args:
        methodology: The rulebook.
        panel: The market.
        start: First day, where the base level is set; the methodology's base date unless given.
        end: Last instant, inclusive; the last of the panel unless given. A bare date means its 00:00 UTC.

    Raises:
        DataError: The panel has no prices, or begins after the base.
        MethodologyError: The rules cannot be satisfied at some instant.
    """
    history = index_history(methodology, panel, start, end)
    account = Account()
    account.follow(history, history.start())
    return account.result(methodology, history.panel)


def index_history(
    methodology: Methodology,
    panel: Panel,
    start: Instant | None = None,
    end: Instant | None = None,
    late: frozenset[EventRow] = frozenset(),
) -> History:
    """Return the history of an index on a market, to walk over from its start or from a state; see `calculate_index`.

    Parents are calculated first, each from its own base on; where the data begin after that, from where the index is.
    What is held goes through rows of events that were told `late` at their time, see `IndexMarket`.
    """
    return _history(methodology, panel, start, end, None, late)


def _history(
    methodology: Methodology,
    panel: Panel,
    start: Instant | None,
    end: Instant | None,
    until: np.datetime64 | None,
    late: frozenset[EventRow] = frozenset(),
) -> History:
    panel, last = ended(panel, end)
    times = calculation_instants(methodology, panel, start, last)
    # What comes after the last calculation instant is not used, and no part of what the index was made from; but what a
    # parent determines for its child may be.
    reach = times[-1] if until is None else until
    panel = panel.until(reach)
    for parent in methodology.parents:
        panel = with_membership(panel, _parent_members(parent, panel, times[0], reach))
    return History(methodology, IndexMarket.of(panel, times, late), until=until)


def _parent_members(parent: Methodology, panel: Panel, base: np.datetime64, reach: np.datetime64) -> Membership:
    """Return who is in a parent, as known up to an instant that its child reaches."""
    start = base if begins_late(panel, parent.base_instant) else None

    def calculate() -> Membership:
        try:
            return members_of(_history(parent, panel, start, reach, reach), panel.assets)
        except (DataError, MethodologyError) as error:
            raise type(error)(f"the parent {parent.symbol}: {error}") from error

    key = ("members of", parent.digest, None if start is None else str(start), str(reach))
    found: Membership = panel.remember(key, calculate)
    return found


def require_prices(panel: Panel) -> None:
    """Raise DataError when a panel holds no prices at all."""
    if not len(panel.times) or not len(panel.assets):
        raise DataError("there are no observations; import some with: basketry data import")


def ended(panel: Panel, end: Instant | None) -> tuple[Panel, np.datetime64]:
    """Return the rows of a panel up to an end, and that end; all of them and the last one unless given.

    Raises:
        DataError: The panel has no prices, or begins after the end.
    """
    require_prices(panel)
    last = panel.now if end is None else to_instant(end)
    if last < panel.times[0]:
        raise DataError(
            f"the data begin at {format_instant(panel.times[0])}, after the end asked for, {format_instant(last)}; "
            "ask for a later end (--end)"
        )
    return panel.until(last), last


def begins_late(panel: Panel, base: np.datetime64) -> bool:
    """Return whether a panel with prices has none at a base, nor a day after it."""
    return bool(panel.times[0] > base + DAY)


def first_start(panel: Panel) -> np.datetime64:
    """Return the day from which a panel that begins late can be calculated: the first whole one."""
    return panel.times[0].astype("datetime64[D]") + np.timedelta64(1, "D")


def base_at(methodology: Methodology, start: Instant | None) -> np.datetime64:
    """Return the base: the methodology's own, or the fixing on a day given in its place, or an instant given.

    A midnight names its day, but for one that NumPy counts finer than in days: an index began then, as on rows of
    midnight with a fixing in the afternoon.
    """
    base = methodology.base_instant
    if start is None:
        return base
    first = to_instant(start)
    if isinstance(start, np.datetime64) and np.datetime_data(start.dtype)[0] != "D":
        return first
    return first + (base - base.astype("datetime64[D]")) if first == first.astype("datetime64[D]") else first


def calculation_instants(
    methodology: Methodology, panel: Panel, start: Instant | None, end: np.datetime64
) -> NDArray[np.datetime64]:
    """Return the instants at which an index is calculated on a panel that ends at `end`; the first is the base.

    Raises:
        DataError: The panel begins after the base or ends before it.
    """
    base = base_at(methodology, start)
    if begins_late(panel, base):
        raise DataError(
            f"the data begin at {format_instant(panel.times[0])}, after the base of {format_instant(base)}; "
            f"set the base level later with start={format_instant(first_start(panel))!r} "
            "(--start on the command line)"
        )
    if base > end:
        raise DataError(
            f"the data end at {format_instant(end)}, before the base of {format_instant(base)}; "
            "import later data or set the base earlier"
        )
    times = methodology.instants(base, end, panel.times)
    times = times[times >= panel.times[0]]
    if not len(times):
        raise DataError(f"there is no calculation instant from {format_instant(base)} to {format_instant(end)}")
    return times
