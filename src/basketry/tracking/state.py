"""What the compiled simulation reads and keeps: the market, the terms of the portfolio, its books and its log."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats

LEVEL, VALUE, CASH, LINEAR, IMPACT, GAS, BOUGHT, SOLD, COUNT, FEE, YIELD, LOTS = range(12)
"""Columns of the log."""
COLUMNS = 12


class Market(NamedTuple):
    """What is traded, instant by instant: arrays of shape (T, N) unless said."""

    marks: Floats
    tradable: Bools
    aims: Floats
    yields: Floats
    linear: Floats
    impact: Floats
    largest: Floats
    returns: Floats
    """Returns into each row, unknown ones those of the index, from the past on, shape (K + T, N)."""
    unknown: Floats
    """1 where a return is unknown, shape (K + T, N)."""
    days: Floats
    """Shape (T,)."""
    lots: Floats
    """Shape (N,)."""


class Terms(NamedTuple):
    """What the portfolio is: money in quote currency, fractions plain."""

    flows: Floats
    value: float
    fee: float
    buffer: float
    gas: float
    minimum: float
    invested: bool


class Books(NamedTuple):
    """What is held and what is being decided, one entry an asset, shape (N,)."""

    units: Floats
    held: Floats
    """Value before trading, quote currency."""
    before: Floats
    """Weights before trading."""
    weights: Floats
    """Weights wanted."""
    goal: Floats
    """Weights aimed at, given what cannot be traded."""
    tradable: Bools
    amounts: Floats
    """Orders, quote currency, purchases positive."""
    intended: Floats
    """Orders before rounding to lots."""
    owed: Floats
    """Units that rounding to lots has added."""
    rested: NDArray[np.int64]
    """Row of the last trade."""
