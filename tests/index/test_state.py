"""The state: its columns, the steps of a transition, and bytes that give it back."""

from dataclasses import replace

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.index.state import IndexState, Phase, Steps
from basketry.methodology.methodology import Methodology

T = np.datetime64("2021-03-10", "us")
HOUR = np.timedelta64(1, "h")
EVERY = 3_600_000_000
RULES = Methodology.load({
    "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2021-03-10"},
    "select": {"by": "market_cap", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
})  # fmt: skip


def test_the_steps_of_a_transition_whose_time_has_come() -> None:
    steps = Steps(T, 4, EVERY, 1)
    instants = [T, T + HOUR - np.timedelta64(1, "us"), T + HOUR, T + 3 * HOUR, T + 9 * HOUR]
    assert [steps.due_at(instant) for instant in instants] == [1, 1, 2, 4, 4]
    assert [Steps(T, 4, EVERY, done).next_at for done in (1, 3)] == [T + HOUR, T + 3 * HOUR]


def test_columns_are_places_in_the_ids() -> None:
    state = IndexState.start(RULES, ("a", "c", "e"), EVERY)
    assert [state.column(asset) for asset in ("a", "b", "e", "f", None)] == [0, None, 2, None, None]
    assert (state.phase, state.level, state.basket, len(state.memories)) == (Phase.OPEN, 0.0, None, 1)
    assert state.over(("a", "c", "e")) is state
    assert state.with_memories((1,)).memories == (1,)


def test_bytes_give_the_same_state_and_the_same_bytes() -> None:
    state = replace(
        IndexState.start(RULES, ("a", "c"), EVERY), instant=T, phase=Phase.ASKED, level=0.1 + 0.2,
        reserve=np.array([1]), steps=Steps(T, 4, EVERY, 2), past_times=np.array([T]), past_levels=np.array([1 / 3]),
    )  # fmt: skip
    content = state.to_bytes()
    again = IndexState.from_bytes(content, RULES, ("a", "c"))
    assert again.to_bytes() == content
    assert (again.level, again.phase, again.steps, again.instant) == (0.1 + 0.2, Phase.ASKED, Steps(T, 4, EVERY, 2), T)
    assert again.past_levels.tolist() == [1 / 3]
    assert IndexState.from_bytes(content, RULES, ("a", "b", "c")).reserve.tolist() == [2]
    with pytest.raises(DataError):
        IndexState.from_bytes(b"{}", RULES)
    with pytest.raises(DataError):
        IndexState.from_bytes(b"no state", RULES)
