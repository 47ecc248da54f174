"""Formulas as HTML."""

import re
from html import unescape

import pytest

from basketry.methodology.capping import CAPPING
from basketry.methodology.returns import RETURNS
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.weighting import WEIGHTING
from basketry.reports.formulas import formula_html

FORMULAS = [
    rule.formula
    for registry in (CAPPING, RETURNS, SELECTION, TRIGGERS, UNIVERSE, WEIGHTING)
    for rule in registry.rules.values()
    if rule.formula
]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("w_i", "<i>w</i><sub><i>i</i></sub>"),
        ("Q_(t-1)", "<i>Q</i><sub><i>t</i>−1</sub>"),
        ("P_it", "<i>P</i><sub><i>it</i></sub>"),
        ("K_max", "<i>K</i><sub>max</sub>"),
        ("Σ_{w_i > y} w", "Σ<sub><i>w</i><sub><i>i</i></sub> &gt; <i>y</i></sub> <i>w</i>"),
        ("m_i^p", "<i>m</i><sub><i>i</i></sub><sup><i>p</i></sup>"),
        ("2^(-s/h)", "2<sup>−<i>s</i>/<i>h</i></sup>"),
        ("market_cap_usd", "market_cap_usd"),
        ("1 - x; y", "1 − <i>x</i><br><i>y</i>"),
        ("<script>", "&lt;script&gt;"),
        ("", ""),
    ],
)
def test_marks(text: str, html: str) -> None:
    assert formula_html(text) == html


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_keeps_its_letters_and_is_balanced(formula: str) -> None:
    page = str(formula_html(formula))
    tags = re.findall(r"</?(\w+)>", page)
    for tag in set(tags) - {"br"}:
        assert page.count(f"<{tag}>") == page.count(f"</{tag}>")
    plain = unescape(re.sub(r"<[^>]+>", "", page))
    letters = [re.findall(r"[^\W_]", text) for text in (plain, formula)]
    assert letters[0] == letters[1]
    assert "^" not in page
