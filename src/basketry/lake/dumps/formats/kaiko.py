"""Kaiko tick-level trades: one instrument and day a file, with or without header.

Columns: id, exchange (Kaiko's code), symbol (lower case, btcusd or btc-usd), date (milliseconds since 1970 UTC),
price, amount (base asset; of some derivatives quote asset or contracts), sell (true where the taker sold).
"""

from basketry.lake.dumps.form import DumpFormat

FORMATS = (
    DumpFormat(
        name="kaiko-trades",
        table="trades",
        summary="Kaiko tick-level trades (id, exchange, symbol, date, price, amount, sell)",
        source="https://docs.kaiko.com/kaiko-csv-data/data-feeds/level-1-tick-level/all-trades",
        layouts=(("trade_id", "venue", "symbol", "time", "price", "size", "side"),),
        header={
            "id": "trade_id",
            "exchange": "venue",
            "symbol": "symbol",
            "date": "time",
            "price": "price",
            "amount": "size",
            "sell": "side",
        },
        time_unit="ms",
        sides={"true": "sell", "false": "buy"},
        venue_names={
            "bnce": "binance",
            "bnus": "binance-us",
            "bfnx": "bitfinex",
            "cbse": "coinbase",
            "gmni": "gemini",
            "itbi": "itbit",
            "krkn": "kraken",
            "stmp": "bitstamp",
        },
    ),
)
