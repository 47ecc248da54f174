"""What was announced beside what was struck: every difference, with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from basketry.core.time import format_instant, to_datetime, to_instant
from basketry.index.late import RESTATEMENT
from basketry.index.proforma import determined_weights
from basketry.index.records import Scope
from basketry.index.result import IndexResult
from basketry.index.settle import CARRIED_THROUGH
from basketry.index.state import Decision
from basketry.market.cash import CASH

_KEPT = ("empty_universe", "no_prices")
_LEFT_OUT = "left out of the rebalance"
_CLOSE = 1e-9


@dataclass(frozen=True)
class Difference:
    """One figure of a change that is another than was announced.

    Attributes:
        asset: Its id; '*' for the whole change.
        figure: weight (determined), units, or change where it was not made.
        announced: The figure that was announced; None where the asset, or the figure, was not.
        effective: The figure that was struck; None likewise.
        reason: Why; '' where nothing that the index tells explains it.
    """

    asset: str
    figure: str
    announced: float | None
    effective: float | None
    reason: str


def check_effective(body: Mapping[str, Any], result: IndexResult) -> tuple[Difference, ...] | None:
    """Return how a change differs from what was announced of it; None while it has not taken effect.

    Weights are compared as they were determined; where they are applied at once at effective prices, as they were
    struck. Units are compared where they were announced and the change is made at once, but for a common factor, which
    scales the basket to the value of the one before. Of members alone only who they are.

    Args:
        body: What was announced, as `ProForma.body` gives it.
        result: The index, on and beyond the effective instant.
    """
    effective = to_instant(body["effective_at"])
    if effective > result.times[-1]:
        return None
    at = result.times[int(np.searchsorted(result.times, effective))]
    decision = _struck(body, result)
    here = result.events.filter(pl.col("time") == to_datetime(at))
    if decision is None:
        change = format_instant(effective)
        waived = here.filter(
            pl.col("kind").is_in(_KEPT)
            | ((pl.col("kind") == "superseded") & pl.col("treatment").str.contains(change, literal=True))
        )
        words = "; ".join(f"{row['treatment']}: {row['evidence']}" for row in waived.iter_rows(named=True))
        return () if body["kept"] and words else (Difference("*", "change", None, None, words),)
    last = next(entry for entry in reversed(result.decisions) if entry.effective_at <= at)
    if last is not decision and result.times[int(np.searchsorted(result.times, last.effective_at))] == at:
        return (Difference("*", "change", None, None, "another change took effect at the same instant"),)
    reasons = _reasons(body, result, at)
    announced = {asset: weight for asset, weight, *_ in body["holdings"]}
    book = result.methodology.versions[decision.version - 1].rules
    rows = result.compositions.filter(pl.col("effective_at") == to_datetime(at))
    at_once = book.schedule.transition is None or book.schedule.transition.steps == 1
    found = _weights(decision, result)
    if at_once and book.schedule.fix == "weights":
        found = dict(rows.select("asset", "weight").iter_rows())
    elif at_once:
        found = {asset: weight for asset, weight in found.items() if asset in set(rows["asset"])}
    if body["members_only"]:
        announced, found = dict.fromkeys(announced, 1.0), dict.fromkeys(found, 1.0)
    differences = _compared("weight", announced, found, reasons)
    units = {asset: amount for asset, _, amount, _ in body["holdings"] if amount is not None}
    if units and at_once:
        struck = dict(rows.filter(pl.col("asset").is_in(list(units))).select("asset", "units").iter_rows())
        ratios = [struck[asset] / units[asset] for asset in struck if units[asset] > 0]
        scale = median(ratios) if ratios else 1.0
        both = {asset: amount * scale for asset, amount in units.items() if asset in struck}
        differences += [
            Difference(entry.asset, entry.figure, units[entry.asset], entry.effective, entry.reason)
            for entry in _compared("units", both, struck, reasons)
        ]
    return tuple(differences)


def _struck(body: Mapping[str, Any], result: IndexResult) -> Decision | None:
    """Return the decision by which an announced change was made; None where it was not."""
    effective, determined = to_instant(body["effective_at"]), to_instant(body["determined_at"])
    members = body["members_only"]
    return next(
        (
            entry
            for entry in result.decisions
            if entry.effective_at == effective
            and (entry.scope is Scope.WEIGHTS if members else entry.determined_at == determined)
            and (members or entry.words == body["trigger"])
        ),
        None,
    )


def _weights(decision: Decision, result: IndexResult) -> dict[str, float]:
    """Return by asset the weights determined, cash included, as the decision was struck."""
    book = result.methodology.versions[decision.version - 1].rules
    names = result.panel.assets
    found = {names[column]: weight for column, weight in determined_weights(decision, book, result.panel).items()}
    return found if book.weight.cash is None else {**found, CASH: book.weight.cash.weight}


def _reasons(body: Mapping[str, Any], result: IndexResult, at: np.datetime64) -> dict[str, str]:
    """Return by asset what the index tells of an announced change between the announcement and the strike."""
    since, until = to_datetime(to_instant(body["time"])), to_datetime(at)
    change = format_instant(to_instant(body["effective_at"]))
    # Of announced members some may have no price, or no figure, when they are weighted.
    first = since if body["members_only"] else until
    told = result.events.filter(
        (
            (pl.col("treatment") == CARRIED_THROUGH)
            & pl.col("time").is_between(since, until, closed="right")
            & pl.col("evidence").str.contains(f"and {change}", literal=True)
        )
        | ((pl.col("treatment") == _LEFT_OUT) & pl.col("time").is_between(first, until))
        # Told late, to what was announced or struck at the instant from which the index goes on.
        | ((pl.col("kind") == RESTATEMENT) & (pl.col("asset") != "*") & pl.col("time").is_between(since, until))
    )
    return {row["asset"]: f"{row['kind']}: {row['evidence']}" for row in told.iter_rows(named=True)}


def _compared(
    figure: str, announced: Mapping[str, float], effective: Mapping[str, float], reasons: Mapping[str, str]
) -> list[Difference]:
    """Return the differences between two sets of figures by asset, those of one side alone included."""
    others = "; ".join(f"{asset}, {words}" for asset, words in reasons.items())
    found = []
    for asset in sorted({*announced, *effective}):
        told, made = announced.get(asset), effective.get(asset)
        if told is None or made is None or not math.isclose(told, made, rel_tol=_CLOSE, abs_tol=_CLOSE * 1e-3):
            reason = reasons.get(asset) or (f"follows from {others}" if others else "")
            found.append(Difference(asset, figure, told, made, reason))
    return found
