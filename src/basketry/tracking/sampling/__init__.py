"""Sampling: following an index of many assets with a few of them.

A `ProForma` is the past of the assets and today's weights; a sampler of `SAMPLERS` chooses and weighs; `walk_forward`
says how closely its choices would have followed.

>>> import numpy as np
>>> rng = np.random.default_rng(1)
>>> market = rng.normal(0, 0.03, (250, 1)) + rng.normal(0, 0.02, (250, 30))
>>> weights = np.arange(30.0, 0.0, -1.0) / 465
>>> sample = SAMPLERS.build("elimination", {"assets": 10}).sample(ProForma(market, weights))
>>> len(sample.held), round(float(sample.weights.sum()), 12)
(10, 1.0)
"""

from basketry.tracking.sampling.pro_forma import ProForma
from basketry.tracking.sampling.samplers import SAMPLERS, Sample, Sampler
from basketry.tracking.sampling.shrinkage import ledoit_wolf
from basketry.tracking.sampling.walk import WalkForward, tracking_error, walk_forward

__all__ = ["SAMPLERS", "ProForma", "Sample", "Sampler", "WalkForward", "ledoit_wolf", "tracking_error", "walk_forward"]
