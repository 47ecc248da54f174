"""The determination of the plain implementation: candidates, universe, guard, selection, weights, caps."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.independent import plain_select
from tests.independent.plain_market import Day, PlainMarket, View

FIGURE_AGE = 3
"""Days for which a figure that is not observed stands. Open: the page gives an age for prices only."""


class CannotDetermineError(ValueError):
    """A weighting has no answer, which stops the calculation."""


@dataclass
class Determined:
    """What was determined on a day; nobody where nobody is eligible.

    Attributes:
        day: The day whose data were used.
        weights: After caps.
        prices: Price of each at the determination, and the day of it.
        ranked: The eligible, best first.
        raw: Before caps, to the same sum.
    """

    day: Day
    weights: dict[str, float]
    prices: dict[str, tuple[float, Day]]
    ranked: list[str] = field(default_factory=list)
    raw: dict[str, float] = field(default_factory=dict)


def determine(
    market: PlainMarket,
    day: Day,
    members: set[str],
    rules: Mapping[str, Any],
    tags: Mapping[str, set[str]],
    scope: str = "whole",
) -> Determined:
    """Return who is selected with the data up to a day, and with which weights.

    Of `members` alone weights are equal and mean nothing; for `weights` alone `members` are all weighted that can be.
    """
    view, carry = market.view(day), rules["carry"]
    candidates = [
        asset
        for asset, prices in sorted(view.tables["price"].items())
        if prices
        and view.observed(asset, carry) is not None
        and asset not in view.ended
        and asset not in view.coming
        and (asset in members if scope == "weights" else not tags.get(asset, set()) & rules["exclude_tags"])
    ]
    refused: set[str] = set()
    frozen: dict[str, float] = {}
    while True:
        cap = {a: frozen.get(a, view.observed(a, FIGURE_AGE, "market_cap")) for a in candidates}
        ranked = chosen = decisive = [a for a in candidates if a not in refused]
        eligible = [a for a in ranked if scope != "weights" and _eligible(view, a, cap[a], a in members, rules)]
        if scope != "weights" and rules["select"] is None:
            ranked = _rank(view, eligible, cap, rules)
            chosen = decisive = _select(ranked, members, rules)
        elif scope != "weights":
            found = plain_select.select(view, eligible, frozen, members, rules["select"])
            ranked, chosen, decisive = found.ranked, sorted(found.chosen), sorted(found.decisive)
        if not rules["guard"]:
            break
        suspects = set(decisive) | (members & set(candidates))
        if not _examine(view, suspects, cap, refused, frozen, carry):
            break
    if not chosen:
        return Determined(day, {}, {}, ranked)
    if scope == "weights":
        chosen = [a for a in chosen if _can_be_weighted(view, a, cap, rules)] or chosen
    raw = dict.fromkeys(chosen, 1.0) if scope == "members" else WEIGHTINGS[rules["weight"]](view, chosen, cap, rules)
    prices = {a: (_known(view.observed(a, carry)), view.seen(a, carry)) for a in chosen}
    total = math.fsum(raw.values())
    raw = {a: w / total for a, w in raw.items()}
    return Determined(day, raw if scope == "members" else capped(raw, rules), prices, ranked, raw)


def _can_be_weighted(view: View, asset: str, cap: dict[str, float | None], rules: Mapping[str, Any]) -> bool:
    try:
        WEIGHTINGS[rules["weight"]](view, [asset], cap, rules)
    except CannotDetermineError:
        return False
    return True


def _known(value: float | None) -> float:
    if value is None:
        raise CannotDetermineError("a figure is not known")
    return value


def _eligible(view: View, asset: str, cap: float | None, member: bool, rules: Mapping[str, Any]) -> bool:
    """Return whether an asset passes the rules of the universe; an unknown figure does not pass a bound."""
    if rules["among"] is not None and asset not in rules["among"]:
        return False
    if rules["outside"] is not None and asset in rules["outside"]:
        return False
    if rules["min_cap"] > 0 and (cap is None or cap < rules["min_cap"]):
        return False
    if (view.day - view.first(asset)).days < rules["min_days"]:
        return False
    if rules["min_traded"]:
        length, least = rules["min_traded"]
        traded = view.window("volume", asset, length)
        if not traded or statistics.median(traded) < least:
            return False
    if rules["min_turnover"]:
        daily = view.together("volume", "market_cap", asset, 30)
        if not daily or statistics.median(daily) * 365 < rules["min_turnover"]:
            return False
    return all(_passes(view, asset, member, screen, rules) for screen in rules["screens"])


def _passes(view: View, asset: str, member: bool, screen: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    """Return whether the figures of a window lie within bounds, by a statistic of them or on a share of its days."""
    least, most = screen["min"], screen["max"] or math.inf
    if member and screen["keep_min"] is not None:
        least = screen["keep_min"]
    length = screen["window"]
    if length == "review":
        lag = (rules["review"] or rules)["determine"]
        length = next(n for n in range(1, 500) if reviewed(view.day - timedelta(n - lag), rules))
    if screen["figure"] == "turnover":
        figures = [365 * x for x in view.together("volume", "market_cap", asset, length)]
    else:
        figures = view.window(screen["figure"], asset, length)
    if screen["days"] is None:
        return bool(figures) and least <= STATISTICS[screen["statistic"]](figures) <= most
    # Of a hundred days 95 are 0.95 exactly, whatever binary fractions say.
    return sum(least <= x <= most for x in figures) * 100 >= round(screen["days"] * 100) * length


STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "minimum": min,
    "maximum": max,
    "median": statistics.median,
    "mean": statistics.fmean,
}


def scheduled(day: Day, rules: Mapping[str, Any]) -> bool:
    """Return whether a scheduled change takes effect on a day."""
    if rules["every"] == "week":
        return day.weekday() == 0
    months = (1, 4, 7, 10) if rules["every"] == "quarter" else range(1, 13)
    return day.day == 1 and day.month in months


def reviewed(day: Day, rules: Mapping[str, Any]) -> bool:
    """Return whether members chosen by schedule take effect on a day; at weekly changes on the first Monday."""
    review = rules["review"]
    return scheduled(day, rules) and (review is None or (day.day <= 7 and day.month in review["months"]))


def _rank(view: View, eligible: list[str], cap: dict[str, float | None], rules: Mapping[str, Any]) -> list[str]:
    """Return the eligible with a known metric, largest first, ties by id."""
    figure = {a: cap[a] if rules["by"] == "market_cap" else view.past_return(a, 90, 0, FIGURE_AGE) for a in eligible}
    known = {a: x for a, x in figure.items() if x is not None}
    return sorted(known, key=lambda a: (-known[a], a))


def _select(ranked: list[str], members: set[str], rules: Mapping[str, Any]) -> list[str]:
    """Return the chosen, by rank and buffer, in the order of their ids."""
    count, (enter, leave) = rules["top"] or len(ranked), rules["buffer"] or (len(ranked), len(ranked))
    rank = {a: n for n, a in enumerate(ranked, 1)}
    sure = [a for a in ranked if rank[a] <= min(enter, count)]
    stay = [a for a in ranked if a not in sure and a in members and rank[a] <= leave]
    rest = [a for a in ranked if a not in sure and a not in stay]
    return sorted((sure + stay + rest)[:count])


def _examine(
    view: View,
    suspects: set[str],
    cap: dict[str, float | None],
    refused: set[str],
    frozen: dict[str, float],
    carry: int,
) -> bool:
    """Refuse and freeze what is absurd; return whether anything was found."""
    found = False
    for asset in suspects:
        price, past, worth = _known(view.observed(asset, carry)), view.window("price", asset, 7), cap[asset]
        if asset not in refused and past and price > 20 * statistics.median(past):
            refused.add(asset)
            found = True
        if asset not in frozen and worth is not None:
            believed, reported = _supply(view, asset)
            if believed != reported:
                frozen[asset] = price * believed
                found = True
        traded, worth = view.window("volume", asset, 30), frozen.get(asset, worth or 0.0)
        if asset not in refused and traded and worth and statistics.median(traded) / worth < 1e-6:
            refused.add(asset)
            found = True
    return found


def _supply(view: View, asset: str) -> tuple[float, float]:
    """Return the supply believed and the one reported on the day of a view."""
    kept = view.market.believed
    # What is believed on a day follows from the days before; without events one path serves all views.
    if view.force or asset not in kept:
        path = _believed(view, asset)
        if view.force:
            return [(believed, reported) for day, believed, reported in path if day <= view.day][-1]
        kept[asset] = ([day for day, *_ in path], [(believed, reported) for _, believed, reported in path])
    days, figures = kept[asset]
    return figures[bisect.bisect_right(days, view.day) - 1]


def _believed(view: View, asset: str) -> list[tuple[Day, float, float]]:
    """Return each day with the supply believed and the one reported, followed from the first."""
    path: list[tuple[Day, float, float]] = []
    believed = reported = 0.0
    anchor, born = 0, view.day
    for day, value in sorted(view.supplies(asset).items()):
        anew = not path or (day - path[-1][0]).days > 30
        born = day if anew else born
        if (day - born).days < 7:
            believed, anchor = value, len(path)
        else:
            while anchor + 1 < len(path) and (day - path[anchor + 1][0]).days >= 30:
                anchor += 1
            before, grown = path[anchor][1], believed * (value / reported)
            if _within(value, believed, 1.5) and _within(value, before, 2):
                believed = value
            elif view.confirmed(asset, day) or _redenominated(path, view.tables["price"][asset], day, value):
                believed, anchor = value, len(path)
            elif _within(value, reported, 1.5) and _within(grown, before, 2):
                believed = grown
        reported = value
        path.append((day, believed, value))
    return path


def _redenominated(path: list[tuple[Day, float, float]], prices: Mapping[Day, float], day: Day, value: float) -> bool:
    """Return whether price and supply moved by opposite factors since a day of the last week that was believed."""
    for then, believed, reported in reversed(path):
        if (day - then).days > 7:
            return False
        apart = not _within(value, reported, 1.999999) and not _within(prices[day], prices[then], 1.999999)
        if believed == reported and apart and _within(value * prices[day], reported * prices[then], 1.5):
            return True
    return False


def _within(value: float, other: float, factor: float) -> bool:
    return value <= factor * other and value * factor >= other


def capped(raw: dict[str, float], rules: Mapping[str, Any]) -> dict[str, float]:
    """Return weights that keep every limit and are else in proportion: λ times the raw one, within its limits.

    They sum to what is not the cash member.
    """
    whole = invested(rules)
    total = math.fsum(raw.values()) / whole
    weights = {a: w / total for a, w in raw.items()}
    fixed = {a: w for a, w in rules["fixed"].items() if a in weights}
    others = [a for a in weights if a not in fixed]
    stated = math.fsum(fixed.values())
    if not others and stated < whole - 1e-12:
        return {a: w / stated * whole for a, w in fixed.items()}
    if cannot_be_kept(weights, rules):
        return {**fixed, **{a: (whole - stated) / len(others) for a in others}}
    return within(weights, *limits_of(weights, rules), whole)


def invested(rules: Mapping[str, Any]) -> float:
    """Return what is not the cash member."""
    return 1 - rules["money"]["weight"] if rules["money"] else 1.0


def cannot_be_kept(weights: dict[str, float], rules: Mapping[str, Any]) -> bool:
    """Return whether no weights of these assets keep the limits."""
    whole = invested(rules)
    low, high = limits_of(weights, rules)
    return math.fsum(low.values()) > whole + 1e-12 or math.fsum(high.values()) < whole - 1e-12


def within(weights: dict[str, float], low: dict[str, float], high: dict[str, float], whole: float) -> dict[str, float]:
    """Return weights within their limits, summing to `whole`, that are else in proportion to those given."""
    if all(low[a] <= w <= high[a] for a, w in weights.items()):
        return weights
    below, above = 0.0, 1e30
    for _ in range(250):
        middle = (below + above) / 2 if above < 1e-6 or below > above / 4 else math.sqrt(max(below, 1e-30) * above)
        clipped = math.fsum(min(max(middle * w, low[a]), high[a]) for a, w in weights.items())
        below, above = (middle, above) if clipped < whole else (below, middle)
    # What lies between its limits shares what the others leave, which is nearer than the last halving.
    held = {
        a: low[a] if above * w <= low[a] else high[a] for a, w in weights.items() if not low[a] < above * w < high[a]
    }
    free = math.fsum(w for a, w in weights.items() if a not in held)
    room = whole - math.fsum(held.values())
    return {a: held[a] if a in held else w * room / free for a, w in weights.items()}


def limits_of(weights: dict[str, float], rules: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the least and the greatest weight of each asset: stated, its own, or the common one."""
    low = dict.fromkeys(weights, rules["floor"] or 0.0)
    high = dict.fromkeys(weights, rules["cap"] or 1.0)
    largest = max(weights.values())
    first = [a for a, w in weights.items() if w == largest]
    if len(first) == 1:
        high[first[0]] = rules["largest"] or rules["cap"] or 1.0
    for a, (least, most) in rules["limits"].items():
        if a in weights:
            low[a] = low[a] if least is None else least
            high[a] = high[a] if most is None else most
    for a, weight in rules["fixed"].items():
        if a in weights:
            low[a] = high[a] = weight
    return low, high


