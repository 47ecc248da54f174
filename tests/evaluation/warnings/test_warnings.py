"""Warnings: planted faults are found, honest data are clear, and what cannot be examined says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings import WARNINGS, Outcome, examine
from basketry.evaluation.warnings.look_ahead import information_coefficients
from basketry.evaluation.warnings.stale import lag_one
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

RNG = np.random.default_rng(11)
DAYS = np.datetime64("2018-01-01", "us") + np.arange(1500) * np.timedelta64(1, "D")
LEVELS = 100 * np.exp(np.cumsum(RNG.normal(0, 0.03, 1500)))
SERIES = Subject.of_series("X", DAYS, LEVELS)


def check(name: str, subject: Subject, **parameters: Any) -> Outcome:
    return WARNINGS.build(name, parameters).examine(subject)


def baskets(weights: list[dict[str, float]], every: int = 30, start: int = 0) -> pl.DataFrame:
    rows = [
        {"effective_at": DAYS[start + place * every].item(), "asset": asset, "weight": weight}
        for place, held in enumerate(weights)
        for asset, weight in held.items()
    ]
    return pl.DataFrame(rows).with_columns(pl.col("effective_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def panel_of(prices: np.ndarray[Any, Any], names: list[str], **fields: np.ndarray[Any, Any]) -> Panel:
    wide = {"price": prices, **fields}
    frames: dict[str, Any] = {
        name: pl.DataFrame({"time": DAYS[: len(values)], **dict(zip(names, values.T, strict=True))})
        for name, values in wide.items()
    }
    return Panel.from_frames(**frames)


def walk(seed: int, assets: int = 12, days: int = 1500) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return np.exp(np.cumsum(rng.normal(0, 0.04, (days, assets)), axis=0)) * 10


NAMES = [f"asset-{place:02d}" for place in range(12)]


def test_every_check_answers_for_levels_alone_and_for_a_calculated_index(five: IndexResult) -> None:
    for subject in (SERIES, Subject.of_index(five)):
        found = examine(subject)
        assert sorted(outcome.check for outcome in found) == sorted(WARNINGS.rules)
        states = [outcome.state for outcome in found]
        assert states == sorted(states, key=["warning", "not_examined", "clear"].index)
        for outcome in found:
            assert outcome.statement.endswith((".", ")"))
            assert bool(outcome.action) == (outcome.state != "clear")
    for rule in WARNINGS.rules.values():
        assert rule().words().endswith(".")
        assert rule.action.endswith(".")


def test_thresholds_are_parameters_and_misspelt_ones_are_refused() -> None:
    with pytest.raises(MethodologyError, match="did you mean 'limit'"):
        WARNINGS.build("concentration", {"limti": 0.5})


def test_three_that_weigh_over_seventy_percent() -> None:
    heavy = replace(SERIES, compositions=baskets([{"a": 0.5, "b": 0.15, "c": 0.1, "d": 0.25}]))
    found = check("concentration", heavy)
    assert found.state == "warning"
    assert found.figures["top"] == pytest.approx(0.9)
    assert found.evidence[0].startswith("a 50.0%; d 25.0%")
    even = replace(SERIES, compositions=baskets([dict.fromkeys("abcdefgh", 0.125)]))
    assert check("concentration", even).state == "clear"
    exact = replace(SERIES, compositions=baskets([{"a": 0.3, "b": 0.2, "c": 0.2, "d": 0.15, "e": 0.15}]))
    assert check("concentration", exact).state == "clear"


def test_a_schedule_stated_or_seen() -> None:
    held = [{"a": 0.5, "b": 0.5}] * 10
    regular = replace(SERIES, compositions=baskets(held))
    assert check("schedule", replace(regular, schedule="monthly")).state == "clear"
    assert "regular" in check("schedule", regular).statement
    days = np.sort(np.random.default_rng(1).choice(1400, 10, replace=False))
    irregular = regular.compositions
    assert irregular is not None
    stamps = pl.Series(DAYS[days].repeat(2)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    wild = replace(SERIES, compositions=irregular.with_columns(effective_at=stamps), schedule="monthly")
    assert "do not follow" in check("schedule", wild).statement
    assert check("schedule", SERIES).state == "warning"


def test_a_history_must_be_long_and_see_both_markets() -> None:
    assert check("short_history", SERIES).state == "clear"
    assert check("short_history", replace(SERIES, times=DAYS[:500], levels=LEVELS[:500])).state == "warning"
    rising = replace(SERIES, levels=100 * np.exp(np.arange(1500) * 0.004))
    assert "no bear market" in check("short_history", rising).statement


def test_sources_that_disagree_and_days_stamped_otherwise() -> None:
    prices = walk(3)
    held = baskets([dict.fromkeys(NAMES, 1 / 12)])
    first = panel_of(prices, NAMES)
    subject = replace(SERIES, compositions=held, panel=first)
    assert check("price_sources", subject).state == "not_examined"
    noisy = panel_of(prices * np.exp(RNG.normal(0, 0.001, prices.shape)), NAMES)
    assert check("price_sources", replace(subject, other_panel=noisy)).state == "clear"
    wrong = prices.copy()
    wrong[:, 4] *= 1.1
    found = check("price_sources", replace(subject, other_panel=panel_of(wrong, NAMES)))
    assert (found.state, found.figures["inconsistent"]) == ("warning", 1)
    assert found.evidence[0].startswith("asset-04: 100.0%")
    shifted = panel_of(np.vstack([prices[1:], prices[-1:]]), NAMES)
    found = check("price_sources", replace(subject, other_panel=shifted))
    assert "moved by one row" in found.evidence[0]
    other_names = panel_of(prices, [f"other-{place:02d}" for place in range(12)])
    assert check("price_sources", replace(subject, other_panel=other_names)).state == "not_examined"


def test_versions_without_reason_or_approver(make_rules: Callable[..., Methodology]) -> None:
    changes = {"weight": {"by": "market_cap", "cap": 0.4}}
    good = {"from": "2020-06-01", "note": "Cap raised after consultation.", "approver": "Committee", "changes": changes}
    bare = {"from": "2020-07-01", "note": "cap", "changes": changes}
    explained = replace(SERIES, methodology=make_rules(versions=[good]))
    assert check("rule_changes", explained).state == "clear"
    found = check("rule_changes", replace(SERIES, methodology=make_rules(versions=[good, bare])))
    assert (found.state, found.figures["unexplained"]) == ("warning", 1)
    assert "lacks an approver and a reason" in found.evidence[0]


def test_a_break_in_outside_baskets_needs_a_stated_change() -> None:
    ten, twenty = ({f"a{place:02d}": 1 / count for place in range(count)} for count in (10, 20))
    subject = replace(SERIES, compositions=baskets([ten] * 8 + [twenty] * 6))
    found = check("rule_changes", subject)
    assert found.state == "warning"
    assert found.evidence == ("2018-08-29: largest weight from a median of 0.1 to 0.05",)
    assert check("rule_changes", replace(subject, rule_changes={"2018-08-15": "twenty members"})).state == "clear"
    assert check("rule_changes", replace(subject, compositions=baskets([ten] * 12))).state == "clear"
    assert check("rule_changes", replace(subject, compositions=baskets([ten] * 3))).state == "not_examined"


def test_constituents_that_hardly_trade_or_on_one_venue() -> None:
    volumes = np.full((1500, 12), 5e7)
    volumes[:, 2] = 1e5
    volumes[:, 3] = np.nan
    subject = replace(
        SERIES, compositions=baskets([dict.fromkeys(NAMES, 1 / 12)]), panel=panel_of(walk(1), NAMES, volume=volumes)
    )
    found = check("illiquid", subject)
    assert (found.state, found.figures["illiquid"], found.figures["unknown"]) == ("warning", 1, 1)
    assert found.evidence[0].startswith("asset-02: 100,000 a day")
    assert check("illiquid", subject, value_traded_min=1e4).figures["illiquid"] == 0
    assert check("single_venue", subject).state == "not_examined"
    assert check("single_venue", replace(subject, venues=dict.fromkeys(NAMES, 3))).state == "clear"
    one = replace(subject, venues={**dict.fromkeys(NAMES, 3), "asset-05": 1})
    assert check("single_venue", one).evidence == ("asset-05: 1 venue(s), weight 8.33%",)
    assert check("single_venue", replace(subject, venues=dict.fromkeys(NAMES[:5], 3))).state == "not_examined"


def index_of(prices: np.ndarray[Any, Any], foresight: float, seed: int) -> Subject:
    """Baskets whose weights mix chance with the return of the month to come."""
    rng = np.random.default_rng(seed)
    held = []
    for place in range(40):
        row, later = place * 30, (place + 1) * 30
        signal = rng.normal(size=12) + foresight * np.log(prices[later] / prices[row]) / 0.2
        weights = np.exp(signal * 0.5)
        held.append(dict(zip(NAMES, (weights / weights.sum()).tolist(), strict=True)))
    return replace(SERIES, compositions=baskets(held), panel=panel_of(prices, NAMES))


def test_weights_that_know_the_future_are_suspected_and_chance_is_not() -> None:
    found = check("look_ahead", index_of(walk(0), 1.0, 0))
    assert found.state == "warning"
    assert found.figures["mean_ic"] > 0.2
    scores = np.array([check("look_ahead", index_of(walk(seed), 0.0, seed + 500)).figures["t"] for seed in range(60)])
    # Student's law: mean 0, deviation a little above 1, and no false alarm at 1 in 1,000.
    assert abs(scores.mean()) < 0.4
    assert 0.7 < scores.std(ddof=1) < 1.4
    assert scores.max() < 3.5


def test_coefficients_do_not_depend_on_the_order_of_assets() -> None:
    subject = index_of(walk(0), 0.3, 0)
    renamed = {name: f"z{99 - place}" for place, name in enumerate(NAMES)}
    prices = walk(0)
    table = subject.compositions
    assert table is not None
    other = replace(
        subject,
        compositions=table.with_columns(pl.col("asset").replace_strict(renamed)),
        panel=panel_of(prices, list(renamed.values())),
    )
    np.testing.assert_allclose(information_coefficients(other, 5), information_coefficients(subject, 5), atol=1e-12)


def test_rules_cut_at_their_determination_are_clear(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    weekly = make_rules(rebalance={"every": "week", "determine": "1d"}, select={"by": "market_cap", "top": 6})
    found = check("look_ahead", Subject.of_index(calculate_index(weekly, make_market(days=700))))
    assert found.state == "clear"
    assert found.figures["rebalances"] > 50
    assert check("look_ahead", SERIES).state == "not_examined"


def dying(seed: int, rate: float, assets: int = 60) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Prices of assets of which a share dies every year."""
    rng = np.random.default_rng(seed)
    prices = walk(seed, assets)
    death = rng.exponential(365 / -np.log(1 - rate), assets) if rate else np.full(assets, np.inf)
    for column in range(assets):
        prices[np.arange(1500) > death[column] + 40, column] = np.nan
    return prices, [f"asset-{place:02d}" for place in range(assets)]


