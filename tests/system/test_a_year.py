"""A month of three real indices: what a stranger verifies, and what a batch gives.

The year is a program, `python -m tests.system.year --shared DIR --out DIR`: it takes longer than tests may.
"""

from __future__ import annotations

from pathlib import Path

from tests.system.stranger import judged
from tests.system.year import lived

ACTS = ("amend", "override", "removed at once", "end", "killed", "corrections: kept", "corrections: restated")


def test_a_month_in_the_life_of_three_indices(shared: Path, tmp_path: Path) -> None:
    year = lived(shared, tmp_path / "office", 1, largest=60, kills=2)
    found = judged(year, tmp_path / "stranger", 3)
    assert found["days"] == 32
    assert {name for name in ACTS if not found["counts"].get(name)} == set()
    late = [name for name in found["counts"] if name.startswith("an event told late")]
    # Where the rules credit what is handed out, it is corrected; where they ignore it, nothing is to be told.
    assert {name.rpartition(": ")[2] for name in late} == {"nothing", "kept"}
    assert min(found["as announced"].values()) >= 1
    assert min(found["compared"].values()) >= 2
