"""Policies in words."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import Rulebook
from basketry.reports import policies


def rules(methodology: Methodology, **sections: Any) -> Rulebook:
    document = {key: value for key, value in methodology.document.items() if key != "versions"}
    return Methodology.load({**document, **sections}).latest


@pytest.mark.parametrize("then", sorted(policies.TREATMENTS))
def test_every_treatment_of_missing_prices_has_words(methodology: Methodology, then: str) -> None:
    lines = policies.missing_prices(rules(methodology, missing={"carry_forward": "36h", "then": then}))
    assert "36 hours" in lines[0]
    assert policies.TREATMENTS[then] in lines[1]


def test_a_guard_that_is_off_is_not_spoken_of(methodology: Methodology) -> None:
    assert len(policies.guards(rules(methodology))) == 5
    off = dict.fromkeys(("supply_change", "price_jump", "min_turnover", "level_jump", "member_jump"))
    assert policies.guards(rules(methodology, guard=off)) == []
    (line,) = policies.guards(rules(methodology, guard={**off, "min_turnover": 1e-6}))
    assert "below 0.0001% of" in line


def test_events_and_restatement(methodology: Methodology) -> None:
    own = rules(methodology, events={"airdrop": "credit", "delisting": "remove_at_zero"}, restate={"threshold": 0.005})
    events = dict(policies.corporate_events(own))
    assert policies.CREDITS["credit"] in events["Airdrop"]
    assert policies.CREDITS["ignore"] in events["Hard fork"]
    assert policies.TREATMENTS["remove_at_zero"] in events["Delisting"]
    assert "exceeds 0.5% and it is found within 1 day" in policies.restatement(own)[0]
    assert "at any time" in policies.restatement(rules(methodology, restate={"window": None}))[0]
    forward = policies.restatement(rules(methodology, restate={"policy": "forward"}))
    assert forward[0] == "A published level stands. An error that is found later is recorded with its size."
    assert forward[1:] == policies.restatement(own)[1:]


def test_a_shortage_is_spoken_of(methodology: Methodology) -> None:
    assert "weights are equal" in policies.shortage(rules(methodology))
    refuse = {"by": "market_cap", "cap": 0.5, "shortage": "refuse"}
    assert "refused" in policies.shortage(rules(methodology, weight=refuse))


def test_silence_is_that_of_members_whatever_others_have() -> None:
    times = [datetime(2020, 1, day, tzinfo=UTC) for day in range(1, 11)]
    # a alone is a member and has no price from the 4th to the 7th; b has one each day.
    price = {"a": [10.0] * 3 + [None] * 4 + [20.0] * 3, "b": [1.0] * 10}
    caps = {"a": [1e3] * 3 + [None] * 4 + [2e3] * 3, "b": [1.0] * 10}
    panel = Panel.from_frames(
        price=pl.DataFrame({"time": times} | price), market_cap=pl.DataFrame({"time": times} | caps)
    )
    document = {
        "basketry": 1, "name": "One", "symbol": "ONE", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "top": 1}, "weight": "equal", "rebalance": {"every": "month"},
        "missing": {"carry_forward": "2d", "then": "remove_at_zero"},
    }  # fmt: skip
    rules = Methodology.load(document)
    result = calculate_index(rules, panel)
    # Carried on the 4th and 5th; older than two days on the 6th and 7th, and nobody is removed.
    marks = result.levels["status"].cast(str).to_list()
    assert marks == ["live"] * 3 + ["carried"] * 2 + ["suspended"] * 2 + ["live"] * 3
    assert result.level()[-1] == pytest.approx(200.0)
    (line,) = [line for line in policies.missing_prices(rules.latest) if "no member has a price" in line]
    assert "carried, and suspended once the oldest price is older than 2 days" in line
