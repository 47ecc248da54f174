"""What a return rule remembers, as plain values and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from basketry.core.errors import DataError
from basketry.core.time import MICROSECOND
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import ReturnRule

MICROSECONDS_A_DAY = 86_400_000_000

Microseconds = Annotated[int, Field(gt=-(2**63), lt=2**63)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
"""What a memory that was kept is read by; a rule that makes one keeps to it."""


def instants(path: IndexPath) -> NDArray[np.int64]:
    """Return the instants of a path in whole microseconds since 1970, which need no rounding, shape (T,)."""
    return (path.times - np.datetime64(0, "us")) // MICROSECOND


def to_plain(memory: Any) -> Any:
    """Return a memory as dictionaries, lists and numbers that JSON holds; None for none.

    Raises:
        DataError: The memory has a value that JSON does not hold, such as an infinite number.
    """
    if memory is None:
        return None
    try:
        return json.loads(json.dumps(asdict(memory), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{type(memory).__name__} cannot be kept as plain values: {error}; a return rule remembers a "
            "frozen dataclass of finite numbers, words and tuples of them"
        ) from error


def from_plain(rule: ReturnRule, value: Any) -> Any:
    """Return the memory of a rule that `to_plain` wrote.

    Raises:
        DataError: The value is not one that this rule remembers: a field too many or too few, or of another type.
    """
    if value is None:
        return None
    if rule.memory is None:
        raise DataError(f"{rule.column()} remembers nothing, but was given {value!r}; calculate it again from the base")
    try:
        memory: Any = TypeAdapter(rule.memory).validate_json(json.dumps(value, allow_nan=False), strict=True)
    except (TypeError, ValueError, ValidationError) as error:
        raise DataError(_misfit(rule, error)) from error
    # A field too many is passed over by the reader, and one with a default may be left out.
    if to_plain(memory) != value:
        raise DataError(_misfit(rule, "its fields are others"))
    return memory


def _misfit(rule: ReturnRule, reason: object) -> str:
    if isinstance(reason, ValidationError):
        first = reason.errors()[0]
        reason = f"{'.'.join(str(part) for part in first['loc']) or 'value'}: {first['msg']}"
    return f"what {rule.column()} remembers is not of this rule: {reason}; calculate it again from the base"
