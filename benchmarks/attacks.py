"""How far corrupt venues move each rate, on five independent simulated venues: `python benchmarks/attacks.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

SEEDS = (7, 8, 9)
HOURS = 6
HOUR = 3_600_000_000


def displacements_of(seed: int) -> pl.DataFrame:
    """Return the displacements on one simulated market; every venue is a group of its own."""
    from basketry.market.venues.simulate import simulate_venues
    from basketry.market.venues.specs import DEFAULT_VENUES
    from basketry.reference.attack.displacement import displacements
    from basketry.reference.price_rules import PriceRules

    venues = [replace(spec, group=spec.venue) for spec in DEFAULT_VENUES]
    feed = simulate_venues(seed, quotes=["usd"], hours=HOURS, venues=venues)
    instants = int(feed.start.astype(np.int64)) + np.arange(1, HOURS + 1) * HOUR
    return displacements(feed, feed.asset, instants, PriceRules())


def main() -> None:
    """Print a Markdown table of the worst displacement over all fixings and seeds."""
    found = pl.concat(displacements_of(seed) for seed in SEEDS)
    worst = found.group_by("rate", "attack", maintain_order=True).agg(pl.col("worst_bp").max())
    attacks = found["attack"].unique(maintain_order=True).to_list()
    print("| rate | " + " | ".join(attacks) + " |")
    print("|-|" + "-:|" * len(attacks))
    for rate, rows in worst.group_by("rate", maintain_order=True):
        print(f"| `{rate[0]}` | " + " | ".join(f"{value:,.1f}" for value in rows["worst_bp"]) + " |")


if __name__ == "__main__":
    main()
