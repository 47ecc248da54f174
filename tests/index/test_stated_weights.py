"""Stated weights and limits by asset through a whole index: who is selected, departs, or is alone, by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1, tzinfo=UTC)
NAN = float("nan")
SIZES = {"bitcoin": 600.0, "ethereum": 300.0, "solana": 60.0, "ripple": 30.0, "cardano": 10.0}
"""Supplies; all prices are 1 unless a test says otherwise."""
STATED = {"fixed": {"bitcoin": 0.4, "ethereum": 0.25}}


def market(
    sizes: dict[str, float],
    days: int = 40,
    events: list[dict[str, Any]] | None = None,
    prices: dict[str, list[float]] | None = None,
    **more: Any,
) -> Panel:
    times = [START + timedelta(days=n) for n in range(days)]
    price = {asset: (prices or {}).get(asset, [1.0] * days) for asset in sizes}
    cap = {asset: [one * size for one in price[asset]] for asset, size in sizes.items()}
    table = None
    if events:
        table = pl.DataFrame(
            [{"known_at": row["time"], **row} for row in events],
            schema_overrides={"new_asset": pl.String, "ratio": pl.Float64},
        )
    return Panel.from_frames(
        price=pl.DataFrame({"time": times, **price}),
        market_cap=pl.DataFrame({"time": times, **cap}),
        events=table,
        **more,
    )


def index(panel: Panel, weight: dict[str, Any], **sections: Any) -> IndexResult:
    document = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "all": {}},
        "weight": {"by": "market_cap", **weight},
        "rebalance": {"every": "month", "determine": "0d"},
        **sections,
    }
    return calculate_index(Methodology.load(document), panel)


def held(result: IndexResult, at: str = "2020-01-01") -> list[float]:
    """Return the weights in the order of the names above."""
    weights = result.weights(at)
    return [weights[asset] for asset in (*SIZES, "a", "b", "c") if asset in weights]


def shortages(result: IndexResult) -> list[str]:
    return result.events.filter(pl.col("kind") == "cap_shortage")["treatment"].to_list()


THREE = {"bitcoin": 600.0, "ethereum": 300.0, "solana": 100.0}


@pytest.mark.parametrize(
    ("sizes", "weight", "select", "expected"),
    [
        # 35% as 60 : 30 : 10.
        (SIZES, STATED, {"all": {}}, [0.4, 0.25, 0.21, 0.105, 0.035]),
        # The third at 20%; 15% as 30 : 10.
        (SIZES, {**STATED, "cap": 0.2}, {"all": {}}, [0.4, 0.25, 0.2, 0.1125, 0.0375]),
        # A floor of 4% lifts the last; 31% as 60 : 30.
        (SIZES, {**STATED, "floor": 0.04}, {"all": {}}, [0.4, 0.25, 0.31 * 2 / 3, 0.31 / 3, 0.04]),
        # Own cap of 30% above the common one, own cap of 5%; 40% as 30 : 10 with a cap of 25%.
        (
            SIZES,
            {"cap": 0.25, "limits": {"bitcoin": {"min": 0.1, "max": 0.3}, "solana": {"max": 0.05}}},
            {"all": {}},
            [0.3, 0.25, 0.05, 0.25, 0.15],
        ),
        # Both kinds: 25% stated, at least 20% of ripple; 55% as 600 : 60 : 10.
        (
            SIZES,
            {"fixed": {"ethereum": 0.25}, "limits": {"ripple": {"min": 0.2}}},
            {"all": {}},
            [0.55 * 60 / 67, 0.25, 0.55 * 6 / 67, 0.2, 0.55 / 67],
        ),
        # Not selected, or nowhere in the data: the others share it.
        (SIZES, {"fixed": {"bitcoin": 0.4, "cardano": 0.3}}, {"top": 3}, [0.4, 0.6 * 5 / 6, 0.6 / 6]),
        (THREE, {"fixed": {"bitcoin": 0.4, "nowhere": 0.3}}, {"all": {}}, [0.4, 0.6 * 3 / 4, 0.6 / 4]),
        (THREE, {"fixed": {"nowhere": 0.3}}, {"all": {}}, [0.6, 0.3, 0.1]),
        (THREE, {"limits": {"nowhere": {"max": 0.3}, "bitcoin": {"max": 0.5}}}, {"all": {}}, [0.5, 0.375, 0.125]),
        # One of two that are as large is stated.
        ({"a": 5.0, "b": 5.0, "c": 10.0}, {"fixed": {"b": 0.1}}, {"all": {}}, [0.3, 0.1, 0.6]),
        # At the edge of the number wanted the first by name is selected, and its weight is the stated one or not.
        ({"a": 5.0, "b": 5.0, "c": 10.0}, {"fixed": {"b": 0.1}}, {"top": 2}, [1 / 3, 2 / 3]),
        ({"a": 5.0, "b": 5.0, "c": 10.0}, {"fixed": {"a": 0.1}}, {"top": 2}, [0.1, 0.9]),
        # All are stated, or all but one that is not selected.
        (THREE, {"fixed": {"bitcoin": 0.2, "ethereum": 0.3, "solana": 0.5}}, {"all": {}}, [0.2, 0.3, 0.5]),
        (THREE, {"fixed": {"bitcoin": 0.2, "nowhere": 0.8}}, {"all": {}}, [0.2, 0.6, 0.2]),
        ({"bitcoin": 1.0}, {"fixed": {"bitcoin": 1.0}}, {"all": {}}, [1.0]),
    ],
)
def test_weights(
    sizes: dict[str, float], weight: dict[str, Any], select: dict[str, Any], expected: list[float]
) -> None:
    for fix in ("weights", "units"):
        rebalance = {"every": "month", "determine": "0d", "fix": fix}
        result = index(market(sizes), weight, select={"by": "market_cap", **select}, rebalance=rebalance)
        assert held(result) == pytest.approx(expected, abs=1e-14)
        assert shortages(result) == []
        # What is published: supply times capping factor times price is in proportion to the weights.
        first = result.compositions.filter(pl.col("effective_at") == START)
        counted = [sizes[row["asset"]] * row["capping_factor"] for row in first.iter_rows(named=True)]
        assert [one / sum(counted) for one in counted] == pytest.approx(first["weight"].to_list(), rel=1e-13)
        assert max(first["capping_factor"]) == 1


@pytest.mark.parametrize(
    ("sizes", "weight", "expected"),
    [
        # Nobody is there for the other 60% or 35%.
        ({"bitcoin": 1.0}, STATED, [1.0]),
        ({"bitcoin": 6.0, "ethereum": 1.0}, STATED, [0.4 / 0.65, 0.25 / 0.65]),
        # 40% and two times 20% are 80%.
        (THREE, {"fixed": {"bitcoin": 0.4}, "cap": 0.2}, [0.4, 0.3, 0.3]),
        # 40% stated, and two floors of 31%, or a floor of 40% of its own.
        (THREE, {"fixed": {"bitcoin": 0.4}, "floor": 0.31}, [0.4, 0.3, 0.3]),
        (THREE, {"fixed": {"bitcoin": 0.4}, "floor": 0.25, "limits": {"solana": {"min": 0.4}}}, [0.4, 0.3, 0.3]),
        # Without stated weights all are equal.
        (THREE, {"limits": {"bitcoin": {"max": 0.3}}, "cap": 0.2}, [1 / 3, 1 / 3, 1 / 3]),
    ],
)
def test_a_date_of_too_few(sizes: dict[str, float], weight: dict[str, Any], expected: list[float]) -> None:
    result = index(market(sizes), weight)
    assert held(result) == pytest.approx(expected, abs=1e-15)
    equal = "equal weights beside the stated" if "fixed" in weight else "equal weights"
    assert set(shortages(result)) == {equal}
    told = explain_index(result, "2020-01-10")
    determined = {entry.asset: entry.weight_determined for entry in told.assets}
    assert [determined[asset] for asset in sizes] == pytest.approx(expected, abs=1e-15)
    bitcoin = told.of("bitcoin")
    assert bitcoin is not None
    assert bitcoin.steps[-1] == f"weight: the caps cannot be kept, {equal}"
    with pytest.raises(CapInfeasibleError, match="determination of 2020-01-01"):
        index(market(sizes), {**weight, "shortage": "refuse"})


def test_stated_weights_that_leave_nothing_stop_with_what_to_do() -> None:
    whole = {"fixed": {"bitcoin": 0.6, "ethereum": 0.4}}
    with pytest.raises(
        MethodologyError, match=r"nothing is left for solana: .*`- include_assets: \[bitcoin, ethereum\]`"
    ) as it:
        index(market(THREE), whole)
    assert not isinstance(it.value, CapInfeasibleError), "more members would not help"
    only = index(market(THREE), whole, universe=[{"include_assets": ["bitcoin", "ethereum"]}])
    assert only.weights() == pytest.approx({"bitcoin": 0.6, "ethereum": 0.4}, abs=1e-15)


def test_stated_weights_are_limits_with_one_number_for_both() -> None:
    prices = {"bitcoin": [1 + 0.01 * n for n in range(70)], "solana": [1 + 0.5 * (n % 3) for n in range(70)]}
    panel = market(SIZES, 70, prices=prices)
    same = {asset: {"min": share, "max": share} for asset, share in STATED["fixed"].items()}
    for more in ({}, {"cap": 0.2}, {"floor": 0.05}):
        one, two = index(panel, {**STATED, **more}), index(panel, {"limits": same, **more})
        assert one.levels.equals(two.levels)
        assert one.compositions.equals(two.compositions)


def sectors(**of: str) -> pl.DataFrame:
    rows = [(asset, "sector", sector) for asset, sector in of.items()]
    return pl.DataFrame(rows, schema=["asset", "scheme", "value"], orient="row")


def test_stated_weights_count_in_the_cap_of_their_group() -> None:
    panel = market(THREE, classifications=sectors(bitcoin="money", solana="money", ethereum="platform"))
    # Of 45% for money 40% are stated.
    money = index(panel, {"fixed": {"bitcoin": 0.4}, "group_cap": {"limits": {"money": 0.45}}})
    assert held(money) == pytest.approx([0.4, 0.55, 0.05], abs=1e-15)
    exact = index(panel, {"fixed": {"bitcoin": 0.4, "solana": 0.05}, "group_cap": {"limits": {"money": 0.45}}})
    assert held(exact) == pytest.approx(held(money), abs=1e-15)
    # Stated alone above the cap: an error on any date, and no shortage.
    with pytest.raises(
        MethodologyError, match=r"stated weights of bitcoin 0\.4, solana 0\.1 sum to 0\.5 > 0\.45, the cap of money"
    ) as found:
        index(panel, {"fixed": {"bitcoin": 0.4, "solana": 0.1}, "group_cap": {"limits": {"money": 0.45}}})
    assert not isinstance(found.value, CapInfeasibleError)
    # A group without a cap is free.
    free = index(panel, {"fixed": {"bitcoin": 0.4, "solana": 0.1}, "group_cap": {"limits": {"platform": 0.5}}})
    assert held(free) == pytest.approx([0.4, 0.5, 0.1], abs=1e-15)


def test_a_stated_asset_that_departs_between_determination_and_change_leaves_its_weight_to_all() -> None:
    gone = {"time": START + timedelta(days=29), "kind": "delisting", "asset": "bitcoin"}
    prices = {"bitcoin": [1.0] * 29 + [NAN] * 31}
    rebalance = {"every": "month", "determine": "5d"}
    result = index(market(SIZES, 60, [gone], prices), {**STATED, "cap": 0.2}, rebalance=rebalance)
    left = [weight / 0.6 for weight in (0.25, 0.2, 0.1125, 0.0375)]
    assert held(result, "2020-02-01") == pytest.approx(left, abs=1e-14)
    # The next determination knows: 75% beside ether, of which 20% each are the cap, are too much for three.
    late = index(
        market(SIZES, 70, [gone], {"bitcoin": [1.0] * 29 + [NAN] * 41}), {**STATED, "cap": 0.3}, rebalance=rebalance
    )
    assert late.weights("2020-03-01") == pytest.approx(
        {"ethereum": 0.25, "solana": 0.3, "ripple": 0.3, "cardano": 0.15}, abs=1e-14
    )


def test_with_supplies_fixed_stated_weights_hold_without_who_departed() -> None:
    gone = {"time": START + timedelta(days=29), "kind": "delisting", "asset": "bitcoin"}
    panel = market(SIZES, 40, [gone], {"bitcoin": [1.0] * 29 + [NAN] * 11})
    rebalance = {"every": "month", "determine": "5d", "fix": "supply"}
    result = index(panel, {**STATED, "cap": 0.3}, rebalance=rebalance)
    # 75% beside ether: two at 30%.
    assert held(result, "2020-02-01") == pytest.approx([0.25, 0.3, 0.3, 0.15], abs=1e-14)


def test_a_stated_asset_that_migrates_is_another_asset_from_then_on() -> None:
    moved = {
        "time": START + timedelta(days=29),
        "kind": "migration",
        "asset": "solana",
        "new_asset": "sol2",
        "ratio": 2.0,
    }
    days = 70
    prices = {"solana": [1.0] * 29 + [NAN] * (days - 29), "sol2": [NAN] * 29 + [0.5] * (days - 29)}
    panel = market({**THREE, "sol2": 200.0}, days, [moved], prices)
    result = index(panel, {"fixed": {"solana": 0.5}}, rebalance={"every": "month", "determine": "5d"})
    # What was determined is carried through; the next determination knows no stated weight of sol2.
    assert result.weights("2020-02-01") == pytest.approx({"bitcoin": 1 / 3, "ethereum": 1 / 6, "sol2": 0.5}, abs=1e-14)
    assert result.weights("2020-03-01") == pytest.approx({"bitcoin": 0.6, "ethereum": 0.3, "sol2": 0.1}, abs=1e-14)


def test_a_version_changes_a_cap_to_stated_weights() -> None:
    change = {
        "from": "2020-02-01",
        "note": "weights are stated",
        "changes": {"weight": {"by": "market_cap", **STATED}},
    }
    result = index(market(SIZES, 40), {"cap": 0.3}, versions=[change])
    # Two at 30%; 40% as 60 : 30 : 10.
    assert held(result, "2020-01-31") == pytest.approx([0.3, 0.3, 0.24, 0.12, 0.04], abs=1e-14)
    assert held(result, "2020-02-01") == pytest.approx([0.4, 0.25, 0.21, 0.105, 0.035], abs=1e-14)
    assert result.level() == pytest.approx([100.0] * 40, rel=1e-13)


def test_a_stated_asset_without_weight_by_the_rule_has_units_by_its_weight() -> None:
    times = [START + timedelta(days=n) for n in range(3)]
    float_ = pl.DataFrame({"time": times, "bitcoin": [0.0] * 3, "ethereum": [1.0] * 3, "solana": [1.0] * 3})
    # The others' 400 units have a factor of 0.8 and are worth 320: 80% of what 80 more make; with weights, 320 is all.
    for fix, worth in (("units", 400.0), ("weights", 320.0)):
        result = index(
            market(THREE, 3, free_float=float_),
            {"by": "free_float_market_cap", "fixed": {"bitcoin": 0.2}},
            rebalance={"every": "month", "determine": "0d", "fix": fix},
        )
        assert result.weights() == pytest.approx({"bitcoin": 0.2, "ethereum": 0.6, "solana": 0.2}, abs=1e-14)
        units = dict(zip(*result.compositions.select("asset", "units").to_dict(as_series=False).values(), strict=True))
        assert units == pytest.approx({asset: weight * worth for asset, weight in result.weights().items()}, rel=1e-13)


def test_a_stated_asset_without_weight_by_the_rule_has_its_weight_at_the_prices_that_count() -> None:
    # Bitcoin doubles between the determination and the change.
    prices = {"bitcoin": [1.0] * 29 + [2.0] * 11}
    times = [START + timedelta(days=n) for n in range(40)]
    float_ = pl.DataFrame({"time": times, "bitcoin": [0.0] * 40, "ethereum": [1.0] * 40, "solana": [1.0] * 40})
    panel = market(THREE, 40, prices=prices, free_float=float_)
    weight = {"by": "free_float_market_cap", "fixed": {"bitcoin": 0.2}}
    for fix, expected in (("weights", 0.2), ("supply", 0.2), ("units", 0.4 / 1.2)):
        result = index(panel, weight, rebalance={"every": "month", "determine": "5d", "fix": fix})
        assert held(result, "2020-02-01")[0] == pytest.approx(expected, abs=1e-14), fix


@pytest.mark.parametrize(
    ("weight", "steps"),
    [
        (
            {**STATED, "cap": 0.2, "floor": 0.04},
            {
                "bitcoin": "60% before caps, stated 40%",
                "ethereum": "30% before caps, stated 25%",
                "solana": "6% before caps, capped at 20%",
                "cardano": "1% before caps, raised to the floor 4%",
            },
        ),
        (
            {"cap": 0.25, "limits": {"bitcoin": {"min": 0.1, "max": 0.3}, "cardano": {"min": 0.2}}},
            {
                "bitcoin": "60% before caps, capped at its own 30%",
                "ethereum": "30% before caps, capped at 25%",
                "cardano": "1% before caps, raised to its own floor 20%",
            },
        ),
        # 50% is left of 90% for the others: ether would fall to 15%.
        (
            {"floor": 0.005, "limits": {"solana": {"min": 0.5}, "ethereum": {"min": 0.28}}},
            {
                "ethereum": "30% before caps, held at its own floor 28%",
                "solana": "6% before caps, raised to its own floor 50%",
                "cardano": "1% before caps, held at the floor 0.5%",
            },
        ),
        (
            {"group_cap": {"limits": {"money": 0.31}}},
            {
                "bitcoin": "60% before caps, with its group money held at 31%",
                "cardano": "1% before caps, with its group money held at 31%",
            },
        ),
        # One may be large: 60% are left, of which two get 20% and the others 15% and 5%.
        (
            {"concentration": {"single": 0.4, "over": 0.2, "total": 0.45}},
            {
                "bitcoin": "60% before caps, capped at 40%",
                "ethereum": "30% before caps, held at 20%, above which it would count as large",
                "solana": "6% before caps, held at 20%, above which it would count as large",
            },
        ),
        (
            {"concentration": {"single": 0.4, "over": 0.2, "total": 0.38}},
            {
                "bitcoin": "60% before caps, with all above 20% held at 38%",
                "ethereum": "30% before caps, held at 20%, above which it would count as large",
                "solana": "6% before caps, held at 20%, above which it would count as large",
            },
        ),
        # Bitcoin is large and free: 75% as 60 : 6 : 3 : 1.
        (
            {"concentration": {"single": 0.65, "over": 0.25, "total": 0.65}},
            {"ethereum": "30% before caps, held at 25%, above which it would count as large"},
        ),
        ({"cap": 0.6, "floor": 0.01}, {}),
    ],
)
def test_the_explanation_says_which_limit_a_weight_is_at(weight: dict[str, Any], steps: dict[str, str]) -> None:
    groups = sectors(bitcoin="money", cardano="money")
    result = index(market(SIZES, classifications=groups), weight)
    told = {entry.asset: entry.steps[-1] for entry in explain_index(result, "2020-01-10").assets}
    assert {asset: step for asset, step in told.items() if step.startswith("weight: ")} == {
        asset: f"weight: {words}" for asset, words in steps.items()
    }
