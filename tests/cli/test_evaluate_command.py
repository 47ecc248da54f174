"""The command `basketry evaluate` as a user meets it, and the reports that it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import BasketryError
from basketry.evaluation.questions import questionnaire_template
from basketry.jobs.calculate import calculate
from basketry.lake.lake import Lake

RUNNER = CliRunner()


def run(*words: str | Path) -> str:
    """Run a command in this process and return what it prints."""
    result = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def told(*words: str | Path) -> Any:
    """Return what a command says to programs."""
    return json.loads(run(*words, "--json"))


def fails(*words: str | Path) -> str:
    """Run a command that raises an error of the user, and return its message."""
    with pytest.raises(BasketryError) as caught:
        RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    return str(caught.value)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A simulated lake and two indices of it over three years."""
    folder = tmp_path_factory.mktemp("evaluate")
    run("data", "simulate", "--lake", folder / "LAKE")
    for example in ("large-cap-20", "equal-weight-10"):
        run("index", "new", folder / f"{example}.yaml", "--example", example)
        dates = ("--start", "2019-01-01", "--end", "2022-01-01")
        run("index", "run", folder / f"{example}.yaml", "--lake", folder / "LAKE", "--out", folder / example, *dates)
    return folder / "large-cap-20", folder / "equal-weight-10", folder / "LAKE"


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Levels of somebody else's index, over the same days."""
    days = np.arange("2019-01-01", "2022-01-01", dtype="datetime64[D]")
    level = 100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0.0004, 0.03, len(days))))
    file = tmp_path_factory.mktemp("outside") / "THEIRS.csv"
    pl.DataFrame({"date": days, "close": level}).write_csv(file)
    return file


def test_one_of_ours_gets_all_five_answers(market: tuple[Path, Path, Path], tmp_path: Path) -> None:
    index, other, lake = market
    said = told(
        "evaluate", index, "--lake", lake, "--against", other, "--size", "5000000", "--out", tmp_path / "r.json"
    )
    assert json.loads((tmp_path / "r.json").read_text()) == said
    figures = {row["metric"]: row["value"] for row in said["metrics"]}
    levels = pl.read_parquet(index / "levels.parquet")["price_return"]
    assert figures["total_return"] == pytest.approx(levels[-1] / levels[0] - 1, rel=1e-6)
    assert figures["max_drawdown"] < 0
    assert all(row["convention"] for row in said["metrics"])
    assert {check["state"] for check in said["checks"]} <= {"warning", "clear", "not_examined"}
    assert 5_000_000 in {row["size"] for row in said["replicability"]["costs"]}
    assert {score["criterion"] for score in said["review"]["scores"]} >= {"transparency", "liquidity"}
    assert len(said["review"]["iosco"]) == 19
    parts = said["differences"]["Equal Weight 10"]
    totals = next(row for row in said["comparison"] if row["figure"] == "total_return")
    assert sum(parts.values()) == pytest.approx(totals["Large Cap 20"] - totals["Equal Weight 10"], abs=1e-9)
    assert {choice["purpose"] for choice in said["choices"]} >= {"measure the market", "base a product on"}
    assert {row["regime"] for row in said["regimes"]} >= {"bull", "bear"}
    beside = told("evaluate", index, "--lake", lake, "--against", "sim-aurum")
    assert 0.3 < next(row["value"] for row in beside["metrics"] if row["metric"] == "correlation") <= 1
    assert "did you mean 'sim-aurum'" in fails("evaluate", index, "--lake", lake, "--against", "sim-arum")
    text = run("evaluate", index, "--lake", lake, "--against", other)
    assert "Sharpe ratio" in text
    assert "SIMULATED" in text


def test_the_pages_need_no_network_and_are_the_same_each_time(
    market: tuple[Path, Path, Path], outside: Path, tmp_path: Path
) -> None:
    index, _, lake = market
    words = ("evaluate", index, "--lake", lake)
    for name in ("a", "b"):
        run(*words, "--static", "--out", tmp_path / f"{name}.html")
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    assert len(page) < 1_000_000
    assert "https://" not in page
    for heading in ("What does it measure?", "How is it made?", "How has it behaved?", "Can it be replicated?"):
        assert heading in page
    run(*words, "--what-if", "--out", tmp_path / "full.html")
    full = (tmp_path / "full.html").read_text()
    assert "What if?" in full
    assert "Plotly.newPlot" in full
    run(*words, "--out", tmp_path / "r.pdf")
    document = (tmp_path / "r.pdf").read_bytes()
    assert document.startswith(b"%PDF")
    assert 20_000 < len(document) < 3_000_000
    run("evaluate", outside, "--columns", "time=date,level=close", "--out", tmp_path / "theirs.pdf")
    assert (tmp_path / "theirs.pdf").read_bytes().startswith(b"%PDF")


