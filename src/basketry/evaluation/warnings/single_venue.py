"""Warns of constituents whose price one venue makes."""

from __future__ import annotations

import math

from pydantic import Field

from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("single_venue")
class SingleVenue(Check):
    """Constituents that trade on too few venues for any of them to be checked by another.

    Attributes:
        venues_min: Fewer venues are warned of.
    """

    action = (
        "One outage or one manipulated book moves the index: ask how such a price is made, and what happens without it."
    )

    venues_min: int = Field(2, ge=1)

    def examine(self, subject: Subject) -> Outcome:
        """Return which constituents of the last basket have too few venues."""
        weights = subject.last_basket()
        if not weights or subject.venues is None:
            return self.not_examined(
                "Constituents or their venues are not known.", "Provide the number of venues of each constituent."
            )
        counts = {asset: float(subject.venues.get(asset, math.nan)) for asset in weights}
        few = [asset for asset in weights if counts[asset] < self.venues_min]
        unknown = [asset for asset in weights if math.isnan(counts[asset])]
        share = sum(weights[asset] for asset in few)
        evidence = [f"{asset}: {counts[asset]:.0f} venue(s), weight {weights[asset]:.2%}" for asset in sorted(few)]
        if unknown:
            evidence.append(f"venues not known: {', '.join(sorted(unknown))}")
        figures = {"few": float(len(few)), "weight": share, "unknown": float(len(unknown))}
        if few:
            statement = f"{len(few)} of {len(weights)} constituents ({share:.1%} of the weight) have under "
            statement += f"{self.venues_min} venues."
            return self.warning(statement, evidence, figures)
        if unknown:
            return self.not_examined(
                f"The venues of {len(unknown)} of {len(weights)} constituents are not known.",
                f"Provide the number of venues of {', '.join(sorted(unknown)[:5])}.",
            )
        return self.clear(f"Every constituent has {self.venues_min} venues or more.", (), figures)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"A constituent trades on fewer than {self.venues_min} venues."
