"""What the guard refuses and corrects, at the edges of its factors and in both directions."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from basketry.index.guard import Verdict, examine, without
from basketry.market.panel import Panel
from basketry.methodology.sections import Guard

OFF: dict[str, Any] = {"supply_change": None, "price_jump": None, "min_turnover": None}


def panel(**fields: list[list[float]]) -> Panel:
    """A daily panel whose last row is given last; a field of one row holds on all days."""
    rows = max(map(len, fields.values()))
    arrays = {name: np.array(values * (rows if len(values) == 1 else 1)) for name, values in fields.items()}
    columns = next(iter(arrays.values())).shape[1]
    arrays.setdefault("price", np.ones((rows, columns)))
    times = np.datetime64("2021-02-01", "us") - np.arange(rows)[::-1] * np.timedelta64(1, "D")
    return Panel(times, tuple("abcdef"[:columns]), arrays)


def judged(view: Panel, columns: list[int] | None = None, carry: int = 3, **section: Any) -> Verdict:
    chosen = np.arange(len(view.assets)) if columns is None else np.array(columns)
    return examine(view, Guard(**{**OFF, **section}), chosen, carry=timedelta(days=carry))


def test_a_price_above_the_factor_times_its_median_is_refused_and_a_fall_is_believed() -> None:
    # The median of five days is 1 for all; 20 is not more than 20 times that.
    view = panel(price=[[1.0, 1.0, 1.0]] * 4 + [[20.1, 20.0, 0.001]])
    verdict = judged(view, price_jump=20)
    assert dict(verdict.refused) == {0: "price 20.1 is more than 20 times its median 1 of 7 days"}
    assert not verdict.frozen
    assert verdict
    assert not judged(view, price_jump=20, columns=[1, 2])
    assert not judged(view)


def test_a_price_is_judged_as_long_as_it_makes_a_candidate() -> None:
    # The last price, four days old, is 30 times the median of 1, 1 and 30; the supply of 30 would count with it.
    unknown = float("nan")
    prices = [[1.0]] * 6 + [[30.0]] + [[unknown]] * 4
    view = panel(price=prices, supply=[[10.0]] * 10 + [[30.0]], market_cap=[[10.0]] * 10 + [[900.0]])
    assert dict(judged(view, carry=5, price_jump=20).refused) == {
        0: "price 30 is more than 20 times its median 1 of 7 days"
    }
    assert not judged(view, carry=3, price_jump=20)
    # Asked by an index that carries prices shorter, the panel does not answer with what it found for a longer one.
    assert judged(view, carry=4, price_jump=20)
    assert judged(view, carry=5, supply_change=2).frozen[0][0] == 30.0 * 10.0


def test_the_median_of_the_price_is_over_its_own_window() -> None:
    view = panel(price=[[1.0]] * 5 + [[30.0]] * 3)
    assert list(judged(view, price_jump=20).refused) == [0]  # of seven days four are at 1
    assert not judged(view, price_jump=20, price_window=timedelta(days=4))


@pytest.mark.parametrize(("supply", "found"), [(15.0, False), (15.1, True), (6.7, False), (6.6, True), (10.0, False)])
def test_a_supply_off_by_more_than_a_step_either_way_counts_as_before(supply: float, found: bool) -> None:
    view = panel(price=[[2.0]], supply=[[10.0]] * 9 + [[supply]], market_cap=[[20.0]] * 9 + [[2.0 * supply]])
    verdict = judged(view, supply_change=2)
    assert set(verdict.frozen) == ({0} if found else set())
    if found:
        value, reason = verdict.frozen[0]
        assert value == 20.0  # the price of 2 times the supply of 10 believed before
        assert reason.startswith(f"supply {supply:g} is {supply / 10:.3g} times the 10 believed before it jumped; ")
    assert not verdict.refused


def test_turnover_is_judged_by_the_corrected_capitalisation() -> None:
    # Volume 4 of a capitalisation of 20 that a wrong supply blows up to 20,000: 0.2, not 0.0002.
    supply, cap = [[10.0]] * 9 + [[10_000.0]], [[20.0]] * 9 + [[20_000.0]]
    view = panel(price=[[2.0]], supply=supply, market_cap=cap, volume=[[4.0]])
    both = judged(view, supply_change=2, min_turnover=0.1)
    assert (dict(both.refused), list(both.frozen)) == ({}, [0])
    alone = judged(view, min_turnover=0.1)
    assert dict(alone.refused) == {0: "median daily volume is 0.0002 of its capitalisation 2e+04, below 0.1"}


def test_turnover_at_the_least_share_passes() -> None:
    view = panel(market_cap=[[100.0, 100.0, 100.0]], volume=[[9.0, 10.0, 11.0]])
    assert list(judged(view, min_turnover=0.1).refused) == [0]
    assert list(judged(view, min_turnover=0.1, columns=[1, 2]).refused) == []
    by_median = panel(market_cap=[[100.0]], volume=[[1.0], [500.0], [1.0]])
    assert list(judged(by_median, min_turnover=0.1).refused) == [0]


def test_without_capitalisations_only_prices_are_judged() -> None:
    view = panel(price=[[1.0]] * 4 + [[30.0]], volume=[[0.0]], supply=[[1.0]] * 4 + [[100.0]])
    assert list(judged(view, price_jump=20, supply_change=2, min_turnover=0.5).refused) == [0]


def test_refused_columns_are_switched_off_in_a_copy() -> None:
    mask = np.array([True, True, False])
    assert without(mask, {}) is mask
    assert without(mask, {0: "x", 2: "y"}).tolist() == [False, True, False]
    assert mask.tolist() == [True, True, False]
