"""The pro-forma of a change: what an index will hold, as it was announced, or as it would be determined now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from basketry.core.errors import DataError, MethodologyError
from basketry.core.frozen import changed
from basketry.core.numbers import Floats
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.divisor import chained_divisor
from basketry.index.kernels import as_held, side_by_side
from basketry.index.market import IndexMarket
from basketry.index.prices import read_prices
from basketry.index.records import Scope
from basketry.index.result import IndexResult
from basketry.index.reweigh import reweighed
from basketry.index.state import Decision, IndexState
from basketry.index.strike import CashShare, cash_share, strike
from basketry.index.tables import stamps
from basketry.market.cash import CASH
from basketry.market.panel import Panel
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.schedule import RebalanceDate

RECORD_TIME = "%Y-%m-%dT%H:%M:%S%.fZ"
"""How instants are written in a record."""

_CHANGES = ("add", "delete", "keep")


class Stage(StrEnum):
    """How far a pro-forma can be relied on."""

    ANNOUNCED = "announced"
    DETERMINED = "determined"
    PROJECTED = "projected"


class Units(StrEnum):
    """How far units are known before the change."""

    FIXED = "fixed"
    IN_PROPORTION = "fixed in proportion"
    INDICATIVE = "indicative"


@dataclass(frozen=True)
class NextHolding:
    """One asset of a pro-forma.

    Attributes:
        asset: Its id.
        change: add, delete or keep.
        held: Weight now, at the prices of the instant; 0 where it is not held.
        determined: Weight that was determined; 0 for who is deleted, None where only members are known, or the
            composition is kept.
        weight: Weight after the change at the prices of the instant; as `determined`, with `fix: weights`.
        units: Units after the change; see `ProForma.units`. None where they are not known.
        price: At which the index would strike it at the instant; None where none is fresh enough.
    """

    asset: str
    change: str
    held: float
    determined: float | None
    weight: float | None
    units: float | None
    price: float | None


@dataclass(frozen=True)
class ProForma:
    """The next composition of an index, as it stands at one instant.

    Attributes:
        stage: announced; determined, which is before its announcement; or projected, as if determined at the instant.
        trigger: Why: schedule, or the name of a trigger.
        announced_at, determined_at, effective_at: The dates of the change.
        instant: Calculation instant of prices and of what is held; of a projection, of the last data used.
        version: Of the rules that determine it.
        scope: Of what is known; of MEMBERS alone, weights are not.
        reviewed_at: When members were determined, where weights are not determined yet but members are; else None.
        level: Price-return level at the instant, not rounded.
        fix: weights, units or supply, see `rebalance: {fix: ...}`.
        units: Whether the units are final, final in proportion to each other, or those at the prices of the instant.
        divisor: That the change would give at the prices of the instant, at once and level unmoved; None where it gives
            none.
        turnover: One-way, from the weights held to those after the change; None where weights are not known.
        steps: Number of steps in which the change is made; figures are of the target, as if it were made at once.
        kept: Why the composition would be kept as it is; '' where it is not.
        holdings: Every asset held now or then, by id.
    """

    stage: Stage
    trigger: str
    announced_at: np.datetime64
    determined_at: np.datetime64
    effective_at: np.datetime64
    instant: np.datetime64
    version: int
    scope: Scope
    reviewed_at: np.datetime64 | None
    level: float
    fix: str
    units: Units
    divisor: float | None
    turnover: float | None
    steps: int
    kept: str
    holdings: tuple[NextHolding, ...]

    @property
    def additions(self) -> tuple[str, ...]:
        """Who comes in."""
        return tuple(entry.asset for entry in self.holdings if entry.change == "add")

    @property
    def deletions(self) -> tuple[str, ...]:
        """Who goes out."""
        return tuple(entry.asset for entry in self.holdings if entry.change == "delete")

    @property
    def mark(self) -> str:
        """The stage in words that cannot be taken for an announcement where there is none."""
        return {
            Stage.ANNOUNCED: "announced",
            Stage.DETERMINED: "determined, not announced",
            Stage.PROJECTED: "projected, not determined",
        }[self.stage]

    def ranked(self) -> list[NextHolding]:
        """Return the holdings with the largest weight first, and those who go out behind."""
        return sorted(self.holdings, key=lambda e: (e.change == "delete", -(e.determined or 0.0), -e.held, e.asset))

    def words(self) -> str:
        """Return in a sentence how far the pro-forma can be relied on."""
        announced, determined = format_instant(self.announced_at), format_instant(self.determined_at)
        data = format_instant(self.instant)
        if self.stage is Stage.PROJECTED:
            what = "Weights are a PROJECTION, not a decision" if self.reviewed_at else "PROJECTION, not a decision"
            members = f"; members are those of {format_instant(self.reviewed_at)}" if self.reviewed_at else ""
            return (
                f"{what}: as if determined with the data up to {data}{members}. The determination is with data to "
                f"{determined}, the announcement {announced}."
            )
        what = "Members" if self.scope is Scope.MEMBERS else "Weights"
        if self.stage is Stage.DETERMINED:
            return f"{what} determined with data to {determined}; NOT ANNOUNCED before {announced}."
        return f"{what} determined with data to {determined}, announced {announced}."

    def body(self) -> dict[str, Any]:
        """Return the pro-forma as the body of a line of a record, of plain values.

        Holdings are those after the change: asset, weight determined, units (None where they are not fixed), and price.
        Of cash the amount may be fixed, and not its units, as its price grows with a rate.
        """
        final = self.units is not Units.INDICATIVE
        return {
            "effective_at": recorded(self.effective_at),
            "announced_at": recorded(self.announced_at),
            "determined_at": recorded(self.determined_at),
            "time": recorded(self.instant),
            "version": self.version,
            "trigger": self.trigger,
            "members_only": self.scope is Scope.MEMBERS,
            "kept": self.kept,
            "holdings": [
                [entry.asset, entry.determined, entry.units if final and entry.asset != CASH else None, entry.price]
                for entry in self.holdings
                if entry.change != "delete" and not self.kept
            ],
            "divisor": self.divisor,
            "turnover": self.turnover,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the pro-forma as plain values for JSON."""
        plain = {name: getattr(self, name) for name in ("version", "level", "fix", "divisor", "turnover", "steps")}
        dates = ("announced_at", "determined_at", "effective_at", "instant")
        return {
            "stage": self.stage.value,
            "words": self.words(),
            "trigger": self.trigger,
            **{name: format_instant(getattr(self, name)) for name in dates},
            **plain,
            "units": self.units.value,
            "members_only": self.scope is Scope.MEMBERS,
            "members_determined_at": None if self.reviewed_at is None else format_instant(self.reviewed_at),
            "kept": self.kept,
            "additions": list(self.additions),
            "deletions": list(self.deletions),
            "holdings": [
                {name: getattr(entry, name) for name in NextHolding.__dataclass_fields__} for entry in self.holdings
            ],
        }


