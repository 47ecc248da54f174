"""Events told late to a published index, each by hand: corrected within the window, else the index goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.jobs.test_restate import HOUR, START, corrected, draft, holds, published, rows, rules, told

from basketry.core.errors import RecordError
from basketry.index.explain import explain_index
from basketry.index.outlook import next_composition
from basketry.jobs.recompute import recomputed
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.ledger.record import chain, dump_record

FLAT = [10.0] * 7
SPLIT = [10.0, 10, 10, 1, 1, 1, 1]
"""A price of which one unit became ten on day 3."""
LATE = START + timedelta(days=4, hours=6)
"""When events of day 3 are told: after day 4 was published."""
STANDS = {"window": "1h"}
CORRECTED = {"window": "3d"}


def on(day: float) -> datetime:
    return START + timedelta(days=day)


def event(kind: str, asset: str = "a", day: float = 3, known: datetime = LATE, **more: Any) -> dict[str, Any]:
    return {"time": on(day), "asset": asset, "kind": kind, "known_at": known, "new_asset": None, "ratio": None,
            "removal": None, **more}  # fmt: skip


def tell(lake: Lake, *events: dict[str, Any]) -> None:
    kinds = {"new_asset": pl.String, "ratio": pl.Float64, "removal": pl.String}
    lake.write("events", pl.DataFrame(list(events), schema_overrides=kinds))


def open_guard(**more: Any) -> dict[str, Any]:
    guard = {"member_jump": None, "level_jump": None, "price_jump": None}
    return rules(**{"guard": guard, "events": {"airdrop": "credit", "hard_fork": "credit"}, **more})


@dataclass
class Index:
    """One index that is published day by day, five minutes after each."""

    path: Path
    lake: Lake
    folder: Path = field(init=False)

    def begin(self, prices: dict[str, list[float]], book: dict[str, Any], through: int = 4, first: int = 1) -> Index:
        self.lake.write("daily", rows(prices))
        self.folder = draft(self.path / "TWO", self.lake, book, on(first))
        for day in range(first, through + 1):
            published(self.folder, self.lake, on(day) + timedelta(minutes=5))
        return self

    def restate(self, now: datetime = LATE + HOUR) -> dict[str, Any]:
        """Publish what is refused without a correction, and return its entry."""
        with pytest.raises(RecordError, match="told late, at 2020-01"):
            published(self.folder, self.lake, now)
        published(self.folder, self.lake, now, restate=True, reason="told late")
        holds(self.folder, self.lake)
        return read_folder(self.folder).told.restatements[-1][1].model_dump()

    def go_on(self, *days: int) -> list[float]:
        """Publish days, each of which verifies, and return all levels."""
        for day in days:
            published(self.folder, self.lake, on(day) + timedelta(minutes=5))
            holds(self.folder, self.lake)
        return told(self.folder)


def index(path: Path) -> Index:
    return Index(path, Lake(path / "lake"))


# Of 5 of a and 5 of b at 10, through day 4; prices of days 0 to 6. A level of what was published, of what should have
# been, and of what stands with the returns of what should have been.
TABLE: dict[str, tuple[dict[str, list[float]], list[dict[str, Any]], list[float], list[float]]] = {
    # 50 of a at 1, 1.1 and 1.2.
    "redenomination": (
        {"a": [*SPLIT[:5], 1.1, 1.2], "b": FLAT},
        [event("redenomination", ratio=10.0)],
        [100, 100, 100, 55, 55],
        [100, 100, 100, 100, 100, 105, 110],
    ),
    # 5 of a become 10 of b, beside 5: 15 of b at 10, which goes to 11. Published: a went on at 8.
    "merger into a member": (
        {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": [*FLAT[:5], 11, 12]},
        [event("merger", new_asset="b", ratio=2.0)],
        [100, 100, 100, 90, 90],
        [100, 100, 100, 150, 150, 165, 180],
    ),
    # 5 of a become 50 of c, at 1.2 from day 3 on, then 1.4 and 1.6.
    "migration to a new asset": (
        {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": FLAT, "c": [0.5, 0.5, 0.5, 1.2, 1.2, 1.4, 1.6]},
        [event("migration", new_asset="c", ratio=10.0)],
        [100, 100, 100, 90, 90],
        [100, 100, 100, 110, 110, 120, 130],
    ),
    # 5 of c beside, at 2, 2, 3 and 4.
    "airdrop": (
        {"a": FLAT, "b": FLAT, "c": [0.5, 0.5, 0.5, 2, 2, 3, 4]},
        [event("airdrop", new_asset="c", ratio=1.0)],
        [100, 100, 100, 100, 100],
        [100, 100, 100, 110, 110, 115, 120],
    ),
    "fork": (
        {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": FLAT, "c": [0.5, 0.5, 0.5, 2, 2, 3, 4]},
        [event("hard_fork", new_asset="c", ratio=1.0)],
        [100, 100, 100, 90, 90],
        [100, 100, 100, 100, 100, 105, 110],
    ),
    # At the last price, which is that of day 3; b is all that is left, and gains a tenth a day.
    "delisting": (
        {"a": [*FLAT[:3], 8, 6, 4, 2], "b": [*FLAT[:4], 11, 12, 13]},
        [event("delisting")],
        [100, 100, 100, 90, 85],
        [100, 100, 100, 90, 99, 108, 117],
    ),
    # As cash of 40 beside 5 of b.
    "delisting to cash": (
        {"a": [*FLAT[:3], 8, 8, 4, 2], "b": [*FLAT[:4], 11, 12, 13]},
        [event("delisting", removal="to_cash")],
        [100, 100, 100, 90, 95],
        [100, 100, 100, 90, 95, 100, 105],
    ),
    # Of 100 on day 3, 50 are lost.
    "delisting at zero": (
        {"a": [*FLAT[:4], 8, 4, 2], "b": [*FLAT[:5], 12, 13]},
        [event("delisting", removal="remove_at_zero")],
        [100, 100, 100, 100, 90],
        [100, 100, 100, 50, 50, 60, 65],
    ),
    # 5 of a become 100, and were told to become 50.
    "a corrected ratio": (
        {"a": [*FLAT[:3], 0.5, 0.5, 0.6, 0.7], "b": FLAT},
        [event("redenomination", known=START, ratio=10.0), event("redenomination", ratio=20.0)],
        [100, 100, 100, 75, 75],
        [100, 100, 100, 100, 100, 110, 120],
    ),
    # Of a ten become one in a new asset, which is then split.
    "one after the other": (
        {"a": [10.0, 10, 10, 5, 5, 5, 5], "b": FLAT, "c": [9.0, 9, 9, 120, 60, 70, 80]},
        [event("migration", new_asset="c", ratio=0.1), event("redenomination", "c", 4, ratio=2.0)],
        [100, 100, 100, 75, 75],
        [100, 100, 100, 110, 110, 120, 130],
    ),
    # The day of the base: 5 of a are 50 of c at 2, and the level is 100 all the same.
    "on the first day": (
        {"a": FLAT, "b": FLAT, "c": [1.0, 2, 2, 2, 2, 3, 4]},
        [event("migration", day=0, new_asset="c", ratio=10.0)],
        [100, 100, 100, 100, 100],
        [100, 150, 150, 150, 150, 200, 250],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("stands", [True, False])
def test_an_event_told_late_is_corrected_or_stands(name: str, stands: bool, tmp_path: Path) -> None:
    prices, (*before, late), wrong, right = TABLE[name]
    if name == "one after the other":
        before, told_late = [], [*before, late]
    else:
        told_late = [late]
    one = index(tmp_path)
    if before:
        tell(one.lake, *before)
    one.begin(prices, open_guard(restate=STANDS if stands else {"window": None}))
    assert told(one.folder) == pytest.approx(wrong, abs=5e-5)
    tell(one.lake, *told_late)
    entry = one.restate()
    going = [*wrong, *(wrong[-1] * level / right[4] for level in right[5:])]
    assert one.go_on(5, 6) == pytest.approx(going if stands else right, abs=5e-5)
    counted, other = (entry["kept"], entry["restated"]) if stands else (entry["restated"], entry["kept"])
    assert counted["levels"] == sum(was != is_ for was, is_ in zip(wrong, right, strict=False))
    assert (other["levels"], other["compositions"]) == (0, 0)
    assert len(read_folder(one.folder).told.restatements) == 1


STRIKES: dict[str, tuple[dict[str, Any], dict[str, list[float]], dict[str, Any], list[float], list[float]]] = {
    # 27.5 units of each money at day 3: of a new ones, which the event leaves as they are. They gain a tenth.
    "on the day of a rebalance, weights": (
        {"every": "3d", "determine": "1d"},
        {"a": [*SPLIT[:5], 1.2, 1.2], "b": FLAT},
        event("redenomination", ratio=10.0),
        [100, 100, 100, 55, 55],
        [100, 100, 100, 100, 100, 110, 110],
    ),
    "between determination and strike, weights": (
        {"every": "3d", "determine": "1d"},
        {"a": [*SPLIT[:5], 1.2, 1.2], "b": FLAT},
        event("redenomination", day=2.5, ratio=10.0),
        [100, 100, 100, 55, 55],
        [100, 100, 100, 100, 100, 110, 110],
    ),
    # 5 old units of each were fixed at 10 on day 2; 50 new ones and 5 gain a tenth.
    "on the day of a rebalance, units": (
        {"every": "3d", "determine": "1d", "fix": "units"},
        {"a": [*SPLIT[:5], 1.2, 1.2], "b": FLAT},
        event("redenomination", ratio=10.0),
        [100, 100, 100, 55, 55],
        [100, 100, 100, 100, 100, 110, 110],
    ),
    "between determination and strike, units": (
        {"every": "3d", "determine": "1d", "fix": "units"},
        {"a": [*SPLIT[:5], 1.2, 1.2], "b": FLAT},
        event("redenomination", day=2.5, ratio=10.0),
        [100, 100, 100, 55, 55],
        [100, 100, 100, 100, 100, 110, 110],
    ),
    # Determined on day 4 and struck on day 6, a is c by then: half in each, as on all days.
    "determined and not struck yet": (
        {"every": "6d", "determine": "2d"},
        {"a": [10.0, 10, 10, 8, 8, 8, 8, 8], "b": [*FLAT, 10], "c": [0.5, 0.5, 0.5, 1.2, 1.2, 1.2, 1.2, 1.5]},
        event("migration", new_asset="c", ratio=10.0),
        [100, 100, 100, 90, 90],
        [100, 100, 100, 110, 110, 110, 110, 123.75],
    ),
    # From day 3 on in three steps, at 20 for a, from 5 and 5 to 75 of 150 in each. On day 4 a is told to be in new
    # units. The last step, on day 5, makes it half and half; then a doubles.
    "in a transition": (
        {"every": "3d", "determine": "0d", "transition": {"steps": 3, "every": "1d"}},
        {"a": [10.0, 10, 10, 20, 2, 2, 2, 4], "b": [*FLAT, 10]},
        event("redenomination", day=4, ratio=10.0),
        [100, 100, 100, 150, 67.5],
        [100, 100, 100, 150, 150, 150, 150, 225],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRIKES)
@pytest.mark.parametrize("stands", [True, False])
def test_an_event_told_late_meets_a_rebalance(name: str, stands: bool, tmp_path: Path) -> None:
    schedule, prices, late, wrong, right = STRIKES[name]
    book = open_guard(rebalance=schedule, restate=STANDS if stands else {"window": None})
    one = index(tmp_path).begin(prices, book)
    assert told(one.folder) == pytest.approx(wrong, abs=5e-5)
    tell(one.lake, late)
    entry = one.restate()
    going = [*wrong, *(wrong[-1] * level / right[4] for level in right[5:])]
    assert one.go_on(*range(5, len(right))) == pytest.approx(going if stands else right, abs=5e-5)
    counted = entry["kept" if stands else "restated"]
    assert counted["levels"] == sum(was != is_ for was, is_ in zip(wrong, right, strict=False))


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        # A hundredth of a's 50 of 100, and of 50 of 100 once more: 10% of price.
        ({"total": {"method": "rate"}}, [100, 55.5, 55.5 * (110 / 100 + 0.5 / 100)]),
        # 0.05 units are earned in two days each, of a basket of old ones, and are 0.5 new ones.
        ({"total": {"method": "quantity"}}, [100, 55.05, 55.05 * (110 + 1.2) / (100 + 0.5)]),
    ],
)
def test_a_total_return_goes_on_from_its_level(returns: dict[str, Any], expected: list[float], tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": [10.0, 1, 1.2], "b": FLAT[:3]}))
    yields = [{"time": START, "asset": "a", "staking_yield": 3.65}]
    lake.write("yields", pl.DataFrame(yields))
    folder = draft(tmp_path / "TWO", lake, open_guard(returns=["price", returns], restate=STANDS), on(1))
    published(folder, lake, on(1) + timedelta(minutes=5))
    known = on(1) + 2 * HOUR
    tell(lake, event("redenomination", day=1, known=known, ratio=10.0))
    published(folder, lake, known + HOUR, restate=True, reason="told late")
    holds(folder, lake)
    published(folder, lake, on(2) + timedelta(minutes=5))
    holds(folder, lake)
    assert read_folder(folder).levels["total_return"].to_list() == pytest.approx(expected, abs=5e-5)


def test_two_events_told_late_one_after_the_other(tmp_path: Path) -> None:
    # 5 of a, and then of b, at a tenth and at a half: 50 and 10 units. b gains a fifth on day 6, a tenth of the whole.
    one = index(tmp_path).begin({"a": SPLIT, "b": [*FLAT[:4], 5, 5, 6]}, open_guard(restate=STANDS))
    assert told(one.folder) == [100, 100, 100, 55, 30]
    tell(one.lake, event("redenomination", ratio=10.0))
    first = one.restate()
    assert one.go_on(5) == [100, 100, 100, 55, 30, 30]
    known = on(5) + 6 * HOUR
    tell(one.lake, event("redenomination", "b", 4, known, ratio=2.0))
    second = one.restate(known + HOUR)
    assert one.go_on(6) == pytest.approx([100, 100, 100, 55, 30, 30, 33], abs=5e-5)
    # Of day 4 the error is another one by now: 75 was missing nothing but b.
    kept = [entry["kept"] for entry in (first, second)]
    assert [item["levels"] for item in kept] == [2, 1]
    assert [item["largest"]["corrected"] for item in kept] == [75, 100]
    # A third is told of day 3, and changes nothing else: 20 new units of a and not 10.
    known = on(6) + 6 * HOUR
    tell(one.lake, event("redenomination", known=known, ratio=20.0))
    one.restate(known + HOUR)
    assert told(one.folder)[-1] == pytest.approx(33, abs=5e-5)
    assert len(read_folder(one.folder).told.restatements) == 3


def test_an_event_is_told_late_with_a_price(tmp_path: Path) -> None:
    # On day 4 a was at 1.5: 75 of a and 50 of b stand at 55. On day 6 they are 90 and 50.
    one = index(tmp_path).begin({"a": [*SPLIT[:5], 1.5, 1.8], "b": FLAT}, open_guard(restate=STANDS))
    tell(one.lake, event("redenomination", ratio=10.0))
    corrected(one.lake, on(4), LATE, a=1.5)
    one.restate()
    assert one.go_on(5, 6) == pytest.approx([100, 100, 100, 55, 55, 55, 55 * 140 / 125], abs=5e-5)
    # A later price of day 6, and of a day long past, is news as ever.
    corrected(one.lake, on(6), on(6) + HOUR, a=1.5)
    published(one.folder, one.lake, on(6) + 2 * HOUR, restate=True, reason="a late print")
    holds(one.folder, one.lake)


def test_within_the_window_later_corrections_keep_the_event_at_its_time(tmp_path: Path) -> None:
    one = index(tmp_path).begin({"a": SPLIT, "b": FLAT}, open_guard(restate={"window": None}))
    tell(one.lake, event("redenomination", ratio=10.0))
    one.restate()
    assert one.go_on(5) == [100] * 6
    # From day 2 on: 60 of b on day 2.
    corrected(one.lake, on(2), on(5) + HOUR, b=12.0)
    published(one.folder, one.lake, on(5) + 2 * HOUR, restate=True, reason="a late print")
    holds(one.folder, one.lake)
    assert one.go_on(6) == [100, 100, 110, 100, 100, 100, 100]


@pytest.mark.parametrize(
    "late",
    [
        event("redenomination", "c", ratio=10.0),
        event("delisting", "c"),
        event("airdrop", "c", new_asset="b", ratio=1.0),
        # It was struck in new units.
        event("redenomination", day=0, ratio=10.0),
    ],
)
def test_an_event_that_concerns_nobody_is_no_contradiction(late: dict[str, Any], tmp_path: Path) -> None:
    one = index(tmp_path).begin({"a": FLAT, "b": FLAT, "c": [1.0] * 7}, open_guard(restate=STANDS))
    tell(one.lake, late)
    held = (one.folder / "record.jsonl").read_bytes()
    assert published(one.folder, one.lake, LATE + HOUR).levels_added == 0
    assert (one.folder / "record.jsonl").read_bytes() == held
    assert one.go_on(5, 6) == [100] * 7
    assert not read_folder(one.folder).told.restatements


def test_an_ignored_airdrop_told_late_is_no_contradiction(tmp_path: Path) -> None:
    book = open_guard(restate=STANDS, events={"airdrop": "ignore"})
    one = index(tmp_path).begin({"a": FLAT, "b": FLAT, "c": [1.0] * 7}, book)
    tell(one.lake, event("airdrop", new_asset="c", ratio=1.0))
    assert one.go_on(5, 6) == [100] * 7
    assert not read_folder(one.folder).told.restatements


@pytest.mark.parametrize("policy", [STANDS, {"window": None}])
def test_what_was_kept_of_the_last_publication_gives_the_same_bytes(policy: dict[str, Any], tmp_path: Path) -> None:
    """Going on from it, a folder is what it is calculated as a whole; past a late event nobody goes on from it."""
    both = []
    for cache in (None, tmp_path / "cache"):
        lake = Lake(tmp_path / f"lake-{cache is None}")
        lake.write("daily", rows({"a": [*SPLIT[:5], 1.1, 1.2, 1.3], "b": [*FLAT, 10.0]}))
        name = "plain" if cache is None else "kept"
        folder = draft(tmp_path / name / "TWO", lake, open_guard(restate=policy), on(1))
        for day in (1, 2, 3, 4):
            published(folder, lake, on(day) + timedelta(minutes=5), cache=cache)
        tell(lake, event("redenomination", ratio=10.0))
        with pytest.raises(RecordError, match="told late"):
            published(folder, lake, LATE + HOUR, cache=cache)
        published(folder, lake, LATE + HOUR, restate=True, reason="told late", cache=cache)
        for day in (5, 6, 7):
            published(folder, lake, on(day) + timedelta(minutes=5), cache=cache)
        holds(folder, lake)
        both.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert both[0] == both[1]


def without_correction(folder: Path) -> None:
    """Take every correction, and what it says anew of the past, out of a record, and make its hashes anew."""
    record = read_folder(folder).record
    kept = [
        entry for entry in record
        if entry.kind != "restatement" and not (entry.kind == "event" and entry.body["kind"] == "restatement")
    ]  # fmt: skip
    made: list[Any] = []
    for entry in kept:
        made = chain([(entry.kind, dict(entry.body))], after=made, at=entry.at)
    (folder / "record.jsonl").write_bytes(dump_record(made).encode())


def test_a_correction_that_is_taken_out_of_the_record_is_missed(tmp_path: Path) -> None:
    one = index(tmp_path).begin({"a": SPLIT, "b": FLAT}, open_guard(restate=STANDS))
    tell(one.lake, event("redenomination", ratio=10.0))
    one.restate()
    one.go_on(5)
    without_correction(one.folder)
    failed = [check.name for check in verify(one.folder, one.lake).checks if not check.passed]
    assert "levels" in failed or "readable" in failed or "record" in failed


def test_what_an_earlier_rule_let_through_is_told_and_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = index(tmp_path).begin({"a": SPLIT, "b": FLAT}, open_guard(restate=STANDS))
    tell(one.lake, event("redenomination", ratio=10.0))
    with monkeypatch.context() as patch:
        from basketry.jobs.contradictions import NOTHING

        patch.setattr("basketry.jobs.publish.contradictions", lambda *_: NOTHING)
        published(one.folder, one.lake, on(5) + timedelta(minutes=5))
    assert told(one.folder) == [100, 100, 100, 55, 55, 100]
    verification = verify(one.folder, one.lake)
    assert verification.passed, verification.first_failure
    said = next(check.found for check in verification.checks if check.name == "events told late")
    assert "no entry says so: redenomination of a at 2020-01-04T00:00:00Z, told late" in said
    entry = one.restate(on(5) + 2 * HOUR)
    assert entry["kept"]["levels"] == 2
    assert one.go_on(6) == [100, 100, 100, 55, 55, 100, 100]
    assert "events told late" not in [check.name for check in verify(one.folder, one.lake).checks]


def test_a_page_of_what_comes_next_knows_the_event(tmp_path: Path) -> None:
    schedule = {"every": "6d", "determine": "2d"}
    prices = {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": FLAT, "c": [0.5, 0.5, 0.5, 1.2, 1.2, 1.2, 1.2]}
    one = index(tmp_path).begin(prices, open_guard(rebalance=schedule, restate=STANDS))
    tell(one.lake, event("migration", new_asset="c", ratio=10.0))
    one.restate()
    found = recomputed(read_folder(one.folder), one.lake)
    (coming,) = found.state.pending
    assert [found.panel.assets[column] for column in coming.columns.tolist()] == ["b", "c"]
    assert found.weights() == pytest.approx({"c": 60 / 110, "b": 50 / 110})
    why = explain_index(found, on(4).replace(tzinfo=None))
    assert [entry.asset for entry in why.assets if entry.held] == ["c", "b"]
    assert "migration told late: 10 units of c" in " ".join(why.events["evidence"])
    coming_next = next_composition(found)
    assert coming_next is not None
    assert coming_next.additions == ()


@pytest.mark.parametrize("fix", ["weights", "units"])
@pytest.mark.parametrize(
    ("late", "prices", "left", "going"),
    [
        # Struck on day 3, 27.5 of money each at 1, or 5 old units of each; then a gains a fifth.
        (
            event("redenomination", known=on(3) + 6 * HOUR, ratio=10.0),
            {"a": [*SPLIT[:4], 1.2, 1.2, 1.2], "b": FLAT},
            55.0,
            1.1,
        ),
        # Struck with a at 8, which is c at 1.2 by then; c gains a fourth.
        (
            event("migration", known=on(3) + 6 * HOUR, new_asset="c", ratio=10.0),
            {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": FLAT, "c": [0.5, 0.5, 0.5, 1.2, 1.5, 1.5, 1.5]},
            90.0,
            None,
        ),
    ],
)
def test_an_event_is_told_late_on_the_day_of_an_announced_strike(
    late: dict[str, Any], prices: dict[str, list[float]], left: float, going: float | None, fix: str, tmp_path: Path
) -> None:
    schedule = {"every": "3d", "determine": "2d", "announce": "1d", "fix": fix}
    one = index(tmp_path).begin(prices, open_guard(rebalance=schedule, restate={"policy": "forward"}), through=3)
    assert told(one.folder)[-1] == pytest.approx(left)
    tell(one.lake, late)
    one.restate(on(3) + 7 * HOUR)
    if going is None:
        # 45 of money in a at 8 are 5.625 units, or 5: so many times 10 of c, beside 4.5 or 5 units of b at 10.
        c, b = (56.25, 45.0) if fix == "weights" else (50.0, 50.0)
        going = (c * 1.5 + b) / (c * 1.2 + b)
    assert one.go_on(4, 5, 6)[4] == pytest.approx(left * going, abs=5e-5)


def test_an_event_is_told_late_between_an_announcement_and_its_strike(tmp_path: Path) -> None:
    """What was announced names a, and c is struck: the reason stands beside it."""
    schedule = {"every": "6d", "determine": "3d", "announce": "2d"}
    prices = {"a": [10.0, 10, 10, 8, 8, 8, 8], "b": FLAT, "c": [0.5, 0.5, 0.5, 1.2, 1.2, 1.2, 1.2]}
    one = index(tmp_path).begin(prices, open_guard(rebalance=schedule, restate=STANDS))
    tell(one.lake, event("migration", new_asset="c", ratio=10.0))
    one.restate()
    assert one.go_on(5, 6)[4:] == pytest.approx([90, 90, 90], abs=5e-5)
    events = read_folder(one.folder).tables["events"].filter(kind="restatement")
    carried = events.filter(treatment="carried through to what was determined")["evidence"].to_list()
    assert carried == ["migration told late: migration between the determination and 2020-01-07; c takes its place."]
