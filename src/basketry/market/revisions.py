"""Corrected observations: what a figure was before a later version of it became known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from basketry.core.digest import digest_array, digest_bytes, digest_strings
from basketry.core.numbers import Floats

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
        size = np.log2(np.maximum(delay.astype(np.int64), 1)).astype(np.int64)
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

    def undone(self, fields: Mapping[str, Floats], rows: int, moment: np.datetime64) -> dict[str, Floats] | None:
        """Return the first rows of fields as they were known at an instant; None where nothing differs.

        Only fields that differ are copied; the others are cut.
        """
        chosen = self.unknown(rows, moment)
        if not len(chosen):
            return None
        places = (self.rows[chosen], self.columns[chosen])
        cut = {name: values[:rows] for name, values in fields.items()}
        changed = False
        for name, values in cut.items():
            if name in self.before:
                earlier = self.before[name][chosen]
                if not np.array_equal(values[places], earlier, equal_nan=True):
                    values = values.copy()
                    values[places] = earlier
                    values.flags.writeable = False
                    cut[name] = values
                    changed = True
        return cut if changed else None

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
        for place in mine[np.argsort(self.known_at[mine])[::-1]].tolist():
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
