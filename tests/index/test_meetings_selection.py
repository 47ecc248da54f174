"""Ways to select meet missing data, ties, members, decisions, the guard, triggers, versions and departures: by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import BasketryError, DataError, MethodologyError
from basketry.index.calculate import calculate_index
from basketry.index.determine import Determination, determine
from basketry.index.explain import explain_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
DAYS = 60
nan = float("nan")
RANGE = {"by": "market_cap", "ranks": {"first": 2, "last": 3}, "buffer": {"enter": 2, "leave": 4}}
MEAN = {"by": {"mean_rank": ["market_cap", "volume"]}, "top": 2}
STAGE = {"first": {"by": "market_cap", "top": 3}, "by": "volume", "top": 1}
COVERAGE = {"by": "market_cap", "coverage": {"enter": 0.5, "leave": 0.8}}
EXCEED = {"by": "market_cap", "top": 2, "buffer": {"exceed": 0.1}}
WINDOW = {"by": {"metric": "market_cap", "window": "30d", "statistic": "mean"}, "top": 1}


def panel_of(
    size: list[float], traded: list[float] | None = None, last: dict[str, dict[str, float]] | None = None,
    gone: dict[str, int] | None = None, events: list[dict[str, Any]] | None = None,
) -> Panel:  # fmt: skip
    """A market of 60 days at a price of 1 each: a, b, c, ... of a size and value traded, the same on every day.

    `last` gives by field other figures of the last two days, `gone` by asset the day from which nothing is known.
    """
    names = "abcdefgh"[: len(size)]
    fields = {"price": [1.0] * len(size), "market_cap": size, "volume": traded or size}
    frames: dict[str, Any] = {}
    for key, figures in fields.items():
        columns = {name: [figure] * DAYS for name, figure in zip(names, figures, strict=True)}
        for name, figure in (last or {}).get(key, {}).items():
            columns[name][-2:] = [figure] * 2
        for name, day in (gone or {}).items():
            columns[name][day:] = [nan] * (DAYS - day)
        times = [START + timedelta(days=n) for n in range(DAYS)]
        frames[key] = pl.DataFrame({"time": times, **columns}).fill_nan(None)
    return Panel.from_frames(events=pl.DataFrame(events) if events else None, **frames)


def rules(select: dict[str, Any], **sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Test",
            "symbol": "TEST",
            "base": {"date": "2020-01-05", "level": 100},
            "select": select,
            "weight": "equal",
            "rebalance": {"every": "month", "determine": "0d"},
            **sections,
        }
    )


def decided(panel: Panel, select: dict[str, Any], members: str = "", **sections: Any) -> Determination:
    version = rules(select, **sections).at(panel.now)
    return determine(version, panel, np.isin(np.array(panel.assets), list(members)))


def names(found: Determination) -> str:
    return "".join(found.view.assets[column] for column in found.columns.tolist())


def override(asset: str, action: str) -> list[dict[str, str]]:
    own = {"reason": "seen", "approver": "Committee", "date": "2020-01-02"}
    return [{"asset": asset, "action": action, "from": "2020-01-02", **own}]


@dataclass(frozen=True)
class Case:
    """One meeting, and who is in.

    Attributes:
        select: The section.
        size, traded: Of a, b, c, ...
        members: Who is one.
        expected: Who is in.
        more: Other sections, and what `panel_of` takes.
    """

    select: dict[str, Any]
    size: list[float]
    members: str
    expected: str
    traded: list[float] | None = None
    last: dict[str, dict[str, float]] | None = None
    gone: dict[str, int] | None = None
    more: dict[str, Any] = field(default_factory=dict)


LARGE = {"universe": [{"market_cap": {"min": 15.0}}]}
CASES = {
    # Fewer eligible than wanted: ranks 2 and 3 of two are rank 2; of one nobody, which the table below has.
    "few in a range": Case(RANGE, [40.0, 30.0], "", "b"),
    "few for a mean of ranks": Case(MEAN, [40.0], "", "a"),
    "few in a stage": Case(STAGE, [40.0, 30.0], "", "b", traded=[1.0, 2.0]),
    "few for a buffer by size": Case(EXCEED, [40.0], "", "a"),
    # Ties: a, b and c are equal, and the id decides.
    "ties in a range": Case(RANGE, [9.0, 9.0, 9.0, 9.0], "", "bc"),
    "ties in a range with a member": Case(RANGE, [9.0, 9.0, 9.0, 9.0], "d", "bd"),
    "ties in all ranks": Case(MEAN, [9.0, 9.0, 9.0], "", "ab"),
    "ties in one figure": Case(MEAN, [9.0, 9.0, 9.0], "", "bc", traded=[1.0, 2.0, 2.0]),
    "ties at the end of a stage": Case(STAGE, [9.0, 9.0, 9.0, 9.0], "d", "c", traded=[1.0, 2.0, 3.0, 4.0]),
    "ties on coverage": Case(COVERAGE, [10.0, 10.0, 10.0, 10.0], "", "ab"),
    "ties on coverage with members": Case(COVERAGE, [10.0, 10.0, 10.0, 10.0], "cd", "abcd"),
    "ties by size": Case(EXCEED, [10.0, 10.0, 10.0, 10.0], "cd", "cd"),
    # Members that are not eligible have no privilege, and do not count.
    "a member in a range is too small": Case(RANGE, [40.0, 30.0, 20.0, 10.0], "d", "bc", more=LARGE),
    "a member on coverage is too small": Case(COVERAGE, [20.0, 18.0, 17.0, 10.0], "cd", "abc", more=LARGE),
    "a member by size is too small": Case(EXCEED, [21.0, 20.0, 19.0, 14.0], "cd", "ac", more=LARGE),
    "a member has no price": Case(EXCEED, [21.0, 20.0, 19.5], "bc", "ab", gone={"c": 50}),
    # The price is known for three days longer than the capitalisation would be needed.
    "a member has no figure": Case(EXCEED, [21.0, 20.0, 19.5], "bc", "bc", gone={"c": 58}),
    # The first determination knows no members.
    "the first by size": Case(EXCEED, [10.0, 10.4, 10.8], "", "bc"),
    "the first on coverage": Case(COVERAGE, [40.0, 30.0, 20.0, 10.0], "", "ab"),
    # Decisions: who is taken in by name must still pass the stages and have a rank; ranks are taken anew.
    "included before a stage": Case(
        STAGE, [40.0, 30.0, 20.0, 10.0], "", "a", traded=[4.0, 1.0, 2.0, 9.0],
        more={**LARGE, "overrides": override("d", "include")},
    ),
    "included into a stage": Case(
        STAGE, [40.0, 30.0, 10.0], "", "c", traded=[4.0, 1.0, 9.0],
        more={**LARGE, "overrides": override("c", "include")},
    ),
    "excluded before a stage": Case(
        STAGE, [40.0, 30.0, 20.0, 10.0], "", "d", traded=[4.0, 1.0, 2.0, 9.0],
        more={"overrides": override("b", "exclude")},
    ),
    # Ranks of all: a 1 and 3, b 2 and 4, c 3 and 1, d 4 and 2: a and c with 2. Without c: a 1.5, b 2.5, d 2.
    "nobody excluded": Case(MEAN, [40.0, 30.0, 20.0, 10.0], "", "ac", traded=[2.0, 1.0, 4.0, 3.0]),
    "excluded from the ranks": Case(
        MEAN, [40.0, 30.0, 20.0, 10.0], "", "ad", traded=[2.0, 1.0, 4.0, 3.0],
        more={"overrides": override("c", "exclude")},
    ),
    # Shares of all: 40%, 70%. Without a: 30 of 60 is half.
    "excluded from coverage": Case(
        COVERAGE, [40.0, 30.0, 20.0, 10.0], "", "b", more={"overrides": override("a", "exclude")}
    ),
    # The guard refuses a price of thirty times its median, and the rules are asked again: as without that asset.
    "refused above a range": Case(
        RANGE, [10.0, 40.0, 30.0, 20.0], "", "cd", last={"price": {"a": 30.0}, "market_cap": {"a": 300.0}}
    ),
    "refused in a stage": Case(
        STAGE, [40.0, 30.0, 20.0, 10.0], "", "d", traded=[1.0, 2.0, 3.0, 9.0], last={"price": {"b": 30.0}}
    ),
    "refused from the ranks": Case(
        MEAN, [40.0, 30.0, 20.0, 10.0], "", "ad", traded=[2.0, 1.0, 4.0, 3.0], last={"price": {"c": 30.0}}
    ),
    "refused on coverage": Case(
        COVERAGE, [40.0, 30.0, 20.0, 10.0], "", "b", last={"price": {"a": 30.0}, "market_cap": {"a": 1200.0}}
    ),
    "a member refused by size": Case(EXCEED, [21.0, 20.0, 19.5], "bc", "ac", last={"price": {"b": 30.0}}),
    # A supply of twenty times is not believed: d is the smallest still.
    "frozen above a range": Case(RANGE, [40.0, 30.0, 20.0, 10.0], "", "bc", last={"market_cap": {"d": 200.0}}),
    "frozen in a stage": Case(
        STAGE, [40.0, 30.0, 20.0, 10.0], "", "c", traded=[1.0, 2.0, 3.0, 9.0], last={"market_cap": {"d": 200.0}}
    ),
    "frozen on coverage": Case(COVERAGE, [40.0, 30.0, 20.0, 10.0], "", "ab", last={"market_cap": {"d": 900.0}}),
    "frozen by size": Case(EXCEED, [21.0, 20.0, 19.5], "bc", "bc", last={"market_cap": {"a": 400.0}}),
    # The mean of 30 days of d is (28 x 10 + 2 x 900) / 30 = 69, above 40; it counts 10, as it is believed.
    "frozen in a window": Case(WINDOW, [40.0, 30.0, 20.0, 10.0], "", "a", last={"market_cap": {"d": 900.0}}),
    "believed in a window": Case(
        WINDOW, [40.0, 30.0, 20.0, 10.0], "", "d", last={"market_cap": {"d": 900.0}},
        more={"guard": {"supply_change": None}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_meeting(name: str) -> None:
    case = CASES[name]
    panel = panel_of(case.size, case.traded, case.last, case.gone)
    found = decided(panel, case.select, case.members, **case.more)
    assert names(found) == case.expected
    if "refused" in name:
        assert len(found.refused) == 1
    if "frozen" in name:
        assert len(found.frozen) == 1


@pytest.mark.parametrize(
    ("select", "size", "message"),
    [
        (RANGE, [40.0], "1 assets have a fresh price, 1 ranked, wanted from rank 2 on; loosen"),
        (
            {"first": {"by": "market_cap", "threshold": 50}, "by": "volume", "top": 1}, [40.0, 30.0],
            "2 assets have a fresh price, 0 left after first; loosen",
        ),
        (
            {
                "first": [{"by": "market_cap", "threshold": 35}, {"by": "market_cap", "threshold": 50}],
                "by": "volume", "ranks": {"first": 2, "last": 2},
            },
            [40.0, 30.0],
            r"1 left after first\[0\], 0 left after first\[1\], 0 ranked, wanted from rank 2 on; loosen",
        ),
    ],
)  # fmt: skip
def test_nobody_at_the_base_is_told_with_the_step_that_leaves_nobody(
    select: dict[str, Any], size: list[float], message: str
) -> None:
    with pytest.raises(BasketryError, match=message):
        calculate_index(rules(select), panel_of(size))


def test_an_unknown_figure_is_told_with_its_place() -> None:
    with pytest.raises(DataError, match=r"select\.by: the data hold no figure 'volum' \(did you mean 'volume'\?\)"):
        calculate_index(rules({**STAGE, "by": "volum"}), panel_of([40.0]))
    with pytest.raises(DataError, match=r"select\.first: the data hold no figure 'caps'"):
        calculate_index(rules({**STAGE, "first": {"by": "caps", "top": 1}}), panel_of([40.0]))


def test_a_negative_figure_stops_a_buffer_by_size() -> None:
    panel = panel_of([40.0, 30.0])
    net = np.tile([3.0, -2.0], (DAYS, 1))
    panel = Panel(panel.times, panel.assets, {**panel.fields, "net_flow": net})
    with pytest.raises(MethodologyError, match=r"select\.buffer\.exceed: net flow of 'b' is -2"):
        calculate_index(rules({**EXCEED, "by": "net_flow"}), panel)


def steps(last: float, select: dict[str, Any], **sections: Any) -> list[tuple[str, str]]:
    """Let c grow from 15 to a figure in the last two days, and return who came and left after the base."""
    panel = panel_of([40.0, 20.0, 15.0], last={"market_cap": {"c": last}, "volume": {"c": last}})
    book = rules(
        select, rebalance={"every": "year", "determine": "0d", "triggers": ["asset_qualifies"]},
        guard={"supply_change": None}, **sections,
    )  # fmt: skip
    table = calculate_index(book, panel).rebalances.sort("asset")
    moved = table.filter((pl.col("trigger") == "asset_qualifies") & pl.col("change").is_in(["add", "delete"]))
    return list(moved.select("asset", "change").iter_rows())


def test_a_trigger_fires_when_a_newcomer_is_above_the_buffer() -> None:
    # b has 20 and c wants its place: 10% above are 22.
    swap = [("b", "delete"), ("c", "add")]
    assert steps(21.0, EXCEED) == []
    assert steps(22.0, EXCEED) == []
    assert steps(22.1, EXCEED) == swap
    assert steps(21.0, {**EXCEED, "buffer": None}) == swap
    # c takes rank 2 from b.
    assert steps(30.0, {"by": "market_cap", "ranks": {"first": 2, "last": 2}}) == swap
    # The mean of 30 days, (28 x 15 + 2 x 85) / 30 = 19.67 and 20.33 with 95.
    mean = {"by": {"metric": "market_cap", "window": "30d", "statistic": "mean"}, "top": 2}
    assert steps(85.0, mean) == []
    assert steps(95.0, mean) == swap
    # a alone has the half of 60 + x up to x = 20; above it the second largest enters too.
    coverage = {"by": "market_cap", "coverage": {"enter": 0.5, "leave": 0.6}}
    assert steps(19.0, coverage) == []
    assert steps(25.0, coverage) == [("c", "add")]


def test_a_version_changes_the_way_to_select() -> None:
    panel = panel_of([40.0, 30.0, 20.0, 10.0], [1.0, 2.0, 3.0, 9.0])
    later = [{"from": "2020-02-01", "note": "by stages", "changes": {"select": STAGE}}]
    result = calculate_index(rules(RANGE, versions=later), panel)
    held = {
        str(row["effective_at"])[:10]: sorted(row["asset"])
        for row in result.compositions.group_by("effective_at").agg("asset").iter_rows(named=True)
    }
    assert held["2020-01-05"] == ["b", "c"]
    assert held["2020-02-01"] == ["c"]
    told = {entry.asset: entry.steps[-1] for entry in explain_index(result, "2020-02-10").assets}
    assert told == {
        "a": "out: first: rank 1 by market cap, 3 wanted; rank 3 of 3, 1 wanted",
        "b": "out: first: rank 2 by market cap, 3 wanted; rank 2 of 3, 1 wanted",
        "c": "in: first: rank 3 by market cap, 3 wanted; rank 1 of 3, 1 wanted",
        "d": "out: first: rank 4 by market cap, 3 wanted",
    }
    before = explain_index(result, "2020-01-10").of("a")
    assert before is not None
    assert before.steps[-1] == "out: rank 1 of 4, ranks 2 to 3 wanted"


@pytest.mark.parametrize(
    ("select", "heir"),
    [
        ({"by": "market_cap", "ranks": {"first": 2, "last": 3}}, "c"),  # e and b; not a, which ranks before the range
        ({"first": {"by": "market_cap", "top": 4}, "by": "volume", "top": 2}, "e"),  # c and b
        ({"first": {"by": "volume", "top": 3}, "by": "market_cap", "top": 2}, "c"),  # e and b; a did not pass
        ({"by": {"mean_rank": ["market_cap", "volume"]}, "top": 2}, "c"),  # e and b with 2.5, and so has c; a 3, d 4.5
    ],
)
def test_who_replaces_a_member_that_is_delisted(select: dict[str, Any], heir: str) -> None:
    # By size a, e, b, c, d; by volume c, b, e, d, a.
    size, traded = [50.0, 40.0, 30.0, 20.0, 45.0], [1.0, 4.0, 5.0, 2.0, 3.0]
    stamp = START.replace(tzinfo=UTC) + timedelta(days=20)
    row = {"time": stamp, "kind": "delisting", "asset": "b", "removal": "replace_by_next", "known_at": stamp}
    result = calculate_index(rules(select), panel_of(size, traded, events=[row]))
    told = result.events.filter(pl.col("kind") == "delisting")["treatment"].to_list()
    assert told == [f"replaced by {heir}"]


def test_the_guard_tells_of_whom_it_refused_in_a_stage() -> None:
    panel = panel_of([40.0, 30.0, 20.0, 10.0], [1.0, 2.0, 3.0, 9.0], last={"price": {"b": 30.0}})
    found = decided(panel, STAGE)
    assert [panel.assets[column] for column in found.refused] == ["b"]
    assert found.choice.reasons(1) is None
    assert found.choice.reasons(3) == "in: first: rank 3 by market cap, 3 wanted; rank 1 of 3, 1 wanted"
