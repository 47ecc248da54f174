"""Try deliberate changes of the calculation against the tests: `python tests/mutants/mutants.py --seed 1 --count 100`.

A change that no test notices survives: either a test is missing, or the change means nothing, which is then said
with its reason in `accepted.toml`. The same seed on the same sources gives the same changes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from changes import Change, changes, sample
from concerned import stages
from copies import Copy, Verdict

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("index", "methodology")
LEAST_KILLED = 0.9


@dataclass(frozen=True)
class Result:
    """A change of a module and what became of it.

    Attributes:
        module: Path below `src/basketry`.
        change: The change.
        verdict: What the tests said.
        reason: Why it may survive, where that is known.
    """

    module: str
    change: Change
    verdict: Verdict
    reason: str | None

    def row(self) -> str:
        """Return the result as a line of a table."""
        change, verdict = self.change, self.verdict
        outcome = f"killed by {verdict.killer}" if verdict.killer else f"SURVIVED: {self.reason or 'no reason known'}"
        return f"{self.module}:{change.line} | {change.kind} | {change.words} | {outcome} | {verdict.seconds:.0f} s"

    def entry(self) -> dict[str, object]:
        """Return the result as plain values."""
        change = self.change
        return {
            "file": self.module, "line": change.line, "text": change.text, "kind": change.kind, "change": change.words,
            "killed_by": self.verdict.killer, "reason": self.reason, "seconds": round(self.verdict.seconds, 1),
        }  # fmt: skip


def sources(root: Path, only: list[str]) -> dict[str, str]:
    """Return the sources below `src/basketry` that are asked for, a file or a folder each, by their paths there."""
    home = root / "src" / "basketry"
    found = {path for name in only for path in ([home / name] if name.endswith(".py") else (home / name).rglob("*.py"))}
    return {path.relative_to(home).as_posix(): path.read_text(encoding="utf-8") for path in sorted(found)}


def accepted(path: Path) -> dict[tuple[str, str, str], str]:
    """Return the reasons of accepted survivors by module, text of the line and change."""
    if not path.exists():
        return {}
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
    return {(row["file"], row["line"], row["change"]): row["reason"] for row in rows}


def judged(root: Path, chosen: list[tuple[str, Change]], jobs: int, limit: float, near: bool) -> Iterator[Result]:
    """Yield the changes with what the tests say of them, in their order, tried in so many copies at a time."""
    reasons = accepted(root / "tests" / "mutants" / "accepted.toml")
    copies: SimpleQueue[Copy] = SimpleQueue()

    def judge(item: tuple[str, Change]) -> Result:
        module, change = item
        copy = copies.get()
        try:
            verdict = copy.judge(module, change, stages(root, module, near=near))
        finally:
            copies.put(copy)
        return Result(module, change, verdict, reasons.get((module, change.text, change.words)))

    made = [Copy(root, limit) for _ in range(jobs)]
    try:
        for copy in made:
            copies.put(copy)
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(judge, chosen)
    finally:
        for copy in made:
            copy.__exit__(None, None, None)


def sound(root: Path, modules: list[str], limit: float, near: bool) -> Verdict:
    """Return what the tests of modules say of the sources as they are; they must all pass, or nothing is learned."""
    tests = dict.fromkeys(test for module in modules for stage in stages(root, module, near=near) for test in stage)
    with Copy(root, limit * 10) as copy:
        return copy.judge(modules[0], None, [list(tests)])


def options(arguments: list[str] | None) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0].split(":")[0])
    parser.add_argument("--seed", type=int, default=1, help="changes are drawn from this seed (1)")
    parser.add_argument("--count", type=int, default=100, help="how many changes (100)")
    parser.add_argument("--only", action="append", metavar="PATH", help="a file or folder below src/basketry")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    parser.add_argument(
        "--limit",
        type=float,
        default=300.0,
        help="seconds for the first stage of tests, twice as many for each that follows; more counts as killed",
    )
    parser.add_argument("--near", action="store_true", help="only partner tests and their folder, not the layer's")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the results in this file")
    parser.add_argument("--list", action="store_true", help="only print the changes")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Try changes, print what became of them, and return 0 where enough are killed and each survivor has its reason."""
    asked = options(arguments)
    texts = sources(ROOT, asked.only or list(LAYERS))
    chosen = sample({module: changes(text) for module, text in texts.items()}, asked.count, asked.seed)
    if asked.list:
        for module, change in chosen:
            print(f"{module}:{change.line} | {change.kind} | {change.words}")
        return 0
    before = sound(ROOT, sorted({module for module, _ in chosen}), asked.limit, asked.near)
    if before.killer:
        print(f"the tests fail without any change: {before.killer}", file=sys.stderr)
        return 2
    results = []
    for result in judged(ROOT, chosen, asked.jobs, asked.limit, asked.near):
        results.append(result)
        print(result.row(), flush=True)
    killed = sum(result.verdict.killer is not None for result in results)
    open_ones = [result for result in results if not result.verdict.killer and not result.reason]
    print(f"{killed} of {len(results)} changes killed; {len(open_ones)} survivors without a reason")
    if asked.json:
        asked.json.write_text(json.dumps([result.entry() for result in results], indent=1) + "\n", encoding="utf-8")
    return int(bool(open_ones) or killed < LEAST_KILLED * len(results))


if __name__ == "__main__":
    sys.exit(main())
