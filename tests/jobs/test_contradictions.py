"""Errors that nobody can compute again, counted from the beginning."""

import pytest
from tests.conftest import RULEBOOK, small_market

from basketry.jobs.calculate import calculate
from basketry.jobs.contradictions import unbiased
from basketry.ledger.folder import stamp
from basketry.ledger.told import Stretch
from basketry.market.panel import Panel


def test_what_several_corrections_let_stand_adds_up() -> None:
    """Two stretches each go on from a level 0.1% too high: a level after both is 0.2001% above what the data give."""
    rows = small_market(60)
    price, cap, volume = (
        rows.pivot(on="asset", index="time", values=name) for name in ("price", "market_cap", "volume")
    )
    panel = Panel.from_frames(price=price, market_cap=cap, volume=volume)
    result = calculate(RULEBOOK, panel)
    given, times = result.published_levels["price_return"].to_list(), [stamp(time) for time in result.times]
    first, second = given[3] * 1.001, given[8] * 1.001
    stretches = [
        Stretch(None, times[3], None, None),
        Stretch(times[3], times[8], None, None, first),
        Stretch(times[8], None, None, None, second),
    ]
    found = unbiased(result, stretches)
    ratio = (found.level() / result.level()).tolist()
    assert ratio[:4] == [1.0] * 4
    assert ratio[4:9] == pytest.approx([1 / 1.001] * 5, rel=1e-12)
    assert ratio[9:] == pytest.approx([1 / 1.002001] * (len(ratio) - 9), rel=1e-12)
    # Where a stretch goes on from what the one before it gives, nothing is taken out.
    exact = [stretches[0], Stretch(times[3], None, None, None, given[3])]
    assert unbiased(result, exact) is result
