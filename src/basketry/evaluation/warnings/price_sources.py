"""Warns where two sources disagree on the prices of constituents."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from basketry.core.numbers import Floats
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome

SHIFTS = (-1, 0, 1)


@WARNINGS.register("price_sources")
class PriceSources(Check):
    """Prices of the same asset at the same instant differ between sources.

    Attributes:
        tolerance: Relative difference that counts, a fraction.
        share: Share of observations of a constituent beyond it that is warned of.
        least: Fewest common observations of an asset to judge it.
    """

    formula = "|p₁ / p₂ − 1| > tolerance in more than a share of the observations"
    action = (
        "Find out which source is right before using either; check ids (a ticker can mean two assets) and time stamps."
    )

    tolerance: float = Field(0.02, gt=0)
    share: float = Field(0.01, ge=0, lt=1)
    least: int = Field(20, ge=2)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether the prices of all assets ever held agree between the two panels."""
        if subject.panel is None or subject.other_panel is None:
            return self.not_examined(
                "There is only one source of prices.", "Provide prices of the constituents from another source."
            )
        held = sorted({asset for _, weights in subject.baskets for asset in weights})
        judged, evidence, shifted = 0, [], []
        worst = 0.0
        for asset in held:
            pair = _pair(subject, asset)
            if len(pair) < self.least:
                continue
            judged += 1
            apart = np.abs(pair[:, 0] / pair[:, 1] - 1)
            beyond = float(np.mean(apart > self.tolerance))
            worst = max(worst, beyond)
            if beyond > self.share:
                evidence.append(
                    f"{asset}: {beyond:.1%} of {len(pair)} observations differ by over {self.tolerance:.1%}, "
                    f"median {np.median(apart):.2%}, largest {apart.max():.1%}"
                )
                shift = _best_shift(pair)
                if shift:
                    shifted.append(asset)
        if not judged:
            return self.not_examined(
                "The two sources have no constituent in common.",
                "Provide prices under the same asset ids and instants.",
            )
        figures = {"judged": float(judged), "inconsistent": float(len(evidence)), "largest_share": worst}
        if shifted:
            evidence.insert(
                0, f"{len(shifted)} agree best when one source is moved by one row: its days may be stamped otherwise"
            )
        if evidence:
            return self.warning(
                f"Prices of {int(figures['inconsistent'])} of {judged} constituents differ between sources.",
                evidence,
                figures,
            )
        return self.clear(f"Prices of {judged} constituents agree between two sources.", (), figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"Prices of a constituent differ by over {self.tolerance:.1%} between sources in more than "
            f"{self.share:.1%} of the observations."
        )


def _pair(subject: Subject, asset: str) -> Floats:
    """Return the prices of an asset at the instants at which both sources have one, shape (k, 2)."""
    first, second = subject.panel, subject.other_panel
    if first is None or second is None or asset not in first.assets or asset not in second.assets:
        return np.empty((0, 2))
    _, rows, others = np.intersect1d(first.times, second.times, assume_unique=True, return_indices=True)
    pair = np.column_stack(
        [first.field("price")[rows, first.position(asset)], second.field("price")[others, second.position(asset)]]
    )
    return pair[(pair > 0).all(axis=1)]


def _best_shift(pair: Floats) -> int:
    """Return by how many rows the second source must be moved to agree at least twice as well, 0 for none."""
    spreads = {shift: _spread(pair, shift) for shift in SHIFTS}
    best = min(spreads, key=lambda shift: (spreads[shift], abs(shift)))
    return best if spreads[best] < spreads[0] / 2 else 0


def _spread(pair: Floats, shift: int) -> float:
    """Return the median distance of the log ratio from its median, which a constant factor does not change."""
    first, second = pair[:, 0], pair[:, 1]
    if shift > 0:
        first, second = first[shift:], second[:-shift]
    elif shift < 0:
        first, second = first[:shift], second[-shift:]
    ratio = np.log(first / second)
    return float(np.median(np.abs(ratio - np.median(ratio))))
