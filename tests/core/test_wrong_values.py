"""Numbers that stand in a text, lists of one, and limits of one asset are told with what to write."""

from typing import Any

import pytest

from basketry.core.errors import MethodologyError
from basketry.core.wrong_values import number_to_write
from basketry.methodology.rulebook import Rulebook

PLAIN: dict[str, Any] = {
    "base": {"date": "2020-01-01"}, "select": {"by": "market_cap", "top": 20}, "weight": "equal",
    "rebalance": {"every": "month"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50m", "50_000_000"),
        ("50 M", "50_000_000"),
        ("$1.5bn", "1_500_000_000"),
        ("2 trillion", "2_000_000_000_000"),
        ("1,500k", "1_500_000"),
        ("0.0005k", "0.5"),
        ("10%", "0.10"),
        ("100 %", "1.00"),
        ("-0.25%", "-0.0025"),
        ("1,000,000", "1_000_000 or 1000000"),
        ("1,000.5", "1_000.5 or 1000.5"),
        ("0,5", "0.5"),
        ("€5", "5"),
        ("", None),
        ("abc", None),
        ("90d", None),
        ("5 apples", None),
        ("m", None),
        ("1..5", None),
        ("10%%", None),
    ],
)
def test_a_number_in_a_text(text: str, written: str | None) -> None:
    assert number_to_write(text) == written


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"weight": {"by": "equal", "cap": "10%"}}, "weight.cap.limit: 10% is no number: write 0.10"),
        (
            {"universe": [{"market_cap": {"min": "50m"}}]},
            "universe[0]: market_cap.min: 50m is no number: write 50_000_000",
        ),
        ({"guard": {"min_turnover": "1%"}}, "guard.min_turnover: 1% is no number: write 0.01"),
        (
            {"select": {"by": "market_cap", "top": "1,000"}},
            "select.top.number: 1,000 is no number: write 1_000 or 1000",
        ),
        (
            {"select": {"by": "market_cap", "top": "10%"}},
            "select.top.number: Input should be a valid integer, unable to parse string as an integer, was '10%'",
        ),
        (
            {"guard": {"min_turnover": "little"}},
            "guard.min_turnover: Input should be a valid number, unable to parse string as a number, was 'little'",
        ),
        (
            {"universe": [{"exclude_tags": "stablecoin"}]},
            "universe[0]: exclude_tags.tags: expected a list, also of one: write [stablecoin], was 'stablecoin'",
        ),
        (
            {"universe": [{"exclude_tags": 5}]},
            "universe[0]: exclude_tags.tags: Input should be a valid tuple, was 5",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": 0.3}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.3}, was 0.3",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": "30%"}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.30}, was '30%'",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": None}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.3}, was None",
        ),
        (
            {"weight": {"by": "equal", "limits": 0.3}},
            "weight.limits: expected limits by asset, as in {bitcoin: {max: 0.3}}, was 0.3",
        ),
    ],
)
def test_the_message_says_what_to_write(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **sections})
    assert str(caught.value) == message
