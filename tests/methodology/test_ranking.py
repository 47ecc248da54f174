"""What is ranked by: figures over windows, smoothed figures and mean ranks, worked by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import DataError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.ranking import Figure, MeanRank, read_by, shared_ranks
from basketry.methodology.select import Selection
from basketry.methodology.weighting import WEIGHTING

MakePanel = Callable[..., Panel]
nan = float("nan")

# Four days of three assets; the latest last.
CAPS = [[9.0, 2.0, nan], [1.0, 4.0, 6.0], [3.0, 8.0, nan], [5.0, 7.0, 6.0]]


def by(value: Any) -> Figure | MeanRank:
    return read_by(value, "select.by")


def order(panel: Panel, value: Any, eligible: str = "abcdefgh") -> str:
    mask = np.array([asset in eligible for asset in panel.assets])
    return "".join(panel.assets[column] for column in by(value).ranked(panel, mask).columns)


@pytest.mark.parametrize(
    ("value", "figures"),
    [
        ("market_cap", [5, 7, 6]),
        ({"metric": "market_cap"}, [5, 7, 6]),
        ({"metric": "market_cap", "window": "3d", "statistic": "mean"}, [3, 19 / 3, 6]),  # 9/3, 19/3, 12/2
        ({"metric": "market_cap", "window": "4d", "statistic": "mean"}, [4.5, 5.25, 6]),  # 18/4, 21/4
        ({"metric": "market_cap", "window": "4d", "statistic": "median"}, [4, 5.5, 6]),  # (3+5)/2, (4+7)/2
        ({"metric": "market_cap", "window": "4d"}, [4, 5.5, 6]),
        ({"metric": "market_cap", "window": "4d", "statistic": "minimum"}, [1, 2, 6]),
        ({"metric": "market_cap", "window": "4d", "statistic": "maximum"}, [9, 8, 6]),
        # Weights 1, 1/2, 1/4 from the latest: (5 + 3/2 + 1/4) / 1.75, (7 + 4 + 1) / 1.75, (6 + 6/4) / 1.25
        ({"metric": "market_cap", "half_life": "1d", "window": "3d"}, [6.75 / 1.75, 12 / 1.75, 6]),
        # A window of 90 days holds all: weights 1, 1/4, 1/16, 1/64 with a half-life of half a day.
        # 5 + 3/4 + 1/16 + 9/64 and 7 + 8/4 + 4/16 + 2/64, over 1.328125.
        ({"metric": "market_cap", "half_life": "12h"}, [5.953125 / 1.328125, 9.28125 / 1.328125, 6]),
    ],
)  # fmt: skip
def test_figures_by_hand(daily: MakePanel, value: Any, figures: list[float]) -> None:
    found = by(value).ranked(daily(market_cap=CAPS), np.ones(3, dtype=bool)).figures
    np.testing.assert_allclose(found, figures, rtol=1e-15)


def test_the_order_follows_the_window_and_not_the_day(daily: MakePanel) -> None:
    panel = daily(market_cap=CAPS)
    assert order(panel, "market_cap") == "bca"
    assert order(panel, {"metric": "market_cap", "window": "4d", "statistic": "mean"}) == "cba"
    assert order(panel, {"metric": "market_cap", "window": "4d", "statistic": "maximum"}) == "abc"
    assert order(panel, {"metric": "market_cap", "window": "1d"}, "ac") == "ca"


def test_figures_that_differ_in_one_thing_are_told_apart_on_one_panel(daily: MakePanel) -> None:
    caps = np.random.default_rng(2).lognormal(1, 1, (30, 8)).tolist()
    ways = [
        {"metric": name, **more}
        for name in ("market_cap", "volume")
        for more in (
            *(
                {"window": window, "statistic": statistic}
                for window in ("9d", "20d")
                for statistic in ("mean", "minimum")
            ),
            *({"window": window, "half_life": life} for window in ("9d", "20d") for life in ("2d", "9d")),
        )
    ]
    used, everybody = daily(market_cap=caps, volume=caps[::-1]), np.ones(8, dtype=bool)
    for descending in (True, False):
        for way in ways:
            fresh = by(way).ranked(daily(market_cap=caps, volume=caps[::-1]), everybody, descending=descending)
            found = by(way).ranked(used, everybody, descending=descending)
            np.testing.assert_array_equal(found.figures, fresh.figures)
            assert found.columns.tolist() == fresh.columns.tolist()
    assert len({tuple(by(way).ranked(used, everybody).columns.tolist()) for way in ways}) > 8


def test_nothing_in_the_window_is_unknown(daily: MakePanel) -> None:
    panel = daily(market_cap=[[1.0, 5.0], [nan, 6.0], [nan, 7.0]])
    for value in ({"window": "2d"}, {"window": "2d", "half_life": "1d"}):
        assert order(panel, {"metric": "market_cap", **value}) == "b"
    assert order(panel, {"metric": "market_cap", "window": "3d"}) == "ba"


def test_smoothing_is_that_of_the_weighting(daily: MakePanel) -> None:
    caps = np.exp(np.random.default_rng(4).normal(10, 1, (40, 5)))
    caps[3:9, 2] = nan
    panel = daily(market_cap=caps.tolist())
    figures = by({"metric": "market_cap", "half_life": "15d", "window": "30d"}).ranked(panel, np.ones(5, bool)).figures
    rule = WEIGHTING.build("smoothed_market_cap", {"half_life": "15d", "window": "30d"})
    np.testing.assert_array_equal(rule.weights(panel, np.arange(5)), figures / figures.sum())


def test_a_derived_figure_has_no_window(daily: MakePanel) -> None:
    panel = daily(market_cap=[[1.0]], volume=[[1.0]])
    selection = Selection.parse({"by": {"metric": "turnover", "window": "9d"}, "top": 1})
    with pytest.raises(DataError, match=r"^select\.by: turnover is derived .*market_cap, price, volume"):
        selection.ranked(panel, np.ones(1, bool), np.zeros(1, bool))
    # Data may hold a metric of that name, which has a history.
    panel = daily(market_cap=[[1.0]], turnover=[[4.0], [6.0]])
    assert by({"metric": "turnover", "window": "9d"}).ranked(panel, np.ones(1, bool)).figures.tolist() == [5.0]


@pytest.mark.parametrize("value", ["capp", {"metric": "capp", "window": "9d"}, {"mean_rank": ["price", "capp"]}])
def test_an_unknown_figure_is_told_with_its_place(daily: MakePanel, value: Any) -> None:
    panel, everybody = daily(cap=[[1.0]]), np.ones(1, dtype=bool)
    with pytest.raises(DataError, match=r"^select\.by: the data hold no fi\w+ 'capp' \(did you mean 'cap'\?\)"):
        Selection.parse({"by": value, "top": 1}).choose(panel, everybody, ~everybody)
    with pytest.raises(DataError, match=r"^select\.first: the data hold no fi\w+ 'capp'"):
        Selection.parse({"first": {"by": value, "top": 1}, "by": "cap", "top": 1}).choose(panel, everybody, ~everybody)


def test_where_the_guard_corrected_the_figure_the_window_is_not_believed(daily: MakePanel) -> None:
    # The capitalisation of b jumped fifty times four days ago; the guard believes 2 still.
    panel = daily(market_cap=[[5.0, 2.0, nan], *[[5.0, 100.0, nan]] * 4])
    corrected = panel.corrected(market_cap=np.array([5.0, 2.0, nan]))
    for value in ({"window": "5d", "statistic": "mean"}, {"half_life": "2d"}, {"window": "3d"}):
        assert order(panel, {"metric": "market_cap", **value}) == "ba"
        assert order(corrected, {"metric": "market_cap", **value}) == "ab"
        assert order(panel, {"metric": "market_cap", **value}) == "ba"
    assert corrected.corrected(price=np.ones(3)).observed is panel


def test_the_mean_of_two_ranks(daily: MakePanel) -> None:
    #       a   b   c   d      size a 1, b 2, c 3, d 4; liquidity d 1, b 2, c 3, a 4
    panel = daily(market_cap=[[40.0, 30.0, 20.0, 10.0]], volume=[[1.0, 3.0, 2.0, 4.0]])
    ranking = by({"mean_rank": ["market_cap", "volume"]}).ranked(panel, np.ones(4, dtype=bool))
    assert ranking.figures.tolist() == [2.5, 2.0, 3.0, 2.5]
    assert [part.tolist() for part in ranking.parts] == [[1, 2, 3, 4], [4, 2, 3, 1]]
    # a and d are equal with 2.5; a has the better rank by the first figure.
    assert order(panel, {"mean_rank": ["market_cap", "volume"]}) == "badc"
    assert order(panel, {"mean_rank": ["volume", "market_cap"]}) == "bdac"
    # Among a, c and d the ranks are 1, 2, 3 and 3, 2, 1: all equal.
    assert order(panel, {"mean_rank": ["market_cap", "volume"]}, "acd") == "acd"
    assert order(panel, {"mean_rank": ["volume", "market_cap"]}, "acd") == "dca"


def test_equal_figures_share_their_rank_and_then_the_name_decides(daily: MakePanel) -> None:
    panel = daily(market_cap=[[7.0, 7.0, 9.0]], volume=[[1.0, 1.0, 0.0]])
    ranking = by({"mean_rank": ["market_cap", "volume"]}).ranked(panel, np.ones(3, dtype=bool))
    assert [part.tolist() for part in ranking.parts] == [[2.5, 2.5, 1.0], [1.5, 1.5, 3.0]]
    assert ranking.figures.tolist() == [2.0, 2.0, 2.0]
    # All have 2.0: c is first by the first figure, then a before b.
    assert ranking.columns.tolist() == [2, 0, 1]


def test_who_lacks_one_figure_has_no_rank_and_takes_none_from_others(daily: MakePanel) -> None:
    panel = daily(market_cap=[[40.0, 30.0, 20.0]], volume=[[nan, 3.0, 4.0]])
    ranking = by({"mean_rank": ["market_cap", "volume"]}).ranked(panel, np.ones(3, dtype=bool))
    assert ranking.columns.tolist() == [1, 2]
    np.testing.assert_array_equal(ranking.figures, [nan, 1.5, 1.5])
    np.testing.assert_array_equal(ranking.parts[0], [nan, 1.0, 2.0])
    assert by({"mean_rank": ["market_cap", "volume"]}).ranked(panel, np.zeros(3, dtype=bool)).columns.tolist() == []


@given(st.lists(st.integers(0, 5), max_size=12))
def test_shared_ranks_are_the_mean_of_the_places_taken(figures: list[int]) -> None:
    places: dict[int, list[int]] = {}
    for place, figure in enumerate(sorted(figures, reverse=True), 1):
        places.setdefault(figure, []).append(place)
    expected = [sum(places[figure]) / len(places[figure]) for figure in figures]
    assert shared_ranks(np.array(figures, dtype=float)).tolist() == expected


@given(
    figures=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8),
    standing=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_an_asset_that_is_better_in_every_figure_comes_first(
    figures: list[tuple[int, int, int]], standing: list[bool]
) -> None:
    names = ("market_cap", "volume", "tvl")
    arrays = {name: np.array([[float(row[n]) for row in figures]]) for n, name in enumerate(names)}
    panel = Panel(np.array(["2020-01-01"], "datetime64[us]"), tuple("abcdefgh"[: len(figures)]), arrays)
    mask = np.array(standing[: len(figures)])
    ranked = by({"mean_rank": list(names)}).ranked(panel, mask).columns.tolist()
    assert sorted(ranked) == np.flatnonzero(mask).tolist()
    for place, better in enumerate(ranked):
        for worse in ranked[place + 1 :]:
            assert not all(w > b for w, b in zip(figures[worse], figures[better], strict=True))


def test_one_figure_twice_ranks_as_it_does_once(daily: MakePanel) -> None:
    panel = daily(market_cap=[[4.0, 9.0, 4.0, 1.0, nan]])
    assert order(panel, {"mean_rank": ["market_cap", "market_cap"]}) == order(panel, "market_cap") == "bacd"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, r"^select\.by: expected the name of a figure, or keys in braces"),
        ("", r"^select\.by: needs at least 1 character"),
        ({}, r"^select\.by\.metric: this key is required"),
        ({"metric": "", "window": "9d"}, r"^select\.by\.metric: .*at least 1 character"),
        ({"metric": "price", "windw": "9d"}, r"^select\.by\.windw: unknown key \(did you mean 'window'\?\)"),
        ({"metric": "price", "window": 9}, r"^select\.by\.window: duration 9 .*write for example 30d"),
        ({"metric": "price", "window": "0d"}, r"^select\.by: a window must be longer than nothing"),
        ({"metric": "price", "half_life": "0d"}, r"^select\.by: a half_life must be longer than nothing"),
        ({"metric": "price", "statistic": "mean"}, r"^select\.by: a mean needs a window, as in window: 90d"),
        ({"metric": "price", "window": "9d", "statistic": "sum"}, r"^select\.by\.statistic: .*maximum, was 'sum'"),
        (
            {"metric": "price", "window": "9d", "statistic": "mean", "half_life": "3d"},
            r"^select\.by: statistic mean and half_life are two ways .*write one",
        ),
        ({"mean_rank": "price"}, r"^select\.by\.mean_rank: expected a list of two figures or more"),
        ({"mean_rank": ["price"]}, r"^select\.by\.mean_rank: expected a list of two"),
        ({"mean_rank": ["price", 3]}, r"^select\.by\.mean_rank\[1\]: expected the name of a figure"),
        ({"mean_rank": ["price", {"mean_rank": ["a", "b"]}]}, r"select\.by\.mean_rank\[1\]\.metric: .*required"),
        ({"mean_rank": ["a", "b"], "window": "9d"}, r"^select\.by: mean_rank stands alone; write window with one"),
    ],
)
def test_what_cannot_be_ranked_by_is_refused(value: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection.parse({"by": value, "top": 3})


@pytest.mark.parametrize(
    "value",
    [
        "market_cap",
        {"metric": "market_cap", "window": "90d", "statistic": "mean"},
        {"metric": "market_cap", "half_life": "15d", "window": "60d"},
        {"mean_rank": ["market_cap", {"metric": "volume", "window": "30d"}]},
    ],
)
def test_it_is_written_as_it_was_read(value: Any) -> None:
    read = by(value)
    assert read.entry() == value
    assert by(read.entry()) == read
    assert by({"metric": "market_cap"}).entry() == "market_cap"


def test_the_words() -> None:
    assert by({"metric": "value_traded"}).words() == "value traded"
    assert by({"metric": "tvl", "window": "12h", "statistic": "maximum"}).words() == "the maximum of tvl over 12h"
    three = by({"mean_rank": ["market_cap", "tvl", {"metric": "volume", "half_life": "3d"}]})
    assert three.words() == (
        "the mean of the ranks by market cap, by tvl and by volume smoothed with a half-life of 3d over 90d"
    )
    assert by({"metric": "a", "window": "36h"}) != by({"metric": "a", "window": "37h"})
    assert isinstance(three, MeanRank)
    assert three.mean_rank[2].window is None
    smoothed, windowed = by({"metric": "a", "half_life": "3d"}), by({"metric": "a", "window": "3d"})
    assert smoothed.formula == "x_i = Σ_s 2^(-s/h) x_i,t-s / Σ_s 2^(-s/h)"
    assert windowed.formula == "x_i = median(x_is over window)"
    assert "1804.06711" in smoothed.source
    assert windowed.source == "Usual; steadier than the figure of one day"
    assert (by("a").formula, by("a").source) == ("", "")
