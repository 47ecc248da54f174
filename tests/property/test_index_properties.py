"""Properties that hold on every market: continuity, scaling, permutation, no look-ahead, reproducibility."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.index.calculate import calculate_index
from basketry.index.determine import determine
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
WEIGHTS: list[dict[str, Any]] = [
    {"by": "market_cap"},
    {"by": "market_cap", "cap": 0.4},
    {"by": "equal"},
    {"by": "sqrt_market_cap", "cap": 0.35, "floor": 0.02},
    {"by": "inverse_volatility", "window": "20d"},
    {"by": "momentum", "window": "20d", "cap": 0.5},
    {"by": "equal_risk_contribution", "window": "39d"},
]


def random_market(
    seed: int, *, assets: int = 7, days: int = 120, scale: float = 1.0, gaps: bool = True
) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    names = [f"x{n}" for n in range(assets)]
    prices = scale * np.exp(np.cumsum(rng.normal(0, 0.05, (days, assets)), axis=0)) * rng.lognormal(0, 2, assets)
    caps = prices * rng.lognormal(12, 1, assets)
    if gaps:
        missing = rng.random((days, assets)) < 0.01
        missing[:45] = False
        prices[missing] = np.nan
    times = [START + timedelta(days=n) for n in range(days)]
    volume = np.abs(caps) * 0.01
    return {"names": names, "times": times, "price": prices, "market_cap": caps, "volume": volume}


def panel_of(data: dict[str, Any], *, order: list[int] | None = None, rename: dict[str, str] | None = None) -> Panel:
    columns = order if order is not None else list(range(len(data["names"])))
    tables: dict[str, Any] = {
        field: pl.DataFrame(
            {"time": data["times"]}
            | {(rename or {}).get(data["names"][c], data["names"][c]): data[field][:, c] for c in columns}
        )
        for field in ("price", "market_cap", "volume")
    }
    return Panel.from_frames(**tables)


def rules(weight: dict[str, Any], **sections: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1,
            "name": "Property",
            "symbol": "PROP",
            "base": {"date": "2020-02-10", "level": 1000},
            "select": {"by": "market_cap", "top": 5, "buffer": {"enter": 4, "leave": 6}},
            "weight": weight,
            "rebalance": {"every": "10d", "determine": "1d"},
            **sections,
        }
    )


weightings = st.sampled_from(WEIGHTS)
seeds = st.integers(0, 10_000)


def digest(result: IndexResult) -> str:
    running = hashlib.sha256()
    for table in (result.levels, result.compositions, result.rebalances, result.events):
        running.update(table.write_csv().encode())
    return running.hexdigest()


@settings(max_examples=40)
@given(seeds, weightings)
def test_weights_sum_to_one_caps_hold_and_levels_are_continuous(seed: int, weight: dict[str, Any]) -> None:
    result = calculate_index(rules(weight), panel_of(random_market(seed)))
    table = result.compositions.with_columns(value=pl.col("units") * pl.col("price"))
    for _, rows in table.group_by("effective_at", "divisor", maintain_order=True):
        assert abs(sum(rows["weight"].to_list()) - 1) < 1e-12
        assert min(rows["weight"].to_list()) >= 0
        scheduled = result.rebalances.filter(pl.col("effective_at") == rows["effective_at"][0])["trigger"].to_list()
        if "cap" in weight and all(trigger in ("base", "schedule") for trigger in scheduled):
            assert max(rows["weight"].to_list()) <= weight["cap"] + 1e-12
        level = result.levels.filter(pl.col("time") == rows["effective_at"][0])["price_return"][0]
        after = sum(rows["value"].to_list()) / rows["divisor"][0]
        assert abs(after / level - 1) < 1e-12


@settings(max_examples=25)
@given(seeds, weightings, st.floats(1e-4, 1e4))
def test_scaling_all_prices_scales_no_return(seed: int, weight: dict[str, Any], factor: float) -> None:
    plain = calculate_index(rules(weight), panel_of(random_market(seed)))
    scaled_market = random_market(seed)
    for field in ("price", "market_cap", "volume"):
        scaled_market[field] = scaled_market[field] * factor
    scaled = calculate_index(rules(weight), panel_of(scaled_market))
    np.testing.assert_allclose(scaled.level(), plain.level(), rtol=1e-10)


@settings(max_examples=25)
@given(seeds, st.floats(0.1, 10.0))
def test_prices_k_times_as_high_from_a_day_on_give_a_level_k_times_as_high(seed: int, factor: float) -> None:
    data = random_market(seed, gaps=False)
    plain = calculate_index(rules({"by": "equal"}), panel_of(data))
    data["price"][-1] *= factor
    data["market_cap"][-1] *= factor
    moved = calculate_index(rules({"by": "equal"}), panel_of(data))
    assert abs(moved.level()[-1] / (factor * plain.level()[-1]) - 1) < 1e-12


@settings(max_examples=30)
@given(seeds, weightings, st.permutations(range(7)))
def test_the_order_of_assets_changes_nothing_to_the_last_bit(
    seed: int, weight: dict[str, Any], order: list[int]
) -> None:
    data = random_market(seed)
    assert digest(calculate_index(rules(weight), panel_of(data))) == digest(
        calculate_index(rules(weight), panel_of(data, order=order))
    )


@settings(max_examples=30)
@given(seeds, st.sampled_from([w for w in WEIGHTS if w["by"] != "equal_risk_contribution"]))
def test_the_names_of_assets_change_no_level(seed: int, weight: dict[str, Any]) -> None:
    data = random_market(seed)
    other = {f"x{n}": f"z{(n * 3) % 7}" for n in range(7)}
    plain = calculate_index(rules(weight), panel_of(data))
    renamed = calculate_index(rules(weight), panel_of(data, rename=other))
    np.testing.assert_allclose(plain.level(), renamed.level(), rtol=2e-15)
    np.testing.assert_array_equal(plain.published_levels["price_return"], renamed.published_levels["price_return"])


@settings(max_examples=30)
@given(seeds, weightings, st.integers(60, 119))
def test_later_data_never_change_the_past(seed: int, weight: dict[str, Any], cut: int) -> None:
    data = random_market(seed)
    whole = calculate_index(rules(weight), panel_of(data))
    early = {key: value[:cut] if key != "names" else value for key, value in data.items()}
    past = calculate_index(rules(weight), panel_of(early))
    assert whole.levels.head(past.levels.height).equals(past.levels)
    last = past.levels["time"][-1]
    assert whole.compositions.filter(pl.col("effective_at") <= last).equals(past.compositions)
    asked = calculate_index(rules(weight), panel_of(data), end=last.replace(tzinfo=None))
    assert digest(asked) == digest(past)


def revised_rows(seed: int) -> pl.DataFrame:
    """Return a random market as observations of which some came late and some were corrected, once or twice."""
    rng = np.random.default_rng(seed + 1)
    data = random_market(seed)
    rows = pl.concat(
        pl.DataFrame({"time": data["times"], "asset": name}).with_columns(
            pl.Series(field, data[field][:, column]).fill_nan(None) for field in ("price", "market_cap", "volume")
        )
        for column, name in enumerate(data["names"])
    ).with_columns(pl.col("time").dt.cast_time_unit("us"))
    delays = pl.Series(np.where(rng.random(rows.height) < 0.05, rng.integers(1, 40, rows.height), 0))
    first = rows.with_columns(known_at=pl.col("time") + delays * timedelta(hours=12))
    parts = [first]
    for extra in (40, 80):
        again = first.sample(60, seed=seed + extra)
        factor = pl.Series(rng.lognormal(0, 0.3, again.height))
        parts.append(
            again.with_columns(
                pl.col("price") * factor,
                pl.col("market_cap") * factor,
                known_at=pl.col("known_at") + pl.Series(rng.integers(1, extra, 60)) * timedelta(hours=12),
            )
        )
    return pl.concat(parts).unique(["time", "asset", "known_at"], keep="first", maintain_order=True)


@settings(max_examples=20)
@given(seeds, weightings, st.integers(60, 118))
def test_corrections_learned_later_never_change_the_past(seed: int, weight: dict[str, Any], cut: int) -> None:
    rows, methodology = revised_rows(seed), rules(weight)
    panel = Panel.from_frames(rows)
    whole = calculate_index(methodology, panel)
    end = START + timedelta(days=cut)
    # On the same knowledge a shorter run is the beginning of a longer one.
    shorter = calculate_index(methodology, panel, end=end)
    assert whole.levels.head(shorter.levels.height).equals(shorter.levels)
    last = shorter.levels["time"][-1]
    assert whole.compositions.filter(pl.col("effective_at") <= last).equals(shorter.compositions)
    # On what was known at an instant it is as if nothing had been learned since.
    then = Panel.from_frames(rows.filter(pl.col("known_at") <= end))
    expected = digest(calculate_index(methodology, then))
    assert digest(calculate_index(methodology, panel.as_of(end))) == expected
    assert digest(calculate_index(methodology, Panel.from_frames(rows, known_by=end))) == expected
    # What was determined by then is determined in the same way on all that is known since.
    for instant in panel.times[60 : cut + 1 : 10]:
        members = np.zeros(len(panel.assets), dtype=bool)
        late, early = (determine(methodology.versions[0], m.as_of(instant), members) for m in (panel, then))
        assert np.array_equal(late.columns, early.columns)
        assert np.array_equal(late.weights, early.weights)


@settings(max_examples=15)
@given(seeds)
def test_chain_linking_equals_computing_each_basket_anew(seed: int) -> None:
    result = calculate_index(rules({"by": "market_cap", "cap": 0.4}), panel_of(random_market(seed)))
    for segment in result.segments:
        values = (segment.prices * segment.units).sum(axis=1) / segment.divisor
        np.testing.assert_allclose(values, result.level()[segment.start : segment.end + 1], rtol=1e-12)


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
import importlib.util
spec = importlib.util.spec_from_file_location("properties", {file!r})
module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
result = module.calculate_index(module.rules(module.WEIGHTS[1]), module.panel_of(module.random_market(3)))
print(module.digest(result))
"""


def test_a_run_equals_itself_whatever_the_hash_seed_and_the_threads() -> None:
    file = Path(__file__)
    script = SCRIPT.format(folder=str(file.parent), file=str(file))
    found = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("12345", "4")):
        limits = {"PYTHONHASHSEED": seed, "POLARS_MAX_THREADS": threads, "OMP_NUM_THREADS": threads}
        run = subprocess.run(
            [sys.executable, "-c", script], env={**os.environ, **limits}, capture_output=True, text=True, check=True
        )
        found.add(run.stdout)
    assert len(found) == 1
