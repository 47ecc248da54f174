"""Reference data of the simulated market: assets, their names over time, sectors and tags."""

import polars as pl

from basketry.market.simulation import roster as cast
from basketry.market.simulation.roster import AssetSpec
from basketry.market.simulation.timeline import Timeline

_SPAN = {"valid_from": pl.Datetime("us"), "valid_until": pl.Datetime("us")}
NOTES = {
    cast.BACKING: "backing coin of Parity; lost over 99.9% in a week while its supply exploded",
    cast.ALGORITHMIC: "algorithmic stablecoin that lost its peg",
    cast.FAILED_EXCHANGE: "token of an exchange that failed; delisted",
    cast.MIGRATED: "migrated to Lattice, one new for 20 old",
    cast.REDENOMINATED: "redenominated, 1000 new for one old",
    cast.HALTED: "its chain stood still for five days",
    cast.GAP: "three days are missing",
    cast.STALE: "six days repeat the day before them",
    cast.RESTATED: "supply overstated for 60 days, then restated",
    cast.TICKER_REUSED: "took the ticker that the fallen backing coin had given up",
}


def asset_table(specs: tuple[AssetSpec, ...]) -> pl.DataFrame:
    """Return the asset reference, by id."""
    rows = [
        {
            "asset": spec.asset,
            "symbol": _last_symbol(spec),
            "name": spec.name,
            "note": f"simulated; {NOTES[spec.asset]}" if spec.asset in NOTES else "simulated",
        }
        for spec in specs
    ]
    return pl.DataFrame(rows).sort("asset")


def _last_symbol(spec: AssetSpec) -> str:
    return f"{spec.symbol}C" if spec.asset == cast.BACKING else spec.symbol


def alias_table(timeline: Timeline, specs: tuple[AssetSpec, ...]) -> pl.DataFrame:
    """Return the tickers with their dates; the collapsed coin is renamed and its ticker is used again."""
    rows: list[dict[str, object]] = []
    for spec in specs:
        spans = [(spec.symbol, timeline.births[spec.asset], timeline.deaths.get(spec.asset))]
        if spec.asset == cast.BACKING:
            spans = [
                (spec.symbol, timeline.births[spec.asset], timeline.renaming),
                (_last_symbol(spec), timeline.renaming, None),
            ]
        rows += [
            {"source": "*", "alias": alias, "asset": spec.asset, **_span(timeline, start, end)}
            for alias, start, end in spans
        ]
    return pl.DataFrame(rows, schema_overrides=_SPAN).sort("source", "alias", "valid_from")


def classification_table(timeline: Timeline, specs: tuple[AssetSpec, ...]) -> pl.DataFrame:
    """Return the tags of each asset and its one sector, from its first day; one asset changes its sector."""
    rows: list[dict[str, object]] = []
    for spec in specs:
        birth = timeline.births[spec.asset]
        sectors: list[tuple[str, int, int | None]] = [(spec.sector, birth, None)]
        if spec.asset == cast.RECLASSIFIED:
            change = timeline.reclassification
            sectors = [(spec.sector, birth, change), ("infrastructure", change, None)]
        kinds: list[tuple[str, str, int, int | None]] = [("sector", *sector) for sector in sectors] + [
            ("tag", *sector) for sector in sectors
        ]
        kinds += [("tag", tag, birth, None) for tag in spec.tags if tag != spec.sector]
        rows += [
            {"asset": spec.asset, "scheme": scheme, "value": value, **_span(timeline, start, end)}
            for scheme, value, start, end in kinds
        ]
    return pl.DataFrame(rows, schema_overrides=_SPAN).sort("asset", "scheme", "value", "valid_from")


def _span(timeline: Timeline, start: int, end: int | None) -> dict[str, object]:
    return {
        "valid_from": timeline.instant(start).item(),
        "valid_until": None if end is None else timeline.instant(end).item(),
    }
