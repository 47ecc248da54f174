"""Check a methodology against data: all that `run` would refuse, and what is silently not as it was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import BasketryError, DataError
from basketry.core.time import format_instant
from basketry.index.calculate import (
    Instant,
    base_at,
    begins_late,
    calculation_instants,
    ended,
    first_start,
    index_history,
)
from basketry.index.plan import LATER, next_dates
from basketry.index.result import IndexResult
from basketry.index.trial import Trial, determinations, trials, try_return
from basketry.jobs.check_determinations import failures
from basketry.jobs.check_doubts import doubts
from basketry.jobs.check_names import SECTIONS, Place, lacking, readers, unheard
from basketry.jobs.check_overrides import idle_overrides
from basketry.jobs.check_rates import large_rates
from basketry.market.cash import with_cash
from basketry.market.panel import Panel
from basketry.methodology.cash import Cash
from basketry.methodology.methodology import BY_INSTANT, Methodology
from basketry.methodology.parse import Document, parse_document
from basketry.methodology.path import PanelKnown
from basketry.methodology.returns import ReturnRule
from basketry.methodology.rulebook import VERSIONED

Times = NDArray[np.datetime64]
Source = str | PathLike[str] | Mapping[str, Any] | Methodology


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit.

    Attributes:
        severity: error where a calculation would be refused, warning where it would be another than was meant.
        where: The part of the rulebook, such as universe[0].metric.name; '' where no one part is at fault.
        line: Its line in the file, None where there is no file or no part.
        message: What is wrong, and what to do.
    """

    severity: Literal["error", "warning"]
    where: str
    line: int | None
    message: str

    def __str__(self) -> str:
        line = "" if self.line is None else f"line {self.line}, "
        return f"{line}{self.where}: {self.message}" if self.where else self.message