def recorded(instant: np.datetime64) -> str:
    """Return an instant as a record writes it.

    >>> recorded(np.datetime64("2020-01-02", "us"))
    '2020-01-02T00:00:00Z'
    """
    text: str = stamps(np.array([instant])).dt.strftime(RECORD_TIME)[0]
    return text


def announcements(result: IndexResult) -> tuple[ProForma, ...]:
    """Return every pro-forma that was announced up to the last instant, each at the first one from its announcement on.

    In the order in which they were told. A decision is as it stood then, carried through the corporate events until
    then; what happens later does not change it. One that is announced when it takes effect is told then, before it is
    struck. The base is none. Those of the beginning of a history are the first of the whole.
    """
    found = []
    for entry in result.told:
        state = entry.state
        if entry.prices is not None:
            state = read_prices(state, entry.prices, result.methodology).state
        found.append(pro_forma(entry.decision, state, result, entry.market, Stage.ANNOUNCED))
    return tuple(found)


def market_of(result: IndexResult) -> IndexMarket:
    """Return the market that an index was calculated on."""
    return IndexMarket.of(result.panel, result.times, result.late)


def pro_forma(
    decision: Decision,
    state: IndexState,
    result: IndexResult,
    market: IndexMarket,
    stage: Stage,
    dates: RebalanceDate | None = None,
) -> ProForma:
    """Return what a decision would make of the basket of a state at the prices of its instant.

    A member without a price that is fresh enough counts at the price of the determination: it may have one when the
    change is made.

    Args:
        decision: Of a change, or of members alone.
        state: With a basket.
        result: The index.
        market: Of the index.
        stage: How far it can be relied on.
        dates: Those of the change, where the decision has others, as a projection.
    """
    basket = state.basket
    if basket is None:
        raise DataError("before the base nothing is held, so that there is no pro-forma")
    book = result.methodology.versions[decision.version - 1].rules
    units, kept, divisor = _units(decision, book), decision.nobody, None
    if kept or not len(decision.columns):
        holdings = _unchanged(basket, state.assets)
    elif decision.scope is Scope.MEMBERS:
        holdings = _members(decision, basket, state.assets, cash_share(state, book.weight))
    else:
        found = _struck(decision, state, basket, book, market)
        if found.basket is None:
            holdings, kept = _unchanged(basket, state.assets), "no selected asset has a weight"
        else:
            final = units is not Units.INDICATIVE
            holdings = _changed(basket, found.basket, found, state.assets, final=final)
            if min(basket.value, found.basket.value) > 0:
                divisor = chained_divisor(basket.divisor, basket.value, found.basket.value)
    weighed = kept or decision.scope is not Scope.MEMBERS
    transition = book.schedule.transition
    return ProForma(
        stage=stage,
        trigger=decision.words,
        announced_at=decision.announced_at if dates is None else dates.announced_at,
        determined_at=decision.determined_at if dates is None else dates.determined_at,
        effective_at=decision.effective_at if dates is None else dates.effective_at,
        instant=state.instant,
        version=decision.version,
        scope=decision.scope,
        reviewed_at=_reviewed_at(decision, state),
        level=state.level,
        fix=book.schedule.fix,
        units=units,
        divisor=divisor,
        turnover=0.5 * sum(abs((entry.weight or 0.0) - entry.held) for entry in holdings) if weighed else None,
        steps=1 if transition is None else transition.steps,
        kept=kept,
        holdings=holdings,
    )


