"""Sensitivity: a variation equals the index calculated with the changed rulebook, one at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.evaluation.sensitivity import (
    CHANGES,
    Variation,
    leave_out,
    leave_out_venue,
    median_of_venues,
    sensitivity,
    set_cap,
    set_fixing,
    set_frequency,
    set_members,
    standard_variations,
    varied,
)
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.buffers import Buffer, Exceed
from basketry.methodology.methodology import Methodology


def test_a_variation_is_the_index_of_the_changed_rules(
    five: IndexResult, make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    found = sensitivity(five.methodology, make_market(), [set_cap(0.4)])
    other = calculate_index(make_rules(weight={"by": "market_cap", "cap": 0.4}), make_market())
    row = found.table.row(0, named=True)
    assert row["level"] == pytest.approx(other.level()[-1] / five.level()[-1] - 1, rel=1e-12)
    times, path = found.paths["cap: 40%"]
    np.testing.assert_allclose(path, other.level() / five.level(), rtol=1e-12)
    assert (times == five.times).all()
    gap = other.level()[1:] / other.level()[:-1] - five.level()[1:] / five.level()[:-1]
    assert row["tracking_error"] == pytest.approx(gap.std(ddof=1) * np.sqrt(365), rel=1e-9)
    assert row["cost"] is None


def test_rules_as_they_are_change_nothing(five: IndexResult, make_market: Callable[..., Panel]) -> None:
    row = sensitivity(five.methodology, make_market(), [set_cap(0.3)]).table.row(0, named=True)
    # Under a year there is no return a year, and without a function no cost.
    assert {name: row[name] for name in CHANGES if row[name] != 0} == {"annual_return": None, "cost": None}


def test_every_standard_variation_is_calculated_or_says_why_not(
    five: IndexResult, make_market: Callable[..., Panel]
) -> None:
    said: list[str] = []
    variations = standard_variations(five.methodology, five)
    found = sensitivity(five.methodology, make_market(), variations, cost=lambda _: 0.5, progress=said.append)
    assert len(found.table) == len(variations) == len(said)
    assert set(found.table["parameter"]) == {"cap", "members", "rebalance", "constituent"}
    failed = found.table.filter(found.table["problem"] != "")
    for row in failed.iter_rows(named=True):
        assert row["level"] is None
    assert found.table.filter(problem="")["cost"].to_list() == [0.0] * len(found.paths)
    # Nothing was changed in the rules that were varied.
    assert five.methodology.document["weight"] == {"by": "market_cap", "cap": 0.3}


def test_rules_that_cannot_be_satisfied_keep_their_problem(
    five: IndexResult, make_market: Callable[..., Panel]
) -> None:
    table = sensitivity(five.methodology, make_market(), [set_cap(0.1), leave_out("coin-z")]).table
    assert "raise the cap" in table["problem"][0]
    # An asset that is not there would change nothing, which is no answer.
    assert "no asset 'coin-z' (did you mean" in table["problem"][1]
    assert table["level"].to_list() == [None, None]


def test_a_tornado_is_sorted_and_holds_the_extremes(five: IndexResult, make_market: Callable[..., Panel]) -> None:
    found = sensitivity(five.methodology, make_market(), [set_cap(0.25), set_cap(0.5), set_frequency("quarter")])
    bars = found.tornado("volatility")
    tried = found.table.filter(parameter="cap")["volatility"]
    bar = bars.filter(parameter="cap").row(0, named=True)
    assert bar["low"] == min(0.0, tried.min())  # type: ignore[type-var]
    assert bar["high"] == max(0.0, tried.max())  # type: ignore[type-var]
    assert bars["range"].is_sorted(descending=True)
    with pytest.raises(DataError, match="did you mean"):
        found.tornado("volatilty")


def test_changes_reach_every_version_of_the_rules(make_rules: Callable[..., Methodology]) -> None:
    later = [
        {"from": "2020-06-01", "note": "a higher cap for all", "changes": {"weight": {"by": "market_cap", "cap": 0.5}}}
    ]
    changed = varied(make_rules(versions=later), set_cap(0.25))
    assert [getattr(version.rules.weight.caps[0], "limit", None) for version in changed.versions] == [0.25, 0.25]
    without = varied(make_rules(versions=later), leave_out("coin-a"))
    assert "coin-a" in without.latest.universe[-1].words()


def test_members_move_the_buffer_in_proportion(make_rules: Callable[..., Methodology]) -> None:
    changed = varied(make_rules(), set_members(10))
    buffer = changed.latest.select.buffer
    assert isinstance(buffer, Buffer)
    assert (buffer.enter, buffer.leave) == (8, 12)
    by_size = {"by": "market_cap", "top": 5, "buffer": {"exceed": 0.05}}
    assert varied(make_rules(select=by_size), set_members(10)).latest.select.buffer == Exceed(exceed=0.05)
    with pytest.raises(MethodologyError, match="do not take a number of the largest"):
        varied(make_rules(select={"by": "market_cap", "ranks": {"first": 2, "last": 5}}), set_members(10))
    fixing = varied(make_rules(), set_fixing("16:00", "Europe/London")).latest.schedule
    assert (fixing.at.hour, fixing.zone) == (16, "Europe/London")
    assert varied(make_rules(), set_frequency("week")).latest.schedule.words().startswith("Rebalanced each week")


def test_one_venue_less_is_the_median_of_the_others(five: IndexResult, make_market: Callable[..., Panel]) -> None:
    panel = make_market()
    price = panel.field("price")
    rng = np.random.default_rng(8)
    venues = {name: price * np.exp(rng.normal(0, 0.002, price.shape)) for name in "xyz"}
    whole = median_of_venues(panel, venues)
    np.testing.assert_allclose(whole.field("price"), np.median(np.stack(list(venues.values())), axis=0))
    variation = leave_out_venue(whole, venues, "x")
    assert variation.panel is not None
    np.testing.assert_allclose(variation.panel.field("price"), (venues["y"] + venues["z"]) / 2)
    row = sensitivity(five.methodology, whole, [variation]).table.row(0, named=True)
    assert row["problem"] == ""
    assert 0 < row["tracking_error"] < 0.1
    assert row["turnover"] != 0
    same = sensitivity(five.methodology, whole, [Variation("nothing", "at all")]).table.row(0, named=True)
    assert same["level"] == 0
    with pytest.raises(DataError, match="only venue"):
        leave_out_venue(whole, {"x": venues["x"]}, "x")
    with pytest.raises(DataError, match="no prices of venue"):
        leave_out_venue(whole, venues, "w")
    with pytest.raises(DataError, match="expected"):
        median_of_venues(panel, {"x": price[:5]})


def test_a_real_index_depends_on_its_cap(real_indices: dict[str, IndexResult], real_panel: Panel) -> None:
    base = real_indices["large-cap-20"]
    found = sensitivity(
        base.methodology, real_panel, [set_cap(0.4), set_members(10), leave_out("bitcoin")], end="2020-06-30"
    )
    assert (found.table["problem"] == "").all()
    capped = found.table.row(0, named=True)
    assert capped["effective_number"] < 0
    assert found.tornado("tracking_error")["parameter"][0] == "constituent"
