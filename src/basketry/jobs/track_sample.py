"""Follow an index with a few of its assets: choose them today, and say how closely such choices would have followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.jobs.track import Followed
from basketry.tracking.sampling import SAMPLERS, ProForma, Sample, WalkForward, walk_forward


@dataclass(frozen=True, eq=False)
class IndexSample:
    """A sample of an index.

    Attributes:
        assets: Members of the index, length N.
        index: Weights of the index, shape (N,).
        sample: What was chosen.
        walk: How closely choices by the same rule would have followed; None where the history is too short.
        words: The rule as a sentence.
    """

    assets: tuple[str, ...]
    index: np.ndarray[tuple[int], np.dtype[np.float64]]
    sample: Sample
    walk: WalkForward | None
    words: str

    def table(self) -> pl.DataFrame:
        """Return the chosen assets, largest first: asset, weight, weight_index."""
        held = self.sample.held
        frame = pl.DataFrame(
            {
                "asset": [self.assets[place] for place in held],
                "weight": self.sample.weights[held],
                "weight_index": self.index[held],
            }
        )
        return frame.sort("weight", "asset", descending=[True, False])


def sample_index(source: Followed, method: str, count: int, *, window: int = 365, refit_every: int = 30) -> IndexSample:
    """Return a sample of at most `count` assets of an index at its last instant, and its walk-forward test.

    Args:
        source: The index.
        method: A sampler of SAMPLERS.
        count: The most assets.
        window: Rows of the past that a choice is made on.
        refit_every: Rows between two choices of the walk-forward test.

    Raises:
        MethodologyError: The sampler is unknown, or its limits cannot be kept.
        DataError: The history is shorter than two rows.
    """
    target = source.target
    sampler = SAMPLERS.build(method, {"assets": count})
    history = np.concatenate([target.past, target.marks])
    with np.errstate(invalid="ignore"):
        returns = history[1:] / history[:-1] - 1
    if len(returns) < 2:
        raise DataError("sampling needs a past of at least two rows; let the index begin earlier, or import more")
    now = target.weights[-1]
    members = np.flatnonzero(now > 0)
    recent = returns[-window:][:, members]
    sample = sampler.sample(ProForma(recent, now[members] / now[members].sum()))
    assets = tuple(target.assets[place] for place in members)
    rows = len(target.weights) - 1
    walk = None
    if rows > window + refit_every:
        walk = walk_forward(
            returns[-rows:],
            target.weights[:-1],
            sampler,
            refit_every=refit_every,
            window=window,
            rows_per_year=rows / target.years,
        )
    return IndexSample(assets, now[members], sample, walk, sampler.words())
