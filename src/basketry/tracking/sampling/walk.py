"""Walk-forward test of a sampler: chosen on past rows only, held over the rows that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from basketry.core.errors import DataError
from basketry.core.numbers import Floats
from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.samplers import Sampler

ROWS_PER_YEAR = 365.0


def tracking_error(differences: Floats, rows_per_year: float = ROWS_PER_YEAR) -> float:
    """Return the annualised tracking error: the standard deviation (n - 1) of differences, times √rows a year.

    Differences are the portfolio's less the index's return in each row, shape (T,). NaN of fewer than two differences.

    Source: R. Grinold and R. Kahn, Active Portfolio Management (2000); 365 days a year, as crypto trades on all.

    >>> round(tracking_error(np.array([0.01, -0.01, 0.0])), 6)
    0.19105
    """
    if len(differences) < 2:
        return float("nan")
    return float(np.std(differences, ddof=1) * np.sqrt(rows_per_year))


@dataclass(frozen=True)
class WalkForward:
    """What a sampler would have given.

    Attributes:
        starts: First row of each period, ascending, shape (P,); a period ends where the next begins.
        weights: Weights at the start of each period, shape (P, N).
        in_sample: Annualised tracking error over the window that each sample was chosen on, against what it was fitted
            to or, for a sampler that fits nothing, against the pro-forma index, shape (P,).
        out_of_sample: Annualised tracking error within each period, shape (P,).
        turnover: One-way turnover at the start of each period, from the weights as they had drifted; 1 for the
            first, shape (P,).
        differences: Sample's less index's return in each row from the first start on, shape (T - starts[0],).
    """

    starts: NDArray[np.int64]
    weights: Floats
    in_sample: Floats
    out_of_sample: Floats
    turnover: Floats
    differences: Floats
    rows_per_year: float = ROWS_PER_YEAR

    @property
    def error(self) -> float:
        """Return the annualised tracking error of all rows out of sample."""
        return tracking_error(self.differences, self.rows_per_year)

    @property
    def mean_turnover(self) -> float:
        """Return the mean one-way turnover of the refits after the first, NaN without one."""
        return float(self.turnover[1:].mean()) if len(self.turnover) > 1 else float("nan")


def walk_forward(
    returns: Floats,
    weights: Floats,
    sampler: Sampler,
    *,
    refit_every: int,
    window: int,
    sectors: Sequence[str | None] | None = None,
    rows_per_year: float = ROWS_PER_YEAR,
) -> WalkForward:
    """Refit a sampler at regular rows, hold what it chose until the next, and compare with the index.

    At a refit before row t the sampler sees the returns of rows t - window to t - 1 and the weights of row t, which
    are known before it. Between refits units are held, so weights drift. A return that is unknown counts as 0 for
    the sample and for the index alike.

    Args:
        returns: Simple returns of all assets that are ever in the index, oldest first, shape (T, N); NaN unknown.
        weights: Weights of the index going into each row, shape (T, N), none negative, each row with sum 1.
        sampler: What chooses; with a turnover limit it trades from the drifted weights.
        refit_every: Rows from one refit to the next.
        window: Rows that a sample is chosen on.
        sectors: Sector of each asset, for a stratified sample, shape (N,).
        rows_per_year: For annualising.

    Raises:
        DataError: Shapes differ or no row is left after the window.
        MethodologyError: The sampler cannot keep its limits.
    """
    returns, weights = np.asarray(returns, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if returns.ndim != 2 or returns.shape != weights.shape:
        raise DataError(f"returns {returns.shape} and weights {weights.shape}: expected the same shape (T, N)")
    rows = len(returns)
    if refit_every < 1 or not 1 <= window < rows:
        raise DataError(
            f"window {window}, refit_every {refit_every}: expected 1 or more, and a window below the {rows} rows"
        )
    known = np.nan_to_num(returns, nan=0.0)
    index_returns = (known * weights).sum(axis=1)
    starts = np.arange(window, rows, refit_every)
    held = np.zeros(returns.shape[1])
    chosen, errors, turnovers, differences = [], [], [], []
    for number, start in enumerate(starts.tolist()):
        members = np.flatnonzero(weights[start] > 0)
        past = slice(start - window, start)
        target = ProForma(
            returns[past][:, members],
            weights[start, members],
            index_returns[past],
            None if sectors is None else [sectors[member] for member in members.tolist()],
        )
        # What is left of the former sample outside today's members is sold: the turnover counts it.
        sample = sampler.sample(target, held[members] if number else None)
        held = np.zeros(returns.shape[1])
        held[members] = sample.weights
        chosen.append(held)
        turnovers.append(sample.turnover)
        followed = index_returns[past] if getattr(sampler, "fit", "pro_forma") == "realised" else target.pro_forma()
        fitted = known[past][:, members] @ sample.weights - followed
        errors.append(tracking_error(fitted, rows_per_year))
        held, period = _hold(held, known[start : start + refit_every])
        differences.append(period - index_returns[start : start + refit_every])
    return WalkForward(
        starts,
        np.array(chosen),
        np.array(errors),
        np.array([tracking_error(period, rows_per_year) for period in differences]),
        np.array(turnovers),
        np.concatenate(differences),
        rows_per_year,
    )


def _hold(weights: Floats, returns: Floats) -> tuple[Floats, Floats]:
    """Return the weights after rows in which units are held, shape (N,), and the portfolio's returns, shape (R,)."""
    value = np.cumprod(np.vstack([weights[None, :], 1 + returns]), axis=0)
    total = value.sum(axis=1)
    if (total <= 0).any():
        raise DataError("returns: all that the sample holds lost its whole value; nothing is left to follow with")
    drifted: Floats = value[-1] / total[-1]
    return drifted, total[1:] / total[:-1] - 1
