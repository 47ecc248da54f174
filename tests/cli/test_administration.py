"""The commands of an administrator: what is tried, decided, taken back and refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.cli.test_commands import run

from basketry.cli import main as cli
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.methodology.parse import dump_yaml, parse_yaml

WHO = ("--approver", "Committee", "--reason", "as consulted")


@pytest.fixture
def folder(rulebook: Path, lake: Lake, tmp_path: Path) -> Path:
    """Return an index that was published through 10 April."""
    path = tmp_path / "THREE"
    at = ("--lake", lake.address)
    run("index", "run", rulebook, *at, "--out", path, "--end", "2020-04-10")
    run("index", "publish", path, *at, "--approver", "Committee", "--now", "2020-04-10T01:00:00Z")
    return path


def test_what_is_pending_is_named_and_taken_back(folder: Path, rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    at = ("--lake", lake.address, *WHO, "--now", "2020-04-11T01:00:00Z")
    new = tmp_path / "new.yaml"
    new.write_text(dump_yaml({**parse_yaml(rulebook.read_text()), "weight": "equal"}))
    assert "amended from 2020-06-01 on" in run("index", "amend", folder, new, *at, "--effective", "2020-06-01")
    asset = ("--asset", "coin-b", "--action", "exclude", "--effective", "2020-04-20")
    tried = run("index", "override", folder, *at, *asset, "--dry-run")
    assert "Announced and not in force yet: the rules of 2020-06-01." in tried
    assert "out: coin-b" in tried
    assert "weights as last set" in tried
    run("index", "end", folder, *at, "--last", "2020-07-01")
    told = json.loads(run("index", "withdraw", folder, *at, "--json"))
    assert (told["kind"], told["effective"]) == ("ended", "2020-07-01")
    assert "took back the change of rules from 2020-06-01 (entry" in run("index", "withdraw", folder, *at)
    assert [entry.kind for entry in read_folder(folder).record[-4:]] == ["amended", "ended", "withdrawn", "withdrawn"]
    run("index", "verify", folder, "--lake", lake.address)


def test_a_refused_command_says_so_in_json(
    folder: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["index", "withdraw", str(folder), "--lake", lake.address, *WHO, "--now", "2020-04-11T01:00:00Z"]
    for more in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", ["basketry", *words, *more])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert "Error: " in err
        assert "nothing is announced" in err
        assert out == "" if not more else "nothing is announced" in json.loads(out)["error"]
