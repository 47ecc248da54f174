"""Books under everything at once: halts, limits, lots, gas, flows, fees, newcomers and leavers."""

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target

ROWS = 80
POLICY = [
    ("calendar", "3d"),
    ("with_index", None),
    ("bands", 0.1),
    ("bands", {"absolute": 0.02, "to": "target"}),
    ("tracking_error_budget", 0.01),
    ("cost_aware", 100.0),
    ("cost_aware", {"aversion": 50.0, "horizon": 3}),
    ("in_kind", None),
    ("flow_driven", 0.2),
    ("auction", 0.01),
]


def troubled(rng: np.random.Generator) -> tuple[Target, TradingCosts, Floats]:
    assets = int(rng.integers(1, 9))
    prices = np.exp(np.cumsum(rng.normal(0, 0.08, (ROWS, assets)), axis=0))
    weights = rng.dirichlet(np.full(assets, 0.5), ROWS)
    weights[rng.random((ROWS, assets)) < 0.2] = 0
    weights[:, 0] += 1e-6
    halted = rng.random((ROWS, assets)) < 0.1
    halted[0] = False
    prices[halted] = np.nan
    times = np.datetime64("2020-01-01") + np.arange(ROWS)
    names = [f"a{number}" for number in range(assets)]
    target = Target.from_arrays(times, names, prices, weights / weights.sum(axis=1, keepdims=True))
    costs = TradingCosts(
        linear=float(rng.choice([0, 0.001, 0.05])),
        impact=float(rng.choice([0, 1e-5])),
        gas=float(rng.choice([0, 5])),
        minimum=float(rng.choice([0, 100])),
        largest=float(rng.choice([np.inf, 5e3])),
        lot=float(rng.choice([0, 10])),
    )
    flows = np.where(rng.random(ROWS) < 0.1, rng.normal(0, 2e4, ROWS), 0.0) * rng.choice([0, 1])
    return target, costs, flows


@pytest.mark.parametrize("seed", range(12))
def test_books_balance_and_attribution_adds_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    target, costs, flows = troubled(rng)
    buffer = float(rng.choice([0, 0.03]))
    refused = 0
    for name, value in POLICY:
        policy = POLICIES.build(name, value)
        try:
            result = follow(target, policy, costs, value=1e5, flows=flows, fee=0.02, cash_buffer=buffer)
        except DataError:
            refused += 1
            continue
        table = result.levels
        cash = table["cash"].to_numpy()
        growth = target.marks[1:] / target.marks[:-1]
        spent = table.select("cost_linear", "cost_impact", "gas", "fee").to_numpy().sum(axis=1)
        expected = (result.holdings[:-1] * growth).sum(axis=1) + cash[:-1] + flows[1:] - spent[1:]
        np.testing.assert_allclose(table["value"].to_numpy()[1:], expected, rtol=1e-11)
        assert (cash >= 0).all()
        assert (result.holdings >= -1e-9).all()
        assert (result.trades[np.isnan(target.prices)] == 0).all()
        parts = result.attribution().table
        for column in ("difference", "yearly", "tracking_error"):
            figures = parts[column].to_list()
            assert abs(sum(figures[:-1]) - figures[-1]) < 1e-11
            assert costs.lot or abs(figures[6]) < 1e-11 * max(1.0, result.index.max())
    # Only redemptions can be refused.
    assert refused == 0 or (flows < 0).any()
