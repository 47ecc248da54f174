"""Bounds under attack: never left by arbitrary corrupt reports, and reached by the worst ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError, MethodologyError
from basketry.reference.oracle.aggregate import Answer, Status, aggregate
from basketry.reference.oracle.bounds import confidence_survives, guaranteed, survives, value_bound
from basketry.reference.oracle.feed import Feed
from basketry.reference.oracle.policy import POLICIES, AggregationPolicy, Quote
from basketry.reference.oracle.report import Report

PRICES = st.integers(1, 10**6)
WIDTHS = st.integers(1, 10**5)
HONEST = st.lists(st.builds(Quote, PRICES, WIDTHS), min_size=1, max_size=12)
CORRUPT = st.lists(st.builds(Quote, st.integers(-(2**200), 2**200), st.integers(1, 2**200)), max_size=8)
FAR = 10**12


def policy(name: str, reports: int) -> AggregationPolicy:
    faults = (reports - 1) // 2
    return POLICIES.build(name, {"faults": faults, "quorum": max(reports, 2 * faults + 1)})


def odd(name: str, honest: list[Quote], corrupt: list[Quote]) -> list[Quote]:
    """An odd number in all for the policy that asks for it."""
    return [*honest, Quote(500, 5)] if name == "odd_median" and (len(honest) + len(corrupt)) % 2 == 0 else honest


@pytest.mark.parametrize("name", list(POLICIES.rules))
@settings(max_examples=150)
@given(honest=HONEST, corrupt=CORRUPT)
def test_whatever_they_report_the_value_stays_within(name: str, honest: list[Quote], corrupt: list[Quote]) -> None:
    honest = odd(name, honest, corrupt)
    rule = policy(name, len(honest) + len(corrupt))
    bound = value_bound(rule, honest, len(corrupt))
    assert bound.holds(rule.combine([*honest, *corrupt]).price)


@pytest.mark.parametrize("name", list(POLICIES.rules))
@settings(max_examples=100)
@given(honest=HONEST, corrupt=st.integers(0, 8))
def test_the_ends_are_reached(name: str, honest: list[Quote], corrupt: int) -> None:
    honest = odd(name, honest, [Quote(1)] * corrupt)
    rule = policy(name, len(honest) + corrupt)
    bound = value_bound(rule, honest, corrupt)
    lowest = rule.combine([*honest, *[Quote(-FAR, 1)] * corrupt]).price
    highest = rule.combine([*honest, *[Quote(FAR, 1)] * corrupt]).price
    assert lowest == bound.low or (bound.low is None and lowest < -FAR // 4)
    assert highest == bound.high or (bound.high is None and highest > FAR // 4)


@pytest.mark.parametrize("name", [name for name in POLICIES.rules if name != "odd_median"])
@settings(max_examples=60)
@given(honest=HONEST, corrupt=CORRUPT, used=st.integers(0, 8))
def test_silence_reaches_no_further(name: str, honest: list[Quote], corrupt: list[Quote], used: int) -> None:
    rule = policy(name, len(honest) + len(corrupt))
    bound = value_bound(rule, honest, len(corrupt))
    assert bound.holds(rule.combine([*honest, *corrupt[:used]]).price)


@pytest.mark.parametrize("name", list(POLICIES.rules))
@pytest.mark.parametrize("reports", range(1, 16, 2))
def test_any_minority_is_survived_and_no_half(name: str, reports: int) -> None:
    rule = policy(name, reports)
    most = survives(rule, reports)
    assert most == (reports - 1) // 2
    honest = [Quote(1000 + place, 2) for place in range(reports)]
    within = value_bound(rule, honest[most:], most)
    assert within.width is not None
    beyond = value_bound(rule, honest[most + 1 :], most + 1) if most + 1 < reports else None
    assert beyond is None or beyond.width is None


def test_even_numbers() -> None:
    for name in ("median", "upper_median", "three_vote_median"):
        assert [survives(policy(name, reports), reports) for reports in (2, 4, 6, 8, 10)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", list(POLICIES.rules))
def test_the_promise_holds_in_every_round_with_a_quorum(name: str) -> None:
    for faults in range(6):
        rule = POLICIES.build(name, {"faults": faults})
        assert guaranteed(rule) == faults
        assert rule.least_reporters == 3 * faults + 1


@settings(max_examples=150)
@given(honest=HONEST, data=st.data())
def test_a_quarter_cannot_widen_the_interval_beyond_the_honest_votes(honest: list[Quote], data: st.DataObject) -> None:
    for name in ("median", "upper_median", "three_vote_median"):
        rule = policy(name, len(honest))
        votes = sorted(vote for quote in honest for vote in rule.votes(quote))
        for corrupt in range(len(honest)):
            reports = len(honest) + corrupt
            if corrupt <= confidence_survives(rule, reports):
                bad = data.draw(
                    st.lists(st.builds(Quote, st.integers(1, 10**9), WIDTHS), min_size=corrupt, max_size=corrupt)
                )
                assert rule.combine([*honest, *bad]).confidence <= votes[-1] - votes[0]


def test_one_more_than_a_quarter_widens_it_at_will() -> None:
    rule = policy("three_vote_median", 4)
    assert confidence_survives(rule, 4) == 1
    honest, bad = [Quote(100, 1), Quote(101, 1), Quote(102, 1)], Quote(FAR, 1)
    assert rule.combine([*honest, bad]).confidence < 10
    assert confidence_survives(rule, 3) == 0
    assert rule.combine([*honest[:2], bad]).confidence > FAR // 2


def test_what_makes_no_sense_is_refused() -> None:
    rule = policy("odd_median", 3)
    with pytest.raises(MethodologyError, match="takes 3 reports, 4 were given"):
        value_bound(rule, [Quote(1)] * 2, 2)
    with pytest.raises(MethodologyError, match="0 honest"):
        value_bound(rule, [], 1)
    with pytest.raises(DataError, match="no exact middle"):
        rule.combine([Quote(1), Quote(2)])
    with pytest.raises(DataError, match="there are no quotes"):
        rule.combine([])
    with pytest.raises(DataError, match="no confidence"):
        policy("three_vote_median", 1).combine([Quote(1)])


@pytest.mark.parametrize("name", list(POLICIES.rules))
def test_every_policy_says_itself(name: str) -> None:
    rule = POLICIES.build(name, {"faults": 2})
    assert "5 reports" in rule.words()
    assert rule.formula
    assert rule.source
    assert rule.parameters() == {"faults": 2}


NOW = 1_700_000_000_000_000
ANY = st.integers(-(2**255), 2**255 - 1)
ANYTHING = st.fixed_dictionaries(
    {
        "round": st.sampled_from([1, 1, 1, 2]),
        "observed_at": st.one_of(st.just(NOW), st.integers(-(2**63), 2**63 - 1)),
        "decimals": st.sampled_from([8, 8, 8, 0]),
        "price": ANY,
        "confidence": st.one_of(st.none(), ANY),
    }
)


def report(reporter: int, **fields: Any) -> Report:
    return Report(
        **{"feed": "f", "reporter": f"r{reporter:02}", "round": 1, "observed_at": NOW, "decimals": 8, **fields}
    )


def answer(name: str, faults: int, reports: list[Report]) -> Answer:
    keys = {f"r{place:02}": bytes([place]) * 32 for place in range(3 * faults + 1)}
    feed = Feed(id="f", domain="d", reporters=keys, policy=POLICIES.build(name, {"faults": faults}))
    return aggregate(reports, feed, 1, NOW, lambda *_: True)


@pytest.mark.parametrize("name", list(POLICIES.rules))
@settings(max_examples=150)
@given(faults=st.integers(1, 4), data=st.data())
def test_f_corrupt_reporters_do_what_they_like_and_the_answer_is_honest(
    name: str, faults: int, data: st.DataObject
) -> None:
    """Any values, several reports, silence, wrong rounds and times; up to f honest reporters silent too."""
    everyone = data.draw(st.permutations(range(3 * faults + 1)))
    corrupt, honest = everyone[:faults], everyone[faults:]
    quotes = {place: Quote(data.draw(PRICES), data.draw(WIDTHS)) for place in honest}
    lies = [report(place, **lie) for place in corrupt for lie in data.draw(st.lists(ANYTHING, max_size=2))]
    silent = data.draw(st.integers(0, faults))
    truth = [report(place, price=quotes[place].price, confidence=quotes[place].confidence) for place in honest[silent:]]
    result = answer(name, faults, data.draw(st.permutations(truth + lies)))
    if not silent:
        assert result.status is Status.LIVE, "f corrupt reporters cannot stop a feed"
    if result.price is not None:
        rule = POLICIES.build(name, {"faults": faults})
        votes = [vote for place in honest[silent:] for vote in rule.votes(quotes[place])]
        assert min(votes) <= result.price <= max(votes)


@pytest.mark.parametrize("name", list(POLICIES.rules))
@pytest.mark.parametrize("faults", range(5))
@pytest.mark.parametrize("wanted", [1, FAR])
def test_one_more_than_f_set_the_answer_where_f_honest_ones_are_not_heard(name: str, faults: int, wanted: int) -> None:
    honest = [report(place, price=1000 + place, confidence=2) for place in range(faults)]
    corrupt = [report(place, price=wanted, confidence=1) for place in range(faults, 2 * faults + 1)]
    result = answer(name, faults, honest + corrupt)
    assert abs(result.usable - wanted) <= 1
