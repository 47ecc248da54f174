"""A publication that goes on from what was kept says, byte for byte, what one says that calculates everything."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import RecordError
from basketry.core.frames import INSTANT
from basketry.index.result import IndexResult
from basketry.jobs.calculate import calculate
from basketry.jobs.kept import left_by_last
from basketry.jobs.publish import publish_index
from basketry.jobs.recompute import Recomputation
from basketry.jobs.verify import verify
from basketry.market.panel import Panel
from basketry.reports.weights import weights_at

DAYS, FIRST = 14, 9
BASE = datetime(2020, 1, 1, tzinfo=UTC)
RULES = {
    "basketry": 1,
    "name": "Three",
    "symbol": "THREE",
    "base": {"date": "2020-01-01", "level": 100},
    "returns": ["price", "total"],
    "select": {"by": "market_cap", "top": 3},
    "weight": {"by": "market_cap", "cap": 0.6},
    "rebalance": {"every": "week", "determine": "2d", "announce": "1d"},
    "guard": {"level_jump": 1000, "member_jump": 1000},
}


WEEK = {"every": "week", "determine": "2d", "announce": "1d"}
PARENT = {**RULES, "name": "Parent", "symbol": "PARENT", "select": {"by": "market_cap", "top": 4}, "returns": ["price"]}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"rebalance": {**WEEK, "fix": "units"}, "restate": {"policy": "forward"}},
    {"rebalance": {**WEEK, "fix": "supply"}, "restate": {"window": "5d"}},
    {"rebalance": {**WEEK, "transition": {"steps": 3, "every": "1d"}}, "weight": "equal"},
    {"weight": {"by": "market_cap", "cash": 0.2}, "returns": ["price", {"leverage": {"factor": 2}}]},
    {"rebalance": {**WEEK, "triggers": ["eligibility_lost"]}, "publish": {"decimals": 2}},
    {"review": {**WEEK, "determine": "3d", "announce": "2d"}},
    {"parents": [PARENT], "universe": [{"in_index": "PARENT"}], "weight": "equal"},
]
"""Each asks for other things that are held from one day to the next."""


def observations(seed: int) -> pl.DataFrame:
    """Return a random market of five assets, some prices of which are missing and some impossible."""
    draw = np.random.default_rng(seed)
    rows = []
    for asset in "abcde":
        price = 10 * np.exp(np.cumsum(draw.normal(0, 0.05, DAYS)))
        known = [None if draw.random() < 0.05 else -1.0 if draw.random() < 0.03 else value for value in price]
        supply = float(draw.uniform(50, 150))
        rows += [
            {"time": BASE + timedelta(days=day), "asset": asset, "price": value,
             "market_cap": None if value is None else abs(value) * supply}
            for day, value in enumerate(known) if day or value is not None
        ]  # fmt: skip
    return pl.DataFrame(rows, schema={"time": pl.Datetime("us", "UTC"), "asset": pl.String,
                                      "price": pl.Float64, "market_cap": pl.Float64})  # fmt: skip


def market(seed: int, days: int, correction: tuple[int, float] | None, event: str | None) -> Panel:
    """Return the market as it is known after some days, with a correction of an earlier one where there is one."""
    rows = observations(seed).filter(pl.col("time") < BASE + timedelta(days=days))
    if correction is not None:
        day, factor = correction
        known = pl.col("time") == BASE + timedelta(days=day)
        stamped = rows.with_columns(known_at=pl.lit(None, dtype=INSTANT))
        later = stamped.filter(known).with_columns(
            pl.col("price", "market_cap") * factor, known_at=pl.lit(BASE + timedelta(days=FIRST + 3)).cast(INSTANT)
        )
        rows = pl.concat([stamped, later])
    events = None
    if event is not None:
        events = pl.DataFrame(
            [{"time": BASE + timedelta(days=FIRST + 2), "asset": "a", "kind": event,
              "ratio": 10.0 if event == "redenomination" else None}],
            schema_overrides={"time": pl.Datetime("us", "UTC"), "ratio": pl.Float64},
        )  # fmt: skip
    return Panel.from_frames(rows, events=events)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def publish_both(plain: Path, kept: Path, cache: Path, panel: Panel, day: int) -> None:
    """Publish one folder without what was kept and one with it, corrected where it must be."""
    now = BASE + timedelta(days=day, hours=1)
    for folder, where in ((plain, None), (kept, cache)):
        try:
            publish_index(folder, panel, approver="Committee", now=now, cache=where)
        except RecordError as error:
            if "--restate" not in str(error):
                raise
            publish_index(folder, panel, approver="Committee", restate=True, reason="late", now=now, cache=where)


@pytest.fixture(autouse=True)
def _without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures have two decimals: the figures of which they are drawn are compared, with all of theirs."""
    monkeypatch.setattr("basketry.reports.factsheet._pictures", _told_pictures)


