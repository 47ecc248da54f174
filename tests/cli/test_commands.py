"""The commands as a user meets them: help, words, JSON, exit codes, errors in a line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import BasketryError
from basketry.core.event_kind import EventKind
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.parse import dump_yaml, parse_yaml

RUNNER = CliRunner()


def run(*words: str | Path, ok: bool = True) -> str:
    """Run a command in this process and return what it prints."""
    result = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert (result.exit_code == 0) is ok, result.output
    return result.output


def fails(*words: str | Path) -> str:
    """Run a command that raises an error of the user, and return its message."""
    with pytest.raises(BasketryError) as caught:
        RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    return str(caught.value)


def program(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as a process of its own."""
    command = [sys.executable, "-c", "from basketry.cli.main import main; main()", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def commands(group: Any = app) -> list[list[str]]:
    import typer

    found = []

    def walk(command: Any, path: list[str]) -> None:
        for name, sub in getattr(command, "commands", {}).items():
            found.append([*path, name])
            walk(sub, [*path, name])

    walk(typer.main.get_command(group), [])
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_and_an_example(path: list[str]) -> None:
    text = run(*path, "--help")
    assert "Usage:" in text
    if path not in (["data"], ["index"], ["keys"], ["price"], ["track"]):
        assert "Example:" in text
        assert f"basketry {' '.join(path)}" in " ".join(text.split())


def test_a_whole_session(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    at = ["--lake", lake.address]
    folder = tmp_path / "THREE"
    assert "is valid" in run("index", "check", rulebook, *at)
    text = run("index", "run", rulebook, *at, "--out", folder)
    assert "THREE: Three" in text
    assert "factsheet.html" in text
    assert "verified" in run("index", "verify", folder, *at)
    explained = run("index", "explain", folder, "2020-04-15", *at)
    assert "coin-d" in explained
    assert "passes market_cap" in explained
    assert "levels added" in run("index", "publish", folder, *at, "--approver", "Committee")
    assert "equal" in run("index", "diff", folder, folder)
    assert run("data", "list", *at).startswith("table")
    assert "gaps: 0" in run("data", "check", *at)


def test_json_for_programs(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    at = ["--lake", lake.address, "--json"]
    folder = tmp_path / "THREE"
    manifest = json.loads(run("index", "run", rulebook, *at, "--out", folder))
    assert manifest["symbol"] == "THREE"
    # The lake holds no tags, which a check says too.
    assert [(problem["severity"], problem["where"]) for problem in manifest["problems"]] == [
        ("warning", "universe[1].exclude_tags")
    ]
    assert json.loads(run("index", "verify", folder, *at))["passed"] is True
    assert json.loads(run("index", "check", rulebook, "--json"))["valid"] is True
    explained = json.loads(run("index", "explain", folder, "2020-04-15", *at, "--asset", "coin-d"))
    assert [entry["asset"] for entry in explained["assets"]] == ["coin-d"]
    assert json.loads(run("data", "list", *at))["tables"][0]["rows"] == 900
    assert {entry["check"] for entry in json.loads(run("data", "check", *at))["checks"]} >= {"gaps", "supply jumps"}
    assert json.loads(run("index", "diff", folder, folder, "--json"))["rules"] == []


def test_a_check_with_a_lake_exits_2_where_a_run_would_be_refused(rulebook: Path, lake: Lake) -> None:
    at = ["--lake", lake.address]
    whole = parse_yaml(rulebook.read_text())
    wrong = {"exclude_assets": ["coin-aa"]}, {"metric": {"name": "volum", "min": 1}}
    rulebook.write_text(dump_yaml({**whole, "universe": list(wrong)}))
    assert "is valid" in run("index", "check", rulebook)  # without data nobody knows
    text = " ".join(run("index", "check", rulebook, *at, ok=False).split())
    assert f"cannot be computed on {lake.address}: 1 error(s)" in text
    # The file: basketry, name, symbol, base of two lines, universe, and its entries from line 8 on.
    assert "error: line 11, universe[1].metric.name: there is no figure 'volum' (did you mean 'volume'?)" in text
    assert "warning: line 9, universe[0].exclude_assets[0]: the data hold no asset 'coin-aa'" in text
    refused = RUNNER.invoke(app, ["index", "check", str(rulebook), *at, "--json"])
    assert refused.exit_code == 2
    found = json.loads(refused.output)
    assert found["valid"] is False
    assert [(entry["severity"], entry["line"]) for entry in found["problems"]] == [("error", 11), ("warning", 9)]
    rulebook.write_text(dump_yaml({**whole, "universe": [wrong[0]]}))
    assert "warning: line 9" in run("index", "check", rulebook, *at)  # a warning is no refusal
    rulebook.write_text(dump_yaml({**whole, "base": {"date": "2015-01-01"}}))
    assert "base.date: the data begin at 2020-01-01" in run("index", "check", rulebook, *at, ok=False)
    late = [*at, "--start", "2020-02-10"]
    assert "is valid" in run("index", "check", rulebook, *late)
    assert "before the base" in run("index", "check", rulebook, *late, "--end", "2020-02-01", ok=False)


def test_exit_codes(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "THREE"
    run("index", "run", rulebook, "--lake", lake.address, "--out", folder)
    lake.write("daily", lake.read("daily").head(300).with_columns(pl.col("price") * 1.5))
    assert "NOT verified" in run("index", "verify", folder, "--lake", lake.address, ok=False)
    missing = program("index", "check", "nothing.yaml")
    assert missing.returncode == 2
    assert missing.stderr.startswith("Error: nothing.yaml: there is no such file")
    assert "Traceback" not in missing.stderr


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("hardfork,coin-a,fork,1,,", "kind 'hardfork'; write 'hard_fork'"),
        ("redenomination,coin-a,,,,", "ratio empty; give the new units for one old unit"),
        ("redenomination,coin-a,,-5,,", "ratio -5.0; give the new units for one old unit"),
        ("migration,coin-a,,1,,", "new_asset empty; give the id of the new asset"),
        (
            "halt,coin-a,,,2020-03-01T00:00:00Z,",
            "until 2020-03-01 00:00:00+00:00; give the first instant after the halt",
        ),
        ("delisting,coin-a,,,,sell", "removal 'sell'; the words are remove_at_last_price"),
        ("delisting,coin_a,,,,", "asset 'coin_a'; give an id of the observations or the table of assets (did you mean"),
    ],
)
def test_a_row_that_is_no_event_gives_one_clear_error(lake: Lake, tmp_path: Path, row: str, message: str) -> None:
    file = tmp_path / "e.csv"
    file.write_text(f"time,kind,asset,new_asset,ratio,until,removal\n2020-03-01T00:00:00Z,{row}\n")
    told = fails("data", "import", file, "--lake", lake.address, "--table", "events")
    assert message in told
    assert "e.csv line 2" in told
    assert len(told.splitlines()) == 1
    assert run("data", "check", "--lake", lake.address, "--table", "events").count(": 0 in 0 assets") == 4
    assert "not of 'supply'" in fails("data", "check", "--lake", lake.address, "--table", "supply")


@pytest.mark.parametrize("filled", [False, True])
def test_the_events_of_the_documentation_are_imported_as_it_says(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled: bool
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "data.md").read_text(encoding="utf-8")
    section = page.split("## Corporate events\n")[1].split("\n## ")[0]
    monkeypatch.chdir(tmp_path)
    files = re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", section, re.DOTALL)
    assert [name for name, _ in files] == ["assets.csv", "events.csv"]
    for name, text in files:
        (tmp_path / name).write_text(text)
    held = lake if filled else Lake(tmp_path / "empty")
    for line in section.split("```sh\n")[1].split("```")[0].splitlines():
        command, *words = line.replace("LAKE", held.address).split()
        assert command == "basketry"
        told = run(*words)
        assert "set aside" not in told
        warned = [line for line in told.splitlines() if "Warning" in line]
        assert all("of which there is no price" in line or "older than what it holds" in line for line in warned)
    assert set(held.read("events")["kind"]) == set(EventKind)
    told = run("data", "check", "--lake", held.address, "--table", "events")
    assert "refused events: 0 in" in told
    assert "impossible chains of events: 0 in" in told


def test_the_rates_of_the_documentation_are_seen_as_it_says(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "data.md").read_text(encoding="utf-8")
    section = page.split("## Rates\n")[1].split("\n## ")[0]
    ((name, text),) = re.findall(r"`(\w+\.csv)`:\n\n```csv\n(.*?)```", section, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    command, *words = section.split("```sh\n")[1].split("```")[0].replace("LAKE", lake.address).split()
    assert command == "basketry"
    assert "4 of 4 rows written to rates" in run(*words)
    days = pl.DataFrame({"time": [datetime(2024, 6, day, tzinfo=UTC) for day in range(1, 9)], "a": [1.0] * 8})
    panel = Panel.from_frames(price=days, rates=lake.read("rates"))
    # The rows of the table: those of the 3rd, 4th, 5th, 6th and 7th of June.
    assert panel.rate("USD_OVERNIGHT")[2:7].tolist() == [0.0533, 0.05, 0.05, 0.05, 0.048]


def test_a_ratio_that_the_prices_contradict_is_written_with_a_warning(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_text("time,kind,asset,ratio\n2020-03-01T00:00:00Z,redenomination,coin-a,100\n")
    told = run("data", "import", file, "--lake", lake.address, "--table", "events")
    assert "1 of 1 rows written to events" in told
    assert "Warning: 2020-03-01 coin-a: redenomination: ratio 100 with the price" in told
    assert "the prices look as if the unit had not changed (a ratio near" in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("weight:", "wieght:"), r"wieght: unknown key (did you mean 'weight'?)"),
        (("market_cap:", "market_cup:"), "unknown universe rule 'market_cup' (did you mean 'market_cap'?)"),
        (("cap: 0.5", "cap: 0.2"), "3 members x 0.2 = 0.6 < 1"),
        (("cap: 0.5", "cap: 1.5"), "weight.cap: must be at most 1"),
        (("top: 3", "tpo: 3"), "unknown key 'tpo' (did you mean 'top'?)"),
        (("symbol: THREE", "symbol: ../THREE"), "symbol: '../THREE' must be"),
        (("every: month", "every: mnth"), "did you mean 'month'"),
        (("level: 1000", "level: -1"), "base.level"),
        (("- price", "- pricee"), "unknown return rule 'pricee'"),
        (("name: Three", "name: [Three"), "not valid YAML"),
        (("name: Three", "name: &a Three"), "anchors and aliases"),
        (("2020-02-10", "2020-02-31"), "base.date: '2020-02-31' is not a date"),
    ],
)
def test_a_wrong_rulebook_gives_one_clear_error(rulebook: Path, change: tuple[str, str], message: str) -> None:
    text = rulebook.read_text()
    assert change[0] in text
    rulebook.write_text(text.replace(change[0], change[1], 1))
    told = fails("index", "check", rulebook)
    assert message in told
    assert str(rulebook) in told
    assert "line " in told
    assert len(told.splitlines()) == 1


VERSIONS = """versions:
  - from: 2020-04-15
    note: Two decimals and a lower threshold.
    changes:
      publish: {decimals: 2}
      restate: {threshold: 0.0005}
"""


def test_each_version_is_checked_and_told_with_what_it_changes(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    told = " ".join(run("index", "check", with_versions(rulebook, VERSIONS)).split())
    assert "version 2 from 2020-04-15: publish.decimals: 4 -> 2; restate.threshold: 0.001 -> 0.0005" in told
    text = run("index", "run", rulebook, "--lake", lake.address, "--out", tmp_path / "THREE")
    # The first level with four decimals, the last with two.
    assert re.search(r"price_return +1,000\.0000 -> [\d,]+\.\d\d\n", text)
    rulebook.write_text(rulebook.read_text().replace("threshold: 0.0005", "threshold: 5"))
    told = fails("index", "check", rulebook)
    line = rulebook.read_text().splitlines().index("      restate: {threshold: 5}") + 1
    assert f"line {line}: versions[0].changes.restate.threshold: " in told


def with_versions(rulebook: Path, text: str) -> Path:
    rulebook.write_text(rulebook.read_text() + text)
    return rulebook


def test_wrong_words_on_the_command_line(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    at = ["--lake", lake.address]
    assert "holds nothing" in fails("data", "list", "--lake", tmp_path / "empty")
    assert "holds no daily observations" in fails("index", "run", rulebook, "--lake", tmp_path / "empty")
    assert "made of daily or intraday" in fails("index", "run", rulebook, *at, "--table", "supply")
    assert "is not a date or time" in fails("index", "run", rulebook, *at, "--start", "tomorrow")
    assert "before the base" in fails("index", "run", rulebook, *at, "--start", "2031-01-01")
    assert "neither start nor end" in fails("data", "import", "x.csv", *at, "--stamp", "middle")
    assert "is not a pair" in fails("data", "import", "x.csv", *at, "--columns", "time")
    run("index", "run", rulebook, *at, "--out", tmp_path / "A")
    assert "lies outside the index" in fails("index", "explain", tmp_path / "A", "2019-01-01", *at)
    assert "did you mean 'coin-a'" in fails("index", "explain", tmp_path / "A", "2020-04-01", *at, "--asset", "coin-aa")
    assert not (tmp_path / "THREE").exists()


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["publish", "X", "--lake", "L"], "--approver"),
        (["publish", "X", "--lake", "L", "--approver", "C"], "--reason"),
        (["publish", "X", "--lake", "L", "--approver", "C"], "--release"),
        (["amend", "X", "rules.yaml", "--lake", "L", "--effective", "2020-04-01", "--approver", "C"], "--reason"),
        (["amend", "X", "rules.yaml", "--lake", "L", "--effective", "2020-04-01", "--reason", "why"], "--approver"),
        (["override", "X", "--lake", "L", "--action", "exclude", "--effective", "2020-04-01", "--reason", "why",
          "--approver", "C"], "--asset"),
        (["end", "X", "--lake", "L", "--last", "2020-04-01", "--approver", "C"], "--reason"),
        (["key", "X", "--new", "a.key", "--key", "b.key", "--approver", "C"], "--reason"),
    ],
)  # fmt: skip
def test_an_argument_in_another_encoding_is_told(command: list[str], option: str) -> None:
    """As a terminal in Latin-1 sends it."""
    told = fails("index", *command, option, "Soci\udce9t\udce9")
    assert told == r"'Soci\udce9t\udce9' is not a text in UTF-8; set the terminal to UTF-8 and write it again"


