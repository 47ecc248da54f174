"""Laws of what is announced: a prefix tells a prefix, and what nothing touches is struck as it was told."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.markets import random_panel, random_rules

from basketry.core.errors import BasketryError, MethodologyError
from basketry.core.time import to_datetime
from basketry.index.calculate import calculate_index
from basketry.index.effective import check_effective
from basketry.index.outlook import announced_changes, next_composition
from basketry.index.proforma import Stage, announcements
from basketry.index.records import Scope
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

seeds = st.integers(0, 2**32 - 1)


def rules_of(seed: int) -> Methodology:
    """Random rules that announce some time before the change, or when it takes effect."""
    document = dict(random_rules(seed).document)
    rng = np.random.default_rng([seed, 7])
    lags = {"0d": ["0d"], "1d": ["0d", "1d"], "3d": ["1d", "2d"], "36h": ["12h", "1d"], "15d": ["1d", "4d", "15d"]}
    rebalance = dict(document["rebalance"])
    rebalance["announce"] = str(rng.choice(lags[rebalance["determine"]]))
    document["rebalance"] = rebalance
    if "review" in document:
        document["review"] = {**document["review"], "announce": str(rng.choice(["15d", "9d", "2d"]))}
        if document["review"]["announce"] < rebalance["announce"]:
            document["review"]["announce"] = "15d"
    return Methodology.load(document)


def calculated(seed: int) -> tuple[Methodology, Panel, IndexResult]:
    while True:
        panel = random_panel(seed)
        try:
            rules = rules_of(seed)
            return rules, panel, calculate_index(rules, panel)
        except BasketryError:
            seed += 1


def laws(seed: int, share: float) -> None:
    rules, panel, whole = calculated(seed)
    told = announcements(whole)
    part = calculate_index(rules, panel.as_of(last := whole.times[int(len(whole.times) * share)]), end=last)
    before = announcements(part)
    assert [entry.body() for entry in before] == [entry.body() for entry in told[: len(before)]]
    assert all(entry.instant > last for entry in told[len(before) :])
    for entry in told:
        assert entry.announced_at <= entry.instant
        weights = [holding.determined for holding in entry.holdings if holding.determined is not None]
        if entry.scope is not Scope.MEMBERS and not entry.kept:
            assert sum(weights) == pytest.approx(1.0)
            assert sum(holding.weight or 0.0 for holding in entry.holdings) == pytest.approx(1.0)
        for difference in check_effective(entry.body(), whole) or ():
            assert difference.reason, (entry, difference)
    forward(part, whole)


def forward(part: IndexResult, whole: IndexResult) -> None:
    """What is pending in a prefix is what the whole went on with; what is projected breaks nothing."""
    assert all(entry.stage is Stage.ANNOUNCED for entry in announced_changes(part))
    try:
        found = next_composition(part)
    except MethodologyError:
        return
    if found is not None and found.stage is not Stage.PROJECTED:
        own = whole.events.filter(pl.col("time") > to_datetime(part.times[-1]))
        check = check_effective(found.body(), whole)
        assert check is None or all(entry.reason for entry in check), (own, check)


@settings(max_examples=10)
@given(seeds, st.floats(0.2, 0.95))
def test_a_prefix_tells_a_prefix(seed: int, share: float) -> None:
    laws(seed, share)


@pytest.mark.slow
def test_a_prefix_tells_a_prefix_over_many_markets() -> None:
    for seed in range(20):
        laws(seed, 0.3 + 0.6 * seed / 20)
