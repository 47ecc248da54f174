"""Wash trading and adversaries: invented volume, printed prices, and trades that cost money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from basketry.core.errors import DataError
from basketry.market.tape import Market
from basketry.market.venues.faults.adversary import Adversary
from basketry.market.venues.faults.fault import inject
from basketry.market.venues.faults.pushes import REFILL
from basketry.market.venues.faults.wash_trading import WashTrading
from basketry.market.venues.feed import SimulatedVenues
from basketry.market.venues.specs import DEFAULT_VENUES

if TYPE_CHECKING:
    from tests.market.venues.conftest import Harness

BIRCH = "sim-birch"
UNIT = 1e-8


def test_wash_trading_multiplies_the_volume_inside_the_spread(harness: Harness) -> None:
    done = harness.inject(WashTrading(venue=BIRCH, start=harness.at(20), end=harness.at(30), multiple=20.0))
    assert {table for table, _ in done.changed()} == {"trades"}
    assert done.same_outside(harness.span)
    clean, trades = done.rows("trades", harness.usd, harness.span)
    assert trades.join(clean, on="trade_id", how="semi").equals(clean)
    invented = trades.join(clean, on="trade_id", how="anti")
    # The mean of the uniform sizes is that of the honest ones, to 4 standard errors.
    assert float(trades["size"].sum()) / float(clean["size"].sum()) == pytest.approx(
        20.0, rel=4.0 * 0.3 / invented.height**0.5
    )
    beside = invented.join_asof(harness.feed.frames["quotes"][harness.usd], on="time")
    assert ((beside["price"] >= beside["bid"]) & (beside["price"] <= beside["ask"])).all()
    assert not trades["trade_id"].is_duplicated().any()
    digits = invented["size"].cast(pl.String).str.head(1).value_counts(normalize=True)
    assert digits["proportion"].max() > 0.5 or digits.height < 9, "the sizes break Benford's law"  # type: ignore[operator]


def test_wash_trading_needs_a_multiple(harness: Harness) -> None:
    with pytest.raises(DataError, match="must be above 1"):
        harness.inject(WashTrading(venue=BIRCH, start=harness.at(20), end=harness.at(30), multiple=1.0))


def test_an_operator_prints_price_and_volume_in_its_windows_only(harness: Harness) -> None:
    windows = ((harness.at(10), harness.at(15)), (harness.at(40), harness.at(45)))
    done = harness.inject(Adversary(venues=(BIRCH,), price_factor=10.0, volume_multiple=20.0, windows=windows))
    assert {market.venue for _, market in done.changed()} == {BIRCH}
    for start, end in windows:
        clean, printed = done.rows("trades", harness.usd, (start, end))
        assert printed["size"].equals(clean["size"] * 20)
        ratio = (printed["price"] / clean["price"]).to_numpy()[1:]
        assert ratio == pytest.approx(10.0, rel=1e-4)
    between = (harness.at(15.1), harness.at(40))
    clean, same = done.rows("trades", harness.usd, between)
    assert clean.equals(same)
    costs = done.feed.costs
    assert costs.height == 4
    assert (costs["slippage"] == 0.0).all()
    assert (costs["fees"] == 0.0).all()
    row = costs.filter(pair="sim-aurum-usd").row(0, named=True)
    printed = done.rows("trades", harness.usd, windows[0])[1]
    assert row["notional"] == pytest.approx(float((printed["price"] * printed["size"]).sum()) * UNIT)


def test_volume_can_be_printed_at_true_prices(harness: Harness) -> None:
    attack = Adversary(venues=(BIRCH,), price_factor=1.0, volume_multiple=3.0, windows=(harness.span,))
    done = harness.inject(attack)
    clean, printed = done.rows("trades", harness.usd, harness.span)
    assert printed["price"].equals(clean["price"])
    assert printed["size"].equals(clean["size"] * 3)
    assert {table for table, _ in done.changed()} == {"trades"}


@pytest.mark.parametrize("factor", [1.05, 0.95])
@pytest.mark.parametrize("budget", [20_000.0, 1e6])
def test_a_trader_pays_what_its_trades_cost_and_no_more_than_its_budget(
    harness: Harness, factor: float, budget: float
) -> None:
    attack = Adversary(venues=(BIRCH,), price_factor=factor, windows=(harness.span,), budget=budget)
    done = harness.inject(attack)
    costs = done.feed.costs
    paid = float((costs["slippage"] + costs["fees"]).sum())
    assert paid <= budget * (1.0 + 1e-9)
    reached = float(costs["price_factor"][0])
    assert 0.0 < (reached - 1.0) / (factor - 1.0) <= 1.0
    assert paid == pytest.approx(budget) or reached == pytest.approx(factor)
    # The record agrees with the trades themselves, valued at the mid before each push.
    clean, trades = harness.feed.frames["trades"][harness.usd], done.feed.frames["trades"][harness.usd]
    own = trades.join(clean, on="trade_id", how="anti").sort("time")
    quotes = harness.feed.frames["quotes"][harness.usd]
    start = int(harness.feed.start.astype(np.int64)) + 20 * 60_000_000
    pushed = own.with_columns(
        push=((pl.col("time").to_physical() - start) // REFILL * REFILL + start).cast(pl.Datetime("us", "UTC"))
    ).join_asof(quotes.select("time", "bid", "ask"), left_on="push", right_on="time", allow_exact_matches=False)
    mid = (pushed["bid"] + pushed["ask"]) / 2.0
    worth = mid * pushed["size"] * UNIT
    slippage = float(((pushed["price"] / mid - 1.0).abs() * worth).sum())
    record = costs.filter(pair="sim-aurum-usd").row(0, named=True)
    assert float(worth.sum()) == pytest.approx(record["notional"], rel=1e-3)
    assert slippage == pytest.approx(record["slippage"], rel=0.02)
    fee = {spec.venue: spec.taker_fee for spec in DEFAULT_VENUES}[BIRCH]
    assert record["fees"] == pytest.approx(2.0 * fee * record["notional"])
    assert set(own["side"]) == {"buy" if factor > 1 else "sell"}


def test_a_larger_budget_reaches_further(harness: Harness) -> None:
    reached = [
        harness.inject(Adversary(venues=(BIRCH,), price_factor=1.5, windows=(harness.span,), budget=budget)).feed.costs[
            "price_factor"
        ][0]
        for budget in (1e4, 1e5, 1e6)
    ]
    assert reached == sorted(reached)
    assert reached[0] > 1.0


def test_the_eaten_side_of_the_book_goes_away_and_comes_back(harness: Harness) -> None:
    attack = Adversary(venues=(BIRCH,), price_factor=1.02, windows=(harness.span,), budget=1e9)
    done = harness.inject(attack)
    clean, eaten = done.rows("quotes", harness.usd, harness.span)
    ratio = (eaten["ask"] / clean["ask"]).to_numpy()
    assert eaten["bid"].equals(clean["bid"])
    assert np.mean(ratio > 1.019) == pytest.approx(0.5, abs=0.01)
    assert np.mean(ratio == 1.0) == pytest.approx(0.5, abs=0.01)
    assert done.same_outside(harness.span)


def test_attacks_that_make_no_sense_are_refused(harness: Harness) -> None:
    windows = (harness.span,)
    with pytest.raises(DataError, match="leave volume_multiple"):
        Adversary(venues=(BIRCH,), price_factor=2.0, windows=windows, volume_multiple=2.0, budget=1.0)
    with pytest.raises(DataError, match="needs venues, windows"):
        Adversary(venues=(), price_factor=2.0, windows=windows)
    with pytest.raises(DataError, match="must start before"):
        Adversary(venues=(BIRCH,), price_factor=2.0, windows=((harness.at(2), harness.at(1)),))


def test_recorded_trades_can_be_attacked(harness: Harness) -> None:
    trades: dict[Market, pl.DataFrame] = dict(harness.feed.frames["trades"])
    recorded = SimulatedVenues.recorded("sim-aurum", {"trades": trades})
    operator = Adversary(venues=(BIRCH,), price_factor=2.0, windows=(harness.span,), pair="sim-aurum-usdc")
    attacked = inject(recorded, [operator])
    assert attacked.costs["notional"].to_list() == [None], "what USDC is worth is not known"
    trader = Adversary(venues=(BIRCH,), price_factor=1.1, windows=(harness.span,), budget=1e5, pair="sim-aurum-usd")
    with pytest.raises(DataError, match="needs the depth and fee of sim-birch"):
        inject(recorded, [trader])
    specs = {spec.venue: spec for spec in DEFAULT_VENUES}
    known = SimulatedVenues.recorded("sim-aurum", {"trades": trades}, specs=specs)
    assert inject(known, [trader]).costs["fees"].sum() > 0.0
