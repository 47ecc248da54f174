"""Return rules: each turns the price-return path of an index into one more series of levels."""

from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.methodology.path import IndexPath

__all__ = ["RETURNS", "ReturnRule"]


class ReturnRule(Rule):
    """Base of the rules under `returns:`."""

    def column(self) -> str:
        """Return the name of the column in the levels table, such as total_return or leverage_2x."""
        raise NotImplementedError

    def level(self, path: IndexPath) -> Floats:
        """Return the level at each instant of the path, shape (T,), starting at the base level.

        Raises:
            DataError: A rate or yield that the rule needs is not in the data.
        """
        raise NotImplementedError


RETURNS: Registry[ReturnRule] = Registry("return rule", "returns", __name__)
