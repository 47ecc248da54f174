"""Who was chosen, and why: what a selection gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from basketry.core.numbers import Bools, Floats, percent
from basketry.market.panel import Panel
from basketry.methodology.buffers import Buffer, Exceed
from basketry.methodology.ranking import Figure, MeanRank, Ranking, Ranks
from basketry.methodology.selection import SelectionRule
from basketry.methodology.selection.all import All
from basketry.methodology.stages import Passed


@dataclass(frozen=True, eq=False)
class Contest:
    """Those who stand for selection, in their order.

    Attributes:
        eligible: Who may be chosen, shape (N,).
        ranking: Those of them who passed all stages, best first.
        stages: What each stage said, in order.
    """

    eligible: Bools
    ranking: Ranking
    stages: tuple[Passed, ...] = ()

    @staticmethod
    def unranked(eligible: Bools) -> Contest:
        """Return the contest of those who stay without being ranked, in the order of their ids."""
        return Contest(eligible, Ranking(np.flatnonzero(eligible), np.full(len(eligible), np.nan)))


@dataclass(frozen=True, eq=False)
class Lifted:
    """What `min_count` did where the rule alone wants fewer.

    Attributes:
        alone: How many the rule wants without it.
        let_in: Who is in for it, shape (N,).
    """

    alone: int
    let_in: Bools


@dataclass(frozen=True)
class Short:
    """That fewer stood than are wanted.

    Attributes:
        asked: How many are wanted.
        least: `min_count`, where that is not reached either; else None.
    """

    asked: int
    least: int | None


@dataclass(frozen=True, eq=False)
class Choice:
    """Who was chosen, and why.

    Attributes:
        view: The panel as of the determination.
        contest: Who stood, in their order.
        chosen: Shape (N,).
        wanted: Number wanted, as far as there are so many.
        members: Who was a member before, shape (N,).
        by: What is ranked by.
        method: How many are wanted.
        buffer: The buffer in force.
        descending: Whether the largest comes first.
        lifted: What `min_count` did to the number; None where nothing.
        short: That fewer stood than are wanted; None where enough did.
    """

    view: Panel
    contest: Contest
    chosen: Bools
    wanted: int
    members: Bools
    by: Figure | MeanRank
    method: SelectionRule
    buffer: Buffer | Exceed | None
    descending: bool
    lifted: Lifted | None = None
    short: Short | None = None

    @staticmethod
    def of_all(view: Panel, contest: Contest, members: Bools) -> Choice:
        """Return the choice of everybody who is eligible, without a rule."""
        wanted = len(contest.ranking.columns)
        return Choice(view, contest, contest.eligible, wanted, members, Figure(metric="price"), All(), None, True)

    @property
    def ranked(self) -> Ranks:
        """Columns of those ranked, best first."""
        return self.contest.ranking.columns

    @property
    def reserve(self) -> Ranks:
        """Columns of those who may be in, best first: nobody who ranks before a range."""
        return self.ranked[self.method.passed_over :]

    @property
    def metric(self) -> Floats:
        """The figure ranked by, shape (N,)."""
        return self.contest.ranking.figures

    @cached_property
    def ranks(self) -> Ranks:
        """Rank of each asset among those who stood, 1 is best, 0 where not ranked, shape (N,)."""
        return ranks_of(self.contest.ranking)

    @property
    def decisive(self) -> Bools:
        """Whose figures decided who is chosen: the chosen, who passed a stage, and who ranks before a range, (N,).

        One absurd figure among them would put another asset in or out, though it is not chosen itself.
        """
        passed_over = self.method.passed_over
        if not self.contest.stages and not passed_over:
            return self.chosen
        found = self.chosen.copy()
        found[self.ranked[:passed_over]] = True
        for stage in self.contest.stages:
            found |= stage.mask
        return found

    def left(self) -> list[str]:
        """Return in words how many each stage left, and from which rank on they are wanted."""
        stages = self.contest.stages
        counts = [
            f"{passed.number + len(passed.stayed)} left after {_name(number, len(stages))}"
            for number, passed in enumerate(stages)
        ]
        over = self.method.passed_over
        return [*counts, *([f"{len(self.ranked)} ranked, wanted from rank {over + 1} on"] if over else [])]

    def reasons(self, column: int) -> str | None:
        """Return in words why an asset was chosen or not, step by step; None where it was not eligible."""
        if not self.contest.eligible[column]:
            return None
        steps: list[str] = []
        for number, passed in enumerate(self.contest.stages):
            name = _name(number, len(self.contest.stages))
            rank = int(ranks_of(passed.ranking)[column])
            if not rank:
                return f"out: {'; '.join([*steps, f'{name}: {passed.stage.by.unknown(self.view, column)}'])}"
            words = f"{name}: rank {rank} by {passed.stage.by.words()}, {passed.number} wanted"
            if passed.stage.method.sticky:
                figures = passed.ranking.figures[passed.ranking.columns]
                told = passed.stage.method.told(rank, figures, member=bool(self.members[column]))
                words = f"{words}, {told}"
            if not passed.mask[column]:
                return f"out: {'; '.join([*steps, words])}"
            steps.append(words)
        rank = int(self.ranks[column])
        if not rank:
            return f"out: {'; '.join([*steps, self.by.unknown(self.view, column)])}"
        verdict = "in" if self.chosen[column] else "out"
        steps.append(f"rank {rank} of {len(self.ranked)}{self._by(column)}, {self._wanted()}")
        if self.lifted is not None and self.lifted.let_in[column]:
            steps.append("in to make up min_count")
        elif sticky := self._sticky(column, rank):
            steps.append(sticky)
        return f"{verdict}: {'; '.join(steps)}"

    def _by(self, column: int) -> str:
        if isinstance(self.by, MeanRank):
            ranks = [
                f"{part[column]:g} ({figure.words()})"
                for part, figure in zip(self.contest.ranking.parts, self.by.mean_rank, strict=True)
            ]
            return f" by the mean of ranks {', '.join(ranks[:-1])} and {ranks[-1]}"
        return f" by {self.by.words()}" if self.by.of_window else ""

    def _wanted(self) -> str:
        over = self.method.passed_over
        lifted = "" if self.lifted is None else f" by min_count, {self.lifted.alone} without it"
        number = self.wanted if self.short is None else self.short.asked
        if self.short is not None:
            lifted += f", {self.wanted} available"
            lifted += "" if self.short.least is None else f", min_count {self.short.least} not reached"
        if not over:
            return f"{number} wanted{lifted}"
        if not self.wanted:
            return f"none reaches rank {over + 1}"
        return f"ranks {over + 1} to {over + number} wanted{lifted}"

    def _sticky(self, column: int, rank: int) -> str:
        """Return what the buffer says of an asset, '' where there is none or it has nothing to say."""
        member = bool(self.members[column])
        if self.method.sticky:
            return self.method.told(rank, self.metric[self.ranked], member=member)
        if self.buffer is None or rank <= self.method.passed_over:
            return ""
        if isinstance(self.buffer, Exceed):
            return self._exceeding(column, self.buffer.exceed)
        if rank <= self.buffer.enter:
            return f"enters up to rank {self.buffer.enter}"
        if member and rank <= self.buffer.leave:
            room = "" if self.chosen[column] else ", as long as there is room"
            return f"a member stays up to rank {self.buffer.leave}{room}"
        return f"{'a member' if member else 'not a member'}, buffer {self.buffer.enter}/{self.buffer.leave}"

    def _exceeding(self, column: int, exceed: float) -> str:
        """Return how far an asset is from the one whose place it has or would have taken, '' where there is none."""
        standing = self.reserve
        inside, member = bool(self.chosen[column]), bool(self.members[column])
        # Who is in is measured against the best that is out, who is out against the worst that is in.
        rivals = standing[(self.chosen[standing] != inside) & (self.members[standing] != member)]
        if not len(rivals):
            return ""
        rival = int(rivals[0] if inside else rivals[-1])
        challenger, incumbent = (rival, column) if member else (column, rival)
        high, low = (challenger, incumbent) if self.descending else (incumbent, challenger)
        if not self.metric[high] > self.metric[low] > 0:
            return ""
        gap = self.metric[high] / self.metric[low] - 1
        name = self.view.assets[rival]
        words = f"exceeds {name}" if high == column else f"{name} exceeds it"
        return f"{words} by {gap:.1%}, {percent(exceed)}% needed"


def _name(number: int, stages: int) -> str:
    return "first" if stages == 1 else f"first[{number}]"


def ranks_of(ranking: Ranking) -> Ranks:
    """Return the rank of each asset, 1 is best, 0 where not ranked, shape (N,)."""
    ranks = np.zeros(len(ranking.figures), dtype=np.int64)
    ranks[ranking.columns] = np.arange(1, len(ranking.columns) + 1)
    return ranks
