"""Draw the histories of the replicas of published indices on the data of a lake.

Usage: python docs/replicas.py LAKE PICTURE.png draws each from its base, or from where the data begin, on one scale.
"""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

import numpy as np

from basketry.core.errors import BasketryError
from basketry.index.calculate import begins_late, calculate_index, first_start
from basketry.index.result import IndexResult
from basketry.lake.lake import Lake
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.plots import LINES, drawing, thinned

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "replicas"
POINTS = 1_200


def histories(panel: Panel) -> dict[str, IndexResult | str]:
    """Return each replica on a market by name, or why it cannot be calculated there."""
    found: dict[str, IndexResult | str] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        rules = Methodology.load(path)
        start = first_start(panel) if begins_late(panel, rules.base_instant) else None
        try:
            found[path.stem] = calculate_index(rules, panel, start)
        except BasketryError as error:
            found[path.stem] = str(error)
    return found


def draw(found: dict[str, IndexResult], path: Path) -> Path:
    """Write a picture of some histories, each at 100 on the first day that all have, as PNG."""
    common = max(result.times[0] for result in found.values())
    with drawing():
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(11, 6.5))
        styles = [(colour, dash) for dash in ("-", "--") for colour in LINES]
        for (name, result), (colour, dash) in zip(found.items(), cycle(styles), strict=False):
            level = result.level() / result.level()[int(np.searchsorted(result.times, common))] * 100
            rows = thinned(level, POINTS)
            axes.plot(result.times[rows], level[rows], color=colour, linestyle=dash, linewidth=1.1, label=name)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        axes.set_title(f"Replicas of published indices, 100 on {str(common)[:10]}")
        axes.legend(loc="upper left", ncols=2, fontsize=8)
        figure.tight_layout()
        figure.savefig(path, dpi=130, metadata={"Software": None})
        plt.close(figure)
    return path


if __name__ == "__main__":
    results = histories(Lake(sys.argv[1]).panel())
    for name, result in results.items():
        print(f"{name:<18} {result}")
    print(draw({name: result for name, result in results.items() if not isinstance(result, str)}, Path(sys.argv[2])))
