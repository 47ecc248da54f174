"""What it would cost to move the prices of a lake and the indices made from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.index.result import IndexResult
from basketry.lake.lake import Lake
from basketry.lake.tapes import LakeTapes
from basketry.ledger.folder import read_folder
from basketry.market.tape import Market
from basketry.methodology.methodology import Methodology
from basketry.reference.attack.cost import MOVES, SIDES, Attacker, ManipulationCost, manipulation_cost
from basketry.reference.attack.displacement import displacements
from basketry.reference.attack.index_cost import IndexMove, index_move
from basketry.reference.attack.liquidity import BookLiquidity, Side
from basketry.reference.price_rules import PriceRules

Progress = Callable[[str], None]
INDEX_MOVE = 100.0
"""Basis points that the factsheet speaks of."""
_MULTIPLES = (1.0, 2.0, 5.0)
_FARTHEST = 4_000.0


@dataclass(frozen=True)
class IndexManipulation:
    """What it costs to move an index at one instant.

    Attributes:
        time: The instant of the prices, microseconds.
        currency: What costs are in.
        side: The cheaper direction.
        move: The cheapest combination of constituents found.
        survives: The least number of corrupt groups of venues that every constituent survives.
        assumptions: What trading costs, in words.
        unattacked: Constituents without a reference price at the instant, which were taken to be out of reach.
    """

    time: int
    currency: str
    side: Side
    move: IndexMove
    survives: int
    assumptions: str
    unattacked: tuple[str, ...]

    def words(self) -> str:
        """Return the figure as a sentence."""
        when = np.datetime_as_string(np.datetime64(self.time, "us"), unit="m").replace("T", " ")
        if self.move.cost is None:
            what = "no attack by trading was found that does it"
        else:
            how = ", ".join(f"{asset} by {distance / 100:g}%" for asset, distance in self.move.assets.items())
            what = f"about {self.move.cost:,.0f} {self.currency.upper()} (moving {how} {self.side})"
        return f"{what}; prices of {when} UTC"


def price_attacks(
    lake: Lake,
    assets: Sequence[str],
    instant: int,
    rules: PriceRules,
    *,
    attacker: Attacker | None = None,
    moves: Sequence[float] = MOVES,
    sides: Sequence[Side] = SIDES,
    progress: Progress | None = None,
) -> list[ManipulationCost]:
    """Return what it costs to move the fixing of some assets at one instant (microseconds).

    The liquidity of a market is that of its book at that instant where the lake holds its depth, else follows from
    its trades.

    Raises:
        DataError: The lake holds no trades of an asset, or too few for a fixing.
    """
    tapes = LakeTapes(lake)
    found = []
    for asset in assets or tapes.assets:
        tapes.require(asset)
        if progress is not None:
            progress(f"Attacks on {asset}")
        found.append(
            manipulation_cost(
                tapes,
                asset,
                instant,
                rules,
                books=_books(lake, asset, instant),
                attacker=attacker,
                moves=moves,
                sides=sides,
            )
        )
    return found


def price_displacements(
    lake: Lake, asset: str, instants: np.ndarray[Any, Any], rules: PriceRules, progress: Progress | None = None
) -> pl.DataFrame:
    """Return how far corrupt venues move every rate; see `basketry.reference.attack.displacement`."""
    tapes = LakeTapes(lake)
    tapes.require(asset)
    return displacements(tapes, asset, instants, rules, progress=progress)


def index_manipulation(
    lake: Lake, result: IndexResult, *, attacker: Attacker | None = None, progress: Progress | None = None
) -> IndexManipulation | None:
    """Return what it costs to move an index at its last live instant.

    None where it is not made from reference prices, or was never live.
    """
    instant = _last_live(result.levels)
    if instant is None:
        return None
    rules = result.methodology.at(np.datetime64(instant, "us")).rules.prices
    if rules is None:
        return None
    weights = result.weights(np.datetime64(instant, "us"))
    return weights_manipulation(lake, weights, instant, rules, attacker=attacker, progress=progress)


def folder_manipulation(
    lake: Lake,
    folder: Path,
    *,
    move_bp: float = INDEX_MOVE,
    attacker: Attacker | None = None,
    progress: Progress | None = None,
) -> IndexManipulation:
    """Return what it costs to move the index of a folder at its last live instant.

    Raises:
        DataError: The index is not made from reference prices, or was never live; the lake trades none of its
            constituents; or the move is not positive.
    """
    published = read_folder(folder)
    methodology: Methodology = published.methodology
    instant = _last_live(published.levels)
    if instant is None:
        raise DataError(f"{folder}: none of its levels is live, so that there is no price to move")
    rules = methodology.at(np.datetime64(instant, "us")).rules.prices
    if rules is None:
        raise DataError(f"{folder}: its methodology makes no reference prices; give it the key `prices`")
    compositions = published.tables["compositions"]
    until = compositions.filter(pl.col("effective_at").dt.epoch("us") <= instant)
    last = until.filter(pl.col("effective_at") == pl.col("effective_at").max())
    weights = dict(last.select("asset", "weight").rows())
    return weights_manipulation(lake, weights, instant, rules, move_bp=move_bp, attacker=attacker, progress=progress)


def weights_manipulation(
    lake: Lake,
    weights: Mapping[str, float],
    instant: int,
    rules: PriceRules,
    *,
    move_bp: float = INDEX_MOVE,
    attacker: Attacker | None = None,
    progress: Progress | None = None,
) -> IndexManipulation:
    """Return what it costs to move a basket of given weights, up or down, whichever is cheaper.

    Raises:
        DataError: The lake trades none of the constituents, or the move is not positive.
    """
    if not 0 < move_bp <= _FARTHEST:
        raise DataError(f"the move of an index must be above 0 and at most {_FARTHEST:g} basis points, was {move_bp:g}")
    chosen = attacker or Attacker()
    traded = set(LakeTapes(lake).assets)
    if not traded & set(weights):
        raise DataError(f"{lake.address}: trades none of the constituents {', '.join(sorted(weights))}")
    best: tuple[Side, IndexMove] | None = None
    survives: list[int] = []
    missing: set[str] = set(weights) - traded
    for side in SIDES:
        costs: dict[str, list[tuple[float, float | None]]] = {}
        for asset in sorted(set(weights) & traded):
            # What a negative weight holds must move the other way.
            way: Side = side if weights[asset] >= 0 else ("down" if side == "up" else "up")
            # Together with all others, with some of them, and alone.
            alone = move_bp / abs(weights[asset]) if weights[asset] else _FARTHEST
            moves = {min(distance, _FARTHEST) for distance in (alone, *(move_bp * n for n in _MULTIPLES))}
            try:
                (found,) = price_attacks(
                    lake, [asset], instant, rules, attacker=chosen, moves=sorted(moves), sides=[way], progress=progress
                )
            except DataError:
                missing.add(asset)
                continue
            survives.append(found.survives)
            costs[asset] = [(move.move_bp, move.cost) for move in found.moves]
        move = index_move(weights, costs, move_bp)
        if best is None or (move.cost is not None and (best[1].cost is None or move.cost < best[1].cost)):
            best = side, move
    side, move = best or ("up", IndexMove(move_bp, None, {}))
    return IndexManipulation(
        instant, rules.currency, side, move, min(survives, default=0), chosen.words(), tuple(sorted(missing))
    )


def _last_live(levels: pl.DataFrame) -> int | None:
    """Return the last instant at which a level is live, microseconds."""
    times = levels.filter(pl.col("status") == "live")["time"].dt.epoch("us")
    return int(times[-1]) if len(times) else None


def _books(lake: Lake, asset: str, instant: int) -> dict[Market, BookLiquidity]:
    """Return the book of each market at an instant, as far as the lake holds its depth of that day."""
    end = np.datetime64(instant, "us")
    day = (end - np.timedelta64(1, "us")).astype("datetime64[D]").astype("datetime64[us]")
    books = {}
    for market in lake.ticks.held("depth"):
        if market.base == asset:
            book = BookLiquidity.of(
                lake.ticks.read("depth", market, day, end), 10.0 ** -lake.ticks.size_decimals(market)
            )
            if book is not None:
                books[market] = book
    return books
