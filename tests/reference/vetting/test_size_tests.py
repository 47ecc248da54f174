"""Tests by sizes: Benford, clustering, tail and roundness against independent calculations."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from basketry.core.frames import TRADES
from basketry.reference.vetting.benford import EXPECTED, benford, digit_test
from basketry.reference.vetting.clustering import clustering, window_frequencies
from basketry.reference.vetting.digits import first_digits
from basketry.reference.vetting.roundness import roundness
from basketry.reference.vetting.tail import hill, tail

if TYPE_CHECKING:
    from tests.reference.vetting.conftest import Maker


def test_benford_shares_are_the_published_ones() -> None:
    published = [0.301, 0.176, 0.125, 0.097, 0.079, 0.067, 0.058, 0.051, 0.046]  # Benford 1938, table of p. 556
    assert EXPECTED.tolist() == pytest.approx(published, abs=5e-4)
    assert EXPECTED.sum() == pytest.approx(1.0, abs=1e-15)


@given(st.lists(st.integers(1, 2**62), min_size=1, max_size=50))
def test_first_digits_are_those_of_the_decimal_numeral(sizes: list[int]) -> None:
    assert first_digits(np.array(sizes)).tolist() == [int(str(size)[0]) for size in sizes]


def test_digit_test_agrees_with_scipy(maker: Maker) -> None:
    sizes = maker.honest_sizes(1, 3_000)
    counts = Counter(str(size)[0] for size in sizes.tolist())
    observed = [counts[str(digit)] for digit in range(1, 10)]
    expected = stats.chisquare(observed, 3_000 * EXPECTED)
    deviation, p_value = digit_test(sizes)
    assert p_value == pytest.approx(float(expected.pvalue), rel=1e-9)
    off = [abs(count / 3_000 - share) for count, share in zip(observed, EXPECTED, strict=True)]
    assert deviation == pytest.approx(sum(off) / 9, rel=1e-12)


def test_benford_passes_honest_sizes_and_finds_uniform_ones(maker: Maker) -> None:
    honest = benford(maker.trades(maker.frame(maker.honest_sizes(2, 5_000))), maker.rules)
    assert honest.suspicion == 0
    assert honest.p_value is not None
    assert honest.p_value > 0.001
    spread = np.concatenate(
        [np.random.default_rng(3).integers(5 * 10**7, 15 * 10**7, 4_950), np.repeat([10**5, 10**9], 25)]
    )
    odd = benford(maker.trades(maker.frame(spread)), maker.rules)
    assert odd.suspicion is not None
    assert odd.suspicion > 0.9
    assert odd.p_value == pytest.approx(0.0, abs=1e-100)


@given(seed=st.integers(0, 1_000), power=st.integers(0, 6), factor=st.sampled_from([2, 3, 7]))
@settings(max_examples=30)
def test_scale_of_the_sizes_does_not_matter_to_benford(seed: int, power: int, factor: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = np.exp(rng.normal(12.0, 2.0, 4_000)).astype(np.int64) + 1
    deviation, p_value = digit_test(sizes)
    assert digit_test(sizes * 10**power) == (deviation, p_value)
    # Other factors move digits from one to another; the law is the one that they do not change.
    assert digit_test(sizes * factor)[0] == pytest.approx(deviation, abs=0.015)


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ([10**8] * 49, "49 trades are fewer than 200"),
        (list(range(10**8, 10**8 + 300)), "orders of magnitude"),
        ([10**8] * 300 + [10**11] * 10 + [3 * 10**8], "half of the sizes are below 10 lots"),
    ],
)
def test_benford_says_why_it_cannot_tell(maker: Maker, sizes: list[int], reason: str) -> None:
    found = benford(maker.trades(maker.frame(sizes)), maker.rules)
    assert found.suspicion is None
    assert reason in found.sentence


def test_clustering_is_the_t_test_of_cong_and_others(maker: Maker) -> None:
    """Each window counted by hand from the numerals, the t-statistic by SciPy."""
    sizes = maker.honest_sizes(4, 20_000)
    hundredths = Counter((len(str(size)), int(str(size)[:3])) for size in sizes.tolist())
    differences = []
    for length in range(3, 20):
        for middle in range(100, 1_000, 100):
            window = {at: hundredths[length, at] for at in range(max(middle - 49, 100), middle + 50)}
            total = sum(window.values())
            if total >= 30:
                at_round = window.pop(middle)
                differences.append((at_round - max(window.values())) / total)
    found = clustering(maker.trades(maker.frame(sizes)), maker.rules)
    expected = stats.ttest_1samp(differences, 0.0, alternative="less")
    assert found.statistic == pytest.approx(float(expected.statistic), rel=1e-9)
    assert found.p_value == pytest.approx(float(expected.pvalue), rel=1e-9)
    assert found.statistic is not None
    assert found.statistic > 5  # authentic sizes cluster at round numbers
    assert found.suspicion == 0


def test_uniform_sizes_do_not_cluster(maker: Maker) -> None:
    sizes = np.random.default_rng(5).integers(10**7, 10**8, 20_000)
    found = clustering(maker.trades(maker.frame(sizes)), maker.rules)
    assert found.statistic is not None
    assert found.statistic < -5
    assert found.suspicion is not None
    assert found.suspicion > 0.5


def test_sizes_that_are_all_round_are_no_suspicion(maker: Maker) -> None:
    sizes = np.repeat(np.arange(1, 10) * 10**8, 50)
    frame = maker.frame(np.concatenate([sizes, np.full(10, 123_456_789)]))
    found = clustering(maker.trades(frame), maker.rules)
    assert found.suspicion == 0
    assert found.statistic is not None
    assert math.isfinite(found.statistic)
    alone = clustering(maker.trades(maker.frame(np.repeat(np.arange(1, 10) * 10**8, 50))), maker.rules)
    assert "cannot be told" in alone.sentence  # all are below 100 lots: round by necessity


def test_sizes_near_the_largest_whole_number_do_not_overflow() -> None:
    rounded, nearby = window_frequencies(np.full(40, 4 * 10**18))
    assert rounded.tolist() == [1.0]
    assert nearby.tolist() == [0.0]


@pytest.mark.parametrize("alpha", [1.5, 2.5])
def test_hill_recovers_the_exponent_of_pareto_sizes(alpha: float) -> None:
    rng = np.random.default_rng(6)
    sizes = ((1.0 + rng.pareto(alpha, 40_000)) * 1e6).astype(np.int64)
    top = 2_000
    assert hill(sizes, top) == pytest.approx(alpha, abs=4 * alpha / math.sqrt(top))
    ordered = sorted(sizes.tolist(), reverse=True)
    plain = top / sum(math.log(size / ordered[top]) for size in ordered[:top])
    assert hill(sizes, top) == pytest.approx(plain, rel=1e-12)


def test_tail_of_narrow_sizes_is_odd_and_of_one_size_untold(maker: Maker) -> None:
    narrow = np.random.default_rng(7).integers(5 * 10**7, 15 * 10**7, 5_000)
    found = tail(maker.trades(maker.frame(narrow)), maker.rules)
    assert found.suspicion == 1
    assert "one and the same size" in tail(maker.trades(maker.frame([10**8] * 5_000)), maker.rules).sentence
    assert "fewer than 50" in tail(maker.trades(maker.frame(narrow[:900])), maker.rules).sentence


def test_roundness_estimates_the_washed_share(maker: Maker) -> None:
    """Three parts of uniform volume on one of honest volume: three quarters are washed."""
    frames = [maker.frame(maker.honest_sizes(seed, 20_000)) for seed in range(4)]
    honest = maker.honest_sizes(9, 20_000)
    mean = int(honest.mean())
    invented = np.random.default_rng(9).integers(mean // 2, mean * 3 // 2, 60_000)
    washer = maker.frame(np.concatenate([honest, invented]))
    found = roundness(maker.peers([*frames, washer]), maker.rules)
    true = 1 - honest.sum() / (honest.sum() + invented.sum())
    assert found[-1].statistic == pytest.approx(true, abs=0.1)
    assert [finding.suspicion for finding in found[:-1]] == [0, 0, 0, 0]
    assert found[-1].suspicion is not None
    assert found[-1].suspicion > 0.5


def test_one_venue_of_coarse_lots_does_not_hinder_the_others(maker: Maker) -> None:
    frames = [maker.frame(maker.honest_sizes(seed, 3_000)) for seed in range(3)]
    coarse = maker.frame(np.full(500, 10**13))
    found = roundness(maker.peers([*frames, coarse]), maker.rules)
    assert all(finding.suspicion is not None for finding in found[:3])
    assert found[3].suspicion is None


def test_roundness_needs_others_and_single_trades(maker: Maker) -> None:
    frames = [maker.frame(maker.honest_sizes(seed, 1_000)) for seed in range(2)]
    assert "too few other venues" in roundness(maker.peers(frames), maker.rules)[0].sentence
    bars = maker.peers([maker.bars([10**9] * 30), *frames])
    assert "bars do not tell" in roundness(bars, maker.rules)[0].sentence
    nothing = roundness(maker.peers([TRADES.empty(), *frames]), maker.rules)[0]
    assert (nothing.suspicion, nothing.n) == (None, 0)
