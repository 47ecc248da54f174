"""The state of an index as bytes and back: canonical JSON with the number of its format and a digest, read strictly."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.parts import Part
from basketry.index.records import Cause, Scope
from basketry.index.state import Candidate, Decision, Due, Held, IndexState, Phase, Steps
from basketry.index.state_figures import check_figures
from basketry.market.cash import CASH
from basketry.market.events import CorporateEvent, EventKind
from basketry.methodology.methodology import Methodology
from basketry.methodology.returns._memory import from_plain, to_plain

STATE_FORMAT = 3
"""Number of the format of a state's bytes; it rises with every change of what a state holds."""

_LEFT_OUT = ("held",)
"""What is written only where there is something: an index without it has the bytes that it always had."""

T = TypeVar("T")
Decode = Callable[[Any], Any]


def moved(state: IndexState, assets: tuple[str, ...]) -> IndexState:
    """Return a state whose columns are places in other ids.

    Raises:
        DataError: An asset that the state speaks of is not among them.
    """
    places = {asset: place for place, asset in enumerate(assets)}
    lost = [state.assets[column] for column in _used(state) if state.assets[column] not in places]
    if lost:
        raise DataError(f"the market holds no asset {lost[0]!r}, which the state of the index speaks of")

    def one(column: int) -> int:
        return places[state.assets[column]]

    def many(columns: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.array([one(column) for column in columns.tolist()], dtype=np.int64)

    def over(decision: Decision) -> Decision:
        return replace(
            decision,
            members=many(decision.members),
            columns=many(decision.columns),
            reserve=many(decision.reserve),
            parts=tuple(replace(part, column=one(part.column)) for part in decision.parts),
            held=None if decision.held is None else replace(decision.held, columns=many(decision.held.columns)),
        )

    return replace(
        state,
        assets=assets,
        basket=None if state.basket is None else replace(state.basket, columns=many(state.basket.columns)),
        pending=tuple(map(over, state.pending)),
        reviewed=tuple(map(over, state.reviewed)),
        due=tuple(
            replace(
                due,
                column=one(due.column),
                new_column=None if due.new_column is None else one(due.new_column),
                candidates=tuple(replace(entry, column=one(entry.column)) for entry in due.candidates),
            )
            for due in state.due
        ),
        parts=tuple(replace(part, column=one(part.column)) for part in state.parts),
        reserve=many(state.reserve),
    )


def _used(state: IndexState) -> list[int]:
    """Return the columns that a state speaks of, ascending."""
    used: set[int] = set(state.reserve.tolist())
    if state.basket is not None:
        used |= set(state.basket.columns.tolist())
    for decision in (*state.pending, *state.reviewed):
        for columns in (decision.members, decision.columns, decision.reserve):
            used |= set(columns.tolist())
        used |= {part.column for part in decision.parts}
        used |= set() if decision.held is None else set(decision.held.columns.tolist())
    for due in state.due:
        used |= {due.column, *(entry.column for entry in due.candidates)}
        used |= set() if due.new_column is None else {due.new_column}
    used |= {part.column for part in state.parts}
    return sorted(used)


def state_to_bytes(state: IndexState) -> bytes:
    """Return a state as canonical JSON; ids that it does not speak of are left out."""
    small = moved(state, tuple(state.assets[column] for column in _used(state)))
    content = {field.name: _plain(getattr(small, field.name)) for field in fields(IndexState)}
    content["memories"] = [to_plain(memory) for memory in state.memories]
    return sealed({"format": STATE_FORMAT, **content})


def sealed(plain: dict[str, Any]) -> bytes:
    """Return what a state says as bytes, with a digest that tells whether they were altered by accident."""
    content = {key: value for key, value in plain.items() if key != "digest"}
    return canonical_json({**content, "digest": _digest(content)}).encode()


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number that it holds")


def _digest(plain: dict[str, Any]) -> str:
    return digest_bytes(canonical_json(plain).encode())


def state_from_bytes(content: bytes, rules: Methodology, assets: tuple[str, ...] | None = None) -> IndexState:
    """Return the state that `state_to_bytes` gave, over its own ids or those of a market.

    Raises:
        DataError: The bytes are not those of a state of this format and rulebook.
    """
    try:
        plain = json.loads(content, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DataError(f"state: not JSON: {error}") from error
    if not isinstance(plain, dict) or plain.get("format") != STATE_FORMAT:
        found = plain.get("format") if isinstance(plain, dict) else type(plain).__name__
        raise DataError(f"state: format {found!r} cannot be read; this program reads format {STATE_FORMAT}")
    if plain.pop("digest", None) != _digest(plain):
        raise DataError("state: the bytes were altered: they do not have the digest that they carry")
    del plain["format"]
    if not (isinstance(plain.get("rules"), str) and rules.continues(plain["rules"])):
        raise DataError(
            f"state: made by another rulebook than {rules.symbol}, or by versions of it that this one does not have"
        )
    returns = rules.first.returns
    memories = plain.get("memories")
    if not isinstance(memories, list) or len(memories) != len(returns):
        raise DataError(f"state: memories: the rulebook has {len(returns)} return rules; the state is of another")
    plain["memories"] = []
    try:
        state = _built(IndexState, plain, _STATE, "state")
        remembered = tuple(from_plain(rule, memory) for rule, memory in zip(returns, memories, strict=True))
        _check(state, rules)
    except (MethodologyError, ValueError, TypeError, OverflowError, IndexError) as error:
        raise DataError(f"state: {error}") from error
    state = state.with_memories(remembered)
    if assets is None:
        return state
    return state.over(tuple(sorted({*assets, CASH})) if rules.holds_cash else assets)


def _check(state: IndexState, rules: Methodology) -> None:
    """Raise DataError where the parts of a state do not fit each other."""
    if list(state.assets) != sorted(set(state.assets)):
        raise DataError("state: assets must be sorted and unique")
    if not all(0 <= column < len(state.assets) for column in _used(state)):
        raise DataError("state: a column lies outside the assets")
    versions = [state.version, *(decision.version for decision in (*state.pending, *state.reviewed))]
    if not all(1 <= version <= len(rules.versions) for version in versions):
        raise DataError(
            f"state: made by version {max(versions)} of the rules, of which there are {len(rules.versions)}"
        )
    known = int(state.rules.partition(":")[0])
    # What was determined for an instant at which other rules are in force may not be made by them.
    coming = [decision.effective_at for decision in (*state.pending, *state.reviewed)]
    reach = max([state.instant, *coming])
    late = [version for version in rules.versions[known:] if version.valid_from <= reach]
    if late:
        waits = "" if late[0].valid_from <= state.instant else ", which has determined a change for later,"
        raise DataError(
            f"state: version {late[0].number} of the rules begins at {format_instant(late[0].valid_from)}, and the "
            f"state of {format_instant(state.instant)}{waits} was made without it; calculate the index again from the "
            "base"
        )
    if len(state.past_times) != len(state.past_levels):
        raise DataError("state: past_times and past_levels differ in length")
    if not state.step > 0:
        raise DataError(f"state: step: a step of the data takes longer than {state.step} microseconds")
    if (np.diff(state.past_times) <= np.timedelta64(0)).any() or _later(state):
        raise DataError("state: past_times must ascend, and nothing held be later than the instant of the state")
    for name, waiting in (("pending", state.pending), ("reviewed", state.reviewed)):
        effective = [decision.effective_at for decision in waiting]
        if effective != sorted(effective):
            raise DataError(f"state: {name} must ascend by effective_at")
    steps = state.steps
    if steps is not None and not (0 < steps.every * steps.steps < 2**53 and 0 < steps.done < steps.steps):
        raise DataError(f"state: steps: step {steps.done} of {steps.steps}, every {steps.every} microseconds")
    shapes: list[tuple[str, NDArray[np.int64], list[Any]]] = []
    if state.basket is not None:
        basket = state.basket
        names = ("units", "factors", "prices", "seen", "given", "cash", "awaited")
        shapes.append(("basket", basket.columns, [getattr(basket, name) for name in names]))
        for name, rows in (("counted", basket.counted), ("plan", basket.plan)):
            if rows is not None and rows.shape != (2, len(basket.columns)):
                raise DataError(f"state: basket.{name} must hold two rows with a figure for each column")
    for decision in (*state.pending, *state.reviewed):
        held = [decision.weights, decision.raw, decision.prices, decision.seen]
        if decision.columns.size or not decision.nobody:
            shapes.append(("pending", decision.columns, held if decision.shares is None else [*held, decision.shares]))
        if decision.held is not None:
            shapes.append(("held", decision.held.columns, [decision.held.weights]))
    for place, columns, arrays in shapes:
        if any(len(array) != len(columns) for array in arrays) or (np.diff(columns) <= 0).any():
            raise DataError(f"state: {place}: columns must ascend, each with one figure")
    check_figures(state, rules)


def _later(state: IndexState) -> bool:
    """Return whether something that has happened comes after the instant of a state."""
    done = [state.changed_at, *state.past_times[-1:]]
    done += [] if state.steps is None else [state.steps.started_at]
    if state.basket is not None and len(state.basket.seen):
        done.append(np.datetime64(int(state.basket.seen.max()), "us"))
    return max(done) > state.instant


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return (value.astype("datetime64[us]").astype(np.int64) if value.dtype.kind == "M" else value).tolist()
    if isinstance(value, np.datetime64):
        return int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        found = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {name: plain for name, plain in found.items() if name not in _LEFT_OUT or plain is not None}
    return value


def _built(kind: type[T], value: Any, decoders: Mapping[str, Decode], place: str) -> T:
    if isinstance(value, dict):
        value = {**{name: None for name in decoders if name in _LEFT_OUT}, **value}
    if not isinstance(value, dict) or value.keys() != decoders.keys():
        keys = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise DataError(f"{place}: expected {', '.join(decoders)}, was {keys}")
    found = {}
    for name, decode in decoders.items():
        try:
            found[name] = decode(value[name])
        except (DataError, ValueError, TypeError, OverflowError) as error:
            told = str(error)
            raise DataError(told if told.startswith("state") else f"{place}.{name}: {told}") from error
    return kind(**found)


def _of(kind: type[T], decoders: Mapping[str, Decode]) -> Decode:
    return lambda value: _built(kind, value, decoders, f"state.{kind.__name__}")


def _exactly(kind: type[T]) -> Callable[[Any], T]:
    def decode(value: Any) -> T:
        if type(value) is not kind:
            raise DataError(f"expected {kind.__name__}, was {value!r}")
        return value

    return decode


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not np.isfinite(float(value)):
        raise DataError(f"expected a finite number, was {value!r}")
    return float(value)


def _amount(value: Any) -> float:
    found = _number(value)
    if found < 0:
        raise DataError(f"expected a number from 0, was {value!r}")
    return found


def _positive(value: Any) -> float:
    found = _number(value)
    if not found > 0:
        raise DataError(f"expected a positive number, was {value!r}")
    return found


_FIRST, _LAST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59", "us")


def _instant(value: Any) -> np.datetime64:
    found = np.datetime64(_exactly(int)(value), "us")
    # The least of the numbers stands for no instant.
    if np.isnat(found) or not _FIRST <= found <= _LAST:
        raise DataError(f"expected microseconds since 1970 of the years 1 to 9999, was {value!r}")
    return found


def _array(kind: Any, one: Decode) -> Decode:
    return lambda value: np.array([one(entry) for entry in _exactly(list)(value)], dtype=kind)


def _or_none(decode: Decode) -> Decode:
    return lambda value: None if value is None else decode(value)


def _each(decode: Decode) -> Decode:
    return lambda value: tuple(decode(entry) for entry in _exactly(list)(value))


_text = _exactly(str)
_whole = _exactly(int)
_columns: Callable[[Any], NDArray[np.int64]] = _array(np.int64, _whole)
_amounts: Callable[[Any], Floats] = _array(np.float64, _amount)
_bools: Callable[[Any], Bools] = _array(np.bool_, _exactly(bool))
_times: Callable[[Any], NDArray[np.datetime64]] = _array("datetime64[us]", _instant)


def _two_rows_of(row: Callable[[Any], NDArray[Any]]) -> Decode:
    return lambda value: np.array([row(entry) for entry in _exactly(list)(value)])


def _three(value: Any) -> tuple[float, float, float]:
    one, two, three = _amounts(value).tolist()
    return (one, two, three)


_BASKET: dict[str, Decode] = {
    "columns": _columns,
    "units": _amounts,
    "factors": _amounts,
    "prices": _amounts,
    "seen": _columns,
    "counted": _two_rows_of(_columns),
    "given": _amounts,
    "cash": _bools,
    "awaited": _bools,
    "divisor": _positive,
    "plan": _or_none(_two_rows_of(_amounts)),
}
_EVENT: dict[str, Decode] = {
    "time": _instant,
    "known_at": _instant,
    "kind": EventKind,
    "asset": _text,
    "new_asset": _or_none(_text),
    "ratio": _positive,
    "until": _instant,
    "removal": _or_none(_text),
    "approver": _text,
    "reason": _text,
    "note": _text,
}
_part = _of(
    Part,
    {
        "column": _whole,
        "shares": _three,
        "events": _each(_of(CorporateEvent, _EVENT)),
        "fixed": _or_none(_whole),
    },
)
_DECISION: dict[str, Decode] = {
    "cause": Cause,
    "words": _text,
    "announced_at": _instant,
    "determined_at": _instant,
    "effective_at": _instant,
    "used_to": _instant,
    "version": _whole,
    "members": _columns,
    "columns": _columns,
    "weights": _amounts,
    "raw": _amounts,
    "shares": _or_none(_amounts),
    "prices": _amounts,
    "seen": _columns,
    "reserve": _columns,
    "nobody": _text,
    "parts": _each(_part),
    "scope": Scope,
    "held": _or_none(_of(Held, {"columns": _columns, "weights": _amounts})),
}
_DUE: dict[str, Decode] = {
    "event": _of(CorporateEvent, _EVENT),
    "column": _whole,
    "new_column": _or_none(_whole),
    "candidates": _each(_of(Candidate, {"column": _whole, "price": _positive, "seen": _whole})),
    "corrects_since": _or_none(_instant),
}
_STATE: dict[str, Decode] = {
    "assets": _each(_text),
    "step": _whole,
    "instant": _instant,
    "phase": Phase,
    "level": _amount,
    "version": _whole,
    "basket": _or_none(_of(Basket, _BASKET)),
    "changed_at": _instant,
    "scheduled_to": _instant,
    "pending": _each(_of(Decision, _DECISION)),
    "reviewed": _each(_of(Decision, _DECISION)),
    "due": _each(_of(Due, _DUE)),
    "parts": _each(_part),
    "steps": _or_none(_of(Steps, {"started_at": _instant, "steps": _whole, "every": _whole, "done": _whole})),
    "reserve": _columns,
    "past_times": _times,
    "past_levels": _amounts,
    "memories": _each(_whole),
    "rules": _text,
}
