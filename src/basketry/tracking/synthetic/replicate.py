"""Holding an index through spot, perpetuals and futures, row by row, with every cost booked once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import DAY, YEAR_DAYS
from basketry.tracking.synthetic.basket import Basket
from basketry.tracking.synthetic.margin import settled
from basketry.tracking.synthetic.mix import Mix, Terms
from basketry.tracking.synthetic.result import COSTS, Replication

_DRIFT = 1e-13
_REPETITIONS = 20
_FUNDING, _FEES, _ROLL, _SLIPPAGE, _INTEREST, _LIQUIDATION = range(len(COSTS))


def replicate(target: Basket, mix: Mix, terms: Terms, capital: float = 1.0, lows: Floats | None = None) -> Replication:
    """Return the path of a fund that follows an index with a mix of instruments and its own capital alone.

    The fund holds value / level units of the index, where value is what is left after the trade. It sets them when the
    index changes its basket and when costs have moved them off by more than `terms.band`; a liquidated position is
    opened again at the end of its row. In each row, in this order: funding that fell due since the row before;
    liquidation where the low of the step reaches the liquidation price; profit and loss to margin; funding due now;
    interest on the reserve; roll; trades at the row's prices; margin from or to the reserve. Nothing later than a row
    is read for it.

    The books add up to rounding, with k the index units and I the level:

        V_T - V_0 I_T / I_0 = Σ (k_t - V_0 / I_0) (I_(t+1) - I_t) - Σ costs

    A liquidated position is closed at its liquidation price; the venue's fee and what the market does until the row's
    end are the cost. Its margin cannot become negative: beyond it the venue bears the loss.

    Args:
        target: What is followed.
        mix: Shares of spot, perpetuals and futures.
        terms: Funding, futures prices, margin, costs, interest.
        capital: Quote currency at the start.
        lows: Lowest price since the row before, shape (T, n), at most the row's price; without it the prices at the
            rows are all that can liquidate.

    Raises:
        DataError: Futures without prices, lows of another shape, or funding that is not known.

    A flat market with 1 bp of funding three times a day costs 10.9% a year:

    >>> days = np.datetime64("2024-01-01", "us") + np.arange(366) * np.timedelta64(1, "D")
    >>> flat = Basket.of_weights(days, ("btc",), np.full((366, 1), 100.0), np.array([1.0]), np.zeros(366, dtype=bool))
    >>> from basketry.tracking.synthetic.funding import ConstantFunding
    >>> held = replicate(flat, Mix(perpetual=1.0), Terms(funding=ConstantFunding(0.0001), band=0.0))
    >>> round(held.tracking_difference, 4), held.liquidations
    (-0.1037, 0)
    """
    fund = _Fund.opened(target, mix, terms, capital, lows)
    for row in range(len(target.times)):
        if row:
            fund.carry(row)
        fund.trade(row)
    return fund.result()


@dataclass(eq=False)
class _Fund:
    """The state of one simulation; positions stand as perpetuals of all assets, then futures of all assets."""

    target: Basket
    terms: Terms
    shares: Floats
    marks: Floats
    next_marks: Floats
    lows: Floats
    rolls: Bools
    within: Floats
    due: Floats
    changes: Bools
    capital: float
    spot: Floats
    size: Floats
    margin: Floats
    reserve: float
    units: float
    booked: Floats
    value: Floats
    posted: Floats
    held: Floats
    calls: int = 0
    liquidations: int = 0
    torn: bool = True

    @staticmethod
    def opened(target: Basket, mix: Mix, terms: Terms, capital: float, lows: Floats | None) -> _Fund:
        """Return a fund with all its capital in the reserve."""
        rows, count = target.prices.shape
        futures = terms.futures
        if mix.future and futures is None:
            raise DataError("the mix holds futures but terms.futures gives no prices; make them with held_futures")
        if futures is not None and futures.arriving.shape != (rows, count):
            raise DataError(f"futures prices have shape {futures.arriving.shape}, expected {(rows, count)}")
        if lows is not None and (lows.shape != (rows, count) or bool((lows > target.prices).any())):
            raise DataError(f"lows must have shape {(rows, count)} and be at most the price of their row")
        if not capital > 0:
            raise DataError(f"a capital of {capital:g} cannot follow anything; give a positive amount")
        arriving = target.prices if futures is None else futures.arriving
        leaving = target.prices if futures is None else futures.leaving
        fall = np.ones((rows, count)) if lows is None else lows / target.prices
        funding = terms.funding.rates(target.times, target.assets)
        none = np.zeros((rows, count))
        changed = (np.diff(target.units, axis=0) != 0).any(axis=1)
        return _Fund(
            target=target,
            terms=terms,
            shares=np.repeat([mix.spot, mix.perpetual, mix.future], count).reshape(3, count),
            marks=np.hstack([target.prices, arriving]),
            next_marks=np.hstack([target.prices, leaving]),
            lows=np.hstack([target.prices * fall, arriving * fall]),
            rolls=np.zeros(rows, dtype=bool) if futures is None or not mix.future else futures.rolls,
            within=np.hstack([funding.within, none]),
            due=np.hstack([funding.due, none]),
            changes=np.concatenate([[True], changed]),
            capital=capital,
            spot=np.zeros(count),
            size=np.zeros(2 * count),
            margin=np.zeros(2 * count),
            reserve=capital,
            units=0.0,
            booked=np.zeros((rows, len(COSTS))),
            value=np.full(rows, capital),
            posted=np.zeros(rows),
            held=np.zeros(rows),
        )

    def carry(self, row: int) -> None:
        """Bring positions from the row before to this one: funding, liquidations, profit and loss, interest."""
        old, new = self.next_marks[row - 1], self.marks[row]
        paid = self.size * old * self.within[row]
        self.margin -= paid
        due = self.size * new * self.due[row]
        profit = self.size * (new - old)
        closed = self._closing_prices(row, old)
        gone = ~np.isnan(closed)
        left = self._left_after(closed, old)
        self.booked[row, _LIQUIDATION] = float((self.margin + profit - left)[gone].sum())
        self.margin = np.where(gone, left, self.margin + profit - due)
        self.booked[row, _FUNDING] = float(paid.sum() + due[~gone].sum())
        self.booked[row, _ROLL] = self._basis_lost(row, profit)
        days = float((self.target.times[row] - self.target.times[row - 1]) / DAY)
        earned = max(self.reserve, 0.0) * self.terms.cash_rate * days / YEAR_DAYS
        self.booked[row, _INTEREST] = -earned
        self.reserve += earned + float(self.margin[gone].sum())
        self.margin[gone] = 0.0
        self.size = np.where(gone, 0.0, self.size)
        self.liquidations += int(gone.sum())
        self.torn = bool(gone.any())
        self.calls += int(self.terms.collateral.called(self.size * new, self.margin, self.terms.margin).sum())

    def trade(self, row: int) -> None:
        """Trade at a row to the units that the fund's value calls for, pay for it, and set margins."""
        before = self.worth(row)
        wanted = before / self.target.levels[row]
        drift = abs(self.units / wanted - 1) if wanted > 0 else np.inf
        rolling = bool(self.rolls[row])
        reset = bool(self.changes[row]) or drift > max(self.terms.band, _DRIFT)
        if reset:
            self.units = self.affordable(row, max(before, 0.0), rolling)
        if reset or rolling or self.torn:
            self.pay(row, self.units * self.target.units[row], rolling)
            self.torn = False
        self.settle(row)

    def affordable(self, row: int, value: float, rolling: bool) -> float:
        """Return the index units that the value is worth after the costs of trading to them.

        Costs are a small share of what is traded, so each repetition leaves that share of the error before.
        """
        level, target = float(self.target.levels[row]), self.target.units[row]
        units = value / level
        for _ in range(_REPETITIONS):
            better = max(value - sum(self.cost_of(row, units * target, rolling)), 0.0) / level
            if abs(better - units) <= _DRIFT * units:
                break
            units = better
        return units

    def cost_of(self, row: int, basket: Floats, rolling: bool) -> tuple[float, float]:
        """Return fees and slippage of changing positions to the shares of a basket."""
        # At a roll the old contract is sold whole and the new one bought whole.
        count, new, old = len(basket), self.next_marks[row], self.marks[row]
        size = (self.shares[1:] * basket).ravel()
        traded = np.abs(size - self.size) * new
        if rolling:
            traded[count:] = self.size[count:] * old[count:] + size[count:] * new[count:]
        spot = np.abs(self.shares[0] * basket - self.spot) @ self.target.prices[row]
        terms = self.terms
        amounts = (float(spot), float(traded[:count].sum()), float(traded[count:].sum()))
        costs = (terms.spot_cost, terms.perpetual_cost, terms.future_cost)
        fees = sum(amount * cost.fee for amount, cost in zip(amounts, costs, strict=True))
        return fees, sum(amount * cost.slippage for amount, cost in zip(amounts, costs, strict=True))

    def pay(self, row: int, basket: Floats, rolling: bool) -> None:
        """Change positions to the shares of a basket and book fees and slippage."""
        fees, slippage = self.cost_of(row, basket, rolling)
        self.booked[row, _FEES] += fees
        self.booked[row, _SLIPPAGE] += slippage
        spot = self.shares[0] * basket
        self.reserve -= float((spot - self.spot) @ self.target.prices[row]) + fees + slippage
        self.spot, self.size = spot, (self.shares[1:] * basket).ravel()

    def settle(self, row: int) -> None:
        """Set margins from the reserve, or give back what is too much; record the row."""
        wanted = self.terms.collateral.posted(self.size * self.next_marks[row], self.margin, self.terms.margin)
        free = float(self.margin.sum()) + self.reserve
        self.margin = settled(self.margin, wanted, self.reserve)
        self.reserve = free - float(self.margin.sum())
        self.value[row] = self.worth(row)
        self.posted[row] = float(self.margin.sum())
        self.held[row] = self.units

    def worth(self, row: int) -> float:
        """Return the value of everything: spot, margins with their profit and loss, reserve."""
        return float(self.spot @ self.target.prices[row] + self.margin.sum()) + self.reserve

    def result(self) -> Replication:
        """Return the path."""
        return Replication(
            times=self.target.times,
            value=self.value,
            index=self.capital * self.target.levels / self.target.levels[0],
            booked=self.booked,
            posted=self.posted,
            units=self.held * self.target.levels[0] / self.capital,
            margin_calls=self.calls,
            liquidations=self.liquidations,
        )

    def _closing_prices(self, row: int, old: Floats) -> Floats:
        closed = np.full(len(self.size), np.nan)
        here = np.flatnonzero(self.size > 0)
        if len(here):
            price = self.terms.margin.liquidation_price(self.size[here], old[here], self.margin[here])
            reached = self.lows[row][here] <= price
            # Funding can push the liquidation price above the last mark: the position is then closed at that mark.
            closed[here[reached]] = np.minimum(price, old[here])[reached]
        return closed

    def _left_after(self, closed: Floats, old: Floats) -> Floats:
        price = np.where(np.isnan(closed), 0.0, closed)
        equity = self.margin + self.size * (price - old)
        return np.maximum(equity - self.terms.margin.liquidation_fee(self.size * price), 0.0)

    def _basis_lost(self, row: int, profit: Floats) -> float:
        count = len(self.spot)
        moved = self.target.prices[row] - self.target.prices[row - 1]
        return float(self.size[count:] @ moved - profit[count:].sum())
