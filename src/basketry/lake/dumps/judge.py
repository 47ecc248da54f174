"""From fields to rows of a tick table, with the first reason why a row is bad."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from basketry.lake.dumps import values
from basketry.lake.dumps.form import DumpFormat
from basketry.lake.dumps.lines import FIELDS

EARLIEST = datetime(2009, 1, 3, tzinfo=UTC)
"""Day of the first Bitcoin block: no crypto trade is older."""

MARKET = ("venue", "symbol")

Check = tuple[str, pl.Expr]


@dataclass(frozen=True)
class Terms:
    """What a caller says of a file.

    Attributes:
        form: Format of the file.
        size_decimals: Sizes are whole multiples of 10^-size_decimals.
        contract_value: Base units in a contract, or units of quote currency if `inverse`; None if not contracts.
        inverse: Whether a contract is worth a fixed amount of quote currency.
        now: An instant after which nothing can have been observed.
    """

    form: DumpFormat
    size_decimals: int
    contract_value: Decimal | None
    inverse: bool
    now: datetime


@dataclass(frozen=True)
class Judged:
    """Rows as parsed, and what is wrong with them.

    Attributes:
        rows: Columns of the table that the file has, with `venue` and `symbol` where it has them; one row for each
            line, bad ones with nulls.
        checks: Reasons in the order in which they are given, with an expression over `rows` that is true if it holds.
        rounded: Number of rows by column whose size had more decimals than can be kept.
    """

    rows: pl.DataFrame
    checks: list[Check]

    def all_good(self) -> bool:
        """Return whether nothing is wrong with any row."""
        wrong = pl.any_horizontal(wrong.fill_null(value=True) for _, wrong in self.checks)
        return not self.rows.select(wrong.any()).item()

    def reasons(self) -> pl.Series:
        """Return the first reason of each row, null if it is good."""
        reason = pl.lit(None, dtype=pl.String)
        for text, wrong in reversed(self.checks):
            reason = pl.when(wrong.fill_null(value=True)).then(pl.lit(text)).otherwise(reason)
        return self.rows.select(reason.alias("reason"))["reason"]


def typed_roles(form: DumpFormat) -> dict[str, pl.DataType]:
    """Return the types that roles can be read as at once; all others are text."""
    found: dict[str, pl.DataType] = {}
    for role in form.roles:
        if role in ("price", "open", "high", "low", "close", "bid", "ask") or "_price_" in role:
            found[role] = pl.Float64()
        elif role in ("time", "received_at") and form.time_unit in ("ms", "us", "ms-or-us"):
            found[role] = pl.Int64()
    return found


def judge(fields: pl.DataFrame, terms: Terms, layout_width: int) -> Judged:
    """Return the rows of fields (roles as columns), judged by the rules of the format's table."""
    form = terms.form
    builder = _Builder(fields, terms)
    if FIELDS in fields.columns:
        number = pl.col(FIELDS)
        builder.keep(FIELDS, number)
        builder.check("the line is blank", number == 0)
        builder.check(f"the number of fields is not {layout_width}", number != layout_width)
    for name in MARKET:
        if name in fields.columns:
            builder.keep(name, pl.col(name).cast(pl.String))
            builder.check(f"there is no {name}", pl.col(name).is_null())
    builder.instant("time", "time")
    builder.moment("received_at", "time of arrival")
    _TABLES[form.table](builder)
    return builder.judged()


