"""How weights become units: the formulas of the document give the units that the engine holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from basketry.index.calculate import calculate_index
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.reports.units import units_of

DAYS = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(40)]
PRICES = {"a": [10.0 + day for day in range(40)], "b": [20.0] * 40, "c": [5.0 + day / 4 for day in range(40)]}
SUPPLIES = {"a": 60.0, "b": 10.0, "c": 40.0}
CAPS = {name: [price * SUPPLIES[name] for price in prices] for name, prices in PRICES.items()}


def book(fix: str, weight: dict[str, Any]) -> Methodology:
    return Methodology.load(
        {
            "basketry": 1, "name": "Three", "symbol": "THREE", "base": {"date": "2020-01-10", "level": 100},
            "select": {"by": "price", "top": 3}, "weight": weight,
            "rebalance": {"every": "month", "determine": "5d", "fix": fix},
        }
    )  # fmt: skip


def formulas(fix: str, **weight: Any) -> list[str]:
    return [formula for _, formula in units_of(book(fix, weight).latest) if formula]


def test_only_what_the_rulebook_uses_is_told() -> None:
    assert formulas("weights", by="equal") == ["q_i = w_i V / P_i"]
    assert formulas("units", by="equal") == ["q_i = w_i V / P_i^d"]
    factors = "f_i = (w_i / r_i) / max_j (w_j / r_j)"
    assert formulas("weights", by="market_cap") == ["q_i = w_i V / P_i", "V = Σ_j P_j^d S_j f_j", factors]
    assert formulas("units", by="market_cap") == ["q_i = S_i f_i", factors]
    assert formulas("supply", by="market_cap") == ["q_i = S_i f_i", factors]
    assert formulas("weights", by="market_cap", power=0.5) == ["q_i = w_i V / P_i"]
    cash = "q_cash = c / (1 - c) · Σ_(i≠cash) q_i {} / P_cash"
    assert formulas("weights", by="market_cap", cash=0.2)[1:] == [
        "V = Σ_j P_j^d S_j f_j / (1 - c)", factors, cash.format("P_i"),
    ]  # fmt: skip
    assert formulas("units", by="equal", cash=0.2) == ["q_i = w_i V / P_i^d", cash.format("P_i^d")]


@pytest.mark.parametrize(
    ("fix", "by"),
    [(fix, "market_cap") for fix in ("weights", "units", "supply")] + [("weights", "equal"), ("units", "equal")],
)
@pytest.mark.parametrize("cash", [None, 0.2])
def test_the_engine_holds_the_units_of_the_formulas(fix: str, by: str, cash: float | None) -> None:
    rules = book(fix, {"by": by, "cap": 0.35, **({} if cash is None else {"cash": cash})})
    price, caps = (pl.DataFrame({"time": DAYS} | values) for values in (PRICES, CAPS))
    panel = Panel.from_frames(price=price, market_cap=caps)
    result = calculate_index(rules, panel)
    table = result.compositions.filter(pl.col("effective_at") == datetime(2020, 2, 1, tzinfo=UTC))
    units = dict(zip(table["asset"], table["units"], strict=True))
    # The change of 1 February, row 31, was determined on 27 January, row 26.
    now, then = (np.array([PRICES[name][row] for name in "abc"]) for row in (31, 26))
    supplies = np.array([SUPPLIES[name] for name in "abc"])
    c = cash or 0.0
    (decision,) = [entry for entry in result.decisions if entry.effective_at == np.datetime64("2020-02-01", "us")]
    w = decision.weights * (1 - c)
    r = np.full(3, 1 / 3) if by == "equal" else then * supplies / (then @ supplies)
    if fix == "supply":
        r = now * supplies / (now @ supplies)
        # Capitalisations 2460, 200 and 510: a is at its cap; without cash c is too, else b and c share 45%.
        w = np.array([0.35, 0.3, 0.35]) if cash is None else np.array([0.35, 0.45 * 200 / 710, 0.45 * 510 / 710])
    f = (w / r) / (w / r).max()
    counted = then if fix == "units" else now
    held = result.compositions.filter(pl.col("effective_at") == datetime(2020, 1, 10, tzinfo=UTC))
    value = sum(
        row["units"] * (PRICES[row["asset"]][31] if row["asset"] != "cash" else 1.0)
        for row in held.iter_rows(named=True)
    )
    if by == "equal":
        expected = w * value / counted
    else:
        expected = supplies * f if fix != "weights" else w * ((then * supplies) @ f / (1 - c)) / now
    assert [units[name] for name in "abc"] == pytest.approx(expected.tolist(), rel=1e-12)
    if cash is not None:
        assert units["cash"] == pytest.approx(c / (1 - c) * (expected @ counted), rel=1e-12)
