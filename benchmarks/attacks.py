"""How far corrupt venues move each rate on five independent simulated venues, and what moving one by trading costs."""

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


COSTED = ("capped_median", "partitioned_median", "venue_median", "vwap", "last", "twap")


def print_costs() -> None:
    """Print a Markdown table of what it costs to move one fixing by trading, from books of fifty levels."""
    from basketry.market.venues.simulate import simulate_venues
    from basketry.market.venues.specs import DEFAULT_VENUES
    from basketry.reference.attack.cost import MOVES, manipulation_cost
    from basketry.reference.attack.liquidity import BookLiquidity
    from basketry.reference.price_rules import PriceRules
    from basketry.reference.rate import RATES

    venues = [replace(spec, group=spec.venue) for spec in DEFAULT_VENUES]
    feed = simulate_venues(SEEDS[0], quotes=["usd"], hours=2, levels=50, venues=venues)
    held = {market: BookLiquidity.of(depth, 1e-8) for market, depth in feed.frames["depth"].items()}
    books = {market: book for market, book in held.items() if book is not None}
    print("| rate | " + " | ".join(f"{move:g} bp" for move in MOVES) + " | corrupt venues |")
    print("|-|" + "-:|" * (len(MOVES) + 1))
    for name in COSTED:
        rules = PriceRules(rate=RATES.build(name, None))
        found = manipulation_cost(feed, feed.asset, int(feed.end.astype(np.int64)), rules, books=books)
        costs = ["-" if move.cost is None else f"{move.cost:,.0f}" for move in found.moves]
        print(f"| `{name}` | " + " | ".join(costs) + f" | {found.corrupt} |")


def main() -> None:
    """Print Markdown tables: the worst displacement over all fixings and seeds; costs by trading."""
    found = pl.concat(displacements_of(seed) for seed in SEEDS)
    worst = found.group_by("rate", "attack", maintain_order=True).agg(pl.col("worst_bp").max())
    attacks = found["attack"].unique(maintain_order=True).to_list()
    print("| rate | " + " | ".join(attacks) + " |")
    print("|-|" + "-:|" * len(attacks))
    for rate, rows in worst.group_by("rate", maintain_order=True):
        print(f"| `{rate[0]}` | " + " | ".join(f"{value:,.1f}" for value in rows["worst_bp"]) + " |")
    print()
    print_costs()


if __name__ == "__main__":
    main()
