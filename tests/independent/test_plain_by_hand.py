"""The plain implementation against cases worked by hand.

Unless a case says otherwise: two assets at equal weight, level 100 on 2 January 2020, a at 10 and b at 20, so that
5 a and 2.5 b make the level. The determination is at the change.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.independent.plain_index import PlainIndex, Result
from tests.independent.plain_market import Event

BASE = date(2020, 1, 2)
Prices = dict[str, Sequence[float | None]]


def day(n: int) -> date:
    return BASE + timedelta(days=n)


def at(n: int, hour: int = 0) -> datetime:
    return datetime(2020, 1, 2) + timedelta(days=n, hours=hour)


def run(prices: Prices, *events: Event, supply: dict[str, float] | None = None, **rules: Any) -> Result:
    """Run an index on prices from the base on; an asset's supply orders the ranking."""
    count = {"a": 3e6, "b": 1e6, **(supply or {})}
    price = {a: {day(n): float(p) for n, p in enumerate(values) if p is not None} for a, values in prices.items()}
    cap = {a: {x: p * count.get(a, 1.0) for x, p in series.items()} for a, series in price.items()}
    days = [day(n) for n in range(max(map(len, prices.values())))]
    yields = rules.pop("yields", None)
    rules = {"weight": "equal", "determine": 0, "guard": False, **rules}
    index = PlainIndex({"price": price, "market_cap": cap, "volume": {}}, days, {}, rules, events, yields)
    return index.run(BASE, 100.0)


def levels(result: Result) -> list[float]:
    return [round(level, 9) for level in result.levels.values()]


def words(result: Result) -> list[str]:
    return [status.word for status in result.statuses.values()]


def test_a_delisting_on_a_day_without_a_price_is_settled_at_the_last_price_used() -> None:
    """5 of a at 10 and 2.5 of b at 1 make 52.5, and so it stays."""
    prices: Prices = {"a": [10] * 6, "b": [20, 5, 1, None, None, None]}
    result = run(prices, Event(at(3), "delisting", "b"))
    assert levels(result) == [100, 62.5, 52.5, 52.5, 52.5, 52.5]
    assert result.baskets[day(3)] == {"a": pytest.approx(5.25)}


def test_a_member_that_is_removed_at_zero_takes_its_value_away_at_the_instant() -> None:
    prices: Prices = {"a": [10, 10, 10, 12], "b": [20, 30, 40, 40]}
    result = run(prices, Event(at(2), "delisting", "b"), delisting="remove_at_zero")
    assert levels(result) == [100, 125, 50, 60]
    assert levels(run(prices, Event(at(2), "delisting", "b", removal="to_cash"), delisting="remove_at_zero")) == [
        100,
        125,
        150,
        160,
    ]


@pytest.mark.parametrize("zero", ["b", "c"])
def test_what_leaves_at_zero_is_worth_nothing_when_another_leaves_at_the_last_price(zero: str) -> None:
    """A third is lost with the one, and a takes the place of the other."""
    prices: Prices = {"a": [10, 10, 10, 20], "b": [10] * 4, "c": [10] * 4}
    how = {name: "remove_at_zero" if name == zero else "remove_at_last_price" for name in "bc"}
    events = [Event(at(2), "delisting", name, removal=removal) for name, removal in how.items()]
    assert levels(run(prices, *events)) == pytest.approx([100, 100, 200 / 3, 400 / 3])
    # The same where the one has had no price for too long.
    silent: Prices = {**prices, zero: [10, None, None, None]}
    other = next(event for event in events if event.asset != zero)
    rules: dict[str, Any] = {"carry": 1, "then": "remove_at_zero"}
    assert levels(run(silent, other, **rules)) == pytest.approx([100, 100, 200 / 3, 400 / 3])


