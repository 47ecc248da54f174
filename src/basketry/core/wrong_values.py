"""A value that a model refuses, told with what to write in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from basketry.core.errors import nearest_hint

_NUMBER = re.compile(
    r"[$€£]?\s*(?P<digits>[+-]?\d[\d_]*(,\d+)*(\.\d+)?)\s*(?P<unit>%|[a-z]*)", re.ASCII | re.IGNORECASE
)
_POWERS = {"%": -2, "": 0}
_POWERS |= dict.fromkeys(("k", "thousand"), 3) | dict.fromkeys(("m", "mn", "mio", "million"), 6)
_POWERS |= dict.fromkeys(("b", "bn", "billion"), 9) | dict.fromkeys(("t", "tn", "trillion"), 12)
_FRACTION = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_NO_NUMBER = ("float_parsing", "float_type", "int_parsing", "int_type")
_LONGEST = 48
_BOUNDS = {
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
}
_LENGTHS = {
    "string_too_short": ("min_length", "at least", "character"),
    "string_too_long": ("max_length", "at most", "character"),
    "too_short": ("min_length", "at least", "item"),
    "too_long": ("max_length", "at most", "item"),
}
_KINDS = dict.fromkeys(("float_parsing", "float_type"), "a number")
_KINDS |= dict.fromkeys(("int_parsing", "int_type", "int_from_float", "int_parsing_size"), "a whole number")
_KINDS |= dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "keys in braces")
_KINDS |= dict.fromkeys(("bool_type", "bool_parsing"), "true or false")
_KINDS |= {"finite_number": "a finite number"}


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


def shown(value: Any) -> str:
    """Return a value as a message shows it: as a rulebook has it, and short.

    >>> shown(None), shown(True), shown("soon"), shown({"min": 0.4, "tags": ["l1"]}), shown([1] * 20)
    ('null', 'true', "'soon'", '{min: 0.4, tags: [l1]}', 'a list of 20')
    """
    if isinstance(value, str):
        return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 3]}...")
    if isinstance(value, Mapping | list | tuple):
        written = _written(value)
        if len(written) <= _LONGEST:
            return written
        return f"a list of {len(value)}" if isinstance(value, list | tuple) else f"a mapping of {len(value)}"
    return _written(value)


def wrong_value(problem: Mapping[str, Any], examples: Sequence[Any] = ()) -> str:
    """Return in words what is wrong with a value, of one of the errors of a `ValidationError`.

    Args:
        problem: The error.
        examples: Values that would be right, for words on one that is of another kind.
    """
    value, kind = problem["input"], problem["type"]
    if isinstance(value, bool) and kind.startswith(("float_", "int_", "less_than", "greater_than")):
        return f"expected a number{_as_in(examples)}, was {shown(value)}"
    # A share of the whole is nothing to count.
    counted = kind.startswith("int_") and isinstance(value, str) and value.rstrip().endswith("%")
    if isinstance(value, str) and kind in _NO_NUMBER and not counted:
        remedy = number_to_write(value) or fraction_to_write(value)
        if remedy is not None:
            text = f"{value!r} is a text" if remedy == value else f"{value} is no number"
            return f"{text}: write {remedy}"
    if kind == "told":
        return str(problem["msg"])
    return f"{_expected(problem, examples)}, was {shown(value)}{_share(problem)}"


def _expected(problem: Mapping[str, Any], examples: Sequence[Any]) -> str:
    """Return what a value should have been."""
    value, kind, bounds = problem["input"], problem["type"], problem.get("ctx") or {}
    if kind in _BOUNDS:
        sign, words = _BOUNDS[kind]
        return f"must be {words} {_written(bounds[sign])}"
    if kind in _LENGTHS:
        sign, words, what = _LENGTHS[kind]
        return f"expected {words} {bounds[sign]} {what}{'' if bounds[sign] == 1 else 's'}"
    if kind in ("tuple_type", "list_type"):
        single = isinstance(value, str | int | float) and not isinstance(value, bool)
        return f"expected a list, also of one: write [{value}]" if single else "expected a list"
    if kind == "literal_error":
        words = bounds["expected"].replace("'", "")
        hint = nearest_hint(value, re.findall("'([^']*)'", bounds["expected"])) if isinstance(value, str) else ""
        return f"must be {words}{hint}"
    if kind == "string_type":
        return f'expected a text: write "{_written(value)}"' if isinstance(value, int | float) else "expected a text"
    if kind.startswith("date_"):
        return "expected a date such as 2015-01-31"
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}{_as_in(examples) if kind in _NO_NUMBER else ''}"
    return str(problem["msg"]).removeprefix("Value error, ")


def _share(problem: Mapping[str, Any]) -> str:
    """Return what to write where a share of 1 seems to be given in percent, '' where it does not."""
    value, bounds = problem["input"], problem.get("ctx") or {}
    kind, most = problem["type"], bounds.get("le", bounds.get("lt"))
    if kind not in ("less_than", "less_than_equal") or most != 1 or not 1 < value <= 100:
        return ""
    share = value / 100
    return f"; write {share:g} for {value:g}%" if share < 1 or kind == "less_than_equal" else ""


def _written(value: Any) -> str:
    """Return a value as YAML has it in a line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value).removesuffix(".0")


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
