"""Rank buffers of published methodologies."""

import numpy as np
import pytest

from basketry.core.errors import MethodologyError
from basketry.methodology.buffers import select_with_buffer
from basketry.methodology.select import Selection


def chosen(members: list[int], wanted: int, enter: int, leave: int, assets: int = 40) -> list[int]:
    ranks = np.arange(1, assets + 1)
    picked = select_with_buffer(ranks - 1, np.isin(ranks, members), wanted, enter, leave)
    return sorted(ranks[picked].tolist())


def test_cmbi_10() -> None:
    """Ranks to 8 are in, then members to 12, then the best others (Coin Metrics, CMBI Multi-Asset Series)."""
    assert chosen([1, 2, 3, 4, 5, 6, 7, 8, 11, 12], 10, 8, 12) == [1, 2, 3, 4, 5, 6, 7, 8, 11, 12]
    assert chosen([1, 2, 3, 4, 5, 6, 7, 8, 12, 13], 10, 8, 12) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 12]
    assert chosen([1, 2, 3, 4, 5, 6, 7, 13, 14, 15], 10, 8, 12) == list(range(1, 11))


def test_large_cap_20() -> None:
    """The buffer of the README: in to rank 18, members stay to rank 24."""
    members = [*range(1, 18), 22, 23, 25]
    assert chosen(members, 20, 18, 24) == [*range(1, 19), 22, 23]


def test_fewer_members_than_wanted_are_filled_by_rank() -> None:
    assert chosen([], 5, 3, 8) == [1, 2, 3, 4, 5]
    assert chosen([6], 5, 3, 8) == [1, 2, 3, 4, 6]


def test_more_members_in_the_buffer_than_room() -> None:
    assert chosen([5, 6, 7, 8], 5, 3, 8) == [1, 2, 3, 5, 6]


def test_a_buffer_must_hold_the_number() -> None:
    with pytest.raises(MethodologyError, match="20 must lie between enter 21 and leave 24"):
        Selection.parse({"by": "market_cap", "top": 20, "buffer": {"enter": 21, "leave": 24}})
    with pytest.raises(MethodologyError, match="exactly one of"):
        Selection.parse({"by": "market_cap", "top": 20, "coverage": 0.8})
