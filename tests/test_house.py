"""The rules of the house that no other tool holds: purity, small documented modules, clean requirements and files."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from basketry.core.version import VERSION
from basketry.methodology.parse import parse_yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "basketry"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "examples" not in path.relative_to(SOURCE).parts)
PURE = ("core", "market", "reference", "methodology", "index", "tracking", "evaluation")
PURE_MODULES = [path for path in MODULES if path.relative_to(SOURCE).parts[0] in PURE]
LINES_MAX = 450

# What the shell does and the core may not: reach for the world instead of getting it as an argument.
# fmt: off
WORLDLY_MODULES = frozenset({
    "fsspec", "ftplib", "getpass", "glob", "http", "httpx", "logging", "multiprocessing", "random", "requests",
    "secrets", "shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading",
    "time", "urllib", "uuid",
})
WORLDLY_NAMES = frozenset({"open", "input", "print", "eval", "exec", "breakpoint"})
WORLDLY_ATTRIBUTES = frozenset({
    "now", "utcnow", "today", "getenv", "environ", "urandom", "open", "read_text", "write_text", "read_bytes",
    "write_bytes", "unlink", "mkdir", "read_parquet", "write_parquet", "scan_parquet", "read_csv", "scan_csv",
    "fromfile", "tofile", "savez", "savetxt", "loadtxt",
})
# fmt: on
# A panel has an instant called now, and a clock passed as an argument may be asked; the classes may not.
CLOCKS = frozenset({"datetime", "date", "dt", "pd", "Timestamp"})
SEEDED = frozenset({"Generator", "SeedSequence", "PCG64", "PCG64DXSM", "Philox", "BitGenerator"})
# The one place below the shell that opens what its caller names: `Methodology.load(path)`.
READS_ITS_ARGUMENT = {("methodology/methodology.py", "read_text")}


def worldly(tree: ast.Module, name: str = "") -> Iterator[str]:
    """What a module does that is not pure, with its lines."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            level = getattr(node, "level", 0)
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names]
            for module in names:
                if not level and module.split(".")[0] in WORLDLY_MODULES:
                    yield f"line {line}: imports {module}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLDLY_NAMES:
            yield f"line {line}: calls {node.func.id}()"
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if owner.endswith(("np.random", "numpy.random")):
                if node.attr not in {*SEEDED, "default_rng"}:
                    yield f"line {line}: uses {owner}.{node.attr}, whose seed is global"
            elif node.attr in {"now", "today", "utcnow"}:
                if owner.split(".")[-1] in CLOCKS:
                    yield f"line {line}: asks the clock with {owner}.{node.attr}"
            elif node.attr in WORLDLY_ATTRIBUTES and (name, node.attr) not in READS_ITS_ARGUMENT:
                yield f"line {line}: uses {owner}.{node.attr}"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng") and not node.args:
            yield f"line {line}: makes a generator without a seed"
        # Without a file, write_csv returns the text.
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".write_csv") and node.args:
            yield f"line {line}: writes a file with {ast.unparse(node.func)}"


