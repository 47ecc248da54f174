"""Measure the headline figures beside named peers, in one run: `python benchmarks/run.py [--only NAME] [--json FILE]`.

Each peer runs in a process of its own: the first call is the cold figure, the others give the warm median and minimum.
Levels are compared with basketry's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CASES = {
    "history": ("basketry", "basketry, fresh panel", "numpy", "pandas", "bt", "vectorbt"),
    "minutes": ("basketry", "numpy"),
    "many": ("basketry",),
    "fixings": (
        "basketry, medians",
        "basketry, medians, venue rules",
        "basketry, capped median, venue rules",
        "pandas, medians",
        "polars, medians",
        "duckdb, medians",
        "numpy, medians",
        "basketry, averages",
        "polars, averages",
        "numpy, averages",
    ),
    "parquet": (
        "basketry, medians",
        "basketry, medians, rules, evidence",
        "basketry, capped median, rules, evidence",
        "polars, reads three columns",
    ),
    "books": ("basketry", "dictionaries, NumPy"),
    "sampling": (
        "basketry, elimination",
        "basketry, elimination, turnover",
        "basketry, least squares",
        "basketry, concave",
        "basketry, elimination, realised",
        "basketry, least squares, realised",
        "20 largest",
        "skfolio, realised",
        "skfolio, pro forma",
        "cvxpy, realised",
        "cvxpy, pro forma",
    ),
    "policies": (
        "basketry, 30 assets, a year",
        "cvxportfolio, 30 assets, a year",
        "basketry, 30 assets, 365 problems",
        "cvxpy, 30 assets, 365 problems",
        "basketry, 100 assets, a year",
        "cvxportfolio, 100 assets, a year",
        "basketry, 100 assets, 365 problems",
        "cvxpy, 100 assets, 365 problems",
        "basketry, frontier of 20, a year",
        "basketry, 1,000 bands, five years",
    ),
    "metrics": (
        "basketry, 12 metrics",
        "basketry, all metrics",
        "basketry, intervals of one series",
        "pandas, 12 metrics",
        "empyrical, 12 metrics",
        "ffn, GroupStats",
        "quantstats, 12 metrics",
    ),
    "imports": ("import basketry", "basketry --help"),
}
TITLES = {
    "history": "Monthly top 100 of 500 assets, 2,500 days, capped at 25%",
    "minutes": "A year of minutes, 30 assets, monthly top 20",
    "many": "1,000 methodologies on one panel, 2 processes",
    "fixings": "20 million trades, 168 hourly fixings of 12 parts",
    "parquet": "The same from Parquet, a day of a venue a file",
    "books": "Order-book rate every 200 ms for 10 minutes, 5 venues of 200 levels a side",
    "sampling": "20 of 100 assets, monthly refits on 180 days, 3 years; difference in return, error out of sample",
    "policies": "Daily cost-aware decisions against an index; frontiers; ratios to the first row",
    "metrics": "Figures of 1,000 level series of 2,500 days",
    "imports": "Start-up of a process",
}


def measure(case: str, peer: str, levels: Path) -> dict[str, Any]:
    """Run one peer in its own process and return what it measured, or why it was skipped."""
    command = [sys.executable, str(HERE / f"{case}.py"), peer, str(levels)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"peer": peer, "skipped": (done.stderr.strip().splitlines() or ["failed"])[-1]}
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {"peer": peer, **figures}


def show(case: str, rows: list[dict[str, Any]]) -> None:
    """Print one table."""
    print(f"\n{TITLES[case]}")
    print(f"{'':<40}{'cold s':>10}{'warm median':>14}{'minimum':>12}{'ratio':>9}{'peak MB':>9}  largest difference")
    ours = next((row["median"] for row in rows if "median" in row), None)
    for row in rows:
        if "skipped" in row:
            print(f"{row['peer']:<40}skipped: {row['skipped']}")
            continue
        ratio = row["median"] / ours if ours else float("nan")
        rate = f"  {row['rows_a_second'] / 1e6:,.1f} M/s" if row.get("rows_a_second") else ""
        agreement = "" if row.get("difference") is None else f"{row['difference']:.1e}"
        print(
            f"{row['peer']:<40}{row['cold']:>10.3f}{row['median'] * 1e3:>11.2f} ms{row['minimum'] * 1e3:>9.2f} ms"
            f"{ratio:>8.1f}x{row['peak_mb']:>9.0f}  {agreement}{row.get('note', '')}{rate}"
        )


def main() -> None:
    """Run the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=CASES, help="one case")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    words = parser.parse_args()
    found: dict[str, list[dict[str, Any]]] = {}
    for case in [words.only] if words.only else CASES:
        levels = HERE / f".{case}.npy"
        found[case] = [measure(case, peer, levels) for peer in CASES[case]]
        for left in HERE.glob(f".{case}*.npy"):
            left.unlink()
        show(case, found[case])
    if words.json:
        words.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
