"""A signed index with a life, and what a forger can re-make of it who does not have its key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from tests.conftest import RULEBOOK, small_market

from basketry.jobs.acts import Act
from basketry.jobs.amend import amend_index, end_index, override_index
from basketry.jobs.calculate import calculate
from basketry.jobs.change_key import change_key
from basketry.jobs.publish import publish_index
from basketry.lake.lake import Lake
from basketry.ledger.keys import PrivateKey

OLD, NEW = PrivateKey(b"o" * 32), PrivateKey(b"n" * 32)
"""The keys of the publisher."""
MINE = (PrivateKey(b"f" * 32), PrivateKey(b"g" * 32), PrivateKey(b"h" * 32))
"""Those of the forger."""
JUMP = datetime(2020, 4, 28, tzinfo=UTC)
RULES: dict[str, Any] = {
    **RULEBOOK,
    "rebalance": {"every": "month", "determine": "7d", "announce": "5d"},
    "guard": {"price_jump": None},
}


def at(month: int, day: int, hour: int = 1) -> datetime:
    """Return an instant of the year of the index."""
    return datetime(2020, month, day, hour, tzinfo=UTC)


def market(folder: Path, *, factor: float = 1.0) -> Lake:
    """Return a lake in which all prices jump once; `factor` makes it another market before that."""
    lake = Lake(folder)
    scale = pl.when(pl.col("time") >= JUMP).then(2.5).otherwise(1.0)
    other = pl.when((pl.col("asset") == "coin-d") & (pl.col("time") > at(3, 10))).then(factor).otherwise(1.0)
    rows = small_market(145).with_columns(
        pl.col("price") * scale * other, pl.col("market_cap") * scale * other, pl.col("volume") * scale
    )
    # A day without a price of coin-d, which is carried forward: an event.
    lake.write("daily", rows.filter(~((pl.col("asset") == "coin-d") & (pl.col("time") == at(4, 15, 0)))))
    return lake


def correct(lake: Lake, day: datetime, factor: float, known_at: datetime) -> None:
    """Write later versions of the prices of a day."""
    rows = lake.read("daily").filter(pl.col("time") == day)
    seen = pl.lit(known_at).cast(pl.Datetime("us", "UTC"))
    lake.write("daily", rows.with_columns(pl.col("price") * factor, pl.col("market_cap") * factor, known_at=seen))


def live(folder: Path, lake: Lake, keys: tuple[PrivateKey, PrivateKey] = (OLD, NEW)) -> dict[str, bytes]:
    """Publish an index through its life and return the heads that were kept of it, by day.

    A draft and publications; an error that came too late and stands (25 March); one that is corrected with all after
    it (2 April); a version of the rules, a committee's decision, a released jump, another key, and an end announced.
    """
    heads: dict[str, bytes] = {}
    old, new_key = keys

    def go(month: int, day: int, key: PrivateKey = old, hour: int = 1, **more: Any) -> None:
        publish_index(folder, lake, approver="Committee", now=at(month, day, hour), key=key, **more)
        heads[f"{month:02d}-{day:02d}"] = (folder / "head.json").read_bytes()

    def act(month: int, day: int, reason: str, key: PrivateKey = old) -> Act:
        return Act("Committee", reason, now=at(month, day, 2), key=key)

    calculate(RULES, lake, end="2020-03-20", as_of=at(3, 20)).save(folder)
    go(3, 20)
    go(3, 25)
    correct(lake, datetime(2020, 3, 25, tzinfo=UTC), 1.04, at(3, 27, 0))
    go(3, 28, restate=True, reason="a late print")
    go(4, 2)
    correct(lake, datetime(2020, 4, 2, tzinfo=UTC), 1.02, at(4, 2, 3))
    go(4, 2, hour=4, restate=True, reason="another late print")
    go(4, 10)
    new = {**RULES, "weight": "equal"}
    amend_index(folder, lake, new, effective="2020-04-20", act=act(4, 11, "as consulted"))
    go(4, 22)
    override_index(folder, lake, asset="coin-b", action="exclude", effective="2020-04-24", act=act(4, 23, "a suit"))
    go(4, 30, release="a redenomination of the currency")
    change_key(folder, old, new_key, approver="Committee", reason="a year is over", now=at(5, 1))
    go(5, 5, new_key)
    end_index(folder, lake, last="2020-05-20", act=act(5, 6, "too few users", new_key))
    go(5, 10, new_key)
    return heads
