"""How one fixing came about: each part, each venue's contribution, and what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from basketry.core.frames import INSTANT
from basketry.reference.fixing import Fixer, Fixings
from basketry.reference.paths import TapeSource
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import Sources

PARTS = {
    "part": pl.UInt32(),
    "start": INSTANT,
    "end": INSTANT,
    "part_price": pl.Float64(),
    "venue": pl.String(),
    "price": pl.Float64(),
    "weight": pl.Float64(),
    "volume": pl.Float64(),
}


@dataclass(frozen=True, eq=False)
class FixingExplanation:
    """One fixing with its evidence.

    Attributes:
        rules: How it was made, in sentences.
        fixing: The row of FIXINGS.
        sources: One row a market (FIXING_SOURCES).
        parts: One row a part and venue: the price of the part, and the venue's price, weight and volume in it.
        conversions: Rates of other quote currencies (CONVERSIONS).
        events: Steps taken (FIXING_EVENTS).
    """

    rules: list[str]
    fixing: dict[str, Any]
    sources: pl.DataFrame
    parts: pl.DataFrame
    conversions: pl.DataFrame
    events: pl.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values for JSON."""
        return {
            "rules": self.rules,
            "fixing": self.fixing,
            "sources": self.sources.to_dicts(),
            "parts": self.parts.to_dicts(),
            "conversions": self.conversions.to_dicts(),
            "events": self.events.to_dicts(),
        }


def explain_fixing(source: TapeSource, asset: str, instant: int, rules: PriceRules) -> FixingExplanation:
    """Return how the fixing of an asset at an instant (microseconds) comes about from the trades alone.

    A fixing of a series may differ where it builds on earlier ones: a venue that was left out stays out until it is
    well back, and a price may be carried.
    """
    fixer = Fixer(source, asset, rules)
    fixings: Fixings = fixer.fix(np.array([instant], np.int64))
    return FixingExplanation(
        rules.words(),
        fixings.table.row(0, named=True),
        fixings.sources,
        _parts(fixer, instant),
        fixings.conversions,
        fixings.events,
    )


def _parts(fixer: Fixer, instant: int) -> pl.DataFrame:
    at = np.array([instant], np.int64)
    window = fixer.window(fixer.rules.rate, at, frozenset())
    edges = window.rate.edges(at)[0]
    prices = window.rate.estimate(window.tape, at, window.screened.included).parts[0]
    venues = Sources.of(window.tape).venues
    given = window.given
    rows = [
        (
            part + 1,
            int(edges[min(part, len(edges) - 2)]),
            int(edges[min(part + 1, len(edges) - 1)]),
            float(prices[part]),
            venue,
            float(given.price[0, part, place]),
            float(given.weight[0, part, place]),
            float(given.volume[0, part, place]),
        )
        for part in range(given.price.shape[1])
        for place, venue in enumerate(venues)
    ]
    frame = pl.DataFrame(rows, schema={**PARTS, "start": pl.Int64, "end": pl.Int64}, orient="row").with_columns(
        pl.col("start", "end").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), pl.col(pl.Float64).fill_nan(None)
    )
    return frame.filter(pl.col("volume") > 0)
