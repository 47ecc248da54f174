"""The next composition of a folder: as a command, as JSON, as CSV, in words, and on its pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.index.calculate import calculate_index
from basketry.index.outlook import announced_changes
from basketry.index.proforma import Stage
from basketry.index.result import IndexResult
from basketry.jobs.explain import explain_folder
from basketry.jobs.proforma import next_of_folder
from basketry.jobs.save import save_index
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.factsheet import factsheet
from basketry.reports.methodology_document import methodology_document

START = datetime(2020, 1, 1, tzinfo=UTC)
DAYS = 60


def observations() -> pl.DataFrame:
    """Two of three by capitalisation: a and b, from day 20 on a and x."""
    rows = [
        {"time": START + timedelta(days=day), "asset": asset, "price": 10.0, "market_cap": cap}
        for day in range(DAYS)
        for asset, cap in (("a", 1000.0), ("b", 500.0 if day < 20 else 300.0), ("x", 400.0))
    ]
    return pl.DataFrame(rows)


RULES = Methodology.load(
    {
        "basketry": 1,
        "name": "Next",
        "symbol": "NXT",
        "base": {"date": "2020-01-02", "level": 100},
        "select": {"by": "market_cap", "top": 2},
        "weight": {"by": "equal"},
        "rebalance": {"every": "month", "determine": "5d", "announce": "3d"},
        "guard": {"price_jump": None, "supply_change": None, "supply_step": None, "min_turnover": None},
    }
)


def index(day: int) -> IndexResult:
    return calculate_index(RULES, Panel.from_frames(observations()), end=START + timedelta(days=day))


def pages(day: int) -> tuple[str, str]:
    result = index(day)
    return factsheet(result), methodology_document(RULES, after=result.times[-1], announced=announced_changes(result))


def test_pages_tell_the_next_composition_from_its_announcement_on() -> None:
    # Determined on day 26, announced on day 28.
    for page in pages(27):
        assert 'id="next"' not in page
    for page in pages(28):
        section = page.partition('id="next"')[2].partition("<h2")[0]
        assert "Weights determined with data to 2020-01-27, announced 2020-01-29." in section
        assert '<th scope="row">Added</th><td>x</td>' in section
        assert '<th scope="row">Deleted</th><td>b</td>' in section
        assert '<td>x</td><td>add</td><td class="number">0.000%</td><td class="number">50.000%</td>' in section
        assert "PROJECTION" not in section


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market") / "lake"
    found = Lake(folder)
    found.create()
    found.write("daily", observations())
    return folder


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return save_index(index(request.param), tmp_path / "NXT")


def run(*words: str | Path) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("folder", [20], indirect=True)
def test_the_command_marks_a_projection(folder: Path, lake: Path, tmp_path: Path) -> None:
    told = run("index", "proforma", folder, "--lake", lake, "--csv", tmp_path / "next.csv")
    assert "NXT: composition effective 2020-02-01 (schedule, rules version 1), PROJECTED" in told
    assert "PROJECTION, not a decision: as if determined with the data up to 2020-01-21." in told
    assert "added: x; deleted: b" in told
    assert "one-way turnover 50.0000%" in told
    table = pl.read_csv(tmp_path / "next.csv")
    assert table["stage"].to_list() == ["projected"] * 3
    assert table.select("asset", "change", "determined", "units").rows() == [
        ("a", "keep", 0.5, 5.0), ("b", "delete", 0.0, 0.0), ("x", "add", 0.5, 5.0)
    ]  # fmt: skip
    explained = run("index", "explain", folder, "next", "--lake", lake)
    assert "(schedule, projected, not determined, rules version 1)" in explained


@pytest.mark.parametrize("folder", [28], indirect=True)
def test_the_command_gives_json(folder: Path, lake: Path) -> None:
    told = json.loads(run("index", "proforma", folder, "--lake", lake, "--json"))
    assert (told["symbol"], told["simulated_market"], told["further"]) == ("NXT", False, [])
    found = told["next"]
    assert (found["stage"], found["additions"], found["deletions"]) == ("announced", ["x"], ["b"])
    assert (found["announced_at"], found["effective_at"]) == ("2020-01-29", "2020-02-01")
    panel = Panel.from_frames(observations())
    assert next_of_folder(folder, panel).next.stage is Stage.ANNOUNCED
    assert explain_folder(folder, panel, "next").trigger == "schedule, announced"
