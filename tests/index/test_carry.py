"""What was determined, carried through events, by hand."""

import numpy as np
import pytest
from tests.index.test_settle import T, decided, due

from basketry.index.carry import carry_decision
from basketry.index.state import Candidate, Due
from basketry.market.events import EventKind


def test_what_was_determined_goes_over_into_what_an_asset_becomes() -> None:
    before = decided([0.6, 0.4], [100.0, 7.0])
    split = carry_decision(before, due(EventKind.REDENOMINATION, ratio=10.0))
    assert (split.columns.tolist(), split.weights.tolist()) == ([0, 1], [0.6, 0.4])
    assert split.shares is not None
    assert (split.shares.tolist(), split.prices.tolist()) == ([1000.0, 7.0], [1.0, 20.0])
    moved = carry_decision(before, due(EventKind.MIGRATION, ratio=4.0, new=3))
    assert moved.shares is not None
    assert (moved.columns.tolist(), moved.weights.tolist()) == ([1, 3], [0.4, 0.6])
    assert (moved.shares.tolist(), moved.prices.tolist(), moved.raw.tolist()) == ([7.0, 400.0], [20.0, 2.5], [0.4, 0.6])
    merged = carry_decision(before, due(EventKind.MERGER, ratio=4.0, new=1))
    assert merged.shares is not None
    assert (merged.columns.tolist(), merged.weights.tolist(), merged.raw.tolist()) == ([1], [1.0], [1.0])
    # The price at which the weight of 1 gives 0.6 / 2.5 + 0.4 / 20 units.
    assert (merged.shares.tolist(), merged.prices.tolist()) == ([407.0], [1 / (0.6 / 2.5 + 0.4 / 20)])
    assert carry_decision(decided([0.6, 0.4]), due(EventKind.REDENOMINATION, ratio=10.0)).shares is None


@pytest.mark.parametrize(
    "one",
    [
        due(EventKind.HARD_FORK, ratio=0.5, new=3),
        due(EventKind.AIRDROP, ratio=0.5, new=3),
        due(EventKind.HALT),
        due(EventKind.REDENOMINATION, 2, ratio=10.0),
    ],
)
def test_what_does_not_concern_a_determination_leaves_it(one: Due) -> None:
    before = decided([0.6, 0.4])
    assert carry_decision(before, one) is before


def test_an_event_that_the_determination_knew_changes_nothing() -> None:
    one = due(EventKind.REDENOMINATION, ratio=10.0)
    known = decided([0.6, 0.4], determined_at=T)
    assert carry_decision(known, one) is known
    unknown = decided([0.6, 0.4], determined_at=T - np.timedelta64(1, "us"))
    assert carry_decision(unknown, one).prices.tolist() == [1.0, 20.0]


def test_who_departs_leaves_its_weight_to_the_others_or_to_the_next() -> None:
    before = decided([0.5, 0.3, 0.2], [1.0, 2.0, 3.0])
    left = carry_decision(before, due(EventKind.DELISTING))
    assert left.shares is not None
    assert (left.columns.tolist(), left.weights.tolist()) == ([1, 2], [0.6, 0.4])
    assert (left.shares.tolist(), left.prices.tolist(), left.raw.tolist()) == ([2.0, 3.0], [20.0, 30.0], [0.3, 0.2])
    candidates = (Candidate(2, 30.0, 0), Candidate(5, 4.0, 0))
    one = due(EventKind.DELISTING, removal="replace_by_next", candidates=candidates)
    replaced = carry_decision(before, one)
    assert replaced.shares is not None
    assert (replaced.columns.tolist(), replaced.weights.tolist()) == ([1, 2, 5], [0.3, 0.2, 0.5])
    assert (replaced.shares.tolist(), replaced.prices.tolist()) == ([2.0, 3.0, 2.5], [20.0, 30.0, 4.0])
    assert before.columns.tolist() == [0, 1, 2]
    alone = carry_decision(decided([1.0]), due(EventKind.DELISTING))
    assert len(alone.columns) == 0
    assert alone.nobody == "the only asset that was determined departed: delisting of a"
