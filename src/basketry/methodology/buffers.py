"""Buffers: what makes membership sticky, by rank or by the size of a figure."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Bools, Floats, percent
from basketry.methodology.ranking import Ranks

_ROUNDING = 1 + 1e-12
"""What exceeds by a share up to rounding does not exceed by more."""


class Buffer(BaseModel):
    """Ranks that make membership sticky.

    Attributes:
        enter: An asset of this rank or better is in.
        leave: A member of this rank or better stays, as long as there is room.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)
    formula: ClassVar[str] = "rank ≤ enter; then members with rank ≤ leave; then by rank"
    source: ClassVar[str] = "Coin Metrics, CMBI Multi-Asset Series"

    enter: int = Field(ge=1)
    leave: int = Field(ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Buffer:
        if self.enter > self.leave:
            raise MethodologyError(f"enter {self.enter} must not be above leave {self.leave}")
        return self

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"An asset ranked {self.enter} or better is in; then members ranked {self.leave} or "
            "better stay; then the best of the rest fill the number."
        )


class Exceed(BaseModel):
    """How much better a challenger must be than a member to take its place.

    Attributes:
        exceed: The figure of the challenger must be above that of the member by more than this share. In ascending
            order that of the member must be above that of the challenger.

    >>> Exceed(exceed=0.05).words()
    "An asset takes a member's place only if its figure exceeds that of the member by more than 5%."
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)
    formula: ClassVar[str] = "rank by m_i · (1 + exceed) for members, by m_i for others"
    source: ClassVar[str] = "Bitwise Crypto Asset Index Methodology (2024): 5%"

    exceed: float = Field(gt=0, le=1)

    def words(self, *, descending: bool = True) -> str:
        """Return the rule as a sentence."""
        how = "exceeds that of the member" if descending else "is exceeded by that of the member"
        return f"An asset takes a member's place only if its figure {how} by more than {percent(self.exceed)}%."


def select_with_buffer(ranked: Ranks, members: Bools, wanted: int, enter: int, leave: int) -> Ranks:
    """Return the columns chosen: ranks up to `enter`, then members up to `leave`, then the best of the rest.

    Args:
        ranked: Columns of the eligible assets, best first.
        members: Who is a member now, shape (N,).
        wanted: Number wanted.
        enter: Ranks up to this are in.
        leave: Members with ranks up to this stay as long as there is room.

    The CMBI 10 takes ranks up to 8, then members up to 12 (Coin Metrics, CMBI Multi-Asset Series methodology):

    >>> ranked = np.arange(13)
    >>> members = np.isin(ranked, [0, 1, 2, 3, 4, 5, 6, 7, 10, 11])
    >>> (select_with_buffer(ranked, members, 10, 8, 12) + 1).tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 11, 12]
    """
    sure = min(enter, wanted)
    stays = members[ranked]
    stays[leave:] = False
    stays[:sure] = False
    others = ~stays
    others[:sure] = False
    # One order over three classes: the sure first, then those who stay, then the others, each by rank.
    return np.concatenate([ranked[:sure], ranked[stays], ranked[others]])[:wanted]


def select_with_exceed(
    ranked: Ranks, figures: Floats, members: Bools, wanted: int, exceed: float, *, descending: bool = True
) -> Ranks:
    """Return the columns chosen where who is no member must exceed a member by more than a share to take its place.

    They are the best when the figure of a member counts (1 + x) times; of equal ones the member comes first. So
    nobody outside exceeds a member inside by more than x, and who is inside and no member exceeds every member outside
    by more than x.

    Args:
        ranked: Columns of the eligible assets, best first.
        figures: What they are ranked by, in the same order, none negative, shape (n,).
        members: Who is a member now, shape (N,).
        wanted: Number wanted.
        exceed: The share x.
        descending: Whether the largest comes first. In ascending order the figures of the others count (1 + x) times.

    104 does not exceed 100 by more than 5%, 106 does:

    >>> member = np.array([False, True])
    >>> select_with_exceed(np.arange(2), np.array([104.0, 100.0]), member, 1, 0.05).tolist()
    [1]
    >>> select_with_exceed(np.arange(2), np.array([106.0, 100.0]), member, 1, 0.05).tolist()
    [0]
    """
    held = members[ranked]
    lifted = held if descending else ~held
    keys = np.where(lifted, figures * (1 + exceed), figures)
    # What differs by rounding only counts as equal, in favour of the member.
    keys = np.where(held, keys * _ROUNDING if descending else keys / _ROUNDING, keys)
    order = np.lexsort((~held, -keys if descending else keys))
    return ranked[order[:wanted]]
