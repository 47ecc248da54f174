"""Which of several indices suits which purpose: one stated criterion each, with the figures that decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from basketry.core.errors import DataError


@dataclass(frozen=True)
class Profile:
    """What is known of one index for a choice; NaN for what is not.

    Attributes:
        coverage: Share of the market's capitalisation. effective_number: One over the Herfindahl.
        volatility: A year. drawdown: Largest, negative. turnover: One-way a year.
        yearly_cost: Of rebalancing at the size asked for, a fraction. capacity: Quote currency.
        replicable: pass, fail or unknown.
        warnings: How many warnings it has.
    """

    coverage: float = float("nan")
    effective_number: float = float("nan")
    volatility: float = float("nan")
    drawdown: float = float("nan")
    turnover: float = float("nan")
    yearly_cost: float = float("nan")
    capacity: float = float("nan")
    replicable: str = "unknown"
    warnings: int = 0


@dataclass(frozen=True)
class Recommendation:
    """Which index for a purpose, and why.

    Attributes:
        purpose: In words. criterion: The rule of the choice, in words.
        choice: Name of the index; None where no figure decides.
        reason: The figures that decided. ranking: Names from best to worst, those without a figure left out.
        caution: What speaks against the choice; '' for nothing known.
    """

    purpose: str
    criterion: str
    choice: str | None
    reason: str
    ranking: tuple[str, ...] = field(default_factory=tuple)
    caution: str = ""


PURPOSES = (
    ("measure the market", "coverage", 1, "the largest share of the market's capitalisation"),
    ("hold a diversified basket", "effective_number", 1, "the largest effective number of assets"),
    ("hold with little risk", "volatility", -1, "the lowest volatility"),
    ("base a product on", "yearly_cost", -1, "not failing replicability, then the lowest yearly cost of rebalancing"),
    ("hold at large size", "capacity", 1, "not failing replicability, then the largest capacity"),
    ("leave alone", "turnover", -1, "the lowest turnover"),
)


def recommend(profiles: Mapping[str, Profile]) -> list[Recommendation]:
    """Return which index suits which purpose, each by one stated criterion with the figures that decided.

    Raises:
        DataError: Fewer than two indices.

    >>> found = recommend({"a": Profile(coverage=0.9), "b": Profile(coverage=0.7)})
    >>> found[0].choice, found[0].reason
    ('a', 'coverage 0.9, next b with 0.7')
    """
    if len(profiles) < 2:
        raise DataError("a choice needs two or more indices")
    return [_recommend(profiles, *purpose) for purpose in PURPOSES]


def _recommend(profiles: Mapping[str, Profile], purpose: str, figure: str, sign: int, criterion: str) -> Recommendation:
    values = {name: float(getattr(profile, figure)) for name, profile in profiles.items()}
    gated = figure in ("yearly_cost", "capacity")
    allowed = [name for name in profiles if not (gated and profiles[name].replicable == "fail")]
    ranked = sorted(
        (name for name in allowed if not np.isnan(values[name])), key=lambda name: (-sign * values[name], name)
    )
    if not ranked:
        lack = "every index fails replicability" if not allowed else f"no index has a known {figure.replace('_', ' ')}"
        return Recommendation(purpose, criterion, None, lack)
    best = ranked[0]
    label = figure.replace("_", " ")
    others = f", next {ranked[1]} with {values[ranked[1]]:.4g}" if len(ranked) > 1 else ", the only one with a figure"
    profile = profiles[best]
    cautions = [f"{profile.warnings} warning(s), read them first"] if profile.warnings else []
    if gated and profile.replicable == "unknown":
        cautions.append("replicability could not be judged for all constituents")
    if len(ranked) > 1 and values[best] == values[ranked[1]]:
        cautions.append("a tie, by name")
    return Recommendation(
        purpose, criterion, best, f"{label} {values[best]:.4g}{others}", tuple(ranked), "; ".join(cautions)
    )
