"""The return in another currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._rates import known_rate
from basketry.methodology.returns._series import Series, finite


@dataclass(frozen=True)
class CurrencyMemory:
    """What is remembered.

    Attributes:
        base: The exchange rate at the base.
    """

    base: float


@RETURNS.register("currency")
class Currency(Series):
    """The price return for an investor in another currency, not hedged.

    Where a version names another rate, the level goes on from where it stands, from that instant at the new rate.

    Attributes:
        currency: The currency; a version may not change it.
        rate: Name of the exchange rate: index currency for one unit of the other, such as EURUSD for EUR.

    >>> Currency(currency="EUR", rate="EURUSD").column()
    'price_return_eur'
    """

    formula = "L_t = I_t · FX_0 / FX_t"
    source = "S&P Dow Jones Indices, Index Mathematics Methodology, currency of calculation"

    memory: ClassVar[type | None] = CurrencyMemory

    currency: str = Field(pattern=r"^[A-Z0-9]{2,10}$")
    rate: str

    def usual_column(self) -> str:
        """Return price_return_ and the currency in small letters."""
        return f"price_return_{self.currency.lower()}"

    def extend(self, memory: CurrencyMemory | None, path: IndexPath) -> tuple[CurrencyMemory, Floats]:
        """Return what to remember and the levels, which start at the same base level.

        Raises:
            DataError: The exchange rate is unknown at some instant, or not above zero.
        """
        exchange = known_rate(path, self.rate)
        if (exchange <= 0).any():
            raise DataError(f"the exchange rate {self.rate} is not above zero everywhere; correct the table of rates")
        kept = CurrencyMemory(float(exchange[0])) if memory is None else memory
        return kept, finite(path.levels * (kept.base / exchange), path, self)

    def follow(self, before: Currency) -> None:
        """Raise MethodologyError for another currency."""
        if self.currency != before.currency:
            raise MethodologyError(
                f"currency: the series is in {before.currency}, and a level in {self.currency} does not go on with it; "
                "add a series to `returns` of the rulebook"
            )

    def take_over(self, memory: CurrencyMemory, before: Currency, path: IndexPath) -> CurrencyMemory:
        """Return what to remember so that the level stands where the rate before left it."""
        if self.rate == before.rate:
            return memory
        old, new = (float(known_rate(path, rate)[0]) for rate in (before.rate, self.rate))
        return CurrencyMemory(memory.base * (new / old))

    @property
    def reads(self) -> Reads:
        """The rates."""
        return Reads(rates=(self.rate,))

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Price return in {self.currency}, converted at {self.rate}, not hedged."
