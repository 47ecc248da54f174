"""Stages: who goes on to be ranked, worked by hand, and what is told of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.choice import Choice
from basketry.methodology.select import Selection

MakePanel = Callable[..., Panel]
nan = float("nan")

SIZES = [60.0, 20.0, 10.0, 6.0, 4.0]  # a to e: ranks 1 to 5, cumulative shares 60%, 80%, 90%, 96%, 100%
TRADED = [1.0, 2.0, 3.0, 4.0, 5.0]  # the other way round


def choose(daily: MakePanel, eligible: str = "abcde", members: str = "", **section: Any) -> Choice:
    panel = daily(market_cap=[section.pop("sizes", SIZES)], volume=[section.pop("traded", TRADED)])
    return Selection.parse({"by": "volume", **section}).choose(
        panel,
        np.array([asset in eligible for asset in panel.assets]),
        np.array([asset in members for asset in panel.assets]),
    )


def names(choice: Choice) -> str:
    return "".join(asset for asset, one in zip("abcde", choice.chosen, strict=True) if one)


@pytest.mark.parametrize(
    ("first", "top", "expected"),
    [
        ({"by": "market_cap", "top": 3}, 2, "bc"),
        ({"by": "market_cap", "top": 3}, 9, "abc"),
        ({"by": "market_cap", "top": 99}, 2, "de"),
        ({"by": "market_cap", "coverage": 0.8}, 1, "b"),
        ({"by": "market_cap", "coverage": 0.81}, 1, "c"),
        ({"by": "market_cap", "threshold": 6}, 1, "d"),
        ({"by": "market_cap", "threshold": 61}, 1, ""),
        # Sizes at least 6: a to d; of them the two that trade most: c and d; of them the larger.
        ([{"by": "market_cap", "threshold": 6}, {"by": "volume", "top": 2}], 2, "cd"),
        ([{"by": "volume", "top": 2}, {"by": "market_cap", "threshold": 6}], 2, "d"),
        # Ranks among all: a 1 and 5, c 3 and 3, e 5 and 1: all equal, the larger first.
        ([{"by": {"mean_rank": ["market_cap", "volume"]}, "top": 2}], 1, "b"),
    ],
)  # fmt: skip
def test_only_those_who_pass_are_ranked(daily: MakePanel, first: Any, top: int, expected: str) -> None:
    assert names(choose(daily, first=first, top=top)) == expected


def test_a_stage_by_itself_in_a_list_is_the_same() -> None:
    stage = {"by": "market_cap", "top": 3}
    assert Selection.parse({"by": "volume", "top": 2, "first": stage}) == Selection.parse(
        {"by": "volume", "top": 2, "first": [stage]}
    )


def test_shares_and_ranks_are_those_of_the_eligible_who_are_left(daily: MakePanel) -> None:
    # Without a: 20, 10, 6, 4 of 40: 50%, 75%, 90%, 100%.
    assert names(choose(daily, "bcde", first={"by": "market_cap", "coverage": 0.75}, top=9)) == "bc"
    # The 2 best by volume of the 3 largest, then half of what is left: c has 10 of 30, b 20 of 30.
    found = choose(
        daily, first=[{"by": "market_cap", "top": 3}, {"by": "volume", "top": 2}], by="market_cap", coverage=0.6
    )
    assert names(found) == "b"
    assert found.ranks.tolist() == [0, 1, 2, 0, 0]


def test_the_mean_of_ranks_is_taken_among_those_who_are_left(daily: MakePanel) -> None:
    # Of the three largest, ranks by size 1, 2, 3 and by volume 3, 2, 1; a has the better rank by the first figure.
    found = choose(daily, first={"by": "market_cap", "top": 3}, by={"mean_rank": ["market_cap", "volume"]}, top=1)
    assert names(found) == "a"
    assert found.metric.tolist()[:3] == [2.0, 2.0, 2.0]
    assert np.isnan(found.metric[3:]).all()


def test_a_member_has_no_privilege_in_a_stage(daily: MakePanel) -> None:
    found = choose(
        daily, members="de", first={"by": "market_cap", "top": 3}, top=2, buffer={"enter": 1, "leave": 3}
    )  # fmt: skip
    assert names(found) == "bc"
    assert names(choose(daily, members="a", first={"by": "market_cap", "top": 3}, top=2,
                        buffer={"enter": 1, "leave": 3})) == "ac"  # fmt: skip


@pytest.mark.parametrize(
    ("first", "members", "expected"),
    [
        # The best two go on, and of the members those of rank 4 or better: d and not e.
        ({"by": "market_cap", "top": {"enter": 2, "leave": 4}}, "", "ab"),
        ({"by": "market_cap", "top": {"enter": 2, "leave": 4}}, "d", "abd"),
        ({"by": "market_cap", "top": {"enter": 2, "leave": 4}}, "acde", "abcd"),
        ({"by": "market_cap", "top": {"enter": 2, "leave": 2}}, "acde", "ab"),
        ({"by": "market_cap", "top": {"enter": 4, "leave": 9}}, "e", "abcde"),
        ({"by": "market_cap", "top": {"enter": 7, "leave": 9}}, "", "abcde"),
        # 60% are reached by a, 90% by c; b is no member.
        ({"by": "market_cap", "coverage": {"enter": 0.6, "leave": 0.9}}, "cd", "ac"),
        # Of a, b and the member d the one that trades most, and a member up to the second: d and b.
        (
            [
                {"by": "market_cap", "top": {"enter": 2, "leave": 4}},
                {"by": "volume", "top": {"enter": 1, "leave": 2}},
            ],
            "bd", "bd",
        ),
        (
            [
                {"by": "market_cap", "top": {"enter": 2, "leave": 4}},
                {"by": "volume", "top": {"enter": 1, "leave": 2}},
            ],
            "ad", "d",
        ),
    ],
)  # fmt: skip
def test_members_go_on_up_to_an_easier_edge(daily: MakePanel, first: Any, members: str, expected: str) -> None:
    assert names(choose(daily, members=members, first=first, top=9)) == expected


def test_ranks_are_those_among_the_eligible_also_of_members(daily: MakePanel) -> None:
    # Without a, d is third, and e, a member, fourth.
    first = {"by": "market_cap", "top": {"enter": 2, "leave": 3}}
    assert names(choose(daily, "bcde", "de", first=first, top=9)) == "bcd"


def test_what_is_told_of_members_in_a_stage(daily: MakePanel) -> None:
    found = choose(daily, members="de", first={"by": "market_cap", "top": {"enter": 2, "leave": 4}}, top=1)
    assert [found.reasons(column) for column in range(5)] == [
        "out: first: rank 1 by market cap, 2 wanted, enters up to rank 2; rank 3 of 3, 1 wanted",
        "out: first: rank 2 by market cap, 2 wanted, enters up to rank 2; rank 2 of 3, 1 wanted",
        "out: first: rank 3 by market cap, 2 wanted, not a member, enters up to rank 2",
        "in: first: rank 4 by market cap, 2 wanted, a member stays up to rank 4; rank 1 of 3, 1 wanted",
        "out: first: rank 5 by market cap, 2 wanted, a member stays up to rank 4",
    ]
    assert found.left() == ["3 left after first"]
    assert "".join(asset for asset, one in zip("abcde", found.decisive, strict=True) if one) == "abd"
    share = choose(daily, members="c", first={"by": "market_cap", "coverage": {"enter": 0.6, "leave": 0.9}}, top=9)
    assert share.reasons(2) == (
        "in: first: rank 3 by market cap, 1 wanted, cumulative share 90.0%, a member stays until 90% is reached; "
        "rank 1 of 2, 9 wanted, 2 available"
    )


def test_the_words_of_a_stage_for_members() -> None:
    parsed = Selection.parse(
        {"first": {"by": "market_cap", "top": {"enter": 40, "leave": 50}}, "by": "volume", "top": 20}
    )
    assert parsed.words().startswith(
        "Ranked by market cap, largest first: The best 40 are in; members among the best 50 stay. Only those go on."
    )
    assert parsed.formula == "in: rank ≤ enter; a member: rank ≤ leave; rank ≤ n"
    assert parsed.first[0].entry() == {"by": "market_cap", "top": {"enter": 40, "leave": 50}}
    assert (parsed.sticky, parsed.stages_heed_members, parsed.most()) == (True, True, 20)
    assert Selection.parse({"first": parsed.first[0].entry(), "by": "volume", "all": None}).most() == 50
    plain = Selection.parse({"first": {"by": "market_cap", "top": 40}, "by": "volume", "top": 20})
    assert (plain.sticky, plain.stages_heed_members) == (False, False)


def test_whose_figures_decide(daily: MakePanel) -> None:
    """One absurd figure among them would put another asset out, though it is not chosen itself."""

    def decisive(**section: Any) -> str:
        found = choose(daily, **section).decisive
        return "".join(asset for asset, one in zip("abcde", found, strict=True) if one)

    assert decisive(top=2) == "de"
    assert decisive(first={"by": "market_cap", "top": 3}, top=1) == "abc"
    assert decisive(first=[{"by": "market_cap", "top": 3}, {"by": "volume", "top": 2}], top=1) == "abc"
    assert decisive(ranks={"first": 3, "last": 3}) == "cde"
    assert decisive(ranks={"first": 9, "last": 9}) == "abcde"


def test_the_reasons_step_by_step(daily: MakePanel) -> None:
    choice = choose(
        daily, "abcd", first={"by": "market_cap", "top": 3}, by={"mean_rank": ["market_cap", "volume"]}, top=2
    )
    assert [choice.reasons(column) for column in range(5)] == [
        "in: first: rank 1 by market cap, 3 wanted; rank 1 of 3 by the mean of ranks 1 (market cap) and 3 (volume), "
        "2 wanted",
        "in: first: rank 2 by market cap, 3 wanted; rank 2 of 3 by the mean of ranks 2 (market cap) and 2 (volume), "
        "2 wanted",
        "out: first: rank 3 by market cap, 3 wanted; rank 3 of 3 by the mean of ranks 3 (market cap) and 1 (volume), "
        "2 wanted",
        "out: first: rank 4 by market cap, 3 wanted",
        None,
    ]
    two = choose(
        daily, first=[{"by": "market_cap", "top": 4}, {"by": {"metric": "volume", "window": "9d"}, "top": 2}],
        by={"metric": "market_cap", "half_life": "3d", "window": "9d"}, top=1,
    )  # fmt: skip
    assert [two.reasons(column) for column in (2, 1, 4)] == [
        "in: first[0]: rank 3 by market cap, 4 wanted; first[1]: rank 2 by the median of volume over 9d, 2 wanted; "
        "rank 1 of 2 by market cap smoothed with a half-life of 3d over 9d, 1 wanted",
        "out: first[0]: rank 2 by market cap, 4 wanted; first[1]: rank 3 by the median of volume over 9d, 2 wanted",
        "out: first[0]: rank 5 by market cap, 4 wanted",
    ]


def test_the_reasons_of_the_unknown(daily: MakePanel) -> None:
    sizes, traded = [nan, 3.0, 2.0, 1.0, 9.0], [1.0, nan, 2.0, 5.0, nan]
    mean = {"mean_rank": [{"metric": "market_cap", "window": "2d"}, "volume"]}
    both = choose(daily, sizes=sizes, traded=traded, by=mean, top=9)
    assert both.reasons(0) == "out: the median of market cap over 2d is unknown"
    assert both.reasons(1) == "out: volume is unknown"
    neither = choose(daily, sizes=[nan, 1.0, 1.0, 1.0, 1.0], traded=[nan, 1.0, 1.0, 1.0, 1.0], by=mean, top=9)
    assert neither.reasons(0) == "out: the median of market cap over 2d and volume are unknown"
    staged = choose(daily, sizes=sizes, traded=traded, first={"by": "market_cap", "top": 2}, top=9)
    assert staged.reasons(0) == "out: first: the figure ranked by is unknown"
    assert staged.reasons(1) == "out: first: rank 2 by market cap, 2 wanted; the figure ranked by is unknown"
    windowed = choose(daily, traded=traded, by={"metric": "volume", "window": "9d", "statistic": "mean"}, top=9)
    assert windowed.reasons(1) == "out: the mean of volume over 9d is unknown"
    assert windowed.reasons(3) == "in: rank 1 of 3 by the mean of volume over 9d, 9 wanted, 3 available"


def test_shared_ranks_are_told_with_their_half(daily: MakePanel) -> None:
    choice = choose(daily, sizes=[7.0, 7.0, 1.0, 1.0, 1.0], by={"mean_rank": ["market_cap", "volume"]}, top=1)
    assert choice.reasons(0) == "out: rank 4 of 5 by the mean of ranks 1.5 (market cap) and 5 (volume), 1 wanted"


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (5, r"^select\.first: expected keys in braces, as in \{by: market_cap, top: 100\}"),
        ([], r"^select\.first: expected a stage"),
        ([{"by": "a", "top": 3}, 5], r"^select\.first\[1\]: expected keys in braces"),
        ({"by": "a"}, r"^select\.first: a stage needs by and exactly one of top, coverage, threshold"),
        ({"top": 3}, r"^select\.first: a stage needs by"),
        ({"by": "a", "top": 3, "coverage": 0.5}, r"^select\.first: a stage needs by and exactly one"),
        ({"by": "a", "tpo": 3}, r"^select\.first\.tpo: a stage has no such key \(did you mean 'top'\?\)"),
        ({"by": "a", "all": None}, r"^select\.first\.all: a stage has no such key; keys: by, top, coverage, threshold"),
        ({"by": "a", "top": 3, "buffer": {"enter": 2, "leave": 4}}, r"^select\.first\.buffer: a stage has no such key"),
        ({"by": "a", "top": 3, "order": "ascending"}, r"^select\.first\.order: a stage has no such key"),
        ({"by": "a", "top": 0}, r"^select\.first\.top: .*at least 1"),
        (
            {"by": "a", "top": 3, "buffer": {"enter": 2, "leave": 4}},
            r"keys: by, top, coverage, threshold; for members write top: \{enter: 40, leave: 50\}$",
        ),
        ({"by": "a", "top": {"enter": 5, "leave": 4}}, r"^select\.first\.top: enter 5 must not be above leave 4"),
        ({"by": "a", "top": {"enter": 5}}, r"^select\.first\.top: write one number, as in 20, or both enter and leave"),
        ({"by": "a", "top": {"number": 3, "enter": 5, "leave": 6}}, r"^select\.first\.top: write one number"),
        ({"by": "a", "top": None}, r"^select\.first\.top: write one number"),
        ({"by": "a", "top": {"enter": 0, "leave": 6}}, r"^select\.first\.top\.enter: .*at least 1"),
        ([{"by": {"metric": "a", "window": 3}, "top": 3}], r"^select\.first\[0\]\.by\.window: duration 3"),
        ({"by": {"mean_rank": ["a", "b"]}, "coverage": 0.5}, r"^select\.first\.coverage: does not go with mean_rank"),
        ({"by": {"mean_rank": ["a", "b"]}, "threshold": 0}, r"^select\.first\.threshold: does not go with mean_rank"),
    ],
)
def test_a_stage_that_means_nothing_is_refused(first: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection.parse({"first": first, "by": "volume", "top": 3})


def test_the_words_the_figures_and_the_key() -> None:
    section = {
        "first": [{"by": "market_cap", "top": 100}, {"by": "tvl", "coverage": 0.9}],
        "by": {"mean_rank": ["market_cap", {"metric": "volume", "window": "30d"}]},
        "top": 10,
    }
    parsed = Selection.parse(section)
    assert parsed.words() == (
        "Ranked by market cap, largest first: The best 100 are taken. Only those go on. Ranked by tvl, largest first: "
        "As many of the best are taken as together make up 90% of the eligible total. Only those go on. Those who are "
        "left are ranked by the mean of the ranks by market cap and by the median of volume over 30d, the largest of "
        "each first; of equal means the better rank by market cap comes first. The best 10 are taken."
    )
    assert parsed.formula == "rank ≤ n; min n : Σ_{k≤n} m_k ≥ share · Σ_k m_k; r_i = (1/K) Σ_k r_ik"
    assert parsed.source.startswith("Usual; for example CoinDesk 20, CMBI 10, CCi30; CF Benchmarks Broad Cap")
    assert parsed.source.endswith(
        "; MarketVector digital assets indices: the best by size and liquidity of the 100 largest"
    )
    buffered = Selection.parse({"by": "market_cap", "top": 3, "buffer": {"exceed": 0.1}})
    assert buffered.formula == "rank ≤ n; rank by m_i · (1 + exceed) for members, by m_i for others"
    assert buffered.source.endswith("; Bitwise Crypto Asset Index Methodology (2024): 5%")
    assert [*parsed.reads.figures, *parsed.reads.fields] == ["market_cap", "tvl", "market_cap", "volume"]
    assert [stage.entry() for stage in parsed.first] == section["first"]
    variants: list[dict[str, Any]] = [
        {},
        {"first": {"by": "market_cap", "top": 100}},
        {"first": {"by": "market_cap", "top": 99}},
        {"first": {"by": "volume", "top": 100}},
        {"first": {"by": "market_cap", "threshold": 100}},
        {"by": "volume"},
        {"by": {"metric": "volume", "window": "9d"}},
        {"by": {"metric": "volume", "window": "8d"}},
        {"by": {"metric": "volume", "window": "9d", "statistic": "mean"}},
        {"by": {"metric": "volume", "window": "9d", "half_life": "2d"}},
        {"by": {"metric": "volume", "window": "9d", "half_life": "3d"}},
        {"by": {"mean_rank": ["market_cap", "volume"]}},
        {"by": {"mean_rank": ["volume", "market_cap"]}},
        {"order": "ascending"},
    ]
    keys = {Selection.parse({"by": "market_cap", "top": 10, **variant}).ranking for variant in variants}
    assert len(keys) == len(variants)
    # How many are taken in the end, and the buffer, change nobody's place.
    assert Selection.parse({"by": "volume", "top": 3, "buffer": {"exceed": 0.1}}).ranking == (
        Selection.parse({"by": "volume", "threshold": 5}).ranking
    )
