"""Attacks by corrupt venues: which venues lie, when, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from basketry.core.errors import DataError, nearest_hint
from basketry.market.tape import Ints, Tape

_SIZE_LIMIT = 2**58


@dataclass(frozen=True, slots=True)
class Attack:
    """What corrupt venues do in each window of a rate; they say what they like of themselves, at no cost.

    Attributes:
        name: Name of the attack.
        words: What happens, as a sentence.
        venues: How many venues are corrupt.
        first: Whether these are the largest or the smallest by volume.
        factors: By what prices are multiplied; each is tried, the worst counts.
        volume: By what sizes are multiplied.
        share: Share of the window, its end, in which they lie.
    """

    name: str
    words: str
    venues: int
    first: Literal["largest", "smallest"]
    factors: tuple[float, ...]
    volume: float
    share: float = 1.0

    def corrupt(self, tape: Tape, factor: float, instants: Ints, window: int) -> Tape:
        """Return what the venues would have sent.

        Args:
            tape: What they sent.
            factor: One of `factors`.
            instants: Ends of the windows, ascending, microseconds.
            window: Length of the windows, microseconds; they must not overlap.

        Raises:
            DataError: There are fewer venues than are to be corrupt, or the sizes do not fit.
        """
        liars = self.corrupt_venues(tape)
        following = np.searchsorted(instants, tape.time, side="right")
        ends = np.append(instants, np.iinfo(np.int64).max)[following]
        hit = tape.time >= ends - round(self.share * window)
        for place, market in enumerate(tape.markets):
            if market.venue not in liars:
                hit[tape.market_slice(place)] = False
        sizes = tape.size.astype(np.float64) * self.volume
        if float(sizes[hit].sum()) > _SIZE_LIMIT:
            raise DataError(f"{tape.asset}: sizes times {self.volume:g} are too large; keep fewer decimals")
        return replace(
            tape,
            price=np.where(hit, tape.price * factor, tape.price),
            size=np.where(hit, np.maximum(np.rint(sizes), 1).astype(np.int64), tape.size),
        )

    def corrupt_venues(self, tape: Tape) -> frozenset[str]:
        """Return the venues that lie."""
        volume: dict[str, int] = {}
        for place, market in enumerate(tape.markets):
            sent = int(tape.size[tape.market_slice(place)].sum())
            if sent:
                volume[market.venue] = volume.get(market.venue, 0) + sent
        if len(volume) < self.venues:
            raise DataError(f"{tape.asset}: {self.name!r} needs {self.venues} venues, only {len(volume)} trade")
        ordered = sorted(volume, key=lambda venue: (volume[venue], venue), reverse=self.first == "largest")
        return frozenset(ordered[: self.venues])


_NEAR = (0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1.001, 1.005, 1.01, 1.02, 1.03, 1.05, 1.1)
_FAR = (0.01, 0.5, 0.8, 1.2, 2.0, 10.0)
ANY = tuple(sorted(_NEAR + _FAR))
"""Prices from a hundredth to ten times the true one, dense around it."""

ATTACKS = (
    Attack(
        "smallest venue, any price",
        "the smallest venue reports any price and 20 times its volume",
        1,
        "smallest",
        ANY,
        20,
    ),
    Attack(
        "largest venue, any price", "the largest venue reports any price and 20 times its volume", 1, "largest", ANY, 20
    ),
    Attack("two venues, ten times", "the two largest venues report ten times the price", 2, "largest", (10.0,), 20),
    Attack(
        "two venues, near the price", "the two largest venues stay within a tenth of the price", 2, "largest", _NEAR, 20
    ),
    Attack("two venues, any price", "the two largest venues report any price", 2, "largest", ANY, 20),
    Attack(
        "last twelfth", "the largest venue lies in the last twelfth of the window alone", 1, "largest", ANY, 20, 1 / 12
    ),
    Attack("last second", "the largest venue lies in the last second alone", 1, "largest", ANY, 20, 1 / 3600),
    Attack("three venues, ten times", "three venues report ten times the price", 3, "largest", (10.0,), 20),
)
"""The attacks of the table in docs/concepts/cost-of-manipulation.md, by rising power."""


def attack(name: str) -> Attack:
    """Return the attack of a name.

    Raises:
        DataError: There is none.

    >>> attack("last second").venues
    1
    """
    for known in ATTACKS:
        if known.name == name:
            return known
    names = [known.name for known in ATTACKS]
    raise DataError(f"unknown attack {name!r}{nearest_hint(name, names)}; attacks: {', '.join(names)}")
