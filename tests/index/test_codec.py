"""A state with something in every field as bytes and back, over other ids, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.index.test_state import RULES, T

from basketry.core.errors import DataError
from basketry.index.basket import Basket
from basketry.index.codec import STATE_FORMAT, moved, sealed, state_from_bytes, state_to_bytes
from basketry.index.parts import Part
from basketry.index.records import Cause
from basketry.index.state import Candidate, Decision, Due, IndexState, Phase, Steps
from basketry.market.events import CorporateEvent, EventKind

DAY = np.timedelta64(1, "D")
NAMES = tuple("abcdefghijk")
MERGER = CorporateEvent(
    T, T + DAY, EventKind.MERGER, "f", "g", 2.0, T + 9 * DAY, "replace_by_next", "Committee", "agreed", "a source"
)


def full() -> IndexState:
    """Return a state that speaks of all ids but e, each in one place only, except that a and b are held."""
    pending = Decision(
        Cause.SCHEDULE, "schedule", T - DAY, T - 2 * DAY, T + DAY, T - 3 * DAY, 1, np.array([0, 1]), np.array([1, 2]),
        np.array([0.25, 0.75]), np.array([0.2, 0.8]), np.array([4.0, 1.5]), np.array([10.0, 20.0]), np.array([6, 7]),
        np.array([3]), "", (Part(10, (0.5, 0.0, 0.0), (MERGER,)),),
    )  # fmt: skip
    basket = Basket(
        np.array([0, 1]), np.array([5.0, 1 / 3]), np.array([1.0, 0.5]), np.array([0.1 + 0.2, 2.0]), np.array([7, 8]),
        np.array([[5, 6], [6, 5]]), np.array([0.6, 0.4]), np.array([True, False]), np.array([False, True]), 1.25,
        np.array([[1.0, 2.0], [3.0, 4.0]]),
    )  # fmt: skip
    return IndexState(
        NAMES, 3_600_000_000, T, Phase.PRICED, 123.456, 1, basket, T - DAY, T + DAY, (pending,),
        (Due(MERGER, 5, 6, (Candidate(7, 3.5, 99),), T - DAY), Due(replace(MERGER, new_asset=None), 5, None)),
        (Part(8, (0.5, 0.25, 0.125), (MERGER,)),), Steps(T - DAY, 4, 1_000, 2), np.array([9]),
        np.array([T - DAY, T]), np.array([1 / 7, 123.456]), (None,), RULES.lineage,
    )  # fmt: skip


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the bytes of the full state with a change of what they say."""
    plain = json.loads(state_to_bytes(full()))
    change(plain)
    return sealed(plain)


