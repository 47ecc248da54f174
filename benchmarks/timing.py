"""How a peer is timed: the first call cold, then warm calls; memory and agreement beside."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def report(
    calculate: Callable[[], Any], levels: Path, *, repeats: int, ours: bool, note: str = "", work: int | None = None
) -> None:
    """Print the figures of a function that returns levels; keep ours, and compare the others with them.

    Args:
        calculate: What is timed.
        levels: Where our result is kept.
        repeats: Warm calls.
        ours: Whether this is our result.
        note: Shown beside the figures.
        work: Rows that a call works through, for a rate a second.
    """
    times = []
    result = np.empty(0)
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        result = np.asarray(calculate(), dtype=np.float64)
        times.append(time.perf_counter() - begun)
    difference = None
    if ours:
        np.save(levels, result)
    elif levels.is_file():
        expected = np.load(levels)
        difference = float(np.abs(result / result[0] * expected[0] / expected - 1).max())
    warm = times[1:]
    print(
        json.dumps(
            {
                "cold": times[0],
                "median": statistics.median(warm),
                "minimum": min(warm),
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "difference": difference,
                "rows_a_second": work / statistics.median(warm) if work else None,
                "note": note,
            }
        )
    )
