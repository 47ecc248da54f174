"""A part of a methodology file read into its model, with the place of what is wrong at the head of the message.

Parts are tried one after the other, so that the faults of all are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from basketry.core.errors import BasketryError, MethodologyError, nearest_hint
from basketry.core.wrong_values import flagged_number, wrong_value

T = TypeVar("T")
S = TypeVar("S", bound=Any)


def at(place: str, parse: Callable[[], T]) -> T:
    """Return what `parse` gives; an error that it raises is told with the place before it.

    Raises:
        BasketryError: As raised, with the place.
    """
    try:
        return parse()
    except ValidationError as error:
        raise MethodologyError(f"{place}.{_first(error)}") from error
    except BasketryError as error:
        message = str(error)
        if place and not message.startswith(place):
            message = f"{place}: {message}"
        raise type(error)(message) from error


def every(parses: Iterable[Callable[[], T]]) -> tuple[T, ...]:
    """Return what each of several gives.

    Raises:
        MethodologyError: One or more are wrong; it tells all of them.
    """
    found: list[T] = []
    faults: list[MethodologyError] = []
    for parse in parses:
        try:
            found.append(parse())
        except MethodologyError as error:
            faults.append(error)
    if faults:
        raise MethodologyError.together(faults)
    return tuple(found)


class Attempt:
    """Parts read by name, and checks between those that are right; what is wrong is kept until all are tried.

    >>> attempt = Attempt()
    >>> attempt.read("top", lambda: 20)
    >>> attempt.check(("top", "cap"), lambda top, cap: None)
    >>> attempt.values()
    {'top': 20}
    """

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._faults: list[MethodologyError] = []

    def read(self, name: str, parse: Callable[[], Any]) -> None:
        """Keep what `parse` gives under a name, or its fault."""
        try:
            self._values[name] = parse()
        except MethodologyError as error:
            self._faults.append(error)

    def check(self, names: tuple[str, ...], judge: Callable[..., None]) -> None:
        """Call `judge` with parts where all of them were read, and keep its fault."""
        if all(name in self._values for name in names):
            try:
                judge(*(self._values[name] for name in names))
            except MethodologyError as error:
                self._faults.append(error)

    def values(self) -> dict[str, Any]:
        """Return the parts by name.

        Raises:
            MethodologyError: Something was wrong; it tells all of it.
        """
        if self._faults:
            raise MethodologyError.together(self._faults)
        return self._values


def section(model: type[S], value: Any, place: str) -> S:
    """Return the model of a mapping of its keys.

    Raises:
        MethodologyError: No mapping, an unknown or missing key, a wrong value; the message starts with its place.
    """
    if not isinstance(value, Mapping):
        raise MethodologyError(f"{place}: expected keys in braces, was {value!r}")

    def parse() -> S:
        try:
            found = model.model_validate(dict(value))
        except ValidationError as error:
            problem = error.errors()[0]
            path = ".".join([place, *(str(part) for part in problem["loc"])])
            if problem["type"] == "extra_forbidden":
                known = [field.alias or name for name, field in model.model_fields.items()]
                key = str(problem["loc"][-1])
                hint = nearest_hint(key, known)
                if key in ("True", "False"):
                    hint = f" (readers of YAML 1.1 make {key} of on, off, yes or no: quote it, or use Methodology.load)"
                raise MethodologyError(f"{path}: unknown key{hint}; keys: {', '.join(known)}") from error
            if problem["type"] == "missing":
                raise MethodologyError(f"{path}: this key is required") from error
            raise MethodologyError(f"{path}: {wrong_value(problem)}") from error
        flagged = flagged_number(found, value)
        if flagged is not None:
            path = ".".join([place, *(str(part) for part in flagged["loc"])])
            raise MethodologyError(f"{path}: {wrong_value(flagged)}")
        return found

    return at(place, parse)


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
