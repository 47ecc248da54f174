"""Trade by trade gives what the batch gives, whatever the order of arrival."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.core.frames import TRADES
from basketry.market.tape import Market, Tape
from basketry.reference.fixing import Fixings, MemoryTapes, fix
from basketry.reference.price_rules import PriceRules
from basketry.reference.rate import RATES
from basketry.reference.stream import PriceStream

MINUTE = 60_000_000
MARKETS = [
    Market("alpha", "btc-usd", "btc", "usd"),
    Market("beta", "btc-usd", "btc", "usd"),
    Market("beta", "btc-usdt", "btc", "usdt"),
    Market("gamma", "btc-usdt", "btc", "usdt", group="beta"),
    Market("alpha", "usdt-usd", "usdt", "usd"),
    Market("delta", "btc-usd", "btc", "usd"),
]
Event = tuple[Market, int, float, int, str]


def events(seed: int, minutes: int, each: int = 4) -> list[Event]:
    """Return trades of all markets in time order, with ids; beta's market in usdt is out for a while."""
    generator = np.random.default_rng(seed)
    found: list[Event] = []
    for market in MARKETS:
        level = 1.0 if market.base == "usdt" else 20_000.0
        for number, time in enumerate(np.sort(generator.integers(0, minutes * MINUTE, minutes * each))):
            if market.venue == "gamma" and minutes / 3 < time / MINUTE < minutes / 2:
                continue
            # Whole microseconds and prices repeat, so that there are ties.
            price = round(level * (1 + generator.normal(0, 0.001)), 2 if level > 1 else 4)
            size = int(generator.integers(1, 5)) * 10**7
            found.append((market, int(time // 1000 * 1000), price, size, f"{market}-{number}"))
    return sorted(found, key=lambda event: (event[1], event[4]))


def tapes(trades: list[Event]) -> MemoryTapes:
    """Return the trades as tapes."""
    frames: dict[str, dict[Market, pl.DataFrame]] = {"btc": {}, "usdt": {}}
    for market in MARKETS:
        rows = [event for event in trades if event[0] == market]
        frame = pl.DataFrame(
            {
                "time": pl.Series([event[1] for event in rows], dtype=pl.Int64).cast(pl.Datetime("us")),
                "trade_id": pl.Series([event[4] for event in rows], dtype=pl.String),
                "price": pl.Series([event[2] for event in rows], dtype=pl.Float64),
                "size": pl.Series([event[3] for event in rows], dtype=pl.Int64),
            }
        )
        frames[market.base][market] = TRADES.conform(frame)
    return MemoryTapes({asset: Tape.from_frames(asset, held) for asset, held in frames.items()})


def stream(
    arrivals: list[tuple[int, Event]], instants: list[int], rules: PriceRules, delay: int
) -> tuple[Fixings, PriceStream]:
    """Return what a stream gives when each value is asked for `delay` after its instant."""
    calculator = PriceStream("btc", MARKETS, rules)
    given, place = [], 0
    for instant in instants:
        while place < len(arrivals) and arrivals[place][0] < instant + delay:
            market, time, price, size, trade_id = arrivals[place][1]
            calculator.update(market, time, price, size, trade_id)
            place += 1
        given.append(calculator.value(instant))
    return Fixings.together(given), calculator


def assert_same(one: Fixings, other: Fixings) -> None:
    for name in ("table", "sources", "events", "conversions"):
        assert getattr(one, name).equals(getattr(other, name)), name


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    shuffle=st.integers(0, 10_000),
    rate=st.sampled_from(["capped_median", "partitioned_median", "vwap", "coin_metrics_real_time", "twap", "last"]),
)
def test_stream_is_batch_with_reordering_and_duplicates_within_the_delay(seed: int, shuffle: int, rate: str) -> None:
    trades = events(seed, 40)
    rules = PriceRules.parse(
        {"rate": {rate: {"window": "12m"}}, "min_venues": 3, "fallback": {"wider": ["20m"], "previous": "6m"}}
    )
    instants = [minute * MINUTE for minute in range(3, 41)]
    delay = 5_000_000
    chance = np.random.default_rng(shuffle)
    arrivals = [
        (event[1] + int(chance.integers(delay)), event) for event in trades for _ in range(chance.choice([1, 1, 2]))
    ]
    arrivals.sort(key=lambda pair: pair[0])
    batch = fix(tapes(trades), "btc", np.array(instants), rules)
    live, calculator = stream(arrivals, instants, rules, delay)
    assert_same(live, batch)
    assert not calculator.late


@pytest.mark.parametrize("rate", sorted(RATES.rules))
def test_every_rate_is_the_same_in_stream_and_batch(rate: str) -> None:
    trades = events(3, 90)
    rules = PriceRules.parse({"rate": rate, "min_venues": 1})
    instants = [minute * MINUTE for minute in (61, 70, 75, 88)]
    batch = fix(tapes(trades), "btc", np.array(instants), rules)
    live, _ = stream([(event[1], event) for event in trades], instants, rules, 2 * MINUTE)
    assert_same(live, batch)
    assert batch.table["price"].null_count() == 0


def test_a_late_trade_does_not_change_what_was_given_and_is_told() -> None:
    market = MARKETS[0]
    rules = PriceRules.parse({"rate": {"vwap": {"window": "10m"}}, "min_venues": 1})
    calculator = PriceStream("btc", MARKETS, rules)
    calculator.update(market, 5 * MINUTE, 100.0, 10, "1")
    first = calculator.value(10 * MINUTE).table["price"].item()
    calculator.update(market, 6 * MINUTE, 200.0, 10, "2")
    assert first == 100.0
    (late,) = calculator.late
    assert (late.market, late.trade_id, late.instants) == (market, "2", (10 * MINUTE,))
    # The next window that holds it counts it.
    assert calculator.value(11 * MINUTE).table["price"].item() == 150.0


def test_a_retraction_takes_a_trade_back_and_a_correction_replaces_it() -> None:
    market = MARKETS[0]
    rules = PriceRules.parse({"rate": {"vwap": {"window": "10m"}}, "min_venues": 1})
    calculator = PriceStream("btc", MARKETS, rules)
    for number, price in enumerate((100.0, 1e6, 120.0)):
        calculator.update(market, number, price, 10, str(number))
    calculator.update(market, 1, 1e6, 0, "1")
    calculator.update(market, 2, 140.0, 10, "2")
    assert calculator.value(MINUTE).table["price"].item() == 120.0


def test_memory_is_bounded_by_what_the_rules_need() -> None:
    rules = PriceRules.parse(
        {"rate": {"vwap": {"window": "1m"}}, "min_venues": 1, "conversion": {"max_age": "1m", "window": "10s"}}
    )
    calculator = PriceStream("btc", MARKETS, rules, keep=np.timedelta64(1, "m").item())
    most = 0
    for minute in range(200):
        for second in range(60):
            calculator.update(MARKETS[0], minute * MINUTE + second * 1_000_000, 100.0, 1, f"{minute}-{second}")
        calculator.value((minute + 1) * MINUTE)
        most = max(most, len(calculator.tape("btc", 0, 10**15)))
    assert most < 60 * 20


def test_state_carries_over_a_restart() -> None:
    trades = events(5, 30)
    rules = PriceRules.parse(
        {"min_venues": 3, "rate": {"capped_median": {"window": "5m"}}, "fallback": {"previous": "1h"}}
    )
    whole, _ = stream([(e[1], e) for e in trades], [minute * MINUTE for minute in range(5, 30)], rules, 0)
    first, calculator = stream([(e[1], e) for e in trades], [minute * MINUTE for minute in range(5, 15)], rules, 0)
    again = PriceStream("btc", MARKETS, rules, state=calculator.state)
    for market, time, price, size, trade_id in trades:
        again.update(market, time, price, size, trade_id)
    rest = Fixings.together([again.value(minute * MINUTE) for minute in range(15, 30)])
    assert_same(Fixings.together([first, rest]), whole)


def test_what_a_caller_gets_wrong_is_refused() -> None:
    calculator = PriceStream("btc", MARKETS[:1], PriceRules())
    with pytest.raises(DataError, match="not a market of this calculator"):
        calculator.update(MARKETS[1], 0, 1.0, 1)
    for price, size in ((0.0, 1), (-1.0, 1), (float("nan"), 1), (float("inf"), 1), (1.0, -1)):
        with pytest.raises(DataError, match="positive price and size"):
            calculator.update(MARKETS[0], 0, price, size)
    calculator.value(10)
    for instant, after in pairwise([10, 10, 9]):
        with pytest.raises(DataError, match=f"{after} is not after it"):
            calculator.value(after)
        assert instant == 10
