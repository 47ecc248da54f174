"""A methodology: the whole rulebook with all its versions, and what can be asked of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.time import MICROSECOND, local_instant, to_instant
from basketry.methodology.parents import check_parents, parents_of, with_rulebooks
from basketry.methodology.parse import SIZE_MAX, Document, dump_yaml, parse_document
from basketry.methodology.reading import Attempt, every
from basketry.methodology.reading import section as read_section
from basketry.methodology.rulebook import DEFINING, REQUIRED, VERSIONED, Rulebook, check_keys
from basketry.methodology.sections import VersionNote
from basketry.methodology.succession import succeed

FORMAT = 1
_SYMBOL = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")
_START = np.datetime64("0001-01-01", "us")
BY_INSTANT = ("prices", "calculate", "returns", "publish", "restate")
"""Sections that make or judge the level of an instant by the version in force at it, whatever basket is held."""


@dataclass(frozen=True)
class Version:
    """Rules in force from an instant until the next version starts."""

    number: int
    valid_from: np.datetime64
    note: str
    approver: str | None
    changes: Mapping[str, Any]
    rules: Rulebook


@dataclass(frozen=True)
class Methodology:
    """A rulebook as data: who is in, with which weight, when it changes.

    Make one with `Methodology.load` (a path or a mapping) or `Methodology.parse` (YAML text).

    Attributes:
        document: The rulebook as plain values, as written.
        versions: All versions in order of their dates; the first holds from the beginning.
        parents: Other indices among or outside whose members it chooses.
    """

    document: Mapping[str, Any]
    versions: tuple[Version, ...]
    parents: tuple[Methodology, ...] = ()

    @staticmethod
    def load(source: str | PathLike[str] | Mapping[str, Any] | Methodology) -> Methodology:
        """Return the methodology of a YAML file or of a mapping.

        Raises:
            MethodologyError: The file is missing or unreadable, or a rule is wrong; the message names the file,
                the line and the key.
        """
        if isinstance(source, Methodology):
            return source
        if isinstance(source, Mapping):
            try:
                return Methodology.from_document(Document(_plain(source)))
            except RecursionError as error:
                raise MethodologyError("the rulebook is nested too deep to be read") from error
        return Methodology._read(Path(source), ())

    @staticmethod
    def _read(path: Path, chain: tuple[Path, ...]) -> Methodology:
        """Return the methodology of a file; `chain` are the files of which it is a parent."""
        try:
            if path.exists() and not path.is_file():
                raise MethodologyError(f"{path}: is no file, but a folder or a device")
            if path.exists() and path.stat().st_size > SIZE_MAX:
                raise MethodologyError(f"{path}: is larger than {SIZE_MAX // 1024} KiB; a rulebook is a few KiB")
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise MethodologyError(
                f"{path}: there is no such file; write one with: basketry index new {path.name}"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise MethodologyError(f"{path}: cannot be read as a text file: {error}") from error
        return Methodology._parse(text, str(path), (*chain, path.resolve()))

    @staticmethod
    def parse(text: str, where: str = "methodology") -> Methodology:
        """Return the methodology of a YAML text; `where` names its origin in messages."""
        return Methodology._parse(text, where, ())

    @staticmethod
    def _parse(text: str, where: str, chain: tuple[Path, ...]) -> Methodology:
        try:
            parsed = parse_document(text)
        except MethodologyError as error:
            raise MethodologyError(f"{where}: {error}") from error
        try:
            document = _plain(parsed.value)
            if chain and isinstance(document, Mapping):
                document = with_rulebooks(document, chain, Methodology._read)
            return Methodology.from_document(Document(document, parsed.lines))
        except MethodologyError as error:

            def told(message: str) -> str:
                line = parsed.line(error_path(message))
                return f"{where}, line {line}: {message}" if line else f"{where}: {message}"

            ordered = sorted(error.each, key=lambda fault: parsed.line(error_path(str(fault))) or 0)
            raise MethodologyError.together(ordered).retold(told) from error

    @staticmethod
    def from_document(parsed: Document) -> Methodology:
        """Return the methodology of a parsed document."""
        document = parsed.value
        if not isinstance(document, Mapping):
            raise MethodologyError("the rulebook must be a mapping of keys such as name, base, select and weight")
        attempt = Attempt()
        attempt.read("keys", lambda: check_keys(document))
        for key, check in (("basketry", _check_format), ("name", _check_name), ("symbol", _check_symbol)):
            if document.get(key) is not None:
                attempt.read(key, partial(check, document[key]))
        attempt.read("versions", lambda: _versions(document))
        attempt.read("parents", lambda: parents_of(document, lambda entry: Methodology.from_document(Document(entry))))
        read = attempt.values()
        found = Methodology(document, read["versions"], read["parents"])
        check_parents(found)
        return found

    @property
    def name(self) -> str:
        """The index's name."""
        return str(self.document["name"])

    @property
    def symbol(self) -> str:
        """The index's symbol, which names its folder."""
        return str(self.document["symbol"])

    @property
    def currency(self) -> str:
        """The currency of its prices."""
        return str(self.document.get("currency", "USD"))

    @property
    def latest(self) -> Rulebook:
        """The rules of the newest version."""
        return self.versions[-1].rules

    @property
    def first(self) -> Rulebook:
        """The rules of the first version, in force from the beginning; they hold the sections that never change."""
        return self.versions[0].rules

    @property
    def base_instant(self) -> np.datetime64:
        """The first fixing: the base date at the schedule's fixing time and zone."""
        schedule = self.first.schedule
        return local_instant(self.first.base.date, schedule.at, schedule.zone)

    def at(self, instant: str | date | datetime | np.datetime64) -> Version:
        """Return the version in force at an instant."""
        if len(self.versions) == 1:
            return self.versions[0]
        moment = to_instant(instant)
        return next(version for version in reversed(self.versions) if version.valid_from <= moment)

    def eras(self, section: str) -> tuple[Version, ...]:
        """Return the versions that begin with another section of `BY_INSTANT` than the one before, the first included.

        Where a later version leaves the section as it is, the rules of the era hold on.
        """
        return self._eras[section]

    @cached_property
    def _eras(self) -> dict[str, tuple[Version, ...]]:
        found = {}
        for section in BY_INSTANT:
            eras = [self.versions[0]]
            for version in self.versions[1:]:
                if getattr(version.rules, section) != getattr(eras[-1].rules, section):
                    eras.append(version)
            found[section] = tuple(eras)
        return found

    def over(self, section: str, times: NDArray[np.datetime64]) -> list[tuple[slice, Rulebook]]:
        """Return places in ascending instants, one slice after the other, with the rules whose section is in force.

        >>> book = Methodology.load({
        ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        ...     "select": {"by": "price", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
        ...     "versions": [{"from": "2021-01-01", "note": "two decimals", "changes": {"publish": {"decimals": 2}}}],
        ... })
        >>> days = np.array(["2020-12-31", "2021-01-01", "2021-01-02"], dtype="datetime64[us]")
        >>> [(span.start, span.stop, rules.publish.decimals) for span, rules in book.over("publish", days)]
        [(0, 1, 4), (1, 3, 2)]
        """
        eras = self._eras[section]
        if len(eras) == 1:
            return [(slice(0, len(times)), eras[0].rules)]
        edges = [0, *np.searchsorted(times, [era.valid_from for era in eras[1:]]).tolist(), len(times)]
        spans = zip(edges, edges[1:], eras, strict=False)
        return [(slice(start, stop), era.rules) for start, stop, era in spans if start < stop]

    def instants(
        self, start: np.datetime64, end: np.datetime64, rows: NDArray[np.datetime64]
    ) -> NDArray[np.datetime64]:
        """Return the calculation instants in [start, end]; each version's calendar gives those from its date on.

        Args:
            start: First instant. end: Last instant.
            rows: Instants of the data, ascending, which count where a level is calculated at every observation.
        """
        eras = self._eras["calculate"]
        found = []
        for era, stop in zip(eras, [*(later.valid_from for later in eras[1:]), None], strict=True):
            first, last = max(start, era.valid_from), end if stop is None else min(end, stop - MICROSECOND)
            if first > last:
                continue
            times = era.rules.calculate.instants(first, last)
            found.append(rows[(rows >= first) & (rows <= last)] if times is None else times)
        return np.concatenate([np.empty(0, dtype="datetime64[us]"), *found])

    @cached_property
    def holds_cash(self) -> bool:
        """Whether a version has a cash member (`weight: {cash: 0.2}`)."""
        return any(version.rules.weight.cash is not None for version in self.versions)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rulebook's canonical JSON; the order of keys does not matter, the order of rules does."""
        return digest_bytes(canonical_json(self.document).encode())

    @cached_property
    def lineage(self) -> str:
        """Number and digest of the versions, by which a rulebook is known that goes on from this one: `continues`."""
        return self._lineage(len(self.versions))

    def continues(self, lineage: str) -> bool:
        """Return whether the rulebook is the one of a lineage, or that with versions or overrides added since.

        >>> book = Methodology.load({
        ...     "basketry": 1, "name": "Two", "symbol": "TWO", "base": {"date": "2020-01-01", "level": 100},
        ...     "select": {"by": "price", "top": 2}, "weight": "equal", "rebalance": {"every": "month"},
        ... })
        >>> later = {"from": "2021-01-01", "note": "three", "changes": {"select": {"by": "price", "top": 3}}}
        >>> Methodology.load({**book.document, "versions": [later]}).continues(book.lineage)
        True
        >>> Methodology.load({**book.document, "weight": {"by": "market_cap"}}).continues(book.lineage)
        False
        """
        count = lineage.partition(":")[0]
        return count.isdecimal() and 0 < int(count) <= len(self.versions) and self._lineage(int(count)) == lineage

    def _lineage(self, count: int) -> str:
        document = {key: value for key, value in self.document.items() if key not in ("versions", "overrides")}
        document["versions"] = list(self.document.get("versions", []))[: count - 1]
        return f"{count}:{digest_bytes(canonical_json(document).encode())}"

    def to_yaml(self) -> str:
        """Return the rulebook as YAML that `parse` reads back to the same digest."""
        return dump_yaml(self.document)

    def __repr__(self) -> str:
        return f"Methodology({self.symbol!r}, {self.name!r}, {len(self.versions)} version(s))"


