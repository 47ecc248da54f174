"""What an import did, and the words in which it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from basketry.core.errors import DataError

EXAMPLES_MAX = 10


@dataclass
class ImportReport:
    """What an import did.

    Attributes:
        table: Name of the table.
        rows: Rows read. kept: Rows written.
        corrected: Rows among them that correct earlier ones and say nothing of when they were known.
        late: Rows among them that are new to the lake and came late (`--late`).
        moved: Rows among them that the lake held as known earlier, which they were not.
        known_from: The instant of the import, from which rows are known that say nothing of it and are one of those
            three; None where there are none.
        unchanged: Rows that the lake had already.
        older: Rows among those written that are new to the lake, count as known at their time, and are older than what
            it holds.
        parts: Parts written.
        problems: Count by reason.
        examples: Up to ten a reason, with file and line.
        new_assets: Ids that were not known before.
        warnings: What was written and may be wrong, in words.

    >>> report = ImportReport("events", rows=2)
    >>> report.add_problem("the kind is unknown", 1, ["events.csv line 2: dot, kind 'Halt'; write 'halt'"])
    >>> report.check(0.5)
    """

    table: str
    rows: int = 0
    kept: int = 0
    corrected: int = 0
    late: int = 0
    moved: int = 0
    known_from: datetime | None = None
    unchanged: int = 0
    older: int = 0
    parts: list[str] = field(default_factory=list)
    problems: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    new_assets: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_problem(self, reason: str, count: int, examples: list[str]) -> None:
        """Count bad rows, and keep the first examples."""
        self.problems[reason] = self.problems.get(reason, 0) + count
        shown = self.examples.setdefault(reason, [])
        shown += examples[: EXAMPLES_MAX - len(shown)]

    def check(self, max_bad: float | None) -> None:
        """Raise DataError where more than the share `max_bad` of the rows is bad, or any where None; it lists them."""
        bad = sum(self.problems.values())
        if bad <= (max_bad or 0.0) * self.rows:
            return
        head = f"{bad} of {self.rows} rows are bad, {'none may be' if max_bad is None else f'more than {max_bad:.0%}'}"
        remedy = f"nothing was written. Mend the file{'' if max_bad is None else ', or allow more with --max-bad'}"
        if bad == 1:
            ((reason, examples),) = self.examples.items()
            raise DataError(f"{head}: {reason}, as in {examples[0]}; {remedy}")
        lines = [f"{head}; {remedy}"]
        for reason, count in self.problems.items():
            shown = self.examples[reason]
            lines += [f"  {count:,} {'row' if count == 1 else 'rows'}: {reason}", *(f"      {row}" for row in shown)]
            lines += [f"      and {count - len(shown):,} more"] if count > len(shown) else []
        raise DataError("\n".join(lines))
