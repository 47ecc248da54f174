"""All that can be said of an index, in the order of an analyst's five questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from basketry.core.errors import BasketryError, DataError
from basketry.evaluation.attribution import explain_difference
from basketry.evaluation.bootstrap import Bootstrap, intervals
from basketry.evaluation.comparison import Comparison, compare
from basketry.evaluation.concentration import Concentration, index_concentration
from basketry.evaluation.drawdowns import drawdown_table
from basketry.evaluation.iosco import RecordFacts
from basketry.evaluation.levels import Levels
from basketry.evaluation.metrics import Sample, measure, table
from basketry.evaluation.metrics.calendar import month_returns, period_returns
from basketry.evaluation.overlap import Overlap, overlap
from basketry.evaluation.regimes import by_regime, in_crises, regimes
from basketry.evaluation.replicability import SIZES, Replicability, index_replicability
from basketry.evaluation.review import Review, review_methodology
from basketry.evaluation.sensitivity import Sensitivity, sensitivity, standard_variations
from basketry.evaluation.subject import Subject
from basketry.evaluation.suitability import Profile, Recommendation, recommend
from basketry.evaluation.warnings import Outcome, examine
from basketry.index.result import IndexResult

Progress = Callable[[str], None]
LEAST_STEPS = 60


@dataclass(frozen=True, eq=False)
class Evaluated:
    """An index as it is looked at.

    Attributes:
        name: Of the index. currency: Of its levels.
        levels: Its levels, daily.
        subject: Whatever else is known.
        result: The index recalculated, where it is one of ours.
        simulated: Whether its market is the simulated one.
        source: Where it comes from, in words.
        record: What its published record shows; None without one.
        column: Of one of ours, the series that the levels are.
    """

    name: str
    currency: str
    levels: Levels
    subject: Subject
    result: IndexResult | None
    simulated: bool
    source: str
    record: RecordFacts | None = None
    column: str = "price_return"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What was found about an index, in the order of an analyst's five questions.

    Attributes:
        index: The index.
        outcomes: Warnings first, then what could not be examined, then what is clear.
        concentration: What it measures; None for an index of which only the levels are known.
        review: How it is made; None likewise.
        metrics: How it has behaved: metric, title, value, unit, convention, formula, source.
        bounds: Confidence intervals of the headline figures: metric, value, low, high, convention.
        periods: Returns to the last level. months: Calendar table. drawdowns: The ten deepest.
        regimes: How it did in bull, bear and sideways markets. crises: In the crisis windows that it covers.
        replicability: Whether it can be held; None where its constituents are not known.
        comparison: Beside others; None without any.
        differences: Why it returned more or less than each of ours it is compared with: effect by name.
        overlaps: Of the last baskets, by name.
        choices: Which of ours suits which purpose, where it is compared with others of ours.
        sensitivity: What other rules would have given; None unless asked for.
    """

    index: Evaluated
    outcomes: tuple[Outcome, ...]
    concentration: Concentration | None
    review: Review | None
    metrics: pl.DataFrame
    bounds: pl.DataFrame
    periods: pl.DataFrame
    months: pl.DataFrame
    drawdowns: pl.DataFrame
    regimes: pl.DataFrame
    crises: pl.DataFrame
    replicability: Replicability | None
    comparison: Comparison | None = None
    differences: dict[str, dict[str, float]] = field(default_factory=dict)
    overlaps: dict[str, Overlap] = field(default_factory=dict)
    choices: tuple[Recommendation, ...] = ()
    sensitivity: Sensitivity | None = None


