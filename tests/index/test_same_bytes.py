"""The bytes of an index do not depend on the processor, nor on the number of threads."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import pytest
from tests.index.same_bytes import REGISTRIES, SECTIONS

ROOT = Path(__file__).resolve().parents[2]


def dispatched() -> str:
    """The sets of instructions that NumPy chooses from at run time and that this processor has."""
    # Not public, but where NumPy's own manual reads them.
    compiled = import_module("numpy._core._multiarray_umath")
    return " ".join(name for name in compiled.__cpu_dispatch__ if compiled.__cpu_features__.get(name))


NEWEST = " ".join(name for name in dispatched().split() if "AVX512" in name or name == "X86_V4")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "without AVX-512": {"NPY_DISABLE_CPU_FEATURES": NEWEST, "OPENBLAS_CORETYPE": "Haswell"},
    "without any newer instructions": {
        "NPY_DISABLE_CPU_FEATURES": dispatched(),
        "OPENBLAS_CORETYPE": "Nehalem",
        # Those of the system's library: exp, log and pow with and without fused operations.
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX2_Usable,-FMA_Usable",
        **ONE_THREAD,
    },
}


def digests(setting: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    """The digests that a process of its own prints under a setting of its surroundings."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "index" / "same_bytes.py")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **setting},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found: dict[str, str] = json.loads(run.stdout)
    return found


def check_same(setting: Mapping[str, str], tmp_path: Path, plain: dict[str, str]) -> None:
    found = digests(setting, tmp_path)
    assert len(found) > 150
    assert found == plain


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return digests({}, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_bytes_are_the_same(setting: Mapping[str, str], tmp_path: Path, plain: dict[str, str]) -> None:
    check_same(setting, tmp_path, plain)


@pytest.mark.slow
def test_bytes_are_the_same_with_loops_compiled_for_another_processor(tmp_path: Path, plain: dict[str, str]) -> None:
    compiled = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    check_same(compiled, tmp_path, plain)


@pytest.mark.parametrize("kind", REGISTRIES)
def test_every_rule_of_the_registries_is_among_them(kind: str) -> None:
    # A rule added later must be given to the script, with parameters at which it takes its longest way.
    own = {name for name, rule in REGISTRIES[kind].rules.items() if rule.__module__.startswith("basketry.")}
    assert set(SECTIONS[kind]) == own
