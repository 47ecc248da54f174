"""Warns where few constituents make up most of the index."""

from __future__ import annotations

from pydantic import Field

from basketry.evaluation.concentration import herfindahl, top_weight
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Check, Outcome


@WARNINGS.register("concentration")
class ConcentrationCheck(Check):
    """The largest constituents weigh too much.

    Attributes:
        count: How many of the largest are added up.
        limit: Their weight above which is warned, a fraction.
    """

    formula = "Σ of the largest k weights > limit"
    action = "Read it as an index of those assets; for a broad one look for a cap, or compare an equal weighting."

    count: int = Field(3, ge=1)
    limit: float = Field(0.7, gt=0, lt=1)

    def examine(self, subject: Subject) -> Outcome:
        """Return whether the last basket is concentrated."""
        weights = subject.last_basket()
        if not weights:
            return self.not_examined("The constituents are not known.", "Provide the weights of the constituents.")
        parts = list(weights.values())
        largest = sorted(weights, key=lambda asset: (-weights[asset], asset))[: self.count]
        share, square = top_weight(parts, self.count), herfindahl(parts)
        figures = {"top": share, "herfindahl": square, "effective_number": 1 / square}
        evidence = [
            "; ".join(f"{asset} {weights[asset]:.1%}" for asset in largest),
            f"effective number of assets {1 / square:.1f} of {len(parts)}",
        ]
        statement = (
            f"The {len(largest)} largest of {len(parts)} constituents weigh {share:.1%} (limit {self.limit:.0%})."
        )
        return (
            self.warning(statement, evidence, figures)
            if share > self.limit
            else self.clear(statement, evidence, figures)
        )

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"The {self.count} largest constituents weigh over {self.limit:.0%}."
