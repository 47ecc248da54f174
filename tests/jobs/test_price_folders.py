"""Folders of reference prices: extended, corrected by the rule, and verified from the trades as they were known."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import BasketryError, RecordError
from basketry.core.frames import TRADES
from basketry.jobs.prices import ReferencePrices, fixing_instants, reference_prices
from basketry.jobs.save_prices import PriceUpdate, save_prices
from basketry.jobs.verify_prices import verify_prices
from basketry.lake.lake import Lake
from basketry.ledger.lock import writing
from basketry.ledger.manifest import FILE
from basketry.ledger.price_folder import read_price_folder
from basketry.ledger.price_told import Run, instants_of
from basketry.ledger.record import chain, dump_record, parse_record
from basketry.market.tape import Market
from basketry.reference.fixing import Fixings
from basketry.reference.price_rules import PriceRules

DAY = datetime(2024, 3, 1, tzinfo=UTC)
RULES = PriceRules.parse({"rate": {"venue_median": {"window": "1h"}}, "min_venues": 3, "decimals": 2})
VENUES = ("alder", "birch", "cedar")
Edit = Callable[[dict[str, Any]], None]


def trades(price: float, hours: range, known_at: datetime | None = None) -> pl.DataFrame:
    """Return a trade of one unit every ten minutes of some hours, at a price that rises by 1 an hour."""
    rows = [
        {"time": DAY + timedelta(hours=hour, minutes=minute), "trade_id": f"{hour}-{minute}", "price": price + hour}
        for hour in hours
        for minute in range(5, 60, 10)
    ]
    return TRADES.conform(pl.DataFrame(rows).with_columns(
        side=pl.lit("buy"), size=pl.lit(10**8), received_at=None, known_at=pl.lit(known_at, pl.Datetime("us", "UTC"))
    ))  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three venues that trade `gold` at 100 to 105 in six hours."""
    held = Lake(str(tmp_path / "LAKE"))
    held.create(simulated=False, note="made by hand")
    held.write("venues", pl.DataFrame({"venue": VENUES, "group": VENUES}))
    pairs = {"pair": "gold-usd", "symbol": "GOLDUSD", "base": "gold", "quote": "usd", "kind": "spot"}
    held.write("markets", pl.DataFrame({"venue": VENUES}).with_columns(
        **{name: pl.lit(value) for name, value in pairs.items()}, size_decimals=pl.lit(8)
    ))  # fmt: skip
    for venue in VENUES:
        held.ticks.write("trades", market(venue), trades(100.0, range(6)))
    return held


def market(venue: str) -> Market:
    return Market(venue, "gold-usd", "gold", "usd", venue, "spot")


def dearer(lake: Lake, hour: int, price: float, known_at: datetime | None) -> None:
    """Let all venues say another price of an hour, known later, or as if it had always been so."""
    for venue in VENUES:
        lake.ticks.write("trades", market(venue), trades(price - hour, range(hour, hour + 1), known_at))


def made(lake: Lake, hours: int, start: int = 0, **given: Any) -> ReferencePrices:
    instants = fixing_instants(
        (DAY + timedelta(hours=start)).isoformat(), (DAY + timedelta(hours=hours)).isoformat(), timedelta(hours=1)
    )
    return reference_prices(lake, ["gold"], instants, RULES, **given)


def kept(lake: Lake, folder: Path, hours: int, *, at: float | None = None, **given: Any) -> PriceUpdate:
    """Run the prices of the first hours into a folder, some hours after the day began."""
    now = DAY + timedelta(hours=hours if at is None else at)
    return save_prices(made(lake, hours, given.pop("start", 0)), folder, now=now, **given)


def prices(folder: Path) -> list[float]:
    return read_price_folder(folder).fixings.table["price"].to_list()


def failures(folder: Path, lake: Lake) -> dict[str, str]:
    return {check.name: check.found for check in verify_prices(folder, lake).checks if not check.passed}


