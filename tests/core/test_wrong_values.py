"""Numbers that stand in a text, lists of one, and limits of one asset are told with what to write."""

from typing import Any

import pytest

from basketry.core.errors import MethodologyError
from basketry.core.wrong_values import number_to_write
from basketry.methodology.rulebook import Rulebook

PLAIN: dict[str, Any] = {
    "base": {"date": "2020-01-01"}, "select": {"by": "market_cap", "top": 20}, "weight": "equal",
    "rebalance": {"every": "month"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("50m", "50_000_000"),
        ("50 M", "50_000_000"),
        ("$1.5bn", "1_500_000_000"),
        ("2 trillion", "2_000_000_000_000"),
        ("1,500k", "1_500_000"),
        ("0.0005k", "0.5"),
        ("10%", "0.10"),
        ("100 %", "1.00"),
        ("-0.25%", "-0.0025"),
        ("1,000,000", "1_000_000 or 1000000"),
        ("1,000.5", "1_000.5 or 1000.5"),
        ("0,5", "0.5"),
        ("€5", "5"),
        ("", None),
        ("abc", None),
        ("90d", None),
        ("5 apples", None),
        ("m", None),
        ("1..5", None),
        ("10%%", None),
    ],
)
def test_a_number_in_a_text(text: str, written: str | None) -> None:
    assert number_to_write(text) == written


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"weight": {"by": "equal", "cap": "10%"}}, "weight.cap: 10% is no number: write 0.10"),
        (
            {"universe": [{"market_cap": {"min": "50m"}}]},
            "universe[0]: market_cap.min: 50m is no number: write 50_000_000",
        ),
        ({"guard": {"min_turnover": "1%"}}, "guard.min_turnover: 1% is no number: write 0.01"),
        (
            {"select": {"by": "market_cap", "top": "1,000"}},
            "select.top: 1,000 is no number: write 1_000 or 1000",
        ),
        (
            {"select": {"by": "market_cap", "top": "10%"}},
            "select.top: expected a whole number, was '10%'",
        ),
        (
            {"guard": {"min_turnover": "little"}},
            "guard.min_turnover: expected a number, was 'little'",
        ),
        (
            {"universe": [{"exclude_tags": "stablecoin"}]},
            "universe[0]: exclude_tags: expected a list, also of one: write [stablecoin], was 'stablecoin'",
        ),
        (
            {"universe": [{"exclude_tags": 5}]},
            "universe[0]: exclude_tags: expected a list, also of one: write [5], was 5",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": 0.3}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.3}, was 0.3",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": "30%"}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.30}, was '30%'",
        ),
        (
            {"weight": {"by": "equal", "limits": {"eth": None}}},
            "weight.limits.eth: expected its own min, max or both: write {max: 0.3}, was null",
        ),
        (
            {"weight": {"by": "equal", "limits": 0.3}},
            "weight.limits: expected limits by asset, as in {bitcoin: {max: 0.3}}, was 0.3",
        ),
    ],
)
def test_the_message_says_what_to_write(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **sections})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ({"cash": None}, "weight.cash: has no value; write one, as in cash: 0.2, or leave the key out"),
        ({"turnover": None}, "weight.turnover: has no value; write one, as in turnover: 0.1, or leave the key out"),
        ({"cap": None}, "weight.cap: has no value; write one, as in cap: 0.25, or leave the key out"),
        (
            {"fixed": None},
            "weight.fixed: has no value; write one, as in fixed: {bitcoin: 0.4, ethereum: 0.25}, or leave the key out",
        ),
        ({"cash": {}}, "weight.cash.weight: this parameter is required"),
        ({"cash": {"weight": None}}, "weight.cash.weight: expected a number, as 0.2, was null"),
        ({"cash": True}, "weight.cash: expected a number, as 0.2, was true"),
        ({"cash": []}, "weight.cash: expected a number, as 0.2, was []"),
        ({"cash": "little"}, "weight.cash: expected a number, as 0.2, was 'little'"),
        ({"cash": "20%"}, "weight.cash: 20% is no number: write 0.20"),
        ({"cash": "0.2"}, "weight.cash: '0.2' is a text: write 0.2"),
        ({"cash": ".2"}, "weight.cash: .2 is no number: write 0.2"),
        ({"turnover": True}, "weight.turnover: expected a number, as 0.1, was true"),
        ({"turnover": "20%"}, "weight.turnover: 20% is no number: write 0.20"),
        ({"turnover": "0.2"}, "weight.turnover: '0.2' is a text: write 0.2"),
    ],
)
def test_cash_and_turnover_of_another_kind(weight: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, "weight": {"by": "market_cap", **weight}})
    assert str(caught.value) == message


