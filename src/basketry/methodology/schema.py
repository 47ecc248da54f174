"""The JSON Schema of a methodology file, for editors that complete and check as one types."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, TypeAdapter

from basketry.core.restatement import RestateLevels
from basketry.core.rule import Registry, schema_of
from basketry.core.time import format_duration
from basketry.methodology.capping import CAPPING
from basketry.methodology.cash import Cash
from basketry.methodology.methodology import FORMAT
from basketry.methodology.returns import RETURNS
from basketry.methodology.rulebook import REQUIRED, VERSIONED
from basketry.methodology.schedule import CalculationCalendar, Review, Schedule
from basketry.methodology.sections import (
    Base,
    EventPolicy,
    Guard,
    Missing,
    Override,
    Publish,
    VersionNote,
)
from basketry.methodology.select import Selection
from basketry.methodology.selection import SELECTION
from basketry.methodology.triggers import TRIGGERS
from basketry.methodology.turnover_limit import TurnoverLimit
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.weighting import WEIGHTING
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES


def methodology_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a methodology file.

    >>> methodology_schema()["properties"]["basketry"]
    {'const': 1, 'description': 'Version of the file format.'}
    """
    rebalance = _model(Schedule)
    rebalance["properties"]["triggers"] = {"type": "array", "items": _entry(TRIGGERS)}
    version = _model(VersionNote)
    properties: dict[str, Any] = {
        "basketry": {"const": FORMAT, "description": "Version of the file format."},
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "symbol": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"},
        "description": {"type": "string"},
        "administrator": {"type": "string"},
        "base": _model(Base),
        "currency": {"type": "string", "default": "USD"},
        "parents": {
            "type": "array",
            "items": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]},
            "description": "Other indices among or outside whose members it chooses: their files, or their rulebooks.",
        },
        "universe": {"type": "array", "items": _entry(UNIVERSE)},
        "select": _select(),
        "weight": _weight(),
        "rebalance": rebalance,
        "review": _model(Review),
        "prices": _prices(),
        "calculate": _model(CalculationCalendar),
        "missing": _model(Missing),
        "guard": _model(Guard),
        "events": _model(EventPolicy),
        "returns": {"type": "array", "items": _entry(RETURNS), "minItems": 1},
        "publish": _model(Publish),
        "restate": _model(RestateLevels),
        "overrides": {"type": "array", "items": _model(Override)},
        "versions": {"type": "array", "items": version},
    }
    version["properties"]["changes"] = {
        "type": "object",
        "properties": {key: properties[key] for key in VERSIONED if key in properties},
        "additionalProperties": False,
    }
    whole: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "basketry methodology",
        "type": "object",
        "properties": properties,
        "required": list(REQUIRED),
        "additionalProperties": False,
    }
    _as_written(whole)
    definitions: dict[str, Any] = {}
    _gather(whole, definitions)
    return {**whole, "$defs": definitions}


def _as_written(schema: Any) -> None:
    """Write the defaults of durations as a methodology file does: 3d, not P3D."""
    if isinstance(schema, dict):
        default = schema.get("default")
        if isinstance(default, str) and re.match(r"^P(\d|T)", default):
            schema["default"] = format_duration(TypeAdapter(timedelta).validate_python(default))
        for part in schema.values():
            _as_written(part)
    elif isinstance(schema, list):
        for part in schema:
            _as_written(part)


def _gather(schema: Any, definitions: dict[str, Any]) -> None:
    """Move the definitions of parts to the whole, where references look for them."""
    if isinstance(schema, dict):
        definitions |= schema.pop("$defs", {})
        for part in schema.values():
            _gather(part, definitions)
    elif isinstance(schema, list):
        for part in schema:
            _gather(part, definitions)


def _model(model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    schema["description"] = (model.__doc__ or "").strip().splitlines()[0]
    return schema


def _entry(registry: Registry[Any]) -> dict[str, Any]:
    """Return the schema of one rule: its bare name, or its name with parameters."""
    return {"anyOf": [{"enum": list(registry.rules)}, registry.schema()]}


def _prices() -> dict[str, Any]:
    schema = _model(PriceRules)
    schema["properties"]["rate"] = _entry(RATES)
    return schema


def _select() -> dict[str, Any]:
    schema = _model(Selection)
    own = {name: value for name, value in schema["properties"].items() if name != "method"}
    own["by"]["default"] = "market_cap"
    own["first"] = {"anyOf": [own["first"]["items"], {**own["first"], "minItems": 1}]}
    return {
        "type": "object",
        "description": schema["description"],
        "properties": {**own, **SELECTION.named_schemas()},
        "required": ["by"],
        "additionalProperties": False,
        "$defs": schema.get("$defs", {}),
    }


def _weight() -> dict[str, Any]:
    caps = {
        **CAPPING.named_schemas(),
        "shortage": {"enum": ["equal", "refuse"], "default": "equal"},
        Cash.name: schema_of(Cash),
        TurnoverLimit.name: schema_of(TurnoverLimit),
    }
    choices: list[dict[str, Any]] = []
    for name, rule in WEIGHTING.rules.items():
        body = rule.model_json_schema()
        # Beside `by: fixed` weights are not stated twice.
        beside = {key: schema for key, schema in caps.items() if key != name}
        choices.append(
            {
                "type": "object",
                "description": (rule.__doc__ or "").strip().splitlines()[0],
                "properties": {"by": {"const": name}, **body.get("properties", {}), **beside},
                "required": ["by", *body.get("required", [])],
                "additionalProperties": False,
            }
        )
    return {"anyOf": [{"enum": list(WEIGHTING.rules)}, *choices]}
