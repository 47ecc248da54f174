"""Buffers by size, on coverage and on a range of ranks, worked by hand and as laws."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.core.numbers import percent
from basketry.market.panel import Panel
from basketry.methodology.choice import Choice
from basketry.methodology.select import Selection

MakePanel = Callable[..., Panel]
nan = float("nan")
LETTERS = "abcdefghijkl"
MEAN: dict[str, Any] = {"by": {"mean_rank": ["a", "b"]}}


def choose(figures: list[float], members: str, eligible: str = LETTERS, **section: Any) -> Choice:
    panel = Panel(
        np.array(["2020-01-01"], dtype="datetime64[us]"),
        tuple(LETTERS[: len(figures)]),
        {"market_cap": np.array([figures]), "price": np.ones((1, len(figures)))},
    )
    return Selection.parse({"by": "market_cap", **section}).choose(
        panel,
        np.array([asset in eligible for asset in panel.assets]),
        np.array([asset in members for asset in panel.assets]),
    )


def names(choice: Choice) -> str:
    return "".join(asset for asset, one in zip(choice.view.assets, choice.chosen, strict=True) if one)


def exceeding(figures: list[float], members: str, top: int, x: float = 0.05, **more: Any) -> str:
    return names(choose(figures, members, top=top, buffer={"exceed": x}, **more))


@pytest.mark.parametrize(
    ("figures", "members", "top", "expected"),
    [
        # 104 is 4% above 100, 106 is 6%.
        ([104.0, 100.0], "b", 1, "b"),
        ([106.0, 100.0], "b", 1, "a"),
        ([105.0, 100.0], "b", 1, "b"),  # exactly 5% is not more than 5%
        ([115.0, 100.0], "b", 1, "a"),
        ([100.0, 100.0], "b", 1, "b"),  # equal figures keep the member
        ([100.0, 100.0], "", 1, "a"),
        ([106.0, 104.0, 100.0], "", 2, "ab"),  # the first determination knows no members
        ([100.0, 106.0, 104.0], "abc", 2, "bc"),  # among members the figure decides
        ([100.0, 100.0, 100.0], "bc", 1, "b"),  # then the name
        # Two challengers, two members, two places: a (120) against the weaker d (100), b (104) against c (102).
        ([120.0, 104.0, 102.0, 100.0], "cd", 2, "ac"),
        # 110 exceeds 104 by 5.8% and 100 by 10%; 106 exceeds 100 by 6% and has no place left.
        ([110.0, 106.0, 104.0, 100.0], "cd", 2, "ac"),
        # One that is no challenger: a member that is the largest stays whatever the others do.
        ([130.0, 120.0, 100.0], "a", 2, "ab"),
        # Fewer eligible than wanted.
        ([104.0, 100.0], "b", 3, "ab"),
        ([nan, 100.0], "a", 1, "b"),
        # Nothing is worth anything: the member stays, and any figure above zero exceeds it.
        ([0.0, 0.0], "b", 1, "b"),
        ([1e-9, 0.0], "b", 1, "a"),
    ],
)  # fmt: skip
def test_a_challenger_must_exceed_a_member(figures: list[float], members: str, top: int, expected: str) -> None:
    assert exceeding(figures, members, top) == expected


def test_five_percent_is_five_percent_whatever_the_rounding() -> None:
    # 100 * 1.15 is 114.99999999999999 in floating point, of which 115 is more.
    assert 115.0 > 100.0 * 1.15
    assert exceeding([115.0, 100.0], "b", 1, 0.15) == "b"
    for x in (0.01, 0.03, 0.05, 0.07, 0.1, 0.15, 0.3):
        for base in range(1, 60):
            level = float(base * (100 + round(100 * x)))
            assert exceeding([level, base * 100.0], "b", 1, x) == "b", (base, x)
            assert exceeding([level * 1.0001, base * 100.0], "b", 1, x) == "a", (base, x)


def test_in_ascending_order_the_member_must_exceed_the_challenger() -> None:
    # 100 is 4% above 96.2 (100 / 96.2 = 1.0395), and 6% above 94.3 (1.0604).
    assert exceeding([96.2, 100.0], "b", 1, order="ascending") == "b"
    assert exceeding([94.3, 100.0], "b", 1, order="ascending") == "a"
    assert exceeding([100.0, 105.0], "b", 1, order="ascending") == "b"
    assert exceeding([100.0, 100.0], "b", 1, order="ascending") == "b"
    assert exceeding([0.0, 100.0], "b", 1, order="ascending") == "a"


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_a_negative_figure_has_no_share(order: str) -> None:
    with pytest.raises(
        MethodologyError, match=r"^select\.buffer\.exceed: market cap of 'b' is -3, .*write the ranks, as in buffer"
    ):
        exceeding([4.0, -3.0], "b", 1, order=order)
    # One that is not eligible, or that a range passes over, does not matter.
    assert exceeding([4.0, -3.0], "b", 1, order=order, eligible="a") == "a"
    passed_over = choose([-3.0, 4.0], "", order="ascending", ranks={"first": 2, "last": 2}, buffer={"exceed": 0.1})
    assert names(passed_over) == "b"


FIGURES = st.lists(st.integers(0, 60), min_size=1, max_size=10)
FLAGS = st.lists(st.booleans(), min_size=10, max_size=10)


@given(FIGURES, FLAGS, st.integers(1, 9), st.sampled_from([0.02, 0.05, 0.1, 0.25, 1.0]), st.booleans())
@example([21, 20], [False, True], 1, 0.05, True)
def test_nobody_outside_exceeds_a_member_inside_and_who_came_in_exceeded_every_member_outside(
    figures: list[int], flags: list[bool], top: int, x: float, descending: bool
) -> None:
    held = {asset for asset, one in zip(LETTERS, flags, strict=False) if one}
    size = dict(zip(LETTERS, figures, strict=False))
    found = exceeding(
        [float(figure) for figure in figures], "".join(held), top, x,
        order="descending" if descending else "ascending",
    )  # fmt: skip
    assert len(found) == min(top, len(figures))
    share = Fraction(percent(x)) / 100

    def exceeds(challenger: str, member: str) -> bool:
        if descending:
            return size[challenger] > size[member] * (1 + share)
        return size[challenger] * (1 + share) < size[member]

    outside = set(size) - set(found)
    for member in held & set(found):
        assert not any(exceeds(other, member) for other in outside - held)
    for newcomer in set(found) - held:
        assert all(exceeds(newcomer, member) for member in outside & held)
    # Within either class it goes by the figure.
    for group in (held, set(size) - held):
        for one in group & set(found):
            for other in group & outside:
                assert size[one] >= size[other] if descending else size[one] <= size[other]


@given(FIGURES, FLAGS, st.integers(1, 9))
def test_nothing_changes_when_nothing_changed(figures: list[int], flags: list[bool], top: int) -> None:
    held = "".join(asset for asset, one in zip(LETTERS, flags, strict=False) if one)
    once = exceeding([float(figure) for figure in figures], held, top)
    assert exceeding([float(figure) for figure in figures], once, top) == once


def covered(figures: list[float], members: str, enter: float = 0.7, leave: float = 0.8, **more: Any) -> str:
    return names(choose(figures, members, coverage={"enter": enter, "leave": leave}, **more))


@pytest.mark.parametrize(
    ("figures", "members", "expected"),
    [
        # Cumulative shares 50, 65, 73, 79, 84, 100: the first three reach 70%, the first five 80%.
        ([50, 15, 8, 6, 5, 16], "", "abf"),
        ([50, 16, 15, 8, 6, 5], "", "abc"),
        ([50, 15, 8, 6, 5, 4, 4, 4, 4], "", "abc"),
        ([50, 15, 8, 6, 5, 4, 4, 4, 4], "e", "abce"),
        ([50, 15, 8, 6, 5, 4, 4, 4, 4], "de", "abcde"),
        # d is better than e and no member: nobody is taken to fill.
        ([50, 15, 8, 6, 5, 4, 4, 4, 4], "ef", "abce"),
        ([50, 15, 8, 6, 5, 4, 4, 4, 4], "fghi", "abc"),
        # The largest alone reaches both.
        ([90, 6, 4], "bc", "a"),
        # 70 and 80 are reached exactly.
        ([70, 10, 10, 10], "", "a"),
        ([70, 10, 10, 10], "bc", "ab"),
        ([50, 50], "", "ab"),
        ([nan, 50], "a", "b"),
    ],
)  # fmt: skip
def test_enter_and_leave_on_coverage(figures: list[float], members: str, expected: str) -> None:
    assert covered([float(figure) for figure in figures], members) == expected


def test_bounds_on_the_number_go_before_coverage() -> None:
    figures = [50.0, 15.0, 8.0, 6.0, 5.0, 4.0, 4.0, 4.0, 4.0]
    assert covered(figures, "e", min_count=5) == "abcde"
    assert covered(figures, "e", min_count=4) == "abce"
    assert covered(figures, "e", min_count=99) == "abcdefghi"
    assert covered(figures, "e", max_count=3) == "abc"
    assert covered(figures, "e", max_count=2) == "ab"
    assert covered(figures, "ef", eligible="cdef") == "cde"  # 8, 6, 5 of 23 are 83%
    assert covered(figures, "", eligible="") == ""


@given(FIGURES, FLAGS, st.integers(1, 100), st.integers(1, 100))
def test_coverage_with_a_buffer_lies_between_the_two_without(
    figures: list[int], flags: list[bool], first: int, second: int
) -> None:
    enter, leave = sorted((first / 100, second / 100))
    sizes = [float(figure) for figure in figures]
    held = "".join(asset for asset, one in zip(LETTERS, flags, strict=False) if one)
    found = set(covered(sizes, held, enter, leave))
    least, most = (set(names(choose(sizes, "", coverage=share))) for share in (enter, leave))
    assert found == least | (most & set(held))
    assert set(covered(sizes, held, enter, enter)) == least


def ranged(members: str, first: int = 3, last: int = 5, count: int = 8, **more: Any) -> str:
    """Assets a, b, c, ... are of rank 1, 2, 3, ..."""
    figures = [float(count - place) for place in range(count)]
    return names(choose(figures, members, ranks={"first": first, "last": last}, **more))


@pytest.mark.parametrize(
    ("section", "members", "expected"),
    [
        ({}, "", "cde"),
        ({}, "abfg", "cde"),
        ({"first": 1}, "", "abcde"),
        ({"first": 5}, "", "e"),
        ({"count": 4}, "", "cd"),
        ({"count": 2}, "", ""),
        ({"max_count": 2}, "", "cd"),
        # Rank 3 and 4 enter, members stay to rank 7, the best of the rest fill.
        ({"buffer": {"enter": 4, "leave": 7}}, "", "cde"),
        ({"buffer": {"enter": 4, "leave": 7}}, "g", "cdg"),
        ({"buffer": {"enter": 4, "leave": 7}}, "fg", "cdf"),
        ({"buffer": {"enter": 3, "leave": 7}}, "fg", "cfg"),
        ({"buffer": {"enter": 4, "leave": 7}}, "h", "cde"),
        ({"buffer": {"enter": 4, "leave": 7}}, "ab", "cde"),  # better than the first rank is never in
        ({"buffer": {"enter": 5, "leave": 5}}, "f", "cde"),
        ({"buffer": {"enter": 4, "leave": 7}, "count": 3}, "c", "c"),
        # Figures 6, 5, 4, 3, 2, 1 of c to h: e (4) exceeds f (3) by a third.
        ({"buffer": {"exceed": 0.5}}, "f", "cdf"),
        ({"buffer": {"exceed": 0.3}}, "f", "cde"),
        ({"buffer": {"exceed": 0.5}}, "ab", "cde"),
    ],
)  # fmt: skip
def test_a_range_of_ranks(section: dict[str, Any], members: str, expected: str) -> None:
    assert ranged(members, **section) == expected


def test_from_the_first_rank_a_range_is_the_top() -> None:
    figures = [7.0, 9.0, 3.0, 5.0]
    for members in ("", "c", "acd"):
        for more in ({}, {"buffer": {"enter": 1, "leave": 3}}, {"buffer": {"exceed": 0.9}}):
            ranks = choose(figures, members, ranks={"first": 1, "last": 2}, **more)
            assert names(ranks) == names(choose(figures, members, top=2, **more))


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"ranks": {"first": 11, "last": 10}}, r"^select\.ranks: first 11 must not be above last 10"),
        ({"ranks": 5}, r"^select\.ranks: expected parameters in braces"),
        ({"ranks": {"first": 11}}, r"^select\.ranks\.last: this parameter is required"),
        (
            {"ranks": {"first": 11, "last": 30}, "buffer": {"enter": 10, "leave": 40}},
            r"^select\.buffer\.enter: 10 lies before the range, which begins at rank 11; .*from 11 to 30",
        ),
        ({"ranks": {"first": 11, "last": 30}, "buffer": {"enter": 31, "leave": 40}}, "30 must lie between enter 31"),
        ({"ranks": {"first": 11, "last": 30}, "buffer": {"enter": 11, "leave": 29}}, "30 must lie between"),
        ({"top": 3, "buffer": {"exceed": 0}}, r"^select\.buffer\.exceed: .*above 0, was 0"),
        ({"top": 3, "buffer": {"exceed": "x"}}, r"^select\.buffer\.exceed: "),
        ({"top": 3, "buffer": {"exceed": 0.1, "enter": 2}}, r"^select\.buffer: exceed goes by size, enter"),
        ({"top": 3, "buffer": {"exced": 0.1}}, r"^select\.buffer\.exced: unknown key \(did you mean 'exceed'\?\)"),
        ({"top": 3, "buffer": {"enter": 2}}, r"^select\.buffer\.leave: this key is required"),
        ({"top": 3, "buffer": 3}, r"^select\.buffer: expected keys in braces"),
        ({"top": 3, "by": "return_9d", "buffer": {"exceed": 0.1}}, r"^select\.buffer\.exceed: return_9d may be neg"),
        ({"coverage": {"enter": 0.8, "leave": 0.7}}, r"^select\.coverage: enter 0\.8 must not be above leave 0\.7"),
        ({"coverage": {"enter": 0.8}}, r"^select\.coverage: write one share, as in 0\.8, or both"),
        ({"coverage": {"leave": 0.8}}, r"^select\.coverage: write one share"),
        ({"coverage": {"share": 0.8, "enter": 0.7, "leave": 0.9}}, r"^select\.coverage: write one share"),
        ({"coverage": {}}, r"^select\.coverage: write one share"),
        ({"coverage": {"enter": 0, "leave": 0.7}}, r"^select\.coverage\.enter: .*above 0"),
        ({"coverage": {"enter": 0.5, "leave": 1.1}}, r"^select\.coverage\.leave: .*at most 1"),
        *(
            ({"coverage": {"enter": 0.7, "leave": 0.8}, "buffer": buffer}, r"^select\.buffer: coverage has enter")
            for buffer in ({"enter": 3, "leave": 4}, {"exceed": 0.1})
        ),
        ({**MEAN, "coverage": 0.8}, r"^select\.coverage: does not go with mean_rank, .*in select\.first"),
        ({**MEAN, "threshold": 8}, r"^select\.threshold: does not go with mean_rank"),
        ({**MEAN, "information_criterion": None}, r"^select\.information_criterion: does not go with mean_rank"),
        ({**MEAN, "top": 3, "order": "ascending"}, r"^select\.order: does not go with mean_rank"),
        ({**MEAN, "top": 3, "buffer": {"exceed": 0.1}}, r"^select\.buffer\.exceed: does not go .*enter: 8"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection.parse(section)


@pytest.mark.parametrize(
    "section",
    [
        {"ranks": {"first": 1, "last": 1}},
        {"ranks": {"first": 11, "last": 30}, "buffer": {"enter": 11, "leave": 30}},
        {"ranks": {"first": 11, "last": 30}, "buffer": {"enter": 30, "leave": 30}},
        {"ranks": {"first": 11, "last": 30}, "buffer": {"exceed": 0.05}},
        {"ranks": {"first": 11, "last": 30}, "by": {"mean_rank": ["a", "b"]}, "buffer": {"enter": 20, "leave": 40}},
        {"coverage": {"enter": 0.7, "leave": 0.7}},
        {"coverage": {"share": 0.7}, "buffer": {"enter": 3, "leave": 4}},
        {"top": 3, "by": {"metric": "return_90d", "window": "9d"}, "buffer": {"exceed": 0.1}},
        {"all": None, "by": {"mean_rank": ["a", "b"]}, "max_count": 4},
        {"top": 3, "buffer": {"exceed": 1}},
    ],
)
def test_what_goes_together_is_allowed(section: dict[str, Any]) -> None:
    assert Selection.parse(section).words()


def test_the_reasons_of_a_range() -> None:
    choice = choose([6.0, 5.0, 4.0, 3.0, 2.0], "ad", ranks={"first": 2, "last": 3}, buffer={"enter": 2, "leave": 4})
    assert [choice.reasons(column) for column in range(5)] == [
        "out: rank 1 of 5, ranks 2 to 3 wanted",
        "in: rank 2 of 5, ranks 2 to 3 wanted; enters up to rank 2",
        "out: rank 3 of 5, ranks 2 to 3 wanted; not a member, buffer 2/4",
        "in: rank 4 of 5, ranks 2 to 3 wanted; a member stays up to rank 4",
        "out: rank 5 of 5, ranks 2 to 3 wanted; not a member, buffer 2/4",
    ]
    few = choose([6.0, 5.0], "", ranks={"first": 3, "last": 4})
    assert few.reasons(0) == "out: rank 1 of 2, none reaches rank 3"


def test_the_reasons_of_coverage_with_a_buffer() -> None:
    # Shares 50%, 65%, 73%, 79%, 84%, 100%.
    choice = choose([50.0, 15.0, 8.0, 6.0, 5.0, 16.0], "ed", coverage={"enter": 0.8, "leave": 0.9})
    assert choice.ranks.tolist() == [1, 3, 4, 5, 6, 2]
    assert [choice.reasons(column) for column in range(6)] == [
        "in: rank 1 of 6, 4 wanted; cumulative share 50.0%, enters until 80% is reached",
        "in: rank 3 of 6, 4 wanted; cumulative share 81.0%, enters until 80% is reached",
        "out: rank 4 of 6, 4 wanted; cumulative share 89.0%, not a member, enters until 80% is reached",
        "in: rank 5 of 6, 4 wanted; cumulative share 95.0%, a member stays until 90% is reached",
        "out: rank 6 of 6, 4 wanted; cumulative share 100.0%, a member stays until 90% is reached",
        "in: rank 2 of 6, 4 wanted; cumulative share 66.0%, enters until 80% is reached",
    ]


def test_the_reasons_of_a_buffer_by_size() -> None:
    choice = choose([120.0, 104.0, 102.0, 100.0, 90.0], "cd", top=2, buffer={"exceed": 0.05})
    assert names(choice) == "ac"
    assert [choice.reasons(column) for column in range(5)] == [
        "in: rank 1 of 5, 2 wanted; exceeds d by 20.0%, 5% needed",
        "out: rank 2 of 5, 2 wanted; exceeds c by 2.0%, 5% needed",
        "in: rank 3 of 5, 2 wanted; b exceeds it by 2.0%, 5% needed",
        "out: rank 4 of 5, 2 wanted; a exceeds it by 20.0%, 5% needed",
        "out: rank 5 of 5, 2 wanted",
    ]
    smallest = choose([96.0, 100.0], "b", top=1, order="ascending", buffer={"exceed": 0.05})
    assert [smallest.reasons(column) for column in range(2)] == [
        "out: rank 1 of 2, 1 wanted; b exceeds it by 4.2%, 5% needed",
        "in: rank 2 of 2, 1 wanted; exceeds a by 4.2%, 5% needed",
    ]
    nothing = choose([1.0, 0.0], "b", top=1, buffer={"exceed": 0.05})
    assert nothing.reasons(0) == "in: rank 1 of 2, 1 wanted"


def test_the_words() -> None:
    assert Selection.parse({"ranks": {"first": 11, "last": 30}, "buffer": {"exceed": 0.05}}).words() == (
        "Eligible assets are ranked by market cap, largest first. Ranks 11 to 30 are taken. An asset takes a member's "
        "place only if its figure exceeds that of the member by more than 5%."
    )
    assert Selection.parse({"coverage": {"enter": 0.7, "leave": 0.825}}).words().endswith(
        "As many of the best as together make up 70% of the eligible total are in; members up to 82.5% of it stay."
    )  # fmt: skip
