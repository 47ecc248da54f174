"""The page on importing trades: its formats are all there are, and its code runs."""

import re
import zipfile
from pathlib import Path

import pytest

from basketry.lake.dumps import dump_formats

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "import-trades.md"


def test_the_page_names_every_format_and_its_table() -> None:
    rows = re.findall(r"^\| (`.*?`) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name: tables for names, tables in rows for name in re.findall(r"`([^`]+)`", names)}
    assert named.keys() == dump_formats().keys()
    assert all(dump_formats()[name].table in tables or "own" in tables for name, tables in named.items())


def test_the_code_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert code
    with zipfile.ZipFile(tmp_path / "BTCUSDT-aggTrades-2025-01-01.zip", "w") as archive:
        archive.writestr("BTCUSDT-aggTrades-2025-01-01.csv", "1,93576.00,0.00102,1,1,1735689600010866,False,True\n" * 3)
    monkeypatch.chdir(tmp_path)
    exec(compile(code[1], PAGE.name, "exec"), {})  # noqa: S102
    assert capsys.readouterr().out == "btc-usdt 3 {}\n"
