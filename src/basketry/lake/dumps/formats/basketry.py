"""Our own columns, one format a table, and by `columns` any file with a header that has them under other names.

The columns are those of the tables (see `basketry.core.frames`), and besides `venue` and `symbol` where a file holds
several markets. Sizes and volumes are decimal numbers of base units, not whole multiples of a smaller unit. Times are
ISO 8601, or numbers of seconds, milliseconds, microseconds or nanoseconds since 1970 UTC, told apart by their size.
"""

from basketry.core.frames import TICK_TABLES
from basketry.lake.dumps.form import DumpFormat

_MARKET = ("venue", "symbol")
_SIDES: dict[str, dict[str, str | None]] = {
    "trades": {"buy": "buy", "sell": "sell", "unknown": None},
    "depth": {"bid": "bid", "ask": "ask"},
}

FORMATS = tuple(
    DumpFormat(
        name="basketry" if table == "trades" else f"basketry-{table}",
        table=table,
        summary=f"Table {table} with a header of its own columns, or of those that a mapping names",
        source="basketry.core.frames",
        header={name: name for name in (*schema.columns, *_MARKET)},
        optional=frozenset(schema.columns) - frozenset(schema.required) | frozenset(_MARKET),
        time_unit="any",
        sides=_SIDES.get(table, {}),
    )
    for table, schema in TICK_TABLES.items()
)
