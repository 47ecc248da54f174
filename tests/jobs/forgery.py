"""What a forgery of a signed index is, and all that are entered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.jobs.forged import Forged, Line

Change = Callable[[Forged], None]


@dataclass(frozen=True)
class Forgery:
    """A forgery.

    Attributes:
        name: What is done.
        change: Doing it.
        refused_by: Name of a check that refuses it though the forger signed with a key of their own; '' where nothing
            but the key or a kept head does.
        recorded: Whether it changes the record, so that the publisher's head fits it no more.
    """

    name: str
    change: Change
    refused_by: str
    recorded: bool = True


FORGERIES: list[Forgery] = []


def forgery(refused_by: str, *, recorded: bool = True) -> Callable[[Change], Change]:
    """Enter a function among the forgeries, under its own name."""

    def enter(change: Change) -> Change:
        FORGERIES.append(Forgery(change.__name__.replace("_", " "), change, refused_by, recorded))
        return change

    return enter


def swap(line: Line, **values: Any) -> None:
    """Put other values into the body of a line."""
    line.body |= values
