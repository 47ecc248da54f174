"""Contracts of the section `select:`, over a table of sections in which every selection rule and every `by` occurs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.numbers import Bools
from basketry.market.panel import Panel
from basketry.methodology.schema import methodology_schema
from basketry.methodology.select import Selection
from basketry.methodology.selection import SELECTION

NAMES = [f"x{n}" for n in range(8)]
DAYS = 30
START = datetime(2020, 1, 1)
LIQUIDITY = {"metric": "volume", "window": "10d", "statistic": "median"}
SMOOTHED = {"metric": "market_cap", "half_life": "5d", "window": "20d"}
SECTIONS: dict[str, dict[str, Any]] = {
    "all": {"by": "market_cap", "all": None, "max_count": 5},
    "top": {"by": "market_cap", "top": 3, "buffer": {"enter": 2, "leave": 5}},
    "ranks": {"by": "market_cap", "ranks": {"first": 2, "last": 4}, "buffer": {"enter": 3, "leave": 6}},
    "coverage": {"by": "market_cap", "coverage": 0.7},
    "coverage-buffer": {"by": "market_cap", "coverage": {"enter": 0.5, "leave": 0.9}},
    "threshold": {"by": "volume", "threshold": 8.0},
    "information_criterion": {"by": "market_cap", "information_criterion": {"step": 1, "window": "20d", "max": 4}},
    "exceed": {"by": "market_cap", "top": 3, "buffer": {"exceed": 0.5}},
    "exceed-ascending": {"by": SMOOTHED, "top": 3, "order": "ascending", "buffer": {"exceed": 0.5}},
    **{
        statistic: {"by": {"metric": "price", "window": "9d", "statistic": statistic}, "top": 3}
        for statistic in ("median", "mean", "minimum", "maximum")
    },
    "smoothed": {"by": SMOOTHED, "top": 3, "buffer": {"enter": 2, "leave": 4}},
    "smoothed-price": {"by": {"metric": "price", "half_life": "4d", "window": "25d"}, "top": 3},
    "mean-rank": {"by": {"mean_rank": [SMOOTHED, LIQUIDITY, "return_20d"]}, "top": 3},
    "mean-rank-range": {"by": {"mean_rank": ["price", LIQUIDITY]}, "ranks": {"first": 2, "last": 3}},
    "stage": {"first": {"by": SMOOTHED, "top": 5}, "by": {"mean_rank": ["market_cap", LIQUIDITY]}, "top": 2},
    "top-members": {"by": "market_cap", "top": {"enter": 2, "leave": 5}},
    "stage-members": {
        "first": [{"by": LIQUIDITY, "top": {"enter": 4, "leave": 6}}],
        "by": "market_cap",
        "coverage": {"enter": 0.5, "leave": 0.9},
    },
    "stage-members-coverage": {
        "first": {"by": "volume", "coverage": {"enter": 0.5, "leave": 0.9}},
        "by": "market_cap",
        "top": 3,
    },
    "stages": {
        "first": [
            {"by": "market_cap", "coverage": 0.95},
            {"by": {"mean_rank": ["price", "volume"]}, "top": 4},
            {"by": "volume", "threshold": 2.0},
        ],
        "by": LIQUIDITY,
        "top": 2,
        "buffer": {"exceed": 0.2},
    },
}


def figures(seed: int) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    rng = np.random.default_rng(seed)
    price = np.exp(np.cumsum(rng.normal(0, 0.1, (DAYS, 8)), axis=0)) * rng.lognormal(1, 1, 8)
    cap = price * rng.lognormal(3, 1, 8)
    fields = {"price": price, "market_cap": cap, "volume": cap * rng.uniform(0.001, 0.4, (DAYS, 8))}
    for values in fields.values():
        values[rng.random((DAYS, 8)) < 0.05] = np.nan
    fields["price"][:12, 5] = np.nan
    return fields


def panel_of(fields: dict[str, Any], days: int = DAYS, events: pl.DataFrame | None = None) -> Panel:
    times = [START + timedelta(days=n) for n in range(days)]
    wide: dict[str, Any] = {
        name: pl.DataFrame({"time": times} | dict(zip(NAMES, values[:days].T, strict=True))).fill_nan(None)
        for name, values in fields.items()
    }
    return Panel.from_frames(events=events, **wide)


def masks(seed: int) -> tuple[Bools, Bools]:
    """Who is eligible and who is a member; one member is not eligible now and then."""
    rng = np.random.default_rng(seed + 10_000)
    return rng.random(8) < 0.9, rng.random(8) < 0.4


def chosen(name: str, panel: Panel, eligible: Bools, members: Bools) -> list[bool]:
    return Selection.parse(SECTIONS[name]).choose(panel, eligible, members).chosen.tolist()


def test_every_rule_and_every_way_to_rank_is_in_the_table() -> None:
    used = {key for section in SECTIONS.values() for key in section}
    assert set(SELECTION.rules) <= used
    assert set(methodology_schema()["properties"]["select"]["properties"]) - used == {"min_count"}


CASES = pytest.mark.parametrize("name", sorted(SECTIONS))


@CASES
@settings(max_examples=10)
@given(seed=st.integers(0, 500), order=st.permutations(range(8)), cut=st.integers(24, DAYS))
def test_it_depends_on_nothing_later_and_on_no_order(name: str, seed: int, order: list[int], cut: int) -> None:
    fields, (eligible, members) = figures(seed), masks(seed)
    found = chosen(name, panel_of(fields).first_rows(cut), eligible, members)
    assert found == chosen(name, panel_of(fields, cut), eligible, members)
    mixed = panel_of({key: values[:, order] for key, values in fields.items()}, cut)
    assert [found[column] for column in order] == chosen(name, mixed, eligible[order], members[order])
    assert not np.any(np.array(found) & ~eligible)


@CASES
@settings(max_examples=10)
@given(seed=st.integers(0, 500), power=st.integers(-20, 20))
def test_another_currency_chooses_the_same(name: str, seed: int, power: int) -> None:
    if name in ("threshold", "stages"):
        power = 0  # their bounds are in currency
    fields, (eligible, members) = figures(seed), masks(seed)
    scaled = {key: values * 2.0**power for key, values in fields.items()}
    assert chosen(name, panel_of(fields), eligible, members) == chosen(name, panel_of(scaled), eligible, members)


@CASES
@settings(max_examples=10)
@given(seed=st.integers(0, 500), column=st.integers(0, 7), day=st.integers(1, DAYS - 1), power=st.integers(-8, 8))
def test_a_recorded_split_inside_every_window_changes_nothing(
    name: str, seed: int, column: int, day: int, power: int
) -> None:
    fields, (eligible, members) = figures(seed), masks(seed)
    found = chosen(name, panel_of(fields), eligible, members)
    ratio = 2.0**power
    before = {**fields, "price": fields["price"].copy()}
    before["price"][:day, column] *= ratio
    stamp = START.replace(tzinfo=UTC) + timedelta(days=day)
    row = {"time": stamp, "kind": "redenomination", "asset": NAMES[column], "ratio": ratio, "known_at": stamp}
    assert chosen(name, panel_of(before, events=pl.DataFrame([row])), eligible, members) == found


@CASES
@settings(max_examples=10)
@given(seed=st.integers(0, 500), column=st.integers(0, 7), share=st.floats(0, 0.6))
def test_what_is_not_known_earns_no_place(name: str, seed: int, column: int, share: float) -> None:
    fields, (eligible, members) = figures(seed), masks(seed)
    holes = np.random.default_rng(seed).random((DAYS, 8)) < share
    holes[:, column] = True
    with_holes = panel_of({key: np.where(holes, np.nan, values) for key, values in fields.items()})
    found = Selection.parse(SECTIONS[name]).choose(with_holes, eligible, members)
    assert not found.chosen[column]
    assert found.chosen.sum() <= eligible.sum()
    # Who has never been seen changes nothing for the others: they are the same without it.
    eligible[column] = False
    assert chosen(name, with_holes, eligible, members) == found.chosen.tolist()


@CASES
def test_a_section_lets_some_in_and_not_others(name: str) -> None:
    answers = {answer for seed in range(6) for answer in chosen(name, panel_of(figures(seed)), *masks(seed))}
    assert answers == {True, False}


@CASES
@settings(max_examples=5)
@given(seed=st.integers(0, 500))
def test_every_eligible_asset_is_told_why(name: str, seed: int) -> None:
    eligible, members = masks(seed)
    choice = Selection.parse(SECTIONS[name]).choose(panel_of(figures(seed)), eligible, members)
    for column in range(8):
        reason = choice.reasons(column)
        assert (reason is not None) == bool(eligible[column])
        if reason:
            assert reason.startswith("in: " if choice.chosen[column] else "out: ")


@pytest.mark.parametrize("name", [name for name, section in SECTIONS.items() if "buffer" in section])
def test_it_matters_who_is_a_member(name: str) -> None:
    differ = 0
    for seed in range(20):
        panel, (eligible, members) = panel_of(figures(seed)), masks(seed)
        differ += chosen(name, panel, eligible, members) != chosen(name, panel, eligible, ~members)
    assert differ > 2
