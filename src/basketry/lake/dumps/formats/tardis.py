"""Tardis.dev downloadable CSV files: one exchange, symbol (or group of symbols) and day a file, with a header.

Times are microseconds since 1970 UTC: `timestamp` by the exchange's clock, `local_timestamp` on arrival.

- trades: exchange, symbol, timestamp, local_timestamp, id, side (of the taker; buy, sell or unknown), price, amount.
- quotes: exchange, symbol, timestamp, local_timestamp, ask_amount, ask_price, bid_price, bid_amount; a side without
  orders is empty.
- incremental_book_L2: exchange, symbol, timestamp, local_timestamp, is_snapshot, side (bid or ask), price, amount;
  amount is what now stands at the price, 0 removes it. Rows of one message share local_timestamp. Updates before the
  first snapshot are left out, as the publisher says they must be.
- book_snapshot_5 and book_snapshot_25: exchange, symbol, timestamp, local_timestamp, then asks[0].price,
  asks[0].amount, bids[0].price, bids[0].amount and so on; each row is the whole top of the book.

Amounts of derivatives are mostly contracts, see `contract_value` of `read_dump`.
"""

from basketry.lake.dumps.form import DumpFormat

_SOURCE = "https://docs.tardis.dev/downloadable-csv-files/data-types"
_COMMON = {"exchange": "venue", "symbol": "symbol", "timestamp": "time", "local_timestamp": "received_at"}


def _levels(count: int) -> dict[str, str]:
    names = {}
    for level in range(count):
        for side in ("ask", "bid"):
            names[f"{side}s[{level}].price"] = f"{side}_price_{level}"
            names[f"{side}s[{level}].amount"] = f"{side}_size_{level}"
    return names


FORMATS = (
    DumpFormat(
        name="tardis-trades",
        table="trades",
        summary="Tardis.dev trades",
        source=_SOURCE,
        header=_COMMON | {"id": "trade_id", "side": "side", "price": "price", "amount": "size"},
        sides={"buy": "buy", "sell": "sell", "unknown": None},
    ),
    DumpFormat(
        name="tardis-quotes",
        table="quotes",
        summary="Tardis.dev quotes (best bid and ask)",
        source=_SOURCE,
        header=_COMMON | {"ask_amount": "ask_size", "ask_price": "ask", "bid_price": "bid", "bid_amount": "bid_size"},
    ),
    DumpFormat(
        name="tardis-incremental-book-L2",
        table="depth",
        summary="Tardis.dev incremental_book_L2 (snapshots and updates of the order book)",
        source=_SOURCE,
        header=_COMMON | {"is_snapshot": "kind", "side": "side", "price": "price", "amount": "size"},
        sides={"bid": "bid", "ask": "ask"},
    ),
    *(
        DumpFormat(
            name=f"tardis-book-snapshot-{count}",
            table="depth",
            summary=f"Tardis.dev book_snapshot_{count} (the best {count} levels of each side)",
            source=_SOURCE,
            header=_COMMON | _levels(count),
        )
        for count in (5, 25)
    ),
)
