"""Monthly reconstituted top 100 of 500 assets over 2,500 days, capped at 25%: basketry and peers on the same work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from timing import report

DAYS, ASSETS, TOP, CAP = 2_500, 500, 100, 0.25
NAMES = [f"a{n:03d}" for n in range(ASSETS)]
TIMES = np.datetime64("2014-01-01", "us") + np.arange(DAYS) * np.timedelta64(1, "D")


def market() -> tuple[Any, Any]:
    """Return seeded prices and capitalisations with fat tails and a common factor, shape (days, assets)."""
    rng = np.random.default_rng(0)
    returns = rng.standard_t(4, (DAYS, ASSETS)) * 0.03 + rng.normal(0, 0.03, (DAYS, 1))
    prices = np.exp(np.cumsum(returns, axis=0)) * rng.lognormal(0, 2, ASSETS)
    return prices, prices * rng.lognormal(15, 1.5, ASSETS)


PRICES, CAPS = market()
MONTHS = TIMES.astype("datetime64[M]")
STARTS = np.flatnonzero(np.r_[True, MONTHS[1:] != MONTHS[:-1]])


def capped(caps: Any) -> Any:
    """Return capitalisation weights with none above the cap, the excess spread pro rata until none is."""
    weights = caps / caps.sum()
    while (weights > CAP + 1e-15).any():
        over = weights >= CAP
        weights = np.where(over, CAP, weights * (1 - CAP * over.sum()) / weights[~over].sum())
    return weights


def targets() -> Any:
    """Return the weights of every month, shape (months, assets)."""
    found = np.zeros((len(STARTS), ASSETS))
    for row, start in enumerate(STARTS):
        chosen = np.argsort(-CAPS[start], kind="stable")[:TOP]
        found[row, chosen] = capped(CAPS[start, chosen])
    return found


def basketry(*, fresh: bool) -> Callable[[], Any]:
    """Return the calculation by basketry, on one panel or on a new one each time."""
    from basketry.index.calculate import calculate_index
    from basketry.market.panel import Panel
    from basketry.methodology.methodology import Methodology

    def panel() -> Panel:
        return Panel(TIMES, tuple(NAMES), {"price": PRICES, "market_cap": CAPS, "supply": CAPS / PRICES})

    held = panel()
    rules = Methodology.load(
        {
            "basketry": 1,
            "name": "Benchmark",
            "symbol": "BENCH",
            "base": {"date": "2014-01-01", "level": 1000},
            "select": {"by": "market_cap", "top": TOP},
            "weight": {"by": "market_cap", "cap": CAP},
            "rebalance": {"every": "month", "determine": "0d"},
        }
    )
    return lambda: calculate_index(rules, panel() if fresh else held).level()


def bare_numpy() -> Any:
    """Return the levels by a bare NumPy script."""
    levels = np.empty(DAYS)
    levels[0] = 1000.0
    for start, end in zip(STARTS, np.r_[STARTS[1:], DAYS - 1], strict=True):
        chosen = np.argpartition(-CAPS[start], TOP)[:TOP]
        units = capped(CAPS[start, chosen]) / PRICES[start, chosen]
        levels[start : end + 1] = levels[start] * (PRICES[start : end + 1][:, chosen] @ units)
    return levels


def by_pandas() -> Callable[[], Any]:
    """Return the calculation by pandas, a segment a month."""
    import pandas as pd

    prices, caps = (pd.DataFrame(values, index=pd.DatetimeIndex(TIMES), columns=NAMES) for values in (PRICES, CAPS))

    def calculate() -> Any:
        level, parts = 1000.0, []
        for number, start in enumerate(STARTS):
            end = STARTS[number + 1] if number + 1 < len(STARTS) else DAYS - 1
            chosen = caps.iloc[start].nlargest(TOP).index
            weights = pd.Series(capped(caps.iloc[start][chosen].to_numpy()), index=chosen)
            part = (prices.iloc[start : end + 1][chosen] / prices.iloc[start][chosen]).mul(weights).sum(axis=1) * level
            level = part.iloc[-1]
            parts.append(part.iloc[:-1] if number + 1 < len(STARTS) else part)
        return pd.concat(parts).to_numpy()

    return calculate


def by_bt() -> Callable[[], Any]:
    """Return the calculation by bt: its stack of algos, with the capitalisation weights that it has no algo for."""
    import bt
    import pandas as pd

    prices, caps = (pd.DataFrame(values, index=pd.DatetimeIndex(TIMES), columns=NAMES) for values in (PRICES, CAPS))

    class WeighByStat(bt.Algo):  # type: ignore[misc]
        def __call__(self, target: Any) -> bool:
            stat = target.temp["stat"][target.temp["selected"]]
            target.temp["weights"] = dict(zip(stat.index, capped(stat.to_numpy()), strict=True))
            return True

    def calculate() -> Any:
        stack = [
            bt.algos.RunMonthly(run_on_first_date=True),
            bt.algos.SelectAll(),
            bt.algos.SetStat(caps),
            bt.algos.SelectN(TOP),
            WeighByStat(),
            bt.algos.Rebalance(),
        ]
        test = bt.Backtest(bt.Strategy("index", stack), prices, integer_positions=False, progress_bar=False)
        return bt.run(test).prices["index"].to_numpy()[1:]

    return calculate


def by_vectorbt() -> Callable[[], Any]:
    """Return the calculation by vectorbt: target percentages at the months' first rows, cash shared."""
    import pandas as pd
    import vectorbt as vbt

    prices = pd.DataFrame(PRICES, index=pd.DatetimeIndex(TIMES), columns=NAMES)

    def calculate() -> Any:
        sizes = np.full(PRICES.shape, np.nan)
        sizes[STARTS] = targets()
        portfolio = vbt.Portfolio.from_orders(
            prices,
            size=pd.DataFrame(sizes, index=prices.index, columns=NAMES),
            size_type="targetpercent",
            group_by=True,
            cash_sharing=True,
            call_seq="auto",
            init_cash=1e6,
            freq="1D",
        )
        return portfolio.value().to_numpy()

    return calculate


def main() -> None:
    """Measure one peer."""
    peer, levels = sys.argv[1], Path(sys.argv[2])
    if peer.startswith("basketry"):
        report(basketry(fresh="fresh" in peer), levels, repeats=15, ours=peer == "basketry")
    elif peer == "numpy":
        report(bare_numpy, levels, repeats=15, ours=False)
    else:
        calculate = {"pandas": by_pandas, "bt": by_bt, "vectorbt": by_vectorbt}[peer]()
        report(calculate, levels, repeats=3, ours=False)


if __name__ == "__main__":
    main()
