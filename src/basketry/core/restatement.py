"""When a published figure is corrected: the materiality rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from basketry.core.rule import Duration
from basketry.core.time import format_duration, parse_duration


class Restate(BaseModel):
    """When a published level is corrected: only a relative error above `threshold`, and only within `window`.

    The default is the rule of CF Benchmarks for single-asset indices since June 2024: above 0.10% and on the
    same day. A null window allows a correction at any time.

    Attributes:
        threshold: Least relative error that is corrected, a fraction.
        window: Time from the level's instant within which it is corrected.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    threshold: float = Field(0.001, ge=0, lt=1)
    window: Duration | None = parse_duration("1d")

    def applies(self, relative_error: float, age: timedelta | None) -> bool:
        """Return whether a figure with this error, published this long ago (None: not told), is corrected.

        >>> Restate().applies(0.002, timedelta(hours=3)), Restate().applies(0.002, timedelta(days=2))
        (True, False)
        """
        in_time = self.window is None or age is None or age <= self.window
        return self.is_material(relative_error) and in_time

    def is_material(self, relative_error: float) -> bool:
        """Return whether an error is above the threshold; one that is not a number is.

        >>> Restate().is_material(-0.002), Restate().is_material(0.001)
        (True, False)
        """
        return not abs(relative_error) <= self.threshold

    def words(self) -> str:
        """Return the rule in a few words."""
        window = "at any time" if self.window is None else f"within {format_duration(self.window)}"
        return f"relative error above {self.threshold:.4%}, {window}"


class RestateLevels(Restate):
    """When published levels of an index are corrected, and how the index goes on.

    Attributes:
        policy: `whole_tail`: where an error within the window is material, all levels from the first wrong one within
            it are corrected. `forward`: no published level is. Under both the index goes on from what stands as
            published, at the prices known by then, so that the returns that follow are those of the basket; a wrong
            member stays until the next rebalance.
    """

    policy: Literal["whole_tail", "forward"] = "whole_tail"

    def in_time(self, age: timedelta) -> bool:
        """Return whether a level of this age may be corrected.

        >>> RestateLevels().in_time(timedelta(hours=3)), RestateLevels(policy="forward").in_time(timedelta(hours=3))
        (True, False)
        """
        return self.policy == "whole_tail" and (self.window is None or age <= self.window)

    def words(self) -> str:
        """Return the rule in a few words."""
        if self.policy == "forward":
            return "published levels stand; the index goes on from them"
        return f"{super().words()}, with all levels after it"
