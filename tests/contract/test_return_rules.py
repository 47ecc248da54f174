"""What every return rule keeps, over all rules of the registry."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.frames import RATES
from basketry.core.numbers import Floats
from basketry.core.time import to_datetime
from basketry.market.panel import Panel
from basketry.methodology.path import Carried, IndexPath, PanelKnown, Segment
from basketry.methodology.returns import RETURNS, ReturnRule
from basketry.methodology.returns._memory import from_plain, to_plain

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "currency": [{"currency": "EUR", "rate": "EURUSD"}],
    "decrement": [{"percent": 0.05}, {"points": 50}, {"points": 20_000, "day_count": "act/360"}],
    "excess": [{"rate": "USD_OVERNIGHT"}, {"rate": 0.05, "day_count": "act/365"}],
    "leverage": [
        {"factor": 2},
        {"factor": -1, "financing": "USD_OVERNIGHT", "spread": 0.01},
        {"factor": 3, "financing": 0.05, "reset": "7d"},
        {"factor": 2, "reset": "3d", "intraday_reset": 0.05},
        {"factor": -2, "reset": "30d", "intraday_reset": 0.25},
    ],
    "total": [
        {},
        {"method": "rate", "utilisation": 0.8, "lag": "0d"},
        {"pause_before_rebalance": "2d", "lag": "12h"},
    ],
    "volatility_target": [
        {"target": 0.4},
        {
            "target": 0.8,
            "window": "5d",
            "max_leverage": 2,
            "rate": "USD_OVERNIGHT",
            "warm_up": "2d",
            "tolerance": 0,
        },
        {"target": 0.2, "half_life_short": "2d", "lag": "0d", "warm_up": "0d"},
    ],
}
"""Parameters to try; a rule that is not listed is tried with its defaults."""

CASES = [(name, value) for name in RETURNS.rules for value in PARAMETERS.get(name, [{}])]
every_rule = pytest.mark.parametrize(("name", "parameters"), CASES, ids=lambda part: str(part))
seeds = st.integers(0, 2**32 - 1)
quick = settings(max_examples=25)


def random_path(seed: int, rows: int = 40, *, dies_at: int | None = None) -> IndexPath:
    """A path of several baskets over unequal steps of 1 hour to 3 days, with yields and rates.

    A basket follows another anew, or merely goes on, or after an asset is redenominated, or after a fork is credited.
    """
    rng = np.random.default_rng(seed)
    assets = int(rng.integers(1, 5))
    steps = rng.integers(1, 72, rows)
    times = np.datetime64("2021-01-01", "us") + np.cumsum(steps) * np.timedelta64(1, "h")
    price = np.exp(np.cumsum(rng.normal(0, 0.05, (rows, assets + 4)), axis=0)) * 10
    if dies_at is not None:
        price[dies_at:] = 0.0
    yields = rng.uniform(0, 0.3, price.shape)
    yields[rng.random(price.shape) < 0.3] = np.nan
    starts = sorted([0, *rng.integers(1, rows - 1, int(rng.integers(0, 5))).tolist()])
    levels = np.full(rows, 1000.0)
    segments: list[Segment] = []
    scale = np.ones(price.shape[1])
    for number, (start, end) in enumerate(pairwise([*starts, rows - 1])):
        kind = "anew" if number == 0 else str(rng.choice(["anew", "goes on", "redenominated", "forked"]))
        if kind == "anew":
            columns = np.arange(assets)
            units = rng.uniform(0.5, 2.0, assets)
            alive = dies_at is None or start < dies_at
            divisor = float(units @ (price[start, columns] / scale[columns])) / levels[start] if alive else 1.0
        else:
            carried = None
            if kind == "redenominated":
                carried = redenominated(len(columns), float(rng.uniform(0.01, 100)))
                scale[0] *= carried.ratios[0]
            if kind == "forked":
                # Credited to a unit of old: to a hundred smaller ones together.
                carried = forked(len(columns), float(rng.uniform(0.001, 0.05) / scale[0]))
                columns = np.append(columns, assets + number - 1)
                price[: start + 1, columns[-1]] = 0.0
            if carried is not None:
                units = carried.carry(units)
                segments[-1] = replace(segments[-1], becomes=carried)
        block = price[start : end + 1, columns] / scale[columns]
        levels[start + 1 : end + 1] = block[1:] @ units / divisor
        frozen = rng.random(len(columns)) < 0.2 if kind == "anew" else None
        segments.append(Segment(start, end, columns, units, block, divisor, frozen, anew=kind == "anew"))
    moments = [to_datetime(times[0]), *(to_datetime(times[row]) for row in range(5, rows, 5))]
    rates = RATES.conform(
        pl.DataFrame(
            {
                "time": moments * 2,
                "rate": ["USD_OVERNIGHT"] * len(moments) + ["EURUSD"] * len(moments),
                "value": [*rng.uniform(0, 0.1, len(moments)), *rng.uniform(0.9, 1.3, len(moments))],
            }
        )
    )
    names = tuple("abcdefgh"[: assets + 4])
    panel = Panel(times, names, {"price": price.copy(), "staking_yield": yields}, rate_table=rates)
    return IndexPath(times, levels, tuple(segments), PanelKnown(panel, times))


def redenominated(assets: int, size: float) -> Carried:
    """One unit of the first asset becomes `size`."""
    places = np.arange(assets)
    return Carried(assets, places, places, np.where(places == 0, size, 1.0))


def forked(assets: int, size: float) -> Carried:
    """A unit of the first asset is credited `size` units of a new one."""
    places = np.arange(assets)
    return Carried(assets + 1, np.append(places, 0), np.append(places, assets), np.append(np.ones(assets), size))


def stretch(path: IndexPath, first: int, last: int, *, taken: bool = False, takes: bool = True) -> IndexPath:
    """The path from one row to another.

    Args:
        path: The whole path.
        first, last: The rows.
        taken: Whether the baskets that take effect at the first row did so in the stretch before.
        takes: Whether those that take effect at the last row do so in this stretch.
    """
    segments = []
    for segment in path.segments:
        before = segment.start < first or (taken and segment.start == first)
        over = before and segment.end <= first
        if over or segment.start > last or (segment.start == last and not takes):
            continue
        start, end = max(segment.start, first), min(segment.end, last)
        segments.append(
            replace(
                segment,
                start=start - first,
                end=end - first,
                prices=segment.prices[start - segment.start : end - segment.start + 1].copy(),
                anew=segment.anew and not before,
                becomes=segment.becomes if end == segment.end else None,
            )
        )
    assert isinstance(path.known, PanelKnown)
    times = path.times[first : last + 1]
    known = PanelKnown(path.known.panel.first_rows(last + 1), times)
    return IndexPath(times, path.levels[first : last + 1].copy(), tuple(segments), known)


def first_rows(path: IndexPath, rows: int) -> IndexPath:
    """The path as it was when only its first rows had happened."""
    return stretch(path, 0, rows - 1)


def scaled(path: IndexPath, factor: float) -> IndexPath:
    """The same index with another base level."""
    segments = tuple(replace(segment, divisor=segment.divisor / factor) for segment in path.segments)
    return replace(path, levels=path.levels * factor, segments=segments)


def built(name: str, parameters: dict[str, Any]) -> ReturnRule:
    return RETURNS.build(name, parameters)


def close(found: Floats, expected: Floats) -> bool:
    return bool(np.allclose(found, expected, rtol=1e-10, atol=1e-9))


@every_rule
@quick
@given(seed=seeds)
def test_levels_start_at_the_base_and_are_finite_and_not_negative(
    name: str, parameters: dict[str, Any], seed: int
) -> None:
    path = random_path(seed)
    levels = built(name, parameters).level(path)
    assert levels.dtype == np.float64
    assert levels.shape == path.levels.shape
    assert levels[0] == path.levels[0]
    assert np.isfinite(levels).all()
    assert (levels >= 0).all()


@every_rule
@quick
@given(seed=seeds, rows=st.integers(1, 39))
def test_rows_appended_later_change_no_earlier_level(
    name: str, parameters: dict[str, Any], seed: int, rows: int
) -> None:
    path, rule = random_path(seed), built(name, parameters)
    assert rule.level(first_rows(path, rows)).tolist() == rule.level(path)[:rows].tolist()


@every_rule
@settings(max_examples=50, deadline=None)
@given(
    seed=seeds,
    cuts=st.dictionaries(st.integers(1, 38), st.booleans(), max_size=38),
    dies_at=st.none() | st.integers(1, 39),
)
def test_wherever_a_path_is_cut_the_levels_are_the_same(
    name: str, parameters: dict[str, Any], seed: int, cuts: dict[int, bool], dies_at: int | None
) -> None:
    """To the last bit, with what is remembered written down as text at each cut."""
    path, rule = random_path(seed, dies_at=dies_at), built(name, parameters)
    whole = rule.level(path)
    memory, taken = None, False
    for first, last in pairwise([0, *sorted(cuts), 39]):
        takes = cuts.get(last, True)
        part = stretch(path, first, last, taken=taken, takes=takes)
        memory, levels = rule.extend(from_plain(rule, json.loads(json.dumps(to_plain(memory)))), part)
        assert np.array_equal(levels, whole[first : last + 1])
        taken = takes


@every_rule
def test_what_is_remembered_is_read_strictly(name: str, parameters: dict[str, Any]) -> None:
    rule = built(name, parameters)
    memory, _ = rule.extend(None, random_path(3))
    if rule.memory is None:
        assert memory is None
        return
    plain = to_plain(memory)
    assert from_plain(rule, plain) == memory
    field = next(iter(plain))
    for wrong in (
        {**plain, "other": 1.0},
        {key: value for key, value in plain.items() if key != field},
        {**plain, field: str(plain[field])},
        {**plain, field: None},
        {**plain, field: float("nan")},
        [plain],
    ):
        with pytest.raises(DataError, match=f"what {rule.column()} remembers"):
            from_plain(rule, wrong)


@every_rule
@quick
@given(seed=seeds, factor=st.floats(1e-3, 1e3))
def test_scaling_the_base_scales_the_levels(name: str, parameters: dict[str, Any], seed: int, factor: float) -> None:
    path = random_path(seed)
    other = dict(parameters)
    if "points" in other:  # an amount in index points is as large as the index
        other["points"] *= factor
    found = built(name, other).level(scaled(path, factor))
    assert np.allclose(found / factor, built(name, parameters).level(path), rtol=1e-10, atol=1e-8)


@every_rule
@quick
@given(seed=seeds, dies_at=st.integers(1, 39))
def test_zero_stays_zero(name: str, parameters: dict[str, Any], seed: int, dies_at: int) -> None:
    levels = built(name, parameters).level(random_path(seed, dies_at=dies_at))
    assert np.isfinite(levels).all()
    gone = levels == 0
    if gone.any():
        assert gone[int(gone.argmax()) :].all()


@every_rule
def test_a_path_of_one_instant_has_one_level(name: str, parameters: dict[str, Any]) -> None:
    assert built(name, parameters).level(first_rows(random_path(1), 1)).tolist() == [1000.0]


@every_rule
def test_a_rule_says_itself_and_reads_back(name: str, parameters: dict[str, Any]) -> None:
    rule = built(name, parameters)
    assert rule.words().endswith(".")
    assert rule.formula
    assert rule.source
    assert rule.column() == rule.column().lower()
    assert RETURNS.build(name, rule.entry()) == rule


@quick
@given(seed=seeds)
@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("price", {}),
        ("leverage", {"factor": 1, "financing": "USD_OVERNIGHT", "intraday_reset": 0.1}),
        ("decrement", {"percent": 0}),
        ("decrement", {"points": 0}),
        ("total", {"utilisation": 0}),
        ("total", {"utilisation": 0, "method": "rate"}),
        ("excess", {"rate": 0}),
        (
            "volatility_target",
            {"target": 10, "tolerance": 0, "lag": "0d", "warm_up": "0d"},
        ),  # above any volatility here
    ],
)
def test_parameters_that_do_nothing_give_the_price_return(name: str, parameters: dict[str, Any], seed: int) -> None:
    path = random_path(seed)
    assert close(built(name, parameters).level(path), path.levels)


def volatility(path: IndexPath, rows: list[int], half_lives: tuple[float, float]) -> float:
    """The larger volatility a year over steps between rows, a moment's weight halving with each half-life of age."""
    days = (path.times - path.times[0]) / np.timedelta64(1, "D")
    squares = [
        np.log(path.levels[now] / path.levels[then]) ** 2 / (days[now] - days[then]) for then, now in pairwise(rows)
    ]
    found = []
    for half_life in half_lives:
        since = 0.5 ** ((days[rows[-1]] - days[rows]) / half_life)
        found.append(365 * float(np.average(squares, weights=np.diff(since))))
    return float(np.sqrt(max(found)))


