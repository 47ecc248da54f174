"""From the records of a calculation to its tables: levels, compositions, rebalances, events."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.frames import COMPOSITIONS, INDEX_EVENTS, INSTANT, REBALANCES, STATUS, STATUSES
from basketry.core.numbers import Floats
from basketry.index.records import Composition, Evidence, Levels, Rebalance

# Taking rows of a series by their places is several times as fast as its method `gather`, which plans a query.
_WORDS = pl.Series(STATUSES, dtype=STATUS)
_CHANGES = pl.Series(["add", "delete", "reweight"])


def level_table(
    runs: Sequence[Levels], compositions: Sequence[Composition], columns: Sequence[str], number: int = 1
) -> pl.DataFrame:
    """Return the levels: time, a column a return rule, status, reason, age_days, sources and version.

    The version is that of the rules that made the basket in force from the instant on.

    Args:
        runs: Levels in the order of their instants.
        compositions: Compositions in the order of theirs.
        columns: Name of each series.
        number: Version of the rules in force before the first of the compositions.
    """
    times = np.concatenate([run.times for run in runs])
    ends = np.cumsum([len(run) for run in runs])
    codes = {"": 0}
    reason = np.zeros(len(times), dtype=np.uint32)
    for run, end in zip(runs, ends.tolist(), strict=True):
        for row, words in run.reasons:
            reason[end - len(run) + row] = codes.setdefault(words, len(codes))
    version = np.full(len(times), number, dtype=np.uint32)
    for entry in compositions:
        if entry.version != number:
            number = entry.version
            version[int(np.searchsorted(times, entry.time)) :] = number
    series = [np.concatenate([run.series[place] for run in runs]) for place in range(len(columns))]
    return pl.DataFrame(
        [
            stamps(times).alias("time"),
            *(pl.Series(name, values) for name, values in zip(columns, series, strict=True)),
            _WORDS[np.concatenate([run.status for run in runs])].alias("status"),
            pl.Series(list(codes), dtype=pl.String)[reason].alias("reason"),
            pl.Series("age_days", np.concatenate([run.ages for run in runs]) / 86_400e6),
            pl.Series("sources", np.concatenate([run.sources for run in runs])),
            pl.Series("version", version),
        ]
    )


def composition_table(compositions: Sequence[Composition], names: Sequence[str]) -> pl.DataFrame:
    """Return the compositions (COMPOSITIONS schema); of several at one instant the last counts."""
    if not compositions:
        return COMPOSITIONS.empty()
    kept = list({entry.time: entry for entry in compositions}.values())
    sizes = [len(entry.columns) for entry in kept]
    return pl.DataFrame(
        {
            "effective_at": stamps(np.repeat(np.array([entry.time for entry in kept]), sizes)),
            "asset": _assets(np.concatenate([entry.columns for entry in kept]), names),
            "units": np.concatenate([entry.units for entry in kept]),
            "weight": np.concatenate([entry.weights for entry in kept]),
            "price": np.concatenate([entry.prices for entry in kept]),
            "capping_factor": np.concatenate([entry.factors for entry in kept]),
            "divisor": np.repeat([entry.divisor for entry in kept], sizes),
            "version": np.repeat(np.array([entry.version for entry in kept], dtype=np.uint32), sizes),
        }
    )


def rebalance_table(rebalances: Sequence[Rebalance], names: Sequence[str]) -> pl.DataFrame:
    """Return the rebalances (REBALANCES schema)."""
    if not rebalances:
        return REBALANCES.empty()
    sizes = [len(entry.columns) for entry in rebalances]
    before: Floats = np.concatenate([entry.before for entry in rebalances])
    after: Floats = np.concatenate([entry.after for entry in rebalances])
    change = np.concatenate([entry.change for entry in rebalances])
    words = pl.Series([entry.words for entry in rebalances], dtype=pl.String)

    def repeated(instants: list[np.datetime64]) -> pl.Series:
        return stamps(np.repeat(np.array(instants), sizes))

    return pl.DataFrame(
        {
            "announced_at": repeated([entry.announced_at for entry in rebalances]),
            "determined_at": repeated([entry.determined_at for entry in rebalances]),
            "effective_at": repeated([entry.effective_at for entry in rebalances]),
            "asset": _assets(np.concatenate([entry.columns for entry in rebalances]), names),
            "change": _CHANGES[change],
            "weight_before": before,
            "weight_after": after,
            "turnover": np.repeat([entry.turnover for entry in rebalances], sizes),
            "trigger": words[np.repeat(np.arange(len(sizes)), sizes)],
            "version": np.repeat(np.array([entry.version for entry in rebalances], dtype=np.uint32), sizes),
        }
    )


def event_table(events: Sequence[Evidence]) -> pl.DataFrame:
    """Return the events and fallbacks (INDEX_EVENTS schema), in the order of their times."""
    ordered = sorted(events, key=lambda entry: entry.time)
    return pl.DataFrame(
        {
            "time": stamps(np.array([entry.time for entry in ordered], dtype="datetime64[us]")),
            "asset": pl.Series([entry.asset for entry in ordered], dtype=pl.String),
            "kind": pl.Series([entry.kind for entry in ordered], dtype=pl.String),
            "treatment": pl.Series([entry.treatment for entry in ordered], dtype=pl.String),
            "evidence": pl.Series([entry.words for entry in ordered], dtype=pl.String),
        },
        schema=INDEX_EVENTS.dtypes,
    )


def _assets(columns: NDArray[np.int64], names: Sequence[str]) -> pl.Series:
    return pl.Series(names, dtype=pl.String)[columns]


def stamps(times: NDArray[np.datetime64]) -> pl.Series:
    """Return instants as a UTC column."""
    return pl.Series(times.astype("datetime64[us]").astype(np.int64)).cast(INSTANT)
