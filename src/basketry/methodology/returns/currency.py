"""The return in another currency."""

from pydantic import Field

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._rates import known_rate
from basketry.methodology.returns._series import Series, finite


@RETURNS.register("currency")
class Currency(Series):
    """The price return for an investor in another currency, not hedged.

    Attributes:
        currency: The currency.
        rate: Name of the exchange rate: index currency for one unit of the other, such as EURUSD for EUR.

    >>> Currency(currency="EUR", rate="EURUSD").column()
    'price_return_eur'
    """

    formula = "L_t = I_t · FX_0 / FX_t"
    source = "S&P Dow Jones Indices, Index Mathematics Methodology, currency of calculation"

    currency: str = Field(pattern=r"^[A-Z0-9]{2,10}$")
    rate: str

    def usual_column(self) -> str:
        """Return price_return_ and the currency in small letters."""
        return f"price_return_{self.currency.lower()}"

    def level(self, path: IndexPath) -> Floats:
        """Return the levels, which start at the same base level.

        Raises:
            DataError: The exchange rate is unknown at some instant, or not above zero.
        """
        exchange = known_rate(path, self.rate)
        if (exchange <= 0).any():
            raise DataError(f"the exchange rate {self.rate} is not above zero everywhere; correct the table of rates")
        return finite(path.levels * (exchange[0] / exchange), path, self)

    def words(self) -> str:
        """Return the rule as a sentence."""
        return f"Price return in {self.currency}, converted at {self.rate}, not hedged."
