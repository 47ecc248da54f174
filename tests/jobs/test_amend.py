"""A published index through its life: other rules from a day on, a committee's decision, another name, an end."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import RULEBOOK
from tests.jobs.test_publication import corrected
from tests.reports.test_methodology_document import text_of

from basketry.core.errors import DataError, MethodologyError, RecordError
from basketry.core.time import format_instant
from basketry.jobs.acts import Act
from basketry.jobs.amend import amend_index, end_index, override_index
from basketry.jobs.calculate import calculate
from basketry.jobs.explain import NEXT, explain_folder
from basketry.jobs.proforma import next_of_folder
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.methodology.methodology import Methodology

RULES: dict[str, Any] = {**RULEBOOK, "rebalance": {"every": "month", "determine": "7d", "announce": "5d"}}


def at(month: int, day: int, hour: int = 1) -> datetime:
    return datetime(2020, month, day, hour, tzinfo=UTC)


def act(month: int, day: int, reason: str = "as consulted") -> Act:
    return Act("Committee", reason, now=at(month, day))


def published(lake: Lake, folder: Path, month: int, day: int) -> Path:
    """Return the folder of an index that was published through a day."""
    calculate(RULES, lake, end=f"2020-{month:02d}-{day:02d}", as_of=at(month, day)).save(folder)
    publish_index(folder, lake, approver="Committee", now=at(month, day))
    return folder


def goes_on(folder: Path, lake: Lake, month: int, day: int) -> Path:
    publish_index(folder, lake, approver="Committee", now=at(month, day))
    return folder


def holds(folder: Path, lake: Lake) -> None:
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure


def levels(folder: Path) -> list[float]:
    return read_folder(folder).levels["price_return"].to_list()


def test_rules_hold_from_their_day_on_and_the_past_stays(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    before = levels(folder)
    done = amend_index(
        folder, lake, {**RULES, "select": {"by": "market_cap", "top": 2}}, effective="2020-04-20", act=act(4, 11)
    )
    assert [(change.path, change.before, change.after) for change in done.changes] == [
        ("select.buffer.enter", 2, None),
        ("select.buffer.leave", 4, None),
        ("select.top", 3, 2),
    ]
    assert done.recorded
    assert levels(folder) == before
    assert (
        "Version 2 of the rules takes effect on 2020-04-20. as consulted" in (folder / "methodology.html").read_text()
    )
    holds(folder, lake)
    goes_on(folder, lake, 5, 20)
    holds(folder, lake)
    assert "takes effect on" not in (folder / "factsheet.html").read_text()
    members = read_folder(folder).tables["compositions"].group_by("effective_at").len().sort("effective_at")["len"]
    assert members.to_list() == [3, 3, 3, 2]
    # One run of the amended rulebook over the whole gives the same.
    whole = calculate(read_folder(folder).methodology, lake, end="2020-05-20", as_of=at(5, 20))
    assert whole.published_levels["price_return"].to_list() == levels(folder)


def test_the_shadow_is_the_index_that_would_have_been(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    new = {**RULES, "weight": "equal"}
    done = amend_index(folder, lake, new, effective="2020-04-20", act=act(4, 11), dry_run=True)
    assert not done.recorded
    assert done.shadow is not None
    assert (done.shadow.since, done.shadow.through) == ("2020-02-11", "2020-04-10")
    version = {"from": "2020-02-11", "note": "as consulted", "changes": {"weight": "equal"}}
    other = calculate({**RULES, "versions": [version]}, lake, end="2020-04-10").level()
    old = calculate(RULES, lake, end="2020-04-10").level()
    assert done.shadow.returns == (old[-1] / old[1] - 1, other[-1] / other[1] - 1)
    # Three of the weights 1/2, 1/2 (capped) and the rest become thirds.
    held = dict(calculate(RULES, lake, end="2020-04-10").weights())
    assert done.shadow.turnover == pytest.approx(sum(abs(weight - 1 / 3) for weight in held.values()) / 2)
    assert len(read_folder(folder).told.amendments) == 0


@pytest.mark.parametrize(
    ("new", "effective", "words"),
    [
        ({"weight": "equal"}, "2020-04-10", "levels are published through 2020-04-10.*takes effect after that"),
        ({"base": {"date": "2020-02-10", "level": 100}}, "2020-04-20", "base: an amendment may not change it"),
        ({"currency": "EUR"}, "2020-04-20", "currency: an amendment may not change it"),
        ({}, "2020-04-20", "those in force; there is nothing to amend"),
        ({"weight": "equall"}, "2020-04-20", "equall"),
        ({"returns": ["price"]}, "2020-04-20", "returns"),
    ],
)
def test_what_cannot_be_amended_is_told_and_nothing_is_written(
    lake: Lake, tmp_path: Path, new: dict[str, Any], effective: str, words: str
) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    held = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises((RecordError, MethodologyError), match=words):
        amend_index(folder, lake, {**RULES, **new}, effective=effective, act=act(4, 11))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == held


def test_an_announced_change_is_not_amended(lake: Lake, tmp_path: Path) -> None:
    # The change of 1 May is determined on 24 April and announced on the 26th.
    folder = published(lake, tmp_path / "X", 4, 27)
    new = {**RULES, "rebalance": {"every": "quarter", "determine": "7d", "announce": "5d"}}
    with pytest.raises(RecordError, match=r"the change of 2020-05-01 was announced on 2020-04-26.*after that"):
        amend_index(folder, lake, new, effective="2020-04-30", act=act(4, 28))
    amend_index(folder, lake, new, effective="2020-05-02", act=act(4, 28))
    goes_on(folder, lake, 5, 25)
    holds(folder, lake)
    told = read_folder(folder).told
    assert [line.body["effective_at"][:10] for line in told.lines if line.kind == "announced"] == [
        "2020-03-01", "2020-04-01", "2020-05-01"
    ]  # fmt: skip


def test_a_draft_and_an_ended_index_are_not_amended(lake: Lake, tmp_path: Path) -> None:
    draft = tmp_path / "D"
    calculate(RULES, lake, end="2020-04-10").save(draft)
    with pytest.raises(RecordError, match="is a draft"):
        amend_index(draft, lake, {**RULES, "weight": "equal"}, effective="2020-05-01", act=act(4, 11))
    folder = published(lake, tmp_path / "X", 4, 10)
    end_index(folder, lake, last="2020-04-20", act=act(4, 11))
    goes_on(folder, lake, 4, 21)
    with pytest.raises(RecordError, match="the index ended on 2020-04-20"):
        amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-04-25", act=act(4, 22))


def test_a_committee_takes_a_member_out_at_once_where_the_rules_let_it(lake: Lake, tmp_path: Path) -> None:
    rules = {**RULES, "rebalance": {**RULES["rebalance"], "triggers": ["eligibility_lost"]}}
    folder = tmp_path / "X"
    calculate(rules, lake, end="2020-04-10", as_of=at(4, 10)).save(folder)
    publish_index(folder, lake, approver="Committee", now=at(4, 10))
    gone = read_folder(folder).tables["compositions"]["asset"][-1]
    override_index(folder, lake, asset=gone, action="exclude", effective="2020-04-15", act=act(4, 11, "a suit"))
    holds(folder, lake)
    goes_on(folder, lake, 4, 24)
    holds(folder, lake)
    table = read_folder(folder).tables["compositions"]
    last = table.filter(table["effective_at"] == table["effective_at"].max())
    assert gone not in last["asset"].to_list()
    # A trigger's change takes effect as long after its determination as the schedule's do.
    assert str(last["effective_at"][0])[:10] == "2020-04-22"
    # Another decision goes beside the first.
    override_index(folder, lake, asset="coin-f", action="include", effective="2020-04-26", act=act(4, 25, "a vote"))
    goes_on(folder, lake, 5, 10)
    holds(folder, lake)
    assert len(read_folder(folder).told.amendments) == 2


def test_an_override_goes_on_where_versions_hold_the_overrides(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 1)
    first = {"asset": "coin-a", "action": "exclude", "from": "2020-04-05", "reason": "a suit", "approver": "C",
             "date": "2020-04-02"}  # fmt: skip
    amend_index(folder, lake, {**RULES, "overrides": [first]}, effective="2020-04-05", act=act(4, 2))
    goes_on(folder, lake, 4, 10)
    override_index(folder, lake, asset="coin-b", action="exclude", effective="2020-04-15", act=act(4, 11, "a vote"))
    goes_on(folder, lake, 5, 10)
    holds(folder, lake)
    latest = read_folder(folder).methodology.latest
    assert [(entry.asset, entry.action) for entry in latest.overrides] == [("coin-a", "exclude"), ("coin-b", "exclude")]
    table = read_folder(folder).tables["compositions"]
    last = table.filter(table["effective_at"] == table["effective_at"].max())["asset"].to_list()
    assert not {"coin-a", "coin-b"} & set(last)


def test_an_index_with_another_name_keeps_its_chain(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    head = read_folder(folder).record[0].hash
    amend_index(folder, lake, {**RULES, "name": "Trio", "symbol": "TRIO"}, effective="2020-04-20", act=act(4, 11))
    for name in ("factsheet.html", "methodology.html"):
        assert heading(folder, name) == "Three"
        assert "From 2020-04-20 on its name is Trio (TRIO). as consulted" in (folder / name).read_text()
    assert next_of_folder(folder, lake).symbol == "THREE"
    holds(folder, lake)
    goes_on(folder, lake, 4, 19)
    assert heading(folder, "factsheet.html") == "Three"
    goes_on(folder, lake, 4, 20)
    for name in ("factsheet.html", "methodology.html"):
        assert heading(folder, name) == "Trio"
        assert "its name is" not in (folder / name).read_text()
    assert next_of_folder(folder, lake).symbol == "TRIO"
    words = text_of((folder / "methodology.html").read_text())
    assert "the base Three THREE 2020-04-20 Trio TRIO as consulted Committee" in words
    goes_on(folder, lake, 4, 25)
    holds(folder, lake)
    found = read_folder(folder)
    assert (found.methodology.name, found.methodology.symbol, found.record[0].hash) == ("Trio", "TRIO", head)
    assert found.record[0].body["symbol"] == "THREE"
    assert "Trio" in (folder / "factsheet.html").read_text()


def heading(folder: Path, page: str) -> str:
    return re.findall(r"<h1>(.*?)</h1>", (folder / page).read_text())[0]


def before_the_log(words: str) -> str:
    return words.rpartition("10 Versions and change log")[0] or words


def test_pages_tell_the_rules_in_force_and_those_to_come(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-04-20", act=act(4, 11))
    equal = "All assets have the same weight."
    for name in ("factsheet.html", "methodology.html"):
        words = text_of((folder / name).read_text())
        assert equal not in before_the_log(words), name
        assert "2 2020-04-20 as consulted weight" in words[words.index("Rules to come") :]
    words = text_of((folder / "factsheet.html").read_text())
    assert "Rules of the last level version 1 of 2; see" in words
    goes_on(folder, lake, 4, 20)
    for name in ("factsheet.html", "methodology.html"):
        words = text_of((folder / name).read_text())
        assert equal in words, name
        assert "Rules to come" not in words
    words = text_of((folder / "factsheet.html").read_text())
    assert "Rules of the last level version 2 of 2; version 1 made the basket; see" in words
    holds(folder, lake)


def test_no_change_is_told_after_the_end(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-06-01", act=act(4, 11))
    end_index(folder, lake, last="2020-05-20", act=act(4, 11, "too few users"))
    for name in ("factsheet.html", "methodology.html"):
        words = text_of((folder / name).read_text())
        assert "2020-04-24 2020-04-26 2020-05-01" in words
        assert "2020-06-01" not in re.sub(
            "Versions and change log.*", "", words.replace("10 Versions and change log", "", 1)
        )
    assert format_instant(next_of_folder(folder, lake).next.effective_at) == "2020-05-01"
    assert next_of_folder(folder, lake).to_dict()["ends"] == "2020-05-20"
    # The change of 1 June is determined on 25 May and is not made.
    goes_on(folder, lake, 5, 10)
    holds(folder, lake)
    for asked in (next_of_folder, lambda where, data: explain_folder(where, data, NEXT)):
        with pytest.raises(DataError, match="ends on 2020-05-20; no change takes effect before"):
            asked(folder, lake)
    goes_on(folder, lake, 5, 25)
    for name in ("factsheet.html", "methodology.html"):
        assert "No change comes before the index ends." in (folder / name).read_text()


def test_nothing_is_published_after_the_end(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    with pytest.raises(RecordError, match="nothing is unpublished"):
        end_index(folder, lake, last="2020-04-09", act=act(4, 11))
    end_index(folder, lake, last="2020-04-20", act=act(4, 11, "too few users"))
    assert "This index ends on 2020-04-20, its last level. too few users" in (folder / "factsheet.html").read_text()
    with pytest.raises(RecordError, match="the index ends on"):
        end_index(folder, lake, last="2020-04-21", act=act(4, 12))
    goes_on(folder, lake, 4, 15)
    holds(folder, lake)
    done = publish_index(folder, lake, approver="Committee", now=at(5, 10))
    assert (done.through, done.levels_added) == ("2020-04-20T00:00:00Z", 5)
    holds(folder, lake)
    assert "This index ended on 2020-04-20" in (folder / "methodology.html").read_text()
    assert json.loads((folder / "next.json").read_text()) == []
    assert publish_index(folder, lake, approver="Committee", now=at(5, 12)).levels_added == 0
    with pytest.raises(RecordError, match="ended"):
        publish_index(folder, lake, approver="Committee", now=at(5, 12), end="2020-05-01")


def test_rules_written_by_hand_into_a_published_folder_are_refused(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    version = {"from": "2020-04-20", "note": "by hand", "changes": {"weight": "equal"}}
    text = Methodology.load({**RULES, "versions": [version]}).to_yaml()
    (folder / "methodology.yaml").write_text(text)
    assert "files: methodology.yaml is not the file" in str(verify(folder, lake).first_failure)
    with pytest.raises(RecordError, match=r"methodology\.yaml is not the file"):
        goes_on(folder, lake, 4, 11)


def test_a_correction_meets_an_amendment(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-04-20", act=act(4, 11))
    goes_on(folder, lake, 4, 22)
    late = corrected(lake, datetime(2020, 4, 22, tzinfo=UTC), 1.02, at(4, 22, 9))
    done = publish_index(folder, late, approver="Committee", now=at(4, 22, 10), restate=True, reason="late print")
    assert {item.time for item in done.corrections} == {"2020-04-22T00:00:00Z"}
    holds(folder, late)
    amend_index(
        folder, late, {**RULES, "weight": {"by": "market_cap", "cap": 0.6}}, effective="2020-04-25", act=act(4, 23)
    )
    goes_on(folder, late, 5, 10)
    holds(folder, late)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ({"select": {"by": "nosuchfield", "top": 2}}, "select: there is no figure 'nosuchfield'; the data hold"),
        ({"universe": [{"metric": {"name": "suply", "min": 1}}]}, "universe: there is no figure 'suply'"),
        ({"weight": {"by": "market_cap", "cap": 0.3, "shortage": "refuse"}, "select": {"by": "market_cap", "top": 5},
          "universe": [{"include_assets": ["coin-a", "coin-b", "coin-c"]}]},
         "the new rules cannot be computed on the data of 2020-04-10"),
        ({"overrides": [{"asset": "coin-aa", "action": "exclude", "from": "2020-04-20", "reason": "a suit",
                         "approver": "C", "date": "2020-04-11"}]}, "hold no asset 'coin-aa' .did you mean 'coin-a'"),
    ],
)  # fmt: skip
def test_rules_that_the_data_cannot_serve_are_refused(
    lake: Lake, tmp_path: Path, new: dict[str, Any], words: str
) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    held = (folder / "record.jsonl").read_bytes()
    for dry_run in (True, False):
        with pytest.raises(MethodologyError, match=words):
            amend_index(folder, lake, {**RULES, **new}, effective="2020-04-20", act=act(4, 11), dry_run=dry_run)
    assert (folder / "record.jsonl").read_bytes() == held


def test_decisions_that_are_never_in_force_are_refused(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    held = (folder / "record.jsonl").read_bytes()
    with pytest.raises(MethodologyError, match=r"no asset 'coin-aa' .did you mean 'coin-a'\?.*Nothing was written"):
        override_index(folder, lake, asset="coin-aa", action="exclude", effective="2020-04-20", act=act(4, 11))
    with pytest.raises(MethodologyError, match=r"coin-a: until 2020-04-19 is not after from 2020-04-20"):
        override_index(
            folder, lake, asset="coin-a", action="exclude", effective="2020-04-20", until="2020-04-19", act=act(4, 11)
        )
    assert (folder / "record.jsonl").read_bytes() == held


def test_what_the_data_never_hold_is_told(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    new = {**RULES, "universe": [{"exclude_assets": ["coin-zz"]}]}
    done = amend_index(folder, lake, new, effective="2020-04-20", act=act(4, 11), dry_run=True)
    assert len(done.warnings) == 1
    assert done.warnings[0].startswith("universe: the data hold no asset 'coin-zz'")


def test_a_determined_change_that_would_be_another_is_told(lake: Lake, tmp_path: Path) -> None:
    # That of 1 May is determined on 24 April and announced on the 26th.
    folder = published(lake, tmp_path / "X", 4, 25)
    new = {**RULES, "rebalance": {"every": "month", "on": 15, "determine": "7d", "announce": "5d"}}
    done = amend_index(folder, lake, new, effective="2020-04-26", act=act(4, 25), dry_run=True)
    assert done.warnings == (
        "the change of 2020-05-01, determined on 2020-04-24 and not announced yet, is not made so",
    )


def test_the_shadow_of_a_decision_that_ends_is_as_long_as_it(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    gone = read_folder(folder).tables["compositions"]["asset"][-1]
    found = {}
    for until in (None, "2020-04-30", "2020-04-22"):
        done = override_index(
            folder, lake, asset=gone, action="exclude", effective="2020-04-15", until=until, act=act(4, 11),
            dry_run=True,
        )  # fmt: skip
        assert done.shadow is not None
        found[until] = done.shadow
    # From its day on; 15 days that hold the change determined on 25 March for 1 April are more than 10.
    assert found[None].since == "2020-02-11"
    assert found["2020-04-30"].since == "2020-03-26"
    assert (found["2020-04-30"].removed, found["2020-04-30"].turnover) == ((), 0.0)
    assert found["2020-04-22"].since == "2020-04-03"
    assert found[None].removed == (gone,)


def test_beside_a_pending_amendment_the_rules_in_force_are_compared(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    gone = read_folder(folder).tables["compositions"]["asset"][-1]
    decision: dict[str, Any] = {"asset": gone, "action": "exclude", "effective": "2020-04-15", "dry_run": True}
    alone = override_index(folder, lake, **decision, act=act(4, 11))
    amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-06-01", act=act(4, 11))
    beside = override_index(folder, lake, **decision, act=act(4, 11))
    assert beside.shadow == alone.shadow
    assert (alone.beside, beside.beside) == ((), ("2020-06-01",))
    with pytest.raises(MethodologyError, match=r"version 2 of the rules was announced for 2020-06-01.*index withdraw"):
        amend_index(folder, lake, {**RULES, "select": {"by": "market_cap", "top": 2}}, effective="2020-05-02",
                    act=act(4, 11))  # fmt: skip


def test_the_shadow_goes_from_what_was_published(lake: Lake, tmp_path: Path) -> None:
    rules = {**RULES, "restate": {"policy": "forward"}}
    folder = tmp_path / "X"
    calculate(rules, lake, end="2020-04-10", as_of=at(4, 10)).save(folder)
    publish_index(folder, lake, approver="Committee", now=at(4, 10))
    # One member was a tenth too low: what was published stands, with its returns.
    rows = lake.read("daily").filter(
        (pl.col("time") == datetime(2020, 4, 10, tzinfo=UTC)) & (pl.col("asset") == "coin-b")
    )
    lake.write(
        "daily", rows.with_columns(pl.col("price") * 1.1, known_at=pl.lit(at(4, 11)).cast(pl.Datetime("us", "UTC")))
    )
    publish_index(folder, lake, approver="Committee", now=at(4, 15), restate=True, reason="late print")
    before = levels(folder)
    done = amend_index(folder, lake, {**rules, "weight": "equal"}, effective="2020-05-02", act=act(4, 16), dry_run=True)
    assert done.shadow is not None
    assert done.shadow.since == "2020-02-11"
    assert done.shadow.returns[0] == pytest.approx(before[-1] / before[1] - 1, abs=1e-6)
    plain = calculate(rules, lake, end="2020-04-15").level()
    assert abs(plain[-1] / plain[1] - before[-1] / before[1]) > 0.01
    # Under the new rules the error stands as well: the same factor apart as a plain run of them.
    version = {"from": "2020-02-11", "note": "as consulted", "changes": {"weight": "equal"}}
    was = calculate({**rules, "versions": [version]}, lake, end="2020-04-10", as_of=at(4, 10)).level()
    now = calculate({**rules, "versions": [version]}, lake, end="2020-04-15").level()
    assert done.shadow.returns[1] == pytest.approx(was[-1] / was[1] * now[-1] / now[len(was) - 1] - 1, rel=1e-9)


def test_rules_written_anew_keep_decisions(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    override_index(folder, lake, asset="coin-a", action="exclude", effective="2020-04-15", act=act(4, 11, "a suit"))
    done = amend_index(folder, lake, {**RULES, "weight": "equal"}, effective="2020-04-20", act=act(4, 11))
    assert [change.path for change in done.changes if change.path.startswith("overrides")] == []
    assert [entry.asset for entry in read_folder(folder).methodology.latest.overrides] == ["coin-a"]
    done = amend_index(
        folder, lake, {**RULES, "weight": "equal", "overrides": []}, effective="2020-04-25", act=act(4, 11)
    )
    assert [(change.before, change.after) for change in done.changes if "action" in change.path] == [("exclude", None)]
    assert read_folder(folder).methodology.latest.overrides == ()
    goes_on(folder, lake, 5, 10)
    holds(folder, lake)


def test_until_its_end_an_index_is_decided_about(lake: Lake, tmp_path: Path) -> None:
    folder = published(lake, tmp_path / "X", 4, 10)
    end_index(folder, lake, last="2020-05-20", act=act(4, 11))
    override_index(folder, lake, asset="coin-b", action="exclude", effective="2020-04-15", act=act(4, 12, "a suit"))
    holds(folder, lake)
    with pytest.raises(RecordError, match=r"ends on 2020-05-20.*takes effect after that, on 2020-05-21"):
        override_index(folder, lake, asset="coin-c", action="exclude", effective="2020-05-21", act=act(4, 12))
    weekly = {**RULES, "calculate": {"every": "week"}}
    with pytest.raises((RecordError, MethodologyError), match="calculate"):
        amend_index(folder, lake, weekly, effective="2020-05-02", act=act(4, 12))
    goes_on(folder, lake, 5, 25)
    holds(folder, lake)
    table = read_folder(folder).tables["compositions"]
    last = table.filter(table["effective_at"] == table["effective_at"].max())["asset"].to_list()
    assert "coin-b" in table["asset"].to_list()
    assert "coin-b" not in last
