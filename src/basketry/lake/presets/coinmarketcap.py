"""CoinMarketCap historical data: one coin a file, semicolons, newest first."""

from pathlib import Path

import polars as pl

from basketry.lake.presets import Preset


def read(path: Path) -> pl.DataFrame:
    """Return the rows of an export; `timeClose` is the last millisecond of the day, here the day itself."""
    frame = pl.read_csv(path, separator=";", infer_schema=False)
    return frame.with_columns(pl.col("timeClose").str.slice(0, 10).alias("date"))


PRESET = Preset(
    name="coinmarketcap",
    summary="CoinMarketCap historical data export (semicolons; timeOpen;timeClose;...;close;volume;marketCap)",
    columns={"time": "date", "price": "close", "market_cap": "marketCap", "volume": "volume"},
    stamp="end",
    source="coinmarketcap",
    asset_from_name=True,
    read=read,
)
