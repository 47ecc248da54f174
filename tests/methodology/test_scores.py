"""Standardised scores by hand."""

import numpy as np
import pytest

from basketry.methodology.scores import positive_score, standardise

nan = float("nan")


def test_scores_are_deviations_from_the_mean_of_the_known_over_their_spread() -> None:
    # Mean 2, deviations -1, 0, 1, standard deviation (n) the root of 2/3; the unknown scores 0.
    assert standardise(np.array([1.0, nan, 2.0, 3.0])) == pytest.approx([-(1.5**0.5), 0, 0, 1.5**0.5])
    assert standardise(np.array([3.0, 7.0])).tolist() == [-1.0, 1.0]


def test_scores_are_clipped_at_three_either_way() -> None:
    # One of twenty: (1 - 1/20) / sqrt(19/400) = 4.36 without the clip.
    one_large = np.zeros(20)
    one_large[4] = 1.0
    assert standardise(one_large)[4] == 3.0
    assert standardise(-one_large)[4] == -3.0
    assert standardise(one_large)[0] == pytest.approx(-(1 / 19**0.5))


@pytest.mark.parametrize("figures", [[nan, 5.0], [nan, nan], [2.0, 2.0, 2.0], [7.0], []])
def test_what_does_not_differ_scores_nothing(figures: list[float]) -> None:
    assert standardise(np.array(figures)).tolist() == [0.0] * len(figures)


def test_a_positive_score_is_positive_increasing_and_one_at_the_average() -> None:
    assert positive_score(np.array([-3.0, -0.5, 0.0, 0.5, 3.0])) == pytest.approx([1 / 4, 2 / 3, 1, 1.5, 4])
