"""Compiled orders: from the weights wanted to amounts that limits allow and cash pays for."""

import numpy as np

from basketry.core.compiled import kernel
from basketry.core.numbers import Bools, Floats
from basketry.tracking.policies import Plan
from basketry.tracking.state import Books, Market, Terms

LOT_TOLERANCE = 1e-9
DUST = 1e-15
DONE = 1e-4
"""A rebalance in chunks is done when every weight is this close to its goal, fraction of the portfolio."""


@kernel(nogil=True, error_model="numpy")
def place_orders(market: Market, plan: Plan, terms: Terms, books: Books, t: int, cash: float, worth: float) -> None:
    """Fill the amounts to trade at a row: cut to chunks and limits, whole lots, paid for by cash and sales."""
    price, largest = market.marks[t], market.largest[t]
    invested = 0.0
    for i in range(len(price)):
        change = books.weights[i] - books.before[i] if books.tradable[i] else 0.0
        if plan.chunk < np.inf:
            change = min(max(change, -plan.chunk), plan.chunk) if t - books.rested[i] >= plan.cool_off else 0.0
        invested += books.before[i] + change
        amount = min(max(change * worth, -largest[i]), largest[i])
        if -amount > books.held[i] * (1 - 1e-12):
            amount = -books.held[i]
        if abs(amount) < terms.minimum or abs(amount) <= DUST * worth:
            amount = 0.0
        books.intended[i] = amount
        if -books.held[i] < amount < 0 and market.lots[i] > 0:
            lots = np.floor(-amount / price[i] / market.lots[i] + LOT_TOLERANCE)
            amount = -lots * market.lots[i] * price[i]
        books.amounts[i] = amount
    keep = min(max(1 - invested, 0.0), terms.buffer) * worth
    linear, impact = market.linear[t], market.impact[t]
    _afford(books.amounts, linear, impact, terms.gas, terms.minimum, cash, keep)
    floor = 1e-12 * worth
    sellable = np.where(books.tradable, largest, 0.0)
    _raise_cash(books.amounts, books.held, sellable, linear, impact, terms.gas, cash, floor)
    if cash >= 0 and _after(books.amounts, linear, impact, terms.gas, cash) < -floor:
        # Trades that cannot pay for themselves are not made.
        books.amounts[:] = 0.0


@kernel(nogil=True, error_model="numpy")
def whole_lots(market: Market, books: Books, t: int, i: int) -> float:
    """Return the units to trade of an asset, whole lots, and note what rounding adds.

    Purchases are rounded down so that cash suffices; sales were, and those that raise cash are rounded up.
    """
    price, lot = market.marks[t, i], market.lots[i]
    bought = books.amounts[i] / price
    books.owed[i] = 0.0
    if lot <= 0 or books.amounts[i] == -books.held[i]:
        return bought
    if bought > 0:
        whole = np.floor(bought / lot + LOT_TOLERANCE) * lot
        books.owed[i] = whole - bought
    else:
        whole = max(-np.ceil(-bought / lot - LOT_TOLERANCE) * lot, -books.units[i])
        books.owed[i] = whole - min(books.intended[i] / price, bought)
    return whole


@kernel(nogil=True, error_model="numpy")
def is_off(goal: Floats, weights: Floats, tradable: Bools) -> bool:
    """Return whether any asset that can be traded is not yet at its goal."""
    furthest = 0.0
    for i in range(len(goal)):
        if tradable[i]:
            furthest = max(furthest, abs(goal[i] - weights[i]))
    return furthest >= DONE


@kernel(nogil=True, error_model="numpy")
def _afford(
    amounts: Floats, linear: Floats, impact: Floats, gas: float, minimum: float, cash: float, keep: float
) -> None:
    """Scale purchases down to what cash and sales pay for after all costs, leaving `keep` in cash."""
    buying = 0.0
    rate = 0.0
    power = 0.0
    paid = 0.0
    for i in range(len(amounts)):
        amount = amounts[i]
        if amount > 0:
            buying += amount
            rate += linear[i] * amount
            power += impact[i] * amount**1.5
            paid += gas
        elif amount < 0:
            cash += -amount - linear[i] * -amount - impact[i] * (-amount) ** 1.5 - gas
    if buying <= 0:
        return
    budget = cash - keep - paid
    share = 1.0
    if buying + rate + power > budget:
        share = max(budget, 0.0) / (buying + rate + power)
        if budget > 0:
            # Newton from the right on a convex rising function comes down to its root.
            share = 1.0
            for _ in range(50):
                over = share * (buying + rate) + power * share**1.5 - budget
                move = over / (buying + rate + 1.5 * power * np.sqrt(share))
                share -= move
                if abs(move) <= 1e-17:
                    break
            share = max(share, 0.0)
    if share < 1.0:
        for i in range(len(amounts)):
            if amounts[i] > 0:
                amounts[i] *= share
                if amounts[i] < minimum:
                    amounts[i] = 0.0


@kernel(nogil=True, error_model="numpy")
def _raise_cash(
    amounts: Floats,
    holdings: Floats,
    largest: Floats,
    linear: Floats,
    impact: Floats,
    gas: float,
    cash: float,
    floor: float,
) -> None:
    """Sell more of all that can be sold, in proportion, until sales pay for a shortfall and their own cost."""
    for _ in range(60):
        total = cash
        room = 0.0
        for i in range(len(amounts)):
            amount = amounts[i]
            if amount != 0:
                size = abs(amount)
                total -= amount + linear[i] * size + impact[i] * size**1.5 + gas
            room += max(min(holdings[i], largest[i]) + min(amount, 0.0), 0.0)
        if total >= -floor or room <= 0:
            return
        share = min(1.000001 * -total / room, 1.0)
        for i in range(len(amounts)):
            more = share * max(min(holdings[i], largest[i]) + min(amounts[i], 0.0), 0.0)
            amounts[i] = min(amounts[i], 0.0) - more


@kernel(nogil=True, error_model="numpy")
def _after(amounts: Floats, linear: Floats, impact: Floats, gas: float, cash: float) -> float:
    """Return cash after trades and their costs."""
    for i in range(len(amounts)):
        amount = abs(amounts[i])
        if amount > 0:
            cash -= amounts[i] + linear[i] * amount + impact[i] * amount**1.5 + gas
    return cash