@dataclass(eq=False)
class _Report:
    """The problems found so far, each told once."""

    document: Document
    found: dict[tuple[str, str], Problem] = field(default_factory=dict)

    def add(self, severity: Literal["error", "warning"], place: Place, message: str, name: str | None = None) -> None:
        if name is not None:
            place = _place_of(self.document.value, place, name) or place
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
        line = self.document.line(place) if place else None
        self.found.setdefault((where, message), Problem(severity, where, line, message))

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems, errors first, in the order of the file."""
        found = self.found.values()
        return tuple(sorted(found, key=lambda entry: (entry.severity, entry.line is None, entry.line or 0)))


def check(
    source: Source, panel: Panel | None, start: Instant | None = None, end: Instant | None = None
) -> tuple[Problem, ...]:
    """Return all that keeps a methodology from being calculated on a market, and all that has no effect there.

    The figures, assets, tags, sectors and rates that it names are looked up; the base and some of the scheduled
    determinations are tried: first and last of all and of each version, and some between. Levels are not calculated.

    Args:
        source: A methodology, its file (for the lines of problems), or a mapping of its keys.
        panel: The market; None for what the rulebook alone shows.
        start, end: As of a calculation.

    Raises:
        MethodologyError: The rulebook itself is wrong.
        DataError: The market holds no prices.
    """
    rules = Methodology.load(source)
    report = _Report(_document(source, rules))
    _doubts(rules, report)
    if panel is None:
        return report.problems()
    panel, last = ended(panel, end)
    start, times = _instants(rules, panel, start, last, report)
    moments = [] if times is None else [asked.at for asked in determinations(rules, times)]
    used = {rules.at(at).number for at in moments}
    sound = _names(rules, panel, used or {version.number for version in rules.versions}, report)
    tried: list[Trial] = []
    sound = _cash(rules, panel, times, report) and sound
    if times is not None:
        sound = _parents(rules, panel, times[0], report) and sound
        # What reads a figure that is not there fails at once, and tells nothing more.
        tried = list(_trials(rules, panel, start, last, report)) if sound else []
        for failing in failures(tried, panel.assets):
            report.add(failing.severity, _part_of(rules, failing.version, failing.path), failing.words)
        _returned(rules, panel, times, report)
        _large_rates(rules, panel, times, report)
        _versions(rules, times, moments, used, report)
    _overrides(rules, panel, moments, tried, report)
    return report.problems()


def warnings_of(source: Source, result: IndexResult) -> tuple[Problem, ...]:
    """Return what `check` warns of and can be told of an index without determining anything again.

    These are names that the data do not hold, versions and overrides that are never in force, and weights that are
    scaled; what became of each determination is in the events of the index.

    Args:
        source: What the index was calculated from: its methodology, or the file of that.
        result: The index.
    """
    return _warnings(result.methodology, _document(source, result.methodology), result.panel, result.times)


def _warnings(
    rules: Methodology, document: Document, panel: Panel, times: NDArray[np.datetime64]
) -> tuple[Problem, ...]:
    report = _Report(document)
    moments = [asked.at for asked in determinations(rules, times)]
    used = {rules.at(at).number for at in moments}
    _doubts(rules, report)
    _names(rules, panel, used, report)
    _large_rates(rules, panel, times, report)
    _versions(rules, times, moments, used, report)
    _overrides(rules, panel, moments, (), report)
    for place, parent in enumerate(rules.parents):
        start = times[0] if begins_late(panel, parent.base_instant) else None
        found = _warnings(
            parent, Document(parent.document), panel, calculation_instants(parent, panel, start, times[-1])
        )
        _of_parent(place, parent, found, report)
    return tuple(problem for problem in report.problems() if problem.severity == "warning")


def first_rebalances(
    methodology: Methodology, panel: Panel | None = None, start: Instant | None = None
) -> list[np.datetime64]:
    """Return the effective times of the first four changes after the base; of the first that a panel allows, if any."""
    base = base_at(methodology, start)
    if panel is not None and begins_late(panel, base):
        base = first_start(panel) + (base - base.astype("datetime64[D]"))
    return [dates.effective_at for dates in next_dates(methodology, base, 4, base)]


def _document(source: Source, rules: Methodology) -> Document:
    if isinstance(source, Mapping | Methodology):
        return Document(rules.document)
    return Document(rules.document, parse_document(Path(source).read_text(encoding="utf-8")).lines)


def _doubts(rules: Methodology, report: _Report) -> None:
    """Report what the file alone shows that may not be meant."""
    for key, value in rules.document.items():
        if value is None:
            report.add(
                "warning", (key,), "has no value, so it is as if it were left out; write one, or leave the key out"
            )
    for key in VERSIONED:
        for section, first, _ in _sections(rules, key):
            for part, words, name in doubts(rules.versions[first - 1].rules, key):
                report.add("warning", (*section, *part), words, name)


def _instants(
    rules: Methodology, panel: Panel, start: Instant | None, end: np.datetime64, report: _Report
) -> tuple[Instant | None, NDArray[np.datetime64] | None]:
    """Return the start and the calculation instants, from the first whole day where the base is before the data."""
    try:
        return start, calculation_instants(rules, panel, start, end)
    except DataError as error:
        report.add("error", ("base", "date") if start is None else (), str(error))
    if begins_late(panel, base_at(rules, start)):
        with suppress(DataError):
            return first_start(panel), calculation_instants(rules, panel, first_start(panel), end)
    return start, None


def _parents(rules: Methodology, panel: Panel, base: np.datetime64, report: _Report) -> bool:
    """Report the problems of the parents, which are calculated first; return whether there are no errors."""
    sound = True
    for place, parent in enumerate(rules.parents):
        problems = check(parent, panel, base if begins_late(panel, parent.base_instant) else None)
        sound = sound and all(problem.severity == "warning" for problem in problems)
        _of_parent(place, parent, problems, report)
    return sound


def _of_parent(place: int, parent: Methodology, problems: Sequence[Problem], report: _Report) -> None:
    for problem in problems:
        words = f"{problem.where}: {problem.message}" if problem.where else problem.message
        report.add(problem.severity, ("parents", place), f"{parent.symbol}: {words}")


def _trials(
    rules: Methodology, panel: Panel, start: Instant | None, end: np.datetime64, report: _Report
) -> Iterator[Trial]:
    """Give the determinations tried; none, and an error reported, where there is no history to try them on."""
    try:
        history = index_history(rules, panel, start, end)
    except BasketryError as error:
        report.add("error", ("parents",), str(error))
    else:
        yield from trials(history)


def _sections(rules: Methodology, key: str) -> Iterator[tuple[Place, int, int]]:
    """Give where a section stands, the version that it came with, and the version that replaces it."""
    stated = [version.number for version in rules.versions if version.number == 1 or key in version.changes]
    for number, until in zip(stated, [*stated[1:], len(rules.versions) + 1], strict=True):
        yield ((key,) if number == 1 else ("versions", number - 2, "changes", key)), number, until


def _names(rules: Methodology, panel: Panel, used: set[int], report: _Report) -> bool:
    """Report what the rules read or name and the data do not hold; return whether each that is used can be asked."""
    sound = True
    for key in SECTIONS:
        for section, first, until in _sections(rules, key):
            needed = not used.isdisjoint(range(first, until))
            for part, reads in readers(rules.versions[first - 1].rules, key):
                for name, words in lacking(reads, panel):
                    report.add("error" if needed else "warning", (*section, *part), words, name)
                    sound = sound and not needed
                for name, words in unheard(reads, panel):
                    report.add("warning", (*section, *part), words, name)
    return sound


def _cash(rules: Methodology, panel: Panel, times: NDArray[np.datetime64] | None, report: _Report) -> bool:
    """Report what keeps a cash member from being held, or from earning its rate; return whether it can be held."""
    sections = [
        (section, first, until)
        for section, first, until in _sections(rules, "weight")
        if rules.versions[first - 1].rules.weight.cash is not None
    ]
    try:
        if sections:
            with_cash(panel)
    except DataError as error:
        report.add("error", (*sections[0][0], "cash"), str(error))
        return False
    for section, cash, span in () if times is None else _held_cash(rules, times):
        try:
            cash.prices(1.0, PanelKnown(panel, span), span)
        except BasketryError as error:
            report.add("error", (*section, "cash"), str(error), "rate")
    return True


def _held_cash(rules: Methodology, times: NDArray[np.datetime64]) -> Iterator[tuple[Place, Cash, Times]]:
    """Give each cash member, where its section stands, and the instants over which it is held, two or more."""
    for section, first, until in _sections(rules, "weight"):
        cash = rules.versions[first - 1].rules.weight.cash
        if cash is None:
            continue
        changes = [(rules.at(asked.at).number, asked.dates.effective_at) for asked in determinations(rules, times)]
        begins = min((at for number, at in changes if first <= number < until), default=LATER)
        ends = min((at for number, at in changes if number >= until), default=LATER)
        span = times[int(times.searchsorted(begins)) : int(times.searchsorted(ends, side="right"))]
        if len(span) > 1:
            yield section, cash, span


def _versions(
    rules: Methodology, times: NDArray[np.datetime64], moments: Sequence[np.datetime64], used: set[int], report: _Report
) -> None:
    """Report the versions that neither make a determination nor judge an instant."""
    for place, version in enumerate(rules.versions[1:]):
        if version.number in used:
            continue
        if version.valid_from > times[-1]:
            words = f"it begins after the last instant on these data, {format_instant(times[-1])}"
            report.add("warning", ("versions", place), words)
        elif not {*BY_INSTANT, "description", "administrator"}.intersection(version.changes):
            words = f"it makes no determination; the last on these data is of {format_instant(max(moments))}"
            report.add("warning", ("versions", place), words)


def _overrides(
    rules: Methodology, panel: Panel, moments: Sequence[np.datetime64], tried: Sequence[Trial], report: _Report
) -> None:
    """Report the overrides that change nothing."""
    for section, first, until in _sections(rules, "overrides"):
        numbers = range(first, until)
        within = [at for at in moments if rules.at(at).number in numbers]
        asked = [trial for trial in tried if trial.version in numbers]
        for place, words in idle_overrides(rules.versions[first - 1].rules, panel, within, asked):
            report.add("warning", (*section, place), words)


def _part_of(rules: Methodology, number: int, path: Place) -> Place:
    """Return where a part of a version stands in the document; nothing where a path names no section."""
    if not path:
        return ()
    sections = _sections(rules, str(path[0]))
    section = next(section for section, first, until in sections if first <= number < until)
    return (*section, *path[1:])


def _returned(rules: Methodology, panel: Panel, times: NDArray[np.datetime64], report: _Report) -> None:
    """Report the return series that cannot be made over the instants of each version, for want of a rate or a yield."""
    for section, rule, path in _series(rules, times):
        try:
            try_return(rule, rules.first.base.level, panel, path)
        except BasketryError as error:
            named = next(iter((*rule.reads.rates, *rule.reads.fields, rule.name)))
            report.add("error", section, str(error), named)


def _series(rules: Methodology, times: NDArray[np.datetime64]) -> Iterator[tuple[Place, ReturnRule, Times]]:
    """Give each return rule, where its section stands, and the instants over which it is in force, two or more."""
    sections = list(_sections(rules, "returns"))
    for span, book in rules.over("returns", times):
        number = next(version.number for version in rules.versions if version.rules is book)
        section = next(section for section, first, until in sections if first <= number < until)
        # A step is made from the instant before; at the base there is none.
        path = times[max(span.start - 1, 0) : span.stop]
        if span.stop > 1:
            yield from ((section, rule, path) for rule in book.returns)


def _large_rates(rules: Methodology, panel: Panel, times: NDArray[np.datetime64], report: _Report) -> None:
    """Report the rates of interest that the data may hold in percent."""
    for section, rule, span in (*_held_cash(rules, times), *_series(rules, times)):
        for name, words in large_rates(rule.reads, panel, span):
            report.add("warning", section, words, name)


def _place_of(value: Any, place: Place, name: str) -> Place | None:
    """Return where a name first stands in a part of a document, as a key or as a value."""
    for part in place:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
    return next((found for found in _leaves(value, place) if found[1] == name), (None, ""))[0]


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield (*place, key), key
            yield from _leaves(entry, (*place, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _leaves(entry, (*place, number))
    else:
        yield place, value
