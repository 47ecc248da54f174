"""Oracles and pools as published: Ed25519 of RFC 8032, Pyth, Chainlink, the Uniswap contracts, cost to move a mean."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.reference.oracle.aggregate import Answer, Status
from basketry.reference.oracle.policies.three_vote_median import ThreeVoteMedian
from basketry.reference.oracle.policies.upper_median import UpperMedian
from basketry.reference.oracle.policy import Quote, Value
from basketry.reference.oracle.report import Report, public_key_of, verify_ed25519
from basketry.reference.oracle.update import Due, UpdateRule
from basketry.reference.pools.cost import cost_to_move
from basketry.reference.pools.cumulative_prices import CumulativePrices, average_price, from_q112
from basketry.reference.pools.ticks import MAX_TICK, MIN_TICK, TickObservation, mean_tick, observe, tick_price

# RFC 8032, section 7.1: private key, public key, message, signature of tests 1, 2 and 3.
ED25519 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


class Literal(Report):
    """A report whose signed bytes are the domain, in hexadecimal digits."""

    def message(self, domain: str) -> bytes:
        """Return the domain's bytes."""
        return bytes.fromhex(domain)


@pytest.mark.parametrize(("private", "public", "message", "signature"), ED25519)
def test_signatures_are_those_of_rfc_8032(private: str, public: str, message: str, signature: str) -> None:
    report = Literal(feed="f", reporter="r", round=1, observed_at=0, decimals=0, price=1)
    signed = report.signed(message, bytes.fromhex(private))
    assert public_key_of(bytes.fromhex(private)).hex() == public
    assert signed.signature.hex() == signature
    assert verify_ed25519(signed, message, bytes.fromhex(public))
    assert not verify_ed25519(signed, message + "00", bytes.fromhex(public))


# pyth-client, program/rust/test_data/aggregation: quotes and the expected price and confidence, by number of the file.
# In 31 and 32 BTC trades near 43,300 and one or two of ten publishers are near zero, as on 20 September 2021.
PYTH = {
    8: ([(10_000, 10), (10_020, 10), (11_000, 10)], (10_020, 970)),
    14: ([(10_000, 10), (10_010, 10), (11_000, 10), (11_010, 10), (11_500, 100)], (11_000, 990)),
    15: ([(price, 1000) for price in range(10_000, 17_000, 1000)], (13_000, 2000)),
    31: (
        [
            (4_329_605_500_000, 1_486_500_000), (4_325_720_000_000, 1_290_000_000), (43_254, 1),
            (4_329_150_000_000, 1_500_000_000), (4_329_999_999_999, 3_999_999_999), (4_331_609_000_000, 2_422_000_000),
            (4_329_198_852_938, 3_044_669_090), (0, 200_000_000), (4_327_900_000_000, 2_000_000_000),
            (4_332_090_000_000, 1_000_000),
        ],
        (4_328_634_500_000, 2_914_500_000),
    ),
    32: (
        [
            (4_329_605_500_000, 1_486_500_000), (4_325_720_000_000, 1_290_000_000), (4_329_150_000_000, 1_500_000_000),
            (4_329_999_999_999, 3_999_999_999), (4_331_609_000_000, 2_422_000_000), (4_329_198_852_938, 3_044_669_090),
            (0, 200_000_000), (4_327_900_000_000, 2_000_000_000), (4_332_090_000_000, 1_000_000),
        ],
        (4_329_187_000_000, 3_187_000_000),
    ),
    35: (
        [(4_000_000_000_000 + 100_000_000 * place, 10**9) for place in range(5)] + [(40_000_000_000, 10**7)] * 2,
        (3_999_400_000_000, 3_959_390_000_000),
    ),
}  # fmt: skip


def pyth(*quotes: tuple[int, int]) -> Value:
    return ThreeVoteMedian().combine([Quote(*quote) for quote in quotes])


@pytest.mark.parametrize("number", PYTH)
def test_pyths_own_cases(number: int) -> None:
    quotes, expected = PYTH[number]
    assert pyth(*quotes) == Value(*expected)
    assert pyth(*reversed(quotes)) == Value(*expected)


