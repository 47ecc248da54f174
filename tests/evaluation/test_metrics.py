"""Metrics: properties that hold for every series, and what happens where a figure is not defined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.evaluation.levels import Levels
from basketry.evaluation.metrics import HEADLINE, METRICS, Sample, Terms, measure, table

_STEPS = st.integers(-300_000, 400_000).map(lambda millionths: millionths / 1e6)
RETURNS = hnp.arrays(np.float64, st.tuples(st.integers(40, 90), st.integers(1, 3)), elements=_STEPS)
"""Whole millionths: a return within the rounding of a level is another one at another scale."""


def walk(seed: int, steps: int = 500, columns: int = 3) -> Floats:
    """Levels with fat tails and a common factor."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, (steps, 1)) * 0.02
    returns = np.clip(common + rng.standard_t(4, (steps, columns)) * 0.02, -0.5, 0.5)
    return 100 * path(returns)


def path(returns: Floats) -> Floats:
    """Levels from 1 that grow by returns (T, N)."""
    levels = np.ones((len(returns) + 1, returns.shape[1]))
    levels[1:] = np.cumprod(1 + returns, axis=0)
    return levels


def everything(levels: Floats, against: Floats, terms: Terms | None = None) -> dict[str, Floats]:
    return measure(Sample(levels, against=against, terms=terms or Terms()))


def test_every_metric_says_what_it_is() -> None:
    sample = Sample(walk(0), against=walk(1, columns=1))
    shown = table(sample)
    assert shown["metric"].to_list() == list(METRICS)
    assert shown.select("title", "unit", "convention", "formula", "source").null_count().row(0) == (0,) * 5
    assert not shown["convention"].str.contains("[{}]").any()
    assert shown["value"].is_finite().all()
    assert "× √365" in METRICS["volatility"].convention_of(sample)
    assert set(HEADLINE) < set(METRICS)


def test_columns_do_not_touch_each_other() -> None:
    # More columns than are laid out at a time, and a number that leaves a part.
    levels, other = walk(3, columns=19), walk(4, columns=19)
    wide = everything(levels, other)
    for column in (0, 7, 8, 18):
        alone = everything(levels[:, column], other[:, column])
        for name, found in alone.items():
            np.testing.assert_allclose(found[0], wide[name][column], rtol=1e-9, atol=1e-13, err_msg=name)


@settings(max_examples=40)
@given(RETURNS, st.floats(1e-3, 1e4))
def test_figures_do_not_depend_on_the_scale(returns: Floats, scale: float) -> None:
    levels = path(returns)
    other = path(returns[:, :1] * 0.5)
    for name, found in everything(levels, other).items():
        again = everything(levels * scale, other)[name]
        if name in {"skewness", "kurtosis", "sample_skewness", "sample_excess_kurtosis", "sharpe", "information_ratio"}:
            continue  # without spread they divide rounding by rounding; tested on a walk below
        if name.startswith(("tail_", "filtered", "cornish")) or "capture" in name or "positive" in name:
            continue  # ties of rounding change sides
        np.testing.assert_allclose(again, found, rtol=1e-7, atol=1e-9, err_msg=name)


def test_all_figures_of_a_walk_do_not_depend_on_the_scale() -> None:
    levels, other = walk(5), walk(6, columns=1)
    found, again = everything(levels, other), everything(levels * 1e6, other * 1e-3)
    for name in METRICS:
        np.testing.assert_allclose(again[name], found[name], rtol=1e-9, atol=1e-12, err_msg=name)


@settings(max_examples=40)
@given(RETURNS)
def test_drawdown_identities(returns: Floats) -> None:
    levels = path(returns)
    found = measure(Sample(levels))
    deepest = found["max_drawdown"]
    assert (deepest <= found["current_drawdown"]).all()
    assert (deepest <= np.minimum(found["worst_step"], 0) + 1e-12).all()
    assert (deepest <= np.minimum(found["total_return"], 0) + 1e-12).all()
    # Mean <= root mean square <= maximum.
    assert (found["pain_index"] <= found["ulcer_index"] + 1e-12).all()
    assert (found["ulcer_index"] <= -deepest + 1e-12).all()
    assert ((found["below_share"] == 0) == (deepest == 0)).all()
    # A drawdown in levels is the largest fall of any pair.
    log = np.log(levels)
    pairs = [min(log[j, 0] - log[i, 0] for i in range(j + 1)) for j in range(len(log))]
    assert deepest[0] == pytest.approx(math.expm1(min(pairs)), abs=1e-9)


@settings(max_examples=40)
@given(RETURNS)
def test_tails_are_in_order(returns: Floats) -> None:
    levels = path(returns)
    for tail in (0.01, 0.05, 0.5):
        found = measure(Sample(levels, terms=Terms(tail=tail)))
        assert (found["worst_step"] <= found["expected_shortfall"] + 1e-12).all()
        for law in ("", "normal_", "cornish_fisher_", "filtered_"):
            shortfall, quantile = found[f"{law}expected_shortfall"], found[f"{law}value_at_risk"]
            known = np.isfinite(quantile)
            assert (shortfall[known] <= quantile[known] + 1e-9).all(), law


def test_log_returns_add_up_and_total_returns_compound() -> None:
    levels = walk(7)
    first, second = Sample(levels[:201]), Sample(levels[200:])
    whole = measure(Sample(levels), ["total_return"])["total_return"]
    parts = [measure(part, ["total_return"])["total_return"] for part in (first, second)]
    np.testing.assert_allclose((1 + parts[0]) * (1 + parts[1]) - 1, whole, rtol=1e-12)


