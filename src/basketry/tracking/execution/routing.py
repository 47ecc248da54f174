"""Split an order over several venues at the lowest total cost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import exact_sum
from basketry.tracking.venues.venue import Quote, RoutableVenue, Side

_SUBSETS = 8
_DUST = 1e-12


@dataclass(frozen=True, slots=True)
class Route:
    """An order split over venues.

    Attributes:
        side: What the trader does.
        quotes: What each venue used gets, by name.
    """

    side: Side
    quotes: Mapping[str, Quote]

    @property
    def size(self) -> float:
        """Base units in all."""
        return exact_sum(np.array([quote.size for quote in self.quotes.values()]))

    @property
    def cash(self) -> float:
        """What a buyer pays in all, or a seller receives net, with gas."""
        return exact_sum(np.array([quote.cash for quote in self.quotes.values()]))


def route(side: Side, size: float, venues: Mapping[str, RoutableVenue]) -> Route:
    """Return the split of an order that costs least, with fees and gas.

    Without fixed costs the best split equalises the marginal price with fees over the venues that are used. It is
    found by bisection on that price down to neighbouring floating-point numbers, so that books give the same as their
    levels merged and walked. Gas and minimum sizes make some venues not worth using: every set of up to 8 such venues
    is tried, of more the venue whose absence saves most is left out again and again. What lots round away goes to the
    venue that takes it most cheaply. The result never costs more than the best single venue.

    Args:
        side: What the trader does. size: Base units.
        venues: By name.

    Raises:
        DataError: The venues together cannot trade the size.

    >>> from basketry.tracking.venues.constant_product import ConstantProduct
    >>> pools = {"large": ConstantProduct(300.0, 30_000.0), "small": ConstantProduct(100.0, 10_000.0)}
    >>> {name: round(quote.size, 9) for name, quote in route("buy", 40.0, pools).quotes.items()}
    {'large': 30.0, 'small': 10.0}
    """
    if not 0 < size < math.inf:
        raise DataError(f"route: a size must be a positive number of base units, was {size}")
    fixed = [name for name, venue in venues.items() if venue.terms.gas or _has_minimum(venue)]
    free = [name for name in venues if name not in fixed]
    found = [_single(side, size, name, venues[name]) for name in venues]
    if len(fixed) <= _SUBSETS:
        chosen: list[Sequence[str]] = [
            [*free, *some] for count in range(len(fixed) + 1) for some in itertools.combinations(fixed, count)
        ]
        found += [_split(side, size, {name: venues[name] for name in names}) for names in chosen]
    else:
        found += _descend(side, size, venues, fixed)
    routes = [entry for entry in found if entry is not None]
    if not routes:
        raise _refusal(side, size, venues)
    return min(routes, key=lambda entry: entry.cash if side == "buy" else -entry.cash)


def _has_minimum(venue: RoutableVenue) -> bool:
    return bool(venue.terms.minimum_size or venue.terms.minimum_notional)


def _single(side: Side, size: float, name: str, venue: RoutableVenue) -> Route | None:
    try:
        return Route(side, {name: venue.quote(side, size)})
    except DataError:
        return None


def _descend(side: Side, size: float, venues: Mapping[str, RoutableVenue], fixed: list[str]) -> list[Route | None]:
    names, found = list(venues), [_split(side, size, venues)]
    while fixed:
        tried = {name: _split(side, size, {other: venues[other] for other in names if other != name}) for name in fixed}
        usable = {name: entry for name, entry in tried.items() if entry is not None}
        if not usable:
            break
        sign = 1 if side == "buy" else -1
        worst = min(usable, key=lambda name: sign * usable[name].cash)
        found.append(usable[worst])
        names.remove(worst)
        fixed = [name for name in fixed if name != worst]
    return found


def _split(side: Side, size: float, venues: Mapping[str, RoutableVenue]) -> Route | None:
    shares = _shares(side, size, venues)
    if shares is None:
        return None
    sizes = {name: venues[name].terms.rounded(share) for name, share in shares.items()}
    rest = size - exact_sum(np.array(list(sizes.values())))
    if rest <= size * _DUST:
        return _quoted(side, sizes, venues)
    takers = [{**sizes, name: _sum_lots(venues[name], sizes[name] + rest)} for name in sizes]
    routes = [entry for entry in (_quoted(side, taker, venues) for taker in takers) if entry is not None]
    return min(routes, key=lambda entry: entry.cash if side == "buy" else -entry.cash, default=None)


def _sum_lots(venue: RoutableVenue, size: float) -> float:
    lot = venue.terms.lot
    lots = round(size / lot) if lot else 0
    return lots * lot if lot and math.isclose(lots * lot, size, rel_tol=1e-9) else size


def _quoted(side: Side, sizes: Mapping[str, float], venues: Mapping[str, RoutableVenue]) -> Route | None:
    try:
        return Route(side, {name: venues[name].quote(side, size) for name, size in sizes.items() if size > 0})
    except DataError:
        return None


def _shares(side: Side, size: float, venues: Mapping[str, RoutableVenue]) -> dict[str, float] | None:
    if not venues:
        return None
    short, enough = _bracket(side, size, venues)
    if enough is None:
        return None
    while True:
        middle = (short + enough) / 2
        if middle in (short, enough):
            break
        if _depth(side, middle, venues) >= size:
            enough = middle
        else:
            short = middle
    low = {name: min(venue.depth(side, short), size) for name, venue in venues.items()}
    high = {name: min(venue.depth(side, enough), size) for name, venue in venues.items()}
    rest = size - exact_sum(np.array(list(low.values())))
    for name in venues:
        more = min(max(high[name] - low[name], 0.0), rest)
        low[name] += more
        rest -= more
    return {name: share for name, share in low.items() if share > size * _DUST}


def _bracket(side: Side, size: float, venues: Mapping[str, RoutableVenue]) -> tuple[float, float | None]:
    mids = [venue.mid for venue in venues.values()]
    short = min(mids) / 2 if side == "buy" else max(mids) * 2
    factor, end = (2.0, math.inf) if side == "buy" else (0.5, 0.0)
    price = short
    while price not in (end, 0.0, math.inf):
        price *= factor
        if _depth(side, price, venues) >= size:
            return short, price
        short = price
        factor *= factor
    return short, None


def _depth(side: Side, price: float, venues: Mapping[str, RoutableVenue]) -> float:
    return math.fsum(venue.depth(side, price) for venue in venues.values())


def _refusal(side: Side, size: float, venues: Mapping[str, RoutableVenue]) -> DataError:
    reasons = []
    for name, venue in venues.items():
        try:
            venue.quote(side, size)
        except DataError as error:
            reasons.append(f"{name}: {error}")
    told = "; ".join(reasons) or "there are no venues"
    return DataError(f"route: no split trades {size:g} base units; {told}")
