"""The value traded by venue, currency and day as metrics of a lake, and the rule that reads them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import BARS, TRADES
from basketry.jobs.venue_volumes import write_venue_volumes
from basketry.lake.lake import Lake
from basketry.market.tape import Market
from basketry.market.venues.feed import reference_tables
from basketry.methodology.universe import UNIVERSE

MIDNIGHT = datetime(2024, 3, 1, tzinfo=UTC)
X, Y = Market("x", "btc-usd", "btc", "usd"), Market("y", "btc-usdc", "btc", "usdc")
AGAIN, FUTURE = Market("x", "xbt-usd", "btc", "usd"), Market("f", "btc-usd", "btc", "usd", kind="perpetual")
ONE = 10**8


def trades(*rows: tuple[float, float, int]) -> pl.DataFrame:
    """Trades of (days after midnight, price, size in 10^-8)."""
    frame = pl.DataFrame(rows, orient="row", schema=["days", "price", "size"])
    times = [MIDNIGHT + timedelta(days=days) for days in frame["days"]]
    ids = [f"{n}" for n in range(len(rows))]
    return TRADES.conform(frame.drop("days").with_columns(time=pl.Series(times), trade_id=pl.Series(ids)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """On x 2 at 100 and 1 at 110 on the first day, and again on the third and fourth; on y 3 at 99 on the second."""
    lake = Lake(tmp_path / "LAKE")
    for name, frame in reference_tables((X, Y, AGAIN, FUTURE)).items():
        lake.write(name, frame)
    lake.ticks.write(
        "trades", X, trades((0.1, 100.0, 2 * ONE), (0.9, 110.0, ONE), (2.5, 120.0, ONE), (3.9, 130.0, ONE))
    )
    lake.ticks.write("trades", AGAIN, trades((0.2, 50.0, ONE)))
    lake.ticks.write("trades", Y, trades((1.5, 99.0, 3 * ONE)))
    lake.ticks.write("trades", FUTURE, trades((0.5, 100.0, ONE)))
    return lake


def held(lake: Lake) -> list[tuple[str, int, float]]:
    """Metric, days after midnight and value; unknown is -1."""
    rows = lake.read("metrics").sort("metric", "time")
    assert rows["known_at"].to_list() == rows["time"].to_list()
    assert set(rows["asset"]) <= {"btc"}
    values = rows["value"].fill_nan(-1.0)
    days = [(time - MIDNIGHT).days for time in rows["time"]]
    return list(zip(rows["metric"], days, values, strict=True))


def test_a_day_is_the_sum_of_price_times_size_at_its_end(lake: Lake) -> None:
    # Day one on x: 2 x 100 + 1 x 110, and 50 under another pair. The second has none on x, which ends the figure.
    # The fourth is not whole: no trade comes in its last minute or later.
    assert write_venue_volumes(lake) == 3
    assert held(lake) == [
        ("volume@x/usd", 1, 360.0),
        ("volume@x/usd", 2, -1.0),
        ("volume@x/usd", 3, 120.0),
        ("volume@x/usd", 4, -1.0),
        ("volume@y/usdc", 2, 297.0),
        ("volume@y/usdc", 3, -1.0),
    ]


def test_more_days_replace_the_unknown(lake: Lake) -> None:
    write_venue_volumes(lake)
    lake.ticks.write("trades", X, trades((3.95, 140.0, ONE), (4.0, 1.0, ONE)))
    assert write_venue_volumes(Lake(lake.address)) == 4
    assert [row for row in held(lake) if row[:2] >= ("volume@x/usd", 3)][:3] == [
        ("volume@x/usd", 3, 120.0),
        ("volume@x/usd", 4, 270.0),
        ("volume@x/usd", 5, -1.0),
    ]


def test_an_interval_writes_its_days_only_and_ends_no_figure_of_a_later_one(lake: Lake) -> None:
    lake.ticks.write("trades", X, trades((1.5, 10.0, ONE)))
    assert write_venue_volumes(lake, ["btc"], "2024-03-01", "2024-03-02") == 1
    assert held(lake) == [("volume@x/usd", 1, 360.0)]
    assert write_venue_volumes(lake, ["btc"], "2024-03-02T12:00", "2024-03-03") == 2
    assert held(lake)[1:] == [("volume@x/usd", 2, 10.0), ("volume@y/usdc", 2, 297.0), ("volume@y/usdc", 3, -1.0)]


def test_bars_count_where_there_are_no_trades(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "LAKE")
    for name, frame in reference_tables((X,)).items():
        lake.write(name, frame)
    times = [MIDNIGHT + timedelta(hours=n) for n in range(25)]
    bars: dict[str, Any] = {name: [10.0] * 25 for name in ("open", "high", "low", "close")}
    lake.ticks.write("bars", X, BARS.conform(pl.DataFrame({"time": times, **bars, "volume": [ONE] * 25})))
    assert write_venue_volumes(lake) == 1
    assert held(lake) == [("volume@x/usd", 1, 240.0), ("volume@x/usd", 2, -1.0)]


def test_what_cannot_be_added_up_is_refused(lake: Lake) -> None:
    with pytest.raises(DataError, match="did you mean 'btc'"):
        write_venue_volumes(lake, ["btx"])
    with pytest.raises(DataError, match="no whole UTC day of trades on spot markets"):
        write_venue_volumes(lake, start="2024-03-03T12:00", end="2024-03-03T18:00")


def test_the_rule_reads_what_was_written(lake: Lake) -> None:
    write_venue_volumes(lake)
    times = [MIDNIGHT + timedelta(days=n) for n in range(5)]
    lake.write("daily", pl.DataFrame({"time": times, "asset": "btc", "price": 100.0}))
    panel = lake.panel()
    rule = UNIVERSE.build(
        "venues", {"any_of": ["X", "Y"], "quotes": ["USD", "USDC"], "min": 1, "window": "3d", "days": 1}
    )
    # At the ends of the days: x, y, x, and nothing of the fourth.
    counts = [rule.latest(panel.first_rows(n))[0] for n in (2, 3)]  # type: ignore[attr-defined]
    assert counts == [1.0, 1.0]
    nobody = np.array([False])
    assert [bool(rule.keep(panel.first_rows(n), nobody)[0]) for n in (3, 4, 5)] == [False, True, False]
