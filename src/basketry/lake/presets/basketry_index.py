"""A published index as an asset, for an index of indices: its levels are prices."""

from pathlib import Path

import polars as pl

from basketry.lake.presets import Preset


def read(path: Path) -> pl.DataFrame:
    """Return the levels that are not held; the asset is the folder of the file."""
    frame = pl.read_parquet(path).filter(pl.col("status") != "suspended")
    return frame.select("time", "price_return", asset=pl.lit(path.parent.name.lower()))


PRESET = Preset(
    name="basketry-index",
    summary="levels.parquet of a published index; its folder names the asset, its price return is the price",
    columns={"time": "time", "asset": "asset", "price": "price_return"},
    source="basketry",
    read=read,
)
