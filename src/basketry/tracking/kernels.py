"""Compiled simulation of a portfolio that follows a target: marks, fees, flows, decisions, trades, books."""

from typing import Any

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats
from basketry.tracking.order_kernels import is_off, place_orders, whole_lots
from basketry.tracking.policies import Plan
from basketry.tracking.policies._decide import meet_flow, reachable_goal
from basketry.tracking.policies._wanted import AIM_INSIDE, AIM_OPTIMUM, wanted_weights
from basketry.tracking.risk_kernels import add_row, covariance_of
from basketry.tracking.state import (
    BOUGHT,
    CASH,
    COLUMNS,
    COUNT,
    FEE,
    GAS,
    IMPACT,
    LEVEL,
    LINEAR,
    LOTS,
    SOLD,
    VALUE,
    YIELD,
    Books,
    Market,
    Terms,
)

IN_KIND = 2
TOWARDS = 1


@kernel(nogil=True, error_model="numpy")
def simulate(market: Market, plan: Plan, terms: Terms, record: bool) -> Any:
    """Follow a target through all instants.

    At each row: mark and accrue; settle the flow; decide with what is known at the row; trade at its prices, costs
    taken from what is bought. Units of quote currency.

    Returns:
        log: One row an instant, columns LEVEL to LOTS, shape (T, COLUMNS).
        holdings: Value of each asset after trading, shape (T, N), or one row where nothing is recorded.
        trades: Amount bought (positive) or sold of each asset, likewise.
        failed: Row at which cash could not be raised for a redemption, or -1.
    """
    rows, size = market.marks.shape
    past = len(market.returns) - rows
    log = np.zeros((rows, COLUMNS))
    holdings = np.zeros((rows if record else 1, size))
    trades = np.zeros((rows if record else 1, size))
    books = _open(market, terms)
    cash = terms.value * terms.buffer if terms.invested else terms.value
    shares = terms.value
    active = False
    needs_risk = plan.aim == AIM_INSIDE or plan.aim == AIM_OPTIMUM
    width = size if needs_risk else 1
    moment, sigma, gaps = np.zeros((width, width)), np.zeros((width, width)), np.zeros(width)
    if needs_risk:
        for row in range(max(0, past - plan.window), past):
            add_row(market.returns, market.unknown, row, plan.window, moment, gaps)
    for t in range(rows):
        if t > 0:
            cash *= _accrue(market, terms, books, t, cash, log)
        worth = cash + _mark(market, books, t)
        flow = terms.flows[t]
        if worth + flow <= 0:
            return log, holdings, trades, t
        if flow != 0.0:
            shares *= 1 + flow / worth
            cash = _settle(market, plan, books, t, flow, worth, cash)
            worth += flow
        acts = plan.due[t] or active
        if needs_risk:
            add_row(market.returns, market.unknown, past + t, plan.window, moment, gaps)
            if acts:
                covariance_of(moment, gaps, past + t + 1, plan.window, plan.shrinkage, sigma)
        _decide(market, plan, terms, books, t, cash / worth, worth, acts, sigma)
        if plan.chunk < np.inf:
            active = acts and is_off(books.goal, books.before, books.tradable)
        place_orders(market, plan, terms, books, t, cash, worth)
        cash = _trade(market, terms, books, t, cash, log)
        if cash < 0:
            if cash < -1e-9 * worth:
                return log, holdings, trades, t
            cash = 0.0
        value = cash
        for i in range(size):
            value += books.units[i] * market.marks[t, i]
            if record:
                holdings[t, i] = books.units[i] * market.marks[t, i]
                trades[t, i] = books.amounts[i]
        log[t, LEVEL] = value / shares
        log[t, VALUE] = value
        log[t, CASH] = cash
    return log, holdings, trades, -1


@kernel(nogil=True, error_model="numpy")
def _open(market: Market, terms: Terms) -> Books:
    """Return books that hold the first target, or nothing."""
    size = market.marks.shape[1]
    units = np.zeros(size)
    if terms.invested:
        units[:] = terms.value * (1 - terms.buffer) * market.aims[0] / market.marks[0]
    return Books(
        units, np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.bool_),
        np.zeros(size), np.zeros(size), np.zeros(size), np.full(size, -(10**9)),
    )  # fmt: skip


