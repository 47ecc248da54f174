"""Events that become known after units were fixed, with what was determined and struck in between, by hand.

Three members weigh the same or two do; rebalances are monthly, those of 1 February (day 31) are determined on day 28.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import polars as pl
import pytest
from tests.index.meetings import GAP, START, rules

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel

DAYS = 40


def event(day: float, known: float, kind: str, ratio: float, new: str | None = None) -> dict[str, Any]:
    first = START.replace(tzinfo=UTC)
    times = {"time": first + timedelta(days=day), "known_at": first + timedelta(days=known)}
    return {**times, "asset": "a", "kind": kind, "ratio": ratio, "new_asset": new}


def levels(
    given: dict[str, dict[int, float]],
    events: list[dict[str, Any]],
    steps: int = 1,
    fix: str = "units",
    schedule: dict[str, Any] | None = None,
    **more: Any,
) -> list[float]:
    """Return the level of each day, at the price of each asset that was given last."""
    prices = {
        asset: [path[max(first for first in path if first <= day)] for day in range(DAYS)]
        for asset, path in given.items()
    }
    table = pl.DataFrame(events, schema_overrides={"new_asset": pl.String})
    panel = Panel.from_frames(
        price=pl.DataFrame({"time": [START + timedelta(days=day) for day in range(DAYS)], **prices}), events=table
    )
    rebalance: dict[str, Any] = {"every": "month", "determine": "3d", "fix": fix, **(schedule or {})}
    if steps > 1:
        rebalance["transition"] = {"steps": steps, "every": "20d" if schedule else "2d"}
    select: dict[str, Any] = {"by": "price", "all": {}}
    found: list[float] = calculate_index(rules(select=select, rebalance=rebalance, **more), panel).level().tolist()
    return found


@pytest.mark.parametrize(
    ("fix", "after"),
    [
        # Struck at 55 with 2.5 old units of a at 2, a tenth of what they are worth; then 25 at 2 and 5 at 10.
        ("units", {33: 55.0, 34: 100.0, 36: 150.0}),
        # Struck at 55 at the price of 2: units are new ones, and nothing is to be made good.
        ("weights", {33: 55.0, 34: 55.0, 36: 82.5}),
    ],
)
def test_a_redenomination_between_determination_and_strike_that_is_known_after_the_strike(
    fix: str, after: dict[int, float]
) -> None:
    # Half of 100 each: 2.5 of a at 20 and 5 of b at 10; on day 29 at 2 and 10: 5 + 50.
    prices = {"a": {0: 20.0, 29: 2.0, 36: 4.0}, "b": {0: 10.0}}
    found = levels(prices, [event(29, 33.5, "redenomination", 10.0)], fix=fix)
    expected = {28: 100.0, 29: 55.0, 31: 55.0, **after}
    assert {day: found[day] for day in expected} == pytest.approx(expected, rel=1e-12)


def test_a_redenomination_known_in_time_leaves_the_level_alone() -> None:
    prices = {"a": {0: 20.0, 29: 2.0, 36: 4.0}, "b": {0: 10.0}}
    found = levels(prices, [event(29, 28.9, "redenomination", 10.0)])
    assert {day: found[day] for day in (28, 29, 31, 34, 36)} == pytest.approx(
        {28: 100.0, 29: 100.0, 31: 100.0, 34: 100.0, 36: 150.0}, rel=1e-12
    )


def test_a_price_carried_to_the_determination_from_before_a_redenomination_is_in_old_units() -> None:
    # a has no price on day 28, on which its new units begin: 20 of day 27 counts, for old units. Known on day 29.5.
    prices = {"a": {0: 20.0, 28: GAP, 29: 2.0, 36: 4.0}, "b": {0: 10.0}}
    found = levels(prices, [event(28, 29.5, "redenomination", 10.0)])
    assert found[29] == pytest.approx(55.0), "before it is known"
    # With old units taken for new ones a would weigh 1 of 11 from day 31 on, and doubling make 109.1.
    assert {day: found[day] for day in (30, 31, 35, 36)} == pytest.approx(
        {30: 100.0, 31: 100.0, 35: 100.0, 36: 150.0}, rel=1e-12
    )


def test_a_carried_price_at_the_strike_is_in_old_units_too() -> None:
    # Struck on day 31 at the price of day 30, new units since day 31, seen at 2 on day 32, known on day 33.5.
    prices = {"a": {0: 20.0, 31: GAP, 32: 2.0, 36: 4.0}, "b": {0: 10.0}}
    found = levels(prices, [event(31, 33.5, "redenomination", 10.0)], fix="weights")
    assert {day: found[day] for day in (31, 32, 34, 36)} == pytest.approx(
        {31: 100.0, 32: 55.0, 34: 100.0, 36: 150.0}, rel=1e-12
    )


def test_a_corrected_merger_changes_only_the_determined_units_that_went_over() -> None:
    # A third each on day 28: 1/60 of a, 1/30 of b, 1/30 of c. On day 29 two b for an a; corrected to one before the
    # strike: b 1/30 + 1/60 = 3/60, c 2/60, so that b is 3 of 5. On day 36 b doubles: 1.6 times.
    prices = {"a": {0: 20.0, 29: GAP}, "b": {0: 10.0, 36: 20.0}, "c": {0: 10.0}}
    merged = [event(29, 28.5, "merger", 2.0, "b"), event(29, 29.5, "merger", 1.0, "b")]
    found = levels(prices, merged)
    # Held until then: as many of each, of which b has too many for a day: 4 of 60 at 10 and 2 at 10 make 100.
    assert found[29] == pytest.approx(100.0, rel=1e-12)
    before = found[31]
    assert before == pytest.approx(100.0 * 5 / 6, rel=1e-12)
    assert found[36] / before == pytest.approx(1.6, rel=1e-12)


def test_a_correction_after_the_strike_changes_units_that_were_fixed_before_the_event() -> None:
    # As above, but corrected on day 33.5: struck with b 4/60 and c 2/60, then 3/60 and 2/60, five sixths of the level.
    prices = {"a": {0: 20.0, 29: GAP}, "b": {0: 10.0, 36: 20.0}, "c": {0: 10.0}}
    merged = [event(29, 28.5, "merger", 2.0, "b"), event(29, 33.5, "merger", 1.0, "b")]
    found = levels(prices, merged)
    assert {day: found[day] for day in (31, 33, 34)} == pytest.approx(
        {31: 100.0, 33: 100.0, 34: 100.0 * 5 / 6}, rel=1e-12
    )
    assert found[36] / found[34] == pytest.approx(1.6, rel=1e-12)
    # With the weights fixed, units are those of the prices of the strike, and nothing is to be corrected.
    found = levels(prices, merged, fix="weights")
    assert {day: found[day] for day in (31, 34)} == pytest.approx({31: 100.0, 34: 100.0}, rel=1e-12)


def test_in_a_transition_old_units_and_the_target_are_fixed_at_prices_of_their_own() -> None:
    # Two steps, days 31 and 33. a in new units from day 30 on, known on day 31.5: the old basket holds old units, the
    # target, struck at 2, new ones. Day 30: 2.5 of a at 2 and 5 of b make 55; so does the target, 13.75 and 2.75.
    # Half of each on day 31: 8.125 of a, of which 1.25 are old, and 3.875 of b. On day 32 the old ones are ten times as
    # many: 19.375 at 2 and 3.875 at 10 make 77.5. The second step holds the target, worth as much.
    prices = {"a": {0: 20.0, 30: 2.0, 36: 4.0}, "b": {0: 10.0}}
    found = levels(prices, [event(30, 31.5, "redenomination", 10.0)], steps=2, fix="weights")
    expected = {29: 100.0, 30: 55.0, 31: 55.0, 32: 77.5, 33: 77.5, 36: 77.5 * 1.5}
    assert {day: found[day] for day in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("known", [29.5, 30.5, 33.5])
def test_what_was_determined_becomes_another_asset_in_the_units_of_its_day(known: float) -> None:
    # a, half of what was determined, becomes 20 new b each on day 30; b, no member, is 1:10 since day 29. However late
    # that is known, half is in b: 100 from day 31 on, and 150 where b doubles on day 36.
    prices = {"a": {0: 20.0, 30: GAP}, "b": {0: 10.0, 29: 1.0, 36: 2.0}, "c": {0: 1.0}}
    split = {**event(29, known, "redenomination", 10.0), "asset": "b"}
    found = levels(prices, [split, event(30, 5, "merger", 20.0, "b")], universe=[{"exclude_assets": ["b"]}])
    assert {day: found[day] for day in (31, 34, 35, 36)} == pytest.approx(
        {31: 100.0, 34: 100.0, 35: 100.0, 36: 150.0}, rel=1e-12
    )


def of(asset: str, told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "asset": asset}


@pytest.mark.parametrize("fix", ["units", "weights"])
def test_units_that_came_by_a_merger_into_a_member_are_not_multiplied_again(fix: str) -> None:
    # b goes 1:10 on day 10, known on day 15. On day 12 an a, half of the index, becomes 20 new b: 50 of them beside 5
    # old ones, which are 55 at 1, and 100 once the 5 are 50.
    prices = {"a": {0: 20.0, 12: GAP}, "b": {0: 10.0, 10: 1.0}}
    told = [of("b", event(10, 15, "redenomination", 10.0)), event(12, 5, "merger", 20.0, "b")]
    found = levels(prices, told, fix=fix)
    assert {day: found[day] for day in (9, 11, 12, 14, 15, 20)} == pytest.approx(
        {9: 100.0, 11: 55.0, 12: 55.0, 14: 55.0, 15: 100.0, 20: 100.0}, rel=1e-12
    )


@pytest.mark.parametrize(("known", "steps"), [(30.5, 1), (33.5, 1), (33.5, 2)])
def test_the_same_of_what_was_determined(known: float, steps: int) -> None:
    # A third each on day 28: 1/60 of a, 1/30 of old b, 1/30 of c, in a basket worth 1; b 1:10 on day 29, and on day 30
    # an a becomes 20 new b: 20/60 new ones beside 2/60 old, which are 20/60. So b is two thirds, doubling on day 36.
    prices = {"a": {0: 20.0, 30: GAP}, "b": {0: 10.0, 29: 1.0, 36: 2.0}, "c": {0: 10.0}}
    told = [of("b", event(29, known, "redenomination", 10.0)), event(30, 5, "merger", 20.0, "b")]
    found = levels(prices, told, steps=steps)
    assert {day: found[day] for day in (28, 34, 35, 36)} == pytest.approx(
        {28: 100.0, 34: 100.0, 35: 100.0, 36: 500 / 3}, rel=1e-12
    )


def test_what_a_migration_made_after_a_redenomination_is_new_at_a_carried_price_too() -> None:
    # n goes 1:10 at day 9.5, known on day 11; a became n on day 10, at its price of day 9; n is first seen on day 13.
    prices = {"a": {0: 20.0, 10: GAP}, "b": {0: 10.0}, "n": {0: GAP, 13: 20.0}}
    told = [event(10, 9.6, "migration", 1.0, "n"), of("n", event(9.5, 11, "redenomination", 10.0))]
    found = levels(prices, told, fix="weights", missing={"carry_forward": "9d"})
    assert [found[day] for day in (9, 10, 11, 12, 13, 20)] == pytest.approx([100.0] * 6, rel=1e-12)


def test_a_transition_that_gives_way_to_another_keeps_which_units_are_old() -> None:
    # Weekly changes from 13 January (day 12) on in two steps, the second never due; a 1:10 on day 10, known at 20.5.
    # Base 2.5 of a and 5 of b, 55 on day 10. The first change, on day 5, was struck at 20 as well. Day 12 keeps half,
    # 1.25 old a, and buys 6.875 new ones; day 19 keeps half of all. 0.625 old ones then become 6.25: 11.25 more.
    prices = {"a": {0: 20.0, 10: 2.0}, "b": {0: 10.0}}
    told = [event(10, 20.5, "redenomination", 10.0)]
    found = levels(prices, told, steps=2, fix="weights", schedule={"every": "week", "determine": "0d"})
    assert {day: found[day] for day in (9, 10, 20, 21)} == pytest.approx(
        {9: 100.0, 10: 55.0, 20: 55.0, 21: 66.25}, rel=1e-12
    )


NINE: dict[str, Any] = {"missing": {"carry_forward": "9d"}, "fix": "weights"}
GIFT = of("b", event(5, 4, "airdrop", 1.0, "n"))


def test_what_joins_units_that_wait_for_their_first_price_keeps_its_worth() -> None:
    # Half each: 2.5 of a at 20 and 5 of b at 10. Each b gives a new n on day 5, worth nothing yet; each a becomes two
    # on day 10: 5 beside 5, worth 50 until n is first seen, at 12 on day 13: 10 of them and 50 of b.
    prices = {"a": {0: 20.0, 10: GAP}, "b": {0: 10.0}, "n": {0: GAP, 13: 12.0}}
    told = [GIFT, event(10, 9, "migration", 2.0, "n")]
    found = levels(prices, told, **NINE)
    assert [found[day] for day in (4, 5, 9, 10, 12, 13)] == pytest.approx([100.0] * 5 + [170.0], rel=1e-12)
    # Without a first price within `carry_forward` it leaves as any other member, at its last price: b is all.
    found = levels({**prices, "b": {0: 10.0, 20: 20.0}, "n": {0: GAP}}, told, fix="weights")
    assert [found[day] for day in (9, 10, 14, 15, 19, 20)] == pytest.approx([100.0] * 5 + [200.0], rel=1e-12)


@pytest.mark.parametrize(
    ("more", "units"),
    [
        ([event(11, 10.5, "airdrop", 1.0, "x")], 10.0),  # x has no data
        ([of("b", event(11, 10.5, "airdrop", 3.0, "n"))], 25.0),  # more of them, worth nothing
        ([event(10, 11.5, "migration", 4.0, "n")], 15.0),  # 10 and not 5 came
        ([{**GIFT, "ratio": 3.0, "known_at": START.replace(tzinfo=UTC) + timedelta(days=11)}], 20.0),  # 15, not 5
        ([of("n", event(11, 10.5, "redenomination", 2.0))], 20.0),
    ],
)
def test_nothing_but_a_first_price_changes_the_worth_of_what_joined(more: list[dict[str, Any]], units: float) -> None:
    # As above. The guard has no good price of n to hold its first against: 100 is 20 times 5 and more.
    prices = {"a": {0: 20.0, 10: GAP}, "b": {0: 10.0}, "n": {0: GAP, 13: 101.0}}
    told = [GIFT, event(10, 9, "migration", 2.0, "n"), *more]
    found = levels(prices, told, guard={"price_jump": 20}, **NINE)
    assert [found[day] for day in (4, 9, 10, 11, 12)] == pytest.approx([100.0] * 5, rel=1e-12)
    assert found[13] == pytest.approx(50.0 + units * 101.0, rel=1e-12)


def test_two_that_join_what_waits_keep_the_worth_of_both() -> None:
    # A third each, of 90: 1.5 of a at 20, 3 of b and c at 10. n is given for each b; then a and c become n, 1:1.
    prices = {"a": {0: 20.0, 10: GAP}, "b": {0: 10.0}, "c": {0: 10.0, 11: GAP}, "n": {0: GAP, 13: 12.0}}
    told = [GIFT, event(10, 9, "migration", 1.0, "n"), of("c", event(11, 9, "migration", 1.0, "n"))]
    found = levels(prices, told, **NINE)
    assert [found[day] for day in (9, 10, 11, 12)] == pytest.approx([100.0] * 4, rel=1e-12)
    # 1.5 + 3 + 3 of n at 12 and 3 of b at 10, of what was 90.
    assert found[13] == pytest.approx((7.5 * 12 + 30) / 0.9, rel=1e-12)


@pytest.mark.parametrize("ended", ["delisting", "merger"])
@pytest.mark.parametrize("fix", ["units", "weights"])
def test_an_event_between_the_last_row_and_the_determination_is_carried_through(ended: str, fix: str) -> None:
    # Determined at 16:00 of day 30 for 16:00 of day 31, from the row of day 30 at 0:00; c ends at 6:00, known long
    # before. It is not bought back: the others are half each on day 32, and a, doubling on day 36, makes half more.
    prices = {"a": {0: 20.0, 36: 40.0}, "b": {0: 10.0}, "c": {0: 10.0}}
    told = of("c", event(30.25, 4, ended, 1.0, "gone" if ended == "merger" else None))
    schedule = {"at": "16:00", "determine": "1d"}
    found = [100.0, *levels(prices, [told], fix=fix, schedule=schedule)]  # The base is at 16:00 of day 0.
    assert {day: found[day] for day in (30, 32, 35, 36)} == pytest.approx(
        {30: 100.0, 32: 100.0, 35: 100.0, 36: 150.0}, rel=1e-12
    )


def test_a_redenomination_between_the_last_row_and_the_determination_leaves_what_was_determined_alone() -> None:
    # a is 1:100 at 6:00 of day 30. A third each: units fixed at old prices would make a hundredth of its third of a.
    prices = {"a": {0: 20.0, 31: 0.2, 36: 0.4}, "b": {0: 10.0}, "c": {0: 10.0}}
    told = event(30.25, 4, "redenomination", 100.0)
    found = [100.0, *levels(prices, [told], schedule={"at": "16:00", "determine": "1d"})]
    assert {day: found[day] for day in (30, 31, 35, 36)} == pytest.approx(
        {30: 100.0, 31: 100.0, 35: 100.0, 36: 400 / 3}, rel=1e-12
    )


def test_a_correction_in_a_suspended_silence_shows_in_the_first_level_after() -> None:
    # Each a became two n on day 10; four by the correction, known on day 14.5: nobody has a price from day 13 to 16,
    # two days are carried, and what is suspended is held.
    prices = {"a": {0: 20.0, 10: GAP}, "n": {0: GAP, 10: 10.0, 13: GAP, 17: 10.0}}
    told = [event(10, 9, "migration", 2.0, "n"), event(10, 14.5, "migration", 4.0, "n")]
    found = levels(prices, told, fix="weights", missing={"carry_forward": "2d"})
    assert [found[day] for day in (9, 12, 14, 15, 16, 17)] == pytest.approx([100.0] * 5 + [200.0], rel=1e-12)


@pytest.mark.parametrize(
    ("fix", "steps", "later"),
    [
        # Fixed on day 28: 10 n become 20 at 2.5, and at 4 make 80 beside 50.
        ("units", 1, 130.0),
        # Struck on day 31 with 10 n at 5: those stay, at 5, and at 4 make 40.
        ("weights", 1, 90.0),
        # The first step is the strike.
        ("units", 2, 90.0),
        ("weights", 2, 90.0),
    ],
)
def test_a_correction_divides_a_price_where_it_multiplies_the_units(fix: str, steps: int, later: float) -> None:
    # 5 a and 5 b at 10. Each a became two n on day 29, four by the correction, known on day 32.5; n has a price of its
    # own from day 36 on, and 10 / 2 until then.
    prices = {"a": {0: 10.0, 29: GAP}, "n": {0: GAP, 36: 4.0}, "b": {0: 10.0}}
    told = [event(29, 28.5, "migration", 2.0, "n"), event(29, 32.5, "migration", 4.0, "n")]
    found = levels(prices, told, steps=steps, fix=fix, missing={"carry_forward": "20d"})
    assert [found[day] for day in (31, 33, 35, 36)] == pytest.approx([100.0, 100.0, 100.0, later], rel=1e-12)


def test_a_correction_at_a_step_leaves_the_price_of_what_the_transition_sells() -> None:
    # 5 a are 10 n since day 20, which is not determined on day 28 for want of a price: 10 n at 5 and 5 b at 10 become
    # 10 b in three steps, on days 31, 33 and 35. Step 2 leaves a third, 10/3 n at 5 and 25/3 b, whatever the correction
    # of day 33 says, as the first step was the strike; at 2.5 the level would be 250/3. Day 34: 10/3 x 4 + 25/3 x 10.
    prices = {"a": {0: 10.0, 20: GAP}, "n": {0: GAP, 34: 4.0}, "b": {0: 10.0}}
    told = [event(20, 19.5, "migration", 2.0, "n"), event(20, 32.5, "migration", 4.0, "n")]
    found = levels(prices, told, steps=3, fix="weights", missing={"carry_forward": "3d", "then": "keep"})
    assert [found[day] for day in (31, 32, 33, 34)] == pytest.approx([100.0, 100.0, 100.0, 290 / 3], rel=1e-12)


@pytest.mark.parametrize("steps", [1, 2])
def test_a_merger_learned_late_multiplies_units_that_were_made_after_its_time(steps: int) -> None:
    # Each a became two g on day 22, and each g, from day 20 on, three m, which is known on day 24.5: 5 a are 10 g at 5,
    # and 30 m at 2 beside 5 b at 10.
    prices = {"a": {0: 10.0, 22: GAP}, "g": {0: GAP, 22: 5.0, 25: GAP}, "m": {0: GAP, 24: 2.0}, "b": {0: 10.0}}
    late = {**event(20, 24.5, "merger", 3.0, "m"), "asset": "g"}
    found = levels(prices, [event(22, 21.5, "migration", 2.0, "g"), late], steps=steps)
    assert [found[day] for day in (21, 22, 24, 25)] == pytest.approx([100.0, 100.0, 100.0, 110.0], rel=1e-12)


@pytest.mark.parametrize(("known", "fix"), [(30.1, "units"), (30.8, "units"), (30.8, "weights")])
def test_a_correction_before_an_event_takes_effect_reaches_what_was_determined_with_the_first(
    known: float, fix: str
) -> None:
    # a is 1:10 since 4:48 of day 30, 1:20 as told at 2:24 or at 19:12, and trades at 0.5 from day 31 on. Determined at
    # noon of day 30 with 5 of each at 10: 50 a at 1 as known at 12:00, and at the strike of day 31 100 a at 0.5.
    split = event(30.2, 30, "redenomination", 10.0)
    told = [split, {**split, "ratio": 20.0, "known_at": START.replace(tzinfo=UTC) + timedelta(days=known)}]
    prices = {"a": {0: 10.0, 31: 0.5, 36: 1.0}, "b": {0: 10.0}}
    found = levels(prices, told, fix=fix, schedule={"determine": "12h"})
    assert [found[day] for day in (30, 31, 35, 36)] == pytest.approx([100.0, 100.0, 100.0, 150.0], rel=1e-12)