def _plain(value: Any) -> Any:
    """Return a value with dates as ISO text and tuples as lists, so that it is JSON and YAML alike."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, date | datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise MethodologyError(f"a rulebook holds texts, numbers, lists and mappings, not {type(value).__name__}")


def _check_format(value: Any) -> None:
    if value != FORMAT:
        raise MethodologyError(f"basketry: the format version must be {FORMAT}, was {value!r}")


def _check_name(value: Any) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= 120:
        raise MethodologyError("name: expected a text of at most 120 characters")


def _check_symbol(value: Any) -> None:
    if not isinstance(value, str) or not _SYMBOL.match(value) or ".." in value:
        raise MethodologyError(
            f"symbol: {value!r} must be 1 to 32 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit: it names files"
        )


def _versions(document: Mapping[str, Any]) -> tuple[Version, ...]:
    """Return all versions; a fault that a later version only inherits is told once."""
    faults: list[MethodologyError] = []
    versions: list[Version] = []
    told: set[str] = set()
    before: Rulebook | None = None
    try:
        before = Rulebook.parse(document)
        versions.append(Version(1, _START, "First version.", None, {}, before))
    except MethodologyError as error:
        told.update(map(str, error.each))
        # Sections that are missing are told together, with the keys.
        missing = {(key,) for key in REQUIRED if document.get(key) is None}
        faults += [fault for fault in error.each if error_path(str(fault))[:1] not in missing]
    entries = document.get("versions") or []
    if not isinstance(entries, list):
        faults.append(MethodologyError("versions: expected a list, each entry with from, note and changes"))
        entries = []
    merged = dict(document)
    start: np.datetime64 = _START
    for place, entry in enumerate(entries):
        where = f"versions[{place}]"
        try:
            note = _note(entry, where, start)
        except MethodologyError as error:
            faults.append(error)
            before = None
            continue
        start = to_instant(note.valid_from)
        merged = {**merged, **note.changes}
        try:
            rules = Rulebook.parse(merged)
            if before is not None:
                rules = succeed(before, rules, len(merged.get("returns") or ()))
        except MethodologyError as error:
            fresh = [fault for fault in error.each if str(fault) not in told]
            told.update(map(str, fresh))
            faults += [fault.retold(partial("{}.changes.{}".format, where)) for fault in fresh]
            before = None
            continue
        before = rules
        versions.append(Version(place + 2, start, note.note, note.approver, note.changes, rules))
    if faults:
        raise MethodologyError.together(faults)
    return tuple(versions)


def _note(entry: Any, where: str, before: np.datetime64) -> VersionNote:
    """Return what a version says of itself; `before` is where the version before it begins."""
    note = read_section(VersionNote, entry, where)
    if to_instant(note.valid_from) <= before:
        raise MethodologyError(f"{where}.from: versions must be in the order of their dates")
    every(partial(_check_change, key, f"{where}.changes.{key}") for key in note.changes)
    return note


def _check_change(key: str, where: str) -> None:
    if key in DEFINING:
        raise MethodologyError(f"{where}: a version may not change it: {DEFINING[key]}")
    if key not in VERSIONED:
        raise MethodologyError(
            f"{where}: a version may change {', '.join(VERSIONED)}, not {key!r}{nearest_hint(key, VERSIONED)}"
        )


def error_path(message: str) -> tuple[str | int, ...]:
    """Return the path with which a message starts: `universe[0]: ...` or `base.level: ...`."""
    head = message.split(":", 1)[0].split(" ", 1)[0]
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", head))
