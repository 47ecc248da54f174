"""Events that cannot all have happened are found, and histories that can are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import polars as pl
import pytest

from basketry.core.frames import DAILY, EVENTS
from basketry.market.event_chains import clashes
from basketry.market.event_quality import check_events
from basketry.market.simulate import simulate_market

START = datetime(2024, 1, 1, tzinfo=UTC)
TWICE, AFTER, CIRCLE = "becomes another twice", "an event after it became another", "in a circle"


def rows(*told: str) -> list[dict[str, Any]]:
    """Rows of texts such as "5 merger a b": day, kind, asset and new asset; "known 9" at the end: known on day 9."""
    found = []
    for text in told:
        event, _, known = text.partition(" known ")
        day, kind, asset, *new = event.split()
        found.append(
            {
                "time": START + timedelta(days=int(day)),
                "kind": kind,
                "asset": asset,
                "new_asset": new[0] if new else None,
                "known_at": START + timedelta(days=int(known)) if known else None,
            }
        )
    return found


@pytest.mark.parametrize(
    "told",
    [
        ["1 name_change a b", "5 merger b c"],
        ["1 merger a c", "5 merger b c", "9 migration c d", "9 airdrop d e"],
        ["1 migration a b", "1 migration b c", "1 migration c d"],
        ["5 migration a b", "5 redenomination a", "5 hard_fork a f"],
        ["1 redenomination a", "3 redenomination a", "5 airdrop a x", "6 airdrop a y", "9 migration a b"],
        ["1 merger a b", "1 merger a b known 7"],
        ["1 migration a b", "4 delisting a"],
        ["1 delisting a", "4 delisting a", "5 halt a", "6 name_change a"],
        ["1 halt a", "4 migration a b", "5 halt a"],
        ["1 name_change a", "2 name_change a b", "3 name_change b"],
        ["5 delisting a", "5 migration a b"],
        ["1 delisting a", "5 airdrop b a"],
        ["1 delisting a", "5 airdrop a b", "6 redenomination a", "7 migration a c"],
    ],
)
def test_what_can_have_happened_is_left_alone(told: list[str]) -> None:
    for order in permutations(rows(*told)):
        assert clashes(order) == []


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (["1 merger a b", "5 merger a c"], TWICE),
        (["1 merger a b", "1 migration a c"], TWICE),
        (["1 migration a b", "5 migration a b"], TWICE),
        (["1 name_change a b", "5 merger a c known 3"], TWICE),
        (["1 merger a b", "5 redenomination a"], AFTER),
        (["1 name_change a b", "5 airdrop a c"], AFTER),
        (["1 migration a b", "5 migration b a"], CIRCLE),
        (["1 migration a b", "1 migration b a"], CIRCLE),
        (["1 migration a b", "3 name_change b c", "5 merger c a"], CIRCLE),
        (["5 migration a b", "3 name_change b c", "1 merger c a"], CIRCLE),
    ],
)
def test_what_cannot_all_have_happened_is_found_once_with_all_its_rows(told: list[str], reason: str) -> None:
    given = rows(*told)
    for order in permutations(given):
        (clash,) = clashes(order)
        assert reason in clash.fault.reason
        assert len(clash.rows) == len(given)
        assert all(row in clash.rows for row in given)


def test_the_check_of_the_data_tells_chains_and_sets_nothing_aside() -> None:
    table = EVENTS.conform(pl.DataFrame(rows("1 merger a b", "5 merger a c")).with_columns(ratio=1.0))
    (finding,) = [found for found in check_events(table, DAILY.empty(), "abc") if "chains" in found.check]
    assert not finding.quarantined
    (words,) = finding.rows["reason"]
    assert words.startswith(
        "merger of 'a' to 'c' at 2024-01-06 00:00 beside the merger of 'a' to 'b' at 2024-01-02 00:00"
    )
    assert ": an asset becomes another twice; leave the one that is right; a correction has the same time" in words


def test_the_simulated_market_has_no_such_chain() -> None:
    events = EVENTS.conform(simulate_market(7, years=2.0).tables["events"])
    assert clashes(events.to_dicts()) == []
