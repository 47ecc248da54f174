"""What a panel remembers of one calculation changes no other: the same bytes as on a panel that nobody asked before."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.markets import random_panel, random_rules

from basketry.core.errors import BasketryError
from basketry.index.calculate import calculate_index
from basketry.index.determine import determine
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

GUARD_OFF = {"supply_change": None, "supply_step": None, "price_jump": None, "min_turnover": None}
LIQUIDITY = {"metric": "volume", "window": "10d"}
# Many differ in one thing only, which the panel must tell apart.
SELECTIONS: list[dict[str, Any]] = [
    {"by": "market_cap", "ranks": {"first": 2, "last": 3}},
    {"by": {"metric": "market_cap", "window": "20d", "statistic": "mean"}, "top": 2},
    {"by": {"metric": "market_cap", "window": "5d", "statistic": "mean"}, "top": 2},
    {"by": {"metric": "market_cap", "window": "20d", "statistic": "maximum"}, "top": 2},
    {"by": {"metric": "market_cap", "window": "20d", "half_life": "2d"}, "top": 2},
    {"by": {"metric": "market_cap", "window": "20d", "half_life": "9d"}, "top": 2},
    {"by": {"mean_rank": ["market_cap", LIQUIDITY]}, "top": 3},
    {"by": {"mean_rank": [LIQUIDITY, "market_cap"]}, "top": 3},
    {"first": {"by": "market_cap", "top": 3}, "by": LIQUIDITY, "top": 2},
    {"first": {"by": "market_cap", "top": 4}, "by": LIQUIDITY, "top": 2},
    {"first": {"by": "market_cap", "coverage": 0.8}, "by": LIQUIDITY, "top": 2},
    {"first": {"by": "market_cap", "coverage": 0.9}, "by": LIQUIDITY, "top": 2},
    {"first": {"by": LIQUIDITY, "top": {"enter": 2, "leave": 4}}, "by": "market_cap", "top": 2},
    {"first": {"by": LIQUIDITY, "top": {"enter": 2, "leave": 3}}, "by": "market_cap", "top": 2},
    # The same stage, and others who are members.
    {"first": {"by": LIQUIDITY, "top": {"enter": 2, "leave": 4}}, "by": "market_cap", "ranks": {"first": 2, "last": 4}},
    {"first": {"by": LIQUIDITY, "top": {"enter": 2, "leave": 4}}, "by": "market_cap", "top": 1},
    {"first": {"by": LIQUIDITY, "coverage": {"enter": 0.4, "leave": 0.9}}, "by": "market_cap", "top": 2},
    {"by": "market_cap", "top": {"enter": 1, "leave": 3}},
    {"by": "market_cap", "coverage": {"enter": 0.5, "leave": 0.8}},
    {"by": "market_cap", "top": 2, "buffer": {"exceed": 0.3}},
]


def panel_of(seed: int) -> Panel:
    """A random market in which supplies jump, for a while or for good."""
    panel, rng = random_panel(seed), np.random.default_rng(seed)
    factor = np.ones_like(panel.field("price"))
    for column in range(factor.shape[1]):
        if rng.random() < 0.5:
            start, length = rng.integers(20, 70), rng.integers(1, 60)
            factor[start : start + length, column] = rng.choice([0.1, 0.6, 1.7, 3.0, 50.0])
    fields = {name: panel.field(name) for name in panel.fields}
    fields["market_cap"] = fields["market_cap"] * factor
    fields["supply"] = fields["market_cap"] / fields["price"]
    return Panel(panel.times, panel.assets, fields, event_table=panel.event_table, rate_table=panel.rate_table)


def rules_of(seed: int) -> Methodology:
    """A random rulebook, in half of the cases with a committee's decisions and a rule that is kind to members."""
    document: dict[str, Any] = dict(random_rules(seed).document)
    rng = np.random.default_rng(seed)
    if rng.random() < 0.5:
        own = {"reason": "seen", "approver": "Committee", "date": date(2020, 1, 2).isoformat()}
        document["overrides"] = [
            {"asset": f"x{rng.integers(7)}", "action": action, "from": "2020-02-03", **own}
            for action in rng.permutation(["accept_supply", "include", "exclude"])[: rng.integers(1, 4)].tolist()
        ]
    if rng.random() < 0.6:
        document["select"] = SELECTIONS[int(rng.integers(len(SELECTIONS)))]
        document.pop("versions", None)
    if document["select"].get("top") == 1:
        # One member keeps no cap below 1.
        document["weight"] = {key: value for key, value in document["weight"].items() if key != "cap"}
    if rng.random() < 0.5:
        document["universe"] = [{"market_cap": {"min": 1e7, **({"keep_min": 1e6} if rng.random() < 0.5 else {})}}]
    return Methodology.load(document)


