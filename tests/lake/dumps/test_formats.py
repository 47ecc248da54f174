"""Each publisher's lines, as its own documentation shows them, become the rows they mean."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import TICK_TABLES
from basketry.lake.dumps import DumpReport, dump_formats, get_format, read_dump

Read = Callable[..., tuple[pl.DataFrame, DumpReport]]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_formats_are_of_tick_tables_and_say_where_they_are_documented() -> None:
    assert {form.table for form in dump_formats().values()} == set(TICK_TABLES)
    for name, form in dump_formats().items():
        assert name == form.name
        assert form.summary
        assert form.source
        # A publisher's columns besides the market are columns of the table, or levels of a ladder.
        roles = {role for role in form.roles if not role.startswith(("ask_price_", "ask_size_", "bid_price_", "bid_s"))}
        assert roles - {"venue", "symbol"} <= set(TICK_TABLES[form.table].columns), name


def test_a_misspelt_format_is_met_with_the_nearest() -> None:
    with pytest.raises(DataError, match=r"did you mean 'binance-aggtrades'.*formats: basketry, "):
        get_format("binance-agtrades")


# github.com/binance/binance-public-data, README: the rows of its tables; before 2025 spot times are milliseconds.
SPOT_AGGREGATES = "0,0.20000000,50.00000000,0,0,1735689600010866,False,True\n1,0.21,3,1,4,1735689600010867,True,True\n"


def test_binance_says_whether_the_buyer_was_the_maker_and_then_the_taker_sold(read: Read) -> None:
    rows, report = read(SPOT_AGGREGATES, "binance-aggtrades")
    assert rows.select("trade_id", "side", "price", "size").rows() == [
        ("0", "buy", 0.2, 5_000_000_000),
        ("1", "sell", 0.21, 300_000_000),
    ]
    assert report.kept == 2


@pytest.mark.parametrize(
    ("stamp", "instant"),
    [
        ("1735689599999", at(2024, 12, 31, 23, 59, 59, 999_000)),
        ("1735689600000000", at(2025, 1, 1)),
        ("1735689600010866", at(2025, 1, 1, 0, 0, 0, 10_866)),
        ("1502942428322", at(2017, 8, 17, 4, 0, 28, 322_000)),
    ],
)
def test_binance_times_are_milliseconds_before_2025_and_microseconds_in_spot_files_since(
    read: Read, stamp: str, instant: datetime
) -> None:
    rows, _ = read(f"0,0.2,50,0,0,{stamp},False,True\n", "binance-aggtrades")
    assert rows["time"].to_list() == [instant]


def test_binance_futures_have_a_header_and_no_best_match(read: Read) -> None:
    text = (
        "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
        "2744035954,105814.4,0.010,6365487364,6365487364,1748908800012,false\n"
    )
    rows, report = read(text, "binance-aggtrades", name="BTCUSDT-aggTrades-2025-06-03.csv")
    assert rows.select("time", "side", "price", "size").rows() == [
        (at(2025, 6, 3, 0, 0, 0, 12_000), "buy", 105814.4, 1_000_000)
    ]
    assert report.rows == 1


def test_binance_trades_of_spot_and_futures(read: Read) -> None:
    spot, _ = read("28457,4.00000100,12.00000000,48.000012,1499865549590,True,True\n", "binance-trades")
    futures, _ = read("28457,4.000001,12,48.000012,1499865549590,true\n", "binance-trades")
    named, _ = read(
        "id,price,qty,quote_qty,time,is_buyer_maker\n28457,4.000001,12,48.000012,1499865549590,true\n",
        "binance-trades",
    )
    assert spot.equals(futures)
    assert spot.equals(named)
    assert spot.row(0, named=True) == {
        "time": at(2017, 7, 12, 13, 19, 9, 590_000),
        "trade_id": "28457",
        "side": "sell",
        "price": 4.000001,
        "size": 1_200_000_000,
        "received_at": None,
        "known_at": None,
    }


def test_binance_klines_are_bars_stamped_at_their_start(read: Read) -> None:
    line = (
        "1735689600000000,4.15070000,4.15870000,4.15060000,4.15540000,539.23000000,"
        "1735693199999999,2240.39860900,13,401.82000000,1669.98121300,0\n"
    )
    rows, _ = read(line, "binance-klines", name="BNBUSDT-1h-2025-01.csv")
    assert rows.rows() == [(at(2025, 1, 1), 4.1507, 4.1587, 4.1506, 4.1554, 53_923_000_000, 13)]


def test_coin_margined_futures_count_contracts_of_a_value_in_usd(read: Read) -> None:
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    text = header + "1,50000.0,3,1,1,1748908800012,true\n2,30000.0,1,1,1,1748908800013,true\n"
    rows, _ = read(text, "binance-aggtrades", contract_value=Decimal(100), inverse=True)
    # 3 x 100 / 50,000 = 0.006 bitcoin; 100 / 30,000 has no exact decimal and is the nearest.
    assert rows["size"].to_list() == [600_000, 333_333]


def test_contracts_of_a_value_in_base_units_are_exact(read: Read) -> None:
    # OKX: a BTC-USDT contract is 0.01 BTC. 123456789 contracts have no exact product in floating point.
    header = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
    line = "okex-swap,BTC-USDT-SWAP,1583020803145000,1583020803307160,1,buy,8500,123456789.01\n"
    rows, _ = read(header + line, "tardis-trades", contract_value=Decimal("0.01"))
    assert rows["size"].to_list() == [123_456_789_010_000]


def test_coinbase_says_the_makers_side(read: Read) -> None:
    # docs.cdp.coinbase.com, Get product trades: a `buy` indicates a down-tick, as the maker was a buy order.
    text = (
        "trade_id,side,size,price,time\n"
        "74,buy,0.01000000,10.00000000,2014-11-07T22:19:28.578544Z\n"
        "73,sell,0.01000000,100.00000000,2014-11-07T01:08:43.642366Z\n"
    )
    rows, _ = read(text, "coinbase-trades")
    assert rows.select("time", "trade_id", "side", "size").rows() == [
        (at(2014, 11, 7, 22, 19, 28, 578_544), "74", "sell", 1_000_000),
        (at(2014, 11, 7, 1, 8, 43, 642_366), "73", "buy", 1_000_000),
    ]


def test_kraken_time_and_sales_have_three_columns_and_the_rest_answer_seven(read: Read) -> None:
    three, _ = read("1688669448.2364,30243.4,0.33498\n", "kraken-trades", name="XBTUSD.csv")
    # docs.kraken.com, Get Recent Trades.
    seven, _ = read('"30243.40000","0.33498000",1688669597.8277369,"b","m","",61044952\n', "kraken-trades")
    assert three.select("time", "side", "price", "size", "trade_id").rows() == [
        (at(2023, 7, 6, 18, 50, 48, 236_400), None, 30243.4, 33_498_000, None)
    ]
    assert seven.select("time", "side", "price", "size", "trade_id").rows() == [
        (at(2023, 7, 6, 18, 53, 17, 827_736), "buy", 30243.4, 33_498_000, "61044952")
    ]


def test_kraken_bars(read: Read) -> None:
    rows, _ = read("1688671200,30306.1,30306.2,30305.7,30305.7,3.39243896,23\n", "kraken-ohlcvt", name="XBTUSD_1.csv")
    assert rows.rows() == [(at(2023, 7, 6, 19, 20), 30306.1, 30306.2, 30305.7, 30305.7, 339_243_896, 23)]


def test_kaiko_names_venues_by_code_and_says_whether_the_taker_sold(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "cbse_btcusd.csv"
    header = "id,exchange,symbol,date,price,amount,sell\n"
    lines = "46721941,cbse,btcusd,1531094402000,6707.1,0.0015,true\n46721942,cbse,btcusd,1531094402001,6708,1,false\n"
    for text in (header + lines, lines):
        path.write_text(text)
        (chunk,) = read_dump(path, "kaiko-trades", now=now)
        assert (chunk.venue, chunk.symbol) == ("coinbase", "btcusd")
        assert chunk.frame.select("time", "side", "size").rows() == [
            (at(2018, 7, 9, 0, 0, 2), "sell", 150_000),
            (at(2018, 7, 9, 0, 0, 2, 1000), "buy", 100_000_000),
        ]


# docs.tardis.dev, Downloadable CSV files, Data types: columns, microseconds since 1970 UTC, LF.
TARDIS_TRADES = """exchange,symbol,timestamp,local_timestamp,id,side,price,amount
bitmex,XBTUSD,1583020803145000,1583020803307160,5b4-1,sell,8531.5,2152
bitmex,ETHUSD,1583020803145000,1583020803307160,,unknown,217.1,1e-05
"""


def test_tardis_trades_say_the_takers_side_and_the_time_of_arrival(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "trades.csv"
    path.write_text(TARDIS_TRADES)
    bitcoin, ether = read_dump(path, "tardis-trades", now=now)
    assert [(chunk.venue, chunk.symbol) for chunk in (bitcoin, ether)] == [("bitmex", "XBTUSD"), ("bitmex", "ETHUSD")]
    assert bitcoin.frame.rows() == [
        (
            at(2020, 3, 1, 0, 0, 3, 145_000),
            "5b4-1",
            "sell",
            8531.5,
            215_200_000_000,
            at(2020, 3, 1, 0, 0, 3, 307_160),
            None,
        )
    ]
    assert ether.frame.select("trade_id", "side", "size").rows() == [(None, None, 1000)]


def test_one_symbol_of_several_can_be_read(read: Read) -> None:
    rows, report = read(TARDIS_TRADES, "tardis-trades", symbol="xbtusd")
    assert rows["price"].to_list() == [8531.5]
    assert (report.kept, report.left_out) == (1, {"of another symbol than xbtusd": 1})


def test_tardis_quotes_may_lack_a_side_but_not_both(read: Read) -> None:
    text = """exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount
