"""A month of three real indices, and a year where there is time: what a stranger verifies, and what a batch gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.system.stranger import judged
from tests.system.year import lived

ACTS = ("amend", "override", "removed at once", "end", "killed", "corrections: kept", "corrections: restated")


def test_a_month_in_the_life_of_three_indices(shared: Path, tmp_path: Path) -> None:
    year = lived(shared, tmp_path / "office", 1, largest=60, kills=2)
    found = judged(year, tmp_path / "stranger", 3)
    assert found["days"] == 32
    assert {name for name in ACTS if not found["counts"].get(name)} == set()
    assert min(found["as announced"].values()) >= 1
    assert min(found["compared"].values()) >= 2


@pytest.mark.slow
def test_a_year_in_the_life_of_three_indices(shared: Path, tmp_path: Path) -> None:
    year = lived(shared, tmp_path / "office", 12, largest=60, kills=4)
    found = judged(year, tmp_path / "stranger", 7)
    assert found["days"] == 365
    assert found["counts"]["keys changed"] == 3
    assert found["counts"]["killed"] >= 24
