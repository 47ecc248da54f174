"""What a calculation writes down as it goes: levels with status, compositions, rebalances, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.frames import COMPOSITIONS, INDEX_EVENTS, INSTANT, REBALANCES, STATUS, STATUSES
from basketry.core.numbers import Floats

LIVE, CARRIED, STALE, SUSPENDED = range(4)


class StatusLog:
    """Status, reason, age and number of fresh sources of each level."""

    def __init__(self, rows: int) -> None:
        self.status = np.zeros(rows, dtype=np.uint8)
        self.age = np.zeros(rows, dtype=np.int64)
        self.sources = np.zeros(rows, dtype=np.uint32)
        self.reason = np.zeros(rows, dtype=np.uint32)
        self._codes: dict[str, int] = {"": 0}

    def mark(self, row: int, status: int, reason: str, age: int, sources: int) -> None:
        """Record the status of one level."""
        self.status[row] = status
        self.age[row] = age
        self.sources[row] = sources
        self.reason[row] = self._codes.setdefault(reason, len(self._codes))

    def columns(self) -> list[pl.Series]:
        """Return the columns status, reason, age_days (of the oldest price used) and sources."""
        reasons = pl.Series(list(self._codes), dtype=pl.String)
        return [
            pl.Series(STATUSES, dtype=STATUS).gather(self.status).alias("status"),
            reasons.gather(self.reason).alias("reason"),
            pl.Series("age_days", self.age / 86_400e6),
            pl.Series("sources", self.sources),
        ]


@dataclass
class Ledger:
    """Compositions, rebalances and events in the order in which they happened."""

    assets: Sequence[str]
    compositions: list[tuple[int, NDArray[np.int64], Floats, Floats, Floats, Floats, float, int]] = field(
        default_factory=list
    )
    rebalances: list[
        tuple[np.datetime64, np.datetime64, np.datetime64, NDArray[np.int64], Floats, Floats, str, int]
    ] = field(default_factory=list)
    events: list[tuple[np.datetime64, str, str, str, str]] = field(default_factory=list)

    def event(self, time: np.datetime64, asset: str, kind: str, treatment: str, evidence: str) -> None:
        """Record an event or a fallback with its evidence."""
        self.events.append((time, asset, kind, treatment, evidence))

    def _assets(self, columns: NDArray[np.int64]) -> pl.Series:
        names = pl.Series(self.assets, dtype=pl.String)
        return names.gather(columns)

    def composition_table(self, times: NDArray[np.datetime64]) -> pl.DataFrame:
        """Return the compositions (COMPOSITIONS schema); of several at one instant the last counts."""
        if not self.compositions:
            return COMPOSITIONS.empty()
        compositions = list({entry[0]: entry for entry in self.compositions}.values())
        sizes = [len(entry[1]) for entry in compositions]
        joined = [np.concatenate([entry[part] for entry in compositions]) for part in range(1, 6)]
        return pl.DataFrame(
            {
                "effective_at": stamps(np.repeat(times[[entry[0] for entry in compositions]], sizes)),
                "asset": self._assets(joined[0]),
                "units": joined[1],
                "weight": joined[2],
                "price": joined[3],
                "capping_factor": joined[4],
                "divisor": np.repeat([entry[6] for entry in compositions], sizes),
                "version": np.repeat(np.array([e[7] for e in compositions], dtype=np.uint32), sizes),
            }
        )

    def rebalance_table(self) -> pl.DataFrame:
        """Return the rebalances (REBALANCES schema)."""
        if not self.rebalances:
            return REBALANCES.empty()
        sizes = [len(entry[3]) for entry in self.rebalances]
        columns, before, after = (np.concatenate([entry[part] for entry in self.rebalances]) for part in range(3, 6))
        turnover = [0.5 * float(np.abs(entry[5] - entry[4]).sum()) for entry in self.rebalances]
        change = np.where(before == 0, 0, np.where(after == 0, 1, 2))
        instants = [np.repeat(np.array([e[part] for e in self.rebalances]), sizes) for part in range(3)]
        triggers = pl.Series([entry[6] for entry in self.rebalances], dtype=pl.String)
        return pl.DataFrame(
            {
                "announced_at": stamps(instants[0]),
                "determined_at": stamps(instants[1]),
                "effective_at": stamps(instants[2]),
                "asset": self._assets(columns),
                "change": pl.Series(["add", "delete", "reweight"]).gather(change),
                "weight_before": before,
                "weight_after": after,
                "turnover": np.repeat(turnover, sizes),
                "trigger": triggers.gather(np.repeat(np.arange(len(sizes)), sizes)),
                "version": np.repeat(np.array([e[7] for e in self.rebalances], dtype=np.uint32), sizes),
            }
        )

    def event_table(self) -> pl.DataFrame:
        """Return the events and fallbacks (INDEX_EVENTS schema), in the order of their times."""
        ordered = sorted(enumerate(self.events), key=lambda entry: (entry[1][0], entry[0]))
        rows = [entry for _, entry in ordered]
        return pl.DataFrame(
            {
                "time": stamps(np.array([row[0] for row in rows], dtype="datetime64[us]")),
                "asset": pl.Series([row[1] for row in rows], dtype=pl.String),
                "kind": pl.Series([row[2] for row in rows], dtype=pl.String),
                "treatment": pl.Series([row[3] for row in rows], dtype=pl.String),
                "evidence": pl.Series([row[4] for row in rows], dtype=pl.String),
            },
            schema=INDEX_EVENTS.dtypes,
        )


def stamps(times: NDArray[np.datetime64]) -> pl.Series:
    """Return instants as a UTC column."""
    return pl.Series(times.astype("datetime64[us]").astype(np.int64)).cast(INSTANT)
