"""The laws of the fold: cut anywhere, same bytes; snapshot and restore = run through; a prefix = the beginning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.markets import random_panel, random_rules

from basketry.core.errors import BasketryError
from basketry.index.calculate import calculate_index
from basketry.index.history import History, Step
from basketry.index.market import IndexMarket
from basketry.index.records import Composition, Evidence, Levels, Rebalance, Record
from basketry.index.result import IndexResult
from basketry.index.state import IndexState
from basketry.index.tables import composition_table, event_table, level_table, rebalance_table
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

seeds = st.integers(0, 2**32 - 1)


def history_of(rules: Methodology, panel: Panel, result: IndexResult, rows: int | None = None) -> History:
    return History(rules, IndexMarket.of(panel, result.times), rows)


def tables_of(records: Iterable[Record], rules: Methodology, names: tuple[str, ...]) -> list[pl.DataFrame]:
    kept = list(records)
    compositions = [entry for entry in kept if isinstance(entry, Composition)]
    columns = [rule.column() for rule in rules.first.returns]
    return [
        level_table([entry for entry in kept if isinstance(entry, Levels)], compositions, columns),
        composition_table(compositions, names),
        rebalance_table([entry for entry in kept if isinstance(entry, Rebalance)], names),
        event_table([entry for entry in kept if isinstance(entry, Evidence)]),
    ]


def same(first: Iterable[pl.DataFrame], second: Iterable[pl.DataFrame]) -> None:
    for one, other in zip(first, second, strict=True):
        assert one.columns == other.columns
        for name in one.columns:
            assert one[name].equals(other[name]), (name, one.filter(one[name] != other[name]).head(3))


def calculated(seed: int) -> tuple[Methodology, Panel, IndexResult]:
    """A rulebook, a market on which it can be satisfied, and the index: of this seed, or of the next that has one."""
    while True:
        rules, panel = random_rules(seed), random_panel(seed)
        try:
            return rules, panel, calculate_index(rules, panel)
        except BasketryError:
            seed += 1


def laws(seed: int) -> None:
    rules, panel, result = calculated(seed)
    whole = history_of(rules, panel, result)
    single = history_of(rules, panel, result, 1)
    steps = list(whole.walk(whole.start()))
    rows = list(single.walk(single.start()))
    same(
        tables_of((record for step in steps for record in step.records), rules, result.panel.assets),
        tables_of((record for step in rows for record in step.records), rules, result.panel.assets),
    )
    assert steps[-1].state.to_bytes() == rows[-1].state.to_bytes()
    assert result.state is not None
    assert result.state.to_bytes() == steps[-1].state.to_bytes()
    restored(rules, panel, rows, seed)


def restored(rules: Methodology, panel: Panel, rows: list[Step], seed: int) -> None:
    """Snapshots anywhere, restored by a driver that knows nothing of before, lead to the same."""
    rng = np.random.default_rng(seed)
    times = np.array([time for step in rows for record in step.records if isinstance(record, Levels)
                      for time in record.times])  # fmt: skip
    for cut in rng.integers(0, len(rows) - 1, 3).tolist():
        kept = rows[cut].state.to_bytes()
        again = IndexState.from_bytes(kept, rules, panel.assets)
        assert again.to_bytes() == kept
        driver = History(rules, IndexMarket.of(panel, times), int(rng.integers(1, 9)))
        following = list(driver.walk(again))
        assert following[-1].state.to_bytes() == rows[-1].state.to_bytes()
        same(
            tables_of((r for step in [*rows[: cut + 1], *following] for r in step.records), rules, again.assets),
            tables_of((r for step in rows for r in step.records), rules, again.assets),
        )


@settings(max_examples=10)
@given(seeds)
def test_cut_anywhere_same_bytes(seed: int) -> None:
    laws(seed)


@pytest.mark.slow
def test_cut_anywhere_same_bytes_over_many_markets() -> None:
    for seed in range(30):
        laws(seed)


@settings(max_examples=10)
@given(seeds, st.floats(0.2, 0.95))
def test_a_prefix_of_a_longer_run_is_the_shorter_run(seed: int, share: float) -> None:
    rules, panel, whole = calculated(seed)
    last = whole.times[int(len(whole.times) * share)]
    part = calculate_index(rules, panel.as_of(last), end=last)
    assert part.levels.equals(whole.levels.head(part.levels.height))
    stamp = part.levels["time"][-1]
    for name, column in (("compositions", "effective_at"), ("rebalances", "effective_at")):
        table = getattr(whole, name)
        assert getattr(part, name).equals(table.filter(pl.col(column) <= stamp)), name


def test_the_made_markets_meet_all_that_can_happen() -> None:
    """The laws are worth nothing on markets in which nothing happens."""
    words: set[str] = set()
    kinds: set[str] = set()
    statuses: set[str] = set()
    for seed in range(80):
        _, _, result = calculated(seed)
        words |= {name.split(" ")[0] for trigger in result.rebalances["trigger"] for name in trigger.split(", ")}
        kinds |= set(result.events["kind"])
        statuses |= set(result.levels["status"])
    assert {"base", "schedule", "transition", "missing", "drift", "volatility", "eligibility_lost", "asset_qualifies",
            "redenomination", "migration", "delisting", "hard_fork", "airdrop"} <= words  # fmt: skip
    assert {"merger", "name_change", "missing_price", "superseded", "review"} <= kinds
    assert statuses == {"live", "carried", "stale", "suspended"}


def test_a_state_goes_on_over_a_market_that_has_grown() -> None:
    rules, panel, result = calculated(3)
    history = history_of(rules, panel, result, 1)
    steps = list(history.walk(history.start()))
    kept = steps[len(steps) // 2].state
    wider = ("a0", *panel.assets[:3], "x2z", *panel.assets[3:])
    moved = kept.over(wider)
    assert moved.to_bytes() == kept.to_bytes()
    assert moved.basket is not None
    assert kept.basket is not None
    held = [wider[column] for column in moved.basket.columns]
    assert held == [panel.assets[column] for column in kept.basket.columns]
    assert list(pairwise(held)) == [pair for pair in pairwise(held) if pair[0] < pair[1]]
    assert replace(moved, assets=wider) is not moved
