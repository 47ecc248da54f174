"""Vetted volume as a metric of each asset and day, for weights and rankings by liquidity."""

from __future__ import annotations

import polars as pl

from basketry.core.errors import DataError, nearest_hint
from basketry.core.frames import INSTANT, MARKET_KINDS, METRICS
from basketry.reference.vetting.vet import SCORES, Vetting

METRIC = "vetted_volume"


def vetted_volumes(vetting: Vetting, currency: str = "usd", kind: str = "spot") -> pl.DataFrame:
    """Return the vetted volume of each asset on each UTC day (METRICS, metric `vetted_volume`).

    The base units that all markets of the asset traded, each times its vetted share of the volume, valued at the
    day's mean price, weighted by vetted volume, of the accepted and watched markets that are quoted in `currency`: no
    other currency is taken for worth one. Days and assets without such a market are left out.

    `time` is the end of the day. `known_at` is the end of the last day that was vetted, as the shares are estimated
    from all days together: to know a day's figure on the day, vet day by day.

    Args:
        vetting: The vetting.
        currency: Quote currency that the volume is valued in.
        kind: Which markets count: spot, perpetual or pool.

    Raises:
        DataError: `kind` is none of the three, or there are trades of that kind and none of them in `currency`.

    >>> from basketry.market.venues.simulate import simulate_venues
    >>> from basketry.reference.vetting.vet import vet
    >>> feed = simulate_venues(7, quotes=["usd"], hours=1)
    >>> frame = vetted_volumes(vet(feed.frames["trades"]))
    >>> frame.select("asset", "metric").row(0)
    ('sim-aurum', 'vetted_volume')
    """
    if kind not in MARKET_KINDS:
        raise DataError(f"kind {kind!r} is not known{nearest_hint(kind, MARKET_KINDS)}; {', '.join(MARKET_KINDS)}")
    days = vetting.days.filter(pl.col("kind") == kind)
    known = days["quote"].unique().sort().to_list()
    if known and currency not in known:
        raise DataError(
            f"no {kind} market is quoted in {currency!r}{nearest_hint(currency, known)}; quotes: {', '.join(known)}"
        )
    market = SCORES.key
    share = pl.when(pl.col("volume") > 0).then(pl.col("vetted_volume") / pl.col("volume")).otherwise(0.0)
    judged = vetting.scores.select(*market, "verdict", share=share)
    rows = days.join(judged, on=market)
    priced = rows.filter((pl.col("quote") == currency) & (pl.col("verdict") != "rejected"))
    vetted, worth = (pl.col(name) * pl.col("share") for name in ("volume", "notional"))
    prices = priced.group_by("asset", "day").agg(volume=vetted.sum(), worth=worth.sum()).filter(pl.col("volume") > 0)
    prices = prices.select("asset", "day", price=pl.col("worth") / pl.col("volume"))
    volumes = rows.group_by("asset", "day").agg(volume=vetted.sum())
    end = pl.col("day").dt.offset_by("1d").cast(INSTANT)
    found = volumes.join(prices, on=("asset", "day")).select(
        "asset", time=end, metric=pl.lit(METRIC), value=pl.col("volume") * pl.col("price")
    )
    last = days["day"].max()
    known_at = pl.lit(last, pl.Date).dt.offset_by("1d").cast(INSTANT)
    return METRICS.conform(found.with_columns(known_at=known_at)).sort("time", "asset")
