"""What it costs to move the time-weighted price of a constant-product pool."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from basketry.core.errors import MethodologyError

Mean = Literal["arithmetic", "geometric"]
_LARGEST_POWER = 700.0


@dataclass(frozen=True)
class PoolAttack:
    """One attack on the mean price of a pool.

    Attributes:
        held_blocks: Blocks with a manipulated price at their end.
        spot_factor: What the price of the pool must be multiplied by in each manipulated block.
        capital: Dollars put into the pool at one time; they come back but for `loss` and `fees`.
        loss: Dollars lost to those who trade the price back, over all manipulated blocks.
        fees: Dollars paid to the liquidity providers, over all manipulated blocks.
    """

    held_blocks: int
    spot_factor: float
    capital: float
    loss: float
    fees: float

    @property
    def cost(self) -> float:
        """Dollars that do not come back."""
        return self.loss + self.fees


def spot_factor(move: float, window_blocks: int, held_blocks: int = 1, mean: Mean = "arithmetic") -> float:
    """Return the factor x on the pool's price in each of n blocks that moves the mean over N blocks by `move`.

    Arithmetic: x = 1 + move N / n; geometric: x = (1 + move)^(N / n).

    Raises:
        MethodologyError: No price does it: a positive price cannot lower an arithmetic mean by more than n / N.

    >>> spot_factor(0.01, 50), round(spot_factor(0.01, 50, mean="geometric"), 2)
    (1.5, 1.64)
    """
    if not 1 <= held_blocks <= window_blocks:
        raise MethodologyError(f"{held_blocks} manipulated blocks are not from 1 to the {window_blocks} of the window")
    if move <= -1:
        raise MethodologyError(f"a move of {move:g} leaves no positive price")
    share = window_blocks / held_blocks
    if mean == "geometric":
        power = math.log1p(move) * share
        if abs(power) > _LARGEST_POWER:
            raise MethodologyError(
                f"{held_blocks} of {window_blocks} blocks: the price would have to move by e^{power:g}"
            )
        return math.exp(power)
    if move * share <= -1:
        raise MethodologyError(
            f"{held_blocks} of {window_blocks} blocks cannot move an arithmetic mean by {move:g}: "
            f"more than {-held_blocks / window_blocks:g} is out of reach"
        )
    return 1 + move * share


def cost_to_move(
    move: float,
    *,
    depth: float,
    window_blocks: int,
    held_blocks: int = 1,
    mean: Mean = "arithmetic",
    fee: float = 0.0,
    corrected: bool = True,
    range_factor: float | None = None,
) -> PoolAttack:
    """Return what an attacker needs to move the mean price of a pool over N blocks by a fraction, using n of them.

    With `depth` L dollars on each side and a factor x on the price (x or 1 / x, whichever is above 1):

    - capital: L (√x - 1);
    - loss, if others trade the price back after each block: L (√x + 1/√x - 2) in each of the n blocks. The attacker
      bought dear what is then sold cheap. Without correction (`corrected=False`: the attacker makes the next block too,
      or holds n blocks in a row and trades back herself) nothing is lost but fees;
    - fees: φ / (1 - φ) of what goes in: in each block L (√x - 1) if corrected; else once, and once on the way back,
      which brings L (1 - 1/√x).

    Fees are at the fair price, and the fee that stays in the pool is not counted as depth. Gas, and what a block
    builder takes for the order of trades, come on top. Before proof of stake nobody could count on the next block;
    now a proposer of two in a row can, and the cost is then the fees alone.

    Liquidity in a range [p / r, p r] around the price counts as L / (1 - 1/√r) per side as long as the price stays
    within. Beyond the range there is nothing left to buy and any price costs no more than the edge: a narrow range
    protects against small moves and not against large ones.

    Args:
        move: Wanted move of the mean, a fraction; negative for down.
        depth: Dollars on each side of the pool.
        window_blocks: Blocks N of the window, equally long.
        held_blocks: Blocks n with a manipulated price at their end.
        mean: Of prices (Uniswap v2) or of ticks (v3).
        fee: Fee of the pool on what comes in, a fraction.
        corrected: Whether others trade the price back after each block.
        range_factor: r above 1 where all liquidity lies in [p / r, p r]; none for the whole curve.

    Source: Mackinga, Nadahalli and Wattenhofer, TWAP Oracle Attacks: Easier Done than Said?, 2022 (loss of a single
    block, two blocks in a row); Adams et al., Uniswap v3 Core, 2021 (virtual reserves).

    Raises:
        MethodologyError: An argument is out of range, or no price does it.

    One per cent on a window of 50 blocks of 12 seconds, 10 million dollars a side:

    >>> attack = cost_to_move(0.01, depth=10e6, window_blocks=50)
    >>> print(f"{attack.spot_factor} {attack.capital:,.0f} {attack.loss:,.0f}")
    1.5 2,247,449 412,415
    """
    if depth <= 0 or not 0 <= fee < 1:
        raise MethodologyError(f"depth {depth:g} must be positive and fee {fee:g} from 0 to below 1")
    if range_factor is not None and range_factor <= 1:
        raise MethodologyError(f"a range factor of {range_factor:g} is no range; give one above 1")
    factor = spot_factor(move, window_blocks, held_blocks, mean)
    reach = max(factor, 1 / factor)
    virtual = depth
    if range_factor is not None:
        virtual = depth / (1 - 1 / math.sqrt(range_factor))
        reach = min(reach, range_factor)
    root = math.sqrt(reach)
    into, back = virtual * (root - 1), virtual * (1 - 1 / root)
    toll = fee / (1 - fee)
    if corrected:
        return PoolAttack(
            held_blocks, factor, into * (1 + toll), held_blocks * (into - back), held_blocks * toll * into
        )
    return PoolAttack(held_blocks, factor, into * (1 + toll), 0.0, toll * (into + back))


def cheapest_attack(
    move: float,
    *,
    depth: float,
    window_blocks: int,
    mean: Mean = "arithmetic",
    fee: float = 0.0,
    range_factor: float | None = None,
) -> PoolAttack:
    """Return the attack with the least cost over all numbers of manipulated blocks, each corrected by others.

    The loss of a block grows with the square of a small push and with the root of a large one. So a small move of the
    mean is cheapest if every block of the window is pushed a little, and a large move of an arithmetic mean if one
    block is pushed very far. The attacker must win the last trade of each block that she pushes.

    Raises:
        MethodologyError: As `cost_to_move`, where no number of blocks does it.

    >>> many, one = (cheapest_attack(move, depth=10e6, window_blocks=150) for move in (0.05, 2.0))
    >>> many.held_blocks, round(many.cost), one.held_blocks, round(one.cost)
    (150, 892724, 1, 154069906)
    """
    attacks, refusal = [], None
    for held_blocks in range(1, window_blocks + 1):
        try:
            attacks.append(
                cost_to_move(
                    move,
                    depth=depth,
                    window_blocks=window_blocks,
                    held_blocks=held_blocks,
                    mean=mean,
                    fee=fee,
                    range_factor=range_factor,
                )
            )
        except MethodologyError as error:
            refusal = error
    if not attacks:
        raise refusal or MethodologyError(f"a window of {window_blocks} blocks is no window; give 1 or more")
    return min(attacks, key=lambda attack: attack.cost)
