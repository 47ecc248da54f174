"""Checks of daily observations: what looks wrong, where, and by how much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from basketry.core.frames import QUARANTINE


@dataclass(frozen=True)
class Thresholds:
    """What counts as suspicious.

    Attributes:
        gap_days: A hole in an asset's observations longer than this.
        jump: A price this many times the one before, or one over it.
        jump_back: Share by which a spike returns to where it was, for it to be quarantined.
        stale_days: A price unchanged for longer than this.
        max_market_cap: Capitalisation above this is impossible (no market in anything is worth 1e13 dollars).
        supply_change: Implied supply (capitalisation over price) this many times the one before, or one over it.
        dominance: Capitalisation above this many times that of all others, with hardly any volume.
        min_turnover: What hardly any volume means, a share of the capitalisation.
        min_market_cap: Supplies of smaller assets are not judged.
    """

    gap_days: int = 3
    jump: float = 10.0
    jump_back: float = 0.5
    stale_days: int = 7
    max_market_cap: float = 1e13
    supply_change: float = 2.0
    dominance: float = 1.0
    min_turnover: float = 1e-6
    min_market_cap: float = 1e7


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        check: Name of the check.
        meaning: What it looks for, in words.
        rows: time, asset, field, value and reason of each finding, the worst first.
        quarantined: Whether the values found are wrong beyond doubt, and may be set aside.
    """

    check: str
    meaning: str
    rows: pl.DataFrame
    quarantined: bool = False


def check_observations(
    rows: pl.DataFrame,
    aliases: pl.DataFrame,
    thresholds: Thresholds = Thresholds(),
) -> list[Finding]:
    """Return what each check finds in daily observations (DAILY schema), empty findings included.

    Args:
        rows: Observations sorted by time, one a time and asset.
        aliases: ALIASES table, for tickers that mean several assets at once.
        thresholds: What counts as suspicious.
    """
    by_asset = rows.sort("asset", "time")
    return [check(by_asset, thresholds) for check in CHECKS] + [symbol_collisions(aliases)]


def _found(frame: pl.DataFrame, field: str, value: str, reason: pl.Expr, order: pl.Expr) -> pl.DataFrame:
    return frame.sort(order, "time", "asset").select(
        "time",
        "asset",
        field=pl.lit(field),
        value=pl.col(value).cast(pl.Float64),
        reason=reason,
    )


def _number(column: str) -> pl.Expr:
    return pl.col(column).map_elements(lambda value: f"{value:.4g}", return_dtype=pl.String)


