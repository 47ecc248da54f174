"""From the findings of a market to its suspicion, score and verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from basketry.reference.vetting.finding import Finding
from basketry.reference.vetting.rules import VettingRules

Verdict = Literal["accepted", "watched", "rejected"]

FAMILIES: Mapping[str, str] = {
    "benford": "sizes",
    "clustering": "sizes",
    "roundness": "sizes",
    "tail": "sizes",
    "alternation": "sides",
    "matching": "sides",
    "inside_spread": "spread",
    "depth_volume": "depth",
    "correlation": "time",
    "deviation": "price",
    "uptime": "presence",
}
"""Each test's family: tests that look at the same property and can be fooled, or fool, together."""
QUALITY = ("price", "presence")
"""Families that lower the score and are no suspicion of wash trading."""
LEAST_FAMILIES = 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the findings of a market come to.

    Attributes:
        score: 0 to 100; None where too little can be told.
        suspicion: Of wash trading, 0 to 1; None likewise.
        verdict: accepted, watched or rejected.
        reasons: In words, the heaviest first.
    """

    score: float | None
    suspicion: float | None
    verdict: Verdict
    reasons: str


def corrected(findings: Sequence[Finding], rate: float) -> tuple[list[Finding], list[float | None]]:
    """Return the findings without suspicion where they are not significant, and the adjusted p-values.

    The p-values of all findings are adjusted together (Benjamini and Hochberg, Controlling the false discovery rate,
    1995); a finding without a p-value keeps its suspicion.
    """
    from scipy.stats import false_discovery_control

    places = [place for place, held in enumerate(findings) if held.p_value is not None]
    adjusted: list[float | None] = [None] * len(findings)
    values = false_discovery_control([findings[place].p_value for place in places]) if places else []
    kept = list(findings)
    for place, value in zip(places, values, strict=True):
        adjusted[place] = float(value)
        if kept[place].suspicion and value > rate:
            kept[place] = replace(kept[place], suspicion=0.0)
    return kept, adjusted


def judge(findings: Mapping[str, Finding], rules: VettingRules) -> Judgement:
    """Return score, suspicion and verdict of a market.

        suspicion = 1 - product over families f of (1 - max over tests i of f of w(i) s(i)),
        score = 100 (1 - suspicion) x the same product over the families price and presence

    Families count as independent witnesses, the tests of one family as one. With fewer than two families of wash
    trading that tell something the market is watched, without a score.
    """
    heaviest = dict.fromkeys(FAMILIES.values(), 0.0)
    telling = set()
    for name, held in findings.items():
        if held.suspicion is not None:
            family = FAMILIES[name]
            telling.add(family)
            heaviest[family] = max(heaviest[family], getattr(rules.weights, name) * held.suspicion)
    if len(telling.difference(QUALITY)) < LEAST_FAMILIES:
        return Judgement(None, None, "watched", _unknown(findings))
    honest, quality = 1.0, 1.0
    for family, weight in heaviest.items():
        if family in QUALITY:
            quality *= 1.0 - weight
        else:
            honest *= 1.0 - weight
    score = round(100.0 * honest * quality, 9)
    verdict: Verdict = "accepted" if score >= rules.accept else "watched" if score >= rules.reject else "rejected"
    return Judgement(score, round(1.0 - honest, 12), verdict, _reasons(findings, rules))


def _reasons(findings: Mapping[str, Finding], rules: VettingRules) -> str:
    weighed = [
        (getattr(rules.weights, name) * (held.suspicion or 0.0), held.sentence) for name, held in findings.items()
    ]
    odd = sorted((item for item in weighed if item[0] > 0), key=lambda item: -item[0])
    return "; ".join(sentence for _, sentence in odd) or "nothing odd"


def _unknown(findings: Mapping[str, Finding]) -> str:
    reasons = dict.fromkeys(
        held.sentence.removeprefix("cannot be told: ") for held in findings.values() if held.suspicion is None
    )
    return "cannot be told: " + "; ".join(reasons)