def test_a_replacement_takes_the_value_of_the_member_that_leaves() -> None:
    """The 100 in b buy 25 of d; c ranks above d, but is delisted too."""
    prices: Prices = {"a": [10] * 5, "b": [20, 30, 40, None, None], "c": [5] * 5, "d": [4, 4, 4, 4, 5]}
    supply = {"b": 1e6, "c": 2e6, "d": 1e6}
    gone = [Event(at(2, 6), "delisting", "c"), Event(at(2, 7), "delisting", "b", removal="replace_by_next")]
    result = run(prices, *gone, supply=supply, top=2)
    assert levels(result) == [100, 125, 150, 150, 175]
    assert result.baskets[day(3)] == pytest.approx({"a": 5, "d": 25})


@pytest.mark.parametrize("seen", [True, False])
def test_a_redenomination_moves_nothing_with_and_without_a_price(seen: bool) -> None:
    prices: Prices = {"a": [10] * 4, "b": [20, 16, 1.6 if seen else None, 2.0]}
    result = run(prices, Event(at(2), "redenomination", "b", ratio=10.0))
    assert levels(result) == [100, 90, 90, 100]


def test_a_redenomination_learned_late_brings_the_level_back() -> None:
    """2.5 b at 2 are 5 for a day, until they are known to be 25."""
    prices: Prices = {"a": [10] * 5, "b": [20, 20, 2, None, 2]}
    late = Event(at(2), "redenomination", "b", ratio=10.0, known_at=at(2, 12))
    assert levels(run(prices, late)) == [100, 100, 55, 100, 100]


def test_a_corrected_ratio_multiplies_the_units_held() -> None:
    """10 was wrong, 20 is right: 25 b become 50, at the price of 1 that was always in new units."""
    prices: Prices = {"a": [10] * 6, "b": [20, 20, 1, 1, 1, 1]}
    first = Event(at(2), "redenomination", "b", ratio=10.0)
    right = Event(at(2), "redenomination", "b", ratio=20.0, known_at=at(3, 1))
    assert levels(run(prices, first, right)) == [100, 100, 75, 75, 100, 100]


def test_a_correction_without_a_price_since_moves_nothing_until_there_is_one() -> None:
    prices: Prices = {"a": [10] * 6, "b": [20, 20, None, None, None, 1.1]}
    first = Event(at(2), "redenomination", "b", ratio=10.0)
    right = Event(at(2), "redenomination", "b", ratio=20.0, known_at=at(3, 1))
    assert levels(run(prices, first, right)) == [100, 100, 100, 100, 100, 105]


@pytest.mark.parametrize(("rules", "later"), [({"fix": "units"}, 130), ({}, 90), ({"fix": "units", "steps": 2}, 90)])
def test_a_correction_after_the_strike_divides_a_price_where_it_multiplies_the_units(
    rules: dict[str, Any], later: float
) -> None:
    """5 a become 10 n at 2 each, 20 by the correction where units were fixed on 30 January and not struck since."""
    prices: Prices = {"a": [10] * 29, "b": [10] * 36, "n": [None] * 34 + [4, 4]}
    told = [Event(at(28, 12), "migration", "a", "n", 2.0), Event(at(28, 12), "migration", "a", "n", 4.0, None, at(31))]
    found = levels(run(prices, *told, determine=2, carry=20, **rules))
    assert [found[n] for n in (28, 30, 31, 33, 34)] == [100, 100, 100, 100, later]


def test_a_correction_at_a_step_leaves_the_price_of_what_the_transition_sells() -> None:
    """10 n at 5 and 5 b become 10 b in three steps from 1 February on; the second leaves 10/3 n, at 5 and then at 4."""
    prices: Prices = {"a": [10] * 20, "b": [10] * 34, "n": [None] * 33 + [4]}
    told = [Event(at(20), "migration", "a", "n", 2.0), Event(at(20), "migration", "a", "n", 4.0, None, at(31, 12))]
    found = levels(run(prices, *told, steps=3, step_days=2, then="keep"))
    assert found[30:] == pytest.approx([100, 100, 100, 290 / 3])


