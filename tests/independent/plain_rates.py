"""A second implementation of the rates from trades, in plain Python, written from the words of their definitions.

It shares no code with basketry: lists, dictionaries and exact fractions, one window at a time. Prices enter as the
exact value of their 64-bit float, parameters as the decimals that are written, sizes as whole numbers. Nothing is
rounded until the end, so a tie is a tie. It is slow and meant to be read beside the page on reference prices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import NamedTuple

MINUTE = 60_000_000
HOUR = 60 * MINUTE
HALF = Fraction(1, 2)


class Trade(NamedTuple):
    """A trade: microseconds, the venue, the exact price, whole units."""

    time: int
    venue: str
    price: Fraction
    size: int


Prices = dict[str, Fraction]


def weighted_low_median(pairs: list[tuple[Fraction, Fraction | int]]) -> Fraction:
    """Return the smallest price at or below which lies at least half of the weight."""
    total = sum(weight for _, weight in pairs)
    held: Fraction | int = 0
    for price, weight in sorted(pairs):
        held += weight
        if weight and 2 * held >= total:
            return price
    raise ValueError("no weight")


def weighted_middle_median(pairs: list[tuple[Fraction, Fraction]]) -> Fraction:
    """Return the weighted median, the middle of two where exactly half of the weight lies on either side."""
    high = -weighted_low_median([(-price, weight) for price, weight in pairs])
    return (weighted_low_median([(price, weight) for price, weight in pairs]) + high) / 2


def plain_median(values: list[Fraction]) -> Fraction:
    """Return the median, the mean of the two middle values of an even number."""
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def mean(values: list[Fraction]) -> Fraction:
    """Return the mean."""
    return sum(values, Fraction(0)) / len(values)


def trade_median(trades: list[Trade]) -> Fraction:
    """Return the volume-weighted median of some trades."""
    return weighted_low_median([(trade.price, trade.size) for trade in trades])


def trade_average(trades: list[Trade]) -> Fraction:
    """Return the volume-weighted average of some trades."""
    return sum((t.price * t.size for t in trades), Fraction(0)) / sum(t.size for t in trades)


def trade_last(trades: list[Trade]) -> Fraction:
    """Return the last price; of several in the last microsecond their volume-weighted median."""
    latest = max(trade.time for trade in trades)
    return trade_median([trade for trade in trades if trade.time == latest])


VENUE_PRICE = {"median": trade_median, "vwap": trade_average, "last": trade_last}


class Window:
    """The trades of one window, in parts and by venue.

    Args:
        trades: All trades, in any order.
        end: The instant of the fixing.
        length: Length of the window, microseconds.
        groups: The group of each venue; the venue itself unless given.
    """

    def __init__(self, trades: list[Trade], end: int, length: int, groups: Mapping[str, str] | None = None) -> None:
        self.trades = [trade for trade in trades if end - length <= trade.time < end]
        self.end, self.length = end, length
        self.groups = dict(groups or {})

    def parts(self, count: int) -> list[list[Trade]]:
        """Return the trades of equal parts, whose edges are whole microseconds, rounded down."""
        edges = [self.end - self.length + k * self.length // count for k in range(count + 1)]
        return [[trade for trade in self.trades if edges[k] <= trade.time < edges[k + 1]] for k in range(count)]

    def venues(self) -> list[str]:
        """Return the venues that trade."""
        return sorted({trade.venue for trade in self.trades})

    def of(self, venue: str) -> list[Trade]:
        """Return the trades of a venue."""
        return [trade for trade in self.trades if trade.venue == venue]

    def prices(self, of: str) -> Prices:
        """Return the price of each venue."""
        return {venue: VENUE_PRICE[of](self.of(venue)) for venue in self.venues()}

    def volumes(self) -> dict[str, int]:
        """Return the size of each venue's trades."""
        return {venue: sum(trade.size for trade in self.of(venue)) for venue in self.venues()}

    def group(self, venue: str) -> str:
        """Return the group of a venue."""
        return self.groups.get(venue, venue)


