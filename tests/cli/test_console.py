"""How commands speak: a table fits the terminal, a text stands as it is."""

from io import StringIO

import pytest
from rich.console import Console

from basketry.cli import console


def test_a_table_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    monkeypatch.setattr(console, "_console", lambda: Console(file=out, width=30, soft_wrap=True, highlight=False))
    grid = console.table("asset", "why")
    grid.add_row("coin-a", "passes price (9); in: rank 1 of 3, 2 wanted")
    console.say(grid)
    # The asset takes six columns and two between, which leaves 22.
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "asset   why", "coin-a  passes price (9); in:", "        rank 1 of 3, 2 wanted",
    ]  # fmt: skip
    out.truncate(out.seek(0))
    console.say("a line that is longer than the terminal stays one")
    assert out.getvalue() == "a line that is longer than the terminal stays one\n"