def evaluate(
    index: Evaluated,
    against: Sequence[Evaluated] = (),
    *,
    size: float | None = None,
    what_if: bool = False,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Evaluation:
    """Return what can be said of an index.

    Args:
        index: The index.
        against: Others to compare it with; the first is what relative figures refer to.
        size: A portfolio size to judge besides 1, 10, 100 and 1,000 million.
        what_if: Calculate it under other rules too.
        seed: Of the bootstrap.
        progress: Told what is being done.

    Raises:
        DataError: The series is too short, or has no instants in common with the others.
    """
    levels, result = index.levels, index.result
    if len(levels.times) <= LEAST_STEPS:
        raise DataError(f"{index.name}: {len(levels.times)} levels say too little; give more than {LEAST_STEPS}")
    progress("Measuring")
    sample = Sample.of(levels, against[0].levels if against else None, common=True)
    progress("Resampling")
    bounds = intervals(sample, Bootstrap(seed=seed))
    progress("Examining")
    outcomes = tuple(examine(index.subject))
    comparison, differences, overlaps = None, {}, {}
    if against:
        progress("Comparing")
        series = {entry.name: (entry.levels.times, entry.levels.level) for entry in (index, *against)}
        if len(series) <= len(against):
            raise DataError("two of the indices have the same name; rename a file, or compare other indices")
        comparison = compare(series)
        for other in against:
            if result is not None and other.result is not None:
                # The effects are of baskets: they explain price returns, not a multiple of them.
                both_plain = index.column == other.column == "price_return"
                differences[other.name] = _difference(result, other.result) if both_plain else {}
                overlaps[other.name] = overlap(result.weights(), other.result.weights())
    found = None
    if what_if:
        if result is None:
            raise DataError(f"{index.name}: only its levels are known, so that its rules cannot be changed")
        found = sensitivity(
            result.methodology,
            result.panel,
            standard_variations(result.methodology, result),
            start=_day(result.times[0]),
            end=_day(result.times[-1]),
            progress=progress,
        )
    return Evaluation(
        index=index,
        outcomes=outcomes,
        concentration=None if result is None else index_concentration(result),
        review=None if result is None else review_methodology(result.methodology, result, record=index.record),
        metrics=table(sample),
        bounds=bounds,
        periods=period_returns(levels),
        months=month_returns(levels),
        drawdowns=drawdown_table(levels),
        regimes=by_regime({index.name: levels.level}, levels.times, regimes(levels.level, levels.times)),
        crises=in_crises({index.name: levels.level}, levels.times),
        replicability=replicable(index, size),
        comparison=comparison,
        differences=differences,
        overlaps=overlaps,
        choices=_choices([index, *against], size),
        sensitivity=found,
    )


def replicable(index: Evaluated, size: float | None = None) -> Replicability | None:
    """Return whether an index can be held; None where its constituents are not known."""
    if index.result is None:
        return None
    return index_replicability(index.result, venues=index.subject.venues, sizes=_sizes(size))


def _choices(indices: Sequence[Evaluated], size: float | None) -> tuple[Recommendation, ...]:
    """Return which index suits which purpose, of those whose constituents are known."""
    profiles = {}
    for index in indices:
        held = replicable(index, size)
        if index.result is None or held is None:
            continue
        figures = measure(Sample.of(index.levels), ["volatility", "max_drawdown"])
        shape = index_concentration(index.result)
        cost = held.costs.filter(pl.col("size") == (size or SIZES[1]))["rebalance_year"]
        profiles[index.name] = Profile(
            coverage=shape.coverage,
            effective_number=shape.effective_number,
            volatility=float(figures["volatility"][0]),
            drawdown=float(figures["max_drawdown"][0]),
            turnover=held.turnover,
            yearly_cost=float(cost[0]),
            capacity=held.capacity,
            replicable=held.verdict,
            warnings=sum(outcome.state == "warning" for outcome in examine(index.subject)),
        )
    return tuple(recommend(profiles)) if len(profiles) > 1 else ()


def _sizes(size: float | None) -> tuple[float, ...]:
    return tuple(SIZES) if size is None else (*SIZES, size)


def _day(instant: np.datetime64) -> str:
    return str(instant.astype("datetime64[s]"))


def _difference(first: IndexResult, second: IndexResult) -> dict[str, float]:
    """Return the effects that explain a difference; empty where the two have other instants."""
    try:
        return explain_difference(first, second).by_effect()
    except BasketryError:
        return {}