def plain_page(rules: PriceRules, fixings: Fixings, simulated: bool) -> str:
    return f"{rules.currency} {simulated} {fixings.table.to_dicts()}"


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no pictures, which takes most of the time; `tests/cli/test_price_commands.py` verifies true pages."""
    for module in ("save_prices", "verify_prices"):
        monkeypatch.setattr(f"basketry.jobs.{module}.price_page", plain_page)


WHY: dict[str, Any] = {"restate": True, "reason": "the venues corrected an hour", "approver": "Ann"}


def test_runs_are_told_with_what_they_knew_and_verify(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    assert kept(lake, out, 3).added == 3
    assert kept(lake, out, 5, start=3).added == 2
    assert prices(out) == [100.0, 101.0, 102.0, 103.0, 104.0]
    record = read_price_folder(out).record
    assert [entry.kind for entry in record] == ["rules", *["fixings"] * 3, "published", *["fixings"] * 2, "published"]
    assert [entry.at for entry in record] == ["2024-03-01T03:00:00Z"] * 5 + ["2024-03-01T05:00:00Z"] * 3
    assert record[-1].body == {
        "assets": ["gold"],
        "instants": [{"first": "2024-03-01T04:00:00Z", "count": 2, "step": 3_600_000_000}],
        "known_by": "2024-03-01T05:00:00Z",
        "software": "0.1.0",
    }
    assert failures(out, lake) == {}


def test_a_run_that_brings_nothing_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 3)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert kept(lake, out, 3, at=9) == PriceUpdate(out, 0)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_correction_in_time_is_restated_and_what_it_took_back_is_proved(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    dearer(lake, 1, 111.0, DAY + timedelta(hours=7))
    with pytest.raises(RecordError, match=r"1 prices differ .* gold at 2024-03-01T02:00:00Z: 101\.0 -> 111\.0"):
        kept(lake, out, 5, at=8)
    done = kept(lake, out, 5, at=8, **WHY)
    assert (done.added, [item.corrected for item in done.corrections], done.kept) == (1, [111.0], ())
    assert prices(out) == [100.0, 111.0, 102.0, 103.0, 104.0]
    said = next(entry for entry in read_price_folder(out).record if entry.kind == "restatement").body
    error = {"time": "2024-03-01T02:00:00Z", "column": "gold", "published": 101.0, "corrected": 111.0}
    error["relative_error"] = 111.0 / 101.0 - 1
    assert said["restated"] == {"prices": 1, "first": error, "largest": error}
    assert said["kept"] == {"prices": 0, "first": None, "largest": None}
    assert (said["approver"], said["known_by"]) == ("Ann", "2024-03-01T07:00:00Z")
    assert failures(out, lake) == {}
    assert kept(lake, out, 5, at=9).added == 0


def test_a_price_that_was_kept_stays_provable_and_is_not_told_again(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    # Two days later the rule's window of a day has passed.
    late = DAY + timedelta(days=2)
    dearer(lake, 1, 111.0, late)
    done = kept(lake, out, 4, at=49, **WHY)
    assert (done.corrections, [item.corrected for item in done.kept]) == ((), [111.0])
    assert prices(out) == [100.0, 101.0, 102.0, 103.0]
    assert failures(out, lake) == {}
    lines = len(read_price_folder(out).record)
    assert kept(lake, out, 4, at=50) == PriceUpdate(out, 0)
    assert kept(lake, out, 4, at=50, **WHY) == PriceUpdate(out, 0)
    assert kept(lake, out, 5, at=51).added == 1
    assert len(read_price_folder(out).record) == lines + 2
    assert failures(out, lake) == {}
    # Wrong in another way than was known, it is told again.
    dearer(lake, 1, 112.0, late + timedelta(hours=4))
    with pytest.raises(RecordError, match=r"101\.0 -> 112\.0"):
        kept(lake, out, 5, at=53)
    assert [item.corrected for item in kept(lake, out, 5, at=53, **WHY).kept] == [112.0]
    assert failures(out, lake) == {}


def test_an_error_below_the_threshold_is_kept_within_the_window(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    dearer(lake, 1, 101.05, DAY + timedelta(hours=5))
    done = kept(lake, out, 4, at=6, **WHY)
    assert (done.corrections, [item.corrected for item in done.kept]) == ((), [101.05])
    assert failures(out, lake) == {}


def test_trades_that_were_replaced_without_a_time_of_knowledge(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    kept(lake, out, 5)
    dearer(lake, 1, 111.0, None)
    assert "published 101.0" in failures(out, lake)["fixings"]
    kept(lake, out, 5, at=6, **WHY)
    checks = {check.name: check for check in verify_prices(out, lake).checks}
    assert all(check.passed for check in checks.values())
    assert "2 prices that were taken back cannot be computed again" in checks["runs"].found
    # What stands must be what the trades give.
    dearer(lake, 2, 120.0, None)
    assert "runs" in failures(out, lake)


def test_a_restatement_needs_a_reason_and_somebody_who_answers(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    with pytest.raises(RecordError, match="--reason TEXT"):
        kept(lake, out, 4, restate=True, approver="Ann")
    with pytest.raises(RecordError, match="--approver NAME"):
        kept(lake, out, 4, restate=True, reason="late trades", approver=" ")
    with pytest.raises(RecordError, match="its last line was written at 2024-03-01T04:00:00Z"):
        kept(lake, out, 5, at=2)


def test_a_restatement_cannot_know_less_than_what_it_corrects(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    dearer(lake, 1, 111.0, DAY + timedelta(hours=5))
    kept(lake, out, 4, at=6)
    less = made(lake, 4, known_by=(DAY + timedelta(hours=4)).isoformat())
    with pytest.raises(RecordError, match="cannot know less"):
        save_prices(less, out, now=DAY + timedelta(hours=7), **WHY)


def test_one_writer_at_a_time(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    found: list[str] = []

    def other() -> None:
        try:
            kept(lake, out, 4)
        except RecordError as error:
            found.append(str(error))

    with writing(out, "price run"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(found) == 1
    assert "is being written by" in found[0]
    assert not out.exists()


# Attacks: what somebody who can write all files of a folder may try.


def rewritten(folder: Path, files: Mapping[str, bytes], manifest: Edit | None = None) -> None:
    """Write files of a folder, with the digests of the manifest made to fit."""
    said = json.loads((folder / FILE).read_text())
    for name, content in files.items():
        (folder / name).write_bytes(content)
        said["files"][name] = sha256(content).hexdigest()
    if manifest is not None:
        manifest(said)
    (folder / FILE).write_text(json.dumps(said))


def with_lines(folder: Path, edit: Callable[[list[Any]], None]) -> None:
    """Edit the lines of a record, as (kind, body, at), and make the chain and the digests fit."""
    record = parse_record((folder / "record.jsonl").read_text())
    lines = [(entry.kind, json.loads(json.dumps(entry.body)), entry.at) for entry in record]
    edit(lines)
    whole: list[Any] = []
    for kind, body, at in lines:
        whole = chain([(kind, body)], after=whole, at=at)
    rewritten(folder, {"record.jsonl": dump_record(whole).encode()})


@pytest.fixture
def folder(lake: Lake, tmp_path: Path) -> Path:
    """Four hours, of which the second was found wrong two days later and kept, and the last restated."""
    out = tmp_path / "P"
    kept(lake, out, 4)
    dearer(lake, 1, 111.0, DAY + timedelta(days=1, hours=3))
    dearer(lake, 3, 113.0, DAY + timedelta(days=1, hours=3))
    done = kept(lake, out, 4, at=27.5, **WHY)
    assert ([item.corrected for item in done.corrections], len(done.kept)) == ([113.0], 1)
    assert failures(out, lake) == {}
    return out


def test_a_price_forged_everywhere_is_found(folder: Path, lake: Lake) -> None:
    path = folder / "fixings.parquet"
    table = pl.read_parquet(path)
    table.with_columns(price=pl.when(pl.int_range(4) == 0).then(99.0).otherwise("price")).write_parquet(path)
    rewritten(folder, {path.name: path.read_bytes()})
    assert "gold at 2024-03-01T01:00:00Z is [99.0" in failures(folder, lake)["record"]
    with pytest.raises(RecordError, match="nothing is written on top of it"):
        kept(lake, folder, 5, at=30)

    def edit(lines: list[Any]) -> None:
        lines[1][1]["prices"]["gold"][0] = 99.0

    with_lines(folder, edit)
    found = failures(folder, lake)
    assert "record" not in found
    assert "says prices.gold at 2024-03-01T01:00:00Z: [99.0" in found["runs"]
    assert "published 99.0, recomputed 100.0" in found["fixings"]


def forged_kept(lines: list[Any]) -> None:
    """A price that stands is said to have been found right enough."""
    said = next(body for kind, body, _ in lines if kind == "restatement")
    said["changes"][0]["recomputed"] = 101.01


def forged_window(lines: list[Any]) -> None:
    """All was restated when it was still in time, it says."""
    for place, (kind, body, at) in enumerate(lines):
        if at == "2024-03-02T03:30:00Z":
            lines[place] = (kind, body, "2024-03-02T01:30:00Z")


def never_restated(lines: list[Any]) -> None:
    """The admission is left out."""
    lines[:] = [line for line in lines if line[0] != "restatement"]


def knows_less(lines: list[Any]) -> None:
    """The last run says that it knew nothing of the correction."""
    lines[-1][1]["known_by"] = "2024-03-01T04:00:00Z"


def other_reason(lines: list[Any]) -> None:
    """Nobody answers for it."""
    next(body for kind, body, _ in lines if kind == "restatement")["approver"] = ""


def many_instants(lines: list[Any]) -> None:
    """A run of so many instants that nobody could compute them."""
    lines[-1][1]["instants"][0]["count"] = 10**15


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (forged_kept, "says changes"),
        (forged_window, "says restated.prices: 1, recomputed 2"),
        (never_restated, "2 prices differ"),
        (knows_less, "recomputed"),
        (other_reason, "--approver NAME"),
        (many_instants, "is not one of the instants of the folder"),
    ],
)
def test_a_record_that_tells_a_correction_otherwise_is_found(
    folder: Path, lake: Lake, edit: Callable[[list[Any]], None], words: str
) -> None:
    with_lines(folder, edit)
    assert words in failures(folder, lake)["runs"]


def test_evidence_page_and_facts_that_were_altered_are_found(folder: Path, lake: Lake) -> None:
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    sources = pl.read_parquet(folder / "sources.parquet").with_columns(trades=pl.col("trades") + 1)
    sources.write_parquet(folder / "sources.parquet")
    rewritten(folder, {"sources.parquet": (folder / "sources.parquet").read_bytes()})
    assert "sources.trades" in failures(folder, lake)["sources"]
    page = (whole / "prices.html").read_text().replace("gold", "lead", 1).encode()
    rewritten(whole, {"prices.html": page}, lambda said: said.update(fixings=5))
    assert failures(whole, lake) == {
        "record": "manifest.json says fixings 5, and the tables 4",
        "page": "the page is not the one that the result gives",
    }


@pytest.mark.parametrize("name", ["../LAKE/lake.json", "/etc/hostname", "a/b", "a\\b", "..", "", "x\0", FILE, "gone"])
def test_a_manifest_names_only_files_of_the_folder(folder: Path, lake: Lake, name: str) -> None:
    rewritten(folder, {}, lambda said: said["files"].update({name: "0" * 64}))
    assert failures(folder, lake)["files"]
    with pytest.raises(RecordError, match="the folder was altered"):
        kept(lake, folder, 5, at=30)


@pytest.mark.parametrize("value", [{}, [], None, "all", {"fixings.parquet": 1}])
def test_an_emptied_list_of_files_fails(folder: Path, lake: Lake, value: Any) -> None:
    rewritten(folder, {}, lambda said: said.update(files=value))
    assert "manifest.json" in failures(folder, lake)["files"]
    with pytest.raises(RecordError, match="the folder was altered"):
        read_price_folder(folder)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a": NaN}', '{"a": 1, "a": 1}', '{"a": "\\ud800"}', '{"a": 1e999}', "[]", "1", " " * 5_000_000],
)
def test_a_manifest_that_is_no_strict_json_is_one_error(folder: Path, lake: Lake, text: str) -> None:
    (folder / FILE).write_text(text)
    with pytest.raises(RecordError, match=r"manifest\.json: not the manifest of reference prices"):
        read_price_folder(folder)
    assert "manifest.json" in failures(folder, lake)["readable"]


FREE = {"software", "reason", "approver"}
"""Texts that somebody states, which nothing can prove."""
ODD: list[Any] = [None, 1e300, -1, "x", [], {}]


@pytest.mark.parametrize("some", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_odd_values_give_failures_and_no_tracebacks(folder: Path, lake: Lake, some: bool) -> None:
    plain = [(entry.kind, dict(entry.body), entry.at) for entry in read_price_folder(folder).record]
    whole = folder.with_name("whole")
    shutil.copytree(folder, whole)
    tried = 0
    for place in (0, 1, 6, 8):
        for path in paths(plain[place][1]):
            tried += 1
            for odd in (
                [ODD[tried % 6], ODD[(tried + 3) % 6]] if not some else [ODD[tried % 6]] if tried % 8 == 0 else []
            ):
                if odd == at_path(plain[place][1], path) or (odd == "x" and path[-1] in FREE):
                    continue

                def edit(lines: list[Any], place: int = place, path: Any = path, odd: Any = odd) -> None:
                    put(lines[place][1], path, odd)

                with_lines(folder, edit)
                assert failures(folder, lake), (place, path, odd)
                with contextlib.suppress(BasketryError):
                    kept(lake, folder, 5, at=30)
                shutil.rmtree(folder)
                shutil.copytree(whole, folder)
    assert tried > 40


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where the values of a body are, one of each list."""
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    found = [before] if before else []
    for key, item in inner:
        found += paths(item, (*before, key))
    return found


