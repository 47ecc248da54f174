"""Public daily data over HTTP: polite, patient, and able to go on where it was broken off."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import httpx
import polars as pl
from pydantic import BaseModel, ConfigDict, ValidationError

from basketry.core.errors import DataError
from basketry.core.frames import DAILY
from basketry.lake.lake import Lake
from basketry.lake.presets.coingecko_market_chart import parse_market_chart
from basketry.lake.versions import as_versions

Provider = Literal["coinmetrics", "coingecko"]
BASE_URLS: dict[str, str] = {
    "coinmetrics": "https://community-api.coinmetrics.io/v4",
    "coingecko": "https://api.coingecko.com/api/v3",
}
_AGAIN = {429, 500, 502, 503, 504}


class MetricRow(BaseModel):
    """One row of a Coin Metrics time series; figures come as texts."""

    model_config = ConfigDict(extra="ignore")

    asset: str
    time: datetime
    PriceUSD: float | None = None
    CapMrktEstUSD: float | None = None
    CapMrktCurUSD: float | None = None


class MetricPage(BaseModel):
    """A page of Coin Metrics /timeseries/asset-metrics."""

    model_config = ConfigDict(extra="ignore")

    data: list[MetricRow]
    next_page_url: str | None = None


@dataclass(frozen=True)
class Pulled:
    """What a pull did: rows by asset, and the assets that were there already."""

    rows: dict[str, int]
    skipped: tuple[str, ...]


def pull_daily(
    lake: Lake,
    provider: Provider,
    assets: Sequence[str],
    *,
    base_url: str | None = None,
    attempts: int = 5,
    again: bool = False,
    today: datetime,
    pause: Callable[[float], None] = time.sleep,
    progress: Callable[[str, int], None] = lambda _asset, _rows: None,
) -> Pulled:
    """Fetch daily observations of some assets into a lake; each asset is written once it is whole.

    An asset that was fetched on the same day is left out, so that a broken pull can simply be repeated.

    Args:
        lake: Where to.
        provider: coinmetrics or coingecko.
        assets: The provider's names.
        base_url: Address of the service, where not the provider's own.
        attempts: Tries of a request that fails for a while (429, 5xx, a broken connection).
        again: Fetch what was fetched today as well.
        today: The instant of the pull, from which a value that differs from the one in the lake is known.
        pause: Waits a number of seconds.
        progress: Called with each finished asset and its rows.

    Raises:
        DataError: The service cannot be reached, refuses, or answers something else than its format.
    """
    done = _fetched(lake, provider, today) if not again else set()
    rows: dict[str, int] = {}
    fetch = _coinmetrics if provider == "coinmetrics" else _coingecko
    with httpx.Client(base_url=base_url or BASE_URLS[provider], timeout=30, follow_redirects=False) as client:
        get = _patient(client, attempts, pause)
        for asset in assets:
            if asset in done:
                continue
            frame = fetch(get, asset)
            mark = {"source": [f"pulled:{provider}:{today:%Y-%m-%d}"], "alias": [asset], "asset": [asset]}
            with lake.together():
                priced = DAILY.conform(frame.filter(pl.col("price").is_not_null()))
                lake.write("daily", as_versions(DAILY, priced, lake.read("daily"), today).rows)
                lake.write("aliases", pl.DataFrame(mark))
            rows[asset] = frame.height
            progress(asset, frame.height)
    return Pulled(rows, tuple(asset for asset in assets if asset in done))


def _fetched(lake: Lake, provider: str, today: datetime) -> set[str]:
    marks = lake.read("aliases").filter(pl.col("source") == f"pulled:{provider}:{today:%Y-%m-%d}")
    return set(marks["alias"].to_list())


def _patient(
    client: httpx.Client, attempts: int, pause: Callable[[float], None]
) -> Callable[[str, dict[str, str]], bytes]:
    """Return a function that gets a path or address, and tries again where that may help."""

    def get(path: str, params: dict[str, str]) -> bytes:
        last = ""
        for attempt in range(attempts):
            wait = min(2.0**attempt, 60.0)
            try:
                response = client.get(path, params=params or None)
            except httpx.TransportError as error:
                last = str(error) or type(error).__name__
            else:
                if response.status_code == 200:
                    return response.content
                last = f"HTTP {response.status_code}"
                if response.status_code not in _AGAIN:
                    raise DataError(f"{response.url}: answered {last}: {response.text[:120]!r}")
                told = response.headers.get("retry-after", "")
                wait = min(float(told), 300.0) if told.isdigit() else wait
            if attempt + 1 < attempts:
                pause(wait * random.uniform(1.0, 1.25))  # noqa: S311 (spreads retries, keeps no secret)
        raise DataError(
            f"{client.base_url}{path.removeprefix(str(client.base_url))}: could not be fetched in {attempts} attempts "
            f"({last}); "
            "is there a network? What was fetched before is kept, so the same command goes on from there"
        )

    return get


def _coinmetrics(get: Callable[[str, dict[str, str]], bytes], asset: str) -> pl.DataFrame:
    rows: list[MetricRow] = []
    path: str | None = "/timeseries/asset-metrics"
    params = {
        "assets": asset,
        "metrics": "PriceUSD,CapMrktEstUSD,CapMrktCurUSD",
        "frequency": "1d",
        "page_size": "10000",
        "ignore_unsupported_errors": "true",
    }
    while path is not None:
        content = get(path, params)
        try:
            page = MetricPage.model_validate_json(content)
        except ValidationError as error:
            problem = error.errors()[0]
            raise DataError(
                f"{asset}: the service answered something else than its format: "
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            ) from error
        rows += page.data
        path, params = page.next_page_url, {}
    frame = pl.DataFrame(
        {
            # The time of a day's row is its start; its figures hold at its end.
            "time": [row.time.astimezone(UTC) for row in rows],
            "asset": [row.asset for row in rows],
            "price": [row.PriceUSD for row in rows],
            "market_cap": [row.CapMrktCurUSD or row.CapMrktEstUSD for row in rows],
        },
        schema={"time": pl.Datetime("us", "UTC"), "asset": pl.String, "price": pl.Float64, "market_cap": pl.Float64},
    )
    return frame.with_columns(pl.col("time").dt.offset_by("1d"))


def _coingecko(get: Callable[[str, dict[str, str]], bytes], asset: str) -> pl.DataFrame:
    content = get(f"/coins/{asset}/market_chart", {"vs_currency": "usd", "days": "max", "interval": "daily"})
    frame = parse_market_chart(content, asset)
    stamped = frame.with_columns(
        time=pl.from_epoch("time", time_unit="ms").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    )
    # The last row is the price of this moment, not of a midnight.
    whole = stamped.filter(pl.col("time") == pl.col("time").dt.truncate("1d"))
    return whole.select("time", asset=pl.lit(asset), price="price", market_cap="market_cap", volume="total_volume")
