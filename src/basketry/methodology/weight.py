"""The section `weight:` of a rulebook: one weighting rule and the capping rules beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import CapInfeasibleError, MethodologyError, nearest_hint
from basketry.core.numbers import Floats, exact_sum, normalise
from basketry.core.rule import Rule, built
from basketry.core.wrong_values import shown
from basketry.market.cash import CASH
from basketry.market.panel import Panel
from basketry.methodology.capping import CAPPING, CappingRule, apply_caps, limits_of
from basketry.methodology.capping.fixed import FixedWeights
from basketry.methodology.cash import Cash
from basketry.methodology.reading import Attempt
from basketry.methodology.turnover_limit import HeldBack, TurnoverLimit, hold_back
from basketry.methodology.weighting import WEIGHTING, WeightingRule

R = TypeVar("R", bound=Rule)


@dataclass(frozen=True)
class Weight:
    """A weighting rule and the caps that apply to its weights, all at once.

    Attributes:
        rule: Gives the weights before capping.
        caps: Limits on them.
        shortage: What happens on a date when too few assets are eligible for the caps, as three under a cap of 25%:
            equal: equal weights, the closest that there are, recorded as an event. refuse: an error. Stated weights
            are kept; where nobody else is selected, they are scaled to what they share.
        cash: The cash member, None for none.
        turnover: How far weights may move from what is held; None for any distance.
    """

    rule: WeightingRule
    caps: tuple[CappingRule, ...] = ()
    shortage: str = "equal"
    cash: Cash | None = None
    turnover: TurnoverLimit | None = None

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
        name, attempt = value["by"], Attempt()
        rule = WEIGHTING.find(name)
        names = None if rule is None else rule.keys()
        for key in value:
            attempt.read(key, partial(_part, key, value, names))
        if "cash" in value:
            for key in value:
                attempt.check(("cash", key), partial(_check_cash, key))
        read = attempt.values()
        beside = ("by", *_BESIDE, *(names or ()))
        caps = tuple(read[key] for key in sorted(value) if key not in beside and key in CAPPING)
        return Weight(read["by"], caps, read.get("shortage", "equal"), read.get("cash"), read.get("turnover"))

    @property
    def beside(self) -> tuple[Rule, ...]:
        """Which weights are not by the weighting rule alone: caps, then the cash member."""
        return self.caps if self.cash is None else (*self.caps, self.cash)

    @property
    def invested(self) -> float:
        """What the weights of the selected sum to: all but cash."""
        return 1.0 if self.cash is None else 1.0 - self.cash.weight

    @property
    def fixed(self) -> FixedWeights | None:
        """The stated weights, None where there are none."""
        return next((rule for rule in self.caps if isinstance(rule, FixedWeights)), None)

    @property
    def treatment(self) -> str:
        """What is done on a date when the caps cannot be kept."""
        return "equal weights" if self.fixed is None and self.cash is None else "equal weights beside the stated"

    def capped(self, view: Panel, selected: NDArray[np.int64], raw: Floats) -> tuple[Floats, str | None]:
        """Return the weights after capping, shape (n,), and the arithmetic of caps that cannot be kept.

        They sum to `invested`.

        Args:
            view: The panel as of the determination.
            selected: Columns of the selected assets, ascending, shape (n,).
            raw: Their weights before capping, shape (n,).

        Raises:
            CapInfeasibleError: They cannot be kept, and `shortage` is refuse.
            MethodologyError: The limits do not go together.
        """
        try:
            if self.fixed is not None:
                self.fixed.check(view, selected, self.invested)
            return apply_caps(self.caps, view, selected, raw, self.invested), None
        except CapInfeasibleError as error:
            if self.shortage == "refuse":
                raise
            return self._nearest(view, selected), str(error)

    def held_back(
        self,
        view: Panel,
        selected: NDArray[np.int64],
        raw: Floats,
        target: Floats,
        held: Floats,
        cash: float,
        *,
        capped: bool,
    ) -> HeldBack | None:
        """Return the weights as the turnover limit holds them back, None where there is none or it holds back nothing.

        Args:
            view: The panel as of the determination.
            selected: Columns of the selected assets, ascending, shape (n,).
            raw, target: Their weights before and after capping, shape (n,).
            held: Weights held of them, shape (n,); what they and cash lack of 1 leaves.
            cash: Weight held of the cash member.
            capped: Whether the targets keep the caps; where no weights do, they are taken as they are.
        """
        if self.turnover is None:
            return None
        bought = 0.0 if self.cash is None else max(self.cash.weight - cash, 0.0)
        limits = limits_of(self.caps, view, selected) if capped else None
        return hold_back(self.turnover.max, raw, target, held, limits, whole=self.invested, bought=bought)

    def _nearest(self, view: Panel, selected: NDArray[np.int64]) -> Floats:
        """Return equal weights beside the stated ones, shape (n,)."""
        if self.fixed is None:
            return np.full(len(selected), self.invested / len(selected))
        weights = self.fixed.stated(view, selected)
        others = np.isnan(weights)
        if not others.any():
            return normalise(weights) * self.invested
        weights[others] = (self.invested - exact_sum(weights[~others])) / np.count_nonzero(others)
        return weights

    def words(self) -> str:
        """Return the section in sentences."""
        words = " ".join([self.rule_words(), *(rule.words() for rule in self.beside)])
        words += "" if self.turnover is None else f" {self.turnover.words()}"
        if self.caps and self.shortage == "equal":
            words += f" On a date when too few assets are eligible for the caps, {self.shortage_words()}."
        return words

    def rule_words(self) -> str:
        """Return the weighting rule as a sentence; stated weights as shares of the whole index, cash included.

        >>> Weight.parse({"by": "fixed", "weights": {"bitcoin": 3, "ether": 1}, "cash": 0.2}).rule_words()
        'Fixed weights: bitcoin 60%, ether 20% of the index, scaled from weights that sum to 4.'
        """
        return self.rule.words_of(self.invested)

    def shortage_words(self) -> str:
        """Return what weights are on a date when too few assets are eligible for the caps.

        >>> Weight.parse({"by": "equal", "cap": 0.25}).shortage_words()
        'weights are equal'
        """
        if self.fixed is None:
            return "weights are equal" if self.cash is None else "weights are equal beside cash"
        return (
            "stated weights are kept and the others are equal; where nobody else is selected, stated weights are "
            f"scaled to sum to {self.invested:.10g}"
        )


_BESIDE = ("cash", "shortage", "turnover")
"""Keys beside the weighting rule and the caps."""


def _part(key: str, section: Mapping[str, Any], names: Sequence[str] | None) -> Any:
    """Return what a key of the section says; of a parameter of the weighting rule, which `by` reads, nothing.

    Args:
        key: The key.
        section: The section.
        names: The parameters of the weighting rule, None where the rule is not known.
    """
    value = section[key]
    if key == "by":
        return _rule(value, {own: section[own] for own in section if own in (names or ())})
    if names is not None and key in names:
        return None
    if key == "shortage":
        if value not in ("equal", "refuse"):
            raise MethodologyError(f"weight.shortage: {shown(value)} is neither equal nor refuse")
        return value
    if key in ("cash", "turnover"):
        return _beside(Cash if key == "cash" else TurnoverLimit, value)
    if key in CAPPING:
        return _cap(key, value)
    if names is None:
        # It may be a parameter of the rule that was meant.
        return None
    known = [*names, *CAPPING.rules, *_BESIDE]
    raise MethodologyError(
        f"weight: unknown key {key!r}{nearest_hint(key, known)}; "
        f"{section['by']} takes {', '.join(sorted(names)) or 'no parameters'}; "
        f"caps: {', '.join(CAPPING.rules)}; beside them: {', '.join(_BESIDE)}"
    )


def _check_cash(key: str, cash: Cash, part: Any) -> None:
    """Raise MethodologyError where a part of the section names the cash member, whose weight `cash` states."""
    if isinstance(part, Rule) and part is not cash and CASH in part.reads.assets:
        name = "weights" if key == "by" else key
        raise MethodologyError(f"weight.{name}.{CASH}: `cash` states the weight of the cash member; leave it out")


def _rule(name: str, own: Mapping[str, Any]) -> WeightingRule:
    """Return the weighting rule; its parameters stand in the section without its name."""
    own_place = f"{name}."
    try:
        return WEIGHTING.build(name, own)
    except MethodologyError as error:
        raise error.retold(
            lambda words: f"weight.{words.removeprefix(own_place)}" if words.startswith(own_place) else words
        ) from error


def _beside(rule: type[R], value: Any) -> R:
    """Return a rule beside the weighting rule; an error starts with the path to what is wrong in the file."""
    _stated(rule, value)
    try:
        return built(rule, value)
    except MethodologyError as error:
        raise error.retold("weight.{}".format) from error


def _stated(rule: type[Rule], value: Any) -> None:
    """Raise MethodologyError where a key of the section has no value, and its rule needs one."""
    field = rule.model_fields.get(rule.shorthand)
    if value is None and field is not None and field.is_required():
        example = str((field.examples or ["..."])[0]).replace("'", "")
        raise MethodologyError(
            f"weight.{rule.name}: has no value; write one, as in {rule.name}: {example}, or leave the key out"
        )


def _cap(name: str, value: Any) -> CappingRule:
    """Return a capping rule; an error starts with the path to what is wrong in the file."""
    _stated(CAPPING.get(name), value)
    try:
        return CAPPING.build(name, value)
    except MethodologyError as error:
        raise error.retold("weight.{}".format) from error
