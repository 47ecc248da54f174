"""An attribution adds up exactly, over effects, assets, segments and time, and says what was planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.evaluation.attribution import EFFECTS, BasketPath, basket_path, brinson, explain_difference, linking
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology


def random_path(seed: int, assets: tuple[str, ...], steps: int = 30) -> BasketPath:
    rng = np.random.default_rng(seed)

    def weights() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        held = rng.uniform(0, 1, (steps, len(assets))) * (rng.uniform(size=(1, len(assets))) > 0.3)
        held[:, 0] += 0.1
        return np.asarray(held / held.sum(axis=1, keepdims=True))

    returns = np.random.default_rng(0).normal(0, 0.05, (steps, len(assets)))
    held = weights()
    present = held > 0
    others = [np.where(present, weights() + 0.01, 0.0) for _ in range(3)]
    free, at_set, free_set = (other / other.sum(axis=1, keepdims=True) for other in others)
    growth = 1 + (held * returns).sum(axis=1)
    levels = 100 * np.concatenate([[1.0], np.cumprod(growth)])
    times = np.datetime64("2020-01-01", "us") + np.arange(steps + 1) * np.timedelta64(1, "D")
    return BasketPath(times, levels, assets, held, at_set, free, free_set, np.where(present, returns, 0.0))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_parts_sum_to_the_difference(one: int, two: int) -> None:
    first, second = random_path(one, ("a", "b", "c", "d")), random_path(two, ("b", "c", "d", "e"))
    found = explain_difference(first, second)
    scale = max(1.0, abs(found.first), abs(found.second))
    assert found.effects.sum() == pytest.approx(found.difference, abs=1e-12 * scale)
    assert sum(found.by_effect().values()) == pytest.approx(found.difference, abs=1e-12 * scale)
    assert found.by_asset()["total"].sum() == pytest.approx(found.difference, abs=1e-12 * scale)
    segments = {"a": "old", "b": "old", "c": "new", "d": "new"}
    assert found.by_segment(segments)["total"].sum() == pytest.approx(found.difference, abs=1e-12 * scale)
    # Baskets explain their own levels here, so nothing is left.
    assert abs(found.by_effect()["other"]) < 1e-9 * scale


def test_the_order_of_assets_does_not_matter() -> None:
    first, second = random_path(3, ("a", "b", "c")), random_path(4, ("a", "b", "c"))
    found = explain_difference(first, second)
    relabelled = {"a": "z", "b": "y", "c": "x"}

    def renamed(path: BasketPath) -> BasketPath:
        parts = {name: getattr(path, name)[:, ::-1] for name in _TABLES}
        return replace(path, assets=tuple(sorted(relabelled.values())), **parts)

    other = explain_difference(renamed(first), renamed(second))
    np.testing.assert_allclose(other.effects[:, :-1], found.effects[:, 2::-1], atol=1e-14)


_TABLES = ("weights", "set_weights", "uncapped", "set_uncapped", "returns")


def test_calculated_indices_leave_nothing_unexplained(five: IndexResult, four: IndexResult) -> None:
    found = explain_difference(five, four)
    effects = found.by_effect()
    assert found.difference == pytest.approx(
        five.level()[-1] / five.level()[0] - four.level()[-1] / four.level()[0], abs=1e-13
    )
    assert abs(effects["other"]) < 1e-12
    assert effects["prices"] == 0
    assert all(abs(effects[name]) > 1e-4 for name in ("membership", "weights", "timing", "capping"))
    back = explain_difference(four, five)
    assert back.difference == pytest.approx(-found.difference, abs=1e-13)
    # Capping does not depend on which of the two is first: its bets sum to zero.
    assert back.by_effect()["capping"] == pytest.approx(-effects["capping"], abs=1e-12)


def test_the_scale_of_prices_does_not_matter(
    five: IndexResult, four: IndexResult, make_market: Callable[..., Panel]
) -> None:
    panel = make_market(scale=1000.0)
    first, second = (calculate_index(index.methodology, panel) for index in (five, four))
    other = explain_difference(first, second)
    np.testing.assert_allclose(other.effects, explain_difference(five, four).effects, atol=1e-11)


def test_an_index_against_itself_differs_by_nothing(five: IndexResult) -> None:
    assert not explain_difference(five, five).effects.any()


def test_a_cap_alone_shows_as_capping(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    panel = make_market()
    whole = {"by": "market_cap", "top": 8}
    capped, free = (
        calculate_index(make_rules(select=whole, weight=weight), panel)
        for weight in ({"by": "market_cap", "cap": 0.2}, {"by": "market_cap"})
    )
    effects = explain_difference(capped, free).by_effect()
    assert abs(effects["capping"]) > 1e-3
    assert max(abs(effects[name]) for name in EFFECTS if name != "capping") < 1e-12


def test_another_date_alone_shows_as_timing(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    panel = make_market()
    whole = {"by": "market_cap", "top": 8}
    monthly, quarterly = (
        calculate_index(make_rules(select=whole, weight="equal", rebalance={"every": every}), panel)
        for every in ("month", "quarter")
    )
    effects = explain_difference(monthly, quarterly).by_effect()
    assert abs(effects["timing"]) > 1e-4
    assert max(abs(effects[name]) for name in EFFECTS if name != "timing") < 1e-12


def test_other_prices_of_the_same_assets_show_as_prices(five: IndexResult) -> None:
    path = basket_path(five)
    dearer = path.returns.copy()
    dearer[100] = np.where(path.weights[100] > 0, dearer[100] + 0.01, 0.0)
    growth = 1 + (path.weights * dearer).sum(axis=1)
    levels = path.levels[0] * np.concatenate([[1.0], np.cumprod(growth)])
    effects = explain_difference(replace(path, returns=dearer, levels=levels), path).by_effect()
    assert effects["prices"] > 0.001
    assert max(abs(effects[name]) for name in EFFECTS if name != "prices") < 1e-11


def test_a_member_lost_at_zero_is_explained(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    panel = make_market()
    whole = calculate_index(make_rules(), panel, end="2020-08-01")
    price = panel.field("price").copy()
    lost = int(whole.segments[-1].columns[0])
    price[120:, lost] = np.nan
    holed = replace(panel, fields={**panel.fields, "price": price}, _memory={})
    missing = {"carry_forward": "3d", "then": "remove_at_zero"}
    found = explain_difference(calculate_index(make_rules(missing=missing), holed, end="2020-08-01"), whole)
    assert found.difference < -0.05
    assert found.by_asset()["asset"][0] == panel.assets[lost]
    assert found.by_effect()["prices"] < -0.05
    assert found.effects.sum() == pytest.approx(found.difference, abs=1e-12)


def test_transitions_and_triggers_are_explained_to_the_last_digit(
    make_market: Callable[..., Panel], make_rules: Callable[..., Methodology]
) -> None:
    panel = make_market()
    plain = calculate_index(make_rules(), panel)
    for rebalance in (
        {"every": "month", "triggers": [{"drift": 0.05}]},
        {"every": "month", "transition": {"steps": 5, "every": "1d"}},
    ):
        effects = explain_difference(calculate_index(make_rules(rebalance=rebalance), panel), plain).by_effect()
        assert abs(effects["other"]) < 1e-12
        assert any(abs(effects[name]) > 1e-6 for name in EFFECTS)


def test_linking_turns_simple_into_log_differences() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 0.1, 1000), rng.normal(0, 0.1, 1000)
    np.testing.assert_allclose(linking(a, b) * (a - b), np.log1p(a) - np.log1p(b), atol=1e-15)
    close = b + 1e-14
    np.testing.assert_allclose(linking(close, b), 1 / (1 + b), rtol=1e-9)


@given(st.integers(1, 8), st.integers(0, 1000))
def test_brinson_adds_up(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    w, v = (part / part.sum() for part in rng.uniform(0.1, 1, (2, count)))
    r, b = rng.normal(0, 0.2, (2, count))
    assert brinson(w, v, r, b).total == pytest.approx(w @ r - v @ b, abs=1e-12)


def test_other_instants_and_dead_levels_are_refused(five: IndexResult) -> None:
    path = basket_path(five)
    with pytest.raises(DataError, match="same instants"):
        explain_difference(path, replace(path, times=path.times + np.timedelta64(1, "h")))
    with pytest.raises(DataError, match="positive"):
        explain_difference(path, replace(path, levels=path.levels * 0))
    with pytest.raises(DataError, match="sum to 1"):
        brinson([0.5, 0.4], [0.5, 0.5], [0.0, 0.0], [0.0, 0.0])
    with pytest.raises(DataError, match="one length"):
        brinson([1.0], [0.5, 0.5], [0.0], [0.0, 0.0])


def test_the_real_indices_are_explained(real_indices: dict[str, IndexResult]) -> None:
    large, equal = real_indices["large-cap-20"], real_indices["equal-weight-10"]
    found = explain_difference(large, equal)
    scale = max(abs(found.first), abs(found.second))
    assert found.effects.sum() == pytest.approx(found.difference, abs=1e-12 * scale)
    assert abs(found.by_effect()["other"]) < 1e-9 * scale
