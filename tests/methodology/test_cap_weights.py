"""Properties of capped weights, and what is refused."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.cap_weights import TOLERANCE, cap_weights

weights = st.lists(st.one_of(st.floats(1e-9, 1e12), st.sampled_from([1.0, 2.0, 5.0])), min_size=2, max_size=30).map(
    np.array
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Floats, dict[str, Any]]:
    """Weights with limits of any kind; some cannot be kept."""
    raw = draw(weights)
    limits: dict[str, Any] = {}
    kind = draw(st.sampled_from(["cap", "largest", "groups", "concentration", "none"]))
    if kind != "none":
        limits["cap"] = draw(st.floats(1 / len(raw), 1))
    if draw(st.booleans()):
        limits["floor"] = draw(st.floats(0, 0.99 / len(raw)))
    if kind == "largest":
        limits["largest"] = draw(st.floats(limits["cap"], 1))
    if kind == "groups":
        limits["groups"] = draw(st.lists(st.sampled_from("abc") | st.none(), min_size=len(raw), max_size=len(raw)))
        limits["group_cap"] = draw(
            st.floats(0.2, 1) | st.dictionaries(st.sampled_from("abc"), st.floats(0.05, 1), min_size=1)
        )
    if kind == "concentration":
        over = draw(st.floats(0.02, 0.2))
        limits["concentration"] = (draw(st.floats(over, 1)), over, draw(st.floats(over, 1)))
    return raw, limits


def solved(raw: Floats, limits: dict[str, Any]) -> Floats:
    try:
        return cap_weights(raw, **limits)
    except CapInfeasibleError:
        assume(False)
        raise


@given(problems())
def test_every_limit_holds_and_the_sum_is_one(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    result = solved(raw, limits)
    assert math.fsum(result) == pytest.approx(1, abs=TOLERANCE)
    assert (result >= limits.get("floor", 0) - TOLERANCE).all()
    highest = np.sort(result)[::-1]
    assert highest[0] <= limits.get("largest", limits.get("cap", 1)) + TOLERANCE
    assert highest[1] <= limits.get("cap", 1) + TOLERANCE
    if "groups" in limits:
        for label in "abc":
            cap = limits["group_cap"].get(label, 1) if isinstance(limits["group_cap"], dict) else limits["group_cap"]
            assert result[[own == label for own in limits["groups"]]].sum() <= cap + TOLERANCE
    if "concentration" in limits:
        single, over, total = limits["concentration"]
        assert highest[0] <= single + TOLERANCE
        assert result[result > over + TOLERANCE].sum() <= total + TOLERANCE


@given(problems())
def test_order_is_kept(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    assume("groups" not in limits)
    result = solved(raw, limits)
    order = np.argsort(raw)
    assert (np.diff(result[order]) >= 0).all()
    for first, second in itertools.pairwise(order):
        if raw[first] == raw[second]:
            assert result[first] == result[second]


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_assets_does_not_matter_to_the_last_bit(
    problem: tuple[Floats, dict[str, Any]], random: Any
) -> None:
    raw, limits = problem
    order = list(range(len(raw)))
    random.shuffle(order)
    moved = dict(limits)
    if "groups" in limits:
        moved["groups"] = [limits["groups"][place] for place in order]
    assert solved(raw[order], moved).tolist() == solved(raw, limits)[order].tolist()


@given(problems())
def test_capping_twice_changes_nothing(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    once = solved(raw, limits)
    assert solved(once, limits) == pytest.approx(once, abs=1e-11)


@given(problems(), st.integers(-200, 200))
def test_the_scale_of_the_weights_does_not_matter(problem: tuple[Floats, dict[str, Any]], exponent: int) -> None:
    raw, limits = problem
    assert solved(raw * 2.0**exponent, limits) == pytest.approx(solved(raw, limits), abs=1e-13)


@given(weights)
def test_without_a_binding_limit_the_weights_stay_in_proportion(raw: Floats) -> None:
    assert cap_weights(raw, cap=1) == pytest.approx(raw / raw.sum(), rel=1e-12)


def test_weights_that_keep_the_limits_come_back_as_they_are() -> None:
    raw = np.array([0.1, 0.2, 0.3, 0.4])
    assert cap_weights(raw, cap=0.5).tolist() == raw.tolist()


def test_the_result_is_the_nearest_in_relative_entropy() -> None:
    raw = np.array([30, 22, 14, 9, 7, 5, 4, 3, 3, 2, 1]) / 100
    limits = {"cap": 0.2, "floor": 0.03, "groups": list("aababbccbcc"), "group_cap": {"a": 0.35, "b": 0.4}}
    groups = np.array(limits["groups"])
    found = minimize(
        lambda w: float((w * np.log(w / raw)).sum()),
        np.full(11, 1 / 11),
        jac=lambda w: np.log(w / raw) + 1,
        bounds=[(0.03, 0.2)] * 11,
        constraints=[
            {"type": "eq", "fun": lambda w: w.sum() - 1},
            {"type": "ineq", "fun": lambda w: 0.35 - w[groups == "a"].sum()},
            {"type": "ineq", "fun": lambda w: 0.4 - w[groups == "b"].sum()},
        ],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 500},
    )
    assert cap_weights(raw, **limits) == pytest.approx(found.x, abs=1e-6)  # type: ignore[arg-type]


def test_concentration_takes_the_best_number_of_large_assets() -> None:
    raw = np.array([30, 12, 9, 8, 7, 6] + [2] * 14) / 100
    single, over, total = 0.15, 0.06, 0.35

    def distance(weights: Floats) -> float:
        return float((weights * np.log(weights / raw)).sum())

    best = math.inf
    for count in range(6):
        found = minimize(
            distance,
            np.full(20, 1 / 20),
            jac=lambda w: np.log(w / raw) + 1,
            bounds=[(over, single)] * count + [(1e-9, over)] * (20 - count),
            constraints=[
                {"type": "eq", "fun": lambda w: w.sum() - 1},
                {"type": "ineq", "fun": lambda w, count=count: total - w[:count].sum()},
            ],
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        )
        best = min(best, found.fun) if found.success else best
    result = cap_weights(raw / raw.sum(), concentration=(single, over, total))
    assert distance(result) == pytest.approx(best, abs=1e-7)


def test_where_two_are_largest_neither_gets_the_higher_cap() -> None:
    assert cap_weights([4, 4, 1, 1], cap=0.3, largest=0.6).tolist() == [0.3, 0.3, 0.2, 0.2]
    assert cap_weights([5, 4, 1, 1], cap=0.3, largest=0.6) == pytest.approx([0.5, 0.3, 0.1, 0.1])


def test_extreme_weights_neither_overflow_nor_vanish() -> None:
    assert cap_weights([1e308, 1e308, 1e308], cap=0.5) == pytest.approx([1 / 3] * 3)
    assert cap_weights([1, 1e-320, 1e-320], cap=0.4) == pytest.approx([0.4, 0.3, 0.3])
    assert cap_weights([1.0, 1e-300, 0.0], cap=0.9, floor=0.05) == pytest.approx([0.9, 0.05, 0.05])


@pytest.mark.parametrize(
    ("raw", "limits", "message"),
    [
        (
            [3, 2, 1],
            {"cap": 0.2},
            r"3 assets x 0.2 = 0.6 < 1: raise the cap to at least 0.333334 or select at least 5",
        ),
        ([3, 2, 0], {"cap": 0.4}, r"2 assets \(1 of 3 have no weight\) x 0.4 = 0.8 < 1"),
        ([3, 2, 1], {"floor": 0.4}, r"floors that sum to 1.2 > 1: lower the floor to at most 0.333333"),
        ([3, 2, 1], {"cap": 0.2, "largest": 0.3}, r"limits of 3 assets sum to 0.7 < 1"),
        ([3, 2, 1], {"cap": 0.5, "floor": 0.6}, "floor 0.6 is above the cap 0.5"),
        ([1, 1], {"groups": "ab", "group_cap": 0.3}, r"groups hold a 0.3 \+ b 0.3 = 0.6 < 1"),
        ([1, 1], {"groups": ["a", None], "group_cap": 0.3, "cap": 0.6}, r"a 0.3 \+ other assets 0.6 = 0.9"),
        (
            [1, 1, 1],
            {"groups": "aab", "group_cap": 0.3, "floor": 0.2},
            "floors of 2 assets in group a sum to 0.4",
        ),
        ([1] * 9, {"concentration": (0.1, 0.05, 0.4)}, r"9 assets x 0.1 = 0.9 < 1"),
        ([1] * 12, {"concentration": (0.1, 0.05, 0.4)}, "12 assets cannot keep 0.1/0.05/0.4.*at least 16"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_arithmetic(
    raw: list[float], limits: dict[str, Any], message: str
) -> None:
    with pytest.raises(CapInfeasibleError, match=message):
        cap_weights(raw, **limits)


@pytest.mark.parametrize(
    ("raw", "limits", "message"),
    [
        ([], {}, "at least one number"),
        ([[1.0]], {}, "a list"),
        ([1, float("nan")], {}, "number 1 is nan"),
        ([float("inf"), 1], {}, "number 0 is inf"),
        ([1, -1], {}, "number 1 is -1"),
        ([0, 0], {}, "sum to 0"),
        ([1, 1], {"cap": 25}, "cap: 25 is not a fraction"),
        ([1, 1], {"floor": -0.1}, "floor: -0.1 is not a fraction"),
        ([1, 1], {"largest": 0.5}, "goes with a cap"),
        ([1, 1], {"cap": 0.6, "largest": 0.5}, "below the cap"),
        ([1, 1], {"groups": ["a", "b"]}, "go together"),
        ([1, 1], {"groups": ["a"], "group_cap": 0.5}, "1 labels for 2 weights"),
        ([1, 1], {"groups": "ab", "group_cap": {"a": 40}}, "group cap of a: 40"),
        ([1, 1], {"groups": "ab", "group_cap": 0.6, "concentration": (0.5, 0.1, 1)}, "cannot be combined"),
        ([1, 1], {"concentration": (0.1, 0.2, 0.4)}, "concentration"),
        ([1, 1], {"concentration": (0.5, 0.2, 0.1)}, "concentration"),
        ([1, 1], {"concentration": (0.5, 0.2, 1.1)}, "concentration"),
        ([1, 1], {"concentration": (1.1, 0.2, 0.4)}, "concentration"),
        ([1, 1], {"concentration": (0.5, 0, 0.4)}, "concentration"),
        ([1, 1], {"cap": 0}, "cap: 0 is not a fraction"),
        ([1, 1], {"cap": 0.6, "largest": 1.1}, "largest: 1.1 is not a fraction"),
        ([1, 1], {"floor": 1}, "floor: 1 is not a fraction"),
        ([1, 1], {"group_cap": 0.5}, "go together"),
        ([1, 1], {"groups": "ab", "group_cap": 0}, "group cap of a: 0 is not"),
        ([1, 1], {"groups": "ab", "group_cap": 1.1}, "group cap of a: 1.1 is not"),
    ],
)
def test_wrong_arguments(raw: list[Any], limits: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        cap_weights(raw, **limits)


@pytest.mark.parametrize(
    ("raw", "limits", "expected"),
    [
        ([3, 1], {"cap": 1}, [0.75, 0.25]),
        ([3, 1], {"floor": 0}, [0.75, 0.25]),
        ([3, 1], {"cap": 0.5}, [0.5, 0.5]),
        ([3, 1], {"floor": 0.5}, [0.5, 0.5]),
        ([3, 1], {"cap": 0.5, "floor": 0.5}, [0.5, 0.5]),
        ([3, 1], {"cap": 0.6, "largest": 0.6}, [0.6, 0.4]),
        ([3, 1], {"cap": 0.5, "largest": 1}, [0.75, 0.25]),
        # Two floors of 0.3 leave 0.4 to the first; an asset without weight gets its floor.
        ([8, 1, 1], {"floor": 0.3}, [0.4, 0.3, 0.3]),
        ([8, 2, 0], {"floor": 0.1}, [0.72, 0.18, 0.1]),
        ([8, 2, 0], {"floor": 0.1, "cap": 0.5}, [0.5, 0.4, 0.1]),
        # The largest at 0.4 and the next at 0.3; 0.3 is left for 1 and 2 parts.
        ([60, 30, 2, 1], {"cap": 0.3, "largest": 0.4}, [0.4, 0.3, 0.2, 0.1]),
        # Group a of 0.7 is held at 0.4, in proportion 4 to 3; b has a cap of its own, and c none.
        ([4, 3, 2, 1], {"groups": "aabc", "group_cap": {"a": 0.4, "b": 0.3}}, [1.6 / 7, 1.2 / 7, 0.3, 0.3]),
        ([4, 3, 2, 1], {"groups": ["a", "a", None, None], "group_cap": 0.4}, [1.6 / 7, 1.2 / 7, 0.4, 0.2]),
        ([4, 3, 2, 1], {"groups": "aabb", "group_cap": 1}, [0.4, 0.3, 0.2, 0.1]),
        # Exactly as much as the rule lets be large: nothing changes.
        ([40, 30, 20, 10], {"concentration": (0.4, 0.2, 0.7)}, [0.4, 0.3, 0.2, 0.1]),
        ([50, 30, 20], {"concentration": (0.5, 0.5, 0.5)}, [0.5, 0.3, 0.2]),
    ],
)
def test_limits_by_hand(raw: list[float], limits: dict[str, Any], expected: list[float]) -> None:
    assert cap_weights(raw, **limits) == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    ("raw", "limits", "message"),
    [
        (
            [0, 0, 1],
            {"cap": 0.5},
            r"1 assets \(2 of 3 have no weight\) x 0.5 = 0.5 < 1: .* at least 1 or select at least 2",
        ),
        ([1] * 3, {"cap": 0.3}, r"x 0.3 = 0.9 < 1: raise the cap to at least 0.333334 or select at least 4 assets"),
        ([1] * 4, {"cap": 0.2}, r"raise the cap to at least 0.25 or select at least 5 assets"),
        (
            [1] * 4,
            {"floor": 0.3},
            r"4 assets with floors that sum to 1.2 > 1: lower the floor to at most 0.25 or select",
        ),
        ([1] * 30, {"concentration": (0.04, 0.03, 0.05)}, r"30 assets cannot keep .*select at least 33 assets"),
        ([1, 1], {"concentration": (0.5, 0.3, 0.4), "floor": 0.4}, r"floor 0.4 is above 0.3, so every asset"),
    ],
)
def test_the_arithmetic_of_what_cannot_be_kept(raw: list[float], limits: dict[str, Any], message: str) -> None:
    with pytest.raises(CapInfeasibleError, match=message):
        cap_weights(raw, **limits)
