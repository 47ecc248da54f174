"""From the text of a field to instants, prices and exact sizes, as Polars expressions."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from basketry.core.errors import DataError
from basketry.lake.dumps.form import TimeUnit

_WIDE = 18
"""Decimals at which a size is compared with its rounding."""

_SIZE_DECIMALS_MAX = 18

_VALUE_DECIMALS = 9
"""Decimals of the value of a contract."""

_FAR = 10**15
"""A number of milliseconds so far in the future that no greater one need be told from it."""


def whole_units(text: pl.Expr, decimals: int) -> pl.Expr:
    """Return decimal numbers as whole multiples of 10^-decimals, int64, rounded half to even; null if unreadable.

    The text is read as a decimal number, plain or with an exponent, and never becomes a floating-point number.

    >>> frame = pl.DataFrame({"size": ["0.1", "1e-05", "0.000000015", "x"]})
    >>> frame.select(whole_units(pl.col("size"), 8))["size"].to_list()
    [10000000, 1000, 2, None]
    """
    return text.cast(pl.Decimal(38, decimals), strict=False).to_physical().cast(pl.Int64, strict=False)


def was_rounded(text: pl.Expr, decimals: int) -> pl.Expr:
    """Return whether `whole_units` had to round."""
    rounded = text.cast(pl.Decimal(38, decimals), strict=False)
    return text.cast(pl.Decimal(38, _WIDE), strict=False) != rounded


def check_size_decimals(decimals: int) -> int:
    """Return the number of decimals, or raise DataError where int64 cannot hold such sizes."""
    if not 0 <= decimals <= _SIZE_DECIMALS_MAX:
        raise DataError(f"size_decimals is {decimals}; it must lie between 0 and {_SIZE_DECIMALS_MAX}")
    return decimals


def check_contract_value(value: Decimal) -> Decimal:
    """Return the value of a contract, or raise DataError where it cannot be kept exactly."""
    if not (value.is_finite() and 0 < value <= 10**_VALUE_DECIMALS and value.scaleb(_VALUE_DECIMALS) % 1 == 0):
        raise DataError(
            f"contract_value is {value}; it must be a positive number up to 1e{_VALUE_DECIMALS} with at most "
            f"{_VALUE_DECIMALS} decimals"
        )
    return value


def from_contracts(contracts: pl.Expr, value: Decimal) -> pl.Expr:
    """Return whole units of base asset of whole units of contracts, each worth `value` base units; half to even.

    `value` is one that `check_contract_value` lets pass. Units that int64 cannot hold are null.

    >>> frame = pl.DataFrame({"contracts": [3, 5]})
    >>> frame.select(from_contracts(pl.col("contracts"), Decimal("0.1")))["contracts"].to_list()
    [0, 0]
    >>> frame.select(from_contracts(pl.col("contracts"), Decimal("100")))["contracts"].to_list()
    [300, 500]
    """
    product = contracts.cast(pl.Int128) * pl.lit(int(value.scaleb(_VALUE_DECIMALS)), dtype=pl.Int128)
    divisor = pl.lit(10**_VALUE_DECIMALS, dtype=pl.Int128)
    quotient, twice = product // divisor, 2 * (product % divisor)
    odd = quotient % 2 == 1
    up = (twice > divisor) | ((twice == divisor) & odd)
    return (quotient + up.cast(pl.Int128)).cast(pl.Int64, strict=False)


def from_inverse_contracts(contracts: pl.Expr, price: pl.Expr, value: Decimal) -> pl.Expr:
    """Return whole units of base asset of whole units of contracts, each worth `value` of quote currency at `price`.

    A quotient has no exact decimal: it is the nearest whole number to the floating-point quotient, which is exact to
    15 digits.
    """
    units = (contracts.cast(pl.Float64) * float(value) / price).round(mode="half_to_even")
    return units.cast(pl.Int64, strict=False)


def number(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as floating-point numbers, the nearest to their text; null if unreadable."""
    return pl.col(column) if dtype == pl.Float64() else pl.col(column).cast(pl.Float64, strict=False)


