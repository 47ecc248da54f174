"""Corrected observations: what a figure was before a later version of it became known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from basketry.core.digest import digest_array, digest_bytes, digest_strings
from basketry.core.numbers import Floats

NEVER = np.iinfo(np.int64).max
"""A row beyond every panel."""

Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Revisions:
    """The versions of observations that became known after their time; R of them.

    Made with `Revisions.of`. A value that was first known late has a revision from unknown (NaN).

    Attributes:
        rows, columns: Where in the panel, shape (R,).
        known_at: When the version became known, datetime64[us], shape (R,); later than the row's time.
        before: By field, the value before it, shape (R,); NaN where it was unknown.
    """

    rows: Ints
    columns: Ints
    known_at: Times
    before: Mapping[str, Floats]
    _stamps: Times = field(repr=False)
    _delays: tuple[tuple[int, int, np.timedelta64], ...] = field(repr=False)

    @staticmethod
    def of(
        times: Times,
        rows: Ints,
        columns: Ints,
        known_at: Times,
        before: Mapping[str, Floats],
    ) -> Revisions:
        """Return revisions arranged so that asking what was not known at an instant costs what the answer is long.

        Args:
            times: Instants of the panel, shape (T,).
            rows, columns, known_at, before: As the attributes, in any order.

        >>> day = np.datetime64("2020-01-01", "us") + np.arange(3) * np.timedelta64(1, "D")
        >>> late = Revisions.of(day, np.array([0]), np.array([0]), day[2:], {"price": np.array([7.0])})
        >>> price = np.array([[9.0], [9.5], [9.8]])
        >>> late.undone({"price": price}, 2, day[1])["price"].tolist(), late.undone({"price": price}, 3, day[2])
        ([[7.0], [9.5]], None)
        """
        delay = known_at - times[rows]
        # Delays within a factor of two stand together: what is unknown at t lies within the longest of them before t.
        size = np.frexp(np.maximum(delay.astype(np.int64), 1).astype(np.float64))[1] - 1
        order = np.lexsort((known_at, columns, rows, size))
        size = size[order]
        edges = [0, *(np.flatnonzero(np.diff(size)) + 1).tolist(), len(size)] if len(size) else [0]
        spans = tuple((start, stop, delay[order[start:stop]].max()) for start, stop in pairwise(edges))
        rows = rows[order]
        kept = {name: values[order] for name, values in before.items()}
        return Revisions(rows, columns[order], known_at[order], kept, times[rows], spans)

    def unknown(self, rows: int, moment: np.datetime64) -> Ints:
        """Return which revisions of the first rows were not known at an instant, one a cell: the first to come."""
        found = []
        for start, stop, longest in self._delays:
            first = start + int(np.searchsorted(self._stamps[start:stop], moment - longest, side="right"))
            last = start + int(np.searchsorted(self.rows[start:stop], rows))
            if first < last:
                found.append(first + np.flatnonzero(self.known_at[first:last] > moment))
        chosen = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        if len(chosen) > 1:
            chosen = chosen[np.lexsort((self.known_at[chosen], self.columns[chosen], self.rows[chosen]))]
            new_cell = (np.diff(self.rows[chosen]) != 0) | (np.diff(self.columns[chosen]) != 0)
            chosen = chosen[np.concatenate(([True], new_cell))]
        return chosen

    def undone(self, fields: Mapping[str, Floats], rows: int, moment: np.datetime64) -> AsKnown | None:
        """Return the first rows of fields as they were known at an instant; None where nothing differs."""
        chosen = self.unknown(rows, moment)
        places = (self.rows[chosen], self.columns[chosen])
        before = {}
        for name in fields.keys() & self.before.keys() if len(chosen) else ():
            earlier = self.before[name][chosen]
            if not np.array_equal(fields[name][places], earlier, equal_nan=True):
                before[name] = earlier
        if not before:
            return None
        return AsKnown({name: values[:rows] for name, values in fields.items()}, *places, before)

    def known_then(self, name: str, values: Floats, rows: Ints, column: int, instants: Times) -> Floats:
        """Return figures of one asset, each as it was known at an instant of its own.

        Args:
            name: The field.
            values: What is known now, shape (k,).
            rows: Their rows, shape (k,).
            column: The asset.
            instants: When each was looked at, shape (k,).
        """
        if name not in self.before:
            return values
        found = values.copy()
        mine = np.flatnonzero((self.columns == column) & np.isin(self.rows, rows))
        # The latest first, so that the version before the first that was not known yet stays.
        for place in mine[np.argsort(self.known_at[mine], kind="stable")[::-1]].tolist():
            found[(rows == self.rows[place]) & (instants < self.known_at[place])] = self.before[name][place]
        return found

    def without(self, name: str, hidden: NDArray[np.bool_]) -> Revisions:
        """Return the revisions with no value of a field in the cells of a mask of shape (k, N) over the first rows."""
        if name not in self.before:
            return self
        inside = np.flatnonzero(self.rows < len(hidden))
        values = self.before[name].copy()
        values[inside[hidden[self.rows[inside], self.columns[inside]]]] = np.nan
        return replace(self, before={**self.before, name: values})

    def digest(self, assets: Sequence[str], rows: int, moment: np.datetime64) -> str | None:
        """Return the SHA-256 of the revisions of the first rows that were known at an instant; None for none."""
        chosen = np.flatnonzero((self.rows < rows) & (self.known_at <= moment))
        if not len(chosen):
            return None
        chosen = chosen[np.lexsort((self.known_at[chosen], self.columns[chosen], self.rows[chosen]))]
        parts = [
            digest_array(self._stamps[chosen].astype(np.int64)),
            digest_strings(assets[column] for column in self.columns[chosen].tolist()),
            digest_array(self.known_at[chosen].astype(np.int64)),
        ]
        for name in sorted(self.before):
            parts += [name, digest_array(self.before[name][chosen])]
        return digest_bytes(*(part.encode() for part in parts))


class AsKnown(Mapping[str, Floats]):
    """Fields of a panel with earlier versions in some cells; a field is copied when it is asked for as a whole.

    Args:
        fields: The fields with their latest versions, each of shape (k, N).
        rows, columns: Cells of which there is an earlier version, in the order of rows.
        before: Its value by field, for fields that differ.
    """

    def __init__(self, fields: Mapping[str, Floats], rows: Ints, columns: Ints, before: Mapping[str, Floats]) -> None:
        self.latest = fields
        self._rows, self._columns, self._before = rows, columns, before
        self._whole: dict[str, Floats] = {}

    def __getitem__(self, name: str) -> Floats:
        if name not in self._before:
            return self.latest[name]
        if name not in self._whole:
            self._whole[name] = self.part(name, 0, len(self.latest[name]))
        return self._whole[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.latest)

    def __len__(self) -> int:
        return len(self.latest)

    def __contains__(self, name: object) -> bool:
        return name in self.latest

    def part(self, name: str, start: int, stop: int) -> Floats:
        """Return rows of a field, copied only where one of them has a cell that differs."""
        values = self.latest[name][start:stop]
        first, last = np.searchsorted(self._rows, (start, stop))
        if name not in self._before or first == last:
            return values
        values = values.copy()
        values[self._rows[first:last] - start, self._columns[first:last]] = self._before[name][first:last]
        values.flags.writeable = False
        return values

    def first_known(self, name: str, first: Ints) -> Ints:
        """Return the first row with a value in each column, given those of the latest versions, shape (N,)."""
        if name not in self._before:
            return first
        # Only an earlier version at or before the first value can make another one the first.
        mine = np.unique(self._columns[self._rows <= first[self._columns]])
        if not len(mine):
            return first
        block = self.latest[name][:, mine]
        inside = np.isin(self._columns, mine)
        places = np.searchsorted(mine, self._columns[inside])
        block[self._rows[inside], places] = self._before[name][inside]
        first = first.copy()
        first[mine] = first_known(block)
        return first

    def until(self, rows: int) -> AsKnown:
        """Return the first rows."""
        count = int(np.searchsorted(self._rows, rows))
        before = {name: values[:count] for name, values in self._before.items()}
        fields = {name: values[:rows] for name, values in self.latest.items()}
        return AsKnown(fields, self._rows[:count], self._columns[:count], before)


def first_known(values: Floats) -> Ints:
    """Return the first row with a value in each column, shape (N,); NEVER for none."""
    known = ~np.isnan(values)
    if not len(known):
        return np.full(values.shape[1], NEVER)
    return np.where(known.any(axis=0), known.argmax(axis=0), NEVER)
