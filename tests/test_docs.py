"""The documentation is complete: every command, rule, table, public name and module is in it, and the site builds."""

import doctest
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer

import basketry
from basketry.cli.main import app
from basketry.core import frames
from basketry.jobs.new import examples, replicas
from basketry.methodology.schema import methodology_schema
from basketry.reference import tables as price_tables

DOCS = Path(__file__).resolve().parents[1] / "docs"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    return load("generate")


@pytest.fixture(scope="module")
def pages(generate: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("reference")
    paths = generate.generate(folder)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def headings(page: str) -> set[str]:
    return {line.lstrip("#").strip().strip("`") for line in page.splitlines() if line.startswith("##")}


def command_names(command: Any, path: str) -> Iterator[str]:
    for name, inner in getattr(command, "commands", {}).items():
        yield f"{path} {name}"
        yield from command_names(inner, f"{path} {name}")


def test_every_command_is_documented(pages: dict[str, str]) -> None:
    names = set(command_names(typer.main.get_command(app), "basketry"))
    assert "basketry index run" in names
    assert names <= headings(pages["commands.md"])


def test_every_rule_is_documented_with_all_its_parameters(generate: ModuleType, pages: dict[str, str]) -> None:
    registries = generate.registries()
    rulebook = {"universe", "selection", "weighting", "capping", "triggers", "returns"}
    assert registries.keys() == rulebook | {"rates", "policies", "samplers"}
    for group, registry in registries.items():
        page = pages[f"rules/{group}.md"]
        assert headings(page) == set(registry.rules)
        for name, rule in registry.rules.items():
            part = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
            rows = re.findall(r"^\| (\w+) \| ([^|]+)\| ([^|]+)\|", part, re.MULTILINE)
            assert [row[0] for row in rows if row[0] != "parameter"] == [
                field.alias or key for key, field in rule.model_fields.items()
            ], name
            assert all(kind.strip() not in ("", "value") for _, kind, _ in rows[1:]), (name, rows)


def test_every_key_of_a_methodology_file_is_documented(pages: dict[str, str]) -> None:
    found = headings(pages["methodology-file.md"])
    assert {key.partition(".")[0] for key in found} == set(methodology_schema()["properties"])
    assert {"prices.health", "prices.conversion", "prices.fallback"} < found


def test_every_table_and_example_is_documented(pages: dict[str, str]) -> None:
    assert headings(pages["tables.md"]) == {
        value.name
        for module in (frames, price_tables)
        for value in vars(module).values()
        if isinstance(value, frames.Schema)
    }
    assert headings(pages["examples.md"]) == {*examples(), *replicas()}


def test_every_public_name_and_module_is_documented(pages: dict[str, str]) -> None:
    assert all(f"`bk.{name}`" in pages["python/basketry.md"] for name in basketry.__all__)
    source = Path(basketry.__file__).parent
    for layer in (path.parent.name for path in source.glob("*/__init__.py") if path.parent.name != "cli"):
        page = pages[f"python/basketry.{layer}.md"]
        for path in (source / layer).glob("*.py"):
            assert path.name.startswith("_") or f"::: basketry.{layer}.{path.stem}\n" in page, path


def test_examples_in_docstrings_are_shown_as_code() -> None:
    fenced = load("doctests").fenced
    assert fenced("Say 2.") == "Say 2."
    assert fenced("Add.\n\n>>> 1 + 1\n2\n\nThat is all.") == "Add.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nThat is all."
    assert fenced(">>> a\n>>> b\n'b'") == "```pycon\n>>> a\n>>> b\n'b'\n```"


@pytest.fixture(scope="module")
def render() -> Iterator[ModuleType]:
    sys.path.insert(0, str(DOCS))
    yield load("render")
    sys.path.remove(str(DOCS))


PAGES = sorted(path for path in DOCS.rglob("*.md") if "```pycon" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_examples_in_the_pages_run(path: Path) -> None:
    blocks = re.findall(r"```pycon\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    test = doctest.DocTestParser().get_doctest("".join(blocks), {}, path.name, str(path), 0)
    said: list[str] = []
    flags = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.DocTestRunner(optionflags=flags).run(test, out=said.append)
    assert result.attempted >= len(blocks)
    assert not result.failed, "".join(said)


def test_formulas_become_mathml(render: ModuleType) -> None:
    page = render.with_mathml(
        r'<p><span class="arithmatex">\(w_i \le c\)</span> <div class="arithmatex">\[x\]</div></p>'
    )
    assert re.fullmatch(r'<p><math [^>]*display="inline".*</math> <math [^>]*display="block".*</math></p>', page)
    assert "arithmatex" not in page


def test_every_page_written_by_hand_is_in_the_navigation(render: ModuleType) -> None:
    navigation = render.navigation(DOCS, DOCS)
    assert all(f'"{path.relative_to(DOCS).as_posix()}"' in navigation for path in DOCS.rglob("*.md"))


def test_the_site_builds_without_a_broken_link_and_needs_no_other_server(render: ModuleType, tmp_path: Path) -> None:
    site: Path = render.render(tmp_path)
    assert "<math " in (site / "concepts" / "calculation.html").read_text(encoding="utf-8")
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert 'class="arithmatex"' not in text, path
        assert not re.findall(r'(?:src|<link[^>]+href)="(?:https?:)?//[^"]+"', text), path
