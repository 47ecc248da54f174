"""What a calculation goes through, gathered step by step, and the result that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.frames import INSTANT
from basketry.index.events import Determined, Prices, TransitionStep
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.records import Composition, Evidence, Levels, Rebalance, Record, Scope
from basketry.index.result import IndexResult, Told, Trail
from basketry.index.state import Decision, IndexState
from basketry.index.tables import composition_table, event_table, level_table, rebalance_table, stamps
from basketry.market.events import EventRow
from basketry.market.left_out import left_out
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.path import Segment


@dataclass
class Account:
    """The records of one or more histories, one after the other, and what they went through.

    The first `heard` of what is announced was told before.
    """

    levels: list[Levels] = field(default_factory=list)
    compositions: list[Composition] = field(default_factory=list)
    rebalances: list[Rebalance] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    reviews: list[Decision] = field(default_factory=list)
    announced: dict[object, Told] = field(default_factory=dict)
    state: IndexState | None = None
    heard: int = 0
    late: frozenset[EventRow] = frozenset()

    @staticmethod
    def gone_on(state: IndexState, history: History) -> Account:
        """Return an account that begins with a state, for which what it knows to be announced is told already."""
        account = Account(state=state)
        _hear(state, history.market, account.announced)
        account.heard = len(account.announced)
        return account

    def follow(self, history: History, state: IndexState, since: np.datetime64 | None = None) -> IndexState:
        """Walk over a history from a state, write down what happens, and return the state at its last instant.

        Args:
            history: Where to walk.
            state: From where.
            since: The instant of the state from which this history was first followed; that of the state unless given.
                What is left out of the data is told once of each asset and field since then.
        """
        times, self.late = history.times, history.market.late
        rejected = _rejected(history.panel, times[times > (state.instant if since is None else since)])
        self.evidence += [entry for entry in rejected if entry.time > state.instant]
        for step in history.walk(state):
            # Before a change, and before an instant is left.
            if not isinstance(step.event, Determined | TransitionStep):
                _hear(state, history.market, self.announced)
            if isinstance(step.event, Prices):
                _hear_within(state, step.event, history.market, self.announced)
            if step.decision is not None:
                self.decisions.append(step.decision)
            if isinstance(step.event, Determined) and step.event.decision.scope is Scope.MEMBERS:
                self.reviews.append(step.event.decision)
            state = step.state
            for record in step.records:
                self.write(record)
            self.segments += step.segments
        _hear(state, history.market, self.announced)
        self.state = state
        return state

    def write(self, record: Record) -> None:
        """Write down one record."""
        if isinstance(record, Levels):
            self.levels.append(record)
        elif isinstance(record, Composition):
            self.compositions.append(record)
        elif isinstance(record, Rebalance):
            self.rebalances.append(record)
        else:
            self.evidence.append(record)

    def result(self, methodology: Methodology, panel: Panel) -> IndexResult:
        """Return the result, made from a panel that knows all assets that were ever held."""
        if self.state is None:
            raise ValueError("follow a history first")
        columns = [rule.column() for rule in methodology.first.returns]
        return IndexResult(
            methodology=methodology,
            panel=panel,
            levels=level_table(self.levels, self.compositions, columns),
            trail=self.trail(),
            **self.tables(panel),
        )

    def tables(self, panel: Panel) -> dict[str, pl.DataFrame]:
        """Return compositions, rebalances and events, from a panel that knows all assets that were ever held."""
        return {
            "compositions": composition_table(self.compositions, panel.assets),
            "rebalances": rebalance_table(self.rebalances, panel.assets),
            "events": event_table(self.evidence),
        }

    def trail(self, held: tuple[Segment, ...] = ()) -> Trail:
        """Return what was gone through, after some pieces that were held before."""
        if self.state is None:
            raise ValueError("follow a history first")
        return Trail(
            (*held, *self.segments),
            tuple(self.decisions),
            self.state,
            tuple(self.reviews),
            tuple(self.announced.values())[self.heard :],
            self.late,
        )


def _hear(state: IndexState, market: IndexMarket, told: dict[object, Told]) -> None:
    """Add what a state knows to be announced and was not told before, as it is then."""
    if state.basket is None:
        return
    for entry in (*state.reviewed, *state.pending):
        if entry.announced_at <= state.instant:
            told.setdefault(_name(entry), Told(entry, state, market))


def _hear_within(state: IndexState, event: Prices, market: IndexMarket, told: dict[object, Told]) -> None:
    """Add what is announced while prices are read, but at the last of their instants, after which the state is known.

    Prices are read once more, up to the announcement, when somebody asks.
    """
    waiting = (*state.reviewed, *state.pending)
    if not waiting or len(event.times) == 1:
        return
    rows = [int(event.times.searchsorted(entry.announced_at)) for entry in waiting]
    for row, entry in sorted(zip(rows, waiting, strict=True), key=lambda pair: pair[0]):
        if entry.announced_at > state.instant and row < len(event.times) - 1:
            told.setdefault(_name(entry), Told(entry, state, market, event.rows(0, row + 1)))


def _name(entry: Decision) -> object:
    """Return what tells a decision from others, however it is carried."""
    return entry.scope, entry.cause, entry.words, entry.determined_at, entry.effective_at


def _rejected(panel: Panel, times: NDArray[np.datetime64]) -> list[Evidence]:
    """Return what was left out of the data within some instants: the first value of each asset and field.

    That there were more is in the data; to count them here would change what is said of the past as time goes on.
    """
    if panel.rejected.is_empty() or not len(times):
        return []
    known = left_out(panel)
    first, last = (stamps(times[[place]])[0] for place in (0, -1))
    inside = known.filter(pl.col("time").is_between(first, last)).with_columns(pl.col("time").cast(INSTANT))
    found = inside.group_by("asset", "field").agg(
        pl.col("time").min(), pl.col("value").first(), pl.col("reason").first()
    )
    return [
        Evidence(
            np.datetime64(row["time"].replace(tzinfo=None), "us"),
            row["asset"],
            "rejected_input",
            "treated as unknown",
            f"{row['field']} {row['value']!r}: {row['reason']}",
        )
        for row in found.sort("time", "asset", "field").iter_rows(named=True)
    ]
