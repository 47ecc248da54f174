"""The one tree of errors that basketry raises.

    BasketryError
      DataError             observations, a file or a table are wrong
        SchemaError         a frame does not have the declared columns
      MethodologyError      a rulebook is wrong or cannot be satisfied
        CapInfeasibleError  the caps leave no weights that sum to one
        UnknownRuleError    a rule that no registry holds
      RecordError           a published folder or its record is wrong
      MissingExtraError     an optional dependency is not installed

Each message says what is wrong, where, and what to do; the command line prints it and exits 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence


class BasketryError(Exception):
    """Base of all errors that a caller or an input caused."""


class DataError(BasketryError):
    """Observations, a file or a table cannot be used as they are."""


class SchemaError(DataError):
    """A frame does not match its declared schema."""


class MethodologyError(BasketryError):
    """A rulebook is malformed, inconsistent, or cannot be satisfied.

    Attributes:
        parts: Where several faults were found at once, each as an error of its own; else nothing.
    """

    parts: tuple[MethodologyError, ...] = ()

    @staticmethod
    def together(faults: Sequence[MethodologyError]) -> MethodologyError:
        """Return one error that tells several, each on a line; a single one is returned as it is.

        >>> print(MethodologyError.together([MethodologyError("name: a text"), MethodologyError("base: a date")]))
        2 faults:
          name: a text
          base: a date
        """
        each = tuple(part for fault in faults for part in fault.each)
        if len(each) == 1:
            return each[0]
        found = MethodologyError("\n  ".join([f"{len(each)} faults:", *map(str, each)]))
        found.parts = each
        return found

    @property
    def each(self) -> tuple[MethodologyError, ...]:
        """The faults one by one: the error itself where it tells one."""
        return self.parts or (self,)

    def retold(self, tell: Callable[[str], str]) -> MethodologyError:
        """Return the error with the message of each fault told otherwise.

        >>> str(MethodologyError("level: a number").retold(lambda words: f"base.{words}"))
        'base.level: a number'
        """
        return MethodologyError.together([type(part)(tell(str(part))) for part in self.each])


class CapInfeasibleError(MethodologyError):
    """No weights that sum to one satisfy the caps."""


class UnknownRuleError(MethodologyError):
    """A rule name that no registry holds."""


class RecordError(BasketryError):
    """A published folder is incomplete, altered, or would be overwritten."""


class MissingExtraError(BasketryError):
    """A command needs an optional dependency that is not installed."""


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest known name, or an empty string.

    >>> nearest_hint("equl", ["equal", "market_cap"])
    " (did you mean 'equal'?)"
    >>> nearest_hint("zzz", ["equal"])
    ''
    """
    same = [other for other in known if other.casefold() == name.casefold()]
    if same:
        return f" (did you mean {same[0]!r}?)"
    matches = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
