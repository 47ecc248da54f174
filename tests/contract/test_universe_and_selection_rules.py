"""Contracts of the universe and selection rules and the triggers, over the registries: a new rule is tested at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError, UnknownRuleError
from basketry.core.frames import EVENTS
from basketry.core.numbers import Bools
from basketry.core.rule import Registry, Rule
from basketry.core.time import to_datetime
from basketry.market.membership import Membership, with_membership
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING
from basketry.methodology.ranking import rank
from basketry.methodology.returns import RETURNS
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded
from basketry.methodology.weighting import WEIGHTING

NAMES = [f"x{n}" for n in range(6)]
PARAMETERS: dict[str, Any] = {
    "market_cap": {"min": 300.0, "keep_min": 200.0},
    "price": {"min": 2.0, "max": 50.0},
    "history": 18,
    "value_traded": {"min": 2.0, "window": "5d"},
    "turnover": {"min": 2.0, "window": "5d"},
    "price_sources": {"min": 2},
    "listings": {"min": 2},
    "metric": {"name": "listings", "min": 2.0},
    "venues": {"any_of": ["v", "w"], "quotes": ["usd", "eur"], "min": 2, "keep_min": 1},
    "required": ["price", "return_20d"],
    "exclude_tags": ["stablecoin"],
    "include_tags": ["stablecoin"],
    "exclude_sectors": ["defi"],
    "include_sectors": ["defi"],
    "exclude_assets": ["x1"],
    "include_assets": ["x1", "x2"],
    "in_index": "PARENT",
    "outside_index": "PARENT",
    "top": 3,
    "ranks": {"first": 2, "last": 4},
    "threshold": 300.0,
    "coverage": 0.7,
    "drift": 0.05,
    "volatility": {"above": 0.8},
    "cap": 0.3,
    "floor": 0.01,
    "group_cap": 0.4,
    "concentration": {"single": 0.1, "over": 0.05, "total": 0.4},
    "leverage": {"factor": 2},
    "excess": {"rate": 0.02},
    "currency": {"currency": "EUR", "rate": "EURUSD"},
    "decrement": {"percent": 0.05},
    "volatility_target": {"target": 0.4},
    "fixed": {"weights": {"x1": 0.5, "x2": 0.5}},
    "factor_scores": {"factors": {"return_10d": 1.0}},
}
REGISTRIES: tuple[Registry[Any], ...] = (UNIVERSE, SELECTION, WEIGHTING, CAPPING, RETURNS, TRIGGERS)


def build(registry: Registry[Any], name: str) -> Any:
    value = None if registry is RETURNS and name == "price" else PARAMETERS.get(name)
    if registry is WEIGHTING and name in ("metric",):
        value = {"metric": "listings"}
    elif registry is WEIGHTING and name not in ("fixed", "factor_scores"):
        value = None
    elif registry is CAPPING and name in ("fixed", "limits"):
        value = {"x1": 0.3 if name == "fixed" else {"min": 0.1, "max": 0.3}}
    return registry.build(name, value)


OVER = (
    {"window": "5d", "statistic": "minimum"},
    {"window": "7d", "statistic": "mean"},
    {"window": "5d", "days": 1},
    {"window": "10d", "days": 0.6},
    {"window": "review", "days": 0.7},
    {"window": "review", "statistic": "median"},
)
SCREENS: list[tuple[str, Any]] = [
    *((name, PARAMETERS.get(name)) for name in UNIVERSE.rules),
    *(
        (name, {**PARAMETERS[name], **over})
        for name, rule in UNIVERSE.rules.items()
        if issubclass(rule, Bounded)
        for over in OVER
    ),
]
"""Every universe rule, those with bounds over windows too."""
screens = pytest.mark.parametrize(
    ("name", "value"), SCREENS, ids=lambda value: value if isinstance(value, str) else str(value)
)


def asked(name: str, value: Any, view: Panel, members: Bools) -> Bools:
    """What a rule says, the review before having been on the tenth day before."""
    rule = UNIVERSE.build(name, value)
    return rule.since_review(view.now, lambda: view.now - np.timedelta64(9, "D")).keep(view, members)


def market(seed: int, days: int = 30, order: list[int] | None = None) -> Panel:
    rng = np.random.default_rng(seed)
    order = list(range(6)) if order is None else order
    price = np.exp(np.cumsum(rng.normal(0, 0.1, (30, 6)), axis=0)) * rng.lognormal(2, 1, 6)
    cap = price * rng.lognormal(3, 1, 6)
    price[:12, 5] = np.nan
    price[rng.random((30, 6)) < 0.03] = np.nan
    fields = {
        "price": price,
        "market_cap": cap,
        "volume": cap * rng.uniform(0.001, 0.02, 6),
        "sources": rng.integers(1, 5, (30, 6)) * 1.0,
    }
    fields["listings"] = rng.integers(1, 5, (30, 6)) * 1.0
    fields |= {
        f"volume@{venue}/{quote}": rng.integers(0, 3, (30, 6)) * 1.0 for venue in "vw" for quote in ("usd", "eur")
    }
    times = [datetime(2020, 1, 1) + timedelta(days=n) for n in range(days)]
    tables: dict[str, Any] = {
        name: pl.DataFrame({"time": times} | {NAMES[c]: values[:days, c] for c in order})
        for name, values in fields.items()
    }
    tags = pl.DataFrame(
        {"asset": ["x0", "x2", "x3"], "scheme": ["tag", "tag", "sector"], "value": ["stablecoin", "defi", "defi"]}
    ).with_columns(
        valid_from=pl.lit(None, pl.Datetime("us", "UTC")), valid_until=pl.lit(None, pl.Datetime("us", "UTC"))
    )
    # The parent changes on day 14: x0, x1 and x2 before, x2 and x3 then.
    changes = np.datetime64("2020-01-01", "us") + np.array([0, 14]) * np.timedelta64(1, "D")
    members = np.array([[True, True, True, False, False, False], [False, False, True, True, False, False]])
    panel = Panel.from_frames(classifications=tags, **tables)
    return with_membership(panel, Membership("PARENT", changes, changes, members))


def nobody(panel: Panel) -> Bools:
    return np.zeros(len(panel.assets), dtype=bool)


@screens
@settings(max_examples=5)
@given(seed=st.integers(0, 500), order=st.permutations(range(6)), cut=st.integers(15, 29))
def test_a_universe_rule_depends_on_nothing_later_and_on_no_order(
    name: str, value: Any, seed: int, order: list[int], cut: int
) -> None:
    whole, early, mixed = market(seed), market(seed, cut), market(seed, order=order)
    kept = asked(name, value, whole.first_rows(cut), nobody(whole))
    assert kept.dtype == bool
    assert kept.shape == (6,)
    np.testing.assert_array_equal(kept, asked(name, value, early, nobody(early)))
    np.testing.assert_array_equal(kept, asked(name, value, mixed.first_rows(cut), nobody(mixed)))
    rule = UNIVERSE.build(name, value).since_review(early.now, lambda: early.times[0])
    figures, told = rule.measured(early), rule.told(early, nobody(early))
    assert figures is None or figures.shape == (6,)
    assert told is not None or figures is None
    assert told is None or len(told) == 6


@screens
def test_a_universe_rule_lets_some_pass_and_not_others(name: str, value: Any) -> None:
    """Over some markets: a rule that is always true or always false tests nothing."""
    answers: set[bool] = set()
    for seed in range(20):
        answers |= set(asked(name, value, market(seed), np.zeros(6, dtype=bool)).tolist())
        if answers == {True, False}:
            return
    pytest.fail(f"only {answers}")


@screens
@settings(max_examples=4)
@given(seed=st.integers(0, 500), factor=st.sampled_from([0.25, 8.0]))
def test_in_another_currency_the_same_assets_pass(name: str, value: Any, seed: int, factor: float) -> None:
    """Bounds of figures in money are in the other currency, too; a power of two rounds nothing."""
    panel = market(seed)
    money = ("price", "market_cap", "volume")
    fields = {field: panel.field(field) * (factor if field in money else 1.0) for field in panel.fields}
    other = Panel(panel.times, panel.assets, fields, facts=panel.facts, memberships=panel.memberships)
    scaled = value
    if name in ("price", "market_cap", "value_traded"):
        scaled = {key: x * factor if key in ("min", "max", "keep_min") else x for key, x in value.items()}
    members = np.arange(6) % 2 == 0
    np.testing.assert_array_equal(asked(name, value, panel, members), asked(name, scaled, other, members))


@screens
def test_a_recorded_split_in_the_window_changes_nobody(name: str, value: Any) -> None:
    """One new unit for four old: earlier prices were a quarter as high. Before it they are what they are."""
    members = np.arange(6) % 2 == 0
    for seed in range(8):
        row = 23 + seed % 6
        panel = market(seed)
        price = panel.field("price").copy()
        price[:row] /= 4
        events = pl.DataFrame({"time": to_datetime(panel.times[row]), "asset": NAMES, "ratio": 0.25}).with_columns(
            kind=pl.lit("redenomination")
        )
        fields = {**panel.fields, "price": price}
        split = Panel(panel.times, panel.assets, fields, facts=panel.facts, event_table=EVENTS.conform(events),
                      memberships=panel.memberships)  # fmt: skip
        before = Panel(panel.times, panel.assets, fields, facts=panel.facts, memberships=panel.memberships)
        for one, other in ((split, panel), (split.first_rows(row), before.first_rows(row))):
            np.testing.assert_array_equal(asked(name, value, one, members), asked(name, value, other, members))


@pytest.mark.parametrize(("name", "value"), [entry for entry in SCREENS if issubclass(UNIVERSE.get(entry[0]), Bounded)])
def test_an_asset_without_figures_passes_no_bounds_and_asks_nothing_of_others(name: str, value: Any) -> None:
    for seed in range(2):
        panel = market(seed)
        fields = {field: panel.field(field).copy() for field in panel.fields}
        for values in fields.values():
            values[:, 2] = np.nan
        without = asked(
            name, value, Panel(panel.times, panel.assets, fields, memberships=panel.memberships), np.ones(6, dtype=bool)
        )
        assert not without[2]
        others = np.arange(6) != 2
        np.testing.assert_array_equal(without[others], asked(name, value, panel, np.ones(6, dtype=bool))[others])


def test_a_day_without_a_figure_fails_who_must_have_one_on_every_day() -> None:
    for name, rule in UNIVERSE.rules.items():
        if issubclass(rule, Bounded):
            value = {**PARAMETERS[name], "min": 0, "window": "5d", "days": 1}
            value = {key: x for key, x in value.items() if key in ("min", "window", "days", "name", "any_of", "quotes")}
            panel = market(1)
            fields = {field: np.abs(np.nan_to_num(panel.field(field), nan=1.0)) for field in panel.fields}
            for values in fields.values():
                values[-3, 2] = values[-6, 3] = np.nan
            kept = asked(
                name, value, Panel(panel.times, panel.assets, fields, memberships=panel.memberships), nobody(panel)
            )
            assert kept.tolist() == [True, True, False, True, True, True], name


@settings(max_examples=6)
@given(
    seed=st.integers(0, 500), order=st.permutations(range(len(SCREENS))), cuts=st.lists(st.integers(15, 30), max_size=4)
)
def test_a_panel_that_was_asked_by_others_before_gives_the_same(seed: int, order: list[int], cuts: list[int]) -> None:
    used = market(seed)
    members = np.arange(6) % 2 == 0
    for cut in cuts:
        view = used.first_rows(cut)
        for place in order:
            found = asked(*SCREENS[place], view, members)
            if place % 7 == seed % 7:
                np.testing.assert_array_equal(found, asked(*SCREENS[place], market(seed, cut), members))


@pytest.mark.parametrize("name", sorted(SELECTION.rules))
@settings(max_examples=20)
@given(seed=st.integers(0, 500), cut=st.integers(15, 29))
def test_a_selection_rule_wants_a_number_that_later_data_do_not_change(name: str, seed: int, cut: int) -> None:
    rule = build(SELECTION, name)
    whole, early = market(seed).first_rows(cut), market(seed, cut)
    counts = []
    for view in (whole, early):
        figures = view.latest("market_cap")
        ranked = rank(figures, ~np.isnan(view.latest("price")))
        counts.append(rule.count(view, ranked, figures[ranked]))
        assert 0 <= counts[-1] <= len(ranked)
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("registry", "name"),
    [(registry, name) for registry in REGISTRIES for name in registry.rules],
    ids=lambda value: value if isinstance(value, str) else value.group,
)
def test_every_rule_says_itself_and_survives_its_own_file(registry: Registry[Any], name: str) -> None:
    rule: Rule = build(registry, name)
    words = rule.words()
    assert words[0].isupper()
    assert words.endswith(".")
    assert type(rule).__doc__
    assert rule.source or registry is RETURNS
    assert registry.build(name, rule.entry() or None) == rule
    assert any(name in choice["properties"] for choice in registry.schema()["oneOf"])


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.group)
def test_wrong_names_and_parameters_get_the_nearest(registry: Registry[Any]) -> None:
    first = next(iter(registry.rules))
    with pytest.raises(UnknownRuleError, match=f"did you mean '{first}'"):
        registry.build(first + "x", None)
    with pytest.raises(MethodologyError, match="unknown parameter"):
        registry.build(first, {"wrong_key": 1})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("market_cap", {}, "needs min, max or both"),
        ("market_cap", {"min": 5, "max": 1}, "min 5 is above max 1"),
        ("market_cap", {"min": 5, "keep_min": 6}, "keep_min must not be above min"),
        ("market_cap", {"min": "many"}, "market_cap.min"),
        ("market_cap", {"min": float("nan")}, "market_cap.min"),
        ("market_cap", 5, "expected parameters in braces"),
        ("value_traded", {"min": 1, "window": "30"}, "30d"),
        ("value_traded", {"min": 1, "statistic": "mode"}, "value_traded.statistic"),
        ("exclude_tags", [], r"^exclude_tags: expected at least 1 item"),
        ("history", {"min_day": 3}, "did you mean 'min_days'"),
    ],
)
def test_wrong_parameters_are_named(name: str, value: Any, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        UNIVERSE.build(name, value)
