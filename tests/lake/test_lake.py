"""The lake: parts that are whole or absent, later rows that supersede, panels without what is quarantined."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, SchemaError
from basketry.core.frames import QUARANTINE
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
