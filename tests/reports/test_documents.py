"""The documents of an index: complete, self-contained, escaped, and the same for the same result."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from basketry.jobs.calculate import Index, calculate
from basketry.lake.lake import Lake
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import dump_yaml, parse_yaml
from basketry.reports.factsheet import factsheet
from basketry.reports.methodology_document import methodology_document
from basketry.reports.plots import save_picture


@pytest.fixture
def index(rulebook: Path, lake: Lake) -> Index:
    return calculate(rulebook, lake)


def text_of(page: str) -> str:
    """Return the words of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)).split())


def test_pages_need_no_network(index: Index) -> None:
    for page in (factsheet(index), methodology_document(index.methodology)):
        assert page.startswith("<!doctype html>")
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
        assert "<script" not in page


def test_the_same_result_gives_the_same_bytes(index: Index, tmp_path: Path) -> None:
    assert factsheet(index) == factsheet(index)
    for name in ("one.png", "two.png"):
        save_picture(index, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_what_a_rulebook_says_is_escaped(rulebook: Path, lake: Lake) -> None:
    document = parse_yaml(rulebook.read_text())
    hostile = "<script>alert(1)</script>"
    rules = Methodology.load({**document, "name": hostile, "description": f"{hostile} & more"})
    for page in (methodology_document(rules), factsheet(calculate(rules, lake))):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_the_methodology_document_says_every_rule(rulebook: Path) -> None:
    document = parse_yaml(rulebook.read_text())
    document["versions"] = [{"from": "2021-01-01", "note": "Cap lowered", "changes": {"weight": {"by": "equal"}}}]
    document["overrides"] = [
        {
            "asset": "xrp",
            "action": "exclude",
            "from": "2020-12-23",
            "reason": "a complaint",
            "approver": "Me",
            "date": "2020-12-23",
        }
    ]
    rules = Methodology.parse(dump_yaml(document))
    words = text_of(methodology_document(rules, after=np.datetime64("2020-05-01", "us")))
    book = rules.latest
    for rule in (*book.universe, *rules.first.returns, book.weight.rule, book.select.method):
        assert rule.words() in words.replace("&#39;", "'").replace("&amp;", "&"), rule.name
    assert "2020-06-01" in words
    assert "Cap lowered" in words
    assert "a complaint" in words
    assert rules.digest in words


def test_the_factsheet_has_its_figures(index: Index) -> None:
    words = text_of(factsheet(index))
    level = index.published_levels["price_return"][-1]
    assert f"{level:,.4f}" in words
    for part in ("Sharpe", "Largest drawdown", "Value at risk", "Effective number", "turnover", "365"):
        assert part.lower() in words.lower(), part
    assert index.methodology.digest in words
    assert index.panel.digest() in words
    assert "imulated market" not in words


def test_a_simulated_market_is_said_first(rulebook: Path, tmp_path: Path, lake: Lake) -> None:
    simulated = Lake(tmp_path / "simulated")
    simulated.create(simulated=True)
    simulated.write("daily", lake.read("daily"))
    words = text_of(factsheet(calculate(rulebook, simulated)))
    assert words.index("imulated") < words.index("Performance") if "Performance" in words else "imulated" in words[:400]


def test_the_documents_of_an_index_begin_where_it_does(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    document = {**parse_yaml(rulebook.read_text()), "rebalance": {"every": "10d"}}
    early = calculate(Methodology.load(document), lake)
    late = early.times[3]
    index = calculate(Methodology.load(document), lake, str(late))
    index.save(tmp_path / "late")
    told = f"{str(late)[:10]} UTC, where the index begins; the rulebook has its base on {str(early.times[0])[:10]}"
    assert told in (tmp_path / "late" / "methodology.html").read_text()
    # Ten days are counted from the first level of each.
    pages = [factsheet(found) for found in (early, index)]
    after = [
        found.methodology.latest.schedule.next_dates(found.times[-1], 1, found.times[0]) for found in (early, index)
    ]
    first, second = (str(dates[0].effective_at)[:10] for dates in after)
    assert first != second
    assert f"<td>{second}</td>" in pages[1]
    assert f"<td>{second}</td>" not in pages[0]
