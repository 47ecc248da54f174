"""Corporate events on the calculation grid, and what each does to a basket."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.index.holdings import Holdings
from basketry.market.panel import Panel
from basketry.methodology.sections import EventPolicy


@dataclass(frozen=True)
class CorporateEvent:
    """An event placed at the first calculation instant at which it is both in force and known."""

    position: int
    kind: str
    asset: str
    column: int
    new_asset: str | None
    new_column: int | None
    ratio: float
    note: str


@dataclass(frozen=True)
class Outcome:
    """A basket after an event, and the words for the evidence.

    Attributes:
        worth: Value of one old unit at the instant of the event, in quote currency, for the level there.
        holdings: The basket afterwards.
        treatment: What the policy did.
        evidence: With figures.
    """

    worth: float
    holdings: Holdings
    treatment: str
    evidence: str


def place_events(panel: Panel, times: NDArray[np.datetime64]) -> tuple[CorporateEvent, ...]:
    """Return the events of a panel that change baskets, in order, placed on the calculation grid."""
    if panel.event_table.is_empty():
        return ()
    columns = {asset: column for column, asset in enumerate(panel.assets)}
    placed = []
    table = panel.event_table.filter(pl.col("kind") != "halt").with_columns(
        seen=pl.max_horizontal("time", pl.coalesce("known_at", "time"))
    )
    for row in table.sort("seen", "time", "kind", "asset", "new_asset", nulls_last=True).iter_rows(named=True):
        if row["asset"] not in columns:
            continue
        position = int(np.searchsorted(times, np.datetime64(row["seen"].replace(tzinfo=None), "us")))
        if 0 < position < len(times):
            placed.append(
                CorporateEvent(
                    position=position,
                    kind=row["kind"],
                    asset=row["asset"],
                    column=columns[row["asset"]],
                    new_asset=row["new_asset"],
                    new_column=columns.get(row["new_asset"]),
                    ratio=1.0 if row["ratio"] is None else float(row["ratio"]),
                    note=row["note"] or "",
                )
            )
    return tuple(placed)


def halted_prices(panel: Panel) -> Floats:
    """Return the panel's prices with those observed during a halt of their asset made unknown, shape (T, N).

    A halt without an end lasts to the end of the data.
    """
    price = panel.field("price")
    halts = panel.event_table.filter(pl.col("kind") == "halt")
    if halts.is_empty():
        return price
    price = price.copy()
    columns = {asset: column for column, asset in enumerate(panel.assets)}
    for row in halts.iter_rows(named=True):
        if row["asset"] in columns:
            start = np.datetime64(row["time"].replace(tzinfo=None), "us")
            first = int(np.searchsorted(panel.times, start))
            last = len(panel.times)
            if row["until"] is not None:
                last = int(np.searchsorted(panel.times, np.datetime64(row["until"].replace(tzinfo=None), "us")))
            price[first:last, columns[row["asset"]]] = np.nan
    return price


def apply_event(
    event: CorporateEvent, holdings: Holdings, policy: EventPolicy, observed: Floats, stamp: int
) -> Outcome | None:
    """Return the basket after an event that concerns one of its assets, or None where it changes nothing.

    Args:
        event: The event; its asset is held.
        holdings: The basket, marked at the last good prices before the instant.
        policy: The methodology's treatment of events.
        observed: Prices observed at the instant, shape (N,); NaN where none.
        stamp: Microseconds of the instant.
    """
    place = int(np.searchsorted(holdings.columns, event.column))
    last = float(holdings.prices[place])
    here = float(observed[event.column])
    if event.kind == "redenomination":
        known = not np.isnan(here)
        price, seen = (here, stamp) if known else (last / event.ratio, int(holdings.seen[place]))
        after = holdings.exchanged(event.column, event.column, event.ratio, price, seen)
        words = f"{event.ratio:g} new units for one old; price {last:.6g} before, {price:.6g} after. {event.note}"
        return Outcome(price * event.ratio, after, "units times ratio, level unchanged", words.strip())
    if event.kind == "migration" and event.new_column is not None:
        there = float(observed[event.new_column])
        known = not np.isnan(there)
        price, seen = (there, stamp) if known else (last / event.ratio, int(holdings.seen[place]))
        after = holdings.exchanged(event.column, event.new_column, event.ratio, price, seen)
        words = f"{event.ratio:g} units of {event.new_asset} at {price:.6g} for one of {event.asset}. {event.note}"
        return Outcome(price * event.ratio, after, f"replaced by {event.new_asset}", words.strip())
    if event.kind in ("hard_fork", "airdrop"):
        return _distribution(event, holdings, policy, observed, stamp, last)
    return _departure(event, holdings, policy, last if np.isnan(here) else here)


def _distribution(
    event: CorporateEvent, holdings: Holdings, policy: EventPolicy, observed: Floats, stamp: int, last: float
) -> Outcome | None:
    treatment = policy.hard_fork if event.kind == "hard_fork" else policy.airdrop
    here = float(observed[event.column])
    own = last if np.isnan(here) else here
    if treatment == "ignore" or event.new_column is None:
        return Outcome(own, holdings, "ignored", f"{event.ratio:g} {event.new_asset} a unit. {event.note}".strip())
    there = float(observed[event.new_column])
    price = 0.0 if np.isnan(there) else there
    after = holdings.exchanged(event.column, event.new_column, event.ratio, price, stamp, keep_old=True)
    words = (
        f"{event.ratio:g} units of {event.new_asset} for each {event.asset}, "
        f"{f'at {price:.6g}' if price else 'counted from its first price'}. {event.note}"
    )
    return Outcome(own + event.ratio * price, after, "credited until the next rebalance", words.strip())


def _departure(event: CorporateEvent, holdings: Holdings, policy: EventPolicy, price: float) -> Outcome | None:
    gone = holdings.columns == event.column
    if gone.all():
        return None
    words = f"{event.kind} of {event.asset}, last price {price:.6g}. {event.note}".strip()
    marked = holdings.marked(np.where(gone, price, holdings.prices), holdings.seen)
    if policy.delisting == "to_cash":
        return Outcome(price, replace(marked, frozen=marked.frozen | gone), "held as cash", words)
    if policy.delisting == "remove_at_zero":
        zeroed = marked.marked(np.where(gone, 0.0, marked.prices), marked.seen)
        return Outcome(0.0, zeroed.without(gone, keep_level=False), "removed at zero", words)
    # The engine marks the other assets at this instant first, so it is the engine that settles the divisor.
    return Outcome(price, marked, "removed at last price", words)
