"""On random markets the child of a random parent is the same by basketry and by the plain implementation."""

from random import Random
from typing import Any

import pytest
from tests.independent.plain_determine import CannotDetermineError
from tests.independent.plain_index import PlainIndex
from tests.independent.random_markets import LEVEL, RandomMarket, methodology_of, panel_of, random_market, random_rules
from tests.independent.test_events_against_plain import difference_of

from basketry.core.errors import BasketryError
from basketry.index.calculate import calculate_index
from basketry.methodology.methodology import Methodology


def family(seed: int, with_events: bool) -> tuple[RandomMarket, RandomMarket, str]:
    """A market with its rules, the same with those of a child, and where that looks: among its members or outside."""
    parent = random_market(seed, with_events, with_reviews=seed % 2 == 0)
    rng = Random(seed + 10**6)  # noqa: S311 - a test that can be repeated
    rules = random_rules(rng)
    rules["min_days"] = parent.rules["min_days"]
    # The base of the child is determined when that of the parent is known.
    least = min(parent.rules["determine"], (parent.rules.get("review") or parent.rules)["determine"])
    rules["determine"] = rng.randint(0, least)
    child = RandomMarket(parent.days, parent.base, rules, parent.tables, parent.events, parent.yields)
    return parent, child, rng.choice(("among", "outside"))


def child_of(parent: Methodology, child: Methodology, way: str) -> Methodology:
    universe = [*child.document["universe"], {"in_index" if way == "among" else "outside_index": "PARENT"}]
    whole: dict[str, Any] = {**parent.document, "symbol": "PARENT"}
    return Methodology.load({**child.document, "parents": [whole], "universe": universe})


def first_difference(seed: int, with_events: bool) -> str | None:
    parent, child, way = family(seed, with_events)
    plain_parent, plain_child = (
        PlainIndex(market.tables, market.days, {}, market.rules, market.events, market.yields)
        for market in (parent, child)
    )
    plain_child.parent = (way, plain_parent)
    rules = child_of(methodology_of(parent), methodology_of(child), way)
    try:
        plain_parent.run(parent.base, LEVEL)
        plain = plain_child.run(child.base, LEVEL)
    except CannotDetermineError:
        with pytest.raises(BasketryError):
            calculate_index(rules, panel_of(parent))
        return None
    return difference_of(plain, calculate_index(rules, panel_of(parent)))


def check(seeds: range, with_events: bool) -> None:
    wrong = {}
    for seed in seeds:
        try:
            difference = first_difference(seed, with_events)
        except BasketryError as error:
            difference = f"refused: {error}"
        if difference:
            parent, child, way = family(seed, with_events)
            wrong[seed] = f"{difference}\n{way}\n{parent.words()}\n{child.rules}"
    assert not wrong, f"{len(wrong)} of {len(seeds)} differ: {sorted(wrong)}; the first:\n{min(wrong.items())}"


@pytest.mark.parametrize("with_events", [False, True])
def test_random_children_give_the_same_by_both(with_events: bool) -> None:
    check(range(30), with_events)


@pytest.mark.slow
def test_many_random_children_give_the_same_by_both() -> None:
    check(range(1000, 1100), True)


def test_the_children_have_answers() -> None:
    """Most of the families can be calculated, so that the comparison is of something."""
    found = 0
    for seed in range(30):
        parent, child, way = family(seed, True)
        try:
            calculate_index(child_of(methodology_of(parent), methodology_of(child), way), panel_of(parent))
        except BasketryError:
            continue
        found += 1
    assert found >= 15
