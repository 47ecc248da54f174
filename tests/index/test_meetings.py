"""Every kind of corporate event with everything that it can meet, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.index.meetings import ABSURD, GAP, GROUPS, KINDS, START, Case, after, at, each, market, rules

from basketry.index.calculate import calculate_index
from basketry.index.records import Cause
from basketry.index.result import IndexResult

LAG: dict[str, Any] = {"rebalance": {"every": "month", "determine": "3d"}}
"""The change of 1 February, day 31, is determined on day 28."""
UNITS: dict[str, Any] = {"rebalance": {"every": "month", "determine": "3d", "fix": "units"}}
STEPS: dict[str, Any] = {"rebalance": {"every": "month", "determine": "0d", "transition": {"steps": 4, "every": "1d"}}}
DRIFT: dict[str, Any] = {
    "rebalance": {"every": "year", "determine": "1d", "announce": "0d", "triggers": [{"drift": 0.1}]}
}
CALM: dict[str, Any] = {
    "rebalance": {
        "every": "year", "determine": "1d", "announce": "0d",
        "triggers": [{"volatility": {"above": 0.01, "window": "4d"}}],
    }
}  # fmt: skip
INCOME: dict[str, Any] = {"returns": ["price", {"total": {"method": "quantity", "lag": "0d"}}]}
GUARD: dict[str, Any] = {"guard": {"price_jump": 20}}


def month(worth: list[float]) -> tuple[list[float], list[float]]:
    """Return prices of 37 days: a doubles on day 35; x is 10, from day 10 on the first of `worth`, from 30 the last."""
    return [10.0] * 35 + [20.0] * 2, [10.0] * 10 + [worth[0]] * 20 + [worth[-1]] * 7


def around(kind: str, day: int) -> Case:
    """Return an event on a day near a change: x, at 20 since day 10, makes the level 150, and a doubles on day 35."""
    a, worth = month([20.0])
    if kind == "converts":
        # Equal weights at 150: 75 doubles.
        return Case(a, worth, day, {30: 150.0, 31: 150.0, 34: 150.0, 36: 225.0})
    if kind == "credits":
        # A unit of 20 becomes one of 18 and half of 4; struck before or after, a is 75 of 150 when it doubles.
        fork = [4.0] * (37 - day)
        return Case(a, worth[:day] + [18.0] * (37 - day), day, {30: 150.0, 31: 150.0, 34: 150.0, 36: 225.0}, fork)
    if kind == "delisting":
        # All is in a.
        return Case(a, worth[: day + 1] + [GAP] * (36 - day), day, {30: 150.0, 34: 150.0, 36: 300.0})
    halted = worth[:day] + [ABSURD] * 2 + worth[day + 2 :]
    return Case(a, halted, day, {30: 150.0, 31: 150.0, 34: 150.0, 36: 225.0}, until=day + 2)


def known_early(case: Case) -> Case:
    return replace(case, known=((5, {}),))


FIXED = month([20.0, 30.0])
FORKED = [*FIXED[1][:30], *[28.0] * 7]
GONE = [*FIXED[1][:31], *[GAP] * 6]
HALTED = [*FIXED[1][:30], ABSURD, ABSURD, *[30.0] * 5]
MOVING = ([10.0] * 33 + [20.0] * 3, [10.0] * 10 + [20.0] * 25 + [40.0])

MEETINGS: dict[str, tuple[dict[str, Any], dict[str, list[Case]]]] = {
    "missing price before": ({}, {
        "converts": [Case([10.0] * 5, [10, 20, GAP, 30, 30], 3, each(100, 150, 150, 200, 200))],
        # 50 + 5 (18 + 2) = 150
        "credits": [Case([10.0] * 5, [10, 20, GAP, 18, 38], 3, each(100, 150, 150, 150, 250), [4.0] * 2)],
        # The price of the day counts: 50 + 5 * 25, and then a alone.
        "delisting": [Case([10, 10, 10, 10, 20], [10, 20, GAP, 25, GAP], 3, each(100, 150, 150, 175, 350))],
        "halt": [Case([10.0] * 5, [10, 20, GAP, ABSURD, 40], 3, each(100, 150, 150, 150, 250), until=4)],
    }),
    "missing price at and after": ({}, {
        "converts": [Case([10.0] * 5, [10, 20, GAP, GAP, 30], 2, each(100, 150, 150, 150, 200))],
        # 50 + 5 * 18 until the fork has a price.
        "credits": [Case([10.0] * 5, [10, 20, 18, 18, 18], 2, each(100, 150, 140, 140, 150), [GAP, GAP, 4.0])],
        "delisting": [Case([10.0] * 4 + [20], [10, 20, 1, GAP, GAP], 3, each(100, 150, 55, 55, 110))],
        "halt": [Case([10.0] * 5, [10, 20, GAP, ABSURD, 30], 2, each(100, 150, 150, 150, 200), until=4)],
    }),
    "determination lag": (LAG, {
        kind: [case for day in range(28, 33) for case in (around(kind, day), known_early(around(kind, day)))]
        for kind in ("converts", "credits", "delisting", "halt")
    }),
    "fix: weights": (LAG, {
        # x is 30 on day 30: 200, of which a is half when it doubles.
        "converts": [Case(*FIXED, 30, {30: 200.0, 31: 200.0, 36: 300.0})],
        "credits": [Case(FIXED[0], FORKED, 30, {30: 200.0, 31: 200.0, 36: 300.0}, [4.0] * 7)],
        "delisting": [Case(FIXED[0], GONE, 30, {30: 200.0, 31: 200.0, 36: 400.0})],
        # Struck at the 20 that the index uses: 75 of x become 112.5, and 75 of a 150.
        "halt": [Case(FIXED[0], HALTED, 30, {30: 150.0, 31: 150.0, 34: 187.5, 36: 262.5}, until=32)],
    }),
    "fix: units": (UNITS, {
        # Half in each at 10 and 20, so that 30 makes it 40% and 60% of 200: 80 doubles.
        "converts": [Case(*FIXED, 30, {30: 200.0, 31: 200.0, 36: 280.0})],
        # 10 and half of 28: a is 10 of 24 of 200.
        "credits": [Case(FIXED[0], FORKED, 30, {30: 200.0, 31: 200.0, 36: 200 * 34 / 24}, [4.0] * 7)],
        "delisting": [Case(FIXED[0], GONE, 30, {30: 200.0, 31: 200.0, 36: 400.0})],
        "halt": [Case(FIXED[0], HALTED, 30, {30: 150.0, 31: 150.0, 34: 187.5, 36: 262.5}, until=32)],
    }),
    "transition under way": (STEPS, {
        # From 50 and 100 to 75 and 75: 62.5 and 87.5 on day 32, then 125 and 87.5; a is 150 of 225 at the end.
        "converts": [Case(*MOVING, 32, {31: 150.0, 32: 150.0, 33: 212.5, 34: 212.5, 35: 212.5 * 4 / 3})],
        # Units 6.25 and 4.375 at 10 and 18 are scaled from 141.25 to 150, since the fork is sold.
        "credits": [Case(
            MOVING[0], [10.0] * 10 + [20.0] * 22 + [18.0] * 3 + [36.0], 32,
            {31: 150.0, 32: 150.0, 33: 150 * 203.75 / 141.25, 35: 150 * 203.75 / 141.25 * 285 / 217.5}, [4.0] * 4,
        )],
        "delisting": [Case(MOVING[0], [10.0] * 10 + [20.0] * 23 + [GAP] * 3, 32, {32: 150.0, 33: 300.0, 35: 300.0})],
        "halt": [Case(
            MOVING[0], [10.0] * 10 + [20.0] * 22 + [ABSURD] * 2 + [20.0, 40.0], 32,
            {31: 150.0, 32: 150.0, 33: 212.5, 34: 212.5, 35: 212.5 * 4 / 3}, until=34,
        )],
    }),
    "drift trigger": (DRIFT, {
        # 14 of 24 is within the band, 16 of 26 is not; half of 130 grows by 40% on day 6, which is within it again.
        "converts": [
            Case([10.0] * 6 + [14], [10, 10, 10, 14, 16, 16, 16], 2, each(100, 100, 100, 120, 130, 130, 156), fired=[4])
        ],
        # The fork is 1 of 26, a 10 of 26.
        "credits": [Case(
            [10.0] * 6 + [14], [10, 10, 9, 13, 15, 15, 15], 2, each(100, 100, 100, 120, 130, 130, 156), [2.0] * 5,
            fired=[4],
        )],
        # Of three, a and b go on at one half each.
        "delisting": [Case(
            [10.0] * 6 + [14], [10, 10, 10, *[GAP] * 4], 2, each(100, 100, 100, 120, 130, 130, 156),
            others={"b": [10, 10, 10, 14, 16, 16, 16]}, fired=[4],
        )],
        "halt": [Case(
            [10.0] * 6 + [14], [10, 10, ABSURD, ABSURD, 16, 16, 16], 2, each(100, 100, 100, 100, 130, 130, 156),
            until=4, fired=[4],
        )],
    }),
    "volatility trigger": (CALM, {
        # The window of four days is full on day 4; the change on day 5 puts 75 of 150 into a, which doubles.
        "converts": [Case(
            [10, 12, 10, 12, 10, 10, 20], [10, 10, 10, 10, 20, 20, 20], 2, each(100, 110, 100, 110, 150, 150, 225),
            fired=[4],
        )],
        "credits": [Case(
            [10, 12, 10, 12, 10, 10, 20], [10, 10, 9, 9, 19, 19, 19], 2, each(100, 110, 100, 110, 150, 150, 225),
            [2.0] * 5, fired=[4],
        )],
        # A departure is a change: the window begins anew on day 2.
        "delisting": [Case(
            [10, 12, 10, 12, 10, 10, 20], [10, 10, 10, *[GAP] * 4], 2, each(100, 110, 100, 120, 100, 100, 200),
            fired=[6],
        )],
        "halt": [Case(
            [10, 12, 10, 12, 10, 10, 20], [10, 10, ABSURD, ABSURD, 20, 20, 20], 2,
            each(100, 110, 100, 110, 150, 150, 225), until=4, fired=[4],
        )],
    }),
    "return rule": (INCOME, {
        # A day earns 0.1% on the units of the base.
        "converts": [
            Case([10.0] * 5, [10.0] * 5, 2, each(100, 100.1, 100.2, 100.3, 100.4), column="total_return")
        ],
        # The fork earns nothing: 0.05 on a and 0.045 on x a day.
        "credits": [Case(
            [10.0] * 5, [10, 10, 9, 9, 9], 2, each(100, 100.1, 100.2, 100.295, 100.39), [2.0] * 3, column="total_return"
        )],
        # A departure is a change, at which income compounds.
        "delisting": [Case(
            [10.0] * 5, [10, 10, 10, GAP, GAP], 2, each(100, 100.1, 100.2, 100.2 * 1.001, 100.2 * 1.002),
            column="total_return",
        )],
        "halt": [Case(
            [10.0] * 5, [10, 10, ABSURD, ABSURD, 10], 2, each(100, 100.1, 100.2, 100.3, 100.4), until=4,
            column="total_return",
        )],
    }),
    "guard: price jump": (GUARD, {
        # A hundred times the price, for a hundredth of the units.
        "rescales": [Case([10.0] * 4, [10, 10, 10, 12], 2, each(100, 100, 100, 110), ratio=0.01)],
        "credits": [Case([10.0] * 5, [10, 10, 9, 9, 9], 2, each(100, 100, 100, 100, 105), [2.0, 50.0, 4.0])],
        "delisting": [Case([10.0] * 4, [10, 10, 1000, GAP], 2, each(100, 100, 100, 100))],
        "halt": [Case([10.0] * 5, [10, 10, ABSURD, 1000, 20], 2, each(100, 100, 100, 100, 150), until=3)],
    }),
    "known late": ({}, {
        # Two days at a tenth: 50 + 5 * 3; the level returns.
        "redenomination": [
            Case([10.0] * 5, [10, 20, 30, 30, 30], 2, each(100, 150, 65, 65, 200), known=((4, {}),))
        ],
        "migration": [Case([10.0] * 5, [10, 20, 30, 30, 30], 2, each(100, 150, 150, 150, 200), known=((4, {}),))],
        "merger": [Case([10.0] * 5, [10, 20, 30, 30, 30], 2, each(100, 150, 150, 150, 200), known=((4, {}),))],
        "name_change": [Case([10.0] * 5, [10, 20, 30, 30, 30], 2, each(100, 150, 150, 150, 200), known=((4, {}),))],
        "credits": [
            Case([10.0] * 5, [10, 20, 18, 18, 18], 2, each(100, 150, 140, 140, 150), [4.0] * 3, known=((4, {}),))
        ],
        "delisting": [
            Case([10.0] * 5 + [20], [10, 20, *[GAP] * 4], 2, each(100, 150, 150, 150, 150, 300), known=((4, {}),))
        ],
        # 99 was used on day 2, and is carried on day 3, when the halt is known.
        "halt": [
            Case([10.0] * 5, [10, 20, ABSURD, 7, 30], 2, each(100, 150, 545, 545, 200), until=4, known=((3, {}),))
        ],
    }),
    "corrected before it took effect": ({}, {
        "rescales": [Case(
            [10.0] * 5, [10, 20, 20, 30, 30], 3, each(100, 150, 150, 200, 200), known=((1, {"ratio": 20.0}), (2, {}))
        )],
        "credits": [Case(
            [10.0] * 5, [10, 20, 20, 18, 18], 3, each(100, 150, 150, 150, 150), [4.0] * 2,
            known=((1, {"ratio": 5.0}), (2, {})),
        )],
        "delisting": [Case(
            [10.0] * 4 + [20], [10, 20, 20, 20, GAP], 3, each(100, 150, 150, 150, 200),
            known=((1, {"removal": "remove_at_zero"}), (2, {"removal": "to_cash"})),
        )],
        "halt": [Case(
            [10.0] * 6, [10, 20, 20, ABSURD, 30, 40], 3, each(100, 150, 150, 150, 200, 250), until=4,
            known=((1, {"until": at(6)}), (2, {})),
        )],
    }),
    "corrected after it took effect": ({}, {
        # 5 * 20 units at 3 until the ratio is halved on day 4.
        "rescales": [Case(
            [10.0] * 5, [10, 20, 30, 30, 30], 2, each(100, 150, 350, 350, 200), known=((2, {"ratio": 20.0}), (4, {}))
        )],
        # A quarter of a fork for a unit, and then a half.
        "credits": [Case(
            [10.0] * 5, [10, 20, 18, 18, 18], 2, each(100, 150, 145, 145, 150), [4.0] * 3,
            known=((2, {"ratio": 0.25}), (4, {})),
        )],
        # Longer than was said, known on day 4; and shorter.
        "halt": [
            Case(
                [10.0] * 6, [10, 20, ABSURD, 30, ABSURD, 40], 2, each(100, 150, 150, 200, 200, 250), until=5,
                known=((2, {"until": at(3)}), (4, {})),
            ),
            Case(
                [10.0] * 6, [10, 20, ABSURD, ABSURD, 30, 40], 2, each(100, 150, 150, 150, 200, 250), until=3,
                known=((2, {"until": at(6)}), (4, {})),
            ),
        ],
    }),
}  # fmt: skip
"""What is met: the rules under which, and the cases of each kind, or of each group of kinds."""

CANNOT_MEET = {
    ("name_change", "guard: price jump"): "a new name leaves the unit, so that it makes no price jump",
    (
        "name_change",
        "corrected before it took effect",
    ): "it has no ratio; its ids are the key, another id is another event",
    (
        "name_change",
        "corrected after it took effect",
    ): "it has no ratio; its ids are the key, another id is another event",
    ("delisting", "corrected after it took effect"): "it has no ratio, and a member that left does not come back",
}


def cases() -> list[Any]:
    found = []
    for meets, (sections, groups) in MEETINGS.items():
        for group, each_case in groups.items():
            for kind in GROUPS.get(group, (group,)):
                for number, case in enumerate(each_case):
                    found.append(pytest.param(kind, sections, case, id=f"{kind} x {meets} {number}".replace(" ", "-")))
    return found


@pytest.mark.parametrize(("kind", "sections", "case"), cases())
def test_a_kind_of_event_and_what_it_meets(kind: str, sections: dict[str, Any], case: Case) -> None:
    result = calculate_index(rules(**sections), market(kind, case))
    levels = result.level(case.column)
    assert {day: levels[day] for day in case.levels} == pytest.approx(case.levels, rel=1e-12)
    assert days_fired(result) == case.fired
    gone = after(kind) != "x" or kind == "delisting"
    since = max(at(case.day), at(case.known[0][0]) if case.known else at(0))
    kept_as_cash = any(says.get("removal") == "to_cash" for _, says in case.known)
    held = result.compositions.filter(pl.col("effective_at") >= since)["asset"].to_list()
    assert result.state is not None
    assert result.state.basket is not None
    now = {result.panel.assets[column] for column in result.state.basket.columns.tolist()}
    if gone and not kept_as_cash:
        assert "x" not in {*held, *now}
    elif kind != "delisting":
        assert "x" in now
    if after(kind) == "new":
        assert now == {"a", "new"}


def days_fired(result: IndexResult) -> list[int]:
    """Return the days on which triggers fired, those of changes that are pending too."""
    done = result.rebalances.filter(pl.col("trigger").is_in(["drift", "volatility"]))["determined_at"].unique()
    waiting = () if result.state is None else result.state.pending
    coming = [entry.determined_at for entry in waiting if entry.cause is Cause.TRIGGER]
    first = np.datetime64(START, "D")
    days = [int((instant - first) / np.timedelta64(1, "D")) for instant in coming]
    return sorted([*((instant - at(0)).days for instant in done), *days])


def test_every_pair_has_a_case_or_a_reason_why_not() -> None:
    there = [
        (kind, meets)
        for meets, (_, groups) in MEETINGS.items()
        for group in groups
        for kind in GROUPS.get(group, (group,))
    ]
    assert sorted([*there, *CANNOT_MEET]) == sorted((kind, meets) for kind in KINDS for meets in MEETINGS)
