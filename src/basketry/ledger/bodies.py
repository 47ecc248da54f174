"""What lines of a record say, by kind, their form checked strictly."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import to_instant
from basketry.ledger.record import Entry


class Body(BaseModel):
    """What a line of a record says, its form checked strictly."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PublishedBody(Body):
    """A publication.

    Attributes:
        through: The last instant that was published.
        approver: Who answers for it.
        known_by: The instant up to which the data were known.
        inputs: Digest of the observations after the publication before it.
        software: The version of basketry that made it; None in records of old.
    """

    through: str
    approver: str
    inputs: str
    known_by: str | None = None
    software: str | None = None


class Error(Body):
    """An error in a published figure: when, in which series or of which asset, and how large.

    A figure that is missing is null, and so is its relative error.
    """

    time: str
    column: str
    published: float | None
    corrected: float | None
    relative_error: float | None


class Errors(Body):
    """Errors in published levels: at how many instants, the first and the largest, and compositions that differ."""

    levels: int
    compositions: int
    first: Error | None
    largest: Error | None


class RestatementBody(Body):
    """A correction, or the admission that a published figure stands although it was wrong.

    Attributes:
        after: The last instant whose figures stand; null where none does. What was said of later ones is taken back
            and said again by the lines that follow.
        through: The last instant published before.
        level: The price return published at `after`, from which the index goes on.
        known_by: The instant up to which the data were known.
        cause: `data`, or `software` where another version of the program gives other figures from the same data.
        reason, approver: Why, and who answers for it.
        rule: By which it was judged, in words.
        restated, kept: The errors that are corrected, and those that stand and are not in an entry before.
    """

    after: str | None
    through: str
    level: float | None
    known_by: str | None
    cause: Literal["data", "software"]
    reason: str
    approver: str
    rule: str
    restated: Errors
    kept: Errors


class ReleasedBody(Body):
    """Somebody answers for a step that the gate held back: its instant, what moved, why it is right."""

    time: str
    found: str
    reason: str
    approver: str


class RulesBody(Body):
    """A rulebook: digest, name, symbol, and the number of versions and overrides (null where it has no such key)."""

    digest: str
    name: str
    symbol: str
    versions: int | None
    overrides: int | None


class AmendedBody(Body):
    """A change of rules that was announced.

    Attributes:
        effective: The instant from which on it holds.
        before, rules: The rulebook before and with it.
        reason, approver: Why, and who answers for it.
    """

    effective: str
    before: RulesBody
    rules: RulesBody
    reason: str
    approver: str


class EndedBody(Body):
    """The end of an index: the last instant at which a level is published, why, and who answers for it."""

    last: str
    reason: str
    approver: str


class TakenBody(Body):
    """What a withdrawal takes out of a rulebook: its last versions and overrides, and the name that it would have had.

    What it does not take is null.
    """

    name: str | None
    symbol: str | None
    versions: list[dict[str, Any]] | None
    overrides: list[dict[str, Any]] | None


class WithdrawnBody(Body):
    """An announced change of rules, or end, that is taken back before it takes effect.

    Attributes:
        entry: The number of the line that is taken back.
        taken: What leaves the rulebook; null for an end.
        reason, approver: Why, and who answers for it.
    """

    entry: int
    taken: TakenBody | None
    reason: str
    approver: str


@cache
def moment(text: str) -> np.datetime64:
    """Return the instant that a text of a record names."""
    try:
        return to_instant(text)
    except MethodologyError as error:
        raise RecordError(str(error)) from error


_Kind = TypeVar("_Kind", bound=Body)


def body_of(kind: type[_Kind], entry: Entry, place: str) -> _Kind:
    """Return what a line says, or raise RecordError where it is not of the form of its kind."""
    try:
        return kind.model_validate(dict(entry.body))
    except ValidationError as error:
        first = error.errors()[0]
        raise RecordError(f"{place}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
