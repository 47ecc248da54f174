"""The share of a market's volume that is estimated to be washed."""

from __future__ import annotations

from collections.abc import Mapping

from basketry.reference.vetting import depth_volume, inside_spread, matching, roundness
from basketry.reference.vetting.finding import Finding
from basketry.reference.vetting.rules import VettingRules

ESTIMATORS = (roundness.NAME, matching.NAME, inside_spread.NAME, depth_volume.NAME)
"""Tests that estimate the washed share: no round sizes, matched opposites, inside the spread, too much for the book."""


def washed_share(findings: Mapping[str, Finding], rules: VettingRules) -> float | None:
    """Return the estimated washed share of the volume, None where no estimate can be made.

    The largest of the estimates, of which only those count that are suspicious after the correction for many tests:
    one that chance explains is 0. They see different schemes and overlap where one scheme shows twice: they are not
    added. Roundness, matching and volume inside the spread are such shares themselves; volume at m times the depth of
    others exceeds what is usual, up to the multiple m0 from which it is odd, by 1 - m0 / m.

    Args:
        findings: The findings of one market by test, after the correction.
        rules: What it is decided by.

    >>> odd = Finding("depth_volume", 12.0, None, 9, 1.0, "")
    >>> washed_share({"depth_volume": odd}, VettingRules())
    0.75
    """
    told = [held for name in ESTIMATORS if (held := findings.get(name)) is not None and held.suspicion is not None]
    if not told:
        return None
    return min(max(0.0, *(_estimate(held, rules) for held in told)), 1.0)


def _estimate(finding: Finding, rules: VettingRules) -> float:
    if not finding.suspicion or finding.statistic is None:
        return 0.0
    if finding.name == depth_volume.NAME:
        return 1.0 - rules.depth_volume.start / finding.statistic
    return finding.statistic