def test_levels_alone_are_enough_and_say_what_could_not_be_examined(
    market: tuple[Path, Path, Path], outside: Path, tmp_path: Path
) -> None:
    index, _, lake = market
    mapping = ("--columns", "time=date,level=close")
    said = told("evaluate", outside, *mapping)
    assert said["replicability"] is None
    assert said["review"] is None
    assert sum(check["state"] == "not_examined" for check in said["checks"]) >= 4
    baskets = tmp_path / "baskets.csv"
    baskets.write_text("effective_at,asset,weight\n2019-01-01,a,0.5\n2019-01-01,b,0.3\n2019-01-01,c,0.2\n")
    found = told("evaluate", outside, *mapping, "--constituents", baskets)
    checks = {check["check"]: check["state"] for check in found["checks"]}
    assert checks["concentration"] == "warning"
    answers = tmp_path / "answers.yaml"
    answers.write_text(questionnaire_template())
    reviewed = told("evaluate", outside, *mapping, "--questionnaire", answers)
    assert {score["grade"] for score in reviewed["review"]["scores"]} == {"not judged"}
    renamed = tmp_path / "THEIRS.csv"
    pl.read_csv(outside).rename({"date": "time", "close": "level"}).write_csv(renamed)
    beside = told("evaluate", index, "--lake", lake, "--against", renamed)
    assert {"Large Cap 20", "THEIRS"} <= set(beside["comparison"][0])


def test_an_index_in_a_notebook_evaluates_itself(market: tuple[Path, Path, Path], tmp_path: Path) -> None:
    index, _, lake = market
    report = calculate(index / "methodology.yaml", Lake(lake), "2019-01-01", "2020-06-01").evaluate()
    assert "<iframe" in report._repr_html_()
    assert report.save(tmp_path / "x.json").is_file()
    assert report.document()["index"] == "Large Cap 20"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("time,level\n2020-01-01,1\n2020-01-02,2\n", "say too little"),
        ("time,level\n2020-01-01,1\n2020-01-01,2\n", "2020-01-01"),
        ("time,level\n2020-01-01,1\n2020-01-02,0\n2020-01-03,2\n", "2020-01-02"),
        ("time,level\n2020-01-01,1\n2020-01-08,2\n2020-01-15,2\n", "state the step"),
        ("when,level\n2020-01-01,1\n", "no column 'time'"),
        ("", "cannot be read"),
        ("time,level\n1577836800,1\n1577923200,2\n", "must hold dates"),
    ],
)
def test_bad_series_are_one_clear_error(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(content)
    assert message in fails("evaluate", file)


def test_bad_words_are_one_clear_error(market: tuple[Path, Path, Path], outside: Path, tmp_path: Path) -> None:
    index, _, _ = market
    assert "--lake" in fails("evaluate", index)
    assert "none of .html" in fails("evaluate", outside, "--out", tmp_path / "r.doc")
    assert "neither time nor level" in fails("evaluate", outside, "--columns", "date=date")
    assert "not a pair" in fails("evaluate", outside, "--columns", "date")
    mapping = ("--columns", "time=date,level=close")
    assert "rules cannot be changed" in fails("evaluate", outside, *mapping, "--what-if")
    assert "positive amount" in fails("evaluate", outside, *mapping, "--size", "nan")
    for baskets in ("1 Jan,a,1", "2020-01-01,a,x"):
        (tmp_path / "b.csv").write_text(f"effective_at,asset,weight\n{baskets}\n")
        assert "effective_at must be dates" in fails(
            "evaluate", outside, *mapping, "--constituents", tmp_path / "b.csv"
        )
    assert "same name" in fails("evaluate", outside, *mapping, "--against", outside)


def test_a_leveraged_index_is_judged_by_its_own_series(market: tuple[Path, Path, Path], tmp_path: Path) -> None:
    index, _, lake = market
    run("index", "new", tmp_path / "inv.yaml", "--example", "large-cap-20-inverse")
    dates = ("--start", "2019-01-01", "--end", "2022-01-01")
    run("index", "run", tmp_path / "inv.yaml", "--lake", lake, "--out", tmp_path / "INV", *dates)
    said = told("evaluate", tmp_path / "INV", "--lake", lake, "--against", index)
    levels = pl.read_parquet(tmp_path / "INV" / "levels.parquet")["inverse_1x"]
    figures = {row["metric"]: row["value"] for row in said["metrics"]}
    assert figures["total_return"] == pytest.approx(levels[-1] / levels[0] - 1, rel=1e-4)
    assert figures["beta"] == pytest.approx(-1, abs=0.02)
    assert "series inverse_1x" in said["source"]
    assert said["differences"] == {"Large Cap 20": {}}
