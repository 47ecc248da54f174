"""Steps that the gate holds back: released with the first publication too, and verified as they were known then."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.conftest import small_market
from tests.jobs.lives import JUMP, RULES, at, correct, market

from basketry.core.errors import RecordError
from basketry.jobs.calculate import calculate
from basketry.jobs.publish import publish_index
from basketry.jobs.verify import Verification, verify
from basketry.lake.lake import Lake
from basketry.ledger.folder import read_folder


def drafted(folder: Path, lake: Lake, now: datetime, **rules: Any) -> Path:
    return calculate({**RULES, **rules}, lake, end=now.strftime("%Y-%m-%d"), as_of=now).save(folder)


def passes(found: Verification) -> dict[str, str]:
    assert found.passed, found.first_failure
    return {check.name: check.found for check in found.checks}


def test_the_first_publication_releases_what_its_history_holds(tmp_path: Path) -> None:
    lake = market(tmp_path / "lake")
    folder = drafted(tmp_path / "X", lake, at(5, 1))
    with pytest.raises(RecordError, match="publish with --release REASON"):
        publish_index(folder, lake, approver="Committee", now=at(5, 1))
    publish_index(folder, lake, approver="Committee", now=at(5, 1), release="a redenomination of the currency")
    # The level moves by 2.6 times, and all three members by 2.5.
    kinds = [entry.kind for entry in read_folder(folder).record]
    assert kinds[:4] == ["methodology", "released", "released", "composition"]
    assert passes(verify(folder, lake))["gate"] == "2 steps beyond the bounds of the guard, each released"
    publish_index(folder, lake, approver="Committee", now=at(5, 4))
    passes(verify(folder, lake))


def test_a_jump_of_old_prices_that_came_too_late_needs_no_release(tmp_path: Path) -> None:
    """The vendor says eleven days later that prices were five times as high: the levels stand by the rule."""
    lake = Lake(tmp_path / "lake")
    lake.write("daily", small_market(100).filter(pl.col("time") <= at(3, 20, 0)))
    folder = drafted(tmp_path / "X", lake, at(3, 20))
    publish_index(folder, lake, approver="Committee", now=at(3, 20))
    correct(lake, at(3, 9, 0), 5.0, at(3, 20, 2))
    done = publish_index(
        folder, lake, approver="Committee", now=at(3, 20, 3), restate=True, reason="a late print", release="it is so"
    )
    assert [item.time for item in done.kept] == ["2020-03-09T00:00:00Z"] * 2
    assert passes(verify(folder, lake))["gate"] == "no step beyond the bounds of the guard"
    lake.write("daily", small_market(100).filter(pl.col("time") > at(3, 20, 0)))
    publish_index(folder, lake, approver="Committee", now=at(3, 25))
    passes(verify(folder, lake))


@pytest.mark.parametrize("decimals", [0, 4])
def test_a_release_stays_valid_when_a_price_of_its_day_is_corrected(tmp_path: Path, decimals: int) -> None:
    """Also where levels are published so round that a step from one to the next is another than that of the index."""
    lake = market(tmp_path / "lake")
    folder = drafted(tmp_path / "X", lake, at(4, 20), publish={"decimals": decimals})
    publish_index(folder, lake, approver="Committee", now=at(4, 20))
    publish_index(folder, lake, approver="Committee", now=at(5, 1), release="a redenomination")
    passes(verify(folder, lake))
    rows = lake.read("daily").filter((pl.col("time") == JUMP) & (pl.col("asset") == "coin-d"))
    seen = pl.lit(at(5, 1, 2)).cast(pl.Datetime("us", "UTC"))
    lake.write("daily", rows.with_columns(pl.col("price") * 0.7, pl.col("market_cap") * 0.7, known_at=seen))
    done = publish_index(folder, lake, approver="Committee", now=at(5, 1, 3), restate=True, reason="a late print")
    assert [item.time[:10] for item in done.kept] == ["2020-04-28"] * 2
    told = passes(verify(folder, lake))
    assert told["gate"] == "2 steps beyond the bounds of the guard, each released"
    publish_index(folder, lake, approver="Committee", now=at(5, 6))
    passes(verify(folder, lake))


def test_what_is_corrected_with_its_release_is_released_anew(tmp_path: Path) -> None:
    """A jump is released, corrected within its day to one that is none, and again to one that is."""
    lake = market(tmp_path / "lake")
    folder = drafted(tmp_path / "X", lake, at(4, 20))
    publish_index(folder, lake, approver="Committee", now=at(4, 20))
    publish_index(folder, lake, approver="Committee", now=datetime(2020, 4, 28, 1, tzinfo=UTC), release="so it is")
    more: dict[str, Any] = {"approver": "Committee", "restate": True, "reason": "a late print"}
    correct(lake, JUMP, 0.5, at(4, 28, 2))
    publish_index(folder, lake, now=at(4, 28, 3), **more)
    assert passes(verify(folder, lake))["gate"] == "2 steps beyond the bounds of the guard, each released"
    correct(lake, JUMP, 3.0, at(4, 28, 4))
    with pytest.raises(RecordError, match="more than 2 times"):
        publish_index(folder, lake, now=at(4, 28, 5), **more)
    publish_index(folder, lake, now=at(4, 28, 5), release="so it is after all", **more)
    assert passes(verify(folder, lake))["gate"] == "4 steps beyond the bounds of the guard, each released"
