"""From public dumps to the tick tables of a lake: markets identified, staged by day, written once all is read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import MARKET_KINDS, MARKETS, VENUES
from basketry.lake.dumps import Chunk, DumpReport, get_format, parse_symbol, read_dump
from basketry.lake.lake import Lake
from basketry.lake.ticks import require_ids
from basketry.market.tape import SIZE_DECIMALS, Market

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What the caller says of the market of a file, where the file does not.

    Attributes:
        venue: Id of the venue; where given it also replaces what the file says.
        pair: Id of the pair, base-quote; read from the venue's symbol unless given.
        symbol: What the venue calls the pair.
        kind: spot, perpetual or pool.
        group: Who stands behind the venue; venues of one group can fail together.
        size_decimals: Sizes are whole numbers of 10^-size_decimals base units.
        contract_value: What one contract is worth where sizes are counted in contracts: base units, or units of quote
            currency where `inverse`.
        inverse: Whether contracts are worth a fixed amount of quote currency.
    """

    venue: str | None = None
    pair: str | None = None
    symbol: str | None = None
    kind: str = "spot"
    group: str | None = None
    size_decimals: int = SIZE_DECIMALS
    contract_value: Decimal | None = None
    inverse: bool = False


@dataclass
class TickImport:
    """What an import of ticks did.

    Attributes:
        table: Name of the table.
        files: What was found in each file.
        markets: Rows kept, by market.
        days: UTC days written.
        parts: Parts written; a day that the lake has already is not written again.
    """

    table: str
    files: list[DumpReport] = field(default_factory=list)
    markets: dict[str, int] = field(default_factory=dict)
    days: int = 0
    parts: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows read."""
        return sum(report.rows for report in self.files)

    @property
    def kept(self) -> int:
        """Rows that could be used."""
        return sum(self.markets.values())


def import_ticks(
    lake: Lake,
    files: Sequence[Path],
    format_name: str,
    *,
    terms: MarketTerms | None = None,
    columns: Mapping[str, str] | None = None,
    now: datetime,
    max_bad: float = 0.01,
    progress: Progress = lambda _: None,
) -> TickImport:
    """Read dumps into a tick table and return what was done; either all of it is written or nothing.

    Memory is bounded by a market's day. The markets, and venues that are new, are written before their ticks.

    Args:
        lake: Where to.
        files: See `basketry.lake.dumps.read_dump`.
        format_name: A format of `dump_formats`.
        terms: What the files do not say.
        columns: Name of the column in the file by column of the table.
        now: An instant after which nothing can have been observed.
        max_bad: Share of bad rows above which a file is refused.
        progress: Told what is being done.

    Raises:
        DataError: A file cannot be read or has too many bad rows; whose market it is cannot be told; or the lake has
            the market on other terms.
    """
    form = get_format(format_name)
    known = terms or MarketTerms()
    if known.kind not in MARKET_KINDS:
        raise DataError(
            f"--kind: {known.kind!r}{nearest_hint(known.kind, MARKET_KINDS)}; use {', '.join(MARKET_KINDS)}"
        )
    result = TickImport(form.table)
    names = _Names(lake, known)
    with tempfile.TemporaryDirectory(prefix="basketry-import-") as folder:
        stage = _Stage(Path(folder))
        for number, path in enumerate(files, 1):
            progress(f"Reading {path.name} ({number} of {len(files)})")
            dump = read_dump(
                path,
                form.name,
                now=now,
                size_decimals=known.size_decimals,
                contract_value=known.contract_value,
                inverse=known.inverse,
                symbol=known.symbol,
                columns=columns,
                max_bad=max_bad,
            )
            for chunk in dump:
                market = names.market(chunk, path)
                stage.add(market, chunk.frame)
                result.markets[str(market)] = result.markets.get(str(market), 0) + chunk.frame.height
            result.files.append(dump.report)
        with lake.together():
            names.write()
            ticks = lake.ticks
            for market, day, frame in stage.days():
                progress(f"Writing {market} of {day}")
                result.parts += ticks.write(form.table, market, frame)
                result.days += 1
    return result


class _Names:
    """Which market a chunk belongs to, by what the file, the caller and the lake say."""

    def __init__(self, lake: Lake, terms: MarketTerms) -> None:
        self.lake = lake
        self.terms = terms
        self.known = {(row["venue"], row["pair"]): row for row in lake.read("markets").iter_rows(named=True)}
        self.aliases = lake.read("aliases")
        self.found: dict[tuple[str, str], Market] = {}
        self.new: list[dict[str, object]] = []

    def market(self, chunk: Chunk, path: Path) -> Market:
        """Return the market of a chunk; see `import_ticks` for the errors."""
        venue = self.terms.venue or chunk.venue
        if venue is None:
            raise DataError(f"{path}: does not say its venue; name it, as in --venue kraken")
        if chunk.symbol is None and self.terms.pair is None:
            raise DataError(f"{path}: does not say its pair; name it, as in --pair btc-usd")
        symbol = chunk.symbol or (self.terms.pair or "").upper()
        if (venue, symbol) not in self.found:
            self.found[venue, symbol] = self._identify(venue, symbol, path)
        return self.found[venue, symbol]

    def _identify(self, venue: str, symbol: str, path: Path) -> Market:
        if self.terms.pair is None:
            used = self.aliases.filter(pl.col("source").is_in([venue, "*"])).sort(pl.col("source") == venue)
            base, quote = parse_symbol(venue, symbol, aliases=dict(used.select("alias", "asset").iter_rows()))
        else:
            base, _, quote = self.terms.pair.rpartition("-")
            if not base or not quote:
                raise DataError(f"--pair: {self.terms.pair!r} is not base and quote, as in btc-usdt")
            others = [name for name, market in self.found.items() if market.venue == venue and name[1] != symbol]
            if others:
                raise DataError(
                    f"{path}: holds {others[0][1]} and {symbol}; leave --pair away, or name one with --symbol"
                )
        market = Market(venue, f"{base}-{quote}", base, quote, self.terms.group or "", self.terms.kind)
        require_ids(market)
        row = {
            "venue": venue,
            "pair": market.pair,
            "symbol": symbol,
            "base": base,
            "quote": quote,
            "kind": market.kind,
            "size_decimals": self.terms.size_decimals,
        }
        held = self.known.get((venue, market.pair))
        if held is None:
            self.new.append(row)
            return market
        for name in ("base", "quote", "kind", "size_decimals"):
            if held[name] != row[name]:
                raise DataError(
                    f"{path}: the lake has {market} with {name} {held[name]}, not {row[name]}; "
                    f"import it with the same --{name.replace('_', '-')}"
                )
        return market

    def write(self) -> None:
        """Write the venues and markets that the lake does not have."""
        have = set(self.lake.read("venues")["venue"])
        venues = {str(row["venue"]) for row in self.new} - have
        if venues:
            rows = [{"venue": venue, "group": self.terms.group} for venue in sorted(venues)]
            self.lake.write("venues", VENUES.conform(pl.DataFrame(rows, schema_overrides={"group": pl.String()})))
        if self.new:
            self.lake.write("markets", MARKETS.conform(pl.DataFrame(self.new)))


class _Stage:
    """Rows that wait on disk until all files are read, by market and UTC day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: dict[tuple[Market, date], list[Path]] = {}
        self._count = 0

    def add(self, market: Market, frame: pl.DataFrame) -> None:
        """Keep some rows of a market."""
        for rows in frame.with_columns(day=pl.col("time").dt.date()).partition_by("day", maintain_order=True):
            day: date = rows["day"][0]
            self._count += 1
            path = self.folder / f"{self._count}.parquet"
            rows.drop("day").write_parquet(path, compression="lz4")
            self._parts.setdefault((market, day), []).append(path)

    def days(self) -> Iterator[tuple[Market, date, pl.DataFrame]]:
        """Yield each market's day with all its rows in the order of the files."""
        for (market, day), paths in sorted(self._parts.items()):
            yield market, day, pl.concat(pl.read_parquet(path) for path in paths)
