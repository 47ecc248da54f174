"""From files to a table of the lake: columns mapped, instants stamped, assets identified, bad rows set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import INSTANT, QUARANTINE, Schema
from basketry.lake.event_import import Held, clash_faults, doubts, event_faults
from basketry.lake.import_report import EXAMPLES_MAX, ImportReport
from basketry.lake.lake import Lake, table_schema
from basketry.lake.late import place_rows
from basketry.lake.presets import Preset, Stamp
from basketry.lake.versions import is_versioned
from basketry.market.assemble import MARKET_CAP_MAX, PRICE_MAX
from basketry.market.event_checks import canonical_events, value_in_words

_ID = re.compile(r"[^a-z0-9._-]+")
_BARE_DATE = r"^\d{4}-\d{2}-\d{2}$"
_GIVEN = "given "
"""Before the name of a column: the texts in it that could not be read."""
_INSTANT_FORMS = "write an instant as 2020-01-31T12:30:00Z (or +01:00 for the Z), or a date as 2020-01-31 with --stamp"
_NUMBER_FORMS = "write a number, as 0.25 or 1e6"


def import_files(
    lake: Lake,
    files: Sequence[Path],
    table: str,
    *,
    columns: Mapping[str, str] | None = None,
    stamp: Stamp | None = None,
    source: str | None = None,
    preset: Preset | None = None,
    now: datetime,
    max_bad: float | None = None,
    late: bool = False,
) -> ImportReport:
    """Read files into a table and return what was done; either all of it is written or nothing.

    Args:
        lake: Where to.
        files: CSV, CSV.gz, Parquet, or what the preset reads.
        table: Name of the table.
        columns: Column of the file by column of the table; those of the preset, or of the same name, unless given.
        stamp: Whether a bare date names the start or the end of its day.
        source: Name under which tickers are looked up among the aliases.
        preset: A maker's format.
        now: The instant of the import. Nothing can have been observed after it, and a row without `known_at` that
            differs from one in the lake was known from it on.
        max_bad: Share of bad rows above which the import is refused; 0.05 unless given. Of corporate events none may be
            bad, as one that is lost moves an index.
        late: Nobody had the rows before `now`, or before the `known_at` that they say; see `basketry.lake.late`.

    Raises:
        DataError: A file cannot be read, a column is missing, dates need a stamp, or too many rows are bad; the table
            keeps no versions of its rows, so that none can come late.
    """
    schema = table_schema(table)
    if late and not is_versioned(schema):
        raise DataError(f"--late: the table {table} does not keep when its rows were known; leave out --late")
    if table == "events" and max_bad is not None:
        raise DataError("of corporate events none may be bad, as one that is lost moves an index: leave out --max-bad")
    report = ImportReport(table)
    frames = [_read(path, schema, columns, stamp, preset) for path in files]
    rows = pl.concat(frames, how="diagonal_relaxed")
    report.rows = rows.height
    aliases, assets = pl.DataFrame(), pl.DataFrame()
    if "asset" in schema.columns and table not in ("assets", "aliases"):
        whose = source or (preset.source if preset else "*")
        rows, aliases, assets = _identify(lake, rows, whose)
        if table == "events":
            rows = _identify_new_assets(lake, rows, whose)
            # An event makes no asset known: a misspelt one is found by being unknown.
            aliases, assets = aliases.clear(), assets.clear()
        report.new_assets = assets["asset"].to_list()
    good, aside = _judge(rows, schema, now, report, Held.of(lake) if table == "events" else None)
    report.check(0.05 if max_bad is None and table != "events" else max_bad)
    final = schema.conform(good.select([name for name in good.columns if name in schema.columns]), table)
    placed = place_rows(lake, schema, final, now, report, late=late)
    report.kept = placed.rows.height
    with lake.together():
        beside = () if placed.moves else ((table, placed.rows),)
        for name, frame in (("assets", assets), ("aliases", aliases), *beside, ("quarantine", aside)):
            if not frame.is_empty():
                part = lake.write(name, frame)
                if part is not None:
                    report.parts.append(part)
    if placed.moves:
        report.parts.append(lake.put_right(table, placed.gone, placed.rows))
    if table == "events":
        report.warnings = doubts(lake, placed.rows) + report.warnings
    return report


def _read(
    path: Path,
    schema: Schema,
    columns: Mapping[str, str] | None,
    stamp: Stamp | None,
    preset: Preset | None,
) -> pl.DataFrame:
    frame = _open(path, preset)
    mapping = dict(columns or (preset.columns if preset else {n: n for n in schema.columns if n in frame.columns}))
    for name, column in mapping.items():
        if name not in schema.columns:
            raise DataError(
                f"--columns: table {schema.name} has no column {name!r}{nearest_hint(name, schema.columns)}; "
                f"its columns are {', '.join(schema.columns)}"
            )
        if column not in frame.columns:
            if preset is not None and name not in schema.required and columns is None:
                continue
            raise DataError(
                f"{path}: has no column {column!r}{nearest_hint(column, frame.columns)}; "
                f"its columns are {', '.join(frame.columns)}"
            )
    mapping = {name: column for name, column in mapping.items() if column in frame.columns}
    lacking = [name for name in ("time", "kind") if name in schema.required and name not in mapping]
    if lacking:
        raise DataError(
            f"{path}: which column is the {lacking[0]}? Map it, as in --columns {lacking[0]}={frame.columns[0]}; "
            f"its columns are {', '.join(frame.columns)}"
        )
    lines = pl.int_range(2, frame.height + 2, dtype=pl.Int64).alias("line")
    picked = frame.select(lines, *(pl.col(column).alias(name) for name, column in mapping.items()))
    if "asset" in schema.columns and "asset" not in mapping:
        if preset is None or not preset.asset_from_name:
            raise DataError(f"{path}: which column names the asset? Map it, as in --columns asset=symbol")
        picked = picked.with_columns(asset=pl.lit(_asset_of(path)))
    typed = [
        _cast(picked, name, schema, stamp or (preset.stamp if preset else None), path)
        for name in picked.columns
        if name != "line"
    ]
    return picked.select("line", *typed, *_unread(picked, typed), file=pl.lit(path.name))


def _unread(given: pl.DataFrame, typed: Sequence[pl.Series]) -> Iterator[pl.Series]:
    """Yield for each column the texts that are no instant or number, null where it was read; none for the others."""
    for values in typed:
        if given.schema[values.name] == pl.String and values.dtype != pl.String:
            text = given[values.name].str.strip_chars().replace("", None)
            lost = values.is_nan() if values.dtype.is_float() else values.is_null()
            yield text.set(~lost, None).alias(_GIVEN + values.name)


def _asset_of(path: Path) -> str:
    return re.sub(r"(-usd)?(-max)?$", "", path.name.split(".")[0].lower())


def _open(path: Path, preset: Preset | None) -> pl.DataFrame:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    try:
        if preset is not None and preset.read is not None:
            return preset.read(path)
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.name.endswith((".csv", ".csv.gz")):
            return pl.read_csv(path, infer_schema=False)
    except DataError:
        raise
    except (OSError, pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path}: cannot be read: {first}") from error
    raise DataError(f"{path}: a file is CSV, CSV.gz or Parquet, or of a --preset; its ending is {path.suffix!r}")


def _cast(frame: pl.DataFrame, name: str, schema: Schema, stamp: Stamp | None, path: Path) -> pl.Series:
    values, dtype = frame[name], schema.columns[name].dtype
    if isinstance(dtype, pl.Datetime):
        return instants(values, stamp, f"{path}, column {name}").alias(name)
    if dtype == pl.String():
        return values.cast(pl.String).str.strip_chars().replace("", None)
    if values.dtype == pl.String:
        values = values.str.strip_chars().replace("", None)
        # A text that is no number becomes NaN, which is told from a missing value.
        numbers = values.cast(pl.Float64, strict=False)
        unreadable = values.is_not_null() & numbers.is_null()
        values = numbers.zip_with(~unreadable, pl.repeat(float("nan"), len(values), eager=True))
    return values.cast(pl.Float64)


def instants(values: pl.Series, stamp: Stamp | None, where: str) -> pl.Series:
    """Return UTC instants of dates, times, texts, or numbers of seconds, milliseconds, microseconds or nanoseconds.

    A bare date is the instant at which its day starts or ends, as `stamp` says. What cannot be read is null.

    Raises:
        DataError: There are bare dates and no stamp.
    """
    dates: pl.Series | None = None
    if values.dtype == pl.String:
        text = values.str.strip_chars()
        bare = text.str.contains(_BARE_DATE).fill_null(value=False)
        clean = text.str.replace(r" UTC$", "+00:00").str.replace(r"Z$", "+00:00").str.replace(" ", "T")
        full = clean.str.replace(r"([+-]\d{2}:?\d{2})$", "")
        offset = clean.str.extract(r"([+-]\d{2}):?\d{2}$").cast(pl.Int64, strict=False).fill_null(0)
        parsed = full.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
        times = parsed - (offset * 3_600_000_000).cast(pl.Duration("us"))
        if bare.any():
            dates = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
            times = dates.zip_with(bare, times)
        is_date = bare
    elif values.dtype == pl.Date:
        times = dates = values.cast(pl.Datetime("us"))
        is_date = values.is_not_null()
    elif values.dtype.is_numeric():
        times, is_date = _epoch(values), pl.repeat(value=False, n=len(values), eager=True)
    else:
        zone = getattr(values.dtype, "time_zone", None)
        times = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zone else values
        times, is_date = times.cast(pl.Datetime("us")), pl.repeat(value=False, n=len(values), eager=True)
    if dates is not None and is_date.any():
        if stamp is None:
            raise DataError(
                f"{where}: holds bare dates; say whether a date names the start or the end of its day with "
                "--stamp start or --stamp end (CoinMarketCap closes: end; CoinGecko snapshots: start)"
            )
        if stamp == "end":
            times = (times + timedelta(days=1)).zip_with(is_date, times)
    return times.dt.replace_time_zone("UTC").cast(INSTANT)


def _epoch(values: pl.Series) -> pl.Series:
    """Return numbers as instants; their size tells seconds, milliseconds, microseconds and nanoseconds apart."""
    number = values.cast(pl.Float64)
    size = number.abs().max() or 0.0
    if not isinstance(size, float):
        size = 0.0
    factor = 1e6 if size < 1e11 else 1e3 if size < 1e14 else 1.0 if size < 1e17 else 1e-3
    return (number * factor).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _identify(lake: Lake, rows: pl.DataFrame, source: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return rows with stable ids in place of names, and the aliases and assets to add for new names."""
    names = rows.select("asset").unique().drop_nulls().sort("asset")
    known = lake.read("aliases").filter(pl.col("source").is_in([source, "*"]))
    ids = set(lake.read("assets")["asset"].to_list())
    mapped = known.join(names, left_on="alias", right_on="asset", how="semi").sort(
        pl.col("source") == "*", "valid_from", nulls_last=False
    )
    new = [name for name in names["asset"].to_list() if name not in ids and name not in set(mapped["alias"].to_list())]
    fresh = {name: _ID.sub("-", name.lower()).strip("-.") for name in new}
    wrong = [name for name, asset in fresh.items() if not asset or ".." in asset or "/" in name or "\\" in name]
    if wrong:
        raise DataError(f"{wrong[0]!r} cannot be the id of an asset; ids are letters, digits, '.', '_' and '-'")
    default = pl.col("asset").replace(fresh)
    joined = rows.with_row_index("row")
    if not mapped.is_empty():
        hits = joined.select("row", "asset", *(["time"] if "time" in rows.columns else [])).join(
            mapped.rename({"asset": "id"}), left_on="asset", right_on="alias", how="inner"
        )
        if "time" in rows.columns:
            hits = hits.filter(
                (pl.col("valid_from").is_null() | (pl.col("valid_from") <= pl.col("time")))
                & (pl.col("valid_until").is_null() | (pl.col("time") < pl.col("valid_until")))
            )
        # An alias of the source itself goes before one of everybody.
        hits = hits.sort(pl.col("source") == "*", maintain_order=True).unique("row", keep="first").select("row", "id")
        joined = joined.join(hits, on="row", how="left", maintain_order="left")
        joined = joined.with_columns(alias=pl.col("asset"), asset=pl.coalesce("id", default)).drop("id")
    else:
        joined = joined.with_columns(alias=pl.col("asset"), asset=default)
    added = [name for name in new if fresh[name] not in ids]
    assets = pl.DataFrame(
        {"asset": [fresh[name] for name in added], "symbol": [name.upper() for name in added]},
        schema={"asset": pl.String, "symbol": pl.String},
    ).unique("asset", keep="first", maintain_order=True)
    aliases = pl.DataFrame(
        {"source": [source] * len(new), "alias": new, "asset": [fresh[name] for name in new]},
        schema={"source": pl.String, "alias": pl.String, "asset": pl.String},
    )
    return joined.drop("row"), aliases, assets


