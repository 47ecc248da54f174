"""Rules that compare one figure with bounds: the edges pass, the unknown does not, a member has it easier."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.market.panel import Panel
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded

MakePanel = Callable[..., Panel]
nan = float("nan")
# Just below the least, the least, between, the largest, just above it, unknown.
FIGURES = [9.99, 10.0, 15.0, 20.0, 20.01, nan]
FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "market_cap": ("market_cap", {}),
    "price": ("price", {}),
    "price_sources": ("sources", {}),
    "listings": ("listings", {}),
    "metric": ("tvl", {"name": "tvl"}),
    "value_traded": ("volume", {"window": "1d"}),
}


def kept(panel: Panel, rule_name: str, /, members: list[int] | None = None, **parameters: Any) -> list[str]:
    rule = UNIVERSE.build(rule_name, parameters)
    passed = rule.keep(panel, np.isin(np.arange(len(panel.assets)), members or []))
    return [asset for asset, one in zip(panel.assets, passed, strict=True) if one]


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_figure_at_a_bound_passes_and_one_beyond_does_not(name: str, daily: MakePanel) -> None:
    field, own = FIELDS[name]
    panel = daily(**{field: [FIGURES]})
    assert kept(panel, name, min=10.0, **own) == ["b", "c", "d", "e"]
    assert kept(panel, name, max=20.0, **own) == ["a", "b", "c", "d"]
    assert kept(panel, name, min=10.0, max=20.0, **own) == ["b", "c", "d"]
    assert kept(panel, name, min=15.0, max=15.0, **own) == ["c"]
    figures = UNIVERSE.build(name, {"min": 1.0, **own}).measured(panel)
    assert figures is not None
    assert figures.tolist() == pytest.approx(FIGURES, nan_ok=True)


def test_a_member_stays_down_to_keep_min(daily: MakePanel) -> None:
    # 8 million to stay and 10 to enter: a and b lie between, c is below both, d above both.
    panel = daily(market_cap=[[8e6, 9e6, 7.99e6, 10e6]])
    bounds: dict[str, Any] = {"min": 10e6, "keep_min": 8e6}
    assert kept(panel, "market_cap", **bounds) == ["d"]
    assert kept(panel, "market_cap", members=[0, 2], **bounds) == ["a", "d"]
    assert kept(panel, "market_cap", members=[0, 1, 2, 3], **bounds) == ["a", "b", "d"]


@pytest.mark.parametrize(
    "bounds", [{"min": 0.0}, {"max": 0.0}, {"min": 3.0, "max": 3.0}, {"min": 3.0, "keep_min": 3.0}, {"min": 0.5}]
)
def test_bounds_that_touch_are_allowed(bounds: dict[str, float]) -> None:
    assert UNIVERSE.build("price", bounds).parameters() == bounds


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"min": -0.1}, "at least 0"),
        ({"max": -0.1}, "at least 0"),
        ({"min": 1.0, "keep_min": -0.1}, "at least 0"),
        ({"max": 1.0, "keep_min": 0.5}, "keep_min must not be above min"),
        ({"keep_min": 0.5}, "needs min, max or both"),
        ({"min": 1.0, "keep_min": 1.1}, "keep_min must not be above min"),
        ({"min": 1.1, "max": 1.0}, r"min 1\.1 is above max 1"),
    ],
)
def test_bounds_that_mean_nothing_are_refused(bounds: dict[str, float], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        UNIVERSE.build("price", bounds)


def test_the_bounds_in_words() -> None:
    rule: Any = UNIVERSE.build("market_cap", {"min": 10e6, "keep_min": 8e6, "max": 1e9})
    assert rule.words() == (
        "The market capitalisation is at least 10,000,000 (8,000,000 for a member) and at most 1,000,000,000."
    )
    assert rule.bounds_in_words("USD").startswith("at least 10,000,000 USD (8,000,000 USD for a member)")


def test_a_rule_with_bounds_must_measure_something(daily: MakePanel) -> None:
    class Nothing(Bounded):
        name = "nothing"

    with pytest.raises(MethodologyError, match="nothing: measures nothing"):
        Nothing(min=1).keep(daily(price=[[1.0]]), np.array([False]))