def _told_pictures(result: IndexResult, now: object, changes: object, interactive: bool) -> dict[str, str]:
    names, weights = weights_at(result, np.arange(len(result.times)))
    said = f"{names} {weights.tolist()} {result.level().tolist()} {now} {changes} {interactive}"
    return dict.fromkeys(("current", "turnover", "levels", "weights"), said)


Correction = tuple[int, float] | None
CASES = {
    "variant": st.sampled_from(VARIANTS),
    "seed": st.integers(0, 10_000),
    "correction": st.none()
    | st.tuples(st.just(FIRST + 2) | st.integers(2, FIRST + 2), st.sampled_from([1.0001, 1.05])),
    "event": st.sampled_from([None, "redenomination", "delisting"]),
    "harm": st.lists(st.sampled_from(["none", "gone", "torn", "older"]), min_size=DAYS, max_size=DAYS),
}


@settings(max_examples=2)
@given(**CASES)
def test_day_by_day_both_say_the_same(
    variant: dict[str, Any], seed: int, correction: Correction, event: str | None, harm: list[str]
) -> None:
    day_by_day(variant, seed, correction, event, harm)


@pytest.mark.slow
@settings(max_examples=60)
@given(**CASES)
def test_day_by_day_both_say_the_same_of_many(
    variant: dict[str, Any], seed: int, correction: Correction, event: str | None, harm: list[str]
) -> None:
    day_by_day(variant, seed, correction, event, harm)


