"""Who trades in the simulated market: 64 invented assets, and as many more as are asked for."""

from dataclasses import dataclass
from typing import Literal

from basketry.core.errors import DataError

Peg = Literal["none", "usd", "algorithmic", "eur", "gold", "bills", "wrapped", "staked", "leveraged"]
Issuance = Literal["halving", "inflation", "fixed", "burn", "unlock", "growth"]

ASSETS_MIN = 32
"""The first 32 of the roster have a part in the events; a smaller market would be another story."""
ASSETS_MAX = 3_000


@dataclass(frozen=True, slots=True)
class AssetSpec:
    """What distinguishes one simulated asset.

    Attributes:
        key: The id without its prefix 'sim-'.
        symbol: Ticker when it is listed.
        sector: Value of the scheme 'sector', and its first tag.
        tags: Further tags.
        rank: Long-run place by capitalisation, which gives its mean share of the market; pegged assets: 0.
        listed: When it is listed, as a fraction of the period; 0 is listed before the start.
        beta: Sensitivity to the market factor.
        volatility: Own volatility a year, beside market and sector.
        price: Price at its listing, in USD; pegged assets and those born of another take theirs from it.
        issuance: Model of the supply.
        issuance_rate: Its rate a year ('unlock': later units for one at the listing).
        staking_yield: Mean yield a year, None where there is none.
        trend: Log drift of its share of the market a year.
        peg: What its price is bound to.
        units: Pegged assets: units in circulation at the end of the period.
        metrics: Whether value locked, revenue, users and developers are reported.
    """

    key: str
    symbol: str
    sector: str
    tags: tuple[str, ...] = ()
    rank: int = 0
    listed: float = 0.0
    beta: float = 1.15
    volatility: float = 0.65
    price: float = 1.0
    issuance: Issuance = "fixed"
    issuance_rate: float = 0.0
    staking_yield: float | None = None
    trend: float = 0.0
    peg: Peg = "none"
    units: float = 0.0
    metrics: bool = False

    @property
    def asset(self) -> str:
        """Stable asset id."""
        return f"sim-{self.key}"

    @property
    def name(self) -> str:
        """Name for people."""
        return f"{self.key.replace('-', ' ').title()} (simulated)"


def _coin(key: str, symbol: str, rank: int, price: float, listed: float = 0.0, *more: str, **own: float) -> AssetSpec:
    """Return a proof-of-work coin; `more` are further tags, the first may be the sector 'privacy'."""
    sector, tags = ("privacy", more[1:]) if more[:1] == ("privacy",) else ("currency", more)
    issuance: Issuance = "halving" if own.get("rate", 0.0) else "fixed"
    return AssetSpec(
        key,
        symbol,
        sector,
        ("proof-of-work", *tags),
        rank,
        listed,
        beta=own.get("beta", 1.05),
        volatility=own.get("volatility", 0.55),
        price=price,
        issuance=issuance,
        issuance_rate=own.get("rate", 0.0),
        trend=own.get("trend", 0.0),
    )


def _chain(key: str, symbol: str, rank: int, price: float, listed: float = 0.0, **own: float) -> AssetSpec:
    """Return a proof-of-stake base chain with inflation, or with unlocks where it was listed later."""
    return AssetSpec(
        key,
        symbol,
        "layer-1",
        ("proof-of-stake",),
        rank,
        listed,
        beta=own.get("beta", 1.2),
        volatility=own.get("volatility", 0.68),
        price=price,
        issuance="unlock" if listed > 0 and "inflation" not in own else "inflation",
        issuance_rate=own.get("inflation", own.get("unlock", 2.0 if listed > 0 else 0.05)),
        staking_yield=own.get("staking_yield", 0.06),
        trend=own.get("trend", 0.0),
        metrics=True,
    )


def _token(
    key: str, symbol: str, sector: str, rank: int, price: float, listed: float, *tags: str, **own: float
) -> AssetSpec:
    """Return a token of an application, with a fixed supply, unlocks or burns."""
    issuance: Issuance = "burn" if "burn" in own else "unlock" if "unlock" in own else "fixed"
    return AssetSpec(
        key,
        symbol,
        sector,
        tags,
        rank,
        listed,
        beta=own.get("beta", 1.2),
        volatility=own.get("volatility", 0.75),
        price=price,
        issuance=issuance,
        issuance_rate=own.get("burn", own.get("unlock", 0.0)),
        staking_yield=own.get("staking_yield"),
        trend=own.get("trend", 0.0),
        metrics=sector == "defi",
    )


def _pegged(key: str, symbol: str, sector: str, peg: Peg, units: float, listed: float, *tags: str) -> AssetSpec:
    """Return an asset whose price is bound to something else."""
    return AssetSpec(key, symbol, sector, tags, 0, listed, issuance="growth", peg=peg, units=units)


