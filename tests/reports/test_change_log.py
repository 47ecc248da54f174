"""The change log names each parameter that changed, with its value before and after."""

from basketry.methodology.methodology import Methodology
from basketry.reports.change_log import ABSENT, Change, change_log, changes


def test_versions_are_compared_with_the_one_before(methodology: Methodology) -> None:
    first, second = change_log(methodology)
    assert (first.number, first.valid_from, first.changes) == (1, "the base", ())
    assert (second.number, second.valid_from, second.approver) == (2, "2020-04-15", "The Example Committee")
    assert set(second.changes) == {
        Change("universe.market_cap.min", "1", "2"),
        Change("select.top", "3", "4"),
        Change("select.buffer.enter", "2", ABSENT),
        Change("select.buffer.leave", "4", ABSENT),
    }


def test_a_third_version_is_compared_with_the_second(methodology: Methodology) -> None:
    document = dict(methodology.document)
    third = {"from": "2020-06-01", "note": "Five of them.", "changes": {"select": {"by": "market_cap", "top": 5}}}
    log = change_log(Methodology.load({**document, "versions": [*document["versions"], third]}))
    assert log[2].changes == (Change("select.top", "4", "5"),)
    assert log[2].approver == "not stated"


def test_lists_flags_and_rules_that_stand_twice() -> None:
    before = {"tags": ["a", "b"], "on": True, "universe": [{"metric": {"name": "x"}}, {"metric": {"name": "y"}}]}
    after = {"tags": ["a"], "on": 1, "universe": [{"metric": {"name": "x"}}, {"metric": {"name": "z"}}]}
    assert list(changes(before, after)) == [
        Change("tags", "a, b", "a"),
        Change("universe[1].metric.name", "y", "z"),
    ]
    assert list(changes(before, before)) == []
