"""On random markets with every kind of event, levels, statuses and baskets equal those of the plain implementation."""

import math
from datetime import date
from typing import Any

import pytest
from tests.independent.plain_determine import CannotDetermineError
from tests.independent.plain_index import PlainIndex, Result
from tests.independent.random_markets import LEVEL, RandomMarket, methodology_of, panel_of, random_market

from basketry.core.errors import BasketryError
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult

Basket = dict[str, float]
"""Units over the divisor by asset."""


def both(market: RandomMarket) -> tuple[Result, IndexResult] | None:
    """Return the index by both, None where the rules have no answer, which basketry must say too."""
    index = PlainIndex(market.tables, market.days, {}, market.rules, market.events, market.yields)
    try:
        plain = index.run(market.base, LEVEL)
    except CannotDetermineError:
        with pytest.raises(BasketryError):
            calculate_index(methodology_of(market), panel_of(market))
        return None
    return plain, calculate_index(methodology_of(market), panel_of(market))


def day_of(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


def first_difference(market: RandomMarket) -> str | None:
    """Return where the two first differ, None where they do not."""
    found = both(market)
    if found is None:
        return None
    return difference_of(*found)


def difference_of(plain: Result, result: IndexResult) -> str | None:
    """Return where the index by one first differs from that by the other, None where it does not."""
    rows = result.levels.rows(named=True)
    if [day_of(row["time"]) for row in rows] != list(plain.levels):
        return f"instants: {len(rows)} rows for {len(plain.levels)}"
    held = baskets(result)
    known: Basket = {}
    for row in rows:
        day = day_of(row["time"])
        status = plain.statuses[day]
        pairs = [
            ("level", row["price_return"], plain.levels[day]),
            ("total return", row.get("total_return"), plain.total.get(day)),
            ("status", row["status"], status.word),
            ("age", row["age_days"], status.age),
            ("fresh", row["sources"], status.fresh),
        ]
        known = held.get(day, known)
        # A change at the last instant counts from the next one, which is not there.
        if row is not rows[-1]:
            pairs.extend(_holdings(known, plain, day))
        for name, ours, theirs in pairs:
            close = isinstance(ours, float) and isinstance(theirs, float) and math.isclose(ours, theirs, rel_tol=1e-9)
            if ours != theirs and not close:
                return f"{day} {name}: {ours!r}, by the plain implementation {theirs!r}"
    return None


def _holdings(known: Basket, plain: Result, day: date) -> list[tuple[str, Any, Any]]:
    """Return what is compared of two baskets. Cash stands in compositions as the asset that left."""
    theirs = plain.baskets[day]
    pairs: list[tuple[str, Any, Any]] = [(f"units of {a}", known.get(a), q) for a, q in theirs.items()]
    if not plain.cash[day]:
        pairs.append(("members", sorted(known), sorted(theirs)))
    return pairs


def baskets(result: IndexResult) -> dict[date, Basket]:
    """Return units over the divisor by the day from which they are held; the last of a day counts."""
    found: dict[date, Basket] = {}
    for row in result.compositions.rows(named=True):
        found.setdefault(day_of(row["effective_at"]), {})[row["asset"]] = row["units"] / row["divisor"]
    return found


def check(
    seeds: range,
    with_events: bool,
    with_reviews: bool = False,
    with_screens: bool = False,
    stated: bool = False,
    fix: str | None = None,
    with_cash: bool = False,
    limited: bool = False,
) -> None:
    wrong = {}
    for seed in seeds:
        market = random_market(seed, with_events, with_reviews, with_screens, stated, fix, with_cash, limited)
        try:
            difference = first_difference(market)
        except BasketryError as error:
            difference = f"refused: {error}"
        if difference:
            wrong[seed] = f"{difference}\n{market.words()}"
    assert not wrong, f"{len(wrong)} of {len(seeds)} differ: {sorted(wrong)}; the first:\n{min(wrong.items())}"


@pytest.mark.parametrize("with_events", [False, True])
def test_random_markets_give_the_same_by_both(with_events: bool) -> None:
    check(range(40), with_events)


@pytest.mark.parametrize("with_events", [False, True])
def test_random_markets_with_reviews_give_the_same_by_both(with_events: bool) -> None:
    check(range(30), with_events, with_reviews=True)


@pytest.mark.parametrize("with_reviews", [False, True])
def test_random_markets_with_weights_stated_by_asset_give_the_same_by_both(with_reviews: bool) -> None:
    check(range(6010, 6040), with_events=True, with_reviews=with_reviews, stated=True)


@pytest.mark.parametrize("stated", [False, True])
def test_random_markets_with_supplies_fixed_give_the_same_by_both(stated: bool) -> None:
    check(range(20), with_events=True, with_reviews=True, stated=stated, fix="supply")


@pytest.mark.parametrize(("stated", "fix"), [(False, None), (True, None), (False, "supply")])
def test_random_markets_with_a_cash_member_give_the_same_by_both(stated: bool, fix: str | None) -> None:
    check(range(300, 325), with_events=True, with_reviews=True, stated=stated, fix=fix, with_cash=True)


@pytest.mark.parametrize(("stated", "with_cash"), [(False, False), (True, False), (False, True), (True, True)])
def test_random_markets_with_turnover_limited_give_the_same_by_both(stated: bool, with_cash: bool) -> None:
    seeds = range(7000, 7040) if not with_cash else range(7000, 7020)
    check(seeds, with_events=True, with_reviews=stated, stated=stated, with_cash=with_cash, limited=True)


@pytest.mark.parametrize("seed", [2313, 2385, 5057, 5090, 5104, 5266])
def test_markets_that_once_differed_give_the_same_by_both(seed: int) -> None:
    """A successor that traded before it took over; members lost and removed at their last price at one instant; a
    correction in a suspended silence; a supply that doubled to rounding; an asset that became one that waited for its
    first price; a replacement that was held as cash."""
    check(range(seed, seed + 1), True)


@pytest.mark.parametrize(
    ("seed", "rules"),
    [
        (2000577, {"with_reviews": True, "stated": True, "limited": True}),
        (70254, {"with_reviews": True, "with_cash": True}),
        (2000361, {"with_reviews": True, "with_cash": True, "limited": True}),
        (70608, {"with_reviews": True, "with_screens": True}),
        (70294, {"with_reviews": True, "with_cash": True, "stated": True, "fix": "supply"}),
        (5000401, {"with_reviews": True, "with_screens": True, "limited": True}),
        (5000476, {"limited": True}),
        (5001629, {"with_reviews": True, "with_cash": True}),
        (7000890, {"with_reviews": True, "stated": True, "limited": True}),
    ],
)
def test_rules_under_which_markets_once_differed_give_the_same_by_both(seed: int, rules: dict[str, Any]) -> None:
    """A correction of what was struck since, without a price in between (two); only cash was left, by a conversion into
    what was held as cash; a merger learned after units of its asset were made of others; units of two strikes that
    became another asset; what is held before the base, through a redenomination and a merger that was corrected; an
    absurd price that was carried for four days; a correction of what had no price of its own at the base."""
    check(range(seed, seed + 1), True, **rules)


@pytest.mark.parametrize(("with_events", "with_reviews"), [(False, False), (True, False), (False, True)])
def test_screens_over_windows_give_the_same_by_both(with_events: bool, with_reviews: bool) -> None:
    check(range(500, 520), with_events, with_reviews, with_screens=True)


def test_many_of_these_screens_change_who_is_held() -> None:
    differ = 0
    for seed in range(500, 515):
        market = random_market(seed, with_screens=True)
        found = both(market)
        if found is not None:
            market.rules["screens"] = []
            without = both(market)
            differ += without is not None and baskets(found[1]) != baskets(without[1])
    assert differ > 3


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1000, 1400, 100))
def test_many_random_markets_give_the_same_by_both(start: int) -> None:
    check(range(start, start + 100), True)


@pytest.mark.slow
def test_many_random_markets_with_reviews_give_the_same_by_both() -> None:
    check(range(1000, 1100), True, with_reviews=True)
