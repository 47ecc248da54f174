"""Returns of calendar periods: to date, over years, and a table of months."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from basketry.core.time import DAY, MICROSECOND
from basketry.evaluation.levels import Levels, Times

PERIODS = (
    ("1 step", "last level over the one before"),
    ("7 days", "from seven days before the last level"),
    ("30 days", "from thirty days before the last level"),
    ("90 days", "from ninety days before the last level"),
    ("Month to date", "from 00:00 UTC on the first day of the month"),
    ("Quarter to date", "from 00:00 UTC on the first day of the quarter"),
    ("Year to date", "from 00:00 UTC on 1 January"),
    ("1 year", "from the same day a year before"),
    ("3 years", "from the same day three years before; compound return a year"),
    ("5 years", "from the same day five years before; compound return a year"),
    ("Since start", "last level over first; compound return a year in the column beside"),
)
"""Names and conventions of the periods, in order."""

YEARS = {"1 year": 1, "3 years": 3, "5 years": 5}
DAYS = {"7 days": 7, "30 days": 30, "90 days": 90}


def period_returns(levels: Levels) -> pl.DataFrame:
    """Return the returns to the last level: period, start, total, annual, convention.

    A period counts from the level at its start, or from the last one before if that is no older than the longest
    step. A period that the series does not reach has NaN. `annual` is compound, over calendar years where the period
    is one, else over years of 365 days, and NaN for less than a year.

    >>> days = np.datetime64("2020-01-01", "us") + np.arange(400) * np.timedelta64(1, "D")
    >>> found = period_returns(Levels(days, np.arange(100.0, 500.0)))
    >>> dict(zip(found["period"], found["total"].round(6), strict=True))["Month to date"]
    0.004024
    """
    end = levels.times[-1]
    day = closed_days(levels.times[-1:])[0]
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    quarter = year.astype("datetime64[M]") + (month - year.astype("datetime64[M]")) // 3 * 3
    starts = {
        "1 step": levels.times[-2],
        **{name: end - count * DAY for name, count in DAYS.items()},
        "Month to date": month,
        "Quarter to date": quarter,
        "Year to date": year,
        **{name: years_before(end, count) for name, count in YEARS.items()},
        "Since start": levels.times[0],
    }
    rows = []
    for name, convention in PERIODS:
        start = np.datetime64(starts[name], "us")
        row = _row_at(levels, start)
        total = annual = np.nan
        if row is not None:
            total = float(levels.level[-1] / levels.level[row] - 1)
            length = float(YEARS.get(name, levels.years if name == "Since start" else 0))
            annual = (1 + total) ** (1 / length) - 1 if length >= 1 else np.nan
        rows.append((name, start.astype("datetime64[us]").item(), total, annual, convention))
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "period": pl.String,
        "start": pl.Datetime("us"),
        "total": pl.Float64,
        "annual": pl.Float64,
        "convention": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("start").dt.replace_time_zone("UTC"))


def month_returns(levels: Levels) -> pl.DataFrame:
    """Return the returns of calendar months and years as a table: year, Jan to Dec, year's return.

    A month runs between the levels at 00:00 UTC on its first day and on the first of the next; the level before stands
    in as in `period_returns`. The first and last month, and year, count from the first and to the last level: their
    returns are of a part. Months without a level are null. Compounded, the months of a year give the year's return.

    >>> days = np.datetime64("2024-01-01", "us") + np.arange(61) * np.timedelta64(1, "D")
    >>> table = month_returns(Levels(days, np.linspace(100, 160, 61)))
    >>> table.select("year", pl.col("Jan", "Feb", "Mar", "total").round(4)).row(0)
    (2024, 0.31, 0.2214, None, 0.6)
    """
    first, last = levels.times[0].astype("datetime64[M]"), closed_days(levels.times[-1:])[0].astype("datetime64[M]")
    edges = np.arange(first, last + 2).astype("datetime64[us]")
    edges = np.clip(edges, levels.times[0], levels.times[-1])
    found = [_row_at(levels, edge) for edge in edges]
    table: dict[int, dict[str, float | int | None]] = {}
    for place, (start, end) in enumerate(pairwise(found)):
        month = first + place
        year = int(month.astype("datetime64[Y]").astype(int)) + 1970
        own = table.setdefault(year, {"year": year, **dict.fromkeys(MONTHS)})
        if start is not None and end is not None and end > start:
            own[MONTHS[int(month.astype(int)) % 12]] = float(levels.level[end] / levels.level[start] - 1)
    for year, own in table.items():
        starts, ends = (_row_at(levels, _clipped(levels, f"{at}-01-01")) for at in (year, year + 1))
        known = starts is not None and ends is not None
        own["total"] = float(levels.level[ends] / levels.level[starts] - 1) if known else None
    schema = {"year": pl.Int32, **dict.fromkeys(MONTHS, pl.Float64), "total": pl.Float64}
    return pl.DataFrame(list(table.values()), schema=schema)


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def closed_days(times: Times) -> Times:
    """Return the UTC day that each instant closes: 00:00 closes the day before.

    >>> closed_days(np.array(["2024-01-02T00:00", "2024-01-02T16:00"], dtype="datetime64[us]")).astype(str).tolist()
    ['2024-01-01', '2024-01-02']
    """
    return (times - MICROSECOND).astype("datetime64[D]")


def years_before(instant: np.datetime64, years: int) -> np.datetime64:
    """Return the same date and time some years before; 29 February becomes 28 February.

    >>> years_before(np.datetime64("2024-02-29T16:00", "us"), 1)
    np.datetime64('2023-02-28T16:00:00.000000')
    """
    day: date = instant.astype("datetime64[D]").item()
    leap = day.month == 2 and day.day == 29
    earlier = day.replace(year=day.year - years, day=28 if leap else day.day)
    return np.datetime64(earlier, "us") + (instant - instant.astype("datetime64[D]"))


def _row_at(levels: Levels, instant: np.datetime64) -> int | None:
    """Return the row of the last level at or before an instant; None where it is older than the longest step."""
    row = int(np.searchsorted(levels.times, instant, side="right")) - 1
    longest = levels.longest or levels.step
    return row if row >= 0 and instant - levels.times[row] <= longest else None


def _clipped(levels: Levels, day: str) -> np.datetime64:
    return np.clip(np.datetime64(day, "us"), levels.times[0], levels.times[-1])
