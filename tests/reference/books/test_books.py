"""Order books and the rate from them, beside a slow and plain implementation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.frames import DEPTH, QUOTES
from basketry.market.tape import Market
from basketry.market.venues.simulate import simulate_venues
from basketry.reference.books.calculator import REASONS, BookCalculator, book_rates
from basketry.reference.books.mids import mid_rate, quote_mids
from basketry.reference.books.rule import BookRate
from basketry.reference.rates.clamped_mean import ClampedMean
from basketry.reference.rates.venue_median import VenueMedian

UNIT = 10**8
MARKETS = [Market(name, "btc-usd", "btc", "usd") for name in ("alpha", "beta", "gamma")]
Levels = dict[float, int]


def filled(books: dict[Market, tuple[Levels, Levels]], rule: BookRate, time: int = 0) -> BookCalculator:
    calculator = BookCalculator(list(books), rule)
    for market, sides in books.items():
        for side, levels in zip(("bid", "ask"), sides, strict=True):
            for price, size in levels.items():
                calculator.update(market, time, 1, snapshot=True, side=side, price=price, size=size)
    return calculator


def plain_value(books: dict[Market, tuple[Levels, Levels]], rule: BookRate) -> tuple[float, float, float, float]:
    """Return bid value, ask value, depth and cap of merged books as the definition reads."""
    ladders = [
        sorted(((p, s / UNIT) for b in books.values() for p, s in b[side].items()), reverse=side == 0)
        for side in (0, 1)
    ]
    cap = rule.size_cap
    if cap == "dynamic":
        near: list[float] = []
        for ladder in ladders:
            best = ladder[0][0]
            near += [size for place, (price, size) in enumerate(ladder) if place < 50 or abs(price / best - 1) <= 0.05]
        near.sort()
        cut = int(0.01 * len(near))
        kept = near[cut : len(near) - cut]
        clipped = [min(max(size, kept[0]), kept[-1]) for size in near]
        cap = statistics.fmean(kept) + 5 * statistics.pstdev(clipped)
    assert isinstance(cap, float)
    curves = []
    for ladder in ladders:
        points: list[float] = []
        held = 0.0
        for price, size in ladder:
            held += min(size, cap)
            while len(points) < rule.steps and held + 1e-9 >= (len(points) + 1) * rule.spacing:
                points.append(price)
        curves.append(points)
    used = 0
    for bid, ask in zip(*curves, strict=False):
        if used and ask / ((bid + ask) / 2) - 1 > rule.spread:
            break
        used += 1
    weights = [rule.decay * math.exp(-rule.decay * rule.spacing * (k + 1)) for k in range(used)]
    values = [sum(w * p for w, p in zip(weights, curve, strict=False)) / sum(weights) for curve in curves]
    return values[0], values[1], used * rule.spacing, cap


levels = st.dictionaries(st.integers(1, 60), st.integers(1, 30), min_size=1, max_size=40)
BOOKS = st.lists(st.tuples(levels, levels), min_size=1, max_size=3).map(
    lambda drawn: {
        market: (
            {100.0 - 0.05 * place: size * UNIT // 10 for place, size in bids.items()},
            {100.0 + 0.05 * place: size * UNIT // 10 for place, size in asks.items()},
        )
        for market, (bids, asks) in zip(MARKETS, drawn, strict=False)
    }
)


@settings(max_examples=60)
@given(books=BOOKS, cap=st.sampled_from(["dynamic", 0.5, 3.0]), decay=st.sampled_from([0.05, 1.0]))
def test_the_rate_is_what_the_definition_says(
    books: dict[Market, tuple[Levels, Levels]], cap: float | str, decay: float
) -> None:
    rule = BookRate(spacing=0.25, decay=decay, spread=0.01, size_cap=cap, min_venues=1, deviation=0.5)
    value = filled(books, rule).value(1)
    try:
        bid, ask, depth, plain_cap = plain_value(books, rule)
    except ZeroDivisionError:
        assert value.status == "suspended"
        return
    assert value.status == "live"
    assert [value.value_bid, value.value_ask] == pytest.approx([bid, ask], rel=1e-12)
    assert value.price == pytest.approx((bid + ask) / 2, rel=1e-12)
    assert value.depth == pytest.approx(depth)
    assert value.size_cap == pytest.approx(plain_cap, rel=1e-9)


def test_a_worked_example_by_hand() -> None:
    # Two levels a side, one unit each: points at 1 and 2; mids 100 and 100; weights e^-0.5 : e^-1.
    books = {MARKETS[0]: ({99.0: UNIT, 98.0: UNIT}, {101.0: UNIT, 102.0: UNIT})}
    value = filled(books, BookRate(spacing=1, decay=0.5, spread=0.05, size_cap=10.0, min_venues=1)).value(1)
    weight = math.exp(-0.5)
    assert value.price == pytest.approx(100)
    assert value.value_bid == pytest.approx((99 + 98 * weight) / (1 + weight))
    assert value.value_ask == pytest.approx((101 + 102 * weight) / (1 + weight))
    assert value.depth == 2.0
    assert value.spread == pytest.approx(0.02)
    # The spread limit ends the depth before the second point, never before the first.
    narrow = filled(books, BookRate(spacing=1, decay=0.5, spread=0.015, size_cap=10.0, min_venues=1)).value(1)
    assert (narrow.depth, narrow.value_bid, narrow.value_ask) == (1.0, 99.0, 101.0)


def test_the_value_is_the_mean_of_the_sides_as_in_a_published_sample() -> None:
    # CF Benchmarks, sample of rti_stats: valueBid 67298.13, valueAsk 67427.73, value 67362.93.
    books = {MARKETS[0]: ({67298.13: UNIT}, {67427.73: UNIT})}
    value = filled(books, BookRate(spacing=1, size_cap=10.0, min_venues=1)).value(1)
    assert round(value.price, 2) == 67362.93


def test_one_order_is_capped() -> None:
    calm = {99.9 - 0.1 * k: UNIT for k in range(40)}, {100.1 + 0.1 * k: UNIT for k in range(40)}
    rule = BookRate(spacing=1, decay=0.05, spread=0.05, size_cap=2.0, min_venues=1)
    wall = (calm[0] | {99.95: 10**6 * UNIT}, calm[1])
    without, with_wall = (filled({MARKETS[0]: book}, rule).value(1) for book in (calm, wall))
    assert abs(with_wall.price / without.price - 1) < 1e-3
    unlimited = rule.model_copy(update={"size_cap": 1e9})
    assert abs(filled({MARKETS[0]: wall}, unlimited).value(1).value_bid / 99.95 - 1) < 1e-9


def rows(*entries: tuple[int, int, str, str, float, int]) -> pl.DataFrame:
    frame = pl.DataFrame(
        entries, schema=["time", "sequence", "kind", "side", "price", "size"], orient="row"
    ).with_columns(pl.col("time").cast(pl.Datetime("us")), pl.col("price").cast(pl.Float64))
    return DEPTH.conform(frame)


def test_a_gap_makes_the_book_invalid_until_the_next_snapshot() -> None:
    one = MARKETS[0]
    frame = rows(
        (0, 1, "snapshot", "bid", 99.0, UNIT),
        (0, 1, "snapshot", "ask", 101.0, UNIT),
        (10, 2, "delta", "bid", 100.0, UNIT),
        (20, 4, "delta", "bid", 100.5, UNIT),
        (30, 5, "delta", "bid", 100.6, UNIT),
        (40, 9, "snapshot", "bid", 90.0, UNIT),
        (40, 9, "snapshot", "ask", 91.0, UNIT),
    )
    rule = BookRate(spacing=1, size_cap=1.0, min_venues=1, carry="0.000001s")
    found = book_rates({one: frame}, np.array([5, 15, 25, 35, 45]), rule)
    assert found["price"].to_list() == [100.0, 100.5, None, None, 90.5]
    assert found["status"].to_list() == ["live", "live", "suspended", "suspended", "live"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="bid", price=102.0, size=UNIT), "crossed"),
        (lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="bid", price=101.0, size=UNIT), "crossed"),
        (
            lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="bid", price=99.0, size=0),
            "one side empty",
        ),
        (lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="ask", price=-5.0, size=UNIT), "no book"),
        (
            lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="ask", price=float("nan"), size=1),
            "no book",
        ),
        (lambda books: books.update(MARKETS[1], 1, 2, snapshot=False, side="ask", price=101.0, size=-1), "no book"),
        (lambda books: books.update(MARKETS[1], 1, 9, snapshot=False, side="ask", price=101.0, size=1), "no book"),
    ],
)
def test_an_unsound_book_never_enters(change: Callable[[BookCalculator], None], reason: str) -> None:
    books = {market: ({99.0: UNIT}, {101.0: UNIT}) for market in MARKETS}
    rule = BookRate(spacing=1, size_cap=1.0, min_venues=2)
    calculator = filled(books, rule)
    change(calculator)
    value = calculator.value(2)
    assert REASONS[value.codes[1]] == reason
    assert (value.price, value.venues) == (100.0, 2)
    assert calculator.faults[MARKETS[0]] == {"gaps": 0, "old": 0, "malformed": 0}


def test_stale_books_leave_one_by_one_then_the_rate_is_carried_then_suspended() -> None:
    second = 1_000_000
    calculator = filled(
        {market: ({99.0: UNIT}, {101.0: UNIT}) for market in MARKETS}, BookRate(spacing=1, size_cap=1.0)
    )
    calculator.update(MARKETS[0], 20 * second, 2, snapshot=False, side="bid", price=99.0, size=2 * UNIT)
    assert calculator.value(30 * second).venues == 3
    carried = calculator.value(31 * second)
    assert (carried.status, carried.venues, carried.age, carried.price) == ("carried", 1, 1.0, 100.0)
    assert [REASONS[code] for code in carried.codes] == ["counts", "stale", "stale"]
    assert calculator.value(91 * second).status == "suspended"
    assert math.isnan(calculator.value(91 * second).price)


def test_a_venue_that_deviates_is_out_until_it_is_well_back() -> None:
    rule = BookRate(spacing=1, size_cap=1.0, stale="1h")
    calculator = filled({market: ({99.0: UNIT}, {101.0: UNIT}) for market in MARKETS}, rule)

    def move(to: float, number: int) -> str:
        for side, price in (("bid", to - 1), ("ask", to + 1)):
            calculator.update(MARKETS[2], number, number, snapshot=True, side=side, price=price, size=UNIT)
        return REASONS[calculator.value(number + 1).codes[2]]

    assert move(104, 2) == "counts"
    assert move(106, 3) == "deviates"
    assert move(104, 4) == "deviates"
    assert move(102, 5) == "counts"


def test_prices_in_other_currencies_are_converted_and_left_out_without_a_rate() -> None:
    books = {market: ({99.0: UNIT}, {101.0: UNIT}) for market in MARKETS}
    rule = BookRate(spacing=1, size_cap=1.0, min_venues=1)
    assert filled(books, rule).value(1, np.full(3, 0.5)).price == 50.0
    value = filled(books, rule).value(1, np.array([1.0, np.nan, 1.0]))
    assert REASONS[value.codes[1]] == "no rate"
    assert (value.price, value.venues) == (100.0, 2)


def test_stream_is_batch_on_simulated_books_and_books_are_those_of_a_plain_replay() -> None:
    feed = simulate_venues(3, quotes=["usd"], hours=0.02, levels=20)
    frames = {market: frame for market, frame in feed.frames["depth"].items() if market.base == feed.asset}
    start = int(feed.start.astype(np.int64))
    instants = start + np.arange(1, 300) * 200_000
    rule = BookRate(spacing=2, decay=0.01)
    batch = book_rates(frames, instants, rule)
    live = BookCalculator(list(frames), rule)
    plain: dict[tuple[Market, str], Levels] = {}
    events = sorted(
        (row["time"], row["sequence"], str(market), place, market, row)
        for market, frame in frames.items()
        for place, row in enumerate(frame.sort("time", "sequence", maintain_order=True).iter_rows(named=True))
    )
    done = 0
    prices: list[float] = []
    seen: dict[Market, int] = {}
    for instant in instants.tolist():
        while done < len(events) and int(events[done][0].timestamp() * 1e6 + 0.5) < instant:
            *_, market, row = events[done]
            snapshot = row["kind"] == "snapshot"
            live.update(
                market,
                int(row["time"].timestamp() * 1e6 + 0.5),
                row["sequence"],
                snapshot=snapshot,
                side=row["side"],
                price=row["price"],
                size=row["size"],
            )
            if snapshot and seen.get(market) != row["sequence"]:
                plain[market, "bid"], plain[market, "ask"] = {}, {}
                seen[market] = row["sequence"]
            plain[market, row["side"]][row["price"]] = row["size"]
            if not row["size"]:
                del plain[market, row["side"]][row["price"]]
            done += 1
        prices.append(live.value(instant).price)
    assert batch["price"].to_list() == prices
    assert batch["status"].unique().to_list() == ["live"]
    for market in frames:
        bids, asks = live.book(market)
        assert bids == sorted(plain[market, "bid"].items(), reverse=True)
        assert asks == sorted(plain[market, "ask"].items())
    truth = feed.truth.filter(pl.col("asset") == feed.asset)
    assert batch["price"][-1] == pytest.approx(truth["mid"][int(0.2 * 299)], rel=1e-3)


@settings(max_examples=30)
@given(books=BOOKS, scale=st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_rate_scales_with_prices_and_does_not_depend_on_the_order_of_markets(
    books: dict[Market, tuple[Levels, Levels]], scale: float
) -> None:
    rule = BookRate(spacing=0.25, size_cap=2.0, min_venues=1, deviation=0.5)
    value = filled(books, rule).value(1)
    scaled = {
        m: ({p * scale: s for p, s in b.items()}, {p * scale: s for p, s in a.items()}) for m, (b, a) in books.items()
    }
    assert filled(scaled, rule).value(1).price == pytest.approx(value.price * scale, rel=1e-12, nan_ok=True)
    assert filled(dict(reversed(books.items())), rule).value(1) == value or math.isnan(value.price)


def test_what_a_caller_gets_wrong_is_refused() -> None:
    calculator = BookCalculator(MARKETS[:1], BookRate())
    with pytest.raises(DataError, match="not a market of this calculator"):
        calculator.update(MARKETS[1], 0, 1, snapshot=True, side="bid", price=1.0, size=1)
    with pytest.raises(DataError, match="neither bid nor ask"):
        calculator.update(MARKETS[0], 0, 1, snapshot=True, side="buy", price=1.0, size=1)


def quotes(*entries: tuple[int, float | None, float | None]) -> pl.DataFrame:
    frame = pl.DataFrame(entries, schema={"time": pl.Int64, "bid": pl.Float64, "ask": pl.Float64}, orient="row")
    return QUOTES.conform(frame.with_columns(pl.col("time").cast(pl.Datetime("us")), bid_size=UNIT, ask_size=UNIT))


def test_mids_of_quotes_and_rates_from_them() -> None:
    frames = {
        MARKETS[0]: quotes((0, 99.0, 101.0), (10, 99.5, 101.5)),
        MARKETS[1]: quotes((0, 99.0, 101.0), (10, 102.0, 101.0)),
        MARKETS[2]: quotes((0, 129.0, 131.0), (10, None, 101.0)),
    }
    mids, sizes = quote_mids(frames, np.array([1, 11, 2000]), stale=1000)
    np.testing.assert_array_equal(mids, [[100.0, 100.0, 130.0], [100.5, np.nan, np.nan], [np.nan] * 3])
    assert sizes[0].tolist() == [1.0, 1.0, 1.0]
    assert mid_rate(VenueMedian(), mids, sizes)[0] == 100.0
    assert mid_rate(ClampedMean(), mids, sizes)[0] == pytest.approx((100 + 100 + 100.5) / 3)
