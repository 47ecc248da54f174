"""Which supply is believed, day by day, at the edges of every limit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.index.test_guard_bounds import panel

from basketry.index.supply import accepted_supplies, unbelieved
from basketry.market.panel import Panel
from basketry.methodology.sections import Guard, Override

nan = float("nan")
WEEK = [100.0] * 7
"""The first days, in which everything is believed."""


def market(values: list[float], second: list[float] | None = None) -> Panel:
    more = {} if second is None else {"second_supply": [[value] for value in second]}
    return panel(supply=[[value] for value in values], **more)


def believed(view: Panel, accepted: dict[int, tuple[np.datetime64, ...]] | None = None, **section: Any) -> list[float]:
    """Return the supply of the first asset that is believed at each day, asked for day after day."""
    guard = Guard(**section)
    reported = view.field("supply")[:, 0]
    found = []
    for row in range(len(view.times)):
        known = reported[: row + 1][reported[: row + 1] > 0]
        wrong = unbelieved(view.first_rows(row + 1), guard, np.array([0]), accepted or {})
        assert not wrong or wrong[0][1] == known[-1]
        found.append(wrong[0][0] if wrong else float(known[-1]) if len(known) else nan)
    alone = Panel(view.times, view.assets, dict(view.fields), event_table=view.event_table)
    last = unbelieved(alone, guard, np.array([0]), accepted or {})
    # It makes no difference whether somebody asked before.
    assert [value for value, _ in last.values()] == ([found[-1]] if last else [])
    return found


def after(*values: float, **section: Any) -> list[float]:
    """Return what is believed on the days after the first week."""
    return believed(market([*WEEK, *values]), **section)[7:]


def close(*values: float) -> object:
    return pytest.approx(values, rel=1e-12)


def test_a_step_up_to_the_limit_is_believed_either_way() -> None:
    assert after(150.0) == [150.0]
    assert after(150.1) == [100.0]
    assert after(66.7) == [66.7]
    assert after(66.6) == [100.0]
    assert after(120.0, supply_step=1.2) == [120.0]
    assert after(120.1, supply_step=1.2) == [100.0]
    assert after(199.9, 200.0, supply_step=None) == [199.9, 200.0]
    assert after(200.1, supply_step=None) == [100.0]
    assert after(250.0, supply_step=3, supply_change=4) == [250.0]


def test_growth_is_judged_over_a_window() -> None:
    # 274.4 is 2.744 times the 100 before day 8, and 1.96 times the 140 of that day, five days old on day 12.
    steps = [140.0, 196.0, *[274.4] * 4]
    assert after(*steps, supply_window="5d") == [140.0, 196.0, 196.0, 196.0, 196.0, 274.4]
    assert after(*steps, supply_window="6d") == [140.0, 196.0, 196.0, 196.0, 196.0, 196.0]
    down = [10_000 / value for value in steps]
    assert after(*down, supply_window="5d") == close(*[10_000 / value for value in (140, 196, 196, 196, 196, 274.4)])


def test_everything_is_believed_in_the_first_seven_days() -> None:
    assert believed(market([5.0, 5000.0, 1.0, 7.0, 7.0, 7.0, 700.0])) == [5.0, 5000.0, 1.0, 7.0, 7.0, 7.0, 700.0]
    assert believed(market([*WEEK, 700.0]))[-1] == 100.0
    # They begin with the first figure.
    late = believed(market([nan, nan, *WEEK[:6], 700.0, 7000.0]))
    assert late[-2:] == [700.0, 700.0]


def test_a_series_begins_anew_after_a_window_without_a_figure() -> None:
    assert after(nan, nan, nan, 1000.0, supply_window="4d") == [100.0, 100.0, 100.0, 100.0]
    assert after(nan, nan, nan, nan, 1000.0, 9.0, supply_window="4d")[-2:] == [1000.0, 9.0]
    # What is not believed is reported all the same.
    assert after(1000.0, nan, nan, nan, 1000.0, supply_window="4d")[-1] == 100.0
    assert after(1000.0, nan, nan, nan, nan, 1000.0, supply_window="4d")[-1] == 1000.0


@pytest.mark.parametrize(("second", "found"), [(910.0, 1000.0), (909.0, 100.0), (1100.0, 1000.0), (1101.0, 100.0)])
def test_a_second_source_confirms_within_a_tenth(second: float, found: float) -> None:
    view = market([*WEEK, 1000.0, 1000.0], [nan] * 8 + [second])
    assert believed(view)[7:] == [100.0, found]


def test_what_was_confirmed_is_judged_from_there() -> None:
    view = market([*WEEK, 1000.0, 1400.0, 1960.0, 2100.0], [nan] * 7 + [1000.0] + [nan] * 3)
    # Not from the 100 of the window before; 2,100 is more than twice the thousand.
    assert believed(view)[7:] == [1000.0, 1400.0, 1960.0, 1960.0]


def test_what_is_believed_grows_with_what_is_reported() -> None:
    assert after(1000.0, 1010.0, 1500.0) == close(100.0, 101.0, 150.0)
    # A jump of what is reported is not followed, nor growth beyond what a window may bring.
    assert after(1000.0, 5000.0, 5050.0) == close(100.0, 100.0, 101.0)
    assert after(1000.0, 1400.0, 1960.0, 2744.0) == close(100.0, 140.0, 196.0, 196.0)
    assert after(1000.0, 101.0, 102.0) == [100.0, 101.0, 102.0]


def test_unknown_and_empty_figures_are_passed_over() -> None:
    assert after(nan, 0.0, 140.0, nan) == [100.0, 100.0, 140.0, 140.0]
    assert after(1000.0, nan, 0.0) == [100.0, 100.0, 100.0]
    assert unbelieved(market([nan, nan]), Guard(), np.array([0]), {}) == {}


def test_a_decision_accepts_the_next_figure_only() -> None:
    view = market([*WEEK, 1000.0, 1000.0, nan, 5000.0, 50_000.0])
    times = view.times
    assert believed(view, {0: (times[8],)})[7:] == [100.0, 1000.0, 1000.0, 1000.0, 1000.0]
    # From day 9 on, on which nothing was reported: the figure of day 10.
    assert believed(view, {0: (times[9],)})[7:] == [100.0, 100.0, 100.0, 5000.0, 5000.0]
    assert believed(view, {0: (times[7], times[11])})[7:] == [1000.0, 1000.0, 1000.0, 1000.0, 50_000.0]
    assert believed(view, {1: (times[7],)})[7:] == [100.0] * 5


@pytest.mark.parametrize(("jump", "found"), [(9, [100.0, 1000.0]), (10, [1000.0]), (16, [1000.0]), (17, [100.0])])
def test_an_event_confirms_what_is_reported_within_a_week(jump: int, found: list[float]) -> None:
    # The event is that of day 10.
    times = [datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(20)]
    row = {"time": times[10], "kind": "airdrop", "asset": "b", "new_asset": "a", "ratio": 1.0}
    ones = {"time": times, "a": [1.0] * 20, "b": [1.0] * 20}
    caps = {**ones, "a": [100.0] * jump + [1000.0] * (20 - jump)}
    view = Panel.from_frames(price=pl.DataFrame(ones), market_cap=pl.DataFrame(caps), events=pl.DataFrame([row]))
    assert believed(view)[jump : jump + len(found)] == found


def test_assets_are_told_by_their_columns() -> None:
    rows = [[100.0, 100.0, 100.0, 100.0]] * 7 + [[1000.0, 100.0, 10.0, 1000.0]]
    view = panel(supply=rows)
    assert unbelieved(view, Guard(), np.array([1, 2, 3]), {}) == {2: (100.0, 10.0), 3: (100.0, 1000.0)}
    assert unbelieved(view, Guard(), np.array([0]), {}) == {0: (100.0, 1000.0)}
    assert unbelieved(view, Guard(), np.array([1]), {}) == {}
    assert unbelieved(view, Guard(), np.array([2, 0]), {0: (view.now,)}) == {2: (100.0, 10.0)}


def test_a_row_that_is_still_written_to_is_looked_at_anew() -> None:
    supply = np.array([[100.0]] * 7 + [[1000.0]])
    times = np.datetime64("2021-02-01", "us") + np.arange(8) * np.timedelta64(1, "D")
    view = Panel(times, ("a",), {"supply": supply, "price": np.ones((8, 1))})
    assert unbelieved(view.as_of(times[-1]), Guard(), np.array([0]), {}) == {0: (100.0, 1000.0)}
    supply[-1] = 101.0
    assert unbelieved(view.as_of(times[-1]), Guard(), np.array([0]), {}) == {}
    supply[-1] = 5000.0
    assert unbelieved(view.as_of(times[-1]), Guard(), np.array([0]), {}) == {0: (100.0, 5000.0)}


def test_the_instants_from_which_a_figure_is_accepted() -> None:
    def decided(asset: str, since: str, action: str = "accept_supply") -> Override:
        fields = {"asset": asset, "action": action, "from": since, "reason": "why", "approver": "C", "date": since}
        return Override.model_validate(fields)

    view = panel(supply=[[1.0, 1.0]])  # on 2021-02-01
    overrides = [
        decided("b", "2021-02-01"), decided("b", "2021-01-03"), decided("a", "2021-02-02"), decided("z", "2021-01-01"),
        decided("a", "2021-01-01", "exclude"),
    ]  # fmt: skip
    assert accepted_supplies(overrides, view) == {1: (np.datetime64("2021-01-03"), np.datetime64("2021-02-01"))}
    assert accepted_supplies([], view) == {}


def moved(supplies: list[float], prices: list[float]) -> list[float]:
    """Return what is believed after a week at a supply of 100 and a price of 10."""
    values = [*WEEK, *supplies]
    view = panel(supply=[[value] for value in values], price=[[value] for value in [10.0] * 7 + prices])
    return believed(view, price_jump=None)[7:]


def test_a_supply_that_moves_against_the_price_is_believed() -> None:
    assert moved([10_000.0, 10_100.0], [0.1, 0.1]) == [10_000.0, 10_100.0], "a redenomination nobody recorded"
    assert moved([1.0, 1.0], [1000.0, 900.0]) == [1.0, 1.0], "a reverse split"
    assert moved([10_000.0], [0.149]) == [10_000.0], "a capitalisation of 1.49 times"
    assert moved([10_000.0], [0.151]) == [100.0]
    assert moved([10_000.0], [10.0]) == [100.0], "the price did not move"
    assert moved([10_000.0], [1000.0]) == [100.0], "it moved the same way"
    assert moved([199.9], [4.99]) == moved([200.1], [5.01]) == [100.0], "less than two of either"
    assert moved([200.0], [5.0]) == [200.0], "two for one"
    assert moved([200.0 * (1.0 - 1e-14)], [5.0 * (1.0 + 1e-14)]) == [200.0 * (1.0 - 1e-14)], "two to rounding"


def test_price_and_supply_may_be_some_days_apart() -> None:
    assert moved([100.0] * 3 + [10_000.0], [0.1] * 4) == [100.0] * 3 + [10_000.0], "the price first"
    late = moved([10_000.0] * 4, [10.0] * 3 + [0.1])
    assert late == [100.0] * 3 + [10_000.0], "the supply first"
    assert moved([100.0] * 6 + [10_000.0], [0.1] * 7)[-1] == 10_000.0, "seven days after the last at the old price"
    assert moved([100.0] * 7 + [10_000.0], [0.1] * 8)[-1] == 100.0
