"""What assets are ranked by, `by:` in the section `select:`: a figure, one over a window, or a mean of ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Bools, Floats, added
from basketry.core.rule import Duration
from basketry.core.time import format_duration
from basketry.core.wrong_values import shown
from basketry.market.panel import Panel
from basketry.methodology.metrics import DERIVED, metric, smoothed
from basketry.methodology.reading import every, section

Ranks = NDArray[np.int64]

WINDOW = timedelta(days=90)
"""Observations that count in a smoothed figure unless given, as in the weighting rule smoothed_market_cap."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """An order of assets.

    Attributes:
        columns: Columns of those ranked, best first.
        figures: What they are ranked by, shape (N,); NaN where it is unknown.
        parts: Of a mean rank, the rank by each figure, shape (N,), NaN for those who are not ranked; else nothing.
    """

    columns: Ranks
    figures: Floats
    parts: tuple[Floats, ...] = ()


class Figure(BaseModel):
    """One figure of each asset: the latest, a statistic over a window, or an exponentially weighted mean.

    Attributes:
        metric: A field or metric of the data, or without a window a derived figure such as return_90d.
        window: Observations that count, those of (now - window, now]; unknown ones are left out. 90d with `half_life`.
        statistic: Of what is in the window; median unless given.
        half_life: Age at which an observation counts half: the exponentially weighted mean over the window.

    >>> Figure(metric="market_cap", window="90d", statistic="mean").words()
    'the mean of market cap over 90d'
    >>> Figure(metric="market_cap", half_life="15d").words()
    'market cap smoothed with a half-life of 15d over 90d'
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    metric: str = Field(min_length=1)
    window: Duration | None = None
    statistic: Literal["median", "mean", "minimum", "maximum"] | None = None
    half_life: Duration | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Figure:
        if self.statistic is not None and self.half_life is not None:
            raise MethodologyError(
                f"statistic {self.statistic} and half_life are two ways to sum up a window: write one of them"
            )
        if self.statistic is not None and self.window is None:
            raise MethodologyError(f"a {self.statistic} needs a window, as in window: 90d")
        for name in ("window", "half_life"):
            if getattr(self, name) == timedelta(0):
                raise MethodologyError(f"a {name} must be longer than nothing, as in {name}: 90d")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema of a name or a mapping."""
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}

    @property
    def of_window(self) -> bool:
        """Whether it is made of more than the latest observation."""
        return self.window is not None or self.half_life is not None

    @property
    def may_be_negative(self) -> bool:
        """Whether its name says that it may be below zero."""
        return self.metric.startswith("return_") and not self.of_window

    def entry(self) -> Any:
        """Return it as in a methodology file."""
        stated = self.model_dump(mode="json", exclude_none=True)
        return stated if self.of_window else self.metric

    def __str__(self) -> str:
        return str(self.entry())

    def figures(self, view: Panel) -> Floats:
        """Return the figure of each asset, shape (N,); NaN where it is unknown.

        Where the guard corrected the latest observation, those of the window are not believed either: the corrected
        one counts.

        Raises:
            DataError: The data do not hold the metric.
        """
        if not self.of_window:
            return metric(view, self.metric)
        if self.metric not in view.fields and self.metric in DERIVED:
            raise DataError(
                f"{self.metric} is derived and has no history to take a window of: rank by {self.metric} itself, "
                f"or take a window of one of {', '.join(sorted(view.fields))}"
            )
        found = self._observed(view.observed)
        if self.metric in view.corrections:
            believed, seen = view.latest(self.metric), view.observed.latest(self.metric)
            found = np.where((believed == seen) | np.isnan(believed), found, believed)
        return found

    def _observed(self, view: Panel) -> Floats:
        if self.half_life is None:
            return view.statistic(self.metric, self.statistic or "median", self.window or WINDOW)
        half_life, window = self.half_life, self.window or WINDOW
        found: Floats = view.remember(
            ("smoothed", self.metric, half_life, window), lambda: smoothed(view, self.metric, half_life, window)
        )
        return found

    def ranked(self, view: Panel, standing: Bools, *, descending: bool = True) -> Ranking:
        """Return those who stand and have the figure, best first; ties by id."""
        figures = self.figures(view)
        # The order among some is that among all, which is asked for once.
        everybody: Ranks = view.remember(
            ("order", self, descending), lambda: rank(figures, np.ones(len(figures), dtype=bool), descending=descending)
        )
        return Ranking(everybody[standing[everybody]], figures)

    def unknown(self, view: Panel, column: int) -> str:
        """Return in words what keeps an asset without a rank."""
        del view, column
        return f"{self.words()} is unknown" if self.of_window else "the figure ranked by is unknown"

    @property
    def source(self) -> str:
        """Who ranks so, '' for a plain figure."""
        if self.half_life is not None:
            return "Rivin and Scevola (2018), The CCI30 Index, arXiv 1804.06711: 30 by smoothed capitalisation"
        return "Usual; steadier than the figure of one day" if self.of_window else ""

    @property
    def formula(self) -> str:
        """How it is made, '' for a plain figure."""
        if self.half_life is not None:
            return "x_i = Σ_s 2^(-s/h) x_i,t-s / Σ_s 2^(-s/h)"
        return f"x_i = {self.statistic or 'median'}(x_is over window)" if self.of_window else ""

    def words(self) -> str:
        """Return what it is."""
        name = self.metric.replace("_", " ")
        if self.half_life is not None:
            length = format_duration(self.window or WINDOW)
            return f"{name} smoothed with a half-life of {format_duration(self.half_life)} over {length}"
        if self.window is not None:
            return f"the {self.statistic or 'median'} of {name} over {format_duration(self.window)}"
        return name


class MeanRank(BaseModel):
    """The mean of an asset's ranks by several figures, each with the largest first.

    Ranks are taken among those who stand and of whom all figures are known. Equal figures share the mean of their
    ranks. Of equal means, the better rank by the first figure comes first, then the lower id.

    Attributes:
        mean_rank: The figures.

    >>> MeanRank(mean_rank=(Figure(metric="market_cap"), Figure(metric="volume", window="30d"))).words()
    'the mean of the ranks by market cap and by the median of volume over 30d'
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)
    source: ClassVar[str] = "MarketVector digital assets indices: the best by size and liquidity of the 100 largest"

    mean_rank: tuple[Figure, ...] = Field(min_length=2)

    def entry(self) -> Any:
        """Return it as in a methodology file."""
        return {"mean_rank": [figure.entry() for figure in self.mean_rank]}

    def ranked(self, view: Panel, standing: Bools, *, descending: bool = True) -> Ranking:
        """Return those who stand and have all figures, best first; `descending` is of no concern to ranks."""
        del descending
        figures = [figure.figures(view) for figure in self.mean_rank]
        known = np.logical_and.reduce([standing, *(~np.isnan(values) for values in figures)])
        columns = np.flatnonzero(known)
        ranks = [shared_ranks(values[columns]) for values in figures]
        # Sums of ranks are halves of whole numbers, and exact: what is equal is found equal.
        total = added(np.array(ranks)) if len(columns) else np.empty(0)
        order = np.lexsort((ranks[0], total))
        parts = tuple(_laid_out(values, columns, len(standing)) for values in ranks)
        return Ranking(columns[order], _laid_out(total / len(ranks), columns, len(standing)), parts)

    def unknown(self, view: Panel, column: int) -> str:
        """Return in words what keeps an asset without a rank."""
        missing = [figure.words() for figure in self.mean_rank if np.isnan(figure.figures(view)[column])]
        return f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} unknown"

    @property
    def formula(self) -> str:
        """How it is made."""
        return "r_i = (1/K) Σ_k r_ik"

    def words(self) -> str:
        """Return what it is."""
        return (
            f"the mean of the ranks {', '.join(f'by {figure.words()}' for figure in self.mean_rank[:-1])} and by "
            + (self.mean_rank[-1].words())
        )


