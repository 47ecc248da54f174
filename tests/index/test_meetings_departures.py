"""Several members that leave at one instant, by events and for want of a price, by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from tests.index.meetings import GAP, START, rules

from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel

DAYS = 12


def delisted(asset: str, removal: str, day: int = 5) -> dict[str, Any]:
    return {"time": START + timedelta(days=day), "asset": asset, "kind": "delisting", "removal": removal}


def halted(asset: str, first: int, last: int) -> dict[str, Any]:
    days = {"time": START + timedelta(days=first), "until": START + timedelta(days=last)}
    return {**days, "asset": asset, "kind": "halt", "removal": None}


def index(given: dict[str, dict[int, float]], events: list[dict[str, Any]], **more: Any) -> IndexResult:
    """Return an index of equal weights at the price of each asset that was given last."""
    prices = {
        asset: [path[max(first for first in path if first <= day)] for day in range(DAYS)]
        for asset, path in given.items()
    }
    table = pl.DataFrame(events).with_columns(pl.col("time").dt.replace_time_zone("UTC"), ratio=1.0)
    if "until" in table.columns:
        table = table.with_columns(pl.col("until").dt.replace_time_zone("UTC"))
    times = [START + timedelta(days=day) for day in range(DAYS)]
    panel = Panel.from_frames(price=pl.DataFrame({"time": times, **prices}), events=table)
    return calculate_index(rules(**{"select": {"by": "price", "all": {}}, **more}), panel)


def missing(then: str) -> dict[str, Any]:
    return {"missing": {"carry_forward": "2d", "then": then}}


@pytest.mark.parametrize(
    ("removal", "then", "after", "returned"),
    [
        # b goes at zero, and x stays, 5 units of 10, as nobody else does; of 20 on day 8.
        ("remove_at_zero", "remove_at_zero", 50.0, 100.0),
        ("remove_at_zero", "remove_at_last_price", 50.0, 100.0),
        ("remove_at_zero", "to_cash", 50.0, 100.0),
        # The divisor takes up what b was worth: x is all of the index.
        ("remove_at_last_price", "remove_at_zero", 100.0, 200.0),
        ("remove_at_last_price", "remove_at_last_price", 100.0, 200.0),
        ("remove_at_last_price", "to_cash", 100.0, 200.0),
        # b is worth 50 for ever.
        ("to_cash", "remove_at_zero", 100.0, 150.0),
        ("to_cash", "to_cash", 100.0, 150.0),
    ],
)
@pytest.mark.parametrize("lacking", ["a", "x"])
def test_one_is_too_old_where_the_last_other_departs(
    removal: str, then: str, after: float, returned: float, lacking: str
) -> None:
    given = {"b": {0: 10.0}, lacking: {0: 10.0, 3: GAP, 8: 20.0}}
    found = index(given, [delisted("b", removal)], **missing(then))
    level = found.level()
    assert [level[day] for day in (4, 5, 7, 8, 11)] == pytest.approx([100.0, after, after, returned, returned])
    assert found.events.filter(pl.col("asset") == lacking).is_empty(), "and nothing is said of one who stays"


@pytest.mark.parametrize("zero", ["a", "b"])
@pytest.mark.parametrize("other", ["remove_at_last_price", "to_cash"])
def test_who_leaves_at_zero_goes_first_whatever_its_name(zero: str, other: str) -> None:
    kept = {"a": "b", "b": "a"}[zero]
    found = index({"a": {0: 10.0}, "b": {0: 10.0}}, [delisted(zero, "remove_at_zero"), delisted(kept, other)])
    assert found.level()[4:7].tolist() == pytest.approx([100.0, 50.0, 50.0])
    treatments = dict(found.events.select("asset", "treatment").iter_rows())
    assert treatments == {zero: "removed at zero", kept: "kept, as nothing else of worth is held"}


def test_shares_that_are_lost_at_one_instant_are_all_of_the_index_before() -> None:
    given = {"b": {0: 10.0}, "c": {0: 10.0}, "x": {0: 10.0, 3: GAP}, "y": {0: 10.0, 3: GAP}}
    found = index(given, [delisted("b", "remove_at_zero")], **missing("remove_at_zero"))
    assert found.level()[4:7].tolist() == pytest.approx([100.0, 25.0, 25.0])
    reason = found.levels["reason"][5]
    assert [reason.count(f"{asset} removed at zero") for asset in "bxy"] == [1, 1, 1]
    assert reason.count("25.0000% of the index") == 3
    words = found.events.filter(pl.col("kind") == "missing_price")["evidence"].to_list()
    assert [text.endswith("last price 10 at weight 25.0000%") for text in words] == [True, True]
    assert "counted as nothing: 25.0000% of the index" in found.events.filter(pl.col("asset") == "b")["evidence"][0]


def test_a_halt_that_begins_where_its_asset_leaves_at_zero_tells_the_price_before() -> None:
    found = index({"a": {0: 10.0}, "b": {0: 10.0}}, [halted("b", 5, 8), delisted("b", "remove_at_zero")])
    halt = found.events.filter(pl.col("kind") == "halt")["evidence"].to_list()
    assert len(halt) == 1
    assert halt[0].endswith("last price 10.")


@pytest.mark.parametrize("removal", ["remove_at_last_price", "replace_by_next"])
def test_a_halt_of_who_comes_in_during_it_is_told_then(removal: str) -> None:
    # c, the best of those not selected, is halted from day 4 to 8; b is delisted on day 5.
    given = {"a": {0: 30.0}, "b": {0: 20.0}, "c": {0: 10.0}}
    top = {"by": "price", "top": 2}
    found = index(given, [delisted("b", removal), halted("c", 4, 8)], select=top, **missing("keep"))
    told = found.events.filter(pl.col("kind") == "halt").select("asset", pl.col("time").dt.day()).rows()
    assert told == ([("c", 6)] if removal == "replace_by_next" else [])
