"""The compiled loops of the supply guard against a plain following of many random supplies, cut after cut."""

from datetime import timedelta

import numpy as np
import pytest

from basketry.core.numbers import Floats
from basketry.index.supply import unbelieved
from basketry.market.panel import Panel
from basketry.methodology.sections import Guard

DAYS, ASSETS = 45, 150
FACTORS = [1.0, 1.0, 1.0, 1.02, 0.97, 1.3, 0.75, 1.45, 0.68, 1.6, 0.55, 10.0, 0.1]


def within(value: float, other: float, factor: float) -> bool:
    return bool(value <= factor * other and value * factor >= other)


def followed(reported: list[float], second: list[float], prices: list[float], guard: Guard) -> list[float]:
    """Return what is believed on each day of one supply."""
    step, change = guard.supply_step or np.inf, guard.supply_change or np.inf
    window = guard.supply_window / timedelta(days=1)
    believed: list[float] = []
    now = last = float("nan")
    seen = born = judged_from = 0
    for day, value in enumerate(reported):
        if value > 0:
            if not now > 0 or day - seen > window:
                born = day
            before = [past for past in range(judged_from, day) if past <= day - window]
            if day - born < 7:
                now, judged_from = value, day
            else:
                then = believed[max(before, default=judged_from)]
                grown = now * (value / last)
                if within(value, now, step) and within(value, then, change):
                    now = value
                elif within(value, second[day], 1.1) or redenominated(day, reported, prices, believed):
                    now, judged_from = value, day
                elif within(value, last, step) and within(grown, then, change):
                    now = grown
            last, seen = value, day
        believed.append(now)
    return believed


def redenominated(day: int, reported: list[float], prices: list[float], believed: list[float]) -> bool:
    """Return whether price and supply moved against each other since a day of the last week that was believed."""
    return any(
        reported[then] == believed[then]
        and not within(reported[day], reported[then], 2)
        and not within(prices[day], prices[then], 2)
        and within(reported[day] * prices[day], reported[then] * prices[then], 1.5)
        for then in range(max(day - 7, 0), day)
    )


def supplies(seed: int) -> tuple[Floats, Floats, Floats]:
    """Return supplies that move, jump and pause, those of a second source that knows some of them, and prices.

    Some jumps, each of a day, come with one of the price the other way, right or off.
    """
    rng = np.random.default_rng(seed)
    reported = 100 * np.cumprod(rng.choice(FACTORS, (DAYS, ASSETS)), axis=0)
    wrong = rng.random((DAYS, ASSETS)) < 0.08
    jumps = rng.choice([0.02, 30.0], int(wrong.sum()))
    reported[wrong] *= jumps
    prices = np.ones((DAYS, ASSETS))
    prices[wrong] /= np.where(rng.random(len(jumps)) < 0.5, jumps * rng.uniform(0.6, 1.6, len(jumps)), 1.0)
    second = np.where(rng.random((DAYS, ASSETS)) < 0.1, reported * rng.uniform(0.85, 1.2, (DAYS, ASSETS)), np.nan)
    for column in range(0, ASSETS, 3):
        start = int(rng.integers(5, 30))
        reported[start : start + int(rng.integers(1, 9)), column] = np.nan
    return reported, second, prices


@pytest.mark.parametrize(
    ("step", "change", "window"), [(1.5, 2.0, "6d"), (1.5, 2.0, "30d"), (None, 3.0, "4d"), (1.2, 1.4, "9d")]
)
def test_what_is_believed_of_many_supplies(step: float | None, change: float, window: str) -> None:
    reported, second, prices = supplies(seed=7)
    guard = Guard.model_validate({"supply_step": step, "supply_change": change, "supply_window": window})
    times = np.datetime64("2021-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")
    names = tuple(f"a{column:03}" for column in range(ASSETS))
    view = Panel(times, names, {"supply": reported, "second_supply": second, "price": prices})
    three = zip(reported.T.tolist(), second.T.tolist(), prices.T.tolist(), strict=True)
    plain = np.array([followed(one, other, price, guard) for one, other, price in three]).T
    wrong = 0
    for row in (3, 7, 8, 11, 12, 13, 20, 21, 30, 44):
        found = unbelieved(view.first_rows(row + 1), guard, np.arange(ASSETS), {})
        for column in range(ASSETS):
            known = reported[: row + 1, column]
            told = float(known[~np.isnan(known)][-1])
            believed, last = found.get(column, (told, told))
            assert believed == pytest.approx(plain[row, column], rel=1e-12)
            assert last == told
        wrong += len(found)
    assert wrong > 100  # of 1,500
