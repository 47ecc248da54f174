"""Every kind of corporate event with publication, by hand: corrected later, or told anew."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.index.meetings import ABSURD, GAP, GROUPS, KINDS, Case, at, each, events_of, prices_of, rules
from tests.index.test_meetings import MEETINGS
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import RecordError
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder

NEWS = ("known late", "corrected before it took effect", "corrected after it took effect")
"""Meetings of which the last thing known comes after a publication."""

ON_TIME: dict[tuple[str, str], dict[int, float]] = {
    # 5 of a at 10, and of x, or what it became, units worth 30 each.
    **{("known late", kind): each(100, 150, 200, 200, 200) for kind in GROUPS["converts"]},
    **{("corrected after it took effect", kind): each(100, 150, 200, 200, 200) for kind in GROUPS["rescales"]},
    # 5 units at 18 with half of 4 each.
    **{(meets, kind): each(100, 150, 150, 150, 150) for meets in (NEWS[0], NEWS[2]) for kind in GROUPS["credits"]},
    # All of it in a, which doubles on day 5.
    ("known late", "delisting"): each(100, 150, 150, 150, 150, 300),
}
"""Of meetings of which an event is told late to what was published through day 3, what should have been."""

STAYS = [10.0] * 5
MISSING = {"carry_forward": "5d", "live": "5d"}
"""A price carried over a day is live, so that corrections are of levels, and not of statuses."""

TOLD_ANEW: dict[str, tuple[Case, tuple[int, dict[str, Any]], dict[int, float]]] = {
    # Of 5 units become 100 and not 50, at 3: 50 + 300.
    "rescales": (
        Case(STAYS, [10, 20, 30, 30, 30], 2, each(100, 150, 350, 350), known=((2, {"ratio": 20.0}),)),
        (2, {"ratio": 10.0}),
        each(100, 150, 200, 200),
    ),
    # The price of the old id is carried until the new one is known.
    "name_change": (
        Case(STAYS, [10, 20, 30, 30, 30], 2, each(100, 150, 150, 150), known=((4, {}),)),
        (2, {}),
        each(100, 150, 200, 200),
    ),
    # 5 units at 18, and a quarter or a half of 4 for each.
    "credits": (
        Case(STAYS, [10, 20, 18, 18, 18], 2, each(100, 150, 145, 145), [4.0] * 3, known=((2, {"ratio": 0.25}),)),
        (2, {"ratio": 0.5}),
        each(100, 150, 150, 150),
    ),
    # 5 units of a at 10 are left of 150, or all of it.
    "delisting": (
        Case(STAYS, [10, 20, 20, GAP, GAP], 2, each(100, 150, 50, 50), known=((2, {"removal": "remove_at_zero"}),)),
        (2, {"removal": "remove_at_last_price"}),
        each(100, 150, 150, 150),
    ),
    "halt": (
        Case(STAYS, [10, 20, ABSURD, 30, 30], 2, each(100, 150, 150, 150), until=5, known=((2, {}),)),
        (2, {"until": at(3)}),
        each(100, 150, 150, 200),
    ),
}  # fmt: skip
"""What was published through day 3; what is told afterwards as if it had been known then; what should have been."""


def lake_of(address: Path, kind: str, case: Case, versions: pl.DataFrame) -> Lake:
    """Return a lake with the prices of a case and some versions of its event."""
    lake = Lake(address)
    prices = prices_of(kind, case).unpivot(index="time", variable_name="asset", value_name="price")
    known = prices.filter(pl.col("price").is_not_nan())
    lake.write("daily", known.with_columns(pl.col("time").dt.replace_time_zone("UTC")))
    if not versions.is_empty():
        lake.write("events", versions)
    return lake


def published(folder: Path, lake: Lake, end: datetime) -> Path:
    """Return the folder of an index that was run and published with what was known at an instant."""
    ran("index", "run", str(methodology(folder.parent)), "--out", str(folder), "--as-of", f"{end:%Y-%m-%d}", lake=lake)
    publish_index(folder, lake.panel(known_by=end), approver="Committee", now=end)
    return folder


def methodology(folder: Path) -> Path:
    path = folder / "two.yaml"
    path.write_text(rules(restate={"window": "5d"}, missing=MISSING).to_yaml(), encoding="utf-8")
    return path


def ran(*words: str, lake: Lake) -> Any:
    """Return what a command prints as JSON; a verification that fails is an answer too."""
    done = CliRunner().invoke(app, [*words, "--lake", str(lake.address), "--json"])
    assert done.exit_code in (0, 1), done.output
    return json.loads(done.stdout)


def told(folder: Path) -> dict[int, float]:
    return dict(enumerate(read_folder(folder).levels["price_return"].to_list()))


def explained(folder: Path, lake: Lake, day: int, *more: str) -> float:
    level: float = ran("index", "explain", str(folder), f"{at(day):%Y-%m-%d}", *more, lake=lake)["level"]
    return level


def up_to(levels: dict[int, float], day: int) -> Any:
    return pytest.approx({n: level for n, level in levels.items() if n <= day}, rel=1e-12, abs=5e-5)


def news(*, late: bool) -> list[Any]:
    found = []
    for meets in NEWS:
        _, groups = MEETINGS[meets]
        for group, each_case in groups.items():
            for kind in GROUPS.get(group, (group,)):
                for number, case in enumerate(each_case):
                    if late == ((meets, kind) in ON_TIME):
                        told = (ON_TIME[meets, kind],) if late else ()
                        found.append(pytest.param(kind, case, *told, id=f"{kind} x {meets} {number}".replace(" ", "-")))
    return found


@pytest.mark.parametrize("stands", [True, False])
@pytest.mark.parametrize(("kind", "case", "on_time"), news(late=True))
def test_what_is_told_late_is_corrected_or_stands_and_no_return_is_an_artefact(
    kind: str, case: Case, on_time: dict[int, float], stands: bool, tmp_path: Path
) -> None:
    versions = events_of(kind, case)
    lake = lake_of(tmp_path / "lake", kind, case, versions.head(-1))
    last = len(case.a) - 1
    folder = published(tmp_path / "TWO", lake, at(3))
    assert told(folder) == up_to(case.levels, 3)
    lake.write("events", versions.tail(1))
    assert ran("index", "verify", str(folder), lake=lake)["passed"]
    held = (folder / "record.jsonl").read_bytes()
    with pytest.raises(RecordError, match=f"{kind} of x at 2020-01-03T00:00:00Z, told late, at 2020-01-05T00:00:00Z"):
        publish_index(folder, lake, approver="Committee", now=at(last))
    assert (folder / "record.jsonl").read_bytes() == held
    # Day 2 is 8 days old, and the window is 5.
    now = at(10) if stands else at(last)
    publish_index(folder, lake, approver="Committee", now=now, end=at(3), restate=True, reason="told late")
    assert verify(folder, lake).first_failure is None
    publish_index(folder, lake, approver="Committee", now=now)
    assert verify(folder, lake).first_failure is None
    going = {day: case.levels[3] * level / on_time[3] for day, level in on_time.items() if day > 3}
    expected = {**{day: case.levels[day] for day in range(4)}, **going} if stands else on_time
    assert told(folder) == up_to(expected, last)
    ((_, entry),) = read_folder(folder).told.restatements
    wrong = sum(case.levels[day] != on_time[day] for day in (2, 3))
    counted, other = (entry.kept, entry.restated) if stands else (entry.restated, entry.kept)
    assert (counted.levels, other.levels, other.compositions) == (wrong, 0, 0)
    held = (folder / "record.jsonl").read_bytes()
    publish_index(folder, lake, approver="Committee", now=now)
    assert (folder / "record.jsonl").read_bytes() == held


@pytest.mark.parametrize(("kind", "case"), news(late=False))
def test_what_was_published_before_a_correction_stands_and_what_follows_has_it(
    kind: str, case: Case, tmp_path: Path
) -> None:
    versions = events_of(kind, case)
    lake = lake_of(tmp_path / "lake", kind, case, versions.head(-1))
    learned, last = case.known[-1][0], len(case.a) - 1
    folder = published(tmp_path / "TWO", lake, at(learned - 1))
    assert told(folder) == up_to(case.levels, learned - 1)
    assert dict(enumerate(calculate(rules(), lake).level())) != up_to(case.levels, last)
    lake.write("events", versions.tail(1))
    assert ran("index", "verify", str(folder), lake=lake)["passed"]
    assert ran("index", "verify", str(folder), "--as-of", f"{at(last):%Y-%m-%d}", lake=lake)["passed"]
    assert explained(folder, lake, learned - 1) == pytest.approx(case.levels[learned - 1], abs=5e-5)
    again = calculate(rules(), lake, as_of=at(learned - 1))
    assert dict(enumerate(again.level())) == up_to(case.levels, learned - 1)
    assert dict(enumerate(calculate(rules(), lake).level())) == up_to(case.levels, last)
    publish_index(folder, lake.panel(), approver="Committee")
    assert told(folder) == up_to(case.levels, last)
    assert verify(folder, lake).first_failure is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_anew_of_the_past_is_found_and_restated(kind: str, tmp_path: Path) -> None:
    case, anew, levels = next(found for group, found in TOLD_ANEW.items() if kind in GROUPS.get(group, (group,)))
    lake = lake_of(tmp_path / "lake", kind, case, events_of(kind, case))
    folder = published(tmp_path / "TWO", lake, at(3))
    assert told(folder) == up_to(case.levels, 3)
    assert ran("index", "verify", str(folder), lake=lake)["passed"]
    lake.write("events", events_of(kind, replace(case, known=(anew,))))
    first = next(day for day in levels if levels[day] != case.levels[day])
    checks = {check["name"]: check for check in ran("index", "verify", str(folder), lake=lake)["checks"]}
    assert not checks["levels"]["passed"]
    assert f"at time {at(first):%Y-%m-%d}" in checks["levels"]["found"]
    assert explained(folder, lake, first) == pytest.approx(levels[first], abs=5e-5)
    with pytest.raises(RecordError, match="published levels and"):
        publish_index(folder, lake.panel(), approver="Committee")
    restated: dict[str, Any] = {"approver": "Board", "restate": True, "reason": "told anew", "now": at(4)}
    publish_index(folder, lake.panel(), end=at(3), **restated)
    assert told(folder) == up_to(levels, 3)
    assert verify(folder, lake).first_failure is None
