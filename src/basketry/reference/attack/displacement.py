"""How far each rate is moved by each attack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from basketry.core.numbers import Floats
from basketry.market.tape import Ints, Market, Tape
from basketry.reference.attack.scenarios import ATTACKS, Attack
from basketry.reference.fixing import Fixer
from basketry.reference.paths import Converter, TapeSource
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A source of tapes in which the tape of one asset is another."""

    source: TapeSource
    replacement: Tape

    def markets(self) -> Sequence[Market]:
        """Return every market that there is."""
        return self.source.markets()

    def tape(self, asset: str, start: int, end: int) -> Tape:
        """Return the trades of an asset with start <= time < end."""
        if asset == self.replacement.asset:
            return self.replacement.cut(start, end)
        return self.source.tape(asset, start, end)


def displacements(
    source: TapeSource,
    asset: str,
    instants: Ints,
    rules: PriceRules,
    rates: Sequence[str] = (),
    attacks: Sequence[Attack] = ATTACKS,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Return how far attacks move rates, with the health rules in force.

    The displacement is |attacked price / honest price - 1|, the worst over the factors of the attack and the
    instants, in basis points. The rules' own rate keeps its parameters, other rates have their defaults.

    Args:
        source: Where the honest tapes come from.
        asset: The asset.
        instants: Ends of windows, ascending, microseconds; further apart than the windows are long.
        rules: Currency, venues, health, least number of venues.
        rates: Names; all of the registry unless given any.
        attacks: The attacks.
        progress: Told what is being done.

    Returns:
        One row for each rate and each attack that there are venues enough for. Columns: attack, rate, worst_bp (null
        where no price was left to compare),
        median_bp (over the instants, of the worst factor at each), lost (largest share of prices that the attack
        prevented).
    """
    chosen = {name: RATES.build(name, None) for name in (rates or RATES.rules)}
    chosen[rules.rate.name] = rules.rate
    first = min(int(rate.edges(instants).min()) for rate in chosen.values())
    tape = in_one_currency(source, asset, first, int(instants[-1]), rules)
    window = round(rules.rate.window.total_seconds() * 1e6)
    honest = {name: _prices(source, asset, instants, rules, name, tape) for name in chosen}
    trading = {market.venue for place, market in enumerate(tape.markets) if len(tape.size[tape.market_slice(place)])}
    rows = []
    for attack in attacks:
        if attack.venues > len(trading):
            continue
        if progress is not None:
            progress(f"{asset}: {attack.name}")
        worst = {name: np.full(len(instants), np.nan) for name in chosen}
        lost = dict.fromkeys(chosen, 0.0)
        for factor in attack.factors:
            corrupted = attack.corrupt(tape, factor, instants, window)
            for name in chosen:
                moved = _prices(source, asset, instants, rules, name, corrupted)
                known = np.isfinite(honest[name])
                with np.errstate(invalid="ignore"):
                    worst[name] = np.fmax(worst[name], np.abs(moved / honest[name] - 1) * 1e4)
                gone = (known & ~np.isfinite(moved)).sum()
                lost[name] = max(lost[name], float(gone / max(known.sum(), 1)))
        for name, distance in worst.items():
            known = np.isfinite(distance)
            rows.append(
                {
                    "attack": attack.name,
                    "rate": name,
                    "worst_bp": float(distance[known].max()) if known.any() else None,
                    "median_bp": float(np.median(distance[known])) if known.any() else None,
                    "lost": lost[name],
                }
            )
    text, number = pl.String(), pl.Float64()
    schema = {"attack": text, "rate": text, "worst_bp": number, "median_bp": number, "lost": number}
    return pl.DataFrame(rows, schema=schema)


def in_one_currency(source: TapeSource, asset: str, start: int, end: int, rules: PriceRules) -> Tape:
    """Return the trades of an asset that may count, in the currency of the rules; its markets are quoted in it."""
    raw = source.tape(asset, start, end)
    allowed = {market: rules.market(market) for market in raw.markets}
    tape = raw.only([market for market, kept in allowed.items() if kept is not None])
    converted, _ = Converter(source, rules.currency, rules.conversion).convert(tape, start, end)
    return replace(converted, markets=tuple(replace(market, quote=rules.currency) for market in converted.markets))


def _prices(source: TapeSource, asset: str, instants: Ints, rules: PriceRules, name: str, tape: Tape) -> Floats:
    """Return the prices of a rate; NaN where too few venues count."""
    rate = rules.rate if name == rules.rate.name else RATES.build(name, None)
    window = Fixer(Replaced(source, tape), asset, rules).window(rate, instants, frozenset())
    return np.where(window.venues >= rules.min_venues, window.price, np.nan)