def test_data_without_the_dead_are_suspected() -> None:
    prices, names = dying(1, 0.0)
    held = baskets([dict.fromkeys(names[:50], 0.02)] * 2)
    found = check("survivorship", replace(SERIES, compositions=held, panel=panel_of(prices, names)))
    assert found.state == "warning"
    assert found.figures["expected_dead"] == pytest.approx(50 * (1 - 0.96 ** (1499 / 365)), rel=1e-9)
    assert found.figures["p_base_rate"] == pytest.approx(np.exp(-found.figures["expected_dead"]))
    prices, names = dying(1, 0.06)
    held = baskets([dict.fromkeys(names[:50], 0.02)] * 2)
    assert check("survivorship", replace(SERIES, compositions=held, panel=panel_of(prices, names))).state == "clear"


def test_what_was_converted_into_another_lives_on_in_it() -> None:
    prices = walk(1)
    names = [f"asset-{place:02d}" for place in range(12)]
    prices[700:, 0] = np.nan  # converted into asset-01, which trades on
    prices[700:, 2] = np.nan  # delisted
    old = panel_of(prices, names)
    events = pl.DataFrame(
        {
            "time": [old.times[700].item()] * 2,
            "asset": ["asset-00", "asset-02"],
            "kind": ["migration", "delisting"],
            "new_asset": ["asset-01", None],
            "ratio": [1.0, None],
        }
    )
    panel = Panel.from_frames(price=_wide(old, prices, names), events=events)
    held = baskets([dict.fromkeys(names, 1 / 12)] * 2)
    found = check("survivorship", replace(SERIES, compositions=held, panel=panel))
    assert found.figures["dead"] == 1
    assert found.figures["held"] == 12
    assert found.figures["market_alive"] == 11


