"""Which changes are made of a source, and which are not."""

import ast
from pathlib import Path

import pytest
from changes import changes, sample

SOURCE = Path(__file__).resolve().parents[2] / "src" / "basketry"


def words(body: str) -> list[str]:
    """The changes of a function with this body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return [change.words for change in changes(f"def f(a, b):\n{lines}\n")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a < b", ["a < b -> a <= b", "a < b -> a >= b"]),
        ("return a <= b", ["a <= b -> a < b", "a <= b -> a > b"]),
        ("return a is None", ["a is None -> a is not None"]),
        ("return a + b", ["a + b -> (a - b)"]),
        ("return a // b", ["a // b -> (a * b)"]),
        ("return a and b", ["a and b -> (a or b)"]),
        ("return not a", ["not a -> (a)"]),
        ("return ~a & b", ["~a & b -> (~a | b)", "~a -> (a)"]),
        ("return min(a, b)", ["min -> max"]),
        ("return a.median(b)", ["a.median -> a.mean"]),
        ("return a[b:]", ["a[b:] -> a[b + 1:]"]),
        ("return a[:b]", ["a[:b] -> a[:b - 1]"]),
        ("return f(a, b)", ["f(a, b) -> f(b, a)"]),
        ("return np.where(a, b, f)", ["np.where(a, b, f) -> np.where(a, f, b)"]),
        ("return a if b else f", ["a if b else f -> f if b else a"]),
        ("return 3", ["3 -> 4"]),
        ("return 0.25", ["0.25 -> 0.5"]),
        ("return True", ["True -> False"]),
        ("a += b", ["a += b -> a -= b", "a += b -> pass"]),
        ("a[b] = f", ["a[b] = f -> pass"]),
        ("a.append(b)", ["a.append(b) -> pass"]),
        ("a = b", ["a = b -> pass"]),
        ("c = b\nc = a", ["c = a -> pass"]),
        ("raise ValueError(a + 1)", ["raise ValueError(a + 1) -> pass"]),
        ("for a in b:\n    continue", ["continue -> break", "continue -> pass"]),
    ],
)
def test_the_changes_of_an_expression_or_statement(body: str, expected: list[str]) -> None:
    assert words(body) == expected


@pytest.mark.parametrize(
    ("annotation", "new"),
    [
        ("float", "return (a.b) + 1.0"),
        ("int", "return (a.b) + 1"),
        ("bool", "return not (a.b)"),
        ("Floats", "return (a.b) * 2.0"),
        ("Bools", "return ~(a.b)"),
        ("Panel | None", "return None"),
    ],
)
def test_a_returned_value_is_changed_within_its_type(annotation: str, new: str) -> None:
    assert [change.new for change in changes(f"def f(a) -> {annotation}:\n    return a.b\n")] == [new]


@pytest.mark.parametrize(
    "source",
    [
        '"""A text of 3 > 2."""\n',
        "import a\nfrom b import c\n",
        "def words(self):\n    return 1 < 2\n",
        "def __repr__(self):\n    return 1 < 2\n",
        "def bounds_in_words(self):\n    return 1 < 2\n",
        "@njit(cache=True)\ndef f(a: Literal[1] = None) -> Literal[2]: ...\n",
        "x: Literal['median', 3]\n",
        "x = f'{1 + 2}'\n",
        "def f(a):\n    del a\n",
        "model_config = ConfigDict(frozen=True)\n",
        "x = zip(a, strict=True)\n",
        "tolerance = 1e-12\n",
        "if TYPE_CHECKING:\n    x = 1\n",
    ],
)
def test_what_no_value_depends_on_is_left_alone(source: str) -> None:
    assert changes(source) == []


@pytest.mark.parametrize("name", ["methodology/select.py", "methodology/_kernels.py", "methodology/cap_weights.py"])
def test_every_change_of_a_module_is_a_program_that_differs_in_one_place(name: str) -> None:
    source = (SOURCE / name).read_text(encoding="utf-8")
    found = changes(source)
    assert len(found) > 50
    before = ast.dump(ast.parse(source))
    for change in found:
        changed = change.apply(source)
        assert ast.dump(ast.parse(changed)) != before
        assert changed.startswith(source.encode()[: change.start].decode())
        assert source.splitlines()[change.line - 1].strip() == change.text


def test_a_sample_is_that_of_its_seed_and_has_one_change_a_line() -> None:
    candidates = {name: changes("x = 1 + 2\ny = 3 < 4\nz = 5 * 6\n") for name in ("b.py", "a.py")}
    chosen = sample(candidates, 4, seed=7)
    assert chosen == sample(dict(reversed(candidates.items())), 4, seed=7)
    assert chosen == sorted(chosen)
    assert len({(name, change.line) for name, change in chosen}) == 4
    assert chosen != sample(candidates, 4, seed=8)
    assert len(sample(candidates, 100, seed=7)) == 6
