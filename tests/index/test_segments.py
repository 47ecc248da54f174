"""Pieces of a walk put together, by hand."""

from dataclasses import replace

import numpy as np

from basketry.core.numbers import Floats
from basketry.index.segments import joined
from basketry.methodology.path import Carried, Segment


def segment(units: Floats, prices: list[float], *, anew: bool = False, becomes: Carried | None = None) -> Segment:
    return Segment(
        0, len(prices) - 1, np.array([0]), units, np.array(prices)[:, None], 1.0, None, anew=anew, becomes=becomes
    )


def test_pieces_of_one_basket_become_one_segment() -> None:
    one, other = np.array([1.0]), np.array([2.0])
    pieces = [
        segment(one, [1.0, 2.0, 3.0], anew=True), segment(one, [3.0, 4.0]), segment(other, [4.0, 5.0], anew=True),
        segment(other, [5.0, 6.0], anew=True), segment(one, [6.0, 7.0]),
    ]  # fmt: skip
    found = joined(pieces)
    assert [(part.start, part.end) for part in found] == [(0, 3), (3, 4), (4, 5), (5, 6)]
    assert found[0].prices[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert [float(part.units[0]) for part in found] == [1.0, 2.0, 2.0, 1.0]
    assert [part.anew for part in found] == [True, True, True, False]
    assert joined([]) == ()


def test_a_basket_that_goes_over_into_the_next_ends_its_segment() -> None:
    units = np.array([1.0])
    over = Carried(1, np.array([0]), np.array([0]), np.array([2.0]))
    pieces = [
        segment(units, [1.0, 2.0], anew=True), segment(units, [2.0, 3.0, 4.0], becomes=over),
        segment(units, [4.0, 5.0]),
    ]  # fmt: skip
    first, second = joined(pieces)
    assert (first.start, first.end, first.anew) == (0, 3, True)
    assert first.becomes is over
    assert first.prices[:, 0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert (second.start, second.end, second.anew, second.becomes) == (3, 4, False, None)


def test_equal_units_of_another_basket_are_another_segment() -> None:
    piece = segment(np.array([1.0]), [1.0, 2.0])
    assert len(joined([piece, replace(piece, units=np.array([1.0]))])) == 2
    (alone,) = joined([piece])
    assert alone.prices is piece.prices
