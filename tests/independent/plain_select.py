"""The selection of the plain implementation, written from docs/concepts/selection.md.

The section is taken as a methodology file has it: {"by": ..., "top": 3, "first": ..., "buffer": ...}.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.independent.plain_market import View

FIGURE_AGE = 3
ROUNDING = 1e-12
"""What reaches or exceeds up to this share does so. Open: the page says "up to rounding"."""

Figures = dict[str, float]


@dataclass
class Selected:
    """What a selection gives.

    Attributes:
        ranked: Those who passed all stages and do not rank before a range, best first: who replaces a member.
        chosen: Those who are in.
        decisive: Whose figures decided it: the guard looks at them.
    """

    ranked: list[str]
    chosen: list[str]
    decisive: set[str]


def select(view: View, eligible: list[str], frozen: Figures, members: set[str], section: Mapping[str, Any]) -> Selected:
    """Return who is in of the eligible.

    Args:
        view: The market as known.
        eligible: Who may be in.
        frozen: Capitalisations that the guard believes in place of those reported.
        members: Who is a member.
        section: The section `select`.
    """
    standing, decisive = sorted(eligible), set()
    stages = section.get("first") or []
    for stage in [stages] if isinstance(stages, Mapping) else stages:
        ranked, size = _rank(view, standing, frozen, stage["by"], largest=True)
        if (two := _two_edges(stage, ranked, size)) is not None:
            standing = ranked[: two[0]] + [asset for asset in ranked[two[0] : two[1]] if asset in members]
        else:
            standing = ranked[: _wanted(stage, ranked, size, largest=True)]
        decisive |= set(standing)
    largest = section.get("order") != "ascending"
    ranked, size = _rank(view, standing, frozen, section["by"], largest=largest)
    first = section["ranks"]["first"] if "ranks" in section else 1
    decisive |= set(ranked[: first - 1])
    rank = {asset: place for place, asset in enumerate(ranked, 1)}
    standing = ranked[first - 1 :]
    sure, stay = 0, 0
    if (two := _two_edges(section, ranked, size)) is not None:
        sure, stay = two
        wanted = sure + sum(1 for asset in standing if asset in members and sure < rank[asset] <= stay)
    else:
        wanted = _wanted(section, ranked, size, largest=largest)
    wanted = max(wanted, section.get("min_count") or 0)
    wanted = min(wanted, section.get("max_count") or len(standing), len(standing))
    buffer = section.get("buffer") or {}
    if "exceed" in buffer:
        return Selected(standing, *_by_size(standing, size, members, wanted, buffer["exceed"], largest, decisive))
    if buffer:
        sure, stay = buffer["enter"], buffer["leave"]
    sure = min(sure, first - 1 + wanted)
    into = [asset for asset in standing if rank[asset] <= sure]
    kept = [asset for asset in standing if asset in members and sure < rank[asset] <= stay]
    rest = [asset for asset in standing if asset not in into and asset not in kept]
    chosen = (into + kept + rest)[:wanted]
    return Selected(standing, chosen, decisive | set(chosen))


def _by_size(
    standing: list[str], size: Figures, members: set[str], wanted: int, share: float, largest: bool, decisive: set[str]
) -> tuple[list[str], set[str]]:
    """Start with the best, and let a member take its place back from one that does not exceed it by enough."""
    chosen = standing[:wanted]
    while True:
        newcomers = [asset for asset in chosen if asset not in members]
        waiting = [asset for asset in standing if asset in members and asset not in chosen]
        if not newcomers or not waiting:
            break
        weakest, strongest = newcomers[-1], waiting[0]
        over, under = (weakest, strongest) if largest else (strongest, weakest)
        if size[over] > size[under] * (1 + share) * (1 + ROUNDING):
            break
        chosen = sorted([asset for asset in chosen if asset != weakest] + [strongest], key=standing.index)
    return chosen, decisive | set(chosen)


def _two_edges(section: Mapping[str, Any], ranked: list[str], size: Figures) -> tuple[int, int] | None:
    """Return the ranks up to which others and members are in, where the rule itself has one for each."""
    if isinstance(rule := section.get("coverage"), Mapping):
        return _covering(ranked, size, rule["enter"]), _covering(ranked, size, rule["leave"])
    if isinstance(rule := section.get("top"), Mapping):
        return rule["enter"], rule["leave"]
    return None


def _wanted(section: Mapping[str, Any], ranked: list[str], size: Figures, largest: bool) -> int:
    if "top" in section:
        return min(section["top"], len(ranked))
    if "ranks" in section:
        return max(min(section["ranks"]["last"], len(ranked)) - section["ranks"]["first"] + 1, 0)
    if "coverage" in section:
        return _covering(ranked, size, section["coverage"])
    if "threshold" in section:
        edge = section["threshold"]
        return sum(1 for asset in ranked if (size[asset] >= edge if largest else size[asset] <= edge))
    return len(ranked)


def _covering(ranked: list[str], size: Figures, share: float) -> int:
    """Return how many of the best together have a share of the total."""
    total, reached = math.fsum(size[asset] for asset in ranked), 0.0
    for place, asset in enumerate(ranked, 1):
        reached += size[asset]
        if reached >= share * total * (1 - ROUNDING):
            return place
    return len(ranked)


def _rank(view: View, standing: list[str], frozen: Figures, by: Any, largest: bool) -> tuple[list[str], Figures]:
    """Return those who stand and have what is ranked by, best first, and their figures."""
    if isinstance(by, Mapping) and "mean_rank" in by:
        figures = [{asset: _figure(view, asset, frozen, one) for asset in standing} for one in by["mean_rank"]]
        known = [asset for asset in standing if all(figure[asset] is not None for figure in figures)]
        ranks = [{asset: _place(asset, known, figure) for asset in known} for figure in figures]
        mean = {asset: statistics.fmean(rank[asset] for rank in ranks) for asset in known}
        return sorted(known, key=lambda asset: (mean[asset], ranks[0][asset], asset)), mean
    size = {asset: x for asset in standing if (x := _figure(view, asset, frozen, by)) is not None}
    return sorted(size, key=lambda asset: (-size[asset] if largest else size[asset], asset)), size


def _place(asset: str, known: list[str], figure: Mapping[str, Any]) -> float:
    """Return the mean of the places that equal figures take."""
    better = sum(1 for other in known if figure[other] > figure[asset])
    equal = sum(1 for other in known if figure[other] == figure[asset])
    return better + (equal + 1) / 2


def _figure(view: View, asset: str, frozen: Figures, by: Any) -> float | None:
    name = by if isinstance(by, str) else by["metric"]
    if name == "market_cap" and asset in frozen:
        return frozen[asset]
    if isinstance(by, str):
        if name == "return_90d":
            return view.past_return(asset, 90, 0, FIGURE_AGE)
        return view.observed(asset, FIGURE_AGE, name)
    length = int(by.get("window", "90d").removesuffix("d"))
    ages = {(view.day - day).days: value for day, value in view.tables[name].get(asset, {}).items()}
    values = {age: value for age, value in ages.items() if 0 <= age < length}
    if not values:
        return None
    if "half_life" in by:
        counts = {age: 0.5 ** (age / int(by["half_life"].removesuffix("d"))) for age in values}
        return math.fsum(values[age] * counts[age] for age in values) / math.fsum(counts.values())
    summed: dict[str, Callable[[list[float]], float]] = {
        "mean": statistics.fmean,
        "median": statistics.median,
        "minimum": min,
        "maximum": max,
    }
    return float(summed[by.get("statistic", "median")](list(values.values())))
