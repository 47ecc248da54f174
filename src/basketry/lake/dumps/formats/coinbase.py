"""Coinbase Exchange trades, as `GET /products/{product_id}/trades` gives them, saved as CSV with a header.

Columns by name: trade_id, time (ISO 8601, UTC), price, size, side. Coinbase Exchange says the MAKER's side: a `buy`
is a resting bid that was hit, so the taker sold; it is inverted here. See what other interfaces of Coinbase mean by
side before you read their trades so; those that say the taker's are read with the format `basketry`.
"""

from basketry.lake.dumps.form import DumpFormat

FORMATS = (
    DumpFormat(
        name="coinbase-trades",
        table="trades",
        summary="Coinbase Exchange trades with a header (trade_id, time, price, size, side of the maker)",
        source="https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-trades",
        header={
            "trade_id": "trade_id",
            "time": "time",
            "price": "price",
            "size": "size",
            "side": "side",
            "product_id": "symbol",
        },
        optional=frozenset({"symbol"}),
        time_unit="iso",
        sides={"buy": "sell", "sell": "buy"},
        venue="coinbase",
    ),
)
