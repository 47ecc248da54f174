"""Series made from the price return, in plain Python, written from docs/concepts/returns.md.

Daily levels go in, day by day; the rule of a day makes the step that ends on it. Rules are plain mappings with all
their parameters, durations in days; `rule_of` gives the one in force on a day.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from tests.independent.plain_market import Day

Levels = Mapping[Day, float]
Rule = Mapping[str, Any]
RuleOf = Callable[[Day], Rule]
Rates = Mapping[str, Mapping[Day, float]]


def rate_on(rates: Rates, name: str | float | None, day: Day) -> float:
    """Return a rate known on a day."""
    if name is None:
        return 0.0
    return rates[name][day] if isinstance(name, str) else name


def length(rule: Rule) -> float:
    """Return a day in years."""
    return 1 / (360 if rule["day_count"] == "act/360" else 365)


def decrement(levels: Levels, rule_of: RuleOf, rates: Rates) -> list[float]:
    """Return the price return less points or a share a year; no rate is asked for."""
    del rates
    made = [next(iter(levels.values()))]
    for before, day in pairwise(levels):
        rule = rule_of(day)
        grown = made[-1] * levels[day] / levels[before]
        if "points" in rule:
            made.append(max(0.0, grown - rule["points"] * length(rule)) if made[-1] else 0.0)
        else:
            made.append(max(0.0, grown * (1 - rule["percent"] * length(rule))))
    return made


def excess(levels: Levels, rule_of: RuleOf, rates: Rates) -> list[float]:
    """Return the price return less interest at the rate known at the start of a step."""
    made = [next(iter(levels.values()))]
    for before, day in pairwise(levels):
        rule = rule_of(day)
        cost = rate_on(rates, rule["rate"], before) * length(rule)
        made.append(max(0.0, made[-1] * (levels[day] / levels[before] - cost)))
    return made


def currency(levels: Levels, rule_of: RuleOf, rates: Rates) -> list[float]:
    """Return the level in another currency, step by step at the exchange rate in force."""
    made = [next(iter(levels.values()))]
    for before, day in pairwise(levels):
        exchange = rates[rule_of(day)["rate"]]
        made.append(made[-1] * levels[day] / levels[before] * exchange[before] / exchange[day])
    return made


def leverage(levels: Levels, rule_of: RuleOf, rates: Rates) -> list[float]:
    """Return a multiple of the return since the last reset; another factor resets at the instant before."""
    days = list(levels)
    made = [levels[days[0]]]
    at, start, paid = made[0], levels[days[0]], 0.0
    for number, (before, day) in enumerate(pairwise(days), start=1):
        rule = rule_of(day)
        factor = rule["factor"]
        if number > 1 and rule_of(before)["factor"] != factor:
            at, start, paid = made[-1], levels[before], 0.0
        rate = rate_on(rates, rule["financing"], before)
        paid += ((factor - 1) * rate + abs(factor - 1) * rule["spread"]) * length(rule)
        made.append(max(0.0, at * (1 + factor * (levels[day] / start - 1) - paid)) if at else 0.0)
        if number // rule["reset"] != (number - 1) // rule["reset"] or not made[-1]:
            at, start, paid = made[-1], levels[day], 0.0
    return made


def volatility_target(levels: Levels, rule_of: RuleOf, rates: Rates) -> list[float]:
    """Return exposure at target over volatility, by half-lives; what was asked for holds up to the newest bound."""
    days = list(levels)
    made = [levels[days[0]]]
    bound = rule_of(days[1])["max_leverage"] if len(days) > 1 else 1.0
    held = asked = min(1.0, bound)
    risky, struck = levels[days[0]], made[0]
    cash, cash_struck = 1.0, 1.0
    wanted: list[tuple[int, float]] = []
    weighted: list[list[tuple[float, float]]] = [[], []]
    for number, (before, day) in enumerate(pairwise(days), start=1):
        rule = rule_of(day)
        if number > 1 and rule_of(before) != rule:
            asked = min(asked, rule["max_leverage"])
            wanted = [(when, min(exposure, rule["max_leverage"])) for when, exposure in wanted]
        cash *= 1 + rate_on(rates, rule["rate"], before) * length(rule)
        made.append(struck * (held * levels[day] / risky + (1 - held) * cash / cash_struck))
        if made[-1] <= 0:
            return made[:-1] + [0.0] * (len(days) - number)
        square = math.log(levels[day] / levels[before]) ** 2 * 365
        figures = []
        for place, half_life in enumerate((rule["half_life_short"], rule["half_life_long"])):
            kept = 0.5 ** (1 / half_life)
            weighted[place] = [(w * kept, x) for w, x in weighted[place]] + [(1 - kept, square)]
            total = math.fsum(w for w, _ in weighted[place])
            figures.append(math.sqrt(math.fsum(w * x for w, x in weighted[place]) / total))
        if number < rule["warm_up"]:
            exposure = min(1.0, rule["max_leverage"])
        else:
            exposure = (
                min(rule["max_leverage"], rule["target"] / max(figures)) if max(figures) else rule["max_leverage"]
            )
        wanted.append((number, exposure))
        while wanted and wanted[0][0] <= number - rule["lag"]:
            asked = wanted.pop(0)[1]
        drifted = held * levels[day] / risky
        drifted /= drifted + (1 - held) * cash / cash_struck
        if abs(asked - drifted) > rule["tolerance"] * drifted + 1e-12:
            held, risky, cash_struck, struck = asked, levels[day], cash, made[-1]
    return made


SERIES = {
    "decrement": decrement,
    "excess": excess,
    "currency": currency,
    "leverage": leverage,
    "volatility_target": volatility_target,
}
