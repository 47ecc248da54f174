"""Trades, quotes, books and bars of a lake: a folder for each venue, pair and UTC day."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import TICK_TABLES, Schema
from basketry.core.time import to_instant
from basketry.lake.files import Files
from basketry.market.tape import SIZE_DECIMALS, Columns, Market, Tape, tick_columns

ROW_GROUP = 250_000
"""Rows that are read together: a window costs at most one row group more than it holds."""

_ID = re.compile(r"^[a-z0-9][a-z0-9._-]*$")
_FOLDER = re.compile(r"^[a-z]+/venue=([^/]+)/pair=([^/]+)/day=(\d{4}-\d{2}-\d{2})/[^/]+\.parquet$")
_READERS = 2
"""Parts read side by side: one is checked while another is decoded."""
_CORRECTIONS = "corrections"
_CORRECTED = f"-{_CORRECTIONS}.parquet"
_MINUTE, _DAY = 60_000_000, 86_400_000_000


class Ticks:
    """The tick tables of a lake.

    Where a table is kept: TABLE/venue=VENUE/pair=PAIR/day=YYYY-MM-DD/NNNNNN-DIGEST.parquet. Of rows with one trade
    id the last part has the word, so that a correction is a new part and nothing is overwritten. What the pairs are
    stands in the tables `markets` and `venues`.

    Args:
        files: The files of the lake.
        markets: The table `markets`. venues: The table `venues`.
    """

    def __init__(self, files: Files, markets: pl.DataFrame, venues: pl.DataFrame) -> None:
        self._files = files
        self._index: dict[str, dict[tuple[str, str], dict[date, list[str]]]] = {}
        groups = dict(venues.select("venue", "group").iter_rows())
        self._markets: dict[tuple[str, str], Market] = {}
        self._decimals: dict[Market, int] = {}
        self._bar_lengths: dict[Market, int] = {}
        for row in markets.iter_rows(named=True):
            market = Market(
                row["venue"], row["pair"], row["base"], row["quote"], groups.get(row["venue"]) or "", row["kind"]
            )
            self._markets[row["venue"], row["pair"]] = market
            self._decimals[market] = row["size_decimals"]

    def held(self, table: str) -> dict[Market, list[date]]:
        """Return the days of which the lake holds something, by market.

        Raises:
            DataError: The lake holds ticks of a pair that its table `markets` does not know.
        """
        return {self._market(*key): sorted(days) for key, days in sorted(self._days(table).items())}

    def write(self, table: str, market: Market, frame: pl.DataFrame) -> list[str]:
        """Add ticks of a market, a part for each UTC day, and return the new parts.

        A part that the lake has already is not written again. Each part is whole or absent.

        Args:
            table: trades, quotes, depth or bars.
            market: Its venue and pair must stand in the table `markets`.
            frame: Rows of the table's schema, in any order; sizes in the market's decimals.

        Raises:
            SchemaError: The frame does not conform to the table.
            DataError: The ids cannot be names of folders, or the lake does not know the market.
        """
        schema = tick_schema(table)
        require_ids(market)
        self._market(market.venue, market.pair)
        rows = schema.conform(frame, f"{table} of {market}").sort("time", maintain_order=True)
        added = []
        for (day,), part in rows.group_by(pl.col("time").dt.date(), maintain_order=True):
            kind = "" if table != "trades" or _is_plain(part) else _CORRECTIONS
            stream = io.BytesIO()
            part.write_parquet(stream, compression="zstd", compression_level=1, row_group_size=ROW_GROUP)
            folder = f"{schema.name}/venue={market.venue}/pair={market.pair}/day={day}"
            path = self._files.add_part(folder, stream.getvalue(), kind, once=True)
            if path is not None:
                added.append(path)
        self._index.pop(table, None)
        self._bar_lengths.pop(market, None)
        return added

    def read(
        self, table: str, market: Market, start: np.datetime64 | None = None, end: np.datetime64 | None = None
    ) -> pl.DataFrame:
        """Return the rows of a market with start <= time < end in time order, part after part.

        Raises:
            DataError: A part cannot be read or is not what was written; the message names it.
        """
        schema = tick_schema(table)
        frames = [schema.empty()]
        for paths in self._paths(table, market, start, end):
            frames += [schema.conform(self._files.read_part(path), self._files.full(path)) for path in paths]
        rows = pl.concat(frames)
        if start is not None:
            rows = rows.filter(pl.col("time") >= _utc(start))
        if end is not None:
            rows = rows.filter(pl.col("time") < _utc(end))
        return rows.sort("time", maintain_order=True)

    def tape(
        self,
        asset: str,
        start: np.datetime64,
        end: np.datetime64,
        *,
        table: str = "trades",
        known_by: np.datetime64 | None = None,
    ) -> Tape:
        """Return the trades or bars of an asset with start <= time < end, of all its markets.

        Only the days, row groups and columns that are needed are read, so that memory is bounded by the interval.

        Args:
            asset: Stable id.
            start: First instant. end: Instant after the last.
            table: trades or bars.
            known_by: Use only trades and corrections known by then.

        Raises:
            DataError: A part cannot be read or is not what was written.
        """
        last = end if known_by is None else min(end, known_by + np.timedelta64(1, "us"))
        markets = [market for market in self.held(table) if market.base == asset]
        decimals = max((self._decimals[market] for market in markets), default=SIZE_DECIMALS)
        jobs = [(market, paths) for market in markets for paths in self._paths(table, market, start, last)]
        pieces: dict[Market, list[Columns]] = {market: [] for market in markets}
        with ThreadPoolExecutor(_READERS) as readers:
            found = readers.map(lambda job: list(self._pieces(table, job[0], job[1], start, last, known_by)), jobs)
            for (market, _), parts in zip(jobs, found, strict=True):
                scale = 10 ** (decimals - self._decimals[market])
                pieces[market] += parts if scale == 1 else [_scaled(part, scale, market, decimals) for part in parts]
        return Tape.from_pieces(asset, pieces, size_decimals=decimals)

    def size_decimals(self, market: Market) -> int:
        """Return the decimals of a market's sizes: they are whole numbers of 10^-decimals base units."""
        return self._decimals[market]

    def rows_by_day(self, table: str, assets: Collection[str]) -> dict[date, int]:
        """Return how many rows some assets have on each UTC day, all markets together, in the order of days."""
        rows: dict[date, int] = {}
        for market in self.held(table):
            if market.base not in assets:
                continue
            for day, paths in self._days(table)[market.venue, market.pair].items():
                rows[day] = rows.get(day, 0) + sum(self._rows(path) for path in paths)
        return dict(sorted(rows.items()))

    def span(self, table: str, markets: Collection[Market]) -> tuple[datetime, datetime] | None:
        """Return the instants of the first and the last row of some markets; None where there are none.

        The last bar counts at its end, as it does on a tape.
        """
        days = {
            market: self._days(table)[market.venue, market.pair] for market in self.held(table) if market in markets
        }
        if not days:
            return None
        first, last = min(min(held) for held in days.values()), max(max(held) for held in days.values())
        ends = [path for held in days.values() for day in {first, last} & held.keys() for path in held[day]]
        times = [self._lazy(path).select(low=pl.col("time").min(), high=pl.col("time").max()) for path in ends]
        low, high = pl.concat(times).select(pl.col("low").min(), pl.col("high").max()).collect().row(0)
        if table == "bars":
            high += timedelta(microseconds=max(self._bar_length(market) for market in days) - 1)
        return low, high

    def latest_correction(self) -> np.datetime64 | None:
        """Return the latest instant at which a correction of a trade became known; None where there is none."""
        paths = [path for days in self._days("trades").values() for parts in days.values() for path in parts]
        known = [self._lazy(path).select(pl.col("known_at").max()) for path in paths if path.endswith(_CORRECTED)]
        found = pl.concat(known).max().collect().item() if known else None
        return None if found is None else to_instant(found)

    def summary(self, table: str) -> tuple[int, int, int]:
        """Return the rows, parts and bytes of a table."""
        paths = [path for days in self._days(table).values() for parts in days.values() for path in parts]
        return sum(map(self._rows, paths)), len(paths), sum(map(self._files.size, paths))

    def _pieces(
        self,
        table: str,
        market: Market,
        paths: list[str],
        start: np.datetime64,
        end: np.datetime64,
        known_by: np.datetime64 | None,
    ) -> Iterator[Columns]:
        """Yield the trades of the parts of one day in an interval."""
        if table == "trades" and len(paths) == 1 and not paths[0].endswith(_CORRECTED):
            yield from self._plain(paths[0], start, end)
            return
        schema = tick_schema(table)
        rows = pl.concat(schema.conform(self._files.read_part(path), self._files.full(path)) for path in paths)
        if table == "bars":
            rows = rows.unique("time", keep="last", maintain_order=True)
        elif known_by is not None:
            rows = rows.filter(pl.coalesce("known_at", "time") <= _utc(known_by))
        time, price, size = tick_columns(rows, str(market))
        if table == "bars":
            time = time + self._lateness(market, rows)
        inside = slice(*np.searchsorted(time, [start.astype(np.int64), end.astype(np.int64)]))
        yield time[inside], price[inside], size[inside]

    def _lateness(self, market: Market, bars: pl.DataFrame) -> int:
        """Return how much later the bars of a day end than the day by itself shows, microseconds.

        A day with few bars, such as one of a day's length, does not show how long they are; the whole market does.
        """
        starts = bars["time"].sort().to_physical().to_numpy()
        shown = int(np.diff(starts).min()) if len(starts) > 1 else _MINUTE
        if shown * len(starts) >= _DAY:
            return 0
        return max(0, self._bar_length(market) - shown)

    def _bar_length(self, market: Market) -> int:
        """Return how long the bars of a market are, the least distance between two; a minute where it has one."""
        if market not in self._bar_lengths:
            paths = [path for parts in self._paths("bars", market, None, None) for path in parts]
            times = pl.concat(self._lazy(path).select("time") for path in paths).unique().sort("time").collect()["time"]
            found = int(np.diff(times.to_physical().to_numpy()).min()) if len(times) > 1 else _MINUTE
            self._bar_lengths[market] = found
        length = self._bar_lengths[market]
        if length > _DAY:
            raise DataError(f"{market}: its bars are {length / _DAY:.1f} days apart; import bars of a day at most")
        return length

    def _plain(self, path: str, start: np.datetime64, end: np.datetime64) -> Iterator[Columns]:
        """Yield the trades of a part without corrections, for which three columns are enough."""
        rows = self._lazy(path)
        day = np.datetime64(path.rsplit("/day=", 1)[1][:10])
        if start > day:
            rows = rows.filter(pl.col("time") >= _utc(start))
        if end < day + 1:
            rows = rows.filter(pl.col("time") < _utc(end))
        frame = rows.select("time", "price", "size").collect()
        if len(set(frame.n_chunks("all"))) > 1:
            frame = frame.rechunk()
        for time, price, size in zip(*(frame[name].get_chunks() for name in frame.columns), strict=True):
            yield time.to_physical().to_numpy(), price.to_numpy(), size.to_numpy()

    def _paths(
        self, table: str, market: Market, start: np.datetime64 | None, end: np.datetime64 | None
    ) -> Iterator[list[str]]:
        """Yield the parts of each day that may hold rows of an interval."""
        days = self._days(table).get((market.venue, market.pair), {})
        first = None if start is None else start.astype("datetime64[D]").item()
        for day in sorted(days):
            if (first is None or day >= first) and (end is None or np.datetime64(day) < end):
                yield days[day]

    def _rows(self, path: str) -> int:
        """Return the number of rows that the footer of a part states."""
        try:
            return int(self._scan(path).select(pl.len()).collect().item())
        except (OSError, pl.exceptions.PolarsError):
            self._files.check_part(path)
            raise

    def _lazy(self, path: str) -> pl.LazyFrame:
        """Return a part to be read in pieces; its bytes are checked once."""
        self._files.once_checked(path)
        return self._scan(path)

    def _scan(self, path: str) -> pl.LazyFrame:
        local = self._files.local(path)
        return pl.scan_parquet(io.BytesIO(self._files.read(path)) if local is None else local)

    def _days(self, table: str) -> Mapping[tuple[str, str], dict[date, list[str]]]:
        if table not in self._index:
            found: dict[tuple[str, str], dict[date, list[str]]] = {}
            for path in self._files.below(tick_schema(table).name):
                match = _FOLDER.match(path)
                if match and not path.rsplit("/", 1)[-1].startswith("."):
                    venue, pair, day = match.groups()
                    found.setdefault((venue, pair), {}).setdefault(date.fromisoformat(day), []).append(path)
            self._index[table] = found
        return self._index[table]

    def _market(self, venue: str, pair: str) -> Market:
        try:
            return self._markets[venue, pair]
        except KeyError:
            raise DataError(
                f"{self._files.address}: the table `markets` has no pair {pair!r} of venue {venue!r}; "
                "write what it is there first (basketry data import does)"
            ) from None