def day_by_day(variant: dict[str, Any], seed: int, correction: Correction, event: str | None, harm: list[str]) -> None:
    """Publish two folders day by day, one of them with a cache that comes to harm, and compare every byte."""
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        cache, plain, kept = root / "cache", root / "plain" / "I", root / "kept" / "I"
        first = calculate(RULES | variant, market(seed, FIRST, None, None))
        first.save(plain)
        shutil.copytree(plain, kept)
        older = b""
        for day in range(FIRST, DAYS):
            now_known = correction if day >= FIRST + 3 else None
            panel = market(seed, day + 1, now_known, event if day >= FIRST + 2 else None)
            publish_both(plain, kept, cache, panel, day)
            assert files(plain) == files(kept), day
            if not (file := next(cache.glob("*.kept"), None)):
                continue
            content = file.read_bytes()
            if harm[day] == "gone":
                file.unlink()
            elif harm[day] == "torn":
                file.write_bytes(content[: len(content) // 2])
            elif harm[day] == "older" and older:
                file.write_bytes(older)
            older = content
        checked = verify(kept, panel)
        assert checked.passed, checked.first_failure


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, Path]:
    """A folder published through some days, and where things are kept."""
    folder = calculate(RULES, market(3, FIRST, None, None)).save(tmp_path / "I")
    publish_index(folder, market(3, FIRST, None, None), approver="C", cache=tmp_path / "cache")
    return folder, tmp_path / "cache"


@pytest.mark.parametrize("variant", [{}, {"restate": {"policy": "forward"}}])
def test_a_correction_of_the_last_price_that_stands(variant: dict[str, Any]) -> None:
    """The index goes on at another price of the instant at which the one before it ended."""
    day_by_day(variant, 3, (FIRST + 2, 1.0001), None, ["none"] * DAYS)


def _whole(*_: object) -> None:
    raise AssertionError("everything was calculated")


def test_a_day_more_is_not_calculated_as_a_whole(published: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = published
    monkeypatch.setattr(Recomputation, "extended", _whole)
    assert publish_index(folder, market(3, FIRST + 1, None, None), approver="C", cache=cache).levels_added == 1
    assert publish_index(folder, market(3, FIRST + 1, None, None), approver="C", cache=cache).levels_added == 0
    assert (
        publish_index(folder, market(3, DAYS, None, None), approver="C", cache=cache).levels_added == DAYS - FIRST - 1
    )
    assert verify(folder, market(3, DAYS, None, None)).passed


def test_another_program_calculates_everything(published: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, cache = published
    assert left_by_last(cache, folder) is not None
    monkeypatch.setattr("basketry.jobs.kept._program", lambda: "another")
    assert left_by_last(cache, folder) is None


def test_what_is_kept_of_other_files_is_not_used(published: tuple[Path, Path], tmp_path: Path) -> None:
    folder, cache = published
    shutil.copytree(folder, tmp_path / "earlier")
    publish_index(folder, market(3, FIRST + 1, None, None), approver="C", cache=cache)
    shutil.rmtree(folder)
    (tmp_path / "earlier").rename(folder)
    assert left_by_last(cache, folder) is None
    publish_index(folder, market(3, FIRST + 1, None, None), approver="C", cache=cache)
    assert left_by_last(cache, folder) is not None
    (folder / "levels.parquet").write_bytes(b"")
    assert left_by_last(cache, folder) is None


def test_a_kill_before_the_file_is_there_leaves_the_earlier_one_which_is_not_used(
    published: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = published
    monkeypatch.setattr("basketry.jobs.publish.keep", lambda *_: None)
    publish_index(folder, market(3, FIRST + 1, None, None), approver="C", cache=cache)
    assert left_by_last(cache, folder) is None


def test_a_cache_that_cannot_be_written_does_no_harm(published: tuple[Path, Path], tmp_path: Path) -> None:
    folder, _ = published
    (tmp_path / "file").write_text("")
    panel = market(3, FIRST + 1, None, None)
    assert publish_index(folder, panel, approver="C", cache=tmp_path / "file").levels_added == 1
    assert verify(folder, panel).passed


def test_the_factsheet_goes_on_telling_what_was_released(tmp_path: Path) -> None:
    # b doubles and more on day 3, and is where it was on day 5: steps of 3 times and of a third.
    prices = {"a": [10.0] * 7, "b": [10.0, 10, 10, 50, 50, 10, 10]}

    def known(days: int) -> Panel:
        rows = [(BASE + timedelta(days=day), asset, prices[asset][day]) for asset in "ab" for day in range(days)]
        return Panel.from_frames(pl.DataFrame(rows, schema=["time", "asset", "price"], orient="row"))

    rules = {
        **RULES,
        "returns": ["price"],
        "select": {"by": "price", "top": 2},
        "weight": "equal",
        "guard": {"member_jump": None},
    }
    rules |= {"rebalance": {"every": "month", "on": "last_day", "determine": "0d"}}
    plain, kept, cache = tmp_path / "plain" / "I", tmp_path / "kept" / "I", tmp_path / "cache"
    calculate(rules, known(3)).save(plain)
    shutil.copytree(plain, kept)
    said = []
    for day in (2, 3, 4, 5, 6):
        for folder, where in ((plain, None), (kept, cache)):
            publish_index(
                folder, known(day + 1), approver="C", cache=where, now=BASE + timedelta(days=day, hours=1),
                release="a short squeeze" if day in (3, 5) else None,
            )  # fmt: skip
        assert files(plain) == files(kept), day
        said.append((kept / "factsheet.html").read_text())
    assert "There were no corporate events, fallbacks or guard actions." in said[0]
    for page, words in zip(said[1:], ["1 step beyond"] * 2 + ["2 steps beyond"] * 2, strict=True):
        assert "There were no corporate events or fallbacks.</p>" in page
        assert f"<p>{words} the bounds of the guard" in page
    assert verify(kept, known(7)).passed
