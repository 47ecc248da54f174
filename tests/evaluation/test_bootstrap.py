"""Bootstrap intervals: repeatable, of the stated coverage on simulated series, and no wider or narrower than theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.evaluation.bootstrap import Blocks, Bootstrap, block_length, chosen_length, intervals, resample
from basketry.evaluation.metrics import HEADLINE, METRICS, Sample

FIGURES = ["mean_return", "volatility", "sharpe", "value_at_risk", "downside_deviation"]


def levels(returns: Floats) -> Floats:
    return np.cumprod(np.append(1.0, 1 + returns))


def noise(rng: np.random.Generator, steps: int) -> Floats:
    return rng.normal(0.001, 0.02, steps)


def dependent(rng: np.random.Generator, steps: int, slope: float = 0.3) -> Floats:
    """An autoregression of the first order, whose marginal law is known."""
    found = rng.normal(0, 0.02 / math.sqrt(1 - slope**2), steps)
    shocks = rng.normal(0, 0.02, steps)
    for t in range(1, steps):
        found[t] = slope * found[t - 1] + shocks[t]
    return found + 0.001


def true_figures(deviation: float) -> dict[str, float]:
    """Figures of a normal law with mean 0.001."""
    mean, root = 0.001, math.sqrt(365)
    # Mean square of the part below zero of a normal law.
    density = math.exp(-((mean / deviation) ** 2) / 2) / math.sqrt(2 * math.pi)
    below = (1 - math.erf(mean / deviation / math.sqrt(2))) / 2
    square = (mean**2 + deviation**2) * below - mean * deviation * density
    return {
        "mean_return": mean * 365,
        "volatility": deviation * root,
        "sharpe": mean / deviation * root,
        "value_at_risk": mean + deviation * float(ndtri(0.05)),
        "downside_deviation": math.sqrt(square) * root,
    }


def coverage(process: str, steps: int, histories: int, draws: int, blocks: Blocks = "stationary") -> dict[str, float]:
    """Share of histories whose 95% interval holds the true figure."""
    make = {"noise": noise, "dependent": dependent}[process]
    true = true_figures(0.02 if process == "noise" else 0.02 / math.sqrt(1 - 0.09))
    hits = dict.fromkeys(true, 0)
    rng = np.random.default_rng(2024)
    for seed in range(histories):
        table = intervals(Sample(levels(make(rng, steps))), Bootstrap(seed, draws, blocks=blocks), list(true))
        for name, low, high in table.select("metric", "low", "high").iter_rows():
            hits[name] += low <= true[name] <= high
    return {name: count / histories for name, count in hits.items()}


@pytest.mark.parametrize("process", ["noise", "dependent"])
def test_coverage_short(process: str) -> None:
    # 120 histories: 95% has a standard error of 2%.
    for name, share in coverage(process, 500, 120, 200).items():
        assert 0.85 <= share <= 1, name


@pytest.mark.slow
@pytest.mark.parametrize("process", ["noise", "dependent"])
@pytest.mark.parametrize("blocks", ["stationary", "circular"])
def test_coverage_long(process: str, blocks: Blocks) -> None:
    for name, share in coverage(process, 2000, 1000, 500, blocks).items():
        assert 0.91 <= share <= 0.97, name


def test_independent_draws_of_dependent_returns_cover_too_little() -> None:
    # What blocks are for: positive dependence widens the interval of the mean.
    returns = dependent(np.random.default_rng(3), 4000, 0.6)
    wide = intervals(Sample(levels(returns)), Bootstrap(1), ["mean_return"])
    narrow = intervals(Sample(levels(returns)), Bootstrap(1, length=1), ["mean_return"])
    width = (wide["high"] - wide["low"])[0] / (narrow["high"] - narrow["low"])[0]
    # Theory: √((1 + φ) / (1 − φ)) = 2.
    assert width == pytest.approx(2, rel=0.2)


def test_the_interval_of_a_mean_has_the_width_of_theory() -> None:
    returns = noise(np.random.default_rng(4), 3000)
    row = intervals(Sample(levels(returns)), Bootstrap(5, 4000, length=1), ["mean_return"]).row(0, named=True)
    expected = 2 * 1.959964 * returns.std() / math.sqrt(3000) * 365
    assert row["high"] - row["low"] == pytest.approx(expected, rel=0.05)
    assert (row["high"] + row["low"]) / 2 == pytest.approx(row["value"], abs=0.05 * expected)


def test_a_seed_gives_the_same_intervals_and_another_gives_others() -> None:
    sample = Sample(levels(noise(np.random.default_rng(6), 400)))
    first = intervals(sample, Bootstrap(7, 300))
    assert first.equals(intervals(sample, Bootstrap(7, 300)))
    assert not first.equals(intervals(sample, Bootstrap(8, 300)))


def test_every_headline_figure_has_an_interval_that_says_how() -> None:
    rng = np.random.default_rng(9)
    other = noise(rng, 800)
    sample = Sample(levels(0.7 * other + noise(rng, 800)), against=levels(other))
    table = intervals(sample, Bootstrap(draws=300))
    assert table["metric"].to_list() == list(HEADLINE)
    assert (table["low"] <= table["high"]).all()
    assert table["convention"].str.contains("0.95 percentile interval, stationary blocks of").all()
    beta = table.row(table["metric"].to_list().index("beta"), named=True)
    assert beta["low"] < 0.7 < beta["high"]
    inside = (table["low"] <= table["value"]) & (table["value"] <= table["high"])
    # The paths of a resampled history need not fall as deep as the one that happened.
    assert inside.sum() >= len(table) - 2


def test_only_the_chosen_series_is_resampled() -> None:
    rng = np.random.default_rng(10)
    one, two = (levels(noise(rng, 300)) for _ in range(2))
    both = Sample(np.column_stack([one, two]))
    assert intervals(both, names=FIGURES, series=1).equals(intervals(Sample(two), names=FIGURES))
    pair = Sample(np.column_stack([one, two]), against=np.column_stack([two, one]))
    found = intervals(pair, names=["beta"], series=1)
    assert found.equals(intervals(Sample(two, against=one), names=["beta"]))


@pytest.mark.parametrize("blocks", ["stationary", "circular"])
def test_blocks_have_the_stated_length_and_use_all_rows_evenly(blocks: Blocks) -> None:
    rows = resample(1000, 20, Bootstrap(blocks=blocks), np.random.default_rng(11), 400)
    assert rows.shape == (1000, 400)
    leaps = (np.diff(rows, axis=0) % 1000 != 1).mean()
    assert leaps == pytest.approx(1 / 20, rel=0.05)
    counts = np.bincount(rows.ravel(), minlength=1000)
    assert counts.mean() == 400
    assert counts.std() < 120
    if blocks == "circular":
        assert (np.diff(rows, axis=0) % 1000 == 1)[np.arange(999) % 20 != 19].all()


def test_the_block_is_the_longer_of_returns_and_squares() -> None:
    rng = np.random.default_rng(12)
    risk = np.exp(dependent(rng, 3000, 0.97) * 5)
    clustered = 0.01 * risk * rng.normal(size=3000)
    sample = Sample(levels(np.clip(clustered, -0.5, 0.5)))
    plan = Bootstrap()
    assert chosen_length(sample, plan) > 3 * block_length(sample.returns[:, 0]).stationary
    assert chosen_length(sample, Bootstrap(length=17)) == 17


def test_a_constant_series_has_intervals_of_no_width() -> None:
    table = intervals(Sample(np.full(100, 5.0)), Bootstrap(draws=50), ["volatility", "total_return", "sharpe"])
    assert table["low"].to_list()[:2] == table["high"].to_list()[:2] == [0, 0]
    assert math.isnan(table["low"][2])


def test_misuse_is_explained() -> None:
    short = Sample(levels(noise(np.random.default_rng(0), 10)))
    with pytest.raises(DataError, match="needs at least 20 returns, there are 10"):
        intervals(short)
    sample = Sample(levels(noise(np.random.default_rng(0), 100)))
    with pytest.raises(DataError, match="longer than the 100 returns"):
        intervals(sample, Bootstrap(length=101))
    with pytest.raises(DataError, match="did you mean 'sharpe'"):
        intervals(sample, names=["sharp"])
    for fault, match in (
        ({"draws": 1}, "at least two draws"),
        ({"confidence": 95.0}, "between 0 and 1"),
        ({"blocks": "moving"}, "stationary or circular"),
        ({"length": 0.5}, "at least one step"),
    ):
        with pytest.raises(DataError, match=match):
            Bootstrap(**fault)
    assert METRICS["sharpe"].headline
