"""Schemas are checked where a frame enters."""

from datetime import UTC, datetime

import polars as pl
import pytest

from basketry.core.errors import SchemaError
from basketry.core.frames import DAILY, LAKE_TABLES

ROW = {"time": [datetime(2020, 1, 1, tzinfo=UTC)], "asset": ["btc"], "price": [1.0]}


def test_missing_nullable_columns_are_filled() -> None:
    frame = DAILY.conform(pl.DataFrame(ROW))
    assert frame.columns == list(DAILY.columns)
    assert frame["market_cap"].null_count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prize": [1.0]}, r"no column 'prize' \(did you mean 'price'\?\)"),
        ({"asset": None}, "needs column asset"),
        ({"asset": [None]}, "'asset' is empty in 1 rows"),
        ({"price": ["high"]}, "daily"),
    ],
)
def test_wrong_frames_name_the_column(change: dict[str, list[object] | None], message: str) -> None:
    columns = {**ROW, **change}
    frame = pl.DataFrame({name: values for name, values in columns.items() if values is not None})
    with pytest.raises(SchemaError, match=message):
        DAILY.conform(frame)


@pytest.mark.parametrize("name", sorted(LAKE_TABLES))
def test_every_key_is_a_column(name: str) -> None:
    schema = LAKE_TABLES[name]
    assert set(schema.key) <= set(schema.columns)
    assert schema.check(schema.empty()).is_empty()


def test_check_names_every_difference() -> None:
    with pytest.raises(SchemaError, match=r"asset: expected String, was missing; .*extra: not a column"):
        DAILY.check(DAILY.empty().drop("asset").with_columns(extra=pl.lit(1)))
