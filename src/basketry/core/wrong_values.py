"""A value that a model refuses, told with what to write in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_NUMBER = re.compile(
    r"[$€£]?\s*(?P<digits>[+-]?\d[\d_]*(,\d+)*(\.\d+)?)\s*(?P<unit>%|[a-z]*)", re.ASCII | re.IGNORECASE
)
_POWERS = {"%": -2, "": 0}
_POWERS |= dict.fromkeys(("k", "thousand"), 3) | dict.fromkeys(("m", "mn", "mio", "million"), 6)
_POWERS |= dict.fromkeys(("b", "bn", "billion"), 9) | dict.fromkeys(("t", "tn", "trillion"), 12)


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


def wrong_value(problem: Mapping[str, Any]) -> str:
    """Return in words what is wrong with a value, of one of the errors of a `ValidationError`."""
    value, kind = problem["input"], problem["type"]
    if isinstance(value, str) and kind in ("tuple_type", "list_type"):
        return f"expected a list, also of one: write [{value}], was {value!r}"
    # A share of the whole is nothing to count.
    counted = kind.startswith("int_") and isinstance(value, str) and value.rstrip().endswith("%")
    if isinstance(value, str) and kind in ("float_parsing", "float_type", "int_parsing", "int_type") and not counted:
        remedy = number_to_write(value)
        if remedy is not None:
            return f"{value} is no number: write {remedy}"
    return f"{problem['msg'].removeprefix('Value error, ')}, was {value!r}"
