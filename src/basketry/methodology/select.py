"""The section `select:` of a rulebook: rank the eligible, want a number of them, and be slow to change."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.methodology.buffers import Buffer, Exceed, select_with_buffer, select_with_exceed
from basketry.methodology.choice import Choice, Contest, Lifted, Short
from basketry.methodology.ranking import Figure, MeanRank, Ranks, read_by
from basketry.methodology.reading import Attempt, at, section
from basketry.methodology.selection import SELECTION, SelectionRule
from basketry.methodology.selection.all import All
from basketry.methodology.stages import Passed, Stage, check_goes_with, read_method, read_stages


class Selection(BaseModel):
    """Which of the eligible assets are in.

    Attributes:
        first: Stages before: only those who pass them are ranked.
        by: What to rank by: a field, a named metric, or a derived figure such as return_90d; one over a window; or the
            mean of the ranks by several. Where all are taken and it is not stated, the price ranks in data without
            capitalisations.
        order: Largest first (descending) or smallest first.
        buffer: Ranks to enter and to leave, or by how much a challenger must exceed a member.
        min_count: At least so many are wanted, as far as there are eligible assets.
        max_count: At most so many.
        method: How many are wanted: the rule beside these keys, such as top: 20.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, arbitrary_types_allowed=True)

    first: tuple[Stage, ...] = ()
    by: Figure | MeanRank = Figure(metric="market_cap")
    order: Literal["descending", "ascending"] = "descending"
    buffer: Buffer | Exceed | None = None
    min_count: int | None = Field(None, ge=1)
    max_count: int | None = Field(None, ge=1)
    method: SelectionRule

    @model_validator(mode="after")
    def _consistent(self) -> Selection:
        if self.min_count is not None and self.max_count is not None and self.min_count > self.max_count:
            raise MethodologyError(f"min_count {self.min_count} is above max_count {self.max_count}")
        check_goes_with(self.by, self.method, "select")
        if isinstance(self.by, MeanRank) and self.order == "ascending":
            raise MethodologyError(
                "select.order: does not go with mean_rank, which takes the largest of every figure first; leave it out"
            )
        if self.buffer is not None and self.method.sticky:
            raise MethodologyError(
                f"select.buffer: {self.method.name} has enter and leave of its own; leave out the one or the other"
            )
        if isinstance(self.buffer, Exceed):
            self._check_exceed()
        elif self.buffer is not None:
            self._check_ranks(self.buffer)
        return self

    def _check_ranks(self, buffer: Buffer) -> None:
        most, over = self.method.most(), self.method.passed_over
        if most is None:
            return
        if over and buffer.enter <= over:
            raise MethodologyError(
                f"select.buffer.enter: {buffer.enter} lies before the range, which begins at rank {over + 1}; better "
                f"ranks are never in, so write a number from {over + 1} to {over + most}"
            )
        if not buffer.enter <= over + most <= buffer.leave:
            raise MethodologyError(
                f"select.buffer: {over + most} must lie between enter {buffer.enter} and leave {buffer.leave}"
            )

    def _check_exceed(self) -> None:
        place = "select.buffer.exceed"
        if isinstance(self.by, MeanRank):
            raise MethodologyError(
                f"{place}: does not go with mean_rank, which gives an order and no figure; write the ranks, as in "
                "buffer: {enter: 8, leave: 12}"
            )
        if self.by.may_be_negative:
            raise MethodologyError(
                f"{place}: {self.by.metric} may be negative, and a share of it says nothing then; write the ranks, as "
                "in buffer: {enter: 8, leave: 12}"
            )

    @staticmethod
    def parse(value: Any) -> Selection:
        """Return the section of a mapping such as {by: market_cap, top: 20, buffer: {enter: 18, leave: 24}}.

        Raises:
            MethodologyError: No selection rule or more than one, an unknown key, a wrong parameter.
        """
        if not isinstance(value, Mapping):
            raise MethodologyError("expected keys in braces, as in {by: market_cap, top: 20}")
        common = [name for name in Selection.model_fields if name != "method"]
        others = [key for key in value if key not in common]
        rules = [key for key in others if key in SELECTION]
        unknown = [key for key in others if key not in rules]
        attempt = Attempt()
        for key in value:
            attempt.read(key, partial(_part, key, value[key], common))
        # A rule that is misspelt is not told again as one that is missing.
        if len(rules) != 1 and (rules or not unknown):
            attempt.read("method", partial(_refuse_rules, rules))
        plain = {key: value[key] for key in ("order", "min_count", "max_count") if key in value}
        attempt.read("plain", lambda: section(Selection, {**plain, "method": All()}, "select"))
        read = attempt.values()
        own = {key: read[key] for key in value if key in common}
        return section(Selection, {**own, "method": read[rules[0]]}, "select")

    @property
    def any_order(self) -> bool:
        """Whether all are taken and nothing to rank by is stated, so that data need no capitalisation."""
        return (
            isinstance(self.method, All)
            and self.max_count is None
            and not self.first
            and "by" not in self.model_fields_set
        )

    @property
    def reads(self) -> Reads:
        """The figures to rank by; what the rule of the number reads it says itself."""
        used = [figure for by in (*(stage.by for stage in self.first), self.by) for figure in figures_of(by)]
        if self.any_order:
            return Reads(optional=tuple(figure.metric for figure in used))
        return Reads(
            figures=tuple(figure.metric for figure in used if not figure.of_window),
            fields=tuple(figure.metric for figure in used if figure.of_window),
        )

    def ranked_by(self, view: Panel) -> Figure | MeanRank:
        """Return what ranks on some data."""
        missing = isinstance(self.by, Figure) and self.by.metric not in view.fields
        return Figure(metric="price") if self.any_order and missing else self.by

    @cached_property
    def ranking(self) -> Hashable:
        """What decides who is ranked and where among the eligible, as a key."""
        # The class itself: one that was written anew under its old name is another rule.
        stages = tuple((stage.by, type(stage.method), stage.method) for stage in self.first)
        return (self.by, self.order, stages, self.any_order)

    @property
    def stages_heed_members(self) -> bool:
        """Whether who is a member changes who is ranked."""
        return any(stage.method.sticky for stage in self.first)

    def ranked(self, view: Panel, eligible: Bools, members: Bools) -> Contest:
        """Return the eligible assets who pass all stages and have a figure to rank by, in their order.

        Args:
            view: The panel as of the determination.
            eligible: Who may be chosen, shape (N,).
            members: Who is a member now, shape (N,); a stage may be kinder to them.

        Raises:
            DataError: The data do not hold a figure that is ranked by.
        """
        standing = eligible
        passed: list[Passed] = []
        for stage in self.first:
            passed.append(at("select.first", partial(stage.rank, view, standing, members)))
            standing = passed[-1].mask
        by, descending = self.ranked_by(view), self.order == "descending"
        ranking = at("select.by", partial(by.ranked, view, standing, descending=descending))
        return Contest(eligible, ranking, tuple(passed))

    def choose(self, view: Panel, eligible: Bools, members: Bools) -> Choice:
        """Return who is chosen at the last instant of a panel.

        Args:
            view: The panel as of the determination.
            eligible: Who may be chosen, shape (N,).
            members: Who is a member now, shape (N,).
        """
        return self.choose_from(view, self.ranked(view, eligible, members), members)

    def choose_from(self, view: Panel, contest: Contest, members: Bools) -> Choice:
        """Return who is chosen of those who are ranked already.

        Raises:
            MethodologyError: A buffer by size, and a figure is negative.
        """
        ranked, descending = contest.ranking.columns, self.order == "descending"
        figures = contest.ranking.figures[ranked]
        over = self.method.passed_over
        standing = ranked[over:]
        entering = self.method.wanted(view, ranked, figures, descending=descending)
        wanted = entering
        if self.method.sticky:
            # Nobody but members is taken beyond the share at which others enter.
            wanted += int(np.count_nonzero(members[standing[entering : self.method.stay(figures)]]))
        most = min(self.max_count or len(standing), len(standing))
        short = self._short(wanted, len(standing))
        alone, wanted = min(wanted, most), min(max(wanted, self.min_count or 0), most)
        if isinstance(self.buffer, Exceed):
            self._check_figures(view, standing, figures[over:])

        def picked(number: int) -> Bools:
            if self.method.sticky:
                taken = select_with_buffer(standing, members, number, entering, self.method.stay(figures))
            elif self.buffer is None:
                taken = standing[:number]
            elif isinstance(self.buffer, Exceed):
                share = self.buffer.exceed
                taken = select_with_exceed(standing, figures[over:], members, number, share, descending=descending)
            else:
                enter, leave = self.buffer.enter - over, self.buffer.leave - over
                taken = select_with_buffer(standing, members, number, enter, leave)
            chosen = np.zeros(len(view.assets), dtype=bool)
            chosen[taken] = True
            return chosen

        chosen, by = picked(wanted), self.ranked_by(view)
        lifted = None if alone == wanted else Lifted(alone, chosen & ~picked(alone))
        return Choice(view, contest, chosen, wanted, members, by, self.method, self.buffer, descending, lifted, short)

    def _short(self, wanted: int, standing: int) -> Short | None:
        """Return that fewer stand than are wanted, None where enough do."""
        # A rule without figures says its number in parameters; what it wants of a market is cut to who is there.
        stated = None if self.method.sticky or self.method.needs_figures else self.method.most()
        asked = wanted if stated is None else stated
        asked = max(min(asked, self.max_count or asked), self.min_count or 0)
        if asked <= standing:
            return None
        return Short(asked, self.min_count if (self.min_count or 0) > standing else None)

    def _check_figures(self, view: Panel, standing: Ranks, figures: Floats) -> None:
        negative = np.flatnonzero(figures < 0)
        if len(negative):
            place = int(negative[0])
            raise MethodologyError(
                f"select.buffer.exceed: {self.by.words()} of {view.assets[int(standing[place])]!r} is "
                f"{figures[place]:g}, and a share of a negative figure says nothing; rank by another figure, leave "
                "such assets out of the universe, or write the ranks, as in buffer: {enter: 8, leave: 12}"
            )

    def doubts(self) -> list[tuple[str, str]]:
        """Return in words what keys give that may not be meant, each with its key.

        >>> Selection.parse({"top": 10, "min_count": 12}).doubts()
        [('min_count', 'is above the 10 that top wants, so 12 are wanted; raise top, or lower min_count')]
        """
        number = self.method.most()
        found: list[tuple[str, str]] = []
        if number is None:
            return found
        if self.min_count is not None and self.min_count > number:
            found.append(
                (
                    "min_count",
                    f"is above the {number} that {self.method.name} wants, so {self.min_count} are wanted; "
                    f"raise {self.method.name}, or lower min_count",
                )
            )
        passed = min((most for stage in self.first if (most := stage.method.most()) is not None), default=None)
        wanted = number + self.method.passed_over
        if passed is not None and passed < wanted:
            found.append(
                (
                    "first",
                    f"lets {passed} go on at most, fewer than the {wanted} that {self.method.name} reaches to; "
                    f"let more go on, or lower {self.method.name}",
                )
            )
        return found

    def most(self) -> int | None:
        """Return how many are in at most as far as the parameters say, None where they do not."""
        number = self.method.most()
        number = None if number is None else max(number, self.min_count or number)
        counts = [number, self.max_count, *(stage.method.most() for stage in self.first)]
        return min((count for count in counts if count is not None), default=None)

    @property
    def formula(self) -> str:
        """The formulas of all parts, one a line."""
        parts = [part for stage in self.first for part in (stage.by, stage.method)]
        every = (part for part in (*parts, self.by, self.method, self.buffer) if part is not None)
        return _together(part.equation() if isinstance(part, SelectionRule) else part.formula for part in every)

    @property
    def source(self) -> str:
        """The sources of all parts."""
        parts = [part for stage in self.first for part in (stage.by, stage.method)]
        return _together(part.source for part in (*parts, self.by, self.method, self.buffer) if part is not None)

    @property
    def sticky(self) -> bool:
        """Whether it matters who is a member."""
        return self.buffer is not None or self.method.sticky or self.stages_heed_members

    def words(self) -> str:
        """Return the section in sentences."""
        descending = self.order == "descending"
        words = [f"{stage.words()} Only those go on." for stage in self.first]
        who = "Those who are left" if self.first else "Eligible assets"
        if isinstance(self.by, MeanRank):
            words.append(
                f"{who} are ranked by {self.by.words()}, the largest of each first; of equal means the better rank by "
                f"{self.by.mean_rank[0].words()} comes first."
            )
        else:
            by = f"{self.by.words()}, or by price in data without it" if self.any_order else self.by.words()
            words.append(f"{who} are ranked by {by}, {'largest' if descending else 'smallest'} first.")
        words.append(self.method.words())
        if isinstance(self.buffer, Exceed):
            words.append(self.buffer.words(descending=descending))
        elif self.buffer is not None:
            words.append(self.buffer.words())
        if self.min_count is not None:
            words.append(f"At least {self.min_count} assets are taken.")
        if self.max_count is not None:
            words.append(f"At most {self.max_count} assets are taken.")
        return " ".join(words)


