"""Faults of prices: each moves what it says, by how much it says, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.core.frames import MARKETS
from basketry.market.tape import Market, Tape
from basketry.market.venues.books import expand
from basketry.market.venues.faults.depeg import Depeg
from basketry.market.venues.faults.flash_crash import BIDS_LEFT, VOLUME, FlashCrash
from basketry.market.venues.faults.price_faults import BadPrint, Bust, CrossedBook, PersistentPremium, WrongScale
from basketry.market.venues.faults.symbol_swap import SymbolSwap

if TYPE_CHECKING:
    from tests.market.venues.conftest import Harness, Injection

BIRCH = "sim-birch"
USDC = Market("sim-birch", "sim-aurum-usdc", "sim-aurum", "usdc")


def consistent(done: Injection, market: Market) -> bool:
    """Whether trades lie at or inside the quotes, and the quotes are the best levels of the book."""
    trades, quotes = done.feed.frames["trades"][market], done.feed.frames["quotes"][market]
    beside = trades.join_asof(quotes, on="time")
    inside = (beside["price"] >= beside["bid"]) & (beside["price"] <= beside["ask"])
    states, _ = expand(done.feed.frames["depth"][market])
    bids, asks = (states.filter(side=side).group_by("message").agg("price") for side in ("bid", "ask"))
    best_bid = bids.sort("message")["price"].list.max()
    best_ask = asks.sort("message")["price"].list.min()
    return bool(
        inside.all()
        and (best_bid == quotes["bid"]).all()
        and (best_ask == quotes["ask"]).all()
        and (quotes["bid"] < quotes["ask"]).all()
    )


def both(harness: Harness) -> set[tuple[str, Market]]:
    return {(table, market) for table in harness.feed.frames for market in (harness.usd, USDC)}


def test_a_premium_holds_over_its_window_in_every_table(harness: Harness) -> None:
    done = harness.inject(PersistentPremium(venue=BIRCH, start=harness.at(20), end=harness.at(30)))
    assert done.changed() == both(harness)
    assert done.same_outside((harness.at(20), harness.at(30.1)))
    clean, moved = done.rows("quotes", harness.usd, harness.span)
    tick = harness.feed.grids[harness.usd].width
    assert ((moved["bid"] - clean["bid"] * 1.05).abs() <= tick).all()
    trades, printed = done.rows("trades", harness.usd, (harness.at(20.1), harness.at(30)))
    assert ((printed["price"] / trades["price"] - 1.05).abs() < 1e-4).all()
    assert trades.drop("price").equals(printed.drop("price"))
    assert consistent(done, harness.usd)
    assert done.feed.truth.equals(harness.feed.truth)


def test_a_pair_can_be_chosen_that_is_not_of_the_asset(harness: Harness) -> None:
    fault = PersistentPremium(venue=BIRCH, start=harness.at(20), end=harness.at(30), pair="usdc-usd", premium=0.3)
    assert {market.pair for _, market in harness.inject(fault).changed()} == {"usdc-usd"}


@pytest.mark.parametrize("factor", [1e-8, 0.01, 1_000.0, 1e8])
def test_a_wrong_scale_is_exact(harness: Harness, factor: float) -> None:
    done = harness.inject(WrongScale(venue=BIRCH, start=harness.at(20), end=harness.at(30), factor=factor))
    clean, scaled = done.rows("trades", harness.usd, (harness.at(20.1), harness.at(30)))
    assert scaled["price"].equals(clean["price"] * factor)
    assert consistent(done, harness.usd)
    with pytest.raises(DataError, match="positive factors only"):
        harness.inject(WrongScale(venue=BIRCH, start=harness.at(20), end=harness.at(30), factor=0.0))


def test_a_flash_crash_falls_eats_the_bids_and_comes_back(harness: Harness) -> None:
    done = harness.inject(FlashCrash(venue=BIRCH, start=harness.at(20), end=harness.at(30), fall=0.87))
    assert done.changed() == both(harness)
    assert done.same_outside((harness.at(20), harness.at(30.1)))
    assert consistent(done, harness.usd)
    clean, crashed = done.rows("quotes", harness.usd, harness.span)
    ratio = (crashed["bid"] / clean["bid"]).to_numpy()
    assert ratio.min() == pytest.approx(0.13, abs=0.002)
    assert int(ratio.argmin()) == pytest.approx(180, abs=3)
    assert ratio[-1] > 0.99
    assert (crashed["bid_size"] <= clean["bid_size"] * BIDS_LEFT).all()
    assert crashed["ask_size"].equals(clean["ask_size"])
    trades, printed = done.rows("trades", harness.usd, (harness.at(20), harness.at(23)))
    assert set(printed["side"]) == {"sell"}
    assert printed["size"].equals(trades["size"] * VOLUME)
    for wrong in (0.0, 1.0):
        with pytest.raises(DataError, match="between 0 and 1"):
            harness.inject(FlashCrash(venue=BIRCH, start=harness.at(20), end=harness.at(30), fall=wrong))


def test_a_crossed_book_crosses_every_quote_and_no_trade(harness: Harness) -> None:
    done = harness.inject(CrossedBook(venue=BIRCH, start=harness.at(20), end=harness.at(30)))
    assert done.changed() == {entry for entry in both(harness) if entry[0] != "trades"}
    _, crossed = done.rows("quotes", harness.usd, harness.span)
    assert (crossed["bid"] > crossed["ask"]).all()
    states, messages = expand(done.feed.frames["depth"][harness.usd])
    inside = messages.filter(pl.col("time").is_between(*harness.span, closed="left"))
    best = (
        states.join(inside, on="message", how="semi")
        .group_by("message")
        .agg(bid=pl.col("price").filter(side="bid").max(), ask=pl.col("price").filter(side="ask").min())
    )
    assert best.height == 600
    assert (best["bid"] > best["ask"]).all()


def test_a_bad_print_is_one_trade_more(harness: Harness) -> None:
    done = harness.inject(BadPrint(venue=BIRCH, at=harness.at(25), price_factor=1.35, pair="sim-aurum-usd"))
    assert done.changed() == {("trades", harness.usd)}
    clean, trades = harness.feed.frames["trades"][harness.usd], done.feed.frames["trades"][harness.usd]
    new = trades.join(clean, on="trade_id", how="anti")
    assert trades.join(clean, on="trade_id", how="semi").equals(clean)
    last = clean.filter(pl.col("time") < harness.at(25))["price"][-1]
    assert new.select("time", "side").rows() == [(harness.at(25), "buy")]
    assert new["price"][0] == pytest.approx(last * 1.35, abs=harness.feed.grids[harness.usd].width)
    with pytest.raises(DataError, match="no trade before"):
        harness.inject(BadPrint(venue=BIRCH, at=harness.at(0), price_factor=2.0))


@pytest.mark.parametrize("delay", [timedelta(minutes=1), timedelta(days=1)])
def test_a_bust_retracts_the_bad_print_later(harness: Harness, delay: timedelta) -> None:
    bad = BadPrint(venue=BIRCH, at=harness.at(25), price_factor=0.5, pair="sim-aurum-usd")
    printed = harness.inject(bad)
    bust = Bust(venue=BIRCH, start=harness.at(24), end=harness.at(26), delay=delay, beyond=0.1)
    done = harness.inject(bad, bust)
    before, after = printed.feed.frames["trades"][harness.usd], done.feed.frames["trades"][harness.usd]
    retraction = after.filter(pl.col("known_at").is_not_null())
    assert retraction.select("time", "size", "known_at").rows() == [(harness.at(25), 0, harness.at(25) + delay)]
    assert after.filter(pl.col("known_at").is_null()).equals(before)
    assert done.changed() == {("trades", harness.usd)}
    clean = Tape.from_frames("sim-aurum", {harness.usd: harness.feed.frames["trades"][harness.usd]})
    busted = Tape.from_frames("sim-aurum", {harness.usd: after})
    assert np.array_equal(clean.price, busted.price)


def test_a_bust_without_limit_retracts_every_trade_of_its_window(harness: Harness) -> None:
    done = harness.inject(Bust(venue=BIRCH, start=harness.at(24), end=harness.at(26), delay=timedelta(minutes=1)))
    clean, rows = done.rows("trades", harness.usd, (harness.at(24), harness.at(26)))
    assert rows.height == 2 * clean.height > 0


def test_a_depeg_moves_the_currency_and_its_pairs_but_not_the_asset(harness: Harness) -> None:
    fault = Depeg(currency="usdc", low=0.87, start=harness.at(10), end=harness.at(50))
    done = harness.inject(fault)
    assert {market.pair for _, market in done.changed()} == {"sim-aurum-usdc", "usdc-usd"}
    assert done.feed.mid("sim-aurum")[1] == pytest.approx(harness.feed.mid("sim-aurum")[1], rel=0)
    moved = done.feed.mid("usdc")[1] / harness.feed.mid("usdc")[1]
    assert moved.min() == pytest.approx(0.87)
    assert moved[0] == moved[-1] == 1.0
    middle = (harness.at(27), harness.at(29))
    for market, factor in ((USDC, 1.0 / 0.87), (Market(BIRCH, "usdc-usd", "usdc", "usd"), 0.87)):
        clean, now = done.rows("quotes", market, middle)
        assert (now["bid"] / clean["bid"]).to_numpy() == pytest.approx(factor, abs=1e-4)
        assert consistent(done, market)
    # What is bought in USDC and valued at the currency's own price is worth as much as before.
    clean, now = done.rows("quotes", USDC, (harness.at(10), harness.at(50)))
    stamps = now["time"].to_physical().to_numpy()
    assert (now["bid"].to_numpy() * fault.multiple(stamps) / clean["bid"].to_numpy()) == pytest.approx(1.0, abs=1e-4)


def test_a_depeg_of_nothing_is_refused(harness: Harness) -> None:
    with pytest.raises(DataError, match="trades in 'eur'"):
        harness.inject(Depeg(currency="eur", low=0.9, start=harness.at(1), end=harness.at(2)))
    with pytest.raises(DataError, match="between 0 and 1"):
        Depeg(currency="usdc", low=1.5, start=harness.at(1), end=harness.at(2))
    with pytest.raises(DataError, match="is not before"):
        Depeg(currency="usdc", low=0.5, start=harness.at(2), end=harness.at(2))


def test_a_swapped_symbol_has_another_price_and_dates_in_the_reference(harness: Harness) -> None:
    swap = SymbolSwap(venue=BIRCH, start=harness.at(20), end=harness.at(30), other="sim-aurum-classic", ratio=1e-5)
    done = harness.inject(swap)
    assert done.changed() == both(harness)
    clean, swapped = done.rows("quotes", harness.usd, harness.span)
    ratio = (swapped["bid"] / clean["bid"]).to_numpy()
    assert ratio == pytest.approx(1e-5, rel=0.2)
    assert len(np.unique(ratio)) > 500
    markets = MARKETS.check(done.feed.tables["markets"])
    own = markets.filter(venue=BIRCH, symbol="AURUM-USD").sort("valid_from", nulls_last=False)
    assert own.select("base", "valid_from", "valid_until").rows() == [
        ("sim-aurum", None, harness.at(20)),
        ("sim-aurum-classic", harness.at(20), harness.at(30)),
        ("sim-aurum", harness.at(30), None),
    ]
    others = pl.col("venue") != BIRCH
    assert markets.filter(others).equals(harness.feed.tables["markets"].filter(others))
