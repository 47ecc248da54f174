"""An index over stretches known at different instants: it goes on from what was published, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.index.calculate import calculate_index
from basketry.index.spans import RESTATEMENT, Span, calculate_spans, cut
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = np.datetime64("2020-01-01", "us")
DAY = np.timedelta64(1, "D")


def days(count: int) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    return START + np.arange(count) * DAY


def market(**prices: list[float]) -> Panel:
    names = tuple(sorted(prices))
    table = np.array([prices[name] for name in names]).T
    return Panel(days(len(table)), names, {"price": table})


def rules(**more: Any) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
            "select": {"by": "price", "top": 2}, "weight": "equal",
            "rebalance": {"every": "month", "on": "last_day", "determine": "0d"}, "guard": {"price_jump": None}, **more,
        }
    )  # fmt: skip


FLAT = [10.0, 10.0, 10.0, 10.0, 10.0]


def test_the_level_stays_and_the_next_return_is_the_baskets() -> None:
    # 5 of a and 5 of b at 10, divisor 1. Told 12 for a on day 1, which was 11: 110 stands at a value of 105.
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0, 13.0], b=FLAT[:4])
    found = calculate_spans(rules(), [Span(told), Span(known)])
    assert found.level().tolist() == pytest.approx([100, 110, 110 * 115 / 105, 110 * 115 / 105])
    plain = calculate_index(rules(), known).level()
    assert found.level()[2] / found.level()[1] == pytest.approx(plain[2] / plain[1], rel=1e-15)
    event = found.events.row(0, named=True)
    assert (event["kind"], event["treatment"]) == (RESTATEMENT, "goes on from what was published")
    assert event["evidence"].startswith("a 12 -> 11: divisor 1.0 -> ")
    rows = found.compositions.filter(pl.col("effective_at") == pl.lit(days(2)[1]).cast(pl.Datetime("us", "UTC")))
    assert rows["divisor"].unique().to_list() == pytest.approx([105 / 110])
    assert rows["price"].to_list() == [11.0, 10.0]
    assert found.segments[-1].values / found.segments[-1].divisor == pytest.approx(found.level()[1:])


def test_what_is_known_alike_is_one_history_to_the_last_bit() -> None:
    whole = market(a=[10.0, 12.0, 13.0, 17.0], b=[10.0, 9.0, 8.0, 9.5])
    parts = [Span(whole.until(days(2)[-1])), Span(whole.until(days(3)[-1])), Span(whole)]
    found, plain = calculate_spans(rules(), parts), calculate_index(rules(), whole)
    for name in ("levels", "compositions", "rebalances", "events"):
        assert getattr(found, name).equals(getattr(plain, name)), name
    assert found.state.to_bytes() == plain.state.to_bytes()


def test_a_wrong_member_stays_until_the_next_rebalance() -> None:
    # On 31 January c was told to be dear and came in for b; in truth it was cheap.
    count = 62
    a, b = [10.0] * count, [9.0] * count
    c_told = [5.0] * 30 + [20.0]
    c = [5.0] * count
    told = market(a=a[:31], b=b[:31], c=c_told)
    known = market(a=a, b=b, c=c)
    found = calculate_spans(rules(), [Span(told), Span(known)])
    held = found.compositions.group_by("effective_at", maintain_order=True).agg("asset")
    # Told anew with the price known since, at the instant at which it was struck.
    assert held["asset"].to_list() == [["a", "b"], ["a", "c"], ["a", "b"]]
    assert str(held["effective_at"][1])[:10] == "2020-01-31"
    assert str(held["effective_at"][2])[:10] == "2020-02-29"
    level = found.level()
    # c stands at 5 and not at 20 from then on: nothing moves any more, and no fall by the error is published.
    assert level[30:].tolist() == pytest.approx([level[30]] * (count - 30))


def test_a_row_that_comes_late_and_one_that_goes() -> None:
    nan = float("nan")
    # Nothing known of a on day 1: its 10 is carried. It was 12: the value 110 stands at 100.
    told, known = market(a=[10.0, nan], b=FLAT[:2]), market(a=[10.0, 12.0, 12.0], b=FLAT[:3])
    assert calculate_spans(rules(), [Span(told), Span(known)]).level().tolist() == pytest.approx([100, 100, 100])
    # The other way: what was told is withdrawn, and nothing better is known than the day before.
    gone = market(a=[10.0, nan, 12.0], b=FLAT[:3])
    found = calculate_spans(rules(), [Span(market(a=[10.0, 12.0], b=FLAT[:2])), Span(gone)])
    assert found.level().tolist() == pytest.approx([100, 110, 110 * 110 / 100])


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        # 105 -> 115 is what the basket does.
        ({"decrement": {"percent": 0.0, "name": "x"}}, [100, 110, 110 * 115 / 105]),
        # 36.5 points a year are 0.1 a day: D = I (1 - sum of a / I), of levels as published.
        (
            {"decrement": {"points": 36.5, "name": "x"}},
            [100, 110 * (1 - 0.1 / 110), 110 * 115 / 105 * (1 - 0.1 / 110 - 0.1 / (110 * 115 / 105))],
        ),
        # Twice the return of each day.
        ({"leverage": {"factor": 2, "name": "x"}}, [100, 120, 120 * (1 + 2 * (115 / 105 - 1))]),
    ],
)
def test_other_series_go_on_too(returns: dict[str, Any], expected: list[float]) -> None:
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0], b=FLAT[:3])
    found = calculate_spans(rules(returns=["price", returns]), [Span(told), Span(known)])
    assert found.level("x").tolist() == pytest.approx(expected)


def with_yields(panel: Panel, a: float) -> Panel:
    """Return the market with a yield of `a` a year on a, and none on b."""
    yields = np.tile([a, 0.0], (len(panel.times), 1))
    return Panel(panel.times, panel.assets, {**panel.fields, "staking_yield": yields})


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        # 0.05 units of a a day beside 5: 110.6 stands at 105.55, and those grown units go on to 116.3.
        ({"total": {"method": "quantity", "name": "x"}}, [100, 110.6, 110.6 * 116.3 / 105.55]),
        # A pause of a day: nothing has grown on day 1, 0.05 units on day 2.
        (
            {"total": {"method": "quantity", "pause_before_rebalance": "1d", "name": "x"}},
            [100, 110, 110 * (115 + 0.65) / 105],
        ),
        # A hundredth of what a is worth at the start of the step: of 50 in 100, and of 55 in 105.
        ({"total": {"method": "rate", "name": "x"}}, [100, 110.5, 110.5 * (115 + 0.55) / 105]),
        # A thousandth a day.
        ({"excess": {"rate": 0.36, "name": "x"}}, [100, 109.9, 109.9 * (115 / 105 - 0.001)]),
        ({"decrement": {"percent": 0.365, "name": "x"}}, [100, 109.89, 109.89 * 115 / 105 * 0.999]),
        # Wholly invested while it warms up.
        ({"volatility_target": {"target": 0.4, "name": "x"}}, [100, 110, 110 * 115 / 105]),
    ],
)
def test_what_a_series_remembers_goes_on_from_its_level_as_published(
    returns: dict[str, Any], expected: list[float]
) -> None:
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0], b=FLAT[:3])
    spans = [Span(with_yields(panel, 3.65)) for panel in (told, known)]
    found = calculate_spans(rules(returns=["price", returns]), spans)
    assert found.level("x").tolist() == pytest.approx(expected, rel=1e-14)


def test_what_has_grown_is_spread_at_a_strike_and_goes_on_from_there() -> None:
    # On day 1, the last of the month, 110.6 is spread over 55 of each, which is known to be 55 * 11 / 12 + 55 since:
    # 4.58333 of a and 5.5 of b. A day later a is 13 and has earned a hundredth.
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0], b=FLAT[:3])
    book = rules(
        returns=["price", {"total": {"method": "quantity", "name": "x"}}], rebalance={"every": "1d", "determine": "0d"}
    )
    found = calculate_spans(book, [Span(with_yields(panel, 3.65)) for panel in (told, known)])
    a = 55 / 12
    expected = 110.6 * (a * 1.01 * 13 + 55) / (a * 11 + 55)
    assert found.level("x").tolist() == pytest.approx([100, 110.6, expected], rel=1e-14)


def test_a_cash_member_keeps_its_worth() -> None:
    # 4 of each beside 20 in cash, which earns a thousandth a day.
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0], b=FLAT[:3])
    book = rules(weight={"by": "equal", "cash": {"weight": 0.2, "rate": 0.36}})
    found = calculate_spans(book, [Span(told), Span(known)])
    assert found.level().tolist() == pytest.approx([100, 108.02, 108.02 * 112.04002 / 104.02], rel=1e-14)


@pytest.mark.parametrize("fix", ["weights", "units"])
def test_what_was_struck_keeps_its_weights_and_prices(fix: str) -> None:
    # Struck on day 1 at 12, which was 11. Weights: 55 of each; units fixed at 10 the day before, 5.5 of each for 110.
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 11.0, 13.0], b=FLAT[:3])
    determine = {"weights": "0d", "units": "1d"}[fix]
    book = rules(rebalance={"every": "1d", "fix": fix, "determine": determine}, select={"by": "price", "top": 2})
    found = calculate_spans(book, [Span(told), Span(known)])
    units = {"weights": [55 / 12, 5.5], "units": [5.5, 5.5]}[fix]
    rows = found.compositions.filter(pl.col("effective_at") == pl.lit(days(2)[1]).cast(pl.Datetime("us", "UTC")))
    assert rows["units"].to_list() == pytest.approx(units)
    assert rows["price"].to_list() == [12.0, 10.0]
    struck, value = units[0] * 12 + units[1] * 10, units[0] * 11 + units[1] * 10
    assert rows["weight"].to_list() == pytest.approx([units[0] * 12 / struck, units[1] * 10 / struck])
    assert rows["divisor"].to_list() == pytest.approx([value / 110] * 2)
    assert found.level()[2] == pytest.approx(110 * (units[0] * 13 + units[1] * 10) / value)


def test_a_level_that_the_data_no_longer_give_is_gone_on_from_as_published() -> None:
    told, known = market(a=[10.0, 12.0], b=FLAT[:2]), market(a=[10.0, 12.0, 13.0], b=FLAT[:3])
    # 110.5 was published, and the data give 110: the divisor takes up half a point.
    found = calculate_spans(rules(), [Span(told), Span(known, level=110.5)])
    assert found.level()[2] == pytest.approx(110.5 * 115 / 110)
    # What is the published level once rounded is no difference.
    same = calculate_spans(rules(), [Span(told), Span(known, level=110.0)])
    assert same.events.is_empty()


def test_spans_are_cut_and_must_fit() -> None:
    one, two = market(a=FLAT[:2], b=FLAT[:2]), market(a=FLAT[:4], b=FLAT[:4])
    spans = [Span(one), Span(two)]
    assert [str(span.through or span.panel.now)[:10] for span in cut(spans, days(3)[-1])] == [
        "2020-01-02",
        "2020-01-03",
    ]
    assert len(cut(spans, days(1)[-1])) == 1
    with pytest.raises(DataError, match="the spans end before 2020-01-05"):
        cut(spans, days(5)[-1])
    with pytest.raises(DataError, match="must hold the same assets"):
        calculate_spans(rules(), [Span(one), Span(market(a=FLAT, b=FLAT, c=FLAT))])
    with pytest.raises(DataError, match="at least one span"):
        calculate_spans(rules(), [])
