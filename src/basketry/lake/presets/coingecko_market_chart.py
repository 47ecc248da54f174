"""CoinGecko market_chart: JSON with pairs of milliseconds and values."""

from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from basketry.core.errors import DataError
from basketry.lake.presets import Preset

Pairs = list[tuple[float, float | None]]


class MarketChart(BaseModel):
    """The answer of /coins/{id}/market_chart."""

    model_config = ConfigDict(extra="ignore")

    prices: Pairs
    market_caps: Pairs = []
    total_volumes: Pairs = []


def parse_market_chart(content: bytes, where: str) -> pl.DataFrame:
    """Return time (milliseconds), price, market_cap and total_volume of an answer.

    Raises:
        DataError: The content is not JSON of that form.
    """
    try:
        chart = MarketChart.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise DataError(f"{where}: not a CoinGecko market_chart: {place}: {problem['msg']}") from error
    frame = pl.DataFrame({"time": [int(at) for at, _ in chart.prices], "price": [x for _, x in chart.prices]})
    for name, pairs in (("market_cap", chart.market_caps), ("total_volume", chart.total_volumes)):
        other = pl.DataFrame(
            {"time": [int(at) for at, _ in pairs], name: [x for _, x in pairs]},
            schema={"time": pl.Int64, name: pl.Float64},
        )
        frame = frame.join(other, on="time", how="left")
    return frame


def read(path: Path) -> pl.DataFrame:
    """Return the rows of a file."""
    return parse_market_chart(path.read_bytes(), str(path))


PRESET = Preset(
    name="coingecko-market-chart",
    summary="CoinGecko /coins/{id}/market_chart JSON, the file named by the id",
    columns={"time": "time", "price": "price", "market_cap": "market_cap", "volume": "total_volume"},
    source="coingecko",
    asset_from_name=True,
    read=read,
)
