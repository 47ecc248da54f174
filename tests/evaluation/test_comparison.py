"""Comparison: figures at common instants, distances, ranks, recommendations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare, spearmanr

from basketry.core.errors import DataError
from basketry.evaluation.comparison import align, calendar_figures, compare, rank_stability
from basketry.evaluation.suitability import PURPOSES, Profile, recommend
from basketry.index.result import IndexResult

DAYS = np.datetime64("2019-06-01", "us") + np.arange(900) * np.timedelta64(1, "D")
STEPS = np.random.default_rng(5).normal(0.0005, 0.03, (900, 3))
LEVELS = 100 * np.exp(np.cumsum(STEPS, axis=0))
SERIES = {name: (DAYS, LEVELS[:, place]) for place, name in enumerate("abc")}


def test_figures_agree_with_plain_arithmetic() -> None:
    found = compare(SERIES)
    returns = LEVELS[1:] / LEVELS[:-1] - 1
    table = {row["figure"]: row for row in found.figures.iter_rows(named=True)}
    assert table["total_return"]["a"] == pytest.approx(LEVELS[-1, 0] / LEVELS[0, 0] - 1)
    assert table["annual_return"]["b"] == pytest.approx((LEVELS[-1, 1] / LEVELS[0, 1]) ** (365 / 899) - 1)
    assert table["volatility"]["c"] == pytest.approx(np.std(returns[:, 2], ddof=1) * np.sqrt(365))
    worst = min(LEVELS[row, 0] / LEVELS[: row + 1, 0].max() - 1 for row in range(900))
    assert table["drawdown"]["a"] == pytest.approx(worst)
    gap = returns[:, 0] - returns[:, 1]
    assert found.tracking_error[0, 1] == pytest.approx(gap.std(ddof=1) * np.sqrt(365), rel=1e-9)
    assert found.tracking_error[0, 0] == 0
    np.testing.assert_allclose(found.correlation, np.corrcoef(returns, rowvar=False), atol=1e-12)
    assert found.beta[0, 1] == pytest.approx(np.polyfit(returns[:, 1], returns[:, 0], 1)[0])
    assert all(row["convention"] for row in table.values())


@given(st.floats(1e-3, 1e6), st.permutations("abc"))
def test_scale_and_order_do_not_matter(scale: float, order: list[str]) -> None:
    plain = compare(SERIES).figures
    scaled = compare({name: (DAYS, SERIES[name][1] * scale) for name in order}).figures
    for name in "abc":
        np.testing.assert_allclose(scaled[name].to_numpy(), plain[name].to_numpy(), rtol=1e-9)


def test_only_common_instants_count_and_nothing_is_filled() -> None:
    found = align({"a": (DAYS[::2], LEVELS[::2, 0]), "b": (DAYS[100:], LEVELS[100:, 1])})
    assert (found.times == DAYS[100::2]).all()
    assert found.levels[0].tolist() == [LEVELS[100, 0], LEVELS[100, 1]]
    assert found.per_year == pytest.approx(182.5)


def test_a_short_history_has_no_yearly_return() -> None:
    found = compare({name: (DAYS[:100], series[:100]) for name, (_, series) in SERIES.items()})
    row = found.figures.filter(figure="annual_return").row(0, named=True)
    assert row["a"] is None
    assert found.best["annual_return"] == ""


@pytest.mark.parametrize(
    ("series", "message"),
    [
        ({"a": (DAYS, LEVELS[:, 0])}, "two or more"),
        ({"a": (DAYS, LEVELS[:, 0]), "b": (DAYS + np.timedelta64(1, "h"), LEVELS[:, 1])}, "fewer than three instants"),
        ({"a": (DAYS, LEVELS[:, 0]), "b": (DAYS, LEVELS[:, 1] * 0)}, "zero, negative"),
        ({"a": (DAYS, LEVELS[:, 0]), "b": (DAYS[::-1], LEVELS[:, 1])}, "increase"),
        ({"a": (DAYS, LEVELS[:, 0]), "b": (DAYS, LEVELS[:5, 1])}, "900 times"),
    ],
)
def test_series_that_cannot_be_compared_are_refused(
    series: dict[str, tuple[np.ndarray, np.ndarray]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        align(series)


def test_an_extra_figure_of_nobody_is_refused() -> None:
    assert compare(SERIES, {"turnover": {"a": 0.5}}).figures["a"][-1] == 0.5
    with pytest.raises(DataError, match="did you mean"):
        compare({"alpha": SERIES["a"], "beta": SERIES["b"]}, {"turnover": {"alpah": 0.5}})


def test_calendar_spans_are_whole_and_chain() -> None:
    aligned = align(SERIES)
    names, figures = calendar_figures(aligned, "total_return", "M")
    assert names[0] == "2019-06"
    assert names[-1] == "2021-10"
    start, end = np.searchsorted(DAYS, np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[us]"))
    years, yearly = calendar_figures(aligned, "total_return")
    assert years == ["2020"]
    np.testing.assert_allclose(yearly[0], LEVELS[end] / LEVELS[start] - 1, rtol=1e-12)
    inside = [place for place, name in enumerate(names) if name.startswith("2020")]
    np.testing.assert_allclose(np.prod(1 + figures[inside], axis=0) - 1, yearly[0], rtol=1e-10)
    assert calendar_figures(aligned, "volatility", "Q")[0][0] == "2019-Q3"
    with pytest.raises(DataError, match="did you mean"):
        calendar_figures(aligned, "volatilty")


@given(st.integers(2, 8), st.integers(3, 9), st.integers(0, 9999))
def test_concordance_is_that_of_friedman_also_with_ties(spans: int, indices: int, seed: int) -> None:
    figures = np.random.default_rng(seed).integers(0, 6, (spans, indices)).astype(float)
    found = rank_stability(figures, [str(place) for place in range(spans)])
    if (np.ptp(figures, axis=1) == 0).all():
        assert np.isnan(found.concordance)
        return
    statistic = friedmanchisquare(*figures.T).statistic
    assert found.concordance == pytest.approx(statistic / (spans * (indices - 1)), abs=1e-12)
    if np.ptp(figures[0]) and np.ptp(figures[1]):
        assert found.consecutive[0] == pytest.approx(spearmanr(figures[0], figures[1]).statistic, abs=1e-12)


def test_a_recommendation_says_why_and_what_speaks_against() -> None:
    found = {
        entry.purpose: entry
        for entry in recommend(
            {
                "broad": Profile(coverage=0.9, effective_number=4, yearly_cost=0.002, capacity=1e9, replicable="pass"),
                "equal": Profile(coverage=0.7, effective_number=10, yearly_cost=0.001, replicable="fail", warnings=2),
            }
        )
    }
    assert len(found) == len(PURPOSES)
    assert found["measure the market"].choice == "broad"
    assert found["hold a diversified basket"].choice == "equal"
    assert "2 warning(s)" in found["hold a diversified basket"].caution
    # The cheaper one fails replicability.
    assert found["base a product on"].choice == "broad"
    assert found["hold with little risk"].choice is None
    assert "no index has a known volatility" in found["hold with little risk"].reason
    with pytest.raises(DataError, match="two or more"):
        recommend({"one": Profile()})


def test_the_real_indices_side_by_side(real_indices: dict[str, IndexResult]) -> None:
    found = compare({name: (result.times, result.level()) for name, result in real_indices.items()})
    assert (found.correlation[np.triu_indices(3, 1)] > 0.8).all()
    names, yearly = calendar_figures(found.aligned, "total_return")
    assert names == ["2015", "2016", "2017", "2018", "2019"]
    assert 0 <= rank_stability(yearly, names).concordance <= 1
