"""A determination: who is a candidate, and the same members and weights through corporate events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.index.determine import Determination, determine
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
DAYS = 120
EVENT = 100
NAN = float("nan")
Columns = dict[str, list[float]]


def day(number: int) -> np.datetime64:
    return np.datetime64(START, "us") + np.timedelta64(number, "D")


def event(kind: str, on: int, asset: str, **more: Any) -> dict[str, Any]:
    stamp = START.replace(tzinfo=UTC)
    known = stamp + timedelta(days=more.pop("known", on))
    return {"time": stamp + timedelta(days=on), "kind": kind, "asset": asset, "known_at": known, **more}


def market(events: list[dict[str, Any]], **fields: Columns) -> Panel:
    """Return a daily panel from 2020-01-01 of wide fields."""
    frames: dict[str, Any] = {}
    for name, columns in fields.items():
        days = len(next(iter(columns.values())))
        frames[name] = pl.DataFrame({"time": [START + timedelta(days=n) for n in range(days)], **columns})
    table = pl.DataFrame(events, schema_overrides={"new_asset": pl.String, "ratio": pl.Float64}) if events else None
    return Panel.from_frames(events=table, **frames)


def decided(panel: Panel, members: tuple[str, ...] = (), **sections: Any) -> Determination:
    """Return what the rules give at the last instant."""
    document = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "all": {}},
        "weight": {"by": "market_cap"},
        "rebalance": {"every": "month", "determine": "0d"},
    }
    version = Methodology.load({**document, **sections}).at(panel.now)
    return determine(version, panel, np.isin(np.array(panel.assets), members))


def weights(decision: Determination) -> dict[str, float]:
    return {decision.view.assets[c]: w for c, w in zip(decision.columns.tolist(), decision.weights, strict=True)}


def walks() -> dict[str, Columns]:
    """Return prices, capitalisations and volumes of three assets of different size, from a seed."""
    rng = np.random.default_rng(5)
    moves = np.exp(np.cumsum(rng.normal(0, 0.03, (DAYS, 3)), axis=0))
    names = ("a", "b", "c")
    price = {name: (100 * moves[:, place]).tolist() for place, name in enumerate(names)}
    cap = {name: (1e9 * (place + 1) * moves[:, place]).tolist() for place, name in enumerate(names)}
    volume = {name: (1e8 * rng.uniform(0.5, 1.5, DAYS)).tolist() for name in names}
    free = {name: [0.5 + 0.1 * place] * DAYS for place, name in enumerate(names)}
    return {"price": price, "market_cap": cap, "volume": volume, "free_float": free}


def redenominated(ratio: float) -> Panel:
    """Return the market in which c is redenominated."""
    fields = walks()
    fields["price"]["c"][EVENT:] = [value / ratio for value in fields["price"]["c"][EVENT:]]
    return market([event("redenomination", EVENT, "c", ratio=ratio)], **fields)


def continued(kind: str, ratio: float) -> Panel:
    """Return the market in which d takes the place of c; until then and from then on the other one trades, too."""
    fields = walks()
    for name, columns in fields.items():
        scale = ratio if name == "price" else 1.0
        old = columns["c"]
        columns["d"] = [NAN] * (EVENT - 20) + [3.0] * 20 + [value / scale for value in old[EVENT:]]
        columns["c"] = old[:EVENT] + [2.0] * 10 + [NAN] * (DAYS - EVENT - 10)
    return market([event(kind, EVENT, "c", new_asset="d", ratio=ratio, known=EVENT - 30)], **fields)


PLAIN = market([], **walks())
MARKETS = {
    "split 10": redenominated(10),
    "split 1000": redenominated(1000),
    "reverse split 1000": redenominated(0.001),
    "migration": continued("migration", 100),
    "name change": continued("name_change", 1),
}
RULES: list[dict[str, Any]] = [
    {"weight": {"by": "market_cap"}},
    {"weight": {"by": "sqrt_market_cap"}},
    {"weight": {"by": "smoothed_market_cap"}},
    {"weight": {"by": "free_float_market_cap"}},
    {"weight": {"by": "value_traded", "window": "90d"}},
    {"weight": {"by": "inverse_volatility"}},
    {"weight": {"by": "minimum_variance"}},
    {"weight": {"by": "equal_risk_contribution"}},
    {"weight": {"by": "momentum", "window": "60d", "skip": "25d"}},
    {"weight": {"by": "factor_scores", "factors": {"return_90d": 0.5, "volatility_60d": -0.5}}},
    {"weight": {"by": "metric", "metric": "market_cap", "window": "60d"}},
    {"select": {"by": "return_90d", "top": 2}},
    {"select": {"by": "turnover", "top": 2}},
    {"select": {"by": "free_float_market_cap", "top": 2}},
    {"select": {"by": "market_cap", "information_criterion": {"step": 1, "window": "60d"}}},
    {"universe": [{"history": {"min_days": 110}}]},
    {"universe": [{"turnover": {"min": 0.01, "window": "60d"}}, {"value_traded": {"min": 1e6, "window": "60d"}}]},
    {"universe": [{"value_traded_percentile": {"window": "60d", "min": 0.4}}]},
]


@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("sections", RULES, ids=lambda sections: str(next(iter(sections.values())))[:60])
def test_a_recorded_event_changes_no_member_and_no_weight(name: str, sections: dict[str, Any]) -> None:
    for row in (EVENT - 1, EVENT, EVENT + 5, DAYS - 1):
        expected = weights(decided(PLAIN.as_of(day(row)), **sections))
        found = decided(MARKETS[name].as_of(day(row)), **sections)
        gained = weights(found)
        if name in ("migration", "name change") and row >= EVENT:
            gained = {"c" if asset == "d" else asset: weight for asset, weight in gained.items()}
        assert gained == pytest.approx(expected, rel=1e-9)
        assert not found.refused
        assert not found.frozen


@pytest.mark.parametrize(
    ("rule", "right"),
    [
        ("inverse_volatility", (0.3560, 0.3180, 0.3259)),
        ("momentum", (0.1099, 0.3849, 0.5052)),
        ("minimum_variance", (0.3958, 0.2679, 0.3363)),
        ("equal_risk_contribution", (0.3615, 0.3027, 0.3359)),
    ],
)
def test_window_statistics_after_a_split_of_ten(rule: str, right: tuple[float, ...]) -> None:
    # At raw prices the third asset had 4.5%, 11.5%, 0% and 4.4%.
    rng = np.random.default_rng(5)
    price = {name: (100 * np.exp(np.cumsum(rng.normal(0, 0.03, 150)))).tolist() for name in ("aaa", "bbb", "ccc")}
    caps = {name: [1e7 * value for value in values] for name, values in price.items()}
    price["ccc"][100:] = [value / 10 for value in price["ccc"][100:]]
    panel = market([event("redenomination", 100, "ccc", ratio=10.0)], price=price, market_cap=caps)
    found = decided(panel.as_of(day(120)), weight={"by": rule, "window": "60d"})
    assert [round(float(weight), 4) for weight in found.weights] == pytest.approx(right, abs=1e-4)


def test_one_asset_counts_once_while_both_trade() -> None:
    fields = {
        "price": {"aave": [100.0] * 40, "btc": [1e4] * 40, "lend": [1.0] * 40},
        "market_cap": {"aave": [1e9] * 40, "btc": [2e9] * 40, "lend": [1e9] * 40},
    }
    migration = event("migration", 20, "lend", new_asset="aave", ratio=0.01, known=10)
    panel = market([migration], **fields)
    held = [weights(decided(panel.as_of(day(row)))) for row in (9, 10, 19, 20, 39)]
    # Nothing is known on day 9, so that both count; from day 10 lend, from day 20 aave.
    assert held[0] == pytest.approx({"aave": 0.25, "btc": 0.5, "lend": 0.25})
    assert held[1] == held[2] == pytest.approx({"btc": 2 / 3, "lend": 1 / 3})
    assert held[3] == held[4] == pytest.approx({"aave": 1 / 3, "btc": 2 / 3})


@pytest.mark.parametrize(
    ("kind", "more", "before", "after"),
    [
        ("merger", {"new_asset": "a", "ratio": 2.0}, {"a", "b", "c"}, {"a", "b"}),
        ("name_change", {"new_asset": "a"}, {"b", "c"}, {"a", "b"}),
        ("name_change", {}, {"a", "b", "c"}, {"a", "b", "c"}),
        ("delisting", {}, {"a", "b", "c"}, {"a", "b"}),
        ("migration", {"new_asset": "nowhere", "ratio": 1.0}, {"a", "b", "c"}, {"a", "b"}),
        ("hard_fork", {"new_asset": "a", "ratio": 1.0}, {"a", "b", "c"}, {"a", "b", "c"}),
        ("halt", {}, {"a", "b", "c"}, {"a", "b", "c"}),
    ],
)
def test_who_is_a_candidate_before_and_from_an_event_on(
    kind: str, more: dict[str, Any], before: set[str], after: set[str]
) -> None:
    prices = {name: [1.0] * 10 for name in "abc"}
    panel = market([event(kind, 5, "c", known=2, **more)], price=prices)
    sections: dict[str, Any] = {"select": {"by": "price", "all": {}}, "weight": {"by": "equal"}}
    assert set(weights(decided(panel.as_of(day(1)), **sections))) == {"a", "b", "c"}
    assert set(weights(decided(panel.as_of(day(4)), **sections))) == before
    assert set(weights(decided(panel.as_of(day(5)), **sections))) == after
    assert set(weights(decided(panel, **sections))) == after


def test_an_event_that_is_learned_late_ends_an_asset_when_it_is_learned() -> None:
    panel = market([event("delisting", 3, "a", known=6)], price={"a": [1.0] * 10, "b": [1.0] * 10})
    sections: dict[str, Any] = {"select": {"by": "price", "all": {}}, "weight": {"by": "equal"}}
    assert set(weights(decided(panel.as_of(day(5)), **sections))) == {"a", "b"}
    assert set(weights(decided(panel.as_of(day(6)), **sections))) == {"b"}


def test_the_place_of_an_asset_without_a_fresh_price_goes_to_the_next_rank() -> None:
    price = {"a": [9.0] * 6 + [NAN] * 4, "b": [8.0] * 10, "c": [7.0] * 10, "d": [6.0] * 10}
    panel = market([], price=price)
    sections: dict[str, Any] = {"select": {"by": "price", "top": 2}, "weight": {"by": "equal"}}
    carried: dict[str, Any] = {**sections, "missing": {"carry_forward": "3d"}}
    # The last price of a is of day 5: exactly three days old on day 8, four on day 9.
    assert set(weights(decided(panel.as_of(day(8)), **carried))) == {"a", "b"}
    assert set(weights(decided(panel, **carried))) == {"b", "c"}


def test_the_reserve_is_the_eligible_by_rank() -> None:
    price = {"a": [1.0], "b": [8.0], "c": [7.0], "d": [6.0], "e": [5.0]}
    found = decided(
        market([], price=price),
        members=("e",),
        universe=[{"price": {"min": 2}}],
        select={"by": "price", "top": 2, "buffer": {"enter": 1, "leave": 4}},
        weight={"by": "equal"},
    )
    # b by rank, e as a member of rank 4; a is not eligible.
    assert sorted(weights(found)) == ["b", "e"]
    assert [found.view.assets[column] for column in found.reserve] == ["b", "c", "d", "e"]


def test_overrides_hold_from_their_first_day_to_the_last_exclusive() -> None:
    price = {"a": [9.0] * 10, "b": [8.0] * 10}
    decision = {"asset": "a", "action": "exclude", "from": "2020-01-04", "until": "2020-01-07"}
    signed = {"reason": "under review", "approver": "committee", "date": "2020-01-03"}
    sections: dict[str, Any] = {
        "select": {"by": "price", "all": {}},
        "weight": {"by": "equal"},
        "overrides": [{**decision, **signed}],
    }
    panel = market([], price=price)
    for row, members in ((2, {"a", "b"}), (3, {"b"}), (5, {"b"}), (6, {"a", "b"})):
        found = decided(panel.as_of(day(row)), **sections)
        assert set(weights(found)) == members
        assert bool(found.overridden) == ("a" not in members)


def test_a_rule_that_is_kinder_to_members_is_asked_for_each_who_are_members() -> None:
    panel = market([], price={"a": [1.0] * 9, "b": [1.0] * 9}, market_cap={"a": [9.0] * 9, "b": [50.0] * 9})
    kinder = [{"market_cap": {"min": 10, "keep_min": 5}}]
    for members, held in (("", "b"), ("a", "ab"), ("", "b")):
        assert set(weights(decided(panel, tuple(members), universe=kinder))) == set(held)


def test_nobody_says_who_was_refused_by_what() -> None:
    """Of a to f, f fails the universe, e is excluded, and the guard refuses the others, whose price jumped.

    e jumped too and is a member, so that the guard has looked at it; f would be excluded if it came so far.
    """
    price = {name: [1.0] * 9 + [100.0] for name in "abcde"} | {"f": [0.1] * 10}
    signed = {"reason": "under review", "approver": "committee", "date": "2020-01-01"}
    out = [{"asset": name, "action": "exclude", "from": "2020-01-01", **signed} for name in "ef"]
    equal: dict[str, Any] = {"select": {"by": "price", "all": {}}, "weight": "equal", "overrides": out}
    found = decided(market([], price=price), ("e",), universe=[{"price": {"min": 1}}], **equal)
    jump = "price 100 is more than 20 times its median 1 of 7 days"
    assert found.nobody() == (
        "no asset is selected at 2020-01-10: 6 assets have a fresh price, 5 left after price, overrides exclude 1 "
        "(e: excluded by decision of committee on 2020-01-01: under review), the guard refuses 4 "
        f"(a: {jump}; b: {jump}; c: {jump}; and others); loosen the guard (guard), or include them by an override, "
        "or start later (--start)"
    )


def test_nobody_says_that_a_figure_is_unknown_or_that_none_is_wanted() -> None:
    panel = market([], price={"a": [1.0] * 9}, market_cap={"a": [5.0] + [NAN] * 8})
    assert "market cap is unknown for the 1 that are left; loosen" in decided(panel).nobody()
    none = decided(panel, select={"by": "price", "threshold": 2}, weight="equal")
    assert "select wants none of the 1 that are ranked" in none.nobody()
