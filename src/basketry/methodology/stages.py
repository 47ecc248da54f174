"""Stages of a selection, `first:` in the section `select:`: only those who pass one go on to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Bools
from basketry.market.panel import Panel
from basketry.methodology.ranking import Figure, MeanRank, Ranking, Ranks, read_by
from basketry.methodology.reading import Attempt, every
from basketry.methodology.selection import SELECTION, SelectionRule

RULES = ("top", "coverage", "threshold")
"""Selection rules that a stage may have."""


class Stage(BaseModel):
    """One stage: the best by something go on, the largest first, and members up to an easier rank or share.

    Attributes:
        by: What is ranked by.
        method: How many go on: top, coverage or threshold. With `enter` and `leave` all within `enter` go on and the
            members within `leave`, so that their number is not fixed.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)

    by: Figure | MeanRank
    method: SelectionRule

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema as the file has it: the rule by its own name."""
        schema = handler.resolve_ref_schema(handler(core))
        del schema["properties"]["method"]
        schema["properties"] |= {name: rule for name, rule in SELECTION.named_schemas().items() if name in RULES}
        return {**schema, "required": ["by"]}

    @staticmethod
    def parse(value: Any, place: str) -> Stage:
        """Return the stage of a mapping such as {by: market_cap, top: 100}.

        Raises:
            MethodologyError: No `by`, no rule or more than one, an unknown key; the message starts with its place.
        """
        if not isinstance(value, Mapping):
            raise MethodologyError(f"{place}: expected keys in braces, as in {{by: market_cap, top: 100}}")
        known = ("by", *RULES)
        every(partial(_check_key, str(key), known, place) for key in value)
        rules = [key for key in value if key in RULES]
        if "by" not in value or len(rules) != 1:
            raise MethodologyError(
                f"{place}: a stage needs by and exactly one of {', '.join(RULES)}, as in {{by: market_cap, top: 100}}"
            )
        attempt = Attempt()
        attempt.read("by", lambda: read_by(value["by"], f"{place}.by"))
        attempt.read("method", lambda: read_method(rules[0], value[rules[0]], place))
        attempt.check(("by", "method"), lambda by, method: check_goes_with(by, method, place))
        return Stage(**attempt.values())

    def rank(self, view: Panel, standing: Bools, members: Bools) -> Passed:
        """Return those who stand in their order, and who of them go on."""
        ranking = self.by.ranked(view, standing)
        figures = ranking.figures[ranking.columns]
        number = self.method.wanted(view, ranking.columns, figures, descending=True)
        beyond = ranking.columns[number : self.method.stay(figures) if self.method.sticky else number]
        return Passed(self, ranking, number, beyond[members[beyond]])

    def entry(self) -> dict[str, Any]:
        """Return it as in a methodology file."""
        return {"by": self.by.entry(), self.method.name: self.method.entry()}

    def words(self) -> str:
        """Return the stage in sentences."""
        return f"Ranked by {self.by.words()}, largest first: {self.method.words()}"


@dataclass(frozen=True, eq=False)
class Passed:
    """What a stage said.

    Attributes:
        stage: The stage.
        ranking: Those who stood, best first.
        number: How many of them went on, whether members or not.
        stayed: Columns of the members beyond these who went on.
    """

    stage: Stage
    ranking: Ranking
    number: int
    stayed: Ranks

    @property
    def mask(self) -> Bools:
        """Who went on, shape (N,)."""
        passed = np.zeros(len(self.ranking.figures), dtype=bool)
        passed[self.ranking.columns[: self.number]] = True
        passed[self.stayed] = True
        return passed


def _check_key(key: str, known: Sequence[str], place: str) -> None:
    if key not in known:
        raise MethodologyError(
            f"{place}.{key}: a stage has no such key{nearest_hint(key, known)}; keys: {', '.join(known)}"
            + ("; for members write top: {enter: 40, leave: 50}" if key == "buffer" else "")
        )


def read_stages(value: Any, place: str) -> tuple[Stage, ...]:
    """Return the stages of a mapping, or of a list of them.

    Raises:
        MethodologyError: One is wrong, or the list is empty.
    """
    if isinstance(value, list | tuple):
        if not value:
            raise MethodologyError(f"{place}: expected a stage, as in {{by: market_cap, top: 100}}, or a list of them")
        return every(partial(Stage.parse, entry, f"{place}[{number}]") for number, entry in enumerate(value))
    return (Stage.parse(value, place),)


def read_method(name: str, value: Any, place: str) -> SelectionRule:
    """Return the selection rule of a name with what stands after it.

    Raises:
        MethodologyError: A parameter is wrong; the message starts with its place.
    """
    try:
        return SELECTION.build(name, value)
    except MethodologyError as error:
        raise error.retold(lambda words: f"{place}.{words}") from error


def check_goes_with(by: Figure | MeanRank, method: SelectionRule, place: str) -> None:
    """Raise MethodologyError where a rule looks at figures that a mean rank does not have."""
    if isinstance(by, MeanRank) and method.needs_figures:
        raise MethodologyError(
            f"{place}.{method.name}: does not go with mean_rank, which gives an order and no figure; write top: 20, "
            f"or put {method.name} with a figure of its own in select.first"
        )
