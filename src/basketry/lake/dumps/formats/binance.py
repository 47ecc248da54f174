"""Binance public data (data.binance.vision): one symbol and day or month a zip, named SYMBOL-kind-date.zip.

Spot files have no header, those of futures mostly do. Times are milliseconds; in spot files from 2025-01-01 on they
are microseconds. Columns by position:

- aggTrades: aggregate trade id, price, quantity, first trade id, last trade id, time, was the buyer the maker, and in
  spot files whether the price was the best. Trades of one taker order at one price are one row.
- trades: trade id, price, quantity, quote quantity, time, was the buyer the maker, and in spot files whether the
  price was the best.
- klines: open time, open, high, low, close, volume, close time, quote volume, number of trades, and three more.

Coin-margined futures (COIN-M) count quantities in contracts of a value in USD, see `contract_value` of `read_dump`.
"""

from basketry.lake.dumps.form import BUYER_IS_MAKER, SKIP, DumpFormat

_SOURCE = "https://github.com/binance/binance-public-data"
_HEADER = {
    "agg_trade_id": "trade_id",
    "id": "trade_id",
    "trade_id": "trade_id",
    "price": "price",
    "quantity": "size",
    "qty": "size",
    "transact_time": "time",
    "time": "time",
    "is_buyer_maker": "side",
}

FORMATS = (
    DumpFormat(
        name="binance-aggtrades",
        table="trades",
        summary="Binance public data, aggTrades of spot or futures",
        source=_SOURCE,
        layouts=(
            ("trade_id", "price", "size", SKIP, SKIP, "time", "side"),
            ("trade_id", "price", "size", SKIP, SKIP, "time", "side", SKIP),
        ),
        header=_HEADER,
        time_unit="ms-or-us",
        sides=BUYER_IS_MAKER,
        venue="binance",
        symbol_in_name=r"^([A-Z0-9_]+)-aggTrades-",
    ),
    DumpFormat(
        name="binance-trades",
        table="trades",
        summary="Binance public data, trades of spot or futures",
        source=_SOURCE,
        layouts=(
            ("trade_id", "price", "size", SKIP, "time", "side"),
            ("trade_id", "price", "size", SKIP, "time", "side", SKIP),
        ),
        header=_HEADER,
        time_unit="ms-or-us",
        sides=BUYER_IS_MAKER,
        venue="binance",
        symbol_in_name=r"^([A-Z0-9_]+)-trades-",
    ),
    DumpFormat(
        name="binance-klines",
        table="bars",
        summary="Binance public data, klines of spot or futures",
        source=_SOURCE,
        layouts=(("time", "open", "high", "low", "close", "volume", SKIP, SKIP, "trades", SKIP, SKIP, SKIP),),
        header={
            "open_time": "time",
            "open": "open",
            "high": "high",
            "low": "low",
            "close": "close",
            "volume": "volume",
            "count": "trades",
        },
        time_unit="ms-or-us",
        venue="binance",
        symbol_in_name=r"^([A-Z0-9_]+)-\d+(?:s|m|h|d|w|mo)-",
    ),
)
