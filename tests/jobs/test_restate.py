"""Corrections of what was published, by kind and instant: what stands, what is corrected, and that both verify."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.jobs.lives import RULES, at, correct, market

from basketry.core.errors import RecordError
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import Publication, publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder

START = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rules(**more: Any) -> dict[str, Any]:
    return {
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "top": 2}, "weight": "equal",
        "rebalance": {"every": "month", "on": "last_day", "determine": "0d"}, **more,
    }  # fmt: skip


def rows(prices: dict[str, list[float]], step: timedelta = timedelta(days=1), **more: Any) -> pl.DataFrame:
    """Return observations a step apart; a NaN is no row."""
    found = [
        {"time": START + step * place, "asset": asset, "price": price, **more}
        for asset, values in prices.items()
        for place, price in enumerate(values)
        if price == price
    ]
    return pl.DataFrame(found)


def corrected(lake: Lake, when: datetime, known_at: datetime, **prices: float) -> None:
    lake.write(
        "daily",
        pl.DataFrame([{"time": when, "asset": asset, "price": price} for asset, price in prices.items()]).with_columns(
            known_at=pl.lit(known_at).cast(pl.Datetime("us", "UTC"))
        ),
    )


def published(folder: Path, lake: Lake, now: datetime, **more: Any) -> Publication:
    return publish_index(folder, lake, approver="C", now=now, **more)


def draft(folder: Path, lake: Lake, book: dict[str, Any], end: datetime, table: str = "daily") -> Path:
    return calculate(book, lake, end=end, as_of=end, table=table).save(folder)


def told(folder: Path) -> list[float]:
    return read_folder(folder).levels["price_return"].to_list()


def holds(folder: Path, lake: Lake, **more: Any) -> None:
    verification = verify(folder, lake, **more)
    assert verification.passed, verification.first_failure


# Six days, a and b at 10 but for a's last days; told wrongly on day 3 (13), which was 12 or 12.001.
A = [10.0, 10.0, 11.0, 13.0, 12.0, 12.0]
B = [10.0] * 6


def life(tmp_path: Path, book: dict[str, Any], day: int, known: datetime, price: float) -> tuple[Path, Lake]:
    """Return a folder published day by day up to a day, when a's price of it was known otherwise a while later."""
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": A, "b": B}))
    folder = draft(tmp_path / "TWO", lake, book, START + timedelta(days=1))
    for number in range(1, day + 1):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    corrected(lake, START + timedelta(days=3), known, a=price)
    return folder, lake


@pytest.mark.parametrize(
    ("restate", "hours", "price", "expected"),
    [
        # 5 of each, divisor 1. Within the day and material: 110 for 115, and so are all after it.
        ({}, 2, 12.0, [100, 100, 105, 110, 110, 110]),
        # Too late: 115 stands. The basket is worth 110 then as on the days after.
        ({}, 30, 12.0, [100, 100, 105, 115, 115, 115]),
        # Too small, 13.02 for 13: 115 stands, at a value of 115.1, and falls to 110 of it.
        ({}, 2, 13.02, [100, 100, 105, 115, 115 * 110 / 115.1, 115 * 110 / 115.1]),
        ({"threshold": 0.05}, 2, 12.0, [100, 100, 105, 115, 115, 115]),
        ({"policy": "forward"}, 2, 12.0, [100, 100, 105, 115, 115, 115]),
        ({"window": None}, 30, 12.0, [100, 100, 105, 110, 110, 110]),
    ],
)
def test_a_price_is_corrected_or_stands_by_the_rule(
    tmp_path: Path, restate: dict[str, Any], hours: int, price: float, expected: list[float]
) -> None:
    day = datetime(2020, 1, 4, tzinfo=UTC)
    known = day + timedelta(hours=hours)
    # Where it is found a day later, that day was published too, at the prices known by then.
    through = 4 if hours > 24 else 3
    folder, lake = life(tmp_path, rules(restate=restate), through, known, price)
    now = known + timedelta(minutes=1)
    held = (folder / "record.jsonl").read_bytes()
    with pytest.raises(RecordError, match="correct it with --restate"):
        published(folder, lake, now)
    assert (folder / "record.jsonl").read_bytes() == held
    published(folder, lake, now, restate=True, reason="a late print")
    if hours > 24 and restate.get("window", "") is not None:
        # Day 4 was published at 110, right in itself: a return from a wrong level, which is history and stands.
        expected = [*expected[:4], 110, 110]
    holds(folder, lake)
    assert told(folder) == pytest.approx(expected[: through + 1], abs=5e-5)
    assert published(folder, lake, now).levels_added == 0
    for number in (through + 1, 5):
        published(folder, lake, max(now, START + timedelta(days=number, minutes=5)))
        holds(folder, lake)
    assert told(folder) == pytest.approx(expected, abs=5e-5)
    assert (folder / "record.jsonl").read_bytes().startswith(held)


