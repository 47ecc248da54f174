"""The factsheet of an index: one self-contained page with pictures and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from markupsafe import Markup

from basketry.index.outlook import announced_changes
from basketry.index.plan import next_dates
from basketry.index.result import IndexResult
from basketry.reports.figures import cash_among, concentration, headline, periods, risk_table
from basketry.reports.pages import render
from basketry.reports.pictures import (
    picture_of_current_weights,
    picture_of_levels,
    picture_of_turnover,
    picture_of_weights,
)
from basketry.reports.proforma import next_compositions
from basketry.reports.quality import event_kinds, held_periods, status_counts
from basketry.reports.rebalances import last_change, turnovers
from basketry.reports.standing import PLAIN, Standing
from basketry.reports.weights import current_weights

DATES = 4
EVENTS_SHOWN = 10
CHANGES_SHOWN = 12
WEIGHTS_SHOWN = 100
LARGEST = 10


def factsheet(
    result: IndexResult,
    *,
    interactive: bool = False,
    manipulation: Mapping[str, str] | None = None,
    standing: Standing = PLAIN,
    released: int = 0,
) -> str:
    """Return the factsheet as HTML that needs no network; the same result gives the same text.

    Args:
        result: The index.
        interactive: Draw levels, drawdown and weights with Plotly, to zoom and to switch between a linear and a
            log scale. The page then holds Plotly's program and is some 5 MB instead of less than one.
        manipulation: What it costs to move the index, by label.
        standing: What its record says: that it ends, and its names. The rules are those in force at the last level, and
            those that are announced stand beside.
        released: How many steps beyond the bounds of the guard were published after somebody had released them.

    Raises:
        MissingExtraError: Plotly, which an interactive page needs, is not installed.
    """
    digests = {"methodology": result.methodology.digest, "inputs": result.inputs}
    result = replace(result, methodology=standing.named(result.methodology))
    methodology = result.methodology
    now = current_weights(result)
    times = result.times
    changes = turnovers(result)
    last = last_change(result)
    return render(
        "factsheet.html",
        result=result,
        methodology=methodology,
        rules=methodology.at(times[-1]).rules,
        in_force=methodology.at(times[-1]).number,
        coming_rules=standing.coming(methodology, times[-1]),
        ends=standing.ends,
        simulated=result.panel.simulated,
        notice=standing.notice,
        first=times[0],
        last=times[-1],
        headline=headline(result, now),
        figure=Markup("") if not interactive else _interactive(result),
        pictures=_pictures(result, now, changes, interactive),
        columns=[name.replace("_", " ") for name in result.return_columns],
        periods=periods(result),
        risk=risk_table(result),
        concentration=concentration(np.array(list(now.values())), cash=cash_among(result, now)),
        weights=_weights(result, now),
        last_change=last
        and {**last[0], "rows": last[1].head(WEIGHTS_SHOWN).to_dicts(), "more": max(0, last[1].height - WEIGHTS_SHOWN)},
        changes=changes.tail(CHANGES_SHOWN).reverse().to_dicts(),
        changes_count=changes.height,
        turnover_a_year=_turnover_a_year(result, changes),
        coming=next_compositions(standing.reached(announced_changes(result))),
        next_dates=standing.reached(next_dates(methodology, times[-1], DATES, times[0])),
        next_reviews=standing.reached(next_dates(methodology, times[-1], DATES, times[0], reviews=True)),
        statuses=status_counts(result),
        held=held_periods(result)[::-1],
        kinds=event_kinds(result),
        released=released,
        guards=result.events.filter(pl.col("kind") == "guard").tail(EVENTS_SHOWN).reverse().to_dicts(),
        events=result.events.filter(pl.col("kind") != "guard").tail(EVENTS_SHOWN).reverse().to_dicts(),
        events_shown=EVENTS_SHOWN,
        version=int(result.levels["version"][-1]),
        manipulation=manipulation or {},
        digests=digests,
    )


def _interactive(result: IndexResult) -> Markup:
    from basketry.reports.interactive import interactive_figure

    return interactive_figure(result)


def _pictures(
    result: IndexResult, now: dict[str, float], changes: pl.DataFrame, interactive: bool
) -> dict[str, Markup]:
    drawn = {
        "current": picture_of_current_weights(result.methodology.name, now),
        "turnover": picture_of_turnover(result, changes),
    }
    if not interactive:
        drawn |= {"levels": picture_of_levels(result), "weights": picture_of_weights(result)}
    return drawn


def _weights(result: IndexResult, now: dict[str, float]) -> list[dict[str, Any]]:
    """Return the largest weights now beside those that were set at the last composition."""
    then = result.weights()
    return [{"asset": name, "now": weight, "then": then.get(name)} for name, weight in list(now.items())[:LARGEST]]


def _turnover_a_year(result: IndexResult, changes: pl.DataFrame) -> float:
    years = float((result.times[-1] - result.times[0]) / np.timedelta64(365, "D"))
    return float(changes["turnover"].sum()) / years if years >= 1 else float("nan")
