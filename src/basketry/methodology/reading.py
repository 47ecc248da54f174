"""A part of a methodology file read into its model, with the place of what is wrong at the head of the message.

Parts are tried one after the other, so that the faults of all are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from basketry.core.errors import BasketryError, MethodologyError
from basketry.core.refusals import path_of, read_model
from basketry.core.wrong_values import shown, wrong_value

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
        raise MethodologyError.together(
            [MethodologyError(f"{path_of(place, part['loc'])}: {wrong_value(dict(part))}") for part in error.errors()]
        ) from error
    except MethodologyError as error:
        raise error.retold(lambda words: _placed(words, place)) from error
    except BasketryError as error:
        raise type(error)(_placed(str(error), place)) from error


def _placed(words: str, place: str) -> str:
    return f"{place}: {words}" if place and not words.startswith(place) else words


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
        raise MethodologyError(f"{place}: expected keys in braces, was {shown(value)}")
    return at(place, lambda: read_model(model, value, place))
