"""From long or wide tables to a panel: dedupe by knowledge time, place on the grid, reject the impossible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError, SchemaError, nearest_hint
from basketry.core.frames import CLASSIFICATIONS, DAILY, EVENTS, INSTANT, METRICS, RATES, SUPPLY, YIELDS
from basketry.core.numbers import Bools, Floats
from basketry.core.order import ascending
from basketry.core.time import DAY, to_datetime, to_instant
from basketry.market.event_checks import judge_events
from basketry.market.facts import Facts
from basketry.market.panel import Panel
from basketry.market.revisions import Revisions

PRICE_MAX = 1e12
"""A price above this, in quote currency for one unit, is an error of the input, not a price."""

MARKET_CAP_MAX = 1e18
"""A capitalisation above this is not a number that a market can produce; plausibility is the guard's business."""

_OBSERVED = ("price", "market_cap", "volume", "sources")
_LIMITS = {"price": PRICE_MAX, "market_cap": MARKET_CAP_MAX, "volume": MARKET_CAP_MAX}


def panel_from_frames(
    observations: Any = None,
    *,
    wide: Mapping[str, Any] | None = None,
    assets: pl.DataFrame | None = None,
    classifications: pl.DataFrame | None = None,
    supply: pl.DataFrame | None = None,
    yields: pl.DataFrame | None = None,
    events: pl.DataFrame | None = None,
    metrics: pl.DataFrame | None = None,
    rates: pl.DataFrame | None = None,
    known_by: Any = None,
    simulated: bool = False,
) -> Panel:
    """Return a panel of long tables in the declared schemas, or of wide tables (a time column, then assets).

    Polars and pandas frames are taken alike; a wide pandas frame may hold its times in the index.
    When all observations fall on one time of day, the rows are completed to a whole daily grid, so that a
    day without data is a row of unknown values and not a day that never was. Of several values for one
    time and asset, the one known last by `known_by` counts; the earlier ones are kept as the panel's revisions, so
    that a cut gives what was known then, and nothing of a row that was not known yet. Supply, yields and metrics
    become visible when they were known, never before. A market capitalisation is price times supply where the
    supply table knows the asset, else the source's own figure; a supply that is not tabled is implied by the two.

    Prices that are not positive or above 1e12, and figures that are not finite, become unknown and are
    listed in `Panel.rejected`, as are events of assets that the observations do not hold.

    Raises:
        DataError: Two rows for one time, asset and knowledge time, no observations at all, or a row that is no event.
        SchemaError: A table does not conform to its schema.
    """
    cutoff = None if known_by is None else to_instant(known_by)
    if (observations is None) == (not wide):
        raise DataError("give either long observations or wide tables by field name, such as price=...")
    late: _Late | None = None
    if observations is not None:
        frame = _known(DAILY.conform(_to_polars(observations, "observations"), "observations"), cutoff)
        times, names, fields = _pivot(_last_versions(frame))
        late = _late_versions(frame, times, names, fields)
    else:
        times, names, fields = _from_wide(wide or {})
    rejected = _reject(times, names, fields, late)
    index = {name: column for column, name in enumerate(names)}
    _add_supply(fields, late, supply, times, index, cutoff)
    if yields is not None:
        fields["staking_yield"] = _visible(YIELDS.conform(yields), "staking_yield", times, index, cutoff)
    if metrics is not None:
        for (metric,), rows in METRICS.conform(metrics).group_by("metric", maintain_order=True):
            name = str(metric)
            if name in fields:
                raise DataError(f"metrics: {name!r} is the name of an observed field; give the metric another")
            fields[name] = _visible(rows, "value", times, index, cutoff)
    for values in fields.values():
        # Nobody else holds these arrays: a panel that knows them final need not watch them.
        values.flags.writeable = False
    event_table = EVENTS.empty()
    if events is not None:
        event_table = judge_events(
            _known_rows(EVENTS.conform(events, "events"), cutoff),
            "basketry data check --quarantine sets such rows of a lake aside",
        )
        rejected = pl.concat([rejected, _strange_events(event_table, index)])
    return Panel(
        times=times,
        assets=names,
        fields=fields,
        facts=Facts.from_frames(assets, None if classifications is None else CLASSIFICATIONS.conform(classifications)),
        event_table=event_table,
        rate_table=RATES.empty() if rates is None else _known_rows(RATES.conform(rates), cutoff),
        rejected=rejected,
        simulated=simulated,
        revisions=None if late is None else late.revisions(times),
        known_by=_latest(times, late, [supply, yields, events, metrics, rates]) if cutoff is None else cutoff,
    )


