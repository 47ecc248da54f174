"""What reading a dump found: rows, what was set aside and why, with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field

from basketry.core.errors import DataError

EXAMPLES_MAX = 5


@dataclass
class DumpReport:
    """What reading a file found; complete once every chunk has been taken.

    Attributes:
        file: Name of the file.
        format_name: Name of the format.
        table: Table that the rows belong to.
        rows: Rows read, without a header.
        kept: Rows of the file that could be used.
        left_out: Sound rows that were not asked for or cannot be used, by reason.
        problems: Bad rows set aside, by reason; every bad row has one reason.
        examples: Up to five bad rows a reason, with file and line; the first line of a file is line 1.
        notes: What is remarkable of rows that were kept, as that a size was rounded, and the number of such rows.
    """

    file: str
    format_name: str
    table: str
    rows: int = 0
    kept: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """Number of rows set aside."""
        return sum(self.problems.values())

    def add_problem(self, reason: str, count: int, examples: list[str]) -> None:
        """Count bad rows, and keep the first examples."""
        self.problems[reason] = self.problems.get(reason, 0) + count
        shown = self.examples.setdefault(reason, [])
        shown += examples[: EXAMPLES_MAX - len(shown)]

    def add_note(self, note: str, count: int) -> None:
        """Count rows that were kept and are remarkable."""
        if count:
            self.notes[note] = self.notes.get(note, 0) + count

    def add_left_out(self, reason: str, count: int) -> None:
        """Count sound rows that were not taken."""
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count

    def check(self, max_bad: float) -> None:
        """Raise DataError where more than the share `max_bad` of the rows is bad."""
        if self.bad <= max_bad * self.rows:
            return
        worst = max(self.problems, key=lambda reason: self.problems[reason])
        raise DataError(
            f"{self.file}: {self.bad} of {self.rows} rows are bad, more than {max_bad:.2%}: most often {worst}, as in "
            f"{self.examples[worst][0]}; see that the format is {self.format_name}, mend the file, or allow more "
            "with --max-bad"
        )
