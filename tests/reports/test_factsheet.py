"""The factsheet shows the figures of its index, the same each time, and runs nothing it was given."""

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import polars as pl
import pytest
from tests.reports.conftest import RULES

from basketry.core.errors import MissingExtraError
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.factsheet import factsheet
from basketry.reports.plots import plot_index
from basketry.reports.weights import current_weights

VOID = {"meta", "br", "link", "img"}


class Balance(HTMLParser):
    """Checks that every element is closed where it should be, and collects the ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in VOID - {"br"}
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(result: IndexResult) -> str:
    return factsheet(result)


def test_the_page_is_well_formed_and_small(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert len(page.encode()) < 1_000_000


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    without_names = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "")
    assert not re.findall(r"https?:|src=|@import|<script|<link", without_names)
    used = set(re.findall(r'(?:url\(#|href="#)([\w-]+)', page))
    assert used <= set(re.findall(r' id="([\w-]+)"', page))


def test_the_figures_are_those_of_the_index(page: str, result: IndexResult) -> None:
    seen = unescape(page)
    for column in result.return_columns:
        assert f"{result.published_levels[column][-1]:,.4f}" in seen
    for asset, weight in current_weights(result).items():
        assert re.search(rf"<td>{asset}</td><td class=\"number\">{weight:.2%}</td>", seen)
    for text in (result.methodology.digest, result.panel.digest(), "Value at risk", "√365", "Four instead"):
        assert (text in seen) == (text != "Four instead")
    change = result.levels["price_return"][-1] / result.levels["price_return"][0] - 1
    assert f"{change:+,.2%}".replace("-", "−") in seen
    assert "missing price" in seen
    assert "to cash" in seen
    assert "Shaded" in seen or "shaded" in seen


def test_the_universe_the_parents_and_the_reviews_are_told(page: str, panel: Panel) -> None:
    assert "The asset carries none of these tags: stablecoin." in page
    assert "Parent index" not in page
    assert "The next reviews of members" not in page
    parent = {key: value for key, value in RULES.items() if key != "versions"} | {"returns": ["price"]}
    child = {
        **parent,
        "symbol": "CHILD",
        "parents": [{**parent, "base": {"date": "2020-01-10"}}],
        "universe": [{"in_index": "THREE"}],
    }
    child |= {"review": {"every": "quarter", "determine": "5d"}, "select": {"by": "market_cap", "top": 2}}
    told = factsheet(calculate_index(Methodology.load(child), panel))
    assert "<td>THREE: Three of Six</td>" in told
    reviews = told.partition("The next reviews of members")[2].partition("</table>")[0]
    assert reviews.count("<tr><td>") == 4
    # Five days before the first days of quarters.
    days = re.findall(r"<tr><td>(\d{4}-\d\d-\d\d)", reviews)
    assert {day[5:] for day in days} <= {"12-27", "03-27", "06-26", "09-26"}


def test_the_same_index_gives_the_same_bytes(page: str, panel: Panel, methodology: Methodology) -> None:
    assert factsheet(calculate_index(methodology, panel)) == page


def test_bytes_do_not_depend_on_hash_seed_or_clock_and_need_no_matplotlib(
    result: IndexResult, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    panel = result.panel
    pl.DataFrame({"time": panel.times}).hstack(
        pl.DataFrame({asset: panel.field("price")[:, place] for place, asset in enumerate(panel.assets)})
    ).write_parquet(folder / "price.parquet")
    code = (
        "import sys, polars as pl\n"
        "from basketry.index.calculate import calculate_index\n"
        "from basketry.market.panel import Panel\n"
        "from basketry.reports.factsheet import factsheet\n"
        "rules = {'basketry': 1, 'name': 'Two', 'symbol': 'TWO', 'base': {'date': '2020-02-10'},\n"
        "  'select': {'by': 'price', 'top': 2}, 'weight': 'equal', 'rebalance': {'every': 'month'}}\n"
        "from basketry.methodology.methodology import Methodology\n"
        "panel = Panel.from_frames(price=pl.read_parquet('price.parquet').fill_nan(None))\n"
        "sys.stdout.buffer.write(factsheet(calculate_index(Methodology.load(rules), panel)).encode())\n"
        "import basketry.cli.index, basketry.jobs.publish, basketry.jobs.verify\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    outputs = []
    for seed, zone in (("1", "UTC"), ("2", "UTC"), ("0", "Asia/Tokyo")):
        settings = {"PYTHONHASHSEED": seed, "TZ": zone}
        run = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**settings, "PYTHONPATH": ":".join(sys.path), "HOME": str(folder)},
            capture_output=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1] == outputs[2]
    assert b"Index factsheet" in outputs[0]


def test_markup_in_names_is_text(evil_result: IndexResult) -> None:
    page = factsheet(evil_result)
    assert "<script" not in page
    assert "<i>a" not in page
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page
    assert "&lt;i&gt;a&lt;/i&gt;" in page
    assert "$x$ &amp; {{ y }}" in page
    Balance().feed(page)


def test_an_interactive_page_holds_plotly_once_and_the_same_bytes(
    result: IndexResult, evil_result: IndexResult
) -> None:
    page = factsheet(result, interactive=True)
    assert factsheet(result, interactive=True) == page
    assert page.count("Plotly.newPlot(") == 1
    assert page.count("plotly.js v") == 1
    assert not re.findall(r"<script[^>]+src=", page)
    assert "script-src 'unsafe-inline'" in page
    evil = factsheet(evil_result, interactive=True)
    assert evil.count("<script") == page.count("<script")
    assert "alert('x')" not in evil


def test_a_simulated_market_is_said_on_top(result: IndexResult, page: str) -> None:
    assert "imulated" not in page
    simulated = factsheet(replace(result, panel=replace(result.panel, simulated=True, _memory={})))
    assert simulated.index("Simulated market") < simulated.index("<h1>")


def test_an_index_of_one_level_has_a_page(panel: Panel, methodology: Methodology) -> None:
    page = factsheet(calculate_index(methodology, panel, end="2020-02-10"))
    assert "has not changed" in page


def test_a_missing_extra_says_what_to_install(result: IndexResult, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("matplotlib", "plotly"):
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'basketry\[report\]'"):
        factsheet(result, interactive=True)
    with pytest.raises(MissingExtraError, match=r"pip install 'basketry\[report\]'"):
        plot_index(result)
    assert factsheet(result).count("<svg") == 4
