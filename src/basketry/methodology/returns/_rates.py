"""Interest and exchange rates along a path."""

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.core.time import format_instant
from basketry.core.wrong_values import fraction_to_write
from basketry.methodology.path import IndexPath, Known
from basketry.methodology.returns._series import percent

_FORMS = "a rate is a fraction a year from -1 to 10, as 0.05 for 5%, or the name of a rate of the data"


def _source(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Return a rate as read; a figure in a text is the name of none."""
    if isinstance(value, str):
        figure = fraction_to_write(value)
        if figure is not None:
            raise ValueError(f"{_FORMS}: write {figure}")
    try:
        return read("" if isinstance(value, str) and not value.strip() else value)
    except ValidationError as error:
        # The errors of a choice name its branches, which are no part of a file.
        raise ValueError(_FORMS) from error


RateSource = Annotated[
    Annotated[float, Field(strict=True, ge=-1, le=10)] | Annotated[str, Field(min_length=1)], WrapValidator(_source)
]
"""The name of a rate in the data, or one rate for all time; a fraction a year (0.05 is 5%)."""


def known_rate(path: IndexPath, rate: str | float) -> Floats:
    """Return the rate known at each instant of a path, in its own unit, shape (T,); see `rate_at`."""
    return rate_at(path.known, path.times, rate)


def rate_at(known: Known, times: NDArray[np.datetime64], rate: str | float) -> Floats:
    """Return a rate as known at each of some instants, in its own unit, shape (T,).

    Raises:
        DataError: The data hold no such rate, or none yet at the start.
    """
    if isinstance(rate, float | int):
        return np.full(len(times), float(rate))
    values = known.rate(rate)
    unknown = ~np.isfinite(values)
    if unknown.any():
        first = times[int(unknown.argmax())]
        raise DataError(
            f"the rate {rate} is not known at {format_instant(first)}; import it for the whole history with: "
            "basketry data import FILE --table rates, or start the index later"
        )
    return values


def reads_of(rate: str | float | None) -> Reads:
    """Return that a rate of interest of the data is read by its name; nothing for a fixed one, or none.

    >>> reads_of("USD_OVERNIGHT").rates, reads_of(0.05).rates, reads_of(None).rates
    (('USD_OVERNIGHT',), (), ())
    """
    names = (rate,) if isinstance(rate, str) else ()
    return Reads(rates=names, interest=names)


def doubt_of(rate: str | float | None) -> str | None:
    """Return that a stated rate is above 100% a year, None where it is not.

    >>> doubt_of(4.5)
    'a rate of 4.5 is 450% a year; write 0.045 where 4.5% is meant'
    >>> doubt_of(1), doubt_of("USD_OVERNIGHT"), doubt_of(None)
    (None, None, None)
    """
    if not isinstance(rate, float | int) or rate <= 1:
        return None
    return f"a rate of {rate:g} is {percent(rate)}% a year; write {rate / 100:g} where {rate:g}% is meant"


def rate_in_words(rate: str | float) -> str:
    """Return a rate as a part of a sentence.

    >>> rate_in_words(0.05), rate_in_words("USD_OVERNIGHT")
    ('5% a year', 'the rate USD_OVERNIGHT')
    """
    return f"the rate {rate}" if isinstance(rate, str) else f"{percent(rate)}% a year"
