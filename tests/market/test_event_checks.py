"""Rows that are no events are refused, each with its place, its value and a remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.event_kind import REMOVALS, EventKind
from basketry.core.frames import EVENTS
from basketry.market.event_checks import fault_of, judge_events, refused_events
from basketry.market.panel import Panel
from basketry.methodology.sections import Removal

AT = datetime(2024, 1, 26, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD: dict[str, dict[str, Any]] = {
    "redenomination": {"ratio": 100.0},
    "migration": {"new_asset": "aave", "ratio": 0.01, "removal": "replace_by_next"},
    "merger": {"new_asset": "eth", "ratio": 0.5, "removal": "to_cash"},
    "name_change": {"new_asset": "pol"},
    "hard_fork": {"new_asset": "bch", "ratio": 1.0},
    "airdrop": {"new_asset": "uni", "ratio": 400.0},
    "delisting": {"removal": "remove_at_zero", "approver": "committee", "reason": "insolvent"},
    "halt": {"until": AT + DAY},
}
NAN, INF = float("nan"), float("inf")
# fmt: off
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "Halt"}, r"the kind is unknown \(kind 'Halt'\); write 'halt'"),
    ({"kind": "hardfork"}, r"\(kind 'hardfork'\); write 'hard_fork'"),
    ({"kind": "hard fork"}, "write 'hard_fork'"),
    ({"kind": "Name-Change"}, "write 'name_change'"),
    ({"kind": "delistng"}, r"the kinds are redenomination, migration, .*halt \(did you mean 'delisting'\?\)"),
    ({"kind": "burn"}, r"\(kind 'burn'\); the kinds are redenomination, "),
    ({"kind": "halt", "asset": " "}, r"the asset is empty \(asset ' '\); give its id"),
    *(({"kind": kind, **GOOD[kind], "ratio": None}, rf"{kind} without a ratio \(ratio empty\); give the new units")
      for kind in ("redenomination", "migration", "merger", "hard_fork", "airdrop")),
    *(({"kind": kind, **GOOD[kind], "ratio": ratio}, rf"between 1e-12 and 1e\+12 \(ratio {ratio}\); give the new units"
       if ratio != 1e13 else r"\(ratio 10000000000000.0\)")
      for kind in ("redenomination", "migration", "merger", "hard_fork", "airdrop")
      for ratio in (0.0, -100.0, INF, -INF, NAN, 1e-13, 1e13)),
    *(({"kind": kind, **GOOD[kind], "new_asset": value}, rf"{kind} without a new asset \(new_asset empty\); give")
      for kind in ("migration", "merger", "hard_fork", "airdrop") for value in (None, "", " ")),
    *(({"kind": kind, **GOOD[kind], "new_asset": "dot"}, r"the new asset is the asset itself \(new_asset 'dot'\)")
      for kind in EventKind),
    *(({"kind": kind, **GOOD[kind], "new_asset": "aave"}, rf"{kind} with a new asset \(new_asset 'aave'\); leave")
      for kind in ("redenomination", "delisting", "halt")),
    *(({"kind": kind, **GOOD[kind], "ratio": 2.0}, rf"{kind} with a ratio \(ratio 2.0\); leave ratio")
      for kind in ("name_change", "delisting", "halt")),
    ({"kind": "halt", "until": AT}, r"the halt ends .*\(until 2024-01-26 00:00:00\+00:00\); give the first instant"),
    ({"kind": "halt", "until": AT - DAY}, r"\(until 2024-01-25 00:00:00\+00:00\)"),
    *(({"kind": kind, **GOOD[kind], "until": AT + DAY}, rf"{kind} with an end \(until .*leave until empty")
      for kind in EventKind if kind != "halt"),
    ({"kind": "delisting", "removal": "remove_at_lst_price"}, r"did you mean 'remove_at_last_price'\?"),
    ({"kind": "delisting", "removal": "sell"}, r"the removal is unknown \(removal 'sell'\); the words are remove_at"),
    *(({"kind": kind, **GOOD[kind], "removal": "to_cash"}, rf"{kind} with a removal \(removal 'to_cash'\); leave")
      for kind in ("redenomination", "hard_fork", "airdrop", "halt")),
]
# fmt: on


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    full = [
        {"time": AT, "asset": "dot", **dict.fromkeys(EVENTS.columns.keys() - {"time", "asset", "kind"}), **row}
        for row in rows
    ]
    return EVENTS.conform(pl.DataFrame(full, schema_overrides=EVENTS.dtypes, infer_schema_length=None))


def prices(*assets: str) -> pl.DataFrame:
    return pl.DataFrame({"time": [AT, AT + DAY], **{asset: [5.0, 5.0] for asset in assets}})


@pytest.mark.parametrize("kind", list(EventKind))
def test_an_event_of_each_kind_is_taken_as_it_is(kind: EventKind) -> None:
    rows = table({"kind": kind.value, **GOOD[kind]})
    assert judge_events(rows).equals(rows)


@pytest.mark.parametrize(("row", "words"), REFUSED)
def test_what_is_no_event_is_refused_with_place_value_and_remedy(row: dict[str, Any], words: str) -> None:
    rows = table({"kind": "halt", "asset": "btc"}, row)
    with pytest.raises(DataError, match=rf"(?s)events: row 2 \({row['kind']} of .* at 2024-01-26 00:00\): .*{words}"):
        judge_events(rows)
    with pytest.raises(DataError, match=words):
        Panel.from_frames(price=prices("btc", "dot"), events=rows)
    assert [place for place, _ in refused_events(rows)] == [1]


def test_how_many_rows_are_wrong_is_told() -> None:
    with pytest.raises(DataError, match=r"row 1 .*'halt'; 1 more rows are wrong"):
        judge_events(table({"kind": "Halt"}, {"kind": "HALT", "asset": "eth"}))


def test_a_ratio_of_one_may_be_written_out() -> None:
    assert all(
        fault_of({"kind": kind, **GOOD[kind], "asset": "dot", "ratio": 1.0, "time": AT}) is None for kind in GOOD
    )


def test_one_event_told_twice_is_refused_and_a_correction_is_not() -> None:
    split = {"kind": "redenomination", "ratio": 100.0}
    with pytest.raises(
        DataError,
        match=r"row 1 .*another row tells of the same event .*\(known_at empty\); keep one of them, .*; 1 more",
    ):
        judge_events(table(split, {**split, "ratio": 10.0, "known_at": AT}))
    corrected = table(split, {**split, "ratio": 10.0, "known_at": AT + DAY})
    panel = Panel.from_frames(price=prices("dot"), events=corrected)
    assert [event.ratio for event in panel.corporate] == [100.0, 10.0]
    assert panel.events.height == 2
    assert panel.as_of(AT).events["ratio"].to_list() == [100.0]


def test_empty_texts_and_a_knowledge_time_at_the_time_are_null() -> None:
    row = {"kind": "delisting", "known_at": AT, "new_asset": "", "removal": " ", "approver": "", "reason": " x "}
    judged = judge_events(table(row)).row(0, named=True)
    assert [judged[name] for name in ("known_at", "new_asset", "removal", "approver", "reason")] == [None] * 4 + ["x"]


def test_the_removals_are_those_of_the_methodology_and_replacement() -> None:
    assert set(REMOVALS) == {*get_args(Removal), "replace_by_next"}


def test_an_event_about_an_asset_that_the_panel_does_not_hold_leaves_evidence() -> None:
    events = table({"kind": "redenomination", "asset": "dto", "ratio": 100.0}, {"kind": "delisting"})
    rejected = Panel.from_frames(price=prices("btc", "dot"), events=events).rejected
    assert rejected.select("time", "asset", "field", "value").rows() == [(AT, "dto", "event", 100.0)]
    assert rejected["reason"].item() == "redenomination of an asset that the data do not hold (did you mean 'dot'?)"


def test_a_table_of_the_old_form_is_read() -> None:
    old = table({"kind": "redenomination", "ratio": 100.0}).drop("removal", "approver", "reason")
    new = table({"kind": "redenomination", "ratio": 100.0})
    panels = [Panel.from_frames(price=prices("dot"), events=rows) for rows in (old, new)]
    assert panels[0].event_table.equals(panels[1].event_table)
    decided = Panel.from_frames(price=prices("dot"), events=new.with_columns(approver=pl.lit("committee")))
    assert panels[0].digest() == panels[1].digest() != decided.digest()
