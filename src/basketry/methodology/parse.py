"""YAML 1.2 read strictly: plain mappings, lists and scalars, with the line of each; nothing that can be abused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import takewhile
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from basketry.core.errors import MethodologyError
from basketry.core.wrong_values import number_to_write

SIZE_MAX = 262_144
DEPTH_MAX = 24
NODES_MAX = 50_000

_TAG = "tag:yaml.org,2002:"
Path = tuple[str | int, ...]

_NUMBER = re.compile(r"[+-]?\d[\d_]*", re.ASCII)
_WITH_COMMAS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", re.ASCII)


@dataclass(frozen=True)
class Document:
    """A parsed file: its plain value, and the line (from 1) on which each part starts."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int | None:
        """Return the line of a part, or of the nearest part that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def parse_yaml(text: str) -> Any:
    """Return the plain value of a YAML 1.2 text: mappings with text keys, lists, numbers, texts, dates.

    YAML 1.2 reads `on` and `NO` as texts, where YAML 1.1 reads booleans.

    >>> parse_yaml("on: [NO, 10_000, 2015-01-01, yes]")
    {'on': ['NO', 10000, datetime.date(2015, 1, 1), 'yes']}
    """
    return parse_document(text).value


def parse_document(text: str) -> Document:
    """Return the value of a YAML text with its line numbers.

    Raises:
        MethodologyError: Not YAML, larger than 256 KiB, nested deeper than 24, a duplicate or non-text key,
            an anchor, alias or tag (a rulebook needs none, and they can hide a small file's explosion).
    """
    if len(text.encode()) > SIZE_MAX:
        raise MethodologyError(f"the file is larger than {SIZE_MAX // 1024} KiB; a rulebook is a few KiB")
    reader = YAML(typ="safe", pure=True)
    try:
        root = reader.compose(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MethodologyError(f"line {line}: not valid YAML: {error.problem}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise MethodologyError(f"not valid YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise MethodologyError("the file is empty")
    builder = _Builder()
    return Document(builder.build(root, ()), builder.lines)


class _Builder:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.nodes = 0

    def build(self, node: Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.nodes += 1
        if self.nodes > NODES_MAX or len(path) > DEPTH_MAX:
            raise MethodologyError(
                f"line {line}: the file has over {NODES_MAX} parts or is nested over {DEPTH_MAX} deep"
            )
        if node.anchor is not None:
            raise MethodologyError(f"line {line}: anchors and aliases (& and *) are not allowed; write it out")
        self.lines.setdefault(path, line)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            self._plain_tag(node, "seq", line)
            for place, item in enumerate(node.value[1:]):
                # 000 after a number shows that they are one; the second of [1, 500] shows nothing.
                if node.flow_style and _plain(item) and re.fullmatch(r"0\d\d", item.value):
                    _refuse_commas(node.value[place], node.value[place + 1 :], (*path, place))
            return [self.build(item, (*path, place)) for place, item in enumerate(node.value)]
        if _plain(node) and _WITH_COMMAS.fullmatch(node.value):
            _refuse_number(node.value.split(","), path, line)
        return _scalar(node, line)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        self._plain_tag(node, "map", node.start_mark.line + 1)
        result: dict[str, Any] = {}
        if node.flow_style:
            for place, (key_node, value_node) in enumerate(node.value):
                bare = takewhile(lambda entry: entry[1].value == "", node.value[place + 1 :])
                _refuse_commas(value_node, (key for key, _ in bare), (*path, str(key_node.value)))
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key: Any = _scalar(key_node, line) if isinstance(key_node, ScalarNode) else None
            if isinstance(key, date | int | float) and not isinstance(key, bool):
                key = key_node.value
            if not isinstance(key, str):
                raise MethodologyError(f"line {line}: a key must be a text")
            if key in result:
                raise MethodologyError(f"line {line}: the key {key!r} stands twice")
            self.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    @staticmethod
    def _plain_tag(node: Node, kind: str, line: int) -> None:
        if node.tag != _TAG + kind:
            raise MethodologyError(f"line {line}: tags such as {node.tag} are not allowed")


def _plain(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style


def _refuse_commas(value: Node, rest: Iterable[Node], path: Path) -> None:
    """Raise MethodologyError where a value and the entries after it are one number, written with commas."""
    if not (_plain(value) and _NUMBER.fullmatch(value.value)):
        return
    digits = takewhile(lambda node: _plain(node) and node.value.isdecimal(), rest)
    groups = [node.value for node in digits]
    thousands = bool(groups) and all(len(group) == 3 for group in groups)
    if thousands or (len(groups) == 1 and len(groups[0]) < 3):
        _refuse_number([value.value, *groups], path, value.start_mark.line + 1)


def _refuse_number(groups: Sequence[str], path: Path, line: int) -> None:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    text = ",".join(groups)
    raise MethodologyError(
        f"line {line}: {where}: {text} is no number: write {number_to_write(text)}; a comma separates entries in braces"
    )


def _scalar(node: Any, line: int) -> Any:
    kind = node.tag.removeprefix(_TAG)
    text: str = node.value
    try:
        if kind == "str":
            return text
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int":
            return int(text.replace("_", ""), 0) if not text.lstrip("+-").startswith("0") else int(text, 0)
        if kind == "float":
            return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").replace(".NaN", "nan"))
        if kind == "timestamp":
            return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except ValueError as error:
        if kind == "timestamp":
            raise MethodologyError(
                f"line {line}: {text!r} is no date: there is no such day, or it is not written as 2015-01-31"
            ) from error
        raise MethodologyError(f"line {line}: {text!r} cannot be read as {kind}; quote it if it is a text") from error
    if kind == "null":
        return None
    raise MethodologyError(f"line {line}: tags such as {node.tag} are not allowed")


def dump_yaml(value: Any) -> str:
    """Return a plain value as YAML text that `parse_yaml` reads back, keys in their order.

    >>> print(dump_yaml({"name": "NO", "cap": 0.25, "tags": ["on"]}), end="")
    name: NO
    cap: 0.25
    tags:
    - on
    """
    from io import StringIO

    writer: Any = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.sort_base_mapping_type_on_output = False
    writer.width = 100
    writer.allow_unicode = True
    stream = StringIO()
    writer.dump(value, stream)
    return stream.getvalue()
