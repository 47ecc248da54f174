"""basketry: crypto index tracking, end to end.

>>> import basketry as bk
>>> bk.cap_weights([0.6, 0.3, 0.1], cap=0.5).round(3).tolist()
[0.5, 0.375, 0.125]
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from basketry.core.version import VERSION as __version__

# A name is imported when it is first used, so that `import basketry` stays quick.
_PLACES = {
    "BasketryError": "basketry.core.errors",
    "CapInfeasibleError": "basketry.core.errors",
    "DataError": "basketry.core.errors",
    "Explanation": "basketry.index.explain",
    "FailedIndex": "basketry.jobs.calculate_many",
    "Index": "basketry.jobs.calculate",
    "Lake": "basketry.lake.lake",
    "ManipulationCost": "basketry.reference.attack.cost",
    "Methodology": "basketry.methodology.methodology",
    "MethodologyError": "basketry.core.errors",
    "Panel": "basketry.market.panel",
    "PriceRules": "basketry.reference.price_rules",
    "PriceStream": "basketry.reference.stream",
    "RecordError": "basketry.core.errors",
    "ReferencePrices": "basketry.jobs.prices",
    "TrackTerms": "basketry.jobs.track",
    "Verification": "basketry.jobs.verify",
    "VettingRules": "basketry.reference.vetting.rules",
    "base_divisor": "basketry.index.divisor",
    "calculate": "basketry.jobs.calculate",
    "calculate_many": "basketry.jobs.calculate_many",
    "cap_weights": "basketry.methodology.cap_weights",
    "chained_divisor": "basketry.index.divisor",
    "explain": "basketry.index.explain:explain_index",
    "fixing_instants": "basketry.jobs.prices",
    "float_band": "basketry.methodology.free_float",
    "followed": "basketry.jobs.track",
    "gradual_units": "basketry.methodology.transition",
    "index_level": "basketry.index.divisor",
    "price_attacks": "basketry.jobs.attack",
    "rebalance_dates": "basketry.methodology.schedule",
    "reference_prices": "basketry.jobs.prices",
    "simulate_market": "basketry.market.simulate",
    "simulate_venues": "basketry.market.venues.simulate",
    "units_for_weights": "basketry.index.divisor",
    "verify": "basketry.jobs.verify",
    "vet_venues": "basketry.jobs.vetting",
}

__all__ = [*_PLACES, "__version__"]

if TYPE_CHECKING:
    from basketry.core.errors import (
        BasketryError,
        CapInfeasibleError,
        DataError,
        MethodologyError,
        RecordError,
    )
    from basketry.index.divisor import base_divisor, chained_divisor, index_level, units_for_weights
    from basketry.index.explain import Explanation
    from basketry.index.explain import explain_index as explain
    from basketry.jobs.attack import price_attacks
    from basketry.jobs.calculate import Index, calculate
    from basketry.jobs.calculate_many import FailedIndex, calculate_many
    from basketry.jobs.prices import ReferencePrices, fixing_instants, reference_prices
    from basketry.jobs.track import TrackTerms, followed
    from basketry.jobs.verify import Verification, verify
    from basketry.jobs.vetting import vet_venues
    from basketry.lake.lake import Lake
    from basketry.market.panel import Panel
    from basketry.market.simulate import simulate_market
    from basketry.market.venues.simulate import simulate_venues
    from basketry.methodology.cap_weights import cap_weights
    from basketry.methodology.free_float import float_band
    from basketry.methodology.methodology import Methodology
    from basketry.methodology.schedule import rebalance_dates
    from basketry.methodology.transition import gradual_units
    from basketry.reference.attack.cost import ManipulationCost
    from basketry.reference.price_rules import PriceRules
    from basketry.reference.stream import PriceStream
    from basketry.reference.vetting.rules import VettingRules


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'basketry' has no attribute {name!r}")
    module, _, attribute = _PLACES[name].partition(":")
    value = getattr(importlib.import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