def tick_schema(name: str) -> Schema:
    """Return the schema of a tick table, or raise DataError with the nearest name."""
    try:
        return TICK_TABLES[name]
    except KeyError:
        raise DataError(
            f"unknown table {name!r}{nearest_hint(name, TICK_TABLES)}; tables of ticks: {', '.join(TICK_TABLES)}"
        ) from None


def require_ids(market: Market) -> None:
    """Raise DataError where the ids of a market cannot be names of folders."""
    for name in (market.venue, market.pair):
        if not _ID.match(name) or ".." in name:
            raise DataError(f"{name!r} is not an id of a venue or pair: lower-case letters, digits, '.', '_', '-'")


def _is_plain(trades: pl.DataFrame) -> bool:
    """Return whether each trade stands once and for good: nothing corrected, retracted, repeated or unusable."""
    ids = trades["trade_id"].drop_nulls()
    sound = trades["price"].is_finite() & (trades["price"] > 0) & (trades["size"] > 0)
    return bool(trades["known_at"].null_count() == trades.height and ids.n_unique() == len(ids) and sound.all())


def _scaled(piece: Columns, scale: int, market: Market, decimals: int) -> Columns:
    time, price, size = piece
    if len(size) and int(size.max()) > 2**62 // scale:
        raise DataError(f"{market}: a size does not fit with {decimals} decimals; import it with fewer")
    return time, price, size * scale


def _utc(instant: np.datetime64) -> datetime:
    return instant.astype("datetime64[us]").item().replace(tzinfo=UTC)
