"""Isolated margin of linear contracts: requirements by bracket, and the price at which a position is liquidated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats

_ROUNDING = 1e-12


class MarginModel(Protocol):
    """Anything that says what margin positions need; arrays of any one shape, one element a position."""

    def initial(self, notional: Floats) -> Floats:
        """Return the least margin to open positions of a notional, quote currency."""
        ...

    def maintenance(self, notional: Floats) -> Floats:
        """Return the margin below which positions are liquidated, quote currency."""
        ...

    def liquidation_price(self, size: Floats, mark: Floats, margin: Floats) -> Floats:
        """Return the mark price at which margin equals maintenance.

        Args:
            size: Units, positive for long, negative for short.
            mark: Price at which `margin` is counted.
            margin: Collateral with the profit and loss up to `mark`, quote currency.
        """
        ...

    def liquidation_fee(self, notional: Floats) -> Floats:
        """Return what the venue keeps from the margin of liquidated positions, quote currency."""
        ...


@dataclass(frozen=True)
class Brackets:
    """Margin rates that rise with the notional, as Binance, Bybit and OKX state them.

    Maintenance = rate × notional - amount, where the amount makes the requirement continuous at the floors:
    amount_n = amount_(n-1) + floor_n (rate_n - rate_(n-1)).

    Attributes:
        floors: Notional from which each bracket counts, ascending from 0.
        initial_rates: Least margin over notional in each bracket.
        maintenance_rates: Maintenance rate in each bracket.
        fee: Share of the notional that the venue keeps at a liquidation, as far as the margin reaches.

    Source: Binance, How to Calculate Liquidation Price of USDⓈ-M Futures Contracts, 2020.

    >>> model = Brackets((0.0, 50_000.0, 250_000.0), (0.008, 0.01, 0.02), (0.004, 0.005, 0.01))
    >>> model.amounts
    (0.0, 50.0, 1300.0)
    >>> model.maintenance(np.array([40_000.0, 250_000.0])).tolist()
    [160.0, 1200.0]
    """

    floors: tuple[float, ...] = (0.0,)
    initial_rates: tuple[float, ...] = (0.01,)
    maintenance_rates: tuple[float, ...] = (0.005,)
    fee: float = 0.0

    def __post_init__(self) -> None:
        rates = self.maintenance_rates
        if not len(self.floors) == len(self.initial_rates) == len(rates) or not rates or self.floors[0] != 0:
            raise DataError("Brackets needs as many floors as rates, the first floor 0")
        if list(self.floors) != sorted(set(self.floors)) or list(rates) != sorted(rates):
            raise DataError(f"Brackets: floors {self.floors} and maintenance rates {rates} must ascend")
        if (
            any(not 0 <= low <= high <= 1 for low, high in zip(rates, self.initial_rates, strict=True))
            or rates[-1] >= 1
        ):
            raise DataError("Brackets: each maintenance rate must be from 0 to its initial rate, and that at most 1")
        if not 0 <= self.fee < 1:
            raise DataError(f"Brackets: the liquidation fee {self.fee:g} is not from 0 to below 1")

    @property
    def amounts(self) -> tuple[float, ...]:
        """The maintenance amount of each bracket, quote currency."""
        amounts = [0.0]
        for n in range(1, len(self.floors)):
            step = self.maintenance_rates[n] - self.maintenance_rates[n - 1]
            amounts.append(amounts[-1] + self.floors[n] * step)
        return tuple(amounts)

    def initial(self, notional: Floats) -> Floats:
        """Return the least margin to open positions."""
        return np.asarray(self.initial_rates)[self._bracket(notional)] * notional

    def maintenance(self, notional: Floats) -> Floats:
        """Return the maintenance margin of positions."""
        place = self._bracket(notional)
        return np.asarray(self.maintenance_rates)[place] * notional - np.asarray(self.amounts)[place]

    def liquidation_fee(self, notional: Floats) -> Floats:
        """Return the venue's fee at a liquidation."""
        return self.fee * notional

    def liquidation_price(self, size: Floats, mark: Floats, margin: Floats) -> Floats:
        """Return the liquidation price by the bracket that holds there; 0 where a long cannot be liquidated.

        P = (margin + amount - q mark) / (|q| rate - q), q positive for long and negative for short.

        Raises:
            DataError: A position has no size.

        >>> Brackets((0.0,), (0.1,), (0.004,)).liquidation_price(np.array([1.0]), np.array([1e4]), np.array([1e3]))
        array([9036.14457831])
        """
        sizes, marks, margins = np.broadcast_arrays(*np.atleast_1d(size, mark, margin))
        if bool((sizes == 0).any()):
            raise DataError("a position without size has no liquidation price; leave it out")
        rates, amounts = np.asarray(self.maintenance_rates), np.asarray(self.amounts)
        free = (margins - sizes * marks)[..., None] + amounts
        prices = free / (np.abs(sizes)[..., None] * rates - sizes[..., None])
        # Rates ascend, so the requirement is the largest of the brackets' lines and the first one met decides.
        first = np.where(sizes > 0, prices.max(axis=-1), prices.min(axis=-1))
        return np.maximum(first, 0.0)

    def _bracket(self, notional: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
        return np.searchsorted(np.asarray(self.floors), notional, side="right") - 1


def bankruptcy_price(size: float, entry: float, margin: float) -> float:
    """Return the price at which the margin is gone: entry - margin / q, q positive for long and negative for short.

    Source: BitMEX, Liquidation; GTE, margin documentation.

    >>> bankruptcy_price(20.0, 1000.0, 10_000.0)
    500.0
    """
    if size == 0:
        raise DataError("a position without size has no bankruptcy price; leave it out")
    return max(entry - margin / size, 0.0)


@dataclass(frozen=True)
class Collateral:
    """How the fund posts isolated margin from its reserve.

    Attributes:
        leverage: Notional over posted margin, at least 1; 3 posts a third of the notional.
        call: Margin is topped up to notional / leverage when it is below this share of it, and what is above the
            inverse share goes back to the reserve. At 1 margins are set anew at each row.
    """

    leverage: float = 3.0
    call: float = 1.0

    def __post_init__(self) -> None:
        if not self.leverage >= 1:
            raise DataError(f"a leverage of {self.leverage:g} needs more margin than notional; give 1 or more")
        if not 0 < self.call <= 1:
            raise DataError(f"call {self.call:g} is not above 0 and up to 1")

    def posted(self, notional: Floats, margin: Floats, model: MarginModel) -> Floats:
        """Return the margin wanted for positions that have `margin` now; nothing else is known or needed."""
        wanted = self._target(notional, model)
        outside = (margin < self.call * wanted) | (margin > wanted / self.call) | (notional == 0)
        return np.where(outside, wanted, margin)

    def called(self, notional: Floats, margin: Floats, model: MarginModel) -> Bools:
        """Return which open positions have too little margin and must be topped up."""
        return (notional > 0) & (margin < self.call * self._target(notional, model) * (1 - _ROUNDING))

    def _target(self, notional: Floats, model: MarginModel) -> Floats:
        return np.maximum(notional / self.leverage, model.initial(notional))


def settled(margin: Floats, wanted: Floats, reserve: Floats | float) -> Floats:
    """Return margins after what is too much went to the reserve and shortfalls were filled as far as it reaches.

    A reserve that does not reach fills every shortfall by the same share. What leaves or enters the margins is the
    opposite change of the reserve. Positions are the last axis; `reserve` has the shape without it.

    >>> settled(np.array([30.0, 10.0, 20.0]), np.array([20.0, 30.0, 60.0]), 5.0).tolist()
    [20.0, 15.0, 30.0]
    """
    short = np.maximum(wanted - margin, 0.0)
    ready = np.maximum(np.asarray(reserve) + np.maximum(margin - wanted, 0.0).sum(axis=-1), 0.0)
    need = short.sum(axis=-1)
    share = np.divide(ready, need, out=np.ones_like(need), where=need > ready)
    return np.minimum(margin, wanted) + share[..., None] * short