def count(column: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column as whole numbers, also of texts such as 12.0; null if unreadable or no whole number."""
    if dtype == pl.String():
        return pl.when(~was_rounded(pl.col(column), 0)).then(whole_units(pl.col(column), 0))
    return pl.col(column).cast(pl.Int64, strict=False)


def instants(column: pl.Series, unit: TimeUnit) -> pl.Series:
    """Return UTC instants in whole microseconds, cut off below; null if unreadable.

    >>> instants(pl.Series(["1735689600.5", "1735689600.9999999"]), "s").dt.microsecond().to_list()
    [500000, 999999]
    """
    column = column.cast(pl.String) if column.dtype == pl.Date else column
    dtype, raw = column.dtype, pl.col("raw")
    frame = column.alias("raw").to_frame()
    if isinstance(dtype, pl.Datetime):
        zoned = raw.dt.convert_time_zone("UTC") if dtype.time_zone else raw.dt.replace_time_zone("UTC")
        return frame.select(zoned.dt.cast_time_unit("us"))["raw"]
    if unit in ("iso", "any") and dtype == pl.String():
        return _instants_of_text(frame, unit)
    if unit == "s" or (unit == "any" and not dtype.is_integer()):
        ticks = _scaled(raw.cast(pl.Int64), 1_000_000) if dtype.is_integer() else _fraction(raw.cast(pl.String))
    else:
        whole = raw.cast(pl.Int64, strict=False)
        ticks = {"ms": _scaled(whole, 1000), "us": whole, "ms-or-us": _milli_or_micro(whole)}.get(unit, _by_size(whole))
    return frame.select(_at(ticks))["raw"]


def _instants_of_text(frame: pl.DataFrame, unit: TimeUnit) -> pl.Series:
    """Return the instants of texts; the forms that are quick to read are tried on all of them first."""
    raw = pl.col("raw")
    zulu = frame.select(raw.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", strict=False))["raw"]
    if not zulu.null_count():
        return zulu.dt.replace_time_zone("UTC")
    if unit == "iso":
        return frame.select(_iso(raw))["raw"]
    whole = _at(_by_size(raw.cast(pl.Int64, strict=False)))
    return frame.select(pl.coalesce(whole, _at(_fraction(raw)), _iso(raw)).alias("raw"))["raw"]


def _at(ticks: pl.Expr) -> pl.Expr:
    return ticks.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _scaled(whole: pl.Expr, factor: int) -> pl.Expr:
    """Return a product that cannot overflow: far instants stay far."""
    return whole.clip(-_FAR * 1000 // factor, _FAR * 1000 // factor) * factor


def _milli_or_micro(whole: pl.Expr) -> pl.Expr:
    return pl.when(whole < 10**14).then(_scaled(whole, 1000)).otherwise(whole)


def _fraction(text: pl.Expr) -> pl.Expr:
    nanoseconds = text.cast(pl.Decimal(38, 9), strict=False).to_physical()
    return (nanoseconds // pl.lit(1000, dtype=pl.Int128)).cast(pl.Int64, strict=False)


def _by_size(whole: pl.Expr) -> pl.Expr:
    return (
        pl.when(whole < 10**11)
        .then(_scaled(whole, 1_000_000))
        .when(whole < 10**14)
        .then(whole * 1000)
        .when(whole < 10**17)
        .then(whole)
        .otherwise(whole // 1000)
    )


def _iso(text: pl.Expr) -> pl.Expr:
    shape = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2}(?:\.\d+)?)(?: ?UTC|Z|[+-]\d{2}(?::?\d{2})?)?$"
    plain = text.str.replace(shape, "${1}T$2")
    offset = text.str.extract(r":\d{2}(?:\.\d+)?([+-]\d{2}(?::?\d{2})?)$").str.replace(":", "", literal=True)
    minutes = offset.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + offset.str.slice(3, 2).cast(
        pl.Int64, strict=False
    ).fill_null(0)
    ahead = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0)
    local = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    return (local - pl.duration(minutes=ahead, time_unit="us")).dt.replace_time_zone("UTC")


def meaning(column: str, meanings: Mapping[str, str | None]) -> pl.Expr:
    """Return what the words of a column mean, in whatever case they stand; null for others."""
    words = {word: meant for word, meant in meanings.items() if meant is not None}
    return _word(column).replace_strict(words, default=None, return_dtype=pl.String)


def is_word(column: str, meanings: Mapping[str, str | None]) -> pl.Expr:
    """Return whether what stands in a column is one of some words."""
    return _word(column).is_in(list(meanings))


def _word(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.to_lowercase()
