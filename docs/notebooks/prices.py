"""One price from many venues, and what moves it: `marimo edit docs/notebooks/prices.py`."""

import marimo

app = marimo.App(app_title="Reference prices")


@app.cell
def _():
    import marimo as mo

    import basketry as bk

    mo.md(
        """
        # A price that is hard to move

        Simulated venues, one of which suffers an incident. The default price is compared with the pooled average.
        """
    )
    return bk, mo


@app.cell
def _(mo):
    from basketry.market.venues.scenarios import scenarios

    known = scenarios()
    scenario = mo.ui.dropdown(options=list(known), value="largest-venue-crash", label="incident")
    scenario
    return known, scenario


@app.cell
def _(known, mo, scenario):
    mo.md(f"{known[scenario.value].happens} Expected: {known[scenario.value].expected}")
    return


@app.cell
def _(bk, scenario):
    import numpy as np

    from basketry.reference.compare import compare_rates

    feed = bk.simulate_venues(7, hours=2, scenario=scenario.value)
    instants = int(feed.start.astype(np.int64)) + np.arange(60, 121, 5) * 60_000_000
    compared = compare_rates(feed, feed.asset, instants, bk.PriceRules(), ["vwap", "partitioned_median", "last"])
    compared.summary()
    return compared, feed, instants


@app.cell
def _(compared):
    from basketry.reports.prices import plot_comparison

    plot_comparison(compared)
    return


@app.cell
def _(bk, feed, instants):
    from basketry.reference.attack.cost import manipulation_cost

    cost = manipulation_cost(feed, feed.asset, int(instants[-1]), bk.PriceRules(), moves=[50, 100])
    [(move.move_bp, move.cost, move.words()) for move in cost.moves]
    return (cost,)


if __name__ == "__main__":
    app.run()
