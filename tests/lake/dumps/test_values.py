"""Sizes are exact, and times mean one instant, whatever their text."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.lake.dumps.values import count, from_contracts, from_inverse_contracts, instants, whole_units

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

decimals = st.decimals(min_value=0, max_value=9 * 10**9, places=12, allow_nan=False, allow_infinity=False)


@given(numbers=st.lists(decimals, min_size=1, max_size=20), places=st.integers(0, 9), exponent=st.booleans())
def test_sizes_are_those_of_decimal_arithmetic(numbers: list[Decimal], places: int, exponent: bool) -> None:
    texts = [f"{number:E}" if exponent else f"{number:f}" for number in numbers]
    units = pl.DataFrame({"size": texts}).select(whole_units(pl.col("size"), places))["size"].to_list()
    assert units == [int(number.scaleb(places).quantize(Decimal(1), ROUND_HALF_EVEN)) for number in numbers]


@given(
    contracts=st.lists(st.integers(0, 10**12), min_size=1, max_size=20),
    value=st.decimals(min_value=Decimal("1e-9"), max_value=10**6, places=9),
)
def test_contracts_are_converted_as_by_decimal_arithmetic(contracts: list[int], value: Decimal) -> None:
    units = pl.DataFrame({"contracts": contracts}).select(from_contracts(pl.col("contracts"), value))
    exact = [int((number * value).quantize(Decimal(1), ROUND_HALF_EVEN)) for number in contracts]
    assert units["contracts"].to_list() == [number if number < 2**63 else None for number in exact]


@given(contracts=st.integers(1, 10**6), price=st.floats(1e-3, 1e6), value=st.sampled_from([Decimal(10), Decimal(100)]))
def test_inverse_contracts_are_the_nearest_unit_of_the_quotient(contracts: int, price: float, value: Decimal) -> None:
    frame = pl.DataFrame({"contracts": [contracts * 10**8], "price": [price]})
    (units,) = frame.select(from_inverse_contracts(pl.col("contracts"), pl.col("price"), value))["contracts"]
    exact = contracts * 10**8 * value / Decimal(price)
    assert abs(units - exact) <= Decimal("0.5") + exact * Decimal("4e-16")


@given(microseconds=st.integers(1_230_940_800_000_000, 4_000_000_000_000_000))
def test_every_text_of_an_instant_is_that_instant(microseconds: int) -> None:
    instant = EPOCH + timedelta(microseconds=microseconds)
    abroad = (instant + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%f+05:30")
    texts = [
        f"{microseconds}",
        f"{microseconds}999",
        f"{microseconds // 10**6}.{microseconds % 10**6:06d}",
        f"{microseconds // 10**6}.{microseconds % 10**6:06d}9",
        instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        instant.strftime("%Y-%m-%d %H:%M:%S.%f UTC"),
        instant.strftime("%Y-%m-%d %H:%M:%S.%f"),
        abroad,
    ]
    assert instants(pl.Series(texts), "any").to_list() == [instant] * len(texts)
    assert instants(pl.Series([f"{microseconds // 1000}"]), "ms").to_list() == [
        instant - timedelta(microseconds=microseconds % 1000)
    ]
    assert instants(pl.Series([microseconds // 1000, microseconds]), "ms-or-us")[1] == instant


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ms-or-us", "iso", "any"])
@given(texts=st.lists(st.text(max_size=25) | st.integers().map(str), min_size=1, max_size=10))
def test_no_text_breaks_the_reading_of_times(unit: str, texts: list[str]) -> None:
    assert len(instants(pl.Series(texts, dtype=pl.String), unit)) == len(texts)  # type: ignore[arg-type]


@given(raw=st.integers(-(2**63), 2**63 - 1))
def test_far_numbers_never_become_near_instants(raw: int) -> None:
    low, high = datetime(2009, 1, 3, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
    for unit, factor in (("s", 1_000_000), ("ms", 1000), ("us", 1)):
        (found,) = instants(pl.Series([raw]), unit).dt.timestamp("us")  # type: ignore[arg-type]
        near = low.timestamp() * 1e6 <= raw * factor <= high.timestamp() * 1e6
        assert (low.timestamp() * 1e6 <= found <= high.timestamp() * 1e6) == near


@pytest.mark.parametrize(
    "text", ["2024-01-01", "12:00", "2024-13-01T00:00:00Z", "", "now", "1e400", "0x10", "\uff11\uff17"]
)
def test_what_is_no_instant_is_null(text: str) -> None:
    assert instants(pl.Series([text]), "iso").to_list() == [None]


def test_counts_are_whole() -> None:
    frame = pl.DataFrame({"trades": ["12", "12.0", "12.5", "x", None]})
    assert frame.select(count("trades", pl.String()))["trades"].to_list() == [12, 12, None, None, None]
