"""Declared schemas of what reference prices are published as: fixings, and the evidence beside them."""

from __future__ import annotations

import polars as pl

from basketry.core.frames import INSTANT, Column, Schema

FIXINGS = Schema(
    "fixings",
    "Reference prices with their status.",
    {
        "time": Column(INSTANT, "instant of the fixing: the end of its window"),
        "asset": Column(pl.String(), "stable asset id"),
        "price": Column(pl.Float64(), "currency of the rules per unit, rounded; null when suspended", nullable=True),
        "confidence": Column(
            pl.Float64(), "half the distance of the venues' weighted 25% and 75% quantiles, currency", nullable=True
        ),
        "venues": Column(pl.UInt32(), "venues that count"),
        "survives": Column(pl.UInt32(), "corrupt groups of venues that cannot move it beyond the honest prices"),
        "trades": Column(pl.Int64(), "trades that count"),
        "volume": Column(pl.Float64(), "base units that count"),
        "window_seconds": Column(pl.Float64(), "length of the window that was used"),
        "status": Column(pl.String(), "live | stale (wider window) | carried (earlier price) | suspended"),
        "reason": Column(pl.String(), "why it is not live; empty when it is"),
        "known_at": Column(INSTANT, "earliest instant at which it is known"),
    },
    key=("time", "asset"),
)

FIXING_SOURCES = Schema(
    "fixing_sources",
    "What each market gave to each fixing, or why it was left out.",
    {
        "time": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id"),
        "venue": Column(pl.String(), "stable venue id"),
        "pair": Column(pl.String(), "stable pair id"),
        "group": Column(pl.String(), "markets of one group can fail together"),
        "trades": Column(pl.Int64(), "trades in the window"),
        "volume": Column(pl.Float64(), "base units in the window"),
        "venue_price": Column(pl.Float64(), "the venue's own price, mean over the parts, currency", nullable=True),
        "venue_weight": Column(pl.Float64(), "the venue's weight, mean over the parts with a price, fraction"),
        "deviation": Column(pl.Float64(), "of the venue from the median of the venues, fraction", nullable=True),
        "reason": Column(pl.String(), "counts, or why the market was left out"),
    },
    key=("time", "asset", "venue", "pair"),
)

FIXING_EVENTS = Schema(
    "fixing_events",
    "Steps of the fall-back waterfall, market exclusions and returns, in order.",
    {
        "time": Column(INSTANT),
        "asset": Column(pl.String(), "stable asset id"),
        "step": Column(pl.String(), "too few venues | wider window | previous price | halt | left out | returns"),
        "evidence": Column(pl.String(), "in words, with figures"),
    },
    key=("time", "asset", "step", "evidence"),
)

CONVERSIONS = Schema(
    "conversions",
    "Rates at which other quote currencies were converted, as in force at each fixing.",
    {
        "time": Column(INSTANT),
        "quote": Column(pl.String(), "currency converted from"),
        "path": Column(pl.String(), "pairs and venues that made the rate"),
        "rate": Column(pl.Float64(), "currency of the rules for one of the quote; null: none", nullable=True),
        "venues": Column(pl.UInt32(), "venues that made it"),
        "age_seconds": Column(pl.Float64(), "since it was made", nullable=True),
    },
    key=("time", "quote"),
)
