"""When things happen in the simulated market: the days, the listings, the failures and the other events."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.core.time import DAY, to_instant
from basketry.market.simulation import roster as cast
from basketry.market.simulation.roster import AssetSpec

YEARS_MIN, YEARS_MAX = 1.0, 40.0

COLLAPSE_PRICE = (1.0, 0.82, 0.42, 0.21, 1.5e-2, 2e-4, 3e-6, 1.2e-6, 8e-7, 1.3e-6, 1.0e-6)
"""The backing coin on the days from the collapse, as multiples of where it would have stood."""
COLLAPSE_SUPPLY = (1.0, 1.0, 1.05, 1.3, 6.0, 180.0, 5_200.0, 17_500.0, 18_500.0, 18_800.0, 18_900.0)
"""Its units, as multiples of those before: holders of the stablecoin redeem into ever cheaper coins."""
PEG_LOSS = (0.985, 0.93, 0.68, 0.80, 0.44, 0.29, 0.17, 0.12, 0.10, 0.075, 0.06)
PEG_SUPPLY = (1.0, 0.97, 0.90, 0.84, 0.77, 0.68, 0.63, 0.61, 0.60, 0.60, 0.60)
EXCHANGE_RUN = (0.92, 0.78, 0.63, 0.21, 0.13, 0.16, 0.11, 0.095, 0.08, 0.075, 0.07)
"""The token of the failing exchange on the days from the run on it."""

MIGRATION_RATIO = 1.0 / 20.0
REDENOMINATION_RATIO = 1_000.0
FORK_SHARE = 0.09
"""Value of the forked coin for one old unit, as a share of the old price; ratio 1."""
AIRDROP_SHARE = 0.004
AIRDROP_RATIO = 2.0
RESTATED_EXCESS = 0.18
"""By this much the supply of one asset was overstated until it was restated."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The days of the market and the day numbers on which things happen.

    Attributes:
        times: 00:00 UTC of each day, datetime64[us], shape (T,).
        births: First day of each asset by id.
        deaths: Day from which an asset is not observed any more, by id; only those that end.
    """

    times: NDArray[np.datetime64]
    births: dict[str, int]
    deaths: dict[str, int]
    collapse: int
    exchange_run: int
    delisting: int
    migration: int
    redenomination: int
    fork: int
    airdrop: int
    halt: tuple[int, int]
    gap: tuple[int, int]
    stale: tuple[int, int]
    overstated: tuple[int, int]
    reclassification: int
    renaming: int

    @property
    def days(self) -> int:
        """Number of days T."""
        return len(self.times)

    @property
    def years(self) -> Floats:
        """Years since the first day, shape (T,)."""
        return np.arange(self.days) / 365.0

    def listed(self, spec: AssetSpec) -> NDArray[np.bool_]:
        """Return on which days the asset exists, shape (T,)."""
        days = np.arange(self.days)
        return (days >= self.births[spec.asset]) & (days < self.deaths.get(spec.asset, self.days))

    def instant(self, day: int) -> np.datetime64:
        """Return 00:00 UTC of a day number."""
        return self.times[0] + day * DAY


def make_timeline(start: date, years: float, specs: tuple[AssetSpec, ...]) -> Timeline:
    """Return the timeline over `years` years from `start`; every date is a fixed fraction of the period.

    Raises:
        DataError: `years` is outside 1 to 40.
    """
    if not YEARS_MIN <= years <= YEARS_MAX:
        raise DataError(f"years must lie between {YEARS_MIN:g} and {YEARS_MAX:g}, was {years!r}")
    days = round(years * 365.25)

    def at(fraction: float) -> int:
        return round(fraction * days)

    collapse, run = at(0.620), at(0.694)
    migration, fork, airdrop = at(0.955), at(0.370), at(0.520)
    births = {spec.asset: at(spec.listed) for spec in specs}
    births |= {cast.MIGRATED_TO: migration, cast.FORK_CHILD: fork, cast.AIRDROP_CHILD: airdrop}
    return Timeline(
        times=to_instant(start) + np.arange(days) * DAY,
        births=births,
        deaths={cast.MIGRATED: migration, cast.FAILED_EXCHANGE: run + 21},
        collapse=collapse,
        exchange_run=run,
        delisting=run + 21,
        migration=migration,
        redenomination=at(0.576),
        fork=fork,
        airdrop=airdrop,
        halt=(at(0.790), at(0.790) + 5),
        gap=(at(0.330), at(0.330) + 3),
        stale=(at(0.450), at(0.450) + 6),
        overstated=(at(0.660), at(0.660) + 60),
        reclassification=at(0.500),
        renaming=collapse + 12,
    )


def event_table(timeline: Timeline) -> pl.DataFrame:
    """Return the corporate events, each with the day on which it was announced."""
    line = timeline
    halted, resumed = line.halt
    rows = [
        _event(line, line.fork, "hard_fork", cast.FORK_PARENT, cast.FORK_CHILD, 1.0, 30, "dispute over block size"),
        _event(
            line, line.airdrop, "airdrop", cast.AIRDROP_PARENT, cast.AIRDROP_CHILD, AIRDROP_RATIO, 14,
            "governance token given to holders",
        ),
        _event(
            line, line.redenomination, "redenomination", cast.REDENOMINATED, None, REDENOMINATION_RATIO, 45,
            "1000 new units for one old",
        ),
        _event(
            line, line.delisting, "delisting", cast.FAILED_EXCHANGE, None, None, 4,
            "the exchange failed; venues ended trading",
        ),
        _event(
            line, halted, "halt", cast.HALTED, None, None, 0, "block production stopped after a bridge was robbed",
            until=resumed,
        ),
        _event(
            line, line.migration, "migration", cast.MIGRATED, cast.MIGRATED_TO, MIGRATION_RATIO, 90,
            "one new token for 20 old",
        ),
    ]  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"until": pl.Datetime("us"), "new_asset": pl.String()})


def _event(
    timeline: Timeline,
    day: int,
    kind: str,
    asset: str,
    new_asset: str | None,
    ratio: float | None,
    notice: int,
    note: str,
    until: int | None = None,
) -> dict[str, object]:
    return {
        "time": timeline.instant(day).item(),
        "kind": kind,
        "asset": asset,
        "new_asset": new_asset,
        "ratio": ratio,
        "until": None if until is None else timeline.instant(until).item(),
        "known_at": timeline.instant(day - notice).item(),
        "note": f"simulated: {note}",
    }
