"""Several rates over the same trades: their prices side by side, and how far they are from the rules' own rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.market.tape import Ints
from basketry.reference.fixing import Fixer
from basketry.reference.paths import TapeSource
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Prices of several rates.

    Attributes:
        asset: The asset. currency: What prices are in.
        benchmark: Name of the rate that the others are measured against.
        times: Instants, microseconds, shape (T,).
        prices: By name of the rate, shape (T,); NaN where a rate has none.
    """

    asset: str
    currency: str
    benchmark: str
    times: Ints
    prices: dict[str, Floats]

    def table(self) -> pl.DataFrame:
        """Return one row an instant, one column a rate."""
        stamps = pl.Series("time", self.times).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return pl.DataFrame([stamps, *(pl.Series(name, price).fill_nan(None) for name, price in self.prices.items())])

    def summary(self) -> pl.DataFrame:
        """Return for each rate: prices made, and the distance from the benchmark in basis points.

        Columns: rate; prices; median_bp and largest_bp, of the absolute distance; largest_at; step_bp, the standard
        deviation of the rate's log change from one instant to the next.
        """
        own = self.prices[self.benchmark]
        rows = []
        for name, price in self.prices.items():
            with np.errstate(invalid="ignore", divide="ignore"):
                away = np.abs(price / own - 1) * 1e4
                steps = np.diff(np.log(price)) * 1e4
            known = np.isfinite(away)
            steps = steps[np.isfinite(steps)]
            place = int(np.nanargmax(away)) if known.any() else None
            rows.append(
                {
                    "rate": name,
                    "prices": int(np.isfinite(price).sum()),
                    "median_bp": float(np.median(away[known])) if known.any() else None,
                    "largest_bp": None if place is None else float(away[place]),
                    "largest_at": None if place is None else np.datetime64(int(self.times[place]), "us").item(),
                    "step_bp": float(steps.std()) if len(steps) > 1 else None,
                }
            )
        schema = {"rate": pl.String(), "prices": pl.UInt32(), "median_bp": pl.Float64(), "largest_bp": pl.Float64()}
        frame = pl.DataFrame(rows, schema={**schema, "largest_at": pl.Datetime("us"), "step_bp": pl.Float64()})
        return frame.with_columns(pl.col("largest_at").dt.replace_time_zone("UTC"))


def compare_rates(
    source: TapeSource,
    asset: str,
    instants: Ints,
    rules: PriceRules,
    rates: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    batch: int = 48,
) -> Comparison:
    """Return the prices of several rates with their default parameters, and of the rules' own rate.

    All see the same trades, converted and screened by the same rules; no rate falls back.

    Args:
        source: Where tapes come from.
        asset: The asset.
        instants: Microseconds, ascending.
        rules: Currency, venues, health and conversion; its rate is the benchmark.
        rates: Names; all of the registry unless given any.
        progress: Told what is being done.
        batch: Instants that are made from one read of the tapes.
    """
    chosen = {name: RATES.build(name, None) for name in (rates or RATES.rules)}
    chosen[rules.rate.name] = rules.rate
    prices: dict[str, Floats] = {}
    for name, rate in chosen.items():
        if progress is not None:
            progress(f"{asset}: {name}")
        out: frozenset[str] = frozenset()
        parts = []
        fixer = Fixer(source, asset, rules)
        for first in range(0, len(instants), batch):
            window = fixer.window(rate, instants[first : first + batch], out)
            out = window.screened.out
            parts.append(window.price)
        prices[name] = np.concatenate(parts) if parts else np.empty(0)
    return Comparison(asset, rules.currency, rules.rate.name, instants, prices)
