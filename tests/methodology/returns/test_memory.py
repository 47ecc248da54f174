"""What a rule remembers, written as plain values and read strictly."""

from dataclasses import dataclass
from typing import Any

import pytest

from basketry.core.errors import DataError
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._memory import from_plain, to_plain
from basketry.methodology.returns.excess import ExcessMemory
from basketry.methodology.returns.total import TotalReturnMemory


def test_tuples_become_lists_and_tuples_again() -> None:
    memory = TotalReturnMemory(1000.1, 1.1, 1.0, (0.1, 0.2), 7, ((5, (0.1, 0.3)), (9, (0.0, 1e-300))))
    plain = to_plain(memory)
    assert plain == {
        "level": 1000.1,
        "factor": 1.1,
        "base": 1.0,
        "grown": [0.1, 0.2],
        "credited": 7,
        "waiting": [[5, [0.1, 0.3]], [9, [0.0, 1e-300]]],
    }
    assert from_plain(RETURNS.build("total", None), plain) == memory


def test_nothing_is_remembered_as_nothing() -> None:
    assert to_plain(None) is None
    assert from_plain(RETURNS.build("total", None), None) is None
    assert from_plain(RETURNS.build("price", None), None) is None
    with pytest.raises(DataError, match="price_return remembers nothing"):
        from_plain(RETURNS.build("price", None), {"level": 1.0})


@dataclass(frozen=True)
class Odd:
    value: Any


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {1, 2}, 1j])
def test_what_json_does_not_hold_cannot_be_remembered(value: Any) -> None:
    with pytest.raises(DataError, match="Odd cannot be kept as plain values"):
        to_plain(Odd(value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"level": "1000"}, "level: Input should be a valid number"),
        ({"level": True}, "level: Input should be a valid number"),
        ({}, "level: "),
        ({"level": 1000.0, "more": 1}, "its fields are others"),
        ([], "value: "),
        (1000.0, "value: "),
    ],
)
def test_what_is_not_of_the_rule_is_refused(value: Any, message: str) -> None:
    rule = RETURNS.build("excess", 0.05)
    assert from_plain(rule, {"level": 1000}) == ExcessMemory(1000.0)
    with pytest.raises(DataError, match=f"what excess_return remembers is not of this rule: {message}"):
        from_plain(rule, value)
