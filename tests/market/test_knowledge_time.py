"""What was known when: cuts give each observation in the version known then, and levels in the last one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.index.calculate import calculate_index
from basketry.market.left_out import left_out
from basketry.market.panel import Panel
from basketry.market.revisions import Revisions
from basketry.methodology.methodology import Methodology

DAY = datetime(2020, 1, 1, tzinfo=UTC)
INSTANT = pl.Datetime("us", "UTC")


def day(number: float) -> datetime:
    return DAY + timedelta(days=number)


def moment(number: float) -> np.datetime64:
    return np.datetime64(day(number).replace(tzinfo=None), "us")


def daily(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    """Rows of day, asset, price, capitalisation and the day on which they were known (None for at once)."""
    return pl.DataFrame(
        {
            "time": [day(row[0]) for row in rows],
            "asset": [row[1] for row in rows],
            "price": pl.Series([row[2] for row in rows], dtype=pl.Float64),
            "market_cap": pl.Series([row[3] for row in rows], dtype=pl.Float64),
            "known_at": pl.Series([None if row[4] is None else day(row[4]) for row in rows], dtype=INSTANT),
        },
        schema_overrides={"time": INSTANT},
    )


@pytest.fixture
def panel() -> Panel:
    """Five days of two assets; a's second day is corrected on the fourth, b's third day is first known on the fifth."""
    rows: list[tuple[Any, ...]] = [(n, "a", 10.0 + n, 100.0, None) for n in range(5)]
    rows += [(n, "b", 20.0 + n, 400.0, 4 if n == 2 else None) for n in range(5)]
    rows.append((1, "a", 99.0, 990.0, 3.5))
    return Panel.from_frames(daily(rows))


def test_a_cut_gives_the_version_known_then(panel: Panel) -> None:
    assert panel.field("price")[:, 0].tolist() == [10.0, 99.0, 12.0, 13.0, 14.0]
    assert panel.as_of("2020-01-04").field("price")[:, 0].tolist() == [10.0, 11.0, 12.0, 13.0]
    assert panel.as_of("2020-01-04T12:00").field("price")[:, 0].tolist() == [10.0, 99.0, 12.0, 13.0]
    assert panel.first_rows(4).field("price")[1, 0] == 11.0
    assert panel.first_rows(5).field("price")[1, 0] == 99.0


def test_a_row_that_is_not_known_yet_is_not_there(panel: Panel) -> None:
    last = panel.as_of("2020-01-03")
    assert np.isnan(last.field("price")[2, 1])
    assert last.latest("price").tolist() == [12.0, 21.0]
    assert np.isnan(panel.as_of("2020-01-04").field("market_cap")[2, 1])
    assert panel.as_of("2020-01-05").field("price")[2, 1] == 22.0


def test_derived_figures_follow_their_version(panel: Panel) -> None:
    early = panel.as_of("2020-01-03")
    assert early.field("supply")[1, 0] == 100.0 / 11.0
    assert panel.field("supply")[1, 0] == 990.0 / 99.0
    supply = pl.DataFrame({"time": [DAY], "asset": ["a"], "supply": [7.0]}, schema_overrides={"time": INSTANT})
    tabled = Panel.from_frames(
        daily([(0, "a", 2.0, None, None), (0, "a", 3.0, None, 2), (3, "a", 4.0, None, None)]), supply=supply
    )
    assert tabled.field("market_cap")[0, 0] == 21.0
    assert tabled.as_of("2020-01-02").field("market_cap")[0, 0] == 14.0
    assert tabled.as_of("2020-01-02").field("supply")[0, 0] == 7.0


def test_rows_alone_can_be_cut_with_the_knowledge_kept(panel: Panel) -> None:
    until = panel.until("2020-01-03")
    assert until.field("price")[1, 0] == 99.0
    assert until.known_by == panel.known_by == moment(4)
    assert until.as_of("2020-01-03").field("price")[1, 0] == 11.0
    assert panel.as_of("2020-01-04").until("2020-01-02").field("price")[:, 0].tolist() == [10.0, 11.0]


def test_a_cut_of_a_cut_knows_no_more(panel: Panel) -> None:
    cut = panel.as_of("2020-01-04")
    assert cut.as_of("2021-01-01").field("price")[1, 0] == 11.0
    assert cut.known_by == cut.as_of("2021-01-01").known_by == moment(3)
    assert cut.as_of("2020-01-03").field("price").shape == (3, 2)


def test_only_fields_that_differ_are_copied(panel: Panel) -> None:
    shared, copied = panel.as_of("2020-01-05"), panel.as_of("2020-01-04")
    assert np.shares_memory(shared.field("price"), panel.field("price"))
    assert not np.shares_memory(copied.field("price"), panel.field("price"))
    rows = [(n, "a", 10.0, 100.0, None) for n in range(3)]
    caps = Panel.from_frames(daily([*rows, (0, "a", 10.0, 150.0, 2)]))
    cut = caps.as_of("2020-01-02")
    assert np.shares_memory(cut.field("price"), caps.field("price"))
    assert (cut.field("market_cap")[0, 0], caps.field("market_cap")[0, 0]) == (100.0, 150.0)


def test_a_window_is_copied_only_where_one_of_its_rows_differs(panel: Panel) -> None:
    cut = panel.as_of("2020-01-04")
    assert np.shares_memory(cut.window("price", timedelta(days=1)), panel.field("price"))
    assert cut.window("price", timedelta(days=3))[:, 0].tolist() == [11.0, 12.0, 13.0]
    assert list(cut.fields) == list(panel.fields)
    assert "price" in cut.fields
    assert "prise" not in cut.fields
    assert len(cut.fields) == len(panel.fields)


def test_of_many_versions_each_is_seen_in_its_time() -> None:
    rows: list[tuple[Any, ...]] = [(0, "a", 1.0, None, None), (9, "a", 5.0, None, None)]
    rows += [(0, "a", 1.0 + n, None, n) for n in (2, 5, 7)]
    panel = Panel.from_frames(daily(rows))
    seen = [panel.as_of(moment(n)).field("price")[0, 0] for n in range(9)]
    assert seen == [1.0, 1.0, 3.0, 3.0, 3.0, 6.0, 6.0, 8.0, 8.0]


def test_an_asset_is_as_old_as_its_first_known_price() -> None:
    rows: list[tuple[Any, ...]] = [(n, "a", 1.0, None, None) for n in range(6)]
    rows += [(0, "b", 1.0, None, 5), (2, "b", 1.0, None, None)]
    panel = Panel.from_frames(daily(rows))
    assert panel.as_of("2020-01-04").age_days().tolist() == [3.0, 1.0]
    assert panel.as_of("2020-01-06").age_days().tolist() == [5.0, 5.0]
    assert panel.as_of("2020-01-04").age_days().tolist() == [3.0, 1.0]


def test_impossible_versions_are_unknown_and_listed() -> None:
    panel = Panel.from_frames(daily([(0, "a", -5.0, None, None), (0, "a", 5.0, None, 2), (3, "a", 6.0, None, None)]))
    assert np.isnan(panel.as_of("2020-01-02").field("price")[0, 0])
    assert panel.rejected.select("asset", "field", "value").rows() == [("a", "price", -5.0)]


def test_a_price_that_is_hidden_is_hidden_in_every_version(panel: Panel) -> None:
    price = panel.field("price").copy()
    price[1, 0] = np.nan
    hidden = panel.with_price(price)
    assert np.isnan(hidden.as_of("2020-01-04").field("price")[1, 0])
    assert np.isnan(hidden.as_of("2020-01-03").field("price")[2, 1])
    assert hidden.as_of("2020-01-05").field("price")[2, 1] == 22.0
    assert hidden.until("2020-01-04").with_price(price[:4]).as_of("2020-01-04").field("price")[0, 0] == 10.0


def test_the_digest_holds_what_was_known_and_when() -> None:
    plain = Panel.from_frames(daily([(0, "a", 1.0, None, None), (3, "a", 2.0, None, None)]))
    late = Panel.from_frames(daily([(0, "a", 1.0, None, 2), (3, "a", 2.0, None, None)]))
    assert plain.digest() != late.digest()
    assert plain.first_rows(1).digest() != late.first_rows(1).digest()
    rows = [(0, "a", 1.0, None, None), (3, "a", 2.0, None, None)]
    corrected = Panel.from_frames(daily([*rows, (0, "a", 7.0, None, 3)]))
    assert corrected.as_of("2020-01-03").digest() == plain.as_of("2020-01-03").digest()


def test_every_table_says_until_when_the_panel_knows() -> None:
    rows = daily([(0, "a", 1.0, None, None), (3, "a", 2.0, None, None)])
    assert Panel.from_frames(rows).known_by == moment(3)
    assert Panel.from_frames(daily([(0, "a", 1.0, None, 8)])).known_by == moment(8)
    late = pl.DataFrame(
        {"time": [DAY], "asset": ["a"], "supply": [7.0], "known_at": [day(12)]},
        schema_overrides={"time": INSTANT, "known_at": INSTANT},
    )
    assert Panel.from_frames(rows, supply=late).known_by == moment(12)
    assert Panel.from_frames(rows, supply=late, known_by="2020-01-05").known_by == moment(4)


RULES = {
    "basketry": 1,
    "name": "Two",
    "symbol": "TWO",
    "base": {"date": "2020-01-01", "level": 1000},
    "select": {"by": "market_cap", "top": 2},
    "weight": {"by": "market_cap"},
    "rebalance": {"every": "10d", "determine": "0d"},
    "guard": {"price_jump": None, "supply_change": None},
}


def test_a_capitalisation_known_eleven_days_later_moves_no_weight_before() -> None:
    rows: list[tuple[Any, ...]] = [(n, "a", 1.0, 3.77, None) for n in range(30)]
    rows += [(n, "b", 1.0, 96.23, None) for n in range(30)]
    corrected = [*rows, (10, "a", 1.0, 6.8, 21)]
    rules = Methodology.load(RULES)

    def weight_of_a(table: list[tuple[Any, ...]], known_by: str | None = None) -> float:
        panel = Panel.from_frames(daily(table), known_by=known_by)
        held = calculate_index(rules, panel).compositions.filter(asset="a", effective_at=day(10))
        return float(held["weight"][0])

    assert weight_of_a(corrected) == pytest.approx(0.0377, abs=1e-12)
    assert weight_of_a(corrected, "2020-01-15") == weight_of_a(rows)
    before = [(10, "a", 1.0, 6.8, None) if row[:2] == (10, "a") else row for row in rows]
    assert weight_of_a(before) == pytest.approx(0.0660, abs=5e-5)


def test_the_last_row_of_a_determination_is_left_out_where_it_came_later() -> None:
    rows: list[tuple[Any, ...]] = [(n, "a", 1.0, 50.0, n + 0.25) for n in range(-2, 15)]
    rows += [(n, "b", 1.0, 50.0 if n < 10 else 150.0, n + 0.25) for n in range(-2, 15)]
    panel = Panel.from_frames(daily(rows))
    result = calculate_index(Methodology.load(RULES), panel)
    held = result.compositions.filter(effective_at=day(10))
    # On day 10 only the capitalisations of day 9 were known.
    assert held["weight"].to_list() == [0.5, 0.5]
    assert result.levels["status"].cast(pl.String).unique().to_list() == ["live"]


@settings(max_examples=60)
@given(st.integers(0, 100_000))
def test_cuts_equal_a_plain_reading_of_the_versions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, assets = 12, 4
    versions: dict[tuple[int, int], list[tuple[float, float]]] = {}
    rows = []
    for row in range(days):
        for asset in range(assets):
            times = {0.0} if rng.random() < 0.8 else {float(rng.integers(1, 9)) / 2}
            times |= set((rng.integers(1, 30, rng.integers(0, 3)) / 2).tolist()) if rng.random() < 0.3 else set()
            for delay in sorted(times):
                price = float(rng.uniform(1, 9))
                versions.setdefault((row, asset), []).append((row + delay, price))
                rows.append((row, f"x{asset}", price, None, row + delay))
    panel = Panel.from_frames(daily([*rows, (days, "x0", 1.0, None, None)]))
    for half in range(2 * days):
        cut = panel.as_of(moment(half / 2))
        asked = [cut.latest("price"), cut.age_days(), cut.statistic("price", "sum", timedelta(days=3))]
        plain = Panel(cut.times, cut.assets, {"price": cut.field("price").copy()})
        expected_figures = [plain.latest("price"), plain.age_days(), plain.statistic("price", "sum", timedelta(days=3))]
        np.testing.assert_equal(asked, expected_figures)
        shorter = (half // 2) // 2
        np.testing.assert_equal(
            cut.until(moment(shorter)).latest("price"), plain.first_rows(shorter + 1).latest("price")
        )
        again, direct = (market.as_of(moment(shorter)) for market in (cut, panel))
        np.testing.assert_equal(again.field("price"), direct.field("price"))
        assert again.digest() == direct.digest()
        for row in range(half // 2 + 1):
            for asset in range(assets):
                known = [price for at, price in versions[row, asset] if at <= half / 2]
                expected = known[-1] if known else np.nan
                np.testing.assert_equal(cut.field("price")[row, asset], expected)


def test_a_single_correction_of_long_ago_does_not_make_each_cut_look_at_all() -> None:
    count = 50_000
    times = np.datetime64("2010-01-01", "us") + np.arange(count) * np.timedelta64(1, "D")
    rows = np.append(np.arange(count), 0)
    known = np.append(times + np.timedelta64(1, "h"), times[-1] + np.timedelta64(1, "h"))
    late = Revisions.of(times, rows, np.zeros(count + 1, np.int64), known, {"price": np.full(count + 1, np.nan)})
    found = late.unknown(25_000, times[24_999])
    assert late.rows[found].tolist() == [0, 24_999]


def test_what_is_left_out_is_told_as_it_was_known() -> None:
    panel = Panel.from_frames(daily([
        (0, "a", -5.0, None, None), (0, "a", -6.0, None, 2), (0, "a", 7.0, None, 4),
        (0, "b", 2.0, None, None), (0, "b", -2.0, None, 3), (5, "a", 1.0, None, None),
    ]))  # fmt: skip
    told = [left_out(panel.as_of(moment(n))).sort("asset").select("asset", "value").rows() for n in range(5)]
    assert told == [[("a", -5.0)], [("a", -5.0)], [("a", -6.0)], [("a", -6.0), ("b", -2.0)], [("b", -2.0)]]
    assert left_out(panel).select("asset", "value").rows() == [("b", -2.0)]
