"""Strikes at which nobody has units, steps of which everybody has left, and states under a later version."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index
from basketry.index.state import IndexState
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

NAN = float("nan")
START = datetime(2020, 1, 1)


def rules(**sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Weekly",
            "symbol": "WEEKLY",
            "base": {"date": "2020-01-06", "level": 100},
            "select": {"by": "price", "top": 2},
            "weight": {"by": "equal"},
            "rebalance": {"every": "week", "determine": "3d"},
            "missing": {"carry_forward": "1d"},
            **sections,
        }
    )


def market(prices: dict[str, list[float]], **others: Any) -> Panel:
    times = [START + timedelta(days=n) for n in range(len(next(iter(prices.values()))))]
    return Panel.from_frames(price=pl.DataFrame({"time": times, **prices}), **others)


@pytest.mark.parametrize("fix", ["weights", "units", "supply"])
@pytest.mark.parametrize(
    ("weight", "held"),
    # On 13 January a has had no price for too long and b has a supply of nothing. With what a floor or a statement gave
    # b, a leaves and b is all there is; without, a is all that is worth anything and stays.
    [({"floor": 0.2}, {"b": 1.0}), ({"fixed": {"b": 0.4}}, {"b": 1.0}), ({}, {"a": 1.0, "b": 0.0})],
)
def test_where_nobody_has_units_the_index_goes_on(fix: str, weight: dict[str, Any], held: dict[str, float]) -> None:
    gap = [10.0 if not 11 <= day <= 14 else NAN for day in range(30)]
    panel = market({"a": gap, "b": [9.0] * 30})
    caps = np.array([[100.0, 0.0]] * 30)
    panel = Panel(panel.times, panel.assets, {**panel.fields, "market_cap": caps})
    book = rules(weight={"by": "market_cap", **weight}, rebalance={"every": "week", "determine": "3d", "fix": fix})
    result = calculate_index(book, panel)
    # Prices that do not move leave the level where it was, whoever is held.
    assert result.level() == pytest.approx(np.full(len(result.times), 100.0), rel=1e-14)
    assert result.weights("2020-01-13") == held
    # With supplies that are worth nothing there is nothing to weight by: the change is not made.
    kept = fix == "supply" and bool(weight)
    assert ("no_prices" in result.events["kind"].to_list()) == kept


def test_a_step_of_which_everybody_has_left_holds_what_is_there() -> None:
    # b, alone, was given a c for each of its own and has no price from 15 to 21 January: it leaves into c on the 17th.
    prices = {"b": [10.0 if not 14 <= day <= 20 else NAN for day in range(30)], "c": [2.0] * 30}
    airdrop = {"time": datetime(2020, 1, 14), "kind": "airdrop", "asset": "b", "new_asset": "c", "ratio": 1.0}
    panel = market(prices, events=pl.DataFrame([airdrop]))
    book = rules(
        select={"by": "price", "top": 1},
        rebalance={"every": "week", "determine": "1d", "transition": {"steps": 2, "every": "4d"}},
        events={"airdrop": "credit"},
    )
    result = calculate_index(book, panel)
    level = result.level()
    # 10 of b and 2 of c for each b; c alone from then on, at a price that does not move.
    assert level[-1] == pytest.approx(120.0, rel=1e-14)
    assert (level > 0).all()
    assert result.weights("2020-01-18") == {"c": 1.0}


def test_a_state_is_refused_under_a_version_before_what_it_has_determined() -> None:
    panel = market({"a": [10.0] * 60, "b": [9.0] * 60})
    book = rules()
    # On Friday 31 January the change of Monday 3 February is determined.
    kept = calculate_index(book, panel, end="2020-01-31").state.to_bytes()

    def later(day: str) -> Methodology:
        version = {"from": day, "note": "monthly", "changes": {"rebalance": {"every": "month", "on": 15}}}
        return Methodology.load({**book.document, "versions": [version]})

    assert IndexState.from_bytes(kept, later("2020-02-04"), panel.assets).pending
    for day in ("2020-02-01", "2020-02-03"):
        with pytest.raises(DataError, match="which has determined a change for later, was made without it"):
            IndexState.from_bytes(kept, later(day), panel.assets)
