"""The section `parents:` of a rulebook: other indices, among or outside whose members it chooses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.time import format_instant
from basketry.methodology.reading import every
from basketry.methodology.universe.in_index import InIndex
from basketry.methodology.universe.outside_index import OutsideIndex

if TYPE_CHECKING:
    from basketry.methodology.methodology import Methodology

DEPTH_MAX, PARENTS_MAX = 6, 24
"""A rulebook holds those of its parents, and must stay a file that can be read."""

Load = Callable[[Path, tuple[Path, ...]], "Methodology"]
"""Reads a rulebook from a file; the second are the files on the way to it."""


def with_rulebooks(document: Mapping[str, Any], chain: tuple[Path, ...], load: Load) -> Mapping[str, Any]:
    """Return a document in which the rulebooks of parents stand in place of the files that were named.

    Args:
        document: As read from a file.
        chain: The files that name each other down to this one, which is the last.
        load: Reads a rulebook.

    Raises:
        MethodologyError: A file is missing or wrong, or names itself on some way.
    """
    entries = document.get("parents")
    if not isinstance(entries, list):
        return document
    found = []
    for place, entry in enumerate(entries):
        if not isinstance(entry, str):
            found.append(entry)
            continue
        target = _file(entry, chain[-1].parent, f"parents[{place}]")
        if target in chain:
            circle = " -> ".join(path.name for path in (*chain[chain.index(target) :], target))
            raise MethodologyError(f"parents[{place}]: the rulebooks are parents of each other: {circle}")
        try:
            found.append(load(target, chain).document)
        except MethodologyError as error:
            raise error.retold(partial("parents[{}]: {}".format, place)) from error
    return {**document, "parents": found}


def _file(name: str, folder: Path, where: str) -> Path:
    """Return the file that a parent is named by: a YAML file by its path from the folder of the rulebook."""
    if not name.endswith((".yaml", ".yml")) or Path(name).is_absolute():
        raise MethodologyError(
            f"{where}: {name!r} is not the name of a YAML file beside the rulebook, as in parents: [large-cap-20.yaml]"
        )
    try:
        return (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise MethodologyError(f"{where}: {name!r} cannot be read as the name of a file: {error}") from error


def parents_of(
    document: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], Methodology]
) -> tuple[Methodology, ...]:
    """Return the parents of a document, each of which stands in it as a whole rulebook.

    Raises:
        MethodologyError: One is no rulebook, or its rules are wrong; the message starts with its place.
    """
    entries = document.get("parents") or []
    _check_depth(document)
    if not isinstance(entries, list):
        raise MethodologyError("parents: expected a list of rulebooks, as in parents: [large-cap-20.yaml]")
    return every(partial(_parent, entry, f"parents[{place}]", parse) for place, entry in enumerate(entries))


def _parent(entry: Any, where: str, parse: Callable[[Mapping[str, Any]], Methodology]) -> Methodology:
    if isinstance(entry, str):
        raise MethodologyError(
            f"{where}: {entry!r} names a file, which is found beside the file of the rulebook; load that from its "
            "path, or put the parent's whole rulebook here"
        )
    if not isinstance(entry, Mapping):
        raise MethodologyError(f"{where}: expected the name of a file or a rulebook, was {entry!r}")
    try:
        return parse(entry)
    except MethodologyError as error:
        raise error.retold(lambda words: f"{where}: {words}") from error


def _check_depth(document: Mapping[str, Any]) -> None:
    """Raise MethodologyError where parents of parents go too deep, or are too many, to be written and read again."""
    level, total = [document], 0
    for depth in range(DEPTH_MAX + 2):
        listed = (entry.get("parents") for entry in level)
        level = [one for entry in listed if isinstance(entry, list) for one in entry if isinstance(one, Mapping)]
        total += len(level)
        if total > PARENTS_MAX or (level and depth == DEPTH_MAX):
            raise MethodologyError(
                f"parents: more than {DEPTH_MAX} parents of parents, or {PARENTS_MAX} in all, counted each time that "
                "they are named; choose from fewer indices"
            )


def check_parents(child: Methodology) -> None:
    """Raise MethodologyError where parents do not fit an index, or rules name others than there are.

    A parent is calculated on the prices of the index, from its own base on, which must not be later.
    """
    symbols = [parent.symbol for parent in child.parents]
    for place, parent in enumerate(child.parents):
        where = f"parents[{place}]"
        if parent.symbol == child.symbol or parent.symbol in symbols[:place]:
            raise MethodologyError(f"{where}: the symbol {parent.symbol} stands twice; each index has its own")
        if parent.base_instant > child.base_instant:
            raise MethodologyError(
                f"{where}: {parent.symbol} begins on {format_instant(parent.base_instant)}, after the base of "
                f"{format_instant(child.base_instant)}; base it earlier, or {child.symbol} later"
            )
        # A currency that is not stated is that of the default.
        for key, same in (
            ("currency", parent.currency == child.currency),
            ("prices", parent.document.get("prices") == child.document.get("prices")),
        ):
            if not same:
                raise MethodologyError(
                    f"{where}.{key}: {parent.symbol} has another `{key}` than {child.symbol}; an index and its parents "
                    "are calculated on the same prices"
                )
        eras = [[(era.valid_from, era.rules.prices) for era in index.eras("prices")] for index in (parent, child)]
        if eras[0] != eras[1]:
            raise MethodologyError(
                f"{where}.versions: {parent.symbol} changes `prices` by other versions than {child.symbol}; an index "
                "and its parents are calculated on the same prices: write the same changes in both"
            )
    used = set()
    for number, version in enumerate(child.versions):
        for place, rule in enumerate(version.rules.universe):
            if not isinstance(rule, InIndex | OutsideIndex):
                continue
            symbol = rule.index
            used.add(symbol)
            if symbol not in symbols:
                path = f"universe[{place}]" if number == 0 else f"versions[{number - 1}].changes.universe[{place}]"
                known = f"; parents: {', '.join(symbols)}" if symbols else ""
                raise MethodologyError(
                    f"{path}: {symbol} is none of the parents{nearest_hint(symbol, symbols)}{known}; name its "
                    "rulebook, as in parents: [large-cap-20.yaml]"
                )
    for place, symbol in enumerate(symbols):
        if symbol not in used:
            raise MethodologyError(
                f"parents[{place}]: no rule looks at {symbol}; add `- in_index: {symbol}` or "
                f"`- outside_index: {symbol}` to universe, or leave the parent out"
            )
