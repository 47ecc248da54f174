"""The venues of the simulated market: who they are, what they list, and every figure that the simulation keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from basketry.core.errors import DataError

BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class VenueSpec:
    """One simulated venue.

    Attributes:
        venue: Stable id.
        name: Name for people.
        group: Owner; venues of one group can fail together.
        share: Volume of the asset relative to the other venues; the five default venues sum to 1.
        quotes: Quote currency -> share of the venue's volume in it.
        conversions: Pairs of quote currencies that it lists, ids of `CONVERSIONS`.
        taker_fee: Fraction of the value taken.
        half_spread: Mean distance from mid to bid or ask, fraction of the mid.
        depth: USD resting on each side of the asset's book within 1% of the mid, over all its quotes.
        latency: Mean seconds from a message's time to its arrival.
        trade: Mean USD of one trade.
        tick: The tick is the largest 1, 2 or 5 x 10^-k that is at most this fraction of the price.
        lot: The lot is the largest power of ten times 1, 2 or 5 worth at most this many USD.
        basis: Standard deviation of the venue's mid around the true one, fraction; reverts within minutes.
    """

    venue: str
    name: str
    group: str
    share: float
    quotes: Mapping[str, float]
    conversions: tuple[str, ...]
    taker_fee: float
    half_spread: float
    depth: float
    latency: float
    trade: float
    tick: float = 0.5 * BASIS_POINT
    lot: float = 0.1
    basis: float = field(default=2.0 * BASIS_POINT)

    def __post_init__(self) -> None:
        for name in ("share", "half_spread", "depth", "latency", "trade", "tick", "lot"):
            if not getattr(self, name) > 0:
                raise DataError(f"VenueSpec.{name} of {self.venue!r} must be positive, was {getattr(self, name)!r}")
        if not self.quotes or min(self.quotes.values()) <= 0:
            raise DataError(f"VenueSpec.quotes of {self.venue!r} needs at least one currency with a positive share")
        for pair in self.conversions:
            if pair not in CONVERSIONS:
                raise DataError(f"VenueSpec.conversions of {self.venue!r}: unknown {pair!r}; {', '.join(CONVERSIONS)}")


@dataclass(frozen=True, slots=True)
class PairSpec:
    """How a pair differs from the asset's own on the same venue.

    Attributes:
        turnover: Volume relative to the venue's volume of the asset.
        depth: Depth relative to the venue's depth of the asset.
        spread: Half-spread relative to the venue's.
        noise: Standard deviation of a trade's price around the venue's mid without noise, fraction.
        basis: Standard deviation of the basis relative to the venue's.
        tick: Tick relative to the venue's.
    """

    turnover: float = 1.0
    depth: float = 1.0
    spread: float = 1.0
    noise: float = 3.0 * BASIS_POINT
    basis: float = 1.0
    tick: float = 1.0


ASSET = PairSpec()
_PEG = PairSpec(turnover=0.4, depth=3.0, spread=0.3, noise=0.6 * BASIS_POINT, basis=0.25, tick=0.2)
CONVERSIONS: Mapping[str, PairSpec] = {
    "usdt-usd": _PEG,
    "usdc-usd": _PEG,
    "usdc-usdt": _PEG,
    "eur-usd": _PEG,
    "btc-usd": PairSpec(turnover=2.0, depth=5.0, spread=0.6, noise=1.5 * BASIS_POINT, basis=0.5, tick=0.4),
}
"""Pairs that bring other quote currencies to USD."""

_BP = BASIS_POINT
ROSTER: tuple[VenueSpec, ...] = (
    VenueSpec(
        "sim-alder", "Alder", "sim-alder", 0.45, {"usd": 0.4, "usdt": 0.4, "usdc": 0.2},
        ("usdt-usd", "usdc-usd", "usdc-usdt", "btc-usd"), 5 * _BP, 0.75 * _BP, 1_500_000.0, 0.015, 1_500.0,
    ),
    VenueSpec(
        "sim-birch", "Birch", "sim-birch", 0.20, {"usd": 0.7, "usdc": 0.3},
        ("usdt-usd", "usdc-usd", "eur-usd", "btc-usd"), 20 * _BP, 1.0 * _BP, 800_000.0, 0.060, 2_500.0,
    ),
    VenueSpec(
        "sim-cedar", "Cedar", "sim-cedar", 0.15, {"usd": 0.6, "eur": 0.4},
        ("usdt-usd", "usdc-usd", "eur-usd", "btc-usd"), 16 * _BP, 1.25 * _BP, 600_000.0, 0.040, 2_000.0, 1.0 * _BP,
    ),
    VenueSpec(
        "sim-dogwood", "Dogwood", "sim-grove", 0.10, {"usd": 0.3, "usdt": 0.7},
        ("usdt-usd", "usdc-usdt", "btc-usd"), 8 * _BP, 1.5 * _BP, 300_000.0, 0.120, 1_000.0,
    ),
    VenueSpec(
        "sim-elder", "Elder", "sim-grove", 0.10, {"usd": 0.5, "usdt": 0.3, "btc": 0.2},
        ("usdt-usd", "usdc-usd", "usdc-usdt", "eur-usd", "btc-usd"), 10 * _BP, 1.75 * _BP, 250_000.0, 0.200, 1_000.0,
    ),
    VenueSpec(
        "sim-fir", "Fir", "sim-fir", 0.06, {"usd": 0.5, "usdt": 0.5},
        ("usdt-usd", "btc-usd"), 25 * _BP, 2.0 * _BP, 120_000.0, 0.090, 800.0, 1.0 * _BP,
    ),
    VenueSpec(
        "sim-ginkgo", "Ginkgo", "sim-ginkgo", 0.04, {"usd": 0.8, "eur": 0.2},
        ("eur-usd", "btc-usd"), 26 * _BP, 2.25 * _BP, 80_000.0, 0.150, 600.0, 1.0 * _BP,
    ),
    VenueSpec(
        "sim-hazel", "Hazel", "sim-hazel", 0.02, {"usd": 0.6, "usdc": 0.4},
        ("usdc-usd", "btc-usd"), 30 * _BP, 2.5 * _BP, 40_000.0, 0.250, 400.0, 1.0 * _BP,
    ),
)  # fmt: skip
"""Eight venues; the first five, whose shares sum to 1, are the default."""
DEFAULT_VENUES = ROSTER[:5]
