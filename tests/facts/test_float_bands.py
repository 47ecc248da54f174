"""Free-float bands of the CMBI series (Coin Metrics, CMBI Adjusted Free Float Methodology)."""

import numpy as np
import pytest

from basketry.methodology.free_float import float_band, float_bands


@pytest.mark.parametrize(("share", "factor"), [(0.1499, 0.0), (0.15, 0.2), (0.1999, 0.2), (0.25, 0.3), (0.905, 1.0)])
def test_bands(share: float, factor: float) -> None:
    assert float_band(share) == factor


@pytest.mark.parametrize(("share", "factor"), [(0.2, 0.2), (0.3, 0.3), (1 - 0.7, 0.3), (0.9, 0.9), (1.0, 1.0)])
def test_an_edge_belongs_to_the_band_below_as_rounding_up_has_it(share: float, factor: float) -> None:
    assert float_band(share) == factor


@pytest.mark.parametrize(
    ("share", "previous", "factor"),
    [
        (0.31, 0.3, 0.3),  # one point above its band: kept
        (0.32, 0.3, 0.3),  # two points: still kept
        (0.3201, 0.3, 0.4),
        (0.18, 0.3, 0.3),
        (0.1799, 0.3, 0.2),
        (0.16, 0.0, 0.0),  # a float of 16% is eligible for a newcomer, but not for an asset that had none
        (0.1701, 0.0, 0.2),
        (0.13, 0.2, 0.2),
        (0.1299, 0.2, 0.0),
    ],
)
def test_two_point_buffer_for_incumbents(share: float, previous: float, factor: float) -> None:
    assert float_band(share, previous) == factor


def test_the_factor_depends_on_the_path() -> None:
    rising, falling = [0.25, 0.31], [0.35, 0.31]
    assert float_bands(np.array([rising, falling]).T).tolist() == [0.3, 0.4]
