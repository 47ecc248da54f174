"""Files become tables: instants, names, bad rows, makers' formats."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.lake.importing import import_files, instants
from basketry.lake.lake import Lake
from basketry.lake.presets import get_preset, presets

NOW = datetime(2022, 1, 1, tzinfo=UTC)
COLUMNS = {"time": "date", "asset": "symbol", "price": "close"}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(("stamp", "day"), [("start", 1), ("end", 2)])
def test_a_bare_date_is_stamped_as_asked(tmp_path: Path, stamp: str, day: int) -> None:
    lake = Lake(tmp_path / "lake")
    file = write(tmp_path / "x.csv", "date,symbol,close", "2020-01-01,BTC,7200.5")
    report = import_files(lake, [file], "daily", columns=COLUMNS, stamp=stamp, now=NOW)  # type: ignore[arg-type]
    row = lake.read("daily").row(0, named=True)
    assert row["time"] == datetime(2020, 1, day, tzinfo=UTC)
    assert (row["asset"], row["price"], report.kept, report.new_assets) == ("btc", 7200.5, 1, ["btc"])


def test_bare_dates_without_a_stamp_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "date,symbol,close", "2020-01-01,BTC,1")
    with pytest.raises(DataError, match="--stamp start or --stamp end"):
        import_files(Lake(tmp_path / "lake"), [file], "daily", columns=COLUMNS, now=NOW)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    "value",
    [
        "2020-01-02T00:00:00Z",
        "2020-01-02 00:00:00 UTC",
        "2020-01-02T01:00:00+01:00",
        1577923200,
        1577923200000,
        1577923200000000,
    ],
)
def test_every_spelling_of_an_instant(value: object) -> None:
    assert instants(pl.Series([value]), None, "x").to_list() == [datetime(2020, 1, 2, tzinfo=UTC)]


def test_compressed_csv_and_parquet(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    with gzip.open(tmp_path / "x.csv.gz", "wt") as stream:
        stream.write("date,symbol,close\n2020-01-01,BTC,1\n")
    pl.DataFrame({"date": [datetime(2020, 1, 2)], "symbol": ["BTC"], "close": [2.0]}).write_parquet(
        tmp_path / "y.parquet"
    )
    for name in ("x.csv.gz", "y.parquet"):
        import_files(lake, [tmp_path / name], "daily", columns=COLUMNS, stamp="start", now=NOW)
    assert lake.read("daily")["price"].to_list() == [1.0, 2.0]


def test_bad_rows_are_counted_named_and_set_aside(tmp_path: Path) -> None:
    good = [f"2020-01-{day:02d},BTC,{day}" for day in range(1, 29)]
    bad = [
        "2020-02-01,BTC,nan",
        "2020-02-02,BTC,-5",
        "2020-02-03,BTC,inf",
        "2020-02-04,BTC,1e308",
        "2030-01-01,BTC,5",
        "x,BTC,5",
    ]
    twice = ["2020-03-01,ETH,5", "2020-03-01,ETH,6", "2020-03-02,ETH,7", "2020-03-02,ETH,7"]
    file = write(tmp_path / "x.csv", "date,symbol,close", *good, *bad, *twice)
    lake = Lake(tmp_path / "lake")
    report = import_files(lake, [file], "daily", columns=COLUMNS, stamp="start", now=NOW, max_bad=0.5)
    assert report.problems == {
        "time is missing or cannot be read": 1,
        "the time lies in the future": 1,
        "the price is not a positive finite number below 1e12": 4,
        "another row has the same time and asset with other figures": 2,
    }
    assert "x.csv line 30" in report.examples["the price is not a positive finite number below 1e12"][0]
    assert report.kept == 29
    assert lake.read("quarantine").height == 6


@pytest.mark.parametrize(
    ("table", "header", "row", "told"),
    [
        ("daily", "time,asset,price", "x,btc,1", "line 2: btc, time 'x'; write an instant as 2020-01-31T12:30:00Z"),
        ("daily", "time,asset,price", "2020-01-31T00:00:00Z,btc,1'000", "line 2: btc, price \"1'000\";"),
        ("daily", "time,asset,price,known_at", "2020-01-31T00:00:00Z,btc,1,soon", "line 2: btc, known_at 'soon';"),
        ("supply", "time,asset,supply", "2020-01-31T00:00:00Z,btc,many", "line 2: btc, supply 'many'; write a number"),
        ("supply", "time,asset,supply", "2020-01-31T00:00:00Z,btc,", "line 2: btc, supply empty; write a number, as"),
        ("rates", "time,rate,value", "2020-01-31T00:00:00Z,EURUSD,?", "line 2: value '?'; write a number, as 0.25"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_read_is_shown_as_it_was_given(
    tmp_path: Path, table: str, header: str, row: str, told: str
) -> None:
    with pytest.raises(DataError) as refused:
        import_files(Lake(tmp_path / "lake"), [write(tmp_path / "x.csv", header, row)], table, now=NOW)
    assert f"x.csv {told}" in str(refused.value)


def test_a_figure_that_may_be_missing_and_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    rows = ("2020-01-31T00:00:00Z,btc,1,-", "2020-01-31T00:00:00Z,btc,1,n/a")
    file = write(tmp_path / "x.csv", "time,asset,price,volume", *rows)
    assert import_files(Lake(tmp_path / "lake"), [file], "daily", now=NOW).problems == {}
    assert Lake(tmp_path / "lake").read("daily").select("price", "volume").rows() == [(1.0, None)]


def test_too_many_bad_rows_write_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "date,symbol,close", "2020-01-01,BTC,1", "2020-01-02,BTC,-1")
    with pytest.raises(DataError, match=r"1 of 2 rows are bad.*x.csv line 3.*nothing was written"):
        import_files(Lake(tmp_path / "lake"), [file], "daily", columns=COLUMNS, stamp="start", now=NOW)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({**COLUMNS, "price": "clos"}, r"no column 'clos' \(did you mean 'close'\?\)"),
        ({**COLUMNS, "prise": "close"}, r"no column 'prise' \(did you mean 'price'\?\)"),
        ({"time": "date", "price": "close"}, "which column names the asset"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    file = write(tmp_path / "x.csv", "date,symbol,close", "2020-01-01,BTC,1")
    with pytest.raises(DataError, match=message):
        import_files(Lake(tmp_path / "lake"), [file], "daily", columns=columns, stamp="start", now=NOW)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "///"])
def test_a_name_that_could_be_a_path_is_refused(tmp_path: Path, name: str) -> None:
    file = write(tmp_path / "x.csv", "date,symbol,close", f"2020-01-01,{name},1")
    with pytest.raises(DataError, match="cannot be the id of an asset"):
        import_files(Lake(tmp_path / "lake"), [file], "daily", columns=COLUMNS, stamp="start", now=NOW)


@pytest.mark.parametrize("content", [b"PAR1broken", b""])
def test_a_broken_file_gives_one_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.parquet: cannot be read"):
        import_files(Lake(tmp_path / "lake"), [tmp_path / "x.parquet"], "daily", now=NOW)
    with pytest.raises(DataError, match="no such file"):
        import_files(Lake(tmp_path / "lake"), [tmp_path / "y.csv"], "daily", now=NOW)


def test_a_ticker_means_what_its_alias_says_on_the_day(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    change = datetime(2020, 1, 2, tzinfo=UTC)
    lake.write(
        "aliases",
        pl.DataFrame(
            {
                "source": ["v", "v"],
                "alias": ["LUNA", "LUNA"],
                "asset": ["terra-classic", "terra"],
                "valid_from": [None, change],
                "valid_until": [change, None],
            },
            schema_overrides={"valid_from": pl.Datetime("us", "UTC"), "valid_until": pl.Datetime("us", "UTC")},
        ),
    )
    file = write(tmp_path / "x.csv", "date,symbol,close", "2020-01-01,LUNA,80", "2020-01-02,LUNA,9")
    report = import_files(lake, [file], "daily", columns=COLUMNS, stamp="start", source="v", now=NOW)
    assert lake.read("daily")["asset"].to_list() == ["terra-classic", "terra"]
    assert report.new_assets == []


def test_the_makers_formats(tmp_path: Path) -> None:
    stamp = int(datetime(2020, 1, 2, tzinfo=UTC).timestamp() * 1000)
    chart = {"prices": [[stamp, 7000.0]], "market_caps": [[stamp, 1e11]], "total_volumes": [[stamp, 1e9]]}
    files = {
        "coinmetrics": write(tmp_path / "btc.csv", "time,PriceUSD,CapMrktCurUSD", "2020-01-01,7000,100000000000"),
        "coinmarketcap": write(
            tmp_path / "bitcoin.csv",
            "timeOpen;timeClose;close;volume;marketCap",
            "2020-01-01T00:00:00.000Z;2020-01-01T23:59:59.999Z;7000;1e9;1e11",
        ),
        "coingecko": write(
            tmp_path / "bitcoin-usd-max.csv",
            "snapped_at,price,market_cap,total_volume",
            "2020-01-02 00:00:00 UTC,7000,1e11,1e9",
        ),
        "coingecko-market-chart": write(tmp_path / "bitcoin.json", json.dumps(chart)),
    }
    assert set(files) | {"basketry-index"} == set(presets())
    for name, file in files.items():
        lake = Lake(tmp_path / name)
        import_files(lake, [file], "daily", preset=get_preset(name), now=NOW)
        row = lake.read("daily").row(0, named=True)
        assert row["time"] == datetime(2020, 1, 2, tzinfo=UTC), name
        assert (row["price"], row["market_cap"]) == (7000.0, 1e11), name
        assert row["asset"] in ("btc", "bitcoin")


def test_a_wrong_market_chart_says_what_is_wrong(tmp_path: Path) -> None:
    file = write(tmp_path / "bitcoin.json", '{"error": "limit"}')
    with pytest.raises(DataError, match="not a CoinGecko market_chart: prices"):
        import_files(Lake(tmp_path / "lake"), [file], "daily", preset=get_preset("coingecko-market-chart"), now=NOW)
    with pytest.raises(DataError, match="did you mean 'coingecko'"):
        get_preset("coingeko")


def test_other_tables_are_imported_the_same_way(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    file = write(tmp_path / "tags.csv", "asset,scheme,value", "usdt,tag,stablecoin", "usdt,tag,stablecoin")
    report = import_files(lake, [file], "classifications", now=NOW)
    assert (report.kept, lake.read("classifications")["value"].to_list()) == (1, ["stablecoin"])
    events = write(tmp_path / "events.csv", "time,kind,asset,ratio", "2020-01-05,redenomination,btc,1000")
    import_files(lake, [events], "events", stamp="start", now=NOW)
    assert lake.read("events").row(0, named=True)["time"] == datetime(2020, 1, 4, tzinfo=UTC) + timedelta(days=1)
