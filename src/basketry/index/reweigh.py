"""Weights at the effective instant of a change whose supplies are fixed: `rebalance: {fix: supply}`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats, added, normalise
from basketry.core.time import format_instant
from basketry.index.basket import Basket
from basketry.index.kernels import as_held
from basketry.index.state import Decision
from basketry.market.panel import Panel
from basketry.methodology.rulebook import Rulebook


def reweighed(
    decision: Decision,
    rules: Rulebook,
    view: Panel,
    basket: Basket | None,
    prices: Floats,
    seen: NDArray[np.int64],
    time: np.datetime64,
) -> tuple[Floats | None, str | None]:
    """Return weights before and after capping at effective prices, shape (2, n), and why caps could not be kept.

    They are shares of what is not cash.

        w_i = P_i S_i / sum(P_j S_j), capped,   S the units of the determination

    None for the weights where they are not fixed so, or nobody has a price. An asset without a fresh price gets 0.

    Args:
        decision: What was determined, with its units before capping.
        rules: The rules that determined it.
        view: The market as of the determination, which groups for caps are read from.
        basket: What is held; a member that stays counts at the price that the index uses.
        prices, seen: Observed at the instant, NaN where not fresh enough, shape (n,).
        time: The instant.

    Source: DeFi Pulse Index (2021), a determination phase for supplies and a reconstitution at later prices.
    """
    if rules.schedule.fix != "supply" or decision.shares is None:
        return None, None
    if basket is not None:
        prices, _ = as_held(
            basket.columns, basket.prices, basket.seen, basket.cash | basket.awaited, decision.columns, prices, seen
        )
    present = prices > 0
    if not present.any():
        return None, None
    found = np.zeros((2, len(prices)))
    if not added(decision.shares[present] * prices[present]) > 0:
        return found, None
    raw = normalise(decision.shares[present] * prices[present])
    try:
        weights, shortage = rules.weight.capped(view, decision.columns[present], raw)
    except MethodologyError as error:
        raise type(error)(f"change of {format_instant(time)}: {error}") from error
    invested = rules.weight.invested
    found[0, present], found[1, present] = raw, weights if invested == 1 else weights / invested
    return found, shortage
