"""Trading on named venues against named currencies, by the metrics of single venues."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE

MakePanel = Callable[..., Panel]
nan = float("nan")

# Volumes of a, b and c on the last two days: a trades on x and y against usd; b on x against usdc and on y against eur;
# c traded on y the day before.
VOLUMES: dict[str, list[list[float]]] = {
    "volume@x/usd": [[5.0, nan, nan], [5.0, 0.0, nan]],
    "volume@x/usdc": [[nan, 1.0, nan], [nan, 2.0, nan]],
    "volume@y/usd": [[7.0, nan, 3.0], [7.0, nan, 0.0]],
    "volume@y/eur": [[nan, 9.0, nan], [nan, 9.0, nan]],
}


def rule(**parameters: Any) -> Any:
    return UNIVERSE.build("venues", {"any_of": ["x", "y"], "quotes": ["usd", "usdc"], **parameters})


def kept(panel: Panel, **parameters: Any) -> list[str]:
    passed = rule(**parameters).keep(panel, np.zeros(len(panel.assets), dtype=bool))
    return [asset for asset, one in zip(panel.assets, passed, strict=True) if one]


def test_venues_count_that_traded_against_any_of_the_currencies(daily: MakePanel) -> None:
    panel = daily(**VOLUMES)
    assert rule(min=1).measured(panel).tolist() == [2.0, 1.0, 0.0]
    assert kept(panel, min=1) == ["a", "b"]
    assert kept(panel, min=2) == ["a"]
    assert kept(panel, min=1, quotes=["usd"]) == ["a"]
    assert kept(panel, min=2, quotes=["usd", "usdc", "eur"]) == ["a", "b"]
    assert kept(panel, min=1, any_of=["y"]) == ["a"]
    assert kept(panel, min=2, any_of=["X", "Y"], quotes=["USD", "USDC"]) == ["a"]
    assert rule(min=1).fields == ("volume@x/usd", "volume@x/usdc", "volume@y/usd", "volume@y/usdc")


def test_venues_over_a_window(daily: MakePanel) -> None:
    panel = daily(**VOLUMES)
    assert kept(panel, min=1, window="2d", days=1) == ["a", "b"]
    assert kept(panel, min=1, window="2d", days=0.5) == ["a", "b", "c"]
    assert kept(panel, min=1, window="2d", statistic="maximum") == ["a", "b", "c"]
    assert rule(min=1, window="2d", statistic="mean").measured(panel).tolist() == [2.0, 1.0, 0.5]
    # Another venue each day is enough for one venue on every day.
    turns = daily(**{"volume@x/usd": [[1.0], [0.0]], "volume@y/usd": [[0.0], [1.0]]})
    assert kept(turns, min=1, window="2d", days=1) == ["a"]
    assert kept(turns, min=2, window="2d", days=0.5) == []


def test_an_asset_of_which_no_venue_has_a_figure_passes_no_bound(daily: MakePanel) -> None:
    panel = daily(**{"volume@x/usd": [[nan, 0.0]], "volume@y/usd": [[nan, 0.0]]})
    assert kept(panel, max=1) == ["b"]
    # What traded before and has no figure now trades no more.
    assert kept(daily(**{"volume@x/usd": [[1.0], [nan]], "volume@y/usd": [[nan], [0.0]]}), min=1) == []
    assert rule(max=1).told(panel, np.zeros(2, dtype=bool)) == ["unknown", "0"]


def test_a_successor_traded_where_the_asset_did_that_it_continues() -> None:
    days = [datetime(2021, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    prices = pl.DataFrame({"time": days, "asset": ["old", "old", "new"], "price": [4.0, 4.0, 8.0]})
    move = pl.DataFrame([{"time": days[2], "kind": "migration", "asset": "old", "new_asset": "new", "ratio": 0.5}])
    volumes = pl.DataFrame(
        {"time": days, "asset": ["old", "old", "new"], "metric": "volume@x/usd", "value": [1.0, 2.0, 3.0]}
    )
    panel = Panel.from_frames(prices, events=move, metrics=volumes)
    every: dict[str, Any] = {"any_of": ["x"], "min": 1, "window": "3d", "days": 1}
    assert "new" in kept(panel, **every)
    assert "new" not in kept(Panel.from_frames(prices, metrics=volumes), **every)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"any_of": ["x", "z"]}, "no value traded on the venue 'z'; venues: x, y; `basketry price volumes`"),
        ({"quotes": ["usdt"]}, "against usdt on x, y [(]did you mean 'usd'[?][)]; currencies: eur, usd, usdc"),
        ({"any_of": ["x"], "quotes": ["eur"]}, "against eur on x; currencies: usd, usdc"),
    ],
)
def test_venues_and_currencies_without_data_are_named(
    parameters: dict[str, Any], message: str, daily: MakePanel
) -> None:
    with pytest.raises(DataError, match=message):
        kept(daily(**VOLUMES), min=1, **parameters)


def test_a_venue_of_data_without_any_is_refused(daily: MakePanel) -> None:
    with pytest.raises(DataError, match="venues: none"):
        kept(daily(price=[[1.0]]), min=1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"min": 3}, r"^venues\.min: 3 is above the 2 venues of any_of"),
        ({"min": 1, "any_of": ["x", "X"]}, r"^venues\.any_of: a venue stands twice in x, X"),
        ({"min": 1, "any_of": []}, r"^venues\.any_of: "),
        ({"min": 1, "quotes": []}, r"^venues\.quotes: "),
        ({}, "needs min, max or both"),
    ],
)
def test_venues_that_mean_nothing_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rule(**parameters)
