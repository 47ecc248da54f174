"""Comparing rulebooks and results, and starting from an example."""

from pathlib import Path
from typing import Any

import pytest

from basketry.core.errors import DataError, MethodologyError
from basketry.jobs.calculate import calculate
from basketry.jobs.diff import compare
from basketry.jobs.new import examples, new_methodology
from basketry.lake.lake import Lake
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import dump_yaml, parse_yaml


def changed(rulebook: Path, **sections: Any) -> Path:
    path = rulebook.with_name("other.yaml")
    path.write_text(dump_yaml({**parse_yaml(rulebook.read_text()), **sections}))
    return path


def test_two_rulebooks_are_compared_rule_by_rule(rulebook: Path) -> None:
    other = changed(rulebook, weight={"by": "market_cap", "cap": 0.4}, universe=[{"market_cap": {"min": 2}}])
    found = {change.path: (change.before, change.after) for change in compare(rulebook, other).rules}
    assert found == {
        "universe.exclude_tags": (["stablecoin"], None),
        "universe.market_cap.min": (1, 2),
        "weight.cap": (0.5, 0.4),
    }
    assert compare(rulebook, rulebook).rules == ()
    limits = {"x": {"min": 0.1, "max": 0.3}, "y": {"max": 0.2}}
    before = changed(rulebook, weight={"by": "market_cap", "fixed": {"a": 0.4}, "limits": limits})
    one = before.rename(before.with_name("before.yaml"))
    limits = {"x": {"min": 0.15, "max": 0.3}}
    after = changed(rulebook, weight={"by": "market_cap", "fixed": {"a": 0.45, "b": 0.1}, "limits": limits})
    assert {change.path: (change.before, change.after) for change in compare(one, after).rules} == {
        "weight.fixed.a": (0.4, 0.45),
        "weight.fixed.b": (None, 0.1),
        "weight.limits.x.min": (0.1, 0.15),
        "weight.limits.y.max": (0.2, None),
    }
    # A bare value is what it is short for, wherever it stands.
    full: dict[str, Any] = {
        "weight": {"by": "equal", "cap": {"limit": 0.3}, "cash": {"weight": 0.2, "rate": 0.04}},
        "universe": [{"history": {"min_days": 30}}],
        "select": {"by": "price", "top": 5},
    }
    short = {
        "weight": {"by": "equal", "cap": 0.3, "cash": 0.2},
        "universe": [{"history": 30}],
        "select": {"by": "price", "top": {"number": 5}},
    }
    one = (one := changed(rulebook, **full)).rename(one.with_name("full.yaml"))
    found = {change.path: (change.before, change.after) for change in compare(changed(rulebook, **short), one).rules}
    assert found == {"weight.cash.rate": (None, 0.04)}


def test_two_results_are_compared_number_by_number(rulebook: Path, lake: Lake, tmp_path: Path) -> None:
    one = calculate(rulebook, lake).save(tmp_path / "one")
    two = calculate(changed(rulebook, weight="equal"), lake).save(tmp_path / "two")
    same = compare(one, one).levels[0]
    assert (same.largest_relative_difference, same.first_difference) == (0.0, None)
    other = compare(one, two).levels[0]
    assert other.first_difference == "2020-02-11T00:00:00Z"
    assert other.tracking_error is not None
    assert 0 < other.tracking_error < 1
    with pytest.raises(DataError, match="two methodology files or two folders"):
        compare(rulebook, one)


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_is_valid_and_says_itself_in_words(name: str) -> None:
    methodology = Methodology.parse(examples()[name], name)
    book = methodology.latest
    words = [rule.words() for rule in (*book.universe, *book.triggers, *methodology.first.returns)]
    words += [book.select.words(), book.weight.words(), book.schedule.words()]
    assert all(text.endswith(".") and len(text) > 15 for text in words), words
    assert Methodology.parse(methodology.to_yaml()).digest == methodology.digest


def test_a_new_file_is_an_example_and_is_not_overwritten(tmp_path: Path) -> None:
    path = new_methodology(tmp_path / "mine.yaml", "equal-weight-10")
    assert Methodology.load(path).symbol == "EW10"
    with pytest.raises(MethodologyError, match="--force"):
        new_methodology(path)
    with pytest.raises(MethodologyError, match="did you mean 'momentum'"):
        new_methodology(tmp_path / "x.yaml", "momentun")
    with pytest.raises(MethodologyError, match="no such folder"):
        new_methodology(tmp_path / "a" / "b" / "x.yaml")
