"""What an index leaves behind at its last instant, so that one more costs what one more is worth.

A state alone gives the next level. A page needs more: levels before they are rounded, and what was held at which
prices. Both are kept here, with the digest of the data that gave them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from basketry.core.numbers import Bools, Floats
from basketry.index.result import IndexResult
from basketry.market.panel_digest import digest_known
from basketry.methodology.path import Segment


@dataclass(frozen=True, eq=False)
class Holdings:
    """What was held at which prices, basket after basket, each from the row where it takes effect to that of the next.

    Attributes:
        assets: Ids of all that was ever held, ascending.
        rows: Prices of each basket, those of its last row among them, shape (B,).
        sizes: Members of each, shape (B,).
        columns: Places in `assets`, basket after basket, shape (sum of sizes,).
        units, frozen: Beside them.
        prices: Rows of each basket, one basket after the other, in one dimension.
    """

    assets: tuple[str, ...]
    rows: NDArray[np.int64]
    sizes: NDArray[np.int64]
    columns: NDArray[np.int64]
    units: Floats
    frozen: Bools
    prices: Floats

    @staticmethod
    def of(segments: Sequence[Segment], names: Sequence[str]) -> Holdings:
        """Return the holdings of segments, whose columns are places in some names; neighbours that hold the same are
        one."""
        runs: list[list[Segment]] = []
        for segment in segments:
            if runs and _same(runs[-1][-1], segment):
                runs[-1].append(segment)
            else:
                runs.append([segment])
        baskets = [run[0] for run in runs]
        held = np.unique(np.concatenate([_NOBODY, *(basket.columns for basket in baskets)]))
        # The price at which a basket ends is that at which the next one begins.
        prices = [part.prices if part is run[0] else part.prices[1:] for run in runs for part in run]
        return Holdings(
            tuple(names[column] for column in held.tolist()),
            np.array([1 + sum(part.end - part.start for part in run) for run in runs], dtype=np.int64),
            np.array([len(basket.columns) for basket in baskets], dtype=np.int64),
            np.concatenate([_NOBODY, *(np.searchsorted(held, basket.columns) for basket in baskets)]),
            np.concatenate([_NOTHING, *(basket.units for basket in baskets)]),
            np.concatenate([_NEVER, *(_frozen(basket) for basket in baskets)]),
            np.concatenate([_NOTHING, *(part.ravel() for part in prices)]),
        )

    def segments(self, names: Sequence[str]) -> tuple[Segment, ...]:
        """Return the pieces of a path, whose columns are places in some names; divisors are not kept."""
        places = {name: place for place, name in enumerate(names)}
        columns = np.array([places[name] for name in self.assets], dtype=np.int64)[self.columns]
        found, member, price = [], 0, 0
        for rows, size in zip(self.rows.tolist(), self.sizes.tolist(), strict=True):
            here, prices = slice(member, member + size), self.prices[price : price + rows * size].reshape(rows, size)
            frozen = self.frozen[here] if self.frozen[here].any() else None
            found.append(Segment(0, rows - 1, columns[here], self.units[here], prices, np.nan, frozen))
            member, price = member + size, price + rows * size
        return tuple(found)


_NOBODY, _NOTHING, _NEVER = np.empty(0, dtype=np.int64), np.empty(0), np.empty(0, dtype=np.bool_)


def _frozen(segment: Segment) -> Bools:
    return np.zeros(len(segment.columns), dtype=np.bool_) if segment.frozen is None else segment.frozen


def _same(left: Segment, right: Segment) -> bool:
    return (
        np.array_equal(left.columns, right.columns)
        and np.array_equal(left.units, right.units)
        and np.array_equal(_frozen(left), _frozen(right))
        # An index that goes on after a correction that stands does so at other prices of the same instant.
        and np.array_equal(left.prices[-1], right.prices[0])
    )


@dataclass(frozen=True, eq=False)
class Kept:
    """An index at its last instant.

    Attributes:
        state: Its state as bytes.
        levels: Its levels, not rounded.
        holdings: What was held.
        data: Digest of the data up to there, see `digest_known`.
    """

    state: bytes
    levels: pl.DataFrame
    holdings: Holdings
    data: str

    @staticmethod
    def of(result: IndexResult) -> Kept:
        """Return what is kept of a result."""
        holdings = Holdings.of(result.segments, result.panel.assets)
        return Kept(result.state.to_bytes(), result.levels, holdings, digest_known(result.panel, result.inputs))

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return self.levels.height * 64 + self.holdings.prices.nbytes
