"""Tests by sides: runs against the enumeration of all orders, matching against a plain loop."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from basketry.reference.vetting.alternation import alternation, runs_test
from basketry.reference.vetting.matching import matched, matching

if TYPE_CHECKING:
    from tests.reference.vetting.conftest import Maker

SECOND = 1_000_000


@pytest.mark.parametrize(("buys", "sells"), [(3, 4), (2, 5), (4, 4)])
def test_mean_and_deviation_of_runs_are_those_of_all_orders(buys: int, sells: int) -> None:
    counted = []
    for places in itertools.combinations(range(buys + sells), buys):
        sides = np.full(buys + sells, -1, np.int8)
        sides[list(places)] = 1
        runs, mean, deviation = runs_test(sides)
        counted.append(runs)
    assert mean == pytest.approx(np.mean(counted), rel=1e-12)
    assert deviation == pytest.approx(np.std(counted), rel=1e-12)


def test_alternation_finds_turns_and_passes_runs(maker: Maker) -> None:
    def found(sides: Sequence[str | None]) -> float | None:
        return alternation(maker.trades(maker.frame([10**8] * len(sides), side=sides)), maker.rules).suspicion

    assert found(["buy", "sell"] * 200) == 1
    assert found(["buy"] * 3 + ["sell"] * 2) is None
    assert found((["buy"] * 4 + ["sell"] * 4) * 50) == 0
    assert found(maker.sides(1, 5_000)) == 0
    assert found([None] * 400) is None
    assert found(["buy"] * 400) is None


def test_p_values_of_random_sides_are_uniform(maker: Maker) -> None:
    values = [
        alternation(maker.trades(maker.frame([10**8] * 400, side=maker.sides(seed, 400))), maker.rules).p_value
        for seed in range(200)
    ]
    assert stats.kstest([value for value in values if value is not None], "uniform").pvalue > 0.001


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * SECOND), st.integers(1, 3), st.sampled_from([-1, 1])), min_size=2, max_size=60
    )
)
@settings(max_examples=60)
def test_matched_agrees_with_a_plain_loop(rows: list[tuple[int, int, int]]) -> None:
    rows.sort(key=lambda row: row[0])
    opposite, same = [False] * len(rows), [False] * len(rows)
    pairs = crossed = 0
    for later, (time, size, side) in enumerate(rows):
        before = [place for place in range(later) if rows[place][1] == size]
        if before and time - rows[before[-1]][0] <= SECOND:
            pairs += 1
            turned = rows[before[-1]][2] != side
            crossed += turned
            held = opposite if turned else same
            held[before[-1]] = held[later] = True
    times, sizes, sides = (np.array(column) for column in zip(*rows, strict=True))
    found = matched(times, sizes, sides.astype(np.int8), SECOND)
    assert (found[0].tolist(), found[1].tolist(), found[2], found[3]) == (opposite, same, pairs, crossed)


def test_matching_finds_a_trader_who_meets_himself(maker: Maker) -> None:
    """A tenth of a second after each trade of one in two the same size comes back."""
    sizes = maker.honest_sizes(1, 2_000)
    time = np.arange(2_000) * 5 * SECOND
    sides = maker.sides(2, 2_000)
    back = ["sell" if side == "buy" else "buy" for side in sides[::2]]
    frame = maker.frame(
        np.concatenate([sizes, sizes[::2]]),
        time=np.concatenate([time, time[::2] + SECOND // 10]),
        side=[*sides, *back],
    )
    found = matching(maker.trades(frame), maker.rules)
    total = sizes.sum() + sizes[::2].sum()
    assert found.statistic == pytest.approx(2 * sizes[::2].sum() / total, abs=0.02)
    assert found.suspicion == 1


def test_p_value_of_matching_is_the_binomial_one(maker: Maker) -> None:
    rng = np.random.default_rng(3)
    sizes = rng.choice([10**8, 2 * 10**8], 3_000)
    sides = maker.sides(4, 3_000)
    trades = maker.trades(maker.frame(sizes, time=np.arange(3_000) * SECOND // 4, side=sides))
    found = matching(trades, maker.rules)
    _, _, pairs, crossed = matched(trades.time, trades.size, trades.side, SECOND)
    buys = sides.count("buy") / 3_000
    expected = stats.binom.sf(crossed - 1, pairs, 2 * buys * (1 - buys))
    assert found.p_value == pytest.approx(float(expected), rel=1e-9)
    assert found.suspicion == 0  # equal sizes that meet by chance are as often on the same side


def test_orders_filled_in_equal_parts_are_no_match(maker: Maker) -> None:
    sides = [side for side in maker.sides(5, 300) for _ in range(4)]
    times = [order * 60 * SECOND + part for order in range(300) for part in range(4)]
    found = matching(maker.trades(maker.frame([10**8] * 1_200, time=times, side=sides)), maker.rules)
    assert found.statistic == -1
    assert found.suspicion == 0