@quick
@given(seed=seeds)
@pytest.mark.parametrize(
    ("target", "most", "lag", "warm_up", "tolerance"),
    [(0.15, 1.0, 1, 10, 0.1), (0.3, 1.5, 0, 0, 0.0), (0.8, 1.2, 3, 2, 0.0), (0.2, 3.0, 1, 0, 0.3)],
)
def test_a_volatility_target_holds_the_target_over_the_volatility(
    target: float, most: float, lag: int, warm_up: int, tolerance: float, seed: int
) -> None:
    path = random_path(seed)
    hours = ((path.times - path.times[0]) // np.timedelta64(1, "h")).tolist()
    index = path.levels.tolist()
    shares, cash, rows, asked = 1.0, 0.0, [0], [(0, 1.0)]
    worth, exposures = [index[0]], []
    for row in range(1, len(index)):
        value = shares * index[row] + cash
        worth.append(value)
        if hours[row] // 24 == hours[row - 1] // 24:
            continue
        rows.append(row)
        early = hours[row] < 24 * warm_up
        asked.append((hours[row], 1.0 if early else min(most, target / volatility(path, rows, (11, 23)))))
        old_enough = [exposure for since, exposure in asked if since <= hours[row] - 24 * lag]
        wanted, held = [1.0, *old_enough][-1], shares * index[row] / value
        if abs(wanted - held) > tolerance * held:
            shares, cash = wanted * value / index[row], (1 - wanted) * value
        exposures.append(shares * index[row] / value)
    rule = {"target": target, "max_leverage": most, "lag": f"{lag}d", "warm_up": f"{warm_up}d", "tolerance": tolerance}
    assert close(built("volatility_target", rule).level(path), np.array(worth))
    assert max(abs(exposure - 1) for exposure in exposures) > 0.05


@quick
@given(seed=seeds)
def test_income_raises_the_level_and_pausing_lowers_it(seed: int) -> None:
    path = random_path(seed)
    earned = built("total", {}).level(path)
    paused = built("total", {"pause_before_rebalance": "2d"}).level(path)
    assert (earned >= path.levels * (1 - 1e-12)).all()
    assert (paused <= earned * (1 + 1e-12)).all()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("leverage", {"factor": 2, "financing": 0.05, "reset": "400d"}),
        ("leverage", {"factor": -1, "financing": 0.05, "reset": "400d"}),
        ("decrement", {"points": 50}),
        ("total", {}),
        ("excess", {"rate": 0}),
    ],
)
@given(cuts=st.lists(st.integers(1, 719), max_size=6, unique=True))
@settings(max_examples=20)
def test_without_moves_many_steps_come_to_one(name: str, parameters: dict[str, Any], cuts: list[int]) -> None:
    def flat(hours: list[int]) -> IndexPath:
        times = np.datetime64("2021-01-01", "us") + np.array(hours) * np.timedelta64(1, "h")
        ones = np.ones((len(hours), 1))
        panel = Panel(times, ("a",), {"price": ones.copy(), "staking_yield": ones * 0.05})
        segment = Segment(0, len(hours) - 1, np.array([0]), np.array([1000.0]), ones, 1.0)
        return IndexPath(times, ones[:, 0] * 1000, (segment,), PanelKnown(panel, times))

    # The rate in force a day before must be the same however the month is cut, so the first day is a step.
    whole = built(name, {**parameters, **({"lag": "0d"} if name == "total" else {})})
    assert whole.level(flat(sorted({0, 720, *cuts})))[-1] == pytest.approx(whole.level(flat([0, 720]))[-1], rel=1e-12)
