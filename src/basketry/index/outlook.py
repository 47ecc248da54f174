"""What comes next of an index: the change that was announced or determined, or a projection of it."""

from __future__ import annotations

from dataclasses import dataclass

from basketry.index.history import History
from basketry.index.proforma import ProForma, Stage, market_of, pro_forma
from basketry.index.result import IndexResult
from basketry.index.state import Decision, IndexState
from basketry.methodology.schedule import RebalanceDate


@dataclass(frozen=True, eq=False)
class Outlook:
    """The next change of an index.

    Attributes:
        stage: How far it can be relied on.
        decision: What is decided; of a projection, made at the last instant.
        state: At the last instant.
        dates: Of the change.
        reviews: Projected choices of members, where the rules choose them on dates of their own that have not come.
    """

    stage: Stage
    decision: Decision
    state: IndexState
    dates: RebalanceDate
    reviews: tuple[Decision, ...] = ()


def outlook(result: IndexResult) -> Outlook | None:
    """Return the next change after the last instant of an index; None where its calendar ends.

    What is determined and has not taken effect comes first, announced or not; else the next scheduled change, as if it
    were determined with the data up to the last instant. What triggers may do is not foreseen.

    Raises:
        MethodologyError: The rules cannot be satisfied by the data of now.
    """
    state = result.state
    if state.pending:
        decision = state.pending[0]
        told = decision.announced_at <= state.instant
        dates = RebalanceDate(decision.announced_at, decision.determined_at, decision.effective_at)
        return Outlook(Stage.ANNOUNCED if told else Stage.DETERMINED, decision, state, dates)
    found = History(result.methodology, market_of(result)).projected(state)
    if found is None:
        return None
    dates, (*reviews, decision) = found
    return Outlook(Stage.PROJECTED, decision, state, dates, tuple(reviews))


def next_composition(result: IndexResult) -> ProForma | None:
    """Return the pro-forma of the next change at the last instant of an index; None where its calendar ends.

    Before the announcement it is what the rules give, not a statement of the administrator: its stage says so.

    Raises:
        MethodologyError: The rules cannot be satisfied by the data of now.

    >>> import numpy as np
    >>> from basketry.index.calculate import calculate_index
    >>> from basketry.market.panel import Panel
    >>> from basketry.methodology.methodology import Methodology
    >>> days = np.datetime64("2020-01-01", "us") + np.arange(60) * np.timedelta64(1, "D")
    >>> market = Panel(days, ("a", "b"), {"price": np.linspace([10.0, 20.0], [70.0, 20.0], 60)})
    >>> rules = Methodology.load({
    ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
    ...     "select": {"by": "price", "top": 2}, "weight": "equal",
    ...     "rebalance": {"every": "month", "determine": "3d", "announce": "2d"},
    ... })
    >>> [next_composition(calculate_index(rules, market, end=day)).stage.value
    ...  for day in ("2020-01-28", "2020-01-29", "2020-01-30")]
    ['projected', 'determined', 'announced']
    """
    found = outlook(result)
    if found is None:
        return None
    return pro_forma(found.decision, found.state, result, market_of(result), found.stage, found.dates)


def announced_changes(result: IndexResult) -> tuple[ProForma, ...]:
    """Return what is announced and has not taken effect, at the prices of the last instant, the first change first.

    Of a change whose weights are not announced yet, the members where those are.
    """
    state, market = result.state, market_of(result)
    told = [entry for entry in (*state.pending, *state.reviewed) if entry.announced_at <= state.instant]
    told.sort(key=lambda entry: entry.effective_at)
    return tuple(pro_forma(entry, state, result, market, Stage.ANNOUNCED) for entry in told)
