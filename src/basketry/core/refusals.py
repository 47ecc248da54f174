"""A mapping of a rulebook read into its model, with all that the model refuses told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from basketry.core.errors import BasketryError, MethodologyError, nearest_hint
from basketry.core.wrong_values import flagged_number, wrong_value

M = TypeVar("M", bound=BaseModel)
Problem = Mapping[str, Any]

_NO_KEY = ""
"""A key of no model: beside it a model judges keys one by one and not what holds between them."""


def read_model(
    model: type[M], given: Mapping[str, Any], place: str, kind: str = "key", of: str = "keys", hidden: str = ""
) -> M:
    """Return the model of a mapping.

    Args:
        model: The model; it refuses keys that it does not know.
        given: Values by key.
        place: Where they stand, for messages.
        kind: What a key is called.
        of: What its keys are called.
        hidden: A key that the file does not write, as the shorthand of a rule: no path names it.

    Raises:
        MethodologyError: Keys are unknown or missing, or values wrong; each fault starts with its path, in the order
            of the mapping.
        BasketryError: What holds between the keys does not, in the words of the model.

    >>> from pydantic import ConfigDict, Field
    >>> class Share(BaseModel):
    ...     model_config = ConfigDict(extra="forbid")
    ...     weight: float = Field(gt=0, le=1)
    ...     note: str = "none"
    >>> try:
    ...     read_model(Share, {"weight": 25, "note": 3}, "cash")
    ... except MethodologyError as error:
    ...     print(error)
    2 faults:
      cash.weight: must be at most 1, was 25; write 0.25 for 25%
      cash.note: expected a text: write "3", was 3
    """
    cause: Exception | None = None
    try:
        found = model.model_validate(dict(given))
    except ValidationError as error:
        problems, cause = _of(error), error
    except BasketryError as error:
        problems, cause = _one_by_one(model, given), error
        if not problems:
            raise
    else:
        flagged = flagged_number(found, given)
        if flagged is None:
            return found
        problems = [flagged]
    order = list(given)
    problems = sorted(problems, key=lambda problem: _rank(problem, order))
    unknown = [str(problem["loc"][-1]) for problem in problems if problem["type"] == "extra_forbidden"]
    meant = "".join(nearest_hint(key, _keys(model)) for key in unknown)
    # A key that is misspelt is not told again as one that is missing.
    told = [entry for entry in problems if entry["type"] != "missing" or f"{entry['loc'][-1]!r}" not in meant]
    faults = [_fault(model, problem, place, kind, of, hidden) for problem in told]
    raise MethodologyError.together(faults) from cause


def path_of(place: str, parts: Sequence[str | int]) -> str:
    """Return the path of a part in words.

    >>> path_of("weight", ["fixed", "btc"]), path_of("exclude_assets", [0])
    ('weight.fixed.btc', 'exclude_assets[0]')
    """
    return place + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _of(error: ValidationError) -> list[Problem]:
    problems: list[Problem] = [dict(problem) for problem in error.errors(include_url=False)]
    # Of a list whose entries are wrong those that are right are counted: too few are no fault of their own.
    inside = {problem["loc"][:-1] for problem in problems if problem["loc"]}
    return [entry for entry in problems if entry["type"] != "too_short" or entry["loc"] not in inside]


def _one_by_one(model: type[BaseModel], given: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of keys one of which ends the reading of all; nothing where none does by itself."""
    told: list[Problem] = []
    for key, value in given.items():
        try:
            model.model_validate({key: value, _NO_KEY: None})
        except ValidationError:
            continue
        except BasketryError as error:
            told.append({"type": "told", "loc": (key,), "msg": str(error), "input": value})
    ending = {problem["loc"][0] for problem in told}
    if not ending:
        return []
    try:
        model.model_validate({key: value for key, value in given.items() if key not in ending} | {_NO_KEY: None})
    except ValidationError as error:
        told += [
            problem for problem in _of(error) if problem["loc"][:1] and problem["loc"][0] not in (*ending, _NO_KEY)
        ]
    return told


def _rank(problem: Problem, order: Sequence[str]) -> tuple[bool, int]:
    """Return where a problem is told: in the order of the file, and what is missing at the end."""
    first = problem["loc"][0] if problem["loc"] else ""
    return problem["type"] == "missing", order.index(first) if first in order else 0


def _fault(model: type[BaseModel], problem: Problem, place: str, kind: str, of: str, hidden: str) -> MethodologyError:
    parts = list(problem["loc"])
    if hidden and parts[:1] == [hidden] and problem["type"] != "missing":
        parts = parts[1:]
    path = path_of(place, parts)
    if problem["type"] == "missing":
        return MethodologyError(f"{path}: this {kind} is required")
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])
        known = _keys(_model_at(model, problem["loc"][:-1]))
        hint = nearest_hint(key, known)
        if key in ("True", "False"):
            hint = f" (readers of YAML 1.1 make {key} of on, off, yes or no: quote it, or use Methodology.load)"
        return MethodologyError(f"{path}: unknown {kind}{hint}; {of}: {', '.join(known) or 'none'}")
    if problem["type"] == "told":
        words, key = str(problem["msg"]), str(problem["loc"][0])
        if words.startswith((f"{place}.", f"{place}:")):
            return MethodologyError(words)
        if words.startswith((f"{key}.", f"{key}:")) and parts:
            return MethodologyError(f"{place}.{words}")
        return MethodologyError(f"{path}: {words}")
    if not problem["loc"]:
        return MethodologyError(f"{path}: {str(problem['msg']).removeprefix('Value error, ')}")
    return MethodologyError(f"{path}: {wrong_value(problem, _examples(model, problem['loc']))}")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _examples(model: type[BaseModel], parts: Sequence[str | int]) -> list[Any]:
    """Return examples of a value; of an entry in one there are none."""
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    return (names[str(parts[0])].examples or []) if len(parts) == 1 and parts[0] in names else []


def _model_at(model: type[BaseModel], parts: Sequence[str | int]) -> type[BaseModel]:
    """Return the model of a part of another, the other itself where there is none."""
    for part in parts:
        field = next((field for name, field in model.model_fields.items() if part in (name, field.alias)), None)
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for found in map(_model_in, get_args(annotation)) if found is not None), None)
