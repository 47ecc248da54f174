"""The demo: a simulated market, the example indices on it, one of them verified; venues and reference prices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from basketry.core.version import VERSION
from basketry.jobs.attack import price_attacks
from basketry.jobs.calculate import calculate
from basketry.jobs.data import simulate_lake_venues
from basketry.jobs.new import examples
from basketry.jobs.prices import fixing_instants, reference_prices, traded_span
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.market.simulate import simulate_market
from basketry.methodology.methodology import Methodology
from basketry.reference.price_rules import PriceRules
from basketry.reports.plots import save_picture

START = "2019-01-01"
"""The simulated market begins a year earlier, so that every rule has the history that it asks for."""
TRADED = "sim-aurum"
HOURS = 12.0


def run_demo(out: Path, *, seed: int = 7, progress: Callable[[str], None] = lambda _: None) -> list[str]:
    """Write a simulated lake and every example index on it to a folder; return what to tell, a line each."""
    out.mkdir(parents=True, exist_ok=True)
    lake = Lake(out / "lake")
    if not lake.parts("daily"):
        lake.create(simulated=True, note=f"simulated market, seed {seed}, basketry {VERSION}")
        for name, frame in simulate_market(seed).tables.items():
            lake.write(name, frame)
    progress("Reading the lake")
    panel = lake.panel()
    lines = [f"{'index':<12}{'members':>8}{'from':>12}{'level':>14}  folder"]
    for name, text in examples().items():
        methodology = Methodology.parse(text, where=f"{name}.yaml")
        progress(f"Computing {methodology.name}")
        base = max(START, str(methodology.base_instant.astype("datetime64[D]")))
        index = calculate(methodology, panel, start=base)
        folder = index.save(out / methodology.symbol)
        level = index.published_levels[index.headline_column][-1]
        lines.append(f"{methodology.symbol:<12}{len(index.weights()):>8}{base:>12}{level:>14,.2f}  {folder}")
        if name == "large-cap-20":
            save_picture(index, out / "LC20.png")
    progress("Verifying LC20")
    verification = verify(out / "LC20", panel)
    lines += _prices(lake, out, seed, progress)
    verdict = "verified: every number recomputed and equal" if verification.passed else verification.first_failure
    lines += [
        f"LC20 {verdict}",
        f"Open {out / 'LC20' / 'factsheet.html'} and {out / 'LC20' / 'methodology.html'}.",
        f"A picture is {out / 'LC20.png'}.",
        f"Next:  basketry index explain {out / 'LC20'} 2022-06-01 --lake {out / 'lake'}",
    ]
    return lines


def _prices(lake: Lake, out: Path, seed: int, progress: Callable[[str], None]) -> list[str]:
    """Add half a day of simulated venues to the lake and make reference prices; return what to tell."""
    if not lake.parts("venues"):
        simulate_lake_venues(lake, seed, [TRADED], hours=HOURS, progress=progress)
    progress(f"Reference prices of {TRADED}")
    first, last = traded_span(lake, [TRADED])
    instants = fixing_instants(first, last, timedelta(hours=1))
    prices = reference_prices(lake, [TRADED], instants, PriceRules())
    prices.save(out / "PRICES")
    row = prices.fixings.table.row(-1, named=True)
    progress(f"What moves {TRADED}")
    (cost,) = price_attacks(lake, [TRADED], int(instants[-1]), PriceRules(), moves=[100])
    spent = cost.moves[0].cost
    return [
        f"{TRADED}: {len(instants)} hourly reference prices, the last {row['price']:,.2f} from {row['venues']} venues, "
        f"{out / 'PRICES' / 'prices.html'}",
        f"    to move it by 1%: {'no attack found' if spent is None else f'{spent:,.0f} USD of losses and fees'}; "
        f"{row['survives']} corrupt venue cannot",
    ]
