"""Limits by asset in `cap_weights`: by hand, as laws, and against a general solver."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.cap_weights import TOLERANCE, cap_weights

NAN = float("nan")


@pytest.mark.parametrize(
    ("raw", "limits", "expected"),
    [
        # Stated 40% and 25%; the other 35% as 60 : 30 : 10.
        (
            [600, 300, 60, 30, 10],
            {"lower": [0.4, 0.25, NAN, NAN, NAN], "upper": [0.4, 0.25, NAN, NAN, NAN]},
            [0.4, 0.25, 0.21, 0.105, 0.035],
        ),
        # The third at its cap of 20%, which does not bind the stated; the other 15% as 30 : 10.
        (
            [600, 300, 60, 30, 10],
            {"cap": 0.2, "lower": [0.4, 0.25, NAN, NAN, NAN], "upper": [0.4, 0.25, NAN, NAN, NAN]},
            [0.4, 0.25, 0.2, 0.1125, 0.0375],
        ),
        # Own caps of 30% (above the common one) and 5%; 40% are left for 3 : 1, of which 25% is the cap.
        (
            [600, 300, 60, 30, 10],
            {"cap": 0.25, "lower": [0.1, NAN, NAN, NAN, NAN], "upper": [0.3, NAN, 0.05, NAN, NAN]},
            [0.3, 0.25, 0.05, 0.25, 0.15],
        ),
        # A stated weight below the floor; the others share 99% as 7 : 2 within a floor of 30%.
        ([7, 2, 1], {"floor": 0.3, "lower": [NAN, NAN, 0.01], "upper": [NAN, NAN, 0.01]}, [0.69, 0.3, 0.01]),
        # An own floor of 0 frees from the common one: 80% as 8 : 1 would be 0.711 and 0.089.
        ([8, 1, 1], {"floor": 0.2, "lower": [NAN, NAN, 0]}, [0.8 * 8 / 9, 0.2, 0.8 / 9]),
        # An own floor lifts the smallest; the others share 60% as 3 : 1.
        ([6, 2, 1], {"lower": [NAN, NAN, 0.4]}, [0.45, 0.15, 0.4]),
        # No weight of its own, but a stated one.
        ([3, 1, 0], {"lower": [NAN, NAN, 0.2], "upper": [NAN, NAN, 0.2]}, [0.6, 0.2, 0.2]),
        # The first is the one largest, and its own cap goes before; the common cap holds for the others.
        ([6, 3, 1], {"cap": 0.4, "largest": 0.5, "upper": [0.3, NAN, NAN]}, [0.3, 0.4, 0.3]),
        # Stated 10% within a group of at most 40%: 30% for the other of the group, 60% outside.
        (
            [4, 4, 2],
            {"groups": ["g", "g", None], "group_cap": 0.4, "lower": [0.1, NAN, NAN], "upper": [0.1, NAN, NAN]},
            [0.1, 0.3, 0.6],
        ),
        # All are stated.
        ([5, 3, 2], {"lower": [0.2, 0.3, 0.5], "upper": [0.2, 0.3, 0.5]}, [0.2, 0.3, 0.5]),
        ([1], {"lower": [1], "upper": [1]}, [1.0]),
        # Nothing binds.
        ([5, 3, 2], {"lower": [0.1, NAN, NAN], "upper": [NAN, 0.4, NAN]}, [0.5, 0.3, 0.2]),
        # Exactly at their limits.
        ([5, 3, 2], {"lower": [0.5, NAN, NAN], "upper": [NAN, 0.3, NAN]}, [0.5, 0.3, 0.2]),
        # Stated 25% counts as large: of 40% for the large, 15% are left for the next; 60% for fourteen others.
        (
            [30, 20, *[5] * 14],
            {"concentration": (0.25, 0.05, 0.4), "lower": [0.25, *[NAN] * 15], "upper": [0.25, *[NAN] * 15]},
            [0.25, 0.15, *[0.6 / 14] * 14],
        ),
        # An own floor of 10% makes the smallest large; of 40% that leaves 15% each for two others.
        (
            [1, 20, 20, *[5] * 14],
            {"concentration": (0.25, 0.05, 0.4), "lower": [0.1, *[NAN] * 16]},
            [0.1, 0.15, 0.15, *[0.6 / 14] * 14],
        ),
        # An own cap of 4% makes the largest small; 96% as 20 : 20 : 14 x 5, of which the two large have 34.9%.
        (
            [30, 20, 20, *[5] * 14],
            {"concentration": (0.25, 0.05, 0.4), "upper": [0.04, *[NAN] * 16]},
            [0.04, 0.96 * 20 / 110, 0.96 * 20 / 110, *[0.96 * 5 / 110] * 14],
        ),
    ],
)
def test_by_hand(raw: list[float], limits: dict[str, Any], expected: list[float]) -> None:
    found = cap_weights(raw, **limits)
    assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize(
    ("raw", "limits", "error", "message"),
    [
        ([1, 1], {"lower": [0.1]}, MethodologyError, "lower: expected a list of 2 limits"),
        ([1, 1], {"upper": [[0.1, 0.2]]}, MethodologyError, "upper: expected a list of 2 limits"),
        ([1, 1], {"lower": [NAN, -0.1]}, MethodologyError, "lower: number 1 is -0.1, not a fraction"),
        ([1, 1], {"upper": [1.1, NAN]}, MethodologyError, "upper: number 0 is 1.1, not a fraction"),
        ([1, 1], {"upper": [NAN, 0]}, MethodologyError, "upper: number 1 is 0, not a fraction"),
        (
            [1, 1],
            {"lower": [0.6, NAN], "upper": [0.5, NAN]},
            CapInfeasibleError,
            "number 0 is to weigh at least 0.6 and",
        ),
        (
            [1, 1],
            {"cap": 0.5, "lower": [NAN, 0.6]},
            CapInfeasibleError,
            "number 1 is to weigh at least 0.6 and at most 0.5",
        ),
        ([1, 1], {"lower": [0.6, 0.5]}, CapInfeasibleError, "2 assets with floors that sum to 1.1 > 1: lower a floor"),
        (
            [1, 1, 1],
            {"upper": [0.4, 0.3, 0.2]},
            CapInfeasibleError,
            "the limits of 3 assets sum to 0.9 < 1: raise a cap",
        ),
        (
            [1, 0, 0],
            {"lower": [NAN, 0.2, NAN], "upper": [0.5, 0.2, NAN]},
            CapInfeasibleError,
            r"the limits of 1 assets \(2 of 3 have no weight\) sum to 0.7 < 1",
        ),
        (
            [1, 1, 1],
            {"groups": "aab", "group_cap": 0.5, "lower": [0.3, 0.3, NAN]},
            CapInfeasibleError,
            "floors of 2 assets in group a sum to 0.6 > its cap 0.5",
        ),
        (
            [1] * 20,
            {"concentration": (0.1, 0.05, 0.4), "upper": [*[NAN] * 19, 0.08]},
            MethodologyError,
            "number 19 lie on both sides of 0.05",
        ),
        (
            [1] * 20,
            {"concentration": (0.1, 0.05, 0.4), "lower": [0.2, *[NAN] * 19]},
            CapInfeasibleError,
            "number 0 is to weigh more than 0.1",
        ),
        (
            [*range(1, 17)],
            {"concentration": (0.1, 0.05, 0.4), "upper": [0.04, *[NAN] * 15]},
            CapInfeasibleError,
            "16 assets, 1 of them with limits of their own, cannot keep 0.1/0.05/0.4",
        ),
    ],
)
def test_what_is_refused(raw: list[float], limits: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message) as found:
        cap_weights(raw, **limits)
    assert type(found.value) is error


@st.composite
def problems(draw: st.DrawFn) -> tuple[Floats, dict[str, Any]]:
    """Weights, some of them 0, with limits by asset beside others; some cannot be kept."""
    raw = np.array(draw(st.lists(st.floats(1e-6, 1e6) | st.sampled_from([0.0, 1.0, 2.0]), min_size=2, max_size=12)))
    assume(raw.sum() > 0)
    count = len(raw)
    kind = draw(st.sampled_from(["plain", "cap", "largest", "groups", "concentration"]))
    limits: dict[str, Any] = {}
    if kind in ("cap", "largest"):
        limits["cap"] = draw(st.floats(0.8 / count, 1))
    if kind == "largest":
        limits["largest"] = draw(st.floats(limits["cap"], 1))
    if draw(st.booleans()):
        limits["floor"] = draw(st.floats(0.001, 0.5 / count))
    if kind == "groups":
        limits["groups"] = draw(st.lists(st.sampled_from("ab") | st.none(), min_size=count, max_size=count))
        limits["group_cap"] = {"a": draw(st.floats(0.2, 1)), "b": draw(st.floats(0.2, 1))}
    over = 1.0
    if kind == "concentration":
        over = 0.15
        limits["concentration"] = (0.6, over, 0.7)
        limits.pop("floor", None)
    lower, upper = np.full(count, NAN), np.full(count, NAN)
    for place in range(count):
        sort = draw(st.sampled_from(["free", "free", "fixed", "range", "least", "most"]))
        one, two = sorted(draw(st.tuples(st.floats(0.01, 0.5), st.floats(0.01, 0.5))))
        if kind == "concentration":
            sort = {"range": "fixed", "most": "fixed"}.get(sort, sort)
            one = min(one, over) if sort == "fixed" and one < 0.3 else max(one, 0.2)
        if sort in ("fixed", "range", "least"):
            lower[place] = one
        if sort in ("fixed", "range", "most"):
            upper[place] = one if sort == "fixed" else two
    return raw, {**limits, "lower": lower, "upper": upper}


def solved(raw: Floats, limits: dict[str, Any]) -> Floats:
    try:
        return cap_weights(raw, **limits)
    except CapInfeasibleError:
        assume(False)
        raise


@given(problems())
def test_every_limit_holds_and_a_stated_weight_is_exact(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    found = solved(raw, limits)
    assert math.fsum(found) == pytest.approx(1, abs=TOLERANCE)
    least = np.where(np.isnan(limits["lower"]), limits.get("floor", 0), limits["lower"])
    most = np.where(np.isnan(limits["upper"]), limits.get("largest", limits.get("cap", 1)), limits["upper"])
    assert (found >= least - TOLERANCE).all()
    assert (found <= most + TOLERANCE).all()
    if "cap" in limits:
        above = np.isnan(limits["upper"]) & (found > limits["cap"] + TOLERANCE)
        assert above.sum() <= (1 if "largest" in limits else 0)
        assert not above.any() or raw[above] == raw.max()
    fixed = limits["lower"] == limits["upper"]
    assert (found[fixed] == limits["lower"][fixed]).all()
    for label, cap in limits.get("group_cap", {}).items():
        assert found[[own == label for own in limits["groups"]]].sum() <= cap + TOLERANCE
    if "concentration" in limits:
        single, over, total = limits["concentration"]
        assert found.max() <= single + TOLERANCE
        assert found[found > over + TOLERANCE].sum() <= total + TOLERANCE


@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_assets_does_not_matter_to_the_last_bit(
    problem: tuple[Floats, dict[str, Any]], random: Any
) -> None:
    raw, limits = problem
    order = list(range(len(raw)))
    random.shuffle(order)
    moved = {**limits, "lower": limits["lower"][order], "upper": limits["upper"][order]}
    if "groups" in limits:
        moved["groups"] = [limits["groups"][place] for place in order]
    assert solved(raw[order], moved).tolist() == solved(raw, limits)[order].tolist()


@given(problems())
def test_capping_twice_changes_nothing(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    # Which asset is the one largest may change.
    assume("largest" not in limits)
    once = solved(raw, limits)
    assert solved(once, limits) == pytest.approx(once, abs=1e-11)


@given(problems())
def test_limits_that_all_assets_share_are_the_common_ones(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    assume("largest" not in limits and "concentration" not in limits)
    common = {key: value for key, value in limits.items() if key not in ("lower", "upper")}
    own = {
        "lower": np.full(len(raw), common.get("floor", 0.0)),
        "upper": np.full(len(raw), common.get("cap", 1.0)),
    }
    groups = {key: value for key, value in common.items() if key.startswith("group")}
    assert solved(raw, {**groups, **own}).tolist() == solved(raw, common).tolist()


@settings(max_examples=60)
@given(problems())
def test_the_result_is_that_of_a_general_solver(problem: tuple[Floats, dict[str, Any]]) -> None:
    raw, limits = problem
    assume("concentration" not in limits and "largest" not in limits)
    raw = np.maximum(raw / raw.max(), 1e-3)
    raw = raw / raw.sum()
    found = solved(raw, limits)
    least = np.where(np.isnan(limits["lower"]), limits.get("floor", 0), limits["lower"])
    most = np.where(np.isnan(limits["upper"]), limits.get("cap", 1), limits["upper"])
    constraints: list[dict[str, Any]] = [{"type": "eq", "fun": lambda w: w.sum() - 1}]
    for label, cap in limits.get("group_cap", {}).items():
        mask = np.array([own == label for own in limits["groups"]])
        constraints.append({"type": "ineq", "fun": lambda w, mask=mask, cap=cap: cap - w[mask].sum()})

    def distance(w: Floats) -> float:
        return float((w * np.log(np.maximum(w, 1e-12) / raw)).sum())

    other = minimize(
        distance,
        np.clip(raw, least, most),
        jac=lambda w: np.log(np.maximum(w, 1e-12) / raw) + 1,
        bounds=list(zip(np.maximum(least, 1e-9), most, strict=True)),
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assume(other.success)
    assert distance(found) <= other.fun + 1e-7
    assert found == pytest.approx(other.x, abs=2e-4)