def _identify_new_assets(lake: Lake, rows: pl.DataFrame, source: str) -> pl.DataFrame:
    if "new_asset" not in rows.columns:
        return rows
    named, _, _ = _identify(lake, rows.with_columns(asset="new_asset"), source)
    return rows.with_columns(new_asset=named["asset"])


def _judge(
    rows: pl.DataFrame, schema: Schema, now: datetime, report: ImportReport, held: Held | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the good rows, and the observations set aside; count every problem with examples."""
    aside: list[pl.DataFrame] = []

    def drop(rows: pl.DataFrame, wrong: Any, reason: str, name: str = "*", remedy: str = "") -> pl.DataFrame:
        marked = rows.with_columns(wrong=wrong.fill_null(value=False))
        found = marked.filter("wrong")
        if found.is_empty():
            return rows
        shown = [_told(row, name, remedy) for row in found.head(EXAMPLES_MAX).iter_rows(named=True)]
        report.add_problem(reason, found.height, shown)
        if {"time", "asset", "price"} <= set(found.columns) and schema.name in ("daily", "intraday"):
            aside.append(
                found.filter(pl.col("time").is_not_null() & pl.col("asset").is_not_null()).select(
                    "time",
                    "asset",
                    table=pl.lit(schema.name),
                    field=pl.lit("price" if name == "price" else "*"),
                    value=pl.col("price"),
                    check=pl.lit("import"),
                    reason=pl.lit(reason),
                )
            )
        return marked.filter(~pl.col("wrong")).drop("wrong")

    for name in [name for name in schema.columns if name in rows.columns]:
        column, timed = schema.columns[name], isinstance(schema.columns[name].dtype, pl.Datetime)
        missing = pl.col(name).is_nan() | pl.col(name).is_null() if column.dtype.is_float() else pl.col(name).is_null()
        remedy = _INSTANT_FORMS if timed else _NUMBER_FORMS if column.dtype.is_float() else "fill it in"
        if not column.nullable:
            rows = drop(rows, missing, f"{name} is missing or cannot be read", name, remedy)
        elif timed and _GIVEN + name in rows.columns:
            rows = drop(rows, pl.col(_GIVEN + name).is_not_null(), f"{name} cannot be read", name, remedy)
    if held is not None:
        stated = {"known_at": rows["known_at"]} if "known_at" in rows.columns else {}
        # A time of knowledge that was stated stays so, also where it is that of the event.
        rows = canonical_events(rows).with_columns(**stated)
        if stated:
            # What is announced may lie in the future; when it was announced may not.
            rows = drop(rows, pl.col("known_at") > now, "the time of knowledge lies in the future", "known_at")
        announced = pl.coalesce([name for name in ("known_at", "time") if name in rows.columns])
        rows = drop(
            rows, announced > now, "the time lies in the future", "time", "say in known_at when it was announced"
        )
        rows = _judge_events(rows, held, drop)
    elif "time" in rows.columns:
        rows = drop(rows, pl.col("time") > now, "the time lies in the future", "time")
    if schema.name in ("daily", "intraday") and "price" in rows.columns:
        price = pl.col("price")
        rows = drop(rows, price.is_null(), "there is no price")
        rows = drop(
            rows,
            ~price.is_finite() | (price <= 0) | (price > PRICE_MAX),
            "the price is not a positive finite number below 1e12",
            "price",
        )
        rows = _clean_figures(rows, drop)
    # A time of knowledge that is empty means what one does that equals `time`.
    meant = pl.coalesce(name for name in ("known_at", "time") if name in rows.columns)
    rows = rows.with_columns(_meant=meant if "known_at" in rows.columns else pl.lit(0))
    own = [name for name in rows.columns if name in schema.columns and name != "known_at"]
    rows = rows.unique([*own, "_meant"], keep="last", maintain_order=True)
    key = [name for name in schema.key if name in own] + ["_meant"]
    collision = pl.struct(key).is_duplicated()
    if schema.name in ("daily", "intraday"):
        return drop(rows, collision, "another row has the same time and asset with other figures"), _together(aside)
    if schema.name == "events":
        remedy = "leave one; a row that corrects another has a later known_at"
        return drop(rows, collision, "two rows tell the same event otherwise", "ratio", remedy), _together(aside)
    repeated = ~pl.struct(key).is_last_distinct()
    return drop(rows, repeated, "a later row has the same key"), _together(aside)


def _told(row: Mapping[str, Any], name: str, remedy: str) -> str:
    """Return a bad row for a message: its place, its asset, the value of a column as it was given, and the remedy."""
    given = row.get(_GIVEN + name)
    value = f"{name} {value_in_words(row[name] if given is None else given)}" if name in row else ""
    what = ", ".join(text for text in (row.get("asset"), value) if text)
    place = f"{row['file']} line {row['line']}: {what}".rstrip(": ")
    return f"{place}; {remedy}" if remedy else place


def _judge_events(rows: pl.DataFrame, held: Held, drop: Any) -> pl.DataFrame:
    for judge in (event_faults, clash_faults):
        faults = list(judge(rows.to_dicts(), held))
        rows = rows.with_columns(
            fault=pl.Series([None if found is None else str(found) for found in faults], dtype=pl.String)
        )
        for found in dict.fromkeys(found for found in faults if found is not None):
            rows = drop(rows, pl.col("fault") == str(found), found.reason, found.column, found.remedy)
    return rows.drop("fault")


def _clean_figures(rows: pl.DataFrame, drop: Any) -> pl.DataFrame:
    del drop
    for name in ("market_cap", "volume"):
        if name in rows.columns:
            column = pl.col(name)
            good = column.is_finite() & (column >= 0) & (column <= MARKET_CAP_MAX)
            if name == "market_cap":
                good &= column > 0  # a source writes 0 when it does not know the supply
            rows = rows.with_columns(pl.when(good).then(column).otherwise(None).alias(name))
    return rows


def _together(aside: list[pl.DataFrame]) -> pl.DataFrame:
    if not aside:
        return QUARANTINE.empty()
    return QUARANTINE.conform(pl.concat(aside)).unique(QUARANTINE.key, keep="first", maintain_order=True)
