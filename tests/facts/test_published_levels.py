"""Published index levels reproduced from real data: CRIX 2014 to 2017, and the sum of the ten largest of 2021."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def _paired(shared: Path, panel: Panel) -> pl.DataFrame:
    """Return date, published and replicated CRIX; the replica's 00:00 of a day is the close of the day before."""
    published = pl.read_parquet(shared / "data" / "published_index_levels.parquet").filter(pl.col("index") == "CRIX")
    result = calculate_index(Methodology.load(EXAMPLES / "crix.yaml"), panel, end="2018-01-02")
    ours = result.levels.select(date=pl.col("time").dt.date().dt.offset_by("-1d"), replica="price_return")
    return published.join(ours, on="date", how="inner").sort("date").rename({"value": "published"})


def test_crix_replica_follows_the_published_crix(shared: Path, real_panel: Panel) -> None:
    """Daily log returns correlate at 0.95, by a hair, once the replica closes an hour earlier.

    At the close of the UTC day the correlation is 0.9493. What is missing is the time of day: two crashes about
    midnight (28 January and 18 August 2015) fall into one day here and into the next there; without those four days it
    is 0.974, and that of weekly returns is 0.994. The number of members hardly matters (0.948 to 0.949 for 5 to all).
    """
    both = _paired(shared, real_panel)
    assert both.height == 1_250
    returns = np.diff(np.log(both.select("published", "replica").to_numpy()), axis=0)
    assert np.corrcoef(returns.T)[0, 1] > 0.949
    earlier = 23 / 24 * returns[1:, 1] + 1 / 24 * returns[:-1, 1]
    assert np.corrcoef(returns[1:, 0], earlier)[0, 1] >= 0.95
    crashes = [date(2015, 1, 28), date(2015, 1, 29), date(2015, 8, 18), date(2015, 8, 19)]
    usual = ~both["date"].is_in(crashes).to_numpy()[1:]
    assert np.corrcoef(returns[usual].T)[0, 1] > 0.97
    weekly = np.add.reduceat(returns, np.arange(0, len(returns), 7))
    assert np.corrcoef(weekly.T)[0, 1] > 0.99


def test_the_dates_of_crix_are_those_of_the_replica(shared: Path, real_panel: Panel) -> None:
    """A shift by a day either way destroys the correlation, so the stamps are understood."""
    both = _paired(shared, real_panel)
    returns = np.diff(np.log(both.select("published", "replica").to_numpy()), axis=0)
    assert abs(np.corrcoef(returns[1:, 0], returns[:-1, 1])[0, 1]) < 0.2
    assert abs(np.corrcoef(returns[:-1, 0], returns[1:, 1])[0, 1]) < 0.2


def test_the_ten_selected_reproduce_the_published_sum(shared: Path, real_panel: Panel) -> None:
    """The published series is the capitalisation of the ten largest coins, stablecoins and derivatives left out."""
    published = pl.read_csv(shared / "data" / "hathix_capsum_index_top10_2021h1.csv", try_parse_dates=True)
    days = dict(published.filter(pl.col("date") >= pl.date(2021, 1, 1)).iter_rows())
    methodology = Methodology.load(
        {
            "basketry": 1,
            "name": "Ten largest",
            "symbol": "TOP10",
            "base": {"date": "2021-01-01", "level": 1000},
            "universe": [{"exclude_tags": ["stablecoin"]}],
            "select": {"by": "market_cap", "top": 10},
            "weight": {"by": "market_cap"},
            "rebalance": {"every": "day", "determine": "0d"},
            "guard": {"supply_change": None, "price_jump": None, "min_turnover": None},
        }
    )
    result = calculate_index(methodology, real_panel, end="2021-06-30")
    caps = real_panel.field("market_cap")
    checked = 0
    for (effective,), rows in result.compositions.group_by("effective_at", maintain_order=True):
        row = int(np.searchsorted(real_panel.times, np.datetime64(effective.replace(tzinfo=None))))
        total = sum(caps[row, real_panel.position(asset)] for asset in rows["asset"])
        assert abs(total / 1e9 / days[effective.date()] - 1) < 1e-12, effective
        assert rows.height == 10
        checked += 1
    assert checked == len(days)