LARGEST, SECOND = "sim-aurum", "sim-aethra"
ALGORITHMIC, BACKING = "sim-parity", "sim-tidal"
FAILED_EXCHANGE = "sim-zenithex"
MIGRATED, MIGRATED_TO = "sim-latticework", "sim-lattice"
REDENOMINATED = "sim-swarmlink"
FORK_PARENT, FORK_CHILD = "sim-silvan", "sim-silvan-cash"
AIRDROP_PARENT, AIRDROP_CHILD = "sim-aethra", "sim-nomina"
HALTED = "sim-corvane"
GAP, STALE = "sim-marlowe", "sim-brindle"
RESTATED = "sim-solenne"
RECLASSIFIED = "sim-oakline"
TICKER_REUSED = "sim-tideline"

ROSTER: tuple[AssetSpec, ...] = (
    _coin("aurum", "AUR", 1, 14_000.0, rate=0.04, beta=0.90, volatility=0.20),
    AssetSpec(
        "aethra", "AETH", "layer-1", ("proof-of-stake",), 2, 0.0, 1.10, 0.25, 740.0,
        "inflation", 0.03, 0.042, metrics=True,
    ),
    _pegged("anchorage", "USDA", "stablecoin", "usd", 95e9, 0.0, "fiat-backed"),
    _coin("silvan", "SLV", 7, 230.0, rate=0.08, beta=1.05, volatility=0.42),
    _chain("tidal", "TDL", 9, 0.9, 0.18, inflation=0.02, trend=0.30, staking_yield=0.09),
    _pegged("parity", "PRT", "stablecoin", "algorithmic", 17e9, 0.40, "algorithmic"),
    _token("zenithex", "ZNX", "exchange", 14, 2.1, 0.22, burn=0.04, trend=0.1),
    _chain("latticework", "LTW", 15, 0.03, 0.19, staking_yield=0.05),
    AssetSpec("lattice", "LATT", "layer-1", ("proof-of-stake",), 15, 0.0, issuance="inflation",
              issuance_rate=0.02, staking_yield=0.05, metrics=True),
    _token("swarmlink", "SWL", "infrastructure", 24, 0.0011, 0.10, "storage", unlock=0.8),
    AssetSpec("silvan-cash", "SLC", "currency", ("proof-of-work", "fork"), 22, 0.0, 1.05, 0.60,
              issuance="halving", issuance_rate=0.05, trend=-0.15),
    AssetSpec("nomina", "NMN", "defi", ("governance",), 31, 0.0, 1.2, 0.8, issuance="unlock",
              issuance_rate=1.5, metrics=True),
    _chain("corvane", "CVN", 5, 1.6, 0.31, staking_yield=0.068, trend=0.15),
    _token("marlowe", "MRL", "gaming", 40, 0.35, 0.0, "metaverse"),
    _token("brindle", "BRN", "infrastructure", 33, 0.8, 0.0, "storage"),
    _token("solenne", "SLN", "defi", 17, 1.1, 0.28, "governance", "lending", unlock=1.2),
    _token("oakline", "OAK", "defi", 29, 6.0, 0.12, "governance", "exchange"),
    _chain("tideline", "TDL", 44, 2.2, 0.66, unlock=1.4),
    _token("bourse", "BRS", "exchange", 3, 8.5, 0.0, burn=0.035, volatility=0.5, trend=0.06),
    _chain("cascade", "CSC", 6, 0.7, 0.0, inflation=0.02, staking_yield=0.033),
    _coin("meridian", "MRD", 4, 2.0, beta=1.05, volatility=0.62),
    _token("oraculum", "ORC", "infrastructure", 11, 0.6, 0.0, "oracle", unlock=0.7),
    _token("pupfolio", "PUP", "meme", 8, 0.009, 0.0, beta=1.2, volatility=0.95),
    _coin("umbral", "UMB", 19, 350.0, 0.0, "privacy", rate=0.03),
    _token("poolside", "POOL", "defi", 12, 3.0, 0.36, "governance", "exchange", unlock=1.0),
    _pegged("harbour", "USDH", "stablecoin", "usd", 38e9, 0.11, "fiat-backed"),
    _pegged("wrapped-aurum", "WAUR", "wrapped", "wrapped", 150e3, 0.15, "wrapped"),
    _pegged("staked-aethra", "STAE", "wrapped", "staked", 8e6, 0.42, "wrapped", "liquid-staking"),
    _pegged("aurum-2x-long", "AUR2L", "leveraged", "leveraged", 4e6, 0.24, "leveraged"),
    _pegged("euroline", "EURL", "stablecoin", "eur", 0.4e9, 0.48, "fiat-backed"),
    _token("rollstone", "RLS", "layer-2", 16, 1.3, 0.63, "rollup", unlock=2.5),
    _token("lendora", "LND", "defi", 20, 0.5, 0.0, "governance", "lending", staking_yield=0.05),
    # The first 32 end here.
    _chain("granite", "GRNT", 10, 25.0, 0.0, inflation=0.08, staking_yield=0.12),
    _coin("quickpenny", "QPN", 13, 0.48, 0.0, beta=1.1, volatility=0.6),
    _chain("polaris-net", "PLN", 18, 4.0, 0.0, inflation=0.07, staking_yield=0.10),
    _token("vaultwise", "VLT", "defi", 21, 500.0, 0.0, "governance", "lending"),
    _token("synthra", "SYRA", "defi", 37, 0.7, 0.03, "governance", "derivatives", staking_yield=0.11),
    _token("yieldfarmer", "YLD", "defi", 46, 40.0, 0.34, "governance", "yield", trend=-0.15),
    _token("swapstead", "SWS", "defi", 34, 1.5, 0.35, "governance", "exchange", unlock=0.6, trend=-0.1),
    _token("optionry", "OPT", "defi", 51, 0.9, 0.50, "governance", "derivatives", unlock=1.5),
    _token("stakehouse", "STH", "defi", 27, 1.0, 0.44, "governance", "liquid-staking", unlock=1.0),
    _token("brightroad", "BRR", "layer-2", 26, 1.2, 0.70, "rollup", unlock=3.0),
    _token("zeroproof", "ZPF", "layer-2", 42, 0.25, 0.86, "rollup", unlock=2.0),
    _chain("fernhill", "FRN", 23, 9.0, 0.27, inflation=0.09, staking_yield=0.13),
    _chain("kestrel", "KST", 25, 0.4, 0.45),
    _chain("halcyon", "HLC", 28, 12.0, 0.73, unlock=2.2),
    _chain("nimbus-grid", "NMB", 36, 3.3, 0.0, inflation=0.04, staking_yield=0.07, trend=-0.2),
    _chain("eastgate", "EGT", 30, 75.0, 0.0, inflation=0.03, staking_yield=0.035, trend=-0.15),
    _coin("dashwood", "DSW", 35, 900.0, 0.0, "privacy", rate=0.06, trend=-0.25),
    _coin("veilmark", "VMK", 38, 480.0, 0.0, "privacy", rate=0.15, trend=-0.15),
    _coin("argentum", "AGT", 32, 95.0, 0.0, rate=0.05, trend=-0.2),
    _coin("copperfield", "CPF", 49, 0.04, 0.0, trend=-0.3),
    _token("tradewell", "TRW", "exchange", 39, 4.5, 0.08, burn=0.02),
    _token("indexia", "IDX", "infrastructure", 41, 0.03, 0.42, "indexing", unlock=1.0),
    _token("computa", "CPTA", "infrastructure", 43, 1.8, 0.38, "compute", unlock=0.8, trend=0.2),
    _token("playground", "PLG", "gaming", 45, 0.02, 0.0, "metaverse"),
    _token("questline", "QST", "gaming", 47, 0.15, 0.41, "play-to-earn", unlock=2.0),
    _token("arcadeum", "ARC", "gaming", 50, 0.6, 0.52, "play-to-earn", unlock=1.6, trend=-0.2),
    _token("moonpup", "MPUP", "meme", 48, 0.00002, 0.47, beta=1.2, volatility=1.0),
    _token("toadking", "TOAD", "meme", 52, 0.0000012, 0.76, beta=1.2, volatility=1.05),
    _token("landholder", "LHD", "real-world-asset", 53, 0.2, 0.60, "tokenised-credit", unlock=1.2, trend=0.2),
    _pegged("bullion", "GLDT", "real-world-asset", "gold", 0.35e6, 0.26, "commodity-backed"),
    _pegged("billfold", "TBLT", "real-world-asset", "bills", 14e6, 0.78, "treasury-backed"),
    _coin("minerva", "MNV", 54, 0.05, 0.0, rate=0.10, trend=-0.2),
)  # fmt: skip


