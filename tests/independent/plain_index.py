"""A second implementation of the index calculation, in plain Python, written from docs/concepts/calculation.md.

It shares no code with basketry: dictionaries, lists, fractions of days, one asset at a time. It is slow and
meant to be read beside the page.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

Day = date
Table = dict[str, dict[Day, float]]
CARRY = 3


class PlainIndex:
    """Daily price-return index on tables {field: {asset: {day: value}}}, with monthly or quarterly changes."""

    def __init__(
        self, tables: Mapping[str, Table], days: list[Day], tags: Mapping[str, set[str]], rules: dict[str, Any]
    ):
        self.tables, self.days, self.tags, self.rules = tables, days, tags, rules
        self.first = {asset: min(values) for asset, values in tables["price"].items() if values}
        self.quiet = {day: not any(day in values for values in tables["price"].values()) for day in days}

    def run(self, base: Day, level: float) -> dict[Day, float]:
        """Return the level of each day from the base to the last."""
        grid = [day for day in self.days if day >= base]
        levels = {grid[0]: level}
        units = self.rebalance(grid[0], {}, {})
        last = {asset: (self.observed(asset, grid[0], CARRY), grid[0]) for asset in units}
        last = {asset: (price, self.seen(asset, grid[0])) for asset, (price, _) in last.items()}
        divisor = sum(q * last[a][0] for a, q in units.items()) / level
        for day in grid[1:]:
            for asset in units:
                price = self.tables["price"][asset].get(day)
                if price is not None and price <= 20 * last[asset][0]:
                    last[asset] = (price, day)
            levels[day] = math.fsum(q * last[a][0] for a, q in units.items()) / divisor
            old = [a for a in units if (day - last[a][1]).days > CARRY]
            if old and not self.quiet[day] and len(old) < len(units):
                before = math.fsum(q * last[a][0] for a, q in units.items())
                units = {a: q for a, q in units.items() if a not in old}
                divisor *= math.fsum(q * last[a][0] for a, q in units.items()) / before
            if self.changes(day):
                fresh = self.rebalance(day, units, {a: last[a] for a in units})
                if fresh:
                    before = math.fsum(q * last[a][0] for a, q in units.items())
                    held = {a: last[a] for a in units}
                    last = {a: held.get(a) or (self.observed(a, day, CARRY), self.seen(a, day)) for a in fresh}
                    units = fresh
                    divisor *= math.fsum(q * last[a][0] for a, q in units.items()) / before
        return levels

    def changes(self, day: Day) -> bool:
        """Return whether a scheduled change takes effect on a day."""
        months = (1, 4, 7, 10) if self.rules["every"] == "quarter" else range(1, 13)
        return day.day == 1 and day.month in months

    def observed(self, asset: str, day: Day, age: int, field: str = "price") -> Any:
        """Return the latest value of a field, at most `age` days old."""
        values = self.tables[field].get(asset, {})
        return next((values[day - timedelta(n)] for n in range(age + 1) if day - timedelta(n) in values), None)

    def seen(self, asset: str, day: Day) -> Day:
        """Return the day of the latest price, at most three days old."""
        return next(day - timedelta(n) for n in range(CARRY + 1) if day - timedelta(n) in self.tables["price"][asset])

    def window(self, field: str, asset: str, day: Day, length: int) -> list[float]:
        """Return the values of a field in the `length` days that end with a day."""
        values = self.tables[field].get(asset, {})
        return [values[x] for n in range(length - 1, -1, -1) if (x := day - timedelta(n)) in values]

    def rebalance(self, day: Day, units: dict[str, float], last: dict[str, tuple[float, Day]]) -> dict[str, float]:
        """Return the units of the new basket, empty when nobody is eligible."""
        asked = day - timedelta(self.rules["determine"])
        weights, shares, caps = self.determine(asked, set(units))
        price = {a: last[a][0] if a in last else self.observed(a, day, CARRY) for a in weights}
        present = [a for a in weights if price[a] is not None]
        total = math.fsum(weights[a] for a in present)
        if not present:
            return {}
        if self.rules["fix"] == "units":
            raw = {a: caps[a] / math.fsum(caps.values()) for a in weights}
            factor = {a: weights[a] / raw[a] for a in present}
            return {a: shares[a] * factor[a] / max(factor.values()) for a in present}
        return {a: weights[a] / total / price[a] for a in present}

    def determine(self, day: Day, members: set[str]) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        """Return weights, supplies and capitalisations of the selected."""
        refused: set[str] = set()
        frozen: dict[str, float] = {}
        while True:
            cap: dict[str, Any] = {a: frozen.get(a, self.observed(a, day, CARRY, "market_cap")) for a in self.first}
            eligible = [a for a in sorted(self.first) if a not in refused and self.eligible(a, day, cap[a])]
            chosen = self.select(eligible, day, cap, members)
            suspects = set(chosen) | {a for a in members if self.observed(a, day, CARRY) is not None}
            found = False
            for asset in suspects:
                price = self.observed(asset, day, CARRY)
                past = self.window("price", asset, day, 7)
                if asset not in refused and past and price > 20 * statistics.median(past):
                    refused.add(asset)
                    found = True
                supplies = [c / p for c, p in self.pairs(asset, day)]
                if asset not in frozen and cap[asset] is not None and supplies:
                    usual = statistics.median(supplies)
                    ratio = cap[asset] / price / usual
                    if ratio > 2 or ratio < 0.5:
                        frozen[asset] = price * usual
                        found = True
                traded = self.window("volume", asset, day, 30)
                worth = frozen.get(asset, cap[asset])
                if asset not in refused and traded and worth and statistics.median(traded) / worth < 1e-6:
                    refused.add(asset)
                    found = True
            if not found:
                break
        if not chosen:
            return {}, {}, {}
        caps = {a: cap[a] or math.nan for a in chosen}
        raw = WEIGHTINGS[self.rules["weight"]](self, chosen, day, caps)
        return self.capped(raw), {a: caps[a] / self.observed(a, day, CARRY) for a in chosen}, caps

    def pairs(self, asset: str, day: Day) -> list[tuple[float, float]]:
        """Return (capitalisation, price) of the 30 days that end with a day, where both are known."""
        caps, prices = self.tables["market_cap"].get(asset, {}), self.tables["price"][asset]
        days = [day - timedelta(n) for n in range(30)]
        return [(caps[x], prices[x]) for x in days if x in caps and x in prices]

    def eligible(self, asset: str, day: Day, cap: Any) -> bool:
        """Return whether an asset has a fresh price and passes the rules of the universe."""
        rules = self.rules
        if self.observed(asset, day, CARRY) is None or self.tags.get(asset, set()) & rules["exclude_tags"]:
            return False
        if (cap is None or cap < rules["min_cap"]) and rules["min_cap"] > 0:
            return False
        if (day - self.first[asset]).days < rules["min_days"]:
            return False
        if rules["min_traded"]:
            length, least = rules["min_traded"]
            traded = self.window("volume", asset, day, length)
            if not traded or statistics.median(traded) < least:
                return False
        if rules["min_turnover"]:
            caps, volumes = self.tables["market_cap"].get(asset, {}), self.tables["volume"].get(asset, {})
            days = [day - timedelta(n) for n in range(30)]
            daily = [volumes[x] / caps[x] for x in days if x in caps and x in volumes]
            if not daily or statistics.median(daily) * 365 < rules["min_turnover"]:
                return False
        return True

    def select(self, eligible: list[str], day: Day, cap: dict[str, Any], members: set[str]) -> list[str]:
        """Return the chosen, by rank and buffer, in the order of their ids."""
        figure: dict[str, Any] = {
            a: cap[a] if self.rules["by"] == "market_cap" else self.past_return(a, day, 90, 0) for a in eligible
        }
        ranked = sorted((a for a in eligible if figure[a] is not None), key=lambda a: (-figure[a], a))
        count, (enter, leave) = self.rules["top"] or len(ranked), self.rules["buffer"] or (len(ranked), len(ranked))
        rank = {a: n for n, a in enumerate(ranked, 1)}
        sure = [a for a in ranked if rank[a] <= min(enter, count)]
        stay = [a for a in ranked if a not in sure and a in members and rank[a] <= leave]
        rest = [a for a in ranked if a not in sure and a not in stay]
        return sorted((sure + stay + rest)[:count])

    def past_return(self, asset: str, day: Day, length: int, skip: int) -> float | None:
        """Return the price `skip` days before over the price `length` days before, less one."""
        now, then = (self.observed(asset, day - timedelta(n), CARRY) for n in (skip, length))
        return None if now is None or then is None else now / then - 1

    def returns(self, asset: str, day: Day, length: int) -> dict[Day, float]:
        """Return the daily log returns of the `length` days that end with a day."""
        prices = self.tables["price"][asset]
        days = [day - timedelta(n) for n in range(length)]
        return {x: math.log(prices[x] / prices[y]) for x in days if x in prices and (y := x - timedelta(1)) in prices}

    def capped(self, raw: dict[str, float]) -> dict[str, float]:
        """Return weights in which no cap is broken: fix what exceeds, share the rest, and again."""
        total = math.fsum(raw.values())
        weights = {a: w / total for a, w in raw.items()}
        if self.rules["cap"] is None:
            return weights
        limit = dict.fromkeys(weights, self.rules["cap"])
        limit[max(weights, key=lambda a: (weights[a], [-ord(c) for c in a]))] = (
            self.rules["largest"] or self.rules["cap"]
        )
        if math.fsum(limit.values()) < 1 - 1e-12:
            return dict.fromkeys(weights, 1 / len(weights))
        fixed: dict[str, float] = {}
        while True:
            room = 1 - math.fsum(fixed.values())
            free = math.fsum(w for a, w in weights.items() if a not in fixed)
            spread = {a: w * room / free for a, w in weights.items() if a not in fixed}
            over = [a for a, w in spread.items() if w > limit[a]]
            if not over:
                return {a: fixed.get(a, spread.get(a, 0.0)) for a in weights}
            fixed |= {a: limit[a] for a in over}


def _inverse_volatility(index: PlainIndex, chosen: list[str], day: Day, caps: dict[str, float]) -> dict[str, float]:
    del caps
    return {a: 1 / statistics.stdev(index.returns(a, day, 90).values()) for a in chosen}


def _equal_risk(index: PlainIndex, chosen: list[str], day: Day, caps: dict[str, float]) -> dict[str, float]:
    """Return weights of equal risk contribution by damped fixed-point steps on w_i = 1 / (Σw)_i."""
    del caps
    series = {a: index.returns(a, day, 90) for a in chosen}
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


def _momentum(index: PlainIndex, chosen: list[str], day: Day, caps: dict[str, float]) -> dict[str, float]:
    del caps
    past = {a: index.past_return(a, day, 90, 7) for a in chosen}
    known = [x for x in past.values() if x is not None]
    mean, spread = (statistics.fmean(known), statistics.pstdev(known)) if len(known) > 1 else (0.0, 0.0)
    z = {a: 0.0 if x is None or not spread else max(-3.0, min(3.0, (x - mean) / spread)) for a, x in past.items()}
    return {a: 1 + x if x >= 0 else 1 / (1 - x) for a, x in z.items()}


def _smoothed(index: PlainIndex, chosen: list[str], day: Day, caps: dict[str, float]) -> dict[str, float]:
    del caps
    result = {}
    for asset in chosen:
        values = index.tables["market_cap"][asset]
        days = [(n, values[day - timedelta(n)]) for n in range(90) if day - timedelta(n) in values]
        decay = [0.5 ** (n / 15) for n, _ in days]
        result[asset] = math.sqrt(sum(c * d for (_, c), d in zip(days, decay, strict=True)) / sum(decay))
    return result


WEIGHTINGS: dict[str, Callable[[PlainIndex, list[str], Day, dict[str, float]], dict[str, float]]] = {
    "market_cap": lambda _index, _chosen, _day, caps: dict(caps),
    "equal": lambda _index, chosen, _day, _caps: dict.fromkeys(chosen, 1.0),
    "inverse_volatility": _inverse_volatility,
    "equal_risk_contribution": _equal_risk,
    "momentum": _momentum,
    "smoothed": _smoothed,
}
