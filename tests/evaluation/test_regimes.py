"""Regimes by the stated rule, and figures by regime that add up."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.evaluation.regimes import CRISES, Crisis, RegimeRule, by_regime, in_crises, regimes
from basketry.index.result import IndexResult

DAYS = np.datetime64("2020-01-01", "us") + np.arange(600) * np.timedelta64(1, "D")
LEVELS = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.04, 600)))


def test_labels_follow_the_rule_word_for_word() -> None:
    found = regimes(LEVELS, DAYS)
    assert found[:90] == ["unknown"] * 90
    for row in (90, 200, 333, 599):
        growth = LEVELS[row] / LEVELS[row - 90] - 1
        wanted = "bull" if growth >= 0.2 else "bear" if growth <= -1 / 6 else "sideways"
        assert found[row] == wanted


def test_the_future_and_the_scale_do_not_change_a_label() -> None:
    found = regimes(LEVELS, DAYS)
    assert regimes(LEVELS[:300] * 1e6, DAYS[:300]) == found[:300]


def test_growth_by_regime_adds_up_to_the_whole() -> None:
    other = LEVELS**0.5
    table = by_regime({"a": LEVELS, "b": other}, DAYS, regimes(LEVELS, DAYS))
    for name, levels in (("a", LEVELS), ("b", other)):
        own = table.filter(index=name)
        assert own["log_growth"].sum() == pytest.approx(np.log(levels[-1] / levels[0]), abs=1e-12)
        assert own["days"].sum() == pytest.approx(599)
    bull = table.filter(index="a", regime="bull").row(0, named=True)
    assert bull["annual_return"] == pytest.approx(np.exp(bull["log_growth"] / bull["days"] * 365) - 1)


def test_only_crises_that_are_covered_count() -> None:
    table = in_crises({"a": LEVELS}, DAYS)
    assert table["crisis"].to_list() == ["COVID-19 crash", "May 2021 deleveraging"]
    inside = (np.datetime64("2020-03-07") <= DAYS) & (np.datetime64("2020-03-14") > DAYS)
    assert table["change"][0] == pytest.approx(LEVELS[inside][-1] / LEVELS[inside][0] - 1)
    assert in_crises({"a": LEVELS}, DAYS, [Crisis("x", "2019-01-01", "2020-02-01")]).is_empty()


def test_crises_are_spans_in_order() -> None:
    assert all(crisis.start < crisis.end for crisis in CRISES)
    assert [crisis.start for crisis in CRISES] == sorted(crisis.start for crisis in CRISES)


def test_bad_input_is_refused() -> None:
    with pytest.raises(DataError, match="positive"):
        regimes(LEVELS * 0, DAYS)
    with pytest.raises(DataError, match="increase"):
        regimes(LEVELS, DAYS[::-1])
    with pytest.raises(DataError, match="label each"):
        by_regime({"a": LEVELS}, DAYS, ["bull"])
    with pytest.raises(DataError, match="threshold"):
        RegimeRule(timedelta(days=90), 0.0)


def test_the_known_bear_market_of_2018_is_one(real_indices: dict[str, IndexResult]) -> None:
    result = real_indices["large-cap-20"]
    found = dict(
        zip(
            result.times.astype("datetime64[D]").astype(str).tolist(),
            regimes(result.level(), result.times),
            strict=True,
        )
    )
    assert found["2017-12-15"] == "bull"
    assert found["2018-12-01"] == "bear"
    table = in_crises({name: index.level() for name, index in real_indices.items()}, result.times)
    assert (table.filter(crisis="COVID-19 crash")["change"] < -0.3).all()
