"""Three indices and one of their assets examined: `marimo edit docs/notebooks/evaluate.py`."""

import marimo

app = marimo.App(app_title="Evaluate an index")


@app.cell
def _():
    import marimo as mo

    import basketry as bk

    mo.md(
        """
        # Which index?

        Three of the example rulebooks on the simulated market. Nothing here says anything about a real asset:
        put `bk.Lake("LAKE").panel()` in the place of the simulated panel for your own data.
        """
    )
    return bk, mo


@app.cell
def _(bk):
    from basketry.jobs.new import examples
    from basketry.market.panel import Panel

    tables = bk.simulate_market(7).tables
    extra = {name: tables[name] for name in ("assets", "classifications", "supply", "events") if name in tables}
    panel = Panel.from_frames(tables["daily"], **extra, simulated=True)
    names = ("large-cap-20", "equal-weight-10", "inverse-volatility")
    rules = {name: bk.Methodology.parse(examples()[name], name) for name in names}
    indices = {name: bk.calculate(book, panel, "2019-01-01", "2022-01-01") for name, book in rules.items()}
    return indices, panel


@app.cell
def _(indices, mo):
    chosen = mo.ui.dropdown(options=list(indices), value="large-cap-20", label="index")
    chosen
    return (chosen,)


@app.cell
def _(chosen, indices):
    report = indices[chosen.value].evaluate([index for name, index in indices.items() if name != chosen.value])
    report.found.metrics.select("title", "value", "unit", "convention")
    return (report,)


@app.cell
def _(mo, report):
    warnings = [outcome for outcome in report.found.outcomes if outcome.state == "warning"]
    mo.md("\n".join(["## Warnings", *(f"- **{item.check}**: {item.statement} {item.action}" for item in warnings)]))
    return (warnings,)


@app.cell
def _(mo, report):
    lines = [f"- to {item.purpose}: **{item.choice}** ({item.reason})" for item in report.found.choices]
    mo.md("\n".join(["## Which to choose", *lines]))
    return


@app.cell
def _(report):
    # The whole report, as a page.
    report
    return


if __name__ == "__main__":
    app.run()
