"""Files as they come: packed, marked, quoted, cut short, of another kind, and with bad rows."""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.lake.dumps import DumpReport, read_dump

Read = Callable[..., tuple[pl.DataFrame, DumpReport]]

GOOD = "1,0.2,50,0,0,1735689600010866,False,True\n"
FORM = "binance-aggtrades"


def number(value: object) -> str | None:
    """Return an id for bytes, which hold the time when they are compressed."""
    return f"{len(value)} bytes" if isinstance(value, bytes) else None


def zipped(text: str, *names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, text)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dump.csv", GOOD.encode()),
        ("dump.CSV", GOOD.encode()),
        ("dump.csv", b"\xef\xbb\xbf" + GOOD.encode()),
        ("dump.csv", GOOD.replace("\n", "\r\n").encode()),
        ("dump.csv", GOOD.encode() + b"\n\r\n\n"),
        ("dump.csv", ",".join(f'"{field}"' for field in GOOD.strip().split(",")).encode() + b"\n"),
        ("dump.csv", GOOD.replace(",", " , ").encode()),
        ("dump.csv.gz", gzip.compress(GOOD.encode())),
        ("dump.zip", zipped(GOOD, "dump.csv", "dump.csv.CHECKSUM")),
        ("dump.zip", zipped(GOOD, "folder/dump.csv", "__MACOSX/._dump.csv")),
    ],
    ids=number,
)
def test_the_same_row_comes_out_of_every_packing(read: Read, name: str, content: bytes) -> None:
    rows, report = read(content, FORM, name=name)
    assert rows.select("trade_id", "side", "price", "size").rows() == [("1", "buy", 0.2, 5_000_000_000)]
    assert (report.rows, report.kept, report.bad, report.notes) == (1, 1, 0, {})


