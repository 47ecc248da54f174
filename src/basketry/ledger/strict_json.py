"""JSON from an untrusted hand: read strictly, and objects with exactly the fields that are due, each of its type."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from basketry.core.errors import RecordError

SIZE_MAX = 4096


def read_small(path: Path, what: str, size_max: int = SIZE_MAX) -> str:
    """Return the text of a small file.

    Args:
        path: The file.
        what: What it should be, for messages.
        size_max: The most bytes that it may have.

    Raises:
        RecordError: It cannot be read, is not UTF-8, or is longer.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(size_max + 1)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(raw) > size_max:
        raise RecordError(f"{path}: not {what}: it is longer than {size_max} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not {what}: it is no UTF-8 text") from error


def strict_object(text: str, fields: Mapping[str, type], where: str, what: str) -> dict[str, Any]:
    """Return the one JSON object in a text, its fields checked.

    Args:
        text: The text.
        fields: The name and type of each field; all are due, and a bool is no int.
        where: The file, for messages.
        what: What it should be, for messages, such as "a key file".

    Raises:
        RecordError: It is no JSON, says a field twice, has NaN or infinity, or other fields or types than these.

    >>> strict_object('{"n": 1}', {"n": int}, "a.json", "a number")
    {'n': 1}
    >>> strict_object('{"n": 1, "n": 2}', {"n": int}, "a.json", "a number")
    Traceback (most recent call last):
    basketry.core.errors.RecordError: a.json: not a number: the field 'n' is there twice
    """
    try:
        value = _parsed(text)
        checked_fields(value, fields)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where}: not {what}: {error}") from error
    found: dict[str, Any] = value
    return found


def strict_value(text: str, where: str, what: str) -> Any:
    """Return the value of a JSON text that can be written again as it was read.

    Args:
        text: The text.
        where: The file, for messages.
        what: What it should be, for messages.

    Raises:
        RecordError: It is no JSON, is nested too deep, says a field twice, has NaN, a number beyond those of a float,
            or half of a surrogate pair.

    >>> strict_value('{"n": [1e999]}', "a.json", "a number")
    Traceback (most recent call last):
    basketry.core.errors.RecordError: a.json: not a number: 1e999 is no number
    """
    try:
        value = _parsed(text)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise RecordError(f"{where}: not {what}: a text holds half of a surrogate pair") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where}: not {what}: {error}") from error
    return value


def _parsed(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite)


def checked_fields(value: Any, fields: Mapping[str, type]) -> None:
    """Refuse a value that is not a mapping with exactly these fields of these types.

    Raises:
        ValueError: It is not; the message names the first field that is wrong.
    """
    if not isinstance(value, Mapping):
        raise ValueError("it is not an object with fields")
    for name in value:
        if name not in fields:
            raise ValueError(f"there is no field {name!r}")
    for name, kind in fields.items():
        if name not in value:
            raise ValueError(f"the field {name!r} is missing")
        if type(value[name]) is not kind:
            raise ValueError(f"the field {name!r} has the wrong type")


def is_hex(text: str, length: int) -> bool:
    """Return whether a text is this many bytes as lower-case hex digits.

    >>> is_hex("00ff", 2), is_hex("00FF", 2), is_hex("00f", 2)
    (True, False, False)
    """
    return len(text) == 2 * length and not set(text) - set("0123456789abcdef")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the field {name!r} is there twice")
        found[name] = value
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is no number")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
