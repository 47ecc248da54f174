"""A cash member through a whole index, and what it meets; all values by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.result import IndexResult
from basketry.index.state import IndexState
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.methodology_document import methodology_document

START = datetime(2020, 1, 1, tzinfo=UTC)
NAN = float("nan")
DAYS = 40
FEBRUARY = 31
"""The day of the first rebalance, counted from the base."""


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def path(*steps: tuple[int, float]) -> list[float]:
    """Return prices by day, each from a day on."""
    return [next(price for since, price in reversed(steps) if since <= day) for day in range(DAYS)]


def market(prices: dict[str, list[float]], events: tuple[dict[str, Any], ...] = (), **more: Any) -> Panel:
    """Return a market whose supplies are 10 units of each."""
    times = [at(day) for day in range(DAYS)]
    caps = {asset: [10 * price for price in series] for asset, series in prices.items()}
    rows = [{"new_asset": None, "ratio": None, "removal": None, **row} for row in events]
    table = pl.DataFrame(rows, schema_overrides={"new_asset": pl.String, "ratio": pl.Float64, "removal": pl.String})
    return Panel.from_frames(
        price=pl.DataFrame({"time": times, **prices}).fill_nan(None),
        market_cap=pl.DataFrame({"time": times, **caps}).fill_nan(None),
        events=table if rows else None,
        **more,
    )


def book(cash: Any = 0.2, **sections: Any) -> dict[str, Any]:
    weight = {"by": "equal"} if cash is None else {"by": "equal", "cash": cash}
    return {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "all": {}},
        "rebalance": {"every": "month", "determine": "0d"},
        "guard": {"price_jump": None, "supply_change": None, "min_turnover": None},
        **sections,
        "weight": {**weight, **sections.get("weight", {})},
    }


def index(panel: Panel, cash: Any = 0.2, **sections: Any) -> IndexResult:
    return calculate_index(Methodology.load(book(cash, **sections)), panel)


def levels(result: IndexResult, *days: int) -> list[float]:
    return result.level()[list(days)].tolist()


def struck(result: IndexResult, day: int = 0, column: str = "weight") -> dict[str, float]:
    """Return a column of the composition that took effect on a day, by asset."""
    rows = result.compositions.filter(pl.col("effective_at") == at(day))
    return dict(rows.select("asset", column).iter_rows())


TWO = {"a": path((0, 10.0), (1, 20.0), (35, 10.0)), "b": path((0, 10.0))}
DAILY = {"weight": 0.2, "rate": 0.365, "day_count": "act/365"}
"""Interest of a thousandth a day."""


def test_cash_of_price_1_is_given_its_weight_at_each_rebalance() -> None:
    result = index(market(TWO))
    assert struck(result, column="units") == pytest.approx({"a": 4.0, "b": 4.0, "cash": 20.0}, rel=1e-15)
    # 4 x 20 + 4 x 10 + 20; then 56 + 56 + 28 as 2.8 a, 5.6 b, 28 cash; and a halves.
    assert levels(result, 1, FEBRUARY, 35) == pytest.approx([140.0, 140.0, 112.0], rel=1e-15)
    assert struck(result, FEBRUARY, "units") == pytest.approx({"a": 2.8, "b": 5.6, "cash": 28.0}, rel=1e-15)
    assert struck(result, FEBRUARY, "price")["cash"] == 1.0
    rows = result.rebalances.filter(pl.col("effective_at") == at(FEBRUARY), pl.col("asset") == "cash")
    # It was 20 of 140.
    assert rows.row(0, named=True)["weight_before"] == pytest.approx(20 / 140, rel=1e-15)


def test_interest_makes_a_unit_dearer_from_each_instant_to_the_next() -> None:
    result = index(market({"a": path((0, 10.0)), "b": path((0, 10.0))}), DAILY)
    growth = [1.001**day for day in range(DAYS)]
    assert levels(result, 0, 1, 2) == pytest.approx([100.0, 80 + 20 * growth[1], 80 + 20 * growth[2]], rel=1e-14)
    worth = 80 + 20 * growth[FEBRUARY]
    assert levels(result, FEBRUARY) == pytest.approx([worth], rel=1e-14)
    # The price of a unit goes on, and the units are those that give the weight at it.
    assert struck(result, FEBRUARY, "price")["cash"] == pytest.approx(growth[FEBRUARY], rel=1e-14)
    assert struck(result, FEBRUARY, "units")["cash"] == pytest.approx(0.2 * worth / growth[FEBRUARY], rel=1e-14)
    assert levels(result, 33) == pytest.approx([worth * (0.8 + 0.2 * 1.001**2)], rel=1e-14)


def test_the_rate_of_a_step_is_the_one_known_at_its_start() -> None:
    rates = pl.DataFrame({"time": [at(0), at(2), at(3)], "rate": "R", "value": [0.36, 0.72, 0.0]})
    result = index(market({"a": path((0, 10.0))}, rates=rates), {"weight": 0.5, "rate": "R"})
    # act/360: a thousandth on each of two days, then two thousandths, then nothing.
    assert levels(result, 1, 2, 3, 4) == pytest.approx(
        [50 + 50 * f for f in (1.001, 1.001**2, 1.001**2 * 1.002, 1.001**2 * 1.002)], rel=1e-15
    )


@pytest.mark.parametrize(
    ("weight", "sizes", "expected"),
    [
        # 80% as 6 : 3 : 1.
        ({}, (6, 3, 1), (0.48, 0.24, 0.08)),
        # A cap is a share of the whole index: 35%, then the other 45% as 3 : 1.
        ({"cap": 0.35}, (6, 3, 1), (0.35, 0.3375, 0.1125)),
        # So is a floor: 20%, and 60% as 6 : 3.
        ({"floor": 0.2}, (6, 3, 1), (0.4, 0.2, 0.2)),
        # And a stated weight: 50%, and 30% as 3 : 1.
        ({"fixed": {"a": 0.5}}, (6, 3, 1), (0.5, 0.225, 0.075)),
        ({"limits": {"a": {"max": 0.2}, "c": {"min": 0.3}}}, (6, 3, 1), (0.2, 0.3, 0.3)),
        # Nobody above 35%, those above 30% at most 35% together: the first 35%, and 45% as 3 : 1 with 30% at most.
        ({"concentration": {"single": 0.35, "over": 0.3, "total": 0.35}}, (6, 3, 1), (0.35, 0.3, 0.15)),
        # Three under a cap of 25% cannot hold 80%: equal beside cash.
        ({"cap": 0.25}, (6, 3, 1), (0.8 / 3,) * 3),
        ({"fixed": {"a": 0.2, "b": 0.2, "c": 0.2}}, (6, 3, 1), (0.8 / 3,) * 3),
    ],
)
def test_limits_of_the_others_are_shares_of_the_whole_index(
    weight: dict[str, Any], sizes: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    panel = market({name: path((0, float(size))) for name, size in zip("abc", sizes, strict=True)})
    result = index(panel, weight={"by": "market_cap", **weight})
    assert struck(result) == pytest.approx({**dict(zip("abc", expected, strict=True)), "cash": 0.2}, rel=1e-12)


def test_units_of_a_weighting_by_capitalisation_are_supplies_and_cash_is_beside_them() -> None:
    result = index(market({"a": path((0, 30.0)), "b": path((0, 10.0))}), weight={"by": "market_cap"})
    # Worth 300 + 100 are 80%, so cash is 100.
    assert struck(result, column="units") == pytest.approx({"a": 10.0, "b": 10.0, "cash": 100.0}, rel=1e-15)
    assert struck(result, column="capping_factor") == {"a": 1.0, "b": 1.0, "cash": 1.0}


def test_capping_factors_give_back_the_weights_before_caps() -> None:
    result = index(market({"a": path((0, 30.0)), "b": path((0, 10.0))}), weight={"by": "market_cap", "cap": 0.5})
    factors, weights = struck(result, column="capping_factor"), struck(result)
    # 60 and 20 before caps, 50 and 30 after: b is the one least held down, and cash is not.
    # 50/60, 30/20 and 20/20, each over the largest.
    assert factors == pytest.approx({"a": 5 / 9, "b": 1.0, "cash": 2 / 3}, rel=1e-14)
    assert weights == pytest.approx({"a": 0.5, "b": 0.3, "cash": 0.2}, rel=1e-15)
    before = {asset: weights[asset] / factors[asset] for asset in weights}
    whole = sum(before.values())
    assert {asset: share / whole for asset, share in before.items()} == pytest.approx(
        {"a": 0.6, "b": 0.2, "cash": 0.2}, rel=1e-14
    )


DELISTED = {"time": at(5), "kind": "delisting", "asset": "b", "known_at": at(5)}
ONE_GAP = {"a": path((0, 10.0), (1, 20.0)), "b": path((0, 10.0), (1, NAN))}


@pytest.mark.parametrize(
    ("words", "prices", "sections", "events", "expected"),
    [
        # What leaves at its last price goes to both who stay in proportion: 40 a, 20 cash of 100.
        ("leaves at its last price", {"a": path((0, 10.0), (9, 20.0)), "b": path((0, 10.0))},
         {"events": {"delisting": "remove_at_last_price"}}, (DELISTED,), {5: 100.0, 9: 100 * (2 / 3 * 2 + 1 / 3)}),
        ("leaves at zero", {"a": path((0, 10.0)), "b": path((0, 10.0))},
         {"events": {"delisting": "remove_at_zero"}}, (DELISTED,), {4: 100.0, 5: 60.0, 9: 60.0}),
        # Held as cash beside the cash member until the next rebalance: 40 of 100; then 48 a, 12 cash... of 140: 80%.
        ("is held as cash", {"a": path((0, 10.0), (9, 20.0), (35, 40.0)), "b": path((0, 10.0), (6, NAN))},
         {"events": {"delisting": "to_cash"}}, (DELISTED,), {9: 140.0, FEBRUARY: 140.0, 35: 140 * 1.8}),
        # Nothing else follows a price, so it is kept.
        ("is the last that follows a price", {"a": path((0, 10.0), (5, 5.0))},
         {"events": {"delisting": "remove_at_last_price"}}, ({**DELISTED, "asset": "a"},), {5: 60.0, 9: 60.0}),
        # A successor without data, though its id is that of the cash member: it leaves.
        ("goes over into an id without data", {"a": path((0, 10.0), (9, 20.0)), "b": path((0, 10.0))},
         {"events": {"delisting": "remove_at_last_price"}},
         ({**DELISTED, "kind": "merger", "new_asset": "cash", "ratio": 2.0},), {5: 100.0, 9: 100 * 5 / 3}),
        # An event of that id concerns nobody.
        ("is named by an event", {"a": path((0, 10.0), (9, 20.0)), "b": path((0, 10.0))}, {},
         ({**DELISTED, "asset": "cash"}, {**DELISTED, "asset": "cash", "kind": "redenomination", "ratio": 5.0}),
         {5: 100.0, 9: 140.0}),
        ("without a price for too long leaves", ONE_GAP,
         {"missing": {"carry_forward": "3d", "then": "remove_at_last_price"}}, (), {1: 140.0, 4: 140.0, 9: 140.0}),
        ("waits for a price", ONE_GAP, {"missing": {"carry_forward": "3d", "then": "suspend"}}, (), {9: 140.0}),
        ("is redenominated", {"a": path((0, 10.0)), "b": path((0, 10.0), (5, 1.0), (9, 2.0))}, {},
         ({**DELISTED, "kind": "redenomination", "ratio": 10.0},), {5: 100.0, 9: 140.0}),
    ],
)  # fmt: skip
def test_a_member_beside_cash(
    words: str,
    prices: dict[str, list[float]],
    sections: dict[str, Any],
    events: tuple[dict[str, Any], ...],
    expected: dict[int, float],
) -> None:
    del words
    result = index(market(prices, events), **sections)
    assert levels(result, *expected) == pytest.approx(list(expected.values()), rel=1e-14)


def test_cash_is_no_price_that_was_seen() -> None:
    """Neither does it keep a level live, nor is it a source, nor does interest lift a level that is suspended."""
    prices = {"a": path((0, 10.0), (1, NAN), (9, 10.0)), "b": path((0, 10.0), (1, NAN), (9, 10.0)), "z": path((0, 1.0))}
    universe = [{"exclude_assets": ["z"]}]
    result = index(market(prices), DAILY, universe=universe, missing={"carry_forward": "3d"})
    rows = result.levels.select("status", "sources", "age_days").rows()
    assert rows[0] == ("live", 2, 0.0)
    assert rows[1] == ("carried", 0, 1.0)
    assert rows[4] == ("suspended", 0, 4.0)
    assert rows[9] == ("live", 2, 0.0)
    worth = [80 + 20 * 1.001**day for day in range(10)]
    # Carried levels are made, with interest; suspended ones stay where they were.
    assert levels(result, 3, 4, 8, 9) == pytest.approx([worth[3], worth[3], worth[3], worth[9]], rel=1e-14)


def test_fixed_units_fix_the_amount_of_cash_and_fixed_supplies_do_not() -> None:
    prices = {"a": path((0, 10.0), (FEBRUARY, 30.0)), "b": path((0, 10.0))}
    rebalance = {"every": "month", "determine": "1d"}
    units = index(market(prices), rebalance={**rebalance, "fix": "units"})
    # Determined at 10 and 10: 4 a, 4 b, 20 cash for each 100; at 30 and 10 they weigh 120 : 40 : 20.
    assert struck(units, FEBRUARY) == pytest.approx({"a": 120 / 180, "b": 40 / 180, "cash": 20 / 180}, rel=1e-14)
    supply = index(market(prices), rebalance={**rebalance, "fix": "supply"}, weight={"by": "market_cap"})
    assert struck(supply, FEBRUARY) == pytest.approx({"a": 0.6, "b": 0.2, "cash": 0.2}, rel=1e-14)


def test_a_transition_moves_cash_in_steps() -> None:
    rebalance = {"every": "month", "determine": "0d", "transition": {"steps": 2, "every": "1d"}}
    result = index(market(TWO), rebalance=rebalance)
    # From 4 a, 4 b, 20 cash to 2.8 a, 5.6 b, 28 cash, both worth 140: half of each.
    assert struck(result, FEBRUARY, "units") == pytest.approx({"a": 3.4, "b": 4.8, "cash": 24.0}, rel=1e-14)
    assert struck(result, FEBRUARY + 1, "units") == pytest.approx({"a": 2.8, "b": 5.6, "cash": 28.0}, rel=1e-14)
    assert levels(result, 34, 35) == pytest.approx([140.0, 112.0], rel=1e-14)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_version_begins_or_ends_it(steps: int) -> None:
    rebalance = {"every": "month", "determine": "0d", "transition": {"steps": steps, "every": "1d"}}
    flat = {"a": path((0, 10.0), (35, 20.0)), "b": path((0, 10.0), (35, 20.0))}
    for cash, later, doubles in ((None, 0.2, 1.8), (0.2, None, 2.0), (0.2, 0.5, 1.5)):
        weight = {"by": "equal", **({} if later is None else {"cash": later})}
        versions = [{"from": "2020-01-15", "note": "cash", "changes": {"weight": weight}}]
        result = index(market(flat), cash, rebalance=rebalance, versions=versions)
        assert levels(result, FEBRUARY, 34, 35) == pytest.approx([100.0, 100.0, 100 * doubles], rel=1e-14)
        held = struck(result, FEBRUARY + steps - 1)
        assert held.get("cash", 0.0) == pytest.approx(later or 0.0, rel=1e-14)
        assert ("cash" in held) == (later is not None)


@pytest.mark.parametrize(
    ("later", "weight", "rate"),
    [({**DAILY, "rate": 0.73}, 0.2, 0.002), ({"weight": 0.2}, 0.2, 0.0), (None, 0.0, 0.0), (DAILY, 0.2, 0.001)],
)
def test_in_a_transition_all_cash_earns_by_the_rules_of_its_target(later: Any, weight: float, rate: float) -> None:
    # Half of what it had grown to and half of its new weight, from the first step of 1 February on.
    rebalance = {"every": "month", "determine": "0d", "transition": {"steps": 2, "every": "5d"}}
    changes = {"weight": {"by": "equal", **({} if later is None else {"cash": later})}}
    versions = [{"from": "2020-01-15", "note": "another rate", "changes": changes}]
    result = index(market({"a": path((0, 10.0))}), DAILY, rebalance=rebalance, versions=versions)
    had = 20 * 1.001**FEBRUARY
    worth = 80 + had
    money = (had + weight * worth) / 2
    expected = [worth, worth + money * rate, worth + money * ((1 + rate) ** 2 - 1)]
    assert levels(result, 31, 32, 33) == pytest.approx(expected, rel=1e-14)


def test_it_drifts_as_other_weights_do_and_a_trigger_sees_it() -> None:
    rebalance = {"every": "month", "determine": "0d", "triggers": [{"drift": {"band": 0.05}}]}
    result = index(market({"a": path((0, 10.0), (5, 16.0))}), 0.5, rebalance=rebalance)
    # 5 x 16 = 80 of 130 is 61.5%: 11.5 points off.
    fired = result.rebalances.filter(pl.col("trigger") == "drift", pl.col("asset") == "cash")
    assert fired["weight_before"].to_list() == pytest.approx([50 / 130], rel=1e-14)
    assert struck(result, 5) == pytest.approx({"a": 0.5, "cash": 0.5}, rel=1e-14)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        # Held are 80 : 40 : 20 of 140, and cash alone needs 20% - 14.29% = 5.71%. The others start at 53.33% and 26.67%
        # and b may buy 4.29%: 28.57% + 4.29% = 32.86%.
        (0.1, {"a": 0.8 - 23 / 70, "b": 23 / 70, "cash": 0.2}),
        # Cash alone needs more: b moves on as far as it needs no more, which is what it is held at.
        (0.05, {"a": 0.8 - 2 / 7, "b": 2 / 7, "cash": 0.2}),
        # In full 11.43% and 5.71% are bought.
        (0.18, {"a": 0.4, "b": 0.4, "cash": 0.2}),
    ],
)
def test_a_turnover_limit_counts_what_cash_takes_and_does_not_hold_it_back(
    limit: float, expected: dict[str, float]
) -> None:
    result = index(market(TWO), weight={"turnover": limit})
    assert struck(result, FEBRUARY) == pytest.approx(expected, rel=1e-12)
    assert result.events.filter(pl.col("kind") == "turnover_limit").height == (limit < 0.17)
    told = explain_index(result, "2020-02-05").of("b")
    assert told is not None
    assert told.weight_determined == pytest.approx(expected["b"], rel=1e-12)


def test_it_is_no_member_of_a_review_nor_of_a_child() -> None:
    prices = {"a": path((0, 10.0)), "b": path((0, 9.0)), "c": path((0, 8.0))}
    parent = book(0.2, symbol="PARENT", select={"by": "market_cap", "top": 2})
    for own in (None, 0.25):
        child = book(own, parents=[parent], universe=[{"in_index": "PARENT"}], review={"every": "quarter"})
        result = calculate_index(Methodology.load(child), market(prices))
        rest = 1.0 if own is None else 0.75
        for day in (0, FEBRUARY):
            held = struck(result, day)
            assert held == pytest.approx(
                {"a": rest / 2, "b": rest / 2, **({} if own is None else {"cash": own})}, rel=1e-14
            )
        assert result.events.filter(pl.col("kind") == "missing_price").is_empty()


@pytest.mark.parametrize("rows", [1, 3, None])
def test_from_the_bytes_of_its_state_it_goes_on_to_the_same_bytes(rows: int | None) -> None:
    rules = Methodology.load(book(DAILY, rebalance={"every": "week", "determine": "2d", "fix": "units"}))
    panel = market(TWO)
    whole = calculate_index(rules, panel)
    for cut in (0, 4, 7, 20):
        kept = calculate_index(rules, panel, end=at(cut)).state.to_bytes()
        state = IndexState.from_bytes(kept, rules, panel.assets if cut % 2 else whole.panel.assets)
        *_, last = History(rules, IndexMarket.of(panel, whole.times), rows=rows).walk(state)
        assert last.state.to_bytes() == whole.state.to_bytes()


def test_explain_tells_what_it_is() -> None:
    panel = market(TWO)
    result = index(panel, DAILY, weight={"by": "equal", "cap": 0.4})
    told = explain_index(result, "2020-01-20").of("cash")
    assert told is not None
    assert (told.held, told.rank, told.weight_determined) == (True, None, 0.2)
    assert told.units == pytest.approx(20.0, rel=1e-15)
    assert "earns 36.5% a year (act/365)" in told.steps[0]
    other = explain_index(result, "2020-01-20").of("a")
    assert other is not None
    assert other.weight_before_caps == pytest.approx(0.4, rel=1e-15)


def test_explain_tells_why_it_is_not_held() -> None:
    version = {"from": "2020-01-20", "note": "cash is added", "changes": {"weight": {"by": "equal", "cash": 0.2}}}
    result = index(market(TWO), None, versions=[version])
    before, after = (explain_index(result, day).of("cash") for day in ("2020-01-15", "2020-02-05"))
    assert before is not None
    assert after is not None
    assert (before.held, before.weight, before.steps) == (False, None, ("out: the rules in force have no cash member",))
    assert (after.held, after.weight) == (True, 0.2)
    assert explain_index(index(market(TWO), None), "2020-01-15").of("cash") is None


def test_the_document_says_where_cash_comes_in() -> None:
    rules = Methodology.load(
        book(
            DAILY,
            weight={"by": "fixed", "weights": {"a": 0.75, "b": 0.25}, "limits": {"a": {"max": 0.7}}},
        )
    )
    page = methodology_document(rules)
    # 75% and 25% of the other 80%.
    assert "Fixed weights: a 60%, b 20% of the index, scaled from weights that sum to 1." in page
    assert "earns 36.5% a year (act/365) in every series" in page
    assert "in which the weights of the selected sum to 1 − c" in page
    assert "with the price of section 4" in page
    assert "The cash member is no observed price" in page
    assert "income of its assets is not counted" in page
    without = methodology_document(Methodology.load(book(None)))
    assert "cash member" not in without
    assert "section 4" not in without


@pytest.mark.parametrize(
    ("weights", "doubt"),
    [
        ({"a": 0.75, "b": 0.25}, None),
        ({"a": 75, "b": 25}, None),
        # Already beside cash.
        ({"a": 0.6, "b": 0.2}, None),
        ({"a": 60, "b": 20}, None),
        ({"a": 0.6, "b": 0.3}, "weights sum to 0.9, so they are scaled: a 53.33%, b 26.67%; write weights that sum "
                               "to 1 or to 100, or to the 0.8 beside cash, where others are meant"),
    ],
)  # fmt: skip
def test_a_doubtful_sum_of_fixed_weights_heeds_cash(weights: dict[str, float], doubt: str | None) -> None:
    section = Methodology.load(book(weight={"by": "fixed", "weights": weights})).latest.weight
    assert section.rule.doubt_of(section.invested) == doubt
    result = index(market(TWO), weight={"by": "fixed", "weights": weights})
    share = weights["a"] / sum(weights.values())
    assert struck(result) == pytest.approx({"a": 0.8 * share, "b": 0.8 * (1 - share), "cash": 0.2}, rel=1e-14)


def test_the_digest_of_the_inputs_is_that_of_the_data() -> None:
    panel = market(TWO)
    assert index(panel).panel.digest() == panel.digest()


def test_late_knowledge_stays_with_its_asset() -> None:
    """Columns move where the id comes in; a figure corrected later must move with them."""
    rows = [(at(day), asset, price) for day in range(DAYS) for asset, price in (("a", 10.0), ("z", 10.0))]
    table = pl.DataFrame(rows, schema=["time", "asset", "price"], orient="row").with_columns(
        market_cap=pl.when(pl.col("asset") == "a").then(100.0).otherwise(90.0), known_at=pl.col("time")
    )
    late = pl.DataFrame({"time": [at(0)], "asset": "z", "price": [10.0], "market_cap": [500.0], "known_at": [at(20)]})
    panel = Panel.from_frames(pl.concat([table, late.select(table.columns)]))
    result = index(panel, select={"by": "market_cap", "top": 1})
    assert struck(result) == pytest.approx({"a": 0.8, "cash": 0.2}, rel=1e-15)


def test_an_asset_of_the_data_may_be_called_cash_where_there_is_no_cash_member() -> None:
    prices = {"cash": path((0, 10.0), (1, 20.0)), "b": path((0, 10.0))}
    assert levels(index(market(prices), None), 1) == pytest.approx([150.0], rel=1e-15)
    with pytest.raises(DataError, match=r"prices of an asset 'cash'.*import that asset under another id"):
        index(market(prices))


def test_a_rate_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"R"):
        index(market(TWO), {"weight": 0.2, "rate": "R"})
    rates = pl.DataFrame({"time": [at(3)], "rate": "R", "value": [0.1]})
    with pytest.raises(DataError, match=r"the rate R is not known at 2020-01-01"):
        index(market(TWO, rates=rates), {"weight": 0.2, "rate": "R"})


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"cash": 1.0}, r"weight\.cash: must be below 1, was 1$"),
        ({"cash": 0.0}, r"weight\.cash: must be above 0"),
        ({"cash": {"wieght": 0.2}}, r"weight\.cash\.wieght: unknown parameter \(did you mean 'weight'\?\)"),
        ({"cash": {"weight": 0.2, "day_count": "act/365"}}, r"cash\.day_count: goes with a rate"),
        ({"cash": {"weight": 0.2, "rate": 12}}, r"weight\.cash\.rate"),
        ({"cash": [0.2]}, r"weight\.cash"),
        ({"cash": 0.2, "fixed": {"cash": 0.2}}, r"weight\.fixed\.cash: `cash` states the weight of the cash member"),
        ({"cash": 0.2, "limits": {"cash": {"max": 0.1}}}, r"weight\.limits\.cash: `cash` states the weight"),
        ({"cash": 0.2, "by": "fixed", "weights": {"a": 0.8, "cash": 0.2}}, r"weight\.weights\.cash: `cash` states"),
        ({"cash": 0.5, "fixed": {"a": 0.4, "b": 0.2}}, r"weight\.fixed: .* sum to 0\.6 > 0\.5, all but cash"),
        ({"cash": 0.2, "limits": {"a": {"min": 0.85}}}, r"weight\.limits: .* sum to 0\.85 > 0\.8, all but cash"),
    ],
)
def test_what_cannot_be_is_refused(weight: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Methodology.load(book(None, weight=weight))


def test_caps_that_hold_beside_cash_are_not_refused() -> None:
    """Three members under a cap of 30% hold 90%: enough for 80%, not for 100%."""
    sections: dict[str, Any] = {"select": {"by": "market_cap", "top": 3}, "weight": {"by": "equal", "cap": 0.3}}
    Methodology.load(book(0.2, **sections))
    with pytest.raises(MethodologyError, match=r"weight\.cap"):
        Methodology.load(book(None, **sections))


def test_many_levels_do_not_drift_from_the_sum_of_what_is_held() -> None:
    rng = np.random.default_rng(5)
    prices = {name: (10 * np.exp(rng.normal(0, 0.05, DAYS).cumsum())).tolist() for name in "ab"}
    result = index(market(prices), DAILY, rebalance={"every": "week", "determine": "0d"})
    for row in result.compositions.partition_by("effective_at"):
        worth = (row["units"] * row["price"]).sum() / row["divisor"][0]
        level = result.levels.filter(pl.col("time") == row["effective_at"][0])["price_return"][0]
        assert worth == pytest.approx(level, rel=1e-14)


@pytest.mark.parametrize("kind", ["migration", "merger", "name_change"])
@pytest.mark.parametrize("own", [False, True])
def test_an_event_that_leads_into_or_out_of_its_id_makes_no_asset_of_it(kind: str, own: bool) -> None:
    """b has a price of three days ago at the determination, which the event would carry over to the other id."""
    prices = {"a": path((0, 10.0)), "b": path((0, 10.0), (29, NAN)), "c": path((0, 10.0))}
    if own:
        prices["cash"] = path((0, NAN))
    event = {"time": at(30), "kind": kind, "asset": "b", "new_asset": "cash", "ratio": 2.0, "known_at": at(28)}
    event["ratio"] = None if kind == "name_change" else 2.0
    result = index(market(prices, (event,)), missing={"carry_forward": "3d"})
    rows = result.compositions.filter(pl.col("effective_at") == at(FEBRUARY))
    assert rows["asset"].n_unique() == rows.height
    assert struck(result, FEBRUARY)["cash"] == pytest.approx(0.2, rel=1e-14)
    assert result.state is not None
    assert IndexState.from_bytes(result.state.to_bytes(), result.methodology).basket is not None
    out = {**event, "asset": "cash", "new_asset": "a", "time": at(32), "known_at": at(20)}
    held = struck(index(market({"a": path((0, 10.0)), "c": path((0, 10.0))}, (out,))), FEBRUARY)
    assert held == pytest.approx({"a": 0.4, "c": 0.4, "cash": 0.2}, rel=1e-14)


@pytest.mark.parametrize("way", ["in_index", "outside_index"])
def test_a_family_on_data_that_know_the_id_without_a_price(way: str) -> None:
    prices = {"a": path((0, 10.0)), "b": path((0, 9.0)), "cash": path((0, NAN)), "d": path((0, 8.0))}
    parent = book(0.2, symbol="PARENT", select={"by": "market_cap", "top": 2})
    for own in (None, 0.2):
        child = book(own, parents=[parent], universe=[{way: "PARENT"}])
        held = struck(calculate_index(Methodology.load(child), market(prices)))
        assert {asset for asset in held if asset != "cash"} == ({"a", "b"} if way == "in_index" else {"d"})


def test_a_rate_that_leaves_nothing_is_refused() -> None:
    rates = pl.DataFrame({"time": [at(0)], "rate": "R", "value": [-365.0]})
    with pytest.raises(DataError, match=r"cash: the rate R makes the price of a unit 0 at 2020-01-02"):
        index(market(TWO, rates=rates), {"weight": 0.2, "rate": "R", "day_count": "act/365"})


@pytest.mark.parametrize("cash", [DAILY, None])
def test_where_only_cash_is_left_the_level_is_carried_with_its_interest(cash: Any) -> None:
    # a leaves as cash on day 2; b, at 15 since day 3, becomes a on day 4, and so cash of half as much again.
    share = 0.0 if cash is None else 0.2
    prices = {
        "a": path((0, 10.0), (2, NAN)),
        "b": path((0, 10.0), (3, 15.0), (4, NAN)),
        "c": path((0, NAN), (10, 5.0), (35, 10.0)),
    }
    gone = {"time": at(2), "kind": "delisting", "asset": "a", "removal": "to_cash"}
    become = {"time": at(4), "kind": "merger", "asset": "b", "new_asset": "a", "ratio": 3.0}
    result = index(market(prices, (gone, become)), cash)

    def money(day: int) -> float:
        return 100 * share * 1.001**day

    left = (100 - 100 * share) * 1.25
    assert levels(result, 3, 4, 30, 31) == pytest.approx([left + money(day) for day in (3, 4, 30, 31)], rel=1e-14)
    rows = result.levels.select("status", "age_days", "sources", "reason").rows()
    assert rows[3] == ("live", 0.0, 1, "")
    assert rows[4:32] == [("carried", 0.0, 0, "no member has a price at this instant")] * 28
    assert rows[32][0] == "live"
    # On 1 February all but its weight buys c, which doubles on day 35.
    worth = (left + money(31)) * (2 * (1 - share) + share * 1.001**4)
    assert levels(result, 35) == pytest.approx([worth], rel=1e-14)


def test_income_of_units_that_become_cash_becomes_cash() -> None:
    # A thousandth of 4 b a day: 0.008 b at 10 on day 2, which the departure of a as cash spreads; then 0.004 at 15 on
    # day 3, and 0.008 at 15 on day 4, when b becomes a. Cash earns nothing.
    prices = {"a": path((0, 10.0), (2, NAN)), "b": path((0, 10.0), (3, 15.0), (4, NAN)), "c": path((0, NAN), (30, 5.0))}
    gone = {"time": at(2), "kind": "delisting", "asset": "a", "removal": "to_cash"}
    become = {"time": at(4), "kind": "merger", "asset": "b", "new_asset": "a", "ratio": 3.0}
    yields = pl.DataFrame({"time": [at(0)], "asset": ["b"], "staking_yield": [0.365]})
    total = {"total": {"utilisation": 1.0, "lag": "0d", "method": "quantity"}}
    result = index(market(prices, (gone, become), yields=yields), returns=["price", total])
    found = result.levels["total_return"].to_list()
    assert found[1:6] == pytest.approx([100.04, 100.08, 1.0008 * 120.06, 1.0008 * 120.12, 1.0008 * 120.12], rel=1e-14)
