"""Whether rows are in the order of their key, which costs far less than putting them there."""

from collections.abc import Sequence

import polars as pl


def ascending(rows: pl.DataFrame, key: Sequence[str]) -> bool:
    """Return whether each row's key is above that of the row before, so that rows are sorted and unique.

    Null is below everything.

    >>> ascending(pl.DataFrame({"a": [1, 1, 2], "b": [None, "x", "a"]}), ["a", "b"])
    True
    >>> ascending(pl.DataFrame({"a": [1, 1], "b": ["x", "x"]}), ["a", "b"])
    False
    """
    above, same = pl.lit(value=False), pl.lit(value=True)
    for name in key:
        here, before = pl.col(name), pl.col(name).shift(1)
        over = here.is_not_null() & (before.is_null() | here.gt(before).fill_null(value=False))
        above = above | (same & over)
        same = same & here.eq_missing(before)
    return rows.height < 2 or bool(rows.select(above.slice(1).all()).item())
