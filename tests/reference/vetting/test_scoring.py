"""From findings to scores, verdicts and washed shares."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from basketry.core.errors import DataError
from basketry.reference.vetting.finding import Finding, ramp, untold
from basketry.reference.vetting.rules import Limits, VettingRules, Weights
from basketry.reference.vetting.scoring import FAMILIES, Judgement, corrected, judge
from basketry.reference.vetting.washed import washed_share

RULES = VettingRules()


def found(name: str, suspicion: float | None, statistic: float = 0.5, p_value: float | None = 0.0) -> Finding:
    return Finding(name, statistic, p_value, 1_000, suspicion, f"{name} is odd")


def judged(**suspicions: float | None) -> Judgement:
    return judge({name: found(name, value) for name, value in suspicions.items()}, RULES)


@pytest.mark.parametrize(
    ("suspicions", "score", "verdict"),
    [
        ({"benford": 0.0, "alternation": 0.0}, 100, "accepted"),
        ({"benford": 0.5, "alternation": 0.0}, 70, "accepted"),
        ({"benford": 1.0, "alternation": 0.0}, 40, "watched"),
        ({"benford": 1.0, "roundness": 1.0, "alternation": 0.0}, 40, "watched"),
        ({"benford": 1.0, "alternation": 1.0}, 16, "rejected"),
        ({"benford": 1.0, "alternation": 1.0, "inside_spread": 0.5}, 11.2, "rejected"),
    ],
)
def test_one_family_is_watched_and_two_are_rejected(suspicions: dict[str, float], score: float, verdict: str) -> None:
    judgement = judged(**suspicions)
    assert judgement.score == pytest.approx(score)
    assert judgement.verdict == verdict


def test_quality_lowers_the_score_and_is_no_suspicion() -> None:
    judgement = judged(benford=0.0, matching=0.0, deviation=1.0)
    assert judgement.score == pytest.approx(60)
    assert (judgement.suspicion, judgement.verdict) == (0.0, "watched")
    assert judgement.reasons == "deviation is odd"


def test_little_evidence_gives_no_score() -> None:
    alone = judged(benford=1.0, roundness=1.0, uptime=0.0)
    assert (alone.score, alone.suspicion, alone.verdict) == (None, None, "watched")
    judgement = judge({"benford": untold("benford", 3, "too few"), "tail": untold("tail", 3, "too few")}, RULES)
    assert judgement.reasons == "cannot be told: too few"


def test_p_values_are_adjusted_as_by_scipy_and_chance_is_no_suspicion() -> None:
    values = [0.001, 0.2, None, 0.02, 0.9]
    findings = [found("benford", 1.0, p_value=value) for value in values]
    kept, adjusted = corrected(findings, 0.01)
    expected = iter(stats.false_discovery_control([value for value in values if value is not None]))
    assert adjusted == [None if value is None else pytest.approx(next(expected)) for value in values]
    assert [finding.suspicion for finding in kept] == [1.0, 0.0, 1.0, 0.0, 0.0]
    assert corrected([], 0.01) == ([], [])


def test_false_discoveries_stay_below_their_rate() -> None:
    """Of 100 families of honest markets about one in a hundred has a finding left."""
    rng = np.random.default_rng(1)
    left = 0
    for _ in range(400):
        kept, _ = corrected([found("benford", 1.0, p_value=float(value)) for value in rng.random(40)], 0.01)
        left += any(finding.suspicion for finding in kept)
    assert left <= stats.binom.ppf(0.999, 400, 0.01)


def test_washed_share_is_the_largest_significant_estimate() -> None:
    held = {name: found(name, 1.0, share) for name, share in {"roundness": 0.6, "matching": 0.2}.items()}
    assert washed_share(held, RULES) == 0.6
    assert washed_share({**held, "roundness": found("roundness", 0.0, 0.6)}, RULES) == 0.2
    assert washed_share({"depth_volume": found("depth_volume", 0.5, 6.0)}, RULES) == 0.5
    assert washed_share({"matching": found("matching", 0.0, -0.3)}, RULES) == 0.0
    assert washed_share({"benford": found("benford", 1.0)}, RULES) is None
    assert washed_share({"matching": untold("matching", 0, "no sides")}, RULES) is None


def test_every_test_has_a_weight_and_rules_are_checked() -> None:
    assert set(Weights.model_fields) == set(FAMILIES) < set(VettingRules.model_fields) | {"weights"}
    with pytest.raises(ValidationError, match="start 2 must be below full 1"):
        Limits(start=2, full=1)
    with pytest.raises(ValidationError, match="reject 80 must be below accept 70"):
        VettingRules(reject=80)
    with pytest.raises(ValidationError, match="frozen"):
        RULES.accept = 1.0  # type: ignore[misc]
    assert VettingRules.model_validate_json(RULES.model_dump_json()) == RULES


def test_findings_and_ramps() -> None:
    with pytest.raises(DataError, match=r"suspicion must lie in \[0, 1\]"):
        found("benford", 1.5)
    assert [ramp(value, 1.0, 3.0) for value in (0.0, 1.0, 2.5, 3.0, 9.0)] == [0.0, 0.0, 0.75, 1.0, 1.0]
