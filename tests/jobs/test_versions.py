"""Versions of rules in what is published: each level is judged, rounded and priced by the rules of its instant."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.jobs.test_publication import corrected, shifted

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.frames import TRADES
from basketry.jobs import attack
from basketry.jobs.calculate import calculate
from basketry.jobs.diff import compare
from basketry.jobs.prices import load_rules
from basketry.jobs.publish import publish_index
from basketry.jobs.reference_panel import fixings_by_version
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.lake.tapes import LakeTapes
from basketry.ledger.folder import read_folder
from basketry.market.tape import Market
from basketry.market.venues.feed import reference_tables
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import dump_yaml, parse_yaml
from basketry.reports.methodology_document import methodology_document


def with_sections(rulebook: Path, **sections: Any) -> Path:
    rulebook.write_text(dump_yaml({**parse_yaml(rulebook.read_text()), **sections}))
    return rulebook


def version(day: str, **changes: Any) -> dict[str, Any]:
    return {"from": day, "note": "as it was decided", "changes": changes}


STRICTER = version("2020-04-20", restate={"threshold": 0.001, "window": "20d"})
RULE_OF_OLD = {"threshold": 0.002, "window": "30d"}
"""CF Benchmarks went from 0.20% to 0.10% on 11 June 2024; here on 20 April 2020."""


@pytest.mark.parametrize(
    ("day", "restated"),
    # An error of 0.15%, and an age of 15 or so days on 4 May.
    [("2020-04-19", False), ("2020-04-20", True), ("2020-04-21", True)],
)
def test_a_level_is_corrected_by_the_threshold_in_force_at_its_instant(
    rulebook: Path, lake: Lake, tmp_path: Path, day: str, restated: bool
) -> None:
    folder = calculate(with_sections(rulebook, restate=RULE_OF_OLD, versions=[STRICTER]), lake, end="2020-05-01").save(
        tmp_path / "THREE"
    )
    first = datetime(2020, 5, 1, tzinfo=UTC)
    publish_index(folder, lake.panel(known_by=first), approver="Committee", now=first)
    now = datetime(2020, 5, 4, tzinfo=UTC)
    moved = corrected(lake, datetime.fromisoformat(day).replace(tzinfo=UTC), 1.0015, now)
    panel = moved.panel(known_by=now)
    done = publish_index(folder, panel, approver="Board", restate=True, reason="late price", now=now)
    told, other = (done.corrections, done.kept) if restated else (done.kept, done.corrections)
    assert {(item.column, item.time[:10]) for item in told} == {("price_return", day), ("total_return", day)}
    assert all(item.relative_error == pytest.approx(0.0015, abs=1e-6) for item in told)
    assert other == ()
    rules = [entry.body["rule"] for entry in read_folder(folder).record if entry.kind == "restatement"]
    # The rule in force when it was published last.
    assert rules == ["relative error above 0.1000%, within 20d, with all levels after it"]
    assert verify(folder, moved).passed
    # Published again, what was corrected or kept stands.
    again = publish_index(folder, panel, approver="Board", restate=True, reason="late price", now=now)
    assert (again.corrections, again.kept, again.levels_added) == ((), (), 0)
    assert verify(folder, moved).passed


@pytest.mark.parametrize(
    ("day", "found", "restated"),
    [
        ("2020-04-18", "2020-04-30", True),  # 12 days, within the 30 of old.
        ("2020-04-18", "2020-05-05", False),  # Within the 30, but the level of the 20th, after it, is too old by then.
        ("2020-04-22", "2020-05-02", True),  # 10 days of the 10 of the new rule.
        ("2020-04-22", "2020-05-05", False),
    ],
)
def test_a_level_is_corrected_within_the_window_in_force_at_its_instant(
    rulebook: Path, lake: Lake, tmp_path: Path, day: str, found: str, restated: bool
) -> None:
    """An error of 1%: a level is corrected with all after it, each of which must be in time by its own rule."""
    newer = version("2020-04-20", restate={"threshold": 0.001, "window": "10d"})
    path = with_sections(rulebook, restate=RULE_OF_OLD, versions=[newer])
    folder = calculate(path, lake, end="2020-04-29").save(tmp_path / "THREE")
    first = datetime(2020, 4, 29, tzinfo=UTC)
    publish_index(folder, lake.panel(known_by=first), approver="Committee", now=first)
    now = datetime.fromisoformat(found).replace(tzinfo=UTC)
    moved = corrected(lake, datetime.fromisoformat(day).replace(tzinfo=UTC), 1.01, now)
    done = publish_index(
        folder, moved.panel(known_by=now), approver="Board", restate=True, reason="late price", now=now
    )
    told, other = (done.corrections, done.kept) if restated else (done.kept, done.corrections)
    assert {item.time[:10] for item in told} == {day}
    assert other == ()
    assert verify(folder, moved).passed


def test_levels_are_published_with_the_decimals_of_their_instant(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    path = with_sections(rulebook, versions=[version("2020-04-20", publish={"decimals": 1})])
    index = calculate(path, lake, end="2020-05-01")
    folder = index.save(tmp_path / "THREE")
    publish_index(folder, lake.panel(), approver="Committee")
    told = dict(read_folder(folder).levels.select(pl.col("time").dt.date(), "price_return").iter_rows())
    exact = dict(index.levels.select(pl.col("time").dt.date(), "price_return").iter_rows())
    change = datetime(2020, 4, 20).date()
    assert told == {day: round(level, 4 if day < change else 1) for day, level in exact.items()}
    assert verify(folder, lake).passed


@pytest.mark.parametrize("day", ["2020-04-19", "2020-04-20"])
def test_a_jump_is_judged_by_the_guard_in_force_at_the_later_level(
    rulebook: Path, lake: Lake, tmp_path: Path, day: str
) -> None:
    """A level that doubles, under a guard of 5 times, and of 1.5 times from 20 April on."""
    path = with_sections(rulebook, guard={"level_jump": 5}, versions=[version("2020-04-20", guard={"level_jump": 1.5})])
    moved = shifted(lake, datetime.fromisoformat(day).replace(tzinfo=UTC), 2.0)
    folder = calculate(path, moved, end=day).save(tmp_path / "THREE")
    if day == "2020-04-19":
        publish_index(folder, moved.panel(), approver="Committee", end=day)
    else:
        with pytest.raises(
            RecordError, match=r"at 2020-04-20 the level moves from .*, more than 1.5 times; not published"
        ):
            publish_index(folder, moved.panel(), approver="Committee", end=day)


def priced_lake(folder: Path) -> Lake:
    """One asset on two venues from 1 to 7 March 2024: on alpha at 100, on beta at 150 and from the 5th at 180.

    On the 4th beta has no trade. The table says 1, which no index of reference prices uses.
    """
    start = datetime(2024, 3, 1, tzinfo=UTC)
    lake = Lake(folder)
    alpha, beta = (Market(venue, "btc-usd", "btc", "usd") for venue in ("alpha", "beta"))
    for name, frame in reference_tables((alpha, beta)).items():
        lake.write(name, frame)
    for market in (alpha, beta):
        hours = [hour for hour in range(7 * 24) if market is alpha or hour // 24 != 2]
        price = [100.0 if market is alpha else 150.0 if hour < 4 * 24 else 180.0 for hour in hours]
        frame = pl.DataFrame(
            {
                "time": [start + timedelta(hours=hour, minutes=30) for hour in hours],
                "trade_id": [f"{hour}" for hour in hours],
                "price": price,
                "size": [100] * len(hours),
                "known_at": None,
            },
            schema_overrides={"known_at": pl.Datetime("us", "UTC")},
        )
        lake.ticks.write("trades", market, TRADES.conform(frame))
    times = [start + timedelta(days=day) for day in range(8)]
    lake.write("daily", pl.DataFrame({"time": times, "asset": "btc", "price": 1.0, "market_cap": 1.0, "volume": 1.0}))
    return lake


def rules_of_prices(*versions: dict[str, Any]) -> dict[str, Any]:
    return {
        "basketry": 1,
        "name": "Priced",
        "symbol": "PRC",
        "base": {"date": "2024-03-02", "level": 1000},
        "select": {"by": "price", "top": 1},
        "weight": "equal",
        "rebalance": {"every": "year", "determine": "0d"},
        "prices": {"rate": {"vwap": {"window": "24h"}}, "min_venues": 1, "venues": ["alpha"]},
        "versions": list(versions),
    }


BETA = {"rate": {"vwap": {"window": "24h"}}, "min_venues": 1, "venues": ["beta"]}


def test_a_price_is_made_by_the_rules_in_force_at_its_instant(tmp_path: Path) -> None:
    """At the 4th beta has traded in no window of the new rules; the price before goes over to them and is carried."""
    lake = priced_lake(tmp_path / "lake")
    index = calculate(rules_of_prices(version("2024-03-04", prices=BETA)), lake)
    # Midnights of the 2nd to the 8th: 100, 100, then 100 carried, 150, and 180 of the 5th and later.
    assert index.level() == pytest.approx([1000.0, 1000.0, 1000.0, 1500.0, 1800.0, 1800.0, 1800.0], rel=1e-12)
    assert index.levels["status"].to_list()[2] == "carried"
    folder = index.save(tmp_path / "PRC")
    assert verify(folder, lake).passed


def test_fixings_go_on_from_those_by_other_rules(tmp_path: Path) -> None:
    """No venue of the new rules has traded: the price before is repeated, which was made by the old ones."""
    tapes = LakeTapes(priced_lake(tmp_path / "lake"))
    rules = Methodology.load(rules_of_prices(version("2024-03-04", prices=BETA)))
    days = np.arange("2024-03-02", "2024-03-06", dtype="datetime64[D]").astype("datetime64[us]")
    table = fixings_by_version(tapes, "btc", days, rules)
    assert table.select("price", "status").rows() == [
        (100.0, "live"),
        (100.0, "live"),
        (100.0, "carried"),
        (150.0, "live"),
    ]
    after = fixings_by_version(tapes, "btc", days[2:], rules)
    assert after.select("price", "status").rows() == [(None, "suspended"), (150.0, "live")]


def test_an_index_is_attacked_under_the_price_rules_of_its_last_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = priced_lake(tmp_path / "lake")
    told: list[Any] = []
    monkeypatch.setattr(attack, "weights_manipulation", lambda *given, **_: told.append(given[3].venues))
    for day in ("2024-03-09", "2024-03-08"):
        index = calculate(rules_of_prices(version(day, prices=BETA)), lake)
        attack.index_manipulation(lake, index)
        attack.folder_manipulation(lake, index.save(tmp_path / day))
    assert told == [("alpha",), ("alpha",), ("beta",), ("beta",)]


def test_commands_on_prices_ask_for_one_set_of_rules(tmp_path: Path) -> None:
    path = tmp_path / "priced.yaml"
    path.write_text(dump_yaml(rules_of_prices(version("2024-03-04", prices=BETA))))
    with pytest.raises(MethodologyError, match=r"prices: versions of this methodology change the rules, .*file of its"):
        load_rules(path)
    path.write_text(dump_yaml(rules_of_prices(version("2024-03-04", publish={"decimals": 2}))))
    assert load_rules(path).venues == ("alpha",)


def test_the_parameter_that_a_version_changes_is_named(rulebook: Path) -> None:
    one = with_sections(rulebook, versions=[STRICTER])
    other = rulebook.with_name("other.yaml")
    stricter = version("2020-04-20", restate={"threshold": 0.0005, "window": "20d"})
    other.write_text(dump_yaml({**parse_yaml(one.read_text()), "versions": [stricter]}))
    (change,) = compare(one, other).rules
    assert (change.path, change.before, change.after) == ("versions[0].changes.restate.threshold", 0.001, 0.0005)


def test_of_two_rules_of_one_name_the_one_that_changed_is_named(rulebook: Path) -> None:
    twice = [{"leverage": {"factor": 2}}, {"leverage": {"factor": 3}}]
    one = with_sections(rulebook, returns=twice)
    other = rulebook.with_name("other.yaml")
    other.write_text(dump_yaml({**parse_yaml(one.read_text()), "returns": [{"leverage": {"factor": 4}}, twice[1]]}))
    assert [(c.path, c.before, c.after) for c in compare(one, other).rules] == [("returns.leverage.factor", 2, 4)]


def test_the_document_says_which_rule_judged_when(rulebook: Path) -> None:
    points = {"decrement": {"points": 50, "name": "less_points"}}
    newer = {"decrement": {"points": 50, "name": "less_points", "day_count": "act/360"}}
    path = with_sections(
        rulebook,
        returns=["total", points],
        versions=[
            {**STRICTER, "changes": {**STRICTER["changes"], "returns": ["total", newer], "administrator": "Two"}},
            version("2020-05-20", publish={"decimals": 2}, calculate={"every": "day", "at": "16:00"}),
        ],
    )
    page = methodology_document(Methodology.load(path))
    table = page[page.index('<h3 id="eras">') :]
    rows = [row.split("</td>") for row in table.split("<tr>")[2:]]
    told = [[cell.rpartition("<td>")[2].rpartition('nowrap">')[2] for cell in row[:4]] for row in rows]
    assert [
        (section.removeprefix("<code>").removesuffix("</code>"), since, until) for section, since, until, _ in told
    ] == [
        ("calculate", "the base", "2020-05-20"),
        ("calculate", "2020-05-20", "further notice"),
        ("returns", "the base", "2020-04-20"),
        ("returns", "2020-04-20", "further notice"),
        ("publish", "the base", "2020-05-20"),
        ("publish", "2020-05-20", "further notice"),
        ("restate", "the base", "2020-04-20"),
        ("restate", "2020-04-20", "further notice"),
    ]
    assert told[2][3] == "less_points: Decrement: the price return less 50 points a year (act/365), never below zero."
    assert "exceeds 0.1% and it is found within 1 day" in told[6][3]
    assert "within 20 days" in told[7][3]
    assert "Administrator</th><td>Two</td>" in page
    assert "A level is calculated on every day of the year at 16:00 UTC." in page
    assert "Versions and change log" in page
    assert 'id="eras"' not in methodology_document(Methodology.load(with_sections(rulebook, versions=[])))
