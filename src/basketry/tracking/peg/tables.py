"""Tables of a simulated secondary market."""

from __future__ import annotations

import polars as pl

from basketry.core.frames import Column, Schema

PEG_PATH = Schema(
    "peg_path",
    "The pool at each step, after all trades of the step.",
    {
        "step": Column(pl.UInt32(), "from 0"),
        "nav": Column(pl.Float64(), "net asset value of a share, quote currency"),
        "price": Column(pl.Float64(), "spot price in the pool, quote currency"),
        "premium": Column(pl.Float64(), "price / nav - 1"),
        "premium_before": Column(pl.Float64(), "after the flow of the step and before arbitrage"),
        "base_reserve": Column(pl.Float64(), "shares in the pool"),
        "quote_reserve": Column(pl.Float64(), "quote currency in the pool"),
        "created": Column(pl.Float64(), "shares created in the step, less those redeemed"),
        "provider_value": Column(pl.Float64(), "pool at its own price, quote currency"),
        "held_value": Column(pl.Float64(), "what the providers put in, at the pool's price, quote currency"),
        "impermanent_loss": Column(pl.Float64(), "2√r / (1 + r) - 1 of the pool's price ratio r, fraction"),
        "fee_growth": Column(pl.Float64(), "√(k / k at the start) - 1, fraction"),
    },
    key=("step",),
)

PEG_TRADERS = Schema(
    "peg_traders",
    "What each trader did and gained.",
    {
        "trader": Column(pl.String()),
        "rounds": Column(pl.UInt32(), "rounds carried out"),
        "reverted": Column(pl.UInt32(), "rounds given up at execution; their gas was spent"),
        "volume": Column(pl.Float64(), "value of shares at net asset value, quote currency"),
        "gas": Column(pl.Float64(), "quote currency"),
        "profit": Column(pl.Float64(), "after gas, quote currency"),
    },
    key=("trader",),
)
