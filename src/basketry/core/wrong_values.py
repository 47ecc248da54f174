"""A value that a model refuses, told with what to write in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

_NUMBER = re.compile(
    r"[$€£]?\s*(?P<digits>[+-]?\d[\d_]*(,\d+)*(\.\d+)?)\s*(?P<unit>%|[a-z]*)", re.ASCII | re.IGNORECASE
)
_POWERS = {"%": -2, "": 0}
_POWERS |= dict.fromkeys(("k", "thousand"), 3) | dict.fromkeys(("m", "mn", "mio", "million"), 6)
_POWERS |= dict.fromkeys(("b", "bn", "billion"), 9) | dict.fromkeys(("t", "tn", "trillion"), 12)
_FRACTION = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_NO_NUMBER = ("float_parsing", "float_type", "int_parsing", "int_type")


def number_to_write(text: str) -> str | None:
    """Return how a rulebook writes a number that stands in a text, None where none does.

    >>> number_to_write("50m"), number_to_write("12.5%"), number_to_write("0,5"), number_to_write("90d")
    ('50_000_000', '0.125', '0.5', None)
    >>> number_to_write("1,000,000")
    '1_000_000 or 1000000'
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or found["unit"].lower() not in _POWERS:
        return None
    groups, unit = found["digits"].split(","), found["unit"].lower()
    separator = "." if len(groups) == 2 and len(groups[1]) < 3 else "_"
    written, plain = separator.join(groups), separator.join(groups).replace("_", "")
    if unit:
        scaled = Decimal(plain).scaleb(_POWERS[unit])
        return f"{int(scaled):_}" if scaled == scaled.to_integral_value() and unit != "%" else format(scaled, "f")
    return f"{written} or {plain}" if written != plain else plain


def fraction_to_write(text: str) -> str | None:
    """Return how a rulebook writes a fraction that stands in a text, None where none does.

    Thousands and millions are no fractions: 3M may be a name.

    >>> fraction_to_write("4.5%"), fraction_to_write("0.05"), fraction_to_write("1e-2"), fraction_to_write("3M")
    ('0.045', '0.05', '0.01', None)
    """
    text = text.strip()
    if _FRACTION.fullmatch(text):
        return format(Decimal(text), "f")
    return None if text[-1:].isalpha() else number_to_write(text)


def wrong_value(problem: Mapping[str, Any], examples: Sequence[Any] = ()) -> str:
    """Return in words what is wrong with a value, of one of the errors of a `ValidationError`.

    Args:
        problem: The error.
        examples: Values that would be right, for words on one that is of another kind.
    """
    value, kind = problem["input"], problem["type"]
    if isinstance(value, bool) and kind.startswith(("float_", "int_", "less_than", "greater_than")):
        return f"expected a number{_as_in(examples)}, was {str(value).lower()}"
    if isinstance(value, str) and kind in ("tuple_type", "list_type"):
        return f"expected a list, also of one: write [{value}], was {value!r}"
    # A share of the whole is nothing to count.
    counted = kind.startswith("int_") and isinstance(value, str) and value.rstrip().endswith("%")
    if isinstance(value, str) and kind in _NO_NUMBER and not counted:
        remedy = number_to_write(value) or fraction_to_write(value)
        if remedy is not None:
            text = f"{value!r} is a text" if remedy == value else f"{value} is no number"
            return f"{text}: write {remedy}"
    if kind in _NO_NUMBER and examples:
        return f"expected a number{_as_in(examples)}, was {value!r}"
    return f"{problem['msg'].removeprefix('Value error, ')}, was {value!r}"


def flagged_number(read: Any, given: Any, place: tuple[Any, ...] = ()) -> dict[str, Any] | None:
    """Return the error of the first yes or no that was taken for the number 1 or 0, None where there is none.

    Args:
        read: A Pydantic model, or a part of one.
        given: The plain values that it was read from.
        place: Where they stand.
    """
    if isinstance(given, bool):
        return {"type": "float_type", "loc": place, "input": given} if type(read) in (int, float) else None
    if isinstance(read, BaseModel):
        parts = {field.alias or name: getattr(read, name) for name, field in type(read).model_fields.items()}
        # A mapping by asset is written without the name of the parameter.
        of_assets = [part for part in parts.values() if isinstance(part, Mapping)]
        read = {key: value for part in (*of_assets, parts) for key, value in part.items()}
    if not (isinstance(given, Mapping) and isinstance(read, Mapping)):
        return None
    errors = (flagged_number(read.get(key), value, (*place, key)) for key, value in given.items())
    return next((error for error in errors if error is not None), None)


def _as_in(examples: Sequence[Any]) -> str:
    return f", as {examples[0]}" if examples else ""
