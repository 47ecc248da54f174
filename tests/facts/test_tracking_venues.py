"""Published numbers of pools, curves and optimal execution."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, getcontext

import numpy as np
import pytest

from basketry.core.errors import DataError
from basketry.tracking.execution.almgren_chriss import AlmgrenChriss
from basketry.tracking.venues.concentrated import ConcentratedPool, Position
from basketry.tracking.venues.constant_product import ConstantProduct, amount_in, amount_out, impermanent_loss
from basketry.tracking.venues.liquidity_math import amounts_of, liquidity_of
from basketry.tracking.venues.stable_swap import StableSwapPool
from basketry.tracking.venues.swap_math import (
    amount0_between,
    amount1_between,
    sqrt_price_after_input,
    sqrt_price_after_output,
    swap_step,
)
from basketry.tracking.venues.tick_math import (
    MAX_SQRT_PRICE,
    MIN_SQRT_PRICE,
    Q96,
    sqrt_price_at_tick,
    tick_at_sqrt_price,
)
from basketry.tracking.venues.weighted_pool import in_given_out, out_given_in, spot_price

ONE = 10**18
MILLION = 1e6


def root(one: int, zero: int) -> int:
    """Return √(one / zero) x 2^96, rounded down, as `encodePriceSqrt` of the contracts' tests."""
    getcontext().prec = 100
    return int((Decimal(one) / Decimal(zero)).sqrt() * Q96)


# Uniswap v2 core, test/UniswapV2Pair.spec.ts, getInputPrice: swapped, reserves in and out, out; in 10^18.
@pytest.mark.parametrize(
    ("swapped", "held_in", "held_out", "expected"),
    [
        (1, 5, 10, 1662497915624478906),
        (1, 10, 5, 453305446940074565),
        (2, 5, 10, 2851015155847869602),
        (2, 10, 5, 831248957812239453),
        (1, 10, 10, 906610893880149131),
        (1, 100, 100, 987158034397061298),
        (1, 1000, 1000, 996006981039903216),
    ],
)
def test_constant_product_of_uniswap_v2(swapped: int, held_in: int, held_out: int, expected: int) -> None:
    assert amount_out(swapped * ONE, held_in * ONE, held_out * ONE) == expected
    assert amount_in(expected, held_in * ONE, held_out * ONE) <= swapped * ONE
    venue = ConstantProduct(float(held_in), float(held_out))
    assert venue.proceeds_of(swapped * 0.997) == pytest.approx(expected / ONE, rel=1e-15)


def test_canonical_vectors_of_the_uniswap_v2_library() -> None:
    # Uniswap v2 periphery, tests of the router, getAmountOut and getAmountIn.
    assert amount_out(2, 100, 100) == 1
    assert amount_in(1, 100, 100) == 2


def test_weighted_formulas() -> None:
    # Osmosis, x/gamm/pool-models/balancer, TestSolveConstantFunctionInvariant "change": equal weights.
    before, after, other = 386971117259.0, 386971331294.0, 7773284087995.0
    assert out_given_in(before, 0.5, other, 0.5, after - before) == pytest.approx(4299426.663496108929920041, rel=1e-12)
    # Martinelli and Mushegian, Balancer, 2019, equations 2, 15 and 20 at 60 digits.
    getcontext().prec = 60
    held_in, held_out, weight_in, weight_out, swapped = (Decimal(text) for text in ("40", "1000", "0.8", "0.2", "3"))
    exact = held_out * (1 - (held_in / (held_in + swapped)) ** (weight_in / weight_out))
    assert out_given_in(40, 0.8, 1000, 0.2, 3) == pytest.approx(float(exact), rel=1e-14)
    assert in_given_out(40, 0.8, 1000, 0.2, float(exact)) == pytest.approx(3, rel=1e-13)
    assert spot_price(40, 0.8, 1000, 0.2, 0.003) == pytest.approx(0.01 / 0.997)
    # The spot price is what an infinitely small swap costs.
    assert 1e-6 / out_given_in(40, 0.8, 1000, 0.2, 1e-6) == pytest.approx(spot_price(40, 0.8, 1000, 0.2), rel=1e-6)


