"""Pages escape what they are given and refuse what they are not."""

import pytest
from jinja2 import UndefinedError

from basketry.methodology.methodology import Methodology
from basketry.reports.pages import change, percent, render


def test_a_missing_value_is_an_error_and_not_a_gap(methodology: Methodology) -> None:
    with pytest.raises(UndefinedError):
        render("methodology.html", methodology=methodology, simulated=False)


def test_figures_that_are_not_numbers_are_dashes() -> None:
    assert percent(float("inf")) == change(float("nan")) == "\N{EN DASH}"
    assert change(0.0) == "+0.00%"
