"""How many each selection rule wants, worked by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.market.panel import Panel
from basketry.methodology.selection import SELECTION
from basketry.methodology.selection.information_criterion import log_likelihood

MakePanel = Callable[..., Panel]


def built(name: str, value: Any) -> Any:
    return SELECTION.build(name, value)


def count(name: str, value: Any, metric: list[float], panel: Panel | None = None, *, descending: bool = True) -> int:
    return int(built(name, value).wanted(panel, np.arange(len(metric)), np.array(metric), descending=descending))


def test_top_wants_its_number_or_as_many_as_there_are() -> None:
    assert [count("top", 2, [1.0] * size) for size in (0, 1, 2, 3)] == [0, 1, 2, 2]
    assert built("top", 1).number == 1
    with pytest.raises(MethodologyError, match="at least 1"):
        SELECTION.build("top", 0)
    assert built("top", 100_000).number == 100_000
    with pytest.raises(MethodologyError, match="at most 100000"):
        SELECTION.build("top", 100_001)


def test_top_with_two_ranks() -> None:
    rule = built("top", {"enter": 2, "leave": 4})
    assert [count("top", {"enter": 2, "leave": 4}, [1.0] * size) for size in (0, 1, 3)] == [0, 1, 2]
    assert [rule.stay(np.ones(size)) for size in (3, 4, 5)] == [3, 4, 4]
    assert (rule.most(), rule.sticky, built("top", 4).sticky) == (4, True, False)
    assert (rule.entry(), built("top", 4).entry()) == ({"enter": 2, "leave": 4}, 4)


def test_ranks_want_as_many_of_the_range_as_there_are() -> None:
    assert [count("ranks", {"first": 2, "last": 4}, [1.0] * size) for size in range(7)] == [0, 0, 1, 2, 3, 3, 3]
    rule = built("ranks", {"first": 2, "last": 4})
    assert (rule.most(), rule.passed_over) == (3, 1)
    assert built("ranks", {"first": 7, "last": 7}).most() == 1
    assert (built("top", 5).most(), built("top", 5).passed_over, built("all", None).most()) == (5, 0, None)


def test_all_wants_everybody() -> None:
    assert [count("all", None, [1.0] * size) for size in (0, 1, 3)] == [0, 1, 3]


@pytest.mark.parametrize(
    ("share", "wanted"), [(0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (0.9999999, 4), (1.0, 4), (0.0001, 1)]
)
def test_coverage_wants_the_fewest_that_reach_the_share(share: float, wanted: int) -> None:
    # Cumulative shares of 50, 30, 15 and 5: 50%, 80%, 95%, 100%.
    assert count("coverage", share, [50.0, 30.0, 15.0, 5.0]) == wanted


def test_coverage_of_nobody_and_of_nothing() -> None:
    assert count("coverage", 0.8, []) == 0
    assert count("coverage", 0.8, [0.0, 0.0]) == 1
    # 0.1 + 0.2 is above 0.3 in floating point, and 0.7 + 0.1 below 0.8: neither changes the count.
    assert count("coverage", 0.8, [0.7, 0.1, 0.1, 0.1]) == 2
    for share in (0, 1.1):
        with pytest.raises(MethodologyError, match=r"^coverage: must be (above 0|at most 1), was "):
            SELECTION.build("coverage", share)
    assert built("coverage", 0.8).words() == (
        "As many of the best are taken as together make up 80% of the eligible total."
    )


def test_coverage_with_a_share_to_enter_and_one_to_leave() -> None:
    # Cumulative shares of 50%, 80%, 95%, 100%.
    figures = np.array([50.0, 30.0, 15.0, 5.0])
    rule = built("coverage", {"enter": 0.6, "leave": 0.9})
    assert (rule.count(None, np.arange(4), figures), rule.stay(figures)) == (2, 3)
    assert (rule.sticky, built("coverage", 0.8).sticky, built("top", 3).sticky) == (True, False, False)
    assert built("coverage", {"enter": 1, "leave": 1}).stay(figures) == 4
    for enter, leave in ((0, 0.5), (0.5, 1.01), (1.01, 1.01), (0.9, 0.6)):
        with pytest.raises(MethodologyError, match=r"enter|leave"):
            SELECTION.build("coverage", {"enter": enter, "leave": leave})
    with pytest.raises(MethodologyError, match=r"^coverage: enter 0\.9 must not be above leave 0\.6"):
        SELECTION.build("coverage", {"enter": 0.9, "leave": 0.6})


def test_the_threshold_itself_is_taken_from_either_side() -> None:
    assert [count("threshold", edge, [30.0, 20.0, 10.0]) for edge in (9.0, 10.0, 10.1, 20.0, 30.0, 31.0)] == [
        3, 3, 2, 2, 1, 0,
    ]  # fmt: skip
    smallest_first = [10.0, 20.0, 30.0]
    assert [count("threshold", edge, smallest_first, descending=False) for edge in (9.0, 10.0, 19.9, 20.0, 30.0)] == [
        0, 1, 1, 2, 3,
    ]  # fmt: skip
    # The order is the section's: one candidate, or several that are equal, do not show it.
    for metric in ([20.0], [20.0, 20.0]):
        assert count("threshold", 20.0, metric) == count("threshold", 20.0, metric, descending=False) == len(metric)
        assert (count("threshold", 19.0, metric), count("threshold", 21.0, metric)) == (len(metric), 0)
        assert count("threshold", 19.0, metric, descending=False) == 0
        assert count("threshold", 21.0, metric, descending=False) == len(metric)


def plain_likelihood(sample: Floats) -> float:
    """Each observation judged by a normal kernel at every other, Silverman's bandwidth."""
    size = len(sample)
    width = 1.06 * np.std(sample, ddof=1) * size ** (-1 / 5)
    total = 0.0
    for place, one in enumerate(sample):
        others = np.delete(sample, place)
        total += np.log(np.mean(norm.pdf((one - others) / width) / width))
    return float(total)