def test_pyths_documented_aggregate() -> None:
    assert pyth((10_000, 1000), (15_000, 1000), (20_000, 1000)) == Value(15_000, 4000)


def test_pyths_fixed_point() -> None:
    """Pyth, client documentation: price 12276250, confidence 1500, exponent -5 are 122.7625 ± 0.015."""
    answer = Answer("sol-usd", 1, Status.LIVE, 5, 12_276_250, 1500, 0, (), ())
    assert answer.amount(answer.price) == Decimal("122.7625")
    assert answer.amount(answer.confidence) == Decimal("0.015")


def test_the_aims_of_pyths_proposal() -> None:
    """Pyth, Price aggregation proposal, 2021: its three examples, here in hundredths."""
    assert pyth(*[(10_000, 10)] * 4, (8_000, 10)).price == 10_000
    between = pyth((10_100, 100), (11_000, 1000)).price
    assert abs(between - 10_100) < abs(between - 11_000)
    two = pyth((5_200_000, 1000), (5_300_000, 2000))
    # "may combine into 52500 ± 500", the document says; exactly it is 52495 ± 505.
    assert two == Value(5_249_500, 50_500)


@settings(max_examples=200)
@given(
    quotes=st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 100)), min_size=1, max_size=9),
    other=st.integers(-200, 1200),
)
def test_the_median_of_votes_is_the_least_of_pyths_objective(quotes: list[tuple[int, int]], other: int) -> None:
    """The same document: R minimises Σ |R - p| / 3 + 2 Σ max(|R - p| - c, 0) / 3."""

    def objective(value: int) -> int:
        return sum(abs(value - price) + 2 * max(abs(value - price) - width, 0) for price, width in quotes)

    assert objective(pyth(*quotes).price) <= objective(other)


def test_chainlinks_median_and_deviation() -> None:
    """libocr, median plugin: element n / 2 of the sorted observations; `Deviates` from the threshold on."""
    assert UpperMedian().combine([Quote(price) for price in (4, 1, 3, 2)]).price == 3
    rule = UpdateRule(deviation_bp=50)

    def live(price: int, number: int) -> Answer:
        return Answer("f", number, Status.LIVE, 8, price, 0, 0, (), ())

    assert rule.due(live(10_000, 1), live(10_050, 2)) is Due.DEVIATION
    assert rule.due(live(10_000, 1), live(9_951, 2)) is None


E18 = 10**18


