"""A panel as an index sees it, by hand: prices at instants, halts, events at their places and corrected."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from tests.index.test_figures import GAP, at, daily, rules

from basketry.index.calculate import calculate_index
from basketry.index.market import IndexMarket, without_halted
from basketry.index.state import Candidate, IndexState
from basketry.market.panel import Panel

FIRST = np.datetime64("2020-01-01", "us")
HOUR = 3_600_000_000
DAY = 24 * HOUR


def instants(*days: float) -> NDArray[np.datetime64]:
    return FIRST + np.array([int(day * DAY) for day in days]).astype("timedelta64[us]")


def stamp(day: float) -> int:
    return int(instants(day).astype(np.int64)[0])


def market(
    prices: dict[str, list[float]], *events: dict[str, Any], days: tuple[float, ...] | None = None
) -> IndexMarket:
    panel = daily(prices, *events)
    return IndexMarket.of(panel, panel.times if days is None else instants(*days))


def row(kind: str, day: int, asset: str, new: str | None = None, **more: Any) -> dict[str, Any]:
    """Return a row of the table of events; `known` is the day on which it was known."""
    known: datetime = at(more.pop("known", day))
    found: dict[str, Any] = {"time": at(day), "known_at": known, "kind": kind, "asset": asset, "new_asset": new}
    return {**found, "ratio": None, "until": None, "removal": None, **more}


def observed(held: IndexMarket, column: int, day: float, age: int = 9) -> tuple[float, float]:
    """Return the price observed and the day of it."""
    price, seen = held.observed(column, instants(day)[0], timedelta(days=age))
    return price, (seen - stamp(0)) / DAY


def placed(held: IndexMarket) -> list[tuple[int, str, float, float | None]]:
    """Return the position, asset and ratio of each event, and the day since which a correction corrects."""
    return [
        (
            entry.position,
            entry.event.asset,
            entry.event.ratio,
            None if entry.corrects_since is None else float((entry.corrects_since - FIRST) / np.timedelta64(1, "D")),
        )
        for entry in held.events
    ]


def test_prices_at_rows_are_those_of_the_rows() -> None:
    held = market({"a": [1.0, 2.0, 3.0, 4.0], "b": [10.0, 20.0, GAP, 40.0]}, days=(1, 2, 3))
    prices, seen = held.prices(0, 3, np.array([1, 0]))
    np.testing.assert_array_equal(prices, [[20.0, 2.0], [GAP, 3.0], [40.0, 4.0]])
    assert seen is None
    assert held.prices(1, 2, np.array([0]))[0].tolist() == [[3.0]]
    assert held.stamps.tolist() == [stamp(1), stamp(2), stamp(3)]


def test_prices_between_rows_are_the_last_since_the_instant_before() -> None:
    prices = {"a": [1.0, GAP, 3.0, 4.0], "b": [10.0, 20.0, GAP, 40.0]}
    found, seen = market(prices, days=(0.5, 2.5, 2.75, 3)).prices(0, 4, np.array([0, 1]))
    np.testing.assert_array_equal(found, [[1.0, 10.0], [3.0, 20.0], [GAP, GAP], [4.0, 40.0]])
    assert seen is not None
    assert seen.tolist() == [[stamp(0), stamp(0)], [stamp(2), stamp(1)], [0, 0], [stamp(3), stamp(3)]]
    # Instants that are rows, of which some are left out.
    skipping = market(prices, days=(0, 2))
    found, seen = skipping.prices(1, 2, np.array([1]))
    assert seen is not None
    assert (found.tolist(), seen.tolist()) == ([[20.0]], [[stamp(1)]])


def test_the_last_price_is_asked_for_up_to_an_age() -> None:
    held = market({"a": [7.0, GAP, GAP, 8.0]})
    assert observed(held, 0, 2, age=2) == (7.0, 0.0)
    assert observed(held, 0, 0) == (7.0, 0.0)
    assert observed(held, 0, 3) == (8.0, 3.0)
    for day, age in ((2, 1), (-1, 9)):
        price, seen = held.observed(0, instants(day)[0], timedelta(days=age))
        assert np.isnan(price)
        assert seen == 0


def test_a_price_from_before_a_redenomination_is_in_new_units() -> None:
    held = market({"a": [100.0, GAP, GAP, 0.5]}, row("redenomination", 1, "a", ratio=10.0, known=2))
    # In force on day 1, known on day 2; the price of day 3 is in new units already.
    assert [observed(held, 0, day) for day in (1, 2, 3)] == [(100.0, 0.0), (10.0, 0.0), (0.5, 3.0)]
    at_once = market({"a": [100.0, 10.0, GAP, GAP]}, row("redenomination", 1, "a", ratio=10.0))
    assert observed(at_once, 0, 1) == (10.0, 1.0)
    twice = (row("redenomination", 1, "a", ratio=10.0), row("redenomination", 2, "a", ratio=4.0))
    assert observed(market({"a": [100.0, GAP, GAP, GAP]}, *twice), 0, 3) == (2.5, 0.0)


def test_a_price_from_before_a_redenomination_goes_by_the_ratio_known_at_the_instant() -> None:
    told, corrected = row("redenomination", 1, "a", ratio=10.0), row("redenomination", 1, "a", ratio=100.0, known=2)
    held = market({"a": [100.0, GAP, GAP, GAP]}, told, corrected)
    assert [observed(held, 0, day) for day in (0, 1, 2, 3)] == [(100.0, 0.0), (10.0, 0.0), (1.0, 0.0), (1.0, 0.0)]
    # Two rows known before it is in force: the one known last.
    early = [{**entry, "known_at": at(0, hours=hour)} for hour, entry in ((6, told), (7, corrected))]
    assert observed(market({"a": [100.0, GAP, GAP, GAP]}, *early), 0, 1) == (1.0, 0.0)


def test_a_successor_that_traded_before_it_took_over_counts_from_then_on() -> None:
    # b traded at 3 beside a at 8; from day 2 on it is 4 of b for one of a, and 2 until b has a price of its own.
    prices = {"a": [8.0, 8.0, GAP, GAP, GAP], "b": [3.0, 3.0, GAP, 5.0, GAP]}
    held = market(prices, row("migration", 2, "a", "b", ratio=4.0))
    assert [observed(held, 1, day) for day in (1, 2, 3, 4)] == [(3.0, 1.0), (2.0, 1.0), (5.0, 3.0), (5.0, 3.0)]


def test_a_newcomer_with_a_carried_price_is_struck_at_the_price_it_was_determined_at() -> None:
    events = (row("redenomination", 3, "c", ratio=10.0), row("redenomination", 3, "c", ratio=100.0, known=4))
    out = {"asset": "c", "action": "exclude", "from": "2019-01-01", "until": "2020-01-05", "reason": "new"}
    methodology = rules(
        overrides=[{**out, "approver": "Committee", "date": "2019-12-01"}],
        rebalance={"every": "4d", "determine": "0d"},
        missing={"carry_forward": "9d"},
    )
    levels = calculate_index(methodology, daily({"a": [10.0] * 6, "c": [100.0, 100.0, 100.0, GAP, GAP, 1.0]}, *events))
    assert levels.level().tolist() == [100.0] * 6
    assert levels.weights() == {"a": 0.5, "c": 0.5}


@pytest.mark.parametrize("kind", ["migration", "name_change"])
def test_a_successor_without_a_price_has_that_of_the_asset_it_took_over_from(kind: str) -> None:
    ratio = 4.0 if kind == "migration" else 1.0
    nothing = [GAP, GAP, GAP, GAP]
    prices = {"a": [8.0, 8.0, GAP, GAP], "b": nothing, "c": [GAP, GAP, GAP, 3.0]}
    held = market(prices, row(kind, 2, "a", "b", ratio=ratio))
    assert observed(held, 1, 2) == (8.0 / ratio, 1.0)
    assert np.isnan(observed(held, 1, 1)[0])
    further = market(prices, row(kind, 2, "a", "b", ratio=ratio), row("name_change", 2, "b", "c"))
    assert observed(further, 2, 2) == (8.0 / ratio, 1.0)
    assert observed(further, 2, 3) == (3.0, 3.0)
    merged = market(prices, row("merger", 2, "a", "b", ratio=4.0))
    assert np.isnan(observed(merged, 1, 2)[0])


def test_a_successor_goes_by_the_old_asset_up_to_the_event_and_by_its_own_redenominations() -> None:
    # The old asset trades on at a hundredth after the migration of day 2; that says nothing of the new one.
    nothing = [GAP] * 5
    on = market({"a": [8.0, 8.0, 0.08, 0.08, 0.08], "b": nothing}, row("migration", 2, "a", "b", ratio=4.0))
    assert [observed(on, 1, day) for day in (2, 4)] == [(2.0, 1.0), (2.0, 1.0)]
    again = row("redenomination", 3, "b", ratio=100.0)
    held = market({"a": [8.0, 8.0, *nothing[:3]], "b": nothing}, row("migration", 2, "a", "b", ratio=4.0), again)
    assert [observed(held, 1, day) for day in (2, 3)] == [(2.0, 1.0), (0.02, 1.0)]
    # A redenomination of the id that was left is none of the successor.
    late = row("redenomination", 3, "a", ratio=100.0)
    left = market({"a": [8.0, 8.0, *nothing[:3]], "b": nothing}, row("migration", 2, "a", "b", ratio=4.0), late)
    assert observed(left, 1, 4) == (2.0, 1.0)


def test_names_that_change_forth_and_back_end_nowhere() -> None:
    prices = {"a": [GAP, GAP, GAP], "b": [GAP, GAP, GAP], "c": [5.0, 5.0, 5.0]}
    held = market(prices, row("name_change", 1, "a", "b"), row("name_change", 2, "b", "a"))
    assert np.isnan([observed(held, column, 2)[0] for column in (0, 1)]).all()


def test_columns_are_places_of_ids() -> None:
    held = market({"a": [1.0], "b": [1.0]})
    assert [held.column(asset) for asset in ("a", "b", "c", None)] == [0, 1, None, None]


def test_an_event_stands_at_the_first_instant_at_which_it_holds_and_is_known() -> None:
    ones = [1.0] * 6
    events = (
        row("delisting", 3, "c", known=1),
        row("redenomination", 1, "b", ratio=2.0, known=2),
        row("redenomination", 1, "a", ratio=3.0),
        row("halt", 1, "a", until=at(2)),
        row("delisting", 5, "a"),
    )
    held = market({"a": ones, "b": ones, "c": ones}, *events, days=(0, 1.5, 3, 4))
    # On day 5 there is no instant any more.
    assert placed(held) == [(1, "a", 3.0, None), (2, "b", 2.0, None), (2, "c", 1.0, None), (4, "a", 1.0, None)]


def test_a_version_known_before_the_event_holds_replaces_it_and_a_later_one_corrects_it() -> None:
    ones = [1.0] * 7
    told = {1: 10.0, 2: 20.0, 4: 20.0, 5: 40.0, 6: 10.0}
    events = [row("redenomination", 3, "a", ratio=ratio, known=day) for day, ratio in told.items()]
    held = market({"a": ones, "b": ones}, *reversed(events))
    # Twenty on day 3, as is said again on day 4; then twice and a quarter as many.
    assert placed(held) == [(3, "a", 20.0, None), (5, "a", 2.0, 3.0), (6, "a", 0.25, 3.0)]
    assert held.events[0].event.known_at == instants(1)[0]
    assert [held.next_event(position, {0}) for position in (-1, 2, 3, 5, 6)] == [3, 3, 5, 6, 7]
    # What a correction changes may have gone over into any other asset since.
    assert held.next_event(-1, {1}) == 5


def test_an_event_concerns_who_holds_its_asset_and_a_correction_everybody() -> None:
    ones = [1.0] * 5
    merger = row("merger", 1, "a", "b", ratio=2.0)
    held = market({"a": ones, "b": ones, "c": ones}, merger, {**merger, "ratio": 1.0, "known_at": at(3)})
    assert [held.next_event(-1, {column}) for column in range(3)] == [1, 3, 3]
    assert held.next_event(1, {0}) == 3
    assert held.next_event(0, {0, 1, 2}) == 1


def test_who_may_replace_a_member_has_a_fresh_price_and_has_not_departed() -> None:
    fresh = [2.0] * 5
    prices = {
        "a": fresh, "b": fresh, "c": [3.0, GAP, GAP, GAP, GAP], "d": fresh, "e": [4.0, 4.0, 4.0, GAP, GAP], "f": fresh,
        "g": fresh, "h": fresh, "x": fresh,
    }  # fmt: skip
    events = (
        row("delisting", 3, "a", removal="replace_by_next"),
        row("delisting", 2, "b"),
        row("merger", 2, "d", "x", ratio=1.0),
        row("hard_fork", 2, "f", "x", ratio=1.0),
        row("name_change", 2, "g"),
        row("delisting", 4, "h"),
    )
    held = market(prices, *events)
    names = held.panel.assets
    ranked = np.array([names.index(name) for name in "hgfedcb"])
    state = replace(IndexState.start(rules(), names, DAY), reserve=ranked)
    (gone,) = held.due(3, state, timedelta(days=2))
    assert (gone.column, gone.new_column, gone.corrects_since) == (0, None, None)
    today, before = stamp(3), stamp(2)
    assert gone.candidates == (
        Candidate(7, 2.0, today), Candidate(6, 2.0, today), Candidate(5, 2.0, today), Candidate(4, 4.0, before),
    )  # fmt: skip
    others = {entry.event.asset: entry for entry in held.due(2, state, timedelta(days=2))}
    assert list(others) == ["b", "f", "d", "g"]
    assert (others["d"].column, others["d"].new_column, others["d"].candidates) == (3, 8, ())
    assert held.due(0, state, timedelta(days=2)) == ()


def test_a_due_correction_says_since_when_the_event_was_seen() -> None:
    ones = [1.0] * 4
    split = row("redenomination", 1, "a", ratio=10.0)
    held = market({"a": ones}, split, {**split, "ratio": 30.0, "known_at": at(2)})
    (due,) = held.due(2, IndexState.start(rules(), ("a",), DAY), timedelta(days=2))
    assert (due.event.ratio, due.corrects_since) == (3.0, instants(1)[0])


@pytest.mark.parametrize(
    ("hours", "prices", "step"),
    [
        ([0, 6, 12, 50], [[1.0, GAP]] * 4, 6),
        # Rows 1 and 23 hours apart: a at 0 and 24, b at 1 and 49.
        ([0, 1, 24, 49], [[1.0, GAP], [GAP, 1.0], [1.0, GAP], [GAP, 1.0]], 24),
        # Both for the second time at hour 10: after 10 and after 8 hours.
        ([0, 2, 10], [[1.0, GAP], [GAP, 1.0], [1.0, 1.0]], 8),
        # Nothing twice: a day.
        ([0, 2, 10], [[1.0, GAP], [GAP, 1.0], [GAP, GAP]], 24),
        ([0], [[1.0, 1.0]], 24),
        ([0, 7], [[1.0, 1.0]] * 2, 7),
    ],
)
def test_the_step_of_the_data(hours: list[int], prices: list[list[float]], step: int) -> None:
    times = FIRST + np.array(hours) * np.timedelta64(1, "h")
    panel = Panel(times.astype("datetime64[us]"), ("a", "b"), {"price": np.array(prices)})
    assert IndexMarket(panel, panel.times).step() == step * HOUR


def shown(*halts: dict[str, Any]) -> list[list[int]]:
    """Return the days on which a and b have a price."""
    panel = without_halted(daily({"a": [1.0] * 7, "b": [1.0] * 7}, *halts))
    return [np.flatnonzero(~np.isnan(values)).tolist() for values in panel.field("price").T]


def test_a_halt_hides_prices_from_when_it_is_known_until_its_end() -> None:
    everything = [0, 1, 2, 3, 4, 5, 6]
    assert shown(row("halt", 2, "a", until=at(4))) == [[0, 1, 4, 5, 6], everything]
    assert shown(row("halt", 2, "a", until=at(6), known=3)) == [[0, 1, 2, 6], everything]
    assert shown(row("halt", 5, "b")) == [everything, [0, 1, 2, 3, 4]]
    halt = row("halt", 1, "a", until=at(5))
    # On day 3 the halt is known to end on day 4, then on day 6 of all days.
    sooner = {**halt, "known_at": at(3), "until": at(4)}
    assert shown(halt, sooner) == [[0, 4, 5, 6], everything]
    assert shown(halt, sooner, {**halt, "known_at": at(5), "until": at(6)}) == [[0, 4, 6], everything]
    assert shown(halt, row("halt", 3, "b", until=at(4))) == [[0, 5, 6], [0, 1, 2, 4, 5, 6]]


def test_a_market_without_halts_is_as_it_was() -> None:
    panel = daily({"a": [1.0, 1.0], "b": [1.0, 1.0]}, row("delisting", 1, "a"))
    assert without_halted(panel) is panel
    hidden = daily({"a": [1.0, 2.0]}, row("halt", 0, "a", until=at(1)))
    held = IndexMarket.of(hidden, hidden.times)
    np.testing.assert_array_equal(held.prices(0, 2, np.array([0]))[0], [[GAP], [2.0]])
    assert isinstance(hidden.events, pl.DataFrame)
    assert hidden.field("price")[:, 0].tolist() == [1.0, 2.0]
