"""Many methodologies on one market: what `calculate` gives one by one, whatever the number of processes."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.conftest import RULEBOOK, small_market

from basketry.core.errors import BasketryError, DataError, MethodologyError, UnknownRuleError
from basketry.index.calculate import calculate_index
from basketry.index.segments import joined
from basketry.jobs import calculate_many as module
from basketry.jobs.calculate import Index, calculate
from basketry.jobs.calculate_many import FailedIndex, calculate_many, read_panel, write_panel
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

HALT = pl.DataFrame(
    {
        "time": [datetime(2020, 3, 20, tzinfo=UTC)],
        "asset": ["coin-a"],
        "kind": ["halt"],
        "until": [datetime(2020, 3, 24, tzinfo=UTC)],
    }
)


def rules(top: int, **changes: Any) -> dict[str, Any]:
    """A rulebook of some of the largest."""
    return {**RULEBOOK, "symbol": f"TOP{top}", "select": {"by": "market_cap", "top": top}, **changes}


GIVEN: list[dict[str, Any]] = [
    rules(3),
    rules(5, weight={"by": "equal"}, rebalance={"every": "week", "determine": "1d"}),
    rules(2, weight={"by": "size"}),
    rules(4, base={"date": "2031-01-01", "level": 1000}),
    rules(6, rebalance={**RULEBOOK["rebalance"], "triggers": [{"drift": {"band": 0.02}}]}),
]


def content(index: Index) -> bytes:
    """Everything in a result as bytes."""
    tables = [index.levels, index.compositions, index.rebalances, index.events]
    written = [table.write_ipc(None, compression="uncompressed").getvalue() for table in tables]
    pieces = [
        (piece.start, piece.end, piece.columns.tobytes(), piece.units.tobytes(), piece.prices.tobytes(), piece.divisor)
        for piece in (*index.pieces, *index.segments)
    ]
    decisions = [
        tuple(value.tobytes() if isinstance(value, np.ndarray) else str(value) for value in vars(entry).values())
        for entry in index.decisions
    ]
    assert index.state is not None
    return pickle.dumps((written, pieces, decisions, index.state.to_bytes(), index.panel.digest()))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frames(small_market(), events=HALT)


@pytest.fixture(scope="module", params=[1, 2], ids="{} processes".format)
def found(request: pytest.FixtureRequest, panel: Panel) -> list[Index | FailedIndex]:
    return calculate_many(GIVEN, panel, end="2020-05-20", processes=request.param)


def test_each_is_what_calculate_gives_to_the_last_byte(found: list[Index | FailedIndex], panel: Panel) -> None:
    assert len(found) == len(GIVEN)
    for source, index in zip(GIVEN, found, strict=True):
        if isinstance(index, Index):
            alone = calculate(source, panel, end="2020-05-20")
            assert content(index) == content(alone)
            assert index.state is not None
            assert index.state.assets is index.panel.assets


def test_a_wrong_one_leaves_its_error_in_its_place(found: list[Index | FailedIndex], panel: Panel) -> None:
    failed = [entry for entry in found if isinstance(entry, FailedIndex)]
    assert [(entry.place, entry.name, type(entry.error)) for entry in failed] == [
        (2, "TOP2", UnknownRuleError),
        (3, "TOP4", DataError),
    ]
    for entry in failed:
        with pytest.raises(type(entry.error)) as caught:
            calculate(GIVEN[entry.place], panel, end="2020-05-20")
        assert str(entry.error) == str(caught.value)


def test_a_result_goes_on_working(found: list[Index | FailedIndex], panel: Panel, tmp_path: Path) -> None:
    index = found[1]
    assert isinstance(index, Index)
    assert index.segments == index.segments != ()
    assert len(index.segments) == len(joined(index.pieces)) < len(index.pieces)
    assert index.plot().axes
    assert verify(index.save(tmp_path / "TOP5"), panel).passed


def test_all_results_share_one_panel(found: list[Index | FailedIndex]) -> None:
    assert len({id(index.panel) for index in found if isinstance(index, Index)}) == 1


def test_a_lake_is_read_as_calculate_reads_it_and_files_too(lake: Lake, rulebook: Path, tmp_path: Path) -> None:
    told: list[str] = []
    missing = tmp_path / "missing.yaml"
    one, lost, two = calculate_many(
        [rulebook, missing, Methodology.load(rules(2))], lake.address, as_of="2020-05-01", progress=told.append
    )
    assert isinstance(one, Index)
    assert isinstance(two, Index)
    assert isinstance(lost, FailedIndex)
    assert lost.name == str(missing)
    assert content(one) == content(calculate(rulebook, lake, as_of="2020-05-01"))
    assert told == ["2 of 3 methodologies", "3 of 3 methodologies"]


def test_a_panel_as_it_was_known_goes_through_a_file(tmp_path: Path) -> None:
    rows = small_market().with_columns(known_at=pl.lit(None, dtype=pl.Datetime("us", "UTC")))
    late = rows.filter(pl.col("time") == datetime(2020, 3, 10, tzinfo=UTC)).with_columns(
        pl.col("price") * 2, known_at=pl.lit(datetime(2020, 5, 1, tzinfo=UTC))
    )
    for panel in (whole := Panel.from_frames(pl.concat([rows, late]), events=HALT), whole.as_of("2020-04-01")):
        (folder := tmp_path / str(panel.known_by)[:10]).mkdir()
        panel.statistic("price", "median", timedelta(days=30))
        write_panel(panel, folder)
        again = read_panel(folder)
        assert again.digest() == panel.digest()
        assert again.as_of("2020-03-20").digest() == panel.as_of("2020-03-20").digest()
        assert not any(values.flags.writeable for values in again.fields.values())
        assert content(calculate(RULEBOOK, again)) == content(calculate(RULEBOOK, panel))


def test_nothing_to_calculate_is_an_error(panel: Panel, rulebook: Path) -> None:
    with pytest.raises(MethodologyError, match="there are no methodologies"):
        calculate_many([], panel)
    for single in (rulebook, str(rulebook), RULEBOOK, Methodology.load(RULEBOOK)):
        with pytest.raises(MethodologyError, match="not a single one; use calculate"):
            calculate_many(single, panel)  # type: ignore[arg-type]
    with pytest.raises(BasketryError, match="expected a number from 1, was 0"):
        calculate_many([RULEBOOK], panel, processes=0)


def test_a_market_that_cannot_be_read_is_an_error_of_the_whole(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        calculate_many([RULEBOOK], tmp_path / "nowhere")


def _die(_: str) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_killed_process_is_one_clear_error_and_leaves_no_file(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "_begin", _die)
    with pytest.raises(BasketryError, match=r"ended before its work was done.*try fewer processes"):
        calculate_many([RULEBOOK] * 4, panel, processes=2)
    assert not list(tmp_path.iterdir())


INTERRUPTED = """
import os, signal, sys
from basketry.jobs.calculate_many import calculate_many
from basketry.market.panel import Panel
from tests.conftest import RULEBOOK, small_market