def roster(count: int) -> tuple[AssetSpec, ...]:
    """Return the first `count` assets: the roster, then further ones made by rule.

    Raises:
        DataError: `count` is outside ASSETS_MIN to ASSETS_MAX.

    >>> roster(65)[64].asset
    'sim-babeda'
    """
    if not ASSETS_MIN <= count <= ASSETS_MAX:
        raise DataError(f"the simulated market holds {ASSETS_MIN} to {ASSETS_MAX} assets, was asked for {count}")
    return ROSTER[:count] + tuple(_further(number) for number in range(count - len(ROSTER)))


_SYLLABLES = tuple(consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou")
_FURTHER_SECTORS = ("defi", "layer-1", "gaming", "infrastructure", "currency", "layer-2", "meme")


def _further(number: int) -> AssetSpec:
    """Return the asset after the roster with this number; names count in syllables."""
    size = len(_SYLLABLES)
    key = _SYLLABLES[number // size % size] + _SYLLABLES[(number + 1) % size] + _SYLLABLES[(7 * number + 5) % size]
    sector = _FURTHER_SECTORS[number % len(_FURTHER_SECTORS)]
    # The golden ratio spreads listings evenly over the period, however many there are.
    listed = max(0.0, (number * 0.6180339887) % 1.2 - 0.3)
    price = 10.0 ** ((number * 0.7548776662) % 5 - 3)
    if sector == "layer-1":
        return _chain(key, f"{key}x".upper(), 55 + number, price, listed)
    if sector == "currency":
        return _coin(key, f"{key}x".upper(), 55 + number, price, listed, rate=0.05)
    return _token(key, f"{key}x".upper(), sector, 55 + number, price, listed, unlock=1.0)