BAD = [
    ("", "the line is blank"),
    ("2,0.2,50,0,0,1735689600010866", "the number of fields is not 8"),
    ("2,0.2,50,0,0,1735689600010866,False,True,1", "the number of fields is not 8"),
    ("2,0.2,50,0,0,later,False,True", "the time cannot be read"),
    ("2,0.2,50,0,0,,False,True", "the time cannot be read"),
    ("2,0.2,50,0,0,0,False,True", "the time lies before 2009"),
    ("2,0.2,50,0,0,-9223372036854775808,False,True", "the time lies before 2009"),
    ("2,0.2,50,0,0,1999999999999999,False,True", "the time lies in the future"),
    ("2,0.2,50,0,0,9223372036854775807,False,True", "the time lies in the future"),
    ("2,0,2,50,0,0,1735689600010866,False", "the time lies before 2009"),
    ("2,x,50,0,0,1735689600010866,False,True", "the price is not a number"),
    ("2,nan,50,0,0,1735689600010866,False,True", "the price is not a finite number"),
    ("2,inf,50,0,0,1735689600010866,False,True", "the price is not a finite number"),
    ("2,-0.2,50,0,0,1735689600010866,False,True", "the price is not positive"),
    ("2,0,50,0,0,1735689600010866,False,True", "the price is not positive"),
    ("2,0.2,1_0,0,0,1735689600010866,False,True", "the size is not a number that can be kept"),
    ("2,0.2,1e30,0,0,1735689600010866,False,True", "the size is not a number that can be kept"),
    ("2,0.2,-50,0,0,1735689600010866,False,True", "the size is negative"),
    ("2,0.2,0.000000000,0,0,1735689600010866,False,True", "the size is zero or below 1e-8"),
    ("2,0.2,0.000000001,0,0,1735689600010866,False,True", "the size is zero or below 1e-8"),
    ("2,0.2,50,0,0,1735689600010866,maybe,True", "the side cannot be read"),
    ("2,0.2,50,0,0,1735689600010866,,True", "the side cannot be read"),
    ("\x00\x00\x00", "the number of fields is not 8"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_a_bad_row_is_counted_with_its_line_and_the_others_are_kept(read: Read, line: str, reason: str) -> None:
    rows, report = read(f"{GOOD}{line}\n{GOOD}", FORM, max_bad=0.4)
    assert rows.height == 2
    assert (report.rows, report.kept, report.problems) == (3, 2, {reason: 1})
    assert report.examples[reason][0].startswith("dump.csv line 2: ")


def test_bytes_that_are_no_text_make_a_bad_row_only(read: Read) -> None:
    rows, report = read(GOOD.encode() + b"2,\xff\xfe,50,0,0,1735689600010866,False,True\n", FORM, max_bad=0.5)
    assert rows.height == 1
    assert report.problems == {"the price is not a number": 1}


@pytest.mark.parametrize("chunk_rows", [1, 2, 1000, 1_000_000])
def test_line_numbers_are_those_of_the_file_whatever_is_read_at_a_time(read: Read, chunk_rows: int) -> None:
    header = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
    good = "1,0.2,50,0,0,1735689600010,false\n"
    bad = "1,-1,50,0,0,1735689600010,false\n"
    rows, report = read(header + 299 * good + bad + 9 * good + bad + good, FORM, chunk_rows=chunk_rows, max_bad=0.1)
    reason = "the price is not positive"
    assert [text.split(":")[0] for text in report.examples[reason]] == ["dump.csv line 301", "dump.csv line 311"]
    assert rows.height == 309


def test_a_bad_line_far_into_a_large_file_has_its_line(read: Read) -> None:
    # Larger than the pieces in which bad lines are looked for.
    text = 120_000 * GOOD + "x\n" + 50_000 * GOOD
    rows, report = read(text, FORM)
    assert report.examples == {"the number of fields is not 8": ["dump.csv line 120001: x"]}
    assert (rows.height, report.rows) == (170_000, 170_001)


def test_only_the_first_examples_are_kept(read: Read) -> None:
    _, report = read(GOOD + 100 * "x\n", FORM, max_bad=1)
    assert report.bad == 100
    assert [text.split()[2] for text in report.examples["the number of fields is not 8"]] == [
        "2:", "3:", "4:", "5:", "6:"
    ]  # fmt: skip


def test_too_many_bad_rows_refuse_the_file_at_its_end(read: Read) -> None:
    text = 98 * GOOD + "x\nx\n"
    assert read(text, FORM, max_bad=0.02)[1].bad == 2
    with pytest.raises(DataError, match=r"2 of 100 rows are bad, more than 1\.00%.*dump\.csv line 99: x.*--max-bad"):
        read(text, FORM, max_bad=0.01)


def test_a_file_of_which_nothing_can_be_read_is_given_up_early(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("basketry.lake.dumps.read._HOPELESS", 10)
    with pytest.raises(DataError, match=r"(1\d) of \1 rows are bad.*the price is not positive"):
        read(1000 * GOOD.replace(",0.2,", ",0,"), FORM, chunk_rows=1)


def test_a_last_line_cut_in_its_last_number_is_told_by_the_missing_line_feed(read: Read) -> None:
    rows, report = read("1688669448,30243.4,0.33498\n1688669449,30243.4,0.3", "kraken-trades")
    assert rows["size"].to_list() == [33_498_000, 30_000_000]
    assert report.notes == {"the last line has no line feed: the file may have been cut short": 1}


def test_a_last_line_cut_before_its_end_is_bad(read: Read) -> None:
    _, report = read(GOOD + GOOD[:20], FORM, max_bad=0.5)
    assert report.problems == {"the number of fields is not 8": 1}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error(read: Read, content: bytes) -> None:
    with pytest.raises(DataError, match="is empty; download it again"):
        read(content, FORM)


def test_a_header_alone_is_a_day_without_trades(read: Read) -> None:
    rows, report = read("trade_id,time,price,size,side", "coinbase-trades")
    assert rows.is_empty()
    assert report.rows == 0


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        (FORM, "1688669448,30243.4,0.33498\n", "line 1: has 3 fields, and format binance-aggtrades has 7 or 8"),
        ("binance-klines", GOOD, "line 1: has 8 fields, and format binance-klines has 12"),
        # Trades of spot have as many fields as aggregate trades of futures.
        (FORM, 9 * "28457,4.001,12,48.01,1499865549590,True,True\n", "9 of 9 rows are bad.*the time cannot be read"),
        ("kraken-trades", 9 * "1688671200,1,2,1,2,3,4\n", "9 of 9 rows are bad.*the time lies before 2009"),
        ("tardis-trades", GOOD, "line 1: is not a header; format tardis-trades needs one with exchange, symbol"),
        ("tardis-quotes", "exchange,symbol,timestamp\n", "has no column 'local_timestamp'"),
        (
            "coinbase-trades",
            "trade_id,time,price,amount,side\n",
            "has no column 'size' .*, which format coinbase-trades needs",
        ),
        (FORM, "<html><head><title>404 Not Found</title></head>\n</html>\n", "has no column 'agg_trade_id'"),
        (FORM, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>', "has no column 'agg_trade_id'"),
        (FORM, GOOD.encode("utf-16"), "dump.csv"),
        (FORM, gzip.compress(GOOD.encode()), "dump.csv"),
    ],
    ids=number,
)
def test_the_file_of_another_format_is_one_clear_error(read: Read, form: str, text: str | bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(text, form)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("dump.csv.gz", GOOD.encode(), "is broken or cut short.*download it again"),
        ("dump.csv.gz", gzip.compress(1000 * GOOD.encode())[:-20], "is broken or cut short"),
        ("dump.zip", b"PK\x03\x04", "is broken or cut short"),
        ("dump.zip", zipped(GOOD, "a.csv", "b.csv"), r"holds 2 CSV files \(a.csv, b.csv\); unpack it"),
        ("dump.zip", zipped(GOOD, "readme.md"), r"holds 0 CSV files \(none\)"),
        ("dump.json", b"[]", r"a dump is .csv, .csv.gz, .zip with one CSV inside, or .parquet; this is '.json'"),
        ("dump.csv", b"1," * (1 << 21), "has a line of more than 1048576 bytes; it is not a CSV file"),
        ("dump.csv.gz", gzip.compress(bytes(1 << 27)), "a line of more than|unpacks to more than 200 times"),
        (
            "dump.csv.gz",
            gzip.compress((b"0" * 99 + b"\n") * 1_000_000),
            "unpacks to more than 200 times its size|fields",
        ),
        ("dump.parquet", b"PAR1", "cannot be read"),
    ],
    ids=number,
)
def test_a_broken_file_is_one_clear_error(read: Read, name: str, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(content, FORM, name=name)


def test_a_damaged_member_of_a_zip_is_an_error(read: Read) -> None:
    content = zipped(100 * GOOD, "a.csv").replace(b"0.2,50,0", b"0.3,50,0", 1)
    with pytest.raises(DataError, match=r"is broken or cut short.*CRC"):
        read(content, FORM, name="dump.zip")


def test_a_missing_file_is_an_error(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        list(read_dump(tmp_path / "none.csv", FORM, now=now))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"max_bad": 1.5}, "max_bad is 1.5; it is a share between 0 and 1"),
        ({"chunk_rows": 0}, "chunk_rows is 0"),
        ({"size_decimals": 19}, "size_decimals is 19; it must lie between 0 and 18"),
        ({"inverse": True}, "inverse contracts need contract_value"),
        ({"contract_value": Decimal(0)}, "contract_value is 0"),
        ({"contract_value": Decimal("NaN")}, "contract_value is NaN"),
        ({"contract_value": Decimal("1E-10")}, "at most 9 decimals"),
        ({"contract_value": Decimal("1E10")}, "up to 1e9"),
        ({"columns": {"sise": "x"}}, r"has no column 'sise' \(did you mean 'size'\?\)"),
        ({"columns": {"size": "x"}}, "line 1: is not a header"),
    ],
)
def test_arguments_out_of_range_are_errors(read: Read, terms: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(GOOD, FORM, **terms)


def test_a_dump_is_read_once(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "BTCUSDT-aggTrades-2025-01-01.csv"
    path.write_text(GOOD)
    dump = read_dump(path, FORM, now=now)
    assert [(chunk.venue, chunk.symbol) for chunk in dump] == [("binance", "BTCUSDT")]
    with pytest.raises(DataError, match="this dump has been read"):
        list(dump)


def test_sizes_are_exact_beyond_floating_point_and_roundings_are_noted(read: Read) -> None:
    sizes = ["90071992.54740993", "0.1", "1e-8", "0.000000015", "0.000000025", "123.4567891234"]
    rows, report = read("".join(f"1688669448,1,{size}\n" for size in sizes), "kraken-trades")
    assert rows["size"].to_list() == [9_007_199_254_740_993, 10_000_000, 1, 2, 2, 12_345_678_912]
    assert report.notes == {"sizes rounded to 8 decimals": 3}


def test_sizes_are_whole_multiples_of_the_decimals_that_are_asked_for(read: Read) -> None:
    rows, _ = read("1688669448,1,12.5\n", "kraken-trades", size_decimals=18, max_bad=1)
    assert rows.is_empty()
    rows, _ = read("1688669448,1,0.000000000000000001\n1688669448,1,9.2\n", "kraken-trades", size_decimals=18)
    assert rows["size"].to_list() == [1, 9_200_000_000_000_000_000]
    rows, report = read("1688669448,1,2.5\n", "kraken-trades", size_decimals=0)
    assert rows["size"].to_list() == [2]
    assert report.notes == {"sizes rounded to 0 decimals": 1}


def test_bars_must_hold_together(read: Read) -> None:
    good = "1688671200,10,12,9,11,0,0\n"
    bad = "1688671260,10,12,10.5,11,1,1\n1688671320,10,9,12,11,1,1\n1688671380,10,12,9,11,1,1.5\n"
    rows, report = read(good + bad, "kraken-ohlcvt", max_bad=1)
    assert rows.height == 1
    assert report.problems == {
        "open and close do not lie between low and high": 2,
        "the number of trades cannot be read": 1,
    }


def test_parquet_files_have_the_columns_of_the_csv(tmp_path: Path, now: datetime) -> None:
    path = tmp_path / "trades.parquet"
    pl.DataFrame(
        {
            "agg_trade_id": [1, 2, 3],
            "price": [0.2, -1.0, 0.3],
            "quantity": [0.1, 1.0, 1e-5],
            "transact_time": [1735689600010866, 1735689600010867, 1735689600010],
            "is_buyer_maker": [True, False, False],
        }
    ).write_parquet(path)
    dump = read_dump(path, FORM, now=now, max_bad=0.5, chunk_rows=2)
    rows = pl.concat(chunk.frame for chunk in dump)
    assert rows.select("trade_id", "side", "size").rows() == [("1", "sell", 10_000_000), ("3", "buy", 1000)]
    assert dump.report.examples == {
        "the price is not positive": ["trades.parquet line 2: 2,-1.0,1.0,1735689600010867,false"]
    }


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (pl.Series([datetime(2024, 1, 1, 12)]).cast(pl.Datetime("ms")), ""),
        (pl.Series([datetime(2024, 1, 1, 13)]).cast(pl.Datetime("ns")).dt.replace_time_zone("Europe/Berlin"), ""),
        (pl.Series([1704110400.0]), ""),
        (pl.Series(["2024-01-01T12:00:00Z"]), ""),
        (pl.Series([1704110400_000_000_000]), ""),
        (pl.Series([datetime(2024, 1, 1)]).cast(pl.Date), "the time cannot be read"),
        (pl.Series([None], dtype=pl.Int64), "the time cannot be read"),
        (pl.Series([[1]]), "cannot be read"),
    ],
)
def test_times_of_parquet_files_may_have_any_type_of_an_instant(
    tmp_path: Path, now: datetime, times: pl.Series, said: str
) -> None:
    path = tmp_path / "trades.parquet"
    pl.DataFrame({"time": times, "price": [1], "size": [1]}).write_parquet(path)
    dump = read_dump(path, "basketry", now=now)
    if said:
        with pytest.raises(DataError, match=said):
            list(dump)
    else:
        (chunk,) = dump
        assert chunk.frame["time"].to_list() == [datetime(2024, 1, 1, 12, tzinfo=UTC)]
