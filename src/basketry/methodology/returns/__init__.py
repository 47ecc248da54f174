"""Return rules: each turns the price-return path of an index into one more series of levels."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from basketry.core.numbers import Floats
from basketry.core.rule import Registry, Rule
from basketry.methodology.path import IndexPath

__all__ = ["RETURNS", "ReturnRule"]


class ReturnRule(Rule):
    """Base of the rules under `returns:`.

    A rule is a fold over stretches of a path: `extend` takes what the rule remembers of the past and one more
    stretch, and gives the levels of that stretch and what to remember. Wherever a path is cut, the levels are the
    same to the last bit.

    Attributes:
        memory: The class of what is remembered: a frozen dataclass of numbers, words, and tuples of them, in which
            instants are whole microseconds since 1970; None for a rule that remembers nothing.
    """

    memory: ClassVar[type | None] = None

    def column(self) -> str:
        """Return the name of the column in the levels table, such as total_return or leverage_2x."""
        raise NotImplementedError

    def extend(self, memory: Any, path: IndexPath) -> tuple[Any, Floats]:
        """Return what to remember and the level at each instant of a path, shape (T,).

        Args:
            memory: What the rule remembered at the first instant of the path; None where that is the base. Of
                the class `memory`; it is kept as plain values between two calculations.
            path: The stretch; its first level has been given before.

        Raises:
            DataError: A rate or yield that the rule needs is not in the data.
        """
        raise NotImplementedError

    def follow(self, before: Self) -> None:
        """Raise MethodologyError where a version's rule cannot go on with the series of the rule before it.

        The message starts with the parameter. A rule that does not say otherwise follows with any parameters.
        """

    def take_over(self, memory: Any, before: Self, path: IndexPath) -> Any:
        """Return what this rule goes on from, where another with other parameters was in force up to an instant.

        The level at that instant stands: a change of rules moves no level by itself.

        Args:
            memory: What the other remembers at the instant, never None.
            before: The other, of the same class.
            path: What comes next; its first row is the instant.
        """
        del before, path
        return memory

    def go_on(self, memory: Any, was: IndexPath, now: IndexPath) -> Any:
        """Return what this rule goes on from after an instant whose prices are known otherwise by now.

        The level that was published stands, and the next return is the one from what is known now.

        Args:
            memory: What the rule remembers at the instant, never None.
            was, now: The instant as one row, with the basket at what was published with, and at what is known now. How
                units went over from one to the other, through events told late, is in the first.
        """
        del was, now
        return memory

    def level(self, path: IndexPath) -> Floats:
        """Return the level at each instant of a path that starts at the base, shape (T,)."""
        return self.extend(None, path)[1]


RETURNS: Registry[ReturnRule] = Registry("return rule", "returns", __name__)
