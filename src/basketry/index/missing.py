"""Members without a price: when they leave, what is recorded, and the status of the levels until then."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats, exact_sum
from basketry.index.holdings import Holdings
from basketry.index.tables import CARRIED, STALE, SUSPENDED, Ledger, StatusLog
from basketry.market.panel import Panel
from basketry.methodology.sections import Missing


def age_limit(missing: Missing) -> int:
    """Return the longest age of a carried price in microseconds."""
    return int(np.timedelta64(missing.carry_forward) / np.timedelta64(1, "us"))


def silent_rows(panel: Panel) -> Bools:
    """Return the rows in which no asset at all has a price: the source was silent, shape (T,)."""
    return panel.remember("silent", lambda: np.isnan(panel.field("price")).all(axis=1))


def first_removal(ages: NDArray[np.int64], silent: Bools, missing: Missing) -> int | None:
    """Return the first row at which a member is to leave for lack of a price; None where none is.

    Nobody leaves while the source is silent, nor when no member has a price.

    Args:
        ages: Age of each price in microseconds, shape (k, n); row 0 is where the basket took effect.
        silent: Rows without any price in the market, shape (k,).
        missing: The policy.
    """
    if missing.then in ("keep", "suspend"):
        return None
    too_old = ages > age_limit(missing)
    due = too_old.any(axis=1) & ~too_old.all(axis=1) & ~silent
    due[0] = False
    return int(due.argmax()) if due.any() else None


def record_removals(
    ledger: Ledger,
    time: np.datetime64,
    holdings: Holdings,
    prices: Floats,
    ages: NDArray[np.int64],
    missing: Missing,
) -> None:
    """Record which members leave at an instant for lack of a price, with their last prices and weights."""
    weights = holdings.units * prices / exact_sum(holdings.units * prices)
    for place in np.flatnonzero((ages > age_limit(missing)) & ~holdings.frozen):
        ledger.event(
            time,
            ledger.assets[holdings.columns[place]],
            "missing_price",
            missing.then,
            f"no price for {ages[place] / 86_400e6:.1f} days; last price {prices[place]:.6g} "
            f"at weight {weights[place]:.4%}",
        )


def record_statuses(
    status: StatusLog,
    start: int,
    names: list[str],
    ages: NDArray[np.int64],
    implausible: Bools,
    silent: Bools,
    missing: Missing,
) -> None:
    """Record the status of each level of a segment in which some price was not observed.

    Args:
        status: Where to.
        start: Position at which the basket took effect; row 0 of the arrays.
        names: Members, length n.
        ages: Age of each price in microseconds, shape (k, n).
        implausible: Prices that were observed and not believed, shape (k, n).
        silent: Rows without any price in the market, shape (k,).
        missing: The policy.
    """
    limit = age_limit(missing)
    fresh = (ages == 0).sum(axis=1)
    status.sources[start + 1 : start + len(ages)] = fresh[1:]
    oldest = ages.max(axis=1)
    for row in np.flatnonzero(oldest[1:] > 0) + 1:
        if silent[row]:
            mark = SUSPENDED if oldest[row] > limit else CARRIED
            reason = "no asset has a price at this instant"
        else:
            mark = CARRIED
            if oldest[row] > limit and (missing.then == "suspend" or (ages[row] > limit).all()):
                mark = SUSPENDED
            elif oldest[row] > limit and missing.then == "keep":
                mark = STALE
            reason = _lacking(names, np.flatnonzero(ages[row] > 0), implausible[row])
        status.mark(start + int(row), mark, reason, int(oldest[row]), int(fresh[row]))


def _lacking(names: list[str], lacking: NDArray[np.int64], implausible: Bools) -> str:
    shown = ", ".join(names[place] for place in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    why = "implausible price" if implausible[lacking].any() else "no price"
    return f"{why} for {shown}{more} ({len(lacking)} of {len(names)}); last price carried"
