"""The price return: the level itself."""

from basketry.core.numbers import Floats
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS, ReturnRule


@RETURNS.register("price")
class Price(ReturnRule):
    """The value of the basket over the divisor; income of its assets is not counted.

    >>> Price().column()
    'price_return'
    """

    formula = "I_t = Σ q_i P_it / D"
    source = "Laspeyres (1871); S&P Dow Jones Indices, Index Mathematics Methodology"

    def column(self) -> str:
        """Return the column's name."""
        return "price_return"

    def extend(self, memory: None, path: IndexPath) -> tuple[None, Floats]:
        """Return the levels; there is nothing to remember."""
        return memory, path.levels

    def words(self) -> str:
        """Return the rule as a sentence."""
        return "Price return: the value of the basket over the divisor; income of its assets is not counted."
