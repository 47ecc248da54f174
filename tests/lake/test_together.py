"""An import is in the lake whole or not at all: an error or a kill at any of its steps."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.lake.files import Files
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake
from basketry.lake.tick_import import import_ticks

NOW = datetime(2022, 1, 1, tzinfo=UTC)
FIRST = ("time,asset,price", "2020-01-01T00:00:00Z,btc,1")
# A new asset, a new alias, two observations and one set aside: four tables.
SECOND = ("time,asset,price", "2020-01-02T00:00:00Z,btc,2", "2020-01-02T00:00:00Z,ETH,3", "2020-01-03T00:00:00Z,btc,-1")
TRADES = [
    f"2024-06-0{day}T00:00:00Z,{number},buy,{number}.5,1.25" for day, number in ((1, 1), (1, 2), (2, 3), (3, 4))
]  # fmt: skip


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def bring(folder: Path) -> None:
    import_files(Lake(folder / "lake"), [folder / "second.csv"], "daily", now=NOW, max_bad=0.5)


def bring_ticks(folder: Path) -> None:
    import_ticks(Lake(folder / "lake"), [folder / "trades.csv"], "basketry", now=datetime(2025, 1, 1, tzinfo=UTC))


def lake_in(folder: Path) -> Lake:
    folder.mkdir()
    lake = Lake(folder / "lake")
    import_files(lake, [write(folder / "first.csv", *FIRST)], "daily", now=NOW)
    write(folder / "second.csv", *SECOND)
    header = "venue,symbol,time,trade_id,side,price,size"
    write(folder / "trades.csv", header, *(f"kraken,BTC-USD,{row}" for row in TRADES))
    return lake


def held(lake: Lake) -> dict[str, Any]:
    """What a lake says, by another opening of it."""
    other = Lake(lake.address)
    ticks = {str(market): days for market, days in other.ticks.held("trades").items()}
    return {name: other.read(name).to_dicts() for name in other.tables()} | {"ticks": ticks}


def failing(n: int, original: Callable[..., Any], left: list[int]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        left[0] += 1
        if left[0] == n:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(*given, **named)

    return run


STEPS = ("os.fsync", "pathlib.Path.replace", "pathlib.Path.open", "os.open", "pathlib.Path.mkdir")


@pytest.mark.parametrize(("load", "least", "step"), [(bring, 18, 1), (bring_ticks, 22, 3)])
def test_an_error_at_any_step_leaves_the_lake_as_it_was_or_as_it_should_be(
    tmp_path: Path, load: Callable[[Path], None], least: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    whole = lake_in(tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "first")
    before = held(whole)
    load(tmp_path / "whole")
    after = held(whole)
    assert after != before
    for n in range(1, 200, step):
        folder = tmp_path / str(n)
        shutil.copytree(tmp_path / "first", folder)
        lake, left = Lake(folder / "lake"), [0]
        with monkeypatch.context() as patched:
            for name in STEPS:
                owner, _, attribute = name.rpartition(".")
                patched.setattr(name, failing(n, getattr(os if owner == "os" else Path, attribute), left))
            try:
                load(folder)
                break
            except (DataError, OSError) as error:
                told = str(error)
        assert "No space left on device" in told
        assert held(lake) in (before, after), n
        assert not list((folder / "lake").rglob("*unfinished*")), n
        load(folder)
        assert held(lake) == after
    assert n > least


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.lake import test_together as here

killed = int(sys.argv[3])
count = 0

def counted(original):
    def run(*given, **named):
        global count
        count += 1
        if count == killed:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)
    return run

os.fsync = lambda _: None
Path.replace = counted(Path.replace)
Path.unlink = counted(Path.unlink)
getattr(here, sys.argv[1])(Path(sys.argv[2]))
"""


@pytest.mark.parametrize("n", [1, 3, 4, pytest.param(5, id="with all parts written")])
def test_a_kill_leaves_what_is_never_seen_and_goes_with_the_next_import(tmp_path: Path, n: int) -> None:
    lake = lake_in(tmp_path / "killed")
    before = held(lake)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", KILLED, "bring", str(tmp_path / "killed"), str(n)]
    run = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    left = [path for path in (tmp_path / "killed" / "lake").iterdir() if path.name.startswith(".unfinished-")]
    assert len(left) == 1
    assert held(lake) == before
    bring(tmp_path / "killed")
    assert held(lake) != before
    assert lake.read("daily")["price"].to_list() == [1.0, 2.0, 3.0]
    names = [path.name for path in (tmp_path / "killed" / "lake").rglob("*")]
    assert not [name for name in names if left[0].name[-8:] in name]


@pytest.mark.parametrize("address", ["{tmp}/lake", "memory://{name}/together"])
def test_nothing_is_seen_before_all_is_there(address: str, tmp_path: Path) -> None:
    lake = Lake(address.format(tmp=tmp_path, name=tmp_path.name))
    other = Lake(lake.address)
    lake.write("assets", pl.DataFrame({"asset": ["btc"]}))
    with lake.together():
        lake.write("assets", pl.DataFrame({"asset": ["eth"]}))
        assert lake.read("assets")["asset"].to_list() == ["btc", "eth"]
        assert other.read("assets")["asset"].to_list() == ["btc"]
        other.write("assets", pl.DataFrame({"asset": ["xrp"]}))
        with pytest.raises(DataError, match="an import is being written; try again when it is done"):
            other.compact("assets")
    assert other.read("assets")["asset"].to_list() == ["btc", "eth", "xrp"]
    assert other.compact("assets")
    with pytest.raises(DataError, match="no column"), lake.together():  # noqa: PT012 (the second of two fails)
        lake.write("assets", pl.DataFrame({"asset": ["dot"]}))
        lake.write("aliases", pl.DataFrame({"nothing": ["dot"]}))
    assert lake.read("assets")["asset"].to_list() == ["btc", "eth", "xrp"]
    assert not [name for name in Files(lake.address).all_below("") if "unfinished" in name]


def test_imports_side_by_side_do_not_take_each_other_for_killed(tmp_path: Path) -> None:
    one, two = Lake(tmp_path), Lake(tmp_path)
    with one.together():
        one.write("assets", pl.DataFrame({"asset": ["btc"]}))
        with two.together():
            two.write("assets", pl.DataFrame({"asset": ["btc"], "note": ["later"]}))
        assert Lake(tmp_path).read("assets")["note"].to_list() == ["later"]
    assert len(one.parts("assets")) == 2
    assert one.read("assets")["note"].to_list() == ["later"]


def test_without_locks_of_files_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    lake = Lake(tmp_path)
    with pytest.raises(DataError, match="cannot be written: Function not implemented"), lake.together():
        lake.write("assets", pl.DataFrame({"asset": ["btc"]}))
    assert lake.tables() == []
