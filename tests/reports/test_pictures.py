"""Pictures of a factsheet: by hand, at their limits, and the same each time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import small_market
from tests.reports.conftest import RULES
from tests.reports.svgs import Picture

from basketry.core.numbers import Floats
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.pictures import (
    picture_of_current_weights,
    picture_of_levels,
    picture_of_turnover,
    picture_of_weights,
)
from basketry.reports.plots import FALL, LINES, OTHERS, SHADES
from basketry.reports.rebalances import turnovers
from basketry.reports.weights import current_weights

NAN = float("nan")


@cache
def three() -> IndexResult:
    return calculate_index(Methodology.load(RULES), Panel.from_frames(small_market()))


@pytest.fixture
def index() -> IndexResult:
    return three()


def with_levels(
    result: IndexResult, price: Floats, levered: Floats, seconds: int = 86_400, status: str = "live"
) -> IndexResult:
    """Return an index of other levels, at an even distance from 2020 on."""
    times = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds * row) for row in range(len(price))]
    frame = pl.DataFrame(
        {
            "time": pl.Series(times, dtype=result.levels.schema["time"]),
            "price_return": price,
            "leverage_2x": levered,
            "status": pl.Series([status] * len(price), dtype=result.levels.schema["status"]),
        }
    )
    return replace(result, levels=frame)


def drawn(result: IndexResult) -> list[Picture]:
    """Return all pictures of an index."""
    return [
        Picture(picture_of_levels(result)),
        Picture(picture_of_weights(result)),
        Picture(picture_of_current_weights(result.methodology.name, current_weights(result))),
        Picture(picture_of_turnover(result, turnovers(result))),
    ]


def two(name: str = "Two", *, top: int = 2, **more: Any) -> Methodology:
    rules = {"basketry": 1, "name": name, "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100}}
    return Methodology.load(
        {**rules, "select": {"by": "price", "top": top}, "weight": "equal", "rebalance": {"every": "month"}, **more}
    )


def market(names: list[str], rows: int, step: timedelta) -> Panel:
    """Return a market of seeded walks from 2020 on."""
    walks = np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.02, (rows, len(names))), axis=0))
    times = [datetime(2020, 1, 1, tzinfo=UTC) + step * row for row in range(rows)]
    return Panel.from_frames(
        price=pl.DataFrame({"time": times} | {name: walks[:, place] for place, name in enumerate(names)})
    )


def test_pictures_say_what_they_show(index: IndexResult) -> None:
    levels, weights, current, turnover = drawn(index)
    assert levels.label == "Levels of Three of Six, and its drawdown under them"
    assert {"price return", "leverage 2x", "drawdown", "0%"} <= set(levels.texts)
    assert {"weights", "100%", *current_weights(index)} <= set(weights.texts)
    assert [f"{weight:.2%}" for weight in current_weights(index).values()] == current.texts[1::2]
    assert list(current_weights(index)) == current.texts[::2]
    assert "one-way turnover" in turnover.texts
    assert [picture.faults() for picture in (levels, weights, current, turnover)] == [[]] * 4


def test_the_same_index_gives_the_same_bytes(index: IndexResult) -> None:
    again = calculate_index(Methodology.load(RULES), Panel.from_frames(small_market()))
    assert picture_of_levels(index) == picture_of_levels(again)
    assert picture_of_weights(index) == picture_of_weights(again)
    assert picture_of_turnover(index, turnovers(index)) == picture_of_turnover(again, turnovers(again))


def test_places_of_levels_by_hand(index: IndexResult) -> None:
    # Three days from 100 to 200 on a linear scale from 96 to 204; 254 units high, from 22 (one row of legend) to 276.
    picture = Picture(picture_of_levels(with_levels(index, np.array([100.0, 200.0, 150.0]), np.full(3, 150.0))))
    price, levered = (picture.coloured(colour)[0] for colour in LINES[:2])
    left, right = price[0][0], 678.0
    assert [x for x, _ in price] == pytest.approx([left, (left + right) / 2, right], abs=0.006)
    heights = [276 - 254 * (level - 96) / 108 for level in (100, 200, 150)]
    assert [y for _, y in price] == pytest.approx(heights, abs=0.006)
    assert {y for _, y in levered} == {149.0}
    # The fall of a quarter on an axis to 26%, 104 units from 290 on.
    assert [y for _, y in picture.coloured(FALL[1])[0]] == pytest.approx([290, 290, 290 + 104 * 0.25 / 0.26], abs=0.006)
    assert {"level", "100", "120", "200", "−20%", "2020-01-02"} <= set(picture.texts)


def test_a_wide_range_is_on_a_log_scale_with_equal_steps(index: IndexResult) -> None:
    levels = np.array([1.0, 10.0, 100.0, 1000.0])
    picture = Picture(picture_of_levels(with_levels(index, levels, levels)))
    heights = [y for _, y in picture.coloured(LINES[0])[0]]
    # Three decades with 4% at both ends: 254 / 1.08 / 3 units each.
    assert np.diff(heights) == pytest.approx(np.full(3, -254 / 1.08 / 3), abs=0.011)
    assert {"level, log scale", "1", "10", "100", "1,000"} <= set(picture.texts)
    narrow = Picture(picture_of_levels(with_levels(index, np.array([1.0, 10.0]), np.array([1.0, 1.0]))))
    assert "level" in narrow.texts


def test_a_level_of_zero_ends_a_line_of_a_log_scale_and_is_drawn_on_a_linear_one(index: IndexResult) -> None:
    dead = np.array([100.0, 50.0, 0.0, 0.0])
    wide = Picture(picture_of_levels(with_levels(index, np.array([100.0, 1500.0, 2000.0, 2500.0]), dead)))
    assert len(wide.coloured(LINES[1])[0]) == 2
    flat = Picture(picture_of_levels(with_levels(index, np.full(4, 100.0), dead)))
    assert len(flat.coloured(LINES[1])[0]) == 4
    assert "0" in flat.texts


def test_levels_that_are_not_live_are_shaded_and_told(index: IndexResult) -> None:
    for status, colour in SHADES.items():
        marked = with_levels(index, np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0]), status=status)
        picture = Picture(picture_of_levels(marked))
        assert f"level {status}" in picture.texts
        spans = picture.coloured(colour)[0]
        assert spans[1][0] - spans[0][0] == pytest.approx(678 - spans[0][0])
        assert picture.faults() == []
    assert not any("level live" in text for text in Picture(picture_of_levels(index)).texts)


LEVELS = st.one_of(
    st.floats(50, 150),
    st.floats(1e-6, 1e12),
    st.sampled_from([NAN, 0.0, -3.0, 1e-6, 1e12, 100.0]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=40),
    st.sampled_from([1, 60, 3600, 86_400, 10**7, 10**8]),
    st.sampled_from(["live", *SHADES]),
)
def test_whatever_the_levels_all_is_finite_inside_and_apart(
    levels: list[tuple[float, float]], seconds: int, status: str
) -> None:
    price, levered = np.array(levels).T
    result = with_levels(three(), price, levered, seconds, status)
    assert Picture(picture_of_levels(result)).faults() == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=50), st.floats(1e-9, 1)),
        min_size=1,
        max_size=40,
        unique_by=lambda member: member[0],
    )
)
def test_bars_of_weights_fit_whatever_the_names(members: list[tuple[str, float]]) -> None:
    total = sum(weight for _, weight in members)
    weights = {name: weight / total for name, weight in sorted(members, key=lambda member: -member[1])}
    picture = Picture(picture_of_current_weights('A "B" <C>', weights))
    assert picture.faults() == []
    assert len(picture.texts) == 2 * min(len(members), 26)


def test_two_hundred_members_are_the_largest_and_all_others() -> None:
    names = [f"coin-{number}" for number in range(200)]
    result = calculate_index(two(top=200), market(names, 40, timedelta(days=1)))
    _, weights, current, _ = pictures = drawn(result)
    assert [picture.faults() for picture in pictures] == [[]] * 4
    assert "others" in weights.texts
    assert current.texts[-2] == "175 others"
    assert len(current.coloured(OTHERS)) == 1
    assert weights.texts.count("others") == 1
    assert sum(text.startswith("coin-") for text in weights.texts) == 10


def test_one_member_has_all_the_weight() -> None:
    name = '比特币 <&> "x" ' + "long " * 20
    result = calculate_index(two(top=1), market([name], 5, timedelta(days=1)))
    levels, weights, current, turnover = pictures = drawn(result)
    assert [picture.faults() for picture in pictures] == [[]] * 4
    assert current.texts[1] == "100.00%"
    assert current.texts[0].startswith("比特币 <&>")
    assert current.texts[0].endswith("…")
    assert turnover.coloured(LINES[0]) == []
    assert weights.coloured("#0b5394")
    assert levels.coloured(LINES[0])


def test_one_level_is_a_dot_over_its_day() -> None:
    result = calculate_index(two(), market(["a", "b"], 1, timedelta(days=1)))
    levels, weights, _, _ = pictures = drawn(result)
    assert [picture.faults() for picture in pictures] == [[]] * 4
    dot = levels.coloured(LINES[0])[0]
    assert len(set(dot)) == 1
    assert "2020-01-01" in levels.texts
    # Half of each, over the whole width.
    lower = weights.coloured(LINES[0])[0]
    assert {y for _, y in lower} == {114.5, 222.0}


def test_a_cash_member_is_grey() -> None:
    result = calculate_index(two(weight={"by": "equal", "cash": 0.2}), market(["a", "b"], 60, timedelta(days=1)))
    weights = Picture(picture_of_weights(result))
    assert "cash" in weights.texts
    assert len(weights.coloured("#7f8a94")) == 2
    assert [picture.faults() for picture in drawn(result)] == [[]] * 4


def test_minutes_of_a_day_have_times_of_day() -> None:
    result = calculate_index(two(), market(["a", "b", "c"], 1440, timedelta(minutes=1)))
    assert len(result.times) in (1, 1440)
    levels = Picture(picture_of_levels(with_levels(result, np.linspace(99, 101, 1440), np.full(1440, 100.0), 60)))
    assert {"2020-01-01", "03:00", "21:00"} <= set(levels.texts)
    assert levels.faults() == []


def test_a_turnover_is_as_high_as_it_says(index: IndexResult) -> None:
    changes = turnovers(index)
    picture = Picture(picture_of_turnover(index, changes))
    planned = changes.filter(pl.col("trigger") == "schedule")["turnover"].to_list()
    every = changes["turnover"].to_list()
    # The legend has a path of the same colour, of four points.
    marks = next(path for path in picture.coloured(LINES[0]) if len(path) != 4)
    rectangles = np.array(marks).reshape(-1, 4, 2)
    assert len(rectangles) == len(planned) > 0
    heights = rectangles[:, 2, 1] - rectangles[:, 1, 1]
    assert heights == pytest.approx(104 * np.array(planned) / (max(every) * 1.04), abs=0.011)


def test_of_thousands_of_changes_the_highest_are_drawn(index: IndexResult) -> None:
    first = turnovers(index).head(1)
    many = pl.concat([first] * 5000).with_columns(
        effective_at=pl.datetime_range(
            first["effective_at"][0], first["effective_at"][0] + timedelta(minutes=4999), "1m", eager=True
        ).cast(first.schema["effective_at"]),
        turnover=pl.Series([0.01] * 3333 + [0.5] + [0.01] * 1666),
    )
    picture = Picture(picture_of_turnover(index, many))
    marks = next(path for path in picture.coloured(LINES[0]) if len(path) != 4)
    assert len(marks) <= 4 * 1400
    assert max(y for _, y in marks) - min(y for _, y in marks) == pytest.approx(104 / 1.04, abs=0.011)
    assert picture.faults() == []
