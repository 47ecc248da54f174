"""Warns where the data hold only what survived."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from basketry.core.numbers import Bools
from basketry.core.time import DAY, YEAR_DAYS
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("survivorship")
class Survivorship(Check):
    """Too few of the assets ever held have died.

    Two tests. Of the assets first held long enough ago, those without a price in the last `silence_days` are dead. (1)
    Against a base rate: with a yearly rate h of death, the expected number is λ = Σ (1 − (1 − h)^years); the
    chance of as few as seen is Poisson's, which is above the exact one. (2) Against the market in the same data: as
    many survivors among the assets held as seen, when drawn from all assets that had a price and a capitalisation
    by the same day (hypergeometric). The first finds data without the dead; the second an index that avoids them.

    Attributes:
        yearly_exit: h. Of the 50 largest of each January of 2020 to 2023, 7% were not among the 200 largest a year
            later in ranks kept at the time; half of that, rounded up, is taken.
        significance: Probability below which is warned.
        least_years: Youngest age of a first holding that counts.
        silence_days: Days without a price after which an asset is dead.
    """

    formula = "P(D ≤ d), D ~ Poisson(Σ 1 − (1 − h)^years)"
    source = "Elton, Gruber and Blake (1996), Survivorship Bias and Mutual Fund Performance, for the effect"
    action = "Get data that keep delisted assets, or count the returns as an upper bound."

    yearly_exit: float = Field(0.04, gt=0, lt=1)
    significance: float = Field(0.01, gt=0, lt=0.5)
    least_years: float = Field(1.0, ge=0)
    silence_days: float = Field(30.0, gt=0)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether too many assets survived."""
        from scipy.stats import hypergeom, poisson

        panel = subject.panel
        if panel is None or not subject.baskets:
            return self.not_examined(
                "Constituents or their prices are not known.",
                "Provide constituents at each rebalance and their prices.",
            )
        first_held: dict[str, np.datetime64] = {}
        for instant, weights in subject.baskets:
            for asset in weights:
                first_held.setdefault(asset, instant)
        end = panel.now
        alive = self._alive(subject)
        years = {
            asset: float((end - instant) / DAY / YEAR_DAYS)
            for asset, instant in first_held.items()
            if asset in panel.assets and (end - instant) / DAY >= self.least_years * YEAR_DAYS
        }
        if not years:
            return self.not_examined(
                f"No constituent was first held {self.least_years:g} year(s) ago or more.", "Provide a longer history."
            )
        dead = [asset for asset in years if not alive[panel.position(asset)]]
        expected = sum(1 - (1 - self.yearly_exit) ** span for span in years.values())
        chance = float(poisson.cdf(len(dead), expected))
        oldest = min(first_held[asset] for asset in years)
        market = self._priced_by(subject, oldest)
        held = [asset for asset in years if market[panel.position(asset)]]
        survivors = sum(bool(alive[panel.position(asset)]) for asset in held)
        population, living = int(market.sum()), int((market & alive).sum())
        within = float(hypergeom.sf(survivors - 1, population, living, len(held))) if held else 1.0
        figures = {
            "held": float(len(years)), "dead": float(len(dead)), "expected_dead": expected, "p_base_rate": chance,
            "market": float(population), "market_alive": float(living), "p_market": within,
        }  # fmt: skip
        evidence = [
            f"{len(dead)} of {len(years)} assets held a year or more ago are dead, {expected:.1f} expected at "
            f"{self.yearly_exit:.0%} a year: chance {chance:.2g}",
            f"of {population} assets priced when the history began {living} live; of the {len(held)} held among them "
            f"{survivors}: chance {within:.2g}",
        ]
        if dead:
            evidence.append(f"dead: {', '.join(sorted(dead)[:10])}")
        if chance < self.significance:
            return self.warning("Too few constituents died: data without the dead are suspected.", evidence, figures)
        if within < self.significance:
            statement = (
                "Constituents outlived the market beyond chance: large assets do, but so do those picked afterwards."
            )
            return self.warning(statement, evidence, figures)
        return self.clear("As many constituents died as is to be expected.", evidence, figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return (
            f"Fewer constituents died than {self.yearly_exit:.0%} a year would explain, or than the market around them."
        )

    def _alive(self, subject: Subject) -> Bools:
        panel = subject.panel
        if panel is None:
            return np.zeros(0, dtype=bool)
        recent = panel.times > panel.now - np.timedelta64(int(self.silence_days * 86_400e6), "us")
        alive = np.asarray((~np.isnan(panel.field("price")[recent])).any(axis=0))
        done = panel.actions.at(panel.now)
        for column, origins in ({} if done is None else done.origins).items():
            # What was converted into another or renamed lives on in it.
            alive[[origin.column for origin in origins]] |= alive[column]
        return alive

    @staticmethod
    def _priced_by(subject: Subject, instant: np.datetime64) -> Bools:
        """Return which assets had a price (and a capitalisation, where the data hold them) near an instant."""
        panel = subject.panel
        if panel is None:
            return np.zeros(0, dtype=bool)
        view = panel.as_of(instant)
        known = ~np.isnan(view.latest("price"))
        return known & ~np.isnan(view.latest("market_cap")) if "market_cap" in view.fields else known