def test_a_whole_number_is_a_number() -> None:
    """A strict figure takes 1 where 1.0 is within its bounds, and says of the bound where it is not."""
    rules = Rulebook.parse({**PLAIN, "weight": {"by": "equal", "cash": {"weight": 0.5, "rate": 1}}})
    assert rules.weight.cash is not None
    assert rules.weight.cash.rate == 1.0
    with pytest.raises(MethodologyError, match="must be below 1, was 1"):
        Rulebook.parse({**PLAIN, "weight": {"by": "equal", "cash": 1}})


@pytest.mark.parametrize(
    ("sections", "place"),
    [
        # Each was read as the number 1.
        ({"weight": {"by": "equal", "cap": True}}, "weight.cap"),
        ({"weight": {"by": "equal", "fixed": {"a": True}}}, "weight.fixed.a"),
        ({"weight": {"by": "equal", "group_cap": {"limits": {"l1": True}}}}, "weight.group_cap.limits.l1"),
        ({"weight": {"by": "equal", "limits": {"a": {"max": True}}}}, "weight.limits.a.max"),
        ({"select": {"by": "market_cap", "top": True}}, "select.top"),
        ({"returns": [{"leverage": True}]}, "returns[0]: leverage"),
        ({"universe": [{"price": {"min": True}}]}, "universe[0]: price.min"),
        ({"base": {"date": "2020-01-01", "level": True}}, "base.level"),
        ({"publish": {"decimals": False}}, "publish.decimals"),
    ],
)
def test_a_yes_or_no_is_no_number(sections: dict[str, Any], place: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **sections})
    assert str(caught.value).startswith(f"{place}: expected a number")


def test_a_yes_or_no_is_taken_where_one_is_meant() -> None:
    weight = {"by": "fixed", "weights": {"a": 1}, "renormalise": True}
    assert Rulebook.parse({**PLAIN, "weight": weight}).weight.rule.parameters()["renormalise"] is True


RATE = "a rate is a fraction a year from -1 to 10, as 0.05 for 5%, or the name of a rate of the data"


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ("5%", f"{RATE}: write 0.05, was '5%'"),
        ("4.5 %", f"{RATE}: write 0.045, was '4.5 %'"),
        ("0.05", f"{RATE}: write 0.05, was '0.05'"),
        ("-.5", f"{RATE}: write -0.5, was '-.5'"),
        ("5e-2", f"{RATE}: write 0.05, was '5e-2'"),
        ("0,05", f"{RATE}: write 0.05, was '0,05'"),
        ("", f"{RATE}, was ''"),
        (" ", f"{RATE}, was ' '"),
        (True, f"{RATE}, was true"),
        (45, f"{RATE}, was 45"),
        (-1.5, f"{RATE}, was -1.5"),
        ([0.05], f"{RATE}, was [0.05]"),
        ({"USD": 1}, f"{RATE}, was {{USD: 1}}"),
        (float("nan"), f"{RATE}, was nan"),
    ],
)
@pytest.mark.parametrize(
    ("place", "sections"),
    [
        ("weight.cash.rate", lambda rate: {"weight": {"by": "equal", "cash": {"weight": 0.2, "rate": rate}}}),
        ("returns[0]: excess.rate", lambda rate: {"returns": [{"excess": {"rate": rate}}]}),
        ("returns[0]: leverage.financing", lambda rate: {"returns": [{"leverage": {"factor": 2, "financing": rate}}]}),
        (
            "returns[0]: volatility_target.rate",
            lambda rate: {"returns": [{"volatility_target": {"target": 0.4, "rate": rate}}]},
        ),
    ],
)
def test_a_rate_is_a_figure_or_a_name(place: str, sections: Any, rate: Any, words: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **sections(rate)})
    assert str(caught.value) == f"{place}: {words}"