@pytest.mark.parametrize("path", PURE_MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_below_the_shell_all_is_pure(path: Path) -> None:
    found = list(worldly(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(SOURCE).as_posix()))
    assert not found, f"{path.relative_to(ROOT)}: {found}; take it as an argument, or move it to a shell layer"


@pytest.mark.parametrize(
    "fault",
    [
        "import time",
        "from urllib.request import urlopen",
        "import os; os.environ['A']",
        "open('x')",
        "from pathlib import Path; Path('x').write_text('')",
        "from datetime import datetime; datetime.now()",
        "import datetime; datetime.date.today()",
        "import numpy as np; np.random.normal()",
        "import numpy as np; np.random.default_rng()",
        "import polars as pl; pl.read_parquet('x')",
        "def f(frame): frame.write_csv('x')",
        "def f():\n    import socket",
    ],
)
def test_a_fault_against_purity_is_seen(fault: str) -> None:
    assert list(worldly(ast.parse(fault)))


def test_what_is_pure_is_left_alone() -> None:
    text = "import numpy as np\nfrom datetime import datetime\nfrom os import PathLike\n"
    text += (
        "def f(panel, seed, clock): return panel.now, clock.now(), np.random.default_rng(seed), datetime(2020, 1, 1)"
    )
    assert not list(worldly(ast.parse(text)))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_module_is_documented_and_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "say in one sentence what the module is"
    lines = text.count("\n")
    assert lines < LINES_MAX, f"{lines} lines; there is a second idea in it that wants a module of its own"


def files() -> list[Path]:
    """The files of the project: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listing.returncode:
        pytest.skip("not a git checkout, so the project's files are not known")
    return [path for name in listing.stdout.splitlines() if (path := ROOT / name).is_file()]


def registry_hosts() -> set[str]:
    """The host names of the package registries, as pip knows them."""
    from pip._internal.models.index import PyPI, TestPyPI

    return {host for index in (PyPI, TestPyPI) for host in (index.netloc, index.file_storage_domain)}


def test_no_file_names_a_registry_or_this_machine_or_leaves_work_undone() -> None:
    places = {f"{ROOT.as_posix()}/", f"{Path.home().as_posix()}/"}
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    found = []
    for path in files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {word}" for word in registry_hosts() | places if word in text]
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in words.finditer(text)]
    assert not found


def pins(name: str) -> dict[str, str]:
    """The pinned versions of a requirements file, every one of which must have a hash."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *options = entry.split()
        package, _, version = requirement.partition("==")
        assert version, f"{name}.txt: {requirement} is not pinned"
        assert options, f"{name}.txt: {requirement} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", option) for option in options), (name, requirement)
        found[canonicalize_name(package)] = version
    return found


def wanted(name: str) -> set[str]:
    """The packages that an .in file asks for, with those of the files that it includes."""
    found: set[str] = set()
    for line in (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= wanted(line[3:].removesuffix(".in"))
        elif line and not line.startswith("#"):
            found.add(canonicalize_name(Requirement(line).name))
    return found


@pytest.mark.parametrize("name", ["uv", "dev", "bench"])
def test_requirements_are_pinned_with_hashes_and_without_addresses(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--extra-index|--find-links|--trusted|file:|^#", text, re.MULTILINE)
    assert wanted(name) <= pins(name).keys()


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def dependencies() -> list[Requirement]:
    table = project()
    extras = table["optional-dependencies"]
    assert isinstance(table["dependencies"], list)
    assert isinstance(extras, dict)
    return [Requirement(text) for texts in (table["dependencies"], *extras.values()) for text in texts]


@pytest.mark.parametrize("name", ["dev", "bench"])
def test_the_pins_are_those_of_the_package(name: str) -> None:
    pinned = pins(name)
    for requirement in dependencies():
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement
    assert wanted("runtime") == {canonicalize_name(requirement.name) for requirement in dependencies()}


def test_the_version_is_one() -> None:
    assert project()["version"] == VERSION
    assert f"## {VERSION} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_make_target_that_is_spoken_of_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"demo", "test", "lint", "bench", "docs", "serve"} <= targets
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / ".ci" / "run"):
        spoken = set(re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf-8")))
        assert spoken <= targets, page


def test_a_methodology_is_yaml_1_2() -> None:
    assert parse_yaml("on: first_day\nassets: [NO, yes, off]") == {"on": "first_day", "assets": ["NO", "yes", "off"]}


def test_decisions_are_short_and_numbered() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.count("\n") <= 25, page.name
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], page.name


def test_the_rule_in_contributing_works_and_keeps_the_contract(tmp_path: Path) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    named = re.search(r"src/basketry/methodology/weighting/(\w+)\.py", page)
    assert code
    assert named
    rule = named[1]
    (tmp_path / f"{rule}.py").write_text(code[1], encoding="utf-8")
    # As a plugin it registers before the contract tests are collected, as a file of the package would.
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:randomly", "-p", rule]
    files = [str(ROOT / "tests" / "contract" / f"test_{name}.py") for name in ("weighting_rules", "reads")]
    contract = [f"{tmp_path / rule}.py", *files, "-k", rule]
    run = subprocess.run(
        [*command, *contract], cwd=ROOT, env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}", "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    assert int(re.findall(r"(\d+) passed", run.stdout)[0]) >= 13
