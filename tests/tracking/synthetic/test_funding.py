"""Funding from data and constant."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.tracking.synthetic.funding import ConstantFunding, RecordedFunding

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1)
DAYS = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], dtype="datetime64[us]")


def recorded(hours: list[float], rates: list[float], late: timedelta = timedelta(milliseconds=7)) -> pl.DataFrame:
    return pl.DataFrame({"time": [START + hour * HOUR + late for hour in hours], "asset": "btc", "rate": rates})


def test_rates_fall_due_in_their_step_and_late_stamps_count_at_their_interval() -> None:
    table = recorded([0, 8, 16, 24, 32, 40, 48], [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4, 7e-4])
    due = RecordedFunding(table).rates(DAYS, ("btc",))
    # The payment of the first row was due before anything was held.
    assert due.within[:, 0] == pytest.approx([0.0, 5e-4, 11e-4], abs=1e-18)
    assert due.due[:, 0] == pytest.approx([0.0, 4e-4, 7e-4], abs=1e-18)


def test_a_constant_rate_equals_its_record() -> None:
    times = np.array(["2024-01-01T03:00", "2024-01-01T08:00", "2024-01-02T09:30"], dtype="datetime64[us]")
    table = recorded([0, 8, 16, 24, 32, 40], [1e-4] * 6)
    made, read = ConstantFunding(1e-4).rates(times, ("btc",)), RecordedFunding(table).rates(times, ("btc",))
    assert made.within == pytest.approx(read.within, abs=1e-18)
    assert made.due == pytest.approx(read.due, abs=1e-18)
    assert made.within.sum() + made.due.sum() == pytest.approx(4e-4)


def test_a_gap_is_refused_or_carried() -> None:
    table = recorded([0, 8, 24, 32, 40, 48], [1e-4, 2e-4, 4e-4, 5e-4, 6e-4, 7e-4])
    with pytest.raises(DataError, match=r"no rate at 2024-01-01T16:00:00.* and 0 more"):
        RecordedFunding(table).rates(DAYS, ("btc",))
    carried = RecordedFunding(table, carry=timedelta(hours=8)).rates(DAYS, ("btc",))
    assert carried.within[1, 0] == pytest.approx(4e-4, abs=1e-18)


def test_nothing_before_the_first_rate_can_be_carried() -> None:
    with pytest.raises(DataError, match="no rate at"):
        RecordedFunding(recorded([24, 32, 40, 48], [1e-4] * 4), carry=timedelta(days=9)).rates(DAYS, ("btc",))


def test_a_rate_is_not_carried_over_more_than_the_stated_time() -> None:
    table = recorded([0, 8, 32, 40, 48], [1e-4, 2e-4, 5e-4, 6e-4, 7e-4])
    with pytest.raises(DataError, match=r"no rate at 2024-01-02T00:00:00.*longer than 8:00:00"):
        RecordedFunding(table, carry=timedelta(hours=8)).rates(DAYS, ("btc",))


def test_the_holes_of_the_hyperliquid_record_are_refused(shared: Path) -> None:
    """It lacks the last days of every month; one hour's rate carried over nine days would be no measurement."""
    table = pl.read_parquet(shared / "data" / "funding_rates_btc_eth.parquet")
    rates = table.filter(pl.col("venue") == "hyperliquid").select(time="ts", asset="asset", rate="funding_rate")
    year = np.arange(np.datetime64("2024-02-01", "us"), np.datetime64("2024-12-31", "us"), np.timedelta64(1, "D"))
    with pytest.raises(DataError, match="shorten the period"):
        RecordedFunding(rates, HOUR, carry=timedelta(days=1)).rates(year, ("BTC",))


def test_a_misspelt_asset_gets_a_hint() -> None:
    with pytest.raises(DataError, match="did you mean 'btc'"):
        RecordedFunding(recorded([0], [1e-4])).rates(DAYS, ("btcc",))
