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

import difflib
from collections.abc import Iterable


class BasketryError(Exception):
    """Base of all errors that a caller or an input caused."""


class DataError(BasketryError):
    """Observations, a file or a table cannot be used as they are."""


class SchemaError(DataError):
    """A frame does not match its declared schema."""


class MethodologyError(BasketryError):
    """A rulebook is malformed, inconsistent, or cannot be satisfied."""


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
