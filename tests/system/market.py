"""The real daily market of a year as an administrator comes to know it: rows day by day, and what is corrected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

STABLECOINS = ("usdt", "usdc", "tusd", "pax", "dai", "sai", "busd", "husd", "gusd", "susd", "nusd", "bitcny", "bitusd")
COLUMNS = ("time", "asset", "price", "market_cap", "volume", "known_at")


@dataclass(frozen=True)
class RealMarket:
    """CoinMarketCap closes of some assets, stamped at the end of their day: time, asset, price, market_cap, volume."""

    rows: pl.DataFrame

    @staticmethod
    def read(shared: Path, first: date, last: date, largest: int) -> RealMarket:
        """Return the rows of those who are among the largest of some first day of a month.

        Args:
            shared: The folder of real market data.
            first: First day. last: Last day.
            largest: So many of each month.
        """
        held = pl.scan_parquet(shared / "data" / "cmc_daily_2013_2020h1.parquet")
        rows = (
            held.filter(pl.col("date").is_between(first - timedelta(days=1), last))
            .select(
                time=pl.col("date").cast(pl.Datetime("us", "UTC")) + timedelta(days=1),
                asset=pl.col("symbol").str.to_lowercase().str.replace_all(r"[^a-z0-9._-]", "-"),
                price="price_usd",
                market_cap="market_cap_usd",
                volume="volume_usd_24h",
            )
            .filter(pl.col("price") > 0)
            .sort("time", "market_cap", "asset", descending=[False, True, False], nulls_last=True)
            .collect()
            .unique(["time", "asset"], keep="first", maintain_order=True)
        )
        monthly = rows.filter(pl.col("time").dt.day() == 1).with_columns(
            place=pl.col("market_cap").rank("ordinal", descending=True).over("time")
        )
        assets = monthly.filter(pl.col("place") <= largest)["asset"].unique()
        return RealMarket(rows.filter(pl.col("asset").is_in(assets.to_list())))

    def before(self, day: date) -> pl.DataFrame:
        """Return the rows before a day."""
        return self.rows.filter(pl.col("time").dt.date() < day)

    def on(self, day: date) -> pl.DataFrame:
        """Return the rows stamped at the start of a day."""
        return self.rows.filter(pl.col("time").dt.date() == day)

    def row(self, day: date, asset: str) -> pl.DataFrame:
        """Return the row of one asset."""
        return self.on(day).filter(pl.col("asset") == asset)


def instant(day: date, hour: int = 0) -> datetime:
    """Return an hour of a day, UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def corrected(row: pl.DataFrame, known: datetime, *, price: float = 1.0, market_cap: float = 1.0) -> pl.DataFrame:
    """Return a later version of a row, with its figures multiplied, known from an instant on."""
    return row.with_columns(
        pl.col("price") * price,
        pl.col("market_cap") * market_cap,
        known_at=pl.lit(known).cast(pl.Datetime("us", "UTC")),
    )


def event(kind: str, asset: str, time: datetime, known: datetime, **more: str | float) -> pl.DataFrame:
    """Return a corporate event as a table of one row."""
    return pl.DataFrame([{"time": time, "kind": kind, "asset": asset, "known_at": known, **more}])
