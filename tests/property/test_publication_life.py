"""A published index through any life: it verifies after every step, its record only grows, and what stands stays."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.conftest import RULEBOOK, small_market

from basketry.core.errors import BasketryError, RecordError
from basketry.jobs.acts import Act
from basketry.jobs.amend import amend_index, end_index, override_index
from basketry.jobs.calculate import calculate
from basketry.jobs.change_key import change_key
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder
from basketry.ledger.keys import PrivateKey
from basketry.ledger.lock import writing

BEGIN = datetime(2020, 2, 20, tzinfo=UTC)
RULES: dict[str, Any] = {**RULEBOOK, "rebalance": {"every": "month", "determine": "7d", "announce": "5d"}}


class Life(RuleBasedStateMachine):
    """One index, its lake, and a clock that goes on by an hour with each act."""

    @initialize()
    def begin(self) -> None:
        self.place = Path(mkdtemp())
        self.folder, self.lake = self.place / "X", Lake(self.place / "lake")
        self.lake.write("daily", small_market(140))
        self.keys = [PrivateKey(b"0" * 32)]
        self.now = BEGIN + timedelta(hours=1)
        self.heads: list[Path] = []
        self.record = ""
        self.stands: list[float] = []
        self.told: set[str] = set()
        self.ended = self.corrected = False
        calculate(RULES, self.lake, end=BEGIN.date().isoformat(), as_of=self.now).save(self.folder)
        self.publish()

    def teardown(self) -> None:
        if hasattr(self, "place"):
            shutil.rmtree(self.place)

    def publish(self, **more: Any) -> None:
        """Publish, going on from what was kept; a copy of the folder, which calculates everything, says the same."""
        twin = self.place / "twin"
        shutil.rmtree(twin, ignore_errors=True)
        shutil.copytree(self.folder, twin)
        more |= {"approver": "Committee", "now": self.now, "key": self.keys[-1]}
        publish_index(self.folder, self.lake, cache=self.place / "cache", **more)
        publish_index(twin, self.lake, **more)
        for path in twin.iterdir():
            assert path.read_bytes() == (self.folder / path.name).read_bytes(), path.name

    def act(self) -> Act:
        return Act("Committee", "as decided", now=self.now, key=self.keys[-1])

    def later(self, hours: int = 1) -> None:
        self.now += timedelta(hours=hours)

    @rule(days=st.integers(1, 12))
    def go_on(self, days: int) -> None:
        self.later(24 * days)
        before = len(self.stands)
        self.publish_what_came()
        assert len(read_folder(self.folder).levels) >= before

    def publish_what_came(self) -> None:
        """Publish, with a correction where what came in since is one."""
        try:
            self.publish()
        except RecordError as error:
            assert "differ" in str(error)  # noqa: PT017 - what is refused is a correction that nobody asked for
            self.publish(restate=True, reason="a late print")
            self.corrected = True

    @rule(back=st.integers(0, 3), factor=st.sampled_from([0.9, 0.9998, 1.05, 1.3]), asset=st.sampled_from("abcdef"))
    def correct(self, back: int, factor: float, asset: str) -> None:
        """A later version of a price comes in, and what was published is restated or kept by the rule."""
        self.later()
        day = self.now.replace(hour=0) - timedelta(days=back)
        rows = self.lake.read("daily").filter(
            (pl.col("time") == day) & (pl.col("asset") == f"coin-{asset}") & pl.col("known_at").is_null()
        )
        seen = pl.lit(self.now).cast(pl.Datetime("us", "UTC"))
        scaled = [pl.col(name) * factor for name in ("price", "market_cap", "volume")]
        self.lake.write("daily", rows.with_columns(*scaled, known_at=seen))
        self.later()
        self.publish(restate=True, reason="a late print", end=None)
        self.corrected = self.corrected or bool(read_folder(self.folder).told.restatements)

    @rule(
        back=st.integers(0, 3),
        asset=st.sampled_from("abcdef"),
        kind=st.sampled_from(["redenomination", "merger", "airdrop", "delisting"]),
        known=st.sampled_from([0, 1, 30]),
    )
    def tell_late(self, back: int, asset: str, kind: str, known: int) -> None:
        """An event of some days ago becomes known, and is corrected by the rule, now or with a later publication."""
        self.later()
        if asset in self.told:
            return  # One asset does not become another twice.
        self.told.add(asset)
        other = "f" if asset != "f" else "e"
        if kind == "merger" and other in self.told:
            return
        row = {
            "time": self.now.replace(hour=0) - timedelta(days=back), "asset": f"coin-{asset}", "kind": kind,
            "known_at": self.now, "new_asset": f"coin-{other}" if kind in ("merger", "airdrop") else None,
            "ratio": None if kind == "delisting" else 2.0,
        }  # fmt: skip
        self.lake.write("events", pl.DataFrame([row], schema_overrides={"new_asset": pl.String, "ratio": pl.Float64}))
        self.later(known)
        if known:
            self.publish(restate=True, reason="an event told late", release="the event")
            self.corrected = self.corrected or bool(read_folder(self.folder).told.restatements)

    @rule()
    def nothing_new(self) -> None:
        self.publish_what_came()  # What came in since the last publication, or what a full disk kept out.
        held = (self.folder / "record.jsonl").read_bytes()
        self.publish()
        assert (self.folder / "record.jsonl").read_bytes() == held

    @precondition(lambda self: not self.ended)
    @rule(change=st.sampled_from([{"weight": "equal"}, {"select": {"by": "market_cap", "top": 2}}, RULES]))
    def amend(self, change: dict[str, Any]) -> None:
        self.later()
        day = (self.now + timedelta(days=8)).date().isoformat()
        try:
            amend_index(self.folder, self.lake, {**RULES, **change}, effective=day, act=self.act())
        except BasketryError:
            self.held()

    @precondition(lambda self: not self.ended)
    @rule(asset=st.sampled_from("abcdef"), action=st.sampled_from(["include", "exclude"]))
    def override(self, asset: str, action: str) -> None:
        self.later()
        day = (self.now + timedelta(days=3)).date().isoformat()
        try:
            override_index(self.folder, self.lake, asset=f"coin-{asset}", action=action, effective=day, act=self.act())
        except BasketryError:
            self.held()

    @precondition(lambda self: not self.ended)
    @rule(days=st.integers(15, 40))
    def end(self, days: int) -> None:
        self.later()
        last = (self.now + timedelta(days=days)).date().isoformat()
        end_index(self.folder, self.lake, last=last, act=self.act())
        self.ended = True

    @rule()
    def another_key(self) -> None:
        self.later()
        new = PrivateKey(bytes([len(self.keys)]) * 32)
        change_key(self.folder, self.keys[-1], new, approver="Committee", reason="a year is over", now=self.now)
        self.keys.append(new)

    @rule()
    def two_writers(self) -> None:
        refused: list[str] = []

        def other() -> None:
            try:
                self.publish()
            except RecordError as error:
                refused.append(str(error))

        with writing(self.folder, "somebody"):
            thread = Thread(target=other)
            thread.start()
            thread.join()
        assert len(refused) == 1
        self.held()

    @rule(call=st.integers(1, 10))
    def disk_fails(self, call: int) -> None:
        """The disk is full at some call of a publication: what was there is there."""
        self.later(24)
        held = {file.name: file.read_bytes() for file in self.folder.iterdir() if file.is_file()}
        count = 0

        def full(handle: int) -> None:
            nonlocal count
            del handle
            count += 1
            if count == call:
                raise OSError(28, "No space left on device")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("os.fsync", full)
            try:
                self.publish(restate=True, reason="a late print")
            except RecordError:
                assert {file.name: file.read_bytes() for file in self.folder.iterdir() if file.is_file()} == held

    def held(self) -> None:
        assert (self.folder / "record.jsonl").read_text() == self.record

    @invariant()
    def it_holds(self) -> None:
        if not hasattr(self, "folder"):
            return
        for head in (None, *self.heads):
            found = verify(self.folder, self.lake, key=self.keys[0].public, head=head)
            assert found.passed, found.first_failure
        published = read_folder(self.folder)
        text = (self.folder / "record.jsonl").read_text()
        assert text.startswith(self.record)
        if text != self.record:
            head = self.place / f"head-{len(self.heads)}.json"
            head.write_bytes((self.folder / "head.json").read_bytes())
            self.heads = [*self.heads, head][-2:]
        self.no_level_that_stands_moved(published.levels, text)
        self.record = text
        if not published.told.restatements:
            last = published.told.publications[-1][1]
            whole = calculate(published.methodology, self.lake, end=last.through, as_of=last.known_by)
            assert whole.published_levels.equals(published.levels)

    def no_level_that_stands_moved(self, levels: pl.DataFrame, text: str) -> None:
        """Compare with the levels before up to the instant that every correction since leaves alone."""
        fresh = text[len(self.record) :]
        afters = [entry.body["after"] for entry in read_folder(self.folder).record if entry.line() in fresh.splitlines()
                  and entry.kind == "restatement"]  # fmt: skip
        now = levels["price_return"].to_list()
        times = levels["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
        count = min([len(self.stands), *(times.index(after) + 1 for after in afters if after is not None)])
        if None not in afters:
            assert np.array_equal(now[:count], self.stands[:count])
        self.stands = now


def lived(examples: int, steps: int) -> None:
    """Run lives of the index."""
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


def test_a_published_index_holds_through_a_short_life() -> None:
    lived(3, 6)


@pytest.mark.slow
def test_a_published_index_holds_through_many_lives() -> None:
    lived(10, 15)
