"""The methodology document tells by which rules earlier levels were computed, where a version changed them."""

from typing import Any

from basketry.methodology.methodology import Methodology
from basketry.reports.eras import eras
from basketry.reports.methodology_document import methodology_document

BOOK: dict[str, Any] = {
    "basketry": 1,
    "name": "Two",
    "symbol": "TWO",
    "base": {"date": "2020-01-01"},
    "select": {"by": "price", "top": 2},
    "weight": {"by": "market_cap", "cash": {"weight": 0.2, "rate": "OVERNIGHT", "day_count": "act/365"}},
    "rebalance": {"every": "month"},
}


def with_changes(*changes: dict[str, Any], **sections: Any) -> Methodology:
    versions = [
        {"from": f"202{place}-01-01", "note": "as decided", "changes": each} for place, each in enumerate(changes, 1)
    ]
    return Methodology.load({**BOOK, **sections, "versions": versions})


def rows(methodology: Methodology) -> list[tuple[str, str, str, str]]:
    return [(row.section, row.valid_from, row.until, " ".join(row.words)) for row in eras(methodology)]


def test_cash_is_told_with_its_rate_and_days() -> None:
    # The third version leaves the weights as they are, so those of the second hold on.
    found = rows(
        with_changes(
            {"weight": {"by": "market_cap", "cash": {"weight": 0.2, "rate": 0.03}}},
            {"description": "Two of them."},
            {"weight": {"by": "market_cap", "cap": 0.6, "shortage": "refuse"}},
        )
    )
    by_size = "Assets are weighted by market capitalisation."
    held = "Cash: 20% of the index is held in its currency and earns"
    assert found == [
        (
            "weight", "the base", "2021-01-01",
            f"{by_size} {held} the rate OVERNIGHT (act/365) in every series; the others share the rest.",
        ),
        (
            "weight", "2021-01-01", "2023-01-01",
            f"{by_size} {held} 3% a year (act/360) in every series; the others share the rest.",
        ),
        (
            "weight", "2023-01-01", "further notice",
            f"{by_size} No weight is above 60%. A date when too few assets are eligible for the caps is refused: "
            "no composition is made.",
        ),
    ]  # fmt: skip


def test_every_section_by_which_levels_are_computed_is_told() -> None:
    override = {"asset": "x", "action": "exclude", "reason": "legal", "approver": "C", "date": "2020-12-01"}
    found = rows(
        with_changes(
            {
                "universe": [{"price": {"min": 1}}],
                "select": {"by": "price", "top": 3},
                "rebalance": {"every": "quarter", "fix": "units"},
                "review": {"every": "year"},
                "overrides": [{**override, "from": "2021-01-01"}],
                "missing": {"carry_forward": "5d", "live": "2d"},
                "guard": dict.fromkeys(("supply_change", "price_jump", "min_turnover", "level_jump", "member_jump")),
                "events": {"airdrop": "credit"},
            }
        )
    )
    told = {(section, since): words for section, since, _, words in found}
    sections = ["universe", "select", "rebalance", "review", "overrides", "missing", "guard", "events"]
    assert [row[:3] for row in found] == [
        (section, *span)
        for section in sections
        for span in (("the base", "2021-01-01"), ("2021-01-01", "further notice"))
    ]
    assert told["universe", "the base"] == "Every candidate is eligible."
    assert told["universe", "2021-01-01"] == "The price is at least 1."
    assert told["select", "the base"].endswith("The best 2 are taken.")
    assert told["rebalance", "the base"].endswith("The determined weights are applied at effective prices.")
    assert told["rebalance", "2021-01-01"].endswith("Units are fixed at the prices of the determination.")
    assert told["review", "the base"] == "Members are determined at every rebalance."
    assert told["review", "2021-01-01"].startswith("Members are reviewed each year on the first day")
    assert told["overrides", "the base"] == "No decision of the committee."
    assert told["overrides", "2021-01-01"] == "x: exclude from 2021-01-01 until further notice (legal; C, 2020-12-01)."
    assert "carried for 3 days at most" in told["missing", "the base"]
    assert told["missing", "the base"].endswith("the oldest price used is younger than one step of the data.")
    assert "carried for 5 days at most" in told["missing", "2021-01-01"]
    assert told["missing", "2021-01-01"].endswith("the oldest price used is younger than 2d.")
    assert "a price more than 20 times the last good price" in told["guard", "the base"]
    assert told["guard", "2021-01-01"] == "No guard is in force."
    assert "Airdrop: The new asset is not credited" in told["events", "the base"]
    assert "Airdrop: The new asset is added to the basket" in told["events", "2021-01-01"]


def test_what_is_only_written_otherwise_is_no_era() -> None:
    assert not rows(with_changes({"missing": {"carry_forward": "72h"}, "guard": {"price_jump": 20}, "universe": []}))
    assert not rows(with_changes())


def test_cash_alone_leaves_the_rule_of_missing_prices_as_it_is() -> None:
    assert {row[0] for row in rows(with_changes({"weight": "equal"}))} == {"weight"}


def test_parents_are_told_too() -> None:
    parent = with_changes({"select": {"by": "price", "top": 9}}, symbol="UP").document
    child = {**BOOK, "universe": [{"in_index": "UP"}], "parents": [parent]}
    page = methodology_document(Methodology.load(child))
    table = page[page.index('id="eras"') :]
    assert table.index("Of the parent UP") < table.index("The best 2 are taken.") < table.index("The best 9 are taken.")
    assert table.count("<table>") == 1
    assert 'id="eras"' not in methodology_document(Methodology.load({**child, "parents": [{**parent, "versions": []}]}))
