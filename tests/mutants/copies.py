"""A copy of the checkout in which one change at a time is tried against the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from changes import Change

TAKEN = ("src", "tests", "examples", "docs", "benchmarks", "pyproject.toml", "README.md", "CHANGELOG.md")
FOUND = re.compile(r"^(?:FAILED|ERROR) (\S+(?:::\S+)?)", re.MULTILINE)
TEST_FAILED, NO_TESTS = (1, 2), 5  # exit codes of pytest


@dataclass(frozen=True)
class Verdict:
    """What the tests said of a change.

    Attributes:
        killer: The first test that failed; None where all passed.
        seconds: How long it took.
    """

    killer: str | None
    seconds: float


class Copy:
    """A copy of the checkout; as a context, it is removed at the end."""

    def __init__(self, root: Path, limit: float) -> None:
        self.root = root
        self.limit = limit
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        self.stamps = 0
        for name in TAKEN:
            if (root / name).is_dir():
                shutil.copytree(root / name, self.folder / name, ignore=shutil.ignore_patterns("__pycache__", "site"))
            elif (root / name).exists():
                shutil.copy2(root / name, self.folder / name)

    def __enter__(self) -> Copy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def judge(self, module: str, change: Change | None, stages: list[list[str]]) -> Verdict:
        """Return what the tests, stage after stage, say of a change of a module; of no change if None."""
        path = self.folder / "src" / "basketry" / module
        source, stamp = path.read_text(encoding="utf-8"), path.stat().st_mtime
        begun = time.monotonic()
        # The cache of kernels knows neither what a kernel calls in other files nor that a file went back.
        compiled = change is not None and "core.compiled" in source
        kernels = Path(tempfile.mkdtemp(prefix="kernels-", dir=self.folder)) if compiled else self.folder / "kernels"
        try:
            if change is not None:
                path.write_text(change.apply(source), encoding="utf-8")
                # Compiled modules are told apart by the second of their source and its size.
                self.stamps += 10
                os.utime(path, (stamp + self.stamps, stamp + self.stamps))
            # Each stage holds more tests than the one before: one that is merely slow must not count as killed.
            limits = (self.limit * 2**place for place in range(len(stages)))
            found = (self.killer(stage, kernels, limit) for stage, limit in zip(stages, limits, strict=True))
            killer = next((killer for killer in found if killer), None)
        finally:
            path.write_text(source, encoding="utf-8")
            os.utime(path, (stamp, stamp))
            if compiled:
                shutil.rmtree(kernels, ignore_errors=True)
        return Verdict(killer, time.monotonic() - begun)

    def killer(self, tests: list[str], kernels: Path, limit: float) -> str | None:
        """Return the first test that fails in the copy, None where all pass."""
        shared = os.environ.get("BASKETRY_SHARED", str(self.root.parent / "shared"))
        own = {"PYTHONPATH": str(self.folder / "src"), "NUMBA_CACHE_DIR": str(kernels), "BASKETRY_SHARED": shared}
        command = [sys.executable, "-m", "pytest", "-x", "-n", "0", "-rfE", "--tb=no", "--color=no", *tests]
        try:
            done = subprocess.run(
                command, cwd=self.folder, env={**os.environ, **own}, capture_output=True, text=True, check=False,
                timeout=limit,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return f"not done within {limit:g} s"
        if done.returncode in (0, NO_TESTS):
            return None
        found = FOUND.search(done.stdout)
        if found is None and done.returncode not in TEST_FAILED:
            return (
                f"the interpreter ended with {done.returncode}" if done.returncode < 0 else "an error before any test"
            )
        return found[1] if found else "an error before any test"
