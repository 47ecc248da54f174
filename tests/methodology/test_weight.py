"""The section `weight:`: a rule, its own parameters, and caps told apart."""

from typing import Any

import pytest

from basketry.core.errors import MethodologyError, UnknownRuleError
from basketry.methodology.capping.cap import Cap
from basketry.methodology.capping.floor import Floor
from basketry.methodology.weight import Weight
from basketry.methodology.weighting.equal import Equal
from basketry.methodology.weighting.fixed import Fixed
from basketry.methodology.weighting.market_cap import MarketCap


def test_parameters_of_the_rule_and_caps_are_told_apart() -> None:
    assert Weight.parse("equal") == Weight(Equal())
    assert Weight.parse({"by": "equal"}) == Weight(Equal(), (), "equal")
    found = Weight.parse({"by": "market_cap", "power": 0.5, "floor": 0.01, "cap": 0.25, "shortage": "refuse"})
    assert found == Weight(MarketCap(power=0.5), (Cap(limit=0.25), Floor(limit=0.01)), "refuse")
    # `weights` is how the parameter is written.
    assert Weight.parse({"by": "fixed", "weights": {"a": 1}}).rule == Fixed.model_validate({"weights": {"a": 1}})


@pytest.mark.parametrize("value", [{}, {"cap": 0.2}, {"by": None}, {"by": ["equal"]}, 5, None, ["equal"]])
def test_a_section_without_a_rule_is_refused(value: Any) -> None:
    with pytest.raises(MethodologyError, match="weight: needs `by`, the name of a weighting rule"):
        Weight.parse(value)


def test_what_is_unknown_is_refused_with_what_is_known() -> None:
    with pytest.raises(UnknownRuleError, match=r"unknown weighting rule 'market_capp' \(did you mean 'market_cap'"):
        Weight.parse({"by": "market_capp"})
    with pytest.raises(MethodologyError, match=r"weight\.shortage: 'whatever' is neither equal nor refuse"):
        Weight.parse({"by": "equal", "shortage": "whatever"})
    with pytest.raises(MethodologyError) as found:
        Weight.parse({"by": "market_cap", "powr": 1})
    assert "unknown key 'powr'" in str(found.value)
    assert "market_cap takes power, supply_window; caps: cap, concentration, fixed, floor, group_cap, limits" in str(
        found.value
    )
    with pytest.raises(MethodologyError, match="equal takes no parameters"):
        Weight.parse({"by": "equal", "power": 1})


def test_a_shortage_is_told_of_where_there_are_caps() -> None:
    told = "On a date when too few assets are eligible for the caps, weights are equal."
    assert Weight.parse({"by": "equal", "cap": 0.25}).words().endswith(told)
    assert told not in Weight.parse({"by": "equal", "cap": 0.25, "shortage": "refuse"}).words()
    assert told not in Weight.parse("equal").words()
    stated = Weight.parse({"by": "market_cap", "fixed": {"a": 0.4}})
    assert told not in stated.words()
    assert stated.words().endswith(
        "On a date when too few assets are eligible for the caps, stated weights are kept and the others are equal; "
        "where nobody else is selected, stated weights are scaled to sum to 1."
    )
    assert (stated.treatment, Weight.parse({"by": "equal", "cap": 0.25}).treatment) == (
        "equal weights beside the stated",
        "equal weights",
    )
    assert stated.fixed is not None
    assert stated.fixed.assets == {"a": 0.4}
    assert Weight.parse("equal").fixed is None
