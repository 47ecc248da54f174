"""What the exposure is made of, and what trading it costs."""

from __future__ import annotations

from dataclasses import dataclass, field

from basketry.core.errors import DataError
from basketry.tracking.synthetic.funding import ConstantFunding, FundingSource
from basketry.tracking.synthetic.futures import HeldFutures
from basketry.tracking.synthetic.margin import Brackets, Collateral, MarginModel

_WHOLE = 1e-12


@dataclass(frozen=True)
class TradingCost:
    """What a trade costs as shares of its value.

    Attributes:
        fee: Paid to the venue.
        slippage: Half the spread and the impact; negative is a gain.
    """

    fee: float = 0.0
    slippage: float = 0.0

    def __post_init__(self) -> None:
        if not (-0.01 <= self.fee < 1 and -1 < self.slippage < 1):
            raise DataError(f"fee {self.fee:g} and slippage {self.slippage:g} are plain fractions: 0.0005 is 5 bp")


@dataclass(frozen=True)
class Mix:
    """Shares of the exposure by instrument; they sum to 1. Spot alone is full replication.

    Attributes:
        spot: Share held as the assets themselves.
        perpetual: Share held through perpetuals, marked at the index price.
        future: Share held through dated futures.
    """

    spot: float = 0.0
    perpetual: float = 0.0
    future: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.spot, self.perpetual, self.future)
        if min(shares) < 0 or abs(sum(shares) - 1) > _WHOLE:
            raise DataError(f"shares {shares} of spot, perpetuals and futures must not be negative and sum to 1")


@dataclass(frozen=True, eq=False)
class Terms:
    """The market and the fund's rules under which a mix is held.

    Attributes:
        funding: Where funding rates of perpetuals come from.
        futures: Prices of the contracts held; needed where the mix holds futures.
        margin: What the derivatives venue asks for.
        collateral: How the fund posts it.
        spot_cost: Cost of trades in spot.
        perpetual_cost: Cost of trades in perpetuals.
        future_cost: Cost of trades in futures, paid on both contracts at a roll.
        cash_rate: Interest on the reserve, a fraction a year, act/365; posted margin earns nothing.
        band: Units are set to the fund's value again when they are off by more than this share, besides the days when
            the index changes its basket.
    """

    funding: FundingSource = field(default_factory=ConstantFunding)
    futures: HeldFutures | None = None
    margin: MarginModel = field(default_factory=Brackets)
    collateral: Collateral = field(default_factory=Collateral)
    spot_cost: TradingCost = field(default_factory=TradingCost)
    perpetual_cost: TradingCost = field(default_factory=TradingCost)
    future_cost: TradingCost = field(default_factory=TradingCost)
    cash_rate: float = 0.0
    band: float = 0.005

    def __post_init__(self) -> None:
        if not self.band >= 0:
            raise DataError(f"a band of {self.band:g} is no band; give a fraction of 0 or more")