huobi,BTC-USD,1588291201099000,1588291201234268,1.5,8629.24,8628.97,47
huobi,BTC-USD,1588291202099000,1588291202325178,,,8627.22,2.25
huobi,BTC-USD,1588291203099000,1588291203325178,,,,
"""
    rows, report = read(text, "tardis-quotes", max_bad=0.5)
    assert rows.select("bid", "bid_size", "ask", "ask_size").rows() == [
        (8628.97, 4_700_000_000, 8629.24, 150_000_000),
        (8627.22, 225_000_000, None, None),
    ]
    assert report.problems == {"there is neither a bid nor an ask": 1}


BOOK = """exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount
deribit,BTC-PERPETUAL,1585699199000000,1585699200000000,false,bid,6424,10
deribit,BTC-PERPETUAL,1585699200245000,1585699200250000,true,bid,6425.5,30
deribit,BTC-PERPETUAL,1585699200245000,1585699200250000,true,ask,6426,0.5
deribit,BTC-PERPETUAL,1585699200246000,1585699200290000,false,bid,6425.5,0
deribit,BTC-PERPETUAL,1585699200247000,1585699200290000,false,bid,6425,7
deribit,BTC-PERPETUAL,1585699200248000,1585699200290000,false,bid,6425,8
deribit,BTC-PERPETUAL,1585699200300000,1585699200300000,false,ask,6426,1
"""


@pytest.mark.parametrize("chunk_rows", [1_000_000, 1])
def test_tardis_books_begin_with_a_snapshot_and_keep_messages_whole(read: Read, chunk_rows: int) -> None:
    rows, report = read(BOOK, "tardis-incremental-book-L2", chunk_rows=chunk_rows)
    assert rows.select("sequence", "kind", "side", "price", "size").rows() == [
        (1, "snapshot", "bid", 6425.5, 3_000_000_000),
        (1, "snapshot", "ask", 6426.0, 50_000_000),
        (2, "delta", "bid", 6425.5, 0),
        (2, "delta", "bid", 6425.0, 800_000_000),
        (3, "delta", "ask", 6426.0, 100_000_000),
    ]
    # The rows of a message share the time of the first.
    assert rows["time"][2:4].to_list() == [at(2020, 4, 1, 0, 0, 0, 246_000)] * 2
    assert (report.rows, report.kept, report.left_out) == (7, 6, {"updates before the first snapshot": 1})
    assert report.notes == {"levels set again within one message, the last one counts": 1}


def test_an_update_without_its_time_of_arrival_belongs_to_no_message(read: Read) -> None:
    text = BOOK + "deribit,BTC-PERPETUAL,1585699200300000,,false,ask,6427,1\n"
    _, report = read(text, "tardis-incremental-book-L2", max_bad=0.2)
    assert report.problems == {"there is no time of arrival, by which messages are told apart": 1}


def test_a_size_too_small_to_keep_does_not_remove_a_level(read: Read) -> None:
    text = BOOK + "deribit,BTC-PERPETUAL,1585699200300000,1585699200300000,false,ask,6427,1e-9\n"
    _, report = read(text, "tardis-incremental-book-L2", max_bad=0.2)
    assert report.problems == {"the size is below 1e-8": 1}


def ladder(*levels: str) -> str:
    names = [
        f"{side}s[{level}].{what}" for level in range(5) for side in ("ask", "bid") for what in ("price", "amount")
    ]
    header = ",".join(["exchange", "symbol", "timestamp", "local_timestamp", *names])
    rows = [f"binance,BTCUSDT,158569920024{row}000,158569920025{row}000,{fields}" for row, fields in enumerate(levels)]
    return "\n".join([header, *rows, ""])


def test_each_row_of_tardis_ladders_is_a_whole_snapshot(read: Read) -> None:
    text = ladder("101,1,100,2,102,3,99,4" + "," * 12, "101,1,,,102,3,," + "," * 12)
    rows, report = read(text, "tardis-book-snapshot-5")
    assert rows.select("sequence", "side", "price", "size").rows() == [
        (1, "bid", 100.0, 200_000_000),
        (1, "bid", 99.0, 400_000_000),
        (1, "ask", 101.0, 100_000_000),
        (1, "ask", 102.0, 300_000_000),
        (2, "ask", 101.0, 100_000_000),
        (2, "ask", 102.0, 300_000_000),
    ]
    assert set(rows["kind"]) == {"snapshot"}
    assert report.kept == 2


def test_a_ladder_with_half_a_level_or_none_is_bad(read: Read) -> None:
    text = ladder("101,1,100,2" + "," * 16, "101,,100,2" + "," * 16, "," * 19, "101,0,100,0" + "," * 16)
    rows, report = read(text, "tardis-book-snapshot-5", max_bad=1)
    assert set(rows["sequence"]) == {1}
    assert report.problems == {"a level lacks its price or its size": 1, "there is no level on either side": 2}


def test_other_files_are_read_by_a_mapping_of_their_columns(read: Read) -> None:
    text = "ts,px,qty,taker\n2024-05-01T00:00:00+02:00,10,0.1,BUY\n2024-05-01 00:00:00.25,11,1e-3,Unknown\n"
    rows, _ = read(text, "basketry", columns={"time": "ts", "price": "px", "size": "qty", "side": "taker"})
    assert rows.select("time", "side", "price", "size").rows() == [
        (at(2024, 4, 30, 22), "buy", 10.0, 10_000_000),
        (at(2024, 5, 1, 0, 0, 0, 250_000), None, 11.0, 100_000),
    ]


def test_only_a_correction_retracts_a_trade(read: Read) -> None:
    text = "time,price,size,trade_id,known_at\n" + "\n".join(
        ["1714521600,10,1,a,", "1714521600,10,0,a,1714525200", "1714521601,10,0,b,", ""]
    )
    rows, report = read(text, "basketry", max_bad=0.5)
    assert rows.select("trade_id", "size", "known_at").rows() == [
        ("a", 100_000_000, None),
        ("a", 0, at(2024, 5, 1, 1)),
    ]
    assert report.problems == {"the size is zero": 1}


def test_books_with_their_own_sequence_numbers_keep_them(read: Read) -> None:
    text = "time,sequence,kind,side,price,size\n1714521600,7,snapshot,bid,10,1\n1714521601,9,delta,bid,10,0\n"
    rows, _ = read(text, "basketry-depth")
    assert rows.select("sequence", "kind", "size").rows() == [(7, "snapshot", 100_000_000), (9, "delta", 0)]