def _wide(panel: Panel, prices: np.ndarray[Any, Any], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"time": panel.times, **{name: prices[:, place] for place, name in enumerate(names)}})


def test_an_index_that_avoids_the_dead_of_its_own_data_is_suspected() -> None:
    prices, names = dying(2, 0.25)
    alive = [name for place, name in enumerate(names) if not np.isnan(prices[-1, place])]
    chosen = alive[:12] if len(alive) >= 12 else alive
    held = baskets([dict.fromkeys(chosen, 1 / len(chosen))] * 2)
    found = check("survivorship", replace(SERIES, compositions=held, panel=panel_of(prices, names)), yearly_exit=0.01)
    assert found.state == "warning"
    assert "outlived the market" in found.statement
    assert found.figures["p_market"] < 0.01
    young = replace(SERIES, compositions=baskets([{names[0]: 1.0}], start=1400), panel=panel_of(prices, names))
    assert check("survivorship", young).state == "not_examined"


def test_smoothed_and_repeated_levels_are_stale() -> None:
    assert check("stale", SERIES).state == "clear"
    returns = SERIES.returns
    smooth = 100 * np.cumprod(1 + np.convolve(returns, [0.5, 0.5], "same"))
    found = check("stale", replace(SERIES, levels=np.concatenate([[100.0], smooth])))
    assert found.state == "warning"
    assert found.figures["autocorrelation"] == pytest.approx(0.5, abs=0.1)
    held = LEVELS.copy()
    held[700:704] = held[699]
    found = check("stale", replace(SERIES, levels=held))
    assert (found.state, found.figures["longest_run"]) == ("warning", 4)
    assert check("stale", replace(SERIES, statuses=("carried",) * 100 + ("live",) * 1400)).state == "warning"
    assert check("stale", replace(SERIES, times=DAYS[:30], levels=LEVELS[:30])).state == "not_examined"


