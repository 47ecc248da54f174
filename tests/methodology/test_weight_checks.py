"""What is refused under `weight:` when a rulebook is read, with the path and the arithmetic, and what just holds."""

from typing import Any

import pytest

from basketry.core.errors import CapInfeasibleError, MethodologyError
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import Rulebook

CONCENTRATION = {"single": 0.1, "over": 0.05, "total": 0.4}


def parse(weight: dict[str, Any], select: dict[str, Any] | None = None, universe: list[Any] | None = None) -> Rulebook:
    return Rulebook.parse(
        {
            "base": {"date": "2020-01-01"},
            "universe": universe or [],
            "select": {"by": "market_cap", **({"top": 4} if select is None else select)},
            "weight": {"by": "market_cap", **weight},
            "rebalance": {"every": "month"},
        }
    )


# Weight, select, the message, and a weight that is just allowed.
NEVER: list[tuple[dict[str, Any], dict[str, Any], str, dict[str, Any]]] = [
    (
        {"floor": 0.3, "cap": 0.25},
        {"all": None},
        r"^weight\.floor: 0\.3 is above the cap 0\.25",
        {"floor": 0.25, "cap": 0.25},
    ),
    (
        {"floor": 0.3, "cap": {"limit": 0.25, "largest": 0.4}},
        {"all": None},
        r"^weight\.floor: 0\.3 is above the cap 0\.25",
        {"floor": 0.25, "cap": {"limit": 0.25, "largest": 0.4}},
    ),
    # Four floors of 26% are 104%.
    (
        {"floor": 0.26},
        {"top": 4},
        r"^weight\.floor: 4 members with a floor of 0\.26 weigh at least 1\.04 > 1: lower the floor to at most 0\.25",
        {"floor": 0.25},
    ),
    ({"floor": 0.26}, {"all": None, "min_count": 4}, r"^weight\.floor: 4 members", {"floor": 0.25}),
    ({"floor": 0.26}, {"top": 2, "min_count": 4}, r"^weight\.floor: 4 members", {"floor": 0.25}),
    # 40% stated beside three floors of 21%.
    (
        {"fixed": {"a": 0.4}, "floor": 0.21},
        {"top": 4},
        r"^weight\.floor: 3 members with a floor of 0\.21 beside 0\.4 that are stated weigh at least 1\.03 > 1: lower "
        r"the floor to at most 0\.2",
        {"fixed": {"a": 0.4}, "floor": 0.2},
    ),
    # The two that may weigh less are among the four at best: 0.02 + 0.03 + 2 x 0.48.
    (
        {"limits": {"a": {"min": 0.02}, "b": {"min": 0.03}}, "floor": 0.48},
        {"top": 4},
        r"^weight\.floor: 4 members .* at least 1\.01 > 1: lower the floor, or",
        {"limits": {"a": {"min": 0.02}, "b": {"min": 0.03}}, "floor": 0.475},
    ),
    ({"cap": 0.24}, {"top": 10, "max_count": 4}, r"^weight\.cap: 4 members x 0\.24 = 0\.96 < 1", {"cap": 0.25}),
    # 40% stated and three at 19% are 97%.
    (
        {"fixed": {"a": 0.4}, "cap": 0.19},
        {"top": 4},
        r"^weight\.cap: 4 members, those with limits of their own among them, hold at most 0\.97 < 1",
        {"fixed": {"a": 0.4}, "cap": 0.2},
    ),
    # The one of 37% is among the four at best: 0.37 + 3 x 0.2.
    (
        {"limits": {"a": {"max": 0.37}}, "cap": 0.2},
        {"top": 4},
        r"^weight\.cap: 4 members, .* at most 0\.97 < 1",
        {"limits": {"a": {"max": 0.4}, "b": {"max": 0.01}}, "cap": 0.2},
    ),
    (
        {"limits": {"a": {"max": 0.2}}, "cap": {"limit": 0.2, "largest": 0.39}},
        {"top": 4},
        r"^weight\.cap: 4 members, .* at most 0\.99 < 1",
        {"limits": {"a": {"max": 0.2}}, "cap": {"limit": 0.2, "largest": 0.4}},
    ),
    (
        {"fixed": {"a": 0.4, "b": 0.25}},
        {"top": 2},
        r"^weight\.fixed: 2 members are wanted and 2 are stated, which leaves nobody for the other 0\.35",
        {"fixed": {"a": 0.4, "b": 0.6}},
    ),
    (
        {"fixed": {"a": 0.4, "b": 0.7}},
        {"all": None},
        r"^weight\.fixed: the stated weights sum to 1\.1 > 1",
        {"fixed": {"a": 0.3, "b": 0.7}},
    ),
    (
        {"fixed": {"a": 0.4}, "limits": {"b": {"min": 0.61}}},
        {"all": None},
        r"^weight\.fixed: the least weights of the 2 assets named sum to 1\.01 > 1",
        {"fixed": {"a": 0.4}, "limits": {"b": {"min": 0.6}}},
    ),
    (
        {"limits": {"a": {"min": 0.5}, "b": {"min": 0.51}}},
        {"top": 2},
        r"^weight\.limits: the least weights of the 2 assets named sum to 1\.01 > 1",
        {"limits": {"a": {"min": 0.5}, "b": {"min": 0.5}}},
    ),
    (
        {"limits": {"a": {"min": 0.3}}, "cap": 0.25},
        {"top": 4},
        r"^weight\.limits\.a: min 0\.3 is above the cap 0\.25: lower it, or give the asset a max",
        {"limits": {"a": {"min": 0.3, "max": 0.3}}, "cap": 0.25},
    ),
    (
        {"limits": {"a": {"max": 0.005}}, "floor": 0.01},
        {"top": 4},
        r"^weight\.limits\.a: max 0\.005 is below the floor 0\.01: raise it, or give the asset a min",
        {"limits": {"a": {"max": 0.005, "min": 0}}, "floor": 0.01},
    ),
    # 15 at 5/10/40: four at 10% and eleven at 5% are 95%.
    (
        {"concentration": CONCENTRATION},
        {"top": 15},
        r"^weight\.concentration: 15 members hold at most 0\.95 < 1 under 0\.1/0\.05/0\.4",
        {"concentration": {**CONCENTRATION, "total": 0.5}},
    ),
    # Four at 10%, eleven at 5% and the stated 2% are 97%.
    (
        {"concentration": CONCENTRATION, "fixed": {"a": 0.02}},
        {"top": 16},
        r"^weight\.concentration: 16 members hold at most 0\.97 < 1",
        {"concentration": CONCENTRATION, "fixed": {"a": 0.05}},
    ),
    # Six at 6% and eleven at 5% are 91%.
    (
        {"concentration": CONCENTRATION, "cap": 0.06},
        {"top": 17},
        r"^weight\.concentration: 17 members hold at most 0\.91 < 1",
        {"concentration": CONCENTRATION, "cap": 0.1},
    ),
    (
        {"concentration": CONCENTRATION, "floor": 0.06},
        {"all": None},
        r"^weight\.floor: 0\.06 is above concentration\.over 0\.05",
        {"concentration": CONCENTRATION, "floor": 0.05},
    ),
    (
        {"concentration": CONCENTRATION, "fixed": {"a": 0.11}},
        {"all": None},
        r"^weight\.fixed\.a: 0\.11 is above concentration\.single 0\.1",
        {"concentration": CONCENTRATION, "fixed": {"a": 0.1}},
    ),
    (
        {"concentration": CONCENTRATION, "limits": {"a": {"min": 0.11}}},
        {"all": None},
        r"^weight\.limits\.a: 0\.11 is above concentration\.single 0\.1",
        {"concentration": CONCENTRATION, "limits": {"a": {"min": 0.1}}},
    ),
    (
        {"concentration": CONCENTRATION, "fixed": dict.fromkeys("abcde", 0.09)},
        {"all": None},
        r"^weight\.fixed: the stated weights above 0\.05 sum to 0\.45 > concentration\.total 0\.4",
        {"concentration": CONCENTRATION, "fixed": dict.fromkeys("abcde", 0.08)},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("weight", "select", "message", "allowed"), NEVER)
def test_what_no_market_can_keep_is_refused_and_what_just_holds_is_not(
    weight: dict[str, Any], select: dict[str, Any], message: str, allowed: dict[str, Any]
) -> None:
    with pytest.raises(MethodologyError, match=message):
        parse(weight, select)
    assert parse(allowed, select).weight.caps


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (
            {"by": "fixed", "weights": {"a": 1}, "fixed": {"a": 0.5}},
            r"^weight\.fixed: `by: fixed` states weights already",
        ),
        (
            {"fixed": {"a": 0.5}, "limits": {"b": {"max": 0.5}, "a": {"max": 0.5}}},
            r"^weight\.limits\.a: .* under `fixed`",
        ),
        (
            {"group_cap": 0.5, "concentration": CONCENTRATION},
            r"^weight\.concentration: cannot be combined with group_cap",
        ),
        (
            {"concentration": CONCENTRATION, "limits": {"a": {"max": 0.08}}},
            r"^weight\.limits\.a: at most 8% does not say",
        ),
        (
            {"concentration": CONCENTRATION, "limits": {"a": {"min": 0.05}}},
            r"^weight\.limits\.a: at least 5% does not say",
        ),
        ({"fixed": {"a": 1.2}}, r"^weight\.fixed\.a: must be at most 1"),
        ({"fixed": {"a": 0}}, r"^weight\.fixed\.a: must be above 0"),
        ({"fixed": 0.4}, r"^weight\.fixed: expected keys in braces"),
        ({"fixed": {}}, r"^weight\.fixed: .* at least 1 item"),
        ({"limits": {"a": {"min": 0.3, "max": 0.1}}}, r"^weight\.limits\.a: min 0\.3 is above max 0\.1"),
        ({"limits": {"a": {"min": 1.1}}}, r"^weight\.limits\.a\.min: must be at most 1"),
        ({"limits": {"a": {"max": 1.1}}}, r"^weight\.limits\.a\.max: must be at most 1"),
        ({"limits": {"a": {"max": 0}}}, r"^weight\.limits\.a\.max: must be above 0"),
        ({"limits": {"a": {"min": -0.1}}}, r"^weight\.limits\.a\.min: must be at least 0"),
        ({"limits": {"a": {}}}, r"^weight\.limits\.a: needs min, max or both"),
        ({"limits": {"a": {"maximum": 0.1}}}, r"^weight\.limits\.a\.maximum: unknown parameter"),
        ({"limits": {"a": 0.1}}, r"^weight\.limits\.a: expected its own min, max or both: write {max: 0\.1}, was 0\.1"),
        ({"cap": 25}, r"^weight\.cap: must be at most 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(weight: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        parse(weight, {"all": None})


@pytest.mark.parametrize(
    ("weight", "select"),
    [
        # Limits that speak of sides are fine where they lie on one.
        ({"concentration": CONCENTRATION, "limits": {"a": {"min": 0.06}, "b": {"max": 0.05}}}, {"all": None}),
        # Exactly 5% is not above 5%: nine at 5% beside four at 10% and three at 5%.
        ({"concentration": CONCENTRATION, "fixed": dict.fromkeys("abcdefghi", 0.05)}, {"top": 16}),
        # The common cap puts it on one side.
        ({"concentration": CONCENTRATION, "limits": {"a": {"min": 0.01}}, "cap": 0.05}, {"all": None}),
        ({"limits": {"a": {"max": 0.01}, "b": {"min": 0.4}}, "floor": 0.01, "cap": 0.4}, {"top": 4}),
        # Of three that are to weigh 40% two are wanted.
        ({"limits": {name: {"min": 0.4} for name in "abc"}}, {"top": 2}),
        ({"cap": {"limit": 0.5, "largest": 1}}, {"top": 1}),
        # How many there are is for the market to say.
        ({"floor": 0.3}, {"all": None}),
        ({"cap": 0.1}, {"all": None, "min_count": 4}),
        ({"floor": 0.3}, {"all": None, "max_count": 4}),
        # More are stated than wanted, and the largest of them are enough.
        ({"fixed": {"a": 0.5, "b": 0.2, "c": 0.3}}, {"top": 3}),
        # An asset may be called as the parameter.
        ({"fixed": {"assets": 0.5, "a": 0.2}}, {"top": 3}),
        ({"limits": {"assets": {"max": 0.5}, "a": {"max": 0.2}}}, {"top": 3}),
    ],
)
def test_what_some_market_can_keep_is_allowed(weight: dict[str, Any], select: dict[str, Any]) -> None:
    assert parse(weight, select).weight.caps


SECTORS = [{"include_sectors": ["defi", "layer-1", "defi"]}]
TAGS = [{"include_tags": ["lending"]}]


@pytest.mark.parametrize(
    ("group_cap", "universe", "message"),
    [
        ({"limit": 0.4}, SECTORS, r"no other sector, and the caps of its 2 sum to 0\.8 < 1"),
        ({"limit": 0.4}, [*TAGS, *SECTORS], r"no other sector, and the caps of its 2 sum to 0\.8 < 1"),
        ({"limit": 0.5, "limits": {"defi": 0.4}}, SECTORS, r"no other sector, and the caps of its 2 sum to 0\.9 < 1"),
        (
            {"limits": {"defi": 0.4, "layer-1": 0.5, "meme": 0.9}},
            SECTORS,
            r"no other sector, and the caps of its 2 sum to 0\.9 < 1",
        ),
        (
            {"by": "tag", "limits": {"lending": 0.5, "meme": 0.4}},
            TAGS,
            r"no other tag, and the caps of its 2 sum to 0\.9",
        ),
        ({"by": "tag", "limits": {"lending": 0.9}}, TAGS, r"no other tag, and the caps of its 1 sum to 0\.9"),
        ({"limit": 0.5}, SECTORS, None),
        ({"limits": {"defi": 0.4}}, SECTORS, None),
        ({"limit": 0.4}, [], None),
        ({"limit": 0.4}, [{"exclude_sectors": ["meme"]}], None),
        ({"limit": 0.4}, TAGS, None),
        ({"by": "tag", "limits": {"lending": 0.5, "meme": 0.5}}, TAGS, None),
        # An asset of a tag that is not limited may be in no group.
        ({"by": "tag", "limits": {"meme": 0.4}}, TAGS, None),
    ],
)
def test_caps_of_all_groups_of_the_universe(group_cap: Any, universe: list[Any], message: str | None) -> None:
    if message is None:
        assert parse({"group_cap": group_cap}, universe=universe).weight.caps
        return
    with pytest.raises(CapInfeasibleError, match=rf"^weight\.group_cap: the universe holds {message}"):
        parse({"group_cap": group_cap}, universe=universe)


def test_many_members_are_checked_in_no_time() -> None:
    assert parse({"concentration": CONCENTRATION, "cap": 0.2, "floor": 1e-6}, {"top": 100_000}).weight.caps


FILE = """basketry: 1
name: Three
symbol: THREE
base: {date: 2020-01-01}
select: {by: market_cap, top: 4}
weight:
  by: market_cap
  cap: 0.25
  fixed:
    bitcoin: 0.4
    ethereum: 0.25
  limits:
    solana: {max: 0.05}
    ripple: {min: 0.3}
rebalance: {every: month}
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("", ""), "line 14: weight.limits.ripple: min 0.3"),
        (("ripple: {min: 0.3}", "ethereum: {min: 0.3}"), "line 14: weight.limits.ethereum"),
        (("bitcoin: 0.4", "bitcoin: 4"), "line 10: weight.fixed.bitcoin"),
        (("bitcoin: 0.4", "bitcoin: 0.8"), "line 9: weight.fixed: the stated"),
        (("cap: 0.25", "cap: 0.25\n  floor: 0.26"), "line 9: weight.floor: 0.26 is above the cap"),
        (("{max: 0.05}", "{max: 0.05, min: 0.1}"), "line 13: weight.limits.solana: min 0.1 is above max"),
        (("cap: 0.25", "cap: 0"), "line 8: weight.cap"),
    ],
)
def test_the_line_is_found(change: tuple[str, str], line: str) -> None:
    text = FILE.replace(*change) if change[0] else FILE
    with pytest.raises(MethodologyError) as found:
        Methodology.parse(text, "x.yaml")
    assert f"x.yaml, {line}" in str(found.value)
