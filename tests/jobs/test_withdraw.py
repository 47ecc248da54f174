"""What was announced and has not taken effect is taken back, and verifies for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.jobs.test_amend import RULES, act, at, goes_on, holds, levels, published

from basketry.core.errors import DataError, RecordError
from basketry.jobs.amend import amend_index, end_index, override_index
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.jobs.withdraw import withdraw_act
from basketry.lake.lake import Lake
from basketry.ledger.atomic import write_folder
from basketry.ledger.folder import FORM, read_folder
from basketry.ledger.manifest import with_manifest
from basketry.ledger.record import chain, dump_record

EQUAL = {**RULES, "weight": "equal"}


def test_an_amendment_gives_way_to_another(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    rules = read_folder(folder).methodology
    done = amend_index(folder, lake, EQUAL, effective="2020-06-01", act=act(4, 11))
    assert done.recorded
    taken = withdraw_act(folder, lake, act=act(4, 12, "meant for May"))
    assert taken.words() == "took back the change of rules from 2020-06-01 (entry 68 of the record)"
    found = read_folder(folder)
    assert found.methodology.document == rules.document
    assert found.record[taken.entry].kind == "amended"
    body = found.record[-1].body
    assert (found.record[-1].kind, body["entry"], body["reason"]) == ("withdrawn", taken.entry, "meant for May")
    assert body["taken"]["versions"] == [
        {"from": "2020-06-01", "note": "as consulted", "approver": "Committee", "changes": {"weight": "equal"}}
    ]
    assert "takes effect on" not in (folder / "methodology.html").read_text()
    holds(folder, lake)
    amend_index(folder, lake, EQUAL, effective="2020-05-02", act=act(4, 12))
    goes_on(folder, lake, 6, 10)
    holds(folder, lake)
    last = read_folder(folder)
    assert [body.effective[:10] for _, body in last.told.amendments] == ["2020-05-02"]
    whole = calculate(last.methodology, lake, end="2020-06-10", as_of=at(6, 10))
    assert whole.published_levels["price_return"].to_list() == levels(folder)


def test_several_acts_are_taken_back_the_last_one_first(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    rules = read_folder(folder).methodology
    amend_index(folder, lake, {**EQUAL, "name": "Trio", "symbol": "TRIO"}, effective="2020-05-02", act=act(4, 11))
    end_index(folder, lake, last="2020-05-20", act=act(4, 12))
    override_index(folder, lake, asset="coin-a", action="exclude", effective="2020-04-15", act=act(4, 13, "a suit"))
    kinds = []
    for _ in range(3):
        kinds.append(withdraw_act(folder, lake, act=act(4, 14)).kind)
        holds(folder, lake)
    assert kinds == ["amended", "ended", "amended"]
    assert read_folder(folder).methodology.document == rules.document
    with pytest.raises(RecordError, match="nothing is announced that has not taken effect"):
        withdraw_act(folder, lake, act=act(4, 14))
    goes_on(folder, lake, 5, 25)
    assert levels(folder) == calculate(RULES, lake, end="2020-05-25", as_of=at(5, 25)).published_levels[
        "price_return"
    ].to_list()  # fmt: skip
    holds(folder, lake)


def test_what_took_effect_stays(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    amend_index(folder, lake, EQUAL, effective="2020-04-12", act=act(4, 11))
    end_index(folder, lake, last="2020-05-20", act=act(4, 11))
    goes_on(folder, lake, 4, 12)
    assert withdraw_act(folder, lake, act=act(4, 13)).words().startswith("took back the end on 2020-05-20")
    holds(folder, lake)
    with pytest.raises(RecordError, match="published through 2020-04-12"):
        withdraw_act(folder, lake, act=act(4, 14))
    end_index(folder, lake, last="2020-04-20", act=act(4, 15))
    goes_on(folder, lake, 4, 22)
    with pytest.raises(RecordError, match="the index ended on 2020-04-20"):
        withdraw_act(folder, lake, act=act(4, 23))


def test_rules_that_stop_an_index_are_taken_back_after_their_day(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    # Such rules were not refused once.
    monkeypatch.setattr("basketry.jobs.amend.require_usable", lambda *_: ())
    odd = {**RULES, "select": {"by": "nosuchfield", "top": 3}}
    amend_index(folder, lake, odd, effective="2020-04-24", act=act(4, 11))
    goes_on(folder, lake, 4, 23)
    with pytest.raises(DataError, match="nosuchfield"):
        goes_on(folder, lake, 4, 25)
    withdraw_act(folder, lake, act=act(4, 25))
    holds(folder, lake)
    goes_on(folder, lake, 5, 10)
    holds(folder, lake)


def forged(folder: Path, change: Callable[[list[tuple[str, dict[str, Any]]]], None]) -> None:
    """Write the folder again with other bodies in the lines after the first publication, its chain made whole."""
    found = read_folder(folder)
    place = next(entry.seq for entry in found.record if entry.kind == "published") + 1
    lines = [(entry.kind, json.loads(json.dumps(entry.body))) for entry in found.record[place:]]
    change(lines)
    record = found.record[:place]
    for line, entry in zip(lines, found.record[place:], strict=True):
        record = chain([line], after=record, at=entry.at)
    files = {name: (folder / name).read_bytes() for name in found.manifest["files"]}
    files["record.jsonl"] = dump_record(record).encode()
    write_folder(folder, with_manifest(files, FORM, {k: v for k, v in found.manifest.items() if k != "files"}))


def swap(name: str, value: Any) -> Callable[[list[tuple[str, dict[str, Any]]]], None]:
    return lambda lines: lines[-1][1].update({name: value})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swap("entry", 67), "entry 67, which is not the last amendment, or end, that stands"),
        (swap("taken", None), "does not say which rules it takes back"),
        (lambda lines: lines[-1][1]["taken"]["versions"][0].update(note="words"), "other rules than were announced"),
        (lambda lines: lines[-1][1]["taken"].update(name="Three"), "other rules than were announced"),
        (lambda lines: lines[-1][1]["taken"].update(more=1), "more"),
        (lambda lines: lines[0][1].update(effective="2020-04-10T00:00:00Z"), "which took effect at 2020-04-10"),
    ],
)  # fmt: skip
def test_a_withdrawal_that_says_otherwise_is_found(
    lake: Lake, tmp_path: Path, change: Callable[[list[tuple[str, dict[str, Any]]]], None], words: str
) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    amend_index(folder, lake, EQUAL, effective="2020-06-01", act=act(4, 11))
    withdraw_act(folder, lake, act=act(4, 12))
    forged(folder, change)
    verification = verify(folder, lake)
    assert not verification.passed
    assert words in str(verification.first_failure)


def test_an_end_that_was_reached_is_not_taken_back_by_a_forger(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    end_index(folder, lake, last="2020-04-20", act=act(4, 11))
    withdraw_act(folder, lake, act=act(4, 12))
    forged(folder, lambda lines: lines[0][1].update(last="2020-04-10T00:00:00Z"))
    assert "which was reached" in str(verify(folder, lake).first_failure)


def test_an_announced_change_is_not_taken_back(lake: Lake, tmp_path: Path) -> None:
    # The new calendar has a change on 6 May, which is determined and announced before 2 May.
    folder = published(lake, tmp_path / "X", 4, 10)
    days = {**RULES, "rebalance": {"every": "month", "on": "second_wednesday", "determine": "20d", "announce": "15d"}}
    amend_index(folder, lake, days, effective="2020-05-05", act=act(4, 11))
    goes_on(folder, lake, 5, 1)
    assert any(line.kind == "announced" and line.body["effective_at"] > "2020-05-05" for line in
               read_folder(folder).told.lines)  # fmt: skip
    with pytest.raises(RecordError, match="was announced on"):
        withdraw_act(folder, lake, act=act(5, 2))
    publish_index(folder, lake, approver="Committee", now=at(5, 4))
    holds(folder, lake)