def test_the_test_of_autocorrelation_keeps_its_size_under_changing_volatility() -> None:
    rng = np.random.default_rng(4)
    high = 0
    for _ in range(400):
        scale = np.exp(np.cumsum(rng.normal(0, 0.1, 500)))
        high += lag_one(rng.normal(size=500) * scale)[2] < 0.05
    assert 0.02 < high / 400 < 0.08


def test_constituents_whose_price_repeats_are_named() -> None:
    prices = walk(6)
    prices[1400:, 7] = prices[1400, 7]
    held = baskets([dict.fromkeys(NAMES, 1 / 12)])
    found = check("stale", replace(SERIES, compositions=held, panel=panel_of(prices, NAMES)))
    assert [line[:8] for line in found.evidence] == ["asset-07"]


def test_a_history_written_afterwards_must_say_so() -> None:
    assert "not stated" in check("backfill", SERIES).statement
    told = replace(SERIES, live_from=DAYS[800], backfill_disclosed=True)
    assert check("backfill", told).state == "clear"
    assert check("backfill", told).figures["backfilled_share"] == pytest.approx(800 / 1500)
    assert check("backfill", replace(told, backfill_disclosed=False)).state == "warning"
    assert check("backfill", replace(told, live_from=DAYS[0])).state == "clear"
    drift = np.where(np.arange(1500) < 800, 0.006, -0.002)
    better = replace(told, levels=LEVELS * np.exp(np.cumsum(drift)))
    found = check("backfill", better)
    assert (found.state, found.figures["p"] < 0.01) == ("warning", True)


def test_a_subject_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="two or more"):
        Subject.of_series("X", DAYS[:1], LEVELS[:1])
    with pytest.raises(DataError, match="must increase"):
        Subject.of_series("X", DAYS[::-1], LEVELS)
    with pytest.raises(DataError, match="compositions need"):
        replace(SERIES, compositions=pl.DataFrame({"asset": ["a"]}))


def test_the_real_indices_have_the_warnings_that_their_data_deserve(real_indices: dict[str, IndexResult]) -> None:
    found = {name: {o.check: o for o in examine(Subject.of_index(result))} for name, result in real_indices.items()}
    for outcomes in found.values():
        assert outcomes["backfill"].state == "warning"
        assert outcomes["look_ahead"].state == "clear"
        assert outcomes["schedule"].state == "clear"
    # Thirty by the square root of capitalisation reach assets that hardly trade.
    assert found["cci30"]["illiquid"].state == "warning"
    assert found["equal-weight-10"]["concentration"].state == "clear"
