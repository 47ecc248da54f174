"""Every kind of corporate event with what reads an index: attribution, trades, and a portfolio that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tests.index.meetings import ABSURD, GAP, GROUPS, KINDS, Case, after, each, market, rules

from basketry.evaluation.attribution import basket_path
from basketry.evaluation.baskets import trades_of
from basketry.index.calculate import calculate_index
from basketry.tracking.costs import TradingCosts
from basketry.tracking.policies import POLICIES
from basketry.tracking.run import follow
from basketry.tracking.target import Target


@dataclass(frozen=True)
class Reading:
    """What is read of a case.

    Attributes:
        case: Prices and levels.
        weights: Of a, at the start of each step.
        earned: By the basket over each step, as the sum of weight times return.
        last: Weights at the end; x stands for what it became.
        traded: Of the index at the event, both ways.
        unpriced: Days on which x cannot be traded while it is held.
    """

    case: Case
    weights: tuple[float, ...]
    earned: tuple[float, ...]
    last: dict[str, float]
    traded: float = 0.0
    unpriced: tuple[int, ...] = ()


STAYS = [10.0] * 5
READINGS = {
    # 50 and 100 of 150; x gains a half, so that it is 150 of 200.
    "converts": Reading(
        Case(STAYS, [10, 20, 20, 30, 30], 2, each(100, 150, 150, 200, 200)),
        (1 / 2, 1 / 3, 1 / 3, 1 / 4), (1 / 2, 0, 1 / 3, 0), {"a": 1 / 4, "x": 3 / 4},
    ),
    # A unit of 20 becomes one of 18 and half of 4; 5 units gain 10 each.
    "credits": Reading(
        Case(STAYS, [10, 20, 18, 28, 28], 2, each(100, 150, 150, 200, 200), [4.0] * 3),
        (1 / 2, 1 / 3, 1 / 3, 1 / 4), (1 / 2, 0, 1 / 3, 0), {"a": 50 / 200, "x": 140 / 200, "fork": 10 / 200},
    ),
    # Two thirds are sold for a, which doubles.
    "delisting": Reading(
        Case([10, 10, 10, 10, 20], [10, 20, 20, GAP, GAP], 2, each(100, 150, 150, 150, 300)),
        (1 / 2, 1 / 3, 1, 1), (1 / 2, 0, 0, 1), {"a": 1.0}, traded=4 / 3,
    ),
    "halt": Reading(
        Case(STAYS, [10, 20, ABSURD, 30, 30], 2, each(100, 150, 150, 200, 200), until=3),
        (1 / 2, 1 / 3, 1 / 3, 1 / 4), (1 / 2, 0, 1 / 3, 0), {"a": 1 / 4, "x": 3 / 4}, unpriced=(2,),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_reads_an_index_goes_through_an_event(kind: str) -> None:
    reading = next(found for group, found in READINGS.items() if kind in GROUPS.get(group, (group,)))
    index = calculate_index(rules(), market(kind, reading.case))
    levels = list(reading.case.levels.values())
    assert index.level() == pytest.approx(levels, rel=1e-12)

    path = basket_path(index)
    assert path.weights[:, path.assets.index("a")] == pytest.approx(reading.weights, rel=1e-12)
    assert (path.weights * path.returns).sum(axis=1) == pytest.approx(reading.earned, rel=1e-12, abs=1e-15)
    assert np.abs(trades_of(index).changes).sum() == pytest.approx(reading.traded, rel=1e-12)

    target = Target.from_index(index)
    last = {asset: weight for asset, weight in zip(target.assets, target.weights[-1].tolist(), strict=True) if weight}
    right = {after(kind) if asset == "x" else asset: weight for asset, weight in reading.last.items()}
    assert last == pytest.approx(right, rel=1e-12)
    mine = [place for place, asset in enumerate(target.assets) if asset not in ("a", "fork")]
    days = reading.case.day + 1 if kind == "delisting" else len(levels)
    assert [day for day in range(days) if np.isnan(target.prices[day, mine]).all()] == list(reading.unpriced)
    if after(kind) == "x":
        # A portfolio is not given the units of another id; it would have to sell what has no price any more.
        followed = follow(target, POLICIES.build("with_index", None), TradingCosts(), value=1000.0)
        assert followed.level / followed.level[0] == pytest.approx(np.array(levels) / 100, rel=1e-12)
