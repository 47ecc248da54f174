"""Named scenarios: public incidents of prices, each as faults at the simulated venues with what is to be expected.

Most last two hours: an hour without fault, then the event. Venues are those of the default roster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from basketry.core.errors import UnknownRuleError, nearest_hint
from basketry.market.venues.faults.adversary import Adversary
from basketry.market.venues.faults.depeg import Depeg
from basketry.market.venues.faults.feed_faults import (
    ClockSkew,
    Duplicates,
    Gap,
    LatencyBurst,
    Outage,
    OutOfOrder,
    StaleFeed,
)
from basketry.market.venues.faults.flash_crash import FlashCrash
from basketry.market.venues.faults.price_faults import BadPrint, Bust, CrossedBook, PersistentPremium, WrongScale
from basketry.market.venues.faults.symbol_swap import SymbolSwap
from basketry.market.venues.faults.wash_trading import WashTrading
from basketry.market.venues.scenario import Scenario

ALDER, BIRCH, CEDAR, DOGWOOD, ELDER = "sim-alder", "sim-birch", "sim-cedar", "sim-dogwood", "sim-elder"
_UNMOVED = "The reference price moves by less than 5 bp"

_SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "thin-venue-pump",
        ("Mango Markets, 11 October 2022",),
        "The operators' price on three thin venues rises 24-fold for ten minutes, with five times the volume.",
        "Three of five venues are more than a capped median of five withstands: the price may follow. The confidence "
        "figure and the deviation between venues must show it, and the published cost of the move must be small.",
        lambda at: [
            Adversary(
                venues=(CEDAR, DOGWOOD, ELDER), price_factor=24.0, volume_multiple=5.0, windows=((at(70), at(80)),)
            )
        ],
        (CEDAR, DOGWOOD, ELDER),
    ),
    Scenario(
        "largest-venue-crash",
        ("Bitstamp and the BitMEX index, 17 May 2019",),
        "A market order takes the largest venue down by 18% within minutes; it comes back.",
        f"{_UNMOVED}: one venue, whatever its volume, is one vote with a capped weight.",
        lambda at: [FlashCrash(venue=ALDER, start=at(70), end=at(106), fall=0.18)],
        (ALDER,),
    ),
    Scenario(
        "outlier-after-outage",
        ("Deribit index, 31 October 2019",),
        "A venue is down for 75 minutes and comes back 16% too low.",
        f"{_UNMOVED}, also with every outlier filter off: the median alone bounds it.",
        lambda at: [
            Outage(venue=BIRCH, start=at(10), end=at(85)),
            PersistentPremium(venue=BIRCH, start=at(85), end=at(115), premium=-0.16),
        ],
        (BIRCH,),
    ),
    Scenario(
        "minute-crash",
        ("Binance.US, 21 October 2021",),
        "A client's algorithm sells one thin venue down by 87% and back within a minute.",
        f"{_UNMOVED}, and so does the close of the day; the prints stay in the record.",
        lambda at: [FlashCrash(venue=ELDER, start=at(75), end=at(76), fall=0.87)],
        (ELDER,),
    ),
    Scenario(
        "stop-cascade",
        ("GDAX ETH-USD, 21 June 2017",),
        "Stops and liquidations take a large venue to 0.03% of the price and back in ten minutes.",
        f"{_UNMOVED}; the last price of the venue is never used as a mark.",
        lambda at: [FlashCrash(venue=BIRCH, start=at(70), end=at(80), fall=0.9997)],
        (BIRCH,),
    ),
    Scenario(
        "stablecoin-premium-one-venue",
        ("Compound DAI, 26 November 2020",),
        "A stablecoin trades at 1.30 on one venue for half an hour; the other venues stay at 1.00.",
        f"{_UNMOVED}: the rate that converts the currency is itself made from several venues.",
        lambda at: [PersistentPremium(venue=BIRCH, start=at(70), end=at(100), pair="usdc-usd", premium=0.30)],
        (BIRCH,),
    ),
    Scenario(
        "quorum-lost-and-scale",
        ("Synthetix sKRW, 24 June 2019",),
        "Three venues fall silent; one of the two left sends prices times 1000.",
        "Below the minimum of venues the fall-back runs (carried, then halted); never the mean of the two left.",
        lambda at: [
            *(Outage(venue=venue, start=at(65), end=at(110)) for venue in (ALDER, CEDAR, DOGWOOD)),
            WrongScale(venue=ELDER, start=at(80), end=at(100), factor=1_000.0),
        ],
        (ALDER, CEDAR, DOGWOOD, ELDER),
    ),
    Scenario(
        "wrong-exponent",
        ("Pyth BTC at 5,402, 20 September 2021",),
        "Two venues send prices near zero (times 1e-8) for ten minutes.",
        "The reference price moves by less than 10 bp; the confidence figure widens.",
        lambda at: [WrongScale(venue=venue, start=at(75), end=at(85), factor=1e-8) for venue in (DOGWOOD, ELDER)],
        (DOGWOOD, ELDER),
    ),
    Scenario(
        "usdc-depeg",
        ("USDC, 10 to 13 March 2023",),
        "USDC falls to 0.87 and comes back within ninety minutes; pairs in it rise by up to 15%.",
        "The error in USD is below 10 bp: prices in USDC are converted at its own price, never at 1.",
        lambda at: [Depeg(currency="usdc", low=0.87, start=at(20), end=at(110))],
    ),
    Scenario(
        "second-stablecoin-depeg",
        ("FDUSD, 2 April 2025",),
        "USDT, in which many pairs are quoted, falls to 0.87 and comes back within half an hour.",
        "The error in USD is below 10 bp although the conversion rate must follow minute by minute.",
        lambda at: [Depeg(currency="usdt", low=0.87, start=at(70), end=at(100))],
    ),
    Scenario(
        "failing-venue-premium",
        ("FTX, 8 to 11 November 2022",),
        "A venue that halts withdrawals trades 5% off for 40 minutes, then falls silent.",
        f"{_UNMOVED}; the venue is suspended within 15 minutes, with the reason in the evidence.",
        lambda at: [
            PersistentPremium(venue=CEDAR, start=at(65), end=at(105), premium=-0.05),
            Outage(venue=CEDAR, start=at(105), end=at(120)),
        ],
        (CEDAR,),
    ),
    Scenario(
        "correlated-group",
        ("UwU Lend, 10 June 2024",),
        "Both venues of one owner are 4% off at the same time.",
        "The reference price moves by less than 10 bp: the group's weight is capped like that of one venue.",
        lambda at: [
            PersistentPremium(venue=venue, start=at(70), end=at(100), premium=0.04) for venue in (DOGWOOD, ELDER)
        ],
        (DOGWOOD, ELDER),
    ),
    Scenario(
        "cloud-region-outage",
        ("AWS Tokyo, 15 April 2025", "AWS us-east-1, 20 October 2025"),
        "Two venues fall silent at once for 40 minutes; a third is 20 seconds late.",
        "The price goes on from the venues left, its number of venues says so, and it recovers without help; the jump "
        "at the loss is below 5 bp.",
        lambda at: [
            Outage(venue=ALDER, start=at(70), end=at(110)),
            Outage(venue=ELDER, start=at(70), end=at(110)),
            LatencyBurst(venue=BIRCH, start=at(70), end=at(110), delay=timedelta(seconds=20)),
        ],
        (ALDER, BIRCH, ELDER),
    ),
    Scenario(
        "most-venues-unreachable",
        ("Cloudflare, 2 July 2019",),
        "Three of five venues cannot be reached for 24 minutes.",
        "With a minimum of two venues publication goes on; with three the fall-back runs and is visible as such.",
        lambda at: [Outage(venue=venue, start=at(70), end=at(94)) for venue in (BIRCH, CEDAR, DOGWOOD)],
        (BIRCH, CEDAR, DOGWOOD),
    ),
    Scenario(
        "wash-trading",
        ("Bitwise's report of 95% fake volume, March 2019",),
        "The smallest venue prints twenty times its volume inside the spread for an hour.",
        f"{_UNMOVED}; the vetting of venues suspects the volume.",
        lambda at: [WashTrading(venue=ELDER, start=at(60), end=at(120), multiple=20.0)],
        (ELDER,),
    ),
    Scenario(
        "bad-print-busted",
        ("Kraken at 8,000 and 12,000, October 2019",),
        "Two single prints a third off the market on one venue; it retracts them ten minutes later.",
        f"{_UNMOVED}, live and restated; prints and retractions both stay in the record.",
        lambda at: [
            BadPrint(venue=BIRCH, at=at(75), price_factor=1.35, size_multiple=10.0),
            BadPrint(venue=BIRCH, at=at(76), price_factor=0.65, size_multiple=10.0),
            Bust(venue=BIRCH, start=at(74), end=at(77), delay=timedelta(minutes=10), beyond=0.10),
        ],
        (BIRCH,),
    ),
    Scenario(
        "bust-next-day",
        ("OKCoin at ten million dollars, 15 November 2017",),
        "A print at 1400 times the price, retracted a day later.",
        f"{_UNMOVED}; the retraction gives a restatement with its own revision, or none below the threshold.",
        lambda at: [
            BadPrint(venue=DOGWOOD, at=at(75), price_factor=1_400.0),
            Bust(venue=DOGWOOD, start=at(74), end=at(77), delay=timedelta(days=1), beyond=0.10),
        ],
        (DOGWOOD,),
    ),
    Scenario(
        "venue-local-mark",
        ("Binance USDe, wBETH and BNSOL, 10 October 2025",),
        "The largest venue's own pair in USDT falls by 88% and comes back within 40 minutes.",
        f"{_UNMOVED}: no venue's own price is a mark for its own customers.",
        lambda at: [FlashCrash(venue=ALDER, start=at(70), end=at(110), pair="sim-aurum-usdt", fall=0.88)],
        (ALDER,),
    ),
    Scenario(
        "symbol-swap",
        ("Mirror and the tickers LUNA and LUNC, 29 to 31 May 2022", "The tickers zk and zkj, June 2024"),
        "From one moment on a venue's symbol means another asset, at a hundred-thousandth of the price.",
        f"{_UNMOVED}; a mapping by dates leaves the venue out from that moment.",
        lambda at: [SymbolSwap(venue=CEDAR, start=at(75), end=at(120), other="sim-aurum-classic", ratio=1e-5)],
        (CEDAR,),
    ),
    Scenario(
        "settlement-window",
        ("Gemini's auction and the Cboe XBT settlement, December 2017",),
        "In the hour of the settlement the largest venue prints 5% above the market with twenty times its volume.",
        f"{_UNMOVED}.",
        lambda at: [Adversary(venues=(ALDER,), price_factor=1.05, volume_multiple=20.0, windows=((at(60), at(120)),))],
        (ALDER,),
    ),
    Scenario(
        "settlement-window-budget",
        ("Gemini's auction and the Cboe XBT settlement, December 2017",),
        "In the last ten minutes of the settlement hour a trader spends a million dollars on pushing two venues up.",
        f"{_UNMOVED}; what the trader lost stands in the table of costs.",
        lambda at: [Adversary(venues=(ALDER, BIRCH), price_factor=1.05, windows=((at(110), at(120)),), budget=1e6)],
        (ALDER, BIRCH),
    ),
    Scenario(
        "stale-feed",
        ("Venus and Blizz with LUNA at its floor, 12 May 2022", "S&P 500 VIX futures index held, 5 February 2018"),
        "The largest venue repeats its last message for half an hour while its connection lives.",
        "The venue is left out within its limit of staleness by content, with the reason in the evidence.",
        lambda at: [StaleFeed(venue=ALDER, start=at(70), end=at(100))],
        (ALDER,),
    ),
    Scenario(
        "crossed-book",
        (),
        "One venue's bids stand above its asks for five minutes.",
        "The book is rejected and counted; rates from trades are unchanged.",
        lambda at: [CrossedBook(venue=BIRCH, start=at(75), end=at(80))],
        (BIRCH,),
    ),
    Scenario(
        "untidy-feed",
        (),
        "Messages come twice to four times, up to five seconds out of order, and with a clock five seconds off.",
        "Duplicates and order change nothing to the last digit; the skewed clock moves the price by less than 5 bp.",
        lambda at: [
            Duplicates(venue=ALDER, start=at(60), end=at(120)),
            OutOfOrder(venue=BIRCH, start=at(60), end=at(120), within=timedelta(seconds=5)),
            ClockSkew(venue=CEDAR, start=at(60), end=at(120), offset=timedelta(seconds=-5)),
        ],
        (ALDER, BIRCH, CEDAR),
    ),
    Scenario(
        "lost-messages",
        (),
        "One message in a hundred of two venues is lost for an hour.",
        "Books are invalid from each gap to the next snapshot; rates from trades move by less than 5 bp.",
        lambda at: [Gap(venue=venue, start=at(60), end=at(120)) for venue in (ALDER, DOGWOOD)],
        (ALDER, DOGWOOD),
    ),
)


def scenarios() -> Mapping[str, Scenario]:
    """Return every scenario by name, in alphabetical order.

    >>> scenarios()["usdc-depeg"].incidents
    ('USDC, 10 to 13 March 2023',)
    """
    return {entry.name: entry for entry in sorted(_SCENARIOS, key=lambda entry: entry.name)}


def scenario(name: str) -> Scenario:
    """Return the scenario of a name.

    Raises:
        UnknownRuleError: There is none.
    """
    known = scenarios()
    if name not in known:
        raise UnknownRuleError(f"unknown scenario {name!r}{nearest_hint(name, known)}; known: {', '.join(known)}")
    return known[name]
