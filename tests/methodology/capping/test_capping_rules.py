"""Capping rules: what they read, what they hand to `cap_weights`, and what they say."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, apply_caps

ASSETS = ["aave", "btc", "eth", "uni"]
SELECTED = np.arange(4)
WEIGHTS = np.array([0.2, 0.4, 0.3, 0.1])


def market() -> Panel:
    wide = pl.DataFrame({"time": [datetime(2021, 1, 1)], **{asset: [1.0] for asset in ASSETS}})
    facts = [
        ("aave", "sector", "defi"),
        ("uni", "sector", "defi"),
        ("eth", "sector", "layer-1"),
        ("aave", "tag", "lending"),
        ("eth", "tag", "proof-of-stake"),
    ]
    table = pl.DataFrame(facts, schema=["asset", "scheme", "value"], orient="row")
    return Panel.from_frames(price=wide, classifications=table)


def capped(**rules: Any) -> list[float]:
    built = [CAPPING.build(name, value) for name, value in rules.items()]
    return [float(weight) for weight in apply_caps(built, market(), SELECTED, WEIGHTS)]


def test_no_rules_leave_the_very_weights() -> None:
    assert apply_caps([], market(), SELECTED, WEIGHTS) is WEIGHTS


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"cap": 0.3}, [0.8 / 3, 0.3, 0.3, 0.4 / 3]),
        ({"cap": {"limit": 0.3, "largest": 0.35}}, [0.35 * 2 / 3, 0.35, 0.3, 0.35 / 3]),
        ({"floor": 0.16}, [0.84 * 2 / 9, 0.84 * 4 / 9, 0.84 * 3 / 9, 0.16]),
        ({"group_cap": {"sector": 0.21}}, [0.14, 0.58, 0.21, 0.07]),
        ({"group_cap": {"limits": {"defi": 0.24}}}, [0.16, 0.76 * 4 / 7, 0.76 * 3 / 7, 0.08]),
        ({"group_cap": {"by": "tag", "limits": {"lending": 0.1}}}, [0.1, 0.45, 0.3375, 0.1125]),
        ({"concentration": {"single": 0.4, "over": 0.3, "total": 0.4}}, [0.2, 0.4, 0.3, 0.1]),
        # 60% stated; 40% as 2 : 3 : 1.
        ({"fixed": {"btc": 0.6}}, [0.4 / 3, 0.6, 0.2, 0.4 / 6]),
        ({"fixed": {"btc": 0.6, "sol": 0.3}}, [0.4 / 3, 0.6, 0.2, 0.4 / 6]),
        # The cap binds eth and not btc; the other 20% as 2 : 1.
        ({"fixed": {"btc": 0.65}, "cap": 0.15, "floor": 0.05}, [0.4 / 3, 0.65, 0.15, 0.2 / 3]),
        # Own limits of some in place of the common ones: 40% of btc, 10% of eth; 50% of 2 : 1, of which 30% is the cap.
        ({"limits": {"btc": {"max": 0.4}, "eth": {"max": 0.1}}, "cap": 0.3}, [0.3, 0.4, 0.1, 0.2]),
        ({"limits": {"uni": {"min": 0.3, "max": 0.4}}}, [0.7 * 2 / 9, 0.7 * 4 / 9, 0.7 * 3 / 9, 0.3]),
        # Two rules that each name some assets.
        ({"fixed": {"btc": 0.5}, "limits": {"uni": {"min": 0.2}}}, [0.12, 0.5, 0.18, 0.2]),
        # Of 24% for defi 20% are stated; 76% as 4 : 3.
        ({"fixed": {"aave": 0.2}, "group_cap": {"limits": {"defi": 0.24}}}, [0.2, 0.76 * 4 / 7, 0.76 * 3 / 7, 0.04]),
        # Bitcoin has no sector and 39% at most; what it gives up brings defi to its cap.
        ({"cap": 0.39, "group_cap": {"limits": {"defi": 0.3}}}, [0.2, 0.39, 0.31, 0.1]),
    ],
)
def test_weights_under_rules(rules: dict[str, Any], expected: list[float]) -> None:
    result = capped(**rules)
    assert result == pytest.approx(expected, abs=1e-15)
    assert sum(result) == pytest.approx(1, abs=1e-12)


def test_the_error_names_the_rules() -> None:
    with pytest.raises(CapInfeasibleError, match=r"^cap, floor: 4 assets x 0\.2 = 0\.8 < 1"):
        capped(cap=0.2, floor=0.01)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"cap": 25}, r"cap: must be at most 1"),
        ({"cap": {"limit": 0.3, "largest": 0.2}}, "cap: largest 0.2 is below the limit 0.3"),
        ({"cap": {"limit": 0.3, "larges": 0.4}}, r"unknown parameter \(did you mean 'largest'\?\)"),
        ({"group_cap": {}}, "needs a cap"),
        ({"group_cap": {"by": "tag", "limit": 0.4}}, "by tag needs limits"),
        ({"group_cap": {"limits": {"defi": 2}}}, "at most 1"),
        ({"concentration": {"single": 0.1, "over": 0.2, "total": 0.4}}, "over 0.2 must not be above"),
        ({"floor": 1}, "below 1"),
    ],
)
def test_wrong_parameters(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        capped(**rules)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cap", 0.25),
        ("cap", {"limit": 0.2, "largest": 0.3}),
        ("floor", 0.01),
        ("group_cap", 0.4),
        ("group_cap", {"sector": 0.4}),
        ("group_cap", {"limits": {"defi": 0.3}, "limit": 0.5}),
        ("concentration", {"single": 0.1, "over": 0.05, "total": 0.4}),
        ("fixed", {"bitcoin": 0.4, "ethereum": 0.25}),
        ("fixed", {"assets": {"bitcoin": 0.4}}),
        ("fixed", {"assets": 0.2, "bitcoin": 0.4}),
        ("limits", {"bitcoin": {"min": 0.1, "max": 0.3}, "solana": {"max": 0.05}, "ripple": {"min": 0}}),
        ("limits", {"assets": {"min": 0.1}, "solana": {"max": 0.05}}),
    ],
)
def test_a_rule_is_read_back_from_its_entry(name: str, value: Any) -> None:
    rule = CAPPING.build(name, value)
    assert CAPPING.build(name, rule.entry()) == rule
    assert rule.words().endswith(".")


def test_words_of_limits_by_asset() -> None:
    words = CAPPING.build("fixed", {"bitcoin": 0.4, "ethereum": 0.125}).words()
    assert words == (
        "Stated weights: bitcoin weighs 40%, ethereum 12.5%, whatever cap and floor the others have; the others share "
        "the rest, and the weight of one of these that is not selected."
    )
    words = CAPPING.build("limits", {"bitcoin": {"min": 0, "max": 1}, "solana": {"min": 0.01}}).words()
    own = "bitcoin weighs at least 0% and at most 100%, solana at least 1%"
    assert words == f"Limits by asset: {own}, whatever limit the others have."


@pytest.mark.parametrize("name", CAPPING.rules)
def test_every_rule_is_documented(name: str) -> None:
    rule = CAPPING.get(name)
    assert rule.__doc__
    assert rule.source
    assert rule.formula
