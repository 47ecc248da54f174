"""From a methodology and a panel to an index: the grid, the changes, the walk, the returns, the tables."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.frames import INSTANT
from basketry.core.time import DAY, format_instant, to_instant
from basketry.index.corporate import halted_prices, place_events
from basketry.index.engine import Change, Engine, require_prices
from basketry.index.result import IndexResult
from basketry.index.tables import stamps
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import IndexPath

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
    require_prices(panel)
    last = panel.now if end is None else to_instant(end)
    panel = _with_halts(panel.until(last))
    require_prices(panel)
    times, rows = _grid(methodology, panel, start, last)
    engine = Engine(methodology, panel, times, rows, place_events(panel, times))
    _note_rejected(engine, panel)
    engine.run(_changes(methodology, times))
    path = IndexPath(times, engine.levels, tuple(engine.segments), panel, rows)
    columns = [
        pl.Series(rule.column(), np.asarray(rule.level(path), dtype=np.float64)) for rule in methodology.first.returns
    ]
    levels = pl.DataFrame([stamps(times).alias("time"), *columns, *engine.status.columns(), _versions(engine)])
    return IndexResult(
        methodology=methodology,
        panel=panel,
        levels=levels,
        compositions=engine.ledger.composition_table(times),
        rebalances=engine.ledger.rebalance_table(),
        events=engine.ledger.event_table(),
        segments=tuple(engine.segments),
    )


def _with_halts(panel: Panel) -> Panel:
    """Return the panel with the prices observed during a halt of their asset made unknown."""
    if panel.event_table.is_empty():
        return panel
    halted: Panel = panel.remember("halted", lambda: _hide_halts(panel))
    return halted


def _hide_halts(panel: Panel) -> Panel:
    price = halted_prices(panel)
    if price is panel.field("price"):
        return panel
    return panel.with_price(price)


def _grid(
    methodology: Methodology, panel: Panel, start: Instant | None, end: np.datetime64
) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    base = methodology.base_instant
    if start is not None:
        fixing = base - base.astype("datetime64[D]")
        first = to_instant(start)
        base = first + fixing if first == first.astype("datetime64[D]") else first
    if panel.times[0] > base + DAY:
        raise DataError(
            f"the data begin at {format_instant(panel.times[0])}, after the base of {format_instant(base)}; "
            f"set the base level later with start={format_instant(panel.times[0].astype('datetime64[D]') + DAY)!r} "
            "(--start on the command line)"
        )
    if base > end:
        raise DataError(
            f"the data end at {format_instant(end)}, before the base of {format_instant(base)}; "
            "import later data or set the base earlier"
        )
    instants = methodology.first.calculate.instants(base, end)
    times = panel.times[panel.times >= base] if instants is None else np.asarray(instants)
    times = times[(times >= base) & (times >= panel.times[0])]
    if not len(times):
        raise DataError(f"there is no calculation instant from {format_instant(base)} to {format_instant(end)}")
    return times, np.searchsorted(panel.times, times, side="right") - 1


def _changes(methodology: Methodology, times: NDArray[np.datetime64]) -> list[Change]:
    """Return the base composition and the scheduled rebalances on the grid, one a position, in order.

    A version's schedule holds from its date on. Of several dates that fall into one gap of the data, the last
    counts.
    """
    base = times[0]
    schedule = methodology.at(base).rules.schedule
    opening = schedule.around(base)
    changes = {0: Change(0, opening.announced_at, opening.determined_at, base, "base")}
    for number, version in enumerate(methodology.versions):
        following = methodology.versions[number + 1 : number + 2]
        first = max(base + np.timedelta64(1, "us"), version.valid_from)
        stop = min([times[-1] + np.timedelta64(1, "us"), *(later.valid_from for later in following)])
        if first >= stop:
            continue
        for planned in version.rules.schedule.dates(first, stop, base):
            position = int(np.searchsorted(times, planned.effective_at))
            if 0 < position < len(times):
                changes[position] = Change(
                    position, planned.announced_at, planned.determined_at, planned.effective_at, "schedule"
                )
    return [changes[position] for position in sorted(changes)]


def _versions(engine: Engine) -> pl.Series:
    """Return the version of the rules that made each level: the one that made the basket held."""
    version = np.ones(len(engine.times), dtype=np.uint32)
    for entry in engine.ledger.compositions:
        version[entry[0] :] = entry[7]
    return pl.Series("version", version)


def _note_rejected(engine: Engine, panel: Panel) -> None:
    if panel.rejected.is_empty():
        return
    first, last = (stamps(engine.times[[place]])[0] for place in (0, -1))
    inside = panel.rejected.filter(pl.col("time").is_between(first, last)).with_columns(pl.col("time").cast(INSTANT))
    for row in (
        (
            inside.group_by("asset", "field").agg(
                pl.col("time").min(), pl.len(), pl.col("value").first(), pl.col("reason").first()
            )
        )
        .sort("time", "asset", "field")
        .iter_rows(named=True)
    ):
        engine.ledger.event(
            np.datetime64(row["time"].replace(tzinfo=None), "us"),
            row["asset"],
            "rejected_input",
            "treated as unknown",
            f"{row['len']} value(s) of {row['field']}, the first {row['value']!r}: {row['reason']}",
        )
