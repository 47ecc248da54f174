"""An index under examination: its levels, and whatever else is known of it, ours or anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True, eq=False)
class Subject:
    """An index and what is known of it; levels are enough, the rest makes more checks possible.

    Attributes:
        name: Shown in words.
        times: UTC instants, increasing, shape (T,). levels: Shape (T,).
        compositions: effective_at (UTC), asset, weight: each basket when it was set; None where not known.
        methodology: The rulebook, where the index has one of ours.
        panel: Market data of the constituents.
        other_panel: The same from another source, for comparison of prices.
        venues: Number of major venues by asset.
        schedule: When it is rebalanced, as the provider states it; '' where the provider states nothing.
        rule_changes: Reason by date (ISO) of each change of methodology that the provider has explained.
        live_from: First instant published at its time; before it the history was calculated afterwards.
        backfill_disclosed: Whether the provider says from when levels are live; None where it is not known.
        statuses: Status of each level (live, carried, stale, suspended), length T; None where not known.
        off_schedule: Effective instant and reason of each change of basket that the schedule did not call for.
    """

    name: str
    times: NDArray[np.datetime64]
    levels: Floats
    compositions: pl.DataFrame | None = None
    methodology: Methodology | None = None
    panel: Panel | None = None
    other_panel: Panel | None = None
    venues: Mapping[str, float] | None = None
    schedule: str = ""
    rule_changes: Mapping[str, str] = field(default_factory=dict)
    live_from: np.datetime64 | None = None
    backfill_disclosed: bool | None = None
    statuses: tuple[str, ...] | None = None
    off_schedule: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Refuse levels that are none."""
        if len(self.times) < 2 or self.levels.shape != self.times.shape:
            raise DataError(f"{self.name}: expected two or more levels, one an instant")
        if not np.isfinite(self.levels).all() or (np.diff(self.times) <= np.timedelta64(0)).any():
            raise DataError(f"{self.name}: levels must be known and times must increase; leave unknown levels out")
        if self.compositions is not None:
            lacking = {"effective_at", "asset", "weight"} - set(self.compositions.columns)
            if lacking or self.compositions.is_empty():
                raise DataError(f"{self.name}: compositions need rows with effective_at, asset and weight")

    @staticmethod
    def of_series(name: str, times: NDArray[np.datetime64], levels: ArrayLike) -> Subject:
        """Return a subject of which only the levels are known.

        >>> days = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[us]")
        >>> Subject.of_series("X", days, [100.0, 101.0]).returns.round(6).tolist()
        [0.01]
        """
        return Subject(name, times, np.asarray(levels, dtype=np.float64))

    @staticmethod
    def of_index(
        result: IndexResult,
        *,
        other_panel: Panel | None = None,
        venues: Mapping[str, float] | None = None,
        live_from: np.datetime64 | None = None,
        backfill_disclosed: bool | None = None,
    ) -> Subject:
        """Return a calculated index with all that its calculation knows."""
        odd = result.rebalances.filter(~pl.col("trigger").is_in(["base", "schedule"]))
        odd = odd.select("effective_at", "trigger").unique(maintain_order=True)
        return Subject(
            name=result.methodology.name,
            times=result.times,
            levels=result.level(),
            compositions=result.compositions.select("effective_at", "asset", "weight"),
            methodology=result.methodology,
            panel=result.panel,
            other_panel=other_panel,
            venues=venues,
            schedule=result.methodology.latest.calendar_in_words(),
            live_from=live_from,
            backfill_disclosed=backfill_disclosed,
            statuses=tuple(result.levels["status"].cast(pl.String)),
            off_schedule=tuple((str(time)[:10], trigger) for time, trigger in odd.iter_rows()),
        )

    @property
    def returns(self) -> Floats:
        """Simple returns between positive levels, shape (T - 1,); NaN after a level of zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            returns = self.levels[1:] / self.levels[:-1] - 1
        return np.where(self.levels[:-1] > 0, returns, np.nan)

    @cached_property
    def baskets(self) -> list[tuple[np.datetime64, dict[str, float]]]:
        """Effective instant and weights by asset of each basket, in order of time; empty where not known."""
        if self.compositions is None:
            return []
        found = []
        for (instant,), rows in self.compositions.sort("effective_at").group_by("effective_at", maintain_order=True):
            stamp = np.datetime64(instant.replace(tzinfo=None), "us")
            found.append((stamp, dict(rows.select("asset", "weight").iter_rows())))
        return found

    def last_basket(self) -> dict[str, float]:
        """Return the weights of the last basket, empty where none is known."""
        return self.baskets[-1][1] if self.baskets else {}

    def view(self) -> Panel | None:
        """Return the panel as of the last level; None without one."""
        return None if self.panel is None else self.panel.as_of(self.times[-1])
