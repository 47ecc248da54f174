"""What a dump format is: where its columns stand, what they mean, and in which units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

TimeUnit = Literal["s", "ms", "us", "ms-or-us", "iso", "any"]
"""Unit of times: seconds (with a fraction), milliseconds, microseconds, or an ISO 8601 text.

`ms-or-us` tells milliseconds from microseconds by their size; `any` also knows seconds, nanoseconds and ISO 8601.
"""

SKIP = "_"
"""A position whose column is not read."""

TAKER: Mapping[str, str | None] = {"buy": "buy", "sell": "sell"}
"""The file says the taker's side."""

BUYER_IS_MAKER: Mapping[str, str | None] = {"true": "sell", "false": "buy"}
"""The file says whether the buyer was the maker: then the taker sold."""


@dataclass(frozen=True)
class DumpFormat:
    """How the rows of a file become rows of a tick table.

    Attributes:
        name: The word for the format.
        table: trades, quotes, depth or bars.
        summary: What the files are, in a sentence.
        source: Where the publisher documents the format.
        layouts: Roles of the columns by position, one layout for each number of columns that occurs; a file
            without header must have one of them. No layouts: the file must have a header.
        header: Role by name of the column, in lower case, of files with a header.
        optional: Roles that a file may lack.
        time_unit: Unit of `time` and `received_at`.
        sides: The taker's side by what the file says, in lower case; None where the venue did not say.
        venue: Id of the venue, where the file does not say it.
        venue_names: Id of the venue by the file's own code for it.
        symbol_in_name: Pattern whose first group is the symbol in the name of the file.
    """

    name: str
    table: str
    summary: str
    source: str
    header: Mapping[str, str]
    layouts: tuple[tuple[str, ...], ...] = ()
    optional: frozenset[str] = frozenset()
    time_unit: TimeUnit = "us"
    sides: Mapping[str, str | None] = field(default_factory=lambda: TAKER)
    venue: str | None = None
    venue_names: Mapping[str, str] = field(default_factory=dict)
    symbol_in_name: str = ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that a file of this format can have, in order."""
        found = [role for layout in self.layouts for role in layout if role != SKIP] + list(self.header.values())
        return tuple(dict.fromkeys(found))