def at_path(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def put(value: Any, path: tuple[Any, ...], odd: Any) -> None:
    at_path(value, path[:-1])[path[-1]] = odd


# Folders of format 1.


def test_a_folder_of_format_1_is_read_verified_and_goes_on(lake: Lake, tmp_path: Path) -> None:
    out = tmp_path / "P"
    kept(lake, out, 4)
    entries = [(entry.kind, dict(entry.body)) for entry in read_price_folder(out).record if entry.kind != "published"]
    for _, body in entries:
        body.pop("known_by", None)
    rewritten(out, {"record.jsonl": dump_record(chain(entries)).encode()}, lambda said: said.update(format=1))
    assert failures(out, lake) == {}
    assert kept(lake, out, 5).added == 1
    assert failures(out, lake) == {}
    assert json.loads((out / FILE).read_text())["format"] == 2
    record = read_price_folder(out).record
    assert [entry.at for entry in record] == [None] * 5 + ["2024-03-01T05:00:00Z"] * 2


def test_instants_of_runs_are_bounded() -> None:
    run = Run(first="2024-03-01T01:00:00Z", count=3, step=5)
    first = int(np.datetime64("2024-03-01T01:00", "us").astype(np.int64))
    assert instants_of([run], 3).tolist() == [first, first + 5, first + 10]
    for wrong in (
        [],
        [run, run],
        [Run(first="2024-03-01T01:00:00Z", count=4, step=5)],
        [Run(first="2024-03-01T01:00:00Z", count=2, step=0)],
        [Run(first="9999-12-30T01:00:00Z", count=3, step=10**17)],
        [Run(first="yesterday", count=1, step=0)],
    ):
        with pytest.raises(RecordError):
            instants_of(wrong, 3)
