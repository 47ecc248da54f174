"""What every rule says that it reads is all that it reads, and what it cannot do without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.contract.test_universe_and_selection_rules import REGISTRIES, build
from tests.contract.test_weighting_rules import DAYS, fields

from basketry.core.errors import BasketryError
from basketry.core.frames import RATES
from basketry.core.rule import Reads, Rule
from basketry.market.facts import Facts
from basketry.market.membership import Membership, with_membership
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule
from basketry.methodology.metrics import made_of
from basketry.methodology.path import IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS, ReturnRule
from basketry.methodology.selection import SELECTION, SelectionRule
from basketry.methodology.triggers import TriggerRule
from basketry.methodology.universe import UNIVERSE, UniverseRule
from basketry.methodology.weighting import WEIGHTING, WeightingRule

COUNT = 6
TIMES = (np.datetime64("2020-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")).astype("datetime64[us]")
SOME = np.array([1, 2])

VARIANTS: list[tuple[Any, str, Any]] = [
    (UNIVERSE, "metric", {"name": "turnover", "min": 0.001}),
    (UNIVERSE, "metric", {"name": "free_float_market_cap", "min": 1.0}),
    (UNIVERSE, "metric", {"name": "tvl", "min": 1.0, "window": "30d"}),
    (UNIVERSE, "price", {"min": 0.5, "window": "30d", "days": 0.9}),
    (UNIVERSE, "turnover", {"min": 0.5, "window": "30d", "days": 0.9}),
    (WEIGHTING, "market_cap", {"supply_window": "30d"}),
    (WEIGHTING, "market_cap", {"supply_window": "30d", "power": 0.5}),
    (UNIVERSE, "market_cap", {"min": 1e6, "window": "30d", "statistic": "mean"}),
    (UNIVERSE, "listings", {"min": 2, "window": "review", "days": 0.5}),
    (UNIVERSE, "required", ["tvl", "return_20d", "value_traded"]),
    (WEIGHTING, "market_cap", {"power": 0.5}),
    (WEIGHTING, "metric", {"metric": "volatility_30d"}),
    (WEIGHTING, "metric", {"metric": "tvl", "window": "30d"}),
    (WEIGHTING, "votes", {"metric": "tvl"}),
    (WEIGHTING, "factor_scores", {"factors": {"tvl": 1.0, "return_10d": -1.0}}),
    (WEIGHTING, "free_float_market_cap", {"bands": False}),
    (CAPPING, "group_cap", {"by": "tag", "limits": {"defi": 0.3}}),
    (CAPPING, "group_cap", {"limits": {"defi": 0.3}}),
    (RETURNS, "total", {"yield_field": "tvl"}),
    (RETURNS, "total", {"method": "rate"}),
    (RETURNS, "excess", {"rate": "USD"}),
    (RETURNS, "leverage", {"factor": 2, "financing": "USD"}),
    (RETURNS, "volatility_target", {"target": 0.4, "rate": "USD"}),
]
"""Parameters that change what is read, beside one of each rule of the registries."""


def rules() -> Iterator[Any]:
    for registry in REGISTRIES:
        for name in registry.rules:
            yield pytest.param(build(registry, name), id=f"{registry.group}-{name}")
    for registry, name, value in VARIANTS:
        yield pytest.param(registry.build(name, value), id=f"{registry.group}-{name}-{value}")


EVERY = pytest.mark.parametrize("rule", list(rules()))


def whole_market() -> Panel:
    """Everything that a rule may ask for."""
    rng = np.random.default_rng(3)
    figures = fields(3, COUNT)
    shape = figures["price"].shape
    figures |= {name: rng.integers(1, 5, shape).astype(np.float64) for name in ("sources", "listings")}
    figures["staking_yield"] = rng.uniform(0.01, 0.1, shape)
    figures["tvl"] = figures["tvl"] / figures["market_cap"].max()
    for place, name in enumerate(build(UNIVERSE, "venues").reads.optional):
        # Each asset trades against one of two currencies on each venue.
        figures[name] = np.broadcast_to((np.arange(COUNT) + place) % 2.0, shape).copy()
    facts = pl.DataFrame(
        {"asset": ["x1", "x1", "x2"], "scheme": ["tag", "sector", "tag"], "value": ["defi", "defi", "stablecoin"]}
    ).with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias(name) for name in ("valid_from", "valid_until"))
    days = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(DAYS)]
    rates = pl.concat(
        pl.DataFrame({"time": days, "rate": name, "value": rng.uniform(0.5, 1.5, DAYS), "known_at": None})
        for name in ("USD", "EURUSD")
    )
    names = tuple(f"x{n}" for n in range(COUNT))
    panel = Panel(TIMES, names, figures, facts=Facts.from_frames(None, facts), rate_table=RATES.conform(rates))
    # Who is in a parent is no figure of the data: it is always there.
    inside = np.arange(COUNT)[None, :] % 2 == 0
    return with_membership(panel, Membership("PARENT", TIMES[:1], TIMES[:1], inside))


def needed(reads: Reads) -> set[str]:
    return {part for name in (*reads.fields, *reads.figures) for part in made_of(name)}


def with_only(panel: Panel, reads: Reads, *, without: str = "") -> Panel:
    """The market with nothing but what is read, less one name."""
    free = {"free_float"} if "free_float_market_cap" in reads.figures else set()
    kept = (needed(reads) | set(reads.optional) | free) - {without}
    schemes = {name: held for name, held in panel.facts.schemes.items() if name in reads.facts and name != without}
    rates = panel.rate_table.filter(pl.col("rate").is_in(reads.rates), pl.col("rate") != without)
    figures = {name: values for name, values in panel.fields.items() if name in kept}
    return replace(panel, fields=figures, facts=Facts(schemes=schemes), rate_table=rates, _memory={})


def answer(rule: Rule, panel: Panel) -> str:
    """What a rule says of a market."""
    found: Any
    if isinstance(rule, UniverseRule):
        members = np.zeros(COUNT, dtype=bool)
        screen = rule.since_review(panel.now, lambda: panel.now - np.timedelta64(9, "D"))
        found = screen.keep(panel, members), screen.measured(panel)
    elif isinstance(rule, SelectionRule):
        found = rule.wanted(panel, np.arange(COUNT), np.arange(COUNT, 0.0, -1.0), descending=True)
    elif isinstance(rule, WeightingRule):
        found = rule.weights(panel, SOME), rule.shares(panel, SOME)
    elif isinstance(rule, CappingRule):
        found = rule.bounds(panel, SOME)
    elif isinstance(rule, ReturnRule):
        prices = fields(3, COUNT)["price"][:, SOME]
        segment = Segment(0, DAYS - 1, SOME, np.ones(2), prices, 1.0)
        found = rule.extend(None, IndexPath(TIMES, prices.sum(axis=1), (segment,), PanelKnown(panel, TIMES)))[1]
    else:
        assert isinstance(rule, TriggerRule)
        found = None  # a trigger is handed no market
    with np.printoptions(threshold=10_000, floatmode="unique"):
        return repr(found)


@EVERY
def test_a_rule_reads_nothing_but_what_it_says(rule: Rule) -> None:
    market = whole_market()
    assert answer(rule, with_only(market, rule.reads)) == answer(rule, market)


@EVERY
def test_rates_of_interest_are_rates_that_are_read(rule: Rule) -> None:
    # A rate of exchange may be above 1 and none of interest.
    assert rule.reads.interest == (() if rule.name == "currency" else rule.reads.rates)


@EVERY
def test_a_rule_cannot_do_without_what_it_says_that_it_needs(rule: Rule) -> None:
    market = whole_market()
    for name in (*needed(rule.reads), *rule.reads.rates):
        with pytest.raises(BasketryError, match=name):
            answer(rule, with_only(market, rule.reads, without=name))


@EVERY
def test_what_is_optional_or_a_fact_counts_where_it_is_held(rule: Rule) -> None:
    market = whole_market()
    for name in (*rule.reads.optional, *rule.reads.facts):
        try:
            without = answer(rule, with_only(market, rule.reads, without=name))
        except BasketryError as error:
            without = str(error)
        assert without != answer(rule, market), name


def test_the_market_tells_a_rule_that_reads_more_than_it_says() -> None:
    class Sly(UniverseRule):
        def passes(self, view: Panel) -> Any:
            return view.latest("volume") > 0

    class Shy(UniverseRule):
        def passes(self, view: Panel) -> Any:
            return view.tagged("defi")

    market = whole_market()
    with pytest.raises(BasketryError, match="volume"):
        answer(Sly(), with_only(market, Sly().reads))
    assert answer(Shy(), with_only(market, Shy().reads)) != answer(Shy(), market)


def test_names_are_told() -> None:
    assert SELECTION.build("top", 3).reads == Reads()
    assert UNIVERSE.build("exclude_assets", ["btc"]).reads == Reads(assets=("btc",))
    assert WEIGHTING.build("fixed", {"weights": {"btc": 1.0}}).reads == Reads(assets=("btc",))
    assert CAPPING.build("group_cap", {"limits": {"defi": 0.3}}).reads == Reads(facts={"sector": ("defi",)})