def _reviewed_at(decision: Decision, state: IndexState) -> np.datetime64 | None:
    """Return when the members were determined of a change whose weights wait for their determination."""
    if decision.scope is not Scope.WEIGHTS:
        return None
    return next((e.determined_at for e in state.reviewed if e.effective_at == decision.effective_at), None)


def _units(decision: Decision, book: Rulebook) -> Units:
    """Return how far the units of a decision are known before it is struck."""
    fix, transition = book.schedule.fix, book.schedule.transition
    if decision.scope is Scope.MEMBERS or fix == "weights":
        return Units.INDICATIVE
    # In steps, and where the weighting does not count in units, the basket is scaled to the value of the one before.
    scaled = decision.shares is None or (transition is not None and transition.steps > 1)
    free = fix == "units" or (decision.shares is not None and not book.weight.caps and book.weight.cash is None)
    return (Units.IN_PROPORTION if scaled else Units.FIXED) if free else Units.INDICATIVE


@dataclass(frozen=True, eq=False)
class _Target:
    """What a change would strike now.

    Attributes:
        basket: None for nothing.
        prices: Fresh enough, by column.
        determined: Weights that were determined, by column.
    """

    basket: Basket | None
    prices: dict[int, float]
    determined: dict[int, float]


def _struck(decision: Decision, state: IndexState, basket: Basket, book: Rulebook, market: IndexMarket) -> _Target:
    columns, position = decision.columns, int(market.times.searchsorted(state.instant))
    prices, seen = market.to_strike(position, columns, book.missing.carry_forward)
    apart = basket.cash | basket.awaited
    prices, seen = as_held(basket.columns, basket.prices, basket.seen, apart, columns, prices, seen)
    fresh = prices > 0
    filled = np.where(fresh, prices, decision.prices)
    raw, after = _capped(decision, book, market.panel, basket, filled)
    cash = cash_share(state, book.weight)
    target, _ = strike(
        changed(decision, raw=raw, weights=after), filled, seen, basket, basket.value, book.schedule.fix,
        state.instant, state.assets, cash,
    )  # fmt: skip
    known = dict(zip(columns[fresh].tolist(), prices[fresh].tolist(), strict=True))
    determined = determined_weights(decision, book, market.panel)
    if cash is not None:
        known[cash.column], determined[cash.column] = cash.price, cash.weight
    return _Target(target, known, determined)


