"""How to follow an index, what it costs and how far one strays: `marimo edit docs/notebooks/follow.py`."""

import marimo

app = marimo.App(app_title="Follow an index")


@app.cell
def _():
    import marimo as mo

    import basketry as bk

    mo.md(
        """
        # Close, or cheap?

        Every policy that follows an index pays for closeness. The frontier shows what it costs on the simulated
        market, with impact from the volumes traded.
        """
    )
    return bk, mo


@app.cell
def _(bk):
    import numpy as np

    from basketry.jobs.new import examples
    from basketry.market.panel import Panel
    from basketry.tracking.costs import TradingCosts
    from basketry.tracking.target import Target

    tables = bk.simulate_market(7).tables
    extra = {name: tables[name] for name in ("assets", "classifications", "supply", "events") if name in tables}
    panel = Panel.from_frames(tables["daily"], **extra, simulated=True)
    index = bk.calculate(bk.Methodology.parse(examples()["large-cap-20"], "lc20"), panel, "2019-01-01", "2022-01-01")
    target = Target.from_index(index)
    rows = np.searchsorted(panel.times, target.times, side="right") - 1
    columns = [panel.assets.index(asset) for asset in target.assets]
    costs = TradingCosts.from_volumes(target, panel.field("volume")[rows][:, columns])
    return costs, target


@app.cell
def _(mo):
    value = mo.ui.slider(5, 9, value=6, step=1, label="value of the portfolio, 10^")
    value
    return (value,)


@app.cell
def _(costs, target, value):
    from basketry.tracking.frontier import frontier

    found = frontier(target, costs, value=10.0**value.value)
    found.efficient.select("label", "tracking_error", "cost", "turnover", "recommended")
    return (found,)


@app.cell
def _(found, mo):
    mo.md(f"**{found.reason}**")
    return


@app.cell
def _(found):
    from basketry.reports.tracking import plot_frontier

    plot_frontier(found)
    return


@app.cell
def _(costs, found, target, value):
    from basketry.tracking.run import follow

    result = follow(target, found.recommended, costs, value=10.0**value.value, fee=0.005)
    result.attribution().table
    return (result,)


if __name__ == "__main__":
    app.run()
