"""Calculate the indices of many methodologies on one market, in several processes that share the panel.

Processes are started anew and not forked: Polars computes in threads, which a fork leaves behind with their locks held.
The numbers of the panel are written to a file once, and every process maps it into its memory.
"""

from __future__ import annotations

import mmap
import os
import pickle
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from basketry.core.errors import BasketryError, MethodologyError
from basketry.core.time import to_instant
from basketry.index.calculate import Instant, calculate_index, require_prices
from basketry.index.market import without_halted
from basketry.jobs.calculate import Index, calculate
from basketry.jobs.market import Market, Progress, panel_of
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

Source = str | PathLike[str] | Mapping[str, Any] | Methodology

# A process takes a second or two to start, and each finds anew what a panel remembers.
_FEW = 32
_BATCH = 25
_PROCESSES_MAX = 61  # what Windows can wait for
_ALIGNED = 64
_WATCH = 0.5  # seconds

_TABLES = ("levels", "compositions", "rebalances", "events")


@dataclass(frozen=True)
class FailedIndex:
    """A methodology from which no index could be calculated.

    Attributes:
        place: Of the methodology among those given, from 0.
        name: Its symbol; its file or the name it gives itself where it could not be read.
        error: Why.
    """

    place: int
    name: str
    error: BasketryError


