"""What it costs to move one fixing by trading: the cheapest attack found, and how many venues must be corrupt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from basketry.core.errors import DataError
from basketry.core.rule import Duration
from basketry.core.time import parse_duration
from basketry.market.tape import Columns, Market, Tape
from basketry.reference.attack.displacement import Replaced
from basketry.reference.attack.liquidity import Liquidity, Side, TradeLiquidity, with_variance
from basketry.reference.attack.scenarios import ANY, Attack
from basketry.reference.fixing import Fixer, FixingWindow
from basketry.reference.paths import TapeSource
from basketry.reference.price_rules import PriceRules

PIECES = 12
MOVES = (10.0, 50.0, 100.0, 500.0)
"""Basis points by which a fixing is to be moved, unless others are asked for."""
Method = Literal["print", "hold"]
SIDES: tuple[Side, ...] = ("up", "down")
_OVERSHOOT = (1.02, 1.15, 1.3, 2.0, 5.0)
_WAYS: tuple[tuple[Method, float], ...] = (
    ("hold", 0.0),
    ("print", 0.1),
    ("print", 1.1),
    ("print", 5.0),
    ("print", 25.0),
)
"""Methods, with what is traded with oneself as a multiple of the volume of the venue."""
_FALL_MOST = 0.9


class Attacker(BaseModel):
    """What trading costs somebody who wants to move a price.

    Attributes:
        fee: Fee on each side of a trade, a fraction of its value; who trades with himself pays it twice.
        refill: How long a swept book takes to come back: to hold a price is to sweep the book this often.
        impact: Coefficient of the square-root law, for markets without a book.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fee: float = Field(0.0005, ge=0, lt=1)
    refill: Duration = Field(parse_duration("30s"), gt=timedelta(0))
    impact: float = Field(1.0, gt=0)

    def words(self) -> str:
        """Return the assumptions as a sentence."""
        return (
            f"fees of {self.fee * 1e4:g} basis points a side; a swept book is back after "
            f"{self.refill.total_seconds():g} s; markets without a book follow the square-root law, Y = {self.impact:g}"
        )


@dataclass(frozen=True, slots=True)
class Move:
    """The cheapest attack found that moves a fixing far enough.

    Attributes:
        move_bp: How far the fixing was to be moved, basis points.
        cost: What the attacker loses, in the currency of the fixing; None where no attack did it.
        moved_bp: How far it is moved, with its sign.
        side: Up or down.
        method: print: in each twelfth he sweeps the book once and trades with himself at the new price; hold: he
            keeps the price there, so that everybody trades at it.
        venues: On which venues.
        pieces: In how many twelfths of the window, its last.
        offset: How far he pushes the price of these venues, a fraction.
        turnover: What he trades, with others and with himself, in the currency of the fixing.
    """

    move_bp: float
    cost: float | None
    moved_bp: float = 0.0
    side: Side = "up"
    method: Method = "print"
    venues: tuple[str, ...] = ()
    pieces: int = 0
    offset: float = 0.0
    turnover: float = 0.0

    def words(self) -> str:
        """Return the attack as a sentence."""
        if self.cost is None:
            return "no attack by trading was found"
        how = "sweep once a twelfth, then self-trade there" if self.method == "print" else "hold it there"
        last = {1: "in the last twelfth", PIECES: "in the whole window"}
        when = last.get(self.pieces, f"in the last {self.pieces} twelfths")
        return f"push {', '.join(self.venues)} {self.side} by {self.offset:.2%} {when}; {how}"