def weighted_mean(prices: Prices, weights: Mapping[str, Fraction | int]) -> Fraction | None:
    """Return the mean of the venues' prices by weight; none without weight."""
    total = sum(weights.values())
    return sum((prices[v] * w for v, w in weights.items()), Fraction(0)) / total if total else None


def by_volume_or_equal(window: Window, venues: list[str], by: str) -> dict[str, int]:
    """Return the weights of some venues: their volume, or one each."""
    volumes = window.volumes()
    return {venue: volumes[venue] if by == "volume" else 1 for venue in venues}


# One price of each venue, combined.


def venue_median(window: Window, of: str = "median") -> Fraction | None:
    prices = window.prices(of)
    return plain_median(list(prices.values())) if prices else None


def weighted_venue_median(window: Window, of: str = "median") -> Fraction | None:
    prices, volumes = window.prices(of), window.volumes()
    return weighted_low_median([(prices[v], volumes[v]) for v in prices]) if prices else None


def close(window: Window, of: str = "last") -> Fraction | None:
    return weighted_mean(window.prices(of), window.volumes())


def trimmed_mean(window: Window, of: str = "median", trim: int = 1) -> Fraction | None:
    ordered = sorted(window.prices(of).values())
    if not ordered:
        return None
    out = min(trim, (len(ordered) - 1) // 2)
    return mean(ordered[out : len(ordered) - out])


def band_mean(window: Window, of: str = "last", band: str = "0.25", by: str = "volume") -> Fraction | None:
    prices = window.prices(of)
    if not prices:
        return None
    middle = plain_median(list(prices.values()))
    inside = [venue for venue, price in prices.items() if abs(price / middle - 1) <= Fraction(band)]
    return weighted_mean(prices, by_volume_or_equal(window, inside, by))


def clamped_mean(window: Window, of: str = "last", band: str = "0.005", by: str = "equal") -> Fraction | None:
    prices = window.prices(of)
    if not prices:
        return None
    middle = plain_median(list(prices.values()))
    low, high = middle * (1 - Fraction(band)), middle * (1 + Fraction(band))
    clamped = {venue: min(max(price, low), high) for venue, price in prices.items()}
    return weighted_mean(clamped, by_volume_or_equal(window, list(prices), by))


def deviation_filter(
    window: Window, of: str = "median", deviations: str = "3", floor: str = "0.0002", by: str = "volume"
) -> Fraction | None:
    prices = window.prices(of)
    if not prices:
        return None
    middle = plain_median(list(prices.values()))
    spread = Fraction("1.4826") * plain_median([abs(price - middle) for price in prices.values()])
    limit = Fraction(deviations) * max(spread, Fraction(floor) * middle)
    near = [venue for venue, price in prices.items() if abs(price - middle) <= limit]
    return weighted_mean(prices, by_volume_or_equal(window, near, by))


def three_vote_median(window: Window, of: str = "median", uncertainty: str = "0.0005") -> Fraction | None:
    width = Fraction(uncertainty)
    votes = [p * (1 + sign * width) for p in window.prices(of).values() for sign in (-1, 0, 1)]
    return plain_median(votes) if votes else None


def quality_mix(
    window: Window, of: str = "median", quality: str = "0.5", power: str = "0.5", tolerance: str = "0.001"
) -> Fraction | None:
    prices = window.prices(of)
    if not prices:
        return None
    middle = plain_median(list(prices.values()))
    with localcontext() as context:
        context.prec = 60  # a root is no fraction; sixty digits tell a tie from what is none
        liquidity = {v: Fraction(Decimal(size) ** Decimal(power)) for v, size in window.volumes().items()}
    agreement = {v: 1 / (1 + ((price / middle - 1) / Fraction(tolerance)) ** 2) for v, price in prices.items()}
    mix = Fraction(quality)
    weights = {
        v: (1 - mix) * liquidity[v] / sum(liquidity.values()) + mix * agreement[v] / sum(agreement.values())
        for v in prices
    }
    return weighted_low_median([(prices[v], weights[v]) for v in prices])


# Trades of all venues pooled.


def vwap(window: Window) -> Fraction | None:
    return trade_average(window.trades) if window.trades else None


def last(window: Window) -> Fraction | None:
    return trade_last(window.trades) if window.trades else None


def twap(window: Window) -> Fraction | None:
    if not window.trades:
        return None
    # Of one microsecond the order is that of the price, so the highest is the one that lasts.
    ordered = sorted(window.trades, key=lambda trade: (trade.time, trade.price))
    ends = [trade.time for trade in ordered[1:]] + [window.end]
    value = sum((t.price * (end - t.time) for t, end in zip(ordered, ends, strict=True)), Fraction(0))
    return value / (window.end - ordered[0].time)


def partitioned_median(window: Window, parts: int = 12) -> Fraction | None:
    medians = [trade_median(part) for part in window.parts(parts) if part]
    return mean(medians) if medians else None


def hampel(window: Window, parts: int = 60, neighbours: int = 5, deviations: str = "3") -> Fraction | None:
    averages = [trade_average(part) if part else None for part in window.parts(parts)]
    clean: list[Fraction] = []
    for k, own in enumerate(averages):
        if own is None:
            continue
        near = [x for x in averages[max(k - neighbours, 0) : k + neighbours + 1] if x is not None]
        middle = plain_median(near)
        spread = Fraction("1.4826") * plain_median([abs(x - middle) for x in near])
        clean.append(middle if abs(own - middle) > Fraction(deviations) * spread else own)
    return mean(clean) if clean else None


def coin_metrics_hourly(trades: list[Trade], end: int) -> Fraction | None:
    """From 60 minutes before the instant to 1 after it, whatever else is asked."""
    window = Window(trades, end + MINUTE, 61 * MINUTE)
    medians = [trade_median(part) if part else None for part in window.parts(61)]
    known = [k for k, value in enumerate(medians) if value is not None]
    if not known:
        return None
    weights = [Fraction(9, 10) * k / 1711 for k in range(59)] + [Fraction(1, 20)] * 2
    total = Fraction(0)
    for k, weight in enumerate(weights):
        later = [place for place in known if place >= k]
        value = medians[later[0] if later else known[-1]]
        total += weight * (value or 0)
    return total


def coin_metrics_real_time(window: Window, inactive: str = "100") -> Fraction | None:
    if not window.trades:
        return None
    times = sorted(trade.time for trade in window.trades)
    pooled = mean([trade.price for trade in window.trades])
    latest = {venue: max(trade.time for trade in window.of(venue)) for venue in window.venues()}
    active = window.venues()
    if len(times) > 1:
        limit = Fraction(inactive) * (times[-1] - times[0]) / (len(times) - 1)
        active = [venue for venue in active if window.end - latest[venue] <= limit] or active
    volumes = window.volumes()
    minutes = -(-window.length // MINUTE)
    inverse: dict[str, Fraction] = {}
    for venue in active:
        own = window.of(venue)
        variance = mean([(trade.price - pooled) ** 2 for trade in own])
        traded = len({(trade.time - (window.end - window.length)) // MINUTE for trade in own})
        inverse[venue] = Fraction(traded, minutes) / variance if variance else Fraction(0)
    held, steadiness = sum(volumes[v] for v in active), sum(inverse.values())
    weights = {v: (Fraction(volumes[v], held) + (inverse[v] / steadiness if steadiness else 0)) / 2 for v in active}
    return weighted_low_median([(trade_last(window.of(v)), weights[v]) for v in active])


# The default.


def capped(held: dict[str, int], survive: int) -> dict[str, Fraction]:
    """Return the shares of groups with the excess over the cap given to the others in proportion."""
    corrupt = min(survive, (len(held) - 1) // 2)
    cap = Fraction("0.96") / (2 * corrupt) if corrupt else (HALF if len(held) > 1 else Fraction(1))
    at_cap: set[str] = set()
    while True:
        free = {group: size for group, size in held.items() if group not in at_cap}
        left = 1 - cap * len(at_cap)
        weights = {g: cap if g in at_cap else left * held[g] / sum(free.values()) for g in held}
        above = {group for group, weight in weights.items() if weight > cap}
        if not above:
            return weights
        at_cap |= above


def capped_median(
    window: Window, parts: int = 12, survive: int = 2, trim: int = 2, agree: str = "0.05"
) -> Fraction | None:
    divided = window.parts(parts)
    volumes = window.volumes()
    medians: list[Prices] = []
    for part in divided:
        by_venue: dict[str, list[Trade]] = {}
        for trade in part:
            by_venue.setdefault(trade.venue, []).append(trade)
        medians.append({venue: trade_median(trades) for venue, trades in by_venue.items()})

    def has_witness(k: int, venue: str) -> bool:
        others = [v for v in window.venues() if window.group(v) != window.group(venue)]
        for other in others:
            places = [j for j in range(parts) if other in medians[j]]
            before = [j for j in places if j <= k]
            nearest = medians[before[-1] if before else places[0]][other]
            if abs(medians[k][venue] - nearest) <= Fraction(agree) * min(medians[k][venue], nearest):
                return True
        return not others

    values: list[Fraction] = []
    for k, prices in enumerate(medians):
        few = len({window.group(venue) for venue in prices}) <= 2
        counting = [venue for venue in prices if not few or has_witness(k, venue)]
        held: dict[str, int] = {}
        for venue in counting:
            held[window.group(venue)] = held.get(window.group(venue), 0) + volumes[venue]
        if held:
            of_group = capped(held, survive)
            weights = {v: of_group[window.group(v)] * volumes[v] / held[window.group(v)] for v in counting}
            values.append(weighted_middle_median([(prices[v], weights[v]) for v in counting]))
    if not values or 2 * len(values) < parts:
        return None
    out = min(trim, (len(values) - 1) // 2)
    return mean(sorted(values)[out : len(values) - out])


DAY = 24 * HOUR
RATES: dict[str, tuple[Callable[..., Fraction | None], int]] = {
    "band_mean": (band_mean, HOUR),
    "capped_median": (capped_median, HOUR),
    "clamped_mean": (clamped_mean, 3 * MINUTE),
    "close": (close, DAY),
    "coin_metrics_hourly": (coin_metrics_hourly, HOUR),
    "coin_metrics_real_time": (coin_metrics_real_time, HOUR),
    "deviation_filter": (deviation_filter, HOUR),
    "hampel": (hampel, HOUR),
    "last": (last, DAY),
    "partitioned_median": (partitioned_median, HOUR),
    "quality_mix": (quality_mix, HOUR),
    "three_vote_median": (three_vote_median, HOUR),
    "trimmed_mean": (trimmed_mean, HOUR),
    "twap": (twap, HOUR),
    "venue_median": (venue_median, HOUR),
    "vwap": (vwap, HOUR),
    "weighted_venue_median": (weighted_venue_median, HOUR),
}
"""Each rate with the length of its window unless another is given."""

EXACT = {"last", "weighted_venue_median"}
"""Rates that give one of the prices of the tape, whatever the window: they must agree to the last digit."""


def rate(
    name: str,
    trades: list[Trade],
    end: int,
    *,
    window: int | None = None,
    groups: Mapping[str, str] | None = None,
    **parameters: object,
) -> float | None:
    """Return the rate of a name at an instant, rounded once to a float; none where it has none."""
    function, usual = RATES[name]
    if name == "coin_metrics_hourly":
        price = function(trades, end)
    else:
        price = function(Window(trades, end, usual if window is None else window, groups), **parameters)
    return None if price is None else float(price)