@kernel(nogil=True, error_model="numpy")
def _accrue(market: Market, terms: Terms, books: Books, t: int, cash: float, log: Floats) -> float:
    """Add yields to units, take the fee from them, and return the share of everything that the fee leaves."""
    left = max(1 - terms.fee * market.days[t] / 365, 0.0)
    gross = cash
    for i in range(len(books.units)):
        if books.units[i] != 0.0:
            grown = books.units[i] * market.yields[t - 1, i] * market.days[t] / 365
            books.units[i] += grown
            log[t, YIELD] += grown * market.marks[t, i]
        if books.owed[i] != 0.0:
            log[t, LOTS] += books.owed[i] * (market.marks[t, i] - market.marks[t - 1, i])
        gross += books.units[i] * market.marks[t, i]
        books.units[i] *= left
    log[t, FEE] = gross * (1 - left)
    return left


@kernel(nogil=True, error_model="numpy")
def _mark(market: Market, books: Books, t: int) -> float:
    """Value what is held and return the sum."""
    total = 0.0
    for i in range(len(books.units)):
        books.held[i] = books.units[i] * market.marks[t, i]
        total += books.held[i]
    return total


@kernel(nogil=True, error_model="numpy")
def _settle(market: Market, plan: Plan, books: Books, t: int, flow: float, worth: float, cash: float) -> float:
    """Take in or pay out a flow, in cash or in kind, and return the cash after it."""
    if plan.flow != IN_KIND:
        return cash + flow
    for i in range(len(books.units)):
        if flow > 0:
            books.units[i] += market.aims[t, i] * flow / market.marks[t, i]
        else:
            books.units[i] *= 1 + flow / worth
    _mark(market, books, t)
    return cash if flow > 0 else cash * (1 + flow / worth)


@kernel(nogil=True, error_model="numpy")
def _decide(
    market: Market,
    plan: Plan,
    terms: Terms,
    books: Books,
    t: int,
    idle: float,
    worth: float,
    acts: bool,
    sigma: Floats,
) -> None:
    """Fill the weights wanted: those held, changed by the flow and by the policy."""
    aims = market.aims[t]
    for i in range(len(aims)):
        books.before[i] = books.held[i] / worth
        books.weights[i] = books.before[i]
        books.tradable[i] = market.tradable[t, i] and market.largest[t, i] > 0
    invested = 1 - terms.buffer
    flows_in_cash = terms.flows[t] != 0.0 and plan.flow != IN_KIND
    if plan.aim == AIM_OPTIMUM and not flows_in_cash and terms.buffer / 2 <= idle <= 2 * terms.buffer + 0.001:
        # Cash near its buffer is left alone: moving it back would cost more than it brings.
        invested = 1 - idle
    elif flows_in_cash or (plan.aim == AIM_OPTIMUM and acts):
        reachable_goal(aims, books.before, books.tradable, invested, books.goal)
        meet_flow(
            plan.flow if flows_in_cash else TOWARDS, idle - terms.buffer, books.goal, books.tradable, books.weights
        )
    reachable_goal(aims, books.weights, books.tradable, invested, books.goal)
    if acts:
        yearly = 365 / (market.days[t] if t > 0 else market.days[1])
        wanted_weights(
            plan, sigma, books.goal, books.before, market.linear[t], market.impact[t], market.largest[t], worth,
            books.tradable, yearly, books.weights,
        )  # fmt: skip


@kernel(nogil=True, error_model="numpy")
def _trade(market: Market, terms: Terms, books: Books, t: int, cash: float, log: Floats) -> float:
    """Make the trades, write what they cost, and return the cash after them."""
    for i in range(len(books.units)):
        if books.amounts[i] == 0.0:
            continue
        closes = books.amounts[i] == -books.held[i]
        bought = whole_lots(market, books, t, i)
        amount = books.amounts[i] if market.lots[i] <= 0 or closes else bought * market.marks[t, i]
        books.amounts[i] = amount
        if amount == 0.0:
            continue
        books.units[i] = 0.0 if closes else books.units[i] + bought
        linear = market.linear[t, i] * abs(amount)
        impact = market.impact[t, i] * abs(amount) ** 1.5
        cash -= amount + linear + impact + terms.gas
        log[t, LINEAR] += linear
        log[t, IMPACT] += impact
        log[t, GAS] += terms.gas
        log[t, BOUGHT if amount > 0 else SOLD] += abs(amount)
        log[t, COUNT] += 1
        books.rested[i] = t
    return cash