def test_a_correction_that_is_corrected_again(tmp_path: Path) -> None:
    day = datetime(2020, 1, 4, tzinfo=UTC)
    folder, lake = life(tmp_path, rules(), 3, day + HOUR, 13.02)
    published(folder, lake, day + 2 * HOUR, restate=True, reason="too small")
    assert told(folder)[-1] == 115
    corrected(lake, day, day + 3 * HOUR, a=12.0)
    with pytest.raises(RecordError, match="differ from what the data give now"):
        published(folder, lake, day + 4 * HOUR)
    published(folder, lake, day + 4 * HOUR, restate=True, reason="now it matters")
    assert told(folder)[-1] == 110
    holds(folder, lake)
    corrected(lake, day, day + 30 * HOUR, a=13.0)
    published(folder, lake, day + 31 * HOUR, restate=True, reason="it was right at first")
    holds(folder, lake)
    # 110 stands; day 4 is the return of 13 to 12 from there.
    assert told(folder) == pytest.approx([100, 100, 105, 110, 110 * 110 / 115], abs=5e-5)
    assert [body.cause for _, body in read_folder(folder).told.restatements] == ["data"] * 3
    published(folder, lake, START + timedelta(days=5, hours=8))
    holds(folder, lake)


def test_an_entry_counts_what_no_entry_before_it_has_counted(tmp_path: Path) -> None:
    # 115 of day 3 stands, for 110; then 115 of day 4, for more; then the first error turns out to be another one.
    folder, lake = life(tmp_path, rules(restate={"policy": "forward"}), 3, datetime(2020, 1, 4, 1, tzinfo=UTC), 12.0)
    day = START + timedelta(days=3)
    published(folder, lake, day + 2 * HOUR, restate=True, reason="first")
    published(folder, lake, day + 25 * HOUR)
    corrected(lake, day + 24 * HOUR, day + 26 * HOUR, a=13.0)
    done = published(folder, lake, day + 27 * HOUR, restate=True, reason="second")
    assert [item.time for item in done.kept] == ["2020-01-05T00:00:00Z"]
    corrected(lake, day, day + 28 * HOUR, a=12.5)
    published(folder, lake, day + 29 * HOUR, restate=True, reason="third")
    holds(folder, lake)
    bodies = [body.kept for _, body in read_folder(folder).told.restatements]
    firsts = [body.first.corrected for body in bodies if body.first is not None]
    # A basket worth 110 on day 3 is worth 115 on day 4, at 13; with 12.5 on day 3 both errors are others.
    assert firsts == pytest.approx([110, 115 * 115 / 110, 112.5], abs=5e-5)
    assert [body.levels for body in bodies] == [1, 1, 2]


UNITS = {"every": "3d", "determine": "1d", "fix": "units"}