@dataclass(frozen=True, slots=True)
class ManipulationCost:
    """What moves one fixing.

    Attributes:
        asset: The asset. time: Instant of the fixing, microseconds.
        price: The fixing without an attack.
        currency: What it and all costs are in.
        traded: Value of the trades of the window that count.
        venues: Venues that count.
        survives: Corrupt groups of venues that cannot move the price beyond the honest ones, whatever they say: the
            bound of the rate, 0 where it has none.
        corrupt: The least number of corrupt venues, the largest first, at any price and 20 times their volume, that
            were found to move it by the largest of the moves; None where no number did.
        basis: Of how many of the markets the liquidity is known from a book; the others follow the square-root law.
        moves: The cheapest attack for each move, ascending.
    """

    asset: str
    time: int
    price: float
    currency: str
    traded: float
    venues: int
    survives: int
    corrupt: int | None
    basis: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One way to attack: what it costs for each number of twelfths is known before it is tried."""

    side: Side
    method: Method
    venues: tuple[str, ...]
    offset: float
    wash: float


def manipulation_cost(
    source: TapeSource,
    asset: str,
    instant: int,
    rules: PriceRules,
    *,
    books: Mapping[Market, Liquidity] | None = None,
    attacker: Attacker | None = None,
    moves: Sequence[float] = MOVES,
    sides: Sequence[Side] = SIDES,
) -> ManipulationCost:
    """Return what it costs to move one fixing, by trading and by corrupt venues.

    The attacks are tried on the trades of the window, with the health rules in force: each combination of side,
    method, venues (the cheapest first), distance and self-traded volume, in as few of the last twelfths as do it.
    The cost is that of the cheapest which moved the fixing far enough, and so an upper bound of what the cheapest
    possible attack costs:

        cost = sum over venues and sweeps of (loss against the honest price + fee x value swept)
               + 2 fee x value traded with himself.

    What the fixing pays the attacker elsewhere, the capital tied up and the risk of being found are not in it.

    Args:
        source: Where the tapes come from.
        asset: The asset.
        instant: End of the window, microseconds.
        rules: How the fixing is made.
        books: Liquidity of markets whose book is known; the others follow the square-root law.
        attacker: What trading costs.
        moves: Basis points, positive.
        sides: Whether the fixing is to be moved up, down, or whichever is cheaper.

    Raises:
        DataError: The fixing has no price, or a move is not positive.
    """
    wanted = sorted(set(moves))
    if not wanted or not 0 < wanted[0] <= wanted[-1] <= 5_000:
        raise DataError(f"moves must be above 0 and at most 5000 basis points, were {list(moves)}")
    instants = np.array([instant], np.int64)
    honest = Fixer(source, asset, rules).window(rules.rate, instants, frozenset())
    price = float(honest.price[0])
    if not np.isfinite(price) or honest.venues[0] < rules.min_venues:
        raise DataError(f"{asset}: too few venues for a fixing at {np.datetime64(instant, 'us')}; take another --at")
    chosen = attacker or Attacker()
    field = _Field(source, asset, instant, rules, honest, books or {}, chosen)
    found = tuple(field.cheapest(move, sides) for move in wanted)
    _, size = honest.totals()
    counted = (size * honest.screened.included).sum()
    known = sum(field.liquidity[market].basis == "book" for market in field.tape.markets)
    return ManipulationCost(
        asset,
        instant,
        price,
        rules.currency,
        float(honest.tape.base_units(np.array(counted))) * price,
        int(honest.venues[0]),
        int(honest.given.survives[0]),
        field.corrupt_venues(wanted[-1]),
        f"{known} of {len(field.tape.markets)} markets have a book",
        found,
    )


class _Field:
    """The trades of one window in one currency, and what attacks on them cost and do."""

    def __init__(
        self,
        source: TapeSource,
        asset: str,
        instant: int,
        rules: PriceRules,
        honest: FixingWindow,
        books: Mapping[Market, Liquidity],
        attacker: Attacker,
    ) -> None:
        # All prices are in one currency already, and are not to be converted again.
        markets = tuple(replace(market, quote=rules.currency) for market in honest.tape.markets)
        self.tape = replace(honest.tape, markets=markets)
        self.source, self.asset, self.rules, self.attacker = source, asset, rules, attacker
        self.instants = np.array([instant], np.int64)
        self.window = round(rules.rate.window.total_seconds() * 1e6)
        self.price = float(honest.price[0])
        edges = instant - self.window + np.arange(PIECES + 1) * self.window // PIECES
        self.edges = edges
        self.bounds = self.tape.bounds(edges)
        sizes = self.tape.base_units(self.tape.size)
        self.liquidity: dict[Market, Liquidity] = {}
        volume: dict[str, list[float]] = {}
        self.main: dict[str, Market] = {}
        for place, market in enumerate(markets):
            part = self.tape.market_slice(place)
            known = books.get(honest.tape.markets[place])
            self.liquidity[market] = known or TradeLiquidity.of(
                self.tape.time[part], self.tape.price[part], sizes[part], attacker.impact
            )
            traded = [
                float(sizes[a:b].sum()) for a, b in zip(self.bounds[place][:-1], self.bounds[place][1:], strict=True)
            ]
            if sum(traded):
                before = volume.get(market.venue, [0.0] * PIECES)
                if market.venue not in self.main or sum(traded) > sum(before):
                    self.main[market.venue] = market
                volume[market.venue] = [a + b for a, b in zip(before, traded, strict=True)]
        self.volume = volume
        self.liquidity = with_variance(self.liquidity)
        self._moved: dict[tuple[_Plan, int], float] = {}

    def cheapest(self, move_bp: float, sides: Sequence[Side]) -> Move:
        """Return the cheapest attack that moves the price by some basis points."""
        best: tuple[float, _Plan, int] | None = None
        # The cheap ones first: what is dearer in one twelfth than the best so far need not be tried.
        for plan in sorted(set(self._plans(move_bp / 1e4, sides)), key=self._cost_of_window):
            limit = np.inf if best is None else best[0]
            pieces = self._fewest_pieces(plan, move_bp, limit)
            if pieces is not None and self.cost(plan, pieces) < limit:
                best = self.cost(plan, pieces), plan, pieces
        if best is None:
            return Move(move_bp, None)
        cost, plan, pieces = best
        turnover = self._spend(plan, pieces)[1]
        moved = self.moved_bp(plan, pieces)
        return Move(move_bp, cost, moved, plan.side, plan.method, plan.venues, pieces, plan.offset, turnover)

    def _plans(self, move: float, sides: Sequence[Side]) -> Iterator[_Plan]:
        for side, overshoot, (method, wash) in product(sides, _OVERSHOOT, _WAYS):
            offset = move * overshoot
            if side == "down" and offset > _FALL_MOST:
                continue
            singles = [_Plan(side, method, (venue,), offset, wash) for venue in self.volume]
            for value in (self._cost_of_window, self._cost_of_share):
                ordered = [plan.venues[0] for plan in sorted(singles, key=value)]
                for count in range(1, len(ordered) + 1):
                    yield _Plan(side, method, tuple(sorted(ordered[:count])), offset, wash)

    def _cost_of_window(self, plan: _Plan) -> float:
        return self.cost(plan, PIECES)

    def _cost_of_share(self, plan: _Plan) -> float:
        return self.cost(plan, PIECES) / sum(self.volume[plan.venues[0]])

    def _fewest_pieces(self, plan: _Plan, move_bp: float, limit: float) -> int | None:
        """Return the fewest twelfths in which a plan does it for less than a limit, by bisection."""
        low, high = 1, PIECES
        while high and self.cost(plan, high) >= limit:
            high -= 1
        if not high or not self.reaches(plan, high, move_bp):
            return None
        while low < high:
            middle = (low + high) // 2
            if self.reaches(plan, middle, move_bp):
                high = middle
            else:
                low = middle + 1
        return high

    def reaches(self, plan: _Plan, pieces: int, move_bp: float) -> bool:
        """Return whether a plan moves the price far enough to its side."""
        moved = self.moved_bp(plan, pieces)
        return bool(moved >= move_bp if plan.side == "up" else moved <= -move_bp)

    def cost(self, plan: _Plan, pieces: int) -> float:
        """Return what a plan costs."""
        return self._spend(plan, pieces)[0]

    def _spend(self, plan: _Plan, pieces: int) -> tuple[float, float]:
        """Return the cost and the turnover of a plan, in the currency of the fixing."""
        sweeps = float(pieces)
        if plan.method == "hold":
            sweeps *= max(1.0, self.window / PIECES / 1e6 / self.attacker.refill.total_seconds())
        cost = turnover = 0.0
        sign = 1 if plan.side == "up" else -1
        for market in self._markets_of(plan):
            quantity, loss = self.liquidity[market].sweep(plan.offset, plan.side)
            if not np.isfinite(loss):
                return float("inf"), float("inf")
            swept = sweeps * quantity * self.price
            cost += sweeps * loss * self.price + self.attacker.fee * swept
            turnover += swept
        for venue in plan.venues if plan.method == "print" else ():
            washed = plan.wash * sum(self.volume[venue][PIECES - pieces :]) * self.price * (1 + sign * plan.offset)
            cost += 2 * self.attacker.fee * washed
            turnover += washed
        return cost, turnover

    def _markets_of(self, plan: _Plan) -> list[Market]:
        if plan.method == "hold":
            return [market for market in self.tape.markets if market.venue in plan.venues]
        return [self.main[venue] for venue in plan.venues]

    def moved_bp(self, plan: _Plan, pieces: int) -> float:
        """Return how far a plan moves the price, basis points; NaN where it takes the price away."""
        key = plan, pieces
        if key not in self._moved:
            self._moved[key] = self._try(
                self._held(plan, pieces) if plan.method == "hold" else self._printed(plan, pieces)
            )
        return self._moved[key]

    def _try(self, tape: Tape) -> float:
        fixer = Fixer(Replaced(self.source, tape), self.asset, self.rules)
        window = fixer.window(self.rules.rate, self.instants, frozenset())
        if window.venues[0] < self.rules.min_venues:
            return float("nan")
        return (float(window.price[0]) / self.price - 1) * 1e4

    def _held(self, plan: _Plan, pieces: int) -> Tape:
        factor = 1 + plan.offset if plan.side == "up" else 1 - plan.offset
        price = self.tape.price.copy()
        for place, market in enumerate(self.tape.markets):
            if market.venue in plan.venues:
                price[self.bounds[place, PIECES - pieces] : self.bounds[place, PIECES]] *= factor
        return replace(self.tape, price=price)

    def _printed(self, plan: _Plan, pieces: int) -> Tape:
        factor = 1 + plan.offset if plan.side == "up" else 1 - plan.offset
        parts: dict[Market, list[Columns]] = {}
        decimals = round(-np.log10(self.tape.unit))
        for place, market in enumerate(self.tape.markets):
            part = self.tape.market_slice(place)
            whole = self.tape.time[part], self.tape.price[part], self.tape.size[part]
            parts[market] = [whole]
            if market.venue not in plan.venues or self.main[market.venue] != market:
                continue
            added = [
                (self.edges[piece + 1] - 1, plan.wash * self.volume[market.venue][piece])
                for piece in range(PIECES - pieces, PIECES)
                if self.volume[market.venue][piece] > 0
            ]
            times = np.array([time for time, _ in added], np.int64)
            sizes = np.array([max(1, round(size / self.tape.unit)) for _, size in added], np.int64)
            at = np.searchsorted(whole[0], times, side="right")
            before = whole[1][np.maximum(at - 1, 0)]
            parts[market] = [
                (
                    np.insert(whole[0], at, times),
                    np.insert(whole[1], at, before * factor),
                    np.insert(whole[2], at, sizes),
                )
            ]
        made = Tape.from_pieces(self.asset, parts, size_decimals=decimals)
        return replace(made, currency=self.tape.currency)

    def corrupt_venues(self, move_bp: float) -> int | None:
        """Return the least number of corrupt venues, largest first, that move the price by some basis points."""
        for count in range(1, len(self.volume) + 1):
            attack = Attack("", "", count, "largest", ANY, 20)
            moved = [self._try(attack.corrupt(self.tape, factor, self.instants, self.window)) for factor in ANY]
            if any(abs(distance) >= move_bp for distance in moved):
                return count
        return None
