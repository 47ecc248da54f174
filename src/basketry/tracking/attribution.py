"""The difference from the index split into its causes, which add up to it exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.numbers import Floats, exact_sum
from basketry.tracking.figures import return_differences
from basketry.tracking.run import TrackingResult

PARTS = ("fees", "trading_cost", "cash_drag", "sampling", "timing", "yield", "rounding")


@dataclass(frozen=True, eq=False)
class Attribution:
    """Parts of the difference from the index.

    Attributes:
        result: What is explained.
        parts: Of the difference of returns at each row, shape (T, 7), columns as in PARTS.
        table: One row a part and one for the whole: part; `difference`, of growth over the whole time (level less
            index at the end); `yearly`, of the mean difference of returns a year; `tracking_error`, of the standard
            deviation a year. Each column adds up to its whole.
    """

    result: TrackingResult
    parts: Floats
    table: pl.DataFrame

    def part(self, name: str, column: str = "difference") -> float:
        """Return one figure of the table."""
        return float(self.table.filter(pl.col("part") == name)[column].item())


def attribute(result: TrackingResult) -> Attribution:
    """Return the parts of a portfolio's difference from its index.

    Let x be the weights held over a step, k the cash, w those of the index, a those aimed at, g the returns of the
    assets and b = w'g that of the basket. The return of the portfolio less that of the index is

        fees          what the manager took
        trading cost  spread, fees of venues, impact and gas at the end of the step
        cash drag     -k·b, cash earning nothing
        sampling      Σ ((1-k)a_i - (1-k)w_i)(g_i - b); for an asset not held at all, Σ -(1-k)w_i (g_i - b)
        timing        Σ (x_i - (1-k)a_i)(g_i - b) over what is held: weights away from those aimed at
        yield         what holdings earned in kind less what the index earned beyond its basket
        rounding      whole lots, and what floating point leaves

    The first row holds the cost of the first trades. Steps are linked by A_t·B_T/B_{t+1}, with A and B the growth of
    portfolio and index: then the parts add up to A_T - B_T with no interaction between steps. The parts of the
    tracking error are their covariances with the whole over its deviation. Rounding is by construction the whole less
    the other parts, so that nothing is left; without lots it is below 1e-12.

    Source: exact linking as Frongillo (2002) and Menchero (2004) do for multi-period attribution; covariance
    contributions after Euler's theorem, Litterman (1996), Hot spots and hedges.
    """
    target = result.target
    difference = return_differences(target, result.level)
    parts = np.zeros((len(difference), len(PARTS)))
    parts[:, :6] = _by_cause(result)
    parts[:, 6] = difference - parts[:, :6].sum(axis=1)
    level, index = result.level, result.index
    link = np.concatenate([[1.0], level[:-1]]) * index[-1] / index
    steps = len(difference) - 1
    whole = difference[1:]
    deviation = whole.std(ddof=1) if steps > 1 else 0.0
    centred = (whole - whole.mean()) / (deviation * (steps - 1)) if deviation > 0 else np.zeros(steps)
    root = np.sqrt(steps / target.years)
    columns = {
        "difference": [exact_sum(link * part) for part in parts.T],
        "yearly": [exact_sum(part) / target.years for part in parts.T],
        "tracking_error": [exact_sum(centred * part[1:]) * root for part in parts.T],
    }
    wholes = {
        "difference": float(level[-1] - index[-1]),
        "yearly": exact_sum(difference) / target.years,
        "tracking_error": float(deviation * root),
    }
    for name, figures in columns.items():
        figures[6] = wholes[name] - sum(figures[:6])
        figures.append(wholes[name])
    return Attribution(result, parts, pl.DataFrame({"part": [*PARTS, "whole"], **columns}))


def _by_cause(result: TrackingResult) -> Floats:
    """Return fees, trading cost, cash drag, sampling, timing and yield at each row, shape (T, 6)."""
    target, log = result.target, result.log
    marks = np.nan_to_num(target.marks, nan=1.0)
    causes = np.zeros((len(log), 6))
    before = np.concatenate([[log[0, 1] + log[0, 3:6].sum()], log[:-1, 1]])
    # A flow comes in at net asset value, so costs at a row are shared by everybody there after it; over the
    # value before, they are scaled by the shares before and after.
    shares = log[:, 1] / log[:, 0]
    spread_over = before * shares / np.concatenate([shares[:1], shares[:-1]])
    causes[:, 1] = -log[:, 3:6].sum(axis=1) / spread_over
    causes[1:, 0] = -log[1:, 9] / before[1:]
    held = result.weights[:-1]
    cash = log[:-1, 2] / log[:-1, 1]
    growth = marks[1:] / marks[:-1] - 1
    basket = (target.weights[:-1] * growth).sum(axis=1)
    excess = growth - basket[:, None]
    share = (1 - cash)[:, None]
    absent = held == 0
    aimed = np.where(absent, 0.0, share * target.aims[:-1])
    sampled = aimed - share * target.weights[:-1]
    causes[1:, 2] = -cash * basket
    causes[1:, 3] = (sampled * excess).sum(axis=1)
    lots = log[1:, 11] / before[1:]
    causes[1:, 4] = ((held - aimed) * excess).sum(axis=1) - lots
    beyond = target.level[1:] / target.level[:-1] - 1 - basket
    if target.yields is not None:
        causes[1:, 5] = log[1:, 10] / before[1:] - beyond
    return causes