@pytest.mark.parametrize(
    ("more", "through", "hours", "wrong", "value", "restated"),
    [
        # On day 3 half of 110 goes into each of a, at 12 that was 10, and b at 10: 55 / 12 and 5.5, worth 605 / 6 then.
        ({}, 3, 30, {"a": 10.0}, 605 / 6, 0),
        ({"restate": {"policy": "forward"}}, 3, 2, {"a": 10.0}, 605 / 6, 0),
        ({"rebalance": {"every": "3d", "determine": "1d", "announce": "1d"}}, 3, 30, {"a": 10.0}, 605 / 6, 0),
        # The level of day 3 is off by 5 / 1100 of a percent.
        ({}, 3, 2, {"a": 12.001}, 55 * 12.001 / 12 + 55, 0),
        # Units fixed on day 2, as many of each.
        ({"rebalance": UNITS}, 3, 30, {"a": 10.0}, 100, 0),
        # c comes in for b at 20, which was 16: 55 and 44. It made no level, and the weights are right.
        ({}, 3, 2, {"c": 16.0}, 99, 0),
        # Day 4, 0.2% off, is young enough to be corrected, and day 3 is not.
        ({}, 4, 25, {"a": 11.0}, 55 * 11 / 12 + 55, 1),
    ],
)
def test_what_was_struck_at_the_last_instant_that_stands_keeps_its_weights(
    tmp_path: Path, more: dict[str, Any], through: int, hours: int, wrong: dict[str, float], value: float, restated: int
) -> None:
    enters = "c" in wrong
    prices = {"a": [10.0] * 3 + [12.0] * 3, "b": B, "c": [5.0] * 3 + [20.0 if enters else 5.0] * 3}
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows(prices))
    book = rules(**{"rebalance": {"every": "3d", "determine": "0d"}, **more})
    folder = draft(tmp_path / "TWO", lake, book, START + timedelta(days=2))
    for number in range(2, through + 1):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    strike = START + timedelta(days=3)
    struck = read_folder(folder).tables["compositions"].filter(pl.col("effective_at") == strike)
    corrected(lake, strike, strike + hours * HOUR, **wrong)
    done = published(folder, lake, strike + hours * HOUR, restate=True, reason="a late print")
    assert len(done.corrections) == restated
    holds(folder, lake)
    published(folder, lake, START + timedelta(days=5, minutes=5))
    holds(folder, lake)
    # Worth 110 on day 4 in each case.
    assert told(folder) == pytest.approx([100, 100, 100, 110, 110 * 110 / value, 110 * 110 / value], abs=5e-5)
    table = read_folder(folder).tables["compositions"].filter(pl.col("effective_at") == strike)
    assert table.drop("divisor").equals(struck.drop("divisor"))
    assert table["divisor"].to_list() == pytest.approx([before * value / 110 for before in struck["divisor"]])