def test_a_merger_learned_late_multiplies_units_that_were_made_after_its_time() -> None:
    """5 a become 10 g on the third day, and those 30 m, at 2, on the fifth, though the merger is older than they."""
    prices: Prices = {"a": [10] * 2, "b": [10] * 5, "g": [None, None, 5, 5], "m": [None] * 4 + [2]}
    told = [Event(at(2), "migration", "a", "g", 2.0), Event(at(1), "merger", "g", "m", 3.0, None, at(3, 12))]
    result = run(prices, *told)
    assert levels(result) == [100, 100, 100, 100, 110]
    assert result.baskets[day(4)] == pytest.approx({"b": 5, "m": 30})


def test_units_of_several_strikes_that_become_another_asset_have_the_price_of_what_they_were() -> None:
    """In a transition a is held by two lots, which make a little more n by rounding than all at once; no n was held, so
    that a price of 1000 is not the first of something: it is more than 20 times 10 / 7."""
    prices: Prices = {"a": [10] * 31, "b": [10] * 3 + [20] * 30, "n": [None] * 32 + [1000]}
    result = run(prices, Event(at(31), "migration", "a", "n", 7.0), steps=3, step_days=2, guard=True)
    assert result.levels[day(32)] == pytest.approx(150)
    assert result.statuses[day(32)].word == "carried"


def test_where_only_cash_is_left_the_level_is_carried_and_the_next_change_buys_in_steps() -> None:
    """a is cash of 50 from the second day on, b becomes cash of 75 on the fourth; half of that buys c on 1 February."""
    prices: Prices = {"a": [10] * 2, "b": [20, 20, 30, 30], "c": [None] * 30 + [5, 5, 10]}
    gone = Event(at(1), "delisting", "a", removal="to_cash")
    rule = {"method": "quantity", "utilisation": 1.0, "lag": 0}
    yields = {"b": {day(0): 0.365}}
    result = run(prices, gone, Event(at(3), "merger", "b", "a", 9.0), total=rule, yields=yields, steps=2)
    assert levels(result) == [100, 100] + [125] * 30 + [250]
    assert words(result)[2:5] == ["live", "carried", "carried"]
    assert (result.statuses[day(4)].age, result.statuses[day(4)].fresh) == (0, 0)
    # A thousandth of 2.5 b a day: 0.05 on the second day, which the departure of a spreads; then 0.0025 and 0.005 b at
    # 30, which become cash with the others.
    assert [result.total[day(n)] for n in (1, 2, 3, 4)] == pytest.approx(
        [100.05, 1.0005 * 125.075, 1.0005 * 125.15, 1.0005 * 125.15]
    )


def test_a_member_that_migrates_into_another_is_valued_at_the_price_held() -> None:
    """2.5 b become 7.5 a: 12.5 a at 10."""
    prices: Prices = {"a": [10, 10, None, 12], "b": [20, 24, None, None], "c": [1] * 4}
    result = run(prices, Event(at(2), "merger", "b", "a", 3.0), top=2, supply={"c": 1.0})
    assert levels(result) == [100, 110, 125, 150]


def test_a_migration_on_a_day_without_a_price_goes_on_at_the_last_price_over_the_ratio() -> None:
    prices: Prices = {"a": [10] * 5, "b": [20, 24, None, None, None], "c": [None, None, None, 3, 4]}
    result = run(prices, Event(at(2), "migration", "b", "c", 10.0))
    assert levels(result) == [100, 110, 110, 125, 150]


def test_a_migration_to_an_asset_without_data_is_a_delisting() -> None:
    prices: Prices = {"a": [10, 10, 10, 20], "b": [20, 24, 24, 24]}
    result = run(prices, Event(at(2), "migration", "b", "c", 10.0))
    assert levels(result) == [100, 110, 110, 220]


def test_a_credited_fork_counts_from_its_first_price() -> None:
    """2.5 b give 5 f, worth 2 each from the fourth day on."""
    prices: Prices = {"a": [10] * 9, "b": [20] * 9, "f": [None] * 7 + [2, 3]}
    fork = Event(at(1, 3), "hard_fork", "b", "f", 2.0)
    result = run(prices, fork, hard_fork="credit")
    assert levels(result) == [100] * 7 + [110, 115]
    assert words(result) == ["live"] * 9
    assert levels(run(prices, fork)) == [100] * 9


