"""Determinations on trial that fail, or come out otherwise than the rules say, each reason once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from basketry.core.time import format_instant
from basketry.index.records import Scope
from basketry.index.trial import Trial
from basketry.methodology.methodology import error_path
from basketry.methodology.rulebook import VERSIONED

_FIGURE = re.compile(r"-?\d[\d.,e+-]*%?$")


@dataclass(frozen=True)
class Failure:
    """One reason for which determinations fail.

    Attributes:
        severity: error where a calculation would be refused, warning where the index is another than the rules say.
        version: Number of the rules in force.
        path: The part of them that is named; () where none is.
        words: The reason, with the first date and its assets and figures, and how many more dates there are.
    """

    severity: Literal["error", "warning"]
    version: int
    path: tuple[str | int, ...]
    words: str


def failures(tried: Sequence[Trial], assets: Sequence[str]) -> Iterator[Failure]:
    """Give the reasons for which determinations fail, or come out otherwise than the rules say.

    Args:
        tried: The determinations, in the order of time.
        assets: Those of the data, whose names make no other reason.
    """
    names = frozenset(assets)
    found: dict[tuple[str, str], list[tuple[Trial, str]]] = {}
    for trial in tried:
        day = format_instant(trial.asked.at)
        if trial.error is not None:
            words = str(trial.error).removeprefix(f"determination of {day}: ")
            found.setdefault(("error", _reason(words, names)), []).append((trial, words))
        elif trial.found is not None and not len(trial.found.columns):
            words = trial.found.nobody()
            severity, kept = ("error", "") if trial.asked.base else ("warning", "; the composition is kept")
            found.setdefault((severity, "nobody"), []).append((trial, words + kept))
            continue
        if trial.found is None:
            continue
        members, least = len(trial.found.columns), trial.found.version.rules.select.min_count or 0
        if trial.found.scope is not Scope.WEIGHTS and 0 < members < least:
            words = f"{members} members, and min_count is {least}: no more are available"
            found.setdefault(("warning", "members"), []).append((trial, words))
        if trial.found.shortage is not None:
            treatment = trial.found.version.rules.weight.shortage_words()
            words = f"{treatment}, as the caps cannot be kept: {trial.found.shortage}"
            found.setdefault(("warning", "shortage"), []).append((trial, words))
    for (severity, _), trials in found.items():
        first, words = trials[0]
        others = ", with other assets or figures" if any(other != words for _, other in trials) else ""
        more = f" (and at {len(trials) - 1} more of the {len(tried)} tried{others})" if len(trials) > 1 else ""
        yield Failure(
            "error" if severity == "error" else "warning",
            first.version,
            () if first.error is None else _path(words),
            f"determination of {format_instant(first.asked.at)}: {words}{more}",
        )


def _path(words: str) -> tuple[str | int, ...]:
    """Return the part of the rules with which a message starts, () where it starts with none."""
    path = error_path(words)
    return path if path and path[0] in VERSIONED else ()


def _reason(words: str, names: frozenset[str]) -> str:
    """Return a text without the assets and figures in it, by which texts of one reason are known.

    >>> _reason("no weight is stated for btc, eth; state one", frozenset({"btc", "eth"}))
    'no weight is stated for *; state one'
    >>> _reason("flow of 'btc' is -1.5, must be above 0", frozenset({"btc"}))
    "flow of '*' is *, must be above *"
    """
    parts = re.split(r"([\s,;:'()\[\]]+)", words)
    # What it begins with names a rule, by which an asset may be called too.
    told = [part if not place or part not in names else "*" for place, part in enumerate(parts)]
    told = ["*" if _FIGURE.match(part) else part for part in told]
    return re.sub(r"\*(, \*)+", "*", "".join(told))
