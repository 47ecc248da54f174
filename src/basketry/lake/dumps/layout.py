"""Which column of a file is what: by its header, or by position where there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from basketry.core.errors import DataError, nearest_hint
from basketry.lake.dumps.form import SKIP, DumpFormat

_LOOKED_AT = 100
_SHOWN = 300


@dataclass(frozen=True)
class Layout:
    """The columns of a file by position: role of each, `SKIP` for those not read."""

    roles: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """A name for each column."""
        return [f"column {place}" if role == SKIP else role for place, role in enumerate(self.roles)]

    @property
    def read(self) -> list[int]:
        """Positions to read: those with a role, and the last, by whose lack a short line is known."""
        last = len(self.roles) - 1
        return [place for place, role in enumerate(self.roles) if role != SKIP or place == last]


def layout_of(path: Path, block: bytes, form: DumpFormat, columns: Mapping[str, str]) -> tuple[Layout, bool]:
    """Return the layout of a file by its first lines, and whether the first line is a header.

    A header is a line without any number. Without one, the commonest number of fields of the first hundred lines
    tells the layout, so that a damaged line does not.

    Raises:
        DataError: The file does not have the columns of the format.
    """
    lines = block.split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    first = _split(lines[0])
    by_count = {len(roles): roles for roles in form.layouts}
    counts = Counter(len(fields) for fields in map(_split, lines) if any(map(_is_number, fields)))
    usual = next((count for count, _ in counts.most_common() if count in by_count), None)
    if not any(map(_is_number, first)):
        try:
            return layout_by_header(path, first, form, columns), True
        except DataError:
            if usual is None or columns or _is_named(first):
                raise
    if columns or not form.layouts:
        raise DataError(
            f"{path} line 1: is not a header; format {form.name} needs one with {', '.join(_wanted(form, columns))}"
        )
    if usual is None:
        raise DataError(
            f"{path} line 1: has {len(first)} fields, and format {form.name} has "
            f"{' or '.join(map(str, by_count))}; see that the format is right"
        )
    return Layout(by_count[usual]), False


def layout_by_header(path: Path, names: Sequence[str], form: DumpFormat, columns: Mapping[str, str]) -> Layout:
    """Return the layout of a file with these columns.

    Raises:
        DataError: A column that the format needs is missing.
    """
    wanted = _wanted(form, columns)
    roles: list[str] = []
    for name in names:
        role = wanted.get(name.lower(), SKIP)
        roles.append(role if role not in roles else SKIP)
    required = dict.fromkeys(role for role in wanted.values() if role not in form.optional or role in columns)
    for role in required:
        if role not in roles:
            spelled = next(column for column, meant in wanted.items() if meant == role)
            raise DataError(
                f"{path}: has no column {spelled!r}{nearest_hint(spelled, names)}, which format {form.name} needs; "
                f"its columns are {_listed(names)}"
            )
    return Layout(tuple(roles))


def _wanted(form: DumpFormat, columns: Mapping[str, str]) -> dict[str, str]:
    """Return the role by name of column in lower case; `columns` goes before the names of the format."""
    for role in columns:
        if role not in form.roles:
            raise DataError(
                f"--columns: format {form.name} has no column {role!r}{nearest_hint(role, form.roles)}; "
                f"its columns are {', '.join(form.roles)}"
            )
    mapped = {column.lower(): role for role, column in columns.items()}
    rest = {name: role for name, role in form.header.items() if role not in columns and name not in mapped}
    return mapped | rest


def _split(line: bytes) -> list[str]:
    return [part.strip().strip('"').strip() for part in line.decode("utf-8", errors="replace").split(",")]


def _listed(names: Sequence[str]) -> str:
    text = ", ".join(names)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_named(fields: Sequence[str]) -> bool:
    """Return whether fields look like the names of a header rather than a damaged line."""
    return len(fields) > 1 and all(field[:1].isalpha() for field in fields)