def test_the_likelihood_is_that_of_the_kernel_density_without_the_observation_itself() -> None:
    sample = np.random.default_rng(3).normal(0, 0.02, 12)
    assert log_likelihood(sample) == pytest.approx(plain_likelihood(sample), rel=1e-12)


def test_a_sample_without_spread_has_the_least_bandwidth() -> None:
    # Every kernel is at its peak: 1 / (1e-6 √(2π)) each, of which the others' mean is the same.
    assert log_likelihood(np.zeros(4)) == pytest.approx(4 * np.log(1 / (1e-6 * np.sqrt(2 * np.pi))), rel=1e-12)


def test_an_observation_that_no_other_explains_counts_with_the_least_density() -> None:
    sample = np.array([0.0] * 1000 + [1e9])
    assert log_likelihood(sample) < np.log(1e-300) * 0.99


def criterion_market(daily: MakePanel, days: int = 40, assets: int = 6, seed: int = 1) -> Panel:
    rng = np.random.default_rng(seed)
    price = np.exp(np.cumsum(rng.normal(0, 0.04, (days, assets)), axis=0))
    sizes = np.array([64.0, 32.0, 16.0, 8.0, 4.0, 2.0][:assets])
    return daily(price=price.tolist(), market_cap=(price * sizes).tolist())


def plain_criterion(panel: Panel, step: int, largest: int, days: int) -> int:
    """The first k whose AIC is below that of k + step, from the definition."""
    price, cap = panel.field("price")[-days:], panel.field("market_cap")[-days:]
    shares = cap[0] / price[0]

    def returns(k: int) -> Floats:
        value = (price[:, :k] * shares[:k]).sum(axis=1)
        return np.asarray(np.log(value[1:] / value[:-1]))

    ks = list(range(step, largest + 1, step))
    aic = [2 * k - 2 * plain_likelihood(returns(price.shape[1]) - returns(k)) for k in ks]
    return next((k for k, now, then in zip(ks, aic, aic[1:], strict=False) if now <= then), ks[-1])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("step", [1, 2])
def test_the_information_criterion_of_its_definition(daily: MakePanel, seed: int, step: int) -> None:
    panel = criterion_market(daily, seed=seed)
    figures = panel.field("market_cap")[-1].tolist()
    largest = 5 - step + 1  # the whole market explains itself without any spread
    rule = {"step": step, "window": "30d", "max": largest}
    assert count("information_criterion", rule, figures, panel) == plain_criterion(panel, step, largest, 30)


@pytest.mark.parametrize("place", [1, 2, 3])
def test_one_more_that_explains_nothing_is_not_wanted(daily: MakePanel, place: int) -> None:
    # The next asset is next to nothing of the market, so that it costs 2 and gains nothing.
    price = criterion_market(daily).field("price")
    sizes = np.array([64.0, 32.0, 16.0, 8.0, 4.0, 2.0])
    sizes[place] = 1e-6
    panel = daily(price=price.tolist(), market_cap=(price * sizes).tolist())
    rule = {"step": 1, "window": "30d", "max": 5}
    assert count("information_criterion", rule, [1.0] * 6, panel) == plain_criterion(panel, 1, 5, 30) == place


def test_the_criterion_without_a_minimum_wants_the_most(daily: MakePanel) -> None:
    # The whole market differs from itself by nothing, whose likelihood is greatest.
    panel = criterion_market(daily, assets=2)
    assert count("information_criterion", {"step": 1}, [1.0, 1.0], panel) == 2
    assert count("information_criterion", {"step": 1, "max": 1}, [1.0, 1.0], panel) == 1


def test_the_criterion_wants_the_step_where_there_is_too_little_to_judge(daily: MakePanel) -> None:
    few_days = criterion_market(daily, days=9)
    assert count("information_criterion", {"step": 2}, [1.0] * 6, few_days) == 2
    assert count("information_criterion", {"step": 4}, [1.0] * 3, criterion_market(daily, assets=3)) == 3
    # Only two of six have a price at the start, as many as a step.
    panel = criterion_market(daily)
    price = panel.field("price").copy()
    price[0, 2:] = np.nan
    late = Panel(panel.times, panel.assets, {"price": price, "market_cap": panel.field("market_cap")})
    assert count("information_criterion", {"step": 2}, [1.0] * 6, late) == 2


def test_ten_days_are_enough_to_judge(daily: MakePanel) -> None:
    panel = criterion_market(daily, days=10, assets=2)
    assert count("information_criterion", {"step": 1}, [1.0, 1.0], panel) == 2


def test_the_criterion_carries_a_missing_price(daily: MakePanel) -> None:
    panel = criterion_market(daily)
    holes, filled = panel.field("price").copy(), panel.field("price").copy()
    holes[20, 1], filled[20, 1] = np.nan, filled[19, 1]
    caps = panel.field("market_cap")
    wanted = [
        count("information_criterion", {"step": 1}, [1.0] * 6, Panel(panel.times, panel.assets, fields))
        for fields in ({"price": holes, "market_cap": caps}, {"price": filled, "market_cap": caps})
    ]
    assert wanted[0] == wanted[1]


def test_the_defaults_of_the_criterion() -> None:
    rule = built("information_criterion", None)
    assert (rule.step, rule.window.days, rule.max) == (5, 90, 100)
    assert built("information_criterion", {"step": 1, "max": 1}).step == 1
    for name in ("step", "max"):
        with pytest.raises(MethodologyError, match="at least 1"):
            SELECTION.build("information_criterion", {name: 0})
