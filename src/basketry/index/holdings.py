"""The basket as it is carried through a history: what is held, last prices, and a transition under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats, exact_sum


@dataclass(frozen=True, eq=False)
class Holdings:
    """A basket at an instant.

    Attributes:
        columns: Columns of the panel held, ascending, shape (n,).
        units: Units held, shape (n,).
        factors: Capping factors, shape (n,).
        prices: Last good prices, shape (n,).
        seen: Microseconds at which those were observed, shape (n,).
        frozen: Assets held as cash at their last price, shape (n,).
        divisor: Basket value per index point.
        plan: Units at the start and at the end of a transition under way, shape (2, n); None for none.
    """

    columns: NDArray[np.int64]
    units: Floats
    factors: Floats
    prices: Floats
    seen: NDArray[np.int64]
    frozen: Bools
    divisor: float
    plan: Floats | None = None

    @cached_property
    def value(self) -> float:
        """Basket value at the last prices."""
        return exact_sum(self.units * self.prices)

    @cached_property
    def weights(self) -> Floats:
        """Weights at the last prices, shape (n,)."""
        return self.units * self.prices / self.value

    def marked(self, prices: Floats, seen: NDArray[np.int64]) -> Holdings:
        """Return the basket at other prices."""
        return Holdings(self.columns, self.units, self.factors, prices, seen, self.frozen, self.divisor, self.plan)

    def with_divisor(self, divisor: float) -> Holdings:
        """Return the basket with another divisor."""
        return Holdings(self.columns, self.units, self.factors, self.prices, self.seen, self.frozen, divisor, self.plan)

    def without(self, gone: Bools, *, keep_level: bool) -> Holdings:
        """Return the basket without some assets; with `keep_level` the divisor takes up their value."""
        stay = ~gone
        rest = exact_sum(self.units[stay] * self.prices[stay])
        divisor = self.divisor * (rest / self.value) if keep_level else self.divisor
        return replace(
            self,
            columns=self.columns[stay],
            units=self.units[stay],
            factors=self.factors[stay],
            prices=self.prices[stay],
            seen=self.seen[stay],
            frozen=self.frozen[stay],
            divisor=divisor,
            plan=None if self.plan is None else self.plan[:, stay],
        )

    def exchanged(
        self, old: int, new: int, ratio: float, price: float, seen: int, *, keep_old: bool = False
    ) -> Holdings:
        """Return the basket with `ratio` units of `new` for each unit of `old`, at a price of the new asset.

        With `keep_old` the old asset stays and the new one comes beside it, as in a fork. A redenomination is
        an exchange of an asset for itself.
        """
        table = {
            int(column): [
                float(self.units[place]),
                float(self.factors[place]),
                float(self.prices[place]),
                int(self.seen[place]),
                bool(self.frozen[place]),
                *([] if self.plan is None else [float(x) for x in self.plan[:, place]]),
            ]
            for place, column in enumerate(self.columns)
        }
        source = table[old] if keep_old else table.pop(old)
        gained = [source[0] * ratio, source[1], price, seen, False, *(amount * ratio for amount in source[5:])]
        if new in table and new != old:
            held = table[new]
            gained[0] += held[0]
            gained[1:4] = held[1:4]
            gained[5:] = [a + b for a, b in zip(gained[5:], held[5:], strict=True)]
        table[new] = gained
        columns = np.array(sorted(table), dtype=np.int64)
        rows = [table[column] for column in columns.tolist()]
        plan = None if self.plan is None else np.array([row[5:] for row in rows], dtype=np.float64).T
        return Holdings(
            columns=columns,
            units=np.array([row[0] for row in rows], dtype=np.float64),
            factors=np.array([row[1] for row in rows], dtype=np.float64),
            prices=np.array([row[2] for row in rows], dtype=np.float64),
            seen=np.array([row[3] for row in rows], dtype=np.int64),
            frozen=np.array([row[4] for row in rows], dtype=bool),
            divisor=self.divisor,
            plan=plan,
        )