def read_by(value: Any, place: str) -> Figure | MeanRank:
    """Return what assets are ranked by, of the name of a figure or a mapping.

    Raises:
        MethodologyError: It is neither; the message starts with its place.
    """
    if isinstance(value, Mapping) and "mean_rank" in value:
        entries = value["mean_rank"]
        if len(value) > 1:
            others = ", ".join(str(key) for key in value if key != "mean_rank")
            raise MethodologyError(f"{place}: mean_rank stands alone; write {others} with one of its figures")
        if not isinstance(entries, list | tuple) or len(entries) < 2:
            raise MethodologyError(f"{place}.mean_rank: expected a list of two figures or more, was {shown(entries)}")
        return MeanRank(
            mean_rank=every(partial(_read_figure, entry, f"{place}.mean_rank[{n}]") for n, entry in enumerate(entries))
        )
    return _read_figure(value, place)


def _read_figure(value: Any, place: str) -> Figure:
    if isinstance(value, str):
        if not value:
            raise MethodologyError(f"{place}: needs at least 1 character, the name of a figure such as market_cap")
        return Figure(metric=value)
    if not isinstance(value, Mapping):
        raise MethodologyError(
            f"{place}: expected the name of a figure, or keys in braces such as "
            f"{{metric: market_cap, window: 90d, statistic: mean}}, was {shown(value)}"
        )
    return section(Figure, value, place)


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


def shared_ranks(figures: Floats) -> Floats:
    """Return the rank of each figure, 1 for the largest; equal figures share the mean of their ranks.

    >>> shared_ranks(np.array([5.0, 7.0, 5.0, 1.0])).tolist()
    [2.5, 1.0, 2.5, 4.0]
    """
    ordered = np.sort(-figures)
    return (ordered.searchsorted(-figures) + ordered.searchsorted(-figures, side="right") + 1) / 2


def _laid_out(values: Floats, columns: Ranks, size: int) -> Floats:
    found = np.full(size, np.nan)
    found[columns] = values
    return found
