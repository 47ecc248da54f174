"""Float bands along a history, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.methodology.free_float import EDGES, FACTORS, float_band, float_bands, rounded_up

shares = st.one_of(
    st.floats(0, 1),
    st.sampled_from([*EDGES, *(edge - 0.02 for edge in EDGES), *(edge + 0.02 for edge in EDGES[:-1])]),
)


@given(st.lists(shares | st.just(float("nan")), min_size=1, max_size=40), st.sampled_from([0.0, 0.02, 0.04]))
def test_the_compiled_history_follows_the_rule_step_by_step(history: list[float], buffer: float) -> None:
    factor: float | None = None
    for share in history:
        if share == share:
            factor = float_band(share, factor, buffer=buffer)
    result = float(float_bands(np.array([history]).T, buffer)[0])
    assert result == factor or (factor is None and result != result)


@given(shares, shares)
def test_a_higher_float_never_has_a_lower_factor(first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert float_band(low) <= float_band(high)


@given(shares, st.sampled_from(FACTORS))
def test_the_factor_of_a_member_is_its_own_or_the_newcomers(share: float, previous: float) -> None:
    assert float_band(share, previous) in (previous, float_band(share))
    assert float_band(share, previous, buffer=0) == float_band(share) or share in EDGES


def test_unknown_floats_stay_unknown() -> None:
    assert np.isnan(float_bands(np.full((3, 1), np.nan))[0])


def test_rounded_up_to_whole_points() -> None:
    assert rounded_up(np.array([0.7000001, 0.29, 1.0])).tolist() == [0.71, 0.29, 1.0]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_no_fraction_is_refused(share: float) -> None:
    with pytest.raises(MethodologyError, match="not a fraction"):
        float_band(share)


def test_a_previous_factor_that_is_no_band_is_refused() -> None:
    with pytest.raises(MethodologyError, match="previous float factor"):
        float_band(0.5, 0.55)
