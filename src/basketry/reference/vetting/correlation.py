"""Correlation of volume: news moves trading on every venue at once, a schedule of invented trades does not know it."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from basketry.core.numbers import Floats
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import VettingRules
from basketry.reference.vetting.trades import Peers

NAME = "correlation"
_MOST = 0.999999
_OVERLAP = 1.5


def correlation(peers: Peers, rules: VettingRules) -> list[Finding]:
    """Return for each market how its volume follows that of the other venues.

    The statistic is the correlation of the log changes of its volume in intervals of five minutes with those of the
    summed volume of the benchmark's markets, over the pairs of intervals in which both trade. It is held against the
    median of the others' own correlations by Fisher's z = artanh r: the usual correlation depends on the asset, the
    day and the interval. The variance of each is 1.5 / (n - 3): changes of independent volumes correlate by -1/2 with
    the next ones, which adds 2 (1/2)^2 (Bartlett, Some aspects of the time-correlation problem, 1935). The p-value is
    one-sided: this low by chance.
    """
    volumes = interval_volumes(peers, round(rules.interval.total_seconds() * 1e6))
    found = [_correlate(volumes[place], volumes[peers.others(place)].sum(axis=0)) for place in range(len(volumes))]
    scores = [
        float(np.arctanh(value)) if value is not None and count >= rules.min_intervals else None
        for value, count in found
    ]
    return [_finding(peers, place, found[place], scores, rules) for place in range(len(found))]


def interval_volumes(peers: Peers, length: int) -> Floats:
    """Return the volume of each market in each interval of `length` microseconds, shape (M, I), base units."""
    first, last = peers.span
    origin = first // length
    intervals = last // length - origin + 1
    rows = [
        np.bincount(held.time // length - origin, weights=held.size.astype(np.float64), minlength=intervals) * held.unit
        for held in peers.markets
    ]
    return np.array(rows) if rows else np.zeros((0, intervals))


def _correlate(own: Floats, others: Floats) -> tuple[float | None, int]:
    traded = (own > 0) & (others > 0)
    both = traded[1:] & traded[:-1]
    count = int(both.sum())
    if count < 4:
        return None, count
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = [np.diff(np.log(values))[both] for values in (own, others)]
    spread = [float(change.std()) for change in changes]
    if min(spread) <= 1e-12:
        return None, count
    value = float(np.mean((changes[0] - changes[0].mean()) * (changes[1] - changes[1].mean()))) / (
        spread[0] * spread[1]
    )
    return float(np.clip(value, -_MOST, _MOST)), count


def _finding(
    peers: Peers, place: int, found: tuple[float | None, int], scores: list[float | None], rules: VettingRules
) -> Finding:
    value, count = found
    own, usual = scores[place], peers.benchmark(place, scores)
    if count < rules.min_intervals:
        return untold(
            NAME, count, f"{count} changes of volume beside other venues are fewer than {rules.min_intervals}"
        )
    if value is None or own is None:
        return untold(NAME, count, "the volume does not change")
    if usual is None:
        return untold(NAME, count, "too few other venues to compare with")
    below = usual - own
    z = below * np.sqrt((count - 3) / (2.0 * _OVERLAP))
    sentence = f"changes of volume correlate by {value:.2f} with the other venues, {np.tanh(usual):.2f} is usual"
    suspicion = ramp(below, rules.correlation.start, rules.correlation.full)
    return Finding(NAME, value, float(ndtr(-z)), count, suspicion, sentence)