def figures_of(by: Figure | MeanRank) -> tuple[Figure, ...]:
    """Return the figures by which a ranking goes."""
    return by.mean_rank if isinstance(by, MeanRank) else (by,)


def _together(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _part(key: str, value: Any, common: Sequence[str]) -> Any:
    """Return what a key of the section says."""
    place = f"select.{key}"
    if key not in common and key in SELECTION:
        return read_method(key, value, "select")
    if key not in common:
        known = [*common, *SELECTION.rules]
        raise MethodologyError(f"select: unknown key {key!r}{nearest_hint(key, known)}; keys: {', '.join(known)}")
    if key == "by":
        return read_by(value, place)
    if key == "first":
        return read_stages(value, place)
    return _read_buffer(value) if key == "buffer" and value is not None else value


def _refuse_rules(rules: Sequence[str]) -> None:
    raise MethodologyError(
        f"select: needs exactly one of {', '.join(SELECTION.rules)}, was {', '.join(rules) or 'none'}"
    )


def _read_buffer(value: Any) -> Buffer | Exceed:
    known = ("enter", "leave", "exceed")
    for key in value if isinstance(value, Mapping) else ():
        if key not in known:
            raise MethodologyError(
                f"select.buffer.{key}: unknown key{nearest_hint(str(key), known)}; keys: enter and leave, or exceed"
            )
    if isinstance(value, Mapping) and "exceed" in value:
        if len(value) > 1:
            raise MethodologyError(
                "select.buffer: exceed goes by size, enter and leave by rank; write {exceed: 0.05}, or "
                "{enter: 8, leave: 12}"
            )
        return section(Exceed, value, "select.buffer")
    return section(Buffer, value, "select.buffer")