class _Builder:
    """Collects the expressions of a table, then evaluates them at once."""

    def __init__(self, fields: pl.DataFrame, terms: Terms) -> None:
        self.fields = fields
        self.terms = terms
        self.form = terms.form
        self._parsed: dict[str, pl.Expr] = {}
        self._checks: list[Check] = []

    def has(self, role: str) -> bool:
        return role in self.fields.columns

    def dtype(self, role: str) -> pl.DataType:
        return self.fields.schema[role]

    def keep(self, name: str, value: pl.Expr) -> None:
        self._parsed[name] = value

    def check(self, reason: str, wrong: pl.Expr) -> None:
        self._checks.append((reason, wrong))

    def instant(self, role: str, words: str) -> None:
        self.keep(role, pl.lit(values.instants(self.fields[role], self.form.time_unit)))
        at = pl.col(role)
        self.check(f"the {words} cannot be read", at.is_null())
        self.check(f"the {words} lies before 2009", at < EARLIEST)
        self.check(f"the {words} lies in the future", at > self.terms.now)

    def moment(self, role: str, words: str) -> None:
        """Read a time of another clock, which may be missing and may lie: only what is unreadable is bad."""
        if self.has(role):
            self.keep(role, pl.lit(values.instants(self.fields[role], self.form.time_unit)))
            self.keep(f"{role} given", pl.col(role).is_not_null())
            self.check(f"the {words} cannot be read", pl.col(f"{role} given") & pl.col(role).is_null())

    def price(self, role: str, words: str, *, optional: bool = False) -> None:
        self.keep(role, values.number(role, self.dtype(role)))
        price, given = pl.col(role), pl.lit(value=True)
        if optional:
            self.keep(f"{role} given", pl.col(role).is_not_null())
            given = pl.col(f"{role} given")
        self.check(f"the {words} is not a number", given & price.is_null())
        self.check(f"the {words} is not a finite number", given & ~price.is_finite() & price.is_not_null())
        self.check(f"the {words} is not positive", given & (price <= 0) & price.is_not_null())

    def size(self, role: str, words: str, *, zero: bool = False, price: str = "", optional: bool = False) -> None:
        """Read a size in whole units.

        Args:
            role: Column of the size.
            words: What to call it.
            zero: Whether a size may be zero.
            price: Column of the price at which inverse contracts are converted.
            optional: Whether it may be missing.
        """
        text = pl.col(role) if self.dtype(role) == pl.String() else pl.col(role).cast(pl.String)
        decimals, value = self.terms.size_decimals, self.terms.contract_value
        units = values.whole_units(text, decimals)
        if value is not None:
            base = (
                values.from_inverse_contracts(units, values.number(price, self.dtype(price)), value)
                if self.terms.inverse
                else values.from_contracts(units, value)
            )
            units = pl.when(units < 0).then(units).otherwise(base)
        self.keep(role, units)
        self.keep(f"{role} rounded", values.was_rounded(text, decimals))
        size, given = pl.col(role), pl.lit(value=True)
        if optional:
            self.keep(f"{role} given", pl.col(role).is_not_null())
            given = pl.col(f"{role} given")
        self.check(f"the {words} is not a number that can be kept", given & size.is_null())
        self.check(f"the {words} is negative", given & (size < 0) & size.is_not_null())
        too_small = f"the {words} is zero or below 1e-{decimals}"
        if not zero:
            self.check(too_small, given & (size == 0) & size.is_not_null())
        else:
            self.check(f"the {words} is below 1e-{decimals}", given & (size == 0) & pl.col(f"{role} rounded"))

    def side(self) -> None:
        optional = "side" in self.form.optional
        self.keep("side", values.meaning("side", self.form.sides))
        known = values.is_word("side", self.form.sides)
        self.keep("side known", (pl.col("side").is_null() | known) if optional else known)
        self.check("the side cannot be read", ~pl.col("side known"))

    def text(self, role: str) -> None:
        if self.has(role):
            self.keep(role, pl.col(role).cast(pl.String))

    def whole(self, role: str, words: str) -> None:
        if not self.has(role):
            return
        self.keep(role, values.count(role, self.dtype(role)))
        self.keep(f"{role} given", pl.col(role).is_not_null())
        self.check(
            f"the {words} cannot be read", pl.col(f"{role} given") & (pl.col(role).is_null() | (pl.col(role) < 0))
        )

    def judged(self) -> Judged:
        rows = self.fields.select(value.alias(name) for name, value in self._parsed.items())
        return Judged(rows, self._checks)


def _trades(build: _Builder) -> None:
    build.text("trade_id")
    build.price("price", "price")
    corrects = build.has("known_at")
    build.size("size", "size", price="price", zero=corrects)
    if build.has("side"):
        build.side()
    build.moment("known_at", "time of the correction")
    if corrects:
        # Size 0 retracts a trade, which only a correction can do.
        build.check("the size is zero", (pl.col("size") == 0) & pl.col("known_at").is_null())


def _quotes(build: _Builder) -> None:
    build.whole("sequence", "sequence number")
    present = [pl.lit(value=False)]
    for side in ("bid", "ask"):
        if build.has(side):
            build.price(side, side, optional=True)
            present.append(pl.col(f"{side} given"))
        if build.has(f"{side}_size"):
            build.size(f"{side}_size", f"size of the {side}", price=side, optional=True, zero=False)
    build.check("there is neither a bid nor an ask", ~pl.any_horizontal(present))


def _depth(build: _Builder) -> None:
    build.whole("sequence", "sequence number")
    if build.has("ask_price_0"):
        _ladder(build)
        return
    spoken = {"true": "snapshot", "false": "delta", "snapshot": "snapshot", "delta": "delta"}
    build.keep("kind", values.meaning("kind", spoken))
    build.check("it is not said whether the row is of a snapshot", pl.col("kind").is_null())
    build.keep("side", values.meaning("side", build.form.sides))
    build.check("the side cannot be read", pl.col("side").is_null())
    build.price("price", "price")
    build.size("size", "size", zero=True, price="price")
    if not build.has("sequence"):
        build.check("there is no time of arrival, by which messages are told apart", pl.col("received_at").is_null())


def _ladder(build: _Builder) -> None:
    whole, half = [], []
    level = 0
    while build.has(f"ask_price_{level}"):
        for side in ("ask", "bid"):
            price, size = f"{side}_price_{level}", f"{side}_size_{level}"
            build.price(price, f"price of a level of the {side} side", optional=True)
            build.size(size, f"size of a level of the {side} side", zero=True, price=price, optional=True)
            whole.append(pl.col(f"{price} given") & (pl.col(size) > 0))
            half.append(pl.col(f"{price} given") != pl.col(f"{size} given"))
        level += 1
    build.check("a level lacks its price or its size", pl.any_horizontal(half))
    build.check("there is no level on either side", ~pl.any_horizontal(whole))


def _bars(build: _Builder) -> None:
    for role in ("open", "high", "low", "close"):
        build.price(role, role)
    low, high = pl.col("low"), pl.col("high")
    within = [price.is_between(low, high) for price in (pl.col("open"), pl.col("close"))]
    build.check("open and close do not lie between low and high", ~pl.all_horizontal(within))
    build.size("volume", "volume", zero=True, price="close")
    build.whole("trades", "number of trades")


_TABLES: Mapping[str, Callable[[_Builder], None]] = {
    "trades": _trades,
    "quotes": _quotes,
    "depth": _depth,
    "bars": _bars,
}
