"""Screens over windows in an index: who is in, what is told, and what reviews, events and corrections do to them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import MethodologyError
from basketry.core.time import local_instant
from basketry.index.calculate import calculate_index
from basketry.index.explain import explain_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

NAN = float("nan")
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def rules(*screens: dict[str, Any], **sections: Any) -> Methodology:
    """Everybody who passes, weighted equally, changed on the first of the month by the data of the day before."""
    document: dict[str, Any] = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-02-01", "level": 100},
        "universe": list(screens),
        "select": {"by": "price", "all": {}},
        "weight": "equal",
        "rebalance": {"every": "month", "determine": "1d"},
    }
    return Methodology.load({**document, **sections})


def panel(prices: dict[str, list[float]], step: timedelta = timedelta(days=1), **tables: Any) -> Panel:
    times = [FIRST + n * step for n in range(len(next(iter(prices.values()))))]
    return Panel.from_frames(price=pl.DataFrame({"time": times, **prices}), **tables)


def held(result: IndexResult, day: str) -> list[str]:
    found = explain_index(result, day).assets
    return sorted(entry.asset for entry in found if entry.held)


def steps(result: IndexResult, day: str, asset: str) -> tuple[str, ...]:
    found = explain_index(result, day).of(asset)
    assert found is not None
    return found.steps


def dip(*days: int, length: int = 95, base: float = 5.0, low: float = 1.0) -> list[float]:
    """Prices that are low on some days, counted from 1 January as 0."""
    return [low if n in days else base for n in range(length)]


EVERY = {"price": {"min": 2, "window": "30d", "days": 1}}


def test_explain_shows_the_figure_and_the_share_of_days() -> None:
    # 30 days to 31 January are those from 2 January (1) to 31 January (30): b was low on two of them, a the day before.
    market = panel({"a": dip(0), "b": dip(10, 11), "c": dip()})
    result = calculate_index(rules(EVERY, {"price": {"min": 0.5, "window": "30d", "statistic": "minimum"}}), market)
    assert held(result, "2020-02-03") == ["a", "c"]
    assert steps(result, "2020-02-03", "b")[:2] == (
        "fails price (on 28 of 30 days at least 2; 30 needed)",
        "passes price (minimum 1 over 30 days)",
    )
    assert steps(result, "2020-02-03", "a")[0] == "passes price (on 30 of 30 days at least 2; 30 needed)"
    # 12 and 13 January are no longer among the 30 days to 29 February, and b comes in.
    assert held(result, "2020-03-02") == ["a", "b", "c"]


def test_a_member_has_it_easier_and_is_told_so() -> None:
    kinder = {"price": {"min": 5, "keep_min": 1, "window": "10d", "days": 1}}
    result = calculate_index(rules(kinder), panel({"a": dip(55), "b": dip(), "c": dip(28, 55)}))
    assert held(result, "2020-02-03") == ["a", "b"]
    # On 29 February (59) both were low four days before: a stays, and c does not come in.
    assert held(result, "2020-03-03") == ["a", "b"]
    assert steps(result, "2020-03-03", "a")[0] == "passes price (on 10 of 10 days at least 1 as a member; 10 needed)"
    assert steps(result, "2020-03-03", "c")[0] == "fails price (on 9 of 10 days at least 5; 10 needed)"


def test_since_the_previous_review() -> None:
    """Reviews are on 31 January (30), 29 February (59) and 31 March (90), and as if one had been on 31 December."""
    since = {"price": {"min": 2, "window": "review", "days": 1}}
    market = panel({"a": dip(0), "b": dip(30), "c": dip(31), "d": dip(59), "e": dip()})
    result = calculate_index(rules(since), market)
    assert held(result, "2020-02-02") == ["c", "d", "e"]
    assert held(result, "2020-03-02") == ["a", "b", "e"]
    assert held(result, "2020-04-02") == ["a", "b", "c", "d", "e"]
    assert steps(result, "2020-02-02", "b")[0] == "fails price (on 30 of 31 days at least 2; 31 needed)"
    assert steps(result, "2020-03-02", "c")[0] == "fails price (on 28 of 29 days at least 2; 29 needed)"


def test_reviews_of_rulebooks_that_share_a_panel_are_their_own() -> None:
    since = {"price": {"min": 2, "window": "review", "days": 1}}
    quarterly = rules(since, rebalance={"every": "quarter", "determine": "1d"})
    market = panel({"a": dip(40), "b": dip()})
    for one, members in ((rules(since), ["a", "b"]), (quarterly, ["b"]), (rules(since), ["a", "b"])):
        assert held(calculate_index(one, market), "2020-04-02") == members


@pytest.mark.parametrize("zone", ["Europe/London", "UTC", "America/New_York", "Australia/Lord_Howe"])
def test_days_of_23_and_25_hours_are_days(zone: str) -> None:
    """A price a day at 16:00 local time through a year: on every day since the review, whatever the clocks did.

    b is low on 20 October, and c on 1 October, the day of a review: it is out then, and in on 1 November, as that
    day is not since the review. On Lord Howe clocks go forward in between, and it counts in place of the short one.
    """
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(400)]
    times = [local_instant(day, time(16), zone).item() for day in days]
    low = {"a": None, "b": date(2020, 10, 20), "c": date(2020, 10, 1)}
    prices = {asset: [1.0 if day == when else 5.0 for day in days] for asset, when in low.items()}
    market = Panel.from_frames(price=pl.DataFrame({"time": times, **prices}))
    schedule = {"every": "month", "determine": "0d", "at": "16:00", "zone": zone}
    for window in ("review", "30d"):
        screen = {"price": {"min": 2, "window": window, "days": 1}}
        table = calculate_index(rules(screen, rebalance=schedule), market).compositions
        found = {str(time)[:7]: "".join(sorted(rows["asset"])) for (time,), rows in table.group_by("effective_at")}
        november = "a" if window == "review" and zone == "Australia/Lord_Howe" else "ac"
        assert found == dict.fromkeys(found, "abc") | {"2020-10": "ab", "2020-11": november}
        assert len(found) == 13


def test_where_members_have_a_calendar_of_their_own_its_dates_are_the_reviews() -> None:
    """The review of April is ten days before, on 22 March (81), and that of January was on 22 December: 91 days.

    The data begin on 1 January. Monthly changes in between are no reviews.
    """
    since = {"price": {"min": 2, "window": "review", "days": 0.8}}
    calendar: dict[str, Any] = {
        "base": {"date": "2020-04-01", "level": 100},
        "review": {"every": "quarter", "determine": "10d"},
    }
    result = calculate_index(rules(since, **calendar), panel({"a": dip(*range(12)), "b": dip(*range(82, 95))}))
    assert held(result, "2020-04-02") == ["b"]
    assert steps(result, "2020-04-02", "b")[0] == "passes price (on 82 of 91 days at least 2; 73 needed)"
    assert steps(result, "2020-04-02", "a")[0] == (
        "fails price (on 70 of 91 days at least 2; 73 needed) (members determined 2020-03-22)"
    )


def test_a_review_goes_by_the_schedule_of_the_version_in_force() -> None:
    """From March on by quarters: at the end of March all days since the end of December count."""
    since = {"price": {"min": 2, "window": "review", "days": 1}}
    change = {"from": "2020-03-02", "note": "by quarters", "changes": {"rebalance": {"every": "quarter"}}}
    result = calculate_index(rules(since, versions=[change]), panel({"a": dip(3), "b": dip()}))
    assert held(result, "2020-03-02") == ["a", "b"]
    assert held(result, "2020-04-02") == ["b"]


def test_a_trigger_asks_for_the_window_to_its_instant() -> None:
    """c is low on 20 February (50): it is not eligible from then on, and the trigger takes it out."""
    schedule = {"every": "quarter", "determine": "1d", "triggers": ["eligibility_lost"]}
    market = panel({"a": dip(), "b": dip(), "c": dip(50)})
    result = calculate_index(rules(EVERY, rebalance=schedule), market)
    assert held(result, "2020-02-19") == ["a", "b", "c"]
    assert held(result, "2020-02-22") == ["a", "b"]
    assert held(result, "2020-03-30") == ["a", "b"]


GONE = [NAN if n in (20, 21) else 5.0 for n in range(95)]
NEW = [NAN if n < 15 else 5.0 for n in range(95)]
CASES: dict[str, tuple[dict[str, Any], dict[str, list[float]], list[str]]] = {
    "a gap is days on which nothing holds": (EVERY, {"a": dip(), "b": GONE}, ["a"]),
    "a gap is no figure of a statistic": (
        {"price": {"min": 2, "window": "30d", "statistic": "minimum"}}, {"a": dip(), "b": GONE}, ["a", "b"],
    ),
    "28 of 30 days are 0.93 of them": (
        {"price": {"min": 2, "window": "30d", "days": 0.93}}, {"a": dip(), "b": GONE}, ["a", "b"],
    ),
    "and not 0.94": ({"price": {"min": 2, "window": "30d", "days": 0.94}}, {"a": dip(), "b": GONE}, ["a"]),
    "a new asset has not been there on every day": (EVERY, {"a": dip(), "b": NEW}, ["a"]),
    "the first row of the window counts": (EVERY, {"a": dip(), "b": dip(1)}, ["a"]),
    "the row before it does not": (EVERY, {"a": dip(), "b": dip(0)}, ["a", "b"]),
    "the last row counts": (EVERY, {"a": dip(), "b": dip(30)}, ["a"]),
    "the row after it does not": (EVERY, {"a": dip(), "b": dip(31)}, ["a", "b"]),
    "a window as long as the data": (
        {"price": {"min": 2, "window": "31d", "days": 1}}, {"a": dip(), "b": dip(0)}, ["a"],
    ),
    "equal to the bound on every day": (EVERY, {"a": dip(), "b": dip(base=2.0)}, ["a", "b"]),
    "carried prices are none of the day": (
        EVERY, {"a": dip(), "b": [NAN if n == 30 else 5.0 for n in range(95)]}, ["a"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_who_is_in_at_the_base(case: str) -> None:
    screen, prices, members = CASES[case]
    assert held(calculate_index(rules(screen), panel(prices)), "2020-02-02") == members


def test_a_window_longer_than_the_data_leaves_nobody_and_says_why() -> None:
    with pytest.raises(MethodologyError, match="2 assets have a fresh price, 0 left after price"):
        calculate_index(rules({"price": {"min": 2, "window": "32d", "days": 1}}), panel({"a": dip(), "b": dip()}))


def test_rows_finer_than_days_count_by_the_last_of_each() -> None:
    """Rows of twelve hours: at noon low every day but not at midnight; and the other way round."""
    noon = [1.0 if n % 2 else 5.0 for n in range(190)]
    midnight = [5.0 if n % 2 else 1.0 for n in range(190)]
    market = panel({"a": noon, "b": midnight, "c": [5.0] * 190}, timedelta(hours=12))
    assert held(calculate_index(rules(EVERY), market), "2020-02-02") == ["a", "c"]


def test_a_correction_counts_from_when_it_was_known() -> None:
    """b was 1 on 20 January; on 15 February it was known to have been 5."""
    days = [FIRST + timedelta(days=n) for n in range(95)]
    both = pl.DataFrame({"time": days * 2, "asset": ["a"] * 95 + ["b"] * 95, "price": dip() + dip(19)})
    late = pl.DataFrame({"time": days[19:20], "asset": ["b"], "price": [5.0], "known_at": [days[45]]})
    market = Panel.from_frames(pl.concat([both, late], how="diagonal"))
    long = {"price": {"min": 2, "window": "60d", "days": 1}}
    march = {"date": date(2020, 3, 1), "level": 100}
    assert held(calculate_index(rules(EVERY), market), "2020-02-02") == ["a"]
    assert held(calculate_index(rules(long, base=march), market), "2020-03-02") == ["a", "b"]
    assert held(calculate_index(rules(long, base=march), Panel.from_frames(both)), "2020-03-02") == ["a"]


def test_a_successor_goes_on_and_a_split_changes_nothing() -> None:
    """old becomes new, two for one, on 20 January; s is split 100 for one on the 25th."""
    days = [FIRST + timedelta(days=n) for n in range(95)]
    prices = {
        "old": [4.0] * 19 + [NAN] * 76,
        "new": [NAN] * 19 + [2.0] * 76,
        "s": [200.0] * 24 + [2.0] * 71,
        "t": [2.0] * 95,
        "u": [NAN] * 19 + [2.0] * 76,
    }
    events = pl.DataFrame(
        {
            "time": [days[19], days[24]],
            "kind": ["migration", "redenomination"],
            "asset": ["old", "s"],
            "new_asset": ["new", None],
            "ratio": [2.0, 100.0],
        }
    )
    exact = {"price": {"min": 2, "max": 2, "window": "30d", "days": 1}}
    result = calculate_index(rules(exact), panel(prices, events=events))
    assert held(result, "2020-02-02") == ["new", "s", "t"]
    without = calculate_index(rules(exact), panel(prices))
    assert held(without, "2020-02-02") == ["t"]
    assert np.all(result.level() == 100.0)
