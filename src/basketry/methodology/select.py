"""The section `select:` of a rulebook: rank the eligible, want a number of them, and be slow to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.metrics import metric
from basketry.methodology.selection import SELECTION, SelectionRule
from basketry.methodology.selection.all import All

Ranks = NDArray[np.int64]


class Buffer(BaseModel):
    """Ranks that make membership sticky.

    Attributes:
        enter: An asset of this rank or better is in.
        leave: A member of this rank or better stays, as long as there is room.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enter: int = Field(ge=1)
    leave: int = Field(ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Buffer:
        if self.enter > self.leave:
            raise MethodologyError(f"buffer: enter {self.enter} must not be above leave {self.leave}")
        return self


@dataclass(frozen=True, eq=False)
class Choice:
    """Who was chosen, and why.

    Attributes:
        chosen: Shape (N,).
        ranked: Columns of those ranked, best first.
        metric: The figure ranked by, shape (N,).
        wanted: Number wanted.
        members: Who was a member before, shape (N,).
        buffer: The buffer in force.
    """

    chosen: Bools
    ranked: Ranks
    metric: Floats
    wanted: int
    members: Bools
    buffer: Buffer | None

    @cached_property
    def ranks(self) -> Ranks:
        """Rank of each asset among the eligible, 1 is best, 0 where not ranked, shape (N,)."""
        ranks = np.zeros(len(self.chosen), dtype=np.int64)
        ranks[self.ranked] = np.arange(1, len(self.ranked) + 1)
        return ranks

    def reasons(self, column: int) -> str | None:
        """Return in words why an asset was chosen or not; None where it was not eligible."""
        rank = int(self.ranks[column])
        if rank == 0:
            return None if np.isfinite(self.metric[column]) else "out: the figure ranked by is unknown"
        verdict = "in" if self.chosen[column] else "out"
        words = f"{verdict}: rank {rank} of {int((self.ranks > 0).sum())}, {self.wanted} wanted"
        if self.buffer is None:
            return words
        member = bool(self.members[column])
        if rank <= self.buffer.enter:
            return f"{words}; enters up to rank {self.buffer.enter}"
        if member and rank <= self.buffer.leave:
            return f"{words}; a member stays up to rank {self.buffer.leave}"
        return f"{words}; {'a member' if member else 'not a member'}, buffer {self.buffer.enter}/{self.buffer.leave}"


class Selection(BaseModel):
    """Which of the eligible assets are in.

    Attributes:
        by: Figure to rank by: a field, a named metric, or a derived figure such as return_90d. Where all are taken and
            it is not stated, the price ranks in data without capitalisations.
        order: Largest first (descending) or smallest first.
        buffer: Ranks to enter and to leave.
        min_count: At least so many are wanted, as far as there are eligible assets.
        max_count: At most so many.
        method: How many are wanted: the rule beside these keys, such as top: 20.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    by: str = Field("market_cap", min_length=1)
    order: Literal["descending", "ascending"] = "descending"
    buffer: Buffer | None = None
    min_count: int | None = Field(None, ge=1)
    max_count: int | None = Field(None, ge=1)
    method: SelectionRule

    @model_validator(mode="after")
    def _consistent(self) -> Selection:
        if self.min_count is not None and self.max_count is not None and self.min_count > self.max_count:
            raise MethodologyError(f"min_count {self.min_count} is above max_count {self.max_count}")
        top = getattr(self.method, "number", None)
        if self.buffer is not None and isinstance(top, int) and not self.buffer.enter <= top <= self.buffer.leave:
            raise MethodologyError(
                f"buffer: {top} must lie between enter {self.buffer.enter} and leave {self.buffer.leave}"
            )
        return self

    @staticmethod
    def parse(value: Any) -> Selection:
        """Return the section of a mapping such as {by: market_cap, top: 20, buffer: {enter: 18, leave: 24}}.

        Raises:
            MethodologyError: No selection rule or more than one, an unknown key, a wrong parameter.
        """
        if not isinstance(value, Mapping):
            raise MethodologyError("expected keys in braces, as in {by: market_cap, top: 20}")
        common = [name for name in Selection.model_fields if name != "method"]
        own = {key: entry for key, entry in value.items() if key in common}
        rest = [key for key in value if key not in common]
        for key in rest:
            if key not in SELECTION.rules:
                known = [*common, *SELECTION.rules]
                raise MethodologyError(f"unknown key {key!r}{nearest_hint(key, known)}; keys: {', '.join(known)}")
        if len(rest) != 1:
            raise MethodologyError(f"needs exactly one of {', '.join(SELECTION.rules)}, was {rest or 'none'}")
        method = SELECTION.build(rest[0], value[rest[0]])
        try:
            return Selection(**own, method=method)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            raise MethodologyError(f"{place}: {message}" if place else message) from error

    @property
    def any_order(self) -> bool:
        """Whether all are taken and nothing to rank by is stated, so that data need no capitalisation."""
        return isinstance(self.method, All) and self.max_count is None and "by" not in self.model_fields_set

    @property
    def reads(self) -> Reads:
        """The figure to rank by; what the rule of the number reads it says itself."""
        return Reads(optional=(self.by,)) if self.any_order else Reads(figures=(self.by,))

    def figure(self, view: Panel) -> str:
        """Return the name of the figure that ranks on some data."""
        return "price" if self.any_order and self.by not in view.fields else self.by

    def ranked(self, view: Panel, eligible: Bools) -> Ranks:
        """Return the columns of the eligible assets with a figure to rank by, best first.

        Args:
            view: The panel as of the determination.
            eligible: Who may be chosen, shape (N,).
        """

        def order() -> Ranks:
            return rank(metric(view, by), np.ones(len(view.assets), dtype=bool), descending=descending)

        # The order among some is that among all.
        by, descending = self.figure(view), self.order == "descending"
        everybody: Ranks = view.remember(("order", by, descending), order)
        return everybody[eligible[everybody]]

    def choose(self, view: Panel, eligible: Bools, members: Bools) -> Choice:
        """Return who is chosen at the last instant of a panel.

        Args:
            view: The panel as of the determination.
            eligible: Who may be chosen, shape (N,).
            members: Who is a member now, shape (N,).
        """
        return self.choose_from(view, self.ranked(view, eligible), members)

    def choose_from(self, view: Panel, ranked: Ranks, members: Bools) -> Choice:
        """Return who is chosen of those who are ranked already, best first."""
        figures = metric(view, self.figure(view))
        wanted = self.method.wanted(view, ranked, figures[ranked], descending=self.order == "descending")
        wanted = max(wanted, self.min_count or 0)
        wanted = min(wanted, self.max_count or len(ranked), len(ranked))
        chosen = np.zeros(len(view.assets), dtype=bool)
        if self.buffer is None:
            chosen[ranked[:wanted]] = True
        else:
            chosen[select_with_buffer(ranked, members, wanted, self.buffer.enter, self.buffer.leave)] = True
        return Choice(chosen, ranked, figures, wanted, members, self.buffer)

    def words(self) -> str:
        """Return the section in sentences."""
        first = "largest" if self.order == "descending" else "smallest"
        by = self.by.replace("_", " ")
        if self.any_order:
            by += ", or by price in data without it"
        words = f"Eligible assets are ranked by {by}, {first} first. {self.method.words()}"
        if self.buffer is not None:
            words += (
                f" An asset ranked {self.buffer.enter} or better is in; then members ranked {self.buffer.leave} or "
                "better stay; then the best of the rest fill the number."
            )
        if self.min_count is not None:
            words += f" At least {self.min_count} assets are taken."
        if self.max_count is not None:
            words += f" At most {self.max_count} assets are taken."
        return words


def rank(figures: Floats, eligible: Bools, *, descending: bool = True) -> Ranks:
    """Return the columns of the eligible assets, best first; ties go to the lower column, unknown figures to nobody.

    >>> rank(np.array([1.0, 3.0, np.nan, 3.0]), np.array([True, True, True, True])).tolist()
    [1, 3, 0]
    """
    columns = np.flatnonzero(eligible & ~np.isnan(figures))
    keys = -figures[columns] if descending else figures[columns]
    # The default sort is several times as fast; only ties need the stable one.
    order = np.argsort(keys)
    ordered = keys[order]
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(keys, kind="stable")
    return columns[order]


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
