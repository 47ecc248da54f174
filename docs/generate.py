"""The pages of the reference that are written from the code."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import typer
from griffe import Docstring, DocstringSectionKind
from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.testing import CliRunner

import basketry
from basketry import methodology
from basketry.cli.main import app
from basketry.core import frames
from basketry.core.restatement import RestateLevels
from basketry.core.rule import Registry, Rule
from basketry.core.time import format_duration
from basketry.disk.whole import write_whole
from basketry.jobs.new import examples, replicas
from basketry.methodology import buffers, cash, ranking, sections, select, stages, turnover_limit
from basketry.methodology.schedule import calculation, review, schedule
from basketry.methodology.schema import methodology_schema
from basketry.reference import health, paths, price_rules
from basketry.reference import tables as price_tables
from basketry.reference.rate import RATES
from basketry.tracking.policies import POLICIES
from basketry.tracking.sampling import SAMPLERS

PACKAGE = Path(basketry.__file__).parent
TYPER = typer.Typer(pretty_exceptions_enable=False)


def generate(folder: Path) -> list[Path]:
    """Write every generated page under a folder and return their paths."""
    pages = {
        "commands.md": commands(),
        "methodology-file.md": methodology_file(),
        **{f"rules/{group}.md": rules(registry) for group, registry in registries().items()},
        "tables.md": tables(),
        "examples.md": example_files(),
        "python/basketry.md": public_names(),
        **{f"python/basketry.{layer}.md": layer_page(layer) for layer in layers()},
    }
    for name, text in pages.items():
        write_whole(folder / name, text.encode())
    return [folder / name for name in pages]


def commands() -> str:
    """Return the page of the command line, as Typer documents it."""
    from typer.cli import app as documenter

    run = CliRunner().invoke(documenter, ["basketry.cli.main", "utils", "docs", "--name", "basketry"])
    if run.exit_code:
        raise RuntimeError(f"typer could not document {app.info.name}: {run.output}")
    return run.output.replace("# `basketry`\n", "# Commands\n", 1)


def registries() -> dict[str, Registry[Any]]:
    """Return the registries of rules by group."""
    found: dict[str, Registry[Any]] = {registry.group: registry for registry in (RATES, POLICIES, SAMPLERS)}
    for module in pkgutil.iter_modules(methodology.__path__, f"{methodology.__name__}."):
        if module.ispkg:
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Registry):
                    found[value.group] = value
    return found


def rules(registry: Registry[Any]) -> str:
    """Return the page of one registry: each rule with its formula, parameters and source."""
    page = [f"# {registry.kind.capitalize()}s", ""]
    summary = inspect.getdoc(importlib.import_module(registry.package)) or ""
    page += [summary, ""]
    for name, rule in registry.rules.items():
        page += [*_rule(name, rule), ""]
    return "\n".join(page)


def _rule(name: str, rule: type[Rule]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    yield from _prose(rule)
    if rule.formula:
        yield from ("```text", rule.formula, "```", "")
    yield from _parameters(rule)
    if rule.shorthand:
        yield from (f"A bare value after `{name}:` is taken as `{rule.shorthand}`.", "")
    if rule.source:
        yield f"*Source: {rule.source}.*"


def methodology_file() -> str:
    """Return the page of the methodology file: every top-level key and the parameters under it."""
    schema = methodology_schema()
    page = [
        "# The methodology file",
        "",
        "One YAML 1.2 file. Unknown keys are refused; anchors, aliases and tags are not allowed.",
        "`basketry index check FILE --schema SCHEMA.json` writes the JSON Schema for editors.",
        "Required: " + ", ".join(f"`{key}`" for key in schema["required"]) + ".",
        "",
    ]
    for key, entry in schema["properties"].items():
        page += [f"## {key}", ""]
        model, groups = MODELS.get(key), RULES_UNDER.get(key, ())
        if model is not None:
            page += [*_prose(model), *_parameters(model)]
        for part, nested in NESTED.get(key, {}).items():
            page += [f"### {key}.{part}", "", *_prose(nested), *_parameters(nested)]
        if groups:
            page += ["Rules: " + ", ".join(f"[{group}](rules/{group}.md)" for group in groups) + ".", ""]
        if model is None and not groups:
            default = f", `{entry['default']}` unless given" if "default" in entry else ""
            page += [f"{entry.get('description') or PLAIN[key]} ({_kind(entry)}{default})", ""]
    return "\n".join(page)


MODELS: Mapping[str, type[BaseModel]] = {
    "base": sections.Base,
    "select": select.Selection,
    "rebalance": schedule.Schedule,
    "review": review.Review,
    "calculate": calculation.CalculationCalendar,
    "missing": sections.Missing,
    "guard": sections.Guard,
    "events": sections.EventPolicy,
    "publish": sections.Publish,
    "restate": RestateLevels,
    "prices": price_rules.PriceRules,
    "overrides": sections.Override,
    "versions": sections.VersionNote,
}
NESTED: Mapping[str, Mapping[str, type[BaseModel]]] = {
    "select": {
        "first": stages.Stage,
        "by": ranking.Figure,
        "by.mean_rank": ranking.MeanRank,
        "buffer": buffers.Buffer,
        "buffer.exceed": buffers.Exceed,
    },
    "weight": {"cash": cash.Cash, "turnover": turnover_limit.TurnoverLimit},
    "prices": {"health": health.Health, "conversion": paths.Conversion, "fallback": price_rules.Fallback},
}
PLAIN: Mapping[str, str] = {
    "name": "The index in full.",
    "symbol": "Its short name, which also names its folder: letters, digits, dot, underscore, hyphen.",
    "description": "What it measures, for the documents.",
    "administrator": "Who is responsible for it, for the documents.",
    "parents": "Other indices, among or outside whose members it chooses: files of their rulebooks, or these.",
    "currency": "Currency of prices and capitalisations in the data.",
}
RULES_UNDER: Mapping[str, tuple[str, ...]] = {
    "universe": ("universe",),
    "select": ("selection",),
    "weight": ("weighting", "capping"),
    "rebalance": ("triggers",),
    "returns": ("returns",),
    "prices": ("rates",),
}


def tables() -> str:
    """Return the page of the declared tables: columns, types, units and keys."""
    page = ["# Tables", "", "Types are those of Polars; instants are UTC in microseconds.", ""]
    declared = (*vars(frames).values(), *vars(price_tables).values())
    for schema in (value for value in declared if isinstance(value, frames.Schema)):
        page += [
            f"## {schema.name}",
            "",
            schema.summary,
            "",
            "| column | type | unit or meaning | may be null |",
        ]
        page += ["|---|---|---|---|"]
        for name, column in schema.columns.items():
            null = "yes" if column.nullable else ""
            page.append(f"| {name} | {_cell(str(column.dtype))} | {_cell(column.unit)} | {null} |")
        key = ", ".join(f"`{name}`" for name in schema.key)
        page += ["", *([f"A row is unique by {key}.", ""] if key else [])]
    return "\n".join(page)


def example_files() -> str:
    """Return the page with the example methodologies."""
    page = [
        "# Example methodologies",
        "",
        "`basketry index new FILE --example NAME` writes one to start from.",
        "",
    ]
    for name, text in {**examples(), **replicas()}.items():
        page += [f"## {name}", "", "```yaml", text.rstrip(), "```", ""]
    return "\n".join(page)


def public_names() -> str:
    """Return the page of `import basketry as bk`: every public name with its first line and a link."""
    page = ["# import basketry as bk", "", "| name | what it is |", "|---|---|"]
    for name in basketry.__all__:
        value = getattr(basketry, name)
        if name == "__version__":
            page.append(f"| `bk.{name}` | Version of the package. |")
            continue
        first = (inspect.getdoc(value) or "").splitlines()[0]
        page.append(f"| [`bk.{name}`][{value.__module__}.{value.__qualname__}] | {_cell(first)} |")
    return "\n".join([*page, ""])


def layers() -> list[str]:
    """Return the packages that are documented module by module; `commands` documents the command line."""
    return sorted(m.name for m in pkgutil.iter_modules([str(PACKAGE)]) if m.ispkg and m.name != "cli")


def layer_page(layer: str) -> str:
    """Return the page of one package, for mkdocstrings to fill with its public names and docstrings."""
    ruled = {registry.package for registry in registries().values()}
    page = [f"# basketry.{layer}", ""]
    for module in pkgutil.walk_packages([str(PACKAGE / layer)], f"basketry.{layer}."):
        private = any(part.startswith("_") for part in module.name.split("."))
        if private or module.name.rpartition(".")[0] in ruled:
            continue
        page += [f"::: {module.name}", ""]
    return "\n".join(page)


def _prose(model: type[BaseModel]) -> Iterator[str]:
    """Yield what a docstring says outside its sections and examples."""
    for section in _sections(model):
        if section.kind is DocstringSectionKind.text:
            text = section.value.split(">>>", 1)[0].strip()
            if text:
                yield from (text, "")


def _parameters(model: type[BaseModel]) -> Iterator[str]:
    described: dict[str, str] = {}
    for parent in reversed(model.__mro__):
        described |= _described(parent)
    schema = model.model_json_schema(by_alias=True)
    # Of a model that may also be written as a bare value, the mapping.
    properties = next(choice["properties"] for choice in [schema, *schema.get("anyOf", [])] if "properties" in choice)
    fields = {name: field for name, field in model.model_fields.items() if not _is_rule(field.annotation)}
    if not fields:
        yield from ("No parameters.", "")
        return
    yield from ("| parameter | value | default | meaning |", "|---|---|---|---|")
    for name, field in fields.items():
        key = field.alias or name
        kind = _cell(_kind(properties[key], schema.get("$defs", {})))
        default = _default(field.get_default(call_default_factory=True, validated_data={}))
        yield f"| {key} | {kind} | {_cell(default)} | {_cell(described.get(name, ''))} |"
    yield ""


def _is_rule(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Rule)


def _described(model: type) -> dict[str, str]:
    """Return what a class's docstring says about each attribute."""
    return {
        attribute.name: " ".join(attribute.description.split())
        for section in _sections(model)
        if section.kind is DocstringSectionKind.attributes
        for attribute in section.value
    }


