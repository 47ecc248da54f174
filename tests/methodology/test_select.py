"""The section `select:`: the order, the number within its bounds, the buffer, and the reasons."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.choice import Choice
from basketry.methodology.ranking import Figure, rank
from basketry.methodology.select import Selection

MakePanel = Callable[..., Panel]
nan = float("nan")
SIZES = [5.0, 50.0, 15.0, 30.0, nan]  # ranks 4, 1, 3, 2 and none


def choose(daily: MakePanel, eligible: str = "abcde", members: str = "", **section: Any) -> Choice:
    panel = daily(market_cap=[SIZES])
    return Selection.parse({"by": "market_cap", **section}).choose(
        panel,
        np.array([asset in eligible for asset in panel.assets]),
        np.array([asset in members for asset in "abcde"]),
    )


def names(choice: Choice) -> str:
    return "".join(asset for asset, one in zip("abcde", choice.chosen, strict=True) if one)


def test_ranks_are_those_of_the_eligible_with_a_figure(daily: MakePanel) -> None:
    choice = choose(daily, top=2)
    assert names(choice) == "bd"
    assert choice.ranks.tolist() == [4, 1, 3, 2, 0]
    assert choice.wanted == 2
    choice = choose(daily, eligible="acde", top=2)
    assert names(choice) == "cd"
    assert choice.ranks.tolist() == [3, 0, 2, 1, 0]


def test_the_smallest_come_first_in_ascending_order(daily: MakePanel) -> None:
    choice = choose(daily, top=2, order="ascending")
    assert names(choice) == "ac"
    assert choice.ranks.tolist() == [1, 4, 2, 3, 0]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, "b"),  # 50 of 100 are half of the market
        ({"min_count": 1}, "b"),
        ({"min_count": 2}, "bd"),
        ({"min_count": 3, "max_count": 3}, "bcd"),
        ({"min_count": 9}, "abcd"),  # as far as there are eligible assets
        ({"max_count": 1}, "b"),
    ],
)
def test_at_least_min_count_are_taken(daily: MakePanel, bounds: dict[str, Any], expected: str) -> None:
    assert names(choose(daily, coverage=0.5, **bounds)) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [({}, "bcd"), ({"max_count": 2}, "bd"), ({"max_count": 3}, "bcd"), ({"max_count": 9}, "bcd")],
)
def test_at_most_max_count_are_taken(daily: MakePanel, bounds: dict[str, Any], expected: str) -> None:
    assert names(choose(daily, threshold=10, **bounds)) == expected


def test_a_single_candidate_is_on_the_side_of_the_threshold_that_the_order_says(daily: MakePanel) -> None:
    assert names(choose(daily, eligible="a", threshold=4)) == "a"
    assert names(choose(daily, eligible="a", threshold=4, order="ascending")) == ""
    assert names(choose(daily, eligible="a", threshold=6, order="ascending")) == "a"


def test_nobody_above_a_threshold_gives_nobody_unless_some_are_wanted(daily: MakePanel) -> None:
    assert names(choose(daily, threshold=100)) == ""
    assert names(choose(daily, threshold=100, min_count=2)) == "bd"
    assert names(choose(daily, eligible="", top=3)) == ""
    assert choose(daily, eligible="", top=3).wanted == 0


def test_members_in_the_buffer_stay_before_others_enter(daily: MakePanel) -> None:
    buffer = {"enter": 1, "leave": 3}
    assert names(choose(daily, members="ac", top=2, buffer=buffer)) == "bc"
    assert names(choose(daily, members="a", top=2, buffer=buffer)) == "bd"
    # The number wanted goes before the ranks that enter.
    assert names(choose(daily, members="c", coverage=0.5, buffer={"enter": 2, "leave": 3})) == "b"


def test_the_reasons(daily: MakePanel) -> None:
    plain = choose(daily, eligible="abce", top=2)
    assert [plain.reasons(column) for column in range(5)] == [
        "out: rank 3 of 3, 2 wanted",
        "in: rank 1 of 3, 2 wanted",
        "in: rank 2 of 3, 2 wanted",
        None,
        "out: the figure ranked by is unknown",
    ]
    sticky = choose(daily, members="ac", top=2, buffer={"enter": 1, "leave": 3})
    assert [sticky.reasons(column) for column in range(4)] == [
        "out: rank 4 of 4, 2 wanted; a member, buffer 1/3",
        "in: rank 1 of 4, 2 wanted; enters up to rank 1",
        "in: rank 3 of 4, 2 wanted; a member stays up to rank 3",
        "out: rank 2 of 4, 2 wanted; not a member, buffer 1/3",
    ]


def test_equal_figures_go_by_the_name_in_either_order() -> None:
    figures = np.array([2.0, 3.0, 2.0, 3.0, nan, 2.0])
    everybody = np.ones(6, dtype=bool)
    assert rank(figures, everybody).tolist() == [1, 3, 0, 2, 5]
    assert rank(figures, everybody, descending=False).tolist() == [0, 2, 5, 1, 3]
    assert rank(figures, np.array([True, False, True, True, True, False])).tolist() == [3, 0, 2]
    assert rank(figures[:2], everybody[:2]).tolist() == [1, 0]
    # A stable order of many equal figures, which the default sort does not keep.
    many = np.array([1.0, 2.0] * 100)
    assert rank(many, np.ones(200, dtype=bool)).tolist() == [*range(1, 200, 2), *range(0, 200, 2)]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ([], "expected keys in braces"),
        ({"top": 3, "bye": "price"}, "unknown key 'bye'.*did you mean 'by'"),
        ({"by": "price"}, "needs exactly one of .*was none"),
        ({"top": 3, "all": None}, r"needs exactly one of .*was top, all"),
        ({"top": 3, "min_count": 4, "max_count": 3}, "min_count 4 is above max_count 3"),
        ({"top": 3, "min_count": 0}, "min_count: .*at least 1"),
        ({"top": 3, "max_count": 0}, "max_count: .*at least 1"),
        ({"top": 3, "by": ""}, "by: .*at least 1 character"),
        ({"top": 3, "buffer": {"enter": 0, "leave": 3}}, r"buffer\.enter: .*at least 1"),
        ({"top": 3, "buffer": {"enter": 3, "leave": 2}}, "enter 3 must not be above leave 2"),
        ({"top": 3, "buffer": {"enter": 4, "leave": 5}}, "3 must lie between enter 4 and leave 5"),
        ({"top": 3, "buffer": {"enter": 1, "leave": 2}}, "3 must lie between enter 1 and leave 2"),
    ],
)
def test_a_section_that_means_nothing_is_refused(section: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection.parse(section)


@pytest.mark.parametrize(
    "section",
    [
        {"top": 3, "min_count": 1, "max_count": 1},
        {"top": 1, "buffer": {"enter": 1, "leave": 1}},
        {"top": 3, "buffer": {"enter": 3, "leave": 4}},
        {"top": 3, "buffer": {"enter": 2, "leave": 3}},
        {"all": None, "buffer": {"enter": 5, "leave": 6}},
        {"all": None, "by": "x", "max_count": 2},
    ],
)
def test_a_section_at_its_edges_is_allowed(section: dict[str, Any]) -> None:
    parsed = Selection.parse(section)
    assert parsed.by == Figure(metric=section.get("by", "market_cap"))
    assert parsed.max_count == section.get("max_count")
    assert (parsed.buffer is None) == ("buffer" not in section)


def test_all_need_nothing_to_rank_by_that_the_data_lack(daily: MakePanel) -> None:
    """Without `by`, capitalisation ranks where the data hold it, unknown ones last of nobody; else the price does."""
    everybody, sized = np.ones(5, dtype=bool), daily(market_cap=[SIZES], price=[[1.0, 2.0, 3.0, 4.0, 5.0]])
    priced = Panel(sized.times, sized.assets, {"price": sized.fields["price"]})
    anyhow, stated = Selection.parse({"all": None}), Selection.parse({"by": "market_cap", "all": None})
    for section in (anyhow, stated):
        assert section.ranked(sized, everybody, ~everybody).ranking.columns.tolist() == [1, 3, 2, 0]
    assert anyhow.ranked(priced, everybody, ~everybody).ranking.columns.tolist() == [4, 3, 2, 1, 0]
    assert names(anyhow.choose(priced, everybody, ~everybody)) == "abcde"
    # Stated, or where the order decides who is in, it is asked for.
    for section in (stated, Selection.parse({"all": None, "max_count": 3}), Selection.parse({"top": 3})):
        with pytest.raises(DataError, match="no figure 'market_cap'"):
            section.ranked(priced, everybody, ~everybody)
    assert "or by price in data without it" in anyhow.words()
    assert "price" not in stated.words()
    assert (anyhow.reads.figures, stated.reads.figures) == ((), ("market_cap",))


def test_who_is_in_to_make_up_min_count_is_told(daily: MakePanel) -> None:
    # Shares 50%, 80%, 95%, 100%: one reaches 50%, and two more make up three.
    found = choose(daily, coverage=0.5, min_count=3)
    assert [found.reasons(column) for column in (1, 3, 2, 0)] == [
        "in: rank 1 of 4, 3 wanted by min_count, 1 without it",
        "in: rank 2 of 4, 3 wanted by min_count, 1 without it; in to make up min_count",
        "in: rank 3 of 4, 3 wanted by min_count, 1 without it; in to make up min_count",
        "out: rank 4 of 4, 3 wanted by min_count, 1 without it",
    ]
    # Beside enter and leave: d is no member and comes in for the number.
    sticky = choose(daily, coverage={"enter": 0.5, "leave": 0.95}, members="c", min_count=3)
    assert [sticky.reasons(column) for column in (3, 2)] == [
        "in: rank 2 of 4, 3 wanted by min_count, 2 without it; in to make up min_count",
        "in: rank 3 of 4, 3 wanted by min_count, 2 without it; cumulative share 95.0%, a member stays until 95% is "
        "reached",
    ]
    kept = choose(daily, threshold=40, members="a", min_count=2, buffer={"enter": 1, "leave": 4})
    assert names(kept) == "ab"
    assert kept.reasons(0) == "in: rank 4 of 4, 2 wanted by min_count, 1 without it; in to make up min_count"


def test_min_count_is_told_only_where_it_changes_something_or_is_not_reached(daily: MakePanel) -> None:
    assert choose(daily, top=2, min_count=2).reasons(1) == "in: rank 1 of 4, 2 wanted"
    # Nobody else has a figure.
    told = "in: rank 1 of 4, 5 wanted, 4 available, min_count 5 not reached"
    assert choose(daily, top=4, min_count=5).reasons(1) == told
    assert choose(daily, coverage=0.5, min_count=1).reasons(3) == "out: rank 2 of 4, 1 wanted"
