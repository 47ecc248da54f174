"""Stratified sampling: a share of the places to every sector and size band, filled with the largest assets."""

from collections.abc import Hashable

import numpy as np
from pydantic import Field

from basketry.core.errors import DataError, MethodologyError
from basketry.core.numbers import Floats
from basketry.methodology.cap_weights import cap_weights
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.samplers import SAMPLERS, Sample, Sampler


@SAMPLERS.register("stratified")
class Stratified(Sampler):
    """Divide the index into cells of a sector and a size band, and hold the largest assets of every cell.

    A cell gets places in proportion to its weight (largest remainder) and keeps its weight, which its assets share
    in proportion to theirs. The weight of a cell without a place goes to the cells of its sector, and to all where
    its sector has none. A size band is a part of the assets in order of weight, as many in each as can be.

    Attributes:
        sizes: Number of size bands.
        by_sector: Whether cells are divided by sector as well.

    >>> Stratified(assets=20, sizes=2).words()
    '20 assets: places for each sector and each of 2 size bands in proportion to their weight, filled with the \
largest.'
    """

    formula = "n_c = largest remainder of k B_c; w_i = B_c b_i / Σ b_j over the n_c largest of cell c"
    source = "W. Cochran, Sampling Techniques (1977), proportional allocation; places by Hamilton's method"

    sizes: int = Field(1, ge=1)
    by_sector: bool = True

    def sample(self, target: ProForma, previous: Floats | None = None) -> Sample:
        """Return the sample.

        Raises:
            DataError: Cells by sector of a target without sectors.
        """
        holdings = self.holdings(target, previous, int((target.weights > 0).sum()))
        if self.by_sector and target.sectors is None:
            raise DataError(f"{self.name}: the target has no sectors; give them, or set by_sector: false")
        order = np.argsort(-target.weights, kind="stable")
        order = order[target.weights[order] > 0]
        known = target.sectors if self.by_sector else None
        sectors: list[Hashable] = [None] * len(target.weights) if known is None else list(known)
        cells: dict[tuple[Hashable, int], list[int]] = {}
        for rank, place in enumerate(order.tolist()):
            cells.setdefault((sectors[place], rank * self.sizes // len(order)), []).append(place)
        mass = {cell: float(target.weights[places].sum()) for cell, places in cells.items()}
        seats = allocate(mass, {cell: len(places) for cell, places in cells.items()}, holdings.assets)
        shares = _with_orphans(mass, seats)
        raw = np.zeros(len(target.weights))
        for cell, places in cells.items():
            if seats[cell]:
                picked = places[: seats[cell]]
                raw[picked] = shares[cell] * target.weights[picked] / target.weights[picked].sum()
        held = np.flatnonzero(raw)
        weights = np.zeros(len(raw))
        try:
            weights[held] = cap_weights(raw[held], cap=holdings.high, floor=holdings.low or None)
        except MethodologyError as error:
            raise type(error)(f"{self.name}: {error}") from error
        return Sample(weights, float("nan"), holdings.turnover(weights))

    def words(self) -> str:
        """Return the rule as a sentence."""
        bands = f"each of {self.sizes} size bands" if self.sizes > 1 else ""
        by = " and ".join(part for part in ("each sector" if self.by_sector else "", bands) if part) or "the index"
        return (
            f"{self.assets} assets: places for {by} in proportion to their weight, filled with the largest"
            f"{self.limits_in_words()}."
        )


def allocate(
    mass: dict[tuple[Hashable, int], float], room: dict[tuple[Hashable, int], int], places: int
) -> dict[tuple[Hashable, int], int]:
    """Return how many places each cell gets: the whole part of its quota, then by the largest remainder.

    No cell gets more than it has assets; of equal remainders the heavier cell is served, then the one listed first.

    >>> cells = {("a", 0): 0.55, ("b", 0): 0.30, ("c", 0): 0.15}
    >>> list(allocate(cells, dict.fromkeys(cells, 9), 4).values())
    [2, 1, 1]
    """
    whole = sum(mass.values())
    quota = {cell: places * share / whole for cell, share in mass.items()}
    seats = {cell: min(int(quota[cell] + 1e-9), room[cell]) for cell in mass}
    places = min(places, sum(room.values()))
    while sum(seats.values()) < places:
        open_cells = [cell for cell in mass if seats[cell] < room[cell]]
        seats[max(open_cells, key=lambda cell: (round(quota[cell] - seats[cell], 12), mass[cell]))] += 1
    return seats


def _with_orphans(
    mass: dict[tuple[Hashable, int], float], seats: dict[tuple[Hashable, int], int]
) -> dict[tuple[Hashable, int], float]:
    """Return the share of each cell that has places, with what falls to it of the cells without."""
    shares = {cell: share for cell, share in mass.items() if seats[cell]}
    for cell, share in mass.items():
        if not seats[cell]:
            heirs = [other for other in mass if seats[other] and other[0] == cell[0]]
            heirs = heirs or [other for other in mass if seats[other]]
            whole = sum(mass[heir] for heir in heirs)
            for heir in heirs:
                shares[heir] += share * mass[heir] / whole
    return shares
