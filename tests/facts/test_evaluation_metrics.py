"""Figures of level series against published examples, calculations in plain Python, and other packages."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.special import ndtri

from basketry.core.numbers import Floats
from basketry.evaluation.bootstrap import block_length
from basketry.evaluation.drawdowns import drawdown_table
from basketry.evaluation.levels import Levels, together
from basketry.evaluation.metrics import Sample, Terms, measure
from basketry.evaluation.metrics.calendar import month_returns

# Bacon (2008), Practical Portfolio Performance Measurement and Attribution, 2nd edition, p. 65 and 66: two years of
# monthly returns of a portfolio and its benchmark.
PORTFOLIO = [
    *(0.003, 0.026, 0.011, -0.010, 0.015, 0.025, 0.016, 0.067, -0.014, 0.040, -0.005, 0.081),
    *(0.040, -0.037, -0.061, 0.017, -0.049, -0.022, 0.070, 0.058, -0.065, 0.024, -0.005, -0.009),
]
BENCHMARK = [
    *(0.002, 0.025, 0.018, -0.011, 0.014, 0.018, 0.014, 0.065, -0.015, 0.042, -0.006, 0.083),
    *(0.039, -0.038, -0.062, 0.015, -0.048, 0.021, 0.060, 0.056, -0.067, 0.019, -0.003, 0.000),
]


def grown(returns: list[float] | Floats) -> Floats:
    return np.cumprod(np.append(1.0, 1 + np.asarray(returns)))


@pytest.fixture(scope="module")
def bacon() -> dict[str, float]:
    """Figures of the portfolio with a target of 0.5% a month, as in the book."""
    terms = Terms(target=1.005**12 - 1)
    sample = Sample(grown(PORTFOLIO), per_year=12, against=grown(BENCHMARK), terms=terms)
    return {name: float(found[0]) for name, found in measure(sample).items()}


# Values with two digits are the book's, as PerformanceAnalytics repeats them beside each function (Lestel, 2012); the
# others are of exact rational arithmetic on the same returns.
@pytest.mark.parametrize(
    ("name", "expected", "digits"),
    [
        ("kurtosis", 2.43, 2),
        ("pain_index", 0.04, 2),
        ("volatility", 0.039548539246370897 * math.sqrt(12), 14),
        ("skewness", -0.08256245520856804, 13),
        ("kurtosis", 3 - 0.5675462058921257, 12),
        ("sample_skewness", -0.08817174934967535, 13),
        ("beta", 0.9988502086225746, 13),
        ("correlation", 0.9693858148753051, 13),
        ("alpha", -0.001030120844918352 * 12, 13),
    ],
)
def test_bacon(bacon: dict[str, float], name: str, expected: float, digits: int) -> None:
    assert bacon[name] == pytest.approx(expected, abs=0.5 * 10**-digits)


def test_ratios_of_bacon_for_a_month(bacon: dict[str, float]) -> None:
    # Kappa of order 2 is the Sortino ratio of a month, p. 96; Omega-Sharpe is omega less one, p. 95; Bernardo and
    # Ledoit's is omega at a target of zero, p. 95.
    assert bacon["sortino"] / math.sqrt(12) == pytest.approx(0.157, abs=5e-4)
    assert bacon["omega"] - 1 == pytest.approx(0.29, abs=0.005)
    at_zero = measure(Sample(grown(PORTFOLIO), per_year=12), ["omega"])["omega"][0]
    assert at_zero == pytest.approx(1.78, abs=0.005)


def test_downside_of_bacon_with_a_high_target() -> None:
    # p. 92: downside risk 0.493 with a target of 50% a month.
    terms = Terms(target=1.5**12 - 1)
    found = measure(Sample(grown(PORTFOLIO), per_year=12, terms=terms), ["downside_deviation"])
    assert found["downside_deviation"][0] / math.sqrt(12) == pytest.approx(0.493, abs=5e-4)


def test_gips_links_and_annualises() -> None:
    # GIPS: link sub-period returns geometrically, annualise by the root of the number of years, not under a year.
    two_years = Sample(grown([0.10, 0.21]), per_year=1)
    assert measure(two_years, ["total_return"])["total_return"][0] == pytest.approx(0.331)
    assert measure(two_years, ["annual_return"])["annual_return"][0] == pytest.approx(math.sqrt(1.331) - 1)
    assert np.isnan(measure(Sample(grown([0.1] * 11), per_year=12), ["annual_return"])["annual_return"][0])


def test_automatic_block_length_of_a_published_series() -> None:
    # The series and lengths of arch's tests: an autoregression of 0.3 from the legacy generator with seed 0.
    shocks = np.random.RandomState(0).standard_normal(10_100)
    values = shocks.copy()
    for t in range(1, len(values)):
        values[t] = 0.3 * values[t - 1] + shocks[t]
    found = block_length(values[100:])
    assert found.stationary == pytest.approx(13.635665, rel=1e-6)
    assert found.circular == pytest.approx(15.60894, rel=1e-6)


def walk(seed: int, steps: int = 700) -> Floats:
    rng = np.random.default_rng(seed)
    return np.clip(rng.standard_t(5, steps) * 0.02 + 0.0005, -0.4, 0.4)


def plain(returns: list[float], other: list[float], tail: float = 0.05) -> dict[str, float]:
    """Every figure from its definition, one number after the other, 365 returns a year."""
    n, root = len(returns), math.sqrt(365)
    mean, spread = statistics.fmean(returns), statistics.stdev(returns)
    population = statistics.pstdev(returns)
    level, highest, depths = 1.0, 1.0, [0.0]
    for r in returns:
        level *= 1 + r
        highest = max(highest, level)
        depths.append(level / highest - 1)
    year = level ** (365 / n) - 1
    ordered = sorted(returns)
    place = (n - 1) * tail
    k = math.floor(place)
    quantile = ordered[k] + (place - k) * (ordered[k + 1] - ordered[k])
    down = math.sqrt(math.fsum(min(r, 0) ** 2 for r in returns) / n)
    ulcer = math.sqrt(math.fsum(d * d for d in depths) / n)
    pain = -math.fsum(depths) / n
    third = math.fsum((r - mean) ** 3 for r in returns) / n / population**3
    fourth = math.fsum((r - mean) ** 4 for r in returns) / n / population**4
    variance = math.fsum(r * r for r in returns[:30]) / 30
    scaled = []
    for r in returns[30:]:
        scaled.append(r / math.sqrt(variance))
        variance = 0.94 * variance + 0.06 * r * r
    scaled.sort()
    at = (len(scaled) - 1) * tail
    j = math.floor(at)
    filtered = scaled[j] + (at - j) * (scaled[j + 1] - scaled[j])
    last = math.sqrt(variance)
    normal = statistics.NormalDist()
    z = normal.inv_cdf(tail)
    mean_other = statistics.fmean(other)
    slope = statistics.linear_regression(other, returns).slope
    differences = [a - b for a, b in zip(returns, other, strict=True)]
    ups = [(a, b) for a, b in zip(returns, other, strict=True) if b > 0]
    downs = [(a, b) for a, b in zip(returns, other, strict=True) if b < 0]

    def capture(pairs: list[tuple[float, float]]) -> float:
        own, theirs = (math.prod(1 + pair[side] for pair in pairs) ** (1 / len(pairs)) - 1 for side in (0, 1))
        return own / theirs

    return {
        "total_return": level - 1,
        "annual_return": year,
        "mean_return": mean * 365,
        "best_step": max(returns),
        "worst_step": min(returns),
        "positive_share": sum(r > 0 for r in returns) / n,
        "volatility": spread * root,
        "downside_deviation": down * root,
        "skewness": third,
        "kurtosis": fourth,
        "sharpe": mean / spread * root,
        "sortino": mean / down * root,
        "calmar": year / -min(depths),
        "omega": math.fsum(max(r, 0) for r in returns) / math.fsum(max(-r, 0) for r in returns),
        "martin": year / ulcer,
        "pain_ratio": year / pain,
        "max_drawdown": min(depths),
        "current_drawdown": depths[-1],
        "pain_index": pain,
        "ulcer_index": ulcer,
        "below_share": sum(d < 0 for d in depths) / n,
        "value_at_risk": quantile,
        "expected_shortfall": statistics.fmean(ordered[: k + 1]),
        "normal_value_at_risk": mean + spread * z,
        "normal_expected_shortfall": mean - spread * normal.pdf(z) / tail,
        "filtered_value_at_risk": filtered * last,
        "filtered_expected_shortfall": statistics.fmean(scaled[: j + 1]) * last,
        "beta": slope,
        "alpha": (mean - slope * mean_other) * 365,
        "correlation": statistics.correlation(returns, other),
        "tracking_error": statistics.stdev(differences) * root,
        "tracking_difference": year - (math.prod(1 + b for b in other) ** (365 / n) - 1),
        "information_ratio": statistics.fmean(differences) / statistics.stdev(differences) * root,
        "up_capture": capture(ups),
        "down_capture": capture(downs),
    }


@pytest.mark.parametrize("seed", range(4))
def test_against_plain_python(seed: int) -> None:
    own, other = walk(seed), 0.5 * walk(seed) + walk(seed + 100)
    levels, against = grown(own), grown(other)
    found = measure(Sample(levels, against=against))
    expected = plain((levels[1:] / levels[:-1] - 1).tolist(), (against[1:] / against[:-1] - 1).tolist())
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-10, abs=1e-12), name


def test_cornish_fisher_against_its_definition() -> None:
    # The quantile from the published polynomial, its mean over the tail by numerical integration.
    returns = walk(5)
    sample = Sample(grown(returns))
    found = {name: float(value[0]) for name, value in measure(sample).items()}
    s, k = found["skewness"], found["kurtosis"] - 3
    mean, spread = returns.mean(), returns.std(ddof=1)

    def quantile(u: float) -> float:
        corrected = u + (u**2 - 1) * s / 6 + (u**3 - 3 * u) * k / 24 - (2 * u**3 - 5 * u) * s**2 / 36
        return float(mean + spread * corrected)

    z = float(ndtri(0.05))
    assert found["cornish_fisher_value_at_risk"] == pytest.approx(quantile(z), rel=1e-12)
    total, _ = quad(lambda u: quantile(u) * math.exp(-(u**2) / 2) / math.sqrt(2 * math.pi), -30, z)
    assert found["cornish_fisher_expected_shortfall"] == pytest.approx(total / 0.05, rel=1e-8)


def test_cornish_fisher_is_normal_without_skewness_and_excess() -> None:
    grid = ndtri((np.arange(200_000) + 0.5) / 200_000) * 0.01
    found = measure(Sample(grown(np.concatenate([grid[::2], grid[1::2][::-1]]))))
    for figure in ("value_at_risk", "expected_shortfall"):
        assert found[f"cornish_fisher_{figure}"][0] == pytest.approx(found[f"normal_{figure}"][0], rel=2e-3)
        assert found[figure][0] == pytest.approx(found[f"normal_{figure}"][0], rel=2e-3)


def test_filtered_risk_follows_the_volatility_of_the_end() -> None:
    # Calm, then storm: filtered history says what the next day is like, plain history what the average day was.
    rng = np.random.default_rng(6)
    calm, storm = rng.normal(0, 0.005, 900), rng.normal(0, 0.05, 100)
    found = measure(Sample(grown(np.concatenate([calm, storm]))))
    assert found["filtered_value_at_risk"][0] == pytest.approx(-0.05 * 1.645, rel=0.35)
    assert found["filtered_value_at_risk"][0] < 3 * found["value_at_risk"][0]


# ---------------------------------------------------------------------------------------------------------------------
# Other packages, where they are installed: requirements/bench.txt holds them.


@pytest.fixture(scope="module")
def series() -> tuple[Any, Any, dict[str, float]]:
    """Daily returns of two series for pandas, and our figures of the first against the second."""
    pd = pytest.importorskip("pandas")
    levels, against = grown(walk(20, 1500)), grown(0.5 * walk(20, 1500) + walk(21, 1500))
    days = pd.date_range("2020-01-01", periods=1501)
    own, other = (pd.Series(values, index=days).pct_change().dropna() for values in (levels, against))
    sample = Sample(levels, against=against, terms=Terms(risk_free=0.0, target=0.02))
    return own, other, {name: float(found[0]) for name, found in measure(sample).items()}


def close(theirs: Any, ours: float) -> None:
    assert float(theirs) == pytest.approx(ours, rel=1e-12, abs=1e-14)


def test_empyrical(series: tuple[Any, Any, dict[str, float]]) -> None:
    ep = pytest.importorskip("empyrical")
    own, other, ours = series
    step = 1.02 ** (1 / 365) - 1
    close(ep.cum_returns_final(own), ours["total_return"])
    close(ep.annual_return(own, annualization=365), ours["annual_return"])
    close(ep.annual_volatility(own, annualization=365), ours["volatility"])
    close(ep.sharpe_ratio(own, annualization=365), ours["sharpe"])
    close(ep.sortino_ratio(own, required_return=step, annualization=365), ours["sortino"])
    close(ep.downside_risk(own, required_return=step, annualization=365), ours["downside_deviation"])
    close(ep.calmar_ratio(own, annualization=365), ours["calmar"])
    close(ep.max_drawdown(own), ours["max_drawdown"])
    close(ep.omega_ratio(own, required_return=0.02, annualization=365), ours["omega"])
    close(ep.value_at_risk(own), ours["value_at_risk"])
    close(ep.conditional_value_at_risk(own), ours["expected_shortfall"])
    close(ep.tail_ratio(own), ours["tail_ratio"])
    close(ep.beta(own, other), ours["beta"])
    # Theirs compounds alpha over the year, ours multiplies.
    close((1 + ep.alpha(own, other, annualization=365)) ** (1 / 365) - 1, ours["alpha"] / 365)
    # Theirs annualises the mean of some days as if all days of a year were such; with one a year it does not.
    close(ep.up_capture(own, other, period="yearly"), ours["up_capture"])
    close(ep.down_capture(own, other, period="yearly"), ours["down_capture"])


def test_quantstats(series: tuple[Any, Any, dict[str, float]]) -> None:
    qs = pytest.importorskip("quantstats").stats
    own, other, ours = series
    close(qs.comp(own), ours["total_return"])
    close(qs.cagr(own, periods=365), ours["annual_return"])
    close(qs.volatility(own, periods=365), ours["volatility"])
    close(qs.sharpe(own, periods=365), ours["sharpe"])
    close(qs.omega(own, required_return=0.02, periods=365), ours["omega"])
    close(qs.max_drawdown(own), ours["max_drawdown"])
    close(qs.calmar(own, periods=365), ours["calmar"])
    close(qs.skew(own), ours["sample_skewness"])
    close(qs.kurtosis(own), ours["sample_excess_kurtosis"])
    close(qs.value_at_risk(own), ours["normal_value_at_risk"])
    close(qs.conditional_value_at_risk(own), ours["normal_expected_shortfall"])
    close(qs.conditional_value_at_risk(own, method="historical"), ours["expected_shortfall"])
    close(qs.tail_ratio(own), ours["tail_ratio"])
    # Theirs divides by one return less.
    close(qs.ulcer_index(own) * math.sqrt((len(own) - 1) / len(own)), ours["ulcer_index"])
    # Theirs is not annualised.
    close(qs.information_ratio(own, other) * math.sqrt(365), ours["information_ratio"])
    close(qs.greeks(own, other, periods=365)["beta"], ours["beta"])
    close(qs.greeks(own, other, periods=365)["alpha"], ours["alpha"])


def test_ffn(series: tuple[Any, Any, dict[str, float]]) -> None:
    ffn = pytest.importorskip("ffn")
    pd = pytest.importorskip("pandas")
    own, _, ours = series
    prices = pd.Series(grown(own.to_numpy()), index=pd.date_range("2020-01-01", periods=len(own) + 1))
    stats = ffn.PerformanceStats(prices, annualization_factor=365)
    close(stats.total_return, ours["total_return"])
    close(stats.daily_mean, ours["mean_return"])
    close(stats.daily_vol, ours["volatility"])
    close(stats.daily_sharpe, ours["sharpe"])
    close(stats.max_drawdown, ours["max_drawdown"])
    close(stats.daily_skew, ours["sample_skewness"])
    close(stats.daily_kurt, ours["sample_excess_kurtosis"])
    close(stats.best_day, ours["best_step"])
    close(stats.worst_day, ours["worst_step"])
    # Theirs has years of 365.25 days.
    close((1 + stats.cagr) ** (365 / 365.25) - 1, ours["annual_return"])
    # Theirs is in per cent and counts the first level as a step.
    close(ffn.to_ulcer_index(prices) / 100 * math.sqrt(len(prices) / len(own)), ours["ulcer_index"])
    table = month_returns(Levels(prices.index.to_numpy() + np.timedelta64(1, "D"), prices.to_numpy()))
    close(stats.monthly_returns.iloc[5], table["Jun"][0])
    close(stats.yearly_returns.loc["2022"].iloc[0], table.filter(table["year"] == 2022)["total"][0])


# ---------------------------------------------------------------------------------------------------------------------
# A published index: CRIX of 2014 to 2017, and its volatility index.


def test_a_published_index(shared: Path) -> None:
    frame = pl.read_parquet(shared / "data" / "published_index_levels.parquet")
    crix, vcrix = (
        Levels.from_frame(frame.filter(pl.col("index") == name), time="date", level="value", name=name)
        for name in ("CRIX", "VCRIX")
    )
    both = together([crix, vcrix])
    sample = Sample(both.level[:, 0], both.per_year, both.level[:, 1])
    expected = plain(sample.returns[:, 0].tolist(), sample.other_returns[:, 0].tolist())
    found = measure(sample)
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, rel=1e-9, abs=1e-12), name
    months = month_returns(crix)
    assert float((1 + months["total"]).product()) == pytest.approx(crix.level[-1] / crix.level[0], rel=1e-12)
    # The bear market of 2014 is the deepest fall and ends within the data; 2017 is the best year.
    worst = drawdown_table(crix).row(0, named=True)
    assert worst["high"].year == 2014
    assert worst["low"].year == 2015
    assert worst["recovered"].year in (2015, 2016)
    assert months["total"].arg_max() == months["year"].to_list().index(2017)
