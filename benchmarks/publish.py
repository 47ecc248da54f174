"""What a day more costs: `python benchmarks/publish.py` publishes a ten-year daily index of 100 members, day by day.

Each publication is the command in a process of its own, once going on from what the one before it left, and once
calculating everything, into two folders that must hold the same bytes. Processor time is that of the process, user and
system, with that of `basketry --version` beside; the first publication of a program, which compiles, is not counted.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from basketry.lake.lake import Lake
from basketry.market.simulate import simulate_market

RULES = """\
basketry: 1
name: Large 100
symbol: L100
base: {date: 2015-01-02, level: 1000}
returns: [price, total]
select: {by: market_cap, top: 100}
weight: {by: market_cap, cap: 0.1}
rebalance: {every: month, determine: 5d, announce: 3d}
"""
ASSETS, YEARS = 150, 10.1
COMMAND = [sys.executable, "-c", "from basketry.cli.main import main; main()"]


def spent(arguments: list[str], environment: dict[str, str]) -> float:
    """Return the processor seconds, user and system, of the command with some arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=8, help="days published one by one")
    days = parser.parse_args().days
    with tempfile.TemporaryDirectory() as made:
        measure(Path(made), days)


def measure(root: Path, count: int) -> None:
    """Publish some days both ways and print what each took."""
    # Bytecode as an installed program has it.
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    plain["PYTHONPYCACHEPREFIX"] = str(root / "bytecode")
    ways = {"going on": {**plain, "BASKETRY_CACHE": str(root / "cache")}, "everything": {**plain, "BASKETRY_CACHE": ""}}
    tables = simulate_market(3, assets=ASSETS, start=date(2015, 1, 1), years=YEARS, intraday_days=0).tables
    lake, daily = Lake(root / "lake"), tables["daily"]
    days = daily["time"].unique().sort().tail(count + 2).to_list()
    lake.create(simulated=True)
    for name, rows in tables.items():
        lake.write(name, rows.filter(pl.col("time") < days[0]) if name == "daily" else rows)
    (root / "rules.yaml").write_text(RULES)
    where = ["--lake", str(root / "lake")]
    spent(["index", "run", str(root / "rules.yaml"), *where, "--out", str(root / "everything")], plain)
    shutil.copytree(root / "everything", root / "going on")
    took: dict[str, list[float]] = {way: [] for way in ways}
    for day in [days[0] - timedelta(days=1), *days]:
        lake.write("daily", daily.filter(pl.col("time") == day)) if day in days else None
        for way, environment in ways.items():
            words = ["--approver", "Committee", "--now", f"{day + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"]
            took[way].append(spent(["index", "publish", str(root / way), *where, *words], environment))
        same = [
            (root / way / "record.jsonl").read_bytes() + (root / way / "factsheet.html").read_bytes() for way in ways
        ]
        assert same[0] == same[1], f"{day}: the folders differ"
    version = statistics.median(spent(["--version"], plain) for _ in range(5))
    print(f"processor seconds of `basketry --version`: {version:.2f}; beyond them, of a day more, {count} days:")
    for way, seconds in took.items():
        beyond = [value - version for value in seconds[3:]]
        print(f"{way:12} median {statistics.median(beyond):.2f}, {min(beyond):.2f} to {max(beyond):.2f}")
    print("both folders hold the same bytes after each day")


if __name__ == "__main__":
    main()