# The table of Pintail, Uniswap: A Good Deal for Liquidity Providers?, 2019.
@pytest.mark.parametrize(
    ("ratio", "loss"),
    [(1.25, 0.006), (1.5, 0.020), (1.75, 0.038), (2, 0.057), (3, 0.134), (4, 0.200), (5, 0.255)],
)
def test_impermanent_loss(ratio: float, loss: float) -> None:
    assert impermanent_loss(ratio) == pytest.approx(-loss, abs=5.1e-4)
    assert impermanent_loss(1 / ratio) == pytest.approx(impermanent_loss(ratio))


# Uniswap v3 core, test/TickMath.spec.ts, and the limits that the contract declares.
def test_ticks_of_uniswap_v3() -> None:
    assert sqrt_price_at_tick(-887272) == MIN_SQRT_PRICE == 4295128739
    assert sqrt_price_at_tick(-887271) == 4295343490
    assert sqrt_price_at_tick(887272) == MAX_SQRT_PRICE
    assert sqrt_price_at_tick(887271) == 1461373636630004318706518188784493106690254656249
    assert MAX_SQRT_PRICE == 1461446703485210103287273052203988822378723970342
    assert tick_at_sqrt_price(MIN_SQRT_PRICE) == -887272
    assert tick_at_sqrt_price(4295343490) == -887271
    assert tick_at_sqrt_price(1461373636630004318706518188784493106690254656249) == 887271
    assert tick_at_sqrt_price(MAX_SQRT_PRICE - 1) == 887271
    with pytest.raises(DataError, match="tick 887273"):
        sqrt_price_at_tick(887273)
    with pytest.raises(DataError, match="out of range"):
        tick_at_sqrt_price(MAX_SQRT_PRICE)


def test_price_after_an_amount_of_uniswap_v3() -> None:
    # Uniswap v3 core, test/SqrtPriceMath.spec.ts.
    tenth = ONE // 10
    assert sqrt_price_after_input(Q96, ONE, tenth, zero_for_one=False) == 87150978765690771352898345369
    assert sqrt_price_after_input(Q96, ONE, tenth, zero_for_one=True) == 72025602285694852357767227579
    assert sqrt_price_after_input(Q96, 10 * ONE, 2**100, zero_for_one=True) == 624999999995069620
    assert sqrt_price_after_input(Q96, 1, (2**256 - 1) // 2, zero_for_one=True) == 1
    assert sqrt_price_after_input(1, 1, 2**255, zero_for_one=True) == 1
    assert sqrt_price_after_input(Q96, tenth, 0, zero_for_one=True) == Q96
    assert sqrt_price_after_output(Q96, ONE, tenth, zero_for_one=False) == 88031291682515930659493278152
    assert sqrt_price_after_output(Q96, ONE, tenth, zero_for_one=True) == 71305346262837903834189555302
    price = 20282409603651670423947251286016
    assert sqrt_price_after_output(price, 1024, 262143, zero_for_one=True) == 77371252455336267181195264
    for amount, down in [(4, False), (5, False), (262144, True), (262145, True)]:
        with pytest.raises(DataError, match="holds; take less"):
            sqrt_price_after_output(price, 1024, amount, zero_for_one=down)
    start = 1025574284609383690408304870162715216695788925244
    after = sqrt_price_after_input(start, 50015962439936049619261659728067971248, 406, zero_for_one=True)
    assert after == 1025574284609383582644711336373707553698163132913
    assert amount0_between(after, start, 50015962439936049619261659728067971248, round_up=True) == 406


def test_amounts_between_prices_of_uniswap_v3() -> None:
    # Uniswap v3 core, test/SqrtPriceMath.spec.ts.
    high = root(121, 100)
    assert amount0_between(high, Q96, ONE, round_up=True) == 90909090909090910
    assert amount0_between(high, Q96, ONE, round_up=False) == 90909090909090909
    assert amount1_between(Q96, high, ONE, round_up=True) == 100000000000000000
    assert amount1_between(Q96, high, ONE, round_up=False) == 99999999999999999


# Uniswap v3 core, test/SwapMath.spec.ts: price, target, liquidity, remaining, fee; price after, in, out, fee.
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((Q96, root(101, 100), 2 * ONE, ONE, 600), (root(101, 100), 9975124224178055, 9925619580021728, 5988667735148)),
        (
            (Q96, root(101, 100), 2 * ONE, -ONE, 600),
            (root(101, 100), 9975124224178055, 9925619580021728, 5988667735148),
        ),
        ((Q96, root(1000, 100), 2 * ONE, ONE, 600), (None, 999400000000000000, 666399946655997866, 600000000000000)),
        ((Q96, root(10000, 100), 2 * ONE, -ONE, 600), (None, 2 * ONE, ONE, 1200720432259356)),
        (
            (
                417332158212080721273783715441582,
                1452870262520218020823638996,
                159344665391607089467575320103,
                -1,
                1,
            ),
            (417332158212080721273783715441581, 1, 1, 1),
        ),
        (
            (2, 1, 1, 3915081100057732413702495386755767, 1),
            (1, 39614081257132168796771975168, 0, 39614120871253040049813),
        ),
        ((2413, 79887613182836312, 1985041575832132834610021537970, 10, 1872), (2413, 0, 0, 10)),
        (
            (20282409603651670423947251286016, 22310650564016837466341976414617, 1024, -4, 3000),
            (22310650564016837466341976414617, 26215, 0, 79),
        ),
        (
            (20282409603651670423947251286016, 18254168643286503381552526157414, 1024, -263000, 3000),
            (18254168643286503381552526157414, 1, 26214, 1),
        ),
    ],
)
def test_swap_steps_of_uniswap_v3(given: tuple[int, ...], expected: tuple[int | None, ...]) -> None:
    step = swap_step(*given)
    assert (step.amount_in, step.amount_out, step.fee) == expected[1:]
    assert expected[0] in (step.sqrt_price, None)


