"""What every metric is calculated from: levels of many series at the same instants, and the terms of the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from basketry.core.errors import DataError
from basketry.core.numbers import Bools, Floats
from basketry.core.time import YEAR_DAYS
from basketry.evaluation.levels import Levels, together

ROUNDING = 4e-15
"""Returns that differ by less differ by rounding."""


@dataclass(frozen=True)
class Terms:
    """What figures assume; each names those it uses in its convention.

    Attributes:
        risk_free: Compound return a year without risk.
        target: Compound return a year below which a return counts as a shortfall.
        tail: Share of steps in the lower tail.
        decay: Of the exponentially weighted variance that filters history (RiskMetrics, 1996: 0.94 for days).
        warm_up: First returns that start that variance and are not used again.
        exceedance: Share of steps in the tail whose correlation is taken.
    """

    risk_free: float = 0.0
    target: float = 0.0
    tail: float = 0.05
    decay: float = 0.94
    warm_up: int = 30
    exceedance: float = 0.25

    def __post_init__(self) -> None:
        for name in ("risk_free", "target"):
            if not getattr(self, name) > -1:
                raise DataError(f"{name} is a return a year and must be above -1, was {getattr(self, name)}")
        for name in ("tail", "decay", "exceedance"):
            if not 0 < getattr(self, name) < 1:
                raise DataError(f"{name} must be between 0 and 1, was {getattr(self, name)}")
        if self.warm_up < 1:
            raise DataError(f"warm_up must be at least 1, was {self.warm_up}")


@dataclass(frozen=True, eq=False)
class Sample:
    """Levels of N series, each metric's only argument.

    Attributes:
        level: Positive and finite, shape (T, N).
        per_year: Returns in a year of 365 days.
        against: Levels of the series compared with, shape (T, 1) or (T, N); None where there is none.
        terms: Of the figures.

    Raises:
        DataError: A shape is wrong, or a level is not a positive number.

    >>> Sample(np.array([100.0, 110.0, 99.0])).returns.round(6).T.tolist()
    [[0.1, -0.1]]
    """

    level: Floats
    per_year: float = YEAR_DAYS
    against: Floats | None = None
    terms: Terms = Terms()

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", _columns(self.level, "level"))
        if self.against is not None:
            against = _columns(self.against, "against")
            if len(against) != len(self.level) or against.shape[1] not in (1, self.level.shape[1]):
                raise DataError(f"levels have shape {self.level.shape}, those compared with {against.shape}; "
                                "align both first")  # fmt: skip
            object.__setattr__(self, "against", against)
        if not self.per_year > 0:
            raise DataError(f"per_year must be positive, was {self.per_year}")

    @classmethod
    def of(
        cls,
        series: Levels | Sequence[Levels],
        against: Levels | None = None,
        terms: Terms | None = None,
        *,
        common: bool = False,
    ) -> Sample:
        """Return the sample of one series or several at the same instants; `common` as in `levels.together`."""
        listed = [series] if isinstance(series, Levels) else list(series)
        joined = together([*listed, against] if against is not None else listed, common=common)
        count = len(listed)
        other = joined.level[:, count:] if against is not None else None
        return cls(joined.level[:, :count], joined.per_year, other, terms or Terms())

    @property
    def steps(self) -> int:
        """Number of returns."""
        return len(self.level) - 1

    @property
    def years(self) -> float:
        """Length in years of 365 days."""
        return self.steps / self.per_year

    @property
    def is_a_year(self) -> bool:
        """Whether returns may be annualised: the series is at least a year long (GIPS, 2020)."""
        return bool(self.years >= 1 - 1e-9)

    @cached_property
    def returns(self) -> Floats:
        """Simple returns, shape (T-1, N)."""
        return self.level[1:] / self.level[:-1] - 1

    @cached_property
    def other_returns(self) -> Floats:
        """Simple returns of the series compared with, shape (T-1, N).

        Raises:
            DataError: There is none.
        """
        if self.against is None:
            raise DataError("this figure compares with another series; give one as `against`")
        returns = self.against[1:] / self.against[:-1] - 1
        return np.broadcast_to(returns, self.returns.shape)

    @cached_property
    def summary(self) -> Floats:
        """Sums over the steps of each series, made in one pass, shape (18, N); rows as named in `kernels`."""
        from basketry.evaluation.kernels import summarise

        return summarise(self.level, self.step_target, self.terms.tail)

    @cached_property
    def pair_sums(self) -> Floats:
        """Sums of products about the means with the series compared with, shape (3, N): own, other, both.

        Zero for a series without spread but rounding.
        """
        own, other = (_centred(returns) for returns in (self.returns, self.other_returns))
        return np.array([(own * own).sum(axis=0), (other * other).sum(axis=0), (own * other).sum(axis=0)])

    @cached_property
    def filtered(self) -> Floats:
        """Value at risk and expected shortfall of the next step by filtered history, shape (2, N)."""
        from basketry.evaluation.kernels import filtered_tails

        return filtered_tails(self.returns, self.terms.decay, self.terms.warm_up, self.terms.tail)

    @property
    def step_target(self) -> float:
        """The target as a return a step."""
        return float((1 + self.terms.target) ** (1 / self.per_year) - 1)

    @property
    def step_risk_free(self) -> float:
        """The risk-free return a step."""
        return float((1 + self.terms.risk_free) ** (1 / self.per_year) - 1)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, NaN where the denominator is zero or not known: no ratio is infinite.

    >>> ratio(np.array([1.0, 1.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator != 0, numerator / denominator, np.nan)


def is_flat(values: Floats) -> Bools:
    """Return whether the values of each column differ by rounding only, as returns of a steady growth do."""
    return values.max(axis=0) - values.min(axis=0) <= ROUNDING


def _centred(returns: Floats) -> Floats:
    return np.where(is_flat(returns), 0.0, returns - returns.mean(axis=0))


def _columns(level: Floats, name: str) -> Floats:
    wide = np.ascontiguousarray(level, dtype=np.float64)
    if wide.ndim == 1:
        wide = wide[:, None]
    if wide.ndim != 2 or len(wide) < 2 or not wide.shape[1]:
        raise DataError(f"{name} must have shape (T,) or (T, N) with at least two rows, was {np.shape(level)}")
    if not (wide.min() > 0 and np.isfinite(wide.max())):
        row, column = np.argwhere(~((wide > 0) & np.isfinite(wide)))[0]
        raise DataError(f"{name} {wide[row, column]} in row {row}, column {column} is not a positive number; "
                        "build the series with Levels, which says what to do")  # fmt: skip
    return wide
