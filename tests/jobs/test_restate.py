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
