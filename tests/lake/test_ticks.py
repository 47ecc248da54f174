"""Ticks of a lake: what is written comes back, corrections have the word, damage is found."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError, SchemaError
from basketry.core.frames import TICK_TABLES, TRADES
from basketry.lake.lake import Lake
from basketry.lake.tapes import LakeTapes
from basketry.market.tape import Market, Tape
from basketry.market.venues.feed import reference_tables
from basketry.market.venues.simulate import simulate_venues

START = datetime(2024, 3, 1, 23, 0, tzinfo=UTC)
ONE, TWO = Market("alpha", "btc-usd", "btc", "usd"), Market("beta", "btc-usd", "btc", "usd")


def trades(*rows: tuple[float, str | None, float, int], known: datetime | None = None) -> pl.DataFrame:
    """Return trades of (minutes after 23:00, id, price, size)."""
    frame = pl.DataFrame(
        {
            "time": [START + timedelta(minutes=row[0]) for row in rows],
            "trade_id": [row[1] for row in rows],
            "price": [row[2] for row in rows],
            "size": [row[3] for row in rows],
            "known_at": [known] * len(rows),
        },
        schema_overrides={"known_at": pl.Datetime("us", "UTC"), "trade_id": pl.String},
    )
    return TRADES.conform(frame)


def lake_of(folder: Path | str, *markets: Market) -> Lake:
    lake = Lake(folder)
    for name, frame in reference_tables(markets or (ONE, TWO)).items():
        lake.write(name, frame)
    return lake


def whole(lake: Lake, known_by: datetime | None = None) -> Tape:
    known = None if known_by is None else np.datetime64(known_by.replace(tzinfo=None), "us")
    start, end = np.datetime64("2024-03-01", "us"), np.datetime64("2024-03-04", "us")
    return lake.ticks.tape("btc", start, end, known_by=known)


def same(one: Tape, other: Tape) -> bool:
    return one.markets == other.markets and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("starts", "time", "price", "size")
    )


@pytest.mark.parametrize("address", ["folder", "memory://ticks"])
def test_what_is_written_comes_back_by_day_and_market(tmp_path: Path, address: str) -> None:
    lake = lake_of(tmp_path / address if address == "folder" else address)
    frame = trades((30, "b", 101.0, 2), (0, "a", 100.0, 1), (90, "c", 102.0, 3))
    parts = lake.ticks.write("trades", ONE, frame)
    assert [part.split("/")[-2] for part in parts] == ["day=2024-03-01", "day=2024-03-02"]
    assert lake.ticks.held("trades") == {ONE: [date(2024, 3, 1), date(2024, 3, 2)]}
    assert lake.ticks.read("trades", ONE).equals(frame.sort("time"))
    assert same(whole(lake), Tape.from_frames("btc", {ONE: frame}))
    inside = lake.ticks.tape("btc", np.datetime64("2024-03-01T23:30", "us"), np.datetime64("2024-03-02T00:30", "us"))
    assert inside.price.tolist() == [101.0]
    assert lake.ticks.summary("trades")[:2] == (3, 2)
    assert list(lake.ticks.rows_by_day("trades", {"btc"}).values()) == [2, 1]


def test_the_same_ticks_again_add_nothing(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    morning, evening = trades((0, None, 100.0, 1)), trades((30, None, 101.0, 1))
    for frame in (morning, evening, morning, evening):
        lake.ticks.write("trades", ONE, frame)
    assert whole(lake).price.tolist() == [100.0, 101.0]


def test_corrections_and_retractions_have_the_word_from_when_they_were_known(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    lake.ticks.write("trades", ONE, trades((0, "a", 100.0, 1), (1, "b", 999.0, 1), (2, "c", 102.0, 1)))
    known = START + timedelta(hours=5)
    lake.ticks.write("trades", ONE, trades((1, "b", 101.0, 1), (2, "c", 102.0, 0), known=known))
    assert whole(lake).price.tolist() == [100.0, 101.0]
    assert whole(lake, known - timedelta(seconds=1)).price.tolist() == [100.0, 999.0, 102.0]
    assert whole(lake, known).price.tolist() == [100.0, 101.0]
    assert whole(lake, START + timedelta(minutes=1)).price.tolist() == [100.0, 999.0]


def test_sizes_of_markets_with_other_decimals_are_brought_together(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    lake.write("markets", lake.read("markets").with_columns(size_decimals=pl.Series([8, 10], dtype=pl.UInt8)))
    lake.ticks.write("trades", ONE, trades((0, "a", 100.0, 5)))
    lake.ticks.write("trades", TWO, trades((0, "a", 100.0, 7)))
    tape = whole(lake)
    assert tape.size.tolist() == [500, 7]
    assert tape.unit == 1e-10
    lake.ticks.write("trades", ONE, trades((5, "huge", 100.0, 2**61)))
    with pytest.raises(DataError, match="does not fit with 10 decimals"):
        whole(lake)


def test_bars_count_at_their_end_and_the_latest_has_the_word(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    times = [START, START + timedelta(minutes=1)]
    bars = pl.DataFrame(
        {"time": times, "open": [1.0, 1.0], "high": [1.0, 1.0], "low": [1.0, 1.0], "close": [2.0, 3.0]}
    ).with_columns(volume=pl.Series([4, 5]))
    lake.ticks.write("bars", ONE, bars)
    lake.ticks.write("bars", ONE, bars.with_columns(close=pl.Series([2.5, 3.0])))
    tapes = LakeTapes(lake)
    assert tapes.table == "bars"
    start = int(np.datetime64("2024-03-01T23:00", "us").astype(np.int64))
    assert tapes.tape("btc", start, start + 120_000_000).price.tolist() == [2.5, 3.0]
    assert tapes.tape("btc", start, start + 60_000_000).price.tolist() == [2.5]
    # A bar that is not over by the end of the interval does not count.
    assert tapes.tape("btc", start, start + 59_000_000).price.tolist() == []


def test_damage_is_found_wherever_a_bit_is_flipped(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    (part,) = lake.ticks.write("trades", ONE, trades((0, "a", 100.0, 1), (1, "b", 101.0, 2)))
    path = tmp_path / part
    content = path.read_bytes()
    for place in range(0, len(content), 37):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(DataError, match="is not what was written"):
            whole(lake)
        with pytest.raises(DataError, match="is not what was written"):
            lake.ticks.read("trades", ONE)
    path.write_bytes(content)
    assert len(whole(lake)) == 2


@pytest.mark.parametrize("name", ["..", "a/b", "A", "", ".hidden", "a..b"])
def test_ids_that_are_no_folders_are_refused(tmp_path: Path, name: str) -> None:
    lake = lake_of(tmp_path)
    if name:
        market = Market(name, "btc-usd", "btc", "usd")
        with pytest.raises(DataError, match="not an id of a venue or pair"):
            lake.ticks.write("trades", market, trades((0, "a", 100.0, 1)))
    with pytest.raises(DataError):
        lake.ticks.write("trades", Market("gamma", "btc-usd", "btc", "usd"), trades((0, "a", 100.0, 1)))
    assert not lake.ticks.held("trades")


def test_wrong_frames_and_tables_are_refused(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    with pytest.raises(SchemaError, match="btc-usd"):
        lake.ticks.write("trades", ONE, pl.DataFrame({"time": [START], "price": [1.0]}))
    with pytest.raises(DataError, match="did you mean 'trades'"):
        lake.ticks.write("trade", ONE, trades((0, "a", 100.0, 1)))
    with pytest.raises(DataError, match="holds no trades and no bars"):
        LakeTapes(lake)


def test_unfinished_files_are_not_parts(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    (part,) = lake.ticks.write("trades", ONE, trades((0, "a", 100.0, 1)))
    (tmp_path / part).with_name(".000002-000000000000.parquet.99.unfinished").write_bytes(b"half")
    (tmp_path / part).with_name("notes.txt").write_bytes(b"text")
    assert len(whole(lake)) == 1


ROWS = st.lists(
    st.tuples(
        st.integers(0, 170), st.sampled_from(["a", "b", "c", None]), st.sampled_from([99.0, 100.5]), st.integers(0, 3)
    ),
    max_size=12,
)


MINUTE = st.integers(0, 180)


@settings(max_examples=40)
@given(rows=ROWS, cuts=st.lists(st.integers(0, 12), max_size=2), window=st.tuples(MINUTE, MINUTE))
def test_parts_and_windows_do_not_change_the_tape(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, str | None, float, int]],
    cuts: list[int],
    window: tuple[int, int],
) -> None:
    # One id names one trade: its time is its own.
    rows = [({"a": 10, "b": 65, "c": 130}.get(row[1] or "", row[0]), *row[1:]) for row in rows]
    # Trades without an id are told apart by where they lie; the same part twice is one part.
    rows = [row for place, row in enumerate(rows) if row[1] or row not in rows[:place]]
    lake = lake_of(tmp_path_factory.mktemp("lake"))
    edges = [0, *sorted(cuts), len(rows)]
    for first, last in pairwise(edges):
        if rows[first:last]:
            lake.ticks.write("trades", ONE, trades(*rows[first:last]))
    start, end = (np.datetime64("2024-03-01T23:00", "us") + np.timedelta64(minute, "m") for minute in sorted(window))
    found = lake.ticks.tape("btc", start, end)
    expected = Tape.from_frames("btc", {ONE: trades(*rows)}) if rows else None
    if expected is None:
        assert len(found) == 0
        return
    cut = expected.cut(int(start.astype(np.int64)), int(end.astype(np.int64)))
    assert found.markets in ((ONE,), ())
    assert sorted(zip(found.time, found.price, found.size, strict=True)) == sorted(
        zip(cut.time, cut.price, cut.size, strict=True)
    )


def test_simulated_venues_come_back_whole(tmp_path: Path) -> None:
    feed = simulate_venues(5, hours=0.2, levels=5)
    lake = Lake(tmp_path)
    for name, frame in feed.tables.items():
        lake.write(name, frame)
    ticks = lake.ticks
    for name, held in feed.frames.items():
        assert name in TICK_TABLES
        for market, frame in held.items():
            ticks.write(name, market, frame)
    start, end = feed.start, feed.end
    whole_tape = LakeTapes(lake).tape(feed.asset, int(start.astype(np.int64)), int(end.astype(np.int64)))
    assert same(whole_tape, feed.tape(feed.asset, int(start.astype(np.int64)), int(end.astype(np.int64))))
    market, depth = next(iter(feed.frames["depth"].items()))
    assert lake.ticks.read("depth", market).equals(depth.sort("time", maintain_order=True))


def test_batches_cover_every_instant_once_and_part_where_much_would_be_read_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = lake_of(tmp_path)
    # Ten trades on each of four days from 1970-01-01 on, one every 144 minutes.
    rows = [(minute, f"{minute}", 100.0, 1) for minute in range(0, 4 * 1440, 144)]
    shifted = trades(*rows).with_columns(
        time=pl.from_epoch(pl.Series([minute * 60 for minute, *_ in rows]), "s").cast(pl.Datetime("us", "UTC"))
    )
    lake.ticks.write("trades", ONE, shifted)
    tapes = LakeTapes(lake)
    hour = 3_600_000_000
    hourly = np.arange(1, 24 * 10 + 1) * hour

    def sizes(batch: int, skipped: int, instants: np.ndarray[Any, Any]) -> list[int]:
        monkeypatch.setattr("basketry.lake.tapes._BATCH_TRADES", batch)
        monkeypatch.setattr("basketry.lake.tapes._SKIPPED_TRADES", skipped)
        found = list(tapes.batches("btc", instants, hour))
        assert np.concatenate(found).tolist() == instants.tolist()
        return [len(part) for part in found]

    assert sizes(1_000, 1_000, hourly) == [240]
    # A day that fits is read whole; after the last trade nothing parts them.
    assert sizes(15, 1_000, hourly) == [24, 24, 24, 168]
    # Days that do not fit are read in pieces of about so many trades.
    assert len(sizes(5, 1_000, hourly)) in (8, 9)
    daily = np.arange(1, 6) * 24 * hour
    assert sizes(1_000, 1_000, daily) == [5]
    assert sizes(5, 4, daily) == [1, 1, 1, 2]
    assert sizes(1_000, 1_000, np.array([1]) * hour) == [1]


def test_a_day_that_does_not_show_how_long_its_bars_are_does_not_show_them_early(tmp_path: Path) -> None:
    lake = lake_of(tmp_path)
    midnight = datetime(2024, 3, 1, tzinfo=UTC)
    bars = pl.DataFrame({"time": [midnight + timedelta(days=n) for n in range(3)], "close": [1.0, 2.0, 3.0]})
    bars = bars.with_columns(open=pl.col("close"), high=pl.col("close"), low=pl.col("close"), volume=pl.lit(5))
    lake.ticks.write("bars", ONE, bars)
    start = np.datetime64("2024-03-01", "us")
    day = np.timedelta64(1, "D")
    assert lake.ticks.tape("btc", start, start + day - np.timedelta64(1, "us"), table="bars").price.tolist() == []
    assert lake.ticks.tape("btc", start, start + day, table="bars").price.tolist() == [1.0]
    assert lake.ticks.tape("btc", start, start + 2 * day, table="bars").price.tolist() == [1.0, 2.0]
    assert lake.ticks.span("bars", [ONE]) == (midnight, midnight + timedelta(days=3, microseconds=-1))
    lake.ticks.write("bars", TWO, bars[[0, 2]])
    with pytest.raises(DataError, match="days apart"):
        lake.ticks.tape("btc", start, start + day, table="bars")
