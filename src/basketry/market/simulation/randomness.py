"""Named random streams: each component draws from its own, so that adding one disturbs no other."""

import zlib

import numpy as np

from basketry.core.numbers import Floats

CLIP = 8.0
"""Innovations beyond this many standard deviations are set to it: no single day may break the market."""


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator of the component that the names name.

    A name becomes a key of `numpy.random.SeedSequence` by its CRC-32, so a stream depends on the seed and
    on its own names alone, never on how many other components there are.

    >>> bool(stream(7, "prices", "a").random() == stream(7, "prices", "a").random())
    True
    >>> bool(stream(7, "prices", "a").random() == stream(7, "prices", "b").random())
    False
    """
    keys = tuple(zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=keys)))


def student_t(generator: np.random.Generator, degrees: float, size: int) -> Floats:
    """Return Student-t draws scaled to unit variance, shape (size,); `degrees` must exceed 2."""
    draws = generator.standard_t(degrees, size) * np.sqrt((degrees - 2.0) / degrees)
    return np.clip(draws, -CLIP, CLIP)


def garch(shocks: Floats, alpha: float, beta: float) -> Floats:
    """Return GARCH(1,1) innovations of unit long-run variance, shape (T, N).

        e_t = sqrt(h_t) z_t,   h_t = (1 - alpha - beta) + alpha e_{t-1}^2 + beta h_{t-1},   h_0 = 1

    Args:
        shocks: Independent unit-variance shocks z, shape (T, N).
        alpha: Weight of the last squared innovation.
        beta: Weight of the last variance; alpha + beta < 1.

    Source: Bollerslev, Generalized autoregressive conditional heteroskedasticity, J. Econometrics 31, 1986.

    >>> garch(np.array([[1.0], [1.0]]), alpha=0.1, beta=0.8).ravel()
    array([1., 1.])
    """
    innovations = np.empty_like(shocks)
    variance = np.ones(shocks.shape[1])
    for day, shock in enumerate(shocks):
        innovation = np.sqrt(variance) * shock
        innovations[day] = innovation
        variance = (1.0 - alpha - beta) + alpha * np.square(innovation) + beta * variance
    return innovations


def autoregression(shocks: Floats, persistence: Floats | float) -> Floats:
    """Return x_t = persistence x_{t-1} + shock_t with x_{-1} = 0, shape (T, N).

    >>> autoregression(np.array([[1.0], [0.0]]), 0.5).ravel()
    array([1. , 0.5])
    """
    path = np.empty_like(shocks)
    level = np.zeros(shocks.shape[1])
    for day, shock in enumerate(shocks):
        level = persistence * level + shock
        path[day] = level
    return path


def steady_noise(generator: np.random.Generator, size: int, deviation: float, persistence: float) -> Floats:
    """Return a stationary Gaussian autoregression with the given standard deviation, shape (size,)."""
    shocks = generator.standard_normal(size) * deviation
    shocks[1:] *= np.sqrt(1.0 - persistence**2)
    return autoregression(shocks[:, None], persistence)[:, 0]


def round_significant(values: Floats, digits: int) -> Floats:
    """Return positive values rounded to significant digits, as sources publish them; NaN stays NaN.

    >>> round_significant(np.array([1234.56, 0.00123456]), 3)
    array([1.23e+03, 1.23e-03])
    """
    exponent = digits - 1 - np.floor(np.log10(values))
    scale = np.power(10.0, np.abs(exponent))
    return np.where(exponent >= 0, np.rint(values * scale) / scale, np.rint(values / scale) * scale)
