"""What goes on where a path is cut or a basket goes over into another, worked by hand. A day earns 0.1%."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.market.panel import Panel
from basketry.methodology.path import Carried, IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns.total import TotalReturnMemory

DAILY = 0.365
HUNDRED = Carried(1, np.array([0]), np.array([0]), np.array([100.0]))


def basket(start: int, prices: Sequence[Sequence[float]], units: Sequence[float], **more: Any) -> Segment:
    """Units worth 1000 index points at a value of 10."""
    block = np.array(prices)
    end = start + len(block) - 1
    return Segment(start, end, np.arange(block.shape[1]), np.array(units), block, divisor=0.01, **more)


def path_of(*segments: Segment, since: int = 0, yields: Sequence[float] = (DAILY,)) -> IndexPath:
    """The segments on daily rows from the day `since` on."""
    rows = segments[-1].end + 1
    levels = np.full(rows, 1000.0)
    for segment in segments:
        levels[segment.start + 1 : segment.end + 1] = segment.prices[1:] @ segment.units / segment.divisor
    times = np.datetime64("2022-01-01", "us") + (since + np.arange(rows)) * np.timedelta64(1, "D")
    shape = (rows, len(yields))
    panel = Panel(
        times, tuple("abcd"[: len(yields)]), {"price": np.ones(shape), "staking_yield": np.tile(yields, (rows, 1))}
    )
    return IndexPath(times, levels, segments, PanelKnown(panel, times))


def path_of_levels(*levels: float, since: int = 0) -> IndexPath:
    return path_of(basket(0, [[level / 100] for level in levels], [1.0]), since=since)


def test_a_redenomination_does_not_compound_income() -> None:
    path = path_of(basket(0, [[10.0]] * 3, [1.0], becomes=HUNDRED), basket(2, [[0.1]] * 3, [100.0], anew=False))
    levels = RETURNS.build("total", {"lag": "0d"}).level(path)
    assert levels == pytest.approx([1000.0, 1001.0, 1002.0, 1003.0, 1004.0], rel=1e-14)


def test_a_basket_struck_anew_compounds_income() -> None:
    path = path_of(basket(0, [[10.0]] * 3, [1.0]), basket(2, [[10.0]] * 3, [1.0]))
    levels = RETURNS.build("total", {"lag": "0d"}).level(path)
    assert levels == pytest.approx([1000.0, 1001.0, 1002.0, 1002 * 1.001, 1002 * 1.002], rel=1e-14)


@pytest.mark.parametrize(("anew", "last"), [(False, 1004.0), (True, 1002 * 1.002)])
def test_income_compounds_at_a_cut_only_where_the_basket_is_struck_there(anew: bool, last: float) -> None:
    rule = RETURNS.build("total", {"lag": "0d"})
    memory, _ = rule.extend(None, path_of(basket(0, [[10.0]] * 3, [1.0])))
    _, levels = rule.extend(memory, path_of(basket(0, [[10.0]] * 3, [1.0], anew=anew), since=2))
    assert levels[0] == pytest.approx(1002.0, rel=1e-14)
    assert levels[-1] == pytest.approx(last, rel=1e-14)


def test_grown_units_are_credited_a_fork_too() -> None:
    """Two days have grown 1 unit by 0.002, which are credited 0.001 of the new asset; it is worth 4 a day later."""
    fork = Carried(2, np.array([0, 0]), np.array([0, 1]), np.array([1.0, 0.5]))
    path = path_of(
        basket(0, [[10.0]] * 3, [1.0], becomes=fork),
        basket(2, [[10.0, 0.0], [10.0, 4.0]], [1.0, 0.5], anew=False),
        yields=(DAILY, np.nan),
    )
    levels = RETURNS.build("total", {"lag": "0d"}).level(path)
    assert levels == pytest.approx([1000.0, 1001.0, 1002.0, (10 * 1.003 + 4 * 0.501) * 100], rel=1e-14)


def test_income_that_waits_is_kept_across_a_cut_and_lost_where_the_basket_changes() -> None:
    rule = RETURNS.build("total", {"lag": "0d", "pause_before_rebalance": "36h"})
    memory, first = rule.extend(None, path_of(basket(0, [[10.0]] * 4, [1.0])))
    assert first == pytest.approx([1000.0, 1000.0, 1000.5, 1001.5], rel=1e-14)
    assert len(memory.waiting) == 2
    going_on = path_of(basket(0, [[10.0]] * 2, [1.0], anew=False), basket(1, [[10.0]] * 3, [1.0]), since=3)
    _, levels = rule.extend(memory, going_on)
    assert levels == pytest.approx([1001.5, 1002.5, 1002.5, 1002.5 * 1.0005], rel=1e-14)


def test_income_that_waits_is_redenominated() -> None:
    rule = RETURNS.build("total", {"lag": "0d", "pause_before_rebalance": "2d"})
    memory, _ = rule.extend(None, path_of(basket(0, [[10.0]] * 3, [1.0], becomes=HUNDRED)))
    _, levels = rule.extend(memory, path_of(basket(0, [[0.1]] * 3, [100.0], anew=False), since=2))
    assert levels == pytest.approx([1000.0, 1001.0, 1002.0], rel=1e-14)


@pytest.mark.parametrize("method", ["quantity", "rate"])
def test_a_frozen_member_earns_nothing(method: str) -> None:
    """Half of the value is held as cash, so a day earns 0.05%."""
    frozen = np.array([True, False])
    path = path_of(basket(0, [[5.0, 5.0]] * 2, [1.0, 1.0], frozen=frozen), yields=(DAILY, DAILY))
    levels = RETURNS.build("total", {"lag": "0d", "method": method}).level(path)
    assert levels == pytest.approx([1000.0, 1000.5], rel=1e-14)


def test_without_yields_the_total_return_is_the_price_return_until_there_are_some() -> None:
    rule = RETURNS.build("total", {"lag": "0d"})
    bare = path_of(basket(0, [[10.0], [12.0], [11.0]], [1.0]))
    assert isinstance(bare.known, PanelKnown)
    panel = replace(bare.known.panel, fields={"price": bare.known.panel.field("price")})
    memory, levels = rule.extend(None, replace(bare, known=PanelKnown(panel, bare.times)))
    assert memory is None
    assert levels.tolist() == bare.levels.tolist()
    earned, levels = rule.extend(memory, path_of_levels(1100.0, 1100.0, since=2))
    assert levels[-1] == pytest.approx(1000.0 * 1.1 * 1.001, rel=1e-14)
    # Yields that are gone again earn nothing, and what was earned stays.
    later = path_of_levels(1100.0, 2200.0, since=3)
    later = replace(later, segments=(replace(later.segments[0], anew=False),), known=PanelKnown(panel, later.times))
    _, levels = rule.extend(earned, later)
    assert levels[-1] == pytest.approx(2200.0 * 1.001, rel=1e-14)


def test_a_memory_of_another_basket_is_refused() -> None:
    rule = RETURNS.build("total", {"lag": "0d"})
    memory = TotalReturnMemory(1000.0, grown=(0.0, 0.0))
    with pytest.raises(DataError, match=r"total_return remembers a basket of 2 assets, and the index goes on with 1"):
        rule.extend(memory, path_of(basket(0, [[10.0]] * 2, [1.0], anew=False)))
    with pytest.raises(DataError, match="waiting income of another number of assets"):
        TotalReturnMemory(1000.0, grown=(0.0, 0.0), waiting=((0, (1.0,)),))


@pytest.mark.parametrize("amount", [{"points": 365}, {"percent": 0.999, "day_count": "act/360"}])
def test_a_decrement_of_zero_stays_zero_after_a_cut(amount: dict[str, Any]) -> None:
    """365 points a year are a point a day; a fall to nothing ends the other."""
    rule = RETURNS.build("decrement", amount)
    end = 3.0 if "points" in amount else 0.0
    memory, levels = rule.extend(None, path_of_levels(3.0, 3.0, 3.0, end))
    assert levels[-1] == 0.0
    assert levels[-2] > 0.0
    _, later = rule.extend(memory, path_of_levels(end, 300.0, 3000.0, since=3))
    assert later.tolist() == [0.0, 0.0, 0.0]


def test_a_decrement_goes_on_from_what_was_taken() -> None:
    """1000 less a point a day, doubled: (1000 - 2) x 2 - 1."""
    rule = RETURNS.build("decrement", {"points": 365})
    memory, levels = rule.extend(None, path_of_levels(1000.0, 1000.0, 1000.0))
    assert levels[-1] == pytest.approx(998.0, rel=1e-14)
    _, later = rule.extend(memory, path_of_levels(1000.0, 2000.0, since=2))
    assert later == pytest.approx([998.0, 1995.0], rel=1e-14)


def test_a_reset_exactly_at_the_barrier_holds_after_a_cut() -> None:
    """A fall by exactly 25% leaves 500 and resets; the next, by a third, is counted from there."""
    rule = RETURNS.build("leverage", {"factor": 2, "intraday_reset": 0.25, "reset": "30d"})
    memory, levels = rule.extend(None, path_of_levels(1000.0, 750.0))
    assert levels.tolist() == [1000.0, 500.0]
    assert (memory.anchor, memory.start, memory.paid) == (500.0, 750.0, 0.0)
    _, later = rule.extend(memory, path_of_levels(750.0, 500.0, 600.0, since=1))
    assert later == pytest.approx([500.0, 500 / 3, 500 / 3 * 1.4], rel=1e-12)


def test_a_regular_reset_is_counted_from_the_base_and_not_from_a_cut() -> None:
    """Resets every second day: after a cut on the first day the next comes a day later."""
    rule = RETURNS.build("leverage", {"factor": 2, "reset": "2d"})
    memory, _ = rule.extend(None, path_of_levels(1000.0, 1100.0))
    _, levels = rule.extend(memory, path_of_levels(1100.0, 1210.0, 1331.0, since=1))
    assert levels == pytest.approx([1200.0, 1420.0, 1420.0 * 1.2], rel=1e-14)
