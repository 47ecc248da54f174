"""Declared schemas of every long table: column, type, unit, key, order and allowed range.

A frame is checked once, where it enters (`Schema.conform`, `Schema.check`); inside it is trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from basketry.core.errors import SchemaError, nearest_hint
from basketry.core.event_kind import REMOVALS, EventKind

INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, its unit in words, and whether it may be null."""

    dtype: pl.DataType
    unit: str = ""
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Schema:
    """A table: its columns, the columns that make a row unique, and what it holds."""

    name: str
    summary: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = field(default=())

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """Column types in their declared order."""
        return {name: column.dtype for name, column in self.columns.items()}

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that may not be null."""
        return tuple(name for name, column in self.columns.items() if not column.nullable)

    def empty(self) -> pl.DataFrame:
        """Return a frame of this schema without rows."""
        return pl.DataFrame(schema=self.dtypes)

    def conform(self, frame: pl.DataFrame, where: str = "") -> pl.DataFrame:
        """Return `frame` with columns in declared order, cast, missing nullable columns filled with null.

        Raises:
            SchemaError: A required column is missing or null, a column is not declared, or a cast fails.
        """
        place = f"{where}: " if where else ""
        for name in frame.columns:
            if name not in self.columns:
                raise SchemaError(
                    f"{place}table {self.name!r} has no column {name!r}{nearest_hint(name, self.columns)}; "
                    f"its columns are {', '.join(self.columns)}"
                )
        missing = [name for name in self.required if name not in frame.columns]
        if missing:
            raise SchemaError(f"{place}table {self.name!r} needs column {', '.join(missing)}")
        wanted = []
        for name, column in self.columns.items():
            if name not in frame.columns:
                wanted.append(pl.lit(None, dtype=column.dtype).alias(name))
            elif isinstance(column.dtype, pl.Datetime) and frame.schema[name] == pl.Datetime("us"):
                wanted.append(pl.col(name).dt.replace_time_zone("UTC"))
            else:
                wanted.append(pl.col(name).cast(column.dtype))
        try:
            conformed = frame.select(wanted)
        except pl.exceptions.PolarsError as error:
            first_line = str(error).splitlines()[0]
            raise SchemaError(f"{place}table {self.name!r}: {first_line}") from error
        for name in self.required:
            count = conformed[name].null_count()
            if count:
                raise SchemaError(f"{place}table {self.name!r}: column {name!r} is empty in {count} rows")
        return conformed

    def check(self, frame: pl.DataFrame, where: str = "") -> pl.DataFrame:
        """Return `frame` unchanged, or raise SchemaError naming every difference from the schema."""
        wrong = [
            f"{name}: expected {column.dtype}, was {frame.schema.get(name, 'missing')}"
            for name, column in self.columns.items()
            if frame.schema.get(name) != column.dtype
        ]
        wrong += [f"{name}: not a column" for name in frame.columns if name not in self.columns]
        if wrong:
            raise SchemaError(f"{where or self.name}: " + "; ".join(wrong))
        return frame


def _observations(name: str, summary: str) -> Schema:
    return Schema(
        name,
        summary,
        {
            "time": Column(INSTANT, "instant at which the price was observed"),
            "asset": Column(pl.String(), "stable asset id"),
            "price": Column(pl.Float64(), "quote currency per unit", nullable=True),
            "market_cap": Column(pl.Float64(), "quote currency", nullable=True),
            "volume": Column(pl.Float64(), "quote currency traded in the 24 hours before", nullable=True),
            "sources": Column(pl.UInt32(), "number of price sources", nullable=True),
            "known_at": Column(INSTANT, "when the value was known; null means at `time`", nullable=True),
        },
        key=("time", "asset", "known_at"),
    )


DAILY = _observations("daily", "One observation an asset a day.")
INTRADAY = _observations("intraday", "Observations within the day.")

ASSETS = Schema(
    "assets",
    "Asset reference: stable ids that are never reused.",
    {
        "asset": Column(pl.String(), "stable asset id"),
        "symbol": Column(pl.String(), "ticker in use now", nullable=True),
        "name": Column(pl.String(), nullable=True),
        "note": Column(pl.String(), nullable=True),
    },
    key=("asset",),
)

ALIASES = Schema(
    "aliases",
    "Names that sources use for an asset, with the dates [valid_from, valid_until) in which they mean it.",
    {
        "source": Column(pl.String(), "who uses the alias; '*' for everybody"),
        "alias": Column(pl.String(), "ticker or id at the source"),
        "asset": Column(pl.String(), "stable asset id"),
        "valid_from": Column(INSTANT, nullable=True),
        "valid_until": Column(INSTANT, "exclusive", nullable=True),
    },
    key=("source", "alias", "valid_from"),
)

CLASSIFICATIONS = Schema(
    "classifications",
    "Tags and sectors of assets, with the dates [valid_from, valid_until) in which they hold.",
    {
        "asset": Column(pl.String(), "stable asset id"),
        "scheme": Column(pl.String(), "'tag' or 'sector'"),
        "value": Column(pl.String(), "for example stablecoin, wrapped, privacy, meme, layer-1, defi"),
        "valid_from": Column(INSTANT, nullable=True),
        "valid_until": Column(INSTANT, "exclusive", nullable=True),
    },
    key=("asset", "scheme", "value", "valid_from"),
)

SUPPLY = Schema(
    "supply",
    "Circulating supply and free float.",
    {
        "time": Column(INSTANT, "instant that the figures describe"),
        "asset": Column(pl.String(), "stable asset id"),
        "supply": Column(pl.Float64(), "units in circulation"),
        "free_float": Column(pl.Float64(), "share of the supply that trades freely, 0 to 1", nullable=True),
        "known_at": Column(INSTANT, "when the figures were known; null means at `time`", nullable=True),
    },
    key=("time", "asset", "known_at"),
)

YIELDS = Schema(
    "yields",
    "Staking and other income.",
    {
        "time": Column(INSTANT, "instant from which the rate holds"),
        "asset": Column(pl.String(), "stable asset id"),
        "staking_yield": Column(pl.Float64(), "fraction a year, simple, ACT/365"),
        "known_at": Column(INSTANT, nullable=True),
    },
    key=("time", "asset", "known_at"),
)

EVENTS = Schema(
    "events",
    "Corporate events; a later row about the same event, known later, corrects it.",
    {
        "time": Column(INSTANT, "instant from which the event holds"),
        "kind": Column(pl.String(), " | ".join(EventKind)),
        "asset": Column(pl.String(), "asset concerned (the old one of a migration)"),
        "new_asset": Column(pl.String(), "new asset of a migration, merger, fork or airdrop", nullable=True),
        "ratio": Column(pl.Float64(), "new units for one old unit", nullable=True),
        "until": Column(INSTANT, "end of a halt, exclusive", nullable=True),
        "known_at": Column(INSTANT, "when it was announced; null means at `time`", nullable=True),
        "removal": Column(pl.String(), f"{' | '.join(REMOVALS)}; null: the index's own policy", nullable=True),
        "approver": Column(pl.String(), "who decided on it; null: the index's own policy", nullable=True),
        "reason": Column(pl.String(), "of the decision", nullable=True),
        "note": Column(pl.String(), "what happened, and the source", nullable=True),
    },
    key=("time", "kind", "asset", "new_asset", "known_at"),
)

METRICS = Schema(
    "metrics",
    "Named metrics for metric-driven rules: value locked, revenue, active users, developers.",
    {
        "time": Column(INSTANT, "instant that the figure describes"),
        "asset": Column(pl.String(), "stable asset id"),
        "metric": Column(
            pl.String(), "for example tvl, revenue, active_users; volume@VENUE/QUOTE: see the rule venues"
        ),
        "value": Column(pl.Float64(), "in the metric's own unit"),
        "known_at": Column(INSTANT, nullable=True),
    },
    key=("time", "asset", "metric", "known_at"),
)

RATES = Schema(
    "rates",
    "Interest and exchange rates by name, for financing, excess returns and other currencies.",
    {
        "time": Column(INSTANT, "instant from which the rate holds"),
        "rate": Column(pl.String(), "for example USD_OVERNIGHT or EURUSD (USD for one EUR)"),
        "value": Column(pl.Float64(), "fraction a year, or quote units for one base unit"),
        "known_at": Column(INSTANT, nullable=True),
    },
    key=("time", "rate", "known_at"),
)

QUARANTINE = Schema(
    "quarantine",
    "Observations set aside, with the reason; they stay in their table and are left out of panels.",
    {
        "time": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id"),
        "table": Column(pl.String(), "daily, intraday or events"),
        "field": Column(pl.String(), "price, market_cap or volume; '*' for the whole row"),
        "value": Column(pl.Float64(), "the value set aside", nullable=True),
        "check": Column(pl.String(), "the check that set it aside"),
        "reason": Column(pl.String(), "in words, with figures"),
    },
    key=("time", "asset", "table", "field"),
)

VENUES = Schema(
    "venues",
    "Trading venues, and who is behind them.",
    {
        "venue": Column(pl.String(), "stable venue id, for example coinbase"),
        "name": Column(pl.String(), nullable=True),
        "group": Column(pl.String(), "owner or common source; venues of one group can fail together", nullable=True),
        "note": Column(pl.String(), nullable=True),
    },
    key=("venue",),
)

MARKET_KINDS = ("spot", "perpetual", "pool")
MARKETS = Schema(
    "markets",
    "What trades where: a pair on a venue, with the dates [valid_from, valid_until) in which its symbol means it.",
    {
        "venue": Column(pl.String(), "stable venue id"),
        "pair": Column(pl.String(), "stable pair id, base-quote, for example btc-usdt"),
        "symbol": Column(pl.String(), "what the venue calls the pair"),
        "base": Column(pl.String(), "stable asset id"),
        "quote": Column(pl.String(), "asset id or currency that prices are in"),
        "kind": Column(pl.String(), " | ".join(MARKET_KINDS)),
        "size_decimals": Column(pl.UInt8(), "sizes are whole numbers of 10^-size_decimals base units"),
        "valid_from": Column(INSTANT, nullable=True),
        "valid_until": Column(INSTANT, "exclusive", nullable=True),
    },
    key=("venue", "pair", "symbol", "valid_from"),
)

TRADES = Schema(
    "trades",
    "Trades of one pair on one venue on one UTC day.",
    {
        "time": Column(INSTANT, "instant of the trade by the venue's clock"),
        "trade_id": Column(pl.String(), "the venue's id, unique in the market", nullable=True),
        "side": Column(pl.String(), "buy | sell: the taker's side", nullable=True),
        "price": Column(pl.Float64(), "quote currency per base unit"),
        "size": Column(pl.Int64(), "base asset in 10^-size_decimals units; 0 retracts the trade"),
        "received_at": Column(INSTANT, "when it arrived, by our clock", nullable=True),
        "known_at": Column(INSTANT, "when a correction was known; null means at `time`", nullable=True),
    },
    key=("time", "trade_id", "known_at"),
)

QUOTES = Schema(
    "quotes",
    "Best bid and ask of one pair on one venue on one UTC day.",
    {
        "time": Column(INSTANT, "instant by the venue's clock"),
        "sequence": Column(pl.Int64(), "the venue's sequence number", nullable=True),
        "bid": Column(pl.Float64(), "quote currency per base unit", nullable=True),
        "bid_size": Column(pl.Int64(), "base asset in 10^-size_decimals units", nullable=True),
        "ask": Column(pl.Float64(), "quote currency per base unit", nullable=True),
        "ask_size": Column(pl.Int64(), "base asset in 10^-size_decimals units", nullable=True),
        "received_at": Column(INSTANT, "when it arrived, by our clock", nullable=True),
    },
    key=("time", "sequence"),
)

DEPTH = Schema(
    "depth",
    "Order book of one pair on one venue on one UTC day: snapshots, and deltas that set one price level.",
    {
        "time": Column(INSTANT, "instant by the venue's clock"),
        "sequence": Column(pl.Int64(), "number of the message; rows of one message share it and it rises by one"),
        "kind": Column(pl.String(), "snapshot | delta; the rows of a snapshot are the whole book"),
        "side": Column(pl.String(), "bid | ask"),
        "price": Column(pl.Float64(), "quote currency per base unit"),
        "size": Column(pl.Int64(), "base asset in 10^-size_decimals units; 0 removes the level"),
        "received_at": Column(INSTANT, "when it arrived, by our clock", nullable=True),
    },
    key=("sequence", "side", "price"),
)

BARS = Schema(
    "bars",
    "Bars of one pair on one venue on one UTC day: a coarser input than trades.",
    {
        "time": Column(INSTANT, "start of the bar"),
        "open": Column(pl.Float64(), "quote currency per base unit"),
        "high": Column(pl.Float64(), "quote currency per base unit"),
        "low": Column(pl.Float64(), "quote currency per base unit"),
        "close": Column(pl.Float64(), "quote currency per base unit"),
        "volume": Column(pl.Int64(), "base asset in 10^-size_decimals units"),
        "trades": Column(pl.Int64(), "number of trades", nullable=True),
    },
    key=("time",),
)

TICK_TABLES: Mapping[str, Schema] = {schema.name: schema for schema in (TRADES, QUOTES, DEPTH, BARS)}
"""Tables that a lake keeps by venue, pair and day; which is which stands in the path, not in columns."""

LAKE_TABLES: Mapping[str, Schema] = {
    schema.name: schema
    for schema in (
        DAILY,
        INTRADAY,
        ASSETS,
        ALIASES,
        CLASSIFICATIONS,
        SUPPLY,
        YIELDS,
        EVENTS,
        METRICS,
        RATES,
        QUARANTINE,
        VENUES,
        MARKETS,
    )
}

STATUSES = ("live", "carried", "stale", "suspended")
STATUS = pl.Enum(STATUSES)

COMPOSITIONS = Schema(
    "compositions",
    "What the index holds from each effective instant.",
    {
        "effective_at": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id"),
        "units": Column(pl.Float64(), "units of the asset in the basket"),
        "weight": Column(pl.Float64(), "fraction of the basket at the effective prices"),
        "price": Column(pl.Float64(), "quote currency per unit at effective_at"),
        "capping_factor": Column(pl.Float64(), "weight after capping over weight before; largest is 1"),
        "divisor": Column(pl.Float64(), "basket value per index point"),
        "version": Column(pl.UInt32(), "version of the methodology"),
    },
    key=("effective_at", "asset"),
)

REBALANCES = Schema(
    "rebalances",
    "What changed at each effective instant, and why.",
    {
        "announced_at": Column(INSTANT),
        "determined_at": Column(INSTANT, "no later observation was used"),
        "effective_at": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id"),
        "change": Column(pl.String(), "add | delete | reweight"),
        "weight_before": Column(pl.Float64(), "fraction"),
        "weight_after": Column(pl.Float64(), "fraction"),
        "turnover": Column(pl.Float64(), "one-way turnover of the whole change: half the sum of all changes of weight"),
        "trigger": Column(pl.String(), "schedule, or the event that caused it"),
        "version": Column(pl.UInt32(), "version of the methodology"),
    },
    key=("effective_at", "asset", "trigger"),
)

INDEX_EVENTS = Schema(
    "events",
    "Corporate events and fallbacks applied, with the evidence.",
    {
        "time": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id; '*' for the whole index"),
        "kind": Column(pl.String()),
        "treatment": Column(pl.String(), "what the methodology's policy did"),
        "evidence": Column(pl.String(), "in words, with figures"),
    },
)
