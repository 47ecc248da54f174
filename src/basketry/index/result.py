"""The result of a calculation: levels, compositions, rebalances, events, and what they were made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats, round_published
from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.index.events import Prices
from basketry.index.market import IndexMarket
from basketry.index.segments import joined
from basketry.index.state import Decision, IndexState
from basketry.market.events import EventRow
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import Segment
from basketry.methodology.returns.leverage import Leverage


@dataclass(frozen=True, eq=False)
class Told:
    """What was determined, as it stood at the first calculation instant at or after its announcement.

    Attributes:
        decision: A change, or members alone, carried through the corporate events until then.
        state: The state at that instant, or at an earlier one.
        market: The market as it was read then.
        prices: Those between the two, read until then; None where there are none.
    """

    decision: Decision
    state: IndexState
    market: IndexMarket
    prices: Prices | None = None


@dataclass(frozen=True, eq=False)
class Trail:
    """What a calculation went through to its tables.

    Attributes:
        pieces: Baskets with their prices as they were read, one piece after the other.
        decisions: What each change of composition that was made came from, in the order of effective times.
        state: The state at the last instant.
        reviews: Members determined on dates of their own, in the order of effective times.
        told: What was announced before it took effect, in the order of its announcement.
        late: Rows of events that counted from their time at the last instant, see `IndexMarket`.
    """

    pieces: tuple[Segment, ...]
    decisions: tuple[Decision, ...]
    state: IndexState
    reviews: tuple[Decision, ...] = ()
    told: tuple[Told, ...] = ()
    late: frozenset[EventRow] = frozenset()


@dataclass(frozen=True, eq=False)
class IndexResult:
    """An index over a history.

    Attributes:
        methodology: The rulebook that made it.
        panel: The market it was made from, cut at the last instant.
        levels: One row an instant: time, price_return and the other returns, status, reason, age_days,
            sources and the version of the rules. Levels are not rounded; `published_levels` are.
        compositions: COMPOSITIONS schema: what is held from each effective instant.
        rebalances: REBALANCES schema: what changed, when it was determined and announced, and why.
        events: INDEX_EVENTS schema: corporate events and fallbacks with their evidence.
        trail: What the calculation went through; or how to calculate once more, where that was not kept.
    """

    methodology: Methodology
    panel: Panel
    levels: pl.DataFrame
    compositions: pl.DataFrame
    rebalances: pl.DataFrame
    events: pl.DataFrame
    trail: Trail | Callable[[], IndexResult] = field(repr=False)

    @cached_property
    def _kept(self) -> Trail:
        if isinstance(self.trail, Trail):
            return self.trail
        again = self.trail()
        if not again.levels.equals(self.levels):
            raise DataError(
                f"{self.methodology.symbol}: what the index went through is calculated once more when it is asked for, "
                "and the arrays of its market were changed since; calculate the index again"
            )
        kept: Trail = again._kept
        return kept

    @cached_property
    def inputs(self) -> str:
        """Digest of the panel, see `Panel.digest`."""
        return self.panel.digest()

    @property
    def pieces(self) -> tuple[Segment, ...]:
        """Baskets with their prices as they were read, one piece after the other; see `segments`."""
        return self._kept.pieces

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What each change of composition that was made came from, in the order of effective times."""
        return self._kept.decisions

    @property
    def reviews(self) -> tuple[Decision, ...]:
        """The determinations of members alone, in the order of effective times."""
        return self._kept.reviews

    @property
    def told(self) -> tuple[Told, ...]:
        """What was announced before it took effect, as it stood then, in the order of its announcement."""
        return self._kept.told

    @property
    def late(self) -> frozenset[EventRow]:
        """Rows of events that counted from their time at the last instant, for they were told late to what stands."""
        return self._kept.late

    @property
    def state(self) -> IndexState:
        """The state at the last instant, from which the index goes on; what is pending is in it."""
        return self._kept.state

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The baskets with their prices, for risk figures and attribution, one for each composition."""
        return joined(self.pieces)

    @property
    def return_columns(self) -> list[str]:
        """Names of the level columns, price_return first."""
        return [rule.column() for rule in self.methodology.first.returns]

    @property
    def headline_column(self) -> str:
        """Name of the series that the index stands for: its leveraged one where it has one, else the price return."""
        levered = (rule.column() for rule in self.methodology.first.returns if isinstance(rule, Leverage))
        return next(levered, "price_return")

    @property
    def times(self) -> NDArray[np.datetime64]:
        """Calculation instants, shape (T,)."""
        return self.levels["time"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")

    @cached_property
    def published_levels(self) -> pl.DataFrame:
        """The levels rounded once, half to even, each to the decimals in force at its instant."""
        spans = [(span, rules.publish.decimals) for span, rules in self.methodology.over("publish", self.times)]

        def rounded(level: Floats) -> Floats:
            return np.concatenate([round_published(level[span], decimals) for span, decimals in spans])

        return self.levels.with_columns(pl.Series(name, rounded(self.level(name))) for name in self.return_columns)

    def decimals(self, row: int) -> int:
        """Return the digits after the point with which the level of a row is published."""
        return self.methodology.at(self.times[row]).rules.publish.decimals

    def level(self, column: str = "price_return") -> Floats:
        """Return one series of levels, shape (T,)."""
        return self.levels[column].to_numpy()

    def weights(self, instant: str | np.datetime64 | None = None) -> Mapping[str, float]:
        """Return the weights set by the last composition effective at or before an instant, largest first."""
        table = self.compositions
        if instant is not None:
            stamp = to_datetime(to_instant(instant))
            table = table.filter(pl.col("effective_at") <= stamp)
        last = table.filter(pl.col("effective_at") == pl.col("effective_at").max())
        ranked = last.sort(["weight", "asset"], descending=[True, False])
        return dict(ranked.select("asset", "weight").iter_rows())

    def __repr__(self) -> str:
        first, last = self.times[0], self.times[-1]
        note = ", simulated market" if self.panel.simulated else ""
        return (
            f"Index({self.methodology.symbol!r}, {format_instant(first)}..{format_instant(last)}, "
            f"{self.level()[0]:g} -> {self.level()[-1]:,.2f}, {self.compositions['effective_at'].n_unique()} "
            f"compositions{note})"
        )
