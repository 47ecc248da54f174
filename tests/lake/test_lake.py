"""The lake: parts that are whole or absent, later rows that supersede, panels without what is quarantined."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, SchemaError
from basketry.core.frames import QUARANTINE
from basketry.jobs.data import compact_lake
from basketry.lake.files import Files
from basketry.lake.lake import Lake

DAY = datetime(2020, 1, 1, tzinfo=UTC)


def daily(prices: list[float], asset: str = "btc", start: int = 0) -> pl.DataFrame:
    times = [DAY + timedelta(days=start + n) for n in range(len(prices))]
    return pl.DataFrame({"time": times, "asset": [asset] * len(prices), "price": prices})


@pytest.mark.parametrize("address", ["{tmp}/lake", "memory://{name}/lake"])
def test_what_is_written_is_read_from_any_address(address: str, tmp_path: Path) -> None:
    lake = Lake(address.format(tmp=tmp_path, name=tmp_path.name))
    lake.write("daily", daily([1.0, 2.0]))
    lake.write("daily", daily([5.0], start=1))
    assert lake.tables() == ["daily"]
    assert lake.read("daily")["price"].to_list() == [1.0, 5.0]
    assert lake.read("daily", start="2020-01-02")["price"].to_list() == [5.0]
    assert lake.panel().field("price")[:, 0].tolist() == [1.0, 5.0]


def test_the_same_part_is_not_written_twice(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.write("daily", daily([1.0])) is not None
    assert lake.write("daily", daily([1.0])) is None
    assert len(lake.parts("daily")) == 1


def test_a_broken_part_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    part = lake.write("daily", daily([1.0]))
    Path(str(part)).write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match=r"is not what was written.*import its source again"):
        lake.read("daily")


def test_unfinished_files_are_not_parts(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("daily", daily([1.0]))
    (tmp_path / "daily" / ".000002-abc.parquet.99.unfinished").write_bytes(b"half")
    (tmp_path / "daily" / "notes.txt").write_text("hello")
    assert len(lake.parts("daily")) == 1


def test_wrong_rows_and_tables_are_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(SchemaError, match="did you mean 'price'"):
        lake.write("daily", daily([1.0]).rename({"price": "prce"}))
    with pytest.raises(DataError, match="did you mean 'daily'"):
        lake.read("../daily")
    with pytest.raises(DataError, match="holds no daily observations"):
        lake.panel()
    assert not list(tmp_path.iterdir())


def test_simulated_and_real_data_do_not_mix(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.create(simulated=True)
    assert lake.simulated
    with pytest.raises(DataError, match="do not mix"):
        lake.create(simulated=False)


def test_quarantined_values_stay_in_the_table_and_out_of_the_panel(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("daily", daily([1.0, 1e6, 1.0]))
    aside = {"time": [DAY + timedelta(days=1)], "asset": ["btc"], "table": ["daily"], "field": ["price"]}
    lake.write(
        "quarantine", QUARANTINE.conform(pl.DataFrame({**aside, "value": [1e6], "check": ["x"], "reason": ["y"]}))
    )
    assert lake.read("daily").height == 3
    assert np.isnan(lake.panel().field("price")[1, 0])
    assert lake.panel(include_quarantined=True).field("price")[1, 0] == 1e6


def test_a_digest_is_of_the_rows_not_of_their_parts(tmp_path: Path) -> None:
    whole, parted = Lake(tmp_path / "a"), Lake(tmp_path / "b")
    whole.write("daily", daily([1.0, 2.0]))
    parted.write("daily", daily([1.0]))
    parted.write("daily", daily([2.0], start=1))
    assert whole.digest("daily") == parted.digest("daily")


def test_a_digest_does_not_see_what_lies_under_a_null(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    for start in (0, 3):
        volumes = pl.Series("volume", [1.0, None, 3.0 + start])
        lake.write("daily", daily([1.0, 2.0, 3.0], start=start).with_columns(volumes))
    digest = lake.digest("daily")
    assert lake.compact("daily")
    assert lake.digest("daily") == digest
    lake.write("daily", daily([9.0], start=9))
    assert lake.digest("daily") != digest


def many_parts(address: Path | str) -> Lake:
    """A lake with corrections in later parts, known at once and known later, and values set aside."""
    lake = Lake(address)
    for part in range(6):
        lake.write("daily", daily([1.0 + part, 2.0 + part], start=part))
    lake.write("daily", daily([9.0], start=2).with_columns(known_at=DAY + timedelta(days=8)))
    aside = {"time": [DAY + timedelta(days=1)], "asset": ["btc"], "table": ["daily"], "field": ["price"]}
    for value in (1e6, 2.0):
        rows = pl.DataFrame({**aside, "value": [value], "check": ["x"], "reason": ["y"]})
        lake.write("quarantine", QUARANTINE.conform(rows))
    return lake


@pytest.mark.parametrize("address", ["{tmp}/lake", "memory://{name}/compacted"])
def test_compacting_makes_one_part_and_changes_no_row(address: str, tmp_path: Path) -> None:
    lake = many_parts(address.format(tmp=tmp_path, name=tmp_path.name))
    before = {name: lake.read(name) for name in lake.tables()}
    digests, panel = {name: lake.digest(name) for name in before}, lake.panel().digest()
    assert [(entry.table, entry.parts) for entry in compact_lake(lake)] == [("daily", 7), ("quarantine", 2)]
    assert {name: len(lake.parts(name)) for name in before} == {"daily": 1, "quarantine": 1}
    for name, rows in before.items():
        assert lake.read(name).equals(rows)
        assert lake.digest(name) == digests[name]
    assert lake.panel().digest() == panel
    assert lake.panel().as_of("2020-01-05").field("price")[2, 0] == 3.0
    assert compact_lake(lake) == []
    with pytest.raises(DataError, match="holds nothing"):
        compact_lake(Lake(tmp_path / "empty"))


def test_compacting_that_is_killed_at_any_step_leaves_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = len(many_parts(tmp_path / "whole").parts("daily")) + 1
    for killed_at in range(steps):
        lake = many_parts(tmp_path / str(killed_at))
        before, left = lake.read("daily"), iter(range(killed_at))

        def step(original: Any, left: Any = left) -> Any:
            def run(files: Files, *given: Any) -> None:
                if next(left, None) is None:
                    raise KeyboardInterrupt
                original(files, *given)

            return run

        with monkeypatch.context() as patched:
            patched.setattr(Files, "write", step(Files.write))
            patched.setattr(Files, "remove", step(Files.remove))
            with pytest.raises(KeyboardInterrupt):
                lake.compact("daily")
        assert lake.read("daily").equals(before), f"killed at step {killed_at}"
        # Whoever goes on writes and compacts as if nothing had happened.
        lake.write("daily", daily([77.0], start=1))
        lake.compact("daily")
        assert lake.read("daily").filter(pl.col("time") == DAY + timedelta(days=1))["price"].to_list() == [77.0]
        assert len(lake.parts("daily")) == 1


def test_a_part_that_is_added_while_others_are_made_one_keeps_the_last_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = many_parts(tmp_path)
    original = Files.write

    def with_another_writer(files: Files, path: str, content: bytes) -> None:
        if "together" in path:
            monkeypatch.setattr(Files, "write", original)
            Lake(tmp_path).write("daily", daily([55.0], start=0))
        original(files, path, content)

    monkeypatch.setattr(Files, "write", with_another_writer)
    lake.compact("daily")
    assert len(lake.parts("daily")) == 2
    assert lake.read("daily")["price"][0] == 55.0
    lake.compact("daily")
    assert lake.read("daily")["price"][0] == 55.0


def test_two_that_compact_at_once_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = many_parts(tmp_path)
    before, original = lake.read("daily"), Files.replace_parts

    def twice(files: Files, folder: str, old: Any, content: bytes) -> str:
        monkeypatch.setattr(Files, "replace_parts", original)
        Lake(tmp_path).compact("daily")
        return original(files, folder, old, content)

    monkeypatch.setattr(Files, "replace_parts", twice)
    lake.compact("daily")
    assert lake.read("daily").equals(before)
    assert len(lake.parts("daily")) == 1


def test_reading_goes_on_where_parts_were_made_one_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = many_parts(tmp_path)
    before, original = lake.read("daily"), Files.read_parts

    def interrupted(files: Files, paths: Any) -> Any:
        monkeypatch.setattr(Files, "read_parts", original)
        Lake(tmp_path).compact("daily")
        return original(files, paths)

    monkeypatch.setattr(Files, "read_parts", interrupted)
    assert lake.read("daily").equals(before)


def test_a_panel_reads_each_table_once_and_only_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = many_parts(tmp_path)
    lake.write("intraday", daily([1.0]))
    lake.write("aliases", pl.DataFrame({"source": ["*"], "alias": ["BTC"], "asset": ["btc"]}))
    lake.write("assets", pl.DataFrame({"asset": ["btc"], "name": ["Bitcoin"]}))
    read, original = [], Files.check_part

    def noted(files: Files, path: str) -> bytes:
        read.append(path)
        return original(files, path)

    monkeypatch.setattr(Files, "check_part", noted)
    lake.panel()
    assert len(read) == len(set(read)) == 7 + 2 + 1
    assert {path.split("/")[0] for path in read} == {"daily", "quarantine", "assets"}


def test_parts_of_an_older_form_are_read_with_the_others(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.write("daily", daily([1.0]))
    stream = io.BytesIO()
    daily([2.0, 3.0], start=1).write_parquet(stream)
    Files(tmp_path).add_part("daily", stream.getvalue())
    assert lake.read("daily")["price"].to_list() == [1.0, 2.0, 3.0]
    lake.compact("daily")
    assert lake.read("daily")["price"].to_list() == [1.0, 2.0, 3.0]
