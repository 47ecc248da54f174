"""Coin Metrics community files: one asset a file, daily, named by the asset (btc.csv)."""

from basketry.lake.presets import Preset

PRESET = Preset(
    name="coinmetrics",
    summary="Coin Metrics community data, csv/btc.csv and so on; a date names a day whose figures hold at its end",
    columns={"time": "time", "price": "PriceUSD", "market_cap": "CapMrktCurUSD"},
    stamp="end",
    source="coinmetrics",
    asset_from_name=True,
)