def gaps(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return holes in the observations of an asset, at the row after each."""
    holes = rows.with_columns(days=(pl.col("time").diff().over("asset").dt.total_hours() / 24).alias("days")).filter(
        pl.col("days") > limits.gap_days
    )
    words = pl.format("no observation for {} days before", pl.col("days").cast(pl.Int64))
    return Finding(
        "gaps",
        f"no observation for more than {limits.gap_days} days",
        _found(holes, "*", "price", words, -pl.col("days")),
    )


def price_jumps(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return prices far from the one before."""
    moved = rows.with_columns(ratio=pl.col("price") / pl.col("price").shift(1).over("asset"))
    moved = moved.filter((pl.col("ratio") > limits.jump) | (pl.col("ratio") < 1 / limits.jump))
    size = pl.max_horizontal(pl.col("ratio"), 1 / pl.col("ratio"))
    words = pl.format("{} times the price before", _number("ratio"))
    return Finding(
        "price jumps",
        f"a price more than {limits.jump:g} times the one before, or less than one over it",
        _found(moved, "price", "price", words, -size),
    )


def price_spikes(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return single prices far above both neighbours: a jump that was taken back at once."""
    price = pl.col("price")
    around = pl.max_horizontal(price.shift(1).over("asset"), price.shift(-1).over("asset"))
    spikes = rows.with_columns(ratio=price / around).filter(
        (pl.col("ratio") > limits.jump)
        & price.shift(1).over("asset").is_not_null()
        & price.shift(-1).over("asset").is_not_null()
    )
    words = pl.format("{} times the prices before and after", _number("ratio"))
    return Finding(
        "price spikes",
        f"one price more than {limits.jump:g} times those on both sides",
        _found(spikes, "price", "price", words, -pl.col("ratio")),
        quarantined=True,
    )


def stale_prices(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return runs of one and the same price, at their last row."""
    runs = rows.with_columns(run=pl.struct("asset", "price").rle_id())
    lengths = runs.group_by("run", maintain_order=True).agg(
        pl.col("asset").first(), pl.col("time").last(), pl.col("price").first(), days=pl.len()
    )
    long = lengths.filter(pl.col("days") > limits.stale_days)
    words = pl.format("the same price on {} days in a row", "days")
    return Finding(
        "stale prices",
        f"one and the same price for more than {limits.stale_days} days",
        _found(long, "price", "price", words, -pl.col("days").cast(pl.Int64)),
    )


def impossible_caps(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return capitalisations that no market can have, or that dwarf the market with hardly any volume."""
    total = pl.col("market_cap").sum().over("time")
    # Early sources tell no volumes at all; a day without any says nothing about one asset.
    told = pl.col("volume").fill_null(0).sum().over("time") > 0
    idle = told & ((pl.col("volume").fill_null(0) / pl.col("market_cap")) < limits.min_turnover)
    absurd = (pl.col("market_cap") > limits.max_market_cap) | (
        idle
        & (pl.col("market_cap") > limits.dominance * (total - pl.col("market_cap")))
        & (total > pl.col("market_cap"))
    )
    words = pl.format("a capitalisation of {}", _number("market_cap"))
    return Finding(
        "impossible capitalisations",
        f"above {limits.max_market_cap:g}, or above {limits.dominance:g} times all others with a turnover "
        f"below {limits.min_turnover:g}",
        _found(rows.filter(absurd), "market_cap", "market_cap", words, -pl.col("market_cap")),
        quarantined=True,
    )


def supply_jumps(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return one-day changes of the implied supply."""
    supply = pl.col("market_cap") / pl.col("price")
    moved = rows.with_columns(ratio=supply / supply.shift(1).over("asset")).filter(
        ((pl.col("ratio") > limits.supply_change) | (pl.col("ratio") < 1 / limits.supply_change))
        & (pl.col("market_cap") > limits.min_market_cap)
    )
    words = pl.format("the implied supply is {} times that of the row before", _number("ratio"))
    size = pl.max_horizontal(pl.col("ratio"), 1 / pl.col("ratio"))
    return Finding(
        "supply jumps",
        f"implied supply more than {limits.supply_change:g} times the one before, or less than one over it",
        _found(moved, "market_cap", "market_cap", words, -size),
    )


def idle_caps(rows: pl.DataFrame, limits: Thresholds) -> Finding:
    """Return assets of some size that hardly trade, at their last row."""
    last = (
        rows.filter(pl.col("market_cap") > limits.min_market_cap)
        .group_by("asset", maintain_order=True)
        .agg(
            pl.col("time").last(),
            pl.col("market_cap").last(),
            share=(pl.col("volume").fill_null(0) / pl.col("market_cap")).median(),
            days=pl.len(),
        )
        .filter((pl.col("share") < limits.min_turnover) & (pl.col("days") > limits.stale_days))
    )
    words = pl.format("median turnover {} over {} days", _number("share"), "days")
    return Finding(
        "capitalisation without volume",
        f"median daily volume below {limits.min_turnover:g} of the capitalisation",
        _found(last, "market_cap", "market_cap", words, -pl.col("market_cap")),
    )


def symbol_collisions(aliases: pl.DataFrame) -> Finding:
    """Return aliases that mean two assets at one time."""
    pairs = aliases.join(aliases, on=["source", "alias"], suffix="_other").filter(
        (pl.col("asset") < pl.col("asset_other"))
        & (
            pl.col("valid_until").is_null()
            | pl.col("valid_from_other").is_null()
            | (pl.col("valid_from_other") < pl.col("valid_until"))
        )
        & (
            pl.col("valid_until_other").is_null()
            | pl.col("valid_from").is_null()
            | (pl.col("valid_from") < pl.col("valid_until_other"))
        )
    )
    words = pl.format("{} means {} and {}", "alias", "asset", "asset_other")
    found = pairs.select(
        time=pl.col("valid_from"),
        asset=pl.col("asset"),
        field=pl.lit("*"),
        value=pl.lit(None, dtype=pl.Float64),
        reason=words,
    )
    return Finding("symbol collisions", "one ticker of one source means two assets at one time", found)


CHECKS: tuple[Callable[[pl.DataFrame, Thresholds], Finding], ...] = (
    gaps,
    price_jumps,
    price_spikes,
    stale_prices,
    impossible_caps,
    supply_jumps,
    idle_caps,
)


def to_quarantine(findings: list[Finding], table: str) -> pl.DataFrame:
    """Return what is wrong beyond doubt as rows of the QUARANTINE table."""
    parts = [
        finding.rows.with_columns(table=pl.lit(table), check=pl.lit(finding.check))
        for finding in findings
        if finding.quarantined and not finding.rows.is_empty()
    ]
    if not parts:
        return QUARANTINE.empty()
    return QUARANTINE.conform(pl.concat(parts)).unique(QUARANTINE.key, keep="first", maintain_order=True)
