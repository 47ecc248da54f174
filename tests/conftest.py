"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real market data beside the checkout; the test skips where it is missing."""
    folder = Path(os.environ.get("BASKETRY_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real market data are not at {folder}; set BASKETRY_SHARED to their folder")
    return folder
