"""The table of events is held against the observations: what does not fit is found, with figures and remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from basketry.core.frames import DAILY, EVENTS
from basketry.market.event_quality import check_events

AT = datetime(2024, 1, 26, tzinfo=UTC)
DAY = timedelta(days=1)


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    return EVENTS.conform(pl.DataFrame([{"time": AT, "asset": "dot"} | row for row in rows], infer_schema_length=None))


def prices(**assets: list[tuple[int, float]]) -> pl.DataFrame:
    rows = [(AT + day * DAY, asset, price) for asset, observed in assets.items() for day, price in observed]
    return DAILY.conform(pl.DataFrame(rows, schema=["time", "asset", "price"], orient="row"))


def found(table: pl.DataFrame, observed: pl.DataFrame, known: tuple[str, ...] = ()) -> dict[str, list[str]]:
    findings = check_events(table, observed, known)
    return {finding.check: finding.rows["reason"].to_list() for finding in findings if finding.rows.height}


SPLIT = [(-2, 490.0), (-1, 500.0), (0, 5.0), (1, 700.0)]


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (
            0.01,
            r"^redenomination: ratio 0.01 with the price 500 before and 5 after: .*; the ratio looks inverted: use 100",
        ),
        (0.01, r"use 100 \(a ratio near 100 fits the prices\)$"),
        (
            10.0,
            r"10 with the price 500 before and 5 after: 50 was expected, 0.1 times that was seen \(a ratio near 100",
        ),
    ],
)
def test_a_redenomination_is_held_against_the_prices_on_both_sides(ratio: float, words: str) -> None:
    told = found(events({"kind": "redenomination", "ratio": ratio}), prices(dot=SPLIT))
    assert list(told) == ["ratios of events"]
    assert pl.Series(told["ratios of events"]).str.contains(words).to_list() == [True]


def test_a_ratio_that_fits_is_not_found() -> None:
    assert found(events({"kind": "redenomination", "ratio": 100.0}), prices(dot=SPLIT)) == {}


@pytest.mark.parametrize("kind", ["migration", "merger"])
def test_a_new_asset_is_held_against_the_old_one(kind: str) -> None:
    observed = prices(dot=[(-1, 1.0), (1, 900.0)], aave=[(-1, 7.0), (0, 100.0)])
    row = {"kind": kind, "new_asset": "aave"}
    assert found(events(row | {"ratio": 0.01}), observed) == {}
    told = found(events(row | {"ratio": 100.0}), observed)["ratios of events"][0]
    assert told.startswith(f"{kind} to 'aave': ratio 100 with the price 1 before and 100 after")
    assert told.endswith("the ratio looks inverted: use 0.01 (a ratio near 0.01 fits the prices)")


def test_a_name_change_to_something_of_another_price_is_found() -> None:
    told = found(events({"kind": "name_change", "new_asset": "pol"}), prices(dot=[(-1, 1.0)], pol=[(0, 50.0)]))
    assert "ratio 1 with the price 1 before and 50 after" in told["ratios of events"][0]


@pytest.mark.parametrize(
    "observed", [{"dot": [(-31, 500.0), (0, 5.0)]}, {"dot": [(-1, 500.0), (31, 5.0)]}, {"btc": SPLIT}]
)
def test_prices_far_from_the_event_say_nothing(observed: dict[str, list[tuple[int, float]]]) -> None:
    assert found(events({"kind": "redenomination", "ratio": 1e6}), prices(**observed), ("dot",)) == {}


def test_of_an_event_and_its_correction_the_one_known_last_is_judged() -> None:
    wrong, right = {"kind": "redenomination", "ratio": 0.01}, {"kind": "redenomination", "ratio": 100.0}
    early = {"known_at": AT - 10 * DAY}
    assert found(events({**wrong, **early}, right), prices(dot=SPLIT)) == {}
    assert list(found(events({**right, **early}, wrong), prices(dot=SPLIT))) == ["ratios of events"]


def test_unknown_assets_are_found_with_the_nearest_id() -> None:
    observed = prices(dot=SPLIT, btc=[(0, 1.0)])
    rows = events(
        {"kind": "delisting", "asset": "dto"},
        {"kind": "delisting", "asset": "listed"},
        {"kind": "migration", "new_asset": "bct", "ratio": 1.0},
        {"kind": "airdrop", "new_asset": "zzz", "ratio": 1.0},
    )
    assert found(rows, observed, ("listed",)) == {
        "unknown assets of events": [
            "delisting of an asset that is not known (did you mean 'dot'?); it changes nothing",
            "migration to 'bct', of which there is no price (did you mean 'btc'?); it counts as a delisting",
            "airdrop of 'zzz', of which there is no price; what is credited has no price",
        ]
    }


def test_rows_that_are_none_are_found_and_not_judged_further() -> None:
    rows = events({"kind": "Halt", "asset": "dto"}, {"kind": "redenomination", "ratio": 0.0})
    assert found(rows, prices(dot=SPLIT)) == {
        "refused events": [
            "the kind is unknown (kind 'Halt'); write 'halt'",
            "the ratio is not a number between 1e-12 and 1e+12 (ratio 0.0); give the new units for one old unit, "
            "as in 100 or 0.01",
        ]
    }
