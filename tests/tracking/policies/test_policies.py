"""What every rebalancing policy must keep."""

from typing import Any

import numpy as np
import pytest

from basketry.core.errors import DataError, MethodologyError, UnknownRuleError
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

CASES: list[tuple[str, Any]] = [
    ("calendar", "7d"),
    ("with_index", None),
    ("bands", 0.1),
    ("bands", {"relative": 0.1, "absolute": 0.01, "to": "target"}),
    ("tracking_error_budget", 0.01),
    ("tracking_error_budget", {"budget": 0.01, "restore": 0.0}),
    ("cost_aware", 100.0),
    ("cost_aware", {"aversion": 50.0, "horizon": 3}),
    ("in_kind", None),
    ("flow_driven", None),
    ("flow_driven", 0.3),
    ("auction", {"every": "7d", "chunk": 0.005, "cool_off": 2}),
]
COSTS = TradingCosts(linear=0.0015, impact=2e-6, gas=1.0, minimum=50.0, largest=4e4)


def flows(target: Target) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    money = np.zeros(len(target.times))
    money[10::20] = 3e4
    money[15::30] = -2e4
    return money


@pytest.mark.parametrize(("name", "value"), CASES)
def test_no_policy_trades_on_later_data(target: Target, name: str, value: Any) -> None:
    policy = POLICIES.build(name, value)
    money = flows(target)
    whole = follow(target, policy, COSTS, value=1e6, flows=money, fee=0.01, cash_buffer=0.01)
    for rows in (37, 90):
        part = follow(target.first_rows(rows), policy, COSTS, value=1e6, flows=money[:rows], fee=0.01, cash_buffer=0.01)
        np.testing.assert_array_equal(part.trades, whole.trades[:rows])
        np.testing.assert_array_equal(part.log, whole.log[:rows])


@pytest.mark.parametrize(("name", "value"), CASES)
def test_value_is_conserved(target: Target, name: str, value: Any) -> None:
    """What the portfolio has is what it had, grown, with flows, less costs and fees: step by step."""
    money = flows(target)
    result = follow(target, POLICIES.build(name, value), COSTS, value=1e6, flows=money, fee=0.02, cash_buffer=0.01)
    table = result.levels
    growth = target.prices[1:] / target.prices[:-1]
    before = (result.holdings[:-1] * growth).sum(axis=1) + table["cash"].to_numpy()[:-1]
    spent = sum(table[part].to_numpy() for part in ("cost_linear", "cost_impact", "gas", "fee"))
    expected = before + money[1:] - np.asarray(spent)[1:]
    np.testing.assert_allclose(table["value"].to_numpy()[1:], expected, rtol=1e-12)
    np.testing.assert_allclose(result.holdings.sum(axis=1) + table["cash"].to_numpy(), table["value"], rtol=1e-14)
    assert (table["cash"].to_numpy() >= 0).all()
    assert (result.holdings >= 0).all()
    assert abs(result.orders["cost"].sum() - table.select("cost_linear", "cost_impact", "gas").to_numpy().sum()) < 1e-6
    assert np.abs(result.trades).max(initial=0.0) <= 4e4 * (1 + 1e-12)
    # Only to pay a redemption is less than the smallest trade sold.
    made = np.abs(result.trades[money >= 0])
    assert ((made == 0) | (made >= 50 - 1e-9)).all()


@pytest.mark.parametrize(("name", "value"), CASES)
def test_attribution_adds_up(target: Target, name: str, value: Any) -> None:
    earning = Target.from_arrays(
        target.times, target.assets, target.prices, target.weights, past=target.past,
        yields=np.full(target.prices.shape, 0.04),
    )  # fmt: skip
    aims = np.where(np.arange(8) < 6, earning.weights, 0.0)
    sampled = earning.sampled(aims / aims.sum(axis=1, keepdims=True))
    result = follow(
        sampled, POLICIES.build(name, value), COSTS, value=1e6, flows=flows(target), fee=0.02, cash_buffer=0.02
    )
    found = result.attribution()
    for column in ("difference", "yearly", "tracking_error"):
        figures = found.table[column].to_list()
        assert abs(sum(figures[:-1]) - figures[-1]) < 1e-12, column
        assert abs(found.part("rounding", column)) < 1e-12, column
    assert found.part("whole") == pytest.approx(result.level[-1] - result.index[-1], abs=1e-15)
    assert found.part("whole", "tracking_error") == pytest.approx(result.figures(draws=0).tracking_error, rel=1e-12)
    assert found.part("yield", "yearly") == pytest.approx(0.04 * 0.98, rel=0.05)
    assert found.part("fees", "yearly") == pytest.approx(-0.02, rel=1e-2)
    assert (found.part("trading_cost") < 0) == (len(result.orders) > 0)


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_policy_says_itself(name: str, value: Any) -> None:
    policy = POLICIES.build(name, value)
    assert policy.words().endswith(".")
    assert policy.formula
    assert policy.source
    assert policy.label().startswith(name)
    assert POLICIES.build(name, policy.entry()) == policy


