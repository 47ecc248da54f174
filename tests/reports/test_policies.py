"""Policies in words."""

from typing import Any

import pytest

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
    assert len(policies.guards(rules(methodology))) == 4
    off = {"supply_change": None, "price_jump": None, "min_turnover": None, "level_jump": None}
    assert policies.guards(rules(methodology, guard=off)) == []
    (line,) = policies.guards(rules(methodology, guard={**off, "min_turnover": 1e-6}))
    assert "below 0.0001% of" in line


def test_events_and_restatement(methodology: Methodology) -> None:
    own = rules(methodology, events={"airdrop": "credit", "delisting": "remove_at_zero"}, restate={"threshold": 0.005})
    events = dict(policies.corporate_events(own))
    assert policies.CREDITS["credit"] in events["Airdrop"]
    assert policies.CREDITS["ignore"] in events["Hard fork"]
    assert policies.TREATMENTS["remove_at_zero"] in events["Delisting"]
    assert "exceeds 0.5% and the error is found within 1 day" in policies.restatement(own)[0]
    assert "at any time" in policies.restatement(rules(methodology, restate={"window": None}))[0]


def test_a_shortage_is_spoken_of(methodology: Methodology) -> None:
    assert "weights are equal" in policies.shortage(rules(methodology))
    refuse = {"by": "market_cap", "cap": 0.5, "shortage": "refuse"}
    assert "refused" in policies.shortage(rules(methodology, weight=refuse))
