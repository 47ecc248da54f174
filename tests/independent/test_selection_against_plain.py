"""On random markets every way to select gives the same levels and baskets as the plain implementation."""

from random import Random
from typing import Any

import pytest
from tests.independent.random_markets import RandomMarket, random_market
from tests.independent.test_against_plain import tables
from tests.independent.test_events_against_plain import first_difference

from basketry.core.errors import BasketryError

__all__ = ["tables"]  # a fixture

VOLUME = {"metric": "volume", "window": "10d", "statistic": "median"}
SECTIONS: dict[str, dict[str, Any]] = {
    "range": {"by": "market_cap", "ranks": {"first": 2, "last": 3}},
    "range with a buffer": {"by": "market_cap", "ranks": {"first": 2, "last": 4}, "buffer": {"enter": 3, "leave": 5}},
    "range by size": {"by": "market_cap", "ranks": {"first": 2, "last": 3}, "buffer": {"exceed": 0.5}},
    "mean": {"by": {"metric": "market_cap", "window": "20d", "statistic": "mean"}, "top": 3},
    "median": {"by": VOLUME, "top": 2, "buffer": {"enter": 1, "leave": 4}},
    "minimum": {"by": {"metric": "price", "window": "15d", "statistic": "minimum"}, "top": 2, "order": "ascending"},
    "maximum": {"by": {"metric": "price", "window": "15d", "statistic": "maximum"}, "top": 3},
    "smoothed": {"by": {"metric": "market_cap", "half_life": "5d", "window": "20d"}, "top": 3},
    "mean rank": {"by": {"mean_rank": ["market_cap", VOLUME]}, "top": 3},
    "mean of three": {
        "by": {"mean_rank": ["volume", "price", "market_cap"]}, "top": 3, "buffer": {"enter": 2, "leave": 4},
    },
    "stage": {"first": {"by": "market_cap", "top": 4}, "by": VOLUME, "top": 2},
    "stages": {
        "first": [{"by": "market_cap", "coverage": 0.95}, {"by": {"mean_rank": ["volume", "price"]}, "top": 3}],
        "by": "market_cap", "top": 2, "buffer": {"exceed": 0.2},
    },
    "stage by size": {"first": {"by": "price", "threshold": 0.5}, "by": "volume", "coverage": 0.9},
    "top with two edges": {"by": "market_cap", "top": {"enter": 2, "leave": 4}, "min_count": 2, "max_count": 4},
    "stage for members": {"first": {"by": VOLUME, "top": {"enter": 2, "leave": 4}}, "by": "market_cap", "top": 3},
    "stages for members": {
        "first": [
            {"by": "market_cap", "coverage": {"enter": 0.6, "leave": 0.95}},
            {"by": {"mean_rank": ["volume", "price"]}, "top": {"enter": 1, "leave": 3}},
        ],
        "by": "volume", "top": 2, "buffer": {"enter": 1, "leave": 3},
    },
    "coverage": {"by": "market_cap", "coverage": {"enter": 0.6, "leave": 0.95}},
    "coverage of some": {"by": "market_cap", "coverage": {"enter": 0.5, "leave": 0.9}, "min_count": 2, "max_count": 3},
    "exceed": {"by": "market_cap", "top": 3, "buffer": {"exceed": 0.3}},
    "exceed in ascending order": {"by": "price", "top": 2, "order": "ascending", "buffer": {"exceed": 0.4}},
}  # fmt: skip
COARSE = 1e5
"""Volumes are whole multiples of it, so that some are equal."""


def markets(seed: int, section: dict[str, Any]) -> RandomMarket:
    market = random_market(seed)
    market.rules |= {"select": section, "top": None, "buffer": None, "cap": None, "largest": None}
    if Random(seed).random() < 0.5:  # noqa: S311 - a test that can be repeated
        volumes = market.tables["volume"]
        for asset, series in volumes.items():
            volumes[asset] = {day: max(round(value / COARSE), 1) * COARSE for day, value in series.items()}
    return market


@pytest.mark.parametrize("name", sorted(SECTIONS))
def test_random_markets_give_the_same_by_both(name: str) -> None:
    start = 100 * sorted(SECTIONS).index(name)
    wrong = {}
    for seed in range(start, start + 12):
        market = markets(seed, SECTIONS[name])
        try:
            difference = first_difference(market)
        except BasketryError as error:
            difference = f"refused: {error}"
        if difference:
            wrong[seed] = f"{difference}\n{market.words()}"
    assert not wrong, f"{sorted(wrong)}; the first:\n{min(wrong.items())}"
