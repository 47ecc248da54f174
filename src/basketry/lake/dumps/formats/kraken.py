"""Kraken downloadable history: one pair a file, named by the pair (XBTUSD.csv, XBTUSD_60.csv), without header.

- Time and sales: time, price, volume; the side and the id are not given. Or the seven fields of the REST answer
  `Trades`: price, volume, time, taker's side (b or s), order type (m or l), miscellaneous, trade id.
- OHLCVT: time (start of the bar), open, high, low, close, volume, trades. Intervals without trades are absent.

Times are seconds since 1970 UTC, those of trades with a fraction; what is finer than a microsecond is cut off.
"""

from basketry.lake.dumps.form import SKIP, DumpFormat

FORMATS = (
    DumpFormat(
        name="kraken-trades",
        table="trades",
        summary="Kraken time and sales (time, price, volume), or the seven fields of its REST answer Trades",
        source="https://support.kraken.com/hc/en-us/articles/"
        "360047543791-Downloadable-historical-market-data-time-and-sales-",
        layouts=(
            ("time", "price", "size"),
            ("price", "size", "time", "side", SKIP, SKIP, "trade_id"),
        ),
        header={
            "time": "time",
            "timestamp": "time",
            "price": "price",
            "volume": "size",
            "side": "side",
            "trade_id": "trade_id",
        },
        optional=frozenset({"side", "trade_id"}),
        time_unit="s",
        sides={"b": "buy", "s": "sell", "buy": "buy", "sell": "sell"},
        venue="kraken",
        symbol_in_name=r"^([A-Za-z0-9.]{5,}?)(?:[_.]|$)",
    ),
    DumpFormat(
        name="kraken-ohlcvt",
        table="bars",
        summary="Kraken OHLCVT (time, open, high, low, close, volume, trades)",
        source="https://support.kraken.com/hc/en-us/articles/"
        "360047124832-Downloadable-historical-OHLCVT-Open-High-Low-Close-Volume-Trades-data",
        layouts=(("time", "open", "high", "low", "close", "volume", "trades"),),
        header={
            "time": "time",
            "timestamp": "time",
            "open": "open",
            "high": "high",
            "low": "low",
            "close": "close",
            "volume": "volume",
            "trades": "trades",
        },
        time_unit="s",
        venue="kraken",
        symbol_in_name=r"^([A-Za-z0-9.]{5,}?)(?:[_.]|$)",
    ),
)
