"""What a rulebook alone is warned of, and what a calculation tells of the warnings of `check`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.frames import RATES
from basketry.index import trial
from basketry.index.calculate import calculate_index
from basketry.jobs.check import check, warnings_of
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import dump_yaml, parse_yaml
from basketry.methodology.weighting.fixed import Fixed

TIMES = (np.datetime64("2020-01-01", "us") + np.arange(90) * np.timedelta64(1, "D")).astype("datetime64[us]")
PRICE = np.linspace(1.0, 2.0, 90)[:, None] * np.arange(1.0, 4.0)
RATES_HELD = RATES.conform(pl.DataFrame({"time": [TIMES[0].item()], "rate": ["R"], "value": [4.5]}))
MARKET = Panel(TIMES, ("btc", "eth", "ltc"), {"price": PRICE, "market_cap": PRICE * 100}, rate_table=RATES_HELD)


def rules(**sections: Any) -> dict[str, Any]:
    return {
        "basketry": 1,
        "name": "Two",
        "symbol": "TWO",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "top": 2},
        "weight": "equal",
        "rebalance": {"every": "month", "determine": "0d"},
        **sections,
    }


def stated(**weights: float) -> dict[str, Any]:
    universe = [{"include_assets": list(weights)}]
    return rules(weight={"by": "fixed", "weights": weights}, universe=universe, select={"all": None})


@pytest.mark.parametrize(
    "weights",
    [
        (0.6, 0.4), (60, 40), (1,), (100,),
        # 3 x 0.333 = 0.999, off by 0.001; three last digits may be off by 3 x 0.0005 = 0.0015.
        (0.333, 0.333, 0.333),
        # 99, off by 1; 3 x 0.5 = 1.5.
        (33, 33, 33),
        (33.3, 33.3, 33.3),
        (1 / 3, 1 / 3, 1 / 3),
        (0.1,) * 10,
    ],
)  # fmt: skip
def test_weights_that_sum_to_1_or_100_as_they_are_rounded_are_not_doubted(weights: tuple[float, ...]) -> None:
    rule = Fixed(assets={f"a{n}": weight for n, weight in enumerate(weights)})
    assert rule.doubt() is None
    assert "scaled" not in rule.words()


@pytest.mark.parametrize(
    "weights",
    [
        (60, 30), (1, 1), (2, 1), (0.6, 0.3), (6, 4), (50,), (0.01,),
        # 0.998, off by 0.002 and not by 0.0015.
        (0.333, 0.333, 0.332),
        # 98, off by 2 and not by 1.5.
        (33, 33, 32),
    ],
)  # fmt: skip
def test_weights_with_another_sum_are_doubted(weights: tuple[float, ...]) -> None:
    rule = Fixed(assets={f"a{n}": weight for n, weight in enumerate(weights)})
    assert rule.doubt() is not None
    assert f"scaled from weights that sum to {sum(weights):g}" in rule.words()


def test_the_words_say_the_sum_and_what_becomes_of_it() -> None:
    # 60 / 90 = 66.67%, 30 / 90 = 33.33%.
    rule = Fixed(assets={"bitcoin": 60, "ethereum": 30})
    shares = "bitcoin 66.67%, ethereum 33.33%"
    assert rule.words() == f"Fixed weights: {shares}, scaled from weights that sum to 90."
    assert rule.doubt() == (
        f"weights sum to 90, so they are scaled: {shares}; write weights that sum to 1 or to 100 where others are meant"
    )


def test_a_rulebook_is_warned_without_data_with_the_line(tmp_path: Path) -> None:
    assert check(rules(), None) == ()
    (problem,) = check(stated(btc=60, eth=30), None)
    assert (problem.severity, problem.where, problem.line) == ("warning", "weight.weights", None)
    assert problem.message.startswith("weights sum to 90, so they are scaled: btc 66.67%, eth 33.33%")
    path = tmp_path / "two.yaml"
    path.write_text(dump_yaml(stated(btc=60, eth=30)))
    (problem,) = check(path, None)
    assert path.read_text().splitlines()[(problem.line or 0) - 1].strip() == "weights:"
    later = {"from": "2020-02-01", "note": "more", "changes": {"weight": {"by": "fixed", "weights": {"btc": 7}}}}
    (problem,) = check({**stated(btc=100), "versions": [later]}, None)
    assert problem.where == "versions[0].changes.weight.weights"


@pytest.mark.parametrize(
    ("sections", "where"),
    [
        ({"weight": {"by": "equal", "cash": {"weight": 0.2, "rate": 4.5}}}, "weight.cash.rate"),
        ({"returns": ["price", {"excess": 4.5}]}, "returns[1].excess"),
        ({"returns": [{"leverage": {"factor": 2, "financing": 4.5}}]}, "returns[0].leverage"),
        ({"returns": [{"volatility_target": {"target": 0.4, "rate": 4.5}}]}, "returns[0].volatility_target"),
    ],
)
def test_a_stated_rate_above_1_is_doubted(sections: dict[str, Any], where: str) -> None:
    """4.5 is 450% a year; 0.045 is meant. 1, 100% a year, is taken as it is."""
    (problem,) = check(rules(**sections), None)
    words = "a rate of 4.5 is 450% a year; write 0.045 where 4.5% is meant"
    assert (problem.severity, problem.where, problem.message) == ("warning", where, words)
    assert check(parse_yaml(dump_yaml(rules(**sections)).replace("4.5", "1")), None) == ()
    version = {"from": "2020-02-01", "note": "more", "changes": sections}
    (problem,) = check(rules(returns=sections.get("returns", ["price"]), versions=[version]), None)[-1:]
    assert problem.where == f"versions[0].changes.{where}"


NEVER = {"asset": "btc", "action": "exclude", "reason": "why", "approver": "me", "date": "2020-01-01"}


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"universe": [{"exclude_assets": ["bitcoin"]}]},
        {"universe": [{"exclude_tags": ["stablecoin"]}]},
        {"overrides": [{**NEVER, "from": "2021-01-01"}]},
        {"versions": [{"from": "2021-01-01", "note": "later", "changes": {"weight": "market_cap"}}]},
        {"weight": {"by": "equal", "cash": {"weight": 0.2, "rate": "R"}}},
        {"returns": [{"excess": "R"}]},
        {"weight": {"by": "fixed", "weights": {"eth": 60, "ltc": 30, "bitcoin": 5}, "renormalise": True}},
        {
            "parents": [{**rules(universe=[{"exclude_assets": ["bitcoin"]}]), "symbol": "UP"}],
            "universe": [{"in_index": "UP"}],
        },
    ],
)
def test_an_index_tells_what_check_warns_of_and_determines_nothing_for_it(
    sections: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = rules(**sections)
    result = calculate_index(Methodology.load(book), MARKET)
    found = check(book, MARKET)
    assert bool(found) == bool(sections)
    monkeypatch.setattr(trial, "determine", None)
    assert warnings_of(book, result) == found


def test_of_an_override_only_the_dates_are_judged() -> None:
    # It is in force and excludes whom the universe leaves out: that is seen at a determination.
    override = {**NEVER, "from": "2020-01-01"}
    book = rules(universe=[{"exclude_assets": ["btc"]}], overrides=[override])
    assert [problem.where for problem in check(book, MARKET)] == ["overrides[0]"]
    assert warnings_of(book, calculate_index(Methodology.load(book), MARKET)) == ()


OVERRIDE = {"asset": "btc", "action": "exclude", "reason": "none", "approver": "x", "date": "2020-01-01"}


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        (
            {"universe": None},
            ["universe: has no value, so it is as if it were left out; write one, or leave the key out"],
        ),
        ({"guard": {"price_jump": None}, "restate": {"window": None}, "select": {"all": None}}, []),
        (
            {"weight": {"by": "equal", "cash": {"weight": 0.1, "rate": None}}},
            ["weight.cash.rate: has no value, so cash earns nothing; name a rate, or leave the key out"],
        ),
        (
            {"select": {"top": 10, "min_count": 12}},
            ["select.min_count: is above the 10 that top wants, so 12 are wanted; raise top, or lower min_count"],
        ),
        ({"select": {"top": 10, "min_count": 10}}, []),
        (
            {"select": {"top": 10, "first": [{"by": "volume", "top": 50}, {"by": "volume", "top": 5}]}},
            [
                "select.first: lets 5 go on at most, fewer than the 10 that top reaches to; let more go on, or "
                "lower top",
            ],
        ),
        ({"select": {"top": 10, "first": {"by": "volume", "top": 10}}}, []),
        # Ranks 11 to 20 are reached only where 20 go on.
        (
            {"select": {"ranks": {"first": 11, "last": 20}, "first": {"by": "volume", "top": 19}}},
            [
                "select.first: lets 19 go on at most, fewer than the 20 that ranks reaches to; let more go on, or "
                "lower ranks",
            ],
        ),
        (
            {"overrides": [{**OVERRIDE, "from": "2020-03-01", "until": "2020-03-01"}]},
            ["overrides[0]: until 2020-03-01 is not after from 2020-03-01, so it is never in force"],
        ),
        ({"overrides": [{**OVERRIDE, "from": "2020-03-01", "until": "2020-03-02"}]}, []),
        (
            {"universe": [{"exclude_assets": ["cash"]}], "weight": {"by": "equal", "cash": 0.1}},
            ["universe[0]: cash is the cash member, which no rule of the universe looks at; leave it out"],
        ),
        ({"universe": [{"exclude_assets": ["cash"]}]}, []),
    ],
)  # fmt: skip
def test_what_never_has_an_effect_is_told_without_data(sections: dict[str, Any], told: list[str]) -> None:
    problems = check(rules(**sections), None)
    assert [str(problem) for problem in problems] == told
    assert all(problem.severity == "warning" for problem in problems)
