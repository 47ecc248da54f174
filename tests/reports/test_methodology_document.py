"""The methodology document says all of the rulebook, the same each time, and nothing that it was not told."""

import re
from html import unescape

import numpy as np
import pytest

from basketry.jobs.new import examples
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml
from basketry.reports.methodology_document import methodology_document


def text_of(page: str) -> str:
    """What a reader sees, with single spaces."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_rule_of_every_example_is_in_its_document(name: str) -> None:
    methodology = Methodology.parse(examples()[name])
    rules = methodology.latest
    seen = text_of(methodology_document(methodology))
    chosen = [*rules.universe, rules.weight.rule, *rules.weight.caps, *rules.triggers, *methodology.first.returns]
    for rule in chosen:
        assert " ".join(rule.words().split()) in seen
        assert " ".join(rule.source.split()) in seen
        for key in rule.parameters():
            assert key in seen
    assert rules.select.words() in seen
    assert rules.schedule.words() in seen
    assert methodology.digest in seen
    assert methodology.first.calculate.words() in seen


def test_every_part_of_a_selection_is_in_its_document() -> None:
    document = parse_yaml(examples()["large-cap-20"])
    document["select"] = {
        "first": {"by": "tvl", "top": 100},
        "by": {"mean_rank": ["market_cap", {"metric": "volume", "window": "30d"}]},
        "ranks": {"first": 11, "last": 30},
        "buffer": {"enter": 25, "leave": 35},
    }
    methodology = Methodology.load(document)
    seen = text_of(methodology_document(methodology))
    assert methodology.latest.select.words() in seen
    assert "first by: tvl, top: 100" in seen
    assert "by mean_rank: market_cap, metric: volume, window: 30d" in seen
    assert "buffer enter: 25, leave: 35" in seen
    for part in ("MarketVector", "Bletchley 20", "CMBI Multi-Asset Series"):
        assert part in seen
    assert squeezed("ri = (1/K) Σk rik") in squeezed(seen)
    assert squeezed("first ≤ rank ≤ last") in squeezed(seen)


def test_formulas_are_shown(methodology: Methodology) -> None:
    seen = squeezed(text_of(methodology_document(methodology)))
    assert squeezed("wi = (Pi Si)p / Σj (Pj Sj)p") in seen
    assert squeezed("Dnew = Dold · Σi qi") in seen


def test_the_next_dates_are_those_after_the_instant(methodology: Methodology) -> None:
    page = methodology_document(methodology, after=np.datetime64("2021-06-15", "us"))
    table = page[page.index("The next dates after 2021-06-15") :]
    rows = re.findall(r"<tr><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td></tr>", table)[:4]
    assert rows[0] == ("2021-06-30", "2021-07-01", "2021-07-01")
    assert [row[2] for row in rows] == ["2021-07-01", "2021-08-01", "2021-09-01", "2021-10-01"]


def test_versions_and_the_administrator_are_named(methodology: Methodology) -> None:
    seen = text_of(methodology_document(methodology))
    assert "Administrator The Example Committee" in seen
    assert "2 2020-04-15 Four instead of three. The Example Committee" in seen
    assert "select.top : 3 → 4" in seen
    assert "version 2, in force from 2020-04-15" in seen


def test_the_same_rulebook_gives_the_same_bytes(methodology: Methodology) -> None:
    again = Methodology.parse(methodology.to_yaml())
    assert methodology_document(again) == methodology_document(methodology)


def test_simulated_is_said_and_only_then(methodology: Methodology) -> None:
    assert "Simulated market" in methodology_document(methodology, simulated=True)
    assert "imulated" not in methodology_document(methodology)


def test_markup_in_a_rulebook_is_text(evil: Methodology) -> None:
    page = methodology_document(evil)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8
    assert "coin-&lt;b&gt;" in page


def test_the_page_needs_no_other_file_and_its_contents_lead_somewhere(methodology: Methodology) -> None:
    page = methodology_document(methodology)
    assert not re.findall(r"https?:|src=|@import|url\(", page)
    targets = set(re.findall(r'href="#(\w+)"', page))
    assert targets <= set(re.findall(r'id="(\w+)"', page))
    assert len(targets) > 9


def test_reviews_are_told_beside_the_dates_of_rebalances() -> None:
    document = {
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "price", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
        "review": {"every": "quarter", "determine": "10d"},
    }  # fmt: skip
    page = methodology_document(Methodology.load(document))
    assert "Members are reviewed each quarter on the first day at 00:00 UTC; determined 10 days before" in page
    # Of February, March, April and May 2020 the members of April are determined on 22 March.
    assert page.count("<td>as before</td>") == 3
    assert "<td>2020-03-22</td></tr>" in page
    assert "The next reviews of members (UTC)" in page
    assert "<tr><td>2020-03-22</td><td>2020-04-01</td><td>2020-04-01</td></tr>" in page


def test_a_formula_is_that_of_the_parameters() -> None:
    document = {
        "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        "universe": [
            {"price": {"min": 0.01, "window": "30d", "days": 0.9}},
            {"market_cap": {"min": 1, "max": 9, "window": "90d", "statistic": "minimum"}},
        ],
        "select": {"by": "market_cap", "coverage": {"enter": 0.7, "leave": 0.8}},
        "weight": {"by": "market_cap", "supply_window": "30d"}, "rebalance": {"every": "month"},
    }  # fmt: skip
    book = Methodology.load(document).latest
    assert [rule.equation() for rule in book.universe] == [
        "|{days of the window: min ≤ x_d}| ≥ days · |window|",
        "min ≤ minimum(x over window) ≤ max",
    ]
    assert "≥ enter · Σ_k m_k; a member: min n" in book.select.method.equation()
    assert book.weight.rule.equation() == "w_i = (P_i S̄_i)^p / Σ_j (P_j S̄_j)^p"
    text = text_of(methodology_document(Methodology.load(document)))
    assert "days of the window" in text
    assert "≥ share ·" not in text


def test_parents_of_parents_are_described() -> None:
    def book(symbol: str, *parents: dict[str, object]) -> dict[str, object]:
        return {
            "basketry": 1, "name": symbol.title(), "symbol": symbol, "base": {"date": "2020-01-01", "level": 100},
            "parents": list(parents), "universe": [{"in_index": parent["symbol"]} for parent in parents],
            "select": {"by": "price", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
        }  # fmt: skip

    text = text_of(methodology_document(Methodology.load(book("FIVE", book("TWENTY", book("MARKET"))))))
    assert "Parent indices" in text
    assert "TWENTY Twenty The asset is a member of MARKET." in text
    assert "MARKET Market Eligible assets are ranked by price" in text


def two(**sections: object) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
            "select": {"by": "price", "top": 9}, "weight": "equal", "rebalance": {"every": "month"}, **sections,
        }
    )  # fmt: skip


LIMITS: list[dict[str, object]] = [
    {"cap": 0.2}, {"floor": 0.01}, {"fixed": {"a": 0.2}}, {"limits": {"a": {"max": 0.2}}},
    {"group_cap": {"sector": 0.2}},
]  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: next(iter(limit)))
def test_beside_cash_the_weights_of_a_limit_sum_to_what_is_not_cash(limit: dict[str, object]) -> None:
    plain, beside = (
        squeezed(text_of(methodology_document(two(weight={"by": "market_cap", **limit, **cash}))))
        for cash in ({}, {"cash": 0.2})
    )
    assert plain.count("Σwi=1") == 1
    assert "1−c" not in plain
    assert beside.count("Σwi=1−c") == beside.count("Σwi=1") == 1
    assert "besidecasheachismultipliedby1−c" in beside


def test_cash_counts_in_turnover() -> None:
    words = "Cash is one of the assets over which turnover counts; it is not held back"
    assert words in text_of(methodology_document(two(weight={"by": "equal", "turnover": 0.1, "cash": 0.2})))
    assert words not in text_of(methodology_document(two(weight={"by": "equal", "turnover": 0.1})))


def test_units_are_shown_as_formulas() -> None:
    seen = squeezed(text_of(methodology_document(two(weight={"by": "equal", "cash": 0.2}))))
    assert "qi=wiV/Pi" in seen
    assert "qcash=c/(1−c)·Σi≠cashqiPi/Pcash" in seen


def test_next_dates_and_reviews_are_by_the_version_in_force() -> None:
    review = {"every": "quarter", "determine": "10d"}
    versions = [{"from": "2020-02-15", "note": "reviews", "changes": {"review": review}}]
    page = methodology_document(two(versions=versions))
    table = page[page.index("The next dates after 2020-01-01") :]
    # February is wholly determined by the first version, March has weights alone, April members of 22 March.
    cells = re.findall(r"<td>([^<]*)</td></tr>", table)[:4]
    assert cells == ["2020-01-31", "as before", "2020-03-22", "as before"]
    assert "<tr><td>2020-03-22</td><td>2020-04-01</td><td>2020-04-01</td></tr>" in page


def test_the_base_is_that_of_the_index() -> None:
    rules = two(rebalance={"every": "10d"})
    assert "Base 100 on 2020-01-01 UTC Return series" in text_of(methodology_document(rules))
    page = text_of(methodology_document(rules, base=np.datetime64("2020-01-06", "us")))
    assert "Base 100 on 2020-01-06 UTC, where the index begins; the rulebook has its base on 2020-01-01" in page
    # Ten days are counted from there: 16 January and not 11.
    assert "The next dates after 2020-01-06 (UTC)" in page
    assert "effective 2020-01-15 2020-01-16 2020-01-16 2020-01-25 2020-01-26 2020-01-26" in page
