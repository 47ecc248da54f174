"""CoinGecko exports: one coin a file, a snapshot at 00:00 UTC a day."""

from basketry.lake.presets import Preset

PRESET = Preset(
    name="coingecko",
    summary="CoinGecko export, bitcoin-usd-max.csv (snapped_at, price, market_cap, total_volume)",
    columns={"time": "snapped_at", "price": "price", "market_cap": "market_cap", "volume": "total_volume"},
    stamp="start",
    source="coingecko",
    asset_from_name=True,
)
