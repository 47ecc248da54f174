"""A round from reports to an answer: what counts, what is left out, what is refused, when it is published and read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from basketry.core.errors import DataError, MethodologyError, UnknownRuleError
from basketry.reference.oracle.aggregate import Answer, Status, aggregate
from basketry.reference.oracle.feed import Feed
from basketry.reference.oracle.report import Report, public_key_of
from basketry.reference.oracle.screen import Reason, screen
from basketry.reference.oracle.update import Due, ReadRule, UpdateRule

NOW = 1_700_000_000_000_000
SECOND = 1_000_000
NAMES = ("anna", "bert", "carl", "dora")


def key_of(name: str) -> bytes:
    return name.encode().ljust(32, b".")


def feed(**changes: Any) -> Feed:
    fields: dict[str, Any] = {"id": "btc-usd", "domain": "main", "reporters": {name: key_of(name) for name in NAMES}}
    return Feed(**{**fields, **changes})


def report(reporter: str, price: int = 100, **changes: Any) -> Report:
    fields: dict[str, Any] = {
        "feed": "btc-usd", "reporter": reporter, "round": 5, "observed_at": NOW, "decimals": 8, "price": price,
        "signature": b"good",
    }  # fmt: skip
    return Report(**{**fields, **changes})


def marked(entry: Report, domain: str, key: bytes) -> bool:
    """A scheme in which a good signature says so: what stands after it only makes two signatures differ."""
    return domain == "main" and key == key_of(entry.reporter) and entry.signature.startswith(b"good")


def answer(*reports: Report, of: Feed | None = None, at: int = NOW) -> Answer:
    return aggregate(reports, of or feed(), 5, at, marked)


def left_out(result: Answer) -> dict[str, str]:
    return {entry.reporter: entry.reason.value for entry in result.left_out}


def test_a_round() -> None:
    result = answer(report("bert", 102), report("anna", 100), report("dora", 110), report("carl", 101))
    assert (result.price, result.status, result.reporters, result.left_out) == (102, Status.LIVE, NAMES, ())
    assert result.usable == 102


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feed": "eth-usd"}, "wrong feed"),
        ({"reporter": "mallory"}, "unknown reporter"),
        ({"round": 4}, "wrong round"),
        ({"round": 6}, "wrong round"),
        ({"signature": b"forged"}, "bad signature"),
        ({"decimals": 0}, "wrong decimals"),
        ({"price": 0}, "not positive"),
        ({"price": -5}, "not positive"),
        ({"confidence": 0}, "not positive"),
        ({"observed_at": NOW + 2 * SECOND + 1}, "from the future"),
        ({"observed_at": NOW - 60 * SECOND - 1}, "old"),
    ],
)
def test_a_report_that_does_not_count_has_a_reason(changes: dict[str, Any], reason: str) -> None:
    others = [report(name) for name in NAMES[:3]]
    bad = report("dora", 10**12).model_copy(update=changes)
    result = answer(*others, bad)
    assert left_out(result) == {bad.reporter: reason}
    assert (result.price, result.reporters) == (100, NAMES[:3])


def test_the_edges_of_time_count() -> None:
    edges = [
        report("anna", observed_at=NOW + 2 * SECOND),
        report("bert", observed_at=NOW - 60 * SECOND),
        report("carl"),
    ]
    assert answer(*edges).reporters == NAMES[:3]


def test_equivocation_removes_both_and_is_recorded() -> None:
    result = answer(report("anna", 100), report("anna", 900), *(report(name) for name in NAMES[1:]))
    assert result.reporters == NAMES[1:]
    assert [(entry.reporter, entry.reason, entry.detail) for entry in result.left_out] == [
        ("anna", Reason.EQUIVOCATION, "signed 100, 900")
    ] * 2


def test_a_forged_second_report_removes_nobody() -> None:
    forged = report("anna", 900, signature=b"forged")
    result = answer(report("anna"), forged, *(report(name) for name in NAMES[1:]))
    assert result.reporters == NAMES
    assert left_out(result) == {"anna": "bad signature"}


def test_a_report_of_another_round_is_no_equivocation() -> None:
    result = answer(report("anna"), report("anna", 900, round=4), *(report(name) for name in NAMES[1:]))
    assert result.reporters == NAMES


def test_the_same_message_counts_once_whatever_its_signature() -> None:
    copies = [report("anna"), report("anna"), report("anna", signature=b"good too")]
    result = answer(*copies, report("bert"), report("carl"))
    assert result.reporters == NAMES[:3]
    assert [entry.reason for entry in result.left_out] == [Reason.REPEATED] * 2


def test_a_single_reporter_however_often_is_below_the_quorum() -> None:
    result = answer(*[report("anna", 10**9)] * 9)
    assert (result.status, result.price, result.reason) == (Status.BELOW_QUORUM, None, "1 reports of 3")
    with pytest.raises(DataError, match="do not use its price"):
        _ = result.usable


def test_the_order_of_the_reports_is_of_no_matter() -> None:
    reports = [report(name, 90 + place) for place, name in enumerate(NAMES)]
    reports += [report("anna", 1), report("mallory"), report("bert", signature=b"bad"), report("bert", 91)]
    reports += [report("carl", round=number) for number in (3, 9, 4)]
    for start in range(len(reports)):
        assert answer(*reports[start:], *reports[:start]) == answer(*reversed(reports))


def test_of_copies_the_same_one_is_kept_whatever_their_order() -> None:
    copies = [report("anna", signature=signature) for signature in (b"good 2", b"good 1", b"good 3")]
    kept = [screen(order, feed(), 5, NOW, marked).counted for order in (copies, copies[::-1])]
    assert kept[0] == kept[1] == (copies[1],)


def test_a_value_at_a_limit_is_invalid_and_not_brought_to_it() -> None:
    """LUNA, 12 May 2022: the feed stopped at its minimum of 0.107 while LUNA traded near 0.01, and was believed."""
    limits = feed(minimum=10_700_000, maximum=10**13)
    for price, status in [
        (1_000_000, Status.INVALID), (10_700_000, Status.INVALID), (10_700_001, Status.LIVE),
        (10**13 - 1, Status.LIVE), (10**13, Status.INVALID),
    ]:  # fmt: skip
        result = answer(*(report(name, price) for name in NAMES), of=limits)
        assert (result.status, result.price) == (status, price)
        if status is Status.INVALID:
            with pytest.raises(DataError, match=r"invalid: \d+ is at or"):
                _ = result.usable


def test_two_of_eleven_with_wrong_exponents_move_it_by_less_than_five_basis_points() -> None:
    """Pyth, 20 September 2021: two publishers near zero printed BTC at 5,402."""
    names = [f"r{number:02}" for number in range(11)]
    honest = {name: 4_330_000_000_000 + 300_000_000 * place for place, name in enumerate(names)}
    for policy in ("upper_median", "median", "three_vote_median", "odd_median"):
        big = feed(reporters={name: key_of(name) for name in names}, policy={policy: {"faults": 3}})
        fair = answer(*(report(name, price, confidence=10**9) for name, price in honest.items()), of=big).usable
        for wrong in (0, 43_300, 433 * 10**18):
            prices = {**honest, "r04": wrong, "r07": wrong}
            result = answer(*(report(name, price, confidence=10**9) for name, price in prices.items()), of=big)
            assert abs(result.usable / fair - 1) < 5e-4


def test_three_votes_need_a_confidence() -> None:
    result = answer(*(report(name) for name in NAMES), of=feed(policy="three_vote_median"))
    assert result.status is Status.BELOW_QUORUM
    assert set(left_out(result).values()) == {"no confidence"}


def test_an_odd_median_takes_its_quorum_by_name() -> None:
    result = answer(*(report(name, 100 + place) for place, name in enumerate(NAMES)), of=feed(policy="odd_median"))
    assert (result.reporters, result.price) == (NAMES[:3], 101)
    assert left_out(result) == {"dora": "beyond quorum"}


def test_a_minority_cannot_make_an_answer_look_younger() -> None:
    old = [report(name, observed_at=NOW - 50 * SECOND) for name in NAMES[:2]]
    young = [report(name, observed_at=NOW) for name in NAMES[2:]]
    assert answer(*old, *young).observed_at == NOW - 50 * SECOND


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reporters": {name: key_of(name) for name in NAMES[:3]}}, "3 reporters are too few: 1 silent"),
        ({"reporters": {**{name: key_of(name) for name in NAMES}, "eve": key_of("anna")}}, "have the same key"),
        ({"reporters": {**{name: key_of(name) for name in NAMES}, "eve": "00"}}, "eve: a public key has 32 bytes"),
        ({"policy": {"median": {"faults": 2, "quorum": 4}}}, "a quorum of 4 does not survive 2"),
        ({"policy": {"odd_median": {"quorum": 4}}}, "no exact middle; take 5"),
        ({"policy": 3}, "expected the name of a policy"),
        ({"minimum": 5, "maximum": 5}, "is not below the maximum"),
    ],
)
def test_a_feed_that_cannot_work_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValidationError, MethodologyError), match=message):
        feed(**changes)


def test_a_misspelt_policy_gets_a_hint() -> None:
    with pytest.raises(UnknownRuleError, match="did you mean 'upper_median'"):
        feed(policy="uper_median")


def test_a_feed_is_plain_data() -> None:
    written = feed(policy={"three_vote_median": {"faults": 1, "quorum": 3}}, minimum=3)
    plain = written.model_dump(mode="json")
    assert plain["policy"] == {"three_vote_median": {"quorum": 3}}
    assert Feed.model_validate(plain) == written


def live(price: int, round_number: int, at: int = NOW, status: Status = Status.LIVE) -> Answer:
    return Answer("btc-usd", round_number, status, 8, price, 1, at, NAMES, ())


def test_a_new_value_is_published_when_it_moved_or_the_old_one_is_old() -> None:
    rule = UpdateRule.model_validate({"deviation_bp": 50, "heartbeat": "1h"})
    old = live(20_000, 1)
    hour = 3600 * SECOND
    assert rule.due(None, live(20_000, 1)) is Due.FIRST
    assert rule.due(old, live(20_099, 2, NOW + hour - 1)) is None
    assert rule.due(old, live(20_100, 2)) is Due.DEVIATION
    assert rule.due(old, live(19_900, 2)) is Due.DEVIATION
    assert rule.due(old, live(20_000, 2, NOW + hour)) is Due.HEARTBEAT
    assert rule.due(old, live(20_000, 2, status=Status.INVALID)) is Due.STATUS
    assert rule.due(live(1, 1, status=Status.INVALID), old.__class__(**{**vars(old), "round": 2})) is Due.STATUS
    below = Answer("btc-usd", 2, Status.BELOW_QUORUM, 8, None, None, None, (), ())
    assert rule.due(old, below) is None
    assert rule.due(None, below) is None


def test_a_replayed_or_foreign_answer_is_refused() -> None:
    rule = UpdateRule()
    for number in (3, 2):
        with pytest.raises(DataError, match="does not follow round 3"):
            rule.due(live(100, 3), live(100, number))
    foreign = Answer("eth-usd", 4, Status.LIVE, 8, 1, 1, NOW, NAMES, ())
    with pytest.raises(DataError, match="does not follow one of btc-usd"):
        rule.due(live(100, 3), foreign)


def test_a_reader_refuses_old_and_wide_answers() -> None:
    rule = ReadRule.model_validate({"max_age": "10m", "max_confidence_bp": 100})
    good = live(20_000, 1)
    assert rule.read(good, NOW + 600 * SECOND).usable == 20_000
    stale = rule.read(good, NOW + 600 * SECOND + 1)
    assert (stale.status, stale.price) == (Status.STALE, 20_000)
    with pytest.raises(DataError, match="stale: observed 600 s ago, more than 10m"):
        _ = stale.usable
    wide = Answer(**{**vars(good), "confidence": 201})
    assert rule.read(wide, NOW).status is Status.INVALID
    assert rule.read(Answer(**{**vars(good), "confidence": 200}), NOW).status is Status.LIVE
    assert rule.read(live(1, 1, status=Status.INVALID), NOW + 10**12).status is Status.INVALID


def test_signed_reports_from_end_to_end() -> None:
    private = {name: key_of(name) for name in NAMES}
    signed_feed = feed(reporters={name: public_key_of(key) for name, key in private.items()})
    reports = [report(name, 100 + place).signed("main", private[name]) for place, name in enumerate(NAMES)]
    reports[3] = reports[3].model_copy(update={"price": 10**9})
    reports += [
        report("anna", 10**9).signed("main", private["bert"]),
        report("anna", 10**9).signed("fork", private["anna"]),
    ]
    result = aggregate(reports, signed_feed, 5, NOW)
    assert (result.usable, result.reporters) == (101, NAMES[:3])
    assert [(entry.reporter, entry.reason) for entry in result.left_out] == [
        ("anna", Reason.BAD_SIGNATURE), ("anna", Reason.BAD_SIGNATURE), ("dora", Reason.BAD_SIGNATURE),
    ]  # fmt: skip
