"""Figures of single weighting rules against calculations by hand, and what they refuse."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import BasketryError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.weighting import WEIGHTING

ASSETS = ("aave", "btc", "eth")
ALL = np.arange(3)


def wide(rows: list[list[float | None]]) -> pl.DataFrame:
    start = datetime(2021, 1, 1)
    times = [start + timedelta(days=day) for day in range(len(rows))]
    columns = {asset: [row[place] for row in rows] for place, asset in enumerate(ASSETS)}
    return pl.DataFrame({"time": times, **columns}, schema_overrides=dict.fromkeys(ASSETS, pl.Float64))


def weights(name: str, parameters: dict[str, Any], **fields: list[list[float | None]]) -> list[float]:
    tables: dict[str, Any] = {key: wide(rows) for key, rows in fields.items()}
    tables.setdefault("price", wide([[1.0, 1.0, 1.0]] * max(map(len, fields.values()))))
    panel = Panel.from_frames(**tables)
    return [float(weight) for weight in WEIGHTING.build(name, parameters).weights(panel, ALL)]


def test_smoothed_capitalisation_halves_with_age() -> None:
    # Half-life of a day: the mean is (10/4 + 20/2 + 40) / (1/4 + 1/2 + 1) = 30; a day unknown is left out.
    caps: list[list[float | None]] = [[10.0, 30.0, None], [20.0, 30.0, 60.0], [40.0, 30.0, 60.0]]
    result = weights("smoothed_market_cap", {"half_life": "1d", "window": "3d"}, market_cap=caps)
    assert result == pytest.approx([0.25, 0.25, 0.5], abs=1e-15)


def test_value_traded_is_the_median_over_the_window() -> None:
    volume: list[list[float | None]] = [
        [900.0, 1.0, 1.0],
        [1.0, 5.0, None],
        [2.0, 2.0, 5.0],
        [90.0, 1.0, 5.0],
    ]
    assert weights("value_traded", {"window": "3d"}, volume=volume) == pytest.approx([2 / 9, 2 / 9, 5 / 9])
    mean = weights("value_traded", {"window": "3d", "statistic": "mean"}, volume=volume)
    assert mean == pytest.approx(np.array([31, 8 / 3, 5]) / (31 + 8 / 3 + 5))


def test_a_metric_by_latest_value_power_and_window() -> None:
    tvl: list[list[float | None]] = [[8.0, 1.0, 1.0], [4.0, 1.0, 3.0]]
    assert weights("metric", {"metric": "tvl"}, tvl=tvl) == pytest.approx([0.5, 0.125, 0.375])
    assert weights("metric", {"metric": "tvl", "power": 0.5}, tvl=tvl)[0] == pytest.approx(2 / (3 + 3**0.5))
    window = {"metric": "tvl", "window": "2d", "statistic": "mean"}
    assert weights("metric", window, tvl=tvl) == pytest.approx([6 / 9, 1 / 9, 2 / 9])


def test_inverse_volatility_by_hand() -> None:
    moves = np.array([0.01, 0.02, 0.04]) * np.resize([1.0, -1.0], 41)[:, None]
    price = np.exp(np.cumsum(moves, axis=0)).tolist()
    assert weights("inverse_volatility", {"window": "30d"}, price=price) == pytest.approx([4 / 7, 2 / 7, 1 / 7])


def test_momentum_scores_the_return_before_the_skipped_days() -> None:
    price: list[list[float | None]] = [[1.0, 1.0, 1.0], [1.5, 1.25, 1.0], [9.0, 1.0, 9.0]]
    z = (1.5) ** 0.5  # of three figures equally apart
    scores = np.array([1 + z, 1, 1 / (1 + z)])
    result = weights("momentum", {"window": "2d", "skip": "1d"}, price=price)
    assert result == pytest.approx(scores / scores.sum())


def test_an_unknown_return_scores_as_the_average() -> None:
    price: list[list[float | None]] = [[1.0, 1.0, None], [1.5, 1.0, 1.0]]
    result = weights("momentum", {"window": "1d"}, price=price)
    assert result == pytest.approx(np.array([2, 0.5, 1]) / 3.5)


def test_factor_scores_add_up_with_their_signs() -> None:
    size: list[list[float | None]] = [[1.0, 2.0, 3.0]]
    same = weights("factor_scores", {"factors": {"tvl": 1, "users": -1}}, tvl=size, users=size)
    assert same == pytest.approx([1 / 3] * 3)
    tilted = weights("factor_scores", {"factors": {"tvl": -1}}, tvl=size)
    assert tilted[0] > tilted[1] > tilted[2]


def test_votes_below_the_minimum_share_get_nothing() -> None:
    votes: list[list[float | None]] = [[60.0, 36.0, 4.0]]
    assert weights("votes", {"min_share": 0.05}, votes=votes) == pytest.approx([0.625, 0.375, 0])
    assert weights("votes", {"min_share": 0.9}, votes=votes) == pytest.approx([0.6, 0.36, 0.04])


def test_fixed_weights_follow_the_names() -> None:
    stated = {"eth": 1, "btc": 2, "aave": 5}
    assert weights("fixed", {"weights": stated}, price=[[1.0, 1.0, 1.0]]) == pytest.approx([0.625, 0.25, 0.125])


def test_a_stated_asset_that_is_not_selected_is_refused_or_shared() -> None:
    stated = {"btc": 2, "aave": 5, "eth": 1, "sol": 8}
    with pytest.raises(MethodologyError, match="sol has a stated weight but is not selected; with renormalise"):
        weights("fixed", {"weights": stated}, price=[[1.0, 1.0, 1.0]])
    shared = weights("fixed", {"weights": stated, "renormalise": True}, price=[[1.0, 1.0, 1.0]])
    assert shared == pytest.approx([0.625, 0.25, 0.125])
    with pytest.raises(MethodologyError, match="no weight is stated for eth; state one, or select only these"):
        weights("fixed", {"weights": {"btc": 1, "aave": 1}}, price=[[1.0, 1.0, 1.0]])


def test_free_float_capitalisation_by_bands_points_and_as_it_is() -> None:
    # The float of aave rises from 29% to 31%, which the buffer does not let through.
    floats: list[list[float | None]] = [[0.29, 0.705, None], [0.31, 0.705, None]]
    caps: list[list[float | None]] = [[100.0, 100.0, 100.0]] * 2
    fields = {"free_float": floats, "market_cap": caps}
    cases: list[tuple[dict[str, Any], list[float]]] = [
        ({}, [0.3, 0.8, 1.0]),
        ({"buffer": 0}, [0.4, 0.8, 1.0]),
        ({"whole_points": ["btc"]}, [0.3, 0.71, 1.0]),
        ({"bands": False}, [0.31, 0.705, 1.0]),
    ]
    for parameters, factors in cases:
        expected = np.array(factors) / sum(factors)
        assert weights("free_float_market_cap", parameters, **fields) == pytest.approx(expected), parameters


@pytest.mark.parametrize(
    ("name", "parameters", "fields", "message"),
    [
        ("market_cap", {}, {"market_cap": [[1.0, None, 2.0]]}, "market_cap of 'btc' is not known.*required"),
        ("metric", {"metric": "tvl"}, {"tvl": [[1.0, 2.0, -3.0]]}, "tvl of 'eth' is -3"),
        ("metric", {"metric": "tvl"}, {"tvl": [[0.0, 0.0, 0.0]]}, "tvl is zero for every selected asset"),
        ("metric", {"metric": "tlv"}, {"tvl": [[1.0, 1.0, 1.0]]}, "did you mean 'tvl'"),
        (
            "momentum",
            {"window": "7d", "skip": "7d"},
            {"tvl": [[1.0] * 3]},
            "skip must be shorter than window",
        ),
        ("fixed", {"weights": {"btc": 0}}, {"tvl": [[1.0] * 3]}, "above 0"),
        ("inverse_volatility", {}, {"price": [[1.0] * 3] * 5}, "has 4 returns in 90 days, at least 20"),
    ],
)
def test_what_cannot_be_weighted_is_refused(
    name: str, parameters: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(BasketryError, match=message):
        weights(name, parameters, **fields)