def test_silence_removes_nobody_and_suspends_when_prices_are_too_old() -> None:
    """No member has a price from the third day on; when a returns, b is removed at its last price."""
    prices: Prices = {"a": [10, 11, None, None, None, 22], "b": [20, 22] + [None] * 4, "c": [1] * 6}
    result = run(prices, top=2, supply={"c": 1.0}, carry=1)
    assert words(result)[:5] == ["live", "live", "carried", "suspended", "suspended"]
    assert levels(result) == [100, 110, 110, 110, 110, 165]
    assert set(result.baskets[day(4)]) == {"a", "b"}
    assert set(result.baskets[day(5)]) == {"a"}


def test_a_halted_price_is_unknown() -> None:
    prices: Prices = {"a": [10] * 5, "b": [20, 1, 1, 30, 30]}
    result = run(prices, Event(at(1), "halt", "b", until=at(3)))
    assert levels(result) == [100, 100, 100, 125, 125]
    assert words(result) == ["live", "carried", "carried", "live", "live"]


def test_drift_is_measured_from_the_weights_given_through_a_redenomination() -> None:
    """Given 50%: 58% on the third day, 61.5% on the fourth, which is out of a band of 10 points."""
    prices: Prices = {"a": [10] * 6, "b": [20, 28, 2.8, 3.2, 3.2, 3.2]}
    result = run(prices, Event(at(2), "redenomination", "b", ratio=10.0), drift=0.1)
    assert result.baskets[day(2)]["b"] == pytest.approx(25)
    assert result.baskets[day(3)]["b"] * 3.2 == pytest.approx(65)


def test_what_was_determined_is_carried_through_a_migration() -> None:
    """Determined on 30 January, two days before it takes effect; b becomes c on the 31st."""
    prices: Prices = {"a": [10] * 32, "b": [20] * 29 + [None] * 3, "c": [None] * 29 + [2.0, 2.0, 3.0]}
    result = run(prices, Event(at(28, 12), "migration", "b", "c", 10.0), determine=2)
    assert result.levels[day(30)] == pytest.approx(100)
    assert result.levels[day(31)] == pytest.approx(125)
    assert result.baskets[day(30)] == pytest.approx({"a": 5, "c": 25})


def test_units_fixed_at_the_determination_are_converted() -> None:
    """Half the value in b at 20 on 30 January are 25 of c at 2; at 3 on 1 February they weigh 60% of 125."""
    prices: Prices = {"a": [10] * 31, "b": [20] * 29 + [None] * 2, "c": [None] * 29 + [2.0, 3.0]}
    result = run(prices, Event(at(28, 12), "migration", "b", "c", 10.0), determine=2, fix="units")
    assert result.baskets[day(30)]["c"] * 3.0 == pytest.approx(75)


def test_income_by_quantity_is_that_of_the_published_example() -> None:
    """100 units at 5% a year, 80% utilised, are 100.32877 after 30 days (Vinter); compounded daily 100.32929."""
    prices: Prices = {"a": [1.0] * 31}
    for method, wanted in (("quantity", 100.32877), ("rate", 100.32929)):
        rule = {"method": method, "utilisation": 0.8, "lag": 1}
        # Quarterly, so that no change of the basket comes within the thirty days.
        result = run(prices, total=rule, yields={"a": {day(0): 0.05}}, every="quarter")
        assert result.total[day(30)] == pytest.approx(wanted, abs=5e-6)


def test_a_transition_moves_in_steps_and_no_value() -> None:
    """To equal weights on 1 February: b goes from 100 of 150 over 87.5 to 75."""
    prices: Prices = {"a": [10] * 34, "b": [20] * 5 + [40] * 29}
    result = run(prices, steps=2, step_days=2)
    held = [result.baskets[day(n)]["b"] * 40 for n in (29, 30, 31, 32, 33)]
    assert held == pytest.approx([100, 87.5, 87.5, 75, 75])
    assert levels(result) == [100] * 5 + [150] * 29
