"""Which group an asset counts in, and which cap its group has."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING

ASSETS = ["aave", "btc", "eth", "uni"]
FACTS = [
    ("aave", "sector", "defi"),
    ("uni", "sector", "defi"),
    ("eth", "sector", "layer-1"),
    ("aave", "tag", "lending"),
    ("aave", "tag", "governance"),
    ("uni", "tag", "governance"),
]


def bounds(value: Any, selected: list[int]) -> dict[str, Any]:
    price = pl.DataFrame({"time": [datetime(2021, 1, 1)], **{asset: [1.0] for asset in ASSETS}})
    facts = pl.DataFrame(FACTS, schema=["asset", "scheme", "value"], orient="row")
    panel = Panel.from_frames(price=price, classifications=facts)
    return CAPPING.build("group_cap", value).bounds(panel, np.array(selected))


def test_a_named_limit_goes_before_the_common_one() -> None:
    assert bounds({"limit": 0.4, "limits": {"defi": 0.3}}, [0, 1, 2, 3]) == {
        "groups": ["defi", None, "layer-1", "defi"],
        "group_cap": {"defi": 0.3, "layer-1": 0.4},
    }


def test_without_a_common_limit_other_sectors_are_free() -> None:
    assert bounds({"limits": {"defi": 0.3}}, [2, 3]) == {"groups": ["layer-1", "defi"], "group_cap": {"defi": 0.3}}
    assert bounds(0.4, [1, 2]) == {"groups": [None, "layer-1"], "group_cap": {"layer-1": 0.4}}


@pytest.mark.parametrize(
    ("limits", "groups"),
    [
        ({"lending": 0.2, "governance": 0.5}, ["lending", None, "governance"]),
        ({"governance": 0.5, "lending": 0.2}, ["governance", None, "governance"]),
    ],
)
def test_an_asset_of_many_tags_counts_in_the_first_that_is_named(limits: dict[str, float], groups: list[str]) -> None:
    assert bounds({"by": "tag", "limits": limits}, [0, 1, 3]) == {"groups": groups, "group_cap": limits}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"by": "tag"}, "needs a cap"),
        ({"by": "tag", "limit": 0.4, "limits": {"lending": 0.2}}, "by tag needs limits by tag and no common limit"),
        ({"limit": 0}, "above 0"),
        ({"limit": 1.1}, "at most 1"),
        ({"sector": 0.4, "by": "sector"}, "unknown parameter"),
    ],
)
def test_what_is_refused(value: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        CAPPING.build("group_cap", value)


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("group_cap", 1, 1.1),
        ("cap", 1, 0),
        ("cap", {"limit": 0.3, "largest": 0.3}, {"limit": 0.3, "largest": 0.29}),
        ("cap", {"limit": 0.5, "largest": 1}, {"limit": 0.5, "largest": 1.1}),
        ("floor", 0.99, 1),
        ("floor", 0.01, 0),
        ("concentration", {"single": 1, "over": 1, "total": 1}, {"single": 1.1, "over": 1, "total": 1}),
        ("concentration", {"single": 0.5, "over": 0.5, "total": 0.5}, {"single": 0.5, "over": 0.5, "total": 0.4}),
        ("concentration", {"single": 0.5, "over": 0.1, "total": 1}, {"single": 0.5, "over": 0.1, "total": 1.1}),
        ("concentration", {"single": 0.5, "over": 0.1, "total": 0.5}, {"single": 0.5, "over": 0, "total": 0.5}),
    ],
)
def test_a_parameter_is_allowed_at_its_edge_and_refused_beyond(name: str, allowed: Any, refused: Any) -> None:
    assert CAPPING.build(name, allowed).name == name
    with pytest.raises(MethodologyError, match=name):
        CAPPING.build(name, refused)


def test_words_of_named_and_common_limits() -> None:
    words = CAPPING.build("group_cap", {"limit": 0.4, "limits": {"defi": 0.3}}).words()
    assert words == "Sector defi is at most 30%; no other sector is above 40%."
