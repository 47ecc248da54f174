"""What every rule is: a frozen set of parameters with a name, a sentence, a formula and a source."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from basketry.core.errors import MethodologyError, UnknownRuleError, nearest_hint
from basketry.core.refusals import read_model
from basketry.core.time import format_duration, parse_duration

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(w|d|h|m|s)$", "examples": ["30d", "12h"]}),
]
"""A length of time written as 30d, 12h, 15m, 10s or 2w."""


@dataclass(frozen=True)
class Reads:
    """What a rule reads of the data, by name, beside which assets there are.

    Attributes:
        fields: Fields and metrics of the data without which the rule cannot be asked.
        figures: The same, or figures derived from fields such as return_90d.
        optional: Fields that are read where the data hold them, and done without where not.
        facts: Classifications read, tag or sector, each with the values that the rule names.
        rates: Interest and exchange rates.
        interest: Those of the rates that are read as fractions a year.
        assets: Assets that the rule names.
    """

    fields: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rates: tuple[str, ...] = ()
    interest: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()


class Rule(BaseModel):
    """Parameters of one rule; subclasses say what they compute.

    Attributes:
        name: The word that names the rule in a methodology file; set by the registry.
        shorthand: The field that takes a bare value, as in `exclude_tags: [stablecoin]`; '' for none.
        formula: The rule as one formula in plain Unicode text; '' where words suffice.
        source: Author or provider, year, and where the rule is stated.
    """

    model_config = ConfigDict(
        defer_build=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    name: ClassVar[str] = ""
    shorthand: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @property
    def reads(self) -> Reads:
        """What the rule reads of the data; nothing unless a rule says so."""
        return Reads()

    def doubt(self) -> str | None:
        """Return in words what the parameters give that may not be meant, None where there is nothing."""
        return None

    def words(self) -> str:
        """Return the rule as one sentence of a methodology document, with its parameters."""
        raise NotImplementedError(f"{type(self).__name__} must say itself in words")

    @classmethod
    def keys(cls) -> list[str]:
        """Return the words for the parameters in a methodology file."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    def equation(self) -> str:
        """Return the formula as the parameters make it; the common one where they change nothing."""
        return self.formula

    def parameters(self) -> dict[str, Any]:
        """Return the parameters that differ from their defaults, as plain values for YAML and JSON."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def entry(self) -> Any:
        """Return what stands after the rule's name in a methodology file."""
        values = self.parameters()
        return values[self.shorthand] if list(values) == [self.shorthand] else values


R = TypeVar("R", bound=Rule)


class Registry(Generic[R]):
    """The rules of one kind by name: each module of a package, and the entry points `basketry.<group>`."""

    def __init__(self, kind: str, group: str, package: str) -> None:
        self.kind = kind
        self.group = group
        self.package = package
        self._rules: dict[str, type[R]] = {}

    def register(self, name: str) -> Callable[[type[R]], type[R]]:
        """Return a class decorator that enters a rule under a name.

        Raises:
            ValueError: The name is taken.
        """

        def enter(rule: type[R]) -> type[R]:
            taken = self._rules.get(name)
            if taken is not None and taken.__qualname__ != rule.__qualname__:
                raise ValueError(f"{self.kind} {name!r} is registered twice: {taken} and {rule}")
            rule.name = name
            self._rules[name] = rule
            return rule

        return enter

    @cached_property
    def _modules(self) -> frozenset[str]:
        found = pkgutil.iter_modules(importlib.import_module(self.package).__path__)
        return frozenset(module.name for module in found if not module.name.startswith("_"))

    @cached_property
    def rules(self) -> Mapping[str, type[R]]:
        """Every rule by name, in alphabetical order; the first look imports them."""
        for module in sorted(self._modules):
            importlib.import_module(f"{self.package}.{module}")
        # Loaded late, as most who look at a rule know its name.
        from importlib.metadata import entry_points

        for point in entry_points(group=f"basketry.{self.group}"):
            point.load()
        return dict(sorted(self._rules.items()))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def find(self, name: str) -> type[R] | None:
        """Return the rule of a name, None where there is none; a rule in a module of its name is imported alone."""
        if name not in self._rules and name in self._modules:
            importlib.import_module(f"{self.package}.{name}")
        return self._rules[name] if name in self._rules else self.rules.get(name)

    def get(self, name: str) -> type[R]:
        """Return the rule of a name, or raise UnknownRuleError with the nearest one."""
        found = self.find(name)
        if found is None:
            raise UnknownRuleError(
                f"unknown {self.kind} {name!r}{nearest_hint(name, self.rules)}; known: {', '.join(self.rules)}"
            )
        return found

    def build(self, name: str, value: Any) -> R:
        """Return the rule of a name with what stands after the name in a methodology file.

        `value` is a mapping of parameters, nothing, or the bare value of the rule's shorthand.

        Raises:
            UnknownRuleError: No rule has the name.
            MethodologyError: A parameter is unknown, missing or out of range.
        """
        return built(self.get(name), value)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of one entry `name: parameters`."""
        choices = []
        for name, rule in self.rules.items():
            choices.append(
                {
                    "type": "object",
                    "properties": {name: schema_of(rule)},
                    "required": [name],
                    "additionalProperties": False,
                }
            )
        return {"oneOf": choices}

    def named_schemas(self) -> dict[str, Any]:
        """Return by name the JSON Schema of what stands after the name of a rule."""
        return {
            name: choice["properties"][name] for name, choice in zip(self.rules, self.schema()["oneOf"], strict=True)
        }


def built(rule: type[R], value: Any) -> R:
    """Return a rule with what stands after its name in a methodology file, as `Registry.build` does.

    Raises:
        MethodologyError: A parameter is unknown, missing or out of range.
    """
    name = rule.name
    written = value if isinstance(value, Mapping) else ()
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        if not rule.shorthand:
            raise MethodologyError(
                f"{name}: expected parameters in braces, as in {name}: {{...}}; "
                f"parameters: {', '.join(rule.keys()) or 'none'}"
            )
        value = {rule.shorthand: value}
    hidden = rule.shorthand and (rule.model_fields[rule.shorthand].alias or rule.shorthand)
    of = f"parameters of {name}"
    try:
        return read_model(rule, value, name, "parameter", of, "" if hidden in written else hidden)
    except MethodologyError as error:
        raise error.retold(lambda words: words if words.startswith(name) else f"{name}: {words}") from error


def schema_of(rule: type[Rule]) -> dict[str, Any]:
    """Return the JSON Schema of what stands after the name of a rule."""
    body: dict[str, Any] = rule.model_json_schema()
    body["description"] = (rule.__doc__ or "").strip().splitlines()[0]
    return {"anyOf": [body, body["properties"][rule.shorthand]]} if rule.shorthand else body