Caps = dict[str, float | None]


def _market_cap(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    del view, rules
    return {a: _known(cap[a]) for a in chosen}


def _equal(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    del view, cap, rules
    return dict.fromkeys(chosen, 1.0)


def _inverse_volatility(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    del cap
    length = rules["window"]
    least = 20 if length >= 40 else length / 2
    series = {a: view.returns(a, length) for a in chosen}
    short = [a for a, values in series.items() if len(values) < least]
    if short:
        raise CannotDetermineError(f"{short[0]} has fewer than {least} returns")
    return {a: 1 / statistics.stdev(values.values()) for a, values in series.items()}


def _equal_risk(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    """Return weights of equal risk contribution by damped fixed-point steps on w_i = 1 / (Σw)_i."""
    del cap
    series = {a: view.returns(a, rules["window"]) for a in chosen}
    whole = sorted(set.intersection(*(set(values) for values in series.values())))
    centred = {a: [series[a][x] - statistics.fmean(series[a][y] for y in whole) for x in whole] for a in chosen}
    cov = {a: {b: _product(centred[a], centred[b]) / (len(whole) - 1) for b in chosen} for a in chosen}
    weights = {a: 1 / math.sqrt(cov[a][a]) for a in chosen}
    for _ in range(5000):
        marginal = {a: sum(cov[a][b] * weights[b] for b in chosen) for a in chosen}
        step = {a: math.sqrt(weights[a] / marginal[a]) for a in chosen}
        if max(abs(step[a] / weights[a] - 1) for a in chosen) < 1e-15:
            break
        weights = step
    return weights


def _product(left: list[float], right: list[float]) -> float:
    return math.fsum(x * y for x, y in zip(left, right, strict=True))


def _momentum(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    del cap, rules
    past = {a: view.past_return(a, 90, 7, FIGURE_AGE) for a in chosen}
    known = [x for x in past.values() if x is not None]
    mean, spread = (statistics.fmean(known), statistics.pstdev(known)) if len(known) > 1 else (0.0, 0.0)
    z = {a: 0.0 if x is None or not spread else max(-3.0, min(3.0, (x - mean) / spread)) for a, x in past.items()}
    return {a: 1 + x if x >= 0 else 1 / (1 - x) for a, x in z.items()}


def _smoothed(view: View, chosen: list[str], cap: Caps, rules: Mapping[str, Any]) -> dict[str, float]:
    del cap, rules
    result = {}
    for asset in chosen:
        values = view.tables["market_cap"][asset]
        days = [((view.day - x).days, values[x]) for x in values if 0 <= (view.day - x).days < 90]
        decay = [0.5 ** (n / 15) for n, _ in days]
        result[asset] = math.sqrt(sum(c * d for (_, c), d in zip(days, decay, strict=True)) / sum(decay))
    return result


WEIGHTINGS: dict[str, Callable[[View, list[str], Caps, Mapping[str, Any]], dict[str, float]]] = {
    "market_cap": _market_cap,
    "equal": _equal,
    "inverse_volatility": _inverse_volatility,
    "equal_risk_contribution": _equal_risk,
    "momentum": _momentum,
    "smoothed": _smoothed,
}
