"""Scenarios: every one runs, touches the venues that it names, and says what it stands for."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from basketry.market.venues.faults.fault import inject
from basketry.market.venues.feed import FEED_TABLES, SimulatedVenues
from basketry.market.venues.scenarios import scenarios
from basketry.market.venues.simulate import simulate_venues
from basketry.market.venues.specs import BASIS_POINT, ROSTER


@cache
def clean() -> SimulatedVenues:
    return simulate_venues(2, turnover=3e6, levels=3)


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_it_touches_the_venues_that_it_names_and_keeps_every_schema(name: str) -> None:
    scenario = scenarios()[name]
    feed = inject(clean(), scenario.faults_for(clean()))
    touched = set()
    for table, held in clean().frames.items():
        for market, frame in held.items():
            changed = FEED_TABLES[table].check(feed.frames[table][market])
            if not changed.equals(frame):
                touched.add(market)
    assert touched
    if scenario.venues:
        assert {market.venue for market in touched} == set(scenario.venues)
        assert feed.truth.equals(clean().truth)
    else:
        assert all("usdt" in (m.base, m.quote) or "usdc" in (m.base, m.quote) for m in touched)
        assert feed.mid("sim-aurum")[1].tolist() == clean().mid("sim-aurum")[1].tolist()


@pytest.mark.parametrize("name", sorted(scenarios()))
def test_it_says_what_happens_what_to_expect_and_when_it_happened(name: str) -> None:
    scenario = scenarios()[name]
    assert scenario.happens.endswith(".")
    assert scenario.expected.endswith(".")
    for incident in scenario.incidents:
        assert re.search(r"\b(19|20)\d\d$", incident), incident


def test_a_scenario_by_name_is_the_clean_market_with_its_faults() -> None:
    named = simulate_venues(2, turnover=3e6, levels=3, scenario="wash-trading")
    by_hand = inject(clean(), scenarios()["wash-trading"].faults_for(clean()))
    for table, held in named.frames.items():
        assert all(frame.equals(by_hand.frames[table][market]) for market, frame in held.items())


def test_the_page_lists_every_scenario_and_every_figure_of_the_venues() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "concepts" / "simulated-venues.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    for name, scenario in scenarios().items():
        assert scenario.happens in rows[name]
        assert scenario.expected in rows[name]
        assert all(incident in rows[name] for incident in scenario.incidents)
    for spec in ROSTER:
        quotes = ", ".join(f"{quote} {share:.0%}" for quote, share in spec.quotes.items())
        cells = [f"{spec.share:.0%}", quotes, ", ".join(spec.conversions), f"{spec.taker_fee / BASIS_POINT:g}"]
        cells += [f"{spec.half_spread / BASIS_POINT:g}", f"{spec.depth:,.0f}", f"{spec.latency * 1e3:g}"]
        cells += [f"{spec.trade:,.0f}", f"{spec.tick / BASIS_POINT:g}"]
        assert rows[spec.venue].split(" | ", 2)[2].removesuffix(" |") == " | ".join(cells)
