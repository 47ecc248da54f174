"""Rates of interest of the data that look like percentages where a rule uses them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import percent
from basketry.core.rule import Reads
from basketry.core.time import format_instant
from basketry.market.panel import Panel
from basketry.methodology.path import PanelKnown


def large_rates(reads: Reads, panel: Panel, times: NDArray[np.datetime64]) -> Iterator[tuple[str, str]]:
    """Give each rate of interest that is above 1 (100% a year) where it is used, with words.

    Rates that the data do not hold are told elsewhere.

    Args:
        reads: What the rule reads.
        panel: The market.
        times: Instants in a row for which the rule is asked; the rate of a step is that of the instant before.
    """
    for name in reads.interest:
        try:
            values = PanelKnown(panel, times[:-1]).rate(name)
        except DataError:
            continue
        above = np.flatnonzero(values > 1)
        if len(above):
            first = int(above[0])
            value, more = float(values[first]), len(above) - 1
            beside = f" (and above 1 at {more} more)" if more else ""
            words = (
                f"the rate {name} is {value:g} at {format_instant(times[first])}{beside}, which is {percent(value)}% a "
                f"year; rates of the data are fractions a year: import {value / 100:g} where {value:g}% is meant"
            )
            yield name, words
