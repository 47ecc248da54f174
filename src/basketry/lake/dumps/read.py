"""Reading a dump: block by block, every line judged, rows grouped by market."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl

from basketry.core.errors import DataError
from basketry.core.frames import TICK_TABLES
from basketry.lake.dumps.form import SKIP, DumpFormat
from basketry.lake.dumps.formats import get_format
from basketry.lake.dumps.judge import MARKET, Judged, Terms, judge, typed_roles
from basketry.lake.dumps.layout import Layout, layout_by_header, layout_of
from basketry.lake.dumps.lines import LINE, read_carefully, read_quickly
from basketry.lake.dumps.messages import Messages, ladder_rows
from basketry.lake.dumps.report import EXAMPLES_MAX, DumpReport
from basketry.lake.dumps.source import blocks
from basketry.lake.dumps.values import check_contract_value, check_size_decimals

_BYTES_A_ROW = 64
_BLOCK_MAX = 1 << 26
_PIECE = 1 << 22
_SHOWN = 100
_HOPELESS = 1_000_000
"""A file is given up where none of so many rows could be read."""


@dataclass(frozen=True)
class Chunk:
    """Some rows of one market, in the order of the file.

    Attributes:
        table: trades, quotes, depth or bars.
        venue: Id of the venue, by the file or its format; None if neither says it.
        symbol: What the venue calls the pair, by the file, its name or the caller; None if none says it.
        frame: The rows, of the schema of the table.
    """

    table: str
    venue: str | None
    symbol: str | None
    frame: pl.DataFrame


@dataclass
class Dump:
    """A file about to be read: iterate once to get its chunks.

    The last step of the iteration raises DataError where too many rows were bad, so what was made of the chunks may
    be kept only once the iteration has ended. `report` is complete then.

    Attributes:
        path: The file.
        terms: What the caller says of it.
        symbol: Symbol of rows that name none; of files that name symbols, the one to read.
        columns: Name of the column in the file by column of the table.
        max_bad: Share of bad rows above which the file is refused.
        chunk_rows: About how many lines to read at a time.
        report: What was found so far.
    """

    path: Path
    terms: Terms
    symbol: str | None
    columns: Mapping[str, str]
    max_bad: float
    chunk_rows: int
    report: DumpReport
    _line: int = field(default=0, repr=False)
    _messages: dict[tuple[str | None, str | None], Messages] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks, then check the share of bad rows."""
        if self._line or self.report.rows:
            raise DataError(f"{self.path}: this dump has been read; call read_dump again")
        judged = self._parquet() if self.path.suffix.lower() == ".parquet" else self._text()
        for rows in judged:
            yield from self._chunks(rows)
            if self.report.bad == self.report.rows >= _HOPELESS:
                self.report.check(self.max_bad)
        yield from self._last_messages()
        self.report.check(self.max_bad)

    def _text(self) -> Iterator[pl.DataFrame]:
        layout: Layout | None = None
        size = max(1, min(self.chunk_rows * _BYTES_A_ROW, _BLOCK_MAX))
        dtypes = typed_roles(self.terms.form)
        for raw in blocks(self.path, size):
            block = raw.replace(b"\r\n", b"\n") if b"\r" in raw else raw
            if not block.endswith(b"\n"):
                block += b"\n"
                self.report.add_note("the last line has no line feed: the file may have been cut short", 1)
            if layout is None:
                layout, has_header = layout_of(self.path, block, self.terms.form, self.columns)
                if has_header:
                    block = block[block.index(b"\n") + 1 :]
                    self._line = 1
            if block:
                yield self._good_rows(block, layout, dtypes)
        if layout is None:
            raise DataError(f"{self.path}: is empty; download it again")

    def _good_rows(self, block: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame:
        """Return the good rows of a block; a bad line costs time only to the lines near it."""
        rows = self._quickly(block, layout, dtypes)
        if rows is not None:
            return rows
        parts = []
        for piece in _pieces(block):
            rows = self._quickly(piece, layout, dtypes)
            parts.append(self._carefully(piece, layout) if rows is None else rows)
        return pl.concat(parts)

    def _quickly(self, block: bytes, layout: Layout, dtypes: Mapping[str, pl.DataType]) -> pl.DataFrame | None:
        """Return the rows of a block, or None where one may be bad."""
        fields = read_quickly(block, layout, dtypes)
        judged = None if fields is None else judge(fields, self.terms, len(layout.roles))
        if judged is None or not judged.all_good():
            return None
        self._line += judged.rows.height
        return self._accept(judged)

    def _carefully(self, block: bytes, layout: Layout) -> pl.DataFrame:
        fields = read_carefully(block, layout)
        rows = self._accept(judge(fields, self.terms, len(layout.roles)), fields[LINE])
        self._line += fields.height
        return rows

    def _parquet(self) -> Iterator[pl.DataFrame]:
        try:
            lazy = pl.scan_parquet(self.path)
            names = lazy.collect_schema().names()
            layout = layout_by_header(self.path, names, self.terms.form, self.columns)
            picked = [pl.col(names[place]).alias(role) for place, role in enumerate(layout.roles) if role != SKIP]
            while not (fields := lazy.slice(self._line, self.chunk_rows).select(picked).collect()).is_empty():
                judged = judge(fields, self.terms, len(layout.roles))
                yield self._accept(judged, None if judged.all_good() else _as_lines(fields))
                self._line += fields.height
        except (OSError, pl.exceptions.PolarsError) as error:
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise DataError(f"{self.path}: cannot be read: {first}") from error

    def _accept(self, judged: Judged, lines: pl.Series | None = None) -> pl.DataFrame:
        """Return the good rows, and count all of them; `lines` are the texts of the rows if some may be bad."""
        rows = judged.rows
        self.report.rows += rows.height
        if lines is not None:
            reasons = judged.reasons()
            marked = pl.DataFrame({"reason": reasons, "text": lines}).with_row_index("row", offset=self._line + 1)
            for (reason,), found in marked.drop_nulls("reason").group_by("reason", maintain_order=True):
                shown = found.head(EXAMPLES_MAX)
                self.report.add_problem(
                    str(reason),
                    found.height,
                    [
                        f"{self.path.name} line {row}: {_shown(text)}"
                        for row, text in shown.select("row", "text").rows()
                    ],
                )
            rows = rows.filter(reasons.is_null())
        rounded = sum(int(rows[name].sum()) for name in rows.columns if name.endswith(" rounded"))
        self.report.add_note(f"sizes rounded to {self.terms.size_decimals} decimals", rounded)
        return rows.select(name for name in rows.columns if " " not in name)

    def _chunks(self, rows: pl.DataFrame) -> Iterator[Chunk]:
        """Yield the rows by market."""
        form = self.terms.form
        if "symbol" in rows.columns and self.symbol is not None:
            wanted = rows.filter(pl.col("symbol").str.to_lowercase() == self.symbol.lower())
            self.report.add_left_out(f"of another symbol than {self.symbol}", rows.height - wanted.height)
            rows = wanted
        self.report.kept += rows.height
        if rows.is_empty():
            return
        market = [name for name in MARKET if name in rows.columns]
        single = all(bool((rows[name] == rows[name][0]).all()) for name in market)
        parts = [rows] if single else rows.partition_by(market, maintain_order=True)
        for part in parts:
            said = dict(zip(market, part.select(market).row(0), strict=True)) if market else {}
            venue = said["venue"].strip().lower() if "venue" in said else form.venue
            place = form.venue_names.get(venue, venue) if venue else None, said.get("symbol", self.symbol)
            frame = self._numbered(place, part.drop(market))
            if not frame.is_empty():
                yield Chunk(form.table, *place, TICK_TABLES[form.table].conform(frame, str(self.path)))

    def _numbered(self, place: tuple[str | None, str | None], rows: pl.DataFrame) -> pl.DataFrame:
        if self.terms.form.table != "depth" or "sequence" in rows.columns:
            return rows
        messages = self._messages.setdefault(place, Messages())
        if "kind" in rows.columns:
            return messages.take(rows)
        first = messages.sequence + 1
        messages.sequence += rows.height
        return ladder_rows(rows, first)

    def _last_messages(self) -> Iterator[Chunk]:
        table = self.terms.form.table
        for place, messages in self._messages.items():
            frame = messages.rest()
            if not frame.is_empty():
                yield Chunk(table, *place, TICK_TABLES[table].conform(frame, str(self.path)))
            self.report.kept -= messages.left_out
            self.report.add_left_out("updates before the first snapshot", messages.left_out)
            self.report.add_note("levels set again within one message, the last one counts", messages.replaced)


def read_dump(
    path: str | Path,
    format_name: str,
    *,
    now: datetime,
    size_decimals: int = 8,
    contract_value: Decimal | None = None,
    inverse: bool = False,
    symbol: str | None = None,
    columns: Mapping[str, str] | None = None,
    max_bad: float = 0.01,
    chunk_rows: int = 1_000_000,
) -> Dump:
    """Return a file of a format, ready to be read in bounded memory: iterate over it once for its chunks.

    Rows that are malformed, have no positive finite price, no positive size, an unreadable side, or a time before
    2009 or after `now` are set aside and counted in `Dump.report`, with line numbers. The iteration ends with
    DataError where more than `max_bad` of the rows are bad: keep nothing before it has ended.

    Args:
        path: .csv, .csv.gz, .zip with one CSV inside, or .parquet with the columns of the CSV.
        format_name: A name of `dump_formats`.
        now: An instant after which nothing can have been observed.
        size_decimals: Sizes become whole multiples of 10^-size_decimals, rounded half to even where they have more
            decimals, which is noted.
        contract_value: What one contract is worth where sizes are counted in contracts: base units, or with `inverse`
            units of quote currency (Binance COIN-M: 100 USD of BTC, 10 USD of others). At most 9 decimals.
        inverse: Whether a contract is worth a fixed amount of quote currency, converted at the price of its own row
            (a bar at its close, so that its volume is an approximation).
        symbol: Symbol of the rows where the file does not say it (by default that of the file's name, where the
            publisher names files so); where it does, the only symbol to read.
        columns: Name of the column in the file by column of the table, besides `venue` and `symbol`, for files with a
            header under other names.
        max_bad: Share of bad rows above which the file is refused.
        chunk_rows: About how many lines to hold in memory at a time.

    Raises:
        DataError: The format is unknown, or an argument is out of range. Iteration raises it where the file cannot be
            read, does not have the columns of the format, or has too many bad rows.
    """
    form = get_format(format_name)
    file = Path(path)
    if not 0 <= max_bad <= 1:
        raise DataError(f"max_bad is {max_bad}; it is a share between 0 and 1")
    if chunk_rows < 1:
        raise DataError(f"chunk_rows is {chunk_rows}; it must be positive")
    if inverse and contract_value is None:
        raise DataError("inverse contracts need contract_value, the units of quote currency in one contract")
    value = None if contract_value is None else check_contract_value(contract_value)
    terms = Terms(form, check_size_decimals(size_decimals), value, inverse, now)
    return Dump(
        path=file,
        terms=terms,
        symbol=symbol if symbol is not None else symbol_of_name(file, form),
        columns=columns or {},
        max_bad=max_bad,
        chunk_rows=chunk_rows,
        report=DumpReport(file.name, form.name, form.table),
    )


def symbol_of_name(path: Path, form: DumpFormat) -> str | None:
    """Return the symbol that a file of a format is named by, if its publisher names files so.

    >>> symbol_of_name(Path("BTCUSDT-aggTrades-2024-01-01.zip"), get_format("binance-aggtrades"))
    'BTCUSDT'
    """
    stem = re.sub(r"(\.csv|\.txt|\.gz|\.zip|\.parquet)+$", "", path.name)
    found = re.match(form.symbol_in_name, stem) if form.symbol_in_name else None
    return found[1] if found else None


def _as_lines(fields: pl.DataFrame) -> pl.Series:
    """Return rows as they would stand in a CSV."""
    return fields.select(pl.concat_str(pl.all().cast(pl.String).fill_null(""), separator=",")).to_series()


def _pieces(block: bytes) -> Iterator[bytes]:
    """Yield a block as pieces of whole lines."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", min(start + _PIECE, len(block) - 1)) + 1
        yield block[start:end]
        start = end


def _shown(text: str | None) -> str:
    shown = text or ""
    return shown if len(shown) <= _SHOWN and shown.isprintable() else repr(shown[:_SHOWN])