def test_what_verify_is_asked_for_wrongly_is_an_error_and_no_verdict(lake: Lake, tmp_path: Path) -> None:
    asked = ("index", "verify", tmp_path / "X", "--lake", lake.address)
    assert "is no public key" in fails(*asked, "--key", "ed25519:12")
    assert "cannot be read" in fails(*asked, "--head", tmp_path / "none.json")
    assert "'NaT' is not a date or time" in fails(*asked, "--as-of", "NaT")


def test_a_rulebook_cannot_write_outside_its_folder(rulebook: Path, lake: Lake) -> None:
    hostile = rulebook.read_text().replace("symbol: THREE", "symbol: ..")
    rulebook.write_text(hostile)
    assert "symbol" in fails("index", "run", rulebook, "--lake", lake.address)


def test_a_kill_at_any_moment_leaves_the_earlier_folder_whole(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "THREE"
    at = ["--lake", lake.address, "--out", str(folder)]
    run("index", "run", rulebook, *at, "--end", "2020-04-01")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = [sys.executable, "-c", "from basketry.cli.main import main; main()", "index", "run", str(rulebook), *at]
    begun = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    length = time.perf_counter() - begun
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    run("index", "run", rulebook, *at, "--end", "2020-04-01")
    seen = set()
    for share in (0.3, 0.6, 0.8, 0.9, 0.95, 1.0):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(length * share)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert found in (before, after)
        seen.add(found == after)
        assert "verified" in run("index", "verify", folder, "--lake", lake.address)
    assert False in seen


def test_start_up_loads_nothing_heavy() -> None:
    script = "import sys; import basketry; from basketry.cli import main; print(*sorted(sys.modules))"
    loaded = set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"polars", "numpy", "numba", "pydantic", "matplotlib", "pandas", "httpx", "scipy"}


def test_public_names_are_there() -> None:
    import basketry as bk

    for name in bk.__all__:
        assert getattr(bk, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'calculat'"):
        _ = bk.calculat


def test_output_is_not_folded_without_a_terminal(lake: Lake) -> None:
    text = program("data", "check", "--lake", lake.address, env={**os.environ, "COLUMNS": "40"}).stdout
    assert any(len(line) > 60 for line in text.splitlines())
