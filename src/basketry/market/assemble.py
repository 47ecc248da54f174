"""From long or wide tables to a panel: dedupe by knowledge time, place on the grid, reject the impossible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError, SchemaError, nearest_hint
from basketry.core.frames import CLASSIFICATIONS, DAILY, EVENTS, INSTANT, METRICS, RATES, SUPPLY, YIELDS
from basketry.core.numbers import Floats
from basketry.core.time import DAY, to_datetime, to_instant
from basketry.market.event_checks import judge_events
from basketry.market.facts import Facts
from basketry.market.panel import Panel

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
    time and asset, the one known last by `known_by` counts. Supply, yields and metrics become visible when
    they were known, never before. A market capitalisation is price times supply where the supply table
    knows the asset, else the source's own figure; a supply that is not tabled is implied by the two.

    Prices that are not positive or above 1e12, and figures that are not finite, become unknown and are
    listed in `Panel.rejected`, as are events of assets that the observations do not hold.

    Raises:
        DataError: Two rows for one time, asset and knowledge time, no observations at all, or a row that is no event.
        SchemaError: A table does not conform to its schema.
    """
    cutoff = None if known_by is None else to_instant(known_by)
    if (observations is None) == (not wide):
        raise DataError("give either long observations or wide tables by field name, such as price=...")
    if observations is not None:
        frame = _known(DAILY.conform(_to_polars(observations, "observations"), "observations"), cutoff)
        times, names, fields = _pivot(frame)
    else:
        times, names, fields = _from_wide(wide or {})
    rejected = _reject(times, names, fields)
    index = {name: column for column, name in enumerate(names)}
    _add_supply(fields, supply, times, index, cutoff)
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
    )


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
    repeated = known.filter(known.select("time", "asset", "known_at").is_duplicated())
    if not repeated.is_empty():
        first = repeated.row(0, named=True)
        raise DataError(
            f"observations: {repeated.height} rows share time, asset and knowledge time, the first "
            f"{first['asset']!r} at {first['time']}; remove the duplicates (basketry data check finds them)"
        )
    if known["known_at"].equals(known["time"]):
        return known
    return known.sort("time", "asset", "known_at").unique(["time", "asset"], keep="last", maintain_order=True)


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
    times = _grid(np.unique(stamps))
    rows = np.searchsorted(times, stamps)
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


def _reject(times: NDArray[np.datetime64], names: tuple[str, ...], fields: dict[str, Floats]) -> pl.DataFrame:
    found = []
    for name, values in fields.items():
        known = ~np.isnan(values)
        wrong = known & ~(np.isfinite(values) & (values <= _LIMITS.get(name, np.inf)))
        if name == "price":
            wrong |= known & (values <= 0)
        elif name in _OBSERVED:
            wrong |= known & (values < 0)
        if name == "market_cap":
            # A source writes a zero capitalisation when it does not know the supply.
            values[values == 0] = np.nan
        rows, columns = np.nonzero(wrong)
        found.append(
            pl.DataFrame(
                {
                    "time": pl.Series(times[rows]).dt.replace_time_zone("UTC").cast(INSTANT),
                    "asset": pl.Series([names[column] for column in columns], dtype=pl.String),
                    "field": pl.Series([name] * len(rows), dtype=pl.String),
                    "value": values[rows, columns],
                    "reason": pl.Series(
                        [f"{name} is not a finite number in its allowed range"] * len(rows), dtype=pl.String
                    ),
                }
            )
        )
        values[wrong] = np.nan
    return pl.concat(found)


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
    )


def _add_supply(
    fields: dict[str, Floats],
    supply: pl.DataFrame | None,
    times: NDArray[np.datetime64],
    index: Mapping[str, int],
    cutoff: np.datetime64 | None,
) -> None:
    price, cap = fields["price"], fields.get("market_cap")
    if supply is not None:
        table = SUPPLY.conform(supply)
        tabled = _visible(table, "supply", times, index, cutoff)
        floated = table.filter(pl.col("free_float").is_not_null())
        if not floated.is_empty():
            fields["free_float"] = _visible(floated, "free_float", times, index, cutoff)
        implied = np.full_like(price, np.nan) if cap is None else cap / price
        fields["supply"] = np.where(np.isnan(tabled), implied, tabled)
        with np.errstate(over="ignore"):
            from_supply = price * tabled
        own = np.full_like(price, np.nan) if cap is None else cap
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
    rows = (
        _known_rows(table, cutoff)
        .with_columns(known=known, seen=pl.max_horizontal("time", known))
        .sort("asset", "seen", "time", "known")
        .filter(pl.col("time") == pl.col("time").cum_max().over("asset"))
    )
    wide = np.full((len(times), len(index)), np.nan)
    for (asset,), own in rows.group_by("asset", maintain_order=True):
        place = index.get(str(asset))
        if place is None:
            continue
        seen = own["seen"].dt.replace_time_zone(None).to_numpy()
        position = np.searchsorted(seen, times, side="right") - 1
        values = own[column].to_numpy()
        wide[:, place] = np.where(position >= 0, values[np.maximum(position, 0)], np.nan)
    # Infinity is no figure; it counts as unknown, like a figure that is missing.
    wide[~np.isfinite(wide)] = np.nan
    return wide
