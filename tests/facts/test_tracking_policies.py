"""Published results on trading under costs: no-trade bands, edges against targets, impact."""

import numpy as np
import pytest

from basketry.tracking.costs import TradingCosts
from basketry.tracking.figures import return_differences
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import TrackingResult, follow
from basketry.tracking.target import Target

STEPS = 400_000
COST = 0.001


@pytest.fixture(scope="module")
def walk() -> Target:
    """Two assets at half each whose ratio is a random walk of small steps: the setting of the asymptotic results."""
    rng = np.random.default_rng(11)
    moves = np.concatenate([[0.0], rng.normal(0, 0.002, STEPS - 1)])
    price = np.exp(np.cumsum(moves))
    times = np.datetime64("2020-01-01T00:00") + np.arange(STEPS) * np.timedelta64(1, "h")
    return Target.from_arrays(times, ["a", "b"], np.stack([price, 1 / price], axis=1), np.full((STEPS, 2), 0.5))


def measures(result: TrackingResult) -> tuple[float, float]:
    """Mean square deviation of the weight of a, and half of what is traded, a step."""
    drifted = result.weights[:, 0] - 0.5
    turnover = np.abs(result.trades).sum(axis=1) / result.log[:, 1]
    return float((drifted**2).mean()), float(turnover.mean() / 2)


# A weight of one half moves by half the log ratio's quarter: d(w) = w(1-w) d(log ratio), whose step is 2 · 0.002.
VARIANCE = (0.25 * 2 * 0.002) ** 2


def run(target: Target, name: str, value: object, cost: float = COST) -> TrackingResult:
    return follow(target, POLICIES.build(name, value), TradingCosts(linear=cost), value=1e6)


@pytest.mark.parametrize("half", [0.015, 0.02])
def test_reflection_at_the_edges(walk: Target, half: float) -> None:
    """Between reflecting edges ±b the deviation is uniform: b²/3; σ²/2b is pushed back (Harrison 1985)."""
    square, traded = measures(run(walk, "bands", {"absolute": half}))
    assert square == pytest.approx(half**2 / 3, rel=0.12)
    assert traded == pytest.approx(VARIANCE / (2 * half), rel=0.12)


@pytest.mark.parametrize("half", [0.015, 0.02])
def test_a_return_to_the_target_trades_twice_as_much(walk: Target, half: float) -> None:
    """For one band, going back to the target trades σ²/b, twice the edge, and halves the squares to b²/6."""
    square, traded = measures(run(walk, "bands", {"absolute": half, "to": "target"}))
    assert traded == pytest.approx(VARIANCE / half, rel=0.12)
    assert square == pytest.approx(half**2 / 6, rel=0.15)
    _, edge = measures(run(walk, "bands", {"absolute": half}))
    assert edge / traded == pytest.approx(0.5, abs=0.06)


def test_edges_halve_the_turnover_of_a_calendar(walk: Target) -> None:
    """At equal tracking accuracy the optimal strategy reduces turnover by almost 50% (Leland 1999, abstract).

    For a random walk it is 1 - √π/(2·√3), 48.8%: a calendar of P steps has squares σ²P/2 and trades σ√(2/πP).
    """
    every = 400
    square, calendar = measures(run(walk, "calendar", f"{every}h"))
    half = np.sqrt(3 * VARIANCE * every / 2)
    _, edge = measures(run(walk, "bands", {"absolute": float(half)}))
    assert square == pytest.approx(VARIANCE * every / 2, rel=0.12)
    assert 1 - edge / calendar == pytest.approx(1 - np.sqrt(np.pi) / (2 * np.sqrt(3)), abs=0.06)


def test_the_best_band_grows_with_the_cube_root_of_cost(walk: Target) -> None:
    """The least cost plus risk is at b³ = 3cσ²/4A: eight times the cost, twice the band.

    Rogers (2004), Why is the effect of proportional transaction costs O(δ^(2/3))?; Whalley and Wilmott (1997).
    """
    price = 1e-4
    widths = np.geomspace(0.007, 0.1, 21)
    squares, traded = np.array([measures(run(walk, "bands", {"absolute": float(width)})) for width in widths]).T
    best = {}
    for cost in (COST, 8 * COST):
        charge = price * squares + cost * traded
        nearby = np.abs(np.log(widths / widths[charge.argmin()])) < 0.55
        fit = np.polyfit(np.log(widths[nearby]), charge[nearby], 2)
        best[cost] = float(np.exp(-fit[1] / (2 * fit[0])))
        assert best[cost] == pytest.approx((3 * cost * VARIANCE / (4 * price)) ** (1 / 3), rel=0.15)
    assert best[8 * COST] / best[COST] == pytest.approx(2.0, rel=0.15)


def test_the_loss_from_costs_grows_with_their_two_thirds_power(walk: Target) -> None:
    """At the best band, cost and risk together are of the order cost^(2/3) (Rogers 2004; Shreve and Soner 1994)."""
    price = 1e-4
    charges = []
    for cost in (COST, 8 * COST):
        half = (3 * cost * VARIANCE / (4 * price)) ** (1 / 3)
        square, traded = measures(run(walk, "bands", {"absolute": float(half)}))
        charges.append(price * square + cost * traded)
    assert charges[1] / charges[0] == pytest.approx(4.0, rel=0.12)


def test_cost_aware_trades_have_a_no_trade_region(walk: Target) -> None:
    """Under costs in proportion nothing is traded inside a region, outside only to its edge (Davis, Norman 1990)."""
    result = run(walk.first_rows(4000), "cost_aware", {"aversion": 3000.0, "window": 200}, 0.0005)
    traded = result.trades[:, 0] != 0
    assert 0.02 < traded.mean() < 0.6
    # It is entered at once and held: after a trade the weight lies on the edge, which moves with the variance only.
    rows = np.flatnonzero(traded)[20:]
    edges = np.abs(result.weights[rows, 0] - 0.5)
    assert edges.std() / edges.mean() < 0.35
    assert not return_differences(walk, run(walk, "calendar", "1h", 0.0).level)[1:].max() > 1e-13


def test_square_root_impact() -> None:
    """An order of 1% of the daily volume at 4% volatility pays 4% · √0.01 = 40 bp (Tóth et al. 2011, Y = 1)."""
    rows = 40
    times = np.datetime64("2024-01-01") + np.arange(rows)
    signs = np.where(np.arange(rows) % 2, 0.04, 0.0)
    prices = np.exp(np.stack([signs, signs], axis=1))
    target = Target.from_arrays(times, ["a", "b"], prices, np.full((rows, 2), 0.5))
    costs = TradingCosts.from_volumes(target, np.full((rows, 2), 1e8), half_spread=0.0, fee=0.0)
    order = np.zeros((rows, 2))
    order[-1, 0] = 1e6
    assert costs.of(order)[-1, 0] / 1e6 == pytest.approx(0.004, rel=1e-9)
    order[-1, 0] = 4e6
    assert costs.of(order)[-1, 0] / 4e6 == pytest.approx(0.008, rel=1e-9)
