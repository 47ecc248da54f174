"""Books as states and as messages: the two forms say the same."""

from __future__ import annotations

import polars as pl

from basketry.core.frames import DEPTH
from basketry.market.venues.books import condense, expand
from basketry.market.venues.feed import SimulatedVenues


def replay(depth: pl.DataFrame) -> list[dict[tuple[str, float], int]]:
    """The book after each message, by the plain reading of the schema."""
    books: list[dict[tuple[str, float], int]] = []
    book: dict[tuple[str, float], int] = {}
    number = None
    for row in depth.iter_rows(named=True):
        if row["sequence"] != number:
            if number is not None:
                books.append(dict(book))
            number = row["sequence"]
            if row["kind"] == "snapshot":
                book = {}
        book[row["side"], row["price"]] = row["size"]
        if row["size"] == 0:
            del book[row["side"], row["price"]]
    return [*books, dict(book)]


def test_states_agree_with_a_plain_replay(feed: SimulatedVenues) -> None:
    depth = feed.frames["depth"][feed.markets()[0]].head(4_000)
    depth = depth.filter(pl.col("sequence") < depth["sequence"][-1])
    states, messages = expand(depth)
    expected = replay(depth)
    assert messages.height == len(expected)
    for (message,), rows in states.group_by("message"):
        found = {(side, price): size for side, price, size in rows.select("side", "price", "size").iter_rows()}
        assert found == expected[int(str(message))]


def test_condensing_what_was_expanded_gives_the_same_rows(feed: SimulatedVenues) -> None:
    for depth in feed.frames["depth"].values():
        assert condense(*expand(depth)).equals(depth)


def test_an_unchanged_book_repeats_a_level_so_that_no_number_is_missing() -> None:
    time = pl.Series([1, 2, 3]).cast(pl.Datetime("us", "UTC"))
    messages = pl.DataFrame(
        {"message": [0, 1, 2], "sequence": [7, 8, 9], "time": time, "received_at": time, "full": [True, False, False]}
    )
    level = {"side": "bid", "price": 10.0, "size": 5}
    states = pl.DataFrame([{"message": 0, **level}, {"message": 1, **level}, {"message": 2, **level, "size": 6}])
    rows = DEPTH.check(condense(states, messages))
    assert rows.select("sequence", "kind", "size").rows() == [(7, "snapshot", 5), (8, "delta", 5), (9, "delta", 6)]


def test_a_level_that_goes_is_removed_with_size_zero() -> None:
    time = pl.Series([1, 2]).cast(pl.Datetime("us", "UTC"))
    messages = pl.DataFrame(
        {"message": [0, 1], "sequence": [7, 8], "time": time, "received_at": time, "full": [True, False]}
    )
    states = pl.DataFrame({"message": [0, 0, 1], "side": ["ask"] * 3, "price": [1.0, 2.0, 2.0], "size": [4, 5, 5]})
    deltas = condense(states, messages).filter(kind="delta")
    assert deltas.select("price", "size").rows() == [(1.0, 0)]


def test_the_best_levels_are_the_quotes(feed: SimulatedVenues) -> None:
    for market, depth in feed.frames["depth"].items():
        states, messages = expand(depth)
        best = states.group_by("message").agg(
            bid=pl.col("price").filter(side="bid").max(), ask=pl.col("price").filter(side="ask").min()
        )
        quotes = feed.frames["quotes"][market]
        assert best.sort("message").select("bid", "ask").equals(quotes.select("bid", "ask")), market
        assert messages["time"].equals(quotes["time"])
