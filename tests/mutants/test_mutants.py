"""Changes are tried in a copy: what a test asserts is killed, what none does survives, the checkout stays as it is."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from changes import Change, changes
from concerned import stages
from copies import Copy

import mutants

MODULE = "methodology/tiny.py"
TINY = '''"""A module of one rule."""


def larger(a: float, b: float) -> bool:
    """Return whether a is larger.

    >>> larger(2, 1)
    True
    """
    return a > b


def unasserted(a: float) -> float:
    """Return twice a figure, which no test asks."""
    return a * 2.5
'''
TEST = """from basketry.methodology.tiny import larger


def test_equal_is_not_larger():
    assert not larger(1, 1)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one module, its partner test, and one accepted survivor."""
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = ["--doctest-modules", "--import-mode=importlib"]\n',
        "src/basketry/__init__.py": "",
        "src/basketry/methodology/__init__.py": "",
        f"src/basketry/{MODULE}": TINY,
        "tests/methodology/test_tiny.py": TEST,
        "tests/mutants/accepted.toml": (
            f'[[accepted]]\nfile = "{MODULE}"\nline = "return a * 2.5"\nchange = "2.5 -> 5.0"\nreason = "nobody asks"\n'
        ),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def named(words: str) -> Change:
    return next(change for change in changes(TINY) if change.words == words)


def test_known_changes_are_killed_or_survive_with_their_reason(checkout: Path) -> None:
    chosen = [(MODULE, named(words)) for words in ("a > b -> a <= b", "a > b -> a >= b", "2.5 -> 5.0")]
    chosen.append((MODULE, replace(named("2.5 -> 5.0"), new="2.5")))
    results = list(mutants.judged(checkout, chosen, 1, 60.0, near=True))
    example = f"src/basketry/{MODULE}::basketry.methodology.tiny.larger"
    partner = "tests/methodology/test_tiny.py::test_equal_is_not_larger"
    assert [result.verdict.killer for result in results] == [example, partner, None, None]
    assert [result.reason for result in results] == [None, None, "nobody asks", None]
    assert (checkout / "src" / "basketry" / MODULE).read_text(encoding="utf-8") == TINY
    assert f"killed by {partner}" in results[1].row()
    assert "SURVIVED: nobody asks" in results[2].row()
    assert json.loads(json.dumps(results[3].entry()))["change"] == "2.5 -> 2.5"


def test_a_change_that_never_ends_is_killed_by_the_limit(checkout: Path) -> None:
    endless = replace(named("a > b -> a >= b"), new="a > b if a > b else [b for b in iter(int, 1)]")
    with Copy(checkout, 5.0) as copy:
        assert copy.judge(MODULE, endless, stages(checkout, MODULE)).killer == "not done within 5 s"
        folder = copy.folder
    assert not folder.exists()
    with Copy(checkout, 300.0) as copy:
        assert copy.judge(MODULE, None, stages(checkout, MODULE)).killer is None


def test_the_tests_of_a_module_nearest_first() -> None:
    asked = stages(mutants.ROOT, "methodology/weighting/equal.py")
    assert asked[0][0] == "src/basketry/methodology/weighting/equal.py"
    assert asked[1] == ["tests/methodology/weighting"]
    assert asked[2][0] == "tests/methodology"
    assert stages(mutants.ROOT, "methodology/weighting/equal.py", near=True) == asked[:2]
    assert (
        "tests/methodology/schedule/test_schedule_errors.py"
        in stages(mutants.ROOT, "methodology/schedule/schedule.py")[0]
    )
    assert all((mutants.ROOT / test).exists() for stage in asked for test in stage)


def test_the_changes_of_a_seed_are_printed_without_being_tried(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--list", "--count", "3", "--only", "methodology/day_count.py", "--only", "methodology/universe"]
    assert mutants.main(asked) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    assert mutants.main(asked) == 0
    assert capsys.readouterr().out == printed


def test_every_accepted_survivor_is_a_change_of_a_line_that_stands() -> None:
    texts = mutants.sources(mutants.ROOT, list(mutants.LAYERS))
    known = {(name, change.text, change.words) for name, text in texts.items() for change in changes(text)}
    reasons = mutants.accepted(mutants.ROOT / "tests" / "mutants" / "accepted.toml")
    assert not reasons.keys() - known
    assert all(len(reason) > 20 for reason in reasons.values())