@pytest.mark.parametrize("name", ["calendar", "with_index", "bands", "cost_aware"])
def test_a_closer_look_costs_more(target: Target, name: str) -> None:
    """Twice the costs are never lower for the same trades, and policies without cost in them trade the same."""
    policy = POLICIES.build(name, {"bands": 0.1, "calendar": "7d", "cost_aware": 100.0}.get(name))
    costs = TradingCosts(linear=0.001, impact=1e-6)
    result = follow(target, policy, costs, value=1e6)
    assert (costs.scaled(2).of(result.trades) >= costs.of(result.trades)).all()
    assert costs.scaled(2).of(result.trades).sum() == pytest.approx(2 * costs.of(result.trades).sum())
    twice = follow(target, policy, costs.scaled(2), value=1e6)
    if name == "cost_aware":
        assert twice.figures(draws=0).turnover < result.figures(draws=0).turnover
    else:
        assert twice.figures(draws=0).cost > 1.9 * result.figures(draws=0).cost


def test_all_policies_are_covered() -> None:
    assert {name for name, _ in CASES} == set(POLICIES.rules)


def test_wrong_parameters_are_told() -> None:
    with pytest.raises(UnknownRuleError, match="did you mean 'bands'"):
        POLICIES.get("band")
    with pytest.raises(MethodologyError, match="state a width"):
        POLICIES.build("bands", {})
    with pytest.raises(MethodologyError, match="must be above 0"):
        POLICIES.build("cost_aware", -1)
    with pytest.raises(MethodologyError, match="unknown parameter"):
        POLICIES.build("calendar", {"evry": "7d"})


def test_in_kind_flows_cost_nothing_and_lead_towards_the_target(target: Target) -> None:
    money = np.zeros(len(target.times))
    money[60] = 1e6
    still = follow(target, POLICIES.build("in_kind", None), COSTS, value=1e6)
    result = follow(target, POLICIES.build("in_kind", None), COSTS, value=1e6, flows=money)
    assert len(result.orders) == 0
    away = np.abs(result.weights[60] - target.weights[60]).sum()
    kept = still.log[60, 1] / (1e6 + still.log[60, 1])
    assert away == pytest.approx(np.abs(still.weights[60] - target.weights[60]).sum() * kept, rel=1e-9)
    with pytest.raises(DataError, match="cannot begin in cash"):
        follow(target, POLICIES.build("in_kind", None), COSTS, value=1e6, invested=False)


def test_flows_are_used_to_come_closer(target: Target) -> None:
    money = np.zeros(len(target.times))
    money[5::5] = 2e4
    money[8::10] = -2e4
    free = TradingCosts(linear=0.001)
    driven = follow(target, POLICIES.build("flow_driven", None), free, value=1e6, flows=money)
    plain = follow(target, POLICIES.build("flow_driven", None), free, value=1e6)
    assert driven.figures(draws=0).tracking_error < 0.6 * plain.figures(draws=0).tracking_error
    bought, sold = driven.trades > 0, driven.trades < 0
    assert not (bought.any(axis=1) & sold.any(axis=1)).any()


def test_an_auction_keeps_its_chunks_and_pauses(target: Target) -> None:
    policy = POLICIES.build("auction", {"every": "30d", "chunk": 0.002, "cool_off": 3})
    result = follow(target, policy, TradingCosts(), value=1e6)
    worth = result.levels["value"].to_numpy()
    assert (np.abs(result.trades) <= 0.002 * worth[:, None] * (1 + 1e-9)).all()
    for column in range(8):
        rows = np.flatnonzero(result.trades[:, column])
        assert (np.diff(rows) >= 3).all()
    assert (result.trades != 0).any(axis=1).sum() > 4
