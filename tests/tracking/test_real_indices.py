"""Indices of the real market followed for five years, at costs estimated from real volumes."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.numbers import Floats
from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.tracking.costs import TradingCosts
from basketry.tracking.frontier import Frontier, efficient_points, frontier
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ["large-cap-20", "equal-weight-10"]


@pytest.fixture(scope="module", params=NAMES)
def followed(request: pytest.FixtureRequest, real_panel: Panel) -> tuple[Target, TradingCosts]:
    index = calculate_index(
        Methodology.load(EXAMPLES / f"{request.param}.yaml"), real_panel, "2015-06-30", "2020-06-30"
    )
    target = Target.from_index(index)
    rows = np.searchsorted(real_panel.times, target.times)
    columns = [real_panel.position(name) for name in target.assets]
    volumes: Floats = real_panel.field("volume")[rows][:, columns]
    return target, TradingCosts.from_volumes(target, volumes, participation=1.0, minimum=50.0)


def test_at_no_cost_the_index_is_held_exactly(followed: tuple[Target, TradingCosts]) -> None:
    target, _ = followed
    for name, value in (("with_index", None), ("calendar", "1d")):
        result = follow(target, POLICIES.build(name, value), TradingCosts(), value=1e5)
        assert np.abs(result.level / result.index - 1).max() < 1e-12, name


def test_attribution_adds_up_over_five_years(followed: tuple[Target, TradingCosts]) -> None:
    target, costs = followed
    result = follow(target, POLICIES.build("cost_aware", 100.0), costs, value=1e5, fee=0.01, cash_buffer=0.01)
    found = result.attribution()
    for column in ("difference", "yearly", "tracking_error"):
        figures = found.table[column].to_list()
        assert abs(sum(figures[:-1]) - figures[-1]) < 1e-12
    assert abs(found.part("rounding", "yearly")) < 1e-12


def test_a_policy_chosen_before_beats_the_calendar_after(followed: tuple[Target, TradingCosts]) -> None:
    """Chosen by the rule on the first half, at equal tracking error it costs less than the calendar on the second."""
    target, costs = followed
    half = len(target.times) // 2
    chosen = frontier(target.between(end=target.times[half]), costs.rows(0, half + 1), value=1e5).recommended
    after = frontier(target.between(target.times[half]), costs.rows(half, len(target.times)), value=1e5)
    row = after.table.filter(pl.col("label") == chosen.label()).row(0, named=True)
    assert saving(after, row["tracking_error"], row["cost"]) > 0.05


def saving(found: Frontier, error: float, cost: float) -> float:
    """Saving over the calendar at a tracking error, between its points on the frontier in logarithms."""
    family = found.table.filter(pl.col("policy") == "calendar").sort("tracking_error")
    errors, costs = family["tracking_error"].to_numpy(), family["cost"].to_numpy()
    kept = efficient_points(errors, costs)
    return float(1 - cost / np.exp(np.interp(np.log(error), np.log(errors[kept]), np.log(costs[kept]))))