def test_a_series_against_itself() -> None:
    levels = walk(8, columns=1)
    found = everything(levels, levels)
    for name in ("beta", "correlation", "up_capture", "down_capture", "tail_dependence", "tail_correlation"):
        assert found[name][0] == pytest.approx(1, abs=1e-12), name
    for name in ("alpha", "tracking_error", "tracking_difference"):
        assert found[name][0] == pytest.approx(0, abs=1e-12), name
    assert np.isnan(found["information_ratio"][0])


def test_returns_that_are_sums_have_betas_that_add() -> None:
    rng = np.random.default_rng(9)
    returns = rng.normal(0, 0.02, (300, 2))
    both = np.column_stack([returns, returns.mean(axis=1)])
    levels = path(both)
    beta = everything(levels, walk(10, 300, 1))["beta"]
    assert beta[2] == pytest.approx(beta[:2].mean(), abs=1e-12)


def test_a_constant_series_has_no_ratios_and_no_risk() -> None:
    found = everything(np.full(500, 100.0), walk(11, 499, 1))
    for name in ("volatility", "downside_deviation", "max_drawdown", "ulcer_index", "total_return", "beta"):
        assert found[name][0] == 0, name
    for name in (
        "sharpe",
        "sortino",
        "calmar",
        "omega",
        "skewness",
        "kurtosis",
        "correlation",
        "filtered_value_at_risk",
    ):
        assert np.isnan(found[name][0]), name


def test_steady_growth_has_no_volatility_but_rounding() -> None:
    found = measure(Sample(100 * 1.001 ** np.arange(500.0)))
    assert found["volatility"][0] == 0
    assert np.isnan(found["sharpe"][0])
    assert found["annual_return"][0] == pytest.approx(1.001**365 - 1, rel=1e-9)


def test_less_than_a_year_is_not_annualised() -> None:
    short = measure(Sample(walk(12, 364)))
    assert np.isnan([short[name] for name in ("annual_return", "calmar", "martin")]).all()
    assert np.isfinite(measure(Sample(walk(12, 365)))["annual_return"]).all()


def test_two_levels_are_enough_for_what_they_tell() -> None:
    found = measure(Sample(np.array([100.0, 90.0])))
    assert found["total_return"][0] == pytest.approx(-0.1)
    assert found["value_at_risk"][0] == pytest.approx(-0.1)
    assert np.isnan([found["volatility"][0], found["sharpe"][0], found["sample_skewness"][0]]).all()


@pytest.mark.parametrize("tail", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantiles_at_any_tail_and_with_ties(tail: float) -> None:
    rng = np.random.default_rng(13)
    returns = np.round(rng.normal(0, 0.02, (300, 12)), 2)
    levels = path(returns)
    sample = Sample(levels, terms=Terms(tail=tail))
    expected = np.quantile(sample.returns, tail, axis=0)
    found = measure(sample, ["value_at_risk", "expected_shortfall"])
    np.testing.assert_allclose(found["value_at_risk"], expected, rtol=0, atol=1e-15)
    for column in range(12):
        lowest = np.sort(sample.returns[:, column])[: int(299 * tail) + 1]
        assert found["expected_shortfall"][column] == pytest.approx(lowest.mean(), abs=1e-15)


def test_terms_change_what_they_say() -> None:
    levels = walk(14)
    plain = measure(Sample(levels))
    dear = measure(Sample(levels, terms=Terms(risk_free=0.05, target=0.2)))
    assert (dear["sharpe"] < plain["sharpe"]).all()
    assert (dear["omega"] < plain["omega"]).all()
    step = 1.05 ** (1 / 365) - 1
    returns = levels[1:] / levels[:-1] - 1
    np.testing.assert_allclose(
        dear["sharpe"], (returns.mean(axis=0) - step) / returns.std(axis=0, ddof=1) * 365**0.5, rtol=1e-12
    )


def test_misuse_is_explained() -> None:
    sample = Sample(walk(15))
    with pytest.raises(DataError, match=r"no metric 'sharp' \(did you mean 'sharpe'\?\)"):
        measure(sample, ["sharp"])
    with pytest.raises(DataError, match="beta compares with another series"):
        measure(sample, ["beta"])
    with pytest.raises(DataError, match="at least two rows"):
        Sample(np.ones((1, 3)))
    with pytest.raises(DataError, match=r"level 0\.0 in row 1, column 0 is not a positive number"):
        Sample(np.array([1.0, 0.0, 2.0]))
    with pytest.raises(DataError, match="align both first"):
        Sample(walk(0), against=walk(0, 400))
    with pytest.raises(DataError, match="tail must be between 0 and 1"):
        Terms(tail=5)
    with pytest.raises(DataError, match="per_year must be positive"):
        Sample(walk(0), per_year=0)
    with pytest.raises(DataError, match="risk_free is a return a year"):
        Terms(risk_free=-1.0)


def test_from_series_at_a_weekly_step() -> None:
    weeks = np.datetime64("2020-01-01") + 7 * np.arange(120)
    a, b = (Levels.of(weeks, walk(seed, 119, 1)[:, 0], step="7d") for seed in (16, 17))
    sample = Sample.of(a, against=b)
    assert sample.per_year == pytest.approx(365 / 7)
    found = measure(sample, ["volatility", "beta"])
    assert found["volatility"][0] == pytest.approx(a.returns.std(ddof=1) * math.sqrt(365 / 7))
    assert found["beta"][0] == pytest.approx(np.cov(a.returns, b.returns)[0, 1] / b.returns.var(ddof=1))
