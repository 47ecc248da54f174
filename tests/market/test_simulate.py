"""The simulated market: the same for the same seed, true to its schemas, and shaped like a real one."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from basketry.core.frames import LAKE_TABLES
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.market.simulate import SimulatedMarket, simulate_market


@cache
def market(seed: int = 7) -> SimulatedMarket:
    return simulate_market(seed)


@cache
def panel() -> Panel:
    held = market().tables
    return Panel.from_frames(
        held["daily"],
        assets=held["assets"],
        classifications=held["classifications"],
        supply=held["supply"],
        events=held["events"],
        simulated=True,
    )


def returns(asset: str) -> Floats:
    price = panel().field("price")[:, panel().position(asset)]
    return np.diff(np.log(price[~np.isnan(price)]))


def test_the_same_seed_gives_the_same_market_and_another_another() -> None:
    again, other = simulate_market(7), market(8)
    for name, table in market().tables.items():
        assert table.equals(again.tables[name]), name
    assert not market().tables["daily"]["price"].equals(other.tables["daily"]["price"])


@pytest.mark.parametrize("name", sorted(market().tables))
def test_every_table_keeps_its_schema_and_says_that_it_is_simulated(name: str) -> None:
    table = market().tables[name]
    assert LAKE_TABLES[name].conform(table).height == table.height > 0
    if "asset" in table.columns:
        assert table["asset"].str.starts_with("sim-").all()


def test_it_is_as_large_as_promised() -> None:
    daily = market().tables["daily"]
    assert daily["asset"].n_unique() >= 60
    span = daily["time"].max() - daily["time"].min()  # type: ignore[operator]
    assert span.days >= 6 * 365  # type: ignore[union-attr]
    assert market().tables["intraday"].height > 10_000
    assert daily.filter(~(pl.col("price") > 0)).is_empty()


def test_returns_have_fat_tails_and_volatility_clusters() -> None:
    largest = max(
        panel().assets, key=lambda a: np.nan_to_num(np.nanmean(panel().field("market_cap")[:, panel().position(a)]))
    )
    series = returns(largest)
    spread = series - series.mean()
    assert np.mean(spread**4) / np.mean(spread**2) ** 2 > 4
    size = np.abs(spread)
    lagged = [np.corrcoef(size[lag:], size[:-lag])[0, 1] for lag in range(1, 11)]
    assert min(lagged) > 0
    assert np.mean(lagged) > 0.05


def test_correlations_rise_in_stress() -> None:
    price = panel().field("price")
    old = np.flatnonzero(~np.isnan(price).any(axis=0))
    moves = np.diff(np.log(price[:, old]), axis=0)
    moving = moves[:, moves.std(axis=0) > 0.01]
    market_move = moving.mean(axis=1)
    # Days are sorted by the volatility of the weeks before them, so that the choice does not make the correlation.
    weeks = np.array([market_move[max(0, day - 21) : day].std() if day > 21 else np.nan for day in range(len(moving))])
    calm, stress = (moving[weeks < np.nanquantile(weeks, 0.3)], moving[weeks > np.nanquantile(weeks, 0.9)])
    mean = [np.corrcoef(part.T)[np.triu_indices(moving.shape[1], 1)].mean() for part in (calm, stress)]
    assert mean[1] > mean[0] + 0.05, mean


def test_something_collapses_something_ends_and_events_agree_with_prices() -> None:
    price = panel().field("price")
    with np.errstate(invalid="ignore"):
        falls = np.nanmin(price[10:] / price[:-10], axis=0)
    assert falls.min() < 1e-3
    events = {row["kind"]: row for row in market().tables["events"].iter_rows(named=True)}
    assert set(events) == {"hard_fork", "airdrop", "redenomination", "delisting", "halt", "migration"}
    change = events["redenomination"]
    row = int(np.searchsorted(panel().times, np.datetime64(change["time"].replace(tzinfo=None))))
    place = panel().position(change["asset"])
    assert price[row, place] * change["ratio"] / price[row - 1, place] == pytest.approx(1, abs=0.5)
    move = events["migration"]
    row = int(np.searchsorted(panel().times, np.datetime64(move["time"].replace(tzinfo=None))))
    old, new = (panel().position(move[name]) for name in ("asset", "new_asset"))
    assert price[row, new] * move["ratio"] / price[row - 1, old] == pytest.approx(1, abs=0.5)
    gone = events["delisting"]
    assert np.isnan(price[-1, panel().position(gone["asset"])])


def test_capitalisation_is_price_times_supply() -> None:
    held = panel()
    cap, price, supply = (held.field(name) for name in ("market_cap", "price", "supply"))
    known = ~np.isnan(cap) & ~np.isnan(price) & ~np.isnan(supply)
    np.testing.assert_allclose(cap[known], (price * supply)[known], rtol=1e-9)
