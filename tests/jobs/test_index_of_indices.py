"""A published index is an asset of another index."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from basketry.jobs.calculate import calculate
from basketry.lake.importing import import_files
from basketry.lake.lake import Lake
from basketry.lake.presets import get_preset


def test_an_index_of_two_indices_is_their_mean_when_weights_are_equal(
    rulebook: Path, lake: Lake, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(
        rulebook.read_text().replace("THREE", "ONE").replace("top: 3", "top: 1").replace("cap: 0.5", "cap: 1")
    )
    other.write_text(other.read_text().replace("enter: 2", "enter: 1"))
    folders = [calculate(file, lake).save(tmp_path / file.stem) for file in (rulebook, other)]
    family = Lake(tmp_path / "family")
    now = datetime(2022, 1, 1, tzinfo=UTC)
    for folder in folders:
        import_files(family, [folder / "levels.parquet"], "daily", preset=get_preset("basketry-index"), now=now)
    rules = {
        "basketry": 1,
        "name": "Family",
        "symbol": "FAM",
        "base": {"date": "2020-02-10", "level": 1000},
        "universe": [{"include_assets": ["three", "other"]}],
        "select": {"by": "price", "all": {}},
        "weight": {"by": "equal"},
        "rebalance": {"every": "year", "determine": "0d"},
    }
    result = calculate(rules, family)
    parts = [calculate(file, lake).published_levels["price_return"].to_numpy() for file in (rulebook, other)]
    np.testing.assert_allclose(result.level(), (parts[0] + parts[1]) / 2, rtol=1e-12)