FULL = (-887220, 887220)
AROUND = [(-887200 // 60 * 60 + 60, -60), (60, 887220)]


# Uniswap v3 core, test/__snapshots__/UniswapV3Pool.swaps.spec.ts.snap: liquidity of 2e18 in each position;
# token 0 in or not, exact amount (negative for out), limit; change of token 0, of token 1, tick after. The tests there
# round the price 2^-127 to 40 decimals.
@pytest.mark.parametrize(
    ("start", "ranges", "swap", "expected"),
    [
        ((1, 1), [FULL], (True, ONE, None), (ONE, -665331998665331998, -8090)),
        ((1, 1), [FULL], (False, ONE, None), (-665331998665331998, ONE, 8089)),
        ((1, 1), [FULL], (True, -ONE, None), (2006018054162487463, -ONE, -13864)),
        ((1, 1), [FULL], (True, 1000, None), (1000, -996, -1)),
        ((1, 1), [FULL], (False, -1000, None), (-1000, 1005, 0)),
        ((1, 1), [FULL], (False, 10**40, (5, 2)), (-735088935932648267, 1165774985123750584, 9163)),
        ((1, 10), [FULL], (False, ONE, None), (-3869747612262812753, ONE, -4099)),
        ((10, 1), [FULL], (True, ONE, None), (ONE, -3869747612262812754, 4098)),
        ((1, 1), AROUND, (True, ONE, None), (ONE, -662011820624678025, -8130)),
        ((1, 1), AROUND, (False, -ONE, None), (-ONE, 2024171064311638316, 13983)),
        ((1, 1), AROUND, (True, 10**40, (2, 5)), (1159748196632793863, -729098226020826705, -9164)),
        ((1, 1), [FULL, *AROUND], (True, ONE, None), (ONE, -795933705287758544, -4476)),
        ((1, 1), [FULL, *AROUND], (False, -ONE, None), (-ONE, 1342022152495072924, 5793)),
        ((1, 1), [FULL, *AROUND], (False, 10**40, (5, 2)), (-1464187161953474971, 2325523181756544449, 9163)),
        ((2**127, 1), [FULL], (True, ONE, None), (ONE, -26087635650665564420687107504180041533, 13923)),
        ((2**127, 1), [FULL], (False, -ONE, None), (0, 10740898373457544742072477595619363803, 887271)),
        ((59, 10**40), [FULL], (False, 1000, None), (-26033697540846965126433148994127431276, 1000, -705093)),
    ],
)
def test_swaps_of_uniswap_v3(
    start: tuple[int, int],
    ranges: list[tuple[int, int]],
    swap: tuple[bool, int, tuple[int, int] | None],
    expected: tuple[int, int, int],
) -> None:
    pool = ConcentratedPool.of(root(*start), [Position(low, high, 2 * ONE) for low, high in ranges])
    down, amount, limit = swap
    done, after = pool.swap(amount, zero_for_one=down, sqrt_limit=root(*limit) if limit else None)
    moved = (done.amount_in, -done.amount_out) if down else (-done.amount_out, done.amount_in)
    assert (*moved, after.tick) == expected


def test_liquidity_of_positions() -> None:
    # Uniswap V3 Development Book, milestone 1: price 5000 between 4545 and 5500 with 1 ETH and 5000 USDC.
    price, low, high = root(5000, 1), root(4545, 1), root(5500, 1)
    liquidity = liquidity_of(price, low, high, ONE, 5000 * ONE)
    assert liquidity == pytest.approx(1517882343751509868544, rel=1e-15)
    zero, one = amounts_of(price, low, high, 1517882343751509868544)
    assert zero == pytest.approx(998976618347425408, abs=10_000)
    assert one == pytest.approx(5000 * ONE, abs=10_000_000)
    # Elsts, Liquidity Math in Uniswap v3, 2021, examples 1 to 3.
    price, low = root(2000, 1), root(1500, 1)
    needed = amounts_of(price, low, root(2500, 1), liquidity_of(price, low, root(2500, 1), 2 * ONE, 10**40))
    assert needed[1] / ONE == pytest.approx(5076.1, abs=0.05)
    position = liquidity_of(price, root(133333, 100), root(3000, 1), 2 * ONE, 4000 * ONE)
    zero, one = amounts_of(root(2500, 1), root(133333, 100), root(3000, 1), position)
    assert zero / ONE == pytest.approx(0.85, abs=0.005)
    assert one / ONE == pytest.approx(6572.89, abs=0.05)


EURO = StableSwapPool(
    (103902458912250371998101, 96026429950922739854657, 90684626303), (ONE, ONE, 10**30), 1000, precision=100
)
ETHER = StableSwapPool((8189776041162322264444, 9661706603857954240258), (ONE, ONE), 40000, precision=100)
UNLIKE = StableSwapPool(
    (549022857960890312641141, 1075362632212, 46720010), (ONE, 10**30, 10**34), 20000, precision=100
)
SAVINGS = StableSwapPool(
    (207488005116042557636229, 47921035344869338429831),
    (ONE, 1057419823498475822),
    150000,
    precision=100,
    fee=1_000_000,
)


# KyberSwap dex-lib, curve/plain/pool_simulator_test.go: states of pools on Ethereum and what their `get_dy` answered.
@pytest.mark.parametrize(
    ("pool", "coin_in", "coin_out", "swapped", "expected"),
    [
        (EURO, 0, 1, 500000000000000, 496315310333753),
        (EURO, 0, 1, 50000000000000000, 49631528847328147),
        (EURO, 0, 1, 5000000000000000000, 4963131024216305126),
        (EURO, 0, 2, 50000000000000000, 49364),
        (EURO, 0, 2, 5000000000000000000, 4936384),
        (EURO, 2, 1, 5000, 5025079238286081),
        (EURO, 2, 1, 500045, 502552896527853049),
        (ETHER, 0, 1, 500000000000000, 500008393783392),
        (ETHER, 0, 1, 500000000000000000, 500008321109370981),
        (ETHER, 1, 0, 500000000000000000, 499591620339898039),
        (ETHER, 1, 0, 5000000000000000000, 4995909662946962499),
        (UNLIKE, 0, 1, 500000000000000, 501),
        (UNLIKE, 0, 1, 50000000000000000, 50169),
        (UNLIKE, 0, 2, 5000000000000000000, 499),
        (UNLIKE, 2, 1, 1020, 10248489),
        (SAVINGS, 0, 1, 50000000000000123, 47184327843196292),
        (SAVINGS, 0, 1, 500000000000123, 471843279437909),
        (SAVINGS, 1, 0, 500000000000123, 529730979292097),
        (SAVINGS, 1, 0, 50000000000000123, 52973097809547429),
    ],
)
def test_exchanges_of_curve(pool: StableSwapPool, coin_in: int, coin_out: int, swapped: int, expected: int) -> None:
    assert pool.exchange(coin_in, coin_out, swapped)[0].amount_out == expected
    least = pool.amount_for(coin_in, coin_out, expected)
    assert least <= swapped
    assert pool.exchange(coin_in, coin_out, least)[0].amount_out >= expected


def test_stable_swap_in_rounds() -> None:
    # Ref Finance, ref-exchange/tests/test_stable_pool.rs: 25 basis points, amplification 10,000.
    pool = StableSwapPool((100000 * ONE, 10**11, 10**11), (ONE, 10**30, 10**30), 10000, fee=25_000_000, admin_fee=0)
    first, pool = pool.exchange(0, 2, ONE)
    second, pool = pool.exchange(0, 1, ONE)
    assert (first.amount_out, second.amount_out) == (997499, 997499)


# Almgren and Chriss, Optimal Execution of Portfolio Transactions, 2000, table 1; σ, ε, g, η of the paper.
PAPER = AlmgrenChriss(MILLION, 5.0, 5, volatility=0.95, temporary=2.5e-6, permanent=2.5e-7, fixed=0.0625)


def test_the_paper_of_almgren_and_chriss() -> None:
    model = replace(PAPER, risk_aversion=1e-6)
    # The paper: κ = 0.61 a day, so that κT is near 3.
    assert model.kappa == pytest.approx(0.61, abs=0.005)
    assert PAPER.cost == pytest.approx(0.6625e6)
    # The volatility of table 1 is 30% a year of a price of 50, over 250 days.
    assert 50 * 0.3 / np.sqrt(250) == pytest.approx(0.95, abs=0.002)


# DRIP, AlmgrenChriss coverage run with the parameters of the paper: cost, variance, penalty and half-life.
@pytest.mark.parametrize(
    ("risk_aversion", "cost", "variance", "penalty", "half_life"),
    [
        (1e-9, 0.6625, 1.0812, 0.6636, 51.30),
        (2e-9, 0.6625, 1.0794, 0.6647, 36.27),
        (3e-9, 0.6625, 1.0776, 0.6657, 29.62),
        (4e-9, 0.6625, 1.0758, 0.6668, 25.65),
        (5e-9, 0.6625, 1.0740, 0.6679, 22.94),
        (6e-9, 0.6625, 1.0722, 0.6690, 20.94),
        (7e-9, 0.6625, 1.0704, 0.6700, 19.39),
        (8e-9, 0.6626, 1.0687, 0.6711, 18.14),
        (9e-9, 0.6626, 1.0669, 0.6722, 17.10),
    ],
)
def test_the_frontier_of_almgren_and_chriss(
    risk_aversion: float, cost: float, variance: float, penalty: float, half_life: float
) -> None:
    model = replace(PAPER, risk_aversion=risk_aversion)
    assert model.cost / MILLION == pytest.approx(cost, abs=6e-5)
    assert model.variance / MILLION**2 == pytest.approx(variance, abs=6e-5)
    assert (model.cost + risk_aversion * model.variance) / MILLION == pytest.approx(penalty, abs=6e-5)
    assert model.half_life == pytest.approx(half_life, abs=0.006)