def test_uniswap_v2_sums() -> None:
    """v2-core, UniswapV2Pair.spec.ts, `price{0,1}CumulativeLast`: 3 and 3 tokens, after 10 s 6 and 2, for 10 s."""
    pair = CumulativePrices(3 * E18, 3 * E18, 1000).at(1001)
    assert (pair.price0, pair.price1, pair.time) == (2**112, 2**112, 1001)
    pair = pair.update(1010, 6 * E18, 2 * E18)
    assert (pair.price0, pair.price1) == (10 * 2**112, 10 * 2**112)
    pair = pair.at(1020)
    assert pair.price0 == 10 * 2**112 + 10 * (2 * E18 * 2**112 // (6 * E18))
    assert pair.price1 == 10 * 2**112 + 10 * (6 * E18 * 2**112 // (2 * E18))


def test_uniswap_v2_example_oracle() -> None:
    """v2-periphery, ExampleOracleSimple.spec.ts: 5 and 10 tokens for 24 hours; 5 of one are worth 10 of the other."""
    start = CumulativePrices(5 * E18, 10 * E18, 1_600_000_000)
    end = start.at(start.time + 24 * 3600)
    assert average_price(start, end) == 10 * E18 * 2**112 // (5 * E18)
    assert from_q112(average_price(start, end)) * 5 * E18 == 10 * E18
    assert from_q112(average_price(start, end, token=1)) * 10 * E18 == 5 * E18


# v3-core, TickMath.sol: 2^128 / √(1.0001^(2^i)) for i from 0.
TICK_FACTORS = """
fffcb933bd6fad37aa2d162d1a594001 fff97272373d413259a46990580e213a fff2e50f5f656932ef12357cf3c7fdcc
ffe5caca7e10e4e61c3624eaa0941cd0 ffcb9843d60f6159c9db58835c926644 ff973b41fa98c081472e6896dfb254c0
ff2ea16466c96a3843ec78b326b52861 fe5dee046a99a2a811c461f1969c3053 fcbe86c7900a88aedcffc83b479aa3a4
f987a7253ac413176f2b074cf7815e54 f3392b0822b70005940c7a398e4b70f3 e7159475a2c29b7443b29c7fa6e889d9
d097f3bdfd2022b8845ad8f792aa5825 a9f746462d870fdf8a65dc1f90e061e5 70d869a156d2a1b890bb3df62baf32f7
31be135f97d08fd981231505542fcfa6 9aa508b5b7a84e1c677de54f3e99bc9 5d6af8dedb81196699c329225ee604
2216e584f5fa1ea926041bedfe98 48a170391f7dc42444e8fa2
"""
WIDE = Context(prec=80)


def root_price(tick: int, bits: int) -> Decimal:
    """√(price of a tick) in units of 2^-bits."""
    return WIDE.multiply(WIDE.sqrt(tick_price(tick, 70)), Decimal(2**bits))


@pytest.mark.parametrize(("power", "factor"), list(enumerate(TICK_FACTORS.split())))
def test_the_factors_of_tick_math(power: int, factor: str) -> None:
    assert root_price(-(2**power), 128).to_integral_value(context=WIDE) == int(factor, 16)


def test_the_ends_of_tick_math() -> None:
    """v3-core, TickMath.sol and TickMath.spec.ts: the contract rounds up, and errs by its 128 bits at the top."""
    assert (MIN_TICK, MAX_TICK) == (-887_272, 887_272)
    assert math.ceil(root_price(MIN_TICK, 96)) == 4_295_128_739
    assert math.ceil(root_price(MIN_TICK + 1, 96)) == 4_295_343_490
    for tick, published in (
        (MAX_TICK - 1, 1461373636630004318706518188784493106690254656249),
        (MAX_TICK, 1461446703485210103287273052203988822378723970342),
    ):
        assert abs(published / root_price(tick, 96) - 1) < Decimal("1e-19")


# v3-core, Oracle.spec.ts: a pool begun with tick -5 and liquidity 5; seconds on, and tick and liquidity from then.
UPDATES = [(3, 1, 2), (2, -6, 4), (4, -2, 4), (1, -2, 9), (3, 4, 2), (6, 6, 7)]


@pytest.mark.parametrize("start", [5, 2**32 - 5])
def test_uniswap_v3_observations(start: int) -> None:
    stored, time, tick, liquidity = [TickObservation(start % 2**32, 0)], start, -5, 5
    for seconds, next_tick, next_liquidity in UPDATES:
        time += seconds
        stored.append(stored[-1].then(time, tick, liquidity))
        tick, liquidity = next_tick, next_liquidity
    kept = stored[-5:]
    for ago, tick_sum, seconds_sum in (
        (0, -21, 2104079302127802832415199655953100107502),
        (3, -33, 1593655751746395137220137744805447790318),
        (14, -13, 544451787073501541541399371890829138329),
    ):
        found = observe(kept, time - ago)
        assert (found.tick_cumulative, found.seconds_per_liquidity) == (tick_sum, seconds_sum)
    with pytest.raises(DataError, match="no observation covers"):
        observe(kept, time - 15)
    later = kept[-1].then(time + 5, tick, liquidity)
    assert (later.tick_cumulative, later.seconds_per_liquidity) == (9, 2347138135642758877746181518404363115684)


def test_uniswap_v3_interpolation() -> None:
    """The same file, `can fetch multiple observations`: sums at 0, 3, 8, 13, 15 and 18 seconds ago."""
    first = TickObservation(5, 0)
    second = first.then(18, 2, 2**15)
    stored = [first, second, second.then(23, 6, 2**12)]
    found = [observe(stored, 23 - ago) for ago in (0, 3, 8, 13, 15, 18)]
    assert [entry.tick_cumulative for entry in found] == [56, 38, 20, 10, 6, 0]
    assert [entry.seconds_per_liquidity for entry in found] == [
        550383467004691728624232610897330176, 301153217795020002454768787094765568,
        103845937170696552570609926584401920, 51922968585348276285304963292200960,
        31153781151208965771182977975320576, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "begin", "end", "tick"), [(3, 12, 12, 0), (3, 7, 12, 1), (3, -7, -12, -2), (4, -10, -12, -1)]
)
def test_the_mean_tick_rounds_down(seconds: int, begin: int, end: int, tick: int) -> None:
    """v3-periphery, OracleLibrary.spec.ts, `consult`."""
    assert mean_tick(TickObservation(0, begin), TickObservation(seconds, end)) == tick


# Constant product, 10 million dollars on each side, blocks of 12 seconds. The price must reach x = 1 + N ε for an
# arithmetic mean and (1 + ε)^N for a geometric one; that takes L (√x - 1) and loses L (√x + 1/√x - 2) to those who
# trade it back (Mackinga, Nadahalli and Wattenhofer, TWAP Oracle Attacks: Easier Done than Said?, 2022).
# Move, blocks; factor, capital and loss for the arithmetic mean; factor and capital for the geometric one.
COSTS = [
    (0.01, 50, "1.5", "2.2e+06", "4.1e+05", "1.64", "2.8e+06"),
    (0.05, 50, "3.5", "8.7e+06", "4.1e+06", "11.5", "2.4e+07"),
    (0.05, 150, "8.5", "1.9e+07", "1.3e+07", "1.51e+03", "3.8e+08"),
    (0.20, 150, "31", "4.6e+07", "3.7e+07", "7.54e+11", "8.7e+12"),
]


@pytest.mark.parametrize(("move", "blocks", "factor", "capital", "loss", "geometric", "geometric_capital"), COSTS)
def test_the_cost_of_moving_a_mean(
    move: float, blocks: int, factor: str, capital: str, loss: str, geometric: str, geometric_capital: str
) -> None:
    plain = cost_to_move(move, depth=10e6, window_blocks=blocks)
    assert (f"{plain.spot_factor:.3g}", f"{plain.capital:.2g}", f"{plain.loss:.2g}") == (factor, capital, loss)
    x = Fraction(str(move)) * blocks + 1
    assert plain.loss == pytest.approx(10e6 * (math.sqrt(x) + 1 / math.sqrt(x) - 2), rel=1e-12)
    power = cost_to_move(move, depth=10e6, window_blocks=blocks, mean="geometric")
    assert (f"{power.spot_factor:.3g}", f"{power.capital:.2g}") == (geometric, geometric_capital)
    assert power.capital > plain.capital


def liquidity(depth: float, price: float, bound: float) -> float:
    """L of a position from what moving its price by 1% takes: capital = L √p (√1.01 - 1)."""
    range_factor = max(price / bound, bound / price)
    attack = cost_to_move(0.01, depth=depth, window_blocks=1, range_factor=range_factor)
    return attack.capital / (math.sqrt(price) * (math.sqrt(1.01) - 1))


def test_the_liquidity_of_a_range() -> None:
    """uniswapv3book.com, milestone 1 (1 ether and 5000 dollars from 4545 to 5500), and Elsts, Liquidity Math, 2021.

    The first is the lesser of what dollars and ether give. The second: 2 tokens at 2000 in [1500, 2500] need 5076.1
    dollars, L (√2000 - √1500).
    """
    published = 1517882343751509868544 / 1e18
    dollars, ether = liquidity(5000, 5000, 4545), liquidity(5000, 5000, 5500)
    assert min(dollars, ether) == dollars == pytest.approx(published, rel=1e-12)
    second = liquidity(2 * 2000, 2000, 2500)
    assert second * (math.sqrt(2000) - math.sqrt(1500)) == pytest.approx(5076.1, abs=0.05)
