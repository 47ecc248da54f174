"""Real trades and bars: those of a file are those of the source, to the unit."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from basketry.lake.dumps import read_dump

NAMES = {"time": "ts", "venue": "exchange", "size": "amount"}


@pytest.fixture(scope="module")
def source(shared: Path) -> Path:
    return shared / "data" / "trades_20251010.parquet"


def test_every_trade_of_a_day_is_read(source: Path, now: datetime) -> None:
    dump = read_dump(source, "basketry", now=now, columns=NAMES)
    rows: dict[tuple[str | None, str | None], list[pl.DataFrame]] = {}
    for chunk in dump:
        rows.setdefault((chunk.venue, chunk.symbol), []).append(chunk.frame)
    assert (dump.report.rows, dump.report.kept, dump.report.notes) == (2_091_377, 2_091_377, {})
    # A thin market, and one print far off the others while the market fell.
    assert sum(frame.height for frame in rows["gemini", "DOTUSD"]) == 732
    far = pl.concat(rows["gemini", "AAVEUSD"]).filter(pl.col("price") == 178.3416, pl.col("size") == 273_000)
    instants = far["time"].dt.truncate("1s").to_list()
    assert datetime(2025, 10, 10, 21, 29, 4, tzinfo=UTC) in instants


def test_csv_and_parquet_give_the_same_rows(source: Path, tmp_path: Path, now: datetime) -> None:
    raw = pl.read_parquet(source).filter(pl.col("exchange") == "binance", pl.col("symbol") == "TRXUSDT")
    micros = pl.col("ts").dt.epoch("us")
    tardis, binance = tmp_path / "tardis.csv.gz", tmp_path / "TRXUSDT-trades-2025-10-10.csv"
    raw.select(
        "exchange", "symbol", "side", "price", "amount", timestamp=micros, local_timestamp=micros, id="trade_id"
    ).write_csv(tardis, compression="gzip")
    maker = (pl.col("side") == "sell").cast(pl.String).str.to_titlecase()
    raw.select("trade_id", "price", "amount", q=pl.lit(0), t=micros, m=maker, b=pl.lit("True")).write_csv(
        binance, include_header=False
    )
    columns = ["time", "trade_id", "side", "price", "size"]
    frames = [
        pl.concat(chunk.frame.select(columns) for chunk in read_dump(path, form, now=now, **terms))
        for path, form, terms in (
            (source, "basketry", {"columns": NAMES, "symbol": "TRXUSDT"}),
            (tardis, "tardis-trades", {"chunk_rows": 10_000}),
            (binance, "binance-trades", {}),
        )
    ]
    exact = sum((Decimal(repr(amount)) for amount in raw["amount"]), Decimal(0))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    assert Decimal(frames[0]["size"].sum()) == exact.scaleb(8)


def test_real_bars_hold_together(shared: Path, now: datetime) -> None:
    path = shared / "data" / "bars_1m_202303_usdc_depeg.parquet"
    dump = read_dump(path, "basketry-bars", now=now, columns={"time": "ts", "symbol": "pair"}, symbol="USDC-USD")
    frames = {chunk.venue: chunk.frame for chunk in dump if chunk.symbol == "USDC-USD"}
    assert dump.report.rows == 307_007
    assert dump.report.bad == 0
    assert min(frame["low"].min() for frame in frames.values()) < 0.99  # type: ignore[type-var,operator]
