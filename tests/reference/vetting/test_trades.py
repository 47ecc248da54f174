"""Trades of a market as the tests of the vetting take them, and who is compared with whom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, SchemaError
from basketry.core.frames import TRADES
from basketry.reference.vetting.trades import MarketTrades, contract_value, lot_of, peers_of

if TYPE_CHECKING:
    from tests.reference.vetting.conftest import Maker


def test_the_last_row_of_an_id_counts_and_size_zero_retracts(maker: Maker) -> None:
    frame = maker.frame([5, 7, 9, 0], time=[30, 10, 20, 30], side=["buy", "sell", None, "buy"])
    known = [None, None, None, datetime(2025, 1, 1, tzinfo=UTC)]
    frame = TRADES.conform(frame.with_columns(trade_id=pl.Series(["a", "b", "c", "a"]), known_at=pl.Series(known)))
    held = maker.trades(frame)
    assert (held.time.tolist(), held.size.tolist(), held.side.tolist()) == ([10, 20], [7, 9], [-1, 0])
    assert held.volume == pytest.approx(16e-8)


@pytest.mark.parametrize(
    ("column", "value"), [("price", float("nan")), ("price", 0.0), ("price", None), ("size", -1), ("size", None)]
)
def test_bad_prices_and_sizes_are_refused(maker: Maker, column: str, value: float | None) -> None:
    frame = maker.frame([5, 7])
    bad = frame.with_columns(pl.Series(column, [value, frame[column][1]], dtype=frame.schema[column]))
    with pytest.raises(DataError, match="alpha:coin-usd: 1 trades without a positive finite price and size"):
        maker.trades(bad)


def test_other_tables_are_refused(maker: Maker) -> None:
    with pytest.raises(SchemaError, match="alpha:coin-usd"):
        maker.trades(pl.DataFrame({"time": [1]}))


def test_bars_tell_volume_and_no_sides(maker: Maker) -> None:
    held = maker.trades(maker.bars([5 * 10**8, 0, 10**8]))
    assert not held.single
    assert held.volume == pytest.approx(6)
    assert not held.side.any()


def test_a_lot_is_not_made_finer_by_dust() -> None:
    sizes = np.arange(1, 1_001) * 10**6
    assert lot_of(sizes) == 10**6
    assert lot_of(np.append(sizes, 12_345)) == 10**6
    assert lot_of(np.append(sizes, np.full(20, 12_345))) == 1
    assert lot_of(np.empty(0, np.int64)) == 1


@pytest.mark.parametrize("contract", [100.0, 10.0])
def test_contracts_in_quote_currency_are_counted(maker: Maker, contract: float) -> None:
    rng = np.random.default_rng(1)
    contracts, price = rng.integers(1, 500, 1_000), np.round(rng.uniform(20, 30, 1_000), 2)
    frame = maker.frame(np.rint(contracts * contract / price * 1e8), price=price)
    held = maker.trades(frame, maker.market(kind="perpetual"))
    assert held.contract == contract
    assert held.numbers.tolist() == contracts.tolist()
    assert maker.trades(frame).contract == 0  # spot sizes are chosen in the base asset
    assert contract_value(price, rng.integers(10**8, 10**10, 1_000), 1e-8) == 0


def test_contracts_in_whole_base_units_are_no_quote_contracts(maker: Maker) -> None:
    frame = maker.frame(np.arange(1, 301) * 10**8, price=100.0)
    assert maker.trades(frame, maker.market(kind="perpetual")).contract == 0


def test_markets_of_one_group_or_kind_are_no_witnesses(maker: Maker) -> None:
    markets = [maker.market("alpha", group="one"), maker.market("beta", group="one"), maker.market("gamma")]
    frame = maker.frame([1, 2])
    (spot, perpetual) = sorted(
        peers_of({**dict.fromkeys(markets, frame), maker.market("delta", kind="perpetual"): frame}),
        key=lambda held: -len(held.markets),
    )
    assert [spot.others(place) for place in range(3)] == [[2], [2], [0, 1]]
    assert perpetual.others(0) == []
    assert spot.benchmark(2, [1.0, 3.0, 9.0]) is None  # two markets, one group


def test_trusted_venues_are_the_benchmark_alone(maker: Maker) -> None:
    peers = maker.peers([maker.frame([1])] * 4, trusted=["delta"])
    assert peers.benchmark(0, [1.0, 2.0, 3.0, 4.0]) == 4.0
    assert peers.benchmark(3, [1.0, 2.0, 3.0, 4.0]) is None
    assert maker.peers([maker.frame([1])] * 4).benchmark(0, [1.0, 2.0, None, 4.0]) == 3.0


def test_markets_without_trades(maker: Maker) -> None:
    held = MarketTrades.from_frame(maker.market(), TRADES.empty())
    assert (len(held), held.volume, held.lot) == (0, 0.0, 1)
    assert maker.peers([TRADES.empty()]).span == (0, 0)