def determined_weights(decision: Decision, book: Rulebook, panel: Panel) -> dict[int, float]:
    """Return the weights that were determined by column, without cash, as shares of the whole index.

    Where supplies are fixed, those that they have at the prices of the determination.
    """
    _, weights = _capped(decision, book, panel, None, decision.prices)
    return dict(zip(decision.columns.tolist(), (weights * book.weight.invested).tolist(), strict=True))


def _capped(
    decision: Decision, book: Rulebook, panel: Panel, basket: Basket | None, prices: Floats
) -> tuple[Floats, Floats]:
    """Return weights before and after capping at some prices where supplies are fixed, else those determined."""
    view = panel.as_of(max(decision.determined_at, panel.times[0]))
    try:
        found, _ = reweighed(decision, book, view, basket, prices, decision.seen, view.now)
    except MethodologyError:
        # Caps that cannot be kept at these prices may be at those of the strike.
        found = None
    return (decision.raw, decision.weights) if found is None else (found[0], found[1])


def _changed(
    basket: Basket, target: Basket, found: _Target, names: tuple[str, ...], *, final: bool
) -> tuple[NextHolding, ...]:
    """Return who is held now or then."""
    columns, was, after, change = side_by_side(basket.columns, basket.weights, target.columns, target.weights)
    held = dict(zip(basket.columns.tolist(), basket.prices.tolist(), strict=True))
    units = dict(zip(target.columns.tolist(), target.units.tolist(), strict=True))
    rows = []
    for place, (column, what) in enumerate(zip(columns.tolist(), change.tolist(), strict=True)):
        stays = column in units
        price = found.prices.get(column) if stays else held[column]
        amount = units.get(column, 0.0)
        rows.append(
            NextHolding(
                asset=names[column],
                change=_CHANGES[what],
                held=float(was[place]),
                determined=found.determined[column] if stays else 0.0,
                weight=float(after[place]),
                units=amount if final or not stays or price is not None else None,
                price=price,
            )
        )
    return tuple(rows)


def _unchanged(basket: Basket, names: tuple[str, ...]) -> tuple[NextHolding, ...]:
    """Return who is held, which stays as it is."""
    rows = zip(
        basket.columns.tolist(), basket.weights.tolist(), basket.units.tolist(), basket.prices.tolist(), strict=True
    )
    return tuple(
        NextHolding(names[column], "keep", weight, None, weight, units, price) for column, weight, units, price in rows
    )


def _members(
    decision: Decision, basket: Basket, names: tuple[str, ...], cash: CashShare | None
) -> tuple[NextHolding, ...]:
    """Return who is a member now or then, where weights are not determined yet."""
    chosen = decision.columns if cash is None else np.union1d(decision.columns, [cash.column])
    columns, was, _, change = side_by_side(basket.columns, basket.weights, chosen, np.zeros(len(chosen)))
    held = dict(zip(basket.columns.tolist(), basket.prices.tolist(), strict=True))
    return tuple(
        NextHolding(names[column], _CHANGES[what], float(was[place]), None, None, None, held.get(column))
        for place, (column, what) in enumerate(zip(columns.tolist(), change.tolist(), strict=True))
    )