def put(place: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Return a change that puts a value at a place such as `basket.units.0`."""

    def change(plain: dict[str, Any]) -> None:
        *path, last = place.split(".")
        at: Any = plain
        for name in path:
            at = at[int(name)] if isinstance(at, list) else at[name]
        at[int(last) if isinstance(at, list) else last] = value

    return change


def refusal(change: Callable[[dict[str, Any]], object]) -> str:
    with pytest.raises(DataError) as found:
        state_from_bytes(changed(change), RULES)
    return str(found.value)


def test_every_field_comes_back() -> None:
    state = full()
    again = state_from_bytes(state_to_bytes(state), RULES, NAMES)
    assert repr(again) == repr(state)
    assert state_to_bytes(again) == state_to_bytes(state)
    assert isinstance(again.phase, Phase)
    assert again.pending[0].cause is Cause.SCHEDULE
    assert again.due[0].event.kind is EventKind.MERGER
    empty = IndexState.start(RULES, NAMES, 7)
    assert repr(state_from_bytes(state_to_bytes(empty), RULES, NAMES)) == repr(empty)


def test_the_bytes_name_only_ids_that_are_spoken_of_and_are_canonical() -> None:
    content = state_to_bytes(full())
    plain = json.loads(content)
    assert plain["format"] == STATE_FORMAT == 3
    assert plain["assets"] == list("abcdfghijk")
    assert plain["instant"] == int(T.astype(np.int64))
    assert [plain["reserve"], plain["due"][0]["column"], plain["parts"][0]["column"]] == [[8], 4, 7]
    assert content == json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert state_from_bytes(content, RULES).assets == tuple("abcdfghijk")


def test_columns_move_with_their_ids() -> None:
    wider = tuple(sorted((*NAMES, "0", "e1")))  # before a, and after e
    state = moved(full(), wider)
    assert state.basket is not None
    assert state.basket.columns.tolist() == [1, 2]
    (pending,) = state.pending
    assert (pending.members.tolist(), pending.columns.tolist(), pending.reserve.tolist()) == ([1, 2], [2, 3], [4])
    assert pending.parts[0].column == 12
    first, second = state.due
    assert (first.column, first.new_column, first.candidates[0].column) == (7, 8, 9)
    assert (second.column, second.new_column) == (7, None)
    assert (state.parts[0].column, state.reserve.tolist(), state.assets) == (10, [11], wider)
    assert repr(moved(state, NAMES)) == repr(full())


@pytest.mark.parametrize("lost", sorted(set(NAMES) - {"e"}))
def test_an_id_that_the_state_speaks_of_must_be_there(lost: str) -> None:
    with pytest.raises(DataError, match=f"the market holds no asset '{lost}'"):
        moved(full(), tuple(name for name in NAMES if name != lost))
    assert moved(full(), tuple(name for name in NAMES if name != "e")).assets == tuple("abcdfghijk")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no state", "state: not JSON"),
        (b"[" * 200_000, "state: not JSON"),
        (b'{"format": 3, "level": NaN}', "state: not JSON: NaN is no number"),
        (b'{"format": 3, "digest": ""}', "state: the bytes were altered"),
        (put("rules", "1:" + "0" * 64), "state: made by another rulebook than"),
        (put("rules", RULES.lineage.replace("1:", "2:")), "state: made by another rulebook than"),
        (put("rules", "one"), "state: made by another rulebook than"),
        (put("rules", 1), "state: made by another rulebook than"),
        (b"[]", "state: format 'list' cannot be read; this program reads format 3"),
        (b"{}", "state: format None cannot be read"),
        (put("format", 2), "state: format 2 cannot be read"),
        (put("memories", []), "memories: the rulebook has 1 return rules"),
        (put("memories", [None, None]), "memories: the rulebook has 1 return rules"),
        (put("memories", None), "memories: the rulebook has 1 return rules"),
        (put("memories", [{"a": 1}]), "price_return remembers nothing"),
    ],
)
def test_what_is_no_state_of_these_rules_is_refused(
    content: bytes | Callable[[dict[str, Any]], object], words: str
) -> None:
    with pytest.raises(DataError) as found:
        state_from_bytes(content if isinstance(content, bytes) else changed(content), RULES)
    assert words in str(found.value)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("level", True, "state.level: expected a finite number, was True"),
        ("level", "1", "state.level: expected a finite number"),
        ("level", 10**400, "state.level"),
        ("step", 1.0, "state.step: expected int, was 1.0"),
        ("instant", 1.5, "state.instant: expected int"),
        ("instant", -(2**63), "state.instant: expected microseconds since 1970"),
        ("phase", 3, "state.phase: 3 is not a valid Phase"),
        ("assets", "abc", "state.assets: expected list"),
        ("assets.0", 1, "state.assets: expected str, was 1"),
        ("basket", [], "state.Basket: expected columns, units"),
        ("basket.units", None, "state.Basket.units: expected list"),
        ("basket.cash.0", 1, "state.Basket.cash: expected bool, was 1"),
        ("basket.columns.0", 0.0, "state.Basket.columns: expected int"),
        ("basket.more", 1, "state.Basket: expected columns"),
        ("pending.0.cause", "whim", "'whim' is not a valid Cause"),
        ("pending.0.weights.1", None, "state.Decision.weights: expected a finite number"),
        ("due.0.event.kind", "whim", "'whim' is not a valid EventKind"),
        ("due.0.event.note", None, "state.CorporateEvent.note: expected str"),
        ("due.0.candidates.0.price", [], "state.Candidate.price: expected a finite number"),
        ("parts.0.shares", [1.0, 0.0], "state.Part.shares"),
        ("steps.done", None, "state.Steps.done: expected int"),
        ("past_times.0", "now", "state.past_times: expected int"),
    ],
)
def test_a_value_of_another_kind_is_refused_at_its_place(place: str, value: object, words: str) -> None:
    assert words in refusal(put(place, value))


def test_a_field_too_few_is_refused() -> None:
    assert "state: expected assets, step" in refusal(lambda plain: plain.pop("reserve"))
    assert "state.Steps: expected started_at, steps, every, done" in refusal(lambda plain: plain["steps"].pop("every"))


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("assets.0", "b", "assets must be sorted and unique"),
        ("assets.0", "z", "assets must be sorted and unique"),
        ("reserve", [10], "a column lies outside the assets"),
        ("reserve", [-1], "a column lies outside the assets"),
        ("due.1.new_column", 10, "a column lies outside the assets"),
        ("version", 2, "made by version 2 of the rules, of which there are 1"),
        ("version", 0, "of which there are 1"),
        ("pending.0.version", 3, "made by version 3 of the rules"),
        ("past_times", [], "past_times and past_levels differ in length"),
        ("step", 0, "step: a step of the data takes longer than 0 microseconds"),
        ("changed_at", 10**17, "nothing held be later than the instant of the state"),
        ("steps.started_at", 10**17, "nothing held be later than the instant of the state"),
        ("basket.seen", [0, 10**17], "nothing held be later than the instant of the state"),
        ("basket.divisor", 0.0, "state.Basket.divisor: expected a positive number, was 0.0"),
        ("basket.units.0", -1.0, "state.Basket.units: expected a number from 0, was -1.0"),
        ("basket.prices.0", -1.0, "state.Basket.prices: expected a number from 0, was -1.0"),
        ("due.0.event.ratio", 0.0, "state.CorporateEvent.ratio: expected a positive number"),
        ("level", -1.0, "state.level: expected a number from 0"),
        ("steps.every", 0, "steps: step 2 of 4, every 0 microseconds"),
        ("steps.every", -5, "steps: step 2 of 4, every -5 microseconds"),
        ("steps.done", 0, "steps: step 0 of 4"),
        ("steps.done", 4, "steps: step 4 of 4"),
        ("basket.plan", [[1.0, 2.0]], "basket.plan must hold two rows with a figure"),
        ("basket.plan", [[1.0], [2.0]], "basket.plan must hold two rows with a figure"),
        ("basket.counted", [[1, 2]], "basket.counted must hold two rows with a figure"),
        ("basket.columns", [1, 0], "basket: columns must ascend"),
        ("basket.columns", [1, 1], "basket: columns must ascend"),
        ("pending.0.seen", [1], "pending: columns must ascend, each with one figure"),
        ("pending.0.columns", [2, 1], "pending: columns must ascend"),
        *[
            (f"basket.{name}", values, "basket: columns must ascend, each with one figure")
            for name, values in (
                ("units", [1.0]), ("factors", [1.0]), ("prices", [1.0] * 3), ("seen", [1]),
                ("given", []), ("cash", [True]), ("awaited", [True] * 3),
            )
        ],
        *[
            (f"pending.0.{name}", [1.0] * 3, "pending: columns must ascend, each with one figure")
            for name in ("weights", "raw", "prices", "shares")
        ],
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_each_other_are_refused(place: str, value: object, words: str) -> None:
    assert words in refusal(put(place, value))


def test_a_decision_for_nobody_may_keep_figures_of_those_who_departed() -> None:
    def nobody(words: str) -> Callable[[dict[str, Any]], None]:
        def change(plain: dict[str, Any]) -> None:
            plain["pending"][0].update(columns=[], nobody=words)

        return change

    assert state_from_bytes(changed(nobody("departed")), RULES).pending[0].nobody == "departed"
    assert "pending: columns must ascend" in refusal(nobody(""))
    unshared = state_from_bytes(changed(put("pending.0.shares", None)), RULES)
    assert unshared.pending[0].shares is None


def test_a_digit_that_was_altered_is_found_wherever_it_stands() -> None:
    content = state_to_bytes(full())
    places = [place for place, byte in enumerate(content) if chr(byte).isdecimal()]
    for place in places[::7]:
        other = content[:place] + (b"3" if content[place : place + 1] != b"3" else b"4") + content[place + 1 :]
        try:
            again = state_from_bytes(other, RULES)
        except DataError:
            continue
        assert state_to_bytes(again) == content, "a digit beyond the precision of a double"
