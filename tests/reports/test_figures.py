"""The rows of the factsheet."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from basketry.index.result import IndexResult
from basketry.reports.figures import concentration, headline, periods, risk_table
from basketry.reports.pages import NOTHING
from basketry.reports.statistics import risk_figures
from basketry.reports.weights import current_weights


def test_every_figure_has_a_value_for_each_series_and_a_convention(result: IndexResult) -> None:
    for row in (*periods(result), *risk_table(result)):
        assert len(row.values) == len(result.return_columns)
        assert all(row.values)
        assert row.convention


def test_suspended_levels_are_no_returns(result: IndexResult) -> None:
    status = result.levels["status"].cast(pl.String).to_list()
    status[30:40] = ["suspended"] * 10
    held = result.level().copy()
    held[30:40] = held[29]
    levels = result.levels.with_columns(
        pl.Series("status", status, dtype=result.levels.schema["status"]), pl.Series("price_return", held)
    )
    rows = {row.name: row.values[0] for row in risk_table(replace(result, levels=levels))}
    kept = np.array([name != "suspended" for name in status])
    expected = risk_figures(held[kept], result.times[kept]).volatility
    assert rows["Volatility a year"] == f"{expected:.2%}"
    assert expected != pytest.approx(risk_figures(held, result.times).volatility, rel=1e-3)


def test_a_suspended_level_starts_no_period(result: IndexResult) -> None:
    times = result.levels["time"]
    status = ["suspended" if month == 4 else "live" for month in times.dt.month()]
    levels = result.levels.with_columns(pl.Series("status", status, dtype=result.levels.schema["status"]))
    may = next(row for row in periods(result) if row.name == "Month to date")
    assert periods(replace(result, levels=levels))[0] == may, "the level of 1 May is not suspended"
    status = [
        "suspended" if month == 4 or (month == 5 and day == 1) else "live"
        for month, day in zip(times.dt.month(), times.dt.day(), strict=True)
    ]
    levels = result.levels.with_columns(pl.Series("status", status, dtype=result.levels.schema["status"]))
    assert periods(replace(result, levels=levels))[0].values[0] == NOTHING


def test_concentration_by_hand() -> None:
    rows = {row.name: row.values[0] for row in concentration(np.array([0.1, 0.4, 0.3, 0.2]))}
    assert rows["Effective number"] == f"{1 / 0.3:.1f}"
    assert rows["Largest weight"] == "40.00%"
    assert rows["Five largest"] == "100.00%"


def test_concentration_counts_cash_and_says_so() -> None:
    weights = np.array([0.1, 0.4, 0.3, 0.2])
    members, effective, *rest = concentration(weights, cash=True)
    assert (members.values, members.convention) == (("3 and cash",), "held at the last level")
    assert effective.convention.endswith("as concentrated; cash counts as one of the weights, here and below")
    plain = concentration(weights)
    assert (plain[0].values, plain[0].convention) == (("4",), "assets held at the last level")
    assert [row.values for row in plain[1:]] == [row.values for row in (effective, *rest)]


def test_the_headline_shows_published_levels(result: IndexResult) -> None:
    tiles = dict(headline(result, current_weights(result)))
    assert tiles["price return"] == f"{result.published_levels['price_return'][-1]:,.4f}"
    assert tiles["members"] == "4"
