"""The section `weight:` of a rulebook: one weighting rule and the capping rules beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.methodology.capping import CAPPING, CappingRule
from basketry.methodology.weighting import WEIGHTING, WeightingRule


@dataclass(frozen=True)
class Weight:
    """A weighting rule and the caps that apply to its weights, all at once.

    Attributes:
        rule: Gives the weights before capping.
        caps: Limits on them.
        shortage: What happens on a date when too few assets are eligible for the caps, as three under a cap of 25%:
            equal: equal weights, the closest that there are, recorded as an event. refuse: an error.
    """

    rule: WeightingRule
    caps: tuple[CappingRule, ...] = ()
    shortage: str = "equal"

    @staticmethod
    def parse(value: Any) -> Weight:
        """Return the section of a mapping such as {by: market_cap, cap: 0.25}, or of a bare rule name.

        Raises:
            MethodologyError: No `by`, an unknown rule or a wrong parameter.
        """
        if isinstance(value, str):
            value = {"by": value}
        if not isinstance(value, Mapping) or not isinstance(value.get("by"), str):
            raise MethodologyError("weight: needs `by`, the name of a weighting rule, as in {by: market_cap}")
        name = value["by"]
        rule = WEIGHTING.get(name)
        shortage = value.get("shortage", "equal")
        if shortage not in ("equal", "refuse"):
            raise MethodologyError(f"weight.shortage: {shortage!r} is neither equal nor refuse")
        names = {field.alias or key for key, field in rule.model_fields.items()}
        own = {key: entry for key, entry in value.items() if key in names}
        rest = {key: entry for key, entry in value.items() if key not in ("by", "shortage") and key not in own}
        for key in rest:
            if key not in CAPPING.rules:
                known = [*names, *CAPPING.rules, "shortage"]
                raise MethodologyError(
                    f"weight: unknown key {key!r}{nearest_hint(key, known)}; "
                    f"{name} takes {', '.join(sorted(names)) or 'no parameters'}; "
                    f"caps: {', '.join(CAPPING.rules)}"
                )
        caps = tuple(CAPPING.build(key, entry) for key, entry in sorted(rest.items()))
        return Weight(WEIGHTING.build(name, own), caps, shortage)

    def words(self) -> str:
        """Return the section in sentences."""
        words = " ".join(rule.words() for rule in (self.rule, *self.caps))
        if self.caps and self.shortage == "equal":
            words += " On a date when too few assets are eligible for the caps, weights are equal."
        return words