@dataclass
class _Late:
    """Versions that became known after their time: where, when, and by field the value before."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    known_at: NDArray[np.datetime64]
    before: dict[str, Floats]

    def before_known_at(self, times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        """Return since when the value before each version was known."""
        same = (self.rows[1:] == self.rows[:-1]) & (self.columns[1:] == self.columns[:-1])
        found = times[self.rows].astype("datetime64[us]")
        found[1:][same] = self.known_at[:-1][same]
        return found

    def last_known_at(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], times: NDArray[np.datetime64]
    ) -> NDArray[np.datetime64]:
        """Return since when the last version of some cells is known."""
        last = dict(zip(zip(self.rows.tolist(), self.columns.tolist(), strict=True), self.known_at, strict=True))
        cells = zip(rows.tolist(), columns.tolist(), strict=True)
        found = [last.get(cell, times[cell[0]]) for cell in cells]
        return np.array(found, dtype="datetime64[us]")

    def revisions(self, times: NDArray[np.datetime64]) -> Revisions:
        return Revisions.of(times, self.rows, self.columns, self.known_at, self.before)


def _latest(times: NDArray[np.datetime64], late: _Late | None, tables: Iterable[pl.DataFrame | None]) -> np.datetime64:
    """Return the latest instant at which an observation was made or anything became known."""
    found = [times[-1]] if late is None else [times[-1], late.known_at.max()]
    for table in tables:
        if table is not None and "known_at" in table.columns:
            last = table["known_at"].cast(INSTANT).max()
            found += [] if last is None else [to_instant(last)]  # type: ignore[arg-type]
    return max(found)


def _to_polars(frame: Any, where: str) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if hasattr(frame, "reset_index"):  # pandas, without importing it
        named_index = frame.index.name or "time"
        has_time = "time" in frame.columns
        converted = pl.from_pandas(frame if has_time else frame.rename_axis(named_index).reset_index())
        return converted if has_time else converted.rename({named_index: "time"})
    raise SchemaError(f"{where}: expected a Polars or pandas DataFrame, was {type(frame).__name__}")


def _known_rows(frame: pl.DataFrame, cutoff: np.datetime64 | None) -> pl.DataFrame:
    if cutoff is None:
        return frame
    return frame.filter(pl.coalesce("known_at", "time") <= to_datetime(cutoff))


def _known(frame: pl.DataFrame, cutoff: np.datetime64 | None) -> pl.DataFrame:
    known = _known_rows(frame, cutoff).with_columns(pl.coalesce("known_at", "time"))
    if ascending(known, ["time", "asset", "known_at"]):
        return known
    known = known.sort("time", "asset", "known_at", maintain_order=True)
    repeated = known.filter(known.select("time", "asset", "known_at").is_duplicated())
    if not repeated.is_empty():
        first = repeated.row(0, named=True)
        raise DataError(
            f"observations: {repeated.height} rows share time, asset and knowledge time, the first "
            f"{first['asset']!r} at {first['time']}; leave one of them (an empty known_at means at `time`)"
        )
    return known


def _last_versions(known: pl.DataFrame) -> pl.DataFrame:
    if known["known_at"].equals(known["time"]):
        return known
    return known.unique(["time", "asset"], keep="last", maintain_order=True)


def _late_versions(
    known: pl.DataFrame, times: NDArray[np.datetime64], names: tuple[str, ...], fields: Mapping[str, Floats]
) -> _Late | None:
    """Return the rows that became known after their time, with what was known before of the same time and asset."""
    if not (known["known_at"] > known["time"]).any():
        return None
    again = pl.all_horizontal(pl.col("time", "asset").eq(pl.col("time", "asset").shift(1)))
    before = [pl.when(again).then(pl.col(name).shift(1)).cast(pl.Float64).alias(name) for name in _OBSERVED]
    rows = known.with_columns(before).filter(pl.col("known_at") > pl.col("time"))
    stamps, known_at = (
        rows[name].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]") for name in ("time", "known_at")
    )
    columns = np.searchsorted(np.array(names), rows["asset"].to_numpy())
    values = {name: rows[name].fill_null(np.nan).to_numpy().copy() for name in _OBSERVED if name in fields}
    return _Late(np.searchsorted(times, stamps), columns, known_at, values)


def _grid(observed: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return the rows of the panel: a whole daily grid for daily data, else the observed instants."""
    if len(observed) > 1 and not ((observed - observed[0]) % DAY).astype(np.int64).any():
        return np.arange(observed[0], observed[-1] + DAY, DAY)
    return observed


