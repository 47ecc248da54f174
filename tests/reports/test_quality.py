"""What the statuses and events say about the data."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl

from basketry.index.result import IndexResult
from basketry.reports.quality import event_kinds, held_periods, status_counts


def test_statuses_are_counted_and_stretches_named(result: IndexResult) -> None:
    counts = status_counts(result)
    assert list(counts) == ["live", "carried", "stale", "suspended"]
    assert sum(counts.values()) == result.levels.height
    periods = held_periods(result)
    assert sum(period["levels"] for period in periods) == result.levels.height - counts["live"]
    silent = periods[0]
    assert silent["first"] == silent["last"] == datetime(2020, 3, 20, tzinfo=UTC)
    assert silent["status"] == "carried"
    assert silent["reason"] == "no member has a price at this instant"


def test_events_are_counted_by_kind(result: IndexResult) -> None:
    (found,) = event_kinds(result)
    assert (found["kind"], found["treatment"], found["count"], found["assets"]) == ("missing_price", "to_cash", 1, 1)
    whole = pl.DataFrame(
        {"time": result.events["time"][:1], "asset": "*", "kind": "turnover_limit", "treatment": "x", "evidence": ""}
    )
    entry = event_kinds(replace(result, events=whole))[0]
    assert (entry["kind"], entry["count"], entry["assets"]) == ("turnover_limit", 1, 0)
