"""What the return rules share: the name of their column, and the refusal of levels that are no numbers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from pydantic import ConfigDict, Field, field_validator

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats
from basketry.core.numbers import percent as percent
from basketry.core.time import format_instant
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import ReturnRule

_TAKEN = ("time", "status", "reason", "age", "sources", "version")


class Series(ReturnRule):
    """Base of the return rules.

    Attributes:
        series: Name of the column, written `name` in a methodology file; made of the parameters unless given.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    series: str | None = Field(None, alias="name", pattern=r"^[a-z][a-z0-9_]{0,62}$")

    @field_validator("series")
    @classmethod
    def _free(cls, series: str | None) -> str | None:
        if series in _TAKEN:
            raise MethodologyError(f"{series!r} is a column of its own in the levels table; choose another")
        return series

    def column(self) -> str:
        """Return the given name, or the one that the parameters make."""
        return self.series or self.usual_column()

    def usual_column(self) -> str:
        """Return the name of the column where none is given."""
        raise NotImplementedError


def in_name(value: float) -> str:
    """Return a number as a part of a column name: no sign, the decimal point as p.

    >>> in_name(2.0), in_name(-1.5)
    ('2', '1p5')
    """
    text = format(abs(Decimal(repr(value))), "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", "p")


def in_days(days: float) -> str:
    """Return a number of days in words.

    >>> in_days(1.0), in_days(0.5)
    ('1 day', '0.5 days')
    """
    return f"{days:g} day{'' if days == 1 else 's'}"


def finite(levels: Floats, path: IndexPath, rule: ReturnRule) -> Floats:
    """Return the levels, or raise DataError at the first that is not a finite number."""
    wrong = ~np.isfinite(levels)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{rule.column()} is {levels[row]} at {format_instant(path.times[row])}: the price return, a "
            "rate or a yield is out of all range there; find it with: basketry data check"
        )
    return levels