def _pivot(frame: pl.DataFrame) -> tuple[NDArray[np.datetime64], tuple[str, ...], dict[str, Floats]]:
    if frame.is_empty():
        raise DataError("there are no observations; import some with: basketry data import")
    names = frame["asset"].unique().sort()
    stamps = frame["time"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
    # Rows come in the order of their times.
    begins = np.append(True, stamps[1:] != stamps[:-1])
    observed = stamps[begins]
    times = _grid(observed)
    rows = np.searchsorted(times, observed)[np.cumsum(begins) - 1]
    columns = frame.select(pl.col("asset").cast(pl.Enum(names)).to_physical()).to_series().to_numpy().astype(np.int64)
    fields: dict[str, Floats] = {}
    for name in _OBSERVED:
        values = frame[name].cast(pl.Float64)
        if name != "price" and values.null_count() == len(values):
            continue
        wide = np.full((len(times), len(names)), np.nan)
        wide[rows, columns] = values.fill_null(np.nan).to_numpy()
        fields[name] = wide
    return times, tuple(names), fields


def _from_wide(
    tables: Mapping[str, Any],
) -> tuple[NDArray[np.datetime64], tuple[str, ...], dict[str, Floats]]:
    frames = {name: _to_polars(table, name) for name, table in tables.items()}
    if "price" not in frames:
        raise DataError("wide tables need one named price")
    long = []
    for name, frame in frames.items():
        if "time" not in frame.columns:
            raise SchemaError(f"{name}: a wide table needs a column 'time' (or times in a pandas index)")
        if frame["time"].is_duplicated().any():
            raise DataError(f"{name}: two rows have the same time")
        stamped = frame.with_columns(pl.col("time").cast(pl.Datetime("us"), strict=True))
        long.append((name, stamped))
    names = tuple(sorted({column for _, frame in long for column in frame.columns if column != "time"}))
    stamps = {name: frame["time"].to_numpy().astype("datetime64[us]") for name, frame in long}
    times = _grid(np.unique(np.concatenate(list(stamps.values()))))
    fields = {}
    for name, frame in long:
        columns = [column for column in frame.columns if column != "time"]
        wide = np.full((len(times), len(names)), np.nan)
        positions = np.searchsorted(np.array(names), np.array(columns))
        rows = np.searchsorted(times, stamps[name])
        wide[np.ix_(rows, positions)] = frame.select(pl.col(columns).cast(pl.Float64).fill_null(np.nan)).to_numpy()
        fields[name] = wide
    return times, names, fields


def _reject(
    times: NDArray[np.datetime64], names: tuple[str, ...], fields: dict[str, Floats], late: _Late | None
) -> pl.DataFrame:
    """Make impossible figures unknown, in all versions, and return them with the reason."""
    found = []
    for name, values in fields.items():
        # Mostly there are none, which takes a tenth of the time to see without rows and columns.
        rows, columns = np.unravel_index(np.flatnonzero(_impossible(name, values)), values.shape)
        since = times[rows] if late is None else late.last_known_at(rows, columns, times)
        assets = [names[column] for column in columns]
        found.append(_rejected(name, times[rows], assets, values[rows, columns], since))
        _forget(name, values, (rows, columns))
    if late is not None:
        since = late.before_known_at(times)
        for name, values in late.before.items():
            wrong = np.flatnonzero(_impossible(name, values))
            assets = [names[column] for column in late.columns[wrong]]
            when = times[late.rows[wrong]]
            found.append(_rejected(name, when, assets, values[wrong], since[wrong], late.known_at[wrong]))
            _forget(name, values, wrong)
    return pl.concat(found)


def _forget(name: str, values: Floats, wrong: Any) -> None:
    values[wrong] = np.nan
    if name == "market_cap":
        # A source writes a zero capitalisation when it does not know the supply.
        values[values == 0] = np.nan


def _strange_events(events: pl.DataFrame, index: Mapping[str, int]) -> pl.DataFrame:
    """Return the events of assets that the panel does not hold, in the form of `Panel.rejected`."""
    strange = events.filter(~pl.col("asset").is_in(list(index)))
    hints = {asset: nearest_hint(asset, index) for asset in strange["asset"].unique()}
    return strange.select(
        "time",
        "asset",
        field=pl.lit("event"),
        value="ratio",
        reason=pl.format(
            "{} of an asset that the data do not hold{}",
            "kind",
            pl.col("asset").replace_strict(hints, return_dtype=pl.String),
        ),
        known_at=pl.coalesce("known_at", "time").cast(INSTANT),
        known_until=pl.lit(None, dtype=INSTANT),
    )


def _impossible(name: str, values: Floats) -> Bools:
    possible = values <= _LIMITS.get(name, np.finfo(np.float64).max)
    if name == "price":
        possible &= values > 0
    elif name in _OBSERVED:
        possible &= values >= 0
    else:
        possible &= values >= -np.finfo(np.float64).max
    # What is unknown is not impossible.
    return ~(possible | np.isnan(values))


def _rejected(
    name: str,
    times: NDArray[np.datetime64],
    assets: list[str],
    values: Floats,
    known_at: NDArray[np.datetime64],
    known_until: NDArray[np.datetime64] | None = None,
) -> pl.DataFrame:
    reason = f"{name} is not a finite number in its allowed range"
    last = pl.Series([None] * len(times), dtype=INSTANT) if known_until is None else _instants(known_until)
    return pl.DataFrame(
        {
            "time": _instants(times),
            "asset": pl.Series(assets, dtype=pl.String),
            "field": pl.Series([name] * len(assets), dtype=pl.String),
            "value": values,
            "reason": pl.Series([reason] * len(assets), dtype=pl.String),
            "known_at": _instants(known_at),
            "known_until": last,
        }
    )


def _instants(times: NDArray[np.datetime64]) -> pl.Series:
    return pl.Series(times.astype("datetime64[us]")).dt.replace_time_zone("UTC").cast(INSTANT)


def _add_supply(
    fields: dict[str, Floats],
    late: _Late | None,
    supply: pl.DataFrame | None,
    times: NDArray[np.datetime64],
    index: Mapping[str, int],
    cutoff: np.datetime64 | None,
) -> None:
    tabled: Floats | None = None
    if supply is not None:
        table = SUPPLY.conform(supply)
        tabled = _visible(table, "supply", times, index, cutoff)
        floated = table.filter(pl.col("free_float").is_not_null())
        if not floated.is_empty():
            fields["free_float"] = _visible(floated, "free_float", times, index, cutoff)
    _derive(fields, tabled)
    if late is not None:
        _derive(late.before, None if tabled is None else tabled[late.rows, late.columns])


def _derive(fields: dict[str, Floats], tabled: Floats | None) -> None:
    """Add capitalisation and supply, each from the other and the price, to fields of any shape."""
    price, cap = fields["price"], fields.get("market_cap")
    if tabled is not None:
        own = np.full_like(price, np.nan) if cap is None else cap
        fields["supply"] = np.where(np.isnan(tabled), own / price, tabled)
        if cap is not None:
            # What the source of the capitalisation says beside the table: figures that agree confirm each other.
            fields["second_supply"] = np.where(np.isnan(tabled), np.nan, own / price)
        with np.errstate(over="ignore"):
            from_supply = price * tabled
        fields["market_cap"] = np.where(np.isnan(from_supply), own, from_supply)
    elif cap is not None:
        fields["supply"] = cap / price


def _visible(
    table: pl.DataFrame,
    column: str,
    times: NDArray[np.datetime64],
    index: Mapping[str, int],
    cutoff: np.datetime64 | None,
) -> Floats:
    """Return the figure in force at each row as it was known then, shape (T, N).

    A figure is visible from the later of its time and its knowledge time. Of the figures visible, the one
    for the latest time counts, and of several for one time the one known last.
    """
    known = pl.coalesce("known_at", "time")
    held = pl.col("asset").cast(pl.Enum(list(index)), strict=False)
    rows = (
        _known_rows(table, cutoff)
        .select("time", held, column, known=known, seen=pl.max_horizontal("time", known))
        .filter(pl.col("asset").is_not_null())
    )
    # Where they became known in the order of their times, none stands back behind another.
    if not (rows["time"].is_sorted() and rows["known"].is_sorted()):
        rows = rows.sort("asset", "seen", "time", "known").filter(
            pl.col("time") == pl.col("time").cum_max().over("asset")
        )
    columns = rows["asset"].to_physical().to_numpy().astype(np.int64)
    first = np.searchsorted(times, rows["seen"].dt.replace_time_zone(None).to_numpy())
    shown = first < len(times)
    # Each cell gets the number of the figure that begins there, the last of several; then that in force.
    number = np.full((len(times), len(index)), -1, dtype=np.int32)
    number[first[shown], columns[shown]] = np.flatnonzero(shown)
    np.maximum.accumulate(number, axis=0, out=number)
    values = np.append(rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy(), np.nan)
    # Infinity is no figure; it counts as unknown, like a figure that is missing.
    values[~np.isfinite(values)] = np.nan
    return values.take(number)