@pytest.mark.parametrize("rate", ["USD_OVERNIGHT", "3M", "1m", "2020-01-01", "e5", "5e9999", -1, 0, 10, 0.05, None])
def test_a_rate_that_is_taken_stays_as_it_is(rate: Any) -> None:
    cash = Rulebook.parse({**PLAIN, "weight": {"by": "equal", "cash": {"weight": 0.2, "rate": rate}}}).weight.cash
    assert cash is not None
    assert cash.rate == rate


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"weight": {"by": "equal", "cap": 25}}, "weight.cap: must be at most 1, was 25; write 0.25 for 25%"),
        ({"weight": {"by": "equal", "cap": 100}}, "weight.cap: must be at most 1, was 100; write 1 for 100%"),
        ({"weight": {"by": "equal", "cap": 101}}, "weight.cap: must be at most 1, was 101"),
        ({"weight": {"by": "equal", "cap": 0}}, "weight.cap: must be above 0, was 0"),
        ({"weight": {"by": "equal", "cap": {"limit": 25}}},
         "weight.cap.limit: must be at most 1, was 25; write 0.25 for 25%"),
        ({"weight": {"by": "equal", "turnover": 10}}, "weight.turnover: must be below 1, was 10; write 0.1 for 10%"),
        # 100% is 1, which is not below 1 either.
        ({"weight": {"by": "equal", "turnover": 100}}, "weight.turnover: must be below 1, was 100"),
        ({"weight": {"by": "equal", "cap": float("nan")}}, "weight.cap: expected a finite number, was nan"),
        ({"weight": {"by": "equal", "fixed": {}}}, "weight.fixed: expected at least 1 item, was {}"),
        ({"weight": {"by": "equal", "fixed": 0.4}}, "weight.fixed: expected keys in braces, was 0.4"),
        ({"weight": {"by": "metric", "metric": 5}}, 'weight.metric: expected a text: write "5", was 5'),
        ({"select": {"by": "market_cap", "top": "ten"}}, "select.top: expected a whole number, was 'ten'"),
        ({"select": {"by": "market_cap", "top": 10.5}}, "select.top: expected a whole number, was 10.5"),
        ({"select": {"by": "market_cap", "top": 0}}, "select.top: must be at least 1, was 0"),
        ({"select": {"top": 3, "order": "descendng"}},
         "select.order: must be descending or ascending (did you mean 'descending'?), was 'descendng'"),
        ({"universe": [{"exclude_assets": [1, "b"]}]},
         'universe[0]: exclude_assets[0]: expected a text: write "1", was 1'),
        ({"publish": {"decimals": 13}}, "publish.decimals: must be at most 12, was 13"),
        ({"guard": {"price_jump": [1] * 40}}, "guard.price_jump: expected a number, was a list of 40"),
        ({"rebalance": {"every": "month", "zone": 3}}, 'rebalance.zone: expected a text: write "3", was 3'),
        ({"rebalance": {"transition": {"stps": 3, "steps": 2}}},
         "rebalance.transition.stps: unknown key (did you mean 'steps'?); keys: steps, every"),
        ({"missing": {"carry_forward": 3}},
         "missing.carry_forward: duration 3 is not a number with a unit; write for example 30d, 12h, 15m, 10s or 2w"),
    ],
)  # fmt: skip
def test_no_word_of_the_reader_is_told(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **sections})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("section", "heads"),
    [
        (
            {"missing": {"then": "drop", "carry_forward": 3, "lvie": "1d"}},
            ["missing.then: must be", "missing.carry_forward: duration 3", "missing.lvie: unknown key"],
        ),
        # A misspelt key is not told again as one that is missing.
        ({"base": {"dat": "2020-01-01", "level": 0}}, ["base.dat: unknown key", "base.level: must be above 0"]),
        (
            {"overrides": [{"asset": "a", "action": "drop", "from": "soon", "until": "later", "reason": "x"}]},
            [
                "overrides[0].action: must be include", "overrides[0].from: 'soon' is not a date",
                "overrides[0].until: 'later' is not a date", "overrides[0].reason: expected at least 3 characters",
                "overrides[0].approver: this key is required", "overrides[0].date: this key is required",
            ],
        ),
        (
            {"rebalance": {"at": "25:00", "determine": "1 day", "fix": "shares"}},
            ["rebalance.at: '25:00'", "rebalance.determine: '1 day'", "rebalance.fix: must be weights"],
        ),
        (
            {
                "weight": {
                    "turnover": 10, "by": "smoothed_market_cap", "half_life": 90, "window": 3,
                    "limits": {"a": 0.1, "b": {}},
                    "cap": 25, "shortage": "none", "cahs": 0.1, "cash": {"weight": 20, "rate": "5%"},
                }
            },
            [
                "weight.turnover: must be below 1", "weight.half_life: duration 90", "weight.window: duration 3",
                "weight.limits.a: expected its own", "weight.limits.b: needs min, max", "weight.cap: must be at most 1",
                "weight.shortage: 'none' is neither", "weight: unknown key 'cahs' (did you mean 'cash'?)",
                "weight.cash.weight: must be below 1", "weight.cash.rate: a rate is a fraction",
            ],
        ),
        # Of a rule that is not known the parameters are not: `metric` may be one.
        (
            {"weight": {"by": "metrc", "metric": "tvl", "cap": 25}},
            ["weight: unknown weighting rule 'metrc'", "weight.cap: must be at most 1"],
        ),
        (
            {
                "select": {
                    "by": {"metric": "market_cap", "window": 9, "half_life": 8}, "top": 0, "min_count": 0,
                    "max_count": "ten",
                    "buffer": {"enter": 9, "leave": 8}, "first": [{"by": 5, "top": 0}, {"by": "volume", "tpo": 3}],
                    "odrer": "ascending",
                }
            },
            [
                "select.by.window: duration 9", "select.by.half_life: duration 8", "select.top: must be at least 1",
                "select.buffer: enter 9 must not be above leave 8", "select.first[0].by: expected the name",
                "select.first[0].top: must be at least 1", "select.first[1].tpo: a stage has no such key",
                "select: unknown key 'odrer' (did you mean 'order'?)", "select.min_count: must be at least 1",
                "select.max_count: expected a whole number",
            ],
        ),
        ({"select": {"tpo": 3, "min_count": 4, "max_count": 3}}, ["select: unknown key 'tpo'", "select: min_count 4"]),
        (
            {"prices": {"rate": {"vwap": {"window": 3}}, "min_venues": 0, "health": {"nothing": 1}}},
            ["prices.rate: vwap.window: duration 3", "prices.min_venues: must be at least 1",
             "prices.health.nothing: unknown key; keys:"],
        ),
    ],
)  # fmt: skip
def test_all_faults_of_a_section_are_told_in_its_order(section: dict[str, Any], heads: list[str]) -> None:
    with pytest.raises(MethodologyError) as caught:
        Rulebook.parse({**PLAIN, **section})
    told = [str(fault) for fault in caught.value.each]
    assert [words[: len(head)] for words, head in zip(told, heads, strict=False)] == heads
    assert len(told) == len(heads)
