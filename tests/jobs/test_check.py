"""A methodology is held against data: what a run would refuse, and what has no effect, each with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import BasketryError, DataError
from basketry.core.frames import RATES
from basketry.index.calculate import calculate_index
from basketry.index.records import Scope
from basketry.index.trial import SPREAD, determinations, tried
from basketry.jobs.check import Problem, check, first_rebalances
from basketry.lake.lake import Lake
from basketry.market.facts import Facts
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import dump_yaml, parse_yaml

DAYS = 150
TIMES = (np.datetime64("2020-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")).astype("datetime64[us]")
OWN = {"reason": "decided", "approver": "Committee", "date": "2020-01-01"}


def market(**figures: Any) -> Panel:
    """Five assets that grow alike, from 2020-01-01 to 2020-05-29; zec has no price until May."""
    price = np.linspace(1.0, 2.0, DAYS)[:, None] * np.arange(1.0, 6.0)
    price[:121, 4] = np.nan
    held = {"price": price, "market_cap": price * 100, "volume": price * 10}
    held |= {name: np.full(price.shape, value) for name, value in figures.items()}
    tags = pl.DataFrame({"asset": ["usd"], "scheme": ["tag"], "value": ["stablecoin"]}).with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias(name) for name in ("valid_from", "valid_until")
    )
    names = ("btc", "eth", "ltc", "usd", "zec")
    return Panel(TIMES, names, held, facts=Facts.from_frames(None, tags))


def rules(**sections: Any) -> dict[str, Any]:
    return {
        "basketry": 1,
        "name": "Two",
        "symbol": "TWO",
        "base": {"date": "2020-02-01", "level": 100},
        "select": {"by": "market_cap", "top": 2},
        "weight": "equal",
        "rebalance": {"every": "month", "determine": "1d"},
        **sections,
    }


def told(panel: Panel | None = None, **sections: Any) -> list[tuple[str, str, str]]:
    found = check(rules(**sections), market() if panel is None else panel)
    return [(problem.severity, problem.where, problem.message) for problem in found]


def refuses(panel: Panel, **sections: Any) -> bool:
    try:
        calculate_index(Methodology.load(rules(**sections)), panel)
    except BasketryError:
        return True
    return False


def test_nothing_is_said_of_what_fits() -> None:
    assert told() == []


ERRORS: list[tuple[dict[str, Any], str, str]] = [
    # Figures.
    ({"universe": [{"metric": {"name": "volme", "min": 1}}]}, "universe[0].metric.name", "(did you mean 'volume'?)"),
    ({"universe": [{"required": ["price", "tvl"]}]}, "universe[0].required[1]", "no figure 'tvl'"),
    ({"universe": [{"listings": {"min": 2}}]}, "universe[0].listings", "no figure 'listings'"),
    ({"universe": [{"price_sources": {"min": 2}}]}, "universe[0].price_sources", "no figure 'sources'"),
    ({"universe": [{"metric": {"name": "turnover", "min": 0, "window": "5d"}}]}, "universe[0].metric.name", "has no"),
    ({"select": {"by": "market_kap", "top": 2}}, "select.by", "(did you mean 'market_cap'?)"),
    ({"select": {"by": "free_float_market_cap", "top": 2}}, "select.by", "is made of supply"),
    ({"weight": {"by": "metric", "metric": "tvl"}}, "weight.metric", "no figure 'tvl'"),
    ({"weight": "votes"}, "weight", "no figure 'votes'"),
    ({"weight": {"by": "factor_scores", "factors": {"tvl": 1}}}, "weight.factors.tvl", "no figure 'tvl'"),
    # Rates and yields.
    ({"returns": ["price", {"excess": {"rate": "USD"}}]}, "returns[1].excess.rate", "no rate 'USD'"),
    ({"returns": [{"currency": {"currency": "EUR", "rate": "EURUSD"}}]}, "returns[0].currency.rate", "no rate"),
    ({"returns": [{"total": {"yield_field": "income"}}]}, "returns[0].total.yield_field", "no field 'income'"),
    # The base.
    ({"base": {"date": "2019-06-01"}}, "base.date", "begin at 2020-01-01, after the base of 2019-06-01"),
    ({"base": {"date": "2021-06-01"}}, "base.date", "end at 2020-05-29, before the base of 2021-06-01"),
    # What determinations find.
    ({"universe": [{"market_cap": {"min": 1e9}}]}, "", "0 left after market_cap"),
    ({"weight": {"by": "equal", "cap": 0.3, "shortage": "refuse"}, "select": {"by": "price", "all": {}},
      "universe": [{"include_assets": ["btc", "eth"]}]}, "", "2 assets x 0.3 = 0.6 < 1"),
    ({"weight": {"by": "fixed", "weights": {"btc": 1, "ehh": 1}}, "universe": [{"include_assets": ["btc"]}]},
     "", "ehh (did you mean 'eth'?) has a stated weight but is not selected"),
]  # fmt: skip


@pytest.mark.parametrize(("sections", "where", "message"), ERRORS, ids=lambda value: str(value)[:60])
def test_what_a_run_refuses_is_an_error(sections: dict[str, Any], where: str, message: str) -> None:
    found = [entry for entry in told(**sections) if entry[0] == "error" and entry[1] == where]
    assert any(message in words for *_, words in found), told(**sections)
    assert refuses(market(), **sections)


WARNINGS: list[tuple[dict[str, Any], str, str]] = [
    ({"universe": [{"exclude_assets": ["eht"]}]}, "universe[0].exclude_assets[0]", "'eht' (did you mean 'eth'?)"),
    ({"universe": [{"exclude_tags": ["stable"]}]}, "universe[0].exclude_tags[0]", "no tag 'stable'"),
    ({"universe": [{"exclude_sectors": ["defi"]}]}, "universe[0].exclude_sectors", "no sectors; import"),
    ({"weight": {"by": "equal", "group_cap": 0.4}}, "weight", "no sectors; import"),
    ({"weight": {"by": "equal", "group_cap": {"by": "tag", "limits": {"stablecoins": 0.5}}}},
     "weight.group_cap.limits.stablecoins", "(did you mean 'stablecoin'?)"),
    ({"weight": {"by": "equal", "fixed": {"btcc": 0.4}}}, "weight.fixed.btcc", "(did you mean 'btc'?)"),
    ({"weight": {"by": "equal", "limits": {"ehh": {"max": 0.9}}}}, "weight.limits.ehh", "(did you mean 'eth'?)"),
    ({"weight": {"by": "equal", "fixed": {"btc": 0.3}, "cap": 0.4}, "universe": [{"include_assets": ["btc", "eth"]}],
      "select": {"by": "price", "all": {}}}, "", "stated weights are kept and the others are equal; where"),
    ({"weight": {"by": "free_float_market_cap", "whole_points": ["bct"]}}, "weight.whole_points[0]", "'btc'"),
    ({"weight": {"by": "fixed", "weights": {"btc": 1, "eth": 1, "lct": 1}, "renormalise": True},
      "universe": [{"include_assets": ["btc", "eth"]}]}, "weight.weights.lct", "(did you mean 'ltc'?)"),
    ({"weight": {"by": "equal", "cap": 0.3}, "universe": [{"include_assets": ["btc", "eth"]}],
      "select": {"by": "price", "all": {}}}, "", "weights are equal, as the caps cannot be kept: cap: 2 assets x 0.3"),
    ({"versions": [{"from": "2021-01-01", "note": "later", "changes": {"select": {"by": "tvl", "top": 1}}}]},
     "versions[0]", "begins after the last instant on these data, 2020-05-29"),
    ({"versions": [{"from": "2020-05-10", "note": "later", "changes": {"select": {"by": "tvl", "top": 1}}}]},
     "versions[0]", "makes no determination; the last on these data is of 2020-04-30"),
    ({"versions": [{"from": "2021-01-01", "note": "later", "changes": {"select": {"by": "tvl", "top": 1}}}]},
     "versions[0].changes.select.by", "no figure 'tvl'"),
]  # fmt: skip


@pytest.mark.parametrize(("sections", "where", "message"), WARNINGS, ids=lambda value: str(value)[:60])
def test_what_has_no_effect_is_a_warning(sections: dict[str, Any], where: str, message: str) -> None:
    found = told(**sections)
    assert any(entry[1] == where and message in entry[2] for entry in found), found
    assert {severity for severity, *_ in found} == {"warning"}
    assert not refuses(market(), **sections)


# Determinations: 2020-01-31 for the base, 2020-02-29, 2020-03-31 and 2020-04-30.
OVERRIDES: list[tuple[dict[str, Any], str]] = [
    ({"asset": "btx", "action": "exclude", "from": "2020-01-01"}, "no asset 'btx' (did you mean 'btc'?)"),
    ({"asset": "btc", "action": "exclude", "from": "2020-03-01", "until": "2020-03-01"}, "never in force"),
    ({"asset": "btc", "action": "exclude", "from": "2020-03-05", "until": "2020-02-01"}, "never in force"),
    ({"asset": "btc", "action": "exclude", "from": "2019-01-01", "until": "2020-01-31"}, "before its first"),
    ({"asset": "btc", "action": "exclude", "from": "2020-05-01"}, "after its last determination on these data, 2020"),
    ({"asset": "btc", "action": "accept_supply", "from": "2020-05-01"}, "after its last determination"),
    ({"asset": "btc", "action": "exclude", "from": "2020-03-01", "until": "2020-03-31"}, "no scheduled determination"),
    ({"asset": "btc", "action": "exclude", "from": "2020-03-01", "until": "2020-04-01"}, ""),
    ({"asset": "btc", "action": "exclude", "from": "2020-04-30"}, ""),
    ({"asset": "usd", "action": "exclude", "from": "2020-01-01"}, "the universe admits usd at none of the 4"),
    ({"asset": "usd", "action": "include", "from": "2020-01-01"}, ""),
    ({"asset": "zec", "action": "include", "from": "2020-01-01"}, "zec has a fresh price at none of the 4"),
]  # fmt: skip


@pytest.mark.parametrize(("override", "message"), OVERRIDES, ids=lambda value: str(value)[:60])
def test_overrides_that_change_nothing_are_named(override: dict[str, Any], message: str) -> None:
    found = told(overrides=[{**override, **OWN}], universe=[{"exclude_tags": ["stablecoin"]}])
    assert [severity for severity, *_ in found] == (["warning"] if message else []), found
    assert all(message in words and where.startswith("overrides[0]") for _, where, words in found)


def test_an_override_of_a_version_is_in_force_for_its_determinations_only() -> None:
    # The version begins on 2020-04-01; its only determination is that of 2020-04-30.
    early = {"asset": "btc", "action": "exclude", "from": "2020-01-01", "until": "2020-04-01", **OWN}
    version = {"from": "2020-04-01", "note": "decided", "changes": {"overrides": [early]}}
    ((severity, where, words),) = told(versions=[version])
    assert (severity, where) == ("warning", "versions[0].changes.overrides[0]")
    assert "before its first determination of 2020-04-30" in words


def test_a_trigger_may_determine_at_any_time() -> None:
    between = {"asset": "btc", "action": "exclude", "from": "2020-03-01", "until": "2020-03-05", **OWN}
    assert len(told(overrides=[between])) == 1
    rebalance = {"every": "month", "determine": "1d", "triggers": [{"drift": 0.1}]}
    assert told(overrides=[between], rebalance=rebalance) == []


def test_all_problems_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    sections = rules(
        universe=[{"metric": {"name": "volme", "min": 1}}, {"exclude_assets": ["eht"]}],
        select={"by": "tvl", "top": 2},
        returns=["price", {"excess": {"rate": "USD"}}],
    )
    path = tmp_path / "two.yaml"
    path.write_text(dump_yaml(sections))
    lines = path.read_text().splitlines()
    found = check(path, market())
    assert [(entry.severity, lines[(entry.line or 0) - 1].strip(" -")) for entry in found] == [
        ("error", "by: tvl"), ("error", "name: volme"), ("error", "rate: USD"), ("warning", "eht"),
    ]  # fmt: skip
    assert str(found[0]).startswith("line 8, select.by: there is no figure 'tvl'; the data hold market_cap, price")
    assert str(Problem("error", "", None, "said")) == "said"


def test_the_same_reason_is_told_once_with_its_first_date() -> None:
    panel = market(tvl=1.0)
    gone = panel.fields["tvl"].copy()
    gone[60:, 1] = np.nan  # from 2020-03-01 on, of eth
    panel = Panel(TIMES, panel.assets, {**panel.fields, "tvl": gone})
    sections = {"weight": {"by": "metric", "metric": "tvl"}, "universe": [{"include_assets": ["btc", "eth"]}]}
    assert told(panel, **sections) == [
        (
            "error",
            "",
            "determination of 2020-03-31: tvl of 'eth' is not known, so it cannot be weighted; require it in the "
            "universe, as in `- required: [tvl]` (and at 1 more of the 4 tried)",
        )
    ]
    assert refuses(panel, **sections)


def test_one_reason_with_other_assets_is_told_once() -> None:
    """The market changes who are its largest two: btc and eth, then from day 60 on eth and ltc."""
    panel = market()
    caps = np.tile([5.0, 4.0, 1.0, 0.5, 0.1], (DAYS, 1)) * 1e9
    caps[60:, 2] = 6e9
    panel = Panel(TIMES, panel.assets, {**panel.fields, "market_cap": caps, "supply": caps / panel.field("price")})
    sections = {"weight": {"by": "fixed", "weights": {"zec": 1.0}}, "select": {"by": "market_cap", "top": 2}}
    off = {"supply_change": None, "min_turnover": None}
    errors = [problem for problem in told(panel, **sections, guard=off) if problem[0] == "error"]
    ((_, _, words),) = errors
    assert words.startswith("determination of 2020-01-31: no weight is stated for btc, eth; state one")
    assert words.endswith("(and at 3 more of the 4 tried, with other assets or figures)")


def test_fewer_members_than_min_count_are_told() -> None:
    # btc, eth, ltc and usd have prices; zec has one from May on.
    words = "determination of 2020-01-31: 4 members, and min_count is 5: no more are available"
    found = told(select={"by": "market_cap", "top": 7, "min_count": 5})
    assert found == [("warning", "", f"{words} (and at 3 more of the 4 tried)")]
    assert told(select={"by": "market_cap", "top": 7, "min_count": 4}) == []


def test_nobody_is_an_error_at_the_base_and_a_kept_composition_later() -> None:
    panel = market(tvl=1.0)
    gone = panel.fields["tvl"].copy()
    gone[60:] = 0.0
    later = Panel(TIMES, panel.assets, {**panel.fields, "tvl": gone})
    sections = {"universe": [{"metric": {"name": "tvl", "min": 1}}]}
    ((severity, _, words),) = told(later, **sections)
    assert severity == "warning"
    assert "2020-03-31" in words
    assert "the composition is kept" in words
    assert not refuses(later, **sections)
    nobody = Panel(TIMES, panel.assets, {**panel.fields, "tvl": np.zeros_like(gone)})
    assert {severity for severity, *_ in told(nobody, **sections)} == {"error", "warning"}
    assert refuses(nobody, **sections)


def test_start_and_end_are_those_of_the_run() -> None:
    early = rules(base={"date": "2015-01-01"})
    assert [entry.where for entry in check(early, market())] == ["base.date"]
    assert check(early, market(), start="2020-02-01") == ()
    assert "end at 2020-03-01" in check(rules(base={"date": "2020-04-01"}), market(), end="2020-03-01")[0].message
    with pytest.raises(DataError, match="after the end asked for"):
        check(rules(), market(), end="2019-01-01")
    with pytest.raises(DataError, match="there are no observations"):
        check(rules(), Panel(TIMES[:0], (), {}))


def test_a_rate_that_is_not_known_at_the_base_or_not_above_zero() -> None:
    def priced(first: int, value: float) -> Panel:
        table = pl.DataFrame({"time": [TIMES[first].item()], "rate": ["EURUSD"], "value": [value]}).with_columns(
            pl.col("time").dt.replace_time_zone("UTC"), known_at=pl.lit(None, pl.Datetime("us", "UTC"))
        )
        return Panel(TIMES, market().assets, market().fields, rate_table=table)

    sections = {"returns": ["price", {"currency": {"currency": "EUR", "rate": "EURUSD"}}]}
    assert told(priced(31, 1.1), **sections) == []  # the base is row 31
    assert "not known at 2020-02-01" in told(priced(32, 1.1), **sections)[0][2]
    assert "not above zero" in told(priced(0, 0.0), **sections)[0][2]
    assert [refuses(priced(*case), **sections) for case in ((31, 1.1), (32, 1.1), (0, 0.0))] == [False, True, True]


def test_a_version_is_judged_by_what_it_changes() -> None:
    def versions(day: str, **changes: Any) -> dict[str, Any]:
        series = ["price", {"excess": {"rate": 0.02}}]
        return {"returns": series, "versions": [{"from": day, "note": "changed", "changes": changes}]}

    # Two decimals for the last days need no determination.
    assert told(**versions("2020-05-10", publish={"decimals": 2})) == []
    wrong = versions("2020-05-10", returns=["price", {"excess": {"rate": "USD"}}])
    ((severity, where, words),) = told(**wrong)
    assert (severity, where) == ("error", "versions[0].changes.returns[1].excess.rate")
    assert "no rate 'USD'" in words
    assert refuses(market(), **wrong)
    # The rate is not needed where the version begins after the data, nor at a base that is the last instant.
    late = versions("2020-05-30", returns=["price", {"excess": {"rate": "USD"}}])
    assert [severity for severity, *_ in told(**late)] == ["warning"]
    assert not refuses(market(), **late)
    last: dict[str, Any] = {"base": {"date": "2020-05-29"}, "returns": ["price", {"excess": {"rate": "USD"}}]}
    assert told(**last) == []
    assert not refuses(market(), **last)


def test_the_determinations_tried_are_the_edges_and_some_between() -> None:
    versions = [{"from": "2020-03-10", "note": "three", "changes": {"select": {"by": "price", "top": 3}}}]
    book = Methodology.load(rules(rebalance={"every": "day", "determine": "0d"}, versions=versions))
    asked = determinations(book, TIMES[31:])
    assert [entry.at for entry in asked] == list(TIMES[31:])  # each day from the base on
    assert [entry.base for entry in asked[:2]] == [True, False]
    assert len(asked) < SPREAD
    assert tried(book, asked) == list(range(DAYS - 31))
    # 2020-03-09 is the last of the first version, row 68 less 31 of the base.
    assert tried(book, asked, 3) == [0, 37, 38, 59, 118]


def test_members_and_weights_with_dates_of_their_own_are_tried_each() -> None:
    # Members for the base, for March and for June, weights each month: tvl is unknown from 2020-04-11 on, which the
    # weights of May, determined on 2020-04-30, meet; the review for June is on 2020-05-12.
    review = {"every": "quarter", "on": "first_day", "months": [3, 6, 9, 12], "determine": "20d"}
    sections = {"review": review, "weight": {"by": "metric", "metric": "tvl"}, "select": {"by": "market_cap", "top": 4}}
    book = Methodology.load(rules(**sections))
    assert [(str(entry.at)[5:10], entry.scope) for entry in determinations(book, TIMES[31:])] == [
        ("01-12", Scope.MEMBERS), ("01-31", Scope.WEIGHTS), ("02-10", Scope.MEMBERS), ("02-29", Scope.WEIGHTS),
        ("03-31", Scope.WEIGHTS), ("04-30", Scope.WEIGHTS), ("05-12", Scope.MEMBERS),
    ]  # fmt: skip
    panel = market(tvl=1.0)
    assert told(panel, **sections) == []
    gone = panel.fields["tvl"].copy()
    gone[101:, 1] = np.nan
    # Of one member alone, that leaves it out; of all, nobody can be weighted.
    some = Panel(TIMES, panel.assets, {**panel.fields, "tvl": gone.copy()})
    assert told(some, **sections) == []
    assert not refuses(some, **sections)
    gone[101:] = np.nan
    panel = Panel(TIMES, panel.assets, {**panel.fields, "tvl": gone})
    ((severity, _, words),) = told(panel, **sections)
    assert severity == "error"
    assert words.startswith("determination of 2020-04-30: tvl of ")
    assert refuses(panel, **sections)


def test_between_reviews_who_is_no_member_has_nothing_to_be_excluded_from() -> None:
    # In force on 2020-03-31 alone, when weights of the members are determined: btc is one, usd is none.
    review = {"every": "quarter", "on": "first_day", "months": [3, 6, 9, 12], "determine": "20d"}
    sections: dict[str, Any] = {
        "review": review,
        "universe": [{"exclude_tags": ["stablecoin"]}],
        "select": {"by": "price", "top": 4},
    }
    dates = {"action": "exclude", "from": "2020-03-30", "until": "2020-04-02", **OWN}
    assert told(overrides=[{"asset": "btc", **dates}], **sections) == []
    ((_, where, words),) = told(overrides=[{"asset": "usd", **dates}], **sections)
    assert where == "overrides[0]"
    assert "at none of the 1 determinations tried" in words


def test_the_base_is_struck_and_not_only_determined() -> None:
    # Determined on 2020-01-12; the price of eth, the only member, ends before the base of 2020-02-01.
    price = market().fields["price"].copy()
    price[20:, 1] = np.nan
    panel = Panel(TIMES, market().assets, {"price": price})
    sections: dict[str, Any] = {
        "select": {"by": "price", "top": 1},
        "universe": [{"include_assets": ["eth"]}],
        "rebalance": {"every": "month", "determine": "20d"},
    }
    assert "no selected asset has a fresh price at the base" in told(panel, **sections)[0][2]
    assert refuses(panel, **sections)


def test_what_was_due_before_the_data_is_determined_at_the_base() -> None:
    panel = market(tvl=1.0)
    gone = panel.fields["tvl"].copy()
    gone[:3, 4] = np.nan  # usd, the second largest until zec comes, on the first three days
    panel = Panel(TIMES, panel.assets, {**panel.fields, "tvl": gone[:, [0, 1, 2, 4, 3]]})
    sections = {"base": {"date": "2020-01-01"}, "weight": {"by": "metric", "metric": "tvl"}}
    ((severity, _, words),) = told(panel, **sections)
    assert (severity, "tvl of 'usd' is not known" in words) == ("error", True)
    assert refuses(panel, **sections)


def test_a_base_before_the_data_hides_nothing_else() -> None:
    found = told(
        base={"date": "2015-01-01"}, universe=[{"market_cap": {"min": 1e9}}], returns=[{"excess": {"rate": "USD"}}]
    )
    assert [where for severity, where, _ in found if severity == "error"] == ["base.date", "", "returns[0].excess.rate"]


def test_the_parents_are_checked_first(tmp_path: Path) -> None:
    parent = {**rules(), "symbol": "UP", "select": {"by": "market_cap", "top": 3}}
    child: dict[str, Any] = {"universe": [{"in_index": "UP"}], "parents": [parent]}
    assert told(**child) == []
    # btc, the smallest, is never among its three; nobody is left.
    alone = {**child, "universe": [{"in_index": "UP"}, {"include_assets": ["btc"]}]}
    assert [entry[0] for entry in told(**alone)] == ["error", "warning"]
    assert refuses(market(), **alone)
    wrong = {**child, "parents": [{**parent, "select": {"by": "market_capp", "top": 3}}]}
    ((severity, where, words),) = told(**wrong)
    assert (severity, where) == ("error", "parents[0]")
    assert words.startswith("UP: select.by: there is no figure 'market_capp' (did you mean 'market_cap'?)")
    assert refuses(market(), **wrong)
    # A file names its parent, and the problem has the line of the name.
    (tmp_path / "up.yaml").write_text(dump_yaml(wrong["parents"][0]))
    path = tmp_path / "two.yaml"
    path.write_text(dump_yaml(rules(**{**child, "parents": ["up.yaml"]})))
    (problem,) = check(path, market())
    assert path.read_text().splitlines()[(problem.line or 0) - 1] == "- up.yaml"


def test_the_first_rebalances_are_those_that_the_data_can_have() -> None:
    # The data begin on 2020-01-01, five years after this base; the first whole day is the second.
    early = Methodology.load(rules(base={"date": "2015-01-01", "level": 100}))

    def months(*given: Any) -> list[str]:
        return [str(day)[:7] for day in first_rebalances(early, *given)]

    assert months() == ["2015-02", "2015-03", "2015-04", "2015-05"]
    assert months(market()) == ["2020-02", "2020-03", "2020-04", "2020-05"]
    assert months(market(), "2020-02-15") == ["2020-03", "2020-04", "2020-05", "2020-06"]


def test_first_rebalances_are_by_the_version_in_force_at_each() -> None:
    versions = [
        {"from": "2020-03-15", "note": "quarters", "changes": {"rebalance": {"every": "quarter"}}},
        {"from": "2020-09-01", "note": "days", "changes": {"rebalance": {"every": "10d"}}},
    ]
    found = first_rebalances(Methodology.load(rules(base={"date": "2020-01-01", "level": 100}, versions=versions)))
    assert [str(day)[:10] for day in found] == ["2020-02-01", "2020-03-01", "2020-04-01", "2020-07-01"]
    late = first_rebalances(Methodology.load(rules(base={"date": "2020-07-01", "level": 100}, versions=versions)))
    # Ten days are counted from the base: 1 July and 70 days is 9 September, the first in the third version.
    assert [str(day)[:10] for day in late] == ["2020-09-09", "2020-09-19", "2020-09-29", "2020-10-09"]


def test_the_shortest_rulebook_of_the_docs_needs_prices_alone(tmp_path: Path) -> None:
    """ethereum is twice bitcoin at all times, so that the level grows as either does, whatever the weights."""
    page = (Path(__file__).parents[2] / "docs/how-to/check-a-methodology.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    price = np.linspace(1.0, 2.0, DAYS)
    days = pl.Series("time", TIMES).dt.replace_time_zone("UTC")
    sizes = {"bitcoin": 1.0, "ethereum": 2.0, "solana": 3.0}
    each = [pl.DataFrame({"time": days, "asset": name, "price": price * size}) for name, size in sizes.items()]
    lake = Lake(tmp_path / "lake")
    lake.write("daily", pl.concat(each))
    panel = lake.panel()
    assert check(Methodology.parse(text), panel) == ()
    index = calculate_index(Methodology.parse(text), panel)
    # The base of 2020-01-15 is row 14.
    assert index.levels["price_return"][-1] == pytest.approx(1000 * price[-1] / price[14])
    assert index.compositions["asset"].unique().sort().to_list() == ["bitcoin", "ethereum"]
    # A figure to rank by that is stated is asked for.
    stated = {**parse_yaml(text), "select": {"by": "market_cap", "all": None}}
    assert [problem.where for problem in check(stated, panel)] == ["select.by"]


@pytest.mark.parametrize(
    ("since", "changes", "expected"),
    [
        (0, {}, []),
        # Known from the 11th of February on, ten days after the base.
        (41, {}, [("error", "weight.cash.rate", "the rate R is not known at 2020-02-01")]),
        # A version brings it to the change of April, by when it is known; and to that of March, when it is not.
        (80, {"from": "2020-03-15", "weight": True}, []),
        (80, {"from": "2020-02-15", "weight": True}, [
            ("error", "versions[0].changes.weight.cash.rate", "the rate R is not known at 2020-03-01")
        ]),
    ],
)  # fmt: skip
def test_the_rate_of_a_cash_member_must_be_known_while_it_is_held(
    since: int, changes: dict[str, Any], expected: list[tuple[str, str, str]]
) -> None:
    rates = pl.DataFrame({"time": TIMES[since : since + 1], "rate": "R", "value": [0.05]}).with_columns(
        pl.col("time").dt.replace_time_zone("UTC"), known_at=pl.lit(None, pl.Datetime("us", "UTC"))
    )
    plain = market()
    panel = Panel(TIMES, plain.assets, plain.fields, facts=plain.facts, rate_table=rates)
    weight = {"by": "equal", "cash": {"weight": 0.2, "rate": "R"}}
    sections: dict[str, Any] = {"weight": weight}
    if changes:
        version = {"from": changes["from"], "note": "cash", "changes": {"weight": weight}}
        sections = {"weight": "equal", "versions": [version]}
    found = told(panel, **sections)
    assert [(severity, where, words.split(";")[0]) for severity, where, words in found] == expected
    assert refuses(panel, **sections) == bool(expected)


def with_rate(*values: tuple[int, float]) -> Panel:
    """Return the market with the rate R, each value from a day on."""
    rows = pl.DataFrame({"time": [TIMES[day].item() for day, _ in values], "value": [value for _, value in values]})
    plain = market()
    table = RATES.conform(rows.with_columns(rate=pl.lit("R")))
    return Panel(TIMES, plain.assets, plain.fields, facts=plain.facts, rate_table=table)


CASH_AT_R = {"weight": {"by": "equal", "cash": {"weight": 0.2, "rate": "R"}}}
SERIES_AT_R: list[tuple[dict[str, Any], str]] = [
    (CASH_AT_R, "weight.cash.rate"),
    ({"returns": ["price", {"excess": {"rate": "R"}}]}, "returns[1].excess.rate"),
    ({"returns": [{"leverage": {"factor": 2, "financing": "R"}}]}, "returns[0].leverage.financing"),
    ({"returns": [{"volatility_target": {"target": 0.4, "rate": "R"}}]}, "returns[0].volatility_target.rate"),
]


@pytest.mark.parametrize(("sections", "place"), SERIES_AT_R)
def test_a_rate_of_the_data_that_is_in_percent_is_doubted(sections: dict[str, Any], place: str) -> None:
    # The base is the 1st of February, day 31: 4.5 holds for two steps, from days 39 and 40, and then 0.045.
    ((severity, where, words),) = told(with_rate((0, 1.0), (39, 4.5), (41, 0.045)), **sections)
    assert (severity, where) == ("warning", place)
    assert words == (
        "the rate R is 4.5 at 2020-02-09 (and above 1 at 1 more), which is 450% a year; rates of the data are "
        "fractions a year: import 0.045 where 4.5% is meant"
    )


@pytest.mark.parametrize(("sections", "place"), SERIES_AT_R)
def test_a_rate_is_doubted_only_where_it_is_in_force(sections: dict[str, Any], place: str) -> None:
    del place
    # Before the base, of which the step to the next instant is the first; and at the last instant, of which there is
    # no step.
    assert told(with_rate((0, 4.5), (31, 1.0), (DAYS - 1, 4.5)), **sections) == []


def test_an_exchange_rate_above_1_is_none_of_interest() -> None:
    assert told(with_rate((0, 150.0)), returns=[{"currency": {"currency": "JPY", "rate": "R"}}]) == []


def test_an_asset_of_the_data_that_has_the_id_of_the_cash_member_is_told_with_its_place() -> None:
    plain = market()
    panel = Panel(TIMES, ("btc", "cash", "ltc", "usd", "zec"), plain.fields, facts=plain.facts)
    sections = {"weight": {"by": "equal", "cash": 0.2}}
    ((severity, where, words),) = told(panel, **sections)
    assert (severity, where) == ("error", "weight.cash")
    assert "import that asset under another id" in words
    assert refuses(panel, **sections)


def test_a_determination_that_fails_has_the_line_of_the_part_that_it_names(tmp_path: Path) -> None:
    flows = np.full((DAYS, 5), 1.0)
    flows[60:, 2] = -1.0
    buffered = {"by": "flow", "top": 2, "buffer": {"exceed": 0.1}}
    panel = market(flow=flows)
    path = tmp_path / "two.yaml"
    path.write_text(dump_yaml(rules(select=buffered)))
    (problem,) = check(path, panel)
    assert (problem.severity, problem.where) == ("error", "select.buffer.exceed")
    assert problem.message.startswith("determination of 2020-03-31: select.buffer.exceed: flow of 'ltc' is -1")
    assert path.read_text().splitlines()[(problem.line or 0) - 1].strip() == "exceed: 0.1"
    # In a later version it is the part of that.
    change = {"from": "2020-03-01", "note": "by flow", "changes": {"select": buffered}}
    (problem,) = check(rules(versions=[change]), panel)
    assert problem.where == "versions[0].changes.select.buffer.exceed"
    later = {"from": "2020-03-02", "note": "a cap", "changes": {"publish": {"decimals": 2}}}
    problem, *_ = check(rules(versions=[change, later]), panel)
    assert problem.where == "versions[0].changes.select.buffer.exceed"