def outcome(rules: Methodology, panel: Panel, end: np.datetime64) -> tuple[Any, ...]:
    """All that a calculation gives, as bytes, or its error."""
    try:
        result = calculate_index(rules, panel, end=end)
    except BasketryError as error:
        return type(error).__name__, str(error)
    tables = (result.levels, result.compositions, result.rebalances, result.events)
    return (*(table.write_json() for table in tables), result.state.to_bytes())


def check(seed: int) -> int:
    """Compare, and return how many of the calculations gave an index."""
    rng, used = np.random.default_rng(seed), panel_of(seed)
    given_levels = 0
    for number in rng.integers(0, 3, 6).tolist():
        rules = rules_of(3 * seed + number)
        end = used.times[int(rng.integers(40, len(used.times)))]
        found = outcome(rules, used, end)
        assert found == outcome(rules, panel_of(seed), end), (seed, number, end)
        given_levels += len(found) > 2
    return given_levels


def test_no_two_ways_to_select_are_mistaken_for_one_another() -> None:
    """Each after all the others on one panel, among which the figures and the orders are shared."""
    panel = panel_of(5)
    document = {**dict(random_rules(5).document), "weight": "equal", "universe": [], "rebalance": {"every": "month"}}
    document.pop("versions", None)
    books = [Methodology.load({**document, "select": select}) for select in SELECTIONS]
    found = [outcome(book, panel, panel.times[-1]) for book in (*books, *reversed(books))]
    assert found == found[::-1]
    assert found[: len(books)] == [outcome(book, panel_of(5), panel.times[-1]) for book in books]
    assert all(len(one) > 2 for one in found)
    assert len(set(found)) > len(books) / 2


@settings(max_examples=15)
@given(st.integers(0, 2**20))
def test_a_panel_that_was_asked_before_gives_what_a_new_one_gives(seed: int) -> None:
    check(seed)


def test_most_of_these_calculations_give_an_index() -> None:
    assert sum(check(seed) for seed in range(3)) > 9


def test_a_stage_that_heeds_members_is_asked_anew_for_other_members() -> None:
    stage = {"by": "price", "top": {"enter": 1, "leave": 3}}
    document = {**dict(random_rules(5).document), "weight": "equal", "universe": [], "guard": GUARD_OFF}
    document.pop("versions", None)
    (version,) = Methodology.load({**document, "select": {"first": stage, "by": "price", "all": None}}).versions
    prices = np.tile([7.0, 6.0, 5.0, 4.0], (3, 1))
    days = np.arange(3).astype("datetime64[D]").astype("datetime64[us]")

    def panel() -> Panel:
        return Panel(days, ("a", "b", "c", "d"), {"price": prices})

    used, found = panel(), []
    for members in ([0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]):
        held = np.array(members, dtype=bool)
        one, fresh = (determine(version, view, held).columns.tolist() for view in (used, panel()))
        assert one == fresh
        found.append(one)
    # The best is in, and of the members those up to the third.
    assert found == [[0], [0, 2], [0, 1], [0]]


def test_a_rule_that_was_written_anew_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    from basketry.methodology.universe import UNIVERSE, UniverseRule

    def written(mark: str) -> type[UniverseRule]:
        class Named(UniverseRule):
            """Assets whose name ends so."""

            def passes(self, view: Panel) -> Any:
                return np.array([asset.endswith(mark) for asset in view.assets])

            def words(self) -> str:
                return "Some names."

        return Named

    panel = panel_of(1)
    document = {**dict(random_rules(1).document), "universe": ["named"], "select": {"by": "price", "top": 1}}
    document["weight"], document["rebalance"] = "equal", {"every": "month", "determine": "0d"}
    held = []
    for mark in ("0", "1"):
        monkeypatch.setattr(UNIVERSE, "rules", {**UNIVERSE.rules, "named": written(mark)})
        held.append(set(calculate_index(Methodology.load(document), panel).compositions["asset"]))
    assert held == [{"x0"}, {"x1"}]
