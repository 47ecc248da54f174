"""Pieces of a walk put together: one segment for each basket."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from basketry.methodology.path import Segment


def joined(pieces: Iterable[Segment]) -> tuple[Segment, ...]:
    """Return the segments of a path whose pieces each count their rows from 0, one after the other.

    Pieces over which the basket merely goes on become one segment.
    """
    found: list[list[Segment]] = []
    for piece in pieces:
        last = found[-1][-1] if found else None
        if last is not None and not piece.anew and last.becomes is None and last.units is piece.units:
            found[-1].append(piece)
        else:
            found.append([piece])
    segments = []
    row = 0
    for run in found:
        rows = sum(piece.end for piece in run)
        prices = run[0].prices
        if len(run) > 1:
            prices = np.concatenate([prices, *(piece.prices[1:] for piece in run[1:])])
        segments.append(replace(run[0], start=row, end=row + rows, prices=prices, becomes=run[-1].becomes))
        row += rows
    return tuple(segments)