def stop(words):
    os.killpg(0, signal.SIGINT)

if __name__ == "__main__":
    try:
        calculate_many([RULEBOOK] * 40, Panel.from_frames(small_market()), processes=2, progress=stop)
    except KeyboardInterrupt:
        print("interrupted once")
"""


@pytest.mark.skipif(os.name == "nt", reason="process groups are those of POSIX")
def test_an_interruption_ends_all_processes_without_noise_or_files(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED, encoding="utf-8")
    (tmp_path / "kept").mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}", "TMPDIR": str(tmp_path / "kept")}
    run = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False,
        start_new_session=True, timeout=300,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "interrupted once\n", "")
    assert not list((tmp_path / "kept").iterdir())


ENDED = INTERRUPTED.replace("os.killpg(0, signal.SIGINT)", "os.kill(os.getpid(), signal.SIGKILL)")


@pytest.mark.skipif(os.name == "nt", reason="a process that was killed leaves its children to POSIX")
def test_processes_whose_parent_was_killed_end_and_clear_its_folder_away(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    script = tmp_path / "script.py"
    script.write_text(ENDED, encoding="utf-8")
    kept = tmp_path / "kept"
    kept.mkdir()
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}:{root}", "TMPDIR": str(kept)}
    # The processes hold the other end of the pipe: it closes with the last of them.
    run = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == -signal.SIGKILL
    assert not list(kept.iterdir())


def test_a_rule_that_raises_something_else_leaves_the_other_indices(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(methodology: Methodology, *span: Any) -> Any:
        if methodology.symbol == "TOP3":
            raise ZeroDivisionError("a rule of a plug-in")
        return calculate_index(methodology, *span)

    monkeypatch.setattr(module, "calculate_index", broken)
    failed, index = calculate_many([rules(3), rules(4)], panel, processes=1)
    assert isinstance(failed, FailedIndex)
    assert str(failed.error) == "a rule raised ZeroDivisionError: a rule of a plug-in"
    assert isinstance(index, Index)


def test_what_an_index_went_through_is_not_made_of_other_data_than_its_tables() -> None:
    price = np.linspace([10.0, 20.0], [70.0, 20.0], 60)
    days = np.datetime64("2020-01-01", "us") + np.arange(60) * np.timedelta64(1, "D")
    given = {**rules(2, select={"by": "price", "top": 2}, weight="equal", universe=[]), "guard": {"price_jump": None}}
    given["base"] = {"date": "2020-01-01", "level": 100}
    index, other = calculate_many([given] * 2, Panel(days, ("a", "b"), {"price": price}), processes=1)
    assert isinstance(index, Index)
    assert isinstance(other, Index)
    assert index.state.level == index.level()[-1]
    price[-1] = 35.0
    with pytest.raises(DataError, match="arrays of its market were changed since"):
        _ = other.state
