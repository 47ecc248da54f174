"""What one test of one market found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basketry.core.errors import DataError


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a test.

    Attributes:
        name: The test.
        statistic: Its figure, which the test's docstring defines; None where it cannot be made.
        p_value: Probability of a figure at least as odd on an honest market; None where the test has none.
        n: Number of trades, intervals or snapshots that it was made from.
        suspicion: 0 (nothing odd) to 1, from the size of the effect alone; None where nothing can be told.
        sentence: The finding in words; where nothing can be told, the reason.
    """

    name: str
    statistic: float | None
    p_value: float | None
    n: int
    suspicion: float | None
    sentence: str

    def __post_init__(self) -> None:
        if self.suspicion is not None and not 0 <= self.suspicion <= 1:
            raise DataError(f"{self.name}: suspicion must lie in [0, 1], was {self.suspicion!r}")


def untold(name: str, n: int, reason: str) -> Finding:
    """Return the finding that nothing can be told.

    >>> untold("benford", 3, "3 trades are fewer than 200").sentence
    'cannot be told: 3 trades are fewer than 200'
    """
    return Finding(name, None, None, n, None, f"cannot be told: {reason}")


def ramp(value: float, start: float, full: float) -> float:
    """Return 0 up to `start`, 1 from `full` on, and the straight line between.

    >>> ramp(0.3, 0.2, 0.4)
    0.5
    """
    return round(float(np.clip((value - start) / (full - start), 0.0, 1.0)), 12)
