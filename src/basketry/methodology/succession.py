"""How the rules of a version follow those of the version before: series go on, and so does what prices are."""

from __future__ import annotations

from dataclasses import replace

from basketry.core.errors import MethodologyError
from basketry.methodology.rulebook import Rulebook


def succeed(before: Rulebook, after: Rulebook, written: int) -> Rulebook:
    """Return the rules of a version, whose series are in the order of the version before.

    Args:
        before: Rules of the version before.
        after: Rules of the version.
        written: How many return rules the version writes; the price return need not be written.

    Raises:
        MethodologyError: A series ends, begins or becomes another, or reference prices do.
    """
    _prices(before, after)
    own = {rule.column(): rule for rule in after.returns}
    gone = [rule.column() for rule in before.returns if rule.column() not in own]
    new = [name for name in own if name not in {rule.column() for rule in before.returns}]
    implied = len(after.returns) - written if written else 0
    places = {rule.column(): f"returns[{place - implied}]" for place, rule in enumerate(after.returns)}
    if gone:
        hint = f": if {new[0]!r} goes on with it, write name: {gone[0]} there" if new else ""
        raise MethodologyError(
            f"returns: the series {gone[0]!r} is missing; a version goes on with every series under its name{hint}"
        )
    if new:
        raise MethodologyError(
            f"{places[new[0]]}: the series {new[0]!r} would begin with this version, and every series starts at the "
            "base level on the base date; write it under `returns` of the rulebook, which gives all its history"
        )
    for rule in before.returns:
        following, place = own[rule.column()], places[rule.column()]
        if type(following) is not type(rule):
            raise MethodologyError(
                f"{place}: the series {rule.column()!r} is made by {rule.name!r}, and a version may change the "
                f"parameters of that rule, not the rule to {following.name!r}; give the new series a name of its own, "
                "under `returns` of the rulebook"
            )
        try:
            following.follow(rule)
        except MethodologyError as error:
            raise MethodologyError(f"{place}.{rule.name}.{error}") from error
    return replace(after, returns=tuple(own[rule.column()] for rule in before.returns))


def _prices(before: Rulebook, after: Rulebook) -> None:
    if (before.prices is None) is not (after.prices is None):
        raise MethodologyError(
            "prices: a version may change the rules of reference prices, not begin or end them: prices of the data and "
            "reference prices are of two tables with instants and assets of their own; begin another index"
        )
    if before.prices is not None and after.prices is not None and before.prices.currency != after.prices.currency:
        raise MethodologyError(
            f"prices.currency: a version may not change the currency of prices from {before.prices.currency!r}: levels "
            "before and after would be in different units; add a `currency` to `returns`"
        )
