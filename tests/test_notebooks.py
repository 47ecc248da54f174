"""The gallery of notebooks runs from top to bottom and gives what its pages say."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"


def defined(name: str) -> Any:
    """Run a notebook and return what its cells define."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    _, definitions = module.app.run()
    return definitions


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_evaluate_compares_three_indices() -> None:
    found = defined("evaluate")["report"].found
    assert found.comparison is not None
    assert len(found.comparison.aligned.names) == 3
    assert len(found.choices) == 6
    assert found.index.simulated


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_follow_recommends_a_policy_and_explains_its_difference() -> None:
    cells = defined("follow")
    assert cells["found"].reason.startswith("Use ")
    table = cells["result"].attribution().table
    assert table["yearly"][:-1].sum() == pytest.approx(table["yearly"][-1], abs=1e-12)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_prices_hold_where_the_average_does_not() -> None:
    cells = defined("prices")
    assert cells["compared"].benchmark == "capped_median"
    assert all(move.cost for move in cells["cost"].moves)
