"""The input hierarchy names what the rules read."""

from typing import Any

from basketry.methodology.methodology import Methodology
from basketry.reports.inputs import input_hierarchy

PLAIN: dict[str, Any] = {
    "basketry": 1,
    "name": "Plain",
    "symbol": "P",
    "base": {"date": "2020-01-01"},
    "select": {"by": "price", "top": 2},
    "weight": "equal",
    "rebalance": {"every": "month"},
    "guard": {"supply_change": None, "min_turnover": None},
}


def readers(**sections: Any) -> dict[str, tuple[str, ...]]:
    return {entry.figure: entry.readers for entry in input_hierarchy(Methodology.load({**PLAIN, **sections}).latest)}


def test_an_index_by_price_reads_prices_and_events_only() -> None:
    assert readers() == {
        "price": ("calculation", "candidates", "ranking"),
        "corporate events": ("calculation", "candidates"),
    }


def test_figures_come_from_names_and_parameters() -> None:
    found = readers(
        universe=[{"metric": {"name": "tvl", "min": 1}}, {"exclude_tags": ["stablecoin"]}, {"required": ["revenue"]}],
        select={"by": "turnover", "top": 2},
        weight={"by": "factor_scores", "factors": {"return_90d": 1, "developers": 1}, "group_cap": 0.5},
        returns=["price", "total", {"excess": {"rate": "USD_OVERNIGHT"}}],
    )
    assert found["tvl"] == found["tags"] == found["revenue"] == ("universe",)
    assert found["developers"] == ("weighting",)
    assert found["sectors"] == ("capping",)
    assert found["staking yield"] == found["rate USD_OVERNIGHT"] == ("returns",)
    assert found["value traded in 24 hours"] == found["market capitalisation"] == ("ranking",)
    assert "weighting" in found["price"], "returns are made of prices"


def test_figures_of_stages_windows_and_mean_ranks_are_read() -> None:
    found = readers(
        select={
            "first": {"by": "tvl", "top": 9},
            "by": {"mean_rank": ["free_float_market_cap", {"metric": "volume", "window": "30d"}]},
            "top": 2,
        }
    )
    assert found["tvl"] == found["supply"] == found["free float"] == found["value traded in 24 hours"] == ("ranking",)


def test_the_guard_reads_too() -> None:
    assert readers(guard={})["supply"] == ("guard",)


def test_the_supply_table_comes_before_the_capitalisation_of_the_source() -> None:
    (cap,) = [
        e for e in input_hierarchy(Methodology.load({**PLAIN, "weight": "market_cap"}).latest) if "capital" in e.figure
    ]
    assert "supply table" in cap.order[0]
    assert "source states" in cap.order[1]
