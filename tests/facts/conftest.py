"""Recorded trades of 10 October 2025 and minute bars of March 2023 as tapes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from basketry.core.frames import BARS, TRADES
from basketry.market.tape import Market, Tape
from basketry.reference.fixing import MemoryTapes

UNIT = 10**8


def _whole(amount: pl.Expr) -> pl.Expr:
    return (amount * UNIT).round().cast(pl.Int64)


def _october(shared: Path, asset: str, *, spot: bool = False) -> Tape:
    """Return the trades of an asset in dollars; contracts of the coin-margined perpetual are worth 10 dollars."""
    trades = pl.scan_parquet(shared / "data" / "trades_20251010.parquet").filter(pl.col("asset") == asset.upper())
    frames = {}
    for (venue, symbol), rows in trades.collect().group_by("exchange", "symbol", maintain_order=True):
        perpetual = venue == "binance-delivery"
        if str(symbol).endswith("USDT") or (spot and perpetual):
            continue
        amount = pl.col("amount") * 10 / pl.col("price") if perpetual else pl.col("amount")
        frame = rows.select("trade_id", "side", "price", time="ts", size=_whole(amount)).filter(pl.col("size") > 0)
        kind = "perpetual" if perpetual else "spot"
        frames[Market(str(venue), f"{asset}-usd", asset, "usd", kind=kind)] = TRADES.conform(frame)
    return Tape.from_frames(asset, frames)


def _march(shared: Path, *, apart: bool = False) -> MemoryTapes:
    """Return the minute bars of BTC, USDC and USDT; with `apart` five markets of BTC as venues of their own."""
    bars = pl.read_parquet(shared / "data" / "bars_1m_202303_usdc_depeg.parquet")
    tapes: dict[str, dict[Market, pl.DataFrame]] = {}
    for (venue, pair), rows in bars.group_by("venue", "pair"):
        base, quote = str(pair).lower().split("-")
        frame = rows.select("open", "high", "low", "close", time="ts", volume=_whole(pl.col("volume")))
        market = Market(str(venue), f"{base}-{quote}", base, quote)
        tapes.setdefault(base, {})[market] = BARS.conform(frame.filter(pl.col("close") > 0))
    found = {base: Tape.from_frames(base, frames) for base, frames in tapes.items()}
    if apart:
        btc = found["btc"]
        five = btc.only([market for market in btc.markets if market.quote != "usdc"])
        named = tuple(replace(m, venue=f"{m.venue}-{m.quote}", group="") for m in five.markets)
        five = replace(five, markets=named)
        found["btc"] = five.only([market for market in named if market.venue != "kraken-usdt"])
    return MemoryTapes(found)


@pytest.fixture(scope="session")
def october(shared: Path) -> Callable[..., Tape]:
    """What gives the tape of an asset on 10 October 2025; with `spot` without the perpetual."""
    return partial(_october, shared)


@pytest.fixture(scope="session")
def march(shared: Path) -> Callable[..., MemoryTapes]:
    """What gives the tapes of March 2023; with `apart` five markets of BTC as venues of their own."""
    return partial(_march, shared)