def _sections(model: type) -> list[Any]:
    return list(Docstring(inspect.cleandoc(model.__dict__.get("__doc__") or "")).parse("google"))


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if value is None or value == () or value == []:
        return "none"
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, time):
        return f"`{value:%H:%M}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _kind(schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> str:
    """Return in words what a JSON Schema allows."""
    known = definitions or {}
    if "$ref" in schema:
        schema = known.get(schema["$ref"].rpartition("/")[2], {})
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "null":
        return "nothing else"
    if "enum" in schema:
        values = [f"`{value}`" for value in schema["enum"]]
        return " or ".join(values) if len(values) <= 8 else f"a word such as {values[0]}"
    if "anyOf" in schema:
        kinds = [_kind(choice, known) for choice in schema["anyOf"] if choice.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), known)}"
    if "properties" in schema:
        return "mapping of " + ", ".join(schema["properties"])
    if isinstance(schema.get("additionalProperties"), dict):
        return f"mapping of names to {_kind(schema['additionalProperties'], known)}"
    return " ".join(word for word in _words(schema) if word)


def _words(schema: Mapping[str, Any]) -> Iterable[str]:
    names = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}
    if schema.get("format") == "date":
        yield "date"
    elif str(schema.get("pattern", "")).endswith("(w|d|h|m|s)$"):
        yield "duration"
    else:
        yield names.get(schema.get("type", ""), "value")
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    yield ", ".join(f"{sign} {schema[bound]:g}" for bound, sign in signs.items() if bound in schema)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()