def test_hours_of_a_day_are_one_line_that_says_what_was_published_so_far(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("intraday", rows({"a": [10.0 + n / 10 for n in range(60)], "b": [10.0] * 60}, HOUR))
    book = rules(calculate={"every": "observation"}, missing={"carry_forward": "1d"})
    folder = draft(tmp_path / "TWO", lake, book, START, "intraday")
    for hours in (0, 3, 10, 26, 30):
        published(folder, lake, START + timedelta(hours=hours, minutes=5), table="intraday")
        holds(folder, lake, table="intraday")
    record = read_folder(folder).record
    days = [(entry.kind, entry.body.get("count")) for entry in record if entry.kind in ("level", "levels")]
    assert days == [("level", None), ("levels", 4), ("levels", 11), ("levels", 24), ("levels", 3), ("levels", 7)]
    lake.write(
        "intraday",
        rows({"a": [20.0]}).with_columns(
            time=pl.lit(START + 28 * HOUR).cast(pl.Datetime("us", "UTC")),
            known_at=pl.lit(START + 31 * HOUR).cast(pl.Datetime("us", "UTC")),
        ),
    )
    now = START + timedelta(hours=31, minutes=5)
    done = published(folder, lake, now, table="intraday", restate=True, reason="a wrong hour")
    assert {item.time for item in done.corrections} == {"2020-01-02T04:00:00Z"}
    holds(folder, lake, table="intraday")
    assert told(folder)[28] == pytest.approx(150)
    published(folder, lake, now + 20 * HOUR, table="intraday")
    holds(folder, lake, table="intraday")


@pytest.mark.parametrize("factors", [(1.05, 1.2), (1.05, 1 / 1.05), (1.05, 1.0)])
def test_a_price_that_stands_is_corrected_twice_and_the_index_goes_on_from_the_last_one(
    tmp_path: Path, factors: tuple[float, float]
) -> None:
    """To another price, back to the one that was published, and with a reason but no other price."""
    lake = market(tmp_path / "lake")
    forward = {**RULES, "restate": {"threshold": 0.001, "window": "1d", "policy": "forward"}}
    folder = calculate(forward, lake, end="2020-03-20", as_of=at(3, 20)).save(tmp_path / "X")
    publish_index(folder, lake, approver="Committee", now=at(3, 20))
    for number, factor in enumerate(factors):
        correct(lake, at(3, 20, 0), factor, at(3, 20, 2 + 2 * number))
        publish_index(
            folder, lake, approver="Committee", now=at(3, 20, 3 + 2 * number), restate=True, reason="a late print"
        )
        found = verify(folder, lake)
        assert found.passed, found.first_failure
    publish_index(folder, lake, approver="Committee", now=at(3, 25))
    found = verify(folder, lake)
    assert found.passed, found.first_failure


def test_another_version_of_the_program_is_told_and_never_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": A, "b": B}))
    folder = draft(tmp_path / "TWO", lake, rules(), START + timedelta(days=3))
    published(folder, lake, START + timedelta(days=3, minutes=5))
    for module in ("publish", "contradictions", "save", "verify", "verify_check"):
        monkeypatch.setattr(f"basketry.jobs.{module}.VERSION", "9.9.9")
    holds(folder, lake)  # It gives the same.
    # A program with another sum: every level a tenth of a percent higher after the base.
    from basketry.index import account
    from basketry.index.tables import level_table

    def other(*arguments: Any) -> pl.DataFrame:
        frame = level_table(*arguments)
        factor = pl.when(pl.int_range(pl.len()) == 0).then(1.0).otherwise(1.0005)
        return frame.with_columns(pl.col("price_return") * factor)

    monkeypatch.setattr(account, "level_table", other)
    assert "made by basketry 0.1.0, and this is 9.9.9" in str(verify(folder, lake).first_failure)
    with pytest.raises(RecordError, match="--restate"):
        published(folder, lake, START + timedelta(days=4, minutes=5))
    published(folder, lake, START + timedelta(days=4, minutes=5), restate=True, reason="version 9.9.9")
    ((_, body),) = read_folder(folder).told.restatements
    assert (body.cause, body.after) == ("software", "2020-01-04T00:00:00Z")
    assert [entry["basketry"] for entry in read_folder(folder).manifest["stretches"]] == ["0.1.0", "9.9.9"]
    assert told(folder)[:4] == [100, 100, 105, 115]
    verification = verify(folder, lake)
    assert verification.passed, verification.first_failure
    kept = next(check.found for check in verification.checks if check.name == "kept")
    assert "3 levels" in kept
    assert "+0.0500%" in kept


def test_after_a_kept_error_what_concerns_nobody_is_no_news(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": A, "b": B, "c": [1.0] * 6}))
    folder = draft(tmp_path / "TWO", lake, rules(), START + timedelta(days=1))
    for number in (1, 2, 3):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    day = datetime(2020, 1, 4, tzinfo=UTC)
    corrected(lake, day, day + 30 * HOUR, a=12.0)
    published(folder, lake, day + 31 * HOUR, restate=True, reason="too late")
    corrected(lake, day, day + 32 * HOUR, c=1.5)
    corrected(lake, day - timedelta(days=1), day + 32 * HOUR, c=1.5)
    assert published(folder, lake, day + 33 * HOUR).levels_added == 0
    published(folder, lake, day + 49 * HOUR)
    holds(folder, lake)
    assert told(folder) == pytest.approx([100, 100, 105, 115, 115, 115], abs=5e-5)
    # Of a member it is news.
    corrected(lake, day, day + 50 * HOUR, b=10.5)
    with pytest.raises(RecordError, match="differ from what the data give now, the first price_return at 2020-01-04"):
        published(folder, lake, day + 51 * HOUR)
    published(folder, lake, day + 51 * HOUR, restate=True, reason="too late as well")
    holds(folder, lake)
    assert len(read_folder(folder).told.restatements) == 2


def redenominated(tmp_path: Path, told_at: datetime) -> tuple[Path, Lake]:
    """Return a folder published through day 4, of a and b at 10; on day 3 a went over into ten, known at an instant."""
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": [10.0] * 3 + [1.0] * 3, "b": B}))
    folder = draft(tmp_path / "TWO", lake, rules(guard={"member_jump": None}), START + timedelta(days=2))
    for number in (2, 3, 4):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    event = {"time": START + timedelta(days=3), "asset": "a", "kind": "redenomination", "ratio": 10.0}
    lake.write("events", pl.DataFrame([{**event, "known_at": told_at}]))
    return folder, lake


def test_an_event_told_as_known_at_its_time_is_a_correction(tmp_path: Path) -> None:
    folder, lake = redenominated(tmp_path, START + timedelta(days=3))
    now = START + timedelta(days=4, hours=6)
    # Day 3 is 30 hours old by then.
    with pytest.raises(RecordError, match="too late to correct them by the rule, and the data as they were known then"):
        published(folder, lake, now, restate=True, reason="told late")


def test_an_event_told_as_known_at_its_time_is_corrected_within_the_window(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": [10.0] * 3 + [1.0] * 3, "b": B}))
    book = rules(guard={"member_jump": None}, restate={"window": "2d"})
    folder = draft(tmp_path / "TWO", lake, book, START + timedelta(days=2))
    for number in (2, 3, 4):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    event = {"time": START + timedelta(days=3), "asset": "a", "kind": "redenomination", "ratio": 10.0}
    lake.write("events", pl.DataFrame([event]))
    now = START + timedelta(days=4, hours=6)
    published(folder, lake, now, restate=True, reason="told late")
    assert told(folder) == [100] * 5
    holds(folder, lake)
    published(folder, lake, START + timedelta(days=5, minutes=5))
    assert told(folder) == [100] * 6
    holds(folder, lake)


def test_a_rate_told_late_counts_from_when_it_is_known(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.write("daily", rows({"a": A, "b": B}))
    dollars = {"rate": "EURUSD", "known_at": None}
    first = [{"time": START + timedelta(days=day), "value": 1.0 + 0.25 * (day == 3), **dollars} for day in range(4)]
    kinds = {"known_at": pl.Datetime("us", "UTC")}
    lake.write("rates", pl.DataFrame(first, schema_overrides=kinds))
    euro = {"currency": {"currency": "EUR", "rate": "EURUSD", "name": "euro"}}
    folder = draft(tmp_path / "TWO", lake, rules(returns=["price", euro], restate={"policy": "forward"}), START)
    for number in (1, 2, 3):
        published(folder, lake, START + timedelta(days=number, minutes=5))
    day = START + timedelta(days=3)
    late = {"time": day, "value": 1.15, "rate": "EURUSD", "known_at": day + HOUR}
    lake.write("rates", pl.DataFrame([late], schema_overrides=kinds))
    assert published(folder, lake, day + 2 * HOUR, restate=True, reason="a wrong rate").kept == ()
    published(folder, lake, day + 25 * HOUR)
    holds(folder, lake)
    # 115 / 1.25 and 110 / 1.15.
    assert read_folder(folder).levels["euro"].to_list() == [100, 100, 105, 92, 95.6522]
    assert not read_folder(folder).told.restatements
