"""Volatility target (risk control): exposure to the index that keeps its volatility near a target."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.numbers import Floats
from basketry.core.rule import Duration
from basketry.methodology.day_count import DayCount, year_fraction
from basketry.methodology.path import IndexPath
from basketry.methodology.returns import RETURNS
from basketry.methodology.returns._chain import Rows, anchors, chained, period_rows, ratio, rows_held
from basketry.methodology.returns._rates import RateSource, known_rate, rate_in_words
from basketry.methodology.returns._series import Series, finite, in_days, percent
from basketry.methodology.returns._volatility import weighted_volatility, window_volatility

_DAY = timedelta(days=1)
_SLACK = 1e-12


def exposure_changes(levels: Floats, cash: Floats, wanted: Floats, tolerance: float) -> tuple[Rows, Floats]:
    """Return the observations at which exposure is set, and to what: the first, and each where it is far off.

    Held exposure drifts with the index. It is set anew where the wanted one differs from it by more than
    `tolerance` times what is held (exactly that does not count), and no more once the value is zero.

    Args:
        levels: Levels of the index at the observations, shape (n,).
        cash: Value of one unit of money at interest, shape (n,).
        wanted: Exposure that the volatility asks for, shape (n,).
        tolerance: Fraction of the exposure held.

    >>> one = np.ones(3)
    >>> exposure_changes(one, one, np.array([0.40, 0.44, 0.45]), 0.10)
    (array([0, 2]), array([0.4 , 0.45]))
    """
    index, money, asked = levels.tolist(), cash.tolist(), wanted.tolist()
    rows, exposures = [0], [asked[0]]
    for row in range(1, len(index)):
        since, exposure = rows[-1], exposures[-1]
        risky = exposure * (index[row] / index[since] if index[since] else 1.0)
        value = risky + (1.0 - exposure) * (money[row] / money[since])
        if value <= 0:
            break
        held = risky / value
        if abs(asked[row] - held) > tolerance * held * (1.0 + _SLACK) + _SLACK:
            rows.append(row)
            exposures.append(asked[row])
    return np.array(rows, dtype=np.int64), np.array(exposures)


@RETURNS.register("volatility_target")
class VolatilityTarget(Series):
    """The index held at an exposure of target over realised volatility, the rest in cash at a rate.

    Volatility is measured at the first instant at or after each whole day since the base, as the larger of a
    short and a long exponentially weighted figure, or over a window if one is given, with zero mean and 365
    days a year. At each of these instants the wanted exposure is min(max_leverage, target / volatility), from
    levels no later than the instant less the lag; it holds for what comes after, so that with daily levels no
    level later than t - 1d - lag counts for (t - 1d, t]. Until such levels span `warm_up` it is
    min(1, max_leverage).

    Between changes the position drifts; it is changed when the wanted exposure is off by more than
    `tolerance` times the one held. A level that reaches zero stays at zero.

    Attributes:
        target: Volatility a year as a fraction (0.4 is 40%).
        half_life_short: Half-life of the weights of the short figure.
        half_life_long: Half-life of the weights of the long figure.
        window: Equal weights over this time instead of the two half-lives.
        max_leverage: Largest exposure.
        rate: What cash earns, and borrowing costs: name of a rate, a fraction a year, or none.
        day_count: act/360 or act/365, of the rate.
        tolerance: Fraction of the exposure held by which the wanted one may differ.
        lag: Age of the latest level that counts when exposure is set, at least.
        warm_up: Time that the levels must span before volatility counts.

    >>> VolatilityTarget(target=0.4).column()
    'volatility_target_40pct'
    """

    shorthand = "target"
    formula = "K = min(K_max, target / larger volatility); V_t = V_s [K I_t/I_s + (1 - K) C_t/C_s]"
    source = (
        "S&P Dow Jones Indices, Index Mathematics Methodology: risk control; S&P Cryptocurrency Dynamic "
        "Rebalancing Risk Control (target 40%, changed when exposure is off by more than 10%)"
    )

    target: float = Field(gt=0, le=10)
    half_life_short: Duration = timedelta(days=11)
    half_life_long: Duration = timedelta(days=23)
    window: Duration | None = None
    max_leverage: float = Field(1.0, gt=0, le=10)
    rate: RateSource | None = None
    day_count: DayCount = "act/360"
    tolerance: float = Field(0.10, ge=0, le=1)
    lag: Duration = _DAY
    warm_up: Duration = timedelta(days=10)

    @model_validator(mode="after")
    def _one_measure(self) -> VolatilityTarget:
        lengths = (self.half_life_short, self.half_life_long, self.window)
        if any(length is not None and length < _DAY for length in lengths):
            raise MethodologyError("half-lives and window must be at least 1d, as volatility is measured on days")
        if self.half_life_short > self.half_life_long:
            raise MethodologyError("half_life_short must not be longer than half_life_long")
        if self.window is not None and self.model_fields_set & {"half_life_short", "half_life_long"}:
            raise MethodologyError("give either window or half-lives, not both")
        return self

    def usual_column(self) -> str:
        """Return the target in words, such as volatility_target_40pct."""
        return f"volatility_target_{percent(self.target).replace('.', 'p')}pct"

    def level(self, path: IndexPath) -> Floats:
        """Return the risk-controlled level, shape (T,).

        Raises:
            DataError: The rate is not in the data at the start of some step.
        """
        yearly = known_rate(path, 0.0 if self.rate is None else self.rate)[:-1]
        interest = yearly * year_fraction(path.days[1:], self.day_count)
        cash = np.cumprod(np.concatenate([[1.0], 1.0 + interest]))
        observed = period_rows(path.times, _DAY)
        wanted = self.wanted_exposure(path.levels[observed], path.times[observed])
        changed, exposures = exposure_changes(path.levels[observed], cash[observed], wanted, self.tolerance)
        resets = observed[changed]
        since = anchors(resets, len(path.levels))
        exposure = np.repeat(exposures, rows_held(resets, len(path.levels)))
        ratios = exposure * ratio(path.levels[1:], path.levels[since]) + (1.0 - exposure) * (cash[1:] / cash[since])
        return finite(chained(float(path.levels[0]), ratios, resets), path, self)

    def wanted_exposure(self, levels: Floats, times: np.typing.NDArray[np.datetime64]) -> Floats:
        """Return the exposure that the levels up to each instant less the lag ask for, shape (n,)."""
        days = (times - times[0]) / np.timedelta64(_DAY)
        latest = np.searchsorted(times, times - np.timedelta64(self.lag), side="right") - 1
        ready = (latest > 0) & (days[latest] >= self.warm_up / _DAY)
        with np.errstate(divide="ignore"):
            scaled = np.minimum(self.max_leverage, self.target / self.volatility(levels, days))
        return np.where(ready, scaled[latest], min(1.0, self.max_leverage))

    def volatility(self, levels: Floats, days: Floats) -> Floats:
        """Return the volatility a year at each observation, shape (n,); NaN where there is none."""
        if self.window is not None:
            return window_volatility(levels, days, self.window / _DAY)
        short, long = (
            weighted_volatility(levels, days, half_life / _DAY)
            for half_life in (self.half_life_short, self.half_life_long)
        )
        return np.maximum(short, long)

    def words(self) -> str:
        """Return the rule as a sentence."""
        if self.window is not None:
            measure = f"the volatility over {in_days(self.window / _DAY)}"
        else:
            short, long = (in_days(length / _DAY) for length in (self.half_life_short, self.half_life_long))
            measure = f"the larger of two weighted volatilities with half-lives of {short} and {long}"
        cash = "earns nothing" if self.rate is None else f"earns {rate_in_words(self.rate)} ({self.day_count})"
        return (
            f"Volatility target of {percent(self.target)}% a year: exposure is the target over {measure}, "
            f"at most {self.max_leverage:g}, known {in_days(self.lag / _DAY)} before, changed when it is off "
            f"by more than {percent(self.tolerance)}%; the rest {cash}."
        )