def calculate_many(
    methodologies: Iterable[Source],
    market: Market,
    start: Instant | None = None,
    end: Instant | None = None,
    *,
    table: str = "daily",
    as_of: Instant | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> list[Index | FailedIndex]:
    """Return the indices that many methodologies give on one market, in the order of the methodologies.

    Each is what `calculate` gives, to the last byte, whatever the number of processes. A methodology that is wrong, or
    cannot be satisfied, leaves a FailedIndex in its place and the others alone. The market is read once; on a lake,
    methodologies that make reference prices (key `prices`) have each a panel of their own, and are calculated one
    after the other.

    New processes import the calling script, so a script that asks for them starts its work under
    `if __name__ == "__main__":`. They know rules from installed plug-ins and imported modules, and not those that were
    typed in a notebook: ask for one process then.

    Args:
        methodologies: Methodologies, their files, or mappings of their keys.
        market: A panel, a lake or the path of a lake.
        start: First day, where the base level is set; each methodology's base date unless given.
        end: Last instant, inclusive; the end of the data unless given.
        table: The lake's table of observations: daily or intraday.
        as_of: Use only what was known by then; everything unless given.
        processes: How many calculate at a time, 1 for this one alone. Unless given, one for each core, and this one
            alone for fewer than 32 methodologies.
        progress: Told how many are done.

    Raises:
        MethodologyError: There are no methodologies, or there is a single one that is not in a list.
        DataError: The market cannot be read, or has no observations.
        BasketryError: The number of processes is below one, or a process was killed.

    >>> from datetime import datetime, timedelta
    >>> import polars as pl
    >>> days = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(60)]
    >>> market = Panel.from_frames(
    ...     price=pl.DataFrame({"time": days, "a": [10.0 + n for n in range(60)], "b": [20.0] * 60})
    ... )
    >>> rules = {
    ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
    ...     "select": {"by": "price", "top": 2}, "weight": {"by": "equal"},
    ...     "rebalance": {"every": "month", "determine": "0d"},
    ... }
    >>> two, wrong = calculate_many([rules, {**rules, "symbol": "BIG", "weight": {"by": "size"}}], market)
    >>> two.level()[[0, 1, 31]].tolist(), wrong.place, wrong.name
    ([100.0, 105.0, 255.0], 1, 'BIG')
    """
    given = _listed(methodologies)
    if processes is not None and processes < 1:
        raise BasketryError(f"processes: expected a number from 1, was {processes!r}")
    if isinstance(market, str | PathLike):
        market = Lake(market)
    done: dict[int, Index | FailedIndex] = {}
    rules: dict[int, Methodology] = {}
    for place, source in enumerate(given):
        try:
            rules[place] = Methodology.load(source)
        except BasketryError as error:
            done[place] = FailedIndex(place, _name(source, place), error)

    def tell(found: Mapping[int, Index | FailedIndex]) -> None:
        done.update(found)
        if progress is not None:
            progress(f"{len(done)} of {len(given)} methodologies")

    alone = [] if isinstance(market, Panel) else [place for place in rules if rules[place].first.prices is not None]
    shared = {place: entry for place, entry in rules.items() if place not in set(alone)}
    if shared:
        panel = panel_of(market, next(iter(shared.values())), table, as_of)
        require_prices(panel)
        count = processes or (1 if len(shared) < _FEW else _cores())
        many = _here if min(count, len(shared)) == 1 else _Processes(min(count, len(shared), _PROCESSES_MAX))
        many(shared, panel, start, end, tell)
    for place in alone:
        try:
            tell({place: calculate(rules[place], market, start, end, table=table, as_of=as_of)})
        except BasketryError as error:
            tell({place: FailedIndex(place, rules[place].symbol, error)})
    return [done[place] for place in range(len(given))]


def _listed(methodologies: Iterable[Source]) -> list[Source]:
    if isinstance(methodologies, str | PathLike | Mapping | Methodology):
        raise MethodologyError("expected a list of methodologies, not a single one; use calculate for that")
    given = list(methodologies)
    if not given:
        raise MethodologyError("there are no methodologies to calculate; give files, mappings or Methodology objects")
    return given


def _name(source: Source, place: int) -> str:
    if isinstance(source, Mapping):
        return str(source.get("symbol") or source.get("name") or f"methodology {place}")
    return source.symbol if isinstance(source, Methodology) else str(source)


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


# What comes of one methodology: the tables of an IndexResult, or why there are none.
_Outcome = dict[str, pl.DataFrame] | BasketryError
_Tell = Callable[[Mapping[int, Index | FailedIndex]], None]


def _outcome(rules: Methodology, panel: Panel, start: Instant | None, end: Instant | None) -> _Outcome:
    try:
        result = calculate_index(rules, panel, start, end)
    except BasketryError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever a rule of a plug-in raises, the other indices are not lost
        return BasketryError(f"a rule raised {type(error).__name__}: {error}")
    return {name: getattr(result, name) for name in _TABLES}


@dataclass(frozen=True)
class _Indices:
    """Indices of outcomes on one market.

    Attributes:
        panel: The market. start, end: The span asked for.
        cut: The panel of every result, as calculate_index cuts it.
    """

    panel: Panel
    start: Instant | None
    end: Instant | None
    cut: Panel

    @staticmethod
    def over(panel: Panel, start: Instant | None, end: Instant | None) -> _Indices:
        """Return indices over a span of a market."""
        return _Indices(panel, start, end, without_halted(panel.until(panel.now if end is None else to_instant(end))))

    def make(self, place: int, rules: Methodology, outcome: _Outcome) -> Index | FailedIndex:
        """Return one index, or why there is none."""
        if isinstance(outcome, BasketryError):
            return FailedIndex(place, rules.symbol, outcome)
        # Prices of every basket at every instant are a hundred times the tables; who wants them calculates once more.
        again = partial(calculate_index, rules, self.panel, self.start, self.end)
        return Index(methodology=rules, panel=self.cut, trail=again, **outcome)


def _here(
    rules: Mapping[int, Methodology], panel: Panel, start: Instant | None, end: Instant | None, tell: _Tell
) -> None:
    """Calculate in this process."""
    indices = _Indices.over(panel, start, end)
    for place, entry in rules.items():
        tell({place: indices.make(place, entry, _outcome(entry, panel, start, end))})


@dataclass(frozen=True)
class _Processes:
    """Calculate in a number of new processes."""

    count: int

    def __call__(
        self, rules: Mapping[int, Methodology], panel: Panel, start: Instant | None, end: Instant | None, tell: _Tell
    ) -> None:
        indices = _Indices.over(panel, start, end)
        places = list(rules)
        # Four batches for each process at least, so that none waits long for the last.
        size = max(1, min(_BATCH, len(places) // (4 * self.count)))
        with TemporaryDirectory(prefix="basketry-") as folder:
            write_panel(panel, Path(folder))
            pool = ProcessPoolExecutor(self.count, get_context("spawn"), _begin, (folder,))
            try:
                batches = [places[first : first + size] for first in range(0, len(places), size)]
                futures = {
                    pool.submit(_batch, [rules[place] for place in batch], start, end): batch for batch in batches
                }
                for future in as_completed(futures):
                    batch = futures.pop(future)
                    outcomes = zip(batch, pickle.loads(future.result()), strict=True)  # noqa: S301 - our own process
                    tell({place: indices.make(place, rules[place], found) for place, found in outcomes})
            except BrokenProcessPool as error:
                raise BasketryError(
                    "a process of calculate_many ended before its work was done: it could not start because the "
                    "calling script does not start its work under `if __name__ == '__main__':`, or it was killed, "
                    "perhaps for want of memory; try fewer processes, or processes=1"
                ) from error
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


# In the new processes: the panel that `_begin` opens, for all batches.
_OPENED: list[Panel] = []


def _begin(folder: str) -> None:
    # An interruption from the keyboard reaches all processes; the one that started them ends them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _OPENED.append(read_panel(Path(folder)))
    threading.Thread(target=_outlive_nobody, args=(os.getppid(), folder), daemon=True).start()


def _outlive_nobody(parent: int, folder: str) -> None:
    """End this process once the one that started it is gone, which then did not clear its folder away."""
    while os.getppid() == parent:
        time.sleep(_WATCH)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _batch(rules: Sequence[Methodology], start: Instant | None, end: Instant | None) -> bytes:
    (panel,) = _OPENED
    return pickle.dumps([_outcome(entry, panel, start, end) for entry in rules], protocol=5)


def write_panel(panel: Panel, folder: Path) -> None:
    """Write a panel to a folder: its arrays as they are in memory, and how the panel is made of them."""
    bare = object.__new__(Panel)
    # What it remembers is made again. `replace` would check the panel anew, and copy the fields of a cut one.
    bare.__dict__.update(panel.__dict__, _memory={"watched": False}, _here=None)
    buffers: list[pickle.PickleBuffer] = []
    made = pickle.dumps(bare, protocol=5, buffer_callback=buffers.append)
    spans = []
    with (folder / "arrays").open("wb") as file:
        for buffer in buffers:
            raw = buffer.raw()
            file.seek(-file.tell() % _ALIGNED, os.SEEK_CUR)
            spans.append((file.tell(), raw.nbytes))
            file.write(raw)
    (folder / "panel").write_bytes(pickle.dumps((spans, made)))


def read_panel(folder: Path) -> Panel:
    """Return the panel of a folder that this program wrote, over its file of arrays, which is mapped and not read."""
    spans, made = pickle.loads((folder / "panel").read_bytes())  # noqa: S301 - written by the parent, in its own folder
    with (folder / "arrays").open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    panel: Panel = pickle.loads(made, buffers=[view[first : first + size] for first, size in spans])  # noqa: S301
    return panel
