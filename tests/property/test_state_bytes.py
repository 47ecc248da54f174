"""Bytes of a state that were changed are refused with one clear error, or are a state; never anything else."""

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from tests.property.test_fold import calculated

from basketry.core.errors import BasketryError, DataError
from basketry.index.codec import sealed
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.state import IndexState
from basketry.methodology.methodology import Methodology

STRANGE: list[Any] = [None, True, -1, 0, 10**30, 1.5, "", "x", [], [1], {}, {"a": 1}, [[1.0]], 1e308]


def states() -> tuple[Methodology, list[bytes]]:
    rules, panel, result = calculated(5)
    driver = History(rules, IndexMarket.of(panel, result.times), 1)
    return rules, [step.state.to_bytes() for step in driver.walk(driver.start())][::9]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found += places(entry, (*path, key))
    return found


def changed(content: bytes, rng: np.random.Generator) -> bytes:
    value = json.loads(content)
    *path, last = places(value)[int(rng.integers(len(places(value))))]
    holder = value
    for key in path:
        holder = holder[key]
    if rng.random() < 0.2:
        del holder[last]
    else:
        holder[last] = STRANGE[int(rng.integers(len(STRANGE)))]
    return sealed(value)


def refusal(content: bytes, rules: Methodology) -> str:
    """Why bytes are refused; '' where they are a state."""
    try:
        IndexState.from_bytes(content, rules)
    except DataError as error:
        return str(error)
    return ""


def test_a_changed_state_is_refused_or_is_a_state() -> None:
    rules, kept = states()
    rng = np.random.default_rng(1)
    told = [refusal(changed(kept[int(rng.integers(len(kept)))], rng), rules) for _ in range(600)]
    refused = [message for message in told if message]
    assert len(refused) > 300
    assert all("state" in message or "remembers" in message for message in refused)


@pytest.mark.parametrize("seed", [5, 11])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 1e308 is a number like any other
def test_what_is_taken_for_a_state_goes_on_or_says_in_one_clear_error_why_not(seed: int) -> None:
    rules, panel, result = calculated(seed)
    market = IndexMarket.of(panel, result.times)
    driver = History(rules, market, 1)
    kept = [step.state.to_bytes() for step in driver.walk(driver.start())][::9]
    rng = np.random.default_rng(seed)
    taken = 0
    for _ in range(150):
        content = changed(kept[int(rng.integers(len(kept)))], rng)
        if refusal(content, rules):
            continue
        taken += 1
        with suppress(BasketryError):
            for _step in History(rules, market).walk(IndexState.from_bytes(content, rules, panel.assets)):
                pass
    assert taken > 10


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format": 2}', b"null", b'{"format": 1}'])
def test_what_is_no_state_is_refused(content: bytes) -> None:
    rules, _ = states()
    with pytest.raises(DataError, match="state"):
        IndexState.from_bytes(content, rules)


def test_a_state_of_another_rulebook_is_refused() -> None:
    rules, kept = states()
    other = Methodology.load({**rules.document, "returns": ["price"]})
    with pytest.raises(DataError, match="made by another rulebook"):
        IndexState.from_bytes(kept[-1], other)
